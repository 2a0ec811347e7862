"""Text files to raw columns: encodings, separators, quotes, and lines of rows."""

from __future__ import annotations

import csv
import io
import itertools
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv as pacsv

from alloc.errors import InputError
from alloc.ingest.grid import (
    HEADER_ROWS_MAX,
    Grid,
    Header,
    choose_header,
    header_rows,
    make_header,
    wanted_columns,
)
from alloc.ingest.profile import SEPARATORS, heading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alloc.ingest.profile import Profile

__all__ = [
    "decode",
    "find_csv_header",
    "read_csv",
    "sniff_csv",
    "whole_records",
]

SNIFFED_BYTES = 1 << 16
"""How much of a text file is looked at to find its header."""


def sniff_csv(data: bytes, profile: Profile, name: str) -> list[str]:
    """Return the headings of a text file; its beginning is enough.

    Raises
    ------
    alloc.errors.InputError
        ``ENCODING_WRONG``: the columns are there, but in another encoding;
        ``COLUMNS_MISSING``.
    """
    head = data[:SNIFFED_BYTES]
    try:
        text = decode(head, profile.encoding, name=name, whole=False)
    except InputError:
        others = (profile.encoding, "utf-8", "windows-1252")
        texts = [head.decode(encoding, "replace") for encoding in others]
        if any(_has_header(text, profile, name) for text in texts):
            raise
        text = texts[0]
    return find_csv_header(text, profile, name).names


def _has_header(text: str, profile: Profile, name: str) -> bool:
    try:
        find_csv_header(text, profile, name)
    except InputError:
        return False
    return True


def decode(data: bytes, encoding: str, *, name: str, whole: bool = True) -> str:
    """Decode text and refuse the wrong encoding, with the line of the first oddity.

    Parameters
    ----------
    data
        The file, or its beginning (`whole` False: a cut character at the end is no
        mistake).
    encoding
        What the profile says.
    name
        File name for messages.
    whole
        Whether `data` ends where the file ends.

    Raises
    ------
    alloc.errors.InputError
        ``ENCODING_WRONG``: bytes that are not of this encoding; text that is UTF-8
        though a one-byte encoding is declared; control characters.
    """
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if not whole and error.end == len(data):
            text = data[: error.start].decode(encoding)
        else:
            raise _not_encoded(data, error.start, encoding, name) from None
    text = text.removeprefix("\ufeff")
    if encoding not in _UTF and not data.isascii() and _is_utf8(data, whole=whole):
        raise InputError(
            f"{name}: the file is UTF-8, the profile says {encoding}: set [file] "
            'encoding = "utf-8"',
            reason="ENCODING_WRONG",
            file=name,
        )
    odd = next((c for c in _ODD_CHARACTERS if c in text), None)
    if odd is not None:
        line = text.count("\n", 0, text.index(odd)) + 1
        hint = "windows-1252" if ord(odd) else "utf-16"
        raise InputError(
            f"{name}:{line}: a control character (code {ord(odd)}) is no text in "
            f"{encoding}; is the file {hint}? Set [file] encoding in the profile",
            reason="ENCODING_WRONG",
            file=name,
            line=line,
        )
    return text


_UTF = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "ascii")
_ODD_CHARACTERS = ("\0", *(chr(code) for code in range(0x80, 0xA0)))


def _is_utf8(data: bytes, *, whole: bool) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return not whole and error.end == len(data)
    return True


def _not_encoded(data: bytes, at: int, encoding: str, name: str) -> InputError:
    line = data.count(b"\n", 0, at) + 1
    return InputError(
        f"{name}:{line}: byte 0x{data[at]:02X} is no text in {encoding}: set [file] "
        'encoding in the profile (older systems: "iso-8859-15" or "windows-1252")',
        reason="ENCODING_WRONG",
        file=name,
        line=line,
    )


def _records(
    text: str, separator: str, quote: str
) -> Iterator[tuple[int, list[str], int]]:
    """Yield the line, the fields and the end of each record that is not blank."""
    stream = io.StringIO(text, newline="")
    reader = csv.reader(stream, delimiter=separator, quotechar=quote)
    line = 1
    try:
        for fields in reader:
            if fields:
                yield line, fields, stream.tell()
            line = reader.line_num + 1
    except csv.Error:
        return


def whole_records(
    text: str, separator: str, quote: str, *, name: str
) -> list[tuple[int, list[str]]]:
    """Return the line and the fields of every record that is not blank.

    Raises
    ------
    alloc.errors.InputError
        ``FILE_DAMAGED``: a quote is not closed, or a field is longer than any text.
    """
    found, line, begin, last = [], 1, 0, 0
    stream = io.StringIO(text, newline="")
    reader = csv.reader(stream, delimiter=separator, quotechar=quote)
    try:
        for fields in reader:
            if fields:
                found.append((line, fields))
            last, begin, line = begin, stream.tell(), reader.line_num + 1
        tail = io.StringIO(text[last:], newline="")
        for _ in csv.reader(tail, delimiter=separator, quotechar=quote, strict=True):
            pass
    except csv.Error as error:
        if "end of data" not in str(error) and "limit" not in str(error):
            return found  # an odd quote within the last record
        line = found[-1][0] if stream.tell() == len(text) and found else line
        raise InputError(
            f"{name}:{line}: the quote {quote} that opens here is not closed: the rest "
            "of the file would be one text",
            reason="FILE_DAMAGED",
            file=name,
            line=line,
        ) from None
    return found


