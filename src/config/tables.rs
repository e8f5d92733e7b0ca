//! Every setting of every kind of job, once. To add one: a field of the config, and a line here.

use serde_json::Value;

use super::{
    Activation, BestBy, Config, ConfigError, ConstraintConfig, DecimalMark, Downscale, EngineKind, FusedScale,
    GeneratorLoss, Heading, ImageLoss, Init, Key, LatentLaw, Model, Optim, Owner, PENALTY_CHOICES, Precision,
    ProganConfig, RULE_CHOICES, Role, Scale, SefaCodes, SefaConfig, SefaNoise, SefaRng, SefaTraits, Separator, Shape,
    Shuffle, SmallImages, Table, TrainConfig, UpdateOrder, Values, presets,
};
use crate::objective::penalties;

/// Keys of `data` that say `auto` unless told otherwise; a config that leaves it to the data does not say so.
const LEFT_TO_THE_DATA: [&str; 2] = ["shuffle", "scale"];

/// What trains a model of points.
pub static POINTS: Table = Table {
    kind: "points",
    command: "gan-lab train",
    keys: POINT_KEYS,
    presets: presets::POINTS,
    required: &["objective"],
    default: || {
        let mut config = TrainConfig::lab(Model::Gan).to_json();
        for key in LEFT_TO_THE_DATA {
            config["data"][key] = "auto".into();
        }
        config
    },
    complete: complete::<TrainConfig>,
    resolved: |config| {
        let said = TrainConfig::from_value(config.clone())?;
        let checked = said.clone().check()?;
        // Which engine it comes to follows from the rest, which may be changed.
        pretty(&TrainConfig { engine: said.engine, ..(*checked).clone() })
    },
};

/// What trains a ProGAN.
pub static PROGAN: Table = Table {
    kind: "progan",
    command: "gan-lab train progan",
    keys: PROGAN_KEYS,
    presets: presets::PROGAN,
    required: &[],
    default: || ProganConfig::default().to_json(),
    complete: complete::<ProganConfig>,
    resolved: |config| {
        let said = ProganConfig::from_value(config.clone())?;
        // Which numbers it comes to is the machine's.
        pretty(&ProganConfig { precision: said.precision, ..said.check()? })
    },
};

/// What finds semantic directions and renders them.
pub static SEFA: Table = Table {
    kind: "sefa",
    command: "gan-lab sefa",
    keys: SEFA_KEYS,
    presets: presets::SEFA,
    required: &[],
    default: || SefaConfig::default().to_json(),
    complete: complete::<SefaConfig>,
    resolved: |config| pretty(&SefaConfig::from_value(config.clone())?.check()?),
};

/// The settings of every kind.
pub static TABLES: [&Table; 3] = [&POINTS, &PROGAN, &SEFA];

impl Config for TrainConfig {
    const TABLE: &'static Table = &POINTS;
}

impl Config for ProganConfig {
    const TABLE: &'static Table = &PROGAN;
}

impl Config for SefaConfig {
    const TABLE: &'static Table = &SEFA;
}

fn complete<C: Config>(config: &Value) -> Result<Value, ConfigError> {
    Ok(C::from_value(config.clone())?.to_json())
}

fn pretty(config: &impl serde::Serialize) -> Result<String, ConfigError> {
    serde_json::to_string_pretty(config).map_err(|error| ConfigError::Json { reason: error.to_string() })
}

const fn key(path: &'static str, values: Values, help: &'static str) -> Key {
    Key {
        path,
        flag: None,
        positional: false,
        value_name: values.name(),
        heading: "Training",
        help,
        only: None,
        otherwise: None,
        role: Role::Nature,
        values,
    }
}

impl Key {
    /// With an option on the command line.
    const fn flag(self, flag: &'static str) -> Self {
        Self { flag: Some(flag), ..self }
    }

    /// With another name for its value in help texts.
    const fn value_name(self, value_name: &'static str) -> Self {
        Self { value_name, ..self }
    }

    /// Under another heading.
    const fn under(self, heading: &'static str) -> Self {
        Self { heading, ..self }
    }

    /// Only with these choices of another setting.
    const fn only(self, selector: &'static str, names: &'static [&'static str]) -> Self {
        Self { only: Some(Owner { selector, names }), ..self }
    }

    /// Whose option means another setting where its choice is not made.
    const fn otherwise(self, path: &'static str) -> Self {
        Self { otherwise: Some(path), ..self }
    }

    /// The same option of the discriminator's own optimiser.
    const fn of_d(self, path: &'static str) -> Self {
        let Some(Owner { names, .. }) = self.only else { return Self { path, ..self } };
        Self { path, only: Some(Owner { selector: OPTIM_D, names }), ..self }
    }

    /// In another role.
    const fn role(self, role: Role) -> Self {
        Self { role, ..self }
    }
}

impl Values {
    /// What such a value is called in help texts.
    const fn name(self) -> &'static str {
        match self {
            Self::Whole => "N",
            Self::Number => "X",
            Self::Switch => "BOOL",
            Self::Text => "TEXT",
            Self::Path => "FILE",
            Self::Device => "DEVICE",
            Self::Choice(_) => "NAME",
            Self::Wholes | Self::Numbers | Self::Switches | Self::Texts => "LIST",
        }
    }
}

// What several kinds have.

const SEED: Key = key("seed", Values::Whole, "Seed of every random number: the same seed gives the same bytes")
    .flag("seed")
    .value_name("SEED")
    .role(Role::Seed);
