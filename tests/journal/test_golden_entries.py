"""Worked cases of an accountant: those that need no deduction rule."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from journal_book import Book

from alloc import engine

if TYPE_CHECKING:
    from pathlib import Path

#: Cases whose entries follow from the allocations and adjustments alone.
CASES = (
    *("PAR-01", "PAR-02", "PAR-03", "PAR-04", "PAR-05", "PAR-06"),
    *("MUL-01", "MUL-02", "CN-01", "GRP-01", "CTL-02", "RND-01", "RND-02", "RND-03"),
    *("INS-01", "INS-02", "INS-04", "BNK-01", "WHT-01", "DIS-01", "INT-01", "INT-04"),
)
#: New items have our names.
OUR_ITEM_IDS = {"TP-B1": "B1-OA", "TP-B2": "B2-OA", "SUSP-B1": "B1-SU"}


def day(value: str | dt.date) -> dt.date:
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)


def customer_of(case: dict[str, Any]) -> str | None:
    rules = {rule["name"]: rule for rule in case["input"]["rules"]}
    if "aux" in rules.get("overpayment", {}):
        return str(rules["overpayment"]["aux"])
    return next((item["aux"] for item in case["input"]["open_items"]), None)


def read_case(case: dict[str, Any], entry: dict[str, Any]) -> Book:
    """Hand the drafting what a decision would hand it."""
    book = Book()
    items = {item["id"]: item for item in case["input"]["open_items"]}
    receipt = case["input"]["receipt"]
    customer = customer_of(case)
    payment_id = entry["piece_ref"]
    rules = {rule["name"]: rule for rule in case["input"]["rules"]}
    book.payment(
        payment_id,
        receipt["amount_cents"] if receipt else entry["lines"][0]["debit_cents"],
        customer,
        journal=entry["journal"],
        kind="clearing" if customer else "suspense",
        posting_date=day(entry["date"]),
        piece_date=day(entry.get("piece_date", entry["date"])),
        granularity=rules.get("clearing", {}).get("granularity"),
    )
    if "suspense_release" in rules:
        book.payments[0] |= {"kind": "release", "source_account": "471000"}
        book.payments[0] |= {"customer_id": "C-A"}
    for line in entry["lines"]:
        for item_id, cents in line.get("items", {}).items():
            item = items[item_id]
            if item["doc_type"] == "suspense":
                continue
            group = 1 if item.get("letter") else None
            book.allocate(
                payment_id,
                item_id,
                (cents, item["open_cents"]),
                customer_id=item["aux"],
                account=item["account"],
                letter_group=group,
                group_open_minor=item["open_cents"] if group else None,
            )
    for line in entry["lines"]:
        if line["account"][0] in "467" and line["account"][:2] not in {"41", "47"}:
            amount = line["debit_cents"] - line["credit_cents"]
            row = {"payment_id": payment_id, "role": "deduction"}
            book.adjustments.append(
                row | {"account": line["account"], "amount_minor": amount}
            )
    return book


def expected_lines(entry: dict[str, Any]) -> set[tuple[Any, ...]]:
    """Account, customer, amount, letter kind, items covered, new item."""
    rows = set()
    for line in entry["lines"]:
        letter = line.get("letter")
        kind = None if letter is None else "full" if letter.isupper() else "partial"
        items = {OUR_ITEM_IDS.get(item, item) for item in line.get("items", {})}
        new_item = line.get("new_item")
        rows.add(
            (
                line["account"],
                line.get("aux"),
                line["debit_cents"] - line["credit_cents"],
                kind,
                frozenset(items),
                OUR_ITEM_IDS.get(new_item, new_item),
            )
        )
    return rows


def drafted_lines(drafts: engine.Drafts) -> set[tuple[Any, ...]]:
    letters = drafts.letters.to_pylist()
    members: dict[int, set[str]] = {}
    for member in drafts.letter_members.to_pylist():
        members.setdefault(member["letter_index"], set()).add(member["item_id"])
    rows = set()
    for line in drafts.postings.to_pylist():
        letter = line["letter_index"]
        rows.add(
            (
                line["account"],
                line["customer_id"],
                line["amount_minor"],
                None if letter is None else letters[letter]["kind"],
                frozenset() if letter is None else frozenset(members.get(letter, ())),
                line["item_id"],
            )
        )
    return rows


def load(shared: Path, name: str) -> dict[str, Any]:
    case: dict[str, Any] = yaml.safe_load(
        (shared / "golden" / f"{name}.yaml").read_text("utf-8")
    )
    return case


def check(case: dict[str, Any]) -> None:
    (entry,) = case["expected"]["entries"]
    drafts = read_case(case, entry).draft()
    assert drafted_lines(drafts) == expected_lines(entry), case["id"]
    assert drafts.postings.num_rows == len(entry["lines"])
    header = drafts.entries.to_pylist()[0]
    assert header["posting_date"] == day(entry["date"])
    assert header["piece_date"] == day(entry.get("piece_date", entry["date"]))
    assert header["journal"] == entry["journal"]
    residuals = {
        row["item_id"]: row["residual_minor"] for row in drafts.residuals.to_pylist()
    }
    for allocation in case["expected"]["allocations"]:
        item_id = OUR_ITEM_IDS.get(allocation["item"], allocation["item"])
        assert residuals[item_id] == allocation["residual_cents"]
    got = sorted(
        (row["kind"], row["balance_minor"]) for row in drafts.letters.to_pylist()
    )
    assert got == sorted(
        (row["kind"], row["balance_cents"]) for row in case["expected"]["lettering"]
    )
    opened = {
        (row["item_id"], row["open_minor"]) for row in drafts.new_items.to_pylist()
    }
    assert opened == {
        (OUR_ITEM_IDS[row["id"]], row["open_cents"])
        for row in case["expected"]["new_items"]
    }


def test_the_cases_are_posted_line_for_line(shared: Path | None) -> None:
    if shared is None:
        check(SHORT_CASE)
        return
    for name in CASES:
        check(load(shared, name))


def test_the_wrong_allocation_is_undone_by_a_mirror(shared: Path | None) -> None:
    if shared is None:
        return
    case = load(shared, "CTL-03")
    mirror, again = case["expected"]["entries"]
    book = Book()
    book.payment("B1", 60000, "C-A")
    book.allocate("B1", "F1", (60000, 60000))
    posted = book.draft()
    postings = posted.postings.rename_columns({"draft_index": "seq"})
    entries = posted.entries.rename_columns({"draft_index": "seq"})
    drafts = engine.reverse_entries(
        entries.append_column("number", [[42]]),
        postings,
        posting_date=day(mirror["date"]),
        label="Extourne {entry}",
    )
    amounts = {row[:4] for row in expected_lines(mirror)}
    assert {row[:4] for row in drafted_lines(drafts)} == amounts
    assert drafts.entries["label"].to_pylist() == [mirror["label"]]
    book = Book()
    book.payment("B1", 60000, "C-B")
    book.allocate("B1", "F9", (60000, 60000), customer_id="C-B")
    assert drafted_lines(book.draft()) == expected_lines(again)


SHORT_CASE: dict[str, Any] = {
    "id": "own",
    "input": {
        "open_items": [
            {
                "id": "F1",
                "doc_type": "invoice",
                "account": "411000",
                "aux": "C-A",
                "open_cents": 1000,
            }
        ],
        "receipt": {"amount_cents": 900},
        "rules": [],
    },
    "expected": {
        "entries": [
            {
                "journal": "BQ1",
                "date": "2026-04-01",
                "piece_ref": "B1",
                "lines": [
                    {"account": "512000", "debit_cents": 900, "credit_cents": 0},
                    {
                        "account": "411000",
                        "aux": "C-A",
                        "debit_cents": 0,
                        "credit_cents": 900,
                        "letter": "aaa",
                        "items": {"F1": 900},
                    },
                ],
            }
        ],
        "allocations": [{"item": "F1", "residual_cents": 100}],
        "lettering": [{"kind": "partial", "balance_cents": 100}],
        "new_items": [],
    },
}


def test_a_spoiled_case_is_noticed() -> None:
    for field, value in [("debit_cents", 901), ("account", "512001")]:
        entry = SHORT_CASE["expected"]["entries"][0]
        first = entry["lines"][0] | {field: value}
        spoiled = entry | {"lines": [first, entry["lines"][1]]}
        case = SHORT_CASE | {
            "expected": SHORT_CASE["expected"] | {"entries": [spoiled]}
        }
        with pytest.raises(AssertionError):
            check(case)
