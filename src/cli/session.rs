//! The one way in which commands carry out a run of any kind.

use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;

use super::exit::Exit;
use super::folder::folder_names;
use super::options::EventArgs;
use super::printer::{Printer, duration};
use super::progress::Part;
use super::signals::Signals;
use crate::export::{Live, Target};
use crate::live::Controls;
use crate::run::{Outcome, RunDir, Session, Start, Steering, Work};

/// What a record came to, in parts of different importance.
pub(super) type Words<R> = dyn Fn(&R) -> Vec<(u8, String)>;

/// Draws a panel after a record, with how much time is left.
pub(super) type Draw<'a, R> = dyn FnMut(&R, &str) -> Panel + 'a;

/// What is done with every record beside the line of progress.
pub(super) struct Beside<'a, R> {
    /// Draws a panel in the place of that line.
    pub(super) panel: Option<&'a mut Draw<'a, R>>,
    /// Takes the records for TensorBoard.
    pub(super) events: Option<&'a Live>,
    /// What readers of a live page ask of the run.
    pub(super) controls: Option<&'a Controls>,
}

/// Signals, and readers of a live page.
struct Hands<'a> {
    signals: &'a Signals,
    controls: Option<&'a Controls>,
}

impl Steering for Hands<'_> {
    fn stops(&self) -> bool {
        self.signals.received().is_some() || self.controls.is_some_and(Controls::stops)
    }

    fn waits(&self) -> bool {
        self.controls.is_some_and(Controls::waits)
    }

    fn hold(&self) {
        if let Some(controls) = self.controls {
            controls.hold(&|| self.signals.received().is_some());
        }
    }
}

/// What is on the screen after a record.
pub(super) enum Panel {
    /// These lines.
    Lines(String),
    /// What was there.
    AsBefore,
    /// There is no room for a panel: the line of progress.
    NoRoom,
}

/// Works to the end or until a signal, showing every record.
pub(super) fn follow<W: Work>(
    session: &mut Session<W>,
    unit: &'static str,
    signals: &Signals,
    printer: &Printer,
    words: &Words<W::Record>,
) -> Result<Outcome, W::Error> {
    follow_beside(session, unit, signals, printer, words, Beside { panel: None, events: None, controls: None })
}

/// The same with more to do for each record.
pub(super) fn follow_beside<W: Work>(
    session: &mut Session<W>,
    unit: &'static str,
    signals: &Signals,
    printer: &Printer,
    words: &Words<W::Record>,
    mut beside: Beside<'_, W::Record>,
) -> Result<Outcome, W::Error> {
    let told = session.warnings().len();
    for warning in session.warnings() {
        printer.warning(warning);
    }
    let (begun, position) = (session.begun(), session.position());
    let bar = printer.progress(unit, position.total, position.done);
    let start = Instant::now();
    let hands = Hands { signals, controls: beside.controls };
    let outcome = session.train(&hands, &mut |record, position| {
        if let Some(controls) = beside.controls {
            controls.did_an_epoch();
        }
        if let Some(events) = beside.events {
            events.record(record);
        }
        let rate = position.done.saturating_sub(begun) as f64 / start.elapsed().as_secs_f64().max(1e-9);
        let left = duration(position.total.saturating_sub(position.done) as f64 / rate.max(1e-9)) + " left";
        if let Some(panel) = &mut beside.panel {
            match panel(record, &left) {
                Panel::Lines(lines) => return bar.show_lines(position.done.min(position.total), lines),
                Panel::AsBefore => return,
                Panel::NoRoom => {}
            }
        }
        let mut parts = words(record);
        parts.extend([(4, format!("{rate:.1} {unit}s/s")), (3, left)]);
        let parts: Vec<Part<'_>> = parts.iter().map(|(priority, part)| (*priority, part.as_str())).collect();
        bar.show(position.done.min(position.total), &parts);
    });
    bar.finish();
    for warning in &session.warnings()[told..] {
        printer.warning(warning);
    }
    outcome
}

/// Begins the events of a run that trains, where they are wanted. `permit` comes before the run's folder is taken.
pub(super) fn events(args: &EventArgs, dir: &RunDir, printer: &Printer) -> anyhow::Result<Option<Live>> {
    let Some(folder) = &args.tensorboard else { return Ok(None) };
    let live = Live::begin(dir, &target(folder, &name(dir)))?;
    printer.note(&format!("events for TensorBoard: tensorboard --logdir {}", folder.display()));
    Ok(Some(live))
}

/// Refuses a folder for events that cannot be written to.
pub(super) fn permit_events(args: &EventArgs, dir: &RunDir) -> anyhow::Result<()> {
    match &args.tensorboard {
        Some(folder) => Ok(Live::permit(&target(folder, &name(dir))).context("--tensorboard")?),
        None => Ok(()),
    }
}

/// Brings the events to their end. What went wrong with them costs the run nothing, and is said; gives whether all is there.
pub(super) fn finish_events(events: Option<Live>, printer: &Printer) -> bool {
    let notes = match events.map(Live::finish) {
        None => return true,
        Some(Ok((_, notes))) => notes,
        Some(Err(error)) => vec![format!("the events for TensorBoard are not whole: {error}")],
    };
    for note in &notes {
        printer.problem(note);
    }
    notes.is_empty()
}

fn name(dir: &RunDir) -> String {
    folder_names(&[dir.path()]).remove(0)
}

fn target<'a>(folder: &'a Path, name: &'a str) -> Target<'a> {
    Target { folder, name, force: false }
}

/// Says aloud that there is nothing to go on with, and that a new run begins: the name may be misspelt.
pub(super) fn note_nothing_to_resume(dir: &RunDir, start: Start, printer: &Printer) {
    if start == Start::Resume && dir.kind().is_none() {
        printer.note(&format!("there is nothing to go on with in {}: beginning anew", dir.path().display()));
    }
}

/// How the command ends.
pub(super) fn exit(outcome: Outcome, signals: &Signals) -> Exit {
    match outcome {
        Outcome::Finished | Outcome::Ended => Exit::Done,
        Outcome::Stopped => signals.exit(),
    }
}
