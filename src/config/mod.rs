//! What a training run is, as plain data: read from JSON, overridden by flags, checked once, saved with the run.
//!
//! [`TrainConfig`] is what a person writes; every key may be left out except `objective`, and what is left out is
//! the lab's recipe. [`TrainConfig::check`] is the only way to a [`RunConfig`], and nothing that trains takes less.

mod activation;
mod check;
mod device;
mod diff;
mod doubts;
mod images;
mod keys;
mod list;
mod name;
mod objective;
mod optim;
mod presets;
mod progan;
mod record;
pub mod reference;
mod schedule;
mod sefa;
mod tables;
mod watch;

pub use activation::Activation;
pub use check::{ConfigError, RunConfig};
pub use device::{Device, EngineKind, Precision};
pub use diff::{Difference, differences};
pub use images::{ImageConfig, SmallImages};
pub use keys::{Choice, Config, Key, KeyError, Owner, Role, Table, Values, at, shown};
pub use list::{name_pair, number_list};
pub use name::nearest_preset;
pub use objective::{ConstraintConfig, GeneratorLoss, Model, Objective, PENALTY_CHOICES, PenaltyConfig, RULE_CHOICES};
pub use optim::LookaheadConfig;
pub use presets::Preset;
pub use progan::{Downscale, ImageLoss, ProganConfig};
pub use record::Recording;
pub use schedule::{ScheduleConfig, Shape};
pub use sefa::{FARTHEST, FusedScale, SefaCodes, SefaConfig, SefaNoise, SefaRng, SefaTraits};
pub use tables::{POINTS, PROGAN, SEFA, TABLES};
pub use watch::{BestBy, Comparison, Condition, Per, Watched};

pub use crate::optim::{AdamOptions, AdamwOptions, Optim, RmspropOptions, SgdOptions};

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::rng::Stream;

/// A training run, as a person writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Which game the two networks play, with its own constants.
    pub objective: Objective,
    /// What the critic's gradient by its points costs; left out, it is the model's own, or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub penalty: Option<PenaltyConfig>,
    /// What is done to the critic's parameters; left out, it is the model's own, or nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraint: Option<ConstraintConfig>,
    /// What the discriminator pays for the mean square of real points' scores (Karras et al. 2018); left out, nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<f64>,
    /// How many points, side by side, the discriminator scores at once (PacGAN, Lin et al. 2018): all real or all
    /// generated, so that it sees a lack of variety; left out, 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pack: Option<usize>,
    /// How many of the discriminator's steps the generator's gradient goes through (Metz et al. 2017); left out, none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unroll: Option<usize>,
    /// Noise that is added to all points that the discriminator has, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_noise: Option<NoiseConfig>,
    /// Where the points come from and how they are used.
    #[serde(default)]
    pub data: DataConfig,
    /// The generator's shape.
    #[serde(default)]
    pub generator: GeneratorConfig,
    /// The discriminator's (or critic's) shape.
    #[serde(default)]
    pub discriminator: DiscriminatorConfig,
    /// What follows each hidden layer of both networks; left out, LeakyReLU(0.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
    /// What follows each of the discriminator's, where it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation_d: Option<Activation>,
    /// How both networks' weights begin; left out, as `PyTorch`'s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<Init>,
    /// What their deviation is multiplied by, with an [`Init`] that has a gain; left out, what keeps the variance through
    /// the activation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init_gain: Option<f64>,
    /// The optimiser of both networks, with PyTorch's option names.
    #[serde(default)]
    pub optim: Optim,
    /// The discriminator's optimiser, where it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optim_d: Option<Optim>,
    /// The learning rate of both networks.
    #[serde(default = "lab::lr")]
    pub lr: f64,
    /// The discriminator's learning rate, where it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lr_d: Option<f64>,
    /// How both learning rates move over the run, if they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleConfig>,
    /// How slow weights go round both optimisers, if they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookahead: Option<LookaheadConfig>,
    /// The largest norm that the gradient of all of a network's parameters may have; a larger one is scaled to it. Left
    /// out, any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_grad: Option<f64>,
    /// How the generator's parameters are averaged, if they are; then frames and metrics are the averaged generator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ema: Option<EmaConfig>,
    /// Passes over the training points.
    #[serde(default = "lab::epochs")]
    pub epochs: u64,
    /// Points in a batch; those left over at an epoch's end are not used in it.
    #[serde(default = "lab::batch_size")]
    pub batch_size: usize,
    /// Discriminator steps for each generator step.
    #[serde(default = "lab::critic_steps")]
    pub critic_steps: usize,
    /// Which network moves first in an iteration.
    #[serde(default)]
    pub update_order: UpdateOrder,
    /// A frame is recorded whenever this many epochs have passed, and after the last.
    #[serde(default = "lab::frame_every")]
    pub frame_every: u64,
    /// Sliced W2 and coverage are measured whenever this many epochs have passed, and after the last; 0 for never.
    /// Left out, they are measured with every frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eval_every: Option<u64>,
    /// What is recorded of each frame beside its points, by [`Recording`]s' names; left out, everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Vec<String>>,
    /// The state with the best value of this metric is kept beside the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_best: Option<BestBy>,
    /// The run ends before its last epoch as soon as one of these holds: [`Condition`]s.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop_when: Vec<String>,
    /// Seed of every random number.
    #[serde(default)]
    pub seed: u64,
    /// What does the arithmetic.
    #[serde(default)]
    pub device: Device,
    /// Who does it.
    #[serde(default)]
    pub engine: EngineKind,
    /// CPU threads for the arithmetic; 0 asks for what the machine has, 4 at most.
    #[serde(default)]
    pub threads: usize,
}

