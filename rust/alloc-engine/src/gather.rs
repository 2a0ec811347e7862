//! What a payment's texts and advice say, read against the items of one payer or of an entity.

use alloc_domain::{Payment, RemittanceLine};
use rustc_hash::FxHashSet;

use crate::advice::read_advice;
use crate::evidence::Shared;
use crate::explain::AdviceMatch;
use crate::limits::{ADVICE_LINES_MAX, TEXT_BYTES_MAX};
use crate::reference::decoy::mark_decoys;
use crate::reference::index::Scope;
use crate::reference::near::{Candidate, Near, Spellings};
use crate::reference::scan::{Hit, Named, Search, Strength, scan};
use crate::text::Text;

/// The texts of one payment, folded and cut once.
#[derive(Debug)]
pub struct Message<'p, 'a> {
    /// Free text; further texts, each on its own.
    pub texts: Vec<Text>,
    /// The lines of the advice in their order, with their folded references.
    pub lines: Vec<(&'p RemittanceLine<'a>, Text)>,
}

/// Why a message was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// More bytes than [`TEXT_BYTES_MAX`].
    TextOverLimit,
    /// More lines than [`ADVICE_LINES_MAX`].
    AdviceOverLimit,
}

impl<'p, 'a> Message<'p, 'a> {
    /// Folds and cuts everything a payment says.
    ///
    /// # Errors
    /// [`Unread`]: there is more than one payment may say.
    pub fn of(payment: &Payment<'a>, lines: &[&'p RemittanceLine<'a>]) -> Result<Self, Unread> {
        if lines.len() > ADVICE_LINES_MAX {
            return Err(Unread::AdviceOverLimit);
        }
        let sizes = payment.remittance_text.iter().copied();
        let sizes = sizes
            .chain(payment.end_to_end_id)
            .chain(payment.creditor_reference)
            .chain(lines.iter().filter_map(|line| line.reference));
        if sizes.map(str::len).sum::<usize>() > TEXT_BYTES_MAX {
            return Err(Unread::TextOverLimit);
        }
        let mut texts = vec![Text::of_lines(payment.remittance_text.iter().copied())];
        texts.extend(payment.end_to_end_id.map(Text::of));
        if let Some(reference) = payment.creditor_reference {
            texts.push(Text::of(reference));
            texts.extend(creditor_part(reference).map(Text::of));
        }
        texts.retain(|text| !text.atoms.is_empty());
        let lines = lines
            .iter()
            .map(|&line| (line, Text::of(line.reference.unwrap_or_default())))
            .collect();
        Ok(Self { texts, lines })
    }
}

/// What an ISO 11649 creditor reference carries after `RF` and its check digits.
///
/// `None` when the check digits are wrong (ISO 7064, mod 97-10).
#[must_use]
pub fn creditor_part(reference: &str) -> Option<&str> {
    let reference = reference.trim();
    let prefix = reference.get(..2)?;
    if !prefix.eq_ignore_ascii_case("RF") || reference.len() < 5 {
        return None;
    }
    let (head, body) = reference.split_at_checked(4)?;
    let mut remainder: u32 = 0;
    for character in body.chars().chain(head.chars()) {
        if character == ' ' {
            continue;
        }
        let value = character.to_digit(36)?;
        let shift = if value > 9 { 100 } else { 10 };
        remainder = (remainder * shift + value) % 97;
    }
    (remainder == 1).then_some(body)
}

/// Everything a message says about some items.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Each item once, by item, with its surest strength and all its evidence.
    pub hits: Vec<Hit>,
    /// Lines that found their item, each item once.
    pub advice: Vec<AdviceMatch>,
    /// What lines pay that mean nothing that is open, minor units.
    pub unread: Vec<i64>,
    /// Items that misread tokens resemble, per place.
    pub places: Vec<Vec<Candidate>>,
    /// Names that several items have, less often than they are.
    pub shared: Vec<Shared>,
}

/// Reads texts and advice.
///
/// * `pool` — what the payer may pay; misread tokens are looked for among these only
/// * `open` — what is left open on an item
#[must_use]
pub fn gather(
    search: &Search<'_, '_>,
    message: &Message<'_, '_>,
    pool: &[u32],
    open: &(dyn Fn(u32) -> i64 + Sync),
) -> Gathered {
    let mut gathered = Gathered::default();
    let (mut unread, mut tokens) = (Vec::new(), Vec::new());
    for text in &message.texts {
        let findings = scan(search, text);
        let mut read = vec![false; text.atoms.len()];
        findings.mark(Strength::Weak, &mut read);
        tokens.extend(shared_tokens(&findings.hits));
        gathered.hits.extend(once_per_item(findings.hits));
        unread.push((text, read, findings.places));
    }
    let advised = read_advice(search, &message.lines, pool, open);
    gathered.hits.extend(once_per_item(advised.hits));
    gathered.advice = advised.matches;
    gathered.unread = advised.unread;
    gathered.places = advised.places;
    gathered.hits = merged(gathered.hits, |_, _| ());
    gathered.shared = shared(tokens, &gathered.hits);
    let named: i128 = gathered
        .hits
        .iter()
        .map(|hit| i128::from(open(hit.item)))
        .sum();
    if named != i128::from(search.amount_minor) {
        let spellings = spellings(search, pool, &gathered.hits);
        let near = Near::new(&spellings);
        let population = search.population();
        for (text, mut read, named) in unread {
            mark_foreign(search, text, &mut read);
            unmark_repeated(search, &named, &mut read);
            mark_decoys(search.amount_minor, text, &mut read);
            let places = near.places(text, &read, named.len(), population);
            gathered.places.extend(places.unwrap_or_default());
        }
    }
    gathered
}

