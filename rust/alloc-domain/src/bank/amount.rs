//! Decimal text to minor units, exactly or not at all.

/// Why a text is not an amount of a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmountError {
    /// Not a decimal number.
    Malformed,
    /// A part smaller than the currency's minor unit.
    TooManyDecimals,
    /// More than `i64` holds.
    Overflow,
}

/// Reads a decimal number with `exponent` digits of minor unit; the decimal sign is a point or a
/// comma, there is no grouping, and digits beyond the minor unit must be zeros.
///
/// # Errors
/// [`AmountError`], each with its reason: nothing is rounded.
pub fn minor_units(text: &str, exponent: u32) -> Result<i64, AmountError> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    };
    let points = digits.iter().filter(|&&byte| is_point(byte)).count();
    let figures = digits.iter().filter(|byte| byte.is_ascii_digit()).count();
    if points > 1 || figures == 0 || points + figures != digits.len() {
        return Err(AmountError::Malformed);
    }
    let (mut minor, mut decimals) = (0_i64, None);
    for &byte in digits {
        match decimals {
            _ if is_point(byte) => decimals = Some(0),
            Some(count) if count >= exponent && byte == b'0' => {}
            Some(count) if count >= exponent => return Err(AmountError::TooManyDecimals),
            _ => {
                minor = push_digit(minor, byte - b'0')?;
                decimals = decimals.map(|count| count + 1);
            }
        }
    }
    for _ in decimals.unwrap_or(0)..exponent {
        minor = push_digit(minor, 0)?;
    }
    Ok(if negative { -minor } else { minor })
}

/// The same for formats whose decimal sign is the point. A comma is taken as one too, but not with
/// three digits behind it: `1,250` is then as likely a group of thousands.
///
/// # Errors
/// [`AmountError::Malformed`] also for such a text, unless the currency has three decimals.
pub fn minor_units_with_point(text: &str, exponent: u32) -> Result<i64, AmountError> {
    let behind = text.split_once(',').map(|(_, behind)| behind.len());
    if behind == Some(3) && exponent != 3 {
        return Err(AmountError::Malformed);
    }
    minor_units(text, exponent)
}

/// Turns an integer with `decimals` implied decimals into minor units of a currency.
///
/// # Errors
/// [`AmountError::TooManyDecimals`] if something would be cut, [`AmountError::Overflow`].
pub fn rescale(value: i64, decimals: u32, exponent: u32) -> Result<i64, AmountError> {
    let factor = |digits: u32| 10_i64.checked_pow(digits).ok_or(AmountError::Overflow);
    if decimals <= exponent {
        return value
            .checked_mul(factor(exponent - decimals)?)
            .ok_or(AmountError::Overflow);
    }
    let factor = factor(decimals - exponent)?;
    if value % factor == 0 {
        Ok(value / factor)
    } else {
        Err(AmountError::TooManyDecimals)
    }
}

fn is_point(byte: u8) -> bool {
    matches!(byte, b'.' | b',')
}

fn push_digit(minor: i64, digit: u8) -> Result<i64, AmountError> {
    minor
        .checked_mul(10)
        .and_then(|minor| minor.checked_add(i64::from(digit)))
        .ok_or(AmountError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_that_may_group_thousands_is_no_decimal_sign() {
        for text in ["1,250", "1,000", "-12,500"] {
            assert_eq!(
                minor_units_with_point(text, 2),
                Err(AmountError::Malformed),
                "{text}"
            );
        }
        assert_eq!(minor_units_with_point("1,250", 3), Ok(1_250));
        assert_eq!(minor_units_with_point("1,25", 2), Ok(125));
        assert_eq!(minor_units_with_point("1.250", 2), Ok(125));
    }

    #[test]
    fn amounts_are_exact_for_zero_two_and_three_decimals() {
        for (text, exponent, minor) in [
            ("1750.60", 2, 175_060),
            ("1750.6", 2, 175_060),
            ("100,", 2, 10_000),
            (",5", 2, 50),
            ("8.850", 2, 885),
            ("5442.09000", 2, 544_209),
            ("500", 0, 500),
            ("500.00", 0, 500),
            ("1.234", 3, 1_234),
            ("-0.01", 2, -1),
            ("92233720368547758.07", 2, i64::MAX),
        ] {
            assert_eq!(minor_units(text, exponent), Ok(minor), "{text}");
        }
    }

    #[test]
    fn nothing_is_rounded_guessed_or_wrapped() {
        for (text, exponent, reason) in [
            ("1.005", 2, AmountError::TooManyDecimals),
            ("500.01", 0, AmountError::TooManyDecimals),
            ("92233720368547758.08", 2, AmountError::Overflow),
            ("99999999999999999999", 2, AmountError::Overflow),
            ("12..34", 2, AmountError::Malformed),
            ("1,2,3", 2, AmountError::Malformed),
            ("1.234,56", 2, AmountError::Malformed),
            ("", 2, AmountError::Malformed),
            (",", 2, AmountError::Malformed),
            ("1 000", 2, AmountError::Malformed),
            ("1e3", 2, AmountError::Malformed),
            ("--1", 2, AmountError::Malformed),
        ] {
            assert_eq!(minor_units(text, exponent), Err(reason), "{text}");
        }
    }

    #[test]
    fn implied_decimals_are_moved_without_loss() {
        assert_eq!(rescale(1500, 2, 2), Ok(1500));
        assert_eq!(rescale(1500, 0, 2), Ok(150_000));
        assert_eq!(rescale(1500, 2, 0), Ok(15));
        assert_eq!(rescale(1501, 2, 0), Err(AmountError::TooManyDecimals));
        assert_eq!(rescale(i64::MAX, 0, 2), Err(AmountError::Overflow));
    }
}
