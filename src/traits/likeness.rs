//! How like the law's drawings a picture is.
//!
//! The mean of every feature map says what a picture is made of. Over drawings these means have a mean m and a covariance C; a
//! picture with means x is at the distance sqrt((x - m)^T C^-1 (x - m) / n) (Mahalanobis), n being how many there are. What
//! is unusual together counts, though each for itself were usual.

use super::card::read_drawings;
use super::network::Network;

/// Drawings from which m and C are taken, and others that tell which distance is far.
const DRAWN: usize = 3000;
const OTHERS: usize = 1000;

/// What is added to C's diagonal, as a share of its mean: features that never vary would count without bounds.
const RIDGE: f64 = 1e-3;

/// What drawings of a side are like.
#[derive(Clone, Debug, PartialEq)]
pub struct Likeness {
    mean: Vec<f64>,
    /// The lower triangle L of C = L L^T, row by row.
    lower: Vec<f64>,
    /// One in a hundred drawings is farther than this.
    pub far: f64,
}

impl Likeness {
    /// Of drawings of a side, from the first of a seed on.
    pub(super) fn of_drawings(network: &Network, seed: u64, side: usize, threads: usize) -> Self {
        let said = read_drawings(network, seed, (DRAWN + OTHERS) as u64, side, threads);
        let (drawn, others) = said.split_at(DRAWN.min(said.len()));
        let means: Vec<&[f32]> = drawn.iter().map(|said| &said.means[..]).collect();
        let mut likeness = Self::of(&means);
        let mut distances: Vec<f64> = others.iter().map(|said| likeness.distance(&said.means)).collect();
        distances.sort_by(f64::total_cmp);
        likeness.far = distances.get(distances.len() * 99 / 100).copied().unwrap_or(f64::MAX);
        likeness
    }

    /// Of pictures' means; `far` is still to be found.
    fn of(rows: &[&[f32]]) -> Self {
        let n = rows.first().map_or(0, |row| row.len());
        let count = rows.len().max(1) as f64;
        let mean: Vec<f64> = (0..n).map(|i| rows.iter().map(|row| f64::from(row[i])).sum::<f64>() / count).collect();
        let mut covariance = vec![0.0; n * n];
        for row in rows {
            let apart: Vec<f64> = row.iter().zip(&mean).map(|(&x, mean)| f64::from(x) - mean).collect();
            for (line, x) in covariance.chunks_exact_mut(n).zip(&apart) {
                line.iter_mut().zip(&apart).for_each(|(sum, y)| *sum += x * y / count);
            }
        }
        let trace: f64 = (0..n).map(|i| covariance[i * n + i]).sum();
        for i in 0..n {
            covariance[i * n + i] += (RIDGE * trace / n as f64).max(f64::MIN_POSITIVE);
        }
        Self { mean, lower: cholesky(covariance, n), far: f64::MAX }
    }

    /// How far a picture with these means is.
    pub fn distance(&self, means: &[f32]) -> f64 {
        let n = self.mean.len();
        let mut solved: Vec<f64> = Vec::with_capacity(n);
        for ((row, &x), mean) in self.lower.chunks_exact(n.max(1)).zip(means).zip(&self.mean) {
            let before: f64 = row.iter().zip(&solved).map(|(l, y)| l * y).sum();
            solved.push((f64::from(x) - mean - before) / row[solved.len()]);
        }
        (solved.iter().map(|y| y * y).sum::<f64>() / n.max(1) as f64).sqrt()
    }
}

/// The lower triangle L of a positive definite matrix L L^T.
fn cholesky(mut matrix: Vec<f64>, n: usize) -> Vec<f64> {
    for i in 0..n {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| matrix[i * n + k] * matrix[j * n + k]).sum();
            let rest = matrix[i * n + j] - sum;
            // Rounding may take a tiny pivot below 0.
            matrix[i * n + j] = if i == j { rest.max(f64::MIN_POSITIVE).sqrt() } else { rest / matrix[j * n + j] };
        }
        matrix[i * n + i + 1..(i + 1) * n].fill(0.0);
    }
    matrix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_inverse_covariance() {
        // Two features with deviations 1 and 1 and covariance 0.6: C^-1 = [[1, -0.6], [-0.6, 1]] / 0.64.
        let rows: Vec<[f32; 2]> =
            vec![[1.0, 0.6], [-1.0, -0.6], [0.0, 0.8], [0.0, -0.8], [1.0, 0.6], [-1.0, -0.6], [0.0, 0.8], [0.0, -0.8]];
        let rows: Vec<[f32; 2]> = rows.iter().map(|[a, b]| [a * 2.0_f32.sqrt(), b * 2.0_f32.sqrt()]).collect();
        let likeness = Likeness::of(&rows.iter().map(|row| &row[..]).collect::<Vec<_>>());
        for (x, expected) in [([1.0, 1.0], 2.0 - 1.2), ([1.0, -1.0], 2.0 + 1.2), ([0.0, 2.0], 4.0)] {
            let expected = f64::sqrt(expected / 0.64 / 2.0);
            let found = likeness.distance(&x);
            assert!((found / expected - 1.0).abs() < 5e-3, "{x:?}: {found}, not {expected}");
        }
        assert_eq!(likeness.distance(&[0.0, 0.0]), 0.0);
    }
}
