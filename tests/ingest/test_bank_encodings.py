"""Which encoding a bank file is in, as far as its bytes say it."""

from __future__ import annotations

import pytest
from bank_case import read, refusal, row, rows, warnings

POLISH = "Należność za fakturę FV/7, spółka Źródło"
CZECH = "Příchozí úhrada, žluťoučký kůň"
HUNGARIAN = "napi összevont utánvét, jutalék, őrlő"
FRENCH = "facture réglée à échéance, société Hôtel"
GERMAN = "Überweisung Müller Straße"


def statement(text: str, currency: str = "EUR") -> str:
    return (
        f":20:A\n:25:1\n:60F:C260130{currency}0,\n:61:260131C1,NTRFX\n:86:{text}\n"
        f":62F:C260131{currency}1,\n"
    )


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (POLISH, "cp1250"),
        (POLISH, "iso-8859-2"),
        (POLISH, "cp852"),
        (CZECH, "cp1250"),
        (CZECH, "iso-8859-2"),
        (CZECH, "cp852"),
        (HUNGARIAN, "cp1250"),
        (HUNGARIAN, "cp852"),
        (FRENCH, "cp1252"),
        (FRENCH, "iso-8859-1"),
        (FRENCH, "cp850"),
        (FRENCH, "cp437"),
        (GERMAN, "iso-8859-15"),
        (GERMAN, "cp850"),
        (FRENCH + " 7 €", "iso-8859-15"),
        (GERMAN.upper(), "cp1252"),
        (FRENCH.upper(), "cp850"),
        ("Çarş\u0131 ödeme Şişli", "cp1254"),
    ],
)
def test_an_encoding_is_known_by_its_letters_and_said(text: str, encoding: str) -> None:
    currency = "HUF" if text == HUNGARIAN else "EUR"
    content = statement(text, currency).encode(encoding)
    assert row(content)["remittance_text"] == [text]
    (warning,) = read(content).warnings.to_pylist()
    assert (warning["code"], warning["line"]) == ("ENCODING_GUESSED", 5)
    assert warning["offset"] == content.index(b":86:")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "ascii"])
def test_what_is_certain_needs_no_warning(encoding: str) -> None:
    text = POLISH if encoding != "ascii" else "INVOICE 7"
    content = statement(text).encode(encoding)
    assert row(content)["remittance_text"] == [text]
    assert warnings(read(content)) == []


def test_where_letters_do_not_decide_the_country_does() -> None:
    for currency, text in (("CZK", "PŘEVOD"), ("DKK", "PØEVOD")):
        content = statement("PŘEVOD", currency).encode("cp1250")
        assert row(content)["remittance_text"] == [text]


def test_lines_of_a_later_part_of_a_file_count_too() -> None:
    first = statement("SPÓŁKA Ó").encode("cp1250")
    more = statement(POLISH).encode("cp1250")
    found = rows(read(first + more))
    assert [entry["remittance_text"] for entry in found] == [["SPÓŁKA Ó"], [POLISH]]
    assert warnings(read(first + more)) == ["ENCODING_GUESSED"]


OFX = (
    "OFXHEADER:100\nCHARSET:{}\n\n<OFX><STMTRS><CURDEF>EUR<BANKACCTFROM><ACCTID>1"
    "</BANKACCTFROM><STMTTRN><DTPOSTED>20260131<TRNAMT>1.00<FITID>7<MEMO>{}</STMTTRN>"
    "</STMTRS></OFX>"
)


def test_a_declared_encoding_wins() -> None:
    polish = OFX.format("1250", POLISH).encode("cp1250")
    assert row(polish)["remittance_text"] == [POLISH]
    assert warnings(read(polish)) == []
    # The header says otherwise: it is believed.
    wrong = OFX.format("1252", "spółka").encode("cp1250")
    assert row(wrong)["remittance_text"] == ["spó³ka"]
    nothing = OFX.format("NONE", POLISH).encode("cp1250")
    assert row(nothing)["remittance_text"] == [POLISH]
    assert warnings(read(nothing)) == ["ENCODING_GUESSED"]


def test_xml_that_is_not_what_it_declares_is_refused() -> None:
    xml = b"<?xml version='1.0'?><Document><BkToCstmrStmt><Id>\xe9</Id>"
    assert refusal(xml).reason == "ENCODING_INVALID"
