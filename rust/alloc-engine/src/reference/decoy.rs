//! Numbers of a text that are no references: dates and the amount.

use crate::reference::list::parse;
use crate::text::{Atom, Joint, Text};

/// Sets a flag for each atom of a date or of the payment's amount.
pub(crate) fn mark_decoys(amount_minor: i64, text: &Text, read: &mut [bool]) {
    const AMOUNT_ATOMS_MAX: usize = 5;
    for first in 0..text.atoms.len() {
        if text.atoms.len() >= first + 3 && is_date(text, first, first + 2) {
            read[first..first + 3].fill(true);
        }
        let ends = first..text.atoms.len().min(first + AMOUNT_ATOMS_MAX);
        for last in ends.filter(|&last| is_amount(amount_minor, text, first, last)) {
            read[first..=last].fill(true);
        }
    }
}

/// `12/03/2026` or `12-03-26`.
pub(crate) fn is_date(text: &Text, first: usize, last: usize) -> bool {
    let [day, month, year] = &text.atoms[first..=last] else {
        return false;
    };
    // Within a longer list three numbers are no date.
    let goes_on = |atom: &Atom| atom.digits && matches!(atom.joint, Joint::Slash | Joint::Dash);
    let before = first > 0 && text.atoms[first - 1].digits && goes_on(day);
    if before || text.atoms.get(last + 1).is_some_and(goes_on) {
        return false;
    }
    let number = |index| parse(text.atom(index)).unwrap_or(u64::MAX);
    let short = |width| (1..=2).contains(&width);
    let fits = |day, month| (1..=31).contains(&day) && (1..=12).contains(&month);
    let (a, b, c) = (number(first), number(first + 1), number(first + 2));
    day.digits
        && month.digits
        && year.digits
        && short(month.width())
        && ((short(day.width()) && matches!(year.width(), 2 | 4) && (fits(a, b) || fits(b, a)))
            || (day.width() == 4 && short(year.width()) && fits(c, b)))
}

/// Whether some atoms are a part of a date: month and year, say, of its day.
pub(crate) fn is_in_date(text: &Text, first: usize, last: usize) -> bool {
    let begins = last.saturating_sub(2)..=first;
    let mut dates = begins.filter(|&begin| begin + 2 < text.atoms.len());
    last - first < 2 && dates.any(|begin| is_date(text, begin, begin + 2))
}

/// The payment's amount written with a point: `1234.56`.
pub(crate) fn is_amount(amount_minor: i64, text: &Text, first: usize, last: usize) -> bool {
    last > first
        && text.atoms[last].width() == 2
        && parse(text.window(first, last)) == u64::try_from(amount_minor).ok()
}
