//! Directions in the forms that other programs read. [`Directions::read`] takes each of them back.

use std::path::Path;

use super::{Directions, SefaError};
use crate::checkpoint::{self, NamedTensor, TorchValue, torch_file};
use crate::data::npy::{self, Precision};

/// A form of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectionsForm {
    /// float32 `[n, dim]`, a direction a row.
    Npy,
    /// What rosinality's `closed_form_factorization.py` writes: `ckpt`, a name, and `eigvec`, float32 `[dim, n]`, a direction a
    /// column.
    Factor,
    /// `directions` in float64, `eigenvalues` where they are known, and what the directions are of as metadata.
    Safetensors,
}

impl DirectionsForm {
    /// What a path's ending says; None without an ending that is known.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "npy" => Some(Self::Npy),
            "pt" | "pth" => Some(Self::Factor),
            "safetensors" => Some(Self::Safetensors),
            _ => None,
        }
    }
}

/// What directions are of, for people and programs: the model by name and content, the space they are steps in, and how they were
/// found. `rows` are the rows of w that they move; None for z.
pub fn origin(model: &str, sha256: &str, rows: Option<&[usize]>, normalised_units: bool) -> serde_json::Value {
    serde_json::json!({
        "model": model,
        "checkpoint_sha256": sha256,
        "space": if rows.is_some() { "w" } else { "z" },
        "layers": rows.unwrap_or_default(),
        "normalised_units": normalised_units,
    })
}

impl Directions {
    /// The directions as a file's bytes. `model` is the name in a factor file, `note` the metadata of a safetensors file.
    ///
    /// # Errors
    /// Numbers that the form cannot hold.
    pub fn encode(&self, form: DirectionsForm, model: &str, note: Option<String>) -> Result<Vec<u8>, SefaError> {
        let (n, dim) = (self.len(), self.latent_dim);
        match form {
            DirectionsForm::Npy => Ok(npy::encode(Precision::Single, &[n as u64, dim as u64], &self.vectors)),
            DirectionsForm::Factor => {
                let column = |i: usize| (0..n).map(move |k| self.vectors[k * dim + i] as f32);
                let values: Vec<f32> = (0..dim).flat_map(column).collect();
                let eigvec = TorchValue::Tensor { shape: &[dim, n], values: &values };
                torch_file("factor", &[("ckpt", TorchValue::Text(model)), ("eigvec", eigvec)])
                    .map_err(|reason| SefaError::Factor { reason })
            }
            DirectionsForm::Safetensors => {
                let mut tensors = vec![NamedTensor::f64("directions", vec![n, dim], self.vectors.clone())];
                if self.eigenvalues.len() == n {
                    tensors.push(NamedTensor::f64("eigenvalues", vec![n], self.eigenvalues.clone()));
                }
                Ok(checkpoint::encode(Path::new("directions.safetensors"), &tensors, note)?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_back() {
        let directions =
            Directions { latent_dim: 3, vectors: vec![0.6, 0.0, -0.8, 0.0, 1.0, 0.0], eigenvalues: vec![2.5, 0.5] };
        let dir = tempfile::tempdir().unwrap();
        for ending in ["npy", "pt", "safetensors"] {
            let path = dir.path().join("directions").with_extension(ending);
            let form = DirectionsForm::of(&path).unwrap();
            fs_err::write(&path, directions.encode(form, "m", Some("{}".to_owned())).unwrap()).unwrap();
            let (read, _) = Directions::read(&path, 3).unwrap();
            for (got, expected) in read.vectors.iter().zip(&directions.vectors) {
                assert!((got - expected).abs() < 1e-7, "{ending}");
            }
            let known = if form == DirectionsForm::Safetensors { 2 } else { 0 };
            assert_eq!((read.len(), read.eigenvalues.len()), (2, known), "{ending}");
        }
        assert_eq!(DirectionsForm::of(Path::new("directions.csv")), None);
    }

    #[test]
    fn a_factor_file_has_directions_in_columns() {
        let directions = Directions { latent_dim: 2, vectors: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], eigenvalues: vec![] };
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("factor.pt");
        fs_err::write(&path, directions.encode(DirectionsForm::Factor, "a.pt", None).unwrap()).unwrap();
        let source = checkpoint::Source::open(&path).unwrap();
        assert_eq!(source.tensor("eigvec").unwrap().shape, [2, 3]);
        assert_eq!(source.read("eigvec").unwrap().unwrap(), [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
    }
}
