//! Writing a run: the one process that holds the directory's lock.
//!
//! A run begins with its manifest, which says which files are its own; only those are ever replaced or removed. What is
//! appended counts from the next [`ActiveRun::commit`] on, which writes the state last.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use fs_err as fs;
use serde::Serialize;
use serde_json::Value;

use super::kind::{MANIFEST, STATE};
use super::lock::Lock;
use super::records::{self, Records};
use super::refusals::{refuse, same_inputs, same_settings};
use super::series::{Series, SeriesPlan};
use super::state::{self, Ledger, Note, Tie};
use super::{Bundle, Found, Input, Kind, LOCK, Manifest, Position, RunDir, RunError, digest};
use crate::files;

/// What a process wants to write: a run as it was asked for.
pub struct Claim {
    /// Its kind.
    pub kind: Kind,
    /// Its settings, resolved.
    pub settings: Value,
    /// Units in all.
    pub total: u64,
    /// Why it is over already, though not all is done: the condition of its own that holds where it is.
    pub ended: Option<String>,
    /// What it is made of.
    pub inputs: Vec<Input>,
    /// Files that are written once, at the beginning, and follow from settings and inputs.
    pub once: Vec<(&'static str, Vec<u8>)>,
    /// The name that stands for `*` in the kind's files.
    pub name: String,
    /// The series that it records, if it does.
    pub series: Option<SeriesPlan>,
    /// Takes out of a record what belongs there only because the run was to end with it.
    pub conform: Box<dyn Fn(&mut Value)>,
    /// For a kind that goes by its records: those that still hold, of what was recorded (None for a run of before there
    /// were records).
    pub recount: Option<Recount>,
    /// What the file of settings says to people, where that is not the settings themselves.
    pub shown: Option<Value>,
}

/// See [`Claim::recount`]; the warnings say what does not hold any more.
pub type Recount = Box<dyn Fn(&RunDir, Option<Vec<Value>>) -> (Vec<Value>, Vec<String>)>;

impl Claim {
    pub(super) fn files(&self) -> Vec<String> {
        self.kind.files().iter().map(|pattern| pattern.replace('*', &self.name)).collect()
    }

    fn manifest(&self) -> Manifest {
        let mut manifest =
            Manifest::new(self.kind, self.settings.clone(), self.inputs.clone(), self.files(), self.total);
        manifest.digests = self.digests();
        manifest
    }

    fn shown(&self) -> Value {
        self.shown.as_ref().unwrap_or(&self.settings).clone()
    }

    fn digests(&self) -> BTreeMap<String, String> {
        let once = self.once.iter().map(|(name, bytes)| ((*name).to_owned(), digest(bytes)));
        // What says the settings in other words than the manifest is not compared with it, but as it is.
        let shown = self
            .shown
            .as_ref()
            .and_then(|shown| Some((self.kind.settings_file().to_owned(), digest(pretty(shown).ok()?.as_bytes()))));
        once.chain(shown).collect()
    }
}

/// How many records and frames count at a moment.
#[derive(Debug)]
pub struct Mark {
    records: Records,
    frames: Option<(usize, Vec<sha2::Sha256>)>,
}

/// A run that this process writes.
#[derive(Debug)]
pub struct ActiveRun {
    dir: RunDir,
    manifest: Manifest,
    /// The manifest as it is on disk.
    written: Option<Manifest>,
    records: Records,
    series: Option<Series>,
    shown: Value,
    /// The digests of the files that follow from the state, as this process made sure of them.
    follows: BTreeMap<String, String>,
    /// The same, as the saved state has them.
    noted: BTreeMap<String, String>,
    /// Why the run is over as far as it was saved, though not all is done.
    ended: Option<String>,
    seconds: f64,
    warnings: Vec<String>,
    /// Held until the run is let go.
    _lock: Lock,
}

impl ActiveRun {
    /// Starts a run in `dir`. Where one is there already that takes `force`, which removes that run's files and no
    /// others; a directory with anything else in it is refused. Nothing is changed before it is known to be possible.
    pub fn create(dir: RunDir, claim: &Claim, force: bool) -> Result<Self, RunError> {
        refuse(&dir, claim, force)?;
        fs::create_dir_all(dir.path())?;
        let lock = Lock::take(dir.path())?;
        // Under the lock, lest another process has begun a run in between.
        refuse(&dir, claim, force)?;
        clear(&dir)?;
        let manifest = claim.manifest();
        manifest.write(dir.path())?;
        for (name, bytes) in &claim.once {
            files::write(&dir.file(name), bytes)?;
        }
        let series = claim.series.as_ref().map(|plan| Series::create(&dir, plan)).transpose()?;
        let records = Records::create(dir.file(claim.kind.records_file()))?;
        let written = Some(manifest.clone());
        let warnings = warned(&lock, dir.path());
        let (follows, noted, shown) = (BTreeMap::new(), BTreeMap::new(), claim.shown());
        let run = Self {
            dir,
            manifest,
            written,
            records,
            series,
            shown,
            follows,
            noted,
            ended: None,
            seconds: 0.0,
            warnings,
            _lock: lock,
        };
        run.write_settings()?;
        Ok(run)
    }

