"""What an accounting system decides and posts through the service."""

from __future__ import annotations

import datetime as dt
import threading
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from service_case import FR01, NOW, RULE, Service, refusal, source, statement

from alloc.app.clear import clear
from alloc.cli.rules import posting_rules, read_rules
from alloc.cli.rules_live import record_standing
from alloc.client import new_key
from alloc.engine import read_bank_file
from alloc.v1 import allocation_pb2 as messages
from alloc.v1 import allocation_service_pb2 as pb
from alloc_server.convert import arrow_of, ipc_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from alloc.cli.workspace import Workspace
    from alloc.client import Client
    from alloc_server.serving import Listening

#: The service is the same over both kinds of database.
pytestmark = pytest.mark.parametrize(
    "workspace", ["sqlite", "postgresql"], indirect=True
)

DAY = dt.date(2026, 4, 30)


@pytest.fixture
def client(service: Service) -> Client:
    return service.client()


def payment(cents: int, *text: str) -> messages.Payment:
    paid = messages.Payment(
        payment_id="P1",
        amount=messages.Amount(minor=cents, currency_code="EUR"),
        remittance_text=text,
    )
    paid.value_date.year, paid.value_date.month, paid.value_date.day = 2026, 4, 30
    return paid


def propose(client: Client, paid: messages.Payment) -> messages.Decision:
    request = pb.ProposeRequest(entity="FR01", payment=paid)
    return client.allocation.Propose(request).decision


def allocated(decision: messages.Decision) -> dict[str, int]:
    first = decision.explanations[0]
    return {each.item_id: each.allocated_minor for each in first.allocations}


def post(payment_id: str, choice: messages.Choice, key: str = "K1") -> pb.PostRequest:
    return pb.PostRequest(
        entity="FR01", idempotency_key=key, payment_id=payment_id, choice=choice
    )


def items(amounts: dict[str, int | None], rest: str = "") -> messages.Choice:
    named = [
        messages.ChosenItem(item_id=name, allocated_minor=cents)
        for name, cents in amounts.items()
    ]
    chosen = messages.ChosenItems(items=named, on_account_of=rest)
    return messages.Choice(items=chosen)


def test_a_payment_that_names_its_invoices_is_decided(client: Client) -> None:
    decision = propose(client, payment(15_000, "INV-2026I1 INV-2026I2"))
    assert decision.status == messages.DECISION_STATUS_AUTO
    assert decision.proof == messages.PROOF_EXACT
    assert decision.customer_id == "C1"
    assert allocated(decision) == {"I1": 10_000, "I2": 5_000}


def test_an_advice_names_what_a_payment_is_for(client: Client) -> None:
    paid = payment(7_700, "VIR")
    paid.remittance_lines.add(reference="INV-2026I3", amount_minor=7_700)
    assert allocated(propose(client, paid)) == {"I3": 7_700}


def test_a_proposal_writes_nothing(client: Client, service: Service) -> None:
    before = service.read(lambda ledger: ledger.position())
    propose(client, payment(15_000, "INV-2026I1 INV-2026I2"))
    assert service.read(lambda ledger: ledger.position()) == before


def test_what_was_posted_is_not_proposed_again(
    client: Client, service: Service
) -> None:
    paid = payment(15_000, "INV-2026I1 INV-2026I2")
    assert propose(client, paid).status == messages.DECISION_STATUS_AUTO
    choice = items({"I1": None, "I2": 2_000})
    client.allocation.Post(post(service.payment_id("B1"), choice))
    decision = propose(client, paid)
    assert decision.status != messages.DECISION_STATUS_AUTO
    ways = decision.explanations
    named = {each.item_id for way in ways for each in way.allocations}
    assert "I1" not in named


def test_items_of_another_company_are_never_proposed(client: Client) -> None:
    decision = propose(client, payment(900, "INV-2026I9"))
    assert decision.status == messages.DECISION_STATUS_NONE
    assert not decision.explanations


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"payment_id": ""}, "FIELD_MISSING"),
        ({"value_date": {"year": 2026, "month": 2, "day": 30}}, "DATE_INVALID"),
        ({"amount": {"minor": 0, "currency_code": "EUR"}}, "AMOUNT_NOT_POSITIVE"),
        ({"amount": {"minor": 5, "currency_code": "XX"}}, "CURRENCY_UNKNOWN"),
    ],
)
def test_a_payment_that_cannot_be_one_is_refused_by_name(
    client: Client, change: dict[str, object], reason: str
) -> None:
    paid = payment(100, "VIR")
    for name in change:
        paid.ClearField(name)
    paid.MergeFrom(messages.Payment(**change))
    assert refusal(lambda: propose(client, paid)).reason == reason


def batch(rows: Sequence[tuple[str, int, str]]) -> pb.ProposeBatchRequest:
    table = pa.table(
        {
            "payment_id": [name for name, _, _ in rows],
            "value_date": pa.array([DAY] * len(rows)),
            "currency": ["EUR"] * len(rows),
            "amount_minor": [cents for _, cents, _ in rows],
            "remittance_text": [[text] for _, _, text in rows],
        }
    )
    return pb.ProposeBatchRequest(entity="FR01", payments_ipc=ipc_of(table))


