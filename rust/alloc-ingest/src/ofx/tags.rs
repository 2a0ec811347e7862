//! Tags of OFX 1 (SGML: leaves are not closed) and OFX 2 (XML), read the same way.

use std::borrow::Cow;
use std::io::{BufRead, Read};

use encoding_rs::Encoding;

use crate::charset::{EVIDENCE, SingleByte, guess};
use crate::decode::{DecodeError, Decoder, encoding_label, encoding_of};
use crate::error::FileError;

/// Longest tag with its text in bytes.
const LONGEST: usize = 1 << 20;

/// What was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `<TAG>` and the text up to the next tag.
    Open,
    /// `</TAG>`.
    Close,
}

/// Reads one tag after the other.
pub(super) struct Tags<R> {
    source: Decoder<R>,
    /// What the file says that bytes are which are not UTF-8, else what they look like.
    declared: Option<&'static Encoding>,
    guessed: Option<SingleByte>,
    /// Text between a `<` and the next one, read but not given out.
    ahead: Option<(String, u64)>,
    started: bool,
    ended: bool,
    /// Line that is being read.
    line: u64,
    /// Line, name in upper case, and text of the tag that was read last.
    pub(super) tag_line: u64,
    pub(super) name: String,
    pub(super) text: String,
    /// Version of the format, from its header.
    pub(super) version: String,
}

impl<R: Read> Tags<R> {
    pub(super) fn new(source: Decoder<R>) -> Self {
        Self {
            source,
            declared: None,
            guessed: None,
            ahead: None,
            started: false,
            ended: false,
            line: 1,
            tag_line: 1,
            name: String::new(),
            text: String::new(),
            version: String::new(),
        }
    }

    /// Moves to the next tag; `None` at the end of the file.
    pub(super) fn advance(&mut self) -> Result<Option<Kind>, FileError> {
        if !self.started {
            self.started = true;
            if let Some((header, _)) = self.segment()? {
                self.header(&header);
            }
        }
        loop {
            let Some((segment, line)) = self.next_segment()? else {
                return Ok(None);
            };
            let (inside, text) = segment.split_once('>').unwrap_or((&segment, ""));
            if inside.starts_with('?') {
                self.instruction(inside);
                continue;
            }
            if inside.starts_with('!') {
                self.declaration(&segment, line)?;
                continue;
            }
            self.tag_line = line;
            let kind = self.take_tag(inside, text);
            self.more_text()?;
            return Ok(Some(kind));
        }
    }

    /// Name, kind and text of a tag.
    fn take_tag(&mut self, inside: &str, text: &str) -> Kind {
        let (kind, name) = match inside.strip_prefix('/') {
            Some(name) => (Kind::Close, name),
            None => (Kind::Open, inside),
        };
        let name = name.split(|c: char| c.is_whitespace() || c == '/').next();
        self.name.clear();
        self.name.push_str(name.unwrap_or_default());
        self.name.make_ascii_uppercase();
        self.text.clear();
        self.text.push_str(&resolved(text));
        kind
    }

    /// Character data and bare `<` that follow belong to the text of the tag.
    fn more_text(&mut self) -> Result<(), FileError> {
        while let Some((segment, line)) = self.next_segment()? {
            if let Some(data) = segment.strip_prefix("![CDATA[") {
                let data = self.until(data.to_owned(), "]]>", line)?;
                let (data, rest) = data.split_once("]]>").unwrap_or((&data, ""));
                self.text.push_str(data);
                self.text.push_str(&resolved(rest));
            } else if segment.starts_with(|c: char| c.is_ascii_alphabetic() || "/?!".contains(c)) {
                self.ahead = Some((segment, line));
                return Ok(());
            } else {
                self.text.push('<');
                self.text.push_str(&resolved(&segment));
            }
            if self.text.len() > LONGEST {
                return Err(FileError::FieldTooLong {
                    line: self.tag_line,
                });
            }
        }
        Ok(())
    }

    /// Comments are left out, declarations are refused.
    fn declaration(&mut self, segment: &str, line: u64) -> Result<(), FileError> {
        if segment.starts_with("!--") {
            self.until(segment.to_owned(), "-->", line)?;
            return Ok(());
        }
        Err(FileError::DtdRefused { line })
    }

