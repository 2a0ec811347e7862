"""What would have cleared more: payers to learn, rules to activate, gaps to explain."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from alloc.app.replay.answers import answers_of, ruled_answers
from alloc.app.replay.judging import Verdict, judge
from alloc.app.ruling import Ruled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from alloc.app.replay.answers import Answer
    from alloc.app.replay.judging import Classes
    from alloc.app.ruling import Ruling
    from alloc.engine import Proposal

__all__ = ["Cleared", "Gain", "GainKind", "WhatIf"]

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
    propose
        Lets the engine decide: open items, payments.
    dormant
        The rules that are not active, as if they were.
    """

    def __init__(
        self,
        classes: Classes,
        propose: Callable[[pa.Table, pa.Table], Proposal],
        dormant: Ruling,
    ) -> None:
        self._classes, self._propose, self._dormant = classes, propose, dormant
        self._tally: dict[tuple[GainKind, str, str], Counter[Verdict]] = defaultdict(
            Counter
        )

    def ask(
        self,
        left: Sequence[Cleared],
        payments: pa.Table,
        proposal: Proposal,
        items: pa.Table,
    ) -> None:
        """Try what is left of a day.

        Parameters
        ----------
        left
            Payments that a person has to decide.
        payments, proposal, items
            The day's, as the rules were given them.
        """
        self._try_rules(left, payments, proposal, items)
        self._try_payers(left, payments, items)
        for one in left:
            share_bps = _share_bps(one)
            if share_bps:
                self._tally[GainKind.GAP, str(share_bps), one.payer][Verdict.RIGHT] += 1

    def gains(self) -> tuple[Gain, ...]:
        """Return what would have gained, the best first."""
        gains = [
            Gain(kind, name, payer, seen[Verdict.RIGHT], seen[Verdict.WRONG])
            for (kind, name, payer), seen in self._tally.items()
            if kind is not GainKind.GAP or seen[Verdict.RIGHT] >= RECURRING_MIN
        ]
        order = list(GainKind)
        gains.sort(
            key=lambda one: (
                *(order.index(one.kind), one.wrong - one.right),
                *(one.name, one.payer),
            )
        )
        return tuple(gains)

    def _try_rules(
        self,
        left: Sequence[Cleared],
        payments: pa.Table,
        proposal: Proposal,
        items: pa.Table,
    ) -> None:
        mine = _rows(payments, left)
        answers = ruled_answers(self._dormant.decide(mine, proposal, items))
        for one in left:
            answer = answers.get(one.payment_id)
            if answer is not None:
                self._count(GainKind.RULE, answer.rule, one, answer)

    def _try_payers(
        self, left: Sequence[Cleared], payments: pa.Table, items: pa.Table
    ) -> None:
        unknown = [
            one for one in left if one.customer_id not in (None, one.answer.customer_id)
        ]
        if not unknown:
            return
        mine = _rows(payments, unknown)
        customer_of = {one.payment_id: one.customer_id for one in unknown}
        named = [customer_of[name] for name in mine["payment_id"].to_pylist()]
        mine = mine.append_column("customer_id", pa.array(named, pa.string()))
        answers = answers_of(self._propose(items, mine), Ruled([], {}, []))
        for one in unknown:
            answer = answers[one.payment_id]
            if answer.automatic:
                self._count(GainKind.PAYER, "", one, answer)

    def _count(self, kind: GainKind, name: str, one: Cleared, answer: Answer) -> None:
        found = judge(
            self._classes, automatic=True, told=answer.settled, truth=one.truth
        )
        self._tally[kind, name, one.payer][found.verdict] += 1


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
