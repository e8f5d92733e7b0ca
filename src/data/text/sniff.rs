//! How a text table is written: its separator and decimal mark, and which lines stand before its rows.

use super::super::columns::{Cell, MOST_COLUMNS};
use super::super::reading::Reading;
use super::flaw::flaw;
use super::lines::{Line, Lines, fields};
use super::number::{cell, grouped, is_bare, is_broken};
use crate::config::{DecimalMark, Heading, Separator};

/// So many lines, and bytes of them, show how a file is written.
const SAMPLE_LINES: usize = 1000;
const SAMPLE_BYTES: usize = 1 << 20;
/// In fewer rows of whole numbers a first line with their number may be a point.
const FEW_ROWS: usize = 20;
/// More lines than this before the rows are no heading.
const MOST_PREAMBLE: usize = 40;

/// How a text is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) separator: Separator,
    pub(super) decimal: DecimalMark,
    /// Fields in a row.
    pub(super) width: usize,
    /// The columns' names.
    pub(super) names: Option<Vec<String>>,
    /// The rows begin after the line of this number.
    pub(super) after: usize,
    /// What was guessed.
    pub(super) notes: Vec<String>,
}

/// A separator and a decimal mark, the likelier ones first.
const DIALECTS: [(Separator, DecimalMark); 10] = [
    (Separator::Comma, DecimalMark::Point),
    (Separator::Semicolon, DecimalMark::Point),
    (Separator::Tab, DecimalMark::Point),
    (Separator::Bar, DecimalMark::Point),
    (Separator::Space, DecimalMark::Point),
    (Separator::Semicolon, DecimalMark::Comma),
    (Separator::Tab, DecimalMark::Comma),
    (Separator::Bar, DecimalMark::Comma),
    (Separator::Space, DecimalMark::Comma),
    // "0,5","0,6"
    (Separator::Comma, DecimalMark::Comma),
];

/// Finds out how `text` is written, as far as `reading` does not say it. The error says which line is like no other.
pub(super) fn sniff(text: &str, reading: &Reading) -> Result<Form, String> {
    let mut lines = Lines::new(text, 1);
    let (mut separator, mut notes) = (reading.separator, Vec::new());
    let excel = lines.clone().next().and_then(|line| Some((line.number, excel_separator(line.text)?)));
    let mut after = 0;
    if let Some((number, said)) = excel {
        lines = lines.after(number);
        after = number;
        if separator.is_none() {
            separator = Some(said);
            notes.push(format!("line {number} says what separates the columns: {}", said.name()));
        }
    }
    let mut sample: Vec<Line<'_>> = Vec::new();
    let mut bytes = 0;
    for line in lines.clone().take(SAMPLE_LINES) {
        bytes += line.text.len();
        sample.push(line);
        if bytes > SAMPLE_BYTES && sample.len() > 2 {
            break;
        }
    }
    let (separator, decimal, width) = dialect(&sample, separator, reading.decimal);
    if decimal == DecimalMark::Comma && reading.decimal.is_none() {
        notes.push("numbers have a decimal comma".to_owned());
    }
    let mut form = Form { separator, decimal, width, names: None, after, notes };
    form.head(&sample, &lines, reading)?;
    Ok(form)
}

/// The separator of Excel's `sep=;`.
fn excel_separator(line: &str) -> Option<Separator> {
    let (word, separator) = line.trim_matches('"').split_at_checked(4)?;
    if !word.eq_ignore_ascii_case("sep=") {
        return None;
    }
    match separator {
        "," => Some(Separator::Comma),
        ";" => Some(Separator::Semicolon),
        "|" => Some(Separator::Bar),
        " " => Some(Separator::Space),
        // A tab at a line's end is taken off.
        "\t" | "\\t" | "" => Some(Separator::Tab),
        _ => None,
    }
}

