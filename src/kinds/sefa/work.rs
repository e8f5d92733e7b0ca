//! A SeFa job: samples edited along directions, rendered, and put together.
//!
//! | file | content |
//! |---|---|
//! | `job.json` | everything needed to repeat it |
//! | `directions.safetensors` | float64 `directions` [n, latent], largest eigenvalue first, and `eigenvalues` [n] where they are known; what they are of, as metadata |
//! | `directions.npy` | the same directions as float32, a row each |
//! | `factor.pt` | the same as PyTorch's file of rosinality's scripts: `eigvec` [latent, n], a column each |
//! | `eigenvalues.csv` | index, eigenvalue, share, label |
//! | `images/` | every image that was rendered, by sample, direction and step |
//! | `images.jsonl` | a [`Rendered`] for each of them |
//! | `frames/frame<k>.png` | direction k: a row a sample, a column a distance |
//! | `sheets/sheet<k>.png` | the same with headings: the direction, the distances, the samples |
//! | `<job>.mp4`, `<job>.gif` | a frame a distance, there and back: unedited, then each direction |
//! | `index.html` | a page with sliders |
//! | `traits/`, `traits.json`, `traits.csv` | what was measured (`measure.rs`) |

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::drawing::Wanted;
use super::measure::{self, Measuring, Shot};
use super::outputs::resized;
use super::{Directions, Drawing, Plan, SefaError, usual_side};
use crate::config::SefaConfig;
use crate::media::{self, MediaError};
use crate::run::{ActiveRun, Bundle, Claim, Input, Kind, Position, RunDir, RunError, Session, Start, Work, digest};

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
    /// The files beside the checkpoint that the job is made of: codes, directions.
    pub inputs: Vec<Input>,
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
    pub(super) config: SefaConfig,
    pub(super) picked: Picked,
    pub(super) chosen: Vec<usize>,
    pub(super) distances: Vec<f64>,
    /// The name of the page and the videos.
    pub(super) name: String,
    /// Side of each image.
    side: usize,
    /// What is measured, if anything is.
    pub(super) measuring: Option<Measuring>,
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
    /// The formats in which the pictures cannot be, with the reason.
    pub(super) without: Vec<(&'static str, MediaError)>,
}

/// An image's place in a job: its sample, and the direction and the step that it is edited by.
pub(super) type Place = (usize, Option<(usize, usize)>);

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
    // A job that is there keeps the names of the files that it was begun with, wherever equal ones lie by now.
    let afresh = start == (Start::New { force: true });
    let begun_with = if afresh { None } else { begun_with(&dir, &picked.sha256) };
    let checkpoint = begun_with.as_deref().unwrap_or(checkpoint);
    let inputs = if afresh { picked.inputs } else { kept(&dir, picked.inputs) };
    let path_of = |role: &str| inputs.iter().find(|input| input.role == role).map(|input| PathBuf::from(&input.path));
    let config = SefaConfig { codes_file: path_of("codes"), directions_file: path_of("directions-file"), ..config };
    // A job that is there keeps its side, too, where none is asked for: what suits a model may have been another then.
    let there = if afresh { None } else { side_there(&dir) };
    let side = config.viz_size.or(there).unwrap_or_else(|| usual_side(picked.drawing.side()));
    // A checkpoint that was renamed since is the same model.
    let model = if start == Start::Resume { called(&dir) } else { None };
    let picked = Picked { model: model.unwrap_or(picked.model), inputs, ..picked };
    let chosen = config.chosen();
    if let Some(&asked) = chosen.iter().find(|&&index| index >= picked.directions.len()) {
        let count = picked.directions.len();
        return Err(match config.directions {
            Some(_) => SefaError::Direction { asked, count },
            None => SefaError::TooMany { asked: config.k, count },
        });
    }
    let distances = super::Distances { start: config.start, end: config.end, steps: config.steps }.all();
    let config = SefaConfig { k: chosen.len(), directions: Some(chosen.clone()), viz_size: Some(side), ..config };
    let config = config.with_law(picked.law.as_deref());
    let mut measuring = Measuring::of(&config, &chosen);
    let measured = measuring.as_ref().map_or(0, Measuring::len);
    let plan = Plan { side, samples: config.samples, directions: chosen.len(), steps: distances.len() };
    plan.permit(measured)?;
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
    let wanted: HashSet<String> = images.iter().map(|&unit| unit_name(unit, measuring.as_ref())).collect();
    let claim = Claim {
        kind: Kind::Sefa,
        settings: serde_json::to_value(&config)
            .map_err(|error| dir.malformed(Kind::Sefa.settings_file(), error.to_string()))?,
        total: images.len() as u64,
        ended: None,
        inputs: std::iter::once(Input::new("checkpoint", checkpoint, picked.sha256.clone()))
            .chain(picked.inputs.iter().cloned())
            .collect(),
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
        side,
        measuring,
        images,
        todo: None,
        along: None,
        rendered: BTreeMap::new(),
        new: Vec::new(),
        without: plan.without(),
    };
    Session::open(work, &claim, dir, start)
}

