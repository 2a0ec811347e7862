use arrow_array::RecordBatchIterator;
use arrow_array::new_null_array;

use super::*;

fn reader(columns: Vec<(&str, ArrayRef)>) -> Reader {
    let columns = columns.into_iter().map(|(name, array)| (name, array, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).expect("equal lengths");
    let schema = batch.schema();
    Box::new(RecordBatchIterator::new([Ok(batch)], schema))
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn numbers(values: &[Option<i64>]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn facts() -> Fields {
    let payments = texts(&["P2", "P1"]);
    let columns = vec![
        ("action", texts(&["posted", "posted"])),
        ("entity", texts(&["E1", "E1"])),
        ("payment_id", payments),
        ("decision_id", numbers(&[Some(7), Some(8)])),
        ("seq", numbers(&[Some(3), None])),
        ("rule", new_null_array(&DataType::Null, 2)),
    ];
    Fields::read("facts", reader(columns)).expect("readable")
}

fn items() -> Fields {
    let columns = vec![
        ("payment_id", texts(&["P1", "P1", "P9", "P2", "P1"])),
        ("rank", numbers(&[Some(1), Some(0), Some(0), Some(0), None])),
        ("item_id", texts(&["F1", "F3", "F9", "F4", "F2"])),
    ];
    Fields::read("lists", reader(columns)).expect("readable")
}

fn written() -> RecordBatch {
    let facts = facts();
    let list = List::new("items".to_owned(), items(), &facts);
    write_records(&facts, &[list], &"0".repeat(64))
}

fn stored(change: impl Fn(&mut Vec<(&'static str, ArrayRef)>)) -> Reader {
    let written = written();
    let mut columns = vec![
        ("audit_no", numbers(&[Some(1), Some(2)])),
        ("action", texts(&["posted", "posted"])),
        ("entity", texts(&["E1", "E1"])),
        ("payment_id", texts(&["P2", "P1"])),
        ("decision_id", numbers(&[Some(7), Some(8)])),
        ("seq", numbers(&[Some(3), None])),
        ("document", Arc::clone(written.column(0))),
        ("previous_hash", Arc::clone(written.column(1))),
        ("hash", Arc::clone(written.column(2))),
    ];
    change(&mut columns);
    reader(columns)
}

#[test]
fn a_document_has_its_facts_and_its_own_rows_by_rank_and_item() {
    let written = written();
    let documents: &StringArray = written.column(0).as_string();
    let expected = [
        r#"{"action":"posted","entity":"E1","payment_id":"P2","decision_id":7,"seq":3,"rule":null,"items":[{"rank":0,"item_id":"F4"}]}"#,
        r#"{"action":"posted","entity":"E1","payment_id":"P1","decision_id":8,"seq":null,"rule":null,"items":[{"rank":0,"item_id":"F3"},{"rank":1,"item_id":"F1"},{"rank":null,"item_id":"F2"}]}"#,
    ];
    assert_eq!(documents.iter().flatten().collect::<Vec<_>>(), expected);
}

#[test]
fn each_record_is_chained_to_the_one_before_it() {
    let written = written();
    let [documents, before, hashes]: [&StringArray; 3] =
        [0, 1, 2].map(|at| written.column(at).as_string());
    assert_eq!(before.value(0), "0".repeat(64));
    assert_eq!(before.value(1), hashes.value(0));
    let again = hex(&hash(hashes.value(0), documents.value(1)));
    assert_eq!(hashes.value(1), again);
}

#[test]
fn records_hold_as_they_were_written() {
    let broken = first_broken(stored(|_| ()), 1, &"0".repeat(64));
    assert_eq!(broken.expect("readable"), None);
}

#[test]
fn a_record_that_was_changed_is_found() {
    let spoils: [(usize, ArrayRef); 6] = [
        (0, numbers(&[Some(1), Some(3)])),
        (2, texts(&["E1", "E2"])),
        (5, numbers(&[Some(3), Some(4)])),
        (6, texts(&["{}", "{}"])),
        (7, texts(&["00", "00"])),
        (8, texts(&["00", "00"])),
    ];
    for (at, spoiled) in spoils {
        let records = stored(|columns| columns[at].1 = Arc::clone(&spoiled));
        let broken = first_broken(records, 1, &"0".repeat(64)).expect("readable");
        assert!(broken.is_some(), "column {at}");
    }
    let later = first_broken(stored(|_| ()), 1, &"1".repeat(64));
    assert_eq!(later.expect("readable"), Some(1));
}

#[test]
fn a_column_of_another_type_is_refused() {
    let columns = vec![("payment_id", new_null_array(&DataType::Boolean, 1))];
    assert!(Fields::read("facts", reader(columns)).is_err());
}
