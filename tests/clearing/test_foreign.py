"""Items in a foreign currency, paid in it or into an account in ours."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from clearing_book import NOW
from hypothesis import given
from hypothesis import strategies as st
from test_rules_when_clearing import lines, rule

from alloc.app import review
from alloc.app.apply import preview
from alloc.app.foreign import Paid, carried, exchange_line
from alloc.app.ports import DecisionFilter, DecisionState
from alloc.app.reverse import reverse
from alloc.errors import InputError

if TYPE_CHECKING:
    from clearing_book import Book

    from alloc.rules import Rule


def short(currency: str) -> Rule:
    return rule("short", f'currency = "{currency}"\n', base="short-payment")


def charges(currency: str, most: str) -> Rule:
    body = f'currency = "{currency}"\n[component.charges]\nmax = "{most}"\n'
    return rule("charges", body, base="bank-charges")


def test_a_better_rate_is_a_gain(book: Book):
    book.write("""
        item     INV-1042  10000.00 EUR as 11500.00 USD  of C-US
        payment  B1  10267.86 EUR as 11500.00 USD  on 2026-03-16  from C-US  "INV-1042"
    """).clear()
    assert book.entries() == lines(
        "BQ1-000001 clearing",
        "  512000 D 10267.86 [1150000 USD]",
        "  411000 C-US C 10000.00 [-1150000 USD] (AAA)",
        "  756000 C 267.86",
    )
    assert book.open_items() == {}
    assert book.verified()


def test_items_of_several_old_rates_share_one_difference(book: Book):
    book.write("""
        item     INV-1042   100.00 EUR as 120.00 USD  of C-US
        item     INV-1043   200.00 EUR as 220.00 USD  of C-US
        item     AV-1044    -50.00 EUR as -56.00 USD  of C-US
        payment  B1  240.00 EUR as 284.00 USD  on 2026-03-16 from C-US "1042 1043 1044"
    """)
    book.toml = book.toml.replace("amount_only = false", "amount_only = true")
    book.clear()
    assert book.entries() == lines(
        "BQ1-000001 clearing",
        "  512000 D 240.00 [28400 USD]",
        "  656000 D 10.00",
        "  411000 C-US C 250.00 [-28400 USD] (AAA)",
    )
    assert book.verified()


def test_yen_have_no_decimals_and_dinars_three(book: Book):
    book.write("""
        item     INV-2001  1000.00 EUR as 160000 JPY      of C-JP
        item     INV-3001   300.00 EUR as 1000.005 TND    of C-TN
        payment  B1  1010.10 EUR as 160000 JPY     on 2026-03-16  from C-JP  "INV-2001"
        payment  B2   299.00 EUR as 1000.005 TND   on 2026-03-16  from C-TN  "INV-3001"
    """).clear()
    assert "  411000 C-JP C 1000.00 [-160000 JPY] (AAA)" in book.entries()
    assert "  411000 C-TN C 300.00 [-1000005 TND] (AAA)" in book.entries()
    assert "  656000 D 1.00" in book.entries()
    assert book.verified()


def test_a_part_takes_its_share_and_the_last_part_the_rest(book: Book):
    part = """
        item     INV-1042  8695.66 EUR as 10000.01 USD  of C-US
        payment  B1  2976.19 EUR as 3333.33 USD  on 2026-03-16  from C-US  "INV-1042"
    """
    book.write(part).clear(rules=(short("USD"),))
    assert book.open_items() == {"INV-1042": "5797.11"}
    assert book.open_abroad() == {"INV-1042": 666_668}
    assert book.verified()
    book.write(
        'payment B2 6000.01 EUR as 6666.68 USD on 2026-03-20 from C-US "INV-1042"'
    ).clear()
    assert book.open_items() == {}
    assert "  411000 C-US C 5797.11 [-666668 USD] (AAA)" in book.entries()
    assert book.verified()


def test_charges_have_the_rate_of_the_payment(book: Book):
    book.write("""
        item     INV-1042  10000.00 EUR as 11500.00 USD  of C-US
        payment  B1  9566.67 EUR as 11480.00 USD  on 2026-03-16  from C-US  "INV-1042"
    """).clear(rules=(charges("USD", "25.00"),))
    assert book.entries() == lines(
        "BQ1-000001 clearing",
        "  512000 D 9566.67 [1148000 USD]",
        "  627800 D 16.67",
        "  656000 D 416.66",
        "  411000 C-US C 10000.00 [-1150000 USD] (AAA)",
    )
    assert book.verified()


def test_a_rule_in_another_currency_is_not_for_the_payment(book: Book):
    book.write("""
        item     INV-1042  10000.00 EUR as 11500.00 USD  of C-US
        payment  B1  9566.67 EUR as 11480.00 USD  on 2026-03-16  from C-US  "INV-1042"
    """).clear(rules=(charges("EUR", "25.00"),))
    assert book.states() == {"B1": "review"}
    shown = preview(
        *(book.ledger, book.settings, charges("EUR", "25.00"), book.payment_id("B1")),
        today=NOW.date(),
    )
    assert shown.outcome.reason == "CURRENCY_DIFFERS"


def test_a_person_accepts_what_was_proposed_abroad(book: Book):
    book.write("""
        item     INV-1042  10000.00 EUR as 11500.00 USD  of C-US
        payment  B1  9000.00 EUR as 11000.00 USD  on 2026-03-16  from C-US  "INV-1042"
    """).clear()
    assert book.states() == {"B1": "review"}
    review.accept(
        *(book.ledger, book.settings, book.payment_id("B1"), review.Rank(0)),
        decided_by="anna",
        now=NOW,
    )
    assert book.open_abroad() == {"INV-1042": 50_000}
    assert book.open_items() == {"INV-1042": "434.78"}
    assert "  512000 D 9000.00 [1100000 USD]" in book.entries()
    assert "  656000 D 565.22" in book.entries()
    assert book.verified()


def test_what_is_undone_is_open_again_in_both_currencies(book: Book):
    book.write("""
        item     INV-1042  10000.00 EUR as 11500.00 USD  of C-US
        payment  B1  10267.86 EUR as 11500.00 USD  on 2026-03-16  from C-US  "INV-1042"
    """).clear()
    posted = DecisionFilter(states=(DecisionState.POSTED,))
    (row,) = book.ledger.decisions(posted).decisions.to_pylist()
    reverse(
        *(book.ledger, book.settings, row["decision_id"]), decided_by="anna", now=NOW
    )
    assert book.open_items() == {"INV-1042": "10000.00"}
    assert book.open_abroad() == {"INV-1042": 1_150_000}
    assert "  512000 C 10267.86 [-1150000 USD]" in book.entries()
    assert book.verified()


def test_money_without_an_amount_abroad_takes_its_share_of_the_item(book: Book):
    book.write("""
        item     INV-1042  10000.00 EUR as 11500.00 USD  of C-US
        payment  B1  4000.00 EUR  on 2026-03-16  from C-US  "INV-1042"
        payment  B2  6000.00 EUR  on 2026-03-17  from C-US  "INV-1042"
    """).clear(rules=(short("EUR"),))
    assert book.open_items() == {}
    assert "  411000 C-US C 4000.00 [-460000 USD] (AAA)" in book.entries()
    assert "  411000 C-US C 6000.00 [-690000 USD] (AAA)" in book.entries()
    assert book.verified()


def test_a_payer_abroad_may_pay_an_invoice_in_our_currency(book: Book):
    book.write("""
        item     INV-1042  10000.00 EUR as 11500.00 USD  of C-US
        item     INV-1050    700.00 EUR  of C-UK
        payment  B1  700.00 EUR as 812.00 USD  on 2026-03-16  from C-UK  "INV-1050"
    """).clear()
    assert book.states() == {"B1": "posted"}
    assert "  512000 D 700.00\n  411000 C-UK C 700.00 (AAA)" in book.entries()
    assert book.verified()


def test_an_entry_beside_a_payment_abroad_has_no_rate(book: Book):
    book.write("""
        item     INV-1042  10000.00 EUR as 11500.00 USD  of C-US
        payment  B1  9500.00 EUR as 10925.00 USD  on 2026-03-16  from C-US  "INV-1042"
    """)
    body = 'currency = "USD"\n[component.kept]\nrole = "retention"\nrate = "5%"\n'
    keeps = rule("keeps", body + 'per = "invoice"\nbook = "transfer"\n')
    book.clear(rules=(keeps,))
    assert book.states() == {"B1": "review"}
    with pytest.raises(InputError) as caught:
        preview(
            *(book.ledger, book.settings, keeps, book.payment_id("B1")),
            today=NOW.date(),
            items=["INV-1042"],
        )
    assert caught.value.reason == "FOREIGN_BESIDE"


def test_an_amount_abroad_goes_with_the_amount_here(book: Book):
    for wrong in ("10000.00 EUR as -11500.00 USD", "100.00 EUR as 100.00 EUR"):
        with pytest.raises(InputError) as caught:
            book.write(f"item  INV-1042  {wrong}  of C-US")
        assert caught.value.reason == "FOREIGN_AMOUNT_INVALID"


RATES = """
[[exchange_rate]]
currency = "USD"
since = 2026-03-01
per_unit = "1.1200"

