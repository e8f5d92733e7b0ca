//! `floor.json`: what the metrics that follow a run would be for a perfect generator.

use serde::{Deserialize, Serialize};

use super::{FLOOR, RunDir, RunError};
use crate::files;
use crate::metric::Spread;

/// The metrics of training points against the held-out ones, over draws.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Floor {
    /// Points in each set.
    pub points: usize,
    /// Draws.
    pub draws: usize,
    /// The sliced W2 distance.
    pub sliced_w2: Spread,
    /// The coverage.
    pub coverage: Spread,
}

/// None for a run that measured nothing.
pub(super) fn read(run: &RunDir) -> Result<Option<Floor>, RunError> {
    if !run.file(FLOOR).exists() {
        return Ok(None);
    }
    let text = run.read_text(FLOOR)?;
    serde_json::from_str(&text).map(Some).map_err(|error| run.malformed(FLOOR, error.to_string()))
}

pub(super) fn write(run: &RunDir, floor: &Floor) -> Result<(), RunError> {
    let text = serde_json::to_string_pretty(floor).map_err(|error| run.malformed(FLOOR, error.to_string()))?;
    Ok(files::write(&run.file(FLOOR), (text + "\n").as_bytes())?)
}
