//! Which axis of an array of numbers is what, and what its numbers mean.

use std::path::Path;

use super::{DataError, no_images};
use crate::data::show_shape;

/// Where the numbers of an array's images lie, counted in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) n: u64,
    pub(super) height: u64,
    pub(super) width: u64,
    pub(super) channels: u64,
    /// From one image, row, pixel and channel to the next.
    pub(super) strides: [u64; 4],
}

/// The order of an image's axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Axes {
    /// Rows, pixels, channels.
    Last,
    /// Channels, rows, pixels.
    First,
}

impl Layout {
    /// The layout of an array of this shape, with what was guessed. As `before` there were choices the channels come last
    /// wherever they may.
    pub(super) fn of(
        path: &Path,
        shape: &[u64],
        fortran: bool,
        before: bool,
    ) -> Result<(Self, Option<String>), DataError> {
        let wrong = |why: &str| {
            let shape = show_shape(shape);
            Err(no_images(
                path,
                format!("its shape is {shape}{why}; images are n x h x w, n x h x w x 3 or n x 3 x h x w"),
            ))
        };
        let steps = steps(shape, fortran);
        let (Some(steps), false) = (steps, shape.contains(&0)) else {
            return wrong(if shape.contains(&0) { ", so that it is empty" } else { "" });
        };
        match *shape {
            // Grey images are not so narrow.
            [h, w, c @ (1 | 3 | 4)] if h > 4 && w > 4 && !before => {
                wrong(&format!(", which looks like one picture of {w} x {h} pixels in {c} channels"))
            }
            [n, height, width] => {
                let strides = [steps[0], steps[1], steps[2], 0];
                let note = format!("it is read as {n} grey images, not as one picture whose channels come first");
                let note = Some(note).filter(|_| (n == 3 || n == 4) && !before);
                Ok((Self { n, height, width, channels: 1, strides }, note))
            }
            [n, a, b, c] => {
                let Some((axes, note)) = axes([a, b, c], before) else {
                    return wrong(", in which no axis has 1 to 4 channels");
                };
                let (height, width, channels, order) = match axes {
                    Axes::Last => (a, b, c, [0, 1, 2, 3]),
                    Axes::First => (b, c, a, [0, 2, 3, 1]),
                };
                Ok((Self { n, height, width, channels, strides: order.map(|axis| steps[axis]) }, note))
            }
            [n, pixels] => match (pixels.isqrt(), (pixels / 3).isqrt()) {
                (side, _) if side * side == pixels && side > 1 => {
                    let strides = [steps[0], side * steps[1], steps[1], 0];
                    let note = format!("each row of {pixels} numbers is read as a grey image of {side} x {side}");
                    Ok((Self { n, height: side, width: side, channels: 1, strides }, Some(note)))
                }
                (_, side) if 3 * side * side == pixels && side > 1 => wrong(&format!(
                    ": rows of 3 x {side} x {side} numbers, which do not show where the channels are; reshape them in \
                     NumPy with .reshape(-1, 3, {side}, {side}) or .reshape(-1, {side}, {side}, 3)"
                )),
                _ => wrong(""),
            },
            [_] => wrong(": these may be labels"),
            _ => wrong(""),
        }
    }

    /// Numbers in an image.
    pub(super) fn one(&self) -> Option<u64> {
        self.height.checked_mul(self.width)?.checked_mul(self.channels)
    }

    /// Whether an image's numbers follow one another, rows, pixels and channels.
    pub(super) fn is_plain(&self) -> bool {
        let last = self.channels == 1 || self.strides[3] == 1;
        last && self.strides[2] == self.channels && self.strides[1] == self.width * self.channels
    }
}

/// From one number of each axis to the next.
fn steps(shape: &[u64], fortran: bool) -> Option<Vec<u64>> {
    let mut steps = vec![1_u64; shape.len()];
    let mut product = 1_u64;
    let order: Vec<usize> = if fortran { (0..shape.len()).collect() } else { (0..shape.len()).rev().collect() };
    for axis in order {
        steps[axis] = product;
        product = product.checked_mul(shape[axis])?;
    }
    Some(steps)
}

/// Where the channels are in an image of this shape, and what is to be said of it; None where they are nowhere.
fn axes([a, b, c]: [u64; 3], before: bool) -> Option<(Axes, Option<String>)> {
    let may = |channels: u64| (1..=4).contains(&channels);
    let first = |why: &str| format!("its axes are read as channels, rows, columns: {a} x {b} x {c}{why}");
    match (may(a), may(c)) {
        (_, true) if before && (c == 1 || c == 3) => Some((Axes::Last, None)),
        (false, true) => Some((Axes::Last, None)),
        (true, false) => Some((Axes::First, Some(first("")))),
        (true, true) => {
            // Of two that are possible, that whose images are nearer to squares.
            let oblong = |h: u64, w: u64| h.max(w) as f64 / h.min(w) as f64;
            let why = " (rows, columns, channels is possible too, and farther from a square)";
            if oblong(b, c) < oblong(a, b) {
                return Some((Axes::First, Some(first(why))));
            }
            let note = format!("its axes are read as rows, columns, channels: {a} x {b} x {c}, which is a guess");
            Some((Axes::Last, Some(note)))
        }
        (false, false) => None,
    }
}

/// What an array's numbers mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// 0 is black and 255 is white.
    Bytes,
    /// 0 is black and 1 is white.
    Unit,
    /// -1 is black and 1 is white.
    Signed,
}

/// How far beyond their range numbers may be that were computed.
const SLACK: f64 = 1e-3;

