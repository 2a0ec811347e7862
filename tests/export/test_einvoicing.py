"""The payment statuses of the e-invoicing reform keep the published schema."""

from __future__ import annotations

import copy
import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fastjsonschema
import pytest

from alloc.app.collected import Collected, RateCollected
from alloc.export.einvoicing import einvoicing_payments

if TYPE_CHECKING:
    from collections.abc import Callable

GUIDE = Path(__file__).parents[2] / "docs" / "guide"
SCHEMA = json.loads((GUIDE / "einvoicing-payments.schema.json").read_text("utf-8"))
PAID = Collected(
    seq=7,
    entity="E1",
    item_id="F/1",
    invoice='FA "1"\n',
    customer_id="C-A",
    kind="collection",
    date=dt.date(2026, 3, 2),
    currency="EUR",
    amount_minor=40_000,
    rates=(RateCollected(1000, 10_000, 909), RateCollected(2000, 30_000, 5_000)),
    undoes_seq=None,
)
BACK = Collected(
    seq=9,
    entity="E1",
    item_id="F/1",
    invoice=None,
    customer_id=None,
    kind="reversal",
    date=dt.date(2026, 3, 9),
    currency="EUR",
    amount_minor=-40_000,
    rates=None,
    undoes_seq=7,
)


@pytest.fixture(scope="module")
def check() -> Callable[[Any], Any]:
    """The schema, compiled by a validator that is not ours."""
    compiled: Callable[[Any], Any] = fastjsonschema.compile(SCHEMA)
    return compiled


def written(*rows: Collected, siren: str | None = "732829320") -> dict[str, Any]:
    data = b"".join(einvoicing_payments(rows, sirens={"E1": siren}))
    document: dict[str, Any] = json.loads(data)
    return document


@pytest.mark.parametrize("rows", [(), (PAID,), (PAID, BACK)])
def test_the_document_keeps_its_schema(
    check: Callable[[Any], Any], rows: tuple[Collected, ...]
) -> None:
    check(written(*rows))
    check(written(*rows, siren=None))


def test_a_reversal_names_what_it_takes_back() -> None:
    paid, back = written(PAID, BACK)["statuses"]
    assert back["undoes"] == paid["key"] == "E1/7/F/1"
    assert back["amount_minor"] == -paid["amount_minor"]
    assert (paid["invoice"], back["invoice"]) == ('FA "1"\n', "F/1")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "211"),
        ("kind", "payment"),
        ("amount_minor", 400.5),
        ("amount_minor", "40000"),
        ("date", "02/03/2026"),
        ("currency", "eur"),
        ("seller_siren", "73282932"),
        ("rates", []),
        ("rates", [{"rate_bps": 2000}]),
        ("undoes", "7"),
        ("more", 1),
    ],
)
def test_the_schema_refuses_a_spoiled_document(
    check: Callable[[Any], Any], field: str, value: object
) -> None:
    document = copy.deepcopy(written(PAID))
    document["statuses"][0][field] = value
    with pytest.raises(fastjsonschema.JsonSchemaException):
        check(document)


def test_the_schema_refuses_a_document_that_lacks_a_field(
    check: Callable[[Any], Any],
) -> None:
    for field in written(PAID)["statuses"][0]:
        document = written(PAID)
        del document["statuses"][0][field]
        with pytest.raises(fastjsonschema.JsonSchemaException):
            check(document)
