"""What would have cleared more: payers to learn, rules to activate, gaps to explain."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from alloc.app.replay.answers import answers_of, ruled_answers
from alloc.app.replay.days import Trial
from alloc.app.replay.judging import Verdict, judge
from alloc.app.ruling import Ruled

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from alloc.app.replay.answers import Answer
    from alloc.app.replay.judging import Classes
    from alloc.app.replay.pool import Pool
    from alloc.app.ruling import Ruling
    from alloc.engine import Proposal

__all__ = ["Cleared", "Gain", "GainKind", "WhatIf", "gains_of"]

#: The same share taken off so many payments of one payer looks like an agreement.
RECURRING_MIN = 3


class GainKind(StrEnum):
    """What would have cleared more.

    ``payer``: the payer had been known by its name and account. ``rule``: a rule that
    is there had been active. ``gap``: a rule for the share that the payer takes off;
    what it would clear is not tried, only counted.
    """

    PAYER = "payer"
    RULE = "rule"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Gain:
    """What one step would have gained.

    Parameters
    ----------
    kind
        See `GainKind`.
    name
        The rule, or the share in basis points; empty of a payer.
    payer
        Whose payments.
    right, wrong
        Payments that would have been cleared, and how; of a gap ``right`` counts
        where it was seen.
    """

    kind: GainKind
    name: str
    payer: str
    right: int
    wrong: int


class Cleared(NamedTuple):
    """A payment, what is said of it now, and how it was cleared then.

    Parameters
    ----------
    payment_id, payer
        The payment.
    answer
        What is said of it.
    truth
        What happened.
    customer_id
        Whose items it settled; None of several customers.
    amount_minor
        What was received.
    """

    payment_id: str
    payer: str
    answer: Answer
    truth: Counter[str]
    customer_id: str | None
    amount_minor: int


class WhatIf:
    """Asks again about what is left, with one thing more known.

    Parameters
    ----------
    classes
        Of all items.
    pool
        The day, and the engine that decides on it.
    dormant
        Of each rule that is not active, as if it were and no other.
    tried
        What is tried.
    """

    def __init__(
        self,
        classes: Classes,
        pool: Pool,
        dormant: Sequence[Ruling],
        tried: Collection[GainKind],
    ) -> None:
        self._classes, self._pool, self._tried = classes, pool, tried
        self._dormant = dormant if GainKind.RULE in tried else ()

    def ask(
        self, left: Sequence[Cleared], payments: pa.Table, proposal: Proposal
    ) -> list[Trial]:
        """Try what is left of a day; what would not have posted is left out.

        Parameters
        ----------
        left
            Payments that a person has to decide.
        payments, proposal
            The day's, as the rules were given them.
        """
        trials = self._rules(left, payments, proposal)
        if GainKind.PAYER in self._tried:
            trials += self._payers(left, payments)
        if GainKind.GAP in self._tried:
            gaps = ((one, _share_bps(one)) for one in left)
            trials += [
                Trial(
                    GainKind.GAP, str(share), one.payer, one.payment_id, is_right=True
                )
                for one, share in gaps
                if share
            ]
        return trials

    def _rules(
        self, left: Sequence[Cleared], payments: pa.Table, proposal: Proposal
    ) -> list[Trial]:
        if not left or not self._dormant:
            return []
        asked = _rows(payments, left), proposal, self._pool.items
        members = {member for ruling in self._dormant for member in ruling.members}
        shelf = self._dormant[0].shelf(*asked, members)
        trials = []
        for ruling in self._dormant:
            ruled = ruling.decide(*asked, shelf)
            answers = ruled_answers(ruled)
            for one in left:
                answer = answers.get(one.payment_id)
                if answer is not None:
                    trials.append(self._trial(GainKind.RULE, answer.rule, one, answer))
        return trials

    def _payers(self, left: Sequence[Cleared], payments: pa.Table) -> list[Trial]:
        unknown = [
            one for one in left if one.customer_id not in (None, one.answer.customer_id)
        ]
        if not unknown:
            return []
        mine = _rows(payments, unknown)
        customer_of = {one.payment_id: one.customer_id for one in unknown}
        named = [customer_of[name] for name in mine["payment_id"].to_pylist()]
        mine = mine.append_column("customer_id", pa.array(named, pa.string()))
        answers = answers_of(self._pool.propose(mine), Ruled([], {}, []))
        return [
            self._trial(GainKind.PAYER, "", one, answers[one.payment_id])
            for one in unknown
            if answers[one.payment_id].automatic
        ]

    def _trial(self, kind: GainKind, name: str, one: Cleared, answer: Answer) -> Trial:
        found = judge(
            self._classes, automatic=True, told=answer.settled, truth=one.truth
        )
        is_right = found.verdict is Verdict.RIGHT
        return Trial(kind, name, one.payer, one.payment_id, is_right=is_right)


def gains_of(trials: Iterable[Trial]) -> tuple[Gain, ...]:
    """Add up what would have gained, the best first."""
    tally = Counter(
        ((trial.kind, trial.name, trial.payer), trial.is_right) for trial in trials
    )
    gains = [
        Gain(GainKind(key[0]), *key[1:], tally[key, True], tally[key, False])
        for key in dict.fromkeys(key for key, _ in tally)
    ]
    order = list(GainKind)
    return tuple(
        sorted(
            (
                gain
                for gain in gains
                if gain.kind is not GainKind.GAP or gain.right >= RECURRING_MIN
            ),
            key=lambda gain: (
                *(order.index(gain.kind), gain.wrong - gain.right),
                *(gain.name, gain.payer),
            ),
        )
    )


def _rows(payments: pa.Table, left: Iterable[Cleared]) -> pa.Table:
    wanted = {one.payment_id for one in left}
    ids = payments["payment_id"].to_pylist()
    return payments.filter(pa.array([name in wanted for name in ids], pa.bool_()))


def _share_bps(one: Cleared) -> int:
    """Return what was taken off, in basis points of what was settled; 0 of nothing."""
    settled = sum(one.truth.values())
    if settled <= one.amount_minor:
        return 0
    return round((settled - one.amount_minor) * 10_000 / settled)
