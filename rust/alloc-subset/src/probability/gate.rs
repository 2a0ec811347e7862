//! The information gate: does the amount tell enough to know the set?

use super::{log_odds, log1p_exp, logistic};
use crate::pool::{Pool, Segment};

/// Newton steps for the saddle point; a handful is enough but for extreme pools.
const ITERATIONS_MAX: usize = 60;
/// Distance of the expected sum from the target, in standard deviations, that is near enough.
const NEAR: f64 = 1e-3;

/// What the amount tells, and where the saddle point lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gate {
    /// Information of the amount minus the entropy of the sets that could have made it, 1/1000 bit.
    ///
    /// The information is that of a normal distribution with the same density at the target.
    /// Saddle-point density with its third- and fourth-cumulant correction (Daniels, 1954). An
    /// estimate: it never proves anything.
    pub margin_millibits: i64,
    /// The tilt, nats per unit, under which the expected sum is the target.
    pub tilt: f64,
    /// Logarithm of the share of the tilted sums that one sum has around the target. An estimate.
    pub log_peak: f64,
}

/// Cumulants of the sum of a tilted pool.
#[derive(Clone, Copy, Default)]
struct Cumulants {
    variance: f64,
    third: f64,
    fourth: f64,
    /// Entropy of the tilted pool, nats.
    entropy: f64,
}

/// Looks at the pool around its cheapest segment.
pub(crate) fn gate(pool: &Pool) -> Gate {
    let segment = pool.segments.iter().min_by_key(|segment| segment.cost);
    let goal = segment.map_or(0.0, |segment| middle(segment, pool.total));
    let width: f64 = pool
        .segments
        .iter()
        .map(|s| (s.high - s.low) as f64 + 1.0)
        .sum();
    let tilt = saddle(pool, goal);
    let at = cumulants(pool, tilt);
    let variance = at.variance.max(1e-9);
    let bits = |nats: f64| nats / std::f64::consts::LN_2;
    let tau = std::f64::consts::TAU;
    let skewness = at.third / (variance * libm::sqrt(variance));
    let kurtosis = at.fourth / (variance * variance);
    let correction = (1.0 + kurtosis / 8.0 - 5.0 * skewness * skewness / 24.0).clamp(0.1, 10.0);
    let density = libm::log(correction) - 0.5 * libm::log(tau * variance);
    Gate {
        margin_millibits: milli(bits(0.5 - density - libm::log(width) - at.entropy)),
        tilt,
        log_peak: density,
    }
}

fn milli(value: f64) -> i64 {
    (value * 1_000.0).clamp(-1e15, 1e15) as i64
}

/// The middle of a segment, kept off the ends of the range where no finite tilt exists.
fn middle(segment: &Segment, total: u64) -> f64 {
    let total = total as f64;
    let goal = f64::midpoint(segment.low as f64, segment.high as f64);
    let edge = (total * 1e-9).max(0.25).min(total / 2.0);
    goal.clamp(edge, total - edge)
}

/// The tilt whose expected sum is `goal`: Newton's method inside a bracket.
fn saddle(pool: &Pool, goal: f64) -> f64 {
    let largest = pool.classes.last().map_or(1.0, |class| class.amount as f64);
    let smallest = pool
        .classes
        .first()
        .map_or(1.0, |class| class.amount as f64);
    let cost = pool
        .classes
        .iter()
        .map(|c| log_odds(c.cost).abs())
        .fold(0.0, f64::max);
    let (mut low, mut high) = (-(cost + 60.0) / smallest, (cost + 60.0) / smallest);
    let mut tilt = 0.0;
    for _ in 0..ITERATIONS_MAX {
        let (mean, variance) = mean_and_variance(pool, tilt);
        let miss = goal - mean;
        if miss.abs() <= NEAR * libm::sqrt(variance).max(1e-3) {
            break;
        }
        if miss > 0.0 {
            low = tilt;
        } else {
            high = tilt;
        }
        let newton = tilt + miss / variance.max(1e-300);
        tilt = if newton > low && newton < high {
            newton
        } else {
            f64::midpoint(low, high)
        };
        if (high - low) * largest < 1e-12 {
            break;
        }
    }
    tilt
}

fn mean_and_variance(pool: &Pool, tilt: f64) -> (f64, f64) {
    let (mut mean, mut variance) = (0.0, 0.0);
    for class in &pool.classes {
        let amount = class.amount as f64;
        let p = logistic(log_odds(class.cost) + tilt * amount);
        let part = f64::from(class.count) * amount * p;
        mean += part;
        variance += part * amount * (1.0 - p);
    }
    (mean, variance)
}

fn cumulants(pool: &Pool, tilt: f64) -> Cumulants {
    let mut at = Cumulants::default();
    for class in &pool.classes {
        let (amount, count) = (class.amount as f64, f64::from(class.count));
        let odds = log_odds(class.cost) + tilt * amount;
        let p = logistic(odds);
        let q = logistic(-odds);
        let spread = p * q;
        let square = amount * amount;
        at.variance += count * square * spread;
        at.third += count * square * amount * spread * (q - p);
        at.fourth += count * square * square * spread * (1.0 - 6.0 * spread);
        at.entropy += count * (log1p_exp(odds) - p * odds);
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::{Normal, normalise};
    use crate::problem::Problem;

    fn pool(amounts: &[i64], target: i64) -> Pool {
        match normalise(&Problem::new(amounts, target)).expect("in range") {
            Normal::Pool(pool) => pool,
            Normal::Refuted(_) => panic!("feasible"),
        }
    }

    #[test]
    fn the_estimate_is_close_to_the_true_number_of_sets() {
        // 1 to 24 as amounts: the number of subsets with a given sum is known by counting.
        let amounts: Vec<i64> = (1..=24).collect();
        for target in [60_usize, 110, 150] {
            let mut ways = vec![0_u64; 301];
            ways[0] = 1;
            for amount in 1..=24 {
                for sum in (amount..=300).rev() {
                    ways[sum] += ways[sum - amount];
                }
            }
            let pool = pool(&amounts, i64::try_from(target).expect("small"));
            let exact = libm::log2(ways[target] as f64) * 1_000.0;
            let got = 721.0 - gate(&pool).margin_millibits as f64;
            assert!((got - exact).abs() < 40.0, "{target}: {got} for {exact}");
        }
    }

    #[test]
    fn a_dense_pool_is_beyond_knowing_and_a_sparse_one_is_not() {
        let dense: Vec<i64> = (0..200).map(|i| 1_000 + 37 * i).collect();
        assert!(gate(&pool(&dense, 400_000)).margin_millibits < -100_000);
        let sparse: Vec<i64> = (0..12).map(|i| 1_000_003 + 7_919_000 * i * i).collect();
        assert!(gate(&pool(&sparse, 300_000_000)).margin_millibits > 10_000);
    }
}
