//! What was read of a run last: what looks at a run asks for its manifest dozens of times, and parsing and checking the same
//! text each time is most of the work.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::state::Noted;
use super::{Manifest, RunError};

/// The manifest that was read last, with its text, which is read anew each time and only parsed if it is another. A memo that
/// is held reads it once, and the state's note too.
#[derive(Clone, Debug, Default)]
pub(super) struct Memo(Arc<Mutex<Last>>);

#[derive(Debug, Default)]
struct Last {
    manifest: Option<(String, Arc<Manifest>)>,
    /// What a held memo has read; None for one that is not held.
    held: Option<Held>,
}

#[derive(Debug, Default)]
struct Held {
    /// Whether the manifest is the one that was there when it was first asked for.
    manifest: bool,
    /// What the state's note was found to be, once it was asked for.
    noted: Option<Noted>,
}

impl Memo {
    /// A memo of its own that begins with what this one knows, and reads everything once.
    pub(super) fn hold(&self) -> Self {
        let manifest = self.last().manifest.clone();
        Self(Arc::new(Mutex::new(Last { manifest, held: Some(Held::default()) })))
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The manifest in a directory, if there is one.
    pub(super) fn manifest(&self, dir: &Path) -> Result<Option<Arc<Manifest>>, RunError> {
        let mut last = self.last();
        if last.held.as_ref().is_some_and(|held| held.manifest)
            && let Some((_, manifest)) = &last.manifest
        {
            return Ok(Some(Arc::clone(manifest)));
        }
        let Some(text) = Manifest::text(dir)? else { return Ok(None) };
        let manifest = match &last.manifest {
            Some((known, manifest)) if *known == text => Arc::clone(manifest),
            _ => {
                let manifest = Arc::new(Manifest::parsed(dir, &text)?);
                last.manifest = Some((text, Arc::clone(&manifest)));
                manifest
            }
        };
        if let Some(held) = &mut last.held {
            held.manifest = true;
        }
        Ok(Some(manifest))
    }

    /// What `read` finds the state's note to be, checked; a held memo asks it once.
    pub(super) fn noted(&self, read: impl FnOnce() -> Result<Noted, RunError>) -> Result<Noted, RunError> {
        if let Some(noted) = self.last().held.as_ref().and_then(|held| held.noted.clone()) {
            return Ok(noted);
        }
        // Reading it asks for the manifest.
        let noted = read()?;
        if let Some(held) = &mut self.last().held {
            held.noted = Some(noted.clone());
        }
        Ok(noted)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    #[test]
    fn what_is_held_is_read_once_and_what_is_not_is_read_anew() {
        let dir = tempfile::tempdir().unwrap();
        let write = |total: u64| {
            let manifest = Manifest::new(Kind::Points, serde_json::Value::Null, Vec::new(), Vec::new(), total);
            manifest.write(dir.path()).unwrap();
        };
        let total = |memo: &Memo| memo.manifest(dir.path()).unwrap().map(|manifest| manifest.total);
        let memo = Memo::default();
        assert_eq!(total(&memo), None);
        write(1);
        let held = memo.hold();
        assert_eq!((total(&memo), total(&held)), (Some(1), Some(1)));
        write(2);
        assert_eq!((total(&memo), total(&held), total(&memo.hold())), (Some(2), Some(1), Some(2)));
        // A state without a note is remembered too; what failed is not.
        let asked = std::cell::Cell::new(0);
        let ask = |memo: &Memo, found: Result<Noted, RunError>| {
            memo.noted(|| {
                asked.set(asked.get() + 1);
                found
            })
        };
        let failed = || Err(RunError::NotAFolder { path: dir.path().to_owned() });
        assert!(ask(&held, failed()).is_err());
        for memo in [&held, &held, &memo, &memo] {
            assert!(matches!(ask(memo, Ok(Noted::Untied { data: None })), Ok(Noted::Untied { data: None })));
        }
        assert_eq!(asked.get(), 4);
    }
}
