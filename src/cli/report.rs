//! `gan-lab report`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::args::{MOST_SAMPLES, whole};
use super::exit::{Exit, UsageError, refused};
use super::measured::{How, METRICS, named, summarise};
use super::pages::made;
use super::printer::{Printer, path_lines, shown_path};
use crate::compare::{Comparison, DataSet, RunSummary, Selection};
use crate::json;
use crate::kinds::points::{Plan, Which};
use crate::made::ResultFolder;
use crate::page::{self, MOST_RUNS};
use crate::run::{Ability, RunDir};

/// Where pages go unless told otherwise.
const PAGES: &str = "report";
/// A longer name of a file is cut.
const LONGEST: usize = 160;

/// Write an HTML page about runs: their points frame by frame, and curves of losses and metrics
#[derive(Debug, Args)]
#[command(after_help = "Writes one HTML file that any browser opens offline: points, the discriminator's field, the \
                  generator's manifold, forces, histograms and curves under one time slider, with the config and the \
                  command that repeats the run. Up to four runs are shown side by side. Of more runs, such as a sweep's, \
                  the page shows the median run of each of the first four groups, and the tables of gan-lab compare list \
                  them all. An existing page is replaced only if gan-lab wrote it and nobody has changed it since.")]
pub(super) struct ReportArgs {
    /// Run directories, or directories of runs: a sweep's, a comparison's
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// Where to write the page [default: report/<the runs' folders>.html]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace a file of this name that gan-lab did not write
    #[arg(long)]
    force: bool,
    /// Leave out the tables that compare several runs; nothing is measured then
    #[arg(long)]
    no_tables: bool,
    /// Points in each set of the tables [default: as many as are held out, 2000 at most]
    #[arg(long, value_name = "N", value_parser = whole::<u32>(10..=MOST_SAMPLES), conflicts_with = "no_tables")]
    samples: Option<u32>,
    /// Fresh draws from each run for the tables
    #[arg(long, value_name = "R", default_value_t = 3, value_parser = whole::<u16>(1..=1000), conflicts_with = "no_tables")]
    repeats: u16,
    /// Where the runs' data are now, if they were moved; the tables need them
    #[arg(long, value_name = "FILE", conflicts_with = "no_tables")]
    data: Option<PathBuf>,
}

pub(super) fn run(args: &ReportArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let (mut folder, file) = target(args)?;
    // Before anything is measured.
    folder.permit(&file).map_err(refused)?;
    let paths = args.runs.iter().map(|path| of_comparison(path)).collect::<anyhow::Result<Vec<_>>>()?.concat();
    let dirs = named(&paths, Ability::Report, "shown", printer)?;
    let mut exit = Exit::Done;
    let (mut tables, mut notes) = (Vec::new(), Vec::new());
    let mut chosen = dirs.clone();
    if dirs.len() > 1 && !args.no_tables {
        let measured = measured(&dirs, args, printer)?;
        if !measured.left_out.is_empty() {
            exit = Exit::Fixable;
        }
        tables = page::tables(&measured);
        notes = measured.notes();
        notes.extend(measured.left_out.iter().map(|out| format!("{}: left out: {}", out.run.display(), out.reason)));
        if dirs.len() > MOST_RUNS {
            chosen = medians(&measured);
            notes.push(format!(
                "Of {} runs the page shows the median run of each of the first {} groups.",
                dirs.len(),
                chosen.len()
            ));
        }
    } else if dirs.len() > MOST_RUNS {
        chosen.truncate(MOST_RUNS);
        notes.push(format!("Of {} runs the page shows the first {MOST_RUNS}.", dirs.len()));
    }
    let (page, not_shown) = made(&chosen, tables, notes)?;
    for out in &not_shown {
        exit = Exit::Fixable;
        printer.problem(&format!("{} cannot be shown: {}; it is left out", out.run.display(), out.reason));
    }
    let notes = page.notes();
    let written = folder.write(&file, &page.bytes()?).map_err(refused)?;
    let words = notes.iter().cloned().chain([shown_path(&written)]).collect::<Vec<_>>();
    let commands = || -> Vec<_> {
        page.commands().map(|(name, command)| serde_json::json!({ "run": name, "command": command })).collect()
    };
    printer.result(
        &words.join("\n"),
        path_lines(&[&written]),
        || serde_json::json!({ "files": json::paths([written.as_path()]), "shown": commands(), "notes": notes }),
    )?;
    Ok(exit)
}

