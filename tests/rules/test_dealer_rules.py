"""The rules that `bench/dealer.py` lets the demo group have."""

from __future__ import annotations

from pathlib import Path

from alloc.rules import load_rules, run_examples
from alloc.rules.model import Posting

FOLDER = Path(__file__).resolve().parents[2] / "bench" / "dealer_rules"


def test_the_rules_of_the_group_post_alone_what_their_examples_say() -> None:
    rules = load_rules(FOLDER, locale="fr")
    assert len(rules) == 4
    assert all(rule.posting is Posting.AUTO for rule in rules)
    verdicts = [verdict for rule in rules for verdict in run_examples(rule)]
    assert len(verdicts) == 4
    assert not any(verdict.problems for verdict in verdicts)
