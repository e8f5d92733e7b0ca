//! The lines of a text that hold something, as a [`csv::Reader`] can take them.

use std::io::Read;

use crate::config::Separator;

/// A line of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Its number, from 1.
    pub(super) number: usize,
    /// What it holds, without comments and without space at its ends.
    pub(super) text: &'a str,
}

/// Lines that are neither blank nor a comment. A comment begins with `#`, `%` or `//`, at a line's beginning or after
/// space.
#[derive(Clone, Debug)]
pub(super) struct Lines<'a> {
    rest: &'a str,
    number: usize,
    /// Where lines end: old Macs' files have no line feeds.
    end: char,
    wrap: Wrap,
}

/// What stands around the fields of every line and belongs to none of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Wrap {
    #[default]
    None,
    /// A semicolon at the end, as MATLAB ends rows.
    Semicolon,
    /// Quotes around the line, as in a table that was saved as one column.
    Quotes,
    /// Brackets, and perhaps a comma or a semicolon after them: `(1, 2),`.
    Brackets,
}

impl Wrap {
    /// What the line holds without it; None where the line does not have it.
    fn strip(self, text: &str) -> Option<&str> {
        match self {
            Self::None => Some(text),
            Self::Semicolon => text.strip_suffix(';').filter(|inner| !inner.contains(';')),
            Self::Quotes => text.strip_prefix('"')?.strip_suffix('"').filter(|inner| !inner.contains('"')),
            Self::Brackets => {
                let end = text.trim_end_matches([',', ';', ' ']);
                let pairs = [('(', ')'), ('[', ']'), ('{', '}')];
                let inner = pairs.iter().find_map(|&(open, close)| end.strip_prefix(open)?.strip_suffix(close))?;
                Some(inner.trim()).filter(|inner| !inner.contains(['(', ')', '[', ']', '{', '}']))
            }
        }
    }

    /// What stands around each of the first `most` lines; around the very first, which may name the columns, it need not.
    pub(super) fn of(lines: &Lines<'_>, most: usize) -> Self {
        let sample: Vec<&str> = lines.clone().take(most).map(|line| line.text).collect();
        let (first, rows) = match &sample[..] {
            [first, rows @ ..] if !rows.is_empty() => (Some(*first), rows),
            all => (None, all),
        };
        let is = |wrap: Self| {
            let inner: Option<Vec<&str>> = rows.iter().map(|line| wrap.strip(line)).collect();
            let Some(inner) = inner.filter(|inner| !inner.is_empty()) else { return false };
            match wrap {
                // A heading with semicolons inside belongs to a table that they separate.
                Self::Semicolon => first.is_some_and(|first| !first.trim_end_matches(';').contains(';')),
                // "0,5" may be one number with a decimal comma.
                Self::Quotes => {
                    inner.iter().all(|inner| inner.contains([',', ';', '\t', '|']))
                        && inner.iter().any(|inner| inner.contains(['.', ';', '\t', '|']))
                }
                Self::Brackets => inner.iter().all(|inner| inner.contains([',', ';', '\t', '|', ' '])),
                Self::None => true,
            }
        };
        [Self::Quotes, Self::Brackets, Self::Semicolon].into_iter().find(|&wrap| is(wrap)).unwrap_or_default()
    }

    /// What to say of it.
    pub(super) const fn note(self) -> Option<&'static str> {
        match self {
            Self::None | Self::Semicolon => None,
            Self::Quotes => Some("each row is in quotes, which are left out"),
            Self::Brackets => Some("each row is in brackets, which are left out"),
        }
    }
}

impl<'a> Lines<'a> {
    /// The lines of `text`, of which the first has the number `first`.
    pub(super) fn new(text: &'a str, first: usize) -> Self {
        // DOS ends a text with this character.
        let rest = text.trim_end_matches(['\u{1a}', '\0']);
        let end = if !rest.contains('\n') && rest.contains('\r') { '\r' } else { '\n' };
        Self { rest, number: first - 1, end, wrap: Wrap::None }
    }

    /// The same lines without what stands around them.
    pub(super) const fn without(mut self, wrap: Wrap) -> Self {
        self.wrap = wrap;
        self
    }

    /// What is left out of these lines: those that are comments, without their marks.
    pub(super) fn comments(mut self) -> impl Iterator<Item = Line<'a>> {
        std::iter::from_fn(move || {
            loop {
                let line = self.raw()?;
                if let Some(text) = commented(line) {
                    return Some(Line { number: self.number, text });
                }
            }
        })
    }

    /// The lines after the one of this number.
    pub(super) fn after(mut self, number: usize) -> Self {
        while self.number < number && !self.rest.is_empty() {
            self.raw();
        }
        self
    }

    /// The next line as it stands.
    fn raw(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        self.number += 1;
        let (line, rest) = self.rest.split_once(self.end).unwrap_or((self.rest, ""));
        self.rest = rest;
        Some(line)
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        loop {
            let line = self.raw()?;
            // A tab at the beginning is a separator.
            let text = without_comment(line).trim_end().trim_start_matches(' ');
            let text = self.wrap.strip(text).map_or(text, str::trim_end);
            if !text.trim_start().is_empty() {
                return Some(Line { number: self.number, text });
            }
        }
    }
}

