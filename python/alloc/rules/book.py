"""All rules of a workspace: its own files over the library that is shipped."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from alloc.errors import InputError, LimitError, NotFoundError
from alloc.rules.reading import laid_over, read_rule
from alloc.toml_reader import read_toml_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from alloc.rules.model import Rule

__all__ = [
    "RULES_MAX",
    "find_rule",
    "library",
    "load_rules",
    "parse_rule",
    "rule_text",
]

RULES_MAX = 500
"""Rule files of one workspace."""


@cache
def _library_texts() -> Mapping[str, str]:
    folder = files("alloc.rules") / "library"
    names = sorted(part.name for part in folder.iterdir())
    return {
        name: (folder / name).read_text("utf-8")
        for name in names
        if name.endswith(".toml")
    }


@cache
def _bases() -> Mapping[str, Mapping[str, Any]]:
    contents = [tomllib.loads(text) for text in _library_texts().values()]
    bases: dict[str, Mapping[str, Any]] = {}
    waiting = {content["id"]: content for content in contents}
    while waiting:
        for rule_id, content in list(waiting.items()):
            below = content.get("based_on")
            if below in waiting:
                continue
            bases[rule_id] = laid_over(bases[below], content) if below else content
            del waiting[rule_id]
    return bases


@cache
def library(locale: str = "en") -> tuple[Rule, ...]:
    """Return the rules that are shipped, by id.

    They are templates: none of them holds until a workspace builds on it, because a
    rule is the company's decision. `load_rules` therefore leaves them out.
    """
    rules = [
        read_rule(text, name=f"library/{name}", bases=_bases(), locale=locale)
        for name, text in _library_texts().items()
    ]
    return tuple(sorted(rules, key=lambda rule: rule.id))


def parse_rule(text: str, *, name: str, locale: str = "en") -> Rule:
    """Parse the text of a rule that may build on the library; see `read_rule`."""
    return read_rule(text, name=name, bases=_bases(), locale=locale)


def load_rules(folder: Path, *, locale: str = "en") -> tuple[Rule, ...]:
    """Read the rules of a workspace.

    Parameters
    ----------
    folder
        With one ``*.toml`` a rule; that it is missing means no rules.
    locale
        Language of the books, for the titles.

    Returns
    -------
    tuple of Rule
        By id and version. Two versions of a rule may stand side by side when they are
        valid at different times.

    Raises
    ------
    alloc.errors.InputError
        ``RULE_INVALID`` for all mistakes of all files together, ``RULE_TWICE``.
    alloc.errors.LimitError
        ``RULES_OVER_LIMIT``.
    """
    paths = sorted(folder.glob("*.toml")) if folder.is_dir() else []
    if len(paths) > RULES_MAX:
        raise LimitError(
            f"{folder} has {len(paths)} rules, {RULES_MAX} at most",
            reason="RULES_OVER_LIMIT",
            rules=len(paths),
        )
    rules, mistakes = [], []
    for path in paths:
        name = f"{folder.name}/{path.name}"
        try:
            text = read_toml_text(path)
            rules.append(parse_rule(text, name=name, locale=locale))
        except InputError as error:
            mistakes.append(error)
    if mistakes:
        raise InputError(
            "\n".join(str(error) for error in mistakes),
            reason=mistakes[0].reason,
            **mistakes[0].metadata,
        )
    _check_versions(rules)
    return tuple(sorted(rules, key=lambda rule: (rule.id, rule.version)))


def rule_text(folder: Path, name: str) -> str:
    """Return the text of a rule as it stands in its file.

    Parameters
    ----------
    folder
        Of the workspace's rules.
    name
        A rule of the workspace or of the library: ``id`` or ``id@version``.

    Raises
    ------
    alloc.errors.NotFoundError
        ``RULE_UNKNOWN``.
    """
    shipped = {rule.id: rule for rule in library()}
    rule = shipped.get(name) or find_rule(load_rules(folder), name)
    text = (
        _library_texts()[rule.file.partition("/")[2]]
        if name in shipped
        else read_toml_text(folder.parent / rule.file)
    )
    return f"# {rule.file}\n{text}"


def find_rule(rules: Sequence[Rule], name: str) -> Rule:
    """Find a rule by ``id`` (its latest version) or ``id@version``.

    Raises
    ------
    alloc.errors.NotFoundError
        ``RULE_UNKNOWN``.
    """
    found = [rule for rule in rules if name in (rule.id, rule.name)]
    if found:
        return max(found, key=lambda rule: rule.version)
    known = any(rule.id == name for rule in library())
    what = (
        f"is of the library: build on it in rules/{name}.toml with "
        f'based_on = "{name}"; '
        f"print it with `alloc rules show {name}`"
        if known
        else "is unknown: see `alloc rules list`"
    )
    raise NotFoundError(f"rule {name} {what}", reason="RULE_UNKNOWN", rule=name)


def _check_versions(rules: Sequence[Rule]) -> None:
    """Refuse two versions of one rule for the same day."""
    by_id: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        for other in by_id[rule.id]:
            starts = rule.valid_from is None or (
                other.valid_until is None or rule.valid_from <= other.valid_until
            )
            ends = other.valid_from is None or (
                rule.valid_until is None or other.valid_from <= rule.valid_until
            )
            if rule.version == other.version or (starts and ends):
                raise InputError(
                    f"{rule.file}: rule {rule.name} holds at the same time as "
                    f"{other.name} of {other.file}: end the older one with valid_until",
                    reason="RULE_TWICE",
                    file=rule.file,
                    line=rule.line,
                    field="id",
                )
        by_id[rule.id].append(rule)
