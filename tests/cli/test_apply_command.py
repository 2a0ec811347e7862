"""`alloc apply` and `alloc rules explain`: one rule on one payment."""

from __future__ import annotations

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


@pytest.fixture
def waiting(workspace: Path, alloc, tmp_path: Path) -> tuple[Path, str]:
    """A workspace whose second payment is 4.90 above its invoice."""
    group = workspace
    (group / "rules").mkdir(exist_ok=True)
    (group / "rules" / "tip.toml").write_text(RULE)
    files = tmp_path / "files"
    files.mkdir()
    assert alloc("-C", group, "import", *write_day(files)).code == 0
    assert alloc("-C", group, "clear").code == 3
    queue = alloc("-C", group, "review", "list", "--json").document["payments"]
    (payment_id,) = (p["payment_id"] for p in queue if p["amount_minor"] == 8_000)
    return group, payment_id


def test_a_rule_that_fits_is_noted_with_the_payment(waiting, alloc):
    group, payment_id = waiting
    shown = alloc("-C", group, "review", "show", payment_id, "--json").document
    assert "RULE_FITS" in str(shown)
    assert "tip@4" in str(shown)


def test_every_rule_that_fits_is_shown_with_its_lines(waiting, alloc):
    group, payment_id = waiting
    other = RULE.replace('"tip"', '"gift"').replace("rounding_gain", "late_interest")
    (group / "rules" / "gift.toml").write_text(other)
    shown = alloc("-C", group, "review", "show", payment_id)
    assert shown.code == 0
    assert "rounding_gain -4.90" in shown.stdout
    assert "late_interest -4.90" in shown.stdout
    assert f"alloc apply gift@4 {payment_id} --post" in shown.stdout
    assert "the only explanation" not in shown.stdout
    rules, decision = map(shown.stdout.index, ("What the rules say", "Decision "))
    assert rules < decision, "a rule of the company goes before what the engine says"


def test_a_rule_is_explained_in_the_language_of_the_workspace(waiting, alloc):
    group, payment_id = waiting
    toml = (group / "alloc.toml").read_text()
    (group / "alloc.toml").write_text(toml.replace('locale = "en"', 'locale = "fr"'))
    fits = alloc("-C", group, "rules", "explain", "tip", payment_id).stdout
    assert "une seule combinaison explique l'écart" in fits
    small = RULE.replace('"4.80", "4.90"', '"4.80"')
    (group / "rules" / "tip.toml").write_text(small)
    shown = alloc("-C", group, "rules", "explain", "tip", payment_id).stdout
    assert "elle expliquerait un règlement de 79.90" in shown


def test_a_discount_taken_too_late_is_said_with_its_term(waiting, alloc):
    group, payment_id = waiting
    late = RULE.replace("[component.tip]", "[when]\nwithin_days = 0\n[component.tip]")
    late = late.replace('ttc = "10.00"', 'ttc = "10.00", issued = 2026-03-06')
    (group / "rules" / "tip.toml").write_text(late)
    shown = alloc("-C", group, "review", "show", payment_id, "--json").document
    assert [rule["reason"] for rule in shown["rules"]] == ["LATE_DISCOUNT"]


def test_the_entry_is_shown_and_nothing_is_written(waiting, alloc):
    group, payment_id = waiting
    shown = alloc("-C", group, "apply", "tip", payment_id)
    assert shown.code == 0
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert ["512000", "€80.00"] in lines
    assert ["411000", "C2", "€75.10"] in lines
    assert ["758000", "€4.90"] in lines
    assert f"alloc apply tip {payment_id} --post" in shown.stdout
    again = alloc("-C", group, "apply", "tip", payment_id, "--json").document
    assert (again["posted"], again["status"]) == ([], "explained")


def test_it_is_posted_once_and_asked_again_says_so(waiting, alloc):
    group, payment_id = waiting
    words = ("-C", group, "apply", "tip@4", payment_id, "--post")
    done = alloc(*words)
    assert done.code == 0
    assert "Posted: BQ1" in done.stdout
    again = alloc(*words, "--json")
    assert (again.code, again.document["already_posted"]) == (0, True)
    assert alloc("-C", group, "verify").code == 0


def test_what_does_not_fit_is_said_with_its_reason(waiting, alloc):
    group, payment_id = waiting
    rule = group / "rules" / "tip.toml"
    rule.write_text(RULE.replace('["4.80", "4.90"]', '"4.80"').replace("4.90", "4.80"))
    rule.write_text(rule.read_text().replace('"14.90"', '"14.80"'))
    said = alloc("-C", group, "rules", "explain", "tip", payment_id)
    assert "it would explain a payment of 79.90 [GAP_DIFFERS]" in said.stdout
    shown = alloc("-C", group, "apply", "tip", payment_id)
    assert shown.code == 3
    posted = alloc("-C", group, "apply", "tip", payment_id, "--post")
    assert "NOT_EXPLAINED" in posted.stderr


def test_a_rule_says_what_it_would_post(waiting, alloc):
    group, payment_id = waiting
    said = alloc("-C", group, "rules", "explain", "all", payment_id)
    assert said.stdout.splitlines() == [
        "tip@4: exactly one combination makes up the gap [EXPLAINED]",
        "  rounding_gain -4.90",
    ]


def test_an_unknown_rule_or_item_is_named(waiting, alloc):
    group, payment_id = waiting
    assert "RULE_UNKNOWN" in alloc("-C", group, "apply", "tap", payment_id).stderr
    missing = alloc("-C", group, "apply", "tip", payment_id, "--items", "X9")
    assert "ITEM_UNKNOWN" in missing.stderr
    assert alloc("-C", group, "apply", "tip", payment_id, "--items", "A,,B").code == 2


def test_a_rule_for_no_payment_works_on_named_items(waiting, alloc):
    group, _ = waiting
    text = 'based_on = "bad-debt-gross"\nid = "lost"\nversion = 1\ntitle = "Lost"\n'
    text += 'author = "Ada"\n\n[[example]]\nname = "lost"\n'
    text += 'payment = { amount = "0", date = 2026-03-06 }\n'
    text += 'items = [{ id = "F1", ttc = "10.00" }]\nlines = ["bad_debt 10.00"]\n'
    (group / "rules" / "lost.toml").write_text(text)
    words = ("-C", group, "apply", "lost", "--items", "I4", "--date", "2026-03-30")
    shown = alloc(*words, "--piece", "IRR 1")
    assert shown.code == 0
    assert (
        "alloc apply lost --items I4 --date 2026-03-30 --piece 'IRR 1' --post"
        in shown.stdout
    )
    posted = alloc(*words, "--piece", "IRR 1", "--post", "--json").document
    assert [(row["journal"], row["entity"]) for row in posted["posted"]] == [
        ("OD", "PARIS")
    ]
    assert alloc("-C", group, "verify").code == 0
    assert alloc(*words).code == 65
