"""Whose a payment or a decision is: one of another entity is as good as unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alloc.app.ports import DecisionFilter, DecisionState, PaymentState
from alloc.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alloc.app.ports import Ledger

__all__ = ["owned_decision", "owned_payment"]


def owned_payment(ledger: Ledger, entity: str, payment_id: str) -> Mapping[str, Any]:
    """Return the row of a payment of an entity; ``PAYMENT_UNKNOWN`` for others."""
    found = ledger.payments(
        states=tuple(PaymentState), entity=entity, payment_ids=(payment_id,)
    ).to_pylist()
    if not found:
        raise NotFoundError(
            f"payment {payment_id} is unknown at entity {entity}",
            reason="PAYMENT_UNKNOWN",
            payment_id=payment_id,
            entity=entity,
        )
    row: Mapping[str, Any] = found[0]
    return row


def owned_decision(ledger: Ledger, entity: str, decision_id: int) -> None:
    """Check that a decision is an entity's; ``DECISION_UNKNOWN`` for others."""
    which = DecisionFilter(
        states=tuple(DecisionState), entity=entity, decision_ids=(decision_id,)
    )
    if ledger.decisions(which).decisions.num_rows == 0:
        raise NotFoundError(
            f"decision {decision_id} is unknown at entity {entity}",
            reason="DECISION_UNKNOWN",
            decision_id=decision_id,
            entity=entity,
        )
