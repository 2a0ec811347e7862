"""`alloc export`: hand the journal on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from alloc.cli.exits import ExitCode
from alloc.cli.session import Command, Session, pass_session
from alloc.cli.workspace import find_workspace

if TYPE_CHECKING:
    from alloc.cli.render import View

__all__ = ["command"]

FORMATS = (
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
LETTERINGS = ("divalto", "ldcompta", "quadra", "sage")
"""Packages with lettering codes of their own; a test compares both tables."""


@click.command("export", cls=Command)
@click.argument(
    "form",
    metavar="FORMAT",
    type=click.Choice(FORMATS),
    help="fec, beancount, hledger, csv, json, odoo, odoo-xlsx, sage, quadra, cegid,"
    " sap or einvoicing-payments; all but beancount, hledger, json and"
    " einvoicing-payments make several files.",
)
@click.option(
    "-o",
    "--output",
    "path",
    required=True,
    metavar="PATH",
    type=click.Path(readable=False, path_type=Path, allow_dash=True),
    help="The file, or the folder of several; '-' is standard output.",
)
@click.option("--entity", metavar="ID", help="Only entries of this entity.")
@click.option(
    "--fiscal-year",
    type=int,
    metavar="YEAR",
    help="Only entries of the fiscal year that ends in YEAR.",
)
@click.option(
    "--since",
    type=click.IntRange(min=0),
    default=0,
    metavar="SEQ",
    help="Only entries after this number: the 'last_seq' of the export before.",
)
@click.option(
    "--letters",
    "lettering",
    metavar="PACKAGE",
    type=click.Choice(LETTERINGS),
    help="Write lettering codes as divalto, ldcompta, quadra or sage count them"
    " (fec, csv, json, beancount, hledger).",
)
@click.option("--force", is_flag=True, help="Replace files that exist.")
@pass_session
def command(
    session: Session,
    form: str,
    *,
    path: Path,
    entity: str | None,
    fiscal_year: int | None,
    since: int,
    lettering: str | None,
    force: bool,
) -> int:
    """Write the journal for an accounting system.

    Every file appears whole or not at all. The FEC (LPF A. 47 A-1) is one file per
    entity and fiscal year, under its legal name; entities without a SIREN are left out.
    odoo, sage, quadra and cegid have files for each entity; docs/guide/exports.md says
    more.
    """
    from alloc.app.ports import JournalFilter
    from alloc.cli.exporting import FOLDER_FORMATS, Export, export_journal, last_seq
    from alloc.cli.progress import progress
    from alloc.cli.render import View, emit

    to_stdout = str(path) == "-"
    if to_stdout and (form in FOLDER_FORMATS or session.as_json):
        why = "--json takes it" if session.as_json else f"{form} makes several files"
        raise click.UsageError(f"-o - is standard output, but {why}: name a path")
    workspace = find_workspace(session)
    settings = workspace.settings()
    if entity:
        settings.entity(entity)
    view = View(settings.locale)
    which = JournalFilter(entity=entity, fiscal_year=fiscal_year, since_seq=since)
    with (
        workspace.open_ledger(settings, write=False) as ledger,
        progress(session, view.messages.say("Exporting")),
    ):
        seq = last_seq(ledger)
        files = export_journal(
            Export(form, which, lettering),
            None if to_stdout else path,
            settings=settings,
            ledger=ledger,
            overwrite=force,
        )
    if not to_stdout:
        document = {
            "format": form,
            "files": [str(file) for file in files],
            "last_seq": seq,
        }
        emit(session, document, lambda: _draw(view, files))
    return ExitCode.OK


def _draw(view: View, files: list[Path]) -> None:
    if not files:
        view.line(view.messages.say("Nothing to write: no entry fits."))
    for file in files:
        view.line(str(file))
