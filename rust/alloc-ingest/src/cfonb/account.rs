//! The IBAN of a French account.

use super::Record;

/// Remembers the last account: nearly all records of a file have the same one.
#[derive(Default)]
pub(super) struct Accounts {
    printed: [String; 3],
    account: String,
}

impl Accounts {
    pub(super) fn of(&mut self, record: &Record<'_>) -> String {
        let printed = record.account();
        if self
            .printed
            .iter()
            .zip(printed)
            .any(|(known, new)| known != new)
        {
            self.account = iban(printed).unwrap_or_else(|| {
                let parts = printed.concat();
                parts.split_whitespace().collect()
            });
            self.printed = printed.map(str::to_owned);
        }
        self.account.clone()
    }
}

/// The IBAN of bank (5 digits), branch (5 digits) and account number (11 digits or letters).
pub(crate) fn iban([bank, branch, number]: [&str; 3]) -> Option<String> {
    let digits =
        |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    let plain = |b: u8| b.is_ascii_digit() || b.is_ascii_uppercase();
    if !digits(bank, 5) || !digits(branch, 5) || number.len() != 11 || !number.bytes().all(plain) {
        return None;
    }
    let rib = |text: &str| {
        text.bytes()
            .fold(0, |sum, byte| (sum * 10 + rib_digit(byte)) % 97)
    };
    let key = 97 - (89 * rib(bank) + 15 * rib(branch) + 3 * rib(number)) % 97;
    let basic = format!("{bank}{branch}{number}{key:02}");
    let check = 98 - iban_remainder(&format!("{basic}FR00"));
    Some(format!("FR{check:02}{basic}"))
}

/// Letters count 1 to 9 three times over, the last time from 2.
fn rib_digit(byte: u8) -> u32 {
    match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'I' => u32::from(byte - b'A' + 1),
        b'J'..=b'R' => u32::from(byte - b'J' + 1),
        _ => u32::from(byte - b'S' + 2),
    }
}

/// ISO 7064 modulo 97, letters from 10 to 35.
fn iban_remainder(text: &str) -> u32 {
    text.bytes().fold(0, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_its_iban() {
        for (printed, expected) in [
            (
                ["20041", "01005", "0500013M026"],
                "FR1420041010050500013M02606",
            ),
            (
                ["30006", "00001", "12345678901"],
                "FR7630006000011234567890189",
            ),
        ] {
            assert_eq!(iban(printed).as_deref(), Some(expected));
        }
        for printed in [
            ["3000A", "00001", "12345678901"],
            ["30006", "0001", "12345678901"],
            ["30006", "00001", "1234567890é"],
            ["30006", "00001", "1234567890 "],
        ] {
            assert_eq!(iban(printed), None, "{printed:?}");
        }
    }
}
