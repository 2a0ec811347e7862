"""Rule text to a checked rule: every mistake with its line and what to do."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from alloc.domain.rate import parse_rate
from alloc.engine import currency_exponent
from alloc.messages import LOCALES
from alloc.rules.bounds import check_bounds
from alloc.rules.labels import mistake_in
from alloc.rules.matching import words_of
from alloc.rules.model import (
    Base,
    Book,
    Component,
    Labels,
    Link,
    Measure,
    Per,
    Posting,
    Rule,
    Side,
    Vat,
    When,
)
from alloc.rules.reading_examples import read_examples
from alloc.rules.values import parse_amount
from alloc.settings import ACCOUNTS
from alloc.toml_reader import TomlDocument, TomlTable

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

__all__ = ["VALUES_MAX", "laid_over", "read_rule"]

VALUES_MAX = 64
"""Rates or amounts that one component may list."""

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TITLES = {f"title_{locale}" for locale in LOCALES}
_VALUE_KEYS = {"amount", "rate", "annual_rate"}
_WORDS = {"gap": Measure.GAP, "payment": Measure.PAYMENT, "charges": Measure.CHARGES}
_WORDS |= {"vat": Measure.VAT, "supplier": Measure.SUPPLIER}
_WORDS |= {"returned": Measure.RETURNED, "open": Measure.OPEN}
_WORDS |= {"cleared": Measure.CLEARED}


def read_rule(
    text: str,
    *,
    name: str,
    bases: Mapping[str, Mapping[str, Any]] | None = None,
    locale: str = "en",
) -> Rule:
    """Parse and check the text of a rule.

    Parameters
    ----------
    text
        The whole file.
    name
        Its name for messages.
    bases
        What ``based_on`` may name: rule id -> parsed content. The keys of the text
        are laid over it, table by table; its examples are not taken over.
    locale
        Language of the books: the rule's title in it, where it has one.

    Returns
    -------
    Rule

    Raises
    ------
    alloc.errors.InputError
        ``TOML_SYNTAX`` or ``RULE_INVALID``; the message lists every mistake as
        ``file:line: key: what``, the metadata has ``file``, ``line`` and ``field``.
    """
    document = TomlDocument(text, name=name)
    content = tomllib.loads(text.removeprefix("\ufeff"))
    base_id = content.pop("based_on", None)
    if base_id is not None:
        base = (bases or {}).get(str(base_id))
        if base is None:
            document.mistake(
                "", "based_on", f"there is no rule {base_id!r} to build on"
            )
        content = laid_over(base or {}, content)
    root = TomlTable(document, "", content)
    rule = _rule(root, name, locale)
    root.finish(also_known=("based_on", "link"))
    document.raise_mistakes("RULE_INVALID")
    return rule


def laid_over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Lay the keys of a rule over those it builds on, table by table.

    A component says its value in one of several keys: the own one stands alone, as does
    an own title. What is said to be ``false`` or an empty list is left out.
    """
    dropped = {"example", "based_on"}
    if _VALUE_KEYS & own.keys():
        dropped |= _VALUE_KEYS
    if "title" in own:
        dropped |= _TITLES
    merged: dict[str, Any] = {
        key: value for key, value in base.items() if key not in dropped
    }
    for key, value in own.items():
        below = merged.get(key)
        if below is not None and (value is False or value == []):
            del merged[key]
        elif isinstance(below, dict) and isinstance(value, dict):
            merged[key] = laid_over(below, value)
        else:
            merged[key] = value
    return merged


