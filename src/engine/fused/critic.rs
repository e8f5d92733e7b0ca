//! The discriminator or critic. It has no BatchNorm, so samples do not influence each other, and all that is computed
//! of some samples is one task: forward, backward, and the penalty.
//!
//! **One backward pass.** A sample's score s moves the loss by a number c of its own. What flows back from s is linear
//! in c, so it is computed for c = 1 once: delta_l = m_l (W_{l+1}^T delta_{l+1}), where m_l is 1 or 0.2, LeakyReLU's
//! slopes, and delta = 1 at the score. The generator's gradient by a point is its c times W_1^T delta_1; the
//! discriminator's by W_l is the sum over samples of c delta_l h_{l-1}^T, with its own c and the layer's inputs h.
//!
//! **The penalty in closed form.** Where no unit changes sign the critic is linear in its input, with gradient
//! J = W_1^T delta_1. A penalty P(J) with g = dP/dJ moves W_1 by delta_1 g^T and delta_1 by W_1 g; that goes forward
//! through the same layers, t_l = m_l (W_l t_{l-1}) with t_0 = g, and moves W_l by delta_l t_{l-1}^T. So a mixed point
//! counts in the sums above like any other, with c = 1 and t in the place of h. Biases do not appear in J.

use std::ops::Range;
use std::sync::RwLock;

use super::descend::Descent;
use super::matrix::{Learnt, Matrix, Place, Rows};
use super::narrow::{Dots, Score, Totals};
use super::norm::{Scale, Sums};
use super::product::{End, Part, Product, Start, Transpose};
use super::simd::{Cpu, LANES, Lanes};
use super::slab::{INPUTS, Slab};
use super::tiles::{groups, read, tiles, write};
use crate::config::DiscriminatorConfig;
use crate::optim::BUFFERS;
use crate::real::Real;

#[derive(Debug)]
pub(super) struct Critic<T> {
    cpu: Cpu,
    /// The hidden layers, each in tiles.
    layers: Vec<Vec<RwLock<Tile<T>>>>,
    head: RwLock<Head<T>>,
}

/// Some features of a layer with the weights [inputs, features] that lead to them.
#[derive(Debug)]
struct Tile<T> {
    first: usize,
    weights: Learnt<T>,
    /// The weights [features, inputs].
    turned: Matrix<T>,
    bias: Learnt<T>,
    gradient: Rows<T>,
}

/// What goes through a layer.
#[derive(Clone, Copy, Debug)]
enum Pass<'a, T> {
    /// Values, to the layer's own.
    Hidden,
    /// Values of the last hidden layer, whose LeakyReLU is left to [`Score`].
    Last,
    /// A penalty's t, times LeakyReLU's slopes where the layer gave these values.
    Sweep(&'a Matrix<T>),
}

/// The last Linear: the score's weights [1, inputs].
#[derive(Debug)]
struct Head<T> {
    weights: Learnt<T>,
    bias: Learnt<T>,
    gradient: Rows<T>,
}

impl<T: Real> Critic<T> {
    pub(super) fn new(config: &DiscriminatorConfig, kept: [bool; BUFFERS], cpu: Cpu) -> Self {
        let (mut inputs, mut offset) = (INPUTS, 0);
        let layers = config.hidden.iter().map(|&width| {
            let bias = offset + width * inputs;
            let tile = |(first, size)| RwLock::new(Tile::new([first, size, inputs], [offset, bias], kept));
            let layer = tiles(width).map(tile).collect();
            (inputs, offset) = (width, bias + width);
            layer
        });
        let layers = layers.collect();
        let head = RwLock::new(Head::new(inputs, offset, kept));
        Self { cpu, layers, head }
    }

    /// The number of update tasks.
    pub(super) fn tiles(&self) -> usize {
        self.layers.iter().map(Vec::len).sum::<usize>() + 1
    }

    /// Scores a slab's points, and finds the scores' derivatives by what the last hidden layer's Linear gives.
    pub(super) fn score(&self, slab: &mut Slab<T>) {
        let Slab { size, levels, deltas, scores, sums, .. } = slab;
        let head = read(&self.head);
        let sums = &mut sums[..*size];
        sums.fill([T::ZERO; LANES]);
        for (l, layer) in self.layers.iter().enumerate() {
            let (inputs, outputs) = levels.split_at_mut(l + 1);
            let (inputs, outputs) = (&inputs[l], &mut outputs[0]);
            for tile in layer {
                let tile = read(tile);
                let last = l + 1 == self.layers.len();
                tile.forward(self.cpu, inputs, outputs, if last { Pass::Last } else { Pass::Hidden });
                if last {
                    tile.blocks().for_each(|block| head.score(self.cpu, block, outputs, &mut deltas[l], sums));
                }
            }
        }
        if self.layers.is_empty() {
            let (features, stride, weights) = (levels[0].data(), *size, head.weights.values.data());
            self.cpu.run(Dots::<_, 1> { features, stride, weights, sums });
        }
        self.cpu.run(Totals { sums, totals: scores });
        let bias = head.bias.values.get(0, 0);
        for score in scores {
            *score += bias;
        }
    }

