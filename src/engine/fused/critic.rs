//! The discriminator or critic. It has no BatchNorm, so samples do not influence each other, and all that is computed
//! of some samples is one task: forward, backward, and the penalty.
//!
//! **One backward pass.** A sample's score s moves the loss by a number c of its own. What flows back from s is linear
//! in c, so it is computed for c = 1 once: delta_l = m_l (W_{l+1}^T delta_{l+1}), where m_l is 1 or less, LeakyReLU's
//! slopes, and delta = 1 at the score. The generator's gradient by a point is its c times W_1^T delta_1; the
//! discriminator's by W_l is the sum over samples of c delta_l h_{l-1}^T, with its own c and the layer's inputs h.
//!
//! **Two values.** In the last hidden layer delta is the score's weights times LeakyReLU's slopes, of which there are two:
//! what goes back from there, and the gradient by that layer's weights, are sums that [`super::subsets`] reads from tables
//! with a quarter of the additions that a product takes. The slopes are all that is kept of that delta.
//!
//! **The penalty in closed form.** Where no unit changes sign the critic is linear in its input, with gradient
//! J = W_1^T delta_1. A penalty P(J) with g = dP/dJ moves W_1 by delta_1 g^T and delta_1 by W_1 g; that goes forward
//! through the same layers, t_l = m_l (W_l t_{l-1}) with t_0 = g, and moves W_l by delta_l t_{l-1}^T. So such a point
//! counts in the sums above like any other, with c = 1 and t in the place of h. Where the loss has the same points (R1, R2), one
//! sum does for both, of delta_l (c h_{l-1} + t_{l-1})^T. Biases do not appear in J.

use std::ops::Range;
use std::sync::RwLock;

use super::descend::Descent;
use super::matrix::{Each, Kept, Learnt, Matrix, Place, Stepped};
use super::narrow::{Dots, Score, Totals, WeightedSlopes, WeightedSums};
use super::norm::{AddWeighted, Scale, ScaleAll, Sums};
use super::product::{End, Part, Product, Start, Transpose};
use super::simd::{Cpu, LANES, Lanes, row};
use super::slab::{Differentiated, INPUTS, Slab};
use super::spectral::SpectralNorm;
use super::subsets::{AddUp, Pick, Picks, ROWS, Tabulate, tables_of};
use super::tiles::{groups, read, tiles, write};
use crate::config::DiscriminatorConfig;
use crate::objective::penalties::Law;
use crate::real::Real;

#[derive(Debug)]
pub(super) struct Critic<T> {
    cpu: Cpu,
    /// LeakyReLU's slope below 0.
    below: T,
    /// The hidden layers, each in tiles.
    layers: Vec<Vec<RwLock<Tile<T>>>>,
    /// The score's weights [1, inputs], in the tiles of what it is computed from.
    head: Vec<RwLock<Learnt<T>>>,
    /// The score's bias.
    bias: RwLock<Learnt<T>>,
    /// The spectral norms of all Linears, where they have one.
    norms: Vec<RwLock<SpectralNorm<T>>>,
}

