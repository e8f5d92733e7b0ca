//! MAT v5 files (also called v6, and v7 when compressed).
//!
//! `scan` walks the file: which variables there are, of what type and shape, whether all of them is there, and where
//! their numbers lie. `read` takes the numbers of one of them. `write` makes such files. `v4` reads the older format.

mod read;
mod scan;
mod v4;
mod write;

pub(super) use read::{Mat, names, read};
pub(super) use v4::Mat4;
pub use write::write_mat;
