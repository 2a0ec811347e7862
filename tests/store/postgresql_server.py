"""A real PostgreSQL of the distribution's packages, in a folder of its own.

It listens on a socket in that folder only. PostgreSQL refuses to run as root, so then
it runs as the user ``postgres``, whom its package makes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path
from urllib.parse import quote

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as adbc

OWNER = "alloc"
_MEMORY_MIN = 4 << 30
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "60",
    # In the folder: a killed server leaves nothing behind elsewhere.
    "dynamic_shared_memory_type": "mmap",
}
#: A killed process loses nothing by it; only a power cut would.
_HASTY = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if found:
        return found[-1]
    return Path(shutil.which("initdb") or "/initdb").parent


def _fast_folder() -> str | None:
    """Prefer memory where there is enough: hundreds of small databases are made."""
    memory = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder of its own there
    enough = memory.is_dir() and shutil.disk_usage(memory).free > _MEMORY_MIN
    return str(memory) if enough else None


def kill_all(pid: int) -> None:
    """Kill -9 a server and its backends, which are in groups of their own."""
    backends = [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/stat")
        if _parent(path) == pid
    ]
    for victim in (pid, *backends):
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)


def _parent(stat: Path) -> int | None:
    """Read the parent of a process, which may be gone meanwhile."""
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


class Server:
    """One cluster; `start` it again after `kill`.

    A durable one lies on the disk and waits for it, as in earnest.
    """

    def __init__(self, *, durable: bool = False) -> None:
        place = None if durable else _fast_folder()
        self.folder = Path(tempfile.mkdtemp(prefix="alloc-pg-", dir=place))
        self._settings = _SETTINGS if durable else _SETTINGS | _HASTY
        self._as: tuple[str, ...] = ()
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
            self._as = ("setpriv", "--reuid=postgres", "--regid=postgres")
            self._as += ("--clear-groups",)
        self._bin = _binaries()
        self._process: subprocess.Popen[bytes] | None = None
        self._names = count()
        options = ["-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
        make = self._command("initdb", "-D", str(self._data), "--no-sync", *options)
        subprocess.run(make, check=True, cwd=self.folder, capture_output=True)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _command(self, name: str, *words: str) -> list[str]:
        return [*self._as, str(self._bin / name), *words]

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = self._settings | {"unix_socket_directories": str(self.folder)}
        words = [word for pair in settings.items() for word in ("-c", "=".join(pair))]
        self._process = subprocess.Popen(
            self._command("postgres", "-D", str(self._data), *words),
            cwd=self.folder,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(600):
            try:
                self.execute("select 1")
            except adbc_driver_manager.Error:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("PostgreSQL does not start")

    def kill(self) -> None:
        """Kill -9 the server with all its processes."""
        assert self._process is not None
        kill_all(self._process.pid)
        self._process.wait()

    def stop(self) -> None:
        """Stop the server and remove everything."""
        self.kill()
        shutil.rmtree(self.folder)

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as an administrator."""
        with adbc.connect(self.url(database)) as connection:
            connection.adbc_connection.set_autocommit(True)
            for statement in statements:
                with connection.cursor() as cursor:
                    cursor.execute(statement)

    def url(self, database: str) -> str:
        """Return the address of a database, as alloc.toml would have it."""
        return f"postgresql:///{database}?host={quote(str(self.folder))}&user={OWNER}"

    def new(self, *, template: str = "template0") -> str:
        """Make a database; return its name."""
        name = f"ledger_{next(self._names)}"
        self.execute(f"create database {name} template {template} strategy file_copy")
        return name
