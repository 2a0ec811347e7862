"""A rule as a value: when it holds, what explains the gap, and how it is posted."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - msgspec reads the annotations
from enum import StrEnum

import msgspec

from alloc.rules.facts import Item, Payment  # noqa: TC001 - as above

__all__ = [
    "COMBINATIONS_MAX",
    "Base",
    "Book",
    "Component",
    "Example",
    "Labels",
    "Link",
    "Measure",
    "Per",
    "Posting",
    "Rule",
    "Side",
    "Vat",
    "When",
]

COMBINATIONS_MAX = 4_096
"""Parameter combinations that one rule may have, supplier debts aside."""


class Measure(StrEnum):
    """Where the amount of a component comes from."""

    FIXED = "fixed"
    RATE = "rate"
    INTEREST = "interest"
    GAP = "gap"
    PAYMENT = "payment"
    CHARGES = "charges"
    VAT = "vat"
    OPEN = "open"
    SUPPLIER = "supplier"
    RETURNED = "returned"
    CLEARED = "cleared"


class Base(StrEnum):
    """What a rate is taken of: the document's amount, or what the payer bears of it.

    ``ttc`` with VAT, ``ht`` without, ``vat`` alone, ``open`` what is still open,
    ``borne`` what is open less what the components before leave or move elsewhere,
    ``borne_ht`` the same without its VAT.
    """

    TTC = "ttc"
    HT = "ht"
    VAT = "vat"
    OPEN = "open"
    BORNE = "borne"
    BORNE_HT = "borne_ht"


class Per(StrEnum):
    """Whether an amount is worked out (and rounded) for each invoice or once."""

    INVOICE = "invoice"
    LATE_INVOICE = "late_invoice"
    PAYMENT = "payment"


class Side(StrEnum):
    """On which side a component is posted."""

    DEBIT = "debit"
    CREDIT = "credit"
    EITHER = "either"


class Book(StrEnum):
    """Where a component goes.

    ``line``: a line of the payment's entry. ``item``: such a line, and it opens an
    item of the party. ``transfer``: an entry of its own that moves a part of the item
    to another account or party, as a new item. ``keep``: nothing is posted, the part
    stays open on the item. ``offset``: debts to the same party are cleared with it.
    ``entry``: like a line, in an entry of its own (a loss beside what was received).
    ``gross``: like a line, and the bank account shows the payment before it and the
    component as two lines.
    """

    LINE = "line"
    ITEM = "item"
    TRANSFER = "transfer"
    KEEP = "keep"
    OFFSET = "offset"
    ENTRY = "entry"
    GROSS = "gross"


class Posting(StrEnum):
    """Who may post what the rule explains."""

    AUTO = "auto"
    ONE_CLICK = "one_click"
    NEVER = "never"


class Vat(msgspec.Struct, frozen=True, kw_only=True):
    """The VAT of a component.

    Parameters
    ----------
    rate_ppm
        Its rate; None follows the rates of the items.
    role
        Account role of the VAT line.
    role_awaiting
        Role while the document that gives the right to it has not come.
    role_against
        A pair of lines instead of a part of the gap: ``role`` against this role.
    """

    rate_ppm: int | None
    role: str
    role_awaiting: str = ""
    role_against: str = ""


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """One reason for a part of the gap.

    Parameters
    ----------
    name
        Key of its table in the rule.
    role, role_credit
        Account roles; the second one for the credit side when ``side`` is either.
    measure, base, per, side, book
        See the enums.
    rates_ppm, amounts_minor
        The values it may have; each is a combination of its own.
    days_in_year
        For interest.
    optional
        Whether it may be absent.
    min_minor, max_minor, min_ppm, max_ppm
        Bounds of the amount, VAT included, absolute and as a share of ``base``.
    party
        Customer of the line when it is not the items' own.
    vat
        Its VAT, if it bears any.
    """

    name: str
    role: str
    measure: Measure
    role_credit: str = ""
    base: Base = Base.TTC
    per: Per = Per.PAYMENT
    side: Side = Side.DEBIT
    book: Book = Book.LINE
    rates_ppm: tuple[int, ...] = ()
    amounts_minor: tuple[int, ...] = ()
    days_in_year: int = 365
    optional: bool = False
    min_minor: int | None = None
    max_minor: int | None = None
    min_ppm: int | None = None
    max_ppm: int | None = None
    party: str = ""
    vat: Vat | None = None

    @property
    def options(self) -> int:
        """How many values it may have, absence included."""
        values = max(len(self.rates_ppm), len(self.amounts_minor), 1)
        return values + int(self.optional)


class When(msgspec.Struct, frozen=True, kw_only=True):
    """Which payments a rule is for: all given conditions hold; empty does not limit.

    Parameters
    ----------
    payers
        Texts one of which stands in the payer's name.
    payer_ibans, customers, customer_types, entities
        Exact values.
    text
        Texts one of which stands in the remittance text.
    not_text
        Texts none of which stands there.
    members
        Customers for whom the payer pays: all items are theirs.
    direction
        ``in``, ``out``, ``any``, or ``none``: an operation, without a payment.
    closed_by
        The items of an operation are closed: by entries with a line of this account
        role. Empty: they are open.
    within_days, grace_days
        Days from the issue date of each item to the payment: the terms, and how much
        later is let pass. None does not look.
    """

    payers: tuple[str, ...] = ()
    payer_ibans: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    customer_types: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    not_text: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    direction: str = "in"
    closed_by: str = ""
    within_days: int | None = None
    grace_days: int = 0

    @property
    def names_somebody(self) -> bool:
        """Whether it holds for named payers or customers only: a text names nobody."""
        return bool(
            self.payers or self.payer_ibans or self.customers or self.customer_types
        )


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Money that another company of the group was meant to get.

    Parameters
    ----------
    entity
        The company whose items it pays.
    role
        Account role of what the companies owe each other.
    party_here, party_there
        The other company as a party in the books here, and ours in theirs.
    """

    entity: str
    role: str
    party_here: str
    party_there: str


