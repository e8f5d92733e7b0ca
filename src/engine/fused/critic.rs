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
//! **Maxout.** Of each feature's numbers the largest goes on: the slopes of the others are 0, its own is 1, so that all of this
//! holds piece by piece.
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
use super::maxout::{Choose, Keep, Larger, WeightedCount};
use super::narrow::{Dots, Score, Totals, WeightedSlopes, WeightedSums};
use super::norm::{AddWeighted, Scale, ScaleAll, Sums};
use super::pairs::multiply;
use super::product::{End, Part, Product, Start, Transpose};
use super::slab::{Differentiated, INPUTS, Slab};
use super::spectral::SpectralNorm;
use super::subsets::{AddUp, Pick, Picks, ROWS, Tabulate, tables_of};
use super::tiles::{groups, read, tiles, write};
use crate::config::{Activation, DiscriminatorConfig};
use crate::objective::penalties::Law;
use crate::real::Real;
use crate::simd::{Cpu, LANES, Lanes, row};

#[derive(Debug)]
pub(super) struct Critic<T> {
    cpu: Cpu,
    /// LeakyReLU's slope below 0; with maxout 0, which is what a number counts that is not the largest.
    below: T,
    /// How many numbers of a Linear's make one of a hidden layer's: several with maxout.
    pieces: usize,
    /// The hidden layers, each in tiles, those of all pieces of the same features one after another.
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
    /// Which of the numbers of a feature's, with maxout.
    piece: usize,
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
    /// One with this activation that scores so many points at once, perhaps with a spectral norm on each Linear.
    pub(super) fn new(
        config: &DiscriminatorConfig,
        (members, activation): (usize, Activation),
        has_norms: bool,
        kept: Kept,
        cpu: Cpu,
    ) -> Self {
        let of_weights = if has_norms { Kept { stepped: Stepped::Apart, ..kept } } else { kept };
        let (mut inputs, mut offset, pieces) = (INPUTS * members, 0, activation.pieces());
        let below = T::from_f64(activation.slope().unwrap_or_default());
        let layers = config.hidden.iter().map(|&width| {
            let bias = offset + pieces * width * inputs;
            let tile = |(first, size)| {
                let of =
                    move |piece| Tile::new([first, size, inputs], [piece, pieces], [offset, bias], [of_weights, kept]);
                (0..pieces).map(of).map(RwLock::new)
            };
            let layer = tiles(width, ROWS).flat_map(tile).collect();
            (inputs, offset) = (width, bias + pieces * width);
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
        Self { cpu, below, pieces, layers, head, bias: RwLock::new(bias), norms }
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
        self.layers.iter().map(Vec::len).sum::<usize>() / self.pieces + 1
    }

    /// Scores a slab's points.
    pub(super) fn score(&self, slab: &mut Slab<T>) {
        slab.scored();
        let Slab { size, levels, scores, sums, largest, room, .. } = slab;
        let sums = &mut sums[..*size];
        sums.fill([T::ZERO; LANES]);
        for (l, layer) in self.layers.iter().enumerate() {
            let (inputs, outputs) = levels.split_at_mut(l + 1);
            let (inputs, outputs) = (&inputs[l], &mut outputs[0]);
            for (i, tile) in layer.iter().enumerate() {
                let tile = read(tile);
                let last = l + 1 == self.layers.len();
                if self.pieces > 1 {
                    tile.forward_piece(self.cpu, inputs, outputs, (&mut largest[l], room));
                } else {
                    let pass = if last { Pass::Last } else { Pass::Hidden };
                    tile.forward((self.cpu, self.below), inputs, outputs, pass);
                }
                if last && tile.piece + 1 == self.pieces {
                    // What maxout gave stays as it is.
                    let below = if self.pieces > 1 { T::ONE } else { self.below };
                    let head = read(&self.head[i / self.pieces]);
                    for (block, weights) in tile.blocks().zip(head.values.data()) {
                        self.cpu.run(Score { features: outputs.block_mut(block), weights, below, sums });
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
        let Slab { size, levels, deltas, picks, largest, room, .. } = slab;
        let (hidden, pieces) = (self.layers.len(), self.pieces);
        if hidden == 0 {
            return;
        }
        if pieces > 1 {
            self.pick_largest(largest[hidden - 1].data(), room, picks);
        } else {
            self.cpu.run(Pick { values: levels[hidden].data(), samples: *size, picks: &mut picks[0] });
        }
        for layer in (0..hidden - 1).rev() {
            let (deltas, after) = deltas[layer * pieces..].split_at_mut(pieces);
            let values = Some(&levels[layer + 1]).filter(|_| pieces == 1);
            if layer + 2 == hidden {
                self.back_from_score(picks, values, &mut deltas[0], tables);
            } else {
                self.back(layer + 1, &after[..pieces], values, &mut deltas[0]);
            }
            if pieces > 1 {
                self.spread(deltas, &largest[layer]);
            }
        }
    }

    /// With maxout: which piece was the largest in the last hidden layer, for each piece as bits.
    fn pick_largest(&self, largest: &[Lanes<T>], room: &mut Matrix<T>, picks: &mut [Picks]) {
        let samples = room.rows();
        for (piece, picks) in picks.iter_mut().enumerate() {
            let values = &mut room.data_mut()[..largest.len()];
            values.fill([T::ONE; LANES]);
            self.cpu.run(Keep { largest, piece, rows: values });
            self.cpu.run(Pick { values, samples, picks });
        }
    }

    /// With maxout: from the gradient by what a layer gives, the first, to that by what each piece of its Linear gives.
    fn spread(&self, deltas: &mut [Matrix<T>], largest: &Matrix<T>) {
        let Some((first, others)) = deltas.split_first_mut() else { return };
        for (i, to) in others.iter_mut().enumerate() {
            to.data_mut().fill([T::ZERO; LANES]);
            let (from, largest, to) = (first.data(), largest.data(), to.data_mut());
            self.cpu.run(Choose { from, largest, piece: i + 1, to });
        }
        self.cpu.run(Keep { largest: largest.data(), piece: 0, rows: first.data_mut() });
    }

    /// The score's gradient by what goes into the last hidden layer's Linear, or by what the Linear before gives;
    /// `values` are the numbers between them.
    fn back_from_score(
        &self,
        picks: &[Picks],
        values: Option<&Matrix<T>>,
        inputs: &mut Matrix<T>,
        tables: &mut [Lanes<T>],
    ) {
        let Some(tiles) = self.layers.last() else { return };
        for (i, tile) in tiles.iter().enumerate() {
            let (tile, head) = (read(tile), read(&self.head[i / self.pieces]));
            let (weights, chosen) = (head.values.data().as_flattened(), picks[tile.piece].of_samples(tile.first));
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

    /// From the gradient by what the pieces of a hidden layer's Linear give to that by what goes in, or, given the numbers
    /// that go in, by what the Linear before gives.
    fn back(&self, layer: usize, outputs: &[Matrix<T>], values: Option<&Matrix<T>>, inputs: &mut Matrix<T>) {
        for group in groups(&self.layers[layer]) {
            let products = inputs.blocks_mut().enumerate().map(|(block, c)| {
                let parts = group.parts(|tile| Part {
                    a: &outputs[tile.piece].data()[tile.first / LANES * outputs[0].rows()..],
                    a_rows: outputs[0].rows(),
                    b: tile.turned.block(block),
                });
                let end = values.map_or(End::Sum, |values| End::LeakyBackward(self.below, values.block(block)));
                Product::<_, false, _> { start: group.start(Start::Zero), parts, end: group.end(end), c }
            });
            multiply(self.cpu, products);
        }
    }

    /// The scores' derivatives by the points.
    pub(super) fn slopes(&self, slab: &mut Differentiated<'_, T>, tables: &mut [Lanes<T>]) {
        let width = slab.width();
        let Slab { size, deltas, picks, slopes, sums, totals, .. } = &mut **slab;
        let Some(layer) = self.layers.first() else {
            return slopes.data_mut().fill(read(&self.head[0]).values.data()[0]);
        };
        if deltas.is_empty() {
            return self.back_from_score(picks, None, slopes, tables);
        }
        let (sums, totals) = (&mut sums[..INPUTS * *size], &mut totals[..INPUTS * *size]);
        for place in 0..width {
            let (first, rows) = (INPUTS * place, INPUTS * width);
            sums.fill([T::ZERO; LANES]);
            for tile in layer {
                let tile = read(tile);
                let delta = &deltas[tile.piece];
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
            for tile in layer.iter().map(read) {
                let (from, to) = (&before[l], &mut after[0]);
                if self.pieces > 1 {
                    tile.sweep_piece(self.cpu, from, to, (&slab.largest[l], &mut slab.room));
                } else {
                    tile.forward((self.cpu, self.below), from, to, Pass::Sweep(&slab.levels[l + 1]));
                }
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
            let mut pieces = layer.chunks(self.pieces);
            let count = pieces.len();
            if let Some(pieces) = pieces.nth(task) {
                let is_last = l + 1 == self.layers.len();
                for tile in pieces {
                    let tile = &mut *write(tile);
                    if is_last {
                        tile.find_last_gradient((cpu, below), l, kinds, &read(&self.head[task]), tables);
                    } else {
                        tile.find_gradient(cpu, [l, l * self.pieces + tile.piece], kinds);
                    }
                    tile.update(cpu, descent);
                }
                if is_last {
                    update_head(cpu, read(&pieces[0]).first, &mut write(&self.head[task]), kinds, descent);
                }
                return;
            }
            task -= count;
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
    fn new(
        [first, width, inputs]: [usize; 3],
        [piece, pieces]: [usize; 2],
        [weight, bias]: [usize; 2],
        kept: [Kept; 2],
    ) -> Self {
        // The numbers of a feature follow each other.
        let row = first * pieces + piece;
        let place = Place { offset: weight + row * inputs, row: 1, column: pieces * inputs };
        let of_bias = Place { offset: bias + row, row: 0, column: pieces };
        Self {
            first,
            piece,
            weights: Learnt::zeros(inputs, width, place, kept[0]),
            turned: Matrix::zeros(width, inputs),
            bias: Learnt::zeros(1, width, of_bias, kept[1]),
            gradient: Matrix::zeros(inputs, width),
            bias_gradient: Matrix::zeros(1, width),
        }
    }

    /// Which blocks of the layer's features these are.
    fn blocks(&self) -> Range<usize> {
        let first = self.first / LANES;
        first..first + self.weights.values.blocks()
    }

    /// Takes numbers through the weights, to a block for each of theirs.
    fn multiply<'a>(
        &'a self,
        cpu: Cpu,
        inputs: &'a Matrix<T>,
        to: impl Iterator<Item = &'a mut [Lanes<T>]>,
        between: impl Fn(usize) -> (Start<'a, T>, End<'a, T>),
    ) {
        let products = to.zip(0..self.weights.values.blocks()).map(|(c, own)| {
            let parts = [Part { a: inputs.data(), a_rows: inputs.rows(), b: self.weights.values.block(own) }];
            let (start, end) = between(own);
            Product::<_, false, _> { start, parts, end, c }
        });
        multiply(cpu, products);
    }

    /// A block of the bias, as what sums begin with.
    fn begin(&self, own: usize) -> Start<'_, T> {
        Start::Row(&self.bias.values.data()[own])
    }

    fn forward<'a>(
        &'a self,
        (cpu, below): (Cpu, T),
        inputs: &'a Matrix<T>,
        outputs: &'a mut Matrix<T>,
        pass: Pass<'a, T>,
    ) {
        let first = self.blocks().start;
        self.multiply(cpu, inputs, outputs.blocks_mut().skip(first), |own| match pass {
            Pass::Hidden => (self.begin(own), End::Leaky(below)),
            Pass::Last => (self.begin(own), End::Sum),
            Pass::Sweep(values) => (Start::Zero, End::LeakyBackward(below, values.block(first + own))),
        });
    }

    /// With maxout: what this piece gives, in the place of what is less; the pieces come one after another.
    fn forward_piece(
        &self,
        cpu: Cpu,
        inputs: &Matrix<T>,
        outputs: &mut Matrix<T>,
        (largest, room): (&mut Matrix<T>, &mut Matrix<T>),
    ) {
        let blocks = self.blocks();
        if self.piece == 0 {
            self.multiply(cpu, inputs, outputs.blocks_mut().skip(blocks.start), |own| (self.begin(own), End::Sum));
            blocks.for_each(|block| largest.block_mut(block).fill([T::ZERO; LANES]));
            return;
        }
        self.multiply(cpu, inputs, room.blocks_mut(), |own| (self.begin(own), End::Sum));
        for (own, block) in blocks.enumerate() {
            let (outputs, largest) = (outputs.block_mut(block), largest.block_mut(block));
            cpu.run(Larger { given: room.block(own), piece: self.piece, outputs, largest });
        }
    }

    /// With maxout: a penalty's t through this piece, where that was the largest.
    fn sweep_piece(
        &self,
        cpu: Cpu,
        inputs: &Matrix<T>,
        outputs: &mut Matrix<T>,
        (largest, room): (&Matrix<T>, &mut Matrix<T>),
    ) {
        self.multiply(cpu, inputs, room.blocks_mut(), |_| (Start::Zero, End::Sum));
        for (own, block) in self.blocks().enumerate() {
            let (from, to) = (room.block(own), outputs.block_mut(block));
            cpu.run(Choose { from, largest: largest.block(block), piece: self.piece, to });
        }
    }

    /// The loss's gradient.
    fn find_gradient(&mut self, cpu: Cpu, [layer, deltas]: [usize; 2], kinds: &[&[RwLock<Slab<T>>]]) {
        let blocks = self.blocks();
        let mut start = Start::Zero;
        for slabs in kinds.iter().flat_map(|kind| groups(kind)) {
            let products = self.gradient.blocks_mut().zip(blocks.clone()).map(|(c, of)| {
                let parts = slabs.parts(|slab| slab.part(layer, deltas, of));
                Product::<_, true, _> { start, parts, end: End::Sum, c }
            });
            multiply(cpu, products);
            start = Start::Kept;
        }
        for (block, of) in blocks.enumerate() {
            self.bias_gradient.data_mut()[block] = sum_over_slabs(kinds, |slab, sums| {
                let rows = slab.deltas[deltas].block(of);
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
            let (factor, chosen) = (slab.factor(layer), slab.picks[self.piece].of_features(self.first));
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
                let weights = &slab.weights;
                if let Some(largest) = slab.largest.get(layer) {
                    cpu.run(WeightedCount { largest: largest.block(of), piece: self.piece, weights, sums });
                } else {
                    cpu.run(WeightedSlopes { values: slab.levels[layer + 1].block(of), weights, below, sums });
                }
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
