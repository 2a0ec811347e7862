"""Lists, e-mails and PDFs are read without a profile, or refused with the line."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import xlsxwriter
from advice_case import codes, lines
from hypothesis import given
from hypothesis import strategies as st

from alloc.errors import InputError
from alloc.ingest import detect
from alloc.ingest.remittance.lists import read_list
from alloc.ingest.remittance.prose import decimal_mark, find_amounts, written_minor
from alloc.ingest.remittance.reading import loose_format, read_advice_data
from alloc.ingest.remittance.text import read_text

if TYPE_CHECKING:
    from pathlib import Path

    from alloc.ingest.remittance.model import AdviceFile

DAY = dt.date(2026, 3, 9)

FRENCH = """\
De : Comptabilité <compta@tiefbau.example>
Objet : avis de virement

Bonjour, voici le détail de notre virement du 09/03/2026.

Facture FA-2026-001   12/02/2026    1 000,00
Facture FA-2026-002   13/02/2026      250,00 EUR
Avoir AV-17           14/02/2026       30,00
Total :                             1 220,00 EUR
Date de paiement : 09/03/2026
Référence virement : PAY-2026-77
Tél. 01 42 00 00 00
"""
GERMAN = """\
Zahlungsavis
Rechnung 4711-1  1.234,56 24,69 1.209,87
Rechnung 4711-2    100,00  2,00    98,00
Gesamtbetrag: 1.307,87 EUR
Zahlungsdatum: 09.03.2026
"""
ENGLISH = """\
Payer: Vertex LLC
Check number: 441902
Check amount: $1,230.00
Invoice INV-1    $1,250.00
Credit memo CM-2   $20.00
"""


def text(content: str) -> AdviceFile:
    data = content.encode()
    assert loose_format(data, "csv", name="mail.txt") == "text"
    return read_text(data, name="mail.txt")


def test_a_french_e_mail_is_read_with_its_total() -> None:
    file = text(FRENCH)
    assert file.notices == []
    (advice,) = file.advices
    assert lines(advice) == [
        ("FA-2026-001", 100_000, None),
        ("FA-2026-002", 25_000, None),
        ("AV-17", -3_000, None),
    ]
    assert (advice.total_minor, advice.currency) == (122_000, "EUR")
    assert (advice.payment_date, advice.payment_reference) == (DAY, "PAY-2026-77")


def test_a_german_list_with_discounts_is_read_by_its_last_column() -> None:
    (advice,) = text(GERMAN).advices
    assert lines(advice) == [("4711-1", 120_987, 2_469), ("4711-2", 9_800, 200)]
    assert (advice.total_minor, advice.payment_date) == (130_787, DAY)


def test_an_english_slip_with_a_credit_memo_is_read() -> None:
    file = text(ENGLISH)
    assert file.notices == []
    (advice,) = file.advices
    assert lines(advice) == [("INV-1", 125_000, None), ("CM-2", -2_000, None)]
    assert (advice.payer_name, advice.payment_reference) == ("Vertex LLC", "441902")


def test_a_deduction_goes_to_the_only_document() -> None:
    (advice,) = text(
        "Payment advice\nInvoices: INV-7\nRemitting: $90.00\n"
        "Deduction: $10.00 torn cartons\n"
    ).advices
    assert lines(advice) == [("INV-7", None, 1_000)]
    assert advice.lines[0].reason == "torn cartons"


def test_an_e_mail_as_it_was_sent_is_unpacked() -> None:
    mail = (
        "From: a@b.example\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n'
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        "R=C3=A8glement\r\nFacture FA-1 10,00 EUR\r\n--x\r\n"
        'Content-Type: application/pdf; name="a.pdf"\r\n'
        'Content-Disposition: attachment; filename="a.pdf"\r\n\r\nx\r\n--x--\r\n'
    )
    file = text(mail)
    assert lines(file.advices[0]) == [("FA-1", 1_000, None)]
    assert codes(file) == ["ATTACHMENT_LEFT_OUT"]


@pytest.mark.parametrize(
    ("content", "reason", "line"),
    [
        (
            "Payment\nInvoice A-1 10.00 20.00\nInvoice A-2 5.00\n",
            "AMOUNTS_UNCLEAR",
            "2",
        ),
        ("Payment\nInvoice A-1 EUR 1.234\n", "AMOUNT_AMBIGUOUS", "2"),
        (
            "Payment\nInvoice A-1 EUR 1.00\nInvoice A-2 USD 2.00\n",
            "CURRENCY_MIXED",
            "1",
        ),
    ],
)
def test_a_text_that_does_not_tell_is_refused(
    content: str, reason: str, line: str
) -> None:
    with pytest.raises(InputError) as caught:
        read_text(content.encode(), name="a.txt")
    assert (caught.value.reason, caught.value.metadata["line"]) == (reason, line)


STYLES = {"fr": (" ", ","), "de": (".", ","), "en": (",", "."), "ch": ("'", ".")}


@given(
    minor=st.integers(-(10**12), 10**12),
    style=st.sampled_from(sorted(STYLES)),
)
def test_every_amount_is_read_back_as_it_was_written(minor: int, style: str) -> None:
    thousands, mark = STYLES[style]
    value = Decimal(abs(minor)).scaleb(-2)
    written = f"{value:,.2f}".translate(str.maketrans({",": thousands, ".": mark}))
    sign = "-" if minor < 0 else ""
    (found,) = find_amounts(f"Invoice: {sign}{written} EUR ")
    assert (found.negative, found.currency) == (minor < 0, "EUR")
    said = decimal_mark([found.number])
    read = written_minor(found.number, "EUR", mark=said, name="x", line=1)
    assert read == abs(minor)


# Lists

CSV = """\
Société Tiefbau;;;
Avis de règlement;;;
Date de paiement;09/03/2026;;
Référence paiement;PAY-2026-77;;

