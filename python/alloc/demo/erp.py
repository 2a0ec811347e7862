"""Writes what the accounting systems export: open items, customers, suppliers.

Two systems of two makers: *Volant* exports CSV in French (ISO-8859-15, decimal comma,
debit and credit columns), *Carrus* exports workbooks in English (one signed amount).
"""

from __future__ import annotations

import io
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import xlsxwriter

from alloc.demo.bank_numbers import vat_number
from alloc.demo.items import draw_items
from alloc.demo.plan import day_number, from_day_number, structured_reference
from alloc.demo.streams import integers, stream
from alloc.demo.texts import Message, mentions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alloc.demo.plan import Plan

ENCODING = "iso-8859-15"
VOLANT_COLUMNS = (
    "Société", "Compte", "Code client", "Nom du client", "N° écriture", "N° facture",
    "Nature", "Date facture", "Échéance", "Montant initial", "dont TVA", "Débit",
    "Crédit", "Devise", "Litige",
)  # fmt: skip
CARRUS_COLUMNS = (
    "Company", "Customer No.", "Customer Name", "Entry No.", "Document No.",
    "Payment Reference", "Document Type", "Posting Date", "Due Date", "Currency Code",
    "Original Amount", "Remaining Amount", "On Hold",
)  # fmt: skip
CUSTOMER_COLUMNS = (
    "Code client", "Nom", "Catégorie", "SIREN", "N° TVA", "IBAN", "Autre nom",
    "Code fournisseur", "Adresse",
)  # fmt: skip
SUPPLIER_COLUMNS = (
    "Société", "Compte", "Fournisseur", "Nom du fournisseur", "N° écriture",
    "N° facture fournisseur", "Nature", "Date facture", "Échéance", "Débit", "Crédit",
    "Devise",
)  # fmt: skip
ADVICE_COLUMNS = (
    "Bordereau", "Payeur", "IBAN payeur", "Date de règlement", "Montant réglé",
    "Votre facture", "Date facture", "Montant", "Retenue", "Motif",
)  # fmt: skip
CUSTOMER_TYPES = ("Particulier", "Société", "Revendeur pièces", "Loueur", "Assureur")
VOLANT_KINDS = ("FAC", "FAC", "FAC", "AVO", "ACO")
CARRUS_KINDS = ("Invoice", "Invoice", "Invoice", "Credit Memo", "Prepayment")
VOLANT_FIRST_COMPANY = 101
"""Volant numbers companies; the profile says which entity each number is."""

_SUPPLIER_SHARE = 60
_SUPPLIER_TERM = 30
_CREATED = datetime(2026, 1, 1)  # noqa: DTZ001 - a workbook's date has no zone
_WIDE = 18
_EXCEL_EPOCH_DAYS = 25_569
"""Days from 1899-12-30, where Excel's count starts, to 1970-01-01."""


def french(minor: int) -> str:
    """Write cents with a decimal comma and blanks between thousands.

    Examples
    --------
    >>> french(-123456789)
    '-1 234 567,89'
    """
    whole, cents = divmod(abs(minor), 100)
    grouped = f"{whole:,}".replace(",", " ")
    return f"{'-' if minor < 0 else ''}{grouped},{cents:02d}"


def csv_bytes(
    header: Sequence[str], rows: Iterable[Sequence[str]], encoding: str = ENCODING
) -> bytes:
    """Compose a CSV file with `;` and CRLF; no field may hold one of these."""
    lines = [";".join(header), *(";".join(row) for row in rows)]
    return ("\r\n".join(lines) + "\r\n").encode(encoding)


def _day(days: int) -> str:
    return f"{from_day_number(days):%d/%m/%Y}"


def volant_items(plan: Plan, rows: Sequence[int]) -> bytes:
    """Write open items of the entities on Volant, as CSV.

    Parameters
    ----------
    plan
        The decided period.
    rows
        Rows of ``plan.items``, all of entities on Volant.

    Returns
    -------
    bytes
        ISO-8859-15; a debit is owed to us, a credit is owed by us.
    """
    items, customers = plan.items, plan.customers
    lines = []
    for row in rows:
        customer, open_minor = int(items.customer[row]), int(items.open[row])
        original = int(items.original[row])
        lines.append(
            (
                str(int(items.entity[row]) + VOLANT_FIRST_COMPANY),
                "411000",
                customers.ids[customer][1:],
                customers.names[customer],
                plan.item_ids[row],
                plan.references[row],
                VOLANT_KINDS[items.kind[row]],
                _day(int(items.issue[row])),
                _day(int(items.due[row])),
                french(original),
                french(original - int(items.net[row])),
                french(open_minor) if open_minor > 0 else "",
                french(-open_minor) if open_minor < 0 else "",
                "EUR",
                "O" if items.disputed[row] else "N",
            )
        )
    return csv_bytes(VOLANT_COLUMNS, lines)


