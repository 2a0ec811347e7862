"""`alloc replay`: how good decisions would have been, before anyone relies on them."""

from __future__ import annotations

import datetime as dt
import json
import re
import warnings
from collections import Counter
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from day import Credit, statement, write_day

from alloc.app.replay import Follow, Replay
from alloc.app.replay.curve import most_within, risk_curve
from alloc.app.replay.days import OUTCOMES, Trial
from alloc.cli.render import View
from alloc.cli.replay_charts import bars, over_time
from alloc.cli.replay_report import replay_page
from alloc.cli.replaying import VERDICTS, replay_sections
from alloc.export.fec import COLUMNS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def cleared(workspace: Path, alloc, tmp_path: Path) -> Path:
    files = tmp_path / "files"
    files.mkdir()
    assert alloc("-C", workspace, "import", *write_day(files)).code == 0
    alloc("-C", workspace, "clear")
    return workspace


def test_what_was_cleared_is_decided_again_and_compared(cleared: Path, alloc):
    document = alloc("-C", cleared, "replay", "--json").document
    total = document["total"]
    assert total["payments"] == total["right"] > 0
    assert (total["wrong"], total["wrong_ppm"]) == (0, 0)
    assert document["unconfirmed"] == total["payments"]
    again = alloc("-C", cleared, "replay", "--json").document
    assert again == document, "equal inputs give equal bytes"


def test_every_decision_is_written_where_it_is_asked_for(
    cleared: Path, alloc, tmp_path: Path
):
    out = tmp_path / "replayed"
    words = ("--minutes-per-line", "1.5", "--out", out)
    document = alloc("-C", cleared, "replay", "--json", *words).document
    assert json.loads((out / "replay.json").read_text()) == document
    rows = pq.read_table(out / "payments.parquet").to_pylist()
    assert len(rows) == document["total"]["payments"]
    lines = document["total"]["lines_cleared"]
    assert document["minutes_saved"] == lines * 3 // 2


def test_people_read_rates_reasons_and_that_it_was_the_machine(cleared: Path, alloc):
    text = alloc("-C", cleared, "replay").stdout
    assert "decided again; nothing was written." in text
    assert "Automatic, as it was cleared" in text
    assert "the comparison is with itself" in text


def test_days_without_a_cleared_payment_say_so(cleared: Path, alloc):
    shown = alloc("-C", cleared, "replay", "--since", "2031-01-01")
    assert (shown.code, "nothing to compare" in shown.stdout) == (0, True)


def test_a_file_of_nobody_is_refused(cleared: Path, alloc, tmp_path: Path):
    books = tmp_path / "732829320FEC20261231.txt"
    books.write_text("no columns\n")
    shown = alloc("-C", cleared, "replay", "--fec", books)
    assert shown.code == 65
    assert "alloc fec check" in shown.stderr


def test_the_page_stands_alone_and_shows_what_was_found(
    cleared: Path, alloc, tmp_path: Path
):
    page = tmp_path / "replay.html"
    assert alloc("-C", cleared, "replay", "--report", page).code == 0
    text = page.read_text(encoding="utf-8")
    assert "decided again; nothing was written." in text
    assert "payments that can be compared: cleared without a person" in text
    assert text.count("<svg") >= 3
    first, rest = text.split("</figure>", 1)
    assert "How far payments come" in first, "the first page says what matters"
    assert "Risk and coverage" in rest
    assert not re.search(r"(src|href)=.?https?:", text), "no network is needed"
    assert "<script" not in text
    alloc("-C", cleared, "replay", "--report", page)
    assert page.read_text(encoding="utf-8") == text, "equal inputs give equal bytes"


