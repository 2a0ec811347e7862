//! The forms in which a payer may write a reference.
//!
//! A reference is cut into atoms like any text. Its forms are the atoms written without
//! separators: whole or from a later atom on (prefix letters or a company code dropped), each with
//! its zeros, without the zeros that lead the first number, and without those that lead any number.

use crate::limits::{ATOMS_PER_REFERENCE_MAX, REFERENCE_BYTES_MAX};
use crate::text::{Joint, Text};

/// Digits a form must keep when its prefix is dropped, or letters in their place.
pub const TRIMMED_DIGITS_MIN: usize = 5;

/// Bytes a whole form must have to be looked for.
pub const FORM_BYTES_MIN: usize = 3;

/// How much of the printed reference a form keeps; the smaller, the more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Form {
    /// All of it; separators and case aside.
    Printed,
    /// All but leading zeros.
    ZerosDropped,
    /// Without prefix letters or company code.
    PrefixDropped,
    /// Without prefix and without leading zeros.
    PrefixAndZerosDropped,
}

impl Form {
    /// Whether a prefix was dropped.
    #[must_use]
    pub fn is_trimmed(self) -> bool {
        self >= Self::PrefixDropped
    }

    /// The form with this number.
    #[must_use]
    pub fn of(number: u8) -> Self {
        match number {
            0 => Self::Printed,
            1 => Self::ZerosDropped,
            2 => Self::PrefixDropped,
            _ => Self::PrefixAndZerosDropped,
        }
    }
}

/// Which leading zeros a spelling leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zeros {
    /// None.
    Kept,
    /// Those of the first number.
    FirstDropped,
    /// Those of every number.
    AllDropped,
}

/// Writes neighbouring atoms without separators.
///
/// * `skip` — bytes of the first atom to leave out
/// * `out` — cleared first
///
/// Returns whether a zero was left out.
pub fn spell(
    text: &Text,
    (first, skip): (usize, usize),
    last: usize,
    zeros: Zeros,
    out: &mut Vec<u8>,
) -> bool {
    out.clear();
    let mut dropped = false;
    // A number cut by separators is one number for the first spelling, several for the last.
    let mut leading = zeros != Zeros::Kept;
    for index in first..=last {
        let atom = &text.atom(index)[if index == first { skip } else { 0 }..];
        if !text.atoms[index].digits {
            out.extend_from_slice(atom);
            continue;
        }
        let mut rest = atom;
        if leading || zeros == Zeros::AllDropped {
            let keep = rest.iter().position(|&byte| byte != b'0');
            let keep = keep.unwrap_or(rest.len());
            dropped |= keep > 0;
            rest = &rest[keep..];
            leading = rest.is_empty();
        }
        out.extend_from_slice(rest);
    }
    dropped
}

/// Calls `visit` with every form of a reference and its bytes.
///
/// * `visit` — may see the same bytes twice, under different forms
pub fn forms(reference: &str, mut visit: impl FnMut(Form, &[u8])) {
    if reference.len() > REFERENCE_BYTES_MAX {
        return;
    }
    let text = Text::of(reference);
    let Some(last) = text.atoms.len().checked_sub(1) else {
        return;
    };
    let mut spelled = Vec::with_capacity(text.bytes.len());
    let mut before = Vec::new();
    for first in 0..=last.min(ATOMS_PER_REFERENCE_MAX) {
        let whole = first == 0;
        if !whole && !starts_a_number(&text, first) {
            continue;
        }
        before.clear();
        for zeros in [Zeros::Kept, Zeros::FirstDropped, Zeros::AllDropped] {
            let dropped = spell(&text, (first, 0), last, zeros, &mut spelled);
            if zeros != Zeros::Kept && !dropped {
                continue;
            }
            let form = match (whole, zeros == Zeros::Kept) {
                (true, true) => Form::Printed,
                (true, false) => Form::ZerosDropped,
                (false, true) => Form::PrefixDropped,
                (false, false) => Form::PrefixAndZerosDropped,
            };
            if spelled != before && long_enough(form, &spelled) {
                visit(form, &spelled);
            }
            before.clone_from(&spelled);
        }
    }
}

/// Whether a prefix may end before this atom: at letters, or at a separator.
fn starts_a_number(text: &Text, index: usize) -> bool {
    let atom = &text.atoms[index];
    let parted = matches!(
        atom.joint,
        Joint::Glued | Joint::Soft | Joint::Dash | Joint::Slash | Joint::Hard
    );
    atom.digits && parted
}

fn long_enough(form: Form, bytes: &[u8]) -> bool {
    if form.is_trimmed() {
        // A digit tells about as much as two letters.
        digits(bytes) + bytes.len() >= 2 * TRIMMED_DIGITS_MIN - 1
    } else {
        bytes.len() >= FORM_BYTES_MIN
    }
}

/// Number of digits.
#[must_use]
pub fn digits(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| byte.is_ascii_digit()).count()
}

/// Whether these bytes are a form of the reference, and the fullest such form.
#[must_use]
pub fn is_form_of(reference: &str, bytes: &[u8]) -> Option<Form> {
    // The common case at the cost of one comparison.
    if reference.as_bytes() == bytes && bytes.len() >= FORM_BYTES_MIN {
        return (reference.len() <= REFERENCE_BYTES_MAX).then_some(Form::Printed);
    }
    let mut best: Option<Form> = None;
    forms(reference, |form, spelled| {
        if spelled == bytes && best.is_none_or(|known| form < known) {
            best = Some(form);
        }
    });
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(reference: &str) -> Vec<(Form, String)> {
        let mut out = Vec::new();
        forms(reference, |form, bytes| {
            out.push((form, String::from_utf8(bytes.to_vec()).unwrap()));
        });
        out
    }

    #[test]
    fn prefix_and_zeros_may_be_dropped() {
        assert_eq!(
            all("INV-0012345"),
            [
                (Form::Printed, "INV0012345".to_owned()),
                (Form::ZerosDropped, "INV12345".to_owned()),
                (Form::PrefixDropped, "0012345".to_owned()),
                (Form::PrefixAndZerosDropped, "12345".to_owned()),
            ]
        );
    }

    #[test]
    fn a_company_code_may_be_dropped() {
        let forms = all("1006\\5110138428");
        assert!(forms.contains(&(Form::PrefixDropped, "5110138428".to_owned())));
        assert!(forms.contains(&(Form::Printed, "10065110138428".to_owned())));
    }

    #[test]
    fn numbers_may_lose_their_zeros_together_or_one_by_one() {
        let forms = all("FA 2024-00123");
        assert!(forms.contains(&(Form::ZerosDropped, "FA2024123".to_owned())));
        assert!(forms.contains(&(Form::PrefixDropped, "202400123".to_owned())));
        assert!(forms.contains(&(Form::PrefixAndZerosDropped, "2024123".to_owned())));
    }

    #[test]
    fn too_little_is_no_form() {
        assert_eq!(all("A1"), []);
        assert_eq!(all("INV-1234").len(), 1, "four digits do not stand alone");
        assert_eq!(all(""), []);
        assert_eq!(all(&"9".repeat(65)), []);
    }

    #[test]
    fn the_fullest_form_is_told() {
        assert_eq!(is_form_of("INV-12345", b"INV12345"), Some(Form::Printed));
        assert_eq!(is_form_of("INV-12345", b"12345"), Some(Form::PrefixDropped));
        assert_eq!(is_form_of("INV-12345", b"2345"), None);
    }
}
