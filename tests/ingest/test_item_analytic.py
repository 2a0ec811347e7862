"""The sections of open items are read axis by axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alloc.ingest import load_profile, read_table

if TYPE_CHECKING:
    from pathlib import Path

PROFILE = """
kind = "open_items"
entity = "E1"
currency = "EUR"
[file]
format = "csv"
[form]
decimal = ","
[columns]
item_id = "piece"
customer_id = "client"
open_minor = "solde"
"""


def read(path: Path, columns: str) -> list[object]:
    file = path / "items.csv"
    file.write_text(
        "piece;client;solde;site;marque\nF1;C;1,00;BES;R\nF2;C;1,00;;R\n"
        "F3;C;1,00;DIJ;\nF4;C;1,00;;\n"
    )
    profile = load_profile(PROFILE + columns, "erp")
    table = read_table(file, profile)
    return table["analytic"].to_pylist() if "analytic" in table.column_names else []


def test_each_axis_has_its_place(tmp_path: Path):
    columns = 'analytic = "site"\nanalytic_second = "marque"\n'
    assert read(tmp_path, columns) == [["BES", "R"], ["", "R"], ["DIJ", ""], None]


def test_an_axis_may_be_left_out(tmp_path: Path):
    assert read(tmp_path, 'analytic_second = "marque"\n')[0] == ["", "R"]


def test_items_without_sections_have_no_such_column(tmp_path: Path):
    assert read(tmp_path, "") == []
