//! Text tables as spreadsheets, pandas, R, MATLAB and Fortran write them.
//!
//! `encoding` makes text of the bytes, `sniff` finds out how the table is written, `lines` feeds it to the `csv` crate,
//! and `number` knows the ways in which numbers are written. The table is read twice: once to see what its columns hold
//! and which are wanted, and once for those alone, so that no more is kept than the points.

mod doubts;
pub(super) mod encoding;
mod flaw;
mod head;
mod lines;
mod marks;
pub(super) mod number;
pub(super) mod sniff;

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use super::columns::{self, Cell, Column, Kind, MOST_COLUMNS, Pick, shown};
use super::reading::{Labels, Reading, Taken, TextForm};
use super::{DataError, Format, Loaded, MOST_POINTS, Variable, at_line, unusable};
use crate::config::{DecimalMark, Separator};
use doubts::{Commas, below, refuse_summary};
use flaw::flaw;
use lines::{Feed, Lines, Wrap, byte, fields};
use marks::Marks;
use sniff::{Form, shorten, sniff};

/// Fields of so many rows are looked into for what is nearly a number.
const LOOKED_INTO: usize = 1000;
/// Text tables: CSV and the like.
pub(super) struct Table;

impl Format for Table {
    fn name(&self) -> &'static str {
        "a text table"
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        !matches!(encoding::decode(bytes), Ok(None))
    }

    fn load(&self, path: &Path, bytes: &[u8], reading: &Reading) -> Result<Loaded, DataError> {
        let (text, encoding) = text(path, bytes)?;
        if !reading.is_default_key() {
            return Err(super::no_names(path, self.name(), &reading.key));
        }
        let form = sniff(&text, reading).map_err(|reason| unusable(path, reason))?;
        let source = Source { path, text: &text, first: 1, quote: b'"', form };
        source.load(self.name(), encoding, reading)
    }

    fn list(&self, path: &Path, bytes: &[u8], reading: &Reading) -> Result<Vec<Variable>, DataError> {
        let (text, _) = text(path, bytes)?;
        let form = sniff(&text, reading).map_err(|reason| unusable(path, reason))?;
        Source { path, text: &text, first: 1, quote: b'"', form }.list()
    }
}

/// The text of a file, with its encoding's name.
pub(super) fn text<'a>(path: &Path, bytes: &'a [u8]) -> Result<(Cow<'a, str>, &'static str), DataError> {
    match encoding::decode(bytes).map_err(|reason| unusable(path, reason))? {
        Some(text) if text.text.trim().is_empty() => Err(unusable(path, "it is empty: there is no number in it")),
        Some(text) => Ok((text.text, text.encoding)),
        None => Err(DataError::UnknownFormat { path: path.to_owned() }),
    }
}

/// A table in a text.
pub(super) struct Source<'a> {
    path: &'a Path,
    text: &'a str,
    /// The number of the text's first line in its file.
    first: usize,
    quote: u8,
    form: Form,
}

/// What a look at the whole table found.
struct Survey {
    rows: usize,
    columns: Vec<Column>,
    /// The row with the fewest fields, if one has fewer than the others.
    short: Option<Short>,
    empty: usize,
    /// For each column the first field of it that is nearly a number, with its line.
    nearly: Vec<Option<(usize, String)>>,
    commas: Commas,
}

/// A row with fewer fields than the others.
struct Short {
    row: usize,
    line: usize,
    found: usize,
}

impl<'a> Source<'a> {
    /// A table whose columns are known, from the line `first` of its file on.
    pub(super) fn with_names(path: &'a Path, text: &'a str, first: usize, names: Vec<String>) -> Self {
        let form = Form {
            separator: Separator::Comma,
            decimal: DecimalMark::Point,
            width: names.len(),
            names: Some(names),
            after: 0,
            wrap: Wrap::None,
            notes: Vec::new(),
        };
        Self { path, text, first, quote: b'\'', form }
    }

