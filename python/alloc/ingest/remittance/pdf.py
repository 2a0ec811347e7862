"""Advices as PDF: their text, read like a plain text."""

from __future__ import annotations

import importlib
import io
import logging
from typing import Any

from alloc.errors import InputError
from alloc.ingest.remittance.model import AdviceFile, too_large, wrong
from alloc.ingest.remittance.text import parse_text

__all__ = ["PAGES_MAX", "PDF_BYTES_MAX", "read_pdf"]

PDF_BYTES_MAX = 16 << 20
"""Largest PDF that is read."""

PAGES_MAX = 200
"""Most pages of a PDF that is read."""


def read_pdf(data: bytes, *, name: str) -> AdviceFile:
    """Read the text of a PDF as one advice; needs the extra ``pdf``.

    Raises
    ------
    alloc.errors.InputError
        ``EXTRA_MISSING``; ``FILE_DAMAGED``; ``PDF_ENCRYPTED``; ``PDF_NO_TEXT``: it
        has pictures only; and those of `alloc.ingest.remittance.text.read_text`,
        whose lines are counted through all pages.
    alloc.errors.LimitError
        ``ADVICE_TOO_LARGE``.
    """
    if len(data) > PDF_BYTES_MAX:
        raise too_large(name, "bytes", PDF_BYTES_MAX)
    try:
        pypdf: Any = importlib.import_module("pypdf")
    except ImportError:
        raise InputError(
            f"{name} is a PDF: reading it needs the extra 'pdf': install "
            "alloc-engine[pdf]",
            reason="EXTRA_MISSING",
            file=name,
            extra="pdf",
        ) from None
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        text = _text(pypdf, data, name)
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - a damaged PDF fails in any way
        raise wrong(
            name,
            1,
            "FILE_DAMAGED",
            f"the PDF cannot be read: {type(error).__name__}",
        ) from None
    if not text.strip():
        raise wrong(
            name, 1, "PDF_NO_TEXT", "the PDF holds no text: it is a scan or a picture"
        )
    return parse_text(text, AdviceFile("pdf"), name=name)


def _text(pypdf: Any, data: bytes, name: str) -> str:  # noqa: ANN401 - an optional module
    reader = pypdf.PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise wrong(name, 1, "PDF_ENCRYPTED", "the PDF is locked by a password")
    if len(reader.pages) > PAGES_MAX:
        raise wrong(
            name,
            1,
            "ADVICE_TOO_LARGE",
            f"the PDF has more than {PAGES_MAX} pages",
            limit=PAGES_MAX,
        )
    pages = (page.extract_text(extraction_mode="layout") for page in reader.pages)
    return "\n".join(pages)
