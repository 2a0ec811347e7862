use alloc_domain::chain::GENESIS;
use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
struct Row {
    entry: ChainEntry<'static>,
    postings: Vec<ChainPosting<'static>>,
    allocations: Vec<ChainAllocation<'static>>,
    seal: Seal,
}

fn entry(journal: &'static str) -> ChainEntry<'static> {
    ChainEntry {
        seq: 0,
        entity: "E1",
        journal,
        fiscal_year: 2026,
        number: 0,
        kind: "clearing",
        posting_date: 20_544,
        piece_date: 20_543,
        piece_ref: "B1",
        label: "Customer payment",
        currency: "EUR",
        payment_id: Some("P1"),
        decision_id: None,
        reverses_seq: None,
        posted_at: Some("2026-04-01T06:00:00Z"),
        posted_by: None,
    }
}

fn posting(line_no: i64, account: &'static str, amount_minor: i64) -> ChainPosting<'static> {
    ChainPosting {
        line_no,
        account,
        customer_id: None,
        label: "Customer payment",
        amount_minor,
        currency: "EUR",
        foreign: None,
    }
}

fn feed(sealer: &mut Sealer, row: &Row) -> Result<Seal, SealError> {
    sealer.start(&row.entry)?;
    row.postings.iter().for_each(|line| sealer.posting(line));
    row.allocations
        .iter()
        .for_each(|part| sealer.allocation(part));
    sealer.finish()
}

fn row(journal: &'static str, amount_minor: i64) -> Row {
    Row {
        entry: entry(journal),
        postings: vec![
            posting(1, "512000", amount_minor),
            posting(2, "411000", -amount_minor),
        ],
        allocations: vec![ChainAllocation {
            item_id: "F1",
            customer_id: Some("C-A"),
            allocated_minor: amount_minor,
            foreign_minor: None,
            evidence: Some("WHOLE_BALANCE"),
        }],
        seal: Seal {
            seq: 0,
            number: 0,
            previous_hash: GENESIS,
            hash: GENESIS,
        },
    }
}

/// Three entries in two journals, sealed.
fn sealed() -> Vec<Row> {
    let mut sealer = Sealer::new(1, Numbers::default(), GENESIS);
    let mut rows = vec![row("BQ1", 100), row("OD", 200), row("BQ1", 300)];
    for row in &mut rows {
        row.seal = feed(&mut sealer, row).expect("balanced");
        row.entry.seq = row.seal.seq;
        row.entry.number = row.seal.number;
    }
    rows
}

fn findings(rows: &[Row]) -> Vec<Finding> {
    let mut checker = Checker::new(1, Numbers::default(), GENESIS);
    for row in rows {
        checker.start(&row.entry, row.seal.previous_hash, row.seal.hash);
        row.postings.iter().for_each(|line| checker.posting(line));
        row.allocations
            .iter()
            .for_each(|part| checker.allocation(part));
        checker.finish();
    }
    checker.end(None)
}

fn codes(rows: &[Row]) -> Vec<(Option<i64>, &'static str)> {
    findings(rows)
        .iter()
        .map(|finding| (finding.seq, finding.code))
        .collect()
}

#[test]
fn an_amount_abroad_is_under_the_hash() {
    let sealed = |posting_minor: Option<i64>, item_minor: Option<i64>| {
        let mut row = row("BQ1", 10_000);
        row.postings[0].foreign = posting_minor.map(|minor| ("USD", minor));
        row.allocations[0].foreign_minor = item_minor;
        let mut sealer = Sealer::new(1, Numbers::default(), GENESIS);
        feed(&mut sealer, &row).expect("balanced").hash
    };
    let hashes = [
        sealed(None, None),
        sealed(Some(11_500), None),
        sealed(Some(11_501), None),
        sealed(None, Some(11_500)),
    ];
    for (place, hash) in hashes.iter().enumerate() {
        assert!(!hashes[..place].contains(hash));
    }
}

#[test]
fn numbers_count_up_in_each_journal_and_the_chain_checks() {
    let rows = sealed();
    let numbers: Vec<_> = rows
        .iter()
        .map(|row| (row.seal.seq, row.seal.number))
        .collect();
    assert_eq!(numbers, [(1, 1), (2, 1), (3, 2)]);
    assert_eq!(findings(&rows), []);
}

#[test]
fn the_hash_is_sha256_over_the_documented_bytes() {
    let mut bytes = vec![0_u8; 32];
    let text = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend(u32::try_from(text.len()).expect("short").to_le_bytes());
        bytes.extend(text.as_bytes());
    };
    let integer = |bytes: &mut Vec<u8>, value: i64| {
        bytes.extend([8, 0, 0, 0]);
        bytes.extend(value.to_le_bytes());
    };
    let missing = [0xFF; 4];
    bytes.extend([1, b'E']);
    integer(&mut bytes, 1);
    text(&mut bytes, "E1");
    text(&mut bytes, "BQ1");
    integer(&mut bytes, 2026);
    integer(&mut bytes, 1);
    text(&mut bytes, "clearing");
    integer(&mut bytes, 20_544);
    integer(&mut bytes, 20_543);
    for word in ["B1", "Customer payment", "EUR", "P1"] {
        text(&mut bytes, word);
    }
    bytes.extend(missing);
    bytes.extend(missing);
    text(&mut bytes, "2026-04-01T06:00:00Z");
    bytes.extend(missing);
    for (line_no, account, amount) in [(1, "512000", 100), (2, "411000", -100)] {
        bytes.push(b'P');
        integer(&mut bytes, line_no);
        text(&mut bytes, account);
        bytes.extend(missing);
        text(&mut bytes, "Customer payment");
        integer(&mut bytes, amount);
        text(&mut bytes, "EUR");
    }
    bytes.push(b'A');
    text(&mut bytes, "F1");
    text(&mut bytes, "C-A");
    integer(&mut bytes, 100);
    text(&mut bytes, "WHOLE_BALANCE");
    let expected: Hash = Sha256::digest(&bytes).into();
    assert_eq!(sealed()[0].seal.hash, expected);
}

#[test]
fn an_entry_that_does_not_balance_is_never_sealed() {
    let mut spoiled = row("BQ1", 100);
    spoiled.postings[1].amount_minor = -99;
    let mut sealer = Sealer::new(1, Numbers::default(), GENESIS);
    let refused = feed(&mut sealer, &spoiled).expect_err("unbalanced");
    assert_eq!(refused.code(), "UNBALANCED_ENTRY");
    let mut empty = row("BQ1", 100);
    empty.postings.clear();
    let refused = feed(&mut sealer, &empty).expect_err("empty");
    assert_eq!(refused.code(), "EMPTY_ENTRY");
    let mut shuffled = row("BQ1", 100);
    shuffled.postings.swap(0, 1);
    let refused = feed(&mut sealer, &shuffled).expect_err("out of order");
    assert_eq!(refused.code(), "LINES_OUT_OF_ORDER");
}

#[test]
fn counters_that_are_used_up_are_named() {
    let mut numbers = Numbers::default();
    numbers.set("E1", "BQ1", 2026, i64::MAX);
    let mut sealer = Sealer::new(1, numbers, GENESIS);
    let refused = feed(&mut sealer, &row("BQ1", 1)).expect_err("no number left");
    assert_eq!(refused.code(), "NUMBERS_EXHAUSTED");
    let mut sealer = Sealer::new(i64::MAX, Numbers::default(), GENESIS);
    let refused = feed(&mut sealer, &row("BQ1", 1)).expect_err("no seq left");
    assert_eq!(refused.code(), "SEQ_EXHAUSTED");
}

#[test]
fn a_missing_entry_leaves_a_gap_and_breaks_the_chain() {
    let mut rows = sealed();
    rows.remove(0);
    assert_eq!(
        codes(&rows),
        [
            (Some(2), "GAP_IN_SEQUENCE"),
            (Some(2), "BROKEN_CHAIN"),
            (Some(3), "GAP_IN_NUMBERS"),
        ]
    );
}

#[test]
fn a_number_used_twice_is_found() {
    let mut rows = sealed();
    rows[2].entry.number = 1;
    let found = codes(&rows);
    assert_eq!(
        found,
        [(Some(3), "DUPLICATE_NUMBER"), (Some(3), "BROKEN_CHAIN")]
    );
}

#[test]
fn cutting_off_the_end_is_found_when_the_head_is_known() {
    let rows = sealed();
    let mut checker = Checker::new(1, Numbers::default(), GENESIS);
    checker.start(
        &rows[0].entry,
        rows[0].seal.previous_hash,
        rows[0].seal.hash,
    );
    let last = rows[2].seal.hash;
    let found = checker.end(Some(last));
    assert_eq!(
        found.last().map(|finding| finding.code),
        Some("BROKEN_CHAIN")
    );
}

/// Changes one field of a row; every number is a different field.
fn spoil(row: &mut Row, field: u8, line: usize) -> bool {
    let posting = &mut row.postings[line % 2];
    match field {
        0 => row.entry.seq += 1,
        1 => row.entry.entity = "E2",
        2 => row.entry.journal = "AC",
        3 => row.entry.fiscal_year += 1,
        4 => row.entry.number += 1,
        5 => row.entry.kind = "release",
        6 => row.entry.posting_date += 1,
        7 => row.entry.piece_date -= 1,
        8 => row.entry.piece_ref = "B2",
        9 => row.entry.label = "Customer paymen",
        10 => row.entry.currency = "USD",
        11 => row.entry.payment_id = None,
        12 => row.entry.decision_id = Some(0),
        13 => row.entry.reverses_seq = Some(0),
        14 => row.entry.posted_at = Some("2026-04-01T06:00:01Z"),
        15 => posting.line_no += 1,
        16 => posting.account = "512001",
        17 => row.entry.posted_by = Some(""),
        18 => posting.customer_id = Some("label"),
        19 => row.allocations[0].evidence = None,
        20 => posting.label = "",
        21 => posting.amount_minor += 1,
        22 => posting.currency = "USD",
        23 => row.allocations[0].item_id = "F2",
        24 => row.allocations[0].customer_id = None,
        25 => row.allocations[0].allocated_minor -= 1,
        26 => row.allocations.clear(),
        27 => drop(row.postings.pop()),
        28 => row.postings.swap(0, 1),
        29 => row.seal.hash[line] ^= 1,
        30 => row.seal.previous_hash[line] ^= 1,
        _ => return false,
    }
    true
}

#[test]
fn the_list_of_fields_to_spoil_is_complete() {
    let mut row = row("BQ1", 1);
    assert!(spoil(&mut row.clone(), 30, 0));
    assert!(!spoil(&mut row, 31, 0));
}

proptest! {
    #[test]
    fn any_change_of_any_field_is_found(which in 0..3_usize, field in 0..31_u8, line in 0..32_usize) {
        let mut rows = sealed();
        spoil(&mut rows[which], field, line);
        let found = findings(&rows);
        prop_assert!(!found.is_empty());
        let seq = rows[which].entry.seq;
        prop_assert!(found.iter().any(|finding| finding.seq == Some(seq)), "{found:?}");
    }
}
