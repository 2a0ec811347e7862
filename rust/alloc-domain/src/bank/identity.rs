//! The identity of a bank entry: equal in every file that repeats it, different for true twins.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::{BankEntry, Date, Money};

/// What identifies an entry, but for its place among twins.
#[derive(Clone, Debug)]
pub struct EntryKey(Sha256);

/// Hash of an [`EntryKey`], to count twins by.
pub type Identity = [u8; 16];

impl EntryKey {
    /// The key of an entry: account, booking day, signed amount, currency, bank reference.
    #[must_use]
    pub fn of(entry: &BankEntry) -> Self {
        let Money { minor, currency } = entry.money;
        let reference = entry.bank_reference.as_deref().unwrap_or_default();
        Self::new(
            &entry.account,
            entry.booking_date,
            minor,
            currency.as_str(),
            reference,
        )
    }

    fn new(account: &str, booked: Date, minor: i64, currency: &str, reference: &str) -> Self {
        let mut text = String::with_capacity(96);
        write!(
            text,
            "{account}\u{1f}{booked}\u{1f}{minor}\u{1f}{currency}\u{1f}{reference}\u{1f}"
        )
        .expect("writing to a String cannot fail");
        Self(Sha256::new_with_prefix(text.as_bytes()))
    }

    /// Equal for twins.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let digest = self.0.clone().finalize();
        let mut identity = Identity::default();
        identity.copy_from_slice(&digest[..16]);
        identity
    }
}

/// Payment id of the `occurrence`-th twin (from 1): `P` and sixteen hexadecimal digits.
#[must_use]
pub fn identity(key: &EntryKey, occurrence: u32) -> String {
    let mut hash = key.0.clone();
    hash.update(occurrence.to_string().as_bytes());
    let digest = hash.finalize();
    let mut id = String::with_capacity(17);
    id.push('P');
    for byte in &digest[..8] {
        for digit in [byte >> 4, byte & 15] {
            id.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
        }
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(minor: i64, reference: &str) -> EntryKey {
        let booked = Date::from_ymd(2026, 1, 31).unwrap();
        EntryKey::new(
            "FR1420041010050500013M02606",
            booked,
            minor,
            "EUR",
            reference,
        )
    }

    #[test]
    fn the_identity_is_the_hash_of_the_documented_text() {
        // printf 'FR1420041010050500013M02606\x1f2026-01-31\x1f-1250\x1fEUR\x1fREF\x1f1' | sha256sum
        assert_eq!(identity(&key(-1250, "REF"), 1), "P5D95034C2320FD5C");
    }

    #[test]
    fn twins_differ_by_their_number_and_others_by_their_fields() {
        assert_eq!(key(1, "A").identity(), key(1, "A").identity());
        assert_ne!(identity(&key(1, "A"), 1), identity(&key(1, "A"), 2));
        assert_ne!(key(1, "A").identity(), key(-1, "A").identity());
        assert_ne!(key(1, "A").identity(), key(1, "B").identity());
    }
}
