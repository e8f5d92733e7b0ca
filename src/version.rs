//! Which gan-lab this is.

/// The version: `0.2.0`.
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// The commit it was built from, shortened; `unknown` where it was built from something else than a git checkout.
/// Changes that were not committed do not show.
pub fn commit() -> &'static str {
    env!("GAN_LAB_COMMIT")
}

/// The program and its version, as files say who wrote them: `gan-lab 0.2.0`.
pub fn program() -> String {
    format!("gan-lab {}", version())
}

/// Version and commit, as `--version` says them: `0.2.0 (abc1234)`.
pub fn full() -> String {
    format!("{} ({})", version(), commit())
}

/// What the metadata of our weights say of the program that wrote them.
pub fn note() -> String {
    fields().to_string()
}

/// The same as fields, for a file that says more.
pub fn fields() -> serde_json::Value {
    serde_json::json!({ "program": program(), "commit": commit() })
}

/// Something that comes with libtorch was asked of a gan-lab that was built without it.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error(
    "{what} is not in this gan-lab, which was built without libtorch; to have it: ./scripts/setup-libtorch.sh && \
     cargo build --release"
)]
pub struct WithoutTorch {
    /// What was asked for.
    pub what: &'static str,
}
