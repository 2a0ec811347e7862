"""Mapping profiles: how the tables of another system become ours, in TOML.

::

    kind = "open_items"  # or "customers", "remittances", "statement", "clearings"
    snapshot = true                    # the file lists every open item of its entities
    entity = "E01"                     # for all rows; or a column, see below
    currency = "EUR"                   # for all rows; or a column
    customer_id_prefix = "A-"          # before every customer number
    optional = ["due_date"]            # targets whose column may be missing
    vat_rates = ["20%", "10%"]         # of VAT amounts without a column of rates

    [file]
    format = "csv"                     # "csv", "xlsx", "parquet", or a list of them
    separator = ";"                    # without it: the one that fits the header
    encoding = "iso-8859-15"           # default "utf-8"
    quote = '"'
    header_row = 1                     # without it: the first row that has the columns
    sheet = "Open items"               # without it: the first sheet

    [detect]
    columns = ["N° pièce", "Solde"]    # without it: all columns that must be there

    [form]
    decimal = ","
    thousands = "."                    # blanks between thousands are always understood
    date = "%d/%m/%Y"                  # or "excel", "excel1904", or a list of forms
    sign = "debit_positive"            # or "credit_positive": what we are owed is < 0
    amounts = "major"                  # or "minor": whole cents
    list_separator = "|"

    [columns]                          # our name = the column's heading
    item_id = "N° pièce"
    open_minor = "Solde"               # or debit and credit; or with an indicator
    entity = "Société"

    [entities]                         # their entity code = ours
    "01" = "E01"

    [kinds]                            # their document type = ours
    FA = "invoice"

    [indicator]                        # values of the column `indicator`
    debit = ["D", "S"]
    credit = ["C", "H"]

    [skip]                             # rows that are no data, by heading and value
    "N° pièce" = ["", "Total"]

Bank statements (kind ``statement``) have these beside::

    account = "FR76..."                # for all rows; or a column; or a cell

    [columns]
    remittance_text = ["Libellé", "Détail"]    # one line of text each

    [cells]                            # beside a label, above or below the entries
    account = "IBAN"
    opening_minor = ["Solde initial", "Ancien solde"]

    [statuses]                         # their word = booked, pending, information
    "En attente" = "pending"

    [form]
    debits = "negative"                # the column `debit` has its own minus
    decimals = 3                       # 12.340 is 12.34: for every kind of table
"""

from __future__ import annotations

import codecs
import datetime as dt
import re
import unicodedata
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING

import msgspec

from alloc.engine import currency_exponent
from alloc.ingest.item_analytic import ANALYTIC
from alloc.ingest.item_vat import VAT_AMOUNTS, VAT_RATES, rate_bps
from alloc.toml_reader import TomlDocument, TomlTable, read_toml_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "CELLS",
    "FORMATS",
    "ITEM_KINDS",
    "SEPARATORS",
    "TARGETS",
    "TEXTS",
    "Form",
    "Profile",
    "Target",
    "builtin_profiles",
    "heading",
    "load_profile",
    "load_profiles",
]

FORMATS = ("csv", "xlsx", "parquet")
SEPARATORS = (";", ",", "\t", "|")
"""Separators that are tried when a profile names none."""

ITEM_KINDS = ("invoice", "credit_note", "deposit", "proforma", "payable", "payment")
"""Document types of open items."""

ENTRY_STATES = ("booked", "pending", "information")
"""Where an entry of a bank statement may stand."""

EXCEL_EPOCHS = ("excel", "excel1904")

TEXTS = ("remittance_text", *(f"remittance_text_{number}" for number in range(2, 10)))
"""Columns that become the lines of text of a bank entry, in this order."""

CELLS = {
    "account": "text",
    "currency": "text",
    "number": "text",
    "opening_minor": "amount",
    "opening_date": "date",
    "closing_minor": "amount",
    "closing_date": "date",
}
"""What a bank statement may say beside a label, outside of its entries."""


class Target(msgspec.Struct, frozen=True):
    """A column of ours: its type and whether it must be given.

    ``type`` is ``text``, ``list``, ``amount``, ``date`` or ``flag``.
    """

    type: str
    required: bool = False


_TEXT, _LIST, _DATE = Target("text"), Target("list"), Target("date")
_AMOUNT, _FLAG, _KEY = Target("amount"), Target("flag"), Target("text", required=True)