/// How the generator's parameters are averaged over its steps; `optim::average` holds the formula.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmaConfig {
    /// Generated points in which the average forgets half.
    #[serde(default = "lab::half_life")]
    pub half_life: f64,
    /// In the beginning it is no more than this share of the points so far; 0 for the whole from the start.
    #[serde(default = "lab::ramp")]
    pub ramp: f64,
}

/// Noise on real and generated points (Sonderby et al. 2017; Arjovsky and Bottou 2017), so that the two kinds overlap from
/// the beginning: normal, with a deviation that goes along a line over the run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoiseConfig {
    /// Its deviation at first, in the networks' units.
    #[serde(default = "lab::noise")]
    pub deviation: f64,
    /// What of that is left at the end.
    #[serde(default)]
    pub end: f64,
}

impl NoiseConfig {
    /// Its deviation when this share of the run is done.
    pub fn at(&self, done: f64) -> f64 {
        self.deviation * (1.0 - (1.0 - self.end) * done)
    }
}

/// Where the points come from and how they are used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// A file of points, in any of the formats that `data` reads.
    #[serde(with = "crate::paths")]
    pub path: PathBuf,
    /// The variable to read, in files that name their variables: a name, a path into a struct (`data.xx`), or the names
    /// of two vectors (`x,y`).
    pub key: String,
    /// The two columns that are x and y, by name or counted from 1 (`x,y`, `1,2`); None for the obvious two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<String>,
    /// What stands between the columns of a text file; None to go by the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separator: Option<Separator>,
    /// The decimal mark of a text file; None to go by the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimal: Option<DecimalMark>,
    /// Whether a text file's first line names the columns; None to go by the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heading: Option<Heading>,
    /// How many points train; all others are held out.
    pub train_size: usize,
    /// When the training points are put in a new order. Left out, it is [`Shuffle::Auto`].
    #[serde(skip_serializing_if = "Shuffle::is_auto")]
    pub shuffle: Shuffle,
    /// In which units the networks have the points. Left out, it is [`Scale::Auto`].
    #[serde(skip_serializing_if = "Scale::is_auto")]
    pub scale: Scale,
}

/// What stands between the columns of a text file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Separator {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// A tab.
    Tab,
    /// `|`
    Bar,
    /// Any number of spaces and tabs.
    Space,
}

impl Separator {
    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 5] = [
        Choice { name: "comma", help: "A comma" },
        Choice { name: "semicolon", help: "A semicolon" },
        Choice { name: "tab", help: "A tab" },
        Choice { name: "bar", help: "A vertical bar" },
        Choice { name: "space", help: "Any number of spaces and tabs" },
    ];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Comma => "comma",
            Self::Semicolon => "semicolon",
            Self::Tab => "tab",
            Self::Bar => "bar",
            Self::Space => "space",
        }
    }
}

/// The decimal mark of a text file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecimalMark {
    /// `0.5`
    Point,
    /// `0,5`
    Comma,
}

