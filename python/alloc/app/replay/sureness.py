"""How sure the figures of some outcomes are, each worked out once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from alloc.app.replay.drift import drift
from alloc.app.replay.intervals import right_and_wrong

if TYPE_CHECKING:
    import pyarrow as pa

    from alloc.app.replay.drift import Period
    from alloc.app.replay.intervals import Interval

__all__ = ["Sureness"]


class Sureness:
    """Intervals and drift.

    Parameters
    ----------
    outcomes
        Of a replay.
    """

    def __init__(self, outcomes: pa.Table) -> None:
        self.outcomes = outcomes

    @cached_property
    def rates(self) -> tuple[Interval, Interval]:
        """See `alloc.app.replay.intervals.right_and_wrong`."""
        return right_and_wrong(self.outcomes)

    @cached_property
    def drift(self) -> list[Period]:
        """See `alloc.app.replay.drift.drift`."""
        return drift(self.outcomes)