TARGETS: Mapping[str, Mapping[str, Target]] = {
    "open_items": {
        "entity": _KEY,
        "item_id": _KEY,
        "customer_id": _KEY,
        "currency": _KEY,
        "open_minor": Target("amount", required=True),
        "debit": _AMOUNT,
        "credit": _AMOUNT,
        "indicator": _TEXT,
        "reference": _TEXT,
        "other_references": _LIST,
        "customer_name": _TEXT,
        "kind": _TEXT,
        "account": _TEXT,
        "issue_date": _DATE,
        "due_date": _DATE,
        "original_minor": _AMOUNT,
        "foreign_currency": _TEXT,
        "foreign_minor": _AMOUNT,
        "disputed": _FLAG,
        "payer_id": _TEXT,
        **dict.fromkeys(VAT_AMOUNTS, _AMOUNT),
        **dict.fromkeys(VAT_RATES, _TEXT),
        **dict.fromkeys(ANALYTIC, _TEXT),
    },
    "customers": {
        "customer_id": _KEY,
        "name": _KEY,
        "known_ibans": _LIST,
        "aliases": _LIST,
        "customer_type": _TEXT,
        "parent_id": _TEXT,
        "supplier_id": _TEXT,
        "siren": _TEXT,
        "vat_number": _TEXT,
    },
    "remittances": {
        "reference": _KEY,
        "currency": _KEY,
        "amount_minor": _AMOUNT,
        "debit": _AMOUNT,
        "credit": _AMOUNT,
        "indicator": _TEXT,
        "deduction_minor": _AMOUNT,
        "reason": _TEXT,
        "advice": _TEXT,
        "entity": _TEXT,
        "customer_id": _TEXT,
        "payer_name": _TEXT,
        "payer_iban": _TEXT,
        "payment_reference": _TEXT,
        "payment_date": _DATE,
        "total_minor": _AMOUNT,
    },
    "clearings": {
        "entity": _KEY,
        "customer_id": _KEY,
        "currency": _KEY,
        "item_id": _KEY,
        "issue_date": Target("date", required=True),
        "amount_minor": Target("amount", required=True),
        "debit": _AMOUNT,
        "credit": _AMOUNT,
        "indicator": _TEXT,
        "deduction_minor": _AMOUNT,
        "customer_name": _TEXT,
        "reference": _TEXT,
        "kind": _TEXT,
        "clearing": _TEXT,
        "clearing_date": _DATE,
        "payment": _TEXT,
        "payment_date": _DATE,
        "payment_minor": _AMOUNT,
        "payment_account": _TEXT,
    },
    "statement": {
        "account": _KEY,
        "currency": _KEY,
        "booking_date": Target("date", required=True),
        "value_date": _DATE,
        "amount_minor": Target("amount", required=True),
        "debit": _AMOUNT,
        "credit": _AMOUNT,
        "indicator": _TEXT,
        "balance_minor": _AMOUNT,
        "status": _TEXT,
        **dict.fromkeys(TEXTS, _TEXT),
        "counterparty_name": _TEXT,
        "counterparty_iban": _TEXT,
        "ultimate_name": _TEXT,
        "bank_reference": _TEXT,
        "end_to_end_id": _TEXT,
        "creditor_reference": _TEXT,
        "mandate_id": _TEXT,
        "transaction_code": _TEXT,
        "original_currency": _TEXT,
        "original_minor": _AMOUNT,
        "additional_info": _TEXT,
    },
}
"""What each kind of table can hold; ``debit``, ``credit`` and ``indicator`` make up the
amount and are no columns of the result."""

