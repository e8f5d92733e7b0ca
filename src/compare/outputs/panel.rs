//! `panel.png` and `panel.gif`: the points of runs side by side, epoch by epoch; each data set has axes of its own.

use super::super::{Comparison, DataSet, RunSummary};
use super::OutputError;
use super::curve::cut;
use crate::config::RunConfig;
use crate::data::Point;
use crate::kinds::points::{Frames, PointsRun};
use crate::media::{Animation, encode_gif, encode_png};
use crate::metric::Metric;
use crate::render::{AxesChoice, Picture, RenderError, ScatterPainter, Shown, Size, Theme, heading, sheet};
use crate::run::{RunDir, RunError};

/// More letters than this do not fit above a cell.
const LONGEST: usize = 34;
/// More cells than this are too small to see; then each group shows its median run.
const MOST_CELLS: usize = 12;
const CELL: Size = Size { width: 480, height: 360 };
const FRAMES_A_SECOND: f64 = 4.0;

pub(super) fn last(comparison: &Comparison) -> Result<Vec<u8>, OutputError> {
    let panel = Panel::open(comparison, CELL)?;
    Ok(encode_png(&panel.last().map_err(PanelError::from)?)?)
}

pub(super) fn film(comparison: &Comparison) -> Result<Vec<u8>, OutputError> {
    Ok(encode_gif(&Panel::open(comparison, CELL)?, FRAMES_A_SECOND)?)
}

/// Runs on one sheet; a frame for each epoch that any of them recorded.
#[derive(Debug)]
pub struct Panel {
    /// The data sets' cells, with the names that stand above them.
    parts: Vec<(String, Vec<Cell>)>,
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
    /// The recorded frames of runs, with cells of this size; runs without a frame are left out. Where runs are many, each
    /// group shows its median run.
    pub fn open(comparison: &Comparison, size: Size) -> Result<Self, PanelError> {
        let (mut parts, mut epochs) = (Vec::new(), Vec::new());
        let several = comparison.data_sets.len() > 1;
        for set in &comparison.data_sets {
            let runs = shown(comparison, set);
            let mut read = Vec::new();
            for run in &runs {
                let points = PointsRun::open(&RunDir::new(&run.dir))?;
                let frames = points.frames()?;
                if !frames.epochs.is_empty() {
                    read.push((label(run, &runs), points.real()?, frames));
                }
            }
            epochs.extend(read.iter().flat_map(|(_, _, frames)| frames.epochs.iter().copied()));
            let Some(first) = runs.first().filter(|_| !read.is_empty()) else { continue };
            let all: Vec<Point> = read.iter().flat_map(|(_, real, _)| real.iter().copied()).collect();
            let axes = ScatterPainter::axes(size, AxesChoice::Auto, &all, is_lab(&first.config));
            let cells = read.into_iter().map(|(label, real, frames)| {
                Ok(Cell { label, painter: ScatterPainter::new(size, axes, Theme::default(), &real)?, frames })
            });
            let name = if several { set.name.clone() } else { String::new() };
            parts.push((name, cells.collect::<Result<_, RenderError>>()?));
        }
        epochs.sort_unstable();
        epochs.dedup();
        Ok(Self { parts, epochs })
    }

    /// Every run's last frame.
    pub fn last(&self) -> Result<Picture, RenderError> {
        self.at(u64::MAX)
    }

    fn at(&self, epoch: u64) -> Result<Picture, RenderError> {
        let mut pictures = Vec::new();
        for (name, cells) in &self.parts {
            let cells = cells.iter().map(|cell| cell.at(epoch)).collect::<Result<Vec<_>, _>>()?;
            let sheet = sheet(&cells);
            if !name.is_empty() {
                pictures.push(heading(name, sheet.width)?);
            }
            pictures.push(sheet);
        }
        Ok(stacked(&pictures))
    }
}

/// Pictures below each other, white at the right of those that are narrower.
fn stacked(pictures: &[Picture]) -> Picture {
    let width = pictures.iter().map(|picture| picture.width).max().unwrap_or(1);
    let height = pictures.iter().map(|picture| picture.height).sum::<usize>().max(1);
    let mut all = Picture::white(width, height);
    let mut y = 0;
    for picture in pictures {
        all.paste(picture, 0, y);
        y += picture.height;
    }
    all
}

/// The runs of a data set on the panel: all, or the median run of each group where they are many.
fn shown<'a>(comparison: &'a Comparison, set: &'a DataSet) -> Vec<&'a RunSummary> {
    if comparison.runs().len() <= MOST_CELLS {
        let mut runs: Vec<&RunSummary> = set.runs().collect();
        runs.sort_by_key(|run| run.place);
        return runs;
    }
    let most = (MOST_CELLS / comparison.data_sets.len().max(1)).max(1);
    let headline = set.headline;
    let distance = |run: &RunSummary| {
        let last = || run.values(headline).last().map(|&(_, value)| value);
        run.mean(headline).or_else(|| run.mean(Metric::W1)).or_else(last)
    };
    set.groups.iter().filter_map(|group| group.median_by(distance)).take(most).collect()
}

/// Whether a run's data are the lab's, by the name of their file.
pub fn is_lab(config: &RunConfig) -> bool {
    config.data.path.file_name().is_some_and(|name| name == "points.mat")
}

impl Cell {
    /// The latest frame up to an epoch.
    fn at(&self, epoch: u64) -> Result<Picture, RenderError> {
        let found = self.frames.epochs.iter().rposition(|&e| e <= epoch);
        let note = found.map_or_else(|| "no frame yet".to_owned(), |i| format!("epoch {}", self.frames.epochs[i]));
        let generated = Some(found.map_or(&[][..], |i| &self.frames.samples[i]));
        self.painter.frame(&Shown { title: &self.label, note: &note, generated, progress: None })
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
    cut(&full, LONGEST)
}
