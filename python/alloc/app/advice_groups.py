"""Sums of advices and payments: which make up which, and which lines go where.

Only what is certain counts: one way to make up a sum, one way to share out lines.
Everything is small here, and a limit ends what is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["GROUP_MAX", "only_subset", "share_out"]

GROUP_MAX = 12
"""How many payments (or advices) of one payer are tried for a sum of several."""

LINES_SHARED_MAX = 200
"""How many lines without a reference are shared out by their amounts."""

STEPS_MAX = 200_000
"""How many steps are taken to share out lines before they count as unclear."""


def only_subset(amounts: Sequence[int], total: int) -> tuple[int, ...] | None:
    """Return the only two or more amounts that make up a total.

    Parameters
    ----------
    amounts
        Minor units; `GROUP_MAX` at most are tried, more have no answer.
    total
        Minor units.

    Returns
    -------
    tuple of int or None
        Their places, ascending; None where no set, or more than one, has the total.

    Examples
    --------
    >>> only_subset([600, 500, 400], 1000)
    (0, 2)
    >>> only_subset([600, 600, 400], 1000) is None
    True
    """
    if len(amounts) > GROUP_MAX:
        return None
    sums: list[tuple[int, tuple[int, ...]]] = [(0, ())]
    for place, amount in enumerate(amounts):
        sums += [(minor + amount, (*places, place)) for minor, places in sums]
    found = [places for minor, places in sums if minor == total and len(places) > 1]
    return found[0] if len(found) == 1 else None


def share_out(
    lines: Sequence[int | None],
    totals: Sequence[int],
    known: Mapping[int, int],
) -> tuple[int, ...] | None:
    """Share out lines so that every part has its total, where there is one way only.

    Parameters
    ----------
    lines
        Amounts, minor units; None where a line has none: it must be known.
    totals
        What each part adds up to.
    known
        Place of a line -> the part that it belongs to.

    Returns
    -------
    tuple of int or None
        The part of each line; None where there is no way, more than one, or where it
        takes too long to tell.

    Examples
    --------
    >>> share_out([700, 300, 500], [1000, 500], {})
    (0, 0, 1)
    >>> share_out([500, 500], [500, 500], {}) is None
    True
    >>> share_out([500, 500], [500, 500], {1: 0})
    (1, 0)
    """
    if len(known) == len(lines) and any(amount is None for amount in lines):
        # Without every amount no sum proves anything, but references tell all.
        return tuple(known[place] for place in range(len(lines)))
    if any(amount is None for amount in lines):
        return None
    amounts = [amount or 0 for amount in lines]
    rest = list(totals)
    for place, part in known.items():
        rest[part] -= amounts[place]
    free = sorted(
        (place for place in range(len(lines)) if place not in known),
        key=lambda place: -abs(amounts[place]),
    )
    if len(free) > LINES_SHARED_MAX:
        return None
    ways = _Ways([amounts[place] for place in free], rest)
    ways.try_from(0)
    if len(ways.found) != 1 or ways.steps > STEPS_MAX:
        return None
    parts = dict(known) | dict(zip(free, ways.found[0], strict=True))
    return tuple(parts[place] for place in range(len(lines)))


class _Ways:
    """A search for two ways: one proves nothing until there is no second."""

    def __init__(self, amounts: Sequence[int], rest: list[int]) -> None:
        self.amounts, self.rest = amounts, rest
        self.found: list[tuple[int, ...]] = []
        self.steps = 0
        self._chosen: list[int] = []
        self._no_credits = min(amounts, default=0) >= 0

    def try_from(self, place: int) -> None:
        self.steps += 1
        if len(self.found) > 1 or self.steps > STEPS_MAX:
            return
        if place == len(self.amounts):
            if not any(self.rest):
                self.found.append(tuple(self._chosen))
            return
        for part in range(len(self.rest)):
            if self._no_credits and self.amounts[place] > self.rest[part]:
                continue
            self.rest[part] -= self.amounts[place]
            self._chosen.append(part)
            self.try_from(place + 1)
            self._chosen.pop()
            self.rest[part] += self.amounts[place]
