//! What pictures show of a run's frames: the list of views, and how each is made of what was recorded.

use std::sync::Arc;

use super::recorded::{Lattice, Recorded, SIDE, Span, Tone, between_means, quantile};
use super::run::{EpochRecord, Floor, Frames, PointsRun};
use crate::config::Recording;
use crate::data::Point;
use crate::figures::measure;
use crate::metric::Spread;
use crate::objective::Game;
use crate::render::{Axes, Field, Forces, Histogram, Histograms, Kind, Layer, Line, Lines, Mesh, Strip};
use crate::run::RunError;

/// Something that a picture can show of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The discriminator's scores as tones.
    Field,
    /// Lines of equal score.
    Contours,
    /// How densely generated points lie.
    Density,
    /// Where the generator takes a lattice of codes.
    Lattice,
    /// Real and generated points.
    Points,
    /// Where generated points are pushed.
    Forces,
    /// Histograms of scores, below.
    Scores,
    /// The distance over epochs, below.
    Distance,
    /// The losses over epochs, below.
    Losses,
}

impl View {
    /// Every one, from the back to the front, and then those below.
    pub const ALL: [Self; 9] = [
        Self::Field,
        Self::Contours,
        Self::Density,
        Self::Lattice,
        Self::Points,
        Self::Forces,
        Self::Scores,
        Self::Distance,
        Self::Losses,
    ];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Field => "field",
            Self::Contours => "contours",
            Self::Density => "density",
            Self::Lattice => "lattice",
            Self::Points => "points",
            Self::Forces => "forces",
            Self::Scores => "scores",
            Self::Distance => "distance",
            Self::Losses => "losses",
        }
    }

    /// What it is, in words.
    pub const fn help(self) -> &'static str {
        match self {
            Self::Field => "The discriminator's score at each place, as shades of colour",
            Self::Contours => {
                "Lines of equal score; on the thick one the discriminator cannot tell real from generated"
            }
            Self::Density => "How densely generated points lie",
            Self::Lattice => {
                "How the generator deforms a regular grid of codes; stronger in colour where samples lie denser"
            }
            Self::Points => "Real and generated points",
            Self::Forces => "Where the generator's loss pushes generated points",
            Self::Scores => "Panel below: histograms of the scores of training, held-out and generated points",
            Self::Distance => "Panel below: sliced W2 over epochs, with its floor (the distance of two real sets)",
            Self::Losses => "Panel below: both networks' losses over epochs",
        }
    }

    /// What has to have been recorded for it.
    pub const fn needs(self) -> Option<Recording> {
        match self {
            Self::Field | Self::Contours => Some(Recording::Field),
            Self::Lattice => Some(Recording::Lattice),
            Self::Forces => Some(Recording::Forces),
            Self::Scores => Some(Recording::Scores),
            Self::Density | Self::Points | Self::Distance | Self::Losses => None,
        }
    }

    /// Whether it stands below the points.
    pub const fn is_below(self) -> bool {
        matches!(self, Self::Scores | Self::Distance | Self::Losses)
    }

    /// Why a run cannot be shown so; None if it can.
    pub fn missing_in(self, run: &PointsRun) -> Option<String> {
        let needed = self.needs()?;
        let is_there = run.has_recorded(needed);
        (!is_there).then(|| missing(run, self, needed).to_string())
    }
}