const DEVICE: Key = key("device", Values::Device, "Device to compute on: cpu, cuda or cuda:N")
    .flag("device")
    .under("Machine")
    .role(Role::Machine);
const THREADS: Key = key("threads", Values::Whole, "CPU threads; 0 for as many as the machine has")
    .flag("threads")
    .under("Machine")
    .role(Role::Machine);

// The choices that have settings of their own.

const MODEL: &str = "objective.model";
const OPTIM: &str = "optim.name";
const OPTIM_D: &str = "optim_d.name";
const LOSS: &str = "loss.name";
const RULE: &str = "objective.rule";
const PENALTY: &str = "penalty.name";
const CONSTRAINT: &str = "constraint.name";

/// The penalties' names.
const PENALTIES: &[&str] = {
    const NAMES: [&str; penalties::ALL.len()] = {
        let mut names = [""; penalties::ALL.len()];
        let mut i = 0;
        while i < names.len() {
            names[i] = penalties::ALL[i].name;
            i += 1;
        }
        names
    };
    &NAMES
};

/// The optimisers that have an option.
macro_rules! with {
    ($option:literal) => {
        &Optim::names_with::<{ Optim::count_with($option) }>($option)
    };
}

// Their options, of the optimiser of both networks; [`Key::of_d`] makes those of the discriminator's.

const ALPHA: Key = key("optim.alpha", Values::Number, "Decay of the mean square").only(OPTIM, with!("alpha"));
const BETAS: Key =
    key("optim.betas", Values::Numbers, "Decays of the gradient's mean and mean square").only(OPTIM, with!("betas"));
const EPS: Key =
    key("optim.eps", Values::Number, "Added to the root, against division by zero").only(OPTIM, with!("eps"));
const WEIGHT_DECAY: Key = key(
    "optim.weight_decay",
    Values::Number,
    "Weight decay, an L2 penalty: this times each parameter is added to its gradient; adamw shrinks the parameter \
     directly instead",
)
.only(OPTIM, with!("weight_decay"));
const MOMENTUM: Key = key("optim.momentum", Values::Number, "Momentum").only(OPTIM, with!("momentum"));
const DAMPENING: Key =
    key("optim.dampening", Values::Number, "Dampening of the momentum").only(OPTIM, with!("dampening"));
const NESTEROV: Key =
    key("optim.nesterov", Values::Switch, "Whether to use Nesterov momentum; needs momentum above 0 and dampening 0")
        .only(OPTIM, with!("nesterov"));
const CENTERED: Key = key("optim.centered", Values::Switch, "Divide by the deviation instead of the root mean square")
    .only(OPTIM, with!("centered"));
const AMSGRAD: Key =
    key("optim.amsgrad", Values::Switch, "Divide by the largest mean square so far").only(OPTIM, with!("amsgrad"));

const ACTIVATION: &str = "activation.name";
const ACTIVATION_D: &str = "activation_d.name";
const SLOPE: Key = key("activation.slope", Values::Number, "Its slope below 0").only(ACTIVATION, &["leaky-relu"]);
const PIECES: Key =
    key("activation.pieces", Values::Whole, "Linear pieces of each unit, of which maxout takes the largest")
        .only(ACTIVATION, &["maxout"]);

