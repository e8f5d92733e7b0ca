//! The discriminator or critic. It has no BatchNorm, so samples do not influence each other, and all that is computed
//! of some samples is one task: forward, backward, and the penalty.
//!
//! **One backward pass.** A sample's score s moves the loss by a number c of its own. What flows back from s is linear
//! in c, so it is computed for c = 1 once: delta_l = m_l (W_{l+1}^T delta_{l+1}), where m_l is 1 or 0.2, LeakyReLU's
//! slopes, and delta = 1 at the score. The generator's gradient by a point is its c times W_1^T delta_1; the
//! discriminator's by W_l is the sum over samples of delta_l (c h_{l-1})^T, with its own c and the layer's inputs h.
//!
//! **The penalty in closed form.** Where no unit changes sign the critic is linear in its input, with gradient
//! J = W_1^T delta_1. A penalty P(J) with g = dP/dJ moves W_1 by delta_1 g^T and delta_1 by W_1 g; that goes forward
//! through the same layers, t_l = m_l (W_l t_{l-1}) with t_0 = g, and moves W_l by delta_l t_{l-1}^T. So a mixed point
//! counts in the sums above like any other, with t in the place of c h. Biases do not appear in J.

use std::sync::RwLock;

use super::descend::Descent;
use super::generator::{read, tile_size, write};
use super::matrix::{Learnt, Matrix, Place};
use super::norm::{Leaky, LeakyBackward};
use super::product::{Product, Transpose};
use super::simd::{Cpu, Isa, Kernel, LANES, Lanes, change, total};
use crate::config::DiscriminatorConfig;
use crate::loss::wgan_gp;
use crate::optim::BUFFERS;
use crate::real::Real;

/// Blocks of lanes whose samples are one task.
pub(super) const SLAB: usize = 4;

/// Numbers of a point.
const INPUTS: usize = 2;

#[derive(Debug)]
pub(super) struct Critic<T> {
    cpu: Cpu,
    /// The hidden layers and the last one, whose only feature is the score.
    layers: Vec<Layer<T>>,
}

#[derive(Debug)]
struct Layer<T> {
    inputs: usize,
    tiles: Vec<RwLock<Tile<T>>>,
}

/// Some features of a layer with the weights that lead to them.
#[derive(Debug)]
struct Tile<T> {
    first: usize,
    width: usize,
    weights: Learnt<T>,
    weights_transposed: Matrix<T>,
    bias: Learnt<T>,
    gradient: Matrix<T>,
    bias_sums: Vec<Lanes<T>>,
    bias_gradient: Vec<Lanes<T>>,
}

/// Some samples and all that is computed of them.
#[derive(Debug)]
pub(super) struct Slab<T> {
    /// The first sample's number in the batch.
    pub(super) first: usize,
    /// How many there are; the last slab's lanes may not be full.
    pub(super) size: usize,
    /// The points, then what each layer gives; the last is the score.
    levels: Vec<Matrix<T>>,
    /// For each layer, the score's derivative by what its Linear gives.
    deltas: Vec<Matrix<T>>,
    /// For each layer, what its inputs count in the weights' gradient: [samples, inputs].
    factors: Vec<Matrix<T>>,
    /// For each layer, the t that goes into it; empty but for mixed points.
    sweep: Vec<Matrix<T>>,
    /// Each sample's c in the discriminator's loss; 0 for mixed points and empty lanes.
    weights: Vec<Lanes<T>>,
    /// The score's derivative by the point.
    slopes: Matrix<T>,
    /// The sum of the discriminator's terms, and of the generator's.
    pub(super) values: [f64; 2],
}

impl<T: Real> Critic<T> {
    pub(super) fn new(config: &DiscriminatorConfig, kept: [bool; BUFFERS], cpu: Cpu) -> Self {
        let mut widths = vec![INPUTS];
        widths.extend(&config.hidden);
        widths.push(1);
        let mut offset = 0;
        let layers = widths.array_windows().map(|&[inputs, outputs]| {
            let size = tile_size(outputs);
            let tiles = (0..outputs).step_by(size).map(|first| {
                RwLock::new(Tile::new(
                    first,
                    size.min(outputs - first),
                    inputs,
                    [offset, offset + outputs * inputs],
                    kept,
                ))
            });
            let layer = Layer { inputs, tiles: tiles.collect() };
            offset += outputs * (inputs + 1);
            layer
        });
        Self { cpu, layers: layers.collect() }
    }

