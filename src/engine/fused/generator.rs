//! The generator: its forward pass, its backward pass, its updates.
//!
//! A layer's features are split into tiles, and a tile holds all that belongs to its features: their values over the
//! whole batch, BatchNorm's statistics, the weights that lead out of them. A task computes one tile, reads tiles of
//! the neighbouring layer, and writes none but its own. So batch statistics need no sum over tasks; and a tile's
//! gradient, the weights' gradient and the optimiser's step follow each other while the tile is in cache. The locks
//! never make a task wait: phases are such that nobody else writes what a task reads.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::descend::Descent;
use super::matrix::{Learnt, Matrix, Place};
use super::norm::{Batch, Leaky, LeakyBackward, NormBackward, Normalise, Statistics, Sums};
use super::product::{Product, Transpose};
use super::simd::{Cpu, LANES, Lanes};
use crate::config::GeneratorConfig;
use crate::optim::BUFFERS;
use crate::real::Real;

/// Numbers of a point.
const OUTPUTS: usize = 2;

/// How many features a tile has in a layer of this width, whole rows of lanes: sums over fewer than 64 features are
/// taken up and put down too often, and more would leave too few tiles for four threads.
pub(super) fn tile_size(width: usize) -> usize {
    (width / 2).next_multiple_of(LANES).clamp(LANES, 64)
}

pub(super) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

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
    batch: Batch,
    /// The codes, then the hidden layers.
    levels: Vec<Level<T>>,
    output: RwLock<Output<T>>,
}

#[derive(Debug)]
struct Level<T> {
    norm: Option<NormOptions>,
    tiles: Vec<RwLock<Tile<T>>>,
}

#[derive(Clone, Copy, Debug)]
struct NormOptions {
    eps: f64,
    momentum: f64,
}

/// Some features of a layer.
#[derive(Debug)]
struct Tile<T> {
    first: usize,
    width: usize,
    /// Before LeakyReLU and BatchNorm, then normalised; empty without BatchNorm.
    normalised: Matrix<T>,
    outputs: Matrix<T>,
    outputs_transposed: Matrix<T>,
    /// The loss's gradient by `outputs`, then by the Linear's output.
    delta: Matrix<T>,
    /// Those of the Linear that leads here.
    bias: Learnt<T>,
    norm: Option<Norm<T>>,
    /// Those of the next layer's weights that take these features: [its features, these].
    weights: Learnt<T>,
    weights_transposed: Matrix<T>,
    gradient: Vec<Lanes<T>>,
    scratch: Vec<Lanes<T>>,
}

#[derive(Debug)]
struct Norm<T> {
    gamma: Learnt<T>,
    beta: Learnt<T>,
    /// The batch's mean and 1 / sqrt(variance + eps).
    mean: Vec<T>,
    inverse: Vec<T>,
    running_mean: Vec<T>,
    running_variance: Vec<T>,
    gamma_gradient: Vec<Lanes<T>>,
    beta_gradient: Vec<Lanes<T>>,
    statistics_offset: usize,
}

/// The last Linear's output.
#[derive(Debug)]
struct Output<T> {
    bias: Learnt<T>,
    /// The loss's gradient by the points.
    delta: Matrix<T>,
    gradient: Vec<Lanes<T>>,
    scratch: Vec<Lanes<T>>,
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
    pub(super) fn new(config: &GeneratorConfig, batch: Batch, kept: [bool; BUFFERS], cpu: Cpu) -> Self {
        let mut widths = vec![config.latent_dim];
        widths.extend(&config.hidden);
        widths.push(OUTPUTS);
        let offsets = offsets(config, &widths);
        let levels = (0..widths.len() - 1).map(|level| {
            let norm = level.checked_sub(1).is_some_and(|i| config.batch_norm[i]);
            let options = NormOptions { eps: config.batch_norm_eps, momentum: config.batch_norm_momentum };
            let size = tile_size(widths[level]);
            let tiles = (0..widths[level]).step_by(size).map(|first| {
                let width = size.min(widths[level] - first);
                let [before, after] = [offsets[level], offsets[level + 1]];
                RwLock::new(Tile::new(
                    [first, width, widths[level], widths[level + 1]],
                    [before, after],
                    batch,
                    norm,
                    kept,
                ))
            });
            Level { norm: norm.then_some(options), tiles: tiles.collect() }
        });
        let output = Output {
            bias: Learnt::zeros(1, OUTPUTS, Place::vector(offsets[widths.len() - 1].bias, 0), kept),
            delta: Matrix::zeros(OUTPUTS, batch.size),
            gradient: vec![[T::ZERO; LANES]; 1],
            scratch: vec![[T::ZERO; LANES]; OUTPUTS],
        };
        Self { cpu, batch, levels: levels.collect(), output: RwLock::new(output) }
    }

