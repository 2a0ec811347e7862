//! One payment and its answer as rows, in the place of tables: dicts by the contract's columns.

use alloc_arrow::ArrowReadError;
use alloc_arrow::schema::PAYMENTS;
use alloc_domain::{Currency, Decision, OpenItem, Payment, RemittanceLine};
use pyo3::prelude::*;

/// A row of `payments`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct PaymentRow {
    payment_id: String,
    entity: String,
    value_date: i32,
    currency: String,
    amount_minor: i64,
    customer_id: Option<String>,
    payer_name: Option<String>,
    payer_iban: Option<String>,
    remittance_text: Vec<String>,
    end_to_end_id: Option<String>,
    creditor_reference: Option<String>,
}

/// A row of `remittances`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct LineRow {
    line_no: i64,
    reference: Option<String>,
    amount_minor: Option<i64>,
    deduction_minor: Option<i64>,
}

impl PaymentRow {
    /// The payment, as the engine takes it.
    pub fn payment(&self) -> Result<Payment<'_>, ArrowReadError> {
        let currency =
            Currency::parse(&self.currency).ok_or_else(|| ArrowReadError::CurrencyUnknown {
                table: PAYMENTS.name,
                row: 1,
                value: self.currency.clone(),
            })?;
        Ok(Payment {
            payment_id: &self.payment_id,
            entity: &self.entity,
            value_date: self.value_date,
            currency,
            amount_minor: self.amount_minor,
            customer_id: self.customer_id.as_deref(),
            payer_name: self.payer_name.as_deref(),
            payer_iban: self.payer_iban.as_deref(),
            remittance_text: self.remittance_text.iter().map(String::as_str).collect(),
            end_to_end_id: self.end_to_end_id.as_deref(),
            creditor_reference: self.creditor_reference.as_deref(),
        })
    }

    /// The lines of its advice, as the engine takes them.
    pub fn lines<'a>(&'a self, lines: &'a [LineRow]) -> Vec<RemittanceLine<'a>> {
        let line = |line: &'a LineRow| RemittanceLine {
            payment_id: &self.payment_id,
            line_no: line.line_no,
            reference: line.reference.as_deref(),
            amount_minor: line.amount_minor,
            deduction_minor: line.deduction_minor,
        };
        lines.iter().map(line).collect()
    }
}

/// A row of `decisions`.
#[derive(IntoPyObject)]
pub struct DecisionRow {
    payment_id: String,
    status: &'static str,
    proof: &'static str,
    confidence_ppm: i64,
    explanations_count: i64,
    rule: Option<String>,
    reason: &'static str,
    customer_id: Option<String>,
}

/// A row of `allocations`.
#[derive(IntoPyObject)]
pub struct AllocationRow {
    payment_id: String,
    rank: u32,
    item_id: String,
    entity: String,
    customer_id: String,
    allocated_minor: i64,
    evidence: String,
}

/// A row of `adjustments`.
#[derive(IntoPyObject)]
pub struct AdjustmentRow {
    payment_id: String,
    rank: u32,
    role: &'static str,
    amount_minor: i64,
    item_id: Option<String>,
    rate_ppm: Option<i64>,
}

/// Decisions, allocations and adjustments.
pub type Rows = (Vec<DecisionRow>, Vec<AllocationRow>, Vec<AdjustmentRow>);

/// What was decided about one payment.
///
/// * `items` — which the decisions name by position
pub fn rows(payment_id: &str, decisions: &[Decision<'_>], items: &[OpenItem<'_>]) -> Rows {
    let payment_id = || payment_id.to_owned();
    let item = |position: u32| &items[position as usize];
    let (mut allocations, mut adjustments) = (Vec::new(), Vec::new());
    for decision in decisions {
        allocations.extend(decision.allocations.iter().map(|line| AllocationRow {
            payment_id: payment_id(),
            rank: line.rank,
            item_id: item(line.item).item_id.to_owned(),
            entity: item(line.item).entity.to_owned(),
            customer_id: item(line.item).customer_id.to_owned(),
            allocated_minor: line.allocated_minor,
            evidence: line.evidence.codes(),
        }));
        adjustments.extend(decision.adjustments.iter().map(|line| AdjustmentRow {
            payment_id: payment_id(),
            rank: line.rank,
            role: line.role,
            amount_minor: line.amount_minor,
            item_id: line.item.map(|position| item(position).item_id.to_owned()),
            rate_ppm: line.rate_ppm,
        }));
    }
    let decision = |decision: &Decision<'_>| DecisionRow {
        payment_id: payment_id(),
        status: decision.status.as_str(),
        proof: decision.proof.as_str(),
        confidence_ppm: decision.confidence_ppm,
        explanations_count: decision.explanations_count,
        rule: decision.rule.clone(),
        reason: decision.reason,
        customer_id: decision.customer_id.map(str::to_owned),
    };
    (
        decisions.iter().map(decision).collect(),
        allocations,
        adjustments,
    )
}
