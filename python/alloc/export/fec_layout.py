"""Where the columns of a FEC stand, and how a day is written."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

JOURNAL, JOURNAL_LABEL, NUM, DATE, ACCOUNT_NO, ACCOUNT_LABEL = range(6)
AUX, AUX_LABEL, PIECE, PIECE_DATE, LABEL, DEBIT = range(6, 12)
CREDIT, LETTER, LETTER_DATE, VALID_DATE, FOREIGN, CURRENCY = range(12, 18)


@lru_cache(maxsize=65_536)
def day_of(text: str) -> dt.date | None:
    """Read AAAAMMJJ; None when there is no such day."""
    if len(text) != len("AAAAMMJJ") or not (text.isascii() and text.isdigit()):
        return None
    try:
        return dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
