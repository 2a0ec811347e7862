"""How a rule goes live: its impact is shown, a person activates it, and it is kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from day import write_day

if TYPE_CHECKING:
    from pathlib import Path

RULE = """
id = "tip"
version = 4
title = "Tip"
author = "Ada"
posting = "auto"

[component.tip]
role = "rounding_gain"
amount = ["4.80", "4.90"]
side = "credit"

[[example]]
name = "4.90 too much"
payment = { amount = "14.90", date = 2026-03-06 }
items = [{ id = "F1", ttc = "10.00" }]
lines = ["rounding_gain -4.90"]
"""
SINCE = ("--since", "2026-01-01")


@pytest.fixture
def group(workspace: Path, alloc, tmp_path: Path) -> Path:
    """A workspace whose second payment is 4.90 above its invoice."""
    (workspace / "rules").mkdir(exist_ok=True)
    (workspace / "rules" / "tip.toml").write_text(RULE)
    files = tmp_path / "files"
    files.mkdir()
    assert alloc("-C", workspace, "import", *write_day(files)).code == 0
    return workspace


def standing(alloc, group: Path) -> str:
    (rule,) = alloc("-C", group, "rules", "list", "--json").document["rules"]
    return rule["standing"]


def cleared(alloc, group: Path) -> int:
    report = alloc("-C", group, "clear", "--json").document
    return int(report["entries"])


def test_a_rule_that_nobody_activated_never_posts_alone(group: Path, alloc):
    assert standing(alloc, group) == "inactive"
    assert cleared(alloc, group) == 2
    assert cleared(alloc, group) == 0
    queue = alloc("-C", group, "review", "list", "--json").document["payments"]
    assert "RULE_FITS" in {payment["reason"] for payment in queue}


def test_an_activated_rule_posts_alone_and_it_is_kept_who_said_so(group: Path, alloc):
    done = alloc("-C", group, "rules", "activate", "tip")
    assert (done.code, done.stdout) == (0, "tip@4 posts alone from now on.\n")
    (line,) = (group / "rules" / "activations.jsonl").read_text().splitlines()
    record = json.loads(line)
    assert (record["rule"], record["active"], record["by"], record["at"]) == (
        *("tip@4", True, "ada"),
        "2026-03-31T22:00:00Z",
    )
    assert standing(alloc, group) == "active"
    assert cleared(alloc, group) == 3


def test_the_nightly_job_keeps_to_it_too(group: Path, alloc):
    def entries() -> int:
        alloc("-C", group, "run")
        journal = alloc("-C", group, "export", "json", "-o", "-").stdout
        return len(json.loads(journal)["entries"])

    assert entries() == 2
    alloc("-C", group, "rules", "activate", "tip")
    assert entries() == 3


def test_a_rule_that_changed_waits_until_it_is_activated_anew(group: Path, alloc):
    alloc("-C", group, "rules", "activate", "tip")
    file = group / "rules" / "tip.toml"
    file.write_text(RULE.replace('"4.80", "4.90"', '"4.70", "4.90"'))
    assert standing(alloc, group) == "changed"
    assert cleared(alloc, group) == 2
    file.write_text(RULE.replace('title = "Tip"', 'title = "A tip"'))
    assert standing(alloc, group) == "active"


def test_an_activation_is_taken_back(group: Path, alloc):
    alloc("-C", group, "rules", "activate", "tip")
    said = alloc("-C", group, "rules", "deactivate", "tip").stdout
    assert said == "tip@4 waits for a click from now on.\n"
    assert standing(alloc, group) == "inactive"
    assert cleared(alloc, group) == 2


def test_the_same_said_twice_is_one_record(group: Path, alloc):
    words = ("-C", group, "rules", "activate", "tip", "--json")
    assert alloc(*words).document["already"] is False
    assert alloc(*words).document["already"] is True
    assert len((group / "rules" / "activations.jsonl").read_text().splitlines()) == 1


def test_a_click_needs_no_activation(group: Path, alloc):
    alloc("-C", group, "clear")
    queue = alloc("-C", group, "review", "list", "--json").document["payments"]
    (payment_id,) = (p["payment_id"] for p in queue if p["amount_minor"] == 8_000)
    assert alloc("-C", group, "apply", "tip", payment_id, "--post").code == 0


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('posting = "auto"', 'posting = "one_click"', "RULE_NOT_AUTO"),
        ('"rounding_gain -4.90"', '"rounding_gain -4.91"', "EXAMPLE_FAILS"),
    ],
)
def test_what_may_not_be_activated_is_told_with_its_line(
    group: Path, alloc, old: str, new: str, reason: str
):
    (group / "rules" / "tip.toml").write_text(RULE.replace(old, new))
    done = alloc("-C", group, "rules", "activate", "tip")
    assert done.code == 78
    assert f"[{reason}]" in done.stderr
    assert "rules/tip.toml:" in done.stderr
    assert not (group / "rules" / "activations.jsonl").exists()


@pytest.mark.parametrize(
    "spoiled", ["{", "[]", '{"rule": "tip@4"}', '{"rule": 4}', "\xff"]
)
def test_a_spoiled_record_stops_what_would_post(group: Path, alloc, spoiled: str):
    alloc("-C", group, "rules", "activate", "tip")
    file = group / "rules" / "activations.jsonl"
    file.write_bytes(file.read_bytes() + spoiled.encode("latin-1") + b"\n")
    for words in (("clear",), ("run",), ("rules", "list")):
        done = alloc("-C", group, *words)
        assert done.code == 78, done.stderr
        assert "rules/activations.jsonl:2:" in done.stderr
        assert "[ACTIVATIONS_INVALID]" in done.stderr


def test_the_impact_is_shown_and_nothing_is_written(group: Path, alloc):
    alloc("-C", group, "clear")
    before = alloc("-C", group, "status", "--json").document
    words = ("-C", group, "rules", "impact", "tip", *SINCE)
    told = alloc(*words, "--json").document
    assert (told["rule"], told["payments"]) == ("tip@4", 3)
    assert told["totals"] == [
        {"verdict": "clears", "currency": "EUR", "count": 1, "amount_minor": 8_000}
    ]
    (case,) = told["cases"]
    assert (case["items"], case["lines"]) == (
        [["I3", 7_510]],
        [["rounding_gain", -490]],
    )
    assert alloc("-C", group, "status", "--json").document == before
    shown = alloc(*words).stdout
    assert "tip@4: 3 payments since 01/01/2026 replayed; nothing was written." in shown
    assert "it clears what waits" in shown
    assert "I3 €75.10; rounding_gain -€4.90" in shown
    assert alloc(*words, "-n", "0", "--json").document["cases"] == []


def test_a_rule_without_impact_says_so(group: Path, alloc):
    words = ("-C", group, "rules", "impact", "tip", "--since", "2027-01-01")
    assert alloc(*words).stdout.endswith("The rule would have done nothing.\n")
    assert alloc("-C", group, "rules", "impact", "top", *SINCE).code == 65
    assert alloc("-C", group, "rules", "impact", "tip").code == 2
