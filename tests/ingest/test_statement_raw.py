"""What a statement says about itself is kept, not only what its entries say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bank_case import NAMESPACE, OWN, balance, entry, read, refusal, rows
from bank_table_case import FRENCH

if TYPE_CHECKING:
    from alloc.domain.bank import BankFile


def kept(file: BankFile) -> list[list[str]]:
    """Lines of `raw`, one list a statement."""
    return [(raw or "").split("\n") for raw in file.statements["raw"].to_pylist()]


def test_mt940_keeps_envelope_balances_and_the_text_behind_the_closing() -> None:
    first = [
        "{1:F01BANKDEFFXXXX0000000000}{2:O9401200260131}{4:",
        ":20:A",
        ":21:RELATED",
        ":25:20070000/0123456601",
        ":28C:143/1",
        ":60F:C260130EUR10,00",
        ":86:A WORD BEFORE",
        ":62F:C260131EUR110,00",
        ":64:C260131EUR90,00",
        ":65:C260202EUR95,00",
        ":86:INTEREST 2,5 PCT\nFROM FEBRUARY",
    ]
    lines = [*first[:7], ":61:2601310131C100,00NTRFNONREF//B", ":86:PAID", *first[7:]]
    trailer = "-}{5:{CHK:123456789ABC}}"
    second = [":20:B", ":25:20070000/0123456602", ":28C:1", ":60F:C260130EUR1,00"]
    second += [":62F:C260130EUR1,00"]
    text = "\n".join([*lines, trailer, "BANKDEFF", *second, "-"])
    file = read(text)
    assert [entry["remittance_text"] for entry in rows(file)] == [["PAID"]]
    assert kept(file) == [
        "\n".join([*first, trailer]).split("\n"),
        ["BANKDEFF", *second],
    ]


def test_mt942_keeps_its_floor_limits_time_and_totals() -> None:
    lines = [
        ":20:A",
        ":25:20070000/0123456601",
        ":28C:143/1",
        ":34F:EURD0,",
        ":34F:EURC100,",
        ":13D:2601311200+0100",
        ":90D:0EUR0,",
        ":90C:1EUR100,",
    ]
    of_entry = [":61:2601310131C100,00NTRFNONREF//B", ":86:PAID"]
    file = read("\n".join([*lines[:6], *of_entry, *lines[6:], "-\n"]))
    assert kept(file) == [lines]
    assert rows(file)[0]["raw"] == "\n".join(of_entry)


def test_cfonb_keeps_both_balances_and_records_of_no_entry() -> None:
    def record(code: str, day: str) -> str:
        rib = "20041    01005EUR2 0500013M026"
        return f"{code}{rib}  {day}{'':50}{'0000000001000{':14}{'REL 12':>16}"

    lost = "0520041    01005EUR2 0500013M026  310126     LIBOF NO ENTRY"
    lines = [record("01", "300126"), lost, record("07", "310126")]
    second = [record("01", "310126"), record("07", "310126")]
    assert kept(read("\n".join([*lines, *second]))) == [lines, second]


def test_bai2_keeps_headers_ahead_of_an_account_and_trailers_behind() -> None:
    lines = [
        "01,BANK,ME,260131,0700,1,,,2/",
        "02,ME,BANK,1,260131,2359,EUR,2/",
        "03,111,,010,10000,,/",
        "88,015,11000,,,040,9000,,/",
        "16,195,1000,,B-1,C-1,PAID/",
        "49,31000,4/",
        "03,222,,010,5,,,015,5,,/",
        "49,10,2/",
        "98,31010,2,8/",
        "02,ME,OTHER,1,260131,2359,EUR,2/",
        "98,0,0,2/",
        "99,31010,2,12/",
    ]
    file = read("\n".join(lines))
    assert kept(file) == [[*lines[:4], lines[5]], lines[6:]]
    assert rows(file)[0]["raw"] == lines[4]
    assert file.statements["difference_minor"].to_pylist() == [0, 0]


def test_camt_keeps_header_account_balances_and_summary_with_their_paths() -> None:
    statement = """<Stmt><Id>{}</Id><ElctrncSeqNb>7</ElctrncSeqNb>
    <FrToDt><FrDtTm>2026-01-31T00:00:00</FrDtTm></FrToDt><Acct><Id><IBAN>{}</IBAN></Id>
    <Nm>CURRENT</Nm><Svcr><FinInstnId><BICFI>BANKFRPP</BICFI></FinInstnId></Svcr></Acct>
    {}<TxsSummry><TtlNtries><NbOfNtries>2</NbOfNtries></TtlNtries></TxsSummry>{}
    <AddtlStmtInf>SEE YOU
    MONDAY</AddtlStmtInf></Stmt>"""
    entries = entry(extra="<TechInptChanl><Cd>WEB</Cd></TechInptChanl>") + entry()
    first = statement.format("S1", OWN, balance("CLAV", "90.00"), entries)
    second = statement.format("S2", OWN, balance("CLBD", "5.00"), "")
    file = read(
        f'<Document xmlns="{NAMESPACE.format("053", "08")}"><BkToCstmrStmt>'
        "<GrpHdr><MsgId>M-1</MsgId><CreDtTm>2026-01-31T20:00:00</CreDtTm></GrpHdr>"
        f"{first}{second}<SplmtryData><Envlp><X>1</X></Envlp></SplmtryData>"
        "</BkToCstmrStmt></Document>"
    )
    about = [
        f"Stmt/Acct/Id/IBAN={OWN}",
        "Stmt/Acct/Nm=CURRENT",
        "Stmt/Acct/Svcr/FinInstnId/BICFI=BANKFRPP",
    ]
    end = [
        "Stmt/Bal/CdtDbtInd=CRDT",
        "Stmt/Bal/Dt/Dt=2026-01-31",
        "Stmt/TxsSummry/TtlNtries/NbOfNtries=2",
        "Stmt/AddtlStmtInf=SEE YOU\\n    MONDAY",
    ]
    assert kept(file) == [
        [
            "GrpHdr/MsgId=M-1",
            "GrpHdr/CreDtTm=2026-01-31T20:00:00",
            "Stmt/Id=S1",
            "Stmt/ElctrncSeqNb=7",
            "Stmt/FrToDt/FrDtTm=2026-01-31T00:00:00",
            *about,
            "Stmt/Bal/Tp/CdOrPrtry/Cd=CLAV",
            'Stmt/Bal/Amt[Ccy="EUR"]=90.00',
            *end,
        ],
        [
            "Stmt/Id=S2",
            "Stmt/ElctrncSeqNb=7",
            "Stmt/FrToDt/FrDtTm=2026-01-31T00:00:00",
            *about,
            "Stmt/Bal/Tp/CdOrPrtry/Cd=CLBD",
            'Stmt/Bal/Amt[Ccy="EUR"]=5.00',
            *end,
            "SplmtryData/Envlp/X=1",
        ],
    ]
    assert [row["raw"] for row in rows(file)] == ["TechInptChanl/Cd=WEB", None]


def test_ofx_keeps_the_leaves_outside_of_transactions() -> None:
    transaction = """<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20260131<TRNAMT>100.00<FITID>T1
