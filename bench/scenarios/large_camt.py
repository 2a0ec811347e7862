"""Write one large camt.053: `python large_camt.py FILE [ENTRIES]`."""

from __future__ import annotations

import sys
from pathlib import Path

ENTRY = """<Ntry><NtryRef>{n}</NtryRef>\
<Amt Ccy="EUR">{major}.{minor:02}</Amt>\
<CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>\
<BookgDt><Dt>2026-03-{day:02}</Dt></BookgDt>\
<ValDt><Dt>2026-03-{day:02}</Dt></ValDt><AcctSvcrRef>BENCH{n:012}</AcctSvcrRef>\
<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn>\
</BkTxCd><NtryDtls><TxDtls><Refs><EndToEndId>E2E-{n:09}</EndToEndId></Refs><RltdPties>\
<Dbtr><Nm>GARAGE DES TILLEULS {n:06} SARL</Nm></Dbtr><DbtrAcct><Id>\
<IBAN>FR1420041010050500013M02606</IBAN></Id></DbtrAcct></RltdPties><RmtInf>\
<Ustrd>VIREMENT FACTURE GT-F{n:08} DU 2026-03-{day:02} MERCI DE VOTRE VISITE</Ustrd>\
</RmtInf></TxDtls></NtryDtls></Ntry>
"""

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>\
<GrpHdr>\
<MsgId>BENCH</MsgId><CreDtTm>2026-03-31T20:00:00</CreDtTm></GrpHdr><Stmt><Id>1</Id>\
<CreDtTm>2026-03-31T20:00:00</CreDtTm><Acct><Id><IBAN>FR1420041010050500013M02606</IBAN>\
</Id><Ccy>EUR</Ccy></Acct>
"""

BALANCE = """<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>\
<Amt Ccy="EUR">{major}.{minor:02}</Amt><CdtDbtInd>CRDT</CdtDbtInd>\
<Dt><Dt>2026-03-31</Dt></Dt></Bal>
"""


def main(path: Path, entries: int) -> None:
    """Write the file: entries of about 860 bytes, and the balances that fit."""
    amounts = [100 + 37 * number % 900_000 for number in range(entries)]
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.write(HEAD)
        for code, balance in (("OPBD", 0), ("CLBD", sum(amounts))):
            major, minor = divmod(balance, 100)
            out.write(BALANCE.format(code=code, major=major, minor=minor))
        for number, amount in enumerate(amounts):
            major, minor = divmod(amount, 100)
            day = 1 + number * 31 // entries
            out.write(ENTRY.format(n=number, major=major, minor=minor, day=day))
        out.write("</Stmt></BkToCstmrStmt></Document>\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)  # noqa: PLR2004
