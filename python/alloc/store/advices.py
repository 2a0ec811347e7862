"""Importing remittance advices, and linking them to the payments they are about."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.ports import ImportCounts
from alloc.errors import ConflictError, NotFoundError
from alloc.store.columns import check_unique, columns, conformed, listed
from alloc.store.files import Import, already_imported, check_currencies

if TYPE_CHECKING:
    import datetime as dt

    from alloc.app.ports import SourceFile
    from alloc.store.database import Database

_HEADER = (
    "entity? customer_id? payer_name? payer_iban? payment_reference? "
    "payment_date? currency? total_minor?"
)
_LINE = "line_no reference? amount_minor? deduction_minor? reason?"
_LINES = columns(f"advice {_LINE} {_HEADER} payment_id?")
_ADVICE = columns(
    f"advice_id import_id:big {_HEADER} lines_minor? line_count payment_id?"
)
_ADVICE_LINE = columns(f"advice_id {_LINE}")
_LINKS = columns("advice_id line_no? payment_id?")
_FOUND = columns("advice_id known? state? payment_known?")
_KEYS = columns("advice_id")

_HEADER_NAMES = columns(_HEADER).names
_LINE_NAMES = columns(_LINE).names


def import_advices(
    db: Database, source: SourceFile, lines: pa.Table, *, now: dt.datetime
) -> ImportCounts:
    """Add remittance advices that are not there yet."""
    lines = conformed(lines, _LINES, what=source.name)
    check_unique(
        lines, ["advice", "line_no"], what=source.name, reason="ADVICE_LINE_TWICE"
    )
    check_currencies(pc.unique(lines["currency"]).to_pylist(), file=source.name)
    found = _advices(lines)
    with db.write():
        if known := already_imported(db, source):
            return known
        running = Import(db, source, now)
        running.begin()
        new = _unknown(db, found)
        db.append("advice", _headers(new, running.import_id))
        db.append("advice_line", _bodies(new))
        return running.end(
            ImportCounts(
                import_id=running.import_id,
                read=len(found),
                new=len(new),
                known=len(found) - len(new),
            )
        )


def _advices(lines: pa.Table) -> dict[str, list[dict[str, Any]]]:
    """Gather the lines of each advice under an id made of its content."""
    groups: dict[str, list[dict[str, Any]]] = {}
    order = lines.sort_by([("advice", "ascending"), ("line_no", "ascending")])
    for row in order.to_pylist():
        groups.setdefault(row["advice"], []).append(row)
    advices = {}
    for rows in groups.values():
        digest = hashlib.sha256()
        header = [str(rows[0][name]) for name in _HEADER_NAMES]
        digest.update("\x1f".join(header).encode())
        for row in rows:
            body = [str(row[name]) for name in _LINE_NAMES]
            digest.update(("\x1e" + "\x1f".join(body)).encode())
        advices["A" + digest.hexdigest()[:16].upper()] = rows
    return advices


def _unknown(
    db: Database, advices: dict[str, list[dict[str, Any]]]
) -> dict[str, list[dict[str, Any]]]:
    ids = sorted(advices)
    db.stage("stage_advice", pa.table([pa.array(ids, pa.string())], schema=_KEYS))
    known = db.query(
        "select s.advice_id from stage_advice s join advice a using (advice_id)", _KEYS
    )
    gone = set(known["advice_id"].to_pylist())
    return {advice_id: advices[advice_id] for advice_id in ids if advice_id not in gone}


def _headers(advices: dict[str, list[dict[str, Any]]], import_id: int) -> pa.Table:
    rows = []
    for advice_id, lines in advices.items():
        amounts = [line["amount_minor"] for line in lines]
        known = [amount for amount in amounts if amount is not None]
        rows.append(
            {
                **{name: lines[0][name] for name in _HEADER_NAMES},
                "advice_id": advice_id,
                "import_id": import_id,
                "lines_minor": sum(known) if len(known) == len(amounts) else None,
                "line_count": len(lines),
                "payment_id": lines[0]["payment_id"],
            }
        )
    return pa.Table.from_pylist(rows, _ADVICE)


def _bodies(advices: dict[str, list[dict[str, Any]]]) -> pa.Table:
    rows = [
        {"advice_id": advice_id, **{name: line[name] for name in _LINE_NAMES}}
        for advice_id, lines in advices.items()
        for line in lines
    ]
    return pa.Table.from_pylist(rows, _ADVICE_LINE)


def link_advices(db: Database, links: pa.Table) -> int:
    """Say which payment each advice, or each line of it, is for; None unlinks."""
    links = conformed(links, _LINKS, what="links")
    check_unique(links, ["advice_id", "line_no"], what="links", reason="ADVICE_TWICE")
    with db.write():
        db.stage("stage_link", links)
        _check_links(db)
        changed = db.query(_CHANGED, _KEYS)
        db.stage("stage_changed", changed)
        mine = (
            "s.advice_id = a.advice_id "
            "and a.advice_id in (select advice_id from stage_changed)"
        )
        db.execute(
            "update advice as a set payment_id = s.payment_id from ("
            "select advice_id, max(case when line_no is null then payment_id end) "
            f"as payment_id from stage_link group by advice_id) s where {mine}"
        )
        db.execute(
            "update advice_line as l set payment_id = (select s.payment_id "
            "from stage_link s where s.advice_id = l.advice_id "
            "and s.line_no = l.line_no) "
            "where l.advice_id in (select advice_id from stage_changed)"
        )
    return len(changed)


_CHANGED = """
select distinct s.advice_id from stage_link s
join advice a on a.advice_id = s.advice_id
left join advice_line l on l.advice_id = s.advice_id and l.line_no = s.line_no
where (s.line_no is null and (a.payment_id is distinct from s.payment_id or exists (
    select 1 from advice_line o
    where o.advice_id = s.advice_id and o.payment_id is not null)))
  or (s.line_no is not null and (
    a.payment_id is not null or l.payment_id is distinct from s.payment_id))
order by 1
"""
"""The advices whose links differ from what is stored."""


def _check_links(db: Database) -> None:
    """Refuse links of what is not there, or of advices whose payment is posted."""
    found = db.query(
        """
        select s.advice_id,
          case when s.line_no is null then a.advice_id else l.advice_id end,
          (select max(b.state) from bank_entry b where b.state = 'posted'
            and (b.payment_id = a.payment_id or b.payment_id in (
              select o.payment_id from advice_line o
              where o.advice_id = s.advice_id))),
          case when s.payment_id is null then 'none' else next.payment_id end
        from stage_link s left join advice a on a.advice_id = s.advice_id
        left join advice_line l
          on l.advice_id = s.advice_id and l.line_no = s.line_no
        left join bank_entry next on next.payment_id = s.payment_id
        order by s.advice_id, s.line_no
        """,
        _FOUND,
    ).to_pylist()
    for field, noun in (("known", "advice"), ("payment_known", "payment of advice")):
        if unknown := [row["advice_id"] for row in found if row[field] is None]:
            raise NotFoundError(
                f"{noun} {listed(unknown)} is unknown",
                reason=f"{noun.split()[0].upper()}_UNKNOWN",
                advice_id=unknown[0],
            )
    if posted := [row["advice_id"] for row in found if row["state"] == "posted"]:
        raise ConflictError(
            f"advice {listed(sorted(set(posted)))} belongs to a payment that is "
            "posted: reverse its decision first",
            reason="ADVICE_LINKED",
            advice_id=posted[0],
        )
