"""A year of a trade: what was billed, who paid it when, and what was kept back."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from trades import YEAR_DAYS, Paying, Trade

from alloc.demo.streams import stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: Payments in a thousand from which something is kept back.
DEDUCTIONS = {"none": 0, "few": 40, "mixed": 200}
NEVER = 2 * YEAR_DAYS
_MONTHS = 12
_LEFT_PERCENT = 15
_LOST_PERMILLE = 8
_WEEKEND = 5
_WEEK = 7
_DISCOUNTS = (1, 2, 3)
_COMMISSIONS = (2, 4, 5)
_VAT_PERCENT = 20


class Draws:
    """Integers drawn one after the other; equal purposes give equal ones."""

    def __init__(self, seed: int, *purpose: str | int) -> None:
        self._rng = stream(seed, "scenario", *purpose)
        self._ready: list[int] = []

    def below(self, limit: int) -> int:
        """Draw one of 0 to ``limit - 1``."""
        if not self._ready:
            self._ready = self._rng.integers(0, 2**62, size=64).tolist()
        return self._ready.pop() % limit

    def between(self, low: int, high: int) -> int:
        """Draw an integer, both ends included."""
        return low + self.below(high - low + 1)

    def small(self, low: int, high: int) -> int:
        """Draw an integer of which small ones are frequent."""
        share = self.below(1024) * self.below(1024) * self.below(1024)
        return low + ((high - low + 1) * share >> 30)

    def hits(self, percent: int) -> bool:
        """Say yes that often."""
        return self.below(100) < percent

    def weighed(self, weights: Iterable[int]) -> int:
        """Draw a position by weight."""
        weights = list(weights)
        rest = self.below(sum(weights))
        for at, weight in enumerate(weights):
            rest -= weight
            if rest < 0:
                return at
        raise AssertionError("no weight")


class Item(NamedTuple):
    """What a customer owes; credit notes are negative. Days count from the first."""

    customer: int
    amount: int
    issue: int
    due: int
    contract: int


class Payment(NamedTuple):
    """Money that came: ``amount = sum of the items - deduction``.

    ``lines`` are items with what is settled of each; ``kind`` says what was kept back.
    """

    day: int
    customer: int
    amount: int
    deduction: int
    kind: str
    lines: tuple[tuple[int, int], ...]


def business_day(day: int) -> int:
    """Move a day that falls on a weekend to the next working day."""
    return day + max(0, _WEEK - day % _WEEK) if day % _WEEK >= _WEEKEND else day


def bill(trade: Trade, seed: int) -> list[Item]:
    """Draw what is billed in a year, in the order of issue."""
    items: list[Item] = []
    for customer in range(trade.customers):
        draws = Draws(seed, trade.name, "bills", customer)
        for _ in range(draws.small(*trade.bills)):
            contract = draws.below(90_000) + 10_000
            issue, amount = draws.below(YEAR_DAYS), _price(trade, draws)
            issues = [issue]
            if trade.monthly:
                first = draws.below(28)
                issues = [first + month * 365 // _MONTHS for month in range(_MONTHS)]
            for day in map(business_day, issues):
                due = day + trade.term_days
                items.append(Item(customer, amount, day, due, contract))
                if draws.hits(trade.credit_percent):
                    back, at = -max(1, amount * draws.between(5, 60) // 100), day + 3
                    items.append(Item(customer, back, at, at, contract))
    items.sort(key=lambda item: (item.issue, item.customer, item.contract, item.amount))
    return items


def _price(trade: Trade, draws: Draws) -> int:
    if draws.hits(trade.priced_percent):
        return trade.prices[draws.below(len(trade.prices))]
    return draws.small(*trade.amounts)


def pay(trade: Trade, items: Sequence[Item], level: str, seed: int) -> list[Payment]:
    """Draw how everything is paid, in the order of the days."""
    mine: dict[int, list[int]] = defaultdict(list)
    for row, item in enumerate(items):
        mine[item.customer].append(row)
    payments: list[Payment] = []
    for customer, rows in sorted(mine.items()):
        draws = Draws(seed, trade.name, "pays", customer)
        way = Paying(draws.weighed(trade.paying))
        owed = [row for row in rows if draws.below(1000) >= _LOST_PERMILLE]
        keeps = Keeping(trade, seed, customer, level)
        chosen = _each if way is Paying.EACH else _gathered
        for day, paid in chosen(trade, items, owed, way, draws):
            amounts = [items[row].amount for row in paid]
            if sum(amounts) > 0:
                payments.append(keeps.payment(day, paid, amounts))
    payments.sort(key=lambda payment: (payment.day, payment.customer, payment.lines))
    return payments


def _each(
    trade: Trade, items: Sequence[Item], owed: list[int], way: Paying, draws: Draws
) -> Iterator[tuple[int, list[int]]]:
    """Pay each invoice by itself; credit notes are left open."""
    del way
    for row in owed:
        if items[row].amount > 0:
            late = draws.between(-trade.term_days // 2, trade.late_days)
            day = max(items[row].issue + 1, items[row].due + late)
            yield business_day(day), [row]


def _gathered(
    trade: Trade, items: Sequence[Item], owed: list[int], way: Paying, draws: Draws
) -> Iterator[tuple[int, list[int]]]:
    """Pay once a month; what does not come to more than nothing waits."""
    first, late = draws.below(28), draws.below(trade.late_days + 1)
    waiting = list(owed)
    for month in range(_MONTHS + 3):
        day = business_day(first + month * 365 // _MONTHS)
        due = day - late
        paid = [
            row
            for row in waiting
            if items[row].issue < day
            and (way is Paying.WHOLE or items[row].due <= due)
            and not (way is Paying.SOME and draws.hits(_LEFT_PERCENT))
        ]
        if sum(items[row].amount for row in paid) > 0:
            yield day, paid
            gone = set(paid)
            waiting = [row for row in waiting if row not in gone]


class Keeping:
    """What one customer keeps back; its rate and its fee stay the same."""

    def __init__(self, trade: Trade, seed: int, customer: int, level: str) -> None:
        self._customer, self._permille = customer, DEDUCTIONS[level]
        self._draws = Draws(seed, trade.name, "keeps", customer, level)
        kinds = list(trade.kept)
        self._kind = kinds[self._draws.weighed(trade.kept.values())]
        self._discount = _DISCOUNTS[self._draws.below(len(_DISCOUNTS))]
        self._commission = _COMMISSIONS[self._draws.below(len(_COMMISSIONS))]
        self._fee = self._draws.between(3, 20) * 100

    def payment(self, day: int, rows: list[int], amounts: list[int]) -> Payment:
        """Draw what comes of some items, and what is kept back."""
        kind, deduction, settled = "exact", 0, list(amounts)
        if self._draws.below(1000) < self._permille:
            kept = self._kept(sum(amounts))
            if self._kind == "short_payment":
                self._cut(settled)
            if sum(settled) > kept and (kept or settled != amounts):
                kind, deduction = self._kind, kept
            else:
                settled = list(amounts)
        return Payment(
            day=day,
            customer=self._customer,
            amount=sum(settled) - deduction,
            deduction=deduction,
            kind=kind,
            lines=tuple(zip(rows, settled, strict=True)),
        )

    def _cut(self, settled: list[int]) -> None:
        """Pay a part of the largest item, in place."""
        at = max(range(len(settled)), key=settled.__getitem__)
        share_ppm = self._draws.between(300_000, 950_000)
        settled[at] = settled[at] * share_ppm // 1_000_000

    def _kept(self, total: int) -> int:
        """Return what is kept back of a sum; below zero, what is paid too much."""
        if self._kind == "discount":
            return _percent(total, self._discount)
        if self._kind == "commission":
            commission = _percent(total, self._commission)
            return commission + _percent(commission, _VAT_PERCENT)
        if self._kind == "bank_fee":
            return self._fee
        if self._kind == "rounding":
            return self._draws.between(-10, 20)
        if self._kind == "overpayment":
            return -(-total % (1_000, 10_000)[self._draws.below(2)])
        return 0


def _percent(amount: int, percent: int) -> int:
    """Take a share, halves up."""
    return (amount * percent * 2 + 100) // 200