/// Some features of a layer with the weights [inputs, features] that lead to them.
#[derive(Debug)]
struct Tile<T> {
    first: usize,
    weights: Learnt<T>,
    /// The weights [features, inputs].
    turned: Matrix<T>,
    bias: Learnt<T>,
    gradient: Matrix<T>,
    bias_gradient: Matrix<T>,
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

impl<T: Real> Critic<T> {
    /// One with this slope that scores so many points at once, perhaps with a spectral norm on each Linear.
    pub(super) fn new(
        config: &DiscriminatorConfig,
        (members, below): (usize, f64),
        has_norms: bool,
        kept: Kept,
        cpu: Cpu,
    ) -> Self {
        let of_weights = if has_norms { Kept { stepped: Stepped::Apart, ..kept } } else { kept };
        let (mut inputs, mut offset) = (INPUTS * members, 0);
        let layers = config.hidden.iter().map(|&width| {
            let bias = offset + width * inputs;
            let tile =
                |(first, size)| RwLock::new(Tile::new([first, size, inputs], [offset, bias], [of_weights, kept]));
            let layer = tiles(width, ROWS).map(tile).collect();
            (inputs, offset) = (width, bias + width);
            layer
        });
        let layers = layers.collect();
        let head = tiles(inputs, ROWS).map(|(first, size)| {
            let place = Place { offset: offset + first, row: inputs, column: 1 };
            RwLock::new(Learnt::zeros(1, size, place, of_weights))
        });
        let bias = Learnt::zeros(1, 1, Place::vector(offset + inputs), kept);
        let head = head.collect();
        let mut norms = Vec::new();
        if has_norms {
            let widths = [&[INPUTS * members][..], &config.hidden].concat();
            let hidden = widths.windows(2).map(|pair| SpectralNorm::new(pair[0], pair[1], false));
            norms.extend(hidden.chain([SpectralNorm::new(1, inputs, true)]).map(RwLock::new));
        }
        Self { cpu, below: T::from_f64(below), layers, head, bias: RwLock::new(bias), norms }
    }

    /// The number of spectral norms.
    pub(super) fn norms(&self) -> usize {
        self.norms.len()
    }

    /// The number of numbers that their vectors have.
    pub(super) fn vectors(&self) -> usize {
        self.norms.iter().map(|norm| read(norm).size()).sum()
    }

    /// Takes their vectors, one after another, and what layers work with from them.
    pub(super) fn take_vectors(&self, vectors: &[T]) {
        let mut rest = vectors;
        for norm in &self.norms {
            let (own, more) = rest.split_at(read(norm).size());
            write(norm).take(own);
            rest = more;
        }
        self.normalise();
    }

    /// What layers work with, from parameters and vectors that were changed.
    pub(super) fn normalise(&self) {
        for layer in 0..self.norms.len() {
            self.with_norm(layer, |norm, weights| norm.normalise(self.cpu, weights));
            self.refresh(layer);
        }
    }

    /// All their vectors, one after another.
    pub(super) fn all_vectors(&self) -> Vec<T> {
        let of = |norm: &RwLock<SpectralNorm<T>>| {
            let norm = read(norm);
            let mut own = vec![T::ZERO; norm.size()];
            norm.put(&mut own);
            own
        };
        self.norms.iter().flat_map(of).collect()
    }

    /// After [`Self::update`], where the gradient's norm is bounded: steps all parameters.
    pub(super) fn step_together(&self, most: f64, descent: &Descent<T>) {
        for layer in 0..self.norms.len() {
            self.with_norm(layer, |norm, weights| norm.turn_gradient(self.cpu, weights));
        }
        descent.step_together(self.cpu, most, &|see| self.for_each_learnt(see));
        for layer in 0..self.norms.len() {
            self.with_norm(layer, |norm, weights| norm.follow(self.cpu, weights));
            self.refresh(layer);
        }
    }

    /// After [`Self::update`]: steps the weights of a Linear with a spectral norm; the score's is the last.
    pub(super) fn settle(&self, layer: usize, descent: &Descent<T>) {
        self.with_norm(layer, |norm, weights| norm.step(self.cpu, weights, descent));
        self.refresh(layer);
    }

