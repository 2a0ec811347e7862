"""Which amounts make up a target, and what is known about all others."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alloc.errors import InputError, LimitError
from alloc.subset import Budget, Delta, Explanation, Solution, solve

FEE = Delta(low_minor=1_500, high_minor=1_500, cost_millinats=2_000)


def test_one_set_makes_up_the_payment_and_no_other() -> None:
    got = solve([12_000, 7_550, 9_999, -2_000, 31_010], 15_549)
    assert (got.outcome, got.proof) == ("unique", "enumeration")
    assert (got.count_low, got.count_high) == (1, 1)
    assert got.explanations == (
        Explanation(
            items=(1, 2, 3),
            difference_minor=0,
            delta=None,
            delta_count=0,
            other_deltas=0,
            cost_millinats=0,
            p_low_ppm=1_000_000,
            p_high_ppm=1_000_000,
            shape="run",
        ),
    )


def test_a_payment_that_nothing_makes_up_is_refuted() -> None:
    got = solve([500, 1_000, 1_500, 2_500, 4_000, 5_000], 6_333)
    assert (got.outcome, got.proof, got.explanations) == ("none", "divisor", ())


def test_two_equally_good_sets_are_ambiguous() -> None:
    got = solve([100, 200, 300, 450], 300)
    assert (got.outcome, got.count_low, got.count_high) == ("ambiguous", 2, 2)
    assert [e.items for e in got.explanations] == [(2,), (0, 1)]
    assert all(e.p_low_ppm <= 500_000 <= e.p_high_ppm for e in got.explanations)


@pytest.mark.parametrize("kinds", [[7, 7, 9], np.array([7, 7, 9]), pa.array([7, 7, 9])])
def test_equal_amounts_of_one_kind_are_one_choice(kinds: object) -> None:
    got = solve([5_000, 5_000, 7_500], 5_000, kinds=kinds)
    assert (got.outcome, got.explanations[0].items) == ("unique", (0,))


def test_kinds_tell_equal_amounts_apart() -> None:
    got = solve([5_000, 5_000, 7_500], 5_000, kinds=[-1, 2**40, 0])
    assert (got.outcome, got.count_low) == ("ambiguous", 2)
    with pytest.raises(InputError) as caught:
        solve([5_000, 7_500], 5_000, kinds=[1])
    assert (caught.value.reason, caught.value.metadata["field"]) == (
        "LENGTH_DIFFERS",
        "kinds",
    )


def test_evidence_decides_between_two_sets() -> None:
    costs = [-12_000, -12_000, 9_000, 9_000]
    got = solve([100, 200, 300, 450], 300, costs=costs)
    assert (got.outcome, got.explanations[0].items) == ("exact", (0, 1))
    assert got.explanations[0].p_low_ppm > 999_900
    assert got.explanations[1].cost_millinats == 33_000


def test_a_fee_explains_the_difference_and_is_named() -> None:
    amounts = [120_000, 45_700, 33_310, 98_005]
    got = solve(amounts, 153_310 - 1_500, deltas=[FEE])
    best = got.explanations[0]
    assert (got.outcome, best.items) == ("unique", (0, 2))
    assert (best.difference_minor, best.delta, best.delta_count) == (1_500, 0, 1)


def test_a_budget_that_ends_is_an_outcome() -> None:
    amounts = [10**9 + 7**17 * i % 2**50 for i in range(60)]
    budget = Budget(steps=1 << 20, memory_bytes=1 << 20)
    got = solve(amounts, sum(amounts[::2]), budget=budget)
    assert (got.outcome, got.proof, got.explanations) == ("over_budget", "unproved", ())
    assert got.memory_bytes <= budget.memory_bytes


@pytest.mark.parametrize(
    "amounts",
    [
        [100, 200, 300],
        np.array([100, 200, 300]),
        pa.array([100, 200, 300]),
        pa.chunked_array([[100], [200, 300]]),
    ],
    ids=["list", "numpy", "arrow", "chunks"],
)
def test_arrays_of_every_kind_are_taken(amounts: object) -> None:
    assert solve(amounts, 500).explanations[0].items == (1, 2)


@pytest.mark.parametrize(
    ("arguments", "reason", "field"),
    [
        ({"amounts": pa.array([1.5])}, "ARRAY_TYPE", "amounts"),
        ({"amounts": pa.array([1, None])}, "ARRAY_TYPE", "amounts"),
        ({"amounts": [2**63]}, "ARRAY_TYPE", "amounts"),
        ({"amounts": ["1"]}, "ARRAY_TYPE", "amounts"),
        ({"target": 2**63}, "INTEGER_RANGE", "target"),
        ({"target": 1.0}, "INTEGER_RANGE", "target"),
        ({"costs": [1]}, "LENGTH_DIFFERS", "costs"),
        ({"costs": [1, 10**10]}, "COST_OUT_OF_RANGE", "costs"),
        ({"budget": Budget(steps=-1)}, "INTEGER_RANGE", "steps"),
        ({"explanations_max": -1}, "INTEGER_RANGE", "explanations_max"),
        ({"deltas": [Delta(low_minor=1, high_minor=0)]}, "DELTA_INVALID", None),
    ],
)
def test_a_wrong_argument_is_named(
    arguments: dict[str, object], reason: str, field: str | None
) -> None:
    with pytest.raises(InputError) as caught:
        solve(**{"amounts": [1, 2], "target": 3, **arguments})
    assert caught.value.reason == reason
    assert field is None or caught.value.metadata["field"] == field


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"amounts": [2**63 - 1, 1 - 2**63, 1, 2]}, "SUM_TOO_LARGE"),
        ({"amounts": [1] * 100_001}, "TOO_MANY_ITEMS"),
        ({"budget": Budget(memory_bytes=1 << 30)}, "BUDGET_TOO_LARGE"),
    ],
)
def test_a_limit_is_named(arguments: dict[str, object], reason: str) -> None:
    with pytest.raises(LimitError) as caught:
        solve(**{"amounts": [1, 2], "target": 3, **arguments})
    assert caught.value.reason == reason


def all_sets(
    amounts: list[int], costs: list[int], target: int
) -> dict[tuple[tuple[int, int], ...], int]:
    """Cost of every set that makes up the target; equal items are one choice."""
    prior = sum(cost for cost in costs if cost < 0)
    found = {}
    for size in range(len(amounts) + 1):
        for items in itertools.combinations(range(len(amounts)), size):
            if sum(amounts[i] for i in items) == target:
                key = tuple(sorted((amounts[i], costs[i]) for i in items))
                found[key] = sum(costs[i] for i in items) - prior
    return found


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-60, 200).filter(bool), st.sampled_from([-3_000, 0, 1_000])
        ),
        max_size=10,
    ),
    st.data(),
)
def test_every_claim_holds_against_all_sets(
    pool: list[tuple[int, int]], data: st.DataObject
) -> None:
    amounts = [amount for amount, _ in pool]
    costs = [cost for _, cost in pool]
    chosen = data.draw(st.lists(st.booleans(), min_size=len(pool), max_size=len(pool)))
    target = sum(itertools.compress(amounts, chosen))
    truth = all_sets(amounts, costs, target)
    got = solve(amounts, target, costs=costs)
    assert got.count_low <= len(truth) <= (got.count_high or math.inf)
    assert (got.outcome == "unique") <= (len(truth) == 1)
    assert got.explanations
    for explanation in got.explanations:
        key = tuple(sorted((amounts[i], costs[i]) for i in explanation.items))
        assert truth[key] == explanation.cost_millinats


def test_instances_of_the_literature_are_answered_as_known(
    known_instances: list[tuple[list[int], int, list[Delta], bool]],
) -> None:
    for amounts, target, deltas, feasible in known_instances:
        got = solve(amounts, target, deltas=deltas)
        assert got.outcome != "over_budget"
        assert (got.outcome != "none") == feasible
        assert bool(got.explanations) == feasible
        for explanation in got.explanations:
            total = sum(amounts[i] for i in explanation.items)
            assert total - target == explanation.difference_minor


def test_equal_questions_have_equal_answers() -> None:
    amounts = [1_000 + 7_919 * i * i % 90_001 for i in range(400)]
    costs = [(-1) ** i * (3_000 + 37 * i) for i in range(400)]

    def ask() -> Solution:
        return solve(amounts, sum(amounts[1::2]), costs=costs)

    assert ask() == ask()
