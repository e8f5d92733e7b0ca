//! How commands open jobs of SeFa.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use fs_err as fs;

use crate::checkpoint::layout::{self, Family};
use crate::checkpoint::{GeneratorWeights, ProGanWeights, Source, bundled};
use crate::config::SefaConfig;
use crate::kinds::sefa::{self, Drawing, Job, Picked, factorize, first_layer, style_layers};
use crate::run::{RunDir, RunError, Session, Start, digest};
use crate::tensor;

/// Takes the directory of a job that is there, as it was begun.
pub(super) fn reopen(dir: &RunDir) -> anyhow::Result<Session<Job>> {
    let config = sefa::settings(dir)?;
    let labels = sefa::labels(dir)?;
    let path = dir.input("checkpoint", None, |path| Ok::<_, RunError>((path.to_owned(), content(path)?.0)))?;
    Ok(sefa::open(config.clone(), pick(labels, &config, &path)?, &path, dir.clone(), Start::Resume)?)
}

/// Reads the checkpoint, factorises it, and makes what renders its images, where that can be made.
pub(super) fn pick(labels: BTreeMap<usize, String>, config: &SefaConfig, path: &Path) -> anyhow::Result<Picked> {
    let (sha256, size) = content(path)?;
    let source = Source::open(path)?;
    let layout = layout::detect(&source)
        .with_context(|| format!("{} holds no generator that is known here; see gan-lab inspect", path.display()))?;
    let model = path.file_stem().map_or_else(|| "model".into(), |stem| stem.to_string_lossy().into_owned());
    if matches!(layout.family, Family::StyleGan | Family::StyleGan2) {
        let directions = factorize(&style_layers(&source, &layout, &config.layers)?, !config.raw)?;
        return Ok(Picked { model, sha256, bytes: size, directions, generator: None, labels });
    }
    let weights = ProGanWeights::read(&source, &layout)?;
    drop(source);
    let directions = factorize(&first_layer(&weights)?, !config.raw)?;
    let drawing = Drawing::new(&GeneratorWeights::ProGan(weights), config, tensor::device(config.device)?)?;
    Ok(Picked { model, sha256, bytes: size, directions, generator: Some(drawing), labels })
}

/// The SHA-256 of a checkpoint's bytes, and how many they are.
fn content(path: &Path) -> std::io::Result<(String, u64)> {
    if let Some(bytes) = bundled(path) {
        return Ok((digest(bytes), bytes.len() as u64));
    }
    let bytes = fs::read(path)?;
    Ok((digest(&bytes), bytes.len() as u64))
}
