//! How surprising it is that a token names an item, in millinats: thousandths of a natural
//! logarithm.
//!
//! The surprise of a hit is the logarithm of one over the number of references, among those
//! searched, that the token would name by accident when it is read that way, less the price of the
//! reading: how seldom payers write so. It says nothing about how many items the token does name:
//! those share it (`Hit::sharers`, the candidates of a place).

/// How a token was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reading {
    /// As printed, separators and case aside.
    Printed,
    /// Without leading zeros.
    ZerosDropped,
    /// Without prefix letters or company code, perhaps without leading zeros.
    PrefixDropped,
    /// A member of a range or of a list of suffixes.
    Listed,
    /// A character taken for one that looks alike.
    LookAlike,
    /// One character replaced, lost or added, or two neighbours swapped.
    Slip,
    /// The end only.
    Tail,
    /// The beginning only.
    Cut,
    /// The end only, and a slip in it.
    TailSlip,
}

impl Reading {
    /// What the reading costs: the logarithm of one over the share of references written so. These
    /// are judgements, the same for every ledger.
    #[must_use]
    pub fn price_millinats(self) -> i64 {
        match self {
            Self::Printed => 0,
            Self::ZerosDropped | Self::PrefixDropped => 1_000,
            Self::Listed => 2_000,
            Self::LookAlike => 4_600,
            Self::Slip => 5_000,
            Self::Tail => 3_000,
            Self::Cut => 4_000,
            Self::TailSlip => 8_000,
        }
    }

    /// How many different numbers of so many characters the reading takes for one.
    fn spread(self, width: u64) -> u64 {
        match self {
            Self::Slip | Self::TailSlip => 20 * width.max(1),
            Self::LookAlike => width.max(1),
            _ => 1,
        }
    }
}

/// What a number costs that looks like a date, the amount, a part of something longer or a member
/// of another series.
pub const DOUBT_MILLINATS: i64 = 3_500;

/// One in so many numbers is another open number, misread.
const MISREAD_ONE_IN: u128 = 4_000;

/// Digits beyond which a number is no rarer.
const DIGITS_MAX: u32 = 18;

/// The surprise of a token, at least 0.
///
/// * `population` — references searched
/// * `digits` — digits of the token
/// * `letters` — its letters; two are worth a digit
#[must_use]
pub fn surprise_millinats(
    reading: Reading,
    population: usize,
    (digits, letters): (usize, usize),
) -> i64 {
    let width = u64::try_from(digits + letters).unwrap_or(u64::MAX);
    let worth = u32::try_from(digits + letters / 2)
        .unwrap_or(DIGITS_MAX)
        .min(DIGITS_MAX);
    let one = 10_u128.pow(DIGITS_MAX);
    let alike = (population as u128).saturating_mul(u128::from(reading.spread(width)));
    let expected = alike.saturating_mul(10_u128.pow(DIGITS_MAX - worth)) + one / MISREAD_ONE_IN;
    let rarity = ln_millinats(one) - ln_millinats(expected);
    (rarity - reading.price_millinats()).max(0)
}

/// A thousand times the natural logarithm, rounded down; 0 for 0.
#[must_use]
pub fn ln_millinats(value: u128) -> i64 {
    const FRACTION_BITS: u32 = 16;
    let Some(whole) = value.checked_ilog2() else {
        return 0;
    };
    // The mantissa in [1, 2) with 31 bits; each squaring yields one more bit of the logarithm.
    let mut mantissa = if whole > 31 {
        value >> (whole - 31)
    } else {
        value << (31 - whole)
    };
    let mut log2 = u128::from(whole);
    for _ in 0..FRACTION_BITS {
        mantissa = (mantissa * mantissa) >> 31;
        let carry = mantissa >> 32;
        log2 = (log2 << 1) | carry;
        mantissa >>= carry;
    }
    // ln 2 = 0.693147180559945.
    let millinats = (log2 * 693_147_180_559) / (1_000_000_000 << FRACTION_BITS);
    i64::try_from(millinats).expect("a logarithm is small")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_rounded_down() {
        assert_eq!(ln_millinats(0), 0);
        assert_eq!(ln_millinats(1), 0);
        assert_eq!(ln_millinats(2), 693);
        assert_eq!(ln_millinats(10), 2_302);
        assert_eq!(ln_millinats(1_000_000), 13_815);
        assert_eq!(ln_millinats(u128::MAX), 88_722);
    }

    #[test]
    fn a_full_number_is_near_proof_and_a_short_end_is_worth_little() {
        let full = surprise_millinats(Reading::Printed, 30_000, (10, 0));
        let end = surprise_millinats(Reading::Tail, 30_000, (4, 0));
        assert!(full > 8_000, "{full}");
        assert_eq!(end, 0);
        assert!(surprise_millinats(Reading::Tail, 30, (4, 0)) > 2_000);
    }

    #[test]
    fn rarer_readings_surprise_less() {
        let of = |reading| surprise_millinats(reading, 300, (8, 2));
        assert!(of(Reading::Printed) > of(Reading::PrefixDropped));
        assert!(of(Reading::PrefixDropped) > of(Reading::LookAlike));
        assert!(of(Reading::LookAlike) > of(Reading::Slip));
        assert!(
            surprise_millinats(Reading::Printed, 300, (8, 0))
                > surprise_millinats(Reading::Printed, 300, (5, 0))
        );
    }
}
