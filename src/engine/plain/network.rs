//! A network in plain loops: what each layer makes of a batch, and how a loss's gradient goes back through it.

use std::ops::Range;

use crate::nets::NEGATIVE_SLOPE;
use crate::nets::mlp::{Layer, Mlp, Weights};
use crate::objective::constraints::spectral_norm;

/// Rows of numbers, one for each sample.
pub(super) type Batch = Vec<Vec<f64>>;

/// A network with its numbers, in the order of [`Weights`].
#[derive(Clone, Debug)]
pub(super) struct Network {
    layers: Vec<Layer>,
    pub(super) parameters: Vec<f64>,
    /// The parameters as layers work with them: those of a spectral norm are divided by it.
    used: Vec<f64>,
    pub(super) statistics: Vec<f64>,
    pub(super) batches: u64,
}

/// By which statistics BatchNorm normalises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// The batch's own, which move the running ones.
    Train,
    /// The running ones: each sample for itself.
    Evaluate,
}

/// A forward pass: what went into each layer, and what came out in the end.
#[derive(Debug)]
pub(super) struct Pass {
    inputs: Vec<Batch>,
    pub(super) output: Batch,
}

/// A layer's place among the parameters and the statistics.
#[derive(Clone, Copy, Debug)]
struct Place {
    parameter: usize,
    statistic: usize,
}

impl Network {
    /// A network of zeros.
    pub(super) fn new(mlp: &Mlp) -> Self {
        let size = |slots: Vec<crate::nets::Slot>| slots.iter().map(crate::nets::Slot::size).sum();
        let parameters = vec![0.0; size(mlp.parameters())];
        Self {
            layers: mlp.layers().to_vec(),
            used: parameters.clone(),
            parameters,
            statistics: vec![0.0; size(mlp.statistics())],
            batches: 0,
        }
    }

    pub(super) fn weights(&self) -> Weights {
        let single = |values: &[f64]| values.iter().map(|&x| x as f32).collect();
        Weights { parameters: single(&self.parameters), statistics: single(&self.statistics), batches: self.batches }
    }

    /// Each layer with its place.
    fn places(&self) -> Vec<(Layer, Place)> {
        let mut next = Place { parameter: 0, statistic: 0 };
        let placed = self.layers.iter().map(|&layer| {
            let place = next;
            match layer {
                Layer::Linear { inputs, outputs, spectral } => {
                    next.parameter += outputs * inputs + outputs;
                    next.statistic += if spectral { outputs + inputs } else { 0 };
                }
                Layer::BatchNorm { features, .. } => {
                    next.parameter += 2 * features;
                    next.statistic += 2 * features;
                }
                Layer::LeakyRelu => {}
            }
            (layer, place)
        });
        placed.collect()
    }

    /// Each spectral norm's weights [outputs, inputs] with their place, and the places of u and v.
    fn spectral(&self) -> Vec<(Range<usize>, [Range<usize>; 2])> {
        let spectral = self.places().into_iter().filter_map(|(layer, at)| match layer {
            Layer::Linear { inputs, outputs, spectral: true } => {
                let (u, end) = (at.statistic, at.statistic + outputs + inputs);
                Some((at.parameter..at.parameter + outputs * inputs, [u..u + outputs, u + outputs..end]))
            }
            _ => None,
        });
        spectral.collect()
    }

    /// To be called whenever parameters or statistics were changed: what layers work with follows.
    pub(super) fn settle(&mut self) {
        self.used.clone_from(&self.parameters);
        for (weights, [u, v]) in self.spectral() {
            let [u, v] = [u, v].map(|at| &self.statistics[at]);
            let sigma = spectral_norm::sigma(&self.parameters[weights.clone()], u, v);
            self.used[weights].iter_mut().for_each(|w| *w /= sigma);
        }
    }

    /// A power iteration of each spectral norm.
    pub(super) fn follow(&mut self) {
        for (weights, [u, v]) in self.spectral() {
            let (before, after) = self.statistics.split_at_mut(v.start);
            spectral_norm::iterate(&self.parameters[weights], &mut before[u], &mut after[..v.len()]);
        }
    }

