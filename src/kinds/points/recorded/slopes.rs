//! How steep the score is: float32 [frames, 3, points], the norm of its gradient at the first training, held-out and
//! generated points (or packs of them), by the networks' units. It is what a gradient penalty sees: WGAN-GP wants 1.

use super::{Layer, Scope, Sight, single};
use crate::engine::EngineError;

pub(super) static LAYER: Layer = Layer {
    file: "slopes.npy",
    shape: |scope: &Scope| vec![3, (scope.pushed / scope.pack) as u64],
    precision: single,
    take,
};

#[allow(clippy::unnecessary_wraps, reason = "of the same form as all others")]
fn take(sight: &mut Sight<'_>) -> Result<Vec<f64>, EngineError> {
    let norm = |gradient: Vec<f64>| gradient.iter().map(|x| x * x).sum::<f64>().sqrt();
    Ok(sight.gradients().into_iter().flatten().map(norm).collect())
}
