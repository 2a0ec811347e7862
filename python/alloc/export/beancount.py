"""The journal for beancount: entries, then the balance that every account must have."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from alloc.export.columns import (
    dates,
    decimal_text,
    decimals,
    glued,
    joined,
    mapped,
    text_of,
)
from alloc.export.plain_text import (
    accounts,
    closing_balances,
    numbers,
    title,
    with_heads,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

#: beancount forgives one cent in a balance assertion unless told otherwise.
TOLERANCE = "~ 0.001"


def beancount(entries: pa.Table, postings: pa.Table, *, name: str) -> bytes:
    """Write a journal as one beancount file.

    Parameters
    ----------
    entries, postings
        See `alloc.app.ports.JournalTables`; any number of entities.
    name
        Title of the file.

    Returns
    -------
    bytes
        UTF-8. Accounts are ``Assets:<entity>:<account>:<customer>``; every account
        has a ``balance`` assertion on the day after the last posting.
    """
    lines = joined(entries, postings)
    names = accounts(lines)
    days = dates(lines["entry_posting_date"], "%Y-%m-%d")
    heads = glued(
        "\n",
        days,
        ' * "',
        mapped(lines["entry_piece_ref"], title),
        '" "',
        mapped(lines["entry_label"], title),
        '"\n  number: "',
        numbers(lines),
        '"\n  seq: "',
        lines["seq"].cast(pa.string()),
        '"\n',
    )
    amounts = decimals(lines["amount_minor"], lines["currency"])
    letter = lines["letter_code"]
    rows = glued(
        "  ",
        names,
        "  ",
        amounts,
        " ",
        lines["currency"],
        "\n",
        pc.if_else(pc.is_valid(letter), '    letter: "', ""),
        letter,
        pc.if_else(pc.is_valid(letter), '"\n', ""),
    )
    body = text_of(with_heads(lines, heads, rows))
    before, after = _frame(lines, names, name)
    return before.encode() + body + after.encode()


def _frame(lines: pa.Table, names: pa.ChunkedArray, name: str) -> tuple[str, str]:
    head = f'option "title" "{title(name)}"\n'
    if lines.num_rows == 0:
        return head, ""
    currencies = sorted(pc.unique(lines["currency"]).to_pylist())
    head += "".join(f'option "operating_currency" "{code}"\n' for code in currencies)
    day = pc.min(lines["entry_posting_date"]).as_py()
    opened = sorted(pc.unique(names).to_pylist())
    head += "".join(f"{day} open {account}\n" for account in opened)
    last = pc.max(lines["entry_posting_date"]).as_py() + dt.timedelta(days=1)
    return head, "\n" + "".join(_assertions(last, closing_balances(names, lines)))


def _assertions(
    day: dt.date, balances: Iterable[tuple[str, str, int]]
) -> Iterable[str]:
    for account, currency, balance in balances:
        amount = decimal_text(balance, currency)
        yield f"{day} balance {account}  {amount} {TOLERANCE} {currency}\n"
