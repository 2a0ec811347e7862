"""Measure the service beside a bare gRPC echo, in one run.

python bench/service.py [ITEMS]     # open items in the pool, default 1000000

Server, echo and callers share the machine. All of it is over TLS; the echo has the
same numbers of threads and processes and takes and returns the bytes of a
`ProposeRequest`. What a call costs the servers in CPU is the figure that other work on
the machine changes least.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import datetime as dt
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pyarrow as pa

from alloc.app.ports import PaymentState, SourceFile
from alloc.cli.workspace import Workspace
from alloc.client import AsyncClient, Client
from alloc.engine import read_bank_file
from alloc.v1 import allocation_pb2 as messages
from alloc.v1 import allocation_service_pb2 as pb
from alloc_server.convert import ipc_of
from alloc_server.keeping import add_token
from run import Figure, record

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "grpc"))
from certificates import write_certificates
from service_case import FR01, NOW, SETTINGS, open_items, statement

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

ITEMS = 1_000_000
CALLS = 2_000
IN_FLIGHT = 32
POSTS = 2_000
ALONE = 300
THREADS = 32
PROCESSES = 2
#: Each has credentials, and so a connection, of its own.
CHANNELS = 8
BATCH_ROWS = 2_000
BATCHES = 30
#: Messages of a stream that is echoed.
ECHOED = 200
ECHOED_BYTES = 1_000_000
_NS_PER_US = 1_000
_NS_PER_S = 1_000_000_000
_DAY = dt.date(2026, 4, 30)

_ECHO = """
import concurrent.futures, sys, grpc
folder, threads, port = sys.argv[1], int(sys.argv[2]), sys.argv[3]
pem = [open(f"{folder}/server.{end}", "rb").read() for end in ("key", "pem")]
same = lambda asked, context: asked
methods = {
    "Echo": grpc.unary_unary_rpc_method_handler(same),
    "EchoStream": grpc.stream_stream_rpc_method_handler(same),
}
server = grpc.server(concurrent.futures.ThreadPoolExecutor(threads))
server.add_generic_rpc_handlers(
    [grpc.method_handlers_generic_handler("alloc.Echo", methods)]
)
credentials = grpc.ssl_server_credentials([pem])
port = server.add_secure_port(f"127.0.0.1:{port}", credentials)
server.start()
print(port, flush=True)
server.wait_for_termination()
"""


def workspace_of(root: Path, items: int, *, url: str = "") -> Workspace:
    """Make a workspace with open items and payments that wait, in any ledger."""
    place = f'[ledger]\nurl = "{url}"\n' if url else ""
    (root / "alloc.toml").write_text(place + SETTINGS)
    workspace = Workspace(root)
    workspace.make_folders()
    settings = workspace.settings()
    workspace.make_ledger(settings)
    book = {f"C{number // 10}": {} for number in range(items)}
    for number in range(items):
        book[f"C{number // 10}"][f"{number:07}"] = 1_000 + number * 7 % 90_000
    payments = {f"B{number}": (100 + number, "VIR") for number in range(2 * POSTS)}
    bank = read_bank_file(statement(FR01, payments), name="bench.sta")
    with workspace.open_ledger(settings, write=True) as ledger:
        ledger.import_bank_file(
            SourceFile("bench.sta", "1" * 64, 1, "bank"),
            bank,
            entities={FR01: "FR01"},
            now=NOW,
        )
        ledger.import_customers(
            SourceFile("bench-customers.csv", "3" * 64, 1, "customers"),
            pa.table({"customer_id": list(book), "name": list(book)}),
            now=NOW,
        )
        ledger.import_open_items(
            SourceFile("bench.csv", "2" * 64, 1, "open_items"),
            open_items("FR01", book),
            accounts={"FR01": "411000"},
            now=NOW,
        )
    return workspace


@dataclass
class Servers:
    """Processes that serve one port, and their children."""

    address: str
    pids: tuple[int, ...]

    def cpu_us(self) -> int:
        """Tell how long the processes computed."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                if {int(stat.parent.name), int(fields[1])} & set(self.pids):
                    ticks += int(fields[11]) + int(fields[12])
        return ticks * 1_000_000 // os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(words: list[str], log: Path | None = None) -> Iterator[Servers]:
    """Run a server; yield it once it prints or logs its port."""
    with (log or Path("/dev/null")).open("wb") as out:
        process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=out if log else None, text=True
        )
        try:
            yield Servers(f"127.0.0.1:{_port_of(process, log)}", (process.pid,))
        finally:
            process.terminate()
            process.wait(60)


