"""Importing bank files: entries that are not there yet become payments.

The identity of an entry (`payment_id`) is the same in every file that reports it,
so overlapping statements merge. What a pending, intraday or notified entry
announced becomes a payment once a statement books it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.ports import ImportCounts
from alloc.errors import InputError
from alloc.store.columns import check_unique, columns, conformed, keep, listed
from alloc.store.files import Import, already_imported
from alloc.store.reading import is_empty
from alloc.store.same_entry import renumber

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from alloc.app.ports import BankTables, SourceFile
    from alloc.store.database import Database

_STATEMENTS = columns(
    "statement_index message_type kind account currency? number:text? opening_date? "
    "opening_minor? closing_date? closing_minor? entry_count difference_minor?"
)
_DESCRIPTIVE = (
    "bank_reference? transaction_code? end_to_end_id? creditor_reference? "
    "mandate_id? counterparty_name? counterparty_iban? ultimate_name? "
    "remittance_text:list? charges_minor? original_currency? original_minor? "
    "return_reason? additional_info?"
)
_ENTRIES = columns(
    "payment_id statement_index account entry_index detail_index detail_count "
    "booking_date value_date? currency amount_minor entry_amount_minor status "
    f"reversal:bool {_DESCRIPTIVE}"
)
_REFERENCES = columns(
    "payment_id line_no reference? kind? amount_minor? deduction_minor? reason? "
    "date:date?"
)
_WARNINGS = columns("code message line?")
_KNOWN = columns("payment_id state? aside_reason? other?")

_TEXTS = columns(_DESCRIPTIVE).names
#: What only announces an entry: a statement that books it makes it a payment.
_ANNOUNCED = pa.array(["PENDING", "INTRADAY", "NOTIFICATION"])


def import_bank_file(
    db: Database,
    source: SourceFile,
    bank: BankTables,
    *,
    entities: Mapping[str, str],
    now: dt.datetime,
) -> ImportCounts:
    """Add the entries of a bank file that are not there yet."""
    statements = _known_columns(bank.statements, _STATEMENTS, "statements")
    entries = _known_columns(bank.entries, _ENTRIES, "entries")
    references = _known_columns(bank.references, _REFERENCES, "references")
    warnings = _known_columns(bank.warnings, _WARNINGS, "warnings")
    check_unique(entries, ["payment_id"], what=source.name, reason="BANK_ENTRY_TWICE")
    statements = _with_entity(statements, entities, source.name)
    entries = _with_state(_with_entity(entries, entities, source.name), statements)
    with db.write():
        if known := already_imported(db, source):
            return known
        running = Import(db, source, now)
        running.begin()
        running.keep_notices(warnings)
        entries, references, doubtful = renumber(db, statements, entries, references)
        for payment_id in doubtful:
            running.notice(
                "ENTRY_KNOWN_ELSEWHERE",
                f"{payment_id}: another statement has an entry of this day, amount and "
                "reference with other texts, and the balances do not tell whether it "
                "is the same; it was not added: compare both with the account",
                key=payment_id,
            )
        entries = _add_statements(running, statements, entries)
        return running.end(_add_entries(running, entries, references))


def _known_columns(data: object, schema: pa.Schema, what: str) -> pa.Table:
    table = pa.table(data)
    return conformed(keep(table, schema.names), schema, what=what)


def _with_entity(table: pa.Table, entities: Mapping[str, str], file: str) -> pa.Table:
    accounts = pc.unique(table["account"])
    unknown = sorted(set(accounts.to_pylist()) - set(entities))
    if unknown:
        raise InputError(
            f"{file}: no entity has the bank account {listed(unknown)}: add it to "
            "alloc.toml under [[entity.bank]]",
            reason="ACCOUNT_UNKNOWN",
            file=file,
            account=unknown[0],
        )
    names = pa.array(
        [entities[account] for account in accounts.to_pylist()], pa.string()
    )
    taken = names.take(pc.index_in(table["account"], accounts))
    return table.append_column("entity", taken)


def _with_state(entries: pa.Table, statements: pa.Table) -> pa.Table:
    """Add state, aside_reason and a value date: which entries are payments."""
    position = pc.index_in(
        entries["statement_index"], statements["statement_index"].combine_chunks()
    )
    kind = statements["kind"].take(position)
    amount = entries["amount_minor"]
    reason = pc.case_when(
        pc.make_struct(
            pc.equal(kind, "intraday"),
            pc.equal(kind, "notification"),
            pc.not_equal(entries["status"], "booked"),
            entries["reversal"],
            pc.equal(amount, 0),
            pc.less(amount, 0),
        ),
        *(
            pa.scalar(name)
            for name in (
                "INTRADAY",
                "NOTIFICATION",
                "PENDING",
                "REVERSAL",
                "ZERO",
                "DEBIT",
            )
        ),
        pa.scalar(None, pa.string()),
    )
    state = pc.if_else(pc.is_null(reason), "new", "aside")
    value_date = pc.coalesce(entries["value_date"], entries["booking_date"])
    index = entries.schema.get_field_index("value_date")
    entries = entries.set_column(index, "value_date", value_date)
    return entries.append_column("state", state).append_column("aside_reason", reason)


def _add_statements(
    running: Import, statements: pa.Table, entries: pa.Table
) -> pa.Table:
    """Store the statements; return the entries with the ids of theirs."""
    first = running.db.integer("select max(statement_id) from statement") + 1
    ids = pa.array(range(first, first + len(statements)), pa.int64())
    position = pc.index_in(
        entries["statement_index"], statements["statement_index"].combine_chunks()
    )
    statements = _owned(statements.append_column("statement_id", ids), running)
    running.db.append("statement", statements.drop_columns(["statement_index"]))
    entries = _owned(entries, running).drop_columns(["statement_index"])
    return entries.append_column("statement_id", ids.take(position))


def _owned(table: pa.Table, running: Import) -> pa.Table:
    ids = pa.repeat(pa.scalar(running.import_id, pa.int64()), len(table))
    return table.append_column("import_id", ids)


def _add_entries(
    running: Import, entries: pa.Table, references: pa.Table
) -> ImportCounts:
    db = running.db
    known = _find_known(db, entries)
    position = pc.index_in(entries["payment_id"], known["payment_id"].combine_chunks())
    state, was, other = (
        known[name].take(position) for name in ("state", "aside_reason", "other")
    )
    is_booked = pc.invert(pc.is_in(entries["aside_reason"], value_set=_ANNOUNCED))
    is_known = pc.is_valid(state)
    is_split = pc.and_(pc.invert(is_known), pc.and_(is_booked, pc.is_valid(other)))
    is_new = pc.invert(pc.or_(is_known, is_split))
    is_booked_now = pc.and_(pc.is_in(was, value_set=_ANNOUNCED), is_booked)
    is_waiting = pc.is_in(state, value_set=pa.array(["new", "review"]))
    tells_more = pc.and_(is_waiting, pc.invert(is_booked))
    new = entries.filter(is_new)
    db.append("bank_entry", new)
    booked = entries.filter(is_booked_now)
    _book_announced(db, booked)
    _fill_empty(db, entries.filter(tells_more))
    wanted = entries.filter(pc.or_(is_new, pc.or_(is_booked_now, tells_more)))
    _add_references(db, references, wanted["payment_id"])
    for payment_id in entries.filter(is_split)["payment_id"].to_pylist():
        running.notice(
            "DETAILS_DIFFER",
            f"{payment_id}: this bank entry is known with other details; they are kept",
            key=payment_id,
        )
    return ImportCounts(
        import_id=running.import_id,
        read=len(entries),
        new=len(new),
        known=len(entries) - len(new) - len(booked),
        changed=len(booked),
        aside=pc.sum(pc.equal(new["state"], "aside")).as_py() or 0,
    )


def _find_known(db: Database, entries: pa.Table) -> pa.Table:
    """Return the entries that are known, or known with another number of details."""
    if is_empty(db, "bank_entry"):
        return _KNOWN.empty_table()
    payment_id, details = entries["payment_id"], entries["detail_count"]
    is_part = pc.greater(details, 1)
    entry = pc.if_else(
        is_part,
        pc.replace_substring_regex(payment_id, r"-[0-9]+$", ""),
        payment_id,
    )
    first = pc.binary_join_element_wise(entry, pa.scalar("1"), "-")
    probes = pa.table(
        {
            "payment_id": payment_id,
            "detail_count": details,
            "whole_id": pc.if_else(is_part, entry, pa.scalar(None, pa.string())),
            "first_id": first,
        }
    )
    db.stage("stage_entry", probes)
    return db.query(
        """
        select s.payment_id, b.state, b.aside_reason,
          coalesce(w.payment_id, f.payment_id)
        from stage_entry s
        left join bank_entry b on b.payment_id = s.payment_id
        left join bank_entry w on w.payment_id = s.whole_id and (
          w.state <> 'aside' or w.aside_reason in ('DEBIT', 'REVERSAL', 'ZERO'))
        left join bank_entry f on f.payment_id = s.first_id
          and f.detail_count <> s.detail_count and (
          f.state <> 'aside' or f.aside_reason in ('DEBIT', 'REVERSAL', 'ZERO'))
        where b.payment_id is not null or w.payment_id is not null
          or f.payment_id is not null
        """,
        _KNOWN,
    )


def _book_announced(db: Database, booked: pa.Table) -> None:
    """Make entries that were only announced what the statement says they are."""
    if not len(booked):
        return
    db.stage("stage_booked", booked)
    names = [name for name in booked.column_names if name != "payment_id"]
    changes = ", ".join(
        f"{name} = coalesce(s.{name}, bank_entry.{name})"
        if name in _TEXTS
        else f"{name} = s.{name}"
        for name in names
    )
    db.execute(
        f"update bank_entry set {changes} from stage_booked s "
        "where s.payment_id = bank_entry.payment_id"
    )


def _fill_empty(db: Database, entries: pa.Table) -> None:
    """Fill what a payment does not know yet from a notification of it."""
    if not len(entries):
        return
    db.stage("stage_told", entries.select(["payment_id", *_TEXTS]))
    changes = ", ".join(
        f"{name} = coalesce(bank_entry.{name}, s.{name})" for name in _TEXTS
    )
    db.execute(
        f"update bank_entry set {changes} from stage_told s "
        "where s.payment_id = bank_entry.payment_id"
    )


def _add_references(
    db: Database, references: pa.Table, payment_ids: pa.ChunkedArray
) -> None:
    """Add structured references of payments that have none yet."""
    wanted = pc.is_in(references["payment_id"], value_set=payment_ids.combine_chunks())
    references = references.filter(wanted)
    if not len(references):
        return
    db.stage("stage_reference", references)
    names = ", ".join(references.column_names)
    db.execute(
        f"insert into bank_reference ({names}) select {names} "
        "from stage_reference s where not exists (select 1 from bank_reference r "
        "where r.payment_id = s.payment_id)"
    )
