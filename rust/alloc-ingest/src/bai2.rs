//! BAI2 (and its successor BTRS): files 01–99 of groups 02–98 of accounts 03–49 with entries 16,
//! each continued by 88.
//!
//! * The sign is that of the type code (`type_code`), whatever sign the amount has beside it.
//! * The booking day is the as-of date of the group; funds of type `V` say the day of value.
//! * Amounts have the implied decimals of the currency of the account, else of the group, else US
//!   dollars, as the format has it.
//! * Opening and closing balance are types 010 and 015.
//! * A group of status deletion (2) or test (4) is information only; one of interim same-day data
//!   is intraday.
//! * Control totals and counts that are wrong are warnings: many banks get them wrong.

mod record;
mod type_code;

use std::io::Read;

use alloc_domain::bank::{
    Balance, BankCurrency, BankEntry, Date, EntryDetail, EntryStatus, MessageKind, Money,
    Statement, minor_units,
};

use self::record::{Fields, Record};
use self::type_code::{Direction, direction, is_reversal};
use crate::error::{FileError, excerpt};
use crate::lines::Lines;
use crate::recorder::{Recorder, keep};

/// Reads the accounts of one file.
pub(crate) struct Bai2Reader<'s, R> {
    lines: Lines<R>,
    state: State<'s>,
}

struct State<'s> {
    recorder: Recorder<'s>,
    group: Group,
    account: Option<Account>,
    totals: Totals,
    /// Whether anything is still open.
    file_open: bool,
}

/// What a record 02 says about its accounts.
#[derive(Default)]
struct Group {
    date: Option<Date>,
    date_text: String,
    currency: Option<BankCurrency>,
    status: EntryStatus,
    intraday: bool,
}

struct Account {
    statement: Statement,
    currency: BankCurrency,
}

/// Control totals as they add up, for account, group and file: amounts and lines.
#[derive(Default)]
struct Totals {
    account: (i128, u64),
    group: (i128, u64),
    file: (i128, u64),
}

/// Whether a line and the one behind it can start a file.
pub(crate) fn is_file(line: &str, next: Option<&str>) -> bool {
    let starts = |line: &str, code: &str| line.trim_start().starts_with(code);
    starts(line, "01,")
        && line.matches(',').count() >= 5
        && next.is_none_or(|next| ["02,", "88,", "99,"].iter().any(|code| starts(next, code)))
}

impl<'s, R: Read> Bai2Reader<'s, R> {
    pub(crate) fn new(lines: Lines<R>, recorder: Recorder<'s>) -> Self {
        let state = State {
            recorder,
            group: Group::default(),
            account: None,
            totals: Totals::default(),
            file_open: false,
        };
        Self { lines, state }
    }

    pub(crate) fn read(self) -> Result<(), FileError> {
        let Self {
            mut lines,
            mut state,
        } = self;
        let mut open: Option<Record> = None;
        while lines.advance()? {
            let text = lines.text();
            let text = text.trim_start_matches(|c: char| c.is_control() || c == '\u{feff}');
            if text
                .trim_end_matches(|c: char| c.is_control() || c == ' ')
                .is_empty()
            {
                continue;
            }
            let line = lines.number();
            match (Record::start(text, line), &mut open) {
                (Some(next), Some(record)) if next.code() == "88" => {
                    if !record.continue_with(text) {
                        return Err(FileError::FieldTooLong { line: record.line });
                    }
                }
                (Some(next), _) => {
                    if let Some(record) = open.replace(next) {
                        state.record(record)?;
                    }
                }
                (None, _) => state.unknown(line, text, text)?,
            }
        }
        if let Some(record) = open {
            state.record(record)?;
        }
        state.end(lines.number())
    }
}

