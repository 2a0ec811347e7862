"""The ledgers of `bench/scenarios` add up, and `bench/ledgers.py` judges fairly."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path[:0] = [str(BENCH), str(BENCH / "scenarios")]

from generated import Scenario  # noqa: E402
from messages import TEXTS  # noqa: E402
from trades import TRADES  # noqa: E402

import ledgers  # noqa: E402 - it lies outside of the packages

PLAIN = {"text": "full", "deductions": "none", "payer": "known"}


def written(folder: Path, name: str, seed: int = 3, **levels: str) -> Path:
    trade = replace(TRADES[name], customers=TRADES[name].customers // 8)
    Scenario(trade, **{**PLAIN, **levels}, seed=seed).write(folder)
    return folder


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(folder / f"{name}.parquet").to_pylist()
    return found


@pytest.mark.parametrize("trade", TRADES)
def test_every_payment_is_what_it_settles_less_what_is_kept_back(
    trade: str, tmp_path: Path
) -> None:
    folder = written(tmp_path, trade, deductions="mixed")
    items = {row["item_id"]: row for row in rows(folder, "open_items")}
    settled = Counter[str]()
    for line in rows(folder, "hidden/truth"):
        settled[line["payment_id"]] += line["allocated_minor"]
        owed = items[line["item_id"]]["amount_minor"]
        assert 0 < line["allocated_minor"] / owed <= 1
    hidden = {row["payment_id"]: row for row in rows(folder, "hidden/payments")}
    for payment in rows(folder, "payments"):
        kept = hidden[payment["payment_id"]]["deduction_minor"]
        assert payment["amount_minor"] == settled[payment["payment_id"]] - kept > 0
    kinds = Counter(row["deduction_kind"] for row in hidden.values())
    assert set(kinds) == {"exact", *TRADES[trade].kept}
    assert 0.1 < 1 - kinds["exact"] / len(hidden) < 0.25


@pytest.mark.parametrize("trade", TRADES)
def test_an_item_is_paid_once_and_after_it_was_issued(
    trade: str, tmp_path: Path
) -> None:
    folder = written(tmp_path, trade)
    items = {row["item_id"]: row for row in rows(folder, "open_items")}
    payments = {row["payment_id"]: row for row in rows(folder, "payments")}
    lines = rows(folder, "hidden/truth")
    assert len({line["item_id"] for line in lines}) == len(lines)
    for line in lines:
        item, payment = items[line["item_id"]], payments[line["payment_id"]]
        assert item["issue_date"] < payment["value_date"]
        assert item["customer_id"] == payment["customer_id"]
    assert all(row["value_date"].weekday() < 5 for row in payments.values())


def test_what_is_owed_and_paid_does_not_hang_on_what_is_written(tmp_path: Path) -> None:
    said = [written(tmp_path / text, "leasing", text=text) for text in TEXTS]
    for name in ("open_items", "hidden/truth", "hidden/windows"):
        first, *others = (rows(folder, name) for folder in said)
        assert all(other == first for other in others)
    again = written(tmp_path / "again", "leasing", text="full")
    other = written(tmp_path / "other", "leasing", text="full", seed=4)
    texts = [rows(folder, "payments") for folder in (said[3], again, other)]
    assert texts[0] == texts[1] != texts[2]


def test_texts_say_as_much_as_their_level(tmp_path: Path) -> None:
    named = {}
    for text in TEXTS:
        folder = written(tmp_path / text, "wholesale", text=text)
        numbers = {r["item_id"]: r["reference"] for r in rows(folder, "open_items")}
        letters = {
            row["payment_id"]: "".join(row["remittance_text"]).replace(" ", "")
            for row in rows(folder, "payments")
        }
        lines = rows(folder, "hidden/truth")
        hits = [numbers[x["item_id"]][-5:] in letters[x["payment_id"]] for x in lines]
        named[text] = sum(hits) / len(hits)
        assert bool(rows(folder, "remittances")) == (text == "advice")
    assert named["none"] == named["advice"] == 0
    assert 0 < named["scant"] < named["partial"] < 0.55
    assert named["full"] > 0.95


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("ledger"), "insurance", deductions="few")


def knows(payments: pa.Table, truth: pa.Table) -> tuple[pa.Table, pa.Table]:
    mine = pc.is_in(truth["payment_id"], value_set=payments["payment_id"])
    status = [["auto"] * payments.num_rows]
    return payments.select(["payment_id"]).append_column(
        "status", status
    ), truth.filter(mine)


def test_an_engine_that_knows_the_answers_has_everything_right(folder: Path) -> None:
    ledger = ledgers.Ledger(folder)
    truth = pq.read_table(folder / "hidden" / "truth.parquet")
    tally, asked = ledgers.Tally(ledger), 0
    for items, payments, _, past in ledger.days():
        assert past["value_date"].to_pylist()[-1:] < payments["value_date"].to_pylist()
        tally.add(payments, items, knows(payments, truth))
        asked += 1
    assert asked > 100
    assert tally.counts["right"] == tally.counts["payments"] == len(ledger.truth)
    assert tally.counts["hard"] == tally.counts["hard_right"] > 50


def test_one_item_too_few_is_wrong(folder: Path) -> None:
    ledger = ledgers.Ledger(folder)
    truth = pq.read_table(folder / "hidden" / "truth.parquet")
    tally = ledgers.Tally(ledger)
    items, payments, *_ = next(ledger.days())
    decisions, lines = knows(payments, truth)
    tally.add(payments, items, (decisions, lines.slice(1)))
    assert tally.counts["wrong"] == 1


def test_an_item_given_to_two_payments_of_a_day_is_wrong_once(folder: Path) -> None:
    ledger = ledgers.Ledger(folder)
    truth = pq.read_table(folder / "hidden" / "truth.parquet")
    days = ((p, i) for i, p, *_ in ledger.days() if p.num_rows > 1)
    payments, items = next(days)
    decisions, lines = knows(payments, truth)
    first, second = payments["payment_id"].to_pylist()[:2]
    twice = lines.filter(pc.equal(lines["payment_id"], first))
    column = [second] * twice.num_rows
    twice = twice.set_column(0, "payment_id", pa.array(column, pa.string()))
    others = lines.filter(pc.not_equal(lines["payment_id"], second))
    ledger.truth[second] = ledger.truth[first]
    tally = ledgers.Tally(ledger)
    tally.add(payments, items, (decisions, pa.concat_tables([others, twice])))
    assert tally.counts["wrong"] == 1
    assert tally.counts["right"] == payments.num_rows - 1
