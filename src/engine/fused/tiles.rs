//! Layers in tiles: some of a layer's features with all that belongs to them.
//!
//! A task computes a tile or changes it, and reads others. Tiles lie behind locks that never make a task wait: phases
//! are such that nobody writes what somebody else reads.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::product::{End, Part, Start};
use crate::simd::LANES;

/// The first feature and the number of features of each tile of a layer: whole rows of lanes, `widest` at most, and
/// half of the layer, so that several threads have equal shares.
pub(super) fn tiles(width: usize, widest: usize) -> impl Iterator<Item = (usize, usize)> {
    let size = (width / 2).next_multiple_of(LANES).clamp(LANES, widest);
    (0..width).step_by(size).map(move |first| (first, size.min(width - first)))
}

/// How many tiles are read at once: sums of a product are put down after so many.
const TOGETHER: usize = 4;

/// Tiles of a layer that are read together, over which the sums of a product run without a break.
pub(super) struct Group<'a, X> {
    tiles: [Option<RwLockReadGuard<'a, X>>; TOGETHER],
    is_first: bool,
    is_last: bool,
}

/// All tiles of a layer, in groups.
pub(super) fn groups<X>(tiles: &[RwLock<X>]) -> impl Iterator<Item = Group<'_, X>> {
    let last = tiles.len().div_ceil(TOGETHER).saturating_sub(1);
    tiles.chunks(TOGETHER).enumerate().map(move |(i, tiles)| Group {
        tiles: std::array::from_fn(|i| tiles.get(i).map(read)),
        is_first: i == 0,
        is_last: i == last,
    })
}

impl<X> Group<'_, X> {
    pub(super) fn tiles(&self) -> impl Iterator<Item = &X> {
        self.tiles.iter().flatten().map(|tile| &**tile)
    }

    /// What each tile gives to a product.
    pub(super) fn parts<'a, T>(&'a self, part: impl Fn(&'a X) -> Part<'a, T>) -> [Part<'a, T>; TOGETHER] {
        self.tiles.each_ref().map(|tile| tile.as_ref().map_or(Part { a: &[], a_rows: 0, b: &[] }, |tile| part(tile)))
    }

    /// What this group's product begins with if all groups' begins with `start`.
    pub(super) fn start<'a, T>(&self, start: Start<'a, T>) -> Start<'a, T> {
        if self.is_first { start } else { Start::Kept }
    }

    /// What this group's product ends in if all groups' ends in `end`.
    pub(super) fn end<'a, T>(&self, end: End<'a, T>) -> End<'a, T> {
        if self.is_last { end } else { End::Sum }
    }
}

pub(super) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