/// Why a run's frames cannot be shown so.
#[derive(Debug, thiserror::Error)]
pub enum SceneError {
    /// It is no run, or a damaged one.
    #[error(transparent)]
    Run(#[from] RunError),
    /// What a view shows was not recorded.
    #[error("{path} has no {name}: {reason}")]
    NotRecorded {
        /// The run.
        path: String,
        /// The view's word.
        name: &'static str,
        /// Why, and what to do.
        reason: String,
    },
}

/// More arrows hide each other.
const ARROWS: usize = 80;
/// The share of the picture that long arrows have, which fewer than one in ten are longer than.
const LONG: f64 = 0.07;
/// Of scores, so many lie within a histogram's range.
const WITHIN: f64 = 0.99;

/// A frame's field of scores, in tones; None where it was not recorded.
pub fn field_of(tone: &Tone, recorded: &Recorded, frame: usize) -> Option<Field> {
    let (scores, extent) = (recorded.field.as_ref()?.get(frame)?, recorded.extent?);
    let pair = |[low, high]: [f64; 2]| (low, high);
    let words = match (tone.span, tone.is_middle) {
        (Span::Probability, false) => ["D(x)".to_owned(), "0".into(), "1".into()],
        (Span::Probability, true) => ["D(x) from the middle".to_owned(), "0".into(), "1".into()],
        (Span::Value(most), false) => {
            let end = |sign: f64| measure(tone.centre[frame] + sign * most);
            ["score".to_owned(), end(-1.0), end(1.0)]
        }
        (Span::Value(most), true) => ["score from the middle".to_owned(), measure(-most), measure(most)],
    };
    let tones = scores.iter().map(|&score| tone.at(frame, f64::from(score)) as f32).collect();
    let extent = Axes { x: pair(extent.x), y: pair(extent.y) };
    Some(Field { side: SIDE, tones: Arc::new(tones), extent, words })
}

/// A run's frames as scenes.
#[derive(Clone, Debug)]
pub struct Scenes {
    views: Vec<View>,
    recorded: Recorded,
    tone: Option<Tone>,
    /// By what a force is multiplied to be an arrow.
    step: f64,
    /// Where scores are told about.
    range: (f64, f64),
    frames: Frames,
    records: Vec<EpochRecord>,
    floor: Option<Floor>,
    game: Game,
    end: f64,
}

/// What a frame shows beside its points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FrameScene {
    /// Layers, from the back.
    pub layers: Vec<Layer>,
    /// What stands below.
    pub strips: Vec<Strip>,
    /// Whether points are left out.
    pub without_points: bool,
}

impl Scenes {
    /// The frames of a run as these views, on pictures with these axes.
    pub fn of(run: &PointsRun, views: &[View], axes: Axes) -> Result<Self, SceneError> {
        let frames = run.frames()?;
        let recorded = run.recorded(frames.epochs.len())?;
        for view in views {
            if let Some(needed) = view.needs().filter(|&needed| !recorded.has(needed)) {
                return Err(missing(run, *view, needed));
            }
        }
        let game = run.config().game();
        let forces = recorded.forces.iter().flatten().flatten();
        let size = |axis: (f64, f64)| axis.1 - axis.0;
        let lengths = forces.map(|[x, y]| (x / size(axes.x)).hypot(y / size(axes.y))).collect();
        let scores = recorded.scores.iter().flatten().flatten().flatten().map(|&x| f64::from(x)).collect::<Vec<_>>();
        Ok(Self {
            views: View::ALL.into_iter().filter(|view| views.contains(view)).collect(),
            tone: Tone::of(game.rule, &recorded),
            step: rounded(LONG / quantile(lengths, 0.9).max(f64::MIN_POSITIVE)),
            range: (quantile(scores.clone(), 1.0 - WITHIN), quantile(scores, WITHIN)),
            records: run.metrics()?,
            floor: run.floor()?,
            end: run.config().epochs as f64,
            recorded,
            frames,
            game,
        })
    }

    /// Whether it shows nothing but points.
    pub fn is_plain(&self) -> bool {
        self.views == [View::Points]
    }

    /// The scene of the frame of an epoch.
    pub fn at(&self, epoch: u64) -> FrameScene {
        let Some(frame) = self.frames.epochs.iter().position(|&e| e == epoch) else { return FrameScene::default() };
        let mut scene = FrameScene { without_points: !self.views.contains(&View::Points), ..FrameScene::default() };
        for view in &self.views {
            match view {
                View::Points => {}
                View::Field => scene.layers.extend(self.field(frame).map(Layer::Field)),
                View::Contours => scene.layers.extend(self.field(frame).map(Layer::Contours)),
                View::Density => scene.layers.push(Layer::Density(self.frames.samples[frame].clone())),
                View::Lattice => scene.layers.extend(self.lattice(frame).map(Layer::Lattice)),
                View::Forces => scene.layers.extend(self.forces(frame).map(Layer::Forces)),
                View::Scores => scene.strips.extend(self.scores(frame).map(Strip::Histograms)),
                View::Distance => scene.strips.push(Strip::Lines(self.distance(epoch))),
                View::Losses => scene.strips.push(Strip::Lines(self.losses(epoch))),
            }
        }
        scene
    }