class Labels(msgspec.Struct, frozen=True, kw_only=True):
    """Label templates; see `alloc.rules.labels`."""

    entry: str = "{title} {payer}"
    transfer: str = "{title} {items}"


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A case that the rule must decide as said.

    Parameters
    ----------
    name, line
        What it shows, and where it stands in the file.
    payment, items, supplier_items
        The situation.
    result
        ``explained``, ``ambiguous`` or ``none``.
    reason
        The code when it is not explained; empty does not look.
    lines
        ``role amount`` with VAT rates in the text form of `alloc.rules.examples`.
    left
        Item -> minor units that stay open; items not named are cleared.
    """

    name: str
    line: int
    payment: Payment
    items: tuple[Item, ...]
    supplier_items: tuple[Item, ...]
    result: str
    reason: str
    lines: tuple[str, ...]
    left: tuple[tuple[str, int], ...]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A checked rule.

    Parameters
    ----------
    id, version, title, author
        Which rule, for people and for the audit trail.
    file, line
        Where it stands.
    posting
        See `Posting`.
    valid_from, valid_until
        First and last value date; None is open.
    currency
        Of its amounts; it holds for payments in this currency.
    document
        ``none`` is required, it was ``received``, or is ``awaited``.
    document_name
        Which one.
    vat_on_collection
        Whether what is cleared makes the items' VAT due.
    vat_on_payment
        Whether a set-off makes the VAT due that our debts let us deduct.
    vat_on_refund
        Whether a deposit that is paid back turns its VAT back.
    fallback
        Whether it is tried only where no other rule fits.
    always
        Whether it also holds where cash and items agree, and would clear without it.
    when, components, link, labels, examples
        See the classes.
    """

    id: str
    version: int
    title: str
    author: str
    file: str = ""
    line: int = 1
    posting: Posting = Posting.ONE_CLICK
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None
    currency: str = "EUR"
    document: str = "none"
    document_name: str = ""
    vat_on_collection: bool = False
    vat_on_payment: bool = False
    vat_on_refund: bool = False
    fallback: bool = False
    always: bool = False
    when: When = When()
    components: tuple[Component, ...] = ()
    link: Link | None = None
    labels: Labels = Labels()
    examples: tuple[Example, ...] = ()

    @property
    def name(self) -> str:
        """Id and version, as recorded with each decision."""
        return f"{self.id}@{self.version}"
