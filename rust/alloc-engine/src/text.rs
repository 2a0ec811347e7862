//! Text as the engine reads it: folded to A-Z and 0-9, cut into atoms.
//!
//! An atom is a longest run of letters or of digits; it remembers what stands before it. Numbers
//! are therefore only ever seen whole: digits inside a longer number are no atom.

/// What stands between an atom and the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joint {
    /// The first atom of a text.
    Start,
    /// Nothing: letters became digits or the other way round.
    Glued,
    /// The end of a bank line, which may cut a word in two.
    LineEnd,
    /// Blanks, dots, underscores, `#`, `:`, a backslash: parts of one number may stand so.
    Soft,
    /// A dash, perhaps among blanks.
    Dash,
    /// A slash, perhaps among blanks.
    Slash,
    /// Anything else: comma, semicolon, plus, a letter that we cannot fold.
    Hard,
}

/// A longest run of letters or of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Atom {
    /// First byte in [`Text::bytes`].
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
    /// Whether it is made of digits.
    pub digits: bool,
    /// What stands before it.
    pub joint: Joint,
}

impl Atom {
    /// Number of bytes.
    #[must_use]
    pub fn width(&self) -> usize {
        (self.end - self.start) as usize
    }
}

/// Folded text and its atoms.
#[derive(Clone, Debug, Default)]
pub struct Text {
    /// A-Z and 0-9 only.
    pub bytes: Vec<u8>,
    /// In order, covering `bytes` without gaps.
    pub atoms: Vec<Atom>,
}

impl Text {
    /// Folds and cuts lines, the way a bank sends them.
    #[must_use]
    pub fn of_lines<'a>(lines: impl IntoIterator<Item = &'a str>) -> Self {
        let mut text = Self::default();
        let mut joint = Joint::Start;
        for line in lines {
            let end = text.push_line(line, joint);
            joint = stronger(end, Joint::LineEnd);
        }
        text
    }

    /// Folds and cuts one line.
    #[must_use]
    pub fn of(line: &str) -> Self {
        let mut text = Self::default();
        text.push_line(line, Joint::Start);
        text
    }

    /// Returns the separator that ends the line, or [`Joint::Glued`] when a character does.
    fn push_line(&mut self, line: &str, before: Joint) -> Joint {
        let mut joint = before;
        let mut open = false;
        for character in line.chars() {
            match fold(character) {
                Folded::Bytes(bytes) => {
                    for &byte in bytes {
                        self.push_byte(byte, joint, open);
                        joint = Joint::Glued;
                        open = true;
                    }
                }
                Folded::Byte(byte) => {
                    self.push_byte(byte, joint, open);
                    joint = Joint::Glued;
                    open = true;
                }
                Folded::Separator(separator) => {
                    joint = if open {
                        separator
                    } else {
                        stronger(joint, separator)
                    };
                    open = false;
                }
            }
        }
        joint
    }

    fn push_byte(&mut self, byte: u8, joint: Joint, open: bool) {
        let at = u32::try_from(self.bytes.len()).expect("texts are limited before they are cut");
        let digits = byte.is_ascii_digit();
        self.bytes.push(byte);
        if open
            && let Some(last) = self.atoms.last_mut()
            && last.digits == digits
        {
            last.end = at + 1;
            return;
        }
        self.atoms.push(Atom {
            start: at,
            end: at + 1,
            digits,
            joint,
        });
    }

    /// The bytes of one atom.
    #[must_use]
    pub fn atom(&self, index: usize) -> &[u8] {
        let atom = &self.atoms[index];
        &self.bytes[atom.start as usize..atom.end as usize]
    }

    /// The bytes of neighbouring atoms.
    #[must_use]
    pub fn window(&self, first: usize, last: usize) -> &[u8] {
        &self.bytes[self.atoms[first].start as usize..self.atoms[last].end as usize]
    }
}

/// Two separators in a row: the one that parts more.
fn stronger(before: Joint, now: Joint) -> Joint {
    let rank = |joint| match joint {
        Joint::Glued => 0,
        Joint::LineEnd => 1,
        Joint::Soft => 2,
        Joint::Dash => 3,
        Joint::Slash => 4,
        Joint::Hard => 5,
        Joint::Start => 6,
    };
    if rank(now) > rank(before) {
        now
    } else {
        before
    }
}

