//! The problem in normal form: positive classes, small target, no common divisor.

use crate::error::SubsetError;
use crate::problem::{Problem, SUM_MAX_MINOR};
use crate::solution::Proof;
use crate::target::{Interval, admissible};

/// How many more bits than the total the picks of a dense pool have.
const DENSE_BITS: u32 = 3;

/// Interchangeable items. Taking one of a flipped class means leaving the item out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Class {
    /// Amount of one, > 0, in units of the pool's divisor.
    pub amount: u64,
    /// How many there are.
    pub count: u32,
    /// Cost of taking one rather than not, millinats.
    pub cost: i64,
    /// Whether taking means leaving the item out (credit notes, or a complemented pool).
    pub flipped: bool,
    /// Start of the class in [`Pool::members`].
    pub first: usize,
}

impl Class {
    /// How many the prior set takes.
    pub fn prior(&self) -> u32 {
        if self.cost < 0 { self.count } else { 0 }
    }
}

/// Sums from `low` to `high` are admissible, in units of the pool's divisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub low: u64,
    pub high: u64,
    pub cost: i64,
}

/// How many of each class are taken.
pub(crate) type Pick = Vec<u32>;

/// A normalised problem.
#[derive(Debug)]
pub(crate) struct Pool {
    /// Ascending by amount.
    pub classes: Vec<Class>,
    /// Item positions, class by class, ascending within a class.
    pub members: Vec<u32>,
    /// Disjoint, ascending, within `0..=total`; not empty.
    pub segments: Vec<Segment>,
    /// Sum of all amounts.
    pub total: u64,
    /// Items whose state follows from the target alone (or that have no amount), and are in.
    pub fixed_in: Vec<usize>,
}

impl Pool {
    /// The highest admissible sum.
    pub fn high(&self) -> u64 {
        self.segments.last().map_or(0, |segment| segment.high)
    }

    /// The lowest admissible sum.
    pub fn low(&self) -> u64 {
        self.segments.first().map_or(0, |segment| segment.low)
    }

    /// The segment that admits `sum`.
    pub fn segment(&self, sum: u64) -> Option<&Segment> {
        self.segments
            .iter()
            .find(|segment| segment.low <= sum && sum <= segment.high)
    }

    /// Number of different picks, saturating.
    pub fn picks(&self) -> u64 {
        let counts = self.classes.iter().map(|class| u64::from(class.count) + 1);
        counts.fold(1, u64::saturating_mul)
    }

    /// Whether picks are far more numerous than the sums they can have, so that one sum has many.
    pub fn dense(&self) -> bool {
        let bits = |class: &Class| (class.count + 1).ilog2();
        let picks: u32 = self.classes.iter().map(bits).sum();
        picks >= DENSE_BITS + (u64::BITS - self.total.leading_zeros())
    }

    /// Whether any item has evidence for or against it.
    pub fn weighted(&self) -> bool {
        self.classes.iter().any(|class| class.cost != 0)
    }

    /// The pick that is most likely before the target is known.
    pub fn prior(&self) -> Pick {
        self.classes.iter().map(Class::prior).collect()
    }

    /// The sum of a pick.
    pub fn sum(&self, pick: &[u32]) -> u64 {
        let parts = self.classes.iter().zip(pick);
        parts.map(|(class, &k)| class.amount * u64::from(k)).sum()
    }

    /// The cost of a pick against the prior pick, millinats; without its segment.
    pub fn cost(&self, pick: &[u32]) -> i64 {
        let parts = self.classes.iter().zip(pick);
        parts
            .map(|(class, &k)| class.cost * (i64::from(k) - i64::from(class.prior())))
            .sum()
    }