    /// The number of hidden layers.
    pub(super) fn hidden(&self) -> usize {
        self.levels.len() - 1
    }

    /// The tasks of a level, 0 that of the codes.
    pub(super) fn tiles(&self, level: usize) -> usize {
        self.levels[level].tiles.len()
    }

    /// Takes codes [samples, latent], at most a batch of them, for one tile of level 0.
    pub(super) fn load_codes(&self, tile: usize, codes: &[f32], latent: usize) {
        let mut tile = write(&self.levels[0].tiles[tile]);
        let tile = &mut *tile;
        for (sample, code) in codes.chunks_exact(latent).enumerate() {
            for (f, &x) in code[tile.first..][..tile.width].iter().enumerate() {
                tile.outputs.set(f, sample, T::from_f32(x));
                tile.outputs_transposed.set(sample, f, T::from_f32(x));
            }
        }
    }

    /// Computes one tile of a hidden layer from the whole level before.
    pub(super) fn forward(&self, level: usize, tile: usize, mode: Mode) {
        let mut tile = write(&self.levels[level].tiles[tile]);
        let tile = &mut *tile;
        let (first, width) = (tile.first, tile.width);
        let norm = self.levels[level].norm;
        let linear = if norm.is_some() { &mut tile.normalised } else { &mut tile.outputs };
        for block in 0..self.batch.blocks() {
            for (row, &bias) in linear.block_mut(block).iter_mut().zip(tile.bias.vector()) {
                *row = [bias; LANES];
            }
        }
        for before in &self.levels[level - 1].tiles {
            let before = read(before);
            self.cpu.run(before.product(first, width, linear.data_mut(), before.outputs.data()));
        }
        match norm {
            Some(options) => tile.normalise(self.cpu, self.batch, options, mode),
            None => self.cpu.run(Leaky(tile.outputs.data_mut())),
        }
        if mode == Mode::Train {
            tile.transpose_outputs(self.cpu, self.batch);
        }
    }

    /// The points of some blocks of the batch, from `first_block`; `points` has two rows for each.
    pub(super) fn points(&self, first_block: usize, points: &mut [Lanes<T>]) {
        {
            let output = read(&self.output);
            let (pairs, _) = points.as_chunks_mut::<OUTPUTS>();
            for pair in pairs {
                for (row, &bias) in pair.iter_mut().zip(output.bias.vector()) {
                    *row = [bias; LANES];
                }
            }
        }
        let blocks = points.len() / OUTPUTS;
        for before in &self.levels[self.hidden()].tiles {
            let before = read(before);
            let inputs = &before.outputs.data()[first_block * before.width..][..blocks * before.width];
            self.cpu.run(before.product(0, OUTPUTS, points, inputs));
        }
    }

    /// Takes the loss's gradient by the points of some blocks, from `first_block`; two rows for each.
    pub(super) fn take_gradient(&self, first_block: usize, gradient: &[Lanes<T>]) {
        let mut output = write(&self.output);
        output.delta.data_mut()[first_block * OUTPUTS..][..gradient.len()].copy_from_slice(gradient);
    }

    /// Carries the gradient back to one tile of a level, and steps all that the tile holds.
    pub(super) fn backward(&self, level: usize, tile: usize, descent: &Descent<T>) {
        let mut tile = write(&self.levels[level].tiles[tile]);
        let tile = &mut *tile;
        tile.delta.data_mut().fill([T::ZERO; LANES]);
        let wanted = level > 0;
        if level == self.hidden() {
            tile.take_back(self.cpu, 0, &read(&self.output).delta, wanted, descent);
        } else {
            for after in &self.levels[level + 1].tiles {
                let after = read(after);
                tile.take_back(self.cpu, after.first, &after.delta, wanted, descent);
            }
        }
        if wanted {
            tile.step_own(self.cpu, self.batch, descent);
        }
    }

    /// Steps the last Linear's bias.
    pub(super) fn step_output_bias(&self, descent: &Descent<T>) {
        let mut output = write(&self.output);
        let Output { bias, delta, gradient, scratch } = &mut *output;
        let totals = &mut gradient.as_flattened_mut()[..OUTPUTS];
        self.cpu.run(Sums { batch: self.batch, rows: delta.data(), scratch, totals });
        descent.apply(self.cpu, bias, 0, gradient);
    }

