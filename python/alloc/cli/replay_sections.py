"""What the reports of `alloc replay` and `alloc backtest` are made of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alloc.app.replay.judging import Verdict
from alloc.cli.render import Column, json_value
from alloc.cli.words import in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pyarrow as pa

    from alloc.app.past import PastFinding
    from alloc.app.replay.tally import Rate
    from alloc.cli.render import View

__all__ = ["Section", "draw_sections", "finding_notes", "rate_document"]
__all__ += ["write_decisions"]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report: a table, or lines without columns.

    Parameters
    ----------
    title
        Heading; empty for none.
    columns
        Of the table; none for lines.
    rows
        One text per column.
    notes
        Lines below.
    """

    title: str
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()


def draw_sections(view: View, sections: Iterable[Section]) -> None:
    """Write sections for people."""
    for section in sections:
        if section.columns:
            view.table(section.columns, section.rows, title=section.title)
        elif section.title:
            view.line(section.title, style="bold")
        for note in section.notes:
            view.line(note)
        if section.columns:
            view.line()


def finding_notes(view: View, findings: Iterable[PastFinding]) -> list[str]:
    """Say what in a history cannot be compared, one a line."""
    notes = []
    for finding in findings:
        examples = ", ".join(finding.examples)
        words = in_words(view.messages, finding.code)
        value = f"{view.count(finding.count)} ({examples})"
        fact = view.messages.say("{name}: {value}", name=words, value=value)
        notes.append(f"{fact} [{finding.code}]")
    return notes


def rate_document(rate: Rate) -> dict[str, object]:
    """Return figures for programs."""
    return {
        "name": rate.name,
        "payments": rate.count,
        **{verdict.value: rate.payments[verdict] for verdict in Verdict},
        "wrong_ppm": rate.wrong_ppm,
        "amounts": [
            {"currency": currency, "verdict": verdict.value, "amount_minor": minor}
            for (currency, verdict), minor in rate.amounts.items()
        ],
        "lines": rate.lines,
        "lines_cleared": rate.lines_cleared,
        "lines_wrong": rate.lines_wrong,
        "deducted_minor": dict(rate.deducted),
    }


def write_decisions(
    folder: Path, outcomes: pa.Table, document: Mapping[str, object], *, name: str
) -> None:
    """Write the report and every decision to a folder.

    Parameters
    ----------
    folder
        Made when it is not there; files of an earlier run are replaced.
    outcomes
        Written as ``payments.parquet``.
    document
        Written as the file ``name``.
    """
    import pyarrow.parquet as pq

    from alloc.cli.output import write_stream

    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, ensure_ascii=False, indent=2, default=json_value)
    for file, write in {
        "payments.parquet": lambda sink: pq.write_table(outcomes, sink),
        name: lambda sink: sink.write(f"{text}\n".encode()),
    }.items():
        write_stream(folder / file, write, replace=True)
