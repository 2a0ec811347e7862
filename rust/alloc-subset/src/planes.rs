//! Shifts of bit planes: the inner loops of the bitset dynamic programming.
//!
//! A plane has one bit per sum. Two planes say how often a sum is reached: `once` has the sums
//! reached at least once, `twice` those reached at least twice.

use pulp::{Arch, NullaryFnOnce};

/// Words that are worked on at a time; two planes of them stay in the first-level cache.
const BLOCK: usize = 512;

/// Sums reached at least once, and at least twice. Bit `s` stands for sum `s`.
#[derive(Clone, Debug)]
pub struct Planes {
    once: Vec<u64>,
    twice: Vec<u64>,
    /// Room for the sources of one block, where they overlap it.
    scratch: [Vec<u64>; 2],
    arch: Arch,
}

impl Planes {
    /// Planes for the sums from 0 to `high`, with the empty sum reached once.
    #[must_use]
    pub fn new(high: u64) -> Self {
        let words = usize::try_from(high / 64 + 1).expect("planes fit the memory");
        let mut once = vec![0; words];
        once[0] = 1;
        let twice = vec![0; words];
        let scratch = [vec![0; BLOCK + 1], vec![0; BLOCK + 1]];
        let arch = Arch::new();
        Self {
            once,
            twice,
            scratch,
            arch,
        }
    }

    /// Number of words of one plane.
    #[must_use]
    pub fn words(&self) -> usize {
        self.once.len()
    }

    /// How often `sum` is reached: 0, 1, or 2 for more than once.
    #[must_use]
    pub fn reached(&self, sum: u64) -> u32 {
        let word = usize::try_from(sum / 64).expect("planes fit the memory");
        let bit = |plane: &[u64]| u32::from(plane[word] >> (sum % 64) & 1 == 1);
        bit(&self.once) + bit(&self.twice)
    }

    /// Lets every reached sum also be reached with `amount` more; only the words from `from` to
    /// before `to` are brought up to date.
    pub fn add(&mut self, amount: u64, from: usize, to: usize) {
        let (skip, bits) = offset(amount);
        let Self {
            once,
            twice,
            scratch,
            arch,
        } = self;
        for_blocks(skip, from, to, |start, end| {
            let source = start - skip;
            let length = end - start;
            if end - skip <= start && source > 0 {
                let (below, above) = once.split_at_mut(start);
                let (below_twice, above_twice) = twice.split_at_mut(start);
                let window = source - 1..source + length;
                let sources = [&below[window.clone()], &below_twice[window]];
                let targets = [&mut above[..length], &mut above_twice[..length]];
                arch.dispatch(MergeTwo {
                    targets,
                    sources,
                    bits,
                });
            } else {
                for (buffer, plane) in scratch.iter_mut().zip([&*once, &*twice]) {
                    copy_window(buffer, plane, source, length);
                }
                let [first, second] = &*scratch;
                let sources = [&first[..=length], &second[..=length]];
                let targets = [&mut once[start..end], &mut twice[start..end]];
                arch.dispatch(MergeTwo {
                    targets,
                    sources,
                    bits,
                });
            }
        });
    }

    /// Replaces every reached sum by the sum `amount` higher.
    pub fn shift(&mut self, amount: u64, from: usize, to: usize) {
        let (skip, bits) = offset(amount);
        for plane in [&mut self.once, &mut self.twice] {
            for index in (from..to).rev() {
                let word = |back: usize| index.checked_sub(back).map_or(0, |at| plane[at]);
                plane[index] = (word(skip) << bits) | ((word(skip + 1) >> 1) >> (63 - bits));
            }
        }
    }

    /// Adds how often `other` reaches each sum.
    pub fn add_planes(&mut self, other: &Self, from: usize, to: usize) {
        let targets = self.once[from..to]
            .iter_mut()
            .zip(&mut self.twice[from..to]);
        let sources = other.once[from..to].iter().zip(&other.twice[from..to]);
        for ((once, twice), (more, most)) in targets.zip(sources) {
            *twice |= most | (*once & more);
            *once |= more;
        }
    }
}

/// A plane that only knows whether a sum is reached.
#[derive(Clone, Debug)]
pub(crate) struct Plane {
    pub words: Vec<u64>,
    scratch: Vec<u64>,
    arch: Arch,
}

