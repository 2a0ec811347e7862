//! Pull reading of XML elements by local name: no namespaces, no DTD, lines counted.

use std::io::{BufRead, Read};

use quick_xml::Reader;
use quick_xml::errors::{Error, SyntaxError};
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::names as n;
use super::names::{Tag, tag};
use super::raw::{Keep, Raw};
use crate::decode::{DecodeError, Decoder, encoding_label, encoding_of};
use crate::error::{FileError, excerpt};
use crate::positions::Positions;

/// Deepest nesting; the messages need fewer than 30 levels.
const DEEPEST: usize = 128;

/// What the parser met.
enum Step {
    Open(Tag),
    Close,
    Other,
    End,
}

/// What becomes of the text that a step meets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Text {
    /// It is between elements.
    Ignored,
    /// It is the value of a field.
    Decoded,
    /// Nobody decodes it.
    Undecoded,
}

/// Reads elements in order; leaving an element consumes it whole.
pub(super) struct Xml<R> {
    reader: Reader<Decoder<R>>,
    positions: Positions,
    event: Vec<u8>,
    /// The start tag that was read last, without its brackets: name and attributes.
    start: String,
    /// Text of the element that is read as text.
    text: String,
    line: u64,
    start_line: u64,
    depth: usize,
    /// Line of an entry that nobody has taken yet.
    entry: Option<u64>,
    /// Line of the first entry that nobody took, and how many there are.
    lost: Option<(u64, u64)>,
    /// What is not decoded.
    pub(super) raw: Raw,
}

impl<R: Read> Xml<R> {
    pub(super) fn new(source: Decoder<R>) -> Self {
        let positions = source.positions();
        let mut reader = Reader::from_reader(source);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        // A bare `&` in a name is the commonest mistake of bank files; it is read as written.
        config.allow_dangling_amp = true;
        Self {
            reader,
            positions,
            event: Vec::new(),
            start: String::new(),
            text: String::new(),
            line: 1,
            start_line: 1,
            depth: 0,
            entry: None,
            lost: None,
            raw: Raw::default(),
        }
    }

    /// Says that the entry that was opened last is read as one.
    pub(super) fn take_entry(&mut self) {
        self.entry = None;
    }

    /// Line of the first entry that was never taken, and how many there are.
    pub(super) fn lost_entries(&mut self) -> Option<(u64, u64)> {
        self.lose_entry();
        self.lost
    }

    fn lose_entry(&mut self) {
        if let Some(line) = self.entry.take() {
            let (first, number) = self.lost.unwrap_or((line, 0));
            self.lost = Some((first, number + 1));
        }
    }

    /// Line of the element that was opened last.
    pub(super) fn start_line(&self) -> u64 {
        self.start_line
    }

    /// How many elements are open.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Name and attributes of the element that was opened last.
    pub(super) fn start(&self) -> &str {
        &self.start
    }

