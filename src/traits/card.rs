//! What a reader's file says of itself: the law that it reads, and how well, on drawings that it was not fitted on.

use serde::{Deserialize, Serialize};

use super::fit::Plan;
use super::network::{Network, Said};
use crate::checkpoint::{NamedTensor, TensorError};
use crate::faces::{COUNT, Draw, Face, TRAITS, draw, face};
use crate::threads;

/// The sides of pictures that the error is stated for, from the largest to the smallest.
pub(super) const SIDES: [usize; 3] = [64, 32, 16];

/// Faces from which the law's means and deviations are taken.
const MANY: u64 = 200_000;

/// The traits' means and standard deviations in the law.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Law {
    pub(super) mean: [f64; COUNT],
    pub(super) deviation: [f64; COUNT],
}

impl Law {
    /// A face's traits in standard deviations from their means.
    pub(super) fn standard(&self, face: &Face) -> [f64; COUNT] {
        std::array::from_fn(|i| (face.0[i] - self.mean[i]) / self.deviation[i])
    }
}

/// The means and deviations, from many faces.
pub(super) fn law() -> Law {
    let mut sums = [[0.0; 2]; COUNT];
    for number in 0..MANY {
        for (sums, x) in sums.iter_mut().zip(face(u64::MAX, number).0) {
            sums[0] += x;
            sums[1] += x * x;
        }
    }
    let mean = sums.map(|[sum, _]| sum / MANY as f64);
    let deviation = std::array::from_fn(|i| (sums[i][1] / MANY as f64 - mean[i] * mean[i]).sqrt());
    Law { mean, deviation }
}

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

/// The skill of a reader for each trait, by what it said of faces.
pub(super) fn skills(said: &[Said], faces: &[Face], law: &Law) -> Vec<Skill> {
    let n = said.len().max(1) as f64;
    let skill = |i: usize| {
        let about = &TRAITS[i];
        let pairs: Vec<[f64; 2]> = said
            .iter()
            .zip(faces)
            .map(|(said, face)| [f64::from(said.traits[i]), (face.0[i] - law.mean[i]) / law.deviation[i]])
            .collect();
        let [mean_read, mean_true] = [0, 1].map(|k| pairs.iter().map(|pair| pair[k]).sum::<f64>() / n);
        let variance = pairs.iter().map(|[_, t]| (t - mean_true).powi(2)).sum::<f64>() / n;
        let error = pairs.iter().map(|[r, t]| (r - t).powi(2)).sum::<f64>() / n;
        let together = pairs.iter().map(|[r, t]| (r - mean_read) * (t - mean_true)).sum::<f64>() / n;
        let is_optional = matches!(about.draw, Draw::Some(_) | Draw::Beard | Draw::Grey);
        let has: Vec<(f64, bool)> = pairs.iter().zip(faces).map(|([r, _], face)| (*r, face.0[i] > 0.0)).collect();
        Skill {
            name: about.name.to_owned(),
            mean: rounded(law.mean[i]),
            deviation: rounded(law.deviation[i]),
            r2: rounded(1.0 - error / variance),
            slope: rounded(together / variance),
            auc: is_optional.then(|| rounded(auc(has))),
        }
    };
    (0..COUNT).map(skill).collect()
}

/// Four decimals are what this many drawings tell.
fn rounded(x: f64) -> f64 {
    (x * 1e4).round() / 1e4
}

/// The area under the curve: how often one that has it is above one that has not.
fn auc(mut scored: Vec<(f64, bool)>) -> f64 {
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let with = scored.iter().filter(|(_, has)| *has).count() as f64;
    let without = scored.len() as f64 - with;
    let ranks: f64 = scored.iter().enumerate().filter(|(_, (_, has))| *has).map(|(i, _)| (i + 1) as f64).sum();
    (ranks - with * (with + 1.0) / 2.0) / (with * without)
}

/// The card of a network.
pub(super) fn measured(tensors: &[NamedTensor], law: &Law, plan: &Plan) -> Result<Card, TensorError> {
    let network = Network::new(tensors)?;
    // Another seed's faces are other faces.
    let held_out = plan.seed.wrapping_add(1);
    let faces: Vec<Face> = (0..plan.held_out).map(|number| face(held_out, number)).collect();
    let at = |side| {
        let said = read_drawings(&network, held_out, plan.held_out, side, plan.threads);
        AtSide { side, traits: skills(&said, &faces, law) }
    };
    let sides = SIDES.map(at).to_vec();
    let Plan { pictures, seed, held_out, .. } = *plan;
    Ok(Card { law: "faces".into(), version: crate::faces::VERSION, pictures, seed, held_out, sides })
}
