"""The audit trail: a record of each decision, chained by its hash, never edited.

A record is a JSON document on one line. Its hash is SHA-256 over the hash before it in
hex, a line feed and the document in UTF-8; `docs/guide/audit.md` tells how to check
that without this program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from alloc import engine
from alloc.app.audit import AUDIT_GENESIS, AuditFilter
from alloc.app.ports import Finding
from alloc.store.columns import columns
from alloc.store.files import utc
from alloc.store.reading import Where

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping

    from alloc.store.database import Database
    from alloc.store.ends import Ends

_ROW = columns(
    "audit_no:big action entity payment_id decision_id:big? seq? document "
    "previous_hash hash"
)
#: What a document begins with, and a column has too.
_NAMED = ("action", "entity", "payment_id", "decision_id", "seq")
#: Records read at a time: bounds the memory.
_SPAN = 20_000
_LISTED_MAX = 20


def record(
    db: Database,
    action: str,
    facts: Mapping[str, pa.ChunkedArray],
    lists: Mapping[str, pa.Table],
    *,
    after: Ends,
    who: pa.ChunkedArray,
    now: dt.datetime,
) -> None:
    """Append a record for each decision; inside the transaction of what it tells.

    Parameters
    ----------
    action
        ``posted``, ``approved``, ``refused``, ``reversed`` or ``returned``.
    facts
        One value a record: ``entity`` and ``payment_id``, ``decision_id`` and ``seq``
        where there are some, and more.
    lists
        Rows within the records; ``payment_id`` says in which.
    after
        Where the trail ends.
    who
        Who acted, for each record.
    """
    count = len(facts["payment_id"])
    if not count:
        return
    nothing = pa.nulls(count, pa.int64())
    head = {
        "action": pa.repeat(action, count),
        "entity": facts["entity"],
        "payment_id": facts["payment_id"],
        "decision_id": facts.get("decision_id", nothing),
        "seq": facts.get("seq", nothing),
        "at": pa.repeat(utc(now), count),
        "by": who,
    }
    chained = engine.chain_documents(
        pa.table(head | {name: facts[name] for name in facts if name not in head}),
        lists,
        previous_hash=after.audit_hash,
    )
    first = after.audit_no + 1
    numbers = pa.array(range(first, first + count), pa.int64())
    named = [head[name] for name in _ROW.names[1:6]]
    rows = pa.table([numbers, *named, *chained.columns], schema=_ROW)
    db.append("audit_record", rows)


def read(db: Database, which: AuditFilter) -> Iterator[pa.Table]:
    """Return records in their order, so many at a time."""
    since = which.since
    while True:
        where = Where()
        where.add("audit_no > {}", since)
        where.add("entity = {}", which.entity)
        rows = db.query(
            f"select {', '.join(_ROW.names)} from audit_record where {where} "
            f"order by audit_no limit {_SPAN}",
            _ROW,
            where.parameters,
        )
        if len(rows):
            yield rows
        if len(rows) < _SPAN:
            return
        since = rows["audit_no"][-1].as_py()


def findings(db: Database) -> list[Finding]:
    """Follow the chain from the first record to the last, and look for decisions."""
    found = [*_odd_decisions(db)]
    previous, number = AUDIT_GENESIS, 1
    for rows in read(db, AuditFilter()):
        broken = engine.check_documents(rows, first_no=number, previous_hash=previous)
        if broken is not None:
            return [*found, _finding("AUDIT_CHAIN_BROKEN", broken)]
        previous, number = rows["hash"][-1].as_py(), number + len(rows)
    return found


def _odd_decisions(db: Database) -> Iterator[Finding]:
    """Find posted decisions without a record, and records without their decision."""
    since = "(select min(seq) from audit_record where action <> 'reversed')"
    for code, sql in {
        "AUDIT_RECORD_MISSING": f"""
            select cast(d.decision_id as text) from decision d
            left join audit_record a on a.decision_id = d.decision_id
              and a.action in ('posted', 'returned')
            where d.state in ('posted', 'reversed') and d.seq >= {since}
              and a.audit_no is null order by d.decision_id limit {_LISTED_MAX}
            """,
        "AUDIT_RECORD_DIFFERS": f"""
            select cast(a.audit_no as text) from audit_record a
            left join decision d on d.decision_id = a.decision_id
              and d.payment_id = a.payment_id and d.seq = a.seq
            where a.action in ('posted', 'returned') and d.decision_id is null
            order by a.audit_no limit {_LISTED_MAX}
            """,
    }.items():
        for row in db.query(sql, columns("key")).to_pylist():
            yield _finding(code, row["key"])


_MEANINGS = {
    "AUDIT_CHAIN_BROKEN": ("audit_record", "the record or the one before it changed"),
    "AUDIT_RECORD_MISSING": ("decision", "the audit trail does not tell of it"),
    "AUDIT_RECORD_DIFFERS": ("audit_record", "its decision is not as it tells"),
}


def _finding(code: str, key: object) -> Finding:
    subject, message = _MEANINGS[code]
    return Finding("error", code, message, subject, str(key))