[[exchange_rate]]
currency = "USD"
since = 2026-04-01
per_unit = "1.3"
"""
INTO_DOLLARS = """
    item     INV-1042  10000.00 EUR as 11500.00 USD  of C-US
    payment  B1  11500.00 USD  on 2026-03-16  from C-US  "INV-1042"
"""


def test_money_on_an_account_abroad_has_the_rate_of_its_day(book: Book):
    book.toml += RATES
    book.write(INTO_DOLLARS).clear()
    assert book.entries() == lines(
        "BQ1-000001 clearing",
        "  512000 D 10267.86 [1150000 USD]",
        "  411000 C-US C 10000.00 [-1150000 USD] (AAA)",
        "  756000 C 267.86",
    )
    assert book.states() == {"B1": "posted"}
    assert book.verified()


def test_without_a_rate_money_abroad_waits(book: Book):
    book.toml += RATES.replace("2026-03-01", "2026-03-20")
    book.write(INTO_DOLLARS).clear()
    assert book.entries() == ""
    assert book.states() == {"B1": "review"}


def test_a_person_accepts_money_on_an_account_abroad(book: Book):
    book.toml += RATES
    book.write(INTO_DOLLARS.replace("11500.00 USD  on", "11000.00 USD  on")).clear()
    done = review.accept(
        *(book.ledger, book.settings, book.payment_id("B1"), review.Rank(0)),
        decided_by="anna",
        now=NOW,
    )
    assert (done.currency, done.on_account_minor) == ("EUR", 0)
    assert "  512000 D 9821.43 [1100000 USD]" in book.entries()
    assert book.open_abroad() == {"INV-1042": 50_000}
    assert book.verified()


@pytest.mark.parametrize("wrong", ['"a"', '"0"', '"-1.1"', '"1,1"', '"1.1.1"'])
def test_a_rate_is_a_number_with_a_point(book: Book, wrong: str):
    book.toml += RATES.replace('"1.1200"', wrong)
    with pytest.raises(InputError, match=r"per_unit: .* is no rate"):
        _ = book.settings


AMOUNTS = st.integers(2, 10**12)


@given(AMOUNTS, AMOUNTS, st.data())
def test_parts_end_together_with_the_whole(here: int, abroad: int, data):
    """Against fractions: each part is within a unit of its share, none is lost."""
    rest_here, rest_abroad, taken = here, abroad, 0
    while rest_abroad:
        most = min(rest_abroad, rest_here)
        part = data.draw(st.integers(1, rest_abroad)) if most > 1 else rest_abroad
        if rest_here < 3:  # Nothing is left to share.
            part = rest_abroad
        minor = carried(rest_here, part, rest_abroad)
        share = Fraction(rest_here * part, rest_abroad)
        assert abs(minor - share) <= 1
        assert (minor == rest_here) == (part == rest_abroad)
        rest_here, rest_abroad, taken = (
            rest_here - minor,
            rest_abroad - part,
            taken + minor,
        )
    assert (rest_here, taken) == (0, here)


@given(AMOUNTS, AMOUNTS, st.integers(0, 10**12))
def test_a_line_is_rounded_half_up_at_the_rate_of_the_payment(
    here: int, abroad: int, line: int
):
    exact = Fraction(line * here, abroad)
    assert Paid(here, "USD", abroad).here(line) == int(exact + Fraction(1, 2))


def test_a_loss_is_a_debit_and_a_gain_a_credit():
    assert exchange_line(10_000, 9_000) == ("fx_loss", 1_000)
    assert exchange_line(9_000, 10_000) == ("fx_gain", -1_000)
    assert exchange_line(9_000, 9_000) is None