    /// Reads the points.
    pub(super) fn load(self, format: &str, encoding: &str, reading: &Reading) -> Result<Loaded, DataError> {
        let survey = self.survey()?;
        let mut taken = Taken {
            format: format.to_owned(),
            text: Some(TextForm {
                encoding: encoding.to_owned(),
                separator: self.form.separator,
                decimal: self.form.decimal,
                heading: self.form.names.is_some(),
            }),
            notes: self.form.notes.clone(),
            ..Taken::default()
        };
        if encoding == "Latin-1" && !self.text.is_ascii() {
            taken.notes.push("the text is not UTF-8 and was read as Latin-1".to_owned());
        }
        let wide = survey.rows == 2 && self.form.width > 2 && self.form.names.is_none() && reading.columns.is_none();
        if wide && survey.columns.iter().all(|column| column.kind() == Kind::Numbers) {
            let points = self.rows_as_axes()?;
            return Ok(Loaded { points, labels: None, taken });
        }
        if reading.columns.is_none() && self.form.names.is_none() {
            self.refuse_commas(&survey)?;
        }
        let pick = match &reading.columns {
            Some(said) => columns::asked(said, &survey.columns, self.form.width)
                .map_err(|reason| unusable(self.path, format!("--columns {},{}: {reason}", said[0], said[1])))?,
            None => columns::obvious(&survey.columns)
                .map_err(|reason| unusable(self.path, self.with_hint(&survey, reason)))?,
        };
        if reading.columns.is_none() {
            self.refuse_nearly_named(&survey, &pick)?;
        }
        if let Some(Short { row, line, found }) = survey.short
            && pick.points.iter().any(|&at| at >= found)
        {
            let (width, hint) = (self.form.width, below(row, survey.rows));
            let reason = format!("{found} {} where other lines have {width}{hint}", fields_word(found));
            return Err(at_line(self.path, line, reason));
        }
        if survey.rows > MOST_POINTS {
            return Err(DataError::TooMany { path: self.path.to_owned(), name: "(table)".into(), found: survey.rows });
        }
        if survey.empty > 0 {
            taken.notes.push(format!("{} empty rows left out", survey.empty));
        }
        taken.notes.extend(self.commented_rows());
        taken.notes.extend(pick.notes.iter().cloned());
        if self.form.width > 2 || self.form.names.is_some() {
            taken.columns = Some(pick.points.map(|at| shown(&survey.columns, at).trim_matches('\'').to_owned()));
        }
        let Rows { points, labels, marks } = self.take(&pick, &survey)?;
        if reading.decimal.is_none() {
            taken.notes.extend(marks.notes(self.form.separator));
        }
        Ok(Loaded { points, labels, taken })
    }

    /// Lists the table and its columns.
    pub(super) fn list(&self) -> Result<Vec<Variable>, DataError> {
        let survey = self.survey()?;
        let Survey { rows, columns, .. } = survey;
        let all = columns.iter().try_fold(None, |all: Option<(f64, f64)>, column| {
            let (low, high) = column.range()?;
            Some(Some(all.map_or((low, high), |(l, h)| (low.min(l), high.max(h)))))
        });
        let shape = vec![rows as u64, self.form.width as u64];
        let mut list = vec![Variable {
            name: "(table)".into(),
            kind: "text numbers".into(),
            shape,
            range: all.flatten(),
            real: false,
        }];
        if self.form.width > 2 || self.form.names.is_some() {
            list.extend(columns.iter().enumerate().take(MOST_COLUMNS).map(|(at, column)| Variable {
                name: shown(&columns, at).trim_matches('\'').to_owned(),
                kind: column.kind_name().into(),
                shape: vec![rows as u64],
                range: column.range(),
                real: false,
            }));
        }
        Ok(list)
    }

