"""Contract of the native module; `alloc.engine` is its only importer."""

from arro3.core import Schema

__version__: str

def currency_exponent(code: str) -> int | None:
    """Digits after the decimal point of a currency.

    Parameters
    ----------
    code
        ISO 4217 alphabetic code, upper case.

    Returns
    -------
    int or None
        2 for EUR, 0 for JPY, 3 for TND; None when there is no such active code.
    """

def toml_lines(text: str) -> list[tuple[str, int]]:
    r"""List every key of a TOML text with its line.

    Parameters
    ----------
    text
        A whole TOML document.

    Returns
    -------
    list of (str, int)
        Path and line (from 1) of every key, table and array element, in the order of
        the text's tables. Paths join keys by dots and count array elements:
        ``entity[1].bank[0].iban``; a key that is not bare stands in double quotes,
        with ``\`` before ``"`` and ``\``. A table has the line of its header.

    Raises
    ------
    alloc.errors.InputError
        The text is not TOML (``TOML_SYNTAX``, with ``line``).
    """

def table_schema(name: str) -> Schema:
    """Arrow schema of a table of the engine's contract.

    Parameters
    ----------
    name
        Name of the table: ``open_items``, ``payments``, ``decisions`` ...

    Returns
    -------
    arro3.core.Schema
        Columns in order; ``alloc.presence`` in the metadata of each.

    Raises
    ------
    KeyError
        There is no such table.
    """
