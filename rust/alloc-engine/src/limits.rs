//! Every limit of the engine. Reaching one is a named outcome, never a silent cut.

/// Bytes of text read per payment; beyond it the decision is `TEXT_OVER_LIMIT`.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;

/// Advice lines read per payment; beyond it the decision is `ADVICE_OVER_LIMIT`.
pub const ADVICE_LINES_MAX: usize = 10_000;

/// Longest reference that is looked for, in bytes as printed; a longer one is found by amount only.
pub const REFERENCE_BYTES_MAX: usize = 64;

/// Neighbouring atoms of text that may make up one reference.
pub const ATOMS_PER_REFERENCE_MAX: usize = 10;

/// Items one token, or one line's amount, may point to and still be evidence; beyond it it says
/// nothing.
pub const ITEMS_PER_TOKEN_MAX: usize = 64;

/// Documents in one range of the text (`1001 a 1005`); a wider range is no range.
pub const RANGE_MAX: u64 = 1_000;

/// Comparisons of unread tokens with a payer's items per payment; beyond it slips are not looked for.
pub const NEAR_COMPARISONS_MAX: usize = 400_000;

/// Pairs of a line and an item looked at to assign the lines of one advice; beyond it each line
/// names several items and decides nothing.
pub const ASSIGNMENT_STEPS_MAX: usize = 20_000_000;

/// Names of customers that begin like the name on a payment and are compared with it; beyond it a
/// customer is found by the full name only.
pub const NAMES_COMPARED_MAX: usize = 4_096;

/// Customers tried for one payment of an unknown payer; beyond it the decision is `PAYER_AMBIGUOUS`.
pub const PAYERS_MAX: usize = 8;

/// Alternatives handed to a person beside the proposal.
pub const ALTERNATIVES_MAX: usize = 5;

/// Rows of one table of a call; beyond it the call is refused with `ROWS_OVER_LIMIT`.
pub const ROWS_MAX: usize = (u32::MAX / 4) as usize;

/// Steps that the search for one payment's explanation may take, about a nanosecond each; beyond
/// it the proof is `over_budget`.
pub const SEARCH_STEPS_MAX: u64 = 1 << 27;

/// Bytes that the search for one payment's explanation may hold.
pub const SEARCH_BYTES_MAX: u64 = 64 << 20;

/// Items that come to a book or go, as a share of those it was made of, before it is to be made anew.
pub const CHANGES_SHARE: usize = 8;

/// Items that come to a book or go before it may be to be made anew, however few it was made of.
pub const CHANGES_MIN: usize = 4_096;
