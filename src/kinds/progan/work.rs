//! A ProGAN run: iteration after iteration, a record now and then.
//!
//! | file | content |
//! |---|---|
//! | `config.json` | the whole resolved config |
//! | `metrics.jsonl` | one [`ImageRecord`] a line |
//! | `images.json` | how the images were read: how many, what was changed and left out, their classes |
//! | `reals.png` | a grid of the images that are learnt from, as the discriminator sees them at the last side |
//! | `samples/<images>.png` | a grid of images from the same codes at each record |
//! | `training.gif` | the grids one after another, when training ends or is stopped |
//! | `generator.safetensors` | the averaged generator, in genforce's layout |

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::trainer::{Arrays, ProganError, Trainer};
use crate::checkpoint::{self, NamedTensor};
use crate::config::ProganConfig;
use crate::data::images::{ImageReading, ImageSet, Watch, load_images};
use crate::media::{self, Animation};
use crate::nets::pggan::{Pggan, slots};
use crate::render::{Picture, RenderError, image_grid};
use crate::rng::{Stream, Use};
use crate::run::{
    ActiveRun, Bundle, Claim, Input, Kind, Position, RunDir, RunError, Session, Start, Work, digest, hex, wrong_tensor,
};

/// Images on a side of the sample grids.
const GRID: usize = 8;
/// Pixels on a side of a pixel of the last side.
const ZOOM: usize = 2;
/// Records a second in the film of the training.
const FPS: f64 = 8.0;
const FILM: &str = "training.gif";
const REALS: &str = "reals.png";
const ABOUT: &str = "images.json";
const GENERATOR: &str = "generator.safetensors";
/// In single precision two numbers of this size that differ by less than 1 are the same.
const LARGEST_LOSS: f64 = 16_777_216.0;

const IMAGES: &str = "progress.images";
const ITERATION: &str = "progress.iteration";
const LOSS_SUMS: &str = "progress.loss_sums";
const SUMMED: &str = "progress.summed";
const STEPS: [&str; 2] = ["generator_optim.steps", "discriminator_optim.steps"];

/// What the images between two records came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageRecord {
    /// Images shown since the run began.
    pub images: u64,
    /// Iterations since the run began.
    pub iteration: u64,
    /// The side that is trained.
    pub side: usize,
    /// How much of it is faded in.
    pub alpha: f64,
    /// The discriminator's mean loss since the last record, without penalties.
    pub d_loss: f64,
    /// The generator's.
    pub g_loss: f64,
    /// The SHA-256 of the grid of samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<String>,
    /// Seconds of training since the run began.
    pub seconds: f64,
}

/// Losses since the last record.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sums {
    discriminator: f64,
    generator: f64,
    steps: u64,
}

/// A run's state at one moment.
pub struct ImageState {
    images: u64,
    iteration: u64,
    sums: Sums,
    steps: [u64; 2],
    arrays: Arrays,
}

/// Training on images.
pub struct Progan {
    images: ImageSet,
    /// The law that drew the images, where their folder has one's card.
    law: Option<String>,
    trainer: Trainer,
    /// The codes of the sample grids.
    codes: Vec<f32>,
    /// Images between two records.
    every: u64,
    sums: Sums,
    due: bool,
    /// The images shown before each grid of samples, and its digest where that is known.
    samples: Vec<(u64, Option<String>)>,
}

/// The config of the run in a directory.
pub fn settings(dir: &RunDir) -> Result<ProganConfig, RunError> {
    dir.expect(Kind::Progan)?;
    dir.config(Kind::Progan, ProganConfig::check)
}

/// The film of a run's training.
pub fn film(dir: &RunDir) -> PathBuf {
    dir.file(FILM)
}

