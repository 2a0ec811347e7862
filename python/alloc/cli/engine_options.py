"""Where decisions are made: in this process, or on a cluster of Spark."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyspark.sql import SparkSession

    from alloc.app.replay import Replay
    from alloc.engine import Proposal

__all__ = ["deciding", "engine_options", "replaying"]

_OPTIONS = (
    click.option(
        "--engine",
        type=click.Choice(["local", "spark"]),
        default="local",
        show_default=True,
        help="Where payments are decided: in this process, or by Spark (needs"
        " alloc-engine[spark] and Java). The answers are the same.",
    ),
    click.option(
        "--master",
        metavar="URL",
        help="The cluster, with --engine spark: local[2], spark://..., yarn, k8s://...;"
        " default: as spark-defaults.conf says.",
    ),
)


def engine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what says where decisions are made."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@contextmanager
def deciding(engine: str, master: str | None) -> Iterator[Callable[..., Proposal]]:
    """Choose what decides, as `alloc.engine.propose` does."""
    with _cluster(engine, master) as spark:
        if spark is None:
            from alloc.engine import propose

            yield propose
        else:
            from alloc.spark import decider

            yield decider(spark)


@contextmanager
def replaying(engine: str, master: str | None) -> Iterator[Callable[..., Replay]]:
    """Choose what decides the past again, as `alloc.app.replay.replay` does."""
    with _cluster(engine, master) as spark:
        if spark is None:
            from alloc.app.replay import replay

            yield replay
        else:
            from alloc.spark.replaying import replayer

            yield replayer(spark)


@contextmanager
def _cluster(engine: str, master: str | None) -> Iterator[SparkSession | None]:
    """Open the cluster that the options name, and stop it at the end; None for none.

    Raises
    ------
    alloc.errors.InputError
        What Spark needs is not there (``EXTRA_MISSING``, ``JAVA_MISSING``).
    """
    if engine == "local":
        if master is not None:
            raise click.BadParameter("is for --engine spark", param_hint="'--master'")
        yield None
        return
    from alloc.spark import session

    # The command has a bar of its own.
    spark = session(master, options={"spark.ui.showConsoleProgress": "false"})
    try:
        yield spark
    finally:
        spark.stop()
