"""Posting a batch: decisions, entries, numbers, letters and states in one transaction.

The order inside the transaction: payments are still open (else ``PAYMENT_DECIDED``),
items still have open what the drafts were computed from (else ``ITEMS_CHANGED``),
then everything is written, set by set.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.ports import PostResult
from alloc.errors import ConflictError, NotFoundError
from alloc.store import lettering, witness
from alloc.store.columns import columns, listed
from alloc.store.drafted import ADJUSTMENTS, OPERATIONS, checked
from alloc.store.ends import Ends, ends
from alloc.store.files import utc
from alloc.store.lettering import GROUPS, MEMBERS, place_in_run
from alloc.store.sealing import SETTLED, seal
from alloc.store.witness import ALTERNATIVES

if TYPE_CHECKING:
    import datetime as dt

    from alloc.app.ports import PostingBatch
    from alloc.store.database import Database
    from alloc.store.drafted import Batch

_STATES = columns(
    "payment_id kind state? entity? currency? amount_minor? decision_id:big?"
)
_ITEMS = columns(
    "entity item_id allocated_minor residual_minor account customer_id? "
    "foreign_minor? open_minor? has_moved:bool? letter_group? seq? line_no?"
)
_DECISION_ROW = columns(
    "decision_id:big payment_id state status proof confidence_ppm explanations_count "
    "rule? reason customer_id? decided_at decided_by seq?"
)
_FOREIGN = columns("entity item_id foreign_minor?")
_ALLOCATION_ROW = columns(
    "decision_id:big rank entity item_id customer_id? allocated_minor evidence "
    "foreign_minor?"
)
_ADJUSTMENT_ROW = columns(
    "decision_id:big rank line_no role amount_minor item_id? rate_ppm?"
)
_NEW_ITEM_ROW = columns(
    "entity item_id customer_id? reference currency kind account imported_minor "
    "open_minor original_minor issue_date due_date disputed:bool source payment_id "
    "seq line_no letter_group? vat:vat? foreign_currency? foreign_imported_minor? "
    "foreign_open_minor?"
)
_RESULT = columns("payment_id decision_id:big? entity journal fiscal_year number seq")

#: The states from which a draft of each kind may be posted; "" is a proposal.
_ALLOWED = {
    "clearing": ("new", "review"),
    "suspense": ("new", "review"),
    "release": ("suspense",),
    "": ("new", "review", "suspense"),
}
#: What takes parked money out again.
RELEASE_EVIDENCE = "RELEASE"


def post(db: Database, batch: PostingBatch, *, now: dt.datetime) -> PostResult:
    """Post a batch whole, or raise and leave everything as it was."""
    tables = checked(batch)
    with db.write():
        return _Posting(db, tables, now).run()


@dataclass
class _Posting:
    db: Database
    batch: Batch
    now: dt.datetime
    ends: Ends = field(init=False)
    payments: pa.Table = field(init=False)
    items: pa.Table = field(init=False)
    decision_ids: pa.Table = field(init=False)
    sealed: pa.Table = field(init=False)
    alternatives: pa.Table = field(init=False)

    def run(self) -> PostResult:
        self._keep_operations()
        self.ends = ends(self.db)
        self.payments = self._open_payments()
        self.items = self._unchanged_items()
        self.decision_ids = self._numbered_decisions()
        self.sealed = self._sealed_entries()
        self._replace_proposals()
        self._keep_decisions()
        self._open_new_items()
        self._witness()
        letters = self._letter()
        self._settle_items(letters)
        self._move_payments()
        return self._result(letters)

    def _keep_operations(self) -> None:
        """Add what stands where payments would; asked twice, it is there already."""
        if not len(self.batch.operations):
            return
        self.db.stage("stage_operation", self.batch.operations)
        names = ", ".join(OPERATIONS.names)
        self.db.execute(
            f"insert into operation ({names}) select {names} from stage_operation s "
            "where not exists (select 1 from operation o "
            "where o.operation_id = s.operation_id)"
        )

    def _open_payments(self) -> pa.Table:
        """Check that every payment still wants what the batch does with it."""
        self.db.stage("stage_payment", self.batch.kinds)
        found = self.db.query(
            """
            select s.payment_id, s.kind, coalesce(b.state, case
                when o.operation_id is null then null
                when exists (select 1 from decision p where p.state = 'posted'
                  and p.payment_id = o.operation_id) then 'posted'
                else 'new' end),
              coalesce(b.entity, o.entity), coalesce(b.currency, o.currency),
              coalesce(b.amount_minor, 0), d.decision_id
            from stage_payment s
            left join bank_entry b on b.payment_id = s.payment_id
            left join operation o on o.operation_id = s.payment_id
            left join decision d on d.payment_id = s.payment_id
              and d.state = 'proposed'
            order by s.payment_id
            """,
            _STATES,
        )
        if found["state"].null_count:
            unknown = found.filter(pc.is_null(found["state"]))["payment_id"].to_pylist()
            raise NotFoundError(
                f"payment {listed(unknown)} is unknown",
                reason="PAYMENT_UNKNOWN",
                payments=listed(unknown),
            )
        for kind, allowed in _ALLOWED.items():
            asked = found.filter(pc.equal(found["kind"], kind))
            is_free = pc.is_in(asked["state"], value_set=pa.array(allowed))
            if kind in ("clearing", ""):
                is_out = pc.less(asked["amount_minor"], 0)
                is_aside = pc.equal(asked["state"], "aside")
                is_free = pc.or_(is_free, pc.and_(is_out, is_aside))
            if taken := asked.filter(pc.invert(is_free))["payment_id"].to_pylist():
                raise ConflictError(
                    f"payment {listed(taken)} was decided meanwhile; "
                    "nothing was posted",
                    reason="PAYMENT_DECIDED",
                    payments=listed(taken),
                )
        return found

    def _unchanged_items(self) -> pa.Table:
        """Check that every settled item has open what the drafts started from."""
        if not len(self.batch.residuals):
            return _ITEMS.empty_table()
        keys = ["entity", "item_id"]
        settled = self.batch.residuals.group_by(keys, use_threads=False).aggregate(
            [
                ("allocated_minor", "sum"),
                ("residual_minor", "last"),
                ("account", "last"),
                ("customer_id", "last"),
                ("foreign_minor", "sum"),
            ]
        )
        self.db.stage("stage_settled", settled.rename_columns(_ITEMS.names[:7]))
        found = self.db.query(
            """
            select s.entity, s.item_id, s.allocated_minor, s.residual_minor, s.account,
              s.customer_id, s.foreign_minor, i.open_minor,
              s.account <> i.account or s.customer_id is distinct from i.customer_id
                or s.allocated_minor + s.residual_minor <> i.open_minor
                or (s.foreign_minor is null) <> (i.foreign_currency is null),
              i.letter_group, i.seq, i.line_no
            from stage_settled s
            left join open_item i on i.entity = s.entity and i.item_id = s.item_id
            order by s.entity, s.item_id
            """,
            _ITEMS,
        )
        moved = found.filter(pc.fill_null(found["has_moved"], fill_value=True))
        if len(moved):
            names = [
                f"{row['item_id']} ({row['entity']})"
                for row in moved.select(keys).to_pylist()
            ]
            raise ConflictError(
                f"open items changed meanwhile: {listed(names)}; nothing was posted: "
                "decide these payments again",
                reason="ITEMS_CHANGED",
                items=listed(names),
                count=len(names),
            )
        return found

    def _numbered_decisions(self) -> pa.Table:
        """Give each decision its id: that of the proposal it replaces, or a new one."""
        payment_id = self.batch.decisions["payment_id"].combine_chunks()
        position = pc.index_in(payment_id, self.payments["payment_id"].combine_chunks())
        known = self.payments["decision_id"].take(position).combine_chunks()
        is_new = pc.is_null(known)
        count = pc.cumulative_sum(is_new.cast(pa.int64()))
        fresh = pc.add(count, self.ends.decision_id)
        return pa.table(
            {
                "payment_id": payment_id,
                "decision_id": pc.coalesce(known, fresh),
                "replaces": pc.invert(is_new),
            }
        )

    def _decision_of(self, payment_ids: pa.ChunkedArray) -> pa.ChunkedArray:
        known = self.decision_ids["payment_id"].combine_chunks()
        return self.decision_ids["decision_id"].take(pc.index_in(payment_ids, known))

    def _sealed_entries(self) -> pa.Table:
        entries = self.batch.entries
        decision_id = pc.if_else(
            pc.equal(entries["kind"], "suspense"),
            pa.scalar(None, pa.int64()),
            self._decision_of(entries["payment_id"]),
        )
        entries = entries.append_column("decision_id", decision_id)
        if not len(entries):
            return entries
        residuals = self.batch.residuals
        settled = pa.table(
            [
                self._of_entry(entries, residuals, "draft_index"),
                residuals["item_id"],
                residuals["customer_id"],
                residuals["allocated_minor"],
                residuals["foreign_minor"],
            ],
            schema=SETTLED,
        )
        return seal(
            self.db,
            entries,
            self.batch.postings,
            settled,
            after=self.ends,
            posted_by=self._deciders(entries["payment_id"]),
            now=self.now,
        )

    def _deciders(self, payment_ids: pa.ChunkedArray) -> pa.ChunkedArray:
        """Say who decided each payment; nobody but the batch what goes to suspense."""
        decisions = self.batch.decisions
        at = pc.index_in(payment_ids, decisions["payment_id"].combine_chunks())
        named = decisions["decided_by"].take(at)
        return pc.fill_null(named, self.batch.decided_by)

    def _of_entry(
        self, entries: pa.Table, rows: pa.Table, name: str, key: str = "payment_id"
    ) -> pa.ChunkedArray:
        """Look up a column of the entry that each row belongs to."""
        position = pc.index_in(rows[key], entries[key].combine_chunks())
        return entries[name].take(position)

    def _replace_proposals(self) -> None:
        old = self.decision_ids.filter(self.decision_ids["replaces"])
        self.alternatives = ALTERNATIVES.empty_table()
        if len(old):
            self.db.stage("stage_replaced", old.select(["decision_id"]))
            self.alternatives = self.db.query(
                """
                select d.payment_id, a.rank, a.item_id, a.allocated_minor, a.evidence
                from stage_replaced s
                join decision d on d.decision_id = s.decision_id
                join allocation a on a.decision_id = s.decision_id
                order by a.decision_id, a.rank, a.entity, a.item_id
                """,
                ALTERNATIVES,
            )
            for table in ("adjustment", "allocation", "decision"):
                self.db.execute(
                    f"delete from {table} where decision_id in "
                    "(select decision_id from stage_replaced)"
                )

    def _keep_decisions(self) -> None:
        rows = self.batch.decisions
        seq = self._posted_seq(rows["payment_id"])
        count = len(rows)
        more = {
            "decision_id": self.decision_ids["decision_id"],
            "state": pc.if_else(pc.is_valid(seq), "posted", "proposed"),
            "decided_at": pa.repeat(utc(self.now), count),
            "decided_by": self._deciders(rows["payment_id"]),
            "seq": seq,
        }
        stored = {**{name: rows[name] for name in rows.column_names}, **more}
        self.db.append(
            "decision",
            pa.table(
                [stored[name] for name in _DECISION_ROW.names], schema=_DECISION_ROW
            ),
        )
        self._keep_allocations()
        self._keep_adjustments()

    def _posted_seq(self, payment_ids: pa.ChunkedArray) -> pa.ChunkedArray:
        if not len(self.sealed):
            return pa.chunked_array([pa.nulls(len(payment_ids), pa.int64())])
        posted = self.sealed.filter(pc.not_equal(self.sealed["kind"], "suspense"))
        position = pc.index_in(payment_ids, posted["payment_id"].combine_chunks())
        return posted["seq"].take(position)

    def _keep_allocations(self) -> None:
        given = self.batch.allocations
        parked = self.batch.residuals.filter(
            pc.is_null(self.batch.residuals["customer_id"])
        )
        released = pa.table(
            {
                "payment_id": parked["payment_id"],
                "rank": pa.repeat(pa.scalar(0, pa.int64()), len(parked)),
                "item_id": parked["item_id"],
                "entity": parked["entity"],
                "customer_id": parked["customer_id"],
                "allocated_minor": parked["allocated_minor"],
                "evidence": pa.repeat(RELEASE_EVIDENCE, len(parked)),
                "foreign_minor": parked["foreign_minor"],
            }
        )
        rows = pa.concat_tables([given, released.cast(given.schema)])
        rows = rows.append_column("decision_id", self._decision_of(rows["payment_id"]))
        order = [(name, "ascending") for name in _ALLOCATION_ROW.names[:4]]
        rows = rows.select(_ALLOCATION_ROW.names).cast(_ALLOCATION_ROW).sort_by(order)
        self.db.append("allocation", rows)

    def _keep_adjustments(self) -> None:
        rows = self.batch.adjustments
        if not len(rows):
            return
        decision_id = self._decision_of(rows["payment_id"])
        key = pc.add(pc.multiply(decision_id, _RANKS_MAX), rows["rank"])
        line_no = pa.array(place_in_run(key.to_numpy()) + 1)
        names = ADJUSTMENTS.names[2:]
        arrays = [decision_id, rows["rank"], line_no, *(rows[name] for name in names)]
        self.db.append("adjustment", pa.table(arrays, schema=_ADJUSTMENT_ROW))

    def _open_new_items(self) -> None:
        """Add the items that the entries create, with the posting each of them is."""
        rows = self.batch.new_items
        if not len(rows):
            return
        lines = self.batch.postings.filter(pc.is_valid(self.batch.postings["item_id"]))
        position = pc.index_in(rows["item_id"], lines["item_id"].combine_chunks())
        amount = rows["open_minor"]
        is_own = pc.is_in(rows["kind"], value_set=pa.array(["on_account", "suspense"]))
        count = len(rows)
        more = {
            "imported_minor": amount,
            "original_minor": amount,
            "due_date": rows["issue_date"],
            "disputed": pa.repeat(pa.scalar(False), count),  # noqa: FBT003
            "source": pc.if_else(is_own, rows["kind"], "adjustment"),
            "payment_id": self._of_entry(
                self.sealed, rows, "payment_id", "draft_index"
            ),
            "seq": self._of_entry(self.sealed, rows, "seq", "draft_index"),
            "line_no": lines["line_no"].take(position),
            "letter_group": pa.nulls(count, pa.int64()),
            "foreign_imported_minor": rows["foreign_minor"],
            "foreign_open_minor": rows["foreign_minor"],
        }
        stored = {**{name: rows[name] for name in rows.column_names}, **more}
        arrays = [stored[name] for name in _NEW_ITEM_ROW.names]
        self.db.append("open_item", pa.table(arrays, schema=_NEW_ITEM_ROW))

    def _letter(self) -> lettering.Lettered | None:
        letters = self.batch.letters
        if not len(letters):
            return None
        members, olds = self._members()
        groups, members, olds = lettering.joined_with_old(
            self.db, self._groups(), members, olds
        )
        last = pc.max(self.sealed["seq"]).as_py()
        return lettering.letter(
            *(self.db, groups, members),
            after=self.ends,
            on=self.now.date(),
            seq=last,
            olds=olds,
        )

    def _groups(self) -> pa.Table:
        """One row a letter, with the latest year and date of what it letters."""
        used = self.batch.residuals
        members = self.batch.letter_members
        members = members.filter(pc.is_valid(members["item_id"]))
        lettered = self.batch.postings.filter(
            pc.is_valid(self.batch.postings["letter_index"])
        )
        by_line = pa.table(
            {
                "letter_index": lettered["letter_index"],
                "fiscal_year": self._of_entry(
                    self.sealed, lettered, "fiscal_year", "draft_index"
                ),
                "date": self._of_entry(
                    self.sealed, lettered, "posting_date", "draft_index"
                ),
            }
        )
        keys = _joined(self._entity_of(members), members["item_id"])
        known = _joined(used["entity"], used["item_id"]).combine_chunks()
        paid = used.take(pc.index_in(keys, known))
        by_item = pa.table(
            {
                "letter_index": members["letter_index"],
                "fiscal_year": self._of_entry(self.sealed, paid, "fiscal_year"),
                "date": self._of_entry(self.sealed, paid, "posting_date"),
            }
        )
        latest = (
            pa.concat_tables([by_line, by_item])
            .group_by("letter_index", use_threads=False)
            .aggregate([("fiscal_year", "max"), ("date", "max")])
        )
        letters = self.batch.letters
        at = pc.index_in(
            letters["letter_index"], latest["letter_index"].combine_chunks()
        )
        return pa.table(
            [
                *(letters[name] for name in GROUPS.names[:4]),
                latest["fiscal_year_max"].take(at),
                latest["date_max"].take(at),
            ],
            schema=GROUPS,
        )

    def _entity_of(self, members: pa.Table) -> pa.ChunkedArray:
        letters = self.batch.letters
        known = letters["letter_index"].combine_chunks()
        return letters["entity"].take(pc.index_in(members["letter_index"], known))

    def _members(self) -> tuple[pa.Table, dict[int, set[int]]]:
        """Return items and postings of each letter, and the groups they were in."""
        rows = self.batch.letter_members
        rows = rows.filter(pc.is_valid(rows["item_id"]))
        entity = self._entity_of(rows)
        position = pc.index_in(
            _joined(entity, rows["item_id"]),
            _joined(self.items["entity"], self.items["item_id"]).combine_chunks(),
        )
        items = self.items.take(position)
        settled = pa.table(
            [
                rows["letter_index"],
                entity,
                rows["item_id"],
                items["residual_minor"],
                items["seq"],
                items["line_no"],
            ],
            schema=MEMBERS,
        )
        lines = self.batch.postings.filter(
            pc.is_valid(self.batch.postings["letter_index"])
        )
        count = len(lines)
        posted = pa.table(
            [
                lines["letter_index"],
                self._of_entry(self.sealed, lines, "entity", "draft_index"),
                pa.nulls(count, pa.string()),
                pa.nulls(count, pa.int64()),
                self._of_entry(self.sealed, lines, "seq", "draft_index"),
                lines["line_no"],
            ],
            schema=MEMBERS,
        )
        olds: dict[int, set[int]] = defaultdict(set)
        is_old = pc.is_valid(items["letter_group"])
        for index, old in zip(
            rows["letter_index"].filter(is_old).to_pylist(),
            items["letter_group"].filter(is_old).to_pylist(),
            strict=True,
        ):
            olds[index].add(old)
        return pa.concat_tables([settled, posted]), dict(olds)

    def _settle_items(self, letters: lettering.Lettered | None) -> None:
        if letters is None:
            return
        names = ["entity", "item_id", "open_minor", "letter_group"]
        settle(self.db, letters.items.select(names))
        settle_foreign(self.db, self.items.select(_FOREIGN.names))

    def _move_payments(self) -> None:
        self.db.execute(
            """
            update bank_entry set state = case s.kind
                when 'suspense' then 'suspense' when '' then
                  case bank_entry.state when 'new' then 'review'
                    else bank_entry.state end
                else 'posted' end,
              aside_reason = case s.kind when 'clearing' then null
                else bank_entry.aside_reason end
            from stage_payment s where s.payment_id = bank_entry.payment_id
            """
        )

    def _witness(self) -> None:
        """Tell the audit trail what was posted, and end what was approved first."""
        ids = self.decision_ids
        at = pc.index_in(ids["payment_id"], self.payments["payment_id"])
        decided = pa.table(
            {
                "payment_id": ids["payment_id"],
                "decision_id": ids["decision_id"],
                "entity": self.payments["entity"].take(at),
                "decided_by": self._deciders(ids["payment_id"]),
                "seq": self._posted_seq(ids["payment_id"]),
            }
        )
        if self.ends.has_approvals:
            self.db.execute(
                "delete from approval where payment_id in "
                "(select payment_id from stage_payment where kind <> '')"
            )
        witness.posted(
            *(self.db, self.batch, decided, self.alternatives),
            after=self.ends,
            now=self.now,
        )

    def _result(self, letters: lettering.Lettered | None) -> PostResult:
        sealed = self.sealed
        if len(sealed):
            rows = sealed.select(_RESULT.names).cast(_RESULT)
            is_parked = pc.equal(sealed["kind"], "suspense")
            posted, parked = rows.filter(pc.invert(is_parked)), rows.filter(is_parked)
            last = pc.max(sealed["seq"]).as_py()
        else:
            posted = parked = _RESULT.empty_table()
            last = self.ends.seq
        return PostResult(
            posted=posted,
            suspense=parked,
            decisions_proposed=len(self.batch.decisions)
            - pc.count_distinct(posted["payment_id"]).as_py(),
            entries=len(sealed),
            postings=len(self.batch.postings),
            new_items=len(self.batch.new_items),
            letters_full=letters.full if letters else 0,
            letters_partial=letters.partial if letters else 0,
            last_seq=last,
        )


#: Ranks of one decision, for a key of decision and rank in one integer.
_RANKS_MAX = 1 << 20


def _joined(entity: pa.ChunkedArray, item_id: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(entity, item_id, "\x1f")


def settle_foreign(db: Database, items: pa.Table) -> None:
    """Take what was paid in an item's own currency off what is open in it.

    Parameters
    ----------
    items
        entity, item_id, foreign_minor?: less than nothing opens it again.
    """
    items = items.filter(pc.is_valid(items["foreign_minor"]))
    if not len(items):
        return
    db.stage("stage_foreign", items)
    db.execute(
        """
        update open_item set
          foreign_open_minor = open_item.foreign_open_minor - s.foreign_minor
        from stage_foreign s
        where open_item.entity = s.entity and open_item.item_id = s.item_id
        """
    )


def settle(db: Database, items: pa.Table) -> None:
    """Store what is open on items and the group they are in.

    Parameters
    ----------
    items
        entity, item_id, open_minor, letter_group?.
    """
    db.stage("stage_after", items)
    db.execute(
        """
        update open_item set open_minor = s.open_minor, letter_group = s.letter_group
        from stage_after s
        where open_item.entity = s.entity and open_item.item_id = s.item_id
        """
    )
