"""A day on an account as the tests think of it, before any bank writes it down."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from alloc.demo.bank_numbers import creditor_reference, french_iban
from alloc.engine import currency_exponent

CURRENCIES = ("EUR", "JPY", "KWD", "XPF", "CLF", "USD")
"""Two, none, three, none, four and two decimals."""

FIRST, LAST = dt.date(2000, 6, 1), dt.date(2068, 7, 31)
"""Years of two digits that all readers take for the same."""

PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@dataclass(frozen=True)
class Document:
    """A document that a payer names, with what is paid for it and kept of it."""

    number: str
    paid_minor: int
    credit_note: bool = False
    kept_minor: int | None = None
    day: dt.date | None = None


@dataclass(frozen=True)
class Detail:
    """One transaction; its amount has the sign of its entry."""

    minor: int
    text: tuple[str, ...] = ()
    name: str | None = None
    iban: str | None = None
    ultimate: str | None = None
    end_to_end_id: str | None = None
    creditor_reference: str | None = None
    mandate_id: str | None = None
    return_reason: str | None = None
    charges_minor: int | None = None
    documents: tuple[Document, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One entry: its details add up to it."""

    booked: dt.date
    details: tuple[Detail, ...]
    valued: dt.date | None = None
    bank_reference: str | None = None
    reversal: bool = False
    info: str | None = None

    @property
    def minor(self) -> int:
        """Credit above zero, debit below."""
        return sum(detail.minor for detail in self.details)


@dataclass(frozen=True)
class BankDay:
    """One statement."""

    bank: str
    branch: str
    account: str
    currency: str
    number: int
    opening_minor: int
    day_before: dt.date
    day: dt.date
    entries: tuple[Entry, ...] = ()

    @property
    def iban(self) -> str:
        """The account as an IBAN."""
        return french_iban(self.bank, self.branch, self.account)

    @property
    def exponent(self) -> int:
        """Decimals of the currency."""
        exponent = currency_exponent(self.currency)
        assert exponent is not None
        return exponent

    @property
    def closing_minor(self) -> int:
        """What the entries make of the opening balance."""
        return self.opening_minor + sum(entry.minor for entry in self.entries)

    def decimal(self, minor: int, *, point: str = ".") -> str:
        """Write an amount without its sign, with the decimals of the currency."""
        digits = f"{abs(minor):0{self.exponent + 1}d}"
        if not self.exponent:
            return digits + (point if point == "," else "")
        return digits[: -self.exponent] + point + digits[-self.exponent :]


def words(alphabet: str, longest: int) -> st.SearchStrategy[str]:
    """Text of words with single blanks between them, no longer than `longest`."""
    text = st.text(f"{alphabet}    ", min_size=1, max_size=longest)
    return text.map(lambda text: " ".join(text.split())).filter(bool)


def numbers(longest: int) -> st.SearchStrategy[str]:
    """A reference that no reader takes for none."""
    text = st.text(PLAIN, min_size=4, max_size=longest)
    nothing = ("NONREF", "NOTPROVIDED", "UNKNOWN")
    return text.filter(lambda text: text.strip("0") and text not in nothing)


DAYS = st.dates(FIRST, LAST)
IBANS = st.builds(
    french_iban,
    st.text("0123456789", min_size=5, max_size=5),
    st.text("0123456789", min_size=5, max_size=5),
    st.text("0123456789", min_size=11, max_size=11),
)
MINOR = st.one_of(st.integers(1, 999), st.integers(1, 10**11))


def optional(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    """A field on or off."""
    return st.none() | strategy


@functools.cache
def documents() -> st.SearchStrategy[Document]:
    """Invoices and credit notes, with and without a deduction."""
    return st.builds(
        Document,
        number=numbers(20),
        paid_minor=MINOR,
        credit_note=st.booleans(),
        kept_minor=st.none() | st.integers(1, 10**6),
        day=st.none() | DAYS,
    ).map(lambda one: replace(one, kept_minor=None) if one.credit_note else one)


@functools.cache
def details(alphabet: str, longest: int, texts: int) -> st.SearchStrategy[Detail]:
    """One transaction with every field on or off; its amount is above zero."""
    return st.builds(
        Detail,
        minor=MINOR,
        text=st.lists(words(alphabet, longest), max_size=texts).map(tuple),
        name=optional(words(alphabet, 54)),
        iban=optional(IBANS),
        ultimate=optional(words(alphabet, 60)),
        end_to_end_id=optional(numbers(35)),
        creditor_reference=optional(
            st.text("0123456789", min_size=6, max_size=18).map(creditor_reference)
        ),
        mandate_id=optional(numbers(30)),
        return_reason=optional(st.sampled_from(("AC04", "MD01"))),
        charges_minor=st.none() | st.integers(1, 10**5),
        documents=st.lists(documents(), max_size=2).map(tuple),
    )


def _entry(entry: Entry, sign: int, later: int | None) -> Entry:
    details = tuple(replace(one, minor=sign * one.minor) for one in entry.details)
    valued = None if later is None else entry.booked + dt.timedelta(days=later)
    return replace(entry, details=details, valued=valued)


def entries(
    alphabet: str, *, longest: int, texts: int, batch: int
) -> st.SearchStrategy[Entry]:
    """Credits and debits, of one to `batch` transactions."""
    parts = st.lists(details(alphabet, longest, texts), min_size=1, max_size=batch)
    entry = st.builds(
        Entry,
        booked=DAYS,
        details=parts.map(tuple),
        bank_reference=optional(numbers(16)),
        reversal=st.booleans(),
        info=optional(words(alphabet, 60)),
    )
    # Days of booking and value lie together: MT940 prints the year of one of them.
    later = st.none() | st.integers(-30, 30)
    return st.builds(_entry, entry, st.sampled_from((1, -1)), later)


def bank_days(
    alphabet: str = PLAIN, *, longest: int = 100, texts: int = 1, batch: int = 1
) -> st.SearchStrategy[BankDay]:
    """Statements in currencies of none to four decimals."""
    digits = functools.partial(st.text, "0123456789")
    return st.builds(
        BankDay,
        bank=digits(min_size=5, max_size=5),
        branch=digits(min_size=5, max_size=5),
        account=digits(min_size=11, max_size=11),
        currency=st.sampled_from(CURRENCIES),
        number=st.integers(1, 365),
        opening_minor=st.integers(-(10**11), 10**11),
        day_before=DAYS,
        day=DAYS,
        entries=st.lists(
            entries(alphabet, longest=longest, texts=texts, batch=batch), max_size=4
        ).map(tuple),
    )
