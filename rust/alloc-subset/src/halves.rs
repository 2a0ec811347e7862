//! Meet in the middle: all sums of two halves of a pool, sorted by merging, matched by two
//! pointers (Horowitz and Sahni, 1974). One target and sorted arrays: no hash map.

use crate::meter::Meter;
use crate::pool::{Class, Pick, Pool, Segment};

/// Steps that one merged list entry costs.
const STEPS_PER_ENTRY: u64 = 3;

/// Most classes of which every split is tried.
const TRIED_MAX: usize = 8;

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
    if classes.len() <= TRIED_MAX && classes.iter().any(|class| class.count > 1) {
        return evenest(classes);
    }
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

/// The split with the fewest picks in both halves together.
fn evenest(classes: &[Class]) -> Split {
    let picks = |class: &Class| u64::from(class.count) + 1;
    let half = |mask: u32, index: usize| usize::from(mask >> index & 1 == 1);
    let sizes = |mask: u32| {
        let mut sizes = [1_u64, 1];
        for (index, class) in classes.iter().enumerate() {
            let size = &mut sizes[half(mask, index)];
            *size = size.saturating_mul(picks(class));
        }
        sizes
    };
    // The last class stays on one half: the other splits are the same, turned around.
    let masks = 0..1_u32 << (classes.len() - 1);
    let least = |&mask: &u32| {
        sizes(mask)
            .iter()
            .fold(0, |sum: u64, &size| sum.saturating_add(size))
    };
    let mask = masks.min_by_key(least).unwrap_or(0);
    let part = |wanted| {
        (0..classes.len())
            .filter(|&index| half(mask, index) == wanted)
            .collect()
    };
    Split {
        parts: [part(0), part(1)],
        sizes: sizes(mask),
    }
}

