//! What optimisers' options may be.

use std::fmt::Display;

/// An option out of its range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongOption {
    /// Which.
    pub option: &'static str,
    /// What it is.
    pub found: String,
    /// What it may be.
    pub expected: &'static str,
}

pub(super) fn require(
    option: &'static str,
    found: impl Display,
    holds: bool,
    expected: &'static str,
) -> Result<(), WrongOption> {
    if holds { Ok(()) } else { Err(WrongOption { option, found: found.to_string(), expected }) }
}

pub(super) fn at_least_0(option: &'static str, x: f64) -> Result<(), WrongOption> {
    require(option, x, x.is_finite() && x >= 0.0, "a number, 0 or more")
}

/// A share of what was that stays.
pub(super) fn decay(option: &'static str, x: f64) -> Result<(), WrongOption> {
    require(option, x, (0.0..1.0).contains(&x), "0 or more and below 1")
}

/// Training is in single precision, where a smaller number is 0 and a larger one infinite.
pub(super) fn eps(x: f64) -> Result<(), WrongOption> {
    let single = x as f32;
    require("eps", x, single.is_finite() && single > 0.0, "a number from 1.5e-45 to 3.4e38")
}

/// Whether a word is among others, where the compiler asks.
pub(super) const fn is_among(word: &str, others: &[&str]) -> bool {
    let mut i = 0;
    while i < others.len() {
        if is_same(word.as_bytes(), others[i].as_bytes()) {
            return true;
        }
        i += 1;
    }
    false
}

const fn is_same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}
