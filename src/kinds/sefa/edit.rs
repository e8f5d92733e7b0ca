//! Codes, and steps along directions.

use super::{Codes, Directions};

/// The samples as a generator draws them: rows of numbers, of which some are edited.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// Numbers in a row: the latent code's for a ProGAN, w's for a StyleGAN.
    pub row_dim: usize,
    /// Rows of a sample: one for a ProGAN.
    pub rows: usize,
    /// Which rows are edited, ascending.
    pub edited: Vec<usize>,
    /// All numbers.
    pub values: Vec<f32>,
}

impl Samples {
    /// Of codes that are drawn as they are.
    pub fn of_codes(codes: Codes) -> Self {
        Self { row_dim: codes.latent_dim, rows: 1, edited: vec![0], values: codes.rows }
    }

    /// With more of them, given by their rows.
    #[must_use]
    pub fn followed_by(mut self, values: Vec<f32>) -> Self {
        self.values.extend(values);
        self
    }

    /// One of them.
    pub fn sample(&self, index: usize) -> &[f32] {
        let size = self.rows * self.row_dim;
        &self.values[index * size..][..size]
    }

    /// One of them after a step along a direction, in the rows that are edited.
    pub fn stepped(&self, index: usize, directions: &Directions, direction: usize, distance: f64) -> Vec<f32> {
        let step: Vec<f64> = directions.vector(direction).iter().map(|d| distance * d).collect();
        self.moved(index, &step)
    }

    /// One of them after a step, as long as a row, in the rows that are edited.
    pub fn moved(&self, index: usize, step: &[f64]) -> Vec<f32> {
        let mut sample = self.sample(index).to_vec();
        for &row in &self.edited {
            for (x, &d) in sample[row * self.row_dim..][..self.row_dim].iter_mut().zip(step) {
                *x += d as f32;
            }
        }
        sample
    }

    /// The first row in which edited pictures of a sample differ.
    pub fn first_edited(&self) -> usize {
        self.edited.first().copied().unwrap_or(0)
    }
}

/// How far the steps go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distances {
    /// The first.
    pub start: f64,
    /// The last.
    pub end: f64,
    /// How many, evenly from first to last.
    pub steps: usize,
}

impl Distances {
    /// All of them.
    pub fn all(&self) -> Vec<f64> {
        let span = self.end - self.start;
        let at =
            |i: usize| if self.steps > 1 { self.start + span * i as f64 / (self.steps - 1) as f64 } else { self.start };
        // What should be 0 is 0, not a rounding error beside it.
        (0..self.steps).map(at).map(|d| if d.abs() < span.abs() * 1e-12 { 0.0 } else { d }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_linspaces_with_a_true_zero() {
        let lab = Distances { start: -2.0, end: 2.0, steps: 21 }.all();
        assert_eq!((lab.len(), lab[0], lab[10], lab[20]), (21, -2.0, 0.0, 2.0));
        assert!((lab[1] + 1.8).abs() < 1e-12);
        assert_eq!(Distances { start: 1.0, end: 3.0, steps: 1 }.all(), [1.0]);
    }

    #[test]
    fn a_step_forward_and_the_turned_direction_backward_are_one() {
        let samples = Samples::of_codes(Codes { latent_dim: 2, rows: vec![0.5, -0.5], labels: vec!["row 0".into()] });
        let along =
            |sign: f64| Directions { latent_dim: 2, vectors: vec![0.6 * sign, 0.8 * sign], eigenvalues: vec![1.0] };
        assert_eq!(samples.stepped(0, &along(1.0), 0, 2.0), samples.stepped(0, &along(-1.0), 0, -2.0));
        assert_eq!(samples.stepped(0, &along(1.0), 0, 0.0), samples.values);
    }

    #[test]
    fn only_the_chosen_rows_are_edited() {
        let values = vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0];
        let samples = Samples { row_dim: 2, rows: 3, edited: vec![1], values };
        let directions = Directions { latent_dim: 2, vectors: vec![1.0, 0.0], eigenvalues: vec![1.0] };
        assert_eq!(samples.stepped(1, &directions, 0, 0.5), [10.0, 20.0, 30.5, 40.0, 50.0, 60.0]);
        assert_eq!((samples.sample(0), samples.first_edited()), (&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0][..], 1));
    }
}