    /// The pick that has exactly the items of a range of positions in, or interchangeable ones;
    /// `None` if a fixed item contradicts it.
    pub fn pick_of(&self, range: std::ops::Range<usize>) -> Option<Pick> {
        let mut pick: Pick = Vec::with_capacity(self.classes.len());
        let mut chosen = self
            .fixed_in
            .iter()
            .filter(|item| range.contains(item))
            .count();
        if chosen < self.fixed_in.len() {
            return None;
        }
        for class in &self.classes {
            let members = &self.members[class.first..class.first + class.count as usize];
            let inside = members
                .iter()
                .filter(|&&m| range.contains(&(m as usize)))
                .count();
            chosen += inside;
            let inside = u32::try_from(inside).expect("items are limited");
            pick.push(if class.flipped {
                class.count - inside
            } else {
                inside
            });
        }
        let sum = self.sum(&pick);
        (chosen == range.len() && self.segment(sum).is_some()).then_some(pick)
    }

    /// Gives every item a cost of being in rather than out, millinats.
    ///
    /// * `cost`: by position, the same for interchangeable items
    pub fn set_costs(&mut self, cost: impl Fn(usize) -> i64) {
        for class in &mut self.classes {
            let cost = cost(self.members[class.first] as usize);
            class.cost = if class.flipped { -cost } else { cost };
        }
    }

    /// The positions of the items that a pick has in, ascending.
    pub fn items(&self, pick: &[u32]) -> Vec<usize> {
        let mut items = self.fixed_in.clone();
        for (class, &taken) in self.classes.iter().zip(pick) {
            let chosen = if class.flipped {
                class.count - taken
            } else {
                taken
            };
            let members = &self.members[class.first..class.first + chosen as usize];
            items.extend(members.iter().map(|&member| member as usize));
        }
        items.sort_unstable();
        items
    }
}

/// A pool, or the proof that no set is admissible.
#[derive(Debug)]
pub(crate) enum Normal {
    Pool(Pool),
    Refuted(Proof),
}

/// The items that are still open while the problem is normalised.
struct Live<'p, 'a> {
    problem: &'p Problem<'a>,
    items: Vec<u32>,
    intervals: Vec<Interval>,
    /// Sums of the positive and of the negative amounts of `items`.
    positive: i128,
    negative: i128,
    fixed_in: Vec<usize>,
}

/// Brings a problem into normal form.
///
/// Items too large to be in (or too large to be out) are fixed, credit notes are flipped, pools
/// are complemented so that the target is at most half the total, and the greatest common divisor
/// is taken out. Sums are checked in 128 bits.
pub(crate) fn normalise(problem: &Problem<'_>) -> Result<Normal, SubsetError> {
    let mut live = Live::new(problem);
    loop {
        let (low, high) = (live.negative, live.positive);
        live.intervals.retain(|i| i.high >= low && i.low <= high);
        if live.intervals.is_empty() {
            return Ok(Normal::Refuted(Proof::Range));
        }
        if !live.fix_items() {
            break;
        }
    }
    let total = u64::try_from(live.positive - live.negative)
        .ok()
        .filter(|&total| total <= SUM_MAX_MINOR)
        .ok_or(SubsetError::SumTooLarge {
            limit: SUM_MAX_MINOR,
        })?;
    let divisor = live.divisor();
    // After flipping the credit notes every sum grows by what they would have taken away.
    let lift = -live.negative;
    let mut segments: Vec<Segment> = Vec::with_capacity(live.intervals.len());
    for interval in &live.intervals {
        segments.extend(segment(interval, lift, total, divisor));
    }
    if segments.is_empty() {
        return Ok(Normal::Refuted(Proof::Divisor));
    }
    let total = total / divisor;
    let complement = segments[0].low + segments[segments.len() - 1].high > total;
    if complement {
        segments.reverse();
        for segment in &mut segments {
            (segment.low, segment.high) = (total - segment.high, total - segment.low);
        }
    }
    let (classes, members) = classes(problem, &live.items, divisor, complement);
    Ok(Normal::Pool(Pool {
        classes,
        members,
        segments,
        total,
        fixed_in: live.fixed_in,
    }))
}

