//! One logical record: a line and the lines `88` that continue it.

/// Longest logical record in bytes; banks write a few thousand.
const LONGEST: usize = 1 << 20;

/// The content of a record: each of its lines without code and closing slash.
pub(super) struct Record {
    /// Line of the file where it starts.
    pub(super) line: u64,
    /// How many lines it has.
    pub(super) lines: u64,
    code: [u8; 2],
    pieces: Vec<String>,
    /// The lines as printed.
    printed: String,
}

/// Reads the fields of a record from left to right, over its lines.
pub(super) struct Fields<'r> {
    pieces: std::slice::Iter<'r, String>,
    /// What is left of the line that is being read; none at its end.
    rest: Option<&'r str>,
}

impl Record {
    /// The record that a line starts; none if the line has no code of two digits.
    pub(super) fn start(text: &str, line: u64) -> Option<Self> {
        let (code, content) = split_code(text)?;
        Some(Self {
            line,
            lines: 1,
            code,
            pieces: vec![content.to_owned()],
            printed: text.trim_end().to_owned(),
        })
    }

    /// Code of the record: `16`.
    pub(super) fn code(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or_default()
    }

    /// Takes a line `88`; false if the record would become longer than any bank writes.
    pub(super) fn continue_with(&mut self, text: &str) -> bool {
        let content = split_code(text).map_or("", |(_, content)| content);
        self.lines += 1;
        self.pieces.push(content.to_owned());
        self.printed.push('\n');
        self.printed.push_str(text.trim_end());
        self.printed.len() <= LONGEST
    }

    pub(super) fn fields(&self) -> Fields<'_> {
        let mut pieces = self.pieces.iter();
        let rest = pieces.next().map(String::as_str);
        Fields { pieces, rest }
    }

    /// The lines as printed.
    pub(super) fn printed(&self) -> &str {
        &self.printed
    }

    /// The same, without a copy.
    pub(super) fn into_printed(self) -> String {
        self.printed
    }
}

impl<'r> Fields<'r> {
    /// The next field, trimmed; none behind the last one.
    pub(super) fn next(&mut self) -> Option<&'r str> {
        let rest = self.line()?;
        let (field, rest) = match rest.split_once(',') {
            Some((field, rest)) => (field, Some(rest)),
            None => (rest, None),
        };
        self.rest = rest;
        Some(field.trim())
    }

    /// The next field, none if it is empty.
    pub(super) fn given(&mut self) -> Option<&'r str> {
        self.next().filter(|field| !field.is_empty())
    }

    /// Leaves fields unread.
    pub(super) fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.next();
        }
    }

    /// Everything that is left, line by line: the text of an entry may have commas.
    pub(super) fn text(mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(rest) = self.line() {
            let text = rest.trim();
            if !text.is_empty() {
                lines.push(text.to_owned());
            }
            self.rest = None;
        }
        lines
    }

    /// The availability behind the type of funds: `V` has day and time, `S` three amounts, `D` a
    /// number of pairs. The day of value, if one is said.
    pub(super) fn funds(&mut self) -> Option<&'r str> {
        match self.next()? {
            "V" | "v" => {
                let day = self.given();
                self.skip(1);
                day
            }
            "S" | "s" => {
                self.skip(3);
                None
            }
            "D" | "d" => {
                let pairs = self.next().and_then(|count| count.parse::<u8>().ok());
                self.skip(2 * usize::from(pairs.unwrap_or(0)));
                None
            }
            _ => None,
        }
    }

    fn line(&mut self) -> Option<&'r str> {
        if self.rest.is_none() {
            self.rest = self.pieces.next().map(String::as_str);
        }
        self.rest
    }
}

/// Code and content of a line; the slash that closes it is no content.
fn split_code(text: &str) -> Option<([u8; 2], &str)> {
    let text = text.trim();
    let code = match text.as_bytes() {
        [a, b, b',' | b'/', ..] | [a, b] if a.is_ascii_digit() && b.is_ascii_digit() => [*a, *b],
        _ => return None,
    };
    let content = text.get(3..).unwrap_or_default();
    Some((code, content.strip_suffix('/').unwrap_or(content)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(lines: &[&str]) -> Record {
        let mut record = Record::start(lines[0], 1).unwrap();
        for line in &lines[1..] {
            assert!(record.continue_with(line));
        }
        record
    }

    #[test]
    fn fields_go_on_over_continuation_lines() {
        let record = record(&[
            "03,1,,010,5,,,190/",
            "88,70,15,D,2,0,20,1,30,110/",
            "88,4,/",
        ]);
        let mut fields = record.fields();
        fields.skip(6);
        assert_eq!((fields.next(), fields.next()), (Some("190"), Some("70")));
        fields.skip(1);
        assert_eq!(fields.funds(), None);
        assert_eq!((fields.next(), fields.next()), (Some("110"), Some("4")));
        assert_eq!((fields.next(), fields.next()), (Some(""), None));
    }

    #[test]
    fn text_keeps_its_commas_and_lines() {
        let record = record(&["16,142,1,,A,B,ONE, TWO/", "88,THREE/FOUR, FIVE/"]);
        let mut fields = record.fields();
        fields.skip(5);
        assert_eq!(fields.text(), ["ONE, TWO", "THREE/FOUR, FIVE"]);
        assert_eq!(
            record.into_printed(),
            "16,142,1,,A,B,ONE, TWO/\n88,THREE/FOUR, FIVE/"
        );
    }

    #[test]
    fn the_day_of_value_is_that_of_the_funds() {
        let day = |line: &str| {
            let record = record(&[line]);
            let mut fields = record.fields();
            let day = fields.funds().map(str::to_owned);
            (day, fields.next().map(str::to_owned))
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(day("16,V,260131,,REF"), (some("260131"), some("REF")));
        assert_eq!(day("16,S,1,2,3,REF"), (None, some("REF")));
        assert_eq!(day("16,D,1,0,5,REF"), (None, some("REF")));
        assert_eq!(day("16,Z,REF"), (None, some("REF")));
        assert_eq!(day("16,,REF"), (None, some("REF")));
    }

    #[test]
    fn only_two_digits_and_a_comma_start_a_record() {
        assert_eq!(Record::start("  16,1/", 1).unwrap().code(), "16");
        for text in ["", "1,2", "161,2", "AB,1", "é16,"] {
            assert!(Record::start(text, 1).is_none(), "{text}");
        }
    }
}