impl Scale {
    /// What numbers of this range mean, with what is to be said of it; the reason where they mean nothing that is known.
    pub(super) fn of(kind: &str, [least, most]: [f64; 2]) -> Result<(Self, Option<String>), String> {
        let range = format!("{kind} from {} to {}", rounded(least), rounded(most));
        if !kind.starts_with("float") {
            let dark = format!("it holds {range}, where 255 is white: the images are all but black");
            return match (least, most) {
                _ if least < 0.0 || most > 255.0 => {
                    Err(format!("it holds {range}; whole numbers must be 0 to 255, because they become uint8"))
                }
                _ if most <= 1.0 => Ok((Self::Bytes, Some(dark))),
                _ => Ok((Self::Bytes, None)),
            };
        }
        let within = |low: f64, high: f64, slack: f64| least >= low - slack && most <= high + slack;
        let (scale, black, white) = match () {
            () if within(0.0, 1.0, SLACK) => (Self::Unit, 0, 1),
            () if within(-1.0, 1.0, SLACK) => (Self::Signed, -1, 1),
            () if within(0.0, 255.0, 0.5) => (Self::Bytes, 0, 255),
            () => {
                return Err(format!(
                    "it holds {range}; 0 to 1, -1 to 1 and 0 to 255 are known: if the images are standardised, undo it"
                ));
            }
        };
        Ok((scale, Some(format!("it holds {range}: {black} is black and {white} is white"))))
    }

    /// The byte for a number; what lies outside becomes black or white.
    pub(super) fn byte(self, x: f64) -> u8 {
        let x = match self {
            Self::Bytes => x,
            Self::Unit => x * 255.0,
            Self::Signed => (x + 1.0) * 127.5,
        };
        x.round().clamp(0.0, 255.0) as u8
    }
}

/// A number with three decimals at most.
fn rounded(x: f64) -> f64 {
    if x.abs() < 1e12 { (x * 1000.0).round() / 1000.0 } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(shape: &[u64], fortran: bool, before: bool) -> Result<(Layout, Option<String>), String> {
        Layout::of(Path::new("a.npy"), shape, fortran, before).map_err(|error| error.to_string())
    }

    #[test]
    fn channels_are_found_first_and_last() {
        let sizes = |shape: &[u64]| of(shape, false, false).map(|(l, _)| [l.n, l.height, l.width, l.channels]);
        assert_eq!(sizes(&[9, 20, 30]), Ok([9, 20, 30, 1]));
        for channels in 1..=4 {
            assert_eq!(sizes(&[9, 20, 30, channels]), Ok([9, 20, 30, channels]));
            assert_eq!(sizes(&[9, channels, 20, 30]), Ok([9, 20, 30, channels]));
        }
        assert_eq!(sizes(&[9, 784]), Ok([9, 28, 28, 1]));
        // Both are possible: the squarer one is taken, and it is said.
        let (layout, note) = of(&[9, 3, 4, 4], false, false).unwrap();
        assert_eq!(([layout.height, layout.width, layout.channels], note.is_some()), ([4, 4, 3], true));
        assert_eq!(of(&[9, 3, 40, 3], false, true).unwrap().0.channels, 3);
        for (shape, words) in [
            (&[9, 3072][..], ".reshape(-1, 3, 32, 32)"),
            (&[200, 300, 3], "one picture of 300 x 200"),
            (&[9], "labels"),
            (&[9, 8, 8, 8], "no axis"),
            (&[0, 8, 8], "empty"),
            (&[9, 8, 8, 3, 1], "9 x 8 x 8 x 3 x 1"),
            (&[u64::MAX, u64::MAX, 8], "images are"),
        ] {
            let message = of(shape, false, false).unwrap_err();
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn the_order_of_the_file_is_in_the_strides() {
        let (layout, _) = of(&[5, 7, 8, 3], false, false).unwrap();
        assert_eq!((layout.strides, layout.is_plain()), ([168, 24, 3, 1], true));
        let (layout, _) = of(&[5, 3, 7, 8], false, false).unwrap();
        assert_eq!((layout.strides, layout.is_plain()), ([168, 8, 1, 56], false));
        let (layout, _) = of(&[5, 7, 8, 3], true, false).unwrap();
        assert_eq!((layout.strides, layout.is_plain()), ([1, 5, 35, 280], false));
        let (layout, _) = of(&[5, 7, 8], false, false).unwrap();
        assert!(layout.is_plain());
    }

    #[test]
    fn the_range_says_what_numbers_mean() {
        let scale = |kind: &str, range| Scale::of(kind, range).map(|(scale, note)| (scale, note.is_some()));
        assert_eq!(scale("float32", [0.0, 1.0]), Ok((Scale::Unit, true)));
        assert_eq!(scale("float32", [-1.0, 0.9999]), Ok((Scale::Signed, true)));
        assert_eq!(scale("float64", [0.0, 255.0]), Ok((Scale::Bytes, true)));
        assert_eq!(scale("int64", [0.0, 255.0]), Ok((Scale::Bytes, false)));
        assert_eq!(scale("int64", [0.0, 1.0]), Ok((Scale::Bytes, true)));
        for (kind, range) in
            [("float32", [-2.1, 2.6]), ("float32", [0.0, 4095.0]), ("uint16", [0.0, 256.0]), ("int8", [-1.0, 9.0])]
        {
            assert!(scale(kind, range).is_err(), "{kind} {range:?}");
        }
        assert_eq!([Scale::Unit.byte(0.5), Scale::Signed.byte(0.0), Scale::Bytes.byte(12.4)], [128, 128, 12]);
        assert_eq!([Scale::Unit.byte(1.001), Scale::Signed.byte(-1.001), Scale::Unit.byte(1.0)], [255, 0, 255]);
    }
}
