"""Reading anyone's FEC line by line, in bounded memory.

The law (LPF art. A. 47 A-1) asks for ASCII, ISO-8859-15 or EBCDIC, tabulations or
``|``, a line of column names and one record a line that ends in CR, LF or both.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from alloc.export.fec import COLUMNS, ENCODING
from alloc.export.fec_findings import FecFinding, Findings, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: The legal variant of the two amount columns: one amount and its side.
SIGNED_COLUMNS = (*COLUMNS[:11], "Montant", "Sens", *COLUMNS[13:])
#: What books kept on a cash basis add (farmers three, professions four).
CASH_COLUMNS = ("DateRglt", "ModeRglt", "NatOp", "IdClient")
SEPARATORS = ("\t", "|")
#: Characters of a line; a longer one is no record but a file without line ends.
LINE_CHARS_MAX = 65_536
#: What the column names begin with in EBCDIC.
EBCDIC_START = "JournalCode".encode("cp500")
UTF_8_MARK = "\u00ef\u00bb\u00bf"  # the byte order mark, read byte by byte


@dataclass(slots=True)
class FecLines:
    """The records of one file, in the order of the legal columns.

    Parameters
    ----------
    source
        The bytes, at their beginning.
    findings
        Takes what is wrong with the form of the file.
    """

    source: BinaryIO
    findings: Findings
    columns: tuple[str, ...] = COLUMNS
    separator: str = ""
    utf_8_line: int = 0
    latin_line: int = 0

    @property
    def encoding(self) -> str:
        """How the lines read so far are written."""
        if self.utf_8_line and self.latin_line:
            return "mixed"
        if self.utf_8_line:
            return "utf-8"
        return ENCODING if self.latin_line else "ascii"

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield line number and cells; what is no record is a finding."""
        lines = self._lines()
        _, header = next(lines, (1, ""))
        order = self._header(header)
        if order is None:
            return
        width, separator = len(order), self.separator
        in_place = order == list(range(width))
        padded = (f" {separator}", f"{separator} ")
        for line, row in lines:
            cells = row.split(separator)
            if len(cells) != width:
                self._no_record(line, row, len(cells), width)
                continue
            if padded[0] in row or padded[1] in row or row != row.strip(" "):
                cells = [cell.strip(" ") for cell in cells]
            yield line, cells if in_place else [cells[index] for index in order]
        self._tell_encoding()

    def _lines(self) -> Iterator[tuple[int, str]]:
        # Bytes stand for themselves in this encoding: lines end where the bytes say
        # so, and each line is decoded on its own.
        text = io.TextIOWrapper(self.source, encoding="latin-1", newline=None)
        line = 0
        try:
            while row := text.readline(LINE_CHARS_MAX + 1):
                line += 1
                if row[-1] == "\n":
                    row = row[:-1]
                elif len(row) > LINE_CHARS_MAX:
                    self._skip_line(text, line)
                    if line > 1:
                        continue
                yield line, row if row.isascii() else self._decoded(row, line)
        finally:
            text.detach()

    def _skip_line(self, text: io.TextIOWrapper, line: int) -> None:
        message = f"more than {LINE_CHARS_MAX} characters without a line end"
        self._error("LINE_TOO_LONG", message, line)
        while (row := text.readline(LINE_CHARS_MAX)) and row[-1] != "\n":
            pass

    def _decoded(self, row: str, line: int) -> str:
        if line == 1 and row.startswith(UTF_8_MARK):
            self.utf_8_line = line
            row = row[len(UTF_8_MARK) :]
        data = row.encode("latin-1")
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            self.latin_line = self.latin_line or line
            return data.decode(ENCODING)
        if not text.isascii():
            self.utf_8_line = self.utf_8_line or line
        return text

    def _tell_encoding(self) -> None:
        # Warnings: a few words of ISO-8859-15 look like UTF-8 by chance.
        if self.encoding == "mixed":
            self._warn(
                "ENCODING_MIXED",
                f"line {self.utf_8_line} looks like UTF-8, line {self.latin_line} is "
                "not: write the whole file as ISO-8859-15",
            )
        elif self.utf_8_line:
            self._warn(
                "ENCODING_UTF8",
                "UTF-8, not ISO-8859-15: the official tool takes it, the law does not "
                "name it",
            )

    def _header(self, header: str) -> list[int] | None:
        """Read the column names; return where each legal column stands."""
        self.separator = next((mark for mark in SEPARATORS if mark in header), "")
        if not self.separator or "\x00" in header:
            self._unreadable(header)
            return None
        names = [name.strip() for name in header.split(self.separator)]
        given = {name.casefold(): at for at, name in enumerate(names)}
        variant = SIGNED_COLUMNS if "montant" in given else COLUMNS
        more = tuple(name for name in CASH_COLUMNS if name.casefold() in given)
        self.columns = (*variant, *more)
        missing = [name for name in self.columns if name.casefold() not in given]
        if names != list(self.columns):
            self._header_wrong(names, missing)
        if missing or len(given) != len(names) or len(names) != len(self.columns):
            return None
        return [given[name.casefold()] for name in self.columns]

    def _unreadable(self, header: str) -> None:
        is_ebcdic = header.encode(ENCODING, "replace").startswith(EBCDIC_START)
        if is_ebcdic or "\x00" in header:
            self._error(
                "ENCODING_UNREAD",
                "written in UTF-16 or EBCDIC, which is not read here: convert the file "
                "to ISO-8859-15 first, for example with iconv",
                1,
            )
            return
        self._error(
            "HEADER_UNREADABLE",
            "no column names, or a separator that is neither TAB nor |",
            1,
        )

    def _header_wrong(self, names: Sequence[str], missing: Sequence[str]) -> None:
        unknown = [name for name in names if name not in self.columns]
        lacking = f"; missing: {', '.join(missing)}" if missing else ""
        extra = f"; unknown: {', '.join(unknown)[:200]}" if unknown else ""
        self._error(
            "HEADER",
            f"the first line must be {' '.join(self.columns)}, in this order and "
            f"spelling{lacking}{extra}",
            1,
        )

    def _no_record(self, line: int, row: str, found: int, width: int) -> None:
        if row.strip():
            message = f"{found} fields in place of {width}: a separator inside a text?"
            self._error("FIELD_COUNT", message, line)
        else:
            self._error("BLANK_LINE", "a line without fields", line)

    def _warn(self, code: str, message: str) -> None:
        self.findings.add(FecFinding(code, message, severity=Severity.WARNING))

    def _error(self, code: str, message: str, line: int = 0) -> None:
        self.findings.add(FecFinding(code, message, line))
