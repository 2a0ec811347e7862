"""Who works on which payment of the review queue, and until when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from alloc.errors import ConflictError
from alloc.store.columns import columns
from alloc.store.files import utc

if TYPE_CHECKING:
    import datetime as dt

    from alloc.store.database import Database

_CLAIM = columns("payment_id claimed_by claimed_at claimed_until")


def claims(db: Database, now: dt.datetime) -> pa.Table:
    """Return the claims that have not run out, by payment."""
    return db.query(
        f"select {', '.join(_CLAIM.names)} from claim where claimed_until > $1 "
        "order by payment_id",
        _CLAIM,
        (utc(now),),
    )


def claim(
    db: Database, payment_id: str, *, by: str, until: dt.datetime, now: dt.datetime
) -> None:
    """Claim a payment, or move the end of one's own claim."""
    with db.write():
        check_claim(db, payment_id, by=by, now=now)
        db.execute("delete from claim where payment_id = $1", (payment_id,))
        row = dict(
            zip(_CLAIM.names, (payment_id, by, utc(now), utc(until)), strict=True)
        )
        db.append("claim", pa.Table.from_pylist([row], _CLAIM))


def check_claim(db: Database, payment_id: str, *, by: str, now: dt.datetime) -> None:
    """Refuse a payment that somebody else works on."""
    found = db.query(
        f"select {', '.join(_CLAIM.names)} from claim where payment_id = $1 "
        "and claimed_by <> $2 and claimed_until > $3",
        _CLAIM,
        (payment_id, by, utc(now)),
    ).to_pylist()
    if found:
        raise ConflictError(
            f"payment {payment_id} is claimed by {found[0]['claimed_by']} until "
            f"{found[0]['claimed_until']}: ask them, or wait",
            reason="PAYMENT_CLAIMED",
            payment_id=payment_id,
            claimed_by=found[0]["claimed_by"],
            claimed_until=found[0]["claimed_until"],
        )
