//! The spectral norm of a Linear whose weights lie in tiles; `objective::constraints::spectral_norm` has the formulas.
//!
//! A hidden layer's tiles are [inputs, features], so that v goes along their rows and u along their lanes; the score's
//! weights are [1, inputs], the other way round.

use super::descend::Descent;
use super::matrix::{Each, Learnt, Rows};
use super::narrow::{Dots, Totals, WeightedSums};
use crate::objective::constraints::spectral_norm::EPS;
use crate::real::Real;
use crate::simd::{Cpu, Isa, Kernel, LANES, Lanes, STRANDS, fused, row, row_done, total};

/// The two vectors that follow a layer's first singular ones.
#[derive(Debug)]
pub(super) struct SpectralNorm<T> {
    /// Along rows, the first number of each.
    rows: Rows<T>,
    /// Along the lanes of all blocks; zero beyond the last.
    lanes: Rows<T>,
    /// How many there are of each.
    sizes: [usize; 2],
    /// Whether u goes along the rows.
    rows_first: bool,
    sums: Rows<T>,
    totals: Vec<T>,
}

impl<T: Real> SpectralNorm<T> {
    /// That of a layer with so many rows and columns.
    pub(super) fn new(rows: usize, columns: usize, rows_first: bool) -> Self {
        Self {
            rows: Rows::zeros(rows),
            lanes: Rows::zeros(columns.div_ceil(LANES)),
            sizes: [rows, columns],
            rows_first,
            sums: Rows::zeros(rows),
            totals: vec![T::ZERO; rows],
        }
    }

    /// How many numbers u and v have together.
    pub(super) fn size(&self) -> usize {
        self.sizes[0] + self.sizes[1]
    }

    /// Takes u and v, one after the other.
    pub(super) fn take(&mut self, numbers: &[T]) {
        let [rows, columns] = self.sizes;
        let split = if self.rows_first { rows } else { columns };
        let (u, v) = numbers.split_at(split);
        let (along_rows, along_lanes) = if self.rows_first { (u, v) } else { (v, u) };
        self.rows.iter_mut().zip(along_rows).for_each(|(row, &x)| row[0] = x);
        self.lanes.as_flattened_mut()[..columns].copy_from_slice(along_lanes);
    }

    /// Gives u and v, one after the other.
    pub(super) fn put(&self, numbers: &mut [T]) {
        let [rows, columns] = self.sizes;
        let split = if self.rows_first { rows } else { columns };
        let (u, v) = numbers.split_at_mut(split);
        let (along_rows, along_lanes) = if self.rows_first { (u, v) } else { (v, u) };
        along_rows.iter_mut().zip(self.rows.iter()).for_each(|(x, row)| *x = row[0]);
        along_lanes.copy_from_slice(&self.lanes.as_flattened()[..columns]);
    }

    /// Steps the weights of the layer's tiles along the gradient that was kept, and follows them.
    pub(super) fn step(&mut self, cpu: Cpu, tiles: Each<'_, T>, descent: &Descent<T>) {
        self.turn_gradient(cpu, tiles);
        tiles(&mut |tile| descent.step(cpu, tile));
        self.follow(cpu, tiles);
    }

    /// From the gradient by what the layer works with to that by its parameters.
    pub(super) fn turn_gradient(&mut self, cpu: Cpu, tiles: Each<'_, T>) {
        let sigma = self.sigma(cpu, tiles);
        let mut along = T::ZERO;
        tiles(&mut |tile| {
            tile.clear_padding();
            let mut sums = [T::ZERO; LANES];
            cpu.run(Along { a: tile.gradient.data(), b: tile.values.data(), sums: &mut sums });
            along += total(sums);
        });
        let mut block = 0;
        tiles(&mut |tile| {
            for own in 0..tile.gradient.blocks() {
                let (lanes, factors) = (&self.lanes[block], &self.rows);
                cpu.run(TakeOff { rows: tile.gradient.block_mut(own), along, factors, lanes, sigma });
                block += 1;
            }
        });
    }

    /// After the parameters' step.
    pub(super) fn follow(&mut self, cpu: Cpu, tiles: Each<'_, T>) {
        self.iterate(cpu, tiles);
        self.normalise(cpu, tiles);
    }

    /// Makes what the layer works with of its parameters.
    pub(super) fn normalise(&mut self, cpu: Cpu, tiles: Each<'_, T>) {
        let sigma = self.sigma(cpu, tiles);
        tiles(&mut |tile| {
            let Learnt { values, raw, .. } = tile;
            cpu.run(Divide { from: raw.data(), by: sigma, to: values.data_mut() });
        });
    }

