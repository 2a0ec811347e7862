//! Pools of open items for the benches: seeded, the same on every machine.

#![forbid(unsafe_code)]
#![allow(
    clippy::float_arithmetic,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "benches draw log-normal amounts; nothing here is money"
)]

pub mod book;

/// A pool with a set that makes up its target.
#[derive(Clone, Debug)]
pub struct Pool {
    /// Amounts, minor units.
    pub amounts: Vec<i64>,
    /// Their evidence: cost of being in, millinats.
    pub costs: Vec<i64>,
    /// Sum of the paid items.
    pub target: i64,
}

/// A small generator (`SplitMix64`), so that no release of a crate changes the pools.
#[derive(Clone, Debug)]
pub struct Draw(u64);

impl Draw {
    /// Starts from a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    fn unit(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// A standard normal number (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let (first, second) = (self.unit(), self.unit());
        (-2.0 * first.ln()).sqrt() * (std::f64::consts::TAU * second).cos()
    }
}

/// Log-normal amounts around 300.00 of which `paid` are paid, with evidence of strength `signal`
/// (the distance of the two groups in standard deviations).
#[must_use]
pub fn log_normal(items: usize, paid: usize, signal: f64, seed: u64) -> Pool {
    let mut draw = Draw::new(seed);
    let amounts: Vec<i64> = (0..items)
        .map(|_| (30_000.0 * (1.2 * draw.normal()).exp()).clamp(100.0, 1e8) as i64)
        .collect();
    let mut order: Vec<(u64, usize)> = (0..items).map(|item| (draw.bits(), item)).collect();
    order.sort_unstable();
    let mut is_paid = vec![false; items];
    for &(_, item) in &order[..paid] {
        is_paid[item] = true;
    }
    let share = paid as f64 / items as f64;
    let base = (share / (1.0 - share)).ln();
    let costs = is_paid
        .iter()
        .map(|&paid| {
            let side = if paid { 0.5 } else { -0.5 };
            let odds = base + side * signal * signal + signal * draw.normal();
            (-1_000.0 * odds) as i64
        })
        .collect();
    let chosen = amounts.iter().zip(&is_paid).filter(|(_, paid)| **paid);
    let target = chosen.map(|(amount, _)| amount).sum();
    Pool {
        amounts,
        costs,
        target,
    }
}
