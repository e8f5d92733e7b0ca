//! The scores of points: float32 [frames, 3, points], the discriminator's raw scores of the first training, held-out and
//! generated points, in this order; with packs of points, the scores of packs.

use super::{Layer, Scope, Sight, single};
use crate::engine::EngineError;

pub(super) static LAYER: Layer = Layer {
    file: "scores.npy",
    shape: |scope: &Scope| vec![3, (scope.scored / scope.pack) as u64],
    precision: single,
    take,
};

fn take(sight: &mut Sight<'_>) -> Result<Vec<f64>, EngineError> {
    Ok(sight.scores()?.into_iter().flatten().map(f64::from).collect())
}
