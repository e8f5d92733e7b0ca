//! Arrays of numbers as text: 16 bits a number over a range, little-endian, in base64. A browser reads them with `atob`.
//!
//! A number lies within half a step of what it was: a range's length / 131068, which is a hundredth of a pixel on a plot of
//! 1300 of them. The largest code stands for what is no number.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// The largest code of a number.
const TOP: u16 = u16::MAX - 1;
/// The code of what is no number, or infinite.
const NONE: u16 = u16::MAX;

/// Numbers, packed: `low + code / 65534 * (high - low)`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Packed {
    /// What code 0 stands for.
    pub low: f64,
    /// What code 65534 stands for.
    pub high: f64,
    /// The codes, two bytes each, the lower one first, in base64.
    pub data: String,
}

impl Packed {
    /// Packs numbers over the range that they have.
    pub fn of(values: &[f64]) -> Self {
        let finite = values.iter().copied().filter(|x| x.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        if low <= high { Self::over(values, low, high) } else { Self::over(values, 0.0, 0.0) }
    }

    /// Packs numbers over a range; those outside of it become its ends.
    pub fn over(values: &[f64], low: f64, high: f64) -> Self {
        // Halves, because the length of a range of the largest numbers is none.
        let length = high / 2.0 - low / 2.0;
        let code = |&x: &f64| match x {
            x if !x.is_finite() => NONE,
            _ if length <= 0.0 => 0,
            // Rounded and within the codes.
            x => (((x.clamp(low, high) / 2.0 - low / 2.0) / length) * f64::from(TOP)).round() as u16,
        };
        let bytes: Vec<u8> = values.iter().map(code).flat_map(u16::to_le_bytes).collect();
        Self { low, high, data: STANDARD.encode(bytes) }
    }

    /// The numbers again, as a browser reads them; NaN for what was none.
    pub fn values(&self) -> Vec<f64> {
        let bytes = STANDARD.decode(&self.data).unwrap_or_default();
        let value = |&pair: &[u8; 2]| match u16::from_le_bytes(pair) {
            NONE => f64::NAN,
            code => {
                let share = f64::from(code) / f64::from(TOP);
                self.low * (1.0 - share) + self.high * share
            }
        };
        bytes.as_chunks::<2>().0.iter().map(value).collect()
    }

    /// Bytes that so many numbers take in a page.
    pub const fn size(numbers: usize) -> usize {
        numbers.saturating_mul(2).div_ceil(3).saturating_mul(4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_within_half_a_step() {
        for (low, high) in [(-0.25, 1.5), (0.0, 1e-12), (-1e12, 3.0), (1e6, 1e6 + 1.0), (-f64::MAX, f64::MAX)] {
            let at = |i: u32| {
                let share = f64::from(i) / 999.0;
                low * (1.0 - share) + high * share
            };
            let values: Vec<f64> = (0..1000).map(at).collect();
            let packed = Packed::of(&values);
            assert_eq!((packed.low, packed.high), (low, high));
            let again = packed.values();
            assert_eq!(again.len(), values.len());
            // And a rounding of the numbers themselves.
            let step = (high / 2.0 - low / 2.0) / f64::from(TOP) + 4.0 * f64::EPSILON * low.abs().max(high.abs());
            for (x, y) in values.iter().zip(&again) {
                assert!((x / 1.0 - y).abs() <= step * 1.0001, "{x} became {y} in {low} to {high}");
            }
            assert_eq!((again[0], again[999]), (low, high));
        }
    }

    #[test]
    fn what_is_no_number_stays_none_and_equal_numbers_stay_equal() {
        let packed = Packed::of(&[1.0, f64::NAN, 3.0, f64::INFINITY, 1.0]);
        let again = packed.values();
        assert!(again[1].is_nan() && again[3].is_nan());
        assert_eq!((again[0], again[2], again[4]), (1.0, 3.0, 1.0));
        assert_eq!(Packed::of(&[2.5; 3]).values(), [2.5; 3]);
        assert!(Packed::of(&[f64::NAN]).values()[0].is_nan());
        assert_eq!(Packed::of(&[]).values(), [0.0; 0]);
    }

    #[test]
    fn what_lies_outside_of_a_range_becomes_its_end() {
        assert_eq!(Packed::over(&[-5.0, 0.0, 1.0, 9.0], 0.0, 1.0).values(), [0.0, 0.0, 1.0, 1.0]);
    }

    #[test]
    fn the_size_is_what_is_said() {
        for n in [0, 1, 2, 3, 4, 2384] {
            assert_eq!(Packed::of(&vec![0.5; n]).data.len(), Packed::size(n), "{n} numbers");
        }
    }
}
