"""`alloc clear` and `alloc replay` on Spark: what one process makes, to the byte."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import adbc_driver_sqlite.dbapi
import pytest
from click.testing import CliRunner

from alloc.app import clear
from alloc.app.replay import Follow
from alloc.cli.main import cli
from alloc.errors import InputError
from alloc.spark import versions
from alloc.spark.replaying import replayer
from conftest import PACKAGES

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result
    from pyspark.sql import SparkSession

    from alloc.engine import Proposal

NOW = "1774994400"
"""2026-04-01, the moment of every run: `SOURCE_DATE_EPOCH`."""

#: What a person writes into `spark-defaults.conf`.
CONFIGURATION = f"""\
spark.driver.host 127.0.0.1
spark.driver.bindAddress 127.0.0.1
spark.executor.memory 512m
spark.executorEnv.PYTHONPATH {PACKAGES}
spark.log.level OFF
spark.ui.enabled false
"""

ON_SPARK = ("--engine", "spark", "--master", "local[2]")
ON_EXECUTORS = (*ON_SPARK[:-1], "local-cluster[2,1,512]")


def alloc(workspace: Path, *words: object) -> Result:
    """Call `alloc` in this process."""
    command = ["-C", workspace, "--quiet", *words]
    return CliRunner().invoke(cli, [str(word) for word in command])


@pytest.fixture(autouse=True)
def _at_the_same_moment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", NOW)
    (tmp_path / "spark-defaults.conf").write_text(CONFIGURATION)
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three companies with three days of payments, none of them decided."""
    group = tmp_path_factory.mktemp("demo") / "group"
    demo = [sys.executable, "-m", "alloc.demo", group, "--size", "small"]
    subprocess.run(demo, check=True, capture_output=True)
    with pytest.MonkeyPatch.context() as moment:
        moment.setenv("SOURCE_DATE_EPOCH", NOW)
        assert alloc(group, "init", group).exit_code == 0
        files = sorted((group / "inbox").iterdir())
        assert alloc(group, "import", *files).exit_code == 0
    return group


def ledger_of(workspace: Path) -> dict[str, list[str]]:
    """All rows of all tables, as text."""
    uri = f"file:{workspace / 'ledger.db'}"
    with adbc_driver_sqlite.dbapi.connect(uri) as ledger, ledger.cursor() as cursor:

        def column(query: str) -> list[str]:
            cursor.execute(query)
            return [value for (value,) in cursor.fetchall()]

        rows = {}
        for table in column("select name from sqlite_master where type = 'table'"):
            names = column(f"select name from pragma_table_info('{table}')")  # noqa: S608 - our own tables
            row = " || ',' || ".join(f"quote({name})" for name in names)
            rows[table] = sorted(column(f"select {row} from {table}"))  # noqa: S608 - as above
        return rows


@pytest.fixture
def cleared(imported: Path, tmp_path: Path) -> Path:
    """What one process makes of it."""
    workspace = shutil.copytree(imported, tmp_path / "local")
    assert alloc(workspace, "clear").exit_code == 3
    return workspace


