"""Every line of every worked case, spoiled in one field: each is found.

Before it is posted the entry is held against the decision; afterwards the ledger is
held against itself.
"""

from __future__ import annotations

import datetime as dt
import shutil
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from golden_book import GoldenBook
from own_cases import CASES, SAMPLE
from test_golden_cases import cases

from alloc.app import draft_check
from alloc.app.verify import chain_findings
from alloc.errors import AllocError, InternalError
from alloc.store import open_ledger
from alloc.store.backend import backend_of
from alloc.store.checks import CHECKS, _asked, _code_findings
from alloc.store.columns import columns
from alloc.store.database import Database
from alloc.store.ledger import SqlLedger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from alloc.engine import Drafts

    Row = dict[str, Any]

#: A field of a posting -> how it is spoiled.
LINES = {
    "one more": "update posting set amount_minor = amount_minor + 1",
    "one less": "update posting set amount_minor = amount_minor - 1",
    "other side": "update posting set amount_minor = -amount_minor",
    "account": "update posting set account = '658900'",
    "auxiliary": "update posting set customer_id = coalesce(customer_id, '') || 'X'",
    "label": "update posting set label = label || '.'",
    "dropped": "delete from posting",
    "abroad": "update posting set foreign_minor = 1, foreign_currency = 'USD'",
}
#: A field of an entry -> how it is spoiled.
ENTRIES = {
    "date": "update journal_entry set posting_date = date(posting_date, '+1 day')",
    "piece date": "update journal_entry set piece_date = date(piece_date, '-1 day')",
    "piece": "update journal_entry set piece_ref = piece_ref || '.'",
    "journal": "update journal_entry set journal = 'XX'",
    "entity": "update journal_entry set entity = 'E9'",
    "year": "update journal_entry set fiscal_year = fiscal_year + 1",
    "dropped": "delete from journal_entry",
}
#: A field of a letter -> how it is spoiled.
LETTERS = {
    "code": "update letter_group set code = code || 'A'",
    "case": "update letter_group set code = "
    "case kind when 'full' then lower(code) else upper(code) end",
    "kind": "update letter_group set kind = "
    "case kind when 'full' then 'partial' else 'full' end",
    "one more": "update letter_group set balance_minor = balance_minor + 1",
    "one less": "update letter_group set balance_minor = balance_minor - 1",
    "account": "update letter_group set account = '658900'",
    "auxiliary": "update letter_group set customer_id = customer_id || 'X'",
    "entity": "update letter_group set entity = 'E9'",
    "dropped": "delete from letter_group",
}
MEMBERS = {
    "dropped": "delete from letter_member",
    "other item": "update letter_member set item_id = coalesce(item_id, '') || 'X'",
    "other line": "update letter_member set line_no = coalesce(line_no, 0) + 77",
}
ITEMS = {
    "one more": "update open_item set open_minor = open_minor + 1",
    "one less": "update open_item set open_minor = open_minor - 1",
    "letter": "update open_item set letter_group = coalesce(letter_group, 0) + 77",
}
ABROAD = {
    "one more": "update open_item set foreign_open_minor = foreign_open_minor + 1",
    "none": "update open_item set foreign_open_minor = null",
}
ALLOCATIONS = {
    "one more": "update allocation set allocated_minor = allocated_minor + 1",
    "one less": "update allocation set allocated_minor = allocated_minor - 1",
    "item": "update allocation set item_id = item_id || 'X'",
    "dropped": "delete from allocation",
}
#: What is spoiled, which of its rows, and how.
KINDS = {
    "posting": ("posting", "1 = 1", LINES),
    "entry": ("journal_entry", "1 = 1", ENTRIES),
    "letter": ("letter_group", "state = 'live'", LETTERS),
    "member": (
        "letter_member",
        "letter_group in (select letter_group from letter_group where state = 'live')",
        MEMBERS,
    ),
    "item": ("open_item", "open_minor <> imported_minor", ITEMS),
    "item abroad": ("open_item", "foreign_currency is not null", ABROAD),
    "allocation": (
        "allocation",
        "decision_id in (select decision_id from decision where state = 'posted')",
        ALLOCATIONS,
    ),
}


#: The primary key of each.
KEYS = {
    "posting": ("seq", "line_no"),
    "journal_entry": ("seq",),
    "letter_group": ("letter_group",),
    "letter_member": ("letter_group", "member_no"),
    "open_item": ("entity", "item_id"),
    "allocation": ("decision_id", "rank", "entity", "item_id"),
}


def all_cases(shared: Path | None) -> dict[str, Row]:
    """The shared cases, where they are, and a sample of our own."""
    own = {name: CASES[name] for name in SAMPLE}
    return own | (cases(shared) if shared else {})


