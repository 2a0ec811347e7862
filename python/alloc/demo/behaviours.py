"""How customers pay: the behaviours, how frequent each is, and who shows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Carrier(IntEnum):
    """Where the references of a payment are written."""

    TEXT = 0
    STRUCTURED = 1
    ADVICE = 2
    NOTIFICATION = 3
    NOWHERE = 4


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One way to pay.

    Parameters
    ----------
    code
        Its name in the truth.
    weight
        Its frequency, in parts of a thousand payments.
    types
        Weight of each customer type: private, fleet, parts, leasing, insurer.
    items_min, items_max
        How many invoices one payment settles.
    """

    code: str
    weight: int
    types: tuple[int, int, int, int, int]
    items_min: int = 1
    items_max: int = 1


BEHAVIOURS = (
    # One invoice, its reference in the text.
    Behaviour("reference", 340, (45, 28, 22, 0, 5)),
    Behaviour("several_references", 134, (2, 48, 45, 2, 3), 2, 5),
    # One invoice, nothing useful in the text, from the usual account.
    Behaviour("no_text", 120, (40, 30, 30, 0, 0)),
    # Some of the open items, nothing useful in the text.
    Behaviour("no_text_several", 20, (0, 50, 50, 0, 0), 2, 4),
    # All that is open.
    Behaviour("whole_balance", 75, (0, 70, 30, 0, 0), 1, 5),
    # Dozens to hundreds of invoices of a leasing company or an insurer.
    Behaviour("bulk", 3, (0, 0, 0, 60, 40), 25, 200),
    # Invoices less credit notes.
    Behaviour("credit_note", 40, (0, 50, 45, 3, 2), 1, 4),
    # One invoice by reference, from an account never seen before.
    Behaviour("new_account", 85, (50, 25, 25, 0, 0)),
    # A relative or another company pays, with the reference.
    Behaviour("third_party", 18, (80, 20, 0, 0, 0)),
    Behaviour("short", 24, (20, 40, 40, 0, 0), 1, 3),
    Behaviour("overpaid", 14, (60, 20, 20, 0, 0)),
    # Pays again what it paid already.
    Behaviour("duplicate", 8, (45, 28, 22, 0, 5)),
    # Two genuine payments of one amount on one day, for two invoices of that amount.
    Behaviour("twins", 6, (20, 60, 20, 0, 0)),
    # The rest of an invoice that was paid in part before.
    Behaviour("rest", 14, (60, 30, 10, 0, 0)),
    # Early-payment discount of 2 % taken.
    Behaviour("discount", 8, (0, 50, 50, 0, 0), 1, 3),
    # A bank on the way kept its charges.
    Behaviour("charges", 4, (30, 50, 20, 0, 0)),
    # An insurer pays net of its commission and the VAT on it.
    Behaviour("commission", 40, (0, 0, 0, 0, 100), 1, 5),
    # Money before any invoice: an order is quoted.
    Behaviour("deposit", 15, (70, 30, 0, 0, 0)),
    # Paid to the account of another entity of the group.
    Behaviour("wrong_entity", 4, (30, 50, 20, 0, 0)),
    # Nobody knows who paid.
    Behaviour("unknown_payer", 28, (60, 25, 15, 0, 0)),
)

INDEX = {behaviour.code: index for index, behaviour in enumerate(BEHAVIOURS)}
