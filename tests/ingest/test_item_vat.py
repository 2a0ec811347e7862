"""The VAT of open items is read rate by rate, with the sign of its document."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alloc.errors import InputError
from alloc.ingest import builtin_profiles, load_profile, read_table
from alloc.ingest.item_vat import rate_bps

if TYPE_CHECKING:
    from pathlib import Path

PROFILE = """
kind = "open_items"
entity = "E1"
currency = "EUR"
{top}
[file]
format = "csv"
[form]
decimal = ","
[columns]
item_id = "piece"
customer_id = "client"
open_minor = "solde"
original_minor = "ttc"
vat_minor = "tva"
{columns}
"""
TWO = 'vat_rate = "taux"\nvat_second_minor = "tva2"\nvat_second_rate = "taux2"\n'


def read(path: Path, text: str, *, top: str = "", columns: str = "") -> list[object]:
    file = path / "items.csv"
    file.write_text(text, "utf-8")
    profile = load_profile(PROFILE.format(top=top, columns=columns), "erp")
    return read_table(file, profile)["vat"].to_pylist()


def line(rate: int, base: int, vat: int) -> dict[str, int]:
    return {"rate_bps": rate, "base_minor": base, "vat_minor": vat}


def test_one_rate_of_the_profile_holds_for_all_rows(tmp_path):
    text = "piece;client;solde;ttc;tva\nF1;C;50,00;120,00;20,00\nA1;C;-12,00;;2,00\n"
    assert read(tmp_path, text, top='vat_rates = ["20%"]') == [
        [line(2000, 10_000, 2_000)],
        [line(2000, -1_000, -200)],
    ]


def test_each_row_may_say_its_rates(tmp_path):
    text = (
        "piece;client;solde;ttc;tva;taux;tva2;taux2\n"
        "F1;C;175,00;175,00;20,00;20;5,00;10,0 %\n"
        "F2;C;50,00;50,00;;;;\n"
    )
    assert read(tmp_path, text, columns=TWO) == [
        [line(2000, 10_000, 2_000), line(1000, 5_000, 500)],
        None,
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("F1;C;120,00;120,00;20,00;vingt;;", "items.csv:2: vat_rate: no rate"),
        ("F1;C;120,00;120,00;20,00;;;", "items.csv:2: vat_rate: no rate"),
        ("F1;C;120,00;120,00;120,01;20;;", "more VAT than the document"),
    ],
)
def test_a_vat_that_cannot_be_is_refused_with_its_line(tmp_path, row: str, said: str):
    head = "piece;client;solde;ttc;tva;taux;tva2;taux2\n"
    with pytest.raises(InputError) as caught:
        read(tmp_path, head + row + "\n", columns=TWO)
    assert said in str(caught.value)


def test_a_rate_of_the_profile_is_checked():
    with pytest.raises(InputError, match="is no rate: write"):
        load_profile(PROFILE.format(top='vat_rates = ["0.2.1"]', columns=""), "erp")


@pytest.mark.parametrize(
    ("text", "bps"),
    [("20", 2000), ("5.5", 550), ("2,1%", 210), ("0", 0), ("101", None), ("", None)],
)
def test_rates_are_in_per_cent(text: str, bps: int | None):
    assert rate_bps(text) == bps


def test_our_own_headings_need_no_profile(tmp_path: Path) -> None:
    (profile,) = (p for p in builtin_profiles() if p.name == "generic_open_items")
    head = "entity,item_id,customer_id,currency,open_amount"
    file = tmp_path / "items.csv"
    file.write_text(f"{head},vat_amount,vat_rate\nE1,F1,C,EUR,120.00,20.00,20%\n")
    assert read_table(file, profile)["vat"].to_pylist() == [[line(2000, 10_000, 2_000)]]
    file.write_text(f"{head}\nE1,F1,C,EUR,120.00\n")
    assert "vat" not in read_table(file, profile).column_names
