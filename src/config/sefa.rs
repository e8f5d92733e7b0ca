//! What a SeFa job is.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::check::require;
use super::{Choice, ConfigError, Device};

/// The largest side of an image in the pictures.
const LARGEST_SIDE: usize = 2048;
/// A step longer than this is a typing error: codes are about 20 long.
pub const FARTHEST: f64 = 1e6;
/// More threads than these are taken for a typing error.
const MOST_THREADS: usize = 1024;
/// A direction or a layer with a larger number than this is taken for a typing error.
const LARGEST_INDEX: usize = 65_535;

/// A SeFa job, as a person writes it; what is left out is the lab's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SefaConfig {
    /// A model by name: `checkpoints/NAME.pth` or `.safetensors`, else one that comes with the project.
    pub model: String,
    /// A checkpoint's file, in the place of `model`.
    #[serde(with = "crate::paths::optional", skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<PathBuf>,
    /// How many samples.
    pub samples: usize,
    /// How many directions, those with the largest eigenvalues.
    pub k: usize,
    /// These directions in the place of the first `k`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directions: Option<Vec<usize>>,
    /// These directions, out of a file, in the place of those that are found in the weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directions_file: Option<PathBuf>,
    /// Seed of the codes.
    pub seed: u64,
    /// Whose seed that is; None for PyTorch's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rng: Option<SefaRng>,
    /// A file of codes, in the place of a seed's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codes_file: Option<PathBuf>,
    /// First distance.
    pub start: f64,
    /// Last distance.
    pub end: f64,
    /// How many distances.
    pub steps: usize,
    /// What is done to the codes that were drawn.
    pub codes: SefaCodes,
    /// Whether the weights are factorised as they are, without normalising each output unit's weights first.
    pub raw: bool,
    /// StyleGAN and StyleGAN2: the layers to factorise, whose rows of w are edited; none for all.
    pub layers: Vec<usize>,
    /// StyleGAN and StyleGAN2: psi of the truncation, w = mean + psi (w - mean).
    #[serde(skip_serializing_if = "is_usual_truncation")]
    pub truncation: f64,
    /// StyleGAN and StyleGAN2: how many of the first rows of w are truncated.
    #[serde(skip_serializing_if = "is_usual_depth")]
    pub truncation_layers: usize,
    /// StyleGAN and StyleGAN2: the noise that is added to feature maps; None for the stored maps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<SefaNoise>,
    /// The class that a conditional model draws.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<usize>,
    /// Where the file holds several generators: the one under this key; None for the averaged one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights_key: Option<String>,
    /// genforce's `fused_scale`; None for what the file shows, else the code's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fused_scale: Option<FusedScale>,
    /// genforce's `final_tanh`: the image goes through tanh.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub final_tanh: Option<bool>,
    /// How many of a ProGAN's inputs are a one-hot label, where the file does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_size: Option<usize>,
    /// What is measured of the directions; None leaves it to the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traits: Option<SefaTraits>,
    /// Samples that traits are measured on.
    #[serde(skip_serializing_if = "is_usual_count")]
    pub traits_samples: usize,
    /// The step by which they are measured.
    #[serde(skip_serializing_if = "is_usual_step")]
    pub traits_distance: f64,
    /// Random directions that are measured beside the others.
    #[serde(skip_serializing_if = "is_usual_floor")]
    pub traits_floor: usize,
    /// Side of each image in the pictures, in pixels; None for what suits the model's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub viz_size: Option<usize>,
    /// What does the arithmetic.
    pub device: Device,
    /// CPU threads; 0 for as many as libtorch takes.
    #[serde(skip_serializing_if = "is_zero")]
    pub threads: usize,
    /// Images of a ProGAN that a GPU renders at a time; a CPU renders one after another.
    pub batch: usize,
}

