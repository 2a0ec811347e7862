"""Files to raw columns: CSV, spreadsheets and Parquet, with the line of every row."""

from __future__ import annotations

import csv
import io
import itertools
import zipfile
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import python_calamine as calamine

from alloc.errors import InputError, LimitError
from alloc.ingest.profile import SEPARATORS, heading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from alloc.ingest.profile import Profile

__all__ = ["Grid", "decode", "read_grid", "sniff_headings"]

HEADER_ROWS_MAX = 50
"""How far down the header is looked for when a profile does not say its row."""

SNIFFED_BYTES = 1 << 16
"""How much of a text file is looked at to find its header."""

SHEET_BYTES_MAX = 2 << 30
"""Unpacked size of a spreadsheet that is still opened."""


_Rows = Sequence[Sequence[object]]


@dataclass(frozen=True, slots=True)
class Grid:
    """The rows below the header, column by column, as the file has them.

    Parameters
    ----------
    names
        Headings as printed.
    columns
        By `heading`: text (CSV, blanks are empty text), Python cells (spreadsheets)
        or typed Arrow columns (Parquet). Only the columns that the profile reads.
    rows
        Number of rows; 0-based row numbers go to `lines`.
    header_line
        Line (CSV) or row (spreadsheet) of the header, from 1.
    lines
        Lines of rows, given their numbers.
    ragged
        Lines whose number of fields differs from the header's, and that number.
    left_out
        How many such lines are to be skipped all the same: a total at the end.
    """

    names: list[str]
    columns: dict[str, pa.Array | list[object]]
    rows: int
    header_line: int
    lines: Callable[[Sequence[int]], list[int]]
    separator: str = ""
    encoding: str = ""
    sheet: str = ""
    ragged: list[tuple[int, int]] = field(default_factory=list)
    left_out: int = 0


def read_grid(data: bytes, format_: str, profile: Profile, *, name: str) -> Grid:
    """Read the columns that a profile wants.

    Parameters
    ----------
    data
        The whole file.
    format_
        ``csv``, ``xlsx`` or ``parquet``.
    profile
        What to look for.
    name
        File name for messages.

    Raises
    ------
    alloc.errors.InputError
        ``COLUMNS_MISSING`` (names them), ``ENCODING_WRONG``, ``SHEET_MISSING``,
        ``FILE_DAMAGED``.
    """
    readers = {"csv": _read_csv, "xlsx": _read_sheet, "parquet": _read_parquet}
    return readers[format_](data, profile, name)


def sniff_headings(
    data: bytes, format_: str, profile: Profile, *, name: str
) -> list[str] | InputError:
    """Return the headings of a file under a profile, or why there are none.

    Of text, the beginning is enough. ``ENCODING_WRONG`` means that the columns are
    there, in another encoding than the profile's.
    """
    try:
        if format_ == "csv":
            return _sniff_csv(data[:SNIFFED_BYTES], profile, name)
        if format_ == "parquet":
            names: list[str] = _open_parquet(data, name).schema_arrow.names
            _choose_header([_header(names, 1)], profile, name)
            return names
        return _find_sheet(_open_workbook(data, name), profile, name)[2]
    except InputError as error:
        return error


def _sniff_csv(head: bytes, profile: Profile, name: str) -> list[str]:
    try:
        text = decode(head, profile.encoding, name=name, whole=False)
    except InputError:
        others = (profile.encoding, "utf-8", "windows-1252")
        texts = [head.decode(encoding, "replace") for encoding in others]
        if any(_has_header(text, profile, name) for text in texts):
            raise
        text = texts[0]
    return _find_csv_header(text, profile, name).names


def _has_header(text: str, profile: Profile, name: str) -> bool:
    try:
        _find_csv_header(text, profile, name)
    except InputError:
        return False
    return True


# CSV


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


@dataclass(frozen=True, slots=True)
class _Header:
    """A row that may be the header: its cells, as headings are compared, and where."""

    names: list[str]
    headings: frozenset[str]
    line: int
    separator: str = ""
    end: int = 0


def _header(
    cells: Iterable[object], line: int, separator: str = "", end: int = 0
) -> _Header:
    names = [str(cell).strip() for cell in cells]
    return _Header(names, frozenset(map(heading, names)), line, separator, end)


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


def _header_records(text: str, separator: str, quote: str) -> Iterator[_Header]:
    for line, fields, end in _records(text, separator, quote):
        yield _header(fields, line, separator, end)


@lru_cache(maxsize=16)
def _first_records(head: str, separator: str, quote: str) -> tuple[_Header, ...]:
    """Return the first rows of a text; many profiles ask for those of one file."""
    records = _header_records(head, separator, quote)
    return tuple(itertools.islice(records, HEADER_ROWS_MAX))


def _find_csv_header(text: str, profile: Profile, name: str) -> _Header:
    tried: list[_Header] = []
    for separator in profile.separator or SEPARATORS:
        if profile.header_row:
            rows = _header_records(text, separator, profile.quote)
            tried.extend(_header_rows(rows, profile))
        else:
            head = text[:SNIFFED_BYTES]
            tried.extend(_first_records(head, separator, profile.quote))
    return _choose_header(tried, profile, name)


def _header_rows(rows: Iterator[_Header], profile: Profile) -> list[_Header]:
    if profile.header_row:
        rows = (row for row in rows if row.line >= profile.header_row)
        return list(itertools.islice(rows, 1))
    return list(itertools.islice(rows, HEADER_ROWS_MAX))


def _missing(header: _Header, profile: Profile) -> list[str]:
    needed = dict.fromkeys([*profile.detect, *profile.needed])
    return [column for column in needed if heading(column) not in header.headings]


