//! `--preview`: a run of points in the terminal while it trains. The points in braille, real ones and the last frame's, and below
//! them what was measured, each distance in floors, with the courses of losses and metrics as small bars.
//!
//! It is drawn as the bar is, as one message of several lines, so that whatever takes the bar away takes this away too. Where
//! colours cannot be, real and generated points stand beside each other instead of in one field.

use std::time::{Duration, Instant};

use console::{Style, colors_enabled_stderr, truncate_str};

use super::printer::Printer;
use super::progress::{Part, line, room};
use super::session::Panel;
use crate::data::{Mode, Point};
use crate::figures::{measure, place};
use crate::kinds::points::{EpochRecord, Floor, Points, PointsRun};
use crate::metric::mode_scores;
use crate::render::{Axes, AxesChoice, Braille, sparkline};
use crate::run::{Kind, Session};

/// A smaller terminal has the bar.
const LEAST: (usize, usize) = (39, 13);
/// Lines that are no points.
const OTHER_LINES: usize = 5;
/// How often the screen is drawn anew.
const PAUSE: Duration = Duration::from_millis(100);
/// Characters that the course of a number may take, and those of a line that are no course.
const COURSE: std::ops::RangeInclusive<usize> = 4..=16;
const WORDS: usize = 46;
/// Characters are about twice as high as they are wide.
const HEIGHT: f64 = 2.0;
const REAL: usize = 1;
const GENERATED: usize = 2;

/// What is shown of a run while it trains.
pub(super) struct Preview {
    run: PointsRun,
    real: Vec<Point>,
    modes: Option<Vec<Mode>>,
    floor: Option<Floor>,
    frame: Option<Frame>,
    /// The epoch of a later frame that was not read yet.
    later: Option<u64>,
    d_loss: Course,
    g_loss: Course,
    sliced_w2: Course,
    coverage: Course,
    mode_tv: Course,
    drawn: Option<Instant>,
}

/// The last frame that was recorded.
struct Frame {
    epoch: u64,
    points: Vec<Point>,
    /// How many modes it has points in.
    captured: Option<usize>,
}

impl Preview {
    /// Of a run that is about to train; None where there is no terminal that has room for it, which is said.
    pub(super) fn begin(session: &Session<Points>, printer: &Printer) -> anyhow::Result<Option<Self>> {
        if printer.is_silent() {
            return Ok(None);
        }
        let small = |(columns, rows): (usize, usize)| columns < LEAST.0 || rows < LEAST.1;
        match room() {
            None => printer.note("--preview needs a terminal: progress is shown in lines"),
            Some(room) if small(room) => {
                let (columns, rows) = (LEAST.0 + 1, LEAST.1 + 1);
                printer.note(&format!("--preview needs a terminal of {columns}x{rows}: progress is shown as a bar"));
            }
            Some(_) => {
                let run = PointsRun::open(session.dir())?;
                return Ok(Some(Self::of(run, session.work().prepared().known_modes())?));
            }
        }
        Ok(None)
    }

    fn of(run: PointsRun, modes: Option<Vec<Mode>>) -> anyhow::Result<Self> {
        let (real, floor) = (run.real()?, run.floor()?);
        let course = Course::default;
        let mut preview = Self {
            run,
            real,
            modes,
            floor,
            frame: None,
            later: None,
            d_loss: course(),
            g_loss: course(),
            sliced_w2: course(),
            coverage: course(),
            mode_tv: course(),
            drawn: None,
        };
        for record in preview.run.metrics()? {
            preview.take(&record);
        }
        Ok(preview)
    }

    /// Takes a record in, and draws where it is time to.
    pub(super) fn see(&mut self, record: &EpochRecord, left: &str) -> Panel {
        self.take(record);
        let Some((columns, rows)) = room().filter(|&(columns, rows)| columns >= LEAST.0 && rows >= LEAST.1) else {
            return Panel::NoRoom;
        };
        if self.drawn.is_some_and(|drawn| drawn.elapsed() < PAUSE) {
            return Panel::AsBefore;
        }
        self.drawn = Some(Instant::now());
        self.look();
        Panel::Lines(self.lines(record, left, (columns, rows), colors_enabled_stderr()).join("\n"))
    }

    fn take(&mut self, record: &EpochRecord) {
        self.d_loss.add(Some(record.d_loss));
        self.g_loss.add(Some(record.g_loss));
        self.sliced_w2.add(record.sliced_w2);
        self.coverage.add(record.coverage);
        self.mode_tv.add(record.mode_tv);
        if self.run.config().is_frame(record.epoch) {
            self.later = Some(record.epoch);
        }
    }

    /// Reads the last frame.
    fn look(&mut self) {
        let Some(epoch) = self.later.take() else { return };
        let index = (epoch - 1) / self.run.config().frame_every;
        // A frame that cannot be read is one that is not seen: the run itself says what is wrong with its files.
        if let Ok(points) = self.run.frame(index as usize) {
            let captured = self.modes.as_ref().map(|modes| mode_scores(modes, &points).captured as usize);
            self.frame = Some(Frame { epoch, points, captured });
        }
    }

