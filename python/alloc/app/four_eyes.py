"""Four eyes: a large payment is posted, or undone, once two people want the same."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.audit import Approval
from alloc.app.refused import for_review
from alloc.errors import ConflictError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from alloc.app.ports import Ledger
    from alloc.engine import Proposal
    from alloc.settings import Settings

__all__ = ["FOUR_EYES", "first_of", "first_to_undo", "held_back", "wants_two"]

#: Why a decision waits that would be posted without a person.
FOUR_EYES = "FOUR_EYES"
_ALLOCATED = ("entity", "item_id", "allocated_minor")
_ADJUSTED = ("role", "amount_minor", "item_id")


def wants_two(settings: Settings, payment: Mapping[str, Any]) -> bool:
    """Say whether two people must accept what becomes of a payment."""
    limit = settings.entity(payment["entity"]).four_eyes_above
    return limit is not None and abs(payment["amount_minor"]) > limit


def first_of(
    ledger: Ledger,
    payment: Mapping[str, Any],
    customer_id: str | None,
    allocations: Iterable[Mapping[str, Any]],
    adjustments: Iterable[Mapping[str, Any]],
    *,
    decided_by: str,
    now: dt.datetime,
) -> str | None:
    """Name who accepted the same before; None: this acceptance is kept as the first.

    Raises
    ------
    alloc.errors.ConflictError
        ``SECOND_PERSON_NEEDED``: the same person accepted the same before.
    """
    chosen = [
        customer_id,
        sorted([row[name] for name in _ALLOCATED] for row in allocations),
        sorted(
            ([row[name] for name in _ADJUSTED] for row in adjustments),
            key=json.dumps,
        ),
    ]
    asked = Approval(payment["payment_id"], _digest(chosen), decided_by)
    return _first(ledger, asked, entity=payment["entity"], now=now)


def first_to_undo(
    ledger: Ledger,
    decision: Mapping[str, Any],
    *,
    decided_by: str,
    now: dt.datetime,
) -> str | None:
    """Name who wanted a decision undone before; else as `first_of`."""
    decision_id = decision["decision_id"]
    asked = Approval(
        decision["payment_id"], _digest(["undo", decision_id]), decided_by, decision_id
    )
    return _first(ledger, asked, entity=decision["entity"], now=now)


def _digest(wanted: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(wanted).encode()).hexdigest()


def _first(
    ledger: Ledger, asked: Approval, *, entity: str, now: dt.datetime
) -> str | None:
    payment_id = asked.payment_id
    first = ledger.approval(payment_id)
    if first is None or first.choice_sha256 != asked.choice_sha256:
        ledger.approve(asked, entity=entity, now=now)
        return None
    if first.approved_by == asked.approved_by:
        raise ConflictError(
            f"payment {payment_id} is so large that two people must ask the same:"
            f" {asked.approved_by} did, somebody else has to",
            reason="SECOND_PERSON_NEEDED",
            payment_id=payment_id,
            approved_by=asked.approved_by,
        )
    return first.approved_by


def held_back(settings: Settings, payments: pa.Table, proposal: Proposal) -> Proposal:
    """Leave to people what would be posted without any of two."""
    if all(entity.four_eyes_above is None for entity in settings.entities):
        return proposal
    large = {
        row["payment_id"]: FOUR_EYES
        for row in payments.select(["payment_id", "entity", "amount_minor"]).to_pylist()
        if wants_two(settings, row)
    }
    decisions = proposal.decisions
    automatic = decisions.filter(pc.equal(decisions["status"], "auto"))["payment_id"]
    held = {name: large[name] for name in automatic.to_pylist() if name in large}
    return replace(proposal, decisions=for_review(decisions, held))
