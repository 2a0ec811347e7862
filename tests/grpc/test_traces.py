"""Each call is a span in the caller's own trace, without what was in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from service_case import Service, refusal

from alloc.v1 import allocation_service_pb2 as pb
from alloc.v1 import ledger_service_pb2 as ledger_pb
from alloc_server.traces import Traces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from alloc.cli.workspace import Workspace
    from alloc_server.serving import Listening

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = ("traceparent", f"00-{TRACE}-b7ad6b7169203331-01")


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def traced(
    workspace: Workspace,
    certificates: Path,
    listening: Listening,
    spans: InMemorySpanExporter,
) -> Iterator[Service]:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    service = Service(workspace, certificates, listening, traces=Traces(provider))
    yield service
    service.close()


def only(spans: InMemorySpanExporter) -> ReadableSpan:
    (span,) = spans.get_finished_spans()
    return span


def test_a_call_is_a_span_of_the_callers_trace(
    traced: Service, spans: InMemorySpanExporter
) -> None:
    payment_id = traced.payment_id("B1")
    request = pb.ExplainRequest(entity="FR01", payment_id=payment_id)
    traced.client().allocation.Explain(request, metadata=[PARENT])
    span = only(spans)
    assert span.name == "alloc.v1.AllocationService/Explain"
    assert f"{span.context.trace_id:032x}" == TRACE
    said = dict(span.attributes)
    assert said.pop("alloc.request_id")
    assert said == {
        "rpc.system": "grpc",
        "rpc.service": "alloc.v1.AllocationService",
        "rpc.method": "Explain",
        "rpc.grpc.status_code": 0,
        "alloc.entity": "FR01",
    }
    assert span.status.is_unset


def test_a_refusal_is_an_answer_and_says_its_reason(
    traced: Service, spans: InMemorySpanExporter
) -> None:
    request = pb.ExplainRequest(entity="FR01", payment_id="SECRET")
    refusal(lambda: traced.client().allocation.Explain(request))
    span = only(spans)
    assert span.attributes["alloc.reason"] == "PAYMENT_UNKNOWN"
    assert span.attributes["rpc.grpc.status_code"] == 5
    assert span.status.is_unset
    assert "SECRET" not in span.to_json()


def test_a_stream_is_one_span(traced: Service, spans: InMemorySpanExporter) -> None:
    request = ledger_pb.ExportJournalRequest(
        entity="FR01", format=ledger_pb.EXPORT_FORMAT_JSON
    )
    assert list(traced.client().ledger.ExportJournal(request))
    assert only(spans).attributes["rpc.method"] == "ExportJournal"