/// The likeliest of the dialects that are not ruled out, with the number of fields of its rows.
fn dialect(
    sample: &[Line<'_>],
    separator: Option<Separator>,
    decimal: Option<DecimalMark>,
) -> (Separator, DecimalMark, usize) {
    let possible = DIALECTS
        .into_iter()
        .filter(|(s, d)| separator.is_none_or(|said| said == *s) && decimal.is_none_or(|said| said == *d));
    let likeliest = |lenient: bool| {
        let mut best: Option<([usize; 3], (Separator, DecimalMark, usize))> = None;
        for (separator, decimal) in possible.clone() {
            let (merit, width) = merit(sample, separator, decimal, lenient);
            if best.is_none_or(|(known, _)| merit > known) {
                best = Some((merit, (separator, decimal, width)));
            }
        }
        best
    };
    let two_numbers = |best: &Option<([usize; 3], _)>| best.is_some_and(|(merit, _)| merit[0] > 0);
    let strict = likeliest(false);
    // Where nothing has two numbers, what has two fields that are nearly ones.
    let best = if two_numbers(&strict) { strict } else { Some(likeliest(true)).filter(two_numbers).unwrap_or(strict) };
    // 1,250;2,500 are decimals rather than thousands.
    if let Some((
        merits,
        (
            separator @ (Separator::Semicolon | Separator::Tab | Separator::Bar | Separator::Space),
            DecimalMark::Point,
            _,
        ),
    )) = best
        && decimal.is_none()
        && sample.iter().any(|line| fields(line.text, separator).any(is_doubtful))
    {
        let (other, width) = merit(sample, separator, DecimalMark::Comma, false);
        if other == merits {
            return (separator, DecimalMark::Comma, width);
        }
    }
    let otherwise = (separator.unwrap_or(Separator::Comma), decimal.unwrap_or(DecimalMark::Point), 1);
    best.map_or(otherwise, |(_, found)| found)
}

/// Whether it is a number whose one comma may mark thousands or decimals.
fn is_doubtful(field: &str) -> bool {
    grouped(field, DecimalMark::Point).is_some_and(|grouped| grouped.doubtful)
}

/// How well a dialect fits: lines with two numbers at least and as many fields as most, then lines with several fields,
/// then lines with a number. And how many fields those lines have. What is `lenient` counts what is nearly a number too.
fn merit(sample: &[Line<'_>], separator: Separator, decimal: DecimalMark, lenient: bool) -> ([usize; 3], usize) {
    // For each number of fields, how many lines have two numbers and how many have not.
    let mut widths: Vec<(usize, [usize; 3])> = Vec::new();
    for line in sample {
        let (mut width, mut numbers, mut broken) = (0, 0, false);
        for field in fields(line.text, separator) {
            width += 1;
            match cell(field, decimal) {
                Cell::Number(_) => numbers += 1,
                Cell::Text(text) if lenient && flaw(text).is_some() => numbers += 1,
                Cell::Text(text) => broken |= is_broken(text),
                Cell::Missing => {}
            }
        }
        if broken {
            continue;
        }
        let counts = [usize::from(numbers >= 2), usize::from(width >= 2), usize::from(numbers >= 1)];
        match widths.iter().position(|(known, _)| *known == width) {
            Some(at) => (0..3).for_each(|i| widths[at].1[i] += counts[i]),
            // Lines of all lengths are no table.
            None if widths.len() > 100 => {}
            None => widths.push((width, counts)),
        }
    }
    // Of equals the first that came.
    let best = widths.iter().rev().max_by_key(|(_, sums)| *sums);
    best.map_or(([0; 3], 1), |&(width, sums)| (sums, width))
}

impl Form {
    fn cells<'a>(&self, line: &Line<'a>) -> Vec<Cell<'a>> {
        let decimal = self.decimal;
        fields(line.text, self.separator).map(move |field| cell(field, decimal)).collect()
    }

    /// Finds what stands before the rows: names, size, and lines of neither.
    fn head(&mut self, sample: &[Line<'_>], lines: &Lines<'_>, reading: &Reading) -> Result<(), String> {
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
            return self.numbers_before(sample, lines);
        }
        let count = |line: &Line<'_>| fields(line.text, self.separator).filter(|field| !field.is_empty()).count();
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
        let heading =
            before.iter().rev().filter(|line| fits(line) && count(line) > 0).max_by_key(|line| count(line)).copied();
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
        Ok(())
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
            Some((field, flaw)) => format!("'{}' {flaw}, and a comma within a number takes quotes around it", shorten(field)),
            None if self.separator == Separator::Comma => {
                "if they are numbers with decimal commas or marks of thousands, these and the commas between the columns \
                 cannot be told apart: quote the numbers, or put semicolons between them; else name every column"
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
        let first = &sample[0];
        if self.is_numbered_heading(sample) {
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
            let bare = (1..=3).contains(&words.len()) && words.iter().all(|word| is_bare(word));
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
            let at = |n: usize, not: Option<usize>| (0..said.len()).find(|&i| said[i] == n && Some(i) != not);
            telling && rows > 1 && at(rows, None).is_some_and(|first| at(width, Some(first)).is_some())
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
            self.notes.push(format!(
                "line {} ({}) says how many rows there are and is no point (--heading no makes it one)",
                first.number,
                shorten(first.text)
            ));
            self.after = last;
        } else if one.len() == 1 && fewer(first) && width > 1 {
            return Err(format!(
                "line {} is {}, as if to say how many rows there are, but there are {} after it; mend or remove it",
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

pub(in super::super) fn shorten(text: &str) -> String {
    let plain: String = text.chars().take(25).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() <= 24 { plain } else { plain.chars().take(24).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Form {
        sniff(text, &Reading::default()).unwrap_or_else(|reason| panic!("{text:?}: {reason}"))
    }

    #[test]
    fn separators_and_decimal_marks_are_told_from_each_other() {
        use DecimalMark::{Comma as C, Point as P};
        for (text, separator, decimal, width) in [
            ("1,2\n3,4\n", Separator::Comma, P, 2),
            ("1, 2\n3, 4\n", Separator::Comma, P, 2),
            ("0.5;0.25\n", Separator::Semicolon, P, 2),
            ("1;2\n3;4\n", Separator::Semicolon, P, 2),
            ("0,5;0,25\n1,5;2,5\n", Separator::Semicolon, C, 2),
            ("x;y\n0,5;0,25\n1;2,5\n", Separator::Semicolon, C, 2),
            ("1;2\n1,5;2,5\n", Separator::Semicolon, C, 2),
            ("0,5\t0,25\n", Separator::Tab, C, 2),
            ("0,5 0,25\n", Separator::Space, C, 2),
            ("\"0,5\",\"0,25\"\n\"1,5\",\"2,5\"\n", Separator::Comma, C, 2),
            ("0.5\t0.25\n", Separator::Tab, P, 2),
            ("0.5|0.25\n", Separator::Bar, P, 2),
            ("  0.5   0.25\n 1 \t 2\n", Separator::Space, P, 2),
            ("0.5,0.25,class one\n", Separator::Comma, P, 3),
            ("0.5\t0.25\tclass 1\n1.5\t2.5\tclass 2\n", Separator::Tab, P, 3),
            ("2020-01-01 10:00,0.5,0.25\n", Separator::Comma, P, 3),
            ("1.234,5;6.789,25\n", Separator::Semicolon, C, 2),
            ("\"1,234.5\",\"6,789.25\"\n", Separator::Comma, P, 2),
            ("sep=;\nx;y\n1;2\n", Separator::Semicolon, P, 2),
            ("0.5\n0.25\n", Separator::Comma, P, 1),
        ] {
            let found = form(text);
            assert_eq!((found.separator, found.decimal, found.width), (separator, decimal, width), "{text:?}");
        }
    }

    #[test]
    fn what_stands_before_the_rows_is_found() {
        let names = |text: &str| {
            let form = form(text);
            (form.names.map(|names| names.join("|")), form.after, form.notes.len())
        };
        let heading = |text: &str| Some(text.to_owned());
        assert_eq!(names("0.5,0.25\n1.5,2.5\n"), (None, 0, 0));
        assert_eq!(names("x,y\n1,2\n"), (heading("x|y"), 1, 0));
        assert_eq!(names("# c\nx y\n1 2\n"), (heading("x|y"), 2, 0));
        // pandas' names of columns without names, with its index and without.
        assert_eq!(names("0,1\n0.5,0.25\n1.5,1.0\n"), (heading("0|1"), 1, 1));
        assert_eq!(names(",0,1\n0,0.5,0.25\n1,1.5,1.0\n"), (heading("|0|1"), 1, 1));
        // A point where other numbers are written without a point too.
        assert_eq!(names("0,1\n0.5,0.25\n1,0\n"), (None, 0, 0));
        assert_eq!(names("1,2\n0.5,0.25\n"), (None, 0, 0));
        // Sizes.
        assert_eq!(names("2 2\n0.5 0.25\n1.5 2.5\n"), (None, 1, 1));
        assert_eq!(names("3 2\n0.5 0.25\n1.5 2.5\n1 2\n"), (None, 1, 1));
        assert_eq!(names("2\n0.5 0.25\n1.5 2.5\n"), (None, 1, 1));
        assert_eq!(names("2\n2\n0.5 0.25\n1.5 2.5\n"), (None, 2, 1));
        assert_eq!(names("4 2\n0.5 0.25\n1.5 2.5\n"), (None, 0, 0));
        assert_eq!(names("2,2\n3,4\n5,6\n"), (None, 0, 0));
        assert_eq!(names(&format!("30 2\n{}", "3 4\n".repeat(30))), (None, 1, 1));
        assert!(sniff("3\n0.5 0.25\n1.5 2.5\n", &Reading::default()).unwrap_err().contains("line 1 is 3"));
        // R's heading has no name for the rows' names.
        assert_eq!(names("\"x\" \"y\"\n\"1\" 0.5 0.25\n\"2\" 1.5 2.5\n"), (heading("|x|y"), 1, 0));
        assert_eq!(names("My data\n\nx;y\nmm;mm\n1;2\n3;4\n"), (heading("x|y"), 4, 1));
        assert_eq!(names("x,y,\n1,2\n3,4\n"), (heading("x|y"), 1, 0));
    }

    #[test]
    fn what_is_said_goes_before_what_is_seen() {
        let reading = |heading| Reading { heading: Some(heading), ..Reading::default() };
        let found = sniff("0,1\n0.5,0.25\n", &reading(Heading::No)).unwrap();
        assert_eq!((found.names, found.after), (None, 0));
        let found = sniff("7,8\n1,2\n", &reading(Heading::Yes)).unwrap();
        assert_eq!(found.names.unwrap(), ["7", "8"]);
        let semicolon = Reading { separator: Some(Separator::Semicolon), ..Reading::default() };
        assert_eq!(sniff("1,5;2,5\n", &semicolon).unwrap().decimal, DecimalMark::Comma);
        let comma = Reading { decimal: Some(DecimalMark::Comma), ..Reading::default() };
        assert_eq!(sniff("1,5 2,5\n", &comma).unwrap().separator, Separator::Space);
    }
}