/// An interval of signed sums as a segment of the flipped pool, in units of `divisor`.
fn segment(interval: &Interval, lift: i128, total: u64, divisor: u64) -> Option<Segment> {
    let low = u64::try_from((interval.low + lift).max(0)).ok()?;
    let high = u64::try_from(interval.high + lift)
        .unwrap_or(u64::MAX)
        .min(total);
    let (low, high) = (low.div_ceil(divisor), high / divisor);
    let cost = interval.cost;
    (low <= high).then_some(Segment { low, high, cost })
}

impl<'p, 'a> Live<'p, 'a> {
    fn new(problem: &'p Problem<'a>) -> Self {
        let mut live = Self {
            problem,
            items: Vec::with_capacity(problem.amounts_minor.len()),
            intervals: admissible(problem),
            positive: 0,
            negative: 0,
            fixed_in: Vec::new(),
        };
        for (index, &amount) in (0_u32..).zip(problem.amounts_minor) {
            match amount {
                0 if problem.cost(index as usize) < 0 => live.fixed_in.push(index as usize),
                0 => {}
                1.. => live.positive += i128::from(amount),
                _ => live.negative += i128::from(amount),
            }
            if amount != 0 {
                live.items.push(index);
            }
        }
        live
    }

    /// Fixes the items that every admissible set has in, or has out; says whether there were any.
    fn fix_items(&mut self) -> bool {
        let before = self.items.len();
        let lowest = self.intervals[0].low;
        let highest = self.intervals[self.intervals.len() - 1].high;
        let (mut positive, mut negative) = (self.positive, self.negative);
        let mut shift = 0_i128;
        let amounts = self.problem.amounts_minor;
        let fixed_in = &mut self.fixed_in;
        self.items.retain(|&index| {
            let amount = i128::from(amounts[index as usize]);
            // `shift` holds the amounts fixed in so far; the ends move with it.
            let (low, high) = (lowest - shift, highest - shift);
            let (with_low, with_high) = (negative + amount.max(0), positive + amount.min(0));
            let (without_low, without_high) = (negative - amount.min(0), positive - amount.max(0));
            let can_be_in = with_low <= high && with_high >= low;
            let can_be_out = without_low <= high && without_high >= low;
            if can_be_in && can_be_out {
                return true;
            }
            (positive, negative) = (without_high, without_low);
            if can_be_in {
                shift += amount;
                fixed_in.push(index as usize);
            }
            false
        });
        (self.positive, self.negative) = (positive, negative);
        for interval in &mut self.intervals {
            interval.low -= shift;
            interval.high -= shift;
        }
        self.items.len() < before
    }

    /// The greatest common divisor of all amounts; 1 for an empty pool.
    fn divisor(&self) -> u64 {
        let mut divisor = 0;
        for &index in &self.items {
            divisor = gcd(
                self.problem.amounts_minor[index as usize].unsigned_abs(),
                divisor,
            );
            if divisor == 1 {
                return 1;
            }
        }
        divisor.max(1)
    }
}

/// Greatest common divisor; `gcd(a, 0) = a`.
pub(crate) fn gcd(a: u64, b: u64) -> u64 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Groups interchangeable items, ascending by amount.
fn classes(
    problem: &Problem<'_>,
    items: &[u32],
    divisor: u64,
    complement: bool,
) -> (Vec<Class>, Vec<u32>) {
    let amount = |index: u32| problem.amounts_minor[index as usize];
    // Sorted as one integer: by amount, then position.
    let mut keys: Vec<u128> = items
        .iter()
        .map(|&index| u128::from(amount(index).unsigned_abs() / divisor) << 32 | u128::from(index))
        .collect();
    keys.sort_unstable();
    let mut members: Vec<u32> = keys.iter().map(|&key| low_half(key)).collect();
    let kind = |index: u32| {
        let flipped = (amount(index) < 0) != complement;
        let cost = problem.cost(index as usize);
        let cost = if flipped { -cost } else { cost };
        (cost, problem.kind(index as usize), flipped)
    };
    let mut classes: Vec<Class> = Vec::with_capacity(items.len());
    let mut start = 0;
    while start < keys.len() {
        let value = keys[start] >> 32;
        let end = start
            + keys[start..]
                .iter()
                .take_while(|&&k| k >> 32 == value)
                .count();
        let group = &mut members[start..end];
        if group.len() > 1 {
            group.sort_by_key(|&index| (kind(index), index));
        }
        for (offset, &index) in group.iter().enumerate() {
            let (cost, _, flipped) = kind(index);
            if offset > 0 && kind(index) == kind(group[offset - 1]) {
                classes.last_mut().expect("the group has a class").count += 1;
                continue;
            }
            classes.push(Class {
                amount: u64::try_from(value).expect("an amount has 64 bits"),
                count: 1,
                cost,
                flipped,
                first: start + offset,
            });
        }
        start = end;
    }
    (classes, members)
}

