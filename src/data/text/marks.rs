//! How the numbers of a table mark decimals and thousands, and what of that is a guess.

use super::number::{grouped, is_bare, marks, may_be_thousands};
use crate::config::{DecimalMark, Separator};

/// What was seen of the marks in the numbers that were taken.
pub(super) struct Marks {
    decimal: DecimalMark,
    /// The first number with marks of thousands: its text, its value, and what the mark is.
    grouped: Option<(String, f64, char)>,
    /// Whether one of them can be nothing else.
    sure: bool,
    /// The first number whose decimal mark could mark thousands.
    doubtful: Option<String>,
    /// Whether a number shows that the decimal mark is one.
    decimals: bool,
}

impl Marks {
    pub(super) fn new(decimal: DecimalMark) -> Self {
        Self { decimal, grouped: None, sure: false, doubtful: None, decimals: false }
    }

    /// Takes a field into account that is a number.
    pub(super) fn add(&mut self, field: &str) {
        let field = field.trim();
        let (own, _) = marks(self.decimal);
        let plain = |c: char| c.is_ascii_digit() || c == own || matches!(c, '+' | '-' | 'e' | 'E' | 'd' | 'D');
        if !field.chars().all(plain) {
            if let Some(found) = grouped(field, self.decimal) {
                self.grouped.get_or_insert_with(|| (field.to_owned(), found.value, found.mark));
                self.sure |= !found.doubtful;
                self.decimals |= field.contains(own);
            }
        } else if self.decimals {
            // Nothing is in doubt any more.
        } else if is_bare(field) {
            // Who marks thousands marks them all.
            self.decimals = field.trim_start_matches(['+', '-']).len() > 3;
        } else if may_be_thousands(field, self.decimal) {
            self.doubtful.get_or_insert_with(|| field.to_owned());
        } else {
            self.decimals = field.contains(own);
        }
    }

    /// What was guessed, where the decimal mark was not said.
    pub(super) fn notes(&self, separator: Separator) -> Option<String> {
        let (_, other) = marks(self.decimal);
        let (own, others) = names(self.decimal);
        if let Some((text, value, mark)) = &self.grouped {
            let name = match mark {
                ',' | '.' => others,
                '\'' | '\u{2019}' => "apostrophes",
                _ => "spaces",
            };
            let doubt = if *mark == other && !self.sure && !self.decimals {
                format!(" (--decimal {} makes decimal marks of them)", opposite(self.decimal))
            } else {
                String::new()
            };
            return Some(format!("{name} mark thousands: '{text}' is {value}{doubt}"));
        }
        let doubtful = self.doubtful.as_ref().filter(|_| !self.decimals)?;
        // Commas between the columns leave points for decimals.
        let likely = self.decimal == DecimalMark::Comma || matches!(separator, Separator::Semicolon | Separator::Tab);
        likely.then(|| {
            format!(
                "the {own} are read as decimal marks, as in '{doubtful}', though three digits follow each of them \
                 (--decimal {} if they mark thousands)",
                opposite(self.decimal)
            )
        })
    }
}

const fn opposite(decimal: DecimalMark) -> &'static str {
    match decimal {
        DecimalMark::Point => DecimalMark::Comma.name(),
        DecimalMark::Comma => DecimalMark::Point.name(),
    }
}

/// The decimal marks in words, and the others.
const fn names(decimal: DecimalMark) -> (&'static str, &'static str) {
    match decimal {
        DecimalMark::Point => ("points", "commas"),
        DecimalMark::Comma => ("commas", "points"),
    }
}
