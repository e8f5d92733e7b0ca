//! What there is to export of a ProGAN run. It needs no libtorch: what is recorded is JSON and pictures.

use serde_json::Value;

use super::ExportError;
use super::content::{Content, Row};
use crate::config::{Config as _, ProganConfig};
use crate::run::{Kind, RunDir};

pub(super) fn content(dir: &RunDir) -> Result<Content, ExportError> {
    dir.expect(Kind::Progan)?;
    let config = dir.config(Kind::Progan, ProganConfig::check)?;
    let title = format!("ProGAN, images of side {}", config.resolution);
    let words = format!("progan{}", config.resolution);
    let mut content = Content::begin(dir, Kind::Progan, title, &words, config.to_json())?;
    content.rows = dir.records::<Value>(&|_| {})?.iter().map(|record| Row::of(Kind::Progan, record)).collect();
    Ok(content)
}
