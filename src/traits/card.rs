//! What a reader's file says of itself: the law that it reads, and how well, on drawings that it was not fitted on.

use serde::{Deserialize, Serialize};

use super::network::{Network, Said};
use crate::faces::{draw, face};
use crate::threads;

/// What a reader's file says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// The law's name.
    pub law: String,
    /// The law's version.
    pub version: u32,
    /// Pictures that it was fitted on, and their seed.
    pub pictures: u64,
    /// See `pictures`.
    pub seed: u64,
    /// Pictures of each side that the errors are of.
    pub held_out: u64,
    /// For each side of pictures how well they are read.
    pub sides: Vec<AtSide>,
}

/// How well pictures of a side are read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AtSide {
    /// The side.
    pub side: usize,
    /// How well each trait is read.
    pub traits: Vec<Skill>,
}

/// How well a trait is read, on held-out drawings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skill {
    /// The trait.
    pub name: String,
    /// Its mean in the law.
    pub mean: f64,
    /// Its standard deviation in the law.
    pub deviation: f64,
    /// The share of its variance that is read: 1 - mean square error / variance.
    pub r2: f64,
    /// By how much what is read changes, in the mean, for a change of 1.
    pub slope: f64,
    /// For what a face has or has not: how often, of one that has it and one that has not, the one that has it gets the larger
    /// number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auc: Option<f64>,
}

/// What the network says of the first `n` drawings of a seed, in pictures of this side; the same on any number of threads.
pub(super) fn read_drawings(network: &Network, seed: u64, n: u64, side: usize, threads: usize) -> Vec<Said> {
    let numbers: Vec<u64> = (0..n).collect();
    threads::map(threads, &numbers, |&number| {
        let mut bytes = vec![0; side * side * 3];
        draw(&face(seed, number), side, &mut bytes);
        network.read(&bytes, side)
    })
}
