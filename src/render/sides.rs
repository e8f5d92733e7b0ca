//! What stands at the sides of an area for points: numbers at the ticks, what they all have in common, and the axes' names.

use std::ops::Range;

use plotters::backend::DrawingBackend;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::coord::types::RangedCoordf64;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontTransform, TextStyle};

use super::scale::Scale;
use super::scatter::Area;
use super::theme::Look;
use super::{Axes, RenderError};
use crate::figures::{fixed, short};

/// Width of a letter of a tick, in pixels of a picture of the usual size.
const LETTER: f64 = 7.6;
/// Height of numbers and names.
pub(super) const SIZE: f64 = 12.5;
/// Height of a line of ticks, and of one of names.
pub(super) const TICKS: f64 = 24.0;
const LINE: f64 = 18.0;

/// The numbers at an axis's ticks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ticks {
    /// Where the ticks are.
    values: Vec<f64>,
    /// What is taken off all of them and written once, because it would make each long; often 0.
    offset: f64,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    /// With so many decimals.
    Fixed(usize),
    /// With an exponent, and so many decimals before it.
    Short(usize),
}

/// Numbers of fewer letters stand as they are.
const LONG: usize = 7;
/// There are no more ticks than this on an axis.
const MOST: usize = 9;
/// From one line of numbers to the next.
const APART: f64 = 20.0;

impl Ticks {
    /// Those of an axis from left to right, which is so long.
    fn across(range: (f64, f64), length: f64) -> Self {
        let fits = |ticks: &Self| LETTER * (ticks.letters() as f64 + 2.0) * ticks.values.len() as f64 <= length;
        let mut tried = (4..=MOST).rev().map(|most| Self::of(range, most));
        tried.find(fits).unwrap_or_else(|| Self::of(range, 3))
    }

    /// Those of an axis from bottom to top, which is so long.
    fn upwards(range: (f64, f64), length: f64) -> Self {
        Self::of(range, ((length / APART) as usize).clamp(2, MOST))
    }

    /// At most so many from `low` to `high`, but for two, which there are always.
    fn of((low, high): (f64, f64), most: usize) -> Self {
        let (values, exponent) = round_numbers((low, high), most);
        let whole = Self::without(values.clone(), 0.0, exponent);
        let rest = Self::without(values.clone(), common(&values), exponent);
        if whole.letters() >= LONG && rest.letters() + 2 < whole.letters() { rest } else { whole }
    }

    /// The step between the ticks is a number with one digit, times ten to this exponent.
    fn without(values: Vec<f64>, offset: f64, exponent: i32) -> Self {
        let rest = |x: &f64| (x - offset).abs();
        let large = values.iter().map(rest).fold(0.0, f64::max);
        let decimals = usize::try_from(-exponent).unwrap_or(0);
        let digits = (large.log10().floor() as i32).saturating_sub(exponent).clamp(0, 15) as usize;
        // Small numbers around 0 are shorter with an exponent, as are large ones that need none of their last digits.
        let is_short = (decimals >= 5 || large >= 1e7) && digits <= 3;
        let form = if is_short { Form::Short(digits) } else { Form::Fixed(decimals) };
        Self { values, offset, form }
    }

    /// Where the ticks are.
    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    /// The axis that they are on, for a chart.
    pub(super) fn on(&self, (low, high): (f64, f64)) -> Line {
        Line { line: (low..high).into(), ticks: self.values.clone() }
    }

    /// What stands at `x`.
    pub(super) fn at(&self, x: f64) -> String {
        let x = x - self.offset;
        match self.form {
            Form::Fixed(decimals) => fixed(x, decimals),
            Form::Short(_) if x == 0.0 => "0".to_owned(),
            Form::Short(decimals) => short(x, decimals),
        }
    }

    /// What is to be added to all of them, with its sign.
    fn added(&self) -> Option<String> {
        if self.offset == 0.0 {
            return None;
        }
        let (plain, exponent) = (self.offset.to_string(), format!("{:e}", self.offset));
        let shorter = if plain.len() <= exponent.len() { plain } else { exponent };
        Some(if shorter.starts_with('-') { shorter } else { format!("+{shorter}") })
    }

    /// The letters of the longest number.
    fn letters(&self) -> usize {
        self.values.iter().map(|&x| self.at(x).chars().count()).max().unwrap_or(0)
    }
}

/// An axis of a chart with ticks where we want them. (plotters leaves some out, and its own type for this cannot be labelled.)
pub(super) struct Line {
    line: RangedCoordf64,
    ticks: Vec<f64>,
}

