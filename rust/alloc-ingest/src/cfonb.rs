//! CFONB account statement of 120 characters: records 01 (opening balance), 04 (entry),
//! 05 (more about it) and 07 (closing balance).
//!
//! * Amounts are 13 digits and a last one that carries the sign: `{`, `A`–`I` are credits, `}`,
//!   `J`–`R` debits. They have the decimals that the record says.
//! * The account is the French IBAN of bank, branch and account number; where no key can be
//!   computed it is these three as printed, without blanks.
//! * An entry with a reject code, or with an interbank code of rejected or cancelled operations,
//!   undoes an earlier one.
//! * Records may have lost their trailing blanks, or their line ends; the text is UTF-8 where it is
//!   valid, else in the encoding that fits its letters (`charset`).

mod account;
mod complement;
mod record;

use std::io::Read;

use alloc_domain::bank::{Balance, BankEntry, EntryStatus, MessageKind, Statement};

use self::account::Accounts;
pub(crate) use self::account::iban as french_iban;
use self::complement::Complements;
pub(crate) use self::record::{Record, is_record};
use crate::error::{FileError, excerpt};
use crate::lines::Lines;
use crate::recorder::{Recorder, keep};

/// Characters of a record.
pub(crate) const WIDTH: usize = 120;

/// Reads the statements of one file.
pub(crate) struct CfonbReader<'s, R> {
    lines: Lines<R>,
    state: State<'s>,
}

struct State<'s> {
    recorder: Recorder<'s>,
    accounts: Accounts,
    statement: Option<Statement>,
    entry: Pending,
}

/// What complements belong to.
enum Pending {
    /// Nothing.
    None,
    /// The entry before, which may still get more.
    Entry(Box<(BankEntry, Complements)>),
    /// An entry that was left out.
    LeftOut,
}

impl<'s, R: Read> CfonbReader<'s, R> {
    pub(crate) fn new(lines: Lines<R>, recorder: Recorder<'s>) -> Self {
        let state = State {
            recorder,
            accounts: Accounts::default(),
            statement: None,
            entry: Pending::None,
        };
        Self { lines, state }
    }

    pub(crate) fn read(self) -> Result<(), FileError> {
        let Self {
            mut lines,
            mut state,
        } = self;
        while lines.advance()? {
            let text = lines.text();
            state.record(&Record::new(text, lines.number()))?;
        }
        state.close_statement(lines.number())?;
        state.recorder.end(lines.number())
    }
}

