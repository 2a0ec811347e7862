//! Lines of a text file, numbered, each decoded by itself.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use crate::charset::{EVIDENCE, SingleByte, guess};
use crate::decode::Decoder;
use crate::error::FileError;
use crate::positions::Positions;

/// How much of the start of a file may name a country.
const HEAD: usize = 4096;
/// Longest line that a text format can have; more is no such file.
const LONGEST: usize = 1 << 20;

/// Lines without their ends; the last one counts even without an end.
pub(crate) struct Lines<R> {
    source: Decoder<R>,
    positions: Positions,
    /// Start of the file.
    head: Vec<u8>,
    /// Encoding of the lines that are not UTF-8, once there was one.
    charset: Option<SingleByte>,
    line: Vec<u8>,
    number: u64,
    /// What ends a line: carriage returns in files of old, else line feeds.
    end: u8,
    /// Records of this many bytes instead of lines.
    width: Option<usize>,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(source: Decoder<R>) -> Self {
        let head = source.head();
        let end = if head.contains(&b'\r') && !head.contains(&b'\n') {
            b'\r'
        } else {
            b'\n'
        };
        Self {
            positions: source.positions(),
            head: head[..head.len().min(HEAD)].to_vec(),
            charset: None,
            source,
            line: Vec::new(),
            number: 0,
            end,
            width: None,
        }
    }

    /// Reads records of `width` bytes if the file has no line ends at all.
    pub(crate) fn or_records_of(mut self, width: usize) -> Self {
        let head = self.source.head();
        let unbroken =
            head.len() >= 2 * width && !head[..2 * width].iter().any(|byte| is_end(*byte));
        self.width = unbroken.then_some(width);
        self
    }

    /// Number of the line that was read last, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Moves to the next line; false at the end of the file.
    pub(crate) fn advance(&mut self) -> Result<bool, FileError> {
        self.line.clear();
        let offset = self.source.source_offset();
        let limit = self.width.unwrap_or(LONGEST) as u64;
        let mut limited = self.source.by_ref().take(limit);
        let read = match self.width {
            Some(_) => limited.read_to_end(&mut self.line),
            None => limited.read_until(self.end, &mut self.line),
        };
        if read.map_err(|error| unreadable(&error))? == 0 {
            return Ok(false);
        }
        self.number += 1;
        self.positions.mark(self.number, offset);
        while self.line.last().is_some_and(|byte| is_end(*byte)) {
            self.line.pop();
        }
        if self.charset.is_none() && std::str::from_utf8(&self.line).is_err() {
            self.decide()?;
        }
        Ok(true)
    }

    /// Decides on the encoding of the line and of those that follow.
    fn decide(&mut self) -> Result<(), FileError> {
        let mut evidence = self.line.clone();
        let ahead = self.source.lookahead(EVIDENCE);
        let ahead = ahead.map_err(|error| unreadable(&error))?;
        let others = ahead[..ahead.len().min(EVIDENCE)].split(|byte| *byte == self.end);
        for line in others.filter(|line| std::str::from_utf8(line).is_err()) {
            evidence.push(b'\n');
            evidence.extend_from_slice(line);
        }
        let found = guess(&evidence, &self.head);
        self.positions.guessed(self.number, found.name);
        self.charset = Some(found);
        Ok(())
    }

    /// The line as text: UTF-8 if it is, else the encoding that fits the file best.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match (std::str::from_utf8(&self.line), &self.charset) {
            (Ok(text), _) => Cow::Borrowed(text),
            (Err(_), Some(charset)) => Cow::Owned(charset.decode(&self.line)),
            (Err(_), None) => String::from_utf8_lossy(&self.line),
        }
    }
}

fn is_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

fn unreadable(error: &io::Error) -> FileError {
    FileError::Unreadable {
        detail: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Charset;

    fn lines(bytes: &[u8], width: usize) -> Vec<String> {
        let mut decoder = Decoder::new(bytes).unwrap();
        decoder.decode_as(Charset::PerLine).unwrap();
        let mut lines = Lines::new(decoder).or_records_of(width);
        let mut found = Vec::new();
        while lines.advance().unwrap() {
            found.push(lines.text().into_owned());
            assert_eq!(lines.number(), found.len() as u64);
        }
        found
    }

    #[test]
    fn each_line_is_read_in_the_encoding_it_is_in() {
        assert_eq!(
            lines(b"a\r\n\r\nM\xfcller\nM\xc3\xbcller", 120),
            ["a", "", "Müller", "Müller"]
        );
    }

    #[test]
    fn lines_may_end_in_carriage_returns_alone() {
        assert_eq!(lines(b"a\rb\r\rc", 120), ["a", "b", "", "c"]);
    }

    #[test]
    fn a_file_without_line_ends_is_cut_into_records() {
        assert_eq!(lines(b"01ab04cd07", 4), ["01ab", "04cd", "07"]);
        assert_eq!(lines(b"01ab\n04cd", 4), ["01ab", "04cd"]);
    }
}
