from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from demo_case import write_demo

if TYPE_CHECKING:
    from demo_case import Demo


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return write_demo(tmp_path_factory.mktemp("small") / "demo", "small", 1)


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return write_demo(tmp_path_factory.mktemp("day") / "demo", "day", 1)


@pytest.fixture(params=["small", "day"])
def demo(request: pytest.FixtureRequest) -> Demo:
    found: Demo = request.getfixturevalue(request.param)
    return found
