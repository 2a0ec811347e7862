"""What the tests of advices share: files of ours, in every format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alloc.ingest.remittance.reading import advice_format, read_advice_data

if TYPE_CHECKING:
    from alloc.ingest.remittance.model import Advice, AdviceFile


def edifact(*segments: str, una: str = "", count: int | None = None) -> bytes:
    """An interchange with one REMADV of these segments."""
    body = ["UNH+M1+REMADV:D:96A:UN:EAN010", *segments]
    body.append(f"UNT+{len(body) + 1 if count is None else count}+M1")
    whole = ["UNB+UNOC:3+PAYER+PAYEE+260310:0900+X1", *body, "UNZ+1+X1"]
    return (una + "".join(f"{segment}'\n" for segment in whole)).encode()


REMADV = edifact(
    "BGM+481+AV-7+9",
    "DTM+137:20260305:102",
    "DTM+203:20260309:102",
    "RFF+PQ:PAY-2026-77",
    "FII+OR+FR7630006000011234567890189",
    "NAD+PR+4012345000009::9++TIEFBAU KR?+MER GMBH",
    "CUX+2:EUR:11",
    "DOC+380+F-1001",
    "MOA+9:1000.00",
    "MOA+12:980.00",
    "AJT+19",
    "MOA+165:20.00",
    "DOC+380+F-1002",
    "MOA+12:250",
    "DOC+381+A-17",
    "MOA+9:30.00",
    "MOA+12:30.00",
    "UNS+S",
    "MOA+12:1200.00",
)

ISA = (
    "ISA*00*          *00*          *ZZ*PAYER          *ZZ*PAYEE          "
    "*260310*0900*U*00401*000000001*0*P*>~"
)


def x12(*segments: str, kind: str = "820", count: int | None = None) -> bytes:
    """An interchange with one transaction set of these segments."""
    body = [f"ST*{kind}*0001", *segments]
    body.append(f"SE*{len(body) + 1 if count is None else count}*0001")
    whole = ["GS*RA*PAYER*PAYEE*20260310*0900*1*X*004010", *body, "GE*1*1"]
    whole.append("IEA*1*000000001")
    return (ISA + "\n" + "".join(f"{segment}~\n" for segment in whole)).encode()


BPR = "BPR*C*{}*C*ACH*CTX*01*021000021*DA*123***01*071000013*DA*555*20260309"
X820 = x12(
    BPR.format("1190.00"),
    "TRN*1*PAY-2026-77*9123456789",
    "CUR*PR*USD",
    "N1*PR*VERTEX LLC",
    "N1*PE*US INC",
    "ENT*1",
    "RMR*IV*F-1001*PO*980.00*1000.00*20.00",
    "RMR*IV*F-1002**250.00",
    "ADX*-5.00*01",
    "NTE*OTH*Two cartons torn",
    "RMR*CM*A-17**30.00",
    "ENT*2",
    "ADX*-10.00*ZZ*CM*FEE-3",
)
X835 = x12(
    BPR.format("480.00"),
    "TRN*1*0063158*1566339911",
    "N1*PR*HEALTH FUND",
    "LX*1",
    "CLP*CLAIM-1*1*541*400*41*12*506",
    "CAS*PR*1*41",
    "CAS*CO*45*100",
    "CLP*CLAIM-2*22*-20*-20**12*507",
    "PLB*1234567890*20261231*WO>OVERPAY-9*-100",
    kind="835",
)

UBL = b"""<?xml version="1.0" encoding="UTF-8"?>
<r:RemittanceAdvice
 xmlns:r="urn:oasis:names:specification:ubl:schema:xsd:RemittanceAdvice-2"
 xmlns:cac="urn:cac" xmlns:cbc="urn:cbc">
<cbc:UBLVersionID>2.1</cbc:UBLVersionID>
<cbc:ID>AV-7</cbc:ID>
<cbc:IssueDate>2026-03-05</cbc:IssueDate>
<cbc:TotalPaymentAmount currencyID="EUR">1200.00</cbc:TotalPaymentAmount>
<cbc:PaymentOrderReference>PAY-2026-77</cbc:PaymentOrderReference>
<cac:AccountingCustomerParty><cac:Party><cac:PartyName><cbc:Name>Kr\xc3\xa4mer</cbc:Name>
</cac:PartyName></cac:Party></cac:AccountingCustomerParty>
<cac:PaymentMeans><cbc:PaymentMeansCode>30</cbc:PaymentMeansCode>
<cbc:PaymentDueDate>2026-03-09</cbc:PaymentDueDate>
<cac:PayerFinancialAccount><cbc:ID>FR76 3000 6000 0112 3456 7890 189</cbc:ID>
</cac:PayerFinancialAccount></cac:PaymentMeans>
<cac:RemittanceAdviceLine><cbc:ID>1</cbc:ID>
<cbc:DebitLineAmount currencyID="EUR">1230.00</cbc:DebitLineAmount>
<cbc:CreditLineAmount currencyID="EUR">0.00</cbc:CreditLineAmount>
<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>F-1001</cbc:ID>
</cac:InvoiceDocumentReference></cac:BillingReference></cac:RemittanceAdviceLine>
<cac:RemittanceAdviceLine><cbc:ID>2</cbc:ID>
<cbc:CreditLineAmount currencyID="EUR">30.00</cbc:CreditLineAmount>
<cac:BillingReference><cac:CreditNoteDocumentReference><cbc:ID>A-17</cbc:ID>
</cac:CreditNoteDocumentReference></cac:BillingReference></cac:RemittanceAdviceLine>
</r:RemittanceAdvice>
"""


def read(data: bytes, *, name: str = "advice") -> AdviceFile:
    """Read a file as the product does: its format is told by its content."""
    format_ = advice_format(data)
    assert format_ is not None
    return read_advice_data(data, format_, name=name)


def only(data: bytes) -> Advice:
    (advice,) = read(data).advices
    return advice


def lines(advice: Advice) -> list[tuple[str | None, int | None, int | None]]:
    return [
        (line.reference, line.amount_minor, line.deduction_minor)
        for line in advice.lines
    ]


def codes(file: AdviceFile) -> list[str]:
    return [notice.code for notice in file.notices]
