"""Java, Spark and pandas as they must be, or one clear message; and a session."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from alloc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import SparkSession

#: Versions from the first to below the second: what the tests run with.
VERSIONS = {"pyspark": ((4, 3), (5,)), "pandas": ((2, 2), (3,))}

#: The oldest Java that Spark 4 runs on.
JAVA_MIN = 17

#: Masters that are this machine; also what Spark takes when nobody says.
LOCAL = "local"


def check_versions() -> None:
    """Refuse a Spark or pandas that is missing or not known to work.

    Raises
    ------
    alloc.errors.InputError
        ``EXTRA_MISSING``; names the package, its version and the one that is needed.
    """
    for package, (first, below) in VERSIONS.items():
        found = _found(package)
        if found is None or not first <= _numbers(found) < below:
            needed = f">={_dotted(first)},<{_dotted(below)}"
            raise InputError(
                f"Spark needs {package} {needed}, and "
                f"{f'{found} is' if found else 'none is'} installed here: install "
                "alloc-engine[spark]",
                reason="EXTRA_MISSING",
                extra="spark",
                package=package,
                found=found or "",
                needed=needed,
            )


def check_java() -> None:
    """Refuse a machine without a Java that Spark can run on.

    Raises
    ------
    alloc.errors.InputError
        ``JAVA_MISSING``; names what was found, and where it was looked for.
    """
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else "java"
    found = shutil.which(java)
    said = ""
    if found is not None:
        told = subprocess.run(
            [found, "-version"], capture_output=True, text=True, check=False
        )
        said = told.stderr
    number = re.search(r'version "(\d+)', said)
    if number is None or int(number[1]) < JAVA_MIN:
        has = f"is Java {number[1]}" if number else "does not run"
        raise InputError(
            f"Spark needs Java {JAVA_MIN} or later, and {java} {has}: install a JDK, "
            "or let JAVA_HOME name one",
            reason="JAVA_MISSING",
            java=java,
            needed=JAVA_MIN,
        )


def session(
    master: str | None = None,
    *,
    name: str = "alloc",
    options: Mapping[str, str] | None = None,
) -> SparkSession:
    """Open a session, or take the one that is open.

    Parameters
    ----------
    master
        URL of the cluster: ``local[2]``, ``spark://…``, ``yarn``, ``k8s://…``; None:
        as Spark's own configuration says. Workers on this machine run this Python,
        unless ``PYSPARK_PYTHON`` names another.
    name
        What Spark's pages call it.
    options
        Configuration of Spark, beside what ``spark-defaults.conf`` says.

    Raises
    ------
    alloc.errors.InputError
        ``EXTRA_MISSING`` or ``JAVA_MISSING``: what is needed is not there;
        ``VALUE_INVALID``: Spark does not start with this master and configuration.
    """
    check_versions()
    check_java()
    from py4j.protocol import Py4JError  # noqa: PLC0415
    from pyspark.errors import PySparkException  # noqa: PLC0415
    from pyspark.sql import SparkSession  # noqa: PLC0415

    builder = SparkSession.builder.appName(name)
    if master is not None:
        builder = builder.master(master)
    if (master or LOCAL).startswith(LOCAL):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    for key, value in (options or {}).items():
        builder = builder.config(key, value)
    try:
        return builder.getOrCreate()
    except (PySparkException, Py4JError) as error:
        named = "without a master" if master is None else f"with master {master}"
        raise InputError(
            f"Spark does not start {named}: correct the URL of the cluster, or Spark's "
            "own configuration; what Spark printed says more",
            reason="VALUE_INVALID",
            field="master",
        ) from error


def _found(package: str) -> str | None:
    try:
        return version(package) if importlib.util.find_spec(package) else None
    except PackageNotFoundError:
        return None


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))
