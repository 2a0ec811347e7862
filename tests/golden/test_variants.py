"""Cases of the same families with other figures: other currencies, rates, parties."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from test_golden_cases import cases, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Case = dict[str, Any]


def line(account: str, minor: int, **more: object) -> Case:
    """A line of an entry: a debit above zero."""
    sides = {"debit_cents": max(minor, 0), "credit_cents": max(-minor, 0)}
    return {"account": account, **sides, **more}


def abroad(currency: str, minor: int) -> Case:
    return {"fx": {"currency": currency, "minor": minor}}


def entry(case: Case, *lines: Case) -> None:
    case["expected"]["entries"][0]["lines"] = list(lines)


def cleared(case: Case, **items: tuple[int, int]) -> None:
    case["expected"]["allocations"] = [
        {"item": item, "cleared_cents": minor, "residual_cents": rest}
        for item, (minor, rest) in items.items()
    ]


def another(case: Case, **changes: object) -> Case:
    """Add an item like the first one, with another id."""
    item: Case = copy.deepcopy(case["input"]["open_items"][0])
    item |= {"id": "F2"} | changes
    case["input"]["open_items"].append(item)
    return item


def loss(case: Case) -> None:
    case["input"]["receipt"]["amount_cents"] = 958_333
    entry(
        case,
        line("512000", 958_333, **abroad("USD", 1_150_000)),
        line("656000", 41_667),
        line(
            "411000", -1_000_000, aux="C-US", letter="AAA", **abroad("USD", -1_150_000)
        ),
    )


def yen(case: Case) -> None:
    item = case["input"]["open_items"][0]
    item["fx"] = {"currency": "JPY", "open_minor": 1_600_000}
    case["input"]["receipt"] |= {
        "currency_instructed": "JPY",
        "instructed_minor": 1_600_000,
        "amount_cents": 1_012_658,
        "text": "WIRE F1 JPY 1600000",
    }
    entry(
        case,
        line("512000", 1_012_658, **abroad("JPY", 1_600_000)),
        line(
            "411000", -1_000_000, aux="C-US", letter="AAA", **abroad("JPY", -1_600_000)
        ),
        line("756000", -12_658),
    )


def dinars_in_part(case: Case) -> None:
    item = case["input"]["open_items"][0]
    item["fx"] = {"currency": "TND", "open_minor": 3_000_003}
    case["input"]["receipt"] |= {
        "currency_instructed": "TND",
        "instructed_minor": 1_000_001,
        "text": "WIRE PART F1 TND",
    }
    entry(
        case,
        line("512000", 297_619, **abroad("TND", 1_000_001)),
        line("411000", -289_855, aux="C-US", letter="aaa", **abroad("TND", -1_000_001)),
        line("756000", -7_764),
    )
    case["expected"]["residual_foreign_minor"] = {"F1": 2_000_002}


def two_old_rates(case: Case) -> None:
    fx = {"currency": "USD", "open_minor": 550_000}
    another(case, open_cents=500_000, ttc_cents=500_000, fx=fx)
    case["input"]["receipt"] |= {
        "instructed_minor": 1_700_000,
        "amount_cents": 1_517_857,
        "text": "WIRE F1 F2 USD 17000.00",
    }
    entry(
        case,
        line("512000", 1_517_857, **abroad("USD", 1_700_000)),
        line(
            "411000", -1_500_000, aux="C-US", letter="AAA", **abroad("USD", -1_700_000)
        ),
        line("756000", -17_857),
    )
    cleared(case, F1=(1_000_000, 0), F2=(500_000, 0))


def two_vat_rates(case: Case) -> None:
    case["input"]["open_items"][0] |= {
        "ttc_cents": 225_501,
        "open_cents": 225_501,
        "vat": [
            {"rate": "0.20", "base_cents": 100_001, "vat_cents": 20_000},
            {"rate": "0.055", "base_cents": 100_000, "vat_cents": 5_500},
        ],
    }
    entry(
        case,
        line("654100", 200_001),
        line("445710", 20_000),
        line("445710", 5_500),
        line("416000", -225_501, aux="C-KO", letter="AAA"),
    )
    cleared(case, F1=(225_501, 0))


def doubtful(case: Case) -> None:
    case["input"]["rules"] = [{"name": "doubtful"}]
    case["input"]["open_items"][0]["account"] = "411000"
    entry(
        case,
        line("416000", 120_000, aux="C-KO", new_item="D"),
        line("411000", -120_000, aux="C-KO", letter="AAA"),
    )
    case["expected"]["lettering"][0]["account"] = "411000"
    new = {"account": "416000", "aux": "C-KO", "open_cents": 120_000}
    case["expected"]["new_items"] = [new]


def no_guarantee(case: Case) -> None:
    another(case, ttc_cents=600_000, open_cents=600_000)
    case["input"]["rules"][0] |= {"guarantee_rate": "0", "financing_cents": 0}
    entry(
        case,
        line("467000", 1_782_720, aux="FACTOR", new_item="N"),
        line("622500", 14_400),
        line("445660", 2_880),
        line("411000", -1_800_000, aux="C-A", letter="AAA"),
    )
    cleared(case, F1=(1_200_000, 0), F2=(600_000, 0))
    new = {"account": "467000", "aux": "FACTOR", "open_cents": 1_782_720}
    case["expected"]["new_items"] = [new]


def three_parties(case: Case) -> None:
    item = another(case, aux="C-NORD", ttc_cents=20_000, open_cents=20_000)
    item["due"] = "2026-03-05"
    case["input"]["rules"][0]["partner_link"]["C-NORD"] = "FOU-GARNIER"
    entry(
        case,
        line("401000", 50_000, aux="FOU-GARNIER", letter="aaa"),
        line("411000", -30_000, aux="C-GARNIER", letter="AAA"),
        line("411000", -20_000, aux="C-NORD", letter="AAA"),
    )
    cleared(case, F1=(30_000, 0), F2=(20_000, 0), AC9=(-50_000, -10_000))
    letters = case["expected"]["lettering"]
    letters[1]["balance_cents"] = -10_000
    letters.append(letters[0] | {"aux": "C-NORD"})


VARIANTS: dict[str, tuple[str, Callable[[Case], None]]] = {
    "a worse rate": ("FX-01", loss),
    "no decimals": ("FX-01", yen),
    "three decimals": ("FX-03", dinars_in_part),
    "two old rates": ("FX-01", two_old_rates),
    "two rates of VAT": ("BAD-01", two_vat_rates),
    "a doubtful claim": ("BAD-01", doubtful),
    "no guarantee fund": ("FAC-01", no_guarantee),
    "three parties": ("OFF-02", three_parties),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_other_figures_of_a_family_pass_line_for_line(
    shared: Path | None, empty_ledger: Path, tmp_path: Path, name: str
):
    if shared is None:
        return
    base, change = VARIANTS[name]
    case = cases(shared)[base]
    change(case)
    assert run(case, empty_ledger, tmp_path) == []
