"""Small bank files, written as text, and what the reader makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from alloc.engine import read_bank_file
from alloc.errors import InputError

if TYPE_CHECKING:
    from alloc.domain.bank import BankFile

OWN = "FR1420041010050500013M02606"
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.{}.001.{}"
ROOTS = {
    "052": ("BkToCstmrAcctRpt", "Rpt"),
    "053": ("BkToCstmrStmt", "Stmt"),
    "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}


def read(content: str | bytes, *, strict: bool = True) -> BankFile:
    """Read a file given as text (UTF-8) or bytes."""
    content = content.encode() if isinstance(content, str) else content
    return read_bank_file(content, name="day.txt", strict=strict)


def rows(file: BankFile) -> list[dict[str, Any]]:
    """Entries as dictionaries."""
    found: list[dict[str, Any]] = file.entries.to_pylist()
    return found


def row(content: str | bytes, *, strict: bool = True) -> dict[str, Any]:
    """The only entry of a file."""
    (only,) = rows(read(content, strict=strict))
    return only


def amounts(file: BankFile) -> list[int]:
    """Signed amounts of the rows."""
    return [entry["amount_minor"] for entry in rows(file)]


def warnings(file: BankFile) -> list[str]:
    """Codes of the warnings."""
    found: list[str] = file.warnings["code"].to_pylist()
    return found


def refusal(content: str | bytes) -> InputError:
    """The error of a file that cannot be read."""
    with pytest.raises(InputError) as caught:
        read(content)
    assert caught.value.metadata["file"] == "day.txt"
    assert str(caught.value).startswith("day.txt: ")
    return caught.value


def document(body: str, *, message: str = "053", version: str = "08") -> str:
    """A camt document around the content of its only statement."""
    root, statement = ROOTS[message]
    return (
        f'<Document xmlns="{NAMESPACE.format(message, version)}"><{root}>'
        f"<GrpHdr><CreDtTm>2026-01-31T20:00:00</CreDtTm></GrpHdr><{statement}>"
        f"<Id>S1</Id><Acct><Id><IBAN>{OWN}</IBAN></Id></Acct>{body}"
        f"</{statement}></{root}></Document>"
    )


def entry(
    details: str = "",
    *,
    amount: str = "100.00",
    currency: str = "EUR",
    sign: str = "CRDT",
    extra: str = "",
) -> str:
    """An entry, booked on 31 January 2026, around its details."""
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-01-31</Dt></BookgDt>"
        f"<AcctSvcrRef>SVC</AcctSvcrRef>{extra}"
        f"<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def detail(content: str = "", *, amount: str | None = None) -> str:
    """A transaction, with or without an amount of its own."""
    money = f'<Amt Ccy="EUR">{amount}</Amt>' if amount else ""
    return f"<TxDtls>{money}{content}</TxDtls>"


def balance(code: str, amount: str, *, sign: str = "CRDT") -> str:
    """A balance of a camt statement."""
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'
        f"<Dt><Dt>2026-01-31</Dt></Dt></Bal>"
    )


def remittance(*structured: str) -> str:
    """A transaction that carries structured remittance information."""
    inner = "".join(f"<Strd>{part}</Strd>" for part in structured)
    return detail(f"<RmtInf>{inner}</RmtInf>")


def referred(number: str, amounts: str, *, kind: str = "CINV") -> str:
    """A referred document with its amounts."""
    return (
        f"<RfrdDocInf><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
        f"<Nb>{number}</Nb></RfrdDocInf><RfrdDocAmt>{amounts}</RfrdDocAmt>"
    )


def references(content: str) -> list[tuple[Any, ...]]:
    """Number, kind, amount, deduction and reason of every referred document."""
    keys = ("reference", "kind", "amount_minor", "deduction_minor", "reason")
    found = read(content).references.to_pylist()
    return [tuple(line[key] for key in keys) for line in found]
