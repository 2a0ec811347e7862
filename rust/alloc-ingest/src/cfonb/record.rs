//! One record: fields by position.

use alloc_domain::bank::{AmountError, BankCurrency, Date, Money, rescale};

use crate::error::{FileError, excerpt};

/// Interbank codes of what is rejected, unpaid, paid back or cancelled.
const REVERSALS: [&str; 16] = [
    "03", "10", "12", "26", "27", "33", "98", "99", "A3", "A4", "A5", "A6", "B3", "B4", "B5", "B6",
];

/// A line of up to 120 characters; positions count from 0.
pub(crate) struct Record<'a> {
    text: &'a str,
    ascii: bool,
    line: u64,
}

/// Whether a line can be a record: code, bank, branch, currency and decimals are where they must be.
pub(crate) fn is_record(line: &[u8]) -> bool {
    let digits = |from: usize, to: usize| {
        line.get(from..to)
            .is_some_and(|field| field.iter().all(u8::is_ascii_digit))
    };
    let currency = line.get(16..19);
    matches!(line.get(..2), Some(b"01" | b"04" | b"05" | b"07"))
        && digits(2, 7)
        && digits(11, 16)
        && currency.is_some_and(|code| code == b"   " || code.iter().all(u8::is_ascii_uppercase))
        && line
            .get(19)
            .is_some_and(|byte| *byte == b' ' || byte.is_ascii_digit())
        && line.len() >= 40
}

impl<'a> Record<'a> {
    pub(crate) fn new(text: &'a str, line: u64) -> Self {
        let ascii = text.is_ascii();
        Self { text, ascii, line }
    }

    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// The whole record, without the blanks at its end.
    pub(crate) fn printed(&self) -> &'a str {
        self.text.trim_ascii_end().trim_end()
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.text
            .chars()
            .all(|c| c.is_whitespace() || c.is_control())
    }

    /// The characters `from..to`, as many as there are.
    fn field(&self, from: usize, to: usize) -> &'a str {
        if self.ascii {
            let end = to.min(self.text.len());
            return self.text.get(from..end).unwrap_or_default();
        }
        let at = |position: usize| {
            let found = self.text.char_indices().nth(position);
            found.map_or(self.text.len(), |(offset, _)| offset)
        };
        &self.text[at(from)..at(to)]
    }

    pub(crate) fn code(&self) -> &'a str {
        self.field(0, 2)
    }

    /// Bank, branch and account number, as printed.
    pub(crate) fn account(&self) -> [&'a str; 3] {
        [self.field(2, 7), self.field(11, 16), self.field(21, 32)]
    }

    pub(crate) fn currency(&self) -> Result<BankCurrency, FileError> {
        let code = self.field(16, 19);
        BankCurrency::parse(code).ok_or_else(|| FileError::CurrencyUnknown {
            line: self.line,
            text: excerpt(code),
        })
    }

    /// The signed amount of the record.
    pub(crate) fn money(&self) -> Result<Money, FileError> {
        let currency = self.currency()?;
        let text = self.field(90, 104);
        if text.trim().is_empty() {
            return Err(FileError::FieldMissing {
                line: self.line,
                field: "the amount (positions 91 to 104)",
            });
        }
        let minor = signed_digits(text)
            .and_then(|value| match decimals(self.field(19, 20))? {
                Some(decimals) => rescale(value, decimals, currency.exponent()),
                None => Ok(value),
            })
            .map_err(|error| FileError::amount(error, self.line, text, currency.as_str()))?;
        Ok(Money { minor, currency })
    }

    /// An amount inside a complement: currency, number of decimals, unsigned digits.
    pub(crate) fn original(&self) -> Option<Money> {
        let information = self.field(48, 66);
        let currency = BankCurrency::parse(information.get(..3)?)?;
        let decimals = decimals(information.get(3..4)?).ok()?;
        let value = information.get(4..)?.trim().parse().ok()?;
        let minor = match decimals {
            Some(decimals) => rescale(value, decimals, currency.exponent()).ok()?,
            None => value,
        };
        Some(Money { minor, currency })
    }

    pub(crate) fn date(&self) -> Option<Date> {
        Date::parse_ddmmyy(self.field(34, 40).as_bytes())
    }

    pub(crate) fn date_text(&self) -> &'a str {
        trim(self.field(34, 40))
    }

    pub(crate) fn value_date(&self) -> Option<Date> {
        Date::parse_ddmmyy(self.field(42, 48).as_bytes())
    }

    /// Blank when the record has none.
    pub(crate) fn value_date_text(&self) -> &'a str {
        match trim(self.field(42, 48)) {
            "000000" => "",
            text => text,
        }
    }

    pub(crate) fn reject_code(&self) -> Option<&'a str> {
        Some(trim(self.field(40, 42))).filter(|code| !matches!(*code, "" | "00"))
    }

    /// Whether it undoes an earlier entry.
    pub(crate) fn is_reversal(&self) -> bool {
        self.reject_code().is_some() || REVERSALS.contains(&self.operation())
    }

    pub(crate) fn operation(&self) -> &'a str {
        trim(self.field(32, 34))
    }

    pub(crate) fn label(&self) -> &'a str {
        trim(self.field(48, 79))
    }

    /// The reference of the entry, else its number.
    pub(crate) fn bank_reference(&self) -> Option<String> {
        let given = |text: &str| !text.bytes().all(|byte| byte == b'0');
        [trim(self.field(104, 120)), trim(self.field(81, 88))]
            .into_iter()
            .find(|text| given(text))
            .map(str::to_owned)
    }

    /// Qualifier of a complement.
    pub(crate) fn qualifier(&self) -> &'a str {
        self.field(45, 48)
    }

    /// Information of a complement, with its blanks.
    pub(crate) fn information(&self) -> &'a str {
        self.field(48, 118)
    }

    /// Its first and second half, trimmed.
    pub(crate) fn halves(&self) -> [&'a str; 2] {
        [trim(self.field(48, 83)), trim(self.field(83, 118))]
    }
}

