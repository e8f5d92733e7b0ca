//! Feature maps and convolutions on a CPU, in plain Rust over rows of 16 channels.
//!
//! libtorch's convolutions read and write whole maps, and what stands between them (noise, bias, activation, filters)
//! reads and writes them again. Here a thread takes a strip of lines through all of that while it is in cache. The
//! products are one inner loop (`product`); 3x3 convolutions of large sides have fewer of them by Winograd's
//! algorithm (`winograd`). Every number is made by one sequence of roundings, whatever the number of threads.

pub(super) mod conv;
mod enlarging;
pub(super) mod finish;
pub(super) mod image;
pub(super) mod moments;
mod product;
mod winograd;

use std::sync::{Mutex, PoisonError};

use crate::simd::{Cpu, LANES, Lanes};

/// Channels that lie beside each other.
pub(super) type Row = Lanes<f32>;

pub(super) const EMPTY: Row = [0.0; LANES];

/// Feature maps of one picture: line by line, in a line its blocks of 16 channels, in a block its places from left to
/// right. Around it lies a border of zeros, one place wide.
#[derive(Clone, Debug, Default)]
pub(super) struct Map {
    pub(super) blocks: usize,
    pub(super) side: usize,
    pub(super) rows: Vec<Row>,
}

impl Map {
    /// A constant `[channels, 4, 4]`.
    pub(super) fn of(constant: &[f32]) -> Self {
        let mut map = Self::default();
        map.reshape((constant.len() / 16).div_ceil(LANES), 4);
        for (i, &value) in constant.iter().enumerate() {
            let (channel, y, x) = (i / 16, i / 4 % 4, i % 4);
            let at = (y + 1) * map.line() + channel / LANES * map.width() + x + 1;
            map.rows[at][channel % LANES] = value;
        }
        map
    }

    /// Rows of a block's line, the border's two with it.
    pub(super) fn width(&self) -> usize {
        self.side + 2
    }

    /// Rows of a line.
    pub(super) fn line(&self) -> usize {
        self.blocks * self.width()
    }

    /// All rows, the border's with them. The memory may be longer, from a larger shape before.
    pub(super) fn size(&self) -> usize {
        self.line() * self.width()
    }

    /// Takes another shape in the same memory. The border is zero afterwards, what lies in it is not cleared.
    pub(super) fn reshape(&mut self, blocks: usize, side: usize) {
        (self.blocks, self.side) = (blocks, side);
        let (width, line, whole) = (self.width(), self.line(), self.size());
        if self.rows.len() < whole {
            self.rows.resize(whole, EMPTY);
        }
        let rows = &mut self.rows[..whole];
        rows[..line].fill(EMPTY);
        rows[line * (side + 1)..].fill(EMPTY);
        for part in rows.chunks_exact_mut(width) {
            (part[0], part[width - 1]) = (EMPTY, EMPTY);
        }
    }

    /// Becomes a copy, in the same memory.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.reshape(other.blocks, other.side);
        let size = self.size();
        self.rows[..size].copy_from_slice(&other.rows[..size]);
    }

    /// The lines without the border's.
    pub(super) fn inner(&mut self) -> &mut [Row] {
        let (line, side) = (self.line(), self.side);
        &mut self.rows[line..][..line * side]
    }

    /// Multiplies each channel.
    pub(super) fn scale(&mut self, by: &[Row]) {
        let (width, size) = (self.width(), self.size());
        for (part, i) in self.rows[..size].chunks_exact_mut(width).zip((0..self.blocks).cycle()) {
            for row in part {
                for (x, factor) in row.iter_mut().zip(&by[i]) {
                    *x *= factor;
                }
            }
        }
    }
}

/// Numbers of channels in rows of 16; what is beyond the last channel is 0.
pub(super) fn in_rows(values: &[f32]) -> Vec<Row> {
    let row = |part: &[f32]| {
        let mut row = EMPTY;
        row[..part.len()].copy_from_slice(part);
        row
    };
    values.chunks(LANES).map(row).collect()
}

/// Memory that a thread works in.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) a: Vec<Row>,
    pub(super) b: Vec<Row>,
    /// A strip that nobody reads afterwards.
    pub(super) strip: Vec<Row>,
}

/// Threads and their memory.
#[derive(Debug)]
pub(super) struct Workshop {
    pub(super) cpu: Cpu,
    scratches: Vec<Scratch>,
}

impl Workshop {
    pub(super) fn new(threads: usize) -> Self {
        Self { cpu: Cpu::detect(), scratches: (0..threads.max(1)).map(|_| Scratch::default()).collect() }
    }

    pub(super) fn threads(&self) -> usize {
        self.scratches.len()
    }

    /// Does each task once, the next one whenever a thread is free.
    pub(super) fn each<T: Send>(
        &mut self,
        tasks: impl Iterator<Item = T> + Send,
        work: impl Fn(T, &mut Scratch) + Sync,
    ) {
        let tasks = Mutex::new(tasks);
        let next = || tasks.lock().unwrap_or_else(PoisonError::into_inner).next();
        let go = |scratch: &mut Scratch| {
            while let Some(task) = next() {
                work(task, scratch);
            }
        };
        let Some((own, others)) = self.scratches.split_first_mut() else { return };
        std::thread::scope(|scope| {
            for scratch in others {
                // A thread that the system refuses leaves its tasks to the others.
                let _ = std::thread::Builder::new().spawn_scoped(scope, || go(scratch));
            }
            go(own);
        });
    }
}

/// Threads and memory, which pictures take one after another.
#[derive(Debug)]
pub(super) struct AtWork {
    pub(super) shop: Workshop,
    /// What goes into a convolution, and what comes out.
    pub(super) maps: [Map; 2],
}

impl AtWork {
    pub(super) fn new(threads: usize) -> Self {
        Self { shop: Workshop::new(threads), maps: [Map::default(), Map::default()] }
    }
}
