"""Which companies meet in which shard."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloc.errors import InputError
from alloc.spark import plan_shards

counts = st.lists(st.integers(1, 10_000), min_size=1, max_size=40)


def counted(found: list[int]) -> pa.Table:
    names = [f"E{place:02d}" for place in range(len(found))]
    return pa.table({"entity": names, "count": pa.array(found, pa.int64())})


@given(counts, counts, st.integers(1, 20))
def test_every_company_is_in_one_shard_and_no_shard_is_far_above_the_best(
    items: list[int], payments: list[int], shards: int
) -> None:
    plan = plan_shards(counted(items), counted(payments), shards=shards)
    paying = len(payments)
    assert plan.entities["entity"].to_pylist() == [f"E{n:02d}" for n in range(paying)]
    assert sum(plan.entities["items"].to_pylist()) == sum(items[:paying])
    assert plan.entities["payments"].to_pylist() == payments
    weights = plan.entities["weight"].to_pylist()
    assert sum(plan.loads) == sum(weights)
    # What list scheduling keeps to, whatever is heaviest.
    assert max(plan.loads) <= sum(weights) // plan.shards + max(weights)
    assert set(plan.entities["shard"].to_pylist()) == set(range(plan.shards))


def test_the_order_in_which_companies_are_counted_changes_no_plan() -> None:
    rng = random.Random(3)
    items = counted([rng.randint(0, 900) for _ in range(30)])
    paid = counted([rng.randint(0, 90) for _ in range(30)])
    order = pa.array(rng.sample(range(30), 30))
    plan = plan_shards(items, paid, shards=7)
    again = plan_shards(items.take(order), paid.take(order), shards=7)
    assert again.entities == plan.entities


ONE_EACH = counted([1] * 3)


def test_a_company_that_outweighs_the_others_is_kept_together_and_said() -> None:
    plan = plan_shards(counted([899_900, 49_900, 49_900]), ONE_EACH, shards=4)
    assert plan.shards == 3
    assert plan.kept_together["entity"].to_pylist() == ["E00"]
    assert plan.skew_ppm == 2_700_000


def test_companies_of_equal_weight_leave_nothing_to_say() -> None:
    plan = plan_shards(counted([400] * 8), counted([1] * 8), shards=4)
    assert plan.loads == (1000,) * 4
    assert plan.skew_ppm == 1_000_000
    assert plan.kept_together.num_rows == 0


def test_rows_without_a_company_have_their_shard_and_are_not_lost() -> None:
    items = pa.table({"entity": ["A", None], "count": [5, 7]})
    payments = pa.table({"entity": [None, "A"], "count": [1, 1]})
    plan = plan_shards(items, payments, shards=9)
    assert plan.entities["entity"].to_pylist() == ["A", None]
    assert plan.loads == (107, 105)


def test_a_company_without_payments_does_not_travel() -> None:
    plan = plan_shards(counted([10, 1_000_000]), counted([3]), shards=2)
    assert plan.entities["entity"].to_pylist() == ["E00"]
    assert plan.shards == 1


def test_no_rows_need_no_shard() -> None:
    plan = plan_shards(counted([]), counted([]), shards=3)
    assert (plan.shards, plan.loads, plan.skew_ppm) == (0, (), 0)


@pytest.mark.parametrize("shards", [0, -1, 100_001])
def test_a_number_of_shards_that_is_none_is_refused(shards: int) -> None:
    with pytest.raises(InputError, match="from 1 to 100000") as caught:
        plan_shards(counted([1]), counted([1]), shards=shards)
    assert caught.value.reason == "SHARDS_INVALID"
