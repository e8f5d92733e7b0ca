//! The one place where a config is found to make sense.

use std::fmt;
use std::ops::Deref;
use std::path::Path;

use super::watch::NEVER;
use super::{
    Condition, Device, EmaConfig, EngineKind, Init, LatentLaw, LookaheadConfig, NoiseConfig, Per, Scale,
    ScheduleConfig, Shuffle, TrainConfig, UpdateOrder, activation, name_pair, optim, record,
};
use crate::objective::{Constraint, Meets, Penalised};

/// A layer wider than this, or a batch larger, is taken for a slip of the pen.
const LARGEST_SIZE: usize = 1 << 20;
/// More layers than this are taken for a slip of the pen.
const MOST_LAYERS: usize = 64;

/// More parameters in a network than this are taken for a slip of the pen: they would be 4 GiB.
const MOST_PARAMETERS: u64 = 1 << 30;
/// More unrolled steps than this are taken for a slip of the pen.
const MOST_UNROLLED: usize = 100;
/// More points in a pack than this are taken for a slip of the pen.
const MOST_PACKED: usize = 8;
/// More threads than this are taken for a slip of the pen.
pub(super) const MOST_THREADS: usize = 1024;

/// A config that was checked: every number is in its range, and `engine` and `threads` are resolved.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct RunConfig(TrainConfig);

impl Deref for RunConfig {
    type Target = TrainConfig;

    fn deref(&self) -> &TrainConfig {
        &self.0
    }
}

/// What is wrong with a config.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// Not JSON, or not this JSON.
    #[error("{reason}")]
    Json {
        /// The parser's words, with line and column.
        reason: String,
    },
    /// A value out of its range.
    #[error("{key} is {found}; it must be {expected}")]
    Value {
        /// The key, with dots between levels.
        key: &'static str,
        /// What it is.
        found: String,
        /// What it may be.
        expected: String,
    },
    /// A path that no text is.
    #[error(
        "the path {path} is not UTF-8, and a run of points cannot be named by it in scripts and pages; rename or link the file"
    )]
    Path {
        /// It, as far as it can be shown.
        path: String,
    },
}

