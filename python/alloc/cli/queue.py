"""The payments that wait for a person, read from the ledger and shown."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from alloc.app.advices import unclear_advices
from alloc.app.ports import DecisionFilter, DecisionState, PaymentState
from alloc.cli.words import in_words
from alloc.errors import NotFoundError

if TYPE_CHECKING:
    import pyarrow as pa

    from alloc.app.ports import DecisionTables, Ledger
    from alloc.cli.render import View

__all__ = [
    "draw_payment",
    "draw_queue",
    "entity_and_currency",
    "read_payment",
    "read_queue",
]

Row = dict[str, Any]

PARTS_PER_MILLION = 1_000_000
PAYMENT_COLUMNS = (
    "payment_id",
    "entity",
    "account",
    "booking_date",
    "value_date",
    "currency",
    "amount_minor",
    "payer_name",
    "payer_iban",
    "remittance_text",
    "end_to_end_id",
    "creditor_reference",
    "bank_reference",
    "state",
    "aside_reason",
)
DECISION_COLUMNS = (
    "decision_id",
    "state",
    "status",
    "proof",
    "confidence_ppm",
    "explanations_count",
    "rule",
    "reason",
    "customer_id",
    "decided_at",
    "decided_by",
    "seq",
)


def read_queue(ledger: Ledger, *, entity: str | None = None) -> list[Row]:
    """Return the payments that wait for a person, the largest first.

    Parameters
    ----------
    ledger
        Read only.
    entity
        Only payments of this entity.

    Returns
    -------
    list of dict
        The payment's facts, ``reason``, ``decision_id`` and ``proposals`` (how many
        there are to choose from).
    """
    found = ledger.decisions(DecisionFilter(entity=entity))
    decisions = {row["payment_id"]: row for row in found.decisions.to_pylist()}
    states = (PaymentState.REVIEW, PaymentState.SUSPENSE)
    payments = ledger.payments(states=states, entity=entity).to_pylist()
    # Money that went out stays aside also while a person is asked about it.
    payments += ledger.payments(
        states=(PaymentState.ASIDE,), entity=entity, payment_ids=decisions.keys()
    ).to_pylist()
    undone = _undone(ledger, entity)
    ranks = _ranks(found)
    waiting = []
    for payment in payments:
        decision = decisions.get(payment["payment_id"], {})
        row = {name: payment[name] for name in PAYMENT_COLUMNS}
        row["decision_id"] = decision.get("decision_id")
        row["reason"] = decision.get("reason") or undone.get(
            payment["payment_id"], "PAYER_UNKNOWN"
        )
        row["proposals"] = len(ranks.get(payment["payment_id"], ()))
        waiting.append(row)
    waiting.sort(
        key=lambda row: (row["currency"], -row["amount_minor"], row["payment_id"])
    )
    return waiting


def read_payment(ledger: Ledger, payment_id: str) -> Row:
    """Return all that is known of a payment.

    Parameters
    ----------
    ledger
        Read only.
    payment_id
        Any bank entry.

    Returns
    -------
    dict
        The payment, its ``remittance`` lines, the ``unclear_advices`` that may be for
        it, who asked ``first`` for what takes two people, and its ``decisions``, the
        latest last; each has ``ranks`` with ``allocations`` and ``adjustments``.

    Raises
    ------
    alloc.errors.NotFoundError
        ``PAYMENT_UNKNOWN``.
    """
    payment = _payment(ledger, payment_id)
    found = ledger.decisions(DecisionFilter(states=None, payment_ids=(payment_id,)))
    row = {name: payment[name] for name in PAYMENT_COLUMNS}
    row["remittance"] = ledger.remittances((payment_id,)).to_pylist()
    row["unclear_advices"] = unclear_advices(ledger, payment_id)
    first = ledger.approval(payment_id)
    row["first"] = first.approved_by if first else None
    allocations = _by_decision(found.allocations)
    adjustments = _by_decision(found.adjustments)
    row["decisions"] = []
    for decision in found.decisions.to_pylist():
        key = decision["decision_id"]
        numbers = sorted({*allocations[key], *adjustments[key]})
        ranks = [
            {
                "rank": rank,
                "allocations": allocations[key][rank],
                "adjustments": adjustments[key][rank],
            }
            for rank in numbers
        ]
        kept = {name: decision[name] for name in DECISION_COLUMNS}
        row["decisions"].append(kept | {"ranks": ranks})
    return row


def entity_and_currency(ledger: Ledger, payment_id: str) -> tuple[str, str]:
    """Return whose a payment is, and its currency; ``PAYMENT_UNKNOWN`` if none."""
    payment = _payment(ledger, payment_id)
    return payment["entity"], payment["currency"]


def draw_queue(view: View, waiting: list[Row], *, count: int) -> None:
    """Write the payments that wait.

    Parameters
    ----------
    view
        Where and in which language.
    waiting
        The rows to show, of `read_queue`.
    count
        How many wait in all.
    """
    from alloc.cli.render import Column

    say = view.messages.say
    if not waiting:
        view.line(say("No payment waits for a person."))
        return
    columns = (
        Column(say("Payment")),
        Column(say("Value date")),
        Column(say("Entity")),
        Column(say("Payer"), may_wrap=True),
        Column(say("Amount"), "right"),
        Column(say("Proposals"), "right"),
        Column(say("Why"), may_wrap=True),
    )
    rows = [
        (
            row["payment_id"],
            view.day(row["value_date"]),
            row["entity"],
            row["payer_name"] or "",
            view.amount(row["amount_minor"], row["currency"]),
            view.count(row["proposals"]),
            in_words(view.messages, row["reason"]),
        )
        for row in waiting
    ]
    view.table(columns, rows)
    view.line()
    view.line(
        view.messages.plural(
            "{count} payment waits.",
            "{count} payments wait.",
            count,
            count=view.count(count),
        )
    )
    first = waiting[0]["payment_id"]
    view.steps([(say("look at one"), f"alloc review show {first}")])


def draw_payment(view: View, payment: Row) -> None:
    """Write a payment with its decisions.

    Parameters
    ----------
    view
        Where and in which language.
    payment
        Of `read_payment`, with ``rules`` of `alloc.cli.rules.rules_for`.
    """
    say = view.messages.say
    amount = view.amount(payment["amount_minor"], payment["currency"])
    view.line(f"{payment['payment_id']}  {amount}", style="bold")
    facts = [
        (say("State"), in_words(view.messages, payment["state"])),
        (say("Value date"), view.day(payment["value_date"])),
        (say("Entity"), payment["entity"]),
        (say("Bank account"), payment["account"]),
        (say("Payer"), payment["payer_name"]),
        (say("Payer's account"), payment["payer_iban"]),
        (say("Text"), " / ".join(payment["remittance_text"] or ())),
        (say("End-to-end id"), payment["end_to_end_id"]),
        (say("Reference"), payment["creditor_reference"]),
    ]
    view.facts(facts)
    if lines := len(payment["remittance"]):
        view.line()
        view.line(
            view.messages.plural(
                "The payer names {count} document.",
                "The payer names {count} documents.",
                lines,
                count=view.count(lines),
            )
        )
    _draw_advices(view, payment)
    _draw_first(view, payment)
    # A rule of the company goes before what the engine explains by itself.
    if _fitting(payment):
        _draw_rules(view, payment)
    for decision in payment["decisions"]:
        _draw_decision(view, payment, decision)
    if not _fitting(payment):
        _draw_rules(view, payment)
    if payment["state"] in (PaymentState.REVIEW, PaymentState.SUSPENSE):
        _draw_choices(view, payment)


def _draw_advices(view: View, payment: Row) -> None:
    """Write the advices that may be for a payment, and why they are not linked."""
    say = view.messages.say
    for advice in payment["unclear_advices"]:
        total = advice["total_minor"]
        minor = advice["lines_minor"] if total is None else total
        others = [one for one in advice["payments"] if one != payment["payment_id"]]
        amount = view.amount(minor, payment["currency"]) if minor is not None else ""
        view.line()
        view.line(
            say(
                "An advice of {amount} ({file}) may be for this payment: {reason}.",
                amount=amount,
                file=advice["file"],
                reason=in_words(view.messages, advice["reason"]),
            )
        )
        view.line(say("Other payments meant: {others}", others=", ".join(others)))


def _draw_first(view: View, payment: Row) -> None:
    """Write who accepted the payment, or wants it undone, and waits for another."""
    if payment["first"] is None:
        return
    say, person = view.messages.say, payment["first"]
    view.line()
    if payment["state"] == PaymentState.POSTED:
        view.line(
            say(
                "{person} wants it undone: somebody else must ask the same.",
                person=person,
            )
        )
        return
    view.line(
        say("{person} accepted it: somebody else must accept the same.", person=person)
    )


def _draw_decision(view: View, payment: Row, decision: Row) -> None:
    say, words = view.messages.say, view.messages
    view.line()
    view.line(
        say(
            "Decision {decision}: {state}, {reason}",
            decision=decision["decision_id"],
            state=in_words(words, decision["state"]),
            reason=in_words(words, decision["reason"]),
        ),
        style="bold",
    )
    view.facts(
        [
            # The engine looks for deductions without the rules: where one of them
            # fits too, nothing of the engine's is the only explanation.
            (
                say("Proof"),
                "" if _fitting(payment) else in_words(words, decision["proof"]),
            ),
            (
                say("Right with at least"),
                view.share(decision["confidence_ppm"], PARTS_PER_MILLION)
                if decision["confidence_ppm"]
                else "",
            ),
            (say("Customer"), decision["customer_id"]),
            (say("Decided by"), decision["decided_by"]),
        ]
    )
    for rank in decision["ranks"]:
        _draw_rank(view, payment["currency"], rank)


def _fitting(payment: Row) -> list[Row]:
    return [rule for rule in payment["rules"] if rule["status"] != "none"]


def _draw_rules(view: View, payment: Row) -> None:
    """Write each rule that fits with its lines, and why another one does not."""
    if not payment["rules"]:
        return
    view.line()
    view.line(view.messages.say("What the rules say"), style="bold")
    for rule in payment["rules"]:
        view.line(f"{rule['rule']}: {rule['message']} [{rule['reason']}]")
        for lines in rule["explanations"]:
            view.line(f"  {'; '.join(lines)}")


def _draw_rank(view: View, currency: str, rank: Row) -> None:
    from alloc.cli.render import Column

    say = view.messages.say
    columns = (
        Column(say("Item")),
        Column(say("Reference")),
        Column(say("Customer")),
        Column(say("Due")),
        Column(say("Open"), "right"),
        Column(say("Allocated"), "right"),
        Column(say("What speaks for it"), may_wrap=True),
    )
    rows = [
        (
            row["item_id"],
            row["reference"] or "",
            row["customer_id"],
            view.day(row["due_date"]),
            view.amount(row["open_minor"], currency),
            view.amount(row["allocated_minor"], currency),
            ", ".join(
                in_words(view.messages, code)
                for code in (row["evidence"] or "").split(",")
                if code
            ),
        )
        for row in rank["allocations"]
    ]
    rows += [
        (
            in_words(view.messages, row["role"]),
            "",
            "",
            "",
            "",
            view.amount(-row["amount_minor"], currency),
            "",
        )
        for row in rank["adjustments"]
    ]
    view.line()
    view.table(columns, rows, title=say("Proposal {rank}", rank=rank["rank"]))


def _draw_choices(view: View, payment: Row) -> None:
    say, key = view.messages.say, payment["payment_id"]
    accept = f"alloc review accept {key}"
    current = [one for one in payment["decisions"] if one["state"] == "proposed"]
    steps = [
        (say("post what a rule says"), f"alloc apply {rule['rule']} {key} --post")
        for rule in _fitting(payment)
    ]
    if any(decision["ranks"] for decision in current):
        steps.append((say("take a proposal"), f"{accept} --rank 0"))
    steps += [
        (say("choose the items"), f"{accept} --item ID --item 'ID=AMOUNT'"),
        (say("put it on account"), f"{accept} --on-account CUSTOMER"),
    ]
    if any(decision["ranks"] for decision in current):
        steps.append((say("refuse the proposals"), f"alloc review refuse {key}"))
    view.line()
    view.steps(steps)


def _payment(ledger: Ledger, payment_id: str) -> Row:
    rows: list[Row] = ledger.payments(
        states=tuple(PaymentState), payment_ids=(payment_id,)
    ).to_pylist()
    if not rows:
        raise NotFoundError(
            f"payment {payment_id} is unknown: 'alloc review list' shows those that"
            " wait",
            reason="PAYMENT_UNKNOWN",
            payment_id=payment_id,
        )
    return rows[0]


def _undone(ledger: Ledger, entity: str | None) -> dict[str, str]:
    """Payment -> what a person last did to its match, as a reason to wait."""
    reasons = {
        DecisionState.REVERSED: "MATCH_UNDONE",
        DecisionState.REFUSED: "REFUSED_BEFORE",
    }
    found = ledger.decisions(DecisionFilter(states=tuple(reasons), entity=entity))
    return {
        row["payment_id"]: reasons[DecisionState(row["state"])]
        for row in found.decisions.to_pylist()
    }


def _ranks(found: DecisionTables) -> dict[str, set[int]]:
    ranks: dict[str, set[int]] = defaultdict(set)
    for table in (found.allocations, found.adjustments):
        columns = (table["payment_id"].to_pylist(), table["rank"].to_pylist())
        for payment_id, rank in zip(*columns, strict=True):
            ranks[payment_id].add(rank)
    return ranks


def _by_decision(table: pa.Table) -> defaultdict[int, defaultdict[int, list[Row]]]:
    rows: defaultdict[int, defaultdict[int, list[Row]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for row in table.to_pylist():
        rows[row.pop("decision_id")][row.pop("rank")].append(row)
    return rows
