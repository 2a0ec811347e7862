"""History in an export of clearings: SAP's, Sage's, Odoo's, each by its profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from clearing_book import NOW, Book
from past_told import codes, told

from alloc.app.past import FollowedBook, receipts_between
from alloc.app.replay import replay
from alloc.app.replay.clearings import past_of_clearings
from alloc.app.replay.letters import with_customers_of
from alloc.errors import InputError
from alloc.ingest import check_profile, load_profile
from alloc.ingest.clearings import read_clearings

if TYPE_CHECKING:
    from pathlib import Path

    from alloc.app.past import Past

#: Cleared items of SAP's line item list: documents with an indicator and a clearing.
SAP = """
kind = "clearings"
entity = "E1"
optional = ["deduction_minor"]
[file]
format = "csv"
separator = ";"
[form]
decimal = ","
thousands = "."
date = "%d.%m.%Y"
[columns]
customer_id = "Account"
currency = "Document currency"
item_id = "Document Number"
reference = "Reference"
issue_date = "Posting Date"
kind = "Document Type"
amount_minor = "Amount in doc. curr."
deduction_minor = "Cash discount amount"
clearing = "Clearing Document"
clearing_date = "Clearing date"
[kinds]
RV = "invoice"
DG = "credit_note"
DZ = "payment"
"""
SAP_HEAD = (
    "Account;Document currency;Document Number;Reference;Posting Date;Document Type;"
    "Amount in doc. curr.;Cash discount amount;Clearing Document;Clearing date"
)

#: Lettered lines of Sage: debit and credit, the journal tells what a line is.
SAGE = """
kind = "clearings"
entity = "E1"
currency = "EUR"
[file]
format = "csv"
separator = ";"
encoding = "iso-8859-15"
[form]
decimal = ","
date = "%d/%m/%Y"
[columns]
customer_id = "Compte tiers"
item_id = "N° pièce"
issue_date = "Date"
kind = "Code journal"
debit = "Débit"
credit = "Crédit"
clearing = "Lettrage"
[kinds]
VT = "invoice"
BQ = "payment"
"""
SAGE_HEAD = "Compte tiers;N° pièce;Date;Code journal;Débit;Crédit;Lettrage"

#: Partial reconciles of Odoo: what a credit line cleared of a debit line.
ODOO = """
kind = "clearings"
entity = "E1"
currency = "EUR"
[file]
format = "csv"
separator = ","
[columns]
customer_id = "Debit Move/Partner"
item_id = "Debit Move/Number"
issue_date = "Debit Move/Date"
amount_minor = "Amount"
kind = "Credit Move/Type"
payment = "Credit Move/Number"
payment_date = "Credit Move/Date"
clearing_date = "Max Date"
[kinds]
entry = "payment"
out_refund = "credit_note"
"""
ODOO_HEAD = (
    "Debit Move/Partner,Debit Move/Number,Debit Move/Date,Amount,Credit Move/Type,"
    "Credit Move/Number,Credit Move/Date,Max Date"
)


def written(folder: Path, lines: str, head: str) -> Path:
    path = folder / "cleared.csv"
    rows = [head, *(line.strip() for line in lines.strip().splitlines())]
    encoding = "iso-8859-15" if head is SAGE_HEAD else "utf-8"
    path.write_text("\n".join(rows) + "\n", encoding=encoding)
    return path


def past_of(book: Book, path: Path, profile: str) -> Past:
    rows = read_clearings(
        path, [load_profile(profile, "erp")], name=path.name, entities={"E1"}
    )
    return past_of_clearings(
        rows,
        receipts_between(book.ledger, since=None, until=None),
        entity=book.settings.entities[0],
        known=book.ledger.open_items(closed=True),
    )


SAP_ROWS = """
C-LAC;EUR;1800001;INV-1;01.03.2026;RV;1.120,00;0,00;14001;07.03.2026
C-LAC;EUR;1800002;INV-2;02.03.2026;RV;80,00;0,00;14001;07.03.2026
C-LAC;EUR;1600003;AV-3;03.03.2026;DG;-40,00;0,00;14001;07.03.2026
C-LAC;EUR;1400009;;07.03.2026;DZ;-1.160,00;22,40;14001;07.03.2026
C-LAC;EUR;1800004;INV-4;03.03.2026;RV;75,00;0,00;;
"""


def test_documents_of_one_clearing_were_paid_by_its_payment(book: Book, tmp_path: Path):
    # The bank has what the discount left.
    book.write('payment B1 1137.60 EUR on 2026-03-06 from C-LAC "INV-1 INV-2 AV-3"')
    path = written(tmp_path, SAP_ROWS, SAP_HEAD)
    past = past_of(book, path, SAP)
    assert past.findings == ()
    paid = {"1800001": 112_000, "1800002": 8_000, "1600003": -4_000}
    assert told(past) == [paid]
    names = dict(
        zip(
            *(past.items[name].to_pylist() for name in ("item_id", "reference")),
            strict=True,
        )
    )
    assert names["1800001"] == "INV-1"
    customers = with_customers_of(past.items, book.ledger.customers())
    found = replay(
        *(past, book.settings, customers, book.ledger.remittances()), today=NOW.date()
    )
    (row,) = found.outcomes.to_pylist()
    assert (row["deducted_minor"], row["lines"]) == (2_240, 3)


def test_lettered_lines_of_sage_are_read_with_both_columns(book: Book, tmp_path: Path):
    book.write('payment B1 150.00 EUR on 2026-03-06 from C-LAC "?"')
    rows = """
        C-LAC;INV-1;01/03/2026;VT;100,00;;AA
        C-LAC;INV-2;02/03/2026;VT;50,00;;AA
        C-LAC;R-9;06/03/2026;BQ;;150,00;AA
    """
    past = past_of(book, written(tmp_path, rows, SAGE_HEAD), SAGE)
    assert told(past) == [{"INV-1": 10_000, "INV-2": 5_000}]


ODOO_ROWS = """
    C-LAC,INV-1,2026-03-01,100.00,entry,BNK/1,2026-03-06,2026-03-06
    C-LAC,INV-1,2026-03-01,20.00,out_refund,RINV-1,2026-03-02,2026-03-06
    C-LAC,INV-2,2026-03-01,50.00,entry,BNK/1,2026-03-06,2026-03-06
    C-LAC,INV-2,2026-03-01,30.00,entry,BNK/2,2026-03-09,2026-03-09
    C-LAC,INV-3,2026-03-01,15.00,out_refund,RINV-3,2026-03-02,2026-03-04
    C-LAC,INV-3,2026-03-01,45.00,entry,BNK/3,2026-03-12,2026-03-12