MAIN_AMOUNT = {
    "open_items": "open_minor",
    "remittances": "amount_minor",
    "clearings": "amount_minor",
    "statement": "amount_minor",
}
"""The amount that ``debit``, ``credit``, ``indicator`` and ``sign`` speak of."""


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """How values are written.

    Parameters
    ----------
    decimal
        Decimal mark: ``.`` or ``,``.
    thousands
        Mark between thousands beside blanks; empty: none.
    dates
        Forms of dates, tried in order: as `datetime.strptime` has them, ``excel``
        (days since 1899-12-30) or ``excel1904``.
    amounts
        ``major`` (euros with decimals) or ``minor`` (whole cents).
    list_separator
        Between the parts of a list.
    decimals
        With how many decimals every amount is written, where that is more than the
        currency has; 0: not said. ``12.340`` with 3 is 12.34 for euros.
    debits
        ``positive``, or ``negative``: the column ``debit`` of a bank statement has
        its own minus.
    """

    decimal: str = "."
    thousands: str = ""
    dates: tuple[str, ...] = ("%Y-%m-%d",)
    amounts: str = "major"
    list_separator: str = "|"
    decimals: int = 0
    debits: str = "positive"


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A checked mapping profile; the module's text explains each part.

    ``separator`` empty and ``header_row`` 0 mean: find it. ``columns`` has our names
    as keys and the file's headings as values.
    """

    name: str
    kind: str
    formats: tuple[str, ...]
    columns: Mapping[str, str]
    separator: str = ""
    encoding: str = "utf-8"
    quote: str = '"'
    header_row: int = 0
    sheet: str | None = None
    detect: tuple[str, ...] = ()
    form: Form = Form()
    credit_positive: bool = False
    entity: str | None = None
    currency: str | None = None
    account: str | None = None
    customer_id_prefix: str = ""
    snapshot: bool = False
    vat_rates: tuple[str, ...] = ()
    optional: frozenset[str] = frozenset()
    entities: Mapping[str, str] = {}
    kinds: Mapping[str, str] = {}
    indicator_debit: tuple[str, ...] = ("D", "S")
    indicator_credit: tuple[str, ...] = ("C", "H")
    skip: Mapping[str, tuple[str, ...]] = {}
    cells: Mapping[str, tuple[str, ...]] = {}
    statuses: Mapping[str, str] = {}
    builtin: bool = False

    @property
    def targets(self) -> Mapping[str, Target]:
        """The columns that this kind of table can hold."""
        return TARGETS[self.kind]

    @property
    def constants(self) -> Mapping[str, str]:
        """What holds for every row."""
        given = {
            "entity": self.entity,
            "currency": self.currency,
            "account": self.account,
        }
        return {name: value for name, value in given.items() if value is not None}

    @property
    def needed(self) -> tuple[str, ...]:
        """Headings without which a file cannot be read."""
        mapped = [
            source
            for target, source in self.columns.items()
            if target not in self.optional
        ]
        return tuple(dict.fromkeys([*mapped, *self.skip]))


@lru_cache(maxsize=8192)
def heading(text: str) -> str:
    """Bring a heading into the form in which headings are compared.

    >>> heading("  N°   PIÈCE ") == heading("n° pièce")
    True
    """
    normal = unicodedata.normalize("NFKC", text).replace("\ufeff", "")
    return " ".join(normal.split()).casefold()


def load_profile(text: str, name: str, *, file: str = "") -> Profile:
    """Parse and check the text of a mapping profile.

    Parameters
    ----------
    text
        The whole file.
    name
        Name of the profile: its file name without ``.toml``.
    file
        File name for messages; default ``<name>.toml``.

    Returns
    -------
    Profile

    Raises
    ------
    alloc.errors.InputError
        ``TOML_SYNTAX`` or ``PROFILE_INVALID``; the message lists every mistake as
        ``file:line: key: what``.
    """
    document = TomlDocument(text, name=file or f"{name}.toml")
    root = document.root
    root.require("kind")
    kind = root.choice("kind", tuple(TARGETS), default="open_items")
    source, detect = root.table("file"), root.table("detect")
    form, indicator = root.table("form"), root.table("indicator")
    columns = _columns(root, kind)
    profile = Profile(
        name=name,
        kind=kind,
        formats=_formats(source, kind),
        columns=columns,
        separator=_separator(source),
        encoding=_encoding(source),
        quote=_one_character(source, "quote", '"'),
        header_row=source.integer("header_row", 0, low=1, high=10_000),
        sheet=source.optional_text("sheet"),
        detect=detect.texts("columns"),
        credit_positive=_credit_positive(form, kind),
        form=_form(form),
        entity=root.optional_text("entity"),
        currency=_currency(root),
        account=root.optional_text("account"),
        customer_id_prefix=root.raw_text("customer_id_prefix", ""),
        snapshot=root.flag("snapshot", default=False),
        vat_rates=_vat_rates(root),
        optional=_optional(root, columns),
        entities=root.table("entities").text_by_key(),
        kinds=_codes(root.table("kinds"), ITEM_KINDS),
        indicator_debit=indicator.texts("debit", ("D", "S")),
        indicator_credit=indicator.texts("credit", ("C", "H")),
        skip=_skip(root.table("skip")),
        cells=_cells(root.table("cells")),
        statuses=_codes(root.table("statuses"), ENTRY_STATES),
    )
    for table in (source, detect, form, indicator, root):
        table.finish()
    _check_whole(profile, root)
    document.raise_mistakes("PROFILE_INVALID")
    return profile


def load_profiles(folder: Path) -> tuple[Profile, ...]:
    """Read the profiles of a workspace folder, by name; none when it is missing.

    Raises
    ------
    alloc.errors.InputError
        A profile is wrong or cannot be read.
    """
    paths = sorted(folder.glob("*.toml")) if folder.is_dir() else []
    profiles = []
    for path in paths:
        text = read_toml_text(path)
        profiles.append(load_profile(text, path.stem, file=str(path)))
    return tuple(profiles)


@cache
def builtin_profiles() -> tuple[Profile, ...]:
    """Return the profiles that come with the package, for generic files."""
    folder = resources.files("alloc.ingest") / "profiles"
    texts = {
        entry.name.removesuffix(".toml"): entry.read_text(encoding="utf-8")
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    }
    return tuple(
        msgspec.structs.replace(load_profile(texts[name], name), builtin=True)
        for name in sorted(texts)
    )


def _vat_rates(root: TomlTable) -> tuple[str, ...]:
    rates = root.texts("vat_rates")
    for text in rates:
        if rate_bps(text) is None:
            root.mistake("vat_rates", f'{text!r} is no rate: write "20%"')
    return rates


def _formats(table: TomlTable, kind: str) -> tuple[str, ...]:
    table.require("format")
    formats = table.texts("format")
    known = FORMATS if kind != "statement" else ("csv", "xlsx")
    for unknown in sorted(set(formats) - set(known)):
        table.mistake("format", f"must be of {', '.join(known)}, not {unknown!r}")
    return formats


def _columns(root: TomlTable, kind: str) -> dict[str, str]:
    root.require("columns")
    table = root.table("columns")
    single = [key for key in table.keys if key in TARGETS[kind] and key not in TEXTS]
    columns = {key: table.required_text(key) for key in single}
    if kind == "statement" and TEXTS[0] in table:
        texts = table.texts(TEXTS[0])
        if len(texts) > len(TEXTS):
            table.mistake(TEXTS[0], f"takes {len(TEXTS)} columns at most")
        columns |= dict(zip(TEXTS, texts, strict=False))
    table.finish([key for key in TARGETS[kind] if key not in TEXTS[1:]])
    return columns


def _optional(root: TomlTable, columns: Mapping[str, str]) -> frozenset[str]:
    optional = frozenset(root.texts("optional"))
    texts = columns.keys() & TEXTS if TEXTS[0] in optional else frozenset()
    return optional | texts


def _one_character(table: TomlTable, key: str, default: str) -> str:
    text = table.raw_text(key, default)
    if len(text) != 1 or not text.isascii() or text in "\r\n\0":
        table.mistake(key, f"must be one ASCII character, not {text!r}")
        return default
    return text


def _separator(table: TomlTable) -> str:
    if "separator" not in table:
        return ""
    return _one_character(table, "separator", ";")


def _encoding(table: TomlTable) -> str:
    encoding = table.text("encoding", "utf-8")
    try:
        info = codecs.lookup(encoding)
        b"\n".decode(encoding, "replace")
    except LookupError:
        table.mistake("encoding", f"{encoding!r} is not a known encoding")
        return "utf-8"
    return info.name


def _credit_positive(table: TomlTable, kind: str) -> bool:
    signs = ("debit_positive", "credit_positive")
    if "sign" in table and kind not in MAIN_AMOUNT:
        table.mistake("sign", f"{kind} have no amount")
    usual = signs[1] if kind == "statement" else signs[0]
    return table.choice("sign", signs, default=usual) == "credit_positive"


def _form(table: TomlTable) -> Form:
    decimal = table.choice("decimal", (".", ","), default=".")
    thousands = table.raw_text("thousands", "").strip().replace("\u2019", "'")
    if thousands and (thousands == decimal or thousands not in (".", ",", "'")):
        table.mistake("thousands", "must be '.', ',', an apostrophe or a blank")
        thousands = ""
    return Form(
        decimal=decimal,
        thousands=thousands,
        dates=_dates(table),
        amounts=table.choice("amounts", ("major", "minor"), default="major"),
        list_separator=table.raw_text("list_separator", "|") or "|",
        decimals=table.integer("decimals", 0, low=1, high=9),
        debits=table.choice("debits", ("positive", "negative"), default="positive"),
    )


def _dates(table: TomlTable) -> tuple[str, ...]:
    dates = table.texts("date", ("%Y-%m-%d",))
    sample = dt.datetime(2026, 12, 31)  # noqa: DTZ001 - a day
    for form in dates:
        if form in EXCEL_EPOCHS:
            continue
        try:
            read = dt.datetime.strptime(sample.strftime(form), form)  # noqa: DTZ007
            whole = read.date() == sample.date()
        except (ValueError, re.error):  # re: a directive that stands twice
            whole = False
        if not whole:
            table.mistake(
                "date", f"{form!r} is not a whole date such as %d/%m/%Y, nor 'excel'"
            )
    return dates


def _currency(root: TomlTable) -> str | None:
    currency = root.optional_text("currency")
    if currency is not None and currency_exponent(currency) is None:
        root.mistake("currency", f"{currency!r} is not an ISO 4217 currency")
        return None
    return currency


def _codes(table: TomlTable, ours: tuple[str, ...]) -> dict[str, str]:
    codes = table.text_by_key()
    for code, meaning in codes.items():
        if meaning and meaning not in ours:
            table.mistake(code, f"must be one of {', '.join(ours)}")
    return codes


def _skip(table: TomlTable) -> dict[str, tuple[str, ...]]:
    return {key: table.texts(key) for key in table.keys}


def _cells(table: TomlTable) -> dict[str, tuple[str, ...]]:
    cells = {key: table.texts(key) for key in table.keys if key in CELLS}
    table.finish(CELLS)
    return cells


def _check_whole(profile: Profile, root: TomlTable) -> None:
    """Note what is only wrong together: a key that is neither column nor constant."""
    columns = root.table("columns")
    main = MAIN_AMOUNT.get(profile.kind, "")
    split = {"debit", "credit"} & profile.columns.keys()
    given = {*profile.columns, *profile.constants, *profile.cells}
    for target, meaning in profile.targets.items():
        missing = target not in given and not (target == main and split)
        if meaning.required and missing:
            constant = target in ("entity", "currency", "account")
            hint = f", or {target} = ... at the top" if constant else ""
            columns.mistake("", f"{target} is missing{hint}")
    for name in profile.constants:
        if name in profile.columns:
            root.mistake(name, f"{name} is also a column: keep one of the two")
        if name not in profile.targets:
            root.mistake(name, f"{profile.kind} have no {name}")
    for target in sorted(profile.optional - profile.columns.keys() - {*profile.cells}):
        root.mistake("optional", f"{target} is not one of the [columns]")
    if profile.snapshot and profile.kind != "open_items":
        root.mistake("snapshot", "only open items come as snapshots")
    if profile.kind == "clearings":
        _check_clearings(profile, columns)
    _check_statement(profile, root)
    _check_amounts(profile, columns, main, split)


def _check_statement(profile: Profile, root: TomlTable) -> None:
    """Note what only bank statements have, or have in two ways."""
    for name in profile.cells:
        if name in profile.columns or name in profile.constants:
            root.table("cells").mistake(name, "is given in another way too: keep one")
    if profile.kind != "statement":
        for name, said in (("cells", profile.cells), ("statuses", profile.statuses)):
            if said:
                root.mistake(name, f"only bank statements have {name}")
    for name in sorted({"account", "currency"} & profile.optional & {*profile.cells}):
        root.mistake("optional", f"{name} is needed: it cannot be missing")
    needs = [
        ("columns", "original_minor" in profile.columns, "original_currency"),
        ("statuses", bool(profile.statuses), "status"),
        ("form", profile.form.debits == "negative", "debit"),
    ]
    for name, used, column in needs:
        if used and column not in profile.columns and profile.kind == "statement":
            root.mistake(name, f"needs the column {column}")


def _check_clearings(profile: Profile, columns: TomlTable) -> None:
    """Note when rows neither name their payment nor say what was cleared together."""
    if "payment_date" in profile.columns or {"clearing", "kind"} <= {*profile.columns}:
        return
    columns.mistake(
        "",
        "payment_date is missing, which names the payment of each row; or clearing and "
        "kind, when payments are rows of their own",
    )


def _check_amounts(
    profile: Profile, columns: TomlTable, main: str, split: set[str]
) -> None:
    """Note when the main amount is said in two ways, or in none that is whole."""
    if len(split) == 1:
        columns.mistake(next(iter(split)), "debit and credit come together")
    if split and main in profile.columns:
        columns.mistake(main, "either this column, or debit and credit")
    if "indicator" in profile.columns and main not in profile.columns:
        columns.mistake("indicator", f"says the side of {main}, which is missing")
    both = {*profile.indicator_debit} & {*profile.indicator_credit}
    if both:
        columns.document.mistake(
            "indicator", "debit", f"{min(both)!r} is debit and credit at once"
        )
