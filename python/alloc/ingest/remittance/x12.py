"""X12 820 (payment order, remittance advice) and the payment part of 835."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alloc.app.ports import Notice
from alloc.ingest.remittance.envelope import X12, unpack
from alloc.ingest.remittance.model import Advice, AdviceFile, AdviceLine, checked
from alloc.ingest.remittance.segments import x12_segments
from alloc.ingest.remittance.values import exact_minor, iban_of, plain_date

if TYPE_CHECKING:
    from alloc.ingest.remittance.envelope import Message
    from alloc.ingest.remittance.segments import Segment

__all__ = ["read_x12"]

_INVOICE_NUMBERS = frozenset({"IV", "IK", "CM", "R7", "OI", "12"})
_CREDIT_MEMOS = frozenset({"CM"})
_PAYMENT_NUMBERS = ("TN", "CK", "EF", "BT")
_DEBIT = "D"
_SETS = ("820", "835")
_PLB_PAIRS = range(2, 14, 2)
_CAS_TRIPLES = range(1, 19, 3)


def read_x12(data: bytes, *, name: str) -> AdviceFile:
    """Read X12 interchanges; transaction sets that are no advice are noted.

    820: RMR04 is what is paid, RMR06 the discount; an ADX below an RMR explains it,
    one outside changes the payment. 835: CLP04 is what is paid of CLP03; the amounts
    of PLB lower the payment. Both: BPR02 is the total.

    Raises
    ------
    alloc.errors.InputError
        ``EDI_TRUNCATED``, ``EDI_ENVELOPE``, ``EDI_DELIMITERS``, ``ADVICE_MISSING``
        or of an amount; names the line.
    """
    file = AdviceFile("X12")
    segments = x12_segments(data, name=name)
    kinds = set()
    for message in unpack(segments, X12, file.notices, name=name):
        kind, line = message.header.get(0), message.header.line
        if kind not in _SETS:
            said = f"{name}:{line}: transaction set {kind[:3]!r} is no advice: left out"
            file.notices.append(Notice("MESSAGE_LEFT_OUT", said, kind[:3], line))
            continue
        kinds.add(kind)
        file.version = file.version or _version(message)
        reader = _Reader(Advice(line=line), name, file.notices)
        reader.read(message, claims=kind == "835")
        file.advices.append(reader.advice)
    file.format = f"X12 {'/'.join(sorted(kinds))}".strip()
    return checked(file, name=name)


def _version(message: Message) -> str:
    said = message.header.get(2)
    return said or (message.group.get(7) if message.group else "")


@dataclass(slots=True)
class _Remit:
    """An RMR with what follows it, until all amounts are known."""

    line: AdviceLine
    gross_minor: int | None = None
    discount_minor: int | None = None
    is_invoice: bool = True
    is_credit: bool = False
    adjusted_minor: int = 0


@dataclass(slots=True)
class _Reader:
    """Reads one transaction set."""

    advice: Advice
    name: str
    notices: list[Notice]
    remits: list[_Remit] = field(default_factory=list)
    others: list[AdviceLine] = field(default_factory=list)
    noted: AdviceLine | None = None

    def read(self, message: Message, *, claims: bool) -> None:
        currencies = [one.get(1) for one in message.body if one.tag == "CUR"]
        self.advice.currency = next(filter(None, currencies), "").upper() or None
        header = True
        for segment in message.body:
            header = header and segment.tag not in ("ENT", "RMR", "LX", "CLP", "ADX")
            if segment.tag == "BPR":
                self._payment(segment)
            elif header:
                self._header(segment)
            elif claims:
                self._claim(segment)
            else:
                self._detail(segment)
            if segment.tag == "PLB" and claims:
                self._provider_adjustments(segment)
        self._settle()

    def minor(self, segment: Segment, element: int) -> int | None:
        text = segment.get(element)
        if not text:
            return None
        return exact_minor(
            text,
            self.advice.currency,
            name=self.name,
            line=segment.line,
            field=f"{segment.tag}{element + 1:02}",
        )

    def _payment(self, segment: Segment) -> None:
        total = self.minor(segment, 1)
        if total is not None and segment.get(2) == _DEBIT:
            total = -abs(total)
        self.advice.total_minor = total
        self.advice.payer_iban = iban_of(segment.get(8))
        # BPR16; some leave out an empty element before it.
        last = max(0, len(segment.elements) - 1)
        self.advice.payment_date = plain_date(segment.get(15)) or plain_date(
            segment.get(last)
        )

    def _header(self, segment: Segment) -> None:
        advice = self.advice
        if segment.tag == "TRN":
            advice.payment_reference = segment.get(1) or advice.payment_reference
        elif segment.tag == "REF" and segment.get(0) in _PAYMENT_NUMBERS:
            advice.number = advice.number or segment.get(1)
        elif segment.tag == "N1" and segment.get(0) == "PR":
            advice.payer_name = segment.get(1) or None
        elif segment.tag == "DTM" and advice.payment_date is None:
            advice.payment_date = plain_date(segment.get(1))

    # 820

    def _detail(self, segment: Segment) -> None:
        if segment.tag == "RMR":
            self._remit(segment)
        elif segment.tag == "ADX":
            self._adjustment(segment)
        elif segment.tag == "ENT":
            self.noted = None
        elif segment.tag == "REF" and self.remits:
            last = self.remits[-1]
            if not last.is_invoice and segment.get(0) in _INVOICE_NUMBERS:
                last.line.reference = segment.get(1) or last.line.reference
                last.is_invoice = True
        elif segment.tag == "NTE" and self.noted is not None:
            text = segment.get(1)
            said = (self.noted.reason, text)
            self.noted.reason = " ".join(filter(None, said)) or None

    def _remit(self, segment: Segment) -> None:
        kind = segment.get(0)
        line = AdviceLine(segment.get(1) or None, line=segment.line)
        line.amount_minor = self.minor(segment, 3)
        remit = _Remit(line, self.minor(segment, 4), self.minor(segment, 5))
        remit.is_invoice = kind in _INVOICE_NUMBERS
        remit.is_credit = kind in _CREDIT_MEMOS
        self.remits.append(remit)
        self.noted = line

    def _adjustment(self, segment: Segment) -> None:
        minor = self.minor(segment, 0)
        reason = segment.get(1) or None
        if self.remits and self.noted is not None:
            remit = self.remits[-1]
            remit.adjusted_minor += minor or 0
            said = (remit.line.reason, reason)
            remit.line.reason = ", ".join(filter(None, said)) or None
            self.noted = remit.line
            return
        line = AdviceLine(segment.get(3) or None, minor, None, reason, segment.line)
        self.others.append(line)
        self.noted = None

    # 835

    def _claim(self, segment: Segment) -> None:
        if segment.tag == "CLP":
            paid, charged = self.minor(segment, 3), self.minor(segment, 2)
            line = AdviceLine(segment.get(0) or None, paid, line=segment.line)
            self.remits.append(_Remit(line, charged))
            if paid is not None and charged is not None and charged != paid:
                line.deduction_minor = charged - paid
        elif segment.tag == "CAS" and self.remits:
            line = self.remits[-1].line
            group = segment.get(0)
            codes = [segment.get(place) for place in _CAS_TRIPLES]
            known = (line.reason or "").split(", ") if line.reason else []
            said = [f"{group}-{code}" for code in codes if code]
            line.reason = ", ".join(dict.fromkeys([*known, *said])) or None

    def _provider_adjustments(self, segment: Segment) -> None:
        for place in _PLB_PAIRS:
            minor = self.minor(segment, place + 1)
            if minor is None:
                continue
            reference = segment.get(place, 1) or None
            line = AdviceLine(
                reference, -minor, None, segment.get(place) or None, segment.line
            )
            self.others.append(line)

    # Both

    def _settle(self) -> None:
        """Decide what the amounts mean, by the total, and put the lines together."""
        for remit in self.remits:
            self._settle_sign(remit)
        self._unswap()
        advice = self.advice
        advice.lines = [remit.line for remit in self.remits] + self.others
        adjusted = sum(remit.adjusted_minor for remit in self.remits)
        made = advice.lines_minor
        included = made is None or made + adjusted != advice.total_minor
        for remit in self.remits:
            line = remit.line
            if remit.adjusted_minor and line.amount_minor is not None:
                if not included:
                    line.amount_minor += remit.adjusted_minor
                line.deduction_minor = (
                    line.deduction_minor or 0
                ) - remit.adjusted_minor or None

    def _settle_sign(self, remit: _Remit) -> None:
        line = remit.line
        if remit.is_credit and line.amount_minor is not None:
            line.amount_minor = -abs(line.amount_minor)
        if remit.discount_minor:
            sign = -1 if remit.is_credit else 1
            line.deduction_minor = sign * remit.discount_minor
            line.reason = line.reason or "discount"

    def _unswap(self) -> None:
        """Take RMR05 as paid where RMR04 minus RMR06 makes it, and the total agrees."""
        pairs = [
            (remit.line.amount_minor, remit.gross_minor, remit.discount_minor)
            for remit in self.remits
        ]
        if not pairs or any(None in pair for pair in pairs):
            return
        first = sum(pair[0] or 0 for pair in pairs)
        second = sum(pair[1] or 0 for pair in pairs)
        fits = all((a or 0) - (c or 0) == b for a, b, c in pairs)
        others = sum(line.amount_minor or 0 for line in self.others)
        total = self.advice.total_minor
        if fits and first + others != total and second + others == total:
            for remit in self.remits:
                remit.line.amount_minor = remit.gross_minor
            message = (
                f"{self.name}:{self.remits[0].line.line}: RMR04 is the invoice's "
                "amount here, RMR05 what is paid: the total says so"
            )
            self.notices.append(
                Notice("AMOUNTS_SWAPPED", message, line=self.remits[0].line.line)
            )