    /// Opens the next element at whatever level; `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Tag>, FileError> {
        loop {
            match self.step(Text::Ignored)? {
                Step::Open(tag) => return Ok(Some(tag)),
                Step::End => return Ok(None),
                Step::Close | Step::Other => {}
            }
        }
    }

    /// Opens the next child of the element that is open; `None` once that element closes.
    pub(super) fn child(&mut self) -> Result<Option<Tag>, FileError> {
        loop {
            match self.step(Text::Ignored)? {
                Step::Open(tag) => return Ok(Some(tag)),
                Step::Close => return Ok(None),
                Step::End | Step::Other => {}
            }
        }
    }

    /// Reads on until only `depth` elements are open.
    pub(super) fn close_to(&mut self, depth: usize) -> Result<(), FileError> {
        while self.depth > depth {
            self.step(Text::Ignored)?;
        }
        Ok(())
    }

    /// Leaves the open element undecoded.
    pub(super) fn skip(&mut self) -> Result<(), FileError> {
        let outside = self.depth.saturating_sub(1);
        if self.raw.keep == Keep::Nothing {
            return self.close_to(outside);
        }
        self.text.clear();
        while self.depth > outside {
            if matches!(self.step(Text::Undecoded)?, Step::Open(_) | Step::Close) {
                self.text.clear();
            }
        }
        Ok(())
    }

    /// All text of the open element, trimmed; elements inside it add theirs.
    pub(super) fn text(&mut self) -> Result<&str, FileError> {
        self.text.clear();
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            self.step(Text::Decoded)?;
        }
        if self.text.contains('\r') {
            self.text = self.text.replace("\r\n", "\n").replace('\r', "\n");
        }
        Ok(self.text.trim())
    }

    /// The same, none if there is nothing.
    pub(super) fn some_text(&mut self) -> Result<Option<String>, FileError> {
        let text = self.text()?;
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }

    /// The first text found inside the open element, at whatever level: the value of
    /// `<Sts>BOOK</Sts>` and of `<Sts><Cd>BOOK</Cd></Sts>`.
    pub(super) fn first_text(&mut self) -> Result<Option<String>, FileError> {
        let outside = self.depth.saturating_sub(1);
        let mut found = None;
        self.text.clear();
        while self.depth > outside {
            let text = match found {
                None => Text::Decoded,
                Some(_) => Text::Undecoded,
            };
            let step = self.step(text)?;
            let ends = matches!(step, Step::Open(_) | Step::Close);
            if ends && found.is_none() && !self.text.trim().is_empty() {
                found = Some(self.text.trim().to_owned());
            }
            if ends {
                self.text.clear();
            }
        }
        Ok(found)
    }

    /// All texts inside the open element, joined by slashes: `PMNT/RCDT/ESCT`.
    pub(super) fn joined_texts(&mut self) -> Result<Option<String>, FileError> {
        let outside = self.depth.saturating_sub(1);
        let mut joined = String::new();
        self.text.clear();
        while self.depth > outside {
            if matches!(self.step(Text::Decoded)?, Step::Open(_) | Step::Close) {
                let text = self.text.trim();
                if !text.is_empty() {
                    if !joined.is_empty() {
                        joined.push('/');
                    }
                    joined.push_str(text);
                }
                self.text.clear();
            }
        }
        Ok((!joined.is_empty()).then_some(joined))
    }

    /// One step of the parser; text is gathered if wanted.
    fn step(&mut self, wanted: Text) -> Result<Step, FileError> {
        self.event.clear();
        let offset = self.reader.get_ref().source_offset();
        self.positions.mark(self.line, offset);
        let event = match self.reader.read_event_into(&mut self.event) {
            Ok(event) => event,
            Err(error) => return Err(self.failure(&error)),
        };
        let line = self.line;
        self.line += newlines(&event);
        match event {
            Event::Start(start) => {
                if self.depth == DEEPEST {
                    let detail = format!("elements nested deeper than {DEEPEST}");
                    return Err(FileError::Xml { line, detail });
                }
                self.depth += 1;
                self.start_line = line;
                self.start.clear();
                self.start.push_str(&start);
                self.raw.open(start.local_name().as_ref());
                let tag = local_tag(&start);
                if tag == n::NTRY {
                    self.lose_entry();
                    self.entry = Some(line);
                }
                Ok(Step::Open(tag))
            }
            Event::End(_) => {
                self.depth -= 1;
                let kept = match wanted {
                    Text::Ignored => false,
                    Text::Decoded => self.raw.keep == Keep::All,
                    Text::Undecoded => self.raw.keep != Keep::Nothing,
                };
                if kept {
                    self.raw.note(&self.start, &self.text);
                }
                self.raw.close();
                Ok(Step::Close)
            }
            Event::Text(text) if wanted != Text::Ignored => {
                self.text.push_str(&text);
                Ok(Step::Other)
            }
            Event::CData(text) if wanted != Text::Ignored => {
                self.text.push_str(&text);
                Ok(Step::Other)
            }
            Event::GeneralRef(reference) => {
                if let Some(character) = resolve(&reference, line)? {
                    self.text.push(character);
                } else {
                    self.text.push('&');
                    self.text.push_str(&reference);
                    self.text.push(';');
                }
                Ok(Step::Other)
            }
            Event::DocType(_) => Err(FileError::DtdRefused { line }),
            Event::Decl(declaration) => {
                let encoding = self.reader.get_ref().encoding();
                check_encoding(&declaration, encoding, line)?;
                Ok(Step::Other)
            }
            Event::Eof if self.depth == 0 => Ok(Step::End),
            Event::Eof => Err(self.truncated()),
            _ => Ok(Step::Other),
        }
    }

    fn truncated(&self) -> FileError {
        FileError::Truncated {
            line: self.line,
            inside: "an XML element".to_owned(),
        }
    }

    /// Whether there is nothing behind what the parser stopped at.
    fn at_end(&mut self) -> bool {
        self.reader.get_mut().fill_buf().is_ok_and(<[u8]>::is_empty)
    }

    fn failure(&mut self, error: &Error) -> FileError {
        let line = self.line + count_newlines(&self.event);
        match error {
            Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref()) {
                Some(&DecodeError { offset, encoding }) => FileError::Encoding {
                    line,
                    offset,
                    encoding,
                },
                None => FileError::Unreadable {
                    detail: error.to_string(),
                },
            },
            Error::Syntax(SyntaxError::UnclosedDoctype) => {
                FileError::DtdRefused { line: self.line }
            }
            Error::Syntax(SyntaxError::InvalidBangMarkup) if !self.at_end() => FileError::Xml {
                line: self.line,
                detail: error.to_string(),
            },
            Error::Syntax(_) => self.truncated(),
            other => FileError::Xml {
                line,
                detail: excerpt(&other.to_string()),
            },
        }
    }
}

