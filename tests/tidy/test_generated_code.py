"""What is generated is current: the Python messages and stubs of the service."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def test_generated_messages_and_stubs_are_those_of_the_proto_files(
    root: Path, tmp_path: Path
) -> None:
    scripts = f"{sys.prefix}/bin"
    protos = sorted(map(str, (root / "proto/alloc/v1").glob("*.proto")))
    words = [sys.executable, "-m", "grpc_tools.protoc"]
    words += [f"-I{root / 'proto'}", f"-I{root / 'third_party/googleapis'}"]
    for plugin in ("mypy", "mypy_grpc"):
        words += [f"--plugin=protoc-gen-{plugin}={scripts}/protoc-gen-{plugin}"]
        words += [f"--{plugin}_out=quiet:{tmp_path}"]
    words += [f"--python_out={tmp_path}", f"--grpc_python_out={tmp_path}", *protos]
    subprocess.run(words, check=True)
    made = {path.name: path.read_text() for path in (tmp_path / "alloc/v1").iterdir()}
    kept = {
        path.name: path.read_text()
        for path in (root / "python/alloc/v1").glob("*_pb2*")
    }
    assert made == kept, "run `make proto`"