    /// The table's rows, from the first after the heading on.
    fn reader(&self) -> csv::Reader<Feed<'a>> {
        csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .quote(self.quote)
            .delimiter(byte(self.form.separator))
            .from_reader(Feed::new(self.lines(), self.form.separator, self.quote))
    }

    fn lines(&self) -> Lines<'a> {
        Lines::new(self.text, self.first).without(self.form.wrap).after(self.form.after)
    }

    /// Goes through all rows that are not empty: `visit` gets the number of the row and its record.
    fn each(
        &self,
        visit: &mut dyn FnMut(usize, &csv::StringRecord) -> Result<(), Problem>,
    ) -> Result<usize, DataError> {
        let mut reader = self.reader();
        let mut record = csv::StringRecord::new();
        let (mut rows, mut empty, mut empty_so_far) = (0, 0, 0);
        while reader.read_record(&mut record).map_err(|error| unusable(self.path, error.to_string()))? {
            if record.iter().all(str::is_empty) {
                empty_so_far += 1;
                continue;
            }
            empty = empty_so_far;
            visit(rows, &record).map_err(|Problem(reason)| {
                let fed = record.position().map_or(1, csv::Position::line) as usize;
                at_line(self.path, self.line_number(fed), reason)
            })?;
            rows += 1;
        }
        Ok(empty)
    }

    /// The number in the file of a line that the parser was fed.
    fn line_number(&self, fed: usize) -> usize {
        self.lines().nth(fed.saturating_sub(1)).map_or(self.first, |line| line.number)
    }

    /// A word about comments between the rows that have as many fields as a row.
    fn commented_rows(&self) -> Option<String> {
        let is_row = |comment: &str| {
            let found: Vec<&str> = fields(comment, self.form.separator).collect();
            let is_number = |field: &&str| matches!(number::cell(field, self.form.decimal), Cell::Number(_));
            found.len() == self.form.width
                && found.len() > 1
                && found.iter().filter(|field| is_number(field)).count() > 1
        };
        let commented = self.lines().comments().filter(|line| is_row(line.text));
        let mut numbers = commented.map(|line| line.number);
        let first = numbers.next()?;
        Some(match numbers.count() {
            0 => format!("line {first} is a comment and was left out"),
            more => format!(
                "{} lines that could be rows are comments and were left out; the first is line {first}",
                more + 1
            ),
        })
    }

    fn survey(&self) -> Result<Survey, DataError> {
        let name = |at: usize| self.form.names.as_ref().map(|names| names.get(at).cloned().unwrap_or_default());
        let mut columns: Vec<Column> = (0..self.form.width.min(MOST_COLUMNS)).map(|at| Column::new(name(at))).collect();
        let (mut rows, mut short, mut commas) = (0, None::<Short>, Commas::default());
        let mut nearly = vec![None; columns.len()];
        let empty = self.each(&mut |row, record| {
            let found = record.len();
            let line = || record.position().map_or(1, csv::Position::line) as usize;
            if let Some(extra) = record.iter().skip(self.form.width).find(|field| !field.is_empty()) {
                return Err(Problem(self.too_many(found, extra)));
            }
            if found < self.form.width && short.as_ref().is_none_or(|short| found < short.found) {
                short = Some(Short { row, line: line(), found });
            }
            commas.add(record);
            for (at, column) in columns.iter_mut().enumerate() {
                let cell = number::cell(record.get(at).unwrap_or(""), self.form.decimal);
                if let Cell::Text(text) = cell
                    && row < LOOKED_INTO
                    && nearly[at].is_none()
                    && flaw(text).is_some()
                {
                    nearly[at] = Some((line(), text.to_owned()));
                }
                column.add(cell);
            }
            rows = row + 1;
            Ok(())
        })?;
        if rows == 0 {
            return Err(unusable(self.path, "there are no rows in it"));
        }
        let short = short.map(|short| Short { line: self.line_number(short.line), ..short });
        Ok(Survey { rows, columns, short, empty, nearly, commas })
    }

    /// The number in a field that must hold a coordinate.
    fn coordinate(&self, record: &csv::StringRecord, at: usize, columns: &[Column]) -> Result<f64, Problem> {
        let field = record.get(at).unwrap_or("");
        let name = || shown(columns, at);
        match number::cell(field, self.form.decimal) {
            Cell::Number(x) if x.is_finite() => Ok(x),
            Cell::Number(_) => Err(Problem(format!(
                "'{}' in {}: every coordinate must be finite; remove the row",
                shorten(field),
                name()
            ))),
            Cell::Missing => Err(Problem(format!("no value in {}; fill it or remove the row", name()))),
            Cell::Text(text) => Err(Problem(match flaw(text) {
                Some(flaw) => format!("'{}' in {} {flaw}", shorten(text), name()),
                None => format!("'{}' is not a number, in {}", shorten(text), name()),
            })),
        }
    }

    fn take(&self, pick: &Pick, survey: &Survey) -> Result<Rows, DataError> {
        let mut points = Vec::with_capacity(survey.rows);
        let mut classes = pick.labels.map(|at| {
            let name = survey.columns[at].name.clone().filter(|name| !name.is_empty());
            (at, Classes::new(name, survey.rows))
        });
        let mut marks = Marks::new(self.form.decimal);
        self.each(&mut |row, record| {
            let hint = below(row, survey.rows);
            let point = pick.points.map(|at| {
                let found = self.coordinate(record, at, &survey.columns);
                marks.add(record.get(at).unwrap_or(""));
                found.map_err(|Problem(reason)| Problem(reason + hint))
            });
            let [x, y] = point;
            points.push([x?, y?]);
            if !hint.is_empty() {
                refuse_summary(record, pick, survey, classes.as_ref().map(|(_, classes)| classes))?;
            }
            if let Some((at, classes)) = &mut classes {
                classes.push(record.get(*at).unwrap_or(""), self.form.decimal);
            }
            Ok(())
        })?;
        Ok(Rows { points, labels: classes.map(|(_, classes)| classes.labels), marks })
    }

    /// The points of two long rows, the first with all x and the second with all y.
    fn rows_as_axes(&self) -> Result<Vec<[f64; 2]>, DataError> {
        let width = self.form.width;
        if width > MOST_POINTS {
            return Err(DataError::TooMany { path: self.path.to_owned(), name: "(table)".into(), found: width });
        }
        let mut points = vec![[f64::NAN; 2]; width];
        self.each(&mut |row, record| {
            for (at, point) in points.iter_mut().enumerate() {
                point[row.min(1)] = self.coordinate(record, at, &[])?;
            }
            Ok(())
        })?;
        Ok(points)
    }
}