/// Loads the images, makes the networks, and takes the directory. Nothing is written before the images are known to be
/// sound. The images of a run that goes on may be elsewhere, in `moved`. `watch` is told how many are read.
pub fn open(
    config: &ProganConfig,
    dir: RunDir,
    start: Start,
    moved: Option<&Path>,
    watch: &mut Watch<'_>,
) -> Result<Session<Progan>, ProganError> {
    let settings =
        serde_json::to_value(config).map_err(|error| dir.malformed(Kind::Progan.settings_file(), error.to_string()))?;
    if start == Start::Resume && dir.kind() == Some(Kind::Progan) {
        dir.permit_settings(Kind::Progan, &settings)?;
    }
    let (reading, watch) = (ImageReading::from(config), RefCell::new(watch));
    let load = |path: &Path| -> Result<_, ProganError> {
        let images = load_images(path, config.resolution, &reading, &mut **watch.borrow_mut())?;
        let sha256 = identity(&images);
        Ok(((images, path.to_owned(), sha256.clone()), sha256))
    };
    let (images, path, sha256) = match (start, dir.kind()) {
        (Start::Resume, Some(Kind::Progan)) if moved.is_some() || !dir.manifest()?.inputs.is_empty() => {
            dir.input("data", moved, load)?
        }
        _ => load(&config.data)?.0,
    };
    let trainer = Trainer::new(config, images.channels)?;
    // A run of before there were these files has none: they are not its own.
    let has = |name: &str| {
        start != Start::Resume || dir.manifest().is_ok_and(|run| run.files.iter().any(|file| file == name))
    };
    let mut once = Vec::new();
    if dir.kind().is_none() || has(REALS) {
        once.push((REALS, reals(&images)?));
        once.push((ABOUT, about(&images).into_bytes()));
    }
    let claim = Claim {
        kind: Kind::Progan,
        settings,
        total: trainer.progress().1,
        ended: None,
        inputs: vec![Input::new("data", &path, sha256)],
        once,
        name: String::new(),
        series: None,
        conform: Box::new(|_| {}),
        recount: None,
        shown: None,
    };
    let work = Progan {
        images,
        law: crate::faces::law_of(&path),
        trainer,
        codes: Stream::new(config.seed, Use::Eval, 0).normal(GRID * GRID * config.latent_dim),
        every: ((config.record_kimg * 1000.0) as u64).max(1),
        sums: Sums::default(),
        due: false,
        samples: Vec::new(),
    };
    Session::open(work, &claim, dir, start)
}

/// The SHA-256 of all pixels.
fn identity(images: &ImageSet) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{} x {} x {} ", images.channels, images.side, images.side));
    hash.update(&images.pixels);
    hex(&hash.finalize())
}

/// Images of the set on a grid like the samples', spread evenly over it.
fn reals(images: &ImageSet) -> Result<Vec<u8>, ProganError> {
    let shown = images.len().min(GRID * GRID);
    let chosen = (0..shown).flat_map(|i| images.image(i * images.len() / shown));
    let pixels: Vec<f32> = chosen.map(|&byte| f32::from(byte) / 127.5 - 1.0).collect();
    Ok(media::encode_png(&image_grid(&pixels, images.channels, images.side, GRID, ZOOM))?)
}

/// How the images were read, in JSON.
fn about(images: &ImageSet) -> String {
    let classes = images.classes.as_ref().map(|classes| {
        let counts = classes.names.iter().zip(classes.counts());
        let list: Vec<_> = counts.map(|(name, count)| serde_json::json!({ "name": name, "images": count })).collect();
        serde_json::json!({ "classes": list, "class_of": classes.of })
    });
    let about = serde_json::json!({
        "images": images.len(), "side": images.side, "channels": images.channels, "notes": images.notes,
        "classes": classes.as_ref().map(|classes| &classes["classes"]),
        "class_of": classes.as_ref().map(|classes| &classes["class_of"]),
    });
    format!("{about:#}\n")
}

impl Work for Progan {
    type Record = ImageRecord;
    type State = ImageState;
    type Error = ProganError;