@contextmanager
def echoing(folder: Path) -> Iterator[Servers]:
    """Run as many bare echoes on one port as there are processes of ours."""
    words = [sys.executable, "-c", _ECHO, str(folder), str(THREADS)]
    with ExitStack() as stack:
        first = stack.enter_context(serving([*words, "0"]))
        port = first.address.rpartition(":")[2]
        others = [
            stack.enter_context(serving([*words, port])) for _ in range(PROCESSES - 1)
        ]
        pids = [pid for each in (first, *others) for pid in each.pids]
        yield Servers(first.address, tuple(pids))


def _port_of(process: subprocess.Popen[str], log: Path | None) -> int:
    if log is None:
        return int(process.stdout.readline())
    while True:
        for line in log.read_text().splitlines():
            if '"serving"' in line:
                return int(line.partition('"port": ')[2].partition(",")[0])
        if process.poll() is not None:
            sys.exit(log.read_text())
        time.sleep(0.05)


def proposal(number: int) -> pb.ProposeRequest:
    """Ask for one payment that names its invoice."""
    paid = messages.Payment(
        payment_id=f"P{number}",
        amount=messages.Amount(minor=1_000 + number * 7 % 90_000, currency_code="EUR"),
        payer_name=f"Customer C{number // 10}",
        remittance_text=[f"INV-2026{number:07}"],
    )
    paid.value_date.year, paid.value_date.month, paid.value_date.day = 2026, 4, 30
    return pb.ProposeRequest(entity="FR01", payment=paid)


