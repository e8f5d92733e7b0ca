//! Some samples with all that the critic computes of them: what a task works on.

use std::ops::{Deref, DerefMut};
use std::sync::RwLock;

use super::matrix::{Matrix, Rows};
use super::narrow::WeightedSums;
use super::product::Part;
use super::subsets::Picks;
use crate::config::DiscriminatorConfig;
use crate::objective::penalties::Law;
use crate::real::Real;
use crate::simd::{Cpu, LANES, Lanes};

/// How many samples are one task.
pub(super) const SLAB: usize = 64;

/// Numbers of a point.
pub(super) const INPUTS: usize = 2;

/// What a critic's batch is like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// How many samples it has: packs of points.
    pub(super) samples: usize,
    /// How many points of one kind a sample has, side by side.
    pub(super) members: usize,
    /// Whether a point of the other kind stands beside it.
    pub(super) beside: bool,
    /// How many numbers of a Linear's make one of a hidden layer's: several with maxout.
    pub(super) pieces: usize,
}

/// Whether a penalty is taken at some points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Penalised {
    /// None is.
    No,
    /// They are the loss's own.
    WithLoss,
    /// They are there for it alone.
    Alone,
}

/// Some samples and all that is computed of them.
#[derive(Debug)]
pub(super) struct Slab<T> {
    /// The first sample's number in the batch.
    pub(super) first: usize,
    /// How many there are.
    pub(super) size: usize,
    /// How many points of its own kind each has, side by side.
    pub(super) members: usize,
    /// Where a point of the other kind stands beside it: each sample's own point's place, 0 or 1.
    sides: Vec<usize>,
    /// The points one by one, and their gradients, where a sample has several.
    apart: Rows<T>,
    /// The samples, then what each hidden layer gives: [samples, features].
    pub(super) levels: Vec<Matrix<T>>,
    pub(super) scores: Vec<T>,
    /// For each hidden layer but the last and each of its pieces, the score's derivative by what its Linear gives; then times c.
    pub(super) deltas: Vec<Matrix<T>>,
    /// Whether they are those of c = 1, of the points that are here.
    differentiated: bool,
    /// Where a penalty is taken: for each Linear, the t that goes into it; then with what the loss has there.
    pub(super) sweep: Vec<Matrix<T>>,
    /// Whether one was taken in this step.
    swept: bool,
    /// Whether these are points of a penalty's own, which the loss does not see.
    of_penalty: bool,
    /// The sum of the penalty's terms.
    pub(super) penalty: f64,
    /// 1 for each sample, where a penalty is taken.
    ones: Rows<T>,
    /// For each piece, the activation's slopes in the last hidden layer.
    pub(super) picks: Vec<Picks>,
    /// With maxout: for each hidden layer, which piece was the largest.
    pub(super) largest: Vec<Matrix<T>>,
    /// With maxout: room for what one piece gives.
    pub(super) room: Matrix<T>,
    /// Each sample's c in the discriminator's loss, the first number of a row.
    pub(super) weights: Rows<T>,
    /// The score's derivative by the point; then the generator's loss's.
    pub(super) slopes: Matrix<T>,
    /// Room for sums of few outputs: [samples, INPUTS] rows, and their totals.
    pub(super) sums: Rows<T>,
    pub(super) totals: Vec<T>,
    /// The sum of the discriminator's terms, and of the generator's.
    pub(super) values: [f64; 2],
}

/// A slab whose scores are differentiated, each for itself: the deltas are those of c = 1, which the generator's gradient and
/// a penalty need. What makes the samples count with c of their own takes it, so that nothing that needs c = 1 can follow.
#[derive(Debug)]
pub(super) struct Differentiated<'a, T>(&'a mut Slab<T>);

impl<T> Deref for Differentiated<'_, T> {
    type Target = Slab<T>;

    fn deref(&self) -> &Slab<T> {
        self.0
    }
}

impl<T> DerefMut for Differentiated<'_, T> {
    fn deref_mut(&mut self) -> &mut Slab<T> {
        self.0
    }
}

impl<'a, T> Differentiated<'a, T> {
    /// The slab, whose deltas are about to be those of other weights.
    pub(super) fn release(self) -> &'a mut Slab<T> {
        self.0.differentiated = false;
        self.0
    }
}

