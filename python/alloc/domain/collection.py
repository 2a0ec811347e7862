"""What a company's receivables say of how it is paid: exact figures, no floats.

Amounts are minor units, with VAT on both sides. Figures are fractions; `figure` writes
one, and ``n/a`` where there is nothing to divide by: that is never 0.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

__all__ = [
    "BUCKETS",
    "Dispute",
    "Due",
    "Month",
    "Paid",
    "aged",
    "behaviour",
    "best_possible_dso",
    "collection_effectiveness",
    "days_late",
    "dso",
    "dso_count_back",
    "figure",
    "on_time",
    "overdue",
    "resolution_days",
]

BUCKETS = ("not_due", "1_30", "31_60", "61_90", "over_90")
"""Days after the due date."""

_BUCKET_DAYS = 30
_LATE_DAYS_MAX = 60
_WEIGHTS = (Fraction(5, 10), Fraction(3, 10), Fraction(2, 10))


class Month(NamedTuple):
    """What was invoiced in a month of so many days."""

    sales_minor: int
    days: int


class Due(NamedTuple):
    """An open item."""

    open_minor: int
    due_date: dt.date


class Paid(NamedTuple):
    """A paid item."""

    amount_minor: int
    due_date: dt.date
    paid_date: dt.date

    @property
    def days(self) -> int:
        """Days after the due date; before it below 0."""
        return (self.paid_date - self.due_date).days


class Dispute(NamedTuple):
    """A dispute that was settled."""

    amount_minor: int
    opened: dt.date
    closed: dt.date


def figure(value: Fraction | None, *, decimals: int = 2) -> str:
    """Write a figure, half a unit of the last decimal away from zero.

    >>> figure(Fraction(1, 3)), figure(Fraction(-5, 1000)), figure(None)
    ('0.33', '-0.01', 'n/a')
    """
    if value is None:
        return "n/a"
    scaled = abs(value) * 10**decimals
    units = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    whole, part = divmod(units, 10**decimals)
    sign = "-" if value < 0 and units else ""
    return f"{sign}{whole}.{part:0{decimals}}" if decimals else f"{sign}{whole}"


def _ratio(part: int, whole: int, times: int = 1) -> Fraction | None:
    return Fraction(part * times, whole) if whole else None


def dso(receivables_minor: int, months: Sequence[Month]) -> Fraction | None:
    """Return days sales outstanding: receivables by the sales of a day.

    Parameters
    ----------
    receivables_minor
        At the end of the months.
    months
        What was invoiced in each.
    """
    sales, days = sum(m.sales_minor for m in months), sum(m.days for m in months)
    return _ratio(receivables_minor, sales, days)


def best_possible_dso(not_due_minor: int, months: Sequence[Month]) -> Fraction | None:
    """Return the DSO if everybody paid when due.

    Parameters
    ----------
    not_due_minor
        Receivables that are not due.
    months
        See `dso`.
    """
    return dso(not_due_minor, months)


def dso_count_back(receivables_minor: int, months: Sequence[Month]) -> Fraction | None:
    """Count back the days whose sales make up the receivables.

    Parameters
    ----------
    receivables_minor
        At the end of the last month.
    months
        The oldest first; None when their sales are less than the receivables.
    """
    rest, days = receivables_minor, Fraction(0)
    for month in reversed(months):
        if rest <= month.sales_minor:
            part = _ratio(rest, month.sales_minor, month.days)
            return days + (part or 0)
        rest, days = rest - month.sales_minor, days + month.days
    return None


def collection_effectiveness(
    begin_minor: int, sales_minor: int, end_minor: int, not_due_minor: int
) -> Fraction | None:
    """Return per cent of what could be collected that was.

    Parameters
    ----------
    begin_minor, end_minor
        Receivables before and after.
    sales_minor
        Invoiced between.
    not_due_minor
        Of those at the end.
    """
    could = begin_minor + sales_minor
    return _ratio(could - end_minor, could - not_due_minor, 100)


def aged(items: Iterable[Due], today: dt.date) -> dict[str, int]:
    """Add up open items by how long they are due.

    Parameters
    ----------
    items
        Open on the day.
    today
        The day.

    Returns
    -------
    dict
        Every one of `BUCKETS` -> minor units.
    """
    sums = dict.fromkeys(BUCKETS, 0)
    for item in items:
        late = (today - item.due_date).days
        place = min(-(-max(late, 0) // _BUCKET_DAYS), len(BUCKETS) - 1)
        sums[BUCKETS[place]] += item.open_minor
    return sums


def overdue(items: Iterable[Due], today: dt.date, *, days: int = 0) -> Fraction | None:
    """Return per cent of what is open that is due for more than so many days.

    Parameters
    ----------
    items, today
        See `aged`.
    days
        0: all that is overdue.
    """
    listed = list(items)
    late = [item for item in listed if (today - item.due_date).days > days]
    total = sum(item.open_minor for item in listed)
    return _ratio(sum(item.open_minor for item in late), total, 100)


def days_late(items: Sequence[Paid], *, signed: bool = False) -> Fraction | None:
    """Return days from due date to payment, weighted by amount.

    Parameters
    ----------
    items
        Paid ones.
    signed
        Whether what was paid early counts against what was paid late.
    """
    total = sum(item.amount_minor for item in items)
    days = (item.days if signed else max(item.days, 0) for item in items)
    late = sum(day * item.amount_minor for day, item in zip(days, items, strict=True))
    return _ratio(late, total)


def on_time(items: Sequence[Paid]) -> Fraction | None:
    """Return per cent of the amount that was paid when due or before.

    Parameters
    ----------
    items
        Paid ones.
    """
    good = sum(item.amount_minor for item in items if item.days <= 0)
    return _ratio(good, sum(item.amount_minor for item in items), 100)


def behaviour(
    items: Sequence[Paid], *, promises_kept: int, promises: int
) -> Fraction | None:
    """Score a payer from 0 to 100: on time, how late, promises kept.

    Half of it is the share paid on time, three tenths how far the days late stay
    below 60, two tenths the promises kept: a formula of ours, there is no standard.

    Parameters
    ----------
    items
        Paid ones.
    promises_kept, promises
        How many of how many.
    """
    share, late = on_time(items), days_late(items)
    kept = _ratio(promises_kept, promises)
    if share is None or late is None or kept is None:
        return None
    parts = (share / 100, max(Fraction(0), 1 - late / _LATE_DAYS_MAX), kept)
    weighed = (weight * part for weight, part in zip(_WEIGHTS, parts, strict=True))
    return 100 * sum(weighed, Fraction(0))


def resolution_days(
    disputes: Sequence[Dispute], *, weighted: bool = False
) -> Fraction | None:
    """Return the days that disputes took, on average.

    Parameters
    ----------
    disputes
        Settled ones.
    weighted
        By amount, instead of each alike.
    """
    weights = [one.amount_minor if weighted else 1 for one in disputes]
    days = [(one.closed - one.opened).days for one in disputes]
    spent = sum(weight * took for weight, took in zip(weights, days, strict=True))
    return _ratio(spent, sum(weights))
