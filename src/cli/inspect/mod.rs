//! `gan-lab inspect`

mod directory;
mod file;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::args::must_be_there;
use super::exit::{Exit, hinted};
use super::printer::{Look, Printer, shown_path, visible_line};
use super::table::{Align, facts, table};
use crate::checkpoint::TensorInfo;
use crate::config::Scale;
use crate::kinds::points::PointsRun;
use crate::nets::describe::{Affine, Network, PointsNet, Role, markdown, pytorch};
use crate::run::RunError;
use crate::version;
use directory::of_directory;
use file::of_file;

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

/// From the units of a run's networks to its data's, where they are others.
fn map(run: &PointsRun) -> Result<Option<Affine>, RunError> {
    let units = run.units()?;
    Ok((units.scale != Scale::None).then_some(Affine { centre: units.centre, matrix: units.matrix }))
}

/// Where a run has a network's weights.
fn weights_file(net: &PointsNet) -> (Role, String) {
    (net.role(), format!("{}.safetensors", net.role().name()))
}
