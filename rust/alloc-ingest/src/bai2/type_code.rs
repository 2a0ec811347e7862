//! What the type codes of entries mean for sign and status.

/// What kind of row a type code makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Credit,
    Debit,
    /// Non-monetary information.
    None,
}

/// Credits that undo a debit and debits that undo a credit: reversals, corrections of postings,
/// returned and rejected items.
const REVERSALS: [u16; 16] = [
    252, 254, 255, 257, 258, 261, 266, 268, 552, 554, 555, 557, 558, 561, 566, 568,
];

/// Direction of a code: 100–399 credits, 400–699 debits; loans have 720–759 as credits and 760–799
/// as debits; 920–959 and 960–999 are a bank's own credits and debits; 890 is information. Other
/// codes are balances and totals, no entries.
pub(super) fn direction(code: &str) -> Option<Direction> {
    match code.parse::<u16>().ok()? {
        100..=399 | 720..=759 | 920..=959 => Some(Direction::Credit),
        400..=699 | 760..=799 | 960..=999 => Some(Direction::Debit),
        890 => Some(Direction::None),
        _ => None,
    }
}

/// Whether an entry of this code undoes an earlier one.
pub(super) fn is_reversal(code: &str) -> bool {
    code.parse().is_ok_and(|code| REVERSALS.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_decides_on_the_sign() {
        use Direction::{Credit, Debit};
        for (code, expected) in [
            ("100", Some(Credit)),
            ("399", Some(Credit)),
            ("400", Some(Debit)),
            ("699", Some(Debit)),
            ("722", Some(Credit)),
            ("760", Some(Debit)),
            ("890", Some(Direction::None)),
            ("930", Some(Credit)),
            ("970", Some(Debit)),
            ("015", None),
            ("701", None),
            ("", None),
            ("CR", None),
        ] {
            assert_eq!(direction(code), expected, "{code}");
        }
        for code in ["252", "254", "261", "268", "555", "566"] {
            assert!(is_reversal(code), "{code}");
        }
        for code in ["195", "263", "563", "567", "CR"] {
            assert!(!is_reversal(code), "{code}");
        }
    }
}
