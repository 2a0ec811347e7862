"""Large bank files, written as lines, for `bench/bank_files.py`.

One entry differs from the next in amount, day, number and text; balances and control
totals are right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CAMT_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">
  <BkToCstmrStmt>
    <GrpHdr><MsgId>BENCH</MsgId><CreDtTm>2026-01-31T20:00:00</CreDtTm></GrpHdr>
    <Stmt>
      <Id>BENCH-1</Id>
      <Acct><Id><IBAN>FR1420041010050500013M02606</IBAN></Id><Ccy>EUR</Ccy></Acct>
"""
CAMT_BALANCE = """      <Bal>
        <Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>
        <Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>
        <Dt><Dt>2026-01-31</Dt></Dt>
      </Bal>
"""
CAMT_ENTRY = """      <Ntry>
        <Amt Ccy="EUR">{amount}</Amt>
        <CdtDbtInd>CRDT</CdtDbtInd>
        <Sts><Cd>BOOK</Cd></Sts>
        <BookgDt><Dt>2026-01-{day:02}</Dt></BookgDt>
        <ValDt><Dt>2026-01-{day:02}</Dt></ValDt>
        <AcctSvcrRef>SVC-{number:09}</AcctSvcrRef>
        <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly>\
</Domn></BkTxCd>
        <NtryDtls>
          <TxDtls>
            <Refs><EndToEndId>E2E-{number:09}</EndToEndId></Refs>
            <Amt Ccy="EUR">{amount}</Amt>
            <RltdPties>
              <Dbtr><Pty><Nm>GARAGE DES TILLEULS {number}</Nm></Pty></Dbtr>
              <DbtrAcct><Id><IBAN>FR7630006000011234567890189</IBAN></Id></DbtrAcct>
            </RltdPties>
            <RmtInf>
              <Ustrd>FACTURE VN-2026-{number:07} COMMANDE {number:05}</Ustrd>
            </RmtInf>
          </TxDtls>
        </NtryDtls>
      </Ntry>
"""
CAMT_TAIL = "    </Stmt>\n  </BkToCstmrStmt>\n</Document>\n"


def amounts(count: int) -> list[int]:
    """Return minor units between 100.00 and 99,999.99, all different enough."""
    return [10_000 + (number * 7_919) % 9_990_000 for number in range(count)]


def text(minor: int, point: str) -> str:
    """Write minor units of a currency with two decimals."""
    return f"{minor // 100}{point}{minor % 100:02}"


def camt(count: int) -> Iterator[str]:
    """Write one camt.053 statement."""
    total = text(sum(amounts(count)), ".")
    yield CAMT_HEAD
    yield CAMT_BALANCE.format(code="OPBD", amount="0.00")
    yield CAMT_BALANCE.format(code="CLBD", amount=total)
    for number, minor in enumerate(amounts(count)):
        day, amount = number % 28 + 1, text(minor, ".")
        yield CAMT_ENTRY.format(number=number, day=day, amount=amount)
    yield CAMT_TAIL


def mt940(count: int) -> Iterator[str]:
    """Write one MT940 statement."""
    yield ":20:BENCH\r\n:25:DE89370400440532013000\r\n:28C:1/1\r\n"
    yield ":60F:C260101EUR0,00\r\n"
    for number, minor in enumerate(amounts(count)):
        day, amount = number % 28 + 1, text(minor, ",")
        yield f":61:2601{day:02}01{day:02}C{amount}NTRFNONREF//SVC{number:09}\r\n"
        yield f":86:166?00GUTSCHRIFT?20EREF+E2E-{number:09}?21SVWZ+RECHNUNG\r\n"
        yield f"VN-2026-{number:07}?30BYLADEMM?31DE99700500000000012345?32AUTOHAUS\r\n"
    yield f":62F:C260131EUR{text(sum(amounts(count)), ',')}\r\n-\r\n"


def cfonb(count: int) -> Iterator[str]:
    """Write one CFONB120 statement: four records an entry."""
    place, account = "30004{:4}00828EUR2 ", "00001234567"

    def signed(minor: int) -> str:
        return f"{minor // 10:013}{'{ABCDEFGHI'[minor % 10]}"

    head = place.format("") + account
    yield f"01{head}  310126{'':50}{signed(0)}{'':16}\r\n"
    entry = place.format("0001") + account
    for number, minor in enumerate(amounts(count // 4)):
        day = number % 28 + 1
        yield (
            f"04{entry}18{day:02}0226  {day:02}0226{'VIR SEPA RECU':31}  "
            f"{number:07}  {signed(minor)}{f'REF{number:09}':16}\r\n"
        )
        for qualifier, information in (
            ("NPY", "GARAGE DES TILLEULS"),
            ("LCC", f"FACTURE VN-2026-{number:07}"),
            ("RCN", f"E2E-{number:09}"),
        ):
            more = f"{qualifier}{information:70}"
            yield f"05{entry}18{day:02}0226     {more}  \r\n"
    total = signed(sum(amounts(count // 4)))
    yield f"07{head}  280226{'':50}{total}{'':16}\r\n"


def bai2(count: int) -> Iterator[str]:
    """Write one BAI2 account with right control totals."""
    total = sum(amounts(count))
    yield "01,BENCHBANK,ALLOC,260131,0700,1,80,1,2/\n"
    yield "02,ALLOC,BENCHBANK,1,260131,,EUR,2/\n"
    yield f"03,00001234567,EUR,010,0,,,015,{total},,/\n"
    for number, minor in enumerate(amounts(count)):
        yield f"16,195,{minor},Z,SVC{number:09},E2E{number:09},\n"
        yield f"88,FACTURE VN-2026-{number:07} GARAGE DES TILLEULS\n"
    yield f"49,{2 * total},{2 * count + 2}/\n"
    yield f"98,{2 * total},1,{2 * count + 4}/\n"
    yield f"99,{2 * total},1,{2 * count + 6}/\n"


OFX_HEAD = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:USASCII
CHARSET:1252
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS>
<DTSERVER>20260131<LANGUAGE>FRA</SONRS></SIGNONMSGSRSV1>
<BANKMSGSRSV1><STMTTRNRS><TRNUID>1<STATUS><CODE>0<SEVERITY>INFO</STATUS>
<STMTRS><CURDEF>EUR
<BANKACCTFROM><BANKID>30004<BRANCHID>00828<ACCTID>00001234567<ACCTTYPE>CHECKING
</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20260101<DTEND>20260131
"""


def ofx(count: int) -> Iterator[str]:
    """Write one OFX 1 statement."""
    yield OFX_HEAD
    for number, minor in enumerate(amounts(count)):
        yield (
            f"<STMTTRN>\n<TRNTYPE>CREDIT\n<DTPOSTED>202601{number % 28 + 1:02}\n"
            f"<TRNAMT>{text(minor, '.')}\n<FITID>SVC{number:09}\n"
            f"<NAME>GARAGE DES TILLEULS\n<MEMO>FACTURE VN-2026-{number:07}\n"
            f"</STMTTRN>\n"
        )
    total = text(sum(amounts(count)), ".")
    yield f"</BANKTRANLIST>\n<LEDGERBAL><BALAMT>{total}<DTASOF>20260131</LEDGERBAL>\n"
    yield "</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n"


FORMATS: dict[str, Callable[[int], Iterator[str]]] = {
    "camt.053": camt,
    "MT940": mt940,
    "CFONB120": lambda count: cfonb(10 * count),
    "BAI2": bai2,
    "OFX": ofx,
}
