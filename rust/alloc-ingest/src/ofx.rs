//! OFX 1 (SGML) and OFX 2 (XML), also as QFX: statements of bank accounts and credit cards, and
//! the bank transactions of investment accounts.
//!
//! * The sign is that of `TRNAMT`, whatever `TRNTYPE` says.
//! * The booking day is `DTPOSTED`, the day of value `DTAVAIL`; time zones are ignored.
//! * `CURRENCY` inside a transaction is the currency of its amount, `ORIGCURRENCY` is information.
//! * `FITID` is the reference of the bank, `CHECKNUM` the one of the payer.
//! * A correction or deletion of an earlier transaction is information only, with a warning.
//! * `LEDGERBAL` is the closing balance; the format has no opening one.
//! * Trades of an investment account are not read; a warning counts them.

mod tags;
mod transaction;

use std::io::Read;

use alloc_domain::bank::{Balance, BankCurrency, MessageKind, Money, Statement};

use self::tags::{Kind, Tags};
use self::transaction::{Transaction, account_number, amount, day};
use crate::decode::Decoder;
use crate::error::{FileError, excerpt};
use crate::recorder::{Recorder, keep};

/// Aggregates whose leaves are told apart; what others hold belongs to the one around them.
const AGGREGATES: [&str; 21] = [
    "STMTRS",
    "CCSTMTRS",
    "INVSTMTRS",
    "BANKACCTFROM",
    "CCACCTFROM",
    "INVACCTFROM",
    "STMTTRN",
    "STMTTRNP",
    "PAYEE",
    "BANKACCTTO",
    "CCACCTTO",
    "CURRENCY",
    "ORIGCURRENCY",
    "LEDGERBAL",
    "AVAILBAL",
    "BAL",
    "INVBAL",
    "INVPOSLIST",
    "SECLIST",
    "INVTRAN",
    "STATUS",
];

/// The same around statements and transactions.
const AROUND: [&str; 8] = [
    "SONRS",
    "FI",
    "STMTTRNRS",
    "CCSTMTTRNRS",
    "INVSTMTTRNRS",
    "BANKTRANLIST",
    "BANKTRANLISTP",
    "INVTRANLIST",
];

/// Reads the statements of one file.
pub(crate) struct OfxReader<'s, R> {
    tags: Tags<R>,
    recorder: Recorder<'s>,
    /// Aggregates that are open, outermost first.
    inside: Vec<&'static str>,
    statement: Option<Statement>,
    account: [Option<String>; 3],
    balance: (Option<String>, Option<String>),
    status: [Option<String>; 3],
    transaction: Option<Transaction>,
    trades: u64,
    /// Whether `OFX` was opened and not closed.
    open: bool,
}

/// Whether the head of a file is that of OFX.
pub(crate) fn is_file(head: &str) -> bool {
    const LOOKED_AT: usize = 2048;
    let end = head.char_indices().nth(LOOKED_AT);
    let head = head[..end.map_or(head.len(), |(end, _)| end)].to_ascii_uppercase();
    let starts = head.trim_start_matches(['\u{feff}', ' ', '\r', '\n', '\t']);
    starts.starts_with("OFXHEADER")
        || starts.starts_with("DATA:OFXSGML")
        || (starts.starts_with('<') && (head.contains("<OFX>") || head.contains("<?OFX ")))
}

impl<'s, R: Read> OfxReader<'s, R> {
    pub(crate) fn new(source: Decoder<R>, recorder: Recorder<'s>) -> Self {
        Self {
            tags: Tags::new(source),
            recorder,
            inside: Vec::new(),
            statement: None,
            account: Default::default(),
            balance: (None, None),
            status: Default::default(),
            transaction: None,
            trades: 0,
            open: false,
        }
    }

    pub(crate) fn read(mut self) -> Result<(), FileError> {
        while let Some(kind) = self.tags.advance()? {
            let name = self.tags.name.as_str();
            let aggregate = AGGREGATES.iter().find(|known| **known == name).copied();
            match (kind, aggregate) {
                // An aggregate with text in place of content is a leaf of the same name.
                (Kind::Open, Some(name)) if self.tags.text.trim().is_empty() => {
                    self.enter(name)?;
                }
                (Kind::Open, _) if name == "OFX" => self.open = true,
                (Kind::Open, _) => self.leaf()?,
                (Kind::Close, Some(name)) => self.leave(name)?,
                (Kind::Close, None) => match name {
                    "OFX" => {
                        self.end_statement()?;
                        self.open = false;
                    }
                    "BANKTRANLIST" | "BANKTRANLISTP" | "INVTRANLIST" => self.end_transaction()?,
                    _ => {}
                },
            }
            if kind == Kind::Close && self.transaction.is_none() {
                let name = self.tags.name.as_str();
                if let Some(at) = self.inside.iter().rposition(|open| *open == name) {
                    self.inside.truncate(at);
                }
            }
        }
        self.end()
    }

