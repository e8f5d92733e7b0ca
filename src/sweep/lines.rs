//! A sweep's runs, and the lines of `plan.jsonl` that say them.
//!
//! A million runs are a normal plan. Runs that differ only in their seed share everything else, so that a run costs some
//! tens of bytes, and lines are written and read one at a time.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead as _, BufReader};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::SweepError;
use super::plan::not_a_plan;
use crate::config::{RunConfig, TrainConfig};
use crate::digest::digest;
use crate::files;
use crate::made::MadeError;
use crate::run::RunDir;

const PLAN: &str = "plan.jsonl";
const RUNS: &str = "runs";
/// Bytes of the digest in a folder's name, and in the name of one whose short name another config has.
const DIGEST: [usize; 2] = [4, 16];
const WHOLE: usize = 32;

/// One line of a plan: a run and where it goes.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedRun {
    index: usize,
    seed: u64,
    group: Arc<Group>,
}

/// What runs have in common that differ only in their seed.
#[derive(Debug, PartialEq)]
struct Group {
    place: Place,
    /// Their config; its seed is any of theirs.
    config: RunConfig,
}

#[derive(Debug, PartialEq)]
enum Place {
    /// Each run is in `seed<seed>` of this folder.
    Folder(PathBuf),
    /// The only run is here.
    Run(PathBuf),
}

/// A line of the file; `dir` is relative to the file's folder.
#[derive(Serialize, Deserialize)]
struct Line {
    index: usize,
    dir: PathBuf,
    config: TrainConfig,
}

/// Of a line, only where its run goes.
#[derive(Deserialize)]
struct Target {
    dir: PathBuf,
}

/// A directory with a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// The directory.
    pub dir: PathBuf,
    /// The folder that all runs are in: the directory itself, unless the runs are somebody else's too.
    pub base: PathBuf,
    /// Its runs, in the plan's order.
    pub runs: Vec<PlannedRun>,
}

impl PlannedRun {
    /// Its place in the plan, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Its directory.
    pub fn dir(&self) -> PathBuf {
        match &self.group.place {
            Place::Folder(folder) => folder.join(seed_name(self.seed)),
            Place::Run(dir) => dir.clone(),
        }
    }

    /// Its directory as one that holds a run.
    pub fn run_dir(&self) -> RunDir {
        RunDir::new(self.dir())
    }

    /// Its seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// What it is, but for the seed.
    pub fn recipe(&self) -> &RunConfig {
        &self.group.config
    }

    /// What it is.
    pub fn config(&self) -> RunConfig {
        self.group.config.with_seed(self.seed)
    }

    /// The line that is read as `config` in `dir`; it shares what it can with the line before it.
    fn parsed(index: usize, dir: &Path, config: RunConfig, before: Option<&Self>) -> Self {
        let seed = config.seed;
        let shared = before.map(|before| &before.group).filter(|group| {
            matches!(&group.place, Place::Folder(folder) if folder.join(seed_name(seed)) == dir)
                && group.config.with_seed(seed) == config
        });
        let group = shared.cloned().unwrap_or_else(|| {
            let folder = dir.parent().filter(|folder| folder.join(seed_name(seed)) == dir);
            let place = folder.map_or_else(|| Place::Run(dir.to_owned()), |folder| Place::Folder(folder.to_owned()));
            Arc::new(Group { place, config })
        });
        Self { index, seed, group }
    }
}

impl Sweep {
    /// These runs as a sweep into `dir`, each in the directory that a plan would give it; one that comes up again is done
    /// once.
    pub fn of(dir: &Path, configs: &[RunConfig]) -> Self {
        let mut runs = Collector::new(dir);
        for config in configs {
            runs.add(config, [config.seed]);
        }
        runs.finish()
    }

    /// A sweep without runs yet, which go into its directory.
    pub fn empty(dir: &Path) -> Self {
        Self::with_runs_in(dir, dir)
    }

    /// A sweep without runs yet, which go into `base`.
    pub fn with_runs_in(dir: &Path, base: &Path) -> Self {
        Self { dir: dir.to_owned(), base: base.to_owned(), runs: Vec::new() }
    }

    /// Adds a run in a directory of its own.
    pub fn push(&mut self, dir: PathBuf, config: RunConfig) {
        let (index, seed) = (self.runs.len(), config.seed);
        self.runs.push(PlannedRun { index, seed, group: Arc::new(Group { place: Place::Run(dir), config }) });
    }