def test_a_ledger_that_spark_cleared_is_that_of_one_process(
    imported: Path, cleared: Path, tmp_path: Path
) -> None:
    workspace = shutil.copytree(imported, tmp_path / "spark")
    ended = subprocess.run(
        [sys.executable, "-m", "alloc", "-C", workspace, "-q", "clear", *ON_EXECUTORS],
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 3, ended.stderr
    assert ended.stdout == b""
    assert ledger_of(workspace) == ledger_of(cleared)


#: Runs `alloc`, and is killed once Spark decides the second day.
KILLED_ON_THE_SECOND_DAY = """
    import os, signal, threading, time
    from alloc.app import clear
    from alloc.cli.main import main
    from pyspark import SparkContext

    propose_day, days = clear.propose_day, []

    def die_at_work():
        tracker = SparkContext.getOrCreate().statusTracker()
        while not tracker.getActiveStageIds():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGKILL)

    def decide(*asked, **options):
        days.append(asked)
        if len(days) == 2:
            threading.Thread(target=die_at_work, daemon=True).start()
        return propose_day(*asked, **options)

    clear.propose_day = decide
    main()
"""


def test_a_driver_that_is_killed_posts_nothing_twice(
    imported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = shutil.copytree(imported, tmp_path / "spark")
    text = dedent(KILLED_ON_THE_SECOND_DAY)
    ended = subprocess.run(
        [sys.executable, "-c", text, "-C", str(workspace), "clear", *ON_SPARK],
        capture_output=True,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    stopped = shutil.copytree(imported, tmp_path / "stopped")
    propose_day = clear.propose_day

    def once(*asked: Any, **options: Any) -> Proposal:
        second_day.setattr(clear, "propose_day", None)
        return propose_day(*asked, **options)

    with monkeypatch.context() as second_day:
        second_day.setattr(clear, "propose_day", once)
        assert alloc(stopped, "clear").exit_code == 70
    # The first day is posted, here and there; any engine goes on.
    posted = ledger_of(stopped)
    assert posted["journal_entry"]
    assert ledger_of(workspace) == posted
    assert alloc(workspace, "clear").exit_code == alloc(stopped, "clear").exit_code == 3
    assert len(ledger_of(stopped)["journal_entry"]) > len(posted["journal_entry"])
    assert ledger_of(workspace) == ledger_of(stopped)
    assert alloc(workspace, "verify").exit_code == 0


@pytest.mark.parametrize("words", ["clear", "replay"])
def test_what_spark_lacks_is_said_before_anything_is_done(
    imported: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: str,
) -> None:
    monkeypatch.setattr(versions, "_found", {"pyspark": "4.3.0"}.get)
    said = alloc(imported, words, *ON_SPARK)
    assert said.exit_code == 65
    assert said.stderr.count("\n") == 1
    assert "Spark needs pandas >=2.2,<3, and none is installed here" in said.stderr


@pytest.mark.parametrize("words", ["clear", "replay"])
def test_a_cluster_that_would_not_be_asked_is_refused(
    imported: Path, words: str
) -> None:
    said = alloc(imported, words, "--master", "local[2]")
    assert (said.exit_code, said.stdout) == (2, "")
    assert "is for --engine spark" in said.stderr


def test_spark_is_not_loaded_unless_it_is_asked_for(
    imported: Path, tmp_path: Path
) -> None:
    workspace = shutil.copytree(imported, tmp_path / "local")
    text = """
        import sys
        from click.testing import CliRunner
        from alloc.cli.main import cli
        assert CliRunner().invoke(cli, sys.argv[1:]).exit_code == 3
        assert "alloc.spark" not in sys.modules
        assert "pyspark" not in sys.modules
    """
    words = [sys.executable, "-c", dedent(text), "-C", str(workspace), "clear"]
    subprocess.run(words, check=True)


#: Runs `alloc`, and is killed once so many days are kept.
KILLED_AFTER_TWO_DAYS = """
    import os, signal
    from alloc.cli import replay_kept
    from alloc.cli.main import main

    keep, days = replay_kept.KeptDays.keep, []

    def keep_then_die(self, day, found):
        keep(self, day, found)
        days.append(day)
        if len(days) == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    replay_kept.KeptDays.keep = keep_then_die
    main()
"""


def test_a_replay_on_spark_that_is_killed_goes_on_to_the_bytes_of_one_process(
    cleared: Path, tmp_path: Path
) -> None:
    words = [*("-C", str(cleared), "-q", "replay", "--learn", "--out")]
    here, there = tmp_path / "here", tmp_path / "there"
    assert alloc(cleared, *words[3:], here).exit_code == 0
    on_spark = [*words, str(there), *ON_SPARK]
    text = dedent(KILLED_AFTER_TWO_DAYS)
    ended = subprocess.run(
        [sys.executable, "-c", text, *on_spark], capture_output=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    kept = (there / "decided" / "replay.jsonl").read_bytes()
    assert len(kept.splitlines()) == 2
    ended = subprocess.run(
        [sys.executable, "-m", "alloc", *on_spark], capture_output=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert {path.name: path.read_bytes() for path in here.iterdir()} == {
        path.name: path.read_bytes() for path in there.iterdir()
    }


def test_our_own_decisions_are_not_followed_on_a_cluster(spark: SparkSession) -> None:
    with pytest.raises(InputError, match="leave --engine spark out"):
        replayer(spark)(None, follow=Follow.OWN)