def _rule(root: TomlTable, file: str, locale: str) -> Rule:
    rule_id = root.required_text("id")
    if rule_id and not _ID.fullmatch(rule_id):
        root.mistake("id", f"{rule_id!r}: write lower-case words joined by '-'")
    currency = root.text("currency", "EUR")
    exponent = currency_exponent(currency)
    if exponent is None:
        root.mistake("currency", f"{currency!r} is not an ISO 4217 currency")
    root.require("version")
    when = _when(root.table("when"))
    components = _components(root.table("component"), exponent or 0)
    collects = root.flag("vat_on_collection", default=False)
    link = _link(root.table("link")) if "link" in root else None
    if link is not None and (components or collects):
        root.mistake("link", "goes alone: the items are paid whole, without components")
    pays_back = when.direction == "out"  # The credits that a payment names.
    explains = components or collects or when.members or link or pays_back
    if not explains:
        root.mistake("", "nothing is explained: write a [component.NAME]")
    posting = Posting(root.choice("posting", tuple(Posting), default="one_click"))
    if when.direction == "none" and posting is Posting.AUTO:
        root.mistake(
            "posting", 'nothing happens that it could follow: write "one_click"'
        )
    if bool(when.closed_by) != any(p.measure is Measure.CLEARED for p in components):
        root.mistake("when", 'closed_by and amount = "cleared" go together')
    valid_from, valid_until = _validity(root)
    check_bounds(root, when, components, posting, exponent or 0)
    return Rule(
        id=rule_id,
        version=root.integer("version", 1, low=1, high=999_999),
        title=_title(root, locale),
        author=root.required_text("author"),
        file=file,
        posting=posting,
        currency=currency,
        document=root.choice(
            "document", ("none", "received", "awaited"), default="none"
        ),
        document_name=root.text("document_name", ""),
        fallback=root.flag("fallback", default=False),
        always=root.flag("always", default=False),
        vat_on_collection=collects,
        vat_on_payment=_on_payment(root, collects=collects),
        vat_on_refund=_on_refund(root, when),
        when=when,
        components=components,
        link=link,
        labels=_labels(root.table("labels")),
        examples=read_examples(root, currency, exponent or 0),
        valid_from=valid_from,
        valid_until=valid_until,
    )


def _on_payment(root: TomlTable, *, collects: bool) -> bool:
    on_payment = root.flag("vat_on_payment", default=False)
    if on_payment and not collects:
        root.mistake("vat_on_payment", "says nothing without vat_on_collection")
    return on_payment


def _on_refund(root: TomlTable, when: When) -> bool:
    on_refund = root.flag("vat_on_refund", default=False)
    if on_refund and when.direction != "out":
        root.mistake("vat_on_refund", 'is of money that goes out: direction = "out"')
    return on_refund


def _title(root: TomlTable, locale: str) -> str:
    """Return the title in the language of the books: labels of entries bear it."""
    title = root.required_text("title")
    said = {key: root.text(key, title) for key in sorted(_TITLES)}
    return said.get(f"title_{locale}", title)


def _validity(root: TomlTable) -> tuple[dt.date | None, dt.date | None]:
    first, last = root.optional_date("valid_from"), root.optional_date("valid_until")
    if first and last and last < first:
        root.mistake("valid_until", f"{last} is before valid_from, {first}")
    return first, last


def _when(table: TomlTable) -> When:
    has_terms = "within_days" in table
    when = When(
        payers=_payers(table),
        payer_ibans=tuple("".join(t.split()) for t in table.texts("payer_ibans")),
        customers=table.texts("customers"),
        customer_types=table.texts("customer_types"),
        entities=table.texts("entities"),
        text=_needles(table, "text"),
        not_text=_needles(table, "not_text"),
        members=table.texts("members"),
        direction=table.choice("direction", ("in", "out", "any", "none"), default="in"),
        closed_by=_role(table, "closed_by") if "closed_by" in table else "",
        within_days=table.integer("within_days", 0, low=0, high=3_650)
        if has_terms
        else None,
        grace_days=table.integer("grace_days", 0, low=0, high=365),
    )
    if "grace_days" in table and not has_terms:
        table.mistake("grace_days", "says nothing without within_days")
    if when.closed_by and when.direction != "none":
        table.mistake(
            "closed_by", 'is of items that a person names: direction = "none"'
        )
    table.finish(also_known=("within_days", "closed_by"))
    return when


NEEDLE_CHARACTERS_MIN = 3
"""Letters or digits that a text to look for has at least."""


def _needles(table: TomlTable, key: str) -> tuple[str, ...]:
    needles = table.texts(key)
    for needle in needles:
        if sum(map(str.isalnum, needle)) < NEEDLE_CHARACTERS_MIN:
            table.mistake(
                key,
                f"{needle!r} would stand in almost any text: "
                f"{NEEDLE_CHARACTERS_MIN} letters or digits at least",
            )
    return needles


