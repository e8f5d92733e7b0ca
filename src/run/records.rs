//! Records: what a run came to as it went on, one JSON object a line.
//!
//! Records are appended without waiting for the disk; [`Records::sync`] waits before a state is saved that counts them.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::state::Ledger;
use super::{RunError, hex};
use crate::files;

/// The one key of a record that is not the same when the run is done again.
const SECONDS: &str = "seconds";

/// The records of a run, as far as they count.
#[derive(Clone, Debug)]
pub(super) struct Records {
    path: PathBuf,
    count: u64,
    digest: Sha256,
}

impl Records {
    /// Starts the file.
    pub(super) fn create(path: PathBuf) -> Result<Self, RunError> {
        files::write(&path, b"")?;
        Ok(Self { path, count: 0, digest: Sha256::new() })
    }

    /// These records, in the file `path`.
    pub(super) fn of(path: PathBuf, values: &[Value]) -> Self {
        let mut records = Self { path, count: 0, digest: Sha256::new() };
        for value in values {
            records.count_in(value);
        }
        records
    }

    /// Adds one.
    pub(super) fn append(&mut self, record: &Value) -> Result<(), RunError> {
        // One write, so that a line is there whole or not at all while the process lives.
        self.open_end()?.write_all((record.to_string() + "\n").as_bytes())?;
        self.count_in(record);
        Ok(())
    }

    /// Waits until they are on the disk.
    pub(super) fn sync(&self) -> Result<(), RunError> {
        Ok(self.open_end()?.sync_data()?)
    }

    /// The file, to be appended to.
    fn open_end(&self) -> Result<fs::File, RunError> {
        Ok(files::open_own(&self.path, fs::OpenOptions::new().append(true))?)
    }

    /// How many there are, and what.
    pub(super) fn ledger(&self) -> Ledger {
        Ledger { count: self.count, sha256: hex(&self.digest.clone().finalize()) }
    }

    fn count_in(&mut self, record: &Value) {
        let mut record = record.clone();
        if let Value::Object(map) = &mut record {
            map.remove(SECONDS);
        }
        self.digest.update(record.to_string());
        self.digest.update(b"\n");
        self.count += 1;
    }
}

/// A record as JSON.
pub(super) fn to_value(path: &Path, record: &impl Serialize) -> Result<Value, RunError> {
    serde_json::to_value(record).map_err(|error| malformed(path, error.to_string()))
}

/// All whole lines; the last without its end is being written, or its writer was killed.
pub(super) fn read(path: &Path) -> Result<Vec<Value>, RunError> {
    let text = String::from_utf8(fs::read(path)?).map_err(|_| malformed(path, "it is not text"))?;
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let parse = |(i, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| malformed(path, format!("line {}: {error}", i + 1)))
    };
    whole.lines().enumerate().map(parse).collect()
}

/// Whether the file ends with a whole line.
pub(super) fn ends_whole(path: &Path) -> Result<bool, RunError> {
    Ok(fs::read(path)?.last().is_none_or(|&last| last == b'\n'))
}

/// Records as what they are.
pub(super) fn typed<R: DeserializeOwned>(path: &Path, values: Vec<Value>) -> Result<Vec<R>, RunError> {
    let parse =
        |(i, value)| serde_json::from_value(value).map_err(|error| malformed(path, format!("line {}: {error}", i + 1)));
    values.into_iter().enumerate().map(parse).collect()
}

/// Writes the file anew.
pub(super) fn rewrite(path: &Path, values: &[Value]) -> Result<(), RunError> {
    let text: String = values.iter().map(|value| value.to_string() + "\n").collect();
    Ok(files::write(path, text.as_bytes())?)
}

/// Seconds of work that a record says.
pub(super) fn seconds(record: &Value) -> f64 {
    record.get(SECONDS).and_then(Value::as_f64).unwrap_or(0.0)
}

fn malformed(path: &Path, reason: impl Into<String>) -> RunError {
    RunError::Malformed { path: path.to_owned(), reason: reason.into() }
}