impl State<'_> {
    fn record(&mut self, record: Record) -> Result<(), FileError> {
        self.totals.count(record.lines);
        match record.code() {
            "01" => {
                self.file_open = true;
                self.totals.file = (0, record.lines);
                self.recorder.ahead(record.printed(), record.line)
            }
            "02" => {
                self.close_account();
                self.recorder.ahead(record.printed(), record.line)?;
                self.open_group(&record)
            }
            "03" => {
                self.open_account(&record)?;
                self.keep(record.printed(), record.line)
            }
            "16" => self.entry(record),
            "49" => {
                self.check("account", &record, self.totals.account);
                self.keep(record.printed(), record.line)?;
                self.close_account();
                Ok(())
            }
            "98" => {
                self.close_account();
                self.check("group", &record, self.totals.group);
                self.keep(record.printed(), record.line)
            }
            "99" => {
                self.close_account();
                self.check("file", &record, self.totals.file);
                self.file_open = false;
                self.keep(record.printed(), record.line)
            }
            code => {
                let code = code.to_owned();
                self.unknown(record.line, &code, record.printed())
            }
        }
    }

    fn unknown(&mut self, line: u64, code: &str, printed: &str) -> Result<(), FileError> {
        let message = format!("a record {:?} is unknown and was left out", excerpt(code));
        self.recorder.warn("RECORD_UNKNOWN", line, &message);
        self.keep(printed.trim_end(), line)
    }

    /// Keeps a record with the account that is open, or else was closed last.
    fn keep(&mut self, printed: &str, line: u64) -> Result<(), FileError> {
        match &mut self.account {
            Some(account) => keep(&mut account.statement.raw, printed, line),
            None => self.recorder.behind(printed, line),
        }
    }

    /// Receiver, originator, status, as-of date and time, currency, modifier of the date.
    fn open_group(&mut self, record: &Record) -> Result<(), FileError> {
        self.totals.group = (0, record.lines);
        let mut fields = record.fields();
        fields.skip(2);
        let status = fields.next().unwrap_or_default();
        let date = fields.next().unwrap_or_default();
        fields.skip(1);
        let currency = self.currency(fields.next(), record.line)?;
        self.group = Group {
            date: day(date),
            date_text: date.to_owned(),
            currency,
            status: match status {
                "2" | "4" => EntryStatus::Information,
                _ => EntryStatus::Booked,
            },
            intraday: fields.next() == Some("3"),
        };
        if matches!(status, "2" | "3" | "4") {
            let what = match status {
                "2" => "a deletion; its entries count as information only",
                "3" => "a correction of earlier data",
                _ => "a test; its entries count as information only",
            };
            let message = format!("the group is {what}");
            self.recorder.warn("GROUP_STATUS", record.line, &message);
        }
        Ok(())
    }

    /// A currency code; one that nobody knows is reported and counts as missing.
    fn currency(
        &mut self,
        code: Option<&str>,
        line: u64,
    ) -> Result<Option<BankCurrency>, FileError> {
        let Some(code) = code.filter(|code| !code.is_empty()) else {
            return Ok(None);
        };
        let found = BankCurrency::parse(&code.to_ascii_uppercase());
        if found.is_none() {
            let text = excerpt(code);
            let error = FileError::CurrencyUnknown { line, text };
            self.recorder.tolerate(error, "currency left out")?;
        }
        Ok(found)
    }

    /// Account number, currency, then balances and totals: type, amount, count, funds.
    fn open_account(&mut self, record: &Record) -> Result<(), FileError> {
        self.close_account();
        self.totals.account = (0, record.lines);
        let mut fields = record.fields();
        let number: String = fields
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let own = self.currency(fields.next(), record.line)?;
        let currency = own.or(self.group.currency).unwrap_or_else(|| {
            let message = "no currency is said; the format means US dollars";
            self.recorder.warn("CURRENCY_MISSING", record.line, message);
            dollars()
        });
        let mut statement = Statement {
            message_type: "BAI2".to_owned(),
            dialect: None,
            kind: if self.group.intraday {
                MessageKind::Intraday
            } else {
                MessageKind::Statement
            },
            account: number,
            currency: Some(currency),
            number: None,
            opening: None,
            closing: None,
            line: record.line,
            raw: self.recorder.begin(),
        };
        if statement.account.is_empty() {
            let message = "the record names no account";
            self.recorder.warn("ACCOUNT_MISSING", record.line, message);
        }
        self.balances(fields, currency, &mut statement)?;
        self.account = Some(Account {
            statement,
            currency,
        });
        Ok(())
    }

    fn balances(
        &mut self,
        mut fields: Fields<'_>,
        currency: BankCurrency,
        statement: &mut Statement,
    ) -> Result<(), FileError> {
        let line = statement.line;
        while let Some(code) = fields.next() {
            if code.is_empty() {
                continue;
            }
            let text = fields.next().unwrap_or_default();
            fields.skip(1);
            fields.funds();
            if text.is_empty() {
                continue;
            }
            match amount(text, currency, line) {
                Ok(minor) => {
                    self.totals.add(minor);
                    let date = self.group.date;
                    let money = Money { minor, currency };
                    match code {
                        "010" => statement.opening = Some(Balance { date: None, money }),
                        "015" => statement.closing = Some(Balance { date, money }),
                        _ => {}
                    }
                }
                Err(error) => self.recorder.tolerate(error, "balance left out")?,
            }
        }
        Ok(())
    }

    fn entry(&mut self, record: Record) -> Result<(), FileError> {
        if self.account.is_none() {
            let message = "an entry without an account";
            self.recorder
                .warn("STATEMENT_NOT_OPENED", record.line, message);
            let nobody = Record::start("03,,", record.line).expect("a record 03");
            let lines = self.totals.account.1;
            self.open_account(&nobody)?;
            self.totals.account.1 = lines;
        }
        match self.bank_entry(record) {
            Ok(entry) => self.recorder.entry(&entry)?,
            Err(error) => self.recorder.bad_entry(error)?,
        }
        Ok(())
    }

    /// Type, amount, funds, reference of the bank, reference of the customer, text.
    fn bank_entry(&mut self, record: Record) -> Result<BankEntry, FileError> {
        let line = record.line;
        let (account, currency) = match &self.account {
            Some(open) => (open.statement.account.clone(), open.currency),
            None => (String::new(), dollars()),
        };
        let mut fields = record.fields();
        let code = fields.next().unwrap_or_default().to_owned();
        let printed = match fields.next().unwrap_or_default() {
            "" => 0,
            text => amount(text, currency, line)?,
        };
        self.totals.add(printed);
        let Some(direction) = direction(&code) else {
            let field = "a type code of credits or debits";
            return Err(FileError::FieldMissing { line, field });
        };
        let value = fields.funds().map(str::to_owned);
        let value_date = value.as_deref().and_then(day);
        if let (Some(text), None) = (&value, value_date) {
            let message = format!("{:?} is not a date", excerpt(text));
            self.recorder.warn("DATE_INVALID", line, &message);
        }
        let bank_reference = reference(fields.given());
        let customer_reference = reference(fields.given());
        let remittance_text = fields.text();
        let Some(booking_date) = self.group.date.or(value_date) else {
            let text = excerpt(&self.group.date_text);
            return Err(FileError::DateInvalid { line, text });
        };
        let (minor, status) = match direction {
            Direction::Credit => (printed, self.group.status),
            Direction::Debit => (-printed, self.group.status),
            Direction::None => (0, EntryStatus::Information),
        };
        Ok(BankEntry {
            line,
            account,
            booking_date,
            value_date,
            money: Money { minor, currency },
            status,
            reversal: is_reversal(&code),
            bank_reference,
            details: vec![EntryDetail {
                amount_minor: minor,
                transaction_code: Some(code),
                end_to_end_id: customer_reference,
                remittance_text,
                raw: Some(record.into_printed()),
                ..EntryDetail::default()
            }],
        })
    }

    /// The total and, as the last field, the number of lines of a trailer.
    fn check(&mut self, what: &str, record: &Record, (sum, lines): (i128, u64)) {
        let mut fields = record.fields();
        let total = fields.next().unwrap_or_default();
        if what != "account" {
            fields.skip(1);
        }
        let counted = fields.next().unwrap_or_default();
        let digits = total.replace(['.', ','], "");
        let differs = digits.parse::<i128>().is_ok_and(|total| total != sum);
        let counts_differ = counted.parse::<u64>().is_ok_and(|counted| counted != lines);
        if differs {
            let message =
                format!("the control total of the {what} is {total}, its amounts make {sum}");
            self.recorder
                .warn("CONTROL_TOTAL_OFF", record.line, &message);
        }
        if counts_differ {
            let message = format!("the {what} has {lines} records, its trailer says {counted}");
            self.recorder
                .warn("CONTROL_COUNT_OFF", record.line, &message);
        }
    }

    fn close_account(&mut self) {
        if let Some(account) = self.account.take() {
            self.recorder.statement(account.statement);
        }
    }

    fn end(&mut self, line: u64) -> Result<(), FileError> {
        if self.account.is_some() {
            self.recorder.cut_off(line, "an account (no record 49)")?;
        } else if self.file_open {
            self.recorder.cut_off(line, "the records (no record 99)")?;
        }
        self.close_account();
        self.recorder.end(line)
    }
}

impl Totals {
    fn add(&mut self, minor: i64) {
        for (sum, _) in [&mut self.account, &mut self.group, &mut self.file] {
            *sum += i128::from(minor);
        }
    }

    fn count(&mut self, lines: u64) {
        for (_, counted) in [&mut self.account, &mut self.group, &mut self.file] {
            *counted += lines;
        }
    }
}

/// Minor units as printed; some banks print a decimal point all the same.
fn amount(text: &str, currency: BankCurrency, line: u64) -> Result<i64, FileError> {
    let decimals = if text.contains('.') {
        currency.exponent()
    } else {
        0
    };
    minor_units(text, decimals)
        .map_err(|error| FileError::amount(error, line, text, currency.as_str()))
}

/// `YYMMDD`, or `YYYYMMDD` in BTRS.
fn day(text: &str) -> Option<Date> {
    match text.len() {
        8 => Date::parse_yyyymmdd(text.as_bytes()),
        _ => Date::parse_yymmdd(text.as_bytes()),
    }
}

fn dollars() -> BankCurrency {
    BankCurrency::parse("USD").expect("US dollars are a currency")
}

/// A reference; one of zeros is none.
fn reference(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.bytes().all(|byte| byte == b'0'))
        .map(str::to_owned)
}
