//! Which of the encodings of one byte a character a text is in, where nobody says so.
//!
//! The rule, for bytes that are not UTF-8: every candidate is scored by the characters it makes of
//! them, and the best one wins; of equals the first in the order of [`CANDIDATES`].
//!
//! * A letter beside letters counts for a candidate; a control character, a sign inside a word, a
//!   box or a Greek letter, a capital behind a small letter count against it.
//! * The letters must fit one language of the candidate, all of whose letters it has: those that
//!   fit count for it, the others against it. The language of a country that the file names (by a currency or an IBAN) is ahead.

use encoding_rs::{Encoding, ISO_8859_2, ISO_8859_15, WINDOWS_1250, WINDOWS_1252, WINDOWS_1254};

/// Bytes that are looked at, from the first one that is not UTF-8.
pub(crate) const EVIDENCE: usize = 1 << 20;

/// An encoding of one byte a character.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SingleByte {
    pub(crate) name: &'static str,
    table: Table,
}

#[derive(Clone, Copy, Debug)]
enum Table {
    Web(&'static Encoding),
    /// The characters of the bytes from 128.
    Upper(&'static str),
}

const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
const CP850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";
const CP852: &str = "ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×čáíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐\
└┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀ÓßÔŃńňŠšŔÚŕŰýÝţ´\u{ad}˝˛ˇ˘§÷¸°¨˙űŘř■\u{a0}";

/// The candidates, the likeliest first.
const CANDIDATES: [SingleByte; 8] = [
    SingleByte::web("Windows-1252", WINDOWS_1252),
    SingleByte::web("ISO-8859-15", ISO_8859_15),
    SingleByte::web("Windows-1250", WINDOWS_1250),
    SingleByte::web("ISO-8859-2", ISO_8859_2),
    SingleByte::web("Windows-1254", WINDOWS_1254),
    SingleByte::upper("code page 850", CP850),
    SingleByte::upper("code page 852", CP852),
    SingleByte::upper("code page 437", CP437),
];

/// A language by its letters beside `a` to `z`, and by what names its country: currency and start
/// of an IBAN.
struct Language {
    letters: &'static str,
    countries: &'static [&'static str],
}

/// Languages that a file may be in.
const LANGUAGES: [Language; 15] = [
    Language::of("àâæçéèêëîïôœùûüÿ", &[]),
    Language::of("äöüßé", &[]),
    Language::of("áéíóúüñ", &[]),
    Language::of("áâãàçéêíóôõúü", &[]),
    Language::of("àèéìíòóù", &[]),
    Language::of("æøåéäöü", &[]),
    Language::of("éèëïóöüá", &[]),
    Language::of("ąćęłńóśźż", &["PLN", "PL"]),
    Language::of("áčďéěíňóřšťúůýž", &["CZK", "CZ"]),
    Language::of("áäčďéíĺľňóôŕšťúýž", &["SKK", "SK"]),
    Language::of("áéíóöőúüű", &["HUF", "HU"]),
    Language::of("čćđšž", &["HRK", "HR", "SI"]),
    Language::of("ăâîşţ", &["RON", "RO"]),
    Language::of("çğıöşüâi\u{307}", &["TRY", "TR"]),
    Language::of("äõöüšž", &["EEK", "EE"]),
];

/// Head start of the language of a country that the file names.
const NAMED: i64 = 3;

impl SingleByte {
    const fn web(name: &'static str, encoding: &'static Encoding) -> Self {
        let table = Table::Web(encoding);
        Self { name, table }
    }

    const fn upper(name: &'static str, table: &'static str) -> Self {
        let table = Table::Upper(table);
        Self { name, table }
    }

