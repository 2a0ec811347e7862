"""Which entry of the books is which entry of the bank's statements."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from alloc.settings import Entity

__all__ = ["EntryKey", "Matched", "Receipt", "bare", "match_receipts"]
__all__ += ["without_statements"]

#: Days between the bank's booking and the entry in the books.
DAYS_APART_MAX = 5
#: So many receipts in a row that no statement is near: statements are missing.
MISSING_MIN = 3


class EntryKey(NamedTuple):
    """Identifies an accounting entry among the files of an entity.

    Some software numbers each month anew: the day belongs to it.
    """

    file: str
    journal: str
    number: str
    date: dt.date


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that came in, as the books have it.

    Parameters
    ----------
    entry
        Its entry.
    date
        Of the entry.
    account
        The bank account in the books; empty where they do not say it.
    amount_minor
        What came in.
    place
        File and line, for people.
    """

    entry: EntryKey
    date: dt.date
    account: str
    amount_minor: int
    place: str


@dataclass(frozen=True, slots=True)
class Matched:
    """Receipts by payment; those of which no payment, or no single one, is known."""

    pairs: Mapping[str, Receipt]
    not_found: tuple[Receipt, ...]
    ambiguous: tuple[Receipt, ...]


def bare(account: str) -> str:
    """Return an account number without the zeros that fill it up."""
    return account.rstrip("0")


def match_receipts(
    receipts: Sequence[Receipt], payments: Iterable[Mapping[str, Any]], entity: Entity
) -> Matched:
    """Pair receipts with payments of the same account and amount, a few days apart.

    Where a receipt does not say its account, none is looked at.

    Only what is the one possibility from both sides is paired; then, of what is left,
    the one pair of a day; and so on.

    Parameters
    ----------
    receipts
        Of the books.
    payments
        Columns account, amount_minor, booking_date, currency, payment_id; those in
        another currency than the books are none of theirs.
    entity
        Says which bank account is which account of the books.
    """
    account_of = {bank.identifier: bare(bank.account) for bank in entity.banks}
    groups: dict[tuple[str, int], _Group] = defaultdict(_Group)
    is_said = all(receipt.account for receipt in receipts)
    for receipt in receipts:
        account = bare(receipt.account) if is_said else ""
        groups[account, receipt.amount_minor].receipts.append(receipt)
    for row in payments:
        mine = account_of.get(row["account"])
        if mine is not None and row["currency"] == entity.currency:
            day = (row["booking_date"], row["payment_id"])
            key = (mine if is_said else "", row["amount_minor"])
            groups[key].payments.append(day)
    pairs: dict[str, Receipt] = {}
    not_found: list[Receipt] = []
    ambiguous: list[Receipt] = []
    for group in groups.values():
        found = group.pairs()
        pairs |= found
        taken = {receipt.entry for receipt in found.values()}
        for receipt in group.receipts:
            if receipt.entry not in taken:
                missed = ambiguous if group.near(receipt) else not_found
                missed.append(receipt)
    return Matched(pairs, tuple(not_found), tuple(ambiguous))


def without_statements(
    receipts: Iterable[Receipt],
    payments: Iterable[Mapping[str, Any]],
    entity: Entity,
) -> dict[EntryKey, str]:
    """Name the stretches of days that receipts lie in and no statement tells of.

    Parameters
    ----------
    receipts
        Those that no payment was found for.
    payments, entity
        As for `match_receipts`.

    Returns
    -------
    dict
        ``512100 2026-03-01 to 2026-03-31`` by entry; the days are those of the first
        and last receipt. One or two alone may be anything.
    """
    account_of = {bank.identifier: bare(bank.account) for bank in entity.banks}
    told: dict[str, set[dt.date]] = defaultdict(set)
    for row in payments:
        told[account_of.get(row["account"], "")].add(row["booking_date"])
    days = {account: sorted(known) for account, known in told.items()}
    stretches: dict[tuple[str, int], list[Receipt]] = defaultdict(list)
    for receipt in sorted(receipts, key=lambda one: one.date):
        account = bare(receipt.account)
        known = days.get(account, [])
        at = bisect_left(known, receipt.date)
        near = known[max(at - 1, 0) : at + 1]
        if all(abs((day - receipt.date).days) > DAYS_APART_MAX for day in near):
            stretches[account, at].append(receipt)
    return {
        receipt.entry: f"{receipt.account} {missing[0].date} to {missing[-1].date}"
        for missing in stretches.values()
        if len(missing) >= MISSING_MIN
        for receipt in missing
    }


class _Group:
    """Receipts and payments of one account and amount."""

    def __init__(self) -> None:
        self.receipts: list[Receipt] = []
        self.payments: list[tuple[dt.date, str]] = []

    def near(self, receipt: Receipt) -> list[tuple[dt.date, str]]:
        """Return the payments that a receipt may be; they are sorted."""
        apart = dt.timedelta(days=DAYS_APART_MAX)
        first = bisect_left(self.payments, receipt.date - apart, key=itemgetter(0))
        last = bisect_right(self.payments, receipt.date + apart, key=itemgetter(0))
        return self.payments[first:last]

    def pairs(self) -> dict[str, Receipt]:
        """Return what is certain, by payment."""
        self.payments.sort()
        near = {receipt: set(self.near(receipt)) for receipt in self.receipts}
        pairs: dict[str, Receipt] = {}
        while found := _only(near) or _only(_same_day(near)):
            for payment, receipt in found:
                pairs[payment[1]] = receipt
                del near[receipt]
                for others in near.values():
                    others.discard(payment)
        return pairs


def _same_day(
    near: Mapping[Receipt, set[tuple[dt.date, str]]],
) -> dict[Receipt, set[tuple[dt.date, str]]]:
    return {
        receipt: {payment for payment in payments if payment[0] == receipt.date}
        for receipt, payments in near.items()
    }


def _only(
    near: Mapping[Receipt, set[tuple[dt.date, str]]],
) -> list[tuple[tuple[dt.date, str], Receipt]]:
    """Return the pairs in which either is the other's one possibility."""
    wanted: dict[tuple[dt.date, str], list[Receipt]] = defaultdict(list)
    for receipt, payments in near.items():
        for payment in payments:
            wanted[payment].append(receipt)
    return [
        (payment, receipts[0])
        for payment, receipts in sorted(wanted.items())
        if len(receipts) == 1 and len(near[receipts[0]]) == 1
    ]