    /// Writes the settings' file of the run in `dir` anew, if it does not say what the manifest says; gives whether that
    /// was so.
    pub fn restore_settings(dir: &RunDir) -> Result<bool, RunError> {
        let Some(manifest) = Manifest::read(dir.path())? else { return Ok(false) };
        if manifest.kind == Kind::Sefa || dir.settings().is_ok() {
            return Ok(false);
        }
        // What is wrong may be the manifest itself, and then the settings are the last that is known of the run.
        dir.status()?;
        let _lock = Lock::take(dir.path())?;
        let name = manifest.kind.settings_file();
        let text = pretty(&manifest.settings).map_err(|error| dir.malformed(name, error.to_string()))?;
        files::write(&dir.file(name), text.as_bytes())?;
        Ok(true)
    }

    /// Goes on with the run in `dir`, if it is the one that is claimed: gives its state, if its kind has one. What was
    /// written after that state is taken off.
    pub fn resume(dir: RunDir, claim: &Claim) -> Result<(Self, Option<(Bundle, Position)>), RunError> {
        dir.expect(claim.kind)?;
        let lock = Lock::take(dir.path())?;
        dir.expect(claim.kind)?;
        remove_parts(&dir)?;
        let written = Manifest::read(dir.path())?;
        let saved = dir.manifest()?;
        same_settings(&dir, &saved, claim)?;
        let mut warnings = warned(&lock, dir.path());
        warnings.extend(same_inputs(&dir, &saved, claim)?);
        let state = if claim.kind.has_state() { Some(dir.noted_state(&saved)?) } else { None };
        let note = state.as_ref().and_then(|(_, _, note)| note.as_ref());
        let done = state.as_ref().map_or(u64::MAX, |(_, position, _)| position.done);
        let values = match &claim.recount {
            Some(recount) => {
                let path = dir.file(claim.kind.records_file());
                let recorded = if path.is_file() { Some(records::read(&path)?) } else { None };
                let (values, lost) = recount(&dir, recorded);
                warnings.extend(lost);
                values
            }
            None => counted_records(&dir, claim, note, done)?,
        };
        let records = Records::of(dir.file(claim.kind.records_file()), &values);
        let series = claim.series.as_ref().map(|plan| counted_series(&dir, plan, note, done)).transpose()?;
        let manifest = Manifest {
            program: saved.program.clone(),
            commit: saved.commit.clone(),
            older: saved.older,
            digests: merged(saved.digests.clone(), claim.digests()),
            // A folder may have been renamed since; its files keep their names.
            files: if written.is_some() { saved.files.clone() } else { claim.files() },
            ..claim.manifest()
        };
        let seconds = values.last().map_or(0.0, records::seconds);
        let noted = note.map(|note| note.files.clone()).unwrap_or_default();
        let follows = noted.clone();
        let shown = claim.shown();
        let ended = claim.ended.clone();
        let mut run = Self {
            dir,
            manifest,
            written,
            records,
            series,
            shown,
            follows,
            noted,
            ended,
            seconds,
            warnings,
            _lock: lock,
        };
        run.settle(claim, state.as_ref(), &values)?;
        let state = state.map(|(bundle, position, _)| (bundle, Position { total: claim.total, ..position }));
        Ok((run, state))
    }

