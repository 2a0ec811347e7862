//! Bytes of a file as UTF-8, in chunks.

use std::io::{self, BufRead, Read};

use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use thiserror::Error;

use crate::error::FileError;
use crate::positions::Positions;

/// Bytes read at a time.
const CHUNK: usize = 64 * 1024;
/// How far an XML declaration is looked for.
const DECLARATION: usize = 512;

/// Bytes that an encoding does not have; travels inside an `io::Error`.
#[derive(Clone, Copy, Debug, Error)]
#[error("byte {offset}: not {encoding} text")]
pub(crate) struct DecodeError {
    pub(crate) offset: u64,
    pub(crate) encoding: &'static str,
}

/// Who says how the bytes are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Charset {
    /// A byte order mark, else the XML declaration, else UTF-8.
    Declared,
    /// A byte order mark of UTF-16, else nobody: each line is decoded by itself.
    PerLine,
}

/// A source of UTF-8 (or, per line, of raw bytes) that names the offset of what is not text.
pub(crate) struct Decoder<R> {
    source: R,
    /// The last chunk of the file; before the first read, its head.
    raw: Vec<u8>,
    /// Offset in the file of `raw[0]`.
    offset: u64,
    /// What `raw` says, given out from `position` on.
    text: Vec<u8>,
    position: usize,
    /// Offset in the file of `text[position]`.
    source_offset: u64,
    positions: Positions,
    /// None passes bytes through.
    charset: Option<encoding_rs::Decoder>,
    encoding: &'static Encoding,
    failed: Option<DecodeError>,
    ended: bool,
}

impl<R: Read> Decoder<R> {
    /// Reads the head of the file; [`Decoder::decode_as`] must follow.
    pub(crate) fn new(source: R) -> io::Result<Self> {
        let mut decoder = Self {
            source,
            raw: Vec::with_capacity(CHUNK),
            offset: 0,
            text: Vec::new(),
            position: 0,
            source_offset: 0,
            positions: Positions::default(),
            charset: None,
            encoding: UTF_8,
            failed: None,
            ended: false,
        };
        decoder.read_chunk()?;
        Ok(decoder)
    }

    /// The first bytes of the file, as they are.
    pub(crate) fn head(&self) -> &[u8] {
        &self.raw
    }

    /// The encoding that was found.
    pub(crate) fn encoding(&self) -> &'static Encoding {
        self.encoding
    }

    /// Byte of the file at which reading goes on.
    pub(crate) fn source_offset(&self) -> u64 {
        self.source_offset
    }

    /// Where the lines start that readers of this source mark.
    pub(crate) fn positions(&self) -> Positions {
        self.positions.clone()
    }

    /// What follows, `wanted` bytes of it if there are so many.
    pub(crate) fn lookahead(&mut self, wanted: usize) -> io::Result<&[u8]> {
        while !self.ended && self.failed.is_none() && self.text.len() - self.position < wanted {
            let mut rest = self.text.split_off(self.position);
            self.read_chunk()?;
            self.decode_chunk();
            rest.append(&mut self.text);
            self.text = rest;
        }
        Ok(&self.text[self.position..])
    }

    /// Decides on the encoding and decodes the head.
    pub(crate) fn decode_as(&mut self, charset: Charset) -> Result<(), FileError> {
        let mark = Encoding::for_bom(&self.raw);
        self.encoding = match (mark, charset) {
            (Some((encoding, _)), _) => encoding,
            (None, Charset::Declared) => declared_encoding(&self.raw)?,
            (None, Charset::PerLine) => UTF_8,
        };
        if charset == Charset::Declared || self.encoding != UTF_8 {
            self.charset = Some(self.encoding.new_decoder_without_bom_handling());
        }
        if let Some((_, length)) = mark {
            self.raw.drain(..length);
            self.offset = length as u64;
            self.source_offset = self.offset;
        }
        self.decode_chunk();
        Ok(())
    }

    /// Reads the next chunk, as full as the source allows.
    fn read_chunk(&mut self) -> io::Result<()> {
        self.offset += self.raw.len() as u64;
        self.raw.resize(CHUNK, 0);
        let mut filled = 0;
        while filled < CHUNK && !self.ended {
            match self.source.read(&mut self.raw[filled..]) {
                Ok(0) => self.ended = true,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.raw.truncate(filled);
        Ok(())
    }

    /// How many bytes of a file that is not UTF-8 became `text`.
    fn source_length(&self, text: &[u8]) -> u64 {
        let text = String::from_utf8_lossy(text);
        let length = if self.encoding == UTF_16LE || self.encoding == UTF_16BE {
            2 * text.encode_utf16().count()
        } else {
            self.encoding.encode(&text).0.len()
        };
        length as u64
    }

    fn decode_chunk(&mut self) {
        self.position = 0;
        let Some(decoder) = &mut self.charset else {
            self.text.clone_from(&self.raw);
            return;
        };
        let longest = decoder
            .max_utf8_buffer_length_without_replacement(self.raw.len())
            .unwrap_or(CHUNK * 4);
        self.text.resize(longest, 0);
        let (result, read, written) =
            decoder.decode_to_utf8_without_replacement(&self.raw, &mut self.text, self.ended);
        self.text.truncate(written);
        if let DecoderResult::Malformed(length, after) = result {
            let behind = u64::from(length) + u64::from(after);
            self.failed = Some(DecodeError {
                offset: (self.offset + read as u64).saturating_sub(behind),
                encoding: self.encoding.name(),
            });
        }
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl<R: Read> BufRead for Decoder<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.position == self.text.len() {
            if let Some(error) = self.failed {
                return Err(io::Error::new(io::ErrorKind::InvalidData, error));
            }
            if self.ended {
                break;
            }
            self.read_chunk()?;
            self.decode_chunk();
        }
        Ok(&self.text[self.position..])
    }

    fn consume(&mut self, amount: usize) {
        let end = self.text.len().min(self.position + amount);
        self.source_offset += if self.encoding == UTF_8 {
            (end - self.position) as u64
        } else {
            self.source_length(&self.text[self.position..end])
        };
        self.position = end;
    }
}

/// The encoding of an XML text without byte order mark.
fn declared_encoding(head: &[u8]) -> Result<&'static Encoding, FileError> {
    match head {
        [b'<', 0, ..] => return Ok(UTF_16LE),
        [0, b'<', ..] => return Ok(UTF_16BE),
        _ => {}
    }
    let head = String::from_utf8_lossy(&head[..head.len().min(DECLARATION)]);
    let label = head
        .trim_start()
        .strip_prefix("<?xml")
        .and_then(|rest| rest.split_once("?>"))
        .and_then(|(declaration, _)| encoding_label(declaration));
    match label {
        None => Ok(UTF_8),
        Some(label) => encoding_of(label).ok_or_else(|| FileError::EncodingUnknown {
            line: 1,
            label: label.to_owned(),
        }),
    }
}

