"""Bank statements in CSV and XLSX become the same tables as any other bank file."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import pytest
from bank_table_case import (
    AMERICAN,
    BRITISH,
    DUTCH,
    DUTCH_IBAN,
    FRENCH,
    GERMAN,
    GERMAN_IBAN,
    IBAN,
    workbook,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from alloc.engine import read_bank_file
from alloc.errors import InputError
from alloc.ingest import builtin_profiles, detect, load_profile
from alloc.ingest.bank_table.balances import follow
from alloc.ingest.bank_table.layout import begins_with
from alloc.ingest.bank_table.reading import read_bank_table

if TYPE_CHECKING:
    from pathlib import Path

    from bank_table_case import Export

    from alloc.domain.bank import BankFile

ALL = {
    "french": FRENCH,
    "german": GERMAN,
    "dutch": DUTCH,
    "american": AMERICAN,
    "british": BRITISH,
}


def moves(bank: BankFile) -> list[tuple[str, int]]:
    days = bank.entries["booking_date"].to_pylist()
    return [
        (day.isoformat(), minor)
        for day, minor in zip(
            days, bank.entries["amount_minor"].to_pylist(), strict=True
        )
    ]


def column(bank: BankFile, name: str) -> list[Any]:
    found: list[Any] = bank.entries[name].to_pylist()
    return found


def only_statement(bank: BankFile) -> dict[str, Any]:
    (row,) = bank.statements.to_pylist()
    return dict(row)


def refused(export: Any, *changes: tuple[str, str]) -> InputError:
    with pytest.raises(InputError) as caught:
        export.read(*changes)
    assert caught.value.metadata["file"] == "bank.csv"
    return caught.value


# Layouts


def test_a_french_export_has_its_balances_around_the_entries() -> None:
    bank = FRENCH.read()
    assert moves(bank) == [
        ("2026-04-01", 120000),
        ("2026-04-01", -4590),
        ("2026-04-02", 7510),
        ("2026-04-02", -320),
    ]
    assert column(bank, "remittance_text")[1:3] == [
        ["PRLV OPÉRATEUR", "Ligne 1; ligne 2"],
        ["VIR DURAND ET FILS", "FACTURE", "FA2603-0003"],
    ]
    statement = only_statement(bank)
    assert statement["account"] == IBAN
    assert (statement["opening_minor"], statement["closing_minor"]) == (
        1000000,
        1122600,
    )
    assert statement["difference_minor"] == 0
    assert column(bank, "line") == [7, 8, 9, 11]


def test_a_total_below_the_entries_is_told_and_is_no_entry() -> None:
    (warning,) = FRENCH.read().warnings.to_pylist()
    assert (warning["code"], warning["line"]) == ("ROWS_NOT_ENTRIES", 12)
    assert "Total des mouvements 49,10" in warning["message"]


def test_a_german_export_names_account_status_and_payer_in_every_row() -> None:
    bank = GERMAN.read()
    assert moves(bank) == [
        ("2026-04-03", 119000),
        ("2026-04-02", -8840),
        ("2026-04-07", 5000),
    ]
    assert column(bank, "status") == ["booked", "booked", "pending"]
    assert set(column(bank, "account")) == {GERMAN_IBAN}
    assert column(bank, "counterparty_name")[0] == "Müller & Söhne"
    assert column(bank, "counterparty_iban")[0] == "DE02120300000000202051"
    assert column(bank, "end_to_end_id") == ["E2E-77", None, None]
    assert only_statement(bank)["difference_minor"] is None


def test_a_dutch_export_says_the_side_in_a_column_and_lists_the_newest_first() -> None:
    bank = DUTCH.read()
    assert [minor for _, minor in moves(bank)] == [25000, -2450, 10000]
    statement = only_statement(bank)
    assert statement["account"] == DUTCH_IBAN
    assert (statement["opening_minor"], statement["closing_minor"]) == (100000, 132550)
    assert statement["difference_minor"] == 0
    assert statement["opening_date"] == dt.date(2026, 4, 1)


def test_an_american_export_has_months_first_dollars_and_brackets() -> None:
    bank = AMERICAN.read()
    assert moves(bank) == [("2026-04-02", 123456), ("2026-04-13", -3456)]
    assert column(bank, "bank_reference") == [None, "1045"]
    statement = only_statement(bank)
    assert (statement["opening_minor"], statement["closing_minor"]) == (500000, 620000)
    assert statement["opening_date"] == dt.date(2026, 4, 1)
    assert statement["closing_date"] == dt.date(2026, 4, 30)
    assert (statement["account"], statement["currency"]) == ("000123456789", "USD")


def test_a_british_export_has_signed_debits_and_a_balance_now_and_then() -> None:
    bank = BRITISH.read()
    assert [minor for _, minor in moves(bank)] == [42000, -10000, 42000]
    statement = only_statement(bank)
    assert (statement["opening_minor"], statement["closing_minor"]) == (100000, 174000)
    assert (statement["account"], statement["currency"]) == ("20-00-0013579246", "GBP")


def test_a_spreadsheet_keeps_typed_dates_and_amounts_exact() -> None:
    rows: list[list[Any]] = [
        ["Relevé", "", "", ""],
        ["Compte", IBAN, "", ""],
        ["Date", "Libellé", "Montant", "Solde"],
        [dt.datetime(2026, 4, 1), "VIR MARTIN", 0.1, 1000.3],  # noqa: DTZ001
        [dt.datetime(2026, 4, 2), "VIR LEROY", 4503.07, 5503.37],  # noqa: DTZ001
    ]
    profile = load_profile(
        """
        kind = "statement"
        currency = "EUR"
        [file]
        format = "xlsx"
        [columns]
        booking_date = "Date"
        remittance_text = "Libellé"
        amount_minor = "Montant"
        balance_minor = "Solde"
        [cells]
        account = "Compte"
        """,
        "sheet",
    )

    def read(*sheets: tuple[str, list[list[Any]]]) -> BankFile:
        data = workbook(*sheets)
        return read_bank_table(data, "xlsx", profile, name="b.xlsx", strict=True)

    bank = read(("Avril", rows))
    assert moves(bank) == [("2026-04-01", 10), ("2026-04-02", 450307)]
    assert only_statement(bank)["opening_minor"] == 100020
    assert only_statement(bank)["message_type"] == "XLSX"
    with pytest.raises(InputError, match="'Avril', 'Mai' all have the columns"):
        read(("Avril", rows), ("Mai", rows))


# One table like all others


@pytest.mark.parametrize("name", sorted(ALL))
def test_the_columns_are_those_of_every_bank_file(name: str) -> None:
    mt940 = b":20:A\n:25:1\n:60F:C260131EUR1,\n:61:260201C2,50NTRF\n:62F:C260201EUR3,50"
    other, bank = read_bank_file(mt940, name="x"), ALL[name].read()
    for table in ("statements", "entries", "references", "warnings"):
        assert getattr(bank, table).schema == getattr(other, table).schema, table


def test_an_entry_has_the_same_identity_as_in_another_format() -> None:
    mt940 = (
        f":20:A\n:25:{DUTCH_IBAN}\n:60F:C260401EUR1000,\n:61:260401C100,NTRFNONREF\n"
        ":61:260402D24,50NTRFNONREF\n:62F:C260402EUR1075,50"
    )
    other = read_bank_file(mt940.encode(), name="x")
    assert set(column(DUTCH.read(), "payment_id")) >= set(column(other, "payment_id"))


def test_twins_are_two_entries() -> None:
    ids = column(BRITISH.read(("03 Apr", "01 Apr")), "payment_id")
    assert len(set(ids)) == 3


def test_the_row_is_kept_as_printed() -> None:
    raw = column(DUTCH.read(), "raw")[1]
    assert "Mutatiesoort=Incasso" in raw
    assert "Bedrag (EUR)=24,50" in raw


def test_each_account_and_currency_is_a_statement() -> None:
    bank = GERMAN.read(('"DE89370400440532013000";"02', '"DE02100100100006820101";"02'))
    accounts = bank.statements["account"].to_pylist()
    assert accounts == [GERMAN_IBAN, "DE02100100100006820101"]
    assert column(bank, "statement_index") == [0, 0, 1]
    assert bank.statements["entry_count"].to_pylist() == [2, 1]


def test_a_statement_without_entries_is_one() -> None:
    head = AMERICAN.text.partition("04/02/2026,")[0]
    bank = AMERICAN.read((AMERICAN.text, head))
    assert only_statement(bank)["entry_count"] == 0
    assert only_statement(bank)["difference_minor"] == -120000


# Detection


def test_a_statement_is_recognised_by_its_columns(tmp_path: Path) -> None:
    profiles = [load_profile(export.profile, name) for name, export in ALL.items()]
    for name, export in ALL.items():
        path = tmp_path / "export.dat"
        path.write_bytes(export.text.encode(export.encoding))
        found = detect(path, profiles)
        assert (found.kind, found.format) == ("bank", "csv")
        assert found.profile is not None
        assert found.profile.name == name


def test_a_table_with_our_own_names_needs_no_profile(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(
        f"account,booking_date,amount,currency\n{IBAN},2026-04-01,12.50,EUR\n", "utf-8"
    )
    found = detect(path)
    assert found.profile in builtin_profiles()
    assert found.kind == "bank"


# What is wrong is named with its line


@pytest.mark.parametrize(
    ("change", "reason", "line"),
    [
        (("02/04/2026;02/04/2026;VIR", "32/04/2026;02/04/2026;VIR"), "DATE_INVALID", 9),
        (("45,90;\n", "45.90;\n"), "AMOUNT_INVALID", 8),
        (("45,90;\n", "45,905;\n"), "DECIMALS_TOO_MANY", 8),
        (("45,90;\n", "45,90;1,00\n"), "SIDE_TWICE", 8),
        (("45,90;\n", ";\n"), "VALUE_MISSING", 8),
        (("45,90;\n", "45,90;;surplus\n"), "ROW_RAGGED", 8),
        (("45,90;\n", "$45,90;\n"), "AMOUNT_INVALID", 8),
        (('"Ligne 1', "Ligne 1"), "AMOUNT_INVALID", 8),
        (("Solde final;", "Fin;"), "CELL_MISSING", None),
        (("Solde final;;;;;11 226,00", "Solde final;;;;;oui"), "CELL_INVALID", 13),
        (("FRAIS DE TENUE;", '"FRAIS DE TENUE;'), "FILE_DAMAGED", 11),
        (("Débit;Crédit", "Debit;Crédit"), "COLUMNS_MISSING", 6),
    ],
)
def test_a_bad_row_refuses_the_file_with_its_line(
    change: tuple[str, str], reason: str, line: int | None
) -> None:
    error = refused(FRENCH, change)
    assert (error.reason, error.metadata.get("line")) == (
        reason,
        None if line is None else str(line),
    )


@pytest.mark.parametrize("day", ["", "02.04.26", "20260402"])
def test_the_last_row_is_no_total_because_its_date_is_damaged(day: str) -> None:
    error = refused(FRENCH, ("02/04/2026;02/04/2026;FRAIS", f"{day};02/04/2026;FRAIS"))
    assert error.metadata["line"] == "11"


def test_a_bad_row_is_left_out_with_its_line_when_the_rest_is_wanted() -> None:
    bank = FRENCH.read(("45,90;\n", "45.90;\n"), strict=False)
    assert [minor for _, minor in moves(bank)] == [120000, 7510, -320]
    warning = bank.warnings.to_pylist()[0]
    assert (warning["code"], warning["line"]) == ("AMOUNT_INVALID", 8)
    assert warning["entry_left_out"]
    assert only_statement(bank)["entry_count"] == 4
    assert only_statement(bank)["difference_minor"] == 4590


def test_a_file_of_bad_rows_only_is_refused_also_when_the_rest_is_wanted() -> None:
    with pytest.raises(InputError, match="is not a date of the form %Y-%m-%d"):
        FRENCH.read(('date = "%d/%m/%Y"', 'date = "%Y-%m-%d"'), strict=False)


def test_a_missing_row_shows_in_the_running_balance() -> None:
    gone = DUTCH.text.splitlines(keepends=True)[2]
    error = refused(DUTCH, (gone, ""))
    assert error.reason == "BALANCE_BREAK"
    assert error.metadata["line"] == "2"
    assert "should be 1350.00 EUR, the file says 1325.50 EUR" in str(error)
    bank = DUTCH.read((gone, ""), strict=False)
    assert only_statement(bank)["difference_minor"] == 2450
    assert bank.warnings["code"].to_pylist() == ["BALANCE_BREAK"]


def test_two_false_balances_that_make_up_for_each_other_are_no_less_false() -> None:
    rows = "".join(
        f'"2026040{day}","A","{DUTCH_IBAN}","","OV","Bij","10,00","O","F","{balance},00"\n'
        for day, balance in ((1, 110), (2, 125), (3, 135), (4, 140))
    )
    text = DUTCH.text.partition("\n")[0] + "\n" + rows
    bank = DUTCH.read((DUTCH.text, text), strict=False)
    assert bank.warnings["code"].to_pylist() == ["BALANCE_BREAK"] * 2
    assert only_statement(bank)["difference_minor"] == -500


def test_a_label_is_a_whole_word() -> None:
    assert begins_with("Solde : 5,00", "solde") == "5,00"
    assert begins_with("Solder : 5,00", "solde") is None
    assert begins_with("Ancien solde 5,00", "solde") is None


def test_debits_that_all_have_a_minus_must_be_announced() -> None:
    error = refused(BRITISH, ('debits = "negative"', ""))
    assert error.reason == "SIGN_UNCLEAR"
    assert 'debits = "negative"' in str(error)
    assert refused(BRITISH, ("£-100.00", "£100.00")).reason == "SIGN_MISSING"


def test_a_side_and_a_minus_are_one_too_many() -> None:
    assert refused(DUTCH, ('"24,50"', '"-24,50"')).reason == "SIGN_TWICE"


def test_an_unknown_status_is_not_taken_for_booked() -> None:
    assert refused(GERMAN, ('Umsatz vorgemerkt"\n', 'Storno"\n')).reason == (
        "STATUS_UNKNOWN"
    )


def test_three_decimals_may_be_announced_where_the_last_is_always_zero() -> None:
    more = (("£420.00,£1420.00", "£420.000,£1420.000"), ("£-100.00", "£-100.000"))
    more += (("£420.00,£1740.00", "£420.000,£1740.000"),)
    assert refused(BRITISH, *more).reason == "DECIMALS_TOO_MANY"
    said = ('debits = "negative"', 'debits = "negative"\ndecimals = 3')
    bank = BRITISH.read(*more, said)
    assert [minor for _, minor in moves(bank)] == [42000, -10000, 42000]
    odd = refused(BRITISH, *more, said, ("£-100.000", "£-100.001"))
    assert odd.reason == "DECIMALS_TOO_MANY"


def test_an_amount_of_another_currency_has_the_decimals_of_that_currency() -> None:
    bank = BRITISH.read(
        ("Narrative,", "Narrative,Foreign,FX,"),
        (
            "JONES LTD INV-881,,£420.00,£1420.00",
            "JONES,JPY 80000,JPY,,£420.00,£1420.00",
        ),
        ("RATES,", "RATES,,,"),
        ("INV-881,,£420.00,£1740", "INV-881,1.234,TND,,£420.00,£1740"),
        ("[cells]", 'original_minor = "Foreign"\noriginal_currency = "FX"\n[cells]'),
    )
    assert column(bank, "original_minor") == [80000, None, 1234]
    assert column(bank, "original_currency") == ["JPY", None, "TND"]


# Profiles


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("[cells]\naccount", "[cells]\nacount"), "did you mean account?"),
        (('booking_date = "Date"', ""), "booking_date is missing"),
        (('credit = "Crédit"', ""), "debit and credit come together"),
        (('currency = "EUR"', ""), "currency is missing, or currency = ... at the top"),
        (("[cells]", '[cells]\ncurrency = "Devise"'), "given in another way too"),
        (('format = "csv"', 'format = "parquet"'), "must be of csv, xlsx"),
        (('kind = "statement"', 'kind = "remittances"'), "only bank statements have"),
        (("[cells]", '[statuses]\nOK = "done"\n[cells]'), "must be one of booked"),
    ],
)
def test_a_profile_that_cannot_be_meant_is_refused(
    change: tuple[str, str], said: str
) -> None:
    with pytest.raises(InputError) as caught:
        load_profile(FRENCH.profile.replace(*change), "bank")
    assert caught.value.reason == "PROFILE_INVALID"
    assert said in str(caught.value)


def test_no_amount_passes_through_a_binary_float() -> None:
    rows = "".join(
        f"01 Apr 2026,FPI,N{number},,£{Decimal(number) / 100:.2f},\n"
        for number in range(1, 400)
    )
    text = BRITISH.text.partition("01 Apr")[0] + rows
    bank = BRITISH.read((BRITISH.text, text))
    assert [minor for _, minor in moves(bank)] == list(range(1, 400))


# Running balances


@given(
    st.lists(st.integers(-50, 50), min_size=1, max_size=8),
    st.lists(st.booleans(), min_size=8, max_size=8),
    st.integers(-100, 100),
    st.sampled_from(["oldest first", "newest first"]),
)
def test_true_balances_follow_in_either_order(
    amounts: list[int], shown: list[bool], opening: int, order: str
) -> None:
    running = list(accumulate(amounts, initial=opening))[1:]
    balances = [
        balance if keep else None for balance, keep in zip(running, shown, strict=False)
    ]
    step = -1 if order == "newest first" else 1
    chain = follow(
        amounts[::step], balances[::step], newest_first=order == "newest first"
    )
    if not any(balance is not None for balance in balances):
        assert chain is None
        return
    assert chain is not None
    assert (chain.breaks, chain.opening_minor) == ((), opening)
    assert chain.closing_minor == running[-1]


@given(
    st.lists(st.integers(1, 50), min_size=3, max_size=8),
    st.integers(0, 7),
    st.integers(1, 9),
)
def test_one_false_balance_is_found_where_it_stands(
    amounts: list[int], place: int, wrong: int
) -> None:
    place = 1 + place % (len(amounts) - 1)
    balances = list(accumulate(amounts))
    true = balances[place]
    balances[place] += wrong
    chain = follow(amounts, balances, newest_first=False, opening_minor=0)
    assert chain is not None
    first = chain.breaks[0]
    assert first.place == place
    assert (first.expected_minor, first.printed_minor) == (true, true + wrong)


# Damage


def read_or_refuse(export: Export, text: str) -> BankFile | str:
    """Read what is left, or return the file that the error names."""
    try:
        return export.read((export.text, text), strict=False)
    except InputError as error:
        return error.metadata["file"]


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(sorted(ALL)), st.data())
def test_a_damaged_export_ends_in_entries_or_in_one_named_error(
    name: str, data: st.DataObject
) -> None:
    export = ALL[name]
    text = export.text
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = start + data.draw(st.integers(0, 12))
        text = (
            text[:start] + data.draw(st.text('";,.-0123€ \n', max_size=6)) + text[end:]
        )
    bank = read_or_refuse(export, text)
    if isinstance(bank, str):
        assert bank == "bank.csv"
        return
    counts = bank.statements.select(["entry_count", "left_out_count"]).to_pylist()
    there = sum(row["entry_count"] - row["left_out_count"] for row in counts)
    assert bank.entries.num_rows == there
    left_out = bank.warnings["entry_left_out"].to_pylist()
    assert sum(left_out) >= sum(row["left_out_count"] for row in counts)
