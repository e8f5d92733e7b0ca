//! Products with a factor that holds LeakyReLU's slopes and nothing else, by tables of sums: the method of the four
//! Russians (Arlazarov, Dinic, Kronrod and Faradzhev 1970).
//!
//! A sum over k of slope_k r_k takes the rows r_k four at a time. Four slopes of two values have 16 combinations, whose
//! sums are a table that all results share; a result adds up one entry of each table instead of four products.

use super::product::End;
use crate::real::Real;
use crate::simd::{Isa, Kernel, LANES, Lanes, row_done};
use std::hint::black_box;

/// How many rows a table sums up.
const GROUP: usize = 4;

/// The entries of a table.
const ENTRIES: usize = 1 << GROUP;

/// How many rows' tables stay in the first cache.
pub(super) const ROWS: usize = 64;

/// How long the tables of so many rows are.
pub(super) const fn tables_of(rows: usize) -> usize {
    rows.div_ceil(GROUP) * ENTRIES
}

/// Which entries LeakyReLU's slopes pick, for a layer's values [samples, features]: the slopes are factors of rows that
/// belong to features, and of rows that belong to samples. Four samples and four features make a word.
#[derive(Debug)]
pub(super) struct Picks {
    /// Words in a row of words: groups of features.
    words: usize,
    /// An entry of the table of four features for each of four samples.
    of_samples: Vec<Word>,
    /// An entry of the table of four samples for each of four features.
    of_features: Vec<Word>,
}

type Word = [u8; GROUP];

/// Where in a table, whose rows follow each other, an entry may begin.
const PLACES: usize = (ENTRIES - 1) * LANES;

impl Picks {
    pub(super) fn new(samples: usize, features: usize) -> Self {
        let words = features.next_multiple_of(LANES) / GROUP;
        let all = vec![[0; GROUP]; samples.div_ceil(GROUP) * words];
        Self { words, of_samples: all.clone(), of_features: all }
    }

    /// For each sample, the entries of the tables of features from `first`.
    pub(super) fn of_samples(&self, first: usize) -> Chosen<'_> {
        Chosen { words: &self.of_samples[first / GROUP..], next_rows: self.words, next_table: 1 }
    }

    /// For each feature from `first`, the entries of the tables of samples.
    pub(super) fn of_features(&self, first: usize) -> Chosen<'_> {
        Chosen { words: &self.of_features[first / GROUP..], next_rows: 1, next_table: self.words }
    }
}

/// For some tables one after another, the entry that each row of a result takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chosen<'a> {
    words: &'a [Word],
    /// How many words it is from four rows to the next four.
    next_rows: usize,
    /// From a table to the next one.
    next_table: usize,
}

/// Sees which units of a layer are on: what LeakyReLU took or gave is above 0.
pub(super) struct Pick<'a, T> {
    /// Blocks of features, one after another.
    pub(super) values: &'a [Lanes<T>],
    /// How many samples a block has.
    pub(super) samples: usize,
    pub(super) picks: &'a mut Picks,
}

impl<T: Real> Kernel for Pick<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let Picks { words, of_samples, of_features } = self.picks;
        for (block, values) in self.values.chunks(self.samples).enumerate() {
            for (values, words) in values.chunks(GROUP).zip(of_features.chunks_mut(*words)) {
                let mut on = [0; LANES];
                for (sample, values) in values.iter().enumerate() {
                    for (on, &x) in on.iter_mut().zip(values) {
                        *on |= u8::from(x > T::ZERO) << sample;
                    }
                    row_done();
                }
                words[block * (LANES / GROUP)..][..LANES / GROUP].copy_from_slice(on.as_chunks().0);
            }
        }
        for (of_sample, of_feature) in of_samples.iter_mut().zip(of_features) {
            *of_sample = turned(*of_feature).map(|entry| entry * LANES as u8);
            *of_feature = of_feature.map(|entry| entry * LANES as u8);
        }
    }
}

/// Bit i of byte j becomes bit j of byte i.
#[inline(always)]
fn turned(word: Word) -> Word {
    let word = u32::from_le_bytes(word);
    let mut to = 0;
    for i in 0..GROUP {
        // The product has bit 0 of byte j, among others that do not meet, at 24 + j.
        let of_row = ((word >> i & 0x0101_0101).wrapping_mul(0x0102_0408) >> 24) & 0xf;
        to |= of_row << (8 * i);
    }
    to.to_le_bytes()
}

/// Makes the tables of some rows, each times its weight.
pub(super) struct Tabulate<'a, T, F> {
    pub(super) rows: &'a [Lanes<T>],
    pub(super) weight: F,
    /// What a row counts that is not on.
    pub(super) below: T,
    pub(super) tables: &'a mut [Lanes<T>],
}

