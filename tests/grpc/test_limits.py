"""What is too much, too late or nonsense is refused by name; the service goes on."""

from __future__ import annotations

import datetime as dt
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import grpc
import pyarrow as pa
import pytest
from service_case import NOW, Service, open_items, refusal

from alloc.app.shared_ledger import Call
from alloc.client import error_of
from alloc.v1 import allocation_pb2 as messages
from alloc.v1 import allocation_service_pb2 as pb
from alloc.v1 import ledger_service_pb2 as ledger_pb
from alloc_server.convert import ipc_of
from alloc_server.limits import BATCH_BYTES_MAX, MESSAGE_BYTES_MAX, Rate
from alloc_server.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from alloc.cli.workspace import Workspace
    from alloc.client import Client
    from alloc_server.serving import Listening
    from alloc_server.writing import Write

SEED = 20261122
DAY = dt.date(2026, 4, 30)


def payments_ipc() -> bytes:
    return ipc_of(
        pa.table(
            {
                "payment_id": ["P1", "P2"],
                "value_date": pa.array([DAY, DAY]),
                "currency": ["EUR", "EUR"],
                "amount_minor": [7_700, 77],
                "remittance_text": [["INV-2026I3"], ["VIR"]],
            }
        )
    )


def propose_batch(client: Client, *parts: bytes) -> list[pb.ProposeBatchResponse]:
    requests = [
        pb.ProposeBatchRequest(entity="FR01", payments_ipc=part) for part in parts
    ]
    return list(client.allocation.ProposeBatch(iter(requests)))


def explain(client: Client, **options: object) -> object:
    request = pb.ExplainRequest(entity="FR01", payment_id="PX")
    return client.allocation.Explain(request, **options)


def still_serves(client: Client) -> bool:
    return refusal(lambda: explain(client)).reason == "PAYMENT_UNKNOWN"


def test_a_message_over_the_limit_is_refused(service: Service) -> None:
    client = service.client()
    request = pb.ExplainRequest(entity="FR01", payment_id="P" * MESSAGE_BYTES_MAX)
    refused = refusal(lambda: client.allocation.Explain(request))
    assert refused.metadata["status"] == "RESOURCE_EXHAUSTED"
    assert still_serves(client)