    /// Slabs for a batch; those of mixed points need more memory.
    pub(super) fn slabs(config: &DiscriminatorConfig, batch: usize, mixed: bool) -> Vec<RwLock<Slab<T>>> {
        let samples = SLAB * LANES;
        let firsts = (0..batch).step_by(samples);
        firsts.map(|first| RwLock::new(Slab::new(config, first, samples.min(batch - first), mixed))).collect()
    }

    /// The number of update tasks.
    pub(super) fn tiles(&self) -> usize {
        self.layers.iter().map(|layer| layer.tiles.len()).sum()
    }

    /// Scores a slab's points, and finds the scores' derivatives.
    pub(super) fn differentiate(&self, slab: &mut Slab<T>) {
        self.score(slab);
        let last = self.layers.len() - 1;
        slab.deltas[last].data_mut().fill([T::ONE; LANES]);
        for l in (0..last).rev() {
            let (deltas, after) = slab.deltas.split_at_mut(l + 1);
            self.back(l + 1, &after[0], &mut deltas[l]);
            let (outputs, gradient) = (slab.levels[l + 1].data(), deltas[l].data_mut());
            self.cpu.run(LeakyBackward { outputs, gradient });
        }
    }

    /// Scores a slab's points.
    pub(super) fn score(&self, slab: &mut Slab<T>) {
        for l in 0..self.layers.len() {
            let (inputs, outputs) = slab.levels.split_at_mut(l + 1);
            self.linear(l, &inputs[l], &mut outputs[0], true);
            if l + 1 < self.layers.len() {
                self.cpu.run(Leaky(outputs[0].data_mut()));
            }
        }
    }

    /// After [`Self::differentiate`]: the scores' derivatives by the points.
    pub(super) fn slopes(&self, slab: &mut Slab<T>) {
        self.back(0, &slab.deltas[0], &mut slab.slopes);
    }

    /// After [`Self::differentiate`]: what the samples count in the discriminator's gradient, each with its weight.
    pub(super) fn weigh(&self, slab: &mut Slab<T>) {
        for l in 0..self.layers.len() {
            turn(self.cpu, &slab.levels[l], &mut slab.factors[l]);
            let samples = slab.factors[l].rows();
            let (weights, rows) = (slab.weights.as_flattened(), slab.factors[l].data_mut());
            self.cpu.run(Scale { rows, samples, weights });
        }
    }

    /// After [`Self::slopes`] of mixed points: what they count in the discriminator's gradient, with `weight` for the
    /// gradient penalty's share of one sample.
    pub(super) fn penalise(&self, slab: &mut Slab<T>, weight: f64) {
        slab.take_penalty(weight);
        for l in 0..self.layers.len() {
            turn(self.cpu, &slab.sweep[l], &mut slab.factors[l]);
            if l + 1 < self.layers.len() {
                let (before, after) = slab.sweep.split_at_mut(l + 1);
                self.linear(l, &before[l], &mut after[0], false);
                self.cpu.run(LeakyBackward { outputs: slab.levels[l + 1].data(), gradient: after[0].data_mut() });
            }
        }
    }

    /// A layer's Linear, with its bias or without.
    fn linear(&self, layer: usize, inputs: &Matrix<T>, outputs: &mut Matrix<T>, biased: bool) {
        let rows = outputs.rows();
        for tile in &self.layers[layer].tiles {
            let tile = read(tile);
            for block in outputs.data_mut().chunks_exact_mut(rows) {
                for (row, &bias) in block[tile.first..].iter_mut().zip(tile.bias.vector()) {
                    *row = [if biased { bias } else { T::ZERO }; LANES];
                }
            }
            self.cpu.run(Product {
                a: tile.weights.values.data(),
                a_rows: tile.width,
                a_first: 0,
                depth: self.layers[layer].inputs,
                b: inputs.data(),
                b_rows: inputs.rows(),
                b_first: 0,
                c: outputs.data_mut(),
                c_rows: rows,
                c_first: tile.first,
                rows: tile.width,
            });
        }
    }

