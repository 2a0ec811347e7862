"""Settings of a workspace: `alloc.toml`, checked whole, each mistake with its line."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from alloc.engine import currency_exponent
from alloc.errors import NotFoundError
from alloc.policy import Policy, read_policy
from alloc.toml_reader import TomlDocument, TomlTable, read_toml_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = [
    "ACCOUNTS",
    "EXPORT_FORMATS",
    "JOURNALS",
    "BankAccount",
    "Entity",
    "ExchangeRate",
    "Inbox",
    "Policy",
    "Settings",
    "add_entity",
    "load_settings",
    "read_settings",
]

ACCOUNTS: Mapping[str, str] = {
    "bank": "512000",
    "customer": "411000",
    "retention": "411700",
    "doubtful": "416000",
    "deposit_received": "419100",
    "supplier": "401000",
    "factor": "467000",
    "factor_guarantee": "467100",
    "suspense": "471000",
    "intercompany": "451000",
    "vat_collected": "445710",
    "vat_collected_pending": "445740",
    "vat_deductible": "445660",
    "vat_deductible_pending": "445640",
    "vat_awaiting_invoice": "445860",
    "vat_regularisation": "445800",
    "tax_credit": "444000",
    "commission": "622200",
    "factor_commission": "622500",
    "bank_charges": "627800",
    "foreign_tax": "637400",
    "bad_debt": "654100",
    "fx_loss": "656000",
    "rounding_loss": "658000",
    "discount_granted": "665000",
    "financing_charge": "668000",
    "service_rebate": "709600",
    "rebilled_charges": "708800",
    "fx_gain": "756000",
    "recovery_indemnity": "758100",
    "rounding_gain": "758000",
    "late_interest": "763100",
    "bad_debt_recovered": "758300",
}
"""Account number by role: the French general chart (PCG), six digits."""

JOURNALS: Mapping[str, str] = {"BQ1": "Banque", "OD": "Opérations diverses"}
"""Journal labels by code, unless the settings name others."""

EXPORT_FORMATS = (
    "fec",
    "beancount",
    "hledger",
    "csv",
    "json",
    "odoo",
    "odoo-xlsx",
    "sage",
    "quadra",
    "cegid",
    "sap",
    "einvoicing-payments",
)
"""Forms in which the journal can be handed on."""

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_RIB_KEY_DIGITS = 2
_RATE_DIGITS = 18


class ExchangeRate(msgspec.Struct, frozen=True, kw_only=True):
    """What one unit of the currency of the books is in another, from a day on.

    Parameters
    ----------
    currency
        The other one.
    books
        The currency of the books.
    since
        First day on which it holds; a later rate takes its place.
    per_unit
        Units of the other currency for one of the books, as (numerator, denominator).
    """

    currency: str
    books: str
    since: dt.date
    per_unit: tuple[int, int]


class Inbox(msgspec.Struct, frozen=True, kw_only=True):
    """How the nightly job takes files from the inbox folder.

    Parameters
    ----------
    folder
        Folder below the workspace.
    ignore
        File name patterns that are left alone (shell style).
    settle_seconds
        A file changed less than this ago is still being written: left for the next run.
    """

    folder: str = "inbox"
    ignore: tuple[str, ...] = (".*", "*.part", "*.tmp")
    settle_seconds: int = 2


class BankAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One bank account of an entity.

    Parameters
    ----------
    iban
        IBAN without blanks, checked; None when the bank knows the account otherwise.
    number
        The bank's own number where there is no IBAN, or beside it.
    journal
        Journal code of its entries.
    account
        Ledger account of the money.
    """

    iban: str | None = None
    number: str | None = None
    journal: str = "BQ1"
    account: str = "512000"

    @property
    def identifier(self) -> str:
        """IBAN, else the bank's own number."""
        return self.iban or self.number or ""


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """One legal entity.

    Parameters
    ----------
    id
        Short code used in all tables.
    name
        Legal name.
    siren
        SIREN of nine digits (French FEC file name).
    currency
        Currency of its ledger.
    fiscal_year_end
        Month and day of the closing, ``MM-DD``.
    locked_until
        Last day of the closed periods: entries are dated after it.
    four_eyes_above
        Payments of more than this, in minor units, are posted once two people accepted
        the same; None: one is enough.
    accounts
        Account number by role: the workspace's, with this entity's own ones on top.
    banks
        Its bank accounts.
    """

    id: str
    name: str
    siren: str | None = None
    currency: str = "EUR"
    fiscal_year_end: str = "12-31"
    locked_until: dt.date | None = None
    four_eyes_above: int | None = None
    accounts: Mapping[str, str] = msgspec.field(default_factory=lambda: dict(ACCOUNTS))
    banks: tuple[BankAccount, ...] = ()

    def first_open_day(self, day: dt.date) -> dt.date:
        """Return `day`, or the first open day when its period is closed.

        >>> entity = Entity(id="E", name="E", locked_until=dt.date(2026, 3, 31))
        >>> str(entity.first_open_day(dt.date(2026, 3, 15)))
        '2026-04-01'
        """
        if self.locked_until is None or day > self.locked_until:
            return day
        return self.locked_until + dt.timedelta(days=1)

    def fiscal_year(self, day: dt.date) -> int:
        """Return the fiscal year that holds `day`, named by the year in which it ends.

        >>> Entity(id="E", name="E", fiscal_year_end="06-30").fiscal_year(
        ...     dt.date(2026, 8, 1)
        ... )
        2027
        """
        return day.year if day <= self._closing(day.year) else day.year + 1

    def fiscal_year_span(self, fiscal_year: int) -> tuple[dt.date, dt.date]:
        """Return the first and the last day of a fiscal year.

        >>> entity = Entity(id="E", name="E", fiscal_year_end="06-30")
        >>> [str(day) for day in entity.fiscal_year_span(2027)]
        ['2026-07-01', '2027-06-30']
        """
        first = self._closing(fiscal_year - 1) + dt.timedelta(days=1)
        return first, self._closing(fiscal_year)

    def _closing(self, year: int) -> dt.date:
        month, day = (int(part) for part in self.fiscal_year_end.split("-"))
        return dt.date(year, month, min(day, calendar.monthrange(year, month)[1]))


