//! A run with its frames, ready to draw.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::super::exit::UsageError;
use super::{DrawArgs, Format};
use crate::compare::real_of;
use crate::config::{RunConfig, Watched};
use crate::figures::measure;
use crate::kinds::points::{EvalError, FrameScene, Frames, PointsRun, Scenes, View, Which, points_from};
use crate::media::{self, Animation};
use crate::render::{Axes, Cell, Picture, Real, RenderError, Row, ScatterPainter, Scene, Shown, Stack};
use crate::run::RunDir;

/// A run that has not recorded anything yet, or never will.
#[derive(Debug, thiserror::Error)]
#[error("{path} has no frames{}; the first comes after epoch {first}", match diverged {
    Some(epoch) => format!(", because it diverged in epoch {epoch}"),
    None => " yet".to_owned(),
})]
pub(super) struct NoFrames {
    path: PathBuf,
    first: u64,
    diverged: Option<u64>,
}

/// A run with its frames, ready to draw.
pub(super) struct Film {
    pub(super) dir: RunDir,
    pub(super) config: RunConfig,
    pub(super) frames: Frames,
    /// Whose the frames are.
    which: Which,
    pub(super) real: Arc<Real>,
    /// The epoch in which it diverged, if it did.
    diverged: Option<u64>,
    /// Sliced W2 by epoch, and its floor, where they were measured.
    measured: HashMap<u64, f64>,
    floor: Option<f64>,
    painter: ScatterPainter,
    /// What its pictures show beside points; None for points alone.
    scenes: Option<Scenes>,
    /// Its data's name, where others are drawn too that have other data.
    pub(super) data: String,
}

impl Film {
    pub(super) fn open(dir: &RunDir, args: &DrawArgs) -> anyhow::Result<Self> {
        let run = PointsRun::open(dir)?;
        let (real, mut frames, config) = (real_of(&run)?, run.frames()?, run.config().clone());
        let records = run.metrics()?;
        let done = records.last().map_or(0, |record| record.epoch);
        let diverged = dir.manifest()?.diverged.then_some(done + 1);
        if frames.epochs.is_empty() {
            return Err(NoFrames { path: dir.path().to_owned(), first: config.frame_every, diverged }.into());
        }
        if args.from != Which::Last {
            let (epoch, points) = points_from(&run, args.from).map_err(|error| match error {
                EvalError::NoSuchGenerator { .. } => UsageError(format!("--from {}: {error}", args.from.name())).into(),
                other => anyhow::Error::from(other),
            })?;
            frames = Frames { epochs: vec![epoch], samples: vec![points] };
        }
        let is_own = args.from == Which::Generator && config.ema.is_some();
        let watched = if is_own { Watched::GeneratorSlicedW2 } else { Watched::SlicedW2 };
        let measured = records.into_iter().filter_map(|record| Some((record.epoch, record.value(watched)?))).collect();
        let floor = run.floor()?.map(|floor| floor.sliced_w2.mean);
        let axes = ScatterPainter::axes(args.size, args.axes, &real, config.data.is_the_labs());
        let painter = ScatterPainter::new(args.size, axes, args.theme.into(), real.clone())?;
        let scenes = match &args.layers[..] {
            [] | [View::Points] => None,
            views => Some(Scenes::of(&run, views, axes)?),
        };
        let (dir, real) = (dir.clone(), Arc::new(real));
        let which = args.from;
        Ok(Self { dir, config, frames, which, real, diverged, measured, floor, painter, scenes, data: String::new() })
    }

    /// What was measured at an epoch, in words.
    fn note(&self, epoch: u64) -> String {
        let Some(distance) = self.measured.get(&epoch) else { return String::new() };
        let floors = self.floor.filter(|floor| *floor > 0.0).map(|floor| format!(", {:.1} floors", distance / floor));
        format!("sliced W2 {}{}", measure(*distance), floors.unwrap_or_default())
    }