    /// Where the plan's lines are.
    pub fn plan_path(&self) -> PathBuf {
        self.dir.join(PLAN)
    }

    /// Writes the plan's lines. A file of that name that is no plan is left alone.
    pub fn write(&self) -> Result<(), SweepError> {
        let path = self.plan_path();
        if path.is_file() && path.metadata()?.len() > 0 && Self::read_first(&path).is_err() {
            return Err(MadeError::Foreign { path }.into());
        }
        files::write_with(&self.plan_path(), |file| {
            self.runs.iter().try_for_each(|run| {
                let line = Line {
                    index: run.index,
                    dir: self.relative(&run.dir()).to_owned(),
                    config: (*run.config()).clone(),
                };
                serde_json::to_writer(&mut *file, &line)?;
                file.write_all(b"\n")
            })
        })?;
        Ok(())
    }

    /// How many runs of the plan that lies in the sweep's directory are none of these. What is no plan has none.
    pub fn left_out(&self) -> usize {
        let path = self.plan_path();
        if Self::read_first(&path).is_err() {
            return 0;
        }
        let Ok(file) = fs::File::open(&path) else { return 0 };
        let folder = folder_of(&path);
        let before = BufReader::new(file).lines().map_while(Result::ok).enumerate();
        let before =
            before.filter_map(|(i, text)| Some((i, folder.join(serde_json::from_str::<Target>(&text).ok()?.dir))));
        // The same plan again has the same lines; only for another one are all directories gathered.
        let is_here = |(i, dir): &(usize, PathBuf)| self.runs.get(*i).is_some_and(|own| own.dir() == *dir);
        let moved: Vec<PathBuf> = before.filter(|at| !is_here(at)).map(|(_, dir)| dir).collect();
        if moved.is_empty() {
            return 0;
        }
        let own: HashSet<PathBuf> = self.runs.iter().map(PlannedRun::dir).collect();
        moved.iter().filter(|dir| !own.contains(*dir)).count()
    }

    fn relative<'a>(&self, dir: &'a Path) -> &'a Path {
        dir.strip_prefix(&self.dir).unwrap_or(dir)
    }

    /// Reads the plan in a sweep's directory.
    pub fn open(dir: &Path) -> Result<Self, SweepError> {
        let path = dir.join(PLAN);
        if !path.is_file() {
            let reason = "there is no such file; `gan-lab sweep PLAN.json` makes one";
            return Err(not_a_plan(&path, reason));
        }
        Self::read(&path)
    }

    /// Reads a plan's lines, to look at the runs: their directories may be anywhere.
    pub fn read(path: &Path) -> Result<Self, SweepError> {
        let dir = folder_of(path);
        let mut sweep = Self::empty(&dir);
        for (i, text) in BufReader::new(fs::File::open(path)?).lines().enumerate() {
            let line = parse(path, i, &text.map_err(|error| unreadable(path, &error))?)?;
            let run = PlannedRun::parsed(i, &dir.join(line.0), line.1, sweep.runs.last());
            sweep.runs.push(run);
        }
        Ok(sweep)
    }

    fn read_first(path: &Path) -> Result<(), SweepError> {
        let mut text = String::new();
        BufReader::new(fs::File::open(path)?).read_line(&mut text).map_err(|error| unreadable(path, &error))?;
        parse(path, 0, &text).map(|_| ())
    }

    /// Reads one line of a plan, for those who do one run of many. Its directory must lie in `base`, the plan's own folder
    /// unless whoever does the line says another: a plan that came from elsewhere has no say in what is written where.
    pub fn read_line(path: &Path, index: usize, base: Option<&Path>) -> Result<PlannedRun, SweepError> {
        let folder = folder_of(path);
        // Line by line: a plan of a million runs is not read into memory for one of them.
        let mut lines = BufReader::new(fs::File::open(path)?).lines();
        let mut passed = 0;
        for line in lines.by_ref().take(index) {
            line.map_err(|error| unreadable(path, &error))?;
            passed += 1;
        }
        let Some(text) = lines.next() else {
            return Err(SweepError::NoLine { path: path.to_owned(), lines: passed, index });
        };
        let (dir, config) = parse(path, index, &text.map_err(|error| unreadable(path, &error))?)?;
        let (base, place) = (base.unwrap_or(&folder), folder.join(&dir));
        if !lies_in(base, &place)? {
            return Err(SweepError::Outside { path: path.to_owned(), index, dir, base: base.to_owned() });
        }
        if let Some((link, target)) = leads_out(base, &place) {
            return Err(SweepError::Linked { path: path.to_owned(), index, link, target, base: base.to_owned() });
        }
        Ok(PlannedRun::parsed(index, &place, config, None))
    }
}

