//! The audit trail: documents written from columns, chained, and checked again.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use alloc_domain::audit::{Cell, hash};
use alloc_domain::chain::hex;
use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::DataType;

use crate::error::ArrowReadError;
use crate::journal::{Columns, Reader};
use crate::read::Unknown;
use crate::schema::ColumnType::{Int, Text};
use crate::schema::{Table, key, value};

/// What joins the rows of a list to their record.
const KEY: &str = "payment_id";
/// What orders the rows of a list within their record.
const ORDER: [&str; 2] = ["rank", "item_id"];

/// Records as they are stored.
const RECORDS: Table = Table {
    name: "audit_record",
    columns: &[
        key("audit_no", Int),
        key("action", Text),
        key("entity", Text),
        key("payment_id", Text),
        value("decision_id", Int),
        value("seq", Int),
        key("document", Text),
        key("previous_hash", Text),
        key("hash", Text),
    ],
};
/// What a document begins with, and a column has too.
const NAMED: [&str; 5] = ["action", "entity", "payment_id", "decision_id", "seq"];

/// A column of any of the types that documents have.
#[derive(Debug)]
enum Cells {
    Texts(StringArray),
    Integers(Int64Array),
    Nothing,
}

impl Cells {
    fn new(array: &ArrayRef) -> Option<Self> {
        match array.data_type() {
            DataType::Utf8 => Some(Self::Texts(array.as_string().clone())),
            DataType::Int64 => Some(Self::Integers(array.as_primitive::<Int64Type>().clone())),
            DataType::Null => Some(Self::Nothing),
            _ => None,
        }
    }

    fn cell(&self, row: usize) -> Cell<'_> {
        match self {
            Self::Texts(array) if array.is_valid(row) => Cell::Text(array.value(row)),
            Self::Integers(array) if array.is_valid(row) => Cell::Integer(array.value(row)),
            _ => Cell::Missing,
        }
    }
}

/// Rows that become JSON objects, or parts of them.
#[derive(Debug)]
pub struct Fields {
    names: Vec<String>,
    columns: Vec<Cells>,
    len: usize,
}

impl Fields {
    /// Reads a source of text and integer columns.
    ///
    /// # Errors
    /// [`ArrowReadError::StreamFailed`] when the source fails or has a column of another type.
    pub fn read(table: &'static str, reader: Reader) -> Result<Self, ArrowReadError> {
        let failed = |message: String| ArrowReadError::StreamFailed { table, message };
        let schema = reader.schema();
        let batches = reader.collect::<Result<Vec<_>, _>>();
        let batch = batches
            .and_then(|batches| arrow_select::concat::concat_batches(&schema, &batches))
            .map_err(|error| failed(error.to_string()))?;
        let mut columns = Vec::with_capacity(batch.num_columns());
        for (field, array) in schema.fields().iter().zip(batch.columns()) {
            let other = || failed(format!("column {} is {}", field.name(), field.data_type()));
            columns.push(Cells::new(array).ok_or_else(other)?);
        }
        Ok(Self {
            names: schema
                .fields()
                .iter()
                .map(|field| field.name().clone())
                .collect(),
            columns,
            len: batch.num_rows(),
        })
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// The payment of a row; none has an empty name.
    fn payments<'a>(&'a self) -> impl Fn(usize) -> &'a str {
        let at = self.column(KEY);
        move |row| match at.map(|at| self.columns[at].cell(row)) {
            Some(Cell::Text(payment_id)) => payment_id,
            _ => "",
        }
    }

    /// Writes the members of an object, without its braces.
    fn write(&self, row: usize, skipped: Option<usize>, json: &mut String) {
        let mut separator = "\"";
        for (at, (name, cells)) in self.names.iter().zip(&self.columns).enumerate() {
            if Some(at) != skipped {
                json.push_str(separator);
                json.push_str(name);
                json.push_str("\":");
                cells.cell(row).write(json);
                separator = ",\"";
            }
        }
    }
}

/// Rows that stand in the documents as a list, by rank and item.
#[derive(Debug)]
pub struct List {
    name: String,
    rows: Fields,
    /// The record of each row and the row, in the order of the documents.
    order: Vec<(usize, usize)>,
}

