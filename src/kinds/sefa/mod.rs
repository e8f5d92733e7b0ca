//! SeFa: semantic directions in closed form (Shen and Zhou 2021).
//!
//! A generator's first step is affine: y = A z + b. A step n in the latent space changes y by A n whatever z is, so
//! the directions that change the image most are those that maximise |A n|^2: the eigenvectors of A^T A with the
//! largest eigenvalues (equation 4).
//!
//! A ProGAN's first layer takes the code itself. In a StyleGAN every layer takes w by a style layer; the directions
//! of chosen layers are steps of their rows of w, after truncation.

mod codes;
mod drawing;
mod easel;
mod edit;
mod factorize;
mod given;
mod measure;
mod moves;
mod outputs;
mod plan;
mod studio;
mod work;
mod written;

pub use codes::Codes;
pub use drawing::Drawing;
pub use easel::{Drawn, Easel, Order};
pub use edit::{Distances, Samples};
pub use factorize::{Directions, directions, of_style_layers};
pub use measure::{Found, Measuring};
pub use moves::Moves;
pub use plan::{Plan, usual_side};
pub use studio::{CodesFrom, Studio, Wanted};
pub use work::{Job, Picked, Rendered, labels, open, settings};
pub use written::{DirectionsForm, origin};

fn how_many(directions: usize) -> String {
    if directions == 1 { "there is 1 direction".to_owned() } else { format!("there are {directions} directions") }
}

/// What can go wrong in SeFa.
#[derive(Debug, thiserror::Error)]
pub enum SefaError {
    /// A file cannot be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A picture cannot be encoded or read back.
    #[error(transparent)]
    Media(#[from] crate::media::MediaError),
    /// The page cannot be made.
    #[error(transparent)]
    Page(#[from] crate::page::PageError),
    /// The job's directory cannot be written.
    #[error(transparent)]
    Run(#[from] crate::run::RunError),
    /// A picture of the job cannot be read back.
    #[error("{path} is damaged: {reason}; render it again with --resume")]
    Picture {
        /// The picture.
        path: std::path::PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The table of eigenvalues cannot be made.
    #[error("cannot write the table of eigenvalues")]
    Table(#[from] csv::Error),
    /// The pictures need more memory than there is.
    #[error(transparent)]
    Memory(#[from] crate::memory::TooMuch),
    /// A direction that the model does not have.
    #[error("there is no direction {asked}; {}, numbered from 0", how_many(*count))]
    Direction {
        /// The direction asked for.
        asked: usize,
        /// How many there are.
        count: usize,
    },
    /// A code that a file does not have.
    #[error("there is no row {asked}; the file of codes has {count}, numbered from 0")]
    Row {
        /// The row asked for.
        asked: u64,
        /// How many there are.
        count: usize,
    },
    /// More directions than there are.
    #[error("k is {asked}; {}, so it must be 1 to {count}", how_many(*count))]
    TooMany {
        /// How many were asked for.
        asked: usize,
        /// How many there are.
        count: usize,
    },
    /// A file of codes that does not fit.
    #[error("{path}: {reason}")]
    Codes {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A file of directions that does not fit.
    #[error("{path}: {reason}")]
    DirectionsFile {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The factor file cannot be made.
    #[error("cannot write factor.pt: {reason}")]
    Factor {
        /// Why.
        reason: String,
    },
    /// A seed that NumPy does not take.
    #[error("seed {seed} is no seed of NumPy's: those are 0 to 4294967295")]
    NumpySeed {
        /// The seed.
        seed: u64,
    },
    /// The checkpoint cannot be read.
    #[error(transparent)]
    Checkpoint(#[from] crate::checkpoint::CheckpointError),
    /// A layer that the network does not have.
    #[error("there is no layer {asked}; this {network} has the layers 0 to {last}")]
    Layer {
        /// The layer asked for.
        asked: usize,
        /// The network.
        network: &'static str,
        /// Its last layer.
        last: usize,
    },
    /// A setting that means nothing to a ProGAN.
    #[error(
        "{setting} is for StyleGAN and StyleGAN2: a ProGAN has its first layer only, and neither codes w nor noise"
    )]
    OnlyStyleGan {
        /// The setting.
        setting: &'static str,
    },
    /// The pictures cannot be made.
    #[error(transparent)]
    Synthesis(#[from] crate::synthesis::SynthesisError),
    /// The reader of traits cannot be used.
    #[error(transparent)]
    Reader(#[from] crate::traits::ReaderError),
    /// A file of scores is not one, or not of this job's pictures.
    #[error("the scores cannot be used")]
    Scores(#[from] crate::traits::ScoresError),
    /// Scores were given where a reader reads.
    #[error("scores are given, but this job has its traits read by the reader of faces; ask for --traits scores")]
    ScoresForFaces,
    /// Scores were given where nothing is measured.
    #[error("scores are given, and this job measures no traits; ask for --traits scores")]
    ScoresForNothing,
    /// The scores that a job was given are not there any more.
    #[error("{path} is missing, or not what this job was given; give the scores again with --scores FILE")]
    ScoresLost {
        /// Where they were.
        path: std::path::PathBuf,
    },
    /// A score tells nothing apart.
    #[error(
        "the scores cannot be used: '{name}' is the same for all unedited samples, so that there is no scale for it"
    )]
    SameScore {
        /// The score.
        name: String,
    },
    /// A unit without any weight has no direction.
    #[error(
        "unit {unit} of the layer has no weight at all, so its column cannot be brought to unit length; use \
             --raw, or in a StyleGAN name the other layers with --layers"
    )]
    EmptyUnit {
        /// The column.
        unit: usize,
    },
    /// A unit with a weight that is not finite.
    #[error("unit {unit} of the layer has a weight that is no finite number, so there are no directions")]
    NotFinite {
        /// The column.
        unit: usize,
    },
    /// The eigenvectors were not found. No such layer is known.
    #[error("the eigenvectors of the layer were not found; please report this model")]
    NoEigenvectors,
}
