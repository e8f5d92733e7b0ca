//! `gan-lab sweep`

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::args::{must_be_there, whole};
use super::exit::{Exit, UsageError};
use super::local::{self, usage};
use super::printer::{Printer, typed_path};
use super::signals::{ParentSignals, Signals};
use super::table::{Align, long_table};
use crate::config::{Config as _, Key, POINTS, RunConfig, TrainConfig, Values, at, shown};
use crate::json;
use crate::run::count;
use crate::sweep::{ArrayJob, PlanFile, PlannedRun, Queue, RunState, Sweep, Tally, commands};

const SWEEPS: &str = "work_dirs/sweep";
/// Seconds before a task's limit.
const WARNING: u32 = 60;
/// How often Slurm's queue is asked.
const ASK: Duration = Duration::from_secs(2);
/// How often in a row the queue may fail to answer.
const PATIENCE: u32 = 90;

/// Train every combination of a plan's models, optimisers, learning rates, seeds and data
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "A plan:\n  {\"base\": \"configs/lab-gan.json\",\n   \"grid\": {\"model\": [\"gan\", \"wgan\"], \"lr\": [5e-5, 1e-4], \"seed\": \"0-9\"}}\n\
                  'base' may also be a config itself, or be left out; a grid's keys may be any keys of a config \
                  (\"generator.latent_dim\"); 'grid' may be a list of grids. The same config always gets the same directory, \
                  so a second call skips finished runs and resumes interrupted ones."
)]
pub(super) struct SweepArgs {
    #[command(subcommand)]
    command: Option<SweepCommand>,
    /// The plan, a JSON file
    #[arg(required = true)]
    plan: Option<PathBuf>,
    /// The sweep's directory [default: work_dirs/sweep/<PLAN>]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Say what would be run, and stop
    #[arg(long)]
    dry_run: bool,
    /// Where the runs are started
    #[arg(long, value_enum, default_value_t = Launcher::Local)]
    launcher: Launcher,
    /// local: runs at a time, each a process of its own [default: one per CPU]
    #[arg(long, value_name = "J", value_parser = whole::<u16>(1..=1024))]
    jobs: Option<u16>,
    #[command(flatten)]
    slurm: SlurmArgs,
}

