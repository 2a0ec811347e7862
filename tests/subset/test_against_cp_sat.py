"""Every "none", "unique" and "best" is confirmed by a constraint solver and a count."""

from __future__ import annotations

import random

import pytest
from cp_sat import Question, confirm, count

from alloc.subset import Delta, solve

FEE = Delta(low_minor=1_500, high_minor=1_500, cost_millinats=2_000)
FEES = Delta(low_minor=400, high_minor=600, cost_millinats=1_000, count_max=3)


def avis(n: int) -> Question:
    amounts = [n * (n + 1) + j for j in range(n)]
    return Question(amounts, n * (n + 1) * ((n - 1) // 2) + n * (n - 1) // 2)


def todd(n: int) -> Question:
    low = n.bit_length() - 1
    amounts = [2 ** (low + n + 1) + 2 ** (low + j) + 1 for j in range(1, n + 1)]
    return Question(amounts, sum(amounts) // 2)


def p6(n: int, seed: int) -> Question:
    draw = random.Random(seed)
    return Question([draw.randint(1, 10**6) for _ in range(n)], n * 10**6 // 4)


def even_odd(n: int, seed: int) -> Question:
    draw = random.Random(seed)
    amounts = [2 * draw.randint(1, 500) for _ in range(n)]
    return Question(amounts, 2 * (n * 1000 // 8) + 1)


def ledger(size: int, paid: int, seed: int) -> Question:
    """Items with credit notes among them, and a payment of some of them."""
    draw = random.Random(seed)
    amounts = [round(draw.lognormvariate(9, 1)) for _ in range(size)]
    amounts = [-a if draw.random() < 0.1 else a for a in amounts]
    amounts += [amounts[0]] * 2
    return Question(amounts, sum(draw.sample(amounts, paid)))


def weighed(question: Question, seed: int) -> Question:
    draw = random.Random(seed)
    costs = [draw.choice([-4_000, 2_000, 2_500, 9_000]) for _ in question.amounts]
    return Question(question.amounts, question.target, costs, question.deltas)


def with_deltas(question: Question) -> Question:
    return Question(question.amounts, question.target, question.costs, [FEE, FEES])


ADVERSARIAL = {
    "avis": avis(12),
    "todd": todd(14),
    "p6": p6(16, seed=1),
    "even/odd": even_odd(40, seed=1),
}


@pytest.mark.parametrize("family", ADVERSARIAL)
def test_hard_families_are_refuted_or_found_rightly(family: str) -> None:
    question = ADVERSARIAL[family]
    assert confirm(question) == "none"
    confirm(with_deltas(question))
    confirm(weighed(question, seed=2))


def test_hard_families_with_a_set_are_found() -> None:
    """The same amounts, and a target that some of them make up."""
    for question in ADVERSARIAL.values():
        target = sum(question.amounts[::3])
        assert confirm(Question(question.amounts, target)) != "none"
        assert confirm(Question(question.amounts, target - 1_500, None, [FEE])) != (
            "none"
        )


@pytest.mark.parametrize("seed", range(12))
def test_ledgers_are_answered_rightly(seed: int) -> None:
    question = ledger(size=14, paid=4, seed=seed)
    outcomes = {confirm(question), confirm(weighed(question, seed))}
    assert "none" not in outcomes
    confirm(with_deltas(question))
    confirm(with_deltas(weighed(question, seed)))
    off = Question(question.amounts, question.target + 1)
    confirm(off)
    confirm(with_deltas(off))


@pytest.mark.parametrize("seed", range(6))
def test_the_best_of_a_larger_pool_with_evidence_is_the_best(seed: int) -> None:
    draw = random.Random(seed)
    question = ledger(size=60, paid=8, seed=seed)
    costs = [draw.choice([1_000, 3_000, 6_000]) for _ in question.amounts]
    confirm(Question(question.amounts, question.target, costs))


@pytest.mark.parametrize("seed", range(6))
def test_the_count_of_larger_pools_is_that_of_their_sums(seed: int) -> None:
    draw = random.Random(seed)
    amounts = [draw.randint(-90, 400) for _ in range(28)]
    question = Question(amounts, sum(draw.sample(amounts, 9)), deltas=[FEES])
    got = solve(question.amounts, question.target, deltas=question.deltas)
    known = count(question)
    assert got.count_low <= known
    assert got.count_high is None or known <= got.count_high
