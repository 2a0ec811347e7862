"""Tables as a job takes them: rows to shards, answers to tables."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as sql

from alloc import engine
from alloc.errors import InputError, LimitError
from alloc.spark import worker
from alloc.spark.answer import answer_schema
from alloc.spark.plan import plan_shards

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark import Broadcast
    from pyspark.sql import DataFrame, SparkSession

    from alloc.spark.plan import ShardPlan
    from alloc.spark.worker import Call

#: Bytes of customers, payers and habits together: each Python worker holds them all.
KNOWN_BYTES_MAX = 512 << 20

_SHARD = "alloc_shard"
_PLANNED = "alloc_entity"

_TYPES = {pa.string(): "string", pa.int64(): "bigint", pa.date32(): "date"}


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What is split by shard."""

    open_items: DataFrame
    payments: DataFrame
    remittances: DataFrame | None


def checked_payments(payments: DataFrame) -> None:
    """Refuse ids that are there twice, also in two shards, which would not see it."""
    ids = payments.where(sql.col("payment_id").isNotNull()).groupBy("payment_id")
    twice = ids.count().where("count > 1").orderBy("payment_id").head()
    if twice is not None:
        raise InputError(
            f"payment {twice.payment_id} is there {twice['count']} times; a payment "
            "has an id of its own",
            reason="PAYMENT_REPEATED",
            payment_id=twice.payment_id,
        )


def plan_of(asked: Asked, shards: int) -> ShardPlan:
    """Count the rows of each entity, and plan."""
    items, payments = (
        rows.groupBy("entity").count().withColumn("of_items", sql.lit(of_items))
        for rows, of_items in ((asked.open_items, True), (asked.payments, False))
    )
    counts = items.union(payments).toArrow()
    of_items = counts["of_items"]
    return plan_shards(
        counts.filter(of_items), counts.filter(pc.invert(of_items)), shards=shards
    )


def empty(rows: DataFrame) -> pa.Table:
    """Return the columns of a table without its rows; nothing is computed."""
    return rows.limit(0).toArrow()


def payers_of(history: DataFrame | None) -> pa.Table | None:
    """Reduce history to each payer's names and accounts, once: no more is asked for.

    The other columns are there, for the engine to know them, and say nothing.
    """
    if history is None:
        return None
    told = [name for name in _PAYER if name in history.columns]
    payers = history.select(*told).distinct().toArrow()
    for field in empty(history).schema:
        if field.name not in told:
            nothing = pa.scalar(None, field.type)
            silent = _SILENT[field.type] if field.name in _KEYS else nothing
            column = pa.repeat(silent, payers.num_rows)
            payers = payers.append_column(field.name, column)
    return payers


_PAYER = ("customer_id", "payer_name", "payer_iban")

#: What may not be null.
_KEYS = {field.name for field in engine.schema("history") if not field.nullable}

_SILENT = {
    pa.string(): pa.scalar(""),
    pa.int64(): pa.scalar(0, pa.int64()),
    pa.date32(): pa.scalar(dt.date(1970, 1, 1), pa.date32()),
}


def shared(
    spark: SparkSession, known: Mapping[str, pa.Table | None]
) -> dict[str, Broadcast[bytes]]:
    """Send tables to every executor, once."""
    streams = {}
    for name, table in known.items():
        if table is not None:
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, table.schema) as stream:
                stream.write_table(table)
            streams[name] = sink.getvalue().to_pybytes()
    size = sum(map(len, streams.values()))
    if size > KNOWN_BYTES_MAX:
        raise LimitError(
            f"customers, payers and habits have {size} bytes together; a worker holds "
            f"{KNOWN_BYTES_MAX} at most: decide entities with customers of their own "
            "in calls of their own",
            reason="KNOWN_OVER_LIMIT",
            bytes=size,
            limit=KNOWN_BYTES_MAX,
        )
    return {name: spark.sparkContext.broadcast(data) for name, data in streams.items()}


def answers(
    spark: SparkSession, asked: Asked, plan: ShardPlan, call: Call
) -> DataFrame:
    """Decide each shard of a plan in one task; rows of `answer_schema`.

    Entities that the plan does not have are left out.
    """
    partitions = max(plan.shards, 1)
    homes = _homes(spark, plan, partitions)
    items, payments = (
        _placed(rows, spark.createDataFrame(homes))
        for rows in (asked.open_items, asked.payments)
    )
    parts = [
        payments.select(_SHARD, sql.struct(*asked.payments.columns).alias("payment"))
    ]
    if asked.remittances is not None:
        homes_of = payments.select(_SHARD, "payment_id")
        lines = asked.remittances.join(homes_of, "payment_id")
        line = sql.struct(*asked.remittances.columns).alias("line")
        parts.append(lines.select(_SHARD, line))
    right = parts[0]
    for part in parts[1:]:
        right = right.unionByName(part, allowMissingColumns=True)
    groups = [
        rows.repartition(partitions, _SHARD).groupBy(_SHARD) for rows in (items, right)
    ]
    return (
        groups[0]
        .cogroup(groups[1])
        .applyInArrow(
            lambda items, rows: worker.answer_shard(_shard(items, rows), call),
            _ddl(answer_schema()),
        )
    )


