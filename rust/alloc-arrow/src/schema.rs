//! The column contract of the engine: the single source of every table's columns.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef};

/// Key of the field metadata that says whether a column must be there: `required` or `optional`.
pub const PRESENCE: &str = "alloc.presence";

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// UTF-8 text.
    Text,
    /// A list of UTF-8 texts.
    TextList,
    /// 64-bit integer; amounts are minor units, rates parts per million.
    Int,
    /// Days since 1970-01-01.
    Date,
    /// True or false.
    Bool,
    /// A list of (`rate_bps`, `base_minor`, `vat_minor`), all 64-bit integers.
    VatList,
}

/// One column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: ColumnType,
    /// Whether single values may be missing.
    pub nullable: bool,
    /// Whether the column must be there.
    pub required: bool,
}

/// One table of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name, as errors say it.
    pub name: &'static str,
    /// Its columns, in order.
    pub columns: &'static [Column],
}

pub(crate) const fn key(name: &'static str, kind: ColumnType) -> Column {
    Column {
        name,
        kind,
        nullable: false,
        required: true,
    }
}

pub(crate) const fn value(name: &'static str, kind: ColumnType) -> Column {
    Column {
        name,
        kind,
        nullable: true,
        required: true,
    }
}

pub(crate) const fn option(name: &'static str, kind: ColumnType) -> Column {
    Column {
        name,
        kind,
        nullable: true,
        required: false,
    }
}

use ColumnType::{Bool, Date, Int, Text, TextList, VatList};

/// What is open: one row per item; key (`entity`, `item_id`).
pub const OPEN_ITEMS: Table = Table {
    name: "open_items",
    columns: &[
        key("item_id", Text),
        key("entity", Text),
        key("customer_id", Text),
        value("reference", Text),
        key("currency", Text),
        key("open_minor", Int),
        option("customer_name", Text),
        option("kind", Text),
        option("other_references", TextList),
        option("original_minor", Int),
        option("issue_date", Date),
        option("due_date", Date),
        option("discount_date", Date),
        option("discount_ppm", Int),
        option("vat", VatList),
        option("disputed", Bool),
        option("payer_id", Text),
    ],
};

/// Items by their key alone.
pub const ITEM_IDS: Table = Table {
    name: "item_ids",
    columns: &[key("entity", Text), key("item_id", Text)],
};

/// What was received: one row per payment; key `payment_id`.
pub const PAYMENTS: Table = Table {
    name: "payments",
    columns: &[
        key("payment_id", Text),
        key("entity", Text),
        key("value_date", Date),
        key("currency", Text),
        key("amount_minor", Int),
        option("customer_id", Text),
        option("payer_name", Text),
        option("payer_iban", Text),
        option("remittance_text", TextList),
        option("end_to_end_id", Text),
        option("creditor_reference", Text),
        option("charges_minor", Int),
        option("original_currency", Text),
        option("original_minor", Int),
    ],
};

/// What payers say: one row per advice line; key (`payment_id`, `line_no`).
pub const REMITTANCES: Table = Table {
    name: "remittances",
    columns: &[
        key("payment_id", Text),
        key("line_no", Int),
        value("reference", Text),
        option("amount_minor", Int),
        option("deduction_minor", Int),
        option("reason", Text),
    ],
};

/// Who may pay: one row per customer; key `customer_id`.
pub const CUSTOMERS: Table = Table {
    name: "customers",
    columns: &[
        key("customer_id", Text),
        key("name", Text),
        option("known_ibans", TextList),
        option("aliases", TextList),
        option("customer_type", Text),
        option("parent_id", Text),
        option("supplier_id", Text),
        option("siren", Text),
        option("vat_number", Text),
    ],
};

/// Confirmed allocations of the past: one row per payment and item.
pub const HISTORY: Table = Table {
    name: "history",
    columns: &[
        key("payment_id", Text),
        key("value_date", Date),
        key("entity", Text),
        key("customer_id", Text),
        value("payer_name", Text),
        value("payer_iban", Text),
        key("item_id", Text),
        value("reference", Text),
        key("amount_minor", Int),
        key("allocated_minor", Int),
    ],
};