    /// The lines, none longer than `columns`.
    fn lines(&self, record: &EpochRecord, left: &str, (columns, rows): (usize, usize), colours: bool) -> Vec<String> {
        let config = self.run.config();
        let title = config.title();
        let parts: [Part<'_>; 2] = [(2, &title), (1, left)];
        let head = line(Kind::Points.unit(), record.epoch, config.epochs, &parts, columns);
        let mut lines = vec![head];
        let room = (columns.saturating_sub(WORDS) / 2).clamp(*COURSE.start(), *COURSE.end());
        lines.extend(self.field((columns, rows - OTHER_LINES), colours));
        lines.push(joined(&[
            number("d_loss", record.d_loss, &self.d_loss, room),
            number("g_loss", record.g_loss, &self.g_loss, room),
        ]));
        lines.push(joined(&[
            self.distance("sliced W2", &self.sliced_w2, room, |floor| Some(floor.sliced_w2.mean)),
            self.coverage.last().map(|last| number("coverage", last, &self.coverage, room)).unwrap_or_default(),
        ]));
        let modes = self.modes.as_ref().zip(self.frame.as_ref().and_then(|frame| frame.captured));
        lines.push(joined(&[
            modes.map(|(modes, captured)| format!("modes {captured} of {}", modes.len())).unwrap_or_default(),
            self.distance("mode TV", &self.mode_tv, room, |floor| Some(floor.mode_tv?.mean)),
        ]));
        lines.iter().map(|line| truncate_str(line, columns, "").into_owned()).collect()
    }

    /// The points, and a line that says what is seen.
    fn field(&self, (columns, rows): (usize, usize), colours: bool) -> Vec<String> {
        let fields: &[&[usize]] = if colours { &[&[REAL, GENERATED]] } else { &[&[REAL], &[GENERATED]] };
        let width = (columns - (fields.len() - 1)) / fields.len();
        let aspect = width as f64 / (rows as f64 * HEIGHT);
        let axes = Axes::chosen(AxesChoice::Auto, &self.real, self.run.config().data.is_the_labs(), aspect);
        let generated = self.frame.as_ref().map_or(&[][..], |frame| &frame.points);
        let mut outside = 0;
        let drawn: Vec<Vec<String>> = fields
            .iter()
            .map(|layers| {
                let mut field = Braille::new(width, rows);
                for &layer in *layers {
                    let points = if layer == REAL { &self.real } else { generated };
                    let beyond = field.points(layer, points, axes);
                    outside = if layer == GENERATED { beyond } else { outside };
                }
                let line = |pieces: Vec<(usize, String)>| {
                    pieces.iter().map(|(layer, text)| painted(*layer, text, colours)).collect::<String>()
                };
                field.lines().into_iter().map(line).collect()
            })
            .collect();
        let mut lines: Vec<String> =
            (0..rows).map(|row| drawn.iter().map(|field| field[row].as_str()).collect::<Vec<_>>().join("|")).collect();
        let epoch = self.frame.as_ref().map_or_else(
            || format!("no frame before epoch {}", self.run.config().frame_every.min(self.run.config().epochs)),
            |frame| format!("epoch {}", frame.epoch),
        );
        let outside = if outside > 0 { format!(", {outside} outside") } else { String::new() };
        let range = |(low, high): (f64, f64)| format!("{} to {}", place(low, high - low), place(high, high - low));
        let names = if colours {
            format!("{} and {}", painted(REAL, "real", colours), painted(GENERATED, "generated", colours))
        } else {
            "left real, right generated".to_owned()
        };
        lines.push(format!("{names}, {epoch}{outside}; x {}, y {}", range(axes.x), range(axes.y)));
        lines
    }

    /// A distance with how many floors it is, and its course.
    fn distance(&self, name: &str, course: &Course, room: usize, floor: fn(&Floor) -> Option<f64>) -> String {
        let Some(last) = course.last() else { return String::new() };
        let floor = self.floor.as_ref().and_then(floor).filter(|floor| *floor > 0.0);
        let floors = floor.map(|floor| format!(", {:.1} floors", last / floor)).unwrap_or_default();
        format!("{name} {}{floors} {}", measure(last), sparkline(&course.values, room))
    }
}

fn number(name: &str, value: f64, course: &Course, room: usize) -> String {
    format!("{name} {value:.4} {}", sparkline(&course.values, room))
}

fn joined(parts: &[String]) -> String {
    parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join("   ")
}

fn painted(layer: usize, text: &str, colours: bool) -> String {
    let style = match layer {
        REAL => Style::new().green(),
        GENERATED => Style::new().magenta().bold(),
        _ => return text.to_owned(),
    };
    style.force_styling(colours).apply_to(text).to_string()
}

/// The course of a number over the run: its means over stretches that grow with the run, so that it takes little memory.
#[derive(Clone, Debug)]
struct Course {
    values: Vec<f64>,
    /// Values in a stretch, and those of the one that is not full.
    stretch: usize,
    open: Vec<f64>,
    last: Option<f64>,
}

impl Default for Course {
    fn default() -> Self {
        Self { values: Vec::new(), stretch: 1, open: Vec::new(), last: None }
    }
}

impl Course {
    /// So many means are kept.
    const MOST: usize = 256;

    fn add(&mut self, value: Option<f64>) {
        let Some(value) = value else { return };
        self.last = Some(value);
        self.open.push(value);
        if self.open.len() < self.stretch {
            return;
        }
        self.values.push(mean(&self.open));
        self.open.clear();
        if self.values.len() == Self::MOST {
            self.values = self.values.chunks(2).map(mean).collect();
            self.stretch *= 2;
        }
    }

    fn last(&self) -> Option<f64> {
        self.last
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