N° facture;Date;Montant réglé (EUR);Escompte
FA-1;12/02/2026;980,00;20,00
AV-2;13/02/2026;-30,00;
Total;;950,00;20,00
Merci de votre confiance;;;
"""


def test_a_list_is_found_below_its_title_and_ends_with_its_total() -> None:
    data = CSV.encode("windows-1252")
    assert loose_format(data, "csv", name="l.csv") == "csv"
    file = read_list(data, format_="csv", name="l.csv")
    assert file.notices == []
    (advice,) = file.advices
    assert lines(advice) == [("FA-1", 98_000, 2_000), ("AV-2", -3_000, None)]
    assert (advice.total_minor, advice.currency) == (95_000, "EUR")
    assert (advice.payment_date, advice.payment_reference) == (DAY, "PAY-2026-77")
    assert [line.line for line in advice.lines] == [7, 8]


def test_a_total_that_differs_is_said() -> None:
    data = CSV.replace("950,00", "951,00").encode()
    assert codes(read_list(data, format_="csv", name="l.csv")) == [
        "ADVICE_TOTAL_DIFFERS"
    ]


def test_every_sheet_of_a_workbook_is_an_advice() -> None:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    for number, title in enumerate(["Payment A", "Payment B"], start=1):
        sheet = book.add_worksheet(title)
        sheet.write_row(2, 1, ["Invoice No", "Amount paid", "Currency"])
        sheet.write_row(3, 1, [f"INV-{number}", 100, "EUR"])
        sheet.write_row(4, 1, [12_345 + number, 0.1, "EUR"])
        sheet.write_row(5, 1, ["Total", 100 + 0.1])
    book.add_worksheet("Notes").write(0, 0, "nothing here")
    book.close()
    data = buffer.getvalue()
    assert loose_format(data, "xlsx", name="b.xlsx") == "xlsx"
    first, second = read_list(data, format_="xlsx", name="b.xlsx").advices
    assert lines(first) == [("INV-1", 10_000, None), ("12346", 10, None)]
    assert (second.total_minor, second.lines_minor) == (10_010, 10_010)


def test_rows_of_one_payment_reference_are_one_advice() -> None:
    data = (
        b"Payment ref,Invoice,Amount,Currency\n"
        b"P1,A-1,1.00,EUR\n,A-2,2.00,EUR\nP2,A-3,3.00,EUR\n"
    )
    first, second = read_list(data, format_="csv", name="l.csv").advices
    assert [line.reference for line in first.lines] == ["A-1", "A-2"]
    assert (second.payment_reference, second.lines_minor) == ("P2", 300)


def test_a_row_that_is_neither_line_nor_total_is_refused_by_line() -> None:
    data = CSV.replace("AV-2;13/02/2026;-30,00", ";13/02/2026;-30,00").encode()
    with pytest.raises(InputError) as caught:
        read_list(data, format_="csv", name="l.csv")
    assert caught.value.reason == "LIST_UNCLEAR"
    assert (caught.value.metadata["line"], caught.value.metadata["field"]) == (
        "8",
        "reference",
    )


@pytest.mark.parametrize(
    "content",
    [
        "Invoice;Customer;Amount\nA-1;C1;10,00\n",
        "Invoice;Amount paid;Balance\nA-1;10,00;5,00\n",
        "Invoice;Amount\nA-1;10,00\n",
        "Date,Label,Amount\n2026-01-02,Payment A-1,10.00\n",
        "Hello,\nthe invoice A-1 over 10.00 EUR is attached.\n",
    ],
)
def test_open_items_statements_and_other_texts_are_no_advice(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        detect(path)
    assert caught.value.reason == "PROFILE_MISSING"


# PDF


PAGE = (
    b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R"
    b"/Resources<</Font<</F1 5 0 R>>>>>>"
)


def pdf(*rows: str) -> bytes:
    """The smallest PDF with these lines."""
    shown = "".join(f"({row}) Tj 0 -14 Td " for row in rows)
    stream = f"BT /F1 11 Tf 50 700 Td {shown} ET".encode()
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        PAGE,
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Courier>>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, start=1):
        places.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + (
        b"xref\n0 6\n0000000000 65535 f \n%strailer<</Size 6/Root 1 0 R>>\n"
        b"startxref\n%d\n%%%%EOF\n" % (table, len(out))
    )


def test_the_text_of_a_pdf_is_read(tmp_path: Path) -> None:
    path = tmp_path / "advice.pdf"
    path.write_bytes(
        pdf("Payment advice", "INV-1   100.00 EUR", "INV-2    50.00", "Total  150.00")
    )
    assert detect(path).format == "pdf"
    (advice,) = read_advice_data(path.read_bytes(), "pdf", name="advice.pdf").advices
    assert lines(advice) == [("INV-1", 10_000, None), ("INV-2", 5_000, None)]
    assert advice.total_minor == 15_000


@pytest.mark.parametrize(
    ("data", "reason"),
    [(pdf(), "PDF_NO_TEXT"), (b"%PDF-1.4\nnothing", "FILE_DAMAGED")],
)
def test_a_pdf_that_cannot_be_read_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        read_advice_data(data, "pdf", name="a.pdf")
    assert caught.value.reason == reason


def test_a_pdf_without_its_extra_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pypdf", None)
    with pytest.raises(InputError, match=r"alloc-engine\[pdf\]") as caught:
        read_advice_data(pdf("x"), "pdf", name="a.pdf")
    assert caught.value.reason == "EXTRA_MISSING"
