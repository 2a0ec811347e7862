"""What the audit trail is asked for, and what waits for a second person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    import pyarrow as pa

__all__ = ["AUDIT_GENESIS", "Approval", "AuditFilter", "AuditTrail"]


@dataclass(frozen=True, slots=True)
class Approval:
    """That somebody wanted something for a payment which wants two people.

    Parameters
    ----------
    payment_id
        The payment.
    choice_sha256
        Hex digest of what was accepted.
    approved_by
        Who.
    decision_id
        The decision to undo, for the audit trail; None where something is to be posted.
    """

    payment_id: str
    choice_sha256: str
    approved_by: str
    decision_id: int | None = None


#: Stands for the hash before the first audit record.
AUDIT_GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which records of the audit trail.

    Parameters
    ----------
    entity
        Of this company; None: of all.
    since
        Those after this number.
    """

    entity: str | None = None
    since: int = 0


class AuditTrail(Protocol):
    """What a ledger keeps of who decided what; posting and undoing add to it."""

    def audit(self, which: AuditFilter) -> Iterator[pa.Table]:
        """Return the audit trail in its order, table after table.

        audit_no, action, entity, payment_id, decision_id?, seq?, document (JSON),
        previous_hash, hash (hex)
        """

    def approval(self, payment_id: str) -> Approval | None:
        """Return who accepted something for a payment and waits for another person."""

    def approve(self, approval: Approval, *, entity: str, now: dt.datetime) -> None:
        """Keep an acceptance until another person accepts the same, or it is posted."""
