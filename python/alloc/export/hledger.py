"""The journal for hledger and ledger: one file that both read."""

from __future__ import annotations

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
    from collections.abc import Iterator


def hledger(entries: pa.Table, postings: pa.Table, *, name: str) -> bytes:
    """Write a journal as one hledger file, which ledger reads too.

    Parameters
    ----------
    entries, postings
        See `alloc.app.ports.JournalTables`; any number of entities.
    name
        Title of the file.

    Returns
    -------
    bytes
        UTF-8. Accounts are ``Assets:<entity>:<account>:<customer>``; the last
        transaction moves nothing and asserts the balance of every account.
    """
    lines = joined(entries, postings)
    names = accounts(lines)
    heads = glued(
        "\n",
        dates(lines["entry_posting_date"], "%Y-%m-%d"),
        " * (",
        numbers(lines),
        ") ",
        mapped(lines["entry_label"], title),
        "\n    ; piece: ",
        mapped(lines["entry_piece_ref"], title),
        "\n",
    )
    letter = lines["letter_code"]
    rows = glued(
        "    ",
        names,
        "  ",
        decimals(lines["amount_minor"], lines["currency"]),
        " ",
        lines["currency"],
        pc.if_else(pc.is_valid(letter), "  ; letter: ", ""),
        letter,
        "\n",
    )
    before = "".join(_declarations(lines, names, name)).encode()
    after = "".join(_assertions(lines, names)).encode()
    return before + text_of(with_heads(lines, heads, rows)) + after


def _declarations(lines: pa.Table, names: pa.ChunkedArray, name: str) -> Iterator[str]:
    yield f"; {title(name)}\ntag piece\ntag letter\n"
    for currency in sorted(pc.unique(lines["currency"]).to_pylist()):
        yield f"commodity {currency}\n"
    for account in sorted(pc.unique(names).to_pylist()):
        yield f"account {account}\n"


def _assertions(lines: pa.Table, names: pa.ChunkedArray) -> Iterator[str]:
    if lines.num_rows == 0:
        return
    last = pc.max(lines["entry_posting_date"]).as_py()
    yield f"\n{last} * Balances\n"
    for account, currency, balance in closing_balances(names, lines):
        nothing, amount = decimal_text(0, currency), decimal_text(balance, currency)
        yield f"    {account}  {nothing} {currency} = {amount} {currency}\n"