// A setting that was not there before is left out where it is as it was then, so that a job's files stay the same.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_usual_truncation(psi: &f64) -> bool {
    (*psi - USUAL_TRUNCATION).abs() == 0.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_usual_depth(layers: &usize) -> bool {
    *layers == USUAL_DEPTH
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_zero(n: &usize) -> bool {
    *n == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_usual_count(samples: &usize) -> bool {
    *samples == USUAL_MEASURED
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_usual_step(distance: &f64) -> bool {
    (*distance - USUAL_STEP).abs() == 0.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_usual_floor(random: &usize) -> bool {
    *random == USUAL_FLOOR
}

/// How traits are measured unless told otherwise: on so many samples, by the lab's longest step, beside so many random directions.
const USUAL_MEASURED: usize = 64;
const USUAL_STEP: f64 = 2.0;
const USUAL_FLOOR: usize = 20;

/// genforce's and the lab's psi, and how many layers they truncate.
const USUAL_TRUNCATION: f64 = 0.7;
const USUAL_DEPTH: usize = 8;

/// Whose random numbers codes are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SefaRng {
    /// PyTorch's: all samples out of one seed.
    #[default]
    Torch,
    /// NumPy's: a seed for each sample, one after another.
    Numpy,
}

impl SefaRng {
    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 2] = [
        Choice { name: "torch", help: "PyTorch's: all samples by one torch.randn after torch.manual_seed(seed)" },
        Choice {
            name: "numpy",
            help: "NumPy's, as NVIDIA's tools number them: sample i is RandomState(seed + i).randn",
        },
    ];
}

/// The noise that a StyleGAN adds to its feature maps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SefaNoise {
    /// The maps that are stored with the weights.
    #[default]
    Const,
    /// None.
    None,
    /// Maps of each sample's own.
    Random,
}

impl SefaNoise {
    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 3] = [
        Choice { name: "const", help: "The maps that are stored with the weights" },
        Choice { name: "none", help: "No noise" },
        Choice { name: "random", help: "Drawn for each sample, by the seed" },
    ];
}

/// What is measured of directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SefaTraits {
    /// The traits of the law that the checkpoint says it learned; nothing where it says none.
    #[default]
    Auto,
    /// Nothing.
    None,
    /// The traits of drawn faces, read by the reader that is built in.
    Faces,
    /// Scores that somebody gives.
    Scores,
}

impl SefaTraits {
    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 4] = [
        Choice { name: "auto", help: "faces if the checkpoint says that it learned drawn faces, else none" },
        Choice { name: "none", help: "Nothing" },
        Choice { name: "faces", help: "The traits of drawn faces (docs/FACES.md), by the reader that is built in" },
        Choice { name: "scores", help: "Your own scores of the pictures in traits/: give them with --scores" },
    ];
}

/// Whether enlarging layers are transposed convolutions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FusedScale {
    /// They are.
    Yes,
    /// They are not.
    No,
}

impl FusedScale {
    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 2] = [
        Choice { name: "yes", help: "Enlarging layers are transposed convolutions" },
        Choice { name: "no", help: "Enlarging layers upsample first and then convolve" },
    ];
}

/// What is done to the codes that were drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SefaCodes {
    /// Nothing.
    #[default]
    AsDrawn,
    /// Each is scaled to a mean square of 1.
    UnitMeanSquare,
}

impl SefaCodes {
    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 2] = [
        Choice { name: "as-drawn", help: "As torch.randn draws them" },
        Choice { name: "unit-mean-square", help: "Each scaled to a mean square of 1, as genforce/sefa does" },
    ];
}

impl Default for SefaConfig {
    fn default() -> Self {
        Self {
            model: "pggan_faces64".to_owned(),
            checkpoint: None,
            samples: 5,
            k: 5,
            directions: None,
            directions_file: None,
            seed: 0,
            rng: None,
            codes_file: None,
            start: -2.0,
            end: 2.0,
            steps: 21,
            codes: SefaCodes::AsDrawn,
            raw: false,
            layers: Vec::new(),
            truncation: USUAL_TRUNCATION,
            truncation_layers: USUAL_DEPTH,
            noise: None,
            class: None,
            traits: None,
            traits_samples: USUAL_MEASURED,
            traits_distance: USUAL_STEP,
            traits_floor: USUAL_FLOOR,
            viz_size: None,
            device: Device::Cpu,
            threads: 0,
            batch: 1,
            weights_key: None,
            fused_scale: None,
            final_tanh: None,
            label_size: None,
        }
    }
}

