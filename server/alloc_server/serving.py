"""One server of one process: services, credentials, limits, an orderly end."""

from __future__ import annotations

import concurrent.futures
import ipaddress
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from prometheus_client import CollectorRegistry

from alloc.errors import InputError, StoreError
from alloc.v1 import (
    allocation_service_pb2,
    allocation_service_pb2_grpc,
    ledger_service_pb2,
    ledger_service_pb2_grpc,
    review_service_pb2,
    review_service_pb2_grpc,
)
from alloc_server.allocation import AllocationService
from alloc_server.gate import Gate
from alloc_server.ledger import LedgerService
from alloc_server.limits import MESSAGE_BYTES_MAX, THREADS, Rate
from alloc_server.metrics import Metrics
from alloc_server.notes import Notes
from alloc_server.review import ReviewService

if TYPE_CHECKING:
    from pathlib import Path

    from alloc_server.access import Tokens
    from alloc_server.traces import Traces
    from alloc_server.workplace import Workplace

__all__ = ["Listening", "Server"]

SERVICES = tuple(
    module.DESCRIPTOR.services_by_name[name].full_name
    for module, name in (
        (allocation_service_pb2, "AllocationService"),
        (ledger_service_pb2, "LedgerService"),
        (review_service_pb2, "ReviewService"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where and how a server listens.

    Parameters
    ----------
    host, port
        The address; port 0 takes a free one.
    certificate, key
        PEM files for TLS; both or, on this machine's own addresses only, none.
    client_ca
        PEM file: callers must show a certificate that it signed.
    threads
        Calls that are worked on, or committed together, at a time.
    calls_max
        Calls that are open at a time; more are refused.
    calls_per_second
        Of one caller; 0 does not limit.
    drain_seconds
        How long calls may go on once the server is to end.
    is_shared
        Whether processes of one service share the port; else who listens there already
        is left alone.
    """

    host: str = "127.0.0.1"
    port: int = 0
    certificate: Path | None = None
    key: Path | None = None
    client_ca: Path | None = None
    threads: int = THREADS
    calls_max: int = 256
    calls_per_second: int = 0
    drain_seconds: int = 20
    is_shared: bool = False

    def credentials(self) -> grpc.ServerCredentials | None:
        """Read the files; None without TLS.

        Raises
        ------
        alloc.errors.InputError
            ``TLS_REQUIRED``: without TLS tokens would cross a network in the clear.
            ``TLS_INCOMPLETE``; ``TLS_UNREADABLE``.
        """
        if self.certificate is None and self.key is None and self.client_ca is None:
            if not _is_loopback(self.host):
                raise InputError(
                    f"{self.host} is no address of this machine alone: give --tls-cert"
                    " and --tls-key",
                    reason="TLS_REQUIRED",
                    field="host",
                )
            return None
        if self.certificate is None or self.key is None:
            raise InputError(
                "TLS takes a certificate and its key: give --tls-cert and --tls-key",
                reason="TLS_INCOMPLETE",
            )
        authority = _pem(self.client_ca) if self.client_ca else None
        return grpc.ssl_server_credentials(
            [(_pem(self.key), _pem(self.certificate))],
            root_certificates=authority,
            require_client_auth=authority is not None,
        )


class Server:
    """A gRPC server over a workplace.

    Parameters
    ----------
    workplace, tokens
        What is served, and to whom.
    listening
        Where.
    traces
        Tells a collector of each call; None: nobody.

    Raises
    ------
    alloc.errors.StoreError
        ``ADDRESS_IN_USE``.
    """

    def __init__(
        self,
        workplace: Workplace,
        tokens: Tokens,
        listening: Listening,
        *,
        traces: Traces | None = None,
    ) -> None:
        self._traces = traces
        self.registry = CollectorRegistry()
        self._listening = listening
        self._workplace = workplace
        self._health = health.HealthServicer()
        self.notes = Notes(Metrics(self.registry))
        rate = Rate(listening.calls_per_second, clock=time.monotonic_ns)
        self._server = grpc.server(
            concurrent.futures.ThreadPoolExecutor(listening.threads),
            interceptors=[Gate(tokens, rate, self.notes, traces)],
            maximum_concurrent_rpcs=listening.calls_max,
            options=[
                ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", int(listening.is_shared)),
                ("grpc.keepalive_time_ms", 60_000),
                ("grpc.max_connection_age_ms", 3_600_000),
            ],
        )
        self._add_services()
        self.port = self._bind()

    def _add_services(self) -> None:
        server, workplace = self._server, self._workplace
        allocation_service_pb2_grpc.add_AllocationServiceServicer_to_server(
            AllocationService(workplace), server
        )
        ledger_service_pb2_grpc.add_LedgerServiceServicer_to_server(
            LedgerService(workplace), server
        )
        review_service_pb2_grpc.add_ReviewServiceServicer_to_server(
            ReviewService(workplace), server
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflection.enable_server_reflection(
            (*SERVICES, reflection.SERVICE_NAME, health.SERVICE_NAME), server
        )

    def _bind(self) -> int:
        address = f"{self._listening.host}:{self._listening.port}"
        credentials = self._listening.credentials()
        try:
            if credentials is None:
                return self._server.add_insecure_port(address)
            return self._server.add_secure_port(address, credentials)
        except RuntimeError as error:
            raise StoreError(
                f"{address} cannot be listened on: another program has it, or it is"
                " not an address of this machine, or the certificate is none",
                reason="ADDRESS_REFUSED",
                address=address,
            ) from error

    def start(self) -> None:
        """Serve, and say so to health checks."""
        self._server.start()
        for name in ("", *SERVICES):
            self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        structlog.get_logger().info(
            "serving", host=self._listening.host, port=self.port
        )

    def drain(self) -> None:
        """Take no new call, let those that are open end, and close the ledger."""
        self._health.enter_graceful_shutdown()
        self._server.stop(self._listening.drain_seconds).wait()
        self._workplace.close()
        self.notes.close()
        if self._traces is not None:
            self._traces.close()
        structlog.get_logger().info("drained", port=self.port)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _pem(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}",
            reason="TLS_UNREADABLE",
            file=path,
        ) from error