/// The tokens that name several items: which, and how surprising that is.
fn shared_tokens(hits: &[Hit]) -> Vec<(Vec<u32>, i64)> {
    let mut tokens = Vec::new();
    let mut rest = hits;
    while let Some(first) = rest.first() {
        // The hits of one token stand together.
        let (token, after) = rest.split_at(first.sharers.clamp(1, rest.len()));
        if token.len() > 1 {
            let mut items: Vec<u32> = token.iter().map(|hit| hit.item).collect();
            items.sort_unstable();
            tokens.push((items, first.surprise_millinats));
        }
        rest = after;
    }
    tokens
}

/// Equal tokens once, without the items that are named alone.
fn shared(mut tokens: Vec<(Vec<u32>, i64)>, hits: &[Hit]) -> Vec<Shared> {
    tokens.sort_unstable();
    let shares = |item: &u32| {
        let position = hits.binary_search_by_key(item, |hit| hit.item);
        position.is_ok_and(|position| hits[position].sharers > 1)
    };
    let mut out = Vec::new();
    for same in tokens.chunk_by(|left, right| left.0 == right.0) {
        let items: Vec<u32> = same[0].0.iter().copied().filter(shares).collect();
        if !items.is_empty() {
            out.push(Shared {
                mentions: same.len().min(items.len()),
                items,
                surprise_millinats: same[same.len() - 1].1,
            });
        }
    }
    out
}

/// Where an item that nothing else is like is named once more, its neighbour may be meant: one of
/// two mentions is then misread.
fn unmark_repeated(search: &Search<'_, '_>, places: &[Named], read: &mut [bool]) {
    let mut seen = FxHashSet::default();
    for place in places {
        let Some(item) = place.item else {
            continue;
        };
        let class = search.ledger.class_of(item);
        if search.ledger.class(class).len() == 1 && !seen.insert(item) {
            read[place.first..=place.last].fill(false);
        }
    }
}

/// What surely names an item of somebody else is no misread number of this payer's.
fn mark_foreign(search: &Search<'_, '_>, text: &Text, read: &mut [bool]) {
    let entity = Search {
        scope: Scope::Entity,
        ..*search
    };
    scan(&entity, text).mark(Strength::Strong, read);
}

fn spellings(search: &Search<'_, '_>, pool: &[u32], hits: &[Hit]) -> Vec<Spellings> {
    pool.iter()
        .filter(|item| hits.binary_search_by_key(*item, |hit| hit.item).is_err())
        .filter_map(|&item| Spellings::of(item, search.ledger.item(item).reference?))
        .collect()
}

/// Each item of one text once, with its surest strength. A number that several items share and
/// that stands there as often as there are such items names them all.
fn once_per_item(hits: Vec<Hit>) -> Vec<Hit> {
    merged(hits, |hit, mentions| {
        if mentions >= hit.sharers {
            hit.sharers = 1;
        }
    })
}

/// Each item once, with its surest strength and all its evidence.
///
/// * `mentioned` — is told how often an item was named
fn merged(mut hits: Vec<Hit>, mentioned: impl Fn(&mut Hit, usize)) -> Vec<Hit> {
    hits.sort_by_key(|hit| {
        let surest = std::cmp::Reverse((hit.strength, hit.surprise_millinats));
        (hit.item, surest, hit.sharers)
    });
    let mut out: Vec<Hit> = Vec::with_capacity(hits.len());
    for mentions in hits.chunk_by(|left, right| left.item == right.item) {
        let mut hit = mentions[0];
        for mention in mentions {
            hit.evidence = hit.evidence.union(mention.evidence);
        }
        mentioned(&mut hit, mentions.len());
        out.push(hit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_creditor_reference_is_checked_before_it_is_used() {
        assert_eq!(creditor_part("RF18539007547034"), Some("539007547034"));
        assert_eq!(
            creditor_part("RF18 5390 0754 7034"),
            Some(" 5390 0754 7034")
        );
        assert_eq!(creditor_part("RF19539007547034"), None);
        assert_eq!(creditor_part("RF1"), None);
        assert_eq!(creditor_part("é"), None);
    }
}
