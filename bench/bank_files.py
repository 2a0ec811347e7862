"""Time and memory of reading large bank files.

``python bench/bank_files.py`` writes three files of 100,000 entries (CFONB120: of a
million records), reads each in a process of its own, and prints seconds and the
memory above that of ``import alloc, pyarrow``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

READ = """
import resource, sys, time
import alloc, pyarrow
from alloc.engine import read_bank_file
def high(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = high()
start, used = time.perf_counter(), time.process_time()
file = read_bank_file(sys.argv[1], name=sys.argv[1])
seconds, used = time.perf_counter() - start, time.process_time() - used
wrong = [d for d in file.statements["difference_minor"].to_pylist() if d != 0]
print(f"{file.entries.num_rows:>9,} rows {seconds:7.2f} s ({used:.2f} s of CPU) "
      f"{(high() - before) / 1024:7.1f} MB above {before / 1024:.0f} MB, "
      f"{len(wrong)} statements out of balance")
"""

CAMT_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">
  <BkToCstmrStmt>
    <GrpHdr><MsgId>BENCH</MsgId><CreDtTm>2026-01-31T20:00:00</CreDtTm></GrpHdr>
    <Stmt>
      <Id>BENCH-1</Id>
      <Acct><Id><IBAN>FR1420041010050500013M02606</IBAN></Id><Ccy>EUR</Ccy></Acct>
"""
CAMT_BALANCE = """      <Bal>
        <Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>
        <Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>
        <Dt><Dt>2026-01-31</Dt></Dt>
      </Bal>
"""
CAMT_ENTRY = """      <Ntry>
        <Amt Ccy="EUR">{amount}</Amt>
        <CdtDbtInd>CRDT</CdtDbtInd>
        <Sts><Cd>BOOK</Cd></Sts>
        <BookgDt><Dt>2026-01-{day:02}</Dt></BookgDt>
        <ValDt><Dt>2026-01-{day:02}</Dt></ValDt>
        <AcctSvcrRef>SVC-{number:09}</AcctSvcrRef>
        <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly>\
</Domn></BkTxCd>
        <NtryDtls>
          <TxDtls>
            <Refs><EndToEndId>E2E-{number:09}</EndToEndId></Refs>
            <Amt Ccy="EUR">{amount}</Amt>
            <RltdPties>
              <Dbtr><Pty><Nm>GARAGE DES TILLEULS {number}</Nm></Pty></Dbtr>
              <DbtrAcct><Id><IBAN>FR7630006000011234567890189</IBAN></Id></DbtrAcct>
            </RltdPties>
            <RmtInf>
              <Ustrd>FACTURE VN-2026-{number:07} COMMANDE {number:05}</Ustrd>
            </RmtInf>
          </TxDtls>
        </NtryDtls>
      </Ntry>
"""
CAMT_TAIL = "    </Stmt>\n  </BkToCstmrStmt>\n</Document>\n"


def amounts(count: int) -> list[int]:
    """Return minor units between 100.00 and 99,999.99, all different enough."""
    return [10_000 + (number * 7_919) % 9_990_000 for number in range(count)]


def text(minor: int, point: str) -> str:
    """Write minor units of a currency with two decimals."""
    return f"{minor // 100}{point}{minor % 100:02}"


def camt(count: int) -> Iterator[str]:
    """Write one camt.053 statement."""
    total = text(sum(amounts(count)), ".")
    yield CAMT_HEAD
    yield CAMT_BALANCE.format(code="OPBD", amount="0.00")
    yield CAMT_BALANCE.format(code="CLBD", amount=total)
    for number, minor in enumerate(amounts(count)):
        day, amount = number % 28 + 1, text(minor, ".")
        yield CAMT_ENTRY.format(number=number, day=day, amount=amount)
    yield CAMT_TAIL


def mt940(count: int) -> Iterator[str]:
    """Write one MT940 statement."""
    yield ":20:BENCH\r\n:25:DE89370400440532013000\r\n:28C:1/1\r\n"
    yield ":60F:C260101EUR0,00\r\n"
    for number, minor in enumerate(amounts(count)):
        day, amount = number % 28 + 1, text(minor, ",")
        yield f":61:2601{day:02}01{day:02}C{amount}NTRFNONREF//SVC{number:09}\r\n"
        yield f":86:166?00GUTSCHRIFT?20EREF+E2E-{number:09}?21SVWZ+RECHNUNG\r\n"
        yield f"VN-2026-{number:07}?30BYLADEMM?31DE99700500000000012345?32AUTOHAUS\r\n"
    yield f":62F:C260131EUR{text(sum(amounts(count)), ',')}\r\n-\r\n"


def cfonb(count: int) -> Iterator[str]:
    """Write one CFONB120 statement: four records an entry."""
    place, account = "30004{:4}00828EUR2 ", "00001234567"

    def signed(minor: int) -> str:
        return f"{minor // 10:013}{'{ABCDEFGHI'[minor % 10]}"

    head = place.format("") + account
    yield f"01{head}  310126{'':50}{signed(0)}{'':16}\r\n"
    entry = place.format("0001") + account
    for number, minor in enumerate(amounts(count // 4)):
        day = number % 28 + 1
        yield (
            f"04{entry}18{day:02}0226  {day:02}0226{'VIR SEPA RECU':31}  "
            f"{number:07}  {signed(minor)}{f'REF{number:09}':16}\r\n"
        )
        for qualifier, information in (
            ("NPY", "GARAGE DES TILLEULS"),
            ("LCC", f"FACTURE VN-2026-{number:07}"),
            ("RCN", f"E2E-{number:09}"),
        ):
            more = f"{qualifier}{information:70}"
            yield f"05{entry}18{day:02}0226     {more}  \r\n"
    total = signed(sum(amounts(count // 4)))
    yield f"07{head}  280226{'':50}{total}{'':16}\r\n"


def main() -> None:
    """Write, read and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    count = parser.parse_args().entries
    with tempfile.TemporaryDirectory() as folder:
        for name, lines in (
            ("camt.053", camt(count)),
            ("MT940", mt940(count)),
            ("CFONB120", cfonb(10 * count)),
        ):
            path = Path(folder) / name
            with path.open("w", encoding="ascii", newline="") as file:
                file.writelines(lines)
            size = path.stat().st_size / 1e6
            print(f"{name:>9} {size:6.1f} MB ", end="", flush=True)
            subprocess.run([sys.executable, "-c", READ, str(path)], check=True)


if __name__ == "__main__":
    main()
