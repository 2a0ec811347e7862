//! Who pays, where the caller does not know.

use std::sync::OnceLock;

use alloc_domain::{Customer, Evidence, PastAllocation, Payment};
use rustc_hash::FxHashSet;

use crate::error::EngineError;
use crate::limits::{NAMES_COMPARED_MAX, PAYERS_MAX};
use crate::policy::{PAYER_IBAN_ERROR_PPM, PAYER_NAME_ERROR_PPM, PAYER_SHORT_NAME_ERROR_PPM};
use crate::text::{normal_name, whole_name};

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

/// What is known of who pays: customers, and what they paid from before.
#[derive(Debug, Default)]
pub struct Payers<'a> {
    customers: Vec<Customer<'a>>,
    history: Vec<PastAllocation<'a>>,
    index: OnceLock<PayerIndex>,
}

/// The accounts and names of customers, and the row that says so: of `customers`, then of `history`.
#[derive(Debug, Default)]
struct PayerIndex {
    /// By the hash of the account number.
    ibans: Vec<(u64, u32)>,
    /// By name, as [`normal_name`] makes it.
    names: Vec<(Vec<u8>, u32)>,
}

impl PayerIndex {
    fn new(customers: &[Customer<'_>], history: &[PastAllocation<'_>]) -> Self {
        let mut index = Self::default();
        let mut rows = 0_u32..;
        for (row, customer) in rows.by_ref().take(customers.len()).zip(customers) {
            let ibans = customer.known_ibans.iter();
            index.ibans.extend(ibans.map(|iban| (iban_hash(iban), row)));
            for name in std::iter::once(&customer.name).chain(&customer.aliases) {
                index.names.push((normal_name(name), row));
            }
        }
        let (mut ibans, mut names) = (FxHashSet::default(), FxHashSet::default());
        for (row, past) in rows.zip(history) {
            if let Some(iban) = past.payer_iban
                && ibans.insert((iban, past.customer_id))
            {
                index.ibans.push((iban_hash(iban), row));
            }
            if let Some(name) = past.payer_name
                && names.insert((name, past.customer_id))
            {
                index.names.push((normal_name(name), row));
            }
        }
        index.ibans.sort_unstable();
        index.names.sort_unstable();
        index
    }

    fn with_iban(&self, hash: u64) -> &[(u64, u32)] {
        let from = self.ibans.partition_point(|&(known, _)| known < hash);
        let to = self.ibans.partition_point(|&(known, _)| known <= hash);
        &self.ibans[from..to]
    }

    fn with_name(&self, name: &[u8]) -> &[(Vec<u8>, u32)] {
        let from = self
            .names
            .partition_point(|(known, _)| known.as_slice() < name);
        let to = self
            .names
            .partition_point(|(known, _)| known.as_slice() <= name);
        &self.names[from..to]
    }

    fn beginning_with(&self, start: &[u8]) -> impl Iterator<Item = &(Vec<u8>, u32)> {
        let from = self
            .names
            .partition_point(|(known, _)| known.as_slice() < start);
        let names = self.names[from..].iter();
        names.take_while(move |(known, _)| known.starts_with(start))
    }
}

impl<'a> Payers<'a> {
    /// Takes what is known; it is indexed when it is first asked for.
    #[must_use]
    pub fn new(customers: Vec<Customer<'a>>, history: Vec<PastAllocation<'a>>) -> Self {
        Self {
            customers,
            history,
            index: OnceLock::new(),
        }
    }

    fn index(&self) -> &PayerIndex {
        self.index
            .get_or_init(|| PayerIndex::new(&self.customers, &self.history))
    }

