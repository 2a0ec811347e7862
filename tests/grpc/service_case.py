"""A workspace of two companies, served on a real port with real TLS."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import grpc
import pyarrow as pa

from alloc.app.clear import clear
from alloc.app.ports import PaymentState, SourceFile
from alloc.app.verify import verify
from alloc.cli.rules import posting_rules
from alloc.cli.workspace import Workspace
from alloc.client import Client, error_of
from alloc.engine import read_bank_file
from alloc.v1 import allocation_pb2 as messages
from alloc.v1 import allocation_service_pb2 as pb
from alloc_server.access import Tokens
from alloc_server.keeping import add_token
from alloc_server.serving import Listening, Server
from alloc_server.workplace import Workplace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from alloc.app.shared_ledger import SharedLedger
    from alloc.errors import AllocError
    from alloc_server.traces import Traces

Answer = TypeVar("Answer")
NOW = dt.datetime(2026, 4, 30, 22, 15, tzinfo=dt.UTC)
FR01, FR02 = "FR7630001007941234567890185", "FR1420041010050500013M02606"
SETTINGS = f"""
[workspace]
name = "Group"

[[entity]]
id = "FR01"
name = "Un"
[[entity.bank]]
iban = "{FR01}"

[[entity]]
id = "FR02"
name = "Deux"
[[entity.bank]]
iban = "{FR02}"
"""
RIGHTS = ("read", "propose", "post")
#: Of entity FR01: customer, item -> cents.
ITEMS = {
    "C1": {"I1": 10_000, "I2": 5_000},
    "C2": {"I3": 7_700},
    "C3": {"I4": 4_000, "I5": 4_000},
}


PAYMENTS = {
    "B1": (12_000, "VIR CUSTOMER"),
    "B2": (4_000, "INV-2026I4 INV-2026I5"),
    "B3": (7_600, "VIR"),
}
RULE = """
based_on = "bank-charges"
id = "fee"
version = 1
author = "Anna"

[[example]]
name = "a bank kept one euro"
payment = { amount = "99.00", date = 2026-05-04 }
items = [{ id = "A", ttc = "100.00" }]
lines = ["bank_charges 1.00"]
"""


def statement(iban: str, payments: dict[str, tuple[int, str]]) -> bytes:
    """Write an MT940 statement: payment -> (cents, what the payer wrote)."""
    total = sum(cents for cents, _ in payments.values())
    lines = [":20:S", f":25:{iban}", ":28C:1/1", ":60F:C260429EUR0,00"]
    for name, (cents, text) in payments.items():
        lines += [f":61:2604300430C{_euro(cents)}NTRFNONREF//{name}", f":86:{text}"]
    return "\n".join([*lines, f":62F:C260430EUR{_euro(total)}", "-", ""]).encode()


def _euro(cents: int) -> str:
    return f"{cents // 100},{cents % 100:02}"


def open_items(entity: str, items: dict[str, dict[str, int]]) -> pa.Table:
    rows = [
        {
            "item_id": item_id,
            "entity": entity,
            "customer_id": customer,
            "customer_name": f"Customer {customer}",
            "reference": f"INV-2026{item_id}",
            "currency": "EUR",
            "open_minor": cents,
            "issue_date": dt.date(2026, 3, 1),
            "due_date": dt.date(2026, 4, 1),
        }
        for customer, mine in items.items()
        for item_id, cents in mine.items()
    ]
    return pa.Table.from_pylist(rows)


def settings_at(url: str) -> str:
    """Return the settings of a ledger at an address; of a file beside them if none."""
    return f'[ledger]\nurl = "{url}"\n{SETTINGS}' if url else SETTINGS


def make_workspace(root: Path, *, url: str = "") -> Workspace:
    """Make a workspace with payments that wait: B1 and B2 at FR01, B9 at FR02."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "alloc.toml").write_text(settings_at(url))
    workspace = Workspace(root)
    settings = workspace.settings()
    workspace.make_folders()
    workspace.make_ledger(settings)
    (root / "rules" / "fee.toml").write_text(RULE)
    with workspace.open_ledger(settings, write=True) as ledger:
        for entity, iban, payments in (
            ("FR01", FR01, PAYMENTS),
            ("FR02", FR02, {"B9": (900, "VIR")}),
        ):
            text = statement(iban, payments)
            bank = read_bank_file(text, name=f"{entity}.sta")
            ledger.import_bank_file(
                source(f"{entity}.sta", "bank"), bank, entities={iban: entity}, now=NOW
            )
        for entity, items in (("FR01", ITEMS), ("FR02", {"C9": {"I9": 900}})):
            ledger.import_open_items(
                source(f"{entity}.csv", "open_items"),
                open_items(entity, items),
                accounts={entity: "411000"},
                now=NOW,
            )
        clear(ledger, settings, now=NOW)
    return workspace


