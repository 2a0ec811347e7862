//! The only floats of the core: density, weights and the posterior bound.
//!
//! Nothing here touches an amount: amounts come in, integers (millinats, 1/1000 bit, ppm) go out.
//! The order of evaluation is fixed, functions are the pure-Rust ones of `libm`, and every bound is
//! rounded outwards by more than the error that can have piled up.

#![allow(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::inline_always,
    clippy::suboptimal_flops,
    reason = "probabilities are real numbers: each loss is covered by the outward rounding; the \
              convolution is inlined to be compiled for the detected processor"
)]

mod cyclic;
mod gate;
mod scattered;
mod shapes;
mod weight;

pub(crate) use cyclic::bound;
pub(crate) use gate::{Gate, gate};
pub(crate) use scattered::Scattered;
pub use scattered::scattered_numbers;
pub(crate) use shapes::{Mass, Reach, ShapePrior, View, WINDOW_MIN};
pub(crate) use weight::{PartialSum, Ways, Weights};

/// Relative error of one elementary function or operation here, generously.
const EPSILON: f64 = 1.0 / (1_u64 << 50) as f64;

/// Natural log-odds of taking one item of a class whose cost is `cost` millinats.
fn log_odds(cost: i64) -> f64 {
    -(cost as f64) / 1_000.0
}

/// `ln(1 + e^x)` without overflow.
fn log1p_exp(x: f64) -> f64 {
    x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
}

/// `1 / (1 + e^-x)` without overflow.
fn logistic(x: f64) -> f64 {
    let tail = libm::exp(-x.abs());
    if x >= 0.0 {
        1.0 / (1.0 + tail)
    } else {
        tail / (1.0 + tail)
    }
}
