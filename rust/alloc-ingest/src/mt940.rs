//! SWIFT MT940 and MT942, with or without envelope, one or many messages per file.
//!
//! * `C` and `RD` are credits, `D` and `RC` debits: a reversal moves the balance the other way and
//!   is flagged. `EC` and `ED` are expected only: pending.
//! * The booking day is the entry date, its year the one nearest to the value date.
//! * The bank reference is what follows `//`, else the reference of the account owner.
//! * Field 86 is decoded where its dialect is known (`narrative`); what was decoded is kept as
//!   printed in the additional information too.
//! * Text is UTF-8 where a line is valid UTF-8, else in the encoding that fits its letters
//!   (`charset`).

mod field61;
mod narrative;

use std::io::Read;

use alloc_domain::bank::{
    Balance, BankCurrency, BankEntry, Date, MessageKind, Money, Statement, minor_units,
};

use self::field61::Field61;
use self::narrative::{Dialects, Narrative};
use crate::error::{FileError, excerpt};
use crate::lines::Lines;
use crate::recorder::{Recorder, keep};

/// Field tags; a line that starts with any other `:nn:` continues the field before.
const TAGS: [&str; 24] = [
    "20", "21", "13", "13C", "13D", "25", "25P", "28", "28C", "34F", "60F", "60M", "61", "86",
    "62F", "62M", "64", "65", "65F", "90C", "90D", "NS", "940", "942",
];

/// Longest field in bytes; the format allows a few hundred.
const LONGEST_FIELD: usize = 1 << 20;

/// Reads the messages of one file.
pub(crate) struct Mt940Reader<'s, R> {
    lines: Lines<R>,
    state: State<'s>,
}

struct State<'s> {
    recorder: Recorder<'s>,
    statement: Option<Statement>,
    /// Currency of the entries, from the opening balance or a floor limit.
    currency: Option<BankCurrency>,
    entry: Pending,
    /// Debits and credits of the statement so far.
    moved: [Moved; 2],
    /// Whether the closing balance was seen: what follows is about the statement.
    closed: bool,
    intraday: bool,
    dialects: Dialects,
}

/// How many entries there are, and their sum without its sign.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Moved {
    count: u64,
    sum_minor: u128,
}

/// The entry that may still get its field 86.
enum Pending {
    None,
    Entry(Box<Entry>),
    LeftOut,
}

/// An entry, the text that belongs to it, and its fields as printed.
struct Entry {
    field: Field61,
    text: String,
    numbered: bool,
    raw: String,
}

/// A field that is being read: tag, value with line ends, and line.
struct Field {
    tag: &'static str,
    value: String,
    line: u64,
}

impl<'s, R: Read> Mt940Reader<'s, R> {
    pub(crate) fn new(lines: Lines<R>, recorder: Recorder<'s>) -> Self {
        let state = State {
            recorder,
            statement: None,
            currency: None,
            entry: Pending::None,
            moved: <[Moved; 2]>::default(),
            closed: false,
            intraday: false,
            dialects: Dialects::default(),
        };
        Self { lines, state }
    }

    pub(crate) fn read(self) -> Result<(), FileError> {
        let Self {
            mut lines,
            mut state,
        } = self;
        let mut field: Option<Field> = None;
        while lines.advance()? {
            let (envelope, text) = state.split_envelope(lines.text());
            state.recorder.ahead(envelope.trim_end(), lines.number())?;
            let text = text.trim_start_matches(|c: char| c.is_control() && c != '\t');
            let ends = is_end(text);
            if let Some((tag, value)) = split_tag(text) {
                if let Some(done) = field.take() {
                    state.field(&done)?;
                }
                let (value, line) = (value.to_owned(), lines.number());
                field = Some(Field { tag, value, line });
            } else if ends {
                if let Some(done) = field.take() {
                    state.field(&done)?;
                }
                state.trailer(text, lines.number())?;
            } else if let Some(open) = &mut field {
                if open.value.len() + text.len() > LONGEST_FIELD {
                    return Err(FileError::FieldTooLong { line: open.line });
                }
                open.value.push('\n');
                open.value.push_str(text);
            } else {
                state.recorder.ahead(text.trim_end(), lines.number())?;
            }
        }
        if let Some(done) = field.take() {
            state.field(&done)?;
        }
        state.close_statement(lines.number())?;
        state.recorder.end(lines.number())
    }
}

