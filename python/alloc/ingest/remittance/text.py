"""Advices in plain text: e-mails, lockbox slips, the text of a PDF."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alloc.app.ports import Notice
from alloc.engine import currency_exponent
from alloc.ingest.remittance.model import (
    Advice,
    AdviceFile,
    AdviceLine,
    checked,
    too_large,
    wrong,
)
from alloc.ingest.remittance.prose import (
    decimal_mark,
    decode_text,
    find_amounts,
    find_date,
    folded,
    label_of,
    written_minor,
)
from alloc.ingest.remittance.values import iban_of
from alloc.ingest.remittance.words import (
    CREDIT_WORDS,
    PAYMENT_WORDS,
    is_total,
    label_target,
)

if TYPE_CHECKING:
    from alloc.ingest.remittance.prose import Written

__all__ = ["is_text_advice", "parse_text", "read_text"]

TEXT_BYTES_MAX = 4 << 20
"""Largest text that is read as an advice."""

_LINE_MAX = 1000
_MIME = re.compile(
    rb"\A(?:[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?(?:MIME-Version|Content-Type):",
    re.IGNORECASE,
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[0-9A-Z]{2,4}){3,8}\b")
_KEYWORD = re.compile(
    r"\b(?:factures?|invoices?|rechnung(?:snummer|snr)?|inv|fact|avoir|gutschrift|"
    r"credit (?:note|memo)|beleg(?:nummer)?|document|doc)\b\.?[ :#]*"
    r"(?:(?:n[o\u00b0\u00ba]?|nr|number)[.:\u00b0 #]+)?"
    r"(?P<number>[0-9A-Z][\w./-]*)",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"(?<![\w.,/-])[0-9A-Za-z][\w./-]*")
_DATE = re.compile(r"\d{1,4}([./-])\d{1,2}\1\d{1,4}")
_REFERENCE_MIN = 3
_SEPARATED = (";", "\t", "|")
_TABLE_FIELDS_MIN = 3


@dataclass(slots=True)
class _Item:
    """A line that names a document, with its amounts."""

    line: int
    reference: str
    amounts: list[Written]
    text: str


@dataclass(slots=True)
class _Kept:
    """A deduction, and the text beside it."""

    line: int
    amount: Written
    text: str


@dataclass(slots=True)
class _Text:
    """What the lines of a text say, before the amounts are understood."""

    advice: Advice = field(default_factory=Advice)
    items: list[_Item] = field(default_factory=list)
    named: list[AdviceLine] = field(default_factory=list)
    kept: list[_Kept] = field(default_factory=list)
    totals: list[tuple[int, Written]] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)
    currencies: set[str] = field(default_factory=set)
    about_payment: bool = False

    @property
    def numbers(self) -> list[str]:
        found = [written for item in self.items for written in item.amounts]
        found += [one.amount for one in self.kept] + [one for _, one in self.totals]
        return [one.number for one in found]


def read_text(data: bytes, *, name: str) -> AdviceFile:
    """Read a plain text, or an e-mail as it was sent, as one advice.

    Every line with a reference and an amount is a line of the advice; a line of the
    total, of a deduction, of the payment's date, reference or payer is told by its
    first words. Where lines have several amounts, the total says which is paid.

    Raises
    ------
    alloc.errors.InputError
        ``ADVICE_MISSING``; ``AMOUNTS_UNCLEAR``: which amount is paid is not said;
        ``AMOUNT_AMBIGUOUS``; ``CURRENCY_MIXED``; names the line.
    """
    if len(data) > TEXT_BYTES_MAX:
        raise too_large(name, "bytes", TEXT_BYTES_MAX)
    file = AdviceFile("text")
    text = _body(data, file, name)
    return parse_text(text, file, name=name)


def is_text_advice(head: bytes) -> bool:
    """Tell whether the beginning of a file reads as an advice in plain text."""
    text = _body(head, AdviceFile("text"), "")
    if _is_table(text):
        return False
    said = _gather(text)
    named = said.items or (said.named and said.totals)
    return bool(named) and said.about_payment


def _is_table(text: str) -> bool:
    lines = [line for line in text.splitlines()[:50] if line.strip()]
    if not lines:
        return False
    for mark in (*_SEPARATED, ","):
        wide = [line for line in lines if line.count(mark) >= _TABLE_FIELDS_MIN - 1]
        # A comma is also a decimal mark: there, a line of headings must come first.
        headed = mark != "," or not any(char.isdigit() for char in lines[0])
        if headed and lines[0] in wide and len(wide) * 2 > len(lines):
            return True
    return False


def _body(data: bytes, file: AdviceFile, name: str) -> str:
    """Return the text of an e-mail as it was sent, else the text itself."""
    if not _MIME.match(data[:65536].replace(b"\r\n", b"\n")):
        return decode_text(data)
    message = email.message_from_bytes(data, policy=email.policy.compat32)
    headers = [f"{key}: {message[key]}" for key in ("From", "Subject") if message[key]]
    texts = []
    for part in message.walk():
        if part.is_multipart():
            continue
        attached = part.get_filename()
        if attached or part.get_content_type() != "text/plain":
            said = f"{name}: the part {attached or part.get_content_type()} is not read"
            file.notices.append(Notice("ATTACHMENT_LEFT_OUT", said[:300]))
            continue
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            texts.append(decode_text(content))
    return "\n".join([*headers, "", *texts])


def parse_text(text: str, file: AdviceFile, *, name: str) -> AdviceFile:
    """Read a text as one advice into a file; see `read_text`."""
    said = _gather(text)
    advice = said.advice
    if not said.items and not said.named:
        raise wrong(
            name,
            1,
            "ADVICE_MISSING",
            "no line names a document and what is paid for it",
        )
    if len(said.currencies) > 1:
        codes = ", ".join(sorted(said.currencies))
        raise wrong(
            name, 1, "CURRENCY_MIXED", f"one advice in several currencies: {codes}"
        )
    advice.currency = advice.currency or next(iter(said.currencies), None)
    reader = _Amounts(advice.currency, decimal_mark(said.numbers), name)
    if said.totals:
        # The last one is the whole; those before it are parts of it.
        line, written = said.totals[-1]
        advice.total_minor = reader.minor(written, line)
    advice.lines = reader.lines(said.items, advice.total_minor) or said.named
    _deduct(said, reader, file, name)
    for line in said.unread:
        message = f"{name}:{line}: an amount without a reference was not read"
        file.notices.append(Notice("LINE_UNREAD", message, line=line))
    file.advices.append(advice)
    return checked(file, name=name)


# Lines


def _gather(text: str) -> _Text:
    said = _Text()
    for number, row in enumerate(text.splitlines(), start=1):
        line = row[:_LINE_MAX].strip()
        if not line:
            continue
        if not said.about_payment and PAYMENT_WORDS.search(folded(line)):
            said.about_payment = True
        if found := _IBAN.search(line):
            said.advice.payer_iban = said.advice.payer_iban or iban_of(found[0])
            line = line.replace(found[0], " ")
        _line(said, line, number)
    return said


def _line(said: _Text, line: str, number: int) -> None:
    label, value = label_of(line)
    target = label_target(label) if label else None
    amounts = [one for one in find_amounts(line) if one.is_amount]
    said.currencies.update(one.currency for one in amounts if one.currency)
    if target is None and is_total(line):
        target = "total"
    if target is None and not label and label_target(folded(line)) == "deduction":
        target, value = "deduction", line
    if target == "total":
        said.totals.extend((number, one) for one in amounts[-1:])
    elif target == "deduction" and amounts:
        rest = find_amounts(value)
        text = value[rest[0].end :] if rest and label else line[: amounts[0].start]
        said.kept.append(_Kept(number, amounts[-1], text.strip(" .:;,-") or label))
    elif target == "invoices" and not amounts:
        tokens = _references(value)
        said.named.extend(AdviceLine(token, line=number) for token in tokens)
    elif target is not None and target not in ("deduction", "invoices"):
        _header(said.advice, target, value)
    elif amounts:
        _item(said, line, number, amounts)


def _header(advice: Advice, target: str, value: str) -> None:
    if target == "payment_date":
        advice.payment_date = advice.payment_date or find_date(value)
    elif target == "currency":
        code = value[:3].upper()
        advice.currency = code if currency_exponent(code) is not None else None
    elif getattr(advice, target) is None:
        setattr(advice, target, value or None)


def _item(said: _Text, line: str, number: int, amounts: list[Written]) -> None:
    rest = line
    for one in amounts:
        rest = rest[: one.start] + " " * (one.end - one.start) + rest[one.end :]
    references = _references(rest[: amounts[0].start]) or _references(rest)
    if references:
        said.items.append(_Item(number, references[0], amounts, line))
    else:
        said.unread.append(number)


def _references(text: str) -> list[str]:
    """Return the numbers of documents in a text: named ones, else all that look so."""
    named = [match["number"] for match in _KEYWORD.finditer(text)]
    tokens = [token for token in named if _is_reference(token)]
    if not tokens:
        tokens = [token for token in _TOKEN.findall(text) if _is_reference(token)]
    return list(dict.fromkeys(token.rstrip("./-") for token in tokens))


def _is_reference(token: str) -> bool:
    plain = token.rstrip("./-")
    digits = any(char.isdigit() for char in plain)
    return digits and len(plain) >= _REFERENCE_MIN and not _DATE.fullmatch(plain)


# Amounts


@dataclass(frozen=True, slots=True)
class _Amounts:
    """Understands the amounts of one text."""

    currency: str | None
    mark: str
    name: str

    def minor(self, written: Written, line: int) -> int:
        minor = written_minor(
            written.number, self.currency, mark=self.mark, name=self.name, line=line
        )
        return -minor if written.negative else minor

    def lines(self, items: list[_Item], total: int | None) -> list[AdviceLine]:
        rows = [[self.minor(one, item.line) for one in item.amounts] for item in items]
        paid, kept = self._choose(items, rows, total)
        signs = [-1 if CREDIT_WORDS.search(folded(item.text)) else 1 for item in items]
        signed = [
            -abs(amount) if sign < 0 else amount
            for amount, sign in zip(paid, signs, strict=True)
        ]
        if total is not None and sum(paid) == total != sum(signed):
            signed = paid
        return [
            AdviceLine(item.reference, amount, deduction or None, None, item.line)
            for item, amount, deduction in zip(items, signed, kept, strict=True)
        ]

    def _choose(
        self, items: list[_Item], rows: list[list[int]], total: int | None
    ) -> tuple[list[int], list[int]]:
        """Return what is paid and what is kept back of each line."""
        none = [0] * len(rows)
        if all(len(row) == 1 for row in rows):
            return [row[0] for row in rows], none
        width = len(rows[0])
        if all(len(row) == width for row in rows):
            columns = [list(column) for column in zip(*rows, strict=True)]
            fitting = [column for column in columns[::-1] if sum(column) == total]
            if _net_of(columns) and (total is None or sum(columns[-1]) == total):
                return columns[-1], [abs(minor) for minor in columns[-2]]
            if fitting:
                return fitting[0], none
        last = [row[-1] for row in rows]
        if total is not None and sum(last) == total:
            return last, none
        unclear = next(item for item in items if len(item.amounts) > 1)
        raise wrong(
            self.name,
            unclear.line,
            "AMOUNTS_UNCLEAR",
            f"{len(unclear.amounts)} amounts stand here, and no total says which of "
            "them is paid",
            field="amount",
        )


_NET_COLUMNS = 3


def _net_of(columns: list[list[int]]) -> bool:
    """Tell whether the last column is the one before the deductions, minus them."""
    return len(columns) >= _NET_COLUMNS and all(
        gross - abs(kept) == net
        for gross, kept, net in zip(*columns[-_NET_COLUMNS:], strict=True)
    )


def _deduct(said: _Text, reader: _Amounts, file: AdviceFile, name: str) -> None:
    """Give each deduction to the line that it names, to the only line, or its own."""
    lines = said.advice.lines
    for kept in said.kept:
        minor = abs(reader.minor(kept.amount, kept.line))
        reason = kept.text or None
        named = [
            line for line in lines if line.reference and line.reference in kept.text
        ]
        owners = named or (lines if len(lines) == 1 else [])
        if owners:
            owners[0].deduction_minor = (owners[0].deduction_minor or 0) + minor
            owners[0].reason = reason
        elif said.advice.lines_minor == said.advice.total_minor:
            message = f"{name}:{kept.line}: the deduction is of no line that is named"
            file.notices.append(Notice("LINE_UNREAD", message, line=kept.line))
        else:
            lines.append(AdviceLine(None, -minor, None, reason, kept.line))
