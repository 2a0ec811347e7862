"""Rates on real ledgers with synthetic texts: the matrix of the judge, as one table.

make judge                                     # the whole matrix, half an hour
python bench/judge.py --ledger gla --text full --seed 1 --seed 2

The judge (`python -m judge`, a folder beside this one unless `--judge` names another)
builds each scenario, replays it through `bench/judge_engine.py` and scores it. The
table goes to `bench/record/judge.md`, every figure behind it to `judge.csv` beside it.
"""

from __future__ import annotations

import csv
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from processes import BIN, ROOT, commit, compiler, machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

SHARED = Path(os.environ.get("ALLOC_SHARED", str(ROOT.parent / "shared")))
RECORD = ROOT / "bench" / "record"
ENGINE = "bench.judge_engine:propose"
LEDGERS = ("gla", "troy", "salford")
#: Ledgers whose misses nobody looked at; first seed only.
UNSEEN = ("calderdale", "ibm_ar")
#: Another noise model than the judge's own: other words, habits and rates, more slips.
OTHER_NOISE = Path(__file__).with_name("judge_noise.py")
TEXTS = ("none", "scant", "partial", "full", "advice")
STRATA = ("total", "hard", "k100")
#: The documented rules that are wrong least often; beside ours in the table.
SAFEST = "business_central"
#: The error budget, unless a row says another.
STANDARD_PPM = 100
#: Lower ends of the confidence bins, ppm.
BINS = (999_900, 999_000, 990_000, 900_000, 500_000, 0)


COLUMNS = ("scenario", "seeds", "payments", "total", "hard", "k >= 100")
COLUMNS += ("payments/s", "slowest call", "safest documented: total", "hard")
BIN_COLUMNS = ("confidence from, ppm", "decisions", "of payments", "wrong")
BIN_COLUMNS += ("of payments", "wrong, ppm", "stated at most, ppm")
BIN_COLUMNS += ("95 % lower bound, ppm", "as if independent", "")
BIN_COLUMNS += ("calibrated, ppm", "")
BIN_HEAD = """
## Is the confidence true?

The rows above ask about the same payments again and again, with other names in their
texts and other decoys: one that misleads does so in several rows. Lower bounds are
those of Clopper and Pearson for as many independent decisions as the spread between
payments is worth (Korn and Graubard 1998), against the mean of what was stated in the
bin; beside them those for decisions that had nothing in common. A row that differs from
another one by its budget alone is not counted. `calibrated`: what was stated to be
wrong, times (wrong + 1) / (stated + 1) of all other ledgers where that is above one, as
`alloc.calibration` lowers it; no ledger is used for its own.
"""
HEAD = """# Rates on real ledgers with synthetic texts

Written by `make judge`. Correct automatic decisions in % of the payments / wrong ones
in ppm of the automatic decisions; mean of the seeds, wrong ones pooled; policy
`amount_only = true`, every kind of deduction booked alone, `max_wrong_ppm = 100` unless
said. `calderdale` and `ibm_ar` are ledgers that nobody looked at while the engine was
built; `other noise` is a model with other words, habits and rates, and more slips
(`bench/judge_noise.py`). The texts are synthetic (a noise model written before any
engine): only the rows without text speak of the field.
`hard`: at least 2 items, leaves items open, more than 22 open. Beside it the documented
rules that are wrong least often, seed 1.
"""


class Scenario(NamedTuple):
    """One question to the engine: a ledger, what is known, and what is permitted."""

    ledger: str
    text: str
    payer: str = "known"
    deductions: str = "none"
    pool: str = ""
    history: bool = False
    max_wrong_ppm: int = STANDARD_PPM
    other_noise: bool = False

    @property
    def title(self) -> str:
        """A row's name in the table."""
        parts = [f"{self.ledger} {self.text}"]
        parts += [f"payer {self.payer}"] * (self.payer != "known")
        parts += [f"deductions {self.deductions}"] * (self.deductions != "none")
        parts += [f"pool {self.pool}"] * bool(self.pool)
        parts += ["with history"] * self.history
        parts += ["other noise"] * self.other_noise
        parts += [f"at {self.max_wrong_ppm} ppm"] * (self.max_wrong_ppm != STANDARD_PPM)
        return ", ".join(parts)


