//! The one way in which commands carry out a run of any kind.

use std::time::Instant;

use super::exit::Exit;
use super::printer::{Printer, duration};
use super::progress::Part;
use super::signals::Signals;
use crate::run::{Outcome, RunDir, Session, Start, Work};

/// What a record came to, in parts of different importance.
pub(super) type Words<R> = dyn Fn(&R) -> Vec<(u8, String)>;

/// Works to the end or until a signal, showing every record.
pub(super) fn follow<W: Work>(
    session: &mut Session<W>,
    unit: &'static str,
    signals: &Signals,
    printer: &Printer,
    words: &Words<W::Record>,
) -> Result<Outcome, W::Error> {
    let told = session.warnings().len();
    for warning in session.warnings() {
        printer.problem(warning);
    }
    let (begun, position) = (session.begun(), session.position());
    let bar = printer.progress(unit, position.total, position.done);
    let start = Instant::now();
    let outcome = session.train(&|| signals.received().is_some(), &mut |record, position| {
        let rate = position.done.saturating_sub(begun) as f64 / start.elapsed().as_secs_f64().max(1e-9);
        let left = duration(position.total.saturating_sub(position.done) as f64 / rate.max(1e-9));
        let mut parts = words(record);
        parts.extend([(4, format!("{rate:.1} {unit}s/s")), (3, format!("{left} left"))]);
        let parts: Vec<Part<'_>> = parts.iter().map(|(priority, part)| (*priority, part.as_str())).collect();
        bar.show(position.done.min(position.total), &parts);
    });
    bar.finish();
    for warning in &session.warnings()[told..] {
        printer.problem(warning);
    }
    outcome
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
