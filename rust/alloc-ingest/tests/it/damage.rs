//! Whatever happens to a file, it ends in data or in one named error.

use alloc_ingest::{BankFileError, FileError, Format};
use proptest::prelude::*;

use crate::files::{self, CAMT, Found, read};

/// What must hold of any file: an error names itself, and no entry is lost without a word.
fn check(bytes: &[u8]) {
    for strict in [true, false] {
        let (found, result) = read(bytes, strict);
        match result {
            Ok(_) => check_counts(&found),
            Err(BankFileError {
                error,
                name,
                offset,
            }) => {
                assert_eq!(name, "file");
                assert!(offset.is_none_or(|offset| offset <= bytes.len() as u64));
                assert!(strict || !error.is_local(), "{error}");
                assert!(error.line().is_none_or(|line| line > 0));
            }
        }
    }
}

fn check_counts(found: &Found) {
    let counted: i64 = found
        .statements
        .iter()
        .map(|(totals, _)| totals.entry_count)
        .sum();
    let left_out = found
        .warnings
        .iter()
        .filter(|warning| warning.entry_left_out)
        .count();
    let named = i64::try_from(found.entries.len() + left_out);
    assert_eq!(named, Ok(counted));
    let mut ids: Vec<&String> = found.entries.iter().map(|(id, _)| id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(
        ids.len(),
        found.entries.len(),
        "twins have ids of their own"
    );
}

#[test]
fn whole_files_are_read_and_balance() {
    for (text, format, count) in files::all() {
        let (found, result) = read(text.as_bytes(), false);
        assert_eq!(result, Ok(format));
        assert_eq!(found.entries.len(), count);
        let differences: Vec<_> = found
            .statements
            .iter()
            .map(|(totals, _)| totals.difference_minor)
            .collect();
        // OFX has no opening balance.
        let expected = (format != Format::Ofx).then_some(0);
        assert_eq!(differences, [expected], "{format:?}");
    }
}

#[test]
fn a_file_cut_off_at_any_byte_never_panics() {
    for (text, _, _) in files::all() {
        for length in 0..text.len() {
            check(&text.as_bytes()[..length]);
        }
    }
}

#[test]
fn a_camt_file_cut_off_at_any_byte_is_refused() {
    let whole = CAMT.trim_end().len();
    for length in 0..whole {
        let (_, result) = read(&CAMT.as_bytes()[..length], false);
        let error = result.unwrap_err().error;
        let refused = matches!(
            error,
            FileError::Truncated { .. } | FileError::Empty | FileError::FormatUnknown
        ) || matches!(error, FileError::Encoding { .. } if !CAMT.is_char_boundary(length));
        assert!(refused, "{length}: {error}");
    }
}

#[test]
fn a_statement_cut_off_before_its_closing_balance_is_refused_when_strict() {
    for (text, format, _) in files::all() {
        if format == Format::Camt {
            continue;
        }
        let marker = match format {
            Format::Bai2 => "\n49",
            Format::Ofx => "</STMTRS>",
            Format::Mt940 => ":62F:",
            _ => "\n07",
        };
        let cut = &text[..text.find(marker).unwrap()];
        let (_, result) = read(cut.as_bytes(), true);
        assert_eq!(
            result.unwrap_err().error.code(),
            "FILE_TRUNCATED",
            "{format:?}"
        );
        let (found, result) = read(cut.as_bytes(), false);
        assert!(result.is_ok());
        assert!(
            found
                .warnings
                .iter()
                .any(|one| one.code == "STATEMENT_NOT_CLOSED")
        );
    }
}

#[test]
fn nesting_without_end_is_refused() {
    let head = "<Document xmlns='camt.053.001.02'><BkToCstmrStmt><Stmt>";
    for nested in ["<a>", "<Ntry><NtryDtls><TxDtls><RltdPties><Dbtr>"] {
        let mut text = format!("{head}{nested}");
        text.push_str(&"<Pty>".repeat(100_000));
        let (_, result) = read(text.as_bytes(), false);
        assert_eq!(result.unwrap_err().error.code(), "XML_INVALID");
    }
}

#[test]
fn a_line_without_end_is_read_in_bounded_pieces() {
    let mut text = b":20:A\n:25:1\n:60F:C260101EUR0,\n:61:260101C1,NTRFX\n:86:".to_vec();
    text.resize(5 << 20, b'x');
    check(&text);
}

/// Bytes that mean something in one of the formats.
fn meaningful() -> impl Strategy<Value = u8> {
    prop_oneof![
        any::<u8>(),
        proptest::sample::select(b"<>&/:?+-,.{}=\"'\n\r 0179CDR".to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_bytes_never_panic(
        which in 0..3_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), meaningful()), 1..12),
    ) {
        let mut bytes = files::all()[which].0.as_bytes().to_vec();
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        check(&bytes);
    }

    #[test]
    fn moved_and_repeated_pieces_never_panic(
        which in 0..3_usize,
        from in any::<prop::sample::Index>(),
        length in 0..400_usize,
        to in any::<prop::sample::Index>(),
        remove in any::<bool>(),
    ) {
        let mut bytes = files::all()[which].0.as_bytes().to_vec();
        let start = from.index(bytes.len());
        let end = (start + length).min(bytes.len());
        let piece: Vec<u8> = if remove {
            bytes.drain(start..end).collect()
        } else {
            bytes[start..end].to_vec()
        };
        let at = to.index(bytes.len() + 1);
        bytes.splice(at..at, piece);
        check(&bytes);
    }

    #[test]
    fn any_bytes_behind_a_recognised_head_never_panic(
        which in 0..3_usize,
        tail in prop::collection::vec(meaningful(), 0..400),
    ) {
        let text = files::all()[which].0.as_bytes();
        let mut bytes = text[..text.len() / 3].to_vec();
        bytes.extend(tail);
        check(&bytes);
    }

    #[test]
    fn line_ends_do_not_matter(which in 0..3_usize) {
        let text = files::all()[which].0;
        let (lines, _) = read(text.as_bytes(), false);
        let (windows, result) = read(text.replace('\n', "\r\n").as_bytes(), false);
        prop_assert!(result.is_ok());
        let ids = |found: &Found| found.entries.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>();
        prop_assert_eq!(ids(&lines), ids(&windows));
    }
}
