"""``python -m alloc.demo OUT``: writes a demo workspace."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from alloc.demo.generate import generate
from alloc.demo.sizes import SIZES
from alloc.errors import AllocError

BAD_DATA = 65


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--size",
    type=click.Choice(list(SIZES)),
    default="day",
    show_default=True,
    help="How much: three days of a few entities, a day, a month or a year.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Equal seeds give equal files.",
)
def main(out: Path, size: str, seed: int) -> None:
    """Write the demo workspace of a car-dealer group into the empty folder OUT.

    OUT gets alloc.toml, profiles/, inbox/ and truth/ (what each payment settles).
    """
    try:
        summary = generate(out, SIZES[size], seed=seed)
    except AllocError as error:
        click.echo(f"demo: {error} [{error.reason}]", err=True)
        sys.exit(BAD_DATA)
    click.echo(
        f"{out}: {summary.first} to {summary.last}, {summary.entities} entities, "
        f"{summary.customers:,} customers, {summary.open_items:,} open items, "
        f"{summary.payments:,} payments in {summary.entries:,} bank entries; "
        f"{summary.files} files, {summary.size_bytes // 1000:,} kB"
    )


if __name__ == "__main__":
    main(prog_name="python -m alloc.demo")
