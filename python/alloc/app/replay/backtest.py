"""Back-test: what is learned on some days, judged on the days after them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypedDict, Unpack

import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.past import between
from alloc.app.replay.curve import most_within, risk_curve
from alloc.app.replay.driver import as_active, replay
from alloc.app.replay.intervals import MILLION
from alloc.app.replay.sureness import Sureness
from alloc.app.replay.what_if import GainKind
from alloc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from alloc.app.past import Past, PastFinding
    from alloc.app.replay.curve import Point
    from alloc.app.replay.days import Kept, Trial
    from alloc.app.replay.driver import Replay
    from alloc.rules import Rule
    from alloc.settings import Settings

__all__ = ["BackTest", "ProposedRule", "Stage", "StageName", "backtest"]
__all__ += ["first_test_day", "proposed_rules"]

#: Of all days with payments, the last quarter judges.
TEST_SHARE = 4
#: A rule that explains so many payments of the training days is worth a proposal.
RIGHT_MIN = 3
#: Passes over all days; one more is over the training days.
PASSES_OF_ALL = 3


class StageName(StrEnum):
    """What is known when the payments of the test days are decided.

    ``zero``: master data and advices, no rule, nothing of the past. ``learned``: also
    who paid for whom on the training days, and what payers chose. ``rules``: also the
    rules that the training days speak for.
    """

    ZERO = "zero"
    LEARNED = "learned"
    RULES = "rules"


class _Options(TypedDict, total=False):
    """What the passes differ in; see `alloc.app.replay.replay`."""

    learn: bool
    since: dt.date
    teach_until: dt.date
    rules: Sequence[Rule]
    dormant: Sequence[Rule]


class ProposedRule(NamedTuple):
    """A rule that cleared payments of the training days as they were cleared.

    Parameters
    ----------
    name
        ``id@version``.
    right, wrong
        Payments that it would have cleared, and how.
    """

    name: str
    right: int
    wrong: int


@dataclass(frozen=True)
class Stage:
    """What was decided at one stage of knowledge.

    Parameters
    ----------
    name
        See `StageName`.
    outcomes
        Of the test days; columns as in `alloc.app.replay.Replay`.
    trained
        Of the training days: what the threshold is chosen on. The stage with rules
        has that of the stage before: its rules were chosen on these very days.
    threshold
        Proposals as sure as this were right often enough on the training days; None
        where none was.
    """

    name: StageName
    outcomes: pa.Table
    trained: pa.Table
    threshold: Point | None

    @cached_property
    def sureness(self) -> Sureness:
        """How sure the rates of the test days are."""
        return Sureness(self.outcomes)


@dataclass(frozen=True)
class BackTest:
    """The stages side by side, on the same payments.

    Parameters
    ----------
    test_since
        The first day that judges; what is before is what is learned from.
    wanted_ppm
        Wrong ones per million that are accepted.
    stages
        In the order of `StageName`.
    rules
        What the training days speak for, the best first.
    waiting
        Payments of the test days of which nobody knows how they were cleared.
    findings
        What in the history cannot be compared, or is odd.
    """

    test_since: dt.date
    wanted_ppm: int
    stages: tuple[Stage, ...]
    rules: tuple[ProposedRule, ...]
    waiting: int
    findings: tuple[PastFinding, ...]

    @cached_property
    def all_days(self) -> Sureness:
        """How sure the rates from zero knowledge are, and how they moved: all days."""
        zero = self.stages[0]
        return Sureness(pa.concat_tables([zero.trained, zero.outcomes]))


def first_test_day(past: Past) -> dt.date:
    """Return the first day of the last quarter of days with payments that can judge.

    Raises
    ------
    alloc.errors.InputError
        There is no such day (``BACKTEST_TOO_SHORT``).
    """
    days = _judging_days(past)
    if not days:
        raise InputError(
            "of no payment it is known how it was cleared: a back-test needs the "
            "statements of some weeks, and how their payments were cleared",
            reason="BACKTEST_TOO_SHORT",
        )
    return days[-max(1, len(days) // TEST_SHARE)]


def backtest(
    past: Past,
    settings: Settings,
    customers: pa.Table,
    remittances: pa.Table,
    *,
    test_since: dt.date,
    candidates: Sequence[Rule] = (),
    wanted_ppm: int,
    today: dt.date,
    progress: Callable[[int, int], object] = lambda _done, _total: None,
    kept: Callable[[str], Kept] | None = None,
) -> BackTest:
    """Decide the test days three times, with what the training days taught.

    Parameters
    ----------
    past
        Payments, items, and how they were cleared.
    settings, customers, remittances, today
        As for `alloc.app.replay.replay`.
    test_since
        The first test day.
    candidates
        Rules that are tried, each alone, on what the training days leave to a person.
    wanted_ppm
        Wrong ones per million that are accepted of a threshold and of a rule.
    progress
        Told how many payments are done, of all passes.
    kept
        By part of the work: days that are decided already.

    Raises
    ------
    alloc.errors.InputError
        No payment that can be compared lies before the first test day, or after it
        (``BACKTEST_TOO_SHORT``).
    """
    _check_days(past, test_since)
    last = test_since - dt.timedelta(days=1)
    training = replace(past, payments=between(past.payments, since=None, until=last))
    counts = (past.payments.num_rows, training.payments.num_rows)
    steps = _Steps(progress, PASSES_OF_ALL * counts[0] + counts[1])

    def decided(part: str, days: Past = past, **options: Unpack[_Options]) -> Replay:
        return replay(
            *(days, settings, customers, remittances),
            tried=(GainKind.RULE,),
            today=today,
            progress=steps.next(days.payments.num_rows),
            kept=kept(part) if kept else None,
            **options,
        )

    zero = decided("zero")
    trained = decided("training", training, learn=True, dormant=candidates)
    frozen = _Options(learn=True, since=test_since, teach_until=last)
    learned = decided("learned", **frozen)
    rules = proposed_rules(trained.trials, wanted_ppm)
    tests = {
        StageName.ZERO: (_from(zero.outcomes, test_since), _to(zero.outcomes, last)),
        StageName.LEARNED: (learned.outcomes, trained.outcomes),
    }
    if rules:
        names = {rule.name for rule in rules}
        awake = [as_active(rule) for rule in candidates if rule.name in names]
        with_rules: _Options = {**frozen, "rules": awake}
        ruled = decided("rules", **with_rules)
        tests[StageName.RULES] = (ruled.outcomes, trained.outcomes)
    steps.end()
    return BackTest(
        test_since=test_since,
        wanted_ppm=wanted_ppm,
        stages=tuple(
            Stage(name, outcomes, before, most_within(risk_curve(before), wanted_ppm))
            for name, (outcomes, before) in tests.items()
        ),
        rules=rules,
        waiting=learned.waiting,
        findings=learned.findings,
    )


def proposed_rules(
    trials: Iterable[Trial], wanted_ppm: int
) -> tuple[ProposedRule, ...]:
    """Choose rules by what each would have cleared alone, the best first.

    Rules that explain a payment of one another would stop each other there (a person
    is asked which of them it is): of those the one that clears most is proposed.

    Parameters
    ----------
    trials
        Of the training days.
    wanted_ppm
        Wrong ones per million that are accepted of a rule.
    """
    found: dict[str, dict[str, bool]] = defaultdict(dict)
    for trial in trials:
        found[trial.name][trial.payment_id] = trial.is_right
    chosen, explained = [], set[str]()
    for name, verdicts in sorted(
        found.items(), key=lambda pair: (-sum(pair[1].values()), pair[0])
    ):
        right = sum(verdicts.values())
        wrong = len(verdicts) - right
        is_right_enough = wrong * MILLION <= wanted_ppm * len(verdicts)
        if right >= RIGHT_MIN and is_right_enough and not explained & verdicts.keys():
            chosen.append(ProposedRule(name, right, wrong))
            explained |= verdicts.keys()
    return tuple(chosen)


class _Steps:
    """Tells the progress of several passes as one."""

    def __init__(self, progress: Callable[[int, int], object], total: int) -> None:
        self._progress, self._total = progress, total
        self._done = 0

    def next(self, payments: int) -> Callable[[int, int], object]:
        """Begin a pass over so many payments."""
        before = self._done
        self._done += payments
        return lambda done, _payments: self._progress(before + done, self._total)

    def end(self) -> None:
        """Say that all is done, also when a pass was not needed."""
        self._progress(self._total, self._total)


def _judging_days(past: Past) -> list[dt.date]:
    judging = pa.array(sorted(past.decided_by), pa.string())
    rows = pc.is_in(past.payments["payment_id"], value_set=judging)
    days = past.payments["value_date"].filter(rows)
    return sorted(pc.unique(days).to_pylist())


def _check_days(past: Past, test_since: dt.date) -> None:
    days = _judging_days(past)
    for side, name in (
        ([day for day in days if day < test_since], "before"),
        ([day for day in days if day >= test_since], "from"),
    ):
        if not side:
            raise InputError(
                f"no payment {name} {test_since} can be compared: choose another "
                "first test day, or give more statements and books",
                reason="BACKTEST_TOO_SHORT",
                field="test_since",
            )


def _from(outcomes: pa.Table, day: dt.date) -> pa.Table:
    return between(outcomes, since=day, until=None)


def _to(outcomes: pa.Table, day: dt.date) -> pa.Table:
    return between(outcomes, since=None, until=day)
