//! A protocol's results beside what was published, and what true points have.
//!
//! Ours are means with standard errors over seeds. A published deviation becomes the standard error of the published mean, over
//! the published number of seeds; where none was printed, ours is taken for it. A number agrees where the difference, less
//! half a unit of the last digit that was printed, is within [`LIMIT`] standard errors of the difference. Of five seeds each
//! that happens to two to four in a hundred numbers that do not differ.

use super::{Job, Method, Plan, Protocol, ProtocolError, Published, Reported, Results, Scores};
use crate::figures::fixed;
use crate::metric::Spread;
use crate::rng::{Stream, Use};

/// More standard errors of the difference than this are a difference.
const LIMIT: f64 = 3.0;

/// A measured number, as it is printed.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// The word for it in JSON.
    pub name: &'static str,
    /// The head of its column.
    pub title: &'static str,
    /// What it is multiplied by for people.
    pub factor: f64,
    /// Its decimals for people.
    pub decimals: usize,
    of: fn(&Scores) -> f64,
    reported: fn(&Published) -> Reported,
}

/// What is measured, in the order of the columns.
pub const MEASURES: [Measured; 3] = [
    Measured {
        name: "covered",
        title: "modes",
        factor: 1.0,
        decimals: 1,
        of: |scores| scores.covered,
        reported: |row| row.covered,
    },
    Measured {
        name: "valid",
        title: "valid %",
        factor: 100.0,
        decimals: 1,
        of: |scores| scores.valid,
        reported: |row| row.valid,
    },
    Measured {
        name: "mode_tv",
        title: "mode TV",
        factor: 1.0,
        decimals: 3,
        of: |scores| scores.mode_tv,
        reported: |row| row.mode_tv,
    },
];

/// How a row stands to what was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// All numbers agree.
    Agrees,
    /// At least one does not.
    Differs,
    /// Fewer iterations or seeds than were published.
    NotInFull,
    /// There is nothing to compare with.
    NotPublished,
}

impl Stands {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Differs => "differs",
            Self::NotInFull => "not-in-full",
            Self::NotPublished => "not-published",
        }
    }
}

/// A method at a mark.
#[derive(Debug)]
pub struct Row {
    /// The method.
    pub method: &'static Method,
    /// The published number of iterations.
    pub mark: u64,
    /// That of this plan.
    pub iterations: u64,
    /// The seeds whose results are there.
    pub seeds: Vec<u64>,
    /// How many of them diverged, which count with what they make then.
    pub diverged: usize,
    /// Ours, in the order of [`MEASURES`]; None without a seed.
    pub ours: Option<[Spread; 3]>,
    /// What was published.
    pub published: Option<&'static Published>,
    /// How ours stand to that.
    pub stands: Stands,
    /// The same in a sentence.
    pub sentence: String,
}

/// The same numbers of as many true points, drawn anew for each seed, in the order of [`MEASURES`].
pub type Floor = [Spread; 3];

/// A protocol as far as it was repeated.
#[derive(Debug)]
pub struct Summary {
    /// The protocol.
    pub protocol: &'static Protocol,
    /// How much of the published iterations was done.
    pub fraction: f64,
    /// The seeds that were asked for.
    pub seeds: Vec<u64>,
    /// Mark by mark, method by method.
    pub rows: Vec<Row>,
    /// What true points have; None without a seed.
    pub floor: Option<Floor>,
}

impl Summary {
    /// What `results` hold of a plan's jobs.
    pub fn of(plan: &Plan, results: &Results) -> Result<Self, ProtocolError> {
        let jobs = plan.jobs()?;
        let rows = plan.protocol.marks.iter().flat_map(|&mark| plan.methods.iter().map(move |&method| (mark, method)));
        let rows = rows.map(|(mark, method)| row(plan, &jobs, results, mark, method)).collect();
        let floor = spreads(&plan.seeds.iter().map(|&seed| true_scores(plan.protocol, seed)).collect::<Vec<_>>());
        let (protocol, seeds) = (plan.protocol, plan.seeds.clone());
        Ok(Self { protocol, fraction: plan.fraction, seeds, rows, floor })
    }

