"""The one interceptor: who calls, what they may do, what went wrong, what it took.

Deny by default: a method takes the right that `alloc_server.rights` says, on the
entity that each request names; one that is not listed there is refused.
"""

from __future__ import annotations

import contextvars
import itertools
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.message import DecodeError
from grpc_status import rpc_status

from alloc.errors import InputError, StoppedError
from alloc_server.errors import ForbiddenError
from alloc_server.logs import Ended
from alloc_server.rights import OPEN_METHODS, RIGHTS, TOKEN_METHODS
from alloc_server.status import code_of, rich_status
from alloc_server.waiting import check_waiting, gone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from alloc_server.access import Caller, Tokens
    from alloc_server.limits import Rate
    from alloc_server.notes import Notes
    from alloc_server.traces import Traces

__all__ = ["Gate", "caller", "came_ns"]

_NS_PER_US = 1000
_CALLER: contextvars.ContextVar[Caller] = contextvars.ContextVar("caller")
_CAME_NS: contextvars.ContextVar[int] = contextvars.ContextVar("came_ns")


def caller() -> Caller:
    """Return who makes the call that this thread serves."""
    return _CALLER.get()


def came_ns() -> int:
    """Return when the call that this thread serves came, by the monotonic clock."""
    return _CAME_NS.get()


@dataclass(slots=True)
class _Serving:
    """One call, from the first byte to the last."""

    method: str
    request_id: str
    came_ns: int
    end_span: Callable[[grpc.StatusCode, Mapping[str, str]], None] | None = None
    caller_name: str = ""
    entity: str = ""


class Gate(grpc.ServerInterceptor):
    """Stands before every method.

    Parameters
    ----------
    tokens
        Who may call.
    rate
        How fast.
    notes
        Count and log what was called and how it ended.
    traces
        Tells a collector the same, call by call; None: nobody.
    """

    def __init__(
        self,
        tokens: Tokens,
        rate: Rate,
        notes: Notes,
        traces: Traces | None = None,
    ) -> None:
        self._traces = traces
        self._tokens = tokens
        self._rate = rate
        self._process = secrets.token_hex(8)
        self._numbers = itertools.count(1)
        self._notes = notes

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Any],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:  # noqa: ANN401 - grpc's own handlers have no common type
        """Wrap the handler of a method; health answers everybody."""
        method = handler_call_details.method
        handler = continuation(handler_call_details)
        if handler is None or method in OPEN_METHODS:
            return handler
        given = handler_call_details.invocation_metadata or ()
        headers = {name: str(value) for name, value in given}
        serve = _Served(self, method, headers, handler)
        make = {
            (False, False): grpc.unary_unary_rpc_method_handler,
            (False, True): grpc.unary_stream_rpc_method_handler,
            (True, False): grpc.stream_unary_rpc_method_handler,
            (True, True): grpc.stream_stream_rpc_method_handler,
        }[handler.request_streaming, handler.response_streaming]
        return make(
            serve.stream if handler.response_streaming else serve.unary,
            # Bytes come in: a message that is none is refused like any other request.
            request_deserializer=None,
            response_serializer=handler.response_serializer,
        )

    def admit(self, serving: _Serving, authorization: str) -> Caller:
        """Return who calls, when they may call the method at all."""
        found = self._tokens.caller(authorization)
        serving.caller_name = found.name
        if serving.method not in RIGHTS and serving.method not in TOKEN_METHODS:
            raise ForbiddenError("this method is served to nobody")
        self._rate.take(found.name)
        return found

    def check(self, serving: _Serving, who: Caller, request: Any) -> Any:  # noqa: ANN401 - any message
        """Return the request, when the caller has the right on its entity."""
        right = RIGHTS.get(serving.method)
        if right is not None:
            entity = getattr(request, "entity", "")
            who.require(right, entity)
            if serving.entity not in ("", entity):
                raise ForbiddenError(
                    "a stream is for one entity: name the same in every message",
                    reason="ENTITY_FORBIDDEN",
                    entity=entity,
                )
            serving.entity = entity
        return request

    def begun(self, method: str, headers: Mapping[str, str], came_ns: int) -> _Serving:
        """Note that a call begins."""
        self._notes.begun()
        end_span = self._traces.begin(method, headers) if self._traces else None
        request_id = f"{self._process}{next(self._numbers):016x}"
        return _Serving(method, request_id, came_ns, end_span)

    def ended(self, serving: _Serving, error: BaseException | None) -> None:
        """Count and log a call; never what was in it."""
        code = code_of(error) if error is not None else grpc.StatusCode.OK
        reason = getattr(error, "reason", "")
        if serving.end_span is not None:
            facts = {"entity": serving.entity, "request_id": serving.request_id}
            serving.end_span(code, facts | {"reason": reason})
        self._notes.ended(
            Ended(
                method=serving.method,
                code=code.name,
                reason=reason,
                caller=serving.caller_name,
                entity=serving.entity,
                request_id=serving.request_id,
                elapsed_us=(time.monotonic_ns() - serving.came_ns) // _NS_PER_US,
                ended_ns=time.time_ns(),
                error=error if code is grpc.StatusCode.INTERNAL else None,
            )
        )


