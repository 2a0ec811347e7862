//! Field 86: what is known about an entry, in the dialects that banks write.
//!
//! A dialect is recognised by its structure, in this order:
//!
//! * `subfields` — numbered subfields: `166?00TEXT?20SVWZ+…?30BIC?31IBAN?32NAME`, whatever the
//!   separator; a field NS without separators.
//! * `slash_words` — code words between slashes: `/EREF/…/NAME/…/REMI/…`.
//! * `sepa_tags` — tags inside text: `EREF+… MREF+… SVWZ+…`, alone or inside subfields.
//! * `labels` — words with a colon: `IBAN: … NAAM: … OMSCHRIJVING: …`.
//! * `columns` — a first line of account and name, in columns that blanks fill.
//! * `text` — anything else: remittance text, line by line.

mod labels;
mod subfields;
mod tags;
mod words;

use std::fmt;

use alloc_domain::bank::{BankCurrency, EntryDetail, Money, minor_units};

use super::field61::Field61;

pub(super) use self::subfields::numbered_lines;

/// How a narrative is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Subfields,
    SlashWords,
    SepaTags,
    Labels,
    Columns,
    Text,
}

/// The dialects of a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Dialects(u8);

const NAMES: [(Dialect, &str); 6] = [
    (Dialect::Subfields, "subfields"),
    (Dialect::SlashWords, "slash_words"),
    (Dialect::SepaTags, "sepa_tags"),
    (Dialect::Labels, "labels"),
    (Dialect::Columns, "columns"),
    (Dialect::Text, "text"),
];

/// The text of field 86 (or NS) of an entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Narrative<'t> {
    pub(super) text: &'t str,
    /// Whether it is a field NS: a number before each line.
    pub(super) numbered: bool,
    /// The account of the statement.
    pub(super) own: &'t str,
}

impl Dialects {
    pub(super) fn add(&mut self, dialect: Dialect) {
        self.0 |= 1 << dialect as u8;
    }

    /// The names, none if there was no narrative.
    pub(super) fn names(self) -> Option<String> {
        (self.0 != 0).then(|| self.to_string())
    }
}

impl fmt::Display for Dialects {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = NAMES
            .iter()
            .filter(|(dialect, _)| self.0 & (1 << *dialect as u8) != 0);
        if let Some((_, first)) = names.next() {
            formatter.write_str(first)?;
        }
        names.try_for_each(|(_, name)| write!(formatter, ", {name}"))
    }
}

/// The row of an entry with its narrative; its dialects are added.
pub(super) fn decode(
    field: &Field61,
    narrative: Narrative<'_>,
    dialects: &mut Dialects,
) -> EntryDetail {
    let mut detail = EntryDetail {
        amount_minor: field.money.minor,
        transaction_code: field.code.clone(),
        ..EntryDetail::default()
    };
    if let Some(supplement) = &field.supplement {
        supplementary(supplement, field.money, &mut detail);
    }
    let text = narrative.text;
    let decoded = !text.trim().is_empty() && {
        let dialect = decode_text(narrative, field.money, &mut detail, dialects);
        dialects.add(dialect);
        dialect != Dialect::Text
    };
    if let (Some(name), Some(supplement)) = (&detail.counterparty_name, &field.supplement)
        && name == supplement
    {
        detail.remittance_text.retain(|line| line != name);
    }
    let given = field.bank_reference();
    let owner = field
        .owner_reference
        .clone()
        .filter(|owner| given.as_ref() != Some(owner));
    let printed = decoded.then(|| text.trim().to_owned());
    let infos: Vec<String> = [owner, field.supplement.clone(), printed]
        .into_iter()
        .flatten()
        .filter(|info| !info.is_empty())
        .collect();
    if !infos.is_empty() {
        detail.additional_info = Some(infos.join("\n"));
    }
    detail
}

