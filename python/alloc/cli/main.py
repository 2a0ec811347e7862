"""The command `alloc`: the group, the error map, the exit code.

Only click and the standard library are imported here: ``alloc --help`` answers in the
time that the interpreter and click take. Everything else loads inside the commands.
"""

from __future__ import annotations

import _thread
import contextlib
import io
import json
import os
import signal
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any, NoReturn

import click

from alloc.cli.exits import ExitCode, error_document, error_lines, exit_code
from alloc.cli.session import LazyGroup

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

__all__ = ["cli", "main"]

SECTIONS = {
    "Every day": {
        "run": "Take the inbox: import, clear, post, export, report.",
        "import": "Import bank statements, advices, open items and customers.",
        "clear": "Clear open items with the payments that wait.",
        "review": "Look at the payments that need a person, and decide them.",
        "apply": "Show the entry that a rule makes of a payment; post it when asked.",
        "learn": "Show what was learned of payers and why; accept or forget it.",
        "reverse": "Undo one decision by a reversal.",
    },
    "Books": {
        "inspect": "Show what any file holds; nothing is imported.",
        "status": "Show where the workspace stands.",
        "export": "Write the journal for an accounting system.",
        "fec": "Check files of accounting entries (FEC) for the French tax office.",
        "replay": "Decide the cleared payments again, and compare.",
        "backtest": "Learn from past payments, and judge on those that came after.",
        "audit": "Export the audit trail.",
        "verify": "Check the ledger against every invariant, from the file alone.",
    },
    "Setting up": {
        "init": "Create a workspace: configuration, folders, ledger.",
        "ledger": "Back the ledger up, restore it, upgrade it.",
        "entity": "List the legal entities, or add one.",
        "profile": "Show the mapping profiles, and what they read.",
        "rules": "Check, test and explain the rules for gaps between cash and items.",
        "completion": "Print the completion script of a shell.",
    },
    "With the package alloc-server": {
        "serve": "Serve the workspace to accounting systems and people, by gRPC.",
        "token": "Give out, list and revoke the tokens of callers of `alloc serve`.",
    },
}
COMPANIONS = {"serve": "alloc-server", "token": "alloc-server"}

EPILOG = (
    "Exit codes: 0 all cleared, 3 some payments wait for review, 2 usage, 65 bad data,"
    " 66 file missing, 73 cannot create a file, 74 disk, 75 busy: try again,"
    " 78 configuration, 70 a defect of ours."
)


class AllocGroup(LazyGroup):
    """The root: runs a command, and turns whatever happens into an exit code."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 - click's signature
        windows_expand_args: bool = True,  # noqa: FBT001, FBT002 - click's signature
        **extra: Any,  # noqa: ANN401 - click's signature
    ) -> Any:  # noqa: ANN401 - click's signature
        """Run the command of the arguments and leave with its exit code."""
        if not standalone_mode:
            return super().main(
                args,
                prog_name,
                complete_var,
                standalone_mode=False,
                windows_expand_args=windows_expand_args,
                **extra,
            )
        words = sys.argv[1:] if args is None else list(args)
        name = prog_name or "alloc"
        try:
            code = self._run(list(words), name, extra)
            sys.stdout.flush()
        except click.exceptions.Exit as leaving:
            code = leaving.exit_code
        except click.Abort:
            code = _report(KeyboardInterrupt(), words)
        except click.UsageError as error:
            code = _report_usage(error, words)
        except SystemExit:
            raise
        except BaseException as error:  # noqa: BLE001 - a panic is no Exception
            code = _report(error, words)
        _flush_or_drop(sys.stdout)
        _flush_or_drop(sys.stderr)
        sys.exit(code)

    def _run(self, words: list[str], name: str, extra: dict[str, Any]) -> int:
        if instruction := os.environ.get("_ALLOC_COMPLETE"):
            from click.shell_completion import shell_complete

            return shell_complete(self, extra, name, "_ALLOC_COMPLETE", instruction)
        with self.make_context(name, words, **extra) as context:
            code = self.invoke(context)
        return int(code or 0)


def _report(error: BaseException, words: list[str]) -> int:
    if isinstance(error, BrokenPipeError):
        return ExitCode.BROKEN_PIPE
    if os.environ.get("ALLOC_DEBUG"):
        traceback.print_exception(error)
    _print_error(error_lines(error), error_document(error), words)
    return exit_code(error)


def _report_usage(error: click.UsageError, words: list[str]) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return ExitCode.USAGE
    message = error.format_message().rstrip(".")
    path = error.ctx.command_path if error.ctx else "alloc"
    lines = [f"alloc: {message}; try '{path} --help' [USAGE]"]
    document = {"reason": "USAGE", "message": message, "metadata": {}}
    _print_error(lines, {**document, "exit_code": int(ExitCode.USAGE)}, words)
    return ExitCode.USAGE


def _print_error(
    lines: list[str], document: dict[str, object], words: list[str]
) -> None:
    # A closed or full terminal must not hide the exit code.
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.writelines(line + "\n" for line in lines)
    if "--json" in words:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.write(json.dumps({"error": document}) + "\n")


def _flush_or_drop(stream: Any) -> None:  # noqa: ANN401 - a text stream of any kind
    # What cannot be written now cannot be written by the interpreter's last flush
    # either, which would replace our exit code by 120.
    try:
        stream.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _show_version(context: click.Context, option: object, value: object) -> None:
    del option
    if value and not context.resilient_parsing:
        from alloc.engine import __version__

        click.echo(f"alloc {__version__}")
        context.exit()


@click.group(
    "alloc",
    cls=AllocGroup,
    sections=SECTIONS,
    companions=COMPANIONS,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Print the version and leave.",
)
def cli() -> None:
    """Clear bank payments against open items, and say why.

    A workspace is a folder with an alloc.toml: `alloc init` makes one, `alloc run`
    does a whole day, and each step is also a command of its own.
    """


def main() -> NoReturn:
    """Run the command line of this process."""
    signal.signal(signal.SIGTERM, _terminate)
    _catch_interrupts()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal without a letter shows "?" for it, and the command goes on.
        sys.stdout.reconfigure(errors="replace")
    cli.main(prog_name="alloc")
    raise AssertionError("click leaves by SystemExit")


def _catch_interrupts() -> None:
    # Database drivers put their own SIGINT handler in place during a call of theirs; a
    # signal that comes as the call ends is lost with it. A thread that waits for the
    # signal sees each one.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    threading.Thread(target=_pass_interrupts_on, daemon=True).start()


def _pass_interrupts_on() -> NoReturn:
    while True:
        signal.sigwait({signal.SIGINT})
        _thread.interrupt_main()


def _terminate(signum: int, frame: FrameType | None) -> NoReturn:
    # An orderly stop: open transactions roll back on the way out.
    del signum, frame
    sys.exit(ExitCode.TERMINATED)


if __name__ == "__main__":
    main()
