"""Refusing a proposal, and reversing a posted decision by a mirror entry."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from alloc import engine
from alloc.app.ports import PaymentState
from alloc.app.reversal import ReverseResult
from alloc.domain.match import RETURN_OF, item_set
from alloc.errors import ConflictError, NotFoundError
from alloc.store import approvals, audit, lettering
from alloc.store.columns import columns, listed
from alloc.store.drafted import ENTRIES, LETTERS, POSTINGS
from alloc.store.ends import Ends, ends
from alloc.store.files import utc
from alloc.store.lettering import GROUPS, MEMBERS
from alloc.store.posting import settle, settle_foreign
from alloc.store.receivables import NOTHING
from alloc.store.sealing import SETTLED, seal
from alloc.store.witness import ALTERNATIVES

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable

    from alloc.app.reversal import Reversal
    from alloc.store.database import Database

_DECISION = columns("decision_id:big payment_id state reason seq?")
_ENTRY = columns(
    "seq payment_id entity journal number kind piece_date piece_ref currency"
)
_POSTING = columns(
    "seq line_no account customer_id? amount_minor item_id? letter_group? "
    "foreign_currency? foreign_minor?"
)
_ITEM = columns(
    "entity item_id customer_id? account allocated_minor imported_minor open_minor "
    "letter_group? foreign_minor?"
)
_OWN = columns("entity item_id imported_minor open_minor")
_USERS = columns("item_id decision_id:big")
_RANKED = columns("rank entity item_id customer_id?")
_REFUSAL_ROW = columns(
    "payment_id item_set refused_at refused_by reason decision_id:big"
)
_OLD = columns(
    "letter_group entity account customer_id group_max_date:date item_id? "
    "imported_minor? open_minor? seq? line_no?"
)
_REOPENED = columns("entity item_id open_minor")

#: Why a decision was posted that takes a payment back.
RETURNED = "RETURNED"


def refuse(
    db: Database,
    decision_id: int,
    *,
    ranks: Collection[int] | None,
    decided_by: str,
    reason: str,
    now: dt.datetime,
) -> int:
    """Refuse a proposal and remember the sets of items it named."""
    with db.write():
        decision = _decision(db, decision_id)
        if decision["state"] != "proposed":
            raise ConflictError(
                f"decision {decision_id} is {decision['state']}, not proposed: "
                "there is nothing to refuse",
                reason="DECISION_NOT_PROPOSED",
                decision_id=decision_id,
                state=decision["state"],
            )
        db.execute(
            "update decision set state = 'refused', decided_at = $1, decided_by = $2 "
            "where decision_id = $3",
            (utc(now), decided_by, decision_id),
        )
        count = _remember(
            db, decision, ranks=ranks, decided_by=decided_by, reason=reason, now=now
        )
        _witness_refusal(db, decision, decided_by=decided_by, reason=reason, now=now)
        return count


def _witness_refusal(
    db: Database,
    decision: dict[str, Any],
    *,
    decided_by: str,
    reason: str,
    now: dt.datetime,
) -> None:
    """Tell the audit trail what was refused, with all that had been proposed."""
    decision_id, payment_id = decision["decision_id"], decision["payment_id"]
    entity = db.scalar(
        "select entity from bank_entry where payment_id = $1", (payment_id,)
    )
    refused = db.query(
        "select d.payment_id, a.rank, a.item_id, a.allocated_minor, a.evidence "
        "from allocation a join decision d on d.decision_id = a.decision_id "
        "where a.decision_id = $1 order by a.rank, a.entity, a.item_id",
        ALTERNATIVES,
        (decision_id,),
    )
    audit.record(
        db,
        "refused",
        {
            "entity": pa.array([entity], pa.string()),
            "payment_id": pa.array([payment_id]),
            "decision_id": pa.array([decision_id], pa.int64()),
            "reason": pa.array([reason]),
        },
        {"alternatives": refused},
        after=ends(db),
        who=pa.array([decided_by]),
        now=now,
    )


def _decision(db: Database, decision_id: int) -> dict[str, Any]:
    found: list[dict[str, Any]] = db.query(
        "select decision_id, payment_id, state, reason, seq from decision "
        "where decision_id = $1",
        _DECISION,
        (decision_id,),
    ).to_pylist()
    if not found:
        raise NotFoundError(
            f"decision {decision_id} is unknown",
            reason="DECISION_UNKNOWN",
            decision_id=decision_id,
        )
    return found[0]


def _remember(
    db: Database,
    decision: dict[str, Any],
    *,
    ranks: Collection[int] | None,
    decided_by: str,
    reason: str,
    now: dt.datetime,
) -> int:
    """Store a refusal for each rank's items, once each; return how many are new."""
    sets: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for row in db.query(
        "select rank, entity, item_id, customer_id from allocation "
        "where decision_id = $1 and customer_id is not null order by rank",
        _RANKED,
        (decision["decision_id"],),
    ).to_pylist():
        sets[row["rank"]].add((row["entity"], row["item_id"]))
    wanted = [held for rank, held in sets.items() if ranks is None or rank in ranks]
    named = sorted({item_set(held) for held in wanted})
    rows = [
        {
            "payment_id": decision["payment_id"],
            "item_set": name,
            "refused_at": utc(now),
            "refused_by": decided_by,
            "reason": reason,
            "decision_id": decision["decision_id"],
        }
        for name in named
    ]
    db.stage("stage_refusal", pa.Table.from_pylist(rows, _REFUSAL_ROW))
    fresh = (
        "from stage_refusal s where not exists (select 1 from refusal r "
        "where r.payment_id = s.payment_id and r.item_set = s.item_set)"
    )
    count = db.integer(f"select count(*) {fresh}")
    names = ", ".join(_REFUSAL_ROW.names)
    db.execute(f"insert into refusal ({names}) select {names} {fresh}")
    return count


