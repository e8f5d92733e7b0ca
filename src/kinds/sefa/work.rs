//! A SeFa job: samples edited along directions, rendered, and put together.
//!
//! | file | content |
//! |---|---|
//! | `job.json` | everything needed to repeat it |
//! | `directions.safetensors` | float64 `directions` [n, latent], largest eigenvalue first, and `eigenvalues` [n] |
//! | `eigenvalues.csv` | index, eigenvalue, share, label |
//! | `images/` | every image that was rendered, by sample, direction and step |
//! | `images.jsonl` | a [`Rendered`] for each of them |
//! | `frames/frame<k>.png` | direction k: a row a sample, a column a distance |
//! | `<job>.mp4`, `<job>.gif` | a frame a distance: unedited, then each direction |
//! | `index.html` | a page with sliders |
//! | `traits/`, `traits.json`, `traits.csv` | what was measured (`measure.rs`) |

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::drawing::Wanted;
use super::measure::{self, Measuring, Shot};
use super::{Directions, Drawing, SefaError};
use crate::checkpoint::{self, NamedTensor};
use crate::config::SefaConfig;
use crate::media::{self, Animation, MediaError};
use crate::page::{PageDirection, SefaPage};
use crate::render::{Picture, RenderError, image_picture};
use crate::run::{ActiveRun, Bundle, Claim, Input, Kind, Position, RunDir, RunError, Session, Start, Work, digest};
use crate::{memory, tensor};

/// Frames a second of the video, as in the published ones.
const FPS: f64 = 10.0;

/// What an image takes in the lists of what is to render and what is rendered.
const LISTED: u64 = 512;

/// What a job is made of: the directions, and what renders them.
pub struct Picked {
    /// The model's name.
    pub model: String,
    /// The checkpoint's bytes, as a digest.
    pub sha256: String,
    /// The size of its file.
    pub bytes: u64,
    /// All directions.
    pub directions: Directions,
    /// The samples, and what makes pictures of them.
    pub drawing: Drawing,
    /// What people called directions.
    pub labels: BTreeMap<usize, String>,
    /// The law of pictures that the checkpoint says it learned.
    pub law: Option<String>,
    /// The bytes of a file of scores that somebody gave.
    pub scores: Option<Vec<u8>>,
}

/// An image that was rendered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendered {
    /// Its path in the job's directory.
    pub image: String,
    /// The SHA-256 of the file.
    pub sha256: String,
}

