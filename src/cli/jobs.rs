//! How commands open jobs of SeFa.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use fs_err as fs;

use super::args::must_be_there;
use super::exit::{UsageError, hinted};
use super::generator::options;
use super::printer::{Printer, typed_path};
use super::table::{Align, table};
use crate::checkpoint::layouts::StyleLayers;
use crate::checkpoint::{CheckpointError, GeneratorWeights, Source, bundled, bundled_names, layouts};
use crate::config::SefaConfig;
use crate::digest::{digest, digest_of};
use crate::files;
use crate::kinds::sefa::{self, Codes, Directions, Drawing, Job, Picked, SefaError, directions};
use crate::run::{Input, RunDir, RunError, Session, Start};
use crate::synthesis::SynthesisError;

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

/// A generator that was read.
pub(super) struct Read {
    /// The model's name.
    pub(super) model: String,
    /// The checkpoint's bytes, as a digest.
    pub(super) sha256: String,
    /// The size of its file.
    pub(super) bytes: u64,
    pub(super) weights: GeneratorWeights,
    /// The law of pictures that the file says it learned.
    pub(super) law: Option<String>,
    /// What was chosen, and what the file does not tell.
    pub(super) said: Vec<String>,
}

/// Reads a checkpoint as a config says.
pub(super) fn read(config: &SefaConfig, path: &Path) -> anyhow::Result<Read> {
    let (sha256, bytes) = content(path)?;
    let source = Source::open(path)?;
    let key = config.weights_key.as_deref();
    let has_directions =
        || StyleLayers::find(&source, key).is_some_and(|styles| matches!(styles.factors(&source, &[]), Ok(Ok(_))));
    let refused = |error: CheckpointError| {
        if !has_directions() {
            return error.into();
        }
        let advice = format!("its directions can be had: gan-lab sefa directions --checkpoint {}", typed_path(path));
        hinted(error.to_string(), advice)
    };
    let (layout, several) = layouts::choose(&source, key).map_err(refused)?;
    let model = model_name(path);
    let options = options(config.fused_scale, config.final_tanh.unwrap_or(false), config.label_size.unwrap_or(0));
    let law = layouts::law(source.note());
    let (weights, notes) = GeneratorWeights::read_noted(&source, &layout, &options).map_err(refused)?;
    Ok(Read { model, sha256, bytes, weights, law, said: several.into_iter().chain(notes).collect() })
}

/// What a model is called: its file's name.
pub(super) fn model_name(path: &Path) -> String {
    path.file_stem().map_or_else(|| "model".into(), |stem| stem.to_string_lossy().into_owned())
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
    let Read { model, sha256, bytes, weights, law, mut said } = read(config, path)?;
    let mut inputs = Vec::new();
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
    // What is left to the model is decided by its law, and is not part of what the job is called.
    let decided = config.clone().with_law(law.as_deref());
    let drawing = Drawing::new(&weights, &decided)?;
    let directions = if let Some(file) = &config.directions_file {
        let (directions, notes) = Directions::read(file, drawing.direction_dim())?;
        inputs.push(Input::new("directions-file", file, content(file)?.0));
        said.extend(notes);
        if !counts.directions {
            config.k = config.k.min(directions.len());
        }
        directions
    } else {
        directions(&weights, config)?
    };
    Ok((Picked { model, sha256, bytes, directions, drawing, labels, inputs, law, scores: None }, said))
}

/// Whether the files of codes and directions are there.
pub(super) fn files_are_there(config: &SefaConfig) -> anyhow::Result<()> {
    if let Some(path) = &config.codes_file {
        must_be_there(path, "file of codes", "numpy.save writes one: codes z as rows")?;
    }
    if let Some(path) = &config.directions_file {
        let hint = "numpy.save writes one: directions as rows; a job's are in directions.npy";
        must_be_there(path, "file of directions", hint)?;
    }
    Ok(())
}

/// The file that `--checkpoint` or `--model` means; says where it is the one that is built in.
pub(super) fn checkpoint(config: &SefaConfig, printer: &Printer) -> anyhow::Result<PathBuf> {
    let path = find(config)?;
    if bundled(&path).is_some() {
        printer.note(&format!("the built-in model is taken: there is no file {} here", path.display()));
    }
    Ok(path)
}

