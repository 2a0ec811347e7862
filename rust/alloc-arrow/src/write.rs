//! Decisions to Arrow batches.

use std::sync::{Arc, LazyLock};

use alloc_domain::{Decision, Observed, OpenItem, Payment};
use arrow_array::builder::{Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, Date32Array, Int64Array, RecordBatch};
use arrow_schema::SchemaRef;

use crate::schema::{ADJUSTMENTS, ALLOCATIONS, DECISIONS, HABITS, Table};

/// What payers were observed to choose.
#[must_use]
pub fn habits(observed: &[Observed<'_>]) -> RecordBatch {
    let mut entity = StringBuilder::new();
    let mut customer_id = StringBuilder::new();
    let mut habit = StringBuilder::new();
    for row in observed {
        entity.append_value(row.entity);
        customer_id.append_option(row.customer_id);
        habit.append_value(row.habit.name());
    }
    let numbers = |of: fn(&Observed<'_>) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(observed.iter().map(of)))
    };
    let days = |of: fn(&Observed<'_>) -> i32| -> ArrayRef {
        Arc::new(Date32Array::from_iter_values(observed.iter().map(of)))
    };
    batch(
        &HABITS,
        vec![
            Arc::new(entity.finish()),
            Arc::new(customer_id.finish()),
            Arc::new(habit.finish()),
            numbers(|row| row.open_from),
            numbers(|row| row.count),
            numbers(|row| row.of),
            numbers(|row| row.expected_milli),
            days(|row| row.days.0),
            days(|row| row.days.1),
        ],
    )
}

fn batch(table: &Table, columns: Vec<ArrayRef>) -> RecordBatch {
    written(table.schema(), columns)
}

fn written(schema: SchemaRef, columns: Vec<ArrayRef>) -> RecordBatch {
    RecordBatch::try_new(schema, columns).expect("the writers build the columns of the contract")
}

/// A call may answer about a single payment: what it needs each time is made once.
static ANSWER: LazyLock<[SchemaRef; 3]> =
    LazyLock::new(|| [DECISIONS, ALLOCATIONS, ADJUSTMENTS].map(|table| table.schema()));

/// Room for so many texts.
fn texts(rows: usize) -> StringBuilder {
    const USUAL_BYTES: usize = 16;
    StringBuilder::with_capacity(rows, rows * USUAL_BYTES)
}

/// One row per decision.
///
/// * `decisions` — in output order
/// * `payments` — the call's payments, which the decisions name by position
#[must_use]
pub fn decisions(decisions: &[Decision<'_>], payments: &[Payment<'_>]) -> RecordBatch {
    let rows = decisions.len();
    let mut payment_id = texts(rows);
    let mut status = texts(rows);
    let mut proof = texts(rows);
    let mut confidence = Int64Builder::with_capacity(rows);
    let mut explanations = Int64Builder::with_capacity(rows);
    let mut rule = texts(rows);
    let mut reason = texts(rows);
    let mut customer_id = texts(rows);
    for decision in decisions {
        payment_id.append_value(payments[decision.payment as usize].payment_id);
        status.append_value(decision.status.as_str());
        proof.append_value(decision.proof.as_str());
        confidence.append_value(decision.confidence_ppm);
        explanations.append_value(decision.explanations_count);
        rule.append_option(decision.rule.as_deref());
        reason.append_value(decision.reason);
        customer_id.append_option(decision.customer_id);
    }
    written(
        ANSWER[0].clone(),
        vec![
            Arc::new(payment_id.finish()),
            Arc::new(status.finish()),
            Arc::new(proof.finish()),
            Arc::new(confidence.finish()),
            Arc::new(explanations.finish()),
            Arc::new(rule.finish()),
            Arc::new(reason.finish()),
            Arc::new(customer_id.finish()),
        ],
    )
}

/// One row per allocation, in the order of the decisions.
///
/// * `payments`, `items` — the call's rows, which the decisions name by position
#[must_use]
pub fn allocations(
    decisions: &[Decision<'_>],
    payments: &[Payment<'_>],
    items: &[OpenItem<'_>],
) -> RecordBatch {
    let rows = decisions
        .iter()
        .map(|decision| decision.allocations.len())
        .sum();
    let mut payment_id = texts(rows);
    let mut rank = Int64Builder::with_capacity(rows);
    let mut item_id = texts(rows);
    let mut entity = texts(rows);
    let mut customer_id = texts(rows);
    let mut allocated = Int64Builder::with_capacity(rows);
    let mut evidence = texts(rows);
    for decision in decisions {
        for line in &decision.allocations {
            let item = &items[line.item as usize];
            payment_id.append_value(payments[decision.payment as usize].payment_id);
            rank.append_value(i64::from(line.rank));
            item_id.append_value(item.item_id);
            entity.append_value(item.entity);
            customer_id.append_value(item.customer_id);
            allocated.append_value(line.allocated_minor);
            evidence.append_value(line.evidence.codes());
        }
    }
    written(
        ANSWER[1].clone(),
        vec![
            Arc::new(payment_id.finish()),
            Arc::new(rank.finish()),
            Arc::new(item_id.finish()),
            Arc::new(entity.finish()),
            Arc::new(customer_id.finish()),
            Arc::new(allocated.finish()),
            Arc::new(evidence.finish()),
        ],
    )
}

/// One row per adjustment, in the order of the decisions.
///
/// * `payments`, `items` — the call's rows, which the decisions name by position
#[must_use]
pub fn adjustments(
    decisions: &[Decision<'_>],
    payments: &[Payment<'_>],
    items: &[OpenItem<'_>],
) -> RecordBatch {
    let rows = decisions
        .iter()
        .map(|decision| decision.adjustments.len())
        .sum();
    let mut payment_id = texts(rows);
    let mut rank = Int64Builder::with_capacity(rows);
    let mut role = texts(rows);
    let mut amount = Int64Builder::with_capacity(rows);
    let mut item_id = texts(rows);
    let mut rate = Int64Builder::with_capacity(rows);
    for decision in decisions {
        for line in &decision.adjustments {
            payment_id.append_value(payments[decision.payment as usize].payment_id);
            rank.append_value(i64::from(line.rank));
            role.append_value(line.role);
            amount.append_value(line.amount_minor);
            item_id.append_option(line.item.map(|item| items[item as usize].item_id));
            rate.append_option(line.rate_ppm);
        }
    }
    written(
        ANSWER[2].clone(),
        vec![
            Arc::new(payment_id.finish()),
            Arc::new(rank.finish()),
            Arc::new(role.finish()),
            Arc::new(amount.finish()),
            Arc::new(item_id.finish()),
            Arc::new(rate.finish()),
        ],
    )
}
