//! What is wrong with a run's folder.

use std::path::Path;

use fs_err as fs;
use serde_json::Value;

use super::kind::{MANIFEST, STATE};
use super::manifest::essence;
use super::state::Note;
use super::{Kind, Manifest, RunDir, RunError, Status, digest, records};
use crate::data::npy;

impl RunDir {
    /// What is wrong with the files that the manifest and the saved state answer for, a line each.
    pub fn faults(&self) -> Vec<String> {
        let manifest = match self.manifest() {
            Ok(manifest) => manifest,
            Err(error) => return vec![error.to_string()],
        };
        let mut expected: Vec<(String, String)> = manifest.digests.clone().into_iter().collect();
        let mut faults = Vec::new();
        if manifest.kind.has_state() {
            match self.noted_state(&manifest) {
                Ok((_, _, note)) => expected.extend(note.into_iter().flat_map(|note| note.files)),
                Err(error) => faults.push(error.to_string()),
            }
        }
        if let Err(error) = self.settings() {
            faults.push(error.to_string());
        }
        for name in self.series_arrays() {
            match self.array(&name).and_then(|array| self.check_frames(&name, &array).map(|()| array)) {
                Ok(array) => faults.extend(self.series_tail_fault(&name, array)),
                Err(error) => faults.push(error.to_string()),
            }
        }
        let name = manifest.kind.settings_file();
        if manifest.kind != Kind::Sefa && !manifest.older {
            let expected = super::active::pretty(&manifest.settings).unwrap_or_default();
            match fs::read(self.file(name)) {
                Ok(text) if text == expected.as_bytes() => {}
                Ok(_) => faults.push(format!("{name} does not say what {MANIFEST} says")),
                Err(error) => faults.push(error.to_string()),
            }
        }
        let has_records = manifest.kind.has_state() || self.file(manifest.kind.records_file()).is_file();
        match if has_records { self.records::<Value>(&|_| {}) } else { Ok(Vec::new()) } {
            Ok(records) => {
                faults.extend(self.tail_fault(manifest.kind));
                expected.extend(records.iter().filter_map(|record| manifest.kind.recorded_file(record)));
            }
            Err(error) => faults.push(error.to_string()),
        }
        for (name, sha256) in expected {
            match fs::read(self.file(&name)) {
                Ok(bytes) if digest(&bytes) == sha256 => {}
                Ok(_) => faults.push(format!("{name} is not what was written")),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => faults.push(format!("{name} is missing")),
                Err(error) => faults.push(error.to_string()),
            }
        }
        faults
    }

    /// What stands after the last record of a finished run; after that of another it is what it did before it was
    /// killed, and is taken off when it goes on.
    fn tail_fault(&self, kind: Kind) -> Option<String> {
        let name = kind.records_file();
        if !self.status().is_ok_and(Status::is_over) || !self.file(name).is_file() {
            return None;
        }
        let path = self.file(name);
        let goes_on = || -> Result<bool, RunError> {
            let there = records::read(&path)?.len() as u64;
            let counted = self.note(kind)?.map_or(there, |note| note.records.count);
            Ok(there > counted || !records::ends_whole(&path)?)
        };
        match goes_on() {
            Ok(false) => None,
            Ok(true) => Some(format!("{name} has more data after its last record")),
            Err(error) => Some(error.to_string()),
        }
    }

    /// The same after the last frame of a finished run's series.
    fn series_tail_fault(&self, name: &str, mut array: npy::Array) -> Option<String> {
        let (Ok(Status::Finished { .. }), Ok(Some((count, _)))) = (self.status(), self.counted_frames()) else {
            return None;
        };
        *array.shape.first_mut()? = count as u64;
        let numbers = array.shape.iter().product::<u64>() * array.precision.size() as u64;
        let whole = npy::header(array.precision, &array.shape).len() as u64 + numbers;
        let there = fs::metadata(self.file(name)).ok()?.len();
        (there != whole).then(|| format!("{name} has more data after its last frame"))
    }

    /// Refuses a file in a run's folder that follows from the run's state and is not what the state was saved with. While a
    /// process writes there such a file may be ahead of the state.
    pub fn check_follower(path: &Path) -> Result<(), RunError> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
            return Ok(());
        };
        let dir = Self::new(folder);
        let Some(kind) = dir.kind().filter(|_| !dir.is_locked()) else { return Ok(()) };
        // A run whose state cannot be read says nothing of its files.
        let Ok(Some(note)) = dir.note(kind) else { return Ok(()) };
        match note.files.get(name) {
            Some(expected) if *expected != digest(&fs::read(path)?) => Err(dir.malformed(
                name,
                format!(
                    "it is not the file that {STATE} was saved with; `gan-lab runs --check {}` makes it again",
                    folder.display()
                ),
            )),
            _ => Ok(()),
        }
    }

    /// An error that names the file of another run: the manifest or the state, whichever the other files do not know.
    pub(super) fn stranger(&self, manifest: &Manifest, note: &Note) -> RunError {
        let is_as_said =
            |(name, sha256): (&String, &String)| fs::read(self.file(name)).is_ok_and(|bytes| digest(&bytes) == *sha256);
        let settings = self.read_unchecked(manifest.kind.settings_file()).ok();
        let settings = settings.and_then(|text| serde_json::from_slice(&text).ok());
        let says_settings = settings
            .is_some_and(|there: Value| essence(manifest.kind, &there) == essence(manifest.kind, &manifest.settings));
        let knows_manifest = says_settings && manifest.digests.iter().all(is_as_said);
        let knows_state = note.files.iter().all(is_as_said);
        let (path, others) = match (knows_manifest, knows_state) {
            (false, true) => (MANIFEST, format!("{STATE} and the files that follow from it")),
            (true, false) => (STATE, format!("{MANIFEST} and {}", manifest.kind.settings_file())),
            _ => (STATE, MANIFEST.to_owned()),
        };
        RunError::Stranger { path: self.file(path), others }
    }
}
