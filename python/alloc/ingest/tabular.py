"""Tables of other systems to ours: open items, customers, remittances, bank entries."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alloc.domain.check_digits import is_valid
from alloc.engine import currency_exponent
from alloc.ingest.forms import (
    Amounts,
    cell_amount,
    cell_text,
    parse_amounts,
    parse_dates,
    parse_flags,
    without_currency,
)
from alloc.ingest.item_analytic import with_analytic
from alloc.ingest.item_vat import with_vat
from alloc.ingest.problems import PROBLEMS_KEPT, PROBLEMS_SHOWN, Problems
from alloc.ingest.profile import ENTRY_STATES, ITEM_KINDS, MAIN_AMOUNT, heading
from alloc.ingest.source import read_bytes, table_format
from alloc.ingest.table_files import read_grid

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from alloc.ingest.forms import Integers, Mask
    from alloc.ingest.grid import Grid
    from alloc.ingest.profile import Profile

__all__ = [
    "TableFile",
    "compact_iban",
    "read_grid_rows",
    "read_rows",
    "read_table",
    "table_schema",
]

_TYPES = {
    "text": pa.string(),
    "list": pa.list_(pa.string()),
    "amount": pa.int64(),
    "date": pa.date32(),
    "flag": pa.bool_(),
}
_BANK_NUMBERS = ("account", "counterparty_iban")
_PARTS_OF_AMOUNT = ("debit", "credit", "indicator")
_UNKNOWN_EXPONENT = 2


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table file that was read.

    Parameters
    ----------
    table
        Our columns: amounts int64 minor units, dates date32, lists list<utf8>.
    rows
        Row numbers in the file of the table's rows.
    skipped
        How many rows were no data: blank, or left out by ``[skip]``.
    ibans_odd
        Lines and text of IBANs that are none; they were left out.
    grid
        What the file held.
    problems
        What is wrong; empty when the table was returned by `read_rows`.
    """

    table: pa.Table
    rows: Integers
    skipped: int
    ibans_odd: list[tuple[int, str]]
    grid: Grid
    problems: Problems


def table_schema(profile: Profile) -> pa.Schema:
    """Return the columns of the table that a profile yields."""
    main = MAIN_AMOUNT.get(profile.kind)
    names = [
        name
        for name in profile.targets
        if name not in _PARTS_OF_AMOUNT
        and (
            name in profile.columns
            or name in profile.constants
            or (name == main and "debit" in profile.columns)
        )
    ]
    return pa.schema(
        [pa.field(name, _TYPES[profile.targets[name].type]) for name in names]
    )


def read_table(
    path: Path | str,
    profile: Profile,
    *,
    entities: Collection[str] | None = None,
) -> pa.Table:
    """Read a table file by a mapping profile; the file is read once.

    Parameters
    ----------
    path
        CSV, spreadsheet or Parquet file.
    profile
        How it is written.
    entities
        The entities that there are; None accepts any.

    Returns
    -------
    pyarrow.Table
        One row an open item, customer or remittance line; see `table_schema`.

    Raises
    ------
    alloc.errors.InputError
        The file is refused whole: the message lists up to 20 problems as
        ``file:line: field: what`` and counts the rest.
    """
    path = Path(path)
    data = read_bytes(path)
    format_ = table_format(data, name=path.name)
    return read_rows(data, format_, profile, name=path.name, entities=entities).table


def read_rows(
    data: bytes,
    format_: str,
    profile: Profile,
    *,
    name: str,
    entities: Collection[str] | None = None,
) -> TableFile:
    """Read a table file from its bytes; see `read_table`."""
    grid = read_grid(data, format_, profile, name=name)
    file = read_grid_rows(grid, profile, name=name, entities=entities)
    file.problems.raise_if_any()
    return file


def read_grid_rows(
    grid: Grid, profile: Profile, *, name: str, entities: Collection[str] | None = None
) -> TableFile:
    """Map the columns of a file to ours and collect what is wrong."""
    return _Mapping(grid, profile, name, entities).result()


#: Amounts that are in another currency than that of their row: which column names it.
_OTHER_CURRENCY = {
    ("statement", "original_minor"): "original_currency",
    ("open_items", "foreign_minor"): "foreign_currency",
}