impl<T: Real, F: Fn(usize) -> T> Kernel for Tabulate<'_, T, F> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let (groups, rest) = self.rows.as_chunks::<GROUP>();
        let tables = self.tables.as_chunks_mut::<ENTRIES>().0;
        for (group, (rows, table)) in groups.iter().zip(&mut *tables).enumerate() {
            let weights = std::array::from_fn(|k| (self.weight)(group * GROUP + k));
            tabulate::<I, T>(rows, weights, self.below, table);
        }
        if let Some(table) = tables.get_mut(groups.len())
            && !rest.is_empty()
        {
            let (mut rows, mut weights) = ([[T::ZERO; LANES]; GROUP], [T::ZERO; GROUP]);
            for (k, row) in rest.iter().enumerate() {
                (rows[k], weights[k]) = (*row, (self.weight)(groups.len() * GROUP + k));
            }
            tabulate::<I, T>(&rows, weights, self.below, table);
        }
    }
}

/// As much of the rows at once as leaves room in the registers.
#[inline(always)]
fn tabulate<I: Isa, T: Real>(rows: &[Lanes<T>; GROUP], weights: [T; GROUP], below: T, table: &mut [Lanes<T>; ENTRIES]) {
    if I::WIDE {
        return tabulate_part::<T, LANES>(rows, (weights, below), 0, table);
    }
    tabulate_part::<T, { LANES / 2 }>(rows, (weights, below), 0, table);
    tabulate_part::<T, { LANES / 2 }>(rows, (weights, below), LANES / 2, table);
}

#[inline(always)]
fn tabulate_part<T: Real, const N: usize>(
    rows: &[Lanes<T>; GROUP],
    (weights, below): ([T; GROUP], T),
    first: usize,
    table: &mut [Lanes<T>; ENTRIES],
) {
    let (mut off, mut on) = ([[T::ZERO; N]; GROUP], [[T::ZERO; N]; GROUP]);
    for k in 0..GROUP {
        for j in 0..N {
            on[k][j] = rows[k][first + j] * weights[k];
            off[k][j] = on[k][j] * below;
        }
        row_done();
    }
    // By way of memory: of rows that stay in registers a compiler makes single numbers.
    let (off, on) = black_box((off, on));
    let low = [sum(&off[0], &off[1]), sum(&on[0], &off[1]), sum(&off[0], &on[1]), sum(&on[0], &on[1])];
    let high = [sum(&off[2], &off[3]), sum(&on[2], &off[3]), sum(&off[2], &on[3]), sum(&on[2], &on[3])];
    let (low, high) = black_box((low, high));
    for (high, table) in high.iter().zip(table.as_chunks_mut::<4>().0) {
        for (low, entry) in low.iter().zip(table) {
            for j in 0..N {
                entry[first + j] = low[j] + high[j];
            }
            row_done();
        }
    }
}

/// The sum of two rows. No closure: a compiler that does not inline one compiles it without the instruction set that
/// it is called from.
#[inline(always)]
fn sum<T: Real, const N: usize>(a: &[T; N], b: &[T; N]) -> [T; N] {
    let mut sum = [T::ZERO; N];
    for j in 0..N {
        sum[j] = a[j] + b[j];
    }
    row_done();
    sum
}

/// Adds up the entries that each row of a result takes from the tables.
pub(super) struct AddUp<'a, T> {
    pub(super) tables: &'a [Lanes<T>],
    pub(super) chosen: Chosen<'a>,
    /// Whether the sums begin with what is there, or with 0.
    pub(super) kept: bool,
    pub(super) end: End<'a, T>,
    pub(super) to: &'a mut [Lanes<T>],
}

impl<T: Real> Kernel for AddUp<'_, T> {
    #[inline(always)]
    fn run<I: Isa>(mut self) {
        let (groups, rest) = std::mem::take(&mut self.to).as_chunks_mut::<GROUP>();
        let first = groups.len() * GROUP;
        for (group, to) in groups.iter_mut().enumerate() {
            self.rows(group * GROUP, to);
        }
        for (i, to) in rest.iter_mut().enumerate() {
            self.rows(first + i, std::array::from_mut(to));
        }
    }
}

