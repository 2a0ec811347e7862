"""Time and memory of reading large bank files, ours and the best libraries.

``python bench/bank_files.py [--entries 100000] [--peers INTERPRETER] [--limit 300]``

Writes one file a format (camt.053, MT940, BAI2, OFX of 100,000 entries, CFONB120 of a
million records) and reads each with `alloc` and with every library of the same format
that this interpreter or one given by ``--peers`` has, each in a process of its own. Our
figure is the best of three; the others run once. Memory is that above the imports.

Peers in an environment of their own: ``uv venv PEERS && uv pip install -p PEERS lxml
pycamt camt053 bankstatementparser mt-940 python-cfonb bai2 ofxparse ofxtools``, then
``--peers PEERS/bin/python``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from bank_generator import FORMATS
from bank_peers import PEERS
from processes import peers_of

READER = Path(__file__).with_name("bank_peers.py")
RUNS = 3


def read(
    interpreter: str, reader: str, path: Path, limit: float
) -> dict[str, float] | str:
    """Read a file in a process ended at the limit: figures, or what happened."""
    try:
        done = subprocess.run(
            [interpreter, READER, reader, path],
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"> {limit:g} s"
    if done.returncode:
        return f"failed: {done.stderr.strip().splitlines()[-1][:80]}"
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def line(reader: str, found: dict[str, float] | str, best: float) -> str:
    """One row of the table."""
    if isinstance(found, str):
        return f"| | {reader} | | {found} | | | |"
    return (
        f"| | {reader} | {found['rows']:,.0f} | {found['seconds']:.2f} s | "
        f"{found['cpu']:.2f} s | {found['seconds'] / best:.1f} x | "
        f"{found['mb']:.0f} MB |"
    )


def measure(form: str, path: Path, peers: list[tuple[str, str]], limit: float) -> None:
    """Print ours and every peer of a format."""
    runs = [read(sys.executable, "alloc", path, limit) for _ in range(RUNS)]
    good = [run for run in runs if not isinstance(run, str)]
    print(f"| {form} | {path.stat().st_size / 1e6:.1f} MB | | | | | |")
    if len(good) < RUNS:
        raise SystemExit(f"{form}: {runs}")
    best = min(good, key=lambda run: run["seconds"])
    if best["off"]:
        raise SystemExit(f"{form}: {best['off']:.0f} statements out of balance")
    print(line("alloc", best, best["seconds"]), flush=True)
    for peer, interpreter in peers:
        found = read(interpreter, peer, path, limit)
        print(line(peer, found, best["seconds"]), flush=True)


@click.command()
@click.option("--entries", default=100_000, help="Entries a file; CFONB120: 10 x.")
@click.option("--peers", multiple=True, help="Another interpreter with libraries.")
@click.option("--limit", default=300.0, help="Seconds for one reader.")
@click.option("--only", type=click.Choice(list(FORMATS)), help="One format.")
def main(entries: int, peers: tuple[str, ...], limit: float, only: str | None) -> None:
    """Write, read and print."""
    known = peers_of(READER, (sys.executable, *peers))
    print("| format | reader | rows | wall | CPU | to ours | memory |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for form, lines in FORMATS.items():
            if only not in (None, form):
                continue
            # Some libraries want a name that says what a file is.
            path = Path(folder) / f"bench.{'xml' if form == 'camt.053' else 'txt'}"
            with path.open("w", encoding="ascii", newline="") as file:
                file.writelines(lines(entries))
            there = [pair for pair in known.items() if PEERS[pair[0]][1] == form]
            measure(form, path, there, limit)


if __name__ == "__main__":
    main()