static POINT_KEYS: &[Key] = &[
    Key {
        positional: true,
        ..key(MODEL, Values::Choice(&Model::CHOICES), "The model").flag("model").value_name("MODEL").under("")
    },
    key("data.path", Values::Path, "A file of points: MAT, npy, npz, CSV or text, also gzipped")
        .flag("data")
        .under("Data"),
    key(
        "data.key",
        Values::Text,
        "The variable to read where a file names its variables; s.xx for a struct's field, x,y for two vectors",
    )
    .flag("key")
    .value_name("KEY")
    .under("Data"),
    key(
        "data.columns",
        Values::Text,
        "The columns that are x and y, by name or counted from 1, such as x,y or 1,2; without it, detected from the \
         columns' names and values",
    )
    .flag("columns")
    .value_name("X,Y")
    .under("Data"),
    key(
        "data.separator",
        Values::Choice(&Separator::CHOICES),
        "Separator of the columns in a text file; without it, detected from the file",
    )
    .flag("separator")
    .under("Data"),
    key(
        "data.decimal",
        Values::Choice(&DecimalMark::CHOICES),
        "Decimal mark in a text file; without it, detected from the file",
    )
    .flag("decimal")
    .value_name("MARK")
    .under("Data"),
    key(
        "data.heading",
        Values::Choice(&Heading::CHOICES),
        "Whether a text file's first line names the columns; without it, detected from the file",
    )
    .flag("heading")
    .value_name("YES/NO")
    .under("Data"),
    key("data.train_size", Values::Whole, "Number of training points; all others are held out for measuring")
        .flag("train-size")
        .under("Data"),
    key("data.shuffle", Values::Choice(&Shuffle::CHOICES), "When to shuffle the training points")
        .flag("shuffle")
        .value_name("WHEN")
        .under("Data"),
    key(
        "data.scale",
        Values::Choice(&Scale::CHOICES),
        "How to scale the points for the networks; results are scaled back",
    )
    .flag("scale")
    .value_name("SCALE")
    .under("Data"),
    key(OPTIM, Values::Choice(&Optim::CHOICES), "The optimiser of both networks").flag("optim").value_name("OPTIM"),
    ALPHA,
    BETAS,
    EPS,
    WEIGHT_DECAY,
    MOMENTUM,
    DAMPENING,
    NESTEROV,
    CENTERED,
    AMSGRAD,
    key(OPTIM_D, Values::Choice(&Optim::CHOICES), "The discriminator's optimiser; without it, --optim")
        .flag("optim-d")
        .value_name("OPTIM"),
    ALPHA.of_d("optim_d.alpha"),
    BETAS.of_d("optim_d.betas"),
    EPS.of_d("optim_d.eps"),
    WEIGHT_DECAY.of_d("optim_d.weight_decay"),
    MOMENTUM.of_d("optim_d.momentum"),
    DAMPENING.of_d("optim_d.dampening"),
    NESTEROV.of_d("optim_d.nesterov"),
    CENTERED.of_d("optim_d.centered"),
    AMSGRAD.of_d("optim_d.amsgrad"),
    key("lr", Values::Number, "Learning rate of both networks").flag("lr").value_name("LR"),
    key("lr_d", Values::Number, "The discriminator's learning rate; without it, --lr").flag("lr-d").value_name("LR"),
    key("schedule.name", Values::Choice(&Shape::CHOICES), "How both learning rates move over the run")
        .flag("schedule")
        .value_name("SHAPE"),
    key(
        "schedule.warm_up",
        Values::Number,
        "Warm-up: the share of the run in which the learning rates rise to their full values",
    ),
    key("schedule.end", Values::Number, "Fraction of the learning rates that is left at the end of the run"),
    key(
        "lookahead.every",
        Values::Whole,
        "Lookahead: whenever this many iterations have passed, move a slow copy of both networks' weights part of the \
         way to the trained ones, and continue training from the copy; 0 turns it off",
    )
    .flag("lookahead")
    .value_name("ITERATIONS"),
    key(
        "clip_grad",
        Values::Number,
        "Clip the norm of each network's whole gradient to this; without it, gradients are not clipped",
    )
    .flag("clip-grad")
    .value_name("NORM"),
    key("lookahead.step", Values::Number, "Fraction of the way that the slow weights move; without it, 0.5"),
    key(
        "ema.half_life",
        Values::Number,
        "Keep an exponential moving average of the generator's weights, with a half-life of this many generated \
         points",
    )
    .flag("ema")
    .value_name("POINTS"),
    key(
        "ema.ramp",
        Values::Number,
        "Ramp-up of the average: its half-life is at most this fraction of the points generated so far; 0 for no \
         ramp-up",
    ),
    key("epochs", Values::Whole, "Passes over the training points").flag("epochs").role(Role::Length),
    key("batch_size", Values::Whole, "Points in a batch").flag("batch-size"),
    key("critic_steps", Values::Whole, "Discriminator steps for each generator step").flag("critic-steps"),
    key("update_order", Values::Choice(&UpdateOrder::CHOICES), "Which network moves first in an iteration"),
    key("generator.latent_dim", Values::Whole, "Dimension of the latent codes").flag("latent-dim"),
    key(
        "generator.latent_law",
        Values::Choice(&LatentLaw::CHOICES),
        "Distribution of each component of a latent code; without it, normal",
    )
    .flag("latent-law")
    .value_name("LAW"),
    key("generator.hidden", Values::Wholes, "Widths of the generator's hidden layers"),
    key("generator.batch_norm", Values::Switches, "For each of these layers, whether BatchNorm follows it"),
    key("generator.batch_norm_eps", Values::Number, "BatchNorm's eps"),
    key("generator.batch_norm_momentum", Values::Number, "BatchNorm's momentum"),
    key("init", Values::Choice(&Init::CHOICES), "Initial weights of both networks; without it, pytorch")
        .flag("init")
        .value_name("LAW"),
    key(
        "init_gain",
        Values::Number,
        "Gain of he, he-uniform, xavier and orthogonal, a factor on the weights' standard deviation; without it, the \
         one that keeps the variance through the activation (xavier: 1)",
    ),
    key("discriminator.hidden", Values::Wholes, "Widths of the discriminator's (or critic's) hidden layers"),
    key(
        "discriminator.batch_norm",
        Values::Switches,
        "For each of these layers, whether BatchNorm follows it; without it, none",
    ),
    key("discriminator.batch_norm_eps", Values::Number, "BatchNorm's eps there; without it, 1e-5"),
    key("discriminator.batch_norm_momentum", Values::Number, "BatchNorm's momentum there; without it, 0.1"),
    key(
        ACTIVATION,
        Values::Choice(&Activation::CHOICES),
        "Activation after each hidden layer of both networks; without it, leaky-relu",
    )
    .flag("activation")
    .value_name("NAME"),
    SLOPE,
    PIECES,
    key(
        ACTIVATION_D,
        Values::Choice(&Activation::CHOICES),
        "Activation of the discriminator; without it, --activation",
    )
    .flag("activation-d")
    .value_name("NAME"),
    Key { path: "activation_d.slope", only: Some(Owner { selector: ACTIVATION_D, names: &["leaky-relu"] }), ..SLOPE },
    Key { path: "activation_d.pieces", only: Some(Owner { selector: ACTIVATION_D, names: &["maxout"] }), ..PIECES },
    key(RULE, Values::Choice(&RULE_CHOICES), "Loss on the discriminator's scores, instead of a MODEL")
        .flag("rule")
        .value_name("RULE")
        .under("Objective"),
    key("objective.real_label", Values::Number, "The discriminator's label for real points; 1, or less to smooth it")
        .only(RULE, &["saturating", "non-saturating"])
        .under("Objective"),
    key(
        PENALTY,
        Values::Choice(&PENALTY_CHOICES),
        "Penalty on the gradient of the discriminator's score with respect to its input points",
    )
    .flag("penalty")
    .value_name("PENALTY")
    .under("Objective"),
    key(
        "penalty.weight",
        Values::Number,
        "Weight of the penalty: lambda, or gamma for R1 and R2, whose penalties are multiplied by gamma/2",
    )
    .flag("penalty-weight")
    .value_name("W")
    .only(PENALTY, PENALTIES)
    .under("Objective"),
    key(
        "penalty.every",
        Values::Whole,
        "Discriminator steps from one penalty to the next; the weight is multiplied by this number (lazy \
         regularisation)",
    )
    .flag("penalty-every")
    .value_name("STEPS")
    .only(PENALTY, PENALTIES)
    .under("Objective"),
    key(
        "penalty.end",
        Values::Number,
        "Fraction of the penalty's weight that is left at the end of the run; without it, 1",
    )
    .only(PENALTY, PENALTIES)
    .under("Objective"),
    key(CONSTRAINT, Values::Choice(&ConstraintConfig::CHOICES), "Constraint on the discriminator's parameters")
        .flag("constraint")
        .value_name("NAME")
        .under("Objective"),
    key("constraint.bound", Values::Number, "Clamp the discriminator's parameters to [-C, C]")
        .value_name("C")
        .only(CONSTRAINT, &["clip"])
        .under("Objective"),
    key(
        "drift",
        Values::Number,
        "Weight of the mean square of real points' scores in the discriminator's loss; without it, 0",
    )
    .flag("drift")
    .value_name("W")
    .under("Objective"),
    key(
        "pack",
        Values::Whole,
        "PacGAN: number of points that the discriminator scores together, as one input; without it, 1",
    )
    .flag("pack")
    .value_name("M")
    .under("Objective"),
    key(
        "unroll",
        Values::Whole,
        "Unrolled GAN: take the generator's loss after this many further discriminator steps, and its gradient \
         through them; without it, none",
    )
    .flag("unroll")
    .value_name("STEPS")
    .under("Objective"),
    key(
        "instance_noise.deviation",
        Values::Number,
        "Add normal noise of this standard deviation, in the networks' units, to all points that the discriminator \
         sees",
    )
    .flag("instance-noise")
    .value_name("SIGMA")
    .under("Objective"),
    key(
        "instance_noise.end",
        Values::Number,
        "Fraction of the noise that is left at the end of the run; it falls linearly",
    )
    .under("Objective"),
    key("objective.clip", Values::Number, "Clamp the critic's parameters to [-C, C]")
        .flag("clip")
        .value_name("C")
        .only(MODEL, &["wgan"])
        .otherwise("constraint.bound")
        .under("Objective"),
    key("objective.gp_weight", Values::Number, "Weight of the gradient penalty")
        .flag("gp-weight")
        .value_name("W")
        .only(MODEL, &["wgan-gp"])
        .otherwise("penalty.weight")
        .under("Objective"),
    key("objective.generator_loss", Values::Choice(&GeneratorLoss::CHOICES), "What the generator minimises")
        .flag("generator-loss")
        .value_name("LOSS")
        .only(MODEL, &["gan"])
        .under("Objective"),
    SEED,
    DEVICE,
    key("engine", Values::Choice(&EngineKind::CHOICES), "Implementation that does the training's arithmetic")
        .flag("engine")
        .value_name("ENGINE")
        .under("Machine")
        .role(Role::Machine),
    Key { help: "CPU threads; 0 for as many as the machine has, 4 at most", ..THREADS },
    key("frame_every", Values::Whole, "Record a frame whenever this many epochs have passed")
        .flag("frame-every")
        .value_name("EPOCHS")
        .under("Run")
        .role(Role::Record),
    key(
        "eval_every",
        Values::Whole,
        "Measure sliced W2 and coverage whenever this many epochs have passed, 0 for never; without it, with every \
         frame",
    )
    .flag("eval-every")
    .value_name("EPOCHS")
    .under("Run")
    .role(Role::Record),
    key(
        "record",
        Values::Texts,
        "What to record with each frame besides its points: field, lattice, forces, scores, slopes, weights; or all, \
         or none (docs/RECORDED.md explains them); without it, all that the run supports",
    )
    .flag("record")
    .value_name("WHAT")
    .under("Run")
    .role(Role::Record),
    key(
        "keep_best",
        Values::Choice(&BestBy::CHOICES),
        "Also keep the state in which this metric is best; draw and eval use it with --from best",
    )
    .flag("keep-best")
    .value_name("METRIC")
    .under("Run")
    .role(Role::Record),
    key(
        "stop_when",
        Values::Texts,
        "End the run when this condition holds: NAME < NUMBER [floors] [for N frames|measurements|epochs], also <=, > \
         and >=; NAME is d-loss, g-loss, sliced-w2, coverage or mode-tv (with --ema also generator-sliced-w2 and so \
         on). With floors, NUMBER is a multiple of the metric's value between two sets of real points. Separate \
         several conditions with commas: the first that holds ends the run; the word never sets no condition",
    )
    .flag("stop-when")
    .value_name("CONDITION")
    .under("Run")
    .role(Role::Length),
];

