//! How surprising it is that a token names an item, in millinats: thousandths of a natural
//! logarithm.
//!
//! The surprise of a hit is the logarithm of one over the number of references, among those
//! searched, that the token would name by accident when it is read that way, less the price of the
//! reading: how seldom payers write so. It is bounded by the chance that the token is another
//! number, misread. It says nothing about how many items the token does name: those share it
//! (`Hit::sharers`, the candidates of a place).

use std::collections::BTreeMap;

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
    /// A digit replaced by a letter that looks like none.
    Garbled,
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
            Self::TailSlip | Self::Garbled => 8_000,
        }
    }

    /// Whether the token is not what was printed but something near it.
    fn is_misread(self) -> bool {
        self >= Self::LookAlike
    }

    /// How many different numbers of so many characters the reading takes for one.
    fn spread(self, width: u64) -> u64 {
        match self {
            Self::Slip | Self::TailSlip | Self::Garbled => 20 * width.max(1),
            Self::LookAlike => width.max(1),
            _ => 1,
        }
    }
}

/// How the references of a message are written: who writes the ends of some numbers writes those
/// of the others, and who never does so will hardly begin.
#[derive(Clone, Debug, Default)]
pub struct Writing {
    counts: BTreeMap<Option<Reading>, u64>,
    all: u64,
}

impl Writing {
    /// One reference more that is read so, or that is nothing like its item's.
    pub fn count(&mut self, reading: Option<Reading>) {
        *self.counts.entry(reading).or_default() += 1;
        self.all += 1;
    }

    /// The same without one of them.
    #[must_use]
    pub fn without(&self, reading: Option<Reading>) -> Self {
        let mut others = self.clone();
        if let Some(count @ 1..) = others.counts.get_mut(&reading) {
            *count -= 1;
            others.all -= 1;
        }
        others
    }

    /// What a reading costs one reference more: its price is worth one observation.
    ///
    /// * `reading` — none where it is nothing like its item's
    #[must_use]
    pub fn price_millinats(&self, reading: Option<Reading>) -> i64 {
        let price = reading.map_or(UNLIKE_MILLINATS, Reading::price_millinats);
        let all = ln_millinats(u128::from(self.all + 1));
        match self.counts.get(&reading).copied().unwrap_or(0) {
            // Slips happen to everybody.
            0 if reading.is_some_and(Reading::is_misread) => price,
            0 => price + all,
            so => all - ln_millinats(u128::from(so)),
        }
    }
}

/// What it costs that a reference is nothing like that of the item with its amount.
pub const UNLIKE_MILLINATS: i64 = 3_000;

/// What a number costs that looks like a date, the amount, a part of something longer or a member
/// of another series.
pub const DOUBT_MILLINATS: i64 = 3_500;

/// One in some 4,000 numbers is another open number, misread.
const MISREAD_MILLINATS: i64 = 8_294;

/// One in some 400 misread numbers is one that is not open, and looks like one that is.
const NOT_OPEN_MILLINATS: i64 = 6_000;

/// No hit is more surprising than this: the amount agrees as well, and neither the reference nor
/// the amount is mistaken.
pub const SURPRISE_MILLINATS_MAX: i64 = 16_000;

/// Digits beyond which a number is no rarer.
const DIGITS_MAX: u32 = 18;

/// A token's characters: its digits and its letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Width {
    /// Digits.
    pub digits: usize,
    /// Letters; two are worth a digit.
    pub letters: usize,
}

impl Width {
    /// The characters of a folded token.
    #[must_use]
    pub fn of(token: &[u8]) -> Self {
        let digits = token.iter().filter(|byte| byte.is_ascii_digit()).count();
        Self {
            digits,
            letters: token.len() - digits,
        }
    }
}

/// The surprise of a token, at least 0.
///
/// * `population` — references searched
#[must_use]
pub fn surprise_millinats(reading: Reading, population: usize, width: Width) -> i64 {
    bounded(reading, weight_millinats(reading, population, width))
}

