//! Decisions on payments: what is cleared with which money, and how that is known.

/// What happens to a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// Proved within the error budget: may be posted as it is.
    Auto,
    /// A person decides; rank 0 is the proposal.
    Review,
    /// Nothing is known.
    None,
}

impl Status {
    /// The wire name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Review => "review",
            Self::None => "none",
        }
    }
}

/// How we know that an explanation is the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Proof {
    /// References and amount agree.
    Exact,
    /// Enumerated: the only explanation there is.
    Unique,
    /// Bounded: more probable than the error budget asks for.
    Dominant,
    /// Several explanations, or none that stands out.
    Ambiguous,
    /// No explanation.
    None,
    /// Not decided within a stated limit.
    OverBudget,
}

impl Proof {
    /// The wire name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Unique => "unique",
            Self::Dominant => "dominant",
            Self::Ambiguous => "ambiguous",
            Self::None => "none",
            Self::OverBudget => "over_budget",
        }
    }
}

/// One piece of evidence; its wire name goes into the allocation's `evidence`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u16)]
pub enum Evidence {
    /// The reference stands in the text as it is printed, separators and case aside.
    ReferencePrinted = 1 << 0,
    /// The reference stands there without its prefix, company code or leading zeros.
    ReferenceTrimmed = 1 << 1,
    /// The reference is one slip away, or only its last digits stand there.
    ReferenceNear = 1 << 2,
    /// The reference lies in a range or suffix list of the text.
    ReferenceListed = 1 << 3,
    /// A line of the advice names it.
    AdviceLine = 1 << 4,
    /// The amounts agree to the minor unit.
    Amount = 1 << 5,
    /// Everything the payer owes in that currency.
    WholeBalance = 1 << 6,
    /// No other combination of the payer's items has this amount.
    UniqueAmount = 1 << 7,
    /// The caller named the payer.
    PayerGiven = 1 << 8,
    /// The account is known for this customer alone.
    PayerIban = 1 << 9,
    /// The name is this customer's alone.
    PayerName = 1 << 10,
    /// The references found name the customer.
    PayerReferences = 1 << 11,
}

impl Evidence {
    /// Every piece in the order in which it is written.
    pub const ALL: [(Self, &'static str); 12] = [
        (Self::ReferencePrinted, "REFERENCE_PRINTED"),
        (Self::ReferenceTrimmed, "REFERENCE_TRIMMED"),
        (Self::ReferenceNear, "REFERENCE_NEAR"),
        (Self::ReferenceListed, "REFERENCE_LISTED"),
        (Self::AdviceLine, "ADVICE_LINE"),
        (Self::Amount, "AMOUNT"),
        (Self::WholeBalance, "WHOLE_BALANCE"),
        (Self::UniqueAmount, "UNIQUE_AMOUNT"),
        (Self::PayerGiven, "PAYER_GIVEN"),
        (Self::PayerIban, "PAYER_IBAN"),
        (Self::PayerName, "PAYER_NAME"),
        (Self::PayerReferences, "PAYER_REFERENCES"),
    ];
}

/// A set of pieces of evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EvidenceSet(u16);

impl EvidenceSet {
    /// No evidence.
    pub const EMPTY: Self = Self(0);

    /// The set with one more piece.
    #[must_use]
    pub fn with(self, piece: Evidence) -> Self {
        Self(self.0 | piece as u16)
    }

    /// Both sets together.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the piece is in the set.
    #[must_use]
    pub fn has(self, piece: Evidence) -> bool {
        self.0 & piece as u16 != 0
    }

    /// The wire names, joined by commas.
    #[must_use]
    pub fn codes(self) -> String {
        let names: Vec<&str> = Evidence::ALL
            .iter()
            .filter(|&&(piece, _)| self.has(piece))
            .map(|&(_, name)| name)
            .collect();
        names.join(",")
    }
}

/// A part of one payment applied to one open item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// 0 is chosen or proposed, 1… are alternatives.
    pub rank: u32,
    /// Position of the item in the call.
    pub item: u32,
    /// What the payment settles on the item before deductions are booked, minor units, sign of the item.
    pub allocated_minor: i64,
    /// What speaks for it.
    pub evidence: EvidenceSet,
}

