"""Options that the lists of `alloc learn` have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["list_options"]

LISTED = 50
"""How many rows are shown when nothing else is said."""


def list_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add whose rows are listed, and how many are shown."""
    customer = click.option("--customer", metavar="ID", help="Of this customer only.")
    limit = click.option(
        "-n",
        "--limit",
        metavar="N",
        type=click.IntRange(0, 1_000_000),
        default=LISTED,
        show_default=True,
        help="Show the first N; JSON has all.",
    )
    return customer(limit(command))
