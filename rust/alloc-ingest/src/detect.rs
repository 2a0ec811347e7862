//! The format of a bank file, by its content.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::{bai2, cfonb, ofx};

/// A format that this crate reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// ISO 20022 camt.052, .053 and .054.
    Camt,
    /// SWIFT MT940 and MT942.
    Mt940,
    /// CFONB account statement of 120 characters.
    Cfonb120,
    /// BAI2 and BTRS.
    Bai2,
    /// OFX 1 (SGML) and 2 (XML), also as QFX.
    Ofx,
}

impl Format {
    /// The wire name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Camt => "camt",
            Self::Mt940 => "mt940",
            Self::Cfonb120 => "cfonb120",
            Self::Bai2 => "bai2",
            Self::Ofx => "ofx",
        }
    }
}

/// Names in the head of a camt file: its namespace, or its message.
const CAMT: [&str; 6] = [
    "camt.052.",
    "camt.053.",
    "camt.054.",
    "<BkToCstmrStmt",
    "<BkToCstmrAcctRpt",
    "<BkToCstmrDbtCdtNtfctn",
];

/// How many lines of a transmission may stand before a BAI2 file.
const PREAMBLE: usize = 5;

/// Recognises the format of a file by its first bytes (a few kilobytes are enough; a preamble
/// before the first MT940 field may be longer).
#[must_use]
pub fn detect(head: &[u8]) -> Option<Format> {
    let text = head_text(head);
    let text = text.trim_start();
    if ofx::is_file(text) {
        return Some(Format::Ofx);
    }
    if text.starts_with('<') {
        let named = CAMT.iter().any(|name| text.contains(name))
            // A prefix before the name of the message.
            || CAMT[3..].iter().any(|name| text.contains(&name.replace('<', ":")));
        return named.then_some(Format::Camt);
    }
    if lines(text).any(is_mt940_line) {
        return Some(Format::Mt940);
    }
    let mut first = lines(text).filter(|line| !line.trim().is_empty());
    let record = first.next()?;
    let mut pairs = lines(text).filter(|line| !line.trim().is_empty()).zip(
        lines(text)
            .filter(|line| !line.trim().is_empty())
            .map(Some)
            .skip(1)
            .chain([None]),
    );
    if pairs
        .by_ref()
        .take(PREAMBLE)
        .any(|(line, next)| bai2::is_file(line, next))
    {
        return Some(Format::Bai2);
    }
    cfonb::is_record(record.as_bytes()).then_some(Format::Cfonb120)
}

fn head_text(head: &[u8]) -> Cow<'_, str> {
    let (encoding, marked) = match (Encoding::for_bom(head), head) {
        (Some((encoding, length)), _) => (encoding, length),
        (None, [b'<', 0, ..]) => (UTF_16LE, 0),
        (None, [0, b'<', ..]) => (UTF_16BE, 0),
        _ => (UTF_8, 0),
    };
    encoding.decode_without_bom_handling(&head[marked..]).0
}

/// Lines, whatever ends them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\r', '\n'])
}

/// A field that only a statement message has.
fn is_mt940_line(line: &str) -> bool {
    let line = line.trim_start_matches(|first: char| first.is_control());
    [":20:", ":25:", ":28C:", ":60F:", ":60M:", ":61:"]
        .iter()
        .any(|field| line.starts_with(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides_and_not_the_name() {
        let camt = "<?xml version='1.0'?>\n<n:Document xmlns:n='urn:x:camt.053.001.02:APC'>";
        for (head, format) in [
            (camt, Some(Format::Camt)),
            ("\u{feff}  <Document><BkToCstmrStmt>", Some(Format::Camt)),
            ("<n:BkToCstmrAcctRpt>", Some(Format::Camt)),
            (
                "{1:F01BANK}{2:I940BANKN}{4:\r\n:20:REF\r\n",
                Some(Format::Mt940),
            ),
            ("ABNANL2A\n940\nABNANL2A\n:20:REF\n", Some(Format::Mt940)),
            ("\u{1}\r\n:20:REF\r\n", Some(Format::Mt940)),
            (":61:2401010101C1,NTRFX", Some(Format::Mt940)),
            (
                "\n0130004    00828EUR2 00001234567  310124",
                Some(Format::Cfonb120),
            ),
            (
                "01,BANK,ME,260131,0700,1,,,2/\n02,ME,BANK,1,260131,,EUR,2/",
                Some(Format::Bai2),
            ),
            (
                "$$ADD ID=X\n01,BANK,ME,260131,0700,1,,,2/\r\n02,ME",
                Some(Format::Bai2),
            ),
            ("01,2,3,4,5,6,7\n08,1", None),
            ("\r\nOFXHEADER:100\r\nDATA:OFXSGML", Some(Format::Ofx)),
            (
                "<?xml version='1.0'?><?OFX OFXHEADER=\"200\"?><OFX>",
                Some(Format::Ofx),
            ),
            ("<OFX><SIGNONMSGSRSV1>", Some(Format::Ofx)),
            ("", None),
            ("<html><body>camt</body></html>", None),
            ("Date;Amount\n2024-01-01;1,00", None),
            ("01 not a record at all but a long line of text", None),
        ] {
            assert_eq!(detect(head.as_bytes()), format, "{head:?}");
        }
        let wide: Vec<u8> = camt.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(detect(&wide), Some(Format::Camt));
    }
}