/// The label of `encoding="…"` in the text of an XML declaration.
pub(crate) fn encoding_label(declaration: &str) -> Option<&str> {
    let (_, rest) = declaration.split_once("encoding")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\''))?;
    rest[1..].split_once(quote).map(|(label, _)| label.trim())
}

/// The encoding of a label. One byte per character was read already, so a label of UTF-16 is left
/// over from a conversion and means UTF-8.
pub(crate) fn encoding_of(label: &str) -> Option<&'static Encoding> {
    let encoding = Encoding::for_label(label.as_bytes())?;
    let wide = encoding == UTF_16LE || encoding == UTF_16BE;
    Some(if wide { UTF_8 } else { encoding })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8], charset: Charset) -> Result<String, String> {
        let mut decoder = Decoder::new(bytes).unwrap();
        decoder
            .decode_as(charset)
            .map_err(|error| error.to_string())?;
        let mut text = String::new();
        decoder
            .read_to_string(&mut text)
            .map_err(|error| error.to_string())?;
        Ok(text)
    }

    #[test]
    fn a_declaration_or_a_byte_order_mark_decides() {
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>M\xfcller</a>";
        assert!(
            decoded(latin, Charset::Declared)
                .unwrap()
                .ends_with("<a>Müller</a>")
        );
        let wide: Vec<u8> = "\u{feff}<a>Müller</a>"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(decoded(&wide, Charset::Declared).unwrap(), "<a>Müller</a>");
        assert_eq!(
            decoded(&wide[2..], Charset::Declared).unwrap(),
            "<a>Müller</a>"
        );
        let marked = "\u{feff}<a>é</a>".as_bytes();
        assert_eq!(decoded(marked, Charset::Declared).unwrap(), "<a>é</a>");
        let left_over = b"<?xml version=\"1.0\" encoding = \"UTF-16\"?><a/>";
        assert!(decoded(left_over, Charset::Declared).is_ok());
    }

    #[test]
    fn bytes_that_are_no_text_are_named_with_their_offset() {
        let error = decoded(b"<a>M\xfcller</a>", Charset::Declared).unwrap_err();
        assert_eq!(error, "byte 4: not UTF-8 text");
        let mut long = vec![b'a'; CHUNK - 1];
        long.extend("é".as_bytes());
        assert!(decoded(&long, Charset::Declared).unwrap().ends_with("aé"));
        long.push(0xC3);
        let error = decoded(&long, Charset::Declared).unwrap_err();
        assert_eq!(error, format!("byte {}: not UTF-8 text", CHUNK + 1));
        let error = decoded(
            b"<?xml version='1.0' encoding='latin-99'?>",
            Charset::Declared,
        );
        assert!(error.unwrap_err().contains("latin-99"));
    }

    #[test]
    fn raw_bytes_pass_as_they_are() {
        let mut decoder = Decoder::new(&b"\xef\xbb\xbf:20:M\xfc"[..]).unwrap();
        decoder.decode_as(Charset::PerLine).unwrap();
        let mut bytes = Vec::new();
        decoder.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b":20:M\xfc");
    }
}