    fn has_diverged(error: &ProganError) -> bool {
        matches!(error, ProganError::Diverged { .. } | ProganError::NotFinite { .. })
    }

    fn position(&self) -> Position {
        let (shown, total) = self.trainer.progress();
        // The last batch may go beyond the end.
        Position { done: shown.min(total), total }
    }

    fn step(&mut self, _: &mut ActiveRun) -> Result<(), ProganError> {
        let (before, total) = self.trainer.progress();
        let (discriminator, generator) = self.trainer.step(&self.images)?;
        if [discriminator, generator].iter().any(|loss| !loss.is_finite() || loss.abs() > LARGEST_LOSS) {
            return Err(ProganError::Diverged { images: self.trainer.progress().0, discriminator, generator });
        }
        self.sums.discriminator += discriminator;
        self.sums.generator += generator;
        self.sums.steps += 1;
        let now = self.trainer.progress().0;
        self.due = now / self.every != before / self.every || now >= total;
        Ok(())
    }

    fn record(&mut self, run: &mut ActiveRun, seconds: f64) -> Result<Option<ImageRecord>, ProganError> {
        if !std::mem::take(&mut self.due) {
            return Ok(None);
        }
        let sums = std::mem::take(&mut self.sums);
        let (images, phase, net) = (self.trainer.progress().0, self.trainer.phase(), self.trainer.net());
        let (side, pixels) = self.trainer.images(&self.codes)?;
        let grid = image_grid(&pixels, net.image_channels, side, GRID, ZOOM * net.resolution / side);
        let grid = media::encode_png(&grid)?;
        run.keep(&sample_name(images), &grid)?;
        let sample = Some(digest(&grid));
        self.samples.push((images, sample.clone()));
        Ok(Some(ImageRecord {
            images,
            iteration: self.trainer.iteration(),
            side: 4 << phase.level,
            alpha: phase.alpha,
            d_loss: sums.discriminator / sums.steps as f64,
            g_loss: sums.generator / sums.steps as f64,
            sample,
            seconds,
        }))
    }

    fn may_save(&self) -> bool {
        true
    }

    fn state(&mut self) -> Result<Option<ImageState>, ProganError> {
        let arrays = self.trainer.state()?;
        let images = self.trainer.progress().0;
        if let Some((name, _)) = arrays.iter().find(|(_, values)| values.iter().any(|x| !x.is_finite())) {
            return Err(ProganError::NotFinite { images, name });
        }
        Ok(Some(ImageState {
            images,
            iteration: self.trainer.iteration(),
            sums: self.sums,
            steps: self.trainer.optimiser_steps(),
            arrays,
        }))
    }

    fn bundle(&self, state: &ImageState) -> Bundle {
        let mut bundle = Bundle::default();
        bundle.add_count(IMAGES, state.images);
        bundle.add_count(ITERATION, state.iteration);
        bundle.add_count(SUMMED, state.sums.steps);
        let sums = vec![state.sums.discriminator, state.sums.generator];
        bundle.tensors.push(NamedTensor::f64(LOSS_SUMS, vec![2], sums));
        for (name, steps) in STEPS.into_iter().zip(state.steps) {
            bundle.add_count(name, steps);
        }
        for (name, values) in &state.arrays {
            bundle.add_array(*name, values.clone());
        }
        bundle
    }

