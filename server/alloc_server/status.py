"""The one table from errors to gRPC statuses."""

from __future__ import annotations

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

from alloc.errors import (
    AllocError,
    ConflictError,
    InputError,
    InternalError,
    LimitError,
    NotFoundError,
    StoppedError,
    StoreError,
)
from alloc_server.errors import (
    CallGoneError,
    ForbiddenError,
    KeysUnavailableError,
    UnauthenticatedError,
)

__all__ = ["DOMAIN", "PREFIX", "code_of", "rich_status"]

#: Who gives out the reasons.
DOMAIN = "alloc"
#: What stands before a reason in the enum ``alloc.v1.ErrorReason``.
PREFIX = "ERROR_REASON_"

_BY_REASON = {
    # The same call may be made again as it is.
    "DISK_FULL": grpc.StatusCode.UNAVAILABLE,
    "LEDGER_BUSY": grpc.StatusCode.UNAVAILABLE,
    "LEDGER_CONFLICT": grpc.StatusCode.UNAVAILABLE,
    "POOL_OPENING": grpc.StatusCode.UNAVAILABLE,
    # Look again before the next call.
    "ITEMS_CHANGED": grpc.StatusCode.ABORTED,
    "LEDGER_CHANGED": grpc.StatusCode.ABORTED,
    # Nobody waits.
    "DEADLINE_PASSED": grpc.StatusCode.DEADLINE_EXCEEDED,
}
_BY_CLASS: tuple[tuple[type[AllocError], grpc.StatusCode], ...] = (
    (UnauthenticatedError, grpc.StatusCode.UNAUTHENTICATED),
    (KeysUnavailableError, grpc.StatusCode.UNAVAILABLE),
    (ForbiddenError, grpc.StatusCode.PERMISSION_DENIED),
    (CallGoneError, grpc.StatusCode.CANCELLED),
    (StoppedError, grpc.StatusCode.CANCELLED),
    (InputError, grpc.StatusCode.INVALID_ARGUMENT),
    (NotFoundError, grpc.StatusCode.NOT_FOUND),
    (ConflictError, grpc.StatusCode.FAILED_PRECONDITION),
    (LimitError, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (StoreError, grpc.StatusCode.UNAVAILABLE),
    (InternalError, grpc.StatusCode.INTERNAL),
    (AllocError, grpc.StatusCode.FAILED_PRECONDITION),
)
#: Where something lies on this machine is nobody's business.
_KEPT_BACK = frozenset({"file", "ledger"})
_HIDDEN = "internal error: nothing was written; report the request id to the operator"


def code_of(error: BaseException) -> grpc.StatusCode:
    """Return the status code of an error; INTERNAL for what is no error of ours."""
    if not isinstance(error, AllocError):
        return grpc.StatusCode.INTERNAL
    if error.reason in _BY_REASON:
        return _BY_REASON[error.reason]
    return next(code for kind, code in _BY_CLASS if isinstance(error, kind))


def rich_status(error: BaseException, *, request_id: str) -> status_pb2.Status:
    """Return what the caller is told: code, message, reason and named fields.

    Parameters
    ----------
    error
        Anything raised. What is a defect of ours is not told, only the request id.
    request_id
        Names the call in the logs.
    """
    code = code_of(error)
    reason, message, metadata = "INTERNAL", _HIDDEN, {}
    if isinstance(error, AllocError) and code is not grpc.StatusCode.INTERNAL:
        reason, message = error.reason, str(error)
        metadata = {
            name: text
            for name, text in error.metadata.items()
            if name not in _KEPT_BACK
        }
    info = error_details_pb2.ErrorInfo(
        reason=f"{PREFIX}{reason}",
        domain=DOMAIN,
        metadata=metadata | {"request_id": request_id},
    )
    detail = any_pb2.Any()
    detail.Pack(info)
    return status_pb2.Status(code=code.value[0], message=message, details=[detail])
