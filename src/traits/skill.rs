//! The law of faces in numbers, and how well a reader reads it.

use super::card::Skill;
use super::network::Said;
use crate::faces::{COUNT, Draw, Face, TRAITS, face};

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

/// The skill of a reader for each trait, by what it said of faces.
pub(super) fn skills(said: &[Said], faces: &[Face], law: &Law) -> Vec<Skill> {
    let n = said.len().max(1) as f64;
    let skill = |i: usize| {
        let about = &TRAITS[i];
        let pairs: Vec<[f64; 2]> =
            said.iter().zip(faces).map(|(said, face)| [f64::from(said.traits[i]), law.standard(face)[i]]).collect();
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
