//! Images of one side, in memory.

use std::path::Path;

use image::DynamicImage;

use super::DataError;
use crate::memory;

/// Images of one side and one number of channels, 8 bits each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSet {
    /// Pixels on a side.
    pub side: usize,
    /// 1 for grey, 3 for colour.
    pub channels: usize,
    /// The images one after another, each [channels, side, side].
    pub pixels: Vec<u8>,
    /// The class of each, where they lay in a folder for each class.
    pub classes: Option<Classes>,
    /// What was guessed, changed or left out, a clause each: worth saying once.
    pub notes: Vec<String>,
}

/// The class of each image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes {
    /// Their names, in the order of the alphabet.
    pub names: Vec<String>,
    /// For each image, its class's place in `names`.
    pub of: Vec<u32>,
}

impl Classes {
    /// How many images each class has.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.names.len()];
        for &class in &self.of {
            counts[class as usize] += 1;
        }
        counts
    }
}

const ADVICE: &str = "take fewer images, or a smaller --resolution";

impl ImageSet {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.pixels.len() / self.size()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pixels.is_empty()
    }

    /// Numbers in an image.
    pub fn size(&self) -> usize {
        self.channels * self.side * self.side
    }

    /// One image.
    pub fn image(&self, index: usize) -> &[u8] {
        &self.pixels[index * self.size()..][..self.size()]
    }

    /// A set with room for `n` images, if there is memory for them.
    pub(super) fn with_room(path: &Path, n: u64, colour: bool, side: usize) -> Result<Self, DataError> {
        let channels = if colour { 3 } else { 1 };
        let needed = [channels, side, side].iter().fold(n, |product, &x| product.saturating_mul(x as u64));
        let what = format!("{n} images of side {side} ({})", path.display());
        let refusal = memory::permit(what.clone(), needed, ADVICE).err();
        let mut pixels = Vec::new();
        match refusal {
            None if pixels.try_reserve_exact(needed as usize).is_ok() => {
                Ok(Self { side, channels, pixels, classes: None, notes: Vec::new() })
            }
            refusal => {
                let missing = || memory::TooMuch { what, needed, limit: memory::limit(), advice: ADVICE };
                Err(DataError::Memory(refusal.unwrap_or_else(missing)))
            }
        }
    }
}

/// The numbers of an image of the set's side, channel after channel.
pub(super) fn numbers(image: &DynamicImage, channels: usize) -> Vec<u8> {
    if channels == 1 {
        return image.to_luma8().into_raw();
    }
    let pixels = image.to_rgb8().into_raw();
    (0..3).flat_map(|channel| pixels.iter().skip(channel).step_by(3).copied()).collect()
}
