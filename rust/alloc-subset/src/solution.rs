//! What is answered: the explanations, and how it is known that there are no others.

/// How the question ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The prior set itself makes up the target without a delta, and is dominant or unique.
    Exact,
    /// The only explanation there is: all others were excluded by exact work.
    Unique,
    /// Others exist or were not excluded, but all of them together are less likely than
    /// [`wrong_max_ppm`](crate::Problem::wrong_max_ppm), by a rigorous bound.
    Dominant,
    /// Explanations exist, and none is known to be right.
    Ambiguous {
        /// Explanations known to exist (a lower bound of their number).
        known: u64,
    },
    /// No set of items makes up the target with any delta; proved.
    None,
    /// The budget ended before an answer. Not a statement about the items.
    OverBudget,
}

impl Outcome {
    /// The wire name, lower snake case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Unique => "unique",
            Self::Dominant => "dominant",
            Self::Ambiguous { .. } => "ambiguous",
            Self::None => "none",
            Self::OverBudget => "over_budget",
        }
    }
}

/// The step of the ladder that settled the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// The target lies outside every sum the pool can reach.
    Range,
    /// All amounts are multiples of a number that the target is not.
    Divisor,
    /// No sum of the pool leaves the target's residue modulo this number.
    Residue(u32),
    /// Every set was counted, by meet in the middle.
    Enumeration,
    /// Every reachable sum was computed ("never, once, more than once").
    Bitset,
    /// Two different explanations were found.
    Witnesses,
    /// The probability of all other explanations was bounded from above.
    Posterior,
    /// Nothing was proved: the budget ended.
    Unproved,
}

impl Proof {
    /// The wire name, lower snake case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::Divisor => "divisor",
            Self::Residue(_) => "residue",
            Self::Enumeration => "enumeration",
            Self::Bitset => "bitset",
            Self::Witnesses => "witnesses",
            Self::Posterior => "posterior",
            Self::Unproved => "unproved",
        }
    }
}

/// What a set of items looks like to a bookkeeper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Shape {
    /// Every item of the pool.
    Whole,
    /// One item.
    Single,
    /// Two items.
    Pair,
    /// Neighbours in input order.
    Run,
    /// Anything else.
    Scattered,
}

impl Shape {
    /// The wire name, lower snake case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Single => "single",
            Self::Pair => "pair",
            Self::Run => "run",
            Self::Scattered => "scattered",
        }
    }
}

/// The delta that an explanation needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeltaUse {
    /// Position in [`deltas`](crate::Problem::deltas).
    pub delta: usize,
    /// How often it is used.
    pub count: u32,
}

/// A set of items that makes up the target exactly, with at most one kind of delta.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Positions of the chosen items, ascending.
    pub items: Vec<usize>,
    /// Sum of the chosen amounts minus target, minor units: what the delta has to explain.
    pub difference_minor: i64,
    /// The cheapest delta that explains the difference; `None` when it is 0 and needs none.
    pub delta: Option<DeltaUse>,
    /// Other ways to explain the same difference with the same items.
    pub other_deltas: u32,
    /// Cost against the prior set, millinats: its flips and its delta.
    pub cost_millinats: i64,
    /// Lower bound of its probability among all explanations, ppm.
    pub p_low_ppm: u32,
    /// Upper bound of its probability, ppm.
    pub p_high_ppm: u32,
    /// What the set looks like.
    pub shape: Shape,
}

/// How many explanations there are. Interchangeable items count as one choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// At least so many; `u64::MAX` stands for that many or more.
    pub at_least: u64,
    /// At most so many; `None` when the bound is beyond 64 bits.
    pub at_most: Option<u64>,
}

impl Count {
    /// The number, when it is known exactly.
    #[must_use]
    pub fn exact(self) -> Option<u64> {
        self.at_most.filter(|&most| most == self.at_least)
    }

    pub(crate) fn exactly(count: u64) -> Self {
        Self {
            at_least: count,
            at_most: (count < u64::MAX).then_some(count),
        }
    }
}

/// Work done, in the units of [`Budget`](crate::Budget).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Elementary steps.
    pub steps: u64,
    /// Most bytes held at one time by the large tables.
    pub bytes: u64,
}

/// The answer to a [`Problem`](crate::Problem).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solution {
    /// How the question ended.
    pub outcome: Outcome,
    /// What settled it.
    pub proof: Proof,
    /// Explanations found, most probable first, then by fewest items, then by position.
    pub explanations: Vec<Explanation>,
    /// How many explanations there are.
    pub count: Count,
    /// How many sets they were told from, saturating: those of the items that can take part.
    pub candidates: u64,
    /// Every explanation of at most this cost was seen, millinats; `None` if nothing is claimed.
    pub complete_to_millinats: Option<i64>,
    /// What the amount tells minus what there is to know, in 1/1000 bit (the information gate);
    /// `None` when the ladder ended before it. Below −10,000 nobody can know which set it was.
    pub information_millibits: Option<i64>,
    /// Work done.
    pub work: Work,
}