fn decode_text(
    narrative: Narrative<'_>,
    money: Money,
    detail: &mut EntryDetail,
    dialects: &mut Dialects,
) -> Dialect {
    let Narrative {
        text,
        numbered,
        own,
    } = narrative;
    if numbered {
        numbered_lines(text, detail);
        return Dialect::Subfields;
    }
    if let Some(separator) = subfields::separator(text)
        && let Some(fields) = subfields::split(&glued(text, separator), separator)
    {
        if fields.decode(own, money, detail) {
            dialects.add(Dialect::SepaTags);
        }
        return Dialect::Subfields;
    }
    let glued = glued(text, '/');
    if let Some(parts) = words::split(&glued) {
        words::decode(&parts, money, detail);
        return Dialect::SlashWords;
    }
    if let Some(parts) = tags::split(&glued, &[0]) {
        tags::decode(parts, money, detail);
        return Dialect::SepaTags;
    }
    if labels::decode(text, detail) {
        return Dialect::Labels;
    }
    if labels::columns(text, detail) {
        return Dialect::Columns;
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    detail.remittance_text.extend(lines.map(str::to_owned));
    Dialect::Text
}

/// Lines of one text that was cut at a width, put together: a line as wide as the widest goes on in
/// the next one; a shorter one lost the blanks at its end, unless the `mark` of a new part follows.
/// The tag of the field may count as part of its first line.
fn glued(text: &str, mark: char) -> String {
    const TAG: usize = ":86:".len();
    let text = text.trim_end();
    if !text.contains('\n') {
        return text.to_owned();
    }
    let widths = text.lines().map(|line| line.chars().count());
    let width = widths.max().unwrap_or_default();
    let mut glued = String::with_capacity(text.len());
    let mut lines = text.lines().enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        glued.push_str(line);
        let Some((_, next)) = lines.peek() else { break };
        let length = line.chars().count();
        let cut = length == width
            || (index == 0 && length + TAG == width)
            || line.ends_with([' ', mark])
            // No tag, though it looks like one: a time of day that was cut.
            || next.starts_with([' ', ':', mark]);
        if !cut {
            glued.push(' ');
        }
    }
    glued
}

/// Subfield 9 of field 61: `/OCMT/USD1,50//CHGS/EUR0,50/`, or text where no field 86 has any.
fn supplementary(text: &str, money: Money, detail: &mut EntryDetail) {
    let glued = text.replace('\n', "");
    match words::split(&glued) {
        Some(parts) => words::amounts(&parts, money, detail),
        None if has_form_of_iban(&glued) => detail.counterparty_iban = Some(glued),
        None => detail.remittance_text.push(text.replace('\n', " ")),
    }
}

/// `USD1,50`, or `1,50` in the currency `default`.
fn amount(text: &str, default: BankCurrency) -> Option<Money> {
    let text = text.trim();
    let printed = text.get(..3).and_then(BankCurrency::parse);
    let (currency, number) = match printed {
        Some(currency) => (currency, &text[3..]),
        None => (default, text),
    };
    let minor = minor_units(number.trim(), currency.exponent()).ok()?;
    (minor >= 0).then_some(Money { minor, currency })
}

/// Whether a text looks like an IBAN; banks and their examples mask digits, so nothing is checked.
fn has_form_of_iban(text: &str) -> bool {
    let bytes = text.as_bytes();
    (15..=34).contains(&bytes.len())
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2..4].iter().all(u8::is_ascii_digit)
        && bytes.iter().all(u8::is_ascii_alphanumeric)
}

/// A reference, unless it is a word for none.
fn given(value: &str) -> Option<String> {
    let value = value.trim();
    let none = matches!(
        value,
        "" | "NOTPROVIDED" | "NONREF" | "NOT PROVIDED" | "NOREF" | "-"
    );
    (!none).then(|| value.to_owned())
}

fn text_of(value: &str) -> Option<String> {
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// An account without blanks.
fn account(value: &str) -> Option<String> {
    text_of(&value.replace(' ', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together_as_they_were_cut() {
        for (text, expected) in [
            ("ABCDE\nFGHIJ\nK", "ABCDEFGHIJK"),
            ("ABCDE\nFGH\nK", "ABCDEFGH K"),
            ("ABCDE\nFG\n?2X", "ABCDEFG?2X"),
            ("ABCDE\nFG\n X", "ABCDEFG X"),
            ("ABC\nABCDE\n", "ABC ABCDE"),
            ("A\nABCDE\nF", "AABCDEF"),
            ("ABCDEFG\nT13\n:12:11", "ABCDEFGT13:12:11"),
            ("A", "A"),
        ] {
            assert_eq!(glued(text, '?'), expected, "{text}");
        }
    }

    #[test]
    fn dialects_are_named_in_their_order() {
        let mut dialects = Dialects::default();
        assert_eq!(dialects.names(), None);
        dialects.add(Dialect::Text);
        dialects.add(Dialect::Subfields);
        assert_eq!(dialects.names().as_deref(), Some("subfields, text"));
    }
}
