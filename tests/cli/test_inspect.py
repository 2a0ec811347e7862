"""`alloc inspect` shows what any file holds, without a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from day import statement

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Outcome

    Alloc = Callable[..., Outcome]

MT940 = """\
:20:A
:25:FR1420041010050500013M02606
:28C:7/1
:60F:C260301EUR0,00
:61:2603020302C100,00NTRFNONREF//B1
:86:Invoice F-1
:61:2603020302C50,00NTRFNONREF//B2
:61:2603020302D30,00NTRFNONREF//B3
:62F:C260302EUR125,00
-
"""
X820 = (
    "ISA*00*          *00*          *ZZ*PAYER          *ZZ*PAYEE          "
    "*260310*0900*U*00401*000000001*0*P*>~GS*RA*A*B*20260310*0900*1*X*004010~"
    "ST*820*1~BPR*C*12.00*C*ACH~TRN*1*PAY-1~CUR*PR*USD~RMR*IV*F-1**12.50*13*0.50~"
    "SE*6*1~GE*1*1~IEA*1*000000001~"
)
ITEMS = "entity,item_id,customer_id,currency,open_amount\nE01,F1,C1,EUR,{}\n"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_statement_is_shown_with_balances_entries_and_difference(
    tmp_path: Path, alloc: Alloc
) -> None:
    path = write(tmp_path, "day.sta", MT940)
    got = alloc("inspect", path)
    assert got.code == 65
    assert "[BALANCE_OFF]" in got.stdout
    assert "An import would refuse this file." in got.stdout
    for text in (
        "MT940 (text)",
        "FR1420041010050500013M02606",
        "€125.00",
        "€100.00",
        "-€30.00",
    ):
        assert text in got.stdout
    assert "-€5.00" in got.stdout  # 120 is what the entries make
    assert "Invoice F-1" in got.stdout


def test_only_the_first_entries_are_shown_unless_all_are_wanted(
    tmp_path: Path, alloc: Alloc
) -> None:
    path = write(tmp_path, "day.sta", MT940)
    short = alloc("inspect", path, "-n", "1")
    assert "and 2 more; --all shows them" in short.stdout
    assert "-€30.00" not in short.stdout
    assert "more" not in alloc("inspect", path, "--all").stdout
    (file,) = alloc("inspect", path, "-n", "1", "--json").document["files"]
    assert (file["entries_count"], len(file["entries"])) == (3, 1)
    (statement,) = file["statements"]
    assert statement["difference_minor"] == -500
    assert (file["kind"], file["format"]) == ("bank", "MT940")
    assert file["entries"][0]["amount_minor"] == 10_000


def test_an_advice_is_shown_with_its_total_and_what_is_odd(
    tmp_path: Path, alloc: Alloc
) -> None:
    path = write(tmp_path, "advice.edi", X820)
    got = alloc("inspect", path)
    assert got.code == 0
    for text in (
        "X12 820 004010",
        "PAY-1",
        "F-1",
        "US$12.50",
        "[ADVICE_TOTAL_DIFFERS]",
    ):
        assert text in got.stdout
    (file,) = alloc("inspect", path, "--json").document["files"]
    (advice,) = file["advices"]
    assert (advice["total_minor"], advice["lines_minor"]) == (1_200, 1_250)
    assert advice["lines"][0]["deduction_minor"] == 50
    assert [one["code"] for one in file["warnings"]] == ["ADVICE_TOTAL_DIFFERS"]


def test_a_table_is_shown_by_the_profile_that_fits(
    tmp_path: Path, alloc: Alloc
) -> None:
    good = write(tmp_path, "items.csv", ITEMS.format("10.00"))
    bad = write(tmp_path, "bad.csv", ITEMS.format("10.001"))
    got = alloc("inspect", good)
    assert (got.code, "This file can be imported." in got.stdout) == (0, True)
    assert alloc("inspect", bad).code == 65
    (file,) = alloc("inspect", good, "--json").document["files"]
    assert file["table"]["rows"] == 1
    assert file["kind"] == "open_items"


def test_a_bad_file_does_not_hide_the_others(tmp_path: Path, alloc: Alloc) -> None:
    path = write(tmp_path, "day.sta", MT940)
    odd = tmp_path / "odd.bin"
    odd.write_bytes(bytes(range(256)))
    got = alloc("inspect", odd, path)
    assert got.code == 65
    assert "[FORMAT_UNKNOWN]" in got.stdout
    assert "€125.00" in got.stdout
    first, second = alloc("inspect", odd, path, "--json").document["files"]
    assert first["error"]["reason"] == "FORMAT_UNKNOWN"
    assert second["entries_count"] == 3
    assert alloc("inspect", tmp_path / "none").code == 66


def test_it_speaks_the_language_of_the_terminal(
    tmp_path: Path, alloc: Alloc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "fr_FR.UTF-8")
    got = alloc("inspect", write(tmp_path, "day.sta", MT940))
    assert "Solde final" in got.stdout
    assert "125,00" in got.stdout


def test_the_same_warning_is_told_once_with_its_first_line(
    tmp_path: Path, alloc: Alloc
) -> None:
    rows = "".join(
        '<Ntry><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        "<Sts><Cd>BOOK</Cd></Sts><ValDt><Dt>2026-03-31</Dt></ValDt></Ntry>\n"
        for _ in range(3)
    )
    text = statement(closing="10003.00").replace("</Stmt>", f"{rows}</Stmt>")
    got = alloc("inspect", write(tmp_path, "day.xml", text))
    (line,) = [one for one in got.stdout.splitlines() if "BOOKING_DATE_MISSING" in one]
    assert line.startswith("line 9: ")
    assert "(3 times, first here)" in line


def test_a_long_text_is_cut_in_the_table_and_whole_in_json(
    tmp_path: Path, alloc: Alloc
) -> None:
    long = "Invoice " + "F-1 " * 100
    path = write(tmp_path, "day.sta", MT940.replace("Invoice F-1", long.strip()))
    shown = alloc("inspect", path).stdout
    assert "F-1 F-1…" in shown
    assert long.strip() not in shown
    (file,) = alloc("inspect", path, "--json").document["files"]
    assert file["entries"][0]["remittance_text"] == [long.strip()]


def test_an_account_without_iban_is_added_by_hand(
    workspace: Path, tmp_path: Path, alloc: Alloc
) -> None:
    text = MT940.replace("FR1420041010050500013M02606", "20-00-00 13579")
    got = alloc("-C", workspace, "inspect", write(tmp_path, "day.sta", text))
    assert got.code == 65
    assert 'number = "20-00-0013579"' in got.stdout