impl List {
    /// Puts rows into their records by `payment_id`; those of others are left out.
    #[must_use]
    pub fn new(name: String, rows: Fields, records: &Fields) -> Self {
        let record = records.payments();
        let of: HashMap<_, _> = (0..records.len).map(|row| (record(row), row)).collect();
        let mut order: Vec<_> = {
            let payment = rows.payments();
            let place = |row| Some((*of.get(payment(row))?, row));
            (0..rows.len).filter_map(place).collect()
        };
        let by = ORDER.map(|name| rows.column(name));
        order.sort_by(|left, right| {
            let within = by.into_iter().flatten().map(|at| {
                let cells = &rows.columns[at];
                compared(cells.cell(left.1), cells.cell(right.1))
            });
            let ordering = within.fold(left.0.cmp(&right.0), Ordering::then);
            ordering.then(left.1.cmp(&right.1))
        });
        Self { name, rows, order }
    }
}

/// Compares two values of a column; what is missing comes last.
fn compared(left: Cell<'_>, right: Cell<'_>) -> Ordering {
    match (left, right) {
        (Cell::Text(left), Cell::Text(right)) => left.cmp(right),
        (Cell::Integer(left), Cell::Integer(right)) => left.cmp(&right),
        (left, right) => (left == Cell::Missing).cmp(&(right == Cell::Missing)),
    }
}

/// Writes a document for each row of `facts`, and chains it to the one before it.
///
/// * `previous` — the hash before the first one, in hex
///
/// The columns are document, `previous_hash` and hash.
#[must_use]
pub fn write_records(facts: &Fields, lists: &[List], previous: &str) -> RecordBatch {
    let mut documents = StringBuilder::new();
    let mut previous_hashes = StringBuilder::with_capacity(facts.len, facts.len * 64);
    let mut hashes = StringBuilder::with_capacity(facts.len, facts.len * 64);
    let mut previous = previous.to_owned();
    let mut json = String::new();
    let mut rest: Vec<&[(usize, usize)]> = lists.iter().map(|list| &*list.order).collect();
    for record in 0..facts.len {
        json.clear();
        json.push('{');
        facts.write(record, None, &mut json);
        for (list, rest) in lists.iter().zip(&mut rest) {
            let count = rest.iter().take_while(|(of, _)| *of == record).count();
            let (mine, others) = rest.split_at(count);
            *rest = others;
            write_list(list, mine, &mut json);
        }
        json.push('}');
        documents.append_value(&json);
        previous_hashes.append_value(&previous);
        previous = hex(&hash(&previous, &json));
        hashes.append_value(&previous);
    }
    RecordBatch::try_from_iter([
        ("document", Arc::new(documents.finish()) as ArrayRef),
        ("previous_hash", Arc::new(previous_hashes.finish()) as _),
        ("hash", Arc::new(hashes.finish()) as _),
    ])
    .expect("columns of one length")
}

fn write_list(list: &List, rows: &[(usize, usize)], json: &mut String) {
    let key = list.rows.column(KEY);
    json.push_str(",\"");
    json.push_str(&list.name);
    json.push_str("\":[");
    for (at, (_, row)) in rows.iter().enumerate() {
        json.push_str(if at == 0 { "{" } else { ",{" });
        list.rows.write(*row, key, json);
        json.push('}');
    }
    json.push(']');
}

/// Follows the chain of stored records; returns the number of the first that does not hold.
///
/// * `first_no`, `previous` — number of the first row, and the hash before it in hex
///
/// # Errors
/// [`ArrowReadError`] when the table is not as [`RECORDS`] says.
pub fn first_broken(
    reader: Reader,
    first_no: i64,
    previous: &str,
) -> Result<Option<i64>, ArrowReadError> {
    let records = Columns::read(&RECORDS, reader, Unknown::Refused)?;
    let (numbers, documents) = (records.ints("audit_no"), records.text("document"));
    let (before, hashes) = (records.text("previous_hash"), records.text("hash"));
    let head = Fields {
        names: NAMED.map(str::to_owned).into(),
        columns: NAMED.map(|name| cells_of(&records, name)).into(),
        len: records.len(),
    };
    let mut previous = previous;
    let mut begins = String::new();
    for (row, number) in (0..records.len()).zip(first_no..) {
        let document = documents.value(row);
        begins.clear();
        begins.push('{');
        head.write(row, None, &mut begins);
        let holds = numbers.value(row) == number
            && before.value(row) == previous
            && hashes.value(row) == hex(&hash(previous, document))
            && document.starts_with(&begins);
        if !holds {
            return Ok(Some(numbers.value(row)));
        }
        previous = hashes.value(row);
    }
    Ok(None)
}

fn cells_of(records: &Columns, name: &str) -> Cells {
    match name {
        "decision_id" | "seq" => Cells::Integers(records.ints(name).clone()),
        _ => Cells::Texts(records.text(name).clone()),
    }
}

#[cfg(test)]
mod tests;
