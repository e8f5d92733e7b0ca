//! What keeps a command from beginning a run in a folder, or from going on with the one that is there.

use serde_json::Value;

use super::kind::matches;
use super::manifest::essence;
use super::{Claim, Found, Input, Kind, Manifest, RunDir, RunError, Status, count};
use crate::config::{Difference, differences};

/// Why a run cannot be started in a directory, if it cannot.
pub(super) fn refuse(dir: &RunDir, claim: &Claim, force: bool) -> Result<(), RunError> {
    let path = || dir.path().to_owned();
    let owned: Vec<String> = match dir.look()? {
        Found::Nothing => return Ok(()),
        Found::Foreign(name) => return Err(RunError::Foreign { path: path(), name }),
        Found::HalfBegun(manifest) => manifest.files.clone(),
        Found::Run(kind) => {
            if !force {
                return Err(exists(dir, kind, claim));
            }
            // A damaged manifest says nothing; then the files are those of its kind.
            match dir.manifest() {
                Ok(manifest) => manifest.files.clone(),
                Err(_) => kind.file_names(),
            }
        }
    };
    let is_owned = |name: &str| owned.iter().any(|pattern| matches(pattern, name));
    let wanted = claim.files();
    let folder = |name: &str| wanted.iter().any(|pattern| pattern.split('/').next() == Some(name));
    let foreign = |name: &&String| {
        !is_owned(name)
            && (wanted.iter().any(|pattern| matches(pattern, name)) || (folder(name) && !name.contains('/')))
    };
    let names = dir.names()?;
    if let Some(name) = names.iter().find(|name| foreign(name) && !dir.file(name).is_dir()) {
        return Err(RunError::Foreign { path: path(), name: name.clone() });
    }
    for input in &claim.inputs {
        let lies = input.place().canonicalize().ok();
        let inside = lies.and_then(|lies| Some(lies.strip_prefix(dir.path().canonicalize().ok()?).ok()?.to_owned()));
        if inside.is_some_and(|inside| is_owned(&inside.to_string_lossy())) {
            return Err(RunError::InputInside { input: input.place() });
        }
    }
    Ok(())
}

fn exists(dir: &RunDir, kind: Kind, claim: &Claim) -> RunError {
    let (noun, unit) = (kind.noun(), kind.unit());
    let replace = "or replace it with --force";
    let (what, mut advice) = match dir.status() {
        Ok(Status::Finished { done }) => {
            let longer =
                kind.total_key().map_or_else(String::new, |key| format!("make it longer with --resume and --{key}, "));
            (format!("a finished {noun} of {}", count(done, unit)), format!("{longer}choose another --out, {replace}"))
        }
        Ok(Status::Ended { done, total }) => {
            let condition = dir.ended().ok().flatten().unwrap_or_default();
            let what =
                format!("a {noun} that ended by its own condition, {condition}, {done} of {} done", count(total, unit));
            (what, format!("go on with --resume --stop-when never, choose another --out, {replace}"))
        }
        Ok(Status::Unfinished { done, total }) => (
            format!("an unfinished {noun}, {done} of {} done", count(total, unit)),
            format!("go on with --resume, {replace}"),
        ),
        _ => (kind.title().to_owned(), format!("choose another --out, {replace}")),
    };
    if kind != claim.kind {
        advice = format!("choose another --out, {replace}");
    } else if let Ok(saved) = dir.manifest() {
        let mut differing: Vec<String> = differences(&essence(kind, &saved.settings), &essence(kind, &claim.settings))
            .iter()
            .map(Difference::to_string)
            .collect();
        differing.extend(roles_apart(&saved, claim));
        if let Err(RunError::OtherInput { role, .. }) = same_inputs(dir, &saved, claim) {
            advice = format!("it was made of another {role}; choose another --out, {replace}");
        } else if !differing.is_empty() {
            let lines = differing.join("\n  ");
            advice = format!("choose another --out, {replace}. It has other settings:\n  {lines}");
        }
    }
    RunError::Exists { path: dir.path().to_owned(), what, advice }
}

impl RunDir {
    /// Whether the run in the directory was begun with these settings, but for how it is done and how far it goes: asked
    /// before its inputs are read, whose content may follow from them.
    pub fn permit_settings(&self, kind: Kind, settings: &Value) -> Result<(), RunError> {
        let lines = other_settings(kind, &self.manifest()?.settings, settings);
        if lines.is_empty() { Ok(()) } else { Err(refused_settings(self, kind, &lines)) }
    }
}

/// A line for each setting that is another.
fn other_settings(kind: Kind, saved: &Value, wanted: &Value) -> Vec<String> {
    let [left, right] = [saved, wanted].map(|settings| essence(kind, settings));
    differences(&left, &right).iter().map(Difference::to_string).collect()
}

fn refused_settings(dir: &RunDir, kind: Kind, lines: &[String]) -> RunError {
    let (file, lines) = (dir.settings_source(kind), lines.join("\n  "));
    RunError::OtherSettings { path: dir.path().to_owned(), file, lines }
}

pub(super) fn same_settings(dir: &RunDir, saved: &Manifest, claim: &Claim) -> Result<(), RunError> {
    let mut lines = other_settings(claim.kind, &saved.settings, &claim.settings);
    if let Some(key) = claim.kind.total_key() {
        let [was, wanted] =
            [&dir.settings()?, &claim.settings].map(|settings| settings.get(key).and_then(Value::as_u64));
        if was > wanted {
            let [was, wanted] =
                [was, wanted].map(|total| total.map_or("nothing".to_owned(), |total| total.to_string()));
            lines.push(format!("{key}: {was} there, {wanted} now; a run can be made longer, not shorter"));
        }
    }
    if lines.is_empty() { Ok(()) } else { Err(refused_settings(dir, claim.kind, &lines)) }
}

/// What one was made of and the other is not. A run that does not say what it was made of says nothing here either.
fn roles_apart(saved: &Manifest, claim: &Claim) -> Vec<String> {
    if saved.inputs.is_empty() {
        return Vec::new();
    }
    let lacks = |inputs: &[Input], input: &Input| !inputs.iter().any(|other| other.role == input.role);
    let gone = saved.inputs.iter().filter(|input| lacks(&claim.inputs, input));
    let new = claim.inputs.iter().filter(|input| lacks(&saved.inputs, input));
    let gone = gone.map(|Input { role, path, .. }| format!("{role}: {path} there, none now"));
    gone.chain(new.map(|Input { role, path, .. }| format!("{role}: none there, {path} now"))).collect()
}

/// What to say about inputs that cannot be compared.
pub(super) fn same_inputs(dir: &RunDir, saved: &Manifest, claim: &Claim) -> Result<Vec<String>, RunError> {
    let lines = roles_apart(saved, claim);
    if !lines.is_empty() {
        let (path, file) = (dir.path().to_owned(), dir.settings_source(claim.kind));
        return Err(RunError::OtherSettings { path, file, lines: lines.join("\n  ") });
    }
    let mut warnings = Vec::new();
    for input in &claim.inputs {
        match saved.input(&input.role) {
            Some(other) if other.sha256 == input.sha256 => {}
            Some(_) => {
                return Err(RunError::OtherInput {
                    path: dir.path().to_owned(),
                    role: input.role.clone(),
                    input: input.place().display().to_string(),
                    advice: format!(
                        "put the old file back, name it with --{}, or begin again with --force",
                        input.role
                    ),
                });
            }
            None => warnings.push(format!(
                "{} does not say which {} it was begun with; {} is taken for it",
                dir.path().display(),
                input.role,
                input.place().display()
            )),
        }
    }
    Ok(warnings)
}