/// What makes up the difference between the cash and the items settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// 0 is chosen or proposed, 1… are alternatives.
    pub rank: u32,
    /// What it is booked as: `on_account`, `deduction`.
    pub role: &'static str,
    /// Minor units, debit above zero; on account is a credit and below zero.
    pub amount_minor: i64,
    /// Position of the item it belongs to, where it belongs to one.
    pub item: Option<u32>,
    /// Parts per million, where it is a rate.
    pub rate_ppm: Option<i64>,
}

/// The decision on one payment, with its allocations and adjustments in rank order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision<'a> {
    /// Position of the payment in the call.
    pub payment: u32,
    /// What happens to it.
    pub status: Status,
    /// How we know.
    pub proof: Proof,
    /// Lower bound of the probability that rank 0 is right, parts per million.
    pub confidence_ppm: i64,
    /// Upper bound of the probability that it is wrong, parts per trillion: the same, finer.
    pub error_ppt: u64,
    /// Explanations of equal standing that were found; exact up to the stated limit.
    pub explanations_count: i64,
    /// The rule that decided, with its version.
    pub rule: Option<String>,
    /// Wire name of the ground, upper snake case.
    pub reason: &'static str,
    /// The payer decided on.
    pub customer_id: Option<&'a str>,
    /// Parts of the payment on items.
    pub allocations: Vec<Allocation>,
    /// What makes up the difference.
    pub adjustments: Vec<Adjustment>,
}

impl Decision<'_> {
    /// States how likely rank 0 is wrong.
    ///
    /// * `error_ppt` — parts per trillion, more than one counts as one
    pub fn doubt_to(&mut self, error_ppt: u64) {
        self.error_ppt = error_ppt.min(1_000_000_000_000);
        let wrong_ppm = self.error_ppt.div_ceil(1_000_000);
        self.confidence_ppm = 1_000_000 - i64::try_from(wrong_ppm).unwrap_or(1_000_000);
    }

    /// Whether, in every rank, cash plus adjustments equals what is allocated.
    ///
    /// * `amount_minor` — the cash received
    #[must_use]
    pub fn conserves(&self, amount_minor: i64) -> bool {
        let ranks = self.allocations.iter().map(|line| line.rank);
        let ranks = ranks.chain(self.adjustments.iter().map(|line| line.rank));
        let Some(last) = ranks.max() else { return true };
        let mut rests = vec![i128::from(amount_minor); last as usize + 1];
        for line in &self.allocations {
            rests[line.rank as usize] -= i128::from(line.allocated_minor);
        }
        for line in &self.adjustments {
            rests[line.rank as usize] += i128::from(line.amount_minor);
        }
        rests.iter().all(|&rest| rest == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_written_in_one_order() {
        let set = EvidenceSet::EMPTY
            .with(Evidence::Amount)
            .with(Evidence::ReferencePrinted);
        assert_eq!(set.codes(), "REFERENCE_PRINTED,AMOUNT");
        assert_eq!(EvidenceSet::EMPTY.codes(), "");
    }

    #[test]
    fn money_on_account_closes_the_law_of_conservation() {
        let allocation = Allocation {
            rank: 0,
            item: 0,
            allocated_minor: 10_000,
            evidence: EvidenceSet::EMPTY,
        };
        let on_account = Adjustment {
            rank: 0,
            role: "on_account",
            amount_minor: -500,
            item: None,
            rate_ppm: None,
        };
        let decision = Decision {
            payment: 0,
            status: Status::Review,
            proof: Proof::None,
            confidence_ppm: 0,
            error_ppt: 1_000_000_000_000,
            explanations_count: 0,
            rule: None,
            reason: "AMOUNT_MORE",
            customer_id: None,
            allocations: vec![allocation],
            adjustments: vec![on_account],
        };
        assert!(decision.conserves(10_500));
        assert!(!decision.conserves(10_499));
    }
}
