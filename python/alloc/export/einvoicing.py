"""The status "Encaissée" of the French e-invoicing reform, as JSON for a platform.

One record says how much of an invoice was collected, or taken back, at each VAT rate:
what the life cycle status 212 (XP Z12-012, a CDAR message) and the payment report by
rate (e-reporting) are made of. The platform (plateforme agréée) makes the message of
it: it knows the identifiers of the invoice in its own system. The document's schema is
``docs/guide/einvoicing-payments.schema.json``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from alloc.app.collected import Collected

FORMAT = "alloc.einvoicing-payments"
VERSION = 1
#: Code and name of the status in the life cycle of an invoice.
STATUS = "212"
STATUS_NAME = "Encaissée"


def einvoicing_payments(
    rows: Iterable[Collected], *, sirens: Mapping[str, str | None]
) -> Iterator[bytes]:
    """Write one record a line, in one JSON document.

    Parameters
    ----------
    rows
        See `alloc.app.collected.collected`.
    sirens
        Entity -> SIREN of the seller.

    Yields
    ------
    bytes
        UTF-8. Amounts are integers in minor units, VAT included; dates ISO 8601.
    """
    encode = msgspec.json.Encoder().encode
    head = f'{{"format": "{FORMAT}", "version": {VERSION}, "statuses": [\n'
    yield head.encode()
    mark = b""
    for row in rows:
        yield mark + encode(_record(row, sirens))
        mark = b",\n"
    yield b"\n]}\n"


def _record(row: Collected, sirens: Mapping[str, str | None]) -> dict[str, object]:
    return {
        "key": f"{row.entity}/{row.seq}/{row.item_id}",
        "status": STATUS,
        "status_name": STATUS_NAME,
        "kind": row.kind,
        "entity": row.entity,
        "seller_siren": sirens.get(row.entity),
        "invoice": row.invoice or row.item_id,
        "item_id": row.item_id,
        "customer_id": row.customer_id,
        "date": row.date.isoformat(),
        "currency": row.currency,
        "amount_minor": row.amount_minor,
        "rates": None
        if row.rates is None
        else [
            {
                "rate_bps": part.rate_bps,
                "amount_minor": part.amount_minor,
                "vat_minor": part.vat_minor,
            }
            for part in row.rates
        ],
        "undoes": None
        if row.undoes_seq is None
        else f"{row.entity}/{row.undoes_seq}/{row.item_id}",
    }
