"""Replay: the days of the past decided again, one after the other."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import structs

from alloc.app.clear import contract, propose_day
from alloc.app.learned import PayerFacts
from alloc.app.open_book import item_keys
from alloc.app.past import MACHINE, FollowedBook
from alloc.app.refused import Refused
from alloc.app.replay.answers import answers_of
from alloc.app.replay.judging import Classes, judge, stratum_of
from alloc.app.replay.what_if import Cleared, WhatIf
from alloc.app.ruling import Ruling
from alloc.rules.model import Posting

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    from alloc.app.past import Past, PastFinding
    from alloc.app.replay.answers import Answer
    from alloc.app.replay.what_if import Gain
    from alloc.engine import Proposal
    from alloc.rules import Rule
    from alloc.settings import Settings

__all__ = ["Follow", "Replay", "replay"]


NOTHING_REFUSED = pa.table(
    {name: pa.array([], pa.string()) for name in ("payment_id", "item_set")}
)

#: Whose items stand in one list.
ACCOUNT = ("entity", "customer_id", "currency")

OUTCOMES = pa.schema(
    [
        ("payment_id", pa.string()),
        ("entity", pa.string()),
        ("value_date", pa.date32()),
        ("currency", pa.string()),
        ("amount_minor", pa.int64()),
        ("payer", pa.string()),
        ("customer_id", pa.string()),
        ("customer_type", pa.string()),
        ("stratum", pa.string()),
        ("verdict", pa.string()),
        ("reason", pa.string()),
        ("rule", pa.string()),
        ("confidence_ppm", pa.int64()),
        ("lines", pa.int64()),
        ("lines_told", pa.int64()),
        ("lines_right", pa.int64()),
        ("deducted_minor", pa.int64()),
        ("decided_by", pa.string()),
    ]
)


class Follow(StrEnum):
    """What moves the open items on from day to day.

    ``truth``: what really happened, whatever was decided. ``own``: what was decided
    automatically, right or wrong; what was left to a person as it really happened.
    """

    TRUTH = "truth"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Replay:
    """What would have been decided, beside what happened.

    Parameters
    ----------
    follow
        What moved the open items on.
    outcomes
        One row a payment that was cleared then, by value date and payment id:
        payment_id, entity, value_date, currency, amount_minor, payer?, customer_id?
        (whose items it settled; null of several), customer_type?, stratum, verdict,
        reason, rule?, confidence_ppm?, lines (items it settled), lines_told (in the
        decision, or the first proposal), lines_right, deducted_minor (settled beyond
        the money), decided_by (who cleared it then).
    waiting
        Payments of which nobody knows how they were cleared, if at all.
    findings
        What in the history cannot be compared.
    gains
        What would have cleared more, the best first.
    """

    follow: Follow
    outcomes: pa.Table
    waiting: int
    findings: tuple[PastFinding, ...]
    gains: tuple[Gain, ...]

    @property
    def unconfirmed(self) -> int:
        """Payments of which the truth itself was decided by the machine alone."""
        by = self.outcomes["decided_by"]
        return int(pc.sum(pc.equal(by, MACHINE)).as_py() or 0)


def replay(
    past: Past,
    settings: Settings,
    customers: pa.Table,
    remittances: pa.Table,
    *,
    rules: Sequence[Rule] = (),
    dormant: Sequence[Rule] = (),
    follow: Follow = Follow.TRUTH,
    learn: bool = False,
    today: dt.date,
    progress: Callable[[int, int], object] = lambda _done, _total: None,
) -> Replay:
    """Decide the payments of the past again, without what came after each day.

    Parameters
    ----------
    past
        Payments, items, and how they were cleared.
    settings
        Policy, accounts and journals.
    customers, remittances
        As the ledger has them.
    rules
        Those that decide, as in `alloc.app.clear.clear`.
    dormant
        Rules that are not active: tried on what is left, to see what they would gain.
    follow
        What moves the open items on.
    learn
        Whether payers are known again by what they paid on the days before.
    today
        The day of the run: rules valid on it are taken.
    progress
        Told how many payments are done.
    """
    run = _Run(past, settings, customers, remittances, follow)
    run.facts = PayerFacts() if learn else None

    def ruling(of: Sequence[Rule]) -> Ruling:
        return Ruling(
            *(settings, of, customers),
            today=today,
            collected={},
            history=run.book.earlier,
            # What a person undid is what the replay is compared with.
            refused=Refused(NOTHING_REFUSED),
        )

    awake = [
        structs.replace(rule, posting=Posting.AUTO, valid_from=None)
        for rule in dormant
        if rule.posting is not Posting.NEVER
    ]
    run.with_rules(ruling(rules), ruling(awake))
    done = 0
    for day, payments in past.days():
        run.decide(day, payments)
        done += payments.num_rows
        progress(done, past.payments.num_rows)
    return run.result()


class _Run:
    """What is known before a day, and what was found so far."""

    def __init__(
        self,
        past: Past,
        settings: Settings,
        customers: pa.Table,
        remittances: pa.Table,
        follow: Follow,
    ) -> None:
        self._past, self._settings, self._follow = past, settings, follow
        self._customers = contract(customers, "customers")
        self._remittances = remittances
        names = ("customer_id", "customer_type")
        self._type_of = dict(zip(*_columns(customers, names), strict=True))
        accounts = zip(*_columns(past.items, ACCOUNT), strict=True)
        keys = item_keys(past.items).to_pylist()
        self._account_of = dict(zip(keys, accounts, strict=True))
        self.book = FollowedBook(past)
        self._classes = Classes(past.items)
        self._outcomes: list[dict[str, Any]] = []
        self._waiting = 0
        self.facts: PayerFacts | None = None

    def with_rules(self, active: Ruling, dormant: Ruling) -> None:
        """Set the rules that decide, and those that are tried on what is left."""
        self._ruling = active
        self._what_if = WhatIf(self._classes, self._proposed, dormant)

    def decide(self, day: dt.date, payments: pa.Table) -> None:
        """Decide a day, compare, and bring the items up to date."""
        items = self.book.visible(day)
        proposal = self._proposed(items, payments)
        answers = answers_of(proposal, self._ruling.decide(payments, proposal, items))
        opened = Counter(zip(*_columns(items, ACCOUNT), strict=True))
        left, learned = [], []
        for row in payments.to_pylist():
            answer = answers[row["payment_id"]]
            self._follow_on(day, row["payment_id"], answer)
            if row["payment_id"] not in self._past.decided_by:
                self._waiting += 1
                continue
            one = self._cleared(row, answer)
            learned.append((row, {self._account_of[key][1] for key in one.truth}))
            self._outcomes.append(self._outcome(row, one, opened))
            left += [one] * (not answer.automatic)
        self._what_if.ask(left, payments, proposal, items)
        if self.facts is not None:
            for row, customers in learned:
                self.facts.see(row, customers)

    def result(self) -> Replay:
        """Return what was found."""
        outcomes = pa.Table.from_pylist(self._outcomes, OUTCOMES)
        by_day = [("value_date", "ascending"), ("payment_id", "ascending")]
        return Replay(
            follow=self._follow,
            outcomes=outcomes.sort_by(by_day),
            waiting=self._waiting,
            findings=self._past.findings,
            gains=self._what_if.gains(),
        )

    def _proposed(self, items: pa.Table, payments: pa.Table) -> Proposal:
        return propose_day(
            *(self._settings, items, payments, self._remittances, self._customers),
            history=None if self.facts is None else self.facts.history(payments),
        )

    def _follow_on(self, day: dt.date, payment_id: str, answer: Answer) -> None:
        """Take off the items what the next day shall see."""
        if self._follow is Follow.OWN and answer.automatic:
            self.book.take(day, answer.settled, answer.charged)
        else:
            self.book.follow(day, payment_id)

    def _cleared(self, row: Mapping[str, Any], answer: Answer) -> Cleared:
        truth = self._past.settled.get(row["payment_id"], Counter())
        customers = {self._account_of[key][1] for key in truth}
        return Cleared(
            payment_id=row["payment_id"],
            payer=row["payer_name"] or row["ultimate_name"] or "",
            answer=answer,
            truth=truth,
            customer_id=customers.pop() if len(customers) == 1 else None,
            amount_minor=row["amount_minor"],
        )

    def _outcome(
        self,
        row: Mapping[str, Any],
        one: Cleared,
        opened: Mapping[tuple[str, ...], int],
    ) -> dict[str, Any]:
        answer, truth = one.answer, one.truth
        found = judge(
            self._classes, automatic=answer.automatic, told=answer.settled, truth=truth
        )
        accounts = {self._account_of[key] for key in truth}
        stratum = stratum_of(len(truth), sum(opened[account] for account in accounts))
        return {
            "payment_id": one.payment_id,
            "entity": row["entity"],
            "value_date": row["value_date"],
            "currency": row["currency"],
            "amount_minor": one.amount_minor,
            "payer": one.payer or None,
            "customer_id": one.customer_id,
            "customer_type": self._type_of.get(one.customer_id),
            "stratum": stratum.value,
            "verdict": found.verdict.value,
            "reason": answer.reason,
            "rule": answer.rule or None,
            "confidence_ppm": answer.confidence_ppm,
            "lines": len(truth),
            "lines_told": len(answer.settled),
            "lines_right": found.lines_right,
            "deducted_minor": max(truth.total() - one.amount_minor, 0),
            "decided_by": self._past.decided_by[one.payment_id],
        }


def _columns(rows: pa.Table, names: Sequence[str]) -> list[list[Any]]:
    return [rows[name].to_pylist() for name in names]
