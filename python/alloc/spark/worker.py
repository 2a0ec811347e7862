"""What runs on an executor: a shard, by one call of `alloc.propose`.

Rows reach a shard in any order, and the answer is the same: a task that is run again
answers with the same bytes. A row that the engine refuses does not sink the job: its
company is answered by a failure that names the row, the others are decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from alloc import engine
from alloc.errors import AllocError
from alloc.spark.answer import answers_of, failure_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


#: The tables that every shard is handed whole: payers are known across entities.
KNOWN = ("customers", "history", "habits")

#: What names a row of the tables of a shard, in the order of their rows.
_KEYS = {
    "open_items": ("item_id",),
    "payments": ("payment_id",),
    "remittances": ("payment_id", "line_no"),
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
class Shard:
    """The rows of some companies, whole."""

    open_items: pa.Table
    payments: pa.Table
    remittances: pa.Table | None


def answer_shard(shard: Shard, call: Call) -> pa.Table:
    """Decide the companies of a shard together; one by one if a row is refused.

    Returns
    -------
    pyarrow.Table
        Rows of `alloc.spark.answer.answer_schema`.
    """
    known = {name: _table(call.known.get(name)) for name in KNOWN}
    try:
        return _answered(shard, known, call)
    except AllocError:
        one_by_one = _companies(shard)
    answers = []
    for entity, mine in one_by_one:
        try:
            answers.append(_answered(mine, known, call))
        except AllocError as error:
            key = _key(mine, error)
            answers.append(failure_of(entity, mine.payments.num_rows, error, key))
    return pa.concat_tables(answers)


def _answered(
    shard: Shard, known: Mapping[str, pa.Table | None], call: Call
) -> pa.Table:
    proposal = engine.propose(
        shard.open_items,
        shard.payments,
        shard.remittances,
        **known,
        policy=call.policy,
        threads=call.threads,
    )
    return answers_of(proposal, shard.payments)


def _companies(shard: Shard) -> Iterator[tuple[str | None, Shard]]:
    """Part a shard by company, each in the order of its keys.

    So of two rows that are refused the same one is named, however often it runs.
    """
    items, payments = _sorted(shard, "open_items"), _sorted(shard, "payments")
    lines = None if shard.remittances is None else _sorted(shard, "remittances")
    for entity in pc.unique(payments["entity"].sort()).to_pylist():
        same = pa.array([entity], pa.string())
        paid = payments.filter(pc.is_in(payments["entity"], value_set=same))
        mine = items.filter(pc.is_in(items["entity"], value_set=same))
        if lines is None:
            yield entity, Shard(mine, paid, None)
        else:
            ours = pc.is_in(lines["payment_id"], value_set=paid["payment_id"])
            yield entity, Shard(mine, paid, lines.filter(ours))


def _sorted(shard: Shard, table: str) -> pa.Table:
    rows: pa.Table = getattr(shard, table)
    return rows.sort_by([(key, "ascending") for key in _KEYS[table]])


def _key(shard: Shard, error: AllocError) -> dict[str, str]:
    """Name the row by its key: its place in a shard tells nobody anything."""
    table, row = error.metadata.get("table", ""), error.metadata.get("row")
    if table not in _KEYS or row is None:
        return {}
    name = _KEYS[table][0]
    key = getattr(shard, table)[name][int(row) - 1].as_py()
    return {} if key is None else {name: key}


def _table(shared: Shared | None) -> pa.Table | None:
    if shared is None:
        return None
    with pa.ipc.open_stream(shared.value) as stream:
        return stream.read_all()
