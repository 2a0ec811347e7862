//! Runs around what is named: all items from some before the first named one to some after the last,
//! or all of these but one gap.

use super::listed::{Kinds, SETS_MAX, Sets};
use crate::meter::Meter;
use crate::probability::{Reach, ShapePrior};

/// Most gaps that are looked at; where there are more, none is left.
const GAPS_MAX: usize = 1 << 15;
/// Most items on either side of what is named that are with it.
const REACH_MAX: usize = 128;

/// The line by age with its named items.
pub(super) struct Around<'a> {
    named: &'a [bool],
    /// Sums of the first so many items.
    prefix: Vec<i64>,
    /// The first and the last named item.
    first: usize,
    last: usize,
    /// How many gaps there are between these.
    inner: usize,
}

/// A part of the line that has no named item: from one boundary to a later one, by its sum.
type Gap = (i64, usize, usize);

impl<'a> Around<'a> {
    /// `None` where nothing is named.
    pub fn new(amounts: &[i64], named: &'a [bool]) -> Option<Self> {
        let mut prefix = Vec::with_capacity(amounts.len() + 1);
        let mut sum = 0;
        prefix.push(sum);
        for amount in amounts {
            sum += amount;
            prefix.push(sum);
        }
        let first = named.iter().position(|&named| named)?;
        let last = named.iter().rposition(|&named| named)?;
        let stretches = named[first..last].split(|&named| named).map(<[bool]>::len);
        Some(Self {
            named,
            prefix,
            first,
            last,
            inner: stretches.map(parts).sum(),
        })
    }

    /// Lists every set around what is named that hits the target, without the named items; false when
    /// there are too many.
    pub fn list(
        &self,
        target: i64,
        prior: &ShapePrior,
        kinds: &Kinds,
        sets: &mut Sets,
        meter: &mut Meter,
    ) -> bool {
        let widest = self.widest();
        let gaps = self.gaps(widest);
        meter.spend(64 * gaps.len() as u64, 24 * gaps.len() as u64);
        let (before, after) = (widest.before, widest.after);
        let spans = (before + 1) * (after + 1);
        meter.spend(16 * spans as u64, 0);
        for (start, end) in (self.first - before..=self.first)
            .flat_map(|start| (self.last + 1..=self.last + 1 + after).map(move |end| (start, end)))
        {
            let beyond = self.prefix[end] - self.prefix[start] - target;
            let reach = Reach {
                before: self.first - start,
                after: end - 1 - self.last,
            };
            let places = if gaps.is_empty() {
                0
            } else {
                self.places(reach)
            };
            let from = gaps.partition_point(|gap| gap.0 < beyond);
            let fitting = gaps[from..].iter().take_while(|gap| gap.0 == beyond);
            let fitting = fitting.filter(|gap| start < gap.1 && gap.2 < end);
            let whole = (beyond == 0).then_some((end, end));
            for (a, b) in whole.into_iter().chain(fitting.map(|gap| (gap.1, gap.2))) {
                let more = (start..a).chain(b..end).filter(|&item| !self.named[item]);
                let more = more.map(|item| u32::try_from(item).expect("items are limited"));
                let known = sets.entry(kinds.canonical(more.collect())).or_default();
                *known = known.plus(prior.around(reach, widest, (a < b, places)));
            }
            if sets.len() > SETS_MAX {
                return false;
            }
        }
        true
    }

    /// How far a set may reach.
    fn widest(&self) -> Reach {
        Reach {
            before: self.first.min(REACH_MAX),
            after: (self.named.len() - 1 - self.last).min(REACH_MAX),
        }
    }

    /// Every gap that a set around what is named may have, by sum; none where there are too many.
    fn gaps(&self, widest: Reach) -> Vec<Gap> {
        if self.places(widest) > GAPS_MAX {
            return Vec::new();
        }
        let (start, end) = (self.first - widest.before, self.last + 1 + widest.after);
        let mut gaps = Vec::new();
        for from in start + 1..end {
            let free = (from..end - 1).take_while(|&item| !self.named[item]);
            gaps.extend(
                free.map(|item| (self.prefix[item + 1] - self.prefix[from], from, item + 1)),
            );
        }
        gaps.sort_unstable();
        gaps
    }

    /// In how many places a set of this reach may have its gap.
    fn places(&self, reach: Reach) -> usize {
        parts(reach.before.saturating_sub(1)) + self.inner + parts(reach.after.saturating_sub(1))
    }
}

/// How many runs neighbours have.
fn parts(neighbours: usize) -> usize {
    neighbours * (neighbours + 1) / 2
}
