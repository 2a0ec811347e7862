//! Numbered subfields: 20–29 and 60–63 purpose, 30 bank, 31 account, 32 and 33 name, 34 code,
//! 38 IBAN.

use alloc_domain::bank::{EntryDetail, Money};

use super::{account, tags, text_of};

/// Characters of a subfield: a full one goes on in the next without a blank.
const SUBFIELD: usize = 27;

/// Business transactions that return a direct debit or a credit transfer: subfield 34 says why.
const RETURNS: [&str; 4] = ["108", "109", "111", "159"];

/// What banks print into an empty subfield: the byte FF of one code page, seen through another.
const EMPTY: [char; 3] = ['\u{2d9}', 'ÿ', '\u{a0}'];

/// Subfields in order: number and value.
pub(super) struct Subfields {
    fields: Vec<(u8, String)>,
    /// The three digits before them.
    code: String,
}

/// What separates the subfields that start behind three digits of transaction code, or at once.
pub(super) fn separator(text: &str) -> Option<char> {
    let trimmed = text.trim_start();
    let behind = trimmed.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = trimmed.len() - behind.len();
    // Some banks put each subfield, the first one too, on a line of its own.
    let behind = behind.trim_start_matches([' ', '\n']);
    let separator = behind.chars().next()?;
    let marks = !separator.is_alphanumeric()
        && !separator.is_whitespace()
        && !matches!(separator, '/' | '+' | '-' | '.' | ',' | ':');
    let numbered = behind[separator.len_utf8()..]
        .bytes()
        .take(2)
        .filter(u8::is_ascii_digit)
        .count();
    let first = ["00", "10", "20"]
        .iter()
        .any(|first| behind[separator.len_utf8()..].starts_with(first));
    let starts = digits == 3 || (digits == 0 && first);
    (starts && marks && numbered == 2).then_some(separator)
}

/// A field NS: lines that start with a number, 01–14 purpose, 15 and 16 name.
pub(crate) fn numbered_lines(text: &str, detail: &mut EntryDetail) {
    let mut names = Vec::new();
    for line in text.lines() {
        let number = number(line);
        match number {
            Some(15 | 16) => names.extend(text_of(&line[2..])),
            Some(17..) => {}
            Some(_) => detail.remittance_text.extend(text_of(&line[2..])),
            None => detail.remittance_text.extend(text_of(line)),
        }
    }
    detail.counterparty_name = text_of(&names.join(" "));
}

/// The subfields of a text; none if none of them has a known number. A separator that no known
/// number follows is text.
pub(super) fn split(text: &str, separator: char) -> Option<Subfields> {
    let mut fields: Vec<(u8, String)> = Vec::new();
    let mut pieces = text.split(separator);
    let code = pieces.next().unwrap_or_default().trim();
    for piece in pieces {
        let number = number(piece);
        let known = number.filter(|number| matches!(number, 0..=10 | 20..=38 | 60..=65 | 70..=79));
        match (known, fields.last_mut()) {
            (Some(number), _) => fields.push((number, piece[2..].to_owned())),
            (None, Some((_, value))) => {
                value.push(separator);
                value.push_str(piece);
            }
            (None, None) => {}
        }
    }
    for (_, value) in &mut fields {
        if value.trim().chars().all(|c| EMPTY.contains(&c)) {
            value.clear();
        }
    }
    let code = code.to_owned();
    (!fields.is_empty()).then_some(Subfields { fields, code })
}

