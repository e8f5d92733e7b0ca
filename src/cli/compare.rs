//! `gan-lab compare`

use std::path::{Path, PathBuf};

use clap::Args;

use super::args::{MOST_SAMPLES, Seeds, metric, metric_names, whole};
use super::exit::{Exit, UsageError, refused};
use super::local;
use super::measured::{How, METRICS, named, summarise};
use super::options::help_of as help;
use super::printer::{Printer, path_lines, shown_path};
use super::signals::ParentSignals;
use super::table::{Align, table};
use crate::compare::{self, Comparison, DataSet, Format, OUTPUTS, Selection, SelectionError};
use crate::config::{Model, POINTS, TrainConfig};
use crate::data::synthetic::Law;
use crate::kinds::points::{Plan, RECORDED, View, Which};
use crate::made::ResultFolder;
use crate::metric::Metric;
use crate::run::{Ability, RUNS, RunDir, digest};
use crate::sweep::{PlannedRun, Tally};

const COMPARISONS: &str = "work_dirs/compare";
/// More runs than this are not listed one by one where there are groups; the files have them all.
const MOST_LISTED: usize = 12;
/// More runs than this are not all named in the folder's name.
const MOST_NAMED: usize = 3;
/// A longer name of a folder is cut.
const LONGEST: usize = 160;

/// Compare runs: a table, a curve, their distributions side by side
#[derive(Debug, Args)]
#[command(
    after_help = "Runs that differ only in the seed form one group: tables give means with standard errors, and \
                  differences between groups seed by seed. Each data set has its own tables, floor and axes; runs on \
                  different data are never subtracted. Files: table.md; table.csv, runs.csv, curves.csv; \
                  comparison.json; table.tex (latex); curve.png, panel.png; panel.gif. docs/COMPARE.md explains them and \
                  shows how to read them with pandas. Existing files are replaced only if gan-lab wrote them and nobody \
                  has changed them since."
)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
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
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = metric, help = metrics_help())]
    metrics: Vec<Metric>,
    /// Take the metrics that each run recorded at its last frame (mode-tv, sliced-w2, coverage) instead of measuring: one draw
    /// each, in seconds for thousands of runs
    #[arg(long, conflicts_with_all = ["law", "samples", "repeats", "data", "lab"])]
    recorded: bool,
    /// The group that the others on the same data are compared with, by its name or a part of it: 'gan, rmsprop' [default:
    /// the first]
    #[arg(long, value_name = "GROUP")]
    against: Option<String>,
    /// Group the runs by these settings, such as model,lr [default: all settings in which they differ, except the seed]
    #[arg(long, value_name = "KEYS", value_delimiter = ',')]
    group_by: Vec<String>,
    /// Only these groups, in this order, by their names or parts of them; may be given several times
    #[arg(long, value_name = "GROUP")]
    only: Vec<String>,
    /// Which files to write
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = format,
          default_value = "md,csv,json,latex,png,gif")]
    format: Vec<Format>,
    /// The known distribution of the data, if their file does not name it
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
    /// What the panels show of each run; always drawn from back to front in the order below
    #[arg(long, value_name = "WHAT", value_enum, value_delimiter = ',')]
    layers: Vec<View>,
    /// Draw no panel.gif
    #[arg(long)]
    no_gif: bool,

    /// Compare the lab's runs, and train those that are missing: three models with RMSProp, and the GAN with SGD and Adam
    #[arg(long, conflicts_with = "runs", help_heading = "The lab's comparison")]
    lab: bool,
    /// Which seeds [default: 0]
    #[arg(long, value_name = "LIST", help_heading = "The lab's comparison")]
    seeds: Option<Seeds>,
    #[arg(long, value_name = "N", value_parser = whole::<u64>(0..=u64::MAX), help = help(&POINTS, "epochs"), help_heading = "The lab's comparison")]
    epochs: Option<u64>,
    #[arg(long, value_name = "N", value_parser = whole::<usize>(0..=u64::MAX), help = help(&POINTS, "train-size"), help_heading = "The lab's comparison")]
    train_size: Option<usize>,
    /// Directory of the runs, for those that exist and those to train [default: work_dirs/train]
    #[arg(long = "runs", value_name = "DIR", help_heading = "The lab's comparison")]
    runs_dir: Option<PathBuf>,
    /// Runs at a time [default: one per CPU]
    #[arg(long, value_name = "J", help_heading = "The lab's comparison",
          value_parser = whole::<u16>(1..=1024))]
    jobs: Option<u16>,
}

