//! Points as they came from a file.

use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::reading::{Labels, Taken};
use super::spread::PointSpread;
use super::{DataError, Point};
use crate::digest::hex;

/// Points as they came from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct PointSet {
    /// The file, for messages.
    pub path: PathBuf,
    /// The points, in the file's order and its precision.
    pub points: Vec<[f64; 2]>,
    /// Their classes, where the file has a column of them.
    pub labels: Option<Labels>,
    /// How the file was read.
    pub taken: Taken,
}

impl PointSet {
    /// Refuses points that are infinite in single precision, in which networks compute.
    pub fn fits_single(&self) -> Result<(), DataError> {
        let beyond = |(row, point): (usize, &Point)| {
            let column = point.iter().position(|&x| !(x as f32).is_finite())?;
            let (path, value) = (self.path.clone(), point[column]);
            Some(DataError::Beyond { path, value, row: row + 1, column: column + 1 })
        };
        self.points.iter().enumerate().find_map(beyond).map_or(Ok(()), Err)
    }

    /// What tells these points from others: two runs with the same one saw the same data. It is in the manifests of runs,
    /// and so stays as it is: of the bytes in single precision, unless that would merge what the file tells apart.
    pub fn digest(&self) -> String {
        let exact = |point: &Point| point.iter().all(|&x| f64::from(x as f32).to_bits() == x.to_bits());
        let single = self.points.iter().all(exact) || PointSpread::of(&self.points).is_fine();
        if single {
            self.single_digest()
        } else {
            digest_of(self.points.as_flattened().iter().map(|x| x.to_le_bytes()))
        }
    }

    /// The digest in single precision, which was every run's before points too fine for it had another.
    pub fn single_digest(&self) -> String {
        digest_of(self.points.as_flattened().iter().map(|x| (*x as f32).to_le_bytes()))
    }
}

fn digest_of<const N: usize>(values: impl Iterator<Item = [u8; N]>) -> String {
    let mut hash = Sha256::new();
    values.for_each(|bytes| hash.update(bytes));
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(points: Vec<[f64; 2]>) -> PointSet {
        PointSet { path: "p".into(), points, labels: None, taken: Taken::default() }
    }

    #[test]
    fn a_number_too_large_for_single_precision_is_refused_with_its_place_where_that_begins() {
        let error = set(vec![[1.0, 2.0], [3.0, 1e39]]).fits_single().unwrap_err().to_string();
        assert!(error.contains("point 2, column 2"), "{error}");
    }

    #[test]
    fn double_precision_is_kept_until_then() {
        let point = [388_095.135, 1_700_000_000.123];
        let set = set(vec![point]);
        assert_eq!(set.points, [point]);
        assert!(set.fits_single().is_ok());
    }

    #[test]
    fn the_digest_follows_the_points() {
        let digest = |points: Vec<[f64; 2]>| set(points).digest();
        assert_eq!(digest(vec![[1.0, 2.0]]), digest(vec![[1.0, 2.0]]));
        assert_ne!(digest(vec![[1.0, 2.0]]), digest(vec![[2.0, 1.0]]));
        // SHA-256 of nothing.
        assert!(digest(vec![]).starts_with("e3b0c44298fc1c14"));
        // Of the bytes in single precision: sha256(struct.pack('<2f', 0.1, 2)).
        let two = vec![[0.1, 2.0], [0.2, 3.0]];
        assert_eq!(digest(two.clone()), set(two).single_digest());
        let single = set(vec![[0.1, 2.0]]).single_digest();
        assert_eq!(single, "93fc7b7cae0a57351b0d24fbf6f0a5d34f72ba6865ced248abeac0799b53d0da");
    }

    #[test]
    fn points_that_single_precision_would_merge_are_told_apart() {
        let metres = |last: f64| vec![[388_095.135, 3_948_995.517], [388_095.136, 3_948_995.518], [388_095.5, last]];
        let (one, other) = (set(metres(3_948_995.51)), set(metres(3_948_995.52)));
        assert_eq!(one.single_digest(), other.single_digest());
        assert_ne!(one.digest(), other.digest());
        // What single precision holds exactly has the digest that it always had, wherever it lies.
        let whole = set(vec![[4_000_000.25, 1.0], [4_000_000.5, 1.0]]);
        assert_eq!(whole.digest(), whole.single_digest());
    }
}
