//! `gan-lab inspect`

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::args::must_be_there;
use super::exit::{Exit, hinted};
use super::folder::no_run;
use super::points::{gamma_in_data_units, gamma_words, idle_words};
use super::printer::{Look, Printer, shown_path, visible_line};
use super::table::{Align, facts, table};
use crate::checkpoint::layouts::{self, Layout, StyleLayers};
use crate::checkpoint::{self, Source, TensorInfo};
use crate::config::{ImageLoss, Objective, Optim, ProganConfig, RunConfig, Scale, SefaConfig, shown};
use crate::data::{self, Reading};
use crate::figures::measure;
use crate::json;
use crate::kinds::points::{BestRecord, PointsRun};
use crate::nets::Slot;
use crate::nets::describe::{self, Affine, Network, PointsNet, Role, markdown, pytorch};
use crate::nets::pggan::{Pggan, slots};
use crate::objective::Constraint;
use crate::run::{Input, Kind, RunDir, RunError, Status, count};
use crate::version;

/// Show what networks a run or a file of weights holds, layer by layer
#[derive(Debug, Args)]
#[command(
    after_help = "For a run, shows the networks of its config and compares its weights files with them. For a file, \
                  recognises what it holds by the names and shapes of its tensors: gan-lab's own weights and states, or \
                  a ProGAN, StyleGAN or StyleGAN2 checkpoint in any layout of docs/CHECKPOINTS.md. Nothing in the file \
                  is executed."
)]
pub(super) struct InspectArgs {
    /// A run's directory, or a .safetensors, .pth, .pt or .pkl file
    #[arg(value_name = "RUN|FILE")]
    what: PathBuf,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Generator to read from a file that holds several, by its key, such as G_ema
    #[arg(long, value_name = "KEY")]
    weights_key: Option<String>,
}

/// The form of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Aligned columns
    Table,
    /// Markdown tables, for a report
    Markdown,
    /// For networks of points: a Python module whose classes load the weights
    Pytorch,
}

/// What was found.
struct Report {
    path: PathBuf,
    /// What it is, for scripts.
    quiet: String,
    facts: Vec<(&'static str, String)>,
    networks: Vec<Network>,
    /// The networks that PyTorch source can be written for, and their files of weights.
    points: Vec<PointsNet>,
    loading: Vec<String>,
    /// A file's tensors.
    tensors: Vec<TensorInfo>,
    /// What is not as it should be.
    problems: Vec<String>,
    fields: Map<String, Value>,
}

pub(super) fn run(args: &InspectArgs, printer: &Printer) -> anyhow::Result<Exit> {
    must_be_there(
        &args.what,
        "run or file",
        "name a run's directory or a file of weights; gan-lab runs lists the runs",
    )?;
    let key = args.weights_key.as_deref();
    let report = if args.what.is_dir() { of_directory(&args.what)? } else { of_file(&args.what, key)? };
    let fields = || report.json();
    match args.format {
        Format::Table => printer.result_lines(&report.lines(), &report.quiet, fields)?,
        Format::Markdown => printer.raw(&report.markdown(), fields)?,
        Format::Pytorch => printer.raw(&report.pytorch()?, fields)?,
    }
    Ok(if report.problems.is_empty() { Exit::Done } else { Exit::Fixable })
}

impl Report {
    fn new(path: &Path, quiet: String) -> Self {
        Self {
            path: path.to_owned(),
            quiet,
            facts: Vec::new(),
            networks: Vec::new(),
            points: Vec::new(),
            loading: Vec::new(),
            tensors: Vec::new(),
            problems: Vec::new(),
            fields: Map::new(),
        }
    }

    fn field(&mut self, name: &str, value: impl Into<Value>) {
        self.fields.insert(name.to_owned(), value.into());
    }

    fn fact(&mut self, name: &'static str, words: impl Into<String>) {
        self.facts.push((name, words.into()));
    }

    fn json(&self) -> Value {
        let mut fields = self.fields.clone();
        let networks = self.networks.iter().map(|network| serde_json::to_value(network).unwrap_or_default());
        fields.insert("networks".to_owned(), networks.collect());
        fields.insert("problems".to_owned(), json!(self.problems));
        fields.into()
    }

