//! How commands open jobs of SeFa.

use std::collections::BTreeMap;
use std::path::Path;

use fs_err as fs;

use super::generator::options;
use crate::checkpoint::{GeneratorWeights, Source, bundled, layouts};
use crate::config::SefaConfig;
use crate::digest::{digest, digest_of};
use crate::kinds::sefa::{self, Drawing, Job, Picked, factorize, first_layer, style_layers};
use crate::run::{RunDir, RunError, Session, Start};
use crate::tensor;

/// Takes the directory of a job that is there, as it was begun.
pub(super) fn reopen(dir: &RunDir) -> anyhow::Result<Session<Job>> {
    let config = sefa::settings(dir)?;
    let labels = sefa::labels(dir)?;
    let path = dir.input("checkpoint", None, |path| Ok::<_, RunError>((path.to_owned(), content(path)?.0)))?;
    Ok(sefa::open(config.clone(), pick(labels, &config, &path)?.0, &path, dir.clone(), Start::Resume)?)
}

/// Reads the checkpoint, factorises it, and makes what renders its images, where that can be made; and says what was chosen and
/// what the file does not tell.
pub(super) fn pick(
    labels: BTreeMap<usize, String>,
    config: &SefaConfig,
    path: &Path,
) -> anyhow::Result<(Picked, Vec<String>)> {
    let (sha256, size) = content(path)?;
    let source = Source::open(path)?;
    let (layout, several) = layouts::choose(&source, config.weights_key.as_deref())?;
    let model = path.file_stem().map_or_else(|| "model".into(), |stem| stem.to_string_lossy().into_owned());
    let options = options(config.fused_scale, config.final_tanh.unwrap_or(false), config.label_size.unwrap_or(0));
    let law = law(source.note());
    let (weights, notes) = GeneratorWeights::read_noted(&source, &layout, &options)?;
    drop(source);
    let matrix = match &weights {
        GeneratorWeights::ProGan(weights) => first_layer(weights)?,
        others => style_layers(others, layout.family().title(), &config.layers)?,
    };
    let directions = factorize(&matrix, !config.raw)?;
    let config = config.clone().with_law(law.as_deref());
    let drawing = Drawing::new(&weights, &config, tensor::device(config.device)?)?;
    let said = several.into_iter().chain(notes).collect();
    Ok((Picked { model, sha256, bytes: size, directions, drawing, labels, law, scores: None }, said))
}

/// The law of pictures that a checkpoint's note says it learned.
fn law(note: Option<&str>) -> Option<String> {
    let note: serde_json::Value = serde_json::from_str(note?).ok()?;
    Some(note.get("law")?.as_str()?.to_owned())
}

/// The SHA-256 of a checkpoint's bytes, and how many they are.
fn content(path: &Path) -> std::io::Result<(String, u64)> {
    if let Some(bytes) = bundled(path) {
        return Ok((digest(bytes), bytes.len() as u64));
    }
    digest_of(fs::File::open(path)?)
}
