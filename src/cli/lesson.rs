//! `gan-lab lesson`

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::args::whole;
use super::exit::{Exit, UsageError, refused};
use super::local;
use super::printer::{Printer, path_lines, shown_path};
use super::signals::ParentSignals;
use super::table::{Align, table};
use crate::json;
use crate::lesson::{LESSONS, Lesson, LessonError};
use crate::made::ResultFolder;
use crate::sweep::{PlannedRun, Tally};

/// Where pages go unless told otherwise.
const PAGES: &str = "lesson";
/// Where the runs of lessons are.
const RUNS: &str = "work_dirs/lessons";

/// Make a guided page: a few small runs beside a text that explains them
#[derive(Debug, Args)]
#[command(after_help = "Without NAME, lists the lessons. A lesson trains its runs in a few seconds into \
                        work_dirs/lessons/NAME/, and writes lesson/NAME.html: one file that any browser opens offline. \
                        Finished runs are not trained again, and interrupted ones are resumed. The text is for readers \
                        who know PyTorch but have never trained a GAN.")]
pub(super) struct LessonArgs {
    /// Which lesson, by name or number; without it they are listed
    #[arg(value_parser = lesson)]
    name: Option<&'static Lesson>,
    /// The folder for the page
    #[arg(long, value_name = "DIR", default_value = PAGES)]
    out: PathBuf,
    /// Seed of the runs; a seed other than 0 is also part of the page's name
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole::<u64>(0..=u64::MAX))]
    seed: u64,
    /// Runs at a time [default: one per CPU]
    #[arg(long, value_name = "J", value_parser = whole::<u16>(1..=1024))]
    jobs: Option<u16>,
    /// Replace a file of the page's name that gan-lab did not write
    #[arg(long)]
    force: bool,
}

fn lesson(name: &str) -> Result<&'static Lesson, LessonError> {
    Lesson::named(name.trim())
}

pub(super) fn run(args: &LessonArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let Some(lesson) = args.name else { return list(args, printer) };
    let file = match args.seed {
        0 => format!("{}.html", lesson.name),
        seed => format!("{}-seed{seed}.html", lesson.name),
    };
    let mut pages = ResultFolder::open(&args.out, args.force)?;
    // Before anything is trained.
    pages.permit(&file).map_err(refused)?;
    let dir = Path::new(RUNS).join(lesson.name);
    ResultFolder::open(&dir, false)?.write(&lesson.data_name(), &lesson.data()?).map_err(refused)?;
    let sweep = lesson.sweep(&dir, args.seed)?;
    let signals = ParentSignals::listen()?;
    let states = local::do_all(&sweep, args.jobs.map(usize::from), &signals, printer)?;
    let exit = local::exit(signals.exit(), Tally::of(&states), &sweep);
    if exit != Exit::Done {
        return Ok(exit);
    }
    let dirs: Vec<PathBuf> = sweep.runs.iter().map(PlannedRun::dir).collect();
    let page = lesson.page(&dirs).context("the page cannot be made")?;
    let written = pages.write(&file, &page).map_err(refused)?;
    let words = format!("{}\nnext: open {} in a browser", lesson.title, shown_path(&written));
    printer.result(&words, path_lines(&[&written]), || {
        let run = |(name, dir): (&str, &PathBuf)| serde_json::json!({ "name": name, "dir": json::path(dir) });
        let runs: Vec<_> = lesson.run_names().zip(&dirs).map(run).collect();
        serde_json::json!({ "lesson": lesson.name, "files": json::paths([written.as_path()]), "runs": runs })
    })?;
    Ok(Exit::Done)
}

/// Says which lessons there are.
fn list(args: &LessonArgs, printer: &Printer) -> anyhow::Result<Exit> {
    if args.seed != 0 || args.jobs.is_some() || args.force || args.out != Path::new(PAGES) {
        let known = LESSONS.map(|lesson| lesson.name).join(", ");
        return Err(UsageError(format!("name a lesson; there are {known}")).into());
    }
    let row = |lesson: &Lesson| {
        let runs = lesson.run_names().count();
        let runs = if runs == 1 { "1 run".to_owned() } else { format!("{runs} runs") };
        vec![lesson.name.to_owned(), lesson.title.to_owned(), runs, format!("about {} s", lesson.seconds)]
    };
    let rows: Vec<Vec<String>> = LESSONS.into_iter().map(row).collect();
    let align = [Align::Left, Align::Left, Align::Right, Align::Right];
    let words = format!(
        "{}\n\nThe times are rough ones on two cores.\n\nnext: gan-lab lesson {}",
        table(&align, &rows),
        LESSONS[0].name
    );
    printer.result(&words, LESSONS.map(|lesson| lesson.name).join("\n"), || {
        let lesson = |lesson: &Lesson| {
            serde_json::json!({
                "name": lesson.name, "title": lesson.title, "shows": lesson.shows,
                "runs": lesson.run_names().collect::<Vec<_>>(), "seconds": lesson.seconds,
            })
        };
        serde_json::json!({ "lessons": LESSONS.into_iter().map(lesson).collect::<Vec<_>>() })
    })?;
    Ok(Exit::Done)
}
