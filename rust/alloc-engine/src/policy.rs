//! What the user permits, and what each kind of proof is worth.

use crate::error::EngineError;

/// What the user accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Wrong decisions per million automatic ones.
    pub max_wrong_ppm: i64,
    /// Whether an amount may decide without any reference.
    pub amount_only: bool,
    /// Deductions that may be booked without a person.
    pub deductions: Deductions,
    /// Value added tax that may stand on a commission.
    pub vat_rates: VatRates,
}

/// Why a payment differs from what it settles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum DeductionKind {
    /// A rate off the sum, or off each item.
    Discount = 1 << 0,
    /// What banks kept.
    BankFee = 1 << 1,
    /// A rate of the sum, with value added tax.
    Commission = 1 << 2,
    /// A few minor units, either way.
    Rounding = 1 << 3,
    /// A part of one item is not paid and stays open.
    ShortPayment = 1 << 4,
    /// Too much; the rest goes on account.
    Overpayment = 1 << 5,
}

impl DeductionKind {
    /// Every kind with its wire name.
    pub const ALL: [(&'static str, Self); 6] = [
        ("discount", Self::Discount),
        ("bank_fee", Self::BankFee),
        ("commission", Self::Commission),
        ("rounding", Self::Rounding),
        ("short_payment", Self::ShortPayment),
        ("overpayment", Self::Overpayment),
    ];

    /// Whether it explains any gap of a wide range, and so proves little.
    #[must_use]
    pub fn absorbs(self) -> bool {
        matches!(self, Self::ShortPayment | Self::Overpayment)
    }
}

/// A set of kinds of deductions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deductions(u8);

impl Deductions {
    /// No kind.
    pub const NONE: Self = Self(0);

    /// The set with one more kind.
    #[must_use]
    pub fn with(self, kind: DeductionKind) -> Self {
        Self(self.0 | kind as u8)
    }

    /// Whether the kind is in the set.
    #[must_use]
    pub fn has(self, kind: DeductionKind) -> bool {
        self.0 & kind as u8 != 0
    }

    /// The set with these wire names; the first unknown one.
    ///
    /// # Errors
    /// [`EngineError::DeductionUnknown`]: a name is none of [`DeductionKind::ALL`].
    pub fn parse<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Self, EngineError> {
        names.into_iter().try_fold(Self::NONE, |set, name| {
            let known = DeductionKind::ALL.iter().find(|(known, _)| *known == name);
            let unknown = || EngineError::DeductionUnknown {
                name: name.to_owned(),
            };
            known.map(|&(_, kind)| set.with(kind)).ok_or_else(unknown)
        })
    }
}

/// Rates of value added tax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VatRates {
    rates_ppm: [i64; Self::COUNT_MAX],
    count: usize,
}

impl VatRates {
    /// How many rates a policy may have.
    pub const COUNT_MAX: usize = 16;

    /// These rates.
    ///
    /// # Errors
    /// [`EngineError::VatRateOutOfRange`]: one is no share, [`EngineError::VatRatesOverLimit`]: more
    /// than [`Self::COUNT_MAX`].
    pub fn new(rates_ppm: &[i64]) -> Result<Self, EngineError> {
        let share = 0..=CERTAIN_PPM;
        if let Some(&rate_ppm) = rates_ppm.iter().find(|rate| !share.contains(rate)) {
            return Err(EngineError::VatRateOutOfRange { rate_ppm });
        }
        let mut rates = Self {
            rates_ppm: [0; Self::COUNT_MAX],
            count: rates_ppm.len(),
        };
        let places = rates.rates_ppm.get_mut(..rates_ppm.len());
        places
            .ok_or(EngineError::VatRatesOverLimit {
                rates: rates_ppm.len(),
            })?
            .copy_from_slice(rates_ppm);
        Ok(rates)
    }

    /// Each rate, ppm.
    #[must_use]
    pub fn as_ppm(&self) -> &[i64] {
        &self.rates_ppm[..self.count]
    }
}

impl Default for VatRates {
    /// The standard rate in France.
    fn default() -> Self {
        Self::new(&[200_000]).expect("one share")
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_wrong_ppm: 100,
            amount_only: false,
            deductions: Deductions::NONE,
            vat_rates: VatRates::default(),
        }
    }
}

impl Policy {
    /// The budget in parts per trillion.
    #[must_use]
    pub fn max_wrong_ppt(&self) -> u64 {
        as_ppt(self.max_wrong_ppm)
    }

    /// Checks the budget.
    ///
    /// # Errors
    /// [`EngineError::BudgetOutOfRange`]: it is no share.
    pub fn checked(self) -> Result<Self, EngineError> {
        if (0..=CERTAIN_PPM).contains(&self.max_wrong_ppm) {
            Ok(self)
        } else {
            Err(EngineError::BudgetOutOfRange {
                max_wrong_ppm: self.max_wrong_ppm,
            })
        }
    }
}

/// Parts per million that make one.
pub const CERTAIN_PPM: i64 = 1_000_000;
/// Parts per trillion that make one.
pub const ONE_PPT: u64 = 1_000_000_000_000;

/// A share given in parts per million, in parts per trillion.
#[must_use]
pub fn as_ppt(ppm: i64) -> u64 {
    u64::try_from(ppm).unwrap_or(0).saturating_mul(1_000_000)
}

// Upper bounds for the share of wrong decisions of a kind under ordinary data.

/// An advice line that pays a part of its item.
pub const PARTIAL_ERROR_PPM: i64 = 80;
/// The payer is known by its account only.
pub const PAYER_IBAN_ERROR_PPM: i64 = 10;
/// The payer is known by its name only.
pub const PAYER_NAME_ERROR_PPM: i64 = 20;
/// The payer is known by an abbreviated, cut or turned name only.
pub const PAYER_SHORT_NAME_ERROR_PPM: i64 = 70;
/// The references are of several customers.
pub const SEVERAL_PAYERS_ERROR_PPM: i64 = 40;

/// Share of payments that no combination of open items explains: deductions, part payments,
/// money for something that is not booked yet.
const UNEXPLAINED_PPT: u64 = 200_000_000_000;

/// An amount without odd digits is still one of so many.
const ROUND_AMOUNTS: u64 = 20;

/// An upper bound for the chance that an amount which nothing explains is this one, parts per
/// trillion.
///
/// * `amount_minor` — the zeros at its end carry no information; even the roundest is one of
///   [`ROUND_AMOUNTS`]
#[must_use]
pub fn coincidence_ppt(amount_minor: i64) -> u64 {
    let mut significant = amount_minor.unsigned_abs().max(1);
    while significant.is_multiple_of(10) {
        significant /= 10;
    }
    UNEXPLAINED_PPT.div_ceil(significant.max(ROUND_AMOUNTS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_amounts_prove_little() {
        assert_eq!(coincidence_ppt(123_457), 1_619_998);
        assert_eq!(coincidence_ppt(500_000), 10_000_000_000);
        assert_eq!(coincidence_ppt(i64::MIN), 1);
    }

    #[test]
    fn a_budget_is_a_share() {
        let policy = |max_wrong_ppm| Policy {
            max_wrong_ppm,
            ..Policy::default()
        };
        assert!(policy(-1).checked().is_err());
        assert!(policy(1_000_001).checked().is_err());
        assert!(policy(0).checked().is_ok());
    }
}