impl TrainConfig {
    /// Checks every value and resolves `engine` and `threads`.
    pub fn check(mut self) -> Result<RunConfig, ConfigError> {
        storable(&self.data.path)?;
        if let Some(columns) = &self.data.columns {
            let found = format!("'{columns}'");
            require("data.columns", found, name_pair(columns).is_some(), "two different columns, such as x,y or 1,2")?;
        }
        self.drift = self.drift.filter(|drift| *drift != 0.0);
        self = self.in_saved_form();
        check_game(&self)?;
        // One way of saying that both have the same, and that there are no slow weights.
        self.optim_d = self.optim_d.filter(|other| *other != self.optim);
        self.instance_noise = self.instance_noise.filter(|noise| noise.deviation != 0.0);
        self.lookahead = self.lookahead.filter(|lookahead| lookahead.every > 0);
        check_optims(&self)?;
        activation::check(&mut self)?;
        check_networks(&self)?;
        check_norm_of_discriminator(&mut self)?;
        check_init(&self)?;
        require("lr", self.lr, positive(self.lr), "a number above 0")?;
        if let Some(lr) = self.lr_d {
            require("lr_d", lr, positive(lr), "a number above 0")?;
        }
        if let Some(ScheduleConfig { warm_up, end, .. }) = self.schedule {
            require("schedule.warm_up", warm_up, (0.0..1.0).contains(&warm_up), "0 or more and below 1")?;
            require("schedule.end", end, not_negative(end), "a number, 0 or more")?;
        }
        self.init = self.init.filter(|init| *init != Init::default());
        let law = &mut self.generator.latent_law;
        *law = law.filter(|law| *law != LatentLaw::default());
        // No schedule is said in one way.
        self.schedule = self.schedule.filter(|schedule| *schedule != ScheduleConfig::default());
        if let Some(EmaConfig { half_life, ramp }) = self.ema {
            require("ema.half_life", half_life, positive(half_life), "a number above 0")?;
            require("ema.ramp", ramp, not_negative(ramp), "a number, 0 or more")?;
        }
        require("epochs", self.epochs, self.epochs >= 1, "at least 1")?;
        require("frame_every", self.frame_every, self.frame_every >= 1, "at least 1")?;
        record::check(&mut self)?;
        if let Some(best) = self.keep_best {
            let name = best.watched().name();
            require("keep_best", name, self.eval_every != Some(0), "unset where nothing is measured (eval_every 0)")?;
        }
        self.stop_when = conditions(&self)?.iter().map(Condition::to_string).collect();
        // Batch normalisation has no variance to divide by with one point; the discriminator alone would train.
        let normed = self.generator.batch_norm.iter().chain(&self.discriminator.batch_norm).any(|norm| *norm);
        let smallest = if normed { 2 } else { 1 };
        let sizes = format!("{smallest} to {LARGEST_SIZE}");
        require("batch_size", self.batch_size, (smallest..=LARGEST_SIZE).contains(&self.batch_size), &sizes)?;
        check_packs(&mut self)?;
        check_unrolled(&mut self)?;
        require("critic_steps", self.critic_steps, (1..=1000).contains(&self.critic_steps), "1 to 1000")?;
        let needed = self.batch_size * self.real_batches();
        let of = if self.halves() > 1 { "2 x batch_size" } else { "batch_size x critic_steps" };
        let enough =
            format!("at least {of}, {needed}, so that an epoch has an iteration; or take a smaller --batch-size");
        require("data.train_size", self.data.train_size, self.data.train_size >= needed, &enough)?;
        let of_cpus = matches!(self.engine, EngineKind::Fused | EngineKind::Plain);
        let possible = !of_cpus || self.device == Device::Cpu;
        require("engine", self.engine.name(), possible, "auto or torch with a GPU")?;
        self.engine = self.engine.resolved(&self);
        if let Some(lacking) = self.engine.lacks(&self) {
            let expected = format!("{} for {lacking}, which the fused engine does not have", EngineKind::COMPLETE);
            require("engine", self.engine.name(), false, &expected)?;
        }
        if self.threads == 0 {
            self.threads = default_threads();
        }
        require("threads", self.threads, self.threads <= MOST_THREADS, "0 to 1024")?;
        Ok(RunConfig(self))
    }
}

impl RunConfig {
    /// Iterations in an epoch, one generator step in each: at least 1.
    pub fn iterations_per_epoch(&self) -> u64 {
        (self.data.train_size / self.batch_size / self.real_batches()) as u64
    }

    /// Whether a frame is recorded after this epoch (the first is 1).
    pub fn is_frame(&self, epoch: u64) -> bool {
        epoch.is_multiple_of(self.frame_every) || epoch == self.epochs
    }

    /// Whether metrics are taken after this epoch.
    pub fn is_measured(&self, epoch: u64) -> bool {
        self.is_measured_anyway(epoch) || (epoch == self.epochs && self.eval_every != Some(0))
    }

    /// The same, whether or not it is the last.
    pub fn is_measured_anyway(&self, epoch: u64) -> bool {
        match self.eval_every.unwrap_or(self.frame_every) {
            0 => false,
            every => epoch.is_multiple_of(every),
        }
    }

    /// The conditions under which it ends before its last epoch.
    pub fn conditions(&self) -> Vec<Condition> {
        // A checked config has sound ones only.
        self.stop_when.iter().filter_map(|text| Condition::parse(text).ok()).collect()
    }

    /// The learning rates of the generator and of the discriminator after so many steps of each.
    pub fn learning_rates(&self, [generator, discriminator]: [u64; 2]) -> [f64; 2] {
        let total = self.epochs * self.iterations_per_epoch();
        let factor = |done| self.schedule.map_or(1.0, |schedule| schedule.factor(done, total));
        let [own, other] = [self.lr, self.lr_d.unwrap_or(self.lr)];
        let iterations = [self.iterations_after(generator), discriminator / self.real_batches() as u64];
        [own * factor(iterations[0]), other * factor(iterations[1])]
    }

