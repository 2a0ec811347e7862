"""A defect of ours ends one call, by a named status, and is in the log at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from service_case import refusal, wait_until
from test_limits import payments_ipc
from test_pools import asked

from alloc.v1 import allocation_service_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable

    from service_case import Service

    from alloc.client import Client


class PanicException(BaseException):
    """As a panic of the engine comes: no Exception."""


def propose(client: Client) -> object:
    return client.allocation.Propose(asked(), timeout=20)


def propose_batch(client: Client) -> object:
    request = pb.ProposeBatchRequest(entity="FR01", payments_ipc=payments_ipc())
    return list(client.allocation.ProposeBatch(iter([request]), timeout=20))


@pytest.mark.parametrize("call", [propose, propose_batch])
@pytest.mark.parametrize("defect", [RuntimeError("secret"), PanicException("secret")])
def test_a_defect_is_told_by_name_and_the_next_call_is_served(
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    call: Callable[[Client], object],
    defect: BaseException,
) -> None:
    def broken(*_: object) -> object:
        raise defect

    client = service.client()
    with monkeypatch.context() as patched:
        patched.setattr(service.workplace, "pool", broken)
        refused = refusal(lambda: call(client))
    assert (refused.reason, refused.metadata["status"]) == ("INTERNAL", "INTERNAL")
    assert "secret" not in str(refused)
    logged = capsys.readouterr().out
    assert refused.metadata["request_id"] in logged
    assert "secret" in logged
    assert call(client)


def test_a_pool_that_panics_while_it_is_made_fails_those_that_wait_for_it(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> object:
        raise PanicException("secret")

    client = service.client()
    with monkeypatch.context() as patched:
        patched.setattr("alloc.engine.Book", broken)
        refused = refusal(lambda: propose(client))
    assert refused.metadata["status"] == "INTERNAL"
    assert propose(client)


def test_calls_are_counted_and_logged_soon_after_they_ended(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    client = service.client()
    for _ in range(3):
        propose(client)
    registry = service.server.registry
    labels = {"method": "/alloc.v1.AllocationService/Propose", "code": "OK"}
    wait_until(lambda: registry.get_sample_value("alloc_calls_total", labels) == 3)
    assert capsys.readouterr().err.count('"code": "OK"') == 3
    took = {"method": labels["method"]}
    assert registry.get_sample_value("alloc_call_seconds_count", took) == 3
