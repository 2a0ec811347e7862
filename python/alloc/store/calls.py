"""Calls that write are answered once: the answer is kept with what was written."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from alloc.errors import ConflictError
from alloc.store.columns import columns
from alloc.store.files import utc

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from alloc.app.shared_ledger import Call
    from alloc.store.database import Database

_ANSWERED = columns("method request_sha256 answer")


def once(
    db: Database, call: Call, act: Callable[[], bytes], *, now: dt.datetime
) -> bytes:
    """Act and keep the answer in one transaction, or return the one that was kept."""
    with db.write():
        answered = db.query(
            "select method, request_sha256, answer from answered_call "
            "where caller = $1 and call_key = $2",
            _ANSWERED,
            (call.caller, call.key),
        ).to_pylist()
        if answered:
            return _same_answer(call, answered[0])
        answer = act()
        db.execute(
            "insert into answered_call values ($1, $2, $3, $4, $5, $6)",
            (
                call.caller,
                call.key,
                call.method,
                call.request_sha256,
                base64.b64encode(answer).decode(),
                utc(now),
            ),
        )
        return answer


def _same_answer(call: Call, answered: dict[str, str]) -> bytes:
    asked = (call.method, call.request_sha256)
    if asked != (answered["method"], answered["request_sha256"]):
        raise ConflictError(
            f"idempotency key {call.key} was used for another request: "
            "give each request a key of its own",
            reason="IDEMPOTENCY_KEY_REUSED",
            idempotency_key=call.key,
        )
    return base64.b64decode(answered["answer"])
