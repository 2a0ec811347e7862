//! What a statement or transaction says beside the decoded fields, as lines `path=value`.

use crate::error::FileError;
use crate::recorder::LONGEST_RAW;

/// Which leaves are taken down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Keep {
    /// None: outside of messages.
    #[default]
    Nothing,
    /// Those that nobody decodes.
    Undecoded,
    /// All: where decoding may lose what belongs to what.
    All,
}

/// Collects leaves by their path below the message, entry or transaction.
#[derive(Default)]
pub(super) struct Raw {
    pub(super) keep: Keep,
    path: String,
    /// Length of the path before each open element.
    ends: Vec<usize>,
    lines: String,
    /// Whether there was more than is kept.
    too_long: bool,
}

impl Raw {
    /// Starts a new message, entry or transaction; what is around it goes on with `resume`.
    pub(super) fn start(&mut self, keep: Keep) -> Self {
        std::mem::replace(
            self,
            Self {
                keep,
                ..Self::default()
            },
        )
    }

    /// Ends it, and the element that it was.
    pub(super) fn resume(&mut self, outer: Self) {
        *self = outer;
        self.close();
    }

    /// The lines so far, if there are any; `line` is where they begin.
    pub(super) fn take(&mut self, line: u64) -> Result<Option<String>, FileError> {
        if self.too_long {
            return Err(FileError::FieldTooLong { line });
        }
        let lines = std::mem::take(&mut self.lines);
        Ok((!lines.is_empty()).then_some(lines))
    }

    pub(super) fn open(&mut self, name: &str) {
        if self.keep != Keep::Nothing {
            self.ends.push(self.path.len());
            if !self.path.is_empty() {
                self.path.push('/');
            }
            self.path.push_str(name);
        }
    }

    pub(super) fn close(&mut self) {
        if let Some(end) = self.ends.pop() {
            self.path.truncate(end);
        }
    }

    /// Takes down the text of an element that was closed.
    pub(super) fn note_child(&mut self, name: &str, text: &str) {
        if self.keep != Keep::Nothing {
            self.open(name);
            self.note("", text);
            self.close();
        }
    }

    /// Takes down the text of the element that is open; `start` is its start tag.
    pub(super) fn note(&mut self, start: &str, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        self.too_long |= self.lines.len() + self.path.len() + text.len() > LONGEST_RAW;
        if self.too_long {
            return;
        }
        if !self.lines.is_empty() {
            self.lines.push('\n');
        }
        self.lines.push_str(&self.path);
        if let Some((_, attributes)) = start.split_once(|c: char| c.is_ascii_whitespace()) {
            self.lines.push('[');
            self.lines.push_str(attributes.trim());
            self.lines.push(']');
        }
        self.lines.push('=');
        for line in text.split_inclusive('\n') {
            self.lines.push_str(line.trim_end_matches(['\r', '\n']));
            if line.ends_with('\n') {
                self.lines.push_str("\\n");
            }
        }
    }
}

/// Adds a line to what is kept of a transaction.
pub(super) fn add(raw: &mut Option<String>, path: &str, text: Option<&str>) {
    let Some(text) = text else {
        return;
    };
    let lines = raw.get_or_insert_default();
    if !lines.is_empty() {
        lines.push('\n');
    }
    lines.push_str(path);
    lines.push('=');
    lines.push_str(text);
}
