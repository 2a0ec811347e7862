"""Strict reading of TOML: every mistake is collected and named with its line."""

from __future__ import annotations

import datetime as dt
import difflib
import tomllib
from typing import TYPE_CHECKING, NamedTuple

from alloc.engine import toml_lines
from alloc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from alloc.errors import AllocError

__all__ = ["Mistake", "TomlDocument", "TomlTable", "key_path", "read_toml_text"]

MISTAKES_SHOWN = 20
"""How many mistakes one message lists; the rest is counted."""


class Mistake(NamedTuple):
    """One mistake in a TOML text."""

    line: int
    path: str
    message: str


def key_path(prefix: str, key: str) -> str:
    """Join a path and a key as `alloc.engine.toml_lines` does.

    >>> key_path("entities", "01.2")
    'entities."01.2"'
    """
    bare = key and all(c.isascii() and (c.isalnum() or c in "-_") for c in key)
    if not bare:
        key = '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{prefix}.{key}" if prefix else key


class TomlDocument:
    """A parsed TOML text that knows the line of every key.

    Parameters
    ----------
    text
        The whole text; a byte order mark is ignored.
    name
        File name for messages.

    Raises
    ------
    alloc.errors.InputError
        The text is not TOML (``TOML_SYNTAX``, with ``file`` and ``line``).
    """

    def __init__(self, text: str, *, name: str) -> None:
        text = text.removeprefix("\ufeff")
        self.name = name
        self.mistakes: list[Mistake] = []
        try:
            self._lines = dict(toml_lines(text))
            content = tomllib.loads(text)
        except InputError as error:
            line = error.metadata["line"]
            what = str(error).removeprefix(f"line {line}: ")
            raise _syntax_error(name, line, what) from None
        except tomllib.TOMLDecodeError as error:
            what, _, where = str(error).partition(" (at line ")
            raise _syntax_error(name, where.split(",")[0] or "1", what) from None
        self.root = TomlTable(self, "", content)

    def mistake(self, table: str, key: str, message: str) -> None:
        """Note a mistake at the line of a key, or of its table when it is missing."""
        path = key_path(table, key) if key else table
        self.mistakes.append(Mistake(self.line(table, key), path, message))

    def line(self, table: str, key: str) -> int:
        """Line of a key, or of its table when it is missing."""
        path = key_path(table, key) if key else table
        return self._lines.get(path) or self._lines.get(table, 1)

    def raise_mistakes(self, reason: str) -> None:
        """Raise one error that lists all mistakes in line order, if there are any.

        Raises
        ------
        alloc.errors.InputError
            With ``file``, and ``line`` and ``field`` of the first mistake.
        """
        if not self.mistakes:
            return
        mistakes = sorted(set(self.mistakes))
        shown = [
            f"{self.name}:{line}: {path or 'file'}: {message}"
            for line, path, message in mistakes[:MISTAKES_SHOWN]
        ]
        if len(mistakes) > len(shown):
            shown.append(f"and {len(mistakes) - len(shown)} more")
        raise InputError(
            "\n".join(shown),
            reason=reason,
            file=self.name,
            line=mistakes[0].line,
            field=mistakes[0].path,
            mistakes=len(mistakes),
        )


