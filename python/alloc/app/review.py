"""Review: what a person decides on the payments that the engine left open."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from alloc import engine
from alloc.app.always import vat_falling_due
from alloc.app.choice import (
    Choice,
    Desk,
    Items,
    OnAccount,
    Rank,
    decided,
    not_proposed,
    unknown_payment,
)
from alloc.app.clear import DRAFT_ALLOCATION_COLUMNS, ITEM_COLUMNS
from alloc.app.drafting import Drafting, drafted_payment
from alloc.app.foreign import abroad_of, with_foreign_parts
from alloc.app.four_eyes import first_of, wants_two
from alloc.app.ports import DecisionFilter, PaymentState, PostingBatch
from alloc.errors import AllocError, ConflictError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Hashable, Mapping, Sequence

    from alloc.app.choice import Chosen
    from alloc.app.ports import DecisionTables, Ledger, PostResult
    from alloc.rules import Rule
    from alloc.settings import Settings

__all__ = [
    "Acceptance",
    "Accepted",
    "Choice",
    "Items",
    "OnAccount",
    "Rank",
    "accept",
    "accept_each",
    "proposal_of",
    "refuse",
]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What somebody chose for a payment.

    Parameters
    ----------
    payment_id
        The payment.
    choice
        A proposal by its rank, items of one's own, or the whole on account.
    decided_by
        Who decided, for the audit trail.
    entity
        Whose payment it must be; None: anybody's.
    """

    payment_id: str
    choice: Choice
    decided_by: str
    entity: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a person's choice became.

    Parameters
    ----------
    posted
        The entries: rows of `alloc.app.ports.PostResult`. None yet: the payment is so
        large that somebody else must accept the same.
    currency
        Of the payment.
    on_account_minor
        What the items leave; it is on account of `customer_id`.
    customer_id
        Whose payment it is; None where it is of several.
    """

    posted: tuple[Mapping[str, Any], ...]
    currency: str
    on_account_minor: int
    customer_id: str | None


def proposal_of(ledger: Ledger, payment_id: str) -> DecisionTables:
    """Return the proposal of one payment, with its alternatives.

    Raises
    ------
    alloc.errors.NotFoundError
        The payment is unknown (``PAYMENT_UNKNOWN``).
    alloc.errors.ConflictError
        It has no proposal that waits (``PAYMENT_DECIDED``, ``NOT_PROPOSED``).
    """
    payments = ledger.payments(states=tuple(PaymentState), payment_ids=(payment_id,))
    if not payments.num_rows:
        raise unknown_payment(payment_id)
    found = ledger.decisions(DecisionFilter(payment_ids=(payment_id,)))
    if found.decisions.num_rows:
        return found
    if payments["state"][0].as_py() == PaymentState.POSTED:
        raise decided(payment_id)
    raise not_proposed(payment_id)


def accept(
    ledger: Ledger,
    settings: Settings,
    payment_id: str,
    choice: Choice,
    *,
    decided_by: str,
    now: dt.datetime,
    rules: Sequence[Rule] = (),
) -> Accepted:
    """Post what a person chose for one payment.

    Parameters
    ----------
    payment_id, choice, decided_by
        See `Acceptance`.
    rules
        All rules: VAT that falls due on receipt is posted beside what was chosen.

    Raises
    ------
    alloc.errors.NotFoundError
        The payment, the rank, an item or the customer is unknown.
    alloc.errors.ConflictError
        The payment was decided already, an item changed meanwhile, its VAT falls due
        and is not known (``NOT_EXPLAINED``), or two people must accept and this one
        did (``SECOND_PERSON_NEEDED``).
    alloc.errors.InputError
        More is allocated than was received (``ALLOCATED_EXCEEDS_CASH``) or than is open
        (``ALLOCATION_INVALID``), or nobody takes what is left (``REST_NOT_PLACED``).
    """
    asked = [Acceptance(payment_id, choice, decided_by)]
    (outcome,) = accept_each(ledger, settings, asked, now=now, rules=rules)
    if not isinstance(outcome, Accepted):
        raise outcome or AssertionError("one choice has nothing to wait for")
    return outcome


def accept_each(
    ledger: Ledger,
    settings: Settings,
    asked: Sequence[Acceptance],
    *,
    now: dt.datetime,
    rules: Sequence[Rule] = (),
) -> list[Accepted | AllocError | None]:
    """Post what was chosen for several payments, in one batch, as if one by one.

    Parameters
    ----------
    asked
        In the order in which their entries are numbered.
    rules
        See `accept`.

    Returns
    -------
    list
        For each: what was posted; why nothing was (see `accept`); None when it touches
        what an earlier one posts: it is to be asked again, once that is done.

    Raises
    ------
    alloc.errors.AllocError
        The entries cannot be drafted or posted together. Nothing was posted; asked
        alone, each says whether it is the cause.
    """
    desk = Desk(ledger, [(each.payment_id, each.choice) for each in asked])
    outcomes: dict[int, Accepted | AllocError] = {}
    plans: dict[int, _Plan] = {}
    taken: set[Hashable] = set()
    for place, each in enumerate(asked):
        try:
            plan = _planned(ledger, settings, desk, each, rules)
        except AllocError as error:
            outcomes[place] = error
            continue
        if taken.isdisjoint(plan.touched):
            taken |= plan.touched
            plans[place] = plan
    outcomes |= _by_one_person(ledger, settings, plans, now=now)
    if plans:
        batch = _batch(settings, desk, list(plans.values()), today=now.date())
        posted = _by_payment(ledger.post(batch, now=now))
        for place, plan in plans.items():
            outcomes[place] = plan.accepted(posted[plan.payment["payment_id"]])
    return [outcomes.get(place) for place in range(len(asked))]


def _by_one_person(
    ledger: Ledger, settings: Settings, plans: dict[int, _Plan], *, now: dt.datetime
) -> dict[int, Accepted | AllocError]:
    """Keep what one person accepted where two must; take it out of the plans."""
    outcomes: dict[int, Accepted | AllocError] = {}
    for place, plan in list(plans.items()):
        if not wants_two(settings, plan.payment):
            continue
        try:
            first = _first(ledger, plan, now)
        except AllocError as error:
            outcomes[place] = error
        else:
            if first is not None:
                plans[place] = replace(plan, approved_by=first)
                continue
            outcomes[place] = plan.accepted(())
        del plans[place]
    return outcomes


def refuse(
    ledger: Ledger,
    payment_id: str,
    *,
    decided_by: str,
    reason: str,
    now: dt.datetime,
) -> int:
    """Refuse all that is proposed for a payment: never proposed again.

    Returns
    -------
    int
        Matches refused; 0 when the proposal named no items.
    """
    proposal = proposal_of(ledger, payment_id)
    return ledger.refuse(
        proposal.decisions["decision_id"][0].as_py(),
        decided_by=decided_by,
        reason=reason,
        now=now,
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """One acceptance that can be posted."""

    payment: Mapping[str, Any]
    chosen: Chosen
    decided_by: str
    touched: frozenset[Hashable]
    approved_by: str | None = None

    def accepted(self, posted: Sequence[Mapping[str, Any]]) -> Accepted:
        """Say what became of it; the rest of the cash goes on account."""
        chosen = self.chosen
        cash = self.payment["amount_minor"] + sum(
            row["amount_minor"]
            for row in chosen.adjustments
            if row["role"] != "on_account"
        )
        rest = cash - sum(row["allocated_minor"] for row in chosen.allocations)
        return Accepted(
            tuple(posted), self.payment["currency"], rest, chosen.customer_id
        )


def _planned(
    ledger: Ledger,
    settings: Settings,
    desk: Desk,
    asked: Acceptance,
    rules: Sequence[Rule],
) -> _Plan:
    payment_id = asked.payment_id
    payment = desk.payments.get(payment_id)
    if payment is None or asked.entity not in (None, payment["entity"]):
        raise unknown_payment(payment_id)
    if payment["state"] == PaymentState.POSTED:
        raise decided(payment_id)
    if payment["state"] == PaymentState.ASIDE:
        raise ConflictError(
            f"bank entry {payment_id} is no payment ({payment['aside_reason']})",
            reason="NOT_A_PAYMENT",
            payment_id=payment_id,
        )
    if payment["currency"] != settings.entity(payment["entity"]).currency:
        # Into an account abroad: what it is here, where a rate is known.
        payment = {**payment, **(abroad_of(payment, settings) or {})}
    chosen = desk.chosen(payment, asked.choice)
    paid = {row["item_id"]: row["allocated_minor"] for row in chosen.allocations}
    due = vat_falling_due(ledger, settings, rules, payment_id, paid)
    touched: set[Hashable] = {payment_id}
    for row in chosen.allocations:
        key = (row["entity"], row["item_id"])
        touched |= {key, ("letter", desk.items[key]["letter_group"])}
    touched.discard(("letter", None))
    return _Plan(
        {**payment, **_paid_abroad(payment, chosen, settings)},
        chosen.with_lines(due),
        asked.decided_by,
        frozenset(touched),
    )


def _first(ledger: Ledger, plan: _Plan, now: dt.datetime) -> str | None:
    chosen = plan.chosen
    return first_of(
        *(ledger, plan.payment, chosen.customer_id),
        chosen.allocations,
        chosen.adjustments,
        decided_by=plan.decided_by,
        now=now,
    )


def _paid_abroad(
    payment: Mapping[str, Any], chosen: Chosen, settings: Settings
) -> Mapping[str, Any]:
    """Say what was paid abroad, when the proposal was made there."""
    if all(row.get("foreign_minor") is None for row in chosen.allocations):
        return {}
    if payment.get("foreign_currency") is not None:
        return payment
    return abroad_of(payment, settings) or {}


def _batch(
    settings: Settings, desk: Desk, plans: Sequence[_Plan], *, today: dt.date
) -> PostingBatch:
    """Draft the entries of all plans at once."""
    allocations = with_foreign_parts(_allocations(desk, plans))
    schema = engine.schema("adjustments")
    rows = [row for plan in plans for row in plan.chosen.adjustments]
    adjustments = _table(rows, schema)
    payments = [
        drafted_payment(
            {**plan.payment, "customer_id": plan.chosen.customer_id, "identified": True}
        )
        for plan in plans
    ]
    entities = {plan.payment["payment_id"]: plan.payment["entity"] for plan in plans}
    of_lines = [entities[row["payment_id"]] for row in rows]
    drafts = Drafting(settings, today=today).draft(
        payments,
        allocations.select(DRAFT_ALLOCATION_COLUMNS),
        adjustments.select(["payment_id", "role", "amount_minor"]).append_column(
            "entity", pa.array(of_lines, pa.string())
        ),
    )
    decisions = [
        {
            "payment_id": plan.payment["payment_id"],
            "status": "review",
            "proof": plan.chosen.proof,
            "confidence_ppm": plan.chosen.confidence_ppm,
            "explanations_count": plan.chosen.explanations_count,
            "rule": None,
            "reason": plan.chosen.reason,
            "customer_id": plan.chosen.customer_id,
            "decided_by": plan.decided_by,
            "approved_by": plan.approved_by,
        }
        for plan in plans
    ]
    schema = engine.schema("decisions")
    for name in ("decided_by", "approved_by"):
        schema = schema.append(pa.field(name, pa.string()))
    return PostingBatch(
        decisions=_table(decisions, schema),
        allocations=allocations.drop_columns(list(ITEM_COLUMNS)),
        adjustments=adjustments,
        drafts=drafts,
    )


def _allocations(desk: Desk, plans: Sequence[_Plan]) -> pa.Table:
    """Return what the plans allocate, with what the drafting asks of the items."""
    schema = engine.schema("allocations").append(pa.field("foreign_minor", pa.int64()))
    for name in ITEM_COLUMNS:
        kind = pa.string() if name in _TEXTS else pa.int64()
        schema = schema.append(pa.field(name, kind))
    rows = []
    for plan in plans:
        for row in plan.chosen.allocations:
            item = desk.items[row["entity"], row["item_id"]]
            of_item = {name: item[name] for name in ITEM_COLUMNS}
            rows.append({"foreign_minor": None, **row, **of_item})
    return _table(rows, schema)


#: Of `ITEM_COLUMNS`; the others are numbers.
_TEXTS = ("account", "foreign_currency")


def _table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Build a table from rows that may say more than the schema."""
    columns = [[row[name] for row in rows] for name in schema.names]
    return pa.table(columns, schema=schema)


def _by_payment(result: PostResult) -> dict[str, list[Mapping[str, Any]]]:
    posted: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in result.posted.to_pylist():
        posted[row["payment_id"]].append(row)
    return posted