    fn lines(&self) -> Vec<(Look, String)> {
        let mut lines = vec![(Look::Plain, format!("{}\n{}", shown_path(&self.path), facts(&self.facts)))];
        lines.extend(self.problems.iter().map(|problem| (Look::Bad, format!("  {}", visible_line(problem)))));
        for network in &self.networks {
            let align = |numeric| if numeric { Align::Right } else { Align::Left };
            let align: Vec<Align> = network.numeric().into_iter().map(align).collect();
            let header = network.header().into_iter().map(str::to_owned).collect();
            let rows: Vec<Vec<String>> = std::iter::once(header).chain(network.rows()).collect();
            let notes = network.notes.iter().fold(String::new(), |text, note| text + "\n  " + note);
            lines.push((Look::Plain, format!("\n{}\n{}{notes}", network.role.title(), table(&align, &rows))));
        }
        if !self.tensors.is_empty() {
            let rows: Vec<Vec<String>> = self.tensors.iter().map(tensor_row).collect();
            let list = table(&[Align::Left, Align::Left, Align::Right], &rows);
            lines.push((Look::Plain, format!("\nTensors\n{list}")));
        }
        lines
    }

    fn markdown(&self) -> String {
        let mut text = format!("## {}\n\n", markdown::escaped(&shown_path(&self.path)));
        for (name, words) in &self.facts {
            text += &format!("- {name}: {}\n", markdown::escaped(&visible_line(words)));
        }
        for problem in &self.problems {
            text += &format!("- **problem**: {}\n", markdown::escaped(&visible_line(problem)));
        }
        for network in &self.networks {
            text += &format!("\n{}", markdown::network(network));
        }
        if self.networks.is_empty() && !self.tensors.is_empty() {
            let header = ["tensor", "type", "shape"].map(str::to_owned);
            let visible = |row: Vec<String>| row.iter().map(|cell| visible_line(cell).into_owned()).collect();
            let rows: Vec<Vec<String>> = self.tensors.iter().map(tensor_row).map(visible).collect();
            text += &format!("\n{}", markdown::table(&header, &[false, false, true], &rows));
        }
        text
    }

