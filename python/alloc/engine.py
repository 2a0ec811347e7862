"""The native engine, wrapped: the only module that imports `alloc._core`.

pyarrow is imported on the first call that returns a table: it alone costs more
than a whole `alloc --help`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alloc import _core
from alloc._core import __version__, currency_exponent, toml_lines

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["__version__", "currency_exponent", "schema", "toml_lines"]


def schema(name: str) -> pa.Schema:
    """Return the columns of a table of the engine's contract.

    Parameters
    ----------
    name
        ``open_items``, ``payments``, ``remittances``, ``customers``, ``history``,
        ``decisions``, ``allocations`` or ``adjustments``.

    Returns
    -------
    pyarrow.Schema
        Every column with its type and nullability; the field metadata
        ``alloc.presence`` says ``required`` or ``optional``.

    Raises
    ------
    KeyError
        There is no such table.

    Examples
    --------
    >>> schema("payments").field("amount_minor").type
    DataType(int64)
    """
    import pyarrow as pa  # noqa: PLC0415

    # The stubs of pyarrow do not know the PyCapsule interface.
    return pa.schema(_core.table_schema(name))  # type: ignore[arg-type]
