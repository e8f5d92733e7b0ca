//! What stands before a table's rows: names, sizes, and lines of neither.

use super::super::columns::{Cell, Column, MOST_COLUMNS, axis_of};
use super::super::reading::Reading;
use super::flaw::flaw;
use super::lines::{Line, Lines, comment_before, fields};
use super::number::{cell, is_bare};
use super::sniff::{Form, shorten};
use crate::config::{Heading, Separator};

/// In fewer rows of whole numbers a first line with their number may be a point.
const FEW_ROWS: usize = 20;
/// More lines than this before the rows are no heading.
const MOST_PREAMBLE: usize = 40;
/// Units, and types, that stand below names, in small letters and without brackets.
const UNITS: [&str; 50] = [
    "-", "1", "%", "mm", "cm", "dm", "m", "km", "um", "\u{b5}m", "\u{3bc}m", "nm", "in", "inch", "ft", "yd", "mi",
    "px", "pixel", "pixels", "s", "sec", "ms", "us", "min", "h", "d", "deg", "\u{b0}", "degree", "degrees", "rad",
    "\u{b0}c", "k", "kg", "g", "mg", "v", "mv", "a", "ma", "hz", "khz", "n", "pa", "float", "double", "int", "string",
    "a.u.",
];

/// Whether a field is a unit: `mm`, `[m/s]`, `(deg)`.
fn is_unit(field: &str) -> bool {
    let inner =
        [('[', ']'), ('(', ')')].iter().find_map(|&(open, close)| field.strip_prefix(open)?.strip_suffix(close));
    inner.is_some() || UNITS.contains(&field.to_lowercase().as_str())
}

/// Whether a line names both axes.
fn names_axes<'a>(names: impl Iterator<Item = &'a str>) -> bool {
    let axes: Vec<usize> = names.filter_map(|name| axis_of(&Column::new(Some(name.to_owned())))).collect();
    axes.contains(&0) && axes.contains(&1)
}

