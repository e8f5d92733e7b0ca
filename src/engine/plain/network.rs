//! A network in plain loops: what each layer makes of a batch, and how a loss's gradient goes back through it.

use std::ops::Range;

use crate::config::Activation;
use crate::nets::mlp::{Layer, Mlp, Weights};
use crate::objective::constraints::spectral_norm;
use crate::real::{Dual, Real};

/// Rows of numbers, one for each sample.
pub(super) type Batch<N = f64> = Vec<Vec<N>>;

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
pub(super) struct Pass<N = f64> {
    inputs: Vec<Batch<N>>,
    pub(super) output: Batch<N>,
}

impl<N: Copy> Pass<N> {
    /// What a critic gave, one number for each sample.
    pub(super) fn scores(&self) -> Vec<N> {
        self.output.iter().map(|score| score[0]).collect()
    }
}

/// A layer's place among the parameters and the statistics.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) parameter: usize,
    pub(super) statistic: usize,
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

    /// The parameters as layers work with them.
    pub(super) fn used(&self) -> &[f64] {
        &self.used
    }

    /// Each layer with its place.
    pub(super) fn places(&self) -> Vec<(Layer, Place)> {
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
                Layer::Activation { .. } => {}
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

    /// The output for a batch; in training the running statistics move.
    pub(super) fn forward(&mut self, batch: Batch, mode: Mode) -> Pass {
        let pass = self.pass(&self.used, batch, mode);
        if mode == Mode::Train {
            for ((layer, place), x) in self.places().into_iter().zip(&pass.inputs) {
                if let Layer::BatchNorm { momentum, .. } = layer {
                    self.observe(x, place, momentum);
                }
            }
            self.batches += u64::from(self.layers.iter().any(|layer| matches!(layer, Layer::BatchNorm { .. })));
        }
        pass
    }

    /// From a loss's gradient by the output of a pass in [`Mode::Train`], the gradients by what layers work with and by
    /// what went in.
    pub(super) fn backward(&self, pass: &Pass, by_output: Batch) -> (Vec<f64>, Batch) {
        self.back(&self.used, pass, by_output)
    }

    /// The gradient by what layers work with of sum_i v_i . grad_x f(x_i), for a network without BatchNorm, given the pass
    /// over the x_i. v_i . grad_x f is by how much f(x_i) moves as x_i goes along v_i; so this is by how much the gradient of
    /// sum_i f(x_i) moves.
    pub(super) fn backward_along(&self, pass: &Pass, directions: &Batch) -> Vec<f64> {
        let still: Vec<Dual> = self.used.iter().map(|&x| Dual::from_f64(x)).collect();
        let moving = pass.inputs[0].iter().zip(directions).map(|(x, v)| x.iter().zip(v).map(dual).collect()).collect();
        let pass = self.pass(&still, moving, Mode::Train);
        let ones = pass.output.iter().map(|row| vec![Dual::ONE; row.len()]).collect();
        self.back(&still, &pass, ones).0.into_iter().map(|gradient| gradient.slope).collect()
    }

    /// What the layers make of a batch, with these in the place of the numbers that they work with.
    pub(super) fn pass<N: Real>(&self, used: &[N], batch: Batch<N>, mode: Mode) -> Pass<N> {
        let (mut inputs, mut x) = (Vec::new(), batch);
        for (layer, place) in self.places() {
            let y = match layer {
                Layer::Linear { inputs, outputs, .. } => {
                    let (w, b) = used[place.parameter..].split_at(outputs * inputs);
                    let row = |x: &Vec<N>| (0..outputs).map(|o| b[o] + dot(&w[o * inputs..][..inputs], x)).collect();
                    x.iter().map(row).collect()
                }
                Layer::BatchNorm { features, eps, .. } => {
                    let (means, variances) = match mode {
                        Mode::Train => moments(&x),
                        Mode::Evaluate => {
                            let running = self.statistics[place.statistic..][..2 * features].iter();
                            let mut running: Vec<N> = running.map(|&x| N::from_f64(x)).collect();
                            let variances = running.split_off(features);
                            (running, variances)
                        }
                    };
                    let (gamma, beta) = used[place.parameter..].split_at(features);
                    let one = |j: usize, x: N| gamma[j] * (x - means[j]) / deviation(variances[j], eps) + beta[j];
                    x.iter().map(|x| x.iter().enumerate().map(|(j, &x)| one(j, x)).collect()).collect()
                }
                Layer::Activation { function, .. } => x.iter().map(|x| activate(function, x)).collect(),
            };
            inputs.push(std::mem::replace(&mut x, y));
        }
        Pass { inputs, output: x }
    }

    /// The same backwards, from the gradient by the output of a pass in [`Mode::Train`].
    pub(super) fn back<N: Real>(&self, used: &[N], pass: &Pass<N>, by_output: Batch<N>) -> (Vec<N>, Batch<N>) {
        let mut gradient = vec![N::ZERO; used.len()];
        let mut by = by_output;
        for ((layer, place), x) in self.places().into_iter().zip(&pass.inputs).rev() {
            by = match layer {
                Layer::Linear { inputs, outputs, .. } => {
                    add_outer(&mut gradient[place.parameter..], &by, x, inputs);
                    let biases = &mut gradient[place.parameter + outputs * inputs..][..outputs];
                    for by in &by {
                        add(biases, by);
                    }
                    through(&used[place.parameter..][..outputs * inputs], &by, inputs)
                }
                Layer::BatchNorm { features, eps, .. } => {
                    let gamma = &used[place.parameter..][..features];
                    let to = &mut gradient[place.parameter..][..2 * features];
                    back_through_norm(gamma, to, x, &by, eps)
                }
                Layer::Activation { function, .. } => {
                    by.iter().zip(x).map(|(by, x)| back_through(function, by, x)).collect()
                }
            };
        }
        (gradient, by)
    }

    /// A batch's means and variances move the running ones; those take the unbiased variance, as PyTorch does.
    fn observe(&mut self, x: &Batch, place: Place, momentum: f64) {
        let (n, features) = (x.len() as f64, x[0].len());
        let (means, variances) = moments(x);
        let running = &mut self.statistics[place.statistic..][..2 * features];
        for j in 0..features {
            running[j] += momentum * (means[j] - running[j]);
            running[features + j] += momentum * (variances[j] * n / (n - 1.0) - running[features + j]);
        }
    }
}