impl Split {
    /// Steps and bytes of building and matching both halves.
    pub fn price(&self) -> (u64, u64) {
        let entries = self.sizes[0].saturating_add(self.sizes[1]);
        // Each list doubles until it is whole, so merging touches twice its length, and half of it
        // is there twice.
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

/// Merges the list with itself plus `amount`, from both ends at once: neither waits for the other.
pub(crate) fn add_one(list: &mut Vec<u64>, amount: u64) {
    let size = list.len();
    let mut merged = vec![0_u64; 2 * size];
    let (front, back) = merged.split_at_mut(size);
    let (mut low, mut raised) = (0, 0);
    let (mut low_end, mut raised_end) = (size, size);
    for (first, last) in front.iter_mut().zip(back.iter_mut().rev()) {
        let (one, other) = (list[low], list[raised] + amount);
        *first = one.min(other);
        low += usize::from(one <= other);
        raised += usize::from(one > other);
        let (one, other) = (list[low_end - 1], list[raised_end - 1] + amount);
        *last = one.max(other);
        low_end -= usize::from(one > other);
        raised_end -= usize::from(one <= other);
    }
    *list = merged;
}

/// Merges the list with itself plus 1 to `count` times `amount`, leaving out sums above `high`.
///
/// The copies are doubled: merging touches about twice the length of what comes out.
fn add_many(list: &mut Vec<u64>, amount: u64, count: u64, high: u64) {
    let base = list.clone();
    let copies = count + 1;
    let mut there = 1;
    for bit in (0..copies.ilog2()).rev() {
        add_one(list, amount * there);
        there *= 2;
        if copies >> bit & 1 == 1 {
            add_list(list, &base, amount * there);
            there += 1;
        }
        let keep = list.partition_point(|&sum| sum <= high);
        list.truncate(keep);
    }
}

/// Merges the list with another one plus `amount`, in place and from the back.
fn add_list(list: &mut Vec<u64>, other: &[u64], amount: u64) {
    let (mut plain, mut raised) = (list.len(), other.len());
    list.resize(plain + raised, 0);
    while raised > 0 && plain > 0 {
        let (one, more) = (list[plain - 1], other[raised - 1] + amount);
        list[plain + raised - 1] = one.max(more);
        plain -= usize::from(one > more);
        raised -= usize::from(one <= more);
    }
    for (slot, more) in list.iter_mut().zip(&other[..raised]) {
        *slot = more + amount;
    }
}

/// Pairs of a sum of each list that fall into a segment, each two values once: by segment, then
/// ascending; lists ascending.
///
/// * `limit` — most pairs to return
pub(crate) fn pairs(
    left: &[u64],
    right: &[u64],
    segments: &[Segment],
    limit: usize,
) -> Vec<(u64, u64)> {
    let mut found = Vec::new();
    for segment in segments {
        let (mut low, mut end) = (0, right.len());
        while low < left.len() && end > 0 {
            let value = left[low];
            let pair = value + right[end - 1];
            if pair < segment.low || pair > segment.high {
                // Without a branch: which of the two moves is a coin toss.
                low += usize::from(pair < segment.low);
                end -= usize::from(pair > segment.high);
                continue;
            }
            let least = segment.low.saturating_sub(value);
            let from = right[..end].partition_point(|&other| other < least);
            for same in right[from..end].chunk_by(|one, other| one == other) {
                if found.len() == limit {
                    return found;
                }
                found.push((value, same[0]));
            }
            low += times(&left[low..], value);
        }
    }
    found
}

/// How many sums a list has of which each stands for a pair; the pairs are all there are.
pub(crate) fn count_of(pairs: &[(u64, u64)], left: &[u64], right: &[u64]) -> u64 {
    let number = |list: &[u64], value: u64| {
        let from = list.partition_point(|&other| other < value);
        times(&list[from..], value) as u64
    };
    let counts = pairs
        .iter()
        .map(|&(one, other)| number(left, one) * number(right, other));
    counts.sum()
}

/// How often a list begins with a value.
fn times(list: &[u64], value: u64) -> usize {
    list.partition_point(|&other| other <= value)
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

/// Up to `limit` picks with the sums of some pairs, in a fixed order.
pub(crate) fn list_picks(
    pool: &Pool,
    halves: &[Half; 2],
    pairs: &[(u64, u64)],
    limit: usize,
    meter: &mut Meter,
) -> Vec<Pick> {
    let [left, right] = halves;
    let mut found = Vec::new();
    for same in pairs.chunk_by(|one, other| one.0 == other.0) {
        let heads = left.picks_with(pool, same[0].0, limit - found.len(), meter);
        for &(_, other) in same {
            for tail in right.picks_with(pool, other, limit - found.len(), meter) {
                for head in &heads {
                    if found.len() >= limit {
                        return found;
                    }
                    found.push(head.iter().zip(&tail).map(|(a, b)| a + b).collect());
                }
            }
        }
        if found.len() >= limit {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn all_sums_of_all_picks_stand_in_order(
            classes in prop::collection::vec((1_u64..40, 1_u32..9), 0..5),
            high in 0_u64..400,
        ) {
            let mut naive = vec![0_u64];
            for &(amount, count) in &classes {
                let more = naive.iter().flat_map(|sum| (0..=u64::from(count)).map(move |k| sum + k * amount));
                naive = more.collect();
            }
            naive.sort_unstable();
            naive.retain(|&sum| sum <= high);
            let class = |&(amount, count): &(u64, u32)| Class { amount, count, cost: 0, flipped: false, first: 0 };
            let classes: Vec<Class> = classes.iter().map(class).collect();
            prop_assert_eq!(sums(&classes, high), naive);
        }

        #[test]
        fn pairs_and_their_number_are_those_of_comparing_all(
            left in prop::collection::vec(0_u64..60, 1..20),
            right in prop::collection::vec(0_u64..60, 1..20),
            low in 0_u64..130,
            width in 0_u64..20,
        ) {
            let sorted = |mut list: Vec<u64>| {
                list.sort_unstable();
                list
            };
            let (left, right) = (sorted(left), sorted(right));
            let high = low + width;
            let all = left.iter().flat_map(|&a| right.iter().map(move |&b| (a, b)));
            let mut naive: Vec<(u64, u64)> = all.filter(|(a, b)| (low..=high).contains(&(a + b))).collect();
            let segments = [Segment { low, high, cost: 0 }];
            let count = naive.len() as u64;
            naive.dedup();
            naive.sort_unstable();
            naive.dedup();
            let found = pairs(&left, &right, &segments, usize::MAX);
            prop_assert_eq!(&found, &naive);
            prop_assert_eq!(count_of(&found, &left, &right), count);
            prop_assert_eq!(count_pairs(&left, &right, &segments), count);
            let some = naive.len().min(3);
            prop_assert_eq!(pairs(&left, &right, &segments, some), &naive[..some]);
        }
    }
}
