//! Bank files to entries, streaming: bytes in, rows out.
#![forbid(unsafe_code)]

pub mod toml_lines;

pub use toml_lines::{TomlSyntaxError, toml_lines};
