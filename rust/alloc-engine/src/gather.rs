//! What a payment's texts and advice say, read against the items of one payer or of an entity.

use alloc_domain::{Evidence, EvidenceSet, Payment, RemittanceLine};
use rustc_hash::FxHashMap;

use crate::explain::AdviceMatch;
use crate::ledger::age;
use crate::limits::{ADVICE_LINES_MAX, ITEMS_PER_TOKEN_MAX, TEXT_BYTES_MAX};
use crate::reference::index::Scope;
use crate::reference::near::{Candidate, Spellings, near};
use crate::reference::scan::{Hit, Search, Strength, scan};
use crate::reference::surprise::ln_millinats;
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
    /// Items that misread tokens resemble, per place.
    pub places: Vec<Vec<Candidate>>,
}

/// Reads texts and advice.
///
/// * `pool` — what the payer may pay; misread tokens are looked for among these only
/// * `open` — what is left open on an item
#[must_use]
pub fn gather(
    search: &Search<'_, '_, '_>,
    message: &Message<'_, '_>,
    pool: &[u32],
    open: &(dyn Fn(u32) -> i64 + Sync),
) -> Gathered {
    let mut gathered = Gathered::default();
    let mut unread = Vec::new();
    for text in &message.texts {
        let findings = scan(search, text);
        let mut read = vec![false; text.atoms.len()];
        findings.mark(Strength::Weak, &mut read);
        unread.push((text, read));
        gathered.hits.extend(once_per_item(findings.hits));
    }
    read_advice(search, message, pool, open, &mut gathered);
    gathered.hits = merged(gathered.hits, |_, _| ());
    let named: i128 = gathered
        .hits
        .iter()
        .map(|hit| i128::from(open(hit.item)))
        .sum();
    if named != i128::from(search.amount_minor) {
        let spellings = spellings(search, pool, &gathered.hits);
        let surprise = |reading, token: &[u8]| search.surprise(reading, token);
        for (text, mut read) in unread {
            mark_foreign(search, text, &mut read);
            gathered
                .places
                .extend(near(text, &read, &spellings, &surprise).unwrap_or_default());
        }
    }
    gathered
}

/// What surely names an item of somebody else is no misread number of this payer's.
fn mark_foreign(search: &Search<'_, '_, '_>, text: &Text, read: &mut [bool]) {
    let entity = Search {
        scope: Scope::Entity,
        ..*search
    };
    scan(&entity, text).mark(Strength::Strong, read);
}

