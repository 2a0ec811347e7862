//! Calendar days without a clock.

use std::fmt;

/// A day of the proleptic Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i32);

impl Date {
    /// The day, if year 1–9999, month and day exist.
    #[must_use]
    pub fn from_ymd(year: i32, month: i32, day: i32) -> Option<Self> {
        let exists = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day);
        exists.then(|| Self(days_from_civil(year, month, day)))
    }

    /// Reads `YYYY-MM-DD`, also at the start of a date and time (its time zone is ignored: the
    /// day is the one that the bank printed).
    #[must_use]
    pub fn parse_iso(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let rest = bytes.get(10);
        if bytes.get(4) != Some(&b'-')
            || bytes.get(7) != Some(&b'-')
            || !matches!(rest, None | Some(b'T' | b' ' | b'Z' | b'+' | b'-'))
        {
            return None;
        }
        Self::from_ymd(
            digits(&bytes[..4])?,
            digits(&bytes[5..7])?,
            digits(bytes.get(8..10)?)?,
        )
    }

    /// Reads `YYMMDD` with years 1980–2079.
    #[must_use]
    pub fn parse_yymmdd(text: &[u8]) -> Option<Self> {
        if text.len() != 6 {
            return None;
        }
        Self::from_short(&text[..2], &text[2..4], &text[4..])
    }

    /// Reads `YYYYMMDD`.
    #[must_use]
    pub fn parse_yyyymmdd(text: &[u8]) -> Option<Self> {
        if text.len() != 8 {
            return None;
        }
        Self::from_ymd(
            digits(&text[..4])?,
            digits(&text[4..6])?,
            digits(&text[6..])?,
        )
    }

    /// Reads `DDMMYY` with years 1980–2079.
    #[must_use]
    pub fn parse_ddmmyy(text: &[u8]) -> Option<Self> {
        if text.len() != 6 {
            return None;
        }
        Self::from_short(&text[4..], &text[2..4], &text[..2])
    }

    fn from_short(year: &[u8], month: &[u8], day: &[u8]) -> Option<Self> {
        let year = digits(year)?;
        let century = if year < 80 { 2000 } else { 1900 };
        Self::from_ymd(century + year, digits(month)?, digits(day)?)
    }

    /// The day `MMDD` that is nearest to this one: a booking day printed without its year.
    #[must_use]
    pub fn nearest_mmdd(self, text: &[u8]) -> Option<Self> {
        if text.len() != 4 {
            return None;
        }
        let (month, day) = (digits(&text[..2])?, digits(&text[2..])?);
        let (year, _, _) = self.ymd();
        (year - 1..=year + 1)
            .filter_map(|year| Self::from_ymd(year, month, day))
            .min_by_key(|date| (date.0 - self.0).abs())
    }

    /// Days since 1970-01-01, as Arrow counts them.
    #[must_use]
    pub fn days(self) -> i32 {
        self.0
    }

    /// Year, month and day.
    #[must_use]
    pub fn ymd(self) -> (i32, i32, i32) {
        // Howard Hinnant's civil_from_days, on eras of 400 years.
        let shifted = self.0 + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        let year = year_of_era + era * 400 + i32::from(month <= 2);
        (year, month, day)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        write!(formatter, "{year:04}-{month:02}-{day:02}")
    }
}

fn digits(text: &[u8]) -> Option<i32> {
    text.iter().try_fold(0, |value, &byte| {
        byte.is_ascii_digit()
            .then(|| value * 10 + i32::from(byte - b'0'))
    })
}

fn days_in_month(year: i32, month: i32) -> i32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Howard Hinnant's `days_from_civil`.
fn days_from_civil(year: i32, month: i32, day: i32) -> i32 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_four_centuries_survives_the_round_trip() {
        let first = Date::from_ymd(1900, 1, 1).unwrap();
        let last = Date::from_ymd(2299, 12, 31).unwrap();
        assert_eq!(Date::from_ymd(1970, 1, 1).unwrap().days(), 0);
        assert_eq!(last.days() - first.days() + 1, 146_097);
        for days in first.days()..=last.days() {
            let (year, month, day) = Date(days).ymd();
            assert_eq!(Date::from_ymd(year, month, day), Some(Date(days)));
        }
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        for text in [
            "2023-02-29",
            "2024-13-01",
            "2024-00-10",
            "2024-04-31",
            "0000-01-01",
        ] {
            assert_eq!(Date::parse_iso(text), None, "{text}");
        }
        for text in [
            "2024-1-01",
            "20240101",
            "",
            "2024-01-0é",
            "2024-01-011",
            "2024-01-",
            "2024-01-1",
        ] {
            assert_eq!(Date::parse_iso(text), None, "{text}");
        }
    }

    #[test]
    fn the_printed_day_counts_whatever_the_time_zone() {
        let day = Date::from_ymd(2024, 3, 25);
        for text in ["2024-03-25", "2024-03-25T23:59:59Z", "2024-03-25+01:00"] {
            assert_eq!(Date::parse_iso(text), day, "{text}");
        }
    }

    #[test]
    fn a_booking_day_without_year_is_the_nearest_one() {
        let value = Date::parse_yymmdd(b"261231").unwrap();
        assert_eq!(
            value.nearest_mmdd(b"0102").unwrap().to_string(),
            "2027-01-02"
        );
        let value = Date::parse_yymmdd(b"270102").unwrap();
        assert_eq!(
            value.nearest_mmdd(b"1231").unwrap().to_string(),
            "2026-12-31"
        );
        assert_eq!(value.nearest_mmdd(b"1301"), None);
        assert_eq!(
            Date::parse_ddmmyy(b"150519").unwrap().to_string(),
            "2019-05-15"
        );
    }
}