/// The side of the images of the job in a directory, if there is one.
fn side_there(dir: &RunDir) -> Option<usize> {
    if dir.kind() != Some(Kind::Sefa) {
        return None;
    }
    dir.settings().ok()?.get("viz_size")?.as_u64().and_then(|side| usize::try_from(side).ok())
}

/// Inputs under the names that the job in a directory was begun with, where those files are still there.
fn kept(dir: &RunDir, inputs: Vec<Input>) -> Vec<Input> {
    let saved = dir.manifest().map(|manifest| manifest.inputs.clone()).unwrap_or_default();
    let same = |input: &Input, other: &Input| {
        other.role == input.role && other.sha256 == input.sha256 && Path::new(&other.path).is_file()
    };
    let kept = |input: Input| saved.iter().find(|other| same(&input, other)).cloned().unwrap_or(input);
    inputs.into_iter().map(kept).collect()
}

/// What the model of the job in a directory is called, if there is one that says it.
fn called(dir: &RunDir) -> Option<String> {
    Some(dir.json(Kind::Sefa.settings_file()).ok()?.get("model")?.as_str()?.to_owned())
}

/// The file that the job in a directory was begun with, if that had these bytes and is still there.
fn begun_with(dir: &RunDir, sha256: &str) -> Option<PathBuf> {
    let job = dir.json(Kind::Sefa.settings_file()).ok()?;
    let same = job.get("checkpoint_sha256")?.as_str()? == sha256;
    Some(crate::paths::path(job.get("checkpoint")?.as_str()?)).filter(|path| same && path.is_file())
}

/// What `job.json` says.
fn description(config: &SefaConfig, picked: &Picked, checkpoint: &Path, chosen: &[usize], distances: &[f64]) -> Value {
    let unit = config.codes == crate::config::SefaCodes::UnitMeanSquare;
    let mut said = serde_json::json!({
        "program": crate::version::program(),
        "commit": crate::version::commit(),
        "model": picked.model,
        "checkpoint": crate::paths::text(checkpoint),
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
    if let Some(rng) = config.rng {
        said["rng"] = serde_json::json!(rng);
    }
    for input in &picked.inputs {
        let role = input.role.replace('-', "_");
        said[format!("{}_file", role.trim_end_matches("_file"))] = input.path.clone().into();
        said[format!("{}_sha256", role.trim_end_matches("_file"))] = input.sha256.clone().into();
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
pub(super) fn image_name((sample, edit): Place) -> String {
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
        for (unit, image) in batch.into_iter().zip(images) {
            let picture = if is_shown { resized(&image, self.side) } else { measure::measured(&image) };
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
            self.assemble(run)?;
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

    /// Side of each image in the pictures.
    pub fn side(&self) -> usize {
        self.side
    }

    /// The formats in which the pictures cannot be, with the reason; known before anything is rendered.
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
}