impl DecimalMark {
    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 2] =
        [Choice { name: "point", help: "As in 0.5" }, Choice { name: "comma", help: "As in 0,5" }];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Point => "point",
            Self::Comma => "comma",
        }
    }
}

/// Whether a text file's first line names the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Heading {
    /// It does, even if it looks like numbers.
    Yes,
    /// Every line is a row.
    No,
}

impl Heading {
    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 2] = [
        Choice { name: "yes", help: "The first line names the columns, even if it holds numbers" },
        Choice { name: "no", help: "Every line is a row" },
    ];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
        }
    }
}

/// By which law a network's weights are drawn at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Init {
    /// As `torch.nn.Linear` does: weights and biases uniform on +-1/sqrt(inputs).
    #[default]
    Pytorch,
    /// Normal with the deviation gain / sqrt(inputs), where the gain keeps the variance through the activation (He et al.
    /// 2015); biases 0.
    He,
    /// Uniform with that deviation; biases 0.
    HeUniform,
    /// Uniform on +-sqrt(6 / (inputs + outputs)) (Glorot and Bengio 2010), times the gain if one is said; biases 0.
    Xavier,
    /// Normal with the deviation 0.02 (DCGAN); biases 0.
    Normal,
    /// Rows or columns at right angles (Saxe et al. 2014), each as long as the gain; biases 0.
    Orthogonal,
}

impl Init {
    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 6] = [
        Choice { name: "pytorch", help: "As torch.nn.Linear does: uniform on +-1/sqrt(inputs)" },
        Choice { name: "he", help: "Normal, scaled to keep the variance through the activation; biases 0" },
        Choice { name: "he-uniform", help: "Uniform, with the same standard deviation as he; biases 0" },
        Choice { name: "xavier", help: "Uniform on +-sqrt(6 / (inputs + outputs)); biases 0" },
        Choice { name: "normal", help: "Normal with the deviation 0.02; biases 0" },
        Choice {
            name: "orthogonal",
            help: "Orthogonal rows or columns, scaled to keep the variance through the activation; biases 0",
        },
    ];
}

/// When the training points are put in a new order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shuffle {
    /// Once for the lab's split and batches of points that lie as the lab's do, else before every epoch.
    #[default]
    Auto,
    /// Once, by the split, as in the lab: every epoch sees the same batches, and what they leave out is left out for ever.
    Once,
    /// Before every epoch.
    EveryEpoch,
}

impl Shuffle {
    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 3] = [
        Choice { name: "auto", help: "Once for the lab's data and batches, else before every epoch" },
        Choice { name: "once", help: "Once, as in the lab: every epoch sees the same batches" },
        Choice { name: "every-epoch", help: "Before every epoch" },
    ];

    /// Whether the data decide.
    pub fn is_auto(&self) -> bool {
        *self == Self::Auto
    }
}

/// In which units the networks have the points; all that a person sees is in the data's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// The data's own where the data lie as the lab's do, else standardised, or whitened where the axes are correlated.
    #[default]
    Auto,
    /// The data's own, as in the lab.
    None,
    /// Around the training points' mean, in standard deviations of each axis.
    Standardise,
    /// In units in which the training points' covariance is the identity.
    Whiten,
}

impl Scale {
    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 4] = [
        Choice {
            name: "auto",
            help: "None where all coordinates are in -0.5 to 1.5 and each axis's standard deviation in 0.05 to 0.5, like \
                   the lab's; else standardise, or whiten where the axes' correlation is above 0.8",
        },
        Choice { name: "none", help: "The data's own units" },
        Choice { name: "standardise", help: "Each axis's mean 0 and standard deviation 1" },
        Choice { name: "whiten", help: "Mean 0, standard deviation 1, and no correlation between the axes" },
    ];

    /// Whether the data decide.
    pub fn is_auto(&self) -> bool {
        *self == Self::Auto
    }
}

/// Which network moves first in an iteration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpdateOrder {
    /// The lab's: the generator steps on D(G(z)), then the discriminator on the same generated points, detached;
    /// further critic steps draw new ones.
    #[default]
    GeneratorFirst,
    /// The papers': `critic_steps` critic steps, each with new noise, then a generator step with new noise
    /// (Arjovsky et al. 2017, Algorithm 1; Gulrajani et al. 2017, Algorithm 1).
    CriticFirst,
}

