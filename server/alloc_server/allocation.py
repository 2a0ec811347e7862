"""`AllocationService`: thin on purpose, no rule, no arithmetic, no try."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from alloc import engine
from alloc.app.apply import Applied, apply, explain_payment, preview
from alloc.app.ports import DecisionFilter, DecisionState, PaymentState
from alloc.app.reverse import reverse
from alloc.rules import find_rule
from alloc.v1 import allocation_pb2, allocation_service_pb2_grpc
from alloc.v1 import allocation_service_pb2 as pb
from alloc_server.convert import (
    arrow_of,
    date_message,
    decision_messages,
    decision_of,
    ipc_of,
    is_wanted,
    mask_of,
    payment_rows,
    posted_entries,
    with_entity,
)
from alloc_server.owned import owned_decision, owned_payment
from alloc_server.waiting import check_waiting, stop_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import grpc

    from alloc.app.review import Accepted
    from alloc.app.shared_ledger import SharedLedger
    from alloc_server.workplace import Workplace

__all__ = ["AllocationService"]


class AllocationService(allocation_service_pb2_grpc.AllocationServiceServicer):
    """What payments clear, and posting it.

    Parameters
    ----------
    workplace
        The workspace that is served.
    """

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace

    def Propose(
        self, request: pb.ProposeRequest, context: grpc.ServicerContext
    ) -> pb.ProposeResponse:
        """Decide one payment; the engine releases the interpreter lock meanwhile."""
        payment, lines = payment_rows(request.entity, request.payment)
        pool = self._workplace.pool(request.entity, context)
        decided = pool.decide(payment, lines, stop=stop_of(context))
        (decision,) = decision_messages(*decided)
        return pb.ProposeResponse(decision=decision)

    def ProposeBatch(
        self,
        request_iterator: Iterator[pb.ProposeBatchRequest],
        context: grpc.ServicerContext,
    ) -> Iterator[pb.ProposeBatchResponse]:
        """Decide batch after batch; each is answered before the next is read."""
        pool, stop = None, stop_of(context)
        for request in request_iterator:
            check_waiting(context)
            pool = pool or self._workplace.pool(request.entity, context).in_turn()
            payments = with_entity(
                arrow_of(request.payments_ipc, "payments_ipc"),
                request.entity,
                "payments_ipc",
            )
            remittances = (
                arrow_of(request.remittances_ipc, "remittances_ipc")
                if request.remittances_ipc
                else engine.schema("remittances").empty_table()
            )
            proposal = pool.propose(payments, remittances, stop=stop)
            yield pb.ProposeBatchResponse(
                decisions_ipc=ipc_of(proposal.decisions),
                allocations_ipc=ipc_of(proposal.allocations),
                adjustments_ipc=ipc_of(proposal.adjustments),
            )

    def Post(
        self, request: pb.PostRequest, context: grpc.ServicerContext
    ) -> pb.PostResponse:
        """Post what is chosen for a payment."""
        return self._workplace.accept(
            request, context, pb.PostResponse, request.choice, _posted
        )

    def Apply(
        self, request: pb.ApplyRequest, context: grpc.ServicerContext
    ) -> pb.ApplyResponse:
        """Show what a rule makes of a payment, and post it unless told not to."""
        if request.validate_only:
            with self._workplace.reading() as ledger:
                return self._previewed(ledger, request)
        return self._workplace.once(
            request,
            context,
            pb.ApplyResponse,
            lambda ledger, who: self._applied(ledger, request, who),
        )

    def _previewed(
        self, ledger: SharedLedger, request: pb.ApplyRequest
    ) -> pb.ApplyResponse:
        owned_payment(ledger, request.entity, request.payment_id)
        workplace = self._workplace
        shown = preview(
            ledger,
            workplace.settings,
            find_rule(workplace.rules, request.rule),
            request.payment_id,
            today=workplace.now().date(),
            items=list(request.item_ids) or None,
            party=request.party,
            rules=workplace.rules,
        )
        return _applied_message(Applied(preview=shown, result=None))

    def _applied(
        self, ledger: SharedLedger, request: pb.ApplyRequest, who: str
    ) -> pb.ApplyResponse:
        owned_payment(ledger, request.entity, request.payment_id)
        workplace = self._workplace
        done = apply(
            ledger,
            workplace.settings,
            find_rule(workplace.rules, request.rule),
            request.payment_id,
            decided_by=who,
            now=workplace.now(),
            items=list(request.item_ids) or None,
            party=request.party,
            rules=workplace.rules,
        )
        return _applied_message(done)

    def Reverse(
        self, request: pb.ReverseRequest, context: grpc.ServicerContext
    ) -> pb.ReverseResponse:
        """Undo a posted decision by a mirror entry."""
        return self._workplace.once(
            request,
            context,
            pb.ReverseResponse,
            lambda ledger, who: self._reversed(ledger, request, who),
        )

    def _reversed(
        self, ledger: SharedLedger, request: pb.ReverseRequest, who: str
    ) -> pb.ReverseResponse:
        owned_decision(ledger, request.entity, request.decision_id)
        undone = reverse(
            ledger,
            self._workplace.settings,
            request.decision_id,
            decided_by=who,
            now=self._workplace.now(),
        )
        if undone is None:
            return pb.ReverseResponse(second_person_needed=True)
        return pb.ReverseResponse(
            payment_id=undone.payment_id,
            seq=undone.seq,
            number=undone.number,
            reopened=[
                pb.OpenAmount(item_id=row["item_id"], open_minor=row["open_minor"])
                for row in undone.reopened.to_pylist()
            ],
        )

    def Refuse(
        self, request: pb.RefuseRequest, context: grpc.ServicerContext
    ) -> pb.RefuseResponse:
        """Refuse all that is proposed for a payment."""
        return self._workplace.refuse(
            request, context, pb.RefuseResponse, request.reason
        )

    def Explain(
        self, request: pb.ExplainRequest, context: grpc.ServicerContext
    ) -> pb.ExplainResponse:
        """Return the latest decision of a payment, and what each rule says."""
        del context
        workplace = self._workplace
        masked = mask_of(request.read_mask, pb.ExplainResponse)
        with workplace.reading() as ledger:
            payment = owned_payment(ledger, request.entity, request.payment_id)
            answer = _explained(ledger, request.payment_id)
            answer.payment_state = payment["state"]
            is_open = payment["state"] not in (PaymentState.POSTED, PaymentState.ASIDE)
            if is_open and is_wanted("rules", request.read_mask):
                answer.rules.extend(
                    pb.RuleOutcome(
                        rule=each.rule,
                        status=each.status,
                        reason=each.reason,
                        message=each.message,
                    )
                    for each in explain_payment(
                        ledger, workplace.settings, workplace.rules, request.payment_id
                    )
                )
        return masked(answer)


def _posted(accepted: Accepted) -> pb.PostResponse:
    return pb.PostResponse(
        decision_id=decision_of(accepted.posted),
        second_person_needed=not accepted.posted,
        entries=posted_entries(accepted.posted),
        on_account=allocation_pb2.Amount(
            minor=accepted.on_account_minor, currency_code=accepted.currency
        ),
        customer_id=accepted.customer_id or "",
    )


def _explained(ledger: SharedLedger, payment_id: str) -> pb.ExplainResponse:
    every = DecisionFilter(states=tuple(DecisionState), payment_ids=(payment_id,))
    tables = ledger.decisions(every)
    if tables.decisions.num_rows == 0:
        return pb.ExplainResponse()
    latest = tables.decisions.slice(tables.decisions.num_rows - 1)
    decision_id = latest["decision_id"][0]
    (decision,) = decision_messages(
        latest.to_pylist(),
        *(
            rows.filter(pc.equal(rows["decision_id"], decision_id)).to_pylist()
            for rows in (tables.allocations, tables.adjustments)
        ),
    )
    return pb.ExplainResponse(
        decision=decision,
        decision_id=decision_id.as_py(),
        decision_state=latest["state"][0].as_py(),
        decided_by=latest["decided_by"][0].as_py(),
        decided_at=latest["decided_at"][0].as_py(),
    )


def _applied_message(done: Applied) -> pb.ApplyResponse:
    answer = pb.ApplyResponse(
        reason="EXPLAINED",
        already_posted=done.already,
        second_person_needed=done.second_person_needed,
    )
    if done.preview is not None:
        answer.reason = done.preview.outcome.reason
        answer.message = done.preview.outcome.message
        answer.drafts.extend(_draft(entry) for entry in done.preview.entries())
    if done.result is not None:
        posted = done.result.posted.to_pylist()
        answer.entries.extend(posted_entries(posted))
        answer.decision_id = decision_of(posted)
    return answer


def _draft(entry: dict[str, Any]) -> pb.DraftedEntry:
    return pb.DraftedEntry(
        journal=entry["journal"],
        posting_date=date_message(entry["posting_date"]),
        label=entry["label"],
        currency_code=entry["currency"],
        postings=[
            pb.Posting(
                account=line["account"],
                amount_minor=line["amount_minor"],
                customer_id=line["customer_id"] or "",
                label=line["label"],
            )
            for line in entry["lines"]
        ],
    )
