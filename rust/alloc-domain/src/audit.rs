//! A record of the audit trail: a JSON document on one line, and the hash that chains it.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::chain::Hash;

/// One value of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// A text.
    Text(&'a str),
    /// A number.
    Integer(i64),
    /// Nothing is known.
    Missing,
}

impl Cell<'_> {
    /// Writes the value as compact JSON; what is not ASCII stays as it is.
    pub fn write(self, json: &mut String) {
        match self {
            Self::Text(text) => write_text(text, json),
            Self::Integer(value) => json.push_str(&value.to_string()),
            Self::Missing => json.push_str("null"),
        }
    }
}

fn write_text(text: &str, json: &mut String) {
    json.push('"');
    let mut written = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        json.push_str(&text[written..at]);
        written = at + 1;
        match byte {
            b'"' | b'\\' => json.extend(['\\', char::from(byte)]),
            b'\n' => json.push_str("\\n"),
            b'\r' => json.push_str("\\r"),
            b'\t' => json.push_str("\\t"),
            0x08 => json.push_str("\\b"),
            0x0c => json.push_str("\\f"),
            _ => write!(json, "\\u{byte:04x}").expect("a string takes everything"),
        }
    }
    json.push_str(&text[written..]);
    json.push('"');
}

/// The hash of a record: SHA-256 over the hash before it in hex, a line feed and the document.
#[must_use]
pub fn hash(previous_hex: &str, document: &str) -> Hash {
    let mut digest = Sha256::new();
    digest.update(previous_hex);
    digest.update("\n");
    digest.update(document);
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::hex;

    fn json(cell: Cell<'_>) -> String {
        let mut json = String::new();
        cell.write(&mut json);
        json
    }

    #[test]
    fn values_are_compact_json() {
        assert_eq!(json(Cell::Integer(i64::MIN)), "-9223372036854775808");
        assert_eq!(json(Cell::Missing), "null");
        assert_eq!(
            json(Cell::Text("Société \u{7f} 北")),
            "\"Société \u{7f} 北\""
        );
        assert_eq!(json(Cell::Text("\"a\\\"")), r#""\"a\\\"""#);
        assert_eq!(
            json(Cell::Text("\n\r\t\u{8}\u{c}\u{0}\u{1f}é")),
            r#""\n\r\t\b\f\u0000\u001fé""#
        );
    }

    #[test]
    fn the_hash_is_over_the_one_before_a_line_feed_and_the_document() {
        // printf '%064d\n{}' 0 | sha256sum
        assert_eq!(
            hex(&hash(&"0".repeat(64), "{}")),
            "5649d09ed68c17156095d175eef152856c5b1a81c117c409c1e00f096aa6838e"
        );
    }
}
