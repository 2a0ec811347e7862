"""OFX files: SGML and XML, of many banks and their habits."""

from __future__ import annotations

import datetime as dt

import pytest
from bank_case import amounts, read, refusal, row, rows, warnings

HEADER = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:USASCII
CHARSET:1252
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

"""
XML = '<?xml version="1.0" encoding="UTF-8"?>\n<?OFX OFXHEADER="200" VERSION="211"?>\n'
ONE = """<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20260131120000[+1:CET]<DTAVAIL>20260201
<TRNAMT>100.00<FITID>T1<CHECKNUM>77<NAME>DURAND & FILS<MEMO>FACTURE 12
</STMTTRN>
"""
ACCOUNT = "<BANKACCTFROM><BANKID>1234<ACCTID>98 765<ACCTTYPE>CHECKING</BANKACCTFROM>"
BALANCE = "<LEDGERBAL><BALAMT>90.5<DTASOF>20260131</LEDGERBAL>"


def sgml(body: str = ONE, *, account: str = ACCOUNT, currency: str = "EUR") -> str:
    return (
        f"{HEADER}<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>{currency}\n{account}"
        f"<BANKTRANLIST><DTSTART>20260101\n{body}</BANKTRANLIST>\n{BALANCE}"
        "</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n"
    )


def xml(body: str) -> str:
    return (
        f"{XML}<OFX><CREDITCARDMSGSRSV1><CCSTMTTRNRS><CCSTMTRS><CURDEF>EUR</CURDEF>"
        "<CCACCTFROM><ACCTID>4111</ACCTID></CCACCTFROM>"
        f"<BANKTRANLIST>{body}</BANKTRANLIST></CCSTMTRS></CCSTMTTRNRS>"
        "</CREDITCARDMSGSRSV1></OFX>"
    )


def test_a_transaction_and_its_statement() -> None:
    found = read(sgml())
    (entry,) = rows(found)
    expected = {
        "account": "98765",
        "booking_date": dt.date(2026, 1, 31),
        "value_date": dt.date(2026, 2, 1),
        "currency": "EUR",
        "amount_minor": 10_000,
        "status": "booked",
        "bank_reference": "T1",
        "end_to_end_id": "77",
        "transaction_code": "CREDIT",
        "counterparty_name": "DURAND & FILS",
        "remittance_text": ["FACTURE 12"],
    }
    assert {key: entry[key] for key in expected} == expected
    assert "NAME=DURAND & FILS\nMEMO=FACTURE 12" in entry["raw"]
    (told,) = found.statements.to_pylist()
    assert (told["message_type"], told["closing_minor"]) == ("OFX102", 9_050)
    assert (told["opening_minor"], told["difference_minor"]) == (None, None)
    assert warnings(found) == []


def test_xml_says_the_same_as_sgml() -> None:
    closed = (
        "<STMTTRN><TRNTYPE>CREDIT</TRNTYPE><DTPOSTED>20260131</DTPOSTED>"
        "<TRNAMT>100.00</TRNAMT><FITID>T1</FITID><PAYEE><NAME>DURAND &amp; FILS</NAME>"
        "<CITY>LYON</CITY></PAYEE><MEMO><![CDATA[A < B]]></MEMO>"
        "<BANKACCTTO><BANKID>1</BANKID><ACCTID>DE89370400440532013000</ACCTID>"
        "</BANKACCTTO></STMTTRN>"
    )
    entry = row(xml(closed))
    assert (entry["account"], entry["amount_minor"]) == ("4111", 10_000)
    assert (entry["counterparty_name"], entry["remittance_text"]) == (
        "DURAND & FILS",
        ["A < B"],
    )
    assert entry["counterparty_iban"] == "DE89370400440532013000"
    assert "PAYEE/CITY=LYON" in entry["raw"]
    assert read(xml(closed)).statements["message_type"].to_pylist() == ["OFX211"]


@pytest.mark.parametrize(
    ("printed", "minor"),
    [("-10.00", -1_000), ("+1 006,60", 100_660), ("1,234.5", 123_450), (".5", 50)],
)
def test_amounts_of_many_habits(printed: str, minor: int) -> None:
    assert row(sgml(ONE.replace("100.00", printed)))["amount_minor"] == minor


def test_the_amount_may_be_in_another_currency() -> None:
    foreign = ONE.replace(
        "<MEMO>", "<CURRENCY><CURRATE>0.9<CURSYM>JPY</CURRENCY><MEMO>"
    ).replace("100.00", "100")
    assert (row(sgml(foreign))["currency"], row(sgml(foreign))["amount_minor"]) == (
        "JPY",
        100,
    )
    converted = ONE.replace(
        "<MEMO>", "<ORIGCURRENCY><CURRATE>0.9<CURSYM>JPY</ORIGCURRENCY><MEMO>"
    )
    entry = row(sgml(converted))
    assert (entry["currency"], entry["amount_minor"]) == ("EUR", 10_000)
    assert "ORIGCURRENCY/CURSYM JPY" in entry["additional_info"]


def test_an_account_is_its_iban_where_the_file_implies_one() -> None:
    parts = "<BANKID>20041<BRANCHID>01005<ACCTID>0500013M026"
    account = f"<BANKACCTFROM>{parts}</BANKACCTFROM>"
    assert row(sgml(account=account))["account"] == "FR1420041010050500013M02606"


def test_pending_and_corrected_transactions_are_no_money_yet() -> None:
    pending = ONE.replace("STMTTRN>", "STMTTRNP>").replace("DTPOSTED", "DTTRAN")
    assert row(sgml(pending))["status"] == "pending"
    correction = ONE.replace("<NAME>", "<CORRECTFITID>T0<CORRECTACTION>DELETE<NAME>")
    found = read(sgml(correction))
    assert (rows(found)[0]["status"], warnings(found)) == (
        "information",
        ["ENTRY_CORRECTS"],
    )


def test_missing_closing_tags_lose_nothing() -> None:
    loose = sgml(ONE.replace("</STMTTRN>", "") + ONE.replace("T1", "T2"))
    assert [entry["bank_reference"] for entry in rows(read(loose))] == ["T1", "T2"]
    flat = sgml().replace("</STMTRS>", "")
    assert amounts(read(flat)) == [10_000]
    empty = ONE.replace("<NAME>DURAND & FILS", "<NAME></NAME><MEMO/>")
    assert row(sgml(empty))["counterparty_name"] is None


def test_only_the_bank_side_of_an_investment_account_is_read() -> None:
    body = (
        f"{HEADER}<OFX><INVSTMTRS><CURDEF>USD<INVACCTFROM><BROKERID>B<ACCTID>9"
        "</INVACCTFROM><INVTRANLIST><BUYSTOCK><INVBUY><INVTRAN><FITID>X</INVTRAN>"
        f"</INVBUY></BUYSTOCK><INVBANKTRAN>{ONE}<SUBACCTFUND>CASH</INVBANKTRAN>"
        "</INVTRANLIST></INVSTMTRS></OFX>"
    )
    found = read(body)
    assert (amounts(found), warnings(found)) == ([10_000], ["TRADES_LEFT_OUT"])
    assert rows(found)[0]["account"] == "9"


def test_a_bad_transaction_is_left_out_by_name() -> None:
    bad = ONE.replace("100.00", "$5") + ONE.replace("20260131", "20261399")
    none = "<STMTTRN></STMTTRN>"
    text = sgml(bad + none + ONE)
    assert refusal(text).reason == "AMOUNT_INVALID"
    kept = read(text, strict=False)
    assert amounts(kept) == [10_000, 10_000]
    assert kept.statements["entry_count"].to_pylist() == [4]
    assert warnings(kept) == ["AMOUNT_INVALID", "DATE_INVALID", "FIELD_MISSING"]
    assert kept.warnings["entry_left_out"].to_pylist() == [True, False, True]


def test_files_that_end_too_soon() -> None:
    text = sgml()
    inside = text[: text.index("<MEMO>")]
    assert refusal(inside).reason == "FILE_TRUNCATED"
    kept = read(inside, strict=False)
    assert (amounts(kept), warnings(kept)) == (
        [],
        ["FILE_TRUNCATED", "STATEMENT_NOT_CLOSED"],
    )
    assert kept.statements["entry_count"].to_pylist() == [1]
    cut = text[: text.index("</STMTRS>")]
    assert refusal(cut).reason == "FILE_TRUNCATED"
    assert warnings(read(cut, strict=False)) == ["STATEMENT_NOT_CLOSED"]
    doctype = XML + "<!DOCTYPE x [<!ENTITY a 'b'>]><OFX></OFX>"
    assert refusal(doctype).reason == "DTD_REFUSED"


def test_what_the_bank_says_instead_of_data() -> None:
    text = (
        f"{HEADER}<OFX><SONRS><STATUS><CODE>15500<SEVERITY>ERROR<MESSAGE>Wrong user\n"
        "</STATUS></SONRS></OFX>"
    )
    found = read(text)
    assert (found.statements.num_rows, warnings(found)) == (0, ["STATUS_ERROR"])
    assert "15500: Wrong user" in found.warnings["message"].to_pylist()[0]


def test_encodings_and_line_ends_do_not_matter() -> None:
    text = sgml(ONE.replace("DURAND", "DÜRÄND"))
    name = rows(read(text))[0]["counterparty_name"]
    assert name == "DÜRÄND & FILS"
    for content in (
        text.encode("cp1252"),
        ("\ufeff" + text).encode(),
        ("\ufeff" + text).encode("utf-16-le"),
        text.replace("\n", "\r\n").encode(),
        text.replace("\n", "\r").encode(),
        ("\n\n" + text).encode(),
    ):
        assert row(content)["counterparty_name"] == name
    one_line = HEADER.replace("\n", "") + "\n" + text.removeprefix(HEADER)
    assert row(one_line)["counterparty_name"] == name


def test_a_statement_without_currency_or_account_is_said() -> None:
    found = read(sgml(account="", currency=""))
    assert warnings(found) == ["CURRENCY_MISSING", "ACCOUNT_MISSING"]
    assert refusal(sgml(currency="EUX")).reason == "CURRENCY_UNKNOWN"