    /// Whether something moves over the whole run, which therefore can have no other length.
    pub fn is_planned_to_its_end(&self) -> bool {
        let fades = |penalised: Penalised| (penalised.end - 1.0).abs() > 0.0;
        let noise = self.instance_noise.is_some_and(|noise| (noise.end - 1.0).abs() > 0.0);
        noise || self.schedule.is_some() || self.game().penalty.is_some_and(fades)
    }

    /// The penalty's weight in the discriminator's step after `taken` others; None where that step has none.
    pub fn penalty_weight(&self, taken: u64) -> Option<f64> {
        let total = self.epochs * self.iterations_per_epoch() * self.critic_steps as u64;
        let taken = taken / self.halves() as u64;
        self.game().penalty_weight(taken, taken as f64 / total.max(1) as f64)
    }

    /// Model and optimiser as papers write them: `GAN, RMSProp`.
    pub fn title(&self) -> String {
        format!("{}, {}", self.game_title(), self.optim_title())
    }

    /// The same run, in the words with which it was begun: what is left to the data now, or was then and came to what is
    /// wanted now, is no other setting.
    #[must_use]
    pub fn in_words_of(&self, begun: &Self, shuffle: Shuffle, scale: Scale) -> Self {
        let mut config = self.0.clone();
        let data = &mut config.data;
        if data.shuffle.is_auto() || data.shuffle == shuffle {
            data.shuffle = begun.data.shuffle;
        }
        if data.scale.is_auto() || data.scale == scale {
            data.scale = begun.data.scale;
        }
        Self(config)
    }

    /// The same run with another seed.
    #[must_use]
    pub fn with_seed(&self, seed: u64) -> Self {
        Self(TrainConfig { seed, ..self.0.clone() })
    }

    /// The same run with another number of epochs, which must be at least 1.
    pub fn with_epochs(&self, epochs: u64) -> Result<Self, ConfigError> {
        TrainConfig { epochs, ..self.0.clone() }.check()
    }
}

/// What the machine has, up to what networks of this size can use.
fn default_threads() -> usize {
    crate::threads::available().min(4)
}

/// What `stop_when` says; nothing for `never`.
fn conditions(config: &TrainConfig) -> Result<Vec<Condition>, ConfigError> {
    const KEY: &str = "stop_when";
    if let [only] = &config.stop_when[..]
        && only.trim() == NEVER
    {
        return Ok(Vec::new());
    }
    let read = |text: &String| {
        let wrong = |expected| ConfigError::Value { key: KEY, found: format!("'{text}'"), expected };
        let condition = Condition::parse(text).map_err(wrong)?;
        let measured = condition.watched.is_loss() || config.eval_every != Some(0);
        require(
            KEY,
            format!("'{condition}'"),
            measured,
            "on d-loss or g-loss where nothing is measured (eval_every 0)",
        )?;
        let averaged = config.ema.is_some() || !condition.watched.is_beside_average();
        let expected = "without 'generator-' where the generator is not averaged (--ema)";
        require(KEY, format!("'{condition}'"), averaged, expected)?;
        // Frames that are not measured would never be counted.
        let every = config.eval_every.unwrap_or(config.frame_every).max(1);
        let counted =
            condition.watched.is_loss() || condition.per != Per::Frames || config.frame_every.is_multiple_of(every);
        let expected = format!(
            "for measurements, not frames, where frames come every {} epochs and measurements every {every}",
            config.frame_every
        );
        require(KEY, format!("'{condition}'"), counted, &expected)?;
        Ok(condition)
    };
    config.stop_when.iter().map(read).collect()
}

