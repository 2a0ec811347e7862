from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from certificates import write_certificates
from service_case import Service, make_workspace, settings_at

from alloc.cli.workspace import Workspace
from alloc_server.serving import Listening

sys.path.append(str(Path(__file__).parents[1] / "store"))
from postgresql_server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    write_certificates(folder)
    return folder


@pytest.fixture(scope="session")
def made_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("made") / "group").root


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    started = Server()
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="session")
def made_database(
    postgresql: Server, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """The same workspace over a database, and its name."""
    name = postgresql.new()
    root = tmp_path_factory.mktemp("made") / "group"
    return make_workspace(root, url=postgresql.url(name)).root, name


@pytest.fixture
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Workspace:
    """A copy of its own; modules that say so run on both kinds of database."""
    if getattr(request, "param", "sqlite") == "sqlite":
        made = request.getfixturevalue("made_workspace")
        return Workspace(shutil.copytree(made, tmp_path / "group"))
    made, template = request.getfixturevalue("made_database")
    server: Server = request.getfixturevalue("postgresql")
    root = Path(shutil.copytree(made, tmp_path / "group"))
    url = server.url(server.new(template=template))
    (root / "alloc.toml").write_text(settings_at(url))
    return Workspace(root)


@pytest.fixture
def listening(certificates: Path) -> Listening:
    return Listening(
        certificate=certificates / "server.pem",
        key=certificates / "server.key",
        drain_seconds=2,
    )


@pytest.fixture
def service(
    workspace: Workspace, certificates: Path, listening: Listening
) -> Iterator[Service]:
    service = Service(workspace, certificates, listening)
    yield service
    service.close()
