"""A small day of a small group, as files: what the tests of the command line eat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

IBAN = "FR7630006000011234567890189"

CUSTOMERS = """\
customer_id;name;known_ibans
C1;Martin SARL;FR7612345987650123456789014
C2;Durand et fils;
C3;Leroy Transports;
"""

OPEN_ITEMS = """\
entity;item_id;customer_id;currency;open_amount;reference;issue_date;due_date
PARIS;I1;C1;EUR;1200.00;FA2603-0001;2026-03-02;2026-03-31
PARIS;I2;C1;EUR;300.50;FA2603-0002;2026-03-05;2026-04-04
PARIS;I3;C2;EUR;75.10;FA2603-0003;2026-03-09;2026-04-08
PARIS;I4;C3;EUR;500.00;FA2603-0004;2026-03-10;2026-04-09
"""


@dataclass(frozen=True, slots=True)
class Credit:
    """One credit of a statement."""

    reference: str
    amount: str
    payer: str
    text: str


CLEARED = Credit("B1", "1200.00", "MARTIN SARL", "REGLEMENT FA2603-0001")
DIFFERS = Credit("B2", "80.00", "DURAND ET FILS", "FACTURE FA2603-0003")
UNKNOWN = Credit("B3", "999.99", "SOCIETE INCONNUE", "VIREMENT")
DAY = (CLEARED, DIFFERS, UNKNOWN)


def statement(
    *credits_: Credit,
    closing: str | None = None,
    iban: str = IBAN,
    day: str = "2026-03-31",
) -> str:
    """Write a camt.053 statement that opens with 10,000.00 EUR."""
    cents = [int(credit.amount.replace(".", "")) for credit in credits_]
    end = 1_000_000 + sum(cents)
    closing = closing or f"{end // 100}.{end % 100:02}"
    entries = "\n".join(_entry(credit, day) for credit in credits_)
    return f"""\
<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>M1</MsgId><CreDtTm>{day}T20:00:00</CreDtTm></GrpHdr>
<Stmt><Id>S1</Id><ElctrncSeqNb>62</ElctrncSeqNb><CreDtTm>{day}T20:00:00</CreDtTm>
<Acct><Id><IBAN>{iban}</IBAN></Id><Ccy>EUR</Ccy></Acct>
{_balance("OPBD", "10000.00", day)}
{_balance("CLBD", closing, day)}
{entries}
</Stmt></BkToCstmrStmt></Document>
"""


def write_day(folder: Path, *credits_: Credit) -> list[Path]:
    """Write the day's files into a folder."""
    texts = {
        "customers.csv": CUSTOMERS,
        "items.csv": OPEN_ITEMS,
        "statement.xml": statement(*(credits_ or DAY)),
    }
    paths = []
    for name, text in texts.items():
        paths.append(folder / name)
        paths[-1].write_text(text, "utf-8")
    return paths


def _balance(code: str, amount: str, day: str) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        f"<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _entry(credit: Credit, day: str) -> str:
    return (
        f'<Ntry><Amt Ccy="EUR">{credit.amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt>"
        f"<ValDt><Dt>{day}</Dt></ValDt><AcctSvcrRef>{credit.reference}</AcctSvcrRef>"
        "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly>"
        "</Domn></BkTxCd><NtryDtls><TxDtls>"
        f"<RltdPties><Dbtr><Pty><Nm>{credit.payer}</Nm></Pty></Dbtr></RltdPties>"
        f"<RmtInf><Ustrd>{credit.text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )
