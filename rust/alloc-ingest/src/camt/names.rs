//! Element names, packed so that a `match` on them is a few comparisons of integers.

/// A local element name: its length and its first fifteen bytes. Names of the messages differ there.
pub(super) type Tag = u128;

/// Packs a name.
pub(super) const fn tag(name: &str) -> Tag {
    let bytes = name.as_bytes();
    let mut packed = 0;
    let mut index = 0;
    while index < bytes.len() && index < 15 {
        packed = packed << 8 | bytes[index] as u128;
        index += 1;
    }
    (bytes.len() as u128) << 120 | packed
}

macro_rules! tags {
    ($($constant:ident = $name:literal,)*) => { $(pub(super) const $constant: Tag = tag($name);)* };
}

tags! {
    ACCT = "Acct",
    ACCT_SVCR_REF = "AcctSvcrRef",
    ADDTL_INF = "AddtlInf",
    ADDTL_NTRY_INF = "AddtlNtryInf",
    ADDTL_RMT_INF = "AddtlRmtInf",
    ADDTL_TX_INF = "AddtlTxInf",
    ADJSTMNT = "AdjstmntAmtAndRsn",
    AGT = "Agt",
    AMT = "Amt",
    AMT_DTLS = "AmtDtls",
    BAL = "Bal",
    BBAN = "BBAN",
    BK_TX_CD = "BkTxCd",
    BOOKG_DT = "BookgDt",
    CCY = "Ccy",
    CDT_DBT_IND = "CdtDbtInd",
    CDT_NOTE_AMT = "CdtNoteAmt",
    CDTR = "Cdtr",
    CDTR_ACCT = "CdtrAcct",
    CDTR_REF = "CdtrRef",
    CDTR_REF_INF = "CdtrRefInf",
    CHRGS = "Chrgs",
    CRE_DT_TM = "CreDtTm",
    DBTR = "Dbtr",
    DBTR_ACCT = "DbtrAcct",
    DOMN = "Domn",
    DSCNT_APLD_AMT = "DscntApldAmt",
    DT = "Dt",
    DUE_PYBL_AMT = "DuePyblAmt",
    ELCTRNC_SEQ_NB = "ElctrncSeqNb",
    END_TO_END_ID = "EndToEndId",
    FIN_INSTN_ID = "FinInstnId",
    IBAN = "IBAN",
    ID = "Id",
    INSTD_AMT = "InstdAmt",
    MNDT_ID = "MndtId",
    NB = "Nb",
    NM = "Nm",
    NTFCTN = "Ntfctn",
    NTRY = "Ntry",
    NTRY_DTLS = "NtryDtls",
    NTRY_REF = "NtryRef",
    OTHR = "Othr",
    PRTRY = "Prtry",
    PRTRY_ACCT = "PrtryAcct",
    PTY = "Pty",
    RCRD = "Rcrd",
    REF = "Ref",
    REFS = "Refs",
    RFRD_DOC_AMT = "RfrdDocAmt",
    RFRD_DOC_INF = "RfrdDocInf",
    RLTD_DT = "RltdDt",
    RLTD_PTIES = "RltdPties",
    RMT_AMT_AND_TP = "RmtAmtAndTp",
    RMT_INF = "RmtInf",
    RMTD_AMT = "RmtdAmt",
    RPT = "Rpt",
    RSN = "Rsn",
    RTR_INF = "RtrInf",
    RTR_RSN = "RtrRsn",
    RVSL_IND = "RvslInd",
    STMT = "Stmt",
    STRD = "Strd",
    STS = "Sts",
    TP = "Tp",
    TTL_CHRGS = "TtlChrgsAndTaxAmt",
    TX_AMT = "TxAmt",
    TX_DTLS = "TxDtls",
    ULTMT_CDTR = "UltmtCdtr",
    ULTMT_DBTR = "UltmtDbtr",
    UPIC = "UPIC",
    USTRD = "Ustrd",
    VAL_DT = "ValDt",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        assert_eq!(tag("Amt"), AMT);
        assert_ne!(tag("amt"), AMT);
        assert_ne!(tag("AmtX"), AMT);
        assert_ne!(tag("TtlNtriesPerBkTxCd"), tag("TtlNetNtry"));
        assert_ne!(DBTR_ACCT, CDTR_ACCT);
        assert_ne!(tag(""), tag("\0"));
    }
}
