//! What must hold of any bytes, for every reader of bank files and for the exact core.
//!
//! A target is a function of the bytes that panics when something does not hold, and says whether
//! the bytes are worth keeping as a seed. libFuzzer (`fuzz_targets/`) and the mutation harness of
//! the stable toolchain (`src/bin/mutate.rs`) run the same functions.

mod bank;
mod marks;
mod mutation;
mod shapes;
mod subset;
mod toml;
mod watch;

use alloc_ingest::Format;

pub use self::bank::{detect, read_any};
pub use self::mutation::{Mutator, Seeds};
pub use self::shapes::shapes;
pub use self::subset::subset;
pub use self::toml::toml_lines;
pub use self::watch::{Limits, Watch};

/// A target: false when the bytes do not reach what it is about.
pub type Check = fn(&[u8]) -> bool;

/// All targets by name, in the order in which `make fuzz` runs them.
pub const TARGETS: [(&str, Check); 10] = [
    ("camt", camt),
    ("mt940", mt940),
    ("cfonb", cfonb),
    ("bai2", bai2),
    ("ofx", ofx),
    ("read_any", read_any),
    ("detect", detect),
    ("toml_lines", toml_lines),
    ("subset", subset),
    ("shapes", shapes),
];

/// ISO 20022 camt.052, .053 and .054.
#[must_use]
pub fn camt(data: &[u8]) -> bool {
    bank::read_as(data, Format::Camt)
}

/// SWIFT MT940 and MT942.
#[must_use]
pub fn mt940(data: &[u8]) -> bool {
    bank::read_as(data, Format::Mt940)
}

/// CFONB120.
#[must_use]
pub fn cfonb(data: &[u8]) -> bool {
    bank::read_as(data, Format::Cfonb120)
}

/// BAI2 and BTRS.
#[must_use]
pub fn bai2(data: &[u8]) -> bool {
    bank::read_as(data, Format::Bai2)
}

/// OFX 1 and 2.
#[must_use]
pub fn ofx(data: &[u8]) -> bool {
    bank::read_as(data, Format::Ofx)
}
