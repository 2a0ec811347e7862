from __future__ import annotations

import datetime as dt

import pytest
from bank_case import amounts, read, refusal, row, rows, warnings

RIB = ("20041", "01005", "0500013M026")
OWN = "FR1420041010050500013M02606"


def balance(code: str, day: str, amount: str, *, currency: str = "EUR2") -> str:
    bank, branch, account = RIB
    return f"{code}{bank}    {branch}{currency} {account}  {day}{'':50}{amount:14}"


def entry(amount: str, *, reject: str = "", currency: str = "EUR2") -> str:
    bank, branch, account = RIB
    return (
        f"04{bank}0001{branch}{currency} {account}18310126{reject:2}010226"
        f"{'VIR SEPA RECU':31}  0000123  {amount:14}{'REF1':16}"
    )


def more(qualifier: str, text: str, second: str = "") -> str:
    bank, branch, account = RIB
    text = f"{text:35}{second}" if second else text
    return f"05{bank}0001{branch}EUR2 {account}18310126     {qualifier}{text}"


def statement(*lines: str, closing: str = "0000000001150{") -> str:
    opening = balance("01", "300126", "0000000001000{")
    return "\n".join([opening, *lines, balance("07", "310126", closing)]) + "\n"


def test_an_entry_with_every_qualifier() -> None:
    file = read(
        statement(
            entry("0000000000150{"),
            more("NPY", "DURAND ET FILS"),
            more("IPY", "SOGEFRPP", "BICORBEI"),
            more("NPO", "GROUPE DURAND"),
            more("CPY", "FR7630006000011234567890189"),
            more("LCC", f"{'REGLEMENT FACTURES 1 ET':69}2"),
            more("LC2", "3 ET 4"),
            more("LCS", "RF18539007547034"),
            more("RCN", "E2E-1", "SUPP"),
            more("REF", "REMISE-1", "INSTR-1"),
            more("RUM", "MANDAT-1", "RCUR"),
            more("MMO", "USD200000000017000"),
            more("FEE", "EUR200000000000150"),
            more("LIB", "TEXTE LIBRE"),
            more("N Y", "AUTRE TEXTE"),
            more("NBE", "NOUS"),
        )
    )
    (found,) = rows(file)
    assert found.pop("payment_id").startswith("P")
    assert len(found.pop("raw").split("\n")) == 16
    assert found == {
        "statement_index": 0,
        "entry_index": 0,
        "detail_index": 0,
        "detail_count": 1,
        "account": OWN,
        "booking_date": dt.date(2026, 1, 31),
        "value_date": dt.date(2026, 2, 1),
        "currency": "EUR",
        "amount_minor": 1_500,
        "entry_amount_minor": 1_500,
        "status": "booked",
        "reversal": False,
        "bank_reference": "REF1",
        "transaction_code": "18",
        "end_to_end_id": "E2E-1",
        "creditor_reference": "RF18539007547034",
        "mandate_id": "MANDAT-1",
        "counterparty_name": "DURAND ET FILS",
        "counterparty_iban": "FR7630006000011234567890189",
        "ultimate_name": "GROUPE DURAND",
        "remittance_text": [
            "VIR SEPA RECU",
            f"{'REGLEMENT FACTURES 1 ET':69}23 ET 4",
            "TEXTE LIBRE",
            "AUTRE TEXTE",
        ],
        "charges_minor": 150,
        "original_currency": "USD",
        "original_minor": 17_000,
        "return_reason": None,
        "additional_info": "IPY SOGEFRPP BICORBEI\npurpose SUPP\nbatch REMISE-1\n"
        "transaction INSTR-1\nsequence RCUR",
        "line": 2,
    }
    (told,) = file.statements.to_pylist()
    assert (told["message_type"], told["account"]) == ("CFONB120", OWN)
    assert (told["opening_minor"], told["closing_minor"]) == (10_000, 11_500)
    assert told["difference_minor"] == 0


@pytest.mark.parametrize(
    ("printed", "minor"),
    [
        ("0000000000150{", 1_500),
        ("0000000000150A", 1_501),
        ("0000000000150I", 1_509),
        ("0000000000150}", -1_500),
        ("0000000000150J", -1_501),
        ("0000000000150R", -1_509),
        ("9999999999999I", 99_999_999_999_999),
    ],
)
def test_the_last_digit_carries_the_sign(printed: str, minor: int) -> None:
    file = read(statement(entry(printed)))
    assert amounts(file) == [minor]
    assert file.statements["difference_minor"].to_pylist() == [minor - 1_500]


