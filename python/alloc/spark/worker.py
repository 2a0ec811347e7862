"""What runs on an executor: a shard, by one call of `alloc.propose` for each entity.

Rows reach a shard in any order; items are brought into that of their ids, so that a
task that is run again answers with the same bytes. A row that the engine refuses does
not sink the job: its entity is answered by a failure that names the row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from alloc import engine
from alloc.errors import AllocError
from alloc.spark.answer import answer_schema, answers_of, failure_of

if TYPE_CHECKING:
    from collections.abc import Mapping


#: The tables that every shard is handed whole: payers are known across entities.
KNOWN = ("customers", "history", "habits")

#: What names a row of the tables of a shard.
_KEYS = {
    "open_items": "item_id",
    "payments": "payment_id",
    "remittances": "payment_id",
}


class Shared(Protocol):
    """Bytes that reach every executor once: a broadcast of Spark."""

    @property
    def value(self) -> bytes:
        """A table as an Arrow stream."""


@dataclass(frozen=True, slots=True)
class Call:
    """What all shards of a call share.

    Parameters
    ----------
    known
        The tables of `KNOWN` that were handed in, by name.
    policy
        As in `alloc.propose`.
    threads
        As in `alloc.propose`; as many as a task has processors.
    """

    known: Mapping[str, Shared]
    policy: Mapping[str, object]
    threads: int


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """The rows of one entity, by the engine's contract."""

    open_items: pa.Table
    payments: pa.Table
    remittances: pa.Table | None


def answer_shard(items: pa.Table, asked: pa.Table, call: Call) -> pa.Table:
    """Decide the entities of a shard, one after the other.

    Parameters
    ----------
    items
        Open items.
    asked
        ``payment`` and, where there are any, ``line``, which has the entity of its
        payment beside its own columns: each row is one or the other.

    Returns
    -------
    pyarrow.Table
        Rows of `alloc.spark.answer.answer_schema`.
    """
    known = {name: _table(call.known.get(name)) for name in KNOWN}
    open_items = _by_entity(items, "open_items", "item_id")
    payments = _by_entity(_rows(asked, "payment"), "payments")
    lines = _by_entity(_rows(asked, "line"), "remittances")
    answers = [answer_schema().empty_table()]
    for entity, paid in payments.items():
        none = engine.schema("open_items").empty_table()
        mine = Asked(open_items.get(entity, none), paid, lines.get(entity))
        answers.append(_answered(entity, mine, known, call))
    return pa.concat_tables(answers)


def _answered(
    entity: str | None,
    asked: Asked,
    known: Mapping[str, pa.Table | None],
    call: Call,
) -> pa.Table:
    try:
        proposal = engine.propose(
            asked.open_items,
            asked.payments,
            asked.remittances,
            **known,
            policy=call.policy,
            threads=call.threads,
        )
    except AllocError as error:
        return failure_of(entity, asked.payments.num_rows, error, _key(asked, error))
    return answers_of(proposal, asked.payments)


def _key(asked: Asked, error: AllocError) -> dict[str, str]:
    """Name the row by its key: its place in a shard tells nobody anything."""
    table, row = error.metadata.get("table", ""), error.metadata.get("row")
    if table not in _KEYS or row is None:
        return {}
    rows = getattr(asked, table)
    key = rows[_KEYS[table]][int(row) - 1].as_py()
    return {} if key is None else {_KEYS[table]: key}


def _rows(asked: pa.Table, column: str) -> pa.Table | None:
    """Take the rows of one table out of those that were asked together."""
    if column not in asked.column_names:
        return None
    rows = asked[column]
    return pa.Table.from_struct_array(rows.filter(pc.is_valid(rows)))


def _by_entity(
    rows: pa.Table | None, table: str, *keys: str
) -> dict[str | None, pa.Table]:
    """Part rows by entity, each in the order of the keys; columns of the contract."""
    if rows is None or not rows.num_rows:
        return {}
    rows = rows.sort_by([(key, "ascending") for key in ("entity", *keys)])
    known = [name for name in engine.schema(table).names if name in rows.column_names]
    runs = pc.run_end_encode(rows["entity"].combine_chunks())
    rows, parts, start = rows.select(known), {}, 0
    pairs = zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True)
    for entity, end in pairs:
        parts[entity] = rows.slice(start, end - start)
        start = end
    return parts


def _table(shared: Shared | None) -> pa.Table | None:
    if shared is None:
        return None
    with pa.ipc.open_stream(shared.value) as stream:
        return stream.read_all()
