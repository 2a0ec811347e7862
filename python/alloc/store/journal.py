"""The journal as exports and checks read it: entries, postings, letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alloc.app.ports import JournalFilter, JournalTables, LetterTables
from alloc.store.columns import columns
from alloc.store.reading import Where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alloc.store.database import Database

ENTRIES = columns(
    "seq entity journal fiscal_year number kind posting_date piece_date piece_ref "
    "label currency payment_id decision_id:big? reverses_seq? posted_at posted_by "
    "previous_hash hash"
)
POSTINGS = columns(
    "seq line_no entity account customer_id? customer_name? label amount_minor "
    "currency item_id? letter_group? letter_code? letter_kind? lettered_on:date? "
    "foreign_currency? foreign_minor? analytic?"
)
ALLOCATIONS = columns(
    "seq decision_id:big payment_id item_id entity customer_id? reference? "
    "allocated_minor evidence kind? total_minor? imported_minor? vat:vat? "
    "foreign_minor?"
)
CHAIN_POSTINGS = columns(
    "seq line_no account customer_id? label amount_minor currency foreign_currency? "
    "foreign_minor?"
)
CHAIN_ALLOCATIONS = columns("seq item_id customer_id? allocated_minor foreign_minor?")
GROUPS = columns(
    "letter_group entity account customer_id? fiscal_year kind code balance_minor "
    "lettered_on:date group_max_date:date"
)
MEMBERS = columns("letter_group item_id? seq? line_no? amount_minor date:date?")


def journal(db: Database, which: JournalFilter) -> JournalTables:
    """Return a part of the journal."""
    where = Where()
    where.add("e.entity = {}", which.entity)
    where.add("e.fiscal_year = {}", which.fiscal_year)
    where.add("e.seq > {}", which.since_seq or None)
    where.add("e.seq <= {}", which.until_seq)
    names = ", ".join(f"e.{name}" for name in ENTRIES.names)
    with db.read():
        entries = db.query(
            f"select {names} from journal_entry e where {where} order by e.seq",
            ENTRIES,
            where.parameters,
        )
        postings = db.query(
            f"""
            select p.seq, p.line_no, e.entity, p.account, p.customer_id, c.name,
              p.label, p.amount_minor, p.currency, p.item_id, g.letter_group,
              g.code, g.kind, g.lettered_on, p.foreign_currency, p.foreign_minor,
              p.analytic
            from journal_entry e
            join posting p on p.seq = e.seq
            left join customer c on c.customer_id = p.customer_id
            left join letter_member m on m.seq = p.seq and m.line_no = p.line_no
              and exists (select 1 from letter_group l
                where l.letter_group = m.letter_group and l.state = 'live')
            left join letter_group g on g.letter_group = m.letter_group
            where {where} order by p.seq, p.line_no
            """,
            POSTINGS,
            where.parameters,
        )
        allocations = db.query(
            f"""
            select e.seq, a.decision_id, e.payment_id, a.item_id, a.entity,
              a.customer_id, i.reference, a.allocated_minor, a.evidence, i.kind,
              coalesce(i.original_minor, i.imported_minor), i.imported_minor, i.vat,
              a.foreign_minor
            from journal_entry e
            join decision d on d.decision_id = e.decision_id and d.seq = e.seq
            join allocation a on a.decision_id = e.decision_id and a.rank = 0
            left join open_item i on i.entity = a.entity and i.item_id = a.item_id
            where {where} and e.kind <> 'reversal' order by e.seq, a.item_id
            """,
            ALLOCATIONS,
            where.parameters,
        )
    return JournalTables(entries, postings, allocations)


def chain(db: Database, which: JournalFilter) -> JournalTables:
    """Return what the hashes cover."""
    where = Where()
    where.add("e.seq > {}", which.since_seq or None)
    where.add("e.seq <= {}", which.until_seq)
    entries = ", ".join(f"e.{name}" for name in ENTRIES.names)
    lines = ", ".join(f"p.{name}" for name in CHAIN_POSTINGS.names)
    with db.read():
        return JournalTables(
            db.query(
                f"select {entries} from journal_entry e where {where} order by e.seq",
                ENTRIES,
                where.parameters,
            ),
            db.query(
                f"select {lines} from journal_entry e join posting p on p.seq = e.seq "
                f"where {where} order by p.seq, p.line_no",
                CHAIN_POSTINGS,
                where.parameters,
            ),
            db.query(
                "select e.seq, a.item_id, a.customer_id, a.allocated_minor, "
                "a.foreign_minor "
                "from journal_entry e join decision d "
                "on d.decision_id = e.decision_id and d.seq = e.seq "
                "join allocation a on a.decision_id = e.decision_id and a.rank = 0 "
                f"where {where} and e.kind <> 'reversal' order by e.seq, a.item_id",
                CHAIN_ALLOCATIONS,
                where.parameters,
            ),
        )


def spans(db: Database, entries_max: int) -> Iterator[JournalFilter]:
    """Cut the journal into spans of at most so many entries."""
    last = db.integer("select max(seq) from journal_entry")
    for since in range(0, last, entries_max):
        yield JournalFilter(since_seq=since, until_seq=min(since + entries_max, last))


def letters(db: Database, entity: str | None) -> LetterTables:
    """Return the live lettering groups and their members."""
    where = Where("g.state = 'live'")
    where.add("g.entity = {}", entity)
    with db.read():
        groups = db.query(
            f"""
            select g.letter_group, g.entity, g.account, nullif(g.customer_id, ''),
              g.fiscal_year, g.kind, g.code, g.balance_minor, g.lettered_on,
              g.group_max_date
            from letter_group g where {where} order by g.letter_group
            """,
            GROUPS,
            where.parameters,
        )
        members = db.query(
            f"""
            select m.letter_group, m.item_id, m.seq, m.line_no,
              coalesce(p.amount_minor, i.imported_minor),
              coalesce(e.posting_date, i.issue_date)
            from letter_group g
            join letter_member m on m.letter_group = g.letter_group
            left join open_item i on i.entity = g.entity and i.item_id = m.item_id
            left join posting p on p.seq = m.seq and p.line_no = m.line_no
            left join journal_entry e on e.seq = m.seq
            where {where} order by m.letter_group, m.member_no
            """,
            MEMBERS,
            where.parameters,
        )
    return LetterTables(groups, members)
