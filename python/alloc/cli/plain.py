"""Foreign text, made harmless for a terminal."""

from __future__ import annotations

__all__ = ["plain"]

NO_BREAK_SPACES = "\u00a0\u202f"
"""They stand in amounts."""


def plain(text: str) -> str:
    """Take away what could steer a terminal: control characters, changes of direction.

    Parameters
    ----------
    text
        Any text, as a bank or a customer wrote it.

    Returns
    -------
    str
        The same text with a space in place of each.
    """
    return "".join(
        letter if letter.isprintable() or letter in NO_BREAK_SPACES else " "
        for letter in text
    )