/// What an activation makes of a sample's numbers.
pub(super) fn activate<N: Real>(function: Activation, x: &[N]) -> Vec<N> {
    match function {
        Activation::LeakyRelu { slope } => x.iter().map(|&x| side(x, slope) * x).collect(),
        Activation::Relu {} => x.iter().map(|&x| side(x, 0.0) * x).collect(),
        Activation::Tanh {} => x.iter().map(|&x| x.tanh()).collect(),
        Activation::Maxout { pieces } => x.chunks(pieces).map(|x| x[largest(x)]).collect(),
    }
}

/// From the gradient by what an activation gave for a sample to that by what it took.
pub(super) fn back_through<N: Real>(function: Activation, by: &[N], x: &[N]) -> Vec<N> {
    let each = |slope: &dyn Fn(N) -> N| by.iter().zip(x).map(|(&by, &x)| by * slope(x)).collect();
    match function {
        Activation::LeakyRelu { slope } => each(&|x| side(x, slope)),
        Activation::Relu {} => each(&|x| side(x, 0.0)),
        Activation::Tanh {} => each(&|x| N::ONE - x.tanh() * x.tanh()),
        Activation::Maxout { pieces } => {
            let one = |(&by, x): (&N, &[N])| {
                let largest = largest(x);
                (0..x.len()).map(|i| if i == largest { by } else { N::ZERO }).collect::<Vec<_>>()
            };
            by.iter().zip(x.chunks(pieces)).flat_map(one).collect()
        }
    }
}

/// The place of the largest number, the first of several.
fn largest<N: Real>(x: &[N]) -> usize {
    (1..x.len()).fold(0, |best, i| if x[i] > x[best] { i } else { best })
}

/// The slope of a function that keeps what is above 0, and has another slope below.
fn side<N: Real>(x: N, slope: f64) -> N {
    if x > N::ZERO { N::ONE } else { N::from_f64(slope) }
}

/// Back through BatchNorm by the batch's own statistics; `gradient` has room for scale and shift.
fn back_through_norm<N: Real>(gamma: &[N], gradient: &mut [N], x: &Batch<N>, by: &Batch<N>, eps: f64) -> Batch<N> {
    let (means, variances) = moments(x);
    let (n, features) = (N::from_f64(x.len() as f64), gamma.len());
    let mut back = vec![vec![N::ZERO; features]; x.len()];
    for j in 0..features {
        let deviation = deviation(variances[j], eps);
        let normal = |i: usize| (x[i][j] - means[j]) / deviation;
        let shift = sum(by.iter().map(|by| by[j]));
        let scale = sum(by.iter().enumerate().map(|(i, by)| by[j] * normal(i)));
        gradient[j] = scale;
        gradient[features + j] = shift;
        for (i, back) in back.iter_mut().enumerate() {
            back[j] = gamma[j] / deviation * (by[i][j] - shift / n - normal(i) * scale / n);
        }
    }
    back
}

/// From the gradient by what a Linear with these weights gives to that by what goes in.
fn through<N: Real>(weights: &[N], by: &Batch<N>, inputs: usize) -> Batch<N> {
    let one =
        |by: &Vec<N>, input| sum(by.iter().enumerate().map(|(output, &by)| by * weights[output * inputs + input]));
    by.iter().map(|by| (0..inputs).map(|input| one(by, input)).collect()).collect()
}

/// Adds what a Linear's weights [outputs, inputs] get: the sum over samples of by x^T.
fn add_outer<N: Real>(weights: &mut [N], by: &Batch<N>, x: &Batch<N>, inputs: usize) {
    for (by, x) in by.iter().zip(x) {
        for (row, &by) in weights.chunks_mut(inputs).zip(by) {
            row.iter_mut().zip(x).for_each(|(weight, &x)| *weight += by * x);
        }
    }
}

/// Adds numbers to others, one by one.
pub(super) fn add<N: Real>(to: &mut [N], values: &[N]) {
    for (to, &x) in to.iter_mut().zip(values) {
        *to += x;
    }
}

fn dual((&value, &slope): (&f64, &f64)) -> Dual {
    Dual::new(value, slope)
}

fn dot<N: Real>(a: &[N], b: &[N]) -> N {
    sum(a.iter().zip(b).map(|(&a, &b)| a * b))
}

fn sum<N: Real>(terms: impl Iterator<Item = N>) -> N {
    terms.fold(N::ZERO, |sum, term| sum + term)
}

pub(super) fn deviation<N: Real>(variance: N, eps: f64) -> N {
    (variance + N::from_f64(eps)).sqrt()
}

/// Each feature's mean and biased variance.
fn moments<N: Real>(x: &Batch<N>) -> (Vec<N>, Vec<N>) {
    let n = N::from_f64(x.len() as f64);
    let of = |j: usize| {
        let mean = sum(x.iter().map(|row| row[j])) / n;
        (mean, sum(x.iter().map(|row| (row[j] - mean) * (row[j] - mean))) / n)
    };
    (0..x[0].len()).map(of).unzip()
}
