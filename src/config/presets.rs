//! Configs that come with the program: the files in `configs/`.

use serde_json::Value;

use super::ConfigError;

/// A config that comes with the program.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
    /// Its file's text.
    pub text: &'static str,
}

pub(super) static POINTS: &[Preset] = &[
    Preset {
        name: "lab-gan",
        help: "The lab's GAN, what a bare `gan-lab train gan` trains",
        text: include_str!("../../configs/lab-gan.json"),
    },
    Preset { name: "lab-wgan", help: "The lab's WGAN", text: include_str!("../../configs/lab-wgan.json") },
    Preset { name: "lab-wgan-gp", help: "The lab's WGAN-GP", text: include_str!("../../configs/lab-wgan-gp.json") },
    Preset {
        name: "paper-wgan",
        help: "WGAN with the numbers of Arjovsky et al. 2017",
        text: include_str!("../../configs/paper-wgan.json"),
    },
    Preset {
        name: "paper-wgan-gp",
        help: "WGAN-GP with the numbers of Gulrajani et al. 2017",
        text: include_str!("../../configs/paper-wgan-gp.json"),
    },
    Preset {
        name: "best",
        help: "What this project recommends for points: least squares with R1 and R2, codes of 8 numbers, rates that fall",
        text: include_str!("../../configs/best.json"),
    },
    Preset {
        name: "modes",
        help: "For many small modes: relativistic pairs with R1, R2 and noise that fade, uniform codes of 2 numbers",
        text: include_str!("../../configs/modes.json"),
    },
    Preset {
        name: "non-saturating-r1",
        help: "The non-saturating GAN with R1 and the numbers of Mescheder et al. 2018, on standardised points",
        text: include_str!("../../configs/non-saturating-r1.json"),
    },
    Preset {
        name: "hinge-sn",
        help: "Hinge with spectral norm and the optimiser of Miyato et al. 2018, on standardised points",
        text: include_str!("../../configs/hinge-sn.json"),
    },
    Preset {
        name: "pacgan2",
        help: "The non-saturating GAN in packs of two (Lin et al. 2018), with the networks of paired-discriminator's grids",
        text: include_str!("../../configs/pacgan2.json"),
    },
    Preset {
        name: "r3gan",
        help: "RpGAN with R1 and R2 as in R3GAN (Huang et al. 2024), with its numbers for CIFAR-10, on standardised points",
        text: include_str!("../../configs/r3gan.json"),
    },
    Preset {
        name: "teach-gan",
        help: "Lessons: a small GAN that learns the ring of eight modes in seconds, non-saturating with R1",
        text: include_str!("../../configs/teach-gan.json"),
    },
    Preset {
        name: "teach-strong",
        help: "Lessons: a discriminator ten steps ahead, against which the saturating generator has no gradient",
        text: include_str!("../../configs/teach-strong.json"),
    },
    Preset {
        name: "teach-collapse",
        help: "Lessons: a discriminator ten times as slow as its generator, which loses the modes of the ring",
        text: include_str!("../../configs/teach-collapse.json"),
    },
    Preset {
        name: "teach-critic",
        help: "Lessons: a Wasserstein critic that nothing bounds; --constraint clip or --penalty wgan-gp mends it",
        text: include_str!("../../configs/teach-critic.json"),
    },
    Preset {
        name: "teach-optimisers",
        help: "Lessons: the lab's GAN with small networks, for one optimiser against another",
        text: include_str!("../../configs/teach-optimisers.json"),
    },
];

pub(super) static PROGAN: &[Preset] = &[
    Preset {
        name: "fashion32",
        help: "What the bundled model pggan_fashion32 was trained with",
        text: include_str!("../../configs/progan-fashion32.json"),
    },
    Preset {
        name: "faces64",
        help: "What the bundled model pggan_faces64 was trained with, on the drawn faces of gan-lab data make faces",
        text: include_str!("../../configs/progan-faces64.json"),
    },
];

pub(super) static SEFA: &[Preset] = &[
    Preset {
        name: "lab",
        help: "The lab: -2 to 2 in 21 steps, codes as drawn",
        text: include_str!("../../configs/sefa-lab.json"),
    },
    Preset {
        name: "upstream",
        help: "genforce/sefa: -3 to 3 in 11 steps, codes of unit mean square",
        text: include_str!("../../configs/sefa-upstream.json"),
    },
];

impl Preset {
    /// The config.
    pub fn config(&self) -> Result<Value, ConfigError> {
        serde_json::from_str(self.text).map_err(|error| ConfigError::Json { reason: error.to_string() })
    }
}
