"""Every worked case of the accountant, to the cent and line for line."""

from __future__ import annotations

import copy
import datetime as dt
import io
import shutil
from collections import Counter
from typing import TYPE_CHECKING, Any

import yaml
from golden_book import GoldenBook

from alloc.app.ports import JournalFilter
from alloc.errors import AllocError
from alloc.export.fec import FecLabels, fec, fec_name
from alloc.export.fec_check import check_fec
from alloc.store import open_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def cases(shared: Path) -> dict[str, dict[str, Any]]:
    found = {}
    for path in sorted((shared / "golden").glob("*.yaml")):
        case = yaml.safe_load(path.read_text("utf-8"))
        if "family" in case:
            found[case["id"]] = case
    return found


def run(case: dict[str, Any], empty_ledger: Path, folder: Path) -> list[str]:
    """Run a case; return every difference from what is expected."""
    path = shutil.copy(empty_ledger, folder / f"{case['id']}.db")
    with open_ledger(str(path), write=True) as ledger:
        book = GoldenBook(ledger, case).run()
        return [*differences(book), *book.errors(), *fec_errors(book)]


def differences(book: GoldenBook) -> list[str]:
    expected = book.case["expected"]
    found = []
    if book.status != expected["status"]:
        found.append(f"status {book.status}, not {expected['status']}")
    got = {
        "entries": posted_entries(book),
        "lettering": lettering(book),
        "allocations": allocations(book),
        "new items": new_items(book),
        "reopened": reopened(book),
        "residuals abroad": residuals_abroad(book),
        "candidates": candidates(book),
    }
    wanted = {
        "entries": [entry_of(entry, book) for entry in expected["entries"]],
        "lettering": Counter(
            (g["account"], g["aux"], g["code"], g["kind"], g["balance_cents"])
            for g in expected["lettering"]
        ),
        "allocations": {
            (a["item"], a["cleared_cents"], a["residual_cents"])
            for a in expected["allocations"]
            if not a["item"].startswith(("PAY-", "SUSP-")) and a["cleared_cents"]
        },
        "new items": Counter(
            (i["account"], i["aux"], i["open_cents"]) for i in expected["new_items"]
        ),
        "reopened": named_reopened(book),
        "residuals abroad": expected.get("residual_foreign_minor", {}),
        "candidates": set(expected.get("candidates", ())),
    }
    return found + [
        f"{name}: got {got[name]}, expected {wanted[name]}"
        for name in wanted
        if got[name] != wanted[name]
    ]


def is_counted(entry: dict[str, Any], book: GoldenBook) -> bool:
    """Say whether a reference is of a series of the company's own.

    Beside a payment ours is the payment's; without one a person gives it.
    """
    of_series = str(entry["piece_ref"]).startswith(("IRR-", "COMP-", "QS-"))
    return of_series and book.case["input"]["receipt"] is not None


def entry_of(entry: dict[str, Any], book: GoldenBook) -> tuple[Any, ...]:
    lines = Counter(
        (
            line["account"],
            line.get("aux"),
            line["debit_cents"] - line["credit_cents"],
            line.get("letter"),
            "new_item" in line,
            tuple(line.get("fx", {}).values()),
        )
        for line in entry["lines"]
    )
    head = (entry["entity"], entry["journal"], entry["date"], entry.get("piece_date"))
    return (*head, None if is_counted(entry, book) else entry["piece_ref"], lines)


def posted_entries(book: GoldenBook) -> list[tuple[Any, ...]]:
    journal = book.ledger.journal()
    expected = book.case["expected"]["entries"]
    series = [is_counted(entry, book) for entry in expected]
    found = []
    entries = [e for e in journal.entries.to_pylist() if e["seq"] > book.prior_seq]
    for place, entry in enumerate(entries):
        lines = Counter(
            (
                line["account"],
                line["customer_id"],
                line["amount_minor"],
                line["letter_code"],
                line["item_id"] is not None,
                abroad(line),
            )
            for line in journal.postings.to_pylist()
            if line["seq"] == entry["seq"]
        )
        dated = place < len(expected) and "piece_date" in expected[place]
        days = (str(entry["posting_date"]), str(entry["piece_date"]) if dated else None)
        hidden = place < len(series) and series[place]
        reference = None if hidden else entry["piece_ref"]
        found.append((entry["entity"], entry["journal"], *days, reference, lines))
    return found