impl State<'_> {
    /// Cuts `{1:…}{2:…}{4:` off the start of a line and learns the type of the message from it.
    fn split_envelope<'t>(&mut self, line: &'t str) -> (&'t str, &'t str) {
        let line = line.trim_start_matches(['\u{feff}', '\u{1}', '\u{3}']);
        if !line.starts_with('{') {
            return ("", line);
        }
        if let Some(at) = line.find("{2:") {
            self.intraday = line.get(at + 4..at + 7) == Some("942");
        }
        match line.rfind("{4:") {
            Some(at) => line.split_at(at + 3),
            None => (line, ""),
        }
    }

    fn field(&mut self, field: &Field) -> Result<(), FileError> {
        self.decode(field)?;
        let of_entry = match field.tag {
            "61" => true,
            // Of an entry, or read as if it were.
            "86" | "NS" | "25" | "25P" => !matches!(self.entry, Pending::None),
            _ => false,
        };
        if of_entry {
            return Ok(());
        }
        let printed = format!(":{}:{}", field.tag, field.value.trim_end());
        match &mut self.statement {
            Some(statement) if !matches!(field.tag, "940" | "942") => {
                keep(&mut statement.raw, &printed, field.line)
            }
            _ => self.recorder.ahead(&printed, field.line),
        }
    }

    /// What follows the last field of a message.
    fn trailer(&mut self, line: &str, number: u64) -> Result<(), FileError> {
        let line = line.trim_end_matches(|c: char| c.is_control() || c.is_whitespace());
        match &mut self.statement {
            _ if matches!(line, "-" | "-}") => Ok(()),
            Some(statement) => keep(&mut statement.raw, line, number),
            None => self.recorder.ahead(line, number),
        }
    }

    fn decode(&mut self, field: &Field) -> Result<(), FileError> {
        let value = field.value.trim();
        match field.tag {
            "20" => {
                self.close_statement(field.line)?;
                self.open_statement(field.line);
            }
            "940" => self.intraday = false,
            "25" | "25P" => self.account(field)?,
            "28" | "28C" => self.statement(field.line).number = some(value),
            "942" | "13" | "13D" => self.intraday = true,
            "34F" => {
                self.intraday = true;
                self.currency = value.get(..3).and_then(BankCurrency::parse);
                let currency = self.currency;
                self.statement(field.line).currency = currency;
            }
            "60F" | "60M" => self.opening(field)?,
            "62F" | "62M" => self.closing(field)?,
            "61" => self.entry(field)?,
            "90D" => self.check_moved(field, false)?,
            "90C" => self.check_moved(field, true)?,
            "86" | "NS" if self.closed => {}
            "86" | "NS" => self.narrative(field)?,
            _ => {}
        }
        Ok(())
    }

    fn open_statement(&mut self, line: u64) {
        let raw = self.recorder.begin();
        self.statement = Some(Statement {
            message_type: String::new(),
            dialect: None,
            kind: MessageKind::Statement,
            account: String::new(),
            currency: None,
            number: None,
            opening: None,
            closing: None,
            line,
            raw,
        });
        self.closed = false;
        self.currency = None;
        self.moved = <[Moved; 2]>::default();
    }

    /// The statement that is open; a fragment without a field 20 opens one.
    fn statement(&mut self, line: u64) -> &mut Statement {
        if self.statement.is_none() {
            self.open_statement(line);
        }
        self.statement.as_mut().expect("it was opened just now")
    }

    fn account(&mut self, field: &Field) -> Result<(), FileError> {
        let started = !matches!(self.entry, Pending::None);
        let account = account_number(field.value.trim());
        let statement = self.statement(field.line);
        if started {
            // A field 86 under a wrong tag: seen in real files.
            let message = "field 25 behind entries; read as text of the entry before";
            self.recorder.warn("FIELD_MISPLACED", field.line, message);
            return self.narrative(field);
        }
        statement.account = account;
        Ok(())
    }

    fn opening(&mut self, field: &Field) -> Result<(), FileError> {
        if self.closed {
            self.next_statement(field.line)?;
        }
        let balance = self.balance(field)?;
        let currency = balance.map(|balance| balance.money.currency);
        self.currency = currency
            .or(printed_currency(&field.value))
            .or(self.currency);
        let currency = self.currency;
        let statement = self.statement(field.line);
        statement.opening = balance;
        statement.currency = currency;
        Ok(())
    }

    /// Another statement of the same account without its own field 20.
    fn next_statement(&mut self, line: u64) -> Result<(), FileError> {
        let before = self.statement(line);
        let (account, currency) = (before.account.clone(), before.currency);
        self.close_statement(line)?;
        let statement = self.statement(line);
        statement.account = account;
        statement.currency = currency;
        self.currency = currency;
        Ok(())
    }

    fn closing(&mut self, field: &Field) -> Result<(), FileError> {
        self.flush_entry()?;
        let balance = self.balance(field)?;
        self.closed = true;
        let statement = self.statement(field.line);
        statement.closing = balance;
        let currency = balance.map(|balance| balance.money.currency);
        statement.currency = statement.currency.or(currency);
        Ok(())
    }

    /// What an intraday report says of its debits or credits: number, currency, sum.
    fn check_moved(&mut self, field: &Field, credit: bool) -> Result<(), FileError> {
        self.flush_entry()?;
        let value = field.value.trim();
        let number = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
        let (number, rest) = value.split_at(number);
        let Some((currency, sum)) = rest.split_at_checked(3) else {
            return Ok(());
        };
        let exponent = BankCurrency::parse(currency).map_or(2, BankCurrency::exponent);
        let sum_minor = minor_units(sum.trim(), exponent).map(i64::unsigned_abs);
        let (Ok(count), Ok(sum_minor)) = (number.parse(), sum_minor) else {
            return Ok(());
        };
        let said = Moved {
            count,
            sum_minor: sum_minor.into(),
        };
        let found = self.moved[usize::from(credit)];
        if said != found {
            let side = if credit { "credits" } else { "debits" };
            let message = format!(
                "the report says {count} {side} of {sum} {currency}, it holds {} that make \
                 another sum: is it cut?",
                found.count
            );
            self.recorder
                .warn("CONTROL_TOTAL_OFF", field.line, &message);
        }
        Ok(())
    }

    /// A balance: sign, day, currency, amount. One that cannot be read is reported and missing.
    fn balance(&mut self, field: &Field) -> Result<Option<Balance>, FileError> {
        match parse_balance(field.value.trim(), field.line, self.currency) {
            Ok(balance) => Ok(Some(balance)),
            Err(error) => {
                self.recorder.tolerate(error, "balance left out")?;
                Ok(None)
            }
        }
    }

    fn entry(&mut self, field: &Field) -> Result<(), FileError> {
        self.flush_entry()?;
        if self.closed {
            self.next_statement(field.line)?;
        }
        self.statement(field.line);
        if self.currency.is_none() {
            let message = "no balance names the currency of the entries";
            self.recorder.warn("CURRENCY_MISSING", field.line, message);
        }
        let currency = *self.currency.get_or_insert(BankCurrency::NONE);
        match Field61::parse(&field.value, field.line, currency) {
            Ok(entry) => {
                self.entry = Pending::Entry(Box::new(Entry {
                    field: entry,
                    text: String::new(),
                    numbered: false,
                    raw: format!(":61:{}", field.value.trim_end()),
                }));
            }
            Err(error) => {
                self.entry = Pending::LeftOut;
                self.recorder.bad_entry(error)?;
            }
        }
        Ok(())
    }

    /// Text of the entry before; several fields 86 are one text.
    fn narrative(&mut self, field: &Field) -> Result<(), FileError> {
        if let Pending::Entry(entry) = &mut self.entry {
            if !entry.text.is_empty() {
                entry.text.push('\n');
            }
            entry.text.push_str(&field.value);
            entry.numbered |= field.tag == "NS";
            entry.raw.push_str("\n:");
            entry.raw.push_str(field.tag);
            entry.raw.push(':');
            entry.raw.push_str(field.value.trim_end());
            if entry.raw.len() > LONGEST_FIELD {
                let line = entry.field.line;
                return Err(FileError::FieldTooLong { line });
            }
        }
        Ok(())
    }

    fn flush_entry(&mut self) -> Result<(), FileError> {
        let Pending::Entry(entry) = std::mem::replace(&mut self.entry, Pending::None) else {
            return Ok(());
        };
        let Entry {
            field,
            text,
            numbered,
            raw,
        } = *entry;
        let statement = self.statement(field.line);
        let account = statement.account.clone();
        let opened = statement.opening.and_then(|opening| opening.date);
        let line = field.line;
        let Some(booking_date) = field.booking_date().or(opened) else {
            return self.recorder.bad_entry(FileError::DateInvalid {
                line,
                text: excerpt(&field.printed_date),
            });
        };
        if !field.dates_exist {
            let message = format!(
                "{:?} is not a date; booked on {booking_date}",
                excerpt(&field.printed_date)
            );
            self.recorder.warn("DATE_INVALID", line, &message);
        }
        let moved = &mut self.moved[usize::from(field.money.minor >= 0)];
        moved.count += 1;
        moved.sum_minor += u128::from(field.money.minor.unsigned_abs());
        let text = Narrative {
            text: &text,
            numbered,
            own: &account,
        };
        let mut detail = narrative::decode(&field, text, &mut self.dialects);
        detail.raw = Some(raw);
        self.recorder.entry(&BankEntry {
            line,
            account,
            booking_date,
            value_date: field.value_date,
            money: field.money,
            status: field.status,
            reversal: field.reversal,
            bank_reference: field.bank_reference(),
            details: vec![detail],
        })
    }

    fn close_statement(&mut self, line: u64) -> Result<(), FileError> {
        self.flush_entry()?;
        let Some(mut statement) = self.statement.take() else {
            return Ok(());
        };
        let (kind, name) = if self.intraday {
            (MessageKind::Intraday, "MT942")
        } else {
            (MessageKind::Statement, "MT940")
        };
        statement.kind = kind;
        statement.dialect = std::mem::take(&mut self.dialects).names();
        name.clone_into(&mut statement.message_type);
        if statement.account.is_empty() {
            let message = "the statement names no account";
            self.recorder
                .warn("ACCOUNT_MISSING", statement.line, message);
        }
        if kind == MessageKind::Statement && !self.closed {
            self.recorder.unclosed(line)?;
        }
        self.recorder.statement(statement);
        self.closed = false;
        self.currency = None;
        Ok(())
    }
}

