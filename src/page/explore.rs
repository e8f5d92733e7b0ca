//! The page on which directions are moved by sliders, and a program draws.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{EXPLORE, PageError};

/// What the page is told when it opens. It asks for the rest.
#[derive(Clone, Debug, Serialize)]
pub struct ExplorePage {
    /// What a reader of the server must know.
    pub token: String,
    /// The model's name.
    pub model: String,
    /// What the network is called.
    pub network: String,
    /// The pictures' side.
    pub side: usize,
    /// How many layers take w; 1 for a ProGAN.
    pub layers: usize,
    /// How many classes the model knows; 0 for one without.
    pub classes: usize,
    /// How many codes there are, where they come from a file.
    pub rows: Option<usize>,
    /// The code that is shown first: its seed, or its row.
    pub number: u64,
    /// What the settings are at first: `layers`, `truncation`, `truncation_layers`, `noise`, `class`, as an option takes them.
    pub settings: BTreeMap<&'static str, String>,
    /// The words for noise.
    pub noises: Vec<&'static str>,
    /// The sliders' range that people use with such a network.
    pub range: f64,
    /// How long a picture took, in milliseconds.
    pub took: f64,
    /// Whether a coarse picture can be had before it is done.
    pub coarse: bool,
}

impl ExplorePage {
    /// The page's bytes.
    pub fn bytes(&self) -> Result<Vec<u8>, PageError> {
        EXPLORE.with(self)
    }
}
