"""A deduction that people accept again and again is proposed as a rule."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from day import Credit, statement

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Outcome

    Call = Callable[..., Outcome]

CUSTOMERS = "customer_id;name\nC1;Martin SARL\n"
HEAD = "entity;item_id;customer_id;currency;open_amount;reference;issue_date\n"
#: Invoices, and what a discount of 2 % leaves of them.
AMOUNTS = (
    *(("1234.57", "1209.88"), ("871.30", "853.87"), ("2213.41", "2169.14")),
    *(("457.11", "447.97"), ("311.71", "305.48")),
)


def item(at: int) -> str:
    return f"PARIS;I{at};C1;EUR;{AMOUNTS[at][0]};FA2603-100{at};2026-03-2{at}\n"


def credit(at: int) -> Credit:
    text = f"REGLEMENT FA2603-100{at}"
    return Credit(f"B{at}", AMOUNTS[at][1], "MARTIN SARL", text)


def day(
    alloc: Call, group: Path, folder: Path, *numbers: int, on: str = "2026-03-31"
) -> list[dict[str, Any]]:
    """Import invoices with their payments, clear, and return what waits."""
    name = "-".join(map(str, numbers))
    texts = {
        f"customers{name}.csv": CUSTOMERS + "\n" * numbers[0],
        f"items{name}.csv": HEAD + "".join(map(item, numbers)),
        f"statement{name}.xml": statement(*map(credit, numbers), day=on),
    }
    for file, text in texts.items():
        (folder / file).write_text(text, "utf-8")
        done = alloc("-C", group, "import", folder / file)
        assert done.code == 0, done.stderr
    alloc("-C", group, "clear")
    queue = alloc("-C", group, "review", "list", "--json").document["payments"]
    return list(queue)


@pytest.fixture
def taught(workspace: Path, alloc: Call, tmp_path: Path) -> Path:
    """Ada accepts the same discount of one customer three times."""
    for payment in day(alloc, workspace, tmp_path, 0, 1, 2):
        done = alloc("-C", workspace, "review", "accept", payment["payment_id"])
        assert done.code == 0, done.stderr
    return workspace


def proposed(alloc: Call, group: Path) -> list[dict[str, Any]]:
    return list(alloc("-C", group, "learn", "rules", "--json").document["rules"])


def test_what_suggests_a_rule_is_listed_and_explained(taught: Path, alloc: Call):
    (rule,) = proposed(alloc, taught)
    assert (rule["role"], rule["value"], rule["count"]) == ("discount_granted", "2%", 3)
    listed = alloc("-C", taught, "learn", "rules").stdout
    assert rule["rule"] in listed
    assert "alloc learn accept RULE" in listed
    document = alloc("-C", taught, "learn", "why", rule["rule"], "--json").document
    assert len(document["payments"]) == 3
    (total,) = document["impact"]["totals"]
    assert (total["verdict"], total["count"]) == ("agrees", 3)
    shown = alloc("-C", taught, "learn", "why", rule["rule"]).stdout
    assert document["payments"][0]["payment_id"] in shown
    assert 'based_on = "discount-net"' in shown
    assert "as was decided" in shown


def test_an_accepted_rule_is_a_file_that_posts_alone(
    taught: Path, alloc: Call, tmp_path: Path
):
    (rule,) = proposed(alloc, taught)
    done = alloc("-C", taught, "learn", "accept", rule["rule"], "--json").document
    written = tomllib.loads((taught / done["file"]).read_text(encoding="utf-8"))
    assert (written["author"], written["when"]["customers"]) == ("ada", ["C1"])
    (line,) = (taught / "rules" / "activations.jsonl").read_text().splitlines()
    record = json.loads(line)
    assert (record["rule"], record["active"], record["by"]) == (
        *(f"{rule['rule']}@1", True),
        "ada",
    )
    assert alloc("-C", taught, "rules", "test").code == 0
    assert proposed(alloc, taught) == []
    again = alloc("-C", taught, "learn", "accept", rule["rule"])
    assert (again.code != 0, "alloc learn rules" in again.stderr) == (True, True)
    # The rule holds from the day on which it is accepted.
    settled = (taught / done["file"]).read_text(encoding="utf-8")
    assert "valid_from = 2026-03-31" in settled
    assert "valid_until = 2027-03-31" in settled
    assert day(alloc, taught, tmp_path, 3) == [], "nothing waits"


def test_a_refused_rule_is_not_proposed_and_the_reason_is_kept(
    taught: Path, alloc: Call
):
    (rule,) = proposed(alloc, taught)
    words = ("learn", "refuse", rule["rule"], "--reason", "only this spring")
    assert alloc("-C", taught, *words).code == 0
    assert proposed(alloc, taught) == []
    assert alloc("-C", taught, "learn", "rules").stdout == (
        "No deduction suggests a rule.\n"
    )
    assert (
        "only this spring" in alloc("-C", taught, "learn", "why", rule["rule"]).stdout
    )
    assert alloc("-C", taught, "learn", "refuse", "nothing").code != 0


def test_a_rule_that_contradicts_a_person_is_not_accepted(
    taught: Path, alloc: Call, tmp_path: Path
):
    # The same discount, which a person refused: the rest is still owed.
    (waiting,) = day(alloc, taught, tmp_path, 3)
    words = ("review", "accept", waiting["payment_id"], "--item", "I3=447.97")
    done = alloc("-C", taught, *words)
    assert done.code == 0, done.stderr
    (rule,) = proposed(alloc, taught)
    refused = alloc("-C", taught, "learn", "accept", rule["rule"])
    assert (refused.code != 0, "LESSON_CONTRADICTED" in refused.stderr) == (True, True)
    assert not (taught / "rules").is_dir() or not list((taught / "rules").iterdir())


def test_people_read_it_in_their_language(taught: Path, alloc: Call):
    settings = taught / "alloc.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('locale = "en"', 'locale = "fr"'), "utf-8")
    (rule,) = proposed(alloc, taught)
    assert "escompte" in alloc("-C", taught, "learn", "rules").stdout
    shown = alloc("-C", taught, "learn", "accept", rule["rule"]).stdout
    assert "31/03/2027" in shown
    assert "comptabilise" in shown


def test_a_back_test_tries_what_was_accepted_before_its_days(
    taught: Path, alloc: Call, tmp_path: Path
):
    for payment in day(alloc, taught, tmp_path, 3, 4, on="2026-04-01"):
        alloc("-C", taught, "review", "accept", payment["payment_id"])
    (rule,) = proposed(alloc, taught)
    words = ("backtest", "--json", "--test-since")
    tested = alloc("-C", taught, *words, "2026-04-01").document
    name = f"{rule['rule']}@1"
    assert tested["rules"] == [{"name": name, "right": 3, "wrong": 0}]
    right = {stage["name"]: stage["test"]["right"] for stage in tested["stages"]}
    assert right == {"zero": 0, "learned": 0, "rules": 2}
    refused = alloc("-C", taught, "learn", "refuse", rule["rule"])
    assert refused.code == 0
    assert alloc("-C", taught, *words, "2026-04-01").document["rules"] == []
