//! `STMTTRN`: one transaction.

use alloc_domain::bank::{
    BankCurrency, BankEntry, Date, EntryDetail, EntryStatus, Money, Warning, minor_units_with_point,
};

use crate::error::{FileError, excerpt};

/// Longest transaction in bytes.
const LONGEST: usize = 1 << 20;

/// The leaves of one transaction as they come.
pub(super) struct Transaction {
    line: u64,
    pending: bool,
    fields: Vec<(&'static str, String)>,
    /// Every leaf as `path=value`.
    raw: String,
}

/// Leaves that are decoded, by their path below the transaction.
const DECODED: [&str; 25] = [
    "TRNTYPE",
    "DTPOSTED",
    "DTTRAN",
    "DTUSER",
    "DTAVAIL",
    "VALUEDATE",
    "TRNAMT",
    "FITID",
    "CORRECTFITID",
    "CORRECTACTION",
    "CHECKNUM",
    "CHKNUM",
    "REFNUM",
    "NAME",
    "EXTDNAME",
    "PAYEE/NAME",
    "MEMO",
    "EXTDMEMO",
    "MEMO2",
    "BANKACCTTO/BANKID",
    "BANKACCTTO/ACCTID",
    "CCACCTTO/ACCTID",
    "CURRENCY/CURSYM",
    "ORIGCURRENCY/CURSYM",
    "ORIGCURRENCY/CURRATE",
];

impl Transaction {
    pub(super) fn new(line: u64, pending: bool) -> Self {
        Self {
            line,
            pending,
            fields: Vec::new(),
            raw: String::new(),
        }
    }

    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Takes a leaf; `inside` is the aggregate in which it stands, if not the transaction itself.
    pub(super) fn leaf(&mut self, inside: &str, name: &str, text: &str) -> Result<(), FileError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(());
        }
        let path = if inside.is_empty() {
            name.to_owned()
        } else {
            format!("{inside}/{name}")
        };
        if !self.raw.is_empty() {
            self.raw.push('\n');
        }
        self.raw.push_str(&path);
        self.raw.push('=');
        self.raw.push_str(&text.replace('\n', "\\n"));
        if self.raw.len() > LONGEST {
            return Err(FileError::FieldTooLong { line: self.line });
        }
        if let Some(known) = DECODED.iter().find(|known| **known == path) {
            self.fields.push((known, text.to_owned()));
        }
        Ok(())
    }

    /// The first leaf of a path.
    fn field(&self, path: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(known, _)| *known == path);
        found.map(|(_, text)| text.as_str())
    }

    /// The first of several paths.
    fn first(&self, paths: &[&str]) -> Option<&str> {
        paths.iter().find_map(|path| self.field(path))
    }

    /// The entry; `warn` is told what was read, but not as it should be.
    pub(super) fn finish(
        self,
        account: &str,
        default: BankCurrency,
        warn: &mut dyn FnMut(Warning),
    ) -> Result<BankEntry, FileError> {
        let line = self.line;
        let currency = self.currency("CURRENCY/CURSYM")?.unwrap_or(default);
        let missing = |field| FileError::FieldMissing { line, field };
        let printed = self.field("TRNAMT").ok_or_else(|| missing("TRNAMT"))?;
        let minor = amount(printed, currency, line)?;
        let booking_date = self.booking_date(warn)?;
        let value = self.first(&["DTAVAIL", "VALUEDATE"]);
        let bank_reference = self
            .field("FITID")
            .filter(|id| id.bytes().any(|b| b != b'0'));
        let status = self.status(warn);
        Ok(BankEntry {
            line,
            account: account.to_owned(),
            booking_date,
            value_date: value.and_then(day),
            money: Money { minor, currency },
            status,
            reversal: false,
            bank_reference: bank_reference.map(str::to_owned),
            details: vec![self.detail(minor)],
        })
    }

    fn detail(self, minor: i64) -> EntryDetail {
        let text = |paths: &[&str]| self.first(paths).map(str::to_owned);
        let bank = self.field("BANKACCTTO/BANKID");
        let number = self.first(&["BANKACCTTO/ACCTID", "CCACCTTO/ACCTID"]);
        let counterparty = number.map(|number| account_number(bank, None, number));
        let memos = self
            .fields
            .iter()
            .filter(|(path, _)| matches!(*path, "MEMO" | "EXTDMEMO" | "MEMO2"));
        let lines = memos.flat_map(|(_, text)| text.lines().map(str::trim));
        let remittance_text: Vec<String> = lines
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect();
        let infos: Vec<String> = ["REFNUM", "CORRECTFITID", "CORRECTACTION"]
            .into_iter()
            .chain(["ORIGCURRENCY/CURSYM", "ORIGCURRENCY/CURRATE"])
            .filter_map(|path| Some(format!("{path} {}", self.field(path)?)))
            .collect();
        EntryDetail {
            amount_minor: minor,
            transaction_code: text(&["TRNTYPE"]).map(|code| code.to_ascii_uppercase()),
            end_to_end_id: text(&["CHECKNUM", "CHKNUM"]),
            counterparty_name: text(&["EXTDNAME", "PAYEE/NAME", "NAME"]),
            counterparty_iban: counterparty,
            remittance_text,
            additional_info: (!infos.is_empty()).then(|| infos.join("\n")),
            raw: Some(self.raw),
            ..EntryDetail::default()
        }
    }

    fn currency(&self, path: &str) -> Result<Option<BankCurrency>, FileError> {
        let Some(code) = self.field(path) else {
            return Ok(None);
        };
        match BankCurrency::parse(&code.to_ascii_uppercase()) {
            Some(currency) => Ok(Some(currency)),
            None => Err(FileError::CurrencyUnknown {
                line: self.line,
                text: excerpt(code),
            }),
        }
    }

    /// The day of posting, else whatever other day is said.
    fn booking_date(&self, warn: &mut dyn FnMut(Warning)) -> Result<Date, FileError> {
        let line = self.line;
        let posted = self.field("DTPOSTED");
        if let Some(date) = posted.and_then(day) {
            return Ok(date);
        }
        let others = ["DTTRAN", "DTUSER", "DTAVAIL", "VALUEDATE"];
        let other = others.iter().find_map(|path| day(self.field(path)?));
        let printed = posted.unwrap_or_default();
        match other {
            Some(date) => {
                if !self.pending {
                    let message = format!("DTPOSTED {:?}: {date} is taken", excerpt(printed));
                    warn(warning("DATE_INVALID", message, line));
                }
                Ok(date)
            }
            None if posted.is_some() => Err(FileError::DateInvalid {
                line,
                text: excerpt(printed),
            }),
            None => Err(FileError::FieldMissing {
                line,
                field: "DTPOSTED",
            }),
        }
    }

    fn status(&self, warn: &mut dyn FnMut(Warning)) -> EntryStatus {
        if let Some(action) = self.field("CORRECTACTION") {
            let message = format!(
                "{} of the transaction {:?}; it counts as information only",
                excerpt(action),
                excerpt(self.field("CORRECTFITID").unwrap_or_default())
            );
            warn(warning("ENTRY_CORRECTS", message, self.line));
            EntryStatus::Information
        } else if self.pending {
            EntryStatus::Pending
        } else {
            EntryStatus::Booked
        }
    }
}

