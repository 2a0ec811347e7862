"""`alloc serve` and `alloc token`: what alloc-server adds to the command line."""

from __future__ import annotations

import contextlib
import os
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alloc.cli.clock import now
from alloc.cli.exits import ExitCode
from alloc.cli.render import emit
from alloc.cli.rules import posting_rules
from alloc.cli.session import Command, Group, Session, pass_session
from alloc.cli.workspace import find_workspace
from alloc_server.access import ALL_ENTITIES, Right, Tokens
from alloc_server.keeping import add_token, listed_tokens, remove_tokens

if TYPE_CHECKING:
    import datetime as dt

    from alloc.cli.workspace import Workspace
    from alloc_server.serving import Listening
    from alloc_server.traces import Traces

__all__ = ["TOKENS_NAME", "serve", "token"]

#: The tokens of a workspace.
TOKENS_NAME = "tokens.toml"
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
#: Where a collector of OpenTelemetry is: set, calls are traced.
_COLLECTORS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_DAY = click.DateTime(["%Y-%m-%d"])


@click.command("serve", cls=Command)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=50051,
    show_default=True,
    help="Port; 0 takes a free one, which the log names.",
)
@click.option("--tls-cert", type=_FILE, help="Certificate (PEM).")
@click.option("--tls-key", type=_FILE, help="Its private key (PEM).")
@click.option(
    "--client-ca", type=_FILE, help="Callers must show a certificate of this one (PEM)."
)
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes that share the port.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 256),
    default=32,
    show_default=True,
    help="Calls that each process works on, or commits together, at a time.",
)
@click.option(
    "--calls-max",
    type=click.IntRange(1, 65536),
    default=256,
    show_default=True,
    help="Calls that each process holds open; more are refused.",
)
@click.option(
    "--calls-per-second",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Of one caller at each process; 0 does not limit.",
)
@click.option(
    "--drain-seconds",
    type=click.IntRange(0, 3600),
    default=20,
    show_default=True,
    help="How long open calls may go on after SIGTERM.",
)
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65535),
    help="Serve Prometheus metrics on this port of 127.0.0.1.",
)
@pass_session
def serve(  # one keyword an option
    session: Session,
    *,
    host: str,
    port: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    client_ca: Path | None,
    processes: int,
    threads: int,
    calls_max: int,
    calls_per_second: int,
    drain_seconds: int,
    metrics_port: int | None,
) -> int:
    """Serve the workspace to accounting systems and people, by gRPC."""
    from alloc_server.logs import log_json
    from alloc_server.metrics import SHARED_FOLDER
    from alloc_server.serving import Listening

    log_json()
    workspace = find_workspace(session)
    listening = Listening(
        host=host,
        port=port,
        certificate=tls_cert,
        key=tls_key,
        client_ca=client_ca,
        threads=threads,
        calls_max=calls_max,
        calls_per_second=calls_per_second,
        drain_seconds=drain_seconds,
        is_shared=SHARED_FOLDER in os.environ,
    )
    if processes == 1:
        serve_here(workspace, listening, metrics_port)
    else:
        _serve_shared(workspace, listening, processes, metrics_port)
    return ExitCode.OK


def serve_here(
    workspace: Workspace, listening: Listening, metrics_port: int | None
) -> None:
    """Serve from this process, until it is told to end."""
    from alloc_server.ending import Ending
    from alloc_server.metrics import serve_metrics
    from alloc_server.serving import Server
    from alloc_server.workplace import Workplace

    settings = workspace.settings()
    workplace = Workplace(
        settings,
        posting_rules(workspace),
        open_ledger=partial(workspace.open_ledger, settings),
        now=now,
        threads=listening.threads,
    )
    tokens = Tokens(workspace.root / TOKENS_NAME, now=now)
    with contextlib.ExitStack() as not_served:
        not_served.callback(workplace.close)
        server = Server(workplace, tokens, listening, traces=_traces())
        not_served.pop_all()
    ending = Ending()
    server.start()
    if metrics_port is not None:
        serve_metrics("127.0.0.1", metrics_port, server.registry)
    ending.wait()
    server.drain()


