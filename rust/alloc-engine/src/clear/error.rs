//! Why clearing refuses.

use alloc_domain::{JournalError, Reason, ReasonKind};

/// Rows of payments, allocations and adjustments that one call may hold.
pub const LINES_MAX: usize = 10_000_000;

/// Why a batch could not be drafted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClearError {
    /// An entry could not be built.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// More rows than the limit.
    #[error(
        "{rows} rows of payments, allocations and adjustments; the limit of one call is {LINES_MAX}"
    )]
    TooManyLines {
        /// Rows given.
        rows: usize,
    },
    /// Two payments with one id.
    #[error("payment {payment_id} appears twice in one batch")]
    PaymentTwice {
        /// The id.
        payment_id: String,
    },
    /// A row for a payment that is not in the batch.
    #[error("{table}: payment {payment_id} is not among the payments")]
    PaymentUnknown {
        /// The table of the row.
        table: &'static str,
        /// The id.
        payment_id: String,
    },
    /// Money out.
    #[error(
        "payment {payment_id}: amount {amount_minor} is negative; only money received is cleared"
    )]
    AmountNegative {
        /// The payment.
        payment_id: String,
        /// Its amount.
        amount_minor: i64,
    },
    /// A sum leaves 64 bits.
    #[error("payment {payment_id}: a sum of its amounts is beyond 64 bits")]
    AmountTooLarge {
        /// The payment.
        payment_id: String,
    },
    /// The balance of a lettering group leaves 64 bits.
    #[error("account {account}: the balance of a lettering group is beyond 64 bits")]
    BalanceTooLarge {
        /// The account of the group.
        account: String,
    },
    /// More is allocated than cash and adjustments give.
    #[error(
        "payment {payment_id}: allocations exceed cash and adjustments by {excess_minor} minor units"
    )]
    AllocatedExceedsCash {
        /// The payment.
        payment_id: String,
        /// By how much, minor units.
        excess_minor: i128,
    },
    /// A suspense posting of a known payer.
    #[error(
        "payment {payment_id}: a suspense entry has neither customer nor allocations; \
         write kind clearing"
    )]
    SuspenseKnown {
        /// The payment.
        payment_id: String,
    },
    /// A release that would park the money again.
    #[error("payment {payment_id}: {rest_minor} minor units are left and no customer takes them")]
    ReleaseUnknown {
        /// The payment.
        payment_id: String,
        /// What is left, minor units.
        rest_minor: i128,
    },
    /// A kind that payments do not have.
    #[error("payment {payment_id}: a payment is posted as clearing, suspense or release")]
    KindInvalid {
        /// The payment.
        payment_id: String,
    },
    /// An adjustment of nothing.
    #[error("payment {payment_id}: adjustment {role} is zero; leave it out")]
    AdjustmentZero {
        /// The payment.
        payment_id: String,
        /// Its role.
        role: String,
    },
    /// An item twice in one payment.
    #[error("payment {payment_id}: item {item_id} is allocated twice")]
    AllocationTwice {
        /// The payment.
        payment_id: String,
        /// The item.
        item_id: String,
    },
    /// Nothing, the wrong sign, or more than is open.
    #[error(
        "payment {payment_id}: {allocated_minor} minor units cannot be allocated to item {item_id}, \
         of which {open_minor} are open"
    )]
    AllocationInvalid {
        /// The payment.
        payment_id: String,
        /// The item.
        item_id: String,
        /// What was allocated.
        allocated_minor: i64,
        /// What was open just before.
        open_minor: i64,
    },
    /// An item of another entity.
    #[error(
        "payment {payment_id} of entity {entity} cannot clear item {item_id} of entity {item_entity}"
    )]
    EntityDiffers {
        /// The payment.
        payment_id: String,
        /// Its entity.
        entity: String,
        /// The item.
        item_id: String,
        /// The entity of the item.
        item_entity: String,
    },
    /// Two rows state different facts of one item.
    #[error("item {item_id}: two rows of the batch state different {field}")]
    ItemDiffers {
        /// The item.
        item_id: String,
        /// What differs.
        field: &'static str,
    },
    /// An existing lettering group across accounts or with two balances.
    #[error("lettering group {letter_group}: two rows of the batch state different {field}")]
    GroupDiffers {
        /// The group.
        letter_group: i64,
        /// What differs.
        field: &'static str,
    },
}

