"""The tables of a bank file: the same columns as the native readers give."""

from __future__ import annotations

import pyarrow as pa

__all__ = ["ENTRIES", "REFERENCES", "STATEMENTS", "WARNINGS"]

_TYPES = {
    "int": pa.int64(),
    "text": pa.string(),
    "day": pa.date32(),
    "flag": pa.bool_(),
    "texts": pa.list_(pa.field("item", pa.string())),
}


def _schema(columns: str) -> pa.Schema:
    """Read ``name:type`` words; a mark ``?`` behind means that nulls are allowed."""
    fields = []
    for word in columns.split():
        name, type_ = word.split(":")
        fields.append(
            pa.field(name, _TYPES[type_.rstrip("?")], nullable=type_.endswith("?"))
        )
    return pa.schema(fields)


STATEMENTS = _schema(
    "statement_index:int message_type:text dialect:text? kind:text account:text "
    "currency:text? number:text? opening_date:day? opening_minor:int? "
    "closing_date:day? closing_minor:int? entry_count:int left_out_count:int "
    "difference_minor:int? line:int raw:text?"
)
ENTRIES = _schema(
    "statement_index:int entry_index:int detail_index:int detail_count:int "
    "payment_id:text account:text booking_date:day value_date:day? currency:text "
    "amount_minor:int entry_amount_minor:int status:text reversal:flag "
    "bank_reference:text? transaction_code:text? end_to_end_id:text? "
    "creditor_reference:text? mandate_id:text? counterparty_name:text? "
    "counterparty_iban:text? ultimate_name:text? remittance_text:texts "
    "charges_minor:int? original_currency:text? original_minor:int? "
    "return_reason:text? additional_info:text? raw:text? line:int"
)
REFERENCES = _schema(
    "payment_id:text line_no:int reference:text kind:text amount_minor:int? "
    "deduction_minor:int? reason:text? date:day?"
)
WARNINGS = _schema("code:text message:text line:int offset:int? entry_left_out:flag")
