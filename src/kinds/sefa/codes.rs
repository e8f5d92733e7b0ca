//! Where latent codes z come from: a seed in PyTorch's numbering or in NumPy's, or a file.

use std::path::Path;

use fs_err as fs;

use super::SefaError;
use crate::config::{SefaCodes, SefaConfig, SefaRng};
use crate::data::npy;
use crate::rng::{RandomState, torch_normals};
use crate::synthesis::pixel_norm;

/// A file of codes that is larger than this is refused.
const LARGEST_FILE: u64 = 1 << 30;

/// Latent codes, one after another, with what people call them.
#[derive(Clone, Debug, PartialEq)]
pub struct Codes {
    /// Numbers in a code.
    pub latent_dim: usize,
    /// The codes, `[n, latent_dim]`.
    pub rows: Vec<f32>,
    /// For each code where it came from: its seed, or its row in a file.
    pub labels: Vec<String>,
}

impl Codes {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// One of them.
    pub fn code(&self, index: usize) -> &[f32] {
        &self.rows[index * self.latent_dim..][..self.latent_dim]
    }

    /// The codes of a job's samples, from where its config says, as they are edited.
    ///
    /// # Errors
    /// As [`Self::of_seed`] and [`Self::read`]; a file of fewer codes than there are to be samples.
    pub fn of_config(config: &SefaConfig, latent_dim: usize) -> Result<Self, SefaError> {
        let codes = match &config.codes_file {
            None => Self::of_seed(config.rng.unwrap_or_default(), config.seed, config.samples, latent_dim)?,
            Some(path) => {
                let mut codes = Self::read(path, latent_dim)?;
                if codes.len() < config.samples {
                    let reason =
                        format!("it holds {} codes, and {} samples are asked for", codes.len(), config.samples);
                    return Err(SefaError::Codes { path: path.clone(), reason });
                }
                codes.labels.truncate(config.samples);
                codes.rows.truncate(config.samples * latent_dim);
                codes
            }
        };
        Ok(codes.scaled(config.codes))
    }

    /// `n` codes of a seed, as whoever has the numbers draws several.
    ///
    /// PyTorch's are the lab's and genforce's: `torch.manual_seed(seed)`, then `torch.randn(n, latent_dim)` on the CPU, so that a
    /// published picture of "seed 0" shows the same. NumPy's are those of NVIDIA's tools: `RandomState(s).randn(1, latent_dim)`
    /// for s = seed, seed + 1, …, one code each.
    ///
    /// # Errors
    /// A seed that NumPy does not take.
    pub fn of_seed(rng: SefaRng, seed: u64, n: usize, latent_dim: usize) -> Result<Self, SefaError> {
        match rng {
            SefaRng::Numpy => {
                let seeds: Vec<u64> = (0..n as u64).map(|i| seed.saturating_add(i)).collect();
                Self::of_seeds(rng, &seeds, latent_dim)
            }
            SefaRng::Torch => {
                let labels = if n == 1 {
                    vec![format!("seed {seed}")]
                } else {
                    (0..n).map(|i| format!("seed {seed} no. {i}")).collect()
                };
                Ok(Self { latent_dim, rows: torch_normals(seed, n * latent_dim), labels })
            }
        }
    }

    /// The first code of each of these seeds.
    ///
    /// # Errors
    /// As [`Self::of_seed`].
    pub fn of_seeds(rng: SefaRng, seeds: &[u64], latent_dim: usize) -> Result<Self, SefaError> {
        let mut rows = Vec::with_capacity(seeds.len() * latent_dim);
        for &seed in seeds {
            match rng {
                SefaRng::Torch => rows.extend(torch_normals(seed, latent_dim)),
                SefaRng::Numpy => {
                    let seed = u32::try_from(seed).map_err(|_| SefaError::NumpySeed { seed })?;
                    rows.extend(RandomState::new(seed).normals(latent_dim));
                }
            }
        }
        Ok(Self { latent_dim, rows, labels: seeds.iter().map(|seed| format!("seed {seed}")).collect() })
    }

    /// The codes in an npy file of floating-point numbers: `[n, latent_dim]`, or `[latent_dim]` for one.
    ///
    /// # Errors
    /// A file that cannot be read, codes of another length, no code, a number that is not finite in single precision.
    pub fn read(path: &Path, latent_dim: usize) -> Result<Self, SefaError> {
        let wrong = |reason: String| SefaError::Codes { path: path.to_owned(), reason };
        let size = fs::metadata(path)?.len();
        if size > LARGEST_FILE {
            return Err(wrong(format!("it has {size} bytes; codes are read from files of 1 GiB at most")));
        }
        Self::of_bytes(path, &fs::read(path)?, latent_dim)
    }