/// What it costs that a slip made one certain number of another one, millinats.
///
/// * `width` — characters of the number
#[must_use]
pub fn this_slip_millinats(width: usize) -> i64 {
    // Nine other digits at each place, neighbours swapped, one lost, one of ten added.
    let slips = 9 * width + width.saturating_sub(1) + width + 10 * (width + 1);
    Reading::Slip.price_millinats() + ln_millinats(slips as u128)
}

/// How surprising it is that a name is of nothing that is open, millinats: a number as sure as can be
/// is then a slip of one that is not.
#[must_use]
pub fn accident_millinats(surprise: i64) -> i64 {
    if surprise < MISREAD_MILLINATS {
        surprise
    } else {
        surprise.max(Reading::Slip.price_millinats() + NOT_OPEN_MILLINATS)
    }
}

/// The surprise of a token that has some weight.
#[must_use]
pub fn bounded(reading: Reading, weight: i64) -> i64 {
    let most = if reading.is_misread() {
        NOT_OPEN_MILLINATS
    } else {
        MISREAD_MILLINATS
    };
    weight.clamp(0, most)
}

/// What speaks for one reading of a token against another reading of the same token: its surprise
/// without the chance that the token is another number, misread, as that is what the other reading
/// says. May be below 0.
#[must_use]
pub fn weight_millinats(reading: Reading, population: usize, width: Width) -> i64 {
    rarity(by_accident(reading, population, width)) - reading.price_millinats()
}

/// References that a token would name by accident, in shares of `10^DIGITS_MAX`.
fn by_accident(reading: Reading, population: usize, width: Width) -> u128 {
    let characters = u64::try_from(width.digits + width.letters).unwrap_or(u64::MAX);
    let worth = u32::try_from(width.digits + width.letters / 2).unwrap_or(DIGITS_MAX);
    let alike = (population as u128).saturating_mul(u128::from(reading.spread(characters)));
    alike.saturating_mul(10_u128.pow(DIGITS_MAX - worth.min(DIGITS_MAX)))
}

fn rarity(expected: u128) -> i64 {
    ln_millinats(10_u128.pow(DIGITS_MAX)) - ln_millinats(expected)
}

/// A thousand times the natural logarithm, rounded down; 0 for 0.
#[must_use]
pub fn ln_millinats(value: u128) -> i64 {
    const FRACTION_BITS: u32 = 16;
    let Some(whole) = value.checked_ilog2() else {
        return 0;
    };
    // The mantissa in [1, 2) with 31 bits; each squaring yields one more bit of the logarithm.
    let mantissa = if whole > 31 {
        value >> (whole - 31)
    } else {
        value << (31 - whole)
    };
    let mut mantissa = u64::try_from(mantissa).expect("32 bits");
    let mut log2 = u64::from(whole);
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

    fn of(reading: Reading, population: usize, (digits, letters): (usize, usize)) -> i64 {
        surprise_millinats(reading, population, Width { digits, letters })
    }

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
        let full = of(Reading::Printed, 30_000, (10, 0));
        let end = of(Reading::Tail, 30_000, (4, 0));
        assert!(full > 8_000, "{full}");
        assert_eq!(end, 0);
        assert!(of(Reading::Tail, 30, (4, 0)) > 2_000);
    }

    #[test]
    fn rarer_readings_surprise_less() {
        let width = Width {
            digits: 8,
            letters: 2,
        };
        let known = |reading| weight_millinats(reading, 300, width);
        assert!(known(Reading::Printed) > known(Reading::PrefixDropped));
        assert!(known(Reading::PrefixDropped) > known(Reading::LookAlike));
        assert!(known(Reading::LookAlike) > known(Reading::Slip));
        assert!(of(Reading::Printed, 300, (8, 0)) > of(Reading::Printed, 300, (5, 0)));
    }
}