    fn load(&mut self, dir: &RunDir, bundle: &Bundle, position: Position) -> Result<(), ProganError> {
        let path = dir.file("state.safetensors");
        let wrong = |problem| ProganError::from(wrong_tensor(&path, problem));
        let count = |name: &str| bundle.count(name).map_err(wrong);
        let (images, iteration) = (count(IMAGES)?, count(ITERATION)?);
        if images.min(position.total) != position.done {
            return Err(dir.malformed("state.safetensors", format!("it is of image {images}")).into());
        }
        // States of before runs could stop between records have no sums.
        if bundle.has(LOSS_SUMS) {
            let sums = bundle.doubles(LOSS_SUMS, 2).map_err(wrong)?;
            self.sums = Sums { discriminator: sums[0], generator: sums[1], steps: count(SUMMED)? };
        }
        let steps = [count(STEPS[0])?, count(STEPS[1])?];
        self.trainer.load(images, iteration, steps, |name| bundle.array(name).map_err(wrong))?;
        self.samples = dir
            .records::<ImageRecord>(&|_| {})?
            .into_iter()
            .map(|record| (record.images, record.sample))
            .filter(|(shown, _)| *shown <= images)
            .collect();
        remove_later_samples(dir, images)
    }

    fn artefacts(&mut self, run: &mut ActiveRun, state: Option<&ImageState>, ending: bool) -> Result<(), ProganError> {
        let Some(state) = state else { return Ok(()) };
        if let Some((_, averaged)) = state.arrays.iter().find(|(name, _)| *name == "averaged") {
            let tensors = generator_tensors(&self.trainer.net(), averaged);
            let bytes = checkpoint::encode(&run.dir().file(GENERATOR), &tensors, Some(self.note()))?;
            run.follow(GENERATOR, &bytes)?;
        }
        if ending {
            self.write_film(run)?;
        }
        Ok(())
    }
}

impl Progan {
    /// How many images there are to learn from, and their side.
    pub fn image_set(&self) -> (usize, usize) {
        (self.images.len(), self.images.side)
    }

    /// What was guessed, changed or left out when the images were read, a clause each.
    pub fn remarks(&self) -> &[String] {
        &self.images.notes
    }

    /// What the generator's file says of itself.
    fn note(&self) -> String {
        let mut note = crate::version::fields();
        if let Some(law) = &self.law {
            note["law"] = law.as_str().into();
        }
        note.to_string()
    }

    /// The grids of samples one after another. One that is not there any more, or not as it was, is left out, aloud.
    fn write_film(&self, run: &mut ActiveRun) -> Result<(), ProganError> {
        let mut film = Film(Vec::new());
        for (images, sha256) in &self.samples {
            let name = sample_name(*images);
            match fs::read(run.dir().file(&name)) {
                Ok(bytes) if sha256.as_ref().is_none_or(|sha256| *sha256 == digest(&bytes)) => {
                    film.0.push(media::decode_png(&bytes)?);
                }
                Ok(_) => run.warn(format!("{name} is not what was recorded; {FILM} leaves it out")),
                Err(error) => run.warn(format!("{error}; {FILM} leaves it out")),
            }
        }
        if film.is_empty() {
            return Ok(());
        }
        run.follow(FILM, &media::encode_gif(&film, FPS)?)?;
        Ok(())
    }
}

fn sample_name(images: u64) -> String {
    format!("samples/{images:09}.png")
}

/// Samples of a record that does not count.
fn remove_later_samples(dir: &RunDir, images: u64) -> Result<(), ProganError> {
    let folder = dir.file("samples");
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let shown = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<u64>().ok());
        if shown.is_some_and(|shown| shown > images && dir.file(&sample_name(shown)) == path) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// A finished generator's weights as genforce's state dict has them; `lod` 0 says that all levels are grown.
fn generator_tensors(net: &Pggan, flat: &[f32]) -> Vec<NamedTensor> {
    let mut tensors = vec![NamedTensor::f32("lod", vec![], vec![0.0])];
    let mut rest = flat;
    for slot in slots(&net.generator()) {
        let (values, left) = rest.split_at(slot.size());
        rest = left;
        tensors.push(NamedTensor::f32(slot.name, slot.shape, values.to_vec()));
    }
    tensors
}

/// The grids of samples, one after another.
struct Film(Vec<Picture>);

impl Animation for Film {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn frame(&self, index: usize) -> Result<Picture, RenderError> {
        Ok(self.0[index].clone())
    }
}
