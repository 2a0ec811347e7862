"""Labels by template: named fields are put in, nothing in them is interpreted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FIELDS", "LABEL_CHARACTERS_MAX", "fill", "mistake_in"]

FIELDS = (
    "amount",
    "customer",
    "date",
    "items",
    "payer",
    "payment",
    "rule",
    "title",
)
"""What a template may name."""

LABEL_CHARACTERS_MAX = 160
"""Characters of a label; the rest is cut."""

_FIELD = re.compile(r"\{([^{}]*)\}")
_FIRST = re.compile(r"[^\W_]|\{")


def mistake_in(template: str) -> str | None:
    """Say what is wrong with a template; None when it is right.

    >>> mistake_in("Commission {payer}")
    >>> mistake_in("Commission {payr}")
    '{payr} is no field: amount, customer, date, items, payer, payment, rule, title'
    """
    for name in _FIELD.findall(template):
        if name not in FIELDS:
            return f"{{{name}}} is no field: {', '.join(FIELDS)}"
    rest = _FIELD.sub("", template)
    if "{" in rest or "}" in rest:
        return "a brace is not closed: write a field as {payer}"
    if not _FIRST.match(template):
        return "a label begins with a letter, a digit or a field"
    return None


def fill(template: str, fields: Mapping[str, str]) -> str:
    r"""Put the fields into a template, once, as plain text.

    Parameters
    ----------
    template
        Checked by `mistake_in`.
    fields
        A value for each of `FIELDS`; text of a bank may hold anything.

    Returns
    -------
    str
        One line, no control characters, at most `LABEL_CHARACTERS_MAX` characters. It
        does not begin with a sign that a spreadsheet takes for a formula.

    Examples
    --------
    >>> fields = dict.fromkeys(FIELDS, "x") | {"payer": "={amount}\n"}
    >>> fill("{payer} of {items}", fields)
    '{amount} of x'
    """
    said = _FIELD.sub(lambda found: fields[found[1]], template)
    plain = "".join(char if char.isprintable() else " " for char in said)
    line = " ".join(plain.split()).lstrip("=+-@|%")
    return line[:LABEL_CHARACTERS_MAX].strip()
