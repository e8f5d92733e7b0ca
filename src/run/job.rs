//! The directory of a SeFa job.
//!
//! | file | content |
//! |---|---|
//! | `job.json` | everything needed to repeat it |
//! | `directions.safetensors` | float64 `directions` [n, latent], largest eigenvalue first, and `eigenvalues` [n] |
//! | `eigenvalues.csv` | index, eigenvalue, share, label |
//! | `images/` | every image that was rendered, by sample, direction and step |
//! | `frames/frame<k>.png` | direction k: a row a sample, a column a distance |
//! | `<job>.mp4`, `<job>.gif` | a frame a distance: unedited, then each direction |
//! | `index.html` | a page with sliders |

use std::path::{Path, PathBuf};

use fs_err as fs;

use super::RunError;
use crate::checkpoint::{self, NamedTensor};
use crate::files;
use crate::sefa::Directions;

/// A job's directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobDir {
    path: PathBuf,
    name: String,
}

impl JobDir {
    /// The directory at `path`; the job is called as it is.
    pub fn new(path: PathBuf) -> Self {
        let name = path.file_name().map_or_else(|| "sefa".to_owned(), |name| name.to_string_lossy().into_owned());
        Self { path, name }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the job is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The page.
    pub fn page(&self) -> PathBuf {
        self.path.join("index.html")
    }

    /// The video, with this extension.
    pub fn video(&self, extension: &str) -> PathBuf {
        self.path.join(format!("{}.{extension}", self.name))
    }

    /// The picture of the direction in place `k`.
    pub fn frame(&self, k: usize) -> PathBuf {
        self.path.join("frames").join(format!("frame{k}.png"))
    }

    /// A rendered image: of a sample, unedited or at a step along a direction.
    pub fn image(&self, sample: usize, edit: Option<(usize, usize)>) -> PathBuf {
        let name = match edit {
            None => format!("sample{sample}.png"),
            Some((direction, step)) => format!("sample{sample}_semantic{direction}_step{step}.png"),
        };
        self.path.join("images").join(name)
    }

    /// What the job in this directory was, if there was one.
    pub fn description(&self) -> Result<Option<serde_json::Value>, RunError> {
        let path = self.path.join("job.json");
        if !path.is_file() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path)?;
        let parsed = serde_json::from_str(&text);
        parsed.map(Some).map_err(|error| RunError::Malformed { path, reason: error.to_string() })
    }

    /// Starts the job: takes off another job's images and pictures.
    pub fn start(&self, description: &serde_json::Value) -> Result<(), RunError> {
        for folder in ["images", "frames"] {
            if self.path.join(folder).is_dir() {
                fs::remove_dir_all(self.path.join(folder))?;
            }
        }
        for video in ["gif", "mp4"].map(|extension| self.video(extension)) {
            if video.is_file() {
                fs::remove_file(video)?;
            }
        }
        Ok(files::write(&self.path.join("job.json"), format!("{description:#}\n").as_bytes())?)
    }

    /// Writes the directions, and the table of their eigenvalues with labels.
    pub fn write_directions(&self, directions: &Directions, label: impl Fn(usize) -> String) -> Result<(), RunError> {
        let n = directions.len();
        let tensors = [
            NamedTensor::f64("directions", vec![n, directions.latent_dim], directions.vectors.clone()),
            NamedTensor::f64("eigenvalues", vec![n], directions.eigenvalues.clone()),
        ];
        checkpoint::save(&self.path.join("directions.safetensors"), &tensors, None)?;
        let mut table = csv::Writer::from_writer(Vec::new());
        let csv_error = |error: csv::Error| RunError::Malformed {
            path: self.path.join("eigenvalues.csv"),
            reason: error.to_string(),
        };
        table.write_record(["index", "eigenvalue", "share", "label"]).map_err(csv_error)?;
        for (i, (value, share)) in directions.eigenvalues.iter().zip(directions.shares()).enumerate() {
            table.write_record([i.to_string(), value.to_string(), share.to_string(), label(i)]).map_err(csv_error)?;
        }
        let bytes = table.into_inner().map_err(|error| csv_error(error.into_error().into()))?;
        Ok(files::write(&self.path.join("eigenvalues.csv"), &bytes)?)
    }
}
