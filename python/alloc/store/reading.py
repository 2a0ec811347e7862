"""What the engine, the review and people read."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pyarrow as pa

from alloc.app.ports import DecisionFilter, DecisionTables, LedgerCounts
from alloc.app.shared_ledger import LedgerPosition
from alloc.store.columns import columns

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Sequence

    from alloc.app.ports import PaymentState
    from alloc.store.database import Database

_OPEN_STATES = "('new', 'review', 'suspense')"

OPEN_ITEMS = columns(
    "item_id entity customer_id customer_name? reference? other_references:list? "
    "currency kind account open_minor original_minor? imported_minor issue_date? "
    "due_date? disputed:bool payer_id? letter_group? group_open_minor? source "
    "vat:vat? foreign_currency? foreign_imported_minor? foreign_open_minor? "
    "analytic:list?"
)
PAYMENTS = columns(
    "payment_id entity account booking_date value_date currency amount_minor "
    "payer_name? payer_iban? ultimate_name? remittance_text:list? end_to_end_id? "
    "creditor_reference? mandate_id? bank_reference? transaction_code? "
    "charges_minor? original_currency? original_minor? return_reason? "
    "additional_info? state aside_reason? item_prefix parked_item_id? parked_account?"
)
COLLECTED_VAT = columns("entity item_id rate_ppm vat_minor allocated_minor")
ITEM_HISTORY = columns("entity item_id decision_no value_date allocated_minor role?")
CUSTOMERS = columns(
    "customer_id name known_ibans:list? aliases:list? customer_type? parent_id? "
    "supplier_id? siren? vat_number?"
)
ADVICES = columns(
    "advice_id entity? customer_id? payer_name? payer_iban? payment_reference? "
    "payment_date? currency? total_minor? lines_minor? line_count payment_id? file"
)
ADVICE_LINES = columns(
    "advice_id line_no reference? amount_minor? deduction_minor? reason? payment_id?"
)
ADVISED = columns("payment_id")
LINKED = (
    "(a.payment_id is not null or exists (select 1 from advice_line l "
    "where l.advice_id = a.advice_id and l.payment_id is not null))"
)
"""What makes an advice one that is linked."""
REMITTANCES = columns(
    "payment_id line_no reference? amount_minor? deduction_minor? reason?"
)
HISTORY = columns(
    "payment_id value_date entity customer_id payer_name? payer_iban? item_id "
    "reference? amount_minor allocated_minor"
)
REFUSALS = columns("payment_id item_set refused_at refused_by reason")
STATEMENTS = columns(
    "statement_id:big file entity account message_type kind currency? number:text? "
    "opening_date? opening_minor? closing_date? closing_minor? entry_count "
    "difference_minor?"
)
IMPORTS = columns(
    "import_id:big name kind format profile sha256 size imported_at read:big new:big "
    "known:big changed:big kept:big closed:big aside:big notices:big"
)
DECISIONS = columns(
    "decision_id:big payment_id state status proof confidence_ppm explanations_count "
    "rule? reason customer_id? decided_at decided_by seq? entity account? value_date "
    "currency amount_minor payer_name? payer_iban? remittance_text:list? "
    "payment_state?"
)
ALLOCATIONS = columns(
    "decision_id:big payment_id rank item_id entity customer_id? allocated_minor "
    "evidence open_minor reference? issue_date? due_date? foreign_minor?"
)
ADJUSTMENTS = columns(
    "decision_id:big payment_id rank role amount_minor item_id? rate_ppm?"
)


class Where:
    """Conditions that all hold, with their parameters; what is None is left out."""

    def __init__(self, *conditions: str) -> None:
        self._conditions = list(conditions)
        self.parameters: list[object] = []

    def add(self, condition: str, value: object) -> None:
        """Add a condition on one parameter, written ``{}``."""
        if value is not None:
            self.parameters.append(value)
            self._conditions.append(condition.format(f"${len(self.parameters)}"))

    def require(self, condition: str) -> None:
        """Add a condition without a parameter of its own."""
        self._conditions.append(condition)

    def __str__(self) -> str:
        return " and ".join(self._conditions) or "1 = 1"


def stage_keys(
    db: Database,
    name: str,
    keys: Collection[str] | Collection[int],
    kind: pa.DataType | None = None,
) -> str:
    """Stage keys, text unless told, and return the query that lists them."""
    kind = kind or pa.string()
    db.stage(name, pa.table({"key": pa.array(list(dict.fromkeys(keys)), kind)}))
    return f"(select key from {name})"


def is_empty(db: Database, table: str) -> bool:
    """Tell whether a table has no row."""
    return not db.integer(f"select count(*) from (select 1 from {table} limit 1) t")


def open_items(
    db: Database,
    entity: str | None,
    until: dt.date | None,
    item_ids: Collection[str] | None,
    customer_ids: Collection[str] | None,
    *,
    closed: bool,
) -> pa.Table:
    """Return the items of customers that are not zero, or all of them."""
    where = Where("i.source <> 'suspense'")
    if not closed:
        where = Where("i.open_minor <> 0", str(where))
    if item_ids is not None:
        keys = stage_keys(db, "stage_wanted", item_ids)
        where = Where(str(where), f"i.item_id in {keys}")
    if customer_ids is not None:
        keys = stage_keys(db, "stage_parties", customer_ids)
        where = Where(str(where), f"i.customer_id in {keys}")
    where.add("i.entity = {}", entity)
    where.add("(i.issue_date is null or i.issue_date <= {})", until)
    return _items(db, where)


def _items(db: Database, where: Where) -> pa.Table:
    return db.query(
        f"""
        select i.item_id, i.entity, i.customer_id, i.customer_name, i.reference,
          i.other_references, i.currency, i.kind, i.account, i.open_minor,
          i.original_minor, i.imported_minor, i.issue_date, i.due_date, i.disputed,
          i.payer_id, i.letter_group, g.balance_minor, i.source, i.vat,
          i.foreign_currency, i.foreign_imported_minor, i.foreign_open_minor,
          i.analytic
        from open_item i
        left join letter_group g on g.letter_group = i.letter_group
          and g.kind = 'partial'
        where {where} order by i.entity, i.item_id
        """,
        OPEN_ITEMS,
        where.parameters,
    )


def items_changed(db: Database, since: LedgerPosition, entity: str) -> pa.Table:
    """Return the items of an entity that posting or importing may have changed.

    An entry changes what its decision allocated to and what it created; a mirror, what
    the entry created that it undoes.
    """
    parts = [
        """
        select a.item_id from journal_entry e
        join allocation a on a.decision_id = e.decision_id and a.rank = 0
        where e.seq > $2
        """,
        "select p.item_id from posting p where p.seq > $2",
        """
        select p.item_id from journal_entry e
        join posting p on p.seq = e.reverses_seq where e.seq > $2
        """,
    ]
    where = Where("i.source <> 'suspense'")
    where.add("i.entity = {}", entity)
    where.parameters.append(since.seq)
    # Without an import since, no item is looked at for its import.
    if db.integer("select max(import_id) from import_file") > since.import_id:
        parts.append("select item_id from open_item where import_id > $3")
        where.parameters.append(since.import_id)
    where.require(f"i.item_id in ({' union '.join(parts)})")
    return _items(db, where)


def collected_vat(db: Database, item_ids: Collection[str] | None) -> pa.Table:
    """Return the VAT that posted decisions made due, and what they paid for it."""
    mine = ""
    if item_ids is not None:
        mine = f"and a.item_id in {stage_keys(db, 'stage_wanted', item_ids)}"
    return db.query(
        f"""
        select a.entity, a.item_id, j.rate_ppm, -sum(j.amount_minor),
          sum(a.allocated_minor)
        from adjustment j
        join decision d on d.decision_id = j.decision_id and d.state = 'posted'
        join allocation a on a.decision_id = j.decision_id and a.rank = 0
          and a.item_id = j.item_id
        where j.rank = 0 and j.role = 'vat_collected' and j.rate_ppm is not null {mine}
        group by a.entity, a.item_id, j.rate_ppm order by 1, 2, 3
        """,
        COLLECTED_VAT,
    )


def item_history(db: Database, item_ids: Collection[str]) -> pa.Table:
    """Return what posted decisions took off items, and the roles they posted for them.

    A line that names no item is of all items of its decision.
    """
    keys = stage_keys(db, "stage_wanted", item_ids)
    return db.query(
        f"""
        select distinct a.entity, a.item_id, d.decision_id,
          coalesce(b.value_date, o.operation_date),
          a.allocated_minor, j.role
        from allocation a
        join decision d on d.decision_id = a.decision_id and d.state = 'posted'
        left join bank_entry b on b.payment_id = d.payment_id
        left join operation o on o.operation_id = d.payment_id
        left join adjustment j on j.decision_id = d.decision_id and j.rank = 0
          and (j.item_id = a.item_id or j.item_id is null)
        where a.rank = 0 and a.item_id in {keys}
        order by 1, 2, 4, 3, 6
        """,
        ITEM_HISTORY,
    )


def payments(
    db: Database,
    states: Sequence[PaymentState],
    until: dt.date | None,
    entity: str | None,
    payment_ids: Collection[str] | None,
) -> pa.Table:
    """Return bank entries by state, date, entity or id."""
    listed = ", ".join(f"'{state.value}'" for state in states) or "null"
    where = Where(f"b.state in ({listed})")
    if all(f"'{state.value}'" in _OPEN_STATES for state in states):
        where = Where(str(where), f"b.state in {_OPEN_STATES}")  # For the index.
    if payment_ids is not None:
        keys = stage_keys(db, "stage_wanted", payment_ids)
        where = Where(str(where), f"b.payment_id in {keys}")
    where.add("b.entity = {}", entity)
    where.add("b.booking_date <= {}", until)
    sql = f"""
        select b.payment_id, b.entity, b.account, b.booking_date, b.value_date,
          b.currency, b.amount_minor, b.counterparty_name, b.counterparty_iban,
          b.ultimate_name, b.remittance_text, b.end_to_end_id, b.creditor_reference,
          b.mandate_id, b.bank_reference, b.transaction_code, b.charges_minor,
          b.original_currency, b.original_minor, b.return_reason, b.additional_info,
          b.state, b.aside_reason,
          case when r.times is null then b.payment_id
            else b.payment_id || '-R' || r.times end,
          p.item_id, p.account
        from bank_entry b
        left join (
          select payment_id, count(*) as times from journal_entry
          where kind = 'reversal' group by payment_id
        ) r on r.payment_id = b.payment_id
        left join open_item p on p.payment_id = b.payment_id
          and p.source <> 'import' and p.source = 'suspense' and p.open_minor <> 0
        where {where} order by b.payment_id
        """
    return db.query(sql, PAYMENTS, where.parameters)


def customers(db: Database, customer_ids: Collection[str] | None) -> pa.Table:
    """Return all customers, or those of the ids."""
    names = ", ".join(CUSTOMERS.names)
    where = Where()
    if customer_ids is not None:
        where = Where(f"customer_id in {stage_keys(db, 'stage_wanted', customer_ids)}")
    return db.query(
        f"select {names} from customer where {where} order by customer_id",
        CUSTOMERS,
    )


def advices(db: Database, *, linked: bool | None) -> pa.Table:
    """Return the headers of advices."""
    where = {None: "", True: f"where {LINKED}"}.get(linked, f"where not {LINKED}")
    names = ", ".join(f"a.{name}" for name in ADVICES.names[:-1])
    sql = f"""
        select {names}, f.name from advice a
        join import_file f on f.import_id = a.import_id {where} order by a.advice_id
        """
    return db.query(sql, ADVICES)


def advice_lines(db: Database, advice_ids: Collection[str] | None) -> pa.Table:
    """Return lines of advices."""
    where = ""
    if advice_ids is not None:
        where = f"where l.advice_id in {stage_keys(db, 'stage_wanted', advice_ids)}"
    names = ", ".join(f"l.{name}" for name in ADVICE_LINES.names[:-1])
    sql = f"""
        select {names}, coalesce(l.payment_id, a.payment_id)
        from advice_line l join advice a using (advice_id) {where}
        order by l.advice_id, l.line_no
        """
    return db.query(sql, ADVICE_LINES)


def advised_payments(db: Database) -> pa.Table:
    """Return the payments that an advice, or a line of one, is for."""
    return db.query(
        """
        select payment_id from advice where payment_id is not null
        union select payment_id from advice_line where payment_id is not null
        order by 1
        """,
        ADVISED,
    )


def remittances(db: Database, payment_ids: Collection[str] | None) -> pa.Table:
    """Return advice lines of payments, or else their structured references."""
    if payment_ids is None:
        wanted = f"(select payment_id from bank_entry where state in {_OPEN_STATES})"
    else:
        wanted = stage_keys(db, "stage_wanted", payment_ids)
    sql = f"""
        select l.payment_id, row_number() over (
            partition by l.payment_id order by l.advice_id, l.line_no),
          l.reference, l.amount_minor, l.deduction_minor, l.reason
        from (
          select a.payment_id, l.advice_id, l.line_no, l.reference, l.amount_minor,
            l.deduction_minor, l.reason
          from advice a join advice_line l on l.advice_id = a.advice_id
          where a.payment_id in {wanted}
          union all
          select payment_id, advice_id, line_no, reference, amount_minor,
            deduction_minor, reason
          from advice_line where payment_id in {wanted}
        ) l
        union all
        select r.payment_id, r.line_no, r.reference, r.amount_minor,
          r.deduction_minor, r.reason
        from bank_reference r
        where r.payment_id in {wanted} and not exists (
          select 1 from advice a where a.payment_id = r.payment_id)
          and not exists (
          select 1 from advice_line l where l.payment_id = r.payment_id)
        order by 1, 2
        """
    return db.query(sql, REMITTANCES)


def history(db: Database, until: dt.date | None, since: dt.date | None) -> pa.Table:
    """Return confirmed allocations."""
    where = Where("d.state = 'posted'", "a.customer_id is not null")
    where.add("b.value_date <= {}", until)
    where.add("b.value_date >= {}", since)
    return db.query(
        f"""
        select b.payment_id, b.value_date, b.entity, a.customer_id,
          b.counterparty_name, b.counterparty_iban, a.item_id, i.reference,
          b.amount_minor, a.allocated_minor
        from decision d
        join bank_entry b on b.payment_id = d.payment_id
        join allocation a on a.decision_id = d.decision_id and a.rank = 0
        left join open_item i on i.entity = a.entity and i.item_id = a.item_id
        where {where} order by b.value_date, b.payment_id, a.item_id
        """,
        HISTORY,
        where.parameters,
    )


def refusals(db: Database) -> pa.Table:
    """Return matches never to be proposed again."""
    names = ", ".join(REFUSALS.names)
    return db.query(
        f"select {names} from refusal order by payment_id, item_set",
        REFUSALS,
    )


def decisions(db: Database, which: DecisionFilter) -> DecisionTables:
    """Return decisions with their allocations and adjustments, all ranks."""
    conditions = []
    if which.states is not None:
        listed = ", ".join(f"'{state.value}'" for state in sorted(which.states))
        conditions.append(f"d.state in ({listed or 'null'})")
    if which.decision_ids is not None:
        wanted = which.decision_ids
        keys = stage_keys(db, "stage_decisions", wanted, pa.int64())
        conditions.append(f"d.decision_id in {keys}")
    if which.payment_ids is not None:
        keys = stage_keys(db, "stage_wanted", which.payment_ids)
        conditions.append(f"d.payment_id in {keys}")
    where = Where(*conditions)
    where.add("coalesce(b.entity, o.entity) = {}", which.entity)
    sql = f"""
        select d.decision_id, d.payment_id, d.state, d.status, d.proof,
          d.confidence_ppm, d.explanations_count, d.rule, d.reason, d.customer_id,
          d.decided_at, d.decided_by, d.seq, coalesce(b.entity, o.entity), b.account,
          coalesce(b.value_date, o.operation_date), coalesce(b.currency, o.currency),
          coalesce(b.amount_minor, 0), b.counterparty_name, b.counterparty_iban,
          b.remittance_text, b.state
        from decision d
        left join bank_entry b on b.payment_id = d.payment_id
        left join operation o on o.operation_id = d.payment_id
        where {where} order by d.decision_id
        """
    with db.read():
        found = db.query(sql, DECISIONS, where.parameters)
        db.stage("stage_found", found.select(["decision_id", "payment_id"]))
        allocations = db.query(
            """
            select a.decision_id, s.payment_id, a.rank, a.item_id, a.entity,
              a.customer_id, a.allocated_minor, a.evidence, i.open_minor, i.reference,
              i.issue_date, i.due_date, a.foreign_minor
            from stage_found s
            join allocation a on a.decision_id = s.decision_id
            join open_item i on i.entity = a.entity and i.item_id = a.item_id
            order by a.decision_id, a.rank, a.entity, a.item_id
            """,
            ALLOCATIONS,
        )
        adjustments = db.query(
            """
            select a.decision_id, s.payment_id, a.rank, a.role, a.amount_minor,
              a.item_id, a.rate_ppm
            from stage_found s join adjustment a on a.decision_id = s.decision_id
            order by a.decision_id, a.rank, a.line_no
            """,
            ADJUSTMENTS,
        )
    return DecisionTables(found, allocations, adjustments)


def statements(db: Database) -> pa.Table:
    """Return the statements of all bank files."""
    names = ", ".join(f"s.{name}" for name in STATEMENTS.names[2:])
    sql = f"""
        select s.statement_id, f.name, {names} from statement s
        join import_file f on f.import_id = s.import_id order by s.statement_id
        """
    return db.query(sql, STATEMENTS)


def imports(db: Database) -> pa.Table:
    """Return the imported files."""
    return db.query(
        """
        select f.import_id, f.name, f.kind, f.format, f.profile, f.sha256, f.size,
          f.imported_at, f.read_count, f.new_count, f.known_count, f.changed_count,
          f.kept_count, f.closed_count, f.aside_count,
          (select count(*) from import_notice n where n.import_id = f.import_id)
        from import_file f order by f.import_id
        """,
        IMPORTS,
    )


def position(db: Database) -> LedgerPosition:
    """Return how far the ledger is."""
    found = db.row(
        "select coalesce((select max(seq) from journal_entry), 0), "
        "coalesce((select max(import_id) from import_file), 0), "
        "(select count(*) from refusal)"
    )
    return LedgerPosition(*cast("tuple[int, int, int]", found))


def customers_changed(db: Database, since: LedgerPosition) -> bool:
    """Say whether an import since then may have changed a customer."""
    changed = "select 1 from customer where import_id > $1 limit 1"
    return bool(db.integer(f"select count(*) from ({changed}) c", (since.import_id,)))


def counts(db: Database) -> LedgerCounts:
    """Return how much there is of everything."""
    triple = columns("first second count:big amount_minor")
    with db.read():
        payments = db.query(
            # Money that went out is no payment, also where a rule posted it.
            "select case when amount_minor < 0 then 'aside' else state end, currency, "
            "count(*), cast(sum(amount_minor) as bigint) "
            "from bank_entry group by 1, currency order by 1, 2",
            triple,
        ).to_pylist()
        items = db.query(
            "select currency, '', count(*), cast(sum(open_minor) as bigint) "
            "from open_item where open_minor <> 0 and source <> 'suspense' "
            "group by currency order by 1",
            triple,
        ).to_pylist()
        decided = db.query(
            "select state, '', count(*), 0 from decision group by state order by 1",
            triple,
        ).to_pylist()
        return LedgerCounts(
            payments={
                (row["first"], row["second"]): (row["count"], row["amount_minor"])
                for row in payments
            },
            open_items={
                row["first"]: (row["count"], row["amount_minor"]) for row in items
            },
            decisions={row["first"]: row["count"] for row in decided},
            customers=db.integer("select count(*) from customer"),
            entries=db.integer("select count(*) from journal_entry"),
            postings=db.integer("select count(*) from posting"),
            files=db.integer("select count(*) from import_file"),
            advices=db.integer("select count(*) from advice"),
            advices_linked=db.integer(f"select count(*) from advice a where {LINKED}"),
            last_posted_at=str(
                db.scalar(
                    "select posted_at from journal_entry order by seq desc limit 1"
                )
                or ""
            ),
        )
