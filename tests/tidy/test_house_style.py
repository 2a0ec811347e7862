"""The rules of CONTRIBUTING.md that a program can check."""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE_LINES_MAX = 800
FUNCTION_LINES_MAX = 70
CODE_FOLDERS = ("rust", "python", "server", "proto", "bench", "tests")
GENERATED = ("python/alloc/v1/",)


def code_files(root: Path, suffix: str) -> Iterator[Path]:
    for folder in CODE_FOLDERS:
        for path in sorted((root / folder).rglob(f"*{suffix}")):
            name = path.relative_to(root).as_posix()
            if "/target/" not in name and not name.startswith(GENERATED):
                yield path


def python_functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            # A docstring is documentation, not length.
            documented = ast.get_docstring(node, clean=False) is not None
            first = node.body[1] if documented and len(node.body) > 1 else node.body[0]
            yield node.name, (node.end_lineno or 0) - first.lineno + 2


def rust_functions(path: Path) -> Iterator[tuple[str, int]]:
    """Functions of rustfmt's output: they end at the `}` of their own indent."""
    lines = path.read_text("utf-8").splitlines()
    for start, line in enumerate(lines):
        head = re.match(r"( *)(?:pub(?:\([a-z]+\))? )?(?:const )?fn (\w+)", line)
        if head is None:
            continue
        for length, later in enumerate(lines[start:], start=1):
            if later == head[1] + "}" or (length == 1 and later.endswith(("}", ";"))):
                yield head[2], length
                break
            if later.startswith(head[1] + ")") and later.endswith(";"):
                break  # a method of a trait without a body


@pytest.mark.parametrize("suffix", [".rs", ".py", ".pyi", ".sql", ".proto"])
def test_no_file_is_longer_than_a_person_reads(root: Path, suffix: str) -> None:
    long = {
        path.relative_to(root).as_posix(): length
        for path in code_files(root, suffix)
        if (length := len(path.read_text("utf-8").splitlines())) > FILE_LINES_MAX
    }
    assert not long


def test_every_function_fits_a_screen(root: Path) -> None:
    long = [
        f"{path.relative_to(root).as_posix()}: {name} has {length} lines"
        for suffix, functions in ((".py", python_functions), (".rs", rust_functions))
        for path in code_files(root, suffix)
        for name, length in functions(path)
        if length > FUNCTION_LINES_MAX
    ]
    assert not long


def test_the_length_rule_sees_long_functions(tmp_path: Path) -> None:
    body = "    x = 1\n" * 90
    (tmp_path / "a.py").write_text(f"def long():\n{body}")
    assert dict(python_functions(tmp_path / "a.py")) == {"long": 91}
    rust = "impl A {\n    pub fn long(&self) {\n" + "        x();\n" * 90 + "    }\n}\n"
    (tmp_path / "a.rs").write_text(rust)
    assert dict(rust_functions(tmp_path / "a.rs")) == {"long": 92}


def test_python_classes_of_the_native_module_are_frozen(root: Path) -> None:
    loose = [
        path.name
        for path in code_files(root, ".rs")
        for line in re.findall(r"#\[pyclass[^\]]*\]", path.read_text("utf-8"))
        if "frozen" not in line
    ]
    assert not loose


def test_only_the_engine_module_imports_the_native_module(root: Path) -> None:
    importers = {
        path.relative_to(root).as_posix()
        for path in (root / "python" / "alloc").rglob("*.py")
        if re.search(r"(?m)^\s*(from|import) alloc\._core", path.read_text("utf-8"))
    }
    assert importers == {"python/alloc/engine.py"}


def test_all_public_names_resolve_and_are_complete() -> None:
    alloc = importlib.import_module("alloc")
    assert sorted(alloc.__all__) == sorted(set(alloc.__all__))
    assert dir(alloc) == sorted(alloc.__all__)
    for name in alloc.__all__:
        assert getattr(alloc, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = alloc.nothing


def test_no_lock_names_a_registry(root: Path) -> None:
    for lock in sorted((root / "requirements").glob("*.txt")):
        assert "://" not in lock.read_text("utf-8"), lock.name


def test_every_locked_package_has_a_hash(root: Path) -> None:
    for lock in sorted((root / "requirements").glob("*.txt")):
        text = lock.read_text("utf-8")
        pins = re.findall(r"^[a-z0-9._-]+(?:\[[a-z,]+\])?==\S+.*$", text, re.MULTILINE)
        assert pins, lock.name
        assert all(pin.endswith("\\") for pin in pins), lock.name


def test_versions_of_the_trio_are_pinned_together(root: Path) -> None:
    manifest = tomllib.loads((root / "Cargo.toml").read_text("utf-8"))
    pinned = manifest["workspace"]["dependencies"]
    for name in ("arrow-array", "arrow-schema", "pyo3", "pyo3-arrow"):
        spec = pinned[name]
        version = spec if isinstance(spec, str) else spec["version"]
        assert version.startswith("="), name


def test_the_wheel_is_tested_not_the_tree(root: Path) -> None:
    alloc = importlib.import_module("alloc")
    assert alloc.__file__ is not None
    assert not alloc.__file__.startswith(str(root / "python")), (
        "run `make build` and test the installed wheel"
    )
