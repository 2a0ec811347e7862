//! Words with a colon or behind a slash, and names in columns: dialects that are written for the eye.

use alloc_domain::bank::EntryDetail;

use super::{account, given, text_of};

/// What a label says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Account,
    Name,
    Text,
    EndToEnd,
    Mandate,
    Reference,
    Ultimate,
    /// Nothing that has a column.
    Other,
}

type Label = (&'static str, Meaning);

/// Labels that one bank uses together, upper case.
const FAMILIES: [&[Label]; 5] = [
    // Dutch, in columns of 33 and 32 characters or behind a slash.
    &[
        ("IBAN:", Meaning::Account),
        ("REK:", Meaning::Account),
        ("BIC:", Meaning::Other),
        ("NAAM:", Meaning::Name),
        ("OMSCHRIJVING:", Meaning::Text),
        ("KENMERK:", Meaning::EndToEnd),
        ("BETALINGSKENM.:", Meaning::Reference),
        ("MACHTIGING:", Meaning::Mandate),
        ("INCASSANT:", Meaning::Other),
    ],
    // Polish, ended by semicolons.
    &[
        ("ID IPH:", Meaning::Other),
        ("Z RACH.:", Meaning::Account),
        ("NA RACH.:", Meaning::Account),
        ("OD:", Meaning::Name),
        ("DLA:", Meaning::Name),
        ("TYT.:", Meaning::Text),
        ("TNR:", Meaning::Other),
    ],
    // Swiss.
    &[
        ("AUFTRAGGEBER:", Meaning::Name),
        ("MITTEILUNGEN:", Meaning::Text),
        ("REFERENZEN:", Meaning::Reference),
    ],
    // German, with a colon instead of the plus sign.
    &[
        ("EREF:", Meaning::EndToEnd),
        ("KREF:", Meaning::Other),
        ("MREF:", Meaning::Mandate),
        ("CRED:", Meaning::Other),
        ("SVWZ:", Meaning::Text),
        ("ABWA:", Meaning::Ultimate),
        ("ABWE:", Meaning::Ultimate),
        ("IBAN:", Meaning::Account),
        ("BIC:", Meaning::Other),
    ],
    // French, between blanks.
    &[
        ("/DE", Meaning::Name),
        ("/FRM", Meaning::Name),
        ("/BEN", Meaning::Name),
        ("/MOTIF", Meaning::Text),
        ("/RNF", Meaning::Text),
        ("/REF", Meaning::Text),
        ("/REFDO", Meaning::Text),
        ("/REFBEN", Meaning::Text),
        ("/EID", Meaning::EndToEnd),
    ],
];

/// A label this long needs no second one.
const SPEAKS: usize = "AUFTRAGGEBER:".len();

/// Fills in what labels say; false without two different labels of one family.
pub(super) fn decode(text: &str, detail: &mut EntryDetail) -> bool {
    if !text.contains([':', '/']) {
        return false;
    }
    let text = &lines_apart(text);
    let upper = text.to_ascii_uppercase();
    for family in FAMILIES {
        let found = places(&upper, family);
        let transfer = upper.starts_with("VIR");
        let told = found.iter().any(|(_, (label, meaning))| {
            let alone = label.len() >= SPEAKS || (transfer && label.starts_with('/'));
            *label != found[0].1.0 || (*meaning == Meaning::Name && alone)
        });
        if !told {
            continue;
        }
        let head = text[..found[0].0].trim();
        let mut ends = found.iter().skip(1).map(|(at, _)| *at);
        for (at, (label, meaning)) in &found {
            let end = ends.next().unwrap_or(text.len());
            let value = text[at + label.len()..end]
                .trim()
                .trim_end_matches(['/', ';']);
            fill(*meaning, value, detail);
        }
        if detail.remittance_text.is_empty() {
            detail.remittance_text.extend(text_of(&one_blank(head)));
        }
        return true;
    }
    false
}

/// Lines put together as they were cut, but for those that start with a label.
fn lines_apart(text: &str) -> String {
    let labels = || FAMILIES.iter().flat_map(|family| family.iter());
    let mut parts: Vec<String> = Vec::new();
    for line in text.lines() {
        let starts = labels().any(|(label, _)| {
            line.get(..label.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(label))
        });
        match parts.last_mut() {
            Some(part) if !starts => {
                part.push('\n');
                part.push_str(line);
            }
            _ => parts.push(line.to_owned()),
        }
    }
    let glued = parts.iter().map(|part| super::glued(part, ' '));
    glued.collect::<Vec<_>>().join("  ")
}

/// Where the labels of a family stand, in order. A label may follow a value without a blank where
/// columns are full, but for the short ones that could end any word.
fn places(upper: &str, family: &[Label]) -> Vec<(usize, Label)> {
    let mut found: Vec<(usize, Label)> = Vec::new();
    for &(label, meaning) in family {
        for (at, _) in upper.match_indices(label) {
            let before = upper[..at].chars().next_back();
            let stands = if label.starts_with('/') {
                let after = upper[at + label.len()..].chars().next();
                let blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
                blank(before) && blank(after)
            } else {
                let apart = before.is_none_or(|c| !c.is_alphanumeric());
                apart || label.len() > "MREF:".len()
            };
            if stands {
                found.push((at, (label, meaning)));
            }
        }
    }
    found.sort_unstable_by_key(|(at, (label, _))| (*at, std::cmp::Reverse(label.len())));
    // `KENMERK:` inside a longer label is that one.
    found.dedup_by(|next, before| next.0 < before.0 + before.1.0.len());
    found
}

fn fill(meaning: Meaning, value: &str, detail: &mut EntryDetail) {
    let text = text_of(&one_blank(value));
    match meaning {
        Meaning::Account => detail.counterparty_iban = account(value),
        // Two blanks stand between a name and its address.
        Meaning::Name => {
            let name = value.trim().split("  ").next();
            detail.counterparty_name = name.and_then(text_of);
        }
        Meaning::Text => detail
            .remittance_text
            .extend(text.as_deref().and_then(given)),
        Meaning::EndToEnd => detail.end_to_end_id = given(value),
        Meaning::Mandate => detail.mandate_id = given(value),
        Meaning::Reference => detail.creditor_reference = given(&one_blank(value)),
        Meaning::Ultimate => detail.ultimate_name = text,
        Meaning::Other => {}
    }
}

/// Runs of blanks fill columns: one is enough.
fn one_blank(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An account and a name in the first of two columns or lines, text behind: `GIRO   428428 NAME`,
/// `52.89.39.882 NAME`, `NL47INGB0000000000 NAME`.
pub(super) fn columns(text: &str, detail: &mut EntryDetail) -> bool {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let Some((number, told)) = account_and_name(first.trim_start()) else {
        return false;
    };
    // Two blanks end a column.
    let (name, more) = told.split_once("  ").unwrap_or((told, ""));
    detail.counterparty_iban = Some(number);
    detail.counterparty_name = text_of(name);
    let lines = [more].into_iter().chain(rest.lines());
    let blocks = lines.flat_map(|line| line.split("  ")).filter_map(text_of);
    detail.remittance_text.extend(blocks);
    true
}

/// The account that starts a line, and what follows it.
fn account_and_name(line: &str) -> Option<(String, &str)> {
    let numbered = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(rest) = line.strip_prefix("GIRO ") {
        let (number, name) = rest.trim_start().split_once(' ')?;
        return numbered(number).then(|| (number.to_owned(), name.trim_start()));
    }
    let (number, name) = line.split_once(' ')?;
    let groups: Vec<&str> = number.split('.').collect();
    let lengths = groups.iter().map(|group| group.len());
    let grouped = groups.iter().all(|group| numbered(group)) && lengths.eq([2, 2, 2, 3]);
    (grouped || super::has_form_of_iban(number)).then(|| (groups.concat(), name.trim_start()))
}