    /// Whether the run in a directory is the one that is claimed.
    pub(super) fn is_same(dir: &RunDir, claim: &Claim) -> bool {
        let Ok(saved) = dir.manifest() else { return false };
        dir.kind() == Some(claim.kind)
            && same_settings(dir, &saved, claim).is_ok()
            && same_inputs(dir, &saved, claim).is_ok_and(|warnings| warnings.is_empty())
    }

    /// Brings the files in line with the state. A run that is to be longer than its state says gets a state that says so
    /// first: killed in between, the next who goes on with it finds what is still to be done.
    fn settle(
        &mut self,
        claim: &Claim,
        state: Option<&(Bundle, Position, Option<Note>)>,
        values: &[Value],
    ) -> Result<(), RunError> {
        if self.written.is_none() {
            // The manifest comes first, for the state refers to it.
            self.write_manifest()?;
        }
        self.note_labels();
        if let Some((bundle, position, note)) = state {
            let wanted = Position { total: claim.total, ..*position };
            let was_ended = note.as_ref().and_then(|note| note.ended.as_ref());
            if note.is_none() || *position != wanted || was_ended != claim.ended.as_ref() {
                state::write(&self.dir.file(STATE), bundle, self.tie(wanted))?;
            }
        }
        self.manifest.older = false;
        self.write_manifest()?;
        self.write_settings()?;
        for (name, bytes) in &claim.once {
            self.keep(name, bytes)?;
        }
        let path = self.dir.file(claim.kind.records_file());
        if !path.is_file() || records::read(&path)? != values || !records::ends_whole(&path)? {
            records::rewrite(&path, values)?;
        }
        match &self.series {
            Some(series) => series.cut(),
            None => Ok(()),
        }
    }

    /// The directory.
    pub fn dir(&self) -> &RunDir {
        &self.dir
    }

    /// Seconds of work up to the last record.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// What counts now; [`Self::back_to`] it when what comes after it is not to count.
    pub fn mark(&self) -> Mark {
        Mark { records: self.records.clone(), frames: self.series.as_ref().map(Series::mark) }
    }

    /// Lets what was appended after a mark not count. It is taken off when the run goes on.
    pub fn back_to(&mut self, mark: Mark) {
        self.records = mark.records;
        if let (Some(series), Some(frames)) = (&mut self.series, mark.frames) {
            series.back_to(frames);
        }
    }

    /// What a person should know about how the run goes on.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Adds a record.
    pub fn append(&mut self, record: &impl Serialize) -> Result<(), RunError> {
        let value = records::to_value(&self.dir.file(self.manifest.kind.records_file()), record)?;
        self.records.append(&value)
    }

    /// Adds a frame to the run's series: numbers for each of its arrays, in their order.
    pub fn append_frame(&mut self, label: u64, values: &[Vec<f64>]) -> Result<(), RunError> {
        match &mut self.series {
            // A frame that was recorded before the process was killed is not recorded twice.
            Some(series) if series.last().is_none_or(|last| last < label) => series.append(label, values),
            _ => Ok(()),
        }
    }

    /// Writes one of the run's own files.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), RunError> {
        debug_assert!(self.manifest.owns(name), "{name} is not in the manifest");
        Ok(files::write(&self.dir.file(name), bytes)?)
    }

    /// Makes sure that a file which follows from the state has this content.
    pub fn follow(&mut self, name: &str, bytes: &[u8]) -> Result<(), RunError> {
        self.keep(name, bytes)?;
        self.follows.insert(name.to_owned(), digest(bytes));
        Ok(())
    }

    /// Makes sure that there is no such file, where nothing follows any more.
    pub fn unfollow(&mut self, name: &str) -> Result<(), RunError> {
        match self.follows.remove(name) {
            Some(_) => self.remove(name),
            None => Ok(()),
        }
    }

