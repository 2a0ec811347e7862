"""Whether a decision is what really happened, and how hard the question was."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from alloc.app.open_book import item_keys

if TYPE_CHECKING:
    import pyarrow as pa

    from alloc.app.past import Settled

__all__ = ["Classes", "Judgement", "Stratum", "Verdict", "judge", "stratum_of"]

#: With up to so many items open a list can be read by a person.
FEW_OPEN_MAX = 22


class Verdict(StrEnum):
    """How a decision stands to what really happened.

    ``right``: automatic, exactly the items with exactly the amounts. ``wrong``:
    automatic, and anything else. ``proposed``: left to a person, and the first
    proposal is right. ``left``: left to a person, who has to find the items.
    """

    RIGHT = "right"
    WRONG = "wrong"
    PROPOSED = "proposed"
    LEFT = "left"


class Stratum(StrEnum):
    """How hard a payment is: items it settles of those open at its customers.

    ``nothing``: it settled no item (money on account). ``only_item``: the one item
    that is open. ``one_item``: one of several. ``all_items``: two or more, and
    nothing else is open. ``of_few``: two or more of at most 22. ``of_many``: two or
    more of more than 22.
    """

    NOTHING = "nothing"
    ONLY_ITEM = "only_item"
    ONE_ITEM = "one_item"
    ALL_ITEMS = "all_items"
    OF_FEW = "of_few"
    OF_MANY = "of_many"


def stratum_of(settled: int, opened: int) -> Stratum:
    """Return the stratum of a payment that settles some of the open items."""
    if settled == 0:
        return Stratum.NOTHING
    if settled == 1:
        return Stratum.ONLY_ITEM if opened <= 1 else Stratum.ONE_ITEM
    if settled >= opened:
        return Stratum.ALL_ITEMS
    return Stratum.OF_FEW if opened <= FEW_OPEN_MAX else Stratum.OF_MANY


class Classes:
    """Items that nothing tells apart stand in for each other.

    Parameters
    ----------
    items
        As in `alloc.app.past.Past`: two of one customer with the same number, amount
        and dates are one class.
    """

    SAME = (
        *("entity", "customer_id", "currency", "open_minor"),
        *("reference", "issue_date", "due_date"),
    )

    def __init__(self, items: pa.Table) -> None:
        columns = [items[name].to_pylist() for name in self.SAME]
        known: dict[tuple[object, ...], int] = {}
        self._class_of = {
            key: known.setdefault(said, len(known))
            for key, said in zip(
                item_keys(items).to_pylist(), zip(*columns, strict=True), strict=True
            )
        }

    def lines(self, settled: Settled) -> Counter[tuple[object, int]]:
        """Return what is settled by class and amount, with how often."""
        return Counter(
            (self._class_of.get(key, key), minor) for key, minor in settled.items()
        )


class Judgement(NamedTuple):
    """What one decision is worth.

    Parameters
    ----------
    verdict
        See `Verdict`.
    lines_right
        Items that were named with their right amounts.
    """

    verdict: Verdict
    lines_right: int


def judge(
    classes: Classes, *, automatic: bool, told: Settled, truth: Settled
) -> Judgement:
    """Compare what was told with what happened.

    Parameters
    ----------
    classes
        Of all items.
    automatic
        Whether nobody was asked.
    told, truth
        What is settled on each item.
    """
    said, happened = classes.lines(told), classes.lines(truth)
    is_right = said == happened
    if automatic:
        verdict = Verdict.RIGHT if is_right else Verdict.WRONG
    else:
        verdict = Verdict.PROPOSED if is_right and said else Verdict.LEFT
    return Judgement(verdict, (said & happened).total())