class Settings(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The checked settings of a workspace.

    Parameters
    ----------
    name, locale, currency
        Of the workspace: its title, the language of labels and reports, and the
        currency of entities that name none.
    ledger_url
        Where the ledger is kept; a relative file belongs to the workspace folder.
    balance_check
        ``refuse`` a statement that does not add up or is cut off, or ``warn`` and
        import what is there.
    import_strict
        Refuse a bank file for one entry that cannot be read; else it is left out, with
        a notice.
    lettering
        ``per_group``: one posting and lettering code for all items of a customer that
        one payment clears; ``per_document``: one for each.
    exports
        Formats that the nightly job writes, of `EXPORT_FORMATS`.
    policy, inbox, entities
        See `Policy`, `Inbox`, `Entity`.
    accounts
        Account number by role.
    journals
        Journal label by code.
    exchange_rates
        By first day, for money on bank accounts in a foreign currency.
    """

    name: str = "alloc"
    locale: str = "en"
    currency: str = "EUR"
    ledger_url: str = "sqlite:///ledger.db"
    balance_check: str = "refuse"
    import_strict: bool = False
    lettering: str = "per_group"
    policy: Policy = Policy()
    inbox: Inbox = Inbox()
    exports: tuple[str, ...] = ()
    accounts: Mapping[str, str] = msgspec.field(default_factory=lambda: dict(ACCOUNTS))
    journals: Mapping[str, str] = msgspec.field(default_factory=lambda: dict(JOURNALS))
    entities: tuple[Entity, ...] = ()
    exchange_rates: tuple[ExchangeRate, ...] = ()

    def exchange_rate(
        self, currency: str, books: str, day: dt.date
    ) -> ExchangeRate | None:
        """Return the rate that holds on a day; None when none was given."""
        found = (
            rate
            for rate in reversed(self.exchange_rates)
            if (rate.currency, rate.books) == (currency, books) and rate.since <= day
        )
        return next(found, None)

    def entity(self, entity_id: str) -> Entity:
        """Return the entity of that id.

        Raises
        ------
        alloc.errors.NotFoundError
            There is none (``ENTITY_UNKNOWN``).
        """
        for entity in self.entities:
            if entity.id == entity_id:
                return entity
        raise NotFoundError(
            f"entity {entity_id} is not in the settings: `alloc entity add` adds it",
            reason="ENTITY_UNKNOWN",
            entity=entity_id,
        )

    def bank_account(self, account: str) -> tuple[Entity, BankAccount] | None:
        """Find the entity and bank account behind an account as a bank writes it.

        Parameters
        ----------
        account
            IBAN, with or without blanks; the national number that the IBAN holds (for
            France also without its key, as CFONB files write it: bank, branch,
            account); or the bank's own number. A bank code before a slash and a
            currency at the end are ignored, as in the ``:25:`` of MT940.

        Returns
        -------
        (Entity, BankAccount) or None
        """
        readings = (key for key in _readings(account) if key in self._by_account)
        return next((self._by_account[key] for key in readings), None)

    @cached_property
    def _by_account(self) -> dict[str, tuple[Entity, BankAccount]]:
        return {
            key: (entity, bank)
            for entity in self.entities
            for bank in entity.banks
            for key in _account_keys(bank)
        }


def _account_keys(bank: BankAccount) -> list[str]:
    """List the ways in which bank files write an account, most telling first."""
    keys = [bank.iban] if bank.iban else []
    if bank.number:
        keys.append(_compact(bank.number))
    if bank.iban:
        national = bank.iban[4:]
        keys.append(national)
        if bank.iban.startswith(("FR", "MC")):
            keys.append(national[:-_RIB_KEY_DIGITS])
    return keys


def _compact(account: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", account.upper())


def _readings(account: str) -> list[str]:
    whole = _compact(account)
    readings = [whole, _compact(account.rpartition("/")[2])]
    return readings + [
        reading[:-3]
        for reading in readings
        if currency_exponent(reading[-3:]) is not None
    ]


def load_settings(text: str, *, name: str) -> Settings:
    """Parse and check the text of `alloc.toml`.

    Parameters
    ----------
    text
        The whole file.
    name
        Its name for messages.

    Returns
    -------
    Settings

    Raises
    ------
    alloc.errors.InputError
        ``TOML_SYNTAX`` or ``SETTINGS_INVALID``; the message lists every mistake as
        ``file:line: key: what``, the metadata has ``file``, ``line`` and ``field``.
    """
    document = TomlDocument(text, name=name)
    root = document.root
    workspace, ledger = root.table("workspace"), root.table("ledger")
    imports, lettering = root.table("import"), root.table("lettering")
    export = root.table("export")
    currency = _currency(workspace, "EUR")
    accounts = _accounts(root.table("accounts"), ACCOUNTS)
    _check_accounts(root, "accounts", accounts)
    settings = Settings(
        name=workspace.text("name", "alloc"),
        locale=workspace.choice("locale", ("en", "fr"), default="en"),
        currency=currency,
        ledger_url=ledger.text("url", "sqlite:///ledger.db"),
        balance_check=imports.choice(
            "balance_check", ("refuse", "warn"), default="refuse"
        ),
        import_strict=imports.flag("strict", default=False),
        lettering=lettering.choice(
            "granularity", ("per_group", "per_document"), default="per_group"
        ),
        policy=read_policy(root.table("policy")),
        inbox=_inbox(root.table("inbox")),
        exports=_exports(export),
        accounts=accounts,
        journals=dict(JOURNALS) | root.table("journals").text_by_key(),
        entities=_entities(root.tables("entity"), currency, accounts),
        exchange_rates=_exchange_rates(root.tables("exchange_rate"), currency),
    )
    for table in (workspace, ledger, imports, lettering, export, root):
        table.finish()
    document.raise_mistakes("SETTINGS_INVALID")
    return settings


def _exchange_rates(
    tables: Sequence[TomlTable], books: str
) -> tuple[ExchangeRate, ...]:
    rates = []
    for table in tables:
        said = table.required_text("per_unit")
        whole, _, part = said.partition(".")
        is_number = (whole + part).isdecimal() and (whole + part).isascii()
        fits = is_number and len(whole + part) <= _RATE_DIGITS
        units = int(whole + part) if fits else 0
        if said and not units:
            table.mistake("per_unit", f'{said!r} is no rate: write "1.0845"')
        since = table.optional_date("since")
        if since is None:
            table.mistake("since", "the first day of the rate is missing")
        rate = ExchangeRate(
            currency=_currency(table, ""),
            books=table.text("books", books),
            since=since or dt.date.min,
            per_unit=(units or 1, 10 ** len(part)),
        )
        table.finish(also_known=("books",))
        rates.append(rate)
    return tuple(sorted(rates, key=lambda rate: rate.since))


def read_settings(path: Path) -> Settings:
    """Read the settings file of a workspace.

    Parameters
    ----------
    path
        The file `alloc.toml`.

    Raises
    ------
    alloc.errors.NotFoundError
        There is no such file (``SETTINGS_MISSING``).
    alloc.errors.InputError
        It cannot be read, or see `load_settings`.
    """
    missing = NotFoundError(
        f"{path} does not exist: make a workspace with `alloc init`",
        reason="SETTINGS_MISSING",
        file=path,
    )
    text = read_toml_text(path, missing=missing)
    return load_settings(text, name=str(path))


def add_entity(
    text: str,
    *,
    entity_id: str,
    entity_name: str,
    siren: str | None = None,
    currency: str | None = None,
    fiscal_year_end: str | None = None,
    accounts: Mapping[str, str] | None = None,
    banks: Sequence[BankAccount] = (),
    name: str = "alloc.toml",
) -> str:
    """Add an entity at the end of a settings text; all else stays as it is.

    Parameters
    ----------
    text
        The settings as they are, comments included.
    entity_id, entity_name, siren, currency, fiscal_year_end, accounts, banks
        See `Entity`; what is None is not written.
    name
        File name for messages.

    Returns
    -------
    str
        The new text, which `load_settings` accepts.

    Raises
    ------
    alloc.errors.InputError
        The text was wrong before, or the entity is: its id or IBAN is taken, say.
    """
    import tomlkit  # noqa: PLC0415 - only this command writes TOML

    load_settings(text, name=name)
    table = tomlkit.table()
    said = {
        "id": entity_id,
        "name": entity_name,
        "siren": siren,
        "currency": currency,
        "fiscal_year_end": fiscal_year_end,
        "accounts": _inline(accounts) if accounts else None,
    }
    for key, value in said.items():
        if value is not None:
            table.add(key, value)
    rows = tomlkit.aot()
    for bank in banks:
        row = tomlkit.table()
        for key, value in msgspec.structs.asdict(bank).items():
            if value is not None:
                row.add(key, value)
        rows.append(row)
    if banks:
        table.add("bank", rows)
    tables = tomlkit.aot()
    tables.append(table)
    block = tomlkit.document()
    block.add("entity", tables)
    gap = "" if not text or text.endswith("\n\n") else "\n"
    end = "" if not text or text.endswith("\n") else "\n"
    added = text + end + gap + tomlkit.dumps(block)
    load_settings(added, name=name)
    return added


def _inline(accounts: Mapping[str, str]) -> object:
    import tomlkit  # noqa: PLC0415 - only this command writes TOML

    inline = tomlkit.inline_table()
    inline.update(accounts)
    return inline


def _currency(table: TomlTable, default: str) -> str:
    code = table.text("currency", default)
    if currency_exponent(code) is None:
        table.mistake("currency", f"{code!r} is not an ISO 4217 currency")
        return default
    return code


RESERVED_FOLDERS = frozenset(
    {"done", "failed", "reports", "exports", "profiles", "rules"}
)
"""Folders of a workspace that can be no inbox."""


def _inbox(table: TomlTable) -> Inbox:
    default = Inbox()
    folder = table.text("folder", default.folder)
    parts = PurePosixPath(folder).parts
    below = bool(parts) and not folder.startswith("/") and ".." not in parts
    if not below or parts[0] in RESERVED_FOLDERS:
        table.mistake("folder", f"{folder!r} is no folder of its own in the workspace")
    inbox = Inbox(
        folder=folder,
        ignore=table.texts("ignore", default.ignore),
        settle_seconds=table.integer(
            "settle_seconds", default.settle_seconds, low=0, high=86_400
        ),
    )
    table.finish()
    return inbox


def _exports(table: TomlTable) -> tuple[str, ...]:
    formats = table.texts("formats")
    for name in formats:
        if name not in EXPORT_FORMATS:
            known = ", ".join(EXPORT_FORMATS)
            table.mistake("formats", f"{name!r} is none of {known}")
    return tuple(name for name in EXPORT_FORMATS if name in formats)


def _accounts(table: TomlTable, base: Mapping[str, str]) -> dict[str, str]:
    accounts = dict(base)
    for role in table.keys:
        if role in ACCOUNTS and (number := _code(table, role, "an account number")):
            accounts[role] = number
    table.finish(ACCOUNTS)
    return accounts


def _code(table: TomlTable, key: str, what: str, default: str = "") -> str:
    """Return a short code that is safe in file names, tables and exports."""
    code = table.text(key, default)
    if code and not _CODE.fullmatch(code):
        table.mistake(key, f"{code!r} is not {what}: letters, digits, '.', '-', '_'")
        return default
    return code


def _entities(
    tables: list[TomlTable], currency: str, accounts: Mapping[str, str]
) -> tuple[Entity, ...]:
    taken: dict[str, int] = {}
    return tuple(_entity(table, currency, accounts, taken) for table in tables)


def _entity(
    table: TomlTable, currency: str, accounts: Mapping[str, str], taken: dict[str, int]
) -> Entity:
    table.require("id")
    entity_id = _code(table, "id", "an entity id")
    _claim(table, "id", f"entity {entity_id}", [f"entity {entity_id}"], taken)
    siren = table.optional_text("siren")
    if siren is not None:
        _check_siren(table, siren)
    own = _accounts(table.table("accounts"), accounts)
    _check_accounts(table, "accounts", own)
    books = _currency(table, currency)
    entity = Entity(
        id=entity_id,
        name=table.text("name", entity_id),
        siren=siren.replace(" ", "") if siren else None,
        currency=books,
        fiscal_year_end=_fiscal_year_end(table),
        locked_until=table.optional_date("locked_until"),
        four_eyes_above=_amount(table, "four_eyes_above", books),
        accounts=own,
        banks=tuple(_bank(bank, own, taken) for bank in table.tables("bank")),
    )
    table.finish()
    return entity


def _amount(table: TomlTable, key: str, currency: str) -> int | None:
    """Read an amount of a currency: text, with a decimal point."""
    said = table.optional_text(key)
    if said is None:
        return None
    whole, mark, part = said.partition(".")
    digits = currency_exponent(currency) or 0
    is_number = (whole + part).isdecimal() and (whole + part).isascii()
    if is_number and whole and len(part) in ((digits,) if mark else (0,)):
        text = whole + part.ljust(digits, "0")
        if len(text) <= _RATE_DIGITS:
            return int(text)
    table.mistake(key, f'{said!r} is no amount in {currency}: write "10000.00"')
    return None


def _check_siren(table: TomlTable, siren: str) -> None:
    """Note a SIREN that cannot be one: nine digits, the last a check digit."""
    from stdnum.exceptions import ValidationError  # noqa: PLC0415
    from stdnum.fr import siren as rule  # noqa: PLC0415 - needed only with entities

    digits = siren.replace(" ", "")
    if not re.fullmatch(r"[0-9]{9}", digits):
        table.mistake("siren", f"{siren!r} is not a SIREN of nine digits")
        return
    try:
        rule.validate(digits)
    except ValidationError:
        table.mistake(
            "siren", f"{siren!r} is no SIREN: its check digit is wrong, look for a slip"
        )


_OWN_ACCOUNTS = ("bank", "customer", "suspense")
"""Roles whose account no other role may have: what lies there is counted by it."""


def _check_accounts(table: TomlTable, key: str, accounts: Mapping[str, str]) -> None:
    """Note roles that must not share an account and do."""
    for role in _OWN_ACCOUNTS:
        for other, number in accounts.items():
            first = other not in _OWN_ACCOUNTS or role < other
            if other != role and number == accounts[role] and first:
                table.mistake(
                    key, f"{role} and {other} are the same account, {number}: two roles"
                )


def _claim(
    table: TomlTable, key: str, what: str, names: list[str], taken: dict[str, int]
) -> None:
    """Note a mistake when another place of the settings has one of the names."""
    line = table.line(key)
    for name in names:
        if name in taken:
            table.mistake(key, f"{what} stands twice: also in line {taken[name]}")
            return
    taken.update(dict.fromkeys(names, line))


def _fiscal_year_end(table: TomlTable) -> str:
    text = table.text("fiscal_year_end", "12-31")
    month, _, day = text.partition("-")
    if re.fullmatch(r"(0[1-9]|1[0-2])-[0-9]{2}", text):
        # A leap year, so that the last day of February may be said as 29.
        days = calendar.monthrange(2024, int(month))[1]
        if 1 <= int(day) <= days:
            return text
    table.mistake("fiscal_year_end", f"{text!r} is not a day: write MM-DD")
    return "12-31"


def _bank(
    table: TomlTable, accounts: Mapping[str, str], taken: dict[str, int]
) -> BankAccount:
    iban, number = _iban(table), table.optional_text("number")
    if "iban" not in table and number is None:
        table.mistake("", "iban is missing (or number, where the bank has no IBAN)")
    bank = BankAccount(
        iban=iban,
        number=number,
        journal=_code(table, "journal", "a journal code", "BQ1"),
        account=_code(table, "account", "an account number", accounts["bank"]),
    )
    for role in ("customer", "suspense"):
        if bank.account == accounts[role]:
            table.mistake("account", f"{bank.account} is the account of {role}")
    key = "iban" if iban else "number"
    _claim(table, key, f"account {bank.identifier}", _account_keys(bank), taken)
    table.finish()
    return bank


def _iban(table: TomlTable) -> str | None:
    text = table.optional_text("iban")
    if text is None:
        return None
    from schwifty import IBAN  # noqa: PLC0415 - 0.1 s, needed only with entities
    from schwifty.exceptions import SchwiftyException  # noqa: PLC0415

    compact = "".join(text.split()).upper()
    try:
        IBAN(compact)
    except SchwiftyException as error:
        table.mistake("iban", f"{text!r} is not an IBAN: {str(error).lower()}")
        return None
    return compact
