//! Payments of some days, to decisions.

use std::num::NonZeroUsize;

use alloc_domain::{Allocation, Decision, Payment, RemittanceLine, Status};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::book::{Book, check_rows};
use crate::decide::{Decider, Question};
use crate::error::EngineError;
use crate::ledger::Ledger;
use crate::left::{Left, Taken};
use crate::policy::Policy;
use crate::scarcity::{CONTESTED, contest, settle};
use crate::stop::Stop;

/// Payments of one day below which a second thread costs more than it brings.
const PARALLEL_MIN: usize = 64;

/// Times that payments of one day are decided once more after others took items.
const ROUNDS_MAX: usize = 4;

/// Decides the payment at a position on what is left.
type Decide<'f, 'a> = dyn Fn(u32, &Left<'_, 'a>) -> Decision<'a> + 'f;

/// The account of the payer that a decision assumes.
type AccountOf<'f, 'a> = dyn Fn(&Decision<'a>) -> Option<u32> + 'f;

/// What a call asks a book.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r, 'a> {
    /// What was received.
    pub payments: &'r [Payment<'a>],
    /// What payers say; lines of payments that are not in the call are left aside.
    pub lines: &'r [RemittanceLine<'a>],
    /// What is not open any more, although it is in the book.
    pub taken: &'r Taken,
    /// What the user permits.
    pub policy: Policy,
    /// Set when nobody waits for the decisions any more.
    pub stop: &'r Stop,
}

impl<'a> Book<'a> {
    /// Decides every payment; one decision each, ordered by value date and payment id.
    ///
    /// Days are decided one after the other: what an earlier day clears by itself is not open on the
    /// next. Payments of one day are decided together, and their order changes nothing. The book
    /// stays as it is.
    ///
    /// * `threads` — 1 runs in the calling thread; `None` takes all cores
    ///
    /// Exact: for every decision and rank, cash plus adjustments equals what is allocated; automatic
    /// decisions never allocate more of an item than is open.
    ///
    /// # Errors
    /// [`EngineError`]: ids are repeated, an amount is not above 0, a limit is passed, or the caller
    /// asked to stop, which is heeded before each payment and each search.
    pub fn propose(
        &self,
        request: &Request<'_, 'a>,
        threads: Option<NonZeroUsize>,
    ) -> Result<Vec<Decision<'a>>, EngineError> {
        check(request)?;
        match threads {
            Some(threads) if threads.get() > 1 => rayon::ThreadPoolBuilder::new()
                .num_threads(threads.get())
                .build()
                .map_err(|error| EngineError::ThreadsUnavailable {
                    threads: threads.get(),
                    message: error.to_string(),
                })?
                .install(|| decide_all(self, request, PARALLEL_MIN)),
            Some(_) => decide_all(self, request, usize::MAX),
            None => decide_all(self, request, PARALLEL_MIN),
        }
    }
}

fn check(request: &Request<'_, '_>) -> Result<(), EngineError> {
    request.policy.checked()?;
    check_rows(&[
        ("payments", request.payments.len()),
        ("remittances", request.lines.len()),
    ])?;
    let mut ids = FxHashSet::default();
    for payment in request.payments {
        if payment.amount_minor <= 0 {
            return Err(EngineError::AmountNotPositive {
                payment_id: payment.payment_id.to_owned(),
                amount_minor: payment.amount_minor,
            });
        }
        if !ids.insert(payment.payment_id) {
            return Err(EngineError::PaymentRepeated {
                payment_id: payment.payment_id.to_owned(),
            });
        }
    }
    let mut numbers = FxHashSet::default();
    for line in request.lines {
        if !numbers.insert((line.payment_id, line.line_no)) {
            return Err(EngineError::LineRepeated {
                payment_id: line.payment_id.to_owned(),
                line_no: line.line_no,
            });
        }
    }
    Ok(())
}

