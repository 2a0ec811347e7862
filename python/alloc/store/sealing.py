"""Numbers and hashes: draft entries become posted ones, appended to the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from alloc import engine
from alloc.store.analytic import analytic_of
from alloc.store.columns import columns
from alloc.store.files import utc

if TYPE_CHECKING:
    import datetime as dt

    from alloc.store.database import Database
    from alloc.store.ends import Ends

#: What is sealed with each entry, beside its postings.
SETTLED = columns("draft_index item_id customer_id? allocated_minor foreign_minor?")

_ENTRY_ROW = columns(
    "seq entity journal fiscal_year number kind posting_date piece_date piece_ref "
    "label currency payment_id decision_id:big? reverses_seq? posted_at posted_by "
    "previous_hash hash"
)
_POSTING_ROW = columns(
    "seq line_no account customer_id? label amount_minor currency item_id? "
    "foreign_currency? foreign_minor? analytic?"
)
_SERIES = columns("entity journal fiscal_year next_number:big")
_SEALED_LINE = [
    "draft_index",
    "line_no",
    "account",
    "customer_id",
    "label",
    "amount_minor",
    "currency",
    "foreign_currency",
    "foreign_minor",
]


def seal(
    db: Database,
    entries: pa.Table,
    postings: pa.Table,
    settled: pa.Table,
    *,
    after: Ends,
    posted_by: str | pa.ChunkedArray,
    now: dt.datetime,
) -> pa.Table:
    """Give entries their numbers and hashes; append them and their postings.

    Parameters
    ----------
    entries
        Columns of `alloc.store.drafted.ENTRIES` and ``decision_id``, in the order in
        which they are numbered.
    postings
        Columns of `alloc.store.drafted.POSTINGS`.
    settled
        `SETTLED`: the allocations that the entries post.
    after
        Where the journal ends.
    posted_by
        Who posts all of them, or each.

    Returns
    -------
    pyarrow.Table
        The entries as stored, with draft_index, seq and number.
    """
    count = len(entries)
    if isinstance(posted_by, str):
        posted_by = pa.repeat(posted_by, count)
    entries = entries.append_column(
        "posted_at", pa.repeat(utc(now), count)
    ).append_column("posted_by", posted_by)
    postings = postings.sort_by(
        [("draft_index", "ascending"), ("line_no", "ascending")]
    )
    sealed = engine.seal_entries(
        entries,
        postings.select(_SEALED_LINE),
        settled.sort_by([("draft_index", "ascending"), ("item_id", "ascending")]),
        first_seq=after.seq + 1,
        next_numbers=_next_numbers(db, entries),
        previous_hash=bytes.fromhex(after.entry_hash),
    )
    db.append("journal_entry", sealed.select(_ENTRY_ROW.names).cast(_ENTRY_ROW))
    position = pc.index_in(
        postings["draft_index"], sealed["draft_index"].combine_chunks()
    )
    seq = sealed["seq"].take(position)
    names = _POSTING_ROW.names[1:-1]
    analytic = pa.nulls(len(postings), pa.string())
    if after.has_sections:
        analytic = analytic_of(db, entries, postings, settled)
    rows = [seq, *(postings[name] for name in names), analytic]
    db.append("posting", pa.table(rows, schema=_POSTING_ROW))
    return sealed


def _next_numbers(db: Database, entries: pa.Table) -> pa.Table:
    series = (
        entries.select(_SERIES.names[:3])
        .group_by(_SERIES.names[:3], use_threads=False)
        .aggregate([])
    )
    db.stage("stage_series", series)
    return db.query(
        """
        select s.entity, s.journal, s.fiscal_year, coalesce((
            select max(e.number) from journal_entry e
            where e.entity = s.entity and e.journal = s.journal
              and e.fiscal_year = s.fiscal_year), 0) + 1
        from stage_series s order by 1, 2, 3
        """,
        _SERIES,
    )