    /// The gradient by a layer's inputs from that by its outputs.
    fn back(&self, layer: usize, outputs: &Matrix<T>, inputs: &mut Matrix<T>) {
        inputs.data_mut().fill([T::ZERO; LANES]);
        let rows = inputs.rows();
        for tile in &self.layers[layer].tiles {
            let tile = read(tile);
            self.cpu.run(Product {
                a: tile.weights_transposed.data(),
                a_rows: rows,
                a_first: 0,
                depth: tile.width,
                b: outputs.data(),
                b_rows: outputs.rows(),
                b_first: tile.first,
                c: inputs.data_mut(),
                c_rows: rows,
                c_first: 0,
                rows,
            });
        }
    }

    /// Steps the weights and biases of one tile, counted over all layers, along the gradient that the slabs give.
    pub(super) fn update(&self, task: usize, slabs: &[&[RwLock<Slab<T>>]], descent: &Descent<T>) {
        let mut task = task;
        for (l, layer) in self.layers.iter().enumerate() {
            if let Some(tile) = layer.tiles.get(task) {
                return write(tile).update(self.cpu, l, slabs, descent);
            }
            task -= layer.tiles.len();
        }
    }

    /// Shows every part of the parameters.
    pub(super) fn for_each_learnt(&self, mut see: impl FnMut(&mut Learnt<T>)) {
        for tile in self.layers.iter().flat_map(|layer| &layer.tiles) {
            let mut tile = write(tile);
            see(&mut tile.weights);
            see(&mut tile.bias);
            tile.refresh(self.cpu);
        }
    }
}

impl<T: Real> Tile<T> {
    fn new(first: usize, width: usize, inputs: usize, [weight, bias]: [usize; 2], kept: [bool; BUFFERS]) -> Self {
        let place = Place { offset: weight, columns: inputs, first_row: first, first_column: 0 };
        Self {
            first,
            width,
            weights: Learnt::zeros(width, inputs, place, kept),
            weights_transposed: Matrix::zeros(inputs, width),
            bias: Learnt::zeros(1, width, Place::vector(bias, first), kept),
            gradient: Matrix::zeros(width, inputs),
            bias_sums: vec![[T::ZERO; LANES]; width],
            bias_gradient: vec![[T::ZERO; LANES]; width.div_ceil(LANES)],
        }
    }

    fn update(&mut self, cpu: Cpu, layer: usize, slabs: &[&[RwLock<Slab<T>>]], descent: &Descent<T>) {
        self.gradient.data_mut().fill([T::ZERO; LANES]);
        self.bias_gradient.fill([T::ZERO; LANES]);
        for side in slabs {
            // Real and generated points are summed apart and alike: where a unit is on for all of them their parts of
            // a Wasserstein critic's bias gradient cancel, and must do so exactly, for RMSProp and Adam would turn
            // what is left into a step.
            self.bias_sums.fill([T::ZERO; LANES]);
            for slab in *side {
                self.add_gradient(cpu, &read(slab), layer);
            }
            for (gradient, sums) in self.bias_gradient.as_flattened_mut().iter_mut().zip(&self.bias_sums) {
                *gradient += total(*sums);
            }
        }
        descent.apply(cpu, &mut self.weights, 0, self.gradient.data());
        descent.apply(cpu, &mut self.bias, 0, &self.bias_gradient);
        self.refresh(cpu);
    }

    fn add_gradient(&mut self, cpu: Cpu, slab: &Slab<T>, layer: usize) {
        let (deltas, factors) = (&slab.deltas[layer], &slab.factors[layer]);
        cpu.run(Product {
            a: deltas.data(),
            a_rows: deltas.rows(),
            a_first: self.first,
            depth: factors.rows(),
            b: factors.data(),
            b_rows: factors.rows(),
            b_first: 0,
            c: self.gradient.data_mut(),
            c_rows: self.width,
            c_first: 0,
            rows: self.width,
        });
        for (block, weights) in slab.weights.iter().enumerate() {
            let rows = &deltas.block(block)[self.first..][..self.width];
            cpu.run(AddWeighted { rows, weights, sums: &mut self.bias_sums });
        }
    }

    fn refresh(&mut self, cpu: Cpu) {
        turn(cpu, &self.weights.values, &mut self.weights_transposed);
    }
}

