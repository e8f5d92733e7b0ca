//! A page of runs of points: a few side by side, with all that they recorded over one scrubber.

use serde::Serialize;

use super::layers::{self, Layers};
use super::packed::Packed;
use super::repeat::Repeat;
use super::{PageError, RUN, Table};
use crate::config::{RunConfig, Watched};
use crate::data::Point;
use crate::kinds::points::{EpochRecord, Floor, PointsRun, Recorded};
use crate::metric::w1;
use crate::objective::{Constraint, Game, rules};
use crate::render::{Axes, AxesChoice};
use crate::run::{Kind, RunError, Status};

/// Runs that a report shows.
pub const MOST_RUNS: usize = 4;
/// Runs that have colours of their own, and so can stand side by side.
pub const MOST_SIDE_BY_SIDE: usize = 6;
/// Bytes that a run's frames may take in the page.
const MOST_BYTES: usize = 1_250_000;
/// More points than these are not drawn.
const MOST_POINTS: usize = 1500;
/// More epochs than these are thinned.
const MOST_RECORDS: usize = 500;
/// Points whose exact W1 is calculated for each frame: the time grows with their cube.
const MATCHED: usize = 300;
/// Points this many axes away are drawn no further away: they are outside of the plot in any case.
const AROUND: f64 = 1.0;
/// An array of the page is an object; beside its numbers it takes so many bytes.
pub(super) const OBJECT: usize = 90;

/// A page of runs.
#[derive(Clone, Debug, Serialize)]
pub struct RunPage {
    /// The program that made it.
    program: String,
    axes: PageAxes,
    /// What x and y are called.
    names: Option<[String; 2]>,
    /// Whether all runs have the same held-out points.
    same_data: bool,
    /// Whether all runs have the same codes, so that a point of one is the same code's as that of another.
    same_codes: bool,
    runs: Vec<PageRun>,
    tables: Vec<Table>,
    notes: Vec<String>,
}

/// A run to show, with its name among the others.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its name.
    pub name: String,
    /// The run.
    pub run: PointsRun,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct PageAxes {
    pub(super) x: (f64, f64),
    pub(super) y: (f64, f64),
    /// How many times as wide as high the plot is.
    aspect: f64,
}

/// Points, their coordinates apart.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Cloud {
    pub(super) x: Packed,
    pub(super) y: Packed,
}

#[derive(Clone, Debug, Serialize)]
struct PageRun {
    name: String,
    path: String,
    title: String,
    status: String,
    seed: u64,
    rule: PageRule,
    data: String,
    data_sha256: Option<String>,
    real: Cloud,
    /// How many points are held out, of which `real` may be the first ones.
    held_out: usize,
    epochs: Vec<u64>,
    /// Frames recorded, of which those in `epochs` are shown.
    recorded: usize,
    /// For each frame its points.
    samples: Vec<Cloud>,
    /// Whether frames are the averaged generator's.
    averaged: bool,
    #[serde(flatten)]
    layers: Layers,
    /// Why a run of this rule records nothing of its discriminator.
    why: Option<&'static str>,
    /// Why there is no lattice.
    why_no_lattice: Option<&'static str>,
    records: Records,
    floor: Option<Floor>,
    /// For each frame of a Wasserstein critic the exact W1, in the networks' units.
    w1: Option<TrueW1>,
    repeat: Repeat,
}

/// What the scores of a run mean.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct PageRule {
    name: &'static str,
    title: String,
    help: &'static str,
    logits: bool,
    /// Whether scores meet in pairs.
    pairs: bool,
    wasserstein: bool,
    /// The score at which the discriminator cannot tell; None where only differences count.
    blind_score: Option<f64>,
    /// What both networks lose where all scores are that, or equal.
    blind: Option<[f64; 2]>,
    penalty: Option<&'static str>,
    clip: Option<f64>,
    /// Points that have one score together.
    pack: usize,
}

/// The records of epochs, a column each.
#[derive(Clone, Debug, Serialize)]
struct Records {
    epoch: Vec<u64>,
    iteration: Vec<u64>,
    /// Epochs recorded, of which those above are shown.
    recorded: usize,
    seconds: f64,
    columns: Vec<Column>,
}

#[derive(Clone, Debug, Serialize)]
struct Column {
    name: String,
    values: Vec<Option<f64>>,
}

#[derive(Clone, Debug, Serialize)]
struct TrueW1 {
    points: usize,
    values: Vec<f64>,
    /// The same between two halves of the held-out points.
    floor: Option<f64>,
}