fn format(text: &str) -> Result<Format, String> {
    let known = || Format::ALL.map(Format::name).join(", ");
    let found = Format::ALL.into_iter().find(|format| format.name() == text.trim());
    found.ok_or_else(|| format!("'{text}' is not a form of file; there are {}", known()))
}

pub(super) fn run(args: &CompareArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let selection = selection(args)?;
    let metrics = metrics(args)?;
    of_the_lab_only(args)?;
    if let Some(below) = args.layers.iter().find(|view| view.is_below()) {
        let words = format!("--layers {}: it stands below points, and a panel has no room there", below.name());
        return Err(UsageError(words).into());
    }
    let out = args.out.clone().unwrap_or_else(|| Path::new(COMPARISONS).join(default_name(args)));
    let mut folder = ResultFolder::open(&out, args.force)?;
    // Before anything is trained or measured.
    let wanted = |format: Format| args.format.contains(&format) && !(args.no_gif && format == Format::Gif);
    for output in OUTPUTS.iter().filter(|output| wanted(output.format)) {
        folder.permit(output.file).map_err(refused)?;
    }
    let dirs = if args.lab {
        match train_lab(args, &out, printer)? {
            Ok(dirs) => dirs,
            Err(exit) => return Ok(exit),
        }
    } else {
        named(&args.runs, Ability::Compare, "compared", printer)?
    };
    let plan = Plan {
        metrics: Some(metrics.clone()),
        lenient: true,
        law: args.law,
        which: Which::Last,
        samples: args.samples.map(|n| n as usize),
        repeats: usize::from(args.repeats),
        data: args.data.clone().filter(|_| !args.lab),
    };
    let how = if args.recorded { How::Recorded } else { How::Anew(&plan) };
    let (runs, left_out) = summarise(&dirs, how, printer)?;
    let mut comparison = Comparison::of(runs, &metrics, &selection, left_out).map_err(|error| usage(&error))?;
    comparison.recorded = args.recorded;
    let mut written = Vec::new();
    for output in OUTPUTS.iter().filter(|output| wanted(output.format)) {
        let working = (output.format == Format::Gif).then(|| printer.spinner(&format!("drawing {}", output.file)));
        let bytes = (output.bytes)(&comparison, &args.layers)?;
        written.push(folder.write(output.file, &bytes).map_err(refused)?);
        drop(working);
    }
    // The pictures say the same.
    if wanted(Format::Png) || wanted(Format::Gif) {
        for note in compare::not_drawn(&comparison, &args.layers) {
            printer.note(&note);
        }
    }
    let files = written.iter().map(|path| shown_path(path)).collect::<Vec<_>>().join("\n");
    let words = format!("{}\n\n{files}", listing(&comparison));
    printer.result(&words, path_lines(&written), || comparison.json())?;
    Ok(if comparison.left_out.is_empty() { Exit::Done } else { Exit::Fixable })
}

fn metrics_help() -> String {
    format!(
        "Metrics to measure, of each run's last state; {} need data from a known distribution [default: {}]",
        metric_names(Metric::needs_modes, ", "),
        METRICS.map(Metric::name).join(",")
    )
}

/// The metrics that were asked for, or those that are most telling.
fn metrics(args: &CompareArgs) -> Result<Vec<Metric>, UsageError> {
    let is_recorded = |metric: &&Metric| RECORDED.contains(metric);
    let absent = args.metrics.iter().find(|metric| args.recorded && !is_recorded(metric));
    if let Some(metric) = absent {
        let recorded = RECORDED.map(Metric::name).join(", ");
        return Err(UsageError(format!("--recorded: runs do not record {}, only {recorded}", metric.name())));
    }
    let chosen = if args.metrics.is_empty() { &METRICS[..] } else { &args.metrics };
    Ok(chosen.iter().filter(|metric| !args.recorded || is_recorded(metric)).copied().collect())
}

