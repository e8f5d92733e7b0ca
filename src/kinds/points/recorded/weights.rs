//! The discriminator's parameters: float32 [frames, 101], their percentiles from the least to the largest. Under weight
//! clipping those at its ends are the clip.

use super::{Layer, Scope, Sight, single};
use crate::engine::EngineError;

/// From 0 to 100.
pub const PERCENTILES: usize = 101;

pub(super) static LAYER: Layer =
    Layer { file: "weights.npy", shape: |_: &Scope| vec![PERCENTILES as u64], precision: single, take };

#[allow(clippy::unnecessary_wraps, reason = "of the same form as all others")]
fn take(sight: &mut Sight<'_>) -> Result<Vec<f64>, EngineError> {
    Ok(percentiles(&sight.state.discriminator.parameters))
}

/// Between two parameters along a line, as NumPy's default has it.
fn percentiles(parameters: &[f32]) -> Vec<f64> {
    let mut sorted: Vec<f64> = parameters.iter().copied().map(f64::from).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return vec![0.0; PERCENTILES] };
    let at = |i: usize| {
        let place = last as f64 * i as f64 / (PERCENTILES - 1) as f64;
        let (below, part) = (place.floor() as usize, place.fract());
        let above = (below + 1).min(last);
        sorted[below] + part * (sorted[above] - sorted[below])
    };
    (0..PERCENTILES).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_numpys() {
        // numpy.percentile([3, -1, 4, 1, -5, 9], [0, 10, 50, 90, 100]).
        let found = percentiles(&[3.0, -1.0, 4.0, 1.0, -5.0, 9.0]);
        for (percent, expected) in [(0, -5.0), (10, -3.0), (50, 2.0), (90, 6.5), (100, 9.0)] {
            assert!((found[percent] - expected).abs() < 1e-12, "{percent}: {}", found[percent]);
        }
        assert_eq!(percentiles(&[2.0]), vec![2.0; PERCENTILES]);
    }
}