impl SefaConfig {
    /// Checks every value; directions and layers that come up twice are taken once.
    pub fn check(mut self) -> Result<Self, ConfigError> {
        require("model", format!("'{}'", self.model), !self.model.is_empty(), "a model's name")?;
        for (key, x) in [("samples", self.samples), ("k", self.k), ("steps", self.steps)] {
            require(key, x, (1..=1000).contains(&x), "1 to 1000")?;
        }
        for (key, x) in [("start", self.start), ("end", self.end)] {
            require(key, x, (-FARTHEST..=FARTHEST).contains(&x), "-1e6 to 1e6")?;
        }
        require("truncation", self.truncation, (-10.0..=10.0).contains(&self.truncation), "-10 to 10")?;
        let most = format!("{LARGEST_INDEX} at most");
        require("truncation_layers", self.truncation_layers, self.truncation_layers <= LARGEST_INDEX, &most)?;
        self.check_traits()?;
        if let Some(class) = self.class {
            require("class", class, class <= LARGEST_INDEX, &most)?;
        }
        if let Some(size) = self.label_size {
            require("label_size", size, size <= LARGEST_INDEX, &most)?;
        }
        if let Some(key) = &self.weights_key {
            require("weights_key", "empty", !key.is_empty(), "a key, such as G_ema")?;
        }
        if let Some(side) = self.viz_size {
            require("viz_size", side, (4..=LARGEST_SIDE).contains(&side), "4 to 2048")?;
        }
        require("threads", self.threads, self.threads <= MOST_THREADS, "0 to 1024")?;
        self.check_codes()?;
        for (key, file) in [("codes_file", &self.codes_file), ("directions_file", &self.directions_file)] {
            let empty = file.as_ref().is_some_and(|path| path.as_os_str().is_empty());
            require(key, "empty", !empty, "a file")?;
        }
        let raw = self.raw && self.directions_file.is_some();
        require("raw", self.raw, !raw, "false where directions come from a file: no weights are factorised then")?;
        require("batch", self.batch, (1..=256).contains(&self.batch), "1 to 256")?;
        if let Some(directions) = &mut self.directions {
            once("directions", directions)?;
            require("directions", "an empty list", !directions.is_empty(), "at least one direction")?;
        }
        once("layers", &mut self.layers)?;
        // Said or not, it is the same job.
        self.traits = self.traits.filter(|&traits| traits != SefaTraits::Auto);
        self.noise = self.noise.filter(|&noise| noise != SefaNoise::Const);
        self.rng = self.rng.filter(|&rng| rng != SefaRng::Torch);
        Ok(self)
    }

    /// Seeds that exist, and codes from one place.
    fn check_codes(&self) -> Result<(), ConfigError> {
        if self.rng == Some(SefaRng::Numpy) {
            let last = self.seed.saturating_add(self.samples as u64 - 1);
            let expected = "such that all seeds are 4294967295 at most, for NumPy takes no larger ones";
            require("seed", self.seed, u32::try_from(last).is_ok(), expected)?;
            let from_file = self.codes_file.is_some();
            require("rng", "numpy", !from_file, "torch, which is usual, where codes come from a file: none is drawn")?;
        }
        Ok(())
    }

    /// What is measured needs a scale, and enough random directions to tell one in twenty.
    fn check_traits(&self) -> Result<(), ConfigError> {
        require("traits_samples", self.traits_samples, (2..=10_000).contains(&self.traits_samples), "2 to 10000")?;
        let is_step = self.traits_distance.is_finite() && self.traits_distance > 0.0;
        require("traits_distance", self.traits_distance, is_step, "a number above 0")?;
        require("traits_floor", self.traits_floor, (8..=1000).contains(&self.traits_floor), "8 to 1000")
    }

    /// With what is left to the model decided by the law that it says it learned.
    #[must_use]
    pub fn with_law(self, law: Option<&str>) -> Self {
        let faces = law == Some("faces");
        let traits = match self.traits {
            None | Some(SefaTraits::Auto) => faces.then_some(SefaTraits::Faces),
            // Said or not, it is the same job.
            Some(SefaTraits::None) if !faces => None,
            said => said,
        };
        Self { traits, ..self }
    }

    /// Whether anything is measured, once it is decided.
    pub fn measures(&self) -> bool {
        matches!(self.traits, Some(SefaTraits::Faces | SefaTraits::Scores))
    }

    /// The rows of w that take a step, ascending: those of the layers that were named, or all of `rows`.
    pub fn edited_rows(&self, rows: usize) -> Vec<usize> {
        let mut edited = if self.layers.is_empty() { (0..rows).collect() } else { self.layers.clone() };
        edited.sort_unstable();
        edited
    }

    /// The directions that are shown: those that were named, or the first `k`.
    pub fn chosen(&self) -> Vec<usize> {
        self.directions.clone().unwrap_or_else(|| (0..self.k).collect())
    }
}

