//! How commands open jobs of SeFa.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use fs_err as fs;

use super::generator::options;
use crate::checkpoint::{GeneratorWeights, Source, bundled, layouts};
use crate::config::SefaConfig;
use crate::digest::{digest, digest_of};
use crate::kinds::sefa::{self, Codes, Directions, Drawing, Job, Picked, factorize, first_layer, style_layers};
use crate::run::{Input, RunDir, RunError, Session, Start};
use crate::tensor;

/// Takes the directory of a job that is there, as it was begun.
pub(super) fn reopen(dir: &RunDir) -> anyhow::Result<Session<Job>> {
    let mut config = sefa::settings(dir)?;
    let labels = sefa::labels(dir)?;
    let found = |role: &str| dir.input(role, None, |path| Ok::<_, RunError>((path.to_owned(), content(path)?.0)));
    let path = found("checkpoint")?;
    for (role, file) in [("codes", &mut config.codes_file), ("directions-file", &mut config.directions_file)] {
        if file.is_some() {
            *file = Some(found(role)?);
        }
    }
    let picked = pick(labels, &mut config, &path, Counts::SAID)?.0;
    Ok(sefa::open(config, picked, &path, dir.clone(), Start::Resume)?)
}

/// Whether a person said how many samples and directions there are to be; otherwise a file's are all of its codes, and as many of
/// its directions as are usual, if it has so many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    pub(super) samples: bool,
    pub(super) directions: bool,
}

impl Counts {
    pub(super) const SAID: Self = Self { samples: true, directions: true };
}

/// Reads the checkpoint, finds its directions or reads them, and makes what renders its images; and says what was chosen and what
/// the file does not tell. Numbers that were not said are set in the config.
pub(super) fn pick(
    labels: BTreeMap<usize, String>,
    config: &mut SefaConfig,
    path: &Path,
    counts: Counts,
) -> anyhow::Result<(Picked, Vec<String>)> {
    let (sha256, size) = content(path)?;
    let source = Source::open(path)?;
    let (layout, several) = layouts::choose(&source, config.weights_key.as_deref())?;
    let model = path.file_stem().map_or_else(|| "model".into(), |stem| stem.to_string_lossy().into_owned());
    let options = options(config.fused_scale, config.final_tanh.unwrap_or(false), config.label_size.unwrap_or(0));
    let (weights, notes) = GeneratorWeights::read_noted(&source, &layout, &options)?;
    drop(source);
    let mut inputs = Vec::new();
    let mut said: Vec<String> = several.into_iter().chain(notes).collect();
    if let Some(file) = &config.codes_file {
        let in_file = Codes::read(file, weights.latent_dim())?.len();
        inputs.push(Input::new("codes", file, content(file)?.0));
        if !counts.samples {
            config.samples = in_file;
            *config = config
                .clone()
                .check()
                .with_context(|| format!("{} holds {in_file} codes; say with --n how many of them", file.display()))?;
        } else if in_file > config.samples {
            said.push(format!("taking the first {} of the {in_file} codes in {}", config.samples, file.display()));
        }
    }
    let drawing = Drawing::new(&weights, config, tensor::device(config.device)?)?;
    let directions = if let Some(file) = &config.directions_file {
        let (directions, notes) = Directions::read(file, drawing.direction_dim())?;
        inputs.push(Input::new("directions-file", file, content(file)?.0));
        said.extend(notes);
        if !counts.directions {
            config.k = config.k.min(directions.len());
        }
        directions
    } else {
        let matrix = match &weights {
            GeneratorWeights::ProGan(weights) => first_layer(weights)?,
            others => style_layers(others, layout.family().title(), &config.layers)?,
        };
        factorize(&matrix, !config.raw)?
    };
    Ok((Picked { model, sha256, bytes: size, directions, drawing, labels, inputs }, said))
}

/// The SHA-256 of a checkpoint's bytes, and how many they are.
fn content(path: &Path) -> std::io::Result<(String, u64)> {
    if let Some(bytes) = bundled(path) {
        return Ok((digest(bytes), bytes.len() as u64));
    }
    digest_of(fs::File::open(path)?)
}