    fn field(&self, frame: usize) -> Option<Field> {
        field_of(self.tone.as_ref()?, &self.recorded, frame)
    }

    fn lattice(&self, frame: usize) -> Option<Mesh> {
        Some(match self.recorded.lattice.as_ref()?.get(frame)?.clone() {
            Lattice::Curve(points) => Mesh::Curve(points),
            Lattice::Sheet(lines) => Mesh::Sheet(lines),
        })
    }

    fn forces(&self, frame: usize) -> Option<Forces> {
        let (forces, points) = (self.recorded.forces.as_ref()?.get(frame)?, &self.frames.samples[frame]);
        let forces = &forces[..forces.len().min(ARROWS)];
        let to = |(point, force): (&Point, &Point)| [0, 1].map(|i| point[i] + self.step * force[i]);
        Some(Forces {
            from: points.iter().take(forces.len()).copied().collect(),
            to: points.iter().zip(forces).map(to).collect(),
            words: format!("forces, {} x as long", self.step),
        })
    }

    fn scores(&self, frame: usize) -> Option<Histograms> {
        let groups = self.recorded.scores.as_ref()?.get(frame)?;
        let blind = self.game.rule.blind.unwrap_or_else(|| between_means(groups));
        let above = self.game.rule.blind.map_or_else(|| "the middle".to_owned(), measure_short);
        let named = [("training", Kind::Real), ("held out", Kind::HeldOut), ("generated", Kind::Generated)];
        let group = |((name, kind), values): ((&str, Kind), &Vec<f32>)| Histogram {
            name: name.to_owned(),
            kind,
            values: values.clone(),
        };
        Some(Histograms {
            title: format!("scores; above {above}:"),
            range: self.range,
            blind,
            groups: named.into_iter().zip(groups).map(group).collect(),
        })
    }

    /// All that was measured over epochs, or the losses alone.
    pub fn curves(&self, losses_alone: bool) -> Vec<Strip> {
        let last = self.records.last().map_or(0, |record| record.epoch);
        let mut strips = vec![self.losses(last)];
        if !losses_alone {
            let floor = |of: fn(&Floor) -> Option<Spread>| self.floor.as_ref().and_then(of);
            let others = [
                self.measured(last, "coverage", |record| record.coverage, floor(|floor| floor.coverage)),
                self.measured(last, "mode TV", |record| record.mode_tv, floor(|floor| floor.mode_tv)),
            ];
            let measured = std::iter::once(self.distance(last)).chain(others);
            strips.splice(0..0, measured.filter(|lines| lines.lines.iter().any(|line| !line.points.is_empty())));
        }
        strips.into_iter().map(Strip::Lines).collect()
    }

    fn measured(&self, at: u64, name: &str, of: fn(&EpochRecord) -> Option<f64>, floor: Option<Spread>) -> Lines {
        let points = self.records.iter().filter_map(|record| Some((record.epoch as f64, of(record)?))).collect();
        let band = |Spread { mean, deviation, .. }: Spread| {
            let deviation = deviation.unwrap_or(0.0);
            (mean - deviation, mean + deviation, "what real points have in grey".to_owned())
        };
        Lines {
            title: name.to_owned(),
            lines: vec![Line { name: name.into(), kind: Kind::Generated, points }],
            band: floor.map(band),
            level: None,
            is_logarithmic: false,
            at: at as f64,
            end: self.end,
        }
    }

    fn distance(&self, epoch: u64) -> Lines {
        let points = self.records.iter().filter_map(|record| Some((record.epoch as f64, record.sliced_w2?))).collect();
        let band = |floor: &Floor| {
            let Spread { mean, deviation, .. } = floor.sliced_w2;
            let deviation = deviation.unwrap_or(0.0).min(0.9 * mean);
            (mean - deviation, mean + deviation, "floor in grey".to_owned())
        };
        Lines {
            title: "distance".to_owned(),
            lines: vec![Line { name: "sliced W2".into(), kind: Kind::Generated, points }],
            band: self.floor.as_ref().filter(|floor| floor.sliced_w2.mean > 0.0).map(band),
            level: None,
            is_logarithmic: true,
            at: epoch as f64,
            end: self.end,
        }
    }

