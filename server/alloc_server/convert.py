"""Messages to tables and back: names and forms, no rule and no arithmetic."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa
from google.type import date_pb2

from alloc.app.review import Items, OnAccount, Rank
from alloc.errors import InputError, LimitError
from alloc.v1 import allocation_pb2 as pb
from alloc_server.limits import BATCH_BYTES_MAX, PAGE_SIZE, PAGE_SIZE_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from google.protobuf import field_mask_pb2
    from google.protobuf.message import Message

    from alloc.app.review import Choice

__all__ = [
    "arrow_of",
    "choice_of",
    "date_message",
    "decision_messages",
    "decision_of",
    "ipc_of",
    "is_wanted",
    "mask_of",
    "page_size_of",
    "payment_rows",
    "place_of",
    "posted_entries",
    "with_entity",
]

_OPTIONAL_TEXTS = (
    "customer_id",
    "payer_name",
    "payer_iban",
    "end_to_end_id",
    "creditor_reference",
)


_Message = TypeVar("_Message", bound="Message")
#: Numbers of rows have fewer.
_DIGITS = 19


def payment_rows(
    entity: str, payment: pb.Payment
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a payment and its remittance lines as rows of the engine's tables."""
    row = {name: getattr(payment, name) or None for name in _OPTIONAL_TEXTS}
    row |= {
        "payment_id": _required(payment.payment_id, "payment.payment_id"),
        "entity": entity,
        "value_date": _date(payment.value_date, "payment.value_date"),
        "currency": payment.amount.currency_code,
        "amount_minor": payment.amount.minor,
        "remittance_text": list(payment.remittance_text),
    }
    lines = [
        {
            "line_no": number,
            "reference": line.reference or None,
            "amount_minor": _optional(line, "amount_minor"),
            "deduction_minor": _optional(line, "deduction_minor"),
        }
        for number, line in enumerate(payment.remittance_lines, start=1)
    ]
    return row, lines


def _required(text: str, field: str) -> str:
    if text:
        return text
    raise InputError(f"{field} is missing", reason="FIELD_MISSING", field=field)


def _optional(message: Any, name: str) -> Any:  # noqa: ANN401 - any message and field
    return getattr(message, name) if message.HasField(name) else None


def _date(message: date_pb2.Date, field: str) -> dt.date:
    try:
        return dt.date(message.year, message.month, message.day)
    except ValueError:
        raise InputError(
            f"{field} is {message.year}-{message.month}-{message.day}: give year, month"
            " and day",
            reason="DATE_INVALID",
            field=field,
        ) from None


def date_message(day: dt.date) -> date_pb2.Date:
    """Return a date as a message."""
    return date_pb2.Date(year=day.year, month=day.month, day=day.day)


def decision_messages(
    decisions: Iterable[Mapping[str, Any]],
    allocations: Iterable[Mapping[str, Any]],
    adjustments: Iterable[Mapping[str, Any]],
) -> list[pb.Decision]:
    """Return decisions with their explanations, from rows, in their order."""
    ranks: dict[str, dict[int, pb.Explanation]] = defaultdict(dict)

    def explanation(row: Mapping[str, Any]) -> pb.Explanation:
        mine = ranks[row["payment_id"]]
        return mine.setdefault(row["rank"], pb.Explanation(rank=row["rank"]))

    for row in allocations:
        explanation(row).allocations.add(
            item_id=row["item_id"],
            customer_id=row["customer_id"] or "",
            allocated_minor=row["allocated_minor"],
            evidence=row["evidence"].split(",") if row["evidence"] else (),
        )
    for row in adjustments:
        explanation(row).adjustments.add(
            role=row["role"],
            amount_minor=row["amount_minor"],
            item_id=row["item_id"] or "",
            rate_ppm=row["rate_ppm"],
        )
    return [
        pb.Decision(
            payment_id=row["payment_id"],
            status=pb.DecisionStatus.Value(f"DECISION_STATUS_{row['status'].upper()}"),
            proof=pb.Proof.Value(f"PROOF_{row['proof'].upper()}"),
            confidence_ppm=row["confidence_ppm"],
            explanations_count=row["explanations_count"],
            rule=row["rule"] or "",
            reason=row["reason"],
            customer_id=row["customer_id"] or "",
            explanations=[
                found for _, found in sorted(ranks[row["payment_id"]].items())
            ],
        )
        for row in decisions
    ]


