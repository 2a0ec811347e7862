//! Columns of the journal: what is drafted, what was drafted, and the sealed chain.

mod chain;
mod columns;
mod read;
mod write;

pub use chain::{
    AllocationRows, EntryRows, PostingRows, RowCursor, Rows, read_numbers, write_findings,
    write_seals,
};
pub use columns::{Columns, Reader};
pub use read::{
    read_draft_adjustments, read_draft_allocations, read_draft_payments, read_letters,
    read_posted_entries, read_posted_postings,
};
pub use write::{DraftBatches, write_codes, write_drafts};

use crate::schema::ColumnType::{Date, Int, Text};
use crate::schema::{Table, key, option, value};

/// Payments to be posted.
pub const DRAFT_PAYMENTS: Table = Table {
    name: "payments",
    columns: &[
        key("payment_id", Text),
        key("entity", Text),
        key("journal", Text),
        key("kind", Text),
        key("posting_date", Date),
        key("piece_date", Date),
        key("piece_ref", Text),
        key("label", Text),
        key("currency", Text),
        key("amount_minor", Int),
        key("source_account", Text),
        value("customer_id", Text),
        key("customer_account", Text),
        key("suspense_account", Text),
        option("fiscal_year", Int),
        option("item_prefix", Text),
        option("source_item_id", Text),
        option("granularity", Text),
        option("foreign_currency", Text),
        option("foreign_minor", Int),
    ],
};

/// What they settle.
pub const DRAFT_ALLOCATIONS: Table = Table {
    name: "allocations",
    columns: &[
        key("payment_id", Text),
        key("item_id", Text),
        value("customer_id", Text),
        key("account", Text),
        key("allocated_minor", Int),
        key("open_minor", Int),
        option("entity", Text),
        option("letter_group", Int),
        option("group_open_minor", Int),
        option("foreign_currency", Text),
        option("foreign_minor", Int),
    ],
};

/// Lines beside the items.
pub const DRAFT_ADJUSTMENTS: Table = Table {
    name: "adjustments",
    columns: &[
        key("payment_id", Text),
        key("role", Text),
        key("account", Text),
        key("amount_minor", Int),
        option("customer_id", Text),
        option("label", Text),
        option("new_item_id", Text),
        option("foreign_currency", Text),
        option("foreign_minor", Int),
    ],
};

/// Posted entries that are to be reversed.
pub const POSTED_ENTRIES: Table = Table {
    name: "entries",
    columns: &[
        key("seq", Int),
        key("entity", Text),
        key("journal", Text),
        key("number", Int),
        key("kind", Text),
        key("piece_date", Date),
        key("piece_ref", Text),
        key("currency", Text),
        option("payment_id", Text),
    ],
};

/// Their postings.
pub const POSTED_POSTINGS: Table = Table {
    name: "postings",
    columns: &[
        key("seq", Int),
        key("line_no", Int),
        key("account", Text),
        value("customer_id", Text),
        key("amount_minor", Int),
        option("item_id", Text),
        option("letter_group", Int),
        option("foreign_currency", Text),
        option("foreign_minor", Int),
    ],
};

/// Entries of the chain, ascending by `seq` (`draft_index` before they are sealed).
pub const CHAIN_ENTRIES: Table = Table {
    name: "entries",
    columns: &[
        option("seq", Int),
        option("draft_index", Int),
        key("entity", Text),
        key("journal", Text),
        key("fiscal_year", Int),
        option("number", Int),
        key("kind", Text),
        key("posting_date", Date),
        key("piece_date", Date),
        key("piece_ref", Text),
        key("label", Text),
        key("currency", Text),
        option("payment_id", Text),
        option("decision_id", Int),
        option("reverses_seq", Int),
        option("posted_at", Text),
        option("posted_by", Text),
        option("previous_hash", Text),
        option("hash", Text),
    ],
};

/// Their postings, ascending by entry and line.
pub const CHAIN_POSTINGS: Table = Table {
    name: "postings",
    columns: &[
        option("seq", Int),
        option("draft_index", Int),
        key("line_no", Int),
        key("account", Text),
        value("customer_id", Text),
        key("label", Text),
        key("amount_minor", Int),
        option("currency", Text),
        option("foreign_currency", Text),
        option("foreign_minor", Int),
    ],
};

/// Their allocations, ascending by entry.
pub const CHAIN_ALLOCATIONS: Table = Table {
    name: "allocations",
    columns: &[
        option("seq", Int),
        option("draft_index", Int),
        key("item_id", Text),
        value("customer_id", Text),
        key("allocated_minor", Int),
        option("evidence", Text),
        option("foreign_minor", Int),
    ],
};

/// The next free number of each series.
pub const NEXT_NUMBERS: Table = Table {
    name: "next_numbers",
    columns: &[
        key("entity", Text),
        key("journal", Text),
        key("fiscal_year", Int),
        key("next_number", Int),
    ],
};

/// Lettering groups that want their code.
pub const LETTERS: Table = Table {
    name: "letters",
    columns: &[key("code_index", Int), key("kind", Text)],
};
