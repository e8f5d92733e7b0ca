//! The frame around a page that grows.

use serde::Serialize;

use super::{LIVE, PageError};

/// The frame around a page that grows while a run goes on.
#[derive(Clone, Debug, Serialize)]
pub struct LivePage {
    /// What a reader of the server must know.
    pub token: String,
    /// Whether readers can ask something of the run.
    pub controls: bool,
}

impl LivePage {
    /// The page's bytes.
    pub fn bytes(&self) -> Result<Vec<u8>, PageError> {
        LIVE.with(self)
    }
}
