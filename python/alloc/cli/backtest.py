"""`alloc backtest`: what is learned from some days, judged on the days after them."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    import datetime as dt
    from pathlib import Path

__all__ = ["command"]

MILLION = 1_000_000


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

    The last days are decided from zero knowledge, then with the payers that the days
    before made known, then also with the rules that these days speak for. Nothing of
    the last days is used to decide them. Nothing is written to the ledger.
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
    from alloc.cli.replay_sections import draw_sections, write_decisions
    from alloc.cli.replay_sources import read_past
    from alloc.cli.rules import read_rules
    from alloc.rules import library

    first, last = check_span(since, until)
    draw_page = None if page is None else page_drawer("backtest_page")
    workspace = find_workspace(session)
    settings = workspace.settings()
    candidates = list(read_rules(workspace))
    if with_library:
        known = {rule.id for rule in candidates}
        shipped = library(settings.locale)
        candidates += [rule for rule in shipped if rule.id not in known]
    view = View(settings.locale)
    with (
        workspace.open_ledger(settings, write=False) as ledger,
        progress(session, view.messages.say("Replaying")) as update,
    ):
        past, customers = read_past(
            *(ledger, settings, books, workspace.profiles()), since=first, until=last
        )
        found = backtest(
            *(past, settings, customers),
            ledger.remittances(past.payments["payment_id"].to_pylist()),
            test_since=test_since.date() if test_since else first_test_day(past),
            candidates=candidates,
            wanted_ppm=(
                settings.policy.max_wrong_ppm if wanted_ppm is None else wanted_ppm
            ),
            today=now().date(),
            progress=update,
        )
    document = backtest_document(found)
    if out is not None:
        write_decisions(out, all_decisions(found), document, name="backtest.json")
    if page is not None and draw_page is not None:
        text = draw_page(view, found)
        write_stream(page, lambda sink: sink.write(text.encode()), replace=True)
    emit(session, document, lambda: draw_sections(view, backtest_sections(view, found)))
    return ExitCode.OK