def test_an_auditor_can_redo_each_number_from_the_files(
    cleared: Path, alloc, tmp_path: Path
):
    out = tmp_path / "replayed"
    document = alloc("-C", cleared, "replay", "--json", "--out", out).document
    rows = pq.read_table(out / "payments.parquet").to_pylist()

    def redone(rows: list[dict[str, object]]) -> dict[str, object]:
        verdicts = Counter(row["verdict"] for row in rows)
        cleared = [row for row in rows if row["verdict"] in {"right", "wrong"}]
        lines_right = sum(row["lines_right"] for row in cleared)
        return {
            "payments": len(rows),
            **{name: verdicts[name] for name in ("right", "wrong", "proposed", "left")},
            "lines": sum(row["lines"] for row in rows),
            "lines_cleared": lines_right,
            "lines_wrong": sum(row["lines_told"] for row in cleared) - lines_right,
        }

    total = document["total"]
    assert redone(rows) == {name: total[name] for name in redone(rows)}
    for dimension in ("entity", "customer_type", "stratum", "value_date"):
        for rate in document[f"by_{dimension}"]:
            mine = [row for row in rows if str(row[dimension] or "") == rate["name"]]
            assert redone(mine) == {name: rate[name] for name in redone(mine)}
    interval = document["right_of_all"]
    assert (interval["part"], interval["whole"]) == (total["right"], len(rows))
    assert interval["payers"] == len({row["customer_id"] for row in rows})
    assert document["risk_curve"][-1]["payments"] == sum(
        bool(row["lines_told"]) for row in rows
    )
    assert sum(week["payments"] for week in document["drift"]) == len(rows)


def outcome(number: int, verdict: str, **said: object) -> dict[str, object]:
    return {
        "payment_id": f"P{number}",
        "entity": "E1",
        "value_date": dt.date(2026, 3, 1 + number),
        "currency": "EUR",
        "amount_minor": 100,
        "payer": None,
        "stratum": "one_item",
        "verdict": verdict,
        "reason": "AMOUNT_LESS",
        "confidence_ppm": 999_000 - number,
        "lines": 1,
        "lines_told": 1,
        "lines_right": int(verdict in {"right", "proposed"}),
        "deducted_minor": 0,
        "decided_by": "ada",
        **said,
    }


def test_what_banks_wrote_is_text_in_the_page():
    hostile = '<script>alert("$1$")</script>{{ 7 * 7 }}'
    rows = [outcome(1, "right"), outcome(2, "wrong", payer=hostile)]
    rows.append(outcome(3, "left", payer=hostile))
    table = pa.Table.from_pylist(rows, OUTCOMES)
    page = replay_page(View("fr"), Replay(Follow.TRUTH, table, 0, (), ()), 1.5)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "{{ 7 * 7 }}" in page
    assert "décidés à nouveau" in page


def test_the_curve_counts_what_a_threshold_would_have_cleared():
    verdicts = ["right", "proposed", "wrong", "left", "right"]
    rows = [outcome(at, verdict) for at, verdict in enumerate(verdicts)]
    rows[4]["confidence_ppm"] = None
    rows.append(outcome(6, "left", lines_told=0))
    curve = risk_curve(pa.Table.from_pylist(rows, OUTCOMES))
    assert [(point.payments, point.wrong) for point in curve] == [
        *((1, 0), (2, 0), (3, 0)),
        *((4, 1), (5, 2)),
    ]
    assert most_within(curve, 0) == curve[2]
    assert most_within(curve, 250_000) == curve[3]
    assert most_within(curve[4:], 1) is None


def test_bars_say_how_many_and_long_reasons_are_not_cut():
    reason = "several sets of items make up the amount, none is surer than the others"
    drawn = bars([(reason, 1_234), ("other", 66)], View("fr"), whole=1_300)
    assert "1\u202f234 (94,9" in drawn
    assert "none is surer than the others" in " ".join(drawn.split())


def test_weeks_are_named_by_their_mondays():
    table = pa.Table.from_pylist([outcome(3, "right")], OUTCOMES)
    labels = dict.fromkeys(VERDICTS, "right")
    assert ">02/03/2026</text>" in over_time(table, labels, View("en"))


