"""What posted decisions tell of payers, less what a person had forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from alloc import engine
from alloc.app.payer_memory import HABIT, Choices
from alloc.store.columns import columns
from alloc.store.files import utc
from alloc.store.reading import HISTORY, Where, stage_keys

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection

    from alloc.app.payer_memory import FactKey
    from alloc.store.database import Database

FACTS = columns("kind value customer_id payments:big since:date until:date")
SEEN = columns(
    "payment_id entity value_date currency amount_minor customer_id decided_at "
    "decided_by"
)
_FORGOTTEN = columns("kind value customer_id forgotten_at forgotten_by reason")

#: Every posted payment by what its payer is known by; a fact forgotten later hides it.
_SEEN = """
    from (
      select 'account' as kind, b.counterparty_iban as value, b.* from bank_entry b
      where b.counterparty_iban is not null
      union all
      select 'name' as kind, b.counterparty_name as value, b.* from bank_entry b
      where b.counterparty_name is not null
    ) f
    join decision d on d.payment_id = f.payment_id and d.state = 'posted'
    join allocation a on a.decision_id = d.decision_id and a.rank = 0
      and a.customer_id is not null
    left join (
      select kind, value, customer_id, max(forgotten_at) as forgotten_at
      from forgotten_fact group by kind, value, customer_id
    ) g on g.kind = f.kind and g.value = f.value and g.customer_id = a.customer_id
"""
_KEPT = "(g.forgotten_at is null or d.decided_at > g.forgotten_at)"


def payer_facts(
    db: Database, values: Collection[str] | None, since: dt.date | None
) -> pa.Table:
    """Return the facts of these accounts and names, or all of them."""
    where = Where(_KEPT)
    if values is not None:
        keys = stage_keys(db, "stage_known_by", values)
        where = Where(str(where), f"f.value in {keys}")
    grouped = f"""
        select f.kind, f.value, a.customer_id,
          count(distinct f.payment_id) as payments,
          min(f.value_date) as since, max(f.value_date) as until
        {_SEEN} where {where} group by f.kind, f.value, a.customer_id
    """
    lately = Where("true")
    lately.add("known.until >= {}", since)
    return db.query(
        f"select * from ({grouped}) known where {lately} "
        "order by kind, value, customer_id",
        FACTS,
        lately.parameters,
    )


def fact_payments(db: Database, value: str) -> pa.Table:
    """Return the posted payments of an account or a name, and whose items they paid."""
    where = Where(_KEPT)
    where.add("f.value = {}", value)
    return db.query(
        f"""
        select distinct f.payment_id, f.entity, f.value_date, f.currency,
          f.amount_minor, a.customer_id, d.decided_at, d.decided_by
        {_SEEN} where {where} order by f.value_date, f.payment_id, a.customer_id
        """,
        SEEN,
        where.parameters,
    )


def forget(
    db: Database,
    facts: Collection[FactKey],
    *,
    forgotten_by: str,
    reason: str,
    now: dt.datetime,
) -> None:
    """Count what was posted up to now no more for these facts."""
    rows = [
        {
            **dict(zip(("kind", "value", "customer_id"), fact, strict=True)),
            "forgotten_at": utc(now),
            "forgotten_by": forgotten_by,
            "reason": reason,
        }
        for fact in facts
    ]
    with db.write():
        db.stage("stage_forgotten", pa.Table.from_pylist(rows, _FORGOTTEN))
        names = ", ".join(_FORGOTTEN.names)
        db.execute(
            f"insert into forgotten_fact ({names}) select {names} "
            "from stage_forgotten s where not exists (select 1 from forgotten_fact g "
            "where g.kind = s.kind and g.value = s.value "
            "and g.customer_id = s.customer_id and g.forgotten_at = s.forgotten_at)"
        )


def forgotten_facts(db: Database, value: str) -> pa.Table:
    """Return each time that an account or a name was forgotten."""
    return db.query(
        f"select {', '.join(_FORGOTTEN.names)} from forgotten_fact where value = $1 "
        "order by forgotten_at, kind, customer_id",
        _FORGOTTEN,
        (value,),
    )


_ITEMS = (
    "item_id entity customer_id reference currency kind open_minor issue_date "
    "due_date disputed payer_id"
)
#: What payments settled that are posted, less those of payers that were forgotten.
_CHOSEN = f"""
    from bank_entry b
    join decision d on d.payment_id = b.payment_id and d.state = 'posted'
    join allocation a on a.decision_id = d.decision_id and a.rank = 0
    left join (
      select value, customer_id, max(forgotten_at) as forgotten_at
      from forgotten_fact where kind = '{HABIT}' group by value, customer_id
    ) g on g.value = a.entity and g.customer_id = a.customer_id
    where a.customer_id is not null and {_KEPT}
      and b.value_date >= $1
"""


def choices(db: Database, since: dt.date) -> Choices:
    """Return what posted payments settled, and what was open before them."""
    history = db.query(
        f"""
        select b.payment_id, b.value_date, a.entity, a.customer_id,
          b.counterparty_name, b.counterparty_iban, a.item_id, null, b.amount_minor,
          a.allocated_minor
        {_CHOSEN} order by b.value_date, b.payment_id, a.item_id
        """,
        _of("history", *HISTORY.names),
        (since,),
    )
    items = db.query(
        f"""
        select i.item_id, i.entity, i.customer_id, i.reference, i.currency, i.kind,
          i.open_minor + coalesce(s.settled_minor, 0), i.issue_date, i.due_date,
          i.disputed, i.payer_id
        from open_item i
        left join (
          select a.entity, a.item_id, sum(a.allocated_minor) as settled_minor
          {_CHOSEN} group by a.entity, a.item_id
        ) s on s.entity = i.entity and s.item_id = i.item_id
        where i.source <> 'suspense'
          and i.open_minor + coalesce(s.settled_minor, 0) <> 0
        order by i.entity, i.item_id
        """,
        _of("open_items", *_ITEMS.split()),
        (since,),
    )
    return Choices(items, history)


def _of(table: str, *names: str) -> pa.Schema:
    """Return these columns of a table of the engine, in this order."""
    schema = engine.schema(table)
    return pa.schema([schema.field(name) for name in names])
