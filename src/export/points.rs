//! What there is to export of a run of points.

use super::ExportError;
use super::content::{Array, Arrays, Cells, Content, Floor, Row};
use crate::config::Config as _;
use crate::data::npy;
use crate::kinds::points::PointsRun;
use crate::run::{Kind, RunDir, RunError};

pub(super) fn content(dir: &RunDir, wanted: Arrays) -> Result<Content, ExportError> {
    let run = PointsRun::open(dir)?;
    let config = run.config();
    let words = format!("{}-{}", config.game_name(), config.optim.name());
    let mut content = Content::begin(dir, Kind::Points, config.title(), &words, config.to_json())?;
    let records = serde_json::to_value(run.metrics()?)
        .map_err(|error| dir.malformed(Kind::Points.records_file(), error.to_string()))?;
    content.rows = records.as_array().into_iter().flatten().map(|record| Row::of(Kind::Points, record)).collect();
    content.floors = floors(&run)?;
    if wanted == Arrays::All {
        content.arrays = arrays(&run)?;
    }
    Ok(content)
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

fn arrays(run: &PointsRun) -> Result<Vec<Array>, RunError> {
    let floats = |name: &str, npy::Array { precision, shape, values }: npy::Array| Array {
        name: name.to_owned(),
        shape,
        cells: Cells::Floats(precision, values),
    };
    // First the frames that count, by their epochs.
    let epochs = run.frames()?.epochs;
    let mut arrays = Vec::new();
    for name in ["real", "noise"] {
        arrays.push(floats(name, run.dir().array(&format!("{name}.npy"))?));
    }
    arrays.push(floats("samples", cut(run.dir().array("samples.npy")?, epochs.len())));
    arrays.push(Array { name: "frames".to_owned(), shape: vec![epochs.len() as u64], cells: Cells::Whole(epochs) });
    Ok(arrays)
}

/// An array that grows by a frame at a time, with only so many of them.
fn cut(mut array: npy::Array, frames: usize) -> npy::Array {
    let size = array.shape.iter().skip(1).product::<u64>() as usize;
    array.values.truncate(frames * size);
    if let Some(first) = array.shape.first_mut() {
        *first = (*first).min(frames as u64);
    }
    array
}
