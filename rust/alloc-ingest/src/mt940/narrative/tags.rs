//! SEPA tags: four letters and a plus sign, as German banks write them.

use alloc_domain::bank::{EntryDetail, Money};

use super::{account, amount, given, text_of};

/// The tags.
const TAGS: [&str; 18] = [
    "EREF", "KREF", "MREF", "CRED", "DEBT", "COAM", "OAMT", "SVWZ", "ABWA", "ABWE", "IBAN", "BIC",
    "PURP", "BREF", "RREF", "RETD", "CDTR", "DBTR",
];

/// Tags whose value is text and may go on over the ends of pieces; that of the others is a word.
const TEXTS: [&str; 6] = ["SVWZ", "ABWA", "ABWE", "CDTR", "DBTR", ""];

/// Named parts of a text, in order; a part without a name is text.
pub(super) type Parts<'t> = Vec<(&'static str, &'t str)>;

/// `EREF+… SVWZ+…` in a text; none if it has no tag. A tag stands at the start, behind a blank or
/// another tag, or where a piece starts.
pub(super) fn split<'t>(text: &'t str, starts: &[usize]) -> Option<Parts<'t>> {
    let mut found: Vec<(usize, usize, &str)> = Vec::new();
    for (plus, _) in text.match_indices('+') {
        let Some(tag) = TAGS.iter().find(|tag| text[..plus].ends_with(**tag)) else {
            continue;
        };
        let at = plus - tag.len();
        let behind_tag = found.last().is_some_and(|(_, end, _)| *end == at);
        let behind_blank = text[..at]
            .chars()
            .next_back()
            .is_none_or(|c| !c.is_alphanumeric());
        if behind_tag || behind_blank || starts.contains(&at) {
            found.push((at, plus + 1, tag));
        }
    }
    let first = found.first()?.0;
    let mut parts = vec![("", &text[..first])];
    let ends = found.iter().skip(1).map(|(at, _, _)| *at);
    for ((_, start, tag), end) in found.iter().zip(ends.chain([text.len()])) {
        parts.push((tag, &text[*start..end]));
    }
    Some(parts)
}

/// Fills in what the tags say. Line ends inside a value are the ends of pieces that were not full:
/// blanks in a text, the end of a reference.
pub(super) fn decode(parts: Parts<'_>, money: Money, detail: &mut EntryDetail) {
    for (tag, value) in parts {
        let value = value.trim();
        let (value, rest) = match value.split_once('\n') {
            Some(cut) if !TEXTS.contains(&tag) => cut,
            _ => (value, ""),
        };
        let value = value.replace('\n', " ");
        match tag {
            "EREF" => detail.end_to_end_id = given(&value),
            "MREF" => detail.mandate_id = given(&value),
            "IBAN" => detail.counterparty_iban = account(&value),
            "ABWA" | "ABWE" => detail.ultimate_name = text_of(&value),
            "RETD" => detail.return_reason = text_of(&value),
            "OAMT" => detail.original = amount(&value, money.currency).or(detail.original),
            "COAM" => {
                let charges = amount(&value, money.currency)
                    .filter(|charges| charges.currency == money.currency);
                detail.charges_minor = charges.map(|charges| charges.minor);
            }
            "SVWZ" | "" => detail.remittance_text.extend(text_of(&value)),
            _ => {}
        }
        let rest = rest.replace('\n', " ");
        detail.remittance_text.extend(text_of(&rest));
    }
}