static PROGAN_KEYS: &[Key] = &[
    key(
        "data",
        Values::Path,
        "A folder of pictures (PNG, JPEG, WebP, GIF, BMP, TIFF, PNM; also with a folder for each class), a zip archive of \
         such, an IDX file (also gzipped), an npy or an npz file; scripts/fetch-fashion-mnist.sh fetches the default",
    )
    .flag("data")
    .value_name("PATH")
    .under("Data"),
    key("images.ground", Values::Text, "Background colour of transparent images: a name such as black, or #rrggbb")
        .flag("ground")
        .value_name("COLOR")
        .under("Data"),
    key("images.small", Values::Choice(&SmallImages::CHOICES), "How to treat images smaller than --resolution")
        .flag("small")
        .under("Data"),
    key("images.key", Values::Text, "The array to read, in an npz file that has several")
        .flag("key")
        .value_name("NAME")
        .under("Data"),
    key("resolution", Values::Whole, "Side of the finished images, a power of two from 4 to 1024").flag("resolution"),
    key("latent_dim", Values::Whole, "Dimension of the latent codes").flag("latent-dim"),
    key(
        "fmaps_base",
        Values::Whole,
        "Feature maps of a layer at resolution r: this number divided by r",
    ).flag("fmaps-base"),
    key("fmaps_max", Values::Whole, "Upper limit on the feature maps of a layer").flag("fmaps-max"),
    key("downscale", Values::Choice(&Downscale::CHOICES), "Where the discriminator halves its maps")
        .flag("downscale")
        .value_name("WHERE"),
    key(LOSS, Values::Choice(&ImageLoss::CHOICES), "What the networks minimise").flag("loss").value_name("LOSS"),
    key("loss.gamma", Values::Number, "Weight of R1").flag("gamma").value_name("G").only(LOSS, &["logistic-r1"]),
    key("loss.every", Values::Whole, "Discriminator steps from one R1 penalty to the next")
        .only(LOSS, &["logistic-r1"]),
    key("loss.gp_weight", Values::Number, "Weight of the gradient penalty").only(LOSS, &["wgan-gp"]),
    key("loss.drift", Values::Number, "Weight of the critic's mean square on real images").only(LOSS, &["wgan-gp"]),
    key("lr", Values::Number, "Adam's learning rate, for both networks").flag("lr").value_name("LR"),
    key("betas", Values::Numbers, "Adam's decays, for both networks"),
    key("batch_size", Values::Whole, "Images in a batch").flag("batch-size"),
    key(
        "kimg_per_phase",
        Values::Number,
        "Thousands of images to fade in each resolution, and as many again to train at it afterwards",
    )
        .flag("kimg-per-phase")
        .value_name("K"),
    key("final_kimg", Values::Number, "Thousands of images to train at the final resolution after its fade-in")
        .flag("final-kimg")
        .value_name("K"),
    key("ema_kimg", Values::Number, "Half-life of the averaged generator, in thousands of images"),
    SEED,
    DEVICE,
    key("precision", Values::Choice(&Precision::CHOICES), "Number format that the layers are computed in")
        .flag("precision")
        .value_name("NUMBERS")
        .under("Machine")
        .role(Role::Machine),
    THREADS,
    key("record_kimg", Values::Number, "Thousands of images between two records")
        .flag("record-kimg")
        .value_name("K")
        .under("Run")
        .role(Role::Record),
];

