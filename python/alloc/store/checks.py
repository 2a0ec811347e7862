"""The invariants of the ledger, as questions to the stored rows.

Each question returns the rows that break it: a key, and what is wrong. Set by set,
so that a year of postings is checked in seconds.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from alloc import engine
from alloc.app.amounts import amount_text
from alloc.app.ports import Finding
from alloc.errors import AllocError, StoreError
from alloc.store import analytic, audit, identity
from alloc.store.columns import columns
from alloc.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alloc.store.backend.base import Backend

#: Findings of one question that are listed; one more says how many there are.
LISTED_MAX = 100

_ROWS = columns("key detail?")
_CODES = columns("letter_group code_no kind code")


@dataclass(frozen=True)
class Check:
    """A question: rows of (key, detail) that break an invariant."""

    code: str
    subject: str
    message: str
    sql: str
    severity: str = "error"


_LIVE_ENTRIES = """
    live as (
      select e.* from journal_entry e where e.kind <> 'reversal' and not exists (
        select 1 from journal_entry r where r.reverses_seq = e.seq))
"""

#: The entries that carry the money of a payment, without those posted beside them.
_MAIN_ENTRIES = f"""
    {_LIVE_ENTRIES}, main as (
      select l.* from live l left join decision d on d.decision_id = l.decision_id
      where d.decision_id is null or d.seq = l.seq)
