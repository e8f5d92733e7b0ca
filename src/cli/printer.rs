//! All that a person reads goes through here: results to standard output, progress and problems to standard error.
//!
//! Names come from files and other people: what reaches a terminal has its control characters escaped. A result that
//! cannot be written is an error, unless its reader went away, which is success as in any pipe.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::{BufWriter, ErrorKind, IsTerminal as _, Write as _};
use std::path::Path;

use clap::Args;
use console::{Style, StyledObject, style};
use serde::Serialize;
use serde_json::{Value, json};

use super::exit::Failure;
use crate::json::document;
use crate::page::quoted;

pub(super) use super::progress::{Progress, duration};

/// How much is said, and in which form.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct OutputArgs {
    /// Print only results
    #[arg(long, short, global = true, conflicts_with = "json", help_heading = "Output")]
    quiet: bool,
    /// Print the result as one JSON object
    #[arg(long, global = true, help_heading = "Output")]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Normal,
    Quiet,
    Json,
    /// A command within another, which says the result.
    Mute,
}

/// How a line of a result looks on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Plain,
    Bad,
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

    /// The printer for what is wrong with the arguments themselves, before they are understood.
    pub(super) fn for_arguments(arguments: &[OsString]) -> Self {
        let before_rest = arguments.iter().take_while(|argument| *argument != "--");
        Self { mode: if before_rest.into_iter().any(|a| a == "--json") { Mode::Json } else { Mode::Normal } }
    }

    /// The printer of a command within this one's: it says what a person watches, and no results of its own otherwise.
    pub(super) fn within(&self) -> Self {
        Self { mode: if self.mode == Mode::Normal { Mode::Normal } else { Mode::Mute } }
    }

    /// Whether everything is said in JSON.
    pub(super) fn is_json(&self) -> bool {
        self.mode == Mode::Json
    }

    /// Whether nothing is said while a command works.
    pub(super) fn is_silent(&self) -> bool {
        self.mode != Mode::Normal
    }

    /// A result in words; `quiet` is the part of it that is said with `--quiet`, for scripts, and `json` gives the
    /// fields of the object that is said with `--json`.
    pub(super) fn result<T: Serialize>(
        &self,
        words: &str,
        quiet: impl AsRef<OsStr>,
        json: impl FnOnce() -> T,
    ) -> anyhow::Result<()> {
        self.result_lines(&[(Look::Plain, words.to_owned())], quiet, json)
    }

    /// The same for lines that differ in their looks.
    pub(super) fn result_lines<T: Serialize>(
        &self,
        words: &[(Look, String)],
        quiet: impl AsRef<OsStr>,
        json: impl FnOnce() -> T,
    ) -> anyhow::Result<()> {
        match self.mode {
            Mode::Normal => out(&lines_of(words)),
            Mode::Mute => Ok(()),
            Mode::Quiet if quiet.as_ref().is_empty() => Ok(()),
            // A script gets the very name; a terminal gets one that does it no harm.
            Mode::Quiet if std::io::stdout().is_terminal() => {
                out(format!("{}\n", visible(&quiet.as_ref().to_string_lossy())).as_bytes())
            }
            Mode::Quiet => out(&[quiet.as_ref().as_encoded_bytes(), b"\n"].concat()),
            Mode::Json => {
                let mut stdout = BufWriter::new(std::io::stdout().lock());
                written(document(json()).write_line(&mut stdout).and_then(|()| stdout.flush()))
            }
        }
    }

    /// A result that has one form only, such as a script; with `--json` it is the field `text` beside `json`'s.
    pub(super) fn raw(&self, text: &str, json: impl FnOnce() -> Value) -> anyhow::Result<()> {
        if self.mode == Mode::Mute {
            return Ok(());
        }
        if self.mode != Mode::Json {
            return out(text.as_bytes());
        }
        let mut fields = json();
        fields["text"] = text.into();
        out((document(fields).to_line() + "\n").as_bytes())
    }

    /// What is going on.
    pub(super) fn note(&self, words: &str) {
        if self.mode == Mode::Normal {
            err(&visible(words));
        }
    }

    /// What ended the program. With `--json` an object too, the last line of standard error.
    pub(super) fn failure(&self, failure: &Failure) {
        if self.is_json() {
            err(&document(failure.json()).to_line());
        } else {
            self.problem(&failure.words());
        }
    }

    /// Something that went wrong, in words, and did not end the program.
    pub(super) fn problem(&self, words: &str) {
        self.labelled(&style("error:").for_stderr().red().bold(), words);
    }

    /// Something that may go wrong, or went wrong and cost nothing.
    pub(super) fn warning(&self, words: &str) {
        self.labelled(&style("warning:").for_stderr().yellow().bold(), words);
    }

    fn labelled(&self, label: &StyledObject<&str>, words: &str) {
        if self.is_json() {
            err(&document(json!({ "problem": { "message": words } })).to_line());
        } else {
            err(&format!("{label} {}", visible(words)));
        }
    }

    /// Progress over `total` steps of a unit: a bar on a terminal, a line now and then elsewhere, nothing when quiet.
    pub(super) fn progress(&self, unit: &'static str, total: u64, done: u64) -> Progress {
        match self.mode {
            Mode::Normal => Progress::bar(unit, total, done),
            _ => Progress::hidden(),
        }
    }

    /// Progress over work that comes before what is asked for: a bar on a terminal, elsewhere nothing.
    #[cfg(feature = "torch")]
    pub(super) fn loading(&self, unit: &'static str, total: u64) -> Progress {
        match self.mode {
            Mode::Normal if std::io::stderr().is_terminal() => Progress::bar(unit, total, 0),
            _ => Progress::hidden(),
        }
    }

    /// A sign of life for work without steps, on a terminal; it goes when it is dropped.
    pub(super) fn spinner(&self, words: &str) -> Progress {
        match self.mode {
            Mode::Normal => Progress::spinner(words),
            _ => Progress::hidden(),
        }
    }
}

