//! How large a job's pictures become, and whether they can be made: known before the first image is rendered.

use super::SefaError;
use crate::media::{self, MediaError};
use crate::memory;

/// What an image takes in the lists of what is to render and what is rendered.
const LISTED: u64 = 512;
/// Small models' images are enlarged to this side or a little more.
const LEAST_SIDE: usize = 256;
/// Larger models' images are made smaller than they are.
const MOST_SIDE: usize = 512;

/// The side of each image in the pictures of a model that draws images of side `model`, unless told otherwise: the model's own
/// from 256 to 512; for smaller ones the least whole multiple from 256 on, so that they can be seen; for larger ones the
/// largest whole part up to 512, so that nothing is blurred unevenly.
pub fn usual_side(model: usize) -> usize {
    let model = model.max(1);
    if model <= MOST_SIDE {
        return model * LEAST_SIDE.div_ceil(model);
    }
    let part = (2..=model).find(|&by| model.is_multiple_of(by) && model / by <= MOST_SIDE);
    // A prime side has no whole part.
    part.map(|by| model / by).filter(|&side| side >= LEAST_SIDE / 2).unwrap_or(MOST_SIDE)
}

/// What a job draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Side of each image, in pixels.
    pub side: usize,
    /// Samples.
    pub samples: usize,
    /// Directions that are shown.
    pub directions: usize,
    /// Distances.
    pub steps: usize,
}

impl Plan {
    /// Width and height of a direction's picture: a column a distance, a row a sample.
    pub const fn frame(&self) -> (usize, usize) {
        (self.steps * self.side, self.samples * self.side)
    }

    /// Width and height of a picture of the video: unedited samples and a column a direction.
    pub const fn film(&self) -> (usize, usize) {
        ((self.directions + 1) * self.side, self.samples * self.side)
    }

    /// By what the sides of a GIF's images are divided: 2, for a GIF of photographs is large, or 1 where the side is odd; more
    /// where its sides would be longer than a GIF's can be.
    pub fn gif_part(&self) -> usize {
        let (width, height) = self.film();
        let mut by = if self.side.is_multiple_of(2) { 2 } else { 1 };
        let fits = |by: usize| {
            let small = self.side / by;
            media::gif_size(width / self.side * small, height / self.side * small).is_ok()
        };
        while by < self.side && !fits(by) {
            by *= 2;
        }
        by.min(self.side)
    }

    /// The formats in which the pictures cannot be, with the reason.
    pub fn without(&self) -> Vec<(&'static str, MediaError)> {
        let (width, height) = self.film();
        let small = self.side / self.gif_part();
        let (columns, rows) = (width / self.side, height / self.side);
        let gif = media::gif_size(columns * small, rows * small).err().map(|error| ("gif", error));
        let mp4 = media::mp4_size(width, height).err().map(|error| ("mp4", error));
        gif.into_iter().chain(mp4).collect()
    }

    /// Whether there is memory for the list of images, for the pictures of all directions, which the page holds together, for one
    /// of them with its headings, and for a picture of the video; `measured` images more are rendered and listed.
    ///
    /// # Errors
    /// They need more than there is.
    pub fn permit(&self, measured: usize) -> Result<(), SefaError> {
        let [samples, steps, directions] = [self.samples, self.steps, self.directions].map(|n| n as u64);
        let pixels = |(width, height): (usize, usize)| width as u64 * height as u64;
        let all = samples * steps * directions * LISTED + directions * pixels(self.frame()) * 3 * 2;
        // A picture with headings is a little larger than without; one of the video is there as RGB, halved, and as YUV.
        let sheet = pixels(self.frame()) * 3 * 5 / 4;
        let film = pixels(self.film()) * 6;
        Ok(memory::permit(
            "the pictures of this job",
            all + measured as u64 * LISTED + sheet.max(film),
            "ask for fewer samples, directions or steps, or a smaller --viz-size",
        )?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_suit_the_models_own() {
        let cases = [(1, 256), (4, 256), (8, 256), (32, 256), (48, 288), (64, 256), (100, 300), (128, 256), (255, 510)];
        for (model, side) in cases {
            assert_eq!(usual_side(model), side, "{model}");
        }
        for model in [256, 300, 512] {
            assert_eq!(usual_side(model), model);
        }
        for (model, side) in [(1024, 512), (2048, 512), (768, 384), (640, 320), (1000, 500), (514, 257), (521, 512)] {
            assert_eq!(usual_side(model), side, "{model}");
        }
        for model in 1..=2048 {
            assert!((128..=512).contains(&usual_side(model)), "{model}: {}", usual_side(model));
        }
    }

    #[test]
    fn a_gif_is_always_small_enough_and_a_video_that_cannot_be_is_known() {
        let plan = Plan { side: 256, samples: 5, directions: 5, steps: 21 };
        assert_eq!((plan.frame(), plan.film(), plan.gif_part()), ((5376, 1280), (1536, 1280), 2));
        assert_eq!(plan.without().is_empty(), media::MAKES_MP4);
        for side in [4, 5, 64, 255, 256, 2048] {
            for (samples, directions) in [(1, 1), (256, 5), (1000, 1), (1000, 1000), (1, 1000)] {
                let plan = Plan { side, samples, directions, steps: 1 };
                let (part, without) = (plan.gif_part(), plan.without());
                assert!(without.iter().all(|(format, _)| *format == "mp4"), "{plan:?}: {without:?}");
                assert!((directions + 1).max(samples) * (side / part) <= 65_535, "{plan:?}");
            }
        }
        // A strip of 1000 small pictures is too thin for a video.
        let thin = Plan { side: 16, samples: 1000, directions: 1, steps: 3 };
        assert_eq!(thin.without().len(), 1);
        assert_eq!(thin.without()[0].1.to_string().contains("32x16000"), media::MAKES_MP4);
        assert!(Plan { side: 8, samples: 1, directions: 2, steps: 3 }.without()[0].0 == "mp4");
    }

    #[test]
    fn more_than_the_memory_is_refused() {
        assert!(Plan { side: 256, samples: 5, directions: 5, steps: 21 }.permit(0).is_ok());
        let message =
            Plan { side: 2048, samples: 1000, directions: 1000, steps: 1000 }.permit(0).unwrap_err().to_string();
        assert!(message.contains("the pictures of this job") && message.contains("--viz-size"), "{message}");
    }
}
