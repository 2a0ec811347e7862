"""What beancount, hledger and ledger files have in common: names, titles, balances."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from alloc.export.columns import glued, mapped

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Class of the French chart -> root of the account; the longest prefix wins.
ROOTS = {
    "1": "Equity",
    "16": "Liabilities",
    "17": "Liabilities",
    "2": "Assets",
    "3": "Assets",
    "4": "Assets",
    "40": "Liabilities",
    "409": "Assets",
    "419": "Liabilities",
    "42": "Liabilities",
    "43": "Liabilities",
    "44": "Liabilities",
    "4456": "Assets",
    "5": "Assets",
    "6": "Expenses",
    "7": "Income",
    "8": "Equity",
}
ODD_CHARACTER = re.compile(r"-(?=x)|[^A-Za-z0-9-]")


def root_of(account: str) -> str:
    """Name the root under which an account stands.

    Examples
    --------
    >>> root_of("411000"), root_of("419100"), root_of("445660"), root_of("ABC")
    ('Assets', 'Liabilities', 'Assets', 'Equity')
    """
    prefixes = (account[:length] for length in range(len(account), 0, -1))
    return next((ROOTS[prefix] for prefix in prefixes if prefix in ROOTS), "Equity")


def component(text: str) -> str:
    """Write any text as a part of an account name; different texts stay different.

    Letters, digits and hyphens stay; everything else is written as its code point. What
    does not begin with a capital letter or a digit, as beancount asks, gets ``X-``
    before it.

    Examples
    --------
    >>> component("C-17"), component("a/2"), component("")
    ('C-17', 'X-a-x2f-2', 'X-')
    """
    name = ODD_CHARACTER.sub(lambda found: f"-x{ord(found[0]):x}-", text)
    is_name = name[:1].isdigit() or name[:1].isupper()
    return name if is_name and not name.startswith("X-") else f"X-{name}"


def title(text: str) -> str:
    r"""Write a text on one line, without quotation marks, backslashes or comment marks.

    Examples
    --------
    >>> title('a "b" \\ ;c')
    "a 'b' / ,c"
    """
    cleaned = text.translate(TITLE_CHARACTERS)
    return " ".join("".join(c if c.isprintable() else " " for c in cleaned).split())


#: Characters with a meaning in these files -> what stands for them.
TITLE_CHARACTERS = str.maketrans({'"': "'", "\\": "/", ";": ",", "|": "/"})


def accounts(lines: pa.Table) -> pa.ChunkedArray:
    """Name the account of each posting: ``Assets:E1:411000:C-A``."""
    parts = [
        mapped(lines["account"], root_of),
        ":",
        mapped(lines["entry_entity"], component),
        ":",
        mapped(lines["account"], component),
        pc.if_else(pc.is_valid(lines["customer_id"]), ":", ""),
        mapped(lines["customer_id"], component),
    ]
    return glued(*parts)


def numbers(lines: pa.Table) -> pa.ChunkedArray:
    """Write the number of each posting's entry: ``BQ1-2026-000001``."""
    digits = pc.utf8_lpad(lines["entry_number"].cast(pa.string()), width=6, padding="0")
    year = lines["entry_fiscal_year"].cast(pa.string())
    return glued(
        mapped(lines["entry_journal"], component_of_number), "-", year, "-", digits
    )


def component_of_number(journal: str) -> str:
    """Write a journal code within an entry number."""
    return title(journal).replace("(", "").replace(")", "").replace(" ", "")


def with_heads(
    lines: pa.Table, heads: pa.ChunkedArray, rows: pa.ChunkedArray
) -> pa.ChunkedArray:
    """Put the head of its entry before each entry's first posting."""
    before = pa.chunked_array([pa.array([None], pa.int64()), *lines["seq"].chunks])
    follows = pc.equal(lines["seq"], before.slice(0, lines.num_rows))
    nothing = pa.scalar("", pa.large_string())
    return glued(pc.if_else(pc.coalesce(follows, False), nothing, heads), rows)


def closing_balances(
    names: pa.ChunkedArray, lines: pa.Table
) -> Iterator[tuple[str, str, int]]:
    """Yield account, currency and balance in minor units, sorted."""
    sums = (
        pa.table(
            {
                "name": names,
                "currency": lines["currency"],
                "amount_minor": lines["amount_minor"],
            }
        )
        .group_by(["name", "currency"])
        .aggregate([("amount_minor", "sum")])
        .sort_by([("name", "ascending"), ("currency", "ascending")])
    )
    yield from zip(
        sums["name"].to_pylist(),
        sums["currency"].to_pylist(),
        sums["amount_minor_sum"].to_pylist(),
        strict=True,
    )