/// Lines with their looks, each ended.
fn lines_of(lines: &[(Look, String)]) -> Vec<u8> {
    let mut text = String::new();
    for (look, line) in lines {
        let line = visible(line);
        // Writing to a string cannot fail.
        let _ = match look {
            Look::Plain => writeln!(text, "{line}"),
            Look::Bad => writeln!(text, "{}", Style::new().red().bold().apply_to(line)),
        };
    }
    text.into_bytes()
}

/// The text with every control character but line ends escaped, so that no name moves a cursor, hides a line or names a
/// window; also those that turn the direction of writing.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && is_harmful(c))
}

/// The same for what has to stay in one line, such as a name.
pub(super) fn visible_line(text: &str) -> Cow<'_, str> {
    escaped(text, is_harmful)
}

/// A path for a person's eyes, in one line.
pub(super) fn shown_path(path: &Path) -> String {
    visible_line(&path.to_string_lossy()).into_owned()
}

/// A path as it is typed into a shell.
pub(super) fn typed_path(path: &Path) -> String {
    quoted(&shown_path(path))
}

/// Paths as they are, one a line.
pub(super) fn path_lines<P: AsRef<OsStr>>(paths: &[P]) -> OsString {
    let parts: Vec<&OsStr> = paths.iter().map(AsRef::as_ref).collect();
    parts.join(OsStr::new("\n"))
}

fn is_harmful(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escaped(text: &str, harmful: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&harmful) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if harmful(c) { safe.extend(c.escape_default()) } else { safe.push(c) }
    }
    Cow::Owned(safe)
}

/// Writes to standard output, to the end.
fn out(bytes: &[u8]) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    written(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

/// What came of writing to standard output: whoever reads may have gone away.
pub(super) fn written(result: std::io::Result<()>) -> anyhow::Result<()> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(anyhow::anyhow!("cannot write the result: {error}")),
        _ => Ok(()),
    }
}

/// Writes a line to standard error, above the bar where there is one. Nobody could be told that it failed.
pub(super) fn err(line: &str) {
    super::progress::suspended(|| {
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_seen_and_not_obeyed() {
        let hostile = "\u{1b}]0;owned\u{7}\r\n\u{9b}2J\t\u{202e}x";
        let text = visible(hostile);
        assert_eq!(text, "\\u{1b}]0;owned\\u{7}\\r\n\\u{9b}2J\\t\\u{202e}x");
        assert!(visible_line("a\nb") == "a\\nb" && visible_line("Größe, 日本") == "Größe, 日本");
    }

    #[test]
    fn only_a_reader_that_went_away_is_success() {
        assert!(written(Err(ErrorKind::BrokenPipe.into())).is_ok());
        let error = written(Err(ErrorKind::StorageFull.into())).unwrap_err();
        assert!(error.to_string().starts_with("cannot write the result"), "{error}");
    }

    #[test]
    fn arguments_ask_for_json_before_a_double_dash_only() {
        let asks = |arguments: &[&str]| {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            Printer::for_arguments(&arguments).is_json()
        };
        assert!(asks(&["gan-lab", "paint", "--json"]));
        assert!(!asks(&["gan-lab", "paint", "--", "--json"]));
    }
}