    /// Reads on until a text holds what closes it.
    fn until(&mut self, mut text: String, close: &str, line: u64) -> Result<String, FileError> {
        while !text.contains(close) {
            let Some((segment, _)) = self.next_segment()? else {
                let inside = "a comment or character data".to_owned();
                return Err(FileError::Truncated { line, inside });
            };
            text.push('<');
            text.push_str(&segment);
            if text.len() > LONGEST {
                return Err(FileError::FieldTooLong { line });
            }
        }
        Ok(text)
    }

    fn next_segment(&mut self) -> Result<Option<(String, u64)>, FileError> {
        match self.ahead.take() {
            Some(segment) => Ok(Some(segment)),
            None => self.segment(),
        }
    }

    /// The text up to the next `<`, and the line where it starts.
    fn segment(&mut self) -> Result<Option<(String, u64)>, FileError> {
        if self.ended {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        let offset = self.source.source_offset();
        self.source.positions().mark(self.line, offset);
        let mut limited = self.source.by_ref().take(LONGEST as u64);
        let read = limited
            .read_until(b'<', &mut bytes)
            .map_err(|error| unreadable(&error, self.line))?;
        let line = self.line;
        if bytes.pop_if(|last| *last == b'<').is_none() {
            if read == LONGEST {
                return Err(FileError::FieldTooLong { line });
            }
            self.ended = true;
        }
        self.line += bytes
            .iter()
            .map(|&byte| u64::from(byte == b'\n'))
            .sum::<u64>();
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => self.decode(error.as_bytes(), line)?,
        };
        Ok(Some((text, line)))
    }

    /// Text of bytes that are not UTF-8.
    fn decode(&mut self, bytes: &[u8], line: u64) -> Result<String, FileError> {
        if let Some(declared) = self.declared {
            return Ok(declared.decode_without_bom_handling(bytes).0.into_owned());
        }
        if self.guessed.is_none() {
            let ahead = self.source.lookahead(EVIDENCE);
            let ahead = ahead.map_err(|error| unreadable(&error, line))?;
            let ahead = &ahead[..ahead.len().min(EVIDENCE)];
            let others = ahead.split(|byte| *byte == b'<');
            let others = others.filter(|part| std::str::from_utf8(part).is_err());
            let evidence: Vec<&[u8]> = std::iter::once(bytes).chain(others).collect();
            let found = guess(&evidence.join(&b'\n'), ahead);
            self.source.positions().guessed(line, found.name);
            self.guessed = Some(found);
        }
        let guessed = self.guessed.as_ref().map(|guessed| guessed.decode(bytes));
        Ok(guessed.unwrap_or_default())
    }

    /// `VERSION:102`, `CHARSET:1252` and `ENCODING:UTF-8`, on lines or in one.
    fn header(&mut self, header: &str) {
        let value = |key: &str, behind: &str| {
            let (_, rest) = header.split_once(key)?;
            let word = rest.split_whitespace().next()?;
            word.split(behind).next().map(str::to_owned)
        };
        if let Some(version) = value("VERSION:", "SECURITY") {
            self.version = version;
        }
        if let Some(charset) = value("CHARSET:", "COMPRESSION") {
            self.use_charset(&charset);
        }
    }

    /// `<?xml … encoding="…"?>` and `<?OFX … VERSION="202" …?>`.
    fn instruction(&mut self, text: &str) {
        if let Some(label) = encoding_label(text) {
            self.use_charset(label);
        }
        if let Some((_, rest)) = text.split_once("VERSION=") {
            let digits = rest.trim_start_matches(['"', '\'']);
            let end = digits.find(|c: char| !c.is_ascii_digit());
            let version = &digits[..end.unwrap_or(digits.len())];
            if text.starts_with("?OFX") {
                version.clone_into(&mut self.version);
            }
        }
    }

    /// What bytes are that are not UTF-8: `1252`, `8859-1`, `ISO-8859-2` …; an unknown name says
    /// nothing.
    fn use_charset(&mut self, label: &str) {
        let label = label.trim();
        let windows = label.bytes().all(|byte| byte.is_ascii_digit()) && label.len() == 4;
        let label = match label {
            digits if windows => format!("windows-{digits}"),
            part if part.starts_with("8859") => format!("iso-{part}"),
            other => other.to_owned(),
        };
        let found = encoding_of(&label).filter(|encoding| *encoding != encoding_rs::UTF_8);
        self.declared = found.or(self.declared);
    }
}

