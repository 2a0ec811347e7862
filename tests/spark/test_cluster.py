"""The same bytes on a cluster, whatever happens to it."""

from __future__ import annotations

import random
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from group_of_companies import (
    POLICY,
    by_one_process,
    hard_tables,
    shuffled,
    spoilt,
    tables,
    written,
)
from killing import Asked, kill_in_the_middle

import alloc
from alloc.errors import ConflictError, InputError
from alloc.spark import decider, frames, kept, propose

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa
    from pyspark.sql import SparkSession

    from alloc.spark import SparkProposal


def ask(
    spark: SparkSession, made: dict[str, pa.Table], **options: Any
) -> SparkProposal:
    rows = {name: spark.createDataFrame(table) for name, table in made.items()}
    return propose(spark, **rows, policy=POLICY, **options)


@cache
def group() -> dict[str, pa.Table]:
    return tables(1)


@cache
def wanted() -> list[bytes]:
    return written(by_one_process(group()))


@cache
def hard() -> dict[str, pa.Table]:
    return hard_tables()


@cache
def wanted_of_hard() -> list[bytes]:
    return written(by_one_process(hard()))


@pytest.mark.parametrize("shards", [1, 2, 64])
def test_any_number_of_shards_and_any_order_of_rows_give_the_same_bytes(
    spark: SparkSession, shards: int
) -> None:
    proposal = ask(spark, shuffled(group(), shards), shards=shards)
    assert written(proposal.collect()) == wanted()
    proposal.release()


def test_tables_that_are_here_are_decided_there_with_the_same_bytes(
    spark: SparkSession,
) -> None:
    decide, made = decider(spark), shuffled(group(), 4)
    assert written(decide(**made, policy=POLICY)) == wanted()
    made["payments"] = made["payments"].slice(0, 0)
    assert written(decide(**made, policy=POLICY)) == written(by_one_process(made))


def test_the_tables_on_the_cluster_are_those_that_come_here(
    spark: SparkSession,
) -> None:
    proposal = ask(spark, group(), shards=3)
    here = proposal.collect()
    for name in ("decisions", "allocations", "adjustments"):
        table = getattr(proposal, name)
        order = [key for key in ORDER if key in table.columns]
        rows = table.orderBy(*order).drop("value_date", "place").toArrow()
        assert rows.to_pylist() == getattr(here, name).to_pylist()
    proposal.release()


ORDER = ("value_date", "payment_id", "place")


def test_a_row_that_is_refused_is_reported_and_the_others_are_decided(
    spark: SparkSession,
) -> None:
    made = dict(group())
    spoilt(made, "payments", 17, amount_minor=0)
    proposal = ask(spark, made, shards=3)
    [failure] = proposal.failures.toArrow().to_pylist()
    assert failure["entity"] == made["payments"]["entity"][17].as_py()
    assert dict(failure["metadata"])["payment_id"] == "P17"
    decided = made["payments"].num_rows - failure["payments"]
    assert proposal.decisions.count() == decided
    counts = Counter(
        (row["status"], row["reason"])
        for row in proposal.decisions.toArrow().to_pylist()
    )
    counts["refused", "AMOUNT_NOT_POSITIVE"] = failure["payments"]
    assert counts == {
        (row["status"], row["reason"]): row["payments"]
        for row in proposal.counts.toArrow().to_pylist()
    }
    with pytest.raises(InputError, match="P17"):
        proposal.collect()
    proposal.release()


def test_the_pages_of_spark_say_what_is_done(spark: SparkSession) -> None:
    proposal = ask(spark, group(), shards=3)
    proposal.collect()
    jobs = spark.sparkContext._jsc.sc().statusStore().jobsList(None)  # noqa: SLF001 - no other way
    said = {jobs.apply(place).description().toString() for place in range(jobs.size())}
    payments = group()["payments"].num_rows
    assert {"Some(alloc: plan the shards)"} < said
    assert f"Some(alloc: decide {payments} payments)" in said
    proposal.release()


def test_a_payment_that_is_there_twice_is_refused_before_anything_is_decided(
    spark: SparkSession,
) -> None:
    made = dict(group())
    spoilt(made, "payments", 17, payment_id="P3")
    with pytest.raises(InputError, match="P3 is there 2 times") as caught:
        ask(spark, made)
    assert caught.value.reason == "PAYMENT_REPEATED"


def test_no_payments_are_decided_in_no_time(spark: SparkSession) -> None:
    made = {name: rows.slice(0, 0) for name, rows in group().items()}
    proposal = ask(spark, made)
    assert proposal.plan.shards == 0
    assert written(proposal.collect()) == written(alloc.propose(**made))
    proposal.release()


@pytest.mark.parametrize("name", ["open_items", "history"])
def test_a_column_that_nobody_knows_is_refused(spark: SparkSession, name: str) -> None:
    made = dict(group())
    made[name] = made[name].append_column("colour", made[name]["reference"])
    with pytest.raises(InputError, match="colour") as caught:
        ask(spark, made)
    assert caught.value.reason == "COLUMN_UNKNOWN"


@pytest.mark.parametrize("victim", ["executor", "python worker"])
def test_what_is_killed_in_the_middle_of_a_job_changes_nothing(
    spark: SparkSession, victim: str
) -> None:
    made = hard()
    asked = Asked(lambda: written(ask(spark, made, shards=16).collect()))
    asked.start()
    kill_in_the_middle(spark, victim, random.Random(len(victim)), shards=16)
    asked.join(timeout=300)
    assert asked.answer == wanted_of_hard()


def test_a_driver_that_starts_again_decides_only_what_was_not_done(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(tmp_path / "answers")
    monkeypatch.setattr(kept, "LOTS", 3)
    decide, lots = frames.answers, []

    def dies_at_the_third(*asked: Any) -> Any:
        lots.append(asked[2])
        if len(lots) == 3:
            raise KeyboardInterrupt
        return decide(*asked)

    monkeypatch.setattr(frames, "answers", dies_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        ask(spark, group(), shards=5, folder=folder)
    proposal = ask(spark, shuffled(group(), 3), shards=5, folder=folder)
    assert len(lots) == 4
    assert lots[3].entities == lots[2].entities
    assert written(proposal.collect()) == wanted()
    with pytest.raises(ConflictError) as caught:
        ask(spark, group(), shards=4, folder=folder)
    assert caught.value.reason == "FOLDER_OF_OTHERS"