impl Form {
    fn filled_fields<'a>(&self, line: &Line<'a>) -> impl Iterator<Item = &'a str> {
        fields(line.text, self.separator).filter(|field| !field.is_empty())
    }

    fn cells<'a>(&self, line: &Line<'a>) -> Vec<Cell<'a>> {
        let decimal = self.decimal;
        fields(line.text, self.separator).map(move |field| cell(field, decimal)).collect()
    }

    /// Finds what stands before the rows: names, size, and lines of neither.
    pub(super) fn head(
        &mut self,
        text: &str,
        sample: &[Line<'_>],
        lines: &Lines<'_>,
        reading: &Reading,
    ) -> Result<(), String> {
        let Some(first) = sample.first() else { return Err("it holds no table".to_owned()) };
        if reading.heading == Some(Heading::Yes) {
            let names_rows = self.width >= 3 && self.first_names_rows(&sample[1..]);
            self.name(first, names_rows);
            return Ok(());
        }
        if reading.heading == Some(Heading::No) {
            self.width = fields(first.text, self.separator).count().max(self.width);
            return Ok(());
        }
        let numeric = self.numeric_columns(sample);
        if !numeric.contains(&true) {
            return Err(self.no_numbers(sample, first));
        }
        // Lines without a number where the rows have theirs.
        let is_row = |line: &&Line<'_>| {
            let cells = self.cells(line);
            cells.iter().zip(&numeric).any(|(cell, numeric)| *numeric && matches!(cell, Cell::Number(_)))
        };
        let before: Vec<&Line<'_>> = sample.iter().take_while(|line| !is_row(line)).take(MOST_PREAMBLE).collect();
        if before.is_empty() {
            self.numbers_before(sample, lines)?;
            self.commented_names(text, first, reading);
            return Ok(());
        }
        let count = |line: &Line<'_>| self.filled_fields(line).count();
        let width = |line: &Line<'_>| fields(line.text, self.separator).count();
        let rows = &sample[before.len()..];
        let names_rows = self.width >= 3 && self.first_names_rows(rows);
        let filled = self.filled(rows);
        let fits = |line: &Line<'_>| {
            let n = width(line);
            n == self.width
                || n == filled
                || (names_rows && n + 1 == self.width)
                || (n > self.width && count(line) <= self.width)
        };
        // The most names there are; of several such lines what names the axes, or else the nearest that holds no units.
        let fitting: Vec<&Line<'_>> =
            before.iter().rev().copied().filter(|line| fits(line) && count(line) > 0).collect();
        let most = fitting.iter().map(|line| count(line)).max().unwrap_or(0);
        let mut candidates = fitting.into_iter().filter(|line| count(line) == most).peekable();
        let nearest = candidates.peek().copied();
        let candidates: Vec<&Line<'_>> = candidates.collect();
        let heading = candidates.iter().copied().find(|line| names_axes(self.filled_fields(line)));
        let heading = heading
            .or_else(|| candidates.iter().copied().find(|line| !self.filled_fields(line).all(is_unit)))
            .or(nearest);
        let others: Vec<String> = before
            .iter()
            .filter(|line| Some(line.number) != heading.map(|heading| heading.number) && count(line) > 0)
            .map(|line| line.number.to_string())
            .collect();
        if !others.is_empty() {
            let noun = if others.len() == 1 { "line" } else { "lines" };
            self.notes.push(format!("{noun} {} before the rows left out", others.join(", ")));
        }
        let last = before.last().map_or(self.after, |line| line.number);
        match (heading, before.last()) {
            (Some(heading), _) => self.name(heading, names_rows),
            // A sentence has spaces too.
            (None, Some(line)) if self.separator != Separator::Space && (2..filled).contains(&width(line)) => {
                return Err(self.too_few_names(line, width(line), rows));
            }
            _ => {}
        }
        self.after = last;
        self.numbers_before(rows, &lines.clone().after(last))
    }

    /// Takes the names of the columns from a comment right above the rows, as NumPy and MATLAB's programs write them: where it
    /// names both axes, or the columns that were asked for.
    fn commented_names(&mut self, text: &str, first: &Line<'_>, reading: &Reading) {
        let Some((number, comment)) = comment_before(text, first.number).filter(|_| self.names.is_none()) else {
            return;
        };
        let names: Vec<&str> = fields(comment, self.separator).collect();
        let asked = reading.columns.as_ref().is_some_and(|said| said.iter().all(|name| names.contains(&name.as_str())));
        if names.len() == self.width && (asked || names_axes(names.iter().copied())) {
            self.notes.push(format!("line {number}, a comment, names the columns"));
            self.names = Some(names.into_iter().map(str::to_owned).collect());
        }
    }

    /// Says that no line holds numbers: which field is nearly one, or what the first lines hold.
    fn no_numbers(&self, sample: &[Line<'_>], first: &Line<'_>) -> String {
        for line in sample {
            for (at, field) in fields(line.text, self.separator).enumerate() {
                if let Some(flaw) = flaw(field).filter(|_| matches!(cell(field, self.decimal), Cell::Text(_))) {
                    return format!("line {}: '{}' in column {} {flaw}", line.number, shorten(field), at + 1);
                }
            }
        }
        let then = sample.get(1).map(|line| format!(" ('{}' in line {})", shorten(line.text), line.number));
        let then = then.unwrap_or_default();
        format!(
            "line {}: '{}' holds no numbers, and nor do the lines after it{then}",
            first.number,
            shorten(first.text)
        )
    }

    /// Whether the first column holds the rows' names, of which R leaves out the name: it counts them, or holds words.
    fn first_names_rows(&self, rows: &[Line<'_>]) -> bool {
        let first = |line: &Line<'_>| fields(line.text, self.separator).next().map(str::to_owned);
        let names: Vec<String> = rows.iter().filter_map(first).collect();
        let begins = |from: usize| names.iter().enumerate().all(|(i, name)| *name == (i + from).to_string());
        let is_word = |name: &String| matches!(cell(name, self.decimal), Cell::Text(_)) && flaw(name).is_none();
        // Of rows that were taken out of others R keeps the numbers, in quotes.
        let quoted = rows.iter().all(|line| line.text.starts_with('"') && !line.text.ends_with('"'));
        begins(0) || begins(1) || names.iter().all(is_word) || self.separator == Separator::Space || quoted
    }

    /// How many columns there are up to the last in which a row has something.
    fn filled(&self, rows: &[Line<'_>]) -> usize {
        let mut filled = 0;
        for line in rows {
            for (at, field) in fields(line.text, self.separator).take(self.width).enumerate() {
                if !field.is_empty() {
                    filled = filled.max(at + 1);
                }
            }
        }
        filled
    }

    /// Says that the rows have more fields than their heading.
    fn too_few_names(&self, line: &Line<'_>, names: usize, rows: &[Line<'_>]) -> String {
        let Some(row) = rows.first() else { return String::new() };
        let found = fields(row.text, self.separator).count();
        let flawed = fields(row.text, self.separator).find_map(|field| Some((field, flaw(field)?)));
        let why = match flawed {
            Some((field, flaw)) => format!("'{}' {flaw}; put a number that contains a comma in quotes", shorten(field)),
            None if self.separator == Separator::Comma => {
                "if the numbers have decimal commas or marks of thousands, these and the commas between the columns \
                 cannot be told apart: quote the numbers, or put semicolons between them; if not, name every column"
                    .to_owned()
            }
            None => "name every column, or remove the line".to_owned(),
        };
        format!("line {} names {names} columns, but line {} has {found} fields: {why}", line.number, row.number)
    }

    /// For each of the first columns, whether numbers are the rule in it.
    fn numeric_columns(&self, sample: &[Line<'_>]) -> Vec<bool> {
        let mut counts = vec![(0_usize, 0_usize); self.width.min(MOST_COLUMNS)];
        for line in sample {
            for (field, (numbers, texts)) in fields(line.text, self.separator).zip(&mut counts) {
                match cell(field, self.decimal) {
                    Cell::Number(_) => *numbers += 1,
                    Cell::Text(_) => *texts += 1,
                    Cell::Missing => {}
                }
            }
        }
        counts.into_iter().map(|(numbers, texts)| numbers > 0 && numbers >= texts).collect()
    }

    /// Takes the columns' names from a line, in which the name of a first column that names the rows may be left out.
    fn name(&mut self, line: &Line<'_>, names_rows: bool) {
        let mut names: Vec<String> = fields(line.text, self.separator).map(str::to_owned).collect();
        if names.len() + 1 == self.width && names_rows {
            names.insert(0, String::new());
        }
        // Separators at the end of the heading alone.
        while names.len() > self.width && names.last().is_some_and(String::is_empty) {
            names.pop();
        }
        self.width = self.width.max(names.len());
        names.resize(self.width, String::new());
        (self.names, self.after) = (Some(names), line.number);
    }

    /// Looks for a heading of numbers, as pandas makes it for columns without names, and for lines that say how many
    /// rows and columns there are.
    fn numbers_before(&mut self, sample: &[Line<'_>], lines: &Lines<'_>) -> Result<(), String> {
        let Some(first) = sample.first() else { return Ok(()) };
        let is_first = self.after == 0;
        // Below a heading programs that write sizes separate by spaces; elsewhere it is a point that begins so by chance.
        if !is_first && self.separator != Separator::Space {
            return Ok(());
        }
        if is_first && self.is_numbered_heading(sample) {
            let text =
                fields(first.text, self.separator).filter(|field| !field.is_empty()).collect::<Vec<_>>().join(", ");
            self.notes.push(format!(
                "line {} ({}) is taken for a heading, since it counts the columns (--heading no makes it a point)",
                first.number,
                shorten(&text)
            ));
            self.name(first, false);
            return Ok(());
        }
        let sizes = |line: &Line<'_>| -> Option<Vec<usize>> {
            let words: Vec<&str> = line.text.split([' ', '\t', ',', ';']).filter(|word| !word.is_empty()).collect();
            let bare = (1..=4).contains(&words.len()) && words.iter().all(|word| is_bare(word));
            bare.then(|| words.iter().map(|word| word.parse().ok()).collect())?
        };
        let Some(one) = sizes(first) else { return Ok(()) };
        let two = sample.get(1).and_then(|line| Some((line, sizes(line)?)));
        let total = lines.clone().count();
        // A few points of whole numbers may begin with their number by chance.
        let mut numbers = sample[1..].iter().flat_map(|line| fields(line.text, self.separator));
        let telling = total > FEW_ROWS
            || numbers.any(|field| matches!(cell(field, self.decimal), Cell::Number(_)) && !is_bare(field));
        let width = self.width;
        let is_size = |said: &[usize], rows: usize| {
            if let &[n] = said {
                return n == rows;
            }
            let Some(at) = said.iter().position(|&n| n == rows) else { return false };
            let mut others = said.iter().enumerate().filter(|&(i, _)| i != at).map(|(_, &n)| n);
            // How many columns or dimensions there are; or of how many faces and edges there are none.
            let fits = others.clone().any(|n| n == width || n == 2) || (said.len() > 2 && others.all(|n| n == 0));
            telling && rows > 1 && fits
        };
        let fewer = |line: &Line<'_>| fields(line.text, self.separator).count() < width;
        let last = match &two {
            // One line with each number.
            Some((line, two))
                if one.len() == 1 && two.len() == 1 && fewer(first) && fewer(line) && {
                    let rows = total.saturating_sub(2);
                    (one[0], two[0]) == (rows, width) || (one[0], two[0]) == (width, rows)
                } =>
            {
                Some(line.number)
            }
            _ if is_size(&one, total - 1) && (one.len() > 1 || fewer(first)) => Some(first.number),
            _ => None,
        };
        if let Some(last) = last {
            let otherwise = if is_first { " (--heading no makes it one)" } else { "" };
            self.notes.push(format!(
                "line {} ({}) says how many rows there are and is no point{otherwise}",
                first.number,
                shorten(first.text)
            ));
            self.after = last;
        } else if one.len() == 1 && fewer(first) && width > 1 {
            return Err(format!(
                "line {} is {}, which looks like the number of rows, but {} follow; correct or remove it",
                first.number,
                one[0],
                total - 1
            ));
        }
        Ok(())
    }

    /// Whether the first line counts the columns from 0 while no number in two of them at least is written without a
    /// point: 0,1 is no point of such a file.
    fn is_numbered_heading(&self, sample: &[Line<'_>]) -> bool {
        let Some((first, rows)) = sample.split_first() else { return false };
        let names: Vec<&str> = fields(first.text, self.separator).collect();
        // pandas' own index has an empty name.
        let names = if names.first().is_some_and(|name| name.is_empty()) { &names[1..] } else { &names[..] };
        if names.len() < 2 || names.iter().enumerate().any(|(i, name)| *name != i.to_string()) {
            return false;
        }
        let width = self.width.min(MOST_COLUMNS);
        let (mut numbers, mut bare) = (vec![0_usize; width], vec![false; width]);
        for line in rows {
            for (i, field) in fields(line.text, self.separator).take(width).enumerate() {
                numbers[i] += usize::from(matches!(cell(field, self.decimal), Cell::Number(_)));
                bare[i] |= is_bare(field);
            }
        }
        numbers.iter().zip(&bare).filter(|(numbers, bare)| **numbers > 0 && !**bare).count() >= 2
    }
}