def _traces() -> Traces | None:
    """Trace calls when the standard variables name a collector."""
    if not any(os.environ.get(name) for name in _COLLECTORS):
        return None
    from alloc_server.traces import exported_traces

    return exported_traces()


def _serve_shared(
    workspace: Workspace, listening: Listening, count: int, metrics_port: int | None
) -> None:
    from prometheus_client import CollectorRegistry

    from alloc_server.ending import Ending
    from alloc_server.metrics import SHARED_FOLDER, serve_metrics
    from alloc_server.processes import Processes, reserved_port

    with (
        tempfile.TemporaryDirectory(prefix="alloc-serve-") as folder,
        reserved_port(listening.host, listening.port) as port,
    ):
        os.environ[SHARED_FOLDER] = folder
        words = ["-m", "alloc", "-C", str(workspace.root), "serve"]
        words += ["--port", str(port), *_options(listening)]
        group = Processes(
            words,
            count=count,
            drain_seconds=listening.drain_seconds,
            ending=Ending(),
        )
        if metrics_port is not None:
            serve_metrics("127.0.0.1", metrics_port, CollectorRegistry())
        group.run()


def _options(listening: Listening) -> list[str]:
    """Say again, to one of several processes, what was said to this one."""
    said = {
        "--host": listening.host,
        "--tls-cert": listening.certificate,
        "--tls-key": listening.key,
        "--client-ca": listening.client_ca,
        "--threads": listening.threads,
        "--calls-max": listening.calls_max,
        "--calls-per-second": listening.calls_per_second,
        "--drain-seconds": listening.drain_seconds,
    }
    return [
        word
        for name, value in said.items()
        if value is not None
        for word in (name, str(value))
    ]


@click.group("token", cls=Group)
def token() -> None:
    """Give out, list and revoke the tokens of callers of `alloc serve`."""


@token.command("add")
@click.argument("name", help="Who calls; kept with every decision.")
@click.option(
    "--entity",
    "entities",
    multiple=True,
    required=True,
    help=f"An entity that it has rights on, or '{ALL_ENTITIES}'; repeatable.",
)
@click.option(
    "--right",
    "rights",
    type=click.Choice([str(right) for right in Right]),
    multiple=True,
    required=True,
    help="What it may do there; repeatable.",
)
@click.option("--expires", type=_DAY, help="The last day, YYYY-MM-DD.")
@pass_session
def add(
    session: Session,
    name: str,
    *,
    entities: tuple[str, ...],
    rights: tuple[str, ...],
    expires: dt.datetime | None,
) -> int:
    """Make a token and print it, once: only its hash is kept."""
    workspace = find_workspace(session)
    settings = workspace.settings()
    for entity in entities:
        if entity != ALL_ENTITIES:
            settings.entity(entity)
    made = add_token(
        workspace.root / TOKENS_NAME,
        name=name,
        entities=entities,
        rights=rights,
        expires=expires.date() if expires else None,
    )
    emit(session, {"name": name, "token": made}, lambda: click.echo(made))
    return ExitCode.OK


@token.command("list")
@pass_session
def list_tokens(session: Session) -> int:
    """List who has tokens, with their rights; the tokens are kept nowhere."""
    rows = listed_tokens(find_workspace(session).root / TOKENS_NAME)

    def draw() -> None:
        for row in rows:
            click.echo("  ".join(str(value) for value in row.values()))

    emit(session, {"tokens": rows}, draw)
    return ExitCode.OK


@token.command("revoke")
@click.argument("name", help="Whose tokens.")
@pass_session
def revoke(session: Session, name: str) -> int:
    """Revoke the tokens of a caller; a running service notices at once."""
    count = remove_tokens(find_workspace(session).root / TOKENS_NAME, name)
    emit(session, {"name": name, "revoked": count}, lambda: click.echo(count))
    return ExitCode.OK