    /// The same of a file's bytes; `path` is for messages.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn of_bytes(path: &Path, bytes: &[u8], latent_dim: usize) -> Result<Self, SefaError> {
        let wrong = |reason: String| SefaError::Codes { path: path.to_owned(), reason };
        let npy::Array { shape, values, .. } =
            npy::floats(bytes).map_err(|error| wrong(format!("codes z come as an npy file, but {error}")))?;
        let n = match shape[..] {
            [dim] if dim == latent_dim as u64 => 1,
            [n, dim] if dim == latent_dim as u64 && n > 0 => n as usize,
            [_, _, _] => {
                return Err(wrong(format!(
                    "its shape is {shape:?}: rows of w, it seems; this takes codes z, of shape [n, {latent_dim}]"
                )));
            }
            _ => {
                return Err(wrong(format!(
                    "its shape is {shape:?}; this model's codes z have the shape [n, {latent_dim}]"
                )));
            }
        };
        let rows: Vec<f32> = values.iter().map(|&value| value as f32).collect();
        if let Some(at) = rows.iter().position(|value| !value.is_finite()) {
            let (row, column, value) = (at / latent_dim, at % latent_dim, values[at]);
            return Err(wrong(format!(
                "row {row}, column {column} (counted from 0) is {value:e}, not a finite float32"
            )));
        }
        Ok(Self { latent_dim, rows, labels: (0..n).map(|row| format!("row {row}")).collect() })
    }

    /// The codes as they are edited: as drawn, or scaled to length sqrt(latent_dim), as genforce's own script does first.
    #[must_use]
    pub fn scaled(mut self, how: SefaCodes) -> Self {
        if how == SefaCodes::AsDrawn {
            return self;
        }
        for code in self.rows.chunks_exact_mut(self.latent_dim) {
            code.copy_from_slice(&pixel_norm(code));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use npy::Precision;

    #[test]
    fn numpys_codes_have_a_seed_each_and_torchs_one_together() {
        let numpy = Codes::of_seed(SefaRng::Numpy, 84, 3, 64).unwrap();
        assert_eq!(numpy.labels, ["seed 84", "seed 85", "seed 86"]);
        assert_eq!(numpy.code(1)[..2], [0.176_850_72, 2.377_754_1]);
        assert_eq!(numpy, Codes::of_seeds(SefaRng::Numpy, &[84, 85, 86], 64).unwrap());
        let torch = Codes::of_seed(SefaRng::Torch, 7, 2, 64).unwrap();
        assert_eq!(torch.labels, ["seed 7 no. 0", "seed 7 no. 1"]);
        let single = Codes::of_seeds(SefaRng::Torch, &[8, 7], 64).unwrap();
        assert_eq!((single.code(1), &single.labels[1][..]), (torch.code(0), "seed 7"));
        let message = Codes::of_seed(SefaRng::Numpy, u64::from(u32::MAX), 2, 4).unwrap_err().to_string();
        assert!(message.contains("seed 4294967296") && message.contains("NumPy"), "{message}");
    }

    #[test]
    fn a_job_takes_the_first_codes_of_its_file_and_no_more_than_there_are() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("z.npy");
        fs::write(&path, npy::encode(Precision::Single, &[3, 2], &[3.0, 4.0, 5.0, 6.0, 7.0, 8.0])).unwrap();
        let config = SefaConfig { samples: 2, codes_file: Some(path), ..SefaConfig::default() };
        let codes = Codes::of_config(&config, 2).unwrap();
        assert_eq!(
            (codes.rows, codes.labels),
            (vec![3.0, 4.0, 5.0, 6.0], vec!["row 0".to_owned(), "row 1".to_owned()])
        );
        let scaled = Codes::of_config(&SefaConfig { codes: SefaCodes::UnitMeanSquare, ..config.clone() }, 2).unwrap();
        // 3 and 4 have a mean square of 12.5.
        assert!((scaled.rows[0] - 3.0 / 12.5_f32.sqrt()).abs() < 1e-6);
        let message = Codes::of_config(&SefaConfig { samples: 4, ..config }, 2).unwrap_err().to_string();
        assert!(message.contains("holds 3 codes, and 4 samples"), "{message}");
    }

    #[test]
    fn scaled_codes_have_length_root_of_their_dimension() {
        let codes = Codes::of_seed(SefaRng::Torch, 3, 2, 64).unwrap().scaled(SefaCodes::UnitMeanSquare);
        for i in 0..2 {
            let length = codes.code(i).iter().map(|x| x * x).sum::<f32>().sqrt();
            assert!((length - 8.0).abs() < 1e-3);
        }
    }

    #[test]
    fn files_hold_codes_or_are_refused_with_the_reason() {
        let path = Path::new("codes.npy");
        let read =
            |shape: &[u64], values: &[f64]| Codes::of_bytes(path, &npy::encode(Precision::Double, shape, values), 3);
        let values = [0.5, -1.0, 2.0, 0.1, 0.2, 0.3];
        let codes = read(&[2, 3], &values).unwrap();
        assert_eq!(
            (codes.rows, codes.labels),
            (values.map(|x| x as f32).to_vec(), vec!["row 0".into(), "row 1".into()])
        );
        assert_eq!(read(&[3], &values[..3]).unwrap().labels, ["row 0"]);
        let infinite = [0.5, -1.0, 2.0, 0.1, 1e300, 0.3];
        for (bytes, needle) in [
            (
                npy::encode(Precision::Single, &[3, 2], &values),
                "shape is [3, 2]; this model's codes z have the shape [n, 3]",
            ),
            (npy::encode(Precision::Single, &[1, 2, 3], &values), "rows of w"),
            (npy::encode(Precision::Single, &[0, 3], &[]), "shape is [0, 3]"),
            (npy::encode(Precision::Single, &[], &[1.0]), "shape is []"),
            (npy::encode(Precision::Double, &[2, 3], &infinite), "row 1, column 1 (counted from 0) is 1e300"),
            (npy::encode(Precision::Single, &[3], &[0.0, f64::NAN, 0.0]), "row 0, column 1 (counted from 0) is NaN"),
            (npy::encode(Precision::Single, &[2, 3], &values)[..140].to_vec(), "more than the file holds"),
            (b"PK\x03\x04".to_vec(), "npy"),
            (Vec::new(), "npy"),
        ] {
            let message = Codes::of_bytes(path, &bytes, 3).unwrap_err().to_string();
            assert!(message.starts_with("codes.npy: ") && message.contains(needle), "{message}");
        }
        assert!(Codes::read(Path::new("none/codes.npy"), 3).unwrap_err().to_string().contains("none/codes.npy"));
    }
}