/// Tag and value of a line that starts a field.
fn split_tag(line: &str) -> Option<(&'static str, &str)> {
    let (tag, value) = line.strip_prefix(':')?.split_once(':')?;
    let known = TAGS.iter().find(|known| **known == tag)?;
    Some((known, value))
}

/// The end of a message: `-`, `-}`, and the trailer that may follow it.
fn is_end(line: &str) -> bool {
    let line = line.trim_end();
    line == "-" || line.starts_with("-}") || line == "-\u{3}"
}

/// `D190731EUR0,00`: the day may be wrong, banks write zeros; some leave out the currency, which
/// then is that of the `opening` balance.
fn parse_balance(
    value: &str,
    line: u64,
    opening: Option<BankCurrency>,
) -> Result<Balance, FileError> {
    let missing = |field| FileError::FieldMissing { line, field };
    let value = value.lines().next().unwrap_or_default().trim_end();
    let negative = match value.as_bytes().first() {
        Some(b'C') => false,
        Some(b'D') => true,
        _ => return Err(missing("the sign of a balance (C or D)")),
    };
    let date = value
        .get(1..7)
        .ok_or_else(|| missing("the day of a balance"))?;
    let rest = value.get(7..).unwrap_or_default();
    let printed = rest.get(..3).unwrap_or_default();
    let (currency, text) = match (printed_currency(value), opening) {
        (Some(currency), _) => (currency, &rest[3..]),
        (None, Some(currency)) if rest.starts_with(|c: char| c.is_ascii_digit()) => {
            (currency, rest)
        }
        _ => {
            let text = excerpt(printed);
            return Err(FileError::CurrencyUnknown { line, text });
        }
    };
    let text = text.trim();
    let minor = minor_units(text, currency.exponent())
        .map_err(|error| FileError::amount(error, line, text, currency.as_str()))?;
    let minor = if negative { -minor } else { minor };
    Ok(Balance {
        date: Date::parse_yymmdd(date.as_bytes()),
        money: Money { minor, currency },
    })
}

