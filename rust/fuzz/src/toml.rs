//! What must hold of any text that may be TOML.

use std::collections::HashSet;

/// Every key has one path and a line of the text; a mistake has a line and one line of message.
#[must_use]
pub fn toml_lines(data: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(data) else {
        return false;
    };
    let lines = text.split('\n').count();
    let found = alloc_ingest::toml_lines(text);
    assert_eq!(alloc_ingest::toml_lines(text), found);
    match found {
        Ok(paths) => {
            let mut seen = HashSet::new();
            for (path, line) in &paths {
                assert!((1..=lines).contains(line), "{path}: line {line} of {lines}");
                assert!(seen.insert(path), "{path} is there twice");
            }
            !paths.is_empty()
        }
        Err(error) => {
            assert!((1..=lines).contains(&error.line), "{error}");
            assert!(!error.message.contains('\n'), "{error}");
            true
        }
    }
}