impl Plane {
    /// A plane for the sums from 0 to `high`, with the empty sum reached.
    pub fn new(high: u64) -> Self {
        let mut words = vec![0; usize::try_from(high / 64 + 1).expect("a plane fits the memory")];
        words[0] = 1;
        Self {
            words,
            scratch: vec![0; BLOCK + 1],
            arch: Arch::new(),
        }
    }

    /// Lets every reached sum also be reached with `amount` more, in the words before `to`.
    pub fn add(&mut self, amount: u64, to: usize) {
        let (skip, bits) = offset(amount);
        let Self {
            words,
            scratch,
            arch,
        } = self;
        for_blocks(skip, 0, to, |start, end| {
            let length = end - start;
            copy_window(scratch, words, start - skip, length);
            arch.dispatch(MergeOne {
                target: &mut words[start..end],
                source: &scratch[..=length],
                bits,
            });
        });
    }

    /// Whether `sum` is reached.
    pub fn reaches(&self, sum: u64) -> bool {
        let word = usize::try_from(sum / 64).expect("a plane fits the memory");
        self.words
            .get(word)
            .is_some_and(|word| word >> (sum % 64) & 1 == 1)
    }
}

fn offset(amount: u64) -> (usize, u32) {
    let skip = usize::try_from(amount / 64).unwrap_or(usize::MAX);
    (skip, u32::try_from(amount % 64).expect("below 64"))
}

/// Calls `work` with blocks of words from the highest to the lowest that a shift by `skip` words
/// can change.
fn for_blocks(skip: usize, from: usize, to: usize, mut work: impl FnMut(usize, usize)) {
    let from = from.max(skip);
    let mut end = to;
    while end > from {
        let start = from.max(end.saturating_sub(BLOCK));
        work(start, end);
        end = start;
    }
}

/// Copies `length` words from `source` and the word before them (0 at the start).
fn copy_window(buffer: &mut [u64], plane: &[u64], source: usize, length: usize) {
    buffer[1..=length].copy_from_slice(&plane[source..source + length]);
    buffer[0] = source.checked_sub(1).map_or(0, |before| plane[before]);
}

/// The kernel of two planes: `sources` start one word before `targets`.
///
/// A value with an inlined call, and not a closure, so that the loop is compiled for the processor
/// that was detected.
struct MergeTwo<'a> {
    targets: [&'a mut [u64]; 2],
    sources: [&'a [u64]; 2],
    bits: u32,
}

impl NullaryFnOnce for MergeTwo<'_> {
    type Output = ();

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "compiled for the detected processor")]
    fn call(self) {
        let [once, twice] = self.targets;
        let [more, most] = self.sources;
        let length = once.len();
        let (twice, more, most) = (&mut twice[..length], &more[..=length], &most[..=length]);
        let (up, down) = (self.bits, 63 - self.bits);
        for index in 0..length {
            let first = (more[index + 1] << up) | ((more[index] >> 1) >> down);
            let second = (most[index + 1] << up) | ((most[index] >> 1) >> down);
            twice[index] |= second | (once[index] & first);
            once[index] |= first;
        }
    }
}

/// The kernel of one plane.
struct MergeOne<'a> {
    target: &'a mut [u64],
    source: &'a [u64],
    bits: u32,
}

impl NullaryFnOnce for MergeOne<'_> {
    type Output = ();

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "compiled for the detected processor")]
    fn call(self) {
        let length = self.target.len();
        let source = &self.source[..=length];
        let (up, down) = (self.bits, 63 - self.bits);
        for index in 0..length {
            self.target[index] |= (source[index + 1] << up) | ((source[index] >> 1) >> down);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn planes_count_like_a_table_of_numbers(
            amounts in prop::collection::vec(1_u64..90_000, 1..12),
            high in 1_u64..100_000,
        ) {
            let size = usize::try_from(high).expect("small") + 1;
            let mut naive = vec![0_u32; size];
            naive[0] = 1;
            let (mut planes, mut plane) = (Planes::new(high), Plane::new(high));
            let words = planes.words();
            for &amount in &amounts {
                planes.add(amount, 0, words);
                plane.add(amount, words);
                for sum in (usize::try_from(amount).expect("small")..size).rev() {
                    let back = sum - usize::try_from(amount).expect("small");
                    naive[sum] = (naive[sum] + naive[back]).min(2);
                }
            }
            for (sum, &count) in (0..=high).zip(&naive) {
                prop_assert_eq!(planes.reached(sum), count);
                prop_assert_eq!(plane.reaches(sum), count > 0);
            }
        }
    }
}