/// A job at work.
pub struct Job {
    config: SefaConfig,
    picked: Picked,
    chosen: Vec<usize>,
    distances: Vec<f64>,
    /// The name of the page and the videos.
    name: String,
    /// What is measured, if anything is.
    measuring: Option<Measuring>,
    /// Everything to render, in its order.
    images: Vec<Unit>,
    /// What is left of it, from the last to the first, once rendering has begun.
    todo: Option<Vec<Unit>>,
    /// The directions that are measured, once it has come to that.
    along: Option<Directions>,
    /// What is rendered, by name.
    rendered: BTreeMap<String, String>,
    /// What was rendered in the last step and is not recorded yet.
    new: Vec<Rendered>,
    /// The formats for which the pictures are too large, with the reason.
    without: Vec<(&'static str, MediaError)>,
}

/// An image's place in a job: its sample, and the direction and the step that it is edited by.
type Place = (usize, Option<(usize, usize)>);

/// Something to render.
#[derive(Clone, Copy, Debug)]
enum Unit {
    /// For the pictures and the page.
    Shown(Place),
    /// To be measured.
    Measured(Shot),
}

fn unit_name(unit: Unit, measuring: Option<&Measuring>) -> String {
    match (unit, measuring) {
        (Unit::Measured(shot), Some(measuring)) => measuring.name(shot),
        (Unit::Shown(place) | Unit::Measured(place), _) => image_name(place),
    }
}

/// The config of the job in a directory.
pub fn settings(dir: &RunDir) -> Result<SefaConfig, RunError> {
    dir.expect(Kind::Sefa)?;
    dir.config(Kind::Sefa, Ok)
}

/// What people called the directions of the job in a directory, as its table of eigenvalues says.
pub fn labels(dir: &RunDir) -> Result<BTreeMap<usize, String>, RunError> {
    let Ok(text) = dir.read_text("eigenvalues.csv") else { return Ok(BTreeMap::new()) };
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let row = |row: Result<(usize, String, String, String), csv::Error>| {
        let (index, _, _, label) = row.map_err(|error| dir.malformed("eigenvalues.csv", error.to_string()))?;
        // A mark that keeps a spreadsheet from taking it for a formula.
        let label = label.strip_prefix('\'').map_or(label.clone(), str::to_owned);
        Ok((!label.is_empty()).then_some((index, label)))
    };
    table.deserialize().map(row).filter_map(Result::transpose).collect()
}

/// Takes the directory for a job. `checkpoint` is the file that the model came from.
pub fn open(
    config: SefaConfig,
    picked: Picked,
    checkpoint: &Path,
    dir: RunDir,
    start: Start,
) -> Result<Session<Job>, SefaError> {
    // A job that is there keeps the name of the file that it was begun with, wherever an equal one lies by now.
    let begun_with = if start == (Start::New { force: true }) { None } else { begun_with(&dir, &picked.sha256) };
    let checkpoint = begun_with.as_deref().unwrap_or(checkpoint);
    // A checkpoint that was renamed since is the same model.
    let model = if start == Start::Resume { called(&dir) } else { None };
    let picked = Picked { model: model.unwrap_or(picked.model), ..picked };
    let chosen = config.chosen();
    if let Some(&asked) = chosen.iter().find(|&&index| index >= picked.directions.len()) {
        let count = picked.directions.len();
        return Err(match config.directions {
            Some(_) => SefaError::Direction { asked, count },
            None => SefaError::TooMany { asked: config.k, count },
        });
    }
    let distances = super::Distances { start: config.start, end: config.end, steps: config.steps }.all();
    let config = SefaConfig { k: chosen.len(), directions: Some(chosen.clone()), ..config };
    let config = config.with_law(picked.law.as_deref());
    let mut measuring = Measuring::of(&config, &chosen);
    permit(&config, chosen.len(), measuring.as_ref().map_or(0, Measuring::len))?;
    let kept = if start == (Start::New { force: true }) { RunDir::new("") } else { dir.clone() };
    match &mut measuring {
        Some(measuring) => measuring.take(&kept, picked.scores.as_deref())?,
        None if picked.scores.is_some() => return Err(SefaError::ScoresForNothing),
        None => {}
    }
    let name = dir.path().file_name().map_or_else(|| "sefa".to_owned(), |name| name.to_string_lossy().into_owned());
    let shots = measuring.as_ref().map(Measuring::shots).unwrap_or_default();
    let shown = places(config.samples, &chosen, &distances).into_iter().map(Unit::Shown);
    let images: Vec<Unit> = shown.chain(shots.into_iter().map(Unit::Measured)).collect();
    let side = config.viz_size;
    let wanted: HashSet<String> = images.iter().map(|&unit| unit_name(unit, measuring.as_ref())).collect();
    let claim = Claim {
        kind: Kind::Sefa,
        settings: serde_json::to_value(&config)
            .map_err(|error| dir.malformed(Kind::Sefa.settings_file(), error.to_string()))?,
        total: images.len() as u64,
        ended: None,
        inputs: vec![Input::new("checkpoint", checkpoint, picked.sha256.clone())],
        once: Vec::new(),
        name: name.clone(),
        series: None,
        conform: Box::new(|_| {}),
        recount: Some(Box::new(move |dir, recorded| recount(dir, recorded, &wanted, side))),
        shown: Some(description(&config, &picked, checkpoint, &chosen, &distances)),
    };
    let work = Job {
        config,
        picked,
        chosen,
        distances,
        name,
        measuring,
        images,
        todo: None,
        along: None,
        rendered: BTreeMap::new(),
        new: Vec::new(),
        without: Vec::new(),
    };
    Session::open(work, &claim, dir, start)
}

/// Whether there is memory for the list of images, and for the pictures of all directions, which the page holds
/// together.
fn permit(config: &SefaConfig, directions: usize, measured: usize) -> Result<(), SefaError> {
    let [samples, steps, side] = [config.samples, config.steps, config.viz_size].map(|n| n as u64);
    let images = samples * steps * directions as u64;
    let needed = images * (side * side * 3 * 2 + LISTED);
    Ok(memory::permit(
        "the pictures of this job",
        needed + measured as u64 * LISTED,
        "ask for fewer samples, directions or steps, or a smaller --viz-size",
    )?)
}

/// What the model of the job in a directory is called, if there is one that says it.
fn called(dir: &RunDir) -> Option<String> {
    Some(dir.json(Kind::Sefa.settings_file()).ok()?.get("model")?.as_str()?.to_owned())
}

/// The file that the job in a directory was begun with, if that had these bytes and is still there.
fn begun_with(dir: &RunDir, sha256: &str) -> Option<PathBuf> {
    let job = dir.json(Kind::Sefa.settings_file()).ok()?;
    let same = job.get("checkpoint_sha256")?.as_str()? == sha256;
    Some(PathBuf::from(job.get("checkpoint")?.as_str()?)).filter(|path| same && path.is_file())
}

/// What `job.json` says.
fn description(config: &SefaConfig, picked: &Picked, checkpoint: &Path, chosen: &[usize], distances: &[f64]) -> Value {
    let unit = config.codes == crate::config::SefaCodes::UnitMeanSquare;
    let mut said = serde_json::json!({
        "program": crate::version::program(),
        "commit": crate::version::commit(),
        "model": picked.model,
        "checkpoint": checkpoint.to_string_lossy(),
        "checkpoint_bytes": picked.bytes,
        "checkpoint_sha256": picked.sha256,
        "samples": config.samples,
        "seed": config.seed,
        "codes": if unit { "unit mean square" } else { "as drawn" },
        "normalised_units": !config.raw,
        "directions": chosen,
        "layers": config.layers,
        "distances": distances,
        "viz_size": config.viz_size,
    });
    if picked.drawing.in_w() {
        said["space"] = "w, after truncation".into();
        said["truncation"] = config.truncation.into();
        said["truncation_layers"] = config.truncation_layers.into();
        said["noise"] = serde_json::json!(config.noise.unwrap_or_default());
    }
    if config.measures() {
        said["traits"] = serde_json::json!({
            "by": config.traits, "samples": config.traits_samples, "distance": config.traits_distance,
            "random_directions": config.traits_floor,
        });
    }
    if let Some(class) = config.class {
        said["class"] = class.into();
    }
    said
}

/// The images that are there as they were recorded. A job of before there were records has those that can be read and
/// have the right size.
fn recount(
    dir: &RunDir,
    recorded: Option<Vec<Value>>,
    wanted: &HashSet<String>,
    side: usize,
) -> (Vec<Value>, Vec<String>) {
    let mut lost = Vec::new();
    let mut seen = HashSet::new();
    let Some(recorded) = recorded else {
        let mut there: Vec<Value> = Vec::new();
        let mut names: Vec<&String> = wanted.iter().collect();
        names.sort();
        for name in names {
            let Ok(bytes) = fs::read(dir.file(name)) else { continue };
            match media::decode_png(&bytes) {
                Ok(picture) if (picture.width, picture.height) == (side, side) => {
                    there.push(serde_json::json!({ "image": name, "sha256": digest(&bytes) }));
                }
                Ok(_) => lost.push(format!("{} has another size; it is rendered again", dir.file(name).display())),
                Err(error) => lost.push(format!("{}: {error}; it is rendered again", dir.file(name).display())),
            }
        }
        return (there, lost);
    };
    let holds = |value: &Value| {
        let Ok(Rendered { image, sha256 }) = serde_json::from_value(value.clone()) else { return false };
        if !wanted.contains(&image) || !seen.insert(image.clone()) {
            return false;
        }
        match fs::read(dir.file(&image)) {
            Ok(bytes) if digest(&bytes) == sha256 => true,
            Ok(_) => {
                lost.push(format!("{} is not what was rendered; it is rendered again", dir.file(&image).display()));
                false
            }
            Err(error) => {
                lost.push(format!("{error}; it is rendered again"));
                false
            }
        }
    };
    let mut holds = holds;
    let kept = recorded.into_iter().filter(|value| holds(value)).collect();
    (kept, lost)
}

/// Where an image is: of a sample, unedited or at a step along a direction.
fn image_name((sample, edit): Place) -> String {
    match edit {
        None => format!("images/sample{sample}.png"),
        Some((direction, step)) => format!("images/sample{sample}_semantic{direction}_step{step}.png"),
    }
}

/// Every image of a job, in the order in which they are rendered. The unedited image of a sample is rendered once.
fn places(samples: usize, chosen: &[usize], distances: &[f64]) -> Vec<Place> {
    let steps: Vec<usize> = (0..distances.len()).filter(|&step| distances[step] != 0.0).collect();
    let edits: Vec<_> =
        chosen.iter().flat_map(|&direction| steps.iter().map(move |&step| Some((direction, step)))).collect();
    let of = |sample: usize| std::iter::once(None).chain(edits.iter().copied()).map(move |edit| (sample, edit));
    (0..samples).flat_map(of).collect()
}

impl Work for Job {
    type Record = Rendered;
    type State = ();
    type Error = SefaError;