impl State<'_> {
    fn record(&mut self, record: &Record<'_>) -> Result<(), FileError> {
        match record.code() {
            "04" => self.entry(record),
            "05" => self.complement(record),
            "01" => self.opening(record),
            "07" => self.closing(record),
            _ if record.is_blank() => Ok(()),
            code => {
                let message = format!("a record {:?} is unknown and was left out", excerpt(code));
                self.recorder
                    .warn("RECORD_UNKNOWN", record.line(), &message);
                self.keep(record)
            }
        }
    }

    /// Keeps a record with the statement around it or else before it.
    fn keep(&mut self, record: &Record<'_>) -> Result<(), FileError> {
        match &mut self.statement {
            Some(statement) => keep(&mut statement.raw, record.printed(), record.line()),
            None => self.recorder.behind(record.printed(), record.line()),
        }
    }

    fn opening(&mut self, record: &Record<'_>) -> Result<(), FileError> {
        self.close_statement(record.line())?;
        let balance = self.balance(record)?;
        self.open_statement(record, balance);
        self.keep(record)
    }

    fn closing(&mut self, record: &Record<'_>) -> Result<(), FileError> {
        self.flush_entry()?;
        let balance = self.balance(record)?;
        let line = record.line();
        if self.statement.is_none() {
            let message = "a closing balance without an opening one";
            self.recorder.warn("STATEMENT_NOT_OPENED", line, message);
            self.open_statement(record, None);
        }
        self.keep(record)?;
        let account = self.accounts.of(record);
        if let Some(mut statement) = self.statement.take() {
            if account != statement.account {
                self.account_differs(line, &account, &statement.account);
            }
            statement.closing = balance;
            self.recorder.statement(statement);
        }
        Ok(())
    }

    /// The balance of a record; one that cannot be read is reported and counts as missing.
    fn balance(&mut self, record: &Record<'_>) -> Result<Option<Balance>, FileError> {
        let money = match record.money() {
            Ok(money) => money,
            Err(error) => {
                self.recorder.tolerate(error, "balance left out")?;
                return Ok(None);
            }
        };
        let date = record.date();
        if date.is_none() {
            let message = format!("{:?} is not a date", excerpt(record.date_text()));
            self.recorder.warn("DATE_INVALID", record.line(), &message);
        }
        Ok(Some(Balance { date, money }))
    }

    fn open_statement(&mut self, record: &Record<'_>, opening: Option<Balance>) {
        let raw = self.recorder.begin();
        self.statement = Some(Statement {
            message_type: "CFONB120".to_owned(),
            dialect: None,
            kind: MessageKind::Statement,
            account: self.accounts.of(record),
            currency: record.currency().ok(),
            number: None,
            opening,
            closing: None,
            line: record.line(),
            raw,
        });
    }

    /// Ends a statement that has no closing balance.
    fn close_statement(&mut self, line: u64) -> Result<(), FileError> {
        self.flush_entry()?;
        if let Some(statement) = self.statement.take() {
            self.recorder.unclosed(line)?;
            self.recorder.statement(statement);
        }
        Ok(())
    }

    fn entry(&mut self, record: &Record<'_>) -> Result<(), FileError> {
        self.flush_entry()?;
        if self.statement.is_none() {
            let message = "an entry without an opening balance";
            self.recorder
                .warn("STATEMENT_NOT_OPENED", record.line(), message);
            self.open_statement(record, None);
        }
        match self.bank_entry(record) {
            Ok(entry) => {
                self.entry = Pending::Entry(Box::new((entry, Complements::new(record))));
                Ok(())
            }
            Err(error) => {
                self.entry = Pending::LeftOut;
                self.recorder.bad_entry(error)
            }
        }
    }

    fn bank_entry(&mut self, record: &Record<'_>) -> Result<BankEntry, FileError> {
        let money = record.money()?;
        let account = self.accounts.of(record);
        let statement = self.statement.as_ref();
        let (expected, opened) = statement.map_or((String::new(), None), |statement| {
            let opened = statement.opening.and_then(|opening| opening.date);
            (statement.account.clone(), opened)
        });
        if account != expected {
            self.account_differs(record.line(), &account, &expected);
        }
        let value_date = record.value_date();
        let booking_date =
            record
                .date()
                .or(value_date)
                .or(opened)
                .ok_or_else(|| FileError::DateInvalid {
                    line: record.line(),
                    text: excerpt(record.date_text()),
                })?;
        for (found, text) in [
            (record.date(), record.date_text()),
            (value_date, record.value_date_text()),
        ] {
            if found.is_none() && !text.is_empty() {
                let message = format!("{:?} is not a date", excerpt(text));
                self.recorder.warn("DATE_INVALID", record.line(), &message);
            }
        }
        Ok(BankEntry {
            line: record.line(),
            account,
            booking_date,
            value_date,
            money,
            status: EntryStatus::Booked,
            reversal: record.is_reversal(),
            bank_reference: record.bank_reference(),
            details: Vec::new(),
        })
    }

    fn complement(&mut self, record: &Record<'_>) -> Result<(), FileError> {
        match &mut self.entry {
            Pending::Entry(pending) => {
                pending.1.add(record);
                if pending.1.is_too_long() {
                    let line = pending.0.line;
                    return Err(FileError::FieldTooLong { line });
                }
            }
            Pending::LeftOut => {}
            Pending::None => {
                let message = format!(
                    "more about an entry that is not there: {:?}",
                    excerpt(record.information())
                );
                self.recorder
                    .warn("COMPLEMENT_WITHOUT_ENTRY", record.line(), &message);
                self.keep(record)?;
            }
        }
        Ok(())
    }

    fn flush_entry(&mut self) -> Result<(), FileError> {
        if let Pending::Entry(pending) = std::mem::replace(&mut self.entry, Pending::None) {
            let (mut entry, complements) = *pending;
            entry.details = vec![complements.finish(entry.money, entry.reversal)];
            self.recorder.entry(&entry)?;
        }
        Ok(())
    }

    fn account_differs(&mut self, line: u64, account: &str, expected: &str) {
        let message = format!("account {account} in a statement of {expected}");
        self.recorder.warn("ACCOUNT_DIFFERS", line, &message);
    }
}