fn printed_currency(balance: &str) -> Option<BankCurrency> {
    balance.trim().get(7..10).and_then(BankCurrency::parse)
}

/// `BANKCODE/NUMBER` or a number, without blanks. An IBAN stands alone: what a BIC says before it,
/// and the currency that some banks add behind it, are dropped.
fn account_number(value: &str) -> String {
    let value = value.lines().next().unwrap_or_default().trim();
    let number = value.rsplit('/').next().unwrap_or_default();
    let compact: String = number.split_whitespace().collect();
    let bare = compact
        .get(..compact.len().saturating_sub(3))
        .filter(|rest| is_iban(rest) && BankCurrency::parse(&compact[rest.len()..]).is_some());
    match bare {
        Some(bare) => bare.to_uppercase(),
        None if is_iban(&compact) => compact.to_uppercase(),
        None => value.split_whitespace().collect(),
    }
}

/// Whether a text has the form of an IBAN and its check digits.
pub(crate) fn is_iban(text: &str) -> bool {
    let bytes = text.as_bytes();
    if !(15..=34).contains(&bytes.len())
        || !bytes[..2].iter().all(u8::is_ascii_alphabetic)
        || !bytes.iter().all(u8::is_ascii_alphanumeric)
    {
        return false;
    }
    let rest = bytes[4..].iter().chain(&bytes[..4]);
    let remainder = rest.fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte.to_ascii_uppercase() - b'A') + 10) % 97,
    });
    remainder == 1
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iban_stands_alone_and_other_accounts_stay_as_printed() {
        for (value, account) in [
            (
                "COBADEFFXXX/DE89370400440532013000",
                "DE89370400440532013000",
            ),
            ("DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
            ("DE89370400440532013000EUR", "DE89370400440532013000"),
            ("25040066/0123456789", "25040066/0123456789"),
            ("1234567890", "1234567890"),
            ("COBADEFFXXX/", "COBADEFFXXX/"),
            ("", ""),
        ] {
            assert_eq!(account_number(value), account, "{value}");
        }
    }

    #[test]
    fn only_known_tags_start_a_field() {
        assert_eq!(split_tag(":61:2401"), Some(("61", "2401")));
        assert_eq!(split_tag(":26:37 Fo?25lgenr. 007"), None);
        assert_eq!(split_tag(":08 Karten?25nr."), None);
        assert_eq!(split_tag("text :61:"), None);
    }

    #[test]
    fn balances_are_signed_and_their_day_may_be_wrong() {
        let balance = parse_balance("D190731EUR1234,5", 1, None).unwrap();
        assert_eq!(balance.money.minor, -123_450);
        assert_eq!(balance.date.unwrap().to_string(), "2019-07-31");
        let balance = parse_balance("C000000JPY100,", 1, None).unwrap();
        assert_eq!((balance.date, balance.money.minor), (None, 100));
        for value in [
            "C260620EUR1,2,3",
            "X260620EUR1",
            "C2606",
            "C260620EUX1,",
            "",
        ] {
            assert!(parse_balance(value, 1, None).is_err(), "{value}");
        }
    }
}
