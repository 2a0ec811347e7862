"""What banks write into field 86, dialect by dialect."""

from __future__ import annotations

from typing import Any

import pytest
from bank_case import read, row

FIELDS = [
    "end_to_end_id",
    "mandate_id",
    "creditor_reference",
    "counterparty_name",
    "counterparty_iban",
    "ultimate_name",
    "remittance_text",
    "charges_minor",
    "original_minor",
    "return_reason",
]


def statement(text: str, *, first: str, tag: str) -> str:
    return (
        f":20:A\n:25:BANK/0390123456\n:60F:C260130EUR0,\n:61:{first}\n:{tag}:{text}\n"
        ":62F:C260131EUR100,00\n-\n"
    )


def cut_at_65(text: str) -> str:
    return "\n".join(text[at : at + 65] for at in range(0, len(text), 65))


def in_pieces(purpose: str) -> str:
    pieces = (purpose[at : at + 27] for at in range(0, len(purpose), 27))
    return "".join(f"?{number}{piece}" for number, piece in enumerate(pieces, 20))


def said(
    text: str, *, first: str = "2601310131C100,00NTRFNONREF", tag: str = "86"
) -> dict[str, Any]:
    """What a field says, without what it does not say, and its dialect."""
    content = statement(text, first=first, tag=tag)
    found = row(content)
    assert text.strip() in found["raw"]
    dialect = read(content).statements["dialect"].to_pylist()[0]
    return {key: found[key] for key in FIELDS if found[key]} | {"dialect": dialect}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Tags cut by pieces of 27 characters and by lines of 65.
        (
            cut_at_65(
                "109?00SEPA-LASTSCHR. RETOURE CORE?109075/629"
                + in_pieces(
                    "EREF+B1.300090880.400143254.4961336 KREF+SEPA-DA2020060122174-P1 "
                    "MREF+20852HW2723821 OAMT+11,85 COAM+0,50 SVWZ+AC04 KONTO ZU"
                )
                + "?30COBADEFF?31DE50712345600200691329?32TESTER?34902"
            ),
            {
                "end_to_end_id": "B1.300090880.400143254.4961336",
                "mandate_id": "20852HW2723821",
                "counterparty_name": "TESTER",
                "counterparty_iban": "DE50712345600200691329",
                "remittance_text": ["AC04 KONTO ZU"],
                "charges_minor": 50,
                "original_minor": 1_185,
                "return_reason": "902",
                "dialect": "subfields, sepa_tags",
            },
        ),
        # A reference ends where its piece ends; text follows without a tag.
        (
            "159?00RETOURE?20EREF+TF 40005?21MTLG:unbekannt?34000",
            {
                "end_to_end_id": "TF 40005",
                "remittance_text": ["MTLG:unbekannt"],
                "dialect": "subfields, sepa_tags",
            },
        ),
        # Poland: an IBAN of its own, bytes FF for nothing, lines of their own.
        (
            (
                "020~00152\n~20FAKTURA NR 1106676983\n~21ÿ\n~22˙\n~3010300019\n"
                "~319000361245650140\n~32DHL PRZYKLAD SP. Z O. O. UL. \n~33PROSTA 2\n"
                "~38PL27103019995019280622434897\n~602026-01-31\n~63REF"
            ),
            {
                "counterparty_name": "DHL PRZYKLAD SP. Z O. O. UL. PROSTA 2",
                "counterparty_iban": "PL27103019995019280622434897",
                "remittance_text": ["FAKTURA NR 1106676983"],
                "dialect": "subfields",
            },
        ),
        (
            "^20ZAPLATA^21ZA 7^32JAN^38PL27103019995019280622434897",
            {
                "counterparty_name": "JAN",
                "counterparty_iban": "PL27103019995019280622434897",
                "remittance_text": ["ZAPLATA", "ZA 7"],
                "dialect": "subfields",
            },
        ),
        # Czechia: the variable symbol names what is paid; zero names nothing.
        (
            "020?20KS:308?21VS:2026097?22SS:5?23DEKUJEME?30800?3119-2000145399?32NOVAK",
            {
                "creditor_reference": "2026097",
                "counterparty_name": "NOVAK",
                "counterparty_iban": "800/19-2000145399",
                "remittance_text": ["KS:308", "SS:5", "DEKUJEME"],
                "dialect": "subfields",
            },
        ),
        (
            "020?20PLATBA?21VS0000",
            {"remittance_text": ["PLATBA"], "dialect": "subfields"},
        ),
        # The account of the statement is not the one of the counterparty.
        (
            "000>100987654321\n>20HUUR FEB 2026>310390123456",
            {
                "counterparty_iban": "0987654321",
                "remittance_text": ["HUUR FEB 2026"],
                "dialect": "subfields",
            },
        ),
        # Luxembourg: the address of the party behind 60.
        (
            "020?00VIREMENT?20FACTURE 12?32MARTIN?38LU280019400644750000?60RUE 1",
            {
                "counterparty_name": "MARTIN",
                "counterparty_iban": "LU280019400644750000",
                "remittance_text": ["FACTURE 12"],
                "dialect": "subfields",
            },
        ),
        (
            "#12 IS AN ORDER",
            {"remittance_text": ["#12 IS AN ORDER"], "dialect": "text"},
        ),
    ],
)
def test_numbered_subfields(text: str, expected: dict[str, Any]) -> None:
    assert said(text) == expected


