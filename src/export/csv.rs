//! Tables for pandas and spreadsheets: `records.csv`, a line a record; of a run of points also `frames.csv`, a line for each
//! point of each frame (epoch, index, x, y), and `real.csv`, the held-out points.
//!
//! `records.csv` begins with the run's name and its seed, so that the tables of several runs can be put below each other;
//! beside each number that has one stands its floor. What was not measured is empty.

use std::path::PathBuf;

use super::content::{Array, Cells, Content};
use super::{Export, ExportError, Target};

type Row = Vec<String>;

pub(super) fn write(export: &mut Export, target: &Target) -> Result<Vec<PathBuf>, ExportError> {
    let content = &export.content;
    let mut files = vec![("records.csv", records(content, target.name)?)];
    if let (Some(samples), Some(frames)) = (array(content, "samples"), array(content, "frames")) {
        files.push(("frames.csv", self::frames(samples, frames)?));
    }
    if let Some(real) = array(content, "real") {
        files.push(("real.csv", table(&["index", "x", "y"].map(str::to_owned), points(real).enumerate().map(point))?));
    }
    let named: Vec<_> = files.into_iter().map(|(file, bytes)| (target.inside(file), bytes)).collect();
    target.put(&named)
}

fn array<'a>(content: &'a Content, name: &str) -> Option<&'a Array> {
    content.arrays.iter().find(|array| array.name == name)
}

fn records(content: &Content, name: &str) -> Result<Vec<u8>, ExportError> {
    let keys = content.keys();
    let floor_of = |key: &str| content.floors.iter().find(|floor| floor.key == key);
    let mut header: Row = ["run", "seed", content.step_name()].map(str::to_owned).to_vec();
    for key in &keys {
        header.push((*key).to_owned());
        header.extend(floor_of(key).map(|_| format!("{key}_floor")));
    }
    let rows = content.rows.iter().map(|row| {
        let mut line = vec![name.to_owned(), content.seed.to_string(), row.step.to_string()];
        for key in &keys {
            let number = row.number(key);
            line.push(number.map(|number| number.to_string()).unwrap_or_default());
            line.extend(floor_of(key).map(|floor| floor.mean.to_string()));
        }
        line
    });
    table(&header, rows)
}

/// Every point of every frame.
fn frames(samples: &Array, frames: &Array) -> Result<Vec<u8>, ExportError> {
    let Cells::Whole(epochs) = &frames.cells else { return table(&[], std::iter::empty()) };
    let in_frame = samples.shape.get(1).map_or(1, |&points| (points as usize).max(1));
    let rows = points(samples).enumerate().filter_map(|(at, point)| {
        let epoch = epochs.get(at / in_frame)?.to_string();
        Some(std::iter::once(epoch).chain(self::point((at % in_frame, point))).collect())
    });
    table(&["epoch", "index", "x", "y"].map(str::to_owned), rows)
}

/// An array's points in their own precision: of single precision the shortest digits that say it.
fn points(array: &Array) -> impl Iterator<Item = [String; 2]> {
    let (single, values) = match &array.cells {
        Cells::Floats(precision, values) => (precision.size() == size_of::<f32>(), values.as_slice()),
        Cells::Whole(_) | Cells::Text(_) => (false, &[][..]),
    };
    let digits = move |x: f64| if single { (x as f32).to_string() } else { x.to_string() };
    values.as_chunks().0.iter().map(move |point: &[f64; 2]| point.map(digits))
}

fn point((index, [x, y]): (usize, [String; 2])) -> Row {
    vec![index.to_string(), x, y]
}

fn table(header: &[String], rows: impl IntoIterator<Item = Row>) -> Result<Vec<u8>, ExportError> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let wrong = |error: ::csv::Error| std::io::Error::other(error.to_string());
    writer.write_record(header).map_err(wrong)?;
    for row in rows {
        writer.write_record(row).map_err(wrong)?;
    }
    Ok(writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))?)
}
