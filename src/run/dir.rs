//! A directory that may hold a run, as readers see it.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs_err as fs;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::kind::{MANIFEST, STATE};
use super::manifest::essence;
use super::memo::Memo;
use super::state::{self, Bundle, Ledger, Note, Noted};
use super::{Ability, Input, Kind, LOCK, Manifest, Position, RunError, digest, lock, records};
use crate::checkpoint;
use crate::config::{ConfigError, differences};
use crate::data::npy;
use crate::files;
use crate::threads;

/// How far the run in a directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// There is no run, or one that was killed before its first state.
    Absent,
    /// There is one, with this much done of all.
    Unfinished {
        /// Units done.
        done: u64,
        /// Units to do.
        total: u64,
    },
    /// It ended before its last unit, because a condition of its own held ([`RunDir::ended`] says which).
    Ended {
        /// Units done.
        done: u64,
        /// Units that were to be done.
        total: u64,
    },
    /// All is done.
    Finished {
        /// Units done.
        done: u64,
    },
}

impl Status {
    /// Whether there is nothing left to do: all is done, or the run ended by a condition of its own.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Ended { .. } | Self::Finished { .. })
    }
}

/// What is in a directory.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// Nothing, or nothing but what a killed process may leave.
    Nothing,
    /// A run that was killed before its first state.
    HalfBegun(Arc<Manifest>),
    /// A run.
    Run(Kind),
    /// Other files, such as this one.
    Foreign(String),
}

/// The settings that a run says which was made before there were manifests: a SeFa job wrote them in other words.
fn old_settings(kind: Kind, said: Value) -> Value {
    if kind != Kind::Sefa {
        return said;
    }
    let list = |key: &str| said.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let (directions, distances) = (list("directions"), list("distances"));
    let codes = if said["codes"] == "unit mean square" { "unit-mean-square" } else { "as-drawn" };
    serde_json::json!({
        "model": "", "checkpoint": said["checkpoint"], "samples": said["samples"], "k": directions.len(),
        "directions": directions, "seed": said["seed"], "start": distances.first(), "end": distances.last(),
        "steps": distances.len(), "codes": codes, "raw": said["normalised_units"] == false, "layers": [],
        "viz_size": said["viz_size"], "device": "cpu", "batch": 1,
    })
}

/// A directory that may hold a run.
#[derive(Clone, Debug)]
pub struct RunDir {
    path: PathBuf,
    memo: Memo,
}

impl PartialEq for RunDir {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for RunDir {}

impl RunDir {
    /// The directory at `path`, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), memo: Memo::default() }
    }