    /// Turns a gradient by what layers work with into that by the parameters.
    pub(super) fn by_parameters(&self, gradient: &mut [f64]) {
        for (weights, [u, v]) in self.spectral() {
            let [u, v] = [u, v].map(|at| &self.statistics[at]);
            let sigma = spectral_norm::sigma(&self.parameters[weights.clone()], u, v);
            spectral_norm::by_weights(&mut gradient[weights.clone()], &self.used[weights], [u, v], sigma);
        }
    }

    /// The output for a batch.
    pub(super) fn forward(&mut self, batch: Batch, mode: Mode) -> Pass {
        let (mut inputs, mut x) = (Vec::new(), batch);
        for (layer, place) in self.places() {
            let y = match layer {
                Layer::Linear { inputs, outputs, .. } => {
                    let (w, b) = self.used[place.parameter..].split_at(outputs * inputs);
                    let row = |x: &Vec<f64>| (0..outputs).map(|o| b[o] + dot(&w[o * inputs..][..inputs], x)).collect();
                    x.iter().map(row).collect()
                }
                Layer::BatchNorm { features, eps, momentum } => {
                    let (means, variances) = match mode {
                        Mode::Train => self.observe(&x, place, momentum),
                        Mode::Evaluate => {
                            let running = &self.statistics[place.statistic..][..2 * features];
                            (running[..features].to_vec(), running[features..].to_vec())
                        }
                    };
                    let (gamma, beta) = self.used[place.parameter..].split_at(features);
                    let one = |j: usize, x: f64| gamma[j] * (x - means[j]) / (variances[j] + eps).sqrt() + beta[j];
                    x.iter().map(|x| x.iter().enumerate().map(|(j, &x)| one(j, x)).collect()).collect()
                }
                Layer::LeakyRelu => x.iter().map(|x| x.iter().map(|&x| slope(x) * x).collect()).collect(),
            };
            inputs.push(std::mem::replace(&mut x, y));
        }
        if mode == Mode::Train {
            self.batches += u64::from(self.layers.iter().any(|layer| matches!(layer, Layer::BatchNorm { .. })));
        }
        Pass { inputs, output: x }
    }

    /// A batch's means and variances, which move the running ones; those take the unbiased variance, as PyTorch does.
    fn observe(&mut self, x: &Batch, place: Place, momentum: f64) -> (Vec<f64>, Vec<f64>) {
        let (n, features) = (x.len() as f64, x[0].len());
        let (means, variances) = moments(x);
        let running = &mut self.statistics[place.statistic..][..2 * features];
        for j in 0..features {
            running[j] += momentum * (means[j] - running[j]);
            running[features + j] += momentum * (variances[j] * n / (n - 1.0) - running[features + j]);
        }
        (means, variances)
    }

    /// From a loss's gradient by the output of a pass in [`Mode::Train`], the gradients by all parameters and by what
    /// went in.
    pub(super) fn backward(&self, pass: &Pass, by_output: Batch) -> (Vec<f64>, Batch) {
        let mut gradient = vec![0.0; self.parameters.len()];
        let mut by = by_output;
        for ((layer, place), x) in self.places().into_iter().zip(&pass.inputs).rev() {
            by = match layer {
                Layer::Linear { inputs, outputs, .. } => {
                    add_outer(&mut gradient[place.parameter..], &by, x, inputs);
                    let biases = &mut gradient[place.parameter + outputs * inputs..][..outputs];
                    for by in &by {
                        add(biases, by);
                    }
                    self.through(&by, place, inputs)
                }
                Layer::BatchNorm { features, eps, .. } => {
                    let (means, variances) = moments(x);
                    let (n, mut back) = (x.len() as f64, vec![vec![0.0; features]; x.len()]);
                    for j in 0..features {
                        let deviation = (variances[j] + eps).sqrt();
                        let normal = |i: usize| (x[i][j] - means[j]) / deviation;
                        let shift: f64 = by.iter().map(|by| by[j]).sum();
                        let scale: f64 = by.iter().enumerate().map(|(i, by)| by[j] * normal(i)).sum();
                        let gamma = self.used[place.parameter + j];
                        gradient[place.parameter + j] = scale;
                        gradient[place.parameter + features + j] = shift;
                        for (i, back) in back.iter_mut().enumerate() {
                            back[j] = gamma / deviation * (by[i][j] - shift / n - normal(i) * scale / n);
                        }
                    }
                    back
                }
                Layer::LeakyRelu => times_slopes(by, x),
            };
        }
        (gradient, by)
    }

