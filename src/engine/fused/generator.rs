//! The generator: its forward pass, its backward pass, its updates.
//!
//! A task computes one tile of a layer for the whole batch, so that BatchNorm's sums are the task's own, and goes on
//! with a block of features while it is in cache: product, statistics, LeakyReLU. The weights that lead to a tile's
//! features are a tile of their own, for they are stepped when the gradient has gone past them.

use std::sync::RwLock;

use super::descend::Descent;
use super::matrix::{Kept, Learnt, Matrix, Place, Rows};
use super::narrow::{Dots, Totals, WeightedSums};
use super::norm::{NormBackward, Normalise, Statistics, Sums};
use super::pairs::multiply;
use super::product::{End, Part, Product, Start, Transpose};
use super::tiles::{groups, read, tiles, write};
use crate::config::GeneratorConfig;
use crate::real::Real;
use crate::simd::{Cpu, LANES, Lanes};

/// No tile has more features: enough that a task is worth its start, few enough that a task's data stay in cache.
const WIDEST: usize = 32;

/// Numbers of a point.
const OUTPUTS: usize = 2;

/// How BatchNorm normalises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// By the batch's own statistics, which move the running ones.
    Train,
    /// By the running statistics.
    Evaluate,
}

#[derive(Debug)]
pub(super) struct Generator<T> {
    cpu: Cpu,
    /// LeakyReLU's slope below 0.
    below: T,
    /// The codes, then the hidden layers.
    levels: Vec<Level<T>>,
    /// The last Linear's weights [outputs, features], in the tiles of the last level's features.
    head: Vec<RwLock<Learnt<T>>>,
    output: RwLock<Output<T>>,
}

#[derive(Debug)]
struct Level<T> {
    features: Vec<RwLock<Features<T>>>,
    /// Those of the Linear that leads here; the codes have none.
    linears: Vec<RwLock<Linear<T>>>,
}

/// Some features of a layer: [samples, features].
#[derive(Debug)]
struct Features<T> {
    first: usize,
    outputs: Matrix<T>,
    norm: Option<Norm<T>>,
    /// With BatchNorm what the Linear gives, then the same normalised; in the end the loss's gradient by what the Linear
    /// gives. Codes have none.
    linear: Matrix<T>,
}

/// A thread's own memory, which stays in its cache.
#[derive(Debug)]
pub(super) struct Scratch<T> {
    /// The loss's gradient by a tile's outputs.
    gradient: Matrix<T>,
    /// The next layer's weights by each block of a tile's features: [its features, these].
    turned: [Rows<T>; WIDEST / LANES],
}

impl<T: Real> Scratch<T> {
    pub(super) fn new(config: &GeneratorConfig, batch: usize) -> Self {
        let widest = config.hidden.iter().copied().max().unwrap_or_default();
        Self { gradient: Matrix::zeros(batch, WIDEST), turned: std::array::from_fn(|_| Rows::zeros(widest)) }
    }
}

/// The weights [inputs, features] that lead to some features, and their biases.
#[derive(Debug)]
struct Linear<T> {
    weights: Learnt<T>,
    bias: Learnt<T>,
    gradient: Matrix<T>,
}

/// The last Linear's output.
#[derive(Debug)]
struct Output<T> {
    bias: Learnt<T>,
    /// The loss's gradient by the points: [samples, outputs].
    delta: Matrix<T>,
}

/// BatchNorm of some features: rows of one number for each.
#[derive(Debug)]
struct Norm<T> {
    eps: T,
    momentum: f64,
    gamma: Learnt<T>,
    beta: Learnt<T>,
    /// The batch's mean and 1 / sqrt(variance + eps).
    mean: Matrix<T>,
    inverse: Matrix<T>,
    running_mean: Matrix<T>,
    running_variance: Matrix<T>,
    /// Where these running means and variances lie among all statistics.
    places: [usize; 2],
}

/// Where a layer's tensors lie among the parameters and the statistics.
#[derive(Clone, Copy, Debug)]
struct Offsets {
    weight: usize,
    bias: usize,
    gamma: usize,
    beta: usize,
    statistics: usize,
}

