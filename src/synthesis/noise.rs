//! The noise that a StyleGAN adds to its feature maps: stored with the weights, none, or drawn for each picture.

use std::borrow::Cow;

use crate::checkpoint::Noise;
use crate::rng::{Stream, Use};

/// Which noise is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoiseMode {
    /// The maps that are stored with the weights; where a file holds none, maps that are drawn once from seed 0.
    Stored,
    /// None.
    None,
    /// Maps of a picture's own.
    Random {
        /// Seed of all pictures' noise.
        seed: u64,
        /// The picture's number.
        picture: u64,
    },
}

/// Layers that a network may have, in the numbers of the streams of a picture's noise.
const MOST_LAYERS: u64 = 64;

/// A network's stored maps.
#[derive(Debug)]
pub(super) struct Stored {
    /// For each layer its side and map; None for one that takes no noise.
    layers: Vec<Option<(usize, Vec<f32>)>>,
    /// Whether a map had to be drawn, because the file holds none.
    pub(super) drawn: bool,
}

/// A map for each layer, as one picture has them.
#[derive(Debug)]
pub(super) struct Maps<'a>(Vec<Option<Cow<'a, [f32]>>>);

impl Maps<'_> {
    /// The map of a layer, `[side, side]`.
    pub(super) fn of(&self, layer: usize) -> Option<&[f32]> {
        self.0.get(layer)?.as_deref()
    }
}

fn drawn(seed: u64, picture: u64, layer: usize, side: usize) -> Vec<f32> {
    Stream::new(seed, Use::Grain, picture.wrapping_mul(MOST_LAYERS).wrapping_add(layer as u64)).normal(side * side)
}

impl Stored {
    /// Of layers' noise and sides.
    pub(super) fn new<'a>(layers: impl Iterator<Item = (Option<&'a Noise>, usize)>) -> Self {
        let mut any = false;
        let mut of = |(layer, (noise, side)): (usize, (Option<&Noise>, usize))| {
            let map = noise?.map.clone().unwrap_or_else(|| {
                any = true;
                drawn(0, 0, layer, side)
            });
            Some((side, map))
        };
        let layers = layers.enumerate().map(&mut of).collect();
        Self { layers, drawn: any }
    }

    /// A picture's maps.
    pub(super) fn maps(&self, mode: NoiseMode) -> Maps<'_> {
        let layers = self.layers.iter().enumerate();
        Maps(layers.map(|(layer, stored)| of_layer(mode, layer, stored.as_ref()?)).collect())
    }
}

fn of_layer(mode: NoiseMode, layer: usize, (side, map): &(usize, Vec<f32>)) -> Option<Cow<'_, [f32]>> {
    match mode {
        NoiseMode::Stored => Some(Cow::Borrowed(map)),
        NoiseMode::None => None,
        NoiseMode::Random { seed, picture } => Some(Cow::Owned(drawn(seed, picture, layer, *side))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_maps_are_the_files_and_others_are_drawn_and_repeat() {
        let stored = Noise { strength: vec![1.0], map: Some(vec![0.5; 16]) };
        let missing = Noise { strength: vec![1.0], map: None };
        let maps = Stored::new([(Some(&stored), 4), (None, 8), (Some(&missing), 8)].into_iter());
        assert!(maps.drawn);
        let of = |mode| maps.maps(mode).0.iter().map(|map| map.as_deref().map(<[f32]>::to_vec)).collect::<Vec<_>>();
        let as_stored = of(NoiseMode::Stored);
        assert_eq!((as_stored[0].clone(), as_stored[1].clone()), (Some(vec![0.5; 16]), None));
        assert_eq!(as_stored[2].as_ref().unwrap().len(), 64);
        assert_eq!(of(NoiseMode::None), [None, None, None]);
        let random = |seed, picture| of(NoiseMode::Random { seed, picture });
        assert_eq!(random(1, 2), random(1, 2));
        assert_ne!(random(1, 2)[0], random(1, 3)[0]);
        assert_ne!(random(1, 2)[0], random(2, 2)[0]);
        assert!(random(1, 2)[1].is_none());
        assert_eq!(random(1, 2)[0].as_ref().unwrap().len(), 16);
        assert!(!Stored::new([(Some(&stored), 4)].into_iter()).drawn);
    }
}
