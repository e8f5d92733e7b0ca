//! Folders of runs: what is made of them is called as they are. And folders that were named as runs and are none.

use std::path::{Path, PathBuf};

use super::exit::hinted;
use crate::run::{Found, RunDir};

/// So many runs are listed.
const MOST_LISTED: usize = 8;

/// Why a folder is no run: what was begun there, the runs inside it with the line to type where `command` says how it
/// begins, or that there is nothing, with `otherwise` as what to do.
pub(super) fn no_run(dir: &RunDir, command: Option<&str>, otherwise: &str) -> anyhow::Result<anyhow::Error> {
    let path = dir.path().display();
    if let Found::HalfBegun(manifest) = dir.look()? {
        let (what, command) = (manifest.kind.title(), manifest.kind.command());
        let message = format!("{path} holds {what} that ended before its first state was saved");
        return Ok(hinted(message, format!("begin it again with {command} and --out {path}")));
    }
    let runs = RunDir::all_under(dir.path())?;
    let Some(first) = runs.first() else {
        return Ok(hinted(format!("{path} holds no run"), otherwise));
    };
    let first = first.path().display();
    let message = format!("{path} is not a run but holds {}", runs.len());
    Ok(match command {
        None => hinted(message, format!("name one of them, such as {first}")),
        Some(command) => {
            let names: Vec<String> =
                runs.iter().take(MOST_LISTED).map(|run| run.path().display().to_string()).collect();
            let more = if runs.len() > names.len() { ", …" } else { "" };
            hinted(format!("{message}: {}{more}", names.join(", ")), format!("name one of them: {command} {first}"))
        }
    })
}

/// What each run's files are called: as its folder; where several folders are called the same, with the folder around
/// them before it, and a number where that is the same too.
pub(super) fn folder_names(runs: &[&Path]) -> Vec<String> {
    let part = |path: Option<&Path>| {
        let name = path.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        name.unwrap_or_else(|| "run".to_owned())
    };
    // A path such as `.` says nothing of its folder's name.
    let whole: Vec<PathBuf> = runs.iter().map(|run| run.canonicalize().unwrap_or_else(|_| run.to_path_buf())).collect();
    let short: Vec<String> = whole.iter().map(|run| part(Some(run))).collect();
    let mut names: Vec<String> = Vec::new();
    for (run, folder) in whole.iter().zip(&short) {
        let shared = short.iter().filter(|other| *other == folder).count() > 1;
        let name = if shared { format!("{}-{folder}", part(run.parent())) } else { folder.clone() };
        let mut numbered = std::iter::once(name.clone()).chain((2..).map(|n| format!("{name}-{n}")));
        names.push(numbered.find(|name| !names.contains(name)).unwrap_or(name));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_called_as_their_runs_folders_and_no_two_share_a_name() {
        let named = |runs: &[&str]| folder_names(&runs.iter().map(Path::new).collect::<Vec<_>>());
        assert_eq!(named(&["A/gan", "B/wgan"]), ["gan", "wgan"]);
        assert_eq!(named(&["A/gan", "B/gan", "x/B/gan"]), ["A-gan", "B-gan", "B-gan-2"]);
    }
}
