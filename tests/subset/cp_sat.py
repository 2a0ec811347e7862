"""The same question asked of OR-Tools CP-SAT, and of a count by dynamic programming."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from ortools.sat.python import cp_model

from alloc.subset import Delta, Solution, solve


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of all of them."""

    amounts: list[int]
    target: int
    costs: list[int] | None = None
    deltas: list[Delta] = field(default_factory=list)

    def answer(self) -> Solution:
        return solve(self.amounts, self.target, costs=self.costs, deltas=self.deltas)

    def cost(self, item: int) -> int:
        return 0 if self.costs is None else self.costs[item]

    def windows(self) -> list[tuple[int, int, int]]:
        """Sums that are admissible, from and to, each with what it costs."""
        exact = [(self.target, self.target, 0)]
        return exact + [
            (
                self.target + uses * delta.low_minor,
                self.target + uses * delta.high_minor,
                uses * delta.cost_millinats,
            )
            for delta in self.deltas
            for uses in range(1, delta.count_max + 1)
        ]


class Oracle:
    """A model of the question; equal items of equal cost are taken in order."""

    def __init__(self, question: Question) -> None:
        self.model = cp_model.CpModel()
        self.question = question
        amounts = question.amounts
        self.taken = [
            self.model.new_bool_var(f"item {at}") for at in range(len(amounts))
        ]
        last: dict[tuple[int, int], cp_model.IntVar] = {}
        for at, variable in enumerate(self.taken):
            alike = (amounts[at], question.cost(at))
            if alike in last:
                self.model.add_implication(variable, last[alike])
            last[alike] = variable
        windows = question.windows()
        chosen = [self.model.new_bool_var(f"window {at}") for at in range(len(windows))]
        self.model.add_exactly_one(chosen)
        total = sum(a * x for a, x in zip(amounts, self.taken, strict=True))
        for (low, high, _), window in zip(windows, chosen, strict=True):
            self.model.add_linear_constraint(total, low, high).only_enforce_if(window)
        prior = sum(min(question.cost(at), 0) for at in range(len(amounts)))
        self.cost = (
            sum(question.cost(at) * x for at, x in enumerate(self.taken)) - prior
        )
        self.cost += sum(w[2] * x for w, x in zip(windows, chosen, strict=True))

    def without(self, items: tuple[int, ...]) -> Oracle:
        """Ask for any other set."""
        inside = set(items)
        self.model.add_bool_or(
            variable.negated() if at in inside else variable
            for at, variable in enumerate(self.taken)
        )
        return self

    def least_cost(self) -> int | None:
        """Find the cost of the cheapest set; None when there is no set."""
        self.model.minimize(self.cost)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        status = solver.solve(self.model)
        if status == cp_model.INFEASIBLE:
            return None
        assert status == cp_model.OPTIMAL, "CP-SAT decides what is asked here"
        return round(solver.objective_value)


def count(question: Question) -> int:
    """Count the sets by the sums they reach, one class of equal items at a time."""
    classes: dict[tuple[int, int], int] = defaultdict(int)
    for at, amount in enumerate(question.amounts):
        if amount:
            classes[amount, question.cost(at)] += 1
    reached = {0: 1}
    for (amount, _), members in classes.items():
        more: dict[int, int] = defaultdict(int)
        for total, ways in reached.items():
            for number in range(members + 1):
                more[total + number * amount] += ways
        reached = more
    windows = question.windows()
    return sum(
        ways
        for total, ways in reached.items()
        if any(low <= total <= high for low, high, _ in windows)
    )


def confirm(question: Question) -> str:
    """Hold every claim of the answer against CP-SAT, and return the outcome.

    `None`: no set exists. `unique`: no other exists. A search said to be complete: the
    best has the least cost there is. A count said to be exact is so by another method.
    """
    got = question.answer()
    assert got.outcome != "over_budget"
    for told in got.explanations:
        total = sum(question.amounts[item] for item in told.items)
        assert total - question.target == told.difference_minor
    if got.count_low == got.count_high:
        assert got.count_low == count(question)
    least = Oracle(question).least_cost()
    assert (least is None) == (got.outcome == "none")
    if least is None:
        return got.outcome
    best = min(told.cost_millinats for told in got.explanations)
    assert best >= least
    complete = got.complete_to_millinats
    if complete is not None and least <= complete:
        assert best == least
    if (got.count_low, got.count_high) == (1, 1):
        other = Oracle(question).without(got.explanations[0].items)
        assert other.least_cost() is None
    elif got.outcome == "ambiguous":
        other = Oracle(question).without(got.explanations[0].items)
        assert other.least_cost() is not None
    return got.outcome
