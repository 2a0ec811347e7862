"""What was learned of payers can be listed, explained and forgotten at the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Outcome

    Call = Callable[..., Outcome]


@pytest.fixture
def cleared(imported: Path, alloc: Call) -> Path:
    assert alloc("-C", imported, "clear").code == 3
    return imported


def facts(alloc: Call, workspace: Path) -> list[dict[str, Any]]:
    return list(alloc("-C", workspace, "learn", "list", "--json").document["facts"])


def test_what_was_posted_is_listed_with_its_payments(cleared: Path, alloc: Call):
    (fact, *_) = facts(alloc, cleared)
    assert fact["payments"] > 0
    assert fact["value"] in alloc("-C", cleared, "learn", "list").stdout
    document = alloc("-C", cleared, "learn", "why", fact["value"], "--json").document
    assert len(document["payments"]) == fact["payments"]
    shown = alloc("-C", cleared, "learn", "why", fact["value"])
    assert document["payments"][0]["payment_id"] in shown.stdout


def test_what_is_forgotten_is_listed_no_more(cleared: Path, alloc: Call):
    (fact, *_) = facts(alloc, cleared)
    words = ("learn", "forget", fact["value"], "--reason", "an agent of many")
    assert alloc("-C", cleared, *words).code == 0
    assert fact["value"] not in {one["value"] for one in facts(alloc, cleared)}
    told = alloc("-C", cleared, "learn", "why", fact["value"]).stdout
    assert "an agent of many" in told
    again = alloc("-C", cleared, *words)
    assert again.code != 0
    assert "alloc learn list" in again.stderr


def test_nothing_learned_is_said(workspace: Path, alloc: Call):
    shown = alloc("-C", workspace, "learn", "list")
    assert (shown.code, shown.stdout) == (0, "Nothing was learned of payers yet.\n")
    assert alloc("-C", workspace, "learn", "why", "NEMO").code != 0


def habits(alloc: Call, workspace: Path) -> list[dict[str, Any]]:
    return list(alloc("-C", workspace, "learn", "habits", "--json").document["habits"])


def test_what_payers_choose_is_listed_explained_and_forgotten(
    cleared: Path, alloc: Call
):
    (habit, *_) = habits(alloc, cleared)
    payer = f"{habit['entity']}/{habit['customer_id']}"
    assert payer in alloc("-C", cleared, "learn", "habits").stdout
    document = alloc("-C", cleared, "learn", "why", payer, "--json").document
    shown = [one for one in document["payments"] if one["habit"] == habit["habit"]]
    assert len(shown) == habit["count"]
    assert shown[0]["payment_id"] in alloc("-C", cleared, "learn", "why", payer).stdout
    words = ("learn", "forget", payer, "--reason", "a new owner")
    assert alloc("-C", cleared, *words).code == 0
    left = habits(alloc, cleared)
    assert habit["customer_id"] not in {one["customer_id"] for one in left}
    assert "a new owner" in alloc("-C", cleared, "learn", "why", payer).stdout
    assert alloc("-C", cleared, *words).code != 0


def test_habits_that_the_policy_leaves_alone_are_said_to_be(cleared: Path, alloc: Call):
    settings = cleared / "alloc.toml"
    text = settings.read_text(encoding="utf-8")
    assert "Not used" not in alloc("-C", cleared, "learn", "habits").stdout
    off = text.replace("[policy]", "[policy]\nhabits = false")
    settings.write_text(off, encoding="utf-8")
    shown = alloc("-C", cleared, "learn", "habits")
    assert (shown.code, "Not used" in shown.stdout) == (0, True)
    none = alloc("-C", cleared, "learn", "habits", "--customer", "NOBODY")
    assert "Nothing was learned of what payers choose yet." in none.stdout