"""

CHECKS = (
    Check(
        "ENTRY_UNBALANCED",
        "journal_entry",
        "debits and credits of the entry differ",
        """
        select e.seq, '{' || sum(p.amount_minor) || ' ' || p.currency || '}'
        from journal_entry e left join posting p on p.seq = e.seq
        group by e.seq, p.currency
        having count(p.seq) = 0 or sum(p.amount_minor) <> 0
        """,
    ),
    Check(
        "POSTING_ORPHAN",
        "posting",
        "the posting has no entry",
        """
        select p.seq || '/' || p.line_no, p.account from posting p
        where not exists (select 1 from journal_entry e where e.seq = p.seq)
        """,
    ),
    Check(
        "NUMBER_GAP",
        "journal_entry",
        "the numbers of this journal and year are not 1, 2, 3 ...",
        """
        select entity || ' ' || journal || ' ' || fiscal_year,
          min(number) || ' to ' || max(number) || ', ' || count(*) || ' entries'
        from journal_entry group by entity, journal, fiscal_year
        having min(number) <> 1 or max(number) <> count(*)
        """,
    ),
    Check(
        "OPEN_DIFFERS",
        "open_item",
        "what is open is not what was imported less what was allocated",
        """
        select i.entity || ' ' || i.item_id, 'open {' || i.open_minor || ' '
          || i.currency || '}, expected {'
          || (i.imported_minor - coalesce(a.allocated_minor, 0)) || ' '
          || i.currency || '}'
        from open_item i left join (
          select a.entity, a.item_id, sum(a.allocated_minor) as allocated_minor
          from decision d join allocation a
            on a.decision_id = d.decision_id and a.rank = 0
          where d.state = 'posted' group by a.entity, a.item_id
        ) a on a.entity = i.entity and a.item_id = i.item_id
        where i.open_minor <> i.imported_minor - coalesce(a.allocated_minor, 0)
        """,
    ),
    Check(
        "OVER_ALLOCATED",
        "open_item",
        "more is allocated than was due",
        """
        select entity || ' ' || item_id,
          'open {' || open_minor || ' ' || currency || '} of {' || imported_minor
            || ' ' || currency || '}'
        from open_item
        where (imported_minor >= 0 and (open_minor < 0 or open_minor > imported_minor))
          or (imported_minor < 0 and (open_minor > 0 or open_minor < imported_minor))
        """,
    ),
    Check(
        "FOREIGN_OPEN_DIFFERS",
        "open_item",
        "what is open in the item's own currency is not what was imported less what "
        "was allocated, or does not go with what is open here",
        """
        select i.entity || ' ' || i.item_id, 'open {' || i.foreign_open_minor || ' '
          || i.foreign_currency || '}'
        from open_item i left join (
          select a.entity, a.item_id, sum(a.foreign_minor) as minor,
            sum(case when a.foreign_minor is null then 1 else 0 end) as unknown
          from decision d join allocation a
            on a.decision_id = d.decision_id and a.rank = 0
          where d.state = 'posted' group by a.entity, a.item_id
        ) a on a.entity = i.entity and a.item_id = i.item_id
        where i.foreign_currency is not null and (
            i.foreign_open_minor is distinct from
              i.foreign_imported_minor - coalesce(a.minor, 0)
            or coalesce(a.unknown, 0) > 0
            or (i.open_minor > 0) <> (i.foreign_open_minor > 0)
            or (i.open_minor < 0) <> (i.foreign_open_minor < 0))
          or i.foreign_currency is null and (
            a.minor is not null or i.foreign_open_minor is not null)
        """,
    ),
    Check(
        "FOREIGN_LINES_DIFFER",
        "journal_entry",
        "the postings of items in a foreign currency are not what was allocated",
        """
        select d.seq, s.account || ' {' || s.minor || ' ' || s.currency || '}' from (
          select a.decision_id, i.account, i.customer_id,
            i.foreign_currency as currency, sum(a.foreign_minor) as minor
          from allocation a
          join open_item i on i.entity = a.entity and i.item_id = a.item_id
          where a.rank = 0 and a.foreign_minor is not null
          group by a.decision_id, i.account, i.customer_id, i.foreign_currency
        ) s
        join decision d on d.decision_id = s.decision_id and d.state = 'posted'
        left join (
          select e.decision_id, p.account, p.customer_id,
            p.foreign_currency as currency, sum(p.foreign_minor) as minor
          from journal_entry e join posting p on p.seq = e.seq
          where e.kind <> 'reversal' and e.decision_id is not null
            and p.item_id is null and p.foreign_minor is not null
          group by e.decision_id, p.account, p.customer_id, p.foreign_currency
        ) l on l.decision_id = s.decision_id and l.account = s.account
          and l.customer_id is not distinct from s.customer_id
          and l.currency = s.currency
        where s.minor <> -coalesce(l.minor, 0)
        """,
    ),
    Check(
        "ALLOCATION_ORPHAN",
        "allocation",
        "the allocation has no decision or no item",
        """
        select a.decision_id || ' ' || a.entity || ' ' || a.item_id, ''
        from allocation a
        where not exists (
            select 1 from decision d where d.decision_id = a.decision_id)
          or not exists (select 1 from open_item i
            where i.entity = a.entity and i.item_id = a.item_id)
        """,
    ),
    Check(
        "ADJUSTMENT_ORPHAN",
        "adjustment",
        "the adjustment has no decision",
        """
        select a.decision_id || ' ' || a.rank || ' ' || a.line_no, a.role
        from adjustment a where not exists (
          select 1 from decision d where d.decision_id = a.decision_id)
        """,
    ),
    Check(
        "CASH_NOT_CONSERVED",
        "decision",
        "cash and adjustments are not what was allocated",
        """
        select d.decision_id, 'payment ' || d.payment_id
        from decision d left join bank_entry b on b.payment_id = d.payment_id
        left join (
          select decision_id, sum(allocated_minor) as minor from allocation
          where rank = 0 and customer_id is not null group by decision_id
        ) a on a.decision_id = d.decision_id
        left join (
          select decision_id, sum(amount_minor) as minor from adjustment
          where rank = 0 and role not in ('on_account', 'suspense')
          group by decision_id
        ) j on j.decision_id = d.decision_id
        left join (
          select e.decision_id, sum(i.imported_minor) as minor
          from open_item i join journal_entry e on e.seq = i.seq
          where i.source in ('on_account', 'suspense') group by e.decision_id
        ) o on o.decision_id = d.decision_id
        left join journal_entry m on m.seq = d.seq
        left join posting p on p.seq = d.seq and b.currency <> m.currency
          and p.customer_id is null and p.item_id is null
          and p.foreign_currency = b.currency and p.foreign_minor = b.amount_minor
        where d.state = 'posted' and coalesce(p.amount_minor, b.amount_minor, 0)
          + coalesce(j.minor, 0) + coalesce(o.minor, 0) <> coalesce(a.minor, 0)
        """,
    ),
    Check(
        "MONEY_NOT_BOOKED",
        "journal_entry",
        "no account of the entry has the amount of the payment",
        f"""
        with {_MAIN_ENTRIES}
        select e.seq, 'payment ' || e.payment_id || ' {{' || b.amount_minor || ' '
          || b.currency || '}}'
        from main e
        left join (
          select payment_id, entity, currency, amount_minor from bank_entry
          union all select operation_id, entity, currency, 0 from operation
        ) b on b.payment_id = e.payment_id
        where b.amount_minor <> 0 and not exists (
            select 1 from posting p
            where p.seq = e.seq and p.customer_id is null and p.item_id is null
            group by p.account having
              b.currency = e.currency and sum(p.amount_minor) = b.amount_minor
              or b.currency <> e.currency and min(p.foreign_currency) = b.currency
                and sum(p.foreign_minor) = b.amount_minor)
          or b.entity is distinct from e.entity
        """,
    ),
    Check(
        "CUSTOMER_LINES_DIFFER",
        "journal_entry",
        "the postings on an account are not what was allocated to its items",
        """
        select d.seq, s.account || ' ' || coalesce(s.customer_id, '') from (
          select a.decision_id, i.account, i.customer_id,
            sum(a.allocated_minor) as minor
          from allocation a
          join open_item i on i.entity = a.entity and i.item_id = a.item_id
          where a.rank = 0 group by a.decision_id, i.account, i.customer_id
        ) s
        join decision d on d.decision_id = s.decision_id and d.state = 'posted'
        left join (
          select e.decision_id, p.account, p.customer_id, sum(p.amount_minor) as minor
          from journal_entry e join posting p on p.seq = e.seq
          where e.kind <> 'reversal' and e.decision_id is not null
            and p.item_id is null
          group by e.decision_id, p.account, p.customer_id
        ) l on l.decision_id = s.decision_id and l.account = s.account
          and l.customer_id is not distinct from s.customer_id
        where s.minor <> -coalesce(l.minor, 0)
          and not exists (select 1 from adjustment j
            where j.decision_id = d.decision_id and j.rank = 0
              and j.role not in ('on_account', 'suspense'))
        """,
    ),
    Check(
        "STATE_DIFFERS",
        "bank_entry",
        "the state of the payment is not what its entries say",
        f"""
        with {_MAIN_ENTRIES}, held as (
          select payment_id,
            sum(case when kind = 'suspense' then 1 else 0 end) as parked,
            sum(case when kind = 'clearing' then 1 else 0 end) as cleared,
            sum(case when kind = 'release' then 1 else 0 end) as released
          from main group by payment_id
        ), expected as (
          select b.payment_id, b.state, coalesce(h.parked, 0) as parked,
            coalesce(h.cleared, 0) as cleared, coalesce(h.released, 0) as released
          from bank_entry b left join held h on h.payment_id = b.payment_id
        )
        select payment_id, state from expected
        where not case state
          when 'posted' then cleared + released = 1 and parked = released
          when 'suspense' then parked = 1 and cleared + released = 0
          else parked + cleared + released = 0 end
        """,
    ),
    Check(
        "DECISION_DIFFERS",
        "decision",
        "the decision and its entry disagree",
        f"""
        with {_LIVE_ENTRIES}
        select d.decision_id, d.state || ' ' || d.payment_id from decision d
        left join journal_entry e on e.seq = d.seq
        left join live l on l.seq = d.seq
        left join bank_entry b on b.payment_id = d.payment_id
        left join operation o on o.operation_id = d.payment_id
        where coalesce(b.payment_id, o.operation_id) is null
          or (d.state in ('posted', 'reversed') and (
            e.decision_id is distinct from d.decision_id
            or e.payment_id <> d.payment_id))
          or (d.state = 'posted' and (l.seq is null or b.state <> 'posted'))
          or (o.operation_id is not null and d.state not in ('posted', 'reversed'))
          or (d.state = 'reversed' and l.seq is not null)
        """,
    ),
    Check(
        "ENTRY_WITHOUT_DECISION",
        "journal_entry",
        "the entry clears something that no decision posted",
        """
        select e.seq, e.kind from journal_entry e
        left join decision d on d.decision_id = e.decision_id
        where (e.kind = 'suspense') <> (e.decision_id is null)
          or (e.kind in ('clearing', 'release') and (d.seq is null or d.seq > e.seq))
        """,
    ),
    Check(
        "REVERSAL_DIFFERS",
        "journal_entry",
        "the reversal is not the mirror of its entry",
        """
        select r.seq, 'of ' || r.reverses_seq from journal_entry r
        left join journal_entry e on e.seq = r.reverses_seq
        where r.kind = 'reversal' and (
          e.seq is null or e.kind = 'reversal' or e.payment_id <> r.payment_id
          or e.entity <> r.entity
          or (select count(*) from posting p where p.seq = r.seq)
            <> (select count(*) from posting p where p.seq = e.seq)
          or exists (
            select 1 from posting p left join posting m on m.seq = r.seq
              and m.line_no = p.line_no and m.account = p.account
              and m.amount_minor = -p.amount_minor
            where p.seq = e.seq and m.seq is null))
        """,
    ),
    Check(
        "REFUSAL_MISSING",
        "refusal",
        "a refused or reversed match is not remembered",
        """
        select d.decision_id, d.payment_id from decision d
        where d.state in ('reversed', 'refused')
          and exists (select 1 from allocation a
            where a.decision_id = d.decision_id and a.rank = 0
              and a.customer_id is not null)
          and not exists (select 1 from refusal r where r.payment_id = d.payment_id)
          and not exists (
            select 1 from operation o where o.operation_id = d.payment_id)
        """,
    ),
    Check(
        "OWN_ITEM_DIFFERS",
        "open_item",
        "the item is not the posting that created it",
        """
        select i.entity || ' ' || i.item_id, i.source from open_item i
        left join journal_entry e on e.seq = i.seq
        left join posting p on p.seq = i.seq and p.line_no = i.line_no
        left join journal_entry r on r.reverses_seq = i.seq
        where i.source <> 'import' and (
          p.item_id is distinct from i.item_id or e.entity <> i.entity
          or i.imported_minor
            <> case when r.seq is null then p.amount_minor else 0 end)
        """,
    ),
    Check(
        "OWN_ITEM_MISSING",
        "posting",
        "the posting created an item that is not there",
        """
        select p.seq || '/' || p.line_no, p.item_id
        from posting p join journal_entry e on e.seq = p.seq
        where p.item_id is not null and not exists (select 1 from open_item i
          where i.entity = e.entity and i.item_id = p.item_id
            and i.seq = p.seq and i.line_no = p.line_no)
        """,
    ),
    Check(
        "LETTER_UNBALANCED",
        "letter_group",
        "the members of the group do not add up to its balance",
        """
        select g.letter_group, g.code || ' {' || g.balance_minor || ' }'
        from letter_group g
        left join (
          select m.letter_group,
            sum(coalesce(p.amount_minor, i.imported_minor)) as minor,
            sum(i.open_minor) as open_minor,
            sum(case when i.open_minor <> 0 then 1 else 0 end) as opens
          from letter_group g
          join letter_member m on m.letter_group = g.letter_group
          left join open_item i on i.entity = g.entity and i.item_id = m.item_id
          left join posting p on p.seq = m.seq and p.line_no = m.line_no
          where g.state = 'live' group by m.letter_group
        ) s on s.letter_group = g.letter_group
        where g.state = 'live' and (
          s.minor is null or s.minor <> g.balance_minor
          or coalesce(s.open_minor, 0) <> g.balance_minor
          or (g.kind = 'full') <> (coalesce(s.opens, 0) = 0))
        """,
    ),
    Check(
        "LETTER_MEMBER_WRONG",
        "letter_member",
        "the member is on another account, of another customer or not there",
        """
        select m.letter_group || '/' || m.member_no, coalesce(m.item_id, m.seq || '')
        from letter_member m
        left join letter_group g on g.letter_group = m.letter_group
        left join open_item i on i.entity = g.entity and i.item_id = m.item_id
        left join posting p on p.seq = m.seq and p.line_no = m.line_no
        left join journal_entry e on e.seq = m.seq
        where g.letter_group is null
          or (m.item_id is null and m.seq is null)
          or (m.seq is null) <> (m.line_no is null)
          or (m.item_id is not null and (m.seq is distinct from i.seq
            or m.line_no is distinct from i.line_no))
          or (m.item_id is not null and (i.item_id is null
            or i.account <> g.account or coalesce(i.customer_id, '') <> g.customer_id))
          or (m.seq is not null and (p.seq is null or e.entity <> g.entity
            or p.account <> g.account or coalesce(p.customer_id, '') <> g.customer_id))
        """,
    ),
    Check(
        "LETTERED_TWICE",
        "letter_member",
        "the posting is in two live groups",
        """
        select m.seq || '/' || m.line_no, '' from letter_member m
        join letter_group g on g.letter_group = m.letter_group and g.state = 'live'
        where m.seq is not null group by m.seq, m.line_no having count(*) > 1
        """,
    ),
    Check(
        "ITEM_LETTER_DIFFERS",
        "open_item",
        "the item and its lettering group disagree",
        """
        select i.entity || ' ' || i.item_id, '' || i.letter_group from open_item i
        where i.letter_group is not null and not exists (
          select 1 from letter_group g
          join letter_member m on m.letter_group = g.letter_group
          where g.letter_group = i.letter_group and g.state = 'live'
            and g.entity = i.entity and m.item_id = i.item_id)
        union all
        select g.entity || ' ' || m.item_id, '' || g.letter_group from letter_group g
        join letter_member m on m.letter_group = g.letter_group
        left join open_item i on i.entity = g.entity and i.item_id = m.item_id
        where g.state = 'live' and m.item_id is not null
          and i.letter_group is distinct from g.letter_group
        """,
    ),
    Check(
        "CLEARED_NOT_LETTERED",
        "open_item",
        "something is allocated to the item, yet it is in no group",
        """
        select entity || ' ' || item_id, '' from open_item
        where imported_minor <> open_minor and letter_group is null
        """,
    ),
    Check(
        "LETTER_STATE",
        "letter_group",
        "the group ended without an entry, or lives although it ended",
        """
        select g.letter_group, g.state from letter_group g
        where (g.state = 'live') <> (g.ended_seq is null)
          or not exists (select 1 from journal_entry e where e.seq = g.created_seq)
        """,
    ),
    Check(
        "ROWS_DIFFER",
        "import_file",
        "the rows of these files are not as many as were imported",
        """
        select c.kind, c.expected || ' imported, ' || c.found || ' stored' from (
          select 'bank' as kind, (select coalesce(sum(new_count), 0) from import_file
            where kind = 'bank') as expected,
            (select count(*) from bank_entry) as found
          union all
          select 'open_items', (select coalesce(sum(new_count), 0) from import_file
            where kind = 'open_items'),
            (select count(*) from open_item where source = 'import')
          union all
          select 'customers', (select coalesce(sum(new_count), 0) from import_file
            where kind = 'customers'), (select count(*) from customer)
          union all
          select 'remittances', (select coalesce(sum(new_count), 0) from import_file
            where kind = 'remittances'), (select count(*) from advice)
        ) c where c.expected <> c.found
        """,
    ),
    Check(
        "ADVICE_DIFFERS",
        "advice",
        "the lines of the advice are not those that were imported",
        """
        select a.advice_id, '' || a.line_count from advice a
        left join (
          select advice_id, count(*) as lines, sum(amount_minor) as minor,
            sum(case when amount_minor is null then 1 else 0 end) as unknown
          from advice_line group by advice_id
        ) l on l.advice_id = a.advice_id
        where coalesce(l.lines, 0) <> a.line_count or a.lines_minor
          is distinct from case when l.unknown = 0 then l.minor end
        """,
    ),
    Check(
        "ADVICE_LINKED_TWICE",
        "advice",
        "the advice has one payment, and lines of it have others",
        """
        select distinct a.advice_id, a.payment_id from advice a
        join advice_line l on l.advice_id = a.advice_id
        where a.payment_id is not null and l.payment_id is not null
        """,
    ),
    Check(
        "PARENT_MISSING",
        "import_file",
        "the row belongs to a file, payment, statement or advice that is not there",
        """
        select 'bank_entry ' || b.payment_id, '' from bank_entry b
        where not exists (select 1 from import_file f where f.import_id = b.import_id)
          or not exists (
            select 1 from statement s where s.statement_id = b.statement_id)
        union all
        select 'bank_reference ' || r.payment_id, '' from bank_reference r
        where not exists (
          select 1 from bank_entry b where b.payment_id = r.payment_id)
        union all
        select 'statement ' || s.statement_id, '' from statement s
        where not exists (select 1 from import_file f where f.import_id = s.import_id)
        union all
        select 'import_notice ' || n.import_id, '' from import_notice n
        where not exists (select 1 from import_file f where f.import_id = n.import_id)
        union all
        select 'advice ' || a.advice_id, '' from advice a
        where not exists (select 1 from import_file f where f.import_id = a.import_id)
          or (a.payment_id is not null and not exists (
            select 1 from bank_entry b where b.payment_id = a.payment_id))
        union all
        select 'advice_line ' || l.advice_id, '' from advice_line l
        where not exists (select 1 from advice a where a.advice_id = l.advice_id)
          or (l.payment_id is not null and not exists (
            select 1 from bank_entry b where b.payment_id = l.payment_id))
        union all
        select 'refusal ' || r.payment_id, '' from refusal r
        where not exists (
          select 1 from decision d where d.decision_id = r.decision_id)
        union all
        select 'customer ' || c.customer_id, '' from customer c
        where not exists (select 1 from import_file f where f.import_id = c.import_id)
        union all
        select 'open_item ' || i.entity || ' ' || i.item_id, '' from open_item i
        where i.import_id is not null and not exists (
          select 1 from import_file f where f.import_id = i.import_id)
        """,
    ),
    Check(
        "STATEMENT_UNBALANCED",
        "statement",
        "opening balance and entries are not the closing balance",
        """
        select s.statement_id, s.account || ' ' || coalesce(s.number, '') || ' {'
          || s.difference_minor || ' ' || coalesce(s.currency, '') || '}'
        from statement s where s.difference_minor <> 0
        """,
        severity="notice",
    ),
    Check(
        "STATEMENT_GAP",
        "statement",
        "the statement does not begin where the one before it ended",
        """
        select statement_id, account || ' ' || coalesce(number, '') || ' opens with {'
          || opening_minor || ' ' || coalesce(currency, '') || '} after {'
          || before_minor || ' ' || coalesce(currency, '') || '}'
        from (
          select s.*, lag(s.closing_minor) over (
              partition by s.account, s.currency
              order by s.opening_date, s.closing_date, s.statement_id) as before_minor,
            lag(s.opening_date) over (
              partition by s.account, s.currency
              order by s.opening_date, s.closing_date, s.statement_id) as before_date
          from statement s
          where s.kind = 'statement' and s.opening_minor is not null
            and s.closing_minor is not null and s.opening_date is not null
        ) w
        where opening_minor <> before_minor and opening_date > before_date
        """,
        severity="notice",
    ),
)


def findings(backend: Backend, *, workers: int = 2) -> Iterator[Finding]:
    """Yield what is wrong, in the order of the questions.

    Every question is one statement, so it sees one state of the ledger; several are
    asked at once, each over a connection of its own.
    """
    asked: list[Callable[[Database], list[Finding]]] = [
        _file_findings,
        identity.findings,
        *(partial(_asked, check=check) for check in CHECKS),
        _code_findings,
        analytic.findings,
        audit.findings,
    ]
    free: SimpleQueue[Database] = SimpleQueue()
    databases = [Database(backend, write=False) for _ in range(workers)]
    for database in databases:
        for statement in backend.before_checking:
            database.execute(statement)
        free.put(database)

    def ask(question: Callable[[Database], list[Finding]]) -> list[Finding]:
        database = free.get()
        try:
            return question(database)
        except StoreError as error:
            if error.reason != "LEDGER_DAMAGED":
                raise
            return [Finding("error", "FILE_DAMAGED", str(error), "file")]
        finally:
            free.put(database)

    try:
        with ThreadPoolExecutor(workers) as pool:
            for found in pool.map(ask, asked):
                yield from found
    finally:
        for database in databases:
            database.close()


def _file_findings(db: Database) -> list[Finding]:
    """Ask the database whether the storage itself is whole, if it can tell."""
    if db.backend.integrity is None:
        return []
    try:
        rows = db.query(db.backend.integrity, columns("key")).to_pylist()
    except AllocError as error:
        rows = [{"key": str(error)}]
    return [
        Finding("error", "FILE_DAMAGED", row["key"], "file")
        for row in rows
        if row["key"] != "ok"
    ]


def _code_findings(db: Database) -> list[Finding]:
    """Compare the code of each lettering group with its number."""
    groups = db.query(
        "select letter_group, code_no, kind, code from letter_group order by 1", _CODES
    )
    try:
        codes = engine.letter_codes(
            groups.select(["code_no", "kind"]).rename_columns(["code_index", "kind"])
        )
        odd = groups.filter(pc.not_equal(groups["code"], codes))
    except AllocError as error:
        return [Finding("error", "LETTER_CODE_DIFFERS", str(error), "letter_group")]
    return [
        Finding(
            "error",
            "LETTER_CODE_DIFFERS",
            f"the code {row['code']} is not that of number {row['code_no']}",
            "letter_group",
            str(row["letter_group"]),
        )
        for row in odd.slice(0, LISTED_MAX).to_pylist()
    ]


def _asked(db: Database, check: Check) -> list[Finding]:
    try:
        rows = db.query(check.sql, _ROWS).to_pylist()
    except AllocError as error:
        # A sum beyond 64 bits or a text in place of an amount: tampered with.
        message = f"{check.message}: {error}"
        return [Finding("error", check.code, message, check.subject)]
    found = []
    for row in rows[:LISTED_MAX]:
        said = f" ({_with_amounts(row['detail'])})" if row["detail"] else ""
        message = check.message + said
        found.append(
            Finding(check.severity, check.code, message, check.subject, row["key"])
        )
    if len(rows) > LISTED_MAX:
        more = f"{check.message}: {len(rows) - LISTED_MAX} more"
        found.append(Finding(check.severity, check.code, more, check.subject))
    return found


_AMOUNT = re.compile(r"\{(-?[0-9]+) ([A-Z]{3})?\}")


def _with_amounts(detail: str) -> str:
    """Write the amounts of a detail, ``{1234 EUR}`` in minor units, for people."""
    return _AMOUNT.sub(
        lambda found: (
            amount_text(int(found[1]), found[2])
            if found[2]
            else f"{found[1]} minor units"
        ),
        detail,
    )