fn unreadable(error: &std::io::Error, line: u64) -> FileError {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(&DecodeError { offset, encoding }) => FileError::Encoding {
            line,
            offset,
            encoding,
        },
        None => FileError::Unreadable {
            detail: error.to_string(),
        },
    }
}

/// Text with its character references resolved; what is none stays as printed.
fn resolved(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut pieces = text.split('&');
    let mut whole = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let found = piece
            .split_once(';')
            .and_then(|(name, rest)| Some((character(name)?, rest)));
        if let Some((character, rest)) = found {
            whole.push(character);
            whole.push_str(rest);
        } else {
            whole.push('&');
            whole.push_str(piece);
        }
    }
    Cow::Owned(whole)
}

fn character(name: &str) -> Option<char> {
    let number = |digits: &str, radix| {
        let value = u32::from_str_radix(digits, radix).ok()?;
        char::from_u32(value).filter(|c| !c.is_control() || c.is_whitespace())
    };
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => match name.strip_prefix('#')?.strip_prefix(['x', 'X']) {
            Some(digits) => number(digits, 16),
            None => number(&name[1..], 10),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Charset;

    fn tags(bytes: &[u8]) -> Result<Vec<(Kind, String, String, u64)>, FileError> {
        let mut decoder = Decoder::new(bytes).unwrap();
        decoder.decode_as(Charset::PerLine)?;
        let mut tags = Tags::new(decoder);
        let mut found = Vec::new();
        while let Some(kind) = tags.advance()? {
            let text = tags.text.trim().to_owned();
            found.push((kind, tags.name.clone(), text, tags.tag_line));
        }
        Ok(found)
    }

    fn texts(text: &str) -> Vec<String> {
        let found = tags(text.as_bytes()).unwrap();
        found.into_iter().map(|(_, _, text, _)| text).collect()
    }

    #[test]
    fn leaves_are_read_closed_or_not() {
        let open =
            |name: &str, text: &str, line| (Kind::Open, name.to_owned(), text.to_owned(), line);
        let close = |name: &str, line| (Kind::Close, name.to_owned(), String::new(), line);
        assert_eq!(
            tags(b"OFXHEADER:100\n<a>\n<Name>X & Y\n<MEMO/>\n<V>1</V></A>").unwrap(),
            [
                open("A", "", 2),
                open("NAME", "X & Y", 3),
                open("MEMO", "", 4),
                open("V", "1", 5),
                close("V", 5),
                close("A", 5),
            ]
        );
    }

    #[test]
    fn text_is_what_was_meant() {
        assert_eq!(
            texts("<A>a &lt; b &amp; c &#233; &x; d"),
            ["a < b & c é &x; d"]
        );
        assert_eq!(texts("<A>1 < 2 <3>"), ["1 < 2 <3>"]);
        assert_eq!(texts("<A>x<![CDATA[<b> & ]]>y<!-- <Z>no -->"), ["x<b> & y"]);
    }

    #[test]
    fn declarations_are_refused_and_cut_ends_are_said() {
        let code = |text: &str| tags(text.as_bytes()).unwrap_err().code();
        assert_eq!(code("<!DOCTYPE x [<!ENTITY a 'b'>]><OFX>"), "DTD_REFUSED");
        assert_eq!(code("<A><![CDATA[never"), "FILE_TRUNCATED");
        assert_eq!(
            code(&format!("<A>{}", "x".repeat(LONGEST))),
            "FIELD_TOO_LONG"
        );
    }

    #[test]
    fn bytes_are_utf_8_or_what_the_header_says() {
        let named = |bytes: &[u8]| tags(bytes).unwrap()[0].2.clone();
        assert_eq!(named("CHARSET:1252\n<N>é".as_bytes()), "é");
        assert_eq!(named(b"CHARSET:1252\n<N>\xe9"), "é");
        assert_eq!(named(b"CHARSET:1250COMPRESSION:NONE\n<N>\xe8"), "č");
        assert_eq!(named(b"CHARSET:8859-2\n<N>\xe8"), "č");
        assert_eq!(
            named(b"<?xml version='1.0' encoding='iso-8859-2'?><N>\xe8"),
            "č"
        );
        assert_eq!(named(b"CHARSET:NONE\n<N>\xe9"), "é");
    }
}
