"""What a bank file holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BankFile"]


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