/// What Slurm is told.
#[derive(Debug, Args)]
#[command(next_help_heading = "Slurm")]
struct SlurmArgs {
    /// Submit the script, wait until the array has ended, and report the results
    #[arg(long)]
    submit: bool,
    /// Tasks at a time [default: as many as the cluster gives]
    #[arg(long, value_name = "M", value_parser = whole::<u32>(1..=u64::from(u32::MAX)))]
    max_parallel: Option<u32>,
    /// Runs that a task does one after another [default: as few as keep the array within 1000 tasks]
    #[arg(long, value_name = "N", value_parser = whole::<u32>(1..=u64::from(u32::MAX)))]
    per_task: Option<u32>,
    /// The partition
    #[arg(long)]
    partition: Option<String>,
    /// A task's time limit, as sbatch takes it: 00:30:00
    #[arg(long, value_name = "TIME")]
    time: Option<String>,
    /// Seconds before the limit at which a task saves and goes back into the queue [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = whole::<u32>(0..=u64::from(u32::MAX)))]
    warning: Option<u32>,
    /// One more option for sbatch, such as --account=lab; may be repeated
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    sbatch: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum SweepCommand {
    Status(StatusArgs),
}

/// Show the progress of a sweep
#[derive(Debug, Args)]
struct StatusArgs {
    /// The sweep's directory
    dir: PathBuf,
    /// List every run, not only those that failed or stopped
    #[arg(long)]
    all: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Launcher {
    /// This machine
    Local,
    /// A Slurm job array
    Slurm,
    /// Nowhere: print one command per run, for GNU parallel, HyperQueue or similar
    Print,
}

impl SweepArgs {
    /// Refuses options of another launcher than the one that was chosen: `--submit` is no wish to train here.
    fn options_fit(&self) -> Result<(), UsageError> {
        let SlurmArgs { submit, max_parallel, per_task, partition, time, warning, sbatch } = &self.slurm;
        let of_slurm = [
            ("--submit", *submit),
            ("--max-parallel", max_parallel.is_some()),
            ("--per-task", per_task.is_some()),
            ("--partition", partition.is_some()),
            ("--time", time.is_some()),
            ("--warning", warning.is_some()),
            ("--sbatch", !sbatch.is_empty()),
        ];
        let given =
            |options: &[(&'static str, bool)]| options.iter().find(|(_, is_given)| *is_given).map(|(name, _)| *name);
        let (other, launcher) = match self.launcher {
            Launcher::Local => (given(&of_slurm), "slurm"),
            Launcher::Slurm => (given(&[("--jobs", self.jobs.is_some())]), "local"),
            Launcher::Print => {
                let local = given(&[("--jobs", self.jobs.is_some())]);
                (given(&of_slurm).or(local), if local.is_some() { "local" } else { "slurm" })
            }
        };
        match other {
            Some(option) => Err(UsageError(format!("{option} goes with --launcher {launcher}"))),
            None => Ok(()),
        }
    }
}

pub(super) fn run(args: &SweepArgs, printer: &Printer) -> anyhow::Result<Exit> {
    if let Some(SweepCommand::Status(args)) = &args.command {
        let sweep = Sweep::open(&args.dir)?;
        conclude(&sweep, &sweep.states(), args.all, printer)?;
        return Ok(Exit::Done);
    }
    args.options_fit()?;
    let plan = args.plan.as_deref().ok_or_else(|| UsageError("name a plan".into()))?;
    let out = args.out.clone().unwrap_or_else(|| Path::new(SWEEPS).join(plan.file_stem().unwrap_or_default()));
    must_be_there(plan, "plan", "a plan is a JSON file; gan-lab sweep --help shows one")?;
    let sweep = PlanFile::read(plan)?.expand(plan, &out)?;
    if args.dry_run {
        dry_run(&sweep, printer)?;
        return Ok(Exit::Done);
    }
    check_data(&sweep)?;
    let left_out = sweep.left_out();
    if left_out > 0 {
        printer.note(&format!(
            "the plan in {} is replaced; it had {} that this one has not, whose folders stay",
            out.display(),
            count(left_out as u64, "run")
        ));
    }
    match args.launcher {
        Launcher::Local => local(&sweep, args.jobs.map(usize::from), printer),
        Launcher::Slurm => slurm(&sweep, &args.slurm, printer),
        Launcher::Print => {
            let plan = absolute(&sweep.plan_path())?;
            let commands = commands(&std::env::current_exe()?, &plan, sweep.runs.len()).map_err(usage)?;
            sweep.write().map_err(usage)?;
            printer.raw(&commands, || serde_json::json!({ "runs": sweep.runs.len() }))?;
            printer.note("one command a line: … | parallel -j 8, or one task of any other system each");
            Ok(Exit::Done)
        }
    }
}

/// A missing data file is found before hundreds of runs fail on it.
fn check_data(sweep: &Sweep) -> anyhow::Result<()> {
    let mut found = HashSet::new();
    for run in &sweep.runs {
        let path = run.recipe().data.path.as_path();
        if found.insert(path) && !crate::data::is_there(path) {
            anyhow::bail!("the data file {} is not there", path.display());
        }
    }
    Ok(())
}

/// Lists the runs, which may be a million: nothing but the listing itself is in memory.
fn dry_run<'a>(sweep: &'a Sweep, printer: &Printer) -> anyhow::Result<()> {
    let keys = columns(sweep);
    let mut names = vec!["index".to_owned()];
    names.extend(keys.iter().map(|key| title(key).to_owned()));
    names.extend(["seed", "directory"].map(str::to_owned));
    let cells_of = |recipe: &RunConfig| -> Vec<String> {
        let config = recipe.to_json();
        let cell = |key: &&Key| match at(&config, key.path) {
            // What belongs to another model or optimiser.
            Value::Null => String::new(),
            value => shown(value),
        };
        keys.iter().map(cell).collect()
    };
    let known = RefCell::new(None::<(&RunConfig, Vec<String>)>);
    let row = |run: &'a PlannedRun| {
        let recipe = run.recipe();
        let mut known = known.borrow_mut();
        if !known.as_ref().is_some_and(|(of, _)| std::ptr::eq(*of, recipe)) {
            *known = Some((recipe, cells_of(recipe)));
        }
        let cells = known.iter().flat_map(|(_, cells)| cells.iter().cloned());
        std::iter::once(run.index().to_string())
            .chain(cells)
            .chain([run.seed().to_string(), run.dir().display().to_string()])
            .collect::<Vec<_>>()
    };
    let is_number = |key: &&Key| matches!(key.values, Values::Number | Values::Whole);
    let align = |right: bool| if right { Align::Right } else { Align::Left };
    let mut aligned = vec![Align::Right];
    aligned.extend(keys.iter().map(|key| align(is_number(key))));
    aligned.extend([Align::Right, Align::Left]);
    let mut words = format!("{} in {}, none begun:\n\n", count(sweep.runs.len() as u64, "run"), sweep.dir.display());
    let head = words.len();
    words += &long_table(&aligned, || std::iter::once(names.clone()).chain(sweep.runs.iter().map(row)));
    printer.result(&words, &words[head..], || Listing { runs: Listed(sweep) })
}

/// What a column is called: as the option, or as the setting.
fn title(key: &'static Key) -> &'static str {
    key.flag.unwrap_or_else(|| POINTS.short_name(key))
}

/// Model, optimiser, and whatever else the runs differ in.
fn columns(sweep: &Sweep) -> Vec<&'static Key> {
    let always = ["objective.model", "optim.name", "lr"];
    let mut last = None;
    // Runs that differ in their seed alone share their recipe, which has the seed of the first.
    let recipes = sweep.runs.iter().map(PlannedRun::recipe).filter(|&recipe| {
        let is_new = last.is_none_or(|last| !std::ptr::eq(last, recipe));
        last = Some(recipe);
        is_new
    });
    let varying = POINTS.varying(recipes.map(|recipe| recipe.to_json()));
    let is_varying = |key: &Key| key.path != "seed" && varying.iter().any(|other| other.path == key.path);
    POINTS.keys.iter().filter(|key| always.contains(&key.path) || is_varying(key)).collect()
}

/// A sweep's runs as JSON, made while it is written.
#[derive(Serialize)]
struct Listing<'a> {
    runs: Listed<'a>,
}

struct Listed<'a>(&'a Sweep);

