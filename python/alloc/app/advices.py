"""Advices: from the notifications of a bank, and linked to the payment they are for."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.amounts import amount_text
from alloc.app.ports import OPEN_STATES, Notice
from alloc.engine import currency_exponent

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping

    from alloc.app.ports import Ledger

__all__ = [
    "ADVICE_DAYS_MAX",
    "LinkReport",
    "link_advices",
    "notification_advices",
    "report_links",
]

ADVICE_DAYS_MAX = 10
"""How many days may lie between the date on an advice and the booking of the money,
when only the total tells that they belong together."""

REFERENCE_CHARACTERS_MIN = 6
"""The least of a payment reference that is looked for inside the text of a payment."""

_HUNDREDTHS = 2
_NO_REFERENCE = frozenset({"", "NOTPROVIDED", "NONREF", "NONE", "NA"})

_LINES = pa.schema(
    [
        ("advice", pa.string()),
        ("line_no", pa.int64()),
        ("reference", pa.string()),
        ("amount_minor", pa.int64()),
        ("deduction_minor", pa.int64()),
        ("reason", pa.string()),
        ("entity", pa.string()),
        ("payer_name", pa.string()),
        ("payer_iban", pa.string()),
        ("payment_reference", pa.string()),
        ("payment_date", pa.date32()),
        ("currency", pa.string()),
        ("total_minor", pa.int64()),
    ]
)

_REFERENCES = ("end_to_end_id", "bank_reference", "creditor_reference")
_PAYMENT = [
    "payment_id",
    "entity",
    "booking_date",
    "currency",
    "amount_minor",
    "payer_iban",
    "remittance_text",
    *_REFERENCES,
]

Row = dict[str, Any]


# From notifications


def notification_advices(
    statements: pa.Table,
    entries: pa.Table,
    references: pa.Table,
    entities: Mapping[str, str],
) -> pa.Table:
    """Turn the credits of bank notifications (camt.054) into advices.

    A notification is no money: it tells what a booking of the statement is made of.
    Its details that name documents, and every detail of a booking of several, become
    one advice each; the details of one booking share its bank reference.

    Parameters
    ----------
    statements, entries, references
        Tables of `alloc.app.ports.BankTables`.
    entities
        Account -> entity.

    Returns
    -------
    pyarrow.Table
        Lines as `alloc.app.ports.Ledger.import_advices` takes them.
    """
    is_notification = pc.equal(statements["kind"], "notification")
    told = statements.filter(is_notification)["statement_index"]
    credits_ = entries.filter(
        pc.and_(
            pc.is_in(entries["statement_index"], value_set=told.combine_chunks()),
            pc.and_(
                pc.greater(entries["amount_minor"], 0), pc.invert(entries["reversal"])
            ),
        )
    )
    documents: dict[str, list[Row]] = defaultdict(list)
    if credits_.num_rows:
        for row in references.to_pylist():
            documents[row["payment_id"]].append(row)
    lines = [
        line
        for entry in credits_.to_pylist()
        for line in _notified(entry, documents, entities)
    ]
    return pa.Table.from_pylist(lines, schema=_LINES)


def _notified(
    entry: Row, documents: Mapping[str, list[Row]], entities: Mapping[str, str]
) -> Iterator[Row]:
    batched = entry["detail_count"] > 1
    named = documents.get(entry["payment_id"], [])
    if not named and batched:
        text = " ".join(entry["remittance_text"] or [])
        said = entry["creditor_reference"] or text or entry["end_to_end_id"]
        named = [{"reference": said, "amount_minor": entry["amount_minor"]}]
    own = _given(entry["end_to_end_id"])
    header = {
        "advice": entry["payment_id"],
        "entity": entities[entry["account"]],
        "payer_name": entry["counterparty_name"],
        "payer_iban": entry["counterparty_iban"],
        "payment_reference": entry["bank_reference"] if batched or not own else own,
        "payment_date": entry["booking_date"],
        "currency": entry["currency"],
        "total_minor": entry["amount_minor"],
    }
    for number, line in enumerate(named, start=1):
        yield {
            **header,
            "line_no": number,
            "reference": line["reference"],
            "amount_minor": line["amount_minor"],
            "deduction_minor": line.get("deduction_minor"),
            "reason": line.get("reason"),
        }


# Linking


@dataclass(frozen=True, slots=True)
class LinkReport:
    """What linking did.

    Parameters
    ----------
    linked
        How many advices.
    notices
        One (``ADVICE_AMOUNT_DIFFERS``) for every payment that its advices name by
        reference though they say another amount.
    """

    linked: int = 0
    notices: tuple[Notice, ...] = ()


def link_advices(ledger: Ledger, *, now: dt.datetime) -> int:
    """Link open advices and return how many were linked; see `report_links`."""
    return report_links(ledger, now=now).linked


def report_links(ledger: Ledger, *, now: dt.datetime) -> LinkReport:
    """Link the open advices to the payments they are for, where that is certain.

    An advice belongs to a payment that

    1. carries its payment reference (end-to-end id, bank or creditor reference): the
       only one, or the only one of its total; advices that share a reference go to
       one payment together when their totals make up its amount;
    2. names its payment reference in the text, and has its total;
    3. has its total, within `ADVICE_DAYS_MAX` days of its date or from the same
       IBAN, and no other open payment or advice fits.

    Entities, currencies and IBANs must agree wherever both are known; an advice
    without currency is in hundredths, and belongs to a currency that has them. What
    fits twice stays open: a later file or a person tells.

    Parameters
    ----------
    ledger
        Open for writing.
    now
        Time of the link, UTC.

    Returns
    -------
    LinkReport
    """
    advices = ledger.advices(linked=False).to_pylist()
    if not advices:
        return LinkReport()
    taken = ledger.advices(linked=True)["payment_id"]
    waiting = _worth_a_look(ledger.payments(states=OPEN_STATES), advices)
    waiting = waiting.filter(
        pc.invert(pc.is_in(waiting["payment_id"], value_set=taken.combine_chunks()))
    )
    payments = waiting.to_pylist()
    links = sorted(_Linker(advices, payments).links().items())
    if not links:
        return LinkReport()
    advice_ids, payment_ids = zip(*links, strict=True)
    table = pa.table({"advice_id": advice_ids, "payment_id": payment_ids})
    count = ledger.link_advices(table, now=now)
    return LinkReport(count, tuple(_differing(dict(links), advices, payments)))


def _differing(
    links: Mapping[Any, str], advices: list[Row], payments: list[Row]
) -> Iterator[Notice]:
    """Tell the payments whose advices say another amount."""
    told: dict[str, list[Row]] = defaultdict(list)
    for advice in sorted(advices, key=lambda row: str(row["advice_id"])):
        if advice["advice_id"] in links:
            told[links[advice["advice_id"]]].append(advice)
    for payment in sorted(payments, key=lambda row: str(row["payment_id"])):
        group = told.get(payment["payment_id"], [])
        totals = [_total(advice) for advice in group]
        known = [total for total in totals if total is not None]
        if not group or len(known) < len(totals):
            continue
        if sum(known) != payment["amount_minor"]:
            currency, key = payment["currency"], group[0]["payment_reference"] or ""
            yield Notice(
                "ADVICE_AMOUNT_DIFFERS",
                f"the advice {key} says {amount_text(sum(known), currency)}, its "
                f"payment {payment['payment_id']} is "
                f"{amount_text(payment['amount_minor'], currency)}: a person decides",
                key,
            )


def _worth_a_look(payments: pa.Table, advices: list[Row]) -> pa.Table:
    """Keep the payments that share an amount or a reference with an advice."""
    totals = pa.array([_total(advice) for advice in advices], pa.int64())
    said = pa.array([_given(advice["payment_reference"]) for advice in advices])
    keep = pc.is_in(payments["amount_minor"], value_set=totals)
    for name in _REFERENCES:
        upper = pc.utf8_upper(pc.fill_null(payments[name], ""))
        plain = pc.replace_substring_regex(upper, "[^0-9A-Z]", "")
        shares = pc.and_(pc.not_equal(plain, ""), pc.is_in(plain, value_set=said))
        keep = pc.or_(keep, shares)
    return payments.filter(keep).select(_PAYMENT)


class _Linker:
    """Pairs advices with payments, surest first."""

    def __init__(self, advices: list[Row], payments: list[Row]) -> None:
        self.advices = sorted(advices, key=lambda row: str(row["advice_id"]))
        self.by_reference: dict[str, list[Row]] = defaultdict(list)
        self.by_amount: dict[int, list[Row]] = defaultdict(list)
        for row in payments:
            said = (row[name] for name in _REFERENCES)
            for reference in sorted({_given(text) for text in said} - {""}):
                self.by_reference[reference].append(row)
            self.by_amount[row["amount_minor"]].append(row)
        self.found: dict[Any, str] = {}
        self.taken: set[str] = set()

    def links(self) -> dict[Any, str]:
        """Return advice_id -> payment_id."""
        sharing: dict[str, list[Row]] = defaultdict(list)
        for advice in self.advices:
            sharing[_given(advice["payment_reference"])].append(advice)
        for reference, group in sorted(sharing.items()):
            if reference:
                self._link_reference(group, self.by_reference.get(reference, []))
        self._link_pairs(_names_in_text)
        self._link_pairs(_tells_by_total)
        return self.found

    def _link(self, advice: Row, payment: Row) -> None:
        self.found[advice["advice_id"]] = payment["payment_id"]
        self.taken.add(payment["payment_id"])

    def _link_reference(self, group: list[Row], payments: list[Row]) -> None:
        """Link advices that share a payment reference to payments that carry it."""
        fits = [row for row in payments if all(_agrees(one, row) for one in group)]
        if len(group) == len(fits) == 1:
            self._link(group[0], fits[0])
            return
        pairs = [
            (advice, payment)
            for advice in group
            for payment in fits
            if _total(advice) == payment["amount_minor"]
        ]
        totals = [_total(advice) or 0 for advice in group]
        if len(fits) == 1 and sum(totals) == fits[0]["amount_minor"]:
            for advice in group:
                self._link(advice, fits[0])
        elif len(fits) == 1 and pairs:
            # The same advice in several forms: the one that says most.
            best = max(pairs, key=lambda pair: pair[0]["line_count"])
            self._link(*best)
        else:
            self._link_unique(pairs)

    def _link_pairs(self, fits: Callable[[Row, Row], bool]) -> None:
        self._link_unique(
            [
                (advice, payment)
                for advice in self.advices
                if advice["advice_id"] not in self.found
                for payment in self.by_amount.get(_total(advice) or 0, [])
                if payment["payment_id"] not in self.taken
                and _agrees(advice, payment)
                and fits(advice, payment)
            ]
        )

    def _link_unique(self, pairs: list[tuple[Row, Row]]) -> None:
        """Link the pairs of which neither side is in another pair."""
        advices = Counter(advice["advice_id"] for advice, _ in pairs)
        payments = Counter(payment["payment_id"] for _, payment in pairs)
        for advice, payment in pairs:
            alone = advices[advice["advice_id"]] == payments[payment["payment_id"]] == 1
            if alone:
                self._link(advice, payment)


def _given(reference: str | None) -> str:
    """Bring a reference into the form in which references are compared."""
    plain = re.sub(r"[^0-9A-Z]", "", (reference or "").upper())
    return "" if plain in _NO_REFERENCE else plain


def _total(advice: Row) -> int | None:
    total: int | None = advice["total_minor"]
    return advice["lines_minor"] if total is None else total


def _agrees(advice: Row, payment: Row) -> bool:
    """Tell whether nothing that both know speaks against the pair."""
    hundredths = currency_exponent(payment["currency"]) == _HUNDREDTHS
    if advice["currency"] is None and not hundredths:
        return False
    return all(
        advice[name] is None or payment[name] is None or advice[name] == payment[name]
        for name in ("entity", "currency", "payer_iban")
    )


def _names_in_text(advice: Row, payment: Row) -> bool:
    reference = _given(advice["payment_reference"])
    text = _given(" ".join(payment["remittance_text"] or []))
    return len(reference) >= REFERENCE_CHARACTERS_MIN and reference in text


def _tells_by_total(advice: Row, payment: Row) -> bool:
    told = advice["payment_date"]
    if told is None:
        return (
            advice["payer_iban"] is not None
            and advice["payer_iban"] == payment["payer_iban"]
        )
    days = abs((payment["booking_date"] - told).days)
    return bool(days <= ADVICE_DAYS_MAX)
