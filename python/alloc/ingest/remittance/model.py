"""An advice as it was read, whatever its format; its totals; and its table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from alloc.app.amounts import amount_text
from alloc.app.ports import Notice
from alloc.engine import currency_exponent
from alloc.errors import InputError, LimitError

if TYPE_CHECKING:
    import datetime as dt

__all__ = [
    "AMOUNT_DIGITS_MAX",
    "Advice",
    "AdviceFile",
    "AdviceLine",
    "advice_table",
    "checked",
    "too_large",
    "wrong",
]

AMOUNT_DIGITS_MAX = 15
"""Most digits of an amount in its smallest unit: sums of a million fit 64 bits."""

LINES_MAX = 500_000
"""Most lines that one file may hold."""

_TEXT_MAX = 500

_SCHEMA = pa.schema(
    [
        ("advice", pa.string()),
        ("line_no", pa.int64()),
        ("reference", pa.string()),
        ("amount_minor", pa.int64()),
        ("deduction_minor", pa.int64()),
        ("reason", pa.string()),
        ("payer_name", pa.string()),
        ("payer_iban", pa.string()),
        ("payment_reference", pa.string()),
        ("payment_date", pa.date32()),
        ("currency", pa.string()),
        ("total_minor", pa.int64()),
    ]
)


@dataclass(slots=True)
class AdviceLine:
    """One document that a payment is for.

    Parameters
    ----------
    reference
        Its number as printed; None for an adjustment that names no document.
    amount_minor
        What is paid for it in cash; credit notes and adjustments that lower the
        payment are negative. None where the advice does not say.
    deduction_minor
        What was kept back of it.
    reason
        Why, in the words or codes of the payer.
    line
        Where it stands in the file, from 1.
    """

    reference: str | None
    amount_minor: int | None = None
    deduction_minor: int | None = None
    reason: str | None = None
    line: int = 1


@dataclass(slots=True)
class Advice:
    """One remittance advice.

    Parameters
    ----------
    line
        Where it begins in the file, from 1.
    number
        The payer's number of the advice.
    payment_reference
        What the payment carries too; the number where nothing else is said.
    currency
        ISO 4217; None where the advice does not say: then the amounts are in
        hundredths.
    total_minor
        What is paid, as the advice says.
    lines
        In the order of the file.
    """

    line: int = 1
    number: str | None = None
    payer_name: str | None = None
    payer_iban: str | None = None
    payment_reference: str | None = None
    payment_date: dt.date | None = None
    currency: str | None = None
    total_minor: int | None = None
    lines: list[AdviceLine] = field(default_factory=list)

    @property
    def lines_minor(self) -> int | None:
        """What the lines add up to; None where one of them has no amount."""
        total = 0
        for line in self.lines:
            if line.amount_minor is None:
                return None
            total += line.amount_minor
        return total


@dataclass(slots=True)
class AdviceFile:
    """What a file of advices holds.

    Parameters
    ----------
    format
        ``EDIFACT REMADV``, ``X12 820``, ``X12 835``, ``UBL RemittanceAdvice``,
        ``csv``, ``xlsx``, ``text`` or ``pdf``.
    version
        Version or dialect, as the format has one: ``D.96A EAN010``.
    advices
        In the order of the file; one without lines is among them.
    notices
        What looked odd but could be read.
    """

    format: str
    version: str = ""
    advices: list[Advice] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    @property
    def full_format(self) -> str:
        """Format and version in one text."""
        return f"{self.format} {self.version}".strip()


def wrong(
    name: str, line: int, reason: str, message: str, **metadata: object
) -> InputError:
    """Return an error that names the file and the line."""
    return InputError(
        f"{name}:{line}: {message}", reason=reason, file=name, line=line, **metadata
    )


def too_large(name: str, what: str, limit: int) -> LimitError:
    """Return the error of a file beyond a stated limit."""
    return LimitError(
        f"{name} has more than {limit} {what}; split it",
        reason="ADVICE_TOO_LARGE",
        file=name,
        limit=limit,
    )


def checked(file: AdviceFile, *, name: str) -> AdviceFile:
    """Check what all formats have in common, and note what is odd.

    Raises
    ------
    alloc.errors.InputError
        ``CURRENCY_UNKNOWN``; ``ADVICE_MISSING``: the file holds no advice.
    alloc.errors.LimitError
        ``ADVICE_TOO_LARGE``.
    """
    if not file.advices:
        raise wrong(name, 1, "ADVICE_MISSING", "the file holds no remittance advice")
    if sum(len(advice.lines) for advice in file.advices) > LINES_MAX:
        raise too_large(name, "lines", LINES_MAX)
    for advice in file.advices:
        _check_currency(advice, name)
        for line in advice.lines:
            line.reference = _short(line.reference)
            line.reason = _short(line.reason)
        for said in ("number", "payer_name", "payer_iban", "payment_reference"):
            setattr(advice, said, _short(getattr(advice, said)))
        advice.payment_reference = advice.payment_reference or advice.number
        file.notices.extend(_oddities(advice, name))
    return file


def _short(text: str | None) -> str | None:
    plain = " ".join((text or "").split())
    return plain[:_TEXT_MAX] or None


def _check_currency(advice: Advice, name: str) -> None:
    if advice.currency is not None and currency_exponent(advice.currency) is None:
        raise wrong(
            name,
            advice.line,
            "CURRENCY_UNKNOWN",
            f"{advice.currency!r} is not an ISO 4217 currency",
            field="currency",
            currency=advice.currency,
        )


def _oddities(advice: Advice, name: str) -> list[Notice]:
    key = advice.payment_reference or ""
    place = f"{name}:{advice.line}: "
    if not advice.lines:
        message = f"{place}the advice names no document: there is nothing to match"
        return [Notice("ADVICE_EMPTY", message, key, advice.line)]
    notices = []
    if advice.currency is None:
        message = (
            f"{place}the advice names no currency: its amounts are taken in hundredths"
        )
        notices.append(Notice("CURRENCY_MISSING", message, key, advice.line))
    made = advice.lines_minor
    if made is not None and advice.total_minor not in (None, made):
        message = (
            f"{place}the lines of the advice make "
            f"{_written(made, advice.currency)}, it says "
            f"{_written(advice.total_minor or 0, advice.currency)}: "
            f"{_written(made - (advice.total_minor or 0), advice.currency)} off"
        )
        notices.append(Notice("ADVICE_TOTAL_DIFFERS", message, key, advice.line))
    return notices


def _written(minor: int, currency: str | None) -> str:
    # The decimals of the euro stand for those of a currency that is not named.
    text = amount_text(minor, currency or "EUR")
    return text if currency else text.removesuffix(" EUR")


def advice_table(file: AdviceFile) -> pa.Table:
    """Return lines as `alloc.app.ports.Ledger.import_advices` takes them."""
    rows = [
        {
            "advice": str(key),
            "line_no": line_no,
            "reference": line.reference,
            "amount_minor": line.amount_minor,
            "deduction_minor": line.deduction_minor,
            "reason": line.reason,
            "payer_name": advice.payer_name,
            "payer_iban": advice.payer_iban,
            "payment_reference": advice.payment_reference,
            "payment_date": advice.payment_date,
            "currency": advice.currency,
            "total_minor": advice.total_minor,
        }
        for key, advice in enumerate(file.advices, start=1)
        for line_no, line in enumerate(advice.lines, start=1)
    ]
    return pa.Table.from_pylist(rows, schema=_SCHEMA)
