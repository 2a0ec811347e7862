"""History in the books of another system: lettered lines say what each payment paid."""

from __future__ import annotations

import datetime as dt
import io
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from clearing_book import NOW, Book, minor
from past_told import codes, told

from alloc.app.past import FollowedBook, joined, receipts_between
from alloc.app.replay import Replay, replay
from alloc.app.replay.letters import past_of_letters, with_customers_of
from alloc.errors import InputError
from alloc.export.fec_lines import read_fec_lines

if TYPE_CHECKING:
    from alloc.app.past import Past

HEADER = (
    "JournalCode|JournalLib|EcritureNum|EcritureDate|CompteNum|CompteLib|CompAuxNum|"
    "CompAuxLib|PieceRef|PieceDate|EcritureLib|Debit|Credit|EcritureLet|DateLet|"
    "ValidDate|Montantdevise|Idevise"
)


def fec(text: str) -> bytes:
    """Lines ``VT 1 0301 411000 C-LAC INV-1 120.00 A``: a credit is below zero."""
    lines = [HEADER]
    for line in text.strip().splitlines():
        journal, number, day, account, party, piece, amount, *letter = line.split()
        party, piece = party.replace("-.", ""), piece.replace("-.", "")
        cents = abs(minor(amount))
        euros = f"{cents // 100},{cents % 100:02}"
        debit, credit = (euros, "0,00") if minor(amount) > 0 else ("0,00", euros)
        date = f"2026{day}"
        code = letter[0] if letter else ""
        cells = [journal, journal, number, date, account, "Compte", party, party]
        cells += [piece or "P", date, "Libelle", debit, credit, code]
        cells += [date if code else "", date, "", ""]
        lines.append("|".join(cells))
    return "\r\n".join(lines).encode("iso-8859-15")


def sold(number: int, day: str, piece: str, amount: str, letter: str = "") -> str:
    return (
        f"VT {number} {day} 411000 C-LAC {piece} {amount} {letter}\n"
        f"VT {number} {day} 706000 -. {piece} -{amount}\n"
    ).replace("--", "")


def paid(number: int, day: str, amount: str, *letters: tuple[str, str]) -> str:
    lines = [f"BQ {number} {day} 512000 -. R{number} {amount}"]
    lines += [
        f"BQ {number} {day} 411000 C-LAC R{number} -{part} {letter}"
        for part, letter in letters
    ]
    return "\n".join(lines) + "\n"


def past_of(book: Book, said: str | list[pa.Table], **span: dt.date) -> Past:
    if isinstance(said, str):
        said = [read_fec_lines(io.BytesIO(fec(said)), "books.txt")]
    return past_of_letters(
        pa.concat_tables(said),
        receipts_between(book.ledger, since=None, until=None),
        entity=book.settings.entities[0],
        items=book.ledger.open_items().schema,
        **span,
    )


def replayed(book: Book, past: Past) -> Replay:
    return replay(
        *(past, book.settings, with_customers_of(past.items, book.ledger.customers())),
        book.ledger.remittances(),
        today=NOW.date(),
    )


def received(book: Book, *payments: tuple[str, str, str]) -> Book:
    for at, (day, amount, text) in enumerate(payments):
        book.write(f'payment B{at} {amount} EUR on 2026-{day} from C-LAC "{text}"')
    return book


def test_letters_tell_what_a_payment_paid(book: Book):
    received(book, ("03-06", "160.00", "INV-1 INV-2 AND CREDIT AV-3"))
    past = past_of(
        book,
        sold(1, "0301", "INV-1", "120.00", "AA")
        + sold(2, "0302", "INV-2", "80.00", "AA")
        + sold(3, "0303", "AV-3", "-40.00", "AA")
        + sold(4, "0303", "INV-4", "75.00")
        + paid(9, "0307", "160.00", ("160.00", "AA")),
    )
    assert told(past) == [{"INV-1": 12_000, "INV-2": 8_000, "AV-3": -4_000}]
    assert past.findings == ()
    (row,) = replayed(book, past).outcomes.to_pylist()
    said = [row[name] for name in ("verdict", "stratum", "lines", "decided_by")]
    assert said == ["right", "of_few", 3, "books"]