def matrix(ledgers: Sequence[str], texts: Sequence[str]) -> list[Scenario]:
    """List the standard matrix, and rows with another budget, pool or deductions."""
    more = [
        Scenario("gla", "none", max_wrong_ppm=300),
        Scenario("gla", "none", max_wrong_ppm=1_000),
        Scenario("gla", "none", pool="w30j"),
        Scenario("gla", "none", pool="w30j", history=True),
        Scenario("troy", "none", max_wrong_ppm=500),
        Scenario("gla", "full", deductions="mixed"),
        *(
            Scenario(ledger, text, other_noise=True)
            for ledger in ("gla", "troy")
            for text in ("partial", "full", "advice")
        ),
        Scenario("gla", "full", deductions="mixed", other_noise=True),
        Scenario("gla", "advice", deductions="mixed", other_noise=True),
    ]
    known, unknown = (
        [Scenario(ledger, text, payer) for ledger in ledgers for text in texts]
        for payer in ("known", "unknown")
    )
    more = [row for row in more if row.ledger in ledgers and row.text in texts]
    return known + more + unknown


def seeds_of(scenario: Scenario, seeds: Sequence[int]) -> Sequence[int]:
    """Without texts and with a known payer the seeds ask the same question.

    What only shows that nothing depends on one ledger or model has one seed too.
    """
    same = scenario.text == "none" and scenario.payer == "known"
    same = same and scenario.deductions == "none"
    once = same or scenario.ledger in UNSEEN or scenario.other_noise
    return seeds[:1] if once else seeds


SCORE = """
import json, sys
from pathlib import Path
import numpy as np
from judge.score import judge, score
scenario, run, bins = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
answers = judge(scenario, run)
offered = (answers["status"] != "none") & answers["proposed"]
asked = {name: answers[name][offered] for name in ("row", "confidence", "correct")}
out, high = [], 1_000_001
for low in bins:
    inside = (asked["confidence"] >= low) & (asked["confidence"] < high)
    stated = int((1_000_000 - asked["confidence"][inside]).sum())
    sets = (inside, inside & ~asked["correct"])
    out.append([low, stated, *(asked["row"][within].tolist() for within in sets)])
    high = low
print(json.dumps({**score(scenario, run), "bins": out}))
"""


def measure(
    scenario: Scenario, seed: int, judge: Path, folder: Path
) -> dict[str, object]:
    """Build, replay and score one scenario, unless its result is in the folder.

    Only the result stays there.
    """
    here = folder / f"{'-'.join(str(part) for part in scenario if part)}-{seed}"
    kept = here.with_suffix(".json")
    if kept.is_file():
        return json.loads(kept.read_bytes())
    shutil.rmtree(here, ignore_errors=True)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(judge)]),
        "ALLOC_MAX_WRONG_PPM": str(scenario.max_wrong_ppm),
        "ALLOC_AMOUNT_ONLY": "1",
        "RAYON_NUM_THREADS": "1",
    }

    def python(*words: object) -> str:
        command = [str(BIN / "python"), *(str(word) for word in words)]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise click.ClickException(f"{scenario.title}, seed {seed}: {done.stderr}")
        return done.stdout

    build = ["-m", "judge", "build", scenario.ledger, "--text", scenario.text]
    build += ["--payer", scenario.payer, "--deductions", scenario.deductions]
    build += ["--pool", scenario.pool, "--seed", seed, "--out", here / "scenario"]
    python(*build, *(["--profile", OTHER_NOISE] if scenario.other_noise else []))
    drive = ["-m", "judge", "drive", here / "scenario", "--engine", ENGINE]
    python(*drive, "--out", here / "run", *(["--history"] * scenario.history))
    scored = python("-c", SCORE, here / "scenario", here / "run", json.dumps(BINS))
    shutil.rmtree(here)
    kept.with_suffix(".part").write_text(scored, encoding="utf-8")
    kept.with_suffix(".part").rename(kept)
    return json.loads(scored)


