"""EDIFACT REMADV: directories D.96A and later, EANCOM, the German energy market."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alloc.app.ports import Notice
from alloc.ingest.remittance.envelope import EDIFACT, unpack
from alloc.ingest.remittance.model import Advice, AdviceFile, AdviceLine, checked
from alloc.ingest.remittance.segments import edifact_segments
from alloc.ingest.remittance.values import exact_minor, iban_of, plain_date

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from alloc.ingest.remittance.envelope import Message
    from alloc.ingest.remittance.segments import Segment

__all__ = ["read_remadv"]

_CREDIT_NOTES = frozenset({"81", "83", "261", "262", "308", "381", "396", "420", "458"})
"""Documents of code list 1001 that lower a payment."""

_CANCELLATION = "1"
_PAID, _DUE, _INVOICED = ("12", "11"), ("9",), ("77", "39", "128")
_TOTALS = ("12", "11", "139", "9", "128", "39", "77")
_DISCOUNTS = ("52", "53", "109")
_REFERENCES = ("PQ", "AEK", "TN", "ACK")
"""References of a payment (1153): payment, payment order, transaction, bank."""

_DATES = ("209", "203", "138", "202", "140", "137")
"""Value date, execution, payment, posting, due, and at last the message's own."""

_PAYERS = ("PR", "PL", "OY", "BY", "IV", "MS")
_DATE_FORMS = {"101": "%y%m%d", "102": "%Y%m%d"}
_BREAKS_ADJUSTMENT = frozenset({"DOC", "DLI", "UNS", "CUX"})


@dataclass(slots=True)
class _Part:
    """What was said of a document, or of the message as a whole."""

    segment: Segment | None = None
    amounts: dict[str, Segment] = field(default_factory=dict)
    adjustments: list[tuple[str, Segment]] = field(default_factory=list)


def read_remadv(data: bytes, *, name: str) -> AdviceFile:
    """Read an EDIFACT interchange; messages that are no REMADV are noted.

    Amounts: 12 (remitted), else 11 (paid), is what is paid; what is missing to 9
    (due) was kept back. The code lists say that adjustments (AJT) need not add up:
    they give the reason, and the amount only where 9 is missing.

    Raises
    ------
    alloc.errors.InputError
        ``EDI_TRUNCATED``, ``EDI_ENVELOPE``, ``EDI_DELIMITERS``, ``ADVICE_MISSING``
        or of an amount; names the line.
    """
    file = AdviceFile("EDIFACT REMADV")
    segments = edifact_segments(data, name=name)
    messages = unpack(segments, EDIFACT, file.notices, name=name)
    for message in messages:
        kind = message.header.get(1)
        line = message.header.line
        if kind != "REMADV":
            said = f"{name}:{line}: a message {kind[:20]!r} is no advice: left out"
            file.notices.append(Notice("MESSAGE_LEFT_OUT", said, kind[:20], line))
            continue
        begin = next((one for one in message.body if one.tag == "BGM"), None)
        if begin is not None and begin.get(2) == _CANCELLATION:
            number = begin.get(1)
            said = f"{name}:{line}: the advice {number} is cancelled: left out"
            file.notices.append(Notice("ADVICE_CANCELLED", said, number, line))
            continue
        file.version = file.version or _version(message.header)
        file.advices.append(_advice(message, name))
    if not file.advices and any(one.code == "ADVICE_CANCELLED" for one in file.notices):
        return file
    return checked(file, name=name)


def _version(header: Segment) -> str:
    release = ".".join(filter(None, (header.get(1, 1), header.get(1, 2))))
    return f"{release} {header.get(1, 4)}".strip()


def _advice(message: Message, name: str) -> Advice:
    advice = Advice(line=message.header.line)
    advice.currency = _currency(message.body)
    whole, documents = _parts(message.body)
    _read_header(advice, message.body)
    for document in documents:
        advice.lines.append(_document(document, advice.currency, name))
    advice.total_minor = _first(whole.amounts, _TOTALS, advice.currency, name)
    for reason, segment in whole.adjustments:
        minor = _minor(segment, advice.currency, name)
        line = AdviceLine(None, -abs(minor), None, reason or None, segment.line)
        advice.lines.append(line)
    made = advice.lines_minor
    if whole.adjustments and made is not None and made != advice.total_minor:
        plain = advice.lines[: -len(whole.adjustments)]
        if sum(line.amount_minor or 0 for line in plain) == advice.total_minor:
            advice.lines = plain
    return advice


