"""`alloc rules`: an administrator checks and tests the rules of the company."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

RULE = """
based_on = "insurer-commission-gap"
id = "our-insurer"
version = 2
author = "Ada"

[when]
payers = ["Lakeside Mutual"]

[[example]]
name = "five per cent"
payment = { amount = "1140.00", date = 2026-03-06, payer = "LAKESIDE MUTUAL", customer_type = "insurer" }
items = [{ id = "F1", ttc = "1200.00" }]
lines = ["commission 50.00", "vat_deductible 10.00 20%"]
"""  # noqa: E501 - an inline table of TOML stands on one line


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "alloc.toml").write_text('[workspace]\nname = "T"\n')
    (tmp_path / "rules").mkdir()
    return tmp_path


def test_right_rules_are_counted_and_their_examples_hold(workspace, alloc):
    (workspace / "rules" / "ours.toml").write_text(RULE)
    assert alloc("rules", "check", "-C", workspace).stdout == "1 rule is right.\n"
    tested = alloc("rules", "test", "-C", workspace)
    assert (tested.code, tested.stdout) == (0, "1 of 1 examples hold.\n")
    (listed,) = alloc("rules", "list", "-C", workspace, "--json").document["rules"]
    assert (listed["id"], listed["version"], listed["author"]) == (
        *("our-insurer", 2, "Ada"),
    )


def test_an_example_that_does_not_hold_is_shown_where_it_stands(workspace, alloc):
    text = RULE.replace('"commission 50.00"', '"commission 50.01"')
    (workspace / "rules" / "ours.toml").write_text(text)
    tested = alloc("rules", "test", "-C", workspace)
    assert tested.code == 65
    assert tested.stdout.splitlines() == [
        (
            "rules/ours.toml:11: five per cent: expected the lines commission 50.01;"
            " vat_deductible 10.00 20%, got commission 50.00; vat_deductible 10.00 20%"
        ),
        "0 of 1 examples hold.",
    ]


def test_a_wrong_rule_is_a_matter_of_configuration(workspace, alloc):
    (workspace / "rules" / "ours.toml").write_text(RULE + "[component.commission]\n")
    (workspace / "rules" / "other.toml").write_text(RULE.replace("version", "versoin"))
    checked = alloc("rules", "check", "-C", workspace)
    assert checked.code == 78
    assert "rules/other.toml:4: versoin: unknown key; did you mean version?" in (
        checked.stderr
    )


def test_mistakes_of_two_files_each_bear_their_own_place(workspace, alloc):
    for name in ("a", "b"):
        text = RULE.replace("version = 2", "version = 0")
        (workspace / "rules" / f"{name}.toml").write_text(text)
    said = alloc("rules", "check", "-C", workspace).stderr.splitlines()
    assert [line.partition(": version")[0] for line in said] == [
        "alloc: rules/a.toml:4",
        "alloc: rules/b.toml:4",
    ]


def test_a_template_is_printed_for_those_who_build_on_it(workspace, alloc):
    shown = alloc("rules", "show", "bank-fee", "-C", workspace)
    assert shown.code == 0
    assert shown.stdout.startswith("# library/bank-fee.toml\nid =")
    (workspace / "rules" / "ours.toml").write_text(RULE)
    own = alloc("rules", "show", "our-insurer", "-C", workspace)
    assert own.stdout == "# rules/ours.toml\n" + RULE
    unknown = alloc("rules", "show", "bank-fees", "-C", workspace)
    assert "rule bank-fees is unknown" in unknown.stderr


def test_the_library_is_listed_and_tested(workspace, alloc):
    listed = alloc("rules", "list", "--library", "-C", workspace)
    assert "insurer-commission-rate" in listed.stdout
    tested = alloc("rules", "test", "--library", "-C", workspace, "--json")
    assert (tested.code, tested.document["failed"]) == (0, 0)


def test_a_workspace_without_rules_hears_where_they_go(workspace, alloc):
    listed = alloc("rules", "list", "-C", workspace)
    assert "alloc rules list --library" in listed.stdout
