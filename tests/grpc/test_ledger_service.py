"""Open items come in by stream, the journal goes out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from service_case import open_items, refusal

from alloc.v1 import allocation_pb2 as messages
from alloc.v1 import allocation_service_pb2 as posting_pb
from alloc.v1 import ledger_service_pb2 as pb
from alloc.v1 import review_service_pb2 as review_pb
from alloc_server.convert import ipc_of
from alloc_server.limits import BATCH_BYTES_MAX

if TYPE_CHECKING:
    from service_case import Service

    from alloc.client import Client


@pytest.fixture
def client(service: Service) -> Client:
    return service.client()


def part(items: dict[str, dict[str, int]], **head: object) -> pb.ImportOpenItemsRequest:
    table = open_items("FR01", items).drop_columns(["entity"])
    return pb.ImportOpenItemsRequest(entity="FR01", items_ipc=ipc_of(table), **head)


def bring(
    client: Client, *parts: pb.ImportOpenItemsRequest
) -> pb.ImportOpenItemsResponse:
    return client.ledger.ImportOpenItems(iter(parts))


def open_now(service: Service) -> dict[str, int]:
    rows = service.read(lambda ledger: ledger.open_items(entity="FR01")).to_pylist()
    return {row["item_id"]: row["open_minor"] for row in rows}


def test_a_stream_of_items_is_one_import(client: Client, service: Service) -> None:
    answer = bring(
        client,
        part({"C1": {"I1": 10_000, "N1": 500}}, idempotency_key="K1"),
        part({"C2": {"I3": 7_000}}),
    )
    assert (answer.read_count, answer.new_count) == (3, 1)
    assert (answer.known_count, answer.changed_count) == (1, 1)
    assert open_now(service)["N1"] == 500
    assert open_now(service)["I3"] == 7_000
    assert service.holds()


def test_a_snapshot_closes_what_it_does_not_list(
    client: Client, service: Service
) -> None:
    answer = bring(
        client, part({"C1": {"I1": 10_000}}, idempotency_key="K1", snapshot=True)
    )
    assert answer.closed_count == 4
    assert open_now(service) == {"I1": 10_000}


def test_the_same_import_again_is_only_answered(
    client: Client, service: Service
) -> None:
    request = part({"C1": {"N1": 500}}, idempotency_key="K1")
    first = bring(client, request)
    assert bring(client, request) == first
    assert first.new_count == 1
    other = part({"C1": {"N2": 500}}, idempotency_key="K1")
    assert refusal(lambda: bring(client, other)).reason == "IDEMPOTENCY_KEY_REUSED"
    assert "N2" not in open_now(service)


@pytest.mark.parametrize(
    ("requests", "reason"),
    [
        ([], "STREAM_EMPTY"),
        (
            [pb.ImportOpenItemsRequest(entity="FR01", items_ipc=b"no arrow")],
            "ARROW_INVALID",
        ),
        (
            [
                pb.ImportOpenItemsRequest(
                    entity="FR01", items_ipc=b"x" * (BATCH_BYTES_MAX + 1)
                )
            ],
            "BATCH_OVER_LIMIT",
        ),
        (
            [
                pb.ImportOpenItemsRequest(
                    entity="FR01",
                    items_ipc=ipc_of(open_items("FR02", {"C1": {"I1": 1}})),
                )
            ],
            "COLUMN_UNKNOWN",
        ),
        (
            [
                part({"C1": {"I1": 1}}, idempotency_key="K1"),
                pb.ImportOpenItemsRequest(
                    entity="FR01", items_ipc=ipc_of(pa.table({"item_id": ["A"]}))
                ),
            ],
            "COLUMNS_DIFFER",
        ),
        ([part({"C1": {"I1": 1}})], "IDEMPOTENCY_KEY_INVALID"),
    ],
)
def test_what_is_no_import_is_refused_by_name(
    client: Client,
    service: Service,
    requests: list[pb.ImportOpenItemsRequest],
    reason: str,
) -> None:
    before = service.read(lambda ledger: ledger.position())
    if not requests:
        # Without a message nobody knows whose items they would be.
        assert refusal(lambda: bring(client)).reason == reason
    else:
        assert refusal(lambda: bring(client, *requests)).reason == reason
    assert service.read(lambda ledger: ledger.position()) == before


def test_the_journal_is_listed_page_by_page(client: Client, service: Service) -> None:
    request = pb.ListJournalEntriesRequest(entity="FR01", page_size=1)
    seen: list[pb.JournalEntry] = []
    while True:
        page = client.ledger.ListJournalEntries(request)
        seen += page.entries
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    whole = service.read(lambda ledger: ledger.journal()).entries
    mine = [row for row in whole.to_pylist() if row["entity"] == "FR01"]
    assert [each.seq for each in seen] == [row["seq"] for row in mine]
    assert [each.hash for each in seen] == [row["hash"] for row in mine]
    for each in seen:
        assert len(each.postings) > 1
        assert sum(line.amount_minor for line in each.postings) == 0


@pytest.mark.parametrize(
    "change", [{"page_size": 1001}, {"page_size": -1}, {"page_token": "x"}]
)
def test_a_page_that_cannot_be_is_refused(
    client: Client, change: dict[str, object]
) -> None:
    request = pb.ListJournalEntriesRequest(entity="FR01", **change)
    refused = refusal(lambda: client.ledger.ListJournalEntries(request))
    assert refused.reason == "PAGE_INVALID"


@pytest.mark.parametrize(
    ("form", "begins"),
    [
        (pb.EXPORT_FORMAT_JSON, b'{"format": "alloc.journal"'),
        (pb.EXPORT_FORMAT_BEANCOUNT, b"option"),
        (pb.EXPORT_FORMAT_HLEDGER, b";"),
    ],
)
def test_the_journal_is_exported_as_a_file(
    client: Client, form: pb.ExportFormat.ValueType, begins: bytes
) -> None:
    request = pb.ExportJournalRequest(entity="FR01", format=form)
    file = b"".join(each.chunk for each in client.ledger.ExportJournal(request))
    assert begins in file[:200]
    if form == pb.EXPORT_FORMAT_JSON:
        assert {each["entity"] for each in json.loads(file)["entries"]} == {"FR01"}


def test_an_export_without_a_format_is_refused(client: Client) -> None:
    request = pb.ExportJournalRequest(entity="FR01")
    refused = refusal(lambda: list(client.ledger.ExportJournal(request)))
    assert (refused.reason, refused.metadata["field"]) == ("FIELD_MISSING", "format")


def test_the_whole_ledger_is_checked_for_those_who_may(service: Service) -> None:
    admin = service.client(service.token("ops", entities=["*"], rights=["admin"]))
    report = admin.ledger.VerifyLedger(pb.VerifyLedgerRequest())
    assert report.holds
    assert not report.findings
    assert report.counts["entries"] == service.entries()


def test_the_audit_trail_goes_out_as_lines_or_csv(
    client: Client, service: Service
) -> None:
    request = pb.ExportAuditRequest(entity="FR01", format=pb.AUDIT_FORMAT_JSONL)

    def file() -> bytes:
        return b"".join(each.chunk for each in client.ledger.ExportAudit(request))

    before = file().count(b"\n")
    client.allocation.Post(
        posting_pb.PostRequest(
            entity="FR01",
            idempotency_key="K1",
            payment_id=service.payment_id("B1"),
            choice=messages.Choice(on_account_of="C1"),
        )
    )
    lines = file().decode().splitlines()
    assert len(lines) == before + 1
    assert json.loads(lines[-1])["document"]["by"] == "erp"
    request.since_audit_no = json.loads(lines[-1])["audit_no"]
    assert file() == b""
    request.format, request.since_audit_no = pb.AUDIT_FORMAT_CSV, 0
    assert file().startswith(b'"audit_no","action"')
    for wrong, reason in (
        (pb.ExportAuditRequest(entity="FR01"), "FIELD_MISSING"),
        (
            pb.ExportAuditRequest(entity="FR02", format=pb.AUDIT_FORMAT_CSV),
            "ENTITY_FORBIDDEN",
        ),
    ):
        asked = client.ledger.ExportAudit(wrong)
        assert refusal(lambda asked=asked: list(asked)).reason == reason


def test_a_mask_leaves_out_what_is_not_wanted(client: Client, service: Service) -> None:
    client.allocation.Post(
        posting_pb.PostRequest(
            entity="FR01",
            idempotency_key="K1",
            payment_id=service.payment_id("B1"),
            choice=messages.Choice(on_account_of="C1"),
        )
    )
    mask = FieldMask(paths=["seq", "postings"])
    request = pb.ListJournalEntriesRequest(entity="FR01", read_mask=mask)
    entry = client.ledger.ListJournalEntries(request).entries[-1]
    assert (entry.seq, entry.entity, entry.hash) == (service.entries(), "", "")
    assert entry.postings
    reviews = client.review.ListReviews(
        review_pb.ListReviewsRequest(
            entity="FR01", read_mask=FieldMask(paths=["decision_id"])
        )
    ).reviews
    assert reviews
    assert all(each.decision_id and not each.payer_name for each in reviews)
    assert not any(each.HasField("decision") for each in reviews)
    explained = client.allocation.Explain(
        posting_pb.ExplainRequest(
            entity="FR01",
            payment_id=service.payment_id("B3"),
            read_mask=FieldMask(paths=["payment_state"]),
        )
    )
    assert explained.payment_state == "suspense"
    assert not explained.rules


def test_a_mask_with_an_unknown_field_is_refused(client: Client) -> None:
    request = posting_pb.ExplainRequest(
        entity="FR01", payment_id="X", read_mask=FieldMask(paths=["nothing"])
    )
    wrong = FieldMask(paths=["seq.nothing"])
    listed = pb.ListJournalEntriesRequest(entity="FR01", read_mask=wrong)
    for call in (
        lambda: client.allocation.Explain(request),
        lambda: client.ledger.ListJournalEntries(listed),
        lambda: client.review.ListReviews(
            review_pb.ListReviewsRequest(entity="FR01", read_mask=wrong)
        ),
    ):
        refused = refusal(call)
        assert refused.reason == "FIELD_UNKNOWN"
        assert refused.metadata["status"] == "INVALID_ARGUMENT"
