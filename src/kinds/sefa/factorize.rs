//! Directions from weights.

use tch::{Kind, Tensor};

use super::SefaError;
use super::drawing::network;
use crate::checkpoint::layouts::StyleLayers;
use crate::checkpoint::{Factors, GeneratorWeights, NoRow, ProGanWeights, Source};
use crate::config::SefaConfig;
use crate::run::digest;

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
        GeneratorWeights::ProGan(weights) => first_layer(weights)?,
        others => style_layers(others, network(others), &config.layers)?,
    };
    factorize(&matrix, !config.raw)
}

/// A^T as the matrix [latent, units] of a ProGAN's first layer; each column belongs to one unit.
pub fn first_layer(weights: &ProGanWeights) -> Result<Tensor, SefaError> {
    let latent = weights.latent_dim as i64;
    let outputs = weights.levels[0].second.inputs as i64;
    let weight = Tensor::from_slice(&weights.first_weight).f_view([outputs, latent, 16])?;
    // A label is no part of what is edited.
    let weight = weight.f_narrow(1, 0, latent - weights.classes as i64)?;
    Ok(weight.f_permute([1, 0, 2])?.f_reshape([-1, outputs * 16])?.f_to_kind(Kind::Double)?)
}

/// The same for the styles of a StyleGAN or StyleGAN2, side by side; `layers` empty means all.
pub fn style_layers(weights: &GeneratorWeights, network: &'static str, layers: &[usize]) -> Result<Tensor, SefaError> {
    matrix(weights.factors(layers), network)
}

/// The directions of style layers that were found in a file of a generator whose pictures are not built in.
///
/// # Errors
/// A file that cannot be read, a layer that there is not, a unit without weights.
pub fn of_style_layers(styles: &StyleLayers, source: &Source, config: &SefaConfig) -> Result<Directions, SefaError> {
    factorize(&matrix(styles.factors(source, &config.layers)?, "generator")?, !config.raw)
}

/// A^T as the matrix [code, units].
fn matrix(factors: Result<Factors, NoRow>, network: &'static str) -> Result<Tensor, SefaError> {
    let wrong = |NoRow { asked, rows }: NoRow| SefaError::Layer { asked, network, last: rows.saturating_sub(1) };
    let factors = factors.map_err(wrong)?;
    let units = Tensor::from_slice(&factors.weight).f_view([factors.units as i64, factors.code_dim as i64])?;
    Ok(units.f_transpose(0, 1)?.f_contiguous()?.f_to_kind(Kind::Double)?)
}

/// Factorises [latent, units]. With `normalise`, as in the paper's code, every column is first brought to unit length;
/// without, units with large weights count for more.
pub fn factorize(matrix: &Tensor, normalise: bool) -> Result<Directions, SefaError> {
    let mut matrix = matrix.f_to_kind(Kind::Double)?;
    if normalise {
        let norms = matrix.f_square()?.f_sum_dim_intlist([0_i64].as_slice(), true, None::<Kind>)?.f_sqrt()?;
        let empty = Vec::<f64>::try_from(&norms.f_view([-1])?)?.iter().position(|&norm| norm == 0.0);
        if let Some(unit) = empty {
            return Err(SefaError::EmptyUnit { unit });
        }
        matrix = matrix.f_div(&norms)?;
    }
    let gram = matrix.f_matmul(&matrix.f_transpose(0, 1)?)?;
    let (eigenvalues, eigenvectors) = gram.f_linalg_eigh("L")?;
    let latent_dim = matrix.size()[0] as usize;
    // They come in ascending order, as columns.
    let mut eigenvalues = Vec::<f64>::try_from(&eigenvalues)?;
    eigenvalues.reverse();
    let rows = eigenvectors.f_transpose(0, 1)?.f_flip([0])?.f_contiguous()?.f_view([-1])?;
    let mut vectors = Vec::<f64>::try_from(&rows)?;
    for vector in vectors.chunks_exact_mut(latent_dim) {
        let largest = vector.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(1.0);
        if largest < 0.0 {
            for x in vector {
                *x = -*x;
            }
        }
    }
    Ok(Directions { latent_dim, vectors, eigenvalues })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published fixture: weight [4, 6, 2, 2] by formula.
    fn fixture() -> Tensor {
        let number = |i: i32| {
            let i = f64::from(i);
            (0.7 * i + (0.3 * i * i) % 5.0).sin() + 0.1 * (i % 7.0)
        };
        let values: Vec<f64> = (0..96).map(number).collect();
        Tensor::from_slice(&values).view([4, 6, 4]).permute([1, 0, 2]).reshape([6, 16])
    }

    fn assert_close(got: &[f64], expected: &[f64], tolerance: f64) {
        assert_eq!(got.len(), expected.len());
        assert!(got.iter().zip(expected).all(|(a, b)| (a - b).abs() < tolerance), "{got:?} for {expected:?}");
    }

    #[test]
    fn the_fixtures_eigenvalues_come_out() {
        let normalised = factorize(&fixture(), true).unwrap();
        let expected = [5.138_056_86, 4.172_339_38, 3.142_415_06, 2.271_154_05, 0.867_208_87, 0.408_825_79];
        assert_close(&normalised.eigenvalues, &expected, 1e-7);
        let raw = factorize(&fixture(), false).unwrap();
        assert_close(&raw.eigenvalues, &[18.4519, 16.4738, 12.7399, 6.4488, 3.1328, 1.3496], 1e-4);
    }

    #[test]
    fn eigenvalues_sum_to_the_units_and_directions_are_orthonormal() {
        let directions = factorize(&fixture(), true).unwrap();
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
        let directions = factorize(&fixture(), true).unwrap();
        let scales: Vec<f64> = (0..16).map(|i| if i % 3 == 0 { -0.5 } else { f64::from(i) + 1.0 }).collect();
        let resized = factorize(&(fixture() * Tensor::from_slice(&scales)), true).unwrap();
        let flipped = factorize(&fixture().flip([1]), true).unwrap();
        for other in [resized, flipped] {
            assert_close(&other.eigenvalues, &directions.eigenvalues, 1e-9);
            assert_close(&other.vectors, &directions.vectors, 1e-6);
        }
    }

    #[test]
    fn a_unit_without_weights_is_refused_by_its_number() {
        let matrix = Tensor::from_slice(&[1.0, 0.0, 2.0, 0.0]).view([2, 2]);
        assert!(factorize(&matrix, true).unwrap_err().to_string().contains("unit 1"));
        assert!(factorize(&matrix, false).is_ok());
    }
}
