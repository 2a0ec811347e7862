//! ISO 20022 camt.052, .053 and .054 of every version, whatever the namespace.
//!
//! Elements are found by local name at the place where the messages have them, so files that do
//! not validate are read as far as they say something. Rules:
//!
//! * The sign is that of `CdtDbtInd`. `RvslInd` does not change it: a reversed credit is printed as
//!   a debit, and it is flagged.
//! * A missing status is `BOOK`; a status that is not `BOOK`, `PDNG`, `FUTR` or `INFO` counts as
//!   information only, with a warning.
//! * Dates are the printed days; time zones are ignored.
//! * The bank reference is `AcctSvcrRef` of the entry, else of its only detail, else `NtryRef`.

mod details;
mod entry;
mod names;
mod raw;
mod remittance;
mod split;
mod xml;

use std::io::Read;

use alloc_domain::bank::{
    Balance, BankCurrency, Date, MessageKind, Money, Statement, minor_units_with_point,
};

use self::names as n;
use self::raw::Keep;
use self::xml::{Xml, attribute};
use crate::decode::Decoder;
use crate::error::{FileError, excerpt};
use crate::recorder::{Recorder, keep};

/// Reads the messages of one file.
pub(crate) struct CamtReader<'s, R> {
    xml: Xml<R>,
    recorder: Recorder<'s>,
    /// `camt.053.001.08`, from the last namespace that says so.
    version: Option<String>,
}

/// The statement that is being read.
struct OpenStatement {
    statement: Statement,
    /// Day on which the message was made, the last resort for a booking date.
    created: Option<Date>,
    balances: Vec<(String, Balance)>,
    entries: u64,
}

impl<'s, R: Read> CamtReader<'s, R> {
    pub(crate) fn new(source: Decoder<R>, recorder: Recorder<'s>) -> Self {
        Self {
            xml: Xml::new(source),
            recorder,
            version: None,
        }
    }

    /// Reads every message of the file, however many documents it consists of.
    pub(crate) fn read(mut self) -> Result<(), FileError> {
        let mut messages = 0_u64;
        while self.xml.next()?.is_some() {
            if let Some(version) = camt_version(self.xml.start()) {
                self.version = Some(version);
            }
            if let Some(kind) = message_kind(self.xml.start()) {
                self.message(kind)?;
                messages += 1;
            }
        }
        if messages == 0 {
            return Err(FileError::FormatUnknown);
        }
        if let Some((line, number)) = self.xml.lost_entries() {
            let error = FileError::EntryMisplaced { line };
            let loss = format!("entries left out: {number}");
            self.recorder.tolerate(error, &loss)?;
        }
        self.recorder.end(self.xml.start_line())
    }

    fn message(&mut self, kind: MessageKind) -> Result<(), FileError> {
        let mut created = None;
        let line = self.xml.start_line();
        let outer = self.xml.raw.start(Keep::All);
        while let Some(tag) = self.xml.child()? {
            match tag {
                n::STMT | n::RPT | n::NTFCTN => self.statement(kind, created)?,
                // The header of the message: its day stands for statements without one.
                _ => {
                    while let Some(tag) = self.xml.child()? {
                        match tag {
                            n::CRE_DT_TM => created = Date::parse_iso(self.xml.text()?),
                            _ => self.xml.skip()?,
                        }
                    }
                }
            }
        }
        let rest = self.xml.raw.take(line)?;
        self.xml.raw.resume(outer);
        self.recorder
            .behind(rest.as_deref().unwrap_or_default(), line)
    }

