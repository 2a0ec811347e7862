//! Field 86: what is known about an entry, in the dialects that banks write.
//!
//! * German and Polish subfields: `166?00TEXT?20SVWZ+…?30BIC?31IBAN?32NAME`, any separator.
//! * SEPA tags inside text: `EREF+… MREF+… SVWZ+…`.
//! * Code words between slashes: `/EREF/…/NAME/…/REMI/…`.
//! * Anything else is text, line by line.

use alloc_domain::bank::{BankCurrency, EntryDetail, Money, minor_units};

use super::field61::Field61;

/// Characters of a subfield: a full one goes on in the next without a blank.
const SUBFIELD: usize = 27;

/// SEPA tags, four letters before the plus sign.
const TAGS: [&str; 18] = [
    "EREF", "KREF", "MREF", "CRED", "DEBT", "COAM", "OAMT", "SVWZ", "ABWA", "ABWE", "IBAN", "BIC",
    "PURP", "BREF", "RREF", "RETD", "CDTR", "DBTR",
];

/// Code words between slashes.
const WORDS: [&str; 32] = [
    "ACCW", "ADDR", "BBAN", "BENM", "BIC", "CHGS", "CNTP", "CSID", "EREF", "EXCH", "IBAN", "ID",
    "IREF", "ISDT", "MARF", "NAME", "OCMT", "ORDP", "PREF", "PURP", "REMI", "RREF", "RTRN", "RTYP",
    "SUM", "SVCL", "TRCD", "TRTP", "UCRD", "UDTR", "ULTC", "ULTD",
];

/// Named parts of a text, in order; a part without a name is text.
type Parts = Vec<(String, String)>;