<NAME>DURAND</STMTTRN>"""
    response = """<STMTTRNRS><TRNUID>{0}<STATUS><CODE>0<SEVERITY>INFO</STATUS>
<STMTRS><CURDEF>EUR<BANKACCTFROM><BANKID>1234<ACCTID>{0}<ACCTTYPE>CHECKING
</BANKACCTFROM><BANKTRANLIST><DTSTART>20260101<DTEND>20260131
{1}</BANKTRANLIST><LEDGERBAL><BALAMT>90.5<DTASOF>20260131</LEDGERBAL>
<AVAILBAL><BALAMT>80<DTASOF>20260131</AVAILBAL><MKTGINFO>A CARD & MORE
</STMTRS></STMTTRNRS>"""
    file = read(
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\n\n<OFX><SIGNONMSGSRSV1><SONRS>"
        "<STATUS><CODE>0<SEVERITY>INFO</STATUS><DTSERVER>20260131120000<LANGUAGE>ENG"
        "<FI><ORG>BANK<FID>99</FI></SONRS></SIGNONMSGSRSV1><BANKMSGSRSV1>"
        f"{response.format('1', transaction)}{response.format('2', '')}"
        "</BANKMSGSRSV1><SECLISTMSGSRSV1><SECLIST><SECNAME>SHARE</SECLIST>"
        "</SECLISTMSGSRSV1></OFX>"
    )

    def own(number: str) -> list[str]:
        return [
            f"STMTTRNRS/TRNUID={number}",
            "STMTTRNRS/STATUS/CODE=0",
            "STMTTRNRS/STATUS/SEVERITY=INFO",
            "CURDEF=EUR",
            "BANKACCTFROM/BANKID=1234",
            f"BANKACCTFROM/ACCTID={number}",
            "BANKACCTFROM/ACCTTYPE=CHECKING",
            "BANKTRANLIST/DTSTART=20260101",
            "BANKTRANLIST/DTEND=20260131",
            "LEDGERBAL/BALAMT=90.5",
            "LEDGERBAL/DTASOF=20260131",
            "AVAILBAL/BALAMT=80",
            "AVAILBAL/DTASOF=20260131",
            "MKTGINFO=A CARD & MORE",
        ]

    signon = [
        "SONRS/STATUS/CODE=0",
        "SONRS/STATUS/SEVERITY=INFO",
        "SONRS/DTSERVER=20260131120000",
        "SONRS/LANGUAGE=ENG",
        "SONRS/FI/ORG=BANK",
        "SONRS/FI/FID=99",
    ]
    assert kept(file) == [
        [*signon, *own("1")],
        [*own("2"), "SECLIST/SECNAME=SHARE"],
    ]


def test_a_table_keeps_the_rows_around_its_entries() -> None:
    assert kept(FRENCH.read()) == [
        [
            "Banque du Littoral - Relevé de compte",
            "Titulaire : SARL Essai",
            "IBAN : FR76 3000 6000 0112 3456 7890 189",
            "Solde au 01/04/2026 : 10 000,00 EUR",
            "\t\tTotal des mouvements\t\t49,10\t1 275,10",
            "Solde final\t\t\t\t\t11 226,00",
        ]
    ]


def test_a_statement_that_says_more_than_any_bank_does_is_refused() -> None:
    opening = ":20:A\n:25:1\n:28C:1\n:60F:C260130EUR1,00\n:62F:C260130EUR1,00\n"
    text = f":86:{'x' * 900_000}\n"
    assert len(read(opening + text * 18).statements["raw"][0].as_py()) > 16_000_000
    assert refusal(opening + text * 19).reason == "FIELD_TOO_LONG"
    deep = f"<AddtlStmtInf>{'x' * 900_000}</AddtlStmtInf>"
    camt = (
        f'<Document xmlns="{NAMESPACE.format("053", "08")}"><BkToCstmrStmt><Stmt>'
        f"<Id>S</Id>{deep * 19}</Stmt></BkToCstmrStmt></Document>"
    )
    assert refusal(camt).reason == "FIELD_TOO_LONG"