    /// Does something with a Linear's spectral norm and its weights, tile by tile.
    fn with_norm(&self, layer: usize, act: impl FnOnce(&mut SpectralNorm<T>, Each<'_, T>)) {
        act(&mut write(&self.norms[layer]), &|see| match self.layers.get(layer) {
            Some(tiles) => tiles.iter().for_each(|tile| see(&mut write(tile).weights)),
            None => self.head.iter().for_each(|head| see(&mut write(head))),
        });
    }

    /// Turns a hidden layer's weights again; the score's are not turned.
    fn refresh(&self, layer: usize) {
        for tile in self.layers.get(layer).into_iter().flatten() {
            write(tile).refresh(self.cpu);
        }
    }

    /// The number of update tasks.
    pub(super) fn tiles(&self) -> usize {
        self.layers.iter().map(Vec::len).sum::<usize>() + 1
    }

    /// Scores a slab's points.
    pub(super) fn score(&self, slab: &mut Slab<T>) {
        slab.scored();
        let Slab { size, levels, scores, sums, .. } = slab;
        let sums = &mut sums[..*size];
        sums.fill([T::ZERO; LANES]);
        for (l, layer) in self.layers.iter().enumerate() {
            let (inputs, outputs) = levels.split_at_mut(l + 1);
            let (inputs, outputs) = (&inputs[l], &mut outputs[0]);
            for (i, tile) in layer.iter().enumerate() {
                let tile = read(tile);
                let last = l + 1 == self.layers.len();
                let pass = if last { Pass::Last } else { Pass::Hidden };
                tile.forward((self.cpu, self.below), inputs, outputs, pass);
                if last {
                    let head = read(&self.head[i]);
                    for (block, weights) in tile.blocks().zip(head.values.data()) {
                        let (features, below) = (outputs.block_mut(block), self.below);
                        self.cpu.run(Score { features, weights, below, sums });
                    }
                }
            }
        }
        if self.layers.is_empty() {
            let (features, stride) = (levels[0].data(), *size);
            for head in &self.head {
                self.cpu.run(Dots::<_, 1> { features, stride, weights: read(head).values.data(), rows: [1, 0], sums });
            }
        }
        self.cpu.run(Totals { sums, totals: scores });
        let bias = read(&self.bias).values.get(0, 0);
        for score in scores {
            *score += bias;
        }
    }

    /// Scores a slab's points, and finds the scores' derivatives by what each hidden layer's Linear gives. In the last
    /// layer they are the score's weights times LeakyReLU's slopes, so that the slopes are all that is kept of them.
    pub(super) fn differentiate<'a>(&self, slab: &'a mut Slab<T>, tables: &mut [Lanes<T>]) -> Differentiated<'a, T> {
        self.score(slab);
        self.find_deltas(slab, tables);
        slab.now_differentiated()
    }

    fn find_deltas(&self, slab: &mut Slab<T>, tables: &mut [Lanes<T>]) {
        let Slab { size, levels, deltas, picks, .. } = slab;
        if !self.layers.is_empty() {
            self.cpu.run(Pick { values: levels[self.layers.len()].data(), samples: *size, picks });
        }
        let Some((last, before)) = deltas.split_last_mut() else { return };
        self.back_from_score(picks, Some(&levels[self.layers.len() - 1]), last, tables);
        let (mut outputs, mut before) = (last, before);
        while let Some((inputs, rest)) = before.split_last_mut() {
            self.back(rest.len() + 1, outputs, &levels[rest.len() + 1], inputs);
            (outputs, before) = (inputs, rest);
        }
    }

