//! Laws that are mixtures of Gaussians, and which data files say that theirs is one.
//!
//! A file with a column of classes says it by that: each class is a mode, with its points' mean, covariance and share.
//!
//! A MAT file says so in one of two ways: arrays `modes` (K x 2, the means) and `covariances` (2K x 2, one block under
//! the other), as `gan-lab data make` writes them; or the blocks `a` to `d` of the course's file, of which `xx` is the
//! scaled sequence: each block is a stroke, and its mean and covariance are taken from its points.

use std::path::Path;

use super::{DataError, Format as _, KnownLaw, Labels, Matrix, Reading, damaged, detect, mat};

/// A Gaussian of a law.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mode {
    /// Its mean.
    pub mean: [f64; 2],
    /// Its covariance matrix, symmetric and positive definite.
    pub covariance: [[f64; 2]; 2],
    /// Its share of the points; None where all modes are equally likely.
    pub share: Option<f64>,
}

/// A class of fewer points is no mode: their covariance would say little.
const LEAST_IN_CLASS: usize = 10;
/// More classes are taken for something else than modes.
const MOST_CLASSES: usize = 100;
/// No law is looked for in arrays of more rows.
const MOST_ROWS: usize = 20_000_000;
/// The scale and shift with which the course's file makes `xx` of its blocks.
const SCALE: f64 = 1.0 / 25.0;
const SHIFT: f64 = 0.5;

impl Mode {
    /// A Gaussian with the same deviation in every direction.
    pub fn round(mean: [f64; 2], sigma: f64) -> Self {
        Self { mean, covariance: [[sigma * sigma, 0.0], [0.0, sigma * sigma]], share: None }
    }

    /// The mean and covariance of points; None where they do not spread in both directions.
    fn fitted(points: &[[f64; 2]]) -> Option<Self> {
        let n = points.len() as f64;
        let mean = [0, 1].map(|i| points.iter().map(|p| p[i]).sum::<f64>() / n);
        let moment =
            |i: usize, j: usize| points.iter().map(|p| (p[i] - mean[i]) * (p[j] - mean[j])).sum::<f64>() / (n - 1.0);
        let covariance = [[moment(0, 0), moment(0, 1)], [moment(1, 0), moment(1, 1)]];
        Some(Self { mean, covariance, share: None }).filter(Self::is_sound)
    }

    fn is_sound(&self) -> bool {
        let [[xx, xy], [yx, yy]] = self.covariance;
        let determinant = xx * yy - xy * yx;
        let symmetric = (xy - yx).abs() <= 1e-9 * (xx * yy).abs().sqrt();
        self.mean.iter().all(|x| x.is_finite()) && xx > 0.0 && determinant.is_finite() && determinant > 0.0 && symmetric
    }

    /// The squared Mahalanobis distance of a point.
    pub fn distance_squared(&self, point: [f64; 2]) -> f64 {
        let [[xx, xy], [_, yy]] = self.covariance;
        let [dx, dy] = [point[0] - self.mean[0], point[1] - self.mean[1]];
        (yy * dx * dx - 2.0 * xy * dx * dy + xx * dy * dy) / (xx * yy - xy * xy)
    }
}

/// The modes of the law behind the variable that `reading` names in a file, where the file says them. Of columns that
/// were chosen it says none.
pub(super) fn known(path: &Path, bytes: &[u8], reading: &Reading) -> KnownLaw {
    if reading.columns.is_some() || detect(path, bytes)?.name() != mat::Mat.name() {
        return Ok(None);
    }
    let key = reading.key.as_str();
    let names = mat::names(path, bytes)?;
    let has = |name: &str| names.iter().any(|n| n == name);
    let rows = |name: &str| mat::read(path, bytes, name).map(|matrix| pairs(&matrix));
    if has("modes") && has("covariances") {
        return declared(path, &rows("modes")?, &rows("covariances")?).map(Some);
    }
    let blocks = ["a", "b", "c", "d"];
    if !blocks.into_iter().all(has) || !has(key) {
        return Ok(None);
    }
    let blocks = blocks.into_iter().map(rows).collect::<Result<Vec<_>, _>>()?;
    Ok(strokes(&blocks, &rows(key)?))
}

/// A mode for each class; or why the classes are none.
pub(super) fn of_classes(points: &[[f64; 2]], labels: &Labels) -> Result<Vec<Mode>, String> {
    let count = labels.classes.len();
    if !(2..=MOST_CLASSES).contains(&count) {
        return Err(format!("{count} classes are not taken as modes of a law; 2 to {MOST_CLASSES} would be"));
    }
    let mut members = vec![Vec::new(); count];
    for (&point, &class) in points.iter().zip(&labels.of) {
        if let Some(members) = members.get_mut(class as usize) {
            members.push(point);
        }
    }
    let modes = members.iter().zip(&labels.classes).map(|(members, name)| {
        if members.len() < LEAST_IN_CLASS {
            let n = members.len();
            return Err(format!("the classes are not taken as modes of a law, because '{name}' has {n} points"));
        }
        let share = Some(members.len() as f64 / points.len() as f64);
        let flat =
            || format!("the classes are not taken as modes of a law, because '{name}' does not spread both ways");
        Mode::fitted(members).map(|mode| Mode { share, ..mode }).ok_or_else(flat)
    });
    modes.collect()
}