def test_what_many_payers_would_gain_is_added_up():
    rows = [outcome(at % 20, "right") for at in range(3_000)]
    trials = [
        Trial("payer", "", payer, f"P{at}", is_right=True)
        for at, payer in enumerate(["NEMO"] * 5 + ["ANNA"])
    ]
    trials.append(Trial("rule", "fee@1", "NEMO", "P9", is_right=False))
    trials += [Trial("rule", "fee@1", "NEMO", f"P{at}", is_right=True) for at in (7, 8)]
    table = pa.Table.from_pylist(rows, OUTCOMES)
    found = Replay(Follow.TRUTH, table, 0, (), tuple(trials))
    gains = replay_sections(View("en"), found, None)[-1]
    assert gains.rows == (
        ("knowing 2 payers, first of all", "6", "0.2 %", "0"),
        ("· NEMO", "5", "0.1 %", "0"),
        ("· ANNA", "1", "< 0.1 %", "0"),
        ("activating rule fee@1 for NEMO", "3", "< 0.1 %", "1"),
    )


def test_no_name_breaks_a_plot():
    names = ("$\\frac{$", "株式会社", "N" * 300, "TWIN", "TWIN")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = bars([(name, 3) for name in names], View("en"))
    assert drawn.count(">TWIN</text>") == 2
    assert ">$\\frac{$</text>" in drawn
    assert ">株式会社</text>" in drawn


def test_what_cannot_be_compared_is_named_even_when_nothing_else_is_left(
    cleared: Path, alloc, tmp_path: Path
):
    books = written(tmp_path, "A1", "77,00")
    shown = alloc("-C", cleared, "replay", "--fec", books)
    assert "nothing to compare" in shown.stdout
    assert "[RECEIPT_NOT_FOUND]" in shown.stdout


def test_files_of_one_name_are_two_and_a_file_given_twice_is_one(
    cleared: Path, alloc, tmp_path: Path
):
    (tmp_path / "other").mkdir()
    one = written(tmp_path, "A1", "1200,00")
    other = written(tmp_path / "other", "A2", "80,00")
    words = ("--fec", one, "--fec", other, "--fec", one, "--json")
    document = alloc("-C", cleared, "replay", *words).document
    assert document["total"]["payments"] == 2
    assert document["findings"] == []


@pytest.mark.parametrize(
    "words",
    [
        ("--since", "2026-04-01", "--until", "2026-03-01"),
        ("--minutes-per-line", "nan"),
        ("--minutes-per-line", "inf"),
    ],
)
def test_days_and_minutes_that_mean_nothing_are_refused(
    cleared: Path, alloc, words: tuple[str, ...]
):
    assert alloc("-C", cleared, "replay", *words).code == 2


def written(folder: Path, piece: str, amount: str) -> Path:
    """Write the books of an item and of its payment, both of the day's entry 1."""
    lines = ["|".join(COLUMNS)]
    for journal, account, party, debit in (
        ("VT", "411000", "C1", True),
        ("VT", "706000", "", False),
        ("BQ", "512000", "", True),
        ("BQ", "411000", "C1", False),
    ):
        sides = (amount, "0,00") if debit else ("0,00", amount)
        letter = ("A", "20260331") if party else ("", "")
        entry = (journal, journal, "1", "20260331", account, "Compte", party, party)
        cells = (*entry, piece, "20260331", "Libelle", *sides, *letter, "20260331", "")
        lines.append("|".join((*cells, "")))
    path = folder / "books.txt"
    path.write_text("\r\n".join(lines), encoding="ascii")
    return path


def test_one_wrong_of_many_is_more_than_no_per_cent():
    rows = [outcome(at % 20, "right" if at else "wrong") for at in range(2_000)]
    found = Replay(Follow.TRUTH, pa.Table.from_pylist(rows, OUTCOMES), 0, (), ())
    (verdicts, *rest) = replay_sections(View("en"), found, None)[1:]
    assert [row[2] for row in verdicts.rows] == ["99.9 %", "0.1 %", "0.0 %", "0.0 %"]
    assert rest[0].rows[0][2:] == ("99.9 %", "0.1 %", "0.0 %", "0.0 %")