GENERIC_WORDS = frozenset(
    [
        *("ab", "ag", "asbl", "association", "bv", "cie", "co", "company", "compagnie"),
        *("corp", "ets", "etablissement", "etablissements", "eurl", "france", "gie"),
        *("gmbh", "group", "groupe", "holding", "inc", "international", "kg", "llc"),
        *("limited", "ltd", "nv", "oy", "plc", "sa", "sarl", "sas", "sasu", "sca"),
        *("sci", "scop", "scp", "selarl", "services", "snc", "societe", "spa", "srl"),
        *("client", "clients", "customer", "entreprise", "m", "madame", "mme", "mlle"),
        *("monsieur", "mr", "mrs", "ms", "payer", "payeur", "sepa", "ste", "transfer"),
        *("vir", "virement", "virt", "paiement", "payment", "reglement", "and", "de"),
        *("des", "du", "et", "la", "le", "les", "of", "the", "und"),
    ]
)
"""Words that stand in anybody's name: legal forms, titles, what a transfer is."""


def _payers(table: TomlTable) -> tuple[str, ...]:
    """Read names of payers: each has a word that is not in anybody's name."""
    payers = _needles(table, "payers")
    for payer in payers:
        if set(words_of(payer)) <= GENERIC_WORDS:
            table.mistake(
                "payers",
                f"{payer!r} stands in the names of many payers: write the name of one, "
                "or customer_types",
            )
    return payers


def _link(table: TomlTable) -> Link:
    link = Link(
        entity=table.required_text("entity"),
        role=_role(table, "role"),
        party_here=table.required_text("party_here"),
        party_there=table.required_text("party_there"),
    )
    table.finish()
    return link


def _labels(table: TomlTable) -> Labels:
    default = Labels()
    said = {
        "entry": table.text("entry", default.entry),
        "transfer": table.text("transfer", default.transfer),
    }
    for key, template in said.items():
        if what := mistake_in(template):
            table.mistake(key, what)
    table.finish()
    return Labels(**said)


def _components(table: TomlTable, exponent: int) -> tuple[Component, ...]:
    named = [(key, table.table(key)) for key in table.keys]
    return tuple(_component(key, below, exponent) for key, below in named)


def _component(name: str, table: TomlTable, exponent: int) -> Component:
    measure, rates, amounts = _values(table, exponent)
    side = Side(table.choice("side", tuple(Side), default=Side.DEBIT))
    book = Book(table.choice("book", tuple(Book), default=Book.LINE))
    role = "" if book is Book.KEEP else _role(table, "role")
    if role == "bank":
        table.mistake(
            "role", "the bank line is the statement's: name what explains the gap"
        )
    role_credit = _role(table, "role_credit") if side is Side.EITHER else ""
    per = table.choice("per", tuple(Per), default=Per.PAYMENT)
    component = Component(
        name=name,
        role=role,
        role_credit=role_credit,
        measure=measure,
        base=Base(table.choice("of", tuple(Base), default=Base.TTC)),
        per=Per(per),
        side=side,
        book=book,
        rates_ppm=rates,
        amounts_minor=amounts,
        days_in_year=table.integer("days_in_year", 365, low=360, high=366),
        optional=table.flag("optional", default=False),
        min_minor=_amount(table, "min", exponent),
        max_minor=_amount(table, "max", exponent),
        min_ppm=_rate(table, "min_rate"),
        max_ppm=_rate(table, "max_rate"),
        party=table.text("party", ""),
        vat=_vat(table.table("vat")) if "vat" in table else None,
    )
    _check_component(table, component)
    table.finish(also_known=("vat", "role", "role_credit"))
    return component