"""


def test_what_each_payment_cleared_of_an_item_is_told_pair_by_pair(
    book: Book, tmp_path: Path
):
    book.write('payment B1 150.00 EUR on 2026-03-06 from C-LAC "?"')
    book.write('payment B2 30.00 EUR on 2026-03-09 from C-LAC "?"')
    book.write('payment B3 45.00 EUR on 2026-03-12 from C-LAC "?"')
    past = past_of(book, written(tmp_path, ODOO_ROWS, ODOO_HEAD), ODOO)
    assert past.findings == ()
    assert told(past) == [
        # A credit note that was used on the day of the payment is part of it ...
        {"INV-1": 12_000, "RINV-1": -2_000, "INV-2": 5_000},
        {"INV-2": 3_000},
        # ... and one that was used before is not.
        {"INV-3": 4_500},
    ]
    followed = FollowedBook(past)
    for day, payments in past.days():
        opened = followed.visible(day)
        for name in payments["payment_id"].to_pylist():
            followed.follow(day, name)
        assert ("RINV-3" in opened["item_id"].to_pylist()) is False
    assert followed.visible(NOW.date()).num_rows == 0, "all of it is cleared"


def test_items_that_no_row_names_were_open_beside_the_others(
    book: Book, tmp_path: Path
):
    book.write("""
        item INV-2 100.00 EUR of C-LAC issued 2026-03-01
        item INV-8 60.00 EUR of C-LAC issued 2026-03-01
        payment B1 30.00 EUR on 2026-03-06 from C-LAC "?"
    """)
    rows = "C-LAC,INV-2,2026-03-01,30.00,entry,BNK/1,2026-03-06,2026-03-06"
    past = past_of(book, written(tmp_path, rows, ODOO_HEAD), ODOO)
    opened = zip(
        *(past.items[name].to_pylist() for name in ("item_id", "open_minor")),
        strict=True,
    )
    assert dict(opened) == {"INV-2": 10_000, "INV-8": 6_000}
    assert told(past) == [{"INV-2": 3_000}]


@pytest.mark.parametrize(
    ("rows", "code", "example"),
    [
        (
            """C-LAC;EUR;1;;01.03.2026;RV;100,00;;14001;07.03.2026
            C-LAC;EUR;2;;01.03.2026;RV;60,00;;14001;07.03.2026
            C-LAC;EUR;9;;07.03.2026;DZ;-150,00;;14001;07.03.2026""",
            "LETTER_UNBALANCED",
            "cleared.csv:2",
        ),
        (
            "C-LAC;EUR;9;;07.03.2026;DZ;-150,00;;;",
            "NO_LETTER",
            "cleared.csv:2",
        ),
        (
            """C-LAC;EUR;1;;09.03.2026;RV;150,00;;14001;09.03.2026
            C-LAC;EUR;9;;07.03.2026;DZ;-150,00;;14001;09.03.2026""",
            "CLEARED_BEFORE_ISSUED",
            "cleared.csv:2",
        ),
        (
            """C-LAC;EUR;1;;01.03.2026;RV;151,00;;14001;07.03.2026
            C-LAC;EUR;9;;07.03.2026;DZ;-151,00;;14001;07.03.2026""",
            "RECEIPT_NOT_FOUND",
            "cleared.csv:3",
        ),
        (
            "C-LAC;USD;1;;01.03.2026;RV;151,00;;;",
            "CLEARED_ABROAD",
            "cleared.csv:2",
        ),
    ],
)
def test_what_cannot_be_compared_is_named_with_its_line(
    book: Book, tmp_path: Path, rows: str, code: str, example: str
):
    book.write('payment B1 150.00 EUR on 2026-03-06 from C-LAC "?"')
    past = past_of(book, written(tmp_path, rows, SAP_HEAD), SAP)
    assert codes(past) == {code: (example,)}
    assert told(past) == []


def test_letters_that_are_used_again_in_another_year_are_other_letters(
    book: Book, tmp_path: Path
):
    book.write('payment B1 100.00 EUR on 2026-03-06 from C-LAC "?"')
    rows = """
        C-LAC;EUR;1;;01.03.2025;RV;70,00;;A;07.03.2025
        C-LAC;EUR;2;;07.03.2025;DZ;-70,00;;A;07.03.2025
        C-LAC;EUR;3;;01.03.2026;RV;100,00;;A;07.03.2026
        C-LAC;EUR;4;;07.03.2026;DZ;-100,00;;A;07.03.2026
    """
    past = past_of(book, written(tmp_path, rows, SAP_HEAD), SAP)
    assert told(past) == [{"3": 10_000}]


def test_a_bank_account_that_the_export_names_is_looked_at(book: Book, tmp_path: Path):
    book.write('payment B1 150.00 EUR on 2026-03-06 from C-LAC "?"')
    account = 'payment_account = "Bank"\nclearing_date'
    profile = ODOO.replace("clearing_date", account)
    head = ODOO_HEAD + ",Bank"
    row = "C-LAC,INV-1,2026-03-01,150.00,entry,BNK/1,2026-03-06,2026-03-06"
    for bank, found in (
        ("512000", 1),
        ("FR1420041010050500013M02606", 1),
        ("512900", 0),
    ):
        path = written(tmp_path, f"{row},{bank}", head)
        assert len(told(past_of(book, path, profile))) == found, bank


def test_a_profile_of_clearings_names_the_payment_or_what_was_cleared_together():
    lines = [line for line in SAGE.splitlines() if "Lettrage" not in line]
    with pytest.raises(InputError, match="payment_date is missing, which names"):
        load_profile("\n".join(lines), "sage")


def test_the_check_of_a_profile_shows_what_is_understood(tmp_path: Path):
    report = check_profile(
        written(tmp_path, SAP_ROWS, SAP_HEAD), load_profile(SAP, "sap")
    )
    assert (report.kind, report.rows, report.problems_count) == ("clearings", 5, 0)
    (total,) = report.sums
    assert (total.debit_minor, total.credit_minor) == (127_500, -120_000)


def test_a_row_that_cannot_be_read_is_named(book: Book, tmp_path: Path):
    rows = SAP_ROWS.replace("03.03.2026;RV", "30.02.2026;RV")
    with pytest.raises(InputError, match=r"cleared.csv:6: issue_date: '30.02.2026'"):
        past_of(book, written(tmp_path, rows, SAP_HEAD), SAP)


def test_a_file_of_something_else_is_refused(tmp_path: Path):
    path = tmp_path / "items.csv"
    path.write_text(
        "entity,item_id,customer_id,currency,open_amount\nE1,1,C,EUR,5.00\n"
    )
    with pytest.raises(InputError, match="holds open_items by the profile generic"):
        read_clearings(path, [], name=path.name, entities={"E1"})