#[derive(Serialize)]
struct ListedRun<'a> {
    index: usize,
    dir: Value,
    config: &'a TrainConfig,
}

impl Serialize for Listed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.runs.iter().map(ListedOne))
    }
}

struct ListedOne<'a>(&'a PlannedRun);

impl Serialize for ListedOne<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let config = self.0.config();
        ListedRun { index: self.0.index(), dir: json::path(&self.0.dir()), config: &config }.serialize(serializer)
    }
}

/// Does a sweep on this machine, and says what came of it.
fn local(sweep: &Sweep, jobs: Option<usize>, printer: &Printer) -> anyhow::Result<Exit> {
    let signals = ParentSignals::listen()?;
    let states = local::do_all(sweep, jobs, &signals, printer)?;
    Ok(local::exit(signals.exit(), conclude(sweep, &states, false, printer)?, sweep))
}

fn slurm(sweep: &Sweep, args: &SlurmArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let job = array_job(sweep, args)?;
    job.script().map_err(usage)?;
    sweep.write().map_err(usage)?;
    let script = job.write().map_err(usage)?;
    if !args.submit {
        let words = format!(
            "wrote {} ({} of {})\nnext: sbatch {0}, then gan-lab sweep status {}",
            typed_path(&script),
            count(job.tasks() as u64, "task"),
            count(job.per_task() as u64, "run"),
            typed_path(&sweep.dir)
        );
        let fields = || serde_json::json!({ "script": json::path(&script), "tasks": job.tasks(), "runs": job.runs });
        printer.result(&words, &script, fields)?;
        return Ok(Exit::Done);
    }
    let signals = Signals::listen()?;
    let queue = Queue::submit(&script)?;
    printer.note(&format!("submitted as job {}; interrupting this command leaves it in the queue", queue.job));
    await_array(&queue, sweep, &signals, printer)?;
    let interrupted = signals.received().map(|_| signals.exit());
    Ok(local::exit(interrupted, conclude(sweep, &sweep.states(), false, printer)?, sweep))
}

fn array_job(sweep: &Sweep, args: &SlurmArgs) -> anyhow::Result<ArrayJob> {
    let name = sweep.dir.file_name().map_or_else(|| "sweep".into(), |name| name.to_string_lossy().into_owned());
    Ok(ArrayJob {
        name: format!("gan-lab-{name}"),
        plan: absolute(&sweep.plan_path())?,
        runs: sweep.runs.len(),
        program: std::env::current_exe()?,
        folder: std::env::current_dir()?,
        per_task: args.per_task.map(|n| n as usize),
        cpus: sweep.runs.iter().map(|run| run.recipe().threads).max().unwrap_or(1),
        max_parallel: args.max_parallel.map(|n| n as usize),
        partition: args.partition.clone(),
        time: args.time.clone(),
        warning: args.warning.unwrap_or(WARNING),
        extra: args.sbatch.clone(),
    })
}

