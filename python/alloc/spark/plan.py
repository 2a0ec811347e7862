"""Which entities meet in which shard.

A decision may depend on every item of its own entity: how common an amount is among
them, how many references could be named by accident, whose reference stands in a text.
It depends on no item of another entity. So an entity is never split, and entities are
put together so that no shard has much more to do than the others.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from alloc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Shards of one call; a shard costs a task of Spark, however little is in it.
SHARDS_MAX = 100_000

#: How many items' worth of work a payment is, about: `docs/guide/spark.md`.
ITEMS_PER_PAYMENT = 100

_COUNTED = ("entity", "count")

PLANNED = pa.schema(
    [
        ("entity", pa.string()),
        ("items", pa.int64()),
        ("payments", pa.int64()),
        ("weight", pa.int64()),
        ("shard", pa.int32()),
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class ShardPlan:
    """Where each entity is decided.

    Parameters
    ----------
    entities
        One row an entity, by name: entity, items, payments, weight (what it costs, in
        items), shard. An entity that is null has its row, too: the engine names it.
    shards
        How many shards there are: never more than entities.
    """

    entities: pa.Table
    shards: int

    @property
    def loads(self) -> tuple[int, ...]:
        """The weight of each shard."""
        loads = [0] * self.shards
        pairs = (self.entities[name].to_pylist() for name in ("shard", "weight"))
        for shard, weight in zip(*pairs, strict=True):
            loads[shard] += weight
        return tuple(loads)

    @property
    def skew_ppm(self) -> int:
        """How long the heaviest shard takes, in ppm of what all take by even shares."""
        loads = self.loads
        return max(loads, default=0) * len(loads) * 1_000_000 // max(sum(loads), 1)

    @property
    def kept_together(self) -> pa.Table:
        """Entities that alone weigh more than an even share of the work.

        More shards do not make the run shorter than the first of them takes.
        """
        entities = self.entities
        total = pc.sum(entities["weight"]).as_py() or 0
        over = pc.greater(pc.multiply(entities["weight"], max(self.shards, 1)), total)
        order = [("weight", "descending"), ("entity", "ascending")]
        return entities.filter(over).sort_by(order)


def plan_shards(items: pa.Table, payments: pa.Table, *, shards: int) -> ShardPlan:
    """Put entities into shards, each next one where there is the least to do.

    The heaviest entity comes first (LPT; Graham 1969: the heaviest shard is at most a
    third above the best possible one). Equal counts give an equal plan.

    Parameters
    ----------
    items, payments
        How many rows each entity has: entity, count; an entity stands there once. One
        without payments has nothing to decide and is left out.
    shards
        How many there may be, 1 to `SHARDS_MAX`.

    Raises
    ------
    alloc.errors.InputError
        ``shards`` is out of range (``SHARDS_INVALID``).

    Examples
    --------
    >>> items = pa.table({"entity": ["A", "B", "C"], "count": [50, 10, 30]})
    >>> payments = pa.table({"entity": ["A", "B", "C"], "count": [1, 1, 1]})
    >>> plan = plan_shards(items, payments, shards=2)
    >>> plan.entities["shard"].to_pylist(), plan.loads
    ([0, 1, 1], (150, 240))
    """
    if not 1 <= shards <= SHARDS_MAX:
        raise InputError(
            f"shards is {shards}; it must be from 1 to {SHARDS_MAX}",
            reason="SHARDS_INVALID",
            field="shards",
        )
    of_items, of_payments = (
        dict(zip(*(table[name].to_pylist() for name in _COUNTED), strict=True))
        for table in (items, payments)
    )
    weights = {
        entity: of_items.get(entity, 0) + count * ITEMS_PER_PAYMENT
        for entity, count in of_payments.items()
    }
    used = min(shards, len(weights))
    shard_of = _spread(weights, used)
    rows = [
        (entity, of_items.get(entity, 0), of_payments[entity], weights[entity], shard)
        for entity, shard in sorted(shard_of.items(), key=lambda pair: _by_name(*pair))
    ]
    columns = zip(*rows, strict=True) if rows else [[]] * len(PLANNED)
    return ShardPlan(_table(columns), used)


def _spread(weights: dict[str | None, int], shards: int) -> dict[str | None, int]:
    """Hand the heaviest entity that is left to the lightest shard."""
    loads = [(0, shard) for shard in range(shards)]
    shard_of = {}
    for entity in sorted(weights, key=lambda name: (-weights[name], _by_name(name))):
        load, shard = loads[0]
        shard_of[entity] = shard
        heapq.heapreplace(loads, (load + weights[entity], shard))
    return shard_of


def _by_name(entity: str | None, *_: object) -> tuple[bool, str]:
    return (entity is None, entity or "")


def _table(columns: Iterable[Iterable[object]]) -> pa.Table:
    arrays = [
        pa.array(column, field.type)
        for column, field in zip(columns, PLANNED, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=PLANNED)
