"""Which entries are the same, in one file and across files."""

from __future__ import annotations

from bank_case import detail, document, entry, read

from alloc.engine import read_bank_file


def ids(content: str) -> list[str]:
    found: list[str] = read(content).entries["payment_id"].to_pylist()
    return found


def test_two_genuine_twins_both_live() -> None:
    first, second, other = ids(document(entry() * 2 + entry(amount="1.00")))
    assert len({first, second, other}) == 3
    assert ids(document(entry())) == [first]
    assert ids(document(entry() * 2)) == [first, second]


def test_twins_are_counted_over_all_statements_of_a_file() -> None:
    first, second = ids(document(entry()) + document(entry()))
    assert first != second


def test_a_statement_and_a_notification_name_the_same_entry() -> None:
    assert ids(document(entry())) == ids(document(entry(), message="054"))


def test_the_order_of_a_file_does_not_change_who_is_who() -> None:
    one, two = entry(amount="1.00"), entry(amount="2.00")
    assert sorted(ids(document(one + two))) == sorted(ids(document(two + one)))


def test_account_day_amount_currency_and_reference_make_the_identity() -> None:
    text = document(entry())
    changes = [
        ("FR1420041010050500013M02606", "DE89370400440532013000"),
        ("<Dt>2026-01-31</Dt></BookgDt>", "<Dt>2026-01-30</Dt></BookgDt>"),
        ("100.00", "100.01"),
        ("EUR", "CHF"),
        ("SVC", "SVD"),
        ("CRDT", "DBIT"),
    ]
    found = {ids(text)[0], *(ids(text.replace(old, new))[0] for old, new in changes)}
    assert len(found) == 1 + len(changes)
    same = text.replace("</Ntry>", "<AddtlNtryInf>new</AddtlNtryInf></Ntry>")
    assert ids(same) == ids(text)


def test_the_identity_is_the_documented_hash() -> None:
    mt940 = (
        b":20:A\n:25:FR1420041010050500013M02606\n:60F:C260131EUR0,\n"
        b":61:2601310131D12,50NTRFX//REF\n:62F:D260131EUR12,50\n"
    )
    file = read_bank_file(mt940, name="a")
    # SHA-256 of account, day, minor units, currency, reference and 1, by U+001F.
    assert file.entries["payment_id"].to_pylist() == ["P5D95034C2320FD5C"]


def test_rows_of_a_batch_are_numbered() -> None:
    batch = detail(amount="60.00") + detail(amount="40.00")
    whole = ids(document(entry()))[0]
    assert ids(document(entry(batch))) == [f"{whole}-1", f"{whole}-2"]
