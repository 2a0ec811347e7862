"""Names payments as the readers of bank files do."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alloc.demo.book import STRANGER
from alloc.demo.texts import NOT_PROVIDED
from alloc.domain.bank import entry_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from alloc.demo.book import BankDay, Entry

CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells one payment of the files from every other.

    `payments` are the rows of the plan that it is made of: one, or those of a lot that
    the statement shows as one amount.
    """

    payments: tuple[int, ...]
    payment_id: str
    account: str
    booking_date: date
    entry_amount_minor: int
    bank_reference: str
    occurrence: int
    detail_index: int
    detail_count: int
    end_to_end_id: str


def identities(statement: BankDay) -> Iterator[Identity]:
    """Name the payments of a statement.

    Parameters
    ----------
    statement
        One account on one day; twins count up within it.

    Yields
    ------
    Identity
        One per transaction that is a payment of the plan, and one per lot.
    """
    seen: Counter[tuple[int, str]] = Counter()
    for entry in statement.entries:
        seen[entry.amount_minor, entry.bank_reference] += 1
        occurrence = seen[entry.amount_minor, entry.bank_reference]
        for index, (payments, end_to_end_id) in enumerate(_transactions(entry)):
            count = 1 if entry.lumped else len(entry.details)
            stem = _stem(statement, entry, occurrence)
            yield Identity(
                payments=payments,
                payment_id=f"{stem}-{index + 1}" if count > 1 else stem,
                account=statement.account.iban,
                booking_date=statement.day,
                entry_amount_minor=entry.amount_minor,
                bank_reference=entry.bank_reference,
                occurrence=occurrence,
                detail_index=index,
                detail_count=count,
                end_to_end_id=end_to_end_id,
            )


def _transactions(entry: Entry) -> Iterator[tuple[tuple[int, ...], str]]:
    """Give what a statement tells apart within an entry: payments of the plan only."""
    if any(detail.payment == STRANGER for detail in entry.details):
        return
    if entry.lumped:
        yield tuple(detail.payment for detail in entry.details), NOT_PROVIDED
        return
    for detail in entry.details:
        yield (detail.payment,), detail.message.end_to_end_id


def _stem(statement: BankDay, entry: Entry, occurrence: int) -> str:
    iban, day = statement.account.iban, statement.day
    facts = (iban, day, entry.amount_minor, CURRENCY, entry.bank_reference)
    return entry_id(facts, occurrence)
