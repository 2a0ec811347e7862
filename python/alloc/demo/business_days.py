"""Days on which French banks book transfers."""

from __future__ import annotations

from datetime import date, timedelta

SATURDAY = 5


def easter(year: int) -> date:
    """Give Easter Sunday (Butcher's Gregorian algorithm)."""
    golden = year % 19
    century, rest = divmod(year, 100)
    leap, leap_rest = divmod(century, 4)
    moon = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap - moon + 15) % 30
    quarter, quarter_rest = divmod(rest, 4)
    week = (32 + 2 * leap_rest + 2 * quarter - epact - quarter_rest) % 7
    shift = (golden + 11 * epact + 22 * week) // 451
    month, day = divmod(epact + week - 7 * shift + 114, 31)
    return date(year, month, day + 1)


def closing_days(year: int) -> set[date]:
    """Give the days on which the euro transfer systems are closed."""
    sunday = easter(year)
    return {
        date(year, 1, 1),
        sunday - timedelta(days=2),
        sunday + timedelta(days=1),
        date(year, 5, 1),
        date(year, 12, 25),
        date(year, 12, 26),
    }


def business_days(first: date, last: date) -> list[date]:
    """List the booking days from ``first`` to ``last``, both included.

    Examples
    --------
    >>> len(business_days(date(2026, 1, 1), date(2026, 1, 31)))
    21
    """
    closed = {day for y in range(first.year, last.year + 1) for day in closing_days(y)}
    span = (last - first).days + 1
    days = (first + timedelta(days=offset) for offset in range(span))
    return [day for day in days if day.weekday() < SATURDAY and day not in closed]