    fn position(&self) -> Position {
        Position { done: (self.rendered.len() - self.new.len()) as u64, total: self.images.len() as u64 }
    }

    fn step(&mut self, run: &mut ActiveRun) -> Result<(), SefaError> {
        let todo = self.todo.get_or_insert_with(|| {
            let missing = |unit: &&Unit| !self.rendered.contains_key(&unit_name(**unit, self.measuring.as_ref()));
            self.images.iter().rev().filter(missing).copied().collect()
        });
        let is_shown = matches!(todo.last(), Some(Unit::Shown(_)));
        let mut batch: Vec<Unit> = Vec::with_capacity(self.config.batch);
        // A batch is of one kind, for each has directions of its own.
        while batch.len() < self.config.batch
            && let Some(unit) = todo.pop_if(|unit| matches!(unit, Unit::Shown(_)) == is_shown)
        {
            batch.push(unit);
        }
        let wanted: Vec<Wanted> = batch.iter().map(|&unit| self.wanted(unit)).collect();
        let along = match &self.measuring {
            Some(measuring) if !is_shown => {
                &*self.along.get_or_insert_with(|| measuring.directions(&self.picked.directions))
            }
            _ => &self.picked.directions,
        };
        let images = self.picked.drawing.images(&wanted, along)?;
        for (i, unit) in batch.into_iter().enumerate() {
            let image = images.f_narrow(0, i as i64, 1)?;
            let picture = if is_shown { resized(&image, self.config.viz_size)? } else { measure::measured(&image)? };
            let (image, bytes) = (unit_name(unit, self.measuring.as_ref()), media::encode_png(&picture)?);
            run.write(&image, &bytes)?;
            let sha256 = digest(&bytes);
            self.rendered.insert(image.clone(), sha256.clone());
            self.new.push(Rendered { image, sha256 });
        }
        self.new.reverse();
        Ok(())
    }

