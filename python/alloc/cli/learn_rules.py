"""`alloc learn rules`, `accept`, `refuse`: what accepted deductions suggest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from alloc.cli.exits import ExitCode
from alloc.cli.session import Command, Session, pass_session
from alloc.cli.workspace import Workspace, find_workspace

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from pathlib import Path

    from alloc.app.impact import Impact
    from alloc.app.lessons import Lesson
    from alloc.app.ports import Ledger
    from alloc.cli.render import View

__all__ = ["accept", "draw_lesson", "lesson_document", "lesson_of", "refuse", "rules"]


@click.command("rules", cls=Command)
@pass_session
def rules(session: Session) -> int:
    """List the rules that deductions suggest which people accepted.

    A person accepts or refuses each: none of them holds until then.
    """
    from alloc.app.lessons import proposed_lessons
    from alloc.cli.clock import now
    from alloc.cli.render import View, emit
    from alloc.cli.rules import read_rules

    workspace = find_workspace(session)
    settings = workspace.settings()
    today = now().date()
    with workspace.open_ledger(settings, write=False) as ledger:
        found = proposed_lessons(ledger, read_rules(workspace), today)
    document = {"rules": [_said(lesson) for lesson in found]}
    emit(session, document, lambda: _draw(View(settings.locale), found))
    return ExitCode.OK


@click.command("accept", cls=Command)
@click.argument("rule_id", metavar="RULE", help="As `alloc learn rules` shows it.")
@pass_session
def accept(session: Session, rule_id: str) -> int:
    """Write a proposed rule to the folder rules, and let it post alone for a year.

    It is tried on the past first: where it would have done otherwise than a person
    decided, it is not written.
    """
    from alloc.app.impact import Verdict
    from alloc.cli.clock import now
    from alloc.cli.person import person
    from alloc.cli.render import View, emit
    from alloc.cli.rules import read_rules
    from alloc.cli.rules_live import record_standing
    from alloc.errors import ConflictError
    from alloc.rules import find_rule

    workspace = find_workspace(session)
    settings = workspace.settings()
    today = now().date()
    known = read_rules(workspace)
    with workspace.open_ledger(settings, write=False) as ledger:
        lesson = lesson_of(ledger, workspace, rule_id, today)
        if lesson is None:
            raise _unknown(rule_id)
        told = _tried(ledger, workspace, lesson, today)
    wrong = sum(case.verdict is Verdict.WRONG for case in told.cases)
    if wrong:
        raise ConflictError(
            f"rule {rule_id} would have done otherwise than a person decided on {wrong}"
            f" payments: `alloc learn why {rule_id}` names them; refuse it, or write a "
            "narrower one",
            reason="LESSON_CONTRADICTED",
            rule=rule_id,
            payments=wrong,
        )
    version = 1 + max((rule.version for rule in known if rule.id == rule_id), default=0)
    text = lesson.text(author=person(), version=version, day=today)
    path = _written(workspace, f"{rule_id}-{version}.toml", text)
    rule = find_rule(read_rules(workspace), f"{rule_id}@{version}")
    record, _ = record_standing(workspace, rule, active=True)
    document = {
        "rule": rule.name,
        "file": str(path.relative_to(workspace.root)),
        "valid_until": rule.valid_until,
        "by": record.by,
        "at": record.at,
    }
    view = View(settings.locale)
    text = view.messages.say(
        "{rule} posts alone until {day}: {file}.",
        rule=rule.name,
        day=view.day(rule.valid_until),
        file=document["file"],
    )
    emit(session, document, lambda: view.line(text))
    return ExitCode.OK


@click.command("refuse", cls=Command)
@click.argument("rule_id", metavar="RULE", help="As `alloc learn rules` shows it.")
@click.option("--reason", default="", metavar="TEXT", help="Kept with the decision.")
@pass_session
def refuse(session: Session, rule_id: str, *, reason: str) -> int:
    """Have a rule not be proposed again.

    It is once twice as many payments of a year show the same.
    """
    from alloc.app.payer_memory import RULE, FactKey
    from alloc.cli.clock import now
    from alloc.cli.person import person
    from alloc.cli.render import View, emit

    workspace = find_workspace(session)
    settings = workspace.settings()
    with workspace.open_ledger(settings, write=True) as ledger:
        lesson = lesson_of(ledger, workspace, rule_id, now().date())
        if lesson is None:
            raise _unknown(rule_id)
        key = FactKey(RULE, rule_id, lesson.customer_id)
        ledger.forget_facts([key], forgotten_by=person(), reason=reason, now=now())
    view = View(settings.locale)
    text = view.messages.say("{rule} is not proposed any more.", rule=rule_id)
    emit(session, {"refused": rule_id}, lambda: view.line(text))
    return ExitCode.OK


def lesson_of(
    ledger: Ledger, workspace: Workspace, rule_id: str, today: dt.date
) -> Lesson | None:
    """Return what suggests a rule, refused or not; None where nothing does."""
    from alloc.app.lessons import learned_lessons
    from alloc.cli.rules import read_rules

    found = learned_lessons(ledger, read_rules(workspace), today)
    return next((lesson for lesson in found if lesson.rule_id == rule_id), None)


def lesson_document(
    ledger: Ledger, workspace: Workspace, lesson: Lesson, today: dt.date
) -> dict[str, Any]:
    """Say which payments suggest a rule, what it says, and what it would have done."""
    from alloc.cli.person import person
    from alloc.cli.rules_live import impact_document

    told = _tried(ledger, workspace, lesson, today)
    return {
        **_said(lesson),
        "payments": [
            {
                "payment_id": case.payment_id,
                "value_date": case.value_date,
                "amount_minor": case.amount_minor,
                "currency": case.currency,
                "customer_id": lesson.customer_id,
                "decided_by": case.decided_by,
            }
            for case in lesson.cases
        ],
        "text": lesson.text(author=person(), version=1, day=today),
        "impact": impact_document(told, 0),
    }


def draw_lesson(view: View, document: dict[str, Any]) -> None:
    """Write the text of a proposed rule, and what it would have done."""
    from alloc.cli.rules_live import draw_totals

    view.line()
    click.echo(document["text"])
    totals = document["impact"]["totals"]
    rows = [(row["verdict"], row["currency"]) for row in totals]
    counted = [(row["count"], row["amount_minor"]) for row in totals]
    draw_totals(view, dict(zip(rows, counted, strict=True)))


def _tried(
    ledger: Ledger, workspace: Workspace, lesson: Lesson, today: dt.date
) -> Impact:
    """Replay the past since its first payment with a proposed rule."""
    from alloc.app.impact import impact
    from alloc.cli.rules import posting_rules

    return impact(
        *(ledger, workspace.settings(), lesson.rule(today)),
        others=posting_rules(workspace),
        since=lesson.cases[0].value_date,
        today=today,
    )


def _written(workspace: Workspace, name: str, text: str) -> Path:
    """Write a rule; a folder whose rules cannot be read together keeps none of it."""
    from alloc.cli.output import write_file
    from alloc.cli.rules import read_rules

    folder = workspace.folder("rules")
    folder.mkdir(exist_ok=True)
    path = folder / name
    write_file(path, text.encode())
    try:
        read_rules(workspace)
    except BaseException:
        path.unlink()
        raise
    return path


def _said(lesson: Lesson) -> dict[str, Any]:
    return {
        "rule": lesson.rule_id,
        "entity": lesson.entity,
        "customer_id": lesson.customer_id,
        "role": lesson.role,
        "value": lesson.value,
        "within_days": lesson.within_days,
        "count": len(lesson.cases),
        "since": lesson.cases[0].value_date,
        "until": lesson.cases[-1].value_date,
    }


def _draw(view: View, found: Sequence[Lesson]) -> None:
    from alloc.cli.render import Column
    from alloc.cli.words import in_words

    say = view.messages.say
    if not found:
        view.line(say("No deduction suggests a rule."))
        return
    columns = (
        *(Column(say("rule")), Column(say("Payer"))),
        *(Column(say("Takes off"), may_wrap=True), Column(say("Payments"), "right")),
        *(Column(say("First")), Column(say("Last"))),
    )
    view.table(
        columns,
        [
            (
                lesson.rule_id,
                f"{lesson.entity}/{lesson.customer_id}",
                f"{in_words(view.messages, lesson.role)} {lesson.value}",
                view.count(len(lesson.cases)),
                view.day(lesson.cases[0].value_date),
                view.day(lesson.cases[-1].value_date),
            )
            for lesson in found
        ],
    )
    view.steps(
        [
            (say("its payments, and what it would do"), "alloc learn why RULE"),
            (say("let it post alone"), "alloc learn accept RULE"),
            (say("or not at all"), "alloc learn refuse RULE"),
        ]
    )


def _unknown(rule_id: str) -> Exception:
    from alloc.errors import NotFoundError

    return NotFoundError(
        f"no deduction suggests a rule {rule_id!r}: 'alloc learn rules' shows those "
        "that are",
        reason="LESSON_UNKNOWN",
        rule=rule_id,
    )
