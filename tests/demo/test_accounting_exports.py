from __future__ import annotations

import csv
import io
import zipfile
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import openpyxl
import pytest
from lxml import etree

from alloc.demo.erp import VOLANT_FIRST_COMPANY, french
from alloc.demo.texts import cut_lines, decoy, write_reference

if TYPE_CHECKING:
    from pathlib import Path

    from demo_case import Demo

Item = tuple[str, str, str, int]


def rows(path: Path, encoding: str) -> list[dict[str, str]]:
    text = path.read_bytes().decode(encoding)
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def cents(text: str) -> int:
    return int(text.replace(" ", "").replace(",", "")) if text else 0


def volant(demo: Demo) -> list[Item]:
    return [
        (
            f"D{int(row['Société']) - VOLANT_FIRST_COMPANY + 1:02d}",
            row["N° écriture"],
            row["N° facture"],
            cents(row["Débit"]) - cents(row["Crédit"]),
        )
        for path in demo.inbox("*_open_items_volant.csv")
        for row in rows(path, "iso-8859-15")
    ]


def sheet_rows(path: Path) -> list[list[str]]:
    """Read the raw text of the cells: numbers must not pass through a float."""
    with zipfile.ZipFile(path) as package:
        shared = etree.fromstring(package.read("xl/sharedStrings.xml"))
        texts = ["".join(si.itertext()) for si in shared]
        sheet = etree.fromstring(package.read("xl/worksheets/sheet1.xml"))
    return [
        [
            texts[int(cell.findtext("{*}v") or "")]
            if cell.get("t") == "s"
            else cell.findtext("{*}v") or ""
            for cell in row
        ]
        for row in sheet.iterfind(".//{*}row")
    ]


def carrus(demo: Demo) -> list[Item]:
    found = []
    for path in demo.inbox("*_open_items_carrus.xlsx"):
        _, header, *lines = sheet_rows(path)
        for line in lines:
            row = dict(zip(header, line, strict=True))
            amount = Decimal(row["Remaining Amount"]) * 100
            assert amount == int(amount)
            item = (row["Company"], row["Entry No."], row["Document No."], int(amount))
            found.append(item)
    return found


def test_a_workbook_opens_with_a_title_dates_and_numbers(day: Demo) -> None:
    (path,) = day.inbox("*_open_items_carrus.xlsx")
    sheet = openpyxl.load_workbook(path)["Open items"]
    header, first = list(sheet.iter_rows(min_row=4, max_row=5, values_only=True))
    row = dict(zip(header, first, strict=True))
    assert isinstance(row["Posting Date"], datetime)
    assert isinstance(row["Remaining Amount"], int | float)
    assert "Carrus" in str(sheet["A1"].value)


def test_the_two_exports_hold_exactly_the_open_items(demo: Demo) -> None:
    plan = demo.plan
    expected = {
        (
            plan.entities[int(plan.items.entity[row])].id,
            plan.item_ids[row],
            plan.references[row],
            int(plan.items.open[row]),
        )
        for row in range(len(plan.items))
        if not plan.items.hidden[row]
    }
    exported = [*volant(demo), *carrus(demo)]
    assert set(exported) == expected
    assert len(exported) == len(expected) == demo.summary.open_items


def test_each_entity_is_on_one_system(day: Demo) -> None:
    on_volant = {item[0] for item in volant(day)}
    on_carrus = {item[0] for item in carrus(day)}
    assert not on_volant & on_carrus
    assert len(on_volant | on_carrus) == 60


def test_items_come_with_the_export_of_their_day(small: Demo) -> None:
    for path in small.inbox("*_open_items_volant.csv"):
        day = path.name[:10]
        for row in rows(path, "iso-8859-15"):
            issued = datetime.strptime(row["Date facture"], "%d/%m/%Y")  # noqa: DTZ007
            assert issued.date().isoformat() <= day


def test_an_advice_adds_up_to_its_payment(demo: Demo) -> None:
    amounts = {
        row["end_to_end_id"]: row["amount_minor"]
        for row in demo.truth.payments.to_pylist()
        if row["carrier"] == "advice"
    }
    seen = {}
    for path in demo.inbox("*_5_advice_*.csv"):
        lines = rows(path, "utf-8")
        (slip,) = {row["Bordereau"] for row in lines}
        assert {cents(row["Montant réglé"]) for row in lines} == {amounts[slip]}
        seen[slip] = sum(cents(row["Montant"]) for row in lines)
    assert seen == amounts


def test_customers_are_listed_once_and_some_without_account(day: Demo) -> None:
    (path,) = day.inbox("*_customers.csv")
    customers = rows(path, "iso-8859-15")
    assert len({row["Code client"] for row in customers}) == 15_000
    without = sum(not row["IBAN"] for row in customers)
    assert 15_000 // 10 < without < 15_000 // 2
    assert {row["Catégorie"] for row in customers} == {
        "Particulier",
        "Société",
        "Revendeur pièces",
        "Loueur",
        "Assureur",
    }


def test_some_suppliers_are_customers_too(day: Demo) -> None:
    (path,) = day.inbox("*_customers.csv")
    both = {row["Code fournisseur"] for row in rows(path, "iso-8859-15")} - {""}
    (path,) = day.inbox("*_supplier_items.csv")
    owed = rows(path, "iso-8859-15")
    assert {row["Fournisseur"] for row in owed} <= both
    assert all(cents(row["Crédit"]) > 0 and not row["Débit"] for row in owed)


@pytest.mark.parametrize(
    ("minor", "text"),
    [(0, "0,00"), (5, "0,05"), (-100, "-1,00"), (123_456_789, "1 234 567,89")],
)
def test_amounts_are_written_the_french_way(minor: int, text: str) -> None:
    assert french(minor) == text


@pytest.mark.parametrize(
    ("habit", "volant_text", "carrus_text"),
    [
        (0, "ANA0012345", "AN-A-012345"),
        (700, "ANA0012345", "ANA012345"),
        (760, "AN A0012345", "AN A012345"),
        (800, "A0012345", "A012345"),
        (900, "0012345", "012345"),
        (999, "12345", "12345"),
    ],
)
def test_payers_write_references_their_own_way(
    habit: int, volant_text: str, carrus_text: str
) -> None:
    assert write_reference("ANA0012345", habit) == volant_text
    assert write_reference("AN-A-012345", habit) == carrus_text


def test_text_is_cut_inside_words() -> None:
    assert cut_lines("FACT 12345 67890", 8) == ["FACT 123", "45 67890"]
    assert cut_lines("AB CD", 3) == ["AB", "CD"]
    assert cut_lines("  ", 3) == []


def test_decoys_look_like_references() -> None:
    kinds = {decoy(draw, 20_000).split()[0] for draw in range(80, 87)}
    assert kinds == {"CDE", "DU", "TEL", "IMMAT", "BC", "OR", "CTR"}
