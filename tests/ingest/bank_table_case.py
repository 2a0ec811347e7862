"""Bank exports of invented banks, each with the profile that reads it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import xlsxwriter

from alloc.ingest import load_profile
from alloc.ingest.bank_table.reading import read_bank_table

if TYPE_CHECKING:
    from alloc.domain.bank import BankFile

IBAN = "FR7630006000011234567890189"
GERMAN_IBAN = "DE89370400440532013000"
DUTCH_IBAN = "NL91ABNA0417164300"


@dataclass(frozen=True, slots=True)
class Export:
    """A bank's export and how it is read."""

    profile: str
    text: str
    encoding: str = "utf-8"

    def read(self, *changes: tuple[str, str], strict: bool = True) -> BankFile:
        """Read it, with pieces of the file or of the profile changed."""
        text, profile = self.text, self.profile
        for old, new in changes:
            assert old in text or old in profile, old
            text, profile = text.replace(old, new), profile.replace(old, new)
        return read_bank_table(
            text.encode(self.encoding),
            "csv",
            load_profile(profile, "bank"),
            name="bank.csv",
            strict=strict,
        )


FRENCH = Export(
    encoding="windows-1252",
    profile="""
kind = "statement"
currency = "EUR"
[file]
format = "csv"
separator = ";"
encoding = "windows-1252"
[form]
decimal = ","
date = "%d/%m/%Y"
[columns]
booking_date = "Date"
value_date = "Valeur"
remittance_text = ["Libellé", "Détail"]
debit = "Débit"
credit = "Crédit"
[cells]
account = "IBAN"
opening_minor = "Solde au 01/04/2026"
closing_minor = "Solde final"
""",
    text="""\
Banque du Littoral - Relevé de compte
Titulaire : SARL Essai;;;;;
IBAN : FR76 3000 6000 0112 3456 7890 189;
Solde au 01/04/2026 : 10 000,00 EUR

Date;Valeur;Libellé;Détail;Débit;Crédit
01/04/2026;01/04/2026;VIR SEPA MARTIN SARL;FA2603-0001;;1\u00a0200,00
01/04/2026;02/04/2026;PRLV OPÉRATEUR;"Ligne 1; ligne 2";45,90;
02/04/2026;02/04/2026;VIR DURAND ET FILS;FACTURE;;75,10
;;;FA2603-0003;;
02/04/2026;02/04/2026;FRAIS DE TENUE;;3,20;
;;Total des mouvements;;49,10;1 275,10
Solde final;;;;;11 226,00
""",
)

GERMAN = Export(
    encoding="iso-8859-15",
    profile="""
kind = "statement"
[file]
format = ["csv", "xlsx"]
encoding = "iso-8859-15"
[form]
decimal = ","
thousands = "."
date = "%d.%m.%Y"
[columns]
account = "Auftragskonto"
booking_date = "Buchungstag"
value_date = "Valutadatum"
transaction_code = "Buchungstext"
remittance_text = "Verwendungszweck"
counterparty_name = "Beguenstigter/Zahlungspflichtiger"
counterparty_iban = "Kontonummer/IBAN"
amount_minor = "Betrag"
currency = "Währung"
end_to_end_id = "Kundenreferenz"
status = "Info"
[statuses]
"Umsatz gebucht" = "booked"
"Umsatz vorgemerkt" = "pending"
""",
    text="""\
"Auftragskonto";"Buchungstag";"Valutadatum";"Buchungstext";"Verwendungszweck";\
"Beguenstigter/Zahlungspflichtiger";"Kontonummer/IBAN";"Betrag";"Währung";\
"Kundenreferenz";"Info"
"DE89370400440532013000";"03.04.2026";"03.04.2026";"GUTSCHRIFT";\
"RE 4711 VOM 01.03.";"Müller & Söhne";"DE02120300000000202051";"1.190,00";"EUR";\
"E2E-77";"Umsatz gebucht"
"DE89370400440532013000";"02.04.2026";"02.04.2026";"LASTSCHRIFT";"STROM MAERZ";\
"Stadtwerke";"";"-88,40";"EUR";"";"Umsatz gebucht"
"DE89370400440532013000";"07.04.2026";"07.04.2026";"GUTSCHRIFT";"RE 4712";\
"Schmidt KG";"";"50,00";"EUR";"";"Umsatz vorgemerkt"
""",
)