impl<T: Real> Slab<T> {
    /// To be called by what found the derivatives of the scores that are here.
    pub(super) fn now_differentiated(&mut self) -> Differentiated<'_, T> {
        self.differentiated = true;
        Differentiated(self)
    }

    /// The slab, where its scores were differentiated in a phase before and nothing was made of that yet.
    pub(super) fn differentiated(&mut self) -> Option<Differentiated<'_, T>> {
        self.differentiated.then_some(Differentiated(self))
    }

    /// To be called by what scores other points.
    pub(super) fn scored(&mut self) {
        (self.differentiated, self.swept) = (false, false);
    }

    /// Those of a batch; those at which a penalty is taken need more memory.
    pub(super) fn of_batch(config: &DiscriminatorConfig, shape: Shape, penalised: Penalised) -> Vec<RwLock<Self>> {
        let firsts = (0..shape.samples).step_by(SLAB);
        firsts.map(|first| RwLock::new(Self::new(config, first, shape, penalised))).collect()
    }

    fn new(config: &DiscriminatorConfig, first: usize, shape: Shape, penalised: Penalised) -> Self {
        let Shape { samples, members, beside, pieces } = shape;
        let size = SLAB.min(samples - first);
        let (inputs, points) = (INPUTS * (members + usize::from(beside)), size * members);
        let widths = || std::iter::once(&inputs).chain(&config.hidden);
        let matrices = || widths().map(|&width| Matrix::zeros(size, width));
        let (last, before) = config.hidden.split_last().unwrap_or((&0, &[]));
        let penalised_at_all = penalised != Penalised::No;
        let mut ones = Rows::zeros(if penalised_at_all { size } else { 0 });
        ones.fill([T::ONE; LANES]);
        Self {
            first,
            size,
            members,
            sides: vec![0; if beside { size } else { 0 }],
            apart: Rows::zeros(if members > 1 || beside { points } else { 0 }),
            levels: matrices().collect(),
            scores: vec![T::ZERO; size],
            deltas: before.iter().flat_map(|&width| (0..pieces).map(move |_| Matrix::zeros(size, width))).collect(),
            differentiated: false,
            sweep: if penalised_at_all { matrices().collect() } else { Vec::new() },
            swept: false,
            of_penalty: penalised == Penalised::Alone,
            penalty: 0.0,
            ones,
            picks: (0..pieces).map(|_| Picks::new(size, *last)).collect(),
            largest: config.hidden.iter().filter(|_| pieces > 1).map(|&width| Matrix::zeros(size, width)).collect(),
            room: Matrix::zeros(size, if pieces > 1 { config.hidden.iter().copied().max().unwrap_or(0) } else { 0 }),
            weights: Rows::zeros(size),
            slopes: Matrix::zeros(size, inputs),
            sums: Rows::zeros(INPUTS * points),
            totals: vec![T::ZERO; INPUTS * points],
            values: [0.0; 2],
        }
    }

    /// Whether these are points of a penalty's own, which the loss does not see.
    pub(super) fn is_of_penalty(&self) -> bool {
        self.of_penalty
    }

    /// Whether a penalty was taken at these points in this step. Then the deltas stay those of c = 1, and what counts as the
    /// inputs has each sample's c in it.
    pub(super) fn is_swept(&self) -> bool {
        self.swept
    }

    /// What counts in the weights' gradient as the inputs of each Linear.
    fn factors(&self) -> &[Matrix<T>] {
        if self.swept { &self.sweep } else { &self.levels }
    }

    /// What each sample counts in the weights' gradient, with those factors; the first number of a row.
    pub(super) fn counts(&self) -> &[Lanes<T>] {
        if self.swept { &self.ones } else { &self.weights }
    }

    /// The slab's part of a layer's weights' gradient, for a block of the features whose deltas these are.
    pub(super) fn part(&self, layer: usize, deltas: usize, block: usize) -> Part<'_, T> {
        let factor = &self.factors()[layer];
        Part { a: factor.data(), a_rows: factor.rows(), b: self.deltas[deltas].block(block) }
    }

    /// What counts in a layer's weights' gradient as its inputs.
    pub(super) fn factor(&self, layer: usize) -> &Matrix<T> {
        &self.factors()[layer]
    }

    /// Adds the slab's part of the last weights' gradient, for a block of their inputs.
    pub(super) fn add_to_head(&self, cpu: Cpu, block: usize, sums: &mut [Lanes<T>; 1]) {
        let rows = self.factors()[self.levels.len() - 1].block(block);
        cpu.run(WeightedSums { factors: self.counts(), rows, sums });
    }

    /// How many points there are, and the number of the first in the batch.
    pub(super) fn points(&self) -> (usize, usize) {
        (self.size * self.members, self.first * self.members)
    }

    /// The sample of a point, and where in it it begins.
    fn place(&self, point: usize) -> (usize, usize) {
        match self.sides.get(point) {
            Some(side) => (point, INPUTS * side),
            None => (point / self.members, INPUTS * (point % self.members)),
        }
    }

    /// How many points of either kind a sample has.
    pub(super) fn width(&self) -> usize {
        self.members + usize::from(!self.sides.is_empty())
    }

    pub(super) fn set_point(&mut self, point: usize, [x, y]: [T; INPUTS]) {
        let (sample, at) = self.place(point);
        let row = &mut self.levels[0].data_mut()[sample];
        (row[at], row[at + 1]) = (x, y);
    }

    /// Where points come from: room for sums of their coordinates, for the totals, and the points. Where a sample has
    /// several, [`Self::pack`] has to follow.
    pub(super) fn point_room(&mut self) -> (&mut [Lanes<T>], &mut [T], &mut [Lanes<T>]) {
        let points = if self.apart.is_empty() { self.levels[0].data_mut() } else { &mut self.apart };
        (&mut self.sums, &mut self.totals, points)
    }

    /// Puts a point of the other kind beside the one that is to come, before it or after it.
    pub(super) fn set_beside(&mut self, sample: usize, first: bool, [x, y]: [T; INPUTS]) {
        self.sides[sample] = usize::from(first);
        let (row, at) = (&mut self.levels[0].data_mut()[sample], INPUTS * usize::from(!first));
        (row[at], row[at + 1]) = (x, y);
    }

    /// Puts the points that came side by side.
    pub(super) fn pack(&mut self) {
        for point in 0..self.apart.len() {
            let row = self.apart[point];
            self.set_point(point, [row[0], row[1]]);
        }
    }

    pub(super) fn point(&self, point: usize) -> [T; INPUTS] {
        let (sample, at) = self.place(point);
        let row = &self.levels[0].data()[sample];
        [row[at], row[at + 1]]
    }

    pub(super) fn score(&self, sample: usize) -> T {
        self.scores[sample]
    }

    /// Sets a sample's c in the discriminator's loss.
    pub(super) fn set_weight(&mut self, sample: usize, weight: T) {
        self.weights[sample][0] = weight;
    }

    /// Turns the slopes into the gradient by each point, for a loss that moves by `weight(sample)` with a score.
    pub(super) fn slopes_times(&mut self, weight: impl Fn(usize) -> T) -> &[Lanes<T>] {
        let inputs = INPUTS * self.width();
        for (sample, slope) in self.slopes.data_mut().iter_mut().enumerate() {
            let weight = weight(sample);
            for slope in &mut slope[..inputs] {
                *slope *= weight;
            }
        }
        if self.apart.is_empty() {
            return self.slopes.data();
        }
        for point in 0..self.apart.len() {
            let (sample, at) = self.place(point);
            let (slope, row) = (&self.slopes.data()[sample], &mut self.apart[point]);
            (row[0], row[1]) = (slope[at], slope[at + 1]);
        }
        &self.apart
    }

    /// The penalty of each sample, and its derivative by the slopes as what is swept forward.
    pub(super) fn take_penalty(&mut self, law: Law, weight: f64) {
        let (mut sum, inputs) = (0.0, INPUTS * self.members);
        for (slope, swept) in self.slopes.data().iter().zip(self.sweep[0].data_mut()) {
            let swept = &mut swept[..inputs];
            swept.copy_from_slice(&slope[..inputs]);
            sum += law.of_gradient(swept).to_f64();
            for x in swept {
                *x *= T::from_f64(weight);
            }
        }
        (self.penalty, self.swept) = (sum, true);
    }
}
