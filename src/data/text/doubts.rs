//! What of a table is doubted: lines that are no points, commas that may be decimal marks, columns that are nearly numbers.

use super::super::columns::{self, Kind, Pick, shown};
use super::super::{DataError, at_line};
use super::flaw::{CURRENCIES, flaw};
use super::number;
use super::sniff::shorten;
use super::{Classes, Problem, Source, Survey};
use crate::config::Separator;

/// So many lines at the end may stand below the points.
const LINES_BELOW: usize = 3;
/// What a line that sums up the points begins with, in small letters.
const SUMMARIES: [&str; 17] = [
    "total",
    "totals",
    "grand total",
    "sum",
    "mean",
    "average",
    "avg",
    "median",
    "std",
    "stdev",
    "std dev",
    "gesamt",
    "summe",
    "mittelwert",
    "somme",
    "moyenne",
    "media",
];

impl Source<'_> {
    /// Says that a row has more fields than there are columns, and why that may be.
    pub(super) fn too_many(&self, found: usize, extra: &str) -> String {
        let (width, extra) = (self.form.width, shorten(extra));
        let hint = if self.form.separator == Separator::Comma {
            "; put quotes around a number or a word that contains a comma"
        } else {
            ""
        };
        format!("{found} fields where other lines have {width}; the one too many begins '{extra}'{hint}")
    }

    /// Where the first column's fields look like another dialect's, a word about it; where a column's are nearly numbers,
    /// what keeps them from it.
    pub(super) fn with_hint(&self, survey: &Survey, reason: String) -> String {
        let unusable = |at: usize| survey.columns[at].kind() == Kind::Text;
        let first = survey
            .nearly
            .iter()
            .enumerate()
            .find_map(|(at, found)| Some((at, found.as_ref()?)).filter(|_| unusable(at)));
        if let Some((at, (fed, text))) = first
            && let Some(flaw) = flaw(text)
        {
            let (line, name) = (self.line_number(*fed), shown(&survey.columns, at));
            return format!("line {line}: '{}' in {name} {flaw}", shorten(text));
        }
        let said =
            format!("read with {} as separator and a decimal {}", self.form.separator.name(), self.form.decimal.name());
        let odd = survey.columns.iter().any(|column| matches!(column.kind(), Kind::Text | Kind::Flawed));
        if odd || self.form.width == 1 {
            return format!("{reason} ({said}; --separator and --decimal say otherwise)");
        }
        reason
    }

    /// Refuses whole numbers between commas that may be numbers with decimal commas.
    pub(super) fn refuse_commas(&self, survey: &Survey) -> Result<(), DataError> {
        let width = self.form.width;
        if self.form.separator != Separator::Comma || !survey.commas.may_be_decimal(width) {
            return Ok(());
        }
        let Some(first) = self.lines().next() else { return Ok(()) };
        let reason = format!(
            "'{}' is {width} whole numbers, or fewer with decimal commas or marks of thousands: these and the commas \
             between the columns cannot be told apart. Quote the numbers, or put semicolons between them; if they are whole \
             numbers, choose two columns with --columns",
            shorten(first.text)
        );
        Err(at_line(self.path, first.number, reason))
    }

    /// Refuses a table whose x or y by name holds what is nearly numbers, and was left out for it.
    pub(super) fn refuse_nearly_named(&self, survey: &Survey, pick: &Pick) -> Result<(), DataError> {
        for (at, found) in survey.nearly.iter().enumerate().filter(|(at, _)| !pick.points.contains(at)) {
            let is_axis = columns::axis_of(&survey.columns[at]).is_some();
            // $1,234.50 without quotes is two fields.
            let is_cut = |text: &str| {
                let unnamed = self.form.names.is_none() && self.form.separator == Separator::Comma;
                unnamed && text.starts_with(|c: char| CURRENCIES.contains(c))
            };
            if let Some((fed, text)) = found
                && let Some(flaw) = flaw(text).filter(|_| is_axis || is_cut(text))
            {
                let name = shown(&survey.columns, at);
                return Err(at_line(
                    self.path,
                    self.line_number(*fed),
                    format!("'{}' in {name} {flaw}", shorten(text)),
                ));
            }
        }
        Ok(())
    }
}

/// What to do about a row that is none, where it stands at the table's end.
pub(super) fn below(row: usize, rows: usize) -> &'static str {
    let at_the_end = rows > 2 * LINES_BELOW && row + LINES_BELOW >= rows;
    if at_the_end { "; if the line stands below the points, such as a total, remove it" } else { "" }
}

/// Refuses a row that says by a word that it is no point but a sum of those above it.
pub(super) fn refuse_summary(
    record: &csv::StringRecord,
    pick: &Pick,
    survey: &Survey,
    classes: Option<&Classes>,
) -> Result<(), Problem> {
    for (at, field) in record.iter().enumerate().filter(|(at, _)| !pick.points.contains(at)) {
        let word = field.trim_end_matches([':', '=', ' ']).to_lowercase();
        let Some(column) = survey.columns.get(at).filter(|_| SUMMARIES.contains(&word.as_str())) else { continue };
        let alone = match column.kind() {
            Kind::Flawed => true,
            _ if pick.labels == Some(at) => classes.is_some_and(|classes| !classes.known.contains_key(field)),
            _ => column.names_rows(),
        };
        if alone {
            let name = shown(&survey.columns, at);
            return Err(Problem(format!(
                "'{field}' in {name}: the line sums up the points and is no point; remove it"
            )));
        }
    }
    Ok(())
}

/// What shows whether commas between whole numbers may be decimal ones.
pub(super) struct Commas {
    /// Whether all fields are whole numbers, in digits alone.
    bare: bool,
    /// Whether a field begins with a zero too many: `05`.
    padded: bool,
    /// Whether every second field has a sign, as no decimals do.
    signed: bool,
}

impl Default for Commas {
    fn default() -> Self {
        Self { bare: true, padded: false, signed: false }
    }
}

impl Commas {
    pub(super) fn add(&mut self, record: &csv::StringRecord) {
        if !self.bare {
            return;
        }
        for (at, field) in record.iter().enumerate() {
            self.bare &= number::is_bare(field);
            self.padded |= field.len() > 1 && field.starts_with('0');
            self.signed |= at % 2 == 1 && field.starts_with(['+', '-']);
        }
    }

    fn may_be_decimal(&self, width: usize) -> bool {
        self.bare && !self.signed && (width == 4 || (width > 2 && self.padded))
    }
}
