"""A person decides at the terminal: look, accept, refuse, undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from day import IBAN, OPEN_ITEMS, Credit, statement

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion

    from conftest import Outcome

    Call = Callable[..., Outcome]


@pytest.fixture
def cleared(imported: Path, alloc: Call) -> Path:
    """The day after its clearing: 80.00 for review, 999.99 of nobody in suspense."""
    assert alloc("-C", imported, "clear").code == 3
    return imported


def waiting(alloc: Call, workspace: Path) -> dict[str, Any]:
    got = alloc("-C", workspace, "review", "list", "--json")
    assert got.code == 0, got.stderr
    return {row["payer_name"]: row for row in got.document["payments"]}


def open_minor(alloc: Call, workspace: Path) -> int:
    status = alloc("-C", workspace, "status", "--json").document
    total: int = status["open_items"]["amount_minor"]["EUR"]
    return total


def test_a_payment_shows_its_proposal_and_what_may_be_typed(
    cleared: Path, alloc: Call, snapshot: SnapshotAssertion
) -> None:
    payment = waiting(alloc, cleared)["DURAND ET FILS"]
    got = alloc("-C", cleared, "review", "show", payment["payment_id"])
    assert got.stdout == snapshot


def test_an_accepted_proposal_is_posted_and_gone(cleared: Path, alloc: Call) -> None:
    payment = waiting(alloc, cleared)["DURAND ET FILS"]
    got = alloc("-C", cleared, "review", "accept", payment["payment_id"], "--json")
    assert got.code == 0, got.stderr
    assert [row["journal"] for row in got.document["posted"]] == ["BQ1"]
    assert "DURAND ET FILS" not in waiting(alloc, cleared)
    shown = alloc("-C", cleared, "review", "show", payment["payment_id"], "--json")
    assert shown.document["decisions"][-1]["decided_by"] == "ada"
    assert alloc("-C", cleared, "verify").code == 0


def test_a_person_may_choose_items_and_amounts(cleared: Path, alloc: Call) -> None:
    payment = waiting(alloc, cleared)["DURAND ET FILS"]["payment_id"]
    before = open_minor(alloc, cleared)
    words = ("--item", "I3=70.00", "--on-account", "C2")
    got = alloc("-C", cleared, "review", "accept", payment, *words)
    assert got.code == 0, got.stderr
    assert "€10.00 of it is on account of C2." in got.stdout
    assert open_minor(alloc, cleared) == before - 8000
    assert alloc("-C", cleared, "verify").code == 0


def test_money_of_an_unknown_payer_is_put_on_account(
    cleared: Path, alloc: Call
) -> None:
    payment = waiting(alloc, cleared)["SOCIETE INCONNUE"]["payment_id"]
    got = alloc("-C", cleared, "review", "accept", payment, "--on-account", "C3")
    assert got.code == 0, got.stderr
    assert "SOCIETE INCONNUE" not in waiting(alloc, cleared)
    assert alloc("-C", cleared, "verify").code == 0


def test_a_refused_proposal_is_not_made_again(cleared: Path, alloc: Call) -> None:
    payment = waiting(alloc, cleared)["DURAND ET FILS"]["payment_id"]
    got = alloc("-C", cleared, "review", "refuse", payment, "--json")
    assert (got.code, got.document["refused"]) == (0, 1)
    alloc("-C", cleared, "clear")
    again = waiting(alloc, cleared)["DURAND ET FILS"]
    assert again["proposals"] == 0
    assert again["reason"] == "REFUSED_BEFORE"


def test_a_decision_is_undone_and_its_items_open_again(
    cleared: Path, alloc: Call
) -> None:
    payment = waiting(alloc, cleared)["DURAND ET FILS"]["payment_id"]
    before = alloc("-C", cleared, "status", "--json").document["open_items"]
    alloc("-C", cleared, "review", "accept", payment)
    shown = alloc("-C", cleared, "review", "show", payment, "--json").document
    decision = shown["decisions"][-1]["decision_id"]
    got = alloc("-C", cleared, "reverse", decision, "--json")
    assert got.code == 0, got.stderr
    assert [row["item_id"] for row in got.document["reopened"]] == ["I3"]
    after = alloc("-C", cleared, "status", "--json").document["open_items"]
    assert after == before
    assert waiting(alloc, cleared)["DURAND ET FILS"]["reason"] == "MATCH_UNDONE"
    assert alloc("-C", cleared, "reverse", decision).code == 65
    assert alloc("-C", cleared, "verify").code == 0


def test_a_large_payment_is_undone_by_the_second_who_asks(
    cleared: Path, alloc: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = waiting(alloc, cleared)["DURAND ET FILS"]["payment_id"]
    alloc("-C", cleared, "review", "accept", payment)
    shown = alloc("-C", cleared, "review", "show", payment, "--json").document
    decision = shown["decisions"][-1]["decision_id"]
    toml = cleared / "alloc.toml"
    limited = '\n[[entity]]\nfour_eyes_above = "10.00"'
    toml.write_text(toml.read_text().replace("\n[[entity]]", limited))
    monkeypatch.setenv("ALLOC_USER", "anna")
    first = alloc("-C", cleared, "reverse", decision)
    assert first.code == 0
    assert "Somebody else must ask for the same" in first.stdout
    shown = alloc("-C", cleared, "review", "show", payment).stdout
    assert "anna wants it undone: somebody else must ask the same." in shown
    assert alloc("-C", cleared, "reverse", decision).code == 65
    monkeypatch.setenv("ALLOC_USER", "ben")
    second = alloc("-C", cleared, "reverse", decision, "--json").document
    assert (second["second_person_needed"], len(second["reopened"])) == (False, 1)
    alloc("-C", cleared, "review", "accept", payment, "--on-account", "C2")
    shown = alloc("-C", cleared, "review", "show", payment).stdout
    assert "ben accepted it: somebody else must accept the same." in shown


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("show", "P0"), 65, "PAYMENT_UNKNOWN"),
        (("accept", "P0"), 65, "PAYMENT_UNKNOWN"),
        (("accept", "{id}", "--rank", "7"), 65, "RANK_UNKNOWN"),
        (("accept", "{id}", "--item", "I9"), 65, "ITEM_UNKNOWN"),
        (("accept", "{id}", "--item", "I3", "--item", "I3"), 2, "stands twice"),
        (("accept", "{id}", "--item", "I3=1.234"), 2, "at most 2 decimals"),
        (("accept", "{id}", "--item", "I3=ten"), 2, "no amount"),
        (("accept", "{id}", "--item", "I3="), 2, "ID=AMOUNT"),
        (("accept", "{id}", "--item", "I3"), 65, "leave 4.90 EUR of payment"),
        (("accept", "{id}", "--item", "I3"), 65, "--on-account C2 [REST_NOT_PLACED]"),
        (("accept", "{id}", "--item", "I3=75.11"), 65, "of which 75.10 EUR is open"),
        (("accept", "{id}", "--item", "I4"), 65, "take 420.00 EUR more than payment"),
        (("accept", "{id}", "--rank", "0", "--item", "I3"), 2, "--rank goes alone"),
        (("accept", "{id}", "--on-account", "C9"), 65, "CUSTOMER_UNKNOWN"),
        (("refuse", "P0"), 65, "PAYMENT_UNKNOWN"),
    ],
)
def test_what_cannot_be_decided_is_said_and_changes_nothing(
    cleared: Path, alloc: Call, words: tuple[str, ...], code: int, said: str
) -> None:
    payment = waiting(alloc, cleared)["DURAND ET FILS"]["payment_id"]
    before = alloc("-C", cleared, "status", "--json").document
    filled = [word.replace("{id}", payment) for word in words]
    got = alloc("-C", cleared, "review", *filled)
    assert (got.code, got.stdout) == (code, "")
    assert said in got.stderr
    assert got.stderr.count("\n") == 1
    assert alloc("-C", cleared, "status", "--json").document == before


def test_an_unknown_decision_cannot_be_undone(cleared: Path, alloc: Call) -> None:
    got = alloc("-C", cleared, "reverse", "4711")
    assert got.code == 65
    assert "[DECISION_UNKNOWN]" in got.stderr


def test_the_list_can_be_cut_to_the_largest(cleared: Path, alloc: Call) -> None:
    got = alloc("-C", cleared, "review", "list", "--limit", "1", "--json").document
    assert got["count"] == 2
    assert [row["amount_minor"] for row in got["payments"]] == [99999]


def test_an_advice_that_cannot_be_shared_out_is_shown_with_its_reason(
    workspace: Path, tmp_path: Path, alloc: Call
) -> None:
    payer = "FR7612345987650123456789014"
    head = "account,booking_date,amount,currency,counterparty_iban,bank_reference\n"
    money = tmp_path / "bank.csv"
    money.write_text(
        f"{head}{IBAN},2026-03-31,30.00,EUR,{payer},B1\n"
        f"{IBAN},2026-03-31,20.00,EUR,{payer},B2\n"
    )
    advice = tmp_path / "advice.csv"
    advice.write_text(
        "reference,currency,amount,payer_iban,payment_date\n"
        + "".join(f"F{n},EUR,10.00,{payer},2026-03-31\n" for n in range(5))
    )
    assert alloc("-C", workspace, "import", money, advice).code == 0
    cleared = alloc("-C", workspace, "clear")
    assert "[ADVICE_SPLIT_UNCLEAR]" in cleared.stdout
    ids = [
        row["payment_id"]
        for row in alloc("-C", workspace, "review", "list", "--json").document[
            "payments"
        ]
    ]
    got = alloc("-C", workspace, "review", "show", ids[0])
    assert "An advice of €50.00 (advice.csv) may be for this payment" in got.stdout
    assert "which line is for which is not certain" in got.stdout
    assert f"Other payments meant: {ids[1]}" in got.stdout


def test_an_item_may_be_named_whatever_its_id_holds(
    workspace: Path, tmp_path: Path, alloc: Call
) -> None:
    items = tmp_path / "items.csv"
    head = OPEN_ITEMS.splitlines()[0]
    items.write_text(
        f'{head}\nPARIS;"A,1=2";C1;EUR;50.00;F1;2026-03-02;\n'
        "PARIS;A,1;C1;EUR;40.00;F2;2026-03-02;\n"
    )
    money = tmp_path / "bank.xml"
    money.write_text(statement(Credit("B7", "60.50", "X", "VIR")))
    assert alloc("-C", workspace, "import", items, money).code == 0
    alloc("-C", workspace, "clear")
    (payment,) = waiting(alloc, workspace).values()
    words = ("--item", "A,1=2", "--item", "A,1=10,50")
    got = alloc("-C", workspace, "review", "accept", payment["payment_id"], *words)
    assert got.code == 0, got.stderr
    left = alloc("-C", workspace, "status", "--json").document["open_items"]
    assert left["amount_minor"]["EUR"] == 2950


def test_a_payment_without_a_current_proposal_has_none_to_take(
    cleared: Path, alloc: Call
) -> None:
    payment = waiting(alloc, cleared)["DURAND ET FILS"]["payment_id"]
    alloc("-C", cleared, "review", "refuse", payment)
    for _ in range(2):
        shown = alloc("-C", cleared, "review", "show", payment).stdout
        assert "--rank" not in shown
        assert "review refuse" not in shown
        assert "--on-account CUSTOMER" in shown
        alloc("-C", cleared, "clear")
