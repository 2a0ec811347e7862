"""What Spark needs is there, or one message says what is not."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from alloc.errors import InputError
from alloc.spark import session, versions

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("package", "found", "said"),
    [
        ("pyspark", "3.5.7", "pyspark >=4.3,<5, and 3.5.7 is installed here"),
        ("pandas", "3.1.1", "pandas >=2.2,<3, and 3.1.1 is installed here"),
        ("pandas", None, "pandas >=2.2,<3, and none is installed here"),
    ],
)
def test_a_version_that_is_not_known_to_work_is_named(
    monkeypatch: pytest.MonkeyPatch, package: str, found: str | None, said: str
) -> None:
    there = {"pyspark": "4.3.0", "pandas": "2.3.3"} | {package: found}
    monkeypatch.setattr(versions, "_found", there.get)
    with pytest.raises(InputError, match="install alloc-engine") as caught:
        session("local[1]")
    assert said in str(caught.value)
    assert caught.value.reason == "EXTRA_MISSING"


def java_that_says(folder: Path, said: str) -> None:
    (folder / "bin").mkdir()
    java = folder / "bin" / "java"
    java.write_text(f"#!/bin/sh\necho '{said}' >&2\n")
    java.chmod(0o755)


@pytest.mark.parametrize(
    ("java", "said"),
    [
        (None, "java does not run"),
        ('openjdk version "11.0.22" 2024-01-16', "java is Java 11"),
    ],
)
def test_a_machine_without_a_java_for_spark_is_told_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, java: str | None, said: str
) -> None:
    if java is not None:
        java_that_says(tmp_path, java)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(InputError, match="needs Java 17 or later") as caught:
        session("local[1]")
    assert said in str(caught.value)
    assert caught.value.reason == "JAVA_MISSING"


def test_a_spark_that_does_not_start_is_one_message(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    java_that_says(tmp_path, 'openjdk version "17.0.1" 2021-10-19')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    words = ["clear", "--engine", "spark", "--master", "sparc://nowhere"]
    for command in (["init", str(tmp_path / "w")], ["-C", str(tmp_path / "w"), *words]):
        ended = subprocess.run(
            [sys.executable, "-m", "alloc", *command],
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == 65
    said = ended.stderr.splitlines()[-1]
    assert said.startswith("alloc: Spark does not start with master sparc://nowhere")
    assert said.endswith("[VALUE_INVALID]")
