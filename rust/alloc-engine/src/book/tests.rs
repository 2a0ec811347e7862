//! A book after changes decides as one that is made of what remains.

use alloc_domain::{Currency, Customer, Decision, ItemKind, OpenItem, Payment};
use proptest::prelude::*;

use super::*;
use crate::policy::{Deductions, Policy, VatRates};
use crate::propose::Request;
use crate::reference::index::Scope;
use crate::stop::Stop;

/// What an item is made of, so that items differ little and often resemble one another.
#[derive(Clone, Debug)]
struct Sketch {
    item_id: String,
    entity: &'static str,
    customer: usize,
    payer: Option<usize>,
    reference: Option<String>,
    other: Option<String>,
    open_minor: i64,
    due_date: Option<i32>,
}

const CUSTOMERS: [(&str, &str); 4] = [
    ("C1", "Dupont Transports"),
    ("C2", "Durand Menuiserie"),
    ("C3", "Martin"),
    ("C4", "Bernard Electricite"),
];

fn sketch() -> impl Strategy<Value = Sketch> {
    let reference = || {
        prop::option::weighted(
            0.8,
            prop_oneof!["INV-2026[0-2]{2}", "FA,10[0-2]{2}", "4711[0-2]{2}"],
        )
    };
    let place = (
        prop::sample::select(vec!["E", "F"]),
        0..4_usize,
        prop::option::weighted(0.2, 0..4_usize),
    );
    let open = prop_oneof![Just(10_000_i64), Just(12_345), 1..40_000_i64, Just(-5_000)];
    let rest = (reference(), reference(), open, prop::option::of(0..3_i32));
    (place, rest).prop_map(
        |((entity, customer, payer), (reference, other, open_minor, due_date))| Sketch {
            item_id: String::new(),
            entity,
            customer,
            payer,
            reference,
            other,
            open_minor,
            due_date,
        },
    )
}

fn item(sketch: &Sketch) -> OpenItem<'_> {
    OpenItem {
        item_id: &sketch.item_id,
        entity: sketch.entity,
        customer_id: CUSTOMERS[sketch.customer].0,
        payer_id: sketch.payer.map(|payer| CUSTOMERS[payer].0),
        reference: sketch.reference.as_deref(),
        other_references: sketch.other.as_deref().into_iter().collect(),
        kind: ItemKind::Invoice,
        currency: Currency::EUR,
        open_minor: sketch.open_minor,
        issue_date: None,
        due_date: sketch.due_date,
        discount: None,
        disputed: false,
    }
}

fn items(sketches: &[Sketch]) -> Vec<OpenItem<'_>> {
    sketches.iter().map(item).collect()
}

fn known() -> Known<'static> {
    let customer = |(customer_id, name)| Customer {
        customer_id,
        name,
        known_ibans: Vec::new(),
        aliases: Vec::new(),
        parent_id: (customer_id == "C3").then_some("C1"),
    };
    Known {
        customers: CUSTOMERS.map(customer).to_vec(),
        ..Known::default()
    }
}

/// A payment: who, how many of the items its text names, and what it is less or more than they are.
type Paid = (Option<usize>, Vec<usize>, i64);

struct Message {
    payment_id: String,
    entity: &'static str,
    value_date: i32,
    amount_minor: i64,
    payer: Option<usize>,
    text: String,
}

fn message(number: usize, (payer, named, more): &Paid, sketches: &[Sketch]) -> Message {
    let named: Vec<&Sketch> = named
        .iter()
        .map(|at| &sketches[at % sketches.len()])
        .collect();
    let sum: i64 = named.iter().map(|sketch| sketch.open_minor).sum();
    let references = named
        .iter()
        .filter_map(|sketch| sketch.reference.as_deref());
    Message {
        payment_id: format!("P{number}"),
        entity: named.first().map_or("E", |sketch| sketch.entity),
        value_date: i32::from(number.is_multiple_of(3)),
        amount_minor: (sum + more).max(1),
        payer: *payer,
        text: references.collect::<Vec<_>>().join(" "),
    }
}

fn payment(message: &Message) -> Payment<'_> {
    Payment {
        payment_id: &message.payment_id,
        entity: message.entity,
        value_date: message.value_date,
        currency: Currency::EUR,
        amount_minor: message.amount_minor,
        customer_id: message.payer.map(|payer| CUSTOMERS[payer].0),
        payer_name: Some("MARTIN"),
        payer_iban: None,
        remittance_text: vec![&message.text],
        end_to_end_id: None,
        creditor_reference: None,
    }
}

fn name_of(book: &Book<'_>, index: u32) -> String {
    let item = &book.items()[index as usize];
    format!("{}/{}", item.entity, item.item_id)
}