    fn losses(&self, epoch: u64) -> Lines {
        let of = |name: &str, kind, loss: fn(&EpochRecord) -> f64| Line {
            name: name.into(),
            kind,
            points: self.records.iter().map(|record| (record.epoch as f64, loss(record))).collect(),
        };
        let level = blind_loss(&self.game).map(|loss| (loss, format!("cannot tell at {}", measure_short(loss))));
        Lines {
            title: "losses".to_owned(),
            lines: vec![
                of("discriminator", Kind::Real, |record| record.d_loss),
                of("generator", Kind::Generated, |record| record.g_loss),
            ],
            band: None,
            level,
            is_logarithmic: false,
            at: epoch as f64,
            end: self.end,
        }
    }
}

/// The discriminator's loss where it cannot tell; None where a real and a generated point have one score.
pub fn blind_loss(game: &Game) -> Option<f64> {
    let blind = [game.rule.blind.unwrap_or(0.0)];
    (!game.rule.has_sides()).then(|| game.critic(&blind, &blind, [&mut [0.0], &mut [0.0]]))
}

/// With three digits, which are as many as a title has room for.
fn measure_short(x: f64) -> String {
    if x == 0.0 { "0".to_owned() } else { format!("{}", (x * 1000.0).round() / 1000.0) }
}

fn missing(run: &PointsRun, view: View, needed: Recording) -> SceneError {
    let config = run.config();
    let path = run.path().display().to_string();
    let reason = needed.lacks(config).unwrap_or_else(|| match &config.record {
        Some(words) => format!("it was made with --record {}", words.join(",")),
        None => "it was begun before gan-lab recorded such; train again to have it".to_owned(),
    });
    SceneError::NotRecorded { path, name: view.name(), reason }
}

/// The nearest of 1, 2 and 5 times a power of ten.
fn rounded(x: f64) -> f64 {
    if !x.is_finite() || x <= 0.0 || x > 1e200 {
        return 1.0;
    }
    let power = x.log10().floor() as i32;
    let tenth = 10_f64.powi(power.abs());
    let near = |digit: &f64| (x.ln() - (if power < 0 { digit / tenth } else { digit * tenth }).ln()).abs();
    let digit = [1.0, 2.0, 5.0, 10.0].into_iter().min_by(|a, b| near(a).total_cmp(&near(b))).unwrap_or(1.0);
    if power < 0 { digit / tenth } else { digit * tenth }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::rules;

    #[test]
    fn steps_are_round() {
        for (x, expected) in [(0.0137, 0.01), (0.017, 0.02), (3.4, 5.0), (8.0, 10.0), (1.0, 1.0), (0.0, 1.0)] {
            assert!((rounded(x) - expected).abs() < 1e-12, "{x}: {}", rounded(x));
        }
        assert!((rounded(f64::INFINITY) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_blind_discriminator_has_the_losses_of_the_papers() {
        for (rule, expected) in [
            ("saturating", 2.0 * std::f64::consts::LN_2),
            ("non-saturating", 2.0 * std::f64::consts::LN_2),
            ("least-squares", 0.25),
            ("hinge", 2.0),
            ("wasserstein", 0.0),
            ("rpgan", std::f64::consts::LN_2),
        ] {
            let rule = rules::Rule::named(rule).unwrap();
            assert!((blind_loss(&Game::of(rule)).unwrap() - expected).abs() < 1e-12, "{}", rule.name);
        }
        assert_eq!(blind_loss(&Game::of(rules::Rule::named("paired").unwrap())), None);
    }

    #[test]
    fn views_have_words_of_their_own() {
        for (i, view) in View::ALL.into_iter().enumerate() {
            assert!(View::ALL.into_iter().skip(i + 1).all(|other| other.name() != view.name()));
        }
    }
}
