//! One payment: from what it says to a decision.

use alloc_domain::{
    Adjustment, Allocation, Decision, Evidence, EvidenceSet, Payment, Proof, RemittanceLine, Status,
};

use crate::book::Book;
use crate::explain::{Case, Explanation, Pick, explain};
use crate::gather::{Gathered, Message, Unread, gather};
use crate::ledger::age;
use crate::left::Left;
use crate::limits::PAYERS_MAX;
use crate::payer::Recognised;
use crate::policy::{ONE_PPT, Policy, SEVERAL_PAYERS_ERROR_PPM, as_ppt};
use crate::reference::index::Scope;
use crate::reference::scan::{Hit, Search, Strength};
use crate::stop::Stop;

/// What all payments of a call share.
pub struct Decider<'c, 'a> {
    /// What is open, and what is known.
    pub book: &'c Book<'a>,
    /// What the user permits.
    pub policy: Policy,
    /// Whether anybody still waits.
    pub stop: &'c Stop,
}

/// One payment with what is left open when it comes.
pub struct Question<'q, 'a> {
    /// Position of the payment.
    pub position: u32,
    /// The payment.
    pub payment: &'q Payment<'a>,
    /// Its advice, by line number.
    pub lines: &'q [&'q RemittanceLine<'a>],
    /// What is left open on each item.
    pub left: &'q Left<'q, 'a>,
}

/// A payer that is assumed, and why.
#[derive(Clone, Copy)]
struct Assumed<'a> {
    customer_id: &'a str,
    evidence: Evidence,
    error_ppm: i64,
}

