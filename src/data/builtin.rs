//! The set of points that is built in: `data/points.mat` where there is no such file.

use std::io;
use std::path::Path;

use super::synthetic::Law;
use super::write_mat;

/// The file that the lab's recipe trains on.
const PATH: &str = "data/points.mat";

/// Whether `path` means the set that is built in: it is the recipe's, and there is no such file here.
pub fn is_built_in(path: &Path) -> bool {
    path == Path::new(PATH) && !path.exists()
}

/// Whether there are data at `path`, in a file or built in.
pub fn is_there(path: &Path) -> bool {
    path.is_file() || is_built_in(path)
}

/// The file that `gan-lab data make points` would write there, if `path` means the set that is built in.
pub(super) fn built_in(path: &Path) -> Option<io::Result<Vec<u8>>> {
    is_built_in(path).then(|| write_mat(&Law::Points.draw(Law::Points.default_size(), 0)))
}
