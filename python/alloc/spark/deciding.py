"""The engine's `propose`, asked here and answered on a cluster: for the use cases.

Tables that are here already are parted here: nothing is shuffled.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alloc.spark.answer import answer_schema, proposal_of
from alloc.spark.plan import plan_shards
from alloc.spark.worker import Call, Shard, answer_shard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pyspark.sql import SparkSession

    from alloc.engine import Proposal
    from alloc.spark.plan import ShardPlan

#: Several for each processor: the quick ones even out the slow ones.
SHARDS_PER_PROCESSOR = 4


def decider(spark: SparkSession) -> Callable[..., Proposal]:
    """Return what has the form and the answers of `alloc.engine.propose`.

    What is handed in and what comes back are tables of this process; only the deciding
    is the cluster's. An id of a payment is taken for one of its own.

    Parameters
    ----------
    spark
        As for `alloc.spark.propose`.
    """
    from alloc.spark.frames import shared  # noqa: PLC0415

    context = spark.sparkContext
    shards = SHARDS_PER_PROCESSOR * context.defaultParallelism
    threads = int(spark.conf.get("spark.task.cpus", "1") or 1)

    def decide(  # the tables of `alloc.propose`, in its order
        open_items: pa.Table,
        payments: pa.Table,
        remittances: pa.Table | None = None,
        customers: pa.Table | None = None,
        history: pa.Table | None = None,
        *,
        habits: pa.Table | None = None,
        policy: Mapping[str, object],
    ) -> Proposal:
        known = {"customers": customers, "history": history, "habits": habits}
        sent = shared(spark, known)
        call = Call(sent, dict(policy), threads)
        plan = plan_shards(_counts(open_items), _counts(payments), shards=shards)
        parts = list(_parts(plan, Shard(open_items, payments, remittances)))
        context.setJobDescription(f"alloc: decide {payments.num_rows} payments")
        tasks = context.parallelize(parts, max(plan.shards, 1))
        answers = tasks.map(partial(answer_shard, call=call)).collect()
        for table in sent.values():
            table.destroy()
        return proposal_of(pa.concat_tables([answer_schema().empty_table(), *answers]))

    return decide


def _counts(rows: pa.Table) -> pa.Table:
    counts = rows.group_by("entity").aggregate([([], "count_all")])
    return counts.rename_columns(["entity", "count"])


def _parts(plan: ShardPlan, whole: Shard) -> Iterator[Shard]:
    """Take the rows of each shard out of those of all companies."""
    items = _by_shard(plan, whole.open_items)
    payments = _by_shard(plan, whole.payments)
    for at in range(plan.shards):
        paid, lines = whole.payments.take(payments[at]), whole.remittances
        if lines is not None:
            ids = paid["payment_id"]
            lines = lines.filter(pc.is_in(lines["payment_id"], value_set=ids))
        yield Shard(whole.open_items.take(items[at]), paid, lines)


def _by_shard(plan: ShardPlan, rows: pa.Table) -> list[pa.Array]:
    """Say which rows are of which shard; those of no payment's company are of none."""
    at = pc.index_in(rows["entity"], value_set=plan.entities["entity"])
    shards = pc.fill_null(plan.entities["shard"].take(at), -1).to_numpy()
    order = np.argsort(shards, kind="stable")
    starts = np.searchsorted(shards[order], np.arange(plan.shards + 1))
    return [pa.array(part) for part in np.split(order, starts)[1:-1]]