impl<T: Real> Generator<T> {
    pub(super) fn new(config: &GeneratorConfig, (batch, below): (usize, f64), kept: Kept, cpu: Cpu) -> Self {
        let mut widths = vec![config.latent_dim];
        widths.extend(&config.hidden);
        widths.push(OUTPUTS);
        let offsets = offsets(config, &widths);
        let last = widths.len() - 2;
        let levels = (0..=last).map(|level| {
            let (width, at) = (widths[level], offsets[level]);
            let norm = level > 0 && config.batch_norm[level - 1];
            let features = tiles(width, WIDEST).map(|(first, size)| {
                let norm = norm.then(|| Norm::new(config, [first, size, width], at, kept));
                RwLock::new(Features::new([first, size, batch], level > 0, norm))
            });
            let inputs = if level > 0 { Some(widths[level - 1]) } else { None };
            let linears = inputs.into_iter().flat_map(|inputs| {
                tiles(width, WIDEST).map(move |(first, size)| RwLock::new(Linear::new(inputs, first, size, at, kept)))
            });
            Level { features: features.collect(), linears: linears.collect() }
        });
        let (width, at) = (widths[last], offsets[last + 1]);
        let head = tiles(width, WIDEST).map(|(first, size)| {
            let place = Place { offset: at.weight + first, row: width, column: 1 };
            RwLock::new(Learnt::zeros(OUTPUTS, size, place, kept))
        });
        let bias = Learnt::zeros(1, OUTPUTS, Place::vector(at.bias), kept);
        Self {
            cpu,
            below: T::from_f64(below),
            levels: levels.collect(),
            head: head.collect(),
            output: RwLock::new(Output { bias, delta: Matrix::zeros(batch, OUTPUTS) }),
        }
    }

    /// The number of hidden layers.
    pub(super) fn hidden(&self) -> usize {
        self.levels.len() - 1
    }

    /// The tasks of a level, 0 that of the codes; the head has as many as the last level.
    pub(super) fn tiles(&self, level: usize) -> usize {
        self.levels[level.min(self.hidden())].features.len()
    }

    /// Takes codes [samples, latent], at most a batch of them.
    pub(super) fn load_codes(&self, codes: &[f32], latent: usize) {
        for tile in &self.levels[0].features {
            let mut tile = write(tile);
            let (first, width) = (tile.first, tile.width());
            for (sample, code) in codes.chunks_exact(latent).enumerate() {
                for (f, &x) in code[first..][..width].iter().enumerate() {
                    tile.outputs.set(sample, f, T::from_f32(x));
                }
            }
        }
    }

    /// Computes one tile of a hidden layer from the whole level before.
    pub(super) fn forward(&self, level: usize, tile: usize, mode: Mode) {
        let (before, level) = (&self.levels[level - 1], &self.levels[level]);
        let linear = read(&level.linears[tile]);
        let features = &mut *write(&level.features[tile]);
        for group in groups(&before.features) {
            let end = group.end(if features.norm.is_some() { End::Sum } else { End::Leaky(self.below) });
            let to = if features.norm.is_some() { &mut features.linear } else { &mut features.outputs };
            let products = to.blocks_mut().enumerate().map(|(block, c)| {
                let weights = linear.weights.values.block(block);
                let parts = group.parts(|before| before.part(&before.outputs, weights));
                let start = group.start(Start::Row(&linear.bias.values.data()[block]));
                Product::<_, false, _> { start, parts, end, c }
            });
            multiply(self.cpu, products);
        }
        for block in 0..features.outputs.blocks() {
            features.activate((self.cpu, self.below), block, mode);
        }
    }

    /// The points of some samples from `first`, a row for each; there is room for sums of their coordinates, and for
    /// the totals.
    pub(super) fn points(&self, first: usize, (sums, totals, points): (&mut [Lanes<T>], &mut [T], &mut [Lanes<T>])) {
        sums.fill([T::ZERO; LANES]);
        for (head, features) in self.head.iter().zip(&self.levels[self.hidden()].features) {
            let (head, features) = (read(head), read(features));
            self.cpu.run(Dots::<_, OUTPUTS> {
                features: &features.outputs.data()[first..],
                stride: features.outputs.rows(),
                weights: head.values.data(),
                rows: [OUTPUTS, 0],
                sums,
            });
        }
        let bias = read(&self.output).bias.values.data()[0];
        self.cpu.run(Totals { sums, totals });
        for (point, [x, y]) in points.iter_mut().zip(totals.as_chunks::<OUTPUTS>().0) {
            (point[0], point[1]) = (*x + bias[0], *y + bias[1]);
        }
    }