    fn statement(&mut self, kind: MessageKind, created: Option<Date>) -> Result<(), FileError> {
        let mut open = OpenStatement {
            statement: self.empty_statement(kind),
            created,
            balances: Vec::new(),
            entries: 0,
        };
        let mut identifier = None;
        while let Some(tag) = self.xml.child()? {
            match tag {
                n::ID => identifier = self.xml.some_text()?,
                n::ELCTRNC_SEQ_NB => open.statement.number = self.xml.some_text()?,
                n::CRE_DT_TM => open.created = Date::parse_iso(self.xml.text()?).or(created),
                n::ACCT => self.statement_account(&mut open)?,
                n::BAL => self.balance(&mut open)?,
                n::NTRY => self.entry_or_report(&mut open)?,
                _ => self.xml.skip()?,
            }
        }
        let mut statement = open.statement;
        statement.number = statement.number.or(identifier);
        (statement.opening, statement.closing) = opening_and_closing(&open.balances);
        if let (None, Some(balance)) = (statement.currency, statement.closing) {
            statement.currency = Some(balance.money.currency);
        }
        let own = self.xml.raw.take(statement.line)?;
        let own = own.as_deref().unwrap_or_default();
        keep(&mut statement.raw, own, statement.line)?;
        self.recorder.statement(statement);
        Ok(())
    }

    fn empty_statement(&mut self, kind: MessageKind) -> Statement {
        let family = match kind {
            MessageKind::Statement => "camt.053",
            MessageKind::Intraday => "camt.052",
            MessageKind::Notification => "camt.054",
        };
        let version = self
            .version
            .clone()
            .filter(|version| version.starts_with(family));
        Statement {
            message_type: version.unwrap_or_else(|| family.to_owned()),
            dialect: None,
            kind,
            account: String::new(),
            currency: None,
            number: None,
            opening: None,
            closing: None,
            line: self.xml.start_line(),
            raw: self.recorder.begin(),
        }
    }

    fn statement_account(&mut self, open: &mut OpenStatement) -> Result<(), FileError> {
        let line = self.xml.start_line();
        while let Some(tag) = self.xml.child()? {
            match tag {
                n::ID => open.statement.account = self.account_id()?.unwrap_or_default(),
                n::CCY => open.statement.currency = BankCurrency::parse(self.xml.text()?),
                _ => self.xml.skip()?,
            }
        }
        if open.entries > 0 {
            let message = "the account stands behind entries; they have none";
            self.recorder.warn("ACCOUNT_MISPLACED", line, message);
        }
        Ok(())
    }

    /// A balance; one that cannot be read is reported and counts as missing.
    fn balance(&mut self, open: &mut OpenStatement) -> Result<(), FileError> {
        let (mut code, mut money, mut credit, mut date) = (None, None, None, None);
        while let Some(tag) = self.xml.child()? {
            match tag {
                n::TP => code = self.xml.first_text()?,
                n::AMT => match self.money(open.statement.currency) {
                    Ok(found) => money = Some(found),
                    Err(error) => self.recorder.tolerate(error, "balance left out")?,
                },
                n::CDT_DBT_IND => credit = self.credit()?,
                n::DT => date = self.date()?.0,
                _ => self.xml.skip()?,
            }
        }
        if let (Some(code), Some(mut money)) = (code, money) {
            if credit == Some(false) {
                money.minor = -money.minor;
            }
            open.balances.push((code, Balance { date, money }));
        }
        Ok(())
    }

    fn entry_or_report(&mut self, open: &mut OpenStatement) -> Result<(), FileError> {
        let outside = self.xml.depth() - 1;
        self.xml.take_entry();
        open.entries += 1;
        let outer = self.xml.raw.start(Keep::Undecoded);
        match self.entry(open) {
            Ok(entry) => self.recorder.entry(&entry)?,
            Err(error) => {
                self.recorder.bad_entry(error)?;
                self.xml.close_to(outside)?;
            }
        }
        self.xml.raw.resume(outer);
        Ok(())
    }

    /// Account number inside `Id`: the IBAN, else whatever scheme it is in.
    fn account_id(&mut self) -> Result<Option<String>, FileError> {
        let mut found = None;
        while let Some(tag) = self.xml.child()? {
            match tag {
                n::IBAN => found = compact_iban(self.xml.text()?),
                n::BBAN | n::UPIC => found = found.or(self.xml.some_text()?),
                n::OTHR | n::PRTRY_ACCT => {
                    while let Some(tag) = self.xml.child()? {
                        match tag {
                            n::ID if found.is_none() => found = self.xml.some_text()?,
                            _ => self.xml.skip()?,
                        }
                    }
                }
                _ => self.xml.skip()?,
            }
        }
        Ok(found)
    }

