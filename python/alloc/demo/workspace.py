"""Writes the settings of the workspace and the mapping profiles of its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alloc.demo.erp import VOLANT_FIRST_COMPANY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alloc.demo.group import Entity
    from alloc.demo.plan import Plan

_VOLANT_ITEMS = """\
# Open items as Volant exports them: French headings, a debit and a credit column.
kind = "open_items"
customer_id_prefix = "C"

[file]
format = "csv"
separator = ";"
encoding = "iso-8859-15"

[detect]
columns = ["Société", "Code client", "N° écriture", "N° facture", "Débit", "Crédit"]

[form]
decimal = ","
date = "%d/%m/%Y"
sign = "debit_positive"

[columns]
entity = "Société"
account = "Compte"
customer_id = "Code client"
customer_name = "Nom du client"
item_id = "N° écriture"
reference = "N° facture"
kind = "Nature"
issue_date = "Date facture"
due_date = "Échéance"
original_minor = "Montant initial"
debit = "Débit"
credit = "Crédit"
currency = "Devise"
disputed = "Litige"

[kinds]
FAC = "invoice"
AVO = "credit_note"
ACO = "deposit"
"""

_CARRUS_ITEMS = """\
# Open items as Carrus exports them: a workbook with a title above the header.
kind = "open_items"

[file]
format = "xlsx"
sheet = "Open items"

[detect]
columns = ["Company", "Customer No.", "Entry No.", "Document No.", "Remaining Amount"]

[form]
date = "excel"

[columns]
entity = "Company"
customer_id = "Customer No."
customer_name = "Customer Name"
item_id = "Entry No."
reference = "Document No."
other_references = "Payment Reference"
kind = "Document Type"
issue_date = "Posting Date"
due_date = "Due Date"
currency = "Currency Code"
original_minor = "Original Amount"
open_minor = "Remaining Amount"
disputed = "On Hold"

[kinds]
Invoice = "invoice"
"Credit Memo" = "credit_note"
Prepayment = "deposit"
"""

_CUSTOMERS = """\
# The group's customer file.
kind = "customers"
customer_id_prefix = "C"

[file]
format = "csv"
separator = ";"
encoding = "iso-8859-15"

[detect]
columns = ["Code client", "Nom", "Catégorie", "IBAN"]

[columns]
customer_id = "Code client"
name = "Nom"
customer_type = "Catégorie"
siren = "SIREN"
vat_number = "N° TVA"
known_ibans = "IBAN"
aliases = "Autre nom"
supplier_id = "Code fournisseur"
"""

_SUPPLIERS = """\
# What the group owes: items of suppliers, for offsets.
kind = "open_items"

[file]
format = "csv"
separator = ";"
encoding = "iso-8859-15"

[detect]
columns = ["Société", "Fournisseur", "N° facture fournisseur", "Débit", "Crédit"]

[form]
decimal = ","
date = "%d/%m/%Y"
sign = "debit_positive"

[columns]
entity = "Société"
account = "Compte"
customer_id = "Fournisseur"
customer_name = "Nom du fournisseur"
item_id = "N° écriture"
reference = "N° facture fournisseur"
kind = "Nature"
issue_date = "Date facture"
due_date = "Échéance"
debit = "Débit"
credit = "Crédit"
currency = "Devise"

[kinds]
FF = "payable"
"""

_ADVICES = """\
# Remittance advices of leasing companies and insurers.
kind = "remittances"
currency = "EUR"

[file]
format = "csv"
separator = ";"
encoding = "utf-8"

[detect]
columns = ["Bordereau", "Montant réglé", "Votre facture", "Montant"]

[form]
decimal = ","
date = "%d/%m/%Y"

[columns]
advice = "Bordereau"
payer_name = "Payeur"
payer_iban = "IBAN payeur"
payment_reference = "Bordereau"
payment_date = "Date de règlement"
total_minor = "Montant réglé"
reference = "Votre facture"
amount_minor = "Montant"
deduction_minor = "Retenue"
reason = "Motif"
"""


def _companies(entities: tuple[Entity, ...]) -> str:
    """Say which entity each company number of Volant is."""
    lines = [
        f'"{entity.index + VOLANT_FIRST_COMPANY}" = "{entity.id}"'
        for entity in entities
    ]
    return "\n".join(["", "[entities]", *lines, ""])


def profiles(plan: Plan) -> dict[str, str]:
    """Write the mapping profiles, by file name."""
    companies = _companies(plan.entities)
    return {
        "volant_open_items.toml": _VOLANT_ITEMS + companies,
        "carrus_open_items.toml": _CARRUS_ITEMS,
        "customers.toml": _CUSTOMERS,
        "supplier_items.toml": _SUPPLIERS + companies,
        "remittance_advices.toml": _ADVICES,
    }


def settings(plan: Plan) -> str:
    """Write `alloc.toml`: the group's entities and their bank accounts."""
    return "\n".join(_settings_lines(plan))


def _settings_lines(plan: Plan) -> Iterator[str]:
    yield "# A car-dealer group that does not exist, written by `python -m alloc.demo`."
    yield "[workspace]"
    yield 'name = "Groupe Aurèle Automobiles"'
    yield 'locale = "fr"'
    yield 'currency = "EUR"'
    yield ""
    yield "[policy]"
    yield "max_wrong_ppm = 100"
    yield "# true: a proved unique amount may decide without any reference"
    yield "amount_only = false"
    yield ""
    yield "[journals]"
    yield 'BQ1 = "Banque principale"'
    yield 'BQ2 = "Seconde banque"'
    for entity in plan.entities:
        yield ""
        yield "[[entity]]"
        yield f'id = "{entity.id}"'
        yield f'name = "{entity.name}"'
        yield f'siren = "{entity.siren}"'
        for account in entity.accounts:
            yield ""
            yield f"[[entity.bank]]  # {account.bank.name}, {account.bank.format}"
            yield f'iban = "{account.iban}"'
            yield f'journal = "{account.journal}"'
            yield f'account = "{account.ledger_account}"'
    yield ""
