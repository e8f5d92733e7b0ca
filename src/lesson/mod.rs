//! Lessons: small guided pages, each a few runs of some seconds with a text that moves them. One file each with its
//! runs, its text beside it as HTML, and [`LESSONS`], the list.
//!
//! A run is a preset with changes, on a set of points that the lesson draws. The text speaks to somebody who knows PyTorch
//! and no GAN. Its links set the page's epoch and layers (`#epoch=40&layers=field+forces`); `data-show` names what they
//! scroll to, and `<b data-run="…">` a run. Tests walk the list: each link leads to a frame that is recorded and a layer
//! that the page has, and what the text says of the runs is measured with five seeds.

mod collapse;
mod critic;
mod field;
mod losses;
mod optimisers;
mod strong;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

use crate::config::{ConfigError, KeyError, POINTS, RunConfig, TrainConfig};
use crate::data::synthetic::Law;
use crate::data::write_mat;
use crate::kinds::points::PointsRun;
use crate::page::{LessonPage, PageError, RunPage, Shown};
use crate::run::{RunDir, RunError};
use crate::sweep::Sweep;

/// Every lesson, in the order in which they are read.
pub static LESSONS: [&Lesson; 6] =
    [&field::LESSON, &strong::LESSON, &collapse::LESSON, &critic::LESSON, &optimisers::LESSON, &losses::LESSON];

/// Points that a lesson draws, of which its runs train on some and hold out the others.
const POINTS_DRAWN: usize = 2560;
/// The seed of these points, whatever the runs' seed is.
const DATA_SEED: u64 = 0;

/// A lesson.
#[derive(Clone, Copy, Debug)]
pub struct Lesson {
    /// Its name.
    pub name: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// What it shows, in a sentence.
    pub shows: &'static str,
    /// About how long its runs take on two cores, in seconds.
    pub seconds: u32,
    /// The points.
    law: Law,
    /// The runs, in the page's order.
    runs: &'static [Variant],
    /// For each run the one on whose scale its forces are drawn; empty where each has its own.
    arrows: &'static [usize],
    /// The text, as HTML.
    text: &'static str,
}

/// A run of a lesson.
#[derive(Clone, Copy, Debug)]
struct Variant {
    /// What the text calls it.
    id: &'static str,
    /// What the page calls it.
    name: &'static str,
    /// The preset that it begins with.
    preset: &'static str,
    /// What it changes of that: settings and values, choices before what belongs to them.
    changes: &'static [(&'static str, &'static str)],
}

/// Why a lesson cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum LessonError {
    /// There is no lesson of this name.
    #[error("there is no lesson {name:?}; there are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// There is no preset of this name.
    #[error("there is no preset {0:?}")]
    NoPreset(&'static str),
    /// A setting that there is not, or a value that it does not take.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A config that makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A run cannot be read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The page cannot be put together.
    #[error(transparent)]
    Page(#[from] PageError),
}

impl Lesson {
    /// The lesson of this name, or of this number, as texts call them.
    pub fn named(name: &str) -> Result<&'static Self, LessonError> {
        let numbered = || LESSONS.get(name.parse::<usize>().ok()?.checked_sub(1)?).copied();
        let found = LESSONS.into_iter().find(|lesson| lesson.name == name).or_else(numbered);
        let known = || LESSONS.map(|lesson| lesson.name).join(", ");
        found.ok_or_else(|| LessonError::Unknown { name: name.to_owned(), known: known() })
    }

    /// What its runs are called.
    pub fn run_names(&self) -> impl Iterator<Item = &'static str> {
        self.runs.iter().map(|variant| variant.name)
    }

    /// What the file with its points is called.
    pub fn data_name(&self) -> String {
        format!("{}.mat", self.law.name())
    }

    /// That file's content, which is always the same.
    pub fn data(&self) -> io::Result<Vec<u8>> {
        write_mat(&self.law.draw(POINTS_DRAWN, DATA_SEED))
    }

    /// The configs of its runs on the points in a file.
    fn configs(&self, data: &Path, seed: u64) -> Result<Vec<RunConfig>, LessonError> {
        self.runs.iter().map(|variant| variant.config(data, seed)).collect()
    }

    /// Its runs as a sweep into a folder, which has the file with the points too.
    pub fn sweep(&self, dir: &Path, seed: u64) -> Result<Sweep, LessonError> {
        Ok(Sweep::of(dir, &self.configs(&dir.join(self.data_name()), seed)?))
    }

    /// The page about its runs, which are in these directories.
    pub fn page(&self, dirs: &[PathBuf]) -> Result<Vec<u8>, LessonError> {
        let shown = |(variant, dir): (&Variant, &PathBuf)| -> Result<Shown, LessonError> {
            Ok(Shown { name: variant.name.to_owned(), run: PointsRun::open(&RunDir::new(dir))? })
        };
        let shown = self.runs.iter().zip(dirs).map(shown).collect::<Result<Vec<_>, _>>()?;
        let page = LessonPage {
            title: self.title,
            shows: self.shows,
            text: self.text,
            ids: self.runs.iter().map(|variant| variant.id).collect(),
            arrows: self.arrows,
            runs: RunPage::of(&shown, Vec::new(), Vec::new())?,
        };
        Ok(page.bytes()?)
    }
}

impl Variant {
    fn config(&self, data: &Path, seed: u64) -> Result<RunConfig, LessonError> {
        let preset = POINTS.presets.iter().find(|preset| preset.name == self.preset);
        let mut config = preset.ok_or(LessonError::NoPreset(self.preset))?.config()?;
        for (name, text) in self.changes {
            POINTS.set(&mut config, name, POINTS.find(name)?.read(text)?)?;
        }
        let json = |error: serde_json::Error| ConfigError::Json { reason: error.to_string() };
        let mut config: TrainConfig = serde_json::from_value(config).map_err(json)?;
        data.clone_into(&mut config.data.path);
        config.seed = seed;
        // Runs are done beside each other.
        config.threads = 1;
        Ok(config.check()?)
    }
}
