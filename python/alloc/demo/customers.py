"""The customers: who they are, where they buy, from which account they pay."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from alloc.demo import bank_numbers, words
from alloc.demo.streams import integers, pick, stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from alloc.demo.group import Entity
    from alloc.demo.sizes import Size


class CustomerType(IntEnum):
    """What kind of customer; the value indexes the weight tables."""

    PRIVATE = 0
    FLEET = 1
    PARTS = 2
    LEASING = 3
    INSURER = 4


_SHARES = (620, 260, 114, 3, 3)
_SPAN = (1, 3, 2, 0, 0)
"""At how many entities a customer of the type buys at most; 0: at all of them."""

BALANCE_PAYER_PERCENT = 14
_BALANCE_PAYERS_MIN = 12
LISTED_PERCENT = (70, 88, 92, 100, 100)
"""How many customers of the type have their IBAN in the customer file."""

_LUXEMBOURG_EVERY = 13
_SUPPLIER_EVERY = 20
_PAYER_BANKS = ("19807", "19818", "19829", "19841", "19852", "19863", "19874", "19885")


@dataclass(frozen=True, slots=True)
class Customers:
    """All customers, as columns; the row number is the customer's number.

    `habits` holds eight draws per customer (0 ... 999): how this one writes references.
    """

    ids: list[str]
    names: list[str]
    types: NDArray[np.int64]
    home: NDArray[np.int64]
    span: NDArray[np.int64]
    ibans: list[str]
    iban_listed: NDArray[np.bool_]
    balance_payer: NDArray[np.bool_]
    habits: NDArray[np.int64]
    sirens: list[str]
    aliases: list[str]
    supplier_ids: list[str]
    addresses: list[str]
    pools: tuple[NDArray[np.int64], ...]

    def __len__(self) -> int:
        """How many customers there are."""
        return len(self.ids)

    def draw(
        self, rng: Generator, weights: Sequence[int], size: int
    ) -> NDArray[np.int64]:
        """Draw customers: a type by weight, then one of the type; few are frequent.

        Balance payers are not drawn: they have no other way to pay.
        """
        types = pick(rng, weights, size)
        draws = rng.integers(0, 2**20, size=size, dtype=np.int64)
        sizes = np.array([len(pool) for pool in self.pools])[types]
        starts = np.cumsum([0, *(len(pool) for pool in self.pools)])[types]
        skewed = draws * draws >> 20
        rows = starts + (skewed * sizes >> 20)
        everyone: NDArray[np.int64] = np.concatenate(self.pools)
        drawn: NDArray[np.int64] = everyone[rows]
        return drawn

    def entity_of(
        self, rng: Generator, customers: NDArray[np.int64], entities: int
    ) -> NDArray[np.int64]:
        """Draw one of the entities at which each customer buys."""
        draws = rng.integers(0, 2**40, size=len(customers), dtype=np.int64)
        return (self.home[customers] + draws % self.span[customers]) % entities


def _type_counts(total: int) -> list[int]:
    counts = [max(2, total * share // sum(_SHARES)) for share in _SHARES]
    counts[CustomerType.PRIVATE] += total - sum(counts)
    return counts


def _name(kind: int, nth: int, draws: Sequence[int]) -> str:
    if kind == CustomerType.LEASING:
        return words.lessor(nth)
    if kind == CustomerType.INSURER:
        return words.insurer(nth)
    if kind == CustomerType.PRIVATE:
        return words.person(draws[0], draws[1])
    trades = words.GARAGES if kind == CustomerType.PARTS else words.TRADES
    return words.company(trades, draws[:4])


def payer_iban(draw_a: int, draw_b: int) -> str:
    """Compose a payer's IBAN from two draws."""
    bank = _PAYER_BANKS[draw_a % len(_PAYER_BANKS)]
    branch = draw_a // len(_PAYER_BANKS) % 900 + 100
    return bank_numbers.french_iban(bank, f"{branch:05d}", f"{draw_b % 10**11:011d}")


