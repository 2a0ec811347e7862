"""Exception rules as data: read, checked, and applied with exact arithmetic.

A rule is a value (`Rule`); `explain` says whether it makes up the gap between a payment
and the items it would clear, in exactly one way.
"""

from alloc.rules.book import find_rule, library, load_rules, parse_rule, rule_text
from alloc.rules.examples import Verdict, run_examples
from alloc.rules.explaining import Explanation, Outcome, explain, explain_by_one
from alloc.rules.facts import Earlier, Item, Payment, Situation, VatLine
from alloc.rules.model import Rule
from alloc.rules.parts import Line
from alloc.rules.reading import read_rule

__all__ = [
    "Earlier",
    "Explanation",
    "Item",
    "Line",
    "Outcome",
    "Payment",
    "Rule",
    "Situation",
    "VatLine",
    "Verdict",
    "explain",
    "explain_by_one",
    "find_rule",
    "library",
    "load_rules",
    "parse_rule",
    "read_rule",
    "rule_text",
    "run_examples",
]
