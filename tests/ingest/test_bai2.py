"""BAI2 files: accounts in groups, entries with continuation lines."""

from __future__ import annotations

import datetime as dt

import pytest
from bank_case import amounts, read, refusal, row, rows, warnings


def file(*body: str, currency: str = "EUR", status: str = "1", asof: str = "2") -> str:
    """A file of one group around the records of its accounts, with its trailers."""
    lines = [
        "01,BANK,ME,260131,0700,1,,,2/",
        f"02,ME,BANK,{status},260131,2359,{currency},{asof}/",
        *body,
    ]
    return "\n".join([*lines, "98,,,/", "99,,,/"]) + "\n"


def account(*entries: str, currency: str = "", closing: int = 11_000) -> str:
    """An account that opens with 100 euros."""
    head = f"03,123 456,{currency},010,10000,,,015,{closing},,/"
    return "\n".join([head, *entries, "49,,/"])


def test_an_entry_with_its_continuation() -> None:
    found = read(
        file(
            account(
                "16,195,1000,V,260201,,BANK-1,INV 7/",
                "88,ORIG CO NAME:ACME, INC",
                "88,FACTURES 1/2, 3/",
            )
        )
    )
    (entry,) = rows(found)
    expected = {
        "account": "123456",
        "booking_date": dt.date(2026, 1, 31),
        "value_date": dt.date(2026, 2, 1),
        "currency": "EUR",
        "amount_minor": 1_000,
        "status": "booked",
        "bank_reference": "BANK-1",
        "end_to_end_id": "INV 7",
        "transaction_code": "195",
        "remittance_text": ["ORIG CO NAME:ACME, INC", "FACTURES 1/2, 3"],
        "raw": "16,195,1000,V,260201,,BANK-1,INV 7/\n88,ORIG CO NAME:ACME, INC\n"
        "88,FACTURES 1/2, 3/",
    }
    assert {key: entry[key] for key in expected} == expected
    (told,) = found.statements.to_pylist()
    assert (told["message_type"], told["kind"]) == ("BAI2", "statement")
    assert (told["opening_minor"], told["closing_minor"]) == (10_000, 11_000)
    assert told["difference_minor"] == 0
    assert warnings(found) == []


def test_the_type_code_decides_on_the_sign() -> None:
    codes = {"165": 1, "399": 1, "475": -1, "699": -1, "555": -1, "252": 1}
    entries = [f"16,{code},500,Z,,,TEXT/" for code in codes]
    found = read(file(account(*entries, closing=10_000)))
    assert amounts(found) == [sign * 500 for sign in codes.values()]
    assert [entry["reversal"] for entry in rows(found)] == [False] * 4 + [True] * 2


def test_funds_do_not_shift_the_fields_behind_them() -> None:
    for funds in ("Z", "0", "1", "2", "", "S,1,2,3", "D,2,0,5,1,5", "V,260201,0900"):
        text = file(account(f"16,165,1000,{funds},REF,CUST,TEXT, MORE/"))
        entry = row(text)
        told = (entry["bank_reference"], entry["end_to_end_id"])
        assert told == ("REF", "CUST"), funds
        assert entry["remittance_text"] == ["TEXT, MORE"], funds
    split = row(file(account("16,165,1000,S,1,2,3/", "88,REF,CUST,TEXT")))
    assert (split["bank_reference"], split["remittance_text"]) == ("REF", ["TEXT"])


@pytest.mark.parametrize(
    ("currency", "printed", "minor"),
    [("JPY", "1000", 1_000), ("EUR", "1000", 1_000), ("KWD", "1.5", 1_500)],
)
def test_amounts_have_the_decimals_of_the_currency(
    currency: str, printed: str, minor: int
) -> None:
    text = file(account(f"16,165,{printed},Z,,,/", currency=currency))
    assert (row(text)["currency"], row(text)["amount_minor"]) == (currency, minor)


def test_the_group_says_what_its_entries_are() -> None:
    one = account("16,165,1000,Z,,,/")
    intraday = read(file(one, asof="3")).statements["kind"].to_pylist()
    assert intraday == ["intraday"]
    for status, expected in (
        ("1", "booked"),
        ("2", "information"),
        ("4", "information"),
    ):
        assert row(file(one, status=status))["status"] == expected
    assert "GROUP_STATUS" in warnings(read(file(one, status="2")))
    assert row(file(one, currency=""))["currency"] == "USD"
    assert "CURRENCY_MISSING" in warnings(read(file(one, currency="")))


def test_non_monetary_information_moves_no_money() -> None:
    entry = row(file(account("16,890,,,,,MESSAGE/", closing=10_000)))
    assert (entry["amount_minor"], entry["status"]) == (0, "information")


def test_wrong_controls_are_said() -> None:
    text = file(account("16,165,1000,Z,,,/"))
    whole = text.replace("49,,/", "49,22000,3/").replace("98,,,/", "98,22000,1,5/")
    assert warnings(read(whole.replace("99,,,/", "99,22000,1,7/"))) == []
    assert warnings(read(text.replace("49,,/", "49,22001,3/"))) == ["CONTROL_TOTAL_OFF"]
    assert warnings(read(text.replace("49,,/", "49,22000,4/"))) == ["CONTROL_COUNT_OFF"]


def test_a_file_without_its_end_is_said() -> None:
    text = file(account("16,165,1000,Z,,,/"))
    for end in ("99,", "49,"):
        cut = text[: text.index(end)]
        assert refusal(cut).reason == "FILE_TRUNCATED"
        kept = read(cut, strict=False)
        assert (amounts(kept), warnings(kept)) == ([1_000], ["STATEMENT_NOT_CLOSED"])


def test_a_bad_entry_is_left_out_by_name() -> None:
    entries = ["16,165,10x0,Z,,,/", "16,015,5,Z,,,/", "16,165,1000,Z,,,/"]
    text = file(account(*entries))
    assert refusal(text).metadata["line"] == "4"
    kept = read(text, strict=False)
    assert amounts(kept) == [1_000]
    assert kept.statements["entry_count"].to_pylist() == [3]
    assert warnings(kept) == ["AMOUNT_INVALID", "FIELD_MISSING"]
    assert kept.warnings["entry_left_out"].to_pylist() == [True, True]


def test_line_ends_and_blanks_do_not_matter() -> None:
    text = file(account("16,165,1000,Z,REF,,TEXT/"))
    plain = rows(read(text))
    padded = "".join(f"{line:80}\r\n" for line in text.splitlines())
    for content in (padded, text.replace("\n", "\r"), "\ufeff" + text, "\n" + text):
        assert rows(read(content))[0]["amount_minor"] == plain[0]["amount_minor"]
        assert rows(read(content))[0]["payment_id"] == plain[0]["payment_id"]


def test_what_has_no_place_is_said() -> None:
    orphan = read(
        "01,B,M,260131,0700,1,,,2/\n02,M,B,1,260131,,EUR,2/\n16,165,5,Z,,,/\n99,/"
    )
    assert warnings(orphan) == ["STATEMENT_NOT_OPENED", "ACCOUNT_MISSING"]
    odd = file(account("16,165,1000,Z,,,/", "17,X/", "?? not a record"))
    assert warnings(read(odd)) == ["RECORD_UNKNOWN", "RECORD_UNKNOWN"]
    assert "DATE_INVALID" in warnings(read(file(account("16,165,1000,V,269999,,,,/"))))
    nameless = file(account("16,165,1000,Z,,,/", currency="EUX"))
    assert refusal(nameless).reason == "CURRENCY_UNKNOWN"
