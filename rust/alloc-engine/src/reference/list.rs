//! Ranges (`1001 a 1005`, `1001-1005`) and lists of suffixes (`1001/02/03`).

use crate::text::{Atom, Joint, Text};

/// Words between the ends of a range.
const RANGE_WORDS: &[&[u8]] = &[b"A", b"AU", b"BIS", b"THROUGH", b"THRU", b"TO"];

/// The number that digits write; `None` for anything else or a very long one.
pub(crate) fn parse(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() || bytes.len() > 18 || !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

/// The number that ends a range, and its last atom; blanks may part it like the first one.
pub(crate) fn range_end(text: &Text, last: usize, width: usize) -> Option<(u64, usize)> {
    let next = text.atoms.get(last + 1)?;
    let first = if next.digits && next.joint == Joint::Dash {
        last + 1
    } else if RANGE_WORDS.contains(&text.atom(last + 1)) {
        last + 2
    } else {
        return None;
    };
    let mut end = first;
    loop {
        let atom = text.atoms.get(end)?;
        let continued = matches!(atom.joint, Joint::Soft | Joint::LineEnd);
        if !atom.digits || (end > first && !continued) {
            return None;
        }
        let number = text.window(first, end);
        if number.len() >= width {
            let value = (number.len() == width).then(|| parse(number))??;
            return Some((value, end));
        }
        end += 1;
    }
}

/// The numbers of a list of suffixes after a number, each with the last atom it takes; a suffix
/// may be cut in two by the end of a line.
pub(crate) fn suffixes(text: &Text, last: usize, number: &[u8]) -> Vec<(Vec<u8>, usize)> {
    let mut out = Vec::new();
    let mut at = last + 1;
    let wide = text.atoms.get(at).map(Atom::width);
    while let Some(atom) = text.atoms.get(at) {
        if !atom.digits || !continues_list(text, at) {
            break;
        }
        let cut = text.atoms.get(at + 1).is_some_and(|next| {
            let whole = Some(atom.width() + next.width()) == wide.map(|wide| wide.max(2));
            next.digits && next.joint == Joint::LineEnd && whole
        });
        let end = at + usize::from(cut);
        let suffix = text.window(at, end);
        if suffix.len() < 2 || suffix.len() >= number.len() {
            break;
        }
        let kept = &number[..number.len() - suffix.len()];
        out.push(([kept, suffix].concat(), end));
        at = end + 1;
    }
    out
}

/// Whether a slash stands before this atom, perhaps at the end of a line.
fn continues_list(text: &Text, at: usize) -> bool {
    text.atoms[at].joint == Joint::Slash
}