def carrus_items(plan: Plan, rows: Sequence[int]) -> bytes:
    """Write open items of the entities on Carrus, as a workbook.

    Parameters
    ----------
    plan
        The decided period.
    rows
        Rows of ``plan.items``, all of entities on Carrus.

    Returns
    -------
    bytes
        XLSX: two lines of title, the header in line 4, dates and amounts as numbers.
    """
    items, customers = plan.items, plan.customers
    buffer = io.BytesIO()
    workbook = xlsxwriter.Workbook(
        buffer, {"in_memory": True, "constant_memory": False}
    )
    workbook.set_properties({"title": "Customer open items", "created": _CREATED})
    dates = workbook.add_format({"num_format": "dd/mm/yyyy"})
    money = workbook.add_format({"num_format": "#,##0.00"})
    sheet = workbook.add_worksheet("Open items")
    sheet.set_column(0, len(CARRUS_COLUMNS) - 1, _WIDE)
    sheet.write_string(0, 0, "Carrus - customer ledger entries, remaining amounts")
    for column, title in enumerate(CARRUS_COLUMNS):
        sheet.write_string(3, column, title)
    for line, row in enumerate(rows, start=4):
        customer = int(items.customer[row])
        texts = (
            plan.entities[int(items.entity[row])].id,
            customers.ids[customer],
            customers.names[customer],
            plan.item_ids[row],
            plan.references[row],
            structured_reference(row),
            CARRUS_KINDS[items.kind[row]],
        )
        for column, text in enumerate(texts):
            sheet.write_string(line, column, text)
        for column, days in ((7, items.issue[row]), (8, items.due[row])):
            sheet.write_number(line, column, int(days) + _EXCEL_EPOCH_DAYS, dates)
        sheet.write_string(line, 9, "EUR")
        for column, minor in ((10, items.original[row]), (11, items.open[row])):
            amount = Decimal(int(minor)).scaleb(-2)
            sheet.write_number(line, column, amount, money)
        sheet.write_string(line, 12, "Yes" if items.disputed[row] else "")
    workbook.close()
    return buffer.getvalue()


def customer_file(plan: Plan) -> bytes:
    """Write the group's customer file, as CSV."""
    customers = plan.customers
    rows = (
        (
            customers.ids[row][1:],
            customers.names[row],
            CUSTOMER_TYPES[customers.types[row]],
            customers.sirens[row],
            vat_number(customers.sirens[row]) if customers.sirens[row] else "",
            customers.ibans[row] if customers.iban_listed[row] else "",
            customers.aliases[row],
            customers.supplier_ids[row],
            customers.addresses[row],
        )
        for row in range(len(customers))
    )
    return csv_bytes(CUSTOMER_COLUMNS, rows)


def supplier_items(plan: Plan) -> bytes:
    """Write what the group owes: items of suppliers, some of whom are customers too."""
    customers = plan.customers
    rng = stream(plan.seed, "supplier items")
    both = np.flatnonzero([bool(supplier) for supplier in customers.supplier_ids])
    count = max(len(both), plan.size.standing // _SUPPLIER_SHARE)
    owner = both[rng.integers(0, len(both), count)]
    items = draw_items(
        rng,
        customers,
        owner,
        rng.integers(0, len(plan.entities), count, dtype=np.int64),
        issue=day_number(plan.days[0]) - integers(rng, 5, 40, count),
    )
    rows = (
        (
            str(int(items.entity[row]) + VOLANT_FIRST_COMPANY),
            "401000",
            customers.supplier_ids[owner[row]],
            customers.names[owner[row]],
            f"S{900_001 + row}",
            f"{items.draw[row] % 10**6:06d}",
            "FF",
            _day(int(items.issue[row])),
            _day(int(items.issue[row]) + _SUPPLIER_TERM),
            "",
            french(int(items.open[row])),
            "EUR",
        )
        for row in range(count)
    )
    return csv_bytes(SUPPLIER_COLUMNS, rows)


def advice_file(
    plan: Plan, payments: Sequence[int], messages: Sequence[Message]
) -> bytes:
    """Write remittance advices as one CSV file.

    Parameters
    ----------
    plan
        The decided period.
    payments
        Rows of ``plan.payments``.
    messages
        What travels with each of them.

    Returns
    -------
    bytes
        UTF-8; one line per invoice, credit notes negative.
    """
    rows = []
    for payment, message in zip(payments, messages, strict=True):
        day = plan.days[int(plan.payments.day[payment])]
        head = (
            message.end_to_end_id,
            message.name,
            message.iban,
            f"{day:%d/%m/%Y}",
            french(int(plan.payments.amount[payment])),
        )
        rows += [
            (*head, line.reference, _day(line.day), french(line.amount_minor), "", "")
            for line in mentions(plan, payment)
        ]
    return csv_bytes(ADVICE_COLUMNS, rows, "utf-8")
