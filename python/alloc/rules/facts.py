"""What a rule looks at: a payment, the items it may clear, debts beside them."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - msgspec reads the annotations

import msgspec

__all__ = ["Item", "Payment", "Situation", "VatLine"]


class VatLine(msgspec.Struct, frozen=True, kw_only=True):
    """The VAT of a document at one rate.

    Parameters
    ----------
    rate_ppm
        Parts per million: 20 % is 200,000.
    vat_minor
        Minor units, with the sign of the document.
    due_minor
        How much of it earlier payments made due (VAT on collection).
    """

    rate_ppm: int
    vat_minor: int
    due_minor: int = 0


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """An open item as rules see it.

    Parameters
    ----------
    item_id, customer_id, account, kind
        As in the ledger; ``account`` is the number the item stands on.
    open_minor
        What is still open; receivable > 0.
    total_minor
        The document's amount with VAT; equal to ``open_minor`` when nothing is paid.
    vat
        One row a rate; None when the document's VAT is not known.
    issue_date, due_date
        Of the document.
    """

    item_id: str
    customer_id: str
    open_minor: int
    total_minor: int
    account: str = ""
    kind: str = "invoice"
    vat: tuple[VatLine, ...] | None = None
    issue_date: dt.date | None = None
    due_date: dt.date | None = None

    @property
    def vat_minor(self) -> int:
        """All VAT of the document."""
        return sum(line.vat_minor for line in self.vat or ())

    @property
    def net_minor(self) -> int:
        """The document without VAT."""
        return self.total_minor - self.vat_minor


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """A bank entry as rules see it.

    Parameters
    ----------
    payment_id, entity, currency
        As in the ledger.
    amount_minor
        Money in > 0, money out < 0.
    date
        Value date: what decides on lateness and validity.
    payer_name, payer_iban, text
        As the bank wrote them; only ever compared, never interpreted.
    customer_id, customer_type
        Of the customer that was recognised, if one was.
    charges_minor
        Charges that the bank says it took from the payer's amount, >= 0.
    returned_minor
        For money that goes out: the amount of the earlier payment it takes back.
    """

    payment_id: str
    entity: str
    amount_minor: int
    date: dt.date
    currency: str = "EUR"
    payer_name: str = ""
    payer_iban: str = ""
    text: str = ""
    customer_id: str = ""
    customer_type: str = ""
    charges_minor: int = 0
    returned_minor: int = 0


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """One payment with the items it is compared with.

    Parameters
    ----------
    payment
        The cash.
    items
        Items that would be cleared; sorted by due date and id by the caller.
    supplier_items
        What we owe the same party (open amounts < 0), for an offset.
    """

    payment: Payment
    items: tuple[Item, ...] = ()
    supplier_items: tuple[Item, ...] = ()

    @property
    def moves_money(self) -> bool:
        """Whether there is a payment: an operation has none."""
        return self.payment.amount_minor != 0

    @property
    def gap_minor(self) -> int:
        """What the items have open beyond the cash."""
        return sum(item.open_minor for item in self.items) - self.payment.amount_minor