    /// The rows of a mark.
    pub fn at(&self, mark: u64) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.mark == mark)
    }

    /// The head of the table of a mark.
    pub fn head(&self) -> Vec<String> {
        let modes = self.protocol.law.centres().len();
        let title = |measured: &Measured| match measured.name {
            "covered" => format!("modes of {modes}"),
            _ => measured.title.to_owned(),
        };
        let columns = MEASURES.iter().flat_map(|measured| [title(measured), "published".to_owned()]);
        ["method".to_owned(), "seeds".to_owned()].into_iter().chain(columns).collect()
    }

    /// The table of a mark, with the floor as the last row.
    pub fn cells(&self, mark: u64) -> Vec<Vec<String>> {
        let mut rows: Vec<Vec<String>> = self.at(mark).map(|row| row.cells(self.protocol.recipe.seeds)).collect();
        let head = ["true points".to_owned(), self.seeds.len().to_string()];
        rows.extend(self.floor.map(|floor| [&head[..], &columns(Some(&floor), None, 0)].concat()));
        rows
    }

    /// What a person has to know to read the tables.
    pub fn notes(&self) -> Vec<String> {
        let seeds = self.protocol.recipe.seeds;
        let measure = &self.protocol.recipe.measure;
        let mut notes = vec![
            format!(
                "Ours: mean +- standard error over seeds. Published: the mean, +- its standard error where a deviation over {seeds} \
                 seeds was printed (that over the root of {seeds}); where none was, ours is taken for it. A number differs beyond \
                 {LIMIT} standard errors of the difference."
            ),
            format!(
                "{} points of fixed codes; valid: within {} of a mode; modes: those with at least {} % of all points; mode TV: \
                 to equal shares, with junk a class of its own. True points: the same of as many points of the law.",
                measure.samples,
                measure.radius,
                100.0 * measure.least_share
            ),
        ];
        let diverged = self.rows.iter().filter(|row| row.diverged > 0);
        notes.extend(diverged.map(|row| {
            format!(
                "{} after {} iterations: {} of {} seeds diverged, and count with what they make then.",
                row.method.title,
                row.iterations,
                row.diverged,
                row.seeds.len()
            )
        }));
        notes
    }
}

impl Row {
    fn cells(&self, seeds: usize) -> Vec<String> {
        let head = [self.method.title.to_owned(), self.seeds.len().to_string()];
        [&head[..], &columns(self.ours.as_ref(), self.published, seeds)].concat()
    }
}

/// For each number ours and the published one.
fn columns(ours: Option<&[Spread; 3]>, published: Option<&Published>, seeds: usize) -> Vec<String> {
    let pair = |(i, measured): (usize, &Measured)| {
        let own = ours.map_or_else(dash, |ours| measured.words(ours[i].mean, ours[i].error));
        let reported = published.map(|row| (measured.reported)(row));
        let theirs = reported.map_or_else(dash, |reported| measured.words(reported.mean, reported.error(seeds)));
        [own, theirs]
    };
    MEASURES.iter().enumerate().flat_map(pair).collect()
}

fn dash() -> String {
    "-".to_owned()
}

impl Measured {
    /// The published number.
    pub fn published(&self, row: &Published) -> Reported {
        (self.reported)(row)
    }

    fn words(&self, mean: f64, error: Option<f64>) -> String {
        let number = |x: f64| fixed(self.factor * x, self.decimals);
        // An error of which the last decimal says nothing has one more.
        let error = error.map(|error| fixed(self.factor * error, self.decimals + usize::from(self.decimals == 1)));
        error.map_or_else(|| number(mean), |error| format!("{} +- {error}", number(mean)))
    }
}

fn row(plan: &Plan, jobs: &[Job], results: &Results, mark: u64, method: &'static Method) -> Row {
    let of_method = jobs.iter().filter(|job| job.method().name == method.name);
    let marks = of_method.flat_map(Job::marks).filter(|at| at.published == mark);
    let lines: Vec<_> = marks.filter_map(|at| results.find(&at.digest)).collect();
    let ours = spreads(&lines.iter().map(|line| line.scores).collect::<Vec<_>>());
    let published = plan.protocol.published(method.name, mark);
    let iterations = plan.iterations(mark);
    let (stands, sentence) = verdict(plan, mark, lines.len(), ours.as_ref(), published);
    Row {
        method,
        mark,
        iterations,
        seeds: lines.iter().map(|line| line.seed).collect(),
        diverged: lines.iter().filter(|line| line.diverged.is_some()).count(),
        ours,
        published,
        stands,
        sentence,
    }
}

/// The numbers of as many true points as are measured of a generator.
fn true_scores(protocol: &Protocol, seed: u64) -> Scores {
    let measure = &protocol.recipe.measure;
    let points = protocol.law.draw(measure.samples, &mut Stream::new(seed, Use::Data, 0));
    measure.of(&protocol.law.centres(), &points)
}

