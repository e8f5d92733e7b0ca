//! Fields that are nearly numbers: what keeps them from being ones, and what to write in their place.

use super::number::number;
use crate::config::DecimalMark;

/// Signs of currencies, and the commonest codes in their place.
pub(super) const CURRENCIES: &str = "$\u{20ac}\u{a3}\u{a5}\u{20b9}\u{20bd}\u{20a9}\u{20ba}\u{a2}";
const CODES: [&str; 8] = ["USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR", "CAD"];

/// What keeps a field from being a number, after its own text: `is a percentage; …`. None for a word.
pub(super) fn flaw(field: &str) -> Option<String> {
    let field = field.trim();
    let has_digit = field.bytes().any(|byte| byte.is_ascii_digit());
    if !has_digit || field.len() > 64 {
        return None;
    }
    percentage(field)
        .or_else(|| currency(field))
        .or_else(|| bracketed(field))
        .or_else(|| angle(field))
        .or_else(|| date(field))
        .or_else(|| signed(field))
        .or_else(|| unit(field))
        .or_else(|| marks(field))
}

fn is_number(text: &str) -> bool {
    [DecimalMark::Point, DecimalMark::Comma].into_iter().any(|decimal| number(text.trim(), decimal).is_some())
}

fn percentage(field: &str) -> Option<String> {
    let rest = field.strip_suffix(['%', '\u{2030}']).or_else(|| field.strip_prefix('%'))?;
    is_number(rest).then(|| format!("is a percentage; write the number alone, {}", rest.trim()))
}

fn currency(field: &str) -> Option<String> {
    let mut rest = field.replace(|c| CURRENCIES.contains(c), "");
    for code in CODES {
        rest = rest.strip_prefix(code).or_else(|| rest.strip_suffix(code)).map_or(rest.clone(), str::to_owned);
    }
    let rest = rest.trim();
    let found = rest.len() < field.len() && (is_number(rest) || bracketed(rest).is_some());
    found.then(|| "has a currency sign; write the number alone, without it".to_owned())
}

fn bracketed(field: &str) -> Option<String> {
    let inner = field.strip_prefix('(').and_then(|inner| inner.strip_suffix(')'))?;
    is_number(inner).then(|| format!("is in brackets, as negative numbers in accounts; write -{}", inner.trim()))
}

/// Degrees, minutes and seconds, or a number with a letter of the compass.
fn angle(field: &str) -> Option<String> {
    let marked = field.contains(['\u{b0}', '\u{ba}', '\u{2032}', '\u{2033}']);
    let compass = |c: char| matches!(c, 'N' | 'S' | 'E' | 'W');
    let bare = field.trim_matches(|c: char| compass(c) || c.is_whitespace());
    let lettered = bare.len() < field.len() && field.contains(compass);
    if !(marked || lettered && is_number(bare)) {
        return None;
    }
    let advice = "is an angle with its signs; write it as one number of degrees, negative in the south and west";
    let parts: Vec<f64> = bare
        .split(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-')))
        .filter(|part| !part.is_empty())
        .map_while(|part| part.parse().ok())
        .collect();
    let (&degrees, rest) = parts.split_first().filter(|(_, rest)| rest.len() <= 2)?;
    let size = rest.iter().rev().fold(0.0, |sum, part| (sum + part) / 60.0) + degrees.abs();
    let negative = degrees < 0.0 || field.contains(['S', 'W']);
    Some(format!("{advice}, {:.5}", if negative { -size } else { size }))
}

/// `2020-01-31`, `31/1/2020`, `10:30`.
fn date(field: &str) -> Option<String> {
    let parts: Vec<&str> = field.split(['-', '/', ':', 'T', ' ', '.']).collect();
    let digits = |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let timed = field.contains(':') && parts.len() >= 2;
    let dated = parts.len() >= 3 && (field.matches('-').count() == 2 || field.matches('/').count() == 2);
    if (timed || dated) && parts.iter().take(2).all(digits) {
        return Some("is a date or a time; write it as a number, such as days or seconds".to_owned());
    }
    let fraction = parts.len() == 2 && field.contains('/') && parts.iter().all(digits);
    fraction.then(|| "is a fraction; write it as a decimal number".to_owned())
}

/// `<0.5`, `~3`, `'1.5'`.
fn signed(field: &str) -> Option<String> {
    let quotes = ['\'', '"', '`', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}'];
    let rest = field.trim_matches(quotes);
    if rest.len() < field.len() && is_number(rest) {
        return Some(format!("is in quotes; write {rest}"));
    }
    let rest = field.trim_start_matches(['<', '>', '=', '~', '\u{2248}', '\u{2264}', '\u{2265}']);
    (rest.len() < field.len() && is_number(rest)).then(|| "has a sign before it; write the number alone".to_owned())
}

/// `3.5 km`.
fn unit(field: &str) -> Option<String> {
    let end = field.char_indices().find(|(_, c)| c.is_alphabetic() || matches!(c, '\u{b5}' | '\u{2126}'))?.0;
    let (head, unit) = field.split_at(end);
    let unit_like = unit.chars().count() <= 8 && unit.chars().all(|c| !c.is_ascii_digit() && !c.is_whitespace());
    (unit_like && is_number(head)).then(|| format!("has a unit ('{unit}'); write the number alone, {}", head.trim()))
}

/// Nothing but digits and marks, and no number.
fn marks(field: &str) -> Option<String> {
    let inside = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '+' | '-' | '\'') || c.is_whitespace();
    if !field.chars().all(inside) {
        return None;
    }
    if field.contains(char::is_whitespace) {
        return Some("has a space inside; write the number without it".to_owned());
    }
    let both = field.contains(',') && field.contains('.');
    let many = field.matches(',').count() > 1 || field.matches('.').count() > 1;
    (both || many).then(|| "has marks that are neither decimal nor between thousands; write it without them".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nearly_a_number_is_told_with_what_to_write() {
        for (field, words) in [
            ("12%", "is a percentage; write the number alone, 12"),
            ("12,5 %", "write the number alone, 12,5"),
            ("$1,234.50", "currency sign"),
            ("1.234,50 \u{20ac}", "currency sign"),
            ("CHF 5", "currency sign"),
            ("-$3", "currency sign"),
            ("(12.5)", "write -12.5"),
            ("48\u{b0}12'30\"N", "48.20833"),
            ("16\u{b0} 22' 30\" W", "-16.37500"),
            ("48.2083N", "48.20830"),
            ("2020-01-31", "a date or a time"),
            ("10:30", "a date or a time"),
            ("1/2", "a fraction"),
            ("'1.5'", "is in quotes; write 1.5"),
            ("<0.5", "a sign before it"),
            ("3.5 km", "a unit ('km'); write the number alone, 3.5"),
            ("5mm", "a unit ('mm')"),
            ("1 2", "a space inside"),
            ("1.2.3", "neither decimal nor"),
            ("1.234,5.6", "neither decimal nor"),
        ] {
            let found = flaw(field).unwrap_or_else(|| panic!("{field}"));
            assert!(found.contains(words), "{field}: {found}");
        }
        for field in ["", "red", "class 1", "N", "%", "a1b2", "id-77", "Total", "\u{b0}"] {
            assert_eq!(flaw(field), None, "{field}");
        }
    }
}
