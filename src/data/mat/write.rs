//! Compressed MAT v5 files of real double arrays with two columns, as MATLAB's `save -v7` makes them.

use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::ZlibEncoder;

const HEADER: &str = "MATLAB 5.0 MAT-file, created by gan-lab";

/// The bytes of a file with these arrays: the same arrays always give the same bytes, for no date is written.
pub fn write_mat(arrays: &[(&str, Vec<[f64; 2]>)]) -> io::Result<Vec<u8>> {
    let mut file = format!("{HEADER:<124}").into_bytes();
    file.extend([0x00, 0x01]);
    file.extend(b"IM");
    for (name, rows) in arrays {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&array(name, rows))?;
        let packed = encoder.finish()?;
        file.extend(15_u32.to_le_bytes());
        file.extend((packed.len() as u32).to_le_bytes());
        file.extend(packed);
    }
    Ok(file)
}

/// An array element: flags, dimensions, name, real part.
fn array(name: &str, rows: &[[f64; 2]]) -> Vec<u8> {
    const DOUBLE: u32 = 6;
    let flags: Vec<u8> = [DOUBLE.to_le_bytes(), 0_u32.to_le_bytes()].concat();
    let dimensions: Vec<u8> = [(rows.len() as i32).to_le_bytes(), 2_i32.to_le_bytes()].concat();
    let numbers: Vec<u8> = (0..2).flat_map(|c| rows.iter().map(move |row| row[c])).flat_map(f64::to_le_bytes).collect();
    let parts = [element(6, &flags), element(5, &dimensions), element(1, name.as_bytes()), element(9, &numbers)];
    element(14, &parts.concat())
}

/// A tag, the content, and zeros up to a multiple of 8 bytes.
fn element(kind: u32, content: &[u8]) -> Vec<u8> {
    let mut bytes = [kind.to_le_bytes(), (content.len() as u32).to_le_bytes()].concat();
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}
