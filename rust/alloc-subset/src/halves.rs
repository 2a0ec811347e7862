//! Meet in the middle: all sums of two halves of a pool, sorted by merging, matched by two
//! pointers (Horowitz and Sahni, 1974). One target and sorted arrays: no hash map.

use crate::meter::Meter;
use crate::pool::{Class, Pick, Pool, Segment};

/// Steps that one merged list entry costs.
const STEPS_PER_ENTRY: u64 = 3;

/// The classes of a pool in two parts with about equally many picks.
#[derive(Debug)]
pub(crate) struct Split {
    /// Class positions.
    pub parts: [Vec<usize>; 2],
    /// Picks of each part, saturating.
    pub sizes: [u64; 2],
}

/// Splits a pool so that both halves have about equally many picks.
pub(crate) fn split(classes: &[Class]) -> Split {
    let mut order: Vec<usize> = (0..classes.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(classes[index].count));
    let mut split = Split {
        parts: [Vec::new(), Vec::new()],
        sizes: [1, 1],
    };
    for index in order {
        let smaller = usize::from(split.sizes[1] < split.sizes[0]);
        split.parts[smaller].push(index);
        let factor = u64::from(classes[index].count) + 1;
        split.sizes[smaller] = split.sizes[smaller].saturating_mul(factor);
    }
    split
}

impl Split {
    /// Steps and bytes of building and matching both halves.
    pub fn price(&self) -> (u64, u64) {
        let entries = self.sizes[0].saturating_add(self.sizes[1]);
        // Each list doubles until it is whole, so merging touches twice its length; a class of
        // several items is merged through a scratch list.
        let steps = entries.saturating_mul(2 * STEPS_PER_ENTRY);
        (steps, entries.saturating_mul(12))
    }
}

/// All sums of the picks of one half, with a way back from a sum to its picks.
#[derive(Debug)]
pub(crate) struct Half {
    /// Ascending; equal sums of different picks all stand here.
    pub sums: Vec<u64>,
    quarters: [Quarter; 2],
}

/// The picks of a quarter: (sum, mixed-radix code), ascending.
#[derive(Debug)]
struct Quarter {
    classes: Vec<usize>,
    coded: Vec<(u64, u64)>,
}

impl Half {
    /// Lists all sums up to `high` of the picks of `part`.
    pub fn new(pool: &Pool, part: &[usize], high: u64) -> Self {
        let classes: Vec<Class> = part.iter().map(|&index| pool.classes[index]).collect();
        let quarters = split(&classes).parts.map(|positions| {
            let classes: Vec<usize> = positions.iter().map(|&p| part[p]).collect();
            Quarter::new(pool, classes, high)
        });
        Self {
            sums: sums(&classes, high),
            quarters,
        }
    }

    /// Up to `limit` picks of this half (zero elsewhere) that add up to `sum`.
    fn picks_with(&self, pool: &Pool, sum: u64, limit: usize, meter: &mut Meter) -> Vec<Pick> {
        let [left, right] = &self.quarters;
        meter.spend((left.coded.len() + right.coded.len()) as u64, 0);
        let mut picks = Vec::new();
        let mut end = right.coded.len();
        for &(value, code) in &left.coded {
            let Some(rest) = sum.checked_sub(value) else {
                break;
            };
            while end > 0 && right.coded[end - 1].0 > rest {
                end -= 1;
            }
            let equal = right.coded[..end].iter().rev();
            for &(_, other) in equal.take_while(|entry| entry.0 == rest) {
                if picks.len() >= limit {
                    return picks;
                }
                let mut pick = vec![0; pool.classes.len()];
                left.decode(pool, code, &mut pick);
                right.decode(pool, other, &mut pick);
                picks.push(pick);
            }
        }
        picks
    }
}

impl Quarter {
    fn new(pool: &Pool, classes: Vec<usize>, high: u64) -> Self {
        let mut coded = vec![(0_u64, 0_u64)];
        let mut radix = 1;
        for &index in &classes {
            let class = pool.classes[index];
            let size = coded.len();
            for taken in 1..=u64::from(class.count) {
                let amount = class.amount * taken;
                for position in 0..size {
                    let (sum, code) = coded[position];
                    if sum + amount <= high {
                        coded.push((sum + amount, code + radix * taken));
                    }
                }
            }
            radix *= u64::from(class.count) + 1;
        }
        coded.sort_unstable();
        Self { classes, coded }
    }

    fn decode(&self, pool: &Pool, code: u64, pick: &mut Pick) {
        let mut code = code;
        for &index in &self.classes {
            let radix = u64::from(pool.classes[index].count) + 1;
            pick[index] = u32::try_from(code % radix).expect("a digit is at most the count");
            code /= radix;
        }
    }
}

