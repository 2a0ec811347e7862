"""Bank days as camt.052, .053 and .054 of every version, valid against the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from bank_day import BankDay, Detail, Document, Entry

VERSIONS = tuple(range(2, 14))
ROOTS = {
    "052": ("BkToCstmrAcctRpt", "Rpt"),
    "053": ("BkToCstmrStmt", "Stmt"),
    "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}


def tag(name: str, content: str | None) -> str:
    """An element around markup; nothing around None."""
    return "" if content is None else f"<{name}>{content}</{name}>"


def leaf(name: str, text: str | None) -> str:
    """An element around text; nothing around None."""
    return tag(name, None if text is None else escape(text))


def camt(day: BankDay, message: str, version: int) -> bytes:
    """Write a message of one statement, report or notification."""
    return _Writer(day, message, version).document().encode()


class _Writer:
    """What differs between the versions of the messages."""

    def __init__(self, day: BankDay, message: str, version: int) -> None:
        self.day = day
        self.message = message
        self.version = version

    def document(self) -> str:
        root, statement = ROOTS[self.message]
        day = self.day
        created = f"{day.day}T20:00:00"
        number = leaf("ElctrncSeqNb", str(day.number))
        body = leaf("Id", f"S{day.number}") + number + leaf("CreDtTm", created)
        account = tag("Id", leaf("IBAN", day.iban)) + leaf("Ccy", day.currency)
        body += tag("Acct", account)
        if self.message != "054":
            body += self.balance("OPBD", day.opening_minor, str(day.day_before))
            body += self.balance("CLBD", day.closing_minor, str(day.day))
        body += "".join(self.entry(entry) for entry in day.entries)
        head = tag("GrpHdr", leaf("MsgId", "M1") + leaf("CreDtTm", created))
        namespace = (
            f"urn:iso:std:iso:20022:tech:xsd:camt.{self.message}.001.{self.version:02d}"
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<Document xmlns="{namespace}">'
            f"{tag(root, head + tag(statement, body))}</Document>"
        )

    def amount(self, minor: int, name: str = "Amt") -> str:
        text = self.day.decimal(minor)
        return f'<{name} Ccy="{self.day.currency}">{text}</{name}>'

    def signed(self, minor: int) -> str:
        return self.amount(minor) + leaf("CdtDbtInd", "CRDT" if minor >= 0 else "DBIT")

    def balance(self, code: str, minor: int, date: str) -> str:
        kind = tag("Tp", tag("CdOrPrtry", leaf("Cd", code)))
        return tag("Bal", kind + self.signed(minor) + tag("Dt", leaf("Dt", date)))

    def entry(self, entry: Entry) -> str:
        booked = leaf("Cd", "BOOK") if self.version >= 7 else "BOOK"
        family = tag("Fmly", leaf("Cd", "RCDT") + leaf("SubFmlyCd", "ESCT"))
        code = tag("Domn", leaf("Cd", "PMNT") + family)
        count = len(entry.details)
        batch = tag("Btch", leaf("NbOfTxs", str(count))) if count > 1 else ""
        details = "".join(self.detail(entry, detail) for detail in entry.details)
        return tag(
            "Ntry",
            self.signed(entry.minor)
            + leaf("RvslInd", "true" if entry.reversal else None)
            + tag("Sts", booked)
            + tag("BookgDt", leaf("Dt", str(entry.booked)))
            + (tag("ValDt", leaf("Dt", str(entry.valued))) if entry.valued else "")
            + leaf("AcctSvcrRef", entry.bank_reference)
            + tag("BkTxCd", code)
            + tag("NtryDtls", batch + details)
            + leaf("AddtlNtryInf", entry.info),
        )

    def detail(self, entry: Entry, detail: Detail) -> str:
        references = leaf("EndToEndId", detail.end_to_end_id)
        references += leaf("MndtId", detail.mandate_id)
        if self.version == 2:
            amount = tag("AmtDtls", tag("TxAmt", self.amount(detail.minor)))
        else:
            amount = self.signed(detail.minor)
        returned = None
        if detail.return_reason:
            returned = tag("Rsn", leaf("Cd", detail.return_reason))
        return tag(
            "TxDtls",
            (tag("Refs", references) if references else "")
            + amount
            + self.charges(detail)
            + self.parties(entry, detail)
            + self.remittance(detail)
            + tag("RtrInf", returned),
        )

    def charges(self, detail: Detail) -> str:
        if detail.charges_minor is None:
            return ""
        amount = self.amount(detail.charges_minor)
        return tag("Chrgs", amount if self.version == 2 else tag("Rcrd", amount))

    def party(self, role: str, name: str | None) -> str:
        if name is None:
            return ""
        named = leaf("Nm", name)
        return tag(role, tag("Pty", named) if self.version >= 7 else named)

    def parties(self, entry: Entry, detail: Detail) -> str:
        # The payer of a credit; what is undone keeps the roles of the original.
        undone = entry.reversal or detail.return_reason is not None
        role = "Dbtr" if (entry.minor >= 0) != undone else "Cdtr"
        account = tag("Id", leaf("IBAN", detail.iban)) if detail.iban else None
        inside = self.party(role, detail.name) + tag(f"{role}Acct", account)
        inside += self.party(f"Ultmt{role}", detail.ultimate)
        return tag("RltdPties", inside) if inside else ""

    def remittance(self, detail: Detail) -> str:
        inside = "".join(leaf("Ustrd", text) for text in detail.text)
        inside += "".join(self.document_part(one) for one in detail.documents)
        if detail.creditor_reference:
            kind = tag("Tp", tag("CdOrPrtry", leaf("Cd", "SCOR")))
            reference = kind + leaf("Ref", detail.creditor_reference)
            inside += tag("Strd", tag("CdtrRefInf", reference))
        return tag("RmtInf", inside) if inside else ""

    def document_part(self, document: Document) -> str:
        code = "CREN" if document.credit_note else "CINV"
        date = None
        if document.day:
            date = str(document.day)
            if self.version >= 12:
                date = tag("Tp", leaf("Cd", "INDA")) + leaf("Dt", date)
        named = tag("Tp", tag("CdOrPrtry", leaf("Cd", code)))
        named += leaf("Nb", document.number) + tag("RltdDt", date)
        return tag(
            "Strd", tag("RfrdDocInf", named) + tag("RfrdDocAmt", self.paid(document))
        )

    def paid(self, document: Document) -> str:
        due = None
        if document.kept_minor is not None:
            due = document.paid_minor + document.kept_minor
        name = "CdtNoteAmt" if document.credit_note else "RmtdAmt"
        if self.version < 12:
            before = self.amount(due, "DuePyblAmt") if due is not None else ""
            return before + self.amount(document.paid_minor, name)
        parts = [("DUPA", due)] if due is not None else []
        parts.append(("CREN" if document.credit_note else "REMI", document.paid_minor))
        return "".join(
            tag("RmtAmtAndTp", tag("Tp", leaf("Cd", kind)) + self.amount(minor))
            for kind, minor in parts
        )
