"""Every reason that an error may have, read from the sources.

``python tests/grpc/reasons.py`` adds those that the protocol lacks at the end of
``error_reason.proto``; ``make proto`` runs it.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROTO = Path("proto/alloc/v1/error_reason.proto")
_VALUE = re.compile(r"(?m)^  ERROR_REASON_([A-Z0-9_]+) = (\d+);$")


def reasons_of_rust(root: Path) -> set[str]:
    """What the `code` methods of the error types return."""
    found: set[str] = set()
    for path in (root / "rust").glob("*/src/**/*.rs"):
        bodies = re.findall(
            r"(?ms)^( *)(?:pub )?fn code\(&self\) -> &'static str \{$(.*?)^\1\}$",
            path.read_text("utf-8"),
        )
        for _, body in bodies:
            found |= set(re.findall(r'"([A-Z][A-Z0-9_]{2,})"', body))
    return found


def reasons_of_python(root: Path) -> set[str]:
    """What is written where an error is made, and the default of each class."""
    found: set[str] = set()
    for folder in ("python/alloc", "server/alloc_server"):
        for path in (root / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                found |= set(_reasons(node))
    return found


def _reasons(node: ast.AST) -> list[str]:
    values: list[ast.expr] = []
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name.endswith("Error"):
            values = [word.value for word in node.keywords if word.arg == "reason"]
    elif isinstance(node, ast.Assign):
        names = [getattr(target, "id", "") for target in node.targets]
        values = [node.value] if "default_reason" in names else []
    constants = [each.value for each in values if isinstance(each, ast.Constant)]
    return [each for each in constants if isinstance(each, str)]


def add_missing(root: Path) -> None:
    """Add the reasons that the protocol lacks, in the order of the alphabet."""
    text = (root / PROTO).read_text("utf-8")
    known = {name: int(number) for name, number in _VALUE.findall(text)}
    lacking = sorted((reasons_of_rust(root) | reasons_of_python(root)) - set(known))
    lines = [
        f"  ERROR_REASON_{name} = {number};\n"
        for number, name in enumerate(lacking, start=max(known.values()) + 1)
    ]
    end = text.rindex("}")
    (root / PROTO).write_text(text[:end] + "".join(lines) + text[end:], "utf-8")


if __name__ == "__main__":
    add_missing(ROOT)