fn spreads(scores: &[Scores]) -> Option<[Spread; 3]> {
    let of = |measured: Measured| Spread::of(&scores.iter().map(measured.of).collect::<Vec<_>>());
    (!scores.is_empty()).then(|| MEASURES.map(of))
}

fn verdict(
    plan: &Plan,
    mark: u64,
    seeds: usize,
    ours: Option<&[Spread; 3]>,
    published: Option<&Published>,
) -> (Stands, String) {
    let wanted = plan.protocol.recipe.seeds;
    let iterations = plan.iterations(mark);
    let mut lacks = Vec::new();
    if iterations < mark {
        lacks.push(format!("{iterations} of {mark} iterations"));
    }
    if seeds < wanted {
        lacks.push(format!("{seeds} of {wanted} seeds"));
    }
    let not_in_full = |more: &str| (Stands::NotInFull, format!("was not run in full: {}{more}", lacks.join(", ")));
    let (Some(ours), Some(published)) = (ours, published) else {
        return match (lacks.is_empty(), published) {
            (true, _) => (Stands::NotPublished, "there is no published number".to_owned()),
            (false, None) => not_in_full("; there is no published number"),
            (false, Some(_)) => not_in_full(""),
        };
    };
    if iterations < mark || seeds < 2 {
        return not_in_full("");
    }
    let differences: Vec<String> = MEASURES
        .iter()
        .zip(ours)
        .filter_map(|(measured, ours)| difference(measured, ours, published, wanted))
        .collect();
    let is_alike = differences.is_empty();
    let words = if is_alike {
        "agrees with what was published in all three numbers".to_owned()
    } else {
        format!("differs from what was published: {}", differences.join(", "))
    };
    match (lacks.is_empty(), is_alike) {
        (false, _) => not_in_full(&format!("; so far it {words}")),
        (true, true) => (Stands::Agrees, words),
        (true, false) => (Stands::Differs, words),
    }
}

/// How a number differs from the published one, if it does.
fn difference(measured: &Measured, ours: &Spread, published: &Published, seeds: usize) -> Option<String> {
    let reported = measured.published(published);
    let errors = standard_errors(ours, reported, seeds);
    (errors > LIMIT).then(|| {
        let far =
            if errors.is_finite() { format!("{errors:.1} standard errors") } else { "none had a spread".to_owned() };
        let [own, theirs] = [ours.mean, reported.mean].map(|x| measured.words(x, None));
        format!("{} {own} for {theirs} ({far})", measured.title)
    })
}

/// How many standard errors of the difference lie between ours and the published number of so many seeds.
fn standard_errors(ours: &Spread, reported: Reported, seeds: usize) -> f64 {
    let gap = (ours.mean - reported.mean).abs() - reported.unit / 2.0;
    // What rounding leaves of nothing.
    if gap < 1e-9 {
        return 0.0;
    }
    let own = ours.error.unwrap_or(0.0);
    let theirs = reported.error(seeds).or(ours.deviation.map(|deviation| deviation / (seeds as f64).sqrt()));
    gap / own.hypot(theirs.unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_count_in_standard_errors() {
        let spread = |mean, deviation: f64| Spread { mean, deviation: Some(deviation), error: Some(deviation / 2.0) };
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found} for {expected}");
        // Of four seeds each: errors 0.5 and 1, together the root of 1.25; the gap is 3 less half a unit.
        near(standard_errors(&spread(5.0, 1.0), Reported::new(2.0, 2.0, 0.1), 4), 2.95 / 1.25_f64.sqrt());
        // Without a printed deviation ours is taken: twice 0.25.
        near(standard_errors(&spread(5.0, 1.0), Reported::bare(2.0, 0.1), 4), 2.95 / 0.5_f64.sqrt());
        // Within what rounding hides there is no difference, whatever the spread.
        near(standard_errors(&spread(5.0, 0.0), Reported::bare(5.04, 0.1), 4), 0.0);
        assert!(standard_errors(&spread(5.0, 0.0), Reported::bare(5.2, 0.1), 4).is_infinite());
    }

    #[test]
    fn numbers_have_the_digits_that_say_something() {
        let [covered, valid, mode_tv] = MEASURES;
        assert_eq!(covered.words(7.6, Some(0.4)), "7.6 +- 0.40");
        assert_eq!(valid.words(0.849, None), "84.9");
        assert_eq!(mode_tv.words(0.2261, Some(0.0322)), "0.226 +- 0.032");
    }
}
