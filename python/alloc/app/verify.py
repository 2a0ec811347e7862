"""Verify: check every invariant of the ledger from what is stored, nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from alloc import engine
from alloc.app.ports import Finding
from alloc.errors import AllocError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from alloc.app.ports import Ledger

#: Entries whose hashes are checked at a time: bounds the memory.
SPAN_ENTRIES = 20_000

_NEXT_NUMBERS = pa.schema(
    [
        ("entity", pa.string()),
        ("journal", pa.string()),
        ("fiscal_year", pa.int64()),
        ("next_number", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was found, and how much was checked.

    Parameters
    ----------
    findings
        Errors first; empty when everything holds.
    counts
        entries, postings, payments, open_items, decisions: what was checked; empty
        when the ledger is too damaged to count.
    """

    findings: tuple[Finding, ...]
    counts: Mapping[str, int]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Broken invariants."""
        return tuple(row for row in self.findings if row.severity == "error")

    @property
    def notices(self) -> tuple[Finding, ...]:
        """What is worth a look."""
        return tuple(row for row in self.findings if row.severity != "error")

    @property
    def holds(self) -> bool:
        """Whether no invariant is broken."""
        return not self.errors


def verify(ledger: Ledger) -> VerifyReport:
    """Check the stored rows against each other and the chain of entries.

    Reads only, in spans, so that memory does not grow with the journal.

    Raises
    ------
    alloc.errors.StoreError
        The file cannot be read at all.
    """
    counts: Mapping[str, int] = {}
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(lambda: list(ledger.findings()))
        try:
            chained = list(chain_findings(ledger))
            counts = _counts(ledger)
        except AllocError as error:
            # The other findings say why this cannot be read.
            chained = [Finding("error", error.reason, str(error))]
        findings = [*asked.result(), *chained]
    findings.sort(key=lambda row: row.severity != "error")
    return VerifyReport(tuple(findings), counts)


def _counts(ledger: Ledger) -> Mapping[str, int]:
    counts = ledger.counts()
    return {
        "entries": counts.entries,
        "postings": counts.postings,
        "payments": sum(count for count, _ in counts.payments.values()),
        "open_items": sum(count for count, _ in counts.open_items.values()),
        "decisions": sum(counts.decisions.values()),
    }


def chain_findings(ledger: Ledger) -> Iterator[Finding]:
    """Follow numbers and hashes from the first entry to the last."""
    previous = engine.GENESIS_HASH
    numbers: dict[tuple[str, str, int], int] = {}
    for span in ledger.journal_spans(SPAN_ENTRIES):
        part = ledger.chain(span)
        found = engine.check_chain(
            part.entries,
            part.postings,
            part.allocations,
            first_seq=span.since_seq + 1,
            next_numbers=_next_numbers(numbers),
            previous_hash=previous,
        )
        for row in found.to_pylist():
            yield Finding(
                "error", row["code"], row["message"], "journal_entry", str(row["seq"])
            )
        _count(numbers, part.entries)
        if len(part.entries):
            previous = bytes.fromhex(part.entries["hash"][-1].as_py())


def _count(numbers: dict[tuple[str, str, int], int], entries: pa.Table) -> None:
    """Remember the last number of each journal and year."""
    series = ["entity", "journal", "fiscal_year"]
    last = entries.group_by(series).aggregate([("number", "max")])
    for row in last.to_pylist():
        key = (row["entity"], row["journal"], row["fiscal_year"])
        numbers[key] = row["number_max"]


def _next_numbers(numbers: Mapping[tuple[str, str, int], int]) -> pa.Table:
    rows = [
        {
            "entity": entity,
            "journal": journal,
            "fiscal_year": fiscal_year,
            "next_number": number + 1,
        }
        for (entity, journal, fiscal_year), number in sorted(numbers.items())
    ]
    return pa.Table.from_pylist(rows, _NEXT_NUMBERS)
