//! Code words between slashes, as SWIFT, Dutch and international banks write them.

use alloc_domain::bank::{EntryDetail, Money};

use super::{account, amount, given, text_of};

/// The code words.
const WORDS: [&str; 41] = [
    "ACCW",
    "ADDR",
    "BBAN",
    "BENM",
    "BIC",
    "CDTRREF",
    "CDTRREFTP",
    "CHGS",
    "CNTP",
    "CREF",
    "CSID",
    "EREF",
    "EXCH",
    "IBAN",
    "ID",
    "IREF",
    "ISDT",
    "MARF",
    "NAME",
    "OCMT",
    "OGB",
    "ORDP",
    "PREF",
    "PURP",
    "REMI",
    "RREF",
    "RTRN",
    "RTYP",
    "SUM",
    "SVCL",
    "TRCD",
    "TRTP",
    "UCRD",
    "UDTR",
    "ULTB",
    "ULTC",
    "ULTD",
    "VA",
    "PT",
    "PY",
    "OSDR",
];

/// Named parts of a text, in order; a part without a name is text.
pub(super) type Parts<'t> = Vec<(&'static str, &'t str)>;

/// `/WORD/value/WORD/value` if the text has a known word between slashes.
pub(super) fn split(text: &str) -> Option<Parts<'_>> {
    let mut found: Vec<(usize, usize, &'static str)> = Vec::new();
    for (slash, _) in text.match_indices('/') {
        let rest = &text[slash + 1..];
        let Some((word, _)) = rest.split_once('/') else {
            break;
        };
        let known = WORDS.iter().find(|known| **known == word);
        let overlaps = found.last().is_some_and(|(_, end, _)| slash + 1 < *end);
        if let (Some(known), false) = (known, overlaps) {
            found.push((slash, slash + word.len() + 2, known));
        }
    }
    let first = found.first()?.0;
    let mut parts = vec![("", &text[..first])];
    let ends = found.iter().skip(1).map(|(at, _, _)| *at);
    for ((_, start, word), end) in found.iter().zip(ends.chain([text.len()])) {
        let value = text.get(*start..end).unwrap_or_default();
        parts.push((word, value.trim_matches('/').trim()));
    }
    Some(parts)
}

/// Whose name and account follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Counterparty,
    Ultimate,
}

/// Fills in what the words say.
pub(super) fn decode(parts: &Parts<'_>, money: Money, detail: &mut EntryDetail) {
    let mut side = Side::Counterparty;
    for &(word, value) in parts {
        match word {
            "BENM" | "ORDP" | "CNTP" => side = Side::Counterparty,
            "ULTD" | "ULTC" | "ULTB" | "UDTR" | "UCRD" => side = Side::Ultimate,
            _ => {}
        }
        if value.is_empty() {
            continue;
        }
        match (word, side) {
            ("EREF", _) => detail.end_to_end_id = given(value),
            ("MARF", _) => detail.mandate_id = given(value),
            ("NAME", Side::Counterparty) | ("ORDP" | "BENM", _) => {
                detail.counterparty_name = text_of(value);
            }
            ("NAME" | "ULTD" | "ULTC" | "ULTB" | "UDTR" | "UCRD", _) => {
                detail.ultimate_name = value.split('/').next().and_then(text_of);
            }
            ("IBAN" | "BBAN", Side::Counterparty) => detail.counterparty_iban = account(value),
            ("CNTP", _) => counterparty(value, detail),
            ("RTRN", _) => detail.return_reason = value.split('/').next().and_then(text_of),
            ("CDTRREF", _) => detail.creditor_reference = given(value),
            ("REMI", _) => remittance(value, detail),
            ("OCMT" | "CHGS" | "EXCH", _) => {
                // Text that follows an amount without a word of its own.
                let rest = value.split_once('/').map(|(_, rest)| rest);
                detail.remittance_text.extend(rest.and_then(text_of));
            }
            ("" | "VA" | "PY", _) => detail.remittance_text.extend(text_of(value)),
            _ => {}
        }
    }
    amounts(parts, money, detail);
}

/// `OCMT` (the amount before conversion) and `CHGS` (charges).
pub(super) fn amounts(parts: &Parts<'_>, money: Money, detail: &mut EntryDetail) {
    for (word, value) in parts {
        let value = value.split('/').next().unwrap_or_default();
        let Some(found) = amount(value, money.currency) else {
            continue;
        };
        match *word {
            "OCMT" => detail.original = Some(found),
            "CHGS" if found.currency == money.currency => detail.charges_minor = Some(found.minor),
            _ => {}
        }
    }
}

/// `IBAN/BIC/NAME/CITY`.
fn counterparty(value: &str, detail: &mut EntryDetail) {
    let mut fields = value.split('/');
    detail.counterparty_iban = fields.next().and_then(account);
    detail.counterparty_name = fields.nth(1).and_then(text_of);
}

/// `USTD//text`, `STRD/CUR/reference`, or text.
fn remittance(value: &str, detail: &mut EntryDetail) {
    if let Some(text) = value.strip_prefix("USTD/") {
        let text = text.trim_matches('/').trim();
        detail.remittance_text.push(text.to_owned());
    } else if let Some(structured) = value.strip_prefix("STRD/") {
        let reference = structured.rsplit('/').next().unwrap_or_default();
        detail.creditor_reference = given(reference);
    } else {
        detail.remittance_text.push(value.to_owned());
    }
}