fn check_game(config: &TrainConfig) -> Result<(), ConfigError> {
    let game = config.game();
    let of_model = |of_model, otherwise| if config.model().is_some() { of_model } else { otherwise };
    require(
        "objective.real_label",
        game.real_label,
        game.real_label > 0.0 && game.real_label <= 1.0,
        "above 0, 1 at most",
    )?;
    require("drift", game.drift, (0.0..=1e6).contains(&game.drift), "0 to 1000000")?;
    let scores_points = game.drift <= 0.0 || !game.rule.has_sides();
    require("drift", game.drift, scores_points, "0: the paired discriminator has no score of a real point by itself")?;
    if let Some(Penalised { weight, every, end, .. }) = game.penalty {
        let key = of_model("objective.gp_weight", "penalty.weight");
        require(key, weight, not_negative(weight), "a number, 0 or more")?;
        require("penalty.every", every, (1..=1_000_000).contains(&every), "1 to 1000000")?;
        require("penalty.end", end, not_negative(end), "a number, 0 or more")?;
    }
    match game.constraint {
        Constraint::None | Constraint::SpectralNorm => Ok(()),
        Constraint::Clip(clip) => {
            require(of_model("objective.clip", "constraint.bound"), clip, positive(clip), "a number above 0")
        }
    }
}

fn check_packs(config: &mut TrainConfig) -> Result<(), ConfigError> {
    let (pack, batch) = (config.pack.unwrap_or(1), config.batch_size);
    require("pack", pack, (1..=MOST_PACKED).contains(&pack), &format!("1 to {MOST_PACKED}"))?;
    let divides =
        format!("a divisor of batch_size, {batch}, whose points are put into packs; or take another --batch-size");
    require("pack", pack, batch.is_multiple_of(pack), &divides)?;
    config.pack = config.pack.filter(|pack| *pack > 1);
    let game = config.game();
    if game.rule.has_sides() {
        require("pack", pack, pack == 1, "1: the paired discriminator has a real and a generated point side by side")?;
        require("batch_size", batch, batch > 1, "at least 2, so that the real point stands first as often as not")?;
        let penalty = game.penalty.map_or("none", |penalised| penalised.penalty.name);
        require(
            "penalty.name",
            penalty,
            penalty == "none",
            "none: the paired discriminator scores no point by itself",
        )?;
    }
    Ok(())
}

fn check_unrolled(config: &mut TrainConfig) -> Result<(), ConfigError> {
    config.unroll = config.unroll.filter(|steps| *steps > 0);
    let Some(steps) = config.unroll else { return Ok(()) };
    require("unroll", steps, steps <= MOST_UNROLLED, &format!("0 to {MOST_UNROLLED}"))?;
    let game = config.game();
    let meets = matches!(game.rule.meets, Meets::Alone(_) | Meets::Pairs(_));
    let with = |holds: bool, what: &str| require("unroll", steps, holds, &format!("0 {what}"));
    with(meets, &format!("with the rule {}, whose loss takes scores neither singly nor in pairs", game.rule.name))?;
    let alone = "unrolled steps follow the gradient of the loss alone";
    with(game.penalty.is_none(), &format!("with a penalty: {alone}"))?;
    with(game.constraint == Constraint::None, &format!("with a constraint: {alone}"))?;
    with(config.clip_grad.is_none(), &format!("with clip_grad: {alone}"))?;
    with(config.halves() == 1, "with extra-adam, whose steps come in twos")?;
    with(config.discriminator.batch_norm.is_empty(), "with BatchNorm in the discriminator")
}