class _Served:
    """One method, served to one call."""

    def __init__(
        self,
        gate: Gate,
        method: str,
        headers: Mapping[str, str],
        handler: Any,  # noqa: ANN401 - grpc's own handlers have no common type
    ) -> None:
        self._gate = gate
        self._method = method
        self._headers = headers
        self._handler = handler
        self._came_ns = time.monotonic_ns()
        streams = (handler.request_streaming, handler.response_streaming)
        self._behaviour = {
            (False, False): handler.unary_unary,
            (False, True): handler.unary_stream,
            (True, False): handler.stream_unary,
            (True, True): handler.stream_stream,
        }[streams]

    def unary(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - any message
        serving = self._gate.begun(self._method, self._headers, self._came_ns)
        try:
            admitted = self._admitted(serving, request, context)
            answer = self._behaviour(admitted, context)
        except BaseException as error:  # noqa: BLE001 - a panic is no Exception
            self._refuse(serving, error, context)
        self._gate.ended(serving, None)
        return answer

    def stream(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: ANN401 - any message
        serving = self._gate.begun(self._method, self._headers, self._came_ns)
        try:
            admitted = self._admitted(serving, request, context)
            yield from self._behaviour(admitted, context)
        except GeneratorExit:
            self._gate.ended(serving, gone(context))
            raise
        except BaseException as error:  # noqa: BLE001 - a panic is no Exception
            self._refuse(serving, error, context)
        self._gate.ended(serving, None)

    def _admitted(
        self,
        serving: _Serving,
        request: Any,  # noqa: ANN401 - any message
        context: grpc.ServicerContext,
    ) -> Any:  # noqa: ANN401 - any message
        authorization = str(self._headers.get("authorization", ""))
        who = self._gate.admit(serving, authorization)
        _CALLER.set(who)
        _CAME_NS.set(self._came_ns)
        if self._handler.request_streaming:
            return self._each(serving, who, request, context)
        return self._gate.check(serving, who, self._read(request))

    def _each(
        self,
        serving: _Serving,
        who: Caller,
        requests: Iterator[bytes],
        context: grpc.ServicerContext,
    ) -> Iterator[Any]:
        try:
            for data in requests:
                yield self._gate.check(serving, who, self._read(data))
        except grpc.RpcError as error:
            raise gone(context) from error
        # To grpc, a caller that leaves between two messages has sent its last one.
        check_waiting(context)

    def _read(self, data: bytes) -> Any:  # noqa: ANN401 - any message
        try:
            return self._handler.request_deserializer(data)
        except DecodeError as error:
            raise InputError(
                "the message is none of this method: generate your stubs from the"
                " proto files of this service",
                reason="MESSAGE_INVALID",
            ) from error

    def _refuse(
        self,
        serving: _Serving,
        error: BaseException,
        context: grpc.ServicerContext,
    ) -> None:
        if isinstance(error, StoppedError):
            error = gone(context)
        self._gate.ended(serving, error)
        status = rich_status(error, request_id=serving.request_id)
        context.abort_with_status(rpc_status.to_status(status))