class TomlTable:
    """One table; each key is asked for once, what is left over is a mistake."""

    def __init__(
        self, document: TomlDocument, path: str, content: Mapping[str, object]
    ) -> None:
        self.document = document
        self.path = path
        self._content = content
        self._asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._content

    @property
    def keys(self) -> list[str]:
        """The keys of the table, in the order of the text."""
        return list(self._content)

    def mistake(self, key: str, message: str) -> None:
        """Note a mistake at the line of `key` (empty: of the table)."""
        self.document.mistake(self.path, key, message)

    def line(self, key: str) -> int:
        """Line of `key`, or of the table when it is missing."""
        return self.document.line(self.path, key)

    def _take(self, key: str, kind: type, expected: str) -> object:
        self._asked.add(key)
        value = self._content.get(key)
        if value is None or type(value) is kind:
            return value
        self.mistake(key, f"expected {expected}, not {_said(value)}")
        return None

    def optional_text(self, key: str) -> str | None:
        """Text without blanks around it; empty text is a mistake."""
        value = self._take(key, str, "text in quotes")
        if value is None:
            return None
        text = str(value).strip()
        if not text:
            self.mistake(key, "must not be empty")
            return None
        return text

    def text(self, key: str, default: str) -> str:
        """Text, or the default when the key is missing."""
        return self.optional_text(key) or default

    def required_text(self, key: str) -> str:
        """Text that must be there."""
        self.require(key)
        return self.text(key, "")

    def raw_text(self, key: str, default: str) -> str:
        """Text as it stands, blanks included: a separator may be a tab."""
        value = self._take(key, str, "text in quotes")
        return default if value is None else str(value)

    def require(self, key: str) -> None:
        """Note a missing key."""
        if key not in self._content:
            self.mistake("", f"{key} is missing")

    def optional_date(self, key: str) -> dt.date | None:
        """Return a TOML date (``2026-03-31``, without quotes), or None."""
        value = self._take(key, dt.date, "a date like 2026-03-31, without quotes")
        return value if isinstance(value, dt.date) else None

    def integer(self, key: str, default: int, *, low: int, high: int) -> int:
        """Return a whole number within bounds."""
        value = self._take(key, int, "a whole number")
        if not isinstance(value, int):
            return default
        if not low <= value <= high:
            self.mistake(key, f"must be between {low} and {high}, not {value}")
            return default
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._take(key, bool, "true or false")
        return default if value is None else bool(value)

    def choice(self, key: str, choices: Sequence[str], *, default: str) -> str:
        """Return one of the given words."""
        value = self.optional_text(key)
        if value is None:
            return default
        if value not in choices:
            self.mistake(key, f"must be one of {', '.join(choices)}, not {value!r}")
            return default
        return value

    def texts(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return a list of texts; one text alone is a list of one."""
        self._asked.add(key)
        value = self._content.get(key)
        if value is None:
            return default
        parts = value if isinstance(value, list) else [value]
        if not parts or any(type(part) is not str for part in parts):
            self.mistake(key, "expected a text or a list of texts")
            return default
        return tuple(parts)

    def table(self, key: str) -> TomlTable:
        """Return a table below this one; empty when it is missing."""
        value = self._take(key, dict, "a table")
        content = value if isinstance(value, dict) else {}
        return TomlTable(self.document, key_path(self.path, key), content)

    def tables(self, key: str) -> list[TomlTable]:
        """Return an array of tables (``[[key]]``); empty when it is missing."""
        self._asked.add(key)
        value = self._content.get(key, [])
        if not isinstance(value, list) or any(type(part) is not dict for part in value):
            self.mistake(key, f"expected tables: write [[{key}]]")
            return []
        path = key_path(self.path, key)
        return [
            TomlTable(self.document, f"{path}[{index}]", part)
            for index, part in enumerate(value)
        ]

    def text_by_key(self) -> dict[str, str]:
        """Return the whole table as texts by free keys."""
        return {key: self.required_text(key) for key in self._content}

    def finish(self, also_known: Iterable[str] = ()) -> None:
        """Note every key that nobody asked for, with the key that was perhaps meant."""
        known = sorted({*self._asked, *also_known})
        for key in self._content:
            if key in self._asked:
                continue
            if key in known:
                self.mistake(key, "has no meaning beside the other keys here")
                continue
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
            self.mistake(key, f"unknown key; {hint}")


def read_toml_text(path: Path, *, missing: AllocError | None = None) -> str:
    """Return the text of a TOML file.

    Parameters
    ----------
    missing
        What to raise when there is no such file; else ``FILE_UNREADABLE``.

    Raises
    ------
    alloc.errors.InputError
        ``ENCODING_WRONG`` with the line, ``FILE_UNREADABLE``.
    """
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path}:{line}: not UTF-8: save the file as UTF-8",
            reason="ENCODING_WRONG",
            file=path,
            line=line,
        ) from None
    except OSError as error:
        if missing is not None and isinstance(error, FileNotFoundError):
            raise missing from None
        raise InputError(
            f"{path} cannot be read: {error.strerror}",
            reason="FILE_UNREADABLE",
            file=path,
        ) from None


def _syntax_error(name: str, line: str, what: str) -> InputError:
    return InputError(
        f"{name}:{line}: not TOML: {what}",
        reason="TOML_SYNTAX",
        file=name,
        line=line,
    )


def _said(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return str(value)
