//! The header of an IDX file (<http://yann.lecun.com/exdb/mnist/>): two zeros, the type, the number of axes, their
//! lengths (big-endian); then the numbers, the last axis fastest.

use std::io::Read;
use std::path::Path;

use super::arrays::{Numbers, unreadable};
use super::{DataError, no_images};
use crate::data::numbers::{Endian, Number};

/// What a header says, and its bytes.
pub(super) fn header(path: &Path, reader: &mut dyn Read) -> Result<(Numbers, u64), DataError> {
    let mut word = |what: &str| -> Result<[u8; 4], DataError> {
        let mut bytes = [0; 4];
        reader.read_exact(&mut bytes).map_err(|error| unreadable(path, what, &error))?;
        Ok(bytes)
    };
    let [0, 0, code, axes] = word(NO_ARRAY)? else { return Err(no_images(path, NO_ARRAY)) };
    let (number, kind) = match code {
        0x08 => (Number::U8, "uint8"),
        0x09 => (Number::I8, "int8"),
        0x0b => (Number::I16, "int16"),
        0x0c => (Number::I32, "int32"),
        0x0d => (Number::F32, "float32"),
        0x0e => (Number::F64, "float64"),
        _ => return Err(no_images(path, NO_ARRAY)),
    };
    if !(1..=4).contains(&axes) {
        return Err(no_images(path, NO_ARRAY));
    }
    let mut shape = Vec::new();
    for _ in 0..axes {
        shape.push(u64::from(u32::from_be_bytes(word("its header is cut short")?)));
    }
    let numbers = Numbers { number, endian: Endian::Big, is_bool: false, fortran: false, shape, kind: kind.to_owned() };
    Ok((numbers, 4 + 4 * u64::from(axes)))
}

pub(super) const NO_ARRAY: &str = "it is neither a folder nor a zip archive of pictures, and no IDX, npy or npz file";