/// The position packed into the low half of a sort key.
fn low_half(key: u128) -> u32 {
    u32::try_from(key & 0xFFFF_FFFF).expect("masked to 32 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(problem: &Problem<'_>) -> Pool {
        match normalise(problem).expect("the problem is in range") {
            Normal::Pool(pool) => pool,
            Normal::Refuted(proof) => panic!("refuted by {}", proof.name()),
        }
    }

    #[test]
    fn credit_notes_are_flipped_and_the_divisor_is_taken_out() {
        let got = pool(&Problem::new(&[1_000, -300, 700, 700, 0, 1_300], 1_400));
        let classes: Vec<_> = got
            .classes
            .iter()
            .map(|c| (c.amount, c.count, c.flipped))
            .collect();
        assert_eq!(
            classes,
            [(3, 1, true), (7, 2, false), (10, 1, false), (13, 1, false)]
        );
        assert_eq!((got.total, got.low(), got.high()), (40, 17, 17));
    }

    #[test]
    fn an_item_that_no_admissible_set_can_have_is_dropped_before_sums_are_checked() {
        let amounts = [i64::MAX, 5, 7, i64::MAX, 9, 4];
        let got = pool(&Problem::new(&amounts, 13));
        assert_eq!(got.total, 25);
        assert_eq!(got.classes.len(), 4);
    }

    #[test]
    fn an_item_that_every_admissible_set_needs_is_in() {
        let got = pool(&Problem::new(&[1_000, 3, 4, 5], 1_007));
        assert_eq!(got.fixed_in, [0]);
        assert_eq!(got.classes.len(), 3);
    }

    #[test]
    fn sums_beyond_the_safe_range_are_refused_by_name() {
        let amounts = [i64::MAX, i64::MAX, i64::MIN, 1];
        let error = normalise(&Problem::new(&amounts, 0)).expect_err("too large");
        let limit = SUM_MAX_MINOR;
        assert_eq!(error, SubsetError::SumTooLarge { limit });
    }

    #[test]
    fn range_and_divisor_refute_at_once() {
        for (target, proof) in [(76, Proof::Range), (-1, Proof::Range), (38, Proof::Divisor)] {
            let problem = Problem::new(&[5, 10, 15, 20, 25], target);
            let normal = normalise(&problem).expect("in range");
            assert!(
                matches!(normal, Normal::Refuted(p) if p == proof),
                "{target}"
            );
        }
    }

    #[test]
    fn the_first_members_of_a_class_are_chosen_also_when_it_is_flipped() {
        let got = pool(&Problem::new(&[-50, -50, -50, 1], -49));
        // Two of the three flipped credit notes are taken, so one is in: the first.
        let flipped = got
            .classes
            .iter()
            .position(|c| c.count == 3)
            .expect("one class");
        let mut pick = got.prior();
        pick[flipped] = if got.classes[flipped].flipped { 2 } else { 1 };
        assert!(got.items(&pick).contains(&0));
        assert!(!got.items(&pick).contains(&1));
    }
}