impl<'a> Decider<'_, 'a> {
    /// Decides one payment as if it were alone.
    #[must_use]
    pub fn decide(&self, question: &Question<'_, 'a>) -> Decision<'a> {
        if self.stop.is_set() {
            // The call is an error: nobody reads why.
            return blank(question, Status::None, "");
        }
        let payment = question.payment;
        let message = match Message::of(payment, question.lines) {
            Ok(message) => message,
            Err(unread) => return unreadable(question, unread),
        };
        if let Some(customer_id) = payment.customer_id {
            let given = Assumed {
                customer_id,
                evidence: Evidence::PayerGiven,
                error_ppm: 0,
            };
            return self.of_payer(question, &message, given);
        }
        self.of_unknown(question, &message)
    }

    fn of_payer(
        &self,
        question: &Question<'_, 'a>,
        message: &Message<'_, 'a>,
        payer: Assumed<'a>,
    ) -> Decision<'a> {
        let Some((gathered, pool)) = self.gathered(question, message, payer.customer_id) else {
            let mut decision = blank(question, Status::Review, "NO_OPEN_ITEMS");
            decision.customer_id = Some(payer.customer_id);
            put_on_account(&mut decision, question.payment.amount_minor);
            return decision;
        };
        let case = self.case(question, &gathered, &pool);
        match explain(&case) {
            Some(found) if !found.picks.is_empty() => self.decision(question, &found, Some(payer)),
            Some(_) => Decision {
                proof: Proof::OverBudget,
                reason: "COMBINATIONS_OVER_LIMIT",
                ..unexplained(question, &case, payer)
            },
            None => unexplained(question, &case, payer),
        }
    }

    /// What the message says about a customer's items, and those items; `None` when none is open
    /// in the payment's currency.
    fn gathered(
        &self,
        question: &Question<'_, 'a>,
        message: &Message<'_, 'a>,
        customer_id: &str,
    ) -> Option<(Gathered, Vec<u32>)> {
        let entity = self.book.ledger.entity(question.payment.entity)?;
        let account = self.book.ledger.find_account(entity, customer_id)?;
        let payable = |item| self.payable(question, item);
        let pool: Vec<u32> = self.book.ledger.pool(account).to_vec();
        let pool: Vec<u32> = pool.into_iter().filter(|&item| payable(item)).collect();
        if pool.is_empty() {
            return None;
        }
        let search = self.search(question, entity, Scope::Account(account), &payable);
        let open = |item: u32| question.left.of(item);
        Some((gather(&search, message, &pool, &open), pool))
    }

    fn search<'s>(
        &'s self,
        question: &Question<'_, 'a>,
        entity: u32,
        scope: Scope,
        payable: &'s (dyn Fn(u32) -> bool + Sync),
    ) -> Search<'s, 'a> {
        Search {
            ledger: &self.book.ledger,
            index: &self.book.index,
            entity,
            scope,
            amount_minor: question.payment.amount_minor,
            payable,
        }
    }

    fn payable(&self, question: &Question<'_, 'a>, item: u32) -> bool {
        question.left.of(item) != 0
            && self.book.ledger.item(item).currency == question.payment.currency
    }

    fn case<'s>(
        &'s self,
        question: &'s Question<'_, 'a>,
        gathered: &'s Gathered,
        pool: &'s [u32],
    ) -> Case<'s, 'a> {
        Case {
            ledger: &self.book.ledger,
            left: question.left,
            amount_minor: question.payment.amount_minor,
            value_date: question.payment.value_date,
            pool,
            hits: &gathered.hits,
            places: &gathered.places,
            shared: &gathered.shared,
            advice: &gathered.advice,
            unread: &gathered.unread,
            amounts: &self.book.amounts,
            habits: &self.book.habits,
            policy: self.policy,
            stop: self.stop,
        }
    }

    /// Tries the payer that account or name tell, then those whose references stand in the text.
    fn of_unknown(&self, question: &Question<'_, 'a>, message: &Message<'_, 'a>) -> Decision<'a> {
        let recognised = self.book.payers.recognise(question.payment).map(assumed);
        let Some(entity) = self.book.ledger.entity(question.payment.entity) else {
            return match recognised {
                Some(payer) => self.of_payer(question, message, payer),
                None => blank(question, Status::None, "PAYER_UNKNOWN"),
            };
        };
        let payable = |item| self.payable(question, item);
        let search = self.search(question, entity, Scope::Entity, &payable);
        let open = |item: u32| question.left.of(item);
        let named = gather(&search, message, &[], &open).hits;
        let owners = self.owners(&named, recognised.map(|payer| payer.customer_id));
        let own = recognised.map(|payer| self.of_payer(question, message, payer));
        if let Some(decision) = &own
            && (owners.is_empty() || (decision.status == Status::Auto && names_items(decision)))
        {
            return decision.clone();
        }
        if owners.len() > PAYERS_MAX {
            let several = self.of_several(question, &named);
            return several.unwrap_or_else(|| blank(question, Status::Review, "PAYER_AMBIGUOUS"));
        }
        let tried: Vec<Decision<'a>> = owners
            .iter()
            .map(|&payer| self.of_payer(question, message, payer))
            .collect();
        // What somebody else's references and the amount say goes before what an amount alone does.
        let auto = |decision: &&Decision<'a>| decision.status == Status::Auto;
        let mut proved = tried.iter().filter(auto);
        match (proved.next(), proved.next()) {
            (Some(decision), None) => return decision.clone(),
            (Some(_), Some(_)) => return several_payers(question, &tried),
            (None, _) => {}
        }
        let several = || self.of_several(question, &named);
        if let Some(decision) = own.as_ref().filter(auto).cloned().or_else(several) {
            return decision;
        }
        match (own, tried.as_slice()) {
            (Some(decision), _) => decision,
            (None, [decision]) => decision.clone(),
            (None, []) => self.of_candidates(question, message),
            (None, _) => several_payers(question, &tried),
        }
    }

    /// Where nothing is named, and account and name are of several customers: what each of them would
    /// pay, those first whose items make up the cash. Which of them it is a person says.
    fn of_candidates(
        &self,
        question: &Question<'_, 'a>,
        message: &Message<'_, 'a>,
    ) -> Decision<'a> {
        let candidates = self.book.payers.candidates(question.payment);
        if candidates.is_empty() {
            return blank(question, Status::None, "PAYER_UNKNOWN");
        }
        if candidates.len() > PAYERS_MAX {
            return blank(question, Status::Review, "PAYER_AMBIGUOUS");
        }
        let tried = candidates.into_iter().map(assumed);
        let mut tried: Vec<Decision<'a>> = tried
            .map(|payer| self.of_payer(question, message, payer))
            .filter(|decision| !decision.allocations.is_empty())
            .collect();
        tried.sort_by_key(|decision| std::cmp::Reverse(decision.confidence_ppm));
        several_payers(question, &tried)
    }

    /// The customers whose items are surely named, the most named first.
    fn owners(&self, hits: &[Hit], known: Option<&str>) -> Vec<Assumed<'a>> {
        let mut named: Vec<(&'a str, usize)> = Vec::new();
        for hit in hits.iter().filter(|hit| hit.strength >= Strength::Trimmed) {
            let customer_id = self.book.ledger.item(hit.item).customer_id;
            match named.iter_mut().find(|(known, _)| *known == customer_id) {
                Some((_, count)) => *count += 1,
                None => named.push((customer_id, 1)),
            }
        }
        named.sort_unstable_by_key(|&(customer_id, count)| (std::cmp::Reverse(count), customer_id));
        named
            .into_iter()
            .filter(|&(customer_id, _)| Some(customer_id) != known)
            .map(|(customer_id, _)| Assumed {
                customer_id,
                evidence: Evidence::PayerReferences,
                error_ppm: 0,
            })
            .collect()
    }

    /// References of several customers that add up to the cash.
    fn of_several(&self, question: &Question<'_, 'a>, hits: &[Hit]) -> Option<Decision<'a>> {
        let sure: Vec<&Hit> = hits
            .iter()
            .filter(|hit| hit.strength == Strength::Strong)
            .collect();
        let left = |item: u32| question.left.of(item);
        let total: i128 = sure.iter().map(|hit| i128::from(left(hit.item))).sum();
        if sure.is_empty() || total != i128::from(question.payment.amount_minor) {
            return None;
        }
        let mut picks: Vec<Pick> = sure
            .iter()
            .map(|hit| Pick {
                item: hit.item,
                allocated_minor: left(hit.item),
                evidence: hit.evidence.with(Evidence::Amount),
            })
            .collect();
        picks.sort_unstable_by_key(|pick| age(self.book.ledger.item(pick.item)));
        let found = Explanation {
            picks,
            proof: Proof::Exact,
            reason: "REFERENCES",
            error_ppt: as_ppt(SEVERAL_PAYERS_ERROR_PPM),
            by_amount: false,
            count: 1,
            alternatives: Vec::new(),
            adjustments: Vec::new(),
            deduction: None,
            agreed: false,
        };
        Some(self.decision(question, &found, None))
    }

    /// Turns an explanation into a decision: automatic only when it is proved, permitted and
    /// within the budget.
    fn decision(
        &self,
        question: &Question<'_, 'a>,
        found: &Explanation,
        payer: Option<Assumed<'a>>,
    ) -> Decision<'a> {
        // Names that make up the cash among a payer's own items say that it is this payer.
        let by_names = !found.by_amount && found.deduction.is_none();
        let doubted = payer.filter(|_| !by_names);
        let error_ppt = found.error_ppt + doubted.map_or(0, |payer| as_ppt(payer.error_ppm));
        let held = self.held(found, payer, error_ppt);
        let status = if held.is_some() {
            Status::Review
        } else {
            Status::Auto
        };
        let mut decision = blank(question, status, held.unwrap_or(found.reason));
        decision.proof = found.proof;
        decision.explanations_count = found.count;
        decision.customer_id = payer.map(|payer| payer.customer_id);
        decision.doubt_to(if found.error_ppt > 0 {
            error_ppt
        } else {
            ONE_PPT - ONE_PPT / found.count.saturating_add(1).max(2).unsigned_abs()
        });
        let evidence = payer.map_or(EvidenceSet::EMPTY, |payer| {
            EvidenceSet::EMPTY.with(payer.evidence)
        });
        for (rank, picks) in (0..).zip(std::iter::once(&found.picks).chain(&found.alternatives)) {
            push_picks(&mut decision, rank, picks, evidence);
        }
        decision.adjustments.extend(&found.adjustments);
        decision
    }

    /// Why an explanation needs a person, if it does.
    fn held(
        &self,
        found: &Explanation,
        payer: Option<Assumed<'a>>,
        error_ppt: u64,
    ) -> Option<&'static str> {
        let item = |pick: &Pick| self.book.ledger.item(pick.item);
        match found.proof {
            Proof::Ambiguous => return Some("AMBIGUOUS"),
            Proof::OverBudget => return Some("COMBINATIONS_OVER_LIMIT"),
            _ => {}
        }
        if found.reason == "DEDUCTION_SUSPECTED" {
            return Some("DEDUCTION_SUSPECTED");
        }
        // References that tell the payer as well tell nothing of amounts that differ.
        let by_name = payer.is_some_and(|payer| payer.evidence == Evidence::PayerReferences);
        match found.deduction {
            Some(_) if by_name => return Some("DEDUCTION_SUSPECTED"),
            Some(kind) if !found.agreed && !self.policy.deductions.has(kind) => {
                return Some("DEDUCTION_SUSPECTED");
            }
            None if !found.adjustments.is_empty() => return Some("DEDUCTION_NEEDS_RULE"),
            _ => {}
        }
        if found.picks.iter().any(|pick| item(pick).disputed) {
            return Some("ITEM_DISPUTED");
        }
        if found
            .picks
            .iter()
            .any(|pick| !item(pick).kind.clears_by_itself())
        {
            return Some("ITEM_KIND_NEEDS_REVIEW");
        }
        if found.by_amount && (by_name || !self.policy.amount_only) {
            return Some("AMOUNT_ONLY");
        }
        (error_ppt > self.policy.max_wrong_ppt()).then_some("OVER_ERROR_BUDGET")
    }
}

