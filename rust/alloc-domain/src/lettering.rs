//! Lettering codes: the letters an accountant writes beside postings that belong together.
//!
//! A code is written from the index of its group within (entity, account, customer, fiscal
//! year): AAA, AAB … AAZ, ABA … ZZZ, then AAAA. Upper case is a full group, lower case a partial
//! one. A group is known by its id; codes of other packages are mapped from the same index.

use crate::reason::{Reason, ReasonKind};

/// Letters of the shortest code.
const WIDTH_MIN: u32 = 3;
/// Letters of the longest code: 26^3 + … + 26^8 groups are more than any account sees.
const WIDTH_MAX: u32 = 8;

/// Whether the items of a group are all cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LetterKind {
    /// Every item is cleared, the group adds up to zero: upper case.
    Full,
    /// Something stays open: lower case.
    Partial,
}

impl LetterKind {
    /// The word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
        }
    }

    /// Reads the word used in tables.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "full" => Some(Self::Full),
            "partial" => Some(Self::Partial),
            _ => None,
        }
    }
}

/// Why a lettering code could not be written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LetteringError {
    /// The index is negative or beyond eight letters.
    #[error("no lettering code has index {index}: it must be 0 to 217180146455 (ZZZZZZZZ)")]
    IndexOutOfRange {
        /// The index asked for.
        index: i64,
    },
    /// The text is not a lettering code.
    #[error(
        "{code:?} is not a lettering code: three to eight letters A-Z, all upper or all lower case"
    )]
    CodeInvalid {
        /// The text.
        code: String,
    },
    /// The kind is neither full nor partial.
    #[error("{kind:?} is not a kind of lettering: write full or partial")]
    KindInvalid {
        /// The text.
        kind: String,
    },
}

impl Reason for LetteringError {
    fn code(&self) -> &'static str {
        match self {
            Self::IndexOutOfRange { .. } => "LETTER_INDEX_OUT_OF_RANGE",
            Self::CodeInvalid { .. } => "LETTER_CODE_INVALID",
            Self::KindInvalid { .. } => "LETTER_KIND_INVALID",
        }
    }

    fn kind(&self) -> ReasonKind {
        match self {
            Self::IndexOutOfRange { .. } => ReasonKind::Limit,
            Self::CodeInvalid { .. } | Self::KindInvalid { .. } => ReasonKind::Input,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::IndexOutOfRange { index } => vec![("index", index.to_string())],
            Self::CodeInvalid { code } => vec![("code", code.clone())],
            Self::KindInvalid { kind } => vec![("kind", kind.clone())],
        }
    }
}

/// Codes of exactly `width` letters.
fn codes_of(width: u32) -> i64 {
    26_i64.pow(width)
}

/// The code of the group number `index` (0 is AAA), upper case when full.
///
/// # Errors
/// [`LetteringError::IndexOutOfRange`] below zero and beyond `ZZZZZZZZ`.
pub fn letter_code(index: i64, kind: LetterKind) -> Result<String, LetteringError> {
    let mut rest = index;
    let width = (WIDTH_MIN..=WIDTH_MAX)
        .find(|&width| {
            let fits = rest < codes_of(width);
            if !fits {
                rest -= codes_of(width);
            }
            fits
        })
        .filter(|_| index >= 0)
        .ok_or(LetteringError::IndexOutOfRange { index })?;
    let first = match kind {
        LetterKind::Full => b'A',
        LetterKind::Partial => b'a',
    };
    let letters = (0..width).rev().map(|place| {
        let digit = rest / codes_of(place) % 26;
        char::from(first + u8::try_from(digit).expect("a remainder of 26"))
    });
    Ok(letters.collect())
}

/// The index and kind that a code stands for; the inverse of [`letter_code`].
///
/// # Errors
/// [`LetteringError::CodeInvalid`] for anything but three to eight letters of one case.
pub fn letter_index(code: &str) -> Result<(i64, LetterKind), LetteringError> {
    let invalid = || LetteringError::CodeInvalid {
        code: code.to_owned(),
    };
    let kind = if code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        LetterKind::Full
    } else if code.bytes().all(|byte| byte.is_ascii_lowercase()) {
        LetterKind::Partial
    } else {
        return Err(invalid());
    };
    let width = u32::try_from(code.len())
        .ok()
        .filter(|width| (WIDTH_MIN..=WIDTH_MAX).contains(width))
        .ok_or_else(invalid)?;
    let shorter: i64 = (WIDTH_MIN..width).map(codes_of).sum();
    let place = code.bytes().fold(0, |place, byte| {
        place * 26 + i64::from(byte.to_ascii_uppercase() - b'A')
    });
    Ok((shorter + place, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST: i64 = 217_180_146_455;

    #[test]
    fn codes_count_up_like_an_odometer_and_grow_after_zzz() {
        for (index, code) in [
            (0, "AAA"),
            (1, "AAB"),
            (25, "AAZ"),
            (26, "ABA"),
            (51, "ABZ"),
            (675, "AZZ"),
            (676, "BAA"),
            (17_575, "ZZZ"),
            (17_576, "AAAA"),
            (17_576 + 456_975, "ZZZZ"),
            (17_576 + 456_976, "AAAAA"),
            (LAST, "ZZZZZZZZ"),
        ] {
            assert_eq!(letter_code(index, LetterKind::Full).as_deref(), Ok(code));
            assert_eq!(letter_index(code), Ok((index, LetterKind::Full)));
        }
    }

    #[test]
    fn a_partial_group_is_written_in_lower_case() {
        assert_eq!(letter_code(26, LetterKind::Partial).as_deref(), Ok("aba"));
        assert_eq!(letter_index("aba"), Ok((26, LetterKind::Partial)));
    }

    #[test]
    fn an_index_outside_the_range_is_refused() {
        for index in [-1, i64::MIN, LAST + 1, i64::MAX] {
            assert_eq!(
                letter_code(index, LetterKind::Full),
                Err(LetteringError::IndexOutOfRange { index })
            );
        }
    }

    #[test]
    fn text_that_is_no_code_is_refused() {
        for code in ["", "AA", "AAb", "AA0", "AÀA", "AAAAAAAAA", "A A"] {
            assert!(letter_index(code).is_err(), "{code}");
        }
    }
}
