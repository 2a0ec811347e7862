//! Reversal: the mirror of posted entries. Nothing posted is edited or deleted.

use std::borrow::Cow;

use alloc_domain::clearing::{Drafts, Letter, LetterMember, PostedEntry, PostedPosting};
use alloc_domain::{
    EntryHeader, EntryKind, Foreign, JournalEntry, JournalError, LetterKind, Posting, Reason,
    ReasonKind,
};
use rustc_hash::FxHashMap;

/// What the mirrors say of themselves.
#[derive(Clone, Copy, Debug)]
pub struct ReversalTerms<'t> {
    /// The accounting date, days since 1970-01-01.
    pub posting_date: i32,
    /// The year in which the fiscal year of that date ends, when the caller knows it.
    pub fiscal_year: Option<i64>,
    /// The label; `{entry}` in it stands for the journal and number, `BQ1-000042`.
    pub label: &'t str,
}

/// Why an entry could not be reversed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReverseError {
    /// The mirror could not be built; the posted entry is not what was posted.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// An entry given twice.
    #[error("entry {seq} appears twice among the entries to reverse")]
    EntryTwice {
        /// Its place in the chain.
        seq: i64,
    },
    /// A posting whose entry is not given.
    #[error("postings: entry {seq} is not among the entries to reverse")]
    EntryUnknown {
        /// Its place in the chain.
        seq: i64,
    },
    /// A reversal of a reversal.
    #[error("entry {seq} is itself a reversal; accept the payment again instead")]
    ReversalReversed {
        /// Its place in the chain.
        seq: i64,
    },
    /// The one amount without a mirror.
    #[error("entry {seq}, line {line_no}: the amount has no opposite in 64 bits")]
    AmountTooLarge {
        /// Its place in the chain.
        seq: i64,
        /// The line.
        line_no: i64,
    },
}

impl Reason for ReverseError {
    fn code(&self) -> &'static str {
        match self {
            Self::Journal(error) => error.code(),
            Self::EntryTwice { .. } => "ENTRY_TWICE",
            Self::EntryUnknown { .. } => "ENTRY_UNKNOWN",
            Self::ReversalReversed { .. } => "REVERSAL_REVERSED",
            Self::AmountTooLarge { .. } => "AMOUNT_TOO_LARGE",
        }
    }

    fn kind(&self) -> ReasonKind {
        match self {
            Self::Journal(error) => error.kind(),
            Self::EntryTwice { .. } | Self::EntryUnknown { .. } => ReasonKind::Input,
            Self::ReversalReversed { .. } => ReasonKind::Conflict,
            Self::AmountTooLarge { .. } => ReasonKind::Limit,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Journal(error) => error.metadata(),
            Self::EntryTwice { seq }
            | Self::EntryUnknown { seq }
            | Self::ReversalReversed { seq } => vec![("seq", seq.to_string())],
            Self::AmountTooLarge { seq, line_no } => {
                vec![("seq", seq.to_string()), ("line_no", line_no.to_string())]
            }
        }
    }
}

/// Drafts the mirror of each posted entry: debits become credits and credits debits.
///
/// * `postings` — of these entries, in any order; lines keep their order
/// * `terms` — date, fiscal year and label of the mirrors
///
/// A posting on a customer account, one that was lettered and one that created an open item form
/// a full group with their mirror (CTL-03): the items that the entry had cleared are open again.
///
/// # Errors
/// [`ReverseError`]; a reversal itself is never reversed.
pub fn reverse_entries<'a>(
    entries: &[PostedEntry<'a>],
    postings: &[PostedPosting<'a>],
    terms: &ReversalTerms<'_>,
) -> Result<Drafts<'a>, ReverseError> {
    let mut lines: FxHashMap<i64, Vec<&PostedPosting<'a>>> = FxHashMap::default();
    for entry in entries {
        if entry.kind == EntryKind::Reversal {
            return Err(ReverseError::ReversalReversed { seq: entry.seq });
        }
        if lines.insert(entry.seq, Vec::new()).is_some() {
            return Err(ReverseError::EntryTwice { seq: entry.seq });
        }
    }
    for posting in postings {
        let seq = posting.seq;
        let entry = lines
            .get_mut(&seq)
            .ok_or(ReverseError::EntryUnknown { seq })?;
        entry.push(posting);
    }
    let mut drafts = Drafts {
        entries: Vec::with_capacity(entries.len()),
        new_items: Vec::new(),
        residuals: Vec::new(),
        letters: Vec::new(),
        letter_members: Vec::new(),
    };
    for entry in entries {
        let mut lines = lines.remove(&entry.seq).unwrap_or_default();
        lines.sort_by_key(|posting| posting.line_no);
        let mirror = mirror(entry, &lines, terms, &mut drafts)?;
        drafts.entries.push(mirror);
    }
    Ok(drafts)
}

/// The mirror of one entry; its lettering groups are added to `drafts`.
fn mirror<'a>(
    entry: &PostedEntry<'a>,
    lines: &[&PostedPosting<'a>],
    terms: &ReversalTerms<'_>,
    drafts: &mut Drafts<'a>,
) -> Result<JournalEntry<'a>, ReverseError> {
    let name = format!("{}-{:06}", entry.journal, entry.number);
    let label = terms.label.replace("{entry}", &name);
    let mut postings = Vec::with_capacity(lines.len());
    for line in lines {
        let mirrored = |minor: i64| {
            minor.checked_neg().ok_or(ReverseError::AmountTooLarge {
                seq: line.seq,
                line_no: line.line_no,
            })
        };
        let amount_minor = mirrored(line.amount_minor)?;
        let foreign = match line.foreign {
            Some(foreign) => Some(Foreign {
                minor: mirrored(foreign.minor)?,
                ..foreign
            }),
            None => None,
        };
        postings.push(Posting {
            account: line.account,
            customer_id: line.customer_id,
            label: Cow::Owned(label.clone()),
            amount_minor,
            currency: entry.currency,
            foreign,
            letter: letter(entry, line, drafts),
            item_id: None,
            reverses_line_no: Some(line.line_no),
        });
    }
    let header = EntryHeader {
        payment_id: entry.payment_id,
        entity: entry.entity,
        journal: entry.journal,
        kind: EntryKind::Reversal,
        posting_date: terms.posting_date,
        fiscal_year: terms.fiscal_year,
        piece_date: entry.piece_date,
        piece_ref: entry.piece_ref,
        label: Cow::Owned(label),
        currency: entry.currency,
        reverses_seq: Some(entry.seq),
    };
    Ok(JournalEntry::new(header, postings)?)
}

