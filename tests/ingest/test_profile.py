"""Mapping profiles are checked whole; files are matched to exactly one of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from alloc.errors import InputError
from alloc.ingest import (
    Profile,
    builtin_profiles,
    check_profile,
    detect,
    load_profile,
    load_profiles,
)
from alloc.ingest.profile import TARGETS, TEXTS

if TYPE_CHECKING:
    from pathlib import Path

ERP = """\
kind = "open_items"
currency = "EUR"

[file]
format = "csv"
separator = ";"
encoding = "iso-8859-15"

[form]
decimal = ","
date = "%d/%m/%Y"

[columns]
entity = "Société"
item_id = "N° pièce"
customer_id = "Client"
open_minor = "Solde"
due_date = "Échéance"

[entities]
"01" = "E01"
"""


def profile(text: str = ERP, name: str = "erp") -> Profile:
    return load_profile(text, name)


def mistakes(text: str) -> str:
    with pytest.raises(InputError) as caught:
        load_profile(text, "erp")
    assert caught.value.reason in ("PROFILE_INVALID", "TOML_SYNTAX")
    return str(caught.value)


def test_a_profile_says_how_a_file_is_written() -> None:
    read = profile()
    assert (read.kind, read.formats, read.separator) == ("open_items", ("csv",), ";")
    assert (read.encoding, read.currency) == ("iso8859-15", "EUR")
    assert (read.form.decimal, read.form.dates) == (",", ("%d/%m/%Y",))
    assert read.columns["open_minor"] == "Solde"
    assert read.entities == {"01": "E01"}
    assert not read.credit_positive


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('kind = "open_items"', "", "erp.toml:1: file: kind is missing"),
        ('"open_items"', '"items"', "erp.toml:1: kind: must be one of open_items"),
        ('format = "csv"', "", "erp.toml:4: file: format is missing"),
        ('"csv"', '["csv", "xls"]', "erp.toml:5: file.format: must be of csv"),
        ('";"', '";;"', "erp.toml:6: file.separator: must be one ASCII character"),
        ("iso-8859-15", "latin-99", "erp.toml:7: file.encoding: 'latin-99' is not"),
        ("iso-8859-15", "base64", "erp.toml:7: file.encoding: 'base64' is not"),
        ('","', '";"', "erp.toml:10: form.decimal: must be one of ., ,"),
        ('decimal = ","', "thousands = '.'", "erp.toml:10: form.thousands: must"),
        ('"%d/%m/%Y"', '"%d/%m"', "erp.toml:11: form.date: '%d/%m' is not a whole"),
        ('"%d/%m/%Y"', '"%d/%m/%Y %d"', "erp.toml:11: form.date: '%d/%m/%Y %d' is"),
        ('"%d/%m/%Y"', '"dd/mm/yyyy"', "erp.toml:11: form.date: 'dd/mm/yyyy' is not"),
        ('item_id = "N° pièce"\n', "", "erp.toml:13: columns: item_id is missing"),
        ('entity = "Société"\n', "", "columns: entity is missing, or entity = ... at"),
        ("item_id =", "itemid =", "erp.toml:15: columns.itemid: unknown key; did you"),
        ('"Solde"', "7", "erp.toml:17: columns.open_minor: expected text in quotes"),
        ('open_minor = "Solde"', 'debit = "D"', "columns.debit: debit and credit come"),
        ('"01" = "E01"', '"01" = 1', "erp.toml:21: entities.01: expected text"),
        ('"EUR"', '"EURO"', "erp.toml:2: currency: 'EURO' is not an ISO 4217 currency"),
        ("[form]", "[from]", "erp.toml:9: from: unknown key; did you mean form?"),
        ("[form]", "[form", "erp.toml:9: not TOML: "),
    ],
)
def test_a_mistake_is_named_with_its_line_and_key(
    old: str, new: str, said: str
) -> None:
    assert old in ERP
    assert said in mistakes(ERP.replace(old, new, 1))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("[kinds]\nFA = 'bill'", "erp.toml:23: kinds.FA: must be one of invoice"),
        ("[indicator]\ndebit = ['C']", "'C' is debit and credit at once"),
        ("[skip]\n'Solde' = 3", "skip.Solde: expected a text or a list of texts"),
        ("[detect]\ncolumn = ['x']", "detect.column: unknown key; did you mean column"),
    ],
)
def test_a_mistake_in_a_further_table_is_named(more: str, said: str) -> None:
    assert said in mistakes(ERP + more)


def test_what_is_only_wrong_together_is_named() -> None:
    assert "entity: entity is also a column" in mistakes("entity = 'E01'\n" + ERP)
    assert "debit and credit" in mistakes(
        ERP.replace("open_minor", "credit = 'C'\ndebit = 'D'\nopen_minor")
    )
    assert "optional: reference is not one of" in mistakes(
        "optional = ['reference']\n" + ERP
    )
    customers = (
        "kind = 'customers'\nsnapshot = true\nentity = 'E'\n[file]\nformat = 'csv'\n"
        "[form]\nsign = 'credit_positive'\n[columns]\ncustomer_id = 'a'\nname = 'b'"
    )
    said = mistakes(customers)
    assert "snapshot: only open items" in said
    assert "entity: customers have no entity" in said
    assert "form.sign: customers have no amount" in said


def test_the_profiles_of_a_folder_are_read_by_name(tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_text(ERP)
    (tmp_path / "a.toml").write_text(ERP)
    assert [read.name for read in load_profiles(tmp_path)] == ["a", "b"]
    assert load_profiles(tmp_path / "none") == ()
    (tmp_path / "c.toml").write_bytes(b"kind = '\xe9'")
    with pytest.raises(InputError, match=r"c\.toml:1: not UTF-8"):
        load_profiles(tmp_path)


def test_generic_profiles_come_with_the_package() -> None:
    kinds = {read.name: read.kind for read in builtin_profiles()}
    assert kinds == {
        "generic_clearings": "clearings",
        "generic_customers": "customers",
        "generic_open_items": "open_items",
        "generic_remittances": "remittances",
        "generic_statement": "statement",
    }


# Recognising files

TABLE = "Société;N° pièce;Client;Solde;Échéance\n01;F1;C1;12,50;31/01/2026\n"


def written(path: Path, text: str, encoding: str = "iso-8859-15") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def test_a_table_is_recognised_by_its_columns_whatever_its_name(tmp_path: Path) -> None:
    path = written(tmp_path / "statement.xml", TABLE)
    found = detect(path, [profile()])
    assert (found.format, found.kind) == ("csv", "open_items")
    assert found.profile == profile()


def test_a_header_is_found_below_a_title_and_in_another_spelling(
    tmp_path: Path,
) -> None:
    text = "Balance âgée;;\n\n" + TABLE.replace("Client", "  CLIENT ")
    assert detect(written(tmp_path / "x", text), [profile()]).profile == profile()


def test_a_profile_of_the_workspace_goes_before_a_generic_one(tmp_path: Path) -> None:
    generic = "entity,item_id,customer_id,currency,open_amount\nE,F,C,EUR,1.00\n"
    path = written(tmp_path / "x.csv", generic)
    found = detect(path, [profile()]).profile
    assert found is not None
    assert found.name == "generic_open_items"
    own = load_profile(
        "kind='open_items'\n[file]\nformat='csv'\n[columns]\nentity='entity'\n"
        "item_id='item_id'\ncustomer_id='customer_id'\ncurrency='currency'\n"
        "open_minor='open_amount'",
        "own",
    )
    assert detect(path, [profile(), own]).profile == own


def test_columns_that_are_only_there_to_recognise_a_file_must_be_there(
    tmp_path: Path,
) -> None:
    sales = profile(ERP + "[detect]\ncolumns = ['Vendeur']\n", "sales")
    plain = written(tmp_path / "x.csv", TABLE)
    assert detect(plain, [profile()]).profile == profile()
    with pytest.raises(InputError, match="sales, needs the columns 'Vendeur'"):
        detect(plain, [sales])
    more = written(tmp_path / "y.csv", TABLE.replace("Client;", "Client;Vendeur;", 1))
    assert detect(more, [sales]).profile == sales


def test_a_table_that_fits_two_profiles_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", TABLE)
    with pytest.raises(InputError, match="fits several profiles: erp, twin") as caught:
        detect(path, [profile(), profile(name="twin")])
    assert caught.value.reason == "PROFILE_AMBIGUOUS"


def test_a_table_that_fits_none_names_what_the_nearest_lacks(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", TABLE.replace("Solde", "Reste"))
    with pytest.raises(InputError, match="erp, needs the columns 'Solde'") as caught:
        detect(path, [profile()])
    assert caught.value.reason == "PROFILE_MISSING"
    assert caught.value.metadata["profile"] == "erp"
    assert caught.value.metadata["field"] == "Solde"


def test_the_wrong_encoding_is_named_and_not_a_missing_column(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", TABLE, "utf-8")
    with pytest.raises(InputError, match="is UTF-8, the profile says") as caught:
        detect(path, [profile()])
    assert caught.value.reason == "ENCODING_WRONG"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "FILE_EMPTY"),
        (b" \r\n\t\n", "FILE_EMPTY"),
        (b"\x7fELF\x00\x00", "FORMAT_UNKNOWN"),
        (b"PK\x03\x04 cut", "FILE_DAMAGED"),
        (b"PAR1 cut", "FILE_DAMAGED"),
        (b"just a text", "PROFILE_MISSING"),
        (b'"never closed;a;b\n1;2;3', "PROFILE_MISSING"),
    ],
)
def test_what_is_no_table_is_refused_by_name(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"odd\.csv") as caught:
        detect(path, [profile()])
    assert caught.value.reason == reason
    assert caught.value.metadata["file"] == "odd.csv"


def test_a_file_that_cannot_be_opened_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder") as caught:
        detect(tmp_path)
    assert caught.value.reason == "FILE_IS_FOLDER"
    with pytest.raises(InputError, match="does not exist") as caught:
        detect(tmp_path / "none.csv")
    assert caught.value.reason == "FILE_MISSING"


# Checking a profile


def test_a_check_shows_each_column_before_and_after(tmp_path: Path) -> None:
    text = TABLE + "01;F2;C2;-2,50;28/02/2026\n01;F3;C2;1 000,00;\n"
    report = check_profile(written(tmp_path / "x.csv", text), profiles=[profile()])
    columns = {column.target: column for column in report.columns}
    assert columns["open_minor"].before == ("12,50", "-2,50", "1 000,00")
    assert columns["open_minor"].after == (1250, -250, 100000)
    assert columns["entity"].after == ("E01", "E01", "E01")
    assert (columns["due_date"].filled, columns["currency"].source) == (2, "")
    (total,) = report.sums
    assert (total.entity, total.currency, total.count) == ("E01", "EUR", 3)
    assert (total.debit_minor, total.credit_minor) == (101250, -250)
    assert [str(day) for day in report.dates["due_date"]] == [
        "2026-01-31",
        "2026-02-28",
    ]
    assert (report.rows, report.skipped, report.problems) == (3, 0, ())
    assert (report.encoding, report.separator, report.header_line) == (
        "iso8859-15",
        ";",
        1,
    )


def test_a_check_lists_the_problems_and_still_shows_the_rest(tmp_path: Path) -> None:
    text = TABLE + "02;F2;C2;x;31/02/2026\n"
    path = written(tmp_path / "x.csv", text)
    report = check_profile(path, profile(), entities=["E01"])
    assert report.problems_count == 3
    assert [line.split(": ")[:2] for line in report.problems] == [
        ["x.csv:3", "due_date"],
        ["x.csv:3", "entity"],
        ["x.csv:3", "open_minor"],
    ]
    assert report.rows == 2


def test_a_check_names_headings_that_nobody_reads(tmp_path: Path) -> None:
    text = "Société;N° pièce;Client;Solde;Échéance;Vendeur\n01;F1;C1;1,00;;x\n"
    report = check_profile(written(tmp_path / "x.csv", text), profile())
    assert report.unread == ("Vendeur",)


def test_the_example_of_the_guide_is_valid(root: Path) -> None:
    guide = (root / "docs/guide/profiles.md").read_text("utf-8")
    example = guide.partition("```toml\n")[2].partition("```")[0]
    assert load_profile(example, "guide").snapshot
    for kind, targets in TARGETS.items():
        (row,) = [line for line in guide.splitlines() if line.startswith(f"| `{kind}`")]
        listed = set(re.findall("`([a-z_]+)`", row)) - {kind}
        assert listed == set(targets) - {"debit", "credit", "indicator", *TEXTS[1:]}


def test_the_example_of_a_bank_statement_in_the_guide_is_valid(root: Path) -> None:
    guide = (root / "docs/guide/profiles.md").read_text("utf-8")
    section = guide.partition("## Bank statements")[2]
    example = section.partition("```toml\n")[2].partition("```")[0]
    profile = load_profile(example, "guide")
    assert profile.kind == "statement"
    assert profile.columns["remittance_text_2"] == "Détail"
