//! What a person says of how images are to be read.

use crate::config::{ProganConfig, SmallImages};

/// How images are to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageReading {
    /// The array of a file that has several.
    pub key: Option<String>,
    /// Red, green and blue behind what is transparent.
    pub ground: [u8; 3],
    /// What becomes of images smaller than the side.
    pub small: SmallImages,
    /// Whether they are read as before there were choices: PNG and JPEG files of the folder itself, colours under
    /// transparency as the file has them, no EXIF. Runs of then go on with the bytes that they were begun with.
    pub as_before: bool,
    /// Threads that decode pictures; the images are the same with any number of them.
    pub threads: usize,
}

impl Default for ImageReading {
    fn default() -> Self {
        Self { key: None, ground: [255; 3], small: SmallImages::Enlarge, as_before: false, threads: 1 }
    }
}

impl ImageReading {
    /// As before there were choices.
    pub fn before() -> Self {
        Self { small: SmallImages::Frame, as_before: true, ..Self::default() }
    }

    /// Whether the ground is a shade of grey.
    pub(super) fn is_grey(&self) -> bool {
        self.ground.iter().all(|&channel| channel == self.ground[0])
    }
}

impl From<&ProganConfig> for ImageReading {
    fn from(config: &ProganConfig) -> Self {
        let reading = match &config.images {
            None => Self::before(),
            Some(images) => Self {
                key: images.key.clone(),
                // A checked config has a colour here.
                ground: images.ground_colour().unwrap_or([255; 3]),
                small: images.small,
                ..Self::default()
            },
        };
        Self { threads: config.threads.max(1), ..reading }
    }
}
