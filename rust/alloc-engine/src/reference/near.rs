//! References that are misread, or of which only the end is written.
//!
//! Neighbouring numbers are one digit apart, so such a reading says little alone: it counts only
//! where the amounts close to the minor unit.

use rustc_hash::FxHashMap;

use crate::limits::{NEAR_COMPARISONS_MAX, RANGE_MAX};
use crate::reference::form::forms;
use crate::reference::list::{parse, range_end, suffixes};
use crate::reference::surprise::{Reading, Width, bounded, ln_millinats, weight_millinats};
use crate::text::{Joint, Text};

/// Digits a written end of a number must have.
const TAIL_DIGITS_MIN: usize = 4;

/// Digits an end must have for a slip in it to be looked for.
const TAIL_SLIP_DIGITS_MIN: usize = 5;

/// Bytes a number must have for a slip in it to be looked for.
const SLIP_BYTES_MIN: usize = 6;

/// Characters the beginning or the end of a reference must have to be taken for it.
const PART_BYTES_MIN: usize = 5;

/// Atoms of an unread token: a character that was misread parts a word into three.
const TOKEN_ATOMS_MAX: usize = 6;

/// The spellings of one payable item.
#[derive(Debug)]
pub struct Spellings {
    item: u32,
    printed: Vec<u8>,
    whole: Vec<Vec<u8>>,
    number: Vec<u8>,
}