    /// The same directory as it is when it is first asked: manifest and state's note are read once. For whoever looks at a
    /// run as a whole and is soon done.
    #[must_use]
    pub fn held(&self) -> Self {
        Self { path: self.path.clone(), memo: self.memo.hold() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directories with runs directly under `parent`, in the order of their names; none where it is missing.
    pub fn all_under(parent: &Path) -> Result<Vec<Self>, RunError> {
        if !parent.is_dir() {
            return Ok(Vec::new());
        }
        let entries = fs::read_dir(parent)?.map(|entry| Ok(Self::new(entry?.path())));
        let mut found = entries.collect::<Result<Vec<Self>, RunError>>()?;
        found.sort_by(|a, b| a.path.cmp(&b.path));
        let are_runs = threads::map(threads::available(), &found, |run| run.kind().is_some() || run.is_half_begun());
        let mut are_runs = are_runs.into_iter();
        found.retain(|_| are_runs.next().unwrap_or_default());
        Ok(found)
    }

    /// The kind of run that is there; None where there is none, or one that was killed before its first state.
    pub fn kind(&self) -> Option<Kind> {
        match self.memo.manifest(&self.path) {
            Ok(Some(manifest)) => self.is_begun(manifest.kind).then_some(manifest.kind),
            Ok(None) => self.old_kind(),
            // A damaged manifest is a run's all the same; what it was can be seen from the other files.
            Err(_) => Some(self.old_kind().unwrap_or(Kind::Points)),
        }
    }

    /// The kind of a run that was made before runs had manifests.
    fn old_kind(&self) -> Option<Kind> {
        if self.file("job.json").is_file() && self.file("directions.safetensors").is_file() {
            return Some(Kind::Sefa);
        }
        if !self.file("config.json").is_file() || !self.file(STATE).is_file() {
            return None;
        }
        let text = fs::read_to_string(self.file("config.json")).ok()?;
        let is_progan = serde_json::from_str::<Value>(&text).is_ok_and(|config| config.get("fmaps_base").is_some());
        Some(if is_progan { Kind::Progan } else { Kind::Points })
    }

    fn is_begun(&self, kind: Kind) -> bool {
        self.file(begun_by(kind)).is_file()
    }

    /// What is in the directory, which need not exist. Nothing is changed, and nothing is read that does not look like a
    /// run's.
    pub fn look(&self) -> Result<Found, RunError> {
        if std::fs::symlink_metadata(&self.path).is_err() {
            return Ok(Found::Nothing);
        }
        if !self.path.is_dir() {
            return Err(RunError::NotAFolder { path: self.path.clone() });
        }
        lock::check(&self.file(LOCK))?;
        // First the names: a manifest that another process writes in between is found all the same.
        let names = self.names()?;
        if let Some(manifest) = self.memo.manifest(&self.path)? {
            let kind = manifest.kind;
            return Ok(if self.is_begun(kind) { Found::Run(kind) } else { Found::HalfBegun(manifest) });
        }
        if let Some(kind) = self.old_kind() {
            return Ok(Found::Run(kind));
        }
        let other = names.into_iter().next();
        Ok(other.map_or(Found::Nothing, Found::Foreign))
    }

    /// The files in the directory and in the folders in it, by their paths there, without the lock and unfinished files;
    /// an empty folder counts as a file.
    pub(super) fn names(&self) -> Result<Vec<String>, RunError> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name == LOCK || files::is_part(&name) {
                continue;
            }
            if !entry.file_type()?.is_dir() {
                names.push(name);
                continue;
            }
            let before = names.len();
            for inner in fs::read_dir(entry.path())? {
                let inner = inner?.file_name().to_string_lossy().into_owned();
                if !files::is_part(&inner) {
                    names.push(format!("{name}/{inner}"));
                }
            }
            if names.len() == before {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// The directories with runs under `parent`, itself included, in the order of their paths: folders in runs are not
    /// looked into.
    pub fn find_under(parent: &Path) -> Result<Vec<Self>, RunError> {
        let own = Self::new(parent);
        if own.kind().is_some() || own.is_half_begun() {
            return Ok(vec![own]);
        }
        let mut found = Vec::new();
        let mut entries: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(parent)? {
            let entry = entry?;
            // A link may lead back to where it lies.
            if entry.file_type()?.is_dir() {
                entries.push(entry.path());
            }
        }
        entries.sort();
        for path in entries {
            found.extend(Self::find_under(&path)?);
        }
        Ok(found)
    }

    /// The bytes that the run's own files take.
    pub fn size(&self) -> Result<u64, RunError> {
        let manifest = self.manifest()?;
        let mut total = 0;
        for name in self.names()?.iter().filter(|name| manifest.owns(name)) {
            total += fs::symlink_metadata(self.file(name)).map_or(0, |metadata| metadata.len());
        }
        Ok(total)
    }

    /// The run's manifest; for a run that was made before there were manifests, what it would say.
    pub fn manifest(&self) -> Result<Arc<Manifest>, RunError> {
        match self.memo.manifest(&self.path)? {
            Some(manifest) => Ok(manifest),
            None => self.old_manifest().map(Arc::new),
        }
    }

    fn old_manifest(&self) -> Result<Manifest, RunError> {
        let missing = |name: &str| RunError::NoRun { path: self.path.clone(), missing: name.to_owned() };
        let kind = self.old_kind().ok_or_else(|| missing(MANIFEST))?;
        let settings = old_settings(kind, self.json(kind.settings_file())?);
        let mut inputs = Vec::new();
        let mut total = 0;
        match if kind.has_state() { state::note(&self.file(STATE))? } else { Noted::Untied { data: None } } {
            Noted::Tied(_) => {
                return Err(self.malformed(MANIFEST, format!("it is not there, and {STATE} was saved with it")));
            }
            Noted::Untied { data: Some(sha256) } => {
                let path = settings.pointer("/data/path").and_then(Value::as_str).unwrap_or_default();
                inputs.push(Input::new("data", Path::new(path), sha256));
            }
            Noted::Untied { data: None } => {}
        }
        if let Some(key) = kind.total_key() {
            total = settings.get(key).and_then(Value::as_u64).unwrap_or(0);
        }
        Ok(Manifest { older: true, ..Manifest::new(kind, settings, inputs, kind.file_names(), total) })
    }

    /// The run's settings, as long as the saved state says that it is to be.
    pub fn settings(&self) -> Result<Value, RunError> {
        let manifest = self.manifest()?;
        let name = manifest.kind.settings_file();
        // First the state, for it says whether the manifest is this run's at all.
        let note = self.note(manifest.kind)?;
        // Both say the same; a file that was put there from elsewhere does not.
        let is_there = manifest.kind != Kind::Sefa && self.file(name).is_file();
        let there = is_there.then(|| self.json(name)).transpose()?;
        if let Some(there) = there.filter(|there| *there != manifest.settings) {
            let essence = |settings: &Value| essence(manifest.kind, settings);
            let differing = differences(&essence(&there), &essence(&manifest.settings));
            if !differing.is_empty() {
                let keys = differing.iter().map(|difference| difference.key.as_str()).collect::<Vec<_>>().join(", ");
                let reason = format!("it differs from {MANIFEST} in {keys}; `gan-lab runs --check` puts it right");
                return Err(self.malformed(name, reason));
            }
        }
        let mut settings = manifest.settings.clone();
        if let Some(key) = manifest.kind.total_key()
            && let Some(note) = note
            && let Some(total) = settings.get_mut(key)
            && total.as_u64().is_some_and(|total| total < note.total)
        {
            *total = note.total.into();
        }
        Ok(settings)
    }

    /// The settings of a run of `kind` as its config, which `check` finds to make sense.
    pub fn config<C: DeserializeOwned, T>(
        &self,
        kind: Kind,
        check: impl FnOnce(C) -> Result<T, ConfigError>,
    ) -> Result<T, RunError> {
        let config = serde_json::from_value(self.settings()?).map_err(|error| error.to_string());
        let config = config.and_then(|config| check(config).map_err(|error| error.to_string()));
        config.map_err(|reason| self.malformed(self.settings_source(kind), reason))
    }

    /// The file that [`Self::settings`] come from.
    pub fn settings_source(&self, kind: Kind) -> &'static str {
        if self.file(MANIFEST).is_file() { MANIFEST } else { kind.settings_file() }
    }

    /// How far the run is.
    pub fn status(&self) -> Result<Status, RunError> {
        let Some(kind) = self.kind() else { return Ok(Status::Absent) };
        let Position { done, total } = self.position(kind)?;
        Ok(match self.ended()? {
            _ if done >= total => Status::Finished { done },
            Some(_) => Status::Ended { done, total },
            None => Status::Unfinished { done, total },
        })
    }

    /// The condition by which the run ended before its last unit, if it did.
    pub fn ended(&self) -> Result<Option<String>, RunError> {
        let Some(kind) = self.kind() else { return Ok(None) };
        Ok(self.note(kind)?.filter(|note| note.done < note.total).and_then(|note| note.ended))
    }

    fn position(&self, kind: Kind) -> Result<Position, RunError> {
        let manifest = self.manifest()?;
        if !kind.has_state() {
            if !self.file(kind.records_file()).is_file() {
                // Made before such jobs kept records: it goes on as far as it has to.
                return Ok(Position { done: 0, total: 1 });
            }
            let (total, done) = (manifest.total, records::read(&self.file(kind.records_file()))?.len() as u64);
            // What is put together from the images comes last.
            let done = if manifest.finished { total } else { done.min(total.max(1) - 1) };
            return Ok(Position { done, total: total.max(done).max(u64::from(!manifest.finished)) });
        }
        match self.noted()? {
            Noted::Tied(note) => Ok(Position { done: note.done, total: note.total }),
            Noted::Untied { .. } if !manifest.older => {
                Err(self.malformed(STATE, format!("it does not say that it belongs to this {MANIFEST}")))
            }
            Noted::Untied { .. } => {
                let name = if kind == Kind::Points { "progress.epoch" } else { "progress.images" };
                let done = checkpoint::load_count(&self.file(STATE), name)?;
                let total = if manifest.total > 0 { manifest.total } else { u64::MAX };
                Ok(Position { done, total })
            }
        }
    }

    fn check_ties(&self, manifest: &Manifest, note: &Note) -> Result<(), RunError> {
        if note.run == manifest.identity() { Ok(()) } else { Err(self.stranger(manifest, note)) }
    }

    /// The saved state, of the run that the manifest describes.
    pub fn state(&self) -> Result<(Bundle, Position), RunError> {
        let manifest = self.manifest()?;
        let (bundle, position, _) = self.noted_state(&manifest)?;
        Ok((bundle, position))
    }

    pub(super) fn noted_state(&self, manifest: &Manifest) -> Result<(Bundle, Position, Option<Note>), RunError> {
        let path = self.file(STATE);
        if !path.exists() {
            return Err(RunError::NoRun { path: self.path.clone(), missing: STATE.to_owned() });
        }
        let position = self.position(manifest.kind)?;
        let (bundle, noted) = state::read(&path)?;
        match noted {
            Noted::Tied(note) => {
                self.check_ties(manifest, &note)?;
                Ok((bundle, position, Some(note)))
            }
            Noted::Untied { .. } => Ok((bundle, position, None)),
        }
    }

    /// Refuses a run of another kind than `wanted`, or no run.
    pub fn expect(&self, wanted: Kind) -> Result<(), RunError> {
        match self.kind() {
            Some(found) if found == wanted => Ok(()),
            Some(found) => Err(RunError::OtherKind { path: self.path.clone(), found, wanted }),
            None => {
                // One that has a manifest lacks what comes last.
                let begun = self.memo.manifest(&self.path).ok().flatten().map(|manifest| begun_by(manifest.kind));
                let missing = begun.unwrap_or(wanted.settings_file()).to_owned();
                Err(RunError::NoRun { path: self.path.clone(), missing })
            }
        }
    }

    /// Refuses a run of a kind with which a command can do nothing.
    pub fn expect_able(&self, ability: Ability, kind: Kind) -> Result<(), RunError> {
        if kind.can(ability) {
            return Ok(());
        }
        Err(RunError::OtherKind { path: self.path.clone(), found: kind, wanted: Kind::Points })
    }

    /// Whether there is a run that a command can do something with.
    pub fn can(&self, ability: Ability) -> bool {
        self.kind().is_some_and(|kind| kind.can(ability))
    }

    /// Whether a process writes here.
    pub fn is_locked(&self) -> bool {
        lock::is_held(&self.path)
    }

    /// The records of all units done. What was appended after the saved state is among them while a process writes; after
    /// that it counts no more, as when the run goes on. `conform` is [`super::Claim::conform`].
    pub fn records<R: DeserializeOwned>(&self, conform: &dyn Fn(&mut Value)) -> Result<Vec<R>, RunError> {
        let kind = self.manifest()?.kind;
        let path = self.file(kind.records_file());
        // First the state, which counts on what was written before it.
        let note = self.note(kind)?;
        if !path.is_file() {
            return Err(RunError::NoRun { path: self.path.clone(), missing: kind.records_file().to_owned() });
        }
        let mut values = records::read(&path)?;
        if let Some(note) = note {
            let counted = |values: &[Value]| {
                let counted = values.get(..note.records.count as usize)?;
                (records::Records::of(path.clone(), counted).ledger() == note.records).then_some(())
            };
            let as_they_are = counted(&values);
            if as_they_are.is_none() {
                if let Some(last) = (note.records.count as usize).checked_sub(1).and_then(|last| values.get_mut(last)) {
                    conform(last);
                }
                let reason =
                    || format!("its first {} records are not those that {STATE} counts on", note.records.count);
                counted(&values).ok_or_else(|| self.malformed(kind.records_file(), reason()))?;
            }
            if !self.is_locked() {
                values.truncate(note.records.count as usize);
            }
        }
        records::typed(&path, values)
    }

    /// The note of the run's state, if the kind of run has one, it is there, and its form has a note.
    pub(super) fn note(&self, kind: Kind) -> Result<Option<Note>, RunError> {
        if !kind.has_state() || !self.file(STATE).is_file() {
            return Ok(None);
        }
        match self.noted()? {
            Noted::Tied(note) => Ok(Some(note)),
            Noted::Untied { .. } => Ok(None),
        }
    }

    /// What the state says of itself; a note that ties it to a manifest ties it to this one.
    fn noted(&self) -> Result<Noted, RunError> {
        self.memo.noted(|| {
            let noted = state::note(&self.file(STATE))?;
            if let Noted::Tied(note) = &noted {
                self.check_ties(&*self.manifest()?, note)?;
            }
            Ok(noted)
        })
    }

    /// How many frames of a series the saved state counts on, and the SHA-256 of their bytes.
    pub fn counted_frames(&self) -> Result<Option<(usize, String)>, RunError> {
        let note = self.note(self.manifest()?.kind)?;
        Ok(note.and_then(|note| note.frames).map(|frames| (frames.count as usize, frames.sha256)))
    }

    /// The arrays of the run's series, the one whose frames are counted first.
    pub(super) fn series_arrays(&self) -> Vec<String> {
        let Ok(manifest) = self.manifest() else { return Vec::new() };
        let Ok(Some(note)) = self.note(manifest.kind) else { return Vec::new() };
        if note.frames.is_none() {
            return Vec::new();
        }
        manifest.kind.series().map(str::to_owned).into_iter().chain(note.arrays.into_keys()).collect()
    }

    /// Refuses an array of a series without the frames that the saved state counts on.
    pub fn check_frames(&self, name: &str, array: &npy::Array) -> Result<(), RunError> {
        let kind = self.manifest()?.kind;
        let Some(note) = self.note(kind)? else { return Ok(()) };
        let Some(Ledger { count, sha256 }) = note.frames else { return Ok(()) };
        let sha256 = if kind.series() == Some(name) { Some(sha256) } else { note.arrays.get(name).cloned() };
        let Some(sha256) = sha256 else { return Ok(()) };
        let count = count as usize;
        let size = array.shape.iter().skip(1).product::<u64>() as usize;
        let counted = count.checked_mul(size).and_then(|end| array.values.get(..end));
        if counted.is_some_and(|values| digest(&array.precision.bytes(values)) == sha256) {
            return Ok(());
        }
        Err(self.malformed(name, format!("its first {count} frames are not those that {STATE} counts on")))
    }

    /// Whether a run was begun here and has no state yet, or none any more.
    pub fn is_half_begun(&self) -> bool {
        matches!(self.memo.manifest(&self.path), Ok(Some(manifest)) if !self.is_begun(manifest.kind))
    }

    /// The path of one of the run's files.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// An error about one of the run's files.
    pub fn malformed(&self, name: &str, reason: impl Into<String>) -> RunError {
        RunError::Malformed { path: self.file(name), reason: reason.into() }
    }

    /// A file's bytes, which are those that the manifest has the digest of; a missing file means that there is no run.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, RunError> {
        let bytes = self.read_unchecked(name)?;
        if let Ok(Some(manifest)) = self.memo.manifest(&self.path)
            && manifest.digests.get(name).is_some_and(|expected| *expected != digest(&bytes))
        {
            return Err(self.malformed(name, format!("it is not the file that {MANIFEST} speaks of")));
        }
        Ok(bytes)
    }

    pub(super) fn read_unchecked(&self, name: &str) -> Result<Vec<u8>, RunError> {
        match fs::read(self.file(name)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let (path, missing) = (self.path.clone(), name.to_owned());
                let is_run = name != MANIFEST && matches!(self.memo.manifest(&self.path), Ok(Some(_)));
                Err(if is_run { RunError::Lacks { path, missing } } else { RunError::NoRun { path, missing } })
            }
            other => Ok(other?),
        }
    }