/// What was taken of a table's rows.
struct Rows {
    points: Vec<[f64; 2]>,
    labels: Option<Labels>,
    marks: Marks,
}

/// What is wrong in a line.
struct Problem(String);

fn fields_word(n: usize) -> &'static str {
    if n == 1 { "field" } else { "fields" }
}

/// Labels as they are read.
pub(super) struct Classes {
    labels: Labels,
    known: HashMap<String, u32>,
}

impl Classes {
    pub(super) fn new(name: Option<String>, rows: usize) -> Self {
        let labels = Labels { name, classes: Vec::new(), of: Vec::with_capacity(rows) };
        Self { labels, known: HashMap::new() }
    }

    pub(super) fn push(&mut self, field: &str, decimal: DecimalMark) {
        // 1.0000e+00 is the class 1.
        let class = match number::number(field, decimal) {
            Some(x) if x.fract() == 0.0 && x.abs() < 1e15 => Cow::Owned(format!("{x:.0}")),
            _ => Cow::Borrowed(field),
        };
        let next = self.labels.classes.len() as u32;
        let of = *self.known.entry(class.clone().into_owned()).or_insert(next);
        if of == next {
            self.labels.classes.push(class.into_owned());
        }
        self.labels.of.push(of);
    }

    pub(super) fn labels(self) -> Labels {
        self.labels
    }
}
