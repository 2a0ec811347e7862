//! Small files of every format, and a sink that remembers.

use alloc_domain::bank::{BankEntry, BankSink, EntryPlace, Statement, StatementTotals, Warning};
use alloc_ingest::{BankFileError, Format, Options, read_bank};

/// Everything that a reader found.
#[derive(Default)]
pub struct Found {
    pub entries: Vec<(String, BankEntry)>,
    pub statements: Vec<(StatementTotals, Statement)>,
    pub warnings: Vec<Warning>,
}

impl BankSink for Found {
    fn entry(&mut self, place: EntryPlace<'_>, entry: &BankEntry) {
        let details: Option<i64> = entry
            .details
            .iter()
            .try_fold(0_i64, |sum, detail| sum.checked_add(detail.amount_minor));
        assert_eq!(
            details,
            Some(entry.money.minor),
            "details add up to the entry"
        );
        self.entries
            .push((place.payment_id.to_owned(), entry.clone()));
    }

    fn statement(&mut self, totals: StatementTotals, statement: &Statement) {
        self.statements.push((totals, statement.clone()));
    }

    fn warning(&mut self, warning: &Warning) {
        assert!(warning.line > 0);
        self.warnings.push(warning.clone());
    }
}

/// Reads bytes; the sink tells what was found before an error.
pub fn read(bytes: &[u8], strict: bool) -> (Found, Result<Format, BankFileError>) {
    let mut found = Found::default();
    let result = read_bank(bytes, "file", Options { strict }, &mut found);
    (found, result)
}

pub const CAMT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><CreDtTm>2026-01-31T20:00:00</CreDtTm></GrpHdr><Stmt><Id>S1</Id>
<Acct><Id><IBAN>FR1420041010050500013M02606</IBAN></Id><Ccy>EUR</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">1.00</Amt>
<CdtDbtInd>DBIT</CdtDbtInd><Dt><Dt>2026-01-30</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">124.00</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-01-31</Dt></Dt></Bal>
<Ntry><NtryRef>1</NtryRef><Amt Ccy="EUR">150.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<RvslInd>false</RvslInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-01-31</Dt></BookgDt>
<ValDt><DtTm>2026-01-31T00:00:00Z</DtTm></ValDt><AcctSvcrRef>A1</AcctSvcrRef>
<BkTxCd><Prtry><Cd>NTRF</Cd></Prtry></BkTxCd><NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch>
<TxDtls><Refs><EndToEndId>E1</EndToEndId></Refs><Amt Ccy="EUR">100.00</Amt><RltdPties>
<Dbtr><Pty><Nm>M&#252;ller &amp; Söhne</Nm></Pty></Dbtr></RltdPties><RmtInf><Strd><RfrdDocInf>
<Tp><CdOrPrtry><Cd>CREN</Cd></CdOrPrtry></Tp><Nb>A-1</Nb><RltdDt>2026-01-05</RltdDt></RfrdDocInf>
<RfrdDocAmt><CdtNoteAmt Ccy="EUR">10.00</CdtNoteAmt><AdjstmntAmtAndRsn><Amt Ccy="EUR">1.00</Amt>
<Rsn>X</Rsn></AdjstmntAmtAndRsn></RfrdDocAmt></Strd></RmtInf></TxDtls>
<TxDtls><Amt Ccy="EUR">50.00</Amt><RmtInf><Ustrd><![CDATA[F 2 < 3]]></Ustrd></RmtInf></TxDtls>
</NtryDtls></Ntry><Ntry><Amt Ccy="EUR">25.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts>
<BookgDt><Dt>2026-01-31</Dt></BookgDt><AddtlNtryInf>FEES</AddtlNtryInf></Ntry>
</Stmt></BkToCstmrStmt></Document>
"#;

pub const MT940: &str = "{1:F01BANKDEFFXXXX0000000000}{2:I940BANKDEFFXXXXN}{4:
:20:STARTUMS
:25:20070000/0123456601
:28C:00143/1
:60F:C260130EUR10,00
:61:2601310131CR150,00NTRFKREF+//BANK-1
/OCMT/USD170,//CHGS/EUR1,50/
:86:166?00GUTSCHRIFT?20EREF+E-1?21SVWZ+RECHNUNG 4711 VOM 05.0?221.2026?30BYL
ADEMM?31DE99700500000000012345?32MÜLLER UND SÖHNE, KFZ-HAND?33EL
:61:260131RC20,NTRFNONREF
:86:/TRTP/SEPA/IBAN/NL91ABNA0417164300/NAME/BV/REMI/USTD//TEXT/EREF/NOTPROVIDED
:62F:C260131EUR140,00
:64:C260131EUR140,00
-}
";

pub const CFONB: &str = "\
0130004    00828EUR2 00001234567  300126                                                  0000000001000{
0430004000100828EUR2 0000123456718310126  310126VIR SEPA RECU /DE DURAND         0000123  0000000001500{REF1
0530004000100828EUR2 0000123456718310126     NPYDURAND ET FILS
0530004000100828EUR2 0000123456718310126     LCCFACTURE É-2026-1
0530004000100828EUR2 0000123456718310126     LC2SUITE
0530004000100828EUR2 0000123456718310126     MMOUSD2000000000170000
0430004000100828EUR2 00001234567B331012604310126PRLV SEPA REJETE                 0000126  0000000000020}
0730004    00828EUR2 00001234567  310126                                                  0000000002480{
";

pub const BAI2: &str = "\
01,BANK,ME,260131,0700,1,,,2/
02,ME,BANK,1,260131,2359,EUR,2/
03,20070000 123,EUR,010,10000,,,015,12000,,/
88,100,2500,1,,400,500,1,/
16,165,2500,V,260201,,BANK-1,CUST 2,FACTURE 1, 2/
88,ET Ü 3/
16,475,500,S,100,200,200,,,CHECK
49,27500,6/
98,27500,1,8/
99,27500,1,10/
";

pub const OFX: &str = "OFXHEADER:100
DATA:OFXSGML
VERSION:102
CHARSET:1252

<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR
<BANKACCTFROM><BANKID>1<ACCTID>20070000123</BANKACCTFROM><BANKTRANLIST>
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20260131120000[+1:CET]<TRNAMT>+1 234,50
<FITID>T1<NAME>MÜLLER & SÖHNE<MEMO>A &lt; B</STMTTRN>
<STMTTRN><TRNTYPE>CHECK<DTPOSTED>20260131<TRNAMT>-20.00<FITID>T2<CHECKNUM>7
<PAYEE><NAME>X</PAYEE><MEMO/></STMTTRN></BANKTRANLIST>
<LEDGERBAL><BALAMT>90.5<DTASOF>20260131</LEDGERBAL></STMTRS></STMTTRNRS>
</BANKMSGSRSV1></OFX>
";

/// One file of each format, with the number of entries that each has.
pub fn all() -> [(&'static str, Format, usize); 5] {
    [
        (CAMT, Format::Camt, 2),
        (MT940, Format::Mt940, 2),
        (CFONB, Format::Cfonb120, 2),
        (BAI2, Format::Bai2, 2),
        (OFX, Format::Ofx, 2),
    ]
}