/// Decisions with the ids of their items in the place of positions.
fn told(book: &Book<'_>, decisions: &[Decision<'_>]) -> Vec<String> {
    let item = |index: u32| name_of(book, index);
    let tell = |decision: &Decision<'_>| {
        let allocations = decision.allocations.iter().map(|line| {
            (
                line.rank,
                item(line.item),
                line.allocated_minor,
                line.evidence,
            )
        });
        let adjustments = decision.adjustments.iter().map(|line| {
            (
                line.rank,
                line.role,
                line.amount_minor,
                line.item.map(item),
                line.rate_ppm,
            )
        });
        let bare = Decision {
            allocations: Vec::new(),
            adjustments: Vec::new(),
            ..decision.clone()
        };
        format!(
            "{bare:?} {:?} {:?}",
            allocations.collect::<Vec<_>>(),
            adjustments.collect::<Vec<_>>()
        )
    };
    decisions.iter().map(tell).collect()
}

/// What a book keeps of each account that has something open: how many references are searched, the
/// items by age, which of them nothing tells apart, and how common some amounts are.
fn kept(book: &Book<'_>) -> Vec<String> {
    let ledger = &book.ledger;
    let mut out = Vec::new();
    for (entity, (customer_id, _)) in ["E", "F"]
        .into_iter()
        .flat_map(|entity| CUSTOMERS.map(|customer| (entity, customer)))
    {
        let Some(place) = ledger.entity(entity) else {
            continue;
        };
        let of_entity = book.index.population(place, Scope::Entity);
        out.push(format!("{entity} {of_entity}"));
        let account = ledger.find_account(place, customer_id);
        let Some(account) = account.filter(|&account| !ledger.pool(account).is_empty()) else {
            continue;
        };
        let population = book.index.population(place, Scope::Account(account));
        let names = |items: &[u32]| -> Vec<String> {
            items.iter().map(|&index| name_of(book, index)).collect()
        };
        let pool = ledger.pool(account);
        let classes: Vec<_> = pool
            .iter()
            .map(|&index| names(ledger.class(ledger.class_of(index))))
            .collect();
        let pool = names(pool);
        let chances = [10_000, 12_345, 777].map(|minor| {
            let chance = book.amounts.coincidence_ppt(ledger, account, minor);
            format!("{minor} {chance}")
        });
        out.push(format!(
            "{entity}/{customer_id} {population} {pool:?} {classes:?} {chances:?}"
        ));
    }
    out.retain(|line| !line.ends_with(" 0"));
    out
}

fn request<'r, 'a>(
    payments: &'r [Payment<'a>],
    taken: &'r Taken,
    stop: &'r Stop,
) -> Request<'r, 'a> {
    Request {
        payments,
        lines: &[],
        taken,
        policy: Policy {
            max_wrong_ppm: 1_000,
            amount_only: true,
            deductions: Deductions::default(),
            vat_rates: VatRates::default(),
        },
        stop,
    }
}

fn decide(book: &Book<'_>, messages: &[Message], taken: &Taken) -> Vec<String> {
    let payments: Vec<Payment<'_>> = messages.iter().map(payment).collect();
    let stop = Stop::default();
    let request = request(&payments, taken, &stop);
    let decisions = book.propose(&request, None).unwrap();
    told(book, &decisions)
}

