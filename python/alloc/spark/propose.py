"""Decide on a cluster: `alloc.propose`, shard by shard, with the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from alloc import engine
from alloc.spark.answer import proposal_of
from alloc.spark.versions import check_versions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame, SparkSession

    from alloc.engine import Proposal
    from alloc.spark.plan import ShardPlan


@dataclass(frozen=True, slots=True, eq=False)
class SparkProposal:
    """What a call on a cluster answers.

    Parameters
    ----------
    decisions, allocations, adjustments
        The columns of `alloc.Proposal`, and ``value_date`` and ``place``: ordered by
        ``value_date``, ``payment_id`` and ``place`` they are the rows of one process.
    failures
        One row an entity that could not be decided: entity, payments (how many),
        kind, reason, message, metadata (with the key of the row). Its payments have
        no decisions.
    counts
        How many payments by status (of the decision, or ``refused``) and reason.
    plan
        Which entities met in which shard.
    answers
        All of it, one row a payment; kept by the executors until `release`.
    """

    decisions: DataFrame
    allocations: DataFrame
    adjustments: DataFrame
    failures: DataFrame
    counts: DataFrame
    plan: ShardPlan
    answers: DataFrame

    def collect(self) -> Proposal:
        """Bring everything here: the very tables that one process makes.

        Raises
        ------
        alloc.errors.AllocError
            An entity could not be decided; what the engine says of the first one.
        """
        context = self.answers.sparkSession.sparkContext
        payments = pc.sum(self.plan.entities["payments"]).as_py()
        context.setJobDescription(f"alloc: decide {payments or 0} payments")
        answers = self.answers.toArrow()
        context.setJobDescription("")
        return proposal_of(answers)

    def release(self) -> None:
        """Let the executors forget the answers."""
        self.answers.unpersist()


def propose(  # noqa: PLR0917  # the tables of `alloc.propose`, in its order
    spark: SparkSession,
    open_items: DataFrame,
    payments: DataFrame,
    remittances: DataFrame | None = None,
    customers: DataFrame | None = None,
    history: DataFrame | None = None,
    *,
    habits: DataFrame | None = None,
    rules: object = None,
    policy: Mapping[str, object] | None = None,
    shards: int = 64,
    folder: str | None = None,
) -> SparkProposal:
    """Decide which open items each payment clears, with the proof, on a cluster.

    Each shard is one task, and each company in it one call; number of shards, order of
    rows and lost executors change no byte. See ``docs/guide/spark.md``.

    Parameters
    ----------
    spark
        A session, not of Spark Connect. A task takes ``spark.task.cpus`` threads.
    open_items, payments, remittances, customers, history, habits
        Frames with the columns of `alloc.propose`; unknown ones are refused.
        Customers, payers of the history and habits go to every executor.
    rules, policy
        As in `alloc.propose`.
    shards
        How many there may be; there are never more than entities. A few times the
        processors of the cluster even out what is slow.
    folder
        Where answers are kept as Parquet, lot by lot: the same call goes on after the
        last lot that is complete. None keeps them with the executors.

    Raises
    ------
    alloc.errors.InputError
        A column, the policy or an option is wrong; a payment, customer or habit is
        wrong or repeated; Spark or pandas is not of a version that is known to work
        (``EXTRA_MISSING``). Rows of other tables that are wrong are `failures`.
    alloc.errors.LimitError
        Customers, payers and habits are more than a worker holds
        (``KNOWN_OVER_LIMIT``).
    alloc.errors.ConflictError
        The folder holds answers to another call (``FOLDER_OF_OTHERS``).
    """
    check_versions()
    from alloc.spark import frames, kept  # noqa: PLC0415
    from alloc.spark.worker import Call  # noqa: PLC0415

    known = {
        "customers": None if customers is None else customers.toArrow(),
        "history": frames.payers_of(history),
        "habits": None if habits is None else habits.toArrow(),
    }
    asked = frames.Asked(open_items, payments, remittances)
    engine.propose(
        frames.empty(open_items),
        frames.empty(payments),
        None if remittances is None else frames.empty(remittances),
        known["customers"],
        known["history"],
        habits=known["habits"],
        rules=rules,
        policy=policy,
    )
    spark.sparkContext.setJobDescription("alloc: plan the shards")
    frames.checked_payments(payments)
    plan = frames.plan_of(asked, shards)
    spark.sparkContext.setJobDescription("")
    call = Call(
        known=frames.shared(spark, known),
        policy=dict(policy or {}),
        threads=int(spark.conf.get("spark.task.cpus", "1") or 1),
    )
    if folder is None:
        answers = frames.answers(spark, asked, plan, call).persist()
    else:
        tables = (open_items, payments, remittances, customers, history, habits)
        answers = kept.answers(spark, asked, plan, call, folder=folder, tables=tables)
    return SparkProposal(
        decisions=frames.table_of(answers, "decisions"),
        allocations=frames.table_of(answers, "allocations"),
        adjustments=frames.table_of(answers, "adjustments"),
        failures=frames.failures(answers),
        counts=frames.counts(answers),
        plan=plan,
        answers=answers,
    )
