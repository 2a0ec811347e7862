"""Options that `alloc replay` and `alloc backtest` have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

__all__ = ["DAY", "check_span", "history_options", "output_options"]
__all__ += ["page_drawer"]

DAY = click.DateTime(["%Y-%m-%d"])

_HISTORY = (
    click.option(
        "--books",
        "--fec",
        "books",
        multiple=True,
        type=click.Path(readable=False, path_type=Path),
        metavar="FILE",
        help="How payments were cleared: a lettered FEC, or an export of clearings that"
        " a profile reads; once for each file. Without one: as the ledger has it.",
    ),
    click.option("--since", type=DAY, metavar="DATE", help="First value date."),
    click.option("--until", type=DAY, metavar="DATE", help="Last value date."),
)


def history_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what says which history is decided again."""
    for option in reversed(_HISTORY):
        command = option(command)
    return command


def output_options(document: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add where the report is written; ``document`` names it in the folder."""
    options = (
        click.option(
            "--out",
            type=click.Path(file_okay=False, path_type=Path),
            metavar="FOLDER",
            help="Also write every decision (payments.parquet) and the report"
            f" ({document}).",
        ),
        click.option(
            "--report",
            "page",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Also write the report as one HTML page (needs alloc-engine[report]).",
        ),
    )

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def check_span(
    since: dt.datetime | None, until: dt.datetime | None
) -> tuple[dt.date | None, dt.date | None]:
    """Return the days; a usage error when the first comes after the last."""
    if since and until and since > until:
        raise click.BadParameter("is after --until", param_hint="'--since'")
    return since.date() if since else None, until.date() if until else None


def page_drawer(name: str) -> Callable[..., str]:
    """Return what draws the page, before anything takes time.

    Parameters
    ----------
    name
        Of a function of `alloc.cli.replay_report`.

    Raises
    ------
    alloc.errors.InputError
        What draws is not installed (``EXTRA_MISSING``).
    """
    from alloc.errors import InputError

    try:
        from alloc.cli import replay_report
    except ModuleNotFoundError as error:
        raise InputError(
            "a report needs the extra 'report': install alloc-engine[report], or "
            "leave --report out",
            reason="EXTRA_MISSING",
            extra="report",
        ) from error
    drawer: Callable[..., str] = getattr(replay_report, name)
    return drawer