proptest! {
    #[test]
    fn a_book_after_changes_decides_as_one_made_of_what_remains(
        mut sketches in prop::collection::vec(sketch(), 2..40),
        first in 0..40_usize,
        changes in prop::collection::vec((0..4_u8, any::<prop::sample::Index>()), 0..60),
        paid in prop::collection::vec(
            (prop::option::of(0..4_usize), prop::collection::vec(0..40_usize, 0..4), -100..100_i64),
            1..12,
        ),
        asks_early in any::<bool>(),
    ) {
        for (number, sketch) in sketches.iter_mut().enumerate() {
            sketch.item_id = format!("I{}", number * 7 % 41);
        }
        let messages: Vec<Message> = (0..)
            .zip(&paid)
            .map(|(number, paid)| message(number, paid, &sketches))
            .collect();
        let first = first.min(sketches.len());
        let mut book = Book::new(items(&sketches[..first]), known()).unwrap();
        let mut remaining: Vec<usize> = (0..first).collect();
        let mut away: Vec<usize> = (first..sketches.len()).collect();
        if asks_early {
            // What is counted when it is first asked for is kept up from then on.
            kept(&book);
        }
        for (kind, at) in &changes {
            if *kind == 0 && !remaining.is_empty() {
                let gone = remaining.remove(at.index(remaining.len()));
                let sketch = &sketches[gone];
                let gone_id = (sketch.entity, sketch.item_id.as_str());
                book.change(&[gone_id, gone_id, ("E", "unknown")], Vec::new()).unwrap();
                away.push(gone);
            } else if !away.is_empty() {
                // Several at once, also such as were there before.
                let come: Vec<usize> = away.drain(at.index(away.len())..).collect();
                let mut items: Vec<_> = come.iter().map(|&at| item(&sketches[at])).collect();
                let mut gone = Vec::new();
                if *kind == 1 && !remaining.is_empty() {
                    // One that is there goes and comes at once, as where its amount changed.
                    let same = remaining.remove(at.index(remaining.len()));
                    gone.push((sketches[same].entity, sketches[same].item_id.as_str()));
                    items.push(item(&sketches[same]));
                    remaining.extend(&come);
                    remaining.push(same);
                } else {
                    remaining.extend(&come);
                }
                book.change(&gone, items).unwrap();
            }
        }
        let left: Vec<OpenItem<'_>> = remaining.iter().map(|&at| item(&sketches[at])).collect();
        let fresh = Book::new(left, known()).unwrap();
        prop_assert_eq!(kept(&book), kept(&fresh));
        prop_assert_eq!(
            decide(&book, &messages, &Taken::default()),
            decide(&fresh, &messages, &Taken::default())
        );
    }

    #[test]
    fn what_is_taken_is_decided_on_as_if_it_were_smaller(
        mut sketches in prop::collection::vec(sketch(), 2..20),
        parts in prop::collection::vec((any::<prop::sample::Index>(), 0..20_000_i64), 0..10),
        paid in prop::collection::vec(
            (prop::option::of(0..4_usize), prop::collection::vec(0..40_usize, 0..4), -100..100_i64),
            1..6,
        ),
    ) {
        for (number, sketch) in sketches.iter_mut().enumerate() {
            sketch.item_id = format!("I{number}");
        }
        let messages: Vec<Message> = (0..)
            .zip(&paid)
            .map(|(number, paid)| message(number, paid, &sketches))
            .collect();
        let book = Book::new(items(&sketches), known()).unwrap();
        let mut taken = Taken::default();
        for (at, minor) in parts {
            let sketch = &sketches[at.index(sketches.len())];
            book.take(&mut taken, sketch.entity, &sketch.item_id, minor);
        }
        let answers = decide(&book, &messages, &taken);
        for (&at, &taken) in &taken {
            let open = book.items()[at as usize].open_minor;
            prop_assert!((open.min(0)..=open.max(0)).contains(&taken));
            if taken == open {
                let name = format!("{:?}", name_of(&book, at));
                prop_assert!(answers.iter().all(|answer| !answer.contains(&name)));
            }
        }
    }
}

#[test]
fn an_item_that_is_there_is_not_added_again_and_nothing_else_is() {
    let sketch = |item_id: &str| Sketch {
        item_id: item_id.to_owned(),
        entity: "E",
        customer: 0,
        payer: None,
        reference: None,
        other: None,
        open_minor: 100,
        due_date: None,
    };
    let (there, new) = ([sketch("I1")], [sketch("I2"), sketch("I1")]);
    let mut book = Book::new(items(&there), known()).unwrap();
    let refused = book.change(&[], items(&new)).unwrap_err();
    assert!(matches!(refused, EngineError::ItemRepeated { .. }));
    let twice = [sketch("I3"), sketch("I3")];
    assert!(book.change(&[("E", "I1")], items(&twice)).is_err());
    assert_eq!(book.items().len(), 1, "nothing came");
    assert!(book.ledger.is_open(0), "nothing went");
    book.change(&[("E", "I1")], items(&new)).unwrap();
}

#[test]
fn a_book_is_worn_when_much_of_it_came_or_went() {
    let sketches: Vec<Sketch> = Vec::new();
    let mut book = Book::new(items(&sketches), known()).unwrap();
    let ids: Vec<String> = (0..=CHANGES_MIN).map(|number| number.to_string()).collect();
    let bare = |item_id| OpenItem {
        item_id,
        entity: "E",
        customer_id: "C1",
        payer_id: None,
        reference: None,
        other_references: Vec::new(),
        kind: ItemKind::Invoice,
        currency: Currency::EUR,
        open_minor: 100,
        issue_date: None,
        due_date: None,
        discount: None,
        disputed: false,
    };
    let (last, others) = ids.split_last().unwrap();
    book.change(&[], others.iter().map(|id| bare(id)).collect())
        .unwrap();
    assert!(!book.is_worn());
    book.change(&[], vec![bare(last)]).unwrap();
    assert!(book.is_worn());
}

#[test]
fn a_call_that_nobody_waits_for_decides_nothing() {
    let sketch = Sketch {
        item_id: "I1".to_owned(),
        entity: "E",
        customer: 0,
        payer: None,
        reference: Some("INV-2026100".to_owned()),
        other: None,
        open_minor: 100,
        due_date: None,
    };
    let sketches = [sketch];
    let book = Book::new(items(&sketches), known()).unwrap();
    let message = message(0, &(Some(0), vec![0], 0), &sketches);
    let (payments, taken) = ([payment(&message)], Taken::default());
    let stop = Stop::default();
    let request = request(&payments, &taken, &stop);
    assert_eq!(book.propose(&request, None).unwrap().len(), 1);
    stop.set();
    assert_eq!(book.propose(&request, None), Err(EngineError::Stopped));
}
