"""`alloc entity`: the legal entities of the group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from alloc.cli.exits import ExitCode
from alloc.cli.session import Group, Session, pass_session
from alloc.cli.workspace import CONFIG_NAME, find_workspace

if TYPE_CHECKING:
    from alloc.cli.render import View
    from alloc.settings import BankAccount, Entity

__all__ = ["command"]


@click.group("entity", cls=Group)
def command() -> None:
    """List the legal entities, or add one."""


@command.command("list")
@pass_session
def list_entities(session: Session) -> int:
    """List the legal entities with their bank accounts."""
    from alloc.cli.render import View, emit

    settings = find_workspace(session).settings()
    document = {"entities": [_document(entity) for entity in settings.entities]}
    emit(session, document, lambda: _draw(View(settings.locale), settings.entities))
    return ExitCode.OK


@command.command("add")
@click.argument("entity_id", metavar="ID", help="Short code: letters, digits, '.-_'.")
@click.option("--name", help="Legal name; default: the ID.")
@click.option("--siren", metavar="NUMBER", help="SIREN, nine digits (names the FEC).")
@click.option("--currency", metavar="CODE", help="ISO 4217; default: the workspace's.")
@click.option(
    "--fiscal-year-end",
    metavar="MM-DD",
    help="Month and day of the closing; default: 12-31.",
)
@click.option(
    "--iban",
    "ibans",
    multiple=True,
    metavar="IBAN",
    help="A bank account; repeat for several: their journals count up from --journal.",
)
@click.option(
    "--journal",
    default="BQ1",
    show_default=True,
    metavar="CODE",
    help="Journal of the first bank account.",
)
@click.option(
    "--account",
    metavar="NUMBER",
    help="Ledger account of the bank accounts; default: the role 'bank'.",
)
@pass_session
def add(
    session: Session,
    entity_id: str,
    *,
    name: str | None,
    siren: str | None,
    currency: str | None,
    fiscal_year_end: str | None,
    ibans: tuple[str, ...],
    journal: str,
    account: str | None,
) -> int:
    """Add a legal entity to alloc.toml; comments and order stay as they are."""
    from alloc.cli.output import write_file
    from alloc.cli.render import View, emit
    from alloc.settings import add_entity, load_settings

    workspace = find_workspace(session)
    settings = workspace.settings()
    text = add_entity(
        workspace.config.read_bytes().decode(),
        entity_id=entity_id,
        entity_name=name or entity_id,
        siren=siren,
        currency=currency,
        fiscal_year_end=fiscal_year_end,
        banks=_banks(ibans, journal, account or settings.accounts["bank"]),
        name=CONFIG_NAME,
    )
    settings = load_settings(text, name=CONFIG_NAME)
    write_file(workspace.config, text.encode(), replace=True)
    entity = settings.entity(entity_id)
    emit(session, _document(entity), lambda: _draw(View(settings.locale), (entity,)))
    return ExitCode.OK


def _banks(ibans: tuple[str, ...], journal: str, account: str) -> list[BankAccount]:
    from alloc.settings import BankAccount

    stem = journal.rstrip("0123456789")
    first = int(journal[len(stem) :] or "1")
    return [
        BankAccount(
            iban=iban,
            journal=journal if number == 0 else f"{stem}{first + number}",
            account=account,
        )
        for number, iban in enumerate(ibans)
    ]


def _document(entity: Entity) -> dict[str, object]:
    return {
        "id": entity.id,
        "name": entity.name,
        "siren": entity.siren,
        "currency": entity.currency,
        "fiscal_year_end": entity.fiscal_year_end,
        "banks": [
            {"iban": bank.iban, "journal": bank.journal, "account": bank.account}
            for bank in entity.banks
        ],
    }


def _draw(view: View, entities: tuple[Entity, ...]) -> None:
    from alloc.cli.render import Column

    say = view.messages.say
    if not entities:
        view.line(say("No legal entity yet."))
        view.steps([(say("add one"), "alloc entity add ID --iban IBAN")])
        return
    columns = [
        Column(say("Entity")),
        Column(say("Name"), may_wrap=True),
        Column("SIREN"),
        Column(say("Currency")),
        Column(say("Year end")),
        Column(say("Bank account")),
        Column(say("Journal")),
        Column(say("Account")),
    ]
    view.table(columns, [row for entity in entities for row in _rows(entity)])


def _rows(entity: Entity) -> list[tuple[str, ...]]:
    head = (
        entity.id,
        entity.name,
        entity.siren or "",
        entity.currency,
        entity.fiscal_year_end,
    )
    banks = [(bank.identifier, bank.journal, bank.account) for bank in entity.banks]
    first, *others = banks or [("", "", "")]
    return [(*head, *first), *(("", "", "", "", "", *bank) for bank in others)]
