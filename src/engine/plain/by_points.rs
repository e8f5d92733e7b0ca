//! The gradient of a network's output by what goes in, each sample for itself: quicker than a whole backward pass, for nothing
//! is found by the parameters, and both ways go along rows that a CPU takes several at a time.

use super::network::{Batch, Network, activate, back_through, deviation};
use crate::nets::mlp::Layer;

/// A layer's numbers, ready for both ways.
enum Ready<'a> {
    /// Weights [outputs, inputs], the same [inputs, outputs], biases.
    Linear {
        weights: &'a [f64],
        turned: Vec<f64>,
        biases: &'a [f64],
    },
    /// What a number is multiplied by, and what is added: BatchNorm by its running statistics.
    Affine {
        factors: Vec<f64>,
        shifts: Vec<f64>,
    },
    Activation(crate::config::Activation),
}

impl Network {
    /// By running statistics, for a network with one output.
    pub(super) fn by_points(&self, batch: &Batch) -> Batch {
        let ready: Vec<Ready<'_>> = self.ready();
        batch.chunks(TOGETHER).flat_map(|points| gradients(&ready, points)).collect()
    }

    fn ready(&self) -> Vec<Ready<'_>> {
        let used = self.used();
        let ready = self.places().into_iter().map(|(layer, place)| match layer {
            Layer::Linear { inputs, outputs, .. } => {
                let (weights, rest) = used[place.parameter..].split_at(outputs * inputs);
                let turned = (0..inputs * outputs).map(|i| weights[i % outputs * inputs + i / outputs]).collect();
                Ready::Linear { weights, turned, biases: &rest[..outputs] }
            }
            Layer::BatchNorm { features, eps, .. } => {
                let (gamma, beta) = used[place.parameter..][..2 * features].split_at(features);
                let (means, variances) = self.statistics[place.statistic..][..2 * features].split_at(features);
                let factors: Vec<f64> = gamma.iter().zip(variances).map(|(g, &v)| g / deviation(v, eps)).collect();
                let shifts = beta.iter().zip(means).zip(&factors).map(|((beta, mean), f)| beta - mean * f).collect();
                Ready::Affine { factors, shifts }
            }
            Layer::Activation { function, .. } => Ready::Activation(function),
        });
        ready.collect()
    }
}

/// So many points go through a layer together: its rows are fetched once for all of them.
const TOGETHER: usize = 16;

fn gradients(layers: &[Ready<'_>], points: &[Vec<f64>]) -> Batch {
    let (mut inputs, mut x) = (Vec::with_capacity(layers.len()), points.to_vec());
    for layer in layers {
        let y = match layer {
            Ready::Linear { turned, biases, .. } => combined(vec![biases.to_vec(); x.len()], turned, &x),
            Ready::Affine { factors, shifts } => {
                let one =
                    |x: &Vec<f64>| x.iter().zip(factors).zip(shifts).map(|((x, f), shift)| x * f + shift).collect();
                x.iter().map(one).collect()
            }
            Ready::Activation(function) => x.iter().map(|x| activate(*function, x)).collect(),
        };
        inputs.push(std::mem::replace(&mut x, y));
    }
    let mut by = vec![vec![1.0; 1]; points.len()];
    for (layer, x) in layers.iter().zip(&inputs).rev() {
        by = match layer {
            Ready::Linear { weights, .. } => combined(vec![vec![0.0; x[0].len()]; x.len()], weights, &by),
            Ready::Affine { factors, .. } => {
                by.iter().map(|by| by.iter().zip(factors).map(|(by, factor)| by * factor).collect()).collect()
            }
            Ready::Activation(function) => by.iter().zip(x).map(|(by, x)| back_through(*function, by, x)).collect(),
        };
    }
    by
}

/// Adds rows to the sums of each point, each so many times. Compiled for what the CPU can; nothing is contracted, and sums go in
/// one order, so that all CPUs give the same bytes.
fn combined(mut sums: Batch, rows: &[f64], times: &Batch) -> Batch {
    const ROWS: usize = 4;
    let width = sums[0].len().max(1);
    {
        for (block, rows) in rows.chunks(ROWS * width).enumerate() {
            for (sum, times) in sums.iter_mut().zip(times) {
                let times = &times[block * ROWS..];
                if let (Some(&[a, b, c, d]), true) = (times.first_chunk(), rows.len() == ROWS * width) {
                    let [first, second, third, fourth] = [0, 1, 2, 3].map(|i| &rows[i * width..][..width]);
                    for (i, sum) in sum.iter_mut().enumerate() {
                        *sum = (((*sum + a * first[i]) + b * second[i]) + c * third[i]) + d * fourth[i];
                    }
                } else {
                    for (row, &times) in rows.chunks_exact(width).zip(times) {
                        sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += times * x);
                    }
                }
            }
        }
    }
    sums
}
