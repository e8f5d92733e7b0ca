//! The model that is built in: `data/models/pggan_fashion32.safetensors` where there is no such file.

use std::path::Path;

/// Its name.
pub const BUNDLED: &str = "pggan_fashion32";

/// Where its file is in the project's folder.
const PATH: &str = "data/models/pggan_fashion32.safetensors";

static BYTES: &[u8] = include_bytes!("../../data/models/pggan_fashion32.safetensors");

/// The bytes of the model, if `path` means the one that is built in: it is its file in the project's folder, and there is
/// no such file here.
pub fn bundled(path: &Path) -> Option<&'static [u8]> {
    (path == Path::new(PATH) && !path.exists()).then_some(BYTES)
}