def _header_records(text: str, separator: str, quote: str) -> Iterator[Header]:
    for line, fields, end in _records(text, separator, quote):
        yield make_header(fields, line, separator, end)


@lru_cache(maxsize=16)
def _first_records(head: str, separator: str, quote: str) -> tuple[Header, ...]:
    """Return the first rows of a text; many profiles ask for those of one file."""
    records = _header_records(head, separator, quote)
    return tuple(itertools.islice(records, HEADER_ROWS_MAX))


def find_csv_header(text: str, profile: Profile, name: str) -> Header:
    """Find the header of a text, whatever separates its columns."""
    tried: list[Header] = []
    for separator in profile.separator or SEPARATORS:
        if profile.header_row:
            rows = _header_records(text, separator, profile.quote)
            tried.extend(header_rows(rows, profile))
        else:
            head = text[:SNIFFED_BYTES]
            tried.extend(_first_records(head, separator, profile.quote))
    return choose_header(tried, profile, name)


def read_csv(data: bytes, profile: Profile, name: str) -> Grid:
    """Read the columns that a profile wants, as text."""
    text = decode(data, profile.encoding, name=name)
    header = find_csv_header(text, profile, name)
    scan = _CsvScan(text, header, profile, name)
    wanted = wanted_columns(header.names, profile)
    places = {source: str(index) for source, index in wanted.items()}
    body = text[header.end :].encode()
    if body.strip():
        table = _parse_csv(body, len(header.names), list(places.values()), scan)
    else:
        empty = pa.array([], pa.string())
        table = pa.table(dict.fromkeys(places.values(), empty))
    ragged = scan.ragged()
    return Grid(
        names=header.names,
        columns={
            source: table.column(place).combine_chunks()
            for source, place in places.items()
        },
        rows=table.num_rows,
        header_line=header.line,
        lines=scan.lines,
        separator=header.separator,
        encoding=profile.encoding,
        ragged=ragged,
        left_out=scan.ragged_seen - len(ragged),
    )


class _CsvScan:
    """Finds lines again when a row is to be named: the fast parser does not know them.

    The standard library's reader takes the same records from a text as pyarrow's
    (a test compares them), but knows where each begins.
    """

    def __init__(self, text: str, header: Header, profile: Profile, name: str) -> None:
        self._text, self._header, self._profile = text, header, profile
        self._width = len(header.names)
        self.name, self.separator, self.quote = name, header.separator, profile.quote
        self.ragged_seen = 0

    def on_ragged(self, row: Any) -> str:  # noqa: ANN401 - pyarrow has no type for it
        """Let pyarrow leave out a row with the wrong number of fields."""
        self.ragged_seen += bool(row.text.strip())
        return "skip"

    def _below(self) -> Iterator[tuple[int, list[str]]]:
        header = self._header
        records = _records(self._text, header.separator, self._profile.quote)
        return ((line, fields) for line, fields, _ in records if line > header.line)

    def lines(self, rows: Sequence[int]) -> list[int]:
        """Return the lines of rows."""
        starts = [line for line, fields in self._below() if len(fields) == self._width]
        return [starts[row] for row in rows]

    def ragged(self) -> list[tuple[int, int]]:
        """Return lines with the wrong number of fields that are not to be skipped."""
        if not self.ragged_seen:
            return []
        skip = {
            index: self._profile.skip[source]
            for source in self._profile.skip
            for index, printed in enumerate(self._header.names)
            if heading(printed) == heading(source)
        }
        return [
            (line, len(fields))
            for line, fields in self._below()
            if len(fields) != self._width
            and any(part.strip() for part in fields)
            and not any(
                (fields[index].strip() if index < len(fields) else "") in values
                for index, values in skip.items()
            )
        ]


def _parse_csv(body: bytes, width: int, places: list[str], scan: _CsvScan) -> pa.Table:
    try:
        return pacsv.read_csv(
            pa.BufferReader(body),
            read_options=pacsv.ReadOptions(
                column_names=[str(index) for index in range(width)],
                # One block: a quote that is never closed ends as one odd row.
                block_size=len(body) + 1,
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=scan.separator,
                quote_char=scan.quote,
                newlines_in_values=True,
                invalid_row_handler=scan.on_ragged,
            ),
            convert_options=pacsv.ConvertOptions(
                include_columns=places,
                column_types=dict.fromkeys(places, pa.string()),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        raise InputError(
            f"{scan.name} is not a table of {width} columns: {error}",
            reason="FILE_DAMAGED",
            file=scan.name,
        ) from None
