"""`alloc profile`: how the files of other systems are read."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alloc.cli.exits import ExitCode
from alloc.cli.session import Group, Session, pass_session
from alloc.cli.workspace import Workspace, find_workspace

if TYPE_CHECKING:
    from alloc.cli.render import View
    from alloc.ingest.check import ColumnReport, ProfileReport
    from alloc.ingest.profile import Profile

__all__ = ["command", "draw_check"]


@click.group("profile", cls=Group)
def command() -> None:
    """Show the mapping profiles, and what they read."""


@command.command("list")
@pass_session
def list_profiles(session: Session) -> int:
    """List the mapping profiles: the workspace's own, then those that come along."""
    from alloc.cli.render import View, emit
    from alloc.ingest.profile import builtin_profiles

    workspace = find_workspace(session)
    settings = workspace.settings()
    profiles = [*workspace.profiles(), *builtin_profiles()]
    document = {
        "profiles": [
            {
                "name": profile.name,
                "kind": profile.kind,
                "formats": list(profile.formats),
                "columns": dict(profile.columns),
                "snapshot": profile.snapshot,
                "builtin": profile.builtin,
            }
            for profile in profiles
        ]
    }
    emit(session, document, lambda: _draw_profiles(View(settings.locale), profiles))
    return ExitCode.OK


@command.command("check")
@click.argument(
    "path",
    metavar="FILE",
    type=click.Path(readable=False, path_type=Path),
    help="A table of open items, customers, remittance lines, bank entries, clearings.",
)
@click.option(
    "--profile",
    "name",
    metavar="NAME",
    help="Read it by this profile; default: the one that fits its content.",
)
@pass_session
def check(session: Session, path: Path, *, name: str | None) -> int:
    """Show what is understood of a file; nothing is imported.

    Exit code 65 when the file would be refused.
    """
    from alloc.cli.render import View, emit
    from alloc.ingest.check import check_profile

    workspace = find_workspace(session)
    settings = workspace.settings()
    profiles = workspace.profiles()
    report = check_profile(
        path,
        _named(workspace, profiles, name) if name else None,
        profiles=profiles,
        entities={entity.id for entity in settings.entities},
    )
    emit(session, asdict(report), lambda: draw_check(View(settings.locale), report))
    return ExitCode.DATA if report.problems_count else ExitCode.OK


def _named(workspace: Workspace, profiles: tuple[Profile, ...], name: str) -> Profile:
    from alloc.errors import NotFoundError
    from alloc.ingest.profile import builtin_profiles

    known = {profile.name: profile for profile in (*builtin_profiles(), *profiles)}
    if name not in known:
        raise NotFoundError(
            f"there is no profile {name} in {workspace.folder('profiles')}; known:"
            f" {', '.join(sorted(known))}",
            reason="PROFILE_UNKNOWN",
            profile=name,
        )
    return known[name]


def _draw_profiles(view: View, profiles: list[Profile]) -> None:
    from alloc.cli.render import Column
    from alloc.cli.words import in_words

    say = view.messages.say
    columns = (
        Column(say("Profile")),
        Column(say("Kind")),
        Column(say("Formats")),
        Column(say("Columns"), "right"),
        Column(say("Whose")),
    )
    rows = [
        (
            profile.name,
            in_words(view.messages, profile.kind),
            ", ".join(profile.formats),
            view.count(len(profile.columns)),
            say("comes along") if profile.builtin else say("this workspace"),
        )
        for profile in profiles
    ]
    view.table(columns, rows)
    view.steps([(say("try one on a file"), "alloc profile check FILE")])


def draw_check(view: View, report: ProfileReport) -> None:
    """Write what a profile makes of a file."""
    from alloc.cli.words import in_words

    say = view.messages.say
    view.line(report.file, style="bold")
    facts = [
        (say("Kind"), in_words(view.messages, report.kind)),
        (say("Profile"), report.profile),
        (say("Format"), report.format),
        (say("Encoding"), report.encoding),
        (say("Separator"), repr(report.separator) if report.separator else ""),
        (say("Sheet"), report.sheet),
        (say("Header in line"), view.count(report.header_line)),
        (say("Rows"), view.count(report.rows)),
        (
            say("Rows without data"),
            view.count(report.skipped) if report.skipped else "",
        ),
        (say("Advices"), view.count(report.advices) if report.advices else ""),
        (say("Columns not read"), ", ".join(report.unread)),
    ]
    facts += [
        (name, f"{view.day(first)} - {view.day(last)}")
        for name, (first, last) in report.dates.items()
    ]
    view.facts(facts)
    view.line()
    _draw_columns(view, report)
    _draw_sums(view, report)
    for notice in report.notices:
        view.line(notice)
    for problem in report.problems:
        view.line(problem, style="red")
    if report.problems_count:
        view.line(
            view.messages.plural(
                "{count} problem: this file would be refused.",
                "{count} problems: this file would be refused.",
                report.problems_count,
                count=view.count(report.problems_count),
            ),
            style="bold red",
        )
    elif report.kind == "clearings":
        text = say("This file can be replayed: alloc replay --books FILE")
        view.line(text, style="bold")
    else:
        view.line(say("This file can be imported."), style="bold")


def _draw_columns(view: View, report: ProfileReport) -> None:
    from alloc.cli.render import Column

    say = view.messages.say
    columns = (
        Column(say("Ours")),
        Column(say("Column of the file"), may_wrap=True),
        Column(say("Filled"), "right"),
        Column(say("As written"), may_wrap=True),
        Column(say("As understood"), may_wrap=True),
    )
    currency = next((total.currency for total in report.sums), "")
    rows = [
        (
            column.target,
            column.source or say("constant"),
            view.count(column.filled),
            column.before[0] if column.before else "",
            _understood(view, column, currency),
        )
        for column in report.columns
    ]
    view.table(columns, rows)
    view.line()


def _draw_sums(view: View, report: ProfileReport) -> None:
    from alloc.cli.render import Column

    if not report.sums:
        return
    say = view.messages.say
    sides = (say("Owed to us"), say("Owed by us"))
    whose = say("Entity")
    if report.kind == "statement":
        whose = say("Account")
        sides = (say("Money in"), say("Money out"))
    columns = (
        Column(whose),
        Column(say("Rows"), "right"),
        *(Column(side, "right") for side in sides),
    )
    rows = [
        (
            total.entity,
            view.count(total.count),
            view.amount(total.debit_minor, total.currency),
            view.amount(total.credit_minor, total.currency),
        )
        for total in report.sums
    ]
    view.table(columns, rows)
    view.line()


def _understood(view: View, column: ColumnReport, currency: str) -> str:
    import datetime as dt

    value = column.after[0] if column.after else None
    if value is None:
        return ""
    if column.type == "amount" and isinstance(value, int):
        return view.amount(value, currency)
    if isinstance(value, dt.date):
        return view.day(value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