    /// Scores a slab's points, and finds the scores' derivatives by what each Linear gives.
    pub(super) fn differentiate(&self, slab: &mut Slab<T>) {
        self.score(slab);
        for l in (1..self.layers.len()).rev() {
            let (inputs, outputs) = slab.deltas.split_at_mut(l);
            self.back(l, &outputs[0], &slab.levels[l], &mut inputs[l - 1]);
        }
    }

    /// From the gradient by what a hidden layer's Linear gives to that by what the one before gives; `values` are the
    /// numbers between them.
    fn back(&self, layer: usize, outputs: &Matrix<T>, values: &Matrix<T>, inputs: &mut Matrix<T>) {
        for group in groups(&self.layers[layer]) {
            for block in 0..inputs.blocks() {
                let parts = group.parts(|tile| Part {
                    a: &outputs.data()[tile.first / LANES * outputs.rows()..],
                    a_rows: outputs.rows(),
                    b: tile.turned.block(block),
                });
                let (start, end) = (group.start(Start::Zero), group.end(End::LeakyBackward(values.block(block))));
                self.cpu.run(Product::<_, false> { start, parts: &parts, end, c: inputs.block_mut(block) });
            }
        }
    }

    /// After [`Self::differentiate`]: the scores' derivatives by the points.
    pub(super) fn slopes(&self, slab: &mut Slab<T>) {
        let Slab { deltas, slopes, sums, totals, .. } = slab;
        let (Some(layer), Some(delta)) = (self.layers.first(), deltas.first()) else {
            return slopes.data_mut().fill(read(&self.head).weights.values.data()[0]);
        };
        sums.fill([T::ZERO; LANES]);
        for tile in layer {
            let tile = read(tile);
            let features = &delta.data()[tile.first / LANES * delta.rows()..];
            let (stride, weights) = (delta.rows(), tile.weights.values.data());
            self.cpu.run(Dots::<_, INPUTS> { features, stride, weights, sums });
        }
        self.cpu.run(Totals { sums, totals });
        for (slope, total) in slopes.data_mut().iter_mut().zip(totals.as_chunks::<INPUTS>().0) {
            slope[..INPUTS].copy_from_slice(total);
        }
    }

    /// After [`Self::differentiate`]: makes the samples count with their weights in the discriminator's gradient.
    pub(super) fn weigh(&self, slab: &mut Slab<T>) {
        for delta in &mut slab.deltas {
            for block in 0..delta.blocks() {
                self.cpu.run(Scale { rows: delta.block_mut(block), weights: &slab.weights });
            }
        }
    }

    /// After [`Self::slopes`] of mixed points: what they count in the discriminator's gradient, with `weight` for the
    /// gradient penalty's share of one sample.
    pub(super) fn penalise(&self, slab: &mut Slab<T>, weight: f64) {
        slab.take_penalty(weight);
        for (l, layer) in self.layers.iter().enumerate() {
            let (before, after) = slab.sweep.split_at_mut(l + 1);
            for tile in layer {
                read(tile).forward(self.cpu, &before[l], &mut after[0], Pass::Sweep(&slab.levels[l + 1]));
            }
        }
    }

    /// Steps the weights and biases of one tile, counted over all layers, along the gradient that the slabs give; they
    /// are those of each kind of points.
    pub(super) fn update(&self, task: usize, kinds: &[&[RwLock<Slab<T>>]], descent: &Descent<T>) {
        let mut task = task;
        for (l, layer) in self.layers.iter().enumerate() {
            if let Some(tile) = layer.get(task) {
                return write(tile).update(self.cpu, l, kinds, descent);
            }
            task -= layer.len();
        }
        write(&self.head).update(self.cpu, kinds, descent);
    }

    /// Shows every part of the parameters.
    pub(super) fn for_each_learnt(&self, mut see: impl FnMut(&mut Learnt<T>)) {
        for tile in self.layers.iter().flatten() {
            let tile = &mut *write(tile);
            see(&mut tile.weights);
            see(&mut tile.bias);
            tile.refresh(self.cpu);
        }
        let head = &mut *write(&self.head);
        see(&mut head.weights);
        see(&mut head.bias);
    }
}

impl<T: Real> Tile<T> {
    fn new([first, width, inputs]: [usize; 3], [weight, bias]: [usize; 2], kept: [bool; BUFFERS]) -> Self {
        let place = Place { offset: weight + first * inputs, row: 1, column: inputs };
        Self {
            first,
            weights: Learnt::zeros(inputs, width, place, kept),
            turned: Matrix::zeros(width, inputs),
            bias: Learnt::zeros(1, width, Place::vector(bias + first), kept),
            gradient: Rows::zeros(inputs),
        }
    }