/// What a line that is a comment says.
fn commented(line: &str) -> Option<&str> {
    let start = line.trim_start();
    let is_one = start.starts_with(['#', '%']) || start.starts_with("//");
    is_one.then(|| start.trim_start_matches(['#', '%', '/']).trim())
}

/// The comment right above the line of this number, if there is one, with its number.
pub(super) fn comment_before(text: &str, number: usize) -> Option<(usize, &str)> {
    let mut lines = Lines::new(text, 1);
    let mut last = None;
    while lines.number + 1 < number {
        let line = lines.raw()?;
        if !line.trim().is_empty() {
            last = commented(line).map(|comment| (lines.number, comment));
        }
    }
    last
}

fn without_comment(line: &str) -> &str {
    if commented(line).is_some() {
        return "";
    }
    if line.contains('"') {
        return line;
    }
    // After the values. `#` with a word at it may be a value: `class #1`.
    // And so may `%` before a separator: `12 %;13 %`.
    let percent = |at: usize| line[at + 1..].trim_start_matches(' ').starts_with([',', ';', '|', '\t']);
    let percents = line.match_indices('%').any(|(at, _)| percent(at));
    let begins = |at: usize, mark: &str| {
        let (before, after) = (line[..at].chars().next_back(), line[at + mark.len()..].chars().next());
        let sign = mark == "%" && percents && (percent(at) || line[at + 1..].trim().is_empty());
        before.is_some_and(char::is_whitespace) && !sign && (mark == "%" || after.is_none_or(char::is_whitespace))
    };
    let marks = ["#", "%", "//"];
    let first =
        marks.iter().filter_map(|mark| line.match_indices(mark).map(|(at, _)| at).find(|&at| begins(at, mark))).min();
    first.map_or(line, |at| &line[..at])
}

/// The fields of a line, in quotes or not, without space around them. Quotes that run on over lines are for the
/// [`csv::Reader`]; here the line's end ends them.
pub(super) fn fields(line: &str, separator: Separator) -> impl Iterator<Item = &str> {
    let mut rest = Some(line.trim_matches(' '));
    std::iter::from_fn(move || {
        let text = rest?;
        let ends = |c: char| match separator {
            Separator::Comma => c == ',',
            Separator::Semicolon => c == ';',
            Separator::Tab => c == '\t',
            Separator::Bar => c == '|',
            Separator::Space => c == ' ' || c == '\t',
        };
        let text = text.trim_start_matches(|c: char| c == ' ' || (c == '\t' && separator == Separator::Space));
        let (field, after) = match text.strip_prefix('"').and_then(|inner| inner.split_once('"')) {
            Some((field, after)) => (field, after),
            None => text.split_at(text.find(ends).unwrap_or(text.len())),
        };
        let after = after.trim_start_matches(|c: char| c.is_whitespace() && !ends(c));
        rest = after.find(ends).map(|at| &after[at + 1..]);
        if separator == Separator::Space {
            rest = rest.map(|rest| rest.trim_start_matches(ends)).filter(|rest| !rest.is_empty());
        }
        Some(field.trim())
    })
}

/// What stands between fields in what [`Feed`] gives.
pub(super) fn byte(separator: Separator) -> u8 {
    match separator {
        Separator::Comma => b',',
        Separator::Semicolon => b';',
        Separator::Tab => b'\t',
        Separator::Bar => b'|',
        Separator::Space => b' ',
    }
}

/// The lines, one after another, as bytes; between fields that spaces separate there is one, and between a separator
/// and a quote there is none.
pub(super) struct Feed<'a> {
    lines: Lines<'a>,
    line: &'a [u8],
    separator: u8,
    quote: u8,
    /// Whether the line is looked at byte by byte.
    slow: bool,
    quoted: bool,
    begun: bool,
}

impl<'a> Feed<'a> {
    pub(super) fn new(lines: Lines<'a>, separator: Separator, quote: u8) -> Self {
        Self { lines, line: &[], separator: byte(separator), quote, slow: false, quoted: false, begun: false }
    }
}

