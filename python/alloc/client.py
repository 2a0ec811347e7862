"""Clients of ``alloc serve``: channels with TLS, a token, deadlines kept, retries.

The stubs are the generated ones; this module makes their channel and reads their
errors::

    with Client("alloc.example.org:50051", token=token, ca=ca) as alloc:
        request = PostRequest(entity="FR01", idempotency_key=new_key(), ...)
        answer = alloc.allocation.Post(request, timeout=10)

A call that the service could not take (``UNAVAILABLE``) is repeated by gRPC itself.
That is safe: what writes has an idempotency key, so the same request is answered once.
Needs the extra ``alloc-engine[client]``.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Self, cast

import grpc
import grpc.aio
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from alloc.errors import (
    AllocError,
    ConflictError,
    InputError,
    InternalError,
    LimitError,
    NotFoundError,
    StoreError,
)
from alloc.v1.allocation_service_pb2_grpc import AllocationServiceStub
from alloc.v1.ledger_service_pb2_grpc import LedgerServiceStub
from alloc.v1.review_service_pb2_grpc import ReviewServiceStub

if TYPE_CHECKING:
    from types import TracebackType

    from alloc.v1.allocation_service_pb2_grpc import AllocationServiceAsyncStub
    from alloc.v1.ledger_service_pb2_grpc import LedgerServiceAsyncStub
    from alloc.v1.review_service_pb2_grpc import ReviewServiceAsyncStub

__all__ = ["AsyncClient", "Client", "error_of", "new_key"]

_REASON_PREFIX = "ERROR_REASON_"
_RETRY = {
    "methodConfig": [
        {
            "name": [
                {"service": f"alloc.v1.{name}Service"}
                for name in ("Allocation", "Ledger", "Review")
            ],
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.1s",
                "maxBackoff": "2s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}
_OPTIONS = (
    ("grpc.service_config", json.dumps(_RETRY)),
    ("grpc.max_receive_message_length", -1),
    # A service that was restarted is found again quickly.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)
_CLASSES: dict[grpc.StatusCode, type[AllocError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InputError,
    grpc.StatusCode.NOT_FOUND: NotFoundError,
    grpc.StatusCode.FAILED_PRECONDITION: ConflictError,
    grpc.StatusCode.ABORTED: ConflictError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: LimitError,
    grpc.StatusCode.UNAVAILABLE: StoreError,
    grpc.StatusCode.INTERNAL: InternalError,
}


class Client:
    """A connection to a service, for threads.

    Parameters
    ----------
    address
        ``host:port``.
    token
        Of ``alloc token add``.
    ca
        Certificates (PEM) that vouch for the service; None takes the system's.
    certificate, key
        Of the caller (PEM), where the service asks for one.

    Attributes
    ----------
    allocation, ledger, review
        The stubs: a method a call, with ``timeout=`` seconds.
    """

    def __init__(
        self,
        address: str,
        *,
        token: str,
        ca: bytes | None = None,
        certificate: bytes | None = None,
        key: bytes | None = None,
    ) -> None:
        self.channel = grpc.secure_channel(
            address, _credentials(token, ca, certificate, key), options=_OPTIONS
        )
        self.allocation = AllocationServiceStub(self.channel)
        self.ledger = LedgerServiceStub(self.channel)
        self.review = ReviewServiceStub(self.channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.channel.close()


class AsyncClient:
    """A connection to a service, for asyncio; parameters and stubs as in `Client`."""

    def __init__(
        self,
        address: str,
        *,
        token: str,
        ca: bytes | None = None,
        certificate: bytes | None = None,
        key: bytes | None = None,
    ) -> None:
        self.channel = grpc.aio.secure_channel(
            address, _credentials(token, ca, certificate, key), options=_OPTIONS
        )
        self.allocation: AllocationServiceAsyncStub = AllocationServiceStub(
            self.channel
        )
        self.ledger: LedgerServiceAsyncStub = LedgerServiceStub(self.channel)
        self.review: ReviewServiceAsyncStub = ReviewServiceStub(self.channel)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.channel.close()


def new_key() -> str:
    """Return an idempotency key: make one for each request, and repeat it with it."""
    return uuid.uuid4().hex


def error_of(error: grpc.RpcError) -> AllocError:
    """Return what the service said, as the error that the library itself raises.

    Parameters
    ----------
    error
        Raised by a stub.

    Returns
    -------
    alloc.errors.AllocError
        With ``reason`` and ``metadata``; where the service said nothing (it was not
        reached, say) the reason is the status code's name.
    """
    # What a stub raises, sync or not, is also the call.
    call = cast("grpc.Call", error)
    code = call.code()
    kind = _CLASSES.get(code, AllocError)
    status = rpc_status.from_call(call)
    for detail in status.details if status is not None else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            metadata = {"status": code.name, **info.metadata}
            reason = info.reason.removeprefix(_REASON_PREFIX)
            return kind(str(call.details()), reason=reason, **metadata)
    return kind(str(call.details()), reason=code.name, status=code.name)


def _credentials(
    token: str, ca: bytes | None, certificate: bytes | None, key: bytes | None
) -> grpc.ChannelCredentials:
    return grpc.composite_channel_credentials(
        grpc.ssl_channel_credentials(ca, key, certificate),
        grpc.access_token_call_credentials(token),
    )
