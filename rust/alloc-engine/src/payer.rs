//! Who pays, where the caller does not know.

use alloc_domain::{Customer, Evidence, PastAllocation, Payment};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::error::EngineError;
use crate::policy::{PAYER_IBAN_ERROR_PPM, PAYER_NAME_ERROR_PPM};
use crate::text::normal_name;

/// A payer that was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recognised<'a> {
    /// The customer.
    pub customer_id: &'a str,
    /// What it was recognised by.
    pub evidence: Evidence,
    /// Upper bound for the chance that it is somebody else.
    pub error_ppm: i64,
}

/// Accounts and names that belong to one customer alone; `None` marks those of several.
#[derive(Debug, Default)]
pub struct PayerIndex<'a> {
    by_iban: FxHashMap<String, Option<&'a str>>,
    by_name: FxHashMap<Vec<u8>, Option<&'a str>>,
}

impl<'a> PayerIndex<'a> {
    /// Indexes what is known of customers, and what they paid from before.
    #[must_use]
    pub fn new(customers: &[Customer<'a>], history: &[PastAllocation<'a>]) -> Self {
        let mut index = Self::default();
        for customer in customers {
            for iban in &customer.known_ibans {
                index.learn_iban(iban, customer.customer_id);
            }
            for name in std::iter::once(&customer.name).chain(&customer.aliases) {
                index.learn_name(name, customer.customer_id);
            }
        }
        for past in history {
            if let Some(iban) = past.payer_iban {
                index.learn_iban(iban, past.customer_id);
            }
            if let Some(name) = past.payer_name {
                index.learn_name(name, past.customer_id);
            }
        }
        index
    }

    fn learn_iban(&mut self, iban: &str, customer_id: &'a str) {
        let iban = normal_iban(iban);
        if !iban.is_empty() {
            learn(&mut self.by_iban, iban, customer_id);
        }
    }

    fn learn_name(&mut self, name: &str, customer_id: &'a str) {
        let name = normal_name(name);
        if !name.is_empty() {
            learn(&mut self.by_name, name, customer_id);
        }
    }

    /// The customer this payment's account belongs to alone, else the one its name does.
    #[must_use]
    pub fn recognise(&self, payment: &Payment<'_>) -> Option<Recognised<'a>> {
        let by_iban = payment
            .payer_iban
            .and_then(|iban| *self.by_iban.get(&normal_iban(iban))?);
        if let Some(customer_id) = by_iban {
            return Some(Recognised {
                customer_id,
                evidence: Evidence::PayerIban,
                error_ppm: PAYER_IBAN_ERROR_PPM,
            });
        }
        let by_name = payment
            .payer_name
            .and_then(|name| *self.by_name.get(&normal_name(name))?);
        by_name.map(|customer_id| Recognised {
            customer_id,
            evidence: Evidence::PayerName,
            error_ppm: PAYER_NAME_ERROR_PPM,
        })
    }
}

fn learn<'a, K: std::hash::Hash + Eq>(
    known: &mut FxHashMap<K, Option<&'a str>>,
    key: K,
    customer_id: &'a str,
) {
    let owner = known.entry(key).or_insert(Some(customer_id));
    if owner.is_some_and(|owner| owner != customer_id) {
        *owner = None;
    }
}

/// An account number without blanks, upper case.
fn normal_iban(iban: &str) -> String {
    iban.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|character| character.to_ascii_uppercase())
        .collect()
}

/// Refuses two customers with one id.
///
/// # Errors
/// [`EngineError::CustomerRepeated`]
pub fn check_customers(customers: &[Customer<'_>]) -> Result<(), EngineError> {
    let mut seen = FxHashSet::default();
    for customer in customers {
        if !seen.insert(customer.customer_id) {
            return Err(EngineError::CustomerRepeated {
                customer_id: customer.customer_id.to_owned(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc_domain::Currency;

    fn customer(
        customer_id: &'static str,
        name: &'static str,
        iban: &'static str,
    ) -> Customer<'static> {
        Customer {
            customer_id,
            name,
            known_ibans: vec![iban],
            aliases: Vec::new(),
            parent_id: None,
        }
    }

    fn payment(name: &'static str, iban: &'static str) -> Payment<'static> {
        Payment {
            payment_id: "P",
            entity: "E",
            value_date: 0,
            currency: Currency::EUR,
            amount_minor: 1,
            customer_id: None,
            payer_name: Some(name),
            payer_iban: Some(iban),
            remittance_text: Vec::new(),
            end_to_end_id: None,
            creditor_reference: None,
        }
    }

    #[test]
    fn an_account_of_two_customers_names_neither() {
        let customers = [
            customer("C1", "Dupont SARL", "FR76 1"),
            customer("C2", "Durand", "FR761"),
        ];
        let index = PayerIndex::new(&customers, &[]);
        let by_name = index.recognise(&payment("DUPONT", "fr761")).unwrap();
        assert_eq!(
            (by_name.customer_id, by_name.evidence),
            ("C1", Evidence::PayerName)
        );
        assert_eq!(index.recognise(&payment("MARTIN", "FR761")), None);
    }

    #[test]
    fn what_was_confirmed_before_is_known() {
        let past = [PastAllocation {
            customer_id: "C9",
            payer_name: Some("Assurances du Nord"),
            payer_iban: Some("BE1"),
        }];
        let index = PayerIndex::new(&[], &past);
        let found = index.recognise(&payment("?", "BE1")).unwrap();
        assert_eq!(
            (found.customer_id, found.evidence),
            ("C9", Evidence::PayerIban)
        );
    }
}
