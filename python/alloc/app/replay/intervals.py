"""How sure a rate is, when payments of one payer are alike: intervals by payer.

Payers, not payments, are drawn again: a payer whose references the engine cannot read
is wrong, or left to a person, again and again (cluster bootstrap: Davison and Hinkley,
*Bootstrap Methods and their Application*, 1997, section 3.8; percentile intervals:
Efron and Tibshirani, *An Introduction to the Bootstrap*, 1993, chapter 13).

What was never seen cannot be drawn: with no wrong payment each draw has none. Then the
upper end is the exact one of Clopper and Pearson (1934) for none of n, which is the
"rule of three" (Hanley and Lippman-Hand, JAMA 249, 1983) at 95 % both sides, for the
number of payments that counts when all payments of a payer go the same way: (sum of
m) squared / (sum of m squared), Kish, *Survey Sampling*, 1965. An effective number in
the exact interval is the way of Korn and Graubard (*Survey Methodology* 24, 1998).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from alloc.app.replay.judging import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    Counts = np.ndarray[Any, np.dtype[np.int64]]

__all__ = ["RESAMPLES", "Interval", "by_payer", "drawn", "right_and_wrong"]
__all__ += ["share_interval"]

#: Draws: a hundred times what a standard error takes, so that the tails are seen.
RESAMPLES = 2_000
#: Draws are the same each time: 64 bits of the generator, which numpy never changes.
SEED = 20_260_101
#: Half of what an interval leaves out: 95 % both sides.
TAIL = 0.025
#: With fewer payers the bootstrap is too narrow: Flynn and Peters, *BMC Health Services
#: Research* 4:33, 2004, found 24 clusters to be the least.
PAYERS_MIN = 24
MILLION = 1_000_000
#: Cells of one block of draws: bounds the memory.
BLOCK_CELLS = 1_000_000


class Interval(NamedTuple):
    """A share with its interval of 95 %, parts per million.

    Parameters
    ----------
    rate_ppm
        As it was seen, rounded to what is worse.
    low_ppm, high_ppm
        Rounded outwards.
    part, whole
        What was seen: so many of so many.
    payers
        How many payers these are; with few of them an interval says little.
    """

    rate_ppm: int
    low_ppm: int
    high_ppm: int
    part: int
    whole: int
    payers: int

    @property
    def has_few_payers(self) -> bool:
        """Whether there are too few payers to draw from."""
        return self.payers < PAYERS_MIN


def by_payer(outcomes: pa.Table, flags: Sequence[Sequence[bool]]) -> Counts:
    """Count payments by payer: the customer, else the name, else the payment alone.

    Parameters
    ----------
    outcomes
        Of a replay.
    flags
        For each count, which payments are counted.

    Returns
    -------
    numpy.ndarray
        int64, a row a payer (sorted), a column a count.
    """
    names = ("customer_id", "payer", "payment_id")
    columns = (outcomes[name].to_pylist() for name in names)
    payers = [
        (0, customer) if customer else (1, payer) if payer else (2, payment_id)
        for customer, payer, payment_id in zip(*columns, strict=True)
    ]
    place_of = {payer: place for place, payer in enumerate(sorted(set(payers)))}
    places = np.array([place_of[payer] for payer in payers], np.int64)
    counts = np.zeros((len(place_of), len(flags)), np.int64)
    for column, counted in enumerate(flags):
        np.add.at(counts[:, column], places, np.array(counted, np.int64))
    return counts


def drawn(counts: Counts) -> Counts:
    """Return the sums of counts, for each draw of as many payers with replacement.

    Parameters
    ----------
    counts
        int64, a row a payer.

    Returns
    -------
    numpy.ndarray
        int64, `RESAMPLES` rows and the columns of ``counts``; equal for equal input.
    """
    payers = len(counts)
    source = np.random.PCG64(SEED)
    block = max(1, BLOCK_CELLS // max(payers, 1))
    sums = []
    for start in range(0, RESAMPLES, block):
        draws = min(block, RESAMPLES - start)
        places = source.random_raw(draws * payers) % np.uint64(max(payers, 1))
        offsets = np.repeat(np.arange(draws, dtype=np.int64) * payers, payers)
        often = np.bincount(
            places.astype(np.int64) + offsets, minlength=draws * payers
        ).reshape(draws, payers)
        sums.append(often @ counts)
    return np.concatenate(sums)


def share_interval(counts: Counts) -> Interval:
    """Return how large a share is: the first count of the second.

    Parameters
    ----------
    counts
        int64, a row a payer: what is counted, and out of how many.
    """
    part, whole = (int(total) for total in counts.sum(axis=0))
    payers = int(np.count_nonzero(counts[:, 1]))
    if not whole:
        return Interval(0, 0, MILLION, 0, 0, 0)
    sums = drawn(counts)
    sums = sums[sums[:, 1] > 0]
    low = int(np.sort(sums[:, 0] * MILLION // sums[:, 1])[_tail_at(len(sums))])
    ups = -(-sums[:, 0] * MILLION // sums[:, 1])
    high = int(np.sort(ups)[::-1][_tail_at(len(sums))])
    unseen = _most_when_none(counts[:, 1])
    return Interval(
        rate_ppm=-(-part * MILLION // whole),
        low_ppm=min(low, MILLION - unseen),
        high_ppm=max(high, unseen),
        part=part,
        whole=whole,
        payers=payers,
    )


def right_and_wrong(outcomes: pa.Table) -> tuple[Interval, Interval]:
    """Return the share cleared as it was, and of what is automatic the wrong share."""
    verdicts = outcomes["verdict"].to_pylist()
    right = [verdict == Verdict.RIGHT for verdict in verdicts]
    wrong = [verdict == Verdict.WRONG for verdict in verdicts]
    every = [True] * len(verdicts)
    either = [one or other for one, other in zip(right, wrong, strict=True)]
    counts = by_payer(outcomes, [right, every, wrong, either])
    return share_interval(counts[:, :2]), share_interval(counts[:, 2:])


def _tail_at(draws: int) -> int:
    return math.floor(draws * TAIL)


def _most_when_none(sizes: Counts) -> int:
    """Return the share that may still be wrong where none was, ppm rounded up."""
    whole, squares = int(sizes.sum()), int((sizes.astype(object) ** 2).sum())
    effective = whole * whole / squares
    return math.ceil(MILLION * (1.0 - math.pow(TAIL, 1.0 / effective)))
