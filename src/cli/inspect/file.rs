//! What is shown of a file of weights.

use std::path::Path;

use serde_json::{Value, json};

use super::super::exit::hinted;
use super::super::printer::{shown_path, visible_line};
use super::{Report, map, weights_file};
use crate::checkpoint::layouts::{self, Layout, StyleLayers};
use crate::checkpoint::{self, Source, TensorInfo};
use crate::config::shown;
use crate::data::{self, Reading};
use crate::json;
use crate::kinds::points::PointsRun;
use crate::nets::describe::{self, Network, PointsNet, pytorch};
use crate::run::{Kind, RunDir, count};

/// What a file holds, as far as it is known here.
struct Content {
    words: String,
    networks: Vec<Network>,
    points: Vec<PointsNet>,
    done: Option<u64>,
    total: Option<u64>,
    problem: Option<String>,
}

impl Content {
    fn of_words(words: impl Into<String>) -> Self {
        Self { words: words.into(), networks: Vec::new(), points: Vec::new(), done: None, total: None, problem: None }
    }
}

pub(super) fn of_file(path: &Path, key: Option<&str>) -> anyhow::Result<Report> {
    let source = Source::open(path).map_err(|error| or_points(error.into(), path))?;
    let generators = layouts::all(&source);
    let layout = match key {
        Some(_) => Some(layouts::choose(&source, key)?.0),
        None => generators.first().cloned(),
    };
    let note: Option<Value> = source.note().and_then(|note| serde_json::from_str(note).ok());
    let content = match &layout {
        Some(layout) => Some(of_layout(&source, layout)),
        None => own(&source, note.as_ref()),
    };
    let known = content.is_some();
    let mut content = content.unwrap_or_else(|| Content::of_words("none that is known here"));
    let mut report = Report::new(path, content.words.clone());
    report.fact("format", source.format());
    report.fact("network", content.words.clone());
    if let Some(layout) = &layout {
        sizes(&mut report, &source, layout, &generators);
    } else if !known {
        report.fact("why", layouts::why_none(&source));
        if let Some(styles) = StyleLayers::find(&source, key) {
            let layers = count(styles.layers().len() as u64, "style layer");
            report.fact("directions", format!("{layers}, which gan-lab sefa directions --checkpoint takes"));
        }
    }
    if let Some(program) = note.as_ref().and_then(|note| note["program"].as_str()) {
        report.fact("written by", program);
    }
    if let Some((dir, nets)) = of_run_around(path, &content.points) {
        let config = shown_path(&dir.file(Kind::Points.settings_file()));
        report.fact("config", format!("{config}, for what the tensors do not say"));
        content.points = nets;
    }
    report.fact("tensors", source.tensors().len().to_string());
    report.field("file", json::path(path));
    report.field("format", source.format());
    report.field("network", known.then(|| content.words.clone()));
    report.field("layout", layout.as_ref().map(Layout::title));
    report.field("prefix", layout.as_ref().map(|layout| layout.prefix.clone()));
    report.field("resolution", layout.as_ref().map(|layout| layout.resolution));
    report.field("done", content.done);
    report.field("total", content.total);
    let tensor = |t: &TensorInfo| json!({ "name": t.name, "type": t.kind, "shape": t.shape });
    report.field("tensors", source.tensors().iter().map(tensor).collect::<Value>());
    beside(&mut report, &source);
    report.problems.extend(content.problem);
    report.networks = content.points.iter().map(PointsNet::network).chain(content.networks).collect();
    report.loading = loading(path, &source, &content.points);
    report.points = content.points;
    report.tensors = source.tensors().to_vec();
    Ok(report)
}

/// What a generator's shapes say, and which others there are.
fn sizes(report: &mut Report, source: &Source, layout: &Layout, all: &[Layout]) {
    let sizes = layout.sizes(source);
    let known = |n: usize| if n > 0 { n.to_string() } else { "unknown, for a tensor is missing".to_owned() };
    let latent = match sizes.w {
        Some(w) => format!("z {}, w {}", known(sizes.latent), known(w)),
        None => format!("z {}", known(sizes.latent)),
    };
    report.fact("codes", latent);
    if sizes.classes > 0 {
        report.fact("classes", sizes.classes.to_string());
    }
    report.fact("channels", known(sizes.channels));
    let keys: Vec<&str> = all.iter().map(Layout::key).collect();
    if keys.len() > 1 {
        report.fact("generators", format!("{}; this is {} (--weights-key chooses)", keys.join(", "), layout.key()));
    }
    report.field("family", layout.family().title());
    report.field("key", layout.key());
    report.field("generators", keys);
    report.field("latent", sizes.latent);
    report.field("w", sizes.w);
    report.field("classes", sizes.classes);
    report.field("channels", sizes.channels);
}