    /// The score's gradient by what goes into the last hidden layer's Linear, or by what the Linear before gives;
    /// `values` are the numbers between them.
    fn back_from_score(
        &self,
        picks: &Picks,
        values: Option<&Matrix<T>>,
        inputs: &mut Matrix<T>,
        tables: &mut [Lanes<T>],
    ) {
        let Some(tiles) = self.layers.last() else { return };
        for (i, (tile, head)) in tiles.iter().zip(&self.head).enumerate() {
            let (tile, head) = (read(tile), read(head));
            let (weights, chosen) = (head.values.data().as_flattened(), picks.of_samples(tile.first));
            for block in 0..inputs.blocks() {
                let rows = tile.turned.block(block);
                let tables = &mut tables[..tables_of(rows.len())];
                self.cpu.run(Tabulate { rows, weight: |feature: usize| weights[feature], below: self.below, tables });
                let end = match values {
                    Some(values) if i + 1 == tiles.len() => End::LeakyBackward(self.below, values.block(block)),
                    _ => End::Sum,
                };
                self.cpu.run(AddUp { tables, chosen, kept: i > 0, end, to: inputs.block_mut(block) });
            }
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
                let end = group.end(End::LeakyBackward(self.below, values.block(block)));
                let start = group.start(Start::Zero);
                self.cpu.run(Product::<_, false> { start, parts: &parts, end, c: inputs.block_mut(block) });
            }
        }
    }

    /// The scores' derivatives by the points.
    pub(super) fn slopes(&self, slab: &mut Differentiated<'_, T>, tables: &mut [Lanes<T>]) {
        let width = slab.width();
        let Slab { size, deltas, picks, slopes, sums, totals, .. } = &mut **slab;
        let Some(layer) = self.layers.first() else {
            return slopes.data_mut().fill(read(&self.head[0]).values.data()[0]);
        };
        let Some(delta) = deltas.first() else { return self.back_from_score(picks, None, slopes, tables) };
        let (sums, totals) = (&mut sums[..INPUTS * *size], &mut totals[..INPUTS * *size]);
        for place in 0..width {
            let (first, rows) = (INPUTS * place, INPUTS * width);
            sums.fill([T::ZERO; LANES]);
            for tile in layer {
                let tile = read(tile);
                let features = &delta.data()[tile.first / LANES * delta.rows()..];
                let (stride, weights) = (delta.rows(), tile.weights.values.data());
                self.cpu.run(Dots::<_, INPUTS> { features, stride, weights, rows: [rows, first], sums });
            }
            self.cpu.run(Totals { sums, totals });
            for (slope, total) in slopes.data_mut().iter_mut().zip(totals.as_chunks::<INPUTS>().0) {
                slope[first..][..INPUTS].copy_from_slice(total);
            }
        }
    }

    /// Makes the samples count with their weights in the discriminator's gradient.
    pub(super) fn weigh(&self, slab: Differentiated<'_, T>) {
        let slab = slab.release();
        if slab.is_swept() {
            // Each weight's gradient is that of a product with c h + t in the place of h.
            for (to, values) in slab.sweep.iter_mut().zip(&slab.levels) {
                for block in 0..to.blocks() {
                    let (to, values) = (to.block_mut(block), values.block(block));
                    self.cpu.run(AddWeighted { to, values, weights: &slab.weights });
                }
            }
            return;
        }
        for delta in &mut slab.deltas {
            for block in 0..delta.blocks() {
                self.cpu.run(Scale { rows: delta.block_mut(block), weights: &slab.weights });
            }
        }
    }

    /// After [`Self::slopes`]: takes a penalty at these points, with `weight` for the share of one sample, forward to what it
    /// counts in the discriminator's gradient.
    pub(super) fn penalise(&self, slab: &mut Differentiated<'_, T>, law: Law, weight: f64) {
        let slab = &mut **slab;
        slab.take_penalty(law, weight);
        for (l, layer) in self.layers.iter().enumerate() {
            let (before, after) = slab.sweep.split_at_mut(l + 1);
            for tile in layer {
                read(tile).forward((self.cpu, self.below), &before[l], &mut after[0], Pass::Sweep(&slab.levels[l + 1]));
            }
        }
    }

    /// Steps the weights and biases of one tile, counted over all layers, along the gradient that the slabs give; they
    /// are those of each kind of points. With the last hidden layer's tiles go the score's weights by what they give;
    /// its bias is the last task.
    pub(super) fn update(
        &self,
        task: usize,
        kinds: &[&[RwLock<Slab<T>>]],
        tables: &mut [Lanes<T>],
        descent: &Descent<T>,
    ) {
        let (cpu, below, mut task) = (self.cpu, self.below, task);
        for (l, layer) in self.layers.iter().enumerate() {
            if let Some(tile) = layer.get(task) {
                let tile = &mut *write(tile);
                if l + 1 < self.layers.len() {
                    tile.find_gradient(cpu, l, kinds);
                } else {
                    let head = &mut *write(&self.head[task]);
                    tile.find_last_gradient((cpu, below), l, kinds, head, tables);
                    update_head(cpu, tile.first, head, kinds, descent);
                }
                return tile.update(cpu, descent);
            }
            task -= layer.len();
        }
        if self.layers.is_empty() {
            update_head(cpu, 0, &mut write(&self.head[0]), kinds, descent);
        }
        update_bias(cpu, &mut write(&self.bias), kinds, descent);
    }

    /// Shows every part of the parameters.
    pub(super) fn for_each_learnt(&self, mut see: impl FnMut(&mut Learnt<T>)) {
        for tile in self.layers.iter().flatten() {
            let tile = &mut *write(tile);
            see(&mut tile.weights);
            see(&mut tile.bias);
            tile.refresh(self.cpu);
        }
        self.head.iter().for_each(|head| see(&mut write(head)));
        see(&mut write(&self.bias));
    }
}