@pytest.mark.parametrize(
    ("currency", "printed", "minor"),
    [
        ("XPF0", "0000000000150{", 1_500),
        ("XPF2", "0000000015000{", 1_500),
        ("TND3", "0000000000150{", 1_500),
        ("EUR0", "0000000000150{", 150_000),
        ("EUR ", "0000000000150{", 1_500),
    ],
)
def test_amounts_have_the_decimals_that_the_record_says(
    currency: str, printed: str, minor: int
) -> None:
    assert row(statement(entry(printed, currency=currency)))["amount_minor"] == minor


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        ("A" * 70, "B", "A" * 70 + "B"),
        ("A" * 70, " B", "A" * 70 + " B"),
        ("A" * 69, "B", "A" * 69 + " B"),
    ],
)
def test_a_text_of_two_lines_is_joined_as_it_was_cut(
    first: str, second: str, text: str
) -> None:
    lines = (more("LCC", first), more("LC2", second))
    found = row(statement(entry("0000000000150{"), *lines))
    assert found["remittance_text"] == ["VIR SEPA RECU", text]


def test_the_party_behind_a_party_without_name_is_kept() -> None:
    found = row(statement(entry("0000000000150{"), more("NPO", "GROUPE DURAND")))
    assert (found["counterparty_name"], found["ultimate_name"]) == (
        None,
        "GROUPE DURAND",
    )


def test_nothing_is_rounded() -> None:
    error = refusal(statement(entry("0000000000150A", currency="XPF2")))
    assert (error.reason, error.metadata["line"]) == ("AMOUNT_DECIMALS", "2")


def test_a_rejected_operation_undoes_an_earlier_one() -> None:
    names = (more("NPY", "CLIENT"), more("NBE", "NOUS"))
    found = row(statement(entry("0000000000150}", reject="04"), *names))
    assert (found["reversal"], found["return_reason"]) == (True, "04")
    assert found["counterparty_name"] == "CLIENT"


@pytest.mark.parametrize(
    ("code", "reversal"),
    [("18", False), ("12", True), ("27", True), ("99", True), ("A3", True)],
)
def test_some_interbank_codes_undo_an_earlier_one(code: str, *, reversal: bool) -> None:
    record = entry("0000000000150{")
    found = row(statement(record[:32] + code + record[34:]))
    assert (found["transaction_code"], found["reversal"]) == (code, reversal)


def test_the_counterparty_of_a_debit_is_the_beneficiary_or_whoever_is_named() -> None:
    debit = entry("0000000000150}")
    both = (more("NPY", "NOUS"), more("NBE", "FOURNISSEUR"))
    assert row(statement(debit, *both))["counterparty_name"] == "FOURNISSEUR"
    only = statement(debit, more("NPY", "EDF"))
    assert row(only)["counterparty_name"] == "EDF"


def test_lost_blanks_lost_line_ends_and_encodings_do_not_matter() -> None:
    text = statement(entry("0000000000150{"), more("NPY", "MÜLLER"))
    padded = [line.ljust(120) for line in text.splitlines()]
    expected = row(text)
    assert expected["counterparty_name"] == "MÜLLER"
    for content in (
        "\n".join(line.rstrip() for line in padded).encode(),
        "\r\n\r\n".join(padded).encode("iso-8859-1"),
        "".join(padded).encode("iso-8859-1"),
        b"\n\n" + "\n".join(padded).encode() + b"\x1a",
    ):
        found = row(content)
        assert found | {"line": 2} == expected


def test_records_out_of_place_are_read_and_said() -> None:
    lone = entry("0000000000150{")
    for content, codes in (
        (lone, ["STATEMENT_NOT_OPENED", "STATEMENT_NOT_CLOSED"]),
        (statement(more("NPY", "X"), lone), ["COMPLEMENT_WITHOUT_ENTRY"]),
        (balance("07", "310126", "0000000000150{"), ["STATEMENT_NOT_OPENED"]),
        (statement(lone, "99 WHAT IS THIS"), ["RECORD_UNKNOWN"]),
        (statement(lone.replace("0500013M026", "0500013M027")), ["ACCOUNT_DIFFERS"]),
        (statement(lone).replace("300126", "  CART"), ["DATE_INVALID"]),
    ):
        assert warnings(read(content, strict=False)) == codes


def test_an_account_without_key_stays_as_printed() -> None:
    text = statement(entry("0000000000150{")).replace("0500013M026", "0500 13M026")
    assert row(text)["account"] == "2004101005050013M026"


def test_a_statement_of_several_days_and_accounts() -> None:
    one = statement(entry("0000000000150{"))
    file = read(one + one.replace("0500013M026", "0500013M027"))
    assert file.statements["difference_minor"].to_pylist() == [0, 0]
    assert len(set(file.statements["account"].to_pylist())) == 2


def test_lines_of_text_keep_their_order() -> None:
    text = statement(
        entry("0000000000150{"),
        more("LCC", "PREMIER"),
        more("LIB", "SECOND"),
        more("LC2", "TROISIEME"),
    )
    assert row(text)["remittance_text"][1:] == ["PREMIER", "SECOND", "TROISIEME"]


def test_the_records_of_an_entry_are_kept_as_printed() -> None:
    lines = [entry("0000000000150{"), more("XYZ", "INCONNU"), more("IPY", "BIC")]
    printed = "\n".join(line.rstrip() for line in lines)
    assert row(statement(*lines))["raw"] == printed