impl Read for Feed<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let mut filled = 0;
        while filled < out.len() {
            if self.line.is_empty() {
                if self.begun {
                    out[filled] = b'\n';
                    filled += 1;
                }
                let Some(line) = self.lines.next() else {
                    self.begun = false;
                    break;
                };
                (self.line, self.begun, self.quoted) = (line.text.as_bytes(), true, false);
                let collapses = self.separator == b' ';
                self.slow = collapses || self.line.contains(&self.quote);
                if collapses {
                    self.line = self.line.trim_ascii_start();
                }
                continue;
            }
            if !self.slow {
                let n = self.line.len().min(out.len() - filled);
                out[filled..filled + n].copy_from_slice(&self.line[..n]);
                (self.line, filled) = (&self.line[n..], filled + n);
                continue;
            }
            let (mut byte, rest) = (self.line[0], &self.line[1..]);
            self.line = rest;
            self.quoted ^= byte == self.quote;
            if !self.quoted && self.separator == b' ' && matches!(byte, b' ' | b'\t') {
                byte = b' ';
                self.line = self.line.trim_ascii_start();
            } else if !self.quoted && byte == self.separator {
                let space = self.line.iter().take_while(|&&byte| byte == b' ').count();
                self.line = &self.line[space..];
            }
            out[filled] = byte;
            filled += 1;
        }
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_and_comments_left_out() {
        let text = "% head\n\n1 2\r\n  # x\n// y\n3 4 % last\n5 6 // end\na #1\n\t7\n1 %;2 %\n8 %\n\u{1a}";
        let found: Vec<_> = Lines::new(text, 1).map(|line| (line.number, line.text)).collect();
        assert_eq!(found, [(3, "1 2"), (6, "3 4"), (7, "5 6"), (8, "a #1"), (9, "\t7"), (10, "1 %;2 %"), (11, "8")]);
        let mac: Vec<_> = Lines::new("1,2\r3,4\r", 1).map(|line| (line.number, line.text)).collect();
        assert_eq!(mac, [(1, "1,2"), (2, "3,4")]);
        assert_eq!(Lines::new("a\nb\nc", 1).after(2).next(), Some(Line { number: 3, text: "c" }));
        assert_eq!(Lines::new("", 1).next(), None);
    }

    #[test]
    fn what_stands_around_every_row_is_found_and_left_out() {
        let first = |text| {
            let lines = Lines::new(text, 1);
            let wrap = Wrap::of(&lines, 1000);
            (wrap, lines.without(wrap).last().unwrap().text)
        };
        assert_eq!(first("x,y\n1,2;\n3,4;\n"), (Wrap::Semicolon, "3,4"));
        assert_eq!(first("x;y;\n1;2;\n3;4;\n"), (Wrap::None, "3;4;"));
        assert_eq!(first("1;\n"), (Wrap::None, "1;"));
        assert_eq!(first("\"x,y\"\n\"1.5,2\"\n\"3,4\"\n"), (Wrap::Quotes, "3,4"));
        assert_eq!(first("\"1,2\",\"3,4\"\n\"1,5\",\"3,4\"\n"), (Wrap::None, "\"1,5\",\"3,4\""));
        assert_eq!(first("\"0,5\"\n\"0,25\"\n"), (Wrap::None, "\"0,25\""));
        assert_eq!(first("x y\n(1, 2)\n (3, 4) \n"), (Wrap::Brackets, "3, 4"));
        assert_eq!(first("[1 2];\n[3 4];\n"), (Wrap::Brackets, "3 4"));
        assert_eq!(first("{1, 2}\n{3, 4},\n"), (Wrap::Brackets, "3, 4"));
        assert_eq!(first("(1)\n(2)\n"), (Wrap::None, "(2)"));
        assert_eq!(first("(1),(2)\n(3),(4)\n"), (Wrap::None, "(3),(4)"));
        assert_eq!(first("(1.5, 2)\n"), (Wrap::Brackets, "1.5, 2"));
    }

    #[test]
    fn fields_are_split_at_their_separator() {
        let split = |line: &'static str, separator| fields(line, separator).collect::<Vec<_>>();
        assert_eq!(split("1, 2,", Separator::Comma), ["1", "2", ""]);
        assert_eq!(split("\"a,b\" ,\"\", c", Separator::Comma), ["a,b", "", "c"]);
        assert_eq!(split("  1 \t 2  ", Separator::Space), ["1", "2"]);
        assert_eq!(split("\"a b\" 2 3", Separator::Space), ["a b", "2", "3"]);
        assert_eq!(split("\tx\ty", Separator::Tab), ["", "x", "y"]);
        assert_eq!(split("a|b", Separator::Bar), ["a", "b"]);
        assert_eq!(split("", Separator::Comma), [""]);
    }

    #[test]
    fn the_feed_gives_the_lines_in_pieces_of_any_size() {
        let text = "# c\n 1\t  2 \n\n\"a  b\"  4\n";
        for size in 1..8 {
            let mut feed = Feed::new(Lines::new(text, 1), Separator::Space, b'"');
            let (mut whole, mut piece) = (Vec::new(), vec![0; size]);
            loop {
                let n = feed.read(&mut piece).unwrap();
                if n == 0 {
                    break;
                }
                whole.extend_from_slice(&piece[..n]);
            }
            assert_eq!(String::from_utf8(whole).unwrap(), "1 2\n\"a  b\" 4\n", "{size}");
        }
        let mut whole = String::new();
        let mut feed = Feed::new(Lines::new("1,  'a, b' , 2\n3, 4\n", 1), Separator::Comma, b'\'');
        feed.read_to_string(&mut whole).unwrap();
        assert_eq!(whole, "1,'a, b' ,2\n3, 4\n");
    }
}
