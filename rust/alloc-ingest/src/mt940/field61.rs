//! Field 61: one entry.

use alloc_domain::bank::{BankCurrency, Date, EntryStatus, Money, minor_units};

use crate::error::FileError;

/// An entry before its narrative.
pub(super) struct Field61 {
    pub(super) line: u64,
    pub(super) value_date: Option<Date>,
    entry_date: Option<Date>,
    /// Both dates, as printed.
    pub(super) printed_date: String,
    /// Whether every printed date exists.
    pub(super) dates_exist: bool,
    pub(super) money: Money,
    pub(super) status: EntryStatus,
    pub(super) reversal: bool,
    pub(super) code: Option<String>,
    pub(super) owner_reference: Option<String>,
    service_reference: Option<String>,
    /// Subfield 9, the lines below.
    pub(super) supplement: Option<String>,
}

/// The mark of debit or credit.
struct Mark {
    credit: bool,
    reversal: bool,
    expected: bool,
}

impl Field61 {
    /// Reads `YYMMDD[MMDD][R|E](C|D)[f]amount` `type` `reference[//reference]` and lines below.
    pub(super) fn parse(value: &str, line: u64, currency: BankCurrency) -> Result<Self, FileError> {
        let missing = |field| FileError::FieldMissing { line, field };
        let mut parts = value.trim_end().splitn(2, '\n');
        let first = parts.next().unwrap_or_default();
        let supplement = parts.next().map(str::trim).and_then(some);

        let dates = first.len() - first.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let printed_date = &first[..dates];
        let rest = first[dates..].trim_start();
        let (mark, rest) =
            Mark::parse(rest).ok_or_else(|| missing("the mark C or D of field 61"))?;
        let (amount, rest) = amount(rest).ok_or_else(|| missing("the amount of field 61"))?;
        let minor = minor_units(amount, currency.exponent())
            .map_err(|error| FileError::amount(error, line, amount, currency.as_str()))?;

        let value_date = printed_date.get(..6);
        let value_date = value_date.and_then(|text| Date::parse_yymmdd(text.as_bytes()));
        let entry_text = printed_date.get(6..).filter(|text| !text.is_empty());
        let anchor = value_date.or_else(|| middle_of_year(printed_date));
        let entry_date =
            entry_text.and_then(|text| anchor.and_then(|date| date.nearest_mmdd(text.as_bytes())));
        let (code, references) = type_code(rest.trim_start());
        let (owner, service) = references.split_once("//").unwrap_or((references, ""));
        Ok(Self {
            line,
            value_date,
            entry_date,
            printed_date: printed_date.to_owned(),
            dates_exist: value_date.is_some() && entry_text.is_none() == entry_date.is_none(),
            money: Money {
                minor: if mark.credit { minor } else { -minor },
                currency,
            },
            status: if mark.expected {
                EntryStatus::Pending
            } else {
                EntryStatus::Booked
            },
            reversal: mark.reversal,
            code: some(code),
            owner_reference: reference(owner),
            service_reference: reference(service),
            supplement,
        })
    }

    /// The entry date, else the value date.
    pub(super) fn booking_date(&self) -> Option<Date> {
        self.entry_date.or(self.value_date)
    }

    /// The bank's reference, else the one of the account owner.
    pub(super) fn bank_reference(&self) -> Option<String> {
        self.service_reference
            .clone()
            .or_else(|| self.owner_reference.clone())
    }
}

impl Mark {
    /// The mark and what follows it, without the funds code (the third letter of the currency).
    fn parse(text: &str) -> Option<(Self, &str)> {
        let (reversal, expected, rest) = match text.as_bytes() {
            [b'R', b'C' | b'D', ..] => (true, false, &text[1..]),
            [b'E', b'C' | b'D', ..] => (false, true, &text[1..]),
            _ => (false, false, text),
        };
        let debit = match rest.as_bytes().first()? {
            b'C' => false,
            b'D' => true,
            _ => return None,
        };
        let mark = Self {
            credit: debit == reversal,
            reversal,
            expected,
        };
        let rest = &rest[1..];
        let funds = rest.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
        Some((mark, if funds { &rest[1..] } else { rest }))
    }
}

