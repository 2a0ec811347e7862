"""`LedgerService`: open items in, the journal out."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.audit import AuditFilter
from alloc.app.ports import JournalFilter, SourceFile
from alloc.app.verify import verify
from alloc.errors import InputError, LimitError
from alloc.export.audit import audit_csv, audit_jsonl
from alloc.export.beancount import beancount
from alloc.export.generic import journal_json
from alloc.export.hledger import hledger
from alloc.v1 import allocation_service_pb2 as pb_posting
from alloc.v1 import ledger_service_pb2 as pb
from alloc.v1 import ledger_service_pb2_grpc
from alloc_server.convert import (
    arrow_of,
    date_message,
    mask_of,
    page_size_of,
    place_of,
    with_entity,
)
from alloc_server.limits import CHUNK_BYTES, IMPORT_BYTES_MAX
from alloc_server.waiting import check_waiting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import grpc

    from alloc.app.ports import JournalTables
    from alloc.app.shared_ledger import SharedLedger
    from alloc_server.workplace import Workplace

__all__ = ["LedgerService"]

_FORMATS = (
    pb.EXPORT_FORMAT_JSON,
    pb.EXPORT_FORMAT_BEANCOUNT,
    pb.EXPORT_FORMAT_HLEDGER,
)


class LedgerService(ledger_service_pb2_grpc.LedgerServiceServicer):
    """Open items in, the journal out, and the check of both.

    Parameters
    ----------
    workplace
        The workspace that is served.
    """

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace

    def ImportOpenItems(
        self,
        request_iterator: Iterator[pb.ImportOpenItemsRequest],
        context: grpc.ServicerContext,
    ) -> pb.ImportOpenItemsResponse:
        """Read the stream to its end, then import it whole."""
        incoming = _Incoming()
        for request in request_iterator:
            incoming.add(request)
        return self._workplace.once(
            incoming.whole(),
            context,
            pb.ImportOpenItemsResponse,
            lambda ledger, who: self._imported(ledger, incoming, who),
        )

    def _imported(
        self, ledger: SharedLedger, incoming: _Incoming, who: str
    ) -> pb.ImportOpenItemsResponse:
        head = incoming.head
        entity = self._workplace.settings.entity(head.entity)
        # A stream is known by its caller and key; the same items may come again.
        name = f"{who}:{head.idempotency_key}"
        counts = ledger.import_open_items(
            SourceFile(
                name=name,
                sha256=hashlib.sha256(name.encode()).hexdigest(),
                size=incoming.size,
                kind="open_items",
                format="grpc",
            ),
            pa.concat_tables(incoming.tables),
            accounts={entity.id: entity.accounts["customer"]},
            snapshot_of=(entity.id,) if head.snapshot else (),
            now=self._workplace.now(),
        )
        return pb.ImportOpenItemsResponse(
            read_count=counts.read,
            new_count=counts.new,
            known_count=counts.known,
            changed_count=counts.changed,
            kept_count=counts.kept,
            closed_count=counts.closed,
            notices=[
                pb.Notice(code=each.code, message=each.message, key=each.key)
                for each in counts.notices
            ],
        )

    def ListJournalEntries(
        self, request: pb.ListJournalEntriesRequest, context: grpc.ServicerContext
    ) -> pb.ListJournalEntriesResponse:
        """Return a page of the journal; its token is the last place in it."""
        del context
        size = page_size_of(request.page_size)
        since = place_of(request.page_token)
        masked = mask_of(request.read_mask, pb.JournalEntry)
        with self._workplace.reading() as ledger:
            page = _page(ledger, _part(request), since, size)
        wanted = [masked(entry) for entry in page.entries]
        return pb.ListJournalEntriesResponse(
            entries=wanted, next_page_token=page.next_page_token
        )

    def ExportJournal(
        self, request: pb.ExportJournalRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.ExportJournalResponse]:
        """Return the journal as a file, in chunks."""
        if request.format not in _FORMATS:
            raise InputError(
                "the format is missing or unknown: name one of ExportFormat",
                reason="FIELD_MISSING",
                field="format",
            )
        with self._workplace.reading() as ledger:
            file = _written(
                request.format,
                ledger,
                _part(request),
                self._workplace.settings.name,
            )
        for start in range(0, len(file), CHUNK_BYTES):
            check_waiting(context)
            yield pb.ExportJournalResponse(chunk=file[start : start + CHUNK_BYTES])

    def ExportAudit(
        self, request: pb.ExportAuditRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.ExportAuditResponse]:
        """Return the audit trail as a file, in chunks."""
        if request.format not in (pb.AUDIT_FORMAT_JSONL, pb.AUDIT_FORMAT_CSV):
            raise InputError(
                "the format is missing or unknown: name one of AuditFormat",
                reason="FIELD_MISSING",
                field="format",
            )
        is_first = True
        which = AuditFilter(request.entity or None, request.since_audit_no)
        with self._workplace.reading() as ledger:
            for records in ledger.audit(which):
                file = (
                    audit_jsonl(records)
                    if request.format == pb.AUDIT_FORMAT_JSONL
                    else audit_csv(records, header=is_first)
                )
                is_first = False
                for start in range(0, len(file), CHUNK_BYTES):
                    check_waiting(context)
                    chunk = file[start : start + CHUNK_BYTES]
                    yield pb.ExportAuditResponse(chunk=chunk)

    def VerifyLedger(
        self, request: pb.VerifyLedgerRequest, context: grpc.ServicerContext
    ) -> pb.VerifyLedgerResponse:
        """Check every invariant of the ledger."""
        del request, context
        with self._workplace.reading() as ledger:
            report = verify(ledger)
        return pb.VerifyLedgerResponse(
            holds=report.holds,
            findings=[
                pb.Finding(
                    severity=each.severity,
                    code=each.code,
                    message=each.message,
                    subject=each.subject,
                    key=each.key,
                )
                for each in report.findings
            ],
            counts=dict(report.counts),
        )


class _Incoming:
    """The open items of one stream, as far as it came."""

    def __init__(self) -> None:
        self.head = pb.ImportOpenItemsRequest()
        self.tables: list[pa.Table] = []
        self.size = 0
        self._digest = hashlib.sha256()

    def add(self, request: pb.ImportOpenItemsRequest) -> None:
        """Take one message."""
        if not self.tables:
            self.head = request
        self.size += len(request.items_ipc)
        if self.size > IMPORT_BYTES_MAX:
            raise LimitError(
                f"the import has more than {IMPORT_BYTES_MAX} bytes: send it in parts,"
                " each with a key of its own",
                reason="IMPORT_OVER_LIMIT",
            )
        self._digest.update(len(request.items_ipc).to_bytes(8, "big"))
        self._digest.update(request.items_ipc)
        field = "items_ipc"
        table = with_entity(arrow_of(request.items_ipc, field), request.entity, field)
        if self.tables:
            _check_columns(self.tables[0].schema, table.schema)
        self.tables.append(table)

    def whole(self) -> pb.ImportOpenItemsRequest:
        """Return what stands for the stream: its head and the hash of its items."""
        if not self.tables:
            raise InputError(
                "the stream is empty: send at least one message",
                reason="STREAM_EMPTY",
            )
        whole = pb.ImportOpenItemsRequest()
        whole.CopyFrom(self.head)
        whole.items_ipc = self._digest.digest()
        return whole


def _part(
    request: pb.ListJournalEntriesRequest | pb.ExportJournalRequest,
) -> JournalFilter:
    return JournalFilter(
        entity=request.entity or None, fiscal_year=request.fiscal_year or None
    )


def _check_columns(first: pa.Schema, later: pa.Schema) -> None:
    if not first.equals(later):
        raise InputError(
            "items_ipc has other columns than the first message: send the same columns"
            " in every message of a stream",
            reason="COLUMNS_DIFFER",
            field="items_ipc",
        )


def _page(
    ledger: SharedLedger, part: JournalFilter, since: int, size: int
) -> pb.ListJournalEntriesResponse:
    last = ledger.position().seq
    span = size
    tables = ledger.journal(replace(part, since_seq=since, until_seq=since + span))
    # Entries of other entities and years lie between: look twice as far each time.
    while tables.entries.num_rows < size and since + span < last:
        span *= 2
        tables = ledger.journal(replace(part, since_seq=since, until_seq=since + span))
    entries = tables.entries.slice(0, size).to_pylist()
    lines = _lines(tables, {row["seq"] for row in entries})
    end = entries[-1]["seq"] if entries else last
    return pb.ListJournalEntriesResponse(
        entries=[_entry(row, lines[row["seq"]]) for row in entries],
        next_page_token=str(end) if len(entries) == size and end < last else "",
    )


def _lines(
    tables: JournalTables, seqs: set[int]
) -> dict[int, list[pb_posting.Posting]]:
    lines: dict[int, list[pb_posting.Posting]] = defaultdict(list)
    wanted = pc.is_in(tables.postings["seq"], value_set=pa.array(seqs, pa.int64()))
    for row in tables.postings.filter(wanted).to_pylist():
        lines[row["seq"]].append(
            pb_posting.Posting(
                account=row["account"],
                amount_minor=row["amount_minor"],
                customer_id=row["customer_id"] or "",
                label=row["label"],
                letter_code=row["letter_code"] or "",
            )
        )
    return lines


def _entry(
    row: Mapping[str, Any], postings: list[pb_posting.Posting]
) -> pb.JournalEntry:
    same = ("seq", "entity", "journal", "fiscal_year", "number", "kind", "piece_ref")
    texts = ("label", "payment_id", "posted_at", "posted_by", "hash")
    return pb.JournalEntry(
        **{name: row[name] for name in (*same, *texts)},
        posting_date=date_message(row["posting_date"]),
        piece_date=date_message(row["piece_date"]),
        currency_code=row["currency"],
        decision_id=row["decision_id"] or 0,
        reverses_seq=row["reverses_seq"] or 0,
        postings=postings,
    )


def _written(
    asked: pb.ExportFormat.ValueType,
    ledger: SharedLedger,
    part: JournalFilter,
    name: str,
) -> bytes:
    tables = ledger.journal(part)
    if asked == pb.EXPORT_FORMAT_BEANCOUNT:
        return beancount(tables.entries, tables.postings, name=name)
    if asked == pb.EXPORT_FORMAT_HLEDGER:
        return hledger(tables.entries, tables.postings, name=name)
    letters = ledger.letters(entity=part.entity)
    return journal_json(
        tables.entries,
        tables.postings,
        tables.allocations,
        letters.groups,
        letters.members,
    )
