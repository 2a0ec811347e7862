"""Independent programs that judge our files; a missing one fails, it never skips."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def installed(program: str, *, package: str) -> str:
    """Path of a program beside this Python or on PATH."""
    beside = Path(sys.executable).parent / program
    found = str(beside) if beside.is_file() else shutil.which(program)
    if found is None:
        pytest.fail(
            f"{program} is missing; as root: apt-get update && "
            f"apt-get install -y {package}"
        )
    return found


def run(*command: str) -> tuple[int, str]:
    """Exit code and everything that was printed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def bean_check(data: bytes, folder: Path) -> list[str]:
    path = folder / "journal.beancount"
    path.write_bytes(data)
    code, printed = run(installed("bean-check", package="beancount"), str(path))
    return [printed] if code else []


def hledger_check(data: bytes, folder: Path) -> list[str]:
    path = folder / "journal.journal"
    path.write_bytes(data)
    program = installed("hledger", package="hledger")
    code, printed = run(program, "-f", str(path), "check", "--strict")
    return [printed] if code else []


def ledger_check(data: bytes, folder: Path) -> list[str]:
    path = folder / "journal.ledger"
    path.write_bytes(data)
    program = installed("ledger", package="ledger")
    code, printed = run(
        program, "--args-only", "--pedantic", "-f", str(path), "balance"
    )
    return [printed] if code else []


#: Runs the AGPL checker in a process of its own, as a user would run a program.
CHECK_FEC = """
import json, pathlib, sys
from accounting_fr.fec_check import check_fec
path = pathlib.Path(sys.argv[1])
report = check_fec(path.read_bytes(), path.name)
print(json.dumps({"errors": report.errors, "warnings": report.warnings}))
"""


def fec_check(data: bytes, folder: Path, name: str) -> dict[str, list[str]]:
    """Errors and warnings of `accounting_fr.fec_check`."""
    path = folder / name
    path.write_bytes(data)
    code, printed = run(sys.executable, "-c", CHECK_FEC, str(path))
    if code:
        pytest.fail(
            "the FEC checker is missing: pip install --no-deps --require-hashes "
            f"-r requirements/judges.txt\n{printed}"
        )
    report: dict[str, list[str]] = json.loads(printed)
    return report


#: A second reader in a process of its own: totals of what it understood.
READ_FEC = """
import io, json, pathlib, sys
from fec_parser.errors import BadFECFileError
from fec_parser.parser import FECParser
path = pathlib.Path(sys.argv[1])
try:
    lines = list(FECParser.from_bytesio(io.BytesIO(path.read_bytes())).get_ecritures())
except (BadFECFileError, ArithmeticError) as error:
    sys.exit(f"refused: {error}")
print(json.dumps([len(lines), str(sum(l.debit for l in lines)),
    str(sum(l.credit for l in lines))]))
"""


def fec_totals(data: bytes, folder: Path, name: str) -> tuple[int, str, str] | None:
    """Lines, debits and credits as `fec_parser` reads them; None when it refuses."""
    path = folder / name
    path.write_bytes(data)
    code, printed = run(sys.executable, "-c", READ_FEC, str(path))
    if code and "refused" not in printed:
        pytest.fail(
            "fec_parser is missing: pip install --no-deps --require-hashes "
            f"-r requirements/judges.txt\n{printed}"
        )
    if code:
        return None
    count, debit, credit = json.loads(printed)
    return count, debit, credit