fn check_optims(config: &TrainConfig) -> Result<(), ConfigError> {
    let [generator, discriminator] = config.optims();
    optim::check("optim", &generator)?;
    optim::check("optim_d", &discriminator)?;
    if let Some(NoiseConfig { deviation, end }) = config.instance_noise {
        require("instance_noise.deviation", deviation, not_negative(deviation), "a number, 0 or more")?;
        require("instance_noise.end", end, not_negative(end), "a number, 0 or more")?;
    }
    if let Some(norm) = config.clip_grad {
        require("clip_grad", norm, positive(norm), "a number above 0")?;
    }
    if let Some(LookaheadConfig { step, .. }) = config.lookahead {
        require("lookahead.step", step, step > 0.0 && step <= 1.0, "above 0, 1 at most")?;
    }
    let together = generator.steps_in_one() == discriminator.steps_in_one();
    let (found, other) = (discriminator.name(), generator.name());
    let expected =
        format!("extra-adam for both networks or for none, as both look ahead or none does; optim.name is {other}");
    require("optim_d.name", found, together, &expected)?;
    if generator.steps_in_one() == 1 {
        return Ok(());
    }
    // Both gradients of a half have to be those at the same weights.
    let order = config.update_order;
    require(
        "critic_steps",
        config.critic_steps,
        config.critic_steps == 1,
        "1 with extra-adam, whose steps come in twos",
    )?;
    let at_once = order == UpdateOrder::GeneratorFirst;
    require("update_order", order.name(), at_once, "generator-first with extra-adam, which steps both networks at once")
}

fn check_networks(config: &TrainConfig) -> Result<(), ConfigError> {
    let sizes = format!("1 to {LARGEST_SIZE}");
    let size = |x: usize| (1..=LARGEST_SIZE).contains(&x);
    let g = &config.generator;
    require("generator.latent_dim", g.latent_dim, size(g.latent_dim), &sizes)?;
    for (key, hidden) in [("generator.hidden", &g.hidden), ("discriminator.hidden", &config.discriminator.hidden)] {
        let layers = format!("{} layers", hidden.len());
        require(key, layers, hidden.len() <= MOST_LAYERS, &format!("{MOST_LAYERS} layers at most"))?;
        for &width in hidden {
            require(key, width, size(width), &sizes)?;
        }
    }
    let [pieces, pieces_d] = config.activations().map(|activation| activation.pieces() as u64);
    for (key, inputs, hidden, outputs, pieces) in [
        ("generator.hidden", g.latent_dim, &g.hidden, 2, pieces),
        ("discriminator.hidden", 2 * config.members().min(MOST_PACKED), &config.discriminator.hidden, 1, pieces_d),
    ] {
        let parameters = pieces * parameters(inputs, hidden, outputs);
        let found = format!("{hidden:?}, which makes {parameters} weights");
        let most = format!("widths that make {MOST_PARAMETERS} weights at most");
        require(key, found, parameters <= MOST_PARAMETERS, &most)?;
    }
    let keys = ["generator.batch_norm", "generator.batch_norm_eps", "generator.batch_norm_momentum"];
    check_norm(keys, &g.batch_norm, g.hidden.len(), [g.batch_norm_eps, g.batch_norm_momentum])
}

