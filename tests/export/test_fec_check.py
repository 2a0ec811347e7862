"""Our judge of FEC files: it accepts ours and rejects every spoiled one."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from export_journal import CLOSING, LABELS, MONTH, SIREN, tables
from hypothesis import given
from hypothesis import strategies as st

from alloc.export import fec_check, fec_numbering
from alloc.export.fec import COLUMNS, HEADER, fec, fec_name
from alloc.export.fec_check import check_fec
from alloc.export.fec_findings import FecFinding, FecReport, Severity

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAME = fec_name(SIREN, CLOSING)
BASE = fec(*tables(MONTH), labels=LABELS)
LINE = 4  # the customer line of the first entry: letter, auxiliary, credit


def checked(data: bytes, name: str = NAME, listed_max: int = 20) -> FecReport:
    return check_fec(io.BytesIO(data), name, listed_max=listed_max)


def findings_of(data: bytes, name: str = NAME) -> list[FecFinding]:
    return list(checked(data, name).findings)


def rows() -> list[list[str]]:
    return [line.split("\t") for line in BASE.decode("iso-8859-15").split("\r\n")[:-1]]


def write(cells: list[list[str]], separator: str = "\t", end: str = "\r\n") -> bytes:
    return "".join(separator.join(row) + end for row in cells).encode("iso-8859-15")


def with_cell(column: str, value: str, line: int = LINE) -> bytes:
    cells = rows()
    cells[line][COLUMNS.index(column)] = value
    return write(cells)


def without_columns(count: int) -> bytes:
    return write([row[:-count] for row in rows()])


def both_sides(text: str) -> bytes:
    cells = rows()
    cells[LINE][11] = cells[LINE][12] = text
    return write(cells)


def every(change: Callable[[str], str], *columns: str) -> bytes:
    cells = rows()
    for row in cells[1:]:
        for column in columns:
            index = COLUMNS.index(column)
            row[index] = change(row[index])
    return write(cells)


def dashed(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if text else ""


def french(text: str) -> str:
    return text[6:] + text[4:6] + text[:4]


def reordered() -> bytes:
    return write([[row[1], row[0], *row[2:]] for row in rows()])


def negative() -> bytes:
    cells = rows()
    cells[LINE][11], cells[LINE][12] = "-1200,00", "0,00"
    return write(cells)


def unsorted() -> bytes:
    cells = rows()
    return write([cells[0], *cells[5:7], *cells[1:5], *cells[7:]])


def with_line(row: list[str]) -> bytes:
    cells = rows()
    cells.insert(3, row)
    return write(cells)


def short_line() -> bytes:
    cells = rows()
    cells[LINE].pop()
    return write(cells)


def piped() -> bytes:
    return write([[cell.replace("|", "!") for cell in row] for row in rows()], "|")


DATES = ("EcritureDate", "PieceDate", "ValidDate")
#: Mutation -> (spoiled file, code of our finding).
MUTATIONS: dict[str, tuple[bytes, str]] = {
    "tab_iso8859_15_crlf": (BASE, ""),
    "pipe": (piped(), ""),
    "semicolon": (write(rows(), ";"), "HEADER_UNREADABLE"),
    "comma": (write(rows(), ","), "HEADER_UNREADABLE"),
    "utf8": (BASE.decode("iso-8859-15").encode(), "ENCODING_UTF8"),
    "utf8_bom": (BASE.decode("iso-8859-15").encode("utf-8-sig"), "ENCODING_UTF8"),
    "lf_only": (write(rows(), end="\n"), ""),
    "header_lowercase": (
        write([[name.lower() for name in COLUMNS], *rows()[1:]]),
        "HEADER",
    ),
    "header_reordered": (reordered(), "HEADER"),
    "decimal_dot": (with_cell("Credit", "1200.00"), "AMOUNT"),
    "thousands_separator": (with_cell("Credit", "1 200,00"), "AMOUNT"),
    "date_iso_dashes": (every(dashed, *DATES), "DATE"),
    "date_ddmmyyyy": (every(french, *DATES), "DATE"),
    "month_13": (with_cell("PieceDate", "20261301"), "DATE"),
    "feb_30": (with_cell("PieceDate", "20260230"), "DATE"),
    "empty_debit": (with_cell("Debit", ""), "AMOUNT"),
    "both_amounts_zero": (both_sides("0,00"), "ZERO"),
    "both_amounts_set": (both_sides("1200,00"), "BOTH_SIDES"),
    "entry_unbalanced": (with_cell("Credit", "1200,01"), "UNBALANCED"),
    "negative_amounts": (negative(), "NEGATIVE"),
    "gap_in_ecriturenum": (
        every(lambda num: num.replace("000003", "000004"), "EcritureNum"),
        "GAP",
    ),
    "empty_journalcode": (with_cell("JournalCode", ""), "EMPTY"),
    "empty_ecriturenum": (with_cell("EcritureNum", ""), "EMPTY"),
    "empty_pieceref": (with_cell("PieceRef", ""), "EMPTY"),
    "empty_piecedate": (with_cell("PieceDate", ""), "EMPTY"),
    "empty_ecriturelib": (with_cell("EcritureLib", ""), "EMPTY"),
    "empty_validdate": (with_cell("ValidDate", ""), "EMPTY"),
    "empty_comptelib": (with_cell("CompteLib", ""), "EMPTY"),
    "account_not_3_digits": (with_cell("CompteNum", "41A000"), "ACCOUNT"),
    "letter_without_date": (with_cell("DateLet", ""), "PAIR"),
    "date_without_letter": (with_cell("EcritureLet", ""), "PAIR"),
    "lowercase_letter": (with_cell("EcritureLet", "aab"), ""),
    "aux_without_label": (with_cell("CompAuxLib", ""), "PAIR"),
    "currency_amount_without_code": (with_cell("Montantdevise", "12,00"), "PAIR"),
    "missing_columns_17_18": (without_columns(2), "HEADER"),
    "line_with_17_fields": (short_line(), "FIELD_COUNT"),
    "blank_line": (with_line([""]), "BLANK_LINE"),
    "tab_inside_label": (with_cell("EcritureLib", "Virement\treçu"), "FIELD_COUNT"),
    "date_after_closing": (
        every(lambda _: "20270101", "EcritureDate"),
        "DATE_OUTSIDE_YEAR",
    ),
    "bad_file_name": (BASE, "FILE_NAME"),
    "siren_8_digits_in_name": (BASE, "FILE_NAME"),
    "three_decimals": (with_cell("Credit", "1200,000"), "AMOUNT"),
    "unsorted": (unsorted(), "ORDER"),
}
NAMES = {
    "bad_file_name": "export.txt",
    "siren_8_digits_in_name": NAME[1:],
}
WARNED = {"utf8", "utf8_bom", "negative_amounts"}
ACCEPTED = {"tab_iso8859_15_crlf", "pipe", "lf_only", "lowercase_letter"}


def verdict(mutation: str) -> str:
    """What our judge says: ok, warn or reject."""
    data, _ = MUTATIONS[mutation]
    findings = findings_of(data, NAMES.get(mutation, NAME))
    if any(finding.severity is Severity.ERROR for finding in findings):
        return "reject"
    return "warn" if findings else "ok"


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_every_spoiled_file_is_rejected_for_its_own_reason(mutation: str) -> None:
    data, code = MUTATIONS[mutation]
    codes = {finding.code for finding in findings_of(data, NAMES.get(mutation, NAME))}
    assert (code in codes) if code else not codes
    expected = "ok" if mutation in ACCEPTED else "reject"
    assert verdict(mutation) == ("warn" if mutation in WARNED else expected)


def test_the_matrix_of_mutations_is_complete(shared: Path | None) -> None:
    assert len(MUTATIONS) == 43
    if shared is None:
        return
    text = (shared / "golden" / "vectors_fec.yaml").read_text("utf-8")
    cases: list[dict[str, Any]] = yaml.safe_load(text)["cases"]
    assert {case["id"]: case["strict"] for case in cases} == {
        mutation: verdict(mutation) for mutation in MUTATIONS
    }


def test_a_finding_names_line_and_column() -> None:
    (finding,) = findings_of(with_cell("PieceDate", "20260230"))
    assert (finding.line, finding.column) == (LINE + 1, "PieceDate")
    assert "20260230" in finding.message


def test_the_variant_with_amount_and_side_is_read() -> None:
    cells = rows()
    cells[0][11:13] = ["Montant", "Sens"]
    for row in cells[1:]:
        row[11:13] = [row[11], "D"] if row[12] == "0,00" else [row[12], "C"]
    assert findings_of(write(cells)) == []
    cells[1][12] = "X"
    codes = {finding.code for finding in findings_of(write(cells))}
    assert {"SIDE", "UNBALANCED"} <= codes


def test_one_sequence_over_all_journals_has_no_gap() -> None:
    cells = rows()
    order = list(dict.fromkeys(row[2] for row in cells[1:]))
    for row in cells[1:]:
        row[2] = str(order.index(row[2]) + 1)
    assert findings_of(write(cells)) == []


@pytest.mark.parametrize("data", [b"", b"\n", b"\x00\xff", b"a\tb", b"\t" * 17])
def test_rubbish_is_rejected_with_a_reason(data: bytes) -> None:
    findings = findings_of(data)
    assert any(finding.severity is Severity.ERROR for finding in findings)


def renumbered(*numbers: str) -> list[list[str]]:
    """The month with other numbers for its four entries, in order."""
    cells = rows()
    order = list(dict.fromkeys(row[2] for row in cells[1:]))
    for row in cells[1:]:
        row[2] = numbers[order.index(row[2])]
    return cells


def codes_of(data: bytes) -> set[str]:
    return {finding.code for finding in findings_of(data)}


def test_one_hole_in_a_sequence_over_all_journals_is_one_finding() -> None:
    numbers = [finding.code for finding in findings_of(write(renumbered(*"1245")))]
    assert numbers == ["GAP"]


@pytest.mark.parametrize(("numbers", "codes"), [("1234", []), ("1236", ["GAP"])])
def test_journals_may_share_one_sequence(numbers: str, codes: list[str]) -> None:
    cells = renumbered(*numbers)
    for row in cells[1:]:
        row[:2] = ["OD", "Divers"] if row[2] in "2456" else ["BQ1", "Banque"]
    assert [finding.code for finding in findings_of(write(cells))] == codes


def test_lines_of_an_entry_that_stand_apart_balance_together() -> None:
    cells = rows()
    apart = cells.pop(2)
    cells.insert(6, apart)
    assert codes_of(write(cells)) == {"ORDER"}


def test_all_findings_are_counted_and_the_first_ones_listed() -> None:
    data = every(lambda _: "20260230", "PieceDate")
    report = checked(data, listed_max=2)
    assert [(one.code, one.count) for one in report.counts] == [("DATE", 10)]
    assert [finding.line for finding in report.findings] == [2, 3]
    assert (report.errors, report.warnings) == (10, 0)


def test_the_report_says_what_the_file_holds() -> None:
    report = checked(BASE)
    assert (report.lines, report.entries) == (10, 4)
    assert report.debit_minor == report.credit_minor == 120000 + 50000 + 2 * 43210
    assert (report.first_date, report.last_date) == ("20260401", "20260404")
    assert (report.encoding, report.separator) == ("iso-8859-15", "TAB")


def test_a_file_that_does_not_balance_is_told_as_a_whole_too() -> None:
    findings = findings_of(with_cell("Credit", "1200,01"))
    assert {(one.code, one.line) for one in findings} == {
        ("UNBALANCED", 2),
        ("UNBALANCED_TOTAL", 0),
    }


def test_a_file_in_another_order_of_columns_is_read_to_its_end() -> None:
    cells = [[row[1], row[0], *row[2:]] for row in rows()]
    cells[4][9] = "20260230"
    assert codes_of(write(cells)) == {"HEADER", "DATE"}


def test_the_columns_of_cash_books_are_taken() -> None:
    cells = rows()
    cells[0] += ["DateRglt", "ModeRglt", "NatOp"]
    for row in cells[1:]:
        row += ["20260401", "VIR", ""]
    assert codes_of(write(cells)) == set()
    cells[1][18] = "01/04/2026"
    assert codes_of(write(cells)) == {"DATE"}


@pytest.mark.parametrize("codec", ["cp500", "utf-16", "utf-16-le"])
def test_an_encoding_that_is_not_read_is_named(codec: str) -> None:
    text = BASE.decode("iso-8859-15").replace("Œ", "OE")
    assert "ENCODING_UNREAD" in codes_of(text.encode(codec))


def test_two_encodings_in_one_file_are_told() -> None:
    lines = BASE.split(b"\r\n")
    lines[5] = lines[5].decode("iso-8859-15").encode()
    assert codes_of(b"\r\n".join(lines)) == {"ENCODING_MIXED"}


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("ValidDate", "20260331", "BEFORE_ENTRY"),
        ("DateLet", "20260331", "BEFORE_ENTRY"),
        ("EcritureLib", "Virement \x07 reçu", "CONTROL_CHARACTER"),
        ("Credit", "9" * 5000, "AMOUNT"),
        ("EcritureNum", "9" * 5000, "UNBALANCED"),
        ("JournalLib", "x" * 70_000, "LINE_TOO_LONG"),
        ("CompteLib", "Autres", "TWO_NAMES"),
        ("CompteNum", "411 000", "ACCOUNT_BLANK"),
        ("CompteNum", "665000", "AUXILIARY_ODD"),
        ("CompteNum", "665000", "LETTER_ODD"),
        ("EcritureLib", ".", "LABEL_SILENT"),
        ("EcritureLib", "=1+1", "LABEL_FORMULA"),
        ("PieceDate", "19000101", "PIECE_DATE_FAR"),
        ("PieceDate", "20991231", "PIECE_DATE_FAR"),
        ("ValidDate", "20991231", "VALID_DATE_FAR"),
    ],
)
def test_odd_cells_have_a_finding_of_their_own(
    column: str, value: str, code: str
) -> None:
    assert code in codes_of(with_cell(column, value))


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("Idevise", "USD", "PAIR"),
        ("CompAuxNum", "", "PAIR"),
        ("CompteNum", "41", "ACCOUNT"),
        ("CompteNum", "ABC000", "ACCOUNT"),
        ("CompteNum", "901000", "ACCOUNT"),
        ("EcritureDate", "260401", "DATE"),
        ("EcritureDate", "202604011", "DATE"),
        ("EcritureDate", "00000000", "DATE"),
        ("EcritureDate", "2026O401", "DATE"),
        ("EcritureDate", "20260402", "TWO_DATES"),
        ("ValidDate", "20261301", "DATE"),
        ("DateLet", "20260230", "DATE"),
        ("Credit", "1,2e3", "AMOUNT"),
        ("Credit", "1200,", "AMOUNT"),
        ("Credit", "1\xa0200,00", "AMOUNT"),
        ("EcritureNum", "ABC", "NUMBER"),
        ("EcritureLib", "   ", "EMPTY"),
    ],
)
def test_a_spoiled_cell_is_refused_with_its_line_column_and_reason(
    column: str, value: str, code: str
) -> None:
    found = [one for one in findings_of(with_cell(column, value)) if one.code == code]
    places = {(one.line, one.severity) for one in found}
    assert (LINE + 1, Severity.ERROR) in places
    assert all(one.column and one.message for one in found)


@pytest.mark.parametrize(
    ("day", "codes"),
    [
        ("20241230", {"DATE_OUTSIDE_YEAR", "PIECE_DATE_FAR", "YEAR_LONG"}),
        ("20251231", {"YEAR_LONG"}),
        ("20260101", set()),
        ("20270101", {"DATE_OUTSIDE_YEAR", "BEFORE_ENTRY"}),
    ],
)
def test_the_fiscal_year_bounds_the_dates(day: str, codes: set[str]) -> None:
    assert codes_of(every(lambda _: day, "EcritureDate")) == codes


def test_a_lettering_group_of_two_sides_must_balance() -> None:
    cells = rows()
    debit, credit = (
        next(r for r in cells[1:] if r[side] != "0,00") for side in (11, 12)
    )
    place = cells.index(debit)

    def lettered(amount: str, letter: str) -> set[str]:
        """Let a debit stand on the account of a credit, in its group."""
        debit[4:8], debit[11], debit[13:15] = credit[4:8], amount, [letter, credit[14]]
        cells[place] = debit
        return codes_of(write(cells))

    assert "LETTER_UNBALANCED" not in lettered(credit[12], credit[13])
    assert "LETTER_UNBALANCED" in lettered("1,00", credit[13])
    assert "LETTER_UNBALANCED" not in lettered("1,00", credit[13].lower())


def test_a_siren_with_a_wrong_check_digit_is_an_error() -> None:
    (finding,) = findings_of(BASE, "732829321FEC20261231.txt")
    assert (finding.code, finding.severity) == ("SIREN", Severity.ERROR)


@pytest.mark.parametrize("limit", ["SPANS_MAX", "NAMES_MAX", "UNBALANCED_MAX"])
def test_what_is_remembered_is_bounded_and_the_limit_is_said(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = fec_numbering if limit == "SPANS_MAX" else fec_check
    monkeypatch.setattr(module, limit, 1)
    cells = rows()
    for row in cells[1:]:
        row[11] = "1,00" if row[12] == "0,00" else "0,00"
    got = checked(write(cells), listed_max=100)
    counts = {one.code: one.count for one in got.counts}
    assert counts["UNBALANCED"] == 4
    if limit == "SPANS_MAX":
        assert counts["NUMBERING_OVER_LIMIT"] == 1
    if limit == "NAMES_MAX":
        assert counts["NAMES_OVER_LIMIT"] == 15


def test_the_check_reads_a_stream_in_small_pieces() -> None:
    class Trickle(io.BytesIO):
        def read1(self, size: int | None = -1) -> bytes:
            assert size is not None
            assert 0 < size <= 65_536
            return super().read1(min(size, 7))

    assert checked(BASE) == check_fec(Trickle(BASE), NAME)


@given(st.binary(max_size=400))
def test_no_bytes_break_the_check(data: bytes) -> None:
    assert checked(HEADER + data).findings