class _Mapping:
    """One pass from a grid to our table; every step works on whole columns."""

    def __init__(
        self,
        grid: Grid,
        profile: Profile,
        name: str,
        entities: Collection[str] | None,
    ) -> None:
        self.grid, self.profile, self.entities = grid, profile, entities
        self._texts_by_heading: dict[str, pa.Array] = {}
        self.rows = self._data_rows()
        kept = PROBLEMS_KEPT if profile.kind == "statement" else PROBLEMS_SHOWN
        self.problems = Problems(name, self._lines, kept=kept)
        self.ibans_odd: list[tuple[int, str]] = []
        self.columns: dict[str, pa.Array] = {}
        for line, fields in grid.ragged:
            self.problems.add_line(
                line,
                "ROW_RAGGED",
                f"{fields} fields, but the header has {len(grid.names)}: is there a "
                "separator in a text without quotes?",
            )

    def result(self) -> TableFile:
        """Map every column, in an order in which each finds what it needs."""
        profile = self.profile
        schema = table_schema(profile)
        for target, meaning in profile.targets.items():
            if target in schema.names and meaning.type in ("text", "list"):
                self.columns[target] = self._texts_of(target, meaning.type)
        self._check_codes()
        for target, meaning in profile.targets.items():
            if target not in schema.names or target in self.columns:
                continue
            self.columns[target] = self._typed(target, meaning.type)
        self._check_required(schema)
        if profile.kind == "open_items":
            self._check_unique(["entity", "item_id"])
        elif profile.kind == "customers":
            self._check_unique(["customer_id"])
        arrays = [self.columns[field.name].cast(field.type) for field in schema]
        return TableFile(
            table=with_vat(
                with_analytic(pa.Table.from_arrays(arrays, schema=schema)),
                profile.vat_rates,
                self.problems,
            ),
            rows=self.rows,
            skipped=self.grid.rows - len(self.rows) + self.grid.left_out,
            ibans_odd=self.ibans_odd,
            grid=self.grid,
            problems=self.problems,
        )

    # Rows and cells

    def _lines(self, rows: Collection[int]) -> list[int]:
        return self.grid.lines([int(self.rows[row]) for row in rows])

    def _data_rows(self) -> Integers:
        """Return the numbers of the rows that are data: not blank, not skipped."""
        keep = np.zeros(self.grid.rows, dtype=np.bool_)
        for source in self.profile.columns.values():
            if heading(source) in self.grid.columns:
                keep |= ~_null(self._whole_texts(source))
        for source, values in self.profile.skip.items():
            said = pc.fill_null(self._whole_texts(source), "")
            keep &= ~_mask(pc.is_in(said, value_set=pa.array(values, said.type)))
        rows: Integers = np.flatnonzero(keep)
        return rows

    def _cells(self, target: str) -> pa.Array | list[object]:
        source = self.profile.columns.get(target)
        if source is None or heading(source) not in self.grid.columns:
            return pa.nulls(len(self.rows), pa.string())
        cells = self.grid.columns[heading(source)]
        if len(self.rows) == self.grid.rows:
            return cells
        if isinstance(cells, list):
            return [cells[row] for row in self.rows.tolist()]
        return cells.take(pa.array(self.rows))

    def _texts(self, target: str) -> pa.Array:
        """Return the text of a column, blanks as nulls."""
        source = self.profile.columns.get(target)
        if source is None or heading(source) not in self.grid.columns:
            return pa.nulls(len(self.rows), pa.string())
        texts = self._whole_texts(source)
        if len(self.rows) == self.grid.rows:
            return texts
        return texts.take(pa.array(self.rows))

    def _whole_texts(self, source: str) -> pa.Array:
        """Return the text of a column with the rows that are no data; kept."""
        name = heading(source)
        if name not in self._texts_by_heading:
            self._texts_by_heading[name] = _column_texts(self.grid.columns[name])
        return self._texts_by_heading[name]

    # Columns by type

    def _texts_of(self, target: str, type_: str) -> pa.Array:
        if (value := self.profile.constants.get(target)) is not None:
            return pa.array([value] * len(self.rows), pa.string())
        if type_ == "list":
            return self._list(target)
        texts = self._texts(target)
        prefix = self.profile.customer_id_prefix
        if prefix and target in ("customer_id", "parent_id", "payer_id"):
            texts = pc.binary_join_element_wise(prefix, texts, "")
        if target == "entity" and self.profile.entities:
            texts = self._translated(
                target, texts, self.profile.entities, "ENTITY_UNKNOWN"
            )
        if target == "kind":
            return self._kinds(texts)
        if target == "status":
            return self._statuses(texts)
        if self.profile.kind == "statement" and target in _BANK_NUMBERS:
            coded = texts.dictionary_encode()
            compact = [compact_iban(text) for text in coded.dictionary.to_pylist()]
            return pc.take(pa.array(compact, pa.string()), coded.indices)
        return texts

    def _translated(
        self, target: str, texts: pa.Array, table: Mapping[str, str], reason: str
    ) -> pa.Array:
        """Replace codes by ours; one that the profile does not know is a problem."""
        coded = pc.dictionary_encode(texts)
        codes = coded.dictionary.to_pylist()
        ours = pa.array([table.get(code) for code in codes], pa.string())
        self.problems.add(
            _null(pc.take(ours, coded.indices)) & ~_null(texts),
            target,
            reason,
            lambda row: (
                f"{texts[row].as_py()!r} is not in the profile's table of {target} "
                f"codes; known: {', '.join(map(repr, table))}"
            ),
        )
        return pc.take(ours, coded.indices)

    def _kinds(self, texts: pa.Array) -> pa.Array:
        if self.profile.kinds:
            return self._translated("kind", texts, self.profile.kinds, "KIND_UNKNOWN")
        own = {kind: kind for kind in ITEM_KINDS}
        return self._translated("kind", pc.utf8_lower(texts), own, "KIND_UNKNOWN")

    def _statuses(self, texts: pa.Array) -> pa.Array:
        own = {state: state for state in ENTRY_STATES}
        table = self.profile.statuses or own
        known = self._translated("status", texts, table, "STATUS_UNKNOWN")
        return pc.fill_null(known, "booked")

    def _list(self, target: str) -> pa.Array:
        cells = self._cells(target)
        if isinstance(cells, pa.Array) and pa.types.is_list(cells.type):
            parts = cells.to_pylist()
        else:
            mark = self.profile.form.list_separator
            parts = [
                None if text is None else text.split(mark)
                for text in self._texts(target).to_pylist()
            ]
        lists = [
            part and [one.strip() for one in part if one and one.strip()]
            for part in parts
        ]
        if target == "known_ibans":
            lists = [part and self._ibans(row, part) for row, part in enumerate(lists)]
        return pa.array(lists, pa.list_(pa.string()))

    def _ibans(self, row: int, texts: list[str]) -> list[str]:
        """Keep the IBANs whose check digits hold; the others cannot be a payer's."""
        compact = ["".join(text.split()).upper() for text in texts]
        odd = [iban for iban in compact if not is_valid("iban", iban)]
        self.ibans_odd.extend((row, iban) for iban in odd)
        return [iban for iban in compact if iban not in odd]

    def _typed(self, target: str, type_: str) -> pa.Array:
        if type_ == "date":
            return self._dates(target)
        if type_ == "flag":
            return self._flags(target)
        main = MAIN_AMOUNT[self.profile.kind]
        if target == main and "debit" in self.profile.columns:
            return self._debit_credit(main)
        amounts = self._amounts(target)
        minor = amounts.minor
        if target == main:
            minor = self._signed(minor)
        return pa.array(minor, pa.int64(), mask=amounts.blank)

    def _dates(self, target: str) -> pa.Array:
        cells = self._cells(target)
        if isinstance(cells, pa.Array) and not pa.types.is_temporal(cells.type):
            cells = self._texts(target)
        days, wrong = parse_dates(cells, self.profile.form.dates)
        forms = " or ".join(self.profile.form.dates)
        self.problems.add(
            wrong,
            target,
            "DATE_INVALID",
            lambda row: f"{_shown(cells, row)} is not a date of the form {forms}",
        )
        return days

    def _flags(self, target: str) -> pa.Array:
        texts = self._texts(target)
        flags, wrong = parse_flags(texts)
        self.problems.add(
            wrong,
            target,
            "FLAG_INVALID",
            lambda row: f"{_shown(texts, row)} is neither yes nor no",
        )
        return flags

    # Amounts

    def _amounts(self, target: str) -> Amounts:
        cells, form = self._cells(target), self.profile.form
        if isinstance(cells, list) or not _is_text(cells.type):
            values = cells if isinstance(cells, list) else cells.to_pylist()
            texts = pa.array([cell_amount(cell, form) for cell in values], pa.string())
        else:
            texts = self._texts(target)
        other = _OTHER_CURRENCY.get((self.profile.kind, target), "currency")
        currencies = self.columns[other]
        digits = _exponents(currencies)
        texts = without_currency(texts, currencies)
        amounts = parse_amounts(texts, digits, form)
        self.problems.add(
            amounts.wrong,
            target,
            "AMOUNT_INVALID",
            lambda row: (
                f"{_shown(cells, row)} is not an amount with decimal mark "
                f"{form.decimal!r}{_spreadsheet_hint(cells, row)}"
            ),
        )
        self.problems.add(
            amounts.decimals,
            target,
            "DECIMALS_TOO_MANY",
            lambda row: (
                f"{_shown(cells, row)} has more decimals than the {digits[row]} of "
                f"{currencies[row].as_py()}{_spreadsheet_hint(cells, row)}"
            ),
        )
        self.problems.add(
            amounts.large,
            target,
            "AMOUNT_TOO_LARGE",
            lambda row: f"{_shown(cells, row)} has too many digits",
        )
        return amounts

    def _debit_credit(self, main: str) -> pa.Array:
        debit, credit = self._amounts("debit"), self._amounts("credit")
        minor = debit.minor - credit.minor
        self.problems.add(
            debit.blank & credit.blank,
            main,
            "VALUE_MISSING",
            lambda _: "neither debit nor credit is given",
        )
        if self.profile.kind == "statement":
            return pa.array(self._moved(debit, credit), pa.int64())
        return pa.array(self._signed(minor), pa.int64())

    def _moved(self, debit: Amounts, credit: Amounts) -> Integers:
        """Return what the columns of a bank statement moved: money in is positive."""
        self.problems.add(
            (debit.minor != 0) & (credit.minor != 0),
            "credit",
            "SIDE_TWICE",
            lambda _: "debit and credit are both given: an entry has one side",
        )
        own_minus = self.profile.form.debits == "negative"
        if own_minus:
            self.problems.add(
                debit.minor > 0,
                "debit",
                "SIGN_MISSING",
                lambda row: (
                    f"{_shown(self._cells('debit'), row)} has no minus, but the "
                    'profile says debits = "negative"'
                ),
            )
        elif (debit.minor < 0).any() and not (debit.minor > 0).any():
            self.problems.add(
                debit.minor < 0,
                "debit",
                "SIGN_UNCLEAR",
                lambda row: (
                    f"{_shown(self._cells('debit'), row)} has a minus, as all debits "
                    'do: say [form] debits = "negative" in the profile'
                ),
            )
        return credit.minor + debit.minor if own_minus else credit.minor - debit.minor

    def _signed(self, minor: Integers) -> Integers:
        """Apply the indicator and the profile's sign.

        What we are owed is positive; of a bank statement, the money that came in.
        """
        profile = self.profile
        of_bank = profile.kind == "statement"
        if "indicator" in profile.columns:
            said = self._texts("indicator")
            debit, credit = (
                _mask(pc.is_in(said, value_set=pa.array(words, said.type)))
                for words in (profile.indicator_debit, profile.indicator_credit)
            )
            words = ", ".join([*profile.indicator_debit, *profile.indicator_credit])
            self.problems.add(
                ~debit & ~credit,
                "indicator",
                "INDICATOR_UNKNOWN",
                lambda row: f"{_shown(said, row)} is not one of {words}",
            )
            if of_bank:
                self._refuse_two_signs(minor)
            minor = np.where(credit, -minor, minor)
            return -minor if of_bank or profile.credit_positive else minor
        return -minor if profile.credit_positive != of_bank else minor

    def _refuse_two_signs(self, minor: Integers) -> None:
        self.problems.add(
            minor < 0,
            "amount_minor",
            "SIGN_TWICE",
            lambda row: (
                f"{_shown(self._cells('amount_minor'), row)} has a minus, and "
                f"{_shown(self._texts('indicator'), row)} says the side too: leave out "
                "the indicator if amounts have signs"
            ),
        )

    # Checks over columns

    def _check_codes(self) -> None:
        """Check currencies and entities once per distinct code."""
        for target in {"currency", "original_currency"} & self.columns.keys():
            self._check_known(
                target,
                "CURRENCY_UNKNOWN",
                lambda code: code is None or currency_exponent(code) is not None,
                "is not an ISO 4217 currency",
            )
        entities = self.entities
        if "entity" in self.columns and entities is not None:
            self._check_known(
                "entity",
                "ENTITY_UNKNOWN",
                lambda code: code in entities,
                "is not an entity of the settings: `alloc entity add` adds it, "
                "[entities] in the profile translates codes",
            )

    def _check_known(
        self, target: str, reason: str, known: Callable[[str], bool], what: str
    ) -> None:
        coded = pc.dictionary_encode(self.columns[target])
        codes = coded.dictionary.to_pylist()
        odd = pa.array([not known(code) for code in codes], pa.bool_())
        self.problems.add(
            _mask(pc.fill_null(pc.take(odd, coded.indices), fill_value=False)),
            target,
            reason,
            lambda row: f"{_shown(self.columns[target], row)} {what}",
        )

    def _check_required(self, schema: pa.Schema) -> None:
        for target, meaning in self.profile.targets.items():
            if not meaning.required or target not in schema.names:
                continue
            source = self.profile.columns.get(target, "")
            if target in MAIN_AMOUNT.values() and not source:
                continue
            self._check_filled(target, source)

    def _check_filled(self, target: str, source: str) -> None:
        self.problems.add(
            _null(self._texts(target)) if source else _null(self.columns[target]),
            target,
            "VALUE_MISSING",
            lambda _: f"the column {source!r} is empty",
        )

    def _check_unique(self, key: list[str]) -> None:
        """Refuse rows whose key stands in an earlier row too, naming both lines."""
        codes = np.zeros(len(self.rows), dtype=np.int64)
        for target in key:
            coded = pc.dictionary_encode(self.columns[target])
            numbers = pc.fill_null(coded.indices, -1).to_numpy().astype(np.int64)
            codes = codes * (len(coded.dictionary) + 1) + numbers + 1
        order = np.argsort(codes, kind="stable")
        same = np.zeros(len(codes), dtype=np.bool_)
        same[order[1:]] = codes[order[1:]] == codes[order[:-1]]
        same &= ~_null(self.columns[key[-1]])
        self.problems.add(
            same,
            key[-1],
            "ROW_DUPLICATE",
            lambda row: (
                f"{_shown(self.columns[key[-1]], row)} stands twice: also in line "
                f"{self._lines([int(np.flatnonzero(codes == codes[row])[0])])[0]}"
            ),
        )