/// Collects the runs of a plan, without those that come up again.
pub(super) struct Collector {
    sweep: Sweep,
    groups: Vec<Arc<Group>>,
    names: HashMap<String, usize>,
    seen: HashSet<(usize, u64)>,
}

impl Collector {
    pub(super) fn new(dir: &Path) -> Self {
        Self { sweep: Sweep::empty(dir), groups: Vec::new(), names: HashMap::new(), seen: HashSet::new() }
    }

    /// Adds the config with each of these seeds.
    pub(super) fn add(&mut self, config: &RunConfig, seeds: impl IntoIterator<Item = u64>) {
        let group = self.group(config);
        for seed in seeds {
            if self.seen.insert((group, seed)) {
                let index = self.sweep.runs.len();
                self.sweep.runs.push(PlannedRun { index, seed, group: Arc::clone(&self.groups[group]) });
            }
        }
    }

    fn group(&mut self, config: &RunConfig) -> usize {
        let config = config.with_seed(0);
        let mut names = DIGEST.iter().map(|&bytes| group_name(&config, bytes));
        // Where another config has the short name, the second one gets a longer one.
        let is_free = |name: &String| self.names.get(name).is_none_or(|&group| self.groups[group].config == config);
        let name = names.find(is_free).unwrap_or_else(|| group_name(&config, WHOLE));
        if let Some(&group) = self.names.get(&name) {
            return group;
        }
        let place = Place::Folder(self.sweep.dir.join(RUNS).join(&name));
        self.names.insert(name, self.groups.len());
        self.groups.push(Arc::new(Group { place, config }));
        self.groups.len() - 1
    }

    pub(super) fn finish(self) -> Sweep {
        self.sweep
    }
}

/// What runs that differ only in their seed have in common: `<model>-<optim>-<digest>`.
fn group_name(seedless: &RunConfig, bytes: usize) -> String {
    // A config always becomes JSON: its keys are strings and its numbers finite.
    let json = serde_json::to_vec(&**seedless).unwrap_or_default();
    format!("{}-{}-{}", seedless.game_name(), seedless.optim.name(), &digest(&json)[..2 * bytes])
}

fn seed_name(seed: u64) -> String {
    format!("seed{seed}")
}

/// A line's directory, as it stands there, and its config.
fn parse(path: &Path, index: usize, text: &str) -> Result<(PathBuf, RunConfig), SweepError> {
    let wrong = |reason: String| not_a_plan(path, format!("line {}: {reason}", index + 1));
    let line: Line = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    if line.index != index {
        return Err(wrong(format!("its index is {}, not {index}", line.index)));
    }
    let config = line.config.check().map_err(|error| wrong(error.to_string()))?;
    Ok((line.dir, config))
}

fn unreadable(path: &Path, error: &std::io::Error) -> SweepError {
    not_a_plan(path, error.to_string())
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).to_owned()
}

/// Whether a directory is below `base` by its name; `..` could lead anywhere, so it may only be in the base's own name.
fn lies_in(base: &Path, dir: &Path) -> Result<bool, SweepError> {
    let base = std::path::absolute(if base.as_os_str().is_empty() { Path::new(".") } else { base })?;
    let dir = std::path::absolute(dir)?;
    let Ok(rest) = dir.strip_prefix(&base) else { return Ok(false) };
    let below = rest.components().all(|part| matches!(part, Component::Normal(_)));
    Ok(below && rest.components().next().is_some())
}

