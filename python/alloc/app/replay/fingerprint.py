"""One name for all that a replay depends on: another input has another name."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from alloc.engine import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from alloc.app.past import Past
    from alloc.rules import Rule
    from alloc.settings import Settings

__all__ = ["fingerprint"]


def fingerprint(
    past: Past,
    settings: Settings,
    tables: Iterable[pa.Table],
    *,
    rules: Sequence[Rule],
    options: Mapping[str, object],
) -> str:
    """Name the inputs of a replay: 64 hex digits.

    Parameters
    ----------
    past
        What is decided again.
    settings
        Of the workspace.
    tables
        What else is read: customers, remittances.
    rules
        All that may be tried.
    options
        What else is said, by name; values have a plain text.
    """
    digest = hashlib.sha256(f"alloc {__version__}\n".encode())
    digest.update(msgspec.json.encode([settings, rules]))
    for table in (past.payments, past.items, *tables):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table.combine_chunks())
        digest.update(sink.getvalue())
    for counts in (*_told(past.settled), *_told(past.charged), *_told(past.beside)):
        digest.update(counts.encode())
    for facts in (past.decided_by, past.earlier, options):
        digest.update(repr(sorted(facts.items())).encode())
    digest.update(repr(past.findings).encode())
    return digest.hexdigest()


def _told(counted: Mapping[Any, Mapping[Any, int]]) -> Iterator[str]:
    """Write down what is counted, whatever the order it came in."""
    for name in sorted(counted):
        yield repr((name, sorted(counted[name].items())))
