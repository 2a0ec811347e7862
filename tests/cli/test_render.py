"""Amounts, dates and tables as the reader writes them, exact to the last digit."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from alloc.cli.amounts import parse_amount
from alloc.cli.plain import plain
from alloc.cli.render import Column, View


def view(locale: str, width: int = 200) -> View:
    return View(locale, Console(file=io.StringIO(), width=width, no_color=True))


def written(shown: View) -> str:
    file = shown.console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


@pytest.mark.parametrize(
    ("locale", "minor", "currency", "text"),
    [
        ("fr", 123456, "EUR", "1\u202f234,56\xa0€"),
        ("en", 123456, "EUR", "€1,234.56"),
        ("fr", -5, "EUR", "-0,05\xa0€"),
        ("en", -5, "EUR", "-€0.05"),
        ("en", 500, "JPY", "JP¥500"),
        ("en", 1500, "TND", "TND\xa01.500"),
        # CLDR shows no decimals of the forint; the books have two.
        ("en", 12345, "HUF", "HUF\xa0123.45"),
        ("en", 2**63 - 1, "EUR", "€92,233,720,368,547,758.07"),
        ("en", 0, "EUR", "€0.00"),
    ],
)
def test_an_amount_is_exact_in_every_language(
    locale: str, minor: int, currency: str, text: str
) -> None:
    assert view(locale).amount(minor, currency) == text


@given(minor=st.integers(-(2**63), 2**63 - 1), locale=st.sampled_from(["en", "fr"]))
def test_an_amount_shows_every_digit(minor: int, locale: str) -> None:
    shown = view(locale).amount(minor, "EUR")
    digits = "".join(letter for letter in shown if letter.isdigit())
    assert int(digits) == abs(minor)
    assert ("-" in shown) == (minor < 0)


@given(
    minor=st.integers(-(10**15) + 1, 10**15 - 1),
    currency=st.sampled_from(["EUR", "JPY"]),
)
def test_a_typed_amount_is_read_back(minor: int, currency: str) -> None:
    whole, part = divmod(abs(minor), 100)
    text = f"{whole}.{part:02}" if currency == "EUR" else str(abs(minor))
    assert parse_amount(f"{'-' if minor < 0 else ''}{text}", currency) == minor


def test_dates_are_those_of_the_reader() -> None:
    day = dt.date(2026, 3, 31)
    assert view("fr").day(day) == "31/03/2026"
    assert view("en").day(day) == "31/03/2026"
    assert view("en").day(None) == ""


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(1, 3, "33.3 %"), (9999, 10000, "99.9 %"), (1, 1, "100.0 %"), (0, 0, "n/a")],
)
def test_a_share_is_whole_only_when_all_is_there(
    part: int, whole: int, text: str
) -> None:
    assert view("en").share(part, whole) == text


def test_what_a_bank_wrote_is_shown_and_not_obeyed() -> None:
    shown = view("en")
    shown.table([Column("Text")], [("[red]a\x1b[31m\u202eb[/red]",)])
    assert "[red]a [31m b[/red]" in written(shown)
    assert plain("line\nend\t€") == "line end €"


def test_a_pipe_gets_whole_lines() -> None:
    shown = view("en", width=10_000)
    shown.table([Column("Text", may_wrap=True)], [("word " * 100,)])
    assert len(written(shown).splitlines()) == 3