impl<T: Real> Tile<T> {
    fn new([first, width, inputs]: [usize; 3], [weight, bias]: [usize; 2], kept: [Kept; 2]) -> Self {
        let place = Place { offset: weight + first * inputs, row: 1, column: inputs };
        Self {
            first,
            weights: Learnt::zeros(inputs, width, place, kept[0]),
            turned: Matrix::zeros(width, inputs),
            bias: Learnt::zeros(1, width, Place::vector(bias + first), kept[1]),
            gradient: Matrix::zeros(inputs, width),
            bias_gradient: Matrix::zeros(1, width),
        }
    }

    /// Which blocks of the layer's features these are.
    fn blocks(&self) -> Range<usize> {
        let first = self.first / LANES;
        first..first + self.weights.values.blocks()
    }

    fn forward(&self, (cpu, below): (Cpu, T), inputs: &Matrix<T>, outputs: &mut Matrix<T>, pass: Pass<T>) {
        for (own, block) in self.blocks().enumerate() {
            let parts = [Part { a: inputs.data(), a_rows: inputs.rows(), b: self.weights.values.block(own) }];
            let bias = Start::Row(&self.bias.values.data()[own]);
            let (start, end) = match pass {
                Pass::Hidden => (bias, End::Leaky(below)),
                Pass::Last => (bias, End::Sum),
                Pass::Sweep(values) => (Start::Zero, End::LeakyBackward(below, values.block(block))),
            };
            cpu.run(Product::<_, false> { start, parts: &parts, end, c: outputs.block_mut(block) });
        }
    }

    /// The loss's gradient.
    fn find_gradient(&mut self, cpu: Cpu, layer: usize, kinds: &[&[RwLock<Slab<T>>]]) {
        for (block, of) in self.blocks().enumerate() {
            let mut start = Start::Zero;
            for slabs in kinds.iter().flat_map(|kind| groups(kind)) {
                let parts = slabs.parts(|slab| slab.part(layer, of));
                let c = self.gradient.block_mut(block);
                cpu.run(Product::<_, true> { start, parts: &parts, end: End::Sum, c });
                start = Start::Kept;
            }
            self.bias_gradient.data_mut()[block] = sum_over_slabs(kinds, |slab, sums| {
                let rows = slab.deltas[layer].block(of);
                if slab.is_swept() {
                    cpu.run(WeightedSums { factors: &slab.weights, rows, sums: std::array::from_mut(sums) });
                } else {
                    cpu.run(Sums { rows, sums });
                }
            });
        }
    }

