"""What a rule looks at: a payment, the items it may clear, debts beside them."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - msgspec reads the annotations

import msgspec

__all__ = ["DEPOSIT", "Earlier", "Item", "Payment", "Situation", "VatLine"]

DEPOSIT = "deposit"
"""Kind of an item: money that we got before the invoice."""


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


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """What an earlier decision took off an item, and what it charged beside it.

    Parameters
    ----------
    date
        Value date.
    cleared_minor
        What the item lost by it.
    roles
        Account roles of the lines that it posted for the item.
    """

    date: dt.date
    cleared_minor: int
    roles: tuple[str, ...] = ()


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
    cleared_minor
        Of a closed item: what the entry that closed it took off it.
    earlier
        Decisions on it before, in their order; together with what is open they make
        up the document, or its history is not known.
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
    cleared_minor: int = 0
    earlier: tuple[Earlier, ...] = ()

    @property
    def history_is_known(self) -> bool:
        """Whether all that was taken off the document is known."""
        cleared = sum(one.cleared_minor for one in self.earlier)
        return self.open_minor + cleared == self.total_minor

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
    named
        Open claims that the payment names, where it is tried without items.
    quoted
        Debts that the payment names beside the very amount that is missing: so much
        of one of them is set off.
    """

    payment: Payment
    items: tuple[Item, ...] = ()
    supplier_items: tuple[Item, ...] = ()
    named: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()

    @property
    def moves_money(self) -> bool:
        """Whether there is a payment: an operation has none."""
        return self.payment.amount_minor != 0

    @property
    def gap_minor(self) -> int:
        """What the items have open beyond the cash."""
        return sum(item.open_minor for item in self.items) - self.payment.amount_minor
