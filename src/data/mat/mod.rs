//! MAT v5 files (also called v6, and v7 when compressed).
//!
//! `scan` walks the file's frame: which variables there are, of what type and shape, and whether all of them is
//! there. `matfile` then reads the numbers of one variable that the scan found sound. `write` makes such files.

mod read;
mod scan;
mod write;

pub(super) use read::{read, variables};
pub use write::write_mat;
