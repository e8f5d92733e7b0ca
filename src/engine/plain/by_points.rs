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
        batch.iter().map(|point| gradient(&ready, point)).collect()
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

fn gradient(layers: &[Ready<'_>], point: &[f64]) -> Vec<f64> {
    let (mut inputs, mut x) = (Vec::with_capacity(layers.len()), point.to_vec());
    for layer in layers {
        let y = match layer {
            Ready::Linear { turned, biases, .. } => combined(biases.to_vec(), turned, &x),
            Ready::Affine { factors, shifts } => {
                x.iter().zip(factors).zip(shifts).map(|((x, factor), shift)| x * factor + shift).collect()
            }
            Ready::Activation(function) => activate(*function, &x),
        };
        inputs.push(std::mem::replace(&mut x, y));
    }
    let mut by = vec![1.0; x.len()];
    for (layer, x) in layers.iter().zip(&inputs).rev() {
        by = match layer {
            Ready::Linear { weights, .. } => combined(vec![0.0; x.len()], weights, &by),
            Ready::Affine { factors, .. } => by.iter().zip(factors).map(|(by, factor)| by * factor).collect(),
            Ready::Activation(function) => back_through(*function, &by, x),
        };
    }
    by
}

/// Adds rows, each so many times.
fn combined(mut sum: Vec<f64>, rows: &[f64], times: &[f64]) -> Vec<f64> {
    for (row, &times) in rows.chunks_exact(sum.len().max(1)).zip(times) {
        sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += times * x);
    }
    sum
}
