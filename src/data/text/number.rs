//! Numbers as programs write them.

use super::super::columns::Cell;
use crate::config::DecimalMark;

/// What stands where a table has no value, in small letters.
const MISSING: [&str; 12] = ["", "na", "n/a", "#n/a", "<na>", "null", "none", "?", "-", "--", ".", "missing"];

/// What a field holds.
pub(in super::super) fn cell(field: &str, decimal: DecimalMark) -> Cell<'_> {
    let field = field.trim();
    match number(field, decimal) {
        Some(x) => Cell::Number(x),
        None if MISSING.iter().any(|word| word.eq_ignore_ascii_case(field)) => Cell::Missing,
        None => Cell::Text(field),
    }
}

/// The number that a field is.
pub(super) fn number(field: &str, decimal: DecimalMark) -> Option<f64> {
    plain(field, decimal).or_else(|| grouped(field, decimal).map(|grouped| grouped.value))
}

/// The number that a field is without marks for its thousands.
fn plain(field: &str, decimal: DecimalMark) -> Option<f64> {
    match decimal {
        DecimalMark::Point => field.parse().ok().or_else(|| odd(field)),
        DecimalMark::Comma if field.contains('.') || field.matches(',').count() > 1 => None,
        DecimalMark::Comma => {
            let plain = field.replace(',', ".");
            plain.parse().ok().or_else(|| odd(&plain))
        }
    }
}

/// A number whose thousands are marked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Grouped {
    pub(super) value: f64,
    /// What marks the thousands.
    pub(super) mark: char,
    /// Whether the mark could be a decimal one: it is a point or a comma, and there is one of it and nothing after the
    /// three digits that follow.
    pub(super) doubtful: bool,
}

/// A number whose thousands are marked, as spreadsheets format it: `1.234,5`, `1 234.5`, `1'234`.
pub(super) fn grouped(field: &str, decimal: DecimalMark) -> Option<Grouped> {
    let (point, other) = marks(decimal);
    let (whole, fraction) = match field.split_once(point).filter(|_| field.len() <= 64) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (field, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let is_mark = |c: char| c == other || is_space(c) || matches!(c, '\'' | '\u{2019}');
    let unsigned = whole.strip_prefix(['+', '-', '\u{2212}']).unwrap_or(whole);
    let mark = unsigned.chars().find(|&c| is_mark(c)).filter(|_| field.len() <= 64)?;
    let mut groups = unsigned.split(mark);
    let first = groups.next().is_some_and(|group| (1..=3).contains(&group.len()) && digits(group));
    let sound = first && groups.all(|group| group.len() == 3 && digits(group));
    let sound = sound && fraction.is_none_or(|fraction| !fraction.is_empty() && digits(fraction));
    let once = unsigned.matches(mark).count() == 1;
    // 0,123 has no thousands.
    if !sound || (mark == other && unsigned.starts_with('0')) {
        return None;
    }
    let text = whole.replace(mark, "").replace('\u{2212}', "-");
    let value = format!("{text}.{}", fraction.unwrap_or("0")).parse().ok()?;
    Some(Grouped { value, mark, doubtful: mark == other && once && fraction.is_none() })
}

/// The decimal mark as it is written, and the other one.
pub(super) const fn marks(decimal: DecimalMark) -> (char, char) {
    match decimal {
        DecimalMark::Point => ('.', ','),
        DecimalMark::Comma => (',', '.'),
    }
}

/// Spaces that stand inside numbers: the plain one, and those at which no line is broken.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}')
}

/// Whether a plain number's decimal mark could mark thousands: `1.000`.
pub(super) fn may_be_thousands(field: &str, decimal: DecimalMark) -> bool {
    let other = match decimal {
        DecimalMark::Point => DecimalMark::Comma,
        DecimalMark::Comma => DecimalMark::Point,
    };
    grouped(field, other).is_some_and(|grouped| grouped.doubtful)
}

/// A number with Fortran's exponent (`5.0D-01`, `5.0-101`) or a typographic minus sign.
fn odd(field: &str) -> Option<f64> {
    let number_like = |c: char| c.is_ascii_digit() || "+-.eEdD\u{2212}".contains(c);
    if field.len() > 64
        || !field.starts_with(|c: char| c.is_ascii_digit() || "+-.\u{2212}".contains(c))
        || !field.chars().all(number_like)
    {
        return None;
    }
    let plain = field.replace('\u{2212}', "-").replace(['d', 'D'], "e");
    if let Ok(x) = plain.parse() {
        return Some(x);
    }
    // Fortran leaves the letter out where the exponent has three digits.
    let sign = plain.rfind(['+', '-']).filter(|&at| at > 0)?;
    let (mantissa, exponent) = plain.split_at(sign);
    let whole =
        exponent.len() == 4 && mantissa.contains('.') && mantissa.ends_with(|c: char| c.is_ascii_digit() || c == '.');
    whole.then(|| format!("{mantissa}e{exponent}").parse().ok())?
}

