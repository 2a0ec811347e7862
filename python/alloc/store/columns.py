"""The columns of the ledger's tables as Arrow schemas, and casts to and from them.

SQLite gives results without declared types: a date comes back as text, an empty or
all-null column as ``int64``. So every result goes through `typed`, every table that
comes in through `conformed`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from alloc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

#: Separates the parts of a text list in one column; no bank file can hold it.
UNIT = "\x1f"

#: Amounts beyond this many minor units are refused: sums of them stay exact.
AMOUNT_MAX = 10**17

_TYPES = {
    "text": pa.string(),
    "big": pa.int64(),
    "date": pa.date32(),
    "bool": pa.bool_(),
    "list": pa.list_(pa.string()),
    "vat": pa.list_(
        pa.struct(
            [
                pa.field("rate_bps", pa.int64(), nullable=False),
                pa.field("base_minor", pa.int64(), nullable=False),
                pa.field("vat_minor", pa.int64(), nullable=False),
            ]
        )
    ),
}

#: The fields of one row of an item's VAT.
VAT_FIELDS = ("rate_bps", "base_minor", "vat_minor")

BIG = frozenset(
    {"letter_group", "rank", "seq", "number", "fiscal_year", "line", "size"}
)


def columns(spec: str) -> pa.Schema:
    """Read a schema written as ``name name:type name?``; `pa.Schema` in that order.

    A name alone is text; names that end in ``_minor``, ``_ppm``, ``_count``, ``_no``,
    ``_index``, ``_seq``, ``_id:big`` ... are int64 when they say so or by their ending.
    A trailing ``?`` allows nulls.
    """
    return pa.schema([_field(word) for word in spec.split()])


def _field(word: str) -> pa.Field:
    name, _, kind = word.rstrip("?").partition(":")
    if not kind:
        kind = _kind_of(name)
    return pa.field(name, _TYPES[kind], nullable=word.endswith("?"))


def _kind_of(name: str) -> str:
    endings = ("_minor", "_ppm", "_count", "_no", "_index", "_seq", "_year")
    if name in BIG or name.endswith(endings):
        return "big"
    return "date" if name.endswith("_date") else "text"


def typed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Cast a query result to a schema, by position.

    Parameters
    ----------
    table
        As fetched; as many columns as the schema.
    schema
        Names and types wanted. Text becomes dates and lists, integers booleans.
    """
    arrays = [
        _cast(array, field.type)
        for array, field in zip(table.columns, schema, strict=True)
    ]
    return pa.table(arrays, schema=schema)