    fn record(&mut self, _: &mut ActiveRun, _: f64) -> Result<Option<Rendered>, SefaError> {
        Ok(self.new.pop())
    }

    fn may_save(&self) -> bool {
        true
    }

    fn state(&mut self) -> Result<Option<()>, SefaError> {
        Ok(None)
    }

    fn bundle(&self, (): &()) -> Bundle {
        Bundle::default()
    }

    fn load(&mut self, dir: &RunDir, _: &Bundle, _: Position) -> Result<(), SefaError> {
        let records = dir.records::<Rendered>(&|_| {})?;
        self.rendered = records.into_iter().map(|record| (record.image, record.sha256)).collect();
        Ok(())
    }

    fn artefacts(&mut self, run: &mut ActiveRun, _: Option<&()>, ending: bool) -> Result<(), SefaError> {
        self.write_directions(run)?;
        if ending && self.rendered.len() == self.images.len() {
            if let Some(measuring) = &mut self.measuring {
                measuring.assemble(run)?;
            }
            self.without = self.assemble(run)?;
            let record = |&unit: &Unit| {
                let image = unit_name(unit, self.measuring.as_ref());
                Some(Rendered { sha256: self.rendered.get(&image)?.clone(), image })
            };
            let records: Vec<Rendered> = self.images.iter().filter_map(record).collect();
            run.finish(&records)?;
        }
        Ok(())
    }
}

impl Job {
    /// The model's name.
    pub fn model(&self) -> &str {
        &self.picked.model
    }

    /// Where the video with this extension is, if there is one.
    pub fn video(&self, dir: &RunDir, extension: &str) -> Option<std::path::PathBuf> {
        Some(dir.file(&format!("{}.{extension}", self.name))).filter(|path| path.is_file())
    }

