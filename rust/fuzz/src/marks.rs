//! How many entries a file has, counted naively: by the mark with which each begins.

use std::borrow::Cow;

use alloc_ingest::Format;
use encoding_rs::WINDOWS_1252;

/// Width of a CFONB120 record.
const RECORD: usize = 120;

/// Holds the entries that were read or named as left out against the marks in the file.
pub(crate) fn check(data: &[u8], format: Format, counted: usize) {
    if data.starts_with(&[0xFF, 0xFE]) || data.starts_with(&[0xFE, 0xFF]) {
        return; // UTF-16: the marks are not bytes.
    }
    if data.split(|byte| b"\r\n".contains(byte)).any(is_unsure) {
        return;
    }
    let text = data.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(data);
    match format {
        Format::Mt940 => assert_eq!(
            lines(text).filter(|line| is_field_61(line)).count(),
            counted
        ),
        Format::Cfonb120 => {
            let marks = records(text).filter(|line| line.starts_with("04")).count();
            assert_eq!(marks, counted);
        }
        Format::Bai2 => assert_eq!(
            lines(text).filter(|line| is_record_16(line)).count(),
            counted
        ),
        Format::Camt if text.contains(&0) => {} // UTF-16 without a mark.
        Format::Camt => assert_eq!(elements(text), counted),
        Format::Ofx => {
            let upper = text.to_ascii_uppercase();
            assert!(occurrences(&upper, b"STMTTRN") >= counted);
        }
    }
}

/// Whether a line starts with a letter of nobody knows which encoding: in some it is a control
/// character that may stand before a mark.
fn is_unsure(line: &[u8]) -> bool {
    let first = line.iter().find(|byte| !byte.is_ascii_control());
    first.is_some_and(|byte| !byte.is_ascii()) && str::from_utf8(line).is_err()
}

/// Start tags `Ntry`, under any prefix, outside of comments and character data.
fn elements(mut text: &[u8]) -> usize {
    let mut found = 0;
    while let Some(at) = text.iter().position(|byte| *byte == b'<') {
        text = &text[at..];
        let closed = [
            (&b"<!--"[..], &b"-->"[..]),
            (b"<![CDATA[", b"]]>"),
            (b"<?", b"?>"),
        ];
        let close = closed.iter().find(|(open, _)| text.starts_with(open));
        if let Some((open, close)) = close {
            text = behind(&text[open.len()..], close);
            continue;
        }
        let name = text[1..]
            .split(|byte| byte.is_ascii_whitespace() || b"/>".contains(byte))
            .next()
            .unwrap_or_default();
        let local = name.rsplit(|byte| *byte == b':').next();
        found += usize::from(local == Some(b"Ntry"));
        text = behind_tag(text);
    }
    found
}

fn behind<'t>(text: &'t [u8], close: &[u8]) -> &'t [u8] {
    let at = text.windows(close.len()).position(|at| at == close);
    at.map_or(&[], |at| &text[at + close.len()..])
}

/// What follows a tag; `>` inside quotes does not end it.
fn behind_tag(text: &[u8]) -> &[u8] {
    let mut quote = None;
    for (at, byte) in text.iter().enumerate() {
        match quote {
            Some(open) if open == *byte => quote = None,
            None if *byte == b'"' || *byte == b'\'' => quote = Some(*byte),
            None if *byte == b'>' => return &text[at + 1..],
            _ => {}
        }
    }
    &[]
}

fn occurrences(text: &[u8], mark: &[u8]) -> usize {
    text.windows(mark.len()).filter(|at| *at == mark).count()
}

/// Lines as text: they end in line feeds, or in carriage returns if there is no line feed.
fn lines(text: &[u8]) -> impl Iterator<Item = Cow<'_, str>> {
    let head = &text[..text.len().min(1 << 16)];
    let end = if head.contains(&b'\n') || !head.contains(&b'\r') {
        b'\n'
    } else {
        b'\r'
    };
    text.split(move |byte| *byte == end).map(decoded)
}

fn decoded(line: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(line) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(line).0,
    }
}

/// Lines, or records of the full width in a file without line ends.
fn records(text: &[u8]) -> Box<dyn Iterator<Item = Cow<'_, str>> + '_> {
    let head = text.get(..2 * RECORD);
    let unbroken = head.is_some_and(|head| !head.iter().any(|byte| b"\r\n".contains(byte)));
    if unbroken {
        Box::new(text.chunks(RECORD).map(decoded))
    } else {
        Box::new(lines(text))
    }
}

/// `:61:` at the start of a line, behind an envelope and control characters.
fn is_field_61(line: &str) -> bool {
    let noise = |c: char| c == '\u{feff}' || (c.is_control() && c != '\t');
    let line = line.trim_start_matches(noise);
    let content = match line.rfind("{4:") {
        Some(at) if line.starts_with('{') => &line[at + 3..],
        _ => line,
    };
    content.trim_start_matches(noise).starts_with(":61:")
}

/// `16,` or `16/` at the start of a line.
fn is_record_16(line: &str) -> bool {
    let noise = |c: char| c == '\u{feff}' || c.is_control();
    let line = line.trim_start_matches(noise).trim();
    line == "16" || line.starts_with("16,") || line.starts_with("16/")
}