@pytest.fixture(scope="module")
def posted(
    shared: Path | None, empty_ledger: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The ledger of each worked case that posts something, without its guards."""
    folder = tmp_path_factory.mktemp("posted")
    found: dict[str, Path] = {}
    for name, case in all_cases(shared).items():
        path = found[name] = folder / f"{name}.db"
        shutil.copy(empty_ledger, path)
        with open_ledger(str(path), write=True) as ledger:
            GoldenBook(ledger, case).run()
        with opened(path) as (database, _):
            for trigger in database.query(TRIGGERS, columns("name"))["name"]:
                database.execute(f"drop trigger {trigger}")
    return found


TRIGGERS = "select name from sqlite_master where type = 'trigger'"


@contextmanager
def opened(path: Path) -> Iterator[tuple[Database, SqlLedger]]:
    """The ledger of a file, and the database below it."""
    database = Database(backend_of(str(path)), write=True)
    database.execute("pragma foreign_keys = off")
    yield database, SqlLedger(database)
    database.close()


def keys_of(database: Database, table: str, where: str) -> list[str]:
    """The condition that picks each row of a table for which something holds."""
    parts = [f"'{name} = ' || quote({name})" for name in KEYS[table]]
    said = " || ' and ' || ".join(parts)
    sql = f"select {said} from {table} where {where} order by 1"  # noqa: S608
    keys: list[str] = database.query(sql, columns("key"))["key"].to_pylist()
    return keys


def found_by_verify(database: Database, ledger: SqlLedger) -> bool:
    """Ask what `verify` asks, the chain first: it is the quickest."""
    errors = (check for check in CHECKS if check.severity == "error")
    return (
        any(chain_findings(ledger))
        or any(_asked(database, check) for check in errors)
        or bool(_code_findings(database))
    )


def missed(path: Path, kind: str) -> list[str]:
    """Spoil every field of every row of one kind by itself; name what is not found."""
    table, where, ways = KINDS[kind]
    not_found = []
    with opened(path) as (database, ledger), database.write():
        assert not found_by_verify(database, ledger)
        for key in keys_of(database, table, where):
            for name, way in ways.items():
                database.execute("savepoint whole")
                with suppress(AllocError):  # What the ledger refuses is found.
                    database.execute(f"{way} where {key}")
                    if not found_by_verify(database, ledger):
                        not_found.append(f"{name}: {key}")
                database.execute("rollback to whole")
    return not_found


@pytest.mark.parametrize("kind", KINDS)
def test_each_spoiled_field_is_found(posted: dict[str, Path], kind: str):
    found = {name: missed(path, kind) for name, path in posted.items()}
    assert {name: spoils for name, spoils in found.items() if spoils} == {}


#: A field of a drafted line -> how it is spoiled.
DRAFTED_LINES: dict[str, Callable[[Row], Row]] = {
    "one more": lambda row: {"amount_minor": row["amount_minor"] + 1},
    "one less": lambda row: {"amount_minor": row["amount_minor"] - 1},
    "other side": lambda row: {"amount_minor": -row["amount_minor"]},
    "account": lambda _: {"account": "658900"},
    "auxiliary": lambda row: {"customer_id": f"{row['customer_id']}X"},
    "dropped": dict.fromkeys,
    "foreign amount": lambda row: {
        "foreign_minor": (row["foreign_minor"] or 0) + 1,
        "foreign_currency": row["foreign_currency"] or "USD",
    },
    "foreign currency": lambda row: {
        "foreign_minor": row["foreign_minor"] or 1,
        "foreign_currency": "XAF",
    },
}
#: A field of a drafted entry -> how it is spoiled.
DRAFTED_ENTRIES: dict[str, Callable[[Row], Row]] = {
    "date": lambda row: {"posting_date": row["posting_date"] + DAY},
    "piece date": lambda row: {"piece_date": row["piece_date"] - DAY},
    "year": lambda row: {"fiscal_year": row["fiscal_year"] + 1},
    "piece": lambda row: {"piece_ref": row["piece_ref"] + "."},
    "journal": lambda _: {"journal": "XX"},
    "entity": lambda _: {"entity": "E9"},
    "label": lambda row: {"label": row["label"] + "."},
}
DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def drafted(
    shared: Path | None, empty_ledger: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[str, Drafts, tuple[pa.Table, ...]]]:
    """What the worked cases draft, and from what."""
    folder = tmp_path_factory.mktemp("drafted")
    found: list[tuple[str, Drafts, tuple[pa.Table, ...]]] = []
    with pytest.MonkeyPatch.context() as patch:
        for name, case in all_cases(shared).items():
            path = shutil.copy(empty_ledger, folder / f"{name}.db")

            def kept(drafts: Drafts, *decided: pa.Table, case: str = name) -> None:
                found.append((case, drafts, decided))

            patch.setattr(draft_check, "check_drafts", kept)
            with open_ledger(str(path), write=True) as ledger:
                GoldenBook(ledger, case).run()
    return found


def spoiled(table: pa.Table, place: int, change: Callable[[Row], Row]) -> pa.Table:
    """Change one row of a table; one of which nothing is left is dropped."""
    rows = table.to_pylist()
    rows[place] |= change(rows[place])
    kept = [row for row in rows if row["draft_index"] is not None]
    return pa.Table.from_pylist(kept, table.schema)


@pytest.mark.parametrize(
    ("table", "ways"), [("postings", DRAFTED_LINES), ("entries", DRAFTED_ENTRIES)]
)
def test_an_entry_that_is_not_as_decided_is_never_posted(
    drafted: list[tuple[str, Drafts, tuple[pa.Table, ...]]],
    table: str,
    ways: dict[str, Callable[[Row], Row]],
):
    not_found = []
    for name, drafts, decided in drafted:
        draft_check.check_drafts(drafts, *decided)
        rows = pa.table(getattr(drafts, table))
        for place, way in product(range(len(rows)), ways):
            spoil = replace(drafts, **{table: spoiled(rows, place, ways[way])})
            try:
                draft_check.check_drafts(spoil, *decided)
                not_found.append(f"{name}: {way} of {table} {place}")
            except InternalError:
                pass
    assert not_found == []
