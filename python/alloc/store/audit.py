"""The audit trail: a record of each decision, chained by its hash, never edited.

A record is a JSON document on one line. Its hash is SHA-256 over the hash before it in
hex, a line feed and the document in UTF-8; `docs/guide/audit.md` tells how to check
that without this program. Documents are written column by column: a batch has many.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.audit import AUDIT_GENESIS, AuditFilter
from alloc.app.ports import Finding
from alloc.store.columns import columns
from alloc.store.files import utc
from alloc.store.reading import Where

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence

    from alloc.store.database import Database

_ROW = columns(
    "audit_no:big action entity payment_id decision_id:big? seq? document "
    "previous_hash hash"
)
#: What a document begins with, and a column has too.
_NAMED = ("action", "entity", "payment_id", "decision_id", "seq")
_LAST = columns("audit_no:big hash")
_CONTROLS = "[\\x00-\\x1f\\x7f]"
#: Records read at a time: bounds the memory.
_SPAN = 20_000
_LISTED_MAX = 20


@dataclass(frozen=True)
class Lines:
    """Rows that belong to documents: a list in each of them.

    Parameters
    ----------
    place
        The document of each row, by its place; ascending.
    fields
        What each row says.
    """

    place: pa.ChunkedArray
    fields: Mapping[str, pa.ChunkedArray]


def record(
    db: Database,
    action: str,
    facts: Mapping[str, pa.ChunkedArray],
    lines: Mapping[str, Lines],
    *,
    who: Sequence[str] | pa.ChunkedArray,
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
    lines
        Lists of rows within the records.
    who
        Who acted, for each record.
    """
    count = len(facts["payment_id"])
    if not count:
        return
    head = {
        "action": _same(action, count),
        "entity": facts["entity"],
        "payment_id": facts["payment_id"],
        "decision_id": facts.get("decision_id", pa.nulls(count, pa.int64())),
        "seq": facts.get("seq", pa.nulls(count, pa.int64())),
        "at": _same(utc(now), count),
        "by": pa.array(who, pa.string()) if isinstance(who, list) else who,
    }
    head |= {name: column for name, column in facts.items() if name not in head}
    documents = _documents(head, lines, count)
    last = db.query(
        "select audit_no, hash from audit_record order by audit_no desc limit 1", _LAST
    )
    first = (last["audit_no"][0].as_py() if len(last) else 0) + 1
    hashes = [last["hash"][0].as_py() if len(last) else AUDIT_GENESIS]
    texts = documents.to_pylist()
    for text in texts:
        chained = f"{hashes[-1]}\n{text}".encode()
        hashes.append(hashlib.sha256(chained).hexdigest())
    arrays = [
        pa.array(range(first, first + count), pa.int64()),
        *(head[name] for name in _NAMED),
        documents,
        pa.array(hashes[:-1]),
        pa.array(hashes[1:]),
    ]
    db.append("audit_record", pa.table(arrays, schema=_ROW))


def of_one(rows: pa.Table) -> Lines:
    """Return rows that all belong to a single document."""
    place = pa.array([0] * len(rows), pa.int64())
    return Lines(place, {name: rows[name] for name in rows.column_names})


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
    previous, number = AUDIT_GENESIS, 0
    for rows in read(db, AuditFilter()):
        heads = _object({name: _value(rows[name]) for name in _NAMED}).to_pylist()
        for head, row in zip(heads, rows.to_pylist(), strict=True):
            number += 1
            chained = f"{previous}\n{row['document']}".encode()
            holds = (
                row["audit_no"] == number
                and row["previous_hash"] == previous
                and row["hash"] == hashlib.sha256(chained).hexdigest()
                and row["document"].startswith(head[:-1])
            )
            if not holds:
                return [*found, _finding("AUDIT_CHAIN_BROKEN", row["audit_no"])]
            previous = row["hash"]
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


def _same(text: str, count: int) -> pa.ChunkedArray:
    return pa.repeat(pa.scalar(text, pa.string()), count)


def _documents(
    facts: Mapping[str, pa.ChunkedArray], lines: Mapping[str, Lines], count: int
) -> pa.Array:
    lists = {name: _list(rows, count) for name, rows in lines.items()}
    parts = {name: _value(column) for name, column in facts.items()}
    return _whole(_object(parts | lists))


def _object(parts: Mapping[str, pa.ChunkedArray]) -> pa.ChunkedArray:
    """Write JSON objects of values that are written already."""
    pieces: list[object] = []
    for place, (name, column) in enumerate(parts.items()):
        pieces += [f'{"{" if place == 0 else ","}"{name}":', column]
    return pc.binary_join_element_wise(
        *pieces, "}", "", null_handling="replace", null_replacement="null"
    )


def _list(lines: Lines, count: int) -> pa.ChunkedArray:
    """Write the rows of each document as a JSON list."""
    rows = _whole(_object({name: _value(c) for name, c in lines.fields.items()}))
    place = np.asarray(lines.place.to_numpy(zero_copy_only=False), np.int64)
    ends = np.cumsum(np.bincount(place, minlength=count))
    offsets = pa.array(np.concatenate([[0], ends]), pa.int32())
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, rows), ",")
    return pc.binary_join_element_wise("[", joined, "]", "")


def _value(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write values as JSON; null where there is none."""
    if not pa.types.is_string(column.type):
        return column.cast(pa.string())
    if pc.any(pc.match_substring_regex(column, _CONTROLS)).as_py():
        texts = [
            None if text is None else json.dumps(text, ensure_ascii=False)
            for text in column.to_pylist()
        ]
        return pa.array(texts, pa.string())
    escaped = pc.replace_substring(column, "\\", "\\\\")
    escaped = pc.replace_substring(escaped, '"', '\\"')
    return pc.binary_join_element_wise('"', escaped, '"', "")


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
