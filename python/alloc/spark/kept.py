"""Answers that outlive the driver: Parquet files, lot by lot.

::

    folder/call           what was asked: digests of the tables, policy, plan, version
    folder/lot=0007       the answers of some shards
    folder/done/lot=0007  how many there are; written when all of them are there

A driver that is started again with the same call decides the lots that are not done.
What is lost is one lot, and it comes out the same, however often it is decided.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.errors import AnalysisException

from alloc import engine
from alloc.errors import ConflictError
from alloc.spark import frames
from alloc.spark.plan import ShardPlan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyspark.sql import DataFrame, SparkSession

    from alloc.spark.worker import Call

#: Lots of a call: what is lost with a driver is an eighth of the work.
LOTS = 8


def answers(
    spark: SparkSession,
    asked: frames.Asked,
    plan: ShardPlan,
    call: Call,
    *,
    folder: str,
    tables: Iterable[DataFrame | None],
) -> DataFrame:
    """Decide the lots that a folder does not have yet; read all of them.

    Parameters
    ----------
    folder
        Where every executor can write: HDFS, an object store, a shared disk.
    tables
        Everything that was handed in, by which the same call is known again.

    Raises
    ------
    alloc.errors.ConflictError
        The folder holds answers to another call (``FOLDER_OF_OTHERS``).
    """
    _claim(spark, folder, _digest(plan, call, tables))
    lots = min(LOTS, max(plan.shards, 1))
    done = _done(spark, folder)
    names = [f"lot={lot:04d}" for lot in range(lots)]
    for lot, name in enumerate(names):
        if name in done:
            continue
        spark.sparkContext.setJobDescription(f"alloc: decide lot {lot + 1} of {lots}")
        part = frames.answers(spark, asked, _part(plan, lot, lots), call)
        part.write.mode("overwrite").parquet(f"{folder}/{name}")
        count = spark.read.parquet(f"{folder}/{name}").count()
        marker = spark.range(1).selectExpr(f"{count}L as answers")
        marker.write.mode("overwrite").parquet(f"{folder}/done/{name}")
    spark.sparkContext.setJobDescription("")
    return spark.read.parquet(*(f"{folder}/{name}" for name in names))


def _digest(plan: ShardPlan, call: Call, tables: Iterable[DataFrame | None]) -> str:
    told = {
        "version": engine.__version__,
        "policy": call.policy,
        "plan": plan.entities.to_pylist(),
        "tables": [frames.digest(rows) for rows in tables],
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _claim(spark: SparkSession, folder: str, digest: str) -> None:
    """Write what is asked into a folder that is new, or find it there."""
    place = f"{folder}/call"
    try:
        there = spark.read.text(place).head()
    except AnalysisException as error:
        if error.getCondition() != "PATH_NOT_FOUND":
            raise
        there = None
    if there is None:
        words = spark.createDataFrame(pa.table({"value": [digest]}))
        words.coalesce(1).write.mode("overwrite").text(place)
    elif there.value != digest:
        raise ConflictError(
            f"{folder} holds the answers to another call: its tables, policy or number "
            "of shards differ, or another version decided; name a new folder",
            reason="FOLDER_OF_OTHERS",
            folder=folder,
        )


def _done(spark: SparkSession, folder: str) -> set[str]:
    try:
        lots = spark.read.parquet(f"{folder}/done").select("lot").distinct().collect()
    except AnalysisException as error:
        if error.getCondition() not in _NOTHING_THERE:
            raise
        return set()
    return {f"lot={lot.lot:04d}" for lot in lots}


#: No folder of marks, or none in it is complete.
_NOTHING_THERE = ("PATH_NOT_FOUND", "UNABLE_TO_INFER_SCHEMA")


def _part(plan: ShardPlan, lot: int, lots: int) -> ShardPlan:
    """Every eighth shard, say, numbered anew."""
    entities = plan.entities
    shard = entities["shard"].to_numpy()
    rows = entities.filter(pa.array(shard % lots == lot))
    place = rows.schema.get_field_index("shard")
    numbers = pc.divide(rows["shard"], pa.scalar(lots, pa.int32()))
    rows = rows.set_column(place, "shard", numbers)
    return ShardPlan(rows, (plan.shards - lot + lots - 1) // lots)
