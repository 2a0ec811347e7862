"""Tables of accounting systems become open items, exactly, or are refused whole."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alloc.errors import InputError, LimitError
from alloc.ingest import load_profile, read_table
from alloc.ingest.table_files import read_grid
from alloc.ingest.tabular import read_rows

if TYPE_CHECKING:
    from pathlib import Path

    from alloc.ingest import Profile

COLUMNS = """
[columns]
entity = "entity"
item_id = "item"
customer_id = "customer"
currency = "currency"
open_minor = "amount"
due_date = "due"
reference = "reference"
other_references = "others"
disputed = "disputed"
kind = "kind"
"""
OPTIONAL = (
    'optional = ["due_date", "reference", "other_references", "disputed", "kind"]'
)


def profile(form: str = "", *, top: str = "", columns: str = COLUMNS) -> Profile:
    text = f"""
kind = "open_items"
{OPTIONAL if "due_date" in columns else ""}
{top}
[file]
format = ["csv", "xlsx", "parquet"]
[form]
{form}
{columns}
"""
    return load_profile(text, "erp")


def read(text: str, how: Profile, **options: Any) -> list[dict[str, Any]]:
    data = text.encode(how.encoding)
    return read_rows(data, "csv", how, name="x.csv", **options).table.to_pylist()


def refused(text: str, how: Profile, **options: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        read(text, how, **options)
    assert caught.value.metadata["file"] == "x.csv"
    return caught.value


def amounts(
    form: str, *written: str, currency: str = "EUR", top: str = ""
) -> list[int]:
    rows = "".join(
        f'E;F{number};C;{currency};"{text}"\n' for number, text in enumerate(written)
    )
    table = read(
        f"entity;item;customer;currency;amount\n{rows}", profile(form, top=top)
    )
    return [row["open_minor"] for row in table]


# Amounts


def test_amounts_are_read_as_they_are_written() -> None:
    assert amounts("", "12.34", "-0.05", "1000", "+7.1", ".5", "3.") == [
        1234,
        -5,
        100000,
        710,
        50,
        300,
    ]
    assert (
        amounts('decimal = ","', "1 234,56", "1\u00a0234,56", "1\u202f234,56")
        == [123456] * 3
    )
    german = 'decimal = ","\nthousands = "."'
    assert amounts(german, "1.234.567,89", "-1.234,5") == [123456789, -123450]
    assert amounts('thousands = "\'"', "1'234.50", "1\u2019234.50") == [123450] * 2


def test_a_minus_may_stand_behind_or_as_brackets() -> None:
    assert amounts("", "12.50-", "(12.50)", "\u221212.50", "- 12.50") == [-1250] * 4


def test_a_currency_has_its_own_decimals() -> None:
    assert amounts("", "500", currency="JPY") == [500]
    assert amounts("", "1.234", currency="TND") == [1234]
    assert amounts('amounts = "minor"', "1234", "-5") == [1234, -5]


@pytest.mark.parametrize(
    ("form", "text", "reason"),
    [
        ("", "12.345", "DECIMALS_TOO_MANY"),
        ("", "12.340", "DECIMALS_TOO_MANY"),
        ("", "1,234.00", "AMOUNT_INVALID"),
        ('decimal = ","\nthousands = "."', "12.34", "AMOUNT_INVALID"),
        ('decimal = ","\nthousands = "."', "1.2345,00", "AMOUNT_INVALID"),
        ("", "(12.00", "AMOUNT_INVALID"),
        ("", "-12.00-", "AMOUNT_INVALID"),
        ("", "--12", "AMOUNT_INVALID"),
        ("", "12 USD", "AMOUNT_INVALID"),
        ("", "1e3", "AMOUNT_INVALID"),
        ("", "NaN", "AMOUNT_INVALID"),
        ("", ".", "AMOUNT_INVALID"),
        ("", "-", "AMOUNT_INVALID"),
        ("", "\u0661\u0662", "AMOUNT_INVALID"),
        ("", "12345678901234567.00", "AMOUNT_TOO_LARGE"),
        ('amounts = "minor"', "12.00", "AMOUNT_INVALID"),
        ("", "", "VALUE_MISSING"),
    ],
)
def test_what_is_no_exact_amount_is_refused(form: str, text: str, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        amounts(form, "1", text)
    assert caught.value.reason == reason
    assert (caught.value.metadata["line"], caught.value.metadata["field"]) == (
        "3",
        "open_minor",
    )


def oracle(text: str, decimal: str, exponent: int) -> int | None:
    """Read an amount one character at a time, with Decimal."""
    for blank in "\u00a0\u202f":
        text = text.replace(blank, " ").strip()
    negative = text.startswith("-")
    whole, mark, part = text.removeprefix("-").strip().partition(decimal)
    groups = whole.split(" ")
    grouped = len(groups) == 1 or (
        1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])
    )
    digits = "".join(groups)
    if not grouped or not (digits + part).isdecimal() or len(part) > exponent:
        return None
    value = Decimal(f"{digits or 0}.{part or 0}" if mark else digits)
    minor = value.scaleb(exponent)
    assert minor == int(minor)
    return -int(minor) if negative else int(minor)


@settings(max_examples=300, deadline=None)
@given(
    texts=st.lists(
        st.from_regex(
            r"-?[0-9]{0,4}([ \u00a0\u202f][0-9]{2,3}){0,2}(,[0-9]{0,4})?",
            fullmatch=True,
        ),
        min_size=1,
        max_size=20,
    ),
    currency=st.sampled_from(["EUR", "JPY", "TND", "CLF"]),
)
@example(texts=["0,0"], currency="EUR")
def test_amounts_equal_a_decimal_oracle(texts: list[str], currency: str) -> None:
    exponent = {"EUR": 2, "JPY": 0, "TND": 3, "CLF": 4}[currency]
    expected = [oracle(text, ",", exponent) for text in texts]
    if None in expected:
        with pytest.raises(InputError) as caught:
            amounts('decimal = ","', *texts, currency=currency)
        assert caught.value.metadata["problems"] == str(expected.count(None))
    else:
        assert amounts('decimal = ","', *texts, currency=currency) == expected


@settings(max_examples=200, deadline=None)
@given(
    minor=st.integers(-(10**15) + 1, 10**15 - 1), exponent=st.sampled_from([0, 2, 3])
)
def test_a_spreadsheet_number_of_15_digits_is_exact(minor: int, exponent: int) -> None:
    currency = {0: "JPY", 2: "EUR", 3: "TND"}[exponent]
    number = Decimal(minor).scaleb(-exponent)
    data = workbook([HEADER, ["E", "F", "C", currency, float(number)]], exact=True)
    table = read_rows(data, "xlsx", profile(), name="x.xlsx").table
    assert table["open_minor"].to_pylist() == [minor]


# Signs

HEAD = "entity;item;customer;currency;"


def test_what_we_are_owed_may_be_written_negative() -> None:
    assert amounts('sign = "credit_positive"', "-12.00", "3.00") == [1200, -300]


SPLIT = COLUMNS.replace('open_minor = "amount"', 'debit = "d"\ncredit = "c"')


def test_debit_and_credit_may_be_two_columns() -> None:
    text = HEAD + "d;c\nE;1;C;EUR;5.00;\nE;2;C;EUR;;7.00\nE;3;C;EUR;5.00;7.00\n"
    rows = read(text, profile(columns=SPLIT))
    assert [row["open_minor"] for row in rows] == [500, -700, -200]
    error = refused(HEAD + "d;c\nE;1;C;EUR;;\n", profile(columns=SPLIT))
    assert "x.csv:2: open_minor: neither debit nor credit is given" in str(error)


def test_the_side_may_be_a_column_of_its_own() -> None:
    columns = COLUMNS + 'indicator = "side"\n'
    text = HEAD + "amount;side\nE;1;C;EUR;5.00;D\nE;2;C;EUR;7.00;C\nE;3;C;EUR;9.00;H\n"
    rows = read(text, profile(columns=columns))
    assert [row["open_minor"] for row in rows] == [500, -700, -900]
    error = refused(text.replace(";H", ";X"), profile(columns=columns))
    assert "x.csv:4: indicator: 'X' is not one of D, S, C, H" in str(error)


# Dates


def days(form: str, *written: str) -> list[dt.date | None]:
    rows = "".join(
        f"E;F{number};C;EUR;1;{text}\n" for number, text in enumerate(written)
    )
    table = read(f"{HEAD}amount;due\n{rows}", profile(form))
    return [row["due_date"] for row in table]


def test_dates_are_read_by_their_form() -> None:
    day = dt.date(2026, 1, 31)
    assert days("", "2026-01-31", "") == [day, None]
    assert days('date = "%d.%m.%y"', "31.01.26") == [day]
    assert (
        days('date = ["%d/%m/%Y", "excel"]', "31/01/2026", "46053", "46053.75")
        == [day] * 3
    )
    assert days('date = "excel1904"', "44591") == [day]
    assert days('date = "excel"', "1", "59", "61") == [
        dt.date(1900, 1, 1),
        dt.date(1900, 2, 28),
        dt.date(1900, 3, 1),
    ]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("", "31/01/2026"),
        ("", "2026-02-30"),
        ("", "46053"),
        ("", "0026-01-31"),
        ("", "2026-01-31T"),
        ('date = "excel"', "60"),
        ('date = "excel"', "0"),
        ('date = "excel"', "1e9"),
        ('date = "excel"', "NaN"),
        ('date = "%d/%m/%Y"', "01/31/2026"),
    ],
)
def test_what_is_no_date_of_the_form_is_refused(form: str, text: str) -> None:
    with pytest.raises(InputError, match=r"x\.csv:2: due_date: ") as caught:
        days(form, text)
    assert caught.value.reason == "DATE_INVALID"


@settings(max_examples=100, deadline=None)
@given(
    day=st.dates(dt.date(1900, 3, 1), dt.date(2199, 12, 31)),
    form=st.sampled_from(["%d/%m/%Y", "%Y%m%d", "%m-%d-%Y", "excel"]),
)
def test_every_date_comes_back_from_its_form(day: dt.date, form: str) -> None:
    days_since = (day - dt.date(1899, 12, 30)).days
    text = str(days_since) if form == "excel" else day.strftime(form)
    assert days(f'date = "{form}"', text) == [day]


# Codes, lists, flags


def test_codes_are_translated_and_customers_prefixed() -> None:
    columns = COLUMNS + "[entities]\n'01' = 'E01'\n[kinds]\nFA = 'invoice'\n"
    how = profile(top='customer_id_prefix = "A-"', columns=columns)
    rows = read(HEAD + "amount;kind\n01;1;C1;EUR;1;FA\n", how, entities=["E01"])
    assert (rows[0]["entity"], rows[0]["customer_id"], rows[0]["kind"]) == (
        "E01",
        "A-C1",
        "invoice",
    )
    error = refused(HEAD + "amount;kind\n02;1;C1;EUR;1;XX\n", how)
    assert "entity: '02' is not in the profile's table of entity codes" in str(error)
    assert "kind: 'XX' is not in the profile's table of kind codes" in str(error)


def test_lists_and_flags_are_read() -> None:
    rows = read(
        HEAD + "amount;others;disputed\nE;1;C;EUR;1;A| B||;Oui\nE;2;C;EUR;1;;\n",
        profile(),
    )
    assert [row["other_references"] for row in rows] == [["A", "B"], None]
    assert [row["disputed"] for row in rows] == [True, False]
    error = refused(HEAD + "amount;disputed\nE;1;C;EUR;1;maybe\n", profile())
    assert error.reason == "FLAG_INVALID"


def test_an_unknown_currency_or_entity_is_refused() -> None:
    error = refused(
        HEAD + "amount\nE;1;C;EURO;1\nX;2;C;EUR;1\n", profile(), entities="E"
    )
    assert "x.csv:2: currency: 'EURO' is not an ISO 4217 currency" in str(error)
    assert "x.csv:3: entity: 'X' is not an entity of the settings" in str(error)


# Rows


def test_an_item_that_stands_twice_is_refused_with_both_lines() -> None:
    text = HEAD + "amount\nE;1;C;EUR;1\nE;2;C;EUR;1\nD;1;C;EUR;1\nE;1;C;EUR;2\n"
    error = refused(text, profile())
    assert str(error) == "x.csv:5: item_id: '1' stands twice: also in line 2"
    assert error.reason == "ROW_DUPLICATE"


def test_lines_are_counted_over_quoted_breaks_and_blank_lines() -> None:
    text = HEAD + 'amount;reference\nE;1;C;EUR;1;"a\nb"\n\n \nE;2;C;EUR;x;c\n'
    assert str(refused(text, profile())).startswith("x.csv:6: open_minor: 'x'")


def test_a_row_with_another_number_of_fields_is_refused() -> None:
    text = HEAD + "amount\nE;1;C;EUR;1;\nE;2;C;EUR\nE;3;C;EUR;1\n"
    error = refused(text, profile())
    assert error.reason == "ROW_RAGGED"
    assert "x.csv:2: 6 fields, but the header has 5" in str(error)
    assert "x.csv:3: 4 fields" in str(error)


def test_rows_that_are_no_data_are_left_out() -> None:
    how = profile(columns=COLUMNS + "[skip]\nitem = ['', 'Total']\n")
    text = HEAD + "amount\nE;1;C;EUR;1\n;;;;\nTotal\n;;;;99\nE;Total;;;1\n"
    data = text.encode()
    file = read_rows(data, "csv", how, name="x.csv")
    assert file.table.num_rows == 1
    assert file.skipped == 4


def test_a_table_without_rows_is_empty() -> None:
    assert read(HEAD + "amount\n", profile()) == []
    assert read(HEAD + "amount", profile()) == []


def test_only_the_first_problems_are_listed_and_the_rest_counted() -> None:
    rows = "".join(f"E;{number};C;EUR;x\n" for number in range(50))
    error = refused(HEAD + "amount\n" + rows, profile())
    lines = str(error).splitlines()
    assert len(lines) == 21
    assert lines[0].startswith("x.csv:2: open_minor")
    assert lines[-1] == "and 30 more"
    assert error.metadata["problems"] == "50"


def test_a_column_that_stands_twice_is_refused() -> None:
    error = refused(HEAD + "amount;Amount\nE;1;C;EUR;1;2\n", profile())
    assert error.reason == "COLUMN_TWICE"


def test_missing_columns_are_named() -> None:
    error = refused("entity;item;currency\nE;1;EUR\n", profile())
    assert error.reason == "COLUMNS_MISSING"
    assert "'customer', 'amount'" in str(error)


# Encodings


@pytest.mark.parametrize(
    ("encoding", "data", "said"),
    [
        ("utf-8", b"item\nF\xe9\n", "x.csv:2: byte 0xE9 is no text in utf-8"),
        ("iso-8859-15", "item\nFé\n".encode(), "x.csv: the file is UTF-8"),
        ("iso-8859-15", b"item\nF\x92\n", "x.csv:2: a control character (code 146)"),
        ("utf-8", b"item\nF\x00\n", "x.csv:2: a control character (code 0)"),
        ("ascii", "item\nFé\n".encode(), "x.csv:2: byte 0xC3 is no text in ascii"),
    ],
)
def test_the_wrong_encoding_is_named_with_the_line(
    encoding: str, data: bytes, said: str
) -> None:
    how = load_profile(
        "kind='customers'\n[file]\nformat='csv'\n"
        f"encoding='{encoding}'\n[columns]\ncustomer_id='item'\nname='item'",
        "erp",
    )
    with pytest.raises(InputError) as caught:
        read_rows(data, "csv", how, name="x.csv")
    assert str(caught.value).startswith(said)
    assert caught.value.reason == "ENCODING_WRONG"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_declared_encodings_are_read(encoding: str) -> None:
    how = load_profile(
        "kind='customers'\n[file]\nformat='csv'\n"
        f"encoding='{encoding}'\n[columns]\ncustomer_id='n°'\nname='nom'",
        "erp",
    )
    data = "n°;nom\n1;Café\n".encode(encoding)
    rows = read_rows(data, "csv", how, name="x.csv").table.to_pylist()
    assert rows == [{"customer_id": "1", "name": "Café"}]


@settings(max_examples=200, deadline=None)
@given(
    text=st.text(alphabet='ab"; \n', max_size=60),
)
def test_lines_are_those_of_the_fast_parser(text: str) -> None:
    """The parser that reads values and the one that knows lines see the same rows."""
    how = load_profile(
        "kind='customers'\n[file]\nformat='csv'\nseparator=';'\n[columns]\n"
        "customer_id='h'\nname='i'",
        "erp",
    )
    grid = read_grid(f"h;i\n{text}".encode(), "csv", how, name="x.csv")
    rows = [
        row for row in csv.reader(io.StringIO(text, newline=""), delimiter=";") if row
    ]
    whole = [row for row in rows if len(row) == 2]
    if '"' not in text.rpartition("\n")[2]:
        assert grid.columns["h"].to_pylist() == [row[0] for row in whole]  # type: ignore[union-attr]
        assert len(grid.lines(range(grid.rows))) == grid.rows


# Spreadsheets and Parquet


def workbook(
    rows: list[list[object]], sheet: str = "Items", *, exact: bool = False
) -> bytes:
    """Write a workbook; `exact`: floats with all their digits, as Excel stores them."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    page, date = (
        book.add_worksheet(sheet),
        book.add_format({"num_format": "yyyy-mm-dd"}),
    )
    for line, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, dt.date):
                page.write_datetime(line, column, cell, date)
            else:
                page.write(line, column, cell)
    book.close()
    cells = [cell for row in rows for cell in row if isinstance(cell, float)]
    floats = [cell for cell in cells if float(f"{cell:.16G}") != cell]
    return _with_all_digits(buffer.getvalue(), floats) if exact else buffer.getvalue()


