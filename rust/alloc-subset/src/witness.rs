//! Quick explanations. They prove that explanations exist, never that there are none.

use crate::halves::add_one;
use crate::meter::Meter;
use crate::pool::{Pick, Pool, gcd};

/// Bits of a packed core sum that say which items it has.
const MASK_BITS: u32 = 20;
/// Largest number of items whose subsets are listed: at first, and when exact work was too dear.
pub(crate) const CORE_SMALL: usize = 26;
pub(crate) const CORE_LARGE: usize = 36;
/// Different fills that are tried per core size.
const FILLS: usize = 4;

/// Up to `limit` different admissible picks: the plain ones first (none, all, one, all but one,
/// two), then cores of at most `core_max` items.
pub(crate) fn quick(pool: &Pool, limit: usize, core_max: usize, meter: &mut Meter) -> Vec<Pick> {
    let mut found = plain(pool, limit, meter);
    if found.len() < limit {
        cores(pool, limit, core_max, &mut found, meter);
    }
    found
}

/// Picks of no item, all items, one item, all but one and two, as far as they are admissible.
fn plain(pool: &Pool, limit: usize, meter: &mut Meter) -> Vec<Pick> {
    let none: Pick = vec![0; pool.classes.len()];
    let all: Pick = pool.classes.iter().map(|class| class.count).collect();
    meter.spend(16 * pool.classes.len() as u64, 0);
    let mut found = Vec::new();
    if pool.segment(0).is_some() {
        found.push(none.clone());
    }
    if pool.segment(pool.total).is_some() {
        keep(&mut found, all.clone());
    }
    for segment in &pool.segments {
        let start = pool
            .classes
            .partition_point(|class| class.amount < segment.low);
        let within = pool.classes[start..]
            .iter()
            .take_while(|class| class.amount <= segment.high);
        for (index, _) in (start..).zip(within) {
            if found.len() >= limit {
                break;
            }
            let mut pick = none.clone();
            pick[index] = 1;
            keep(&mut found, pick);
        }
        let rest = (pool.total - segment.high, pool.total - segment.low);
        let start = pool.classes.partition_point(|class| class.amount < rest.0);
        let within = pool.classes[start..]
            .iter()
            .take_while(|class| class.amount <= rest.1);
        for (index, _) in (start..).zip(within) {
            if found.len() >= limit {
                break;
            }
            let mut pick = all.clone();
            pick[index] -= 1;
            keep(&mut found, pick);
        }
        pairs(pool, (segment.low, segment.high), limit, &mut found);
    }
    found.truncate(limit);
    found
}

/// Picks of two items whose amounts add up to a sum of the range: two pointers.
fn pairs(pool: &Pool, range: (u64, u64), limit: usize, found: &mut Vec<Pick>) {
    let classes = &pool.classes;
    let (mut low, mut high) = (0, classes.len());
    while low < high && found.len() < limit {
        let sum = classes[low].amount + classes[high - 1].amount;
        if sum < range.0 {
            low += 1;
        } else if sum > range.1 {
            high -= 1;
        } else {
            let (first, second) = (low, high - 1);
            if first != second || classes[first].count > 1 {
                let mut pick = vec![0; classes.len()];
                pick[first] += 1;
                pick[second] += 1;
                keep(found, pick);
            }
            low += 1;
        }
    }
}

fn keep(found: &mut Vec<Pick>, pick: Pick) {
    if !found.contains(&pick) {
        found.push(pick);
    }
}

/// A core search (after Balas and Zemel, 1980): most of the sum is filled greedily with large
/// items, and the subsets of the smallest items make up the rest exactly.
fn cores(pool: &Pool, limit: usize, core_max: usize, found: &mut Vec<Pick>, meter: &mut Meter) {
    let items: Vec<(u64, usize)> = pool
        .classes
        .iter()
        .enumerate()
        .flat_map(|(index, class)| std::iter::repeat_n((class.amount, index), class.count as usize))
        .collect();
    meter.spend(2 * items.len() as u64, 0);
    let mut segments = pool.segments.clone();
    segments.sort_by_key(|segment| (segment.cost, segment.low));
    let core_max = core_max.min(items.len());
    let mut size = 8.min(core_max);
    while size <= core_max {
        let Some(core) = Core::new(pool, &items, size) else {
            return;
        };
        // Too few subsets to hit anything: a larger core.
        if core.expects_hits() || size + 2 > core_max {
            let price = 12 << (size / 2);
            let mut lists = None;
            for fill in 0..FILLS {
                for segment in &segments {
                    if !meter.try_spend(price + items.len() as u64, price * 4) {
                        return;
                    }
                    let lists = lists.get_or_insert_with(|| core.lists());
                    core.complete(pool, (segment.low, segment.high), fill, lists, limit, found);
                    if found.len() >= limit {
                        return;
                    }
                }
            }
        }
        size += 2;
    }
}

