//! Models that are being grown (Karras et al. 2018, figure 2): which level is the last that is drawn.

use super::Image;

/// The last level that is drawn, and its share beside the one below.
#[derive(Clone, Copy, Debug)]
pub(super) struct Top {
    pub(super) level: usize,
    pub(super) share: f32,
    /// Levels that the model has.
    levels: usize,
}

impl Top {
    /// With the level of detail `lod`, the number of levels that are left out; a part of one is faded.
    pub(super) fn of(lod: f64, levels: usize) -> Self {
        let level = levels - 1 - (lod.floor() as usize).min(levels - 1);
        Self { level, share: if level > 0 { 1.0 - lod.fract() as f32 } else { 1.0 }, levels }
    }

    /// Whether the last level is being faded in.
    pub(super) fn fades(self) -> bool {
        self.share < 1.0
    }

    /// The model's image of that of the last level, and that of the level below at the same side.
    pub(super) fn image(self, mut image: Image, coarse: Option<Image>) -> Image {
        if let Some(coarse) = coarse {
            for (fine, coarse) in image.values.iter_mut().zip(&coarse.values) {
                *fine = coarse + self.share * (*fine - coarse);
            }
        }
        for _ in self.level + 1..self.levels {
            image = image.doubled();
        }
        image
    }
}
