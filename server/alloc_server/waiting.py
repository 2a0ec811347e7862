"""Whether the caller of a call still waits for its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alloc.engine import Stop
from alloc_server.errors import CallGoneError
from alloc_server.limits import WAIT_SECONDS_MAX

if TYPE_CHECKING:
    import grpc

__all__ = ["check_waiting", "gone", "seconds_left", "stop_of"]


def gone(context: grpc.ServicerContext) -> CallGoneError:
    """Return why nobody waits any more: time is up, or the caller left."""
    if context.time_remaining() == 0:
        return CallGoneError(
            "the deadline of the call passed", reason="DEADLINE_PASSED"
        )
    return CallGoneError("the caller did not wait")


def check_waiting(context: grpc.ServicerContext) -> None:
    """Refuse to go on for a caller that has gone, or whose deadline has passed."""
    if not context.is_active():
        raise gone(context)


def stop_of(context: grpc.ServicerContext) -> Stop:
    """Return what ends the engine's work for a call once nobody waits for it."""
    stop = Stop()
    if not context.add_callback(stop.set):
        raise gone(context)
    return stop


def seconds_left(context: grpc.ServicerContext) -> float:
    """Return how long a call can wait: to its deadline, and not for ever."""
    remaining = context.time_remaining()
    return WAIT_SECONDS_MAX if remaining is None else min(remaining, WAIT_SECONDS_MAX)