def _shard(items: pa.Table, rows: pa.Table) -> worker.Shard:
    """Take a shard apart as Spark hands it over: two tables, of three."""
    return worker.Shard(
        items.drop_columns([_SHARD]), _of(rows, "payment"), _of(rows, "line")
    )


def _of(rows: pa.Table, column: str) -> pa.Table | None:
    if column not in rows.column_names:
        return None
    mine = rows[column]
    return pa.Table.from_struct_array(mine.filter(pc.is_valid(mine)))


def _homes(spark: SparkSession, plan: ShardPlan, partitions: int) -> pa.Table:
    """Find the key of each entity's shard: its hash is the number of its partition.

    Spark shuffles by hash, so that numbers taken as they come would leave a third of
    the partitions empty and put several shards into others.
    """
    keys = _partition_keys(spark, partitions)
    shards = plan.entities["shard"].to_numpy()
    return pa.table(
        {
            _PLANNED: plan.entities["entity"],
            _SHARD: pa.array(keys, pa.int64()).take(pa.array(shards)),
        }
    )


def _partition_keys(spark: SparkSession, partitions: int) -> list[int]:
    """Numbers whose hashes fill the partitions 0, 1, 2 …, one each."""
    tried = partitions * (partitions.bit_length() + 20)
    place = sql.pmod(sql.hash("id"), sql.lit(partitions)).alias("place")
    least = spark.range(tried).groupBy(place).agg(sql.min("id").alias("id"))
    keys: list[int] = least.toArrow().sort_by("place")["id"].to_pylist()
    # By chance a partition is missed once in half a billion; then nothing is wrong,
    # but it stays empty.
    return keys + keys[: partitions - len(keys)]


def _placed(rows: DataFrame, homes: DataFrame) -> DataFrame:
    """Add the shard; a row without an entity has one, too."""
    same = rows["entity"].eqNullSafe(homes[_PLANNED])
    return rows.join(sql.broadcast(homes), same).drop(_PLANNED)


def failures(answers: DataFrame) -> DataFrame:
    """Return the entities that were not decided, and why."""
    return answers.where("failure is not null").select("failure.*")


def counts(answers: DataFrame) -> DataFrame:
    """Count payments by what became of them; each one of a failure is refused."""
    status = sql.coalesce("decision.status", sql.lit("refused")).alias("status")
    reason = sql.coalesce("decision.reason", "failure.reason").alias("reason")
    payments = sql.sum(sql.coalesce("failure.payments", sql.lit(1))).alias("payments")
    return answers.groupBy(status, reason).agg(payments).orderBy("status", "reason")


def table_of(answers: DataFrame, name: str) -> DataFrame:
    """Decisions, allocations or adjustments, and what puts them in order."""
    decided = answers.where("failure is null")
    if name == "decisions":
        return decided.select("decision.*", "value_date")
    row = sql.posexplode(name).alias("place", "row")
    rows = decided.select("value_date", "decision.payment_id", row)
    return rows.select("payment_id", "row.*", "value_date", "place")


def digest(rows: DataFrame | None) -> str:
    """Tell a table from another one, whatever the order of its rows."""
    if rows is None:
        return ""
    hashes = sql.xxhash64(*sorted(rows.columns)).cast("decimal(38,0)")
    found = rows.agg(sql.count(sql.lit(1)).alias("rows"), sql.sum(hashes).alias("sum"))
    one = found.first()
    columns = ",".join(sorted(rows.columns))
    return f"{columns}:{one['rows']}:{one['sum']}" if one else columns


def _ddl(schema: pa.Schema) -> str:
    return ", ".join(f"`{field.name}` {_type(field.type)}" for field in schema)


def _type(kind: pa.DataType) -> str:
    """Write a type of Arrow as Spark does."""
    if pa.types.is_struct(kind):
        fields = ", ".join(f"`{field.name}`: {_type(field.type)}" for field in kind)
        return f"struct<{fields}>"
    if pa.types.is_map(kind):
        return f"map<{_type(kind.key_type)}, {_type(kind.item_type)}>"
    if pa.types.is_list(kind):
        return f"array<{_type(kind.value_type)}>"
    return _TYPES[kind]