    /// Makes sure that one of the run's own files has this content.
    pub fn keep(&self, name: &str, bytes: &[u8]) -> Result<(), RunError> {
        let path = self.dir.file(name);
        let is_ours = std::fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file());
        if is_ours && fs::read(&path)? == bytes {
            return Ok(());
        }
        self.write(name, bytes)
    }

    /// The same for a file whose content the manifest is to answer for, from the next [`Self::commit`] on.
    pub fn keep_digested(&mut self, name: &str, bytes: &[u8]) -> Result<(), RunError> {
        self.keep(name, bytes)?;
        self.manifest.digests.insert(name.to_owned(), digest(bytes));
        Ok(())
    }

    /// Says that all is done, for a kind without a state, with the records in their final order.
    pub fn finish<R: Serialize>(&mut self, records: &[R]) -> Result<(), RunError> {
        let path = self.dir.file(self.manifest.kind.records_file());
        let values = records.iter().map(|record| records::to_value(&path, record)).collect::<Result<Vec<_>, _>>()?;
        if records::read(&path)? != values {
            records::rewrite(&path, &values)?;
        }
        self.manifest.finished = true;
        Ok(())
    }

    /// Says that the work ended because its numbers grew beyond all bounds, until somebody goes on.
    pub fn note_divergence(&mut self) -> Result<(), RunError> {
        self.manifest.diverged = true;
        self.write_manifest()
    }

    /// Says something that a person should know.
    pub fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Removes one of the run's own files.
    pub fn remove(&self, name: &str) -> Result<(), RunError> {
        debug_assert!(self.manifest.owns(name), "{name} is not in the manifest");
        remove(&self.dir.file(name))
    }

    /// Whether the run has such a file: a run that goes on has those that there were when it was begun.
    pub fn owns(&self, name: &str) -> bool {
        self.manifest.owns(name)
    }

    /// The name of the run's own file that ends so, as the manifest has it.
    pub fn own_name(&self, ending: &str) -> Option<&str> {
        self.manifest.files.iter().map(String::as_str).find(|name| name.ends_with(ending))
    }

    /// Saves: what was appended before it now counts. A kind without a state passes None. `ended` says why the run is over
    /// where it is before all is done.
    pub fn commit(
        &mut self,
        bundle: Option<&Bundle>,
        position: Position,
        ended: Option<String>,
    ) -> Result<(), RunError> {
        self.ended = ended;
        self.records.sync()?;
        if let Some(series) = &self.series {
            series.sync()?;
        }
        self.note_labels();
        self.write_manifest()?;
        if let Some(bundle) = bundle {
            state::write(&self.dir.file(STATE), bundle, self.tie(position))?;
        }
        self.noted.clone_from(&self.follows);
        Ok(())
    }

    fn note_labels(&mut self) {
        if let Some(series) = &self.series {
            let (name, bytes) = series.labels();
            self.follows.insert(name, digest(&bytes));
        }
    }

    /// Whether the saved state has the files that follow from it as they are now.
    pub(super) fn is_settled(&self) -> bool {
        self.noted == self.follows && self.written.as_ref() == Some(&self.manifest)
    }

    fn tie(&self, position: Position) -> Tie {
        let mut ledgers = self.series.as_ref().map(Series::ledgers).unwrap_or_default().into_iter();
        let frames = ledgers.next().map(|(_, ledger)| ledger);
        Tie {
            run: self.manifest.identity(),
            position,
            ended: self.ended.clone(),
            records: self.records.ledger(),
            frames,
            arrays: ledgers.map(|(name, ledger)| (name.to_owned(), ledger.sha256)).collect(),
            files: self.follows.clone(),
        }
    }

    fn write_manifest(&mut self) -> Result<(), RunError> {
        if self.written.as_ref() != Some(&self.manifest) {
            self.manifest.write(self.dir.path())?;
            self.written = Some(self.manifest.clone());
        }
        Ok(())
    }

    fn write_settings(&self) -> Result<(), RunError> {
        let name = self.manifest.kind.settings_file();
        let text = pretty(&self.shown).map_err(|error| self.dir.malformed(name, error.to_string()))?;
        self.keep(name, text.as_bytes())
    }
}

/// JSON as a file of it is written.
pub(super) fn pretty(value: &Value) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

fn merged(mut saved: BTreeMap<String, String>, new: BTreeMap<String, String>) -> BTreeMap<String, String> {
    saved.extend(new);
    saved
}

fn warned(lock: &Lock, path: &Path) -> Vec<String> {
    let warning = format!(
        "the file system of {} has no locks: nothing keeps a second gan-lab from writing there at the same time",
        path.display()
    );
    if lock.works { Vec::new() } else { vec![warning] }
}