/// Refuses a folder, with the checkpoints in it, and what has no end.
fn must_be_a_file(path: &Path) -> anyhow::Result<()> {
    if path.is_file() {
        return Ok(());
    }
    if !path.is_dir() {
        return Err(hinted(format!("{} is not a file", path.display()), "name a file of weights"));
    }
    let known = ["safetensors", "pth", "pt", "pkl", "bin", "json"];
    let is_known = |entry: &Path| entry.extension().is_some_and(|ending| known.iter().any(|known| ending == *known));
    let inside = fs::read_dir(path)?.filter_map(Result::ok).map(|entry| entry.path());
    let mut files: Vec<PathBuf> = inside.filter(|file| file.is_file() && is_known(file)).collect();
    // The list of shards before the shards, and settings last.
    let rank = |file: &PathBuf| {
        let name = file.to_string_lossy();
        (!name.ends_with(".index.json"), name.ends_with(".json"), file.clone())
    };
    files.sort_by_key(rank);
    files.retain(|file| !file.to_string_lossy().ends_with(".json") || file.to_string_lossy().ends_with(".index.json"));
    let named: Vec<String> = files.iter().take(3).map(|file| typed_path(file)).collect();
    let hint = if named.is_empty() {
        "name a file of weights".to_owned()
    } else {
        format!("name a file in it: {}", named.join(", "))
    };
    Err(hinted(format!("{} is a folder", path.display()), hint))
}

fn find(config: &SefaConfig) -> anyhow::Result<PathBuf> {
    if let Some(path) = &config.checkpoint {
        if bundled(path).is_none() {
            let hint = format!("name a ProGAN or StyleGAN file, or take the built-in {} with --model", bundled_list());
            must_be_there(path, "checkpoint", &hint)?;
            must_be_a_file(path)?;
        }
        return Ok(path.clone());
    }
    let name = &config.model;
    let places = [
        format!("checkpoints/{name}.pth"),
        format!("checkpoints/{name}.pt"),
        format!("checkpoints/{name}.pkl"),
        format!("checkpoints/{name}.safetensors"),
        format!("data/models/{name}.safetensors"),
    ];
    let found = places.iter().map(PathBuf::from).find(|path| path.is_file() || bundled(path).is_some());
    found.with_context(|| {
        format!(
            "there is no model '{name}': looked for {}. Put a checkpoint into checkpoints/, or name one with \
             --checkpoint, or take the built-in {}. genforce's own downloads are gone; its converter makes such files \
             from NVIDIA's pickles, and PyTorch Hub leaves its PGAN models in its cache as .pth",
            places.join(", "),
            bundled_list()
        )
    })
}

/// The models that are built in, as a choice.
fn bundled_list() -> String {
    bundled_names().collect::<Vec<_>>().join(" or ")
}

/// An error of what was typed is one of usage, though it takes the model to see it.
pub(super) fn typed(error: SefaError, given: &dyn Fn(&str) -> bool) -> anyhow::Error {
    let key = match &error {
        SefaError::Direction { .. } => "directions",
        SefaError::TooMany { .. } => "k",
        SefaError::OnlyStyleGan { setting } => setting,
        SefaError::Synthesis(
            SynthesisError::Class { .. } | SynthesisError::NoClasses { .. } | SynthesisError::ClassNeeded { .. },
        ) => "class",
        _ => return error.into(),
    };
    if let SefaError::Synthesis(SynthesisError::ClassNeeded { .. }) = &error {
        return hinted(error.to_string(), "name one with --class");
    }
    if given(key) {
        return UsageError(format!("--{}: {error}", key.replace('_', "-"))).into();
    }
    error.into()
}

/// A table of directions with their eigenvalues, each one's share of all, and its label.
pub(super) fn eigenvalue_table(
    directions: &Directions,
    shares: &[f64],
    chosen: &[usize],
    label: &dyn Fn(usize) -> String,
) -> String {
    let mut rows = vec![["direction", "eigenvalue", "share", "label"].map(str::to_owned).to_vec()];
    rows.extend(chosen.iter().map(|&i| {
        let share = shares.get(i).map_or_else(String::new, |share| format!("{:.1} %", 100.0 * share));
        let value = directions.eigenvalue(i).map_or_else(String::new, |value| format!("{value:.3}"));
        vec![i.to_string(), value, share, label(i)]
    }));
    if rows.iter().skip(1).all(|row| row[3].is_empty()) {
        for row in &mut rows {
            row.truncate(3);
        }
    }
    table(&[Align::Right, Align::Right, Align::Right, Align::Left][..rows[0].len()], &rows)
}

/// Names of directions in a file, as the pages write them.
pub(super) fn read_labels(path: &Path) -> anyhow::Result<BTreeMap<usize, String>> {
    must_be_there(path, "file of labels", "the page of a job exports one, and so does sefa explore")?;
    let text = files::read_text(path).context("cannot read the labels")?;
    serde_json::from_str(&text)
        .with_context(|| format!(r#"{} is not a labels file; it should look like {{"0": "sleeves"}}"#, path.display()))
}

/// The SHA-256 of a checkpoint's bytes, and how many they are.
pub(super) fn content(path: &Path) -> std::io::Result<(String, u64)> {
    if let Some(bytes) = bundled(path) {
        return Ok((digest(bytes), bytes.len() as u64));
    }
    digest_of(fs::File::open(path)?)
}
