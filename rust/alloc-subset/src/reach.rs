//! Every reachable sum: "never, once, more than once", exactly, and the sets behind it.

use crate::meter::Meter;
use crate::planes::{Plane, Planes};
use crate::pool::{Class, Pick, Pool};

/// Which words of the planes each class has to bring up to date.
///
/// Before a class, no sum above the amounts so far exists; after it, sums that the remaining
/// classes cannot lift to the lowest admissible sum no longer matter.
fn windows(pool: &Pool) -> Vec<(usize, usize)> {
    let words = |sum: u64| usize::try_from(sum / 64).expect("planes fit the memory");
    let (mut so_far, mut rest) = (0, pool.total);
    let (low, high) = (pool.low(), pool.high());
    let window = |class: &Class| {
        let amount = class.amount * u64::from(class.count);
        so_far += amount;
        rest -= amount;
        (words(low.saturating_sub(rest)), words(so_far.min(high)) + 1)
    };
    pool.classes.iter().map(window).collect()
}

/// Steps and bytes of [`count`].
pub(crate) fn price(pool: &Pool) -> (u64, u64) {
    let plane = (pool.high() / 64 + 1).saturating_mul(8);
    let copies = u64::from(pool.classes.iter().any(|class| class.count > 1));
    let bytes = plane.saturating_mul(2 + 2 * copies);
    if usize::try_from(pool.high()).is_err() {
        return (u64::MAX, u64::MAX);
    }
    let steps = pool
        .classes
        .iter()
        .zip(windows(pool))
        .map(|(class, (from, to))| {
            let passes = if class.count == 1 {
                1
            } else {
                3 * u64::from(class.count)
            };
            (to.saturating_sub(from) as u64 + 16).saturating_mul(passes)
        });
    let sums = pool.segments.iter().map(|s| s.high - s.low + 1);
    (steps.chain(sums).fold(0, u64::saturating_add), bytes)
}

/// What the planes say of the admissible sums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    /// How many picks are admissible: 0, 1, or 2 for more than one.
    pub count: u32,
    /// The first sums that are reached, as many as it takes to say so.
    pub sums: Vec<u64>,
}

/// Computes how often the admissible sums are reached.
pub(crate) fn count(pool: &Pool, meter: &mut Meter) -> Reached {
    let (steps, bytes) = price(pool);
    meter.spend(steps, bytes);
    let mut planes = Planes::new(pool.high());
    for (class, (from, to)) in pool.classes.iter().zip(windows(pool)) {
        add_class(&mut planes, class, from, to);
    }
    let (mut count, mut sums) = (0, Vec::new());
    for segment in &pool.segments {
        for sum in segment.low..=segment.high {
            let times = planes.reached(sum);
            if times > 0 {
                sums.push(sum);
            }
            count += times;
            if count > 1 {
                return Reached { count: 2, sums };
            }
        }
    }
    Reached { count, sums }
}

/// Adds 0 to `count` items of a class, each number of them as one choice.
fn add_class(planes: &mut Planes, class: &Class, from: usize, to: usize) {
    if class.count == 1 {
        planes.add(class.amount, from, to);
        return;
    }
    let mut lifted = planes.clone();
    for _ in 0..class.count {
        // Sums below the window still count as sources of the next copy.
        lifted.shift(class.amount, 0, to);
        planes.add_planes(&lifted, from, to);
    }
}

/// As many different admissible picks as `reached` counts, or `None` beyond the budget.
///
/// The classes are halved again and again; a sum that the lower half reaches and that the upper
/// half completes says what each half has to make up. Costs about twice the work of one plane.
pub(crate) fn witnesses(pool: &Pool, reached: &Reached, meter: &mut Meter) -> Option<Vec<Pick>> {
    let (steps, bytes) = price(pool);
    let limit = reached.count as usize;
    let mut found: Vec<Pick> = Vec::new();
    for &sum in &reached.sums {
        if !meter.try_spend(steps.saturating_mul(4), bytes) {
            return None;
        }
        let search = Search {
            classes: &pool.classes,
        };
        let all = 0..pool.classes.len();
        found.extend(search.find(all, sum, limit - found.len()));
    }
    Some(found)
}

struct Search<'p> {
    classes: &'p [Class],
}

impl Search<'_> {
    /// Up to `limit` picks of a range of classes that add up to `sum`.
    fn find(&self, range: std::ops::Range<usize>, sum: u64, limit: usize) -> Vec<Pick> {
        let classes = &self.classes[range.clone()];
        let none = || vec![0; self.classes.len()];
        if sum == 0 {
            return vec![none()];
        }
        if let [class] = classes {
            let taken = u32::try_from(sum / class.amount).unwrap_or(u32::MAX);
            if !sum.is_multiple_of(class.amount) || taken > class.count {
                return Vec::new();
            }
            let mut pick = none();
            pick[range.start] = taken;
            return vec![pick];
        }
        if classes.is_empty() {
            return Vec::new();
        }
        let middle = range.start + classes.len() / 2;
        let (below, above) = (range.start..middle, middle..range.end);
        let meetings = self.meetings(&below, &above, sum, limit);
        let mut found: Vec<Pick> = Vec::new();
        for meeting in &meetings {
            // One meeting may hide several picks; two meetings give two different ones.
            let want = if meetings.len() > 1 { 1 } else { limit };
            let lows = self.find(below.clone(), *meeting, want);
            let highs = self.find(above.clone(), sum - meeting, want);
            for low in &lows {
                for high in &highs {
                    if found.len() < limit {
                        found.push(low.iter().zip(high).map(|(a, b)| a + b).collect());
                    }
                }
            }
        }
        found
    }

    /// Up to `limit` sums that the lower classes reach and the upper ones complete to `sum`.
    fn meetings(
        &self,
        below: &std::ops::Range<usize>,
        above: &std::ops::Range<usize>,
        sum: u64,
        limit: usize,
    ) -> Vec<u64> {
        let low = self.plane(below, sum);
        let high = self.plane(above, sum);
        let mut found = Vec::new();
        for (base, &word) in (0_u64..).step_by(64).zip(&low.words) {
            let mut word = word;
            while word != 0 {
                let part = base + u64::from(word.trailing_zeros());
                word &= word - 1;
                if part <= sum && high.reaches(sum - part) {
                    found.push(part);
                    if found.len() >= limit {
                        return found;
                    }
                }
            }
        }
        found
    }

    /// The sums up to `high` that a range of classes reaches.
    fn plane(&self, range: &std::ops::Range<usize>, high: u64) -> Plane {
        let mut plane = Plane::new(high);
        let mut so_far = 0;
        for class in &self.classes[range.clone()] {
            for amount in binary_parts(class) {
                so_far += amount;
                let to = usize::try_from(so_far.min(high) / 64).expect("a plane fits the memory");
                plane.add(amount, to + 1);
            }
        }
        plane
    }
}

/// Amounts whose subsets add up to every number of items of the class: 1, 2, 4, ... and the rest.
fn binary_parts(class: &Class) -> Vec<u64> {
    let (mut rest, mut part) = (class.count, 1);
    let mut parts = Vec::new();
    while rest > 0 {
        let taken = part.min(rest);
        parts.push(class.amount * u64::from(taken));
        rest -= taken;
        part = part.saturating_mul(2);
    }
    parts
}