    /// Draws a frame in one way or the other.
    fn shown<T>(&self, index: usize, draw: impl FnOnce(&Shown<'_>) -> T) -> T {
        let epoch = self.frames.epochs[index];
        let mut title = format!("{}{}, epoch {epoch}", self.data, self.config.title());
        match self.which {
            Which::Last => {}
            Which::Average => title += ", averaged generator",
            Which::Generator => title += ", generator",
            Which::Best => title += ", best",
        }
        let last = index + 1 == self.frames.epochs.len() && self.which != Which::Best;
        if let Some(diverged) = self.diverged.filter(|_| last) {
            title += &format!(", diverged in epoch {diverged}");
        }
        let FrameScene { layers, strips, without_points } = self.scene(epoch);
        draw(&Shown {
            scene: Scene { without_points, layers: &layers, strips: &strips },
            title: &title,
            note: &self.note(epoch),
            generated: Some(&self.frames.samples[index]),
            progress: Some(epoch as f64 / self.config.epochs as f64),
        })
    }

    fn scene(&self, epoch: u64) -> FrameScene {
        self.scenes.as_ref().map(|scenes| scenes.at(epoch)).unwrap_or_default()
    }

    /// These epochs beside each other; a run that diverged before one has an empty cell there.
    pub(super) fn row(&self, label: String, axes: Axes, epochs: &[u64]) -> anyhow::Result<Row> {
        let cell = |&epoch: &u64| {
            let title = format!("epoch {epoch}");
            let real = Arc::clone(&self.real);
            if let Some(diverged) = self.diverged.filter(|&diverged| diverged <= epoch) {
                let words = format!("diverged in epoch {diverged}");
                return Ok(Cell { title, real, words, ..Cell::default() });
            }
            let generated = Some(self.frames.samples[self.index_of(epoch)?].clone());
            let FrameScene { layers, without_points, .. } = self.scene(epoch);
            Ok(Cell { title, note: self.note(epoch), real, generated, words: String::new(), layers, without_points })
        };
        let cells = epochs.iter().map(cell).collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Row { label, axes, cells })
    }

    /// The film with only the frames that `keep` chooses by their epochs.
    pub(super) fn thinned(mut self, every: u64) -> Self {
        let last = self.frames.epochs.last().copied();
        let kept = |epoch: u64| epoch.is_multiple_of(every) || Some(epoch) == last;
        let (epochs, samples) = std::mem::take(&mut self.frames).into_pairs().filter(|(epoch, _)| kept(*epoch)).unzip();
        self.frames = Frames { epochs, samples };
        self
    }

    /// The bytes of a picture's file.
    pub(super) fn picture(&self, index: usize, form: Format) -> anyhow::Result<Vec<u8>> {
        match form {
            Format::Svg => Ok(self.shown(index, |shown| self.painter.svg(shown))?.into_bytes()),
            Format::Pdf => Ok(self.shown(index, |shown| self.painter.pdf(shown))?),
            Format::Png | Format::Gif | Format::Apng => Ok(media::encode_png(&self.frame(index)?)?),
        }
    }

    /// The bytes of a picture of its curves.
    pub(super) fn curves(&self, args: &DrawArgs, form: Format) -> anyhow::Result<Vec<u8>> {
        let run = PointsRun::open(&self.dir)?;
        let axes = ScatterPainter::axes(args.size, args.axes, &self.real, self.config.data.is_the_labs());
        let strips = Scenes::of(&run, &[], axes)?.curves(args.losses);
        let title = format!("{}{}, seed {}", self.data, self.config.title(), self.config.seed);
        let stack = Stack { title, strips, size: args.size, theme: args.theme.into() };
        match form {
            Format::Svg => Ok(stack.svg()?.into_bytes()),
            Format::Pdf => Ok(stack.pdf()?),
            Format::Png | Format::Gif | Format::Apng => Ok(media::encode_png(&stack.draw()?)?),
        }
    }

    /// Where the frame of an epoch is.
    fn index_of(&self, epoch: u64) -> anyhow::Result<usize> {
        self.frames.epochs.iter().position(|&e| e == epoch).ok_or_else(|| {
            let recorded = self.frames.epochs.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
            let path = self.dir.path().display();
            let ended = || self.dir.ended().ok().flatten().map(|condition| format!("; it ended by {condition}"));
            let fate = self.diverged.map(|epoch| format!("; it diverged in epoch {epoch}")).or_else(ended);
            let fate = fate.unwrap_or_default();
            UsageError(format!("--sheet: {path} has no frame of epoch {epoch}; it has: {recorded}{fate}")).into()
        })
    }

    /// Refuses an epoch that it has no frame of, but for one that it never came to because it diverged.
    pub(super) fn expect(&self, epoch: u64) -> anyhow::Result<()> {
        match self.diverged {
            Some(diverged) if diverged <= epoch && epoch <= self.config.epochs => Ok(()),
            _ => self.index_of(epoch).map(drop),
        }
    }
}

impl Animation for Film {
    fn len(&self) -> usize {
        self.frames.epochs.len()
    }

    fn frame(&self, index: usize) -> Result<Picture, RenderError> {
        self.shown(index, |shown| self.painter.frame(shown))
    }
}