/// Refuses what only the lab's comparison takes. The parser lets it pass, because runs and --lab exclude each other.
fn of_the_lab_only(args: &CompareArgs) -> Result<(), UsageError> {
    let given = [
        ("--seeds", args.seeds.is_some()),
        ("--epochs", args.epochs.is_some()),
        ("--train-size", args.train_size.is_some()),
        ("--runs", args.runs_dir.is_some()),
        ("--jobs", args.jobs.is_some()),
    ];
    match given.iter().find(|(_, given)| *given && !args.lab) {
        Some((name, _)) => {
            Err(UsageError(format!("{name} is for compare --lab; runs that are there are compared as they are")))
        }
        None => Ok(()),
    }
}

/// What was chosen of the runs. Names of settings are known to be right before anything is measured.
fn selection(args: &CompareArgs) -> anyhow::Result<Selection> {
    let group_by = if args.group_by.is_empty() {
        None
    } else {
        Some(Selection::keys(&args.group_by).map_err(|error| usage(&error))?)
    };
    Ok(Selection { group_by, only: args.only.clone(), against: args.against.clone() })
}

fn usage(error: &SelectionError) -> UsageError {
    UsageError(error.to_string())
}

/// The folder of a comparison: named after its runs, so that another comparison gets another one. A digest says what the
/// names do not: where runs lie that are not in work_dirs/train/, or which they are where they are many.
fn default_name(args: &CompareArgs) -> String {
    if args.lab {
        let data = args.data.as_ref().map(|path| path.to_string_lossy());
        let seeds = seeds(args);
        let asked = format!("{seeds:?} {data:?} {:?} {:?}", args.train_size, args.epochs);
        let is_plain = (data, &args.train_size, &args.epochs) == (None, &None, &None) && seeds == [0];
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

/// The lab's seeds.
fn seeds(args: &CompareArgs) -> Vec<u64> {
    args.seeds.as_ref().map_or_else(|| vec![0], |seeds| seeds.0.clone())
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
    let configs = compare::lab_configs(&base, &seeds(args)).into_iter().map(TrainConfig::check);
    let runs = std::path::absolute(args.runs_dir.as_deref().unwrap_or(Path::new(RUNS)))?;
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

fn listing(comparison: &Comparison) -> String {
    let several = comparison.data_sets.len() > 1;
    let of = |set: &DataSet| {
        let mut parts = tables(set);
        if several {
            parts.insert(0, format!("data: {}: {}", set.name, compare::about(set)));
        }
        parts
    };
    let mut parts: Vec<String> = comparison.data_sets.iter().flat_map(of).collect();
    parts.push(comparison.notes().join("\n"));
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

/// The tables of a data set, for a person.
fn tables(set: &DataSet) -> Vec<String> {
    let aligned = |rows: Vec<Vec<compare::Cell>>| {
        let columns = rows.first().map_or(0, Vec::len);
        let align: Vec<Align> = (0..columns).map(|i| if i == 0 { Align::Left } else { Align::Right }).collect();
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(compare::Cell::plain).collect()).collect();
        table(&align, &rows)
    };
    let mut parts = Vec::new();
    let count = set.runs().count();
    if set.has_groups() {
        parts.push(format!("{}\n{}", compare::over_words(set, "*"), aligned(compare::group_rows(set))));
    }
    let reference = set.reference.and_then(|i| set.groups.get(i));
    if let Some(reference) = reference.filter(|_| !set.differences.is_empty()) {
        let rows = aligned(compare::difference_rows(set));
        parts.push(format!("against {}: {}\n{rows}", reference.label, compare::PAIRED_WORDS));
    }
    if count <= MOST_LISTED {
        parts.push(aligned(compare::run_rows(set)));
    } else {
        parts.push(format!("the {count} runs one by one are in the files"));
    }
    parts
}
