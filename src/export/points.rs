//! What there is to export of a run of points.

use super::ExportError;
use super::content::{Array, Arrays, Cells, Content, Floor, Row};
use crate::config::{Config as _, Recording};
use crate::data::npy;
use crate::kinds::points::PointsRun;
use crate::run::{Kind, RunDir, RunError};

/// The discriminator's scores, among what is recorded of frames.
const SCORES: &str = Recording::Scores.name();
/// Which points are scored, in the order in which their scores are recorded.
const SCORED: [&str; 3] = ["train", "held_out", "generated"];

pub(super) fn content(dir: &RunDir, wanted: Arrays) -> Result<Content, ExportError> {
    let run = PointsRun::open(dir)?;
    let config = run.config();
    let words = format!("{}-{}", config.game_name(), config.optim.name());
    let mut content = Content::begin(dir, Kind::Points, config.title(), &words, config.to_json())?;
    let records = serde_json::to_value(run.metrics()?)
        .map_err(|error| dir.malformed(Kind::Points.records_file(), error.to_string()))?;
    content.rows = records.as_array().into_iter().flatten().map(|record| Row::of(Kind::Points, record)).collect();
    content.floors = floors(&run)?;
    let recorded = run.scope()?.map(|scope| scope.recorded).unwrap_or_default();
    content.has_scores = recorded.iter().any(|name| name == SCORES);
    if content.has_scores || wanted == Arrays::All {
        // First the frames that count, by their epochs.
        let epochs = run.frames()?.epochs;
        if content.has_scores {
            add_scores(&run, &epochs, &mut content.rows)?;
        }
        if wanted == Arrays::All {
            content.arrays = arrays(&run, &recorded, epochs)?;
        }
    }
    Ok(content)
}

/// An array that grows by a frame at a time, with so many frames at most.
fn frames_of(run: &PointsRun, name: &str, frames: usize) -> Result<npy::Array, RunError> {
    let file = file(name);
    let array = run.dir().array(&file)?;
    run.dir().check_frames(&file, &array)?;
    Ok(cut(array, frames))
}

fn file(array: &str) -> String {
    format!("{array}.npy")
}

/// Which of a run's frames is that of an epoch: those before it stand at multiples.
pub(super) fn frame_index(run: &PointsRun, epoch: u64) -> u64 {
    epoch.saturating_sub(1) / run.config().frame_every.max(1)
}

/// Adds what follows from the scores that are recorded at a record's epoch.
pub(super) fn add_scores_of(run: &PointsRun, row: &mut Row) -> Result<(), RunError> {
    let scores = run.dir().array_part(&file(SCORES), frame_index(run, row.step) as usize)?;
    row.numbers.extend(of_scores(&scores));
    Ok(())
}

fn add_scores(run: &PointsRun, epochs: &[u64], rows: &mut [Row]) -> Result<(), RunError> {
    let npy::Array { shape, values, .. } = frames_of(run, SCORES, epochs.len())?;
    let size = shape.iter().skip(1).product::<u64>() as usize;
    for (epoch, scores) in epochs.iter().zip(values.chunks_exact(size.max(1))) {
        // Epochs follow each other from 1.
        if let Some(row) = (*epoch as usize).checked_sub(1).and_then(|before| rows.get_mut(before)) {
            row.numbers.extend(of_scores(scores));
        }
    }
    Ok(())
}

/// The mean score, and the share of scores above 0, of each kind of points.
fn of_scores(scores: &[f64]) -> impl Iterator<Item = (String, f64)> {
    let of = |(name, scores): (&str, &[f64])| {
        let count = scores.len() as f64;
        let above = scores.iter().filter(|score| **score > 0.0).count() as f64;
        [(format!("scores_{name}"), scores.iter().sum::<f64>() / count), (format!("signs_{name}"), above / count)]
    };
    SCORED.into_iter().zip(scores.chunks_exact((scores.len() / SCORED.len()).max(1))).flat_map(of)
}

fn floors(run: &PointsRun) -> Result<Vec<Floor>, RunError> {
    let Some(floor) = run.floor()? else { return Ok(Vec::new()) };
    let known =
        [("sliced_w2", Some(floor.sliced_w2)), ("coverage", floor.coverage), ("mode_tv", floor.mode_tv)].into_iter();
    let of = |(key, spread): (&'static str, Option<crate::metric::Spread>)| {
        let spread = spread?;
        Some(Floor { key, mean: spread.mean, deviation: spread.deviation })
    };
    Ok(known.filter_map(of).collect())
}

fn arrays(run: &PointsRun, recorded: &[String], epochs: Vec<u64>) -> Result<Vec<Array>, RunError> {
    let dir = run.dir();
    let floats = |name: &str, npy::Array { precision, shape, values }: npy::Array| Array {
        name: name.to_owned(),
        shape,
        cells: Cells::Floats(precision, values),
    };
    let mut arrays = Vec::new();
    for name in ["real", "noise"] {
        arrays.push(floats(name, dir.array(&file(name))?));
    }
    for name in std::iter::once("samples").chain(recorded.iter().map(String::as_str)) {
        arrays.push(floats(name, frames_of(run, name, epochs.len())?));
    }
    if !recorded.is_empty() {
        // Where a field is, and of how many points the others are.
        let text = dir.read_text("recorded.json")?;
        arrays.push(Array { name: "recorded".to_owned(), shape: Vec::new(), cells: Cells::Text(text) });
    }
    let frames = Array { name: "frames".to_owned(), shape: vec![epochs.len() as u64], cells: Cells::Whole(epochs) };
    arrays.push(frames);
    Ok(arrays)
}

fn cut(mut array: npy::Array, frames: usize) -> npy::Array {
    let size = array.shape.iter().skip(1).product::<u64>() as usize;
    array.values.truncate(frames * size);
    if let Some(first) = array.shape.first_mut() {
        *first = (*first).min(frames as u64);
    }
    array
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_become_their_means_and_the_shares_above_0() {
        let found: Vec<(String, f64)> = of_scores(&[1.0, 2.0, -1.0, 0.0, -3.0, 5.0]).collect();
        let wanted = [
            ("scores_train", 1.5),
            ("signs_train", 1.0),
            ("scores_held_out", -0.5),
            ("signs_held_out", 0.0),
            ("scores_generated", 1.0),
            ("signs_generated", 0.5),
        ];
        assert_eq!(found, wanted.map(|(name, value)| (name.to_owned(), value)));
        assert_eq!(of_scores(&[]).count(), 0);
    }

    #[test]
    fn an_array_has_the_frames_that_count() {
        let array = |frames: u64| npy::Array {
            precision: npy::Precision::Single,
            shape: vec![frames, 2, 1],
            values: vec![1.0; 2 * frames as usize],
        };
        assert_eq!(cut(array(5), 3), array(3));
        assert_eq!(cut(array(2), 3), array(2));
    }
}
