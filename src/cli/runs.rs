//! `gan-lab runs`

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde_json::Value;

use super::exit::Exit;
use super::printer::{Printer, shown_path};
use super::table::{Align, table};
use crate::checkpoint::bundled;
use crate::config::{Key, Role, TABLES, Table, at, shown};
use crate::data::is_built_in;
use crate::json;
use crate::kinds::points::{self, PointsRun};
use crate::run::{ActiveRun, Input, Kind, RunDir, Start, Status, count};

/// Where the project's runs and jobs are.
const WORK: &str = "work_dirs";

/// List runs and jobs of every kind, and check them
#[derive(Debug, Args)]
#[command(
    after_help = "--check compares each run's files with the checksums that the run recorded, and rebuilds the files \
                  that follow from its state and settings: copies of the weights, pictures, the config. Nothing is \
                  trained."
)]
pub(super) struct RunsArgs {
    /// Folders to search, with all their subfolders
    #[arg(value_name = "DIR", default_value = WORK)]
    folders: Vec<PathBuf>,
    /// Report what is wrong with each run, and repair what can be repaired
    #[arg(long)]
    check: bool,
}

/// A run as the list shows it.
struct Listed {
    dir: RunDir,
    kind: Kind,
    /// Its settings, where they can be read.
    settings: Value,
    /// `finished`, `ended` (by its own condition), `unfinished`, `running`, `diverged`, or `damaged`.
    state: &'static str,
    /// The condition of its own by which it ended before its last unit.
    ended: Option<String>,
    done: u64,
    total: u64,
    bytes: u64,
    /// What is wrong with it.
    faults: Vec<String>,
    /// What came of mending it.
    mended: Option<Result<(), String>>,
}

pub(super) fn run(args: &RunsArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let mut dirs = Vec::new();
    for folder in &args.folders {
        if folder.as_path() == Path::new(WORK) && !folder.exists() {
            continue;
        }
        dirs.extend(RunDir::find_under(folder).with_context(|| format!("cannot look into {}", folder.display()))?);
    }
    let bar = printer.progress("run", dirs.len() as u64, 0);
    let mut runs = Vec::with_capacity(dirs.len());
    for dir in dirs {
        runs.push(listed(dir, args.check));
        bar.show(runs.len() as u64, &[(1, if args.check { "checked" } else { "read" })]);
    }
    bar.finish();
    let words = if runs.is_empty() {
        let folders = args.folders.iter().map(|folder| shown_path(folder)).collect::<Vec<_>>().join(", ");
        format!("there is no run or job under {folders}; make one with: gan-lab train gan")
    } else {
        words(&runs, args.check)
    };
    let quiet = runs.iter().map(|run| shown_path(run.dir.path())).collect::<Vec<_>>().join("\n");
    printer.result(&words, quiet, || serde_json::json!({ "runs": runs.iter().map(fields).collect::<Vec<_>>() }))?;
    let broken =
        runs.iter().any(|run| run.state == "damaged" || (!run.faults.is_empty() && run.mended != Some(Ok(()))));
    Ok(if broken { Exit::Fixable } else { Exit::Done })
}

fn listed(dir: RunDir, check: bool) -> Listed {
    // One without a state yet, or without one any more, has a manifest all the same.
    let kind = dir.kind().or_else(|| dir.manifest().ok().map(|manifest| manifest.kind)).unwrap_or(Kind::Points);
    let is_locked = dir.is_locked();
    // Whoever is at work may be half-way through a change.
    let mut faults = if check && !is_locked { dir.faults() } else { Vec::new() };
    let mended = (!faults.is_empty()).then(|| mend(&dir, kind).map_err(|error| format!("{error:#}")));
    let (state, done, total) = match dir.status() {
        Ok(Status::Finished { done }) => ("finished", done, done),
        Ok(Status::Ended { done, total }) => ("ended", done, total),
        Ok(Status::Unfinished { done, total }) => (if is_locked { "running" } else { "unfinished" }, done, total),
        Ok(Status::Absent) => ("unfinished", 0, 0),
        Err(_) => ("damaged", 0, 0),
    };
    let state = match state {
        _ if matches!(mended, Some(Err(_))) => "damaged",
        "unfinished" if dir.manifest().is_ok_and(|manifest| manifest.diverged) => "diverged",
        other => other,
    };
    let gone = if check && state == "unfinished" { missing_inputs(&dir) } else { Vec::new() };
    if let (true, Err(error)) = (faults.is_empty(), dir.status()) {
        faults.push(error.to_string());
    }
    faults.extend(gone.iter().cloned());
    let settings = dir.settings().unwrap_or(Value::Null);
    let bytes = dir.size().unwrap_or(0);
    let ended = dir.ended().ok().flatten();
    Listed { dir, kind, settings, state, ended, done, total, bytes, faults, mended }
}

