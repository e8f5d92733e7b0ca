//! MAT v5 files (also called v6, and v7 when compressed).
//!
//! `scan` walks the file: which variables there are, of what type and shape, whether all of them is there, and where
//! their numbers lie. `read` takes the numbers of one of them. `write` makes such files.

mod read;
mod scan;
mod write;

pub(super) use read::{names, read, variables};
pub use write::write_mat;