def posted_entries(posted: Iterable[Mapping[str, Any]]) -> list[pb.PostedEntry]:
    """Return the entries that rows of `alloc.app.ports.PostResult` name."""
    names = ("seq", "journal", "fiscal_year", "number")
    return [pb.PostedEntry(**{name: row[name] for name in names}) for row in posted]


def decision_of(posted: Sequence[Mapping[str, Any]]) -> int:
    """Return the decision that posted these entries; 0 when there are none."""
    return (posted[0]["decision_id"] or 0) if posted else 0


def is_wanted(field: str, mask: field_mask_pb2.FieldMask) -> bool:
    """Say whether a mask names a field, or a part of it; an empty one names all."""
    named = {path.partition(".")[0] for path in mask.paths}
    return not named or field in named


def mask_of(
    mask: field_mask_pb2.FieldMask, kind: type[_Message]
) -> Callable[[_Message], _Message]:
    """Return what leaves of a message the fields that a mask names; all when empty.

    Raises
    ------
    alloc.errors.InputError
        ``FIELD_UNKNOWN``: such messages lack one of them.
    """
    if not mask.paths:
        return lambda message: message
    if not mask.IsValidForDescriptor(kind.DESCRIPTOR):  # type: ignore[arg-type]
        raise InputError(
            f"{kind.DESCRIPTOR.name} lacks a field of read_mask, or it is within a"
            f" repeated one: {', '.join(mask.paths)}",
            reason="FIELD_UNKNOWN",
            field="read_mask",
        )

    def masked(message: _Message) -> _Message:
        wanted = kind()
        mask.MergeMessage(message, wanted)
        return wanted

    return masked


def choice_of(choice: pb.Choice) -> Choice:
    """Return what a person chose.

    Raises
    ------
    alloc.errors.InputError
        ``CHOICE_MISSING``, or an item stands twice (``ITEM_REPEATED``).
    """
    which = choice.WhichOneof("choice")
    if which == "rank":
        return Rank(choice.rank)
    if which == "on_account_of":
        return OnAccount(choice.on_account_of)
    if which is None or not choice.items.items:
        raise InputError(
            "the choice is missing: name a rank, items, or a customer for the whole",
            reason="CHOICE_MISSING",
            field="choice",
        )
    items: dict[str, int | None] = {}
    for item in choice.items.items:
        if item.item_id in items:
            raise InputError(
                f"item {item.item_id} is named twice: name each once",
                reason="ITEM_REPEATED",
                item_id=item.item_id,
            )
        items[item.item_id] = _optional(item, "allocated_minor")
    return Items(items, choice.items.on_account_of or None)


def page_size_of(asked: int) -> int:
    """Return how many rows a page has."""
    if 0 <= asked <= PAGE_SIZE_MAX:
        return asked or PAGE_SIZE
    raise InputError(
        f"page_size is {asked}: it must be 0 to {PAGE_SIZE_MAX}",
        reason="PAGE_INVALID",
        field="page_size",
    )


def place_of(page_token: str) -> int:
    """Return the number of the last row of the page before; 0 before the first."""
    if not page_token:
        return 0
    if page_token.isascii() and page_token.isdecimal() and len(page_token) < _DIGITS:
        return int(page_token)
    raise InputError(
        "page_token is none of ours: send the next_page_token of the page before",
        reason="PAGE_INVALID",
        field="page_token",
    )


def arrow_of(data: bytes, field: str) -> pa.Table:
    """Read one Arrow IPC stream.

    Raises
    ------
    alloc.errors.LimitError
        It is too large (``BATCH_OVER_LIMIT``).
    alloc.errors.InputError
        It is none (``ARROW_INVALID``).
    """
    if len(data) > BATCH_BYTES_MAX:
        raise LimitError(
            f"{field} has {len(data)} bytes: send at most {BATCH_BYTES_MAX} a message",
            reason="BATCH_OVER_LIMIT",
            field=field,
        )
    try:
        table = pa.ipc.open_stream(data).read_all()
        # What came in may point outside its own buffers.
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(
            f"{field} is no Arrow IPC stream that can be read",
            reason="ARROW_INVALID",
            field=field,
        ) from error
    return table


def ipc_of(table: pa.Table) -> bytes:
    """Write a table as one Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def with_entity(table: pa.Table, entity: str, field: str) -> pa.Table:
    """Say for each row whose it is; the rows must not say so themselves."""
    if "entity" in table.schema.names:
        raise InputError(
            f"{field} has a column entity: the message names the entity, leave it out",
            reason="COLUMN_UNKNOWN",
            field=field,
            column="entity",
        )
    return table.append_column("entity", pa.repeat(entity, table.num_rows))
