"""What `bench/scaling.py` fits, and that its proposals are what it says they are."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

import alloc

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import scaling


def test_the_exponent_is_the_slope_of_the_logarithms() -> None:
    assert round(scaling.exponent([(10, 50), (20, 100), (80, 400)]), 6) == 1
    assert round(scaling.exponent([(2, 12), (4, 48), (8, 192)]), 6) == 2


@pytest.mark.parametrize("name", scaling.CURVES)
def test_what_is_named_is_decided_and_the_rest_is_thought_about(name: str) -> None:
    items, payments = scaling.CURVES[name].tables(scaling.ASKED)
    found = alloc.propose(items, payments, policy={"amount_only": True}, threads=1)
    status = Counter(found.decisions["status"].to_pylist())
    named = sum("F0" in text[0] for text in payments["remittance_text"].to_pylist())
    assert status["auto"] * 100 >= named * 95
    assert status["none"] == 0


@pytest.mark.parametrize(("power", "code"), [(1, 0), (2, 1)])
def test_the_gate_fails_when_time_grows_faster_than_it_may(
    monkeypatch: pytest.MonkeyPatch, power: int, code: int
) -> None:
    monkeypatch.setattr(scaling, "instructions", lambda _, size: 7 * size**power)
    told = CliRunner().invoke(scaling.main, ["--gate"])
    assert told.exit_code == code
    assert f"payments ^ {power}.000, <= 1.05" in told.output
