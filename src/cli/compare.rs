//! `gan-lab compare`

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;

use super::args::{MOST_SAMPLES, Seeds, metric, whole};
use super::exit::{Exit, UsageError, refused};
use super::local;
use super::options::help_of as help;
use super::points::axes;
use super::printer::{Printer, path_lines, shown_path};
use super::signals::ParentSignals;
use super::table::{Align, table};
use crate::compare::{self, Group, Panel, RunSummary};
use crate::config::{Model, POINTS, TrainConfig};
use crate::data::synthetic::Law;
use crate::json::{self, document};
use crate::kinds::points::Plan;
use crate::made::ResultFolder;
use crate::media;
use crate::metric::Metric;
use crate::render::{Curve, CurveChart, Size};
use crate::run::{RUNS, RunDir, count, digest};
use crate::sweep::{PlannedRun, Tally};

const COMPARISONS: &str = "work_dirs/compare";
const PANEL_GIF: &str = "panel.gif";
/// What a comparison writes.
const FILES: [&str; 6] = ["table.md", "table.csv", "comparison.json", "curve.png", "panel.png", PANEL_GIF];
/// More runs than this are not all named in the folder's name.
const MOST_NAMED: usize = 3;
/// A longer name of a folder is cut.
const LONGEST: usize = 160;
/// More cells than this are too small to see; then each group shows its median run.
const MOST_CELLS: usize = 12;
const CELL: Size = Size { width: 480, height: 360 };
const CHART: Size = Size { width: 960, height: 540 };

/// Compare runs: a table, a curve, their distributions side by side
#[derive(Debug, Args)]
#[command(
    after_help = "Runs that differ in their seed only are taken together: means with standard errors, and differences \
                        seed by seed. Written: table.md, table.csv, comparison.json, curve.png, panel.png, panel.gif. Only \
                        files that gan-lab wrote there, and that are as it wrote them, are replaced."
)]
pub(super) struct CompareArgs {
    /// Run directories, or directories of runs such as a sweep's
    #[arg(value_name = "RUN", required_unless_present = "lab")]
    runs: Vec<PathBuf>,
    /// Where to write [default: a folder in work_dirs/compare/, named after the runs]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace files of these names that gan-lab did not write
    #[arg(long)]
    force: bool,
    /// Which metrics of the last state
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = metric,
          default_value = "w1,sliced-w2,1-nn,precision,recall,coverage")]
    metrics: Vec<Metric>,
    /// The law of the data, where their file does not say it
    #[arg(long)]
    law: Option<Law>,
    /// Points in each set [default: as many as are held out, 2000 at most]
    #[arg(long, value_name = "N", value_parser = whole::<u32>(10..=MOST_SAMPLES))]
    samples: Option<u32>,
    /// Fresh draws from each run
    #[arg(long, value_name = "R", default_value_t = 3, value_parser = whole::<u16>(1..=1000))]
    repeats: u16,
    /// Where the runs' data are now, if they were moved; with --lab the data to train on
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Draw no panel.gif
    #[arg(long)]
    no_gif: bool,

    /// The lab's own comparison, trained where it is not yet: three models with RMSProp, the GAN with SGD and Adam too
    #[arg(long, conflicts_with = "runs", help_heading = "The lab's comparison")]
    lab: bool,
    /// Which seeds
    #[arg(long, value_name = "LIST", default_value = "0", requires = "lab", help_heading = "The lab's comparison")]
    seeds: Seeds,
    #[arg(long, value_name = "N", value_parser = whole::<u64>(0..=u64::MAX), help = help(&POINTS, "epochs"), requires = "lab", help_heading = "The lab's comparison")]
    epochs: Option<u64>,
    #[arg(long, value_name = "N", value_parser = whole::<usize>(0..=u64::MAX), help = help(&POINTS, "train-size"), requires = "lab", help_heading = "The lab's comparison")]
    train_size: Option<usize>,
    /// Where the runs are and go
    #[arg(long = "runs", value_name = "DIR", default_value = RUNS, requires = "lab", help_heading = "The lab's comparison")]
    runs_dir: PathBuf,
    /// Runs at a time [default: what the machine has]
    #[arg(long, value_name = "J", requires = "lab", help_heading = "The lab's comparison",
          value_parser = whole::<u16>(1..=1024))]
    jobs: Option<u16>,
}

