"""Payments of each behaviour: who pays, when, which invoices, how much."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from alloc.demo.behaviours import INDEX, Behaviour, Carrier
from alloc.demo.customers import CustomerType
from alloc.demo.items import Items, draw_items
from alloc.demo.streams import integers, pick, stream

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.random import Generator
    from numpy.typing import NDArray

    from alloc.demo.customers import Customers
    from alloc.demo.group import Entity

ADVICE_ITEMS = 612
"""The long remittance of the first booking day has this many invoices."""

_LONG_MIN, _LONG_MAX = 560, 900
_FIRST_WINDOW_DAYS = 35
_MONDAY = 0


@dataclass(frozen=True, slots=True)
class Payments:
    """Bank credits as columns.

    `amount = sum(allocated) - deduction + on_account`, to the cent. `payer` is the
    customer whose name and account the bank shows (-1: a stranger); `fresh` payments
    come from an account nobody has seen. `draw` holds eight draws per payment.
    """

    day: NDArray[np.int64]
    behaviour: NDArray[np.int64]
    customer: NDArray[np.int64]
    payer: NDArray[np.int64]
    entity: NDArray[np.int64]
    amount: NDArray[np.int64]
    deduction: NDArray[np.int64]
    on_account: NDArray[np.int64]
    fresh: NDArray[np.bool_]
    carrier: NDArray[np.int64]
    draw: NDArray[np.int64]

    def __len__(self) -> int:
        """How many payments there are."""
        return len(self.day)

    def take(self, order: NDArray[np.int64]) -> Payments:
        """Reorder or select rows."""
        return Payments(*(getattr(self, field.name)[order] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class Links:
    """Which payment names which item; `allocated` is 0 where it only names it."""

    payment: NDArray[np.int64]
    item: NDArray[np.int64]
    allocated: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Block:
    """Payments of one behaviour with their items; links count from 0 in the block."""

    payments: Payments
    items: Items
    links: Links


@dataclass(frozen=True, slots=True)
class Scene:
    """What every block needs: the seed, the group, the customers and the days."""

    seed: int
    entities: Sequence[Entity]
    customers: Customers
    days: Sequence[date]
    day_numbers: NDArray[np.int64]

    def draw_days(self, rng: Generator, count: int) -> NDArray[np.int64]:
        """Draw booking days: Mondays and the start of a month are busier."""
        weights = [
            100 + 25 * (day.weekday() == _MONDAY) + 40 * (day.day <= 5)  # noqa: PLR2004
            for day in self.days
        ]
        return pick(rng, weights, count)


def _payments(
    rng: Generator,
    behaviour: Behaviour,
    *,
    day: NDArray[np.int64],
    customer: NDArray[np.int64],
    entity: NDArray[np.int64],
) -> Payments:
    count = len(day)
    zeros = np.zeros(count, dtype=np.int64)
    return Payments(
        day=day,
        behaviour=np.full(count, INDEX[behaviour.code], dtype=np.int64),
        customer=customer,
        payer=customer.copy(),
        entity=entity,
        amount=zeros.copy(),
        deduction=zeros.copy(),
        on_account=zeros.copy(),
        fresh=np.zeros(count, dtype=np.bool_),
        carrier=zeros.copy(),
        draw=rng.integers(0, 2**30, (count, 8), dtype=np.int64),
    )


def _settle(payments: Payments, items: Items, owner: NDArray[np.int64]) -> Block:
    """Link every item in full to its payment and add the amounts up."""
    links = Links(owner, np.arange(len(items), dtype=np.int64), items.open.copy())
    np.add.at(payments.amount, owner, links.allocated)
    return Block(payments, items, links)


def plain_block(scene: Scene, behaviour: Behaviour, count: int) -> Block:
    """Draw payments that settle invoices in full: the ground of most behaviours."""
    rng = stream(scene.seed, "payments", behaviour.code)
    customer = scene.customers.draw(rng, behaviour.types, count)
    entity = scene.customers.entity_of(rng, customer, len(scene.entities))
    day = scene.draw_days(rng, count)
    payments = _payments(rng, behaviour, day=day, customer=customer, entity=entity)
    sizes = integers(rng, behaviour.items_min, behaviour.items_max, count)
    owner = np.repeat(np.arange(count, dtype=np.int64), sizes)
    items = draw_items(
        rng,
        scene.customers,
        customer[owner],
        entity[owner],
        paid_on=scene.day_numbers[day][owner],
    )
    return _settle(payments, items, owner)


def bulk_block(scene: Scene, behaviour: Behaviour, count: int) -> Block:
    """Draw bulk transfers; one long one with an advice on each month's first day."""
    rng = stream(scene.seed, "payments", behaviour.code)
    customer = scene.customers.draw(rng, behaviour.types, count)
    entity = scene.customers.entity_of(rng, customer, len(scene.entities))
    day = scene.draw_days(rng, count)
    low = integers(rng, 0, 2**20, count) ** 2 >> 20
    span = behaviour.items_max - behaviour.items_min + 1
    sizes = behaviour.items_min + (low * span >> 20)
    months = [(day.year, day.month) for day in scene.days]
    firsts = [i for i, month in enumerate(months) if month not in months[:i]][:count]
    biggest = max(scene.entities, key=lambda entity: (entity.weight, -entity.index))
    long = slice(0, len(firsts))
    day[long] = firsts
    customer[long] = scene.customers.pools[CustomerType.LEASING][0]
    entity[long] = biggest.index
    sizes[long] = [
        ADVICE_ITEMS, *integers(rng, _LONG_MIN, _LONG_MAX, len(firsts) - 1).tolist()
    ]  # fmt: skip
    payments = _payments(rng, behaviour, day=day, customer=customer, entity=entity)
    carriers = np.array([Carrier.ADVICE, Carrier.STRUCTURED, Carrier.NOTIFICATION,
                         Carrier.TEXT, Carrier.NOWHERE])  # fmt: skip
    payments.carrier[:] = carriers[pick(rng, (35, 20, 15, 20, 10), count)]
    payments.carrier[long] = Carrier.ADVICE
    owner = np.repeat(np.arange(count, dtype=np.int64), sizes)
    items = draw_items(
        rng,
        scene.customers,
        customer[owner],
        entity[owner],
        paid_on=scene.day_numbers[day][owner],
    )
    return _settle(payments, items, owner)


def balance_block(scene: Scene, behaviour: Behaviour, count: int) -> Block:
    """Draw payments of all that is open: each settles what came since the last one."""
    rng = stream(scene.seed, "payments", behaviour.code)
    payers = rng.permutation(np.flatnonzero(scene.customers.balance_payer))
    day = np.sort(scene.draw_days(rng, count))
    turn = np.arange(count)
    customer = payers[turn % len(payers)]
    entity = scene.customers.home[customer]
    payments = _payments(rng, behaviour, day=day, customer=customer, entity=entity)
    number = scene.day_numbers[day]
    since = np.where(
        turn < len(payers),
        number - _FIRST_WINDOW_DAYS,
        number[np.maximum(turn - len(payers), 0)],
    )
    # Payers take turns, so days pass between two payments of one.
    window = number - since - 1
    if int(window.min()) < 1:
        raise ValueError("too few balance payers for so many payments")
    sizes = integers(rng, behaviour.items_min, behaviour.items_max, count)
    owner = np.repeat(np.arange(count, dtype=np.int64), sizes)
    back = rng.integers(0, 2**40, len(owner), dtype=np.int64) % window[owner]
    items = draw_items(
        rng,
        scene.customers,
        customer[owner],
        entity[owner],
        issue=number[owner] - 1 - back,
    )
    return _settle(payments, items, owner)