    fn pytorch(&self) -> anyhow::Result<String> {
        if self.points.is_empty() {
            return Err(hinted(
                format!(
                    "{} holds no network of points, for which alone PyTorch source is written",
                    self.path.display()
                ),
                "use --format table or markdown",
            ));
        }
        let mut heading =
            vec![format!("{}, as PyTorch has it. Written by {}.", shown_path(&self.path), version::program())];
        heading.extend(self.facts.iter().map(|(name, words)| format!("{name}: {}", visible_line(words))));
        heading.extend(self.problems.iter().map(|problem| format!("problem: {}", visible_line(problem))));
        Ok(pytorch::module(&heading, &self.points, &self.loading))
    }
}

fn tensor_row(tensor: &TensorInfo) -> Vec<String> {
    let shape = tensor.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ");
    vec![tensor.name.clone(), tensor.kind.clone(), if shape.is_empty() { "scalar".to_owned() } else { shape }]
}

fn of_directory(path: &Path) -> anyhow::Result<Report> {
    let dir = RunDir::new(path);
    match dir.kind() {
        Some(Kind::Points) => of_points(&dir),
        Some(Kind::Progan) => of_progan(&dir),
        Some(Kind::Sefa) => of_sefa(&dir),
        None => Err(no_run(&dir, None, "name a run's directory or a file of weights")?),
    }
}

/// What every kind of run says first.
fn begun(dir: &RunDir, kind: Kind, settings: Value) -> Report {
    let mut report = Report::new(dir.path(), kind.name().to_owned());
    report.field("run", json::path(dir.path()));
    report.field("kind", kind.name());
    let unit = kind.unit();
    let mut ended_by = None;
    let (words, done, total) = match dir.status() {
        // SeFa jobs once kept no record of their images.
        _ if !kind.has_state() && !dir.file(kind.records_file()).is_file() => {
            ("how far it is was not recorded".to_owned(), None, None)
        }
        Ok(Status::Finished { done }) => (format!("finished, {}", count(done, unit)), Some(done), Some(done)),
        Ok(Status::Ended { done, total }) => {
            let condition = dir.ended().ok().flatten().unwrap_or_default();
            let words = format!("ended by its own condition after {done} of {}: {condition}", count(total, unit));
            ended_by = Some(condition);
            (words, Some(done), Some(total))
        }
        // States of old ProGAN runs do not say how far they are to go.
        Ok(Status::Unfinished { done, total: u64::MAX }) => (format!("{} done", count(done, unit)), Some(done), None),
        Ok(Status::Unfinished { done, total }) => {
            (format!("{done} of {} done", count(total, unit)), Some(done), Some(total))
        }
        Ok(Status::Absent) => ("not begun".to_owned(), None, None),
        Err(error) => {
            report.problems.push(error.to_string());
            ("unknown".to_owned(), None, None)
        }
    };
    let at_work = if dir.is_locked() { "; a process is at work on it" } else { "" };
    report.fact("run", format!("{}: {words}{at_work}", kind.title()));
    report.field("done", done);
    report.field("total", total);
    report.field("ended_by", ended_by);
    report.field("settings", settings);
    report
}

fn of_points(dir: &RunDir) -> anyhow::Result<Report> {
    let run = PointsRun::open(dir)?;
    let config = run.config().clone();
    let mut report = begun(dir, Kind::Points, serde_json::to_value(&*config)?);
    report.fact("objective", objective(&config));
    report.fact("optimiser", optimiser(&config.optim, config.lr));
    if config.optim_d.is_some() || config.lr_d.is_some() {
        let [_, own] = config.optims();
        report.fact("the discriminator's", optimiser(&own, config.lr_d.unwrap_or(config.lr)));
    }
    if let Some(lookahead) = config.lookahead {
        report.fact("lookahead", format!("every {} iterations, {} of the way", lookahead.every, lookahead.step));
    }
    for (name, words) in around(&config) {
        report.fact(name, words);
    }
    report.fact("training", training(&config));
    let best = run.best()?;
    if let Some(BestRecord { metric, epoch, value }) = best {
        report.fact("best", format!("{} {} at epoch {epoch}", metric.watched().name(), measure(value)));
    }
    report.field("best", serde_json::to_value(best)?);
    let idle: Vec<String> = run.idle()?.into_iter().map(idle_words).collect();
    for words in &idle {
        report.fact("notice", words.clone());
    }
    report.field("notices", idle);
    if let Some(words) = gamma_words(&config, &run.units()?) {
        report.fact("gamma", words);
    }
    report.field("gamma_in_data_units", gamma_in_data_units(&config, &run.units()?).map(|gamma| json!(gamma)));
    let nets = PointsNet::of_config(&config, map(&run)?);
    let widths: Vec<String> = nets.iter().map(|net| format!("{} {}", net.role().name(), net.widths())).collect();
    report.quiet = widths.join(", ");
    let files = nets.each_ref().map(weights_file);
    for (net, (_, file)) in nets.iter().zip(&files) {
        compare(&mut report, dir, file, &net.mlp().tensors());
    }
    report.loading = pytorch::loading(&files, true);
    report.networks = nets.iter().map(PointsNet::network).collect();
    report.points = nets.to_vec();
    Ok(report)
}

/// Says in what a run's file of weights differs from what its config says.
fn compare(report: &mut Report, dir: &RunDir, file: &str, expected: &[Slot]) {
    let problem = match Source::open(&dir.file(file)) {
        Err(_) if !dir.file(file).exists() => Some("it is missing".to_owned()),
        Err(error) => Some(error.to_string()),
        Ok(source) => some_of(&describe::differences(expected, source.tensors())),
    };
    if let Some(problem) = problem {
        report.problems.push(format!("{file} does not fit this run's config: {problem}"));
    }
}

/// The first of many.
fn some_of(all: &[String]) -> Option<String> {
    const SHOWN: usize = 3;
    let more = all.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    (!all.is_empty()).then(|| all.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("; ") + &more)
}

fn objective(config: &RunConfig) -> String {
    let (title, game) = (config.game_title(), config.game());
    let words = match config.objective {
        Objective::Gan { generator_loss } if config.model().is_some() => {
            let choice = serde_json::to_value(generator_loss).map(|value| shown(&value)).unwrap_or_default();
            Some(format!("{choice} generator loss"))
        }
        _ => None,
    };
    let label = (game.real_label < 1.0).then(|| format!("real points labelled {}", game.real_label));
    let penalty = game.penalty.map(|penalised| {
        let every = if penalised.every > 1 { format!(" every {} steps", penalised.every) } else { String::new() };
        let falls = if (penalised.end - 1.0).abs() > 0.0 {
            format!(", {} of it at the end", penalised.end)
        } else {
            String::new()
        };
        let what = if config.model().is_some() { "gradient penalty" } else { penalised.penalty.title };
        format!("{what} with weight {}{every}{falls}", penalised.weight)
    });
    let unrolled =
        config.unroll.map(|steps| format!("the generator's gradient through {steps} steps of the discriminator"));
    let drift = (game.drift > 0.0).then(|| format!("a drift term with weight {}", game.drift));
    let clip = match game.constraint {
        Constraint::Clip(clip) => Some(format!("the critic's parameters clipped to +-{clip}")),
        Constraint::SpectralNorm => Some("spectral norm on each of the discriminator's Linears".to_owned()),
        Constraint::None => None,
    };
    [Some(title), words, label, penalty, drift, clip, unrolled].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn optimiser(optim: &Optim, lr: f64) -> String {
    let options = serde_json::to_value(optim).unwrap_or_default();
    let options = options.as_object().cloned().unwrap_or_default();
    let mut words = format!("{}, lr {}", optim.title(), shown(&json!(lr)));
    for (name, value) in options.iter().filter(|(name, _)| *name != "name") {
        let value = match value {
            Value::Array(_) => format!("({})", shown(value).replace(',', ", ")),
            value => shown(value),
        };
        words += &format!(", {name} {value}");
    }
    words
}

/// What stands around the objective and the optimiser, where there is such.
fn around(config: &RunConfig) -> Vec<(&'static str, String)> {
    let word = |value: serde_json::Result<Value>| value.map(|value| shown(&value)).unwrap_or_default();
    let schedule = config.schedule.map(|schedule| {
        let (shape, warm_up) = (word(serde_json::to_value(schedule.name)), schedule.warm_up);
        let rise = if warm_up > 0.0 { format!(", rising over {warm_up} of the run first") } else { String::new() };
        ("rates", format!("{shape}{rise}; {} of them is left at the end", schedule.end))
    });
    let average = config.ema.map(|ema| {
        let most = if ema.ramp > 0.0 { format!(", {} of those so far at most", ema.ramp) } else { String::new() };
        ("average", format!("of the generator; half is forgotten in {} points{most}", ema.half_life))
    });
    let clip = config.clip_grad.map(|norm| ("gradients", format!("of each network, no longer than {norm}")));
    let noise = config.instance_noise.map(|noise| {
        let words = format!("of deviation {} on all points, {} of it at the end", noise.deviation, noise.end);
        ("noise", words)
    });
    let init = config.init.map(|init| ("first weights", word(serde_json::to_value(init))));
    [schedule, average, clip, noise, init].into_iter().flatten().collect()
}

fn training(config: &RunConfig) -> String {
    let order = serde_json::to_value(config.update_order).map(|value| shown(&value)).unwrap_or_default();
    format!(
        "batches of {}, {} an iteration, {order}, seed {}",
        config.batch_size,
        count(config.critic_steps as u64, "critic step"),
        config.seed
    )
}

fn of_progan(dir: &RunDir) -> anyhow::Result<Report> {
    let config = dir.config(Kind::Progan, ProganConfig::check)?;
    let mut report = begun(dir, Kind::Progan, serde_json::to_value(&config)?);
    let sizes = |image_channels| Pggan {
        resolution: config.resolution,
        latent_dim: config.latent_dim,
        image_channels,
        fmaps_base: config.fmaps_base,
        fmaps_max: config.fmaps_max,
    };
    let size = |net: &Pggan| slots(&net.generator()).iter().map(Slot::size).sum::<usize>();
    // The config does not say whether the images are grey; the state does.
    let state = Source::open(&dir.file("state.safetensors"))?;
    let numbers = state.tensor("generator").map(|tensor| tensor.shape.clone());
    let net = [1, 3].map(sizes).into_iter().find(|net| numbers == Some(vec![size(net)]));
    let net = net.ok_or_else(|| dir.malformed("state.safetensors", "its generator is not the one of config.json"))?;
    let records = dir.records::<Value>(&|_| {}).unwrap_or_default();
    if let Some(last) = records.last() {
        let alpha =
            if last["alpha"] == 1.0 { String::new() } else { format!(", faded in to {}", shown(&last["alpha"])) };
        report.fact("side at work", format!("{}{alpha}", shown(&last["side"])));
    }
    report.fact("images", format!("{0} x {0}, {1}", net.resolution, count(net.image_channels as u64, "channel")));
    report.fact("objective", image_loss(&config.loss));
    let betas = config.betas;
    report.fact("optimiser", format!("Adam, lr {}, betas ({}, {})", shown(&json!(config.lr)), betas[0], betas[1]));
    let reals = if dir.file("reals.png").is_file() { ", reals.png beside them" } else { "" };
    report.fact("pictures", format!("training.gif and samples/{reals}"));
    let lod = Slot { name: "lod".to_owned(), shape: Vec::new() };
    let expected: Vec<Slot> = slots(&net.generator()).into_iter().chain([lod]).collect();
    compare(&mut report, dir, "generator.safetensors", &expected);
    report.quiet = format!("ProGAN, {0} x {0}", net.resolution);
    report.networks = describe::progan(&net, config.downscale).to_vec();
    Ok(report)
}

fn image_loss(loss: &ImageLoss) -> String {
    match loss {
        ImageLoss::LogisticR1 { gamma, every } => {
            format!("non-saturating GAN loss, R1 with weight {gamma} every {}", count(*every, "step"))
        }
        ImageLoss::WganGp { gp_weight, drift } => {
            format!("WGAN-GP, gradient penalty with weight {gp_weight}, drift {drift}")
        }
    }
}

/// From the units of a run's networks to its data's, where they are others.
fn map(run: &PointsRun) -> Result<Option<Affine>, RunError> {
    let units = run.units()?;
    Ok((units.scale != Scale::None).then_some(Affine { centre: units.centre, matrix: units.matrix }))
}

fn of_sefa(dir: &RunDir) -> anyhow::Result<Report> {
    let config: SefaConfig = dir.config(Kind::Sefa, Ok)?;
    let mut report = begun(dir, Kind::Sefa, serde_json::to_value(&config)?);
    let manifest = dir.manifest()?;
    let checkpoint = manifest.input("checkpoint");
    if let Some(path) = checkpoint.map(Input::place).or(config.checkpoint) {
        report.fact("generator", path.display().to_string());
        report.field("checkpoint", json::path(&path));
    }
    let directions = config.directions.clone().unwrap_or_else(|| (0..config.k).collect());
    let words = directions.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    report.fact("directions", if words.is_empty() { "no pictures".to_owned() } else { words });
    let found = Source::open(&dir.file("directions.safetensors"))?;
    if let Some(&[directions, latent]) = found.tensor("directions").map(|tensor| &tensor.shape[..]) {
        report.fact("found", format!("{directions} directions in a latent space of {latent}; eigenvalues.csv"));
    }
    report.fact("samples", format!("{}, seed {}", config.samples, config.seed));
    report.fact("distances", format!("{} from {} to {}", config.steps, config.start, config.end));
    let page = dir.file("index.html");
    let has_page = page.is_file();
    report.fact("page", if has_page { shown_path(&page) } else { "not made yet".to_owned() });
    report.field("page", if has_page { json::path(&page) } else { Value::Null });
    Ok(report)
}

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

fn of_file(path: &Path, key: Option<&str>) -> anyhow::Result<Report> {
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

/// Where a run has a network's weights.
fn weights_file(net: &PointsNet) -> (Role, String) {
    (net.role(), format!("{}.safetensors", net.role().name()))
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