def test_an_entry_may_clear_several_groups_and_parts_of_an_item(book: Book):
    received(book, ("03-06", "150.00", "?"), ("03-09", "50.00", "?"))
    past = past_of(
        book,
        sold(1, "0301", "INV-1", "100.00", "AA")
        + sold(2, "0302", "INV-2", "100.00", "AB")
        + paid(8, "0306", "150.00", ("100.00", "AA"), ("50.00", "AB"))
        + paid(9, "0309", "50.00", ("50.00", "AB")),
    )
    assert told(past) == [{"INV-1": 10_000, "INV-2": 5_000}, {"INV-2": 5_000}]


def test_what_was_cleared_without_a_payment_is_gone_the_next_day(book: Book):
    received(book, ("03-06", "75.00", "INV-4"))
    past = past_of(
        book,
        sold(1, "0301", "INV-1", "120.00", "AA")
        + sold(3, "0304", "AV-3", "-120.00", "AA")
        + sold(4, "0301", "INV-4", "75.00", "AB")
        + paid(9, "0306", "75.00", ("75.00", "AB")),
    )
    followed = FollowedBook(past)
    seen = {
        day: set(followed.visible(dt.date(2026, 3, day))["item_id"].to_pylist())
        for day in (3, 4, 5)
    }
    assert seen == {
        3: {"INV-1", "INV-4"},
        4: {"INV-1", "AV-3", "INV-4"},
        5: {"INV-4"},
    }


@pytest.mark.parametrize(
    ("text", "code", "example"),
    [
        (
            sold(1, "0301", "INV-1", "100.00", "AA")
            + sold(2, "0301", "INV-2", "60.00", "AA")
            + paid(8, "0306", "150.00", ("150.00", "AA")),
            "LETTER_UNBALANCED",
            "books.txt:2",
        ),
        (
            sold(1, "0301", "INV-1", "100.00", "AA")
            + sold(2, "0301", "INV-2", "100.00", "AA")
            + paid(8, "0306", "150.00", ("150.00", "AA"))
            + paid(9, "0306", "50.00", ("50.00", "AA")),
            "LETTER_SEVERAL_RECEIPTS",
            "books.txt:2",
        ),
        (
            sold(1, "0309", "INV-1", "150.00", "AA")
            + paid(8, "0306", "150.00", ("150.00", "AA")),
            "CLEARED_BEFORE_ISSUED",
            "books.txt:2",
        ),
        (paid(8, "0306", "150.00", ("150.00", "")), "NO_LETTER", "books.txt:2"),
        (
            sold(1, "0301", "INV-1", "151.00", "AA")
            + paid(8, "0306", "151.00", ("151.00", "AA")),
            "RECEIPT_NOT_FOUND",
            "books.txt:4",
        ),
        (
            sold(1, "0201", "INV-1", "150.00", "AA")
            + paid(8, "0228", "150.00", ("150.00", "AA")),
            "RECEIPT_NOT_FOUND",
            "books.txt:4",
        ),
    ],
)
def test_what_cannot_be_compared_is_named_and_left_out(
    book: Book, text: str, code: str, example: str
):
    received(book, ("03-06", "150.00", "?"))
    past = past_of(book, text)
    assert codes(past) == {code: (example,)}
    found = replayed(book, past)
    assert (found.outcomes.num_rows, found.waiting) == (0, 1)


def test_what_is_lettered_and_does_not_balance_stays_open(book: Book):
    past = past_of(
        book,
        sold(1, "0301", "INV-1", "100.00", "AA")
        + sold(2, "0301", "AV-2", "-60.00", "AA"),
    )
    opened = FollowedBook(past).visible(dt.date(2026, 3, 31))
    assert set(opened["item_id"].to_pylist()) == {"INV-1", "AV-2"}


def test_equal_amounts_are_paired_by_their_days_or_not_at_all(book: Book):
    received(
        book,
        *(("03-06", "50.00", "A"), ("03-09", "50.00", "B")),
        *(("03-20", "50.00", "C"), ("03-20", "50.00", "D")),
    )
    text = "".join(
        sold(at, "0301", f"INV-{at}", "50.00", f"A{at}")
        + paid(at + 10, day, "50.00", ("50.00", f"A{at}"))
        for at, day in enumerate(["0306", "0309", "0320", "0321"], start=1)
    )
    past = past_of(book, text)
    assert told(past) == [{"INV-1": 5_000}, {"INV-2": 5_000}]
    assert codes(past) == {"RECEIPT_AMBIGUOUS": ("books.txt:12", "books.txt:16")}