    /// The amount of the open element, > 0 as printed, with its own currency or else `account`'s.
    fn money(&mut self, account: Option<BankCurrency>) -> Result<Money, FileError> {
        let line = self.xml.start_line();
        let code = attribute(self.xml.start(), "Ccy").filter(|code| !code.is_empty());
        let text = self.xml.text()?;
        let currency = match code {
            Some(code) => BankCurrency::parse(&code).ok_or_else(|| FileError::CurrencyUnknown {
                line,
                text: excerpt(&code),
            })?,
            None => account.ok_or(FileError::FieldMissing { line, field: "Ccy" })?,
        };
        match minor_units_with_point(text, currency.exponent()) {
            Ok(minor) => Ok(Money { minor, currency }),
            Err(error) => Err(FileError::amount(error, line, text, currency.as_str())),
        }
    }

    /// The same for an amount that an entry can do without.
    fn money_or_warn(&mut self, account: Option<BankCurrency>) -> Result<Option<Money>, FileError> {
        match self.money(account) {
            Ok(money) => Ok(Some(money)),
            Err(error) if error.is_local() => {
                let line = error.line().unwrap_or(1);
                self.recorder
                    .warn(error.code(), line, &format!("amount left out: {error}"));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// `CRDT` is true, `DBIT` is false.
    fn credit(&mut self) -> Result<Option<bool>, FileError> {
        Ok(match self.xml.text()? {
            "CRDT" => Some(true),
            "DBIT" => Some(false),
            _ => None,
        })
    }

    /// The day inside `Dt` or `DtTm`, and the text that it was.
    fn date(&mut self) -> Result<(Option<Date>, Option<String>), FileError> {
        let text = self.xml.first_text()?;
        Ok((text.as_deref().and_then(Date::parse_iso), text))
    }
}

/// An IBAN without blanks, upper case.
fn compact_iban(text: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    if !text.is_empty() && text.bytes().all(plain) {
        return Some(text.to_owned());
    }
    let iban: String = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_uppercase)
        .collect();
    (!iban.is_empty()).then_some(iban)
}

/// The kind of a message, from the local name of its element (version .01 adds `V01`).
fn message_kind(start: &str) -> Option<MessageKind> {
    let name = start.split(|c: char| c.is_ascii_whitespace()).next()?;
    let local = name.rsplit(':').next()?;
    [
        ("BkToCstmrStmt", MessageKind::Statement),
        ("BkToCstmrAcctRpt", MessageKind::Intraday),
        ("BkToCstmrDbtCdtNtfctn", MessageKind::Notification),
    ]
    .into_iter()
    .find(|(prefix, _)| {
        local
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('V'))
    })
    .map(|(_, kind)| kind)
}

/// `camt.053.001.08` inside the namespaces of a start tag.
fn camt_version(start: &str) -> Option<String> {
    const LENGTH: usize = "camt.053.001.08".len();
    let at = start.find("camt.05")?;
    let version = start.get(at..at + LENGTH)?;
    version
        .bytes()
        .skip(4)
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
        .then(|| version.to_owned())
}

/// Opening: `OPBD`, else `PRCD` (the close before), else the first interim balance of two.
/// Closing: `CLBD`, else the last interim balance. Of several days, the first and the last.
fn opening_and_closing(balances: &[(String, Balance)]) -> (Option<Balance>, Option<Balance>) {
    let of = |code: &str| {
        let found = balances.iter().filter(move |(known, _)| known == code);
        found.map(|(_, balance)| *balance).collect::<Vec<_>>()
    };
    let first = |balances: Vec<Balance>| balances.into_iter().min_by_key(|balance| balance.date);
    let last = |balances: Vec<Balance>| {
        let newest = balances.iter().map(|balance| balance.date).max();
        balances
            .into_iter()
            .find(|balance| Some(balance.date) == newest)
    };
    let interim = of("ITBD");
    let opening = first(of("OPBD"))
        .or_else(|| first(of("PRCD")))
        .or_else(|| interim.first().copied().filter(|_| interim.len() > 1));
    let closing = last(of("CLBD")).or_else(|| interim.last().copied());
    (opening, closing)
}