/// BatchNorm's flags for so many layers, its eps and its momentum, under these keys.
fn check_norm(
    [flags_key, eps_key, momentum_key]: [&'static str; 3],
    flags: &[bool],
    layers: usize,
    [eps, momentum]: [f64; 2],
) -> Result<(), ConfigError> {
    let [typed, listed] = [",", ", "].map(|between| vec!["true"; layers].join(between));
    let expected = format!(
        "one true or false for each of the {layers} hidden layers, such as {typed} on the command line or [{listed}] in a \
         config"
    );
    require(flags_key, format!("a list of {}", flags.len()), flags.len() == layers, &expected)?;
    // Training is in single precision, where a smaller number is 0 and a larger one infinite.
    require(eps_key, eps, positive(f64::from(eps as f32)), "a number from 1.5e-45 to 3.4e38")?;
    require(momentum_key, momentum, (0.0..=1.0).contains(&momentum), "0 to 1")
}

fn check_norm_of_discriminator(config: &mut TrainConfig) -> Result<(), ConfigError> {
    let d = &mut config.discriminator;
    if !d.batch_norm.is_empty() {
        let keys = ["discriminator.batch_norm", "discriminator.batch_norm_eps", "discriminator.batch_norm_momentum"];
        check_norm(keys, &d.batch_norm, d.hidden.len(), d.norm())?;
    }
    if !d.batch_norm.contains(&true) {
        // One way of saying that there is none.
        let expected = "left out where no layer of the discriminator has BatchNorm (discriminator.batch_norm)";
        for (key, said) in [
            ("discriminator.batch_norm_eps", d.batch_norm_eps),
            ("discriminator.batch_norm_momentum", d.batch_norm_momentum),
        ] {
            require(key, said.unwrap_or_default(), said.is_none(), expected)?;
        }
        d.batch_norm = Vec::new();
        return Ok(());
    }
    let penalised = config.game().penalty.is_some();
    let expected = "without true where there is a penalty: it needs each point's own gradient, and with BatchNorm \
                    a point's score depends on the whole batch";
    require("discriminator.batch_norm", "a list with true", !penalised, expected)
}

fn check_init(config: &TrainConfig) -> Result<(), ConfigError> {
    let Some(gain) = config.init_gain else { return Ok(()) };
    require("init_gain", gain, positive(gain), "a number above 0")?;
    let has_gain = !matches!(config.init.unwrap_or_default(), Init::Pytorch | Init::Normal);
    require("init_gain", gain, has_gain, "left out with the init pytorch or normal, which have no gain")
}

/// The weights of a network's Linear layers. A layer has 2^40 at most, so that none of this overflows.
fn parameters(inputs: usize, hidden: &[usize], outputs: usize) -> u64 {
    let widths: Vec<u64> = [&[inputs][..], hidden, &[outputs]].concat().into_iter().map(|width| width as u64).collect();
    widths.windows(2).map(|pair| pair[0] * pair[1]).sum()
}

/// Whether what is made of a config of points (sweeps, scripts, commands that repeat a run) can name this path.
fn storable(path: &Path) -> Result<(), ConfigError> {
    match path.to_str() {
        Some(_) => Ok(()),
        None => Err(ConfigError::Path { path: path.display().to_string() }),
    }
}

pub(super) fn positive(x: f64) -> bool {
    x.is_finite() && x > 0.0
}

pub(super) fn not_negative(x: f64) -> bool {
    x.is_finite() && x >= 0.0
}

pub(super) fn require(
    key: &'static str,
    found: impl fmt::Display,
    holds: bool,
    expected: &str,
) -> Result<(), ConfigError> {
    if holds {
        return Ok(());
    }
    Err(ConfigError::Value { key, found: format!("{found}"), expected: expected.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::super::{AdamOptions, Model, Objective, Optim, RmspropOptions, SgdOptions};
    use super::*;

    fn lab() -> TrainConfig {
        TrainConfig::lab(Model::Gan)
    }

    #[test]
    fn the_labs_recipe_has_27_iterations_and_32_frames() {
        let config = lab().check().unwrap();
        assert_eq!(config.iterations_per_epoch(), 27);
        assert_eq!((1..=config.epochs).filter(|&epoch| config.is_frame(epoch)).count(), 32);
        assert!(config.threads >= 1);
        assert_eq!(config.default_name(), "gan-rmsprop-seed0");
    }

    #[test]
    fn the_last_epoch_is_a_frame_though_it_is_no_multiple() {
        let config = TrainConfig { epochs: 15, ..lab() }.check().unwrap();
        assert!(config.is_frame(10) && config.is_frame(15) && !config.is_frame(14));
    }

    #[test]
    fn metrics_go_with_the_frames_unless_told_otherwise() {
        let measured = |eval_every| {
            let config = TrainConfig { epochs: 25, eval_every, ..lab() }.check().unwrap();
            (1..=25).filter(|&epoch| config.is_measured(epoch)).collect::<Vec<_>>()
        };
        assert_eq!(measured(None), [10, 20, 25]);
        assert_eq!(measured(Some(12)), [12, 24, 25]);
        assert!(measured(Some(0)).is_empty());
    }

    #[test]
    fn each_value_out_of_range_is_named() {
        type Spoil = fn(&mut TrainConfig);
        const EXTRA: Optim = Optim::ExtraAdam(AdamOptions::DEFAULT);
        let cases: [(&str, Spoil); 29] = [
            ("engine", |c| (c.engine, c.device) = (EngineKind::Fused, Device::Cuda(0))),
            ("critic_steps", |c| (c.optim, c.critic_steps) = (EXTRA, 2)),
            ("update_order", |c| (c.optim, c.update_order) = (EXTRA, UpdateOrder::CriticFirst)),
            ("optim_d.name", |c| c.optim_d = Some(EXTRA)),
            ("optim_d.name", |c| (c.optim, c.optim_d) = (EXTRA, Some(Optim::default()))),
            ("optim_d.eps", |c| c.optim_d = Some(Optim::Adam(AdamOptions { eps: 0.0, ..AdamOptions::DEFAULT }))),
            ("clip_grad", |c| c.clip_grad = Some(0.0)),
            ("lookahead.step", |c| c.lookahead = Some(LookaheadConfig { every: 5, step: 1.5 })),
            ("lr", |c| c.lr = 0.0),
            ("lr", |c| c.lr = f64::NAN),
            ("epochs", |c| c.epochs = 0),
            ("frame_every", |c| c.frame_every = 0),
            ("batch_size", |c| c.batch_size = 1),
            ("critic_steps", |c| c.critic_steps = 0),
            ("data.train_size", |c| c.data.train_size = 255),
            ("objective.clip", |c| c.objective = Objective::Wgan { clip: -0.1 }),
            ("objective.gp_weight", |c| c.objective = Objective::WganGp { gp_weight: f64::INFINITY }),
            ("generator.latent_dim", |c| c.generator.latent_dim = 0),
            ("generator.hidden", |c| c.generator.hidden[1] = 0),
            ("generator.batch_norm", |c| c.generator.batch_norm = vec![]),
            ("generator.batch_norm_eps", |c| c.generator.batch_norm_eps = 1e-46),
            ("generator.batch_norm_eps", |c| c.generator.batch_norm_eps = 1e39),
            ("optim.eps", |c| c.optim = Optim::Rmsprop(RmspropOptions { eps: 0.0, ..RmspropOptions::default() })),
            ("optim.eps", |c| c.optim = Optim::Adam(AdamOptions { eps: 1e-46, ..AdamOptions::default() })),
            ("generator.hidden", |c| {
                (c.generator.hidden, c.generator.batch_norm) = (vec![1 << 20; 64], vec![false; 64]);
            }),
            ("discriminator.hidden", |c| c.discriminator.hidden = vec![1 << 16, 1 << 16]),
            ("threads", |c| c.threads = 1025),
            ("discriminator.hidden", |c| c.discriminator.hidden = vec![usize::MAX]),
            ("optim.nesterov", |c| c.optim = Optim::Sgd(SgdOptions { nesterov: true, ..SgdOptions::default() })),
        ];
        for (key, spoil) in cases {
            let mut config = lab();
            spoil(&mut config);
            let message = config.check().unwrap_err().to_string();
            assert!(message.starts_with(key), "{key}: {message}");
        }
    }

    #[test]
    fn the_engine_follows_the_device() {
        let resolved = |engine, device| TrainConfig { device, engine, ..lab() }.check().unwrap().engine;
        assert_eq!(resolved(EngineKind::Auto, Device::Cpu), EngineKind::Fused);
        assert_eq!(resolved(EngineKind::Auto, Device::Cuda(1)), EngineKind::Torch);
        assert_eq!(resolved(EngineKind::Torch, Device::Cpu), EngineKind::Torch);
    }

    #[test]
    fn many_critic_steps_take_their_batches_from_the_epoch() {
        let config = TrainConfig { critic_steps: 5, ..lab() }.check().unwrap();
        assert_eq!(config.iterations_per_epoch(), 5);
    }
}