def abroad(line: dict[str, Any]) -> tuple[Any, ...]:
    """The amount of a posting in a foreign currency, as the cases write it."""
    if line["foreign_minor"] is None:
        return ()
    return (line["foreign_currency"], line["foreign_minor"])


def residuals_abroad(book: GoldenBook) -> dict[str, int]:
    named = book.case["expected"].get("residual_foreign_minor", {})
    return {
        row["item_id"]: row["foreign_open_minor"]
        for row in book.ledger.open_items().to_pylist()
        if row["item_id"] in named
    }


def candidates(book: GoldenBook) -> set[str]:
    """The rules between which a person chooses, as the case names them."""
    if "candidates" not in book.case["expected"]:
        return set()
    names = (name.partition("@")[0] for name in book.noted.split(", "))
    return {name.replace("-", "_") for name in names}


def lettering(book: GoldenBook) -> Counter[tuple[Any, ...]]:
    letters = book.ledger.letters()
    named = book.case["expected"]["lettering"]
    scopes = {(group["account"], group["aux"]) for group in named}
    return Counter(
        (g["account"], g["customer_id"], g["code"], g["kind"], g["balance_minor"])
        for g in letters.groups.to_pylist()
        if (g["account"], g["customer_id"]) in scopes
    )


def allocations(book: GoldenBook) -> set[tuple[Any, ...]]:
    journal = book.ledger.journal()
    opened = {
        row["item_id"]: row["open_minor"]
        for row in book.ledger.open_items().to_pylist()
    }
    return {
        (row["item_id"], row["allocated_minor"], opened.get(row["item_id"], 0))
        for row in journal.allocations.to_pylist()
        if row["seq"] > book.prior_seq
        and row["customer_id"] is not None
        and not row["evidence"].startswith("RETURN_OF_")
    }


def named_reopened(book: GoldenBook) -> dict[str, int]:
    """Items of the case that are open again; payments keep their own line."""
    return {
        one["item"]: one["open_cents"]
        for one in book.case["expected"].get("reopened", ())
        if not one["item"].startswith("PAY-")
    }


def reopened(book: GoldenBook) -> dict[str, int]:
    opened = book.ledger.open_items().to_pylist()
    named = named_reopened(book)
    return {
        row["item_id"]: row["open_minor"] for row in opened if row["item_id"] in named
    }


def new_items(book: GoldenBook) -> Counter[tuple[Any, ...]]:
    journal = book.ledger.journal()
    return Counter(
        (row["account"], row["customer_id"], row["amount_minor"])
        for row in journal.postings.to_pylist()
        if row["seq"] > book.prior_seq and row["item_id"] is not None
    )


def fec_files(book: GoldenBook) -> Iterator[tuple[str, bytes]]:
    """The files for the tax office: one a company and year."""
    labels = FecLabels(journals=dict(book.settings.journals), accounts={})
    everything = book.ledger.journal().entries
    years = zip(
        everything["entity"].to_pylist(),
        everything["fiscal_year"].to_pylist(),
        strict=True,
    )
    for entity, year in sorted(set(years)):
        which = JournalFilter(entity=entity, fiscal_year=year)
        journal = book.ledger.journal(which)
        data = fec(journal.entries, journal.postings, labels=labels)
        yield fec_name("732829320", dt.date(year, 12, 31)), data


def fec_errors(book: GoldenBook) -> list[str]:
    """What a strict reader says against the files for the tax office."""
    return [
        f"FEC {one.code}"
        for name, data in fec_files(book)
        for one in check_fec(io.BytesIO(data), name).findings
        if one.severity == "error"
    ]