    fn enter(&mut self, name: &'static str) -> Result<(), FileError> {
        match name {
            "STMTRS" | "CCSTMTRS" | "INVSTMTRS" => {
                self.end_statement()?;
                self.inside.clear();
                self.open_statement();
            }
            "STMTTRN" | "STMTTRNP" => {
                self.end_transaction()?;
                let line = self.tags.tag_line;
                self.transaction = Some(Transaction::new(line, name == "STMTTRNP"));
                self.inside.clear();
            }
            "LEDGERBAL" => {
                self.end_transaction()?;
                self.balance = (None, None);
            }
            "INVTRAN" => self.trades += 1,
            "STATUS" => self.status = Default::default(),
            _ => {}
        }
        self.inside.push(name);
        Ok(())
    }

    fn leave(&mut self, name: &'static str) -> Result<(), FileError> {
        if let Some(at) = self.inside.iter().rposition(|open| *open == name) {
            self.inside.truncate(at);
        }
        match name {
            "STMTRS" | "CCSTMTRS" | "INVSTMTRS" => self.end_statement()?,
            "STMTTRN" | "STMTTRNP" => self.end_transaction()?,
            "BANKACCTFROM" | "CCACCTFROM" | "INVACCTFROM" => self.end_account(),
            "LEDGERBAL" => self.end_balance()?,
            "STATUS" => self.end_status(),
            _ => {}
        }
        Ok(())
    }

    fn leaf(&mut self) -> Result<(), FileError> {
        let (name, text) = (self.tags.name.as_str(), self.tags.text.trim());
        let inside = self.inside.last().copied().unwrap_or_default();
        if let Some(transaction) = &mut self.transaction {
            let inside = if inside.starts_with("STMTTRN") {
                ""
            } else {
                inside
            };
            return transaction.leaf(inside, name, text);
        }
        if text.is_empty() {
            let around = AROUND.iter().find(|known| **known == name);
            self.inside.extend(around);
            return Ok(());
        }
        let path = path(&self.inside);
        let printed = format!("{path}{name}={}", text.replace('\n', "\\n"));
        match &mut self.statement {
            Some(statement) => keep(&mut statement.raw, &printed, self.tags.tag_line)?,
            None => self.recorder.ahead(&printed, self.tags.tag_line)?,
        }
        let text = text.to_owned();
        match (inside, name) {
            ("BANKACCTFROM" | "CCACCTFROM" | "INVACCTFROM", "BANKID") => {
                self.account[0] = Some(text);
            }
            ("BANKACCTFROM" | "CCACCTFROM" | "INVACCTFROM", "BRANCHID") => {
                self.account[1] = Some(text);
            }
            ("BANKACCTFROM" | "CCACCTFROM" | "INVACCTFROM", "ACCTID") => {
                self.account[2] = Some(text);
                self.end_account();
            }
            ("LEDGERBAL", "BALAMT") => self.balance.0 = Some(text),
            ("LEDGERBAL", "DTASOF") => self.balance.1 = Some(text),
            ("STATUS", "CODE") => self.status[0] = Some(text),
            ("STATUS", "SEVERITY") => self.status[1] = Some(text),
            ("STATUS", "MESSAGE") => self.status[2] = Some(text),
            (_, "CURDEF") => self.currency()?,
            (_, "VERSION") if self.tags.version.is_empty() => {
                self.tags.version = text;
            }
            _ => {}
        }
        Ok(())
    }

    fn currency(&mut self) -> Result<(), FileError> {
        let code = self.tags.text.trim().to_ascii_uppercase();
        let line = self.tags.tag_line;
        let found = BankCurrency::parse(&code);
        if found.is_none() {
            let text = excerpt(&code);
            let error = FileError::CurrencyUnknown { line, text };
            self.recorder.tolerate(error, "currency left out")?;
        }
        if let Some(statement) = &mut self.statement {
            statement.currency = found;
        }
        Ok(())
    }

    fn open_statement(&mut self) {
        self.account = Default::default();
        self.trades = 0;
        self.statement = Some(Statement {
            message_type: format!("OFX{}", self.tags.version),
            dialect: None,
            kind: MessageKind::Statement,
            account: String::new(),
            currency: None,
            number: None,
            opening: None,
            closing: None,
            line: self.tags.tag_line,
            raw: self.recorder.begin(),
        });
    }

