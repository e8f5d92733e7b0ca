//! The reader of traits: a picture of a portrait as the law's traits.

use std::path::Path;

use super::card::{AtSide, Card, Skill};
use super::likeness::Likeness;
use super::network::Network;
use crate::checkpoint::{self, CheckpointError, TensorError};
use crate::faces::{COUNT, VERSION};
use crate::render::Picture;
use crate::threads;

/// A trait counts as read from this share of its variance on.
pub const READABLE: f64 = 0.5;

/// The least slope by which a reading is brought to scale; what is read worse than this is not read.
const LEAST_SLOPE: f64 = 0.3;

/// The reader that is built in, of the law `faces`; `gan-lab data make faces-reader` makes it.
static FACES: &[u8] = include_bytes!("../../data/models/faces_reader.safetensors");

/// Reads traits out of pictures.
#[derive(Clone, Debug)]
pub struct Reader {
    network: Network,
    card: Card,
}

/// What was read out of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The traits, in the law's units; on average they change as the traits do.
    pub traits: [f64; COUNT],
    /// The means of the network's feature maps, by which [`Likeness`] tells pictures that are unlike the law's.
    pub means: Vec<f32>,
}

/// Why a reader cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReaderError {
    /// It is no file of tensors.
    #[error(transparent)]
    File(#[from] CheckpointError),
    /// A tensor is not what a reader has.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// Its card is not one.
    #[error("the reader's card cannot be read: {0}")]
    Card(#[from] serde_json::Error),
    /// It is of another law.
    #[error("the reader is of version {found} of the law, and this program draws version {VERSION}; fit it anew")]
    Version {
        /// The reader's.
        found: u32,
    },
    /// A trait, a side, or the card itself is missing.
    #[error("the reader says too little of itself: no {missing}")]
    Missing {
        /// What.
        missing: &'static str,
    },
}

impl Reader {
    /// The reader of drawn faces that is built in.
    pub fn faces() -> Result<Self, ReaderError> {
        Self::of(FACES)
    }

    /// A reader out of its file's bytes.
    pub fn of(bytes: &[u8]) -> Result<Self, ReaderError> {
        let file = checkpoint::decode(Path::new("reader"), bytes)?;
        let note = file.note.ok_or(ReaderError::Missing { missing: "card" })?;
        let card: Card = serde_json::from_str(&note)?;
        if card.version != VERSION {
            return Err(ReaderError::Version { found: card.version });
        }
        if card.sides.is_empty() || card.sides.iter().any(|side| side.traits.len() != COUNT) {
            return Err(ReaderError::Missing { missing: "skill for every trait" });
        }
        Ok(Self { network: Network::new(&file.tensors)?, card })
    }

    /// What the file says of itself.
    pub fn card(&self) -> &Card {
        &self.card
    }

    #[cfg(test)]
    pub(super) fn network(&self) -> &Network {
        &self.network
    }

    /// How well pictures of a side are read, by the nearest side below it that is known.
    pub fn at(&self, side: usize) -> &AtSide {
        let sides = &self.card.sides;
        sides.iter().find(|known| known.side <= side).unwrap_or(&sides[sides.len() - 1])
    }

    /// What the law's drawings of a side are like: of drawings that the reader was neither fitted nor measured on.
    pub fn likeness(&self, side: usize, threads: usize) -> Likeness {
        let [least, most] = crate::faces::SIDES;
        Likeness::of_drawings(&self.network, self.card.seed.wrapping_add(2), side.clamp(least, most), threads)
    }

    /// Reads square pictures on some threads; what is read does not depend on how many these are.
    pub fn read(&self, pictures: &[Picture], threads: usize) -> Vec<Reading> {
        threads::map(threads, pictures, |picture| self.one(picture))
    }

    fn one(&self, picture: &Picture) -> Reading {
        let side = picture.width.min(picture.height);
        let said = self.network.read(&picture.rgb, side);
        let skills = &self.at(side).traits;
        let value =
            |(skill, z): (&Skill, f32)| skill.mean + skill.deviation * f64::from(z) / skill.slope.max(LEAST_SLOPE);
        let mut values = skills.iter().zip(said.traits).map(value);
        let traits = std::array::from_fn(|_| values.next().unwrap_or_default());
        Reading { traits, means: said.means }
    }
}
