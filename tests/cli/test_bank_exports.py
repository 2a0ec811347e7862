"""A bank's spreadsheet export goes the same way as any other statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from day import CUSTOMERS, IBAN, OPEN_ITEMS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Outcome

    Alloc = Callable[..., Outcome]

PROFILE = """
kind = "statement"
currency = "EUR"
[file]
format = "csv"
[form]
decimal = ","
date = "%d/%m/%Y"
[columns]
booking_date = "Date"
remittance_text = "Libellé"
amount_minor = "Montant"
balance_minor = "Solde"
[cells]
account = "Compte"
"""
EXPORT = f"""\
Compte;{IBAN};;
Date;Libellé;Montant;Solde
31/03/2026;VIR MARTIN SARL FA2603-0001;1200,00;11200,00
31/03/2026;FRAIS;-4,50;11195,50
"""


@pytest.fixture
def bank(workspace: Path, tmp_path: Path) -> Path:
    """The workspace, which knows how its bank writes; the export lies beside it."""
    (workspace / "profiles" / "banque.toml").write_text(PROFILE, "utf-8")
    (tmp_path / "export.csv").write_text(EXPORT, "utf-8")
    return workspace


def test_it_is_shown_with_account_balances_and_entries(
    bank: Path, tmp_path: Path, alloc: Alloc
) -> None:
    got = alloc("-C", bank, "inspect", tmp_path / "export.csv")
    assert got.code == 0, got.stderr
    for text in (IBAN, "€10,000.00", "€11,195.50", "-€4.50", "banque"):
        assert text in got.stdout
    checked = alloc("-C", bank, "profile", "check", tmp_path / "export.csv")
    assert checked.code == 0, checked.stderr
    for text in ("Money in", "€1,200.00", "Money out", "-€4.50", IBAN):
        assert text in checked.stdout


def test_its_credits_are_payments_once(
    bank: Path, tmp_path: Path, alloc: Alloc
) -> None:
    first = alloc("-C", bank, "import", tmp_path / "export.csv", "--json")
    assert first.code == 0, first.stderr
    (file,) = first.document["files"]
    assert (file["kind"], file["format"], file["profile"]) == ("bank", "CSV", "banque")
    assert (file["counts"]["new"], file["counts"]["aside"]) == (2, 1)
    longer = EXPORT + "01/04/2026;VIR LEROY;500,00;11695,50\n"
    (tmp_path / "next.csv").write_text(longer, "utf-8")
    second = alloc("-C", bank, "import", tmp_path / "next.csv", "--json")
    (file,) = second.document["files"]
    assert (file["counts"]["new"], file["counts"]["known"]) == (1, 2)


def test_it_is_cleared_at_night(bank: Path, alloc: Alloc) -> None:
    for name, text in (
        ("a.csv", EXPORT),
        ("b.csv", CUSTOMERS),
        ("c.csv", OPEN_ITEMS),
    ):
        (bank / "inbox" / name).write_text(text, "utf-8")
    settings = bank / "alloc.toml"
    settings.write_text(settings.read_text() + "\n[inbox]\nsettle_seconds = 0\n")
    got = alloc("-C", bank, "run")
    assert got.code == 0, got.stdout + got.stderr
    assert "1,200.00" in got.stdout


def test_a_missing_entry_refuses_it_with_the_line(
    bank: Path, tmp_path: Path, alloc: Alloc
) -> None:
    path = tmp_path / "export.csv"
    path.write_text(EXPORT.replace("11195,50", "11100,00"), "utf-8")
    got = alloc("-C", bank, "import", path)
    assert got.code == 65
    assert "export.csv:4" in got.stderr
    assert "[BALANCE_BREAK]" in got.stderr


def test_a_file_that_was_cut_within_its_last_row_is_refused(
    bank: Path, tmp_path: Path, alloc: Alloc
) -> None:
    cut = tmp_path / "cut.csv"
    for missing in (";11195,50\n", ";-4,50;11195,50\n"):
        cut.write_text(EXPORT.removesuffix(missing), "utf-8")
        got = alloc("-C", bank, "import", cut)
        assert got.code == 65
        assert "cut.csv:4: the file ends here after" in got.stderr
        assert "[FILE_TRUNCATED]" in got.stderr
    shorter = EXPORT.replace(";11200,00", "").replace(";11195,50\n", "")
    cut.write_text(shorter, "utf-8")  # this bank leaves blank cells out
    assert alloc("-C", bank, "import", cut).code == 0


def test_a_profile_check_says_what_an_import_does(
    bank: Path, tmp_path: Path, alloc: Alloc
) -> None:
    path = tmp_path / "export.csv"
    path.write_text(EXPORT.replace(";-4,50;11195,50", ";lots;"), "utf-8")
    checked = alloc("-C", bank, "profile", "check", path)
    assert checked.code == 0, checked.stdout
    assert "entry left out: amount_minor: 'lots'" in checked.stdout
    assert alloc("-C", bank, "import", path).code == 3
    path.write_text(EXPORT.replace("11195,50", "11195,51"), "utf-8")
    checked = alloc("-C", bank, "profile", "check", path)
    assert checked.code == 65
    assert "is an entry missing?" in checked.stdout
    assert alloc("-C", bank, "import", path).code == 65