pub(super) fn run(args: &CompareArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let out = args.out.clone().unwrap_or_else(|| Path::new(COMPARISONS).join(default_name(args)));
    let mut folder = ResultFolder::open(&out, args.force)?;
    // Before anything is trained or measured.
    for name in FILES.iter().filter(|&&name| !args.no_gif || name != PANEL_GIF) {
        folder.permit(name).map_err(refused)?;
    }
    let dirs = if args.lab {
        match train_lab(args, &out, printer)? {
            Ok(dirs) => dirs,
            Err(exit) => return Ok(exit),
        }
    } else {
        let found = args.runs.iter().map(|path| compare::runs_under(path)).collect::<Result<Vec<_>, _>>()?;
        for (path, found) in args.runs.iter().zip(&found) {
            if found.not_begun > 0 {
                printer.note(&format!(
                    "{}: {} not begun",
                    path.display(),
                    count(found.not_begun as u64, "planned run")
                ));
            }
        }
        found.into_iter().flat_map(|found| found.dirs).collect()
    };
    let (runs, left_out) = summarise(&dirs, args, printer)?;
    let (groups, differences) = compare::compare_groups(&runs, &args.metrics);
    let mut written = Vec::new();
    let mut write = |name: &str, bytes: &[u8]| -> anyhow::Result<()> {
        written.push(folder.write(name, bytes).map_err(refused)?);
        Ok(())
    };
    let mut json = compare::json(&runs, &groups, &differences, &args.metrics);
    json["left_out"] = left_out.iter().map(LeftOut::json).collect();
    write("table.md", compare::markdown(&runs, &groups, &differences, &args.metrics).as_bytes())?;
    write("table.csv", &compare::csv(&runs, &args.metrics)?)?;
    write("comparison.json", (serde_json::to_string_pretty(&document(json.clone()))? + "\n").as_bytes())?;
    write("curve.png", &media::encode_png(&chart(&groups)?)?)?;
    let panel = Panel::open(&shown(&runs, &groups), CELL, |real| axes(&runs[0].config, real))?;
    write("panel.png", &media::encode_png(&panel.last()?)?)?;
    if !args.no_gif {
        let _working = printer.spinner("drawing panel.gif");
        write(PANEL_GIF, &media::encode_gif(&panel, 4.0)?)?;
    }
    let listing = listing(&runs, &groups, &differences, &args.metrics);
    let files = written.iter().map(|path| shown_path(path)).collect::<Vec<_>>().join("\n");
    printer.result(&format!("{listing}\n\n{files}"), path_lines(&written), || json)?;
    Ok(if left_out.is_empty() { Exit::Done } else { Exit::Fixable })
}

/// The folder of a comparison: named after its runs, so that another comparison gets another one. A digest says what the
/// names do not: where runs lie that are not in work_dirs/train/, or which they are where they are many.
fn default_name(args: &CompareArgs) -> String {
    if args.lab {
        let data = args.data.as_ref().map(|path| path.to_string_lossy());
        let asked = format!("{:?} {data:?} {:?} {:?}", args.seeds.0, args.train_size, args.epochs);
        let is_plain = (data, &args.train_size, &args.epochs) == (None, &None, &None) && args.seeds.0 == [0];
        return if is_plain { "lab".to_owned() } else { format!("lab-{}", short_digest(&asked)) };
    }
    let whole: Vec<PathBuf> =
        args.runs.iter().map(|path| path.canonicalize().unwrap_or_else(|_| path.clone())).collect();
    let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut named = whole.iter().take(MOST_NAMED).map(name).collect::<Vec<_>>().join("-vs-");
    if whole.len() > MOST_NAMED {
        named += &format!("-and-{}-more", whole.len() - MOST_NAMED);
    }
    let home = Path::new(RUNS).canonicalize().ok();
    let in_home = |path: &PathBuf| home.is_some() && path.parent() == home.as_deref();
    // Names of folders have 255 bytes at most.
    let is_plain = whole.len() <= MOST_NAMED && whole.iter().all(in_home) && named != "lab" && named.len() <= LONGEST;
    if is_plain {
        return named;
    }
    let paths = whole.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>().join("\n");
    let cut = named.char_indices().find(|(at, c)| at + c.len_utf8() > LONGEST).map_or(named.len(), |(at, _)| at);
    format!("{}-{}", &named[..cut], short_digest(&paths))
}

fn short_digest(text: &str) -> String {
    digest(text.as_bytes())[..8].to_owned()
}

/// Trains what is missing of the lab's comparison; the inner error is how that ended otherwise.
fn train_lab(args: &CompareArgs, out: &Path, printer: &Printer) -> anyhow::Result<Result<Vec<RunDir>, Exit>> {
    let mut base = TrainConfig { threads: 1, ..TrainConfig::lab(Model::Gan) };
    super::args::set(&mut base.data.path, args.data.as_ref());
    super::args::set(&mut base.data.train_size, args.train_size.as_ref());
    super::args::set(&mut base.epochs, args.epochs.as_ref());
    let configs = compare::lab_configs(&base, &args.seeds.0).into_iter().map(TrainConfig::check);
    let runs = std::path::absolute(&args.runs_dir)?;
    let sweep = compare::lab_sweep(
        out,
        &runs,
        configs.collect::<Result<_, _>>().map_err(|error| UsageError(error.to_string()))?,
    )?;
    sweep.write()?;
    let dirs = sweep.runs.iter().map(PlannedRun::run_dir).collect();
    let signals = ParentSignals::listen()?;
    let states = local::do_all(&sweep, args.jobs.map(usize::from), &signals, printer)?;
    let exit = local::exit(signals.exit(), Tally::of(&states), &sweep);
    Ok(if exit == Exit::Done { Ok(dirs) } else { Err(exit) })
}

