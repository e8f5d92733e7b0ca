//! Pages of runs: as a file, or served while the runs go on.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;

use super::printer::Printer;
use crate::compare::{LeftOut, labels, names_of_runs};
use crate::kinds::points::PointsRun;
use crate::live::{Controls, Feed, Server, Source};
use crate::page::{MOST_RUNS, RunPage, Shown, Table, folder_name, is_short};
use crate::run::{RunDir, Status};

/// The page of these runs. Of several, those that cannot be shown are left out, and named among its remarks.
pub(super) fn made(
    dirs: &[RunDir],
    tables: Vec<Table>,
    mut notes: Vec<String>,
) -> anyhow::Result<(RunPage, Vec<LeftOut>)> {
    let error = match together(dirs, tables.clone(), notes.clone()) {
        Ok(page) => return Ok((page, Vec::new())),
        Err(error) => error,
    };
    let (mut shown, mut left_out) = (Vec::new(), Vec::new());
    for dir in dirs {
        match together(std::slice::from_ref(dir), Vec::new(), Vec::new()) {
            Ok(_) => shown.push(dir.clone()),
            Err(error) => left_out.push(LeftOut { run: dir.path().to_owned(), reason: format!("{error:#}") }),
        }
    }
    if shown.is_empty() || left_out.is_empty() {
        return Err(error);
    }
    notes.extend(left_out.iter().map(|out| format!("{}: not shown: {}", out.run.display(), out.reason)));
    Ok((together(&shown, tables, notes)?, left_out))
}

fn together(dirs: &[RunDir], tables: Vec<Table>, notes: Vec<String>) -> anyhow::Result<RunPage> {
    let runs = dirs.iter().map(PointsRun::open).collect::<Result<Vec<_>, _>>()?;
    let configs: Vec<_> = runs.iter().map(|run| (run.config(), run.config().epochs)).collect();
    let labels = labels(&configs);
    let told: Vec<_> =
        runs.iter().zip(&labels).map(|(run, label)| (label.as_str(), run.config().seed, run.path())).collect();
    let mut names = names_of_runs(&told);
    // What many settings tell apart has a name of lines; its folder's is shorter, and the page has the settings.
    if !names.iter().all(|name| is_short(name)) {
        names = runs.iter().map(|run| folder_name(run.path(), "", run.config())).collect();
    }
    let shown: Vec<Shown> = runs.into_iter().zip(names).map(|(run, name)| Shown { name, run }).collect();
    RunPage::of(&shown, tables, notes).context("the page cannot be made")
}

/// Serves a page of runs, and says where.
pub(super) fn serve(
    port: Option<u16>,
    source: Box<dyn Source>,
    controls: Option<Arc<Controls>>,
    printer: &Printer,
) -> anyhow::Result<Server> {
    let server = Server::start(port, Feed::new(source), controls)?;
    printer.note(&format!("live: {}", server.url()));
    printer.note(&format!(
        "from another machine: ssh -L {0}:127.0.0.1:{0} THIS-MACHINE, and the same address there",
        server.address().port()
    ));
    Ok(server)
}

/// Runs that others write, or this process.
pub(super) struct RunSource {
    /// Finds the runs anew each time: a sweep begins some while it is watched.
    pub(super) find: Box<dyn Fn() -> Vec<RunDir> + Send + Sync>,
}

/// Files whose change is news.
const NEWS: [&str; 4] = ["run.json", "metrics.jsonl", "frames.json", "state.safetensors"];

/// When a run's records were written last.
fn written(dir: &RunDir) -> Option<std::time::SystemTime> {
    std::fs::metadata(dir.file("metrics.jsonl")).ok()?.modified().ok()
}

impl RunSource {
    /// As many as a page shows, those that were written last.
    fn shown(&self) -> Vec<RunDir> {
        let mut dirs = (self.find)();
        // One that has not saved its first state has nothing to show yet.
        dirs.retain(|dir| !dir.is_half_begun());
        if dirs.len() > MOST_RUNS {
            let mut newest: Vec<PathBuf> = dirs.iter().map(|dir| dir.path().to_owned()).collect();
            newest.sort_by_key(|path| std::cmp::Reverse(written(&RunDir::new(path))));
            newest.truncate(MOST_RUNS);
            dirs.retain(|dir| newest.iter().any(|path| path == dir.path()));
        }
        dirs
    }
}

impl Source for RunSource {
    fn stamp(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for dir in self.shown() {
            dir.path().hash(&mut hasher);
            for name in NEWS {
                let Ok(metadata) = std::fs::metadata(dir.file(name)) else { continue };
                (name, metadata.len(), metadata.modified().ok()).hash(&mut hasher);
            }
        }
        hasher.finish()
    }

    fn words(&self) -> String {
        let dirs = (self.find)();
        match &dirs[..] {
            [] => "no run yet".to_owned(),
            [dir] => words_of(dir),
            many => {
                let over = many.iter().filter(|dir| dir.status().is_ok_and(Status::is_over)).count();
                format!("{over} of {} runs are over; the page shows those that were written last", many.len())
            }
        }
    }

    fn page(&self) -> Result<Vec<u8>, String> {
        let dirs = self.shown();
        if dirs.is_empty() {
            return Err("there is no run here yet; the page comes with the first".to_owned());
        }
        let (page, _) = made(&dirs, Vec::new(), Vec::new()).map_err(|error| format!("{error:#}"))?;
        page.bytes().map_err(|error| error.to_string())
    }
}

fn words_of(dir: &RunDir) -> String {
    let name = dir.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    // The state is behind the records by a second or so.
    let recorded = PointsRun::open(dir).and_then(|run| Ok((run.metrics()?.len() as u64, run.config().epochs)));
    match recorded {
        Ok((epoch, total)) if epoch < total => format!("{name}: epoch {epoch} of {total}"),
        Ok((epoch, _)) => format!("{name}: finished after epoch {epoch}"),
        Err(error) => format!("{name}: {error}"),
    }
}
