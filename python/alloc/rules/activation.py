"""Activation: a rule posts alone once a person has said so, as it stands.

A file of one JSON record a line lies beside the rules and is only ever appended to. A
record names the rule and the digest of what it says: when the rule, or the template
below it, changes afterwards, it is for a click again until it is activated anew.
"""

from __future__ import annotations

import hashlib
import os
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from alloc.errors import InputError
from alloc.rules.model import Posting, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

__all__ = [
    "ACTIVATIONS_NAME",
    "Activation",
    "Standing",
    "as_activated",
    "digest_of",
    "read_activations",
    "record_activation",
    "standing",
]

ACTIVATIONS_NAME = "activations.jsonl"
"""The file, in the folder of the rules."""


class Activation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One record.

    Parameters
    ----------
    rule
        ``id@version``.
    digest
        Of `digest_of`.
    active
        Whether it may post alone from now on.
    by, at
        Who said so and when (UTC, ISO 8601).
    """

    rule: str
    digest: str
    active: bool
    by: str
    at: str


class Standing(StrEnum):
    """Whether a rule posts alone.

    ``active``; ``inactive``: nobody activated it; ``changed``: it was activated, and
    says something else since; ``manual``: it does not ask to post alone.
    """

    ACTIVE = "active"
    INACTIVE = "inactive"
    CHANGED = "changed"
    MANUAL = "manual"


def digest_of(rule: Rule) -> str:
    """Name what a rule says: 64 hex digits.

    Its examples, title, author and place in the folder say nothing of what it posts;
    keys that a later version of `alloc` adds say nothing while they have their default.
    """
    bare = msgspec.structs.replace(
        rule, file="", line=1, examples=(), title="", author=""
    )
    said = msgspec.json.encode(_said(bare), order="deterministic")
    return hashlib.sha256(said).hexdigest()


def _said(value: object) -> object:
    """Return a value without the fields that have their default."""
    if isinstance(value, msgspec.Struct):
        return {
            field.name: _said(getattr(value, field.name))
            for field in msgspec.structs.fields(value)
            if field.required or getattr(value, field.name) != field.default
        }
    if isinstance(value, tuple):
        return [_said(one) for one in value]
    return value


def read_activations(folder: Path) -> tuple[Activation, ...]:
    """Read the records of a folder of rules; none when there is no file.

    Raises
    ------
    alloc.errors.InputError
        ``ACTIVATIONS_INVALID`` with the line.
    """
    path = folder / ACTIVATIONS_NAME
    if not path.is_file():
        return ()
    records = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            records.append(msgspec.json.decode(line, type=Activation))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(
                f"{folder.name}/{ACTIVATIONS_NAME}: line {number}: no record of an "
                f"activation: {error}; give the file back as it was, or activate the "
                "rules again without it",
                reason="ACTIVATIONS_INVALID",
                file=f"{folder.name}/{ACTIVATIONS_NAME}",
                line=number,
            ) from error
    return tuple(records)


def record_activation(folder: Path, record: Activation) -> None:
    """Append a record; it is on the disk when this returns."""
    with (folder / ACTIVATIONS_NAME).open("ab") as sink:
        sink.write(msgspec.json.encode(record) + b"\n")
        sink.flush()
        os.fsync(sink.fileno())


def standing(
    rule: Rule, records: Iterable[Activation]
) -> tuple[Standing, Activation | None]:
    """Say whether a rule posts alone, and the last record on it."""
    last = None
    for record in records:
        if record.rule == rule.name:
            last = record
    if rule.posting is not Posting.AUTO:
        return Standing.MANUAL, last
    if last is None or not last.active:
        return Standing.INACTIVE, last
    same = last.digest == digest_of(rule)
    return (Standing.ACTIVE if same else Standing.CHANGED), last


def as_activated(
    rules: Sequence[Rule], records: Sequence[Activation]
) -> tuple[Rule, ...]:
    """Return the rules as they may post: alone only what is activated."""
    return tuple(
        msgspec.structs.replace(rule, posting=Posting.ONE_CLICK)
        if standing(rule, records)[0] in (Standing.INACTIVE, Standing.CHANGED)
        else rule
        for rule in rules
    )
