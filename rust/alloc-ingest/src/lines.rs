//! Lines of a text file, numbered, each decoded by itself.

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
    line: String,
    /// What followed a lone carriage return in the bytes read last: the next line.
    rest: Vec<u8>,
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
            line: String::new(),
            rest: Vec::new(),
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
        let mut bytes = std::mem::take(&mut self.line).into_bytes();
        bytes.clear();
        let offset = self.source.source_offset();
        if self.rest.is_empty() {
            if !self.read(&mut bytes)? {
                return Ok(false);
            }
        } else {
            bytes.append(&mut self.rest);
        }
        if let Some(end) = bytes.iter().position(|byte| *byte == b'\r') {
            self.rest.extend_from_slice(&bytes[end + 1..]);
            bytes.truncate(end);
        }
        self.number += 1;
        self.positions.mark(self.number, offset);
        self.line = match String::from_utf8(bytes) {
            Ok(line) => line,
            Err(error) => self.decode(error.as_bytes())?,
        };
        Ok(true)
    }

    /// Reads up to the next line end, which is left out; false at the end of the file.
    fn read(&mut self, bytes: &mut Vec<u8>) -> Result<bool, FileError> {
        let limit = self.width.unwrap_or(LONGEST) as u64;
        let mut limited = self.source.by_ref().take(limit);
        let read = match self.width {
            Some(_) => limited.read_to_end(bytes),
            None => limited.read_until(self.end, bytes),
        };
        if read.map_err(|error| unreadable(&error))? == 0 {
            return Ok(false);
        }
        while bytes.last().is_some_and(|byte| is_end(*byte)) {
            bytes.pop();
        }
        Ok(true)
    }

    /// A line that is not UTF-8, in the encoding that fits it and those that follow best.
    fn decode(&mut self, line: &[u8]) -> Result<String, FileError> {
        let charset = match self.charset {
            Some(charset) => charset,
            None => self.decide(line)?,
        };
        self.charset = Some(charset);
        Ok(charset.decode(line))
    }

    fn decide(&mut self, line: &[u8]) -> Result<SingleByte, FileError> {
        let mut evidence = line.to_vec();
        let ahead = self.source.lookahead(EVIDENCE);
        let ahead = ahead.map_err(|error| unreadable(&error))?;
        let others = ahead[..ahead.len().min(EVIDENCE)].split(|byte| *byte == self.end);
        for line in others.filter(|line| std::str::from_utf8(line).is_err()) {
            evidence.push(b'\n');
            evidence.extend_from_slice(line);
        }
        let found = guess(&evidence, &self.head);
        self.positions.guessed(self.number, found.name);
        Ok(found)
    }

    /// The line as text: UTF-8 if it is, else in the encoding that fits the file best.
    pub(crate) fn text(&self) -> &str {
        &self.line
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
            found.push(lines.text().to_owned());
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
    fn a_lone_carriage_return_ends_a_line_among_others() {
        assert_eq!(
            lines(b"a\r\nb\rc\r\rd\r\ne", 120),
            ["a", "b", "c", "", "d", "e"]
        );
    }

    #[test]
    fn a_file_without_line_ends_is_cut_into_records() {
        assert_eq!(lines(b"01ab04cd07", 4), ["01ab", "04cd", "07"]);
        assert_eq!(lines(b"01ab\n04cd", 4), ["01ab", "04cd"]);
    }
}
