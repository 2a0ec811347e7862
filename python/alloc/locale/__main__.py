"""Bring the catalogs up to date with the sources: ``python -m alloc.locale``.

Both forms are committed: the ``.po`` is what a translator edits, the ``.mo`` is what
the program reads, so that a build needs no step and no tool for it. The test
``tests/cli/test_catalogs.py`` fails while one of them is behind the sources.
"""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from alloc.messages import CATALOGS, DOMAIN, LOCALES

if TYPE_CHECKING:
    from pathlib import Path

NO_DATE = datetime(1970, 1, 1, tzinfo=UTC)
PACKAGE = CATALOGS.parent
KEYWORDS = {
    "say": None,
    "deferred": None,
    "told": None,
    "plural": (1, 2),
    "deferred_plural": (1, 2),
}
FOLDERS = ("app", "cli", "rules")
DROPPED_HEADERS = (
    b'"Generated-By: ',
    b'"Language-Team: ',
    b'"Last-Translator: ',
    b'"PO-Revision-Date: ',
    b'"POT-Creation-Date: ',
    b'"Project-Id-Version: ',
    b'"Report-Msgid-Bugs-To: ',
)


def texts_of_sources() -> Catalog:
    """Collect the texts that the sources ask for.

    Returns
    -------
    babel.messages.catalog.Catalog
        The texts, with the files they stand in; no line numbers and no date, so
        that the catalog changes only when a text does.
    """
    catalog = Catalog(domain=DOMAIN, header_comment="# Texts of alloc.", charset="utf8")
    for folder in FOLDERS:
        found = extract_from_dir(
            PACKAGE / folder, method_map=[("**.py", "python")], keywords=KEYWORDS
        )
        for name, _line, text, _comments, context in found:
            catalog.add(text, None, [(f"{folder}/{name}", 0)], context=context)
    return catalog


def read_catalog(locale: str) -> Catalog:
    """Read the committed ``.po`` of a language; empty when there is none yet."""
    path = po_path(locale)
    if not path.exists():
        return Catalog(locale=locale, domain=DOMAIN, charset="utf8")
    catalog = read_po(io.BytesIO(path.read_bytes()), locale=locale, domain=DOMAIN)
    catalog.creation_date = catalog.revision_date = NO_DATE
    return catalog


def updated_catalog(locale: str) -> Catalog:
    """Return the catalog of a language with exactly the texts of the sources."""
    catalog = read_catalog(locale)
    catalog.update(
        texts_of_sources(), no_fuzzy_matching=True, update_creation_date=False
    )
    catalog.obsolete.clear()
    return catalog


def po_bytes(catalog: Catalog) -> bytes:
    """Write a catalog as ``.po``: sorted, with the few headers that gettext reads."""
    buffer = io.BytesIO()
    catalog.fuzzy = False
    catalog.header_comment = f"# {catalog.locale_identifier}: texts of alloc"
    write_po(buffer, catalog, width=88, sort_output=True, include_lineno=False)
    lines = buffer.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(DROPPED_HEADERS))


def mo_bytes(catalog: Catalog) -> bytes:
    """Compile a catalog."""
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def po_path(locale: str) -> Path:
    """Return where the translator's file of a language lies."""
    return CATALOGS / locale / "LC_MESSAGES" / f"{DOMAIN}.po"


def untranslated(catalog: Catalog) -> list[str]:
    """List the texts of a catalog that still lack a translation."""
    return [
        str(message.id)
        for message in catalog
        if message.id and not translated(message.string)
    ]


def translated(text: str | tuple[str, ...] | list[str] | None) -> bool:
    """Say whether a translation is there, every plural form of it."""
    return bool(text) if isinstance(text, str) else bool(text) and all(text or ())


def main() -> int:
    """Rewrite every catalog; exit 1 while texts lack a translation."""
    missing = 0
    for locale in LOCALES[1:]:
        path = po_path(locale)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(po_bytes(updated_catalog(locale)))
        catalog = read_catalog(locale)
        path.with_suffix(".mo").write_bytes(mo_bytes(catalog))
        for text in untranslated(catalog):
            sys.stderr.write(f"{path}: no translation: {text}\n")
            missing += 1
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