    /// The same for the last hidden layer, where what flows back is the score's weights times LeakyReLU's slopes. The
    /// weights that are turned, which are made anew after the step, give their place to the gradient.
    fn find_last_gradient(
        &mut self,
        (cpu, below): (Cpu, T),
        layer: usize,
        kinds: &[&[RwLock<Slab<T>>]],
        head: &Learnt<T>,
        tables: &mut [Lanes<T>],
    ) {
        for (i, slab) in kinds.iter().copied().flatten().enumerate() {
            let slab = read(slab);
            let (factor, chosen) = (slab.factor(layer), slab.picks.of_features(self.first));
            for block in 0..factor.blocks() {
                let rows = factor.block(block);
                let tables = &mut tables[..tables_of(rows.len())];
                let counts = slab.counts();
                cpu.run(Tabulate { rows, weight: |sample: usize| counts[sample][0], below, tables });
                let to = self.turned.block_mut(block);
                cpu.run(AddUp { tables, chosen, kept: i > 0, end: End::Sum, to });
            }
        }
        for ((block, of), weights) in self.blocks().enumerate().zip(head.values.data()) {
            let (first, stride) = (block * LANES, self.turned.rows());
            let (from, to) = (&self.turned.data()[first..], self.gradient.block_mut(block));
            cpu.run(Transpose { from, stride, rows: LANES.min(stride - first), to });
            cpu.run(ScaleAll { rows: to, weights });
            let slopes = sum_over_slabs(kinds, |slab, sums| {
                let values = slab.levels[layer + 1].block(of);
                cpu.run(WeightedSlopes { values, weights: &slab.weights, below, sums });
            });
            self.bias_gradient.data_mut()[block] = row(|j| slopes[j] * weights[j]);
        }
    }

    /// Steps weights and biases.
    fn update(&mut self, cpu: Cpu, descent: &Descent<T>) {
        descent.apply(cpu, &mut self.weights, 0, self.gradient.data());
        descent.apply(cpu, &mut self.bias, 0, self.bias_gradient.data());
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

/// The sum of what `see` finds in each slab, for the gradient of biases, in which points of a penalty do not appear.
///
/// Real and generated points are summed apart and alike: where a unit is on for all of them their parts of a
/// Wasserstein critic's gradient cancel, and must do so exactly, for RMSProp and Adam would turn what is left into a
/// step.
fn sum_over_slabs<T: Real>(kinds: &[&[RwLock<Slab<T>>]], see: impl Fn(&Slab<T>, &mut Lanes<T>)) -> Lanes<T> {
    let mut gradient = [T::ZERO; LANES];
    for kind in kinds {
        let mut of_kind = [T::ZERO; LANES];
        for slab in kind.iter().map(read).filter(|slab| !slab.is_of_penalty()) {
            let mut sums = [T::ZERO; LANES];
            see(&slab, &mut sums);
            of_kind = row(|j| of_kind[j] + sums[j]);
        }
        gradient = row(|j| gradient[j] + of_kind[j]);
    }
    gradient
}

/// Steps the score's weights by a tile of what it is computed from.
fn update_head<T: Real>(
    cpu: Cpu,
    first: usize,
    head: &mut Learnt<T>,
    kinds: &[&[RwLock<Slab<T>>]],
    descent: &Descent<T>,
) {
    for block in 0..head.values.blocks() {
        let mut sums = [[T::ZERO; LANES]];
        for slab in kinds.iter().copied().flatten() {
            read(slab).add_to_head(cpu, first / LANES + block, &mut sums);
        }
        descent.apply(cpu, head, block, &sums);
    }
}

/// Steps the score's bias.
fn update_bias<T: Real>(cpu: Cpu, bias: &mut Learnt<T>, kinds: &[&[RwLock<Slab<T>>]], descent: &Descent<T>) {
    let gradient =
        sum_over_slabs(kinds, |slab, sums| sums[0] = slab.weights.iter().fold(T::ZERO, |sum, weight| sum + weight[0]));
    descent.apply(cpu, bias, 0, &[gradient]);
}
