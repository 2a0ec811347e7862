"""What people read on standard output: tables, amounts and dates of their locale."""

from __future__ import annotations

import copy
import errno
import json
import os
import re
import sys
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alloc.cli.plain import plain
from alloc.engine import currency_exponent
from alloc.messages import messages_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from alloc.cli.session import Session
    from alloc.messages import Messages

__all__ = ["Column", "View", "emit", "json_value"]

WIDTH_OF_A_PIPE = 10_000
"""Columns where standard output is no terminal: nothing wraps, nothing is cut."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    title
        The heading, translated.
    align
        ``right`` for numbers.
    may_wrap
        Whether a narrow terminal may break the text over several lines.
    """

    title: str
    align: Literal["left", "right"] = "left"
    may_wrap: bool = False


class View:
    """Writes for people, in one language.

    Parameters
    ----------
    locale
        ``en`` or ``fr``.
    console
        Where to write; default: standard output.
    """

    def __init__(self, locale: str, console: Console | None = None) -> None:
        self.messages: Messages = messages_in(locale)
        self.console = console or _console()
        # English here means the dates and amounts of Europe, not of the United States.
        self._locale = _babel_locale(locale)

    def amount(self, minor: int, currency: str) -> str:
        """Write an amount: 123456 EUR is ``1 234,56 €`` or ``€1,234.56``.

        Parameters
        ----------
        minor
            Minor units of the currency.
        currency
            ISO 4217 code.

        Returns
        -------
        str
            The exact amount; the digits are those of ISO 4217, never rounded.
        """
        exponent = currency_exponent(currency) or 0
        pattern = copy.copy(self._locale.currency_formats["standard"])
        pattern.frac_prec = (exponent, exponent)
        value = Decimal(minor).scaleb(-exponent)
        text = pattern.apply(
            value, self._locale, currency=currency, currency_digits=False
        )
        # CLDR sets a code off from the number: "TND 1.500", but "€1.50".
        return re.sub(r"(?<=[A-Z])(?=\d)", "\u00a0", text)

    def hundredths(self, minor: int) -> str:
        """Write an amount of which no currency is known: 123456 is ``1,234.56``."""
        value = Decimal(minor).scaleb(-2)
        return format_decimal(value, "#,##0.00", locale=self._locale)

    def day(self, day: date | None) -> str:
        """Write a date; empty when there is none."""
        return "" if day is None else format_date(day, "short", self._locale)

    def count(self, number: int) -> str:
        """Write a whole number with the separators of the locale."""
        return format_decimal(number, locale=self._locale)

    def share(self, part: int, whole: int, *, up: bool = False) -> str:
        """Write a share in per cent with one decimal, rounded down; ``n/a`` of zero.

        Rounded down, so that 100 % means all of them; or up, so that 0 % means none.
        """
        if whole == 0:
            return self.messages.say("n/a")
        tenths = Decimal(part * 1000) / Decimal(whole)
        exact = tenths.quantize(Decimal(1), ROUND_UP if up else ROUND_DOWN) / 1000
        return format_percent(exact, "#,##0.0 %", self._locale)

    def line(self, text: str = "", *, style: str = "") -> None:
        """Write one line of plain text; it is never read as markup."""
        self.console.print(Text(plain(text), style=style), soft_wrap=True)

    def table(
        self,
        columns: Sequence[Column],
        rows: Iterable[Sequence[str]],
        *,
        title: str = "",
    ) -> None:
        """Write a table.

        Parameters
        ----------
        columns
            The columns, in order.
        rows
            One text per column.
        title
            Stands above the table.
        """
        if title:
            self.line(title, style="bold")
        table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for column in columns:
            table.add_column(
                column.title, justify=column.align, no_wrap=not column.may_wrap
            )
        for row in rows:
            table.add_row(*(Text(plain(cell)) for cell in row))
        if self.console.is_terminal:
            self.console.print(table)
            return
        with self.console.capture() as captured:
            self.console.print(table)
        lines = captured.get().splitlines()
        self.console.file.write("".join(line.rstrip() + "\n" for line in lines))

    def facts(self, facts: Iterable[tuple[str, str | None]]) -> None:
        """Write named facts, one a line; those without a value are left out."""
        shown = [(name, value) for name, value in facts if value]
        width = max((len(name) for name, _ in shown), default=0)
        for name, value in shown:
            self.line(f"  {name:<{width}}  {value}")

    def steps(self, steps: Iterable[tuple[str, str]]) -> None:
        """Write what may be done next: for each step, in words, and its command."""
        shown = list(steps)
        width = max((len(words) for words, _ in shown), default=0)
        for words, typed in shown:
            self.line(f"  {words:<{width}}  {typed}", style="dim")


def emit(session: Session, document: object, draw: Callable[[], None]) -> None:
    """Write the result of a command, for a program or for a person.

    Parameters
    ----------
    session
        Holds ``--json`` and ``--quiet``.
    document
        The result; dates become ISO texts.
    draw
        Writes it for people.
    """
    if session.as_json:
        # Where standard output cannot write every letter, JSON can still escape it.
        escaped = "utf" not in (sys.stdout.encoding or "").lower()
        text = json.dumps(document, ensure_ascii=escaped, indent=2, default=json_value)
        sys.stdout.write(text + "\n")
    elif not session.quiet:
        draw()


def json_value(value: object) -> object:
    """Return the JSON form of a date, a struct or a dataclass."""
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    raise TypeError(f"no JSON form of {type(value).__name__}")


class _Console(Console):
    """A console that leaves a broken pipe to the error map."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def _console() -> Console:
    options: dict[str, Any] = {}
    if not sys.stdout.isatty():
        options["width"] = WIDTH_OF_A_PIPE
    if os.environ.get("NO_COLOR"):
        # No style either: a bold line is an escape sequence too.
        options["color_system"] = None
    return _Console(file=sys.stdout, highlight=False, markup=False, **options)


@cache
def _babel_locale(locale: str) -> Locale:
    return Locale.parse({"en": "en_GB", "fr": "fr_FR"}[locale])
