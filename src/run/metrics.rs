//! `metrics.jsonl`: what each epoch came to, one JSON object a line.

use std::io::Write as _;

use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::{METRICS, RunDir, RunError};
use crate::files;

/// What an epoch came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The epoch, from 1.
    pub epoch: u64,
    /// Iterations since the run began.
    pub iteration: u64,
    /// The discriminator's mean loss over the epoch.
    pub d_loss: f64,
    /// The generator's mean loss over the epoch.
    pub g_loss: f64,
    /// The frame's sliced W2 distance from the held-out points, where it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sliced_w2: Option<f64>,
    /// Its coverage of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<f64>,
    /// Seconds of training since the run began, its interruptions not counted.
    pub seconds: f64,
}

pub(super) fn read(run: &RunDir) -> Result<Vec<EpochRecord>, RunError> {
    let text = run.read_text(METRICS)?;
    // A line without its end is one that is being written, or whose writer was killed.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let lines = whole.lines().enumerate();
    let parsed = lines.map(|(i, line)| {
        serde_json::from_str(line).map_err(|error| run.malformed(METRICS, format!("line {}: {error}", i + 1)))
    });
    parsed.collect()
}

pub(super) fn append(run: &RunDir, record: &EpochRecord) -> Result<(), RunError> {
    let line = to_line(run, record)?;
    let mut file = fs::OpenOptions::new().append(true).open(run.file(METRICS))?;
    // One write, so that a line is there whole or not at all while the process lives.
    file.write_all(line.as_bytes())?;
    Ok(())
}

/// Writes the file anew, with these records.
pub(super) fn rewrite(run: &RunDir, records: &[EpochRecord]) -> Result<(), RunError> {
    let lines = records.iter().map(|record| to_line(run, record)).collect::<Result<String, _>>()?;
    Ok(files::write(&run.file(METRICS), lines.as_bytes())?)
}

fn to_line(run: &RunDir, record: &EpochRecord) -> Result<String, RunError> {
    let json = serde_json::to_string(record).map_err(|error| run.malformed(METRICS, error.to_string()))?;
    Ok(json + "\n")
}