def _currency(body: Sequence[Segment]) -> str | None:
    """Return the currency of payment (qualifier 11), else the reference currency."""
    known: dict[str, str] = {}
    for segment in body:
        if segment.tag == "DOC":
            break
        if segment.tag == "CUX":
            for part in range(2):
                code, role = segment.get(part, 1), segment.get(part, 2)
                if code:
                    known.setdefault(role, code.upper())
    for role in ("11", "9", "4"):
        if role in known:
            return known[role]
    return next(iter(known.values()), None) or next(
        (one.get(0, 2) for one in body if one.tag == "MOA" and one.get(0, 2)), None
    )


def _parts(body: Sequence[Segment]) -> tuple[_Part, list[_Part]]:
    """Gather the amounts of the message and of each document."""
    whole, documents = _Part(), list[_Part]()
    current, in_detail = whole, False
    adjusting: str | None = None
    for segment in body:
        if segment.tag in _BREAKS_ADJUSTMENT:
            adjusting = None
        if segment.tag == "DOC":
            current, in_detail = _Part(segment), False
            documents.append(current)
        elif segment.tag == "UNS":
            current, in_detail = whole, False
        elif segment.tag == "DLI":
            # Lines of a document: its own amounts are what is paid for it.
            in_detail = True
        elif segment.tag == "AJT" and not in_detail:
            adjusting = segment.get(0)
        elif segment.tag == "MOA" and not in_detail and segment.get(0, 1):
            if adjusting is None:
                current.amounts.setdefault(segment.get(0), segment)
            else:
                current.adjustments.append((adjusting, segment))
        if segment.tag == "AJT" and current is not whole and not in_detail:
            current.adjustments.append((segment.get(0), segment))
    return whole, documents


def _read_header(advice: Advice, body: Sequence[Segment]) -> None:
    references: dict[str, str] = {}
    dates: dict[str, dt.date] = {}
    payers: dict[str, str] = {}
    for segment in body:
        if segment.tag == "DOC":
            break
        if segment.tag == "BGM":
            advice.number = segment.get(1) or None
        elif segment.tag == "RFF":
            references.setdefault(segment.get(0), segment.get(0, 1))
        elif segment.tag == "DTM":
            form = _DATE_FORMS.get(segment.get(0, 2), "%Y%m%d")
            day = plain_date(segment.get(0, 1)[: 6 if form[1] == "y" else 8], form)
            if day is not None:
                dates.setdefault(segment.get(0), day)
        elif segment.tag == "NAD":
            named = segment.get(3) or segment.get(2)
            payers.setdefault(segment.get(0), named)
        elif segment.tag == "FII" and segment.get(0) in ("OR", "PB"):
            advice.payer_iban = iban_of(segment.get(1)) or advice.payer_iban
    advice.payment_reference = _preferred(references, _REFERENCES)
    advice.payer_name = _preferred(payers, _PAYERS)
    advice.payment_date = next((dates[code] for code in _DATES if code in dates), None)


def _preferred(known: Mapping[str, str], order: Sequence[str]) -> str | None:
    return next((known[code] for code in order if known.get(code)), None)


def _document(part: _Part, currency: str | None, name: str) -> AdviceLine:
    segment = part.segment
    assert segment is not None, "a document begins with DOC"  # noqa: S101
    line = AdviceLine(segment.get(1) or None, line=segment.line)
    paid = _first(part.amounts, _PAID, currency, name)
    due = _first(part.amounts, _DUE, currency, name)
    if due is None:
        due = _first(part.amounts, _INVOICED, currency, name)
    kept = [
        _minor(moa, currency, name) for _, moa in part.adjustments if moa.tag == "MOA"
    ]
    kept += [
        _minor(part.amounts[code], currency, name)
        for code in _DISCOUNTS
        if code in part.amounts
    ]
    sign = 1
    if segment.get(0) in _CREDIT_NOTES:
        sign = -1
        paid, due = (None if one is None else -abs(one) for one in (paid, due))
    if paid is None:
        paid = None if due is None else due - sign * sum(map(abs, kept))
    deduction = None
    if paid is not None and due is not None:
        deduction = due - paid
    elif kept:
        deduction = sign * sum(map(abs, kept))
    line.amount_minor, line.deduction_minor = paid, deduction or None
    codes = dict.fromkeys(code for code, _ in part.adjustments if code)
    line.reason = ", ".join(codes) or None
    return line


def _first(
    amounts: Mapping[str, Segment],
    codes: Sequence[str],
    currency: str | None,
    name: str,
) -> int | None:
    for code in codes:
        if code in amounts:
            return _minor(amounts[code], currency, name)
    return None


def _minor(segment: Segment, currency: str | None, name: str) -> int:
    return exact_minor(
        segment.get(0, 1),
        currency,
        name=name,
        line=segment.line,
        field=f"MOA {segment.get(0)[:3]}",
    )
