"""The content of a rule in the making: built on the library, joined, as TOML."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from alloc.engine import currency_exponent
from alloc.rules.book import _bases
from alloc.rules.reading import laid_over

Content = dict[str, Any]


def percent(rate: str) -> str:
    return f"{(Decimal(rate) * 100).normalize():f}%"


def major(minor: int, currency: str = "EUR") -> str:
    digits = currency_exponent(currency) or 0
    whole, part = divmod(minor, 10**digits)
    return f"{whole}.{part:0{digits}}" if digits else str(whole)


class RuleContent:
    """What a rule builds on, and what it says itself.

    Parameters
    ----------
    base
        A rule of the library; empty builds on none.
    rule_id
        Its own id.
    currency
        Of its amounts.

    Attributes
    ----------
    party
        Whom a person names when clicking.
    waits
        Whether a person has to find something out before.
    """

    def __init__(self, base: str, rule_id: str, currency: str = "EUR") -> None:
        self.base, self.rule_id = base, rule_id
        self.own: Content = {"currency": currency, "posting": "auto"}
        self.party, self.waits = "", False

    def say(self, path: str = "", **values: object) -> RuleContent:
        """Lay values over a table, named by its path."""
        table = self.own
        for key in filter(None, path.split(".")):
            table = table.setdefault(key, {})
        table.update(values)
        return self

    @property
    def whole(self) -> Content:
        """What it says together with what it builds on."""
        return laid_over(_bases()[self.base] if self.base else {}, self.own)

    def wait(self) -> RuleContent:
        """Leave it to a person, who does not click before something is found out."""
        self.waits = True
        return self.say(posting="one_click")

    @property
    def customer_types(self) -> list[str]:
        """The types of customers that it is for; none is anybody."""
        types: list[str] = self.whole.get("when", {}).get("customer_types", [])
        return types

    @property
    def is_joined(self) -> bool:
        """Whether its components may stand beside those of another rule."""
        whole = self.whole
        taken = {part.get("amount") for part in whole.get("component", {}).values()}
        alone = {"always", "fallback", "link", "vat_on_collection"} & whole.keys()
        is_in = whole.get("when", {}).get("direction", "in") == "in"
        return bool(taken) and not alone and is_in and not {"payment"} & taken

    def text(self) -> str:
        head = {"id": self.rule_id, "version": 1, "title": "Case", "author": "Test"}
        content = laid_over(self.whole, head)
        digits = currency_exponent(content["currency"]) or 0
        one = major(10**digits, content["currency"])
        content["example"] = [
            {
                "name": "shown by the worked case itself",
                "payment": {"amount": one, "date": dt.date(2026, 1, 1)},
                "items": [{"id": "A", "ttc": one}],
            }
        ]
        return toml_of(content)


def joined(rules: list[RuleContent]) -> RuleContent | None:
    """Return a rule of all components of several; None when they do not go together."""
    content: Content = {}
    solved = 0
    for rule in rules:
        whole = rule.whole
        parts = whole["component"]
        solved += sum(part.get("amount") == "gap" for part in parts.values())
        if set(parts) & set(content.get("component", {})):
            return None
        content = laid_over(content, whole)
    if solved > 1 or len({rule.own["currency"] for rule in rules}) > 1:
        return None
    made = RuleContent("", "-".join(rule.rule_id for rule in rules))
    made.own = content
    if any(rule.waits for rule in rules):
        made.wait()
    return made


def toml_of(content: Content, path: str = "") -> str:
    """Write tables as TOML: values first, then the tables below."""
    text = f"[{path}]\n" if path else ""
    below = {k: v for k, v in content.items() if isinstance(v, dict)}
    for key, value in content.items():
        if key not in below:
            text += f"{key} = {value_of(value)}\n"
    for key, value in below.items():
        text += toml_of(value, f"{path}.{key}" if path else key)
    return text


def value_of(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        inside = ", ".join(f"{key} = {value_of(one)}" for key, one in value.items())
        return f"{{ {inside} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(value_of, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)
