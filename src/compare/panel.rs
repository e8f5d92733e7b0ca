//! Runs side by side on the same axes, epoch by epoch.

use super::RunSummary;
use crate::data::Point;
use crate::kinds::points::{Frames, PointsRun};
use crate::media::Animation;
use crate::render::{Axes, Picture, RenderError, ScatterPainter, Shown, Size, Theme, sheet};
use crate::run::{RunDir, RunError};

/// More letters than this do not fit above a cell.
const LONGEST: usize = 34;

/// Runs on one sheet; a frame for each epoch that any of them recorded.
#[derive(Debug)]
pub struct Panel {
    cells: Vec<Cell>,
    epochs: Vec<u64>,
}

#[derive(Debug)]
struct Cell {
    label: String,
    painter: ScatterPainter,
    frames: Frames,
}

/// Why a panel cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PanelError {
    /// A run cannot be read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// It cannot be drawn.
    #[error(transparent)]
    Render(#[from] RenderError),
}

impl Panel {
    /// The recorded frames of runs, with cells of this size; runs without a frame are left out. `axes` gives the axes for
    /// the held-out points of all.
    pub fn open(runs: &[&RunSummary], size: Size, axes: impl Fn(&[Point]) -> Axes) -> Result<Self, PanelError> {
        let mut read = Vec::new();
        for run in runs {
            let points = PointsRun::open(&RunDir::new(&run.dir))?;
            let frames = points.frames()?;
            if !frames.epochs.is_empty() {
                read.push((label(run, runs), points.real()?, frames));
            }
        }
        let axes = axes(&read.iter().flat_map(|(_, real, _)| real.iter().copied()).collect::<Vec<_>>());
        let mut epochs: Vec<u64> = read.iter().flat_map(|(_, _, frames)| frames.epochs.iter().copied()).collect();
        epochs.sort_unstable();
        epochs.dedup();
        let cells = read.into_iter().map(|(label, real, frames)| {
            Ok(Cell { label, painter: ScatterPainter::new(size, axes, Theme::default(), &real)?, frames })
        });
        Ok(Self { cells: cells.collect::<Result<_, RenderError>>()?, epochs })
    }

    /// Every run's last frame.
    pub fn last(&self) -> Result<Picture, RenderError> {
        self.at(u64::MAX)
    }

    fn at(&self, epoch: u64) -> Result<Picture, RenderError> {
        let pictures = self.cells.iter().map(|cell| cell.at(epoch)).collect::<Result<Vec<_>, _>>()?;
        Ok(sheet(&pictures))
    }
}

impl Cell {
    /// The latest frame up to an epoch.
    fn at(&self, epoch: u64) -> Result<Picture, RenderError> {
        match self.frames.epochs.iter().rposition(|&e| e <= epoch) {
            Some(i) => {
                let note = format!("epoch {}", self.frames.epochs[i]);
                let generated = Some(&self.frames.samples[i][..]);
                self.painter.frame(&Shown { title: &self.label, note: &note, generated, progress: None })
            }
            None => {
                let (title, generated) = (self.label.as_str(), Some(&[][..]));
                self.painter.frame(&Shown { title, note: "no frame yet", generated, progress: None })
            }
        }
    }
}

impl Animation for Panel {
    fn len(&self) -> usize {
        self.epochs.len()
    }

    fn frame(&self, index: usize) -> Result<Picture, RenderError> {
        self.at(self.epochs[index])
    }
}

/// A run's label, with its seed where another has the same.
fn label(run: &RunSummary, runs: &[&RunSummary]) -> String {
    let shared = runs.iter().filter(|other| other.label == run.label).count() > 1;
    let full = if shared { format!("{}, seed {}", run.label, run.config.seed) } else { run.label.clone() };
    if full.chars().count() <= LONGEST { full } else { full.chars().take(LONGEST - 1).chain(['…']).collect() }
}