impl RunPage {
    /// The page of these runs, [`MOST_SIDE_BY_SIDE`] at most, with tables under them and remarks.
    pub fn of(shown: &[Shown], tables: Vec<Table>, notes: Vec<String>) -> Result<Self, RunError> {
        let shown = &shown[..shown.len().min(MOST_SIDE_BY_SIDE)];
        let real = shown.iter().map(|shown| shown.run.real()).collect::<Result<Vec<_>, _>>()?;
        let codes = shown.iter().map(|shown| shown.run.noise()).collect::<Result<Vec<_>, _>>()?;
        let all: Vec<Point> = real.iter().flatten().copied().collect();
        let axes = page_axes(common_extent(shown)?.unwrap_or_else(|| {
            Axes::chosen(AxesChoice::Auto, &all, shown.iter().all(|shown| shown.run.config().data.is_the_labs()), WIDE)
        }));
        let runs = shown.iter().zip(&real).map(|(shown, real)| PageRun::of(shown, real, &axes));
        let names = shown.first().map(|shown| shown.run.axis_names()).transpose()?.flatten();
        Ok(Self {
            program: crate::version::program(),
            axes,
            names,
            same_data: real.windows(2).all(|pair| pair[0] == pair[1]),
            same_codes: codes.windows(2).all(|pair| pair[0] == pair[1]),
            runs: runs.collect::<Result<_, _>>()?,
            tables,
            notes,
        })
    }

    /// The page's bytes.
    pub fn bytes(&self) -> Result<Vec<u8>, PageError> {
        RUN.with(self)
    }

    /// The remarks under it.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// For each run its name and the command that repeats it.
    pub fn commands(&self) -> impl Iterator<Item = (&str, &str)> {
        self.runs.iter().map(|run| (run.name.as_str(), run.repeat.command.as_str()))
    }
}

/// A plot's sides, where units of both axes are not alike.
const WIDE: f64 = 4.0 / 3.0;
/// Sides of the data that differ by less have a unit as long on both axes.
const ALIKE: f64 = 1.5;

/// The axes over which the runs' fields were taken, where they are the same for all.
fn common_extent(shown: &[Shown]) -> Result<Option<Axes>, RunError> {
    let scopes = shown.iter().map(|shown| shown.run.scope()).collect::<Result<Vec<_>, _>>()?;
    let extents: Option<Vec<_>> = scopes.into_iter().map(|scope| scope.map(|scope| scope.extent)).collect();
    let same = extents.filter(|all| all.windows(2).all(|pair| pair[0] == pair[1]));
    let first = same.and_then(|all| all.first().copied());
    Ok(first.map(|extent| Axes { x: extent.x.into(), y: extent.y.into() }))
}

fn page_axes(axes: Axes) -> PageAxes {
    let ratio = (axes.x.1 - axes.x.0) / (axes.y.1 - axes.y.0);
    // Axes with a unit as long on both keep it so; others fill a plot of the usual form.
    let aspect = if (1.0 / ALIKE..ALIKE).contains(&ratio) { ratio } else { WIDE };
    PageAxes { x: axes.x, y: axes.y, aspect }
}

impl PageRun {
    fn of(shown: &Shown, real: &[Point], axes: &PageAxes) -> Result<Self, RunError> {
        let (run, config) = (&shown.run, shown.run.config());
        let frames = run.frames()?;
        let all = run.metrics()?;
        let points = frames.samples.first().map_or(0, Vec::len).min(MOST_POINTS);
        let recorded = run.recorded(frames.epochs.len())?;
        let kept = evenly(frames.epochs.len(), frames_that_fit(points, &recorded));
        let samples: Vec<Cloud> = kept.iter().map(|&i| cloud(&frames.samples[i], points, axes)).collect();
        let epochs: Vec<u64> = kept.iter().map(|&i| frames.epochs[i]).collect();
        let matched: Vec<&[Point]> = kept.iter().map(|&i| frames.samples[i].as_slice()).collect();
        let game = config.game();
        let manifest = run.dir().manifest()?;
        let input = manifest.input("data");
        Ok(Self {
            name: shown.name.clone(),
            path: run.path().display().to_string(),
            title: config.title(),
            status: status(run)?,
            seed: config.seed,
            rule: PageRule::of(config),
            data: config.data.path.display().to_string(),
            data_sha256: input.map(|input| input.sha256.clone()),
            real: cloud(real, MOST_POINTS, axes),
            held_out: real.len(),
            recorded: frames.epochs.len(),
            records: Records::of(&all, &epochs),
            epochs,
            samples,
            averaged: config.ema.is_some(),
            layers: Layers::of(game.rule, &recorded, &kept, axes),
            why: game.rule.has_sides().then_some("its discriminator scores pairs of points, never one"),
            why_no_lattice: (config.generator.latent_dim > 2)
                .then_some("codes of three numbers or more have no sheet to draw"),
            floor: run.floor()?,
            w1: (game.rule == rules::WASSERSTEIN).then(|| true_w1(run, real, &matched)).transpose()?,
            repeat: Repeat::of(config, "repeated"),
        })
    }
}

impl PageRule {
    fn of(config: &RunConfig) -> Self {
        let game = config.game();
        let rule = game.rule;
        Self {
            name: rule.name,
            title: config.game_title(),
            help: rule.help,
            logits: rule.logits,
            pairs: matches!(rule.meets, rules::Meets::Pairs(_)),
            wasserstein: rule == rules::WASSERSTEIN,
            blind_score: rule.blind,
            blind: blind(&game),
            penalty: game.penalty.map(|penalised| penalised.penalty.name),
            clip: if let Constraint::Clip(bound) = game.constraint { Some(bound) } else { None },
            pack: config.members(),
        }
    }
}

