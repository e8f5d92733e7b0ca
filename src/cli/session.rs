//! The one way in which commands carry out a run of any kind.

use std::time::Instant;

use super::exit::Exit;
use super::printer::{Printer, duration};
use super::signals::Signals;
use crate::run::{Outcome, Session, Work};

/// Works to the end or until a signal, showing every record; `words` says what a record came to.
pub(super) fn follow<W: Work>(
    session: &mut Session<W>,
    unit: &'static str,
    signals: &Signals,
    printer: &Printer,
    words: &dyn Fn(&W::Record) -> String,
) -> Result<Outcome, W::Error> {
    for warning in session.warnings() {
        printer.note(warning);
    }
    let (begun, position) = (session.begun(), session.position());
    let bar = printer.progress(unit, position.total, position.done);
    let start = Instant::now();
    let outcome = session.train(&|| signals.received().is_some(), &mut |record, position| {
        let rate = position.done.saturating_sub(begun) as f64 / start.elapsed().as_secs_f64().max(1e-9);
        let left = duration(position.total.saturating_sub(position.done) as f64 / rate.max(1e-9));
        let said = words(record);
        let said = if said.is_empty() { said } else { said + "  " };
        bar.show(position.done.min(position.total), &format!("{said}{rate:.1} {unit}s/s  {left} left"));
    });
    bar.finish();
    outcome
}

/// How the command ends.
pub(super) fn exit(outcome: Outcome, signals: &Signals) -> Exit {
    match outcome {
        Outcome::Finished => Exit::Done,
        Outcome::Stopped => signals.exit(),
    }
}
