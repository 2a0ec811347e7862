//! What is wrong with a call as a whole.

use alloc_domain::{Reason, ReasonKind};

use crate::policy::VatRates;

/// A call that the engine refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// Two open items of one entity carry one id.
    #[error("item {item_id} of entity {entity} is there more than once")]
    ItemRepeated {
        /// The entity.
        entity: String,
        /// The item.
        item_id: String,
    },
    /// Two payments carry one id.
    #[error("payment {payment_id} is there more than once")]
    PaymentRepeated {
        /// The payment.
        payment_id: String,
    },
    /// Two advice lines of one payment carry one number.
    #[error("line {line_no} of the advice for payment {payment_id} is there more than once")]
    LineRepeated {
        /// The payment.
        payment_id: String,
        /// The line.
        line_no: i64,
    },
    /// Two customers carry one id.
    #[error("customer {customer_id} is there more than once")]
    CustomerRepeated {
        /// The customer.
        customer_id: String,
    },
    /// A payment of nothing or less.
    #[error(
        "payment {payment_id} has amount_minor {amount_minor}; a payment is money received and \
         must be above 0: leave debits and reversals out"
    )]
    AmountNotPositive {
        /// The payment.
        payment_id: String,
        /// Its amount.
        amount_minor: i64,
    },
    /// A share of wrong decisions that is none.
    #[error("policy max_wrong_ppm is {max_wrong_ppm}; it must lie between 0 and 1000000")]
    BudgetOutOfRange {
        /// The value given.
        max_wrong_ppm: i64,
    },
    /// A kind of deduction that is none.
    #[error(
        "policy deductions has {name}; known are discount, bank_fee, commission, rounding, \
         short_payment and overpayment"
    )]
    DeductionUnknown {
        /// The name given.
        name: String,
    },
    /// A rate of value added tax that is none.
    #[error("policy vat_rates_ppm has {rate_ppm}; a rate lies between 0 and 1000000")]
    VatRateOutOfRange {
        /// The value given.
        rate_ppm: i64,
    },
    /// More rates than a policy takes.
    #[error(
        "policy vat_rates_ppm has {rates} rates; {} are the most",
        VatRates::COUNT_MAX
    )]
    VatRatesOverLimit {
        /// How many there are.
        rates: usize,
    },
    /// More rows than one call takes.
    #[error("table {table} has {rows} rows; one call takes {limit}: split it by entity or date")]
    RowsOverLimit {
        /// The table.
        table: &'static str,
        /// Its rows.
        rows: usize,
        /// The limit.
        limit: usize,
    },
    /// The caller set its [`Stop`](crate::Stop).
    #[error("nothing was decided: the caller asked to stop")]
    Stopped,
    /// The worker threads could not be started.
    #[error("{threads} worker threads cannot be started: {message}")]
    ThreadsUnavailable {
        /// How many were asked for.
        threads: usize,
        /// What the system said.
        message: String,
    },
}

impl Reason for EngineError {
    fn code(&self) -> &'static str {
        match self {
            Self::ItemRepeated { .. } => "ITEM_REPEATED",
            Self::PaymentRepeated { .. } => "PAYMENT_REPEATED",
            Self::LineRepeated { .. } => "LINE_REPEATED",
            Self::CustomerRepeated { .. } => "CUSTOMER_REPEATED",
            Self::AmountNotPositive { .. } => "AMOUNT_NOT_POSITIVE",
            Self::BudgetOutOfRange { .. } => "BUDGET_OUT_OF_RANGE",
            Self::DeductionUnknown { .. } => "DEDUCTION_UNKNOWN",
            Self::VatRateOutOfRange { .. } => "VAT_RATE_OUT_OF_RANGE",
            Self::VatRatesOverLimit { .. } => "VAT_RATES_OVER_LIMIT",
            Self::RowsOverLimit { .. } => "ROWS_OVER_LIMIT",
            Self::Stopped => "STOPPED",
            Self::ThreadsUnavailable { .. } => "THREADS_UNAVAILABLE",
        }
    }

    fn kind(&self) -> ReasonKind {
        match self {
            Self::RowsOverLimit { .. }
            | Self::VatRatesOverLimit { .. }
            | Self::ThreadsUnavailable { .. } => ReasonKind::Limit,
            Self::Stopped => ReasonKind::Stopped,
            _ => ReasonKind::Input,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::ItemRepeated { entity, item_id } => {
                vec![("entity", entity.clone()), ("item_id", item_id.clone())]
            }
            Self::PaymentRepeated { payment_id } => vec![("payment_id", payment_id.clone())],
            Self::LineRepeated {
                payment_id,
                line_no,
            } => vec![
                ("payment_id", payment_id.clone()),
                ("line_no", line_no.to_string()),
            ],
            Self::CustomerRepeated { customer_id } => vec![("customer_id", customer_id.clone())],
            Self::AmountNotPositive {
                payment_id,
                amount_minor,
            } => vec![
                ("payment_id", payment_id.clone()),
                ("amount_minor", amount_minor.to_string()),
            ],
            Self::BudgetOutOfRange { max_wrong_ppm } => vec![
                ("field", "max_wrong_ppm".to_owned()),
                ("value", max_wrong_ppm.to_string()),
            ],
            Self::DeductionUnknown { name } => {
                vec![("field", "deductions".to_owned()), ("value", name.clone())]
            }
            Self::VatRateOutOfRange { rate_ppm } => vec![
                ("field", "vat_rates_ppm".to_owned()),
                ("value", rate_ppm.to_string()),
            ],
            Self::VatRatesOverLimit { rates } => vec![
                ("field", "vat_rates_ppm".to_owned()),
                ("rates", rates.to_string()),
                ("limit", VatRates::COUNT_MAX.to_string()),
            ],
            Self::RowsOverLimit { table, rows, limit } => vec![
                ("table", (*table).to_owned()),
                ("rows", rows.to_string()),
                ("limit", limit.to_string()),
            ],
            Self::Stopped => Vec::new(),
            Self::ThreadsUnavailable { threads, .. } => vec![("threads", threads.to_string())],
        }
    }
}