def _choose_header(tried: list[_Header], profile: Profile, name: str) -> _Header:
    """Take the first row that has every column, or say what the nearest one lacks."""
    for header in tried:
        if not _missing(header, profile):
            _refuse_twice(header, profile, name)
            return header
    nearest = min(
        tried,
        key=lambda header: len(_missing(header, profile)),
        default=_Header([], frozenset(), 1),
    )
    lacking = _missing(nearest, profile)
    raise InputError(
        f"{name}:{nearest.line}: profile {profile.name} needs the columns "
        f"{', '.join(map(repr, lacking))}, which are missing",
        reason="COLUMNS_MISSING",
        file=name,
        line=nearest.line,
        field=lacking[0],
        profile=profile.name,
        missing=len(lacking),
    )


def _refuse_twice(header: _Header, profile: Profile, name: str) -> None:
    headings = [heading(part) for part in header.names]
    for column in [*profile.columns.values(), *profile.skip]:
        if headings.count(heading(column)) > 1:
            raise InputError(
                f"{name}:{header.line}: the column {column!r} stands twice: rename one",
                reason="COLUMN_TWICE",
                file=name,
                line=header.line,
                field=column,
            )


def _wanted(names: list[str], profile: Profile) -> dict[str, int]:
    """Return the position of each column that the profile reads."""
    headings = {heading(part): index for index, part in enumerate(names)}
    sources = (heading(part) for part in [*profile.columns.values(), *profile.skip])
    return {source: headings[source] for source in sources if source in headings}


def _read_csv(data: bytes, profile: Profile, name: str) -> Grid:
    text = decode(data, profile.encoding, name=name)
    header = _find_csv_header(text, profile, name)
    scan = _CsvScan(text, header, profile, name)
    wanted = _wanted(header.names, profile)
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

    def __init__(self, text: str, header: _Header, profile: Profile, name: str) -> None:
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


# Spreadsheets


def _open_workbook(data: bytes, name: str) -> calamine.CalamineWorkbook:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile:
        unpacked = len(data)
    if unpacked > SHEET_BYTES_MAX:
        raise LimitError(
            f"{name} unpacks to {unpacked} bytes; spreadsheets up to {SHEET_BYTES_MAX} "
            "are read: export it as CSV",
            reason="SHEET_TOO_LARGE",
            file=name,
        )
    with _spreadsheet_errors(name):
        return calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))


@contextmanager
def _spreadsheet_errors(name: str) -> Iterator[None]:
    try:
        yield
    except calamine.CalamineError as error:
        raise InputError(
            f"{name} is not a spreadsheet that can be read: {error}",
            reason="FILE_DAMAGED",
            file=name,
        ) from None


def _find_sheet(
    workbook: calamine.CalamineWorkbook, profile: Profile, name: str
) -> tuple[str, _Rows, list[str], int]:
    """Return the sheet's name, its rows, the headings and the row of the header."""
    visible = [
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.visible == calamine.SheetVisibleEnum.Visible
    ]
    if profile.sheet is not None and profile.sheet not in workbook.sheet_names:
        raise InputError(
            f"{name} has no sheet {profile.sheet!r}, but "
            f"{', '.join(map(repr, workbook.sheet_names)) or 'none'}",
            reason="SHEET_MISSING",
            file=name,
            field=profile.sheet,
        )
    tried: list[_Header] = []
    sheets: list[tuple[str, _Rows]] = []
    for sheet_name in visible if profile.sheet is None else [profile.sheet]:
        with _spreadsheet_errors(name):
            sheet = workbook.get_sheet_by_name(sheet_name)
            rows: _Rows = sheet.to_python(skip_empty_area=False)
        found = _header_rows(_sheet_rows(rows), profile)
        tried.extend(found)
        sheets.extend((sheet_name, rows) for _ in found)
    header = _choose_header(tried, profile, name)
    place = next(index for index, row in enumerate(tried) if row is header)
    return (*sheets[place], header.names, header.line)


def _sheet_rows(rows: _Rows) -> Iterator[_Header]:
    for index, cells in enumerate(rows):
        if any(cell != "" for cell in cells):
            yield _header(cells, index + 1)


def _read_sheet(data: bytes, profile: Profile, name: str) -> Grid:
    workbook = _open_workbook(data, name)
    sheet, rows, names, header_line = _find_sheet(workbook, profile, name)
    below = rows[header_line:]
    return Grid(
        names=names,
        columns={
            source: [cells[index] for cells in below]
            for source, index in _wanted(names, profile).items()
        },
        rows=len(below),
        header_line=header_line,
        lines=lambda wanted: [header_line + 1 + row for row in wanted],
        sheet=sheet,
    )


# Parquet


def _open_parquet(data: bytes, name: str) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(pa.BufferReader(data))
    except (pa.ArrowInvalid, OSError) as error:
        raise _damaged_parquet(name, error) from None


def _damaged_parquet(name: str, error: Exception) -> InputError:
    return InputError(
        f"{name} is not a Parquet file that can be read: {error}",
        reason="FILE_DAMAGED",
        file=name,
    )


def _read_parquet(data: bytes, profile: Profile, name: str) -> Grid:
    file = _open_parquet(data, name)
    names = file.schema_arrow.names
    _choose_header([_header(names, 1)], profile, name)
    wanted = _wanted(names, profile)
    try:
        table = file.read(columns=[names[index] for index in wanted.values()])
    except (pa.ArrowInvalid, OSError) as error:
        raise _damaged_parquet(name, error) from None
    return Grid(
        names=names,
        columns={
            source: table.column(names[index]).combine_chunks()
            for source, index in wanted.items()
        },
        rows=table.num_rows,
        header_line=1,
        lines=lambda wanted: [row + 1 for row in wanted],
    )