fn assumed(payer: Recognised<'_>) -> Assumed<'_> {
    Assumed {
        customer_id: payer.customer_id,
        evidence: payer.evidence,
        error_ppm: payer.error_ppm,
    }
}

/// Whether texts or advice name an item that is proposed first.
fn names_items(decision: &Decision<'_>) -> bool {
    let named = |line: &Allocation| NAMES.into_iter().any(|piece| line.evidence.has(piece));
    let mut first = decision.allocations.iter().filter(|line| line.rank == 0);
    first.any(named)
}

/// Evidence that an item is named.
const NAMES: [Evidence; 5] = [
    Evidence::ReferencePrinted,
    Evidence::ReferenceTrimmed,
    Evidence::ReferenceNear,
    Evidence::ReferenceListed,
    Evidence::AdviceLine,
];

/// A decision that says nothing yet.
fn blank<'a>(question: &Question<'_, 'a>, status: Status, reason: &'static str) -> Decision<'a> {
    Decision {
        payment: question.position,
        status,
        proof: Proof::None,
        confidence_ppm: 0,
        error_ppt: ONE_PPT,
        explanations_count: 0,
        rule: None,
        reason,
        customer_id: question.payment.customer_id,
        allocations: Vec::new(),
        adjustments: Vec::new(),
    }
}

