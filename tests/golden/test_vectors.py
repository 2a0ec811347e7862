"""Check digits and collection figures, by the shared vectors and by stdnum."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
import stdnum.ch.esr
import stdnum.fr.siren
import stdnum.fr.siret
import stdnum.fr.tva
import stdnum.iban
import stdnum.iso11649
import stdnum.luhn
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alloc.domain import collection
from alloc.domain.check_digits import SCHEMES, complete, is_valid
from alloc.domain.collection import Dispute, Due, Month, Paid, figure
from alloc.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

DAYS = {"2026-01": 31, "2026-02": 28, "2026-03": 31}


def vectors(shared: Path | None, name: str) -> dict[str, Any]:
    assert shared is not None
    path = shared / "golden" / f"vectors_{name}.yaml"
    return yaml.safe_load(path.read_text("utf-8"))


def test_the_shared_references_hold(shared: Path | None):
    if shared is None:
        return
    said = vectors(shared, "references")
    for case in said["valid"]:
        assert is_valid(case["scheme"], str(case["value"])), case
    for case in said["invalid"]:
        assert not is_valid(case["scheme"], str(case["value"])), case
    for case in said["compute"]:
        width = len(str(case["value"])) if case["scheme"] == "be_ogm" else 0
        payload = str(case["payload"]).rjust(max(width - 2, 0), "0")
        assert complete(case["scheme"], payload) == str(case["value"]).rjust(width, "0")


def on(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def test_the_shared_figures_hold(shared: Path | None):
    if shared is None:
        return
    said = vectors(shared, "kpi")
    today, end = on(said["as_of"]), said["receivables"]
    months = [Month(minor, DAYS[m]) for m, minor in said["sales_ttc_cents"].items()]
    sales = sum(month.sales_minor for month in months)
    items = [Due(item["open"], on(item["due"])) for item in said["open_items"]]
    paid = [Paid(p["amount"], on(p["due"]), on(p["paid"])) for p in said["paid"]]
    disputes = [
        Dispute(d["amount"], on(d["opened"]), on(d["closed"])) for d in said["disputes"]
    ]
    kept, broken = said["promises"]["kept"], said["promises"]["broken"]
    dso = collection.dso(end["end_total"], months)
    best = collection.best_possible_dso(end["end_current"], months)
    assert dso is not None
    assert best is not None
    found = {
        "dso_simple": dso,
        "dso_countback": collection.dso_count_back(end["end_total"], months),
        "best_possible_dso": best,
        "average_days_delinquent": dso - best,
        "cei": collection.collection_effectiveness(
            end["begin"], sales, end["end_total"], end["end_current"]
        ),
        "overdue_rate": collection.overdue(items, today),
        "overdue_60_rate": collection.overdue(items, today, days=60),
        "weighted_days_late": collection.days_late(paid),
        "weighted_days_signed": collection.days_late(paid, signed=True),
        "on_time_rate": collection.on_time(paid),
        "dispute_days_mean": collection.resolution_days(disputes),
        "dispute_days_weighted": collection.resolution_days(disputes, weighted=True),
        "behaviour_score": collection.behaviour(
            paid, promises_kept=kept, promises=kept + broken
        ),
    }
    expected = dict(said["expected"])
    assert collection.aged(items, today) == expected.pop("buckets")
    assert {name: figure(value) for name, value in found.items()} == expected


def test_where_there_is_nothing_to_divide_by_a_figure_is_none():
    assert figure(collection.dso(100, [])) == "n/a"
    assert figure(collection.days_late([])) == "n/a"
    assert figure(collection.overdue([], dt.date(2026, 1, 1))) == "n/a"
    assert collection.dso_count_back(101, [Month(100, 31)]) is None
    assert figure(Fraction(5, 1000)) == "0.01"
    assert figure(Fraction(7, 2), decimals=0) == "4"


DIGITS = st.text("0123456789", min_size=1, max_size=24)
JUDGES = {
    "siren": stdnum.fr.siren,
    "siret": stdnum.fr.siret,
    "iso11649": stdnum.iso11649,
    "ch_qrr": stdnum.ch.esr,
    "no_kid_mod10": stdnum.luhn,
    "iban": stdnum.iban,
    "fr_vat": stdnum.fr.tva,
}
SHAPES = {"siren": 8, "siret": 13, "ch_qrr": 26, "be_ogm": 10, "fr_vat": 8}


@given(st.sampled_from(sorted(set(SCHEMES) - {"iban"})), DIGITS)
def test_what_is_completed_is_valid_and_no_other_last_digit_is(
    scheme: str, digits: str
):
    width = SHAPES.get(scheme)
    payload = digits[:width].rjust(width, "1") if width else digits[:15].rjust(3, "1")
    if scheme == "fr_vat":
        payload = complete("siren", payload)
    number = complete(scheme, payload)
    assert is_valid(scheme, number)
    if scheme in JUDGES and scheme != "siret":
        assert JUDGES[scheme].is_valid(number)
    others = [number[:-1] + digit for digit in "0123456789" if digit != number[-1]]
    assert not any(is_valid(scheme, other) for other in others)


@pytest.mark.parametrize("scheme", sorted(set(SCHEMES) - {"iban"}))
def test_what_a_scheme_does_not_take_is_refused(scheme: str):
    for payload in ("", "x-1", "1" * 40, "é1"):
        with pytest.raises((InputError, ValueError)) as caught:
            complete(scheme, payload)
        assert isinstance(caught.value, InputError)
    assert not is_valid(scheme, "")
    assert not is_valid(scheme, "²²²²²²²²²")
