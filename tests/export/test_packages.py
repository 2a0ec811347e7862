"""Odoo, Sage 100, Quadra, Cegid and SAP get the same journal, each in its own words."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile

import pyarrow as pa
import pytest
from export_journal import ABROAD, ALLOCATIONS, MONTH, entry, tables
from hypothesis import given
from hypothesis import strategies as st
from package_readers import (
    RefusedError,
    read_cegid,
    read_odoo,
    read_odoo_xlsx,
    read_quadra,
    read_sage,
    read_sap,
    sap_minor,
)

from alloc.cli.export import FORMATS, LETTERINGS
from alloc.cli.export_files import FILES
from alloc.cli.exporting import NIGHT_NAMES
from alloc.errors import InputError, LimitError
from alloc.export import fields
from alloc.export.cegid import HEADER as CEGID_HEADER
from alloc.export.cegid import cegid
from alloc.export.fields import letter_code
from alloc.export.odoo import SIGNED, odoo_csv, odoo_matching, odoo_moves
from alloc.export.quadra import quadra
from alloc.export.sage import HEADER, sage
from alloc.export.sap import sap
from alloc.export.workbook import workbook
from alloc.settings import EXPORT_FORMATS

EUR = {"E1": "EUR"}
WRITERS = {
    "sage": lambda *rows: HEADER + sage(*tables(list(rows)), currencies=EUR),
    "quadra": lambda *rows: quadra(*tables(list(rows)), currencies=EUR),
    "cegid": lambda *rows: CEGID_HEADER + cegid(*tables(list(rows)), currencies=EUR),
    "odoo": lambda *rows: odoo_csv(odoo_moves(*tables(list(rows)), currencies=EUR)),
    "odoo-xlsx": lambda *rows: workbook(
        [odoo_moves(*tables(list(rows)), currencies=EUR)], sheet="moves", numbers=SIGNED
    ),
}
READERS = {
    "sage": read_sage,
    "quadra": read_quadra,
    "cegid": read_cegid,
    "odoo": read_odoo,
    "odoo-xlsx": read_odoo_xlsx,
}
EXPECTED = [
    (account, customer, minor)
    for row in MONTH
    for account, customer, minor, _ in row["lines"]
]


@pytest.mark.parametrize("package", READERS)
def test_what_the_package_reads_is_the_journal(package: str) -> None:
    lines = READERS[package](WRITERS[package](*MONTH))
    read = [(line.account, line.partner, line.minor) for line in lines]
    if package == "quadra":
        assert read == [
            (customer or account, customer or account, minor)
            for account, customer, minor in EXPECTED
        ]
    else:
        assert read == [
            (account, customer or "", minor) for account, customer, minor in EXPECTED
        ]
    assert len({line.entry for line in lines}) == len(MONTH)


def test_letters_are_written_as_each_package_knows_them() -> None:
    letters = {
        package: [line.letter for line in READERS[package](WRITERS[package](*MONTH))]
        for package in READERS
    }
    assert letters["sage"] == ["", "", "", "AAA", "", "aaa", "", "AAA", "AAA", ""]
    assert letters["quadra"] == ["", "", "", "AA", "", "", "", "AA", "AA", ""]
    assert set(letters["cegid"]) == {""}
    assert letters["odoo-xlsx"] == letters["odoo"]
    assert letters["odoo"] == ["", "", "", "I1", "", "I2", "", "I3", "I4", ""]


def spoiled(data: bytes, old: bytes, new: bytes) -> bytes:
    """Replace bytes of a file; of a workbook those of its parts."""
    if not data.startswith(b"PK"):
        assert old in data
        return data.replace(old, new)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as parts, zipfile.ZipFile(out, "w") as whole:
        texts = {name: parts.read(name) for name in parts.namelist()}
        assert any(old in text for text in texts.values())
        for name, text in texts.items():
            whole.writestr(name, text.replace(old, new))
    return out.getvalue()


@pytest.mark.parametrize(
    ("package", "amount", "day", "wrong_day"),
    [
        ("sage", b"1200,00", b"010426", b"011326"),
        ("quadra", b"120000", b"010426", b"011326"),
        ("cegid", b"1200,00", b"01042026", b"01132026"),
        ("odoo", b"1200.00", b"2026-04-01", b"2026-13-01"),
        ("odoo-xlsx", b"1200.00", b"2026-04-01", b"2026-13-01"),
    ],
)
def test_the_reader_refuses_a_spoiled_file(
    package: str, amount: bytes, day: bytes, wrong_day: bytes
) -> None:
    data = WRITERS[package](*MONTH)
    for old, new in (
        (amount, amount[:-1] + b"1"),
        (amount, amount[:-1] + b"x"),
        (day, wrong_day),
    ):
        with pytest.raises(RefusedError):
            READERS[package](spoiled(data, old, new))


@pytest.mark.parametrize("package", READERS)
def test_a_label_that_a_spreadsheet_would_run_is_disarmed(package: str) -> None:
    labels = {line.label for line in READERS[package](WRITERS[package](*MONTH))}
    assert "Virement reçu" in labels
    assert all(not label.startswith(("=", "+", "-", "@")) for label in labels)


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_text_from_outside_breaks_a_package_file(label: str, piece: str) -> None:
    lines = (("512000", None, 100, None), ("411000", "C1", -100, None))
    row = entry(1, 1, *lines, label=label, piece_ref=piece)
    for package, read in READERS.items():
        assert [line.minor for line in read(WRITERS[package](row))] == [100, -100]


@pytest.mark.parametrize(
    ("package", "field", "value"),
    [
        ("sage", "customer", "C" * 18),
        ("sage", "account", "4" * 14),
        ("sage", "journal", "BANQUES"),
        ("quadra", "customer", "C" * 9),
        ("quadra", "account", "4" * 9),
        ("quadra", "journal", "BANK"),
        ("cegid", "customer", "C" * 18),
        ("cegid", "account", "4" * 18),
        ("cegid", "journal", "BANK"),
    ],
)
def test_a_code_that_the_package_would_cut_is_refused_by_name(
    package: str, field: str, value: str
) -> None:
    customer = value if field == "customer" else "C1"
    account = value if field == "account" else "411000"
    lines = (("512000", None, 100, None), (account, customer, -100, None))
    more = {"journal": value} if field == "journal" else {}
    with pytest.raises(InputError) as caught:
        WRITERS[package](entry(7, 1, *lines, **more))
    assert caught.value.reason == "FIELD_TOO_LONG"
    assert value in str(caught.value)
    assert caught.value.metadata["seq"] == "7"


@pytest.mark.parametrize("package", READERS)
def test_an_entry_in_another_currency_is_refused(package: str) -> None:
    with pytest.raises(InputError) as caught:
        WRITERS[package](MONTH[0] | {"currency": "USD"})
    assert caught.value.reason == "EXPORT_CURRENCY"


def test_an_amount_wider_than_quadra_is_refused() -> None:
    lines = (("512000", None, 10**12, None), ("411000", "C1", -(10**12), None))
    with pytest.raises(InputError) as caught:
        WRITERS["quadra"](entry(1, 1, *lines))
    assert caught.value.reason == "EXPORT_AMOUNT"


def test_the_same_entry_has_the_same_external_id_in_odoo() -> None:
    whole = read_odoo(WRITERS["odoo"](*MONTH))
    late = read_odoo(WRITERS["odoo"](*MONTH[2:]))
    assert {line.entry for line in late} < {line.entry for line in whole}
    assert whole[0].entry == "alloc.E1-BQ1-2026-000001"


def test_odoo_gets_what_a_line_is_in_its_foreign_currency() -> None:
    rows = csv.DictReader(io.StringIO(WRITERS["odoo"](ABROAD).decode(), newline=""))
    assert [
        (row["line_ids/currency_id"], row["line_ids/amount_currency"]) for row in rows
    ] == [("USD", "11500.00"), ("USD", "-11500.00"), ("", "")]


#: A commission of 90.00 for three items of two sites, one of them a workshop's.
SECTIONED = entry(
    1,
    1,
    ("512000", None, 171_000, None),
    ("622200", None, 9_000, None),
    ("411000", "C-A", -180_000, "AAA"),
    analytic={2: '[[2000,[]],[4000,["BES","REPAIR"]],[3000,["DIJ"]]]'},
)


def test_sections_follow_their_line_in_sage() -> None:
    lines = read_sage(WRITERS["sage"](SECTIONED))
    assert [line.minor for line in lines] == [171_000, 9_000, -180_000]
    assert [line.sections for line in lines] == [
        (),
        (("1", "BES", 4_000), ("1", "DIJ", 3_000), ("2", "REPAIR", 4_000)),
        (),
    ]


def test_a_line_for_several_sections_is_several_lines_in_odoo() -> None:
    for package in ("odoo", "odoo-xlsx"):
        lines = READERS[package](WRITERS[package](SECTIONED))
        assert [(line.account, line.minor, line.sections) for line in lines] == [
            ("512000", 171_000, ()),
            ("622200", 2_000, ()),
            ("622200", 4_000, (("", "BES,REPAIR", 100),)),
            ("622200", 3_000, (("", "DIJ", 100),)),
            ("411000", -180_000, ()),
        ]


LETTERS = pa.schema(
    [
        ("letter_group", pa.int64()),
        ("item_id", pa.string()),
        ("seq", pa.int64()),
        ("line_no", pa.int64()),
        ("amount_minor", pa.int64()),
        ("date", pa.date32()),
    ]
)
DAY = dt.date(2026, 4, 1)
MEMBERS = pa.Table.from_pylist(
    [
        {"letter_group": 1, "item_id": "F1", "amount_minor": 120000, "date": DAY},
        {
            "letter_group": 1,
            "seq": 1,
            "line_no": 4,
            "amount_minor": -120000,
            "date": DAY,
        },
        {"letter_group": 2, "item_id": "F2", "amount_minor": 90000, "date": DAY},
        {"letter_group": 2, "seq": 2, "line_no": 2, "amount_minor": -50000},
    ],
    schema=LETTERS,
)
ALLOCATED = pa.Table.from_pylist(
    [
        {"seq": 1, "entity": "E1", "item_id": "F1", "reference": "FA-1"},
        {"seq": 2, "entity": "E1", "item_id": "F2", "reference": "FA-2"},
    ],
    schema=ALLOCATIONS,
)


def test_the_items_of_odoo_get_the_number_of_the_line_that_clears_them() -> None:
    rows = list(csv.reader(io.StringIO(odoo_csv(odoo_matching(MEMBERS)).decode())))
    assert rows == [["id", "matching_number"], ["F1", "I1"], ["F2", "I2"]]


def documents(*rows: dict[str, object], only: set[int] | None = None):
    wanted = only or {int(str(row["seq"])) for row in rows}
    return read_sap(*sap(*tables(list(rows)), ALLOCATED, MEMBERS, only=wanted))


def test_a_document_of_sap_clears_what_the_payment_settled_whole() -> None:
    found = documents(*MONTH)
    first = found["E1-BQ1-26-000001"]
    assert first.code == "FB05"
    assert first.clears == [("D", "C-A", "FA-1")]
    assert [sap_minor(item) for item in first.items] == [114000, 5000, 1000]
    assert first.header == {
        "BKPF-BUKRS": "E1",
        "BKPF-BLART": "DZ",
        "BKPF-BLDAT": "01.04.2026",
        "BKPF-BUDAT": "01.04.2026",
        "BKPF-WAERS": "EUR",
        "BKPF-XBLNR": "BQ1-26-000001",
        "BKPF-BKTXT": "Virement reçu",
    }


def test_the_first_axis_is_the_cost_centre_in_sap() -> None:
    (document,) = documents(SECTIONED).values()
    assert [(sap_minor(item), item.get("COBL-KOSTL")) for item in document.items] == [
        (171_000, None),
        (2_000, None),
        (4_000, "BES"),
        (3_000, "DIJ"),
    ]


def test_a_part_payment_stays_open_in_sap_assigned_to_its_item() -> None:
    second = documents(*MONTH)["E1-BQ1-26-000002"]
    assert (second.code, second.clears) == ("FB01", [])
    assert [sap_minor(item) for item in second.items] == [50000, -50000]
    assert second.items[1]["RF05A-NEWKO"] == "C/B"
    assert second.items[1]["BSEG-ZUONR"] == "FA-2"


def test_the_last_payment_of_an_item_clears_it_in_sap_with_those_before() -> None:
    first = entry(1, 1, ("512000", None, 500, None), ("411000", "C-A", -500, "AAA"))
    last = entry(2, 2, ("512000", None, 700, None), ("411000", "C-A", -700, "AAA"))
    entries, postings = tables([first, last])
    at = postings.column_names.index("letter_group")
    joined = pa.array([None, 1, None, 1], pa.int64())
    postings = postings.set_column(at, "letter_group", joined)
    members = pa.Table.from_pylist(
        [
            {"letter_group": 1, "item_id": "F1", "amount_minor": 1200},
            {"letter_group": 1, "seq": 1, "line_no": 2, "amount_minor": -500},
            {"letter_group": 1, "seq": 2, "line_no": 2, "amount_minor": -700},
        ],
        schema=LETTERS,
    )
    found = read_sap(*sap(entries, postings, ALLOCATED, members, only={1, 2}))
    before, closing = found["E1-BQ1-26-000001"], found["E1-BQ1-26-000002"]
    assert (before.code, before.clears) == ("FB01", [])
    assert [sap_minor(item) for item in before.items] == [500, -500]
    assert closing.code == "FB05"
    assert closing.clears == [("D", "C-A", "FA-1"), ("D", "C-A", "BQ1-26-000001")]
    assert [sap_minor(item) for item in closing.items] == [700]


def test_a_reversal_in_sap_names_the_document_to_undo() -> None:
    lines = tuple((*line[:2], -line[2], None) for line in MONTH[1]["lines"])
    undo = entry(5, 4, *lines, reverses_seq=2)
    found = documents(*MONTH, undo, only={5})
    assert list(found) == ["E1-BQ1-26-000004"]
    assert found["E1-BQ1-26-000004"][:2] == ("FBRA", "BQ1-26-000002")


def test_items_that_sap_posts_and_clears_balance() -> None:
    settled = {"FA-1": 120000}
    for document in documents(*MONTH).values():
        posted = sum(sap_minor(item) for item in document.items)
        assert posted == sum(settled[name] for _, _, name in document.clears)


@pytest.mark.parametrize("column", ["entity", "journal", "customer"])
def test_a_code_too_long_for_sap_is_refused(column: str) -> None:
    customer = "C" * 18 if column == "customer" else "C1"
    lines = (("512000", None, 100, None), ("411000", customer, -100, None))
    more = {} if column == "customer" else {column: "ABCDEFGH"}
    with pytest.raises(InputError) as caught:
        documents(entry(1, 1, *lines, **more))
    assert caught.value.reason == "FIELD_TOO_LONG"


@pytest.mark.parametrize(
    ("package", "codes"),
    [
        ("sage", {"AAA": "AAA", "ABA": "ABA", "ZZZ": "ZZZ", "aab": "aab"}),
        ("quadra", {"AAA": "AA", "AAZ": "AZ", "ABA": "BA", "AZZ": "ZZ"}),
        ("divalto", {"AAA": "AA", "aab": "ab"}),
        ("ldcompta", {"AAZ": "AAZ", "ABA": "AA0", "ABJ": "AA9", "ABK": "ABA"}),
    ],
)
def test_lettering_codes_keep_their_place_in_the_sequence(
    package: str, codes: dict[str, str]
) -> None:
    assert {code: letter_code(code, package) for code in codes} == codes


@pytest.mark.parametrize(
    ("package", "code"),
    [("sage", "AAAA"), ("quadra", "BAA"), ("divalto", "BAA"), ("ldcompta", "AKAA")],
)
def test_a_package_never_gets_a_code_twice(package: str, code: str) -> None:
    with pytest.raises(LimitError) as caught:
        letter_code(code, package)
    assert caught.value.reason == "LETTERS_OVER_LIMIT"


def test_every_format_is_known_to_command_settings_and_night() -> None:
    assert FORMATS == EXPORT_FORMATS == tuple(FILES) == tuple(NIGHT_NAMES)
    assert tuple(sorted(fields.LETTERINGS)) == LETTERINGS
