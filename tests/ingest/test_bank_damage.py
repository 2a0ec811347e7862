"""Files that cannot be read end in one message that says where and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bank_case import (
    OWN,
    amounts,
    balance,
    detail,
    document,
    entry,
    read,
    refusal,
    warnings,
)

from alloc.engine import detect_bank_format, read_bank_file
from alloc.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
GOOD = HEAD + document(balance("OPBD", "0.00") + "\n" + entry() + "\n")


@pytest.mark.parametrize(
    ("content", "reason", "line"),
    [
        ("", "FILE_EMPTY", None),
        ("Date;Amount\n2026-01-31;1,00\n", "FORMAT_UNKNOWN", None),
        ("<html><body>no statement</body></html>", "FORMAT_UNKNOWN", None),
        ("\x00\x01\x02\x03", "FORMAT_UNKNOWN", None),
        (GOOD[: GOOD.index("<AcctSvcrRef>")], "FILE_TRUNCATED", "3"),
        (GOOD.replace("</Stmt>", "</Stmd>"), "XML_INVALID", "4"),
        (
            GOOD.replace(HEAD, f"{HEAD}<!DOCTYPE x [<!ENTITY a 'b'>]>\n"),
            "DTD_REFUSED",
            "2",
        ),
        (GOOD.replace("SVC", "&bomb;"), "DTD_REFUSED", "3"),
        (GOOD.replace("UTF-8", "KLINGON-1"), "ENCODING_UNKNOWN", "1"),
        (GOOD.replace("100.00", "100.001"), "AMOUNT_DECIMALS", "3"),
        (GOOD.replace("100.00", "12..34"), "AMOUNT_INVALID", "3"),
        (GOOD.replace("100.00", ""), "AMOUNT_INVALID", "3"),
        (GOOD.replace("100.00", "9" * 18), "AMOUNT_OVERFLOW", "3"),
        (GOOD.replace("EUR", "EUX"), "CURRENCY_UNKNOWN", "2"),
        (
            GOOD.replace("<Ntry><Amt", "<Ntry><Xmt").replace(
                "100.00</Amt>", "100.00</Xmt>"
            ),
            "FIELD_MISSING",
            "3",
        ),
        (GOOD.replace("<Acct>", "<Acct>" + "<Id>" * 200), "XML_INVALID", "2"),
    ],
)
def test_a_bad_file_is_one_error_with_its_line(
    content: str, reason: str, line: str | None
) -> None:
    error = refusal(content)
    assert (error.reason, error.metadata.get("line")) == (reason, line)
    if line is not None:
        assert f"line {line}" in str(error)


def test_bytes_that_are_no_text_are_named_with_line_and_offset() -> None:
    content = GOOD.encode().replace(b"SVC", b"SV\xfc")
    error = refusal(content)
    assert error.reason == "ENCODING_INVALID"
    assert error.metadata["line"] == "3"
    assert error.metadata["offset"] == str(content.index(b"\xfc"))


def test_a_second_document_in_another_encoding_is_not_garbled() -> None:
    second = GOOD.replace("UTF-8", "ISO-8859-1")
    assert refusal(GOOD + second).reason == "ENCODING_UNKNOWN"


def test_what_the_system_refuses_is_said(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.xml"):
        with pytest.raises(InputError) as caught:
            read_bank_file(path, name="inbox/x.xml")
        assert caught.value.reason == "FILE_UNREADABLE"
        assert "inbox/x.xml" in str(caught.value)


def test_a_path_is_read_like_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "day.xml"
    path.write_text(GOOD, encoding="utf-8")
    for source in (path, str(path)):
        file = read_bank_file(source, name="day.xml")
        assert file.entries.equals(read(GOOD).entries)


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        ('<Amt Ccy="EUR">12..34</Amt>', "AMOUNT_INVALID"),
        ('<Amt Ccy="EUR">1.005</Amt>', "AMOUNT_DECIMALS"),
        ("<Amt>1.00</Amt>", "FIELD_MISSING"),
        ("", "FIELD_MISSING"),
    ],
)
def test_one_bad_entry_is_left_out_and_the_rest_is_still_there(
    printed: str, reason: str
) -> None:
    bad = entry().replace('<Amt Ccy="EUR">100.00</Amt>', printed)
    body = balance("OPBD", "0.00") + entry() + bad + entry(amount="7.00")
    content = document(body + balance("CLBD", "108.00"))
    assert refusal(content).reason == reason
    file = read(content, strict=False)
    assert amounts(file) == [10_000, 700]
    assert warnings(file) == [reason]
    (statement,) = file.statements.to_pylist()
    assert (statement["entry_count"], statement["difference_minor"]) == (3, -100)
    assert file.entries["entry_index"].to_pylist() == [0, 2]


def test_amounts_in_currencies_of_0_2_and_3_decimals_are_exact() -> None:
    for currency, printed, minor in (
        ("JPY", "1500", 1_500),
        ("JPY", "1500.00", 1_500),
        ("TND", "1.234", 1_234),
        ("EUR", "0.1", 10),
        ("EUR", "92233720368547758.07", 2**63 - 1),
        ("DEM", "1.00", 100),
    ):
        content = document(entry(amount=printed, currency=currency))
        assert amounts(read(content)) == [minor]


def test_formats_are_recognised_by_content() -> None:
    for head, expected in (
        (GOOD.encode(), "camt"),
        (GOOD.replace("UTF-8", "UTF-16").encode("utf-16"), "camt"),
        (b":20:A\n:25:1\n", "mt940"),
        (b"0130004    00828EUR2 00001234567  310124", "cfonb120"),
        (b"Date;Amount", None),
        (b"", None),
    ):
        assert detect_bank_format(head) == expected


@pytest.mark.parametrize(
    ("head", "bad"),
    [
        (":20:A\n:25:1\n:60F:C260130EUR0,\n", ":61:260131C1,005NTRFX\n"),
        (
            "01,BANK,ME,260131,0700,1,,,2/\n02,ME,BANK,1,260131,,EUR,2/\n03,1,EUR/\n",
            "16,195,1.005,,REF/\n",
        ),
        ("OFXHEADER:100\n<OFX>\n<STMTRS>\n<STMTTRN>\n", "<TRNAMT>?</STMTTRN>"),
        (HEAD + "<Document>\n<BkToCstmrStmt>\n<Stmt>\n", "<Ntry><Amt>?</Amt></Ntry>"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_error_names_line_and_byte(head: str, bad: str, encoding: str) -> None:
    content = (head + bad).replace("UTF-8", encoding).encode(encoding)
    error = refusal(content)
    lines = content[: int(error.metadata["offset"])].decode(encoding).count("\n") + 1
    assert str(lines) == error.metadata["line"]
    assert f" (byte {error.metadata['offset']})" in str(error)


def test_what_is_left_out_is_named_with_its_byte_and_counted() -> None:
    head = HEAD + document(balance("OPBD", "0.00") + "\n  ").partition("</Stmt>")[0]
    content = head + entry(amount="1.005") + "</Stmt></BkToCstmrStmt></Document>"
    file = read(content, strict=False)
    (warning,) = file.warnings.to_pylist()
    assert warning["entry_left_out"]
    assert warning["offset"] == len(head)
    assert file.statements["left_out_count"].to_pylist() == [1]


@pytest.mark.parametrize(
    ("head", "line"),
    [
        (":20:A\n:60F:C260130EUR0,\n:61:260131C1,NTRFX\n", ":86:" + "X" * 60 + "\n"),
        (
            (
                f"0430004    00001EUR2 0000123456718310126  310126{'VIR':31}  0000001  "
                f"{'0000000000150{':30}\n"
            ),
            f"0530004    00001EUR2 0000123456718310126     LIB{'X' * 70}  \n",
        ),
    ],
)
def test_an_entry_that_never_ends_is_refused(head: str, line: str) -> None:
    error = refusal(head + line * 20_000)
    assert error.reason == "FIELD_TOO_LONG"
    assert error.metadata["offset"] == str(head.index(head.splitlines()[-1]))


@pytest.mark.parametrize(
    "content",
    [
        document(entry())
        .replace("Stmt>", "Stmx>", 3)
        .replace("BkToCstmrStmx", "BkToCstmrStmt"),
        document(f"<Ntries>{entry()}</Ntries>"),
        document(entry() + entry(extra=entry())),
    ],
)
def test_an_entry_outside_of_a_statement_is_never_lost_in_silence(content: str) -> None:
    assert refusal(content).reason == "ENTRY_MISPLACED"
    assert "ENTRY_MISPLACED" in warnings(read(content, strict=False))


LONG = "9" * 1_001


@pytest.mark.parametrize(
    "content",
    [
        f":20:A\n:25:{LONG}\n:60F:C260130EUR0,\n:61:260131C1,NTRFX\n:62F:C260131EUR1,\n",
        (
            "01,BANK,ME,260131,0700,1,,,2/\n02,ME,BANK,1,260131,2359,EUR,2/\n"
            f"03,{LONG},EUR,/\n16,142,1,,,,/\n49,1,3/\n98,1,1,5/\n99,1,1,7/\n"
        ),
        (
            f"<OFX><STMTRS><CURDEF>EUR<BANKACCTFROM><ACCTID>{LONG}</BANKACCTFROM>"
            "<STMTTRN><DTPOSTED>20260131<TRNAMT>1</STMTTRN></STMTRS></OFX>"
        ),
        document(entry()).replace(OWN, LONG),
        document(entry().replace("SVC", LONG)),
    ],
)
def test_an_account_or_reference_that_no_bank_has_is_refused(content: str) -> None:
    # It would stand in every row: a file of a megabyte would become gigabytes.
    assert refusal(content).reason == "FIELD_TOO_LONG"


@pytest.mark.parametrize(("length", "times"), [(1_000, 3), (1_001, 1)])
def test_a_long_text_of_a_batch_stands_with_its_first_transaction(
    length: int, times: int
) -> None:
    told = f"<AddtlNtryInf>{'X' * length}</AddtlNtryInf>"
    parts = detail(amount="50.00") + detail(amount="30.00") + detail(amount="20.00")
    file = read(document(entry(parts, extra=told)))
    assert amounts(file) == [5_000, 3_000, 2_000]
    texts = file.entries["additional_info"].to_pylist()
    assert texts == ["X" * length] * times + [None] * (3 - times)


def test_a_flood_of_warnings_ends_with_a_word() -> None:
    head = ":20:A\n:25:9\n:60F:C260130EUR0,\n"
    odd = ":61:000000C1,NTRFX\n"
    file = read(f"{head}{odd * 1_500}:62F:C260131EUR1500,\n", strict=False)
    assert len(amounts(file)) == 1_500
    said = [one["message"] for one in file.warnings.to_pylist()]
    assert len(said) == 1_000
    assert [text.endswith("are not listed") for text in said] == [False] * 999 + [True]


def test_a_file_of_entries_that_cannot_be_read_is_refused() -> None:
    head = ":20:A\n:25:9\n:60F:C260130EUR0,\n"
    odd = ":61:X\n"
    file = read(f"{head}{odd * 100_000}:62F:C260131EUR0,\n", strict=False)
    assert file.statements["left_out_count"].to_pylist() == [100_000]
    with pytest.raises(InputError) as caught:
        read(f"{head}{odd * 100_001}:62F:C260131EUR0,\n", strict=False)
    assert caught.value.reason == "ENTRIES_INVALID"
    assert caught.value.metadata["line"] == "100004"
