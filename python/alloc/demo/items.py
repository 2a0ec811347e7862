"""Invoices and credit notes: what is drawn for each open item."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from alloc.demo.customers import CustomerType
from alloc.demo.streams import integers, pick

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from alloc.demo.customers import Customers


class ItemKind(IntEnum):
    """What an item is for; the letter in its number says so."""

    WORKSHOP = 0
    PARTS = 1
    VEHICLE = 2
    CREDIT_NOTE = 3
    DEPOSIT = 4


LETTERS = "AMVNK"
"""Atelier, magasin, véhicule, note de crédit, acompte: the letter of each kind."""

_KIND_WEIGHTS = ((80, 8, 12), (75, 17, 8), (5, 95, 0), (97, 0, 3), (100, 0, 0))
_NET_BRACKETS = (
    ((4_000, 12_000), (12_000, 40_000), (40_000, 150_000), (150_000, 450_000)),
    ((800, 6_000), (6_000, 25_000), (25_000, 90_000), (90_000, 200_000)),
    ((650_000, 1_800_000), (1_800_000, 3_600_000), (2_400_000, 4_800_000),
     (3_600_000, 6_500_000)),
)  # fmt: skip
_BRACKET_WEIGHTS = (35, 40, 20, 5)
_FIXED_PRICES = (6_583, 7_417, 9_900, 12_417, 15_750, 19_083, 24_083, 29_900)
_FIXED_PERCENT = 10
_DELAY = ((1, 20), (12, 65), (8, 45), (15, 60), (10, 70))
_TERM = (0, 30, 30, 45, 30)
_VAT_PERCENT = 20
_CREDIT_NOTE_PERCENT = 5
_FATE_DEPOSIT, _FATE_DISPUTE = 98, 99
_SUNDAY = 6
_EPOCH_WEEKDAY = 3


@dataclass(frozen=True, slots=True)
class Items:
    """Open items as columns; amounts in cents, dates in days since 1970-01-01.

    `twin` groups items that nothing in the payment tells apart (0: no group).
    `hidden` items were paid before the period: no file has them.
    """

    entity: NDArray[np.int64]
    customer: NDArray[np.int64]
    kind: NDArray[np.int64]
    net: NDArray[np.int64]
    original: NDArray[np.int64]
    open: NDArray[np.int64]
    issue: NDArray[np.int64]
    due: NDArray[np.int64]
    number: NDArray[np.int64]
    disputed: NDArray[np.bool_]
    hidden: NDArray[np.bool_]
    twin: NDArray[np.int64]
    draw: NDArray[np.int64]

    def __len__(self) -> int:
        """How many items there are."""
        return len(self.entity)

    def take(self, order: NDArray[np.int64]) -> Items:
        """Reorder or select rows."""
        return Items(*(getattr(self, field.name)[order] for field in fields(self)))


def concatenate(blocks: Sequence[Items]) -> Items:
    """Put the rows of several blocks behind one another."""
    return Items(
        *(
            np.concatenate([getattr(block, field.name) for block in blocks])
            for field in fields(Items)
        )
    )


def half_up(numerator: NDArray[np.int64], denominator: int) -> NDArray[np.int64]:
    """Divide amounts >= 0, halves away from zero, in integers."""
    return (2 * numerator + denominator) // (2 * denominator)


def with_vat(net: NDArray[np.int64]) -> NDArray[np.int64]:
    """Add 20 % VAT to amounts >= 0."""
    return net + half_up(net * _VAT_PERCENT, 100)


def _draw_net(rng: Generator, kinds: NDArray[np.int64]) -> NDArray[np.int64]:
    brackets = np.array(_NET_BRACKETS, dtype=np.int64)
    chosen = pick(rng, _BRACKET_WEIGHTS, len(kinds))
    low, high = brackets[kinds, chosen, 0], brackets[kinds, chosen, 1]
    net = low + rng.integers(0, 2**40, len(kinds), dtype=np.int64) % (high - low + 1)
    prices = np.array(_FIXED_PRICES, dtype=np.int64)
    price = prices[integers(rng, 0, len(prices) - 1, len(kinds))]
    fixed = integers(rng, 0, 99, len(kinds)) < _FIXED_PERCENT
    return np.where(fixed & (kinds == ItemKind.WORKSHOP), price, net)


def _draw_kinds(rng: Generator, types: NDArray[np.int64]) -> NDArray[np.int64]:
    bounds = np.cumsum(np.array(_KIND_WEIGHTS, dtype=np.int64), axis=1)[types]
    draws = integers(rng, 0, 99, len(types))
    kinds: NDArray[np.int64] = np.sum(draws[:, None] >= bounds, axis=1)
    return kinds


def draw_items(
    rng: Generator,
    customers: Customers,
    customer: NDArray[np.int64],
    entity: NDArray[np.int64],
    *,
    issue: NDArray[np.int64] | None = None,
    paid_on: NDArray[np.int64] | None = None,
) -> Items:
    """Draw one invoice per row.

    Parameters
    ----------
    rng
        The stream of this block.
    customers
        The customers' table; the type decides on what is sold.
    customer, entity
        Who owes, to whom.
    issue
        Issue dates, when given.
    paid_on
        Payment dates; the issue date is then drawn before it, as the type pays.

    Returns
    -------
    Items
        Unnumbered invoices: open in full, neither disputed nor hidden.
    """
    types = customers.types[customer]
    kinds = _draw_kinds(rng, types)
    net = _draw_net(rng, kinds)
    gross = with_vat(net)
    count = len(customer)
    if issue is None:
        if paid_on is None:
            raise ValueError("draw_items needs issue or payment dates")
        low, high = np.array(_DELAY, dtype=np.int64)[types].T
        wait = low + rng.integers(0, 2**40, count, dtype=np.int64) % (high - low + 1)
        issue = paid_on - wait
    issue = issue - ((issue + _EPOCH_WEEKDAY) % 7 == _SUNDAY)
    term = np.array(_TERM, dtype=np.int64)[types]
    term[kinds == ItemKind.VEHICLE] = 0
    return Items(
        entity=entity,
        customer=customer,
        kind=kinds,
        net=net,
        original=gross,
        open=gross.copy(),
        issue=issue,
        due=issue + term,
        number=np.zeros(count, dtype=np.int64),
        disputed=np.zeros(count, dtype=np.bool_),
        hidden=np.zeros(count, dtype=np.bool_),
        twin=np.zeros(count, dtype=np.int64),
        draw=rng.integers(0, 2**40, count, dtype=np.int64),
    )


def as_credits(items: Items, rows: NDArray[np.int64], kind: ItemKind) -> None:
    """Turn invoices into credits of the same size, in place."""
    items.kind[rows] = kind
    for column in (items.net, items.original, items.open):
        column[rows] = -np.abs(column[rows])


def number(items: Items) -> None:
    """Give the items numbers, in place: by entity and kind, in order of issue.

    Sequences have gaps of one now and then (cash sales, invoices paid at once).
    """
    order = np.lexsort((items.draw, items.issue, items.kind, items.entity))
    steps = 1 + (items.draw[order] % 3 == 0).astype(np.int64)
    group = items.entity[order] * len(ItemKind) + items.kind[order]
    first = np.flatnonzero(np.diff(group, prepend=-1))
    running = np.cumsum(steps)
    base = np.repeat(running[first] - steps[first], np.diff(first, append=len(order)))
    start = 11_000 + group * 7_919 % 60_000
    items.number[order] = start + running - base


def standing_items(
    rng: Generator,
    customers: Customers,
    count: int,
    entities: int,
    *,
    first: int,
    last: int,
) -> Items:
    """Draw items that nobody pays within the period: some are credits or disputed."""
    customer = customers.draw(rng, (38, 32, 20, 5, 5), count)
    entity = customers.entity_of(rng, customer, entities)
    items = draw_items(
        rng, customers, customer, entity, issue=integers(rng, first, last, count)
    )
    fate = integers(rng, 0, 99, count)
    business = customers.types[customer] != CustomerType.PRIVATE
    credit = (fate < _CREDIT_NOTE_PERCENT) & business
    as_credits(items, np.flatnonzero(credit), ItemKind.CREDIT_NOTE)
    as_credits(items, np.flatnonzero(fate == _FATE_DEPOSIT), ItemKind.DEPOSIT)
    items.disputed[fate == _FATE_DISPUTE] = True
    return items