GENERIC = (
    "entity,customer_id,currency,item_id,issue_date,cleared_amount,payment_date\n"
    "{entity},C1,EUR,A1,2026-03-31,1200.00,2026-03-31\n"
)


def exported(folder: Path, workspace: Path) -> Path:
    """Write an export with our own column names, of the workspace's only entity."""
    text = (workspace / "alloc.toml").read_text(encoding="utf-8")
    (entity,) = re.findall(r'\[\[entity\]\]\nid = "(.+?)"', text)
    path = folder / "cleared.csv"
    path.write_text(GENERIC.format(entity=entity), encoding="utf-8")
    return path


def test_an_export_of_clearings_is_compared_with(cleared: Path, alloc, tmp_path: Path):
    path = exported(tmp_path, cleared)
    document = alloc("-C", cleared, "replay", "--books", path, "--json").document
    assert document["total"]["payments"] == 1
    codes = [finding["code"] for finding in document["findings"]]
    assert codes == ["CLEARED_AGAINST_REFERENCES"], "the payer names another item"
    other = written(tmp_path, "A1", "1200,00")
    mixed = alloc("-C", cleared, "replay", "--books", path, "--fec", other)
    assert (mixed.code, "BOOKS_MIXED" in mixed.stderr) == (65, True)


def test_an_export_of_clearings_is_not_imported(cleared: Path, alloc, tmp_path: Path):
    path = exported(tmp_path, cleared)
    shown = alloc("-C", cleared, "import", path)
    assert shown.code == 65
    assert "alloc replay --books cleared.csv" in shown.stderr
    checked = alloc("-C", cleared, "profile", "check", path)
    assert (checked.code, "alloc replay --books FILE" in checked.stdout) == (0, True)


@pytest.fixture
def two_days(cleared: Path, alloc, tmp_path: Path) -> Path:
    paid = Credit("B9", "500.00", "LEROY TRANSPORTS", "REGLEMENT FA2603-0004")
    later = tmp_path / "later.xml"
    later.write_text(statement(paid, day="2026-04-01"), encoding="utf-8")
    assert alloc("-C", cleared, "import", later).code == 0
    alloc("-C", cleared, "clear")
    return cleared


def test_a_back_test_shows_the_stages_side_by_side(
    two_days: Path, alloc, tmp_path: Path
):
    out, page = tmp_path / "tested", tmp_path / "backtest.html"
    words = ("--test-since", "2026-04-01", "--wanted-wrong-ppm", "500")
    shown = alloc("-C", two_days, "backtest", *words, "--out", out, "--report", page)
    assert shown.code == 0
    assert "From zero knowledge" in shown.stdout
    document = json.loads((out / "backtest.json").read_text())
    assert document["wanted_wrong_ppm"] == 500
    stage = document["stages"][0]
    rows = pq.read_table(out / "payments.parquet").to_pylist()
    mine = [row for row in rows if row["stage"] == "zero" and row["is_test"]]
    assert len(mine) == stage["test"]["payments"] > 0
    right = sum(row["verdict"] == "right" for row in mine)
    assert stage["sureness"]["right_of_all"]["part"] == right
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") >= 3
    assert "with 95 % certainty not more than" in text
    alloc("-C", two_days, "backtest", *words, "--report", page)
    assert page.read_text(encoding="utf-8") == text, "equal inputs give equal bytes"


def test_a_rule_of_the_workspace_is_tried_and_those_of_the_library_when_asked(
    two_days: Path, alloc
):
    words = ("backtest", "--json", "--test-since", "2026-04-01")
    own = alloc("-C", two_days, *words).document
    assert alloc("-C", two_days, *words, "--library").document == own, (
        "none of them fits"
    )


def test_a_back_test_without_days_before_says_what_to_do(two_days: Path, alloc):
    shown = alloc("-C", two_days, "backtest", "--test-since", "2020-01-01")
    assert shown.code == 65
    assert "choose another first test day" in shown.stderr
