"""What must hold of any bytes given to a reader of advices, or of a table.

A target takes bytes, raises `AssertionError` when something does not hold, and says
whether the bytes reach what it is about. `fuzz_run.py` runs targets; the tests run
their seeds.
"""

from __future__ import annotations

import io
import re
import zipfile
from functools import partial
from typing import TYPE_CHECKING

from alloc.engine import currency_exponent
from alloc.errors import InputError, LimitError
from alloc.ingest.detection import detect_data
from alloc.ingest.profile import builtin_profiles
from alloc.ingest.remittance.model import advice_table
from alloc.ingest.remittance.reading import (
    advice_format,
    loose_format,
    read_advice_data,
)
from alloc.ingest.tabular import read_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from alloc.ingest.remittance.model import Advice, AdviceFile

NAME = "a.file"
MESSAGE_MAX = 600
"""Longest line of a message, whatever the file holds."""

MESSAGE_LINES_MAX = 25
"""Most lines of a message: the problems of a table are listed."""

TEXT_MAX = 500
"""Longest text of an advice."""

_CODE = re.compile(r"[A-Z][A-Z0-9_]+")

_WORKBOOK = {
    "[Content_Types].xml": '<?xml version="1.0"?><Types xmlns="http://schemas.'
    'openxmlformats.org/package/2006/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/></Types>',
    "_rels/.rels": '<?xml version="1.0"?><Relationships xmlns="http://schemas.'
    'openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    'officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": '<?xml version="1.0"?><workbook xmlns="http://schemas.'
    'openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.'
    'openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet '
    'name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<?xml version="1.0"?><Relationships xmlns="http:'
    '//schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    'worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


def workbook(sheet: bytes) -> bytes:
    """Put the XML of a sheet into a workbook; a whole workbook stays as it is."""
    if sheet.startswith(b"PK"):
        return sheet
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, text in _WORKBOOK.items():
            archive.writestr(name, text)
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    return whole.getvalue()


def page(content: bytes) -> bytes:
    """Put drawing operators on the page of a PDF; a whole PDF stays as it is."""
    if content.startswith(b"%PDF"):
        return content
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        (
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R"
            b"/Resources<</Font<</F1 5 0 R>>>>>>"
        ),
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Courier>>",
    ]
    whole, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(whole))
        whole += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    table = b"xref\n0 6\n0000000000 65535 f \n" + rows
    return (
        whole
        + table
        + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(whole))
    )


def check_error(error: InputError | LimitError) -> None:
    """A refusal names the file, its reason and a line, in a short message."""
    assert _CODE.fullmatch(error.reason), error.reason
    assert error.metadata["file"] == NAME, error.metadata
    assert NAME in str(error), error
    lines = str(error).split("\n")
    assert len(lines) <= MESSAGE_LINES_MAX, len(lines)
    assert max(map(len, lines)) <= MESSAGE_MAX, error
    assert int(error.metadata.get("line", 1)) >= 1, error.metadata


def _outcome(data: bytes, format_: str) -> AdviceFile | InputError | LimitError:
    try:
        return read_advice_data(data, format_, name=NAME)
    except (InputError, LimitError) as error:
        return error


def check_file(file: AdviceFile, size: int) -> None:
    """Advices are in proportion to the file, and what is odd is said."""
    table = advice_table(file)
    assert table.num_rows == sum(len(advice.lines) for advice in file.advices)
    assert table.num_rows <= size
    for notice in file.notices:
        assert _CODE.fullmatch(notice.code), notice
        assert len(notice.message) <= MESSAGE_MAX, notice
        assert notice.line is None or 1 <= notice.line <= size + 1, notice
    said = {(notice.code, notice.line) for notice in file.notices}
    for advice in file.advices:
        check_advice(advice, said, size)


def check_advice(advice: Advice, said: set[tuple[str, int | None]], size: int) -> None:
    """Texts are short, lines exist, and a total that is off is said."""
    assert 1 <= advice.line <= size + 1, advice.line
    texts = [advice.number, advice.payer_name, advice.payment_reference]
    for line in advice.lines:
        assert 1 <= line.line <= size + 1, line
        texts += [line.reference, line.reason]
    assert all(text is None or 0 < len(text) <= TEXT_MAX for text in texts)
    if advice.currency is not None:
        assert currency_exponent(advice.currency) is not None, advice.currency
    made = advice.lines_minor
    if not advice.lines:
        assert ("ADVICE_EMPTY", advice.line) in said
    elif made is not None and advice.total_minor not in (None, made):
        assert ("ADVICE_TOTAL_DIFFERS", advice.line) in said


def check_advices(
    data: bytes, format_: str, *, wrap: Callable[[bytes], bytes] = bytes
) -> bool:
    """One reader: data or one named error, and the same answer twice."""
    whole = wrap(data)
    first = _outcome(whole, format_)
    second = _outcome(whole, format_)
    if isinstance(first, (InputError, LimitError)):
        assert isinstance(second, type(first))
        assert (str(second), second.reason) == (str(first), first.reason)
        check_error(first)
        return first.reason != "ADVICE_MISSING"
    assert second == first
    check_file(first, len(whole))
    return True


def check_detection(data: bytes) -> bool:
    """Any file: told by its content, and a table that is told is read."""
    strong = advice_format(data)
    try:
        found = detect_data(data, (), name=NAME)
    except (InputError, LimitError) as error:
        check_error(error)
        return False
    if found.kind == "bank":
        return True
    if found.profile is None:
        assert found.kind == "remittances"
        if strong is None:
            assert loose_format(data, _table(found.format), name=NAME) == found.format
        return check_advices(data, found.format)
    return check_table(data, found.format)


def _table(format_: str) -> str:
    return "csv" if format_ == "text" else format_


def check_table(
    data: bytes, format_: str, *, wrap: Callable[[bytes], bytes] = bytes
) -> bool:
    """A table by every profile of the package: rows, or one named error."""
    whole, read = wrap(data), False
    for profile in builtin_profiles():
        if format_ not in profile.formats:
            continue
        try:
            file = read_rows(whole, format_, profile, name=NAME, entities=("E1",))
        except (InputError, LimitError) as error:
            check_error(error)
            continue
        assert file.table.num_rows <= len(whole)
        read = True
    return read


TARGETS: dict[str, Callable[[bytes], bool]] = {
    "edifact": partial(check_advices, format_="edifact"),
    "x12": partial(check_advices, format_="x12"),
    "ubl": partial(check_advices, format_="ubl"),
    "text": partial(check_advices, format_="text"),
    "csv": partial(check_advices, format_="csv"),
    "xlsx": partial(check_advices, format_="xlsx", wrap=workbook),
    "pdf": partial(check_advices, format_="pdf", wrap=page),
    "any_file": check_detection,
    "table": partial(check_table, format_="csv"),
    "sheet": partial(check_table, format_="xlsx", wrap=workbook),
}