    /// A file's text.
    pub fn read_text(&self, name: &str) -> Result<String, RunError> {
        String::from_utf8(self.read(name)?).map_err(|_| self.malformed(name, "it is not text"))
    }

    /// A JSON file.
    pub fn json(&self, name: &str) -> Result<Value, RunError> {
        serde_json::from_str(&self.read_text(name)?).map_err(|error| self.malformed(name, error.to_string()))
    }

    /// An array, all of whose numbers are finite.
    pub fn array(&self, name: &str) -> Result<npy::Array, RunError> {
        let array = npy::decode(&self.read(name)?).map_err(|error| self.malformed(name, error.to_string()))?;
        match array.values.iter().position(|x| !x.is_finite()) {
            Some(at) => Err(self.malformed(name, format!("number {at} is {}", array.values[at]))),
            None => Ok(array),
        }
    }

    /// The numbers at one place of the first axis of an array that grows along it, all of which are finite. What is there
    /// before the place is not read, so that it may be asked while the array grows.
    pub fn array_part(&self, name: &str, index: usize) -> Result<Vec<f64>, RunError> {
        let wrong = |reason: String| self.malformed(name, reason);
        let mut file = files::open_own(&self.file(name), fs::OpenOptions::new().read(true))?;
        let mut head = Vec::new();
        (&mut file).take(1 << 16).read_to_end(&mut head)?;
        let (precision, shape) = npy::layout(&head).map_err(|error| wrong(error.to_string()))?;
        // Our headers have one length for every length of the first axis.
        let start = npy::header(precision, &shape).len() as u64;
        let numbers = shape.iter().skip(1).try_fold(1_u64, |product, length| product.checked_mul(*length));
        let bytes = numbers.and_then(|numbers| numbers.checked_mul(precision.size() as u64));
        let end = bytes.and_then(|bytes| (index as u64).checked_add(1)?.checked_mul(bytes)?.checked_add(start));
        let there = file.metadata()?.len();
        let (Some(bytes), Some(end)) = (bytes, end.filter(|end| *end <= there)) else {
            return Err(wrong(format!("it has no place {index} along its first axis")));
        };
        file.seek(SeekFrom::Start(end - bytes))?;
        let mut part = vec![0; bytes as usize];
        file.read_exact(&mut part)?;
        let values = precision.values(&part);
        match values.iter().find(|value| !value.is_finite()) {
            Some(value) => Err(wrong(format!("a number at place {index} is {value}"))),
            None => Ok(values),
        }
    }

