//! Which points train and which are held out.

use super::{DataError, Point, PointSet};
use crate::rng::{Stream, Use};

/// Fewer held-out points than this say nothing about a distribution.
pub const LEAST_HELD_OUT: usize = 2;

/// A point set in two parts, chosen by chance once.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// The points that train, in the order in which the batches take them.
    pub train: Vec<Point>,
    /// The points that training never sees.
    pub held_out: Vec<Point>,
}

impl Split {
    /// Shuffles by the seed's `split` stream; the first `train_size` points train.
    pub fn new(set: &PointSet, train_size: usize, seed: u64) -> Result<Self, DataError> {
        if set.points.len() < train_size.saturating_add(LEAST_HELD_OUT) {
            let (path, found) = (set.path.clone(), set.points.len());
            return Err(DataError::TooFew { path, found, train_size, least: LEAST_HELD_OUT });
        }
        let mut train = set.points.clone();
        Stream::new(seed, Use::Split, 0).shuffle(&mut train);
        let held_out = train.split_off(train_size);
        Ok(Self { train, held_out })
    }

    /// The same split of points that are each mapped.
    #[must_use]
    pub fn map(&self, map: impl Fn(Point) -> Point) -> Self {
        let each = |points: &[Point]| points.iter().map(|&point| map(point)).collect();
        Self { train: each(&self.train), held_out: each(&self.held_out) }
    }

    /// How many of so many draws of `n` training points differ: draws of all there are would be one and the same, and say
    /// nothing of how draws differ.
    pub fn distinct_draws(&self, n: usize, draws: usize) -> usize {
        if n < self.train.len() { draws } else { draws.min(1) }
    }

    /// `n` of the training points, at most as many as there are, by chance: what stands for a perfect generator's. Each
    /// `draw` from 1 on gives others.
    pub fn training_sample(&self, seed: u64, draw: u64, n: usize) -> Vec<Point> {
        let mut order: Vec<usize> = (0..self.train.len()).collect();
        // Part 0 of the stream is the split itself.
        Stream::new(seed, Use::Split, draw).shuffle(&mut order);
        order.into_iter().take(n).map(|i| self.train[i]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(n: usize) -> PointSet {
        PointSet {
            path: "p.mat".into(),
            points: (0..n).map(|i| [i as f64, 0.0]).collect(),
            labels: None,
            taken: crate::data::Taken::default(),
        }
    }

    #[test]
    fn every_point_is_in_one_part_and_the_seed_decides_which() {
        let split = Split::new(&set(100), 70, 3).unwrap();
        assert_eq!((split.train.len(), split.held_out.len()), (70, 30));
        let mut all: Vec<_> = split.train.iter().chain(&split.held_out).map(|p| p[0] as usize).collect();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        assert_eq!(split, Split::new(&set(100), 70, 3).unwrap());
        assert_ne!(split, Split::new(&set(100), 70, 4).unwrap());
    }

    #[test]
    fn too_few_points_are_refused_with_the_numbers() {
        let message = Split::new(&set(71), 70, 0).unwrap_err().to_string();
        assert!(message.contains("71 points") && message.contains("--train-size 70"), "{message}");
        assert!(Split::new(&set(5), usize::MAX, 0).is_err());
    }
}
