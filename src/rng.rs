//! Where every random number comes from.
//!
//! Each use of chance has a stream of its own, named here and derived from the run's seed, so that a change in how
//! many numbers one use takes never moves another, and any epoch's numbers can be drawn again without the ones
//! before it. That is what makes a resumed run end byte for byte like one that was never stopped.
//!
//! A stream is ChaCha8 with a 256-bit key: the seed (8 bytes, little-endian) followed by the name of the use in
//! ASCII (24 bytes, zero-padded). The ChaCha stream number is the *part*: in runs of points the epoch, in ProGANs and
//! protocols the iteration; `docs/architecture/training.md` (Randomness) has all of them.
//!
//! [`RandomState`] and [`torch_normals`] are none of these streams: they are NumPy's and PyTorch's, for codes that people know
//! by their seeds.

mod mersenne;
mod numpy;
mod torch;

pub use numpy::RandomState;
pub use torch::torch_normals;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// What a stream of random numbers is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Initial weights.
    Init,
    /// Which points are held out.
    Split,
    /// The order of the training points.
    Shuffle,
    /// Latent codes in training.
    Noise,
    /// The points at which a gradient penalty is taken: the weights that mix, what real points are moved by.
    Mix,
    /// Real points for the generator's step.
    More,
    /// What is added to the points that the discriminator has.
    Jitter,
    /// Whether a real point stands before or after a generated one.
    Sides,
    /// The codes under which an averaged generator's statistics are taken; those of which the mean of w is, where the file
    /// of a StyleGAN has none.
    Average,
    /// The fixed latent codes that frames are drawn from.
    Eval,
    /// Synthetic data sets.
    Data,
    /// Real points that a law gives anew in every iteration.
    Fresh,
    /// The noise that a generator of images adds to its feature maps.
    Grain,
    /// The traits of drawn faces.
    Faces,
    /// Random directions that others are measured beside.
    Floor,
}

impl Use {
    /// Every use, for tests that walk them.
    pub const ALL: [Self; 15] = [
        Self::Init,
        Self::Split,
        Self::Shuffle,
        Self::Noise,
        Self::Mix,
        Self::More,
        Self::Jitter,
        Self::Sides,
        Self::Average,
        Self::Eval,
        Self::Data,
        Self::Fresh,
        Self::Grain,
        Self::Faces,
        Self::Floor,
    ];

    const fn name(self) -> &'static [u8] {
        match self {
            Self::Init => b"init",
            Self::Split => b"split",
            Self::Shuffle => b"shuffle",
            Self::Noise => b"noise",
            Self::Mix => b"mix",
            Self::More => b"more",
            Self::Jitter => b"jitter",
            Self::Sides => b"sides",
            Self::Average => b"average",
            Self::Eval => b"eval",
            Self::Data => b"data",
            Self::Fresh => b"fresh",
            Self::Grain => b"grain",
            Self::Faces => b"faces",
            Self::Floor => b"floor",
        }
    }
}

/// A stream of random numbers; see the module's head for how it is derived.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream of `seed` for one use; `part` is the epoch, the iteration or what else there is
    /// one of for each draw, 0 where there is one draw only.
    pub fn new(seed: u64, purpose: Use, part: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let name = purpose.name();
        key[8..8 + name.len()].copy_from_slice(name);
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(part);
        Self(rng)
    }

    /// `n` draws from N(0, 1).
    pub fn normal(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| StandardNormal.sample(&mut self.0)).collect()
    }

    /// One draw from N(0, 1) in double precision.
    pub fn normal_f64(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    /// `n` draws from the uniform law on [0, 1).
    pub fn uniform(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.0.random::<f32>()).collect()
    }

    /// One draw from the uniform law on [0, 1) in double precision.
    pub fn uniform_f64(&mut self) -> f64 {
        self.0.random::<f64>()
    }

    /// One of `0..n`, all equally likely; `n` is at least 1.
    pub fn below(&mut self, n: usize) -> usize {
        self.0.random_range(0..n)
    }

    /// Puts `items` into a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        items.shuffle(&mut self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_seed_use_and_part_and_repeat_exactly() {
        let draw = |seed, purpose, part| Stream::new(seed, purpose, part).uniform(8);
        assert_eq!(draw(0, Use::Noise, 3), draw(0, Use::Noise, 3));
        let mut seen = vec![draw(0, Use::Noise, 3), draw(1, Use::Noise, 3), draw(0, Use::Noise, 4)];
        seen.extend(Use::ALL.into_iter().filter(|&purpose| purpose != Use::Noise).map(|purpose| draw(0, purpose, 3)));
        for (i, a) in seen.iter().enumerate() {
            assert!(seen[..i].iter().all(|b| a != b), "two streams agree");
        }
    }

    #[test]
    fn the_numbers_are_those_of_chacha8_under_the_documented_key() {
        let mut key = [0; 32];
        key[0] = 7;
        key[8..12].copy_from_slice(b"eval");
        let mut reference = ChaCha8Rng::from_seed(key);
        let words: Vec<u32> = (0..4).map(|_| reference.random()).collect();
        let ours: Vec<u32> = {
            let mut stream = Stream::new(7, Use::Eval, 0);
            (0..4).map(|_| stream.0.random()).collect()
        };
        assert_eq!(ours, words);
    }

    #[test]
    fn normal_draws_have_mean_zero_and_variance_one() {
        let draws = Stream::new(1, Use::Noise, 0).normal(40_000);
        let mean = draws.iter().map(|&x| f64::from(x)).sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / draws.len() as f64;
        // Four standard errors.
        assert!(mean.abs() < 0.02, "mean {mean}");
        assert!((variance - 1.0).abs() < 0.03, "variance {variance}");
    }
}