impl UpdateOrder {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GeneratorFirst => "generator-first",
            Self::CriticFirst => "critic-first",
        }
    }

    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 2] = [
        Choice {
            name: "generator-first",
            help: "The lab's: the generator, then the discriminator on the same generated points",
        },
        Choice { name: "critic-first", help: "The papers': all critic steps, then the generator, on new codes each" },
    ];
}

/// The generator: Linear layers with an activation between them, BatchNorm before it where asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GeneratorConfig {
    /// The latent code's dimension.
    pub latent_dim: usize,
    /// The law of each of its numbers; left out, [`LatentLaw::Normal`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latent_law: Option<LatentLaw>,
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// For each hidden layer, whether BatchNorm follows its Linear.
    pub batch_norm: Vec<bool>,
    /// BatchNorm's eps. The lab passed 0.8 as `eps`, probably meaning the momentum; kept for fidelity.
    pub batch_norm_eps: f64,
    /// BatchNorm's momentum.
    pub batch_norm_momentum: f64,
}

/// The law of each number of a latent code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LatentLaw {
    /// N(0, 1), as in the lab.
    #[default]
    Normal,
    /// U(-1, 1), as in DCGAN.
    Uniform,
}

impl LatentLaw {
    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 2] = [
        Choice { name: "normal", help: "Normal, with mean 0 and deviation 1" },
        Choice { name: "uniform", help: "Uniform on -1 to 1" },
    ];
}

impl GeneratorConfig {
    /// Codes [n, `latent_dim`] out of a stream.
    pub fn codes(&self, n: usize, rng: &mut Stream) -> Vec<f32> {
        let numbers = n * self.latent_dim;
        match self.latent_law.unwrap_or_default() {
            LatentLaw::Normal => rng.normal(numbers),
            LatentLaw::Uniform => rng.uniform(numbers).into_iter().map(|u| 2.0 * u - 1.0).collect(),
        }
    }
}

/// The discriminator or critic: Linear layers with an activation between them, BatchNorm before it where asked for, one
/// score out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiscriminatorConfig {
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// For each hidden layer, whether BatchNorm follows its Linear; empty for none. Real and generated points are
    /// normalised apart.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub batch_norm: Vec<bool>,
    /// BatchNorm's eps; left out, PyTorch's 1e-5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_norm_eps: Option<f64>,
    /// BatchNorm's momentum; left out, PyTorch's 0.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_norm_momentum: Option<f64>,
}

impl DiscriminatorConfig {
    /// BatchNorm's eps and momentum.
    pub fn norm(&self) -> [f64; 2] {
        [self.batch_norm_eps.unwrap_or(1e-5), self.batch_norm_momentum.unwrap_or(0.1)]
    }
}

impl TrainConfig {
    /// The lab's recipe for a model (`configs/lab-<model>.json`).
    pub fn lab(model: Model) -> Self {
        Self {
            objective: Objective::lab(model),
            penalty: None,
            constraint: None,
            drift: None,
            pack: None,
            unroll: None,
            instance_noise: None,
            data: DataConfig::default(),
            generator: GeneratorConfig::default(),
            discriminator: DiscriminatorConfig::default(),
            activation: None,
            activation_d: None,
            init: None,
            init_gain: None,
            optim: Optim::default(),
            optim_d: None,
            lr: lab::lr(),
            lr_d: None,
            schedule: None,
            lookahead: None,
            clip_grad: None,
            ema: None,
            epochs: lab::epochs(),
            batch_size: lab::batch_size(),
            critic_steps: lab::critic_steps(),
            update_order: UpdateOrder::default(),
            frame_every: lab::frame_every(),
            eval_every: None,
            record: None,
            keep_best: None,
            stop_when: Vec::new(),
            seed: 0,
            device: Device::default(),
            engine: EngineKind::default(),
            threads: 0,
        }
    }

    /// The points that the discriminator scores at once.
    pub fn members(&self) -> usize {
        if self.game().rule.has_sides() { 2 } else { self.pack.unwrap_or(1) }
    }

    /// The scores that a batch has.
    pub fn packs(&self) -> usize {
        self.batch_size / self.pack.unwrap_or(1)
    }

    /// Reads a config from JSON text.
    pub fn from_json(text: &str) -> Result<Self, ConfigError> {
        serde_json::from_str(text).map_err(|error| ConfigError::Json { reason: error.to_string() })
    }
}

