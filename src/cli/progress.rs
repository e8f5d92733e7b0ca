//! Progress as a person sees it: one line on a terminal, never longer than the terminal is wide.

use std::cell::Cell;
use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use console::{Term, measure_text_width, truncate_str};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::printer::{err, visible_line};
use super::signals;

/// The bar between its brackets, in columns.
const BAR: usize = 20;
/// Parts of this priority and below go before the bar does, those above it stay longer.
const BAR_PRIORITY: u8 = 5;
/// How often a spinner turns.
const TICK: Duration = Duration::from_millis(120);
/// The terminal's width where it does not say.
const USUAL_WIDTH: usize = 80;

/// The bar on the screen, so that other lines and signals can take it away.
static ON_SCREEN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Columns and rows that a panel may have on the terminal; None where there is none, or it does not say.
pub(super) fn room() -> Option<(usize, usize)> {
    let terminal = Term::stderr();
    let (rows, columns) = terminal.size_checked().filter(|_| terminal.is_term())?;
    Some((usize::from(columns).saturating_sub(1), usize::from(rows).saturating_sub(1)))
}

/// A part of the line: how important it is, 0 most, and its words.
pub(super) type Part<'a> = (u8, &'a str);

/// Progress over steps, or a sign of life.
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
    /// A bar on a terminal; elsewhere a line now and then.
    pub(super) fn bar(unit: &'static str, total: u64, done: u64) -> Self {
        let shown = Cell::new(done);
        if !std::io::stderr().is_terminal() {
            let lines_every = Some(total.div_ceil(16).max(1));
            return Self { bar: ProgressBar::hidden(), lines_every, shown, unit, total };
        }
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        let progress = Self { bar, lines_every: None, shown, unit, total };
        progress.put_on_screen();
        progress.show(done, &[]);
        progress
    }

    /// A sign of life on a terminal; elsewhere nothing.
    pub(super) fn spinner(words: &str) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::hidden();
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        let progress = Self { bar, lines_every: None, shown: Cell::new(0), unit: "", total: 0 };
        progress.put_on_screen();
        progress.say(words);
        progress.bar.enable_steady_tick(TICK);
        progress
    }

    /// Progress that nobody sees.
    pub(super) fn hidden() -> Self {
        Self { bar: ProgressBar::hidden(), lines_every: None, shown: Cell::new(0), unit: "", total: 0 }
    }

    /// Shows that `done` steps are done, with what else there is to say. Where the line would be longer than the
    /// terminal is wide, the parts with the largest numbers go first, and of equal ones the last.
    pub(super) fn show(&self, done: u64, parts: &[Part]) {
        if !self.bar.is_hidden() {
            self.bar.set_position(done);
            self.bar.set_message(line(self.unit, done, self.total, parts, width()));
        }
        let due = |every: u64| done / every > self.shown.get() / every || done == self.total;
        if done != self.shown.get() && self.lines_every.is_some_and(due) {
            self.shown.set(done);
            err(&joined(&count(self.unit, done, self.total), parts));
        }
    }

    /// Shows lines in the place of the bar, which have to fit the terminal.
    pub(super) fn show_lines(&self, done: u64, lines: String) {
        if !self.bar.is_hidden() {
            self.bar.set_position(done);
            self.bar.set_message(lines);
        }
    }

    /// What a spinner's work is at.
    pub(super) fn say(&self, words: &str) {
        if !self.bar.is_hidden() {
            self.bar.set_message(truncate_str(&visible_line(words), width().saturating_sub(2), "").into_owned());
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if !self.bar.is_hidden() {
            *on_screen() = None;
        }
        self.bar.finish_and_clear();
    }

    fn put_on_screen(&self) {
        *on_screen() = Some(self.bar.clone());
        signals::guard_the_screen();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Does what writes to the terminal while the bar is away.
pub(super) fn suspended(write: impl FnOnce()) {
    let bar = on_screen().clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

/// Takes the bar away for good, if there is one, and says whether there was.
pub(super) fn clear() -> bool {
    let bar = on_screen().take();
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    bar.is_some()
}

/// Whether there is a bar.
pub(super) fn is_on_screen() -> bool {
    on_screen().is_some()
}

fn on_screen() -> std::sync::MutexGuard<'static, Option<ProgressBar>> {
    ON_SCREEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The columns that a line may have: the last one stays free, where some terminals begin a new line.
fn width() -> usize {
    Term::stderr().size_checked().map_or(USUAL_WIDTH, |(_, columns)| usize::from(columns)).saturating_sub(1)
}

/// `epoch  10/320`
fn count(unit: &str, done: u64, total: u64) -> String {
    let digits = total.to_string().len();
    format!("{unit} {done:>digits$}/{total}")
}

fn joined(first: &str, parts: &[Part]) -> String {
    let parts = parts.iter().map(|(_, text)| visible_line(text));
    std::iter::once(first.into()).chain(parts).collect::<Vec<_>>().join("  ")
}

/// The line: the count, the bar, the parts, as far as `width` columns hold them.
pub(super) fn line(unit: &str, done: u64, total: u64, parts: &[Part], width: usize) -> String {
    let count = count(unit, done, total);
    let drawn = drawn_bar(done, total);
    let mut kept: Vec<Part> = std::iter::once((BAR_PRIORITY, drawn.as_str())).chain(parts.iter().copied()).collect();
    loop {
        let line = joined(&count, &kept);
        if measure_text_width(&line) <= width {
            return line;
        }
        let Some(worst) = kept.iter().enumerate().max_by_key(|(_, part)| part.0).map(|(i, _)| i) else {
            return truncate_str(&count, width, "").into_owned();
        };
        kept.remove(worst);
    }
}

/// `[=====>    ]`
fn drawn_bar(done: u64, total: u64) -> String {
    let share = if total == 0 { 1.0 } else { (done as f64 / total as f64).min(1.0) };
    let full = (share * BAR as f64) as usize;
    let head = if full < BAR && done > 0 { ">" } else { "" };
    format!("[{:BAR$}]", "=".repeat(full) + head)
}

/// `1:02:03`, `2:03` or `4.5 s`.
pub(super) fn duration(seconds: f64) -> String {
    let whole = Duration::try_from_secs_f64(seconds.max(0.0)).map_or(u64::MAX, |duration| duration.as_secs());
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, _) => format!("{seconds:.1} s"),
        (0, minutes, seconds) => format!("{minutes}:{seconds:02}"),
        (hours, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: [Part; 5] = [
        (1, "d_loss  0.6931"),
        (1, "g_loss -0.6931"),
        (2, "sliced W2 0.1234"),
        (6, "12.3 epochs/s"),
        (3, "1:02:03 left"),
    ];

    #[test]
    fn durations_are_short() {
        assert_eq!(duration(4.52), "4.5 s");
        assert_eq!(duration(83.0), "1:23");
        assert_eq!(duration(3723.9), "1:02:03");
        assert!(duration(f64::INFINITY).len() < 30);
        assert!(!duration(1e300).is_empty());
    }

    #[test]
    fn parts_go_by_priority_until_the_line_fits() {
        let at = |width| line("epoch", 10, 320, &PARTS, width);
        assert_eq!(
            at(200),
            "epoch  10/320  [>                   ]  d_loss  0.6931  g_loss -0.6931  sliced W2 0.1234  12.3 epochs/s  \
             1:02:03 left"
        );
        assert_eq!(at(79), "epoch  10/320  d_loss  0.6931  g_loss -0.6931  sliced W2 0.1234  1:02:03 left");
        assert_eq!(at(50), "epoch  10/320  d_loss  0.6931  g_loss -0.6931");
        assert_eq!(at(13), "epoch  10/320");
        assert_eq!(at(1), "e");
        assert_eq!(at(0), "");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in 0..200 {
            for (done, total) in [(0, 0), (1, 3), (320, 320), (7, 2), (u64::MAX, u64::MAX)] {
                let line = line("epoch", done, total, &PARTS, width);
                assert!(measure_text_width(&line) <= width, "{width}: {line}");
            }
        }
    }

    #[test]
    fn the_bar_fills() {
        assert_eq!(drawn_bar(0, 4), format!("[{}]", " ".repeat(20)));
        assert_eq!(drawn_bar(2, 4), format!("[{}>{}]", "=".repeat(10), " ".repeat(9)));
        assert_eq!(drawn_bar(4, 4), format!("[{}]", "=".repeat(20)));
    }
}
