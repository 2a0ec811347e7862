//! Lines that are known to mean something: which of the items with their amount?
//!
//! Where the amounts of the lines make up the cash, no line is a second mention or of something
//! else, and the same is asked of the lines that an explanation takes for granted. What is left to
//! ask is how much less likely those items that no line means would be written as the lines are.

use rustc_hash::FxHashMap;

use super::{Decided, Line, Meaning, Reader, WHOLE_LINE_MILLINATS};
use crate::limits::NEAR_COMPARISONS_MAX;
use crate::reference::label::without_labels;
use crate::reference::near::Spellings;
use crate::reference::scan::Strength;
use crate::reference::surprise::{Reading, Width, Writing, weight_millinats};

/// More than what any line weighs: none is put aside.
const KEPT_MILLINATS: i64 = 1 << 32;

impl Reader<'_, '_, '_> {
    /// Decides for lines of which each means an item of its amount; `None` where that would be too
    /// much to compare.
    ///
    /// * `meanings` — what the references of the lines name
    /// * `positions` — the lines
    pub(super) fn keep(
        &self,
        lines: &[Line<'_, '_>],
        meanings: &[Vec<Meaning>],
        positions: &[usize],
    ) -> Option<Decided> {
        let alike: Vec<Vec<u32>> = (0..lines.len())
            .map(|at| self.alike_to(lines, at))
            .collect();
        let pairs = positions.iter().map(|&at| alike[at].len());
        if pairs.sum::<usize>() > NEAR_COMPARISONS_MAX {
            return None;
        }
        let mut spelled: FxHashMap<u32, Option<Spellings>> = FxHashMap::default();
        for &item in positions.iter().flat_map(|&at| &alike[at]) {
            spelled.entry(item).or_insert_with(|| self.spelled(item));
        }
        let written: Vec<Vec<Vec<u8>>> = lines
            .iter()
            .map(|(_, text)| without_labels(&text.bytes))
            .collect();
        let reading = |at: usize, item: u32| {
            let spelled = spelled.get(&item)?.as_ref()?;
            let alike = likeness(spelled, &written[at], &Writing::default());
            let part = named(&meanings[at], item).is_some_and(|one| one.strength > Strength::Weak);
            let part = part.then_some(Reading::Printed);
            alike.map(|(_, reading)| reading).or(part)
        };
        let weigh = |writing: &dyn Fn(usize) -> Writing| -> Vec<Vec<Meaning>> {
            let mut kept = vec![Vec::new(); lines.len()];
            for &at in positions {
                let writing = writing(at);
                let agreement = self.agreement_of(lines[at].0);
                let meaning = |&item: &u32| {
                    let spelled = spelled[&item].as_ref();
                    let alike =
                        spelled.and_then(|spelled| likeness(spelled, &written[at], &writing));
                    kept_meaning(item, named(&meanings[at], item), agreement, alike, &writing)
                };
                kept[at] = alike[at].iter().map(meaning).collect();
            }
            kept
        };
        let first = self.decide(lines, &weigh(&|_| Writing::default()));
        let readings: Vec<Option<Reading>> = (0..lines.len())
            .map(|at| first.item_of[at].and_then(|item| reading(at, item)))
            .collect();
        let mut writing = Writing::default();
        for &at in positions.iter().filter(|&&at| first.item_of[at].is_some()) {
            writing.count(readings[at]);
        }
        let others = |at: usize| match first.item_of[at] {
            Some(_) => writing.without(readings[at]),
            None => writing.clone(),
        };
        Some(self.decide(lines, &weigh(&others)))
    }

    /// The items that have a line's amount.
    pub(super) fn alike_to(&self, lines: &[Line<'_, '_>], at: usize) -> Vec<u32> {
        let paid = lines[at].0.amount_minor;
        let alike = paid.and_then(|paid| self.by_amount.get(&paid.unsigned_abs()));
        let alike = alike.into_iter().flatten().copied();
        alike.filter(|&item| self.agrees(lines, at, item)).collect()
    }

    fn spelled(&self, item: u32) -> Option<Spellings> {
        Spellings::of(item, self.search.ledger.item(item).reference?)
    }
}

/// What the reference of a line says about an item of its amount.
fn named(meanings: &[Meaning], item: u32) -> Option<&Meaning> {
    meanings.iter().find(|one| one.item == item && one.agrees)
}

fn kept_meaning(
    item: u32,
    named: Option<&Meaning>,
    agreement: i64,
    alike: Option<(i64, Reading)>,
    writing: &Writing,
) -> Meaning {
    let strength = match alike {
        Some((_, Reading::Printed)) => Strength::Strong,
        Some(_) => Strength::Trimmed,
        None => Strength::Weak,
    };
    let weight = named.map(|one| one.weight - agreement);
    let weight = weight.max(alike.map(|(weight, _)| weight));
    let unlike = -writing.price_millinats(None);
    Meaning {
        item,
        strength: named.map_or(strength, |one| one.strength.max(strength)),
        weight: KEPT_MILLINATS + weight.map_or(unlike, |weight| weight.max(unlike)),
        agrees: true,
    }
}

/// What speaks for a reference as that of an item with the line's amount, and how it is read then.
pub(super) fn likeness(
    spelled: &Spellings,
    written: &[Vec<u8>],
    writing: &Writing,
) -> Option<(i64, Reading)> {
    let priced = written.iter().filter_map(|token| {
        let reading = spelled.likeness(token)?;
        let changed = reading.price_millinats() - writing.price_millinats(Some(reading));
        let weight = weight_millinats(reading, 1, Width::of(token)) + changed;
        let least = if reading == Reading::Printed {
            WHOLE_LINE_MILLINATS
        } else {
            i64::MIN
        };
        Some((weight.max(least), reading))
    });
    priced.max_by_key(|&(weight, _)| weight)
}