def decided(
    client: Client, requests: Iterator[pb.ProposeBatchRequest]
) -> list[dict[str, str]]:
    answers = client.allocation.ProposeBatch(requests)
    tables = [arrow_of(each.decisions_ipc, "decisions_ipc") for each in answers]
    return [
        {row["payment_id"]: row["status"] for row in table.to_pylist()}
        for table in tables
    ]


def test_a_stream_of_batches_is_decided_batch_by_batch(client: Client) -> None:
    requests = [batch([("P1", 15_000, "INV-2026I1 INV-2026I2")])]
    requests += [batch([("P2", 7_700, "INV-2026I3"), ("P3", 77, "VIR")])]
    assert decided(client, iter(requests)) == [
        {"P1": "auto"},
        {"P2": "auto", "P3": "none"},
    ]


def test_what_a_batch_clears_is_not_open_for_the_next_of_its_stream(
    client: Client,
) -> None:
    twice = [batch([(name, 7_700, "INV-2026I3")]) for name in ("P1", "P2")]
    first, second = decided(client, iter(twice))
    assert first == {"P1": "auto"}
    assert second["P2"] != "auto"
    assert decided(client, iter(twice[:1])) == [{"P1": "auto"}]


def test_an_answer_comes_before_the_next_batch_is_sent(client: Client) -> None:
    answered = threading.Event()

    def requests() -> Iterator[pb.ProposeBatchRequest]:
        yield batch([("P1", 7_700, "INV-2026I3")])
        assert answered.wait(20)
        yield batch([("P2", 77, "VIR")])

    answers = client.allocation.ProposeBatch(requests(), timeout=20)
    assert next(answers).decisions_ipc
    answered.set()
    assert len(list(answers)) == 1


def test_a_proposal_is_posted_by_its_rank(client: Client, service: Service) -> None:
    before, first = service.entries(), messages.Choice(rank=0)
    answer = client.allocation.Post(post(service.payment_id("B2"), first))
    (entry,) = answer.entries
    assert (entry.seq, entry.journal, entry.fiscal_year) == (before + 1, "BQ1", 2026)
    assert service.holds()


def test_chosen_items_are_posted_and_the_rest_goes_on_account(
    client: Client, service: Service
) -> None:
    answer = client.allocation.Post(
        post(service.payment_id("B1"), items({"I1": None}, rest="C1"))
    )
    assert answer.on_account == messages.Amount(minor=2_000, currency_code="EUR")
    assert answer.customer_id == "C1"
    assert service.holds()


def test_a_whole_payment_goes_on_account(client: Client, service: Service) -> None:
    answer = client.allocation.Post(
        post(service.payment_id("B1"), messages.Choice(on_account_of="C2"))
    )
    assert answer.on_account.minor == 12_000
    assert service.holds()


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        (messages.Choice(), "CHOICE_MISSING"),
        (items({"I1": None}), "REST_NOT_PLACED"),
        (items({"I9": None}, rest="C1"), "ITEM_UNKNOWN"),
        (items({"I1": 10_001}, rest="C1"), "ALLOCATION_INVALID"),
        (messages.Choice(rank=7), "RANK_UNKNOWN"),
        (messages.Choice(on_account_of="C77"), "CUSTOMER_UNKNOWN"),
    ],
)
def test_a_choice_that_does_not_work_posts_nothing(
    client: Client, service: Service, choice: messages.Choice, reason: str
) -> None:
    name, before = service.payment_id("B1"), service.entries()
    assert refusal(lambda: client.allocation.Post(post(name, choice))).reason == reason
    assert service.entries() == before


def test_a_decision_is_undone_and_its_items_are_open_again(
    client: Client, service: Service
) -> None:
    choice = items({"I1": None, "I2": 2_000})
    posted = client.allocation.Post(post(service.payment_id("B1"), choice))
    undo = pb.ReverseRequest(
        entity="FR01", idempotency_key="K2", decision_id=posted.decision_id
    )
    answer = client.allocation.Reverse(undo)
    assert {each.item_id: each.open_minor for each in answer.reopened} == {
        "I1": 10_000,
        "I2": 5_000,
    }
    again = pb.ReverseRequest(
        entity="FR01", idempotency_key="K3", decision_id=posted.decision_id
    )
    refused = refusal(lambda: client.allocation.Reverse(again))
    assert refused.reason == "DECISION_NOT_POSTED"
    assert service.holds()


