"""The record of imported files: what makes an import idempotent as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from alloc import engine
from alloc.app.ports import ImportCounts, Notice
from alloc.errors import InputError
from alloc.store.columns import columns

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from alloc.app.ports import SourceFile
    from alloc.store.database import Database

_FILE = columns(
    "import_id:big name sha256 size kind format profile imported_at read_count "
    "new_count known_count changed_count kept_count closed_count aside_count"
)
_NOTICE = columns("import_id:big notice_no code message subject_key line?")


def already_imported(db: Database, source: SourceFile) -> ImportCounts | None:
    """Return what the import of the same bytes did, None when there was none."""
    known = db.query(
        f"select {', '.join(_FILE.names)} from import_file "
        "where sha256 = $1 and kind = $2 and profile = $3",
        _FILE,
        (source.sha256, source.kind, source.profile),
    ).to_pylist()
    if not known:
        return None
    return ImportCounts(
        import_id=known[0]["import_id"],
        read=known[0]["read_count"],
        known=known[0]["read_count"],
        already_imported=True,
        imported_at=known[0]["imported_at"],
    )


@dataclass
class Import:
    """An import that is running, in its transaction."""

    db: Database
    source: SourceFile
    now: dt.datetime
    import_id: int = 0
    notices: list[Notice] = field(default_factory=list)
    _stored: int = 0

    def begin(self) -> None:
        """Give it an id and its row, to which the imported rows point."""
        self.import_id = self.db.integer("select max(import_id) from import_file") + 1
        row = {
            "import_id": self.import_id,
            "name": self.source.name,
            "sha256": self.source.sha256,
            "size": self.source.size,
            "kind": self.source.kind,
            "format": self.source.format,
            "profile": self.source.profile,
            "imported_at": utc(self.now),
        }
        zeros = {name: 0 for name in _FILE.names if name not in row}
        self.db.append("import_file", pa.Table.from_pylist([row | zeros], _FILE))

    def notice(
        self, code: str, message: str, *, key: str = "", line: int | None = None
    ) -> None:
        """Note something a person should know."""
        self.notices.append(Notice(code, message, key, line))

    def keep_notices(self, warnings: pa.Table) -> None:
        """Store what the reader of the file said: code, message, line?."""
        self._store_notices(
            Notice(row["code"], row["message"], line=row["line"])
            for row in warnings.to_pylist()
        )

    def end(self, counts: ImportCounts) -> ImportCounts:
        """Store the counts and what was noted on the way, and return both."""
        self._store_notices(self.notices)
        self.db.execute(
            "update import_file set read_count = $1, new_count = $2, known_count = $3, "
            "changed_count = $4, kept_count = $5, closed_count = $6, aside_count = $7 "
            "where import_id = $8",
            (
                counts.read,
                counts.new,
                counts.known,
                counts.changed,
                counts.kept,
                counts.closed,
                counts.aside,
                self.import_id,
            ),
        )
        return replace(
            counts,
            import_id=self.import_id,
            notices=tuple(self.notices),
            imported_at=utc(self.now),
        )

    def _store_notices(self, notices: Iterable[Notice]) -> None:
        rows = [
            {
                "import_id": self.import_id,
                "notice_no": number,
                "code": notice.code,
                "message": notice.message,
                "subject_key": notice.key,
                "line": notice.line,
            }
            for number, notice in enumerate(notices, start=self._stored + 1)
        ]
        self._stored += len(rows)
        self.db.append("import_notice", pa.Table.from_pylist(rows, _NOTICE))


def utc(now: dt.datetime) -> str:
    """Write a moment as the ledger keeps it: ``2026-11-21T21:04:05Z``."""
    return f"{now:%Y-%m-%dT%H:%M:%S}Z"


def check_currencies(codes: Iterable[str | None], *, file: str) -> None:
    """Refuse codes that are not currencies of ISO 4217."""
    for code in codes:
        if code is not None and engine.currency_exponent(code) is None:
            raise InputError(
                f"{file}: {code} is not a currency of ISO 4217; correct the file or "
                "its mapping profile",
                reason="CURRENCY_UNKNOWN",
                file=file,
                currency=code,
            )
