"""Impact: what a rule would have done, told before it goes live; nothing is written.

The days since a date are replayed with the rule added: the engine proposes again on
the items that were open, and the rules are tried on what it leaves. What was decided
then moves the open items on from day to day; it is never shown to the rule.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.apply import MONEY_OUT
from alloc.app.clear import contract, propose_day
from alloc.app.open_book import KEY_SEPARATOR
from alloc.app.past import MACHINE, FollowedBook, Past, past_of_ledger
from alloc.app.ports import PaymentState
from alloc.app.refused import Refused
from alloc.app.ruling import Ruling, by_customer
from alloc.app.situations import load_facts
from alloc.domain.match import item_set
from alloc.rules.model import Posting

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from alloc.app.apply import Preview
    from alloc.app.ports import Ledger
    from alloc.app.ruling import Ruled
    from alloc.rules import Rule
    from alloc.settings import Settings

__all__ = ["Case", "Impact", "Verdict", "impact"]


class Verdict(StrEnum):
    """How what a rule would have done stands to what was done.

    ``clears``: it posts what still waits. ``agrees``: it posts what was decided.
    ``differs``: the engine or another rule decided otherwise. ``wrong``: a person
    decided otherwise, or refused this match. ``person``: it fits, and a person is
    needed: it fits in several ways, or another rule fits too.
    """

    CLEARS = "clears"
    AGREES = "agrees"
    DIFFERS = "differs"
    WRONG = "wrong"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Case:
    """One payment on which the rule would have spoken.

    Parameters
    ----------
    payment_id, entity, value_date, payer, currency, amount_minor
        The payment.
    verdict
        See `Verdict`.
    reason
        Why a person is needed; else empty.
    items, lines
        What the rule clears, ``item amount``, and its lines, ``role amount``, in
        minor units.
    decided_by
        Who decided on the payment; empty while it waits.
    decided_items, decided_lines
        What was decided.
    """

    payment_id: str
    entity: str
    value_date: dt.date
    payer: str
    currency: str
    amount_minor: int
    verdict: Verdict
    reason: str = ""
    items: tuple[tuple[str, int], ...] = ()
    lines: tuple[tuple[str, int], ...] = ()
    decided_by: str = ""
    decided_items: tuple[tuple[str, int], ...] = ()
    decided_lines: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Impact:
    """What a rule would have done since a date.

    Parameters
    ----------
    rule
        ``id@version``.
    since
        First value date.
    payments
        How many were replayed.
    cases
        Those on which the rule would have spoken, by value date and id.
    """

    rule: str
    since: dt.date
    payments: int
    cases: tuple[Case, ...]

    def totals(self) -> Mapping[tuple[str, str], tuple[int, int]]:
        """Count and amount (minor units) by (verdict, currency), verdicts in order."""
        totals: dict[tuple[str, str], tuple[int, int]] = {}
        order = list(Verdict)
        for case in sorted(self.cases, key=lambda one: order.index(one.verdict)):
            key = (case.verdict.value, case.currency)
            count, amount = totals.get(key, (0, 0))
            totals[key] = (count + 1, amount + case.amount_minor)
        return totals


def impact(
    ledger: Ledger,
    settings: Settings,
    rule: Rule,
    *,
    others: Sequence[Rule],
    since: dt.date,
    today: dt.date,
    progress: Callable[[int, int], object] = lambda _done, _total: None,
) -> Impact:
    """Replay the days since a date with a rule added; nothing is written.

    Parameters
    ----------
    ledger
        Read only.
    rule
        Tried as if it might post alone and had always been valid.
    others
        The rules that post or wait beside it; other versions of the rule are left out.
    since
        First value date.
    today
        The day of the run.
    progress
        Told how many payments are done.
    """
    tried = msgspec.structs.replace(rule, posting=Posting.AUTO, valid_from=None)
    beside = [other for other in others if other.id != rule.id]
    known = _Known.read(ledger, since)
    past, book = known.past, FollowedBook(known.past)
    ruling = Ruling(
        settings,
        [*beside, tried],
        by_customer(ledger.customers()),
        today=today,
        # What fell due before a day follows from what was paid before it.
        collected={},
        history=book.earlier,
        # What a person undid is what the rule is compared with.
        refused=Refused(ledger.refusals().slice(0, 0)),
    )
    cases = list(_money_out(ledger, settings, ruling, known, rule, since=since))
    customers = contract(ledger.customers(), "customers")
    remittances = ledger.remittances(past.payments["payment_id"].to_pylist())
    done = 0
    for day, payments in past.days():
        items = book.visible(day)
        proposal = propose_day(settings, items, payments, remittances, customers)
        ruled = ruling.decide(payments, proposal, items)
        cases += _cases(ruled, payments, known, rule)
        for payment_id in payments["payment_id"].to_pylist():
            book.follow(day, payment_id)
        done += payments.num_rows
        progress(done, past.payments.num_rows)
    cases.sort(key=lambda case: (case.value_date, case.payment_id))
    return Impact(rule.name, since, past.payments.num_rows, tuple(cases))


@dataclass(slots=True)
class _Decided:
    """What was decided on a payment."""

    by: str
    items: Counter[tuple[str, str]]
    lines: Counter[str]


@dataclass(frozen=True, slots=True)
class _Known:
    """What was decided on the payments of the ledger, and what a person refused."""

    past: Past
    refused: frozenset[tuple[str, str]]

    @classmethod
    def read(cls, ledger: Ledger, since: dt.date) -> _Known:
        refusals = ledger.refusals()
        refused = zip(
            refusals["payment_id"].to_pylist(),
            refusals["item_set"].to_pylist(),
            strict=True,
        )
        past = past_of_ledger(ledger, since=since, until=None)
        return cls(past, frozenset(refused))

    def decided(self, payment_id: str) -> _Decided | None:
        by = self.past.decided_by.get(payment_id)
        if by is None:
            return None
        settled = self.past.settled.get(payment_id, Counter())
        items: Counter[tuple[str, str]] = Counter()
        for key, minor in settled.items():
            entity, _, item_id = key.partition(KEY_SEPARATOR)
            items[entity, item_id] = minor
        lines: Counter[str] = Counter()
        for (role, _), minor in self.past.charged.get(payment_id, Counter()).items():
            lines[role] += minor
        return _Decided(by, items, lines)


def _money_out(
    ledger: Ledger,
    settings: Settings,
    ruling: Ruling,
    known: _Known,
    rule: Rule,
    *,
    since: dt.date,
) -> Iterator[Case]:
    """Try the rule on debits that wait, and on those that were posted."""
    states = (PaymentState.ASIDE, PaymentState.POSTED)
    entries = ledger.payments(states=states)
    is_debit = pc.or_(
        pc.is_in(entries["aside_reason"], value_set=pa.array(MONEY_OUT)),
        pc.and_(
            pc.equal(entries["state"], PaymentState.POSTED.value),
            pc.less(entries["amount_minor"], 0),
        ),
    )
    recent = pc.greater_equal(entries["value_date"], pa.scalar(since))
    debits = entries.filter(pc.and_(is_debit, recent))
    for shown in ruling.decide_out(
        debits, lambda entry: load_facts(ledger, settings, entry)
    ):
        if shown.rule.name == rule.name:
            yield _posted(shown, known)


def _cases(
    ruled: Ruled, payments: pa.Table, known: _Known, rule: Rule
) -> Iterator[Case]:
    for shown in ruled.posted:
        if shown.rule.name == rule.name:
            yield _posted(shown, known)
    noted = {
        payment_id: reason
        for payment_id, (names, reason) in ruled.noted.items()
        if rule.name in names.split(", ")
    }
    for row in payments.to_pylist():
        if row["payment_id"] in noted:
            decided = known.decided(row["payment_id"])
            reason = noted[row["payment_id"]]
            yield _case(row, Verdict.PERSON, decided, reason=reason)


def _posted(shown: Preview, known: _Known) -> Case:
    """Compare what the rule would have posted with what was decided."""
    items: Counter[tuple[str, str]] = Counter()
    lines: Counter[str] = Counter()
    if shown.drafts is not None:
        for row in shown.drafts.allocations.to_pylist():
            items[row["entity"], row["item_id"]] += row["allocated_minor"]
        for row in shown.drafts.adjustments.to_pylist():
            lines[row["role"]] += row["amount_minor"]
    payment_id = shown.payment["payment_id"]
    decided = known.decided(payment_id)
    if (payment_id, item_set(items)) in known.refused:
        verdict = Verdict.WRONG
    elif decided is None:
        verdict = Verdict.CLEARS
    elif (decided.items, decided.lines) == (items, lines):
        verdict = Verdict.AGREES
    else:
        is_machine = decided.by == MACHINE
        verdict = Verdict.DIFFERS if is_machine else Verdict.WRONG
    return _case(shown.payment, verdict, decided, items=items, lines=lines)


def _case(
    row: Mapping[str, Any],
    verdict: Verdict,
    decided: _Decided | None,
    *,
    reason: str = "",
    items: Mapping[tuple[str, str], int] | None = None,
    lines: Mapping[str, int] | None = None,
) -> Case:
    return Case(
        payment_id=row["payment_id"],
        entity=row["entity"],
        value_date=row["value_date"],
        payer=row["payer_name"] or row["ultimate_name"] or "",
        currency=row["currency"],
        amount_minor=row["amount_minor"],
        verdict=verdict,
        reason=reason,
        items=_named(items or {}),
        lines=tuple(sorted((lines or {}).items())),
        decided_by=decided.by if decided else "",
        decided_items=_named(decided.items) if decided else (),
        decided_lines=tuple(sorted(decided.lines.items())) if decided else (),
    )


def _named(items: Mapping[tuple[str, str], int]) -> tuple[tuple[str, int], ...]:
    return tuple((item_id, minor) for (_, item_id), minor in sorted(items.items()))