fn unreadable<'a>(question: &Question<'_, 'a>, unread: Unread) -> Decision<'a> {
    let reason = match unread {
        Unread::TextOverLimit => "TEXT_OVER_LIMIT",
        Unread::AdviceOverLimit => "ADVICE_OVER_LIMIT",
    };
    let mut decision = blank(question, Status::Review, reason);
    decision.proof = Proof::OverBudget;
    decision
}

/// More than one customer could be meant: their proposals, one rank each.
fn several_payers<'a>(question: &Question<'_, 'a>, tried: &[Decision<'a>]) -> Decision<'a> {
    let mut decision = blank(question, Status::Review, "PAYER_AMBIGUOUS");
    decision.proof = Proof::Ambiguous;
    decision.explanations_count = i64::try_from(tried.len()).unwrap_or(i64::MAX);
    for (rank, one) in (0..).zip(tried) {
        let allocations = one.allocations.iter().filter(|line| line.rank == 0);
        decision
            .allocations
            .extend(allocations.map(|line| Allocation { rank, ..*line }));
        let adjustments = one.adjustments.iter().filter(|line| line.rank == 0);
        decision
            .adjustments
            .extend(adjustments.map(|line| Adjustment { rank, ..*line }));
    }
    decision
}

fn push_picks(decision: &mut Decision<'_>, rank: u32, picks: &[Pick], evidence: EvidenceSet) {
    decision
        .allocations
        .extend(picks.iter().map(|pick| Allocation {
            rank,
            item: pick.item,
            allocated_minor: pick.allocated_minor,
            evidence: pick.evidence.union(evidence),
        }));
}

fn put_on_account(decision: &mut Decision<'_>, rest_minor: i64) {
    decision.adjustments.push(Adjustment {
        rank: 0,
        role: "on_account",
        amount_minor: -rest_minor,
        item: None,
        rate_ppm: None,
    });
}

/// Nothing makes up the cash: what is named is proposed as far as the cash goes, oldest first;
/// the rest goes on account.
fn unexplained<'a>(
    question: &Question<'_, 'a>,
    case: &Case<'_, 'a>,
    payer: Assumed<'a>,
) -> Decision<'a> {
    let named = |strength: Strength| -> Vec<u32> {
        case.hits
            .iter()
            .filter(|hit| hit.strength >= strength)
            .map(|hit| hit.item)
            .collect()
    };
    let mut items = named(Strength::Trimmed);
    if items.is_empty() {
        items = named(Strength::Weak);
    }
    items.sort_unstable_by_key(|&item| age(case.ledger.item(item)));
    let open = |item: u32| i128::from(case.open(item));
    let total: i128 = items.iter().map(|&item| open(item)).sum();
    let received = i128::from(case.amount_minor);
    let reason = match (items.is_empty(), total > received) {
        (true, _) => "NO_EXPLANATION",
        (false, true) => "AMOUNT_LESS",
        (false, false) => "AMOUNT_MORE",
    };
    let mut decision = blank(question, Status::Review, reason);
    decision.customer_id = Some(payer.customer_id);
    decision.explanations_count = i64::from(!items.is_empty());
    let credits: i128 = items.iter().map(|&item| open(item).min(0)).sum();
    let mut remaining = received - credits;
    for &item in &items {
        let settled = open(item).min(remaining.max(0));
        if settled == 0 {
            continue;
        }
        remaining -= settled.max(0);
        let known = case.hits.iter().find(|hit| hit.item == item);
        let evidence = known.map_or(EvidenceSet::EMPTY, |hit| hit.evidence);
        decision.allocations.push(Allocation {
            rank: 0,
            item,
            allocated_minor: i64::try_from(settled).expect("no more than the open amount"),
            evidence: evidence.with(payer.evidence),
        });
    }
    if let Ok(rest_minor) = i64::try_from(remaining)
        && rest_minor != 0
    {
        put_on_account(&mut decision, rest_minor);
    }
    decision
}