    /// Which blocks of the layer's features these are.
    fn blocks(&self) -> Range<usize> {
        let first = self.first / LANES;
        first..first + self.weights.values.blocks()
    }

    fn forward(&self, cpu: Cpu, inputs: &Matrix<T>, outputs: &mut Matrix<T>, pass: Pass<T>) {
        for (own, block) in self.blocks().enumerate() {
            let parts = [Part { a: inputs.data(), a_rows: inputs.rows(), b: self.weights.values.block(own) }];
            let bias = Start::Row(&self.bias.values.data()[own]);
            let (start, end) = match pass {
                Pass::Hidden => (bias, End::Leaky),
                Pass::Last => (bias, End::Sum),
                Pass::Sweep(values) => (Start::Zero, End::LeakyBackward(values.block(block))),
            };
            cpu.run(Product::<_, false> { start, parts: &parts, end, c: outputs.block_mut(block) });
        }
    }

    fn update(&mut self, cpu: Cpu, layer: usize, kinds: &[&[RwLock<Slab<T>>]], descent: &Descent<T>) {
        for (block, of) in self.blocks().enumerate() {
            let mut start = Start::Zero;
            let mut bias = [T::ZERO; LANES];
            for kind in kinds {
                for slabs in groups(kind) {
                    let parts = slabs.parts(|slab| slab.part(layer, of));
                    cpu.run(Product::<_, true> { start, parts: &parts, end: End::Sum, c: &mut self.gradient });
                    start = Start::Kept;
                }
                let sums = bias_gradient(cpu, kind, layer, of);
                bias.iter_mut().zip(sums).for_each(|(to, sum)| *to += sum);
            }
            descent.apply(cpu, &mut self.weights, block * self.gradient.len(), &self.gradient);
            descent.apply(cpu, &mut self.bias, block, &[bias]);
        }
        self.refresh(cpu);
    }

    /// Turns the weights again.
    fn refresh(&mut self, cpu: Cpu) {
        let inputs = self.turned.columns();
        for block in 0..self.turned.blocks() {
            let first = block * LANES;
            let from = &self.weights.values.data()[first..];
            let to = self.turned.block_mut(block);
            cpu.run(Transpose { from, stride: inputs, rows: LANES.min(inputs - first), to });
        }
    }
}

/// The gradient of a block of biases by points of one kind.
///
/// Real and generated points are summed apart and alike: where a unit is on for all of them their parts of a
/// Wasserstein critic's gradient cancel, and must do so exactly, for RMSProp and Adam would turn what is left into a
/// step.
fn bias_gradient<T: Real>(cpu: Cpu, slabs: &[RwLock<Slab<T>>], layer: usize, block: usize) -> Lanes<T> {
    let mut gradient = [T::ZERO; LANES];
    for slab in slabs {
        let (slab, mut sums) = (read(slab), [T::ZERO; LANES]);
        if !slab.is_mixed() {
            cpu.run(Sums { rows: slab.deltas[layer].block(block), sums: &mut sums });
            gradient.iter_mut().zip(sums).for_each(|(to, sum)| *to += sum);
        }
    }
    gradient
}

impl<T: Real> Head<T> {
    fn new(inputs: usize, offset: usize, kept: [bool; BUFFERS]) -> Self {
        let place = Place { offset, row: inputs, column: 1 };
        Self {
            weights: Learnt::zeros(1, inputs, place, kept),
            bias: Learnt::zeros(1, 1, Place::vector(offset + inputs), kept),
            gradient: Rows::zeros(inputs.div_ceil(LANES)),
        }
    }

    /// Takes up a block of the last hidden layer: see [`Score`].
    fn score(&self, cpu: Cpu, block: usize, outputs: &mut Matrix<T>, delta: &mut Matrix<T>, sums: &mut [Lanes<T>]) {
        let (features, weights) = (outputs.block_mut(block), &self.weights.values.data()[block]);
        cpu.run(Score { features, weights, sums, gradient: delta.block_mut(block) });
    }

    fn update(&mut self, cpu: Cpu, kinds: &[&[RwLock<Slab<T>>]], descent: &Descent<T>) {
        self.gradient.fill([T::ZERO; LANES]);
        let mut bias = [T::ZERO; LANES];
        for kind in kinds {
            let mut sum = [T::ZERO; LANES];
            for slab in *kind {
                let slab = read(slab);
                slab.add_to_head(cpu, &mut self.gradient);
                if !slab.is_mixed() {
                    slab.weights.iter().for_each(|weight| sum[0] += weight[0]);
                }
            }
            bias[0] += sum[0];
        }
        descent.apply(cpu, &mut self.weights, 0, &self.gradient);
        descent.apply(cpu, &mut self.bias, 0, &[bias]);
    }
}
