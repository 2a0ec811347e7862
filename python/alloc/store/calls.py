"""Calls that write are answered once: the answer is kept with what was written."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa

from alloc.errors import AllocError, ConflictError, StoreError
from alloc.store.columns import columns
from alloc.store.files import utc

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence

    from alloc.app.shared_ledger import Call, Outcome
    from alloc.store.database import Database

_Result = TypeVar("_Result")

_KEYS = columns("caller call_key")
_ANSWERED = columns("caller call_key method request_sha256 answer")
_ROW = columns("caller call_key method request_sha256 answer answered_at")


def once(
    db: Database,
    calls: Sequence[Call],
    act: Callable[[list[int]], Sequence[Outcome]],
    *,
    now: dt.datetime,
) -> list[Outcome]:
    """Answer calls in one transaction: those of before as before, the others anew."""
    with db.write():
        outcomes = _known(db, calls)
        fresh = list(outcomes.fresh)
        acted = dict(zip(fresh, act(fresh), strict=True)) if fresh else {}
        rows = [
            (*_key(calls[at]), calls[at].method, calls[at].request_sha256, answer)
            for at, answer in acted.items()
            if isinstance(answer, bytes)
        ]
        db.append("answered_call", _answers(rows, utc(now)))
    return [acted.get(at, outcomes.known.get(at)) for at in range(len(calls))]


class _Sorted:
    """Calls by what is known of them; what is in neither waits for its twin."""

    def __init__(self) -> None:
        self.known: dict[int, Outcome] = {}
        self.fresh: list[int] = []


def _known(db: Database, calls: Sequence[Call]) -> _Sorted:
    keys = [_key(call) for call in calls]
    named = dict.fromkeys(keys)
    columns_of = [pa.array(list(column)) for column in zip(*named, strict=True)]
    db.stage("stage_call", pa.table(columns_of, schema=_KEYS))
    rows = db.query(
        "select a.caller, a.call_key, a.method, a.request_sha256, a.answer "
        "from stage_call s join answered_call a "
        "on a.caller = s.caller and a.call_key = s.call_key",
        _ANSWERED,
    ).to_pylist()
    answered = {(row["caller"], row["call_key"]): row for row in rows}
    found = _Sorted()
    taken: set[tuple[str, str]] = set()
    for at, (key, call) in enumerate(zip(keys, calls, strict=True)):
        if key in answered:
            found.known[at] = _same_answer(call, answered[key])
        elif key not in taken:
            taken.add(key)
            found.fresh.append(at)
    return found


def _key(call: Call) -> tuple[str, str]:
    return call.caller, call.key


def _answers(rows: Sequence[tuple[str, str, str, str, bytes]], at: str) -> pa.Table:
    texts = [(*row[:4], base64.b64encode(row[4]).decode(), at) for row in rows]
    return pa.Table.from_pylist(
        [dict(zip(_ROW.names, row, strict=True)) for row in texts], _ROW
    )


def _same_answer(call: Call, answered: dict[str, str]) -> Outcome:
    asked = (call.method, call.request_sha256)
    if asked != (answered["method"], answered["request_sha256"]):
        return ConflictError(
            f"idempotency key {call.key} was used for another request: "
            "give each request a key of its own",
            reason="IDEMPOTENCY_KEY_REUSED",
            idempotency_key=call.key,
        )
    return base64.b64decode(answered["answer"])


def attempt(db: Database, act: Callable[[], _Result]) -> _Result | Exception:
    """Act inside a transaction, or undo what it wrote and return why it failed."""
    db.execute("savepoint attempt")
    try:
        result: _Result | Exception = act()
    except StoreError:
        # The disk, the server: no call can go on.
        raise
    except Exception as error:  # noqa: BLE001 - it is the outcome of this call alone
        try:
            db.execute("rollback to savepoint attempt")
        except AllocError:
            raise error from None
        result = error
    db.execute("release savepoint attempt")
    return result