/// What the two networks lose where the discriminator cannot tell; None for a rule that scores points side by side.
fn blind(game: &Game) -> Option<[f64; 2]> {
    if game.rule.has_sides() {
        return None;
    }
    let score = [game.rule.blind.unwrap_or(0.0)];
    let critic = game.critic(&score, &score, [&mut [0.0], &mut [0.0]]);
    Some([critic, game.generator(&score, &score, &mut [0.0])])
}

impl Records {
    /// The records, thinned; those of frames stay.
    fn of(all: &[EpochRecord], frames: &[u64]) -> Self {
        let mut kept = evenly(all.len(), MOST_RECORDS);
        kept.extend((0..all.len()).filter(|&i| frames.binary_search(&all[i].epoch).is_ok()));
        kept.sort_unstable();
        kept.dedup();
        let column = |watched: Watched| {
            let values: Vec<Option<f64>> = kept.iter().map(|&i| all[i].value(watched).and_then(rounded)).collect();
            let name = watched.name().replace('-', "_");
            values.iter().any(Option::is_some).then_some(Column { name, values })
        };
        Self {
            epoch: kept.iter().map(|&i| all[i].epoch).collect(),
            iteration: kept.iter().map(|&i| all[i].iteration).collect(),
            recorded: all.len(),
            seconds: all.last().map_or(0.0, |record| record.seconds),
            columns: Watched::ALL.into_iter().filter_map(column).chain(clip_share(all, &kept)).collect(),
        }
    }
}

/// The share of the discriminator's parameters at the clip, where that was recorded.
fn clip_share(all: &[EpochRecord], kept: &[usize]) -> Option<Column> {
    let values: Vec<Option<f64>> = kept.iter().map(|&i| all[i].clip_share.and_then(rounded)).collect();
    values.iter().any(Option::is_some).then(|| Column { name: "clip_share".to_owned(), values })
}

/// With six digits: more say nothing and take room.
fn rounded(x: f64) -> Option<f64> {
    if x.is_finite() { format!("{x:.5e}").parse().ok() } else { None }
}

/// How far a run came, in words.
fn status(run: &PointsRun) -> Result<String, RunError> {
    let diverged = run.dir().manifest()?.diverged;
    Ok(match run.status()? {
        Status::Finished { done } => format!("{done} epochs"),
        Status::Ended { done, total } => {
            let condition = run.dir().ended()?.map(|words| format!(" by {words}")).unwrap_or_default();
            format!("ended{condition} after {done} of {total} epochs")
        }
        Status::Unfinished { done, .. } if diverged => format!("diverged in epoch {}", done + 1),
        Status::Unfinished { done, total } => format!("{done} of {total} epochs so far"),
        Status::Absent => Kind::Points.noun().to_owned(),
    })
}

/// Points within the axes and around them.
pub(super) fn cloud(points: &[Point], most: usize, axes: &PageAxes) -> Cloud {
    let points = &points[..points.len().min(most)];
    let side = |axis: usize, (low, high): (f64, f64)| {
        let around = AROUND * (high - low);
        let values: Vec<f64> = points.iter().map(|point| point[axis]).collect();
        Packed::over(&values, low - around, high + around)
    };
    Cloud { x: side(0, axes.x), y: side(1, axes.y) }
}

/// How many frames have room.
fn frames_that_fit(points: usize, recorded: &Recorded) -> usize {
    let frame = 2 * (Packed::size(points) + OBJECT) + layers::frame_size(recorded);
    (MOST_BYTES / frame.max(1)).max(2)
}

/// So many of `n` things at most, evenly, the first and the last among them.
fn evenly(n: usize, most: usize) -> Vec<usize> {
    if n <= most {
        return (0..n).collect();
    }
    (0..most).map(|i| i * (n - 1) / (most - 1).max(1)).collect()
}

/// The exact W1 between the first points of each frame and the first held-out ones, in the networks' units.
fn true_w1(run: &PointsRun, real: &[Point], frames: &[&[Point]]) -> Result<TrueW1, RunError> {
    let units = run.units()?;
    let inward =
        |points: &[Point]| -> Vec<Point> { points.iter().map(|&point| units.inward(point).map(f64::from)).collect() };
    let points = MATCHED.min(real.len() / 2).max(1).min(real.len());
    let held_out = inward(&real[..(2 * points).min(real.len())]);
    let (first, second) = held_out.split_at(points.min(held_out.len()));
    let distance = |frame: &&[Point]| {
        let matched = frame.get(..points).map(|frame| w1(first, &inward(frame)));
        matched.and_then(rounded).unwrap_or(f64::NAN)
    };
    let floor = (first.len() == second.len()).then(|| rounded(w1(first, second))).flatten();
    Ok(TrueW1 { points, values: frames.iter().map(distance).collect(), floor })
}