def reverse(db: Database, reversal: Reversal, *, now: dt.datetime) -> ReverseResult:
    """Undo a posted decision whole, or raise and leave everything as it was."""
    with db.write():
        return Reversing(db, reversal, now).run()


@dataclass
class Reversing:
    """One reversal, step by step; `alloc.store.returning` has another last step."""

    db: Database
    reversal: Reversal
    now: dt.datetime
    decision: dict[str, Any] = field(init=False)
    entry: pa.Table = field(init=False)
    lines: pa.Table = field(init=False)
    items: pa.Table = field(init=False)
    own: pa.Table = field(init=False)
    is_operation: bool = field(init=False)
    ends: Ends = field(init=False)

    def run(self) -> ReverseResult:
        """Check, read, post the mirror, letter anew, reopen."""
        self.check()
        self.ends = ends(self.db)
        sealed, postings, mirrored = self._sealed_mirror()
        seq = sealed["seq"][0].as_py()
        self._reletter(sealed, postings, mirrored)
        self._close_own_items()
        state = self._reopen_payment()
        self._remember_match()
        reopened = self._after().filter(pc.is_valid(self.items["customer_id"]))
        self._witness(seq, reopened)
        approvals.end(self.db, self._deed()[1])
        return ReverseResult(
            decision_id=self.reversal.decision_id,
            payment_id=self.decision["payment_id"],
            payment_state=state,
            seq=seq,
            number=sealed["number"][0].as_py(),
            reopened=reopened.select(_REOPENED.names),
            closed=tuple(self.own["item_id"].to_pylist()),
        )

    def _witness(self, seq: int, reopened: pa.Table) -> None:
        """Tell the audit trail what was undone, and what is open again."""
        action, payment_id, decision_id = self._deed()
        before = pc.subtract(reopened["open_minor"], reopened["allocated_minor"])
        rows = {
            "payment_id": pa.repeat(payment_id, len(reopened)),
            "item_id": reopened["item_id"],
            "customer_id": reopened["customer_id"],
            "before_minor": before,
            "after_minor": reopened["open_minor"],
        }
        audit.record(
            self.db,
            action,
            {
                "entity": self.entry["entity"].slice(0, 1),
                "payment_id": pa.array([payment_id]),
                "decision_id": pa.array([decision_id], pa.int64()),
                "seq": pa.array([seq], pa.int64()),
                "undoes": pa.array([self.decision["decision_id"]], pa.int64()),
                "approved_by": pa.array([self.reversal.approved_by], pa.string()),
            },
            {"items": pa.table(rows)},
            after=self.ends,
            who=pa.array([self.reversal.decided_by]),
            now=self.now,
        )

    def _deed(self) -> tuple[str, str, int]:
        """Name what is done, the payment and the decision it is done by."""
        decision = self.decision
        return "reversed", decision["payment_id"], decision["decision_id"]

    def check(self) -> None:
        """Read the decision and all it did; raise when it cannot be undone."""
        reversal = self.reversal
        self.decision = _decision(self.db, reversal.decision_id)
        if self.decision["state"] != "posted":
            raise ConflictError(
                f"decision {reversal.decision_id} is {self.decision['state']}, not "
                "posted: there is nothing to reverse",
                reason="DECISION_NOT_POSTED",
                decision_id=reversal.decision_id,
                state=self.decision["state"],
            )
        self.is_operation = bool(
            self.db.integer(
                "select count(*) from operation where operation_id = $1",
                (self.decision["payment_id"],),
            )
        )
        self._check_not_returned()
        self._read()
        self._check_unused()

    def _remember_match(self) -> None:
        """Never propose the match again; an operation is never proposed anyway."""
        if self.is_operation:
            return
        _remember(
            self.db,
            self.decision,
            ranks=(0,),
            decided_by=self.reversal.decided_by,
            reason=self.reversal.reason,
            now=self.now,
        )

    def _check_not_returned(self) -> None:
        """Refuse when the bank took the payment back, or this is that return."""
        decision_id = self.decision["decision_id"]
        returned = self.db.integer(
            "select count(*) from allocation a join decision d "
            "on d.decision_id = a.decision_id and d.state = 'posted' "
            "where a.evidence = $1",
            (f"{RETURN_OF}{decision_id}",),
        )
        if returned or self.decision["reason"] == RETURNED:
            raise ConflictError(
                f"decision {decision_id} belongs to a payment that the bank took back: "
                "what was returned stays returned",
                reason="PAYMENT_RETURNED",
                decision_id=decision_id,
            )

    def _read(self) -> None:
        """Read the entries, their postings, what they settled and created."""
        decision_id = self.decision["decision_id"]
        of_decision = (
            "(select seq from journal_entry "
            "where decision_id = $1 and kind <> 'reversal')"
        )
        self.entry = self.db.query(
            f"select {', '.join(_ENTRY.names)} from journal_entry "
            f"where seq in {of_decision} order by seq",
            _ENTRY,
            (decision_id,),
        )
        self.lines = self.db.query(
            f"""
            select p.seq, p.line_no, p.account, p.customer_id, p.amount_minor,
              p.item_id, max(case when g.state = 'live' then g.letter_group end),
              p.foreign_currency, p.foreign_minor
            from posting p
            left join letter_member m on m.seq = p.seq and m.line_no = p.line_no
            left join letter_group g on g.letter_group = m.letter_group
            where p.seq in {of_decision}
            group by p.seq, p.line_no, p.account, p.customer_id, p.amount_minor,
              p.item_id, p.foreign_currency, p.foreign_minor
            order by p.seq, p.line_no
            """,
            _POSTING,
            (decision_id,),
        )
        self.items = self.db.query(
            """
            select a.entity, a.item_id, a.customer_id, i.account, a.allocated_minor,
              i.imported_minor, i.open_minor, i.letter_group, a.foreign_minor
            from allocation a
            join open_item i on i.entity = a.entity and i.item_id = a.item_id
            where a.decision_id = $1 and a.rank = 0 order by a.entity, a.item_id
            """,
            _ITEM,
            (decision_id,),
        )
        self.own = self.db.query(
            f"""
            select i.entity, i.item_id, i.imported_minor, i.open_minor
            from posting p join journal_entry e on e.seq = p.seq
            join open_item i on i.entity = e.entity and i.item_id = p.item_id
            where p.seq in {of_decision} order by i.item_id
            """,
            _OWN,
            (decision_id,),
        )

    def _check_unused(self) -> None:
        """Refuse when what the decision left on account is not there whole."""
        used = self.own.filter(
            pc.not_equal(self.own["imported_minor"], self.own["open_minor"])
        )
        if not len(used):
            return
        self.db.stage("stage_used", used.select(["entity", "item_id"]))
        users = self.db.query(
            """
            select a.item_id, a.decision_id from stage_used s
            join allocation a on a.entity = s.entity and a.item_id = s.item_id
              and a.rank = 0
            join decision d on d.decision_id = a.decision_id and d.state = 'posted'
            order by a.decision_id
            """,
            _USERS,
        )
        items = listed(dict.fromkeys(users["item_id"].to_pylist()))
        decisions = listed(str(row) for row in users["decision_id"].to_pylist())
        raise ConflictError(
            f"what decision {self.decision['decision_id']} left on account ({items}) "
            f"was used since: reverse decision {decisions} first",
            reason="ON_ACCOUNT_USED",
            decision_id=self.decision["decision_id"],
            items=items,
            decisions=decisions,
        )

    def _sealed_mirror(self) -> tuple[pa.Table, pa.Table, pa.Table]:
        """Post the mirror entry; return it, its postings and its letters."""
        reversal = self.reversal
        drafts = engine.reverse_entries(
            self.entry,
            self.lines,
            posting_date=reversal.posting_date,
            fiscal_year=reversal.fiscal_year,
            label=reversal.label,
        )
        entries = _as(drafts.entries, ENTRIES)
        postings = _as(drafts.postings, POSTINGS)
        decision_id = pa.repeat(
            pa.scalar(self.decision["decision_id"], pa.int64()), len(entries)
        )
        sealed = seal(
            self.db,
            entries.append_column("decision_id", decision_id),
            postings,
            SETTLED.empty_table(),
            after=self.ends,
            posted_by=reversal.decided_by,
            now=self.now,
        )
        return sealed, postings, _as(drafts.letters, LETTERS)

    def _after(self) -> pa.Table:
        """Return the settled items as they are open again."""
        opened = pc.add_checked(self.items["open_minor"], self.items["allocated_minor"])
        index = self.items.schema.get_field_index("open_minor")
        return self.items.set_column(index, "open_minor", opened)

    def _reletter(
        self, sealed: pa.Table, postings: pa.Table, mirrored: pa.Table
    ) -> None:
        """Dissolve the groups of the entries and letter them with their mirrors."""
        seq = pc.max(sealed["seq"]).as_py()
        held = [*self.lines["letter_group"].to_pylist()]
        held += self.items["letter_group"].to_pylist()
        olds = {group for group in held if group is not None}
        kept_groups, kept_members = self._kept(olds, first=len(mirrored))
        lettering.end_groups(self.db, olds, state="dissolved", seq=seq)
        terms = self.reversal
        count = len(mirrored)
        year = pa.repeat(pa.scalar(terms.fiscal_year, pa.int64()), count)
        date = pa.repeat(pa.scalar(terms.posting_date, pa.date32()), count)
        groups = pa.table(
            [*(mirrored[name] for name in GROUPS.names[:4]), year, date], schema=GROUPS
        )
        members = _mirror_members(sealed, self.lines, postings)
        lettered = lettering.letter(
            self.db,
            pa.concat_tables([groups, kept_groups]),
            pa.concat_tables([members, kept_members]),
            after=self.ends,
            on=self.now.date(),
            seq=seq,
        )
        names = ["entity", "item_id", "open_minor", "letter_group"]
        freed = self._after().set_column(
            _ITEM.get_field_index("letter_group"),
            "letter_group",
            pa.nulls(len(self.items), pa.int64()),
        )
        settle(self.db, _last_of(freed.select(names), lettered.items.select(names)))
        back = pc.negate_checked(self.items["foreign_minor"])
        keys = [self.items["entity"], self.items["item_id"]]
        settle_foreign(
            self.db,
            pa.table([*keys, back], names=["entity", "item_id", "foreign_minor"]),
        )

    def _kept(self, olds: set[int], *, first: int) -> tuple[pa.Table, pa.Table]:
        """Return what stays lettered of the old groups: other decisions' part."""
        self.db.stage(
            "stage_old_group",
            pa.table({"letter_group": pa.array(sorted(olds), pa.int64())}),
        )
        rows = self.db.query(
            """
            select g.letter_group, g.entity, g.account, g.customer_id, g.group_max_date,
              m.item_id, i.imported_minor, i.open_minor, m.seq, m.line_no
            from stage_old_group s
            join letter_group g on g.letter_group = s.letter_group
            join letter_member m on m.letter_group = g.letter_group
            left join open_item i on i.entity = g.entity and i.item_id = m.item_id
            order by m.letter_group, m.member_no
            """,
            _OLD,
        ).to_pylist()
        reopened = {
            (row["entity"], row["item_id"]): row["open_minor"]
            for row in self._after().to_pylist()
        }
        undone = set(self.entry["seq"].to_pylist())
        groups: dict[int, dict[str, Any]] = {}
        members = []
        for row in rows:
            key = (row["entity"], row["item_id"])
            row["open_minor"] = reopened.get(key, row["open_minor"])
            is_free = row["item_id"] is not None and (
                row["open_minor"] == row["imported_minor"]
            )
            if is_free or (row["item_id"] is None and row["seq"] in undone):
                continue
            group = groups.setdefault(
                row["letter_group"],
                {
                    **{name: row[name] for name in GROUPS.names[1:4]},
                    "letter_index": first + len(groups),
                    "fiscal_year": self.reversal.fiscal_year,
                    "group_max_date": row["group_max_date"],
                },
            )
            members.append(
                {name: row.get(name) for name in MEMBERS.names}
                | {"letter_index": group["letter_index"]}
            )
        return (
            pa.Table.from_pylist(list(groups.values()), GROUPS),
            pa.Table.from_pylist(members, MEMBERS),
        )

    def _close_own_items(self) -> None:
        """Items that the entry created are no more: their money goes back."""
        self.db.stage("stage_closed", self.own.select(["entity", "item_id"]))
        self.db.execute(
            f"""
            update open_item set {NOTHING} from stage_closed s
            where open_item.entity = s.entity and open_item.item_id = s.item_id
            """
        )

    def _reopen_payment(self) -> PaymentState | None:
        self.db.execute(
            "update decision set state = 'reversed' where decision_id = $1",
            (self.decision["decision_id"],),
        )
        if self.is_operation:
            return None
        is_release = self.entry["kind"][0].as_py() == "release"
        state = PaymentState.SUSPENSE if is_release else PaymentState.REVIEW
        payment_id = self.decision["payment_id"]
        is_out = self.db.integer(
            "select amount_minor < 0 from bank_entry where payment_id = $1",
            (payment_id,),
        )
        if is_out:
            state = PaymentState.ASIDE
        self.db.execute(
            "update bank_entry set state = $1, aside_reason = $2 where payment_id = $3",
            (state.value, "DEBIT" if is_out else None, payment_id),
        )
        return state