/// The runs as `gan-lab compare` measures them.
fn measured(dirs: &[RunDir], args: &ReportArgs, printer: &Printer) -> anyhow::Result<Comparison> {
    let plan = Plan {
        metrics: Some(METRICS.to_vec()),
        lenient: true,
        law: None,
        which: Which::Last,
        samples: args.samples.map(|n| n as usize),
        repeats: usize::from(args.repeats),
        data: args.data.clone(),
    };
    let (runs, left_out) =
        summarise(dirs, How::Anew(&plan), printer).context("--no-tables writes the page without measuring the runs")?;
    Comparison::of(runs, &METRICS, &Selection::default(), left_out)
        .map_err(|error| UsageError(error.to_string()).into())
}

/// The median run of each of the first groups, by its data set's headline metric.
fn medians(comparison: &Comparison) -> Vec<RunDir> {
    let of = |set: &DataSet| -> Vec<RunDir> {
        let median = |group: &crate::compare::Group| {
            let middle = group.median_by(|run: &RunSummary| run.mean(set.headline));
            middle.or_else(|| group.runs.first()).map(|run| RunDir::new(&run.dir))
        };
        set.groups.iter().filter_map(median).collect()
    };
    comparison.data_sets.iter().flat_map(of).take(MOST_RUNS).collect()
}

/// The runs of the comparison that a folder holds; any other path as it is.
fn of_comparison(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    const FILE: &str = "comparison.json";
    let file = path.join(FILE);
    let is_other = RunDir::new(path).kind().is_some() || crate::sweep::Sweep::empty(path).plan_path().is_file();
    if is_other || !file.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let wrong = || format!("{} is not a comparison of gan-lab's; name the runs themselves", file.display());
    let known: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(&fs_err::read_to_string(&file)?).with_context(wrong)?;
    let runs = known.get("runs").and_then(serde_json::Value::as_array).with_context(wrong)?;
    runs.iter().map(|run| Ok(PathBuf::from(run.get("run").and_then(|run| run.as_str()).with_context(wrong)?))).collect()
}

/// The folder and the name of the page.
fn target(args: &ReportArgs) -> anyhow::Result<(ResultFolder, String)> {
    let out = args.out.clone().unwrap_or_else(|| Path::new(PAGES).join(default_name(&args.runs)));
    let usage = |words: &str| UsageError(format!("--out {}: {words}", out.display()));
    if out.is_dir() {
        return Err(usage("this is a folder; name a file, such as page.html in it").into());
    }
    let is_page =
        out.extension().is_some_and(|ending| ["html", "htm"].iter().any(|known| ending.eq_ignore_ascii_case(known)));
    let name = out.file_name().and_then(|name| name.to_str()).filter(|_| is_page);
    let name = name.ok_or_else(|| usage("the page is an HTML file; name it so, as in page.html"))?.to_owned();
    Ok((ResultFolder::open(out.parent().unwrap_or(Path::new("")), args.force)?, name))
}

/// A page is called after its runs.
fn default_name(runs: &[PathBuf]) -> String {
    let name = |path: &PathBuf| {
        let whole = path.canonicalize().unwrap_or_else(|_| path.clone());
        whole.file_name().unwrap_or_default().to_string_lossy().into_owned()
    };
    let mut all = runs.iter().take(MOST_RUNS).map(name).collect::<Vec<_>>().join("-vs-");
    if runs.len() > MOST_RUNS {
        all += &format!("-and-{}-more", runs.len() - MOST_RUNS);
    }
    // Names of files have 255 bytes at most.
    let cut = all.char_indices().find(|(at, c)| at + c.len_utf8() > LONGEST).map_or(all.len(), |(at, _)| at);
    format!("{}.html", if cut == 0 { "runs" } else { &all[..cut] })
}