def source(name: str, kind: str) -> SourceFile:
    return SourceFile(name, hashlib.sha256(name.encode()).hexdigest(), 1, kind)


@dataclass
class Service:
    """A server in this process, and clients of it."""

    workspace: Workspace
    folder: Path
    listening: Listening = field(default_factory=Listening)
    now: Callable[[], dt.datetime] = lambda: NOW
    traces: Traces | None = None

    def __post_init__(self) -> None:
        settings = self.workspace.settings()
        self.workplace = Workplace(
            settings,
            posting_rules(self.workspace),
            open_ledger=partial(self.workspace.open_ledger, settings),
            now=self.clock,
        )
        self.tokens = self.workspace.root / "tokens.toml"
        self.server = Server(
            self.workplace,
            Tokens(self.tokens, now=self.clock),
            self.listening,
            traces=self.traces,
        )
        self._clients: list[Client] = []
        self.server.start()

    def clock(self) -> dt.datetime:
        """Tell the time; a test may set another `now`."""
        return self.now()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.port}"

    def token(
        self,
        name: str = "erp",
        *,
        entities: Sequence[str] = ("FR01",),
        rights: Sequence[str] = RIGHTS,
        expires: dt.date | None = None,
    ) -> str:
        return add_token(
            self.tokens, name=name, entities=entities, rights=rights, expires=expires
        )

    def client(self, token: str | None = None, **more: bytes) -> Client:
        ca = (self.folder / "ca.pem").read_bytes()
        client = Client(self.address, token=token or self.token(), ca=ca, **more)
        self._clients.append(client)
        return client

    def client_with_certificate(self) -> Client:
        certificate, key = (
            (self.folder / name).read_bytes() for name in ("client.pem", "client.key")
        )
        return self.client(certificate=certificate, key=key)

    def read(self, ask: Callable[[SharedLedger], Answer]) -> Answer:
        with self.workplace.reading() as ledger:
            return ask(ledger)

    def payment_id(self, bank_reference: str) -> str:
        return payment_ids(self.workspace)[bank_reference]

    def entries(self) -> int:
        return self.read(lambda ledger: ledger.position().seq)

    def holds(self) -> bool:
        return self.read(verify).findings == ()

    def close(self) -> None:
        for client in self._clients:
            client.channel.close()
        self.server.drain()


def asked() -> pb.ProposeRequest:
    """Ask what a payment of 77.00 on one item is for."""
    paid = messages.Payment(
        payment_id="P1",
        amount=messages.Amount(minor=7_700, currency_code="EUR"),
        remittance_text=["INV-2026I3"],
    )
    paid.value_date.year, paid.value_date.month, paid.value_date.day = 2026, 4, 30
    return pb.ProposeRequest(entity="FR01", payment=paid)


def payment_ids(workspace: Workspace) -> dict[str, str]:
    """Return the ids of the payments by what the bank calls them."""
    with workspace.open_ledger(workspace.settings(), write=False) as ledger:
        rows = ledger.payments(states=tuple(PaymentState)).to_pylist()
    return {row["bank_reference"]: row["payment_id"] for row in rows}


def refusal(call: Callable[[], object]) -> AllocError:
    """Return why a call was refused."""
    try:
        call()
    except grpc.RpcError as error:
        return error_of(error)
    raise AssertionError("the call was not refused")


def wait_until(what: Callable[[], object]) -> None:
    """Wait until something holds, half a minute at most."""
    until = time.monotonic() + 30
    while not what():
        assert time.monotonic() < until
        time.sleep(0.05)
