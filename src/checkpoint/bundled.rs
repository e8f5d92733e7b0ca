//! The models that are built in: each stands for its file in `data/models/` where there is no such file.

use std::path::Path;

/// A model that comes with the program.
struct Model {
    name: &'static str,
    /// Where its file is in the project's folder.
    path: &'static str,
    bytes: &'static [u8],
}

static MODELS: [Model; 2] = [
    Model {
        name: BUNDLED,
        path: "data/models/pggan_faces64.safetensors",
        bytes: include_bytes!("../../data/models/pggan_faces64.safetensors"),
    },
    Model {
        name: "pggan_fashion32",
        path: "data/models/pggan_fashion32.safetensors",
        bytes: include_bytes!("../../data/models/pggan_fashion32.safetensors"),
    },
];

/// The name of the one that is taken unless another is named.
pub const BUNDLED: &str = "pggan_faces64";

/// The names of all.
pub fn bundled_names() -> impl Iterator<Item = &'static str> {
    MODELS.iter().map(|model| model.name)
}

/// The bytes of a model, if `path` means one that is built in: it is its file in the project's folder, and there is no such
/// file here.
pub fn bundled(path: &Path) -> Option<&'static [u8]> {
    let model = MODELS.iter().find(|model| path == Path::new(model.path))?;
    (!path.exists()).then_some(model.bytes)
}