/// The whole transpose of a matrix.
fn turn<T: Real>(cpu: Cpu, from: &Matrix<T>, to: &mut Matrix<T>) {
    let to_rows = to.rows();
    for (block, rows) in from.data().chunks_exact(from.rows()).enumerate() {
        let to_first = block * LANES;
        let lanes = LANES.min(to_rows - to_first);
        cpu.run(Transpose { from: rows, to: to.data_mut(), to_rows, to_first, lanes });
    }
}

impl<T: Real> Slab<T> {
    fn new(config: &DiscriminatorConfig, first: usize, size: usize, mixed: bool) -> Self {
        let lanes = size.next_multiple_of(LANES);
        let mut widths = vec![INPUTS];
        widths.extend(&config.hidden);
        let inputs = |shape: fn(usize, usize) -> Matrix<T>| widths.iter().map(|&width| shape(width, lanes)).collect();
        let mut levels: Vec<_> = inputs(Matrix::zeros);
        levels.push(Matrix::zeros(1, lanes));
        Self {
            first,
            size,
            deltas: levels[1..].to_vec(),
            levels,
            factors: inputs(|width, lanes| Matrix::zeros(lanes, width)),
            sweep: if mixed { inputs(Matrix::zeros) } else { Vec::new() },
            weights: vec![[T::ZERO; LANES]; lanes / LANES],
            slopes: Matrix::zeros(INPUTS, lanes),
            values: [0.0; 2],
        }
    }

    /// The points: two rows of lanes for each block.
    pub(super) fn points_mut(&mut self) -> &mut [Lanes<T>] {
        self.levels[0].data_mut()
    }

    pub(super) fn set_point(&mut self, sample: usize, point: [T; 2]) {
        self.levels[0].set(0, sample, point[0]);
        self.levels[0].set(1, sample, point[1]);
    }

    pub(super) fn point(&self, sample: usize) -> [T; 2] {
        [self.levels[0].get(0, sample), self.levels[0].get(1, sample)]
    }

    pub(super) fn score(&self, sample: usize) -> T {
        self.levels[self.levels.len() - 1].get(0, sample)
    }

    /// Sets a sample's c in the discriminator's loss.
    pub(super) fn set_weight(&mut self, sample: usize, weight: T) {
        self.weights[sample / LANES][sample % LANES] = weight;
    }

    /// Turns the slopes into the gradient by the points, for a loss that moves by `weight(sample)` with a score.
    pub(super) fn slopes_times(&mut self, weight: impl Fn(usize) -> T) -> &[Lanes<T>] {
        for sample in 0..self.slopes.columns() {
            let weight = if sample < self.size { weight(sample) } else { T::ZERO };
            for coordinate in 0..INPUTS {
                self.slopes.set(coordinate, sample, self.slopes.get(coordinate, sample) * weight);
            }
        }
        self.slopes.data()
    }

    /// The penalty of each sample, and its derivative by the slopes as what is swept forward.
    fn take_penalty(&mut self, weight: f64) {
        let mut sum = 0.0;
        for sample in 0..self.size {
            let j = [self.slopes.get(0, sample), self.slopes.get(1, sample)];
            let (value, direction) = wgan_gp::penalty(j);
            sum += value.to_f64();
            for (coordinate, &x) in direction.iter().enumerate() {
                self.sweep[0].set(coordinate, sample, x * T::from_f64(weight));
            }
        }
        self.values = [sum, 0.0];
    }
}

/// Multiplies each sample's row by its weight.
struct Scale<'a, T> {
    rows: &'a mut [Lanes<T>],
    samples: usize,
    weights: &'a [T],
}

impl<T: Real> Kernel for Scale<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        for panel in self.rows.chunks_exact_mut(self.samples) {
            for (row, &weight) in panel.iter_mut().zip(self.weights) {
                change(row, [], |x, []| x * weight);
            }
        }
    }
}

/// Adds rows times weights to sums.
struct AddWeighted<'a, T> {
    rows: &'a [Lanes<T>],
    weights: &'a Lanes<T>,
    sums: &'a mut [Lanes<T>],
}

impl<T: Real> Kernel for AddWeighted<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        for (sum, row) in self.sums.iter_mut().zip(self.rows) {
            change(sum, [row, self.weights], |sum, [x, weight]| sum + x * weight);
        }
    }
}
