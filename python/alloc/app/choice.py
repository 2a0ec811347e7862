"""What a person may choose for a payment, and what each choice clears."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from alloc.app.amounts import amount_text
from alloc.app.ports import DecisionFilter, PaymentState
from alloc.errors import ConflictError, InputError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alloc.app.ports import Ledger

    Row = Mapping[str, Any]

__all__ = [
    "Choice",
    "Chosen",
    "Desk",
    "Items",
    "OnAccount",
    "Rank",
    "decided",
    "not_proposed",
    "unknown_payment",
]

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
class Chosen:
    """What is to be posted: rows as in `alloc.app.ports.PostingBatch`, rank 0."""

    proof: str
    confidence_ppm: int
    explanations_count: int
    reason: str
    customer_id: str | None
    allocations: Sequence[Row]
    adjustments: Sequence[Row]

    def with_lines(self, adjustments: Sequence[Row]) -> Chosen:
        """Return the same with more adjustments."""
        return replace(self, adjustments=[*self.adjustments, *adjustments])


class Desk:
    """What choices are made on, read at once for all of them.

    Parameters
    ----------
    ledger
        The ledger; in one transaction when others write.
    choices
        Payment and choice; a payment may stand twice.
    """

    def __init__(self, ledger: Ledger, choices: Sequence[tuple[str, Choice]]) -> None:
        self._ledger = ledger
        names = [payment_id for payment_id, _ in choices]
        every = ledger.payments(states=tuple(PaymentState), payment_ids=names)
        self.payments = {row["payment_id"]: row for row in every.to_pylist()}
        ranked = [name for name, choice in choices if isinstance(choice, Rank)]
        self._proposals = self._read_proposals(ranked)
        wanted = {
            item_id
            for _, choice in choices
            if isinstance(choice, Items)
            for item_id in choice.items
        }
        for proposal in self._proposals.values():
            wanted |= {row["item_id"] for row in proposal.allocations}
        rows = ledger.open_items(item_ids=sorted(wanted)).to_pylist() if wanted else []
        self.items = {(row["entity"], row["item_id"]): row for row in rows}
        parties = {c.customer_id for _, c in choices if isinstance(c, OnAccount)}
        self._customers: frozenset[str] = frozenset()
        if parties:
            known = ledger.customers(sorted(parties))["customer_id"]
            self._customers = frozenset(known.to_pylist())

    def _read_proposals(self, payment_ids: Sequence[str]) -> dict[str, _Proposal]:
        if not payment_ids:
            return {}
        found = self._ledger.decisions(DecisionFilter(payment_ids=payment_ids))
        lines: dict[str, dict[str, list[Row]]] = {}
        for name in ("allocations", "adjustments"):
            mine = lines[name] = defaultdict(list)
            for row in getattr(found, name).to_pylist():
                mine[row["payment_id"]].append(row)
        return {
            row["payment_id"]: _Proposal(
                row,
                lines["allocations"][row["payment_id"]],
                lines["adjustments"][row["payment_id"]],
            )
            for row in found.decisions.to_pylist()
        }

    def chosen(self, payment: Row, choice: Choice) -> Chosen:
        """Return what a choice clears of a payment that waits.

        Raises
        ------
        alloc.errors.AllocError
            What `alloc.app.review.accept` says.
        """
        if isinstance(choice, Rank):
            return self._ranked(payment, choice.rank)
        if isinstance(choice, Items):
            return self._of_items(payment, choice)
        self._check_customer(payment["entity"], choice.customer_id)
        return _by_person(ON_ACCOUNT, choice.customer_id, ())

    def _ranked(self, payment: Row, rank: int) -> Chosen:
        payment_id = payment["payment_id"]
        proposal = self._proposals.get(payment_id)
        if proposal is None:
            raise not_proposed(payment_id)
        allocations = [row for row in proposal.allocations if row["rank"] == rank]
        adjustments = [row for row in proposal.adjustments if row["rank"] == rank]
        if not allocations and not adjustments:
            raise NotFoundError(
                f"payment {payment_id} has no proposal of rank {rank}: choose items "
                "with --item, or a customer with --on-account",
                reason="RANK_UNKNOWN",
                payment_id=payment_id,
                rank=rank,
            )
        keys = [(row["entity"], row["item_id"]) for row in allocations]
        if gone := [key[1] for key in keys if key not in self.items]:
            raise ConflictError(
                f"payment {payment_id}: no longer open: {', '.join(gone)}: "
                "run `alloc clear`",
                reason="ITEMS_CHANGED",
                payment_id=payment_id,
            )
        decision = proposal.decision
        return Chosen(
            proof=decision["proof"],
            confidence_ppm=decision["confidence_ppm"]
            if rank == 0
            else NO_CONFIDENCE_PPM,
            explanations_count=decision["explanations_count"],
            reason=ACCEPTED,
            customer_id=decision["customer_id"] or _only_customer(allocations),
            allocations=[{**row, "rank": 0} for row in allocations],
            adjustments=[{**row, "rank": 0} for row in adjustments],
        )

    def _of_items(self, payment: Row, choice: Items) -> Chosen:
        entity, currency = payment["entity"], payment["currency"]
        rows = []
        for item_id, amount in choice.items.items():
            item = self.items.get((entity, item_id))
            if item is None or item["currency"] != currency:
                raise NotFoundError(
                    f"item {item_id} is not open in {currency} at entity {entity}",
                    reason="ITEM_UNKNOWN",
                    item_id=item_id,
                    entity=entity,
                )
            row = {
                "payment_id": payment["payment_id"],
                "rank": 0,
                "item_id": item_id,
                "entity": entity,
                "customer_id": item["customer_id"],
                "allocated_minor": item["open_minor"] if amount is None else amount,
                "evidence": CHOSEN,
            }
            _check_part(row, item["open_minor"], currency)
            rows.append(row)
        customer = choice.on_account_of or _only_customer(rows)
        rest = payment["amount_minor"] - sum(row["allocated_minor"] for row in rows)
        _check_rest(payment, rest, choice.on_account_of, customer)
        return _by_person(CHOSEN, customer, rows)

    def _check_customer(self, entity: str, customer_id: str) -> None:
        if customer_id in self._customers:
            return
        # One without a row of its own may have items all the same.
        owners = self._ledger.open_items(entity=entity)["customer_id"].to_pylist()
        if customer_id not in owners:
            raise NotFoundError(
                f"customer {customer_id} is unknown: import the customers first",
                reason="CUSTOMER_UNKNOWN",
                customer_id=customer_id,
            )


@dataclass(frozen=True, slots=True)
class _Proposal:
    decision: Row
    allocations: Sequence[Row]
    adjustments: Sequence[Row]


def _check_part(row: Row, open_minor: int, currency: str) -> None:
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
    payment: Row, rest: int, named: str | None, customer: str | None
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


def _by_person(
    reason: str, customer_id: str | None, allocations: Sequence[Row]
) -> Chosen:
    return Chosen(
        proof="none",
        confidence_ppm=NO_CONFIDENCE_PPM,
        explanations_count=0,
        reason=reason,
        customer_id=customer_id,
        allocations=allocations,
        adjustments=(),
    )


def _only_customer(allocations: Sequence[Row]) -> str | None:
    """Name the customer of all allocations, when there is just one."""
    customers = {row["customer_id"] for row in allocations}
    return customers.pop() if len(customers) == 1 else None


def unknown_payment(payment_id: str) -> NotFoundError:
    """Say that there is no such payment."""
    return NotFoundError(
        f"payment {payment_id} is unknown: see `alloc review list`",
        reason="PAYMENT_UNKNOWN",
        payment_id=payment_id,
    )


def decided(payment_id: str) -> ConflictError:
    """Say that a payment does not wait any more."""
    return ConflictError(
        f"payment {payment_id} is posted: undo it with `alloc reverse` first",
        reason="PAYMENT_DECIDED",
        payment_id=payment_id,
    )


def not_proposed(payment_id: str) -> ConflictError:
    """Say that nothing is proposed for a payment."""
    return ConflictError(
        f"payment {payment_id} has no proposal yet: run `alloc clear` first",
        reason="NOT_PROPOSED",
        payment_id=payment_id,
    )
