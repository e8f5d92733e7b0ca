//! Points and small bars in characters: a braille character has eight dots, two across and four down. All of them are one column
//! wide in every terminal, which blocks and lines are not where East Asian characters take two.

use super::Axes;
use crate::data::Point;

/// Dots across and down in a character.
const ACROSS: usize = 2;
const DOWN: usize = 4;
/// The character without a dot.
const BLANK: u32 = 0x2800;
/// Each dot's bit, by row and column.
const BITS: [[u8; ACROSS]; DOWN] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// A field of characters with dots in layers; where layers meet in a character, the later one is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Braille {
    columns: usize,
    /// Each character's layer and dots.
    cells: Vec<(usize, u8)>,
}

impl Braille {
    /// A blank field of so many characters across and down.
    pub fn new(columns: usize, rows: usize) -> Self {
        Self { columns, cells: vec![(0, 0); columns * rows] }
    }

    /// Puts points into a layer; gives how many lie outside the axes, and are not drawn.
    pub fn points(&mut self, layer: usize, points: &[Point], axes: Axes) -> usize {
        let rows = self.cells.len() / self.columns.max(1);
        let place = |value: f64, (low, high): (f64, f64), dots: usize| {
            let share = (value - low) / (high - low);
            // The upper end belongs to the last dot.
            (0.0..=1.0).contains(&share).then(|| ((share * dots as f64) as usize).min(dots.saturating_sub(1)))
        };
        let mut outside = 0;
        for &[x, y] in points {
            let (across, up) = (place(x, axes.x, self.columns * ACROSS), place(y, axes.y, rows * DOWN));
            match across.zip(up) {
                Some((across, up)) if !self.cells.is_empty() => self.dot(layer, across, rows * DOWN - 1 - up),
                _ => outside += 1,
            }
        }
        outside
    }

    fn dot(&mut self, layer: usize, across: usize, down: usize) {
        let cell = &mut self.cells[down / DOWN * self.columns + across / ACROSS];
        if cell.0 != layer {
            *cell = (layer, 0);
        }
        cell.1 |= BITS[down % DOWN][across % ACROSS];
    }

    /// The lines from the top, each as pieces of one layer.
    pub fn lines(&self) -> Vec<Vec<(usize, String)>> {
        let line = |cells: &[(usize, u8)]| {
            let mut pieces: Vec<(usize, String)> = Vec::new();
            for &(layer, dots) in cells {
                match pieces.last_mut() {
                    Some((last, text)) if *last == layer => text.push(character(dots)),
                    _ => pieces.push((layer, character(dots).into())),
                }
            }
            pieces
        };
        self.cells.chunks(self.columns.max(1)).map(line).collect()
    }
}

fn character(dots: u8) -> char {
    // Some fonts show the pattern without a dot as empty circles.
    if dots == 0 { ' ' } else { char::from_u32(BLANK + u32::from(dots)).unwrap_or(' ') }
}

/// Values as a row of bars of one to four dots, from the least value to the largest, in at most so many characters; of more values
/// the means of neighbours.
pub fn sparkline(values: &[f64], columns: usize) -> String {
    let bars = (columns * ACROSS).min(values.len());
    let mean = |i: usize| {
        let part = &values[i * values.len() / bars..((i + 1) * values.len() / bars).max(i * values.len() / bars + 1)];
        part.iter().sum::<f64>() / part.len() as f64
    };
    let means: Vec<f64> = (0..bars).map(mean).collect();
    let finite = || means.iter().copied().filter(|mean| mean.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let height = |mean: f64| match (mean - low) / (high - low) {
        share if share.is_finite() => 1 + (share * (DOWN - 1) as f64).round() as usize,
        _ => 1,
    };
    let bits = |(column, &mean): (usize, &f64)| {
        (DOWN - height(mean).min(DOWN)..DOWN).fold(0, |bits, row| bits | BITS[row][column])
    };
    means.chunks(ACROSS).map(|pair| character(pair.iter().enumerate().map(bits).fold(0, |a, b| a | b))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: Axes = Axes { x: (0.0, 1.0), y: (0.0, 1.0) };

    fn text(field: &Braille) -> Vec<String> {
        field.lines().into_iter().map(|line| line.into_iter().map(|(_, text)| text).collect()).collect()
    }

    #[test]
    fn points_are_where_the_axes_say() {
        let mut field = Braille::new(2, 2);
        let corners = [[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]];
        assert_eq!(field.points(1, &corners, UNIT), 0);
        // Dots 1 and 7 are the left ones at the top and the bottom, 4 and 8 the right ones.
        assert_eq!(text(&field), ["\u{2801}\u{2808}", "\u{2840}\u{2880}"]);
        assert_eq!(field.points(1, &[[1.1, 0.5], [f64::NAN, 0.5], [0.5, -1e300]], UNIT), 3);
    }

    #[test]
    fn a_later_layer_takes_the_character() {
        let mut field = Braille::new(2, 1);
        field.points(1, &[[0.0, 0.0], [1.0, 0.0]], UNIT);
        field.points(2, &[[0.0, 1.0]], UNIT);
        assert_eq!(field.lines(), [[(2, "\u{2801}".to_owned()), (1, "\u{2880}".to_owned())]]);
        assert_eq!(Braille::new(0, 0).points(1, &[[0.5, 0.5]], UNIT), 1);
        assert!(Braille::new(0, 0).lines().is_empty());
    }

    #[test]
    fn bars_grow_with_their_values_and_fit() {
        assert_eq!(sparkline(&[0.0, 1.0, 2.0, 3.0], 9), "\u{28e0}\u{28fe}");
        assert_eq!(sparkline(&[], 9), "");
        assert_eq!(sparkline(&[5.0; 3], 9), "\u{28c0}\u{2840}");
        let many: Vec<f64> = (0..1001).map(f64::from).collect();
        assert_eq!(sparkline(&many, 7).chars().count(), 7);
        assert_eq!(sparkline(&[f64::NAN, 1.0, f64::INFINITY], 2).chars().count(), 2);
    }
}
