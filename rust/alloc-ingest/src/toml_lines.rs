//! Where each key of a TOML text stands, so that a mistake can be named with its line.

use alloc_domain::{Reason, ReasonKind};
use thiserror::Error;
use toml_edit::{Array, Document, InlineTable, Item, Key, Table, TableLike, Value};

/// The text is not TOML.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {message}")]
pub struct TomlSyntaxError {
    /// Line of the mistake, from 1.
    pub line: usize,
    /// What the parser met, in one line.
    pub message: String,
}

impl Reason for TomlSyntaxError {
    fn code(&self) -> &'static str {
        "TOML_SYNTAX"
    }

    fn kind(&self) -> ReasonKind {
        ReasonKind::Input
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        vec![("line", self.line.to_string())]
    }
}

/// Lists every key of a TOML text with its line (from 1), in the order of the text's tables.
///
/// * `text` — a whole TOML document
///
/// A path joins keys by dots and counts array elements: `entity[1].bank[0].iban`. A key that is not
/// bare stands in double quotes, with `\` before `"` and `\`. A table has the line of its header.
///
/// # Errors
/// [`TomlSyntaxError`] with the line, for a text that is not TOML.
pub fn toml_lines(text: &str) -> Result<Vec<(String, usize)>, TomlSyntaxError> {
    let lines = LineStarts::of(text);
    let document = Document::parse(text).map_err(|error| TomlSyntaxError {
        line: error.span().map_or(1, |span| lines.line(span.start)),
        message: error.message().replace('\n', ", "),
    })?;
    let mut found = Found {
        lines,
        paths: Vec::new(),
    };
    found.entries("", document.as_table(), Table::get_key_value);
    Ok(found.paths)
}

/// The offset of the first byte of every line.
struct LineStarts(Vec<usize>);

impl LineStarts {
    fn of(text: &str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(breaks).collect())
    }

    fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|&start| start <= offset)
    }
}

struct Found {
    lines: LineStarts,
    paths: Vec<(String, usize)>,
}

impl Found {
    fn add(&mut self, path: String, span: Option<std::ops::Range<usize>>) {
        let line = span.map_or(1, |span| self.lines.line(span.start));
        self.paths.push((path, line));
    }

    fn entries<'a, T: TableLike>(
        &mut self,
        prefix: &str,
        table: &'a T,
        entry: impl Fn(&'a T, &str) -> Option<(&'a Key, &'a Item)>,
    ) {
        for (name, _) in table.iter() {
            let Some((key, item)) = entry(table, name) else {
                continue;
            };
            let path = joined(prefix, name);
            let span = match item {
                Item::Table(table) => table.span().or_else(|| key.span()),
                Item::ArrayOfTables(tables) => tables.span().or_else(|| key.span()),
                Item::None | Item::Value(_) => key.span(),
            };
            self.add(path.clone(), span);
            self.item(&path, item);
        }
    }

    fn item(&mut self, path: &str, item: &Item) {
        match item {
            Item::None => {}
            Item::Value(value) => self.value(path, value),
            Item::Table(table) => self.entries(path, table, Table::get_key_value),
            Item::ArrayOfTables(tables) => {
                for (index, table) in tables.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    self.add(path.clone(), table.span());
                    self.entries(&path, table, Table::get_key_value);
                }
            }
        }
    }

    fn value(&mut self, path: &str, value: &Value) {
        match value {
            Value::Array(array) => self.array(path, array),
            Value::InlineTable(table) => self.entries(path, table, InlineTable::get_key_value),
            _ => {}
        }
    }

    fn array(&mut self, path: &str, array: &Array) {
        for (index, value) in array.iter().enumerate() {
            let path = format!("{path}[{index}]");
            self.add(path.clone(), value.span());
            self.value(&path, value);
        }
    }
}

fn joined(prefix: &str, key: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let key = if !key.is_empty() && key.bytes().all(bare) {
        key.to_owned()
    } else {
        format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))
    };
    if prefix.is_empty() {
        key
    } else {
        format!("{prefix}.{key}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_of(text: &str, path: &str) -> Option<usize> {
        let found = toml_lines(text).expect("valid TOML");
        found
            .into_iter()
            .find_map(|(name, line)| (name == path).then_some(line))
    }

    #[test]
    fn keys_tables_and_array_elements_have_their_line() {
        let text = "\
# a comment
name = \"group\"

[policy]
max_wrong_ppm = 100

[[entity]]
id = \"E01\"
[[entity]]
id = \"E02\"
codes = [
  \"A\",
  \"B\",
]
[[entity.bank]]
iban = { text = \"FR\", kind = \"x\" }
";
        for (path, line) in [
            ("name", 2),
            ("policy", 4),
            ("policy.max_wrong_ppm", 5),
            ("entity[0]", 7),
            ("entity[0].id", 8),
            ("entity[1]", 9),
            ("entity[1].codes[0]", 12),
            ("entity[1].codes[1]", 13),
            ("entity[1].bank[0]", 15),
            ("entity[1].bank[0].iban.kind", 16),
        ] {
            assert_eq!(line_of(text, path), Some(line), "{path}");
        }
    }

    #[test]
    fn dotted_and_quoted_keys_have_their_line() {
        let text = "a.b.c = 1\n\"N° pièce\" = 2\n\"01.2\" = 3\n'q\"b' = 4\n";
        assert_eq!(line_of(text, "a.b.c"), Some(1));
        assert_eq!(line_of(text, "\"N° pièce\""), Some(2));
        assert_eq!(line_of(text, "\"01.2\""), Some(3));
        assert_eq!(line_of(text, "\"q\\\"b\""), Some(4));
    }

    #[test]
    fn a_mistake_in_the_text_is_named_with_its_line() {
        for (text, line) in [
            ("a = 1\nb = \n", 2),
            ("a = 1\na = 2\n", 2),
            ("[t]\nx = 1\n\n[t]\n", 4),
            ("x = \"open\ny = 2\n", 1),
            ("\n\n= 3", 3),
        ] {
            let error = toml_lines(text).expect_err("not TOML");
            assert_eq!(error.line, line, "{text:?}: {error}");
            assert!(!error.message.contains('\n'), "{error}");
        }
    }

    #[test]
    fn an_empty_text_has_no_keys() {
        assert_eq!(toml_lines(""), Ok(Vec::new()));
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_a_crash() {
        let text = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(toml_lines(&text).is_err());
    }
}
