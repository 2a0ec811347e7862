//! `TxDtls`: one transaction of an entry.

use std::io::Read;

use alloc_domain::bank::Money;

use super::names as n;
use super::raw::Keep;
use super::remittance::Structured;
use super::{CamtReader, compact_iban};
use crate::error::FileError;

/// What a transaction says, before amounts are shared out.
#[derive(Default)]
pub(super) struct RawDetail {
    pub(super) amount: Option<Money>,
    pub(super) credit: Option<bool>,
    pub(super) transaction_amount: Option<Money>,
    pub(super) instructed: Option<Money>,
    pub(super) charges: Charges,
    pub(super) code: Option<String>,
    pub(super) bank_reference: Option<String>,
    pub(super) end_to_end_id: Option<String>,
    pub(super) mandate_id: Option<String>,
    pub(super) debtor: Party,
    pub(super) creditor: Party,
    pub(super) texts: Vec<String>,
    pub(super) structured: Vec<Structured>,
    pub(super) return_reason: Option<String>,
    pub(super) additional: Option<String>,
    /// What is not decoded.
    pub(super) raw: Option<String>,
}

/// One side of a transaction.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Party {
    pub(super) name: Option<String>,
    pub(super) account: Option<String>,
    pub(super) ultimate: Option<String>,
}

impl Party {
    pub(super) fn is_unknown(&self) -> bool {
        self.name.is_none() && self.account.is_none()
    }
}

/// Charges: their records (cost > 0), else the total.
#[derive(Default)]
pub(super) struct Charges {
    total: Option<Money>,
    records: Vec<Money>,
}

impl Charges {
    /// The sum in the currency of `entry`, if all of them are in it.
    pub(super) fn minor(&self, entry: Money) -> Option<i64> {
        if self.records.is_empty() {
            let total = self.total.filter(|total| total.currency == entry.currency);
            return total.map(|total| total.minor);
        }
        self.records.iter().try_fold(0_i64, |sum, record| {
            let same = record.currency == entry.currency;
            same.then(|| sum.checked_add(record.minor)).flatten()
        })
    }
}

impl<R: Read> CamtReader<'_, R> {
    pub(super) fn detail(&mut self) -> Result<RawDetail, FileError> {
        let mut detail = RawDetail::default();
        let line = self.xml.start_line();
        let outer = self.xml.raw.start(Keep::Undecoded);
        while let Some(tag) = self.xml.child()? {
            match tag {
                n::REFS => self.references(&mut detail)?,
                n::AMT => detail.amount = self.all_kept(|camt| camt.money_or_warn(None))?,
                n::CDT_DBT_IND => detail.credit = self.credit()?,
                n::AMT_DTLS => self.all_kept(|camt| camt.amount_details(&mut detail))?,
                n::BK_TX_CD => detail.code = self.transaction_code()?,
                n::CHRGS => self.all_kept(|camt| camt.charges(&mut detail.charges))?,
                n::RLTD_PTIES => self.parties(&mut detail)?,
                n::RMT_INF => self.remittance(&mut detail)?,
                n::RTR_INF => self.return_information(&mut detail)?,
                n::ADDTL_TX_INF => detail.additional = self.xml.some_text()?,
                _ => self.xml.skip()?,
            }
        }
        detail.raw = self.xml.raw.take(line)?;
        self.xml.raw.resume(outer);
        Ok(detail)
    }

    fn references(&mut self, detail: &mut RawDetail) -> Result<(), FileError> {
        while let Some(tag) = self.xml.child()? {
            match tag {
                n::ACCT_SVCR_REF => detail.bank_reference = self.reference()?,
                n::END_TO_END_ID => detail.end_to_end_id = self.reference()?,
                n::MNDT_ID => detail.mandate_id = self.reference()?,
                _ => self.xml.skip()?,
            }
        }
        Ok(())
    }

    fn amount_details(&mut self, detail: &mut RawDetail) -> Result<(), FileError> {
        while let Some(tag) = self.xml.child()? {
            match tag {
                n::INSTD_AMT => detail.instructed = self.nested_amount()?,
                n::TX_AMT => detail.transaction_amount = self.nested_amount()?,
                _ => self.xml.skip()?,
            }
        }
        Ok(())
    }

    /// The `Amt` inside an element.
    fn nested_amount(&mut self) -> Result<Option<Money>, FileError> {
        let mut money = None;
        while let Some(tag) = self.xml.child()? {
            match tag {
                n::AMT => money = self.money_or_warn(None)?,
                _ => self.xml.skip()?,
            }
        }
        Ok(money)
    }

    /// `Chrgs`, of an entry or of a detail: repeated in version .02, with records from .03.
    pub(super) fn charges(&mut self, charges: &mut Charges) -> Result<(), FileError> {
        let (mut record, mut credit) = (None, None);
        while let Some(tag) = self.xml.child()? {
            match tag {
                n::TTL_CHRGS => charges.total = self.money_or_warn(None)?,
                n::RCRD => self.charges(charges)?,
                n::AMT => record = self.money_or_warn(None)?,
                n::CDT_DBT_IND => credit = self.credit()?,
                _ => self.xml.skip()?,
            }
        }
        if let Some(mut record) = record {
            if credit == Some(true) {
                record.minor = -record.minor;
            }
            charges.records.push(record);
        }
        Ok(())
    }

    fn parties(&mut self, detail: &mut RawDetail) -> Result<(), FileError> {
        while let Some(tag) = self.xml.child()? {
            match tag {
                n::DBTR => detail.debtor.name = self.party_name()?,
                n::CDTR => detail.creditor.name = self.party_name()?,
                n::ULTMT_DBTR => detail.debtor.ultimate = self.party_name()?,
                n::ULTMT_CDTR => detail.creditor.ultimate = self.party_name()?,
                n::DBTR_ACCT => detail.debtor.account = self.party_account()?,
                n::CDTR_ACCT => detail.creditor.account = self.party_account()?,
                _ => self.xml.skip()?,
            }
        }
        Ok(())
    }

    /// The name of a party, which stands in `Pty` (or, for a bank, in `Agt`) from version .07.
    fn party_name(&mut self) -> Result<Option<String>, FileError> {
        let mut name = None;
        while let Some(tag) = self.xml.child()? {
            match tag {
                n::NM => name = self.xml.some_text()?.or(name),
                n::PTY | n::AGT | n::FIN_INSTN_ID => name = name.or(self.party_name()?),
                _ => self.xml.skip()?,
            }
        }
        Ok(name)
    }

    fn party_account(&mut self) -> Result<Option<String>, FileError> {
        let mut account = None;
        while let Some(tag) = self.xml.child()? {
            match tag {
                n::ID => account = self.account_id()?,
                // Some banks leave out `Id`.
                n::IBAN => account = compact_iban(self.xml.text()?),
                _ => self.xml.skip()?,
            }
        }
        Ok(account)
    }

    fn return_information(&mut self, detail: &mut RawDetail) -> Result<(), FileError> {
        while let Some(tag) = self.xml.child()? {
            match tag {
                n::RSN | n::RTR_RSN => detail.return_reason = self.xml.first_text()?,
                _ => self.xml.skip()?,
            }
        }
        Ok(())
    }
}
