"""A payment that the bank took back: its items open again, it stays in the books.

The return is an entry of its own. Its debit is lettered with the line of the payment;
the items leave their letter, and what others paid on them keeps one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from alloc.app.ports import PaymentState
from alloc.domain.match import RETURN_OF
from alloc.errors import ConflictError
from alloc.store.columns import columns
from alloc.store.drafted import ENTRIES, LETTERS, POSTINGS
from alloc.store.files import utc
from alloc.store.sealing import SETTLED, seal
from alloc.store.undoing import RETURNED, Reversing

if TYPE_CHECKING:
    import datetime as dt

    from alloc.app.reversal import ReturnedPayment, ReverseResult
    from alloc.store.database import Database

_TURNED = columns("role amount_minor rate_ppm? item_id?")
_BANK = columns("state amount_minor entity currency")
_DECISION_ROW = columns(
    "decision_id:big payment_id state status proof confidence_ppm explanations_count "
    "rule? reason customer_id? decided_at decided_by seq?"
)
_ALLOCATION_ROW = columns(
    "decision_id:big rank entity item_id customer_id? allocated_minor evidence "
    "foreign_minor?"
)
_ADJUSTMENT_ROW = columns(
    "decision_id:big rank line_no role amount_minor item_id? rate_ppm?"
)


def return_payment(
    db: Database, returned: ReturnedPayment, *, now: dt.datetime
) -> ReverseResult:
    """Post a return whole, or raise and leave everything as it was."""
    with db.write():
        return _Returning(db, returned.terms, now, returned).run()


def check_return(db: Database, returned: ReturnedPayment, *, now: dt.datetime) -> None:
    """Raise what `return_payment` would; nothing is written."""
    with db.read():
        _Returning(db, returned.terms, now, returned).check()


@dataclass
class _Returning(Reversing):
    returned: ReturnedPayment
    new_id: int = field(init=False)
    turned: list[dict[str, Any]] = field(init=False)

    def _check_unused(self) -> None:
        """Check that one entry clears items and opens none: it can be mirrored whole.

        Deductions, differences and VAT beside the items turn with them. What the
        payment opened (money on account, a part moved elsewhere) may be used since.
        """
        self.turned = self.db.query(
            "select role, amount_minor, rate_ppm, item_id from adjustment "
            "where decision_id = $1 and rank = 0 order by line_no",
            _TURNED,
            (self.reversal.decision_id,),
        ).to_pylist()
        is_plain = self.entry["kind"].to_pylist() == ["clearing"] and not len(self.own)
        payment_id = self.returned.payment_id
        if not is_plain:
            raise ConflictError(
                f"bank entry {payment_id} takes back payment "
                f"{self.decision['payment_id']}, of which decision "
                f"{self.reversal.decision_id} did more than clear items: reverse it, "
                "then post the return in the accounting system",
                reason="RETURN_NOT_PLAIN",
                decision_id=self.reversal.decision_id,
                payment_id=payment_id,
            )
        (bank,) = self.db.query(
            "select state, amount_minor, entity, currency from bank_entry "
            "where payment_id = $1",
            _BANK,
            (payment_id,),
        ).to_pylist() or [{"state": "", "amount_minor": 0}]
        if bank["state"] != PaymentState.ASIDE:
            raise ConflictError(
                f"bank entry {payment_id} was decided meanwhile; nothing was posted",
                reason="PAYMENT_DECIDED",
                payment_id=payment_id,
            )

    def _sealed_mirror(self) -> tuple[pa.Table, pa.Table, pa.Table]:
        """Post the return; its debits mirror the lines that had cleared items."""
        self.new_id = self._replaced_proposal() or self.ends.decision_id + 1
        terms, entry = self.returned, self.entry.to_pylist()[0]
        cleared = [
            line for line in self.lines.to_pylist() if line["letter_group"] is not None
        ]
        lines = [self._mirrored(line, index) for index, line in enumerate(cleared)]
        lines += [self._mirrored(line) for line in self._unlettered()]
        lines += [
            {"account": account, "amount_minor": minor}
            for _, account, minor, _ in terms.adjustments
        ]
        out = -sum(line["amount_minor"] for line in lines)
        lines.append({"account": terms.bank_account, "amount_minor": out})
        said = {"draft_index": 0, "label": self.reversal.label}
        said["currency"] = entry["currency"]
        postings = pa.Table.from_pylist(
            [
                dict.fromkeys(POSTINGS.names) | said | line | {"line_no": number}
                for number, line in enumerate(lines, start=1)
            ],
            POSTINGS,
        )
        header = {
            "draft_index": 0,
            "payment_id": terms.payment_id,
            "entity": entry["entity"],
            "journal": terms.journal,
            "kind": "clearing",
            "posting_date": self.reversal.posting_date,
            "piece_date": terms.piece_date,
            "piece_ref": terms.piece_ref,
            "label": self.reversal.label,
            "currency": entry["currency"],
            "fiscal_year": self.reversal.fiscal_year,
        }
        entries = pa.Table.from_pylist([header], ENTRIES)
        sealed = seal(
            self.db,
            entries.append_column("decision_id", pa.array([self.new_id], pa.int64())),
            postings,
            self._settled(),
            after=self.ends,
            posted_by=self.reversal.decided_by,
            now=self.now,
        )
        self._keep_decision(sealed["seq"][0].as_py())
        letters = pa.Table.from_pylist(
            [
                {
                    "letter_index": index,
                    "entity": entry["entity"],
                    "account": line["account"],
                    "customer_id": line["customer_id"],
                    "kind": "full",
                    "balance_minor": 0,
                }
                for index, line in enumerate(cleared)
            ],
            LETTERS,
        )
        # The entry reverses none: this column only says whose lines it mirrors.
        index = sealed.schema.get_field_index("reverses_seq")
        mirrored = pa.array([entry["seq"]], pa.int64())
        return sealed.set_column(index, "reverses_seq", mirrored), postings, letters

    def _unlettered(self) -> list[dict[str, Any]]:
        """Return the lines beside the money's own, the first, and those of items."""
        return [
            line for line in self.lines.to_pylist()[1:] if line["letter_group"] is None
        ]

    def _replaced_proposal(self) -> int:
        """Take away what waited for a person on the bank entry; 0 when nothing did."""
        proposed = self.db.integer(
            "select decision_id from decision "
            "where payment_id = $1 and state = 'proposed'",
            (self.returned.payment_id,),
        )
        for table in ("adjustment", "allocation", "decision"):
            self.db.execute(f"delete from {table} where decision_id = $1", (proposed,))
        return proposed

    def _mirrored(
        self, line: dict[str, Any], index: int | None = None
    ) -> dict[str, Any]:
        return {
            "account": line["account"],
            "customer_id": line["customer_id"],
            "amount_minor": -line["amount_minor"],
            "foreign_currency": line["foreign_currency"],
            "foreign_minor": _mirrored_minor(line),
            "letter_index": index,
            "reverses_line_no": line["line_no"],
        }

    def _settled(self) -> pa.Table:
        rows = [
            {
                "draft_index": 0,
                "item_id": item["item_id"],
                "customer_id": item["customer_id"],
                "allocated_minor": -item["allocated_minor"],
                "foreign_minor": _mirrored_minor(item),
            }
            for item in self.items.to_pylist()
        ]
        return pa.Table.from_pylist(rows, SETTLED)

    def _keep_decision(self, seq: int) -> None:
        terms = self.returned
        decision = {
            "decision_id": self.new_id,
            "payment_id": terms.payment_id,
            "state": "posted",
            "status": terms.status,
            "proof": "exact",
            "confidence_ppm": 0,
            "explanations_count": 1,
            "rule": terms.rule,
            "reason": RETURNED,
            "customer_id": terms.customer_id,
            "decided_at": utc(self.now),
            "decided_by": self.reversal.decided_by,
            "seq": seq,
        }
        evidence = f"{RETURN_OF}{self.reversal.decision_id}"
        allocations = [
            {
                "decision_id": self.new_id,
                "rank": 0,
                "entity": item["entity"],
                "item_id": item["item_id"],
                "customer_id": item["customer_id"],
                "allocated_minor": -item["allocated_minor"],
                "evidence": evidence,
                "foreign_minor": _mirrored_minor(item),
            }
            for item in self.items.to_pylist()
        ]
        beside = [row | {"amount_minor": -row["amount_minor"]} for row in self.turned]
        beside += [
            {"role": role, "amount_minor": minor, "rate_ppm": rate}
            for role, _, minor, rate in terms.adjustments
        ]
        said = {"decision_id": self.new_id, "rank": 0}
        adjustments = [
            said | row | {"line_no": number}
            for number, row in enumerate(beside, start=1)
        ]
        self.db.append("decision", pa.Table.from_pylist([decision], _DECISION_ROW))
        self.db.append("allocation", pa.Table.from_pylist(allocations, _ALLOCATION_ROW))
        self.db.append("adjustment", pa.Table.from_pylist(adjustments, _ADJUSTMENT_ROW))

    def _deed(self) -> tuple[str, str, int]:
        return "returned", self.returned.payment_id, self.new_id

    def _close_own_items(self) -> None:
        """Leave it: the payment opened none."""

    def _reopen_payment(self) -> PaymentState:
        """Leave the payment posted; what the bank took is posted too."""
        self.db.execute(
            "update bank_entry set state = 'posted', aside_reason = null "
            "where payment_id = $1",
            (self.returned.payment_id,),
        )
        return PaymentState.POSTED

    def _remember_match(self) -> None:
        """Leave it: the match was right, the money did not hold."""


def _mirrored_minor(row: dict[str, Any]) -> int | None:
    minor = row["foreign_minor"]
    return None if minor is None else -minor
