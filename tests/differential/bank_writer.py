"""Bank days in the formats of banks, other than camt: the other half of round trips."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from alloc.demo.cfonb import signed_amount

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bank_day import BankDay, Detail, Entry

LABEL = "VIREMENT"
"""What the bank prints on every entry of a CFONB120 statement."""


def _pieces(text: str, width: int) -> list[str]:
    """Cut a text anywhere; a blank at the end of a piece would look like none."""
    pieces = []
    while text:
        piece = text[:width].rstrip()
        pieces.append(piece)
        text = text[len(piece) :]
    return pieces


def mt940(day: BankDay) -> bytes:
    """Write an MT940 message with German subfields in the field 86."""
    return "".join(f"{line}\r\n" for line in _mt940(day)).encode("ascii")


def _mt940(day: BankDay) -> Iterator[str]:
    def balance(field: str, minor: int, date: str) -> str:
        sign = "D" if minor < 0 else "C"
        return f":{field}:{sign}{date}{day.currency}{day.decimal(minor, point=',')}"

    yield from (f":20:{day.number:06d}", f":25:{day.iban}", f":28C:{day.number}/1")
    yield balance("60F", day.opening_minor, f"{day.day_before:%y%m%d}")
    for entry in day.entries:
        # A reversed credit is a debit, and the other way round.
        plain = "D" if entry.minor < 0 else "C"
        mark = {"D": "RC", "C": "RD"}[plain] if entry.reversal else plain
        valued = entry.valued or entry.booked
        reference = f"//{entry.bank_reference}" if entry.bank_reference else ""
        yield (
            f":61:{valued:%y%m%d}{entry.booked:%m%d}{mark}"
            f"{day.decimal(entry.minor, point=',')}NTRFNONREF{reference}"
        )
        yield from _field_86(entry.details[0])
    yield balance("62F", day.closing_minor, f"{day.day:%y%m%d}")
    yield "-"


def _field_86(detail: Detail) -> Iterator[str]:
    said: list[str] = []
    if detail.end_to_end_id:
        said += _pieces(f"EREF+{detail.end_to_end_id}", 27)
    if detail.mandate_id:
        said += _pieces(f"MREF+{detail.mandate_id}", 27)
    if detail.text:
        said += _pieces(f"SVWZ+{detail.text[0]}", 27)
    subfields = ["?00GUTSCHRIFT"]
    subfields += [f"?{n}{part}" for n, part in zip(range(20, 30), said, strict=False)]
    if detail.iban:
        subfields.append(f"?31{detail.iban}")
    if detail.name:
        numbered = zip((32, 33), _pieces(detail.name, 27), strict=False)
        subfields += [f"?{number}{part}" for number, part in numbered]
    line = ":86:166"
    for subfield in subfields:
        if len(line) + len(subfield) > 65:
            yield line
            line = ""
        line += subfield
    yield line


def cfonb120(day: BankDay, *, encoding: str = "cp1252") -> bytes:
    """Write a CFONB120 statement with the complements of SEPA payments."""
    return "".join(f"{line}\n" for line in _cfonb120(day)).encode(encoding)


def _cfonb120(day: BankDay) -> Iterator[str]:
    def balance(code: str, date: str, minor: int) -> str:
        return (
            f"{code}{day.bank}    {day.branch}{day.currency}{day.exponent} "
            f"{day.account}  {date}{'':50}{signed_amount(minor)}{'':16}"
        )

    yield balance("01", f"{day.day_before:%d%m%y}", day.opening_minor)
    for entry in day.entries:
        own = f"{day.bank}0018{day.branch}{day.currency}{day.exponent} {day.account}"
        dated = f"{own}18{entry.booked:%d%m%y}"
        valued = f"{entry.valued:%d%m%y}" if entry.valued else "000000"
        rejected = "20" if entry.reversal else "  "
        yield (
            f"04{dated}{rejected}{valued}{LABEL:<31}  000000000"
            f"{signed_amount(entry.minor)}{entry.bank_reference or '':<16}"
        )
        for qualifier, text in _complements(entry):
            yield f"05{dated}     {qualifier}{text:<70}  "
    yield balance("07", f"{day.day:%d%m%y}", day.closing_minor)


def _complements(entry: Entry) -> Iterator[tuple[str, str]]:
    detail = entry.details[0]
    payer = (entry.minor >= 0) != entry.reversal
    if detail.name:
        yield ("NPY" if payer else "NBE"), detail.name
    if detail.iban:
        yield ("CPY" if payer else "CBE"), detail.iban
    if detail.ultimate:
        yield ("NPO" if payer else "NBU"), detail.ultimate
    if detail.text:
        text = detail.text[0]
        yield "LCC", text[:70]
        if text[70:].strip():
            yield "LC2", text[70:140]
    if detail.creditor_reference:
        yield "LCS", detail.creditor_reference
    if detail.end_to_end_id:
        yield "RCN", detail.end_to_end_id
    if detail.mandate_id:
        yield "RUM", detail.mandate_id


def bai2(day: BankDay) -> bytes:
    """Write a BAI2 file with one group and account per booking day."""
    lines = ["01,BANK,US,260131,0700,1,,,2/"]
    groups = [_bai2_group(day, entry) for entry in day.entries]
    lines += [line for _, group in groups for line in group]
    total = sum(control for control, _ in groups)
    lines.append(f"99,{total},{len(groups)},{len(lines) + 1}/")
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _bai2_group(day: BankDay, entry: Entry) -> tuple[int, list[str]]:
    detail, size = entry.details[0], abs(entry.minor)
    code = "142" if entry.minor >= 0 else "455"
    funds = f"V,{entry.valued:%y%m%d},," if entry.valued else "Z,"
    reference, customers = entry.bank_reference or "", detail.end_to_end_id or ""
    control = day.opening_minor + day.opening_minor + entry.minor + size
    balances = f"010,{day.opening_minor},,,015,{day.opening_minor + entry.minor},,"
    account = [
        f"03,{day.iban},{day.currency},{balances}/",
        f"16,{code},{size},{funds}{reference},{customers},"
        + "\r\n88,".join(detail.text or ("",)),
    ]
    count = 2 + max(len(detail.text), 1)
    account.append(f"49,{control},{count}/")
    dated = f"02,US,BANK,1,{entry.booked:%y%m%d},,{day.currency},2/"
    return control, [dated, *_flat(account), f"98,{control},1,{count + 2}/"]


def _flat(lines: Sequence[str]) -> list[str]:
    return [part for line in lines for part in line.split("\r\n")]


def ofx(day: BankDay, *, xml: bool) -> bytes:
    """Write an OFX file: version 2 in XML, or version 1 whose leaves stay open."""

    def leaf(name: str, value: str | None) -> str:
        if value is None:
            return ""
        return f"<{name}>{escape(value)}" + (f"</{name}>" if xml else "") + "\n"

    def signed(minor: int) -> str:
        return ("-" if minor < 0 else "") + day.decimal(minor)

    body = ""
    for entry in day.entries:
        detail = entry.details[0]
        body += "<STMTTRN>\n" + leaf(
            "TRNTYPE", "CREDIT" if entry.minor > 0 else "DEBIT"
        )
        body += leaf("DTPOSTED", f"{entry.booked:%Y%m%d}120000[0:GMT]")
        body += leaf("DTAVAIL", f"{entry.valued:%Y%m%d}" if entry.valued else None)
        body += leaf("TRNAMT", signed(entry.minor)) + leaf(
            "FITID", entry.bank_reference
        )
        body += leaf("NAME", detail.name)
        if detail.iban:
            number = leaf("BANKID", "X") + leaf("ACCTID", detail.iban)
            number += leaf("ACCTTYPE", "CHECKING")
            body += f"<BANKACCTTO>\n{number}</BANKACCTTO>\n"
        body += leaf("MEMO", detail.text[0] if detail.text else None) + "</STMTTRN>\n"
    account = leaf("BANKID", day.bank) + leaf("ACCTID", day.iban)
    dates = leaf("DTSTART", f"{day.day_before:%Y%m%d}") + leaf(
        "DTEND", f"{day.day:%Y%m%d}"
    )
    status = "<STATUS>\n" + leaf("CODE", "0") + leaf("SEVERITY", "INFO") + "</STATUS>\n"
    balance = leaf("BALAMT", signed(day.closing_minor))
    balance += leaf("DTASOF", f"{day.day:%Y%m%d}")
    whole = (
        f"<OFX>\n<SIGNONMSGSRSV1><SONRS>{status}{leaf('DTSERVER', '20260131')}"
        f"{leaf('LANGUAGE', 'ENG')}</SONRS></SIGNONMSGSRSV1>\n"
        f"<BANKMSGSRSV1><STMTTRNRS>{leaf('TRNUID', '1')}{status}<STMTRS>\n"
        f"{leaf('CURDEF', day.currency)}<BANKACCTFROM>\n{account}"
        f"{leaf('ACCTTYPE', 'CHECKING')}</BANKACCTFROM>\n<BANKTRANLIST>\n{dates}{body}"
        f"</BANKTRANLIST>\n<LEDGERBAL>\n{balance}</LEDGERBAL>\n"
        "</STMTRS></STMTTRNRS></BANKMSGSRSV1>\n</OFX>\n"
    )
    if xml:
        head = '<?xml version="1.0" encoding="UTF-8"?>\n<?OFX OFXHEADER="200" '
        head += 'VERSION="202" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>\n'
    else:
        head = "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\n"
        head += "ENCODING:UTF-8\nCHARSET:NONE\nCOMPRESSION:NONE\nOLDFILEUID:NONE\n"
        head += "NEWFILEUID:NONE\n\n"
    return (head + whole).encode()
