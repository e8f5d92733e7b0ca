//! Which program this is.

/// The program's name and version.
pub const PROGRAM: &str = concat!("gan-lab ", env!("CARGO_PKG_VERSION"));

/// The commit that it was built from.
pub const COMMIT: &str = match option_env!("GAN_LAB_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

/// What the metadata of our weights say of the program that wrote them.
pub fn note() -> String {
    serde_json::json!({ "program": PROGRAM, "commit": COMMIT }).to_string()
}