impl<T: Real> AddUp<'_, T> {
    /// Rows from `first` of one group.
    #[inline(always)]
    fn rows<const R: usize>(&self, first: usize, to: &mut [Lanes<T>; R]) {
        let tables = self.tables.as_flattened().as_chunks::<{ ENTRIES * LANES }>().0;
        let Chosen { words, next_rows, next_table } = self.chosen;
        let words = &words[first / GROUP * next_rows..];
        let mut sums = if self.kept { *to } else { [[T::ZERO; LANES]; R] };
        for (i, table) in tables.iter().enumerate() {
            let word = words[i * next_table];
            for (r, sums) in sums.iter_mut().enumerate() {
                let start = usize::from(word[first % GROUP + r]) & PLACES;
                let entry = &table[start..start + LANES];
                for j in 0..LANES {
                    sums[j] += entry[j];
                }
            }
        }
        *to = sums;
        self.end.finish(first, to);
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact numbers are meant")]
mod tests {
    use super::super::matrix::{Matrix, numbers};
    use super::super::norm::slope;
    use super::*;
    use crate::simd::Cpu;

    /// The entries that `values` [samples, features] pick.
    fn picks(values: &Matrix<f64>) -> Picks {
        let mut picks = Picks::new(values.rows(), values.columns());
        Cpu::detect().run(Pick { values: values.data(), samples: values.rows(), picks: &mut picks });
        picks
    }

    /// The sums over rows of slope(i, k) weight(k) row_k, for some i, with `start` before them.
    fn sums(rows: &[Lanes<f64>], weights: &[f64], chosen: Chosen, mut to: Vec<Lanes<f64>>) -> Vec<Lanes<f64>> {
        let mut tables = vec![[7.0; LANES]; tables_of(rows.len())];
        let cpu = Cpu::detect();
        cpu.run(Tabulate { rows, weight: |k: usize| weights[k], below: 0.2, tables: &mut tables });
        cpu.run(AddUp { tables: &tables, chosen, kept: true, end: End::Sum, to: &mut to });
        to
    }

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-10, "{found} {expected}");
    }

    #[test]
    fn tables_give_the_sums_of_the_definition() {
        for (samples, features) in [(1, 1), (4, 16), (7, 3), (64, 48), (13, 33), (6, 64)] {
            let values = numbers(samples, features, 3);
            let picks = picks(&values);
            let slope = |sample, feature| slope(values.get(sample, feature), 0.2);
            let weights: Vec<f64> = (0..64).map(|k| f64::from(k) - 20.0).collect();
            // By features of samples, then by samples of features.
            let (rows, start) = (numbers(features, 16, 1), numbers(samples, 16, 2));
            let found = sums(rows.data(), &weights, picks.of_samples(0), start.data().to_vec());
            for (i, found) in found.iter().enumerate() {
                for (j, &found) in found.iter().enumerate() {
                    let terms = (0..features).map(|k| slope(i, k) * weights[k] * rows.get(k, j));
                    close(found, start.get(i, j) + terms.sum::<f64>());
                }
            }
            let (rows, start) = (numbers(samples, 16, 1), numbers(features, 16, 2));
            let found = sums(rows.data(), &weights, picks.of_features(0), start.data().to_vec());
            for (k, found) in found.iter().enumerate() {
                for (j, &found) in found.iter().enumerate() {
                    let terms = (0..samples).map(|i| slope(i, k) * weights[i] * rows.get(i, j));
                    close(found, start.get(k, j) + terms.sum::<f64>());
                }
            }
        }
    }

    #[test]
    fn features_may_begin_at_any_block() {
        let (values, rows) = (numbers(9, 48, 3), numbers(16, 16, 1));
        let (picks, weights) = (picks(&values), [1.0; 16]);
        let found = sums(rows.data(), &weights, picks.of_samples(32), vec![[0.0; LANES]; 9]);
        let expected: f64 = (0..16).map(|k| slope(values.get(8, 32 + k), 0.2) * rows.get(k, 5)).sum();
        close(found[8][5], expected);
        let rows = numbers(9, 16, 1);
        let found = sums(rows.data(), &weights, picks.of_features(32), vec![[0.0; LANES]; 16]);
        let expected: f64 = (0..9).map(|i| slope(values.get(i, 32 + 7), 0.2) * rows.get(i, 5)).sum();
        close(found[7][5], expected);
    }

    #[test]
    fn words_are_turned_bit_by_bit() {
        for seed in 0..200_u8 {
            let word = [seed % 16, seed / 13 % 16, seed.wrapping_mul(7) % 16, seed.wrapping_mul(11) / 16];
            for (i, of_row) in turned(word).into_iter().enumerate() {
                for (j, of_column) in word.into_iter().enumerate() {
                    assert_eq!(of_row >> j & 1, of_column >> i & 1, "{word:?}");
                }
            }
        }
    }

    #[test]
    fn wide_registers_give_the_same_bytes() {
        struct Wide<const WIDE: bool>;
        impl<const WIDE: bool> Isa for Wide<WIDE> {
            const FUSED: bool = true;
            const WIDE: bool = WIDE;
        }
        fn tables<I: Isa>(rows: &[Lanes<f32>]) -> Vec<Lanes<f32>> {
            let mut tables = vec![[0.0; LANES]; tables_of(rows.len())];
            Tabulate { rows, weight: |k| 1.0 / (k as f32 + 3.0), below: 0.2, tables: &mut tables }.run::<I>();
            tables
        }
        let rows: Vec<Lanes<f32>> = numbers(18, 16, 1).data().iter().map(|row| row.map(|x| (x / 3.0) as f32)).collect();
        assert_eq!(tables::<Wide<true>>(&rows), tables::<Wide<false>>(&rows));
    }
}
