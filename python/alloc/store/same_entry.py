"""Entries of a bank file that look like known ones but stand in another statement.

The identity of an entry counts twins inside its file. Twins also come one file after
the other: two statements of one day, each with a credit of the same amount and no
reference of the bank. Balances tell: a statement that opens where another one closes,
directly or through statements between them, holds other entries than that one. Its
twins then get the next free numbers, as if both had come in one file.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from alloc.domain.bank import entry_facts, entry_id
from alloc.errors import LimitError
from alloc.store.columns import columns
from alloc.store.reading import is_empty

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alloc.store.database import Database

__all__ = ["TWINS_MAX", "Renumbered", "renumber"]

#: Entries of one account that may be alike on one day, each in another statement.
TWINS_MAX = 10_000
#: Numbers of a twin that are asked for at once, at first.
_BLOCK = 8
_SPAN = columns("account opening_minor? closing_minor?")
_HELD = columns(
    "payment_id message_type opening_minor? closing_minor? end_to_end_id? "
    "counterparty_name? remittance_text:list?"
)


class Span(NamedTuple):
    """A statement by its balances, minor units; without both it tells nothing."""

    opening: int | None
    closing: int | None


class Renumbered(NamedTuple):
    """Entries with their ids in the ledger, and what could not be told apart.

    Parameters
    ----------
    entries, references
        As given, with other ids where a twin of another statement has theirs.
    doubtful
        Ids of entries that are known from another statement of the same format with
        other texts, and whose balances do not tell whether they are the same.
    """

    entries: pa.Table
    references: pa.Table
    doubtful: tuple[str, ...]


def renumber(
    db: Database, statements: pa.Table, entries: pa.Table, references: pa.Table
) -> Renumbered:
    """Give entries of other statements than the known ones ids of their own."""
    if is_empty(db, "statement"):
        return Renumbered(entries, references, ())
    held = _held(db, entries["payment_id"])
    if not held:
        return Renumbered(entries, references, ())
    own = {row["statement_index"]: row for row in statements.to_pylist()}
    chains = _Chains(db, statements)
    apart: list[tuple[dict[str, Any], Span]] = []
    doubtful: list[str] = []
    known_ids = pa.array(sorted(held), pa.string())
    rows = entries.filter(pc.is_in(entries["payment_id"], value_set=known_ids))
    for row in rows.to_pylist():
        statement = own[row["statement_index"]]
        if statement["kind"] != "statement":
            continue
        span = Span(statement["opening_minor"], statement["closing_minor"])
        known = held[row["payment_id"]]
        if chains.apart(row["account"], span, _span(known)):
            apart.append((row, span))
        elif _span(known) != span and _tells_other(row, known, statement):
            doubtful.append(row["payment_id"])
    renamed = _numbered(db, apart, chains, entries)
    return Renumbered(
        _renamed(entries, renamed), _renamed(references, renamed), tuple(doubtful)
    )


def _span(held: dict[str, Any]) -> Span:
    return Span(held["opening_minor"], held["closing_minor"])


def _tells_other(
    row: dict[str, Any], known: dict[str, Any], statement: dict[str, Any]
) -> bool:
    same_format = known["message_type"] == statement["message_type"]
    told = ("end_to_end_id", "counterparty_name", "remittance_text")
    return same_format and any(
        row[name] and known[name] and row[name] != known[name] for name in told
    )


def _held(db: Database, ids: pa.Array | pa.ChunkedArray) -> dict[str, dict[str, Any]]:
    """Return what the ledger holds under these ids, of account statements."""
    db.stage("stage_id", pa.table({"payment_id": ids}))
    found = db.query(
        """
        select b.payment_id, s.message_type, s.opening_minor, s.closing_minor,
          b.end_to_end_id, b.counterparty_name, b.remittance_text
        from stage_id i
        join bank_entry b on b.payment_id = i.payment_id
        join statement s on s.statement_id = b.statement_id
        where s.kind = 'statement'
        """,
        _HELD,
    )
    return {row["payment_id"]: row for row in found.to_pylist()}


class _Chains:
    """Which statements follow one another, by account and balance."""

    def __init__(self, db: Database, statements: pa.Table) -> None:
        known = db.query(
            "select account, opening_minor, closing_minor from statement "
            "where kind = 'statement'",
            _SPAN,
        )
        self._next: dict[str, dict[int, set[int]]] = defaultdict(
            lambda: defaultdict(set)
        )
        for row in (*known.to_pylist(), *statements.select(_SPAN.names).to_pylist()):
            opening, closing = row["opening_minor"], row["closing_minor"]
            if opening is not None and closing is not None and opening != closing:
                self._next[row["account"]][opening].add(closing)

    def apart(self, account: str, one: Span, other: Span) -> bool:
        """Whether one statement follows the other, so that they share no entry."""
        if None in {*one, *other} or one == other:
            return False
        return self._leads(account, one, other) or self._leads(account, other, one)

    def _leads(self, account: str, one: Span, other: Span) -> bool:
        following, seen = [one.closing], set()
        while following:
            balance = following.pop()
            if balance == other.opening:
                return True
            if balance is not None and balance not in seen:
                seen.add(balance)
                following.extend(self._next[account].get(balance, ()))
        return False


class _Twins:
    """What the ledger holds under the numbers of entries, asked in growing blocks."""

    def __init__(self, db: Database, rows: Sequence[dict[str, Any]]) -> None:
        self._db = db
        self._held: dict[str, dict[str, Any]] = {}
        self._asked: dict[str, int] = {}
        self._ask(rows, 0, _BLOCK)

    def _ask(self, rows: Sequence[dict[str, Any]], after: int, until: int) -> None:
        numbers = range(after + 1, until + 1)
        ids = {_numbered_id(row, number) for row in rows for number in numbers}
        self._held |= _held(self._db, pa.array(sorted(ids), pa.string()))
        self._asked |= {_numbered_id(row, 1): until for row in rows}

    def held(self, row: dict[str, Any], number: int) -> dict[str, Any] | None:
        """Return the entry that is alike and has this number."""
        asked = self._asked[_numbered_id(row, 1)]
        if number > asked:
            self._ask([row], asked, 4 * asked)
        return self._held.get(_numbered_id(row, number))


def _numbered(
    db: Database,
    apart: list[tuple[dict[str, Any], Span]],
    chains: _Chains,
    entries: pa.Table,
) -> dict[str, str]:
    """Give twins the first number that is free, or has the entry of their statement."""
    if not apart:
        return {}
    twins = _Twins(db, [row for row, _ in apart])
    # The others of the file keep their numbers.
    used = set(entries["payment_id"].to_pylist())
    used -= {row["payment_id"] for row, _ in apart}
    renamed: dict[str, str] = {}
    for row, span in apart:
        new = _next_free(twins, row, span, chains, used)
        used.add(new)
        renamed[row["payment_id"]] = new
    return renamed


def _next_free(
    twins: _Twins, row: dict[str, Any], span: Span, chains: _Chains, used: set[str]
) -> str:
    for number in range(1, TWINS_MAX + 1):
        candidate = _numbered_id(row, number)
        if candidate in used:
            continue
        known = twins.held(row, number)
        if known is None or not chains.apart(row["account"], span, _span(known)):
            return candidate
    raise LimitError(
        f"account {row['account']} has more than {TWINS_MAX} entries alike on "
        f"{row['booking_date']}: import statements with references of the bank",
        reason="TWINS_OVER_LIMIT",
        account=row["account"],
        limit=TWINS_MAX,
    )


def _numbered_id(row: dict[str, Any], number: int) -> str:
    _, dash, detail = str(row["payment_id"]).partition("-")
    return entry_id(entry_facts(row), number) + dash + detail


def _renamed(table: pa.Table, renamed: dict[str, str]) -> pa.Table:
    if not renamed:
        return table
    ids = [renamed.get(name, name) for name in table["payment_id"].to_pylist()]
    index = table.schema.get_field_index("payment_id")
    return table.set_column(index, "payment_id", pa.array(ids, pa.string()))