/// What an unfinished run cannot go on without, and where it was looked for. Nothing of the run itself is wrong.
fn missing_inputs(dir: &RunDir) -> Vec<String> {
    let Ok(manifest) = dir.manifest() else { return Vec::new() };
    let is_there = |place: &PathBuf| place.exists() || is_built_in(place) || bundled(place).is_some();
    let gone = manifest.inputs.iter().filter(|input| !input.places(dir.path()).iter().any(is_there));
    let words = |input: &Input| {
        let Input { role, path, .. } = input;
        format!("the {role} in {path} is not there any more; to go on, put it back or name it with --{role}")
    };
    gone.map(words).collect()
}

/// Makes again what follows from a run's settings and state.
fn mend(dir: &RunDir, kind: Kind) -> anyhow::Result<()> {
    ActiveRun::restore_settings(dir)?;
    match kind {
        Kind::Points => {
            let config = PointsRun::open(dir)?.config().clone();
            points::open(config, dir.clone(), Start::Resume, None, None)?;
        }
        Kind::Progan => mend_progan(dir)?,
        Kind::Sefa => mend_job(dir)?,
    }
    let left = dir.faults();
    if left.is_empty() { Ok(()) } else { anyhow::bail!(left.join("; ")) }
}

/// What was whole becomes whole again; a job that was stopped is left as far as it was.
fn mend_job(dir: &RunDir) -> anyhow::Result<()> {
    let mut session = super::jobs::reopen(dir)?;
    if session.was_finished() {
        session.train(&|| false, &mut |_, _| {})?;
    }
    Ok(())
}

#[cfg(feature = "torch")]
fn mend_progan(dir: &RunDir) -> anyhow::Result<()> {
    crate::torch_library::load()?;
    let config = crate::kinds::progan::settings(dir)?;
    crate::kinds::progan::open(&config, dir.clone(), Start::Resume, None, &mut |_, _| {})?;
    Ok(())
}

#[cfg(not(feature = "torch"))]
fn mend_progan(_: &RunDir) -> anyhow::Result<()> {
    Err(crate::version::WithoutTorch { what: "mending a training of ProGAN" }.into())
}

fn words(runs: &[Listed], check: bool) -> String {
    let mut rows = vec![["kind", "state", "position", "size", "run", "settings"].map(str::to_owned).to_vec()];
    let differ = Kind::ALL.map(|kind| (kind, varying(kind, runs)));
    let differ = |kind| differ.iter().find(|(other, _)| *other == kind).map_or(&[][..], |(_, keys)| keys);
    for run in runs {
        let unit = run.kind.unit();
        let position = match run.state {
            "damaged" => String::new(),
            "finished" => count(run.done, unit),
            // States of old ProGAN runs do not say how far they are to go.
            _ if run.total == u64::MAX => count(run.done, unit),
            _ => format!("{} of {}", run.done, count(run.total, unit)),
        };
        rows.push(vec![
            run.kind.name().to_owned(),
            run.state.to_owned(),
            position,
            crate::memory::size(run.bytes),
            shown_path(run.dir.path()),
            differing(run, differ(run.kind)),
        ]);
    }
    let align = [Align::Left, Align::Left, Align::Right, Align::Right, Align::Left, Align::Left];
    let common = Kind::ALL.into_iter().filter_map(|kind| in_common(kind, runs));
    let mut text = common.map(|line| line + "\n").collect::<String>();
    if !text.is_empty() {
        text += "\n";
    }
    text += &table(&align, &rows);
    let mut wrong = 0;
    for run in runs.iter().filter(|run| !run.faults.is_empty()) {
        wrong += 1;
        text += &format!("\n\n{}:", shown_path(run.dir.path()));
        run.faults.iter().for_each(|fault| text += &format!("\n  {fault}"));
        text += &match &run.mended {
            Some(Ok(())) => "\n  mended".to_owned(),
            Some(Err(reason)) => format!("\n  not mended: {reason}"),
            None if check => String::new(),
            None => "\n  see gan-lab runs --check".to_owned(),
        };
    }
    if check && wrong == 0 {
        text += "\n\nnothing is wrong with them";
    }
    text
}