def _check_component(table: TomlTable, component: Component) -> None:
    """Note what makes no sense together."""
    if component.book is Book.TRANSFER and component.per is Per.PAYMENT:
        table.mistake("book", 'a transfer moves parts of items: write per = "invoice"')
    is_supplier = component.measure is Measure.SUPPLIER
    if is_supplier != (component.book is Book.OFFSET):
        table.mistake("book", 'amount = "supplier" and book = "offset" go together')
    if component.measure is Measure.VAT and component.per is Per.PAYMENT:
        table.mistake("per", 'amount = "vat" is of an invoice: write per = "invoice"')
    if component.measure is Measure.INTEREST:
        _check_interest(table, component)
    if component.per is not Per.PAYMENT and component.measure in (
        Measure.GAP,
        Measure.PAYMENT,
        Measure.CHARGES,
        Measure.SUPPLIER,
        Measure.RETURNED,
    ):
        table.mistake("per", f'amount = "{component.measure}" is of the whole payment')
    if component.side is Side.EITHER and component.measure is not Measure.GAP:
        table.mistake("side", 'only amount = "gap" may fall on either side')
    pairs = component.vat is not None and component.vat.role_against
    if component.book is Book.OFFSET and component.vat and not pairs:
        table.mistake("vat", "of a debt turns by a pair of lines: give role_against")
    if component.vat and component.book in (Book.KEEP, Book.TRANSFER):
        table.mistake("vat", f"what goes by {component.book} bears no VAT of its own")
    if component.vat and component.side is Side.EITHER:
        table.mistake("vat", "a component of either side bears no VAT")


def _check_interest(table: TomlTable, component: Component) -> None:
    if component.per is Per.PAYMENT:
        table.mistake("per", 'interest is of an invoice: write per = "late_invoice"')
    if component.base in (Base.HT, Base.VAT, Base.BORNE_HT):
        table.mistake("of", 'interest is of what was due: write of = "ttc"')


def _values(
    table: TomlTable, exponent: int
) -> tuple[Measure, tuple[int, ...], tuple[int, ...]]:
    """Read the one key that says where the amount comes from."""
    keys = [key for key in sorted(_VALUE_KEYS) if key in table]
    if len(keys) != 1:
        said = " and ".join(keys) or "none of them"
        table.mistake("", f"write one of amount, rate, annual_rate, not {said}")
        table.finish(also_known=table.keys)
        return Measure.FIXED, (), ()
    key = keys[0]
    texts = table.texts(key)
    if len(texts) > VALUES_MAX or len(set(texts)) < len(texts):
        table.mistake(key, f"at most {VALUES_MAX} values, each once")
    if key == "amount" and len(texts) == 1 and texts[0] in _WORDS:
        return _WORDS[texts[0]], (), ()
    if key == "amount":
        amounts = tuple(_minor(table, key, text, exponent) for text in texts)
        return Measure.FIXED, (), amounts
    measure = Measure.RATE if key == "rate" else Measure.INTEREST
    return measure, tuple(_ppm(table, key, text) for text in texts), ()


def _vat(table: TomlTable) -> Vat:
    text = table.required_text("rate")
    follows = text == "items"
    vat = Vat(
        rate_ppm=None if follows or not text else _ppm(table, "rate", text, low=0),
        role=_role(table, "role"),
        role_awaiting=_role(table, "role_awaiting") if "role_awaiting" in table else "",
        role_against=_role(table, "role_against") if "role_against" in table else "",
    )
    table.finish(also_known=("role_awaiting", "role_against"))
    return vat


def _role(table: TomlTable, key: str) -> str:
    role = table.required_text(key)
    if role and role not in ACCOUNTS:
        table.mistake(
            key, f"{role!r} is no account role: {', '.join(sorted(ACCOUNTS))}"
        )
    return role


def _amount(table: TomlTable, key: str, exponent: int) -> int | None:
    text = table.optional_text(key)
    return None if text is None else _minor(table, key, text, exponent)


def _rate(table: TomlTable, key: str) -> int | None:
    text = table.optional_text(key)
    return None if text is None else _ppm(table, key, text)


def _minor(table: TomlTable, key: str, text: str, exponent: int) -> int:
    minor = parse_amount(text, exponent)
    if minor is None or minor <= 0:
        example = "12.50" if exponent else "1250"
        table.mistake(
            key,
            f'{text!r} is no amount above zero: write "{example}", with at most '
            f"{exponent} decimals",
        )
        return 1
    return minor


def _ppm(table: TomlTable, key: str, text: str, *, low: int = 1) -> int:
    ppm = parse_rate(text)
    if ppm is None or not low <= ppm < _WHOLE_PPM:
        table.mistake(
            key,
            f'{text!r} is no rate below 100 %: write "2.5%", with at most 4 decimals',
        )
        return 1
    return ppm


_WHOLE_PPM = 1_000_000