def test_numbered_lines_of_a_field_ns() -> None:
    assert said("01ZAHLUNG\n02RECHNUNG 7\n15MUELLER\n17GUTSCHRIFT", tag="NS") == {
        "counterparty_name": "MUELLER",
        "remittance_text": ["ZAHLUNG", "RECHNUNG 7"],
        "dialect": "subfields",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Rabobank: the party's name behind its role, the last party behind another.
        (
            (
                "/ORDP//NAME/HANDEL BV/ADDR/DAM 1/REMI/FACTUUR 12/CDTRREFTP//CD/SCO\n"
                "R/ISSR/CUR/CDTRREF/RF18539007547034/UDTR//NAME/MOEDER NV"
            ),
            {
                "counterparty_name": "HANDEL BV",
                "ultimate_name": "MOEDER NV",
                "remittance_text": ["FACTUUR 12"],
                "creditor_reference": "RF18539007547034",
                "dialect": "slash_words",
            },
        ),
        # ING.
        (
            (
                "/RTRN/MS03//EREF/E1//MARF/M1//CNTP/NL91ABNA0417164300/ABNANL2A/J\n"
                " JANSEN/UTRECHT//ULTD/KIND/ID7//REMI/USTD//INV 5/PURP/CD/TRAD/"
            ),
            {
                "end_to_end_id": "E1",
                "mandate_id": "M1",
                "counterparty_name": "J JANSEN",
                "counterparty_iban": "NL91ABNA0417164300",
                "ultimate_name": "KIND",
                "remittance_text": ["INV 5"],
                "return_reason": "MS03",
                "dialect": "slash_words",
            },
        ),
        # An amount, then text of its own, then the bank of the payer.
        (
            "/OCMT/USD2853,12/CHGS/EUR0,50/\nINVOICES 204011665 20401\n/OGB/BANK /VA/1",
            {
                "remittance_text": ["INVOICES 204011665 20401", "1"],
                "original_minor": 285_312,
                "charges_minor": 50,
                "dialect": "slash_words",
            },
        ),
        (
            "/PT/FT/PY/INVOICE 7",
            {"remittance_text": ["INVOICE 7"], "dialect": "slash_words"},
        ),
    ],
)
def test_words_between_slashes(text: str, expected: dict[str, Any]) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            (
                "SEPA OVERBOEKING                 IBAN: NL46DEUT0136523093        \n"
                "BIC: DEUTNL2N                    NAAM: SLACHTHUIS HET VARKEN BV   \n"
                "OMSCHRIJVING: FACTUUR 2026-088   BON NR 16    KENMERK: E-77"
            ),
            {
                "counterparty_iban": "NL46DEUT0136523093",
                "counterparty_name": "SLACHTHUIS HET VARKEN BV",
                "remittance_text": ["FACTUUR 2026-088 BON NR 16"],
                "end_to_end_id": "E-77",
                "dialect": "labels",
            },
        ),
        # A name that fills its column.
        (
            (
                "INCASSO  IBAN: NL46DEUT0136523093  NAAM: HET VARKENMACHTIGING: M7  "
                "BETALINGSKENM.: 2222222222222222"
            ),
            {
                "counterparty_iban": "NL46DEUT0136523093",
                "counterparty_name": "HET VARKEN",
                "mandate_id": "M7",
                "creditor_reference": "2222222222222222",
                "remittance_text": ["INCASSO"],
                "dialect": "labels",
            },
        ),
        (
            (
                "ORDER 264267 WITH A LINE AS LONG AS IT CAN BE\n"
                "REK: NL84INGB0234561789/NAAM: MEDIA BV"
            ),
            {
                "counterparty_iban": "NL84INGB0234561789",
                "counterparty_name": "MEDIA BV",
                "remittance_text": ["ORDER 264267 WITH A LINE AS LONG AS IT CAN BE"],
                "dialect": "labels",
            },
        ),
        (
            (
                "911 TRANSAKCJA COLLECT; ID IPH: XX01; Z RACH.: \n"
                "56114010810000267002001001; OD: JAN NOWAK  \n"
                "UL. NIJAKA 1; TYT.: FAKTURA 7 ; TNR: 1791.010001"
            ),
            {
                "counterparty_iban": "56114010810000267002001001",
                "counterparty_name": "JAN NOWAK",
                "remittance_text": ["FAKTURA 7"],
                "dialect": "labels",
            },
        ),
        (
            "GIRO AUS SIC 80532 AUFTRAGGEBER: JANE DOE MITTEILUNGEN: RECHNUNG 9",
            {
                "counterparty_name": "JANE DOE",
                "remittance_text": ["RECHNUNG 9"],
                "dialect": "labels",
            },
        ),
        (
            "EREF: E-1 MREF: M-1 SVWZ: RECHNUNG 7 IBAN: DE50712345600200691329",
            {
                "end_to_end_id": "E-1",
                "mandate_id": "M-1",
                "remittance_text": ["RECHNUNG 7"],
                "counterparty_iban": "DE50712345600200691329",
                "dialect": "labels",
            },
        ),
        (
            "VIR SEPA RECU /FRM GARAGE SA /EID NOTPROVIDED /RNF FACTURE 12",
            {
                "counterparty_name": "GARAGE SA",
                "remittance_text": ["FACTURE 12"],
                "dialect": "labels",
            },
        ),
        (
            "VIR SEPA RECU /DE GARAGE SA /MOTIF  /REF FA-12/2026",
            {
                "counterparty_name": "GARAGE SA",
                "remittance_text": ["FA-12/2026"],
                "dialect": "labels",
            },
        ),
        ("ACHAT A/DE B", {"remittance_text": ["ACHAT A/DE B"], "dialect": "text"}),
        # One label alone is text.
        ("IBAN: UNKNOWN", {"remittance_text": ["IBAN: UNKNOWN"], "dialect": "text"}),
    ],
)
def test_labels(text: str, expected: dict[str, Any]) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    ("text", "account", "name", "lines"),
    [
        (
            "GIRO   428428 KPN BV             KENMERK 7\n510922             BETREFT A",
            "428428",
            "KPN BV",
            ["KENMERK 7", "510922", "BETREFT A"],
        ),
        ("52.89.39.882 MYCOM  DEN HAAG", "528939882", "MYCOM", ["DEN HAAG"]),
        (
            "NL47INGB0000000000 hr jansen\n\nBetaling 7",
            "NL47INGB0000000000",
            "hr jansen",
            ["Betaling 7"],
        ),
    ],
)
def test_account_and_name_in_columns(
    text: str, account: str, name: str, lines: list[str]
) -> None:
    assert said(text) == {
        "counterparty_iban": account,
        "counterparty_name": name,
        "remittance_text": lines,
        "dialect": "columns",
    }


def test_an_account_below_field_61_is_the_counterparty() -> None:
    first = "260131C100,00NTRFNONREF\nNL70ABNA0987654321"
    assert said("/REMI/HUUR", first=first) == {
        "counterparty_iban": "NL70ABNA0987654321",
        "remittance_text": ["HUUR"],
        "dialect": "slash_words",
    }


def test_a_statement_names_all_its_dialects() -> None:
    content = statement("TEXT", first="260131C50,NTRFX", tag="86").replace(
        ":62F", ":61:260131C50,NTRFY\n:86:/REMI/B\n:62F"
    )
    assert read(content).statements["dialect"].to_pylist() == ["slash_words, text"]
