"""JSON logs, one line a call: who, what, how it ended; never what was in it."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sys
from typing import TYPE_CHECKING, NamedTuple

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Ended", "log_calls", "log_json"]

_NS_PER_US = 1000
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Ended(NamedTuple):
    """A call that ended.

    Parameters
    ----------
    method, code, reason
        What was called, its status, and why.
    caller, entity
        Who called, and for whom.
    request_id
        Names the call.
    elapsed_us
        How long it took.
    ended_ns
        When it ended, since 1970.
    error
        A defect of ours, if it ended by one.
    """

    method: str
    code: str
    reason: str
    caller: str
    entity: str
    request_id: str
    elapsed_us: int
    ended_ns: int
    error: BaseException | None = None


def log_json() -> None:
    """Write every log line as JSON to standard error, with the time in UTC."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def log_calls(calls: Iterable[Ended]) -> None:
    """Write a line for each call, as `log_json` writes others, all at once."""
    lines = []
    for call in calls:
        facts = _facts(call)
        if call.error is not None:
            structlog.get_logger().error("call", exc_info=call.error, **facts)
            continue
        ended = _EPOCH + dt.timedelta(microseconds=call.ended_ns // _NS_PER_US)
        facts |= {
            "event": "call",
            "level": "info",
            "timestamp": ended.isoformat().replace("+00:00", "Z"),
        }
        lines.append(json.dumps(facts, sort_keys=True) + "\n")
    # A log that nobody reads any more is no reason to end a call.
    with contextlib.suppress(OSError):
        sys.stderr.write("".join(lines))
        sys.stderr.flush()


def _facts(call: Ended) -> dict[str, object]:
    return {
        "method": call.method,
        "code": call.code,
        "reason": call.reason,
        "caller": call.caller,
        "entity": call.entity,
        "elapsed_us": call.elapsed_us,
        "request_id": call.request_id,
    }