/// The rows of an array with two columns; of another none.
fn pairs(matrix: &Matrix<'_>) -> Vec<[f64; 2]> {
    if matrix.columns != 2 || matrix.rows > MOST_ROWS {
        return Vec::new();
    }
    (0..matrix.rows).map(|row| [(matrix.at)(row, 0), (matrix.at)(row, 1)]).collect()
}

fn declared(path: &Path, means: &[[f64; 2]], covariances: &[[f64; 2]]) -> Result<Vec<Mode>, DataError> {
    let modes: Vec<Mode> = means
        .iter()
        .zip(covariances.as_chunks::<2>().0)
        .map(|(&mean, &covariance)| Mode { mean, covariance, share: None })
        .collect();
    if modes.is_empty() || 2 * modes.len() != covariances.len() || !modes.iter().all(Mode::is_sound) {
        let reason = "'modes' must be K x 2 and 'covariances' 2K x 2, each 2 x 2 block positive definite";
        return Err(damaged(path, reason));
    }
    Ok(modes)
}

/// A mode for each block, if `all` is their scaled sequence.
fn strokes(blocks: &[Vec<[f64; 2]>], all: &[[f64; 2]]) -> Option<Vec<Mode>> {
    let scaled = |point: &[f64; 2]| point.map(|x| x * SCALE + SHIFT);
    let near = |p: [f64; 2], q: &[f64; 2]| (0..2).all(|i| (p[i] - q[i]).abs() < 1e-5);
    if blocks.iter().map(Vec::len).sum::<usize>() != all.len()
        || !blocks.iter().flatten().zip(all).all(|(p, q)| near(scaled(p), q))
    {
        return None;
    }
    blocks.iter().map(|block| Mode::fitted(&block.iter().map(scaled).collect::<Vec<_>>())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::synthetic::Law;
    use crate::data::write_mat;

    fn found(arrays: &[(&str, Vec<[f64; 2]>)], key: &str) -> Result<Option<Vec<Mode>>, DataError> {
        known(Path::new("file.mat"), &write_mat(arrays).unwrap(), &Reading::of(key))
    }

    #[test]
    fn the_strokes_of_the_m_are_found_near_their_law() {
        let modes = found(&Law::Points.draw(40_000, 0), "xx").unwrap().unwrap();
        let law = Law::Points.modes().unwrap();
        assert_eq!(modes.len(), 4);
        for (found, exact) in modes.iter().zip(&law) {
            // Deviations are about 0.08 in these units and there are 10000 points in a stroke.
            assert!((0..2).all(|i| (found.mean[i] - exact.mean[i]).abs() < 0.004), "{found:?} for {exact:?}");
            assert!((0..2).all(|i| (found.covariance[i][i] / exact.covariance[i][i] - 1.0).abs() < 0.06));
        }
    }

    #[test]
    fn classes_are_modes_with_their_shares() {
        let points: Vec<[f64; 2]> = Law::Ring8.draw(400, 5).pop().unwrap().1;
        let of: Vec<u32> = points.iter().map(|point| u32::from(point[0] > 0.0 && point[1] > 0.5)).collect();
        let labels = |of: Vec<u32>| Labels { name: None, classes: vec!["low".into(), "high".into()], of };
        let modes = of_classes(&points, &labels(of.clone())).unwrap();
        let high = of.iter().filter(|class| **class == 1).count() as f64 / 400.0;
        assert_eq!(modes.iter().map(|mode| mode.share).collect::<Vec<_>>(), [Some(1.0 - high), Some(high)]);
        let mean = points.iter().zip(&of).filter(|(_, class)| **class == 1).map(|(point, _)| point[1]).sum::<f64>();
        assert!((modes[1].mean[1] - mean / (400.0 * high)).abs() < 1e-12);
        let few = (0..400).map(|i| u32::from(i < 9)).collect();
        assert!(of_classes(&points, &labels(few)).unwrap_err().contains("'high' has 9 points"));
        let line: Vec<[f64; 2]> = (0..400).map(|i| [f64::from(i), 1.0]).collect();
        assert!(of_classes(&line, &labels(of)).unwrap_err().contains("does not spread both ways"));
    }

    #[test]
    fn a_file_that_we_make_says_its_law() {
        for law in [Law::Ring8, Law::Grid25] {
            assert_eq!(found(&law.draw(50, 0), "xx").unwrap(), law.modes());
        }
        assert_eq!(found(&Law::Moons.draw(50, 0), "xx").unwrap(), None);
    }

    #[test]
    fn other_points_beside_the_blocks_have_no_known_law_and_a_nonsensical_law_is_an_error() {
        let mut arrays = Law::Points.draw(80, 0);
        arrays[4].1[7][0] += 0.1;
        assert_eq!(found(&arrays, "xx").unwrap(), None);
        let flat = [("modes", vec![[0.0, 0.0]]), ("covariances", vec![[1.0, 1.0], [1.0, 1.0]])];
        assert!(found(&flat, "xx").unwrap_err().to_string().contains("positive definite"));
    }

    #[test]
    fn the_mahalanobis_distance_counts_deviations() {
        let mode = Mode { mean: [1.0, 0.0], covariance: [[4.0, 0.0], [0.0, 0.25]], share: None };
        assert!((mode.distance_squared([3.0, 0.0]) - 1.0).abs() < 1e-12);
        assert!((mode.distance_squared([1.0, 1.0]) - 4.0).abs() < 1e-12);
    }
}
