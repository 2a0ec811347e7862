//! Weights of single explanations and shares of them, in bounds.

use super::EPSILON;
use crate::pool::Pool;

/// Logarithms of factorials, for the numbers of ways to choose interchangeable items.
#[derive(Debug)]
pub(crate) struct Ways {
    /// `ln(k!)` for k from 0 to the size of the largest class.
    factorials: Vec<f64>,
}

impl Ways {
    /// The table for a pool.
    pub fn new(pool: &Pool) -> Self {
        let largest = pool
            .classes
            .iter()
            .map(|class| class.count)
            .max()
            .unwrap_or(0);
        let mut sum = 0.0;
        let mut factorials = vec![0.0];
        for k in 1..=largest {
            sum += libm::log(f64::from(k));
            factorials.push(sum);
        }
        Self { factorials }
    }

    /// `1000 ln C(n, k)` over all classes, rounded: in how many ways interchangeable items can
    /// stand in for the chosen ones.
    pub fn millinats(&self, pool: &Pool, pick: &[u32]) -> i64 {
        (self.log(pool, pick) * 1_000.0).round() as i64
    }

    fn log(&self, pool: &Pool, pick: &[u32]) -> f64 {
        let mut sum = 0.0;
        for (class, &taken) in pool.classes.iter().zip(pick) {
            if taken > 0 && taken < class.count {
                let of = |k: u32| self.factorials[k as usize];
                sum += of(class.count) - of(taken) - of(class.count - taken);
            }
        }
        sum
    }
}

/// Natural logarithms of the weights of explanations, each with the error it may have.
#[derive(Debug)]
pub(crate) struct Weights {
    logs: Vec<(f64, f64)>,
}

/// A sum of weights as a logarithm: its lower and upper bound.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartialSum {
    pub low: f64,
    pub high: f64,
}

impl Weights {
    /// The weights of picks with their full costs (flips and segment, millinats).
    pub fn new<'p>(
        pool: &Pool,
        ways: &Ways,
        picks: impl Iterator<Item = (&'p [u32], i64)>,
    ) -> Self {
        // A table entry is a sum of logarithms that are at most its last one.
        let largest = ways.factorials.len() as f64;
        let table = largest * libm::log(largest + 1.0);
        let log = |(pick, cost): (&[u32], i64)| {
            let ways = ways.log(pool, pick);
            let log = ways - cost as f64 / 1_000.0;
            let mixed = pick.iter().filter(|&&taken| taken > 0).count() as f64 + 8.0;
            let error = if ways > 0.0 {
                mixed * largest * table
            } else {
                0.0
            };
            (log, (error + log.abs() + 1.0) * EPSILON)
        };
        let logs = picks.map(log).collect();
        Self { logs }
    }

    /// The natural logarithm of weight `index`, about.
    pub fn log(&self, index: usize) -> f64 {
        self.logs[index].0
    }

    /// The sum of all weights.
    pub fn total(&self) -> PartialSum {
        let largest = self
            .logs
            .iter()
            .map(|w| w.0)
            .fold(f64::NEG_INFINITY, f64::max);
        if largest == f64::NEG_INFINITY {
            return PartialSum {
                low: largest,
                high: largest,
            };
        }
        let (mut sum, mut error) = (0.0, 0.0_f64);
        for &(log, slack) in &self.logs {
            sum += libm::exp(log - largest);
            error = error.max(slack);
        }
        let log = largest + libm::log(sum);
        let slack = error + (self.logs.len() as f64 + 1_500.0 + log.abs()) * EPSILON;
        PartialSum {
            low: log - slack,
            high: log + slack,
        }
    }

    /// Bounds of the share of weight `index` in a total that lies between the two bounds, ppm.
    pub fn share_ppm(&self, index: usize, total: PartialSum) -> (u32, u32) {
        let (log, slack) = self.logs[index];
        let slack = slack + EPSILON;
        let low = libm::exp((log - slack - total.high).min(0.0)) * 1e6 * (1.0 - 1e-12);
        let high = libm::exp((log + slack - total.low).min(0.0)) * 1e6 * (1.0 + 1e-12);
        (low.floor().max(0.0) as u32, high.ceil().min(1e6) as u32)
    }
}