    /// Takes the loss's gradient by the points of some samples, from `first`.
    pub(super) fn take_gradient(&self, first: usize, gradient: &[Lanes<T>]) {
        write(&self.output).delta.data_mut()[first..][..gradient.len()].copy_from_slice(gradient);
    }

    /// Carries the gradient back to what one tile's Linear gives, and steps its BatchNorm.
    pub(super) fn backward(&self, level: usize, tile: usize, scratch: &mut Scratch<T>, descent: &Descent<T>) {
        let features = &mut *write(&self.levels[level].features[tile]);
        if level == self.hidden() {
            self.back_from_points(tile, features, scratch);
        } else {
            self.back_from_next(level, features, scratch);
        }
        for block in 0..features.outputs.blocks() {
            features.back((self.cpu, self.below), block, scratch.gradient.block_mut(block), descent);
        }
    }

    /// The gradient by a tile of the last level's outputs, from that by the points.
    fn back_from_points(&self, tile: usize, features: &mut Features<T>, scratch: &mut Scratch<T>) {
        let (head, output) = (read(&self.head[tile]), read(&self.output));
        let products = features.gradients(self.below, &mut scratch.gradient).enumerate().map(|(block, (end, c))| {
            let (a, b) = (output.delta.data(), head.values.block(block));
            let parts = [Part { a, a_rows: a.len(), b }];
            Product::<_, false, _> { start: Start::Zero, parts, end, c }
        });
        multiply(self.cpu, products);
    }

    /// The gradient by a tile of another level's outputs, from that by what the next Linear gives.
    fn back_from_next(&self, level: usize, features: &mut Features<T>, scratch: &mut Scratch<T>) {
        let after = &self.levels[level + 1];
        let Scratch { gradient, turned } = scratch;
        for (group, linears) in groups(&after.features).zip(groups(&after.linears)) {
            for (block, turned) in turned.iter_mut().take(features.outputs.blocks()).enumerate() {
                for (after, linear) in group.tiles().zip(linears.tiles()) {
                    features.turn(self.cpu, block, linear, &mut turned[after.first..][..after.width()]);
                }
            }
            let products = features.gradients(self.below, gradient).zip(&*turned).map(|((end, c), turned)| {
                let parts = group.parts(|after| after.part(&after.linear, turned));
                Product::<_, false, _> { start: group.start(Start::Zero), parts, end: group.end(end), c }
            });
            multiply(self.cpu, products);
        }
    }

    /// Steps the weights and biases that lead to one tile of a hidden layer, or the head's for one of its inputs'.
    pub(super) fn descend(&self, level: usize, tile: usize, descent: &Descent<T>) {
        if level > self.hidden() {
            return self.descend_head(tile, descent);
        }
        let features = read(&self.levels[level].features[tile]);
        let Linear { weights, bias, gradient } = &mut *write(&self.levels[level].linears[tile]);
        for before in &self.levels[level - 1].features {
            let before = read(before);
            let products = gradient.blocks_mut().enumerate().map(|(block, c)| {
                let b = features.linear.block(block);
                let parts = [Part { a: before.outputs.data(), a_rows: b.len(), b }];
                let c = &mut c[before.first..][..before.width()];
                Product::<_, true, _> { start: Start::Zero, parts, end: End::Sum, c }
            });
            multiply(self.cpu, products);
        }
        descent.apply(self.cpu, weights, 0, gradient.data());
        for block in 0..gradient.blocks() {
            let mut sums = [T::ZERO; LANES];
            if features.norm.is_none() {
                // BatchNorm takes a bias away again: there the gradient is 0.
                self.cpu.run(Sums { rows: features.linear.block(block), sums: &mut sums });
            }
            descent.apply(self.cpu, bias, block, &[sums]);
        }
    }

    fn descend_head(&self, tile: usize, descent: &Descent<T>) {
        let features = read(&self.levels[self.hidden()].features[tile]);
        let (head, output) = (&mut *write(&self.head[tile]), read(&self.output));
        for block in 0..features.outputs.blocks() {
            let mut sums = [[T::ZERO; LANES]; OUTPUTS];
            let (factors, rows) = (output.delta.data(), features.outputs.block(block));
            self.cpu.run(WeightedSums { factors, rows, sums: &mut sums });
            descent.apply(self.cpu, head, block * OUTPUTS, &sums);
        }
    }