/// Keeps the first of each.
fn once(key: &'static str, indices: &mut Vec<usize>) -> Result<(), ConfigError> {
    for &index in indices.iter() {
        require(key, index, index <= LARGEST_INDEX, &format!("{LARGEST_INDEX} at most"))?;
    }
    let mut seen = std::collections::HashSet::new();
    indices.retain(|&index| seen.insert(index));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_out_of_range_is_named() {
        type Spoil = fn(&mut SefaConfig);
        let cases: [(&str, Spoil); 28] = [
            ("model", |c| c.model.clear()),
            ("samples", |c| c.samples = 0),
            ("k", |c| c.k = 1001),
            ("steps", |c| c.steps = 0),
            ("start", |c| c.start = f64::NAN),
            ("end", |c| c.end = f64::INFINITY),
            ("end", |c| c.end = 1e40),
            ("viz_size", |c| c.viz_size = Some(3)),
            ("viz_size", |c| c.viz_size = Some(2049)),
            ("threads", |c| c.threads = 1025),
            ("seed", |c| (c.rng, c.seed) = (Some(SefaRng::Numpy), 4_294_967_292)),
            ("rng", |c| (c.rng, c.codes_file) = (Some(SefaRng::Numpy), Some("z.npy".into()))),
            ("codes_file", |c| c.codes_file = Some(PathBuf::new())),
            ("directions_file", |c| c.directions_file = Some(PathBuf::new())),
            ("raw", |c| (c.raw, c.directions_file) = (true, Some("d.npy".into()))),
            ("batch", |c| c.batch = 257),
            ("directions", |c| c.directions = Some(vec![])),
            ("directions", |c| c.directions = Some(vec![70_000])),
            ("layers", |c| c.layers = vec![usize::MAX]),
            ("truncation", |c| c.truncation = f64::NAN),
            ("truncation_layers", |c| c.truncation_layers = usize::MAX),
            ("class", |c| c.class = Some(usize::MAX)),
            ("label_size", |c| c.label_size = Some(usize::MAX)),
            ("traits_samples", |c| c.traits_samples = 1),
            ("traits_distance", |c| c.traits_distance = -1.0),
            ("traits_distance", |c| c.traits_distance = f64::NAN),
            ("traits_floor", |c| c.traits_floor = 7),
            ("weights_key", |c| c.weights_key = Some(String::new())),
        ];
        for (key, spoil) in cases {
            let mut config = SefaConfig::default();
            spoil(&mut config);
            let message = config.check().unwrap_err().to_string();
            assert!(message.starts_with(&format!("{key} is ")), "{key}: {message}");
        }
    }

    #[test]
    fn settings_that_came_later_are_left_out_where_they_are_usual() {
        let usual = serde_json::to_value(SefaConfig::default()).unwrap();
        let later = [
            "truncation",
            "truncation_layers",
            "noise",
            "class",
            "rng",
            "codes_file",
            "directions_file",
            "viz_size",
            "threads",
            "traits",
            "traits_samples",
            "traits_distance",
            "traits_floor",
        ];
        assert!(later.iter().all(|key| usual.get(key).is_none()), "{usual}");
        let other = SefaConfig {
            truncation: 0.5,
            truncation_layers: 18,
            noise: Some(SefaNoise::Random),
            class: Some(3),
            rng: Some(SefaRng::Numpy),
            codes_file: Some("z.npy".into()),
            directions_file: Some("d.npy".into()),
            viz_size: Some(512),
            threads: 2,
            traits: Some(SefaTraits::Scores),
            traits_samples: 9,
            traits_distance: 1.0,
            traits_floor: 10,
            ..SefaConfig::default()
        };
        let json = serde_json::to_value(&other).unwrap();
        assert!(later.iter().all(|key| json.get(key).is_some()), "{json}");
        assert_eq!(serde_json::from_value::<SefaConfig>(json).unwrap(), other);
        let (rng, noise) = (Some(SefaRng::Torch), Some(SefaNoise::Const));
        let said = SefaConfig { rng, noise, ..SefaConfig::default() };
        assert_eq!(said.check().unwrap(), SefaConfig::default());
    }

    #[test]
    fn directions_are_the_first_k_or_those_that_were_named_once() {
        assert_eq!(SefaConfig { k: 3, ..SefaConfig::default() }.check().unwrap().chosen(), [0, 1, 2]);
        let config = SefaConfig { directions: Some(vec![4, 1, 4]), ..SefaConfig::default() };
        assert_eq!(config.check().unwrap().chosen(), [4, 1]);
    }
}
