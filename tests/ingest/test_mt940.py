from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from bank_case import amounts, read, refusal, row, rows, warnings


def statement(*lines: str, opening: str = "C260130EUR10,00", closing: str = "") -> str:
    closing = closing or "C260131EUR110,00"
    body = "\n".join(lines)
    return (
        f":20:A\n:25:20070000/0123456601\n:28C:143/1\n:60F:{opening}\n{body}\n"
        f":62F:{closing}\n-\n"
    )


def entry(text: str, *, first: str = "2601310131C100,00NTRFNONREF") -> str:
    return statement(f":61:{first}", f":86:{text}")


def test_an_entry_and_its_statement() -> None:
    file = read(
        statement(
            ":61:2602010131CR100,00NTRFREF 7//BANK-1",
            "/OCMT/USD111,50//CHGS/EUR1,50/",
            ":86:166?00GUTSCHRIFT?20EREF+E-1?21MREF+M-9?22SVWZ+RECHNUNG 4711",
            " VOM 05.0?231.2026?24ABWA+MUTTER AG?30BYLADEMM?31DE99700500000000012345",
            "?32MUELLER UND SOEHNE KFZ-HAND?33EL",
        )
    )
    (found,) = rows(file)
    assert found["payment_id"].startswith("P")
    expected = {
        "account": "20070000/0123456601",
        "booking_date": dt.date(2026, 1, 31),
        "value_date": dt.date(2026, 2, 1),
        "currency": "EUR",
        "amount_minor": 10_000,
        "bank_reference": "BANK-1",
        "transaction_code": "NTRF",
        "end_to_end_id": "E-1",
        "mandate_id": "M-9",
        "counterparty_name": "MUELLER UND SOEHNE KFZ-HANDEL",
        "counterparty_iban": "DE99700500000000012345",
        "ultimate_name": "MUTTER AG",
        "remittance_text": ["RECHNUNG 4711 VOM 05.01.2026"],
        "charges_minor": 150,
        "original_currency": "USD",
        "original_minor": 11_150,
        "line": 5,
    }
    assert {key: found[key] for key in expected} == expected
    assert found["additional_info"].startswith("REF 7\n/OCMT/USD111,50//CHGS/")
    assert "166?00GUTSCHRIFT?20EREF+E-1" in found["additional_info"]
    (told,) = file.statements.to_pylist()
    assert (told["message_type"], told["kind"]) == ("MT940", "statement")
    assert (told["number"], told["opening_minor"], told["closing_minor"]) == (
        "143/1",
        1_000,
        11_000,
    )
    assert (told["entry_count"], told["difference_minor"]) == (1, 0)
    assert warnings(file) == []


@pytest.mark.parametrize(
    ("mark", "amount", "reversal", "status"),
    [
        ("C", 10_000, False, "booked"),
        ("D", -10_000, False, "booked"),
        ("RC", -10_000, True, "booked"),
        ("RD", 10_000, True, "booked"),
        ("CR", 10_000, False, "booked"),
        ("EC", 10_000, False, "pending"),
    ],
)
def test_a_reversed_credit_is_a_debit(
    mark: str, amount: int, *, reversal: bool, status: str
) -> None:
    found = row(entry("X", first=f"260131{mark}100,NTRFNONREF"))
    told = (found["amount_minor"], found["reversal"], found["status"])
    assert told == (amount, reversal, status)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PLAIN LINE 1\n LINE 2", {"remittance_text": ["PLAIN LINE 1", "LINE 2"]}),
        (
            (
                "/TRTP/SEPA OVERBOEKING/IBAN/NL91ABNA0417164300/BIC/ABNANL2A/NAME/BV\n"
                " HOLLAND/REMI/FACTUUR 12/EREF/NOTPROVIDED"
            ),
            {
                "counterparty_iban": "NL91ABNA0417164300",
                "counterparty_name": "BV HOLLAND",
                "remittance_text": ["FACTUUR 12"],
                "end_to_end_id": None,
            },
        ),
        (
            (
                "/EREF/E9//MARF/M9//CNTP/NL91ABNA0417164300/ABNANL2A/J JANSEN/\n"
                "UTRECHT//REMI/USTD//TEXT A/B/"
            ),
            {
                "counterparty_iban": "NL91ABNA0417164300",
                "counterparty_name": "J JANSEN",
                "remittance_text": ["TEXT A/B"],
                "end_to_end_id": "E9",
                "mandate_id": "M9",
            },
        ),
        (
            "/REMI/STRD/CUR/RF18539007547034/",
            {"creditor_reference": "RF18539007547034"},
        ),
        (
            "EREF+E2 SVWZ+INV 7 IBAN+DE89 3704 0044 0532 0130 00",
            {
                "end_to_end_id": "E2",
                "remittance_text": ["INV 7"],
                "counterparty_iban": "DE89370400440532013000",
            },
        ),
        (
            "051?20INVOICE 12? YES?21SECOND?30070400?31987654?32MUELLER",
            {
                "remittance_text": ["INVOICE 12? YES", "SECOND"],
                "counterparty_iban": "070400/987654",
                "counterparty_name": "MUELLER",
            },
        ),
        (
            "020~00PRZELEW~20FAKTURA 333/2003~32HUTA~38PL08106000760000777777777777",
            {
                "remittance_text": ["FAKTURA 333/2003"],
                "counterparty_iban": "PL08106000760000777777777777",
            },
        ),
        ("", {"remittance_text": [], "additional_info": None}),
    ],
)
def test_dialects_of_field_86(text: str, expected: dict[str, Any]) -> None:
    found = row(entry(text))
    assert {key: found[key] for key in expected} == expected