/// All sums up to `high` of the picks of `classes`, ascending.
pub(crate) fn sums(classes: &[Class], high: u64) -> Vec<u64> {
    let mut list = vec![0_u64];
    for class in classes {
        if class.count == 1 {
            add_one(&mut list, class.amount);
        } else {
            add_many(&mut list, class.amount, u64::from(class.count), high);
        }
        let keep = list.partition_point(|&sum| sum <= high);
        list.truncate(keep);
    }
    list
}

/// Merges the list with itself plus `amount`, in place and from the back.
pub(crate) fn add_one(list: &mut Vec<u64>, amount: u64) {
    let size = list.len();
    list.resize(2 * size, 0);
    let (mut high, mut low) = (size, size);
    // The smallest sum is never moved, so `low` stays above 0 while `high` does.
    for slot in (0..2 * size).rev() {
        if high == 0 {
            break;
        }
        let raised = list[high - 1] + amount;
        let plain = list[low - 1];
        let take = raised > plain;
        list[slot] = if take { raised } else { plain };
        high -= usize::from(take);
        low -= usize::from(!take);
    }
}

/// Merges the list with its copies plus 1 to `count` times `amount`, leaving out sums above `high`.
fn add_many(list: &mut Vec<u64>, amount: u64, count: u64, high: u64) {
    let base = list.clone();
    for taken in 1..=count {
        let step = amount * taken;
        list.extend(
            base.iter()
                .map(|sum| sum + step)
                .take_while(|&sum| sum <= high),
        );
    }
    // The stable sort merges the ascending runs.
    #[allow(
        clippy::stable_sort_primitive,
        reason = "the list is made of ascending runs"
    )]
    list.sort();
}

/// Number of pairs of one sum from each list that fall into a segment; lists ascending.
pub(crate) fn count_pairs(left: &[u64], right: &[u64], segments: &[Segment]) -> u64 {
    let count = |segment: &Segment| {
        if segment.low == segment.high {
            count_equal(left, right, segment.low)
        } else {
            let below = segment.low.checked_sub(1);
            count_up_to(left, right, segment.high)
                - below.map_or(0, |below| count_up_to(left, right, below))
        }
    };
    segments.iter().map(count).sum()
}

/// Pairs that add up to `sum`.
fn count_equal(left: &[u64], right: &[u64], sum: u64) -> u64 {
    let (mut low, mut end) = (0, right.len());
    let mut count = 0;
    while low < left.len() && end > 0 {
        let (a, b) = (left[low], right[end - 1]);
        let pair = a + b;
        if pair == sum {
            let lefts = left[low..].iter().take_while(|&&value| value == a).count();
            let rights = right[..end]
                .iter()
                .rev()
                .take_while(|&&value| value == b)
                .count();
            count += lefts as u64 * rights as u64;
            low += lefts;
            end -= rights;
        } else {
            // Without a branch: which of the two moves is a coin toss.
            low += usize::from(pair < sum);
            end -= usize::from(pair > sum);
        }
    }
    count
}

/// Pairs that add up to at most `sum`.
fn count_up_to(left: &[u64], right: &[u64], sum: u64) -> u64 {
    let mut end = right.len();
    let mut count = 0;
    for &value in left {
        let Some(rest) = sum.checked_sub(value) else {
            break;
        };
        while end > 0 && right[end - 1] > rest {
            end -= 1;
        }
        count += end as u64;
    }
    count
}

/// Up to `limit` picks whose sum falls into a segment, in a fixed order.
pub(crate) fn list_picks(
    pool: &Pool,
    halves: &[Half; 2],
    limit: usize,
    meter: &mut Meter,
) -> Vec<Pick> {
    let [left, right] = halves;
    let mut found = Vec::new();
    for segment in &pool.segments {
        let (mut from, mut to) = (right.sums.len(), right.sums.len());
        let mut last = None;
        for &value in &left.sums {
            if last == Some(value) {
                continue;
            }
            last = Some(value);
            let Some(rest) = segment.high.checked_sub(value) else {
                break;
            };
            if found.len() >= limit {
                return found;
            }
            let floor = segment.low.saturating_sub(value);
            while to > 0 && right.sums[to - 1] > rest {
                to -= 1;
            }
            while from > 0 && right.sums[from - 1] >= floor {
                from -= 1;
            }
            if from >= to {
                continue;
            }
            let heads = left.picks_with(pool, value, limit - found.len(), meter);
            let mut partner = None;
            for &other in &right.sums[from..to] {
                if partner == Some(other) {
                    continue;
                }
                partner = Some(other);
                for tail in right.picks_with(pool, other, limit - found.len(), meter) {
                    for head in &heads {
                        if found.len() >= limit {
                            return found;
                        }
                        found.push(head.iter().zip(&tail).map(|(a, b)| a + b).collect());
                    }
                }
            }
        }
    }
    found
}
