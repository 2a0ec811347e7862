"""One shard on an executor, without Spark."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from group_of_companies import POLICY, by_one_process, shuffled, spoilt, tables, written

import alloc
from alloc.errors import InputError
from alloc.spark.answer import answer_schema, proposal_of
from alloc.spark.worker import Call, Shard, answer_shard

PLAIN = Call(known={}, policy=POLICY, threads=1)


def asked_of(made: dict[str, pa.Table]) -> Shard:
    return Shard(made["open_items"], made["payments"], made["remittances"])


def answered(made: dict[str, pa.Table]) -> list[dict[str, Any]]:
    return answer_shard(asked_of(made), PLAIN).to_pylist()


def without_known(seed: int) -> dict[str, pa.Table]:
    made = tables(seed)
    return {name: made[name] for name in ("open_items", "payments", "remittances")}


def test_a_shard_answers_with_the_bytes_of_one_process() -> None:
    made = without_known(1)
    answers = answer_shard(asked_of(made), PLAIN)
    assert written(proposal_of(answers)) == written(by_one_process(made))


def test_the_order_in_which_rows_reach_a_shard_changes_nothing() -> None:
    made = without_known(2)
    assert answered(shuffled(made, 5)) == answered(made)


def test_a_row_that_is_refused_is_named_and_the_other_companies_are_decided() -> None:
    made = without_known(1)
    spoilt(made, "open_items", 3, currency="EURO")
    want = by_one_process(without_known(1)).decisions.num_rows
    rows = answered(made)
    [failure] = [row["failure"] for row in rows if row["failure"] is not None]
    assert failure["entity"] == "E00"
    assert failure["reason"] == "CURRENCY_UNKNOWN"
    assert dict(failure["metadata"])["item_id"] == "I3"
    assert len(rows) - 1 + failure["payments"] == want
    assert failure["payments"] > 0


def test_a_payment_that_is_refused_is_named() -> None:
    made = without_known(1)
    spoilt(made, "payments", 17, amount_minor=0)
    entity = made["payments"]["entity"][17].as_py()
    failures = [row["failure"] for row in answered(made) if row["failure"]]
    [failure] = failures
    assert (failure["entity"], failure["kind"]) == (entity, "InputError")
    assert failure["reason"] == "AMOUNT_NOT_POSITIVE"
    assert dict(failure["metadata"])["payment_id"] == "P17"


def test_a_payment_that_asks_too_much_is_told_and_the_others_are_decided() -> None:
    made = without_known(1)
    spoilt(made, "payments", 17, remittance_text=["FA202600003 " * 10_000])
    decided = {
        row["decision"]["payment_id"]: row["decision"]["reason"]
        for row in answered(made)
    }
    assert decided["P17"] == "TEXT_OVER_LIMIT"
    assert len(decided) == made["payments"].num_rows
    answers = answer_shard(asked_of(made), PLAIN)
    assert written(proposal_of(answers)) == written(by_one_process(made))


def test_of_rows_that_are_refused_the_same_one_is_named_in_any_order() -> None:
    made = without_known(1)
    for row in (3, 5, 7):
        spoilt(made, "open_items", row, currency="EURO")
    failures = [
        [row["failure"] for row in answered(shuffled(made, seed)) if row["failure"]]
        for seed in range(4)
    ]
    assert len(failures[0]) == 1
    assert all(found == failures[0] for found in failures)


def test_rows_without_a_company_are_a_failure_of_their_own() -> None:
    made = without_known(1)
    fields = [field.with_nullable(True) for field in made["payments"].schema]  # noqa: FBT003
    made["payments"] = made["payments"].cast(pa.schema(fields))
    spoilt(made, "payments", 5, entity=None)
    [failure] = [row["failure"] for row in answered(made) if row["failure"]]
    assert (failure["entity"], failure["payments"]) == (None, 1)
    assert failure["reason"] == "NULL_FORBIDDEN"
    assert dict(failure["metadata"])["payment_id"] == "P5"


def test_no_payments_are_an_answer_of_no_rows() -> None:
    nothing = proposal_of(answer_schema().empty_table())
    made = without_known(1)
    made["payments"] = made["payments"].slice(0, 0)
    del made["remittances"]
    assert written(nothing) == written(alloc.propose(**made))


def test_an_answer_that_lacks_a_company_is_not_taken_for_the_whole() -> None:
    made = without_known(1)
    spoilt(made, "payments", 17, amount_minor=0)
    answers = answer_shard(asked_of(made), PLAIN)
    with pytest.raises(InputError, match="P17") as caught:
        proposal_of(answers)
    assert caught.value.reason == "AMOUNT_NOT_POSITIVE"
    assert caught.value.metadata["payment_id"] == "P17"
