from __future__ import annotations

from alloc.rules import Rule, read_rule

HEAD = 'id = "mine"\nversion = 1\ntitle = "Mine"\nauthor = "Anna"\n'
EXAMPLE = """
[[example]]
name = "one"
payment = { amount = "1.00", date = 2026-01-01 }
items = [{ id = "A", ttc = "1.00" }]
"""


def rule_of(body: str, *, example: str = EXAMPLE) -> Rule:
    """Read a rule of which only the body matters."""
    return read_rule(HEAD + body + example, name="rules/mine.toml")