fn table_of(kind: Kind) -> Option<&'static Table> {
    TABLES.into_iter().find(|table| table.kind == kind.name())
}

/// The settings of the runs of a kind. One that cannot be read says nothing of the others.
fn settings_of(kind: Kind, runs: &[Listed]) -> Vec<&Value> {
    runs.iter().filter(|run| run.kind == kind && !run.settings.is_null()).map(|run| &run.settings).collect()
}

/// The settings in which the runs of a kind differ: constants of a choice where runs of the same choice do.
fn varying(kind: Kind, runs: &[Listed]) -> Vec<&'static Key> {
    let Some(table) = table_of(kind) else { return Vec::new() };
    let all = settings_of(kind, runs);
    let tells = |key: &&Key| {
        let Some(owner) = key.only else { return true };
        let alike = |a: &Value, b: &Value| at(a, owner.selector) == at(b, owner.selector);
        all.iter().any(|a| all.iter().any(|b| alike(a, b) && at(a, key.path) != at(b, key.path)))
    };
    table.varying(all.iter().copied()).into_iter().filter(tells).collect()
}

/// What all runs of a kind have in common and was chosen: what is as by default need not be said.
fn in_common(kind: Kind, runs: &[Listed]) -> Option<String> {
    let table = table_of(kind)?;
    let all = settings_of(kind, runs);
    let first = *all.first()?;
    // By default, after the choices that have constants of their own.
    let mut plain = table.default_config();
    for key in table.keys.iter().filter(|key| table.selects(key)) {
        // A choice of a run is one of the table's.
        let _ = table.set(&mut plain, key.path, at(first, key.path).clone());
    }
    let plain = table.complete(&plain).unwrap_or(plain);
    let same = |key: &&Key| all.iter().all(|settings| at(settings, key.path) == at(first, key.path));
    let chosen = |key: &&Key| table.selects(key) || at(first, key.path) != at(&plain, key.path);
    let keys = table.keys.iter().filter(|key| key.role != Role::Machine && !at(first, key.path).is_null());
    let said = keys.filter(same).filter(chosen).map(|key| said(table, key, first)).collect::<Vec<_>>().join(", ");
    let what = kind.name();
    (!said.is_empty()).then(|| match runs.iter().filter(|run| run.kind == kind).count() {
        1 => format!("the {what} run: {said}"),
        n => format!("all {n} {what} runs: {said}"),
    })
}

fn said(table: &Table, key: &Key, settings: &Value) -> String {
    // Data are called so, not by what the setting holds of them.
    let name = if key.path == "data.path" { "data" } else { table.short_name(key) };
    format!("{name} {}", shown(at(settings, key.path)))
}

/// What a run says of the settings in which those of its kind differ.
fn differing(run: &Listed, varying: &[&'static Key]) -> String {
    let Some(table) = table_of(run.kind) else { return String::new() };
    let known = varying.iter().filter(|key| !at(&run.settings, key.path).is_null());
    known.map(|key| said(table, key, &run.settings)).collect::<Vec<_>>().join(", ")
}

fn fields(run: &Listed) -> Value {
    let mended = run.mended.as_ref().map(|mended| match mended {
        Ok(()) => serde_json::json!({ "ok": true }),
        Err(reason) => serde_json::json!({ "ok": false, "reason": reason }),
    });
    serde_json::json!({
        "run": json::path(run.dir.path()), "kind": run.kind.name(), "state": run.state, "ended_by": run.ended,
        "done": run.done,
        "total": run.total, "unit": run.kind.unit(), "bytes": run.bytes, "config": run.settings,
        "faults": run.faults, "mended": mended,
    })
}
