//! Directions from weights.

use nalgebra::{DMatrix, SymmetricEigen};

use super::SefaError;
use super::drawing::network;
use crate::checkpoint::layouts::StyleLayers;
use crate::checkpoint::{Factors, GeneratorWeights, NoRow, Source};
use crate::config::SefaConfig;
use crate::run::digest;

/// How many steps the search for eigenvectors may take for each of them; it takes two or three.
const MOST_STEPS: usize = 100;

/// Directions with their eigenvalues, largest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Directions {
    /// The latent code's dimension.
    pub latent_dim: usize,
    /// Unit vectors, one after another; of those that were found in weights each one's component of largest magnitude is positive.
    pub vectors: Vec<f64>,
    /// Their eigenvalues, descending; none where the directions came from a file that does not say them.
    pub eigenvalues: Vec<f64>,
}

impl Directions {
    /// What tells these directions from others.
    pub fn key(&self) -> String {
        let bytes: Vec<u8> = self.vectors.iter().flat_map(|x| x.to_le_bytes()).collect();
        digest(&bytes)[..16].to_owned()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.vectors.len() / self.latent_dim.max(1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.vectors.is_empty()
    }

    /// The first `count` of them, or all where there are fewer.
    #[must_use]
    pub fn first(mut self, count: usize) -> Self {
        self.vectors.truncate(count.saturating_mul(self.latent_dim));
        self.eigenvalues.truncate(count);
        self
    }

    /// One of them.
    pub fn vector(&self, index: usize) -> &[f64] {
        &self.vectors[index * self.latent_dim..][..self.latent_dim]
    }

    /// A direction's eigenvalue, if it has one.
    pub fn eigenvalue(&self, index: usize) -> Option<f64> {
        self.eigenvalues.get(index).copied()
    }

    /// Each eigenvalue's share of their sum.
    pub fn shares(&self) -> Vec<f64> {
        let total: f64 = self.eigenvalues.iter().sum();
        self.eigenvalues.iter().map(|value| value / total).collect()
    }
}

/// The directions of the layers that a config names, or of all.
pub fn directions(weights: &GeneratorWeights, config: &SefaConfig) -> Result<Directions, SefaError> {
    let matrix = match weights {
        GeneratorWeights::ProGan(of) => {
            // A label is no part of what is edited.
            matrix(weights.factors(&[]), network(weights))?.remove_rows(of.latent_dim - of.classes, of.classes)
        }
        others => matrix(others.factors(&config.layers), network(others))?,
    };
    factorize(matrix, !config.raw)
}

/// The directions of style layers that were found in a file of a generator whose pictures are not built in.
///
/// # Errors
/// A file that cannot be read, a layer that there is not, a unit without weights.
pub fn of_style_layers(styles: &StyleLayers, source: &Source, config: &SefaConfig) -> Result<Directions, SefaError> {
    factorize(matrix(styles.factors(source, &config.layers)?, "generator")?, !config.raw)
}

/// A^T as the matrix [code, units]; each column belongs to one unit.
fn matrix(factors: Result<Factors, NoRow>, network: &'static str) -> Result<DMatrix<f64>, SefaError> {
    let wrong = |NoRow { asked, rows }: NoRow| SefaError::Layer { asked, network, last: rows.saturating_sub(1) };
    let factors = factors.map_err(wrong)?;
    Ok(DMatrix::from_iterator(factors.code_dim, factors.units, factors.weight.into_iter().map(f64::from)))
}

/// Factorises [latent, units]. With `normalise`, as in the paper's code, every column is first brought to unit length;
/// without, units with large weights count for more.
fn factorize(mut matrix: DMatrix<f64>, normalise: bool) -> Result<Directions, SefaError> {
    let latent_dim = matrix.nrows();
    // The half of A^T A that the search reads, summed unit by unit: the same bytes on every CPU, which a product that takes
    // its kernel by the CPU has not.
    let mut gram = DMatrix::zeros(latent_dim, latent_dim);
    for (unit, mut column) in matrix.column_iter_mut().enumerate() {
        let norm = column.norm();
        if !norm.is_finite() {
            return Err(SefaError::NotFinite { unit });
        }
        if normalise {
            if norm == 0.0 {
                return Err(SefaError::EmptyUnit { unit });
            }
            column /= norm;
        }
        gram.syger(1.0, &column, &column, 1.0);
    }
    let eigen = SymmetricEigen::try_new(gram, f64::EPSILON, MOST_STEPS * latent_dim);
    let eigen = eigen.ok_or(SefaError::NoEigenvectors)?;
    let mut order: Vec<usize> = (0..latent_dim).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    let mut vectors = Vec::with_capacity(latent_dim * latent_dim);
    for &i in &order {
        let vector = eigen.eigenvectors.column(i);
        let sign = if vector[vector.icamax()] < 0.0 { -1.0 } else { 1.0 };
        vectors.extend(vector.iter().map(|x| sign * x));
    }
    Ok(Directions { latent_dim, vectors, eigenvalues: order.iter().map(|&i| eigen.eigenvalues[i]).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published fixture: weight [4, 6, 2, 2] by formula.
    fn fixture() -> DMatrix<f64> {
        let number = |i: i32| {
            let i = f64::from(i);
            (0.7 * i + (0.3 * i * i) % 5.0).sin() + 0.1 * (i % 7.0)
        };
        DMatrix::from_fn(6, 16, |i, unit| number((unit as i32 / 4 * 6 + i as i32) * 4 + unit as i32 % 4))
    }

    fn assert_close(got: &[f64], expected: &[f64], tolerance: f64) {
        assert_eq!(got.len(), expected.len());
        assert!(got.iter().zip(expected).all(|(a, b)| (a - b).abs() < tolerance), "{got:?} for {expected:?}");
    }

    #[test]
    fn the_fixtures_eigenvalues_come_out() {
        let normalised = factorize(fixture(), true).unwrap();
        let expected = [5.138_056_86, 4.172_339_38, 3.142_415_06, 2.271_154_05, 0.867_208_87, 0.408_825_79];
        assert_close(&normalised.eigenvalues, &expected, 1e-7);
        let raw = factorize(fixture(), false).unwrap();
        assert_close(&raw.eigenvalues, &[18.4519, 16.4738, 12.7399, 6.4488, 3.1328, 1.3496], 1e-4);
    }

    #[test]
    fn eigenvalues_sum_to_the_units_and_directions_are_orthonormal() {
        let directions = factorize(fixture(), true).unwrap();
        assert!((directions.eigenvalues.iter().sum::<f64>() - 16.0).abs() < 1e-9);
        assert!((directions.shares().iter().sum::<f64>() - 1.0).abs() < 1e-12);
        for i in 0..6 {
            for j in 0..6 {
                let dot: f64 = directions.vector(i).iter().zip(directions.vector(j)).map(|(a, b)| a * b).sum();
                assert!((dot - f64::from(u8::from(i == j))).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn scales_signs_and_the_order_of_units_change_nothing() {
        let directions = factorize(fixture(), true).unwrap();
        let scale = |unit: usize| if unit.is_multiple_of(3) { -0.5 } else { unit as f64 + 1.0 };
        let resized = factorize(DMatrix::from_fn(6, 16, |i, unit| fixture()[(i, unit)] * scale(unit)), true).unwrap();
        let flipped = factorize(DMatrix::from_fn(6, 16, |i, unit| fixture()[(i, 15 - unit)]), true).unwrap();
        for other in [resized, flipped] {
            assert_close(&other.eigenvalues, &directions.eigenvalues, 1e-9);
            assert_close(&other.vectors, &directions.vectors, 1e-6);
        }
    }

    #[test]
    fn a_unit_without_weights_is_refused_by_its_number() {
        let matrix = DMatrix::from_row_slice(2, 2, &[1.0, 0.0, 2.0, 0.0]);
        assert!(factorize(matrix.clone(), true).unwrap_err().to_string().contains("unit 1"));
        assert!(factorize(matrix, false).is_ok());
    }

    #[test]
    fn a_weight_that_is_not_finite_is_refused_by_its_unit() {
        for wrong in [f64::NAN, f64::INFINITY] {
            let matrix = DMatrix::from_row_slice(2, 3, &[1.0, 1.0, wrong, 2.0, 1.0, 0.0]);
            for normalise in [false, true] {
                assert!(factorize(matrix.clone(), normalise).unwrap_err().to_string().contains("unit 2"));
            }
        }
    }

    #[test]
    fn eigenvectors_of_equal_eigenvalues_and_of_none_are_orthonormal() {
        // As few units as codes have numbers or fewer: the others change nothing, and are directions all the same.
        for (matrix, values) in [
            (DMatrix::identity(5, 5), [1.0, 1.0, 1.0, 1.0, 1.0]),
            (DMatrix::from_fn(5, 2, |i, unit| f64::from(u8::from(i == unit))), [1.0, 1.0, 0.0, 0.0, 0.0]),
            (DMatrix::zeros(5, 3), [0.0; 5]),
        ] {
            let directions = factorize(matrix, false).unwrap();
            assert_close(&directions.eigenvalues, &values, 1e-12);
            for i in 0..5 {
                for j in 0..5 {
                    let dot: f64 = directions.vector(i).iter().zip(directions.vector(j)).map(|(a, b)| a * b).sum();
                    assert!((dot - f64::from(u8::from(i == j))).abs() < 1e-12);
                }
            }
        }
    }
}
