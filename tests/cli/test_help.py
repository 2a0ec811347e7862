"""Everything that can be typed is explained, and the explanation comes at once."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import click
import pytest

from alloc import __version__
from alloc.cli.main import SECTIONS, cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Outcome

HELP_RATIO_MAX = 1.75
LIGHT = {"alloc", "click"}
"""What `alloc.cli.main` may load besides the standard library."""


def every_command() -> Iterator[tuple[str, click.Command]]:
    waiting: list[tuple[str, click.Command]] = [("alloc", cli)]
    while waiting:
        path, command = waiting.pop()
        yield path, command
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                found = command.get_command(context, name)
                assert found is not None, f"{path} {name} is listed but missing"
                waiting.append((f"{path} {name}", found))


COMMANDS = dict(every_command())


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_says_what_it_does(path: str) -> None:
    text = COMMANDS[path].help or ""
    first = text.strip().partition("\n")[0]
    assert first.endswith((".", ":")), path
    assert first[0].isupper(), path


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_and_argument_has_help(path: str) -> None:
    silent = [
        str(parameter.name)
        for parameter in COMMANDS[path].params
        if not getattr(parameter, "help", None)
    ]
    assert silent == []


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_takes_the_global_options(path: str) -> None:
    if isinstance(COMMANDS[path], click.Group) and path != "alloc":
        return
    options = {name for parameter in COMMANDS[path].params for name in parameter.opts}
    assert {"--workspace", "-C", "--json", "--quiet"} <= options


@pytest.mark.parametrize("path", COMMANDS)
def test_help_can_be_asked_of_every_command(
    alloc: Callable[..., Outcome], path: str
) -> None:
    shown = alloc(*path.split()[1:], "--help")
    assert shown.code == 0
    assert shown.stdout.startswith("Usage: ")
    assert shown.stderr == ""


def test_the_overview_repeats_the_first_line_of_each_command() -> None:
    table = {name: line for lines in SECTIONS.values() for name, line in lines.items()}
    own = {
        name: (COMMANDS[f"alloc {name}"].help or "").strip().partition("\n")[0]
        for name in table
    }
    assert table == own


def test_the_overview_loads_nothing_heavy() -> None:
    code = (
        "import sys; import alloc.cli.main;"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    foreign = {
        name
        for name in loaded - set(sys.stdlib_module_names) - LIGHT
        if not name.startswith("_")
    }
    assert foreign <= {"sitecustomize", "usercustomize"}


def test_help_costs_little_more_than_click_alone() -> None:
    def seconds(*words: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, *words], capture_output=True, check=True)
        return time.perf_counter() - start

    # Pairs within one run: a ratio holds on a busy machine too.
    pairs = [
        (seconds("-m", "alloc", "--help"), seconds("-c", "import click"))
        for _ in range(7)
    ]
    ours, clicks = (min(times) for times in zip(*pairs, strict=True))
    assert ours <= HELP_RATIO_MAX * clicks


def test_a_command_misspelt_is_suggested(alloc: Callable[..., Outcome]) -> None:
    got = alloc("clera")
    assert got.code == 2
    assert "Did you mean one of: 'clear', 'learn'?" in got.stderr


def test_the_version_is_that_of_the_engine(alloc: Callable[..., Outcome]) -> None:
    assert alloc("--version").stdout == f"alloc {__version__}\n"
