//! Directions that somebody else found: in an npy file, a factor file of rosinality's, or a job's own `directions.safetensors`.
//!
//! | file | directions |
//! |---|---|
//! | npy | rows, `[k, dim]`, or `[dim]` for one |
//! | safetensors with a tensor `directions` | rows; `eigenvalues` beside them, where they are there |
//! | PyTorch with a tensor `eigvec` (rosinality's closed_form_factorization.py) | columns, `[dim, k]` |
//!
//! Distances are lengths, so every direction is brought to length 1; its sign stays.

use std::path::Path;

use fs_err as fs;

use super::{Directions, SefaError};
use crate::checkpoint::{self, NamedTensor, Numbers, Source};
use crate::data::npy;

/// A file of directions that is larger than this is refused.
const LARGEST_FILE: u64 = 1 << 30;
/// A length that differs from 1 by less is what rounding leaves.
const ROUNDING: f64 = 1e-4;

/// What a file said.
struct Found {
    /// Directions, one after another.
    vectors: Vec<f64>,
    eigenvalues: Vec<f64>,
}

impl Directions {
    /// Reads directions of `dim` numbers each from a file; its content says of which kind it is. The second value is what a
    /// person should know of how they were taken.
    ///
    /// # Errors
    /// A file that cannot be read or holds no directions, directions of another length, one that is 0 or not finite.
    pub fn read(path: &Path, dim: usize) -> Result<(Self, Vec<String>), SefaError> {
        let wrong = |reason: String| SefaError::DirectionsFile { path: path.to_owned(), reason };
        let size = fs::metadata(path)?.len();
        if size > LARGEST_FILE {
            return Err(wrong(format!("it has {size} bytes; directions are read from files of 1 GiB at most")));
        }
        let bytes = fs::read(path)?;
        let found = if bytes.starts_with(b"\x93NUMPY") {
            of_npy(&bytes, dim).map_err(wrong)?
        } else {
            drop(bytes);
            of_tensors(path, dim)?
        };
        let Found { mut vectors, eigenvalues } = found;
        let mut lengths = (f64::INFINITY, 0.0_f64);
        for (i, vector) in vectors.chunks_exact_mut(dim).enumerate() {
            let length = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
            if !length.is_finite() || length == 0.0 {
                let what = if length == 0.0 { "is 0 everywhere" } else { "has numbers that are not finite" };
                return Err(wrong(format!("direction {i} (counted from 0) {what}")));
            }
            lengths = (lengths.0.min(length), lengths.1.max(length));
            if (length - 1.0).abs() > ROUNDING {
                for x in vector {
                    *x /= length;
                }
            }
        }
        let mut notes = Vec::new();
        if (lengths.0 - 1.0).abs() > ROUNDING || (lengths.1 - 1.0).abs() > ROUNDING {
            let [low, high] = [lengths.0, lengths.1].map(|length| crate::figures::significant(length, 3));
            notes.push(format!(
                "the directions in {} have lengths from {low} to {high}; each is brought to length 1",
                path.display()
            ));
        }
        Ok((Self { latent_dim: dim, vectors, eigenvalues }, notes))
    }
}

fn of_npy(bytes: &[u8], dim: usize) -> Result<Found, String> {
    let npy::Array { shape, values, .. } = npy::floats(bytes).map_err(|error| error.to_string())?;
    let shape: Vec<usize> = shape.iter().map(|&n| usize::try_from(n).unwrap_or(usize::MAX)).collect();
    match shape[..] {
        [n] | [_, n] if n == dim && !values.is_empty() => Ok(Found { vectors: values, eigenvalues: Vec::new() }),
        [n, _] if n == dim => Err(format!(
            "its shape is {shape:?}: directions in columns, it seems; save the transposed array, [k, {dim}]"
        )),
        _ => Err(other_shape(&shape, dim)),
    }
}

fn of_tensors(path: &Path, dim: usize) -> Result<Found, SefaError> {
    let wrong = |reason: String| SefaError::DirectionsFile { path: path.to_owned(), reason };
    let source = Source::open(path)?;
    if let Some(info) = source.tensor("eigvec") {
        let [rows, columns] = info.shape[..] else { return Err(wrong(other_shape(&info.shape, dim))) };
        if rows != dim || columns == 0 {
            return Err(wrong(format!("its eigvec is {:?}; this model's would be [{dim}, k]", info.shape)));
        }
        let values = source.read("eigvec")?.unwrap_or_default();
        let column = |k: usize| values.iter().skip(k).step_by(columns).map(|&x| f64::from(x));
        return Ok(Found { vectors: (0..columns).flat_map(column).collect(), eigenvalues: Vec::new() });
    }
    let Some(info) = source.tensor("directions") else {
        let names: Vec<&str> = source.tensors().iter().take(6).map(|tensor| tensor.name.as_str()).collect();
        return Err(wrong(format!(
            "it has no tensor 'eigvec' or 'directions'{}",
            if names.is_empty() { String::new() } else { format!("; it holds {}", names.join(", ")) }
        )));
    };
    let [count, length] = info.shape[..] else { return Err(wrong(other_shape(&info.shape, dim))) };
    if length != dim || count == 0 {
        return Err(wrong(other_shape(&info.shape, dim)));
    }
    let numbers = |name: &str| -> Result<Vec<f64>, SefaError> {
        // A job's own file has double precision, which is kept.
        if source.format() == "safetensors" {
            let tensors = checkpoint::load(path)?.tensors;
            if let Ok(NamedTensor { numbers: Numbers::F64(values), .. }) = NamedTensor::find(&tensors, name) {
                return Ok(values.clone());
            }
        }
        Ok(source.read(name)?.unwrap_or_default().into_iter().map(f64::from).collect())
    };
    let eigenvalues = match source.tensor("eigenvalues") {
        Some(info) if info.shape == [count] => numbers("eigenvalues")?,
        _ => Vec::new(),
    };
    Ok(Found { vectors: numbers("directions")?, eigenvalues })
}

