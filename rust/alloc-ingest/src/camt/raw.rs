//! What a transaction says beside the decoded fields, as lines `path=value`.

/// Most text that is kept of one entry or transaction; what comes behind it is cut off.
const LONGEST: usize = 1 << 20;

/// Which leaves are taken down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Keep {
    /// None: outside of entries.
    #[default]
    Nothing,
    /// Those that nobody decodes.
    Undecoded,
    /// All: where decoding may lose what belongs to what.
    All,
}

/// Collects leaves by their path below the entry or transaction.
#[derive(Default)]
pub(super) struct Raw {
    pub(super) keep: Keep,
    path: String,
    /// Length of the path before each open element.
    ends: Vec<usize>,
    lines: String,
}

impl Raw {
    /// Starts a new entry or transaction; the one around it goes on with `resume`.
    pub(super) fn start(&mut self) -> Self {
        let keep = Keep::Undecoded;
        std::mem::replace(
            self,
            Self {
                keep,
                ..Self::default()
            },
        )
    }

    /// Ends it: its lines, if there are any.
    pub(super) fn resume(&mut self, outer: Self) -> Option<String> {
        let inner = std::mem::replace(self, outer);
        (!inner.lines.is_empty()).then_some(inner.lines)
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
        if text.is_empty() || self.lines.len() + text.len() > LONGEST {
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
