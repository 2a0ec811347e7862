//! Currencies as statements print them: active ones, withdrawn ones, and none.

use std::fmt;

use crate::Currency;

/// An ISO 4217 code of any time, with its minor unit.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BankCurrency {
    code: [u8; 3],
    exponent: u8,
}

/// Withdrawn codes (ISO 4217 list three) of which bank files exist, with minor unit 1/100.
const WITHDRAWN_CENTS: &[u8] =
    b"ADP ATS AZM BGL CSD CSK CYP DEM EEK FIM FRF GHC GRD HRK IEP LTL LVL MTL MZM NLG PTE ROL RUR \
SDD SIT SKK SRG STD TMM UAK VEB VEF YUM ZMK ZWD ZWL";
/// Withdrawn codes that had no minor unit in use.
const WITHDRAWN_WHOLE: &[u8] = b"BEF BYR ESP ITL LUF MGF MRO TPE TRL";

impl BankCurrency {
    /// No currency is said (ISO 4217 `XXX`): two decimals, and no money of anybody.
    pub const NONE: Self = Self {
        code: *b"XXX",
        exponent: 2,
    };

    /// Reads an ISO 4217 code, active or withdrawn; `None` for anything else.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        let listed = |list: &[u8]| list.split(|&byte| byte == b' ').any(|known| known == bytes);
        let exponent = match Currency::parse(code) {
            Some(active) => u8::try_from(active.exponent()).ok()?,
            None if listed(WITHDRAWN_CENTS) => 2,
            None if listed(WITHDRAWN_WHOLE) => 0,
            None => return None,
        };
        Some(Self {
            code: bytes,
            exponent,
        })
    }

    /// Digits after the decimal point of the major unit.
    #[must_use]
    pub fn exponent(self) -> u32 {
        u32::from(self.exponent)
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.code).expect("three ASCII letters by construction")
    }
}

impl fmt::Display for BankCurrency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for BankCurrency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_statements_keep_their_currency() {
        for (code, exponent) in [("EUR", 2), ("XPF", 0), ("TND", 3), ("DEM", 2), ("ITL", 0)] {
            let currency = BankCurrency::parse(code).unwrap();
            assert_eq!((currency.as_str(), currency.exponent()), (code, exponent));
        }
        for code in ["XXX", "eur", "EU", "QQQ", "   ", ""] {
            assert_eq!(BankCurrency::parse(code), None, "{code}");
        }
    }
}
