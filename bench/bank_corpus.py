"""What the readers make of a folder of collected bank files.

``python bench/bank_corpus.py FOLDER -o bench/record/bank-corpus.md`` reads every bank
file that ``FOLDER/index.tsv`` lists (path, format, number of entries) and writes
counts per format: files read, entries exact, balance checks, fields kept.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from pathlib import Path

from alloc.engine import read_bank_file
from alloc.errors import InputError

FORMATS = ("camt", "MT94", "CFONB120", "BAI2", "OFX")
FIELDS = [
    "value_date",
    "bank_reference",
    "transaction_code",
    "end_to_end_id",
    "creditor_reference",
    "mandate_id",
    "counterparty_name",
    "counterparty_iban",
    "remittance_text",
    "charges_minor",
    "original_minor",
    "return_reason",
    "additional_info",
    "raw",
]


def main() -> None:
    """Read and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path)
    arguments = parser.parse_args()
    counts: Counter[tuple[str, str]] = Counter()
    exceptions: list[str] = []
    with (arguments.folder / "index.tsv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file, delimiter="\t"):
            if line["format"].startswith(FORMATS):
                _read(arguments.folder, line, counts, exceptions)
    text = _report(counts, exceptions)
    if arguments.output:
        arguments.output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


def _read(
    folder: Path,
    line: dict[str, str],
    counts: Counter[tuple[str, str]],
    exceptions: list[str],
) -> None:
    kind, wanted = line["format"], int(line["entries"])
    counts[kind, "files"] += 1
    try:
        file = read_bank_file(folder / line["path"], name=line["path"], strict=False)
    except InputError as error:
        exceptions.append(f"{line['path']}: {error.reason}")
        return
    counts[kind, "read"] += 1
    counts[kind, "with entries"] += wanted > 0
    found = sum(file.statements["entry_count"].to_pylist())
    left_out = sum(file.warnings["entry_left_out"].to_pylist())
    counts[kind, "exact"] += found == wanted
    counts[kind, "entries"] += found
    counts[kind, "left out"] += left_out
    if found != wanted:
        exceptions.append(f"{line['path']}: {found} entries, {wanted} listed")
    if left_out:
        exceptions.append(f"{line['path']}: {left_out} left out, named in warnings")
    for raw in file.statements["raw"].to_pylist():
        counts[kind, "statements"] += 1
        counts[kind, "with raw"] += bool(raw)
    for difference in file.statements["difference_minor"].to_pylist():
        counts[kind, "checked"] += difference is not None
        counts[kind, "balanced"] += difference == 0
    for row in file.entries.select(FIELDS).to_pylist():
        counts[kind, "rows"] += 1
        for field in FIELDS:
            counts[kind, field] += bool(row[field])


def _report(counts: Counter[tuple[str, str]], exceptions: list[str]) -> str:
    kinds = sorted({kind for kind, _ in counts})
    columns = ["files", "read", "exact", "entries", "left out", "balanced", "checked"]
    lines = [
        "# Collected bank files",
        "",
        (
            "Written by `bench/bank_corpus.py`. Exact: as many entries as listed; "
            "balanced: opening + entries = closing, where both are said."
        ),
        "",
    ]
    lines += _table(kinds, columns, counts)
    lines += ["", "Rows that have a field:", ""]
    lines += _table(kinds, ["rows", *FIELDS], counts)
    lines += ["", "Statements that have what the file says beside the entries:", ""]
    lines += _table(kinds, ["statements", "with raw"], counts)
    lines += ["", "Exceptions:", "", *(f"- {line}" for line in exceptions)]
    return "\n".join(lines) + "\n"


def _table(
    kinds: list[str], columns: list[str], counts: Counter[tuple[str, str]]
) -> list[str]:
    body = [
        f"| {kind} | " + " | ".join(str(counts[kind, name]) for name in columns) + " |"
        for kind in kinds
    ]
    return [f"| | {' | '.join(columns)} |", f"|{'---|' * (len(columns) + 1)}", *body]


if __name__ == "__main__":
    main()
