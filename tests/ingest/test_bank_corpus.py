"""Every collected bank file of the formats that the native readers know."""

from __future__ import annotations

import csv
from contextlib import suppress
from pathlib import Path

import pytest

from alloc.engine import detect_bank_format, read_bank_file
from alloc.errors import InputError

FORMATS = {
    "camt.052": "camt",
    "camt.053": "camt",
    "camt.054": "camt",
    "MT940": "mt940",
    "MT942": "mt940",
    "CFONB120": "cfonb120",
    "BAI2": "bai2",
    "OFX": "ofx",
}
#: Files whose listed count is not what they hold, and why.
EXCEPTIONS = {
    # Two documents one after the other, three entries each; the list was made with a
    # parser that refuses a second XML declaration, and says 0.
    "camt053/OCA__bank-statement-import__test-camt053-more-than-one-xml": 6,
}


@pytest.fixture(scope="module")
def listed(shared: Path | None) -> list[tuple[Path, str, int]]:
    """Path, format and number of entries of every file."""
    folder = (shared or Path("missing")) / "statements"
    if not folder.is_dir():
        return []
    with (folder / "index.tsv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file, delimiter="\t"))
    return [
        (folder / line["path"], FORMATS[line["format"]], int(line["entries"]))
        for line in lines
        if line["format"] in FORMATS
    ]


def test_every_entry_of_every_file_is_read(listed: list[tuple[Path, str, int]]) -> None:
    wrong = {}
    for path, format_, count in listed:
        name = f"{path.parent.name}/{path.name}"
        file = read_bank_file(path, name=name, strict=False)
        found = sum(file.statements["entry_count"].to_pylist())
        if (file.format, found) != (format_, EXCEPTIONS.get(name, count)):
            wrong[name] = (file.format, found, count)
        entries = {
            (row["statement_index"], row["entry_index"]): row["entry_amount_minor"]
            for row in file.entries.to_pylist()
        }
        total = sum(file.entries["amount_minor"].to_pylist())
        assert sum(entries.values()) == total, name
    assert wrong == {}


def test_only_entries_that_the_files_garble_are_left_out(
    listed: list[tuple[Path, str, int]],
) -> None:
    left_out = set()
    for path, _, _ in listed:
        file = read_bank_file(path, name=path.name, strict=False)
        for warning in file.warnings.to_pylist():
            # Parts of a cent, in files made anonymous: nothing is rounded.
            if warning["entry_left_out"] and warning["code"] != "AMOUNT_DECIMALS":
                left_out.add(path.name)
    assert left_out <= {
        "OCA__bank-statement-import__test-camt053-wrong-amount",  # no amount
        "sebastienrousseau__bankstatementparser__camt053_garbled_amount.xml",  # 12..34
        # The amount is a comma.
        "pypi__camt053_loader_mt940-0.0.23__regression-amount-bare-comma.mt940",
        "jseutter__ofxparse__decimal_error.ofx",  # $120
        "libofx__libofx__null-ptr-deref-1.ofx",  # ends inside its only transaction
    }


def test_a_damaged_file_ends_in_data_or_in_one_error(
    listed: list[tuple[Path, str, int]],
) -> None:
    for path, _, _ in listed[::10]:
        content = path.read_bytes()[:20_000]
        for length in range(0, len(content), max(1, len(content) // 40)):
            detect_bank_format(content[:length])
            with suppress(InputError):
                read_bank_file(content[:length], name=path.name, strict=False)


def test_every_line_of_a_file_of_lines_is_kept_with_an_entry_or_its_statement(
    listed: list[tuple[Path, str, int]],
) -> None:
    lost = {}
    for path, format_, _ in listed:
        content = path.read_bytes()
        file = read_bank_file(path, name=path.name, strict=False)
        left_out = any(file.warnings["entry_left_out"].to_pylist())
        if format_ not in {"mt940", "cfonb120", "bai2"} or left_out:
            continue
        with suppress(UnicodeDecodeError):
            printed = [line.strip("\ufeff\x01\x03\x1a \t") for line in lines(content)]
            raws = [
                *file.entries["raw"].to_pylist(),
                *file.statements["raw"].to_pylist(),
            ]
            kept = {line.strip() for raw in raws for line in (raw or "").split("\n")}
            missing = set(printed) - kept - {"", "-", "-}"}
            if missing and file.statements.num_rows:
                lost[path.name] = sorted(missing)
    assert lost == {}


def lines(content: bytes) -> list[str]:
    """Lines of a file in UTF-8, whatever ends them."""
    return content.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")