def _as(data: object, schema: pa.Schema) -> pa.Table:
    table = pa.table(data)
    return table.select(schema.names).cast(schema)


def _mirror_members(sealed: pa.Table, lines: pa.Table, postings: pa.Table) -> pa.Table:
    """Letter each mirrored posting with its mirror; own items are closed by it."""
    original = {(row["seq"], row["line_no"]): row for row in lines.to_pylist()}
    mirrors = {row["draft_index"]: row for row in sealed.to_pylist()}
    rows = []
    for posting in postings.to_pylist():
        index = posting["letter_index"]
        if index is None:
            continue
        mirror = mirrors[posting["draft_index"]]
        line = original[mirror["reverses_seq"], posting["reverses_line_no"]]
        member = {"letter_index": index, "entity": mirror["entity"]}
        rows.append(member | {"seq": mirror["seq"], "line_no": posting["line_no"]})
        rows.append(
            member
            | {
                "item_id": line["item_id"],
                "open_minor": None if line["item_id"] is None else 0,
                "seq": line["seq"],
                "line_no": line["line_no"],
            }
        )
    return pa.Table.from_pylist(rows, MEMBERS)


def _last_of(*tables: pa.Table) -> pa.Table:
    """Return one row an item: that of the last table which has it."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for row in _rows(tables):
        rows[row["entity"], row["item_id"]] = row
    return pa.Table.from_pylist(list(rows.values()), tables[0].schema)


def _rows(tables: Iterable[pa.Table]) -> Iterable[dict[str, Any]]:
    for table in tables:
        yield from table.to_pylist()
