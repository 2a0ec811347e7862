"""UBL RemittanceAdvice, versions 2.0 to 2.4."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alloc.ingest.remittance.model import (
    Advice,
    AdviceFile,
    AdviceLine,
    checked,
    wrong,
)
from alloc.ingest.remittance.values import exact_minor, iban_of, plain_date
from alloc.ingest.remittance.xml_tree import parse_xml

if TYPE_CHECKING:
    from alloc.ingest.remittance.xml_tree import Element

__all__ = ["read_ubl"]

_DOCUMENTS = {
    "InvoiceDocumentReference": 1,
    "SelfBilledInvoiceDocumentReference": 1,
    "DebitNoteDocumentReference": 1,
    "ReminderDocumentReference": 1,
    "AdditionalDocumentReference": 1,
    "CreditNoteDocumentReference": -1,
    "SelfBilledCreditNoteDocumentReference": -1,
}
"""Documents of a billing reference, and the sign of what is paid for them."""

_NAMES = (
    "PayerParty/PartyName/Name",
    "AccountingCustomerParty/Party/PartyName/Name",
    "AccountingCustomerParty/Party/PartyLegalEntity/RegistrationName",
)
_PAYMENT_REFERENCES = (
    "PaymentOrderReference",
    "PaymentMeans/PaymentID",
    "PaymentMeans/InstructionID",
)
_DATES = ("PaymentMeans/PaymentDueDate", "PaymentDueDate", "IssueDate")
_PAYER_ACCOUNTS = ("PaymentMeans/PayerFinancialAccount/ID",)


def read_ubl(data: bytes, *, name: str) -> AdviceFile:
    """Read a UBL RemittanceAdvice.

    What is paid of a line is its debit minus its credit, else its balance; credit
    notes are negative.

    Raises
    ------
    alloc.errors.InputError
        ``XML_DOCTYPE``, ``XML_DAMAGED``, ``ADVICE_MISSING``, ``CURRENCY_MIXED`` or
        of an amount; names the line.
    """
    root = parse_xml(data, name=name)
    if root.name != "RemittanceAdvice":
        raise wrong(
            name, root.line, "ADVICE_MISSING", f"<{root.name[:40]}> is no advice"
        )
    version = root.said("UBLVersionID") or ""
    file = AdviceFile("UBL RemittanceAdvice", version[:20])
    advice = Advice(line=root.line, number=root.said("ID"))
    advice.currency = _currency(root, name)
    advice.payer_name = root.said(*_NAMES)
    advice.payer_iban = iban_of(root.said(*_PAYER_ACCOUNTS))
    advice.payment_reference = root.said(*_PAYMENT_REFERENCES)
    days = (plain_date((root.said(path) or "")[:10], "%Y-%m-%d") for path in _DATES)
    advice.payment_date = next(filter(None, days), None)
    advice.total_minor = _minor(root, "TotalPaymentAmount", advice.currency, name)
    for line in root.all("RemittanceAdviceLine"):
        advice.lines.extend(_lines(line, advice.currency, name))
    made = advice.lines_minor
    if made is not None and advice.total_minor and made == -advice.total_minor:
        # Debit and credit as the payee's books have them.
        for each in advice.lines:
            each.amount_minor = -(each.amount_minor or 0)
    file.advices.append(advice)
    return checked(file, name=name)


def _currency(root: Element, name: str) -> str | None:
    """Return the one currency of the advice."""
    places = [root, *root.all("RemittanceAdviceLine")]
    said = {
        child.attributes.get("currencyID", "").upper(): child.line
        for place in places
        for child in place.children
        if child.name.endswith("Amount")
    }
    said.pop("", None)
    if len(said) > 1:
        codes = ", ".join(sorted(said))
        line = max(said.values())
        message = f"one advice in several currencies: {codes}"
        raise wrong(name, line, "CURRENCY_MIXED", message, field="currencyID")
    only = next(iter(said), "") or root.said("DocumentCurrencyCode")
    return only or None


def _lines(line: Element, currency: str | None, name: str) -> list[AdviceLine]:
    paid = _paid(line, currency, name)
    reason = line.said("Note", "PaymentPurposeCode")
    documents = [
        (reference, document, _DOCUMENTS[document.name])
        for reference in line.all("BillingReference")
        for document in reference.children
        if document.name in _DOCUMENTS
    ]
    if not documents:
        own = line.find("DocumentReference")
        number = own.said("ID") if own is not None else None
        return [AdviceLine(number, paid, None, reason, line.line)]
    lines = []
    for reference, document, sign in documents:
        amount = paid
        if len(documents) > 1:
            amount = _billed(reference, currency, name)
        if amount is not None and sign < 0:
            amount = -abs(amount)
        lines.append(
            AdviceLine(document.said("ID"), amount, None, reason, document.line)
        )
    return lines


def _paid(line: Element, currency: str | None, name: str) -> int | None:
    debit = _minor(line, "DebitLineAmount", currency, name)
    credit = _minor(line, "CreditLineAmount", currency, name)
    if debit is None and credit is None:
        return _minor(line, "BalanceAmount", currency, name)
    return (debit or 0) - (credit or 0)


def _billed(reference: Element, currency: str | None, name: str) -> int | None:
    amounts = [
        _minor(part, "Amount", currency, name)
        for part in reference.all("BillingReferenceLine")
    ]
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known and len(known) == len(amounts) else None


def _minor(place: Element, child: str, currency: str | None, name: str) -> int | None:
    found = place.find(child)
    if found is None or not found.text:
        return None
    return exact_minor(found.text, currency, name=name, line=found.line, field=child)
