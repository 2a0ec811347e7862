"""Acceptances that wait for another person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from alloc.app.audit import Approval
from alloc.store import audit
from alloc.store.columns import columns
from alloc.store.ends import ends
from alloc.store.files import utc

if TYPE_CHECKING:
    import datetime as dt

    from alloc.store.database import Database

_APPROVAL = columns("payment_id choice_sha256 approved_by")


def approval(db: Database, payment_id: str) -> Approval | None:
    """Return the acceptance of a payment that waits."""
    rows = db.query(
        f"select {', '.join(_APPROVAL.names)} from approval where payment_id = $1",
        _APPROVAL,
        (payment_id,),
    ).to_pylist()
    return Approval(**rows[0]) if rows else None


def approve(db: Database, given: Approval, *, entity: str, now: dt.datetime) -> None:
    """Keep an acceptance in the place of the one before."""
    with db.write():
        end(db, given.payment_id)
        db.execute(
            "insert into approval values ($1, $2, $3, $4)",
            (given.payment_id, given.choice_sha256, given.approved_by, utc(now)),
        )
        audit.record(
            db,
            "approved",
            {
                "entity": pa.array([entity]),
                "payment_id": pa.array([given.payment_id]),
                "decision_id": pa.array([given.decision_id], pa.int64()),
                "choice_sha256": pa.array([given.choice_sha256]),
            },
            {},
            after=ends(db),
            who=pa.array([given.approved_by]),
            now=now,
        )


def end(db: Database, payment_id: str) -> None:
    """Forget what was accepted for a payment: it waits no longer."""
    db.execute("delete from approval where payment_id = $1", (payment_id,))