/// The smallest items, and one that makes the amounts coprime if these are not.
struct Core<'i> {
    items: &'i [(u64, usize)],
    chosen: Vec<usize>,
    sum: u64,
}

impl<'i> Core<'i> {
    /// Takes one item of each of the smallest classes, then a second one of each, and so on.
    fn new(pool: &Pool, items: &'i [(u64, usize)], size: usize) -> Option<Self> {
        let mut starts = Vec::with_capacity(size);
        let mut start = 0;
        for class in pool.classes.iter().take(size) {
            starts.push((start, class.count as usize));
            start += class.count as usize;
        }
        let copies = (0..size).flat_map(|copy| {
            let some = starts.iter().filter(move |class| copy < class.1);
            some.map(move |class| class.0 + copy)
        });
        let mut chosen: Vec<usize> = copies.take(size).collect();
        let mut divisor = chosen.iter().fold(0, |d, &at| gcd(items[at].0, d));
        let mut slot = chosen.len();
        let first = chosen.iter().max().map_or(0, |last| last + 1);
        for (at, item) in items.iter().enumerate().skip(first) {
            if divisor == 1 || slot <= size / 2 {
                break;
            }
            let next = gcd(item.0, divisor);
            if next < divisor {
                slot -= 1;
                chosen[slot] = at;
                divisor = next;
            }
        }
        chosen.sort_unstable();
        let sum = chosen.iter().map(|&at| items[at].0).sum();
        (sum < 1 << (63 - MASK_BITS)).then_some(Self { items, chosen, sum })
    }

    /// Whether the subsets are several times as many as the sums they can have.
    fn expects_hits(&self) -> bool {
        1_u64 << self.chosen.len() > self.sum
    }

    /// The packed sums (sum, then which items) of both halves of the core, ascending.
    fn lists(&self) -> [Vec<u64>; 2] {
        [0, 1].map(|half| {
            let mut list = vec![0_u64];
            for (bit, &at) in self.chosen.iter().skip(half).step_by(2).enumerate() {
                add_one(&mut list, (self.items[at].0 << MASK_BITS) | (1 << bit));
            }
            list
        })
    }

    /// Fills greedily up to the middle of the core's reach and completes with the core.
    fn complete(
        &self,
        pool: &Pool,
        range: (u64, u64),
        fill: usize,
        lists: &[Vec<u64>; 2],
        limit: usize,
        found: &mut Vec<Pick>,
    ) {
        let mut pick: Pick = vec![0; pool.classes.len()];
        let aim = range.0.saturating_sub(self.sum / 2);
        let mut filled = 0;
        let mut core = self.chosen.iter().rev().peekable();
        let mut skip = fill;
        for (at, &(amount, class)) in self.items.iter().enumerate().rev() {
            if core.next_if(|&&chosen| chosen == at).is_some() {
                continue;
            }
            if filled + amount <= aim {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                filled += amount;
                pick[class] += 1;
            }
        }
        let (Some(high), low) = (range.1.checked_sub(filled), range.0.saturating_sub(filled))
        else {
            return;
        };
        if low > self.sum {
            return;
        }
        let [left, right] = lists;
        let sum = |packed: u64| packed >> MASK_BITS;
        let (mut from, mut to) = (right.len(), right.len());
        for &first in left {
            let Some(rest) = high.checked_sub(sum(first)) else {
                break;
            };
            let least = low.saturating_sub(sum(first));
            while to > 0 && sum(right[to - 1]) > rest {
                to -= 1;
            }
            while from > 0 && sum(right[from - 1]) >= least {
                from -= 1;
            }
            for &second in &right[from..to.max(from)] {
                let mut pick = pick.clone();
                self.take(first, 0, &mut pick);
                self.take(second, 1, &mut pick);
                keep(found, pick);
                if found.len() >= limit {
                    return;
                }
            }
        }
    }

    fn take(&self, packed: u64, half: usize, pick: &mut Pick) {
        for (bit, &at) in self.chosen.iter().skip(half).step_by(2).enumerate() {
            pick[self.items[at].1] += u32::from(packed >> bit & 1 == 1);
        }
    }
}
