//! How commands open jobs of SeFa.

use std::collections::BTreeMap;
use std::path::Path;

use fs_err as fs;

use super::exit::{UsageError, hinted};
use super::generator::options;
use crate::checkpoint::{GeneratorWeights, ProGanWeights, Source, bundled, layouts};
use crate::config::{SefaCodes, SefaConfig};
use crate::digest::{digest, digest_of};
use crate::kinds::sefa::{self, Job, Picked, draw_codes, factorize, first_layer, style_layers};
use crate::run::{RunDir, RunError, Session, Start};
use crate::synthesis::Generator;
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
    let (weights, notes) = GeneratorWeights::read_noted(&source, &layout, &options)?;
    drop(source);
    let said = several.into_iter().chain(notes).collect();
    let weights = match weights {
        GeneratorWeights::ProGan(weights) => weights,
        other => {
            let directions = factorize(&style_layers(&other, layout.family().title(), &config.layers)?, !config.raw)?;
            return Ok((Picked { model, sha256, bytes: size, directions, generator: None, labels }, said));
        }
    };
    if !config.layers.is_empty() {
        return Err(
            UsageError("--layers is for StyleGAN and StyleGAN2; a ProGAN has its first layer only".into()).into()
        );
    }
    refuse_undrawn(&weights, path)?;
    let directions = factorize(&first_layer(&weights)?, !config.raw)?;
    let unit = config.codes == SefaCodes::UnitMeanSquare;
    let codes = draw_codes(config.seed, config.samples, weights.latent_dim, unit)?;
    let generator = Generator::new(&weights, tensor::device(config.device)?)?;
    let generator = Some((codes, generator));
    Ok((Picked { model, sha256, bytes: size, directions, generator, labels }, said))
}

/// Refuses what `synthesis` does not draw: better no picture than a wrong one.
fn refuse_undrawn(weights: &ProGanWeights, path: &Path) -> anyhow::Result<()> {
    let usual = ProGanWeights::usual();
    let what = if weights.classes > 0 {
        format!("its last {} inputs are a one-hot label, and pictures of a class", weights.classes)
    } else if !weights.normalises_first {
        "its first layer is not normalised, and pictures of such networks".to_owned()
    } else if (weights.negative_slope - usual.negative_slope).abs() > 0.0 {
        format!("its LeakyReLU has the slope {}, and pictures with others than 0.2", weights.negative_slope)
    } else if weights.tanh {
        "its images go through tanh, and pictures of such networks".to_owned()
    } else {
        return Ok(());
    };
    Err(hinted(format!("{}: {what} are not built in yet", path.display()), "gan-lab inspect shows what the file holds"))
}

/// The SHA-256 of a checkpoint's bytes, and how many they are.
fn content(path: &Path) -> std::io::Result<(String, u64)> {
    if let Some(bytes) = bundled(path) {
        return Ok((digest(bytes), bytes.len() as u64));
    }
    digest_of(fs::File::open(path)?)
}