impl Subfields {
    /// Fills in what they say; whether SEPA tags were among it.
    pub(super) fn decode(&self, own: &str, money: Money, detail: &mut EntryDetail) -> bool {
        let other = self.counterparty(own);
        detail.counterparty_iban = other.or(detail.counterparty_iban.take());
        let names = lines(self.of(|number| matches!(number, 32 | 33)));
        detail.counterparty_name = names.into_iter().next();
        if RETURNS.contains(&self.code.as_str()) {
            let reason = self.value(34).and_then(text_of);
            detail.return_reason = reason.filter(|code| code.bytes().any(|byte| byte != b'0'));
        }
        // Who numbers beyond the German 63, or gives an IBAN a number of its own, has the address
        // of the party in 60 and behind.
        let address = [38, 64, 65]
            .iter()
            .any(|number| self.value(*number).is_some());
        let purpose = |number| matches!(number, 20..=29) || (!address && matches!(number, 60..=63));
        let mut pieces: Vec<&str> = self.of(purpose).collect();
        if let Some(at) = pieces
            .iter()
            .position(|piece| variable_symbol(piece).is_some())
        {
            let symbol = variable_symbol(pieces.remove(at)).unwrap_or_default();
            let given = symbol.bytes().any(|digit| digit != b'0');
            detail.creditor_reference = given.then(|| symbol.to_owned());
        }
        purpose_text(&pieces, money, detail)
    }

    /// The first value of a number.
    fn value(&self, wanted: u8) -> Option<&str> {
        let found = self.fields.iter().find(|(number, _)| *number == wanted);
        found
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// All values of some numbers.
    fn of(&self, wanted: impl Fn(u8) -> bool) -> impl Iterator<Item = &str> {
        let found = self
            .fields
            .iter()
            .filter(move |(number, _)| wanted(*number));
        found.map(|(_, value)| value.as_str())
    }

    /// The IBAN, else bank code and number, else the number.
    fn counterparty(&self, own: &str) -> Option<String> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let number = self.value(31);
        // The account of the statement itself is nobody else's: the other one then is in 10.
        if number.is_some_and(|number| digits(number) && number.len() > 6 && own.ends_with(number))
        {
            let other = self.value(10).filter(|other| other.len() > 6);
            return other.and_then(account);
        }
        match (self.value(38), self.value(30), number) {
            (Some(iban), _, _) | (None, None, Some(iban)) => account(iban),
            (None, Some(bank), Some(number)) if digits(bank) => {
                account(&format!("{bank}/{number}"))
            }
            (None, _, number) => number.and_then(account),
        }
    }
}

/// The reference of a payment in the Czech Republic and Slovakia, in a piece of its own:
/// `VS:2026097`, `VS2026097`.
fn variable_symbol(piece: &str) -> Option<&str> {
    let digits = piece
        .trim()
        .strip_prefix("VS")?
        .trim_start_matches(':')
        .trim();
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some(digits)
}

/// The purpose in pieces of 27 characters: SEPA tags, else lines. Whether there were tags.
fn purpose_text(pieces: &[&str], money: Money, detail: &mut EntryDetail) -> bool {
    let mut glued = String::new();
    let mut starts = Vec::with_capacity(pieces.len());
    let mut full = true;
    for piece in pieces {
        if !full {
            // A line end, so that a reference does not go on behind it.
            glued.push('\n');
        }
        starts.push(glued.len());
        glued.push_str(piece);
        full = piece.chars().count() >= SUBFIELD;
    }
    if let Some(parts) = tags::split(&glued, &starts) {
        tags::decode(parts, money, detail);
        return true;
    }
    detail.remittance_text.extend(lines(pieces.iter().copied()));
    false
}

/// The two digits that start a text.
fn number(text: &str) -> Option<u8> {
    let digits = text.get(..2)?;
    let numbered = digits.bytes().all(|byte| byte.is_ascii_digit());
    numbered.then(|| digits.parse().ok()).flatten()
}

/// Pieces to lines: a full piece goes on in the next.
fn lines<'p>(pieces: impl Iterator<Item = &'p str>) -> Vec<String> {
    let (mut lines, mut full) = (Vec::<String>::new(), false);
    for piece in pieces {
        match lines.last_mut() {
            Some(line) if full => line.push_str(piece),
            _ => lines.push(piece.to_owned()),
        }
        full = piece.chars().count() >= SUBFIELD;
    }
    lines.iter().filter_map(|line| text_of(line)).collect()
}