/// The full group of a posting and its mirror, if such a posting is lettered at all.
fn letter<'a>(
    entry: &PostedEntry<'a>,
    line: &PostedPosting<'a>,
    drafts: &mut Drafts<'a>,
) -> Option<usize> {
    let is_lettered =
        line.customer_id.is_some() || line.item_id.is_some() || line.letter_group.is_some();
    if !is_lettered {
        return None;
    }
    let letter_index = drafts.letters.len();
    drafts.letters.push(Letter {
        entity: entry.entity,
        account: line.account,
        customer_id: line.customer_id,
        kind: LetterKind::Full,
        balance_minor: 0,
        letter_groups: Vec::new(),
    });
    if let Some(item_id) = line.item_id {
        drafts.letter_members.push(LetterMember {
            letter_index,
            item_id: item_id.into(),
        });
    }
    Some(letter_index)
}

#[cfg(test)]
mod tests {
    use alloc_domain::Currency;

    use super::*;

    const TERMS: ReversalTerms<'static> = ReversalTerms {
        posting_date: 20_100,
        fiscal_year: Some(2025),
        label: "Extourne {entry}",
    };

    fn posted(seq: i64) -> PostedEntry<'static> {
        PostedEntry {
            seq,
            payment_id: Some("B1"),
            entity: "E1",
            journal: "BQ1",
            number: 42,
            kind: EntryKind::Clearing,
            piece_date: 20_000,
            piece_ref: "B1",
            currency: Currency::EUR,
        }
    }

    fn line(line_no: i64, account: &'static str, amount_minor: i64) -> PostedPosting<'static> {
        PostedPosting {
            seq: 7,
            line_no,
            account,
            customer_id: (account == "411000").then_some("C-A"),
            amount_minor,
            foreign: None,
            item_id: None,
            letter_group: None,
        }
    }

    #[test]
    fn the_mirror_turns_debits_into_credits_and_letters_the_customer_line() {
        let lines = [line(2, "411000", -60_000), line(1, "512000", 60_000)];
        let drafts = reverse_entries(&[posted(7)], &lines, &TERMS).expect("balanced");
        let entry = &drafts.entries[0];
        let seen: Vec<_> = entry
            .postings()
            .iter()
            .map(|posting| (posting.account, posting.amount_minor, posting.letter))
            .collect();
        assert_eq!(
            seen,
            [("512000", -60_000, None), ("411000", 60_000, Some(0))]
        );
        assert_eq!(entry.header().label, "Extourne BQ1-000042");
        assert_eq!(entry.header().reverses_seq, Some(7));
        assert_eq!(entry.header().posting_date, 20_100);
        assert_eq!(drafts.letters[0].kind, LetterKind::Full);
    }

    #[test]
    fn an_amount_abroad_is_mirrored_with_its_line() {
        let mut bank = line(1, "512000", 60_000);
        bank.foreign = Some(Foreign {
            currency: Currency::EUR,
            minor: 7,
        });
        let lines = [bank, line(2, "411000", -60_000)];
        let drafts = reverse_entries(&[posted(7)], &lines, &TERMS).expect("balanced");
        let mirrored = drafts.entries[0].postings()[0].foreign.expect("kept");
        assert_eq!(mirrored.minor, -7);
    }

    #[test]
    fn money_on_account_is_cleared_by_the_mirror() {
        let mut rest = line(2, "411000", -60_000);
        rest.item_id = Some("B1-OA");
        let lines = [line(1, "512000", 60_000), rest];
        let drafts = reverse_entries(&[posted(7)], &lines, &TERMS).expect("balanced");
        assert_eq!(drafts.letter_members[0].item_id, "B1-OA");
    }

    #[test]
    fn a_reversal_is_never_reversed() {
        let mut entry = posted(7);
        entry.kind = EntryKind::Reversal;
        let refused = reverse_entries(&[entry], &[], &TERMS).expect_err("a reversal");
        assert_eq!(refused.code(), "REVERSAL_REVERSED");
    }

    #[test]
    fn rows_that_do_not_belong_together_are_refused() {
        let code = |entries: &[PostedEntry<'static>], lines: &[PostedPosting<'static>]| {
            reverse_entries(entries, lines, &TERMS)
                .expect_err("refused")
                .code()
        };
        assert_eq!(code(&[posted(7), posted(7)], &[]), "ENTRY_TWICE");
        assert_eq!(code(&[posted(8)], &[line(1, "512000", 1)]), "ENTRY_UNKNOWN");
        assert_eq!(
            code(&[posted(7)], &[line(1, "512000", 1)]),
            "UNBALANCED_ENTRY"
        );
        assert_eq!(code(&[posted(7)], &[]), "EMPTY_ENTRY");
        let least = line(1, "512000", i64::MIN);
        assert_eq!(code(&[posted(7)], &[least]), "AMOUNT_TOO_LARGE");
    }
}
