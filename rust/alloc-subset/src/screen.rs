//! Residue screens: "no set can leave this remainder", proved without any search.

use crate::meter::Meter;
use crate::pool::Pool;

/// Largest modulus that is tried.
const MODULUS_MAX: u32 = 1_000;
/// Moduli of the quick screen: small primes whose multiples prices like to be.
const QUICK: [u32; 6] = [2, 3, 5, 7, 11, 13];
/// Words that hold one bit per residue.
const WORDS: usize = 16;

/// The screen for pools that look like a lattice with a few exceptions; microseconds.
///
/// A modulus is tried only if few items are no multiples of a prime factor of it: `p - 1` such
/// items reach every residue modulo `p` (Cauchy and Davenport; Tao and Vu, Additive
/// Combinatorics, theorem 5.4), and powers of `p` follow soon.
pub(crate) fn quick(pool: &Pool, meter: &mut Meter) -> Option<u32> {
    let mut suspects: Vec<u32> = Vec::new();
    for prime in QUICK {
        meter.spend(4 * u64::from(prime), 0);
        if misses_at_most(pool, prime, (prime - 2).max(6)) {
            suspects.push(prime);
        }
    }
    let mut tried = vec![1_u32];
    for prime in suspects {
        for position in 0..tried.len() {
            let mut modulus = tried[position] * prime;
            while modulus <= MODULUS_MAX {
                if refutes(pool, modulus, meter) {
                    return Some(modulus);
                }
                tried.push(modulus);
                modulus *= prime;
            }
        }
    }
    None
}

/// The screen with every modulus up to 1,000, for use before expensive exact work.
pub(crate) fn full(pool: &Pool, meter: &mut Meter) -> Option<u32> {
    (2..=MODULUS_MAX).find(|&modulus| meter.steps_left() > 0 && refutes(pool, modulus, meter))
}

/// Whether at most `limit` items are no multiples of `prime`.
fn misses_at_most(pool: &Pool, prime: u32, limit: u32) -> bool {
    let mut misses = 0_u32;
    for class in &pool.classes {
        if !class.amount.is_multiple_of(u64::from(prime)) {
            misses = misses.saturating_add(class.count);
            if misses > limit {
                return false;
            }
        }
    }
    true
}

/// Whether no sum of the pool leaves the residue of any admissible sum.
fn refutes(pool: &Pool, modulus: u32, meter: &mut Meter) -> bool {
    let mut reached = [0_u64; WORDS];
    reached[0] = 1;
    let words = (modulus as usize).div_ceil(64);
    let mut count = 1;
    for class in &pool.classes {
        let step = u32::try_from(class.amount % u64::from(modulus)).expect("below the modulus");
        meter.spend(2, 0);
        if step == 0 {
            continue;
        }
        // After `modulus` copies nothing new is reached.
        for _ in 0..class.count.min(modulus) {
            reached = union_shifted(&reached, step, modulus);
            meter.spend(2 * words as u64, 0);
            let now: u32 = reached[..words].iter().map(|word| word.count_ones()).sum();
            if now == modulus {
                return false;
            }
            if now == count {
                break;
            }
            count = now;
        }
    }
    !admits(pool, &reached, modulus)
}

/// Whether some admissible sum has a reached residue.
fn admits(pool: &Pool, reached: &[u64; WORDS], modulus: u32) -> bool {
    let modulus = u64::from(modulus);
    pool.segments.iter().any(|segment| {
        let last = segment.high.min(segment.low + (modulus - 1));
        (segment.low..=last).any(|sum| has(reached, sum % modulus))
    })
}

fn has(reached: &[u64; WORDS], residue: u64) -> bool {
    let word = usize::try_from(residue / 64).expect("a residue is small");
    reached[word] >> (residue % 64) & 1 == 1
}

/// The residues and the residues plus `step`, modulo `modulus`; `0 < step < modulus`.
fn union_shifted(reached: &[u64; WORDS], step: u32, modulus: u32) -> [u64; WORDS] {
    let mut result = *reached;
    let up = shifted_up(reached, step);
    let down = shifted_down(reached, modulus - step);
    for ((word, up), down) in result.iter_mut().zip(up).zip(down) {
        *word |= up | down;
    }
    // Bits at and above the modulus wrapped around through `down`.
    let (last, bits) = ((modulus / 64) as usize, modulus % 64);
    if last < WORDS {
        result[last] &= (1_u64 << bits) - 1;
        result[last + 1..].fill(0);
    }
    result
}

fn shifted_up(words: &[u64; WORDS], by: u32) -> [u64; WORDS] {
    let (skip, bits) = ((by / 64) as usize, by % 64);
    std::array::from_fn(|index| {
        let word = |offset: usize| index.checked_sub(offset).map_or(0, |source| words[source]);
        (word(skip) << bits) | ((word(skip + 1) >> 1) >> (63 - bits))
    })
}

fn shifted_down(words: &[u64; WORDS], by: u32) -> [u64; WORDS] {
    let (skip, bits) = ((by / 64) as usize, by % 64);
    std::array::from_fn(|index| {
        let word = |offset: usize| words.get(index + offset).copied().unwrap_or(0);
        (word(skip) >> bits) | ((word(skip + 1) << 1) << (63 - bits))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::{Normal, normalise};
    use crate::problem::{Budget, Problem};
    use proptest::prelude::*;

    fn pool(amounts: &[i64], target: i64) -> Option<Pool> {
        match normalise(&Problem::new(amounts, target)).expect("in range") {
            Normal::Pool(pool) => Some(pool),
            Normal::Refuted(_) => None,
        }
    }

    fn meter() -> Meter {
        Meter::new(Budget::default())
    }

    #[test]
    fn prices_in_tens_with_two_exceptions_cannot_end_in_nine() {
        let mut amounts: Vec<i64> = (1..200).map(|i| (i * i + 1) * 10).collect();
        amounts.extend([113, 1_122]);
        let pool = pool(&amounts, 1_000_009).expect("only residues refute it");
        assert_eq!(quick(&pool, &mut meter()), Some(5));
        assert!(full(&pool, &mut meter()).is_some());
    }

    #[test]
    fn a_reachable_ending_passes() {
        let mut amounts: Vec<i64> = (1..200).map(|i| (i * i + 1) * 10).collect();
        amounts.extend([113, 1_122]);
        let pool = pool(&amounts, 1_000_005).expect("feasible by residue");
        assert_eq!(quick(&pool, &mut meter()), None);
        assert_eq!(full(&pool, &mut meter()), None);
    }

    proptest! {
        #[test]
        fn residues_are_those_of_all_subsets(
            steps in prop::collection::vec(1_u64..2_000, 1..10),
            modulus in 2_u32..=MODULUS_MAX,
        ) {
            let mut reached = [0_u64; WORDS];
            reached[0] = 1;
            let mut naive = std::collections::BTreeSet::from([0_u64]);
            let size = u64::from(modulus);
            for step in steps.iter().map(|step| step % size).filter(|&step| step > 0) {
                reached = union_shifted(&reached, u32::try_from(step).expect("small"), modulus);
                let more: Vec<u64> = naive.iter().map(|r| (r + step) % size).collect();
                naive.extend(more);
            }
            for residue in 0..size {
                prop_assert_eq!(has(&reached, residue), naive.contains(&residue));
            }
            prop_assert!(reached[(modulus as usize).div_ceil(64)..].iter().all(|&word| word == 0));
        }
    }
}
