"""`alloc backtest`: what is learned from some days, judged on the days after them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, TypedDict

import click

from alloc.cli.exits import ExitCode
from alloc.cli.replay_options import (
    DAY,
    check_span,
    history_options,
    output_options,
    page_drawer,
)
from alloc.cli.session import Command, Session, pass_session
from alloc.cli.workspace import find_workspace

if TYPE_CHECKING:
    from pathlib import Path

    from alloc.app.ports import Ledger
    from alloc.cli.workspace import Workspace
    from alloc.rules import Rule
    from alloc.settings import Settings

__all__ = ["command"]

MILLION = 1_000_000
ONE_DAY = dt.timedelta(days=1)


class _Asked(TypedDict):
    """What a back-test depends on beside its tables and rules."""

    test_since: dt.date
    wanted_ppm: int
    today: dt.date


@click.command("backtest", cls=Command)
@history_options
@click.option(
    "--test-since",
    type=DAY,
    metavar="DATE",
    help="The first day that judges; the days before it teach. Without one: the last"
    " quarter of the days judges.",
)
@click.option(
    "--wanted-wrong-ppm",
    "wanted_ppm",
    type=click.IntRange(0, MILLION),
    metavar="N",
    help="Wrong ones per million that are accepted of a threshold or rule. Without"
    " one: max_wrong_ppm of the policy.",
)
@click.option(
    "--library",
    "with_library",
    is_flag=True,
    help="Also try the rules of the library, each as it stands (takes longer).",
)
@output_options("backtest.json")
@pass_session
def command(
    session: Session,
    *,
    books: tuple[Path, ...],
    since: dt.datetime | None,
    until: dt.datetime | None,
    test_since: dt.datetime | None,
    wanted_ppm: int | None,
    with_library: bool,
    out: Path | None,
    page: Path | None,
) -> int:
    """Learn from past payments, and judge on those that came after.

    The last days are decided from zero knowledge, then with the payers and habits that
    the days before made known, then also with the rules that these days speak for:
    rules of the workspace, and those of accepted deductions. Nothing of the last days
    is used to decide them. Nothing is written to the ledger.
    """
    from alloc.app.replay.backtest import backtest, first_test_day
    from alloc.cli.backtesting import (
        all_decisions,
        backtest_document,
        backtest_sections,
    )
    from alloc.cli.clock import now
    from alloc.cli.output import write_stream
    from alloc.cli.progress import progress
    from alloc.cli.render import View, emit
    from alloc.cli.replay_history import read_history
    from alloc.cli.replay_sections import draw_sections, write_decisions

    span = check_span(since, until)
    draw_page = None if page is None else page_drawer("backtest_page")
    workspace = find_workspace(session)
    settings = workspace.settings()
    view = View(settings.locale)
    with (
        workspace.open_ledger(settings, write=False) as ledger,
        progress(session, view.messages.say("Replaying")) as update,
    ):
        history = read_history(ledger, workspace, settings, books, span=span)
        if wanted_ppm is None:
            wanted_ppm = settings.policy.max_wrong_ppm
        first = test_since.date() if test_since else first_test_day(history.past)
        asked = _Asked(test_since=first, wanted_ppm=wanted_ppm, today=now().date())
        candidates = _candidates(
            *(workspace, settings, ledger, asked), with_library=with_library
        )
        kept = history.kept(
            *(out, session, view.messages), rules=candidates, options=asked
        )
        found = backtest(
            *history,
            **asked,
            candidates=candidates,
            progress=update,
            kept=kept.part if kept else None,
        )
    document = backtest_document(found)
    if out is not None:
        write_decisions(out, all_decisions(found), document, name="backtest.json")
    if page is not None and draw_page is not None:
        text = draw_page(view, found)
        write_stream(page, lambda sink: sink.write(text.encode()), replace=True)
    if kept is not None:
        kept.clear()
    emit(session, document, lambda: draw_sections(view, backtest_sections(view, found)))
    return ExitCode.OK


def _candidates(
    workspace: Workspace,
    settings: Settings,
    ledger: Ledger,
    asked: _Asked,
    *,
    with_library: bool,
) -> list[Rule]:
    """Return the rules that are tried.

    Those of the workspace, active or not; those that the deductions suggest which
    people accepted before the first test day; those of the library.
    """
    from alloc.app.lessons import proposed_lessons
    from alloc.cli.rules import read_rules
    from alloc.rules import library

    own = read_rules(workspace)
    last = asked["test_since"] - ONE_DAY
    lessons = proposed_lessons(ledger, own, last)
    suggested = [lesson.rule(asked["today"]) for lesson in lessons]
    shipped = library(settings.locale) if with_library else ()
    known = {rule.id for rule in own}
    return [*own, *(rule for rule in (*suggested, *shipped) if rule.id not in known)]
