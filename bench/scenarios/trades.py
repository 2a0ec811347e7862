"""Five trades: what their customers owe, and how they pay. All of it is invented."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Business days are days 0 to 364 without their weekends.
YEAR_DAYS = 365


class Paying(IntEnum):
    """What a customer pays at once.

    ``EACH``: every item by itself. ``DUE``: once a month, what is due. ``WHOLE``: once
    a month, all that is open. ``SOME``: what is due, but for items here and there that
    it leaves for later.
    """

    EACH = 0
    DUE = 1
    WHOLE = 2
    SOME = 3


@dataclass(frozen=True, slots=True)
class Trade:
    """A trade, as far as its customers' payments differ from other trades'.

    Parameters
    ----------
    name
        Of the scenario.
    customers
        How many.
    bills
        Of a customer, least and most: invoices in a year, or contracts that are billed
        every month. Few customers come near the most.
    monthly
        Whether bills are contracts.
    amounts
        Least and most, minor units; small ones are frequent.
    prices, priced_percent
        Fixed prices, minor units, and how many bills are of one of them.
    number
        How an item is numbered: ``n`` runs, ``contract`` is the contract's, ``month``
        the month's.
    term_days
        From issue to due date.
    late_days
        Most days after the due date.
    paying
        Weights of `Paying`.
    group_percent
        Customers whose parent company pays for them.
    credit_percent
        Invoices that are followed by a credit note.
    kept
        What payers keep back, or pay too much, by weight.
    """

    name: str
    customers: int
    bills: tuple[int, int]
    amounts: tuple[int, int]
    number: str
    term_days: int
    late_days: int
    paying: tuple[int, int, int, int]
    monthly: bool = False
    prices: tuple[int, ...] = ()
    priced_percent: int = 0
    group_percent: int = 0
    credit_percent: int = 0
    kept: Mapping[str, int] = field(default_factory=dict)


TRADES = {
    trade.name: trade
    for trade in (
        Trade(
            "dealers",
            customers=2_400,
            bills=(1, 60),
            amounts=(4_000, 350_000),
            priced_percent=30,
            prices=(7_900, 8_900, 11_880, 14_900, 18_900, 22_900, 28_900, 35_880),
            number="AT{n:07d}",
            term_days=20,
            late_days=40,
            paying=(70, 14, 10, 6),
            credit_percent=3,
            kept={
                "short_payment": 4,
                "overpayment": 2,
                "discount": 2,
                "bank_fee": 1,
                "rounding": 1,
            },
        ),
        Trade(
            "wholesale",
            customers=160,
            bills=(60, 4_000),
            amounts=(2_500, 900_000),
            number="5{n:09d}",
            term_days=45,
            late_days=25,
            paying=(5, 55, 10, 30),
            credit_percent=8,
            kept={"discount": 5, "short_payment": 5, "rounding": 1, "overpayment": 1},
        ),
        Trade(
            "subscriptions",
            customers=1_500,
            bills=(1, 6),
            monthly=True,
            amounts=(990, 9_990),
            priced_percent=100,
            prices=(990, 1_490, 1_990, 2_490, 2_990, 3_990, 4_990, 9_990),
            number="K{contract:06d}-{month:02d}",
            term_days=10,
            late_days=30,
            paying=(60, 15, 20, 5),
            kept={"bank_fee": 2, "overpayment": 4, "short_payment": 2},
        ),
        Trade(
            "insurance",
            customers=140,
            bills=(40, 1_800),
            amounts=(8_000, 600_000),
            number="SIN{n:08d}",
            term_days=30,
            late_days=35,
            paying=(20, 45, 5, 30),
            kept={"commission": 8, "short_payment": 2, "rounding": 1},
        ),
        Trade(
            "leasing",
            customers=260,
            bills=(1, 120),
            monthly=True,
            amounts=(9_000, 140_000),
            priced_percent=60,
            prices=(19_900, 24_900, 29_900, 34_900, 39_900, 49_900),
            number="LOY/{contract:05d}/{month:02d}",
            term_days=15,
            late_days=20,
            paying=(15, 45, 30, 10),
            group_percent=35,
            kept={"bank_fee": 2, "short_payment": 3, "rounding": 2, "discount": 1},
        ),
    )
}