def test_what_was_decoded_is_kept_as_printed_too() -> None:
    text = "166?00GUTSCHRIFT?10931?20SVWZ+A?34914"
    assert row(entry(text))["additional_info"] == text


def test_a_field_in_the_text_does_not_end_it() -> None:
    found = row(entry("KAUF 22-04-2019T03:46\n:08 KARTEN\n:26:37 FOLGE"))
    assert found["remittance_text"] == [
        "KAUF 22-04-2019T03:46",
        ":08 KARTEN",
        ":26:37 FOLGE",
    ]


def test_a_booking_day_belongs_to_the_nearest_year() -> None:
    found = row(entry("X", first="2612310102C100,NTRFNONREF"))
    assert found["booking_date"] == dt.date(2027, 1, 2)


@pytest.mark.parametrize(
    ("first", "booked"),
    [
        ("2602300221C100,NTRFX", dt.date(2026, 2, 21)),
        ("2602151301C100,NTRFX", dt.date(2026, 2, 15)),
        ("000000C100,NTRFX", dt.date(2026, 1, 30)),
    ],
)
def test_one_bad_day_does_not_reject_a_file(first: str, booked: dt.date) -> None:
    file = read(entry("X", first=first))
    assert rows(file)[0]["booking_date"] == booked
    assert warnings(file) == ["DATE_INVALID"]


def test_several_messages_and_pages_balance_each() -> None:
    pages = statement(":61:260131C100,NTRFX").replace(":62F:", ":62M:")
    envelope = "{1:F01BANKDEFFXXXX0000000000}{2:I940BANKDEFFXXXXN}{4:\n"
    again = statement(
        ":61:260201D1,NTRFY", opening="C260131EUR110,00", closing="C260201EUR109,00"
    ).replace(":60F:", ":60M:")
    file = read(envelope + pages + envelope + again.replace("\n-\n", "\n-}\n"))
    assert amounts(file) == [10_000, -100]
    assert file.statements["difference_minor"].to_pylist() == [0, 0]


def test_statements_of_one_message_do_not_mix() -> None:
    text = statement(":61:260131C100,NTRFX").replace("-\n", "")
    file = read(text + text[text.index(":60F:") :])
    assert file.statements["account"].to_pylist() == ["20070000/0123456601"] * 2
    assert file.statements["difference_minor"].to_pylist() == [0, 0]


@pytest.mark.parametrize(
    ("currency", "printed", "minor"),
    [("JPY", "1500,", 1_500), ("TND", "1,234", 1_234), ("EUR", "1,2", 120)],
)
def test_currencies_have_their_own_decimals(
    currency: str, printed: str, minor: int
) -> None:
    content = statement(
        f":61:260131C{printed}NTRFX",
        opening=f"C260130{currency}0,",
        closing=f"C260131{currency}{printed}",
    )
    assert row(content)["amount_minor"] == minor


def test_intraday_messages_need_no_balances() -> None:
    text = (
        ":20:A\n:25:PL29114010810000267002001002\n:28C:1/1\n:34F:PLN0,\n"
        ":13D:2601311815+0100\n:61:260131C1,50NTRFX\n:90D:0PLN0,00\n:90C:1PLN1,50\n-\n"
    )
    file = read(text)
    (told,) = file.statements.to_pylist()
    assert (told["kind"], told["message_type"]) == ("intraday", "MT942")
    assert (rows(file)[0]["currency"], amounts(file)) == ("PLN", [150])
    assert warnings(file) == []


def test_an_intraday_message_that_lost_entries_is_told_by_its_totals() -> None:
    text = (
        ":20:A\n:25:PL29114010810000267002001002\n:28C:1/1\n:34F:PLN0,\n"
        ":61:260131C1,50NTRFX\n:61:260131D2,NTRFY\n:90D:1PLN2,00\n:90C:2PLN3,50\n-\n"
    )
    file = read(text, strict=False)
    (told,) = file.warnings.to_pylist()
    assert (told["code"], told["line"]) == ("CONTROL_TOTAL_OFF", 8)
    assert "2 credits of 3,50 PLN, it holds 1" in told["message"]
    assert warnings(read(text.replace("90C:2PLN3,50", "90C:1PLN1,50"))) == []


def test_a_fragment_is_read_and_every_gap_is_said() -> None:
    file = read(":61:260131C1,50NTRFX\n:86:TEXT\n", strict=False)
    assert rows(file)[0]["currency"] == "XXX"
    assert sorted(warnings(file)) == [
        "ACCOUNT_MISSING",
        "CURRENCY_MISSING",
        "STATEMENT_NOT_CLOSED",
    ]


def test_a_preamble_and_foreign_characters_are_read() -> None:
    text = "BANKNL2A\n940\nBANKNL2A\n" + entry("MÜLLER")
    for content in (text.encode(), text.encode("iso-8859-1")):
        assert row(content)["remittance_text"] == ["MÜLLER"]


def test_an_amount_with_too_many_decimals_is_refused_or_left_out() -> None:
    content = entry("X", first="260131C1,005NTRFX")
    error = refusal(content)
    assert (error.reason, error.metadata["line"]) == ("AMOUNT_DECIMALS", "5")
    file = read(content, strict=False)
    assert (amounts(file), warnings(file)) == ([], ["AMOUNT_DECIMALS"])
    assert file.statements["entry_count"].to_pylist() == [1]
    assert file.statements["difference_minor"].to_pylist() == [-10_000]


def test_fields_are_kept_as_printed_beside_what_they_say() -> None:
    found = row(entry("166?00TEXT?20WAS? JA?99X\n ZEILE 2  "))
    first = ":61:2601310131C100,00NTRFNONREF"
    assert found["raw"] == f"{first}\n:86:166?00TEXT?20WAS? JA?99X\n ZEILE 2"
