//! The discriminator's field: its raw score, a logit for a GAN, a critic's value otherwise, on a grid of points over the
//! axes. float32 [frames, 64, 64]; a number is that at its cell's centre, the first row is the lowest, the first column the
//! leftmost.

use super::{Extent, Layer, Scope, Sight, single};
use crate::data::Point;
use crate::engine::EngineError;

/// Cells along each axis.
pub const SIDE: usize = 64;

pub(super) static LAYER: Layer =
    Layer { file: "field.npy", shape: |_: &Scope| vec![SIDE as u64; 2], precision: single, take };

fn take(sight: &mut Sight<'_>) -> Result<Vec<f64>, EngineError> {
    let units = sight.units;
    let points: Vec<_> = cells(sight.scope.extent).map(|point| units.inward(point)).collect();
    Ok(sight.engine.score(&points)?.into_iter().map(f64::from).collect())
}

/// The centres of the cells over a part of the plane, row by row from the lowest.
pub fn cells(extent: Extent) -> impl Iterator<Item = Point> {
    let centre = |[low, high]: [f64; 2], i: usize| low + (high - low) * (i as f64 + 0.5) / SIDE as f64;
    (0..SIDE).flat_map(move |row| (0..SIDE).map(move |column| [centre(extent.x, column), centre(extent.y, row)]))
}
