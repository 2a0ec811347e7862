"""camt: our rows against a naive reading by XPath, written from the schemas."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from bank_day import BankDay, bank_days
from camt_writer import ROOTS, camt
from hypothesis import given, settings
from lxml import etree
from peer_case import corpus, decimal, read

from alloc.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

#: Files that cannot be read by paths.
PEER_REFUSES = {
    "OCA__bank-statement-import__test-camt053-more-than-one-xml": "two documents",
    "OCA__bank-statement-import__test-camt053-wrong-amount": "an entry without amount",
    "sebastienrousseau__bankstatementparser__camt053_garbled_amount.xml": "12..34",
}
NONE = ("", "NOTPROVIDED", "NONREF", "NOT PROVIDED", "UNKNOWN")


def at(element: Any, *path: str) -> list[Any]:
    """Elements at a path of local names: the namespace does not matter."""
    steps = "/".join(f"*[local-name()='{step}']" for step in path)
    found: list[Any] = element.xpath(f"./{steps}")
    return found


def text_at(element: Any, *path: str) -> str | None:
    """The text of the first element at a path."""
    texts = ["".join(one.itertext()).strip() for one in at(element, *path)]
    return next((text for text in texts if text), None)


def reference_at(element: Any, *path: str) -> str | None:
    """A reference that says something."""
    text = text_at(element, *path)
    return None if text in NONE else text


def day_at(element: Any, name: str) -> str | None:
    text = text_at(element, name, "Dt") or text_at(element, name, "DtTm")
    return text[:10] if text else None


def statements(root: Any) -> list[Any]:
    return [
        statement
        for message, name in ROOTS.values()
        # Version .01 adds V01 to the name.
        for place in root.xpath(
            f"descendant-or-self::*[starts-with(local-name(), '{message}')]"
        )
        for statement in at(place, name)
    ]


def theirs(root: Any) -> list[dict[str, Any]]:
    """What each entry says, where the paths of the schemas lead to it."""
    entries = []
    for statement in statements(root):
        for entry in at(statement, "Ntry"):
            details = at(entry, "NtryDtls", "TxDtls")
            references = [reference_at(entry, "AcctSvcrRef")]
            if len(details) == 1:
                references.append(reference_at(details[0], "Refs", "AcctSvcrRef"))
            references.append(reference_at(entry, "NtryRef"))
            (amount,) = at(entry, "Amt")
            sign = -1 if text_at(entry, "CdtDbtInd") == "DBIT" else 1
            entries.append(
                {
                    "amount": sign * Decimal((amount.text or "").strip()),
                    "currency": amount.get("Ccy"),
                    "booked": day_at(entry, "BookgDt"),
                    "valued": day_at(entry, "ValDt"),
                    "reference": next(filter(None, references), None),
                    "reversal": text_at(entry, "RvslInd") in ("true", "1"),
                    "details": len(details),
                    "ids": [reference_at(one, "Refs", "EndToEndId") for one in details],
                    "texts": [
                        text
                        for one in details
                        for place in at(one, "RmtInf", "Ustrd")
                        if (text := " ".join((place.text or "").split()))
                    ],
                }
            )
    return entries


def ours(data: bytes) -> list[list[dict[str, Any]]]:
    """Rows, gathered by entry."""
    gathered: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for row in read(data).entries.to_pylist():
        place = (row["statement_index"], row["entry_index"])
        gathered.setdefault(place, []).append(row)
    return list(gathered.values())


def differences(data: bytes) -> set[str]:
    """Names of the fields in which an entry differs."""
    peers, entries = theirs(etree.fromstring(data)), ours(data)
    if len(peers) != len(entries):
        return {"count"}
    found = set()
    for peer, rows in zip(peers, entries, strict=True):
        first = rows[0]
        texts = [
            " ".join(text.split()) for row in rows for text in row["remittance_text"]
        ]
        ids = [row["end_to_end_id"] for row in rows]
        merged = len(rows) == 1 and peer["details"] > 1
        said = [*texts, *filter(None, ids)]
        same = {
            "amount": peer["amount"]
            == decimal(first["entry_amount_minor"], first["currency"]),
            "currency": peer["currency"] == first["currency"],
            # Without a day of booking, the day of value or of the message stands in.
            "booked": peer["booked"] in (None, str(first["booking_date"])),
            "valued": peer["valued"]
            == (first["value_date"] and str(first["value_date"])),
            "reference": peer["reference"] == first["bank_reference"],
            "reversal": peer["reversal"] == first["reversal"],
            "texts": set(peer["texts"]) <= set(texts),
            "ids": all(one in said for one in peer["ids"] if one)
            if merged
            else peer["ids"] == ids[: len(peer["ids"])],
        }
        found |= {field for field, equal in same.items() if not equal}
    return found


def test_every_collected_file_says_the_same(shared: Path | None) -> None:
    refused, differing, compared = set(), {}, 0
    for name, data in corpus(shared, "camt052", "camt053", "camt054"):
        try:
            found = differences(data)
        except (etree.XMLSyntaxError, ValueError, ArithmeticError):
            refused.add(name)
            continue
        except InputError as error:
            found = {error.reason}
        compared += 1
        if found:
            differing[name] = found
    if shared is not None:
        assert refused == set(PEER_REFUSES)
        assert differing == {}
        assert compared > 80


@pytest.mark.parametrize("message", ROOTS)
@pytest.mark.parametrize("version", [2, 6, 8, 13])
@settings(max_examples=10)
@given(day=bank_days(longest=140, texts=2, batch=3))
def test_every_message_of_ours_says_the_same(
    message: str, version: int, day: BankDay
) -> None:
    assert differences(camt(day, message, version)) == set()
