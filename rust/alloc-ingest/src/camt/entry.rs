//! `Ntry`: one entry with its details.

use std::io::Read;

use alloc_domain::bank::{BankEntry, Date, EntryStatus, Money};

use super::details::{Charges, RawDetail};
use super::names as n;
use super::raw::{self, Keep};
use super::split::split;
use super::{CamtReader, OpenStatement};
use crate::error::{FileError, excerpt};

/// Characters of `YYYY-MM-DD`; longer ones say a time, too.
const DAY: usize = 10;

/// What an entry says, in the order of the file.
#[derive(Default)]
pub(super) struct RawEntry {
    pub(super) line: u64,
    pub(super) money: Option<Money>,
    pub(super) credit: Option<bool>,
    pub(super) reversal: bool,
    status: Option<String>,
    booked: Option<Date>,
    valued: Option<Date>,
    entry_reference: Option<String>,
    bank_reference: Option<String>,
    pub(super) code: Option<String>,
    pub(super) charges: Charges,
    pub(super) additional: Option<String>,
    pub(super) details: Vec<RawDetail>,
    /// What is not decoded.
    pub(super) raw: Option<String>,
}

impl<R: Read> CamtReader<'_, R> {
    pub(super) fn entry(&mut self, open: &OpenStatement) -> Result<BankEntry, FileError> {
        let mut raw = RawEntry {
            line: self.xml.start_line(),
            ..RawEntry::default()
        };
        while let Some(tag) = self.xml.child()? {
            match tag {
                n::NTRY_REF => raw.entry_reference = self.reference()?,
                n::AMT => raw.money = Some(self.money(open.statement.currency)?),
                n::CDT_DBT_IND => raw.credit = self.credit()?,
                n::RVSL_IND => raw.reversal = self.reversal()?,
                n::STS => raw.status = self.xml.first_text()?,
                n::BOOKG_DT => raw.booked = self.day("BookgDt")?,
                n::VAL_DT => raw.valued = self.day("ValDt")?,
                n::ACCT_SVCR_REF => raw.bank_reference = self.reference()?,
                n::BK_TX_CD => raw.code = self.transaction_code()?,
                n::CHRGS => self.all_kept(|camt| camt.charges(&mut raw.charges))?,
                n::NTRY_DTLS => self.entry_details(&mut raw)?,
                n::ADDTL_NTRY_INF => raw.additional = self.xml.some_text()?,
                _ => self.xml.skip()?,
            }
        }
        raw.raw = self.xml.raw.take(raw.line)?;
        self.finish(open, raw)
    }

    /// Whether the entry reverses another: money that left again must not count as received.
    fn reversal(&mut self) -> Result<bool, FileError> {
        let line = self.xml.start_line();
        match self.xml.text()?.to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(FileError::FieldMissing {
                line,
                field: "RvslInd",
            }),
        }
    }

    /// Reads an element and takes down every leaf of it all the same.
    pub(super) fn all_kept<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, FileError>,
    ) -> Result<T, FileError> {
        let before = std::mem::replace(&mut self.xml.raw.keep, Keep::All);
        let found = read(self)?;
        self.xml.raw.keep = before;
        Ok(found)
    }

    fn entry_details(&mut self, raw: &mut RawEntry) -> Result<(), FileError> {
        while let Some(tag) = self.xml.child()? {
            match tag {
                n::TX_DTLS => {
                    let detail = self.detail()?;
                    raw.details.push(detail);
                }
                _ => self.xml.skip()?,
            }
        }
        Ok(())
    }

    /// A reference; `NOTPROVIDED` and `NONREF` are none.
    pub(super) fn reference(&mut self) -> Result<Option<String>, FileError> {
        let text = self.xml.text()?;
        let none = matches!(
            text,
            "" | "NOTPROVIDED" | "NONREF" | "NOT PROVIDED" | "UNKNOWN"
        );
        Ok((!none).then(|| text.to_owned()))
    }

    /// The day of a date element; one that does not exist is reported and counts as missing.
    fn day(&mut self, field: &str) -> Result<Option<Date>, FileError> {
        let line = self.xml.start_line();
        let (date, text) = self.date()?;
        if let Some(timed) = text.as_deref().filter(|text| text.len() > DAY) {
            self.xml.raw.note_child(field, timed);
        }
        if let (None, Some(text)) = (date, text) {
            let message = format!("{field} {:?} is not a date", excerpt(&text));
            self.recorder.warn("DATE_INVALID", line, &message);
        }
        Ok(date)
    }

    /// `BkTxCd`: domain, family and subfamily (`PMNT/RCDT/ESCT`), else the proprietary code.
    pub(super) fn transaction_code(&mut self) -> Result<Option<String>, FileError> {
        let (mut domain, mut proprietary) = (None, None);
        while let Some(tag) = self.xml.child()? {
            match tag {
                n::DOMN => domain = self.xml.joined_texts()?,
                n::PRTRY => proprietary = self.xml.first_text()?,
                _ => self.xml.skip()?,
            }
        }
        Ok(domain.or(proprietary))
    }

    fn finish(&mut self, open: &OpenStatement, mut raw: RawEntry) -> Result<BankEntry, FileError> {
        let line = raw.line;
        let missing = |field| FileError::FieldMissing { line, field };
        let mut money = raw.money.ok_or_else(|| missing("Amt"))?;
        let credit = raw.credit.ok_or_else(|| missing("CdtDbtInd"))?;
        if !credit {
            money.minor = -money.minor;
        }
        let status = self.status(raw.status.as_deref(), line);
        let booking_date = self.booking_date(open, &raw, status)?;
        let only_detail = match raw.details.as_mut_slice() {
            [detail] if raw.bank_reference.is_none() => detail.bank_reference.take(),
            _ => None,
        };
        let bank_reference = raw.bank_reference.take().or(only_detail);
        let entry_reference = raw.entry_reference.take();
        if bank_reference.is_some() {
            raw::add(&mut raw.raw, "NtryRef", entry_reference.as_deref());
        }
        let (details, warning) = split(&raw, money, &open.statement.account);
        if let Some((code, message)) = warning {
            self.recorder.warn(code, line, &message);
        }
        Ok(BankEntry {
            line,
            account: open.statement.account.clone(),
            booking_date,
            value_date: raw.valued,
            money,
            status,
            reversal: raw.reversal,
            bank_reference: bank_reference.or(entry_reference),
            details,
        })
    }

    /// The booking day, else the day of value, else the day of the statement.
    fn booking_date(
        &mut self,
        open: &OpenStatement,
        raw: &RawEntry,
        status: EntryStatus,
    ) -> Result<Date, FileError> {
        if let Some(date) = raw.booked {
            return Ok(date);
        }
        let (line, field) = (raw.line, "BookgDt");
        let date = raw.valued.or(open.created);
        let date = date.ok_or(FileError::FieldMissing { line, field })?;
        if status == EntryStatus::Booked {
            let message = format!("BookgDt is missing; {date} is taken");
            self.recorder.warn("BOOKING_DATE_MISSING", line, &message);
        }
        Ok(date)
    }

    fn status(&mut self, code: Option<&str>, line: u64) -> EntryStatus {
        match code {
            Some("BOOK") | None => EntryStatus::Booked,
            Some("PDNG" | "FUTR") => EntryStatus::Pending,
            Some("INFO") => EntryStatus::Information,
            Some(other) => {
                let message = format!(
                    "the status {:?} is unknown; the entry counts as information only",
                    excerpt(other)
                );
                self.recorder.warn("STATUS_UNKNOWN", line, &message);
                EntryStatus::Information
            }
        }
    }
}