impl Ranged for Line {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.line.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // There are no lines between the ticks.
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.line.range()
    }
}

/// Round numbers from `low` to `high` in even steps: as many as there can be of at most `most`, but for two. With them the
/// exponent of the step, which is 1, 2 or 5 times a power of ten.
fn round_numbers((low, high): (f64, f64), most: usize) -> (Vec<f64>, i32) {
    if !is_drawable((low, high)) {
        return (Vec::new(), 0);
    }
    let first = ((high - low) / most as f64).log10().floor() as i32 - 1;
    let steps = (first..first + 4).flat_map(|exponent| [1_i64, 2, 5].map(|digit| (digit, exponent)));
    // Powers of ten below 1 are no doubles: what is divided by one above is what people write.
    let number = |count: i64, exponent: i32| {
        let power = 10_f64.powi(exponent.abs());
        if exponent < 0 { count as f64 / power } else { count as f64 * power }
    };
    let at = |(digit, exponent): (i64, i32)| {
        let step = number(digit, exponent);
        let (from, to) = ((low / step).ceil() as i64, (high / step).floor() as i64);
        let count = to.saturating_sub(from).saturating_add(1).clamp(0, 100);
        let values = (0..count).map(|i| number((from + i).saturating_mul(digit), exponent));
        (values.filter(|x| (low..=high).contains(x)).collect::<Vec<_>>(), exponent)
    };
    let all: Vec<(Vec<f64>, i32)> = steps.map(at).collect();
    let found = all.iter().position(|(values, _)| values.len() <= most).unwrap_or(0);
    let found = if all[found].0.len() < 2 { found.saturating_sub(1) } else { found };
    all[found].clone()
}

/// Whether powers of ten around the length of an axis are doubles.
fn is_drawable((low, high): (f64, f64)) -> bool {
    (1e-290..1e290).contains(&(high - low))
}

/// What all of these numbers begin with, which ascend: the rest of each has about as many digits as their spread.
fn common(values: &[f64]) -> f64 {
    let (low, high) = (values.first().copied().unwrap_or(0.0), values.last().copied().unwrap_or(0.0));
    if !is_drawable((low, high)) {
        return 0.0;
    }
    let exponent = (high - low).log10().ceil() as i32;
    let power = 10_f64.powi(exponent.abs());
    let round = |x: f64, whole: fn(f64) -> f64| {
        if exponent < 0 { whole(x * power) / power } else { whole(x / power) * power }
    };
    if low > 0.0 {
        round(low, f64::floor)
    } else if high < 0.0 {
        round(high, f64::ceil)
    } else {
        0.0
    }
}

/// Both axes' sides.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sides {
    pub(super) x: Ticks,
    pub(super) y: Ticks,
    names: [String; 2],
}

impl Sides {
    /// Of these axes, with their names where they have some, on an area for points that is so wide and so high in pixels of
    /// a picture of the usual size.
    pub(super) fn of(axes: Axes, names: Option<&[String; 2]>, (width, height): (f64, f64)) -> Self {
        let (x, y) = (Ticks::across(axes.x, width), Ticks::upwards(axes.y, height));
        Self { x, y, names: names.cloned().unwrap_or_default() }
    }

    /// What the numbers at the left take, in pixels of a picture of the usual size.
    pub(super) fn numbers(&self) -> f64 {
        (LETTER * self.y.letters() as f64 + 8.0).max(44.0)
    }

    /// What the name at the left takes besides.
    pub(super) fn name(&self) -> f64 {
        if self.names[1].is_empty() { 0.0 } else { LINE }
    }

    /// What the name below and what all numbers have in common take besides.
    pub(super) fn under(&self) -> f64 {
        if self.names[0].is_empty() && self.x.added().is_none() { 0.0 } else { LINE }
    }

    /// What the common part of the numbers at the left takes above them.
    pub(super) fn above(&self) -> f64 {
        if self.y.added().is_none() { 0.0 } else { LINE }
    }