fn warning(code: &'static str, message: String, line: u64) -> Warning {
    Warning {
        code,
        message,
        line,
        offset: None,
        entry_left_out: false,
    }
}

/// `YYYYMMDD` at the start of a date and time, or `YYYY-MM-DD`.
pub(super) fn day(text: &str) -> Option<Date> {
    let text = text.trim();
    let date = text.as_bytes().get(..8)?;
    Date::parse_yyyymmdd(date).or_else(|| Date::parse_iso(text))
}

/// An IBAN alone; a French bank, branch and number as their IBAN; else the number as printed, behind
/// the bank if there is one.
pub(super) fn account_number(bank: Option<&str>, branch: Option<&str>, number: &str) -> String {
    let compact = |text: &str| text.split_whitespace().collect::<String>();
    let number = compact(number);
    if crate::mt940::is_iban(&number) {
        return number.to_uppercase();
    }
    let [bank, branch] = [bank, branch].map(|part| compact(part.unwrap_or_default()));
    crate::cfonb::french_iban([&bank, &branch, &number]).unwrap_or(number)
}

/// A signed decimal number. Banks print blanks, plus signs, decimal commas and, against the
/// specification, groups of thousands: of two kinds of mark the last one is the decimal mark, and
/// a mark that stands twice groups.
pub(super) fn amount(text: &str, currency: BankCurrency, line: u64) -> Result<i64, FileError> {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let count = |mark: char| compact.matches(mark).count();
    let grouping = match (count('.'), count(',')) {
        (0..=1, 0) | (0, 1) => None,
        (0, _) => Some(','),
        (_, 0) => Some('.'),
        _ if compact.rfind('.') > compact.rfind(',') => Some(','),
        _ => Some('.'),
    };
    let plain = match grouping {
        Some(mark) if in_groups(&compact, mark) => compact.replace(mark, ""),
        _ => compact,
    };
    minor_units_with_point(&plain, currency.exponent())
        .map_err(|error| FileError::amount(error, line, text, currency.as_str()))
}

/// Whether three digits follow each mark.
fn in_groups(text: &str, mark: char) -> bool {
    text.match_indices(mark).all(|(at, _)| {
        let behind = &text.as_bytes()[at + 1..];
        let digits = behind
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        digits == 3
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_banks_print_them_or_refused() {
        let euro = BankCurrency::parse("EUR").unwrap();
        for (text, minor) in [
            ("-10.00", Some(-1_000)),
            ("+1 006,60", Some(100_660)),
            ("-1,234,567.89", Some(-123_456_789)),
            ("1.234,50", Some(123_450)),
            ("1,234,567", Some(123_456_700)),
            ("12,5", Some(1_250)),
            (".5", Some(50)),
            ("1,2,3", None),
            ("12,34.5", None),
            ("$120", None),
            ("1,006", None),
            ("1,250", None),
            ("", None),
        ] {
            assert_eq!(amount(text, euro, 1).ok(), minor, "{text}");
        }
        let yen = BankCurrency::parse("JPY").unwrap();
        assert_eq!(amount("1,234,567", yen, 1), Ok(1_234_567));
    }

    #[test]
    fn the_day_is_the_printed_one() {
        for text in ["20260131", "20260131235959.123[-5:EST]", "2026-01-31T10:00"] {
            assert_eq!(day(text).unwrap().to_string(), "2026-01-31", "{text}");
        }
        for text in ["00000000", "201120000000", "310126", "", "é"] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn an_account_has_its_iban_where_one_is_implied() {
        let iban = account_number(Some("20041"), Some("01005"), "0500013M026");
        assert_eq!(iban, "FR1420041010050500013M02606");
        let iban = account_number(Some("X"), None, "fr14 2004 1010 0505 0001 3m02 606");
        assert_eq!(iban, "FR1420041010050500013M02606");
        assert_eq!(account_number(Some("121000248"), None, "98765"), "98765");
    }
}