impl ClearError {
    pub(super) fn payment_unknown(table: &'static str, payment_id: &str) -> Self {
        Self::PaymentUnknown {
            table,
            payment_id: payment_id.to_owned(),
        }
    }
}

impl Reason for ClearError {
    fn code(&self) -> &'static str {
        match self {
            Self::Journal(error) => error.code(),
            Self::TooManyLines { .. } => "TOO_MANY_LINES",
            Self::PaymentTwice { .. } => "PAYMENT_TWICE",
            Self::PaymentUnknown { .. } => "PAYMENT_UNKNOWN",
            Self::AmountNegative { .. } => "AMOUNT_NEGATIVE",
            Self::AmountTooLarge { .. } => "AMOUNT_TOO_LARGE",
            Self::BalanceTooLarge { .. } => "BALANCE_TOO_LARGE",
            Self::AllocatedExceedsCash { .. } => "ALLOCATED_EXCEEDS_CASH",
            Self::SuspenseKnown { .. } => "SUSPENSE_KNOWN",
            Self::ReleaseUnknown { .. } => "RELEASE_UNKNOWN",
            Self::KindInvalid { .. } => "ENTRY_KIND_INVALID",
            Self::AdjustmentZero { .. } => "ADJUSTMENT_ZERO",
            Self::AllocationTwice { .. } => "ALLOCATION_TWICE",
            Self::AllocationInvalid { .. } => "ALLOCATION_INVALID",
            Self::EntityDiffers { .. } => "ENTITY_DIFFERS",
            Self::ItemDiffers { .. } => "ITEM_DIFFERS",
            Self::GroupDiffers { .. } => "LETTER_GROUP_DIFFERS",
        }
    }

    fn kind(&self) -> ReasonKind {
        match self {
            Self::Journal(error) => error.kind(),
            Self::TooManyLines { .. }
            | Self::AmountTooLarge { .. }
            | Self::BalanceTooLarge { .. } => ReasonKind::Limit,
            _ => ReasonKind::Input,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        let payment = |id: &String| vec![("payment_id", id.clone())];
        let with =
            |id: &String, name, value: String| vec![("payment_id", id.clone()), (name, value)];
        match self {
            Self::Journal(error) => error.metadata(),
            Self::TooManyLines { rows } => {
                vec![("rows", rows.to_string()), ("limit", LINES_MAX.to_string())]
            }
            Self::PaymentTwice { payment_id }
            | Self::AmountTooLarge { payment_id }
            | Self::SuspenseKnown { payment_id }
            | Self::KindInvalid { payment_id } => payment(payment_id),
            Self::PaymentUnknown { table, payment_id } => {
                with(payment_id, "table", (*table).to_owned())
            }
            Self::AmountNegative {
                payment_id,
                amount_minor,
            } => with(payment_id, "amount_minor", amount_minor.to_string()),
            Self::AllocatedExceedsCash {
                payment_id,
                excess_minor,
            } => with(payment_id, "excess_minor", excess_minor.to_string()),
            Self::ReleaseUnknown {
                payment_id,
                rest_minor,
            } => with(payment_id, "rest_minor", rest_minor.to_string()),
            Self::BalanceTooLarge { account } => vec![("account", account.clone())],
            Self::AdjustmentZero { payment_id, role } => with(payment_id, "role", role.clone()),
            Self::AllocationTwice {
                payment_id,
                item_id,
            } => with(payment_id, "item_id", item_id.clone()),
            Self::AllocationInvalid {
                payment_id,
                item_id,
                allocated_minor,
                open_minor,
            } => vec![
                ("payment_id", payment_id.clone()),
                ("item_id", item_id.clone()),
                ("allocated_minor", allocated_minor.to_string()),
                ("open_minor", open_minor.to_string()),
            ],
            Self::EntityDiffers {
                payment_id,
                entity,
                item_id,
                item_entity,
            } => vec![
                ("payment_id", payment_id.clone()),
                ("entity", entity.clone()),
                ("item_id", item_id.clone()),
                ("item_entity", item_entity.clone()),
            ],
            Self::ItemDiffers { item_id, field } => {
                vec![("item_id", item_id.clone()), ("field", (*field).to_owned())]
            }
            Self::GroupDiffers {
                letter_group,
                field,
            } => vec![
                ("letter_group", letter_group.to_string()),
                ("field", (*field).to_owned()),
            ],
        }
    }
}
