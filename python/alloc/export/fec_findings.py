"""What a check of a FEC found: every finding counted, the first ones listed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

#: How many findings of one code are listed; all are counted.
LISTED_MAX = 20


class Severity(StrEnum):
    """How grave a finding is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class FecFinding:
    """One thing that is wrong with a FEC.

    Parameters
    ----------
    code
        Upper snake code, for programs.
    message
        What is wrong, for a person.
    line
        Line of the file from 1; 0 when the file as a whole is meant.
    column
        Name of the column, if one is meant.
    severity
        ``error``: refuse the file; ``warning``: allowed, but worth a look.
    """

    code: str
    message: str
    line: int = 0
    column: str = ""
    severity: Severity = Severity.ERROR


@dataclass(slots=True)
class Findings:
    """A list that counts everything and keeps the first findings of each code.

    Parameters
    ----------
    listed_max
        How many findings of one code are kept.
    """

    listed_max: int = LISTED_MAX
    listed: list[FecFinding] = field(default_factory=list)
    counts: dict[tuple[Severity, str], int] = field(default_factory=dict)

    def add(self, finding: FecFinding) -> None:
        """Count a finding, and keep it while few of its code are kept."""
        key = (finding.severity, finding.code)
        self.counts[key] = self.counts.get(key, 0) + 1
        if self.counts[key] <= self.listed_max:
            self.listed.append(finding)

    def take(self, other: Findings) -> None:
        """Add the findings of another list, counts included."""
        for key, count in other.counts.items():
            room = max(self.listed_max - self.counts.get(key, 0), 0)
            self.counts[key] = self.counts.get(key, 0) + count
            mine = (one for one in other.listed if (one.severity, one.code) == key)
            self.listed += [one for one, _ in zip(mine, range(room), strict=False)]

    def count(self, severity: Severity | None = None) -> int:
        """Return how many there are, of one severity or of all."""
        return sum(
            count
            for (each, _), count in self.counts.items()
            if severity in {None, each}
        )


@dataclass(frozen=True, slots=True)
class FecCount:
    """How often one code was found."""

    code: str
    severity: Severity
    count: int


@dataclass(frozen=True, slots=True)
class FecReport:
    """What a file holds and what is wrong with it.

    Parameters
    ----------
    name
        The file's name.
    lines, entries
        How many postings and journal entries were read.
    debit_minor, credit_minor
        Totals in hundredths; what cannot be read counts as zero.
    first_date, last_date
        Earliest and latest EcritureDate, AAAAMMJJ; empty when there is none.
    encoding, separator
        As found: ``ascii``, ``iso-8859-15``, ``utf-8`` or ``mixed``; TAB or ``|``.
    counts
        Every code with its number of findings, errors first.
    findings
        The first ones of each code, in the order of the lines.
    """

    name: str
    lines: int
    entries: int
    debit_minor: int
    credit_minor: int
    first_date: str
    last_date: str
    encoding: str
    separator: str
    counts: tuple[FecCount, ...]
    findings: tuple[FecFinding, ...]

    @property
    def errors(self) -> int:
        """How many errors there are; none means that the file may be handed over."""
        return self._sum(Severity.ERROR)

    @property
    def warnings(self) -> int:
        """How many warnings there are."""
        return self._sum(Severity.WARNING)

    def _sum(self, severity: Severity) -> int:
        return sum(one.count for one in self.counts if one.severity is severity)