def _alias(name: str, draw: int) -> str:
    """Give some companies a second name: without the legal form and the town."""
    parts = words.ascii_upper(name).split()
    return " ".join(parts[:2]) if draw % 8 == 0 and len(parts) > 2 else ""  # noqa: PLR2004


def _details(
    index: int, kind: int, nth: int, draws: Sequence[int]
) -> tuple[str, str, str, str, str, str]:
    """Compose name, IBAN, SIREN, second name, supplier number and address."""
    name = _name(kind, nth, draws)
    street = words.STREETS[draws[9] % len(words.STREETS)]
    town = words.TOWNS[draws[9] // 100 % len(words.TOWNS)]
    address = f"{draws[9] // 10_000 % 180 + 1} {street}, {town}"
    iban = payer_iban(draws[4], draws[5])
    if kind == CustomerType.PRIVATE:
        return name, iban, "", "", "", address
    if kind == CustomerType.LEASING and draws[4] % _LUXEMBOURG_EVERY == 0:
        iban = bank_numbers.luxembourg_iban("987", f"{draws[5] % 10**13:013d}")
    siren = bank_numbers.siren(30_000_000 + draws[6] % 6 * 10**6 + index)
    # Leasing companies buy service and sell cars.
    sells = kind == CustomerType.LEASING or draws[8] % _SUPPLIER_EVERY == 0
    supplier_id = f"F{20001 + index}" if sells else ""
    return name, iban, siren, _alias(name, draws[7]), supplier_id, address


def make_customers(size: Size, entities: Sequence[Entity], seed: int) -> Customers:
    """Draw the customers of the group.

    Parameters
    ----------
    size
        How many.
    entities
        The group; big entities have more customers.
    seed
        Seed of the demo.

    Returns
    -------
    Customers
        Every type has at least two; the first leasing company pays the long bulks.
    """
    total = size.customers
    types = np.repeat(np.arange(5), _type_counts(total))
    types = types[stream(seed, "types").permutation(total)]
    draws = stream(seed, "customers").integers(0, 2**40, (total, 10), dtype=np.int64)
    listed = stream(seed, "listed").integers(0, 100, total, dtype=np.int64)
    span = np.array([limit or len(entities) for limit in _SPAN])[types]
    may_balance = (types == CustomerType.FLEET) | (types == CustomerType.PARTS)
    ranked = np.flatnonzero(may_balance)
    ranked = ranked[stream(seed, "balance payers").permutation(len(ranked))]
    balance_payer = np.zeros(total, dtype=np.bool_)
    chosen = max(_BALANCE_PAYERS_MIN, len(ranked) * BALANCE_PAYER_PERCENT // 100)
    balance_payer[ranked[:chosen]] = True
    nth_of_type = np.zeros(total, dtype=np.int64)
    for kind in range(len(CustomerType)):
        nth_of_type[types == kind] = np.arange(int((types == kind).sum()))
    rows = [
        _details(index, kind, nth, row)
        for index, (kind, nth, row) in enumerate(
            zip(types.tolist(), nth_of_type.tolist(), draws.tolist(), strict=True)
        )
    ]
    names, ibans, sirens, aliases, supplier_ids, addresses = (
        list(column) for column in zip(*rows, strict=True)
    )
    pools = tuple(np.flatnonzero((types == k) & ~balance_payer) for k in CustomerType)
    return Customers(
        ids=[f"C{10001 + index}" for index in range(total)],
        names=names,
        types=types,
        home=pick(stream(seed, "homes"), [e.weight for e in entities], total),
        span=np.where(balance_payer, 1, span),
        ibans=ibans,
        iban_listed=listed < np.array(LISTED_PERCENT)[types],
        balance_payer=balance_payer,
        habits=integers(stream(seed, "habits"), 0, 999, total * 8).reshape(total, 8),
        sirens=sirens,
        aliases=aliases,
        supplier_ids=supplier_ids,
        addresses=addresses,
        pools=pools,
    )