    /// All directions.
    pub fn directions(&self) -> &Directions {
        &self.picked.directions
    }

    /// The directions that are shown.
    pub fn chosen(&self) -> &[usize] {
        &self.chosen
    }

    /// What people called directions.
    pub fn labels(&self) -> &BTreeMap<usize, String> {
        &self.picked.labels
    }

    /// The formats for which the pictures are too large, with the reason.
    pub fn without(&self) -> &[(&'static str, MediaError)] {
        &self.without
    }

    /// What a person should know of how the pictures are made.
    pub fn remarks(&self) -> &[crate::synthesis::Remark] {
        self.picked.drawing.remarks()
    }

    /// What is asked for an image.
    fn wanted(&self, unit: Unit) -> Wanted {
        match (unit, &self.measuring) {
            (Unit::Measured(shot), Some(measuring)) => measuring.wanted(shot, self.config.samples),
            (Unit::Shown((sample, edit)) | Unit::Measured((sample, edit)), _) => {
                (sample, edit.map(|(direction, step)| (direction, self.distances[step])))
            }
        }
    }

    /// What was measured, if anything is.
    pub fn measuring(&self) -> Option<&Measuring> {
        self.measuring.as_ref()
    }

    /// The directions, and the table of their eigenvalues with labels.
    fn write_directions(&self, run: &mut ActiveRun) -> Result<(), SefaError> {
        let directions = &self.picked.directions;
        let n = directions.len();
        let tensors = [
            NamedTensor::f64("directions", vec![n, directions.latent_dim], directions.vectors.clone()),
            NamedTensor::f64("eigenvalues", vec![n], directions.eigenvalues.clone()),
        ];
        let path = run.dir().file("directions.safetensors");
        run.keep_digested("directions.safetensors", &checkpoint::encode(&path, &tensors, None)?)?;
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(["index", "eigenvalue", "share", "label"])?;
        for (i, (value, share)) in directions.eigenvalues.iter().zip(directions.shares()).enumerate() {
            let label = self.picked.labels.get(&i).map_or_else(String::new, |label| harmless(label));
            table.write_record([i.to_string(), value.to_string(), share.to_string(), label])?;
        }
        let bytes = table.into_inner().map_err(csv::IntoInnerError::into_error)?;
        run.keep_digested("eigenvalues.csv", &bytes)?;
        Ok(())
    }

    /// The image at a step along the direction in place `k`; at distance 0 that is the unedited one.
    fn image_at(&self, sample: usize, k: usize, step: usize) -> String {
        let edit = (self.distances[step] != 0.0).then(|| (self.chosen[k], step));
        image_name((sample, edit))
    }

    fn picture(dir: &RunDir, name: &str, side: usize) -> Result<Picture, SefaError> {
        let path = dir.file(name);
        let wrong = |reason: String| SefaError::Picture { path: path.clone(), reason };
        let picture = media::decode_png(&fs::read(&path)?).map_err(|error| wrong(error.to_string()))?;
        if (picture.width, picture.height) != (side, side) {
            return Err(wrong(format!("it is {} x {}, not {side} x {side}", picture.width, picture.height)));
        }
        Ok(picture)
    }

    /// Turns the images into pictures of directions, a video, a GIF and a page; gives the formats for which the
    /// pictures are too large, with the reason.
    fn assemble(&self, run: &mut ActiveRun) -> Result<Vec<(&'static str, MediaError)>, SefaError> {
        let (side, samples) = (self.config.viz_size, self.config.samples);
        let dir = run.dir().clone();
        let frames = (0..self.chosen.len()).map(|k| self.direction_picture(&dir, k)).collect::<Result<Vec<_>, _>>()?;
        for (k, frame) in frames.iter().enumerate() {
            run.keep_digested(&format!("frames/frame{k}.png"), &media::encode_png(frame)?)?;
        }
        let mut unedited = Picture::white(side, samples * side);
        for sample in 0..samples {
            unedited.paste(&Self::picture(&dir, &image_name((sample, None)), side)?, 0, sample * side);
        }
        let title = run.own_name(".mp4").and_then(|name| name.strip_suffix(".mp4")).unwrap_or(&self.name).to_owned();
        let page = self.page(title.clone()).bytes(&frames, &unedited)?;
        drop(frames);
        let mut without = Vec::new();
        let film = Film { job: self, dir: &dir };
        for (extension, encoded) in
            [("gif", media::encode_gif(&SmallFilm(&film), FPS)), ("mp4", media::encode_mp4(&film, FPS))]
        {
            match encoded {
                // Many samples make a picture that no player takes; the page and the pictures of directions remain.
                Err(reason @ (MediaError::TooLarge { .. } | MediaError::NotForVideo { .. })) => {
                    without.push((extension, reason));
                }
                encoded => run.keep_digested(&format!("{title}.{extension}"), &encoded?)?,
            }
        }
        run.keep_digested("index.html", &page)?;
        Ok(without)
    }

    /// The direction in place `k`: a row a sample, a column a distance.
    fn direction_picture(&self, dir: &RunDir, k: usize) -> Result<Picture, SefaError> {
        let (side, samples) = (self.config.viz_size, self.config.samples);
        let mut picture = Picture::white(self.distances.len() * side, samples * side);
        for sample in 0..samples {
            for step in 0..self.distances.len() {
                let image = Self::picture(dir, &self.image_at(sample, k, step), side)?;
                picture.paste(&image, step * side, sample * side);
            }
        }
        Ok(picture)
    }

    /// What tells these directions from others.
    fn key(&self) -> String {
        let bytes: Vec<u8> = self.picked.directions.vectors.iter().flat_map(|x| x.to_le_bytes()).collect();
        digest(&bytes)[..16].to_owned()
    }

    fn page(&self, title: String) -> SefaPage {
        let directions = &self.picked.directions;
        let shares = directions.shares();
        let direction = |&index: &usize| PageDirection {
            index,
            eigenvalue: directions.eigenvalues[index],
            share: shares[index],
            label: self.picked.labels.get(&index).cloned().unwrap_or_default(),
        };
        SefaPage {
            title,
            model: self.picked.model.clone(),
            key: self.key(),
            seed: self.config.seed,
            samples: self.config.samples,
            distances: self.distances.clone(),
            eigenvalues: directions.eigenvalues.clone(),
            directions: self.chosen.iter().map(direction).collect(),
            traits: self.measuring.as_ref().and_then(|measuring| Some(measuring.found()?.said.clone())),
        }
    }
}

/// A label that no spreadsheet takes for a formula.
fn harmless(label: &str) -> String {
    if label.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{label}") } else { label.to_owned() }
}

/// The image at the pictures' size, by bilinear interpolation as in the lab.
fn resized(image: &tch::Tensor, side: usize) -> Result<Picture, SefaError> {
    // Beyond red, green and blue there is transparency, which a video has not; the second of two channels is that too.
    let channels = if image.size()[1] >= 3 { 3 } else { 1 };
    let image = image.f_narrow(1, 0, channels as i64)?;
    let scaled = image.f_upsample_bilinear2d([side as i64, side as i64], false, None, None)?;
    Ok(image_picture(&tensor::to_host(&scaled)?, channels, side, 1))
}

/// The video's frames: for each distance the samples under each other, unedited and along each direction.
struct Film<'a> {
    job: &'a Job,
    dir: &'a RunDir,
}

/// The same at half the size: a GIF of photographs is large.
struct SmallFilm<'a>(&'a Film<'a>);

impl Animation for SmallFilm<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn frame(&self, step: usize) -> Result<Picture, RenderError> {
        let picture = self.0.frame(step)?;
        Ok(if self.0.job.config.viz_size.is_multiple_of(2) { picture.halved() } else { picture })
    }
}

impl Animation for Film<'_> {
    fn len(&self) -> usize {
        self.job.distances.len()
    }

    fn frame(&self, step: usize) -> Result<Picture, RenderError> {
        let (job, side, samples) = (self.job, self.job.config.viz_size, self.job.config.samples);
        let mut picture = Picture::white((job.chosen.len() + 1) * side, samples * side);
        for sample in 0..samples {
            let names = (0..job.chosen.len()).map(|k| job.image_at(sample, k, step));
            for (column, name) in std::iter::once(image_name((sample, None))).chain(names).enumerate() {
                let image = Job::picture(self.dir, &name, side).map_err(RenderError::new)?;
                picture.paste(&image, column * side, sample * side);
            }
        }
        Ok(picture)
    }
}
