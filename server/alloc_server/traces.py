"""Traces by OpenTelemetry (`alloc-server[otel]`): a span a call, no content in it.

The standard variables say where they go: ``OTEL_EXPORTER_OTLP_ENDPOINT`` and others.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from alloc.errors import InputError

try:
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace import SpanKind, Status, StatusCode
    from opentelemetry.trace.propagation.tracecontext import (
        TraceContextTextMapPropagator,
    )
except ImportError as error:
    raise InputError(
        f"{os.environ.get('OTEL_EXPORTER_OTLP_ENDPOINT', 'a collector')} is to get"
        " traces: install alloc-server[otel]",
        reason="EXTRA_MISSING",
    ) from error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import grpc

__all__ = ["Traces", "exported_traces"]

_SERVICE = "alloc"
#: What is a defect or a failure of ours, not an answer.
_FAILED = frozenset({"INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNKNOWN"})


class Traces:
    """Spans of calls, in the trace that the caller's ``traceparent`` names.

    Parameters
    ----------
    provider
        Where spans go.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("alloc_server")
        self._propagator = TraceContextTextMapPropagator()

    def begin(
        self, method: str, headers: Mapping[str, str]
    ) -> Callable[[grpc.StatusCode, Mapping[str, str]], None]:
        """Begin the span of a call; return what ends it, by its status and facts."""
        service, _, name = method.lstrip("/").partition("/")
        span = self._tracer.start_span(
            f"{service}/{name}",
            context=self._propagator.extract(headers),
            kind=SpanKind.SERVER,
            attributes={
                "rpc.system": "grpc",
                "rpc.service": service,
                "rpc.method": name,
            },
        )

        def end(code: grpc.StatusCode, facts: Mapping[str, str]) -> None:
            span.set_attribute("rpc.grpc.status_code", code.value[0])
            for key, value in facts.items():
                if value:
                    span.set_attribute(f"alloc.{key}", value)
            if code.name in _FAILED:
                span.set_status(Status(StatusCode.ERROR, code.name))
            span.end()

        return end

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def exported_traces() -> Traces:
    """Return traces that go to a collector, as the standard variables say."""
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: _SERVICE}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Traces(provider)
