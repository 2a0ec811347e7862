//! Bank files to entries, streaming: bytes in, rows out.
#![forbid(unsafe_code)]