fn spellings(search: &Search<'_, '_, '_>, pool: &[u32], hits: &[Hit]) -> Vec<Spellings> {
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

/// Matches each line to an item by its reference and its amount together. A line that names an
/// item a second time, a total, or something that is not open changes nothing.
fn read_advice(
    search: &Search<'_, '_, '_>,
    message: &Message<'_, '_>,
    pool: &[u32],
    open: &(dyn Fn(u32) -> i64 + Sync),
    gathered: &mut Gathered,
) {
    if message.lines.is_empty() {
        return;
    }
    let mut by_amount: FxHashMap<u64, Vec<u32>> = FxHashMap::default();
    for &item in pool {
        by_amount
            .entry(open(item).unsigned_abs())
            .or_default()
            .push(item);
    }
    let mut advice = Advice::default();
    for (line, text) in &message.lines {
        let mut meant = match_line(search, line, text, &by_amount, open);
        let class = |item: u32| search.ledger.class_of(item);
        let apart = meant
            .iter()
            .any(|one| class(one.item) != class(meant[0].item));
        if apart {
            advice.take_any(&meant);
        } else {
            meant.sort_unstable_by_key(|one| age(search.ledger.item(one.item)));
            advice.take_one(line, &meant, open);
        }
    }
    gathered.hits.extend(once_per_item(advice.hits));
    gathered.advice = advice.lines;
    gathered.advice.sort_unstable_by_key(|line| line.item);
}

/// The lines of an advice as they are matched.
#[derive(Default)]
struct Advice {
    hits: Vec<Hit>,
    lines: Vec<AdviceMatch>,
    taken: FxHashMap<u32, usize>,
}

impl Advice {
    fn hit(&mut self, meant: Meant, sharers: usize) {
        self.hits.push(Hit {
            item: meant.item,
            strength: meant.strength,
            evidence: EvidenceSet::EMPTY.with(Evidence::AdviceLine),
            sharers,
            surprise_millinats: meant.surprise_millinats,
        });
    }

    /// A line that means one of several items which differ: the amounts must tell.
    fn take_any(&mut self, meant: &[Meant]) {
        for &one in meant {
            self.hit(one, meant.len());
        }
    }

    /// A line that means an item, or one of several that nothing tells apart: those are taken one
    /// line each, oldest first. Of two lines for one item the fuller stays, whatever their order.
    fn take_one(
        &mut self,
        line: &RemittanceLine<'_>,
        meant: &[Meant],
        open: &(dyn Fn(u32) -> i64 + Sync),
    ) {
        let free = |one: &&Meant| !self.taken.contains_key(&one.item);
        let Some(&one) = meant.iter().find(free).or(meant.first()) else {
            return;
        };
        let item = one.item;
        self.hit(one, 1);
        let next = AdviceMatch {
            item,
            paid_minor: line.amount_minor.map(|paid| signed_like(paid, open(item))),
            deduction_minor: line.deduction_minor.unwrap_or(0),
        };
        let fullness = |line: &AdviceMatch| {
            let full = line.paid_minor == Some(open(item));
            (full, line.paid_minor, line.deduction_minor)
        };
        match self.taken.get(&item) {
            Some(&known) if fullness(&next) > fullness(&self.lines[known]) => {
                self.lines[known] = next;
            }
            Some(_) => {}
            None => {
                self.taken.insert(item, self.lines.len());
                self.lines.push(next);
            }
        }
    }
}

/// Credits are written with either sign.
fn signed_like(paid: i64, open: i64) -> i64 {
    if open < 0 && paid > 0 { -paid } else { paid }
}

/// An item that a line of the advice means.
#[derive(Clone, Copy, Debug)]
struct Meant {
    item: u32,
    strength: Strength,
    surprise_millinats: i64,
}

/// How surprising it is that a line's amount is that of an item by accident.
///
/// * `alike` — payable items of that amount
fn amount_surprise_millinats(paid_minor: u64, alike: usize) -> i64 {
    const AGREEMENT_MAX: u64 = 1_000;
    let mut significant = paid_minor.max(1);
    while significant.is_multiple_of(10) {
        significant /= 10;
    }
    let rarity = ln_millinats(u128::from(significant.min(AGREEMENT_MAX)));
    (rarity - ln_millinats(alike as u128)).max(0)
}

/// The items a line may mean, and how surely: one, or several that it does not tell apart.
fn match_line(
    search: &Search<'_, '_, '_>,
    line: &RemittanceLine<'_>,
    text: &Text,
    by_amount: &FxHashMap<u64, Vec<u32>>,
    open: &(dyn Fn(u32) -> i64 + Sync),
) -> Vec<Meant> {
    let agrees = |item: u32| {
        line.amount_minor
            .is_some_and(|paid| signed_like(paid, open(item)) == open(item))
    };
    let hits = scan(search, text).hits;
    let paid = line.amount_minor.unwrap_or(0).unsigned_abs();
    let alike = by_amount.get(&paid).map_or(1, Vec::len);
    let agreement = amount_surprise_millinats(paid, alike);
    let mut agreeing: Vec<Meant> = hits
        .iter()
        .filter(|hit| agrees(hit.item))
        .map(|hit| Meant {
            item: hit.item,
            strength: Strength::Strong,
            surprise_millinats: hit.surprise_millinats + agreement,
        })
        .collect();
    if agreeing.len() > 1 {
        let printed = |item: u32| search.ledger.item(item).reference == line.reference;
        if agreeing.iter().any(|one| printed(one.item)) {
            agreeing.retain(|one| printed(one.item));
        }
    }
    if !agreeing.is_empty() {
        return agreeing;
    }
    if let Some(items) = by_amount.get(&paid)
        && items.len() <= ITEMS_PER_TOKEN_MAX
        && let [one] = resembling(search, text, items).as_slice()
        && agrees(one.item)
    {
        return vec![Meant {
            item: one.item,
            strength: Strength::Trimmed,
            surprise_millinats: one.surprise_millinats + agreement,
        }];
    }
    let alone = hits.iter().filter(|hit| hit.sharers == 1);
    let surest = alone.max_by_key(|hit| (hit.strength, std::cmp::Reverse(hit.item)));
    let doubted = |hit: &Hit| {
        if line.amount_minor.is_some() {
            Strength::Weak
        } else {
            hit.strength
        }
    };
    surest
        .map(|hit| Meant {
            item: hit.item,
            strength: doubted(hit),
            surprise_millinats: hit.surprise_millinats,
        })
        .into_iter()
        .collect()
}

/// Of the items with a line's amount, those its reference resembles.
fn resembling(search: &Search<'_, '_, '_>, text: &Text, items: &[u32]) -> Vec<Candidate> {
    let spellings: Vec<Spellings> = items
        .iter()
        .filter_map(|&item| Spellings::of(item, search.ledger.item(item).reference?))
        .collect();
    let read = vec![false; text.atoms.len()];
    let surprise = |reading, token: &[u8]| search.surprise(reading, token);
    let places = near(text, &read, &spellings, &surprise).unwrap_or_default();
    let mut found: Vec<Candidate> = places.into_iter().flatten().collect();
    found.sort_unstable_by_key(|near| (near.item, std::cmp::Reverse(near.surprise_millinats)));
    found.dedup_by_key(|near| near.item);
    found
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