    /// The customer this payment's account belongs to alone, else the one its name does, else the
    /// one whose name it abbreviates, cuts or turns.
    #[must_use]
    pub fn recognise(&self, payment: &Payment<'_>) -> Option<Recognised<'a>> {
        if let [customer_id] = self.owners_of_iban(payment).as_slice() {
            return Some(Recognised {
                customer_id,
                evidence: Evidence::PayerIban,
                error_ppm: PAYER_IBAN_ERROR_PPM,
            });
        }
        let name = name_of(payment)?;
        let (customer_id, error_ppm) = match self.owners_of_name(&name).as_slice() {
            [owner] => (*owner, PAYER_NAME_ERROR_PPM),
            [] => match self.owners_of_like_name(&name).as_slice() {
                [owner] => (*owner, PAYER_SHORT_NAME_ERROR_PPM),
                _ => return None,
            },
            _ => (
                self.owner_of_whole_name(payment, &name)?,
                PAYER_NAME_ERROR_PPM,
            ),
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
            move |customer_id: &'a str| Recognised {
                customer_id,
                evidence,
                error_ppm,
            }
        };
        let by_iban = self.owners_of_iban(payment).into_iter();
        let mut found: Vec<Recognised<'a>> = by_iban
            .map(of(Evidence::PayerIban, PAYER_IBAN_ERROR_PPM))
            .collect();
        if let Some(name) = name_of(payment) {
            let same = self.owners_of_name(&name).into_iter();
            found.extend(same.map(of(Evidence::PayerName, PAYER_NAME_ERROR_PPM)));
            let like = self.owners_of_like_name(&name).into_iter();
            found.extend(like.map(of(Evidence::PayerName, PAYER_SHORT_NAME_ERROR_PPM)));
        }
        let mut seen = FxHashSet::default();
        found.retain(|one| seen.insert(one.customer_id));
        found
    }

    fn owners_of_iban(&self, payment: &Payment<'_>) -> Vec<&'a str> {
        let iban = payment.payer_iban.map(normal_iban).unwrap_or_default();
        if iban.is_empty() {
            return Vec::new();
        }
        let rows = self.index().with_iban(iban_hash(&iban)).iter();
        let rows = rows.map(|&(_, row)| row);
        self.owners(rows.filter(|&row| self.ibans_of(row).any(|known| normal_iban(known) == iban)))
    }

    /// The customers of this very name.
    fn owners_of_name(&self, name: &[u8]) -> Vec<&'a str> {
        let rows = self.index().with_name(name).iter();
        self.owners(rows.map(|&(_, row)| row))
    }

    /// Of several customers of a name the only one of this legal form, unless another one's form is
    /// not known: forms have too many words for one that nobody has to tell the others apart.
    fn owner_of_whole_name(&self, payment: &Payment<'_>, name: &[u8]) -> Option<&'a str> {
        let whole = payment.payer_name.map(whole_name)?;
        let forms = |row| {
            let same = self.names_of(row);
            let same = same.filter(|known| normal_name(known) == name);
            same.map(whole_name).filter(|known| known != name)
        };
        let is_of_form = |row| forms(row).any(|known| known == whole);
        let rows = self.index().with_name(name).iter().map(|&(_, row)| row);
        let may_be = rows
            .clone()
            .filter(|&row| is_of_form(row) || forms(row).next().is_none());
        match self.owners(may_be).as_slice() {
            [owner] if rows.clone().any(is_of_form) => Some(owner),
            _ => None,
        }
    }

    /// The customers whose names it turns, abbreviates or cuts; the last two not where too many names
    /// begin like it.
    fn owners_of_like_name(&self, name: &[u8]) -> Vec<&'a str> {
        let mut of_name = words(name);
        let mut start = of_name.next().unwrap_or_default().to_vec();
        start.push(b' ');
        start.extend_from_slice(of_name.next().unwrap_or_default());
        let index = self.index();
        let mut near: Vec<_> = index
            .beginning_with(&start)
            .take(NAMES_COMPARED_MAX + 1)
            .collect();
        if near.len() > NAMES_COMPARED_MAX {
            near.clear();
        }
        near.retain(|(known, _)| known != name && is_short_for(name, known));
        near.extend(turns(name).flat_map(|turned| index.with_name(&turned)));
        self.owners(near.into_iter().map(|&(_, row)| row))
    }

    fn customer_id(&self, row: u32) -> &'a str {
        let row = row as usize;
        match self.customers.get(row) {
            Some(customer) => customer.customer_id,
            None => self.history[row - self.customers.len()].customer_id,
        }
    }

    fn names_of(&self, row: u32) -> impl Iterator<Item = &'a str> {
        let row = row as usize;
        let known = self.customers.get(row).into_iter();
        let known =
            known.flat_map(|one| std::iter::once(one.name).chain(one.aliases.iter().copied()));
        let past = row.checked_sub(self.customers.len());
        known.chain(past.and_then(|past| self.history[past].payer_name))
    }

    fn ibans_of(&self, row: u32) -> impl Iterator<Item = &'a str> {
        let row = row as usize;
        let known = self.customers.get(row);
        let past = row.checked_sub(self.customers.len());
        let known = known.into_iter().flat_map(|customer| &customer.known_ibans);
        let past = past.and_then(|past| self.history[past].payer_iban);
        known.copied().chain(past)
    }

    /// Whose rows these are, by id, no more than one beyond those that can be tried.
    fn owners(&self, rows: impl Iterator<Item = u32>) -> Vec<&'a str> {
        let mut owners: Vec<&str> = rows.map(|row| self.customer_id(row)).collect();
        owners.sort_unstable();
        owners.dedup();
        owners.truncate(PAYERS_MAX + 1);
        owners
    }
}

