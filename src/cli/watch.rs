//! `gan-lab watch`

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::args::whole;
use super::exit::Exit;
use super::measured::named;
use super::pages::{RunSource, serve};
use super::printer::Printer;
use super::signals::Signals;
use crate::compare::runs_under;
use crate::run::{Ability, RunDir, RunError};
use crate::sweep::SweepError;

/// How long it takes until a signal is seen.
const LOOK: Duration = Duration::from_millis(200);

/// Show runs in a browser while they train, on this machine or on a cluster with a shared file system
#[derive(Debug, Args)]
#[command(
    after_help = "Shows the page of gan-lab report and updates it while the runs train. Only this machine can open the \
                  printed address (127.0.0.1); to open it on another machine, forward the port with `ssh -L`. The runs' \
                  files are only read: the runs are not slowed down, and may lie on a file system that is shared with a \
                  cluster. Ctrl-C ends it."
)]
pub(super) struct WatchArgs {
    /// Run directories, or directories of runs such as a sweep's; runs that begin there later are shown too
    #[arg(value_name = "DIR", required = true)]
    dirs: Vec<PathBuf>,
    /// Serve the page at this port [default: the first free one from 8641 on]
    #[arg(long, value_name = "PORT", value_parser = whole::<u16>(1..=65535))]
    port: Option<u16>,
}

/// Whether it is a folder with nothing in it, or with runs alone that are not begun.
fn is_empty(path: &Path) -> bool {
    let no_run = |error: SweepError| matches!(error, SweepError::Run(RunError::NoRun { .. } | RunError::Lacks { .. }));
    path.is_dir() && runs_under(path, Ability::Report).is_err_and(no_run)
}

pub(super) fn run(args: &WatchArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let signals = Signals::listen()?;
    // What is wrong with a path is said at once. A folder may fill later.
    let (empty, others): (Vec<_>, Vec<_>) = args.dirs.iter().cloned().partition(|path| is_empty(path));
    for path in &empty {
        printer.note(&format!("{} holds no run yet; the page comes with the first", path.display()));
    }
    named(&others, Ability::Report, "shown", printer)?;
    let paths = args.dirs.clone();
    let find = move || -> Vec<RunDir> {
        paths.iter().filter_map(|path| runs_under(path, Ability::Report).ok()).flat_map(|found| found.dirs).collect()
    };
    let server = serve(args.port, Box::new(RunSource { find: Box::new(find) }), None, printer)?;
    while signals.received().is_none() {
        std::thread::sleep(LOOK);
    }
    server.finish();
    Ok(Exit::Done)
}
