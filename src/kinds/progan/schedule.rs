//! Which side is trained when.

use crate::config::ProganConfig;
use crate::nets::pggan::Pggan;

/// What is trained at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Phase {
    /// Level b: images of side 4 2^b.
    pub level: usize,
    /// How much of the level is faded in: 1 when it is alone.
    pub alpha: f64,
}

/// The phases, by images shown: the first level for one phase; each further one faded in for a phase and trained on
/// for another, the last for `final_kimg`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    levels: usize,
    phase: f64,
    last: f64,
}

impl Schedule {
    /// The schedule of a config.
    pub fn new(config: &ProganConfig, net: &Pggan) -> Self {
        Self { levels: net.levels(), phase: config.kimg_per_phase * 1000.0, last: config.final_kimg * 1000.0 }
    }

    /// Images to show in all.
    pub fn total(&self) -> u64 {
        let fades_and_rests = 2 * (self.levels - 1);
        (fades_and_rests as f64 * self.phase + self.last).ceil() as u64
    }

    /// What is trained when so many images were shown.
    pub fn at(&self, images: u64) -> Phase {
        let last = self.levels - 1;
        let phases = images as f64 / self.phase;
        // Phases 0, 2, 4, … are rests of levels 0, 1, 2, …; the odd ones fade the next level in.
        let index = phases.floor() as usize;
        let level = index.div_ceil(2);
        if level > last || self.levels == 1 {
            return Phase { level: last, alpha: 1.0 };
        }
        let alpha = if index % 2 == 1 { phases.fract() } else { 1.0 };
        Phase { level, alpha }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(resolution: usize) -> Schedule {
        let config = ProganConfig { kimg_per_phase: 1.0, final_kimg: 5.0, ..ProganConfig::default() };
        let net = Pggan { resolution, latent_dim: 2, image_channels: 1, fmaps_base: 64, fmaps_max: 8 };
        Schedule::new(&config, &net)
    }

    #[test]
    fn levels_follow_each_other_with_fades_between() {
        let s = schedule(16);
        assert_eq!(s.total(), 9000);
        for (images, level, alpha) in [
            (0, 0, 1.0),
            (999, 0, 1.0),
            (1000, 1, 0.0),
            (1500, 1, 0.5),
            (2000, 1, 1.0),
            (3250, 2, 0.25),
            (4000, 2, 1.0),
            (8999, 2, 1.0),
            (1_000_000, 2, 1.0),
        ] {
            assert_eq!(s.at(images), Phase { level, alpha }, "after {images} images");
        }
    }

    #[test]
    fn one_level_needs_no_fade() {
        let s = schedule(4);
        assert_eq!(s.total(), 5000);
        assert_eq!(s.at(4000), Phase { level: 0, alpha: 1.0 });
    }
}