/// The name on a payment as names are compared, where there is one.
fn name_of(payment: &Payment<'_>) -> Option<Vec<u8>> {
    let name = payment.payer_name.map(normal_name);
    name.filter(|name| !name.is_empty())
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

/// A name begun at each of its other words: banks and books put the family name first or last.
fn turns(name: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let blanks = (0..name.len()).filter(|&at| name[at] == b' ');
    blanks.map(|at| [&name[at + 1..], b" ", &name[..at]].concat())
}

fn words(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    name.split(|&byte| byte == b' ')
}

/// The hash of an account number, blanks aside, upper case.
fn iban_hash(iban: &str) -> u64 {
    let bytes = iban.bytes().filter(u8::is_ascii_alphanumeric);
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
        let payers = Payers::new(customers.to_vec(), Vec::new());
        let found = payers.recognise(&payment(name, iban));
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
    fn a_family_name_may_come_first_or_last() {
        let customers = [
            customer("C1", "Joël Chamand", "A"),
            customer("C2", "Jean-Pierre Martin", "B"),
            customer("C3", "Paul Martin", "C"),
            customer("C4", "Martin Paul", "D"),
        ];
        let of = |name| recognised(&customers, name, "X").map(|(customer, _)| customer);
        assert_eq!(of("CHAMAND JOEL"), Some("C1"));
        assert_eq!(of("M OU MME CHAMAND JOEL"), Some("C1"));
        assert_eq!(of("MARTIN JEAN PIERRE"), Some("C2"));
        assert_eq!(of("MARTIN PIERRE JEAN"), None, "not turned but mixed");
        assert_eq!(of("PAUL MARTIN"), Some("C3"), "the very name comes first");
    }

    #[test]
    fn the_legal_form_tells_companies_of_one_name_apart() {
        let customers = [
            customer("C1", "Garage Faurin EURL", "A"),
            customer("C2", "Garage Faurin SNC", "B"),
            customer("C3", "Pneus Mortier SA", "C"),
            customer("C4", "Pneus Mortier", "D"),
        ];
        let of = |name| recognised(&customers, name, "X").map(|(customer, _)| customer);
        assert_eq!(of("GARAGE FAURIN E.U.R.L."), Some("C1"));
        assert_eq!(of("GARAGE FAURIN SNC"), Some("C2"));
        assert_eq!(of("GARAGE FAURIN"), None, "banks leave forms out");
        assert_eq!(of("GARAGE FAURIN SARL"), None);
        for other in ["PNEUS MORTIER SA", "PNEUS MORTIER SARL"] {
            assert_eq!(of(other), None, "the form of one of them is not known");
        }
    }

    #[test]
    fn an_alias_without_its_form_does_not_hide_that_of_the_name() {
        let mut customers = [
            customer("C1", "Garage Faurin EURL", "A"),
            customer("C2", "Garage Faurin SNC", "B"),
        ];
        for customer in &mut customers {
            customer.aliases = vec!["GARAGE FAURIN"];
        }
        let of = |name| recognised(&customers, name, "X").map(|(customer, _)| customer);
        assert_eq!(of("GARAGE FAURIN SNC"), Some("C2"));
        assert_eq!(of("GARAGE FAURIN"), None);
    }

    #[test]
    fn a_turned_name_of_two_customers_names_neither() {
        let customers = [
            customer("C1", "Luc Blanc Sarl", "A"),
            customer("C2", "Luc Blanc", "B"),
        ];
        assert_eq!(recognised(&customers, "BLANC LUC", "X"), None);
    }

    #[test]
    fn what_was_confirmed_before_is_known() {
        let past = vec![PastAllocation {
            payment_id: "P-0",
            value_date: 0,
            entity: "E",
            item_id: "I-0",
            allocated_minor: 1,
            customer_id: "C9",
            payer_name: Some("Assurances du Nord"),
            payer_iban: Some("BE1"),
        }];
        let payers = Payers::new(Vec::new(), past);
        let found = payers.recognise(&payment("?", "BE1")).unwrap();
        assert_eq!(
            (found.customer_id, found.evidence),
            ("C9", Evidence::PayerIban)
        );
    }
}
