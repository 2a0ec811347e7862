//! References that are one slip away from what was printed, or of which only the end is written.
//!
//! Neighbouring numbers are one digit apart, so such a hit says little alone: it counts only where
//! the amounts close to the minor unit.

use crate::limits::NEAR_COMPARISONS_MAX;
use crate::reference::form::{Form, digits, forms};
use crate::text::{Joint, Text};

/// Digits a written end of a number must have.
const TAIL_DIGITS_MIN: usize = 4;

/// Bytes a number must have for a slip in it to be looked for.
const SLIP_BYTES_MIN: usize = 6;

/// Atoms of an unread token.
const TOKEN_ATOMS_MAX: usize = 4;

/// The spellings of one payable item.
pub struct Spellings {
    item: u32,
    whole: Vec<Vec<u8>>,
    number: Vec<u8>,
}

impl Spellings {
    /// Spells an item's reference; `None` when it has none that could be misread.
    #[must_use]
    pub fn of(item: u32, reference: &str) -> Option<Self> {
        let mut whole = Vec::new();
        forms(reference, |form, bytes| {
            let bytes = bytes.to_vec();
            if bytes.len() >= SLIP_BYTES_MIN && !whole.contains(&bytes) {
                whole.push(bytes);
            }
            debug_assert!(form >= Form::Printed);
        });
        let number: Vec<u8> = reference.bytes().filter(u8::is_ascii_digit).collect();
        (number.len() >= TAIL_DIGITS_MIN).then_some(Self {
            item,
            whole,
            number,
        })
    }

    fn resembles(&self, token: &[u8]) -> bool {
        let tail = token.len() >= TAIL_DIGITS_MIN
            && token.len() < self.number.len()
            && token.iter().all(u8::is_ascii_digit)
            && self.number.ends_with(token);
        tail || (token.len() + 1 >= SLIP_BYTES_MIN
            && self.whole.iter().any(|form| is_one_slip(form, token)))
    }
}

/// Items that unread tokens resemble, one list per place in the text; places overlap nowhere.
///
/// * `read` — atoms that named something already
/// * `items` — what the payer may pay and nothing named yet
///
/// `None` when [`NEAR_COMPARISONS_MAX`] would be passed.
#[must_use]
pub fn near(text: &Text, read: &[bool], items: &[Spellings]) -> Option<Vec<Vec<u32>>> {
    let tokens = unread_tokens(text, read);
    if tokens.len().saturating_mul(items.len()) > NEAR_COMPARISONS_MAX {
        return None;
    }
    let mut places: Vec<(usize, usize, Vec<u32>)> = Vec::new();
    for &(first, last) in &tokens {
        let token = text.window(first, last);
        let found: Vec<u32> = items
            .iter()
            .filter(|item| item.resembles(token))
            .map(|item| item.item)
            .collect();
        if found.is_empty() {
            continue;
        }
        match places.last_mut() {
            Some((_, end, items)) if *end >= first => {
                *end = (*end).max(last);
                items.extend(found);
            }
            _ => places.push((first, last, found)),
        }
    }
    Some(
        places
            .into_iter()
            .map(|(_, _, mut items)| {
                items.sort_unstable();
                items.dedup();
                items
            })
            .collect(),
    )
}

/// Windows of unread atoms with enough digits, by their first atom.
fn unread_tokens(text: &Text, read: &[bool]) -> Vec<(usize, usize)> {
    let mut tokens = Vec::new();
    for first in 0..text.atoms.len() {
        let atoms = text.atoms.iter().zip(read).enumerate();
        for (last, (atom, &read)) in atoms.skip(first).take(TOKEN_ATOMS_MAX) {
            if read || (last > first && atom.joint == Joint::Hard) {
                break;
            }
            if digits(text.window(first, last)) >= TAIL_DIGITS_MIN {
                tokens.push((first, last));
            }
        }
    }
    tokens
}

/// Whether one character was replaced, lost or added, or two neighbours swapped.
#[must_use]
pub fn is_one_slip(printed: &[u8], written: &[u8]) -> bool {
    let same = printed
        .iter()
        .zip(written)
        .take_while(|(left, right)| left == right)
        .count();
    let (left, right) = (&printed[same..], &written[same..]);
    match (left, right) {
        ([], [_]) | ([_], []) => true,
        ([a, left @ ..], [b, right @ ..]) if left.len() == right.len() => {
            left == right
                || matches!((left, right), ([c, left @ ..], [d, right @ ..])
                    if a == d && b == c && left == right)
        }
        ([_, rest @ ..], written) if rest.len() == written.len() => rest == written,
        (printed, [_, rest @ ..]) if rest.len() == printed.len() => rest == printed,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slip_is_one_slip() {
        for written in [
            "123556", "124356", "12356", "1234456", "923456", "12345", "1234567",
        ] {
            assert!(is_one_slip(b"123456", written.as_bytes()), "{written}");
        }
        for written in [
            "123456", "124366", "1256", "654321", "", "12345678", "214365",
        ] {
            assert!(!is_one_slip(b"123456", written.as_bytes()), "{written}");
        }
    }

    #[test]
    fn the_end_of_a_number_resembles_it() {
        let item = Spellings::of(7, "5107832560").unwrap();
        assert!(item.resembles(b"32560"));
        assert!(item.resembles(b"2560"));
        assert!(!item.resembles(b"560"));
        assert!(!item.resembles(b"5107832560"));
    }

    #[test]
    fn tokens_that_named_something_are_left_out() {
        let text = Text::of("FACT 32560 4711 5107832");
        let items = [Spellings::of(7, "5107832560").unwrap()];
        let read = |flag: bool| vec![flag; text.atoms.len()];
        assert_eq!(near(&text, &read(false), &items), Some(vec![vec![7]]));
        assert_eq!(near(&text, &read(true), &items), Some(vec![]));
    }
}
