//! All that a person reads goes through here: results to standard output, progress and problems to standard error.

use std::cell::Cell;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use clap::Args;
use console::{Style, style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

/// How much is said, and in which form.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct OutputArgs {
    /// Say nothing but results
    #[arg(long, short, global = true, conflicts_with = "json", help_heading = "Output")]
    quiet: bool,
    /// Give the result as one JSON object
    #[arg(long, global = true, help_heading = "Output")]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Normal,
    Quiet,
    Json,
}

/// The one printer.
#[derive(Debug)]
pub(super) struct Printer {
    mode: Mode,
}

impl Printer {
    pub(super) fn new(args: OutputArgs) -> Self {
        let mode = match (args.quiet, args.json) {
            (_, true) => Mode::Json,
            (true, _) => Mode::Quiet,
            _ => Mode::Normal,
        };
        Self { mode }
    }

    /// A result in words; `quiet` is the part of it that is said with `--quiet`, and `json` what is said with
    /// `--json`.
    pub(super) fn result(&self, words: &str, quiet: &str, json: &impl Serialize) {
        match self.mode {
            Mode::Normal => out(words),
            Mode::Quiet if quiet.is_empty() => {}
            Mode::Quiet => out(quiet),
            // Our own plain structs always become JSON.
            Mode::Json => out(&serde_json::to_string(json).unwrap_or_default()),
        }
    }

    /// A result that has one form only, such as a script.
    pub(super) fn raw(text: &[u8]) {
        let _ = std::io::stdout().lock().write_all(text);
    }

    /// What is going on.
    pub(super) fn note(&self, words: &str) {
        if self.mode == Mode::Normal {
            err(words);
        }
    }

    /// An error with its causes.
    pub(super) fn error(&self, error: &anyhow::Error) {
        self.problem(&format!("{error:#}"));
    }

    /// Something that went wrong, in words.
    #[expect(clippy::unused_self, reason = "problems are told in every mode, and through the printer like all else")]
    pub(super) fn problem(&self, words: &str) {
        err(&format!("{} {words}", style("error:").for_stderr().red().bold()));
    }

    /// A mark for a check that passed or failed.
    pub(super) fn mark(ok: bool) -> String {
        let (text, colour) = if ok { ("ok", Style::new().green()) } else { ("problem", Style::new().red().bold()) };
        colour.apply_to(text).to_string()
    }

    /// Progress over `total` steps of a unit: a bar on a terminal, a line now and then elsewhere, nothing when quiet.
    pub(super) fn progress(&self, unit: &'static str, total: u64, done: u64) -> Progress {
        if self.mode != Mode::Normal {
            return Progress { bar: ProgressBar::hidden(), lines_every: None, shown: Cell::new(done), unit, total };
        }
        if !std::io::stderr().is_terminal() {
            return Progress {
                bar: ProgressBar::hidden(),
                lines_every: Some(total.div_ceil(16).max(1)),
                shown: Cell::new(done),
                unit,
                total,
            };
        }
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        let template = "{prefix} {pos:>4}/{len}  [{bar:20}]  {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(unit);
        bar.set_position(done);
        Progress { bar, lines_every: None, shown: Cell::new(done), unit, total }
    }
}

/// Progress as a person sees it.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    /// Without a terminal, a line is written whenever this many steps have passed.
    lines_every: Option<u64>,
    /// The steps done when the last line was written.
    shown: Cell<u64>,
    unit: &'static str,
    total: u64,
}

impl Progress {
    /// Shows that `done` steps are done.
    pub(super) fn show(&self, done: u64, message: &str) {
        self.bar.set_position(done);
        self.bar.set_message(message.to_owned());
        let due = |every: u64| done / every > self.shown.get() / every || done == self.total;
        if done != self.shown.get() && self.lines_every.is_some_and(due) {
            self.shown.set(done);
            let width = self.total.to_string().len();
            err(&format!("{} {done:>width$}/{}  {message}", self.unit, self.total));
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// `1:02:03`, `2:03` or `4.5 s`.
pub(super) fn duration(seconds: f64) -> String {
    let whole = Duration::from_secs_f64(seconds.max(0.0)).as_secs();
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, _) => format!("{seconds:.1} s"),
        (0, minutes, seconds) => format!("{minutes}:{seconds:02}"),
        (hours, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

// Whoever reads may have gone away; that is success, as in any pipe.
fn out(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

fn err(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_short() {
        assert_eq!(duration(4.52), "4.5 s");
        assert_eq!(duration(83.0), "1:23");
        assert_eq!(duration(3723.9), "1:02:03");
    }
}
