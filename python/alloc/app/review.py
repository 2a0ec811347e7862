"""Review: what a person decides on the payments that the engine left open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from alloc import engine
from alloc.app.always import vat_falling_due
from alloc.app.amounts import amount_text
from alloc.app.clear import DRAFT_ALLOCATION_COLUMNS, ITEM_COLUMNS
from alloc.app.drafting import Drafting, drafted_payment
from alloc.app.foreign import abroad_of, with_foreign_parts
from alloc.app.open_book import item_keys
from alloc.app.ports import DecisionFilter, PaymentState, PostingBatch
from alloc.errors import ConflictError, InputError, NotFoundError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from alloc.app.ports import DecisionTables, Ledger, PostResult
    from alloc.rules import Rule
    from alloc.settings import Settings

ACCEPTED = "ACCEPTED"
CHOSEN = "CHOSEN_BY_PERSON"
ON_ACCOUNT = "ON_ACCOUNT_BY_PERSON"

#: A person's own choice carries no probability of ours.
NO_CONFIDENCE_PPM = 0


@dataclass(frozen=True, slots=True)
class Rank:
    """Accept a proposal as shown: 0 is the first, then the alternatives."""

    rank: int = 0


@dataclass(frozen=True, slots=True)
class Items:
    """Choose the items: id -> minor units to allocate, None for all that is open.

    What is left of the cash goes on account of the customer named here; without one
    the items must take all of it.
    """

    items: Mapping[str, int | None]
    on_account_of: str | None = None


@dataclass(frozen=True, slots=True)
class OnAccount:
    """Put the whole payment on account of a customer."""

    customer_id: str


Choice = Rank | Items | OnAccount


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a person's choice became.

    Parameters
    ----------
    result
        What was posted.
    currency
        Of the payment.
    on_account_minor
        What the items leave; it is on account of `customer_id`.
    customer_id
        Whose payment it is; None where it is of several.
    """

    result: PostResult
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
    payment = _payment(ledger, payment_id)
    found = ledger.decisions(DecisionFilter(payment_ids=(payment_id,)))
    if found.decisions.num_rows == 0 and payment["state"] == PaymentState.POSTED:
        raise _decided(payment_id)
    if found.decisions.num_rows == 0:
        raise ConflictError(
            f"payment {payment_id} has no proposal yet: run `alloc clear` first",
            reason="NOT_PROPOSED",
            payment_id=payment_id,
        )
    return found


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
    choice
        A proposal by its rank, items of one's own, or the whole on account.
    decided_by
        Who decided, for the audit trail.
    rules
        All rules: VAT that falls due on receipt is posted beside what was chosen.

    Raises
    ------
    alloc.errors.NotFoundError
        The payment, the rank, an item or the customer is unknown.
    alloc.errors.ConflictError
        The payment was decided already, an item changed meanwhile, or its VAT falls
        due and is not known (``NOT_EXPLAINED``).
    alloc.errors.InputError
        More is allocated than was received (``ALLOCATED_EXCEEDS_CASH``) or than is open
        (``ALLOCATION_INVALID``), or nobody takes what is left (``REST_NOT_PLACED``).
    """
    payment = _payment(ledger, payment_id)
    if payment["state"] == PaymentState.POSTED:
        raise _decided(payment_id)
    if payment["state"] == PaymentState.ASIDE:
        raise ConflictError(
            f"bank entry {payment_id} is no payment ({payment['aside_reason']})",
            reason="NOT_A_PAYMENT",
            payment_id=payment_id,
        )
    if payment["currency"] != settings.entity(payment["entity"]).currency:
        # Into an account abroad: what it is here, where a rate is known.
        payment = {**payment, **(abroad_of(payment, settings) or {})}
    if isinstance(choice, Rank):
        chosen = _ranked(ledger, payment_id, choice.rank)
    elif isinstance(choice, Items):
        chosen = _chosen(ledger, payment, choice)
    else:
        chosen = _on_account(ledger, payment, choice.customer_id)
    paid = chosen.allocations.select(["item_id", "allocated_minor"]).to_pylist()
    due = vat_falling_due(
        *(ledger, settings, rules, payment_id),
        {row["item_id"]: row["allocated_minor"] for row in paid},
    )
    chosen = replace(
        chosen,
        adjustments=pa.concat_tables(
            [
                chosen.adjustments,
                pa.Table.from_pylist(due, schema=chosen.adjustments.schema),
            ]
        ),
    )
    result = _post(ledger, settings, payment, chosen, decided_by=decided_by, now=now)
    rest = _rest(payment, chosen.allocations, chosen.adjustments)
    return Accepted(result, payment["currency"], rest, chosen.customer_id)


def _rest(
    payment: Mapping[str, Any], allocations: pa.Table, adjustments: pa.Table
) -> int:
    """Return what of a payment goes on account, minor units."""
    other = adjustments.filter(pc.not_equal(adjustments["role"], "on_account"))
    cash = payment["amount_minor"] + (pc.sum(other["amount_minor"]).as_py() or 0)
    return int(cash - (pc.sum(allocations["allocated_minor"]).as_py() or 0))


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
class _Chosen:
    """What is to be posted: tables as in `alloc.app.ports.PostingBatch`, rank 0."""

    proof: str
    confidence_ppm: int
    explanations_count: int
    reason: str
    customer_id: str | None
    allocations: pa.Table
    adjustments: pa.Table


def _ranked(ledger: Ledger, payment_id: str, rank: int) -> _Chosen:
    proposal = proposal_of(ledger, payment_id)
    allocations = proposal.allocations.filter(
        pc.equal(proposal.allocations["rank"], rank)
    )
    adjustments = proposal.adjustments.filter(
        pc.equal(proposal.adjustments["rank"], rank)
    )
    if allocations.num_rows == 0 and adjustments.num_rows == 0:
        raise NotFoundError(
            f"payment {payment_id} has no proposal of rank {rank}: choose items with "
            "--item, or a customer with --on-account",
            reason="RANK_UNKNOWN",
            payment_id=payment_id,
            rank=rank,
        )
    decision = proposal.decisions.to_pylist()[0]
    return _Chosen(
        proof=decision["proof"],
        confidence_ppm=decision["confidence_ppm"] if rank == 0 else NO_CONFIDENCE_PPM,
        explanations_count=decision["explanations_count"],
        reason=ACCEPTED,
        customer_id=decision["customer_id"] or _only_customer(allocations),
        allocations=_as_first_rank(allocations, "allocations"),
        adjustments=_as_first_rank(adjustments, "adjustments"),
    )


def _chosen(ledger: Ledger, payment: Mapping[str, Any], choice: Items) -> _Chosen:
    entity, currency = payment["entity"], payment["currency"]
    items = ledger.open_items(entity=entity, item_ids=choice.items.keys())
    items = items.filter(pc.equal(items["currency"], currency))
    found = {row["item_id"]: row for row in items.to_pylist()}
    for item_id in choice.items:
        if item_id not in found:
            raise NotFoundError(
                f"item {item_id} is not open in {currency} at entity {entity}",
                reason="ITEM_UNKNOWN",
                item_id=item_id,
                entity=entity,
            )
    rows = [
        {
            "payment_id": payment["payment_id"],
            "rank": 0,
            "item_id": item_id,
            "entity": entity,
            "customer_id": found[item_id]["customer_id"],
            "allocated_minor": found[item_id]["open_minor"]
            if amount is None
            else amount,
            "evidence": CHOSEN,
        }
        for item_id, amount in choice.items.items()
    ]
    for row in rows:
        _check_part(row, found[row["item_id"]]["open_minor"], currency)
    schema = engine.schema("allocations")
    allocations = pa.Table.from_pylist(rows, schema=schema)
    customer = choice.on_account_of or _only_customer(allocations)
    rest = payment["amount_minor"] - sum(row["allocated_minor"] for row in rows)
    _check_rest(payment, rest, choice.on_account_of, customer)
    return _by_person(CHOSEN, customer, allocations)


def _check_part(row: Mapping[str, Any], open_minor: int, currency: str) -> None:
    """Refuse nothing, the wrong sign, or more than is open of an item."""
    part = row["allocated_minor"]
    if part and (part > 0) == (open_minor > 0) and abs(part) <= abs(open_minor):
        return
    raise InputError(
        f"{amount_text(part, currency)} cannot be allocated to item {row['item_id']}, "
        f"of which {amount_text(open_minor, currency)} is open",
        reason="ALLOCATION_INVALID",
        item_id=row["item_id"],
        allocated_minor=part,
        open_minor=open_minor,
    )


def _check_rest(
    payment: Mapping[str, Any], rest: int, named: str | None, customer: str | None
) -> None:
    """Refuse items that take more than the payment, or leave what nobody takes."""
    payment_id, currency = payment["payment_id"], payment["currency"]
    if rest < 0:
        raise InputError(
            f"the items take {amount_text(-rest, currency)} more than payment "
            f"{payment_id}, which is {amount_text(payment['amount_minor'], currency)}: "
            "name amounts",
            reason="ALLOCATED_EXCEEDS_CASH",
            payment_id=payment_id,
            excess_minor=-rest,
        )
    if rest > 0 and named is None:
        raise InputError(
            f"the items leave {amount_text(rest, currency)} of payment {payment_id}: "
            f"choose more items, or put it on account with --on-account "
            f"{customer or 'CUSTOMER'}",
            reason="REST_NOT_PLACED",
            payment_id=payment_id,
            rest_minor=rest,
        )


def _on_account(
    ledger: Ledger, payment: Mapping[str, Any], customer_id: str
) -> _Chosen:
    known = pc.any(pc.equal(ledger.customers()["customer_id"], customer_id)).as_py()
    if not known and not _has_items(ledger, payment["entity"], customer_id):
        raise NotFoundError(
            f"customer {customer_id} is unknown: import the customers first",
            reason="CUSTOMER_UNKNOWN",
            customer_id=customer_id,
        )
    nothing = engine.schema("allocations").empty_table()
    return _by_person(ON_ACCOUNT, customer_id, nothing)


def _has_items(ledger: Ledger, entity: str, customer_id: str) -> bool:
    owners = ledger.open_items(entity=entity)["customer_id"]
    return bool(pc.any(pc.equal(owners, customer_id)).as_py())


def _by_person(reason: str, customer_id: str | None, allocations: pa.Table) -> _Chosen:
    return _Chosen(
        proof="none",
        confidence_ppm=NO_CONFIDENCE_PPM,
        explanations_count=0,
        reason=reason,
        customer_id=customer_id,
        allocations=allocations,
        adjustments=engine.schema("adjustments").empty_table(),
    )


def _post(
    ledger: Ledger,
    settings: Settings,
    payment: Mapping[str, Any],
    chosen: _Chosen,
    *,
    decided_by: str,
    now: dt.datetime,
) -> PostResult:
    payment_id, entity = str(payment["payment_id"]), payment["entity"]
    wanted = chosen.allocations["item_id"].to_pylist()
    items = ledger.open_items(entity=entity, item_ids=wanted)
    at = pc.index_in(item_keys(chosen.allocations), value_set=item_keys(items))
    if at.null_count:
        gone = chosen.allocations.filter(pc.is_null(at))["item_id"].to_pylist()
        raise ConflictError(
            f"payment {payment_id}: no longer open: {', '.join(gone)}: "
            "run `alloc clear`",
            reason="ITEMS_CHANGED",
            payment_id=payment_id,
        )
    allocations = chosen.allocations
    for name in ITEM_COLUMNS:
        allocations = allocations.append_column(name, items[name].take(at))
    abroad = _paid_abroad(payment, allocations, settings)
    allocations = with_foreign_parts(allocations)
    adjustments = chosen.adjustments
    count = adjustments.num_rows
    drafts = Drafting(settings, today=now.date()).draft(
        [
            drafted_payment(
                {
                    **payment,
                    **abroad,
                    "customer_id": chosen.customer_id,
                    "identified": True,
                }
            )
        ],
        allocations.select(DRAFT_ALLOCATION_COLUMNS),
        adjustments.select(["payment_id", "role", "amount_minor"]).append_column(
            "entity", pa.array([entity] * count, pa.string())
        ),
    )
    decision = {
        "payment_id": payment_id,
        "status": "review",
        "proof": chosen.proof,
        "confidence_ppm": chosen.confidence_ppm,
        "explanations_count": chosen.explanations_count,
        "reason": chosen.reason,
        "customer_id": chosen.customer_id,
    }
    batch = PostingBatch(
        decisions=pa.Table.from_pylist([decision], schema=engine.schema("decisions")),
        allocations=allocations.drop_columns(list(ITEM_COLUMNS)),
        adjustments=adjustments,
        drafts=drafts,
        decided_by=decided_by,
    )
    return ledger.post(batch, now=now)


def _paid_abroad(
    payment: Mapping[str, Any], allocations: pa.Table, settings: Settings
) -> Mapping[str, Any]:
    """Say what was paid abroad, when the proposal was made there."""
    decided_abroad = (
        "foreign_minor" in allocations.column_names
        and pc.any(pc.is_valid(allocations["foreign_minor"])).as_py()
    )
    if not decided_abroad:
        return {}
    if payment.get("foreign_currency") is not None:
        return payment
    return abroad_of(payment, settings) or {}


def _payment(ledger: Ledger, payment_id: str) -> Mapping[str, Any]:
    found = ledger.payments(
        states=tuple(PaymentState), payment_ids=(payment_id,)
    ).to_pylist()
    if not found:
        raise NotFoundError(
            f"payment {payment_id} is unknown: see `alloc review list`",
            reason="PAYMENT_UNKNOWN",
            payment_id=payment_id,
        )
    row: Mapping[str, Any] = found[0]
    return row


def _decided(payment_id: str) -> ConflictError:
    return ConflictError(
        f"payment {payment_id} is posted: undo it with `alloc reverse` first",
        reason="PAYMENT_DECIDED",
        payment_id=payment_id,
    )


def _only_customer(allocations: pa.Table) -> str | None:
    """Name the customer of all allocations, when there is just one."""
    customers = set(allocations["customer_id"].to_pylist())
    return customers.pop() if len(customers) == 1 else None


def _as_first_rank(rows: pa.Table, name: str) -> pa.Table:
    schema = engine.schema(name)
    ranks = pa.array([0] * rows.num_rows, schema.field("rank").type)
    column = rows.schema.get_field_index("rank")
    if "foreign_minor" in rows.column_names:
        schema = schema.append(rows.schema.field("foreign_minor"))
    return rows.set_column(column, "rank", ranks).select(schema.names).cast(schema)
