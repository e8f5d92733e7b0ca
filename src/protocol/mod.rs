//! Published comparisons of GANs on 2-D laws, repeated exactly: one file each with its law, recipe and published numbers,
//! and [`ALL`], the list.
//!
//! Nothing of it is a run directory. A job is one training of a method with a seed, on points that the law gives anew in every
//! iteration, or that the seed drew once where the published code does so; at the protocol's marks it is measured, and each measurement is a line of `results.jsonl` ([`Results`]). A
//! protocol that was stopped goes on with the jobs whose lines are not there, one that was at work from its last state
//! (`unfinished`).
//!
//! What an iteration takes is an epoch of the methods' configs, so that rates which move over a run do so over the protocol's
//! iterations. Where something moves over the whole run, the numbers after 10 000 iterations are those of a run of 10 000,
//! and not of a longer one on its way.

mod cost;
mod grid3;
mod grid5;
mod grid7;
mod jobs;
mod law;
mod markdown;
mod measure;
mod method;
mod mixture;
mod pacgan;
mod pacgan_grid;
mod pacgan_ring;
mod paired_discriminator;
mod picture;
mod results;
mod ring8;
mod sheet;
mod summary;
mod train;
mod unfinished;
mod unrolled;
mod wgan_gp;
mod wgan_gp_grid;
mod wgan_gp_ring;
mod wgan_gp_swiss;

pub use cost::{in_words, seconds};
pub use jobs::{Job, Plan, Progress};
pub use law::{Law, Source};
pub use markdown::markdown;
pub use measure::{Measure, Near, Quantity, Scores};
pub use method::{Method, Settings};
pub use mixture::{Layout, Mixture};
pub use picture::Shows;
pub use results::{Line, Results};
pub use summary::{Floor, Row, Stands, Summary};

use std::path::PathBuf;

use crate::config::ConfigError;
use crate::engine::EngineError;
use crate::made::MadeError;
use crate::media::MediaError;

/// Every protocol.
pub static ALL: [&Protocol; 10] = [
    &ring8::PROTOCOL,
    &grid3::PROTOCOL,
    &grid5::PROTOCOL,
    &grid7::PROTOCOL,
    &unrolled::PROTOCOL,
    &pacgan_ring::PROTOCOL,
    &pacgan_grid::PROTOCOL,
    &wgan_gp_ring::PROTOCOL,
    &wgan_gp_grid::PROTOCOL,
    &wgan_gp_swiss::PROTOCOL,
];

/// A published comparison.
#[derive(Debug)]
pub struct Protocol {
    /// The word for it.
    pub name: &'static str,
    /// What is learnt.
    pub law: Law,
    /// How its points come.
    pub source: Source,
    /// How it is learnt.
    pub recipe: &'static Recipe,
    /// What is measured.
    pub measure: Measure,
    /// After how many iterations it is measured, in ascending order.
    pub marks: &'static [u64],
    /// What was published.
    pub published: &'static [Published],
}

/// What comparisons of one source have in common.
#[derive(Debug)]
pub struct Recipe {
    /// Whose comparison it is.
    pub source: &'static str,
    /// The networks and the batch, as a part of a config: of every method.
    pub networks: &'static str,
    /// Optimiser, rate, order and all else that the published methods have in common, as a part of a config.
    pub training: &'static str,
    /// The methods, in the order of the table.
    pub methods: &'static [Method],
    /// How many seeds the published numbers are of; where there are none, how many make a whole.
    pub seeds: usize,
    /// How sure the published numbers are said to be.
    pub printed: Printed,
    /// What the pictures of its trainings show.
    pub shows: Shows,
}

/// The last row of every table.
const BEST: Method = Method {
    name: "best",
    title: "best (ours)",
    about: "this project's preset of that name, on the same networks",
    settings: Settings::Preset("best"),
};

/// What is printed beside published numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Printed {
    /// Sample deviations over seeds.
    Deviations,
    /// Standard errors over seeds.
    Errors,
    /// There are no numbers, only pictures; of what.
    Pictures(&'static str),
}

/// A row of a published table.
#[derive(Clone, Copy, Debug)]
pub struct Published {
    /// The method's name.
    pub method: &'static str,
    /// After how many iterations.
    pub mark: u64,
    /// Modes covered.
    pub covered: Option<Reported>,
    /// Share of valid points.
    pub valid: Option<Reported>,
    /// Total variation to equal shares, junk a class of its own.
    pub mode_tv: Option<Reported>,
    /// KL divergence of the modes' shares from equal ones.
    pub reverse_kl: Option<Reported>,
}

