//! What directions do to scores of pictures, beside what random directions do.
//!
//! Each sample is scored as it is, a step back and a step forward along each direction. A direction's effect on a score is the
//! mean over the samples of half the difference of the two steps: what one step does. It is counted in standard deviations, so
//! that scores can be compared. Random unit directions tell what any direction does. Their effects on a score have a root mean
//! square; a score's line is that times one factor for all scores, chosen so that of random directions one in twenty has any
//! score beyond its line, with what the others say (leaving itself out).

use serde::{Deserialize, Serialize};

/// The share of random directions that stay below all lines.
const BELOW: f64 = 0.95;

/// Effects are not told apart below this, in standard deviations.
const LEAST: f64 = 1e-3;

/// Of the effects beyond their lines, those that are at least this share of the largest are in a label.
const NAMED: f64 = 0.5;
/// Most names in a label.
const MOST_NAMES: usize = 3;

/// A score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// Its name.
    pub name: String,
    /// One standard deviation, in the score's own units.
    pub deviation: f64,
    /// Whether it says what its name says: a trait that is read badly does not.
    pub counts: bool,
    /// The share of its variance that is read, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r2: Option<f64>,
    /// What random directions do.
    pub floor: Floor,
}

/// What random directions do to a score, in its standard deviations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Floor {
    /// The mean size of their effects.
    pub mean: f64,
    /// 95 in a hundred are not larger.
    pub q95: f64,
    /// Beyond this an effect is more than chance, for all scores together.
    pub line: f64,
}

/// What a direction does to a score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// By how many standard deviations a step moves it, in the mean over samples.
    pub effect: f64,
    /// The standard error of that.
    pub error: f64,
    /// What the step back does, counted forward: where it differs from `forward`, the effect bends.
    pub backward: f64,
    /// What the step forward does.
    pub forward: f64,
    /// The share of samples that move the way of the mean.
    pub agree: f64,
    /// Whether it is beyond the score's line.
    pub beyond: bool,
}

/// What a direction does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its number.
    pub direction: usize,
    /// A label by what it does, for people who gave it none; empty where nothing is beyond its line.
    pub proposed: String,
    /// The largest effect's share of all effects' squares.
    pub purity: f64,
    /// One for each score, in their order.
    pub effects: Vec<Effect>,
}

/// What directions do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effects {
    /// The scores.
    pub scores: Vec<Scored>,
    /// The directions.
    pub directions: Vec<Row>,
}

/// A sample's scores: as it is, and for each direction a step back and a step forward.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// As it is.
    pub plain: Vec<f64>,
    /// The steps along each direction.
    pub steps: Vec<[Vec<f64>; 2]>,
}

impl Effects {
    /// Of samples whose first steps are along `directions`, all others along random ones. `scores` have their floors still to
    /// be found.
    pub fn of(samples: &[Sample], directions: &[usize], mut scores: Vec<Scored>) -> Self {
        let along = samples.first().map_or(0, |sample| sample.steps.len());
        let random: Vec<Vec<f64>> = (directions.len()..along)
            .map(|k| {
                scores.iter().enumerate().map(|(j, score)| effect(samples, k, j, score.deviation).effect).collect()
            })
            .collect();
        let counts: Vec<bool> = scores.iter().map(|score| score.counts).collect();
        for (score, floor) in scores.iter_mut().zip(floors(&random, &counts)) {
            score.floor = floor;
        }
        let row = |(k, &direction): (usize, &usize)| {
            let one = |(j, score): (usize, &Scored)| {
                let effect = effect(samples, k, j, score.deviation);
                Effect { beyond: effect.effect.abs() > score.floor.line.max(LEAST), ..effect }
            };
            let effects: Vec<Effect> = scores.iter().enumerate().map(one).collect();
            let (proposed, purity) = (label(&scores, &effects), purity(&scores, &effects));
            Row { direction, proposed, purity, effects }
        };
        let rows = directions.iter().enumerate().map(row).collect();
        Self { scores, directions: rows }
    }

    /// The scores of a direction by the size of its effects, largest first; those that count before those that do not.
    pub fn ordered(&self, row: &Row) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.scores.len()).collect();
        order.sort_by(|&a, &b| {
            let key = |i: usize| (self.scores[i].counts, row.effects[i].effect.abs());
            key(b).0.cmp(&key(a).0).then(key(b).1.total_cmp(&key(a).1))
        });
        order
    }

    /// A line for each direction and score, for programs that read tables.
    pub fn table(&self) -> Result<Vec<u8>, csv::Error> {
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record([
            "direction",
            "trait",
            "effect",
            "error",
            "backward",
            "forward",
            "agree",
            "floor_mean",
            "floor_95",
            "line",
            "beyond",
            "counts",
        ])?;
        for row in &self.directions {
            for i in self.ordered(row) {
                let (score, effect) = (&self.scores[i], &row.effects[i]);
                let Floor { mean, q95, line } = score.floor;
                let Effect { effect, error, backward, forward, agree, beyond } = *effect;
                let numbers = [effect, error, backward, forward, agree, mean, q95, line].map(|x| x.to_string());
                let start = [row.direction.to_string(), score.name.clone()];
                let end = [beyond.to_string(), score.counts.to_string()];
                table.write_record(start.iter().chain(&numbers).chain(&end))?;
            }
        }
        table.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    }
}