DUTCH = Export(
    profile="""
kind = "statement"
currency = "EUR"
[file]
format = "csv"
separator = ","
[form]
decimal = ","
date = "%Y%m%d"
[indicator]
debit = ["Af"]
credit = ["Bij"]
[columns]
booking_date = "Datum"
counterparty_name = "Naam / Omschrijving"
account = "Rekening"
counterparty_iban = "Tegenrekening"
transaction_code = "Code"
indicator = "Af Bij"
amount_minor = "Bedrag (EUR)"
remittance_text = "Mededelingen"
balance_minor = "Saldo na mutatie"
""",
    text=f"""\
"Datum","Naam / Omschrijving","Rekening","Tegenrekening","Code","Af Bij",\
"Bedrag (EUR)","Mutatiesoort","Mededelingen","Saldo na mutatie"
"20260402","Bakker BV","{DUTCH_IBAN}","NL20INGB0001234567","OV","Bij","250,00",\
"Overschrijving","Factuur 26-118","1325,50"
"20260402","Belastingdienst","{DUTCH_IBAN}","","IC","Af","24,50","Incasso",\
"BTW maart","1075,50"
"20260401","Visser","{DUTCH_IBAN}","","OV","Bij","100,00","Overschrijving",\
"Factuur 26-117","1100,00"
""",
)

AMERICAN = Export(
    profile="""
kind = "statement"
currency = "USD"
account = "000123456789"
optional = ["bank_reference"]
[file]
format = "csv"
[form]
thousands = ","
date = "%m/%d/%Y"
[columns]
booking_date = "Posting Date"
remittance_text = "Description"
amount_minor = "Amount"
balance_minor = "Balance"
bank_reference = "Check or Slip #"
[cells]
opening_minor = "Beginning balance as of"
closing_minor = "Ending balance as of"
opening_date = "Beginning balance as of"
closing_date = "Ending balance as of"
""",
    text="""\
Description,,Summary Amt.
Beginning balance as of 04/01/2026,,"$5,000.00"
Total credits,,"$1,234.56"
Total debits,,"-$34.56"
Ending balance as of 04/30/2026,,"$6,200.00"

Posting Date,Description,Amount,Balance,Check or Slip #
04/02/2026,"ACH CREDIT ACME CORP, INV 10023","$1,234.56","$6,234.56",
04/13/2026,CHECK 1045,($34.56),"$6,200.00",1045
""",
)

BRITISH = Export(
    profile="""
kind = "statement"
[file]
format = "csv"
[form]
date = "%d %b %Y"
debits = "negative"
[columns]
booking_date = "Date"
transaction_code = "Type"
remittance_text = "Narrative"
debit = "Paid out"
credit = "Paid in"
balance_minor = "Balance"
[cells]
account = "Account number"
currency = "Currency"
""",
    text="""\
Account name,Trial Ltd
Account number,20-00-00 13579246
Currency,GBP
Date,Type,Narrative,Paid out,Paid in,Balance
01 Apr 2026,FPI,JONES LTD INV-881,,£420.00,£1420.00
01 Apr 2026,DD,RATES,£-100.00,,
03 Apr 2026,FPI,JONES LTD INV-881,,£420.00,£1740.00
""",
)


def workbook(*sheets: tuple[str, list[list[Any]]]) -> bytes:
    """Write sheets of cells as an XLSX file."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for name, rows in sheets:
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for place, cell in enumerate(row):
                    if hasattr(cell, "year"):
                        sheet.write_datetime(number, place, cell, day)
                    else:
                        sheet.write(number, place, cell)
    return out.getvalue()
