"""``python -m alloc.store.migrations DIALECT FROM TO``: print the SQL of an upgrade.

DIALECT is ``sqlite`` or ``postgresql``; FROM is a revision or ``base``, TO a revision
or ``head``. Every statement ends with a semicolon and an empty line.
"""

from __future__ import annotations

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config


def main(dialect: str, since: str, until: str) -> None:
    """Render the migrations between two revisions."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["dialect"] = dialect
    command.upgrade(config, f"{since}:{until}", sql=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