def _with_all_digits(data: bytes, floats: list[float]) -> bytes:
    """Put the shortest exact form where the writer cut a number to 16 digits."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(buffer, "w") as new,
    ):
        for name in old.namelist():
            text = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                for number in floats:
                    cut, whole = f"<v>{number:.16G}</v>", f"<v>{number!r}</v>"
                    text = text.replace(cut.encode(), whole.encode())
            new.writestr(name, text)
    return buffer.getvalue()


HEADER: list[object] = ["entity", "item", "customer", "currency", "amount", "due"]


def sheet(*rows: list[object], form: str = "", before: int = 0) -> list[dict[str, Any]]:
    blank: list[list[object]] = [[] for _ in range(before)]
    data = workbook([*blank, HEADER, *rows], exact=True)
    return read_rows(data, "xlsx", profile(form), name="x.xlsx").table.to_pylist()


def test_a_spreadsheet_is_read_below_its_title_with_true_dates() -> None:
    (row,) = sheet(["E", 4711, "0012", "EUR", 12.34, dt.date(2026, 1, 31)], before=3)
    assert (row["item_id"], row["customer_id"]) == ("4711", "0012")
    assert (row["open_minor"], row["due_date"]) == (1234, dt.date(2026, 1, 31))


def test_text_in_a_spreadsheet_follows_the_form() -> None:
    (row,) = sheet(
        ["E", "1", "C", "EUR", "1 234,50", "31/01/2026"],
        form='decimal = ","\ndate = ["%d/%m/%Y", "excel"]',
    )
    assert (row["open_minor"], row["due_date"]) == (123450, dt.date(2026, 1, 31))


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (0.30000000000000004, "DECIMALS_TOO_MANY"),
        (12.345, "DECIMALS_TOO_MANY"),
        (12345678901234.56, "AMOUNT_INVALID"),
        (1e20, "AMOUNT_TOO_LARGE"),
        (True, "AMOUNT_INVALID"),
        (dt.date(2026, 1, 1), "AMOUNT_INVALID"),
    ],
)
def test_a_spreadsheet_number_that_is_not_exact_is_refused(
    cell: object, reason: str
) -> None:
    with pytest.raises(InputError, match=r"x\.xlsx:3: open_minor") as caught:
        sheet(["E", "1", "C", "EUR", 1.0], ["E", "2", "C", "EUR", cell])
    assert caught.value.reason == reason


def test_how_to_cure_a_number_that_is_not_exact_is_said() -> None:
    with pytest.raises(InputError, match="round it in the spreadsheet"):
        sheet(["E", "1", "C", "EUR", 0.1 + 0.2])


def test_a_number_is_no_date_unless_the_profile_says_excel() -> None:
    with pytest.raises(InputError, match=r"x\.xlsx:2: due_date"):
        sheet(["E", "1", "C", "EUR", 1.0, 46053.0])
    (row,) = sheet(["E", "1", "C", "EUR", 1.0, 46053.0], form='date = "excel"')
    assert row["due_date"] == dt.date(2026, 1, 31)


def test_a_missing_sheet_is_named_with_those_there_are() -> None:
    how = load_profile(
        "kind='customers'\n[file]\nformat='xlsx'\nsheet='Data'\n[columns]\n"
        "customer_id='a'\nname='b'",
        "erp",
    )
    with pytest.raises(InputError, match="no sheet 'Data', but 'Items'") as caught:
        read_rows(workbook([["a", "b"]]), "xlsx", how, name="x.xlsx")
    assert caught.value.reason == "SHEET_MISSING"


def test_a_sheet_with_a_lost_cell_far_away_is_refused_before_it_fills_memory() -> None:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    page = book.add_worksheet()
    page.write_row(0, 0, [str(cell) for cell in HEADER])
    page.write(1_048_575, 16_383, "lost")
    book.close()
    with pytest.raises(LimitError, match="most of them empty") as caught:
        read_rows(buffer.getvalue(), "xlsx", profile(), name="x.xlsx")
    assert caught.value.reason == "SHEET_TOO_LARGE"


def rewritten(name: str, old: bytes, new: bytes, *, named: str | None = None) -> bytes:
    """A workbook of one item with a part changed, or under another name."""
    buffer = io.BytesIO()
    data = workbook([HEADER, ["E", "1", "C", "EUR", 1.0]])
    with (
        zipfile.ZipFile(io.BytesIO(data)) as before,
        zipfile.ZipFile(buffer, "w") as after,
    ):
        for entry in before.namelist():
            content = before.read(entry).replace(old, new)
            after.writestr(named if named and entry == name else entry, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "place",
    [b'r="AAAA2"', b"r = 'AAAA2'", b"\nr='zzzzz99999999'"],
)
def test_a_cell_where_no_sheet_has_one_is_refused(place: bytes) -> None:
    data = rewritten("", b'r="A2"', place)
    with pytest.raises(InputError, match="a cell nowhere") as caught:
        read_rows(data, "xlsx", profile(), name="x.xlsx")
    assert caught.value.reason == "FILE_DAMAGED"


@pytest.mark.parametrize(
    "place",
    [
        b'r="XFD999999"',
        b"r='A4294967295'",
        b'r="A' + b"0" * 30 + b'4294967295"',
        b'r="E2"r="E4294967295"',
    ],
)
def test_a_lost_cell_in_a_row_without_number_is_seen(place: bytes) -> None:
    data = rewritten("", b'r="E2"', place)
    with pytest.raises(LimitError, match="most of them empty"):
        read_rows(data, "xlsx", profile(), name="x.xlsx")


def test_a_damaged_sheet_is_named_in_few_words() -> None:
    data = rewritten("", b"</sheetData>", b"</%s>" % (b"x\n" * 5_000))
    with pytest.raises(InputError) as caught:
        read_rows(data, "xlsx", profile(), name="x.xlsx")
    assert caught.value.reason == "FILE_DAMAGED"
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


def test_a_workbook_of_another_kind_is_refused() -> None:
    data = rewritten("xl/workbook.xml", b"", b"", named="xl/workbook.bin")
    with pytest.raises(InputError, match="save it as XLSX"):
        read_rows(data, "xlsx", profile(), name="x.xlsx")


def test_a_long_narrow_sheet_is_not_taken_for_a_large_one() -> None:
    rows: list[list[object]] = [HEADER, *([["E", "1", "C", "EUR", 1.0]] * 1)]
    wide = [[*row, *[None] * 40, "note"] for row in rows]
    assert read_rows(workbook(wide), "xlsx", profile(), name="x").table.num_rows == 1


def parquet(**columns: object) -> bytes:
    table = pa.table({"entity": ["E"], "item": ["1"], "customer": ["C"], **columns})
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("amount", "form"),
    [
        (pa.array([Decimal("12.3400")], pa.decimal128(18, 4)), ""),
        (pa.array([12.34], pa.float64()), ""),
        (pa.array([1234], pa.int64()), 'amounts = "minor"'),
        (pa.array(["12.34"], pa.large_string()), ""),
    ],
)
def test_parquet_columns_of_any_type_are_read(amount: pa.Array, form: str) -> None:
    data = parquet(
        currency=pa.array(["EUR"]).dictionary_encode(),
        amount=amount,
        due=pa.array([dt.date(2026, 1, 31)]).cast(pa.timestamp("us")),
        others=[["A", " B"]],
    )
    (row,) = read_rows(data, "parquet", profile(form), name="x").table.to_pylist()
    assert row["open_minor"] == 1234
    assert row["due_date"] == dt.date(2026, 1, 31)
    assert row["other_references"] == ["A", "B"]


def test_parquet_decimals_that_do_not_fit_are_refused_with_the_row() -> None:
    amount = pa.array([Decimal("12.345")], pa.decimal128(18, 4))
    with pytest.raises(
        InputError, match=r"x:1: open_minor: 12\.3450 has more"
    ) as caught:
        read_rows(
            parquet(currency=["EUR"], amount=amount), "parquet", profile(), name="x"
        )
    assert caught.value.reason == "DECIMALS_TOO_MANY"


@pytest.mark.parametrize(
    ("format_", "mark", "behind"),
    [
        ("xlsx", b"PK\x01\x02", 6),  # the version that the directory asks for
        ("xlsx", b"PK\x05\x06", 17),  # where the directory begins
        ("parquet", b"amount", 0),  # the name of a column
    ],
)
def test_damaged_files_are_refused_by_name(
    format_: str, mark: bytes, behind: int
) -> None:
    data = {
        "xlsx": workbook([HEADER]),
        "parquet": parquet(currency=["EUR"], amount=["1"]),
    }[format_]
    at = data.index(mark) + behind
    data = data[:at] + b"\xff" + data[at + 1 :]
    with pytest.raises(InputError, match="x is not a") as caught:
        read_rows(data, format_, profile(), name="x")
    assert caught.value.reason == "FILE_DAMAGED"


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(workbook([HEADER, ["E", "1", "C", "EUR", 2]]))
    assert read_table(path, profile()).schema.names == [
        "entity",
        "item_id",
        "customer_id",
        "currency",
        "open_minor",
        "reference",
        "other_references",
        "kind",
        "due_date",
        "disputed",
    ]
