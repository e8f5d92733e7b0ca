//! One npz file for NumPy: the run's arrays under their own names, each number of the records as `metrics/<key>` with NaN where
//! it was not measured, its floor as `floor/<key>` (mean, deviation), and `config`, the settings as JSON in bytes.

use std::io::{Cursor, Write as _};
use std::path::PathBuf;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::content::{Cells, Content};
use super::{Export, ExportError, Target};
use crate::data::npy::{self, Precision};

/// A member of this size needs the zip format's longer fields.
const LONG: usize = u32::MAX as usize / 2;

pub(super) fn write(export: &mut Export, target: &Target) -> Result<Vec<PathBuf>, ExportError> {
    target.put(&[(format!("{}.npz", target.name), bytes(&export.content)?)])
}

fn bytes(content: &Content) -> Result<Vec<u8>, ExportError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, member) in members(content) {
        // Without a time, so that the same run has the same bytes.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(zip::DateTime::default())
            .large_file(member.len() > LONG);
        archive.start_file(format!("{name}.npy"), options)?;
        archive.write_all(&member)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// Each array's name, and the bytes of its npy file.
fn members(content: &Content) -> Vec<(String, Vec<u8>)> {
    let mut members: Vec<(String, Vec<u8>)> = Vec::new();
    for array in &content.arrays {
        members.push((array.name.clone(), of_cells(&array.shape, &array.cells)));
    }
    let rows = [content.rows.len() as u64];
    let steps = content.rows.iter().map(|row| row.step).collect();
    members.push((format!("metrics/{}", content.step_name()), of_cells(&rows, &Cells::Whole(steps))));
    for key in content.keys() {
        let values: Vec<f64> = content.rows.iter().map(|row| row.number(key).unwrap_or(f64::NAN)).collect();
        members.push((format!("metrics/{key}"), npy::encode(Precision::Double, &rows, &values)));
    }
    for floor in &content.floors {
        let values = [floor.mean, floor.deviation.unwrap_or(f64::NAN)];
        members.push((format!("floor/{}", floor.key), npy::encode(Precision::Double, &[2], &values)));
    }
    members.push(("config".to_owned(), of_cells(&[], &Cells::Text(content.config.to_string()))));
    members
}

fn of_cells(shape: &[u64], cells: &Cells) -> Vec<u8> {
    match cells {
        Cells::Floats(precision, values) => npy::encode(*precision, shape, values),
        Cells::Whole(values) => {
            let numbers: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            [npy::header_of("<u8", shape), numbers].concat()
        }
        // As bytes: NumPy's own text has four of them for each letter.
        Cells::Text(text) => {
            [npy::header_of(&format!("|S{}", text.len().max(1)), shape), text.as_bytes().to_vec()].concat()
        }
    }
}