def test_a_line_that_cannot_be_read_is_named():
    spoiled = fec(sold(1, "0301", "INV-1", "100.00")).replace(
        b"20260301", b"20260230", 1
    )
    with pytest.raises(InputError, match=r"books.txt:2: EcritureDate: '20260230'"):
        read_fec_lines(io.BytesIO(spoiled), "books.txt")
    spoiled = fec(sold(1, "0301", "INV-1", "100.00")).replace(b"100,00", b"100.00", 1)
    with pytest.raises(InputError, match=r"books.txt:2: no amount"):
        read_fec_lines(io.BytesIO(spoiled), "books.txt")


def test_days_that_are_not_asked_for_are_no_findings(book: Book):
    received(book, ("03-06", "100.00", "?"), ("03-20", "80.00", "?"))
    past = past_of(
        book,
        sold(1, "0201", "INV-1", "100.00", "AA")
        + sold(2, "0201", "INV-2", "80.00", "AB")
        + sold(3, "0201", "INV-3", "60.00", "AC")
        + paid(7, "0210", "60.00", ("60.00", "AC"))
        + paid(8, "0306", "100.00", ("100.00", "AA"))
        + paid(9, "0320", "80.00", ("80.00", "AB"))
        + paid(10, "0325", "5.00", ("5.00", "")),
        since=dt.date(2026, 3, 10),
        until=dt.date(2026, 3, 24),
    )
    assert told(past) == [{"INV-2": 8_000}]
    assert past.findings == ()
    opened = FollowedBook(past).visible(dt.date(2026, 3, 20))
    assert opened["item_id"].to_pylist() == ["INV-2"]


def test_numbers_that_begin_anew_each_month_are_other_entries(book: Book):
    received(book, ("02-06", "100.00", "?"), ("03-06", "80.00", "?"))
    past = past_of(
        book,
        sold(1, "0201", "INV-1", "100.00", "AA")
        + sold(2, "0201", "INV-2", "80.00", "AB")
        + paid(1, "0206", "100.00", ("100.00", "AA"))
        + paid(1, "0306", "80.00", ("80.00", "AB")),
    )
    assert told(past) == [{"INV-1": 10_000}, {"INV-2": 8_000}]


def test_an_entry_without_a_number_is_refused():
    spoiled = fec(sold(1, "0301", "INV-1", "100.00")).replace(b"VT|VT|1|", b"VT|VT||")
    with pytest.raises(InputError, match=r"books.txt:2: EcritureNum: empty"):
        read_fec_lines(io.BytesIO(spoiled), "books.txt")


def test_of_several_entities_five_places_are_named(book: Book):
    past = past_of(book, "".join(paid(at, "0306", "9.00") for at in range(1, 5)))
    (found,) = joined([past, past]).findings
    assert (found.count, len(found.examples)) == (8, 5)


def test_what_a_year_opens_with_is_what_the_year_before_left_open(book: Book):
    received(book, ("03-06", "100.00", "?"))
    before = sold(1, "0102", "INV-0", "20.00") + sold(2, "0110", "INV-1", "100.00")
    after = (
        sold(1, "0301", "INV-1", "100.00", "AA")
        + sold(2, "0301", "INV-2", "100.00")
        + sold(3, "0301", "INV-2", "100.00")
        + paid(9, "0306", "100.00", ("100.00", "AA"))
    )
    lines = [
        read_fec_lines(io.BytesIO(fec(text)), name)
        # Whatever the order that they are named in.
        for text, name in ((after, "after.txt"), (before, "before.txt"))
    ]
    past = past_of(book, lines)
    assert told(past) == [{"INV-1": 10_000}]
    assert past.findings == ()
    names = past.items["item_id"].to_pylist()
    assert sorted(names) == ["INV-0", "INV-1", "INV-2", "INV-2#2"]


def test_an_equal_sum_in_another_currency_is_another_payment(book: Book):
    book.write('payment B0 150.00 USD on 2026-03-06 from C-LAC "?"')
    past = past_of(
        book,
        sold(1, "0301", "INV-1", "150.00", "AA")
        + paid(8, "0306", "150.00", ("150.00", "AA")),
    )
    assert told(past) == []
    assert list(codes(past)) == ["RECEIPT_NOT_FOUND"]


def test_a_bank_account_that_no_entity_has_is_named(book: Book):
    received(book, ("03-06", "150.00", "?"))
    other = paid(8, "0306", "150.00", ("150.00", "AA")).replace("512000", "512900")
    past = past_of(book, sold(1, "0301", "INV-1", "150.00", "AA") + other)
    assert codes(past) == {"BANK_ACCOUNT_UNKNOWN": ("books.txt:4",)}
