from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from certificates import write_certificates
from service_case import Service, make_workspace

from alloc.cli.workspace import Workspace
from alloc_server.serving import Listening

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    write_certificates(folder)
    return folder


@pytest.fixture(scope="session")
def made_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("made") / "group").root


@pytest.fixture
def workspace(made_workspace: Path, tmp_path: Path) -> Workspace:
    return Workspace(shutil.copytree(made_workspace, tmp_path / "group"))


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
