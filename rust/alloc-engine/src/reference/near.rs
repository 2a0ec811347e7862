//! References that are one slip away from what was printed, or of which only the end is written.
//!
//! Neighbouring numbers are one digit apart, so such a hit says little alone: it counts only where
//! the amounts close to the minor unit.

use crate::limits::NEAR_COMPARISONS_MAX;
use crate::reference::form::{Form, digits, forms};
use crate::reference::surprise::Reading;
use crate::text::{Joint, Text};

/// Digits a written end of a number must have.
const TAIL_DIGITS_MIN: usize = 4;

/// Bytes a number must have for a slip in it to be looked for.
const SLIP_BYTES_MIN: usize = 6;

/// Characters the beginning or the end of a reference must have to be taken for it.
const PART_BYTES_MIN: usize = 5;

/// Atoms of an unread token.
const TOKEN_ATOMS_MAX: usize = 4;

/// The spellings of one payable item.
pub struct Spellings {
    item: u32,
    printed: Vec<u8>,
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
        let printed = Text::of(reference).bytes;
        (!printed.is_empty()).then_some(Self {
            item,
            printed,
            whole,
            number,
        })
    }

    /// How the token is this item, the cheapest way; `None` when it is not.
    fn reading(&self, token: &[u8]) -> Option<Reading> {
        let tail = token.len() >= TAIL_DIGITS_MIN
            && token.len() < self.number.len()
            && token.iter().all(u8::is_ascii_digit)
            && self.number.ends_with(token);
        if tail {
            return Some(Reading::Tail);
        }
        if token.len() + 1 < SLIP_BYTES_MIN {
            return None;
        }
        let slips = self.whole.iter().filter(|form| is_one_slip(form, token));
        slips
            .map(|form| {
                if looks_alike(form, token) {
                    Reading::LookAlike
                } else {
                    Reading::Slip
                }
            })
            .min()
    }
}

/// An item that a misread token may mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// The item.
    pub item: u32,
    /// As in [`super::scan::Hit`]; the candidates of one place share it.
    pub surprise_millinats: i64,
}

impl Spellings {
    /// How a whole line is this item, the cheapest way, misread, cut or only in part; for lines
    /// whose amount is the item's. `None` when it is nothing like it.
    #[must_use]
    pub fn likeness(&self, written: &[u8]) -> Option<Reading> {
        if self.printed == written {
            return Some(Reading::Printed);
        }
        if self.whole.iter().any(|form| form == written) {
            return Some(Reading::ZerosDropped);
        }
        if let Some(reading) = self.reading(written) {
            return Some(reading);
        }
        let part = |part: fn(&[u8], &[u8]) -> bool| {
            written.len() >= PART_BYTES_MIN && self.whole.iter().any(|form| part(form, written))
        };
        if part(<[u8]>::ends_with) {
            return Some(Reading::Tail);
        }
        if part(<[u8]>::starts_with) {
            return Some(Reading::Cut);
        }
        let number = written.iter().all(u8::is_ascii_digit) && written.len() >= TAIL_DIGITS_MIN;
        let slipped = |width: usize| {
            let start = self.number.len().checked_sub(width);
            start.is_some_and(|start| is_one_slip(&self.number[start..], written))
        };
        let widths = written.len().saturating_sub(1)..=written.len() + 1;
        (number && widths.into_iter().any(slipped)).then_some(Reading::TailSlip)
    }
}

/// Items that unread tokens resemble, by item, one list per place in the text; places overlap
/// nowhere.
///
/// * `read` — atoms that named something already
/// * `items` — what the payer may pay and nothing named yet
/// * `surprise` — what a token is worth that is read in some way
///
/// `None` when [`NEAR_COMPARISONS_MAX`] would be passed.
#[must_use]
pub fn near(
    text: &Text,
    read: &[bool],
    items: &[Spellings],
    surprise: &dyn Fn(Reading, &[u8]) -> i64,
) -> Option<Vec<Vec<Candidate>>> {
    let tokens = unread_tokens(text, read);
    if tokens.len().saturating_mul(items.len()) > NEAR_COMPARISONS_MAX {
        return None;
    }
    let mut places: Vec<(usize, usize, Vec<Candidate>)> = Vec::new();
    for &(first, last) in &tokens {
        let token = text.window(first, last);
        let found: Vec<Candidate> = items
            .iter()
            .filter_map(|item| {
                Some(Candidate {
                    item: item.item,
                    surprise_millinats: surprise(item.reading(token)?, token),
                })
            })
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
                items.sort_unstable_by_key(|found| {
                    (found.item, std::cmp::Reverse(found.surprise_millinats))
                });
                items.dedup_by_key(|found| found.item);
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

/// Whether one character of the same length was taken for one that looks alike.
fn looks_alike(printed: &[u8], written: &[u8]) -> bool {
    const ALIKE: [(u8, u8); 4] = [(b'O', b'0'), (b'I', b'1'), (b'S', b'5'), (b'B', b'8')];
    let pairs = printed.iter().zip(written);
    let mut differing = pairs.filter(|(left, right)| left != right);
    printed.len() == written.len()
        && differing
            .all(|(&left, &right)| ALIKE.contains(&(left, right)) || ALIKE.contains(&(right, left)))
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
        assert_eq!(item.reading(b"32560"), Some(Reading::Tail));
        assert_eq!(item.reading(b"2560"), Some(Reading::Tail));
        assert_eq!(item.reading(b"560"), None);
        assert_eq!(item.reading(b"5107832560"), None);
    }

    #[test]
    fn tokens_that_named_something_are_left_out() {
        let text = Text::of("FACT 32560 4711 5107832");
        let items = [Spellings::of(7, "5107832560").unwrap()];
        let read = |flag: bool| vec![flag; text.atoms.len()];
        let found = |flag| {
            near(&text, &read(flag), &items, &|_, token| {
                if token == b"32560" { 5 } else { 0 }
            })
        };
        let end = Candidate {
            item: 7,
            surprise_millinats: 5,
        };
        assert_eq!(found(false), Some(vec![vec![end]]));
        assert_eq!(found(true), Some(vec![]));
    }

    #[test]
    fn look_alikes_are_told_from_other_slips() {
        let item = Spellings::of(7, "INV-510783").unwrap();
        assert_eq!(item.reading(b"INV5I0783"), Some(Reading::LookAlike));
        assert_eq!(item.reading(b"INV520783"), Some(Reading::Slip));
        assert_eq!(item.reading(b"INV51078"), Some(Reading::Slip));
    }
}
