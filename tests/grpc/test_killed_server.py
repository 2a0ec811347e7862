"""The server is killed at random points: what it acknowledged is there, once."""

from __future__ import annotations

import os
import random
import threading
from typing import TYPE_CHECKING

import grpc
import pytest
from served import Served
from service_case import FR01, NOW, source, statement

from alloc.app.ports import DecisionFilter, DecisionState
from alloc.app.verify import verify
from alloc.engine import read_bank_file
from alloc.v1 import allocation_pb2 as messages
from alloc.v1 import allocation_service_pb2 as pb
from alloc_server.keeping import add_token

if TYPE_CHECKING:
    from pathlib import Path

    from alloc.cli.workspace import Workspace
    from alloc.client import Client

#: `bench/kill.py` asks for more.
KILLS = int(os.environ.get("ALLOC_KILLS", "20"))
SEED = 20261122
PAYMENTS = 20 * KILLS
#: Longer than a call takes: kills fall before, in and after transactions.
LATEST_MS = 120
CALLERS = 3


@pytest.fixture
def busy_workspace(workspace: Workspace) -> Workspace:
    """The workspace with many payments that wait."""
    payments = {f"K{number}": (100 + number, "VIR") for number in range(PAYMENTS)}
    bank = read_bank_file(statement(FR01, payments), name="many.sta")
    with workspace.open_ledger(workspace.settings(), write=True) as ledger:
        ledger.import_bank_file(
            source("many.sta", "bank"), bank, entities={FR01: "FR01"}, now=NOW
        )
    return workspace


class Caller(threading.Thread):
    """Posts payment after payment; repeats each call until it is answered."""

    def __init__(self, client: Client, payment_ids: list[str]) -> None:
        super().__init__(daemon=True)
        self.answers: dict[str, pb.PostResponse] = {}
        self.progress = threading.Event()
        self.stop = threading.Event()
        self._client = client
        self._payment_ids = payment_ids

    def run(self) -> None:
        for payment_id in self._payment_ids:
            while not self.stop.is_set() and payment_id not in self.answers:
                self._try(payment_id)

    def _try(self, payment_id: str) -> None:
        try:
            answer = self._client.allocation.Post(
                request_for(payment_id), timeout=20, wait_for_ready=True
            )
        except grpc.RpcError as error:
            assert error.code() in (  # noqa: PT017 - another status fails the thread
                grpc.StatusCode.UNAVAILABLE,
                grpc.StatusCode.DEADLINE_EXCEEDED,
            ), error
            return
        self.answers[payment_id] = answer
        self.progress.set()


def request_for(payment_id: str) -> pb.PostRequest:
    return pb.PostRequest(
        entity="FR01",
        idempotency_key=f"key of {payment_id}",
        payment_id=payment_id,
        choice=messages.Choice(on_account_of="C1"),
    )


@pytest.fixture
def token(busy_workspace: Workspace) -> str:
    return add_token(
        busy_workspace.root / "tokens.toml",
        name="erp",
        entities=["FR01"],
        rights=["post"],
        expires=None,
    )


def kill_again_and_again(
    workspace: Workspace, certificates: Path, callers: list[Caller], first: Served
) -> Served:
    chance, server = random.Random(SEED), first
    for _ in range(KILLS):
        for caller in callers:
            caller.progress.clear()
        assert any(caller.progress.wait(30) for caller in callers)
        threading.Event().wait(chance.randint(0, LATEST_MS) / 1000)
        server.kill()
        server = Served(workspace, certificates, port=first.port)
    return server


def test_what_was_acknowledged_is_there_once_whenever_the_server_dies(
    busy_workspace: Workspace, certificates: Path, token: str
) -> None:
    settings = busy_workspace.settings()
    with busy_workspace.open_ledger(settings, write=False) as ledger:
        waiting = ledger.payments(entity="FR01").to_pylist()
    names = [
        row["payment_id"] for row in waiting if row["bank_reference"].startswith("K")
    ]
    assert len(names) == PAYMENTS
    server = Served(busy_workspace, certificates)
    client = server.client(token)
    # Two callers share half of the work: the same call comes twice at once.
    callers = [Caller(client, names[::2]), Caller(client, names[::2])]
    callers += [Caller(client, names[1::2])]
    for caller in callers:
        caller.start()
    last = kill_again_and_again(busy_workspace, certificates, callers, server)
    for caller in callers:
        caller.stop.set()
    for caller in callers:
        caller.join(60)
    acknowledged = {}
    for caller in callers:
        for name, answer in caller.answers.items():
            assert acknowledged.setdefault(name, answer) == answer
            assert client.allocation.Post(request_for(name)) == answer
    client.channel.close()
    assert last.terminate() == 0
    check_books(busy_workspace, acknowledged)


def check_books(workspace: Workspace, acknowledged: dict[str, pb.PostResponse]) -> None:
    assert len(acknowledged) > KILLS
    posted = DecisionFilter(states=(DecisionState.POSTED,))
    with workspace.open_ledger(workspace.settings(), write=False) as ledger:
        rows = ledger.decisions(posted).decisions.to_pylist()
        entries = ledger.journal().entries.to_pylist()
        assert verify(ledger).findings == ()
    decided = {row["payment_id"]: row["decision_id"] for row in rows}
    assert len(decided) == len(rows)
    by_seq = {row["seq"]: row["payment_id"] for row in entries}
    for name, answer in acknowledged.items():
        assert decided[name] == answer.decision_id
        assert [by_seq[each.seq] for each in answer.entries] == [name]
    # At most the calls in flight at a kill were done and not acknowledged.
    mine = [row for row in rows if row["decided_by"] == "erp"]
    assert len(mine) - len(acknowledged) <= CALLERS