/// A run that cannot be measured, and why.
struct LeftOut<'a> {
    run: &'a Path,
    reason: String,
}

impl LeftOut<'_> {
    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "run": json::path(self.run), "reason": self.reason })
    }
}

/// Measures the runs. One that cannot be measured costs itself only, and is named.
fn summarise<'a>(
    dirs: &'a [RunDir],
    args: &CompareArgs,
    printer: &Printer,
) -> anyhow::Result<(Vec<RunSummary>, Vec<LeftOut<'a>>)> {
    let plan = Plan {
        metrics: Some(args.metrics.clone()),
        law: args.law,
        samples: args.samples.map(|n| n as usize),
        repeats: usize::from(args.repeats),
        data: args.data.clone().filter(|_| !args.lab),
    };
    let bar = printer.progress("run", dirs.len() as u64, 0);
    let (mut runs, mut left_out) = (Vec::new(), Vec::new());
    for dir in dirs {
        let run = dir.path();
        match RunSummary::of(dir, &plan).with_context(|| format!("{} cannot be measured", run.display())) {
            Ok(summary) => runs.push(summary),
            Err(error) if dirs.len() == 1 => return Err(error),
            Err(error) => {
                printer.problem(&format!("{error:#}; it is left out"));
                left_out.push(LeftOut { run, reason: format!("{:#}", error.root_cause()) });
            }
        }
        bar.show((runs.len() + left_out.len()) as u64, &[(1, "measured")]);
    }
    bar.finish();
    if runs.is_empty() {
        bail!("none of the {} can be measured", count(dirs.len() as u64, "run"));
    }
    compare::label_all(&mut runs);
    Ok((runs, left_out))
}

/// The runs on the panel: all, or the median run of each group where they are many.
fn shown<'a>(runs: &'a [RunSummary], groups: &[Group<'a>]) -> Vec<&'a RunSummary> {
    if runs.len() <= MOST_CELLS {
        return runs.iter().collect();
    }
    let distance = |run: &RunSummary| run.mean(Metric::W1).or_else(|| run.curve.last().map(|&(_, value)| value));
    groups.iter().filter_map(|group| group.median_by(distance)).take(MOST_CELLS).collect()
}

fn chart(groups: &[Group<'_>]) -> anyhow::Result<crate::render::Picture> {
    let points = |run: &RunSummary| run.curve.iter().map(|&(epoch, value)| (epoch as f64, value)).collect::<Vec<_>>();
    let curves: Vec<Curve> = groups
        .iter()
        .map(|group| {
            let behind = if group.runs.len() > 1 { group.runs.iter().map(|run| points(run)).collect() } else { vec![] };
            let line = group.mean_curve().into_iter().map(|(epoch, value)| (epoch as f64, value)).collect();
            Curve { name: group.label.clone(), line, behind }
        })
        .collect();
    let floors: Vec<f64> = groups
        .iter()
        .flat_map(|group| &group.runs)
        .filter_map(|run| run.floor.map(|floor| floor.sliced_w2.mean))
        .collect();
    let mut levels = Vec::new();
    if !floors.is_empty() {
        let floor = floors.iter().sum::<f64>() / floors.len() as f64;
        levels = vec![("floor".to_owned(), floor), (format!("{} floors", compare::NEAR), compare::NEAR * floor)];
    }
    let title = "sliced W2 distance from the held-out points";
    Ok(CurveChart { title, curves: &curves, levels: &levels }.draw(CHART)?)
}

/// The differences in the first metric, for a person; the files have them all.
fn differences_in(differences: &[compare::Difference], metrics: &[Metric]) -> Vec<compare::Difference> {
    differences.iter().filter(|difference| Some(&difference.metric) == metrics.first()).cloned().collect()
}

fn listing(
    runs: &[RunSummary],
    groups: &[Group<'_>],
    differences: &[compare::Difference],
    metrics: &[Metric],
) -> String {
    let aligned = |rows: &[Vec<String>]| {
        let columns = rows.first().map_or(0, Vec::len);
        let align: Vec<Align> = (0..columns).map(|i| if i == 0 { Align::Left } else { Align::Right }).collect();
        table(&align, rows)
    };
    let mut parts = Vec::new();
    if groups.len() == runs.len() || runs.len() <= MOST_CELLS {
        parts.push(aligned(&compare::run_rows(runs, metrics)));
    }
    if groups.len() < runs.len() {
        parts.push(format!("mean +- standard error over seeds\n{}", aligned(&compare::group_rows(groups, metrics))));
    }
    if !differences.is_empty() {
        let first = groups.first().map_or("", |group| group.label.as_str());
        parts.push(format!(
            "difference from {first}, seed by seed\n{}",
            aligned(&compare::difference_rows(&differences_in(differences, metrics)))
        ));
    }
    parts.join("\n\n")
}