static SEFA_KEYS: &[Key] = &[
    key(
        "model",
        Values::Text,
        "Name of a model: checkpoints/NAME.pth or .safetensors, else the built-in model of that name",
    )
    .flag("model")
    .value_name("NAME")
    .under(""),
    key("checkpoint", Values::Path, "A checkpoint's file (PyTorch or safetensors), in the place of --model")
        .flag("checkpoint")
        .under(""),
    key("samples", Values::Whole, "How many samples").flag("n").under(""),
    key("k", Values::Whole, "How many directions, those with the largest eigenvalues")
        .flag("k")
        .value_name("K")
        .under(""),
    key("directions", Values::Wholes, "Take these directions instead of the first --k: 0,3,7 or 0-4")
        .flag("directions")
        .under(""),
    key(
        "directions_file",
        Values::Path,
        "Read the directions from a file instead of computing them from the weights: npy (rows), rosinality's \
         factor.pt (columns of eigvec), or a job's directions.safetensors",
    )
    .flag("directions-file")
    .under(""),
    Key { help: "Seed of the codes", heading: "", ..SEED },
    key("rng", Values::Choice(&SefaRng::CHOICES), "Random number generator of the codes; without it, torch")
        .flag("rng")
        .under(""),
    key(
        "codes_file",
        Values::Path,
        "Codes z out of an npy file, [n, dim], instead of a seed's: all of them, or the first --n (--codes FILE)",
    )
    .under(""),
    key("start", Values::Number, "First distance along each direction").flag("start").under("Editing"),
    key("end", Values::Number, "Last distance along each direction").flag("end").under("Editing"),
    key("steps", Values::Whole, "Number of distances, from --start to --end").flag("steps").under("Editing"),
    key("codes", Values::Choice(&SefaCodes::CHOICES), "What is done to the codes that were drawn").under("Editing"),
    key("raw", Values::Switch, "Factorise the weights without normalising each output unit's weights first")
        .flag("raw")
        .under("Editing"),
    key(
        "layers",
        Values::Wholes,
        "StyleGAN and StyleGAN2: layers to factorise and edit, such as 0-1,5 or all; without it, all",
    )
    .flag("layers")
    .under("Editing"),
    key(
        "truncation",
        Values::Number,
        "StyleGAN and StyleGAN2: truncation psi, w = mean + psi (w - mean): 0 is the mean, 1 leaves w unchanged; \
         without it, 0.7",
    )
    .flag("truncation")
    .value_name("PSI")
    .under("Editing"),
    key(
        "truncation_layers",
        Values::Whole,
        "StyleGAN and StyleGAN2: number of layers, from the first, that --truncation applies to; without it, 8",
    )
    .flag("truncation-layers")
    .under("Editing"),
    key(
        "noise",
        Values::Choice(&SefaNoise::CHOICES),
        "StyleGAN and StyleGAN2: noise inputs of the layers; without it, const",
    )
    .flag("noise")
    .under("Editing"),
    key("class", Values::Whole, "Which class a conditional model draws").flag("class").under("Editing"),
    key(
        "weights_key",
        Values::Text,
        "Generator to read from a file that holds several, by its key, such as G_ema; without it, the averaged one",
    )
    .flag("weights-key")
    .value_name("KEY")
    .under("Generator"),
    key("fused_scale", Values::Choice(&FusedScale::CHOICES), "genforce's fused_scale, where the file does not show it")
        .flag("fused-scale")
        .value_name("WHETHER")
        .under("Generator"),
    key("final_tanh", Values::Switch, "genforce's final_tanh: the image goes through tanh")
        .flag("final-tanh")
        .under("Generator"),
    key(
        "label_size",
        Values::Whole,
        "How many of a ProGAN's inputs are a one-hot label, where the file does not say it",
    )
    .flag("label-size")
    .value_name("N")
    .under("Generator"),
    key("traits", Values::Choice(&SefaTraits::CHOICES), "Traits to measure along each direction; without it, auto")
        .flag("traits")
        .under("Traits"),
    key("traits_samples", Values::Whole, "Number of samples to measure the traits on; without it, 64")
        .flag("traits-samples")
        .value_name("N")
        .under("Traits"),
    key("traits_distance", Values::Number, "Step along a direction when traits are measured; without it, 2")
        .flag("traits-distance")
        .value_name("D")
        .under("Traits"),
    key("traits_floor", Values::Whole, "Number of random directions to measure for comparison; without it, 20")
        .flag("traits-floor")
        .value_name("N")
        .under("Traits"),
    key(
        "viz_size",
        Values::Whole,
        "Side of each image in the pictures; without it, the model's own from 256 to 512; smaller images are enlarged \
         to at least 256, and larger ones reduced to at most 512, by a whole factor",
    )
    .flag("viz-size")
    .value_name("PIXELS")
    .under("Pictures"),
    DEVICE,
    Key { help: "CPU threads; 0 for as many as there are processors", ..THREADS },
    key("batch", Values::Whole, "Images of a ProGAN that a GPU renders at a time")
        .flag("batch")
        .under("Machine")
        .role(Role::Machine),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::super::{KeyError, at};
    use super::*;

    /// The paths of all values in a config.
    fn leaves(prefix: &str, value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                for (name, inner) in map {
                    let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                    leaves(&path, inner, found);
                }
            }
            _ => drop(found.insert(prefix.to_owned())),
        }
    }

    fn is_left_to_data(path: &str) -> bool {
        path.strip_prefix("data.").is_some_and(|key| LEFT_TO_THE_DATA.contains(&key))
    }

    /// A config of the table with each of its choices made in turn, and the choice.
    fn variants(table: &Table) -> Vec<(Value, Option<(&'static str, &'static str)>)> {
        let mut found = vec![(table.default_config(), None)];
        for key in table.keys.iter().filter(|key| table.selects(key)) {
            let Values::Choice(choices) = key.values else { panic!("{} is no choice", key.path) };
            for choice in choices {
                let mut config = table.default_config();
                table.set(&mut config, key.path, choice.name.into()).unwrap();
                found.push((table.complete(&config).unwrap(), Some((key.path, choice.name))));
            }
        }
        found
    }

    #[test]
    fn the_tables_have_every_key_of_the_configs_and_no_other() {
        for table in TABLES {
            for (config, made) in variants(table) {
                let mut there = BTreeSet::new();
                leaves("", &config, &mut there);
                // Of two choices that stand for each other one is made.
                let stands_for_it = |key: &Key| {
                    let rival = |other: &&Key| other.group() == key.group() && table.selects(other);
                    let mut rivals = table.keys.iter().filter(rival).filter(|other| other.path != key.path);
                    table.selects(key) && rivals.any(|other| !at(&config, other.path).is_null())
                };
                let belongs = |key: &&Key| match (key.only, made) {
                    (Some(owner), Some((selector, name))) if owner.selector == selector => owner.names.contains(&name),
                    (Some(owner), _) => {
                        at(&config, owner.selector).as_str().is_some_and(|chosen| owner.names.contains(&chosen))
                    }
                    (None, _) => !at(&config, key.path).is_null() || !stands_for_it(key),
                };
                let listed: BTreeSet<String> =
                    table.keys.iter().filter(belongs).map(|key| key.path.to_owned()).collect();
                // What is left out of a config has no value to say it by.
                let optional =
                    |path: &String| table.default_of(table.find(path).unwrap()).is_null() || is_left_to_data(path);
                let missing: Vec<_> = listed.difference(&there).filter(|path| !optional(path)).collect();
                assert!(missing.is_empty(), "{}: the config has no {missing:?} with {made:?}", table.kind);
                let unlisted: Vec<_> = there.difference(&listed).collect();
                assert!(unlisted.is_empty(), "{}: the table lacks {unlisted:?} with {made:?}", table.kind);
            }
        }
    }

    #[test]
    fn paths_flags_and_short_names_are_unique_and_have_two_levels_at_most() {
        for table in TABLES {
            let unique = |names: Vec<&'static str>| {
                let count = names.len();
                assert_eq!(names.into_iter().collect::<BTreeSet<_>>().len(), count, "{}", table.kind);
            };
            unique(table.keys.iter().map(|key| key.path).collect());
            unique(table.keys.iter().filter_map(|key| key.flag).collect());
            unique(table.keys.iter().map(|key| table.short_name(key)).collect());
            assert!(table.keys.iter().all(|key| key.path.split('.').count() <= 2));
            assert!(table.keys.iter().filter(|key| key.positional).count() <= 1);
            for key in table.keys {
                assert_eq!(table.find(key.path).unwrap().path, key.path);
                assert_eq!(key.flag.map_or(key.path, |flag| table.find(flag).unwrap().path), key.path);
            }
        }
    }

    #[test]
    fn every_default_is_a_value_of_its_setting_and_almost_always_the_same_with_each_owner() {
        for table in TABLES {
            for key in table.keys {
                let default = table.default_of(key);
                if !default.is_null() {
                    let mut config = table.default_config();
                    if let Some(owner) = key.only {
                        table.set(&mut config, owner.selector, owner.names[0].into()).unwrap();
                    }
                    table.set(&mut config, key.path, default.clone()).unwrap();
                }
                for (name, expected) in table.defaults_of(key) {
                    let mut config = table.default_config();
                    table.set(&mut config, key.only.unwrap().selector, name.into()).unwrap();
                    let config = table.complete(&config).unwrap();
                    assert_eq!(at(&config, key.path), &expected, "{} with {name}", key.path);
                    let others = key.last() == "weight_decay" && name == "adamw";
                    assert_eq!(expected == default, !others, "{} with {name}", key.path);
                }
            }
        }
    }

    #[test]
    fn the_choices_are_those_that_the_configs_take() {
        for table in TABLES {
            for key in table.keys {
                let Values::Choice(choices) = key.values else { continue };
                let owner = |config: &mut Value| {
                    let made = key.only.map(|owner| table.set(config, owner.selector, owner.names[0].into()));
                    made.transpose().unwrap();
                };
                for choice in choices {
                    let mut config = table.default_config();
                    owner(&mut config);
                    table.set(&mut config, key.path, choice.name.into()).unwrap();
                    let config = table.complete(&config).unwrap();
                    let left = choice.name == "auto" && is_left_to_data(key.path);
                    let expected = if left { Value::Null } else { choice.name.into() };
                    assert_eq!(at(&config, key.path), &expected, "{} of {}", choice.name, key.path);
                }
                // What serde knows, in its own words: "expected one of `a`, `b`".
                let mut config = table.default_config();
                owner(&mut config);
                match key.path.split_once('.') {
                    Some((group, field)) if table.selects(key) => config[group] = json!({ field: "no-such-choice" }),
                    Some((group, field)) => config[group][field] = "no-such-choice".into(),
                    None => config[key.path] = "no-such-choice".into(),
                }
                let message = table.complete(&config).unwrap_err().to_string();
                let known = message.split_once("expected").unwrap().1.matches('`').count() / 2;
                assert_eq!(known, choices.len(), "{}: {message}", key.path);
            }
        }
    }

    #[test]
    fn every_preset_is_sound_and_has_settings_only() {
        for table in TABLES {
            for preset in table.presets {
                let config = preset.config().unwrap();
                table.resolved(&config).unwrap_or_else(|error| panic!("{}: {error}", preset.name));
                let mut paths = BTreeSet::new();
                leaves("", &config, &mut paths);
                for path in paths {
                    assert_eq!(table.find(&path).unwrap().path, path);
                }
            }
        }
        let lab = SEFA.complete(&SEFA.presets[0].config().unwrap()).unwrap();
        assert_eq!(lab, SEFA.default_config(), "the preset lab is what a bare sefa does");
    }

    #[test]
    fn a_setting_is_set_by_its_path_or_its_flag_and_a_choice_takes_its_constants_with_it() {
        let mut config = POINTS.default_config();
        let set = |config: &mut Value, name: &str, value: Value| POINTS.set(config, name, value);
        set(&mut config, "model", "wgan".into()).unwrap();
        set(&mut config, "clip", json!(0.3)).unwrap();
        set(&mut config, "optim.alpha", json!(0.9)).unwrap();
        set(&mut config, "generator.latent_dim", 8.into()).unwrap();
        set(&mut config, "train-size", 500.into()).unwrap();
        // The same choice again keeps its constants, another has its own.
        set(&mut config, "model", "wgan".into()).unwrap();
        assert_eq!(config["objective"], json!({"model": "wgan", "clip": 0.3}));
        assert_eq!(config["optim"]["alpha"], 0.9);
        set(&mut config, "optim", "adam".into()).unwrap();
        assert_eq!(config["optim"], json!({"name": "adam"}));
        assert_eq!((&config["generator"]["latent_dim"], &config["data"]["train_size"]), (&json!(8), &json!(500)));
        // A whole level.
        set(&mut config, "optim", json!({"name": "adam", "betas": [0.5, 0.9]})).unwrap();
        let config = POINTS.complete(&config).unwrap();
        assert_eq!((&config["optim"]["betas"], &config["optim"]["eps"]), (&json!([0.5, 0.9]), &json!(1e-8)));
    }

    #[test]
    fn what_may_be_left_out_is_left_out_by_null() {
        let mut config = POINTS.default_config();
        POINTS.set(&mut config, "eval_every", 3.into()).unwrap();
        assert_eq!(config["eval_every"], 3);
        POINTS.set(&mut config, "eval_every", Value::Null).unwrap();
        assert_eq!(POINTS.complete(&config).unwrap(), POINTS.complete(&POINTS.default_config()).unwrap());
        assert!(POINTS.set(&mut config, "lr", Value::Null).unwrap_err().to_string().contains("lr is null"));
    }

    #[test]
    fn an_empty_config_is_filled_level_by_level() {
        let mut config = json!({});
        POINTS.set(&mut config, "optim.alpha", json!(0.9)).unwrap();
        assert_eq!(config, json!({"optim": {"alpha": 0.9}}));
        // The model is not known yet, so that nothing can be said of its constants.
        POINTS.set(&mut config, "objective.clip", json!(0.2)).unwrap();
        let message = POINTS.set(&mut config, "optim.betas", json!([0.5, 0.9])).unwrap_err().to_string();
        assert_eq!(
            message,
            "optim.betas belongs to adam, adamw, optimistic-adam or extra-adam, and optim.name is rmsprop here"
        );
    }

    #[test]
    fn mistakes_are_named() {
        let set = |table: &Table, name: &str, value: Value| table.set(&mut table.default_config(), name, value);
        for (name, known) in [
            ("lrr", "lr"),
            ("optim.alhpa", "optim.alpha"),
            ("alpha", "optim.alpha"),
            ("generator.width", "generator.hidden"),
            ("latent_dims", "generator.latent_dim"),
            ("batchsize", "batch_size"),
            ("optim.lr", "lr"),
            ("generator.betas", "optim.betas"),
        ] {
            let error = set(&POINTS, name, 1.into()).unwrap_err();
            let KeyError::Unknown { did_you_mean, .. } = &error else { panic!("{error}") };
            if name != "generator.width" {
                assert_eq!(*did_you_mean, Some(known), "{name}");
            }
            assert!(error.to_string().contains(name) && error.to_string().contains("gan-lab config --reference"));
        }
        let unlike = set(&POINTS, "qqqq", 1.into()).unwrap_err().to_string();
        assert!(!unlike.contains("did you mean"), "{unlike}");
        for (table, name, value, words) in [
            (&POINTS, "clip", json!(0.1), "objective.clip belongs to wgan, and objective.model is gan here"),
            (&POINTS, "optim.nesterov", json!(true), "optim.nesterov belongs to sgd, and optim.name is rmsprop here"),
            (&PROGAN, "loss.drift", json!(0.1), "loss.drift belongs to wgan-gp, and loss.name is logistic-r1 here"),
            (&POINTS, "epochs", json!(-1), "epochs is -1; it must be a whole number, 0 or more"),
            (&POINTS, "lr", json!("fast"), "lr is \"fast\"; it must be a number"),
            (&POINTS, "model", json!("dcgan"), "objective.model is \"dcgan\"; it must be gan, wgan or wgan-gp"),
            (&POINTS, "generator.hidden", json!([64, -1]), "generator.hidden is [64,-1]; it must be a list of whole"),
            (&SEFA, "device", json!("gpu"), "cuda:N"),
        ] {
            let message = set(table, name, value).unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
        let mut odd = json!({"optim": 5});
        assert!(POINTS.set(&mut odd, "optim.alpha", json!(0.9)).unwrap_err().to_string().starts_with("optim is 5"));
    }

    #[test]
    fn typed_values_are_json_or_bare_text() {
        let read = |name: &str, text: &str| POINTS.find(name).unwrap().read(text);
        for (name, text, value) in [
            ("lr", "5e-5", json!(5e-5)),
            ("lr", "-1", json!(-1.0)),
            ("epochs", "18446744073709551615", json!(u64::MAX)),
            ("optim.nesterov", "true", json!(true)),
            ("data.path", "my data.mat", json!("my data.mat")),
            ("data.path", "12", json!("12")),
            ("data.key", "\"xx\"", json!("xx")),
            ("device", "cuda", json!("cuda:0")),
            ("data.shuffle", "every-epoch", json!("every-epoch")),
            ("data.shuffle", "\"once\"", json!("once")),
            ("generator.hidden", "64,64", json!([64, 64])),
            ("generator.hidden", "[]", json!([])),
            ("generator.batch_norm", "false, true", json!([false, true])),
            ("optim.betas", "0.5,0.9", json!([0.5, 0.9])),
            ("optim.betas", "[0.5, 0.9]", json!([0.5, 0.9])),
        ] {
            assert_eq!(read(name, text), Ok(value), "{name} {text}");
        }
        for (name, text) in [
            ("lr", "fast"),
            ("lr", "inf"),
            ("lr", ""),
            ("epochs", "-1"),
            ("epochs", "1.5"),
            ("optim.nesterov", "yes"),
            ("device", "gpu"),
            ("data.shuffle", "never"),
            ("generator.hidden", "64,x"),
            ("optim.betas", "0.5,nan"),
        ] {
            let message = read(name, text).unwrap_err().to_string();
            assert!(message.contains(&format!("{name} is '{text}'; it must be ")), "{message}");
        }
    }
}