/// What payers were observed to choose: one row per payer, habit and class of pools; those without
/// a payer are of the whole entity.
pub const HABITS: Table = Table {
    name: "habits",
    columns: &[
        key("entity", Text),
        value("customer_id", Text),
        key("habit", Text),
        key("open_from", Int),
        key("count", Int),
        key("of", Int),
        key("expected_milli", Int),
        key("since", Date),
        key("until", Date),
    ],
};

/// One row per payment, ordered by value date and payment id.
pub const DECISIONS: Table = Table {
    name: "decisions",
    columns: &[
        key("payment_id", Text),
        key("status", Text),
        key("proof", Text),
        key("confidence_ppm", Int),
        key("explanations_count", Int),
        value("rule", Text),
        key("reason", Text),
        value("customer_id", Text),
    ],
};

/// One row per payment, rank and item, in the order of the decisions.
pub const ALLOCATIONS: Table = Table {
    name: "allocations",
    columns: &[
        key("payment_id", Text),
        key("rank", Int),
        key("item_id", Text),
        key("entity", Text),
        key("customer_id", Text),
        key("allocated_minor", Int),
        key("evidence", Text),
    ],
};

/// One row per payment, rank and difference, in the order of the decisions.
pub const ADJUSTMENTS: Table = Table {
    name: "adjustments",
    columns: &[
        key("payment_id", Text),
        key("rank", Int),
        key("role", Text),
        key("amount_minor", Int),
        value("item_id", Text),
        value("rate_ppm", Int),
    ],
};

/// Every table of the engine's contract.
pub const TABLES: [Table; 10] = [
    OPEN_ITEMS,
    ITEM_IDS,
    PAYMENTS,
    REMITTANCES,
    CUSTOMERS,
    HISTORY,
    HABITS,
    DECISIONS,
    ALLOCATIONS,
    ADJUSTMENTS,
];

/// The table of that name.
#[must_use]
pub fn table(name: &str) -> Option<&'static Table> {
    static ALL: [Table; 10] = TABLES;
    ALL.iter().find(|table| table.name == name)
}

impl ColumnType {
    /// The canonical Arrow type.
    #[must_use]
    pub fn arrow(self) -> DataType {
        let item = |inner| Arc::new(Field::new("item", inner, true));
        match self {
            Text => DataType::Utf8,
            TextList => DataType::List(item(DataType::Utf8)),
            Int => DataType::Int64,
            Date => DataType::Date32,
            Bool => DataType::Boolean,
            VatList => {
                let part = |name: &str| Field::new(name, DataType::Int64, false);
                let parts = vec![part("rate_bps"), part("base_minor"), part("vat_minor")];
                DataType::List(item(DataType::Struct(parts.into())))
            }
        }
    }
}

impl Column {
    /// The Arrow field, its presence in the metadata.
    #[must_use]
    pub fn field(&self) -> Field {
        let presence = if self.required {
            "required"
        } else {
            "optional"
        };
        let metadata = HashMap::from([(PRESENCE.to_owned(), presence.to_owned())]);
        Field::new(self.name, self.kind.arrow(), self.nullable).with_metadata(metadata)
    }
}

impl Table {
    /// The Arrow schema with every column of the contract.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        let fields: Vec<Field> = self.columns.iter().map(Column::field).collect();
        Arc::new(Schema::new(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_named_once_per_table() {
        for table in TABLES {
            let mut names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), table.columns.len(), "{}", table.name);
        }
    }

    #[test]
    fn money_is_a_64_bit_integer_everywhere() {
        for table in TABLES {
            for column in table.columns {
                if column.name.ends_with("_minor") {
                    assert_eq!(column.kind, Int, "{}.{}", table.name, column.name);
                }
            }
        }
    }

    #[test]
    fn tables_are_found_by_name() {
        assert_eq!(table("open_items"), Some(&OPEN_ITEMS));
        assert_eq!(table("items"), None);
    }
}