    /// Steps the last Linear's bias.
    pub(super) fn descend_output_bias(&self, descent: &Descent<T>) {
        let Output { bias, delta } = &mut *write(&self.output);
        let mut sums = [T::ZERO; LANES];
        self.cpu.run(Sums { rows: delta.data(), sums: &mut sums });
        descent.apply(self.cpu, bias, 0, &[sums]);
    }

    /// Where the gradient's norm is bounded, when all of it is there: steps all parameters.
    pub(super) fn step_together(&self, most: f64, descent: &Descent<T>) {
        descent.step_together(self.cpu, most, &|see| self.for_each_learnt(see));
    }

    /// Shows every part of the parameters.
    pub(super) fn for_each_learnt(&self, mut see: impl FnMut(&mut Learnt<T>)) {
        for Level { features, linears } in &self.levels {
            for linear in linears {
                let linear = &mut *write(linear);
                see(&mut linear.weights);
                see(&mut linear.bias);
            }
            for features in features {
                if let Some(norm) = &mut write(features).norm {
                    see(&mut norm.gamma);
                    see(&mut norm.beta);
                }
            }
        }
        self.head.iter().for_each(|head| see(&mut write(head)));
        see(&mut write(&self.output).bias);
    }

    /// Shows every part of the running statistics, with its place among all of them.
    pub(super) fn for_each_statistic(&self, mut see: impl FnMut(usize, &mut [T])) {
        for features in self.levels.iter().flat_map(|level| &level.features) {
            if let Some(norm) = &mut write(features).norm {
                let width = norm.mean.columns();
                for (place, running) in
                    norm.places.into_iter().zip([&mut norm.running_mean, &mut norm.running_variance])
                {
                    see(place, &mut running.data_mut().as_flattened_mut()[..width]);
                }
            }
        }
    }
}

fn offsets(config: &GeneratorConfig, widths: &[usize]) -> Vec<Offsets> {
    let mut next = Offsets { weight: 0, bias: 0, gamma: 0, beta: 0, statistics: 0 };
    let mut all = vec![next];
    for layer in 1..widths.len() {
        let width = widths[layer];
        next.bias = next.weight + width * widths[layer - 1];
        next.gamma = next.bias + width;
        let norm = config.batch_norm.get(layer - 1) == Some(&true);
        next.beta = next.gamma + if norm { width } else { 0 };
        all.push(next);
        next.weight = next.beta + if norm { width } else { 0 };
        next.statistics += if norm { 2 * width } else { 0 };
    }
    all
}

impl<T: Real> Features<T> {
    fn new([first, width, batch]: [usize; 3], is_linear: bool, norm: Option<Norm<T>>) -> Self {
        let linear = Matrix::zeros(batch, if is_linear { width } else { 0 });
        Self { first, outputs: Matrix::zeros(batch, width), norm, linear }
    }

    fn width(&self) -> usize {
        self.outputs.columns()
    }

    /// The part of a product over a layer's features that belongs to these: `a` is theirs, `b` has a row for each of
    /// the layer's.
    fn part<'a>(&self, a: &'a Matrix<T>, b: &'a [Lanes<T>]) -> Part<'a, T> {
        Part { a: a.data(), a_rows: a.rows(), b: &b[self.first..][..self.width()] }
    }

    /// With BatchNorm: from a block of what the Linear gives to what the layer gives.
    fn activate(&mut self, (cpu, below): (Cpu, T), block: usize, mode: Mode) {
        let Some(norm) = &mut self.norm else { return };
        let z = self.linear.block_mut(block);
        norm.prepare(cpu, block, z, mode);
        cpu.run(Normalise {
            z,
            mean: &norm.mean.data()[block],
            inverse: &norm.inverse.data()[block],
            gamma: &norm.gamma.values.data()[block],
            beta: &norm.beta.values.data()[block],
            below,
            outputs: self.outputs.block_mut(block),
        });
    }

