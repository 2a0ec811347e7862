"""Fields of other packages' files: as wide as the package says, never cut unsaid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.compute as pc

from alloc.errors import InputError, LimitError
from alloc.export.columns import guarded, mapped
from alloc.export.fec import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: Lettering codes of packages: how many characters, and those of the last one.
LETTERINGS = {
    "divalto": (2, ALPHABET),
    "ldcompta": (3, f"{ALPHABET}0123456789"),
    "quadra": (2, ALPHABET),
    "sage": (3, ALPHABET),
}


def words(column: pa.ChunkedArray, width: int) -> pa.ChunkedArray:
    """Write free text on one line, disarmed, cut to a width; nulls become empty."""
    written = mapped(column, lambda text: guarded(plain(text))[:width].rstrip())
    return pc.fill_null(written, "")


def padded(column: pa.ChunkedArray, width: int) -> pa.ChunkedArray:
    """Fill texts with blanks up to so many characters."""
    return pc.utf8_rpad(column, width=width, padding=" ")


def fitted(lines: pa.Table, name: str, width: int, *, package: str) -> pa.ChunkedArray:
    """Write a code as it is; nulls become empty.

    Parameters
    ----------
    lines
        As `alloc.export.columns.joined` gives them.
    name
        Column of codes: accounts, customers, journals.
    width
        Characters that the package keeps.
    package
        Its name, for the message.

    Raises
    ------
    alloc.errors.InputError
        ``FIELD_TOO_LONG``: a code cut short would be another one.
    """
    column = pc.fill_null(mapped(lines[name], plain), "")
    is_long = pc.greater(pc.utf8_length(column), width)
    if pc.any(is_long).as_py():
        found = lines.append_column("code", column).filter(is_long)
        seq, code = found["seq"][0].as_py(), found["code"][0].as_py()
        raise too_long(name.removeprefix("entry_"), code, width, package, seq)
    return column


def too_long(
    field: str, code: str, width: int, package: str, seq: object
) -> InputError:
    """Say that a package has no room for a code."""
    return InputError(
        f"entry {seq}: {field} {code} is longer than the {width} characters that "
        f"{package} takes: name it shorter where it comes from",
        reason="FIELD_TOO_LONG",
        seq=seq,
        field=field,
        value=code,
    )


def one_currency(lines: pa.Table, currencies: Mapping[str, str], package: str) -> None:
    """Refuse lines in another currency than that of their entity's books.

    Raises
    ------
    alloc.errors.InputError
        ``EXPORT_CURRENCY``.
    """
    books = mapped(lines["entry_entity"], lambda entity: currencies.get(entity, ""))
    foreign = lines.filter(pc.not_equal(lines["currency"], books))
    if foreign.num_rows:
        seq, found = foreign["seq"][0].as_py(), foreign["currency"][0].as_py()
        raise InputError(
            f"entry {seq} is in {found}: {package} takes entries in the currency of "
            "the books; export it with csv or json",
            reason="EXPORT_CURRENCY",
            seq=seq,
            currency=found,
        )


def letter_code(code: str, package: str) -> str:
    """Write a lettering code of ours as a package counts them.

    Parameters
    ----------
    code
        ``AAA``, ``AAB`` ... ``ZZZ``, ``AAAA``; lower case is a partial group.
    package
        Of `LETTERINGS`.

    Returns
    -------
    str
        The code in the same place of the package's sequence, in the same case.

    Raises
    ------
    alloc.errors.LimitError
        ``LETTERS_OVER_LIMIT``: the package has no code for so many groups; one that
        is used again would join two groups.

    Examples
    --------
    >>> letter_code("AAB", "quadra"), letter_code("aba", "ldcompta")
    ('AB', 'aa0')
    """
    width, last = LETTERINGS[package]
    rest, digit = divmod(_place(code), len(last))
    letters = [last[digit]]
    for _ in range(width - 1):
        rest, digit = divmod(rest, len(ALPHABET))
        letters.append(ALPHABET[digit])
    if rest:
        raise LimitError(
            f"{package} has no lettering code for {code}: an account has more groups "
            'in a year than it can name; [lettering] granularity = "per_group" makes '
            "fewer",
            reason="LETTERS_OVER_LIMIT",
            code=code,
        )
    written = "".join(reversed(letters))
    return written if code.isupper() else written.lower()


def _place(code: str) -> int:
    """Return the place of a code of ours in its sequence, AAA = 0."""
    place = 0
    for letter in code.upper():
        place = place * len(ALPHABET) + ALPHABET.index(letter)
    # Codes of four letters follow those of three, and so on.
    for width in range(3, len(code)):
        place += int(len(ALPHABET) ** width)
    return place
