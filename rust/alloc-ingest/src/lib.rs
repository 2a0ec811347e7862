//! Bank files to entries, streaming: bytes in, rows out.
//!
//! [`read_bank`] recognises the format by its content and hands every entry to a
//! [`BankSink`](alloc_domain::bank::BankSink) as soon as it is complete, so memory does not grow
//! with the file.
#![forbid(unsafe_code)]

mod bai2;
mod camt;
mod cfonb;
mod charset;
mod decode;
mod detect;
mod error;
mod lines;
mod mt940;
mod ofx;
mod positions;
mod read;
mod recorder;
pub mod toml_lines;

pub use detect::{Format, detect};
pub use error::{BankFileError, FileError};
pub use read::{Options, open_bank, read_bank};
pub use toml_lines::{TomlSyntaxError, toml_lines};
