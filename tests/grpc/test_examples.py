"""The examples do what an accounting system does, on a real service."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from service_case import Service


def test_the_python_example_posts_a_payment_once(service: Service, root: Path) -> None:
    before = service.entries()
    words = [sys.executable, root / "examples/python/post_payment.py"]
    words += [service.address, service.folder / "ca.pem", "FR01"]

    def run(name: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*words, name],
            env=os.environ | {"ALLOC_TOKEN": service.token()},
            capture_output=True,
            text=True,
            check=False,
        )

    name = service.payment_id("B2")
    first, again = run(name), run(name)
    assert first.returncode == again.returncode == 0, first.stderr
    assert first.stdout.splitlines()[-1].startswith("posted BQ1 2026 ")
    assert again.stdout.splitlines()[-1] == first.stdout.splitlines()[-1]
    assert service.entries() == before + 1
    assert run("PX").stderr.strip().endswith("[PAYMENT_UNKNOWN]")