impl DataConfig {
    /// The variable that is read unless told otherwise; where a file has none of that name, the obvious one.
    pub const KEY: &'static str = "xx";

    /// Whether the points are the lab's, by the name of their file.
    pub fn is_the_labs(&self) -> bool {
        self.path.file_name().is_some_and(|name| name == "points.mat")
    }
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            path: PathBuf::from("data/points.mat"),
            key: Self::KEY.into(),
            columns: None,
            separator: None,
            decimal: None,
            heading: None,
            train_size: 7000,
            shuffle: Shuffle::Auto,
            scale: Scale::Auto,
        }
    }
}

impl Default for GeneratorConfig {
    fn default() -> Self {
        Self {
            latent_dim: 2,
            latent_law: None,
            hidden: vec![64, 256, 512],
            batch_norm: vec![false, true, true],
            batch_norm_eps: 0.8,
            batch_norm_momentum: 0.1,
        }
    }
}

impl Default for DiscriminatorConfig {
    fn default() -> Self {
        Self { hidden: vec![64, 256], batch_norm: Vec::new(), batch_norm_eps: None, batch_norm_momentum: None }
    }
}

/// The lab's numbers.
mod lab {
    pub(super) fn lr() -> f64 {
        5e-5
    }
    pub(super) fn epochs() -> u64 {
        320
    }
    pub(super) fn half_life() -> f64 {
        10_000.0
    }
    pub(super) fn noise() -> f64 {
        0.1
    }
    pub(super) fn ramp() -> f64 {
        0.05
    }
    pub(super) fn batch_size() -> usize {
        256
    }
    pub(super) fn critic_steps() -> usize {
        1
    }
    pub(super) fn frame_every() -> u64 {
        10
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_with_only_its_objective_is_the_labs_recipe() {
        for model in Model::ALL {
            let text = format!(r#"{{"objective": {{"model": "{model}"}}}}"#);
            assert_eq!(TrainConfig::from_json(&text).unwrap(), TrainConfig::lab(model));
        }
    }

    #[test]
    fn codes_follow_the_law_that_is_named() {
        use crate::rng::Use;

        let codes = |latent_law| {
            let config = GeneratorConfig { latent_dim: 3, latent_law: Some(latent_law), ..GeneratorConfig::default() };
            config.codes(2000, &mut Stream::new(1, Use::Noise, 0))
        };
        let square = |codes: &[f32]| codes.iter().map(|&x| f64::from(x * x)).sum::<f64>() / 6000.0;
        let (normal, uniform) = (codes(LatentLaw::Normal), codes(LatentLaw::Uniform));
        assert_eq!([normal.len(), uniform.len()], [6000; 2]);
        assert!((square(&normal) - 1.0).abs() < 0.08 && normal.iter().any(|x| x.abs() > 1.0));
        assert!((square(&uniform) - 1.0 / 3.0).abs() < 0.02 && uniform.iter().all(|x| x.abs() <= 1.0));
        assert!(uniform.iter().any(|x| *x < -0.9));
    }

    #[test]
    fn unknown_keys_are_errors_that_name_the_known_ones() {
        for (text, wrong, known) in [
            (r#"{"objective": {"model": "gan"}, "learning_rate": 1}"#, "learning_rate", "lr"),
            (r#"{"objective": {"model": "wgan", "gp_weight": 1}}"#, "gp_weight", "clip"),
            (r#"{"objective": {"model": "gan"}, "generator": {"width": 3}}"#, "width", "hidden"),
            (r#"{"objective": {"model": "gan"}, "optim": {"name": "adam", "beta": 0.5}}"#, "beta", "betas"),
            (r#"{"objective": {"model": "dcgan"}}"#, "dcgan", "wgan-gp"),
        ] {
            let message = TrainConfig::from_json(text).unwrap_err().to_string();
            assert!(message.contains(wrong) && message.contains(known), "{message}");
        }
    }

    #[test]
    fn a_config_survives_json() {
        for model in Model::ALL {
            for optim in Optim::ALL_DEFAULTS {
                let config = TrainConfig { optim, ..TrainConfig::lab(model) };
                let text = serde_json::to_string(&config).unwrap();
                assert_eq!(TrainConfig::from_json(&text).unwrap(), config);
            }
        }
    }
}
