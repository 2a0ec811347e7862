"""The one interceptor: who calls, what they may do, what went wrong, what it took.

Deny by default: a method takes the right that `alloc_server.rights` says, on the
entity that each request names; one that is not listed there is refused.
"""

from __future__ import annotations

import contextvars
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
import structlog
from google.protobuf.message import DecodeError
from grpc_status import rpc_status

from alloc.errors import InputError
from alloc_server.errors import CallGoneError, ForbiddenError
from alloc_server.rights import OPEN_METHODS, RIGHTS, TOKEN_METHODS
from alloc_server.status import code_of, rich_status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from alloc_server.access import Caller, Tokens
    from alloc_server.limits import Rate
    from alloc_server.metrics import Metrics
    from alloc_server.traces import Traces

__all__ = ["Gate", "caller", "check_waiting"]

_NS_PER_US = 1000
_CALLER: contextvars.ContextVar[Caller] = contextvars.ContextVar("caller")


def caller() -> Caller:
    """Return who makes the call that this thread serves."""
    return _CALLER.get()


@dataclass(slots=True)
class _Serving:
    """One call, from the first byte to the last."""

    method: str
    request_id: str
    started_ns: int
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
    metrics
        Counts what was called and how it ended.
    traces
        Tells a collector the same, call by call; None: nobody.
    """

    def __init__(
        self,
        tokens: Tokens,
        rate: Rate,
        metrics: Metrics,
        traces: Traces | None = None,
    ) -> None:
        self._traces = traces
        self._tokens = tokens
        self._rate = rate
        self._metrics = metrics

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

    def begun(self, method: str, headers: Mapping[str, str]) -> _Serving:
        """Note that a call begins."""
        self._metrics.begin()
        end_span = self._traces.begin(method, headers) if self._traces else None
        return _Serving(method, uuid.uuid4().hex, time.monotonic_ns(), end_span)

    def ended(self, serving: _Serving, error: BaseException | None) -> None:
        """Count and log a call; never what was in it."""
        code = code_of(error) if error is not None else grpc.StatusCode.OK
        elapsed_us = (time.monotonic_ns() - serving.started_ns) // _NS_PER_US
        self._metrics.end(serving.method, code.name, elapsed_us)
        log = structlog.get_logger()
        say = log.info if code is not grpc.StatusCode.INTERNAL else log.error
        hidden = code is grpc.StatusCode.INTERNAL
        if serving.end_span is not None:
            facts = {"entity": serving.entity, "request_id": serving.request_id}
            serving.end_span(code, facts | {"reason": getattr(error, "reason", "")})
        say(
            "call",
            method=serving.method,
            code=code.name,
            reason=getattr(error, "reason", ""),
            caller=serving.caller_name,
            entity=serving.entity,
            elapsed_us=elapsed_us,
            request_id=serving.request_id,
            **({"exc_info": error} if hidden else {}),
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
        streams = (handler.request_streaming, handler.response_streaming)
        self._behaviour = {
            (False, False): handler.unary_unary,
            (False, True): handler.unary_stream,
            (True, False): handler.stream_unary,
            (True, True): handler.stream_stream,
        }[streams]

    def unary(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - any message
        serving = self._gate.begun(self._method, self._headers)
        try:
            answer = self._behaviour(self._admitted(serving, request), context)
        except BaseException as error:  # noqa: BLE001 - a panic is no Exception
            self._refuse(serving, error, context)
        self._gate.ended(serving, None)
        return answer

    def stream(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: ANN401 - any message
        serving = self._gate.begun(self._method, self._headers)
        try:
            yield from self._behaviour(self._admitted(serving, request), context)
        except GeneratorExit:
            self._gate.ended(serving, _gone())
            raise
        except BaseException as error:  # noqa: BLE001 - a panic is no Exception
            self._refuse(serving, error, context)
        self._gate.ended(serving, None)

    def _admitted(self, serving: _Serving, request: Any) -> Any:  # noqa: ANN401 - any message
        authorization = str(self._headers.get("authorization", ""))
        who = self._gate.admit(serving, authorization)
        _CALLER.set(who)
        if self._handler.request_streaming:
            return self._each(serving, who, request)
        return self._gate.check(serving, who, self._read(request))

    def _each(
        self, serving: _Serving, who: Caller, requests: Iterator[bytes]
    ) -> Iterator[Any]:
        try:
            for data in requests:
                yield self._gate.check(serving, who, self._read(data))
        except grpc.RpcError as error:
            raise _gone() from error

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
        self._gate.ended(serving, error)
        status = rich_status(error, request_id=serving.request_id)
        context.abort_with_status(rpc_status.to_status(status))


def check_waiting(context: grpc.ServicerContext) -> None:
    """Refuse to go on for a caller that has gone, or whose deadline has passed."""
    if not context.is_active():
        raise _gone()


def _gone() -> CallGoneError:
    return CallGoneError("the caller did not wait")