def test_a_batch_over_the_limit_is_refused_by_name(service: Service) -> None:
    client = service.client()
    refused = refusal(lambda: propose_batch(client, bytes(BATCH_BYTES_MAX + 1)))
    assert refused.reason == "BATCH_OVER_LIMIT"
    assert still_serves(client)


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Cut, flip or repeat a part of a stream."""
    spoiled = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(spoiled))
        kind = chance.randrange(3)
        if kind == 0:
            spoiled[at] = chance.randrange(256)
        elif kind == 1:
            del spoiled[at : at + chance.randint(1, 64)]
        else:
            spoiled[at:at] = spoiled[at : at + chance.randint(1, 64)]
        if not spoiled:
            return b"\x00"
    return bytes(spoiled)


def test_damaged_batches_are_refused_by_name_and_end_nothing(
    service: Service,
) -> None:
    client, chance = service.client(), random.Random(SEED)
    good = payments_ipc()
    reasons = set()
    for _ in range(300):
        try:
            propose_batch(client, damaged(good, chance))
        except grpc.RpcError as error:
            reasons.add(error_of(error).reason)
    assert "ARROW_INVALID" in reasons
    assert not reasons & {"INTERNAL", "UNAVAILABLE", "UNKNOWN"}
    assert len(propose_batch(client, good)) == 1


def test_random_bytes_as_messages_end_nothing(service: Service) -> None:
    client, chance = service.client(), random.Random(SEED)
    for method in ("Post", "Apply", "Explain", "Propose", "Reverse", "Refuse"):
        call = client.channel.unary_unary(f"/alloc.v1.AllocationService/{method}")
        for _ in range(20):
            body = chance.randbytes(chance.randint(1, 200))
            status = refusal(lambda c=call, b=body: c(b)).metadata["status"]
            assert status in {"PERMISSION_DENIED", "INVALID_ARGUMENT"}
    assert still_serves(client)
    assert service.holds()


@contextmanager
def written_by_another(service: Service) -> Iterator[None]:
    """Write to the ledger as another process would, until the end."""
    begun, done = threading.Event(), threading.Event()
    settings = service.workspace.settings()

    def act(_: list[int]) -> list[None]:
        begun.set()
        assert done.wait(20)
        return [None]

    def write() -> None:
        with service.workspace.open_ledger(settings, write=True) as ledger:
            ledger.once([Call("x", "x", "x", "x")], act, now=NOW)

    thread = threading.Thread(target=write)
    thread.start()
    assert begun.wait(20)
    try:
        yield
    finally:
        done.set()
        thread.join()


def post_request(service: Service) -> pb.PostRequest:
    return pb.PostRequest(
        entity="FR01",
        idempotency_key="K1",
        payment_id=service.payment_id("B1"),
        choice=messages.Choice(on_account_of="C1"),
    )


def test_a_call_ends_at_its_deadline(service: Service) -> None:
    client, request = service.client(), post_request(service)
    with written_by_another(service):
        began = time.monotonic()
        refused = refusal(lambda: client.allocation.Post(request, timeout=0.5))
    assert refused.metadata["status"] == "DEADLINE_EXCEEDED"
    assert time.monotonic() - began < 5
    assert client.allocation.Post(request, timeout=20).decision_id > 0


def test_a_write_whose_caller_has_gone_is_not_begun(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, before = service.client(), service.entries()
    request = post_request(service)
    arrived: list[Write] = []
    take = Turns.take

    def noted(turns: Turns[Write, bytes], write: Write, *, seconds: float) -> bytes:
        arrived.append(write)
        return take(turns, write, seconds=seconds)

    monkeypatch.setattr(Turns, "take", noted)
    with written_by_another(service):
        gone = client.allocation.Post.future(request)
        wait_until(lambda: bool(arrived))
        late = client.allocation.Post.future(request, timeout=0.2)
        gone.cancel()
        assert refusal(late.result).metadata["status"] == "DEADLINE_EXCEEDED"
        # The server hears of it before it goes on.
        wait_until(lambda: not any(write.is_wanted() for write in arrived))
    method = "/alloc.v1.AllocationService/Post"
    assert ended(service, method, "OK") == 0
    assert ended(service, method, "CANCELLED") >= 1
    assert service.entries() == before
    assert client.allocation.Post(request).decision_id > 0


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.005)


def test_a_cancelled_stream_lets_the_next_call_in(service: Service) -> None:
    client = service.client()
    stop = threading.Event()

    def endless() -> Iterator[pb.ProposeBatchRequest]:
        while not stop.is_set():
            yield pb.ProposeBatchRequest(entity="FR01", payments_ipc=payments_ipc())

    for _ in range(10):
        call = client.allocation.ProposeBatch(endless())
        next(call)
        call.cancel()
    stop.set()
    assert still_serves(client)
    method = "/alloc.v1.AllocationService/ProposeBatch"
    assert ended(service, method, "CANCELLED") == 10
    assert ended(service, method, "OK") == ended(service, method, "INTERNAL") == 0


def ended(service: Service, method: str, code: str) -> int:
    """Count the calls of a method that ended so, once none is open."""
    registry = service.server.registry
    until = time.monotonic() + 10
    service.server.notes.write()
    while registry.get_sample_value("alloc_calls_open") and time.monotonic() < until:
        time.sleep(0.01)
        service.server.notes.write()
    labels = {"method": method, "code": code}
    return int(registry.get_sample_value("alloc_calls_total", labels) or 0)


def test_calls_beyond_the_limit_are_refused_at_once(
    workspace: Workspace, certificates: Path, listening: Listening
) -> None:
    service = Service(workspace, certificates, replace(listening, calls_max=4))
    try:
        client = service.client()
        request = ledger_pb.ImportOpenItemsRequest(
            entity="FR01",
            idempotency_key="K1",
            items_ipc=ipc_of(open_items("FR01", {}).drop_columns([])),
        )
        wait = threading.Event()

        def slow() -> Iterator[ledger_pb.ImportOpenItemsRequest]:
            yield request
            assert wait.wait(20)

        def call(_: int) -> str:
            return refusal(
                lambda: client.ledger.ImportOpenItems(slow(), timeout=3)
            ).metadata["status"]

        with ThreadPoolExecutor(8) as pool:
            calls = [pool.submit(call, number) for number in range(8)]
            time.sleep(0.5)
            wait.set()
            statuses = [each.result() for each in calls]
        assert statuses.count("RESOURCE_EXHAUSTED") >= 3
        assert still_serves(client)
    finally:
        service.close()


def test_a_caller_that_is_too_fast_is_told_so() -> None:
    ticks = iter([0, 0, 0, 0, 0, 10**9])
    rate = Rate(2, clock=lambda: next(ticks))
    for _ in range(4):
        rate.take("erp")
    with pytest.raises(Exception, match="2 times a second") as refused:
        rate.take("erp")
    assert refused.value.reason == "RATE_OVER_LIMIT"
    rate.take("erp")


def test_each_caller_has_a_rate_of_its_own(
    workspace: Workspace, certificates: Path, listening: Listening
) -> None:
    service = Service(workspace, certificates, replace(listening, calls_per_second=1))
    try:
        fast, other = (service.client(service.token(name)) for name in ("a", "b"))
        reasons = [refusal(lambda: explain(fast)).reason for _ in range(6)]
        assert reasons[0] == "PAYMENT_UNKNOWN"
        assert reasons[-1] == "RATE_OVER_LIMIT"
        assert still_serves(other)
    finally:
        service.close()
