"""What is wrong in the rows of a table: collected, then said at once with the lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alloc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alloc.ingest.forms import Mask

__all__ = ["PROBLEMS_KEPT", "PROBLEMS_SHOWN", "Problem", "Problems"]

PROBLEMS_SHOWN = 20
"""How many problems one message lists; the rest is counted."""

PROBLEMS_KEPT = 1000
"""How many problems of one field are named when their rows are left out one by one."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One problem of one row: its line, our name of the field, and what is wrong."""

    line: int
    field: str
    reason: str
    message: str


class Problems:
    """The problems of one file.

    Parameters
    ----------
    file
        File name for messages.
    lines
        Lines of rows, given their numbers.
    kept
        How many problems of one field keep their text.
    """

    def __init__(
        self,
        file: str,
        lines: Callable[[Sequence[int]], list[int]],
        *,
        kept: int = PROBLEMS_SHOWN,
    ) -> None:
        self.file = file
        self.lines = lines
        self.count = 0
        self.rows: set[int] = set()
        self._kept = kept
        self._rows: list[tuple[int, str, str, str]] = []
        self._others: list[Problem] = []

    def add(
        self, mask: Mask, field: str, reason: str, say: Callable[[int], str]
    ) -> None:
        """Note a problem for every marked row; `say` tells it of one row number."""
        rows = np.flatnonzero(mask)
        self.count += len(rows)
        self.rows.update(rows.tolist())
        self._rows.extend(
            (int(row), field, reason, say(int(row))) for row in rows[: self._kept]
        )

    def add_line(self, line: int, reason: str, message: str) -> None:
        """Note a problem of a line that did not become a row."""
        self.count += 1
        self._others.append(Problem(line, "", reason, message))

    def first(self) -> list[Problem]:
        """Return the first problems in the order of the file, 20 at most."""
        return self.named(PROBLEMS_SHOWN)

    def named(self, most: int) -> list[Problem]:
        """Return so many problems at most, in the order of the file."""
        rows = sorted(self._rows)[:most]
        lines = self.lines([row for row, *_ in rows]) if rows else []
        named = [
            Problem(line, *rest) for line, (_, *rest) in zip(lines, rows, strict=True)
        ]
        return sorted([*named, *self._others])[:most]

    def said(self) -> list[str]:
        """Return one line of text a problem, and how many more there are."""
        first = self.first()
        said = [
            f"{self.file}:{problem.line}: "
            + (f"{problem.field}: " if problem.field else "")
            + problem.message
            for problem in first
        ]
        if self.count > len(first):
            said.append(f"and {self.count - len(first)} more")
        return said

    def raise_if_any(self) -> None:
        """Raise one error that lists the first problems and counts the rest.

        Raises
        ------
        alloc.errors.InputError
            With the reason of the first problem, ``file``, ``line``, ``field`` and
            the number of ``problems``.
        """
        if not self.count:
            return
        first = self.first()[0]
        raise InputError(
            "\n".join(self.said()),
            reason=first.reason,
            file=self.file,
            line=first.line,
            field=first.field,
            problems=self.count,
        )
