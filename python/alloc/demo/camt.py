"""Writes camt.053 (versions 02 and 08) and camt.054 (version 08)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from alloc.demo.identity import CURRENCY
from alloc.demo.plan import from_day_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alloc.demo.book import BankDay, Detail, Entry
    from alloc.demo.texts import Mention, Message

_FAMILIES = {
    "credit": ("RCDT", "ESCT"),
    "return": ("RCDT", "RRTN"),
    "fee": ("MDOP", "CHRG"),
    "direct_debit": ("RDDT", "ESDD"),
    "transfer_out": ("ICDT", "ESCT"),
    "sweep": ("ICDT", "ESCT"),
}


def decimal(minor: int) -> str:
    """Write an amount of cents without its sign: ``123456`` is ``1234.56``."""
    return f"{abs(minor) // 100}.{abs(minor) % 100:02d}"


def _sign(minor: int) -> str:
    return "CRDT" if minor >= 0 else "DBIT"


def _amount(minor: int) -> str:
    return f'<Amt Ccy="{CURRENCY}">{decimal(minor)}</Amt>'


class _Version:
    """What differs between the versions: codes became elements, `Nm` moved."""

    def __init__(self, message: str) -> None:
        self.namespace = f"urn:iso:std:iso:20022:tech:xsd:{message}"
        self.new = message.endswith(".08")

    def status(self) -> str:
        return "<Sts><Cd>BOOK</Cd></Sts>" if self.new else "<Sts>BOOK</Sts>"

    def party(self, name: str) -> str:
        text = f"<Nm>{escape(name)}</Nm>"
        return f"<Pty>{text}</Pty>" if self.new else text

    def detail_amount(self, minor: int) -> str:
        if self.new:
            return f"{_amount(minor)}<CdtDbtInd>{_sign(minor)}</CdtDbtInd>"
        return f"<AmtDtls><TxAmt>{_amount(minor)}</TxAmt></AmtDtls>"

    def charges(self, minor: int) -> str:
        record = (
            f"{_amount(minor)}<CdtDbtInd>DBIT</CdtDbtInd>"
            if self.new
            else _amount(minor)
        )
        included = "<ChrgInclInd>true</ChrgInclInd>" if self.new else ""
        inner = f"{record}{included}"
        return (
            f"<Chrgs><Rcrd>{inner}</Rcrd></Chrgs>"
            if self.new
            else f"<Chrgs>{inner}</Chrgs>"
        )


def _mention(mention: Mention) -> str:
    kind, amount = (
        ("CREN", "CdtNoteAmt") if mention.credit_note else ("CINV", "RmtdAmt")
    )
    return (
        "<Strd><RfrdDocInf><Tp><CdOrPrtry>"
        f"<Cd>{kind}</Cd></CdOrPrtry></Tp><Nb>{escape(mention.reference)}</Nb>"
        f"<RltdDt>{from_day_number(mention.day)}</RltdDt></RfrdDocInf><RfrdDocAmt>"
        f'<{amount} Ccy="{CURRENCY}">{decimal(mention.amount_minor)}</{amount}>'
        "</RfrdDocAmt></Strd>"
    )


def _remittance(message: Message) -> str:
    parts = [f"<Ustrd>{escape(line)}</Ustrd>" for line in message.lines]
    parts += [_mention(mention) for mention in message.mentions]
    if message.creditor_reference:
        parts.append(
            "<Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp>"
            f"<Ref>{message.creditor_reference}</Ref></CdtrRefInf></Strd>"
        )
    return f"<RmtInf>{''.join(parts)}</RmtInf>" if parts else ""


def _detail(version: _Version, entry: Entry, detail: Detail) -> str:
    message = detail.message
    # A returned credit still names the one who had sent it.
    incoming = detail.amount_minor >= 0 or entry.operation == "return"
    role = "Dbtr" if incoming else "Cdtr"
    reason = ""
    if entry.return_reason:
        reason = f"<RtrInf><Rsn><Cd>{entry.return_reason}</Cd></Rsn></RtrInf>"
    charges = version.charges(entry.charges_minor) if entry.charges_minor else ""
    return (
        f"<TxDtls><Refs><EndToEndId>{escape(message.end_to_end_id)}</EndToEndId></Refs>"
        f"{version.detail_amount(detail.amount_minor)}{charges}"
        f"<RltdPties><{role}>{version.party(message.name)}</{role}>"
        f"<{role}Acct><Id><IBAN>{message.iban}</IBAN></Id></{role}Acct></RltdPties>"
        f"{_remittance(message)}{reason}</TxDtls>"
    )


def _entry(
    version: _Version, statement: BankDay, entry: Entry, details: Sequence[Detail]
) -> str:
    family, sub_family = _FAMILIES[entry.operation]
    reversal = "<RvslInd>true</RvslInd>" if entry.operation == "return" else ""
    reference = ""
    if entry.bank_reference:
        reference = f"<AcctSvcrRef>{entry.bank_reference}</AcctSvcrRef>"
    count = len(entry.details)
    batch = f"<Btch><NbOfTxs>{count}</NbOfTxs></Btch>" if count > 1 else ""
    inner = "".join(_detail(version, entry, detail) for detail in details)
    told = f"<NtryDtls>{batch}{inner}</NtryDtls>" if entry.details else ""
    more = ""
    if entry.additional_info:
        more = f"<AddtlNtryInf>{escape(entry.additional_info)}</AddtlNtryInf>"
    return (
        f"<Ntry>{_amount(entry.amount_minor)}"
        f"<CdtDbtInd>{_sign(entry.amount_minor)}</CdtDbtInd>{reversal}"
        f"{version.status()}<BookgDt><Dt>{statement.day}</Dt></BookgDt>"
        f"<ValDt><Dt>{statement.day}</Dt></ValDt>{reference}"
        f"<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{family}</Cd>"
        f"<SubFmlyCd>{sub_family}</SubFmlyCd></Fmly></Domn></BkTxCd>"
        f"{told}{more}</Ntry>\n"
    )


def _balance(code: str, minor: int, day: object) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_amount(minor)}"
        f"<CdtDbtInd>{_sign(minor)}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>\n"
    )


def _head(version: _Version, root: str, statement: BankDay) -> str:
    bank = statement.account.bank
    created = f"{statement.day}T20:30:00"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="{version.namespace}">'
        f"<{root}><GrpHdr><MsgId>{bank.bic}{statement.day:%Y%m%d}{root[6:10]}</MsgId>"
        f"<CreDtTm>{created}</CreDtTm></GrpHdr>\n"
    )


def _account(statement: BankDay) -> str:
    return (
        f"<Acct><Id><IBAN>{statement.account.iban}</IBAN></Id>"
        f"<Ccy>{CURRENCY}</Ccy></Acct>\n"
    )


def write_statements(statements: Sequence[BankDay]) -> bytes:
    """Write statements of one bank as one camt.053 file.

    Parameters
    ----------
    statements
        Not empty, all of one bank; its format says which version.

    Returns
    -------
    bytes
        UTF-8, valid against the schema of the version.
    """
    version = _Version(statements[0].account.bank.format)
    parts = [_head(version, "BkToCstmrStmt", statements[0])]
    for statement in statements:
        stem = f"{statement.day:%Y%m%d}-{statement.account.index:03d}"
        parts.append(
            f"<Stmt><Id>{stem}</Id><ElctrncSeqNb>{statement.number}</ElctrncSeqNb>"
            f"<CreDtTm>{statement.day}T20:30:00</CreDtTm>{_account(statement)}"
        )
        parts.append(_balance("OPBD", statement.opening_minor, statement.day))
        parts.append(_balance("CLBD", statement.closing_minor, statement.day))
        parts += [
            _entry(version, statement, entry, [] if entry.lumped else entry.details)
            for entry in statement.entries
        ]
        parts.append("</Stmt>\n")
    parts.append("</BkToCstmrStmt></Document>\n")
    return "".join(parts).encode()


def write_notifications(
    told: Sequence[tuple[BankDay, Entry, Sequence[Detail]]],
) -> bytes:
    """Write a camt.054 file that tells what booked entries are made of.

    Parameters
    ----------
    told
        Not empty: entries of one bank, each with its statement and its details.

    Returns
    -------
    bytes
        UTF-8, valid against the schema: one notification per entry.
    """
    version = _Version("camt.054.001.08")
    parts = [_head(version, "BkToCstmrDbtCdtNtfctn", told[0][0])]
    for statement, entry, details in told:
        parts.append(
            f"<Ntfctn><Id>{entry.bank_reference}</Id>"
            f"<CreDtTm>{statement.day}T20:30:00</CreDtTm>{_account(statement)}"
        )
        parts.append(_entry(version, statement, entry, details))
        parts.append("</Ntfctn>\n")
    parts.append("</BkToCstmrDbtCdtNtfctn></Document>\n")
    return "".join(parts).encode()
