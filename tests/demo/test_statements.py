from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from alloc.demo import SIZES
from alloc.demo.book import bank_days, notified_details
from alloc.demo.camt import write_notifications
from alloc.demo.plan import make_plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from demo_case import Demo

MINUS, PLUS = "}JKLMNOPQR", "{ABCDEFGHI"


@dataclass
class Statement:
    account: str
    day: date
    opening: int
    closing: int = 0
    entries: list[int] = field(default_factory=list)


def cents(text: str) -> int:
    whole, _, rest = text.replace(",", ".").partition(".")
    return int(whole) * 100 + int(rest.ljust(2, "0"))


def read_camt(content: bytes) -> Iterator[Statement]:
    def signed(element: etree._Element) -> int:
        amount = cents(element.findtext("{*}Amt") or "")
        return amount if element.findtext("{*}CdtDbtInd") == "CRDT" else -amount

    for stmt in etree.fromstring(content).iterfind(".//{*}Stmt"):
        balances = {b.findtext(".//{*}Cd"): b for b in stmt.iterfind("{*}Bal")}
        yield Statement(
            account=stmt.findtext("{*}Acct/{*}Id/{*}IBAN") or "",
            day=date.fromisoformat(balances["CLBD"].findtext("{*}Dt/{*}Dt") or ""),
            opening=signed(balances["OPBD"]),
            closing=signed(balances["CLBD"]),
            entries=[signed(entry) for entry in stmt.iterfind("{*}Ntry")],
        )


def read_cfonb(content: bytes) -> Iterator[Statement]:
    def amount(line: str) -> int:
        last = line[103]
        sign = -1 if last in MINUS else 1
        return sign * int(line[90:103] + str((MINUS if sign < 0 else PLUS).index(last)))

    statement = None
    for line in content.decode("ascii").splitlines():
        day = datetime.strptime(line[34:40], "%d%m%y").date()  # noqa: DTZ007
        if line[:2] == "01":
            account = line[2:7] + line[11:16] + line[21:32]
            statement = Statement(account, day, amount(line))
        elif line[:2] == "04":
            assert statement is not None
            statement.entries.append(amount(line))
        elif line[:2] == "07":
            assert statement is not None
            statement.day, statement.closing = day, amount(line)
            yield statement


def read_mt940(content: bytes) -> Iterator[Statement]:
    def amount(text: str) -> int:
        sign, rest = text[0], text[1:].removeprefix("EUR")
        return -cents(rest) if sign == "D" else cents(rest)

    statement = None
    for line in content.decode("ascii").splitlines():
        tag, _, value = line[1:].partition(":")
        if not line.startswith(":"):
            continue
        if tag == "25":
            account = value
        elif tag == "60F":
            statement = Statement(account, date.min, amount(value[0] + value[7:]))
        elif tag == "61":
            assert statement is not None
            sign = "D" if value[10] in "DR" else "C"
            start = 12 if value[10] == "R" else 11
            end = value.index("NTRF")
            statement.entries.append(amount(sign + value[start:end]))
        elif tag == "62F":
            assert statement is not None
            statement.day = datetime.strptime(value[1:7], "%y%m%d").date()  # noqa: DTZ007
            statement.closing = amount(value[0] + value[7:])
            yield statement


def statements(demo: Demo) -> list[Statement]:
    readers = {
        "camt053.xml": read_camt,
        "cfonb120.txt": read_cfonb,
        "mt940.sta": read_mt940,
    }
    return [
        statement
        for path in demo.inbox("*_3_statement_*")
        for statement in readers[path.name.split(".", 1)[1]](path.read_bytes())
    ]


@pytest.fixture(scope="module")
def month_notifications() -> bytes:
    plan = make_plan(SIZES["month"], 1)
    told = [
        (statement, entry, notified_details(plan, entry))
        for statements_of_day in bank_days(plan)
        for statement in statements_of_day
        for entry in statement.entries
        if entry.notified
    ]
    assert len(told) > 10
    return write_notifications(told)


def test_every_statement_adds_up(demo: Demo) -> None:
    found = statements(demo)
    accounts = sum(len(entity.accounts) for entity in demo.plan.entities)
    assert len(found) == accounts * len(demo.plan.days)
    for statement in found:
        assert statement.opening + sum(statement.entries) == statement.closing


def test_every_day_opens_with_the_balance_of_the_day_before(small: Demo) -> None:
    found = sorted(statements(small), key=lambda s: (s.account, s.day))
    for _, days in groupby(found, key=lambda s: s.account):
        chain = list(days)
        assert [s.day for s in chain] == list(small.plan.days)
        assert [s.opening for s in chain[1:]] == [s.closing for s in chain[:-1]]


def test_the_files_hold_exactly_the_entries_of_the_books(demo: Demo) -> None:
    written = {(s.account, s.day): s.entries for s in statements(demo)}
    for booked in (s for day in bank_days(demo.plan) for s in day):
        account = booked.account
        cfonb = account.bank.format == "cfonb120"
        key = ("".join(account.rib) if cfonb else account.iban, booked.day)
        assert written[key] == [entry.amount_minor for entry in booked.entries]


def test_camt_files_are_valid_against_their_schema(
    day: Demo, month_notifications: bytes, shared: Path | None
) -> None:
    if shared is None:
        return
    files = [path.read_bytes() for path in day.inbox("*.camt05?.xml")]
    seen = set()
    for content in [*files, month_notifications]:
        root = etree.fromstring(content)
        message = (etree.QName(root).namespace or "").rpartition(":")[2]
        schema = etree.XMLSchema(file=shared / "statements" / "xsd" / f"{message}.xsd")
        schema.assertValid(root)
        seen.add(message)
    assert seen == {"camt.053.001.02", "camt.053.001.08", "camt.054.001.08"}


def test_cfonb_lines_have_120_characters(demo: Demo) -> None:
    for path in demo.inbox("*.cfonb120.txt"):
        content = path.read_bytes()
        assert content.isascii()
        lines = content.split(b"\n")
        assert lines.pop() == b""
        assert {len(line) for line in lines} == {120}


def test_mt940_lines_have_at_most_65_characters(demo: Demo) -> None:
    for path in demo.inbox("*.mt940.sta"):
        lines = path.read_bytes().decode("ascii").split("\r\n")
        assert max(len(line) for line in lines) <= 65


def test_half_of_the_accounts_are_at_cfonb_banks(day: Demo) -> None:
    formats = [a.bank.format for entity in day.plan.entities for a in entity.accounts]
    first = [entity.accounts[0].bank.format for entity in day.plan.entities]
    assert first.count("cfonb120") == 30
    assert set(formats) == {"cfonb120", "camt.053.001.02", "camt.053.001.08", "mt940"}
