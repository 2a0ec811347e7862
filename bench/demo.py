"""Show the product: a generated group, its first day cleared, the books exported.

    python bench/demo.py --folder demo --size month --seed 1

Each command is printed before it runs, to be tried again by hand.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from alloc.demo import read_truth, score
from alloc.store import open_ledger

BIN = Path(sys.executable).parent
#: Exit codes of `alloc` that are no failure: all cleared, some for review.
FINE = (0, 3)


def show(*words: str | Path, program: str = "alloc") -> None:
    """Print a command, run it, stop the demo when it fails."""
    line = [program, *map(str, words)]
    print(f"\n$ {' '.join(line)}", flush=True)
    start = [BIN / "alloc"] if program == "alloc" else [sys.executable]
    code = subprocess.run([*start, *map(str, words)], check=False).returncode
    if code not in FINE:
        sys.exit(code)


def main() -> None:
    """Write the group, clear its first day, and hold it against the truth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("demo"))
    parser.add_argument("--size", default="month")
    parser.add_argument("--seed", default="1")
    chosen = parser.parse_args()
    folder: Path = chosen.folder
    if folder.exists():
        if not (folder / "truth").is_dir():
            sys.exit(f"{folder} is no demo: name another folder (make demo DEMO=...)")
        shutil.rmtree(folder)
    sizes = ["--size", chosen.size, "--seed", chosen.seed]
    show("-m", "alloc.demo", folder, *sizes, program="python")
    show("init", folder, "--quiet")
    later = set_later_days_aside(folder)
    show("-C", folder, "run")
    show("-C", folder, "verify")
    show("-C", folder, "export", "fec", "--entity", "D01", "-o", folder / "exports")
    say_truth(folder)
    print(
        f"\nThe other days wait in {later}: move the files of one to {folder / 'inbox'}"
        f"\nand run: .venv/bin/alloc -C {folder} run"
    )


def set_later_days_aside(folder: Path) -> Path:
    """Leave only the first day's files in the inbox."""
    later = folder / "later"
    later.mkdir()
    files = sorted((folder / "inbox").iterdir())
    first_day = files[0].name[:10]
    for path in files:
        if not path.name.startswith(first_day):
            path.rename(later / path.name)
    return later


def say_truth(folder: Path) -> None:
    """Hold what was posted against what the generator knows."""
    with open_ledger(str(folder / "ledger.db"), write=False) as ledger:
        posted = ledger.journal().allocations
    total = score(posted, read_truth(folder / "truth"))[-1]
    print(
        "\nHeld against the truth of the generator:"
        f" {total.correct + total.wrong} payments posted automatically,"
        f" {total.correct} right, {total.wrong} wrong."
    )


if __name__ == "__main__":
    main()
