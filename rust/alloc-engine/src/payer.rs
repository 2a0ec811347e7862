//! Who pays, where the caller does not know.

use alloc_domain::{Customer, Evidence, PastAllocation, Payment};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::error::EngineError;
use crate::limits::{NAMES_PER_WORD_MAX, PAYERS_MAX};
use crate::policy::{PAYER_IBAN_ERROR_PPM, PAYER_NAME_ERROR_PPM, PAYER_SHORT_NAME_ERROR_PPM};
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

/// Who an account or a name belongs to, by id; one more than can be tried says that they are too many.
type Owners<'a> = Vec<&'a str>;

/// The accounts and names of the payments that are asked about, and who they belong to. What no
/// payment asks about is passed over at the cost of reading it once.
#[derive(Debug, Default)]
pub struct PayerIndex<'a> {
    by_iban: FxHashMap<String, Owners<'a>>,
    iban_hashes: FxHashSet<u64>,
    names: Vec<Name<'a>>,
    by_name: FxHashMap<Vec<u8>, usize>,
    /// The names that begin with a word, by its hash.
    by_first_word: FxHashMap<u64, Vec<usize>>,
}

/// A name on some payment.
#[derive(Debug)]
struct Name<'a> {
    /// As [`normal_name`] makes it.
    normal: Vec<u8>,
    /// The customers of this very name.
    same: Owners<'a>,
    /// The customers whose names it abbreviates or cuts.
    like: Owners<'a>,
}

