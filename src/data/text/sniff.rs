//! How a text table is written: its separator and decimal mark, and which lines stand before its rows.

use super::super::columns::Cell;
use super::super::reading::Reading;
use super::flaw::flaw;
use super::lines::{Line, Lines, Wrap, fields};
use super::number::{cell, grouped, is_broken};
use crate::config::{DecimalMark, Separator};

/// So many lines, and bytes of them, show how a file is written.
const SAMPLE_LINES: usize = 1000;
const SAMPLE_BYTES: usize = 1 << 20;

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
    /// What stands around each row.
    pub(super) wrap: Wrap,
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
    // Whoever says that semicolons separate the columns has them at the ends too.
    let wrap = Wrap::of(&lines, SAMPLE_LINES);
    let wrap = if separator.is_some() && wrap == Wrap::Semicolon { Wrap::None } else { wrap };
    lines = lines.without(wrap);
    notes.extend(wrap.note().map(str::to_owned));
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
    let mut form = Form { separator, decimal, width, names: None, after, wrap, notes };
    form.head(text, &sample, &lines, reading)?;
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

pub(in super::super) fn shorten(text: &str) -> String {
    let plain: String = text.chars().take(25).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() <= 24 { plain } else { plain.chars().take(24).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Heading;

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
        // Sizes below a title or names, of faces and edges too, and of Triangle's nodes.
        assert_eq!(names("OFF\n3 0 0\n1.5 2 0\n2 3 0\n4 4.5 0\n"), (None, 2, 2));
        assert_eq!(names("Faithful\n3 2\n1.5 2\n2 3\n4 4.5\n"), (None, 2, 2));
        assert_eq!(names("x y\n3 2\n1.5 2\n2 3\n4 4.5\n"), (heading("x|y"), 2, 1));
        assert_eq!(names("3 2 0 1\n1 10.5 20 0\n2 11 21 0\n3 12 22 1\n"), (None, 1, 1));
        assert_eq!(names("x,y\n3,2\n1.5,2\n2,3\n4,4.5\n"), (heading("x|y"), 1, 0));
        assert_eq!(names("x y\n0 1\n0.5 0.25\n1.5 2.5\n"), (heading("x|y"), 1, 0));
        // Of lines with as many names the one that names axes, or that which is nearest and holds no units.
        assert_eq!(names("Sensor;A7\ny;x\n1,5;20\n2;30\n"), (heading("y|x"), 2, 2));
        assert_eq!(names("Client;Mueller\nWidth;Height\n[mm];[mm]\n1;2\n3;4\n5;6\n"), (heading("Width|Height"), 3, 1));
        assert_eq!(names("Title, a, b\nid,x,y\n1,2.5,3\n2,4,5\n"), (heading("id|x|y"), 2, 1));
        assert_eq!(names("x,y\nleft,right\n1,2\n3,4\n"), (heading("x|y"), 2, 1));
        // Names in a comment, where they say which way the axes go.
        assert_eq!(names("# y x\n0.5 0.25\n1.5 2.5\n"), (heading("y|x"), 0, 1));
        assert_eq!(names("#id,x,y\n7,0.5,0.7\n9,0.4,0.3\n"), (heading("id|x|y"), 0, 1));
        assert_eq!(names("# of Faithful\n0.5 0.25\n1.5 2.5\n"), (None, 0, 0));
        // MATLAB ends rows so.
        assert_eq!(names("1.5,2.5;\n3,4;\n5,6.5;\n"), (None, 0, 0));
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
