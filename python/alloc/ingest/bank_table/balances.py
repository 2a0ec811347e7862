"""Running balances of a statement: checked entry by entry, in either order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Break", "Chain", "follow"]


@dataclass(frozen=True, slots=True)
class Break:
    """A balance that does not follow from the one before.

    Parameters
    ----------
    place
        Number of the entry.
    expected_minor, printed_minor
        What its balance should be, and what the file says.
    """

    place: int
    expected_minor: int
    printed_minor: int


@dataclass(frozen=True, slots=True)
class Chain:
    """The balances of a statement from its first entry to its last in time.

    Parameters
    ----------
    opening_minor, closing_minor
        Before the first and after the last entry that has a balance: entries
        outside of them are counted in.
    breaks
        Where a balance does not follow, in the order of time.
    """

    opening_minor: int
    closing_minor: int
    breaks: tuple[Break, ...]


def follow(
    amounts: Sequence[int],
    balances: Sequence[int | None],
    *,
    newest_first: bool,
    opening_minor: int | None = None,
) -> Chain | None:
    """Check that each balance is the one before and what moved since.

    The order with fewer breaks is taken: banks list the oldest or the newest entry
    first.

    Parameters
    ----------
    amounts
        What each entry moved, minor units.
    balances
        The balance after each entry; None where none is printed.
    newest_first
        The order to take when both have as many breaks: what the dates say.
    opening_minor
        The opening balance where the file prints one.

    Returns
    -------
    Chain or None
        None when there is no balance at all.

    Examples
    --------
    >>> follow([100, -30], [1100, 1070], newest_first=False)
    Chain(opening_minor=1000, closing_minor=1070, breaks=())
    """
    if all(balance is None for balance in balances):
        return None
    places = range(len(amounts))
    ahead = _followed(amounts, balances, places, opening_minor)
    back = _followed(amounts, balances, places[::-1], opening_minor)
    if len(ahead.breaks) == len(back.breaks):
        return back if newest_first else ahead
    return min(ahead, back, key=lambda chain: len(chain.breaks))


def _followed(
    amounts: Sequence[int],
    balances: Sequence[int | None],
    places: Sequence[int],
    opening_minor: int | None,
) -> Chain:
    moved = 0
    opening, expected = opening_minor, opening_minor
    breaks = []
    for place in places:
        moved += amounts[place]
        printed = balances[place]
        if printed is None:
            continue
        if expected is None:
            opening = printed - moved
        elif expected + moved != printed:
            breaks.append(Break(place, expected + moved, printed))
        expected, moved = printed, 0
    assert opening is not None  # noqa: S101 - there is a balance
    assert expected is not None  # noqa: S101
    return Chain(opening, expected + moved, tuple(breaks))
