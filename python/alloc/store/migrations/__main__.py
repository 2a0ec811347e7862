"""``python -m alloc.store.migrations FILE``: bring a ledger file to the newest schema.

Prints one line on stderr and returns 1 when that fails.
"""

from __future__ import annotations

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError


def main(arguments: list[str]) -> int:
    """Upgrade the file named by the only argument."""
    (path,) = arguments
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["url"] = URL.create("sqlite", database=path)
    try:
        command.upgrade(config, "head")
    except (SQLAlchemyError, OSError) as error:
        sys.stderr.write(f"{getattr(error, 'orig', None) or error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