/// A published number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reported {
    /// The mean over seeds.
    pub mean: f64,
    /// The sample deviation over seeds, where it was published.
    pub deviation: Option<f64>,
    /// The standard error over seeds, where that was published.
    pub printed_error: Option<f64>,
    /// One in the last printed digit.
    pub unit: f64,
}

impl Reported {
    const fn new(mean: f64, deviation: f64, unit: f64) -> Self {
        Self { mean, deviation: Some(deviation), printed_error: None, unit }
    }

    const fn bare(mean: f64, unit: f64) -> Self {
        Self { mean, deviation: None, printed_error: None, unit }
    }

    const fn with_error(mean: f64, error: f64, unit: f64) -> Self {
        Self { mean, deviation: None, printed_error: Some(error), unit }
    }

    /// The mean's standard error over so many seeds.
    pub fn error(&self, seeds: usize) -> Option<f64> {
        self.printed_error.or(self.deviation.map(|deviation| deviation / (seeds.max(1) as f64).sqrt()))
    }
}

impl Published {
    /// A row of the grids' tables, which print a deviation beside the total variation alone.
    const fn of_grid(method: &'static str, mark: u64, covered: f64, valid: f64, mode_tv: [f64; 2]) -> Self {
        Self {
            method,
            mark,
            covered: Some(Reported::bare(covered, 0.1)),
            valid: Some(Reported::bare(valid, 0.001)),
            mode_tv: Some(Reported::new(mode_tv[0], mode_tv[1], 0.001)),
            reverse_kl: None,
        }
    }

    /// A number, if it was published.
    pub const fn get(&self, quantity: Quantity) -> Option<Reported> {
        match quantity {
            Quantity::Covered => self.covered,
            Quantity::Valid => self.valid,
            Quantity::ModeTv => self.mode_tv,
            Quantity::ReverseKl => self.reverse_kl,
            Quantity::SlicedW2 | Quantity::W1 => None,
        }
    }
}

impl Protocol {
    /// The protocol of this name.
    pub fn named(name: &str) -> Result<&'static Self, Unknown> {
        let found = ALL.into_iter().find(|protocol| protocol.name == name);
        found.ok_or_else(|| Unknown {
            what: "protocol",
            name: name.to_owned(),
            known: ALL.map(|protocol| protocol.name).join(", "),
        })
    }

    /// The protocol's method of this name.
    pub fn method(&self, name: &str) -> Result<&'static Method, Unknown> {
        let methods = self.recipe.methods;
        methods.iter().find(|method| method.name == name).ok_or_else(|| Unknown {
            what: "method",
            name: name.to_owned(),
            known: methods.iter().map(|method| method.name).collect::<Vec<_>>().join(", "),
        })
    }

    /// What was published of a method at a mark.
    pub fn published(&self, method: &str, mark: u64) -> Option<&'static Published> {
        self.published.iter().find(|row| row.method == method && row.mark == mark)
    }
}

/// A name that there is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{name}' is not a {what}; there are {known}")]
pub struct Unknown {
    what: &'static str,
    name: String,
    known: String,
}

/// What can be wrong while a protocol is repeated.
#[derive(Debug, thiserror::Error)]
pub enum ProtocolError {
    /// A file cannot be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A method's config makes no sense.
    #[error("the method {method}: {source}")]
    Config {
        /// The method.
        method: &'static str,
        /// What is wrong.
        source: ConfigError,
    },
    /// The arithmetic failed.
    #[error("{method}, seed {seed}: {source}")]
    Engine {
        /// The method.
        method: &'static str,
        /// The seed.
        seed: u64,
        /// What is wrong.
        source: EngineError,
    },
    /// A picture of a training could not be drawn, or one of them could not be read again.
    #[error("the picture {path}", path = path.display())]
    Picture {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: MediaError,
    },
    /// A picture has the place of somebody else's file.
    #[error(transparent)]
    Made(#[from] MadeError),
    /// The file of a training that is not at its end cannot be used or written.
    #[error("{path}: {reason}; delete the file to begin this training anew", path = path.display())]
    Unfinished {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file of results that holds something else.
    #[error("{path}, line {line}, is not a result: {reason}; move the file away, or name another --out", path = path.display())]
    NotAResult {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The parser's words.
        reason: String,
    },
}

#[cfg(test)]
mod tests;