    /// The names and the common parts around a place that is `left`, `top`, `right`, `bottom` in pixels: first those below,
    /// then those at the left.
    pub(super) fn words<DB: DrawingBackend>(
        &self,
        area: &Area<DB>,
        (left, top, right, bottom): (i32, i32, i32, i32),
        (below, at_left): (bool, bool),
        look: Look,
        scale: Scale,
    ) -> Result<(), RenderError> {
        let style = |h, v| scale.font(SIZE, look.label).pos(Pos::new(h, v));
        let write = |text: &str, style: &TextStyle<'_>, at| area.draw_text(text, style, at).map_err(RenderError::new);
        if below {
            let line = bottom + scale.at(TICKS + LINE / 2.0 - 2.0);
            if let Some(added) = self.x.added() {
                write(&added, &style(HPos::Right, VPos::Center), (right, line))?;
            }
            write(&self.names[0], &style(HPos::Center, VPos::Center), (i32::midpoint(left, right), line))?;
        }
        if at_left {
            let numbers = scale.at(self.numbers());
            if let Some(added) = self.y.added() {
                write(&added, &style(HPos::Left, VPos::Center), (left - numbers, top - scale.at(LINE / 2.0 + 2.0)))?;
            }
            if !self.names[1].is_empty() {
                let upwards = style(HPos::Center, VPos::Center).transform(FontTransform::Rotate270);
                let at = (left - numbers - scale.at(LINE / 2.0), i32::midpoint(top, bottom));
                write(&self.names[1], &upwards, at)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(range: (f64, f64), length: f64) -> (String, Option<String>) {
        let ticks = Ticks::across(range, length);
        (ticks.values.iter().map(|&x| ticks.at(x)).collect::<Vec<_>>().join(" "), ticks.added())
    }

    #[test]
    fn ticks_are_round_and_told_apart_and_say_no_minus_nothing() {
        for (range, length, words) in [
            ((-0.25, 1.5), 570.0, "-0.2 0.0 0.2 0.4 0.6 0.8 1.0 1.2 1.4"),
            ((-0.25, 1.5), 300.0, "0.0 0.5 1.0 1.5"),
            ((-12.0, 12.0), 300.0, "-10 -5 0 5 10"),
            ((62.27, 62.58), 300.0, "62.3 62.4 62.5"),
            ((0.0, 4e9), 300.0, "0 1e9 2e9 3e9 4e9"),
            ((0.0, 5e-5), 300.0, "0 1e-5 2e-5 3e-5 4e-5 5e-5"),
            ((0.02, 0.024), 300.0, "0.020 0.021 0.022 0.023 0.024"),
            ((388_000.0, 389_000.0), 400.0, "388000 388200 388400 388600 388800 389000"),
            ((-1.2, 0.3), 100.0, "-1.0 -0.5 0.0"),
        ] {
            assert_eq!(said(range, length), (words.to_owned(), None));
        }
    }

    #[test]
    fn what_makes_all_numbers_long_is_written_once() {
        for (range, words, added) in [
            ((4_100_000.0, 4_101_200.0), "0 200 400 600 800 1000 1200", "+4.1e6"),
            ((388_095.0, 388_097.0), "5.0 5.5 6.0 6.5 7.0", "+388090"),
            ((1_763_990_000.0, 1_764_390_000.0), "0 100000 200000 300000", "+1.764e9"),
            ((-4_101_200.0, -4_100_000.0), "-1200 -1000 -800 -600 -400 -200 0", "-4.1e6"),
            ((1.000_000_41, 1.000_000_64), "4.5e-7 5.0e-7 5.5e-7 6.0e-7", "+1"),
        ] {
            let numbers = said(range, 420.0);
            assert_eq!(numbers, (words.to_owned(), Some(added.to_owned())), "{range:?}");
        }
    }

    #[test]
    fn every_range_has_numbers_that_are_told_apart_and_fit() {
        for low in [-1e9, -1234.5, 0.0, 1e-9, 0.1, 17.0, 4.1e6, 1.7e9] {
            for spread in [1e-3, 0.1, 2.0, 500.0, 1e5, 1e8] {
                for length in [80.0, 300.0, 570.0] {
                    let range = (low, low + spread);
                    for ticks in [Ticks::across(range, length), Ticks::upwards(range, length)] {
                        let numbers: Vec<String> = ticks.values.iter().map(|&x| ticks.at(x)).collect();
                        let mut unique = numbers.clone();
                        unique.dedup();
                        assert!(numbers.len() > 1 && unique.len() == numbers.len(), "{range:?} {length}: {numbers:?}");
                        assert!(ticks.letters() <= 9 && numbers.len() <= MOST, "{range:?} {length}: {numbers:?}");
                        assert!(ticks.values.iter().all(|x| (range.0..=range.1).contains(x)), "{range:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn no_range_ends_the_program() {
        for range in
            [(0.0, 0.0), (1.0, 1.0 + f64::EPSILON), (-f64::MAX, f64::MAX), (0.0, f64::MIN_POSITIVE), (f64::NAN, 1.0)]
        {
            let ticks = Ticks::across(range, 300.0);
            assert!(ticks.values.len() <= 100);
        }
    }
}