/// The records that the state counts on, without what only a last record has.
fn counted_records(dir: &RunDir, claim: &Claim, note: Option<&Note>, done: u64) -> Result<Vec<Value>, RunError> {
    let name = claim.kind.records_file();
    let path = dir.file(name);
    let mut values = records::read(&path)?;
    let Some(note) = note else {
        let at = |value: &Value| value.get("epoch").or_else(|| value.get("images")).and_then(Value::as_u64);
        values.retain(|value| at(value).is_none_or(|at| at <= done));
        for value in &mut values {
            (claim.conform)(value);
        }
        return Ok(values);
    };
    let count = note.records.count as usize;
    if values.len() < count {
        let reason = format!("it has {} records, and {STATE} counts on {count}", values.len());
        return Err(dir.malformed(name, reason));
    }
    values.truncate(count);
    let as_it_is = Records::of(path.clone(), &values).ledger();
    for value in &mut values {
        (claim.conform)(value);
    }
    check(dir, name, "records", &note.records, &[as_it_is, Records::of(path, &values).ledger()])?;
    Ok(values)
}

/// The frames that the state counts on, without one that only a last epoch has.
fn counted_series(dir: &RunDir, plan: &SeriesPlan, note: Option<&Note>, done: u64) -> Result<Series, RunError> {
    let frames = note.and_then(|note| note.frames.as_ref());
    let mut series = Series::open(dir, plan, done, frames.map(|frames| frames.count))?;
    let as_they_are = series.ledgers();
    series.leave_undue(plan)?;
    let Some((frames, note)) = frames.zip(note) else { return Ok(series) };
    let found = as_they_are.into_iter().zip(series.ledgers());
    for (i, ((name, before), (_, after))) in found.enumerate() {
        let sha256 = if i == 0 { Some(&frames.sha256) } else { note.arrays.get(name) };
        let Some(sha256) = sha256.cloned() else {
            return Err(dir.malformed(STATE, format!("it does not say what {name} holds")));
        };
        check(dir, name, "frames", &Ledger { sha256, ..frames.clone() }, &[before, after])?;
    }
    Ok(series)
}

fn check(dir: &RunDir, name: &str, what: &str, expected: &Ledger, found: &[Ledger; 2]) -> Result<(), RunError> {
    if found.contains(expected) {
        return Ok(());
    }
    let reason = format!("its first {} {what} are not those that {STATE} counts on", expected.count);
    Err(dir.malformed(name, reason))
}

/// Removes what the run in a directory left there, and nothing else: the state first, so that a process that is killed
/// in between leaves a run that is seen not to have begun.
fn clear(dir: &RunDir) -> Result<(), RunError> {
    remove_parts(dir)?;
    let manifest = match dir.look()? {
        Found::Nothing | Found::Foreign(_) => return Ok(()),
        Found::HalfBegun(manifest) => manifest,
        Found::Run(kind) => {
            // An old run has none, and a damaged one does not say what is the run's.
            let manifest = if let Ok(Some(manifest)) = Manifest::read(dir.path()) {
                manifest
            } else {
                let manifest = Manifest::new(kind, Value::Null, Vec::new(), kind.file_names(), 0);
                manifest.write(dir.path())?;
                manifest
            };
            Arc::new(manifest)
        }
    };
    let first = if manifest.kind.has_state() { STATE } else { manifest.kind.records_file() };
    remove(&dir.file(first))?;
    let mut folders = Vec::new();
    for name in dir.names()? {
        if name != MANIFEST && manifest.owns(&name) && !dir.file(&name).is_dir() {
            remove(&dir.file(&name))?;
            folders.extend(name.split_once('/').map(|(folder, _)| folder.to_owned()));
        }
    }
    folders.dedup();
    for folder in folders {
        // One with other files in it stays.
        let _ = fs::remove_dir(dir.file(&folder));
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), RunError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Removes unfinished files of killed processes from the directory and the folders in it that are the run's.
fn remove_parts(dir: &RunDir) -> Result<(), RunError> {
    files::remove_parts(dir.path())?;
    let folders = Kind::ALL.iter().flat_map(|kind| kind.files()).filter_map(|pattern| pattern.split_once('/'));
    for (folder, _) in folders {
        if dir.file(folder).is_dir() {
            files::remove_parts(&dir.file(folder))?;
        }
    }
    debug_assert!(dir.path().join(LOCK).exists(), "under the lock");
    Ok(())
}
