"""Advices: from the notifications of a bank, and linked to the payment they are for."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.advice_linking import (
    REFERENCES,
    Linker,
    Unclear,
    given,
    payer_keys,
    total_of,
)
from alloc.app.amounts import amount_text
from alloc.app.ports import OPEN_STATES, Notice

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping

    from alloc.app.ports import Ledger

__all__ = [
    "LinkReport",
    "link_advices",
    "notification_advices",
    "report_links",
    "unclear_advices",
]

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

_PAYMENT = [
    "payment_id",
    "entity",
    "booking_date",
    "currency",
    "amount_minor",
    "payer_name",
    "payer_iban",
    "remittance_text",
    *REFERENCES,
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
    own = given(entry["end_to_end_id"])
    # Without a reference of the bank the details of a booking still belong together.
    booking = entry["bank_reference"] or entry["payment_id"].partition("-")[0]
    header = {
        "advice": entry["payment_id"],
        "entity": entities[entry["account"]],
        "payer_name": entry["counterparty_name"],
        "payer_iban": entry["counterparty_iban"],
        "payment_reference": booking if batched or not own else own,
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
        reference though they say another amount; one with the reason for every
        advice that covers several payments but cannot be shared out.
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

    Where none of this holds, several payments of one payer may make up an advice, or
    several advices of one payer a payment, if there is one way to do so. The lines of
    an advice of several payments go to the payment that names their reference, the
    others where amounts leave one way to share them out; else it stays open, whole.

    Entities, currencies and IBANs must agree wherever both are known; an advice
    without currency is in hundredths, and belongs to a currency that has them. What
    fits twice stays open: a later file or a person tells. An advice that said another
    amount than its payment is looked at again while that payment is open.

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
    look = _look(ledger)
    if look is None:
        return LinkReport()
    links = look.linker.links
    notices = [_unclear_notice(one, look) for one in look.linker.unclear]
    if not links:
        return LinkReport(0, tuple(notice for notice in notices if notice))
    table = pa.table(
        {
            "advice_id": pa.array([link.advice_id for link in links], pa.string()),
            "line_no": pa.array([link.line_no for link in links], pa.int64()),
            "payment_id": pa.array([link.payment_id for link in links], pa.string()),
        }
    )
    count = ledger.link_advices(table, now=now)
    told = [*_differing(look), *(notice for notice in notices if notice)]
    return LinkReport(count, tuple(told))


def unclear_advices(ledger: Ledger, payment_id: str) -> list[dict[str, Any]]:
    """Tell the advices that may be for a payment, and why they are not linked to it.

    Returns
    -------
    list of dict
        Rows of `alloc.app.ports.Ledger.advices`, with ``reason`` and ``payments``
        (the ids of all payments that may be meant).
    """
    look = _look(ledger)
    if look is None:
        return []
    rows = {row["advice_id"]: row for row in look.advices}
    return [
        rows[one.advice_id] | {"reason": one.reason, "payments": list(one.payment_ids)}
        for one in look.linker.unclear
        if payment_id in one.payment_ids
    ]


@dataclass(frozen=True, slots=True)
class _Look:
    """The advices that want a payment, the payments that want one, and the pairs."""

    advices: list[Row]
    payments: list[Row]
    linker: Linker


def _look(ledger: Ledger) -> _Look | None:
    waiting = ledger.payments(states=OPEN_STATES)
    again = _to_look_at_again(ledger, waiting)
    advices = [*ledger.advices(linked=False).to_pylist(), *again]
    if not advices:
        return None
    free = {row["payment_id"] for row in again}
    advised = ledger.advised_payments()["payment_id"].to_pylist()
    taken = pa.array([one for one in advised if one not in free], pa.string())
    waiting = waiting.filter(
        pc.invert(pc.is_in(waiting["payment_id"], value_set=taken))
    )
    customers = _customers_by_iban(ledger, advices)
    payments = _worth_a_look(waiting, advices, customers)
    linker = Linker(
        advices,
        payments,
        customers=customers,
        lines_of=lambda advice_id: ledger.advice_lines((advice_id,)).to_pylist(),
    )
    return _Look(advices, payments, linker)


def _to_look_at_again(ledger: Ledger, waiting: pa.Table) -> list[Row]:
    """Return linked advices that say another amount than their open payment."""
    amounts = dict(
        zip(
            waiting["payment_id"].to_pylist(),
            waiting["amount_minor"].to_pylist(),
            strict=True,
        )
    )
    told: dict[str, list[Row]] = defaultdict(list)
    for row in ledger.advices(linked=True).to_pylist():
        if row["payment_id"] in amounts:
            told[row["payment_id"]].append(row)
    return [
        row
        for payment_id, rows in told.items()
        for row in rows
        if all(total_of(one) is not None for one in rows)
        and sum(total_of(one) or 0 for one in rows) != amounts[payment_id]
    ]


def _customers_by_iban(ledger: Ledger, advices: list[Row]) -> dict[str, str]:
    """Return whose account an IBAN is, where an advice names its customer."""
    if all(advice["customer_id"] is None for advice in advices):
        return {}
    customers = ledger.customers().select(["customer_id", "known_ibans"]).to_pylist()
    return {
        iban: row["customer_id"]
        for row in customers
        for iban in row["known_ibans"] or ()
    }


def _differing(look: _Look) -> Iterator[Notice]:
    """Tell the payments whose advices say another amount, when they are linked."""
    rows = {row["advice_id"]: row for row in look.advices}
    told: dict[str, list[Row]] = defaultdict(list)
    for link in look.linker.links:
        if link.line_no is None and link.payment_id is not None:
            told[link.payment_id].append(rows[link.advice_id])
    for payment in sorted(look.payments, key=lambda row: str(row["payment_id"])):
        group = told.get(payment["payment_id"], [])
        totals = [total_of(advice) for advice in group]
        known = [total for total in totals if total is not None]
        if not group or len(known) < len(totals):
            continue
        if all(advice["payment_id"] == payment["payment_id"] for advice in group):
            continue  # said before
        if sum(known) != payment["amount_minor"]:
            currency, key = payment["currency"], group[0]["payment_reference"] or ""
            yield Notice(
                "ADVICE_AMOUNT_DIFFERS",
                f"the advice {key} says {amount_text(sum(known), currency)}, its "
                f"payment {payment['payment_id']} is "
                f"{amount_text(payment['amount_minor'], currency)}: a person decides",
                key,
            )


def _unclear_notice(unclear: Unclear, look: _Look) -> Notice | None:
    """Tell an advice of several payments that cannot be shared out among them."""
    if unclear.reason == "ADVICE_AMBIGUOUS":
        return None
    advice = next(row for row in look.advices if row["advice_id"] == unclear.advice_id)
    ids = set(unclear.payment_ids)
    mine = [row for row in look.payments if row["payment_id"] in ids]
    currency = mine[0]["currency"]
    named = " and ".join(
        f"{row['payment_id']} ({amount_text(row['amount_minor'], currency)})"
        for row in mine
    )
    why = (
        "but which line is for which payment is not certain"
        if unclear.reason == "ADVICE_SPLIT_UNCLEAR"
        else f"but its lines make {amount_text(advice['lines_minor'] or 0, currency)}"
    )
    name = advice["payment_reference"] or advice["advice_id"]
    return Notice(
        unclear.reason,
        f"the advice {name} of {amount_text(total_of(advice) or 0, currency)} is for "
        f"the payments {named}, {why}: a person decides",
        name,
    )


def _worth_a_look(
    payments: pa.Table, advices: list[Row], customers: Mapping[str, str]
) -> list[Row]:
    """Keep the payments that share an amount, a reference or a payer with an advice."""
    totals = pa.array([total_of(advice) for advice in advices], pa.int64())
    grouped: dict[str, int] = defaultdict(int)
    for advice in advices:
        grouped[given(advice["payment_reference"])] += total_of(advice) or 0
    sums = pa.array([*totals.to_pylist(), *grouped.values()], pa.int64())
    said = pa.array([given(advice["payment_reference"]) for advice in advices])
    keep = pc.is_in(payments["amount_minor"], value_set=sums)
    for name in REFERENCES:
        upper = pc.utf8_upper(pc.fill_null(payments[name], ""))
        plain = pc.replace_substring_regex(upper, "[^0-9A-Z]", "")
        shares = pc.and_(pc.not_equal(plain, ""), pc.is_in(plain, value_set=said))
        keep = pc.or_(keep, shares)
    wanted = {key for advice in advices for key in payer_keys(advice, customers)}
    rows = payments.select(_PAYMENT).append_column("keep", keep).to_pylist()
    return [
        row
        for row in rows
        if row.pop("keep") or any(key in wanted for key in payer_keys(row, customers))
    ]