def one_by_one(name: str, call: Callable[[int], object]) -> Figure:
    """Call after call: the median."""
    took = []
    for number in range(CALLS // 2):
        began = time.perf_counter_ns()
        call(number)
        took.append(time.perf_counter_ns() - began)
    median = round(statistics.median(took)) // _NS_PER_US
    return Figure(f"{name}: one in flight, p50", median, "us", "")


async def at_once(
    name: str, calls: Sequence[Callable[[int], Awaitable[object]]], servers: Servers
) -> list[Figure]:
    """Keep so many calls in flight over some channels: rate, latencies, CPU."""
    took: list[int] = []
    numbers = iter(range(CALLS))

    async def worker(call: Callable[[int], Awaitable[object]]) -> None:
        for number in numbers:
            began = time.perf_counter_ns()
            await call(number)
            took.append(time.perf_counter_ns() - began)

    # Each channel is a connection, and a connection belongs to one process.
    await asyncio.gather(*(call(0) for call in calls))
    busy, began = servers.cpu_us(), time.perf_counter_ns()
    await asyncio.gather(
        *(worker(calls[number % len(calls)]) for number in range(IN_FLIGHT))
    )
    rate = CALLS * _NS_PER_S // (time.perf_counter_ns() - began)
    busy = (servers.cpu_us() - busy) // CALLS
    took.sort()
    title = f"{name}: {IN_FLIGHT} in flight"
    return [
        Figure(f"{title}, rate", rate, "calls/s", ""),
        Figure(f"{title}, p50", took[len(took) // 2] // _NS_PER_US, "us", ""),
        Figure(f"{title}, p99", took[len(took) * 99 // 100] // _NS_PER_US, "us", ""),
        Figure(f"{title}, CPU of the servers a call", busy, "us", ""),
    ]


def bench_echo(servers: Servers, ca: bytes) -> Iterator[Figure]:
    """Measure the floor: what gRPC itself takes."""
    credentials = grpc.ssl_channel_credentials(ca)
    body = proposal(1).SerializeToString()
    with grpc.secure_channel(servers.address, credentials) as channel:
        echo = channel.unary_unary("/alloc.Echo/Echo")
        yield one_by_one("echo", lambda _: echo(body))
        yield stream_echo(channel)

    async def run() -> list[Figure]:
        async with AsyncExitStack() as stack:
            channels = [
                await stack.enter_async_context(
                    grpc.aio.secure_channel(
                        servers.address, grpc.ssl_channel_credentials(ca)
                    )
                )
                for _ in range(CHANNELS)
            ]
            echoes = [each.unary_unary("/alloc.Echo/Echo") for each in channels]
            calls = [lambda _, echo=echo: echo(body) for echo in echoes]
            return await at_once("echo", calls, servers)

    yield from asyncio.run(run())


def stream_echo(channel: grpc.Channel) -> Figure:
    """Send a stream and take it back: what a stream of batches could reach."""
    body = bytes(ECHOED_BYTES)
    echo = channel.stream_stream("/alloc.Echo/EchoStream")
    began = time.perf_counter_ns()
    count = sum(1 for _ in echo(body for _ in range(ECHOED)))
    took = time.perf_counter_ns() - began
    rate = count * ECHOED_BYTES * _NS_PER_S // took // 1_000
    return Figure("echo: stream, each way", rate, "kB/s", "")


def bench_propose(
    client: Client, servers: Servers, token: str, ca: bytes
) -> Iterator[Figure]:
    """Decide single payments on the whole pool."""
    for _ in range(10 * PROCESSES):
        # Each process reads the ledger once.
        with Client(servers.address, token=token, ca=ca) as other:
            other.allocation.Propose(proposal(1))
    yield one_by_one("Propose", lambda n: client.allocation.Propose(proposal(n)))

    async def run() -> list[Figure]:
        async with AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(
                    AsyncClient(servers.address, token=token, ca=ca)
                )
                for _ in range(CHANNELS)
            ]
            calls = [
                lambda n, each=each: each.allocation.Propose(proposal(n))
                for each in clients
            ]
            return await at_once("Propose", calls, servers)

    yield from asyncio.run(run())


def bench_stream(client: Client, items: int) -> Iterator[Figure]:
    """Stream Arrow batches of payments that name their invoice."""
    rows = min(BATCH_ROWS, items // BATCHES)
    parts = [payments_ipc(number * rows, rows) for number in range(BATCHES)]
    requests = [pb.ProposeBatchRequest(entity="FR01", payments_ipc=p) for p in parts]
    began = time.perf_counter_ns()
    answers = list(client.allocation.ProposeBatch(iter(requests)))
    took = time.perf_counter_ns() - began
    sent = sum(map(len, parts))
    back = sum(answer.ByteSize() for answer in answers)
    for name, size in (("in", sent), ("out", back)):
        rate = size * _NS_PER_S // took // 1_000
        yield Figure(f"ProposeBatch: Arrow {name}", rate, "kB/s", ">= 300000")
    rate = BATCHES * rows * _NS_PER_S // took
    yield Figure("ProposeBatch: decided", rate, "payments/s", ">= 100000")


def payments_ipc(first: int, rows: int) -> bytes:
    """Write a batch of payments."""
    numbers = range(first, first + rows)
    return ipc_of(
        pa.table(
            {
                "payment_id": [f"P{number}" for number in numbers],
                "value_date": pa.array([_DAY] * rows),
                "currency": ["EUR"] * rows,
                "amount_minor": [1_000 + number * 7 % 90_000 for number in numbers],
                "remittance_text": [[f"INV-2026{number:07}"] for number in numbers],
            }
        )
    )


def bench_post(
    workspace: Workspace, client: Client, servers: Servers
) -> Iterator[Figure]:
    """Post payments one by one, each call a commit."""
    with workspace.open_ledger(workspace.settings(), write=False) as ledger:
        rows = ledger.payments(states=(PaymentState.NEW,)).to_pylist()

    def post(payment_id: str) -> None:
        client.allocation.Post(
            pb.PostRequest(
                entity="FR01",
                idempotency_key=payment_id,
                payment_id=payment_id,
                choice=messages.Choice(on_account_of="C1"),
            )
        )

    names = [row["payment_id"] for row in rows]
    for title, callers, mine in (
        ("one caller", 1, names[:ALONE]),
        ("8 callers", 8, names[ALONE : ALONE + POSTS // 4]),
        (f"{IN_FLIGHT} callers", IN_FLIGHT, names[-POSTS:]),
    ):
        before_us = servers.cpu_us()
        began = time.perf_counter_ns()
        with concurrent.futures.ThreadPoolExecutor(callers) as pool:
            list(pool.map(post, mine))
        rate = len(mine) * _NS_PER_S // (time.perf_counter_ns() - began)
        yield Figure(f"Post: {title}", rate, "entries/s", ">= 500")
        cpu_us = (servers.cpu_us() - before_us) // len(mine)
        yield Figure(f"Post: {title}, processor of the server", cpu_us, "us", "")


def bench(folder: Path, items: int) -> Iterator[Figure]:
    """Measure everything on a pool of so many items."""
    write_certificates(folder)
    ca = (folder / "ca.pem").read_bytes()
    with echoing(folder) as echoes:
        yield from bench_echo(echoes, ca)
    (folder / "workspace").mkdir()
    workspace = workspace_of(folder / "workspace", items)
    token = add_token(
        workspace.root / "tokens.toml",
        name="bench",
        entities=["*"],
        rights=["propose", "post"],
        expires=None,
    )
    words = [sys.executable, "-m", "alloc", "-C", str(workspace.root), "serve"]
    words += ["--port", "0", "--threads", str(THREADS), "--processes", str(PROCESSES)]
    words += ["--tls-cert", str(folder / "server.pem")]
    words += ["--tls-key", str(folder / "server.key")]
    with (
        serving(words, folder / "serve.log") as servers,
        Client(servers.address, token=token, ca=ca) as client,
    ):
        yield from bench_propose(client, servers, token, ca)
        yield from bench_stream(client, items)
        yield from bench_post(workspace, client, servers)


def main(items: int) -> None:
    """Measure, and add the figures to the record."""
    with tempfile.TemporaryDirectory(prefix="alloc-bench-") as folder:
        record(f"service, {items} items", bench(Path(folder), items))


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else ITEMS)
