"""The texts people read exist in every language, and are the ones of the sources."""

from __future__ import annotations

import ast
import gettext
import re
from pathlib import Path

import pytest

from alloc.cli.words import WORDS
from alloc.errors import InputError
from alloc.locale.__main__ import (
    mo_bytes,
    po_bytes,
    po_path,
    read_catalog,
    untranslated,
    updated_catalog,
)
from alloc.messages import LOCALES, locale_of_environment, messages_in

OTHERS = LOCALES[1:]


@pytest.mark.parametrize("locale", OTHERS)
def test_every_text_of_the_sources_is_translated(locale: str):
    assert untranslated(updated_catalog(locale)) == []


@pytest.mark.parametrize("locale", OTHERS)
def test_the_committed_catalog_is_current(locale: str):
    assert po_path(locale).read_bytes() == po_bytes(updated_catalog(locale))


@pytest.mark.parametrize("locale", OTHERS)
def test_the_compiled_catalog_is_current(locale: str):
    compiled = po_path(locale).with_suffix(".mo").read_bytes()
    assert compiled == mo_bytes(read_catalog(locale))


@pytest.mark.parametrize("locale", OTHERS)
def test_a_translation_keeps_the_fields_of_its_text(locale: str):
    for message in read_catalog(locale):
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        texts = (
            message.string if isinstance(message.string, tuple) else (message.string,)
        )
        wanted = {field for text in ids for field in re.findall(r"\{\w+\}", text)}
        for text in texts if message.id else ():
            assert set(re.findall(r"\{\w+\}", str(text))) <= wanted, text


def test_payments_have_one_name_in_french():
    named = [str(message.string) for message in read_catalog("fr")]
    assert [text for text in named if "paiements" in text] == []


def test_the_compiled_catalog_can_be_read_by_gettext():
    path = po_path("fr").with_suffix(".mo")
    with Path(path).open("rb") as file:
        assert gettext.GNUTranslations(file).info()["language"] == "fr"


def test_english_is_the_language_of_the_sources():
    assert messages_in("en").say("Nothing {what}.", what="new") == "Nothing new."


def test_an_unknown_language_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="choose one of en, fr") as caught:
        messages_in("de")
    assert caught.value.reason == "LOCALE_UNKNOWN"


@pytest.mark.parametrize(
    ("environment", "locale"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "fr_CA@euro"}, "fr"),
        ({"LANG": "fr.UTF-8"}, "fr"),
        ({"LANG": "fr_FR", "LC_ALL": "en_GB"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "fr_FR", "LC_MESSAGES": ""}, "fr"),
    ],
)
def test_the_terminal_chooses_the_language_outside_a_workspace(
    environment: dict[str, str], locale: str
):
    assert locale_of_environment(environment) == locale


def test_every_reason_and_piece_of_evidence_of_the_engine_has_words(root: Path) -> None:
    crates = root / "rust"
    evidence = (crates / "alloc-domain/src/allocation.rs").read_text("utf-8")
    codes = set(re.findall(r'\(Self::\w+, "([A-Z_]+)"\)', evidence))
    for name in ("decide", "explain", "scarcity"):
        text = (crates / f"alloc-engine/src/{name}.rs").read_text("utf-8")
        codes |= set(re.findall(r'"([A-Z]{2,}(?:_[A-Z]+)*)"', text))
    assert {"AMBIGUOUS", "PAYER_IBAN", "WHOLE_BALANCE"} <= codes
    assert codes - set(WORDS) == set()


def texts_in(path: Path) -> set[str]:
    """Find the texts that a module hands to `Messages`, by its syntax tree."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in ("say", "plural", "deferred", "deferred_plural") and node.args:
            text = node.args[0]
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                found.add(text.value)
    return found


def test_no_text_hides_from_the_catalog() -> None:
    known = set()
    for message in read_catalog("fr"):
        known.add(message.id[0] if isinstance(message.id, tuple) else message.id)
    package = po_path("fr").parents[3]
    hidden = {
        path.name: missing
        for folder in ("app", "cli")
        for path in sorted((package / folder).glob("*.py"))
        if (missing := texts_in(path) - known)
    }
    assert hidden == {}
