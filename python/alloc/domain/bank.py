"""What a bank file holds, and what makes an entry of it the same entry."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

__all__ = ["BankFile", "entry_facts", "entry_id"]


@dataclass(frozen=True, slots=True)
class BankFile:
    """A bank file as tables; amounts are minor units, credit > 0.

    Parameters
    ----------
    format
        ``camt``, ``mt940``, ``cfonb120``, ``bai2`` or ``ofx``.
    statements
        One row a statement: ``statement_index``, ``message_type``, ``dialect?`` (how
        its free fields are written), ``kind``
        (``statement``, ``intraday``, ``notification``), ``account``, ``currency?``,
        ``number?``, ``opening_date?``, ``opening_minor?``, ``closing_date?``,
        ``closing_minor?``, ``entry_count``, ``left_out_count`` (entries that could not
        be read, named in the warnings), ``difference_minor?`` (opening + booked
        entries - closing; null when a balance is missing), ``line``, ``raw?`` (what
        the file says about the statement itself, beside its entries: lines as printed,
        or ``path=value`` lines).
    entries
        One row a transaction of an entry: ``statement_index``, ``entry_index``,
        ``detail_index``, ``detail_count``, ``payment_id``, ``account``,
        ``booking_date``, ``value_date?``, ``currency``, ``amount_minor``,
        ``entry_amount_minor``, ``status`` (``booked``, ``pending``,
        ``information``), ``reversal``, ``bank_reference?``, ``transaction_code?``,
        ``end_to_end_id?``, ``creditor_reference?``, ``mandate_id?``,
        ``counterparty_name?``, ``counterparty_iban?``, ``ultimate_name?``,
        ``remittance_text`` (a list), ``charges_minor?``, ``original_currency?``,
        ``original_minor?``, ``return_reason?``, ``additional_info?``, ``raw?`` (what
        the file says beside the decoded fields: its lines as printed, or
        ``path=value`` lines), ``line``.
    references
        One row a document that a payer refers to: ``payment_id``, ``line_no``,
        ``reference``, ``kind`` (``invoice``, ``credit_note``, ``other``),
        ``amount_minor?`` (credit notes < 0), ``deduction_minor?``, ``reason?``,
        ``date?``.
    warnings
        One row a thing that was read, but not as it should be: ``code``,
        ``message``, ``line``, ``offset?`` (byte where the line starts, from 0),
        ``entry_left_out`` (an entry is missing because of
        it).
    """

    format: str
    statements: pa.Table
    entries: pa.Table
    references: pa.Table
    warnings: pa.Table


def entry_facts(row: Mapping[str, object]) -> tuple[object, ...]:
    """Return what the identity of a bank entry is made of (docs/adr/0004).

    Parameters
    ----------
    row
        ``account``, ``booking_date``, ``entry_amount_minor`` (of the whole entry, not
        of one detail), ``currency``, ``bank_reference`` or None.
    """
    return (
        row["account"],
        row["booking_date"],
        row["entry_amount_minor"],
        row["currency"],
        row["bank_reference"] or "",
    )


def entry_id(facts: tuple[object, ...], occurrence: int) -> str:
    """Return the identity of a bank entry; the details of one add ``-1``, ``-2``.

    Parameters
    ----------
    facts
        As `entry_facts` gives them; the date may also be its ISO 8601 text.
    occurrence
        The number of the entry among those with equal facts, from 1.
    """
    text = "\x1f".join(map(str, (*facts, occurrence)))
    return "P" + hashlib.sha256(text.encode()).hexdigest()[:16].upper()
