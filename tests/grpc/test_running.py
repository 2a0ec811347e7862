"""How the service starts, runs and ends, as an operator sees it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from served import Served
from service_case import Service, open_items, refusal, wait_until

from alloc.client import AsyncClient
from alloc.errors import InputError, StoreError
from alloc.v1 import allocation_pb2 as messages
from alloc.v1 import allocation_service_pb2 as pb
from alloc.v1 import ledger_service_pb2 as ledger_pb
from alloc_server.command import serve_here
from alloc_server.convert import ipc_of
from alloc_server.keeping import add_token
from alloc_server.processes import reserved_port
from alloc_server.serving import Listening
from alloc_server.workplace import Workplace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alloc.cli.workspace import Workspace
    from alloc.client import Client

RIGHTS = ("read", "propose", "post")


@pytest.fixture
def token(workspace: Workspace) -> str:
    return add_token(
        workspace.root / "tokens.toml",
        name="erp",
        entities=["FR01"],
        rights=RIGHTS,
        expires=None,
    )


def explain(client: Client, **options: object) -> object:
    request = pb.ExplainRequest(entity="FR01", payment_id="PX")
    return client.allocation.Explain(request, **options)


def test_a_service_that_cannot_listen_closes_the_ledger(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, close = [], Workplace.close

    def seen(workplace: Workplace) -> None:
        close(workplace)
        closed.append(workplace)

    monkeypatch.setattr(Workplace, "close", seen)
    with pytest.raises(InputError, match="give --tls-cert and --tls-key"):
        serve_here(workspace, Listening(host="192.0.2.1"), None)
    assert len(closed) == 1


def test_sigterm_lets_open_calls_end_and_takes_no_new_ones(
    workspace: Workspace, certificates: Path, token: str
) -> None:
    server = Served(workspace, certificates)
    with server.client(token) as client:
        ending, go_on = threading.Event(), threading.Event()

        def slow() -> Iterator[ledger_pb.ImportOpenItemsRequest]:
            yield ledger_pb.ImportOpenItemsRequest(entity="FR01", items_ipc=items())
            ending.set()
            assert go_on.wait(20)

        call = client.ledger.ImportOpenItems.future(slow(), timeout=30)
        assert ending.wait(20)
        time.sleep(0.3)
        server.process.terminate()
        with server.client(token) as late:
            refused = refusal(lambda: explain(late, timeout=1))
        assert refused.metadata["status"] in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}
        go_on.set()
        # It is answered: its key is missing, which is no matter of the end.
        assert refusal(call.result).reason == "IDEMPOTENCY_KEY_INVALID"
    server.process.join(30)
    assert server.process.exitcode == 0
    assert server.logged("drained")


def items() -> bytes:
    return ipc_of(open_items("FR01", {"C1": {"N1": 5}}).drop_columns(["entity"]))


@pytest.mark.parametrize("wait_ms", [0, 1, 3, 10, 30])
def test_it_ends_whenever_it_is_asked_to(
    workspace: Workspace, certificates: Path, wait_ms: int
) -> None:
    server = Served(workspace, certificates)
    time.sleep(wait_ms / 1000)
    assert server.terminate() == 0
    assert server.logged("drained")


@pytest.mark.parametrize("count", [1, 2])
def test_a_port_that_a_service_has_is_not_taken_by_another(
    workspace: Workspace, certificates: Path, count: int
) -> None:
    server = Served(workspace, certificates, "--processes", str(count))
    wait_until(lambda: len(server.logged("serving")) == count)
    port = server.logged("serving")[0]["port"]
    with pytest.raises(StoreError) as alone:
        serve_here(workspace, Listening(port=port), None)
    with pytest.raises(StoreError) as shared, reserved_port("127.0.0.1", port):
        pass
    assert alone.value.reason == shared.value.reason == "ADDRESS_REFUSED"
    assert server.terminate() == 0


def test_ctrl_c_ends_it_in_order(workspace: Workspace, certificates: Path) -> None:
    server = Served(workspace, certificates)
    os.kill(server.process.pid, signal.SIGINT)
    server.process.join(60)
    assert server.process.exitcode == 0
    assert server.logged("drained")


def test_several_processes_share_one_port_and_a_dead_one_is_replaced(
    workspace: Workspace, certificates: Path, token: str
) -> None:
    with reserved_port("127.0.0.1", 0) as port:
        metrics_port = port
    server = Served(
        workspace,
        certificates,
        "--processes",
        "2",
        "--metrics-port",
        str(metrics_port),
    )
    wait_until(lambda: len(server.logged("serving")) == 2)
    assert len({row["port"] for row in server.logged("serving")}) == 1
    for _ in range(8):
        with server.client(token) as client:
            assert refusal(lambda c=client: explain(c)).reason == "PAYMENT_UNKNOWN"
    counted = 'code="NOT_FOUND",method="/alloc.v1.AllocationService/Explain"} 8.0'
    wait_until(lambda: counted in scraped(metrics_port))
    (first, *_) = children(server.process.pid)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: len(server.logged("serving")) == 3)
    assert server.logged("process_died")[0]["pid"] == first
    pids = children(server.process.pid)
    assert server.terminate() == 0
    assert len(pids) == 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in listed.split()]


def scraped(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        return answer.read().decode()


def test_the_log_says_who_did_what_and_nothing_of_people(
    workspace: Workspace, certificates: Path, token: str
) -> None:
    server = Served(workspace, certificates)
    with server.client(token) as client:
        paid = messages.Payment(
            payment_id="P1",
            amount=messages.Amount(minor=4_242, currency_code="EUR"),
            payer_name="Marie Dupont",
            payer_iban="FR7630001007941234567890185",
            remittance_text=["LOYER DUPONT"],
        )
        paid.value_date.year, paid.value_date.month, paid.value_date.day = 2026, 4, 30
        client.allocation.Propose(pb.ProposeRequest(entity="FR01", payment=paid))
        refused = refusal(lambda: explain(client))
    assert server.terminate() == 0
    calls = server.logged("call")
    assert [(row["caller"], row["entity"], row["code"]) for row in calls] == [
        ("erp", "FR01", "OK"),
        ("erp", "FR01", "NOT_FOUND"),
    ]
    assert calls[1]["reason"] == "PAYMENT_UNKNOWN"
    assert calls[1]["request_id"] == refused.metadata["request_id"]
    text = json.dumps(calls)
    for secret in ("Dupont", "DUPONT", "FR7630001007941234567890185", "4242", token):
        assert secret not in text


def test_without_tls_only_this_machine_is_served() -> None:
    assert Listening(host="127.0.0.1").credentials() is None
    assert Listening(host="::1").credentials() is None
    for host in ("0.0.0.0", "192.0.2.1", "example.org"):  # noqa: S104 - refused
        with pytest.raises(InputError) as refused:
            Listening(host=host).credentials()
        assert refused.value.reason == "TLS_REQUIRED"


def test_half_of_tls_is_refused(listening: Listening) -> None:
    with pytest.raises(InputError) as refused:
        replace(listening, key=None).credentials()
    assert refused.value.reason == "TLS_INCOMPLETE"


def alloc(workspace: Workspace, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "alloc", "-C", workspace.root, *words],
        capture_output=True,
        text=True,
        check=False,
    )


def test_tokens_are_given_out_and_revoked_at_the_command_line(
    workspace: Workspace, service: Service
) -> None:
    words = ["--entity", "FR01", "--right", "read", "--expires", "2026-12-31"]
    made = alloc(workspace, "token", "add", "erp", *words)
    assert made.returncode == 0, made.stderr
    client = service.client(made.stdout.strip())
    assert refusal(lambda: explain(client)).reason == "PAYMENT_UNKNOWN"
    listed = json.loads(alloc(workspace, "token", "list", "--json").stdout)["tokens"]
    assert [(row["name"], row["expires"]) for row in listed] == [("erp", "2026-12-31")]
    assert alloc(workspace, "token", "revoke", "erp").returncode == 0
    assert refusal(lambda: explain(client)).reason == "TOKEN_UNKNOWN"
    again = alloc(workspace, "token", "revoke", "erp")
    assert "[TOKEN_NAME_UNKNOWN]" in again.stderr
    unknown = alloc(workspace, "token", "add", "x", "--entity", "FR77", *words[2:])
    assert "[ENTITY_UNKNOWN]" in unknown.stderr


def test_the_shell_reads_what_the_service_offers(service: Service) -> None:
    buf = shutil.which("buf", path=f"{sys.prefix}/bin")
    assert buf is not None
    words = [buf, "curl", "--protocol", "grpc", "--reflect-header", "*"]
    words += ["--cacert", str(service.folder / "ca.pem")]
    words += ["-H", f"authorization: Bearer {service.token()}"]
    address = f"https://{service.address}"
    listed = subprocess.run(
        [*words, "--list-methods", address], capture_output=True, text=True, check=True
    )
    assert "alloc.v1.AllocationService/Propose" in listed.stdout
    asked = {"entity": "FR01", "paymentId": service.payment_id("B2")}
    method = f"{address}/alloc.v1.AllocationService/Explain"
    shown = subprocess.run(
        [*words, "-d", json.dumps(asked), method],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(shown.stdout)["decisionState"] == "proposed"


def test_asyncio_callers_are_served(service: Service) -> None:
    name, token = service.payment_id("B2"), service.token()
    ca = (service.folder / "ca.pem").read_bytes()

    async def ask() -> list[pb.ExplainResponse]:
        async with AsyncClient(service.address, token=token, ca=ca) as client:
            request = pb.ExplainRequest(entity="FR01", payment_id=name)
            calls = [client.allocation.Explain(request) for _ in range(4)]
            return [await call for call in calls]

    answers = asyncio.run(ask())
    assert {answer.decision.payment_id for answer in answers} == {name}
