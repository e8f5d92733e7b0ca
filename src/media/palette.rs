//! One palette for all frames of a GIF.
//!
//! Plots have few colours, mostly. Where there are more than a GIF can hold, the most frequent are taken as they are;
//! of the rest, blends at the edges of dots and letters, those farthest from all that is taken, one after another; all
//! others go to their nearest. Unlike a palette for each frame this cannot flicker.

use std::collections::HashMap;

use crate::render::Picture;

/// GIF has 256 indices; one stands for "as in the frame before".
const COLOURS: usize = 255;
/// How many of them go to the most frequent colours when there are more than [`COLOURS`].
const FREQUENT: usize = 128;
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
        let ranked: Vec<Rgb> = ranked.into_iter().map(|(colour, _)| colour).collect();
        let colours = if ranked.len() <= COLOURS { ranked } else { chosen(&ranked) };
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
        let distance =
            |other: &Rgb| (0..3).map(|i| i32::from(other[i]).abs_diff(i32::from(colour[i])).pow(2)).sum::<u32>();
        let nearest = (0..self.colours.len()).min_by_key(|&i| distance(&self.colours[i])).unwrap_or(0) as u8;
        self.indices.insert(colour, nearest);
        nearest
    }
}

/// A palette for more colours than fit, the most frequent first in `ranked`.
fn chosen(ranked: &[Rgb]) -> Vec<Rgb> {
    let (frequent, rest) = ranked.split_at(FREQUENT);
    let mut colours = frequent.to_vec();
    let to_nearest = |&colour: &Rgb| frequent.iter().map(|&taken| distance(taken, colour)).min().unwrap_or(u32::MAX);
    let mut distances: Vec<u32> = rest.iter().map(to_nearest).collect();
    while colours.len() < COLOURS {
        // The first of equals, for the same file every time.
        let Some(farthest) = (0..rest.len()).rev().max_by_key(|&i| distances[i]) else { break };
        colours.push(rest[farthest]);
        for (distance_so_far, &colour) in distances.iter_mut().zip(rest) {
            *distance_so_far = (*distance_so_far).min(distance(rest[farthest], colour));
        }
    }
    colours
}

fn distance(a: Rgb, b: Rgb) -> u32 {
    (0..3).map(|i| u32::from(a[i].abs_diff(b[i])).pow(2)).sum()
}
