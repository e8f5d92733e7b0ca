//! One palette for all frames of a GIF.
//!
//! Plots have few colours: they are taken as they are, the most frequent first, and the rest, blends at the edges of
//! dots and letters, go to their nearest. Unlike a palette for each frame this cannot flicker, and it costs nothing.

use std::collections::HashMap;

use crate::render::Picture;

/// GIF has 256 indices; one stands for "as in the frame before".
const COLOURS: usize = 255;
/// The index for "as in the frame before".
pub(super) const UNCHANGED: u8 = 255;

type Rgb = [u8; 3];

#[derive(Debug)]
pub(super) struct Palette {
    colours: Vec<Rgb>,
    indices: HashMap<Rgb, u8>,
}

impl Palette {
    /// The most frequent colours of the pictures.
    pub(super) fn of<'a>(pictures: impl Iterator<Item = &'a Picture>) -> Self {
        let mut counts: HashMap<Rgb, u64> = HashMap::new();
        for picture in pictures {
            for run in picture.pixels().chunk_by(|a, b| a == b) {
                *counts.entry(run[0]).or_default() += run.len() as u64;
            }
        }
        let mut ranked: Vec<(Rgb, u64)> = counts.into_iter().collect();
        // Colours of equal count go by their value, so that the same pictures give the same file.
        ranked.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        let colours: Vec<Rgb> = ranked.into_iter().take(COLOURS).map(|(colour, _)| colour).collect();
        let indices = colours.iter().enumerate().map(|(i, &colour)| (colour, i as u8)).collect();
        Self { colours, indices }
    }

    /// The palette as a GIF has it: 256 entries.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.colours.as_flattened().to_vec();
        bytes.resize(256 * 3, 0);
        bytes
    }

    /// The index of each pixel's colour, or of the one nearest to it.
    pub(super) fn map(&mut self, picture: &Picture) -> Vec<u8> {
        let mut mapped = Vec::with_capacity(picture.pixels().len());
        for run in picture.pixels().chunk_by(|a, b| a == b) {
            let index = self.index(run[0]);
            mapped.extend(std::iter::repeat_n(index, run.len()));
        }
        mapped
    }

    fn index(&mut self, colour: Rgb) -> u8 {
        if let Some(&index) = self.indices.get(&colour) {
            return index;
        }
        let distance = |other: &Rgb| (0..3).map(|i| i32::from(other[i]).abs_diff(i32::from(colour[i])).pow(2)).sum::<u32>();
        let nearest = (0..self.colours.len()).min_by_key(|&i| distance(&self.colours[i])).unwrap_or(0) as u8;
        self.indices.insert(colour, nearest);
        nearest
    }
}
