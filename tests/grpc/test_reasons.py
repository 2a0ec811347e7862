"""Every error has one name, from the engine to the wire."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import grpc
import pytest
from grpc_status import rpc_status
from reasons import reasons_of_python, reasons_of_rust

from alloc import errors
from alloc.cli.exits import ConfigError
from alloc.v1.error_reason_pb2 import ErrorReason
from alloc_server import errors as server_errors
from alloc_server.status import PREFIX, code_of, rich_status

if TYPE_CHECKING:
    from pathlib import Path

ON_THE_WIRE = {name.removeprefix(PREFIX) for name in ErrorReason.keys()}  # noqa: SIM118 - no mapping
CLASSES = [
    kind
    for module in (errors, server_errors)
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, errors.AllocError)
]


def test_every_reason_is_on_the_wire(root: Path) -> None:
    named = reasons_of_rust(root) | reasons_of_python(root)
    missing = sorted(named - ON_THE_WIRE)
    assert not missing, "run `make proto`"
    assert len(reasons_of_rust(root)) > 50
    assert len(reasons_of_python(root)) > 100


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_class_of_errors_has_a_status_of_its_own_choice(
    kind: type[errors.AllocError],
) -> None:
    wanted = {
        "AllocError": "FAILED_PRECONDITION",
        "InputError": "INVALID_ARGUMENT",
        "NotFoundError": "NOT_FOUND",
        "ConflictError": "FAILED_PRECONDITION",
        "LimitError": "RESOURCE_EXHAUSTED",
        "StoreError": "UNAVAILABLE",
        "InternalError": "INTERNAL",
        "UnauthenticatedError": "UNAUTHENTICATED",
        "ForbiddenError": "PERMISSION_DENIED",
        "StoppedError": "CANCELLED",
        "CallGoneError": "CANCELLED",
        "KeysUnavailableError": "UNAVAILABLE",
    }
    assert code_of(kind("wrong")).name == wanted[kind.__name__]


def test_what_may_be_tried_again_says_so() -> None:
    busy = errors.ConflictError("busy", reason="LEDGER_BUSY")
    changed = errors.ConflictError("changed", reason="ITEMS_CHANGED")
    assert code_of(busy) is grpc.StatusCode.UNAVAILABLE
    assert code_of(changed) is grpc.StatusCode.ABORTED


@pytest.mark.parametrize(
    "error",
    [
        errors.InternalError("select secret from /srv/ledger.db", reason="STATEMENT"),
        RuntimeError("secret"),
        KeyboardInterrupt("secret"),
    ],
)
def test_a_defect_of_ours_is_not_shown_to_callers(error: BaseException) -> None:
    status = rich_status(error, request_id="R1")
    text = str(rpc_status.to_status(status))
    assert status.code == grpc.StatusCode.INTERNAL.value[0]
    assert "secret" not in text
    assert "/srv" not in text
    assert b"R1" in status.details[0].value
    assert b"ERROR_REASON_INTERNAL" in status.details[0].value


def test_where_files_lie_is_not_shown_to_callers() -> None:
    error = ConfigError("wrong", reason="CONFIG_INVALID", file="/srv/a", line=3)
    value = rich_status(error, request_id="R1").details[0].value
    assert b"/srv" not in value
    assert b"line" in value