fn decide_all<'a>(
    book: &Book<'a>,
    request: &Request<'_, 'a>,
    parallel_min: usize,
) -> Result<Vec<Decision<'a>>, EngineError> {
    let ledger = &book.ledger;
    let decider = Decider {
        book,
        policy: request.policy,
        stop: request.stop,
    };
    let lines = lines_by_payment(request.lines);
    let mut order: Vec<u32> = (0..request.payments.len())
        .map(|position| u32::try_from(position).expect("rows are limited"))
        .collect();
    let payment = |position: u32| &request.payments[position as usize];
    order.sort_unstable_by_key(|&at| (payment(at).value_date, payment(at).payment_id));
    let max_wrong_ppt = request.policy.max_wrong_ppt();
    let mut left = Left::new(ledger, request.taken);
    let mut out = Vec::with_capacity(order.len());
    for day in order.chunk_by(|&a, &b| payment(a).value_date == payment(b).value_date) {
        let decide = |position: u32, left: &Left<'_, 'a>| {
            let question = Question {
                position,
                payment: payment(position),
                lines: lines
                    .get(payment(position).payment_id)
                    .map_or(&[], Vec::as_slice),
                left,
            };
            decider.decide(&question)
        };
        let mut decisions: Vec<Decision<'a>> = if day.len() < parallel_min {
            day.iter().map(|&at| decide(at, &left)).collect()
        } else {
            day.par_iter().map(|&at| decide(at, &left)).collect()
        };
        settle(ledger, &mut decisions, &left, max_wrong_ppt);
        for decision in &decisions {
            left.take(decision);
        }
        let account = |decision: &Decision<'a>| {
            let entity = ledger.entity(payment(decision.payment).entity)?;
            ledger.find_account(entity, decision.customer_id?)
        };
        let again = (&decide as _, &account as _);
        decide_again(ledger, &mut decisions, &mut left, max_wrong_ppt, again);
        if request.stop.is_set() {
            return Err(EngineError::Stopped);
        }
        for decision in &mut decisions {
            finish(ledger, decision, payment(decision.payment).amount_minor);
        }
        out.append(&mut decisions);
    }
    Ok(out)
}

/// Decides once more what waits for a person while others of the day took some of its payer's
/// items: fewer sets remain, and what is proposed must still be open. Until nothing changes.
///
/// * `decide` — decides a payment on what is left
/// * `account` — the payer's account, in the entity of the payment
fn decide_again<'a>(
    ledger: &Ledger<'a>,
    decisions: &mut [Decision<'a>],
    left: &mut Left<'_, 'a>,
    max_wrong_ppt: u64,
    (decide, account): (&Decide<'_, 'a>, &AccountOf<'_, 'a>),
) {
    let mut taken = accounts_of(ledger, decisions.iter());
    for _ in 0..ROUNDS_MAX {
        if taken.is_empty() {
            return;
        }
        let waits = |decision: &Decision<'a>| {
            decision.status == Status::Review
                && decision.reason != CONTESTED
                && account(decision).is_some_and(|account| taken.contains(&account))
        };
        let positions: Vec<usize> = (0..decisions.len())
            .filter(|&position| waits(&decisions[position]))
            .collect();
        let mut again: Vec<Decision<'a>> = positions
            .iter()
            .map(|&position| decide(decisions[position].payment, left))
            .collect();
        settle(ledger, &mut again, left, max_wrong_ppt);
        leave_contested(decisions, &mut again);
        taken = accounts_of(ledger, again.iter());
        for (position, decision) in positions.into_iter().zip(again) {
            left.take(&decision);
            decisions[position] = decision;
        }
    }
}

/// What two others want already is no way out for a third.
fn leave_contested(decisions: &[Decision<'_>], again: &mut [Decision<'_>]) {
    let contested = decisions.iter().filter(|other| other.reason == CONTESTED);
    let wanted: FxHashSet<u32> = contested
        .flat_map(|other| &other.allocations)
        .filter(|line| line.rank == 0)
        .map(|line| line.item)
        .collect();
    for decision in again {
        let wants = |line: &Allocation| line.rank == 0 && wanted.contains(&line.item);
        if decision.status == Status::Auto && decision.allocations.iter().any(wants) {
            contest(decision);
        }
    }
}

/// Accounts of which automatic decisions took items, and those that may pay for these.
fn accounts_of<'d, 'a: 'd>(
    ledger: &Ledger<'a>,
    decisions: impl Iterator<Item = &'d Decision<'a>>,
) -> FxHashSet<u32> {
    decisions
        .filter(|decision| decision.status == Status::Auto)
        .flat_map(|decision| &decision.allocations)
        .flat_map(|line| ledger.payers_of(line.item))
        .collect()
}

fn lines_by_payment<'r, 'a>(
    lines: &'r [RemittanceLine<'a>],
) -> FxHashMap<&'a str, Vec<&'r RemittanceLine<'a>>> {
    let mut out: FxHashMap<&str, Vec<&RemittanceLine<'_>>> = FxHashMap::default();
    for line in lines {
        out.entry(line.payment_id).or_default().push(line);
    }
    for lines in out.values_mut() {
        lines.sort_unstable_by_key(|line| line.line_no);
    }
    out
}

/// Orders a decision's lines and asserts the law of conservation.
fn finish(ledger: &Ledger<'_>, decision: &mut Decision<'_>, amount_minor: i64) {
    let id = |item: u32| ledger.item(item).item_id;
    decision
        .allocations
        .sort_unstable_by_key(|line| (line.rank, id(line.item), line.item));
    decision
        .adjustments
        .sort_unstable_by_key(|line| (line.rank, line.role, line.item.map(id), line.item));
    assert!(
        decision.conserves(amount_minor),
        "cash plus adjustments equals what is allocated"
    );
}