def _cast(array: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if array.type == kind:
        return array
    if array.null_count == len(array):
        return pa.chunked_array([pa.nulls(len(array), kind)])
    if kind == _TYPES["vat"] and pa.types.is_string(array.type):
        return pa.chunked_array([_vat_of(array.combine_chunks())])
    if pa.types.is_list(kind) and pa.types.is_string(array.type):
        return pc.split_pattern(array, UNIT).cast(kind)
    return array.cast(kind)


def stored(table: pa.Table) -> pa.Table:
    """Make a table fit for the database: lists become text."""
    for index, field in enumerate(table.schema):
        if pa.types.is_list(field.type):
            column = table.column(index)
            if pa.types.is_struct(field.type.value_type):
                table = table.set_column(index, field.name, _vat_texts(column))
                column = table.column(index)
            text = _joined(column)
            table = table.set_column(index, pa.field(field.name, pa.string()), text)
    return table


def _vat_texts(lists: pa.ChunkedArray) -> pa.Array:
    """Write the VAT of each item as a list of ``rate_bps:base_minor:vat_minor``."""
    array = lists.combine_chunks()
    lines = array.flatten()
    parts = [lines.field(name).cast(pa.string()) for name in VAT_FIELDS]
    texts = pc.binary_join_element_wise(*parts, ":")
    counts = pc.fill_null(pc.list_value_length(array), 0)
    ends = pc.cumulative_sum(counts.cast(pa.int32()))
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    return pa.ListArray.from_arrays(offsets, texts, mask=pc.is_null(array))


def _vat_of(texts: pa.Array) -> pa.Array:
    """Read what `_vat_texts` wrote and `stored` joined."""
    lists = pc.split_pattern(texts, UNIT)
    numbers = pc.split_pattern(lists.flatten(), ":").flatten().cast(pa.int64())
    lines = pa.StructArray.from_arrays(
        [numbers[place::3] for place in range(3)],
        fields=list(_TYPES["vat"].value_type),
    )
    counts = pc.fill_null(pc.list_value_length(lists), 0)
    ends = pc.cumulative_sum(counts.cast(pa.int32()))
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    return pa.ListArray.from_arrays(
        offsets, lines, type=_TYPES["vat"], mask=pc.is_null(texts)
    )


def _joined(lists: pa.ChunkedArray) -> pa.ChunkedArray:
    text = pc.binary_join(lists.cast(pa.list_(pa.string())), UNIT)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def conformed(data: object, schema: pa.Schema, *, what: str) -> pa.Table:
    """Check a table that comes in, and give it exactly the columns of a schema.

    Parameters
    ----------
    data
        Anything that speaks the Arrow PyCapsule interface.
    schema
        Nullable columns may be missing.
    what
        The table's name, for messages.

    Raises
    ------
    alloc.errors.InputError
        ``COLUMN_UNKNOWN``, ``COLUMN_MISSING``, ``COLUMN_TYPE``, ``VALUE_MISSING``,
        ``AMOUNT_TOO_LARGE``; names the table, the column and the row.
    """
    table = data if isinstance(data, pa.Table) else pa.table(data)
    names = table.column_names
    if unknown := sorted(set(names).difference(schema.names)):
        raise InputError(
            f"{what}: unknown column {unknown[0]}; known are {', '.join(schema.names)}",
            reason="COLUMN_UNKNOWN",
            table=what,
            column=unknown[0],
        )
    given = dict(zip(names, table.columns, strict=True))
    arrays = [
        _column(given.get(field.name), field, what, len(table)) for field in schema
    ]
    return pa.table(arrays, schema=schema)


def _column(
    array: pa.ChunkedArray | None, field: pa.Field, what: str, count: int
) -> pa.ChunkedArray:
    if array is None:
        if not field.nullable:
            raise InputError(
                f"{what}: column {field.name} is missing",
                reason="COLUMN_MISSING",
                table=what,
                column=field.name,
            )
        return pa.chunked_array([pa.nulls(count, field.type)])
    try:
        array = _cast(array, field.type)
    except pa.ArrowException as error:
        raise InputError(
            f"{what}: column {field.name} must be {field.type}, not {array.type}",
            reason="COLUMN_TYPE",
            table=what,
            column=field.name,
        ) from error
    if array.null_count and not field.nullable:
        row = pc.index(pc.is_null(array), value=True).as_py() + 1
        raise InputError(
            f"{what}: row {row} has no {field.name}",
            reason="VALUE_MISSING",
            table=what,
            column=field.name,
            row=row,
        )
    if field.name.endswith("_minor"):
        _check_amounts(array, field.name, what)
    return array


def _check_amounts(array: pa.ChunkedArray, name: str, what: str) -> None:
    bounds = pc.min_max(array).as_py()
    if (
        bounds["min"] is None
        or -AMOUNT_MAX <= bounds["min"] <= bounds["max"] <= AMOUNT_MAX
    ):
        return
    beyond = pc.or_(pc.less(array, -AMOUNT_MAX), pc.greater(array, AMOUNT_MAX))
    row = pc.index(beyond, value=True).as_py() + 1
    raise InputError(
        f"{what}: row {row}, {name}: an amount beyond {AMOUNT_MAX} minor units "
        "cannot be real; correct the file",
        reason="AMOUNT_TOO_LARGE",
        table=what,
        column=name,
        row=row,
    )


def check_unique(table: pa.Table, keys: list[str], *, what: str, reason: str) -> None:
    """Refuse a table in which a key appears twice; the message names the first."""
    if len(keys) == 1 and pc.count_distinct(table[keys[0]]).as_py() == len(table):
        return
    counts = table.group_by(keys, use_threads=False).aggregate([([], "count_all")])
    if len(counts) == len(table):
        return
    twice = counts.filter(pc.greater(counts["count_all"], 1)).sort_by(
        [(key, "ascending") for key in keys]
    )
    first = twice.slice(0, 1).to_pylist()[0]
    named = ", ".join(f"{key} {first[key]}" for key in keys)
    raise InputError(
        f"{what}: {named} appears {first['count_all']} times; "
        "each must appear once, correct the file",
        reason=reason,
        table=what,
        **{key: first[key] for key in keys},
    )


def listed(names: Iterable[str], *, limit: int = 20) -> str:
    """Write names for a message, at most so many of them."""
    names = list(names)
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def keep(table: pa.Table, names: Collection[str]) -> pa.Table:
    """Select the columns that are there, in the given order."""
    there = set(table.column_names)
    return table.select([name for name in names if name in there])