/// The row of an entry with its narrative.
pub(super) fn decode(field: &Field61, text: &str) -> EntryDetail {
    let mut detail = EntryDetail {
        amount_minor: field.money.minor,
        transaction_code: field.code.clone(),
        ..EntryDetail::default()
    };
    if let Some(supplement) = &field.supplement {
        supplementary(supplement, field.money, &mut detail);
    }
    let glued = text.replace('\n', "");
    let decoded = if let Some((start, separator)) = subfield_separator(&glued) {
        subfields(&glued[start..], separator, &mut detail);
        true
    } else if let Some(parts) = slash_words(&glued) {
        words(&parts, &mut detail);
        true
    } else if let Some(parts) = sepa_tags(&glued, &[0]) {
        tags(parts, &mut detail);
        true
    } else {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        detail.remittance_text.extend(lines.map(str::to_owned));
        false
    };
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

/// Lines of a field NS (`01Text`, `15Name`), as subfields.
pub(super) fn german_ns(value: &str) -> String {
    value
        .lines()
        .map(|line| match line.get(..2) {
            Some(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => &line[2..],
            _ => line,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Subfield 9 of field 61: `/OCMT/USD1,50//CHGS/EUR0,50/`, or text where no field 86 has any.
fn supplementary(text: &str, money: Money, detail: &mut EntryDetail) {
    let glued = text.replace('\n', "");
    let Some(parts) = slash_words(&glued) else {
        detail.remittance_text.push(text.replace('\n', " "));
        return;
    };
    for (word, value) in parts {
        let Some(found) = amount(&value) else {
            continue;
        };
        match word.as_str() {
            "OCMT" => detail.original = Some(found),
            "CHGS" if found.currency == money.currency => detail.charges_minor = Some(found.minor),
            _ => {}
        }
    }
}

fn amount(text: &str) -> Option<Money> {
    let currency = BankCurrency::parse(text.get(..3)?)?;
    let minor = minor_units(text.get(3..)?.trim(), currency.exponent()).ok()?;
    Some(Money { minor, currency })
}

/// Where subfields start (behind three digits of transaction code) and what separates them.
fn subfield_separator(text: &str) -> Option<(usize, char)> {
    let trimmed = text.trim_start();
    let start = text.len() - trimmed.len();
    let behind = trimmed.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = trimmed.len() - behind.len();
    let separator = behind.chars().next()?;
    let marks = !separator.is_alphanumeric() && !separator.is_whitespace() && separator != '/';
    let numbered = behind[separator.len_utf8()..]
        .bytes()
        .take(2)
        .filter(u8::is_ascii_digit)
        .count();
    ((digits == 3 || digits == 0) && marks && numbered == 2).then_some((start + digits, separator))
}

/// Numbered subfields. A separator that no known number follows is text.
fn subfields(text: &str, separator: char, detail: &mut EntryDetail) {
    let mut fields: Vec<(u8, String)> = Vec::new();
    for (index, piece) in text.split(separator).enumerate() {
        let number = piece.get(..2).and_then(|number| number.parse::<u8>().ok());
        let known = number.filter(|number| {
            matches!(number, 0..=10 | 20..=34 | 38 | 60..=65 | 70..=79) && index > 0
        });
        match (known, fields.last_mut()) {
            (Some(number), _) => fields.push((number, piece[2..].to_owned())),
            (None, Some((_, value))) => {
                value.push(separator);
                value.push_str(piece);
            }
            (None, None) => {}
        }
    }
    let value = |wanted: u8| {
        let found = fields.iter().find(|(number, _)| *number == wanted);
        found
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    };
    detail.counterparty_iban = match (value(38), value(30), value(31)) {
        (Some(iban), _, _) | (None, None, Some(iban)) => Some(iban.replace(' ', "")),
        (None, Some(bank), Some(number)) if bank.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(format!("{bank}/{number}"))
        }
        (None, _, number) => number.map(|number| number.replace(' ', "")),
    };
    let names = fields
        .iter()
        .filter(|(number, _)| matches!(number, 32 | 33));
    detail.counterparty_name = join(names.map(|(_, value)| value.as_str()))
        .into_iter()
        .next();
    let purpose = |number: &u8| matches!(number, 20..=29 | 60..=65);
    let texts = fields.iter().filter(|(number, _)| purpose(number));
    let texts: Vec<&str> = texts.map(|(_, value)| value.as_str()).collect();
    purpose_text(&texts, detail);
}

/// The purpose in pieces of 27 characters: SEPA tags, else lines.
fn purpose_text(pieces: &[&str], detail: &mut EntryDetail) {
    let mut glued = String::new();
    let mut starts = Vec::with_capacity(pieces.len());
    let mut full = true;
    for piece in pieces {
        if !full {
            glued.push(' ');
        }
        starts.push(glued.len());
        glued.push_str(piece);
        full = piece.chars().count() >= SUBFIELD;
    }
    match sepa_tags(&glued, &starts) {
        Some(parts) => tags(parts, detail),
        None => detail.remittance_text.extend(join(pieces.iter().copied())),
    }
}

/// Pieces to lines: a full piece goes on in the next.
fn join<'p>(pieces: impl Iterator<Item = &'p str>) -> Vec<String> {
    let (mut lines, mut full) = (Vec::<String>::new(), false);
    for piece in pieces {
        match lines.last_mut() {
            Some(line) if full => line.push_str(piece),
            _ => lines.push(piece.to_owned()),
        }
        full = piece.chars().count() >= SUBFIELD;
    }
    let trimmed = lines.iter().map(|line| line.trim().to_owned());
    trimmed.filter(|line| !line.is_empty()).collect()
}

/// `EREF+… SVWZ+…` in a text; none if it has no tag. A tag stands at the start, behind a blank or
/// another tag, or where a piece starts.
fn sepa_tags(text: &str, starts: &[usize]) -> Option<Parts> {
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
    let mut parts = vec![(String::new(), text[..first].trim().to_owned())];
    let ends = found
        .iter()
        .skip(1)
        .map(|(at, _, _)| *at)
        .chain([text.len()]);
    for ((_, start, tag), end) in found.iter().zip(ends) {
        parts.push(((*tag).to_owned(), text[*start..end].trim().to_owned()));
    }
    Some(parts)
}

fn tags(parts: Parts, detail: &mut EntryDetail) {
    for (tag, value) in parts.into_iter().filter(|(_, value)| !value.is_empty()) {
        match tag.as_str() {
            "EREF" => detail.end_to_end_id = given(value),
            "MREF" => detail.mandate_id = given(value),
            "IBAN" => detail.counterparty_iban = Some(value.replace(' ', "")),
            "ABWA" | "ABWE" => detail.ultimate_name = Some(value),
            "RETD" => detail.return_reason = Some(value),
            "SVWZ" | "" => detail.remittance_text.push(value),
            _ => {}
        }
    }
}

/// `/WORD/value/WORD/value` if the text has a known word between slashes.
fn slash_words(text: &str) -> Option<Parts> {
    let mut found: Vec<(usize, usize, &str)> = Vec::new();
    for (slash, _) in text.match_indices('/') {
        let rest = &text[slash + 1..];
        let Some((word, _)) = rest.split_once('/') else {
            continue;
        };
        let known = WORDS.contains(&word);
        let overlaps = found.last().is_some_and(|(_, end, _)| slash + 1 < *end);
        if known && !overlaps {
            found.push((slash, slash + word.len() + 2, word));
        }
    }
    let first = found.first()?.0;
    let mut parts = vec![(String::new(), text[..first].trim().to_owned())];
    let ends = found
        .iter()
        .skip(1)
        .map(|(at, _, _)| *at)
        .chain([text.len()]);
    for ((_, start, word), end) in found.iter().zip(ends) {
        let value = text.get(*start..end).unwrap_or_default();
        parts.push((
            (*word).to_owned(),
            value.trim_matches('/').trim().to_owned(),
        ));
    }
    Some(parts)
}

fn words(parts: &Parts, detail: &mut EntryDetail) {
    for (word, value) in parts.iter().filter(|(_, value)| !value.is_empty()) {
        match word.as_str() {
            "EREF" => detail.end_to_end_id = given(value.clone()),
            "MARF" => detail.mandate_id = given(value.clone()),
            "NAME" => detail.counterparty_name = Some(value.clone()),
            "IBAN" | "BBAN" => detail.counterparty_iban = Some(value.replace(' ', "")),
            "CNTP" => counterparty(value, detail),
            "ULTD" | "ULTC" | "UDTR" | "UCRD" => detail.ultimate_name = Some(value.clone()),
            "RTRN" => detail.return_reason = Some(value.clone()),
            "REMI" => remittance(value, detail),
            "" => detail.remittance_text.push(value.clone()),
            _ => {}
        }
    }
}

/// `IBAN/BIC/NAME/CITY`.
fn counterparty(value: &str, detail: &mut EntryDetail) {
    let mut fields = value.split('/');
    let mut next = || {
        fields
            .next()
            .map(str::trim)
            .filter(|field| !field.is_empty())
    };
    detail.counterparty_iban = next().map(|iban| iban.replace(' ', ""));
    next();
    detail.counterparty_name = next().map(str::to_owned);
}

/// `USTD//text`, `STRD/CUR/reference`, or text.
fn remittance(value: &str, detail: &mut EntryDetail) {
    if let Some(text) = value.strip_prefix("USTD/") {
        let text = text.trim_matches('/').trim();
        detail.remittance_text.push(text.to_owned());
    } else if let Some(structured) = value.strip_prefix("STRD/") {
        let reference = structured.rsplit('/').next().unwrap_or_default().trim();
        detail.creditor_reference = given(reference.to_owned());
    } else {
        detail.remittance_text.push(value.to_owned());
    }
}

fn given(value: String) -> Option<String> {
    let none = matches!(
        value.as_str(),
        "" | "NOTPROVIDED" | "NONREF" | "NOT PROVIDED"
    );
    (!none).then_some(value)
}
