"""What a bank wrote goes into a label as it stands, and does nothing there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloc.rules.labels import FIELDS, LABEL_CHARACTERS_MAX, fill, mistake_in

NOTHING = dict.fromkeys(FIELDS, "")


@pytest.mark.parametrize(
    "text",
    ["{rule}", "{0.__class__}", "%(rule)s", "$rule", "{{ 1 + 1 }}", "{", "}", "\\1"],
)
def test_text_of_the_bank_is_never_a_template(text: str):
    fields = NOTHING | {"payer": text, "rule": "SECRET"}
    assert fill("Paid by {payer}.", fields) == f"Paid by {text}."


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "|x", "\t=1+1", "=-=1"]
)
def test_no_label_is_a_formula(text: str):
    label = fill("{payer}", NOTHING | {"payer": text})
    assert label[:1] not in set("=+-@|\t")


@given(st.text(), st.text())
def test_a_label_is_one_printable_line_of_bounded_length(payer: str, items: str):
    label = fill("{payer} {items}", NOTHING | {"payer": payer, "items": items})
    assert len(label) <= LABEL_CHARACTERS_MAX
    assert label == "" or label.isprintable()
    assert label == label.strip()


@pytest.mark.parametrize(
    "template", ["{payer", "payer}", "{a{payer}}", "=x", "{}", " x"]
)
def test_a_broken_template_is_refused(template: str):
    assert mistake_in(template)
