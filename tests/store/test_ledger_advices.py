from __future__ import annotations

import pyarrow as pa
import pytest
from store_books import NOW, Books, Line, Plan, entry_id, source

from alloc.app.verify import verify
from alloc.errors import ConflictError, InputError, NotFoundError

B1, B2 = entry_id(Line("B1", 12_000)), entry_id(Line("B2", 500))
LINES = pa.table(
    {
        "advice": ["1", "1"],
        "line_no": [1, 2],
        "reference": ["F1", "F3"],
        "amount_minor": [10_000, 2_000],
    }
)


@pytest.fixture
def books(books: Books) -> Books:
    books.receive(Line("B1", 12_000), Line("B2", 500))
    books.due({"F1": 10_000, "F3": 2_000})
    return books


def imported(books: Books, lines: pa.Table = LINES, name: str = "a") -> str:
    books.ledger.import_advices(source(name, "remittances"), lines, now=NOW)
    return str(books.ledger.advices()["advice_id"][0])


def link(advice: str, payment: str | None) -> pa.Table:
    payments = pa.array([payment], pa.string())
    return pa.table({"advice_id": [advice], "payment_id": payments})


def test_an_advice_with_the_same_content_is_known(books: Books) -> None:
    imported(books)
    again = books.ledger.import_advices(source("b", "remittances"), LINES, now=NOW)
    assert (again.new, again.known) == (0, 1)
    (advice,) = books.ledger.advices().to_pylist()
    assert (advice["lines_minor"], advice["line_count"]) == (12_000, 2)
    assert advice["file"] == "a"


def test_a_line_without_amount_leaves_the_sum_unknown(books: Books) -> None:
    index = LINES.schema.get_field_index("amount_minor")
    amounts = pa.array([10_000, None], pa.int64())
    imported(books, LINES.set_column(index, "amount_minor", amounts))
    assert books.ledger.advices()["lines_minor"].to_pylist() == [None]
    assert verify(books.ledger).findings == ()


def test_an_advice_is_linked_until_its_payment_is_posted(books: Books) -> None:
    ledger = books.ledger
    advice = imported(books)
    assert ledger.link_advices(link(advice, B1), now=NOW) == 1
    assert ledger.link_advices(link(advice, B1), now=NOW) == 0
    assert ledger.remittances([B1])["reference"].to_pylist() == ["F1", "F3"]
    assert ledger.remittances()["line_no"].to_pylist() == [1, 2]
    assert ledger.advices(linked=True).num_rows == 1
    books.post(Plan(B1, {"F1": 10_000, "F3": 2_000}))
    with pytest.raises(ConflictError) as linked:
        ledger.link_advices(link(advice, None), now=NOW)
    assert linked.value.reason == "ADVICE_LINKED"
    assert ledger.remittances().num_rows == 0
    assert verify(ledger).findings == ()


def test_a_linked_advice_stands_before_the_references_of_the_bank(
    books: Books,
) -> None:
    reference = {"payment_id": entry_id(Line("B9", 900)), "line_no": 1}
    books.receive(Line("B9", 900), references=[reference | {"reference": "BANK"}])
    payment = entry_id(Line("B9", 900))
    assert books.ledger.remittances([payment])["reference"].to_pylist() == ["BANK"]
    advice = imported(books)
    books.ledger.link_advices(link(advice, payment), now=NOW)
    assert books.ledger.remittances([payment])["reference"].to_pylist() == ["F1", "F3"]
    assert books.ledger.advice_lines([advice])["reference"].to_pylist() == ["F1", "F3"]
    assert books.ledger.advice_lines().num_rows == 2


def test_unknown_advices_and_payments_are_named(books: Books) -> None:
    advice = imported(books)
    with pytest.raises(NotFoundError) as unknown:
        books.ledger.link_advices(link("A-NONE", B1), now=NOW)
    assert unknown.value.reason == "ADVICE_UNKNOWN"
    with pytest.raises(NotFoundError) as unknown:
        books.ledger.link_advices(link(advice, "P-NONE"), now=NOW)
    assert unknown.value.reason == "PAYMENT_UNKNOWN"


def test_a_line_twice_in_an_advice_is_refused(books: Books) -> None:
    with pytest.raises(InputError) as refused:
        imported(books, pa.concat_tables([LINES, LINES]))
    assert refused.value.reason == "ADVICE_LINE_TWICE"