/// The first link between `base` and a directory below it that leads out of the base, and to where. A folder that was
/// copied with its links has no say in what is written where, as little as its plan.
fn leads_out(base: &Path, dir: &Path) -> Option<(PathBuf, PathBuf)> {
    let here = |path: &Path| if path.as_os_str().is_empty() { PathBuf::from(".") } else { path.to_owned() };
    // A base that is not there holds no link.
    let real = here(base).canonicalize().ok()?;
    let mut below: Vec<&Path> = dir.ancestors().take_while(|part| *part != base && here(part) != here(base)).collect();
    below.reverse();
    below.into_iter().filter(|part| part.is_symlink()).find_map(|part| {
        // A link that leads nowhere yet would be made there.
        let target = part.canonicalize().or_else(|_| part.read_link()).ok()?;
        (!target.starts_with(&real)).then(|| (part.to_owned(), target))
    })
}

/// A sweep for tests: the lab's GAN with the seeds 0 to 2.
#[cfg(test)]
pub(super) fn three_seeds(dir: &Path) -> Sweep {
    let mut collector = Collector::new(dir);
    collector.add(&TrainConfig::lab(crate::config::Model::Gan).check().unwrap(), 0..3);
    collector.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Model;

    fn lab() -> RunConfig {
        TrainConfig::lab(Model::Gan).check().unwrap()
    }

    fn sweep(dir: &Path) -> Sweep {
        let mut collector = Collector::new(dir);
        collector.add(&lab(), 0..4);
        collector.add(&lab(), 2..5);
        collector.finish()
    }

    #[test]
    fn a_plan_survives_its_file_and_its_lines_can_be_read_one_by_one() {
        let dir = tempfile::tempdir().unwrap();
        let sweep = sweep(dir.path());
        assert_eq!(sweep.runs.iter().map(PlannedRun::seed).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        sweep.write().unwrap();
        let read = Sweep::open(dir.path()).unwrap();
        let facts = |run: &PlannedRun| (run.index(), run.dir(), run.config());
        assert!(read.runs.iter().map(facts).eq(sweep.runs.iter().map(facts)));
        assert!(Arc::ptr_eq(&read.runs[0].group, &read.runs[4].group), "what is the same is kept once");
        let line = Sweep::read_line(&sweep.plan_path(), 2, None).unwrap();
        assert_eq!(facts(&line), facts(&sweep.runs[2]));
        let message = Sweep::read_line(&sweep.plan_path(), 5, None).unwrap_err().to_string();
        assert!(message.contains("5 runs, 0 to 4"), "{message}");
        assert!(Sweep::open(Path::new("nowhere")).unwrap_err().to_string().contains("gan-lab sweep"));
    }

    #[test]
    fn a_line_cannot_lead_out_of_the_folder_that_it_is_allowed() {
        let dir = tempfile::tempdir().unwrap();
        let plan = dir.path().join("sweep/plan.jsonl");
        let victim = dir.path().join("victim").into_os_string().into_string().unwrap();
        for (line, base, allowed) in [
            ("runs/a/seed0", None, true),
            ("./runs/a", None, true),
            ("../victim", None, false),
            ("runs/../../victim", None, false),
            ("runs/..", None, false),
            ("..", None, false),
            (".", None, false),
            ("", None, false),
            (victim.as_str(), None, false),
            (victim.as_str(), Some(dir.path()), true),
            (victim.as_str(), Some(Path::new(&victim)), false),
            ("../victim", Some(dir.path()), false),
        ] {
            let line = Line { index: 0, dir: line.into(), config: (*lab()).clone() };
            files::write(&plan, serde_json::to_string(&line).unwrap().as_bytes()).unwrap();
            match Sweep::read_line(&plan, 0, base) {
                Ok(run) => assert!(allowed, "{} was let pass", run.dir().display()),
                Err(error) => {
                    let message = error.to_string();
                    assert!(!allowed && message.contains("line 1") && message.contains("outside"), "{message}");
                }
            }
        }
    }

    #[test]
    fn two_configs_whose_short_names_are_the_same_are_both_done() {
        let mut collector = Collector::new(Path::new("out"));
        collector.add(&lab(), [0]);
        // As if the digests were the same in their first bytes.
        let other = TrainConfig { lr: 0.5, ..(*lab()).clone() }.check().unwrap().with_seed(0);
        collector.names.insert(group_name(&other, DIGEST[0]), 0);
        collector.add(&other, [0]);
        let sweep = collector.finish();
        assert_eq!(sweep.runs.len(), 2);
        assert_ne!(sweep.runs[0].dir(), sweep.runs[1].dir());
        assert!((sweep.runs[1].config().lr - 0.5).abs() < 1e-12);
    }
}