impl<'a> PayerIndex<'a> {
    /// Looks for the accounts and names of payments in what is known of customers, and in what they
    /// paid from before.
    #[must_use]
    pub fn new(
        payments: &[Payment<'_>],
        customers: &[Customer<'a>],
        history: &[PastAllocation<'a>],
    ) -> Self {
        let mut index = Self::default();
        for payment in payments
            .iter()
            .filter(|payment| payment.customer_id.is_none())
        {
            index.ask(payment);
        }
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

    fn ask(&mut self, payment: &Payment<'_>) {
        if let Some(iban) = payment
            .payer_iban
            .map(normal_iban)
            .filter(|iban| !iban.is_empty())
        {
            self.iban_hashes.insert(iban_hash(&iban));
            self.by_iban.entry(iban).or_default();
        }
        let name = payment.payer_name.map(normal_name);
        let Some(normal) = name.filter(|name| !name.is_empty()) else {
            return;
        };
        if self.by_name.contains_key(&normal) {
            return;
        }
        let position = self.names.len();
        let first = normal.split(|&byte| byte == b' ').next().unwrap_or(&[]);
        let same_word = self.by_first_word.entry(word_hash(first)).or_default();
        same_word.push(position);
        self.by_name.insert(normal.clone(), position);
        self.names.push(Name {
            normal,
            same: Owners::new(),
            like: Owners::new(),
        });
    }

    fn learn_iban(&mut self, iban: &str, customer_id: &'a str) {
        if self.iban_hashes.contains(&iban_hash(iban))
            && let Some(owner) = self.by_iban.get_mut(&normal_iban(iban))
        {
            learn(owner, customer_id);
        }
    }

    fn learn_name(&mut self, name: &str, customer_id: &'a str) {
        let mut near: Vec<usize> = Vec::new();
        if name.is_ascii() && !name.contains('.') {
            let words = name.split(|character: char| !character.is_ascii_alphanumeric());
            for word in words.filter(|word| !word.is_empty()) {
                if let Some(same_word) = self.by_first_word.get(&word_hash(word.as_bytes())) {
                    near.extend(same_word.iter().take(NAMES_PER_WORD_MAX));
                }
            }
            if near.is_empty() {
                return;
            }
        }
        let normal = normal_name(name);
        if let Some(&position) = self.by_name.get(&normal) {
            learn(&mut self.names[position].same, customer_id);
        }
        let first = normal.split(|&byte| byte == b' ').next().unwrap_or(&[]);
        if let Some(same_word) = self.by_first_word.get(&word_hash(first)) {
            near.extend(same_word.iter().take(NAMES_PER_WORD_MAX));
        }
        near.sort_unstable();
        near.dedup();
        for position in near {
            let name = &mut self.names[position];
            if name.normal != normal && is_short_for(&name.normal, &normal) {
                learn(&mut name.like, customer_id);
            }
        }
    }

    /// The customer this payment's account belongs to alone, else the one its name does, else the
    /// one whose name it abbreviates or cuts.
    #[must_use]
    pub fn recognise(&self, payment: &Payment<'_>) -> Option<Recognised<'a>> {
        let by_iban = self.owners_of_iban(payment);
        if let [customer_id] = by_iban {
            return Some(Recognised {
                customer_id,
                evidence: Evidence::PayerIban,
                error_ppm: PAYER_IBAN_ERROR_PPM,
            });
        }
        let name = self.name_of(payment)?;
        let (customer_id, error_ppm) = match (name.same.as_slice(), name.like.as_slice()) {
            ([owner], _) => (*owner, PAYER_NAME_ERROR_PPM),
            ([], [owner]) => (*owner, PAYER_SHORT_NAME_ERROR_PPM),
            _ => return None,
        };
        // A name that one of an account's several owners has says which of them it is.
        let evidence = Evidence::PayerName;
        Some(Recognised {
            customer_id,
            evidence,
            error_ppm,
        })
    }

    /// The customers that this payment's account or name may be of, where it is not one customer's
    /// alone: those of the account first.
    #[must_use]
    pub fn candidates(&self, payment: &Payment<'_>) -> Vec<Recognised<'a>> {
        let of = |evidence, error_ppm| {
            move |&customer_id: &&'a str| Recognised {
                customer_id,
                evidence,
                error_ppm,
            }
        };
        let by_iban = self.owners_of_iban(payment).iter();
        let mut found: Vec<Recognised<'a>> = by_iban
            .map(of(Evidence::PayerIban, PAYER_IBAN_ERROR_PPM))
            .collect();
        if let Some(name) = self.name_of(payment) {
            let same = name.same.iter();
            found.extend(same.map(of(Evidence::PayerName, PAYER_NAME_ERROR_PPM)));
            let like = name.like.iter();
            found.extend(like.map(of(Evidence::PayerName, PAYER_SHORT_NAME_ERROR_PPM)));
        }
        let mut seen = FxHashSet::default();
        found.retain(|one| seen.insert(one.customer_id));
        found
    }

    fn owners_of_iban(&self, payment: &Payment<'_>) -> &[&'a str] {
        let iban = payment.payer_iban.map(normal_iban);
        let owners = iban.and_then(|iban| self.by_iban.get(&iban));
        owners.map_or(&[], Vec::as_slice)
    }

    fn name_of(&self, payment: &Payment<'_>) -> Option<&Name<'a>> {
        let position = *self.by_name.get(&normal_name(payment.payer_name?))?;
        Some(&self.names[position])
    }
}

/// Keeps owners by id, no more than one beyond those that can be tried.
fn learn<'a>(owners: &mut Owners<'a>, customer_id: &'a str) {
    if let Err(position) = owners.binary_search(&customer_id) {
        owners.insert(position, customer_id);
        owners.truncate(PAYERS_MAX + 1);
    }
}

/// Whether a name is another one abbreviated or cut: each of its words begins the word at the same
/// place, with three letters or more, and no word is left over, unless the name is as long as names
/// are when banks cut them.
fn is_short_for(short: &[u8], full: &[u8]) -> bool {
    const WORD_BYTES_MIN: usize = 3;
    const CUT_BYTES_MIN: usize = 14;
    let (mut short_words, mut full_words) = (words(short).peekable(), words(full));
    while let Some(word) = short_words.next() {
        let Some(whole) = full_words.next() else {
            return false;
        };
        let last = short_words.peek().is_none();
        let cut = last && short.len() >= CUT_BYTES_MIN;
        let enough = word.len() >= WORD_BYTES_MIN || cut;
        if word != whole && !(enough && whole.starts_with(word)) {
            return false;
        }
    }
    full_words.next().is_none() || short.len() >= CUT_BYTES_MIN
}

fn words(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    name.split(|&byte| byte == b' ')
}

/// The hash of a word, upper case.
fn word_hash(word: &[u8]) -> u64 {
    folded_hash(word.iter().copied())
}

/// The hash of an account number, blanks aside, upper case.
fn iban_hash(iban: &str) -> u64 {
    folded_hash(iban.bytes().filter(u8::is_ascii_alphanumeric))
}

fn folded_hash(bytes: impl Iterator<Item = u8>) -> u64 {
    let step = |hash: u64, byte: u8| {
        (hash ^ u64::from(byte.to_ascii_uppercase())).wrapping_mul(0x0100_0000_01b3)
    };
    bytes.fold(0xcbf2_9ce4_8422_2325, step)
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

    fn recognised(
        customers: &[Customer<'static>],
        name: &'static str,
        iban: &'static str,
    ) -> Option<(&'static str, Evidence)> {
        let payments = [payment(name, iban)];
        let index = PayerIndex::new(&payments, customers, &[]);
        let found = index.recognise(&payments[0]);
        found.map(|found| (found.customer_id, found.evidence))
    }

    #[test]
    fn an_account_of_two_customers_names_neither() {
        let customers = [
            customer("C1", "Dupont SARL", "FR76 1"),
            customer("C2", "Durand", "FR761"),
        ];
        assert_eq!(
            recognised(&customers, "DUPONT", "fr761"),
            Some(("C1", Evidence::PayerName))
        );
        assert_eq!(recognised(&customers, "MARTIN", "FR761"), None);
    }

    #[test]
    fn names_are_recognised_abbreviated_and_cut() {
        let customers = [
            customer("C1", "Établissements Bernard Transports", "A"),
            customer("C2", "Compagnie Générale des Eaux de Bretagne", "B"),
            customer("C3", "Bernard Électricité", "C"),
        ];
        let of = |name| recognised(&customers, name, "X").map(|(customer, _)| customer);
        assert_eq!(of("ETABLISSEMENTS BERNARD TRANSP"), Some("C1"));
        assert_eq!(of("COMPAGNIE GENERALE DES EAU"), Some("C2"));
        assert_eq!(of("BERNARD ELEC"), Some("C3"));
        assert_eq!(of("BERNARD"), None, "a word is left over");
        assert_eq!(of("COMPAGNIE GENERALE DE BANQUE"), None);
    }

    #[test]
    fn a_short_name_of_two_customers_names_neither() {
        let customers = [
            customer("C1", "Martin Menuiserie", "A"),
            customer("C2", "Martin Menuisier", "B"),
        ];
        assert_eq!(recognised(&customers, "MARTIN MENUIS", "X"), None);
        assert_eq!(
            recognised(&customers, "MARTIN MENUISIER SARL", "X"),
            Some(("C2", Evidence::PayerName))
        );
    }

    #[test]
    fn what_was_confirmed_before_is_known() {
        let past = [PastAllocation {
            payment_id: "P-0",
            value_date: 0,
            entity: "E",
            item_id: "I-0",
            allocated_minor: 1,
            customer_id: "C9",
            payer_name: Some("Assurances du Nord"),
            payer_iban: Some("BE1"),
        }];
        let payments = [payment("?", "BE1")];
        let index = PayerIndex::new(&payments, &[], &past);
        let found = index.recognise(&payments[0]).unwrap();
        assert_eq!(
            (found.customer_id, found.evidence),
            ("C9", Evidence::PayerIban)
        );
    }
}
