"""A replay whose days are decided on a cluster: for `alloc replay`.

Where the truth moves the items on, a day does not ask what was decided before it. So
each task decides some days in a row, and follows the truth through those before them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from alloc.app.past import between
from alloc.app.replay import Follow, replay
from alloc.app.replay.days import DayFound, NothingKept
from alloc.errors import InputError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Collection, Sequence

    from pyspark import Broadcast
    from pyspark.sql import SparkSession

    from alloc.app.past import Past
    from alloc.app.replay import Replay
    from alloc.app.replay.days import Kept

    Days = list[dt.date]

#: A driver that is killed loses what is decided of an eighth of the work.
LOTS = 8

NOTHING_FOUND = DayFound(outcomes=[], waiting=0, trials=[], taken=[])


def replayer(spark: SparkSession) -> Callable[..., Replay]:
    """Return what has the form and the answers of `alloc.app.replay.replay`.

    Each Python worker holds the whole past. Days that are kept already are not decided
    again; the others are kept lot by lot.

    Parameters
    ----------
    spark
        As for `alloc.spark.propose`.

    Raises
    ------
    alloc.errors.InputError
        Of what is returned, beside those of `replay`: our own decisions are followed,
        and each day needs those of the day before (``VALUE_INVALID``).
    """
    context = spark.sparkContext

    def replay_there(
        past: Past,
        *known: Any,  # noqa: ANN401 - handed on
        follow: Follow = Follow.TRUTH,
        progress: Callable[[int, int], object] = lambda _done, _total: None,
        kept: Kept | None = None,
        **options: Any,  # noqa: ANN401 - handed on
    ) -> Replay:
        if follow is not Follow.TRUTH:
            raise InputError(
                "Spark decides days beside each other, and with --follow own each "
                "needs the decisions of the day before: leave --engine spark out",
                reason="VALUE_INVALID",
                field="follow",
            )
        here = _Here(kept or NothingKept())
        asked = context.broadcast((past, known, options))
        counts = {day: rows.num_rows for day, rows in past.days()}
        left = {day: count for day, count in counts.items() if here.day(day) is None}
        done = sum(counts.values()) - sum(left.values())
        for spans in _lots(left, context.defaultParallelism):
            context.setJobDescription(f"alloc: replay from {spans[0][0]}")
            tasks = context.parallelize(spans, len(spans))
            for found in tasks.map(partial(_decided, asked=asked)).collect():
                for day, one in found:
                    here.keep(day, one)
                    done += counts[day]
            progress(done, past.payments.num_rows)
        asked.destroy()
        return replay(past, *known, kept=here, **options)

    return replay_there


def _lots(counts: dict[dt.date, int], tasks: int) -> list[list[Days]]:
    """Share days out: lots of spans, with about as many payments in each span."""
    spans: dict[int, Days] = {}
    before, total = 0, sum(counts.values())
    for day, count in sorted(counts.items()):
        spans.setdefault(before * LOTS * tasks // total, []).append(day)
        before += count
    all_spans = list(spans.values())
    return [all_spans[at : at + tasks] for at in range(0, len(all_spans), tasks)]


def _decided(
    days: Sequence[dt.date], asked: Broadcast[tuple[Past, Any, Any]]
) -> list[tuple[dt.date, DayFound]]:
    """Decide some days in a row, on an executor."""
    past, known, options = asked.value
    until = between(past.payments, since=None, until=days[-1])
    mine = _Mine(days)
    replay(replace(past, payments=until), *known, kept=mine, **options)
    return mine.found


class _Mine:
    """Some days are to be decided, and nothing is asked of the others."""

    def __init__(self, days: Collection[dt.date]) -> None:
        self._days = frozenset(days)
        self.found: list[tuple[dt.date, DayFound]] = []

    def day(self, day: dt.date) -> DayFound | None:
        return None if day in self._days else NOTHING_FOUND

    def keep(self, day: dt.date, found: DayFound) -> None:
        self.found.append((day, found))


class _Here:
    """What was decided on the cluster, beside what was kept before."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._found: dict[dt.date, DayFound] = {}

    def day(self, day: dt.date) -> DayFound | None:
        return self._found.get(day) or self._kept.day(day)

    def keep(self, day: dt.date, found: DayFound) -> None:
        self._kept.keep(day, found)
        self._found[day] = found
