//! The forces on generated points: minus the gradient of the generator's loss by a point, times the batch, so that each is
//! the point's own. float32 [frames, points, 2] for the first points of the frame, in the networks' units: there the
//! generator's output is what the gradient moves. Where the rule compares scores the real ones are training points'.

use super::{Layer, Scope, Sight, single};
use crate::engine::EngineError;

pub(super) static LAYER: Layer =
    Layer { file: "forces.npy", shape: |scope: &Scope| vec![scope.pushed as u64, 2], precision: single, take };

fn take(sight: &mut Sight<'_>) -> Result<Vec<f64>, EngineError> {
    let packs = sight.scope.pushed / sight.scope.pack;
    let [real, _, fake] =
        sight.scores()?.map(|scores| scores.into_iter().take(packs).map(f64::from).collect::<Vec<f64>>());
    let mut slopes = vec![0.0; packs];
    sight.config.game().generator(&real, &fake, &mut slopes);
    let [_, _, gradients] = sight.gradients();
    let pushed =
        gradients.into_iter().zip(slopes).flat_map(|(gradient, slope)| gradient.into_iter().map(move |x| -slope * x));
    Ok(pushed.collect())
}
