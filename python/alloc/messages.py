"""Every text that a person reads, in the language of the workspace.

English is the language of the sources; the other catalogs live in ``alloc/locale``
and are compiled by ``python -m alloc.locale``. Labels of journal entries take the
locale of the workspace, never the one of the terminal, so that equal inputs give
equal bytes wherever the job runs.

Examples
--------
>>> messages_in("fr").plural("{count} customer", "{count} customers", 2)
'2 clients'
"""

from __future__ import annotations

import gettext
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Self

from alloc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "LOCALES",
    "Messages",
    "Told",
    "deferred",
    "deferred_plural",
    "locale_of_environment",
    "messages_in",
    "told",
]

LOCALES = ("en", "fr")
"""The languages that the texts exist in; the first is the one of the sources."""

CATALOGS = Path(__file__).parent / "locale"
DOMAIN = "alloc"


class Told(str):
    """An English sentence that can be told in another language.

    Parameters
    ----------
    text
        The sentence with its ``{named}`` fields.
    fields
        Their values.
    """

    __slots__ = ("fields", "text")

    text: str
    fields: Mapping[str, object]

    def __new__(cls, text: str, fields: Mapping[str, object]) -> Self:
        """Write the sentence in English."""
        made = super().__new__(cls, text.format(**fields))
        made.text, made.fields = text, fields
        return made


def told(text: str, /, **fields: object) -> Told:
    """Tell an English sentence, which `Messages.tell` repeats in another language.

    >>> told("{count} of {total}", count=2, total=3)
    '2 of 3'
    """
    return Told(text, fields)


class Messages:
    """The texts in one language.

    Parameters
    ----------
    locale
        One of `LOCALES`.
    catalog
        Translations of the English texts.
    """

    __slots__ = ("_catalog", "locale")

    def __init__(self, locale: str, catalog: gettext.NullTranslations) -> None:
        self.locale = locale
        self._catalog = catalog

    def say(self, text: str, /, **fields: object) -> str:
        """Translate an English text and fill its ``{named}`` fields.

        Parameters
        ----------
        text
            The English text, written out at the place of the call so that
            ``python -m alloc.locale`` finds it.
        **fields
            Values of the named fields, already in the form to be read.

        Returns
        -------
        str
            The text in this language; the English one where none is known.
        """
        return self._catalog.gettext(text).format(**fields)

    def tell(self, sentence: str) -> str:
        """Repeat a sentence in this language, if it can be told in it.

        Parameters
        ----------
        sentence
            Of `told`; any other text stays as it is.
        """
        if isinstance(sentence, Told):
            return self.say(sentence.text, **sentence.fields)
        return str(sentence)

    def plural(self, one: str, many: str, count: int, /, **fields: object) -> str:
        """Translate a text that depends on a count.

        Parameters
        ----------
        one, many
            The English singular and plural; ``{count}`` is filled.
        count
            The number that decides.
        **fields
            Further named fields; ``count`` may be given here in a form to be read.

        Returns
        -------
        str
            The text in this language.
        """
        shown = {"count": count, **fields}
        return self._catalog.ngettext(one, many, count).format(**shown)


@cache
def messages_in(locale: str) -> Messages:
    """Return the texts of a language.

    Parameters
    ----------
    locale
        ``en`` or ``fr``.

    Returns
    -------
    Messages
        The texts, read once per process.

    Raises
    ------
    alloc.errors.InputError
        ``LOCALE_UNKNOWN``: no texts exist in this language.
    """
    if locale not in LOCALES:
        known = ", ".join(LOCALES)
        raise InputError(
            f"locale {locale!r} is not known: choose one of {known}",
            reason="LOCALE_UNKNOWN",
            locale=locale,
        )
    if locale == LOCALES[0]:
        return Messages(locale, gettext.NullTranslations())
    return Messages(locale, gettext.translation(DOMAIN, CATALOGS, [locale]))


def locale_of_environment(environment: Mapping[str, str] = os.environ) -> str:
    """Choose the language of a terminal outside any workspace.

    Parameters
    ----------
    environment
        ``LC_ALL``, ``LC_MESSAGES`` and ``LANG`` are read, in this order.

    Returns
    -------
    str
        One of `LOCALES`; English where the language is unset or has no texts.
    """
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(name):
            language = value.replace("-", "_").split("_")[0].split(".")[0]
            return language if language in LOCALES else LOCALES[0]
    return LOCALES[0]


def deferred_plural(one: str, many: str) -> tuple[str, str]:
    """Mark a singular and a plural of a table; `Messages.plural` translates them.

    Parameters
    ----------
    one, many
        The English forms.

    Returns
    -------
    (str, str)
        The same forms.
    """
    return one, many


def deferred(text: str) -> str:
    """Mark a text of a table for translation; `Messages.say` translates it later.

    Parameters
    ----------
    text
        The English text.

    Returns
    -------
    str
        The same text.
    """
    return text
