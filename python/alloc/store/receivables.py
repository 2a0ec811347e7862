"""Importing open items and customers: they follow the accounting system.

An item with allocations of ours is never overwritten: what the source says may
be older than what we posted. Items without any follow their source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.amounts import amount_text
from alloc.app.ports import ImportCounts
from alloc.errors import InputError
from alloc.store.columns import check_unique, columns, conformed, listed
from alloc.store.files import Import, already_imported, check_currencies
from alloc.store.reading import stage_keys

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Mapping

    from alloc.app.ports import SourceFile
    from alloc.store.database import Database

_ITEMS = columns(
    "entity item_id customer_id customer_name? reference? other_references:list? "
    "currency kind? account? open_minor original_minor? issue_date? due_date? "
    "disputed:bool? payer_id? vat:vat? foreign_currency? foreign_minor? "
    "analytic:list?"
)
_CUSTOMERS = columns(
    "customer_id name known_ibans:list? aliases:list? customer_type? parent_id? "
    "supplier_id? siren? vat_number?"
)
#: What closes an item as if it never was; 0 times nothing is nothing.
NOTHING = (
    "imported_minor = 0, open_minor = 0, "
    "foreign_imported_minor = 0 * foreign_imported_minor, "
    "foreign_open_minor = 0 * foreign_open_minor"
)
_OUTCOMES = columns("outcome count:big")
_KEPT = columns("entity item_id currency theirs_minor ours_minor")

#: The key of an item, and its amounts: here, and in its own currency.
_OWN = ("entity", "item_id", "open_minor", "foreign_minor")
#: What an item says of itself beside them.
_ATTRIBUTES = tuple(name for name in _ITEMS.names if name not in _OWN)
#: What may not change under an allocation.
_IDENTITY = ("customer_id", "currency", "account", "foreign_currency")


def import_open_items(
    db: Database,
    source: SourceFile,
    items: pa.Table,
    *,
    accounts: Mapping[str, str],
    snapshot_of: Collection[str],
    now: dt.datetime,
) -> ImportCounts:
    """Add and follow the open items of an accounting system."""
    items = conformed(items, _ITEMS, what=source.name)
    check_unique(
        items, ["entity", "item_id"], what=source.name, reason="OPEN_ITEM_TWICE"
    )
    check_currencies(pc.unique(items["currency"]).to_pylist(), file=source.name)
    _check_foreign(items, source.name)
    items = _completed(items, accounts, source.name)
    with db.write():
        if known := already_imported(db, source):
            return known
        running = Import(db, source, now)
        running.begin()
        counts = _compare_items(db, items)
        _add_items(running)
        _follow_items(running)
        _note_kept(running)
        closed = _close_missing(running, snapshot_of)
        return running.end(
            ImportCounts(
                import_id=running.import_id,
                read=len(items),
                new=counts.get("new", 0),
                known=counts.get("known", 0),
                changed=counts.get("changed", 0),
                kept=counts.get("kept", 0),
                closed=closed,
            )
        )


def _check_foreign(items: pa.Table, file: str) -> None:
    """Check that an amount in another currency names it, and says the same as ours."""
    minor = items["foreign_minor"]
    named = pc.equal(pc.is_valid(items["foreign_currency"]), pc.is_valid(minor))
    signs = pc.equal(pc.sign(minor), pc.sign(items["open_minor"]))
    other = pc.not_equal(items["foreign_currency"], items["currency"])
    fits = pc.and_(named, pc.fill_null(pc.and_(signs, other), fill_value=True))
    wrong = items.filter(pc.invert(fits))
    if len(wrong):
        item_id = wrong["item_id"][0].as_py()
        raise InputError(
            f"{file}: item {item_id} has an amount in another currency that does not "
            "go with its own: give foreign_currency and foreign_minor together, in "
            "another currency and with the same sign",
            reason="FOREIGN_AMOUNT_INVALID",
            file=file,
            item_id=item_id,
        )
    currencies = pc.unique(items["foreign_currency"].drop_null())
    check_currencies(currencies.to_pylist(), file=file)


def _completed(items: pa.Table, accounts: Mapping[str, str], file: str) -> pa.Table:
    """Fill in the customer account, the kind and the dispute flag."""
    entities = pc.unique(items["entity"])
    unknown = sorted(set(entities.to_pylist()) - set(accounts))
    if unknown:
        raise InputError(
            f"{file}: entity {listed(unknown)} is not in alloc.toml: add it with "
            "alloc entity add",
            reason="ENTITY_UNKNOWN",
            file=file,
            entity=unknown[0],
        )
    standard = pa.array([accounts[name] for name in entities.to_pylist()], pa.string())
    account = pc.coalesce(
        items["account"], standard.take(pc.index_in(items["entity"], entities))
    )
    kind = pc.coalesce(
        items["kind"],
        pc.if_else(pc.less(items["open_minor"], 0), "credit_note", "invoice"),
    )
    disputed = pc.fill_null(items["disputed"], fill_value=False)
    for name, column in (("account", account), ("kind", kind), ("disputed", disputed)):
        items = items.set_column(items.schema.get_field_index(name), name, column)
    return items


def _compare_items(db: Database, items: pa.Table) -> dict[str, int]:
    """Stage the items with what is to be done with each; return the counts."""
    db.load("stage_item", items)
    differs = " or ".join(f"s.{name} is distinct from i.{name}" for name in _ATTRIBUTES)
    moved = " or ".join(f"s.{name} is distinct from i.{name}" for name in _IDENTITY)
    db.execute("drop table if exists stage_outcome")
    db.execute(
        f"""
        create temporary table stage_outcome as
        select s.entity, s.item_id, i.open_minor as ours_minor, case
          when i.item_id is null then 'new'
          when s.open_minor not in (i.imported_minor, i.open_minor)
            and (i.imported_minor <> i.open_minor or i.source <> 'import') then 'kept'
          when i.source <> 'import' then 'known'
          when i.imported_minor <> i.open_minor and ({moved}) then 'kept'
          when s.open_minor not in (i.imported_minor, i.open_minor) or {differs}
            or s.foreign_minor is distinct from i.foreign_open_minor
              and i.imported_minor = i.open_minor
            then 'changed'
          else 'known' end as outcome
        from stage_item s
        left join open_item i on i.entity = s.entity and i.item_id = s.item_id
        """
    )
    rows = db.query(
        "select outcome, count(*) from stage_outcome group by outcome", _OUTCOMES
    )
    return dict(zip(*(column.to_pylist() for column in rows.columns), strict=True))


def _add_items(running: Import) -> None:
    names = ", ".join(f"s.{name}" for name in _ATTRIBUTES)
    running.db.execute(
        f"""
        insert into open_item (entity, item_id, {", ".join(_ATTRIBUTES)},
          imported_minor, open_minor, foreign_imported_minor, foreign_open_minor,
          source, import_id)
        select s.entity, s.item_id, {names}, s.open_minor, s.open_minor,
          s.foreign_minor, s.foreign_minor, 'import', $1
        from stage_outcome o
        join stage_item s on s.entity = o.entity and s.item_id = o.item_id
        where o.outcome = 'new'
        """,
        (running.import_id,),
    )


def _follow_items(running: Import) -> None:
    """Take over what changed; the amount only where we allocated nothing."""
    changes = ", ".join(f"{name} = s.{name}" for name in _ATTRIBUTES)
    untouched = "open_item.imported_minor = open_item.open_minor"
    running.db.execute(
        f"""
        update open_item set {changes}, import_id = $1,
          imported_minor = case when {untouched} then s.open_minor
            else open_item.imported_minor end,
          open_minor = case when {untouched} then s.open_minor
            else open_item.open_minor end,
          foreign_imported_minor = case when {untouched} then s.foreign_minor
            else open_item.foreign_imported_minor end,
          foreign_open_minor = case when {untouched} then s.foreign_minor
            else open_item.foreign_open_minor end
        from stage_outcome o
        join stage_item s on s.entity = o.entity and s.item_id = o.item_id
        where o.outcome = 'changed' and open_item.entity = o.entity
          and open_item.item_id = o.item_id
        """,
        (running.import_id,),
    )


def _note_kept(running: Import) -> None:
    kept = running.db.query(
        """
        select o.entity, o.item_id, s.currency, s.open_minor, o.ours_minor
        from stage_outcome o
        join stage_item s on s.entity = o.entity and s.item_id = o.item_id
        where o.outcome = 'kept' order by o.entity, o.item_id
        """,
        _KEPT,
    )
    for row in kept.to_pylist():
        running.notice(
            "OPEN_ITEM_DIFFERS",
            f"item {row['item_id']} of {row['entity']}: the file says "
            f"{amount_text(row['theirs_minor'], row['currency'])} is open, here "
            f"{amount_text(row['ours_minor'], row['currency'])} after our allocations; "
            "ours is kept",
            key=f"{row['entity']} {row['item_id']}",
        )


def _close_missing(running: Import, snapshot_of: Collection[str]) -> int:
    """Close items that a full list no longer has and that we did not touch."""
    if not snapshot_of:
        return 0
    db = running.db
    where = f"""
        source = 'import' and open_minor <> 0 and imported_minor = open_minor
        and entity in {stage_keys(db, "stage_snapshot", snapshot_of)}
        and not exists (select 1 from stage_outcome o
          where o.entity = open_item.entity and o.item_id = open_item.item_id)
        """
    db.execute("create index stage_outcome_key on stage_outcome (entity, item_id)")
    closed = db.integer(f"select count(*) from open_item where {where}")
    db.execute(
        f"update open_item set {NOTHING}, import_id = $1 where {where}",
        (running.import_id,),
    )
    return closed


def import_customers(
    db: Database, source: SourceFile, customers: pa.Table, *, now: dt.datetime
) -> ImportCounts:
    """Add and follow customers."""
    customers = conformed(customers, _CUSTOMERS, what=source.name)
    check_unique(customers, ["customer_id"], what=source.name, reason="CUSTOMER_TWICE")
    names = [name for name in _CUSTOMERS.names if name != "customer_id"]
    differs = " or ".join(f"s.{name} is distinct from c.{name}" for name in names)
    with db.write():
        if known := already_imported(db, source):
            return known
        running = Import(db, source, now)
        running.begin()
        db.stage("stage_customer", customers)
        joined = "from stage_customer s left join customer c using (customer_id)"
        new = db.integer(f"select count(*) {joined} where c.name is null")
        changed = db.integer(
            f"select count(*) {joined} where c.name is not null and ({differs})"
        )
        db.execute(
            f"update customer set import_id = $1, "
            f"{', '.join(f'{name} = s.{name}' for name in names)} "
            "from stage_customer s where s.customer_id = customer.customer_id "
            f"and ({differs.replace('c.', 'customer.')})",
            (running.import_id,),
        )
        db.execute(
            f"insert into customer (customer_id, {', '.join(names)}, import_id) "
            f"select s.customer_id, {', '.join(f's.{name}' for name in names)}, $1 "
            f"{joined} where c.name is null",
            (running.import_id,),
        )
        return running.end(
            ImportCounts(
                import_id=running.import_id,
                read=len(customers),
                new=new,
                changed=changed,
                known=len(customers) - new - changed,
            )
        )
