"""Runs one target: ``python tests/fuzz/fuzz_run.py TARGET [--minutes N] [FILE ...]``.

With Atheris where it is installed (coverage guides it), else by mutation of the seeds.
An input that breaks a rule is written to the artifacts and ends the run.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import importlib.util
import os
import resource
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fuzz_mutations import mutated, words_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

CORPUS = Path(__file__).parent / "corpus"
SECONDS_MAX = 5
"""Longest run on one input, of processor time: a busy machine is no finding."""
MEMORY_MAX = 4 << 30
"""Most address space of the process."""


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("target")
    options.add_argument("files", nargs="*", type=Path, help="run these once")
    options.add_argument("--minutes", type=float, default=10)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--corpus", action="append", type=Path, default=[])
    options.add_argument("--artifacts", type=Path, default=Path("fuzz-artifacts"))
    options.add_argument("--tool", choices=("auto", "atheris", "mutate"))
    return options.parse_args()


def _too_slow(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"more than {SECONDS_MAX} s on one input")


def _guarded(
    check: Callable[[bytes], bool], artifacts: Path
) -> Callable[[bytes], None]:
    """Run a target within its limits; what breaks a rule is kept."""

    def run(data: bytes) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS_MAX)
        try:
            check(data)
        except BaseException:
            artifacts.mkdir(parents=True, exist_ok=True)
            name = f"crash-{hashlib.sha256(data).hexdigest()[:16]}"
            (artifacts / name).write_bytes(data)
            print(f"broken by {artifacts / name}", file=sys.stderr, flush=True)
            raise
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    return run


def _mutate(
    run: Callable[[bytes], None], options: argparse.Namespace, seeds: list[bytes]
) -> None:
    words = words_of(seeds)
    for seed in seeds:
        run(seed)
    start, number = time.monotonic(), 0
    while time.monotonic() - start < options.minutes * 60:
        run(mutated(seeds, words, options.seed, number))
        number += 1
    print(
        f"{options.target}: {number} executions in {options.minutes} minutes, "
        f"seed {options.seed}"
    )


def _atheris(
    atheris: Any,
    run: Callable[[bytes], None],
    options: argparse.Namespace,
    folders: list[Path],
) -> None:
    grown = options.artifacts / "corpus"
    grown.mkdir(parents=True, exist_ok=True)
    words = [
        sys.argv[0],
        f"-max_total_time={int(options.minutes * 60)}",
        f"-seed={options.seed}",
        f"-artifact_prefix={options.artifacts}/",
        "-max_len=16384",
        "-rss_limit_mb=2048",
        f"-timeout={SECONDS_MAX * 12}",
        "-print_final_stats=1",
        str(grown),
        *map(str, folders),
    ]
    atheris.Setup(words, run)
    atheris.Fuzz()


def main() -> int:
    """Run; 1 when a rule was broken."""
    options = _options()
    atheris = None
    if options.tool != "mutate" and importlib.util.find_spec("atheris"):
        atheris = importlib.import_module("atheris")
    elif options.tool == "atheris":
        print("atheris is not installed", file=sys.stderr)
        return 2
    if atheris is None:
        targets = importlib.import_module("fuzz_advices").TARGETS
    else:
        with atheris.instrument_imports(include=["alloc.ingest"]):
            targets = importlib.import_module("fuzz_advices").TARGETS
            for name in ("x12", "remadv", "ubl", "lists", "text", "pdf", "prose"):
                importlib.import_module(f"alloc.ingest.remittance.{name}")
    if options.target not in targets:
        print(f"name one target of: {', '.join(targets)}", file=sys.stderr)
        return 2
    warnings.simplefilter("error")
    signal.signal(signal.SIGVTALRM, _too_slow)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    run = _guarded(targets[options.target], options.artifacts)
    folders = options.corpus or [CORPUS / options.target]
    if not options.files and atheris is not None:
        _atheris(atheris, run, options, folders)
        return 0
    seeds = [path.read_bytes() for path in options.files]
    seeds = seeds or [
        path.read_bytes() for folder in folders for path in sorted(folder.iterdir())
    ]
    try:
        if options.files:
            for seed in seeds:
                run(seed)
        else:
            _mutate(run, options, seeds)
    except Exception:  # noqa: BLE001 - whatever it is, it is the finding
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    # Threads of libraries must not outlive a finding.
    code = main()
    sys.stdout.flush()
    os._exit(code)