    /// The labels of a series' frames.
    pub fn labels(&self, name: &str) -> Result<Vec<u64>, RunError> {
        super::series::read_labels(self, name)
    }

    /// Where an input lies whose content has the digest that the run was begun with: in `given`, or where it lay.
    /// `digest_at` gives the digest of what is in a file.
    pub fn input<T, E: From<RunError>>(
        &self,
        role: &str,
        given: Option<&Path>,
        load: impl Fn(&Path) -> Result<(T, String), E>,
    ) -> Result<T, E> {
        let manifest = self.manifest()?;
        let Some(input) = manifest.input(role) else {
            let path = given.map_or_else(PathBuf::new, Path::to_owned);
            return Ok(load(&path)?.0);
        };
        let advice = match given {
            Some(_) => {
                format!("name the original with --{role} (it was {} then), or put it back", input.place().display())
            }
            None => format!("put the old file back, or name a copy of it with --{role}"),
        };
        let other = |path: &Path| RunError::OtherInput {
            path: self.path.clone(),
            role: role.to_owned(),
            input: path.display().to_string(),
            advice: advice.clone(),
        };
        if let Some(path) = given {
            let (loaded, sha256) = load(path)?;
            return if sha256 == input.sha256 { Ok(loaded) } else { Err(other(path).into()) };
        }
        let places = input.places(&self.path);
        let mut wrong = None;
        for place in &places {
            match load(place) {
                Ok((loaded, sha256)) if sha256 == input.sha256 => return Ok(loaded),
                Ok(_) => wrong = wrong.or(Some(E::from(other(place)))),
                Err(error) if place.exists() => wrong = wrong.or(Some(error)),
                Err(_) => {}
            }
        }
        Err(wrong.unwrap_or_else(|| {
            let looked = places.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(" and ");
            RunError::NoInput { path: self.path.clone(), role: role.to_owned(), looked }.into()
        }))
    }
}

/// The file without which a run is not begun.
fn begun_by(kind: Kind) -> &'static str {
    if kind.has_state() { STATE } else { kind.records_file() }
}
