"""Numbers of entries: continuous, in order, each in one place of the file."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

from alloc.export.fec_findings import FecFinding, Findings

NUMBER = re.compile(r"(.*?)(\d{1,18})", re.ASCII | re.DOTALL)
#: How many series of numbers, and pieces of series, are remembered.
SPANS_MAX = 200_000


@dataclass(slots=True)
class _Series:
    """Numbers seen, as spans without gaps, sorted."""

    last: int
    num: str
    starts: list[int]
    ends: list[int]

    def place(self, number: int) -> tuple[int, bool]:
        """Return where a number belongs, and whether it was seen."""
        at = bisect_right(self.starts, number) - 1
        return at, at >= 0 and number <= self.ends[at]


@dataclass(slots=True)
class Numbering:
    """Reads the numbers of a file as they come.

    Numbers may count up over the whole file or in each journal and prefix: the
    reading that finds less is the one of this file.

    Parameters
    ----------
    listed_max
        How many findings of one code are kept.
    """

    listed_max: int
    overall: Findings = field(init=False)
    by_series: Findings = field(init=False)
    series: dict[tuple[str, str], _Series] = field(default_factory=dict)
    spans: int = 0
    last: tuple[int, str] | None = None

    def __post_init__(self) -> None:
        self.overall = Findings(self.listed_max)
        self.by_series = Findings(self.listed_max)

    def enter(self, line: int, journal: str, num: str) -> FecFinding | None:
        """Take the number of an entry that begins; return what is wrong with it."""
        match = NUMBER.fullmatch(num)
        if match is None:
            message = f"{num} does not end in a number"
            return FecFinding("NUMBER", message, line, "EcritureNum") if num else None
        number, key = int(match[2]), (journal, match[1])
        known = self.series.get(key)
        if known is None:
            if not self._has_room():
                return _over_limit(line)
            self.series[key] = _Series(number, num, [number], [number])
        else:
            at, is_seen = known.place(number)
            if is_seen:
                message = f"entry {num} is on lines apart: keep it together"
                return FecFinding("ORDER", message, line, "EcritureNum")
            _step(self.by_series, (known.last, known.num), (number, num), line)
            if not self._extend(known, at, number):
                return _over_limit(line)
            known.last, known.num = number, num
        if self.last is not None:
            _step(self.overall, self.last, (number, num), line)
        self.last = (number, num)
        return None

    def findings(self) -> Findings:
        """Return what is wrong with the sequence: gaps and steps back."""
        fewer = self.overall.count() < self.by_series.count()
        return self.overall if fewer else self.by_series

    def _extend(self, series: _Series, at: int, number: int) -> bool:
        if at >= 0 and number == series.ends[at] + 1:
            series.ends[at] = number
            return True
        if not self._has_room():
            return False
        series.starts.insert(at + 1, number)
        series.ends.insert(at + 1, number)
        return True

    def _has_room(self) -> bool:
        self.spans += 1
        return self.spans <= SPANS_MAX


def _step(
    findings: Findings, before: tuple[int, str], after: tuple[int, str], line: int
) -> None:
    if after[0] <= before[0]:
        message = f"{after[1]} follows {before[1]}: sort by number"
        findings.add(FecFinding("ORDER", message, line, "EcritureNum"))
    elif after[0] > before[0] + 1:
        message = f"{after[1]} follows {before[1]}: numbers are missing between"
        findings.add(FecFinding("GAP", message, line, "EcritureNum"))


def _over_limit(line: int) -> FecFinding:
    message = (
        f"more than {SPANS_MAX} series and gaps: whether numbers follow each other "
        "cannot be told any more"
    )
    return FecFinding("NUMBERING_OVER_LIMIT", message, line, "EcritureNum")
