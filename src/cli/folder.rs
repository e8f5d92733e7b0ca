//! Folders that were named as runs and are none.

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