def test_the_worked_cases_pass_line_for_line(
    shared: Path | None, empty_ledger: Path, tmp_path: Path
):
    """Entries, letters, allocations and new items, in both currencies."""
    if shared is None:
        return
    failed = {}
    for name, case in cases(shared).items():
        try:
            found = run(case, empty_ledger, tmp_path)
        except (AllocError, AssertionError) as error:
            found = [str(error)]
        if found:
            failed[name] = found
    assert failed == {}


OWN_CASE: dict[str, Any] = {
    "id": "OWN-01",
    "family": "insurer",
    "input": {
        "open_items": [
            {
                "id": "REP-4471",
                "doc_type": "invoice",
                "account": "411000",
                "aux": "INS-LAC",
                "date": "2026-05-04",
                "due": "2026-06-03",
                "ttc_cents": 89980,
                "vat": [{"rate": "0.20", "base_cents": 74983, "vat_cents": 14997}],
                "open_cents": 89980,
            }
        ],
        "receipt": {
            "id": "K7",
            "date": "2026-06-02",
            "amount_cents": 82782,
            "text": "REP-4471",
        },
        "rules": [
            {
                "name": "insurer_commission",
                "mode": "from_gap",
                "vat_rate": "0.20",
                "vat_document": "received",
            }
        ],
    },
    "expected": {
        "status": "auto",
        "allocations": [
            {"item": "REP-4471", "cleared_cents": 89980, "residual_cents": 0}
        ],
        "entries": [
            {
                "journal": "BQ1",
                "date": "2026-06-02",
                "entity": "E1",
                "piece_ref": "K7",
                "lines": [
                    {"account": "512000", "debit_cents": 82782, "credit_cents": 0},
                    {"account": "622200", "debit_cents": 5998, "credit_cents": 0},
                    {"account": "445660", "debit_cents": 1200, "credit_cents": 0},
                    {
                        "account": "411000",
                        "aux": "INS-LAC",
                        "debit_cents": 0,
                        "credit_cents": 89980,
                        "letter": "AAA",
                    },
                ],
            }
        ],
        "lettering": [
            {
                "account": "411000",
                "aux": "INS-LAC",
                "code": "AAA",
                "kind": "full",
                "balance_cents": 0,
            }
        ],
        "new_items": [],
    },
}


def spoiled(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    case = copy.deepcopy(OWN_CASE)
    change(case["expected"])
    return case


def line(expected: dict[str, Any], place: int) -> dict[str, Any]:
    found: dict[str, Any] = expected["entries"][0]["lines"][place]
    return found


SPOILS: dict[str, Callable[[dict[str, Any]], object]] = {
    "amount": lambda e: line(e, 0).update(debit_cents=82783),
    "account": lambda e: line(e, 1).update(account="622500"),
    "side": lambda e: line(e, 2).update(debit_cents=0, credit_cents=1200),
    "letter": lambda e: line(e, 3).update(letter="AAB"),
    "auxiliary": lambda e: line(e, 3).update(aux="INS-MER"),
    "dropped line": lambda e: e["entries"][0]["lines"].pop(),
    "date": lambda e: e["entries"][0].update(date="2026-06-03"),
    "journal": lambda e: e["entries"][0].update(journal="OD"),
    "piece": lambda e: e["entries"][0].update(piece_ref="K8"),
    "residual": lambda e: e["allocations"][0].update(residual_cents=1),
    "lettering": lambda e: e["lettering"][0].update(kind="partial"),
    "status": lambda e: e.update(status="review"),
}


def test_a_case_of_our_own_passes_and_no_spoiled_one(
    empty_ledger: Path, tmp_path: Path
):
    path = shutil.copy(empty_ledger, tmp_path / "own.db")
    with open_ledger(str(path), write=True) as ledger:
        book = GoldenBook(ledger, OWN_CASE).run()
        assert [*differences(book), *book.errors(), *fec_errors(book)] == []
        for change in SPOILS.values():
            book.case = spoiled(change)
            assert differences(book)
