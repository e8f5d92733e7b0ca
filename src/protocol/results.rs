//! What was measured, a line for each method, seed and mark, in a file that only grows.
//!
//! A line has a digest of all that its numbers follow from: the config with its seed, the law and how points of it are drawn, the
//! measure and the mark. One of other settings stays in the file and is not used.

use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Measure, Protocol, ProtocolError, Scores, Source};
use crate::config::{Config as _, RunConfig};
use crate::digest::digest;
use crate::files;

/// The file's name.
const RESULTS: &str = "results.jsonl";

/// A measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The method's name.
    pub method: String,
    /// The seed.
    pub seed: u64,
    /// The published mark.
    pub mark: u64,
    /// After how many iterations this was measured: the mark, or a fraction of it.
    pub iterations: u64,
    /// The numbers.
    #[serde(flatten)]
    pub scores: Scores,
    /// The iteration in which the training diverged, if it did.
    pub diverged: Option<u64>,
    /// The digest of what it follows from.
    pub digest: String,
}

/// The digest of all that a measurement follows from.
pub(super) fn settings_digest(protocol: &Protocol, config: &RunConfig, mark: u64, iterations: u64) -> String {
    let mut all = json!({
        "config": config.to_json(), "law": protocol.law.key(), "measure": protocol.measure, "mark": mark,
        "iterations": iterations,
    });
    if protocol.source != Source::Fresh {
        all["source"] = format!("{:?}", protocol.source).into();
    }
    digest(all.to_string().as_bytes())
}

/// A file of results.
#[derive(Debug)]
pub struct Results {
    path: PathBuf,
    lines: Vec<Line>,
}

impl Results {
    /// The results in a folder, which need not be there. A last line that was cut off is taken away.
    pub fn open(folder: &Path) -> Result<Self, ProtocolError> {
        let path = folder.join(RESULTS);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            other => other?,
        };
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let read = |(i, line): (usize, &str)| {
            let not = |error: serde_json::Error| ProtocolError::NotAResult {
                path: path.clone(),
                line: i + 1,
                reason: error.to_string(),
            };
            serde_json::from_str(line).map_err(not)
        };
        let lines = text[..whole].lines().enumerate().map(read).collect::<Result<_, _>>()?;
        if whole < text.len() {
            // Without one whole line it was perhaps never ours.
            if whole == 0 && !text.starts_with('{') {
                read((0, &text))?;
            }
            files::write(&path, &text.as_bytes()[..whole])?;
        }
        Ok(Self { path, lines })
    }

    /// Where they are.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder that holds them, and pictures.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The measurement that follows from these settings, with all numbers of a measure.
    pub fn find(&self, digest: &str, measure: &Measure) -> Option<&Line> {
        self.lines.iter().find(|line| line.digest == digest && measure.is_in(&line.scores))
    }

    /// Adds one, which is on the disk then.
    pub(super) fn add(&mut self, line: Line) -> Result<(), ProtocolError> {
        if self.lines.is_empty() {
            fs::create_dir_all(self.folder())?;
        }
        // Our own numbers and words always become JSON.
        let text = json!(line).to_string() + "\n";
        files::append(&self.path, text.as_bytes())?;
        self.lines.push(line);
        Ok(())
    }
}
