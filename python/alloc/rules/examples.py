"""Running the example cases of a rule: what it says against what it should say."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from alloc.domain.rate import rate_text
from alloc.engine import currency_exponent
from alloc.rules.explaining import explain
from alloc.rules.facts import Situation
from alloc.rules.parts import summed
from alloc.rules.values import amount_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alloc.rules.explaining import Explanation, Outcome
    from alloc.rules.model import Example, Rule

__all__ = ["Verdict", "line_texts", "run_examples"]


class Verdict(NamedTuple):
    """How an example came out; ``problems`` is empty when it holds."""

    rule: str
    example: str
    file: str
    line: int
    problems: tuple[str, ...]


def run_examples(rule: Rule) -> list[Verdict]:
    """Run every example of a rule.

    Parameters
    ----------
    rule
        As read.

    Returns
    -------
    list of Verdict
        In the order of the file.
    """
    return [
        Verdict(
            rule=rule.name,
            example=example.name,
            file=rule.file,
            line=example.line,
            problems=tuple(_problems(rule, example)),
        )
        for example in rule.examples
    ]


def line_texts(explanation: Explanation, exponent: int) -> list[str]:
    """Write the lines of an explanation as examples do: ``role amount [VAT rate]``.

    Debits are above zero, credits below.
    """
    return [
        f"{line.role} {amount_text(line.amount_minor, exponent)}"
        + (f" {rate_text(line.vat_ppm)}" if line.vat_ppm else "")
        for line in summed(explanation.lines)
    ]


def _problems(rule: Rule, example: Example) -> Iterator[str]:
    exponent = currency_exponent(rule.currency) or 0
    situation = Situation(
        payment=example.payment,
        items=example.items,
        supplier_items=example.supplier_items,
    )
    outcome = explain(rule, situation, exponent=exponent)
    if outcome.status != example.result:
        yield f"expected {example.result}, got {_said(outcome)}"
        return
    if example.reason and outcome.reason != example.reason:
        yield f"expected the reason {example.reason}, got {_said(outcome)}"
    if outcome.status != "explained":
        return
    (explanation,) = outcome.explanations
    got = line_texts(explanation, exponent)
    if sorted(got) != sorted(example.lines):
        yield f"expected the lines {_listed(example.lines)}, got {_listed(got)}"
    left = {item_id: minor for item_id, minor in explanation.left if minor}
    wanted = {item_id: minor for item_id, minor in example.left if minor}
    if left != wanted:
        said = [f"{key} {amount_text(left[key], exponent)}" for key in sorted(left)]
        should = [f"{k} {amount_text(wanted[k], exponent)}" for k in sorted(wanted)]
        yield f"expected to stay open {_listed(should)}, got {_listed(said)}"


def _said(outcome: Outcome) -> str:
    return f"{outcome.status}: {outcome.message} [{outcome.reason}]"


def _listed(texts: list[str] | tuple[str, ...]) -> str:
    return "; ".join(texts) or "none"