/// The value of an attribute of a start tag.
pub(super) fn attribute(start: &str, key: &str) -> Option<String> {
    let name_length = start.find(|c: char| c.is_ascii_whitespace())?;
    BytesStart::from_content(start, name_length)
        .attributes()
        .filter_map(Result::ok)
        .find(|attribute| attribute.key.local_name().as_ref() == key)
        .map(|attribute| attribute.value.trim().to_owned())
}

fn local_tag(start: &BytesStart<'_>) -> Tag {
    tag(start.local_name().as_ref())
}

fn newlines(event: &Event<'_>) -> u64 {
    match event {
        Event::End(_) | Event::Eof => 0,
        // Without attributes there is only a name.
        Event::Start(start) if start.name().as_ref().len() == start.len() => 0,
        other => count_newlines(other.as_bytes()),
    }
}

fn count_newlines(bytes: &[u8]) -> u64 {
    // Most events are short and have none.
    if !bytes.contains(&b'\n') {
        return 0;
    }
    bytes.iter().map(|&byte| u64::from(byte == b'\n')).sum()
}

/// The character of a reference; none if it is no reference at all but text after a bare `&`.
fn resolve(reference: &BytesRef<'_>, line: u64) -> Result<Option<char>, FileError> {
    let name: &str = reference;
    if reference.is_char_ref() {
        return reference.resolve_char_ref().map_err(|_| FileError::Xml {
            line,
            detail: format!("&{}; is no character", excerpt(name)),
        });
    }
    match name {
        "amp" => Ok(Some('&')),
        "lt" => Ok(Some('<')),
        "gt" => Ok(Some('>')),
        "quot" => Ok(Some('"')),
        "apos" => Ok(Some('\'')),
        name if is_name(name) => Err(FileError::DtdRefused { line }),
        _ => Ok(None),
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == ':')
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '-' | '.'))
}

/// A second document in the file must be in the encoding of the first.
fn check_encoding(
    declaration: &str,
    used: &'static encoding_rs::Encoding,
    line: u64,
) -> Result<(), FileError> {
    let Some(label) = encoding_label(declaration) else {
        return Ok(());
    };
    let wide = used == encoding_rs::UTF_16LE || used == encoding_rs::UTF_16BE;
    match encoding_of(label) {
        Some(encoding) if encoding == used || wide => Ok(()),
        _ if line == 1 => Ok(()),
        _ => Err(FileError::EncodingUnknown {
            line,
            label: excerpt(label),
        }),
    }
}