def baselines(judge: Path) -> dict[tuple[str, str, str, str], str]:
    """Ledger, text, payer, stratum -> `correct / wrong ppm` of the safest rules."""
    found: dict[tuple[str, str, str, str], str] = {}
    payer, column = "known", 0
    for line in (judge / "BASELINES.md").read_text().splitlines():
        if line.startswith("## "):
            payer = "unknown" if "payer unknown" in line else "known"
            column = -1 if "deductions = mixed" in line else 0
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if SAFEST in cells and column >= 0:
            column = cells.index(SAFEST)
        title = re.fullmatch(r"(\w+) (\w+)", cells[0])
        stratum = re.match(r"(\w+) \(\d+\)", cells[1]) if len(cells) > 1 else None
        if title and stratum and column > 0:
            found[title[1], title[2], payer, stratum[1]] = cells[column]
    return found


def row(*cells: object) -> str:
    """Lay out a row of a table."""
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


class Figures(NamedTuple):
    """A stratum over the seeds: mean of the rates, wrong ones pooled."""

    payments: int
    correct: float
    auto: int
    wrong: int

    def __str__(self) -> str:
        """As in the table: per cent correct / wrong ppm."""
        if not self.payments:
            return "-"
        ppm = f"{1_000_000 * self.wrong / self.auto:.0f}" if self.auto else "-"
        return f"{100 * self.correct:.1f} / {ppm}"


def pooled(results: Iterable[dict], stratum: str) -> Figures:
    """One stratum of one scenario over its seeds."""
    rows = [result["strata"][stratum] for result in results]
    rows = [row for row in rows if row["payments"]]
    rates = [row["correct_auto"] for row in rows]
    return Figures(
        payments=sum(row["payments"] for row in rows),
        correct=sum(rates) / len(rates) if rates else 0.0,
        auto=sum(round(row["auto"] * row["payments"]) for row in rows),
        wrong=sum(row["wrong_auto"] for row in rows),
    )


def table(
    results: dict[Scenario, dict[int, dict]], safest: dict[tuple[str, ...], str]
) -> Iterable[str]:
    """Lay out the matrix, a row per scenario."""
    yield row(*COLUMNS)
    yield row(*["---"] * len(COLUMNS))
    for scenario, by_seed in results.items():
        all_seeds = list(by_seed.values())
        figures = [pooled(all_seeds, stratum) for stratum in STRATA]
        runs = [result["run"] for result in all_seeds]
        rate = min(run["payments_per_second"] for run in runs)
        slowest = max(run["slowest_call_seconds"] for run in runs)
        plain = scenario.deductions == "none" and not scenario.pool
        plain = plain and not scenario.other_noise
        key = (scenario.ledger, scenario.text, scenario.payer)
        beside = [safest.get((*key, s), "") if plain else "" for s in STRATA[:2]]
        cells = [scenario.title, len(by_seed), figures[0].payments, *figures]
        cells += [f"{rate:.0f}", f"{1000 * slowest:.0f} ms", *beside]
        yield row(*cells)


class Bin:
    """What was stated within a range of confidence, and what came of it."""

    def __init__(self) -> None:
        self.stated: Counter[str] = Counter()
        self.asked: Counter[tuple[str, int]] = Counter()
        self.wrong: Counter[tuple[str, int]] = Counter()

    def add(
        self, ledger: str, stated: int, asked: Iterable[int], wrong: Iterable[int]
    ) -> None:
        """Add a run on a ledger: ppm stated to be wrong, payments, wrong ones."""
        self.stated[ledger] += stated
        self.asked.update((ledger, payment) for payment in asked)
        self.wrong.update((ledger, payment) for payment in wrong)

    @property
    def independent(self) -> float:
        """As many independent decisions would tell as much about the wrong share."""
        count = self.asked.total()
        share = self.wrong.total() / count
        spread = sum(
            (self.wrong[payment] - share * times) ** 2
            for payment, times in self.asked.items()
        )
        alone = count * share * (1 - share)
        return count * min(1.0, alone / spread) if spread else float(count)

    @property
    def calibrated(self) -> float:
        """What is stated once the other ledgers have calibrated each."""
        wrong: Counter[str] = Counter()
        for (ledger, _), times in self.wrong.items():
            wrong[ledger] += times
        total = 0.0
        for ledger, stated in self.stated.items():
            others = (self.stated.total() - stated) / 1_000_000
            ratio = (wrong.total() - wrong[ledger] + 1) / (others + 1)
            total += stated * max(1.0, ratio)
        return total

    def row(self, low: int, upper_bound: Callable[[float, float], float]) -> str:
        """Lay out its row; it holds unless more was surely wrong than was stated."""
        count, wrong = self.asked.total(), self.wrong.total()
        share = wrong / count
        least, alone = (
            1_000_000 * (1 - upper_bound((1 - share) * decisions, decisions))
            for decisions in (self.independent, count)
        )
        means = (self.stated.total() / count, self.calibrated / count)
        stated, calibrated = (
            (round(mean), "holds" if least <= mean else "FAILS") for mean in means
        )
        counts = (count, len(self.asked), wrong, len(self.wrong))
        found = (round(1_000_000 * share), stated[0], round(least), round(alone))
        return row(low, *counts, *found, stated[1], *calibrated)


