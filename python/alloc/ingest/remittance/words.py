"""The words by which payers name the parts of an advice: French, English, German."""

from __future__ import annotations

import re

from alloc.ingest.remittance.prose import folded

__all__ = [
    "COLUMNS",
    "CREDIT_WORDS",
    "NO_ADVICE",
    "PAYMENT_WORDS",
    "SURE_AMOUNTS",
    "column_of",
    "is_total",
    "label_target",
]

SURE_AMOUNTS = frozenset(
    [
        "montant paye",
        "montant regle",
        "montant reglement",
        "montant du reglement",
        "paye",
        "regle",
        "net paye",
        "net a payer",
        "net regle",
        "amount paid",
        "paid",
        "paid amount",
        "payment amount",
        "net paid",
        "remitted",
        "amount remitted",
        "remittance amount",
        "remitted amount",
        "zahlbetrag",
        "gezahlt",
        "bezahlt",
        "zahlungsbetrag",
        "gezahlter betrag",
        "uberweisungsbetrag",
    ]
)
"""Headings of amounts that only an advice has."""

COLUMNS: dict[str, frozenset[str]] = {
    "reference": frozenset(
        [
            "facture",
            "n facture",
            "no facture",
            "num facture",
            "numero facture",
            "numero de facture",
            "n de facture",
            "facture n",
            "factures",
            "invoice",
            "invoices",
            "invoice no",
            "invoice number",
            "invoice nr",
            "invoice ref",
            "invoice reference",
            "invoice id",
            "inv no",
            "inv number",
            "document",
            "document no",
            "document number",
            "document reference",
            "doc no",
            "n piece",
            "piece",
            "numero piece",
            "numero de piece",
            "reference facture",
            "ref facture",
            "votre reference",
            "votre ref",
            "your reference",
            "your ref",
            "supplier invoice",
            "supplier reference",
            "rechnung",
            "rechnungsnummer",
            "rechnungsnr",
            "rechnung nr",
            "rechnungs nr",
            "belegnummer",
            "beleg",
            "beleg nr",
            "referenz",
            "ihre referenz",
            "reference",
            "ref",
        ]
    ),
    "amount": SURE_AMOUNTS
    | frozenset(
        [
            "montant",
            "amount",
            "betrag",
            "montant net",
            "net amount",
            "nettobetrag",
            "net",
        ]
    ),
    "gross": frozenset(
        [
            "montant brut",
            "brut",
            "montant facture",
            "montant ttc",
            "gross",
            "gross amount",
            "invoice amount",
            "original amount",
            "brutto",
            "bruttobetrag",
            "rechnungsbetrag",
        ]
    ),
    "deduction": frozenset(
        [
            "escompte",
            "remise",
            "retenue",
            "deduction",
            "deductions",
            "discount",
            "discount taken",
            "discount amount",
            "skonto",
            "abzug",
            "abzuge",
        ]
    ),
    "reason": frozenset(
        [
            "motif",
            "reason",
            "raison",
            "grund",
            "commentaire",
            "comment",
            "comments",
            "libelle",
            "remarks",
            "bemerkung",
            "text",
        ]
    ),
    "currency": frozenset(["devise", "currency", "ccy", "wahrung", "monnaie"]),
    "payment_reference": frozenset(
        [
            "reference paiement",
            "reference de paiement",
            "ref paiement",
            "reference reglement",
            "numero virement",
            "payment reference",
            "payment ref",
            "payment no",
            "payment number",
            "payment id",
            "check number",
            "check no",
            "cheque number",
            "zahlungsreferenz",
            "zahlungsnummer",
            "advice",
            "advice no",
            "advice number",
            "remittance no",
            "remittance number",
            "avis",
            "numero d avis",
            "n avis",
            "reference virement",
            "reference du paiement",
            "reference du virement",
            "reference du reglement",
            "n de virement",
            "n de cheque",
            "end to end",
            "end to end id",
        ]
    ),
    "payment_date": frozenset(
        [
            "date paiement",
            "date de paiement",
            "date du paiement",
            "date reglement",
            "date de reglement",
            "date du reglement",
            "date virement",
            "date du virement",
            "date de virement",
            "payment date",
            "deposit date",
            "value date",
            "date de valeur",
            "zahlungsdatum",
            "zahldatum",
            "valuta",
            "wertstellung",
        ]
    ),
    "payer_name": frozenset(
        [
            "payer",
            "payer name",
            "payeur",
            "emetteur",
            "donneur d ordre",
            "auftraggeber",
            "zahler",
        ]
    ),
}
"""Headings, and labels, by what they mean."""

NO_ADVICE = frozenset(
    [
        "solde",
        "balance",
        "open",
        "open amount",
        "open balance",
        "saldo",
        "offen",
        "offener betrag",
        "code client",
        "customer",
        "customer id",
        "customer no",
        "customer number",
        "client",
        "numero client",
        "n client",
        "compte",
        "account",
        "kunde",
        "kundennummer",
        "debit",
        "credit",
        "soll",
        "haben",
        "running balance",
        "bank account",
        "restant du",
        "amount due",
        "reste a payer",
        "iban",
        "solde restant",
        "outstanding",
        "due amount",
        "d c",
    ]
)
"""Headings of open items and of bank statements: such a table is no advice."""

PAYMENT_WORDS = re.compile(
    r"remit|paiement|payment|paying|virement|reglement|regl|\bpaye|\bpaid|zahlung|"
    r"uberweis|zahlungsavis|cheque|check"
)
"""What a text about a payment says, folded."""

CREDIT_WORDS = re.compile(
    r"\bavoirs?\b|credit notes?\b|credit memos?\b|gutschrift|note de credit|\bcn\b"
)
"""What a credit note is called, folded."""

_TOTAL = re.compile(
    r"^(?:(?:grand |sub)?totals?|total general|sous total|total paye|total regle|"
    r"total a payer|total paid|total amount|total payment|gesamt\w*|summe|somme|"
    r"endbetrag|montant total|montant du (?:virement|reglement|paiement)|"
    r"net a payer|net paye|amount paid|payment amount|check amount|cheque amount|"
    r"remitting|remitted|remittance amount|transfer amount|amount|zahlbetrag|"
    r"zahlungsbetrag|uberweisungsbetrag|montant regle|montant paye)\b"
)
_DEDUCTION = re.compile(
    r"^(?:deductions?|retenues?|escomptes?|discounts?|skonto|abzug|abzuge|remises?)\b"
)
_INVOICES = re.compile(
    r"^(?:invoices?|factures?|rechnung(?:en|snummern?)?|documents?|references?)"
    r"(?: (?:nos?|numbers?|n|numeros?|nr))?$"
)


def column_of(heading: object) -> str | None:
    """Tell what a heading means; ``other`` where it speaks against an advice."""
    words = folded(str(heading))
    bare = re.sub(r" (?:eur|usd|gbp|chf|tnd|xpf|en eur|in eur|en euros?)$", "", words)
    for said in (words, bare):
        if said in NO_ADVICE:
            return "other"
        for target, known in COLUMNS.items():
            if said in known:
                return target
    return None


def is_total(text: str) -> bool:
    """Tell whether a line or a cell speaks of the total."""
    return _TOTAL.match(folded(text)) is not None


def label_target(label: str) -> str | None:
    """Tell what a folded label in a text means."""
    if _DEDUCTION.match(label):
        return "deduction"
    if _INVOICES.match(label):
        return "invoices"
    for target in ("payment_reference", "payment_date", "payer_name", "currency"):
        if label in COLUMNS[target]:
            return target
    return "total" if _TOTAL.match(label) else None