impl Spellings {
    /// Spells an item's reference; `None` when it is empty.
    #[must_use]
    pub fn of(item: u32, reference: &str) -> Option<Self> {
        let mut whole = Vec::new();
        forms(reference, |_, bytes| {
            let bytes = bytes.to_vec();
            if bytes.len() >= SLIP_BYTES_MIN && !whole.contains(&bytes) {
                whole.push(bytes);
            }
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

    /// How the token is this item, misread or its last digits; `None` when it is not.
    fn reading(&self, token: &[u8]) -> Option<Reading> {
        if self.ends_with(token) {
            return Some(Reading::Tail);
        }
        if token.len() + 1 < SLIP_BYTES_MIN {
            return None;
        }
        let slips = self.whole.iter().filter(|form| is_one_slip(form, token));
        slips.map(|form| slip_of(form, token)).min()
    }

    fn ends_with(&self, digits: &[u8]) -> bool {
        digits.len() >= TAIL_DIGITS_MIN
            && digits.len() < self.number.len()
            && digits.iter().all(u8::is_ascii_digit)
            && self.number.ends_with(digits)
    }

    /// Whether digits are the end of the number but for a slip.
    fn nearly_ends_with(&self, digits: &[u8]) -> bool {
        let slipped = |width: usize| {
            let start = self.number.len().checked_sub(width);
            start.is_some_and(|start| is_one_slip(&self.number[start..], digits))
        };
        let widths = digits.len().saturating_sub(1)..=digits.len() + 1;
        widths.into_iter().any(slipped)
    }

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
        let digits = as_digits(written)?;
        let long = digits.len() >= TAIL_DIGITS_MIN;
        (long && (self.ends_with(&digits) || self.nearly_ends_with(&digits)))
            .then_some(Reading::TailSlip)
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

/// One place in a text and what it may mean.
#[derive(Debug)]
struct Place {
    last: usize,
    found: Vec<(u32, Reading, Width)>,
}

/// What is looked for: the spellings of a payer's items, by length and by their last digits.
#[derive(Debug)]
pub struct Near<'n> {
    items: &'n [Spellings],
    /// Item and form, by the length of the form.
    by_length: Vec<Vec<(usize, usize)>>,
    by_tail: FxHashMap<[u8; TAIL_DIGITS_MIN], Vec<usize>>,
}

impl<'n> Near<'n> {
    /// Prepares the spellings of what the payer may pay and nothing named yet.
    #[must_use]
    pub fn new(items: &'n [Spellings]) -> Self {
        let mut by_length: Vec<Vec<(usize, usize)>> = Vec::new();
        let mut by_tail: FxHashMap<[u8; TAIL_DIGITS_MIN], Vec<usize>> = FxHashMap::default();
        for (position, item) in items.iter().enumerate() {
            for (form, bytes) in item.whole.iter().enumerate() {
                if by_length.len() <= bytes.len() {
                    by_length.resize(bytes.len() + 1, Vec::new());
                }
                by_length[bytes.len()].push((position, form));
            }
            if let Some(tail) = item.number.last_chunk() {
                by_tail.entry(*tail).or_default().push(position);
            }
        }
        Self {
            items,
            by_length,
            by_tail,
        }
    }

    /// Items that unread tokens resemble, by item, one list per place in the text; places overlap
    /// nowhere.
    ///
    /// * `read` — atoms that named something already
    /// * `named` — how many tokens did
    /// * `population` — references searched
    ///
    /// `None` when [`NEAR_COMPARISONS_MAX`] would be passed.
    #[must_use]
    pub fn places(
        &self,
        text: &Text,
        read: &[bool],
        named: usize,
        population: usize,
    ) -> Option<Vec<Vec<Candidate>>> {
        let mut work = NEAR_COMPARISONS_MAX;
        let mut places: Vec<Place> = Vec::new();
        let mut first = 0;
        while first < text.atoms.len() {
            let windows = self.windows(text, read, first);
            let mut next = first;
            for &last in windows.iter().rev() {
                if next == first && stands_alone(text, first, last) {
                    next = self.read_end(text, read, (first, last), &mut places, &mut work)?;
                }
            }
            if next > first {
                first = next;
                continue;
            }
            for last in windows {
                let mut found = self.resembling(text.window(first, last), &mut work)?;
                found.retain(|&(item, ..)| !is_named(&places, item));
                push(&mut places, (first, last), found);
            }
            first += 1;
        }
        let habit = Habit::of(&places, named);
        let places = places.iter();
        Some(
            places
                .map(|place| habit.candidates(place, population))
                .collect(),
        )
    }

    /// The last atoms of the windows of unread atoms that begin here and are worth a look.
    fn windows(&self, text: &Text, read: &[bool], first: usize) -> Vec<usize> {
        let mut lasts = Vec::new();
        let end = text.atoms.len().min(first + TOKEN_ATOMS_MAX);
        for (last, &read) in read.iter().enumerate().take(end).skip(first) {
            let atom = text.atoms[last];
            if read || (last > first && atom.joint == Joint::Hard) {
                break;
            }
            let token = text.window(first, last);
            if token.len() > self.by_length.len() {
                break;
            }
            let Width { digits, letters } = Width::of(token);
            if digits >= TAIL_DIGITS_MIN || digits + letters >= SLIP_BYTES_MIN {
                lasts.push(last);
            }
        }
        lasts
    }

    /// Reads a number that is the end of others, and the list that may follow; returns the atom
    /// after them, or `first` when it is none. The first number of a list may be misread.
    fn read_end(
        &self,
        text: &Text,
        read: &[bool],
        (first, last): (usize, usize),
        places: &mut Vec<Place>,
        work: &mut usize,
    ) -> Option<usize> {
        let token = text.window(first, last);
        let Some(digits) = as_digits(token) else {
            return Some(first);
        };
        let tails = if digits == token {
            self.tails(token, Reading::Tail)
        } else {
            Vec::new()
        };
        let members = self.list(text, read, &digits, last);
        // A second mention may be a neighbour, misread: it is looked at like any other token.
        let repeated = tails.len() == 1 && is_named(places, tails[0].0);
        if members.is_empty() && (tails.is_empty() || repeated) {
            return Some(first);
        }
        let found = if tails.is_empty() {
            self.resembling(token, work)?
        } else {
            tails
        };
        push(places, (first, last), found);
        let end = members.last().map_or(last, |member| member.last);
        places.extend(members);
        Some(end + 1)
    }

    /// Items of which the token is a slip, or nearly the end.
    fn resembling(&self, token: &[u8], work: &mut usize) -> Option<Vec<(u32, Reading, Width)>> {
        let mut found = Vec::new();
        for length in token.len().saturating_sub(1)..=token.len() + 1 {
            let forms = self.by_length.get(length).map_or(&[][..], Vec::as_slice);
            *work = work.checked_sub(forms.len())?;
            for &(position, form) in forms {
                let item = &self.items[position];
                let form = &item.whole[form];
                if is_one_slip(form, token) {
                    found.push((item.item, slip_of(form, token), full_width(token)));
                }
            }
        }
        if let Some(digits) = as_digits(token) {
            let alike = if digits == token {
                self.tails(&digits, Reading::Tail)
            } else {
                let whole = self.numbered(&digits).into_iter();
                found.extend(whole.map(|(item, _, width)| (item, Reading::LookAlike, width)));
                self.tails(&digits, Reading::TailSlip)
            };
            found.extend(alike);
            if digits.len() < TAIL_SLIP_DIGITS_MIN {
                return Some(found);
            }
            *work = work.checked_sub(self.items.len())?;
            let near = self
                .items
                .iter()
                .filter(|item| item.nearly_ends_with(&digits));
            found.extend(near.map(|item| (item.item, Reading::TailSlip, full_width(token))));
        }
        Some(found)
    }

    /// Items whose numbers end so.
    fn tails(&self, digits: &[u8], reading: Reading) -> Vec<(u32, Reading, Width)> {
        let Some(tail) = digits.last_chunk() else {
            return Vec::new();
        };
        let known = self.by_tail.get(tail).map_or(&[][..], Vec::as_slice);
        known
            .iter()
            .map(|&position| &self.items[position])
            .filter(|item| item.ends_with(digits))
            .map(|item| (item.item, reading, full_width(digits)))
            .collect()
    }

    /// Reads what follows a number as a range (`1001-1005`) or a list (`1001/02/03`).
    fn list(&self, text: &Text, read: &[bool], digits: &[u8], last: usize) -> Vec<Place> {
        let mut members = Vec::new();
        let Some(from) = parse(digits) else {
            return members;
        };
        let mut push_member = |digits: &[u8], last: usize| {
            let mut found = self.tails(digits, Reading::Tail);
            if found.is_empty() {
                found = self.numbered(digits);
            }
            let known = !found.is_empty();
            if known {
                members.push(Place { last, found });
            }
            known
        };
        let width = digits.len();
        if let Some((to, end)) = range_end(text, last, width)
            && to > from
            && to - from <= RANGE_MAX
            && !read[end]
        {
            for value in from + 1..=to {
                push_member(format!("{value:0width$}").as_bytes(), end);
            }
            return members;
        }
        for (next, end) in suffixes(text, last, digits) {
            if read[end] || !push_member(&next, end) {
                break;
            }
        }
        members
    }

    /// Items with this number as a form.
    fn numbered(&self, digits: &[u8]) -> Vec<(u32, Reading, Width)> {
        let forms = self.by_length.get(digits.len());
        let forms = forms.map_or(&[][..], Vec::as_slice).iter();
        let same = forms.filter(|&&(item, form)| self.items[item].whole[form] == digits);
        same.map(|&(item, _)| (self.items[item].item, Reading::Listed, full_width(digits)))
            .collect()
    }
}

/// Whether an end names this item alone.
fn is_named(places: &[Place], item: u32) -> bool {
    let named = |place: &Place| matches!(place.found[..], [(one, Reading::Tail, _)] if one == item);
    places.iter().any(named)
}

/// Whether nothing stands beside a token as if it were a part of it: letters or digits at once, or
/// other short groups of digits.
fn stands_alone(text: &Text, first: usize, last: usize) -> bool {
    let short = |atom: usize| text.atoms[atom].digits && text.atoms[atom].width() < 5;
    let joined = |atom: usize| match text.atoms[atom].joint {
        Joint::Soft | Joint::LineEnd => short(atom - 1) && short(atom),
        _ => false,
    };
    let glued = |atom: usize| text.atoms[atom].joint == Joint::Glued;
    let before = first > 0 && (joined(first) || (glued(first) && may_be_digit(text, first - 1)));
    let after = last + 1 < text.atoms.len() && (joined(last + 1) || glued(last + 1));
    !before && !after
}

/// Whether the letter before a number may be a digit that was misread.
fn may_be_digit(text: &Text, atom: usize) -> bool {
    let alike = |byte: &u8| ALIKE.iter().any(|(letter, _)| letter == byte);
    text.atoms[atom].digits || matches!(text.atom(atom), [byte] if alike(byte))
}

/// How a payer writes in this message: who writes the ends of some numbers writes those of the
/// others, and who scans reads more than one letter for a digit. What a reading costs less.
#[derive(Clone, Copy, Debug)]
struct Habit {
    tail_millinats: i64,
    alike_millinats: i64,
}

impl Habit {
    /// * `named` — how many tokens were read as printed
    fn of(places: &[Place], named: usize) -> Self {
        let saved = |wanted: Reading| {
            let is_so = |place: &&Place| {
                let mut found = place.found.iter();
                found.any(|&(_, reading, _)| reading == wanted)
            };
            let so = places.iter().filter(is_so).count();
            let all = ln_millinats((named + places.len() + 2) as u128);
            (wanted.price_millinats() - (all - ln_millinats(so as u128 + 1))).max(0)
        };
        Self {
            tail_millinats: saved(Reading::Tail),
            alike_millinats: saved(Reading::LookAlike),
        }
    }

    /// Each item of a place once, by item; without those that another item leaves no chance.
    fn candidates(self, place: &Place, population: usize) -> Vec<Candidate> {
        const HOPELESS_MILLINATS: i64 = 5_000;
        let weight = |reading: Reading, width: Width| {
            let saved = match reading {
                Reading::Tail | Reading::TailSlip => self.tail_millinats,
                Reading::LookAlike => self.alike_millinats,
                _ => 0,
            };
            weight_millinats(reading, population, width) + saved
        };
        let priced = place.found.iter().map(|&(item, reading, width)| {
            let weight = weight(reading, width);
            (item, weight, bounded(reading, weight))
        });
        let mut priced: Vec<(u32, i64, i64)> = priced.collect();
        let best = priced
            .iter()
            .map(|&(_, weight, _)| weight)
            .max()
            .unwrap_or(0);
        priced.retain(|&(_, weight, _)| weight + HOPELESS_MILLINATS > best);
        priced.sort_unstable_by_key(|&(item, weight, _)| (item, std::cmp::Reverse(weight)));
        priced.dedup_by_key(|&mut (item, ..)| item);
        let candidate = |(item, _, surprise_millinats)| Candidate {
            item,
            surprise_millinats,
        };
        priced.into_iter().map(candidate).collect()
    }
}

/// Adds what a window may mean to the place it overlaps, or as a new one.
fn push(places: &mut Vec<Place>, (first, last): (usize, usize), found: Vec<(u32, Reading, Width)>) {
    if found.is_empty() {
        return;
    }
    match places.last_mut() {
        Some(place) if place.last >= first => {
            place.last = place.last.max(last);
            place.found.extend(found);
        }
        _ => places.push(Place { last, found }),
    }
}

/// The digits of a token with look-alikes taken for digits; `None` when it has other letters, or
/// more letters than digits.
fn as_digits(token: &[u8]) -> Option<Vec<u8>> {
    let letters = token.iter().filter(|byte| !byte.is_ascii_digit()).count();
    if 2 * letters > token.len() {
        return None;
    }
    let digit = |&byte: &u8| match byte {
        b'0'..=b'9' => Some(byte),
        _ => ALIKE
            .iter()
            .find(|&&(letter, _)| letter == byte)
            .map(|&(_, digit)| digit),
    };
    token.iter().map(digit).collect()
}

/// The width of a token in which a letter tells as much as a digit: slips do not fall on words.
fn full_width(token: &[u8]) -> Width {
    Width {
        digits: token.len(),
        letters: 0,
    }
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

/// Letters and the digits they are taken for.
const ALIKE: [(u8, u8); 6] = [
    (b'O', b'0'),
    (b'I', b'1'),
    (b'L', b'1'),
    (b'S', b'5'),
    (b'B', b'8'),
    (b'Z', b'2'),
];

/// Of two spellings that are a slip apart: whether a character was taken for one that looks alike.
fn slip_of(printed: &[u8], written: &[u8]) -> Reading {
    let mut pairs = printed
        .iter()
        .zip(written)
        .filter(|(left, right)| left != right);
    let alike = printed.len() == written.len()
        && pairs.all(|(&left, &right)| {
            ALIKE.contains(&(left, right)) || ALIKE.contains(&(right, left))
        });
    let letters = |bytes: &[u8]| bytes.iter().filter(|byte| !byte.is_ascii_digit()).count();
    if alike {
        Reading::LookAlike
    } else if letters(written) > letters(printed) {
        Reading::Garbled
    } else {
        Reading::Slip
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
        assert_eq!(item.reading(b"32560"), Some(Reading::Tail));
        assert_eq!(item.reading(b"2560"), Some(Reading::Tail));
        assert_eq!(item.reading(b"560"), None);
        assert_eq!(item.reading(b"5107832560"), None);
        assert_eq!(item.likeness(b"32S60"), Some(Reading::TailSlip));
    }

    #[test]
    fn look_alikes_are_told_from_other_slips() {
        let item = Spellings::of(7, "INV-510783").unwrap();
        assert_eq!(item.reading(b"INV5I0783"), Some(Reading::LookAlike));
        assert_eq!(item.reading(b"INV520783"), Some(Reading::Slip));
        assert_eq!(item.reading(b"INV51078"), Some(Reading::Slip));
    }

    /// The items of each place, where each item is its position.
    fn places(references: &[&str], lines: &[&str], read: &[&str]) -> Vec<Vec<u32>> {
        let items: Vec<Spellings> = (0..)
            .zip(references)
            .map(|(item, reference)| Spellings::of(item, reference).unwrap())
            .collect();
        let text = Text::of_lines(lines.iter().copied());
        let read: Vec<bool> = (0..text.atoms.len())
            .map(|atom| read.iter().any(|read| read.as_bytes() == text.atom(atom)))
            .collect();
        let near = Near::new(&items);
        let places = near.places(&text, &read, 0, references.len()).unwrap();
        let items = |place: &Vec<Candidate>| place.iter().map(|one| one.item).collect();
        places.iter().map(items).collect()
    }

    #[test]
    fn tokens_that_named_something_are_left_out() {
        let text = ["FACT 32560 4711 5107832"];
        assert_eq!(places(&["5107832560"], &text, &[]), [[0]]);
        assert!(places(&["5107832560"], &text, &["32560"]).is_empty());
    }

    #[test]
    fn an_end_that_stands_there_twice_may_be_its_neighbour() {
        let refs = ["5108757804", "5108757803", "5108759999"];
        assert_eq!(places(&refs, &["57804, 57804"], &[]), [[0], [1]]);
    }

    #[test]
    fn ends_of_numbers_come_in_ranges_and_lists_too() {
        let refs = [
            "5108504922",
            "5108504933",
            "5107907304",
            "5107907305",
            "5107907306",
        ];
        assert_eq!(places(&refs, &["N°504922/33"], &[]), [[0], [1]]);
        assert_eq!(places(&refs, &["INV7304-7306"], &[]), [[2], [3], [4]]);
        assert_eq!(places(&refs, &["504922/3", "3"], &[]), [[0], [1]]);
        assert_eq!(places(&refs, &["504922/", "33"], &[]), [[0], [1]]);
        assert_eq!(places(&refs, &["5O4922/33"], &[]), [[0], [1]]);
        assert_eq!(places(&refs, &["504 922 / 504 933"], &[]), [[0], [1]]);
    }

    #[test]
    fn misread_words_are_found() {
        let refs = ["WASS RETURN", "LIFTGATE SERVICES"];
        assert_eq!(places(&refs, &["WAS5 RETURN"], &[]), [[0]]);
        assert_eq!(places(&refs, &["FA, LIFTGATE 5ERVICES"], &[]), [[1]]);
    }

    #[test]
    fn look_alikes_in_the_end_of_a_number_are_digits() {
        assert_eq!(places(&["1600438751"], &["INV43B751"], &[]), [[0]]);
    }

    #[test]
    fn ends_are_worth_more_where_all_numbers_are_ends() {
        let items = [
            Spellings::of(0, "5107832560").unwrap(),
            Spellings::of(1, "5107832999").unwrap(),
        ];
        let near = Near::new(&items);
        let text = Text::of("32560, 32999");
        let worth = |named| {
            let places = near.places(&text, &[false; 2], named, 1_000).unwrap();
            places[0][0].surprise_millinats
        };
        assert!(worth(0) > worth(1) && worth(1) > worth(30));
        assert_eq!(worth(100), worth(1_000));
    }

    #[test]
    fn too_much_to_compare_is_named() {
        let number = |item: u32| format!("{}", 1_000_000 + item);
        let items: Vec<Spellings> = (0..2_000)
            .map(|item| Spellings::of(item, &number(item)).unwrap())
            .collect();
        let text = Text::of(&"2000001, ".repeat(1_000_000 / 2_000));
        let near = Near::new(&items);
        let read = vec![false; text.atoms.len()];
        assert!(near.places(&text, &read, 0, 2_000).is_none());
    }
}