/// Text without the blanks around it: ASCII ones first, byte by byte.
fn trim(text: &str) -> &str {
    text.trim_ascii().trim()
}

/// Number of decimals; blank means those of the currency.
fn decimals(digit: &str) -> Result<Option<u32>, AmountError> {
    match digit.as_bytes() {
        [b' '] => Ok(None),
        [digit @ b'0'..=b'9'] => Ok(Some(u32::from(digit - b'0'))),
        _ => Err(AmountError::Malformed),
    }
}

/// Digits whose last character carries the sign. `é` and `è` stand where French ASCII has the
/// braces.
fn signed_digits(text: &str) -> Result<i64, AmountError> {
    let text = text.trim();
    let last = text.chars().next_back().ok_or(AmountError::Malformed)?;
    let (digit, negative) = match last {
        '{' | 'é' => (0, false),
        '}' | 'è' => (0, true),
        'A'..='I' => (u32::from(last) - u32::from('A') + 1, false),
        'J'..='R' => (u32::from(last) - u32::from('J') + 1, true),
        '0'..='9' => (u32::from(last) - u32::from('0'), false),
        _ => return Err(AmountError::Malformed),
    };
    let mut value = 0_i64;
    for character in text[..text.len() - last.len_utf8()].chars() {
        let next = character.to_digit(10).ok_or(AmountError::Malformed)?;
        value = push(value, next)?;
    }
    let value = push(value, digit)?;
    Ok(if negative { -value } else { value })
}

fn push(value: i64, digit: u32) -> Result<i64, AmountError> {
    value
        .checked_mul(10)
        .and_then(|value| value.checked_add(i64::from(digit)))
        .ok_or(AmountError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_character_carries_the_sign() {
        for (text, value) in [
            ("0000000015000{", 150_000),
            ("0000000000010A", 101),
            ("0000000000010I", 109),
            ("0000000000750}", -7_500),
            ("0000000000322J", -3_221),
            ("0000000000322R", -3_229),
            ("0000000015000é", 150_000),
            ("0000000015000è", -150_000),
            ("00000000000005", 5),
        ] {
            assert_eq!(signed_digits(text), Ok(value), "{text}");
        }
        for text in ["", "{{", "12 4{", "000S", "-12{"] {
            assert_eq!(signed_digits(text), Err(AmountError::Malformed), "{text}");
        }
        assert_eq!(
            signed_digits("99999999999999999999A"),
            Err(AmountError::Overflow)
        );
    }

    #[test]
    fn positions_count_characters_whatever_the_encoding() {
        let line = format!("05{}{}", "é".repeat(43), "NPYMÜLLER");
        let record = Record::new(&line, 1);
        assert_eq!(
            (record.qualifier(), record.information()),
            ("NPY", "MÜLLER")
        );
        assert_eq!(Record::new("05", 1).information(), "");
    }
}