def bins(results: dict[Scenario, dict[int, dict]], judge: Path) -> Iterable[str]:
    """Hold what was stated against what was right, wherever there is a proposal."""
    sys.path.insert(0, str(judge))
    upper_bound = importlib.import_module("judge.score").upper_bound
    found: dict[int, Bin] = defaultdict(Bin)
    for scenario, by_seed in results.items():
        if scenario.max_wrong_ppm != STANDARD_PPM:
            continue
        for result in by_seed.values():
            for low, stated, asked, wrong in result["bins"]:
                found[low].add(scenario.ledger, stated, asked, wrong)
    yield row(*BIN_COLUMNS)
    yield row(*["---"] * len(BIN_COLUMNS))
    for low, one in sorted(found.items(), reverse=True):
        if one.asked:
            yield one.row(low, upper_bound)


def write(results: dict[Scenario, dict[int, dict]], judge: Path, out: Path) -> None:
    """Write the table, and beside it a row per scenario, seed and stratum."""
    where = f"{machine()}, {compiler()}, commit {commit()}"
    head = [HEAD, f"{where}; one thread, two replays side by side.", ""]
    between = [BIN_HEAD, *bins(results, judge)]
    lines = [*head, *table(results, baselines(judge)), *between]
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with out.with_suffix(".csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        figures = (
            "payments",
            "auto",
            "correct_auto",
            "wrong_auto",
            "review_correct_top",
        )
        writer.writerow(("scenario", "seed", "stratum", *figures))
        for scenario, by_seed in results.items():
            for seed, result in by_seed.items():
                for stratum, row in result["strata"].items():
                    values = [row[figure] for figure in figures]
                    writer.writerow((scenario.title, seed, stratum, *values))


@click.command()
@click.option("--judge", type=click.Path(path_type=Path), default=SHARED / "judge")
@click.option("--ledger", "ledgers", multiple=True, default=LEDGERS + UNSEEN)
@click.option("--text", "texts", multiple=True, default=TEXTS)
@click.option("--seed", "seeds", type=int, multiple=True, default=(1, 2, 3, 4, 5))
@click.option("--out", type=click.Path(path_type=Path), default=RECORD / "judge.md")
@click.option("--jobs", type=int, default=2, help="Replays side by side.")
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    help="Folder that keeps what was measured: a run that was stopped goes on there.",
)
def main(
    *,
    judge: Path,
    ledgers: tuple[str, ...],
    texts: tuple[str, ...],
    seeds: tuple[int, ...],
    out: Path,
    jobs: int,
    results: Path | None,
) -> None:
    """Run the matrix of the judge."""
    if not (judge / "judge").is_dir():
        raise click.ClickException(
            f"{judge} holds no judge: name its folder by --judge"
        )
    answers: dict[Scenario, dict[int, dict]] = {}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        here = results or Path(folder)
        here.mkdir(parents=True, exist_ok=True)
        asked = {
            (scenario, seed): pool.submit(measure, scenario, seed, judge, here)
            for scenario in matrix(ledgers, texts)
            for seed in seeds_of(scenario, seeds)
        }
        try:
            for (scenario, seed), answer in asked.items():
                result = answer.result()
                answers.setdefault(scenario, {})[seed] = result
                told = pooled([result], "total")
                click.echo(f"{scenario.title}, seed {seed}: {told}")
        finally:
            # A replay that fails is told at once, not when all the others are done.
            pool.shutdown(cancel_futures=True)
    write(answers, judge, out)
    click.echo(out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