fn other_shape(shape: &[usize], dim: usize) -> String {
    format!("its shape is {shape:?}; this model's directions have the shape [k, {dim}]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{TorchValue, torch_file};
    use npy::Precision;

    fn fixture(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/directions").join(name)
    }

    fn written(bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("directions");
        fs::write(&path, bytes).unwrap();
        (dir, path)
    }

    fn refusal(bytes: &[u8]) -> String {
        let (_dir, path) = written(bytes);
        Directions::read(&path, 3).unwrap_err().to_string()
    }

    #[test]
    fn rows_of_an_npy_file_are_directions_of_length_1() {
        let rows = [3.0, 0.0, -4.0, 0.0, 0.6, 0.8];
        let (_dir, path) = written(&npy::encode(Precision::Double, &[2, 3], &rows));
        let (directions, notes) = Directions::read(&path, 3).unwrap();
        assert_eq!(directions.vectors, [0.6, 0.0, -0.8, 0.0, 0.6, 0.8]);
        assert_eq!((directions.len(), directions.eigenvalues.len()), (2, 0));
        assert!(notes[0].contains("1.00 to 5.00"), "{notes:?}");
        let (_dir, path) = written(&npy::encode(Precision::Single, &[3], &rows[3..]));
        let (directions, notes) = Directions::read(&path, 3).unwrap();
        assert_eq!((directions.len(), directions.vector(0)[1], notes.len()), (1, f64::from(0.6_f32), 0));
    }

    #[test]
    fn a_factor_file_holds_directions_in_columns() {
        // As PyTorch saved it (scripts/code_fixtures.py): eigvec[i, k] = (3 i + k + 1) / 10, each column of length 1.
        for name in ["factor-zip.pt", "factor-legacy.pt"] {
            let (directions, notes) = Directions::read(&fixture(name), 4).unwrap();
            assert_eq!((directions.len(), notes.len()), (3, 0), "{name}");
            for k in 0..3 {
                let column: Vec<f64> = (0..4).map(|i| f64::from(3 * i + k + 1) / 10.0).collect();
                let length = column.iter().map(|x| x * x).sum::<f64>().sqrt();
                for (got, x) in directions.vector(k as usize).iter().zip(column) {
                    assert!((got - x / length).abs() < 1e-6, "{name}, direction {k}");
                }
            }
            let message = Directions::read(&fixture(name), 3).unwrap_err().to_string();
            assert!(message.contains("eigvec is [4, 3]") && message.contains("[3, k]"), "{message}");
        }
    }

    #[test]
    fn a_jobs_own_file_keeps_its_precision_and_its_eigenvalues() {
        let vectors = vec![0.6, 0.0, -0.8, 1.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0];
        let tensors = [
            NamedTensor::f64("directions", vec![2, 3], vectors.clone()),
            NamedTensor::f64("eigenvalues", vec![2], vec![2.5, 0.5]),
        ];
        let (_dir, path) = written(&checkpoint::encode(Path::new("d"), &tensors, None).unwrap());
        let (directions, _) = Directions::read(&path, 3).unwrap();
        assert_eq!(directions, Directions { latent_dim: 3, vectors, eigenvalues: vec![2.5, 0.5] });
    }

    #[test]
    fn what_holds_no_fitting_directions_is_refused_with_the_reason() {
        let npy = |shape: &[u64], values: &[f64]| npy::encode(Precision::Single, shape, values);
        for (bytes, needle) in [
            (npy(&[3, 2], &[1.0; 6]), "columns, it seems; save the transposed array, [k, 3]"),
            (npy(&[2, 4], &[1.0; 8]), "its shape is [2, 4]; this model's directions have the shape [k, 3]"),
            (npy(&[0, 3], &[]), "[0, 3]"),
            (npy(&[1, 1, 3], &[1.0; 3]), "[1, 1, 3]"),
            (npy(&[2, 3], &[1.0, 0.0, 0.0, 0.0, 0.0, 0.0]), "direction 1 (counted from 0) is 0 everywhere"),
            (npy(&[1, 3], &[1.0, f64::NAN, 0.0]), "direction 0 (counted from 0) has numbers that are not finite"),
            (torch_file("f", &[("weight", TorchValue::Tensor { shape: &[3], values: &[1.0; 3] })]).unwrap(), "weight"),
            (torch_file("f", &[("eigvec", TorchValue::Tensor { shape: &[3], values: &[1.0; 3] })]).unwrap(), "[3]"),
            (b"nothing".to_vec(), "directions"),
            (Vec::new(), "empty"),
        ] {
            let message = refusal(&bytes);
            assert!(message.contains(needle), "{message}, not {needle}");
        }
        assert!(Directions::read(Path::new("none.npy"), 3).unwrap_err().to_string().contains("none.npy"));
    }
}
