"""The examples do what an accounting system does, on a real service."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from google.rpc import error_details_pb2
from service_case import Service

from alloc_server.serving import Listening

if TYPE_CHECKING:
    from alloc.cli.workspace import Workspace


def post_twice(service: Service, authority: str | Path, *words: str | Path) -> None:
    """Post a payment by an example, twice; then ask for one that is not there."""
    before = service.entries()

    def run(name: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*words, service.address, authority, "FR01", name],
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


def test_the_python_example_posts_a_payment_once(service: Service, root: Path) -> None:
    example = root / "examples/python/post_payment.py"
    post_twice(service, service.folder / "ca.pem", sys.executable, example)


def test_the_java_example_posts_a_payment_once(
    workspace: Workspace, certificates: Path, root: Path, tmp_path: Path
) -> None:
    """Without TLS: the Netty that Debian has cannot negotiate HTTP/2 by it."""
    protos = Path(error_details_pb2.__file__).parents[2]
    built = subprocess.run(
        [root / "examples/java/build", tmp_path, protos],
        capture_output=True,
        text=True,
        check=True,
    )
    classes = built.stdout.splitlines()[-1]
    service = Service(workspace, certificates, Listening(drain_seconds=2))
    try:
        # A small program: no time is spent on compiling it well.
        words = ("java", "-XX:TieredStopAtLevel=1", "-cp", classes, "PostPayment")
        post_twice(service, "-", *words)
    finally:
        service.close()