    /// The gradient by all parameters of sum_i v_i . grad_x f(x_i), for a network without BatchNorm and its pass over the
    /// x_i. v_i . grad_x f is the derivative of f along v_i: forward it goes through the layers beside the values, and the
    /// gradient comes back from it as from any output.
    pub(super) fn backward_along(&self, pass: &Pass, directions: &Batch) -> Vec<f64> {
        let mut along = vec![directions.clone()];
        for ((layer, place), x) in self.places().into_iter().zip(&pass.inputs) {
            let before = &along[along.len() - 1];
            along.push(match layer {
                Layer::Linear { inputs, outputs, .. } => {
                    let w = &self.used[place.parameter..][..outputs * inputs];
                    let row = |t: &Vec<f64>| (0..outputs).map(|o| dot(&w[o * inputs..][..inputs], t)).collect();
                    before.iter().map(row).collect()
                }
                Layer::LeakyRelu => times_slopes(before.clone(), x),
                Layer::BatchNorm { .. } => before.clone(),
            });
        }
        let mut gradient = vec![0.0; self.parameters.len()];
        let mut by: Batch = along[along.len() - 1].iter().map(|row| vec![1.0; row.len()]).collect();
        for (((layer, place), x), t) in self.places().into_iter().zip(&pass.inputs).zip(&along).rev() {
            by = match layer {
                Layer::Linear { inputs, .. } => {
                    add_outer(&mut gradient[place.parameter..], &by, t, inputs);
                    self.through(&by, place, inputs)
                }
                Layer::LeakyRelu => times_slopes(by, x),
                Layer::BatchNorm { .. } => by,
            };
        }
        gradient
    }

    /// From the gradient by what a Linear gives to that by what goes in.
    fn through(&self, by: &Batch, place: Place, inputs: usize) -> Batch {
        let weight = |output: usize, input: usize| self.used[place.parameter + output * inputs + input];
        let one = |by: &Vec<f64>, input| by.iter().enumerate().map(|(output, by)| by * weight(output, input)).sum();
        by.iter().map(|by| (0..inputs).map(|input| one(by, input)).collect()).collect()
    }
}

/// Adds what a Linear's weights [outputs, inputs] get: the sum over samples of by x^T.
fn add_outer(weights: &mut [f64], by: &Batch, x: &Batch, inputs: usize) {
    for (by, x) in by.iter().zip(x) {
        for (row, by) in weights.chunks_mut(inputs).zip(by) {
            row.iter_mut().zip(x).for_each(|(weight, x)| *weight += by * x);
        }
    }
}

/// Adds numbers to others, one by one.
pub(super) fn add(to: &mut [f64], values: &[f64]) {
    for (to, x) in to.iter_mut().zip(values) {
        *to += x;
    }
}

fn times_slopes(mut by: Batch, x: &Batch) -> Batch {
    by.iter_mut().zip(x).for_each(|(by, x)| by.iter_mut().zip(x).for_each(|(by, &x)| *by *= slope(x)));
    by
}

fn slope(x: f64) -> f64 {
    if x > 0.0 { 1.0 } else { NEGATIVE_SLOPE }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Each feature's mean and biased variance.
fn moments(x: &Batch) -> (Vec<f64>, Vec<f64>) {
    let n = x.len() as f64;
    let of = |j: usize| {
        let mean = x.iter().map(|row| row[j]).sum::<f64>() / n;
        (mean, x.iter().map(|row| (row[j] - mean) * (row[j] - mean)).sum::<f64>() / n)
    };
    (0..x[0].len()).map(of).unzip()
}
