//! Layers in tiles: some of a layer's features with all that belongs to them.
//!
//! A task computes a tile or changes it, and reads others. Tiles lie behind locks that never make a task wait: phases
//! are such that nobody writes what somebody else reads.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::product::Part;
use super::simd::LANES;

/// How many features a tile has in a layer of this width, whole rows of lanes: enough that a task is worth its start,
/// few enough that several threads have equal shares.
pub(super) fn tile_size(width: usize) -> usize {
    (width / 2).next_multiple_of(LANES).clamp(LANES, 32)
}

/// The first feature and the number of features of each tile of a layer.
pub(super) fn tiles(width: usize) -> impl Iterator<Item = (usize, usize)> {
    let size = tile_size(width);
    (0..width).step_by(size).map(move |first| (first, size.min(width - first)))
}

/// How many tiles are read at once: sums of a product are put down after so many.
pub(super) const TOGETHER: usize = 4;

/// Tiles that are read together.
pub(super) type Together<'a, X> = [Option<RwLockReadGuard<'a, X>>; TOGETHER];

/// Tiles in groups that are read together.
pub(super) fn groups<X>(tiles: &[RwLock<X>]) -> impl Iterator<Item = Together<'_, X>> {
    tiles.chunks(TOGETHER).map(|tiles| std::array::from_fn(|i| tiles.get(i).map(read)))
}

/// What each tile of a group gives to a product.
pub(super) fn parts<'a, T, X>(
    group: &'a Together<'a, X>,
    part: impl Fn(&'a X) -> Part<'a, T>,
) -> [Part<'a, T>; TOGETHER] {
    group.each_ref().map(|tile| tile.as_ref().map_or(Part { a: &[], a_rows: 0, b: &[] }, |tile| part(tile)))
}

pub(super) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