    fn iterate(&mut self, cpu: Cpu, tiles: Each<'_, T>) {
        for to_rows in [self.rows_first, !self.rows_first] {
            if to_rows {
                self.onto_rows(cpu, tiles);
                let norm = norm(self.totals.iter());
                self.rows.iter_mut().zip(&self.totals).for_each(|(row, &x)| row[0] = x / norm);
            } else {
                self.onto_lanes(cpu, tiles);
                let norm = norm(self.lanes.as_flattened().iter());
                self.lanes.as_flattened_mut().iter_mut().for_each(|x| *x = *x / norm);
            }
        }
    }

    /// u^T W v.
    fn sigma(&mut self, cpu: Cpu, tiles: Each<'_, T>) -> T {
        self.onto_rows(cpu, tiles);
        let terms = self.rows.iter().zip(&self.totals).map(|(row, x)| row[0].to_f64() * x.to_f64());
        T::from_f64(terms.sum())
    }

    /// The parameters times what goes along the lanes: a total for each row.
    fn onto_rows(&mut self, cpu: Cpu, tiles: Each<'_, T>) {
        self.sums.fill([T::ZERO; LANES]);
        let (mut block, sums) = (0, &mut self.sums);
        tiles(&mut |Learnt { raw, .. }| {
            let weights = &self.lanes[block..][..raw.blocks()];
            cpu.run(Dots::<_, 1> { features: raw.data(), stride: raw.rows(), weights, rows: [1, 0], sums: &mut *sums });
            block += weights.len();
        });
        cpu.run(Totals { sums: &self.sums, totals: &mut self.totals });
    }

    /// What goes along the rows times the parameters, into the lanes.
    fn onto_lanes(&mut self, cpu: Cpu, tiles: Each<'_, T>) {
        let (mut block, lanes) = (0, &mut self.lanes);
        tiles(&mut |Learnt { raw, .. }| {
            for own in 0..raw.blocks() {
                let mut sums = [[T::ZERO; LANES]];
                cpu.run(WeightedSums { factors: &self.rows, rows: raw.block(own), sums: &mut sums });
                lanes[block] = sums[0];
                block += 1;
            }
        });
    }
}

/// A vector's length, kept from 0.
fn norm<'a, T: Real>(numbers: impl Iterator<Item = &'a T>) -> T {
    let square: f64 = numbers.map(|x| x.to_f64() * x.to_f64()).sum();
    T::from_f64(square.sqrt().max(EPS))
}

/// The sum of products, lane by lane.
struct Along<'a, T> {
    a: &'a [Lanes<T>],
    b: &'a [Lanes<T>],
    sums: &'a mut Lanes<T>,
}

impl<T: Real> Kernel for Along<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let mut strands = [[T::ZERO; LANES]; STRANDS];
        let (a, more) = self.a.as_chunks::<STRANDS>();
        let (b, rest) = self.b.as_chunks::<STRANDS>();
        for (a, b) in a.iter().zip(b) {
            for strand in 0..STRANDS {
                strands[strand] = row(|j| fused::<I, T>(a[strand][j], b[strand][j], strands[strand][j]));
            }
        }
        for (a, b) in more.iter().zip(rest) {
            strands[0] = row(|j| fused::<I, T>(a[j], b[j], strands[0][j]));
        }
        let [a, b, c, d] = strands;
        *self.sums = row(|j| (a[j] + b[j]) + (c[j] + d[j]));
    }
}

/// From a block's gradient by W' to that by W.
struct TakeOff<'a, T> {
    rows: &'a mut [Lanes<T>],
    along: T,
    /// The first numbers.
    factors: &'a [Lanes<T>],
    lanes: &'a Lanes<T>,
    sigma: T,
}

impl<T: Real> Kernel for TakeOff<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let lanes = *self.lanes;
        for (to, factor) in self.rows.iter_mut().zip(self.factors) {
            let (x, factor) = (*to, self.along * factor[0]);
            *to = row(|j| (x[j] - factor * lanes[j]) / self.sigma);
            row_done();
        }
    }
}

/// Divides all numbers by the same one.
struct Divide<'a, T> {
    from: &'a [Lanes<T>],
    by: T,
    to: &'a mut [Lanes<T>],
}

impl<T: Real> Kernel for Divide<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        for (to, from) in self.to.iter_mut().zip(self.from) {
            *to = row(|j| from[j] / self.by);
            row_done();
        }
    }
}