def _exponents(currencies: pa.Array) -> Integers:
    """Return the decimals of each row's currency; two where it is not known."""
    coded = pc.dictionary_encode(currencies)
    known = [currency_exponent(code) for code in coded.dictionary.to_pylist()]
    table = np.array(
        [*(_UNKNOWN_EXPONENT if digits is None else digits for digits in known), 2],
        dtype=np.int64,
    )
    exponents: Integers = table[pc.fill_null(coded.indices, len(known)).to_numpy()]
    return exponents


def _is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))


def _column_texts(cells: pa.Array | list[object]) -> pa.Array:
    """Return a column as trimmed text; null where blank."""
    if isinstance(cells, list):
        return pa.array([cell_text(cell) for cell in cells], pa.string())
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if not _is_text(cells.type):
        values = (cell_text(cell) for cell in cells.to_pylist())
        return pa.array(values, pa.string(), size=len(cells))
    texts = pc.utf8_trim_whitespace(cells.cast(pa.string()))
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, texts.type), texts)


def _mask(flags: pa.Array) -> Mask:
    mask: Mask = flags.to_numpy(zero_copy_only=False)
    return mask


def _null(array: pa.Array) -> Mask:
    return _mask(pc.is_null(array))


def _shown(cells: pa.Array | list[object], row: int) -> str:
    cell = cells[row] if isinstance(cells, list) else cells[row].as_py()
    return repr(cell) if isinstance(cell, str) else str(cell)


def _spreadsheet_hint(cells: pa.Array | list[object], row: int) -> str:
    if isinstance(cells, list) and isinstance(cells[row], float):
        return (
            ": round it in the spreadsheet (a number there is exact to 15 digits), "
            "or store it as text"
        )
    return ""


def compact_iban(text: str) -> str:
    """Write an account as other bank files have it: without blanks, IBANs upper case.

    >>> compact_iban("fr76 3000 6000 0112 3456 7890 189")
    'FR7630006000011234567890189'
    """
    compact = "".join(text.split())
    return compact.upper() if is_valid("iban", compact) else compact
