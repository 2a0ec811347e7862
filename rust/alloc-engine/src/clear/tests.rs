use alloc_domain::{Currency, LetterKind, Reason};
use proptest::prelude::*;

use super::*;

fn payment(payment_id: &'static str, amount_minor: i64) -> Payment<'static> {
    Payment {
        payment_id,
        item_prefix: payment_id,
        source_item_id: None,
        entity: "E1",
        journal: "BQ1",
        kind: EntryKind::Clearing,
        posting_date: 20_544,
        fiscal_year: Some(2026),
        piece_date: 20_543,
        piece_ref: payment_id,
        label: "Customer payment",
        currency: Currency::EUR,
        amount_minor,
        foreign: None,
        source_account: "512000",
        customer_id: Some("C-A"),
        customer_account: "411000",
        suspense_account: "471000",
        granularity: Granularity::PerGroup,
    }
}

fn part(
    payment_id: &'static str,
    item_id: &'static str,
    allocated_minor: i64,
    open_minor: i64,
) -> Allocation<'static> {
    Allocation {
        payment_id,
        item_id: item_id.into(),
        entity: None,
        customer_id: Some("C-A"),
        account: "411000",
        allocated_minor,
        foreign: None,
        open_minor,
        letter_group: None,
        group_open_minor: None,
    }
}

fn line(role: &'static str, account: &'static str, amount_minor: i64) -> Adjustment<'static> {
    Adjustment {
        payment_id: "B1",
        role,
        account,
        amount_minor,
        foreign: None,
        customer_id: None,
        label: None,
        new_item_id: None,
    }
}

/// One line per posting: account, customer, amount, letter and new item.
fn book(drafts: &Drafts<'_>) -> Vec<String> {
    let text = |posting: &Posting<'_>| {
        let letter = posting.letter.map(|index| {
            let kind = drafts.letters[index].kind;
            alloc_domain::letter_code(i64::try_from(index).expect("small"), kind).expect("small")
        });
        let words = [
            Some(posting.account.to_owned()),
            posting.customer_id.map(str::to_owned),
            Some(posting.amount_minor.to_string()),
            letter,
            posting.item_id.as_deref().map(|id| format!("new {id}")),
        ];
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    drafts
        .entries
        .iter()
        .flat_map(|entry| entry.postings().iter().map(text))
        .collect()
}

fn members(drafts: &Drafts<'_>) -> Vec<String> {
    drafts
        .letter_members
        .iter()
        .map(|member| format!("{} {}", member.letter_index, member.item_id))
        .collect()
}