/// A day of the printed year, for an entry date beside a value date that does not exist.
fn middle_of_year(printed_date: &str) -> Option<Date> {
    let year = printed_date.get(..2)?;
    Date::parse_yymmdd(format!("{year}0701").as_bytes())
}

/// The amount at the start of a text, and the rest.
fn amount(text: &str) -> Option<(&str, &str)> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, ',' | '.'));
    let length = text.len() - rest.len();
    (length > 0).then(|| text.split_at(length))
}

/// Four characters of type (`NTRF`; some banks pad shorter ones with a blank), then references.
fn type_code(text: &str) -> (&str, &str) {
    let end = text
        .char_indices()
        .nth(4)
        .map_or(text.len(), |(end, _)| end);
    let (code, rest) = text.split_at(end);
    if code.contains("//") {
        // No type at all: the references start here.
        return ("", text);
    }
    (code.trim(), rest)
}

fn reference(text: &str) -> Option<String> {
    some(text.trim()).filter(|text| !matches!(text.as_str(), "NONREF" | "NOTPROVIDED"))
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(value: &str) -> Field61 {
        Field61::parse(value, 1, BankCurrency::parse("EUR").unwrap()).unwrap()
    }

    #[test]
    fn reversals_move_the_balance_the_other_way() {
        for (mark, minor, reversal, status) in [
            ("C", 1050, false, EntryStatus::Booked),
            ("D", -1050, false, EntryStatus::Booked),
            ("RC", -1050, true, EntryStatus::Booked),
            ("RD", 1050, true, EntryStatus::Booked),
            ("CR", 1050, false, EntryStatus::Booked),
            ("RDR", 1050, true, EntryStatus::Booked),
            ("EC", 1050, false, EntryStatus::Pending),
            ("ED", -1050, false, EntryStatus::Pending),
        ] {
            let field = parse(&format!("2401310201{mark}10,5NTRFREF//BANK"));
            let found = (field.money.minor, field.reversal, field.status);
            assert_eq!(found, (minor, reversal, status), "{mark}");
            assert_eq!(field.booking_date().unwrap().to_string(), "2024-02-01");
        }
    }

    #[test]
    fn references_are_taken_apart() {
        let field = parse("240131C1,NTRFINV 1//B-2\n/OCMT/USD1,/");
        assert_eq!(field.bank_reference().as_deref(), Some("B-2"));
        assert_eq!(field.owner_reference.as_deref(), Some("INV 1"));
        assert_eq!(field.supplement.as_deref(), Some("/OCMT/USD1,/"));
        let field = parse("100722D25,03NOV NONREF");
        assert_eq!(
            (field.code.as_deref(), field.bank_reference()),
            (Some("NOV"), None)
        );
        let field = parse("240312    DD212,39NMSCNONREF//");
        assert_eq!((field.money.minor, field.bank_reference()), (-21_239, None));
        assert_eq!(
            parse("240131C1,50 NRTI12345").owner_reference.as_deref(),
            Some("12345")
        );
    }

    #[test]
    fn a_day_that_does_not_exist_is_missing_and_said() {
        let field = parse("240230C1,NTRFX");
        assert!(!field.dates_exist && field.value_date.is_none() && field.booking_date().is_none());
        let field = parse("2402300621C1,NTRFX");
        assert_eq!(field.booking_date().unwrap().to_string(), "2024-06-21");
        let field = parse("2402151301C1,NTRFX");
        assert!(!field.dates_exist);
        assert_eq!(field.booking_date().unwrap().to_string(), "2024-02-15");
    }

    #[test]
    fn an_entry_without_mark_or_amount_is_refused() {
        let euro = BankCurrency::parse("EUR").unwrap();
        for value in [
            "",
            "240131",
            "240131X1,NTRF",
            "240131CNTRF",
            "240131C,NTRF",
            "é",
        ] {
            assert!(Field61::parse(value, 1, euro).is_err(), "{value}");
        }
        let error = Field61::parse("240131C1,005NTRF", 7, euro).err().unwrap();
        assert_eq!((error.code(), error.line()), ("AMOUNT_DECIMALS", Some(7)));
    }
}