    /// Where products put the gradient by each block of what the layer gives, and what they end in: without BatchNorm it
    /// goes on through the LeakyReLU, and is done.
    fn gradients<'a>(
        &'a mut self,
        below: T,
        scratch: &'a mut Matrix<T>,
    ) -> impl Iterator<Item = (End<'a, T>, &'a mut [Lanes<T>])> {
        let Self { outputs, norm, linear, .. } = self;
        let (outputs, normed) = (&*outputs, norm.is_some());
        let to = if normed { scratch } else { linear };
        let end = move |block| if normed { End::Sum } else { End::LeakyBackward(below, outputs.block(block)) };
        to.blocks_mut().take(outputs.blocks()).enumerate().map(move |(block, c)| (end(block), c))
    }

    /// With BatchNorm: from the gradient by a block of what the layer gives, which is used up, to that by what the
    /// Linear gives, and the steps of scale and shift.
    fn back(&mut self, (cpu, below): (Cpu, T), block: usize, gradient: &mut [Lanes<T>], descent: &Descent<T>) {
        let Some(norm) = &mut self.norm else { return };
        let [mut gamma_gradient, mut beta_gradient] = [[T::ZERO; LANES]; 2];
        cpu.run(NormBackward {
            normalised: self.linear.block_mut(block),
            inverse: &norm.inverse.data()[block],
            gamma: &norm.gamma.values.data()[block],
            beta: &norm.beta.values.data()[block],
            below,
            gradient,
            gamma_gradient: &mut gamma_gradient,
            beta_gradient: &mut beta_gradient,
        });
        descent.apply(cpu, &mut norm.gamma, block, &[gamma_gradient]);
        descent.apply(cpu, &mut norm.beta, block, &[beta_gradient]);
    }

    /// Turns the weights from a block of these features to a tile of the next layer's.
    fn turn(&self, cpu: Cpu, block: usize, linear: &Linear<T>, to: &mut [Lanes<T>]) {
        let weights = &linear.weights.values;
        cpu.run(Transpose {
            from: &weights.data()[self.first + block * LANES..],
            stride: weights.rows(),
            rows: LANES.min(self.width() - block * LANES),
            to,
        });
    }
}

impl<T: Real> Linear<T> {
    fn new(inputs: usize, first: usize, width: usize, at: Offsets, kept: Kept) -> Self {
        let place = Place { offset: at.weight + first * inputs, row: 1, column: inputs };
        Self {
            weights: Learnt::zeros(inputs, width, place, kept),
            bias: Learnt::zeros(1, width, Place::vector(at.bias + first), kept),
            gradient: Matrix::zeros(inputs, width),
        }
    }
}

impl<T: Real> Norm<T> {
    fn new(config: &GeneratorConfig, [first, width, of]: [usize; 3], at: Offsets, kept: Kept) -> Self {
        let learnt = |offset| Learnt::zeros(1, width, Place::vector(offset + first), kept);
        let row = || Matrix::zeros(1, width);
        Self {
            eps: T::from_f64(config.batch_norm_eps),
            momentum: config.batch_norm_momentum,
            gamma: learnt(at.gamma),
            beta: learnt(at.beta),
            mean: row(),
            inverse: row(),
            running_mean: row(),
            running_variance: row(),
            // A layer's means stand before its variances.
            places: [at.statistics + first, at.statistics + of + first],
        }
    }

    /// Finds the mean and the inverse deviation that a block is to be normalised with.
    fn prepare(&mut self, cpu: Cpu, block: usize, z: &[Lanes<T>], mode: Mode) {
        let (mean, inverse) = (&mut self.mean.data_mut()[block], &mut self.inverse.data_mut()[block]);
        let (running_mean, running_variance) =
            (&mut self.running_mean.data_mut()[block], &mut self.running_variance.data_mut()[block]);
        match mode {
            Mode::Train => {
                cpu.run(Statistics { z, mean, variance: inverse });
                // The running variance is moved by the one without bias, as PyTorch does.
                let unbiased = T::from_f64(z.len() as f64 / (z.len() as f64 - 1.0));
                let (new, old) = (T::from_f64(self.momentum), T::from_f64(1.0 - self.momentum));
                for j in 0..LANES {
                    running_mean[j] = new * mean[j] + old * running_mean[j];
                    running_variance[j] = new * (inverse[j] * unbiased) + old * running_variance[j];
                }
            }
            Mode::Evaluate => (*mean, *inverse) = (*running_mean, *running_variance),
        }
        *inverse = inverse.map(|variance| T::ONE / (variance + self.eps).sqrt());
    }
}