fn refusal(
    payments: &[Payment<'static>],
    parts: &[Allocation<'static>],
    lines: &[Adjustment<'static>],
) -> &'static str {
    draft_entries(payments, parts, lines)
        .expect_err("refused")
        .code()
}

#[test]
fn invoices_and_a_credit_note_share_one_posting_and_one_letter() {
    let parts = [
        part("B1", "F1", 120_000, 120_000),
        part("B1", "AV1", -12_000, -12_000),
    ];
    let drafts = draft_entries(&[payment("B1", 108_000)], &parts, &[]).expect("balanced");
    assert_eq!(book(&drafts), ["512000 108000", "411000 C-A -108000 AAA"]);
    assert_eq!(members(&drafts), ["0 F1", "0 AV1"]);
    assert_eq!(drafts.letters[0].balance_minor, 0);
}

#[test]
fn a_part_payment_leaves_the_residual_on_the_invoice() {
    let parts = [part("B1", "F1", 50_000, 120_000)];
    let drafts = draft_entries(&[payment("B1", 50_000)], &parts, &[]).expect("balanced");
    assert_eq!(book(&drafts), ["512000 50000", "411000 C-A -50000 aaa"]);
    assert_eq!(drafts.residuals[0].residual_minor, 70_000);
    assert_eq!(drafts.letters[0].balance_minor, 70_000);
    assert_eq!(drafts.letters[0].kind, LetterKind::Partial);
}

#[test]
fn what_is_settled_for_good_has_its_own_posting() {
    let parts = [
        part("B1", "F1", 100, 100),
        part("B1", "F2", 50, 80),
        part("B1", "F3", 10, 10),
    ];
    let drafts = draft_entries(&[payment("B1", 160)], &parts, &[]).expect("balanced");
    assert_eq!(
        book(&drafts),
        ["512000 160", "411000 C-A -110 AAA", "411000 C-A -50 aab"]
    );
}

#[test]
fn credit_notes_larger_than_the_settled_invoices_stay_in_one_posting() {
    let parts = [
        part("B1", "F1", 100, 100),
        part("B1", "AV1", -120, -120),
        part("B1", "F2", 70, 80),
    ];
    let drafts = draft_entries(&[payment("B1", 50)], &parts, &[]).expect("balanced");
    assert_eq!(book(&drafts), ["512000 50", "411000 C-A -50 aaa"]);
    assert_eq!(drafts.letters[0].balance_minor, 10);
}

#[test]
fn the_last_part_completes_the_group_and_all_its_members_join() {
    let mut last = part("B2", "F1", 70_000, 70_000);
    last.letter_group = Some(31);
    last.group_open_minor = Some(70_000);
    let drafts = draft_entries(&[payment("B2", 70_000)], &[last.clone()], &[]).expect("balanced");
    assert_eq!(book(&drafts), ["512000 70000", "411000 C-A -70000 AAA"]);
    assert_eq!(members(&drafts), ["0 F1"]);
    assert_eq!(drafts.letters[0].letter_groups, [31]);

    last.group_open_minor = Some(75_000);
    let drafts = draft_entries(&[payment("B2", 70_000)], &[last], &[]).expect("balanced");
    assert_eq!(drafts.letters[0].kind, LetterKind::Partial);
    assert_eq!(drafts.letters[0].balance_minor, 5_000);
}

#[test]
fn two_payments_of_one_batch_complete_an_invoice_together() {
    let parts = [
        part("B1", "F1", 50_000, 120_000),
        part("B2", "F1", 70_000, 120_000),
    ];
    let payments = [payment("B1", 50_000), payment("B2", 70_000)];
    let drafts = draft_entries(&payments, &parts, &[]).expect("balanced");
    assert_eq!(
        book(&drafts),
        [
            "512000 50000",
            "411000 C-A -50000 AAA",
            "512000 70000",
            "411000 C-A -70000 AAA",
        ]
    );
    let left: Vec<_> = drafts
        .residuals
        .iter()
        .map(|row| row.residual_minor)
        .collect();
    assert_eq!(left, [70_000, 0]);
    assert_eq!(drafts.letters.len(), 1);
}

#[test]
fn one_payment_over_several_customers_has_a_posting_for_each() {
    let mut other = part("B1", "F2", 30_000, 30_000);
    other.customer_id = Some("C-B");
    let parts = [part("B1", "F1", 60_000, 60_000), other];
    let drafts = draft_entries(&[payment("B1", 90_000)], &parts, &[]).expect("balanced");
    assert_eq!(
        book(&drafts),
        [
            "512000 90000",
            "411000 C-A -60000 AAA",
            "411000 C-B -30000 AAB"
        ]
    );
}

#[test]
fn per_document_gives_each_item_its_posting_and_letter() {
    let mut payment = payment("B1", 80);
    payment.granularity = Granularity::PerDocument;
    let parts = [part("B1", "F1", 100, 100), part("B1", "AV1", -20, -20)];
    let drafts = draft_entries(&[payment], &parts, &[]).expect("balanced");
    assert_eq!(
        book(&drafts),
        ["512000 80", "411000 C-A -100 AAA", "411000 C-A 20 AAB"]
    );
}

#[test]
fn the_rest_of_a_known_payer_stays_on_account_without_a_letter() {
    let parts = [part("B1", "F1", 120_000, 120_000)];
    let drafts = draft_entries(&[payment("B1", 125_000)], &parts, &[]).expect("balanced");
    assert_eq!(
        book(&drafts),
        [
            "512000 125000",
            "411000 C-A -120000 AAA",
            "411000 C-A -5000 new B1-OA"
        ]
    );
    let item = &drafts.new_items[0];
    assert_eq!(
        (item.kind, item.open_minor, item.issue_date),
        ("on_account", -5_000, 20_543)
    );
}

#[test]
fn the_money_of_an_unknown_payer_is_parked_and_released_later() {
    let mut parked = payment("B1", 43_210);
    parked.kind = EntryKind::Suspense;
    parked.customer_id = None;
    let drafts = draft_entries(std::slice::from_ref(&parked), &[], &[]).expect("balanced");
    assert_eq!(book(&drafts), ["512000 43210", "471000 -43210 new B1-SU"]);
    assert_eq!(drafts.new_items[0].kind, "suspense");

    let mut release = payment("B1", 43_210);
    release.kind = EntryKind::Release;
    release.source_account = "471000";
    let parts = [part("B1", "F1", 43_210, 43_210)];
    let drafts = draft_entries(std::slice::from_ref(&release), &parts, &[]).expect("balanced");
    assert_eq!(book(&drafts), ["471000 43210 AAA", "411000 C-A -43210 AAB"]);
    assert_eq!(members(&drafts), ["0 B1-SU", "1 F1"]);

    release.source_item_id = Some("B1.2-SU");
    let drafts = draft_entries(&[release], &parts, &[]).expect("balanced");
    assert_eq!(members(&drafts), ["0 B1.2-SU", "1 F1"]);
}

#[test]
fn a_release_may_name_the_parked_item_and_take_a_part_of_it() {
    let mut release = payment("B1", 40);
    release.kind = EntryKind::Release;
    release.source_account = "471000";
    let mut parked = part("B1", "OLD-SU", -40, -100);
    parked.account = "471000";
    parked.customer_id = None;
    let parts = [part("B1", "F1", 30, 30), parked];
    let drafts = draft_entries(&[release], &parts, &[]).expect("balanced");
    assert_eq!(
        book(&drafts),
        [
            "471000 40 aaa",
            "411000 C-A -30 AAB",
            "411000 C-A -10 new B1-OA"
        ]
    );
    assert_eq!(drafts.letters[0].balance_minor, -60);
}

#[test]
fn deductions_stand_as_debits_before_the_customer_and_credits_after() {
    let lines = [
        line("late_interest", "763100", -50),
        line("commission", "622200", 5_000),
        line("vat_deductible", "445660", 1_000),
    ];
    let parts = [part("B1", "F1", 120_000, 120_000)];
    let drafts = draft_entries(&[payment("B1", 114_050)], &parts, &lines).expect("balanced");
    assert_eq!(
        book(&drafts),
        [
            "512000 114050",
            "622200 5000",
            "445660 1000",
            "411000 C-A -120000 AAA",
            "763100 -50",
        ]
    );
}

#[test]
fn an_adjustment_on_account_creates_the_item_of_its_own_customer() {
    let mut on_account = line("on_account", "411000", -5_000);
    on_account.customer_id = Some("C-B");
    let mut retention = line("retention", "411700", 600);
    retention.customer_id = Some("C-A");
    retention.new_item_id = Some("F1-RG");
    let parts = [part("B1", "F1", 12_000, 12_000)];
    let drafts = draft_entries(&[payment("B1", 17_000)], &parts, &[on_account, retention])
        .expect("balanced");
    assert_eq!(
        book(&drafts),
        [
            "512000 17000",
            "411700 C-A 600 new F1-RG",
            "411000 C-A -12000 AAA",
            "411000 C-B -5000 new B1-OA",
            "411000 C-A -600 new B1-OA2",
        ]
    );
    assert_eq!(drafts.new_items[0].kind, "retention");
}

#[test]
fn items_that_cancel_each_other_are_lettered_without_an_entry() {
    let parts = [part("B1", "F1", 100, 100), part("B1", "AV1", -100, -100)];
    let drafts = draft_entries(&[payment("B1", 0)], &parts, &[]).expect("nothing to post");
    assert!(drafts.entries.is_empty());
    assert_eq!(members(&drafts), ["0 F1", "0 AV1"]);
    assert_eq!(drafts.residuals[0].draft_index, None);
}

#[test]
fn more_than_the_cash_is_never_allocated() {
    let parts = [part("B1", "F1", 101, 101)];
    let code = refusal(&[payment("B1", 100)], &parts, &[]);
    assert_eq!(code, "ALLOCATED_EXCEEDS_CASH");
}

#[test]
fn more_than_what_is_open_is_never_allocated() {
    let twice = [part("B1", "F1", 60, 100), part("B2", "F1", 50, 100)];
    let payments = [payment("B1", 100), payment("B2", 100)];
    assert_eq!(refusal(&payments, &twice, &[]), "ALLOCATION_INVALID");
    for (allocated, open) in [(101, 100), (0, 100), (-1, 100), (1, -100), (1, 0)] {
        let parts = [part("B1", "F1", allocated, open)];
        let code = refusal(&payments, &parts, &[]);
        assert_eq!(code, "ALLOCATION_INVALID", "{allocated} of {open}");
    }
}

#[test]
fn rows_that_contradict_each_other_are_refused() {
    let payments = [payment("B1", 100), payment("B2", 100)];
    let good = part("B1", "F1", 10, 100);
    let next = |change: fn(&mut Allocation<'static>)| {
        let mut second = part("B2", "F1", 10, 100);
        change(&mut second);
        refusal(&payments, &[good.clone(), second], &[])
    };
    assert_eq!(next(|row| row.payment_id = "B1"), "ALLOCATION_TWICE");
    assert_eq!(next(|row| row.payment_id = "B9"), "PAYMENT_UNKNOWN");
    assert_eq!(next(|row| row.open_minor = 99), "ITEM_DIFFERS");
    assert_eq!(next(|row| row.account = "411700"), "ITEM_DIFFERS");
    assert_eq!(next(|row| row.customer_id = None), "ITEM_DIFFERS");
    assert_eq!(next(|row| row.letter_group = Some(1)), "ITEM_DIFFERS");
    assert_eq!(next(|row| row.entity = Some("E2")), "ENTITY_DIFFERS");
    let twice = [payment("B1", 1), payment("B1", 1)];
    assert_eq!(refusal(&twice, &[], &[]), "PAYMENT_TWICE");
}

#[test]
fn a_lettering_group_has_one_account_and_one_balance() {
    let grouped = |item_id, open| {
        let mut row = part("B1", item_id, 10, 100);
        row.letter_group = Some(5);
        row.group_open_minor = Some(open);
        row
    };
    let payments = [payment("B1", 100)];
    let two_balances = [grouped("F1", 200), grouped("F2", 300)];
    assert_eq!(
        refusal(&payments, &two_balances, &[]),
        "LETTER_GROUP_DIFFERS"
    );
    let mut elsewhere = grouped("F2", 200);
    elsewhere.account = "416000";
    let two_accounts = [grouped("F1", 200), elsewhere];
    assert_eq!(
        refusal(&payments, &two_accounts, &[]),
        "LETTER_GROUP_DIFFERS"
    );
}

#[test]
fn payments_that_make_no_sense_are_refused() {
    let mut suspense = payment("B1", 100);
    suspense.kind = EntryKind::Suspense;
    assert_eq!(refusal(&[suspense], &[], &[]), "SUSPENSE_KNOWN");
    let mut release = payment("B1", 100);
    release.kind = EntryKind::Release;
    release.customer_id = None;
    assert_eq!(refusal(&[release], &[], &[]), "RELEASE_UNKNOWN");
    let mut reversal = payment("B1", 100);
    reversal.kind = EntryKind::Reversal;
    assert_eq!(refusal(&[reversal], &[], &[]), "ENTRY_KIND_INVALID");
    assert_eq!(refusal(&[payment("B1", -1)], &[], &[]), "AMOUNT_NEGATIVE");
    let nothing = [line("commission", "622200", 0)];
    assert_eq!(
        refusal(&[payment("B1", 1)], &[], &nothing),
        "ADJUSTMENT_ZERO"
    );
}

#[test]
fn amounts_at_the_edge_of_64_bits_are_exact_or_refused() {
    let all = [part("B1", "F1", i64::MAX, i64::MAX)];
    assert!(draft_entries(&[payment("B1", i64::MAX)], &all, &[]).is_ok());
    let beyond = [
        part("B1", "F1", i64::MAX, i64::MAX),
        part("B1", "F2", i64::MAX, i64::MAX),
    ];
    let lines = [line("x", "622200", i64::MAX)];
    let code = refusal(&[payment("B1", i64::MAX)], &beyond, &lines);
    assert_eq!(code, "AMOUNT_TOO_LARGE");
}

/// Random batches: (cash above what is allocated, items as (open, percent allocated)).
fn batches() -> impl Strategy<Value = Vec<(i64, Vec<(i64, i64)>)>> {
    let open = prop_oneof![1..2_000_000_i64, -500_000..-1_i64];
    let items = prop::collection::vec((open, 1..=100_i64), 0..12);
    prop::collection::vec((0..1000_i64, items), 1..8)
}

/// What the postings of the first entry are in another currency.
fn abroad(drafts: &Drafts<'_>) -> Vec<(String, i64, Option<i64>)> {
    let postings = drafts.entries[0].postings().iter();
    postings
        .map(|line| {
            let minor = line.foreign.map(|foreign| foreign.minor);
            (line.account.to_owned(), line.amount_minor, minor)
        })
        .collect()
}

fn dollars(minor: i64) -> Foreign {
    let currency = Currency::parse("USD").expect("a currency");
    Foreign { currency, minor }
}

#[test]
fn the_amount_abroad_stands_on_bank_and_customer_and_its_rest_is_on_account() {
    let mut paid = payment("B1", 10_500);
    paid.foreign = Some(dollars(12_000));
    let mut first = part("B1", "F1", 4_000, 4_000);
    first.foreign = Some(dollars(4_600));
    let mut second = part("B1", "F2", 5_000, 5_000);
    second.foreign = Some(dollars(5_900));
    let mut fee = line("bank_charges", "627800", 100);
    fee.foreign = Some(dollars(110));
    let gain = line("fx_gain", "756000", -800);
    let drafts = draft_entries(&[paid], &[first, second], &[fee, gain]).expect("balanced");
    assert_eq!(
        abroad(&drafts),
        [
            ("512000".to_owned(), 10_500, Some(12_000)),
            ("627800".to_owned(), 100, None),
            ("411000".to_owned(), -9_000, Some(-10_500)),
            ("756000".to_owned(), -800, None),
            ("411000".to_owned(), -800, Some(-1_610)),
        ]
    );
    assert_eq!(drafts.new_items[0].foreign, Some(dollars(-1_610)));
    assert_eq!(drafts.residuals[0].foreign, Some(dollars(4_600)));
}

#[test]
fn items_of_two_currencies_never_share_a_posting() {
    let mut abroad_item = part("B1", "F1", 4_000, 4_000);
    abroad_item.foreign = Some(dollars(4_600));
    let parts = [abroad_item, part("B1", "F2", 5_000, 5_000)];
    let drafts = draft_entries(&[payment("B1", 9_000)], &parts, &[]).expect("balanced");
    assert_eq!(
        abroad(&drafts),
        [
            ("512000".to_owned(), 9_000, None),
            ("411000".to_owned(), -4_000, Some(-4_600)),
            ("411000".to_owned(), -5_000, None),
        ]
    );
}

proptest! {
    #[test]
    fn every_entry_balances_and_every_cent_is_somewhere(batch in batches()) {
        let ids: Vec<(String, Vec<String>)> = batch
            .iter()
            .enumerate()
            .map(|(payment, (_, items))| {
                let item = |item| format!("F{payment}-{item}");
                (format!("B{payment}"), (0..items.len()).map(item).collect())
            })
            .collect();
        let (mut payments, mut parts) = (Vec::new(), Vec::new());
        for ((extra, items), (id, item_ids)) in batch.iter().zip(&ids) {
            let mut total = 0;
            for ((open, percent), item_id) in items.iter().zip(item_ids) {
                let allocated_minor = match open * percent / 100 {
                    0 => *open,
                    allocated => allocated,
                };
                total += allocated_minor;
                parts.push(Allocation {
                    payment_id: id,
                    item_id: item_id.as_str().into(),
                    customer_id: Some(if percent % 3 == 0 { "C-A" } else { "C-B" }),
                    allocated_minor,
                    open_minor: *open,
                    ..part("", "", 0, 0)
                });
            }
            let amount_minor = total.max(0) + extra;
            payments.push(Payment { payment_id: id, item_prefix: id, ..payment("", amount_minor) });
        }
        let drafts = draft_entries(&payments, &parts, &[]).expect("valid by construction");
        for entry in &drafts.entries {
            let sum: i64 = entry.postings().iter().map(|line| line.amount_minor).sum();
            prop_assert_eq!(sum, 0);
        }
        prop_assert_eq!(drafts.residuals.len(), parts.len());
        for (row, part) in drafts.residuals.iter().zip(&parts) {
            prop_assert_eq!(row.residual_minor, part.open_minor - part.allocated_minor);
        }
        // Cash in = what the items gave up + what was put on account.
        let cash: i64 = payments.iter().map(|payment| payment.amount_minor).sum();
        let settled: i64 = parts.iter().map(|part| part.allocated_minor).sum();
        let on_account: i64 = drafts.new_items.iter().map(|item| -item.open_minor).sum();
        prop_assert_eq!(cash, settled + on_account);
        // The balance of the groups is what their items have open.
        let open: i64 = drafts.residuals.iter().map(|row| row.residual_minor).sum();
        let balances: i64 = drafts.letters.iter().map(|letter| letter.balance_minor).sum();
        prop_assert_eq!(open, balances);
        prop_assert_eq!(drafts.letter_members.len(), parts.len());
    }
}