/// What a file holds beside its tensors.
fn beside(report: &mut Report, source: &Source) {
    if !source.unknown().is_empty() {
        report.fact("objects", format!("{} (read as plain records)", source.unknown().join(", ")));
    }
    for skipped in source.skipped() {
        report.fact("left out", skipped.clone());
    }
    for danger in source.dangers() {
        report.problems.push(format!(
            "the file asks for {danger} when Python opens it; nothing was run here: do not open it with torch.load or pickle"
        ));
    }
    report.field("objects", json!(source.unknown()));
    report.field("left_out", json!(source.skipped()));
    report.field("dangers", json!(source.dangers()));
}

/// An error of a file that holds no tensors, with a hint where it holds points.
fn or_points(error: anyhow::Error, path: &Path) -> anyhow::Error {
    match data::inspect(path, &Reading::default()) {
        Ok(found) if !found.is_empty() => {
            let hint = format!("it holds data and no weights: gan-lab data inspect {} shows them", path.display());
            hinted(format!("{error:#}"), hint)
        }
        _ => error,
    }
}

/// How the networks of a file get their weights: from the file itself, or, for a state, from the files beside it.
fn loading(path: &Path, source: &Source, nets: &[PointsNet]) -> Vec<String> {
    if let [net] = nets {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_safetensors = source.format() == "safetensors";
        return pytorch::loading(&[(net.role(), visible_line(&name).into_owned())], is_safetensors);
    }
    pytorch::loading(&nets.iter().map(weights_file).collect::<Vec<_>>(), true)
}

fn of_layout(source: &Source, layout: &Layout) -> Content {
    let place = if layout.prefix.is_empty() { "at the top" } else { layout.key() };
    let mut content = Content::of_words(format!("{}, {1} x {1}, {place}", layout.title(), layout.resolution));
    let network = describe::progan_of_tensors(source.tensors(), &layout.prefix, layout.resolution);
    content.networks.extend(network);
    content
}

/// What gan-lab itself writes: a network of points, a run's state, a trace, the directions of a generator.
fn own(source: &Source, note: Option<&Value>) -> Option<Content> {
    if let Some(net) = PointsNet::of_tensors(source.tensors(), "") {
        let words = format!("an MLP of gan-lab's, a {} of points ({})", net.role().name(), net.widths());
        return Some(Content { points: vec![net], ..Content::of_words(words) });
    }
    if source.tensor(EPOCHS).is_some() {
        return Some(state(source, note, Kind::Points, EPOCHS));
    }
    if source.tensor(IMAGES).is_some() {
        return Some(state(source, note, Kind::Progan, IMAGES));
    }
    let format = note.and_then(|note| note["format"].as_str()).unwrap_or_default();
    if format.starts_with("gan-lab trace ") {
        let iterations = note.map(|note| shown(&note["iterations"])).unwrap_or_default();
        return Some(Content::of_words(format!(
            "a gan-lab trace: the first {iterations} iterations of a run of points"
        )));
    }
    match (source.tensor("directions").map(|tensor| &tensor.shape[..]), source.tensor("eigenvalues")) {
        (Some([directions, latent]), Some(_)) => {
            Some(Content::of_words(format!("SeFa's directions: {directions} in a latent space of {latent}")))
        }
        _ => None,
    }
}

/// How far a state is, under these names.
const EPOCHS: &str = "progress.epoch";
const IMAGES: &str = "progress.images";

fn state(source: &Source, note: Option<&Value>, kind: Kind, name: &str) -> Content {
    let total = note.and_then(|note| note["total"].as_u64());
    let of_total = total.map_or_else(String::new, |total| format!(" of {total}"));
    let found = checkpoint::load_count(source.path(), name);
    let done = found.as_ref().map_or_else(|_| "unknown".to_owned(), u64::to_string);
    let words = format!("the state of {}: {} {done}{of_total}", kind.title(), kind.unit());
    let roles = ["generator.", "discriminator."];
    let points = roles.iter().filter_map(|role| PointsNet::of_tensors(source.tensors(), role)).collect();
    let problem = found.as_ref().err().map(ToString::to_string);
    Content { points, done: found.ok(), total, problem, ..Content::of_words(words) }
}

/// Networks as the config beside the file has them, if that is the config of such networks: it knows more of them than
/// their tensors say.
fn of_run_around(path: &Path, nets: &[PointsNet]) -> Option<(RunDir, Vec<PointsNet>)> {
    let dir = RunDir::new(path.parent()?);
    if nets.is_empty() || dir.kind() != Some(Kind::Points) {
        return None;
    }
    let run = PointsRun::open(&dir).ok()?;
    let all = PointsNet::of_config(run.config(), map(&run).ok()?);
    let same = |net: &PointsNet| {
        all.iter().find(|other| other.role() == net.role() && other.mlp().tensors() == net.mlp().tensors()).cloned()
    };
    let found: Vec<PointsNet> = nets.iter().filter_map(same).collect();
    (found.len() == nets.len()).then_some((dir, found))
}
