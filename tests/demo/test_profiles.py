from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from alloc.demo.items import ItemKind
from alloc.demo.plan import from_day_number, structured_reference
from alloc.ingest import detect, load_profiles, read_table
from alloc.settings import read_settings

if TYPE_CHECKING:
    from pathlib import Path

    from demo_case import Demo

    from alloc.ingest import Profile

Row = dict[str, Any]
KINDS = {ItemKind.CREDIT_NOTE: "credit_note", ItemKind.DEPOSIT: "deposit"}


@pytest.fixture(scope="module")
def profiles(day: Demo) -> dict[str, Profile]:
    return {p.name: p for p in load_profiles(day.folder / "profiles")}


def entities(demo: Demo) -> list[str]:
    return [entity.id for entity in demo.plan.entities]


def read(demo: Demo, path: Path, profile: Profile) -> list[Row]:
    rows: list[Row] = read_table(path, profile, entities=entities(demo)).to_pylist()
    return rows


def test_the_settings_know_every_account(demo: Demo) -> None:
    settings = read_settings(demo.folder / "alloc.toml")
    for entity in demo.plan.entities:
        for account in entity.accounts:
            for written in (account.iban, "".join(account.rib)):
                found = settings.bank_account(written)
                assert found is not None
                assert found[0].id == entity.id
                assert found[1].journal == account.journal


def test_every_file_of_the_inbox_is_recognised_by_its_content(
    day: Demo, profiles: dict[str, Profile]
) -> None:
    kinds = {
        "1_customers": ("customers", "customers"),
        "2_supplier_items": ("open_items", "supplier_items"),
        "2_open_items_volant": ("open_items", "volant_open_items"),
        "2_open_items_carrus": ("open_items", "carrus_open_items"),
        "3_statement": ("bank", None),
        "4_notification": ("bank", None),
        "5_advice": ("remittances", "remittance_advices"),
    }
    for path in day.inbox("*"):
        found = detect(path, profiles.values())
        name = None if found.profile is None else found.profile.name
        told = [value for key, value in kinds.items() if f"_{key}" in path.name]
        assert told == [(found.kind, name)], path.name


def test_the_profiles_read_exactly_the_items_of_the_plan(
    day: Demo, profiles: dict[str, Profile]
) -> None:
    found = []
    for pattern, name in (("volant.csv", "volant"), ("carrus.xlsx", "carrus")):
        for path in day.inbox(f"*_2_open_items_{pattern}"):
            found += read(day, path, profiles[f"{name}_open_items"])
    by_id = {row["item_id"]: row for row in found}
    items, plan = day.plan.items, day.plan
    shown = [row for row in range(len(items)) if not items.hidden[row]]
    assert len(found) == len(by_id) == len(shown)
    for row in shown:
        item = by_id[plan.item_ids[row]]
        entity = plan.entities[int(items.entity[row])]
        extra = [structured_reference(row)] if entity.erp == "carrus" else None
        assert item.get("other_references") == extra
        assert item["entity"] == entity.id
        assert item["reference"] == plan.references[row]
        assert item["customer_id"] == plan.customers.ids[int(items.customer[row])]
        assert item["open_minor"] == int(items.open[row])
        assert item["original_minor"] == int(items.original[row])
        assert item["issue_date"] == from_day_number(int(items.issue[row]))
        assert item["due_date"] == from_day_number(int(items.due[row]))
        assert item["kind"] == KINDS.get(ItemKind(int(items.kind[row])), "invoice")
        assert item["disputed"] == bool(items.disputed[row])
        assert item["currency"] == "EUR"


def test_the_profiles_read_customers_and_suppliers(
    day: Demo, profiles: dict[str, Profile]
) -> None:
    (path,) = day.inbox("*_customers.csv")
    customers = day.plan.customers
    for index, row in enumerate(read(day, path, profiles["customers"])):
        assert row["customer_id"] == customers.ids[index]
        assert row["name"] == customers.names[index]
        listed = [customers.ibans[index]] if customers.iban_listed[index] else None
        assert row["known_ibans"] == listed
    (path,) = day.inbox("*_supplier_items.csv")
    owed = read(day, path, profiles["supplier_items"])
    assert {row["kind"] for row in owed} == {"payable"}
    assert max(row["open_minor"] for row in owed) < 0


def test_the_profiles_read_the_advice_of_612_invoices(
    day: Demo, profiles: dict[str, Profile]
) -> None:
    truth = {
        row["end_to_end_id"]: row
        for row in day.truth.payments.to_pylist()
        if row["carrier"] == "advice"
    }
    lengths = []
    for path in day.inbox("*_5_advice_*.csv"):
        rows = read(day, path, profiles["remittance_advices"])
        payment = truth[rows[0]["payment_reference"]]
        assert {row["total_minor"] for row in rows} == {payment["amount_minor"]}
        assert sum(row["amount_minor"] for row in rows) == payment["amount_minor"]
        assert {row["payment_date"] for row in rows} == {dt.date(2026, 1, 30)}
        lengths.append(len(rows))
    assert 612 in lengths
