//! ISO 4217 currencies and their minor units.

use std::fmt;

/// An ISO 4217 alphabetic code: three upper-case ASCII letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

/// Codes whose minor unit is not 1/100, by ISO 4217 (table A.1, amendment 176).
const EXPONENTS: &[(&[u8; 3], u32)] = &[
    (b"BHD", 3),
    (b"BIF", 0),
    (b"CLF", 4),
    (b"CLP", 0),
    (b"DJF", 0),
    (b"GNF", 0),
    (b"IQD", 3),
    (b"ISK", 0),
    (b"JOD", 3),
    (b"JPY", 0),
    (b"KMF", 0),
    (b"KRW", 0),
    (b"KWD", 3),
    (b"LYD", 3),
    (b"OMR", 3),
    (b"PYG", 0),
    (b"RWF", 0),
    (b"TND", 3),
    (b"UGX", 0),
    (b"UYI", 0),
    (b"UYW", 4),
    (b"VND", 0),
    (b"VUV", 0),
    (b"XAF", 0),
    (b"XOF", 0),
    (b"XPF", 0),
];

/// Active codes whose minor unit is 1/100, ascending, by ISO 4217 (table A.1, amendment 176).
const CENTS: &[u8] = b"AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL \
BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD \
FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP \
LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB \
PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB \
TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG ";

impl Currency {
    /// The euro, the default of the demo data.
    pub const EUR: Self = Self(*b"EUR");

    /// Reads an active ISO 4217 code; `None` for anything else (lower case included).
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let code: [u8; 3] = code.as_bytes().try_into().ok()?;
        let known = EXPONENTS.iter().any(|(known, _)| **known == code)
            || CENTS
                .as_chunks()
                .0
                .binary_search_by_key(&code, |&[a, b, c, _]| [a, b, c])
                .is_ok();
        known.then_some(Self(code))
    }

    /// Digits after the decimal point of the major unit: 2 for EUR, 0 for JPY, 3 for TND.
    #[must_use]
    pub fn exponent(self) -> u32 {
        EXPONENTS
            .iter()
            .find(|(code, _)| **code == self.0)
            .map_or(2, |&(_, exponent)| exponent)
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("three ASCII letters by construction")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What an amount in the currency of the books is in another one; it has the same sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// The other currency.
    pub currency: Currency,
    /// Its minor units.
    pub minor: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_codes_have_their_iso_exponent() {
        for (code, exponent) in [("EUR", 2), ("JPY", 0), ("TND", 3), ("XPF", 0), ("ZWG", 2)] {
            assert_eq!(
                Currency::parse(code).map(Currency::exponent),
                Some(exponent),
                "{code}"
            );
        }
    }

    #[test]
    fn the_codes_ascend_and_each_is_found() {
        let codes: Vec<&str> = std::str::from_utf8(CENTS)
            .unwrap()
            .split_whitespace()
            .collect();
        assert!(codes.is_sorted());
        assert!(codes.iter().all(|code| Currency::parse(code).is_some()));
    }

    #[test]
    fn anything_else_is_refused() {
        for code in ["eur", "EURO", "", "EU", "XXX", "FRF", "E R", " EU"] {
            assert_eq!(Currency::parse(code), None, "{code}");
        }
    }
}