def test_a_large_payment_is_undone_by_two_callers(
    workspace: Workspace, certificates: Path, listening: Listening
) -> None:
    toml = workspace.root / "alloc.toml"
    careful = 'id = "FR01"\nfour_eyes_above = "100.00"'
    toml.write_text(toml.read_text().replace('id = "FR01"', careful))
    service = Service(workspace, certificates, listening)
    try:
        anna, ben = (service.client(service.token(name)) for name in ("anna", "ben"))
        wanted = post(service.payment_id("B1"), items({"I1": None, "I2": 2_000}))
        assert anna.allocation.Post(wanted).second_person_needed
        posted = ben.allocation.Post(wanted)
        before = service.entries()
        undo = pb.ReverseRequest(
            entity="FR01", idempotency_key="K2", decision_id=posted.decision_id
        )
        for _ in range(2):
            assert anna.allocation.Reverse(undo) == pb.ReverseResponse(
                second_person_needed=True
            )
        assert service.entries() == before
        undo.idempotency_key = "K3"
        refused = refusal(lambda: anna.allocation.Reverse(undo))
        assert refused.reason == "SECOND_PERSON_NEEDED"
        answer = ben.allocation.Reverse(undo)
        assert (answer.second_person_needed, len(answer.reopened)) == (False, 2)
        assert ben.allocation.Reverse(undo) == answer
        assert service.entries() == before + 1
        assert service.holds()
    finally:
        service.close()


@pytest.mark.parametrize("is_active", [False, True], ids=["waiting", "activated"])
def test_rules_propose_what_a_run_decides(
    workspace: Workspace, certificates: Path, listening: Listening, *, is_active: bool
) -> None:
    (workspace.root / "rules" / "fee.toml").write_text(f'posting = "auto"\n{RULE}')
    if is_active:
        (fee,) = (rule for rule in read_rules(workspace) if rule.id == "fee")
        record_standing(workspace, fee, active=True)
    settings = workspace.settings()
    with workspace.open_ledger(settings, write=True) as ledger:
        bank = read_bank_file(
            statement(FR01, {"B7": (7_600, "INV-2026I3")}), name="b7.sta"
        )
        ledger.import_bank_file(
            source("b7.sta", "bank"), bank, entities={FR01: "FR01"}, now=NOW
        )
    service = Service(workspace, certificates, listening)
    try:
        client, name = service.client(), service.payment_id("B7")
        paid = payment(7_600, "INV-2026I3")
        paid.payment_id = name
        proposed = propose(client, paid)
        assert proposed.rule == "fee@1"
        assert proposed.reason == ("RULE" if is_active else "RULE_FITS")
        with workspace.open_ledger(settings, write=True) as ledger:
            clear(ledger, settings, rules=posting_rules(workspace), now=NOW)
        explained = client.allocation.Explain(
            pb.ExplainRequest(entity="FR01", payment_id=name)
        )
        assert explained.decision == proposed
        assert explained.decision_state == ("posted" if is_active else "proposed")
    finally:
        service.close()


def test_a_refused_match_is_never_proposed_again(
    client: Client, service: Service
) -> None:
    name = service.payment_id("B2")
    request = pb.RefuseRequest(
        entity="FR01", idempotency_key="K1", payment_id=name, reason="WRONG_CUSTOMER"
    )
    assert client.allocation.Refuse(request).refused_count > 0
    known = client.allocation.Explain(pb.ExplainRequest(entity="FR01", payment_id=name))
    assert known.decision_state == "refused"
    assert known.decided_by == "erp"


def test_a_payment_explains_itself(client: Client, service: Service) -> None:
    name = service.payment_id("B2")
    request = pb.ExplainRequest(entity="FR01", payment_id=name)
    known = client.allocation.Explain(request)
    assert (known.payment_state, known.decision_state) == ("review", "proposed")
    assert known.decision.payment_id == name
    assert known.decision.explanations
    assert [outcome.rule for outcome in known.rules] == ["fee@1"]


def test_a_rule_is_shown_and_then_posted(client: Client, service: Service) -> None:
    name = service.payment_id("B3")
    request = pb.ApplyRequest(
        entity="FR01",
        payment_id=name,
        rule="fee",
        item_ids=["I3"],
        validate_only=True,
    )
    shown = client.allocation.Apply(request)
    assert shown.reason == "EXPLAINED"
    assert sum(each.amount_minor for each in shown.drafts[0].postings) == 0
    assert not shown.entries
    request.validate_only, request.idempotency_key = False, new_key()
    posted = client.allocation.Apply(request)
    assert posted.decision_id > 0
    assert len(posted.entries) == 1
    request.idempotency_key = new_key()
    assert client.allocation.Apply(request).already_posted
    assert service.holds()


def test_a_payment_of_another_company_is_as_good_as_unknown(
    client: Client, service: Service
) -> None:
    name = service.payment_id("B9")
    for call in (
        lambda: client.allocation.Post(post(name, messages.Choice(rank=0))),
        lambda: client.allocation.Explain(
            pb.ExplainRequest(entity="FR01", payment_id=name)
        ),
        lambda: client.allocation.Refuse(
            pb.RefuseRequest(entity="FR01", idempotency_key="K", payment_id=name)
        ),
        lambda: client.allocation.Apply(
            pb.ApplyRequest(
                entity="FR01", idempotency_key="K", payment_id=name, rule="fee"
            )
        ),
    ):
        assert refusal(call).reason == "PAYMENT_UNKNOWN"
