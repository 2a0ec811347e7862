"""Replay: the days of the past decided again, one after the other."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import structs

from alloc.app.clear import contract
from alloc.app.known_payers import KnownPayers
from alloc.app.open_book import KEY_SEPARATOR
from alloc.app.past import MACHINE, FollowedBook, Settled
from alloc.app.refused import Refused
from alloc.app.replay.answers import answers_of
from alloc.app.replay.days import (
    DayFound,
    NothingKept,
    Outcome,
    Taken,
    outcome_table,
)
from alloc.app.replay.judging import Classes, judge, stratum_of
from alloc.app.replay.oddities import against_what_is_said
from alloc.app.replay.pool import Pool
from alloc.app.replay.sureness import Sureness
from alloc.app.replay.what_if import Cleared, GainKind, WhatIf, gains_of
from alloc.app.ruling import Ruled, Ruling, by_customer
from alloc.rules.model import Posting

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from alloc.app.past import Past, PastFinding, Places
    from alloc.app.replay.answers import Answer
    from alloc.app.replay.days import Kept, Trial
    from alloc.app.replay.what_if import Gain
    from alloc.rules import Rule
    from alloc.settings import Settings

__all__ = ["Follow", "Replay", "as_active", "replay"]

NOTHING_SETTLED: Settled = Counter()
NOTHING_RULED = Ruled([], {}, [])
#: What is read of a payment, beside its id.
SHOWN = (
    *("payment_id", "entity", "value_date", "currency", "amount_minor"),
    *("payer_name", "ultimate_name"),
)
#: What payers are known again by.
LEARNED = ("payment_id", "payer_iban", "payer_name", "value_date")
NOTHING_REFUSED = pa.table(
    {name: pa.array([], pa.string()) for name in ("payment_id", "item_set")}
)


class Follow(StrEnum):
    """What moves the open items on from day to day.

    ``truth``: what really happened, whatever was decided. ``own``: what was decided
    automatically, right or wrong; what was left to a person as it really happened.
    """

    TRUTH = "truth"
    OWN = "own"


@dataclass(frozen=True)
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
        What in the history cannot be compared, or is odd.
    trials
        What was left to a person, asked again with one thing more known.
    """

    follow: Follow
    outcomes: pa.Table
    waiting: int
    findings: tuple[PastFinding, ...]
    trials: tuple[Trial, ...]

    @cached_property
    def sureness(self) -> Sureness:
        """How sure the rates are."""
        return Sureness(self.outcomes)

    @property
    def gains(self) -> tuple[Gain, ...]:
        """What would have cleared more, the best first."""
        return gains_of(self.trials)

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
    tried: Collection[GainKind] = tuple(GainKind),
    follow: Follow = Follow.TRUTH,
    learn: bool = False,
    since: dt.date | None = None,
    teach_until: dt.date | None = None,
    today: dt.date,
    progress: Callable[[int, int], object] = lambda _done, _total: None,
    kept: Kept | None = None,
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
        Rules that are not active: each is tried alone on what is left.
    tried
        What is tried on what is left, to see what it would gain.
    follow
        What moves the open items on.
    learn
        Whether payers are known again by what they paid on the days before, and what
        they usually choose.
    since
        The first day that is decided; the days before only move the items on, as it
        really happened, and teach.
    teach_until
        The last day that teaches; without one all do.
    today
        The day of the run: rules valid on it are taken.
    progress
        Told how many payments are done.
    kept
        Days that are decided already, and where the others are kept.
    """
    run = _Run(past, settings, customers, remittances, follow)
    run.known = KnownPayers.nobody(settings) if learn else None
    run.teach_until = teach_until

    known = by_customer(customers) if rules or dormant else {}

    def ruling(of: Sequence[Rule]) -> Ruling:
        return Ruling(
            *(settings, of, known),
            today=today,
            collected={},
            history=run.book.earlier,
            # What a person undid is what the replay is compared with.
            refused=Refused(NOTHING_REFUSED),
        )

    awake = (as_active(rule) for rule in dormant if rule.posting is not Posting.NEVER)
    run.with_rules(
        ruling(rules) if rules else None, [ruling([rule]) for rule in awake], tried
    )
    kept = kept or NothingKept()
    done = 0
    for day, payments in past.days():
        if since is None or day >= since:
            found = kept.day(day)
            if found is None:
                found = run.decide(day, payments)
                kept.keep(day, found)
            run.collect(found)
        run.follow(day, payments)
        done += payments.num_rows
        progress(done, past.payments.num_rows)
    return run.result()


def as_active(rule: Rule) -> Rule:
    """Return a rule as if it posted alone, and always had."""
    return structs.replace(rule, posting=Posting.AUTO, valid_from=None)


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
        self._past, self._follow = past, follow
        names = ("customer_id", "customer_type")
        self._type_of = dict(zip(*_columns(customers, names), strict=True))
        self.book = FollowedBook(past)
        self._accounts = _Accounts(self.book.items)
        self._pool = Pool(self.book, settings, customers, remittances)
        self._classes = Classes(past.items)
        self._outcomes: list[Outcome] = []
        self._trials: list[Trial] = []
        self._taken: dict[str, Taken] = {}
        self._waiting = 0
        self.known: KnownPayers | None = None
        self.teach_until: dt.date | None = None

    def with_rules(
        self,
        active: Ruling | None,
        dormant: Sequence[Ruling],
        tried: Collection[GainKind],
    ) -> None:
        """Set the rules that decide, and what is tried on what is left."""
        self._ruling = active
        self._what_if = WhatIf(self._classes, self._pool, dormant, tried)

    def decide(self, day: dt.date, payments: pa.Table) -> DayFound:
        """Decide a day, and compare."""
        told = None if self.known is None else self.known.told(payments)
        self._pool.move_to(day, told)
        proposal = self._pool.propose(payments)
        ruled = NOTHING_RULED
        if self._ruling is not None:
            ruled = self._ruling.decide(payments, proposal, self._pool.items)
        answers = answers_of(proposal, ruled)
        opened = self._accounts.counted(self.book.places())
        outcomes, left = [], []
        for row in payments.select(SHOWN).to_pylist():
            answer = answers[row["payment_id"]]
            if row["payment_id"] in self._past.decided_by:
                one = self._cleared(row, answer)
                outcomes.append(self._outcome(row, one, opened))
                left += [one] * (not answer.automatic)
        is_own = self._follow is Follow.OWN
        return DayFound(
            outcomes=outcomes,
            waiting=payments.num_rows - len(outcomes),
            trials=self._what_if.ask(left, payments, proposal),
            taken=_taken(answers) if is_own else [],
        )

    def collect(self, found: DayFound) -> None:
        """Keep what was found on a day."""
        self._outcomes += found.outcomes
        self._trials += found.trials
        self._waiting += found.waiting
        self._taken |= {one.payment_id: one for one in found.taken}

    def follow(self, day: dt.date, payments: pa.Table) -> None:
        """Bring the items and the payers up to date."""
        if self.teach_until is None or day <= self.teach_until:
            self._learn(day, payments)
        for payment_id in payments["payment_id"].to_pylist():
            taken = self._taken.pop(payment_id, None)
            if taken is None:
                self.book.follow(day, payment_id)
            else:
                charged = {(role, of): minor for role, of, minor in taken.charged}
                self.book.take(day, Counter(taken.settled), Counter(charged))

    def _learn(self, day: dt.date, payments: pa.Table) -> None:
        """Know the payers again by how their payments really were cleared."""
        if self.known is None:
            return
        rows = [
            row
            for row in payments.select(LEARNED).to_pylist()
            if row["payment_id"] in self._past.decided_by
        ]
        self.known.see(rows, (one for row in rows for one in self._settled(row)))
        self.known.end_day(contract(self.book.visible(day), "open_items"))

    def _settled(self, row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        for key, minor in self._truth(row["payment_id"]).items():
            entity, _, item_id = key.partition(KEY_SEPARATOR)
            yield {
                "payment_id": row["payment_id"],
                "entity": entity,
                "customer_id": self._accounts.customer(key),
                "item_id": item_id,
                "allocated_minor": minor,
            }

    def result(self) -> Replay:
        """Return what was found."""
        outcomes = outcome_table(self._outcomes)
        return Replay(
            follow=self._follow,
            outcomes=outcomes,
            waiting=self._waiting,
            findings=(*self._past.findings, *against_what_is_said(outcomes)),
            trials=tuple(self._trials),
        )

    def _truth(self, payment_id: str) -> Settled:
        return self._past.settled.get(payment_id, NOTHING_SETTLED)

    def _customers_of(self, payment_id: str) -> set[str]:
        return {self._accounts.customer(key) for key in self._truth(payment_id)}

    def _cleared(self, row: Mapping[str, Any], answer: Answer) -> Cleared:
        customers = self._customers_of(row["payment_id"])
        return Cleared(
            payment_id=row["payment_id"],
            payer=row["payer_name"] or row["ultimate_name"] or "",
            answer=answer,
            truth=self._truth(row["payment_id"]),
            customer_id=customers.pop() if len(customers) == 1 else None,
            amount_minor=row["amount_minor"],
        )

    def _outcome(
        self, row: Mapping[str, Any], one: Cleared, opened: Sequence[int]
    ) -> Outcome:
        answer, truth = one.answer, one.truth
        found = judge(
            self._classes, automatic=answer.automatic, told=answer.settled, truth=truth
        )
        accounts = {self._accounts.number(key) for key in truth}
        stratum = stratum_of(len(truth), sum(opened[account] for account in accounts))
        return Outcome(
            payment_id=one.payment_id,
            entity=row["entity"],
            value_date=row["value_date"],
            currency=row["currency"],
            amount_minor=one.amount_minor,
            payer=one.payer or None,
            customer_id=one.customer_id,
            customer_type=self._type_of.get(one.customer_id),
            stratum=stratum.value,
            verdict=found.verdict.value,
            reason=answer.reason,
            rule=answer.rule or None,
            confidence_ppm=answer.confidence_ppm,
            lines=len(truth),
            lines_told=len(answer.settled),
            lines_right=found.lines_right,
            deducted_minor=max(truth.total() - one.amount_minor, 0),
            decided_by=self._past.decided_by[one.payment_id],
        )


class _Accounts:
    """Whose items stand in one list: entity, customer and currency.

    Parameters
    ----------
    items
        All items, with ``key``.
    """

    def __init__(self, items: pa.Table) -> None:
        said = (items[name] for name in ("entity", "customer_id", "currency"))
        joined = pc.binary_join_element_wise(*said, KEY_SEPARATOR).combine_chunks()
        encoded = joined.dictionary_encode()
        self._numbers: Places = encoded.indices.to_numpy()
        numbers = zip(items["key"].to_pylist(), self._numbers.tolist(), strict=True)
        self._number_of: dict[str, int] = dict(numbers)
        accounts: list[str] = encoded.dictionary.to_pylist()
        self._customers = [account.split(KEY_SEPARATOR)[1] for account in accounts]

    def number(self, key: str) -> int:
        """Return in which list an item stands."""
        return self._number_of[key]

    def customer(self, key: str) -> str:
        """Return whose item it is."""
        return self._customers[self._number_of[key]]

    def counted(self, places: Places) -> list[int]:
        """Count the items at these places, list by list."""
        counts = np.bincount(self._numbers[places], minlength=len(self._customers))
        told: list[int] = counts.tolist()
        return told


def _taken(answers: Mapping[str, Answer]) -> list[Taken]:
    return [
        Taken(
            payment_id,
            dict(answer.settled),
            [(role, of, minor) for (role, of), minor in answer.charged.items()],
        )
        for payment_id, answer in answers.items()
        if answer.automatic
    ]


def _columns(rows: pa.Table, names: Sequence[str]) -> list[list[Any]]:
    return [rows[name].to_pylist() for name in names]