/// What the steps along direction `k` do to score `j`. Whether that is beyond a line is not yet known.
fn effect(samples: &[Sample], k: usize, j: usize, deviation: f64) -> Effect {
    let n = samples.len().max(1) as f64;
    let moves: Vec<[f64; 2]> = samples
        .iter()
        .map(|sample| {
            let [back, forth] = [0, 1].map(|way| sample.steps[k][way][j]);
            [(sample.plain[j] - back) / deviation, (forth - sample.plain[j]) / deviation]
        })
        .collect();
    let halves: Vec<f64> = moves.iter().map(|[back, forth]| f64::midpoint(*back, *forth)).collect();
    let mean = halves.iter().sum::<f64>() / n;
    let variance = halves.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    let [backward, forward] = [0, 1].map(|way| moves.iter().map(|pair| pair[way]).sum::<f64>() / n);
    let agree = halves.iter().filter(|x| **x * mean > 0.0).count() as f64 / n;
    let [effect, error, backward, forward, agree] =
        [mean, (variance / n).sqrt(), backward, forward, agree].map(rounded);
    Effect { effect, error, backward, forward, agree, beyond: false }
}

/// Six decimals are more than is known, and keep files short.
fn rounded(x: f64) -> f64 {
    let rounded = (x * 1e6).round() / 1e6;
    // No minus before a zero.
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// The floors of all scores, by the effects of random directions. Only scores that count choose the factor.
fn floors(random: &[Vec<f64>], counts: &[bool]) -> Vec<Floor> {
    let n = random.len();
    if n < 2 {
        return vec![Floor { line: f64::MAX, ..Floor::default() }; counts.len()];
    }
    let squares: Vec<f64> = (0..counts.len()).map(|j| random.iter().map(|row| row[j] * row[j]).sum()).collect();
    // By how much the most unusual of a direction's effects exceeds what the other directions do.
    let excess = |row: &Vec<f64>| {
        let of = |j: usize| {
            let others = ((squares[j] - row[j] * row[j]).max(0.0) / (n - 1) as f64).sqrt();
            row[j].abs() / others.max(LEAST)
        };
        (0..counts.len()).filter(|&j| counts[j]).map(of).fold(0.0, f64::max)
    };
    let factor = quantile(random.iter().map(excess).collect());
    let floor = |j: usize| {
        let sizes: Vec<f64> = random.iter().map(|row| row[j].abs()).collect();
        let mean = sizes.iter().sum::<f64>() / n as f64;
        let line = factor * (squares[j] / n as f64).sqrt();
        Floor { mean: rounded(mean), q95: rounded(quantile(sizes)), line: rounded(line) }
    };
    (0..counts.len()).map(floor).collect()
}

/// The least of the numbers that 95 in a hundred do not exceed.
fn quantile(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let place = (BELOW * numbers.len() as f64).ceil() as usize;
    numbers.get(place.saturating_sub(1)).copied().unwrap_or(0.0)
}

/// The largest effect's share of all squares, among scores that count.
fn purity(scores: &[Scored], effects: &[Effect]) -> f64 {
    let squares =
        || scores.iter().zip(effects).filter(|(score, _)| score.counts).map(|(_, effect)| effect.effect.powi(2));
    let sum: f64 = squares().sum();
    if sum > 0.0 { rounded(squares().fold(0.0, f64::max) / sum) } else { 0.0 }
}

/// What moves most beyond its line, and which way.
fn label(scores: &[Scored], effects: &[Effect]) -> String {
    let mut beyond: Vec<(&Scored, f64)> = scores
        .iter()
        .zip(effects)
        .filter(|(score, effect)| score.counts && effect.beyond)
        .map(|(score, effect)| (score, effect.effect))
        .collect();
    beyond.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    let least = beyond.first().map_or(0.0, |(_, effect)| NAMED * effect.abs());
    let named = beyond.iter().take_while(|(_, effect)| effect.abs() >= least).take(MOST_NAMES);
    let words = named.map(|(score, effect)| {
        format!("{} {}", score.name.replace('_', " "), if *effect > 0.0 { "up" } else { "down" })
    });
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Stream, Use};

    fn score(name: &str, counts: bool) -> Scored {
        Scored { name: name.into(), deviation: 2.0, counts, r2: None, floor: Floor::default() }
    }

    #[test]
    fn an_effect_is_half_of_what_both_steps_do_in_deviations() {
        let samples: Vec<Sample> = [[1.0, 3.0, 9.0], [0.0, 4.0, 4.0]]
            .map(|[back, plain, forth]| Sample { plain: vec![plain], steps: vec![[vec![back], vec![forth]]] })
            .to_vec();
        let effects = Effects::of(&samples, &[7], vec![score("smile", true)]);
        // Halves of (9 - 1) / 2 = 4 and 4 / 2 = 2 deviations: 2 and 1.
        let found = effects.directions[0].effects[0];
        assert_eq!((found.effect, found.error), (1.5, 0.5));
        assert_eq!((found.backward, found.forward, found.agree), (1.5, 1.5, 1.0));
        // Without random directions nothing is known to be more than chance.
        assert!(!found.beyond && effects.directions[0].proposed.is_empty());
        assert_eq!(effects.directions[0].direction, 7);
    }

    /// Scores that are linear in a code of independent normals, along random unit directions.
    fn linear(seed: u64, dim: usize, gradients: &[Vec<f64>], first: &[Vec<f64>], random: usize) -> Vec<Sample> {
        let mut rng = Stream::new(seed, Use::Data, 0);
        let unit = |mut v: Vec<f64>| {
            let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
            for x in &mut v {
                *x /= length;
            }
            v
        };
        let mut along = first.to_vec();
        along.extend((0..random).map(|_| unit((0..dim).map(|_| rng.normal_f64()).collect())));
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        (0..16)
            .map(|_| {
                let code: Vec<f64> = (0..dim).map(|_| rng.normal_f64()).collect();
                let at = |sign: f64, d: &Vec<f64>| {
                    let moved: Vec<f64> = code.iter().zip(d).map(|(z, d)| z + sign * d).collect();
                    gradients.iter().map(|g| dot(g, &moved)).collect::<Vec<f64>>()
                };
                let steps = along.iter().map(|d| [at(-1.0, d), at(1.0, d)]).collect();
                Sample { plain: at(0.0, &code), steps }
            })
            .collect()
    }

    #[test]
    fn of_a_linear_score_the_effect_is_the_gradients_part_along_the_direction() {
        let gradients = [vec![3.0, 4.0, 0.0], vec![0.0, 0.0, 2.0]];
        let first = [vec![1.0, 0.0, 0.0], vec![0.0, 0.6, -0.8]];
        let scores = vec![score("smile", true), score("age", true)];
        let effects = Effects::of(&linear(1, 3, &gradients, &first, 0), &[0, 1], scores);
        let found: Vec<f64> = effects.directions.iter().flat_map(|row| row.effects.iter().map(|e| e.effect)).collect();
        for (found, expected) in found.iter().zip([1.5, 0.0, 1.2, -0.8]) {
            assert!((found - expected).abs() < 1e-9, "{found}, not {expected}");
        }
        assert!((effects.directions[0].purity - 1.0).abs() < 1e-12);
        assert!((effects.directions[1].purity - 1.44 / 2.08).abs() < 1e-6);
    }

    #[test]
    fn one_random_direction_in_twenty_has_anything_beyond_its_line() {
        // 30 scores of 64 numbers, each direction judged by the floor of 40 others.
        let mut rng = Stream::new(5, Use::Data, 1);
        let gradients: Vec<Vec<f64>> = (0..30).map(|_| (0..64).map(|_| rng.normal_f64()).collect()).collect();
        let (mut marked, mut all) = (0, 0);
        for seed in 0..15 {
            let samples = linear(seed + 10, 64, &gradients, &[], 60);
            let scores = (0..30).map(|i| score(&i.to_string(), true)).collect();
            let directions: Vec<usize> = (0..20).collect();
            let effects = Effects::of(&samples, &directions, scores);
            marked += effects.directions.iter().filter(|row| row.effects.iter().any(|e| e.beyond)).count();
            all += 20;
        }
        let share = f64::from(marked as u32) / f64::from(all);
        assert!((0.01..0.11).contains(&share), "{share}");
    }

    #[test]
    fn a_direction_is_called_by_what_it_moves_beyond_chance_and_counts() {
        let mut rng = Stream::new(6, Use::Data, 1);
        let dim = 64;
        let axis = |i: usize, x: f64| (0..dim).map(|j| if i == j { x } else { 0.0 }).collect::<Vec<f64>>();
        let gradients = [axis(0, 8.0), axis(1, 5.0), axis(0, 1.0), axis(2, 8.0)];
        let mixed: Vec<f64> = axis(0, 0.6).iter().zip(axis(1, -0.8)).map(|(a, b)| a + b).collect();
        let noise: Vec<f64> = (0..dim).map(|_| rng.normal_f64() / 8.0).collect();
        let first = [axis(0, 1.0), mixed, axis(2, 1.0), noise];
        let scores = vec![score("hair_tone", true), score("smile", true), score("tilt", true), score("lips", false)];
        let effects = Effects::of(&linear(2, dim, &gradients, &first, 30), &[0, 1, 2, 3], scores);
        let labels: Vec<&str> = effects.directions.iter().map(|row| row.proposed.as_str()).collect();
        assert_eq!(labels, ["hair tone up", "hair tone up, smile down", "", ""]);
        // What does not count stands last, however large.
        assert_eq!(*effects.ordered(&effects.directions[2]).last().unwrap(), 3);
        let table = String::from_utf8(effects.table().unwrap()).unwrap();
        assert_eq!(table.lines().count(), 1 + 4 * 4);
        assert!(table.lines().nth(1).unwrap().starts_with("0,hair_tone,4,"), "{table}");
    }
}