    /// Shows every part of the parameters.
    pub(super) fn for_each_learnt(&self, mut see: impl FnMut(&mut Learnt<T>)) {
        for (level, Level { tiles, .. }) in self.levels.iter().enumerate() {
            for tile in tiles {
                let mut tile = write(tile);
                let tile = &mut *tile;
                see(&mut tile.weights);
                if level > 0 {
                    see(&mut tile.bias);
                }
                if let Some(norm) = &mut tile.norm {
                    see(&mut norm.gamma);
                    see(&mut norm.beta);
                }
            }
        }
        see(&mut write(&self.output).bias);
    }

    /// Shows every part of the running statistics, with its place among all of them.
    pub(super) fn for_each_statistic(&self, mut see: impl FnMut(usize, &mut [T])) {
        for Level { tiles, .. } in &self.levels {
            // A layer's means stand before its variances.
            let width: usize = tiles.iter().map(|tile| read(tile).width).sum();
            for tile in tiles {
                let mut tile = write(tile);
                let first = tile.first;
                if let Some(norm) = &mut tile.norm {
                    see(norm.statistics_offset + first, &mut norm.running_mean);
                    see(norm.statistics_offset + width + first, &mut norm.running_variance);
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

impl<T: Real> Tile<T> {
    fn new(
        [first, width, columns, next_width]: [usize; 4],
        [before, after]: [Offsets; 2],
        batch: Batch,
        norm: bool,
        kept: [bool; BUFFERS],
    ) -> Self {
        let lanes = batch.blocks() * LANES;
        let features = || Matrix::zeros(width, lanes);
        let vector = |offset| Learnt::zeros(1, width, Place::vector(offset, first), kept);
        let place = Place { offset: after.weight, columns, first_row: 0, first_column: first };
        let next_tile = tile_size(next_width).min(next_width);
        Self {
            first,
            width,
            normalised: if norm { features() } else { Matrix::zeros(0, lanes) },
            outputs: features(),
            outputs_transposed: Matrix::zeros(lanes, width),
            delta: features(),
            bias: vector(before.bias),
            norm: norm.then(|| Norm {
                gamma: vector(before.gamma),
                beta: vector(before.beta),
                mean: vec![T::ZERO; width],
                inverse: vec![T::ZERO; width],
                running_mean: vec![T::ZERO; width],
                running_variance: vec![T::ZERO; width],
                gamma_gradient: vec![[T::ZERO; LANES]; width.div_ceil(LANES)],
                beta_gradient: vec![[T::ZERO; LANES]; width.div_ceil(LANES)],
                statistics_offset: before.statistics,
            }),
            weights: Learnt::zeros(next_width, width, place, kept),
            weights_transposed: Matrix::zeros(width, next_tile),
            gradient: vec![[T::ZERO; LANES]; next_tile.max(width.div_ceil(LANES))],
            scratch: vec![[T::ZERO; LANES]; 2 * width],
        }
    }

    /// What these features contribute to `rows` features of the next layer, from `first`.
    fn product<'a>(
        &'a self,
        first: usize,
        rows: usize,
        to: &'a mut [Lanes<T>],
        inputs: &'a [Lanes<T>],
    ) -> Product<'a, T> {
        Product {
            a: self.weights.values.data(),
            a_rows: self.weights.values.rows(),
            a_first: first,
            depth: self.width,
            b: inputs,
            b_rows: self.width,
            b_first: 0,
            c: to,
            c_rows: rows,
            c_first: 0,
            rows,
        }
    }

    fn normalise(&mut self, cpu: Cpu, batch: Batch, options: NormOptions, mode: Mode) {
        let Some(norm) = &mut self.norm else { return };
        if mode == Mode::Train {
            let z = self.normalised.data();
            let (mean, variance) = (&mut norm.mean, &mut norm.inverse);
            cpu.run(Statistics { batch, z, scratch: &mut self.scratch, mean, variance });
            norm.move_running(batch, options.momentum);
        } else {
            norm.mean.copy_from_slice(&norm.running_mean);
            norm.inverse.copy_from_slice(&norm.running_variance);
        }
        for x in &mut norm.inverse {
            *x = T::ONE / (*x + T::from_f64(options.eps)).sqrt();
        }
        cpu.run(Normalise {
            z: self.normalised.data_mut(),
            mean: &norm.mean,
            inverse: &norm.inverse,
            gamma: norm.gamma.vector(),
            beta: norm.beta.vector(),
            outputs: self.outputs.data_mut(),
        });
    }

    fn transpose_outputs(&mut self, cpu: Cpu, batch: Batch) {
        let lanes = batch.blocks() * LANES;
        for block in 0..batch.blocks() {
            let to = self.outputs_transposed.data_mut();
            cpu.run(Transpose {
                from: self.outputs.block(block),
                to,
                to_rows: lanes,
                to_first: block * LANES,
                lanes: LANES,
            });
        }
    }

    /// Takes back the gradient by some features of the next layer, those from `first`: adds what it is by these
    /// features, where `wanted`, and steps the weights between them.
    fn take_back(&mut self, cpu: Cpu, first: usize, after: &Matrix<T>, wanted: bool, descent: &Descent<T>) {
        let rows = after.rows();
        if wanted {
            self.transpose_weights(cpu, first, rows);
            cpu.run(Product {
                a: self.weights_transposed.data(),
                a_rows: self.width,
                a_first: 0,
                depth: rows,
                b: after.data(),
                b_rows: rows,
                b_first: 0,
                c: self.delta.data_mut(),
                c_rows: self.width,
                c_first: 0,
                rows: self.width,
            });
        }
        for panel in 0..self.width.div_ceil(LANES) {
            let gradient = &mut self.gradient[..rows];
            gradient.fill([T::ZERO; LANES]);
            let samples = self.outputs_transposed.rows();
            cpu.run(Product {
                a: after.data(),
                a_rows: rows,
                a_first: 0,
                depth: samples,
                b: self.outputs_transposed.block(panel),
                b_rows: samples,
                b_first: 0,
                c: gradient,
                c_rows: rows,
                c_first: 0,
                rows,
            });
            let place = panel * self.weights.values.rows() + first;
            descent.apply(cpu, &mut self.weights, place, gradient);
        }
    }

    /// The weights from these features to some of the next layer, turned.
    fn transpose_weights(&mut self, cpu: Cpu, first: usize, rows: usize) {
        for panel in 0..self.width.div_ceil(LANES) {
            let lanes = LANES.min(self.width - panel * LANES);
            let blocks = rows.div_ceil(LANES);
            cpu.run(Transpose {
                from: &self.weights.values.block(panel)[first..][..rows],
                to: &mut self.weights_transposed.data_mut()[..blocks * self.width],
                to_rows: self.width,
                to_first: panel * LANES,
                lanes,
            });
        }
    }

    /// From the gradient by these features' values to that by the Linear's output, and the steps of bias, scale and
    /// shift.
    fn step_own(&mut self, cpu: Cpu, batch: Batch, descent: &Descent<T>) {
        cpu.run(LeakyBackward { outputs: self.outputs.data(), gradient: self.delta.data_mut() });
        if let Some(norm) = &mut self.norm {
            cpu.run(NormBackward {
                batch,
                normalised: self.normalised.data(),
                inverse: &norm.inverse,
                gamma: norm.gamma.vector(),
                gradient: self.delta.data_mut(),
                scratch: &mut self.scratch,
                gamma_gradient: &mut norm.gamma_gradient.as_flattened_mut()[..self.width],
                beta_gradient: &mut norm.beta_gradient.as_flattened_mut()[..self.width],
            });
            descent.apply(cpu, &mut norm.gamma, 0, &norm.gamma_gradient);
            descent.apply(cpu, &mut norm.beta, 0, &norm.beta_gradient);
        }
        let gradient = &mut self.gradient[..self.width.div_ceil(LANES)];
        let totals = &mut gradient.as_flattened_mut()[..self.width];
        cpu.run(Sums { batch, rows: self.delta.data(), scratch: &mut self.scratch, totals });
        descent.apply(cpu, &mut self.bias, 0, gradient);
    }
}

impl<T: Real> Norm<T> {
    /// Moves the running statistics towards the batch's, whose variance is taken without bias, as PyTorch does.
    /// `inverse` still holds the variance.
    fn move_running(&mut self, batch: Batch, momentum: f64) {
        let unbiased = T::from_f64(batch.size as f64 / (batch.size as f64 - 1.0));
        let (new, old) = (T::from_f64(momentum), T::from_f64(1.0 - momentum));
        for f in 0..self.mean.len() {
            self.running_mean[f] = new * self.mean[f] + old * self.running_mean[f];
            self.running_variance[f] = new * (self.inverse[f] * unbiased) + old * self.running_variance[f];
        }
    }
}