    fn end_account(&mut self) {
        let [bank, branch, number] = &self.account;
        if let (Some(statement), Some(number)) = (&mut self.statement, number) {
            statement.account = account_number(bank.as_deref(), branch.as_deref(), number);
        }
    }

    /// The closing balance; one that cannot be read is reported and missing.
    fn end_balance(&mut self) -> Result<(), FileError> {
        let (Some(text), date) = std::mem::take(&mut self.balance) else {
            return Ok(());
        };
        let line = self.tags.tag_line;
        let Some(statement) = &mut self.statement else {
            return Ok(());
        };
        let currency = statement.currency.unwrap_or(BankCurrency::NONE);
        let found = date.as_deref().and_then(day);
        if let (Some(date), None) = (&date, found) {
            let message = format!("DTASOF {:?} is not a date", excerpt(date));
            self.recorder.warn("DATE_INVALID", line, &message);
        }
        match amount(&text, currency, line) {
            Ok(minor) => {
                statement.closing = Some(Balance {
                    date: found,
                    money: Money { minor, currency },
                });
                Ok(())
            }
            Err(error) => self.recorder.tolerate(error, "balance left out"),
        }
    }

    /// What the server says when it has no data.
    fn end_status(&mut self) {
        let [code, severity, message] =
            std::mem::take(&mut self.status).map(Option::unwrap_or_default);
        if severity.eq_ignore_ascii_case("ERROR") {
            let said = format!(
                "the bank reports error {}: {}",
                excerpt(&code),
                excerpt(&message)
            );
            self.recorder
                .warn("STATUS_ERROR", self.tags.tag_line, &said);
        }
    }

    fn end_transaction(&mut self) -> Result<(), FileError> {
        let Some(transaction) = self.transaction.take() else {
            return Ok(());
        };
        let line = transaction.line();
        self.statement_or_open(line);
        let Some(statement) = &mut self.statement else {
            return Ok(());
        };
        if statement.currency.is_none() {
            let message = "the statement says no currency";
            self.recorder.warn("CURRENCY_MISSING", line, message);
        }
        let currency = *statement.currency.get_or_insert(BankCurrency::NONE);
        let account = statement.account.clone();
        let recorder = &mut self.recorder;
        let mut warn = |warning| recorder.pass(warning);
        match transaction.finish(&account, currency, &mut warn) {
            Ok(entry) => self.recorder.entry(&entry)?,
            Err(error) => self.recorder.bad_entry(error)?,
        }
        Ok(())
    }

    /// A transaction outside a statement opens one.
    fn statement_or_open(&mut self, line: u64) {
        if self.statement.is_none() {
            let message = "a transaction outside a statement";
            self.recorder.warn("STATEMENT_NOT_OPENED", line, message);
            self.open_statement();
        }
    }

    fn end_statement(&mut self) -> Result<(), FileError> {
        self.end_transaction()?;
        let Some(statement) = self.statement.take() else {
            return Ok(());
        };
        if statement.account.is_empty() {
            let message = "the statement names no account";
            self.recorder
                .warn("ACCOUNT_MISSING", statement.line, message);
        }
        if self.trades > 0 {
            let message = format!(
                "{} trades of an investment account are left out; only bank transactions are read",
                self.trades
            );
            self.recorder
                .warn("TRADES_LEFT_OUT", statement.line, &message);
        }
        self.recorder.statement(statement);
        Ok(())
    }

    /// A file that ends inside a transaction has lost some; inside a statement it may have.
    fn end(&mut self) -> Result<(), FileError> {
        if let Some(transaction) = self.transaction.take() {
            self.statement_or_open(transaction.line());
            self.recorder.cut_entry(FileError::Truncated {
                line: transaction.line(),
                inside: "a transaction".to_owned(),
            })?;
        }
        if self.statement.is_some() || self.open {
            self.recorder
                .cut_off(self.tags.tag_line, "the statements (no </OFX>)")?;
        }
        self.end_statement()?;
        self.recorder.end(self.tags.tag_line)
    }
}

/// The aggregates around a leaf, without statements and transactions: paths start below them.
fn path(inside: &[&str]) -> String {
    let mut path = String::new();
    for name in inside {
        if !matches!(
            *name,
            "STMTRS" | "CCSTMTRS" | "INVSTMTRS" | "STMTTRN" | "STMTTRNP"
        ) {
            path.push_str(name);
            path.push('/');
        }
    }
    path
}