enum Folded {
    Byte(u8),
    Bytes(&'static [u8]),
    Separator(Joint),
}

fn fold(character: char) -> Folded {
    if character.is_ascii() {
        let byte = u8::try_from(character)
            .expect("ASCII is one byte")
            .to_ascii_uppercase();
        return match byte {
            b'A'..=b'Z' | b'0'..=b'9' => Folded::Byte(byte),
            b'-' => Folded::Separator(Joint::Dash),
            b'/' => Folded::Separator(Joint::Slash),
            b' ' | b'\t' | b'.' | b'_' | b'#' | b':' | b'\\' | b'\'' => {
                Folded::Separator(Joint::Soft)
            }
            _ => Folded::Separator(Joint::Hard),
        };
    }
    let letter = match character {
        'à'..='å' | 'À'..='Å' | 'ā' | 'Ā' | 'ă' | 'Ă' | 'ą' | 'Ą' => b'A',
        'ç' | 'Ç' | 'ć' | 'Ć' | 'č' | 'Č' => b'C',
        'ď' | 'Ď' | 'đ' | 'Đ' => b'D',
        'è'..='ë' | 'È'..='Ë' | 'ē' | 'Ē' | 'ė' | 'Ė' | 'ę' | 'Ę' | 'ě' | 'Ě' => b'E',
        'ğ' | 'Ğ' => b'G',
        'ì'..='ï' | 'Ì'..='Ï' | 'ī' | 'Ī' | 'į' | 'Į' | 'İ' | 'ı' => b'I',
        'ł' | 'Ł' | 'ľ' | 'Ľ' => b'L',
        'ñ' | 'Ñ' | 'ń' | 'Ń' | 'ň' | 'Ň' => b'N',
        'ò'..='ö' | 'Ò'..='Ö' | 'ø' | 'Ø' | 'ō' | 'Ō' | 'ő' | 'Ő' => b'O',
        'ř' | 'Ř' | 'ŕ' | 'Ŕ' => b'R',
        'ś' | 'Ś' | 'š' | 'Š' | 'ş' | 'Ş' | 'ș' | 'Ș' => b'S',
        'ť' | 'Ť' | 'ţ' | 'Ţ' | 'ț' | 'Ț' => b'T',
        'ù'..='ü' | 'Ù'..='Ü' | 'ū' | 'Ū' | 'ů' | 'Ů' | 'ű' | 'Ű' => b'U',
        'ý' | 'ÿ' | 'Ý' | 'Ÿ' => b'Y',
        'ź' | 'Ź' | 'ż' | 'Ż' | 'ž' | 'Ž' => b'Z',
        'ß' | 'ẞ' => return Folded::Bytes(b"SS"),
        'æ' | 'Æ' => return Folded::Bytes(b"AE"),
        'œ' | 'Œ' => return Folded::Bytes(b"OE"),
        '–' | '—' | '‐' | '‑' => return Folded::Separator(Joint::Dash),
        '\u{a0}' | '\u{202f}' | '°' | 'º' => return Folded::Separator(Joint::Soft),
        _ => return Folded::Separator(Joint::Hard),
    };
    Folded::Byte(letter)
}

/// Legal forms, titles and joining words that names are compared without.
const NAME_NOISE: &[&[u8]] = &[
    b"AB",
    b"AG",
    b"AND",
    b"AS",
    b"ASBL",
    b"BV",
    b"CIE",
    b"CO",
    b"COMPANY",
    b"CORP",
    b"CORPORATION",
    b"EI",
    b"EIRL",
    b"ET",
    b"ETS",
    b"EURL",
    b"FRAU",
    b"GIE",
    b"GMBH",
    b"HERR",
    b"INC",
    b"KG",
    b"LA",
    b"LE",
    b"LES",
    b"LIMITED",
    b"LLC",
    b"LLP",
    b"LTD",
    b"M",
    b"MADAME",
    b"MADEMOISELLE",
    b"MISS",
    b"MLLE",
    b"MME",
    b"MONSIEUR",
    b"MR",
    b"MRS",
    b"MS",
    b"NV",
    b"ODER",
    b"OHG",
    b"OR",
    b"OU",
    b"OY",
    b"PLC",
    b"SA",
    b"SARL",
    b"SAS",
    b"SASU",
    b"SCA",
    b"SCI",
    b"SCP",
    b"SCS",
    b"SELARL",
    b"SL",
    b"SNC",
    b"SOC",
    b"SOCIETE",
    b"SPA",
    b"SPRL",
    b"SRL",
    b"STE",
    b"THE",
    b"UND",
];

/// A name in the form in which names are compared: folded words without legal forms, joined by
/// blanks. Empty when nothing else is left.
#[must_use]
pub fn normal_name(name: &str) -> Vec<u8> {
    name_without(name, NAME_NOISE)
}

/// A name in the form in which names are compared, with its legal forms and titles.
#[must_use]
pub fn whole_name(name: &str) -> Vec<u8> {
    name_without(name, &[])
}

fn name_without(name: &str, noise: &[&[u8]]) -> Vec<u8> {
    // Dots only abbreviate: S.A.S. is SAS.
    let text = Text::of(&name.replace('.', ""));
    let mut out = Vec::with_capacity(text.bytes.len());
    let mut word = Vec::new();
    for index in 0..text.atoms.len() {
        if text.atoms[index].joint != Joint::Glued {
            push_word(&mut out, &mut word, noise);
        }
        word.extend_from_slice(text.atom(index));
    }
    push_word(&mut out, &mut word, noise);
    out
}

fn push_word(out: &mut Vec<u8>, word: &mut Vec<u8>, noise: &[&[u8]]) {
    if !word.is_empty() && !noise.contains(&word.as_slice()) {
        if !out.is_empty() {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
    word.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atoms(lines: &[&str]) -> Vec<(String, Joint)> {
        let text = Text::of_lines(lines.iter().copied());
        (0..text.atoms.len())
            .map(|index| {
                let bytes = text.atom(index).to_vec();
                (String::from_utf8(bytes).unwrap(), text.atoms[index].joint)
            })
            .collect()
    }

    #[test]
    fn letters_and_digits_part_and_lines_join() {
        assert_eq!(
            atoms(&["fact N°00-12", "34, x"]),
            [
                ("FACT".to_owned(), Joint::Start),
                ("N".to_owned(), Joint::Soft),
                ("00".to_owned(), Joint::Soft),
                ("12".to_owned(), Joint::Dash),
                ("34".to_owned(), Joint::LineEnd),
                ("X".to_owned(), Joint::Hard),
            ]
        );
    }

    #[test]
    fn a_separator_at_the_end_of_a_line_stands_for_the_line_end() {
        assert_eq!(atoms(&["1001/", "02"])[1].1, Joint::Slash);
        assert_eq!(atoms(&["1001,", "", "02"])[1].1, Joint::Hard);
        assert_eq!(atoms(&["10", "01"])[1].1, Joint::LineEnd);
        assert_eq!(atoms(&[" ", "01"])[0].1, Joint::Start);
    }

    #[test]
    fn a_dash_among_blanks_stays_a_dash() {
        assert_eq!(atoms(&["1 - 2"])[1].1, Joint::Dash);
        assert_eq!(atoms(&["1 ;-2"])[1].1, Joint::Hard);
    }

    #[test]
    fn names_are_compared_without_accents_case_titles_and_legal_forms() {
        assert_eq!(
            normal_name("Ets. Générale d'Été, S.A.S."),
            b"GENERALE D ETE"
        );
        assert_eq!(normal_name("Müller & Söhne GmbH"), b"MULLER SOHNE");
        assert_eq!(normal_name("SARL"), b"");
        assert_eq!(whole_name("Müller & Söhne G.m.b.H."), b"MULLER SOHNE GMBH");
        assert_eq!(normal_name("M. OU Mme Martin Paul"), b"MARTIN PAUL");
        assert_eq!(normal_name("Herr oder Frau Müller"), b"MULLER");
    }
}
