"""The FEC that we write."""

from __future__ import annotations

import datetime as dt
import io
from typing import TYPE_CHECKING

import pytest
from export_journal import ABROAD, CLOSING, LABELS, MONTH, SIREN, entry, tables
from hypothesis import given
from hypothesis import strategies as st

from alloc.errors import InputError
from alloc.export.fec import COLUMNS, HEADER, FecLabels, fec, fec_lines, fec_name, plain
from alloc.export.fec_check import check_fec
from alloc.export.pcg import account_label
from judges import fec_check

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

NAME = fec_name(SIREN, CLOSING)


def written(*rows: dict[str, object]) -> list[dict[str, str]]:
    """The lines of the file by column name."""
    data = fec(*tables(list(rows)), labels=LABELS).decode("iso-8859-15")
    lines = [line.split("\t") for line in data.split("\r\n")[1:-1]]
    return [dict(zip(COLUMNS, line, strict=True)) for line in lines]


def test_a_customer_line_fills_the_columns_as_the_law_says() -> None:
    assert written(*MONTH)[3] == {
        "JournalCode": "BQ1",
        "JournalLib": "Banque",
        "EcritureNum": "BQ1-000001",
        "EcritureDate": "20260401",
        "CompteNum": "411000",
        "CompteLib": "Clients",
        "CompAuxNum": "C-A",
        "CompAuxLib": "Société Lefèvre & Fils",
        "PieceRef": "B1",
        "PieceDate": "20260401",
        "EcritureLib": "Virement reçu",
        "Debit": "0,00",
        "Credit": "1200,00",
        "EcritureLet": "AAA",
        "DateLet": "20260502",
        "ValidDate": "20260501",
        "Montantdevise": "",
        "Idevise": "",
    }


def test_the_independent_judge_and_ours_accept_the_file(tmp_path: Path) -> None:
    data = fec(*tables(MONTH), labels=LABELS)
    assert fec_check(data, tmp_path, NAME) == {"errors": [], "warnings": []}
    assert not check_fec(io.BytesIO(data), NAME).findings


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"1200,00", b"1200,01"),
        (b"BQ1-000002", b"BQ1-000009"),
        (b"20260502", b""),
        (b"C-A\t", b"\t"),
    ],
)
def test_both_judges_reject_a_spoiled_file(
    tmp_path: Path, old: bytes, new: bytes
) -> None:
    data = fec(*tables(MONTH), labels=LABELS).replace(old, new)
    assert fec_check(data, tmp_path, NAME)["errors"]
    assert check_fec(io.BytesIO(data), NAME).findings


def test_spans_follow_each_other_to_the_same_file() -> None:
    spans = [fec_lines(*tables([row]), labels=LABELS) for row in MONTH]
    assert HEADER + b"".join(spans) == fec(*tables(MONTH), labels=LABELS)


def test_the_order_of_the_given_rows_does_not_matter() -> None:
    entries, postings = tables(MONTH)
    backwards = postings.take(list(range(postings.num_rows))[::-1])
    assert fec(entries, backwards, labels=LABELS) == fec(
        entries, postings, labels=LABELS
    )


def test_an_empty_year_is_a_header() -> None:
    assert fec(*tables([]), labels=LABELS) == HEADER


@given(st.text())
def test_any_text_fits_the_character_set_on_one_line(text: str) -> None:
    got = plain(text)
    got.encode("iso-8859-15")
    assert not set(got) & set("\t\r\n\x00\x85")
    assert got == got.strip()
    assert plain(got) == got


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12))
def test_no_text_from_outside_breaks_the_file(
    label: str, piece_ref: str, customer: str
) -> None:
    lines = (("512000", None, 100, None), ("411000", f"C{customer}", -100, None))
    row = entry(1, 1, *lines, label=label, piece_ref=piece_ref)
    data = fec(*tables([row]), labels=LABELS)
    assert check_fec(io.BytesIO(data), NAME).errors == 0


def test_what_the_character_set_lacks_is_transliterated() -> None:
    assert plain("Œuvre Łódź “Ω” €\u200b5\u00a0000") == 'Œuvre Lódz "O" €5 000'
    assert plain("a\tb\r\nc") == "a b c"


def test_a_label_that_a_spreadsheet_would_run_is_disarmed() -> None:
    assert written(*MONTH)[-1]["EcritureLib"] == "'=cmd|' /C calc'!A0"


def test_accounts_are_named_by_the_workspace_then_by_the_french_chart() -> None:
    names = {row["CompteNum"]: row["CompteLib"] for row in written(*MONTH)}
    assert names["512000"] == "Banque Crédit de l'Ouest"
    assert names["471000"] == "Comptes d'attente"
    assert account_label("999999") == "999999"


def test_amounts_are_exact_to_the_last_cent() -> None:
    amounts = [1, 99, 100, 101, 9_007_199_254_740_993, 9_223_372_036_854_775_807]
    for amount in amounts:
        row = entry(
            1, 1, ("512000", None, amount, None), ("411000", "C-A", -amount, None)
        )
        debit, credit = written(row)
        expected = f"{amount // 100},{amount % 100:02d}"
        assert (debit["Debit"], debit["Credit"]) == (expected, "0,00")
        assert (credit["Debit"], credit["Credit"]) == ("0,00", expected)


def test_a_line_in_a_foreign_currency_states_what_it_is_there() -> None:
    bank, customer, gain = written(ABROAD)
    assert (bank["Debit"], bank["Montantdevise"], bank["Idevise"]) == (
        "10267,86",
        "11500,00",
        "USD",
    )
    assert (customer["Montantdevise"], customer["Idevise"]) == ("-11500,00", "USD")
    assert (gain["Montantdevise"], gain["Idevise"]) == ("", "")
    data = fec(*tables([ABROAD]), labels=LABELS)
    assert not check_fec(io.BytesIO(data), NAME).findings


def refusal(entries: pa.Table, postings: pa.Table) -> str:
    with pytest.raises(InputError) as caught:
        fec(entries, postings, labels=LABELS)
    return caught.value.reason


def test_what_cannot_be_a_fec_is_refused_by_name() -> None:
    first, second, *_ = MONTH
    assert refusal(*tables([first, second | {"entity": "E2"}])) == "FEC_MIXED"
    assert refusal(*tables([first, second | {"fiscal_year": 2027}])) == "FEC_MIXED"
    assert refusal(*tables([first | {"currency": "USD"}])) == "FEC_CURRENCY"
    entries, postings = tables(MONTH)
    assert refusal(entries, postings.slice(1)) == "UNBALANCED_ENTRY"
    assert refusal(entries.slice(1), postings) == "ORPHAN_ROW"
    assert refusal(entries.drop_columns(["piece_ref"]), postings) == "COLUMN_MISSING"


@pytest.mark.parametrize(
    "siren", ["", "73282932", "7328293200", "73282932A", "73282932²"]
)
def test_a_siren_has_nine_digits(siren: str) -> None:
    with pytest.raises(InputError) as caught:
        fec_name(siren, CLOSING)
    assert caught.value.reason == "SIREN_INVALID"


def test_the_name_holds_siren_and_closing_date() -> None:
    assert fec_name(SIREN, dt.date(2027, 3, 31)) == "732829320FEC20270331.txt"
    assert FecLabels(journals={}, accounts={}) == FecLabels({}, {})
