"""`alloc audit`: who decided what, when and on which evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from alloc.cli.exits import ExitCode
from alloc.cli.session import Group, Session, pass_session
from alloc.cli.workspace import find_workspace

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["command"]


@click.group("audit", cls=Group)
def command() -> None:
    """Export the audit trail."""


@command.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), help="FILE.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv"]),
    default="jsonl",
    show_default=True,
    help="Lines of JSON, or CSV.",
)
@click.option("--entity", metavar="ID", help="Of this entity only.")
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@pass_session
def export(
    session: Session, file: Path, *, form: str, entity: str | None, force: bool
) -> int:
    """Write every record of the audit trail, in order, each with its hash.

    Who decided, when, by which rule and evidence, the alternatives, and what was open
    before and after. The chain of all entities can be checked without this program.
    """
    from alloc.app.audit import AuditFilter
    from alloc.cli.output import write_stream
    from alloc.cli.render import View, emit
    from alloc.export.audit import audit_csv, audit_jsonl

    workspace = find_workspace(session)
    settings = workspace.settings()
    if entity is not None:
        settings.entity(entity)
    count = 0

    def write(sink: BinaryIO) -> None:
        nonlocal count
        for records in ledger.audit(AuditFilter(entity=entity)):
            sink.write(
                audit_jsonl(records)
                if form == "jsonl"
                else audit_csv(records, header=count == 0)
            )
            count += records.num_rows

    with workspace.open_ledger(settings, write=False) as ledger:
        write_stream(file, write, replace=force)
    view = View(settings.locale)
    text = view.messages.plural(
        "{count} record written to {file}.",
        "{count} records written to {file}.",
        count,
        file=file,
    )
    document = {"file": str(file), "records": count, "format": form}
    emit(session, document, lambda: view.line(text))
    return ExitCode.OK
