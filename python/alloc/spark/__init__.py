"""The one engine on Apache Spark: the same bytes, shard by shard (extra ``spark``).

::

    plan.py        which entities meet in which shard; knows neither Spark nor files
    versions.py    Java, Spark and pandas that are known to work; a session
    frames.py      tables as a job takes them: rows to shards, answers to tables
    answer.py      what an executor says, and the tables made of it
    worker.py      what runs on an executor: a shard, by one call
    propose.py     the verb; what an answer holds
    kept.py        answers that outlive the driver, lot by lot
    deciding.py    the verb in the form that `alloc clear` asks for
    replaying.py   days of the past, beside each other: for `alloc replay`; imported by
                   who asks for it: a worker that decides shards needs no use case

Nothing here is imported by `alloc` itself, and Spark only by a call.
"""

from __future__ import annotations

from alloc.spark.deciding import decider
from alloc.spark.plan import ShardPlan, plan_shards
from alloc.spark.propose import SparkProposal, propose
from alloc.spark.versions import session

__all__ = ["ShardPlan", "SparkProposal", "decider", "plan_shards", "propose"]
__all__ += ["session"]