    /// The text of bytes.
    pub(crate) fn decode(&self, bytes: &[u8]) -> String {
        match self.table {
            Table::Web(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
            Table::Upper(_) => {
                let characters = self.characters();
                let of = |byte: &u8| match byte.checked_sub(128) {
                    Some(at) => characters[usize::from(at)],
                    None => char::from(*byte),
                };
                bytes.iter().map(of).collect()
            }
        }
    }

    /// What the bytes from 128 are.
    fn characters(&self) -> [char; 128] {
        let mut characters = ['\u{fffd}'; 128];
        let upper: Vec<u8> = (128..=255).collect();
        let text = match self.table {
            Table::Web(encoding) => encoding.decode_without_bom_handling(&upper).0,
            Table::Upper(table) => table.into(),
        };
        for (slot, character) in characters.iter_mut().zip(text.chars()) {
            *slot = character;
        }
        characters
    }
}

impl Language {
    const fn of(letters: &'static str, countries: &'static [&'static str]) -> Self {
        Self { letters, countries }
    }

    /// Whether an encoding has its letters; French does without its ligature in many.
    fn is_in(&self, characters: &[char; 128]) -> bool {
        let own = |letter: &char| !letter.is_ascii() && !matches!(letter, 'œ' | '\u{307}');
        let mut letters = self.letters.chars().filter(own);
        letters.all(|letter| characters.contains(&letter))
    }

    /// Whether a file names its country: a currency, or two letters and two digits of an IBAN.
    fn is_named(&self, head: &[u8]) -> bool {
        self.countries.iter().any(|country| {
            let name = country.as_bytes();
            head.windows(name.len() + 2).any(|part| {
                let digits = part[name.len()..].iter().all(u8::is_ascii_digit);
                part.starts_with(name) && (digits || name.len() == 3)
            })
        })
    }
}

/// The encoding of `evidence`, which is not UTF-8; `head` is the start of the file.
pub(crate) fn guess(evidence: &[u8], head: &[u8]) -> SingleByte {
    let named: Vec<bool> = LANGUAGES.iter().map(|known| known.is_named(head)).collect();
    let mut best = (i64::MIN, CANDIDATES[0]);
    for candidate in CANDIDATES {
        let score = score(evidence, &candidate.characters(), &named);
        if score > best.0 {
            best = (score, candidate);
        }
    }
    best.1
}

fn score(evidence: &[u8], characters: &[char; 128], named: &[bool]) -> i64 {
    let of = |byte: u8| match byte.checked_sub(128) {
        Some(at) => characters[usize::from(at)],
        None => char::from(byte),
    };
    let mut score = 0;
    let mut letters: Vec<char> = Vec::new();
    for (at, &byte) in evidence
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte >= 128)
    {
        let before = at.checked_sub(1).map_or(' ', |at| of(evidence[at]));
        let after = evidence.get(at + 1).map_or(' ', |&byte| of(byte));
        let character = of(byte);
        score += fit(before, character, after);
        if is_letter(character) {
            letters.extend(character.to_lowercase());
        }
    }
    let languages = LANGUAGES.iter().zip(named);
    let possible = languages.filter(|(language, _)| language.is_in(characters));
    let fits = possible.map(|(language, &named)| {
        let known = letters
            .iter()
            .filter(|letter| language.letters.contains(**letter))
            .count();
        let strange = letters.len() - known;
        let head_start = if named && known > 0 { NAMED } else { 0 };
        count(known) - 2 * count(strange) + head_start
    });
    score + fits.max().unwrap_or_default()
}

fn count(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

/// Whether a character is one of a word: ordinal signs are none, though Unicode says so.
fn is_letter(character: char) -> bool {
    character.is_alphabetic() && !matches!(character, 'ª' | 'º' | 'µ')
}

/// How well a character stands between two others.
fn fit(before: char, character: char, after: char) -> i64 {
    const SIGNS: &str = "€§°´’‘“”„‚–—…«»£\u{a0}½¼¾ºª·¨×µ®©±²³¿¡•¬";
    let inside = before.is_alphabetic() && after.is_alphabetic();
    if character.is_control() || character == '\u{fffd}' {
        return -8;
    }
    if !is_letter(character) {
        return match (inside, SIGNS.contains(character)) {
            (true, _) => -4,
            (false, true) => 0,
            (false, false) => -3,
        };
    }
    if ('\u{370}'..'\u{1e00}').contains(&character) || character == 'ƒ' {
        return -4;
    }
    let capital_within = before.is_lowercase() && character.is_uppercase();
    let small_within = before.is_uppercase()
        && after.is_uppercase()
        && character.is_lowercase()
        && character != 'ß';
    if capital_within || small_within {
        return -3;
    }
    if before.is_alphabetic() || after.is_alphabetic() {
        2
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str, name: &str) -> Vec<u8> {
        let candidates = CANDIDATES.iter().find(|known| known.name == name);
        let characters = candidates.expect("a candidate").characters();
        let byte = |character: char| {
            let upper = characters.iter().position(|known| *known == character);
            upper.map_or_else(
                || u8::try_from(character).expect("a byte"),
                |at| u8::try_from(at + 128).expect("a byte"),
            )
        };
        text.chars().map(byte).collect()
    }

    #[test]
    fn words_tell_their_encoding() {
        for (text, name) in [
            ("FACTURE réglée à échéance, société Cœur", "Windows-1252"),
            ("SOCIÉTÉ GÉNÉRALE", "Windows-1252"),
            ("Überweisung Müller Straße", "Windows-1252"),
            ("réglée cœur 5 €", "ISO-8859-15"),
            ("Należność za fakturę, spółka Źródło", "Windows-1250"),
            ("NALEŻNOŚĆ ZA FAKTURĘ", "Windows-1250"),
            ("Należność za fakturę, spółka Źródło", "ISO-8859-2"),
            ("Příchozí úhrada, žluťoučký kůň", "Windows-1250"),
            ("Příchozí úhrada, žluťoučký kůň", "ISO-8859-2"),
            ("napi összevont utánvét, jutalék", "code page 852"),
            ("Należność za fakturę", "code page 852"),
            ("réglée à échéance", "code page 850"),
            ("SOCIÉTÉ GÉNÉRALE", "code page 850"),
            ("Überweisung Müller Straße", "code page 850"),
            ("Çarşı ödeme Şişli ığdır", "Windows-1254"),
            ("Køb i Ærø på Åen", "Windows-1252"),
            ("FACTURA Nº 7 año señor", "Windows-1252"),
        ] {
            let head = if text.starts_with("napi") {
                "HUF12"
            } else {
                "EUR12"
            };
            let found = guess(&bytes(text, name), head.as_bytes());
            assert_eq!(found.decode(&bytes(text, name)), text, "{name}");
            assert_eq!(found.name, name, "{text}");
        }
    }

    #[test]
    fn the_country_decides_where_letters_do_not() {
        let text = bytes("PLATBA PŘEVODEM", "Windows-1250");
        assert_eq!(guess(&text, b":60F:C260101CZK1,").name, "Windows-1250");
        assert_eq!(guess(&text, b":60F:C260101EUR1,").name, "Windows-1252");
        assert_eq!(
            guess(&text, b":25:CZ6508000000192000145399").name,
            "Windows-1250"
        );
    }

    #[test]
    fn signs_alone_are_of_the_first_candidate() {
        assert_eq!(guess(b"10\xb0 5\xa7", b"").name, "Windows-1252");
    }
}