/// Whether it is written as a whole number, without point or exponent.
pub(super) fn is_bare(field: &str) -> bool {
    let digits = field.strip_prefix(['+', '-']).unwrap_or(field);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a field that is no number would be several with another separator or decimal mark: `0,5` or `1;2`.
pub(super) fn is_broken(field: &str) -> bool {
    let mut parts = field.split([',', ';', '|', '\t', ' ']).map(str::trim).filter(|part| !part.is_empty()).peekable();
    let first = parts.next();
    first.is_some()
        && parts.peek().is_some()
        && first.into_iter().chain(parts).all(|part| number(part, DecimalMark::Point).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_hand_are_read() {
        for (field, x) in [
            ("1", 1.0),
            ("+.5", 0.5),
            ("-2.5e-3", -2.5e-3),
            ("5.0D-01", 0.5),
            ("0.25d+002", 25.0),
            ("1.5-101", 1.5e-101),
            ("-1.5+101", -1.5e101),
            ("\u{2212}3.5", -3.5),
            ("3948995.517", 3_948_995.517),
        ] {
            assert_eq!(number(field, DecimalMark::Point), Some(x), "{field}");
            assert_eq!(number(&field.replace('.', ","), DecimalMark::Comma), Some(x), "{field}");
        }
        for field in [
            "",
            "a",
            "D5",
            "1-2",
            "2020-01-01",
            "1.5-10",
            "1,5",
            "0x10",
            "1 2",
            "0,123",
            "1,23",
            "1,2345",
            "--1",
            "d",
            "10:30",
        ] {
            assert_eq!(number(field, DecimalMark::Point), None, "{field}");
        }
        assert_eq!(number("1.5", DecimalMark::Comma), None);
        assert_eq!(number("-3.948.995,517", DecimalMark::Comma), Some(-3_948_995.517));
        assert_eq!(number("3,948,995.517", DecimalMark::Point), Some(3_948_995.517));
        for field in
            ["1.23,5", "1234.567,5", ".234,5", "1.234,", "1.234,5e3", "1.234,5.6", "0.234", "1.23", "1 23", "1 234 5"]
        {
            assert_eq!(number(field, DecimalMark::Comma), None, "{field}");
        }
        assert_eq!(cell(" NA ", DecimalMark::Point), Cell::Missing);
        assert_eq!(cell("red", DecimalMark::Point), Cell::Text("red"));
    }

    #[test]
    fn marks_of_thousands_are_read_and_told_from_decimal_marks_where_that_can_be() {
        use DecimalMark::{Comma as C, Point as P};
        for (field, decimal, value, doubtful) in [
            ("1,000", P, 1000.0, true),
            ("-12,345", P, -12_345.0, true),
            ("1.000", C, 1000.0, true),
            ("1,234,567", P, 1_234_567.0, false),
            ("12.345.678,90", C, 12_345_678.9, false),
            ("1 000", P, 1000.0, false),
            ("1\u{a0}000,5", C, 1000.5, false),
            ("\u{2212}12\u{202f}345.25", P, -12_345.25, false),
            ("1'234.5", P, 1234.5, false),
        ] {
            let found = grouped(field, decimal).unwrap_or_else(|| panic!("{field}"));
            assert_eq!((found.value, found.doubtful), (value, doubtful), "{field}");
            assert_eq!(number(field, decimal), Some(value), "{field}");
        }
        for (field, decimal, doubtful) in [
            ("1.000", P, true),
            ("1,250", C, true),
            ("0.125", P, false),
            ("1234.567", P, false),
            ("1.25", P, false),
            ("1.0005", P, false),
        ] {
            assert_eq!(may_be_thousands(field, decimal), doubtful, "{field}");
            assert!(plain(field, decimal).is_some(), "{field}");
        }
    }

    #[test]
    fn what_is_split_at_the_wrong_mark_shows() {
        for field in ["0,5", "1;2", "8625 0", "5;0,25"] {
            assert!(is_broken(field), "{field}");
        }
        for field in ["", "a", "0.5", "red, 5", "2020-01-01 10:00", ","] {
            assert!(!is_broken(field), "{field}");
        }
    }
}