/// Waits until no task of the array is left, or until a signal.
fn await_array(queue: &Queue, sweep: &Sweep, signals: &Signals, printer: &Printer) -> anyhow::Result<()> {
    let bar = printer.progress("run", sweep.runs.len() as u64, 0);
    let mut silences = 0;
    loop {
        let states = match queue.states() {
            Ok(states) => states,
            // A controller that starts anew answers again after a while.
            Err(_) if silences < PATIENCE => {
                silences += 1;
                std::thread::sleep(ASK);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        silences = 0;
        if states.is_empty() || signals.received().is_some() {
            break;
        }
        let tally = Tally::of(&sweep.states());
        let words = format!(
            "{} in the queue, {} at work",
            count(states.len() as u64, "task"),
            count(tally.running as u64, "run")
        );
        bar.show(tally.done as u64, &[(1, &words)]);
        std::thread::sleep(ASK);
    }
    bar.finish();
    Ok(())
}

fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("cannot find out where {} is", path.display()))
}

/// Says how far a sweep is, and which runs need a look.
fn conclude(sweep: &Sweep, states: &[RunState], all: bool, printer: &Printer) -> anyhow::Result<Tally> {
    let tally = Tally::of(states);
    let Tally { done, running, failed, stopped, missing } = tally;
    let counts = format!(
        "{}: {done} of {} done, {running} running, {failed} failed, {stopped} stopped, {missing} missing",
        sweep.dir.display(),
        count(states.len() as u64, "run")
    );
    let is_listed = |state: &RunState| all || matches!(state, RunState::Failed { .. } | RunState::Stopped { .. });
    let rows = || sweep.runs.iter().zip(states).filter(|(_, state)| is_listed(state)).map(row);
    let mut words = counts.clone();
    if rows().next().is_some() {
        words += &format!("\n\n{}", long_table(&[Align::Right, Align::Left, Align::Left, Align::Left], rows));
    }
    if failed > 0 {
        words += "\nfailed runs are done again by the next `gan-lab sweep` of the same plan";
    }
    if done > 0 {
        words += &format!("\nnext: gan-lab compare {}", typed_path(&sweep.dir));
    }
    let runs = Progress { sweep, states };
    let fields = || Conclusion { sweep: json::path(&sweep.dir), done, running, failed, stopped, missing, runs };
    printer.result(&words, &counts, fields)?;
    Ok(tally)
}

#[derive(Serialize)]
struct Conclusion<'a> {
    sweep: Value,
    done: usize,
    running: usize,
    failed: usize,
    stopped: usize,
    missing: usize,
    runs: Progress<'a>,
}

/// How far the runs are, as JSON that is made while it is written.
struct Progress<'a> {
    sweep: &'a Sweep,
    states: &'a [RunState],
}

impl Serialize for Progress<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let runs = self.sweep.runs.iter().zip(self.states);
        serializer.collect_seq(runs.map(|(run, state)| {
            serde_json::json!({
                "index": run.index(), "dir": json::path(&run.dir()), "state": state.name(), "detail": detail(run, state),
            })
        }))
    }
}

fn row((run, state): (&PlannedRun, &RunState)) -> [String; 4] {
    [run.index().to_string(), state.name().to_owned(), run.dir().display().to_string(), detail(run, state)]
}

fn detail(run: &PlannedRun, state: &RunState) -> String {
    match state {
        RunState::Running { done } | RunState::Stopped { done } => {
            format!("{done} of {}", count(run.recipe().epochs, "epoch"))
        }
        RunState::Failed { reason } => reason.lines().next().unwrap_or_default().to_owned(),
        RunState::Done | RunState::Missing => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_written_run_by_run_whatever_the_number_of_runs() {
        let sweep = |last: usize| {
            let plan: PlanFile =
                serde_json::from_str(&format!(r#"{{"grid": {{"model": "gan", "seed": "0-{last}"}}}}"#)).unwrap();
            plan.expand(Path::new("plan.json"), Path::new("out")).unwrap()
        };
        let three = sweep(2);
        let few = json::document(Listing { runs: Listed(&three) });
        let mut bytes = Vec::new();
        few.write_line(&mut bytes).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), few.to_line() + "\n");
        let many = sweep(9999);
        let memory = allocation_counter::measure(|| {
            json::document(Listing { runs: Listed(&many) }).write_line(std::io::sink()).unwrap();
        });
        // One run of it takes about 1 KB.
        assert!(memory.bytes_max < 64 * 1024, "{memory:?}");
    }
}
