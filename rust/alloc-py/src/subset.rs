//! Weighted subset sum for Python.

use alloc_domain::{Reason, ReasonKind};
use alloc_subset::{Budget, Delta, Explanation, Problem, Proof, Solution, SubsetError, solve};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef};
use pyo3::prelude::*;
use pyo3_arrow::input::AnyArray;

use crate::detach::run_detached;

/// What a call may fail with.
#[derive(Debug, thiserror::Error)]
enum SolveError {
    #[error("{field} must be an int64 array without nulls, not {found}")]
    Array { field: &'static str, found: String },
    #[error(transparent)]
    Subset(#[from] SubsetError),
}

impl Reason for SolveError {
    fn code(&self) -> &'static str {
        match self {
            Self::Array { .. } => "ARRAY_TYPE",
            Self::Subset(error) => error.code(),
        }
    }

    fn kind(&self) -> ReasonKind {
        match self {
            Self::Array { .. } => ReasonKind::Input,
            Self::Subset(error) => error.kind(),
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Array { field, found } => {
                vec![("field", (*field).to_owned()), ("found", found.clone())]
            }
            Self::Subset(error) => error.metadata(),
        }
    }
}

/// Items, difference, delta and how often, other deltas, cost, bounds in ppm, shape.
type ExplanationParts = (
    Vec<usize>,
    i64,
    Option<(usize, u32)>,
    u32,
    i64,
    (u32, u32),
    &'static str,
);

/// Outcome, proof, modulus, explanations, count, complete to, information, work.
type SolutionParts = (
    &'static str,
    &'static str,
    Option<u32>,
    Vec<ExplanationParts>,
    (u64, Option<u64>),
    Option<i64>,
    Option<i64>,
    (u64, u64),
);

/// Find which sets of amounts make up a target, with proof.
#[pyfunction]
#[pyo3(signature = (amounts, target, costs, kinds, deltas, budget, *, explanations_max, wrong_max_ppm))]
#[expect(
    clippy::too_many_arguments,
    reason = "one per argument of the documented function"
)]
pub fn solve_subset(
    py: Python<'_>,
    amounts: AnyArray,
    target: i64,
    costs: Option<AnyArray>,
    kinds: Option<AnyArray>,
    deltas: Vec<(i64, i64, i64, u32)>,
    budget: (u64, u64),
    explanations_max: usize,
    wrong_max_ppm: u32,
) -> PyResult<SolutionParts> {
    // Taken over while attached, read and solved detached.
    let amounts = chunks(amounts)?;
    let costs = costs.map(chunks).transpose()?;
    let kinds = kinds.map(chunks).transpose()?;
    run_detached(py, move || -> Result<SolutionParts, SolveError> {
        let amounts = integers("amounts", &amounts)?;
        let costs = costs.map(|costs| integers("costs", &costs)).transpose()?;
        let kinds = kinds.map(|kinds| integers("kinds", &kinds)).transpose()?;
        let kinds = kinds.map(|kinds| numbered(&kinds));
        let deltas: Vec<Delta> = deltas.into_iter().map(delta).collect();
        let mut problem = Problem::new(&amounts, target);
        problem.costs_millinats = costs.as_deref();
        problem.kinds = kinds.as_deref();
        problem.deltas = &deltas;
        problem.budget = Budget {
            steps: budget.0,
            bytes: budget.1,
        };
        problem.explanations_max = explanations_max;
        problem.wrong_max_ppm = wrong_max_ppm;
        Ok(parts(solve(&problem)?))
    })
}

/// Kinds as the core counts them: any numbers tell items apart.
fn numbered(kinds: &[i64]) -> Vec<u32> {
    let mut known = kinds.to_vec();
    known.sort_unstable();
    known.dedup();
    let place = |kind: &i64| known.partition_point(|other| other < kind);
    let number = |kind: &i64| u32::try_from(place(kind)).unwrap_or(u32::MAX);
    kinds.iter().map(number).collect()
}

fn delta((low_minor, high_minor, cost_millinats, count_max): (i64, i64, i64, u32)) -> Delta {
    Delta {
        low_minor,
        high_minor,
        cost_millinats,
        count_max,
    }
}

fn chunks(array: AnyArray) -> PyResult<Vec<ArrayRef>> {
    let array = array.into_chunked_array()?;
    Ok(array.chunks().to_vec())
}

/// The numbers of a chunked array.
fn integers(field: &'static str, chunks: &[ArrayRef]) -> Result<Vec<i64>, SolveError> {
    let mut numbers = Vec::with_capacity(chunks.iter().map(Array::len).sum());
    for chunk in chunks {
        let values = chunk.as_primitive_opt::<Int64Type>();
        let Some(values) = values.filter(|values| values.null_count() == 0) else {
            let found = match chunk.null_count() {
                0 => chunk.data_type().to_string(),
                nulls => format!("{} with {nulls} nulls", chunk.data_type()),
            };
            return Err(SolveError::Array { field, found });
        };
        numbers.extend_from_slice(values.values());
    }
    Ok(numbers)
}

fn parts(solution: Solution) -> SolutionParts {
    let modulus = match solution.proof {
        Proof::Residue(modulus) => Some(modulus),
        _ => None,
    };
    let explanations = solution.explanations.into_iter().map(explanation);
    (
        solution.outcome.name(),
        solution.proof.name(),
        modulus,
        explanations.collect(),
        (solution.count.at_least, solution.count.at_most),
        solution.complete_to_millinats,
        solution.information_millibits,
        (solution.work.steps, solution.work.bytes),
    )
}

fn explanation(explanation: Explanation) -> ExplanationParts {
    (
        explanation.items,
        explanation.difference_minor,
        explanation.delta.map(|used| (used.delta, used.count)),
        explanation.other_deltas,
        explanation.cost_millinats,
        (explanation.p_low_ppm, explanation.p_high_ppm),
        explanation.shape.name(),
    )
}
