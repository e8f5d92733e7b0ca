//! A protocol's results beside what was published, and what true points have.
//!
//! Ours are means with standard errors over seeds. A published deviation becomes the standard error of the published mean, over
//! the published number of seeds; where none was printed, ours is taken for it. A number agrees where the difference, less
//! half a unit of the last digit that was printed, is within [`LIMIT`] standard errors of the difference. Of five seeds each
//! that happens to two to four in a hundred numbers that do not differ.

use super::{
    Job, Method, Plan, Printed, Protocol, ProtocolError, Published, Quantity, Reported, Results, Scores, Settings,
};
use crate::figures::fixed;
use crate::metric::Spread;

/// More standard errors of the difference than this are a difference.
const LIMIT: f64 = 3.0;

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
    /// Ours, in the order of what is measured; None without a seed.
    pub ours: Option<Vec<Spread>>,
    /// What was published.
    pub published: Option<&'static Published>,
    /// How ours stand to that.
    pub stands: Stands,
    /// The same in a sentence.
    pub sentence: String,
}

/// The same numbers of as many true points, drawn anew for each seed, in the order of what is measured.
pub type Floor = Vec<Spread>;

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
        let truth = plan.seeds.iter().map(|&seed| true_scores(plan.protocol, seed)).collect::<Vec<_>>();
        let floor = spreads(plan.protocol.measure.quantities, &truth);
        let (protocol, seeds) = (plan.protocol, plan.seeds.clone());
        Ok(Self { protocol, fraction: plan.fraction, seeds, rows, floor })
    }

    /// The rows of a mark.
    pub fn at(&self, mark: u64) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.mark == mark)
    }

    /// The head of the table of a mark.
    pub fn head(&self) -> Vec<String> {
        let title = |quantity: Quantity| match (quantity, self.protocol.law.mixture()) {
            (Quantity::Covered, Some(mixture)) => format!("modes of {}", mixture.modes()),
            _ => quantity.title().to_owned(),
        };
        let quantities = self.protocol.measure.quantities.iter();
        let columns = quantities.flat_map(|&quantity| {
            let beside = self.protocol.publishes(quantity).then(|| "published".to_owned());
            [Some(title(quantity)), beside].into_iter().flatten()
        });
        ["method".to_owned(), "seeds".to_owned()].into_iter().chain(columns).collect()
    }

    /// The table of a mark, with the floor as the last row.
    pub fn cells(&self, mark: u64) -> Vec<Vec<String>> {
        let mut rows: Vec<Vec<String>> = self.at(mark).map(|row| row.cells(self.protocol)).collect();
        let head = ["true points".to_owned(), self.seeds.len().to_string()];
        rows.extend(self.floor.as_ref().map(|floor| [&head[..], &columns(self.protocol, Some(floor), None)].concat()));
        rows
    }

    /// What a person has to know to read the tables.
    pub fn notes(&self) -> Vec<String> {
        let seeds = self.protocol.recipe.seeds;
        let measure = &self.protocol.measure;
        let published = match self.protocol.recipe.printed {
            Printed::Deviations => format!(
                "Published: the mean, +- its standard error where a deviation over {seeds} seeds was printed (that over the root of \
                 {seeds}); where none was, ours is taken for it. A number differs beyond {LIMIT} standard errors of the \
                 difference."
            ),
            Printed::Errors => format!(
                "Published: the mean +- its standard error over {seeds} seeds, as printed. A number differs beyond {LIMIT} \
                 standard errors of the difference."
            ),
            Printed::Pictures(of) => format!("Published are pictures of {of}, no numbers."),
        };
        let mut notes = vec![
            format!("Ours: mean +- standard error over seeds. {published}"),
            format!(
                "{} points of fixed codes; {}. True points: the same of as many points of the law.",
                measure.samples,
                measure.words(&self.protocol.law)
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
    fn cells(&self, protocol: &Protocol) -> Vec<String> {
        let head = [self.method.title.to_owned(), self.seeds.len().to_string()];
        [&head[..], &columns(protocol, self.ours.as_deref(), self.published)].concat()
    }
}

impl Protocol {
    /// Whether a number was published of any method.
    fn publishes(&self, quantity: Quantity) -> bool {
        self.published.iter().any(|row| row.get(quantity).is_some())
    }
}

/// For each number ours, and the published one where there are such.
fn columns(protocol: &Protocol, ours: Option<&[Spread]>, published: Option<&Published>) -> Vec<String> {
    let pair = |(i, &quantity): (usize, &Quantity)| {
        let own = ours.map_or_else(dash, |ours| quantity.words(ours[i].mean, ours[i].error));
        let reported = published.and_then(|row| row.get(quantity));
        let seeds = protocol.recipe.seeds;
        let theirs = reported.map_or_else(dash, |reported| quantity.words(reported.mean, reported.error(seeds)));
        [Some(own), protocol.publishes(quantity).then_some(theirs)].into_iter().flatten()
    };
    protocol.measure.quantities.iter().enumerate().flat_map(pair).collect()
}

fn dash() -> String {
    "-".to_owned()
}

impl Quantity {
    fn words(self, mean: f64, error: Option<f64>) -> String {
        let (factor, decimals) = self.shown();
        let number = |x: f64| fixed(factor * x, decimals);
        // An error of which the last decimal says nothing has one more.
        let error = error.map(|error| fixed(factor * error, decimals + usize::from(decimals == 1)));
        error.map_or_else(|| number(mean), |error| format!("{} +- {error}", number(mean)))
    }
}

fn row(plan: &Plan, jobs: &[Job], results: &Results, mark: u64, method: &'static Method) -> Row {
    let of_method = jobs.iter().filter(|job| job.method().name == method.name);
    let marks = of_method.flat_map(Job::marks).filter(|at| at.published == mark);
    let measure = &plan.protocol.measure;
    let lines: Vec<_> = marks.filter_map(|at| results.find(&at.digest, measure)).collect();
    let ours = spreads(measure.quantities, &lines.iter().map(|line| line.scores).collect::<Vec<_>>());
    let published = plan.protocol.published(method.name, mark);
    let iterations = plan.iterations(mark);
    let (stands, sentence) = verdict(plan, method, mark, lines.len(), ours.as_deref());
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
    let measure = &protocol.measure;
    measure.of(&protocol.law, &protocol.law.truth(measure.samples, seed), seed)
}

/// Each number over seeds, whose scores have all of them.
fn spreads(quantities: &[Quantity], scores: &[Scores]) -> Option<Vec<Spread>> {
    let of =
        |&quantity: &Quantity| Spread::of(&scores.iter().filter_map(|scores| scores.get(quantity)).collect::<Vec<_>>());
    (!scores.is_empty()).then(|| quantities.iter().map(of).collect())
}

fn verdict(plan: &Plan, method: &Method, mark: u64, seeds: usize, ours: Option<&[Spread]>) -> (Stands, String) {
    let recipe = plan.protocol.recipe;
    let published = plan.protocol.published(method.name, mark);
    let wanted = recipe.seeds;
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
        let none = match (recipe.printed, method.settings) {
            (Printed::Pictures(of), Settings::Published(_)) => {
                format!("there is no published number; published are pictures of {of}")
            }
            _ => "there is no published number".to_owned(),
        };
        return match (lacks.is_empty(), published) {
            (true, _) => (Stands::NotPublished, none),
            (false, None) => not_in_full(&format!("; {none}")),
            (false, Some(_)) => not_in_full(""),
        };
    };
    if iterations < mark || seeds < 2 {
        return not_in_full("");
    }
    let both = plan.protocol.measure.quantities.iter().zip(ours);
    let both: Vec<_> = both.filter_map(|(&quantity, ours)| Some((quantity, ours, published.get(quantity)?))).collect();
    let differences: Vec<String> =
        both.iter().filter_map(|&(quantity, ours, reported)| difference(quantity, ours, reported, wanted)).collect();
    let is_alike = differences.is_empty();
    let words = if is_alike {
        let all = match both.len() {
            1 => "its one number".to_owned(),
            2 => "both numbers".to_owned(),
            3 => "all three numbers".to_owned(),
            n => format!("all {n} numbers"),
        };
        format!("agrees with what was published in {all}")
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
fn difference(quantity: Quantity, ours: &Spread, reported: Reported, seeds: usize) -> Option<String> {
    let errors = standard_errors(ours, reported, seeds);
    (errors > LIMIT).then(|| {
        let far =
            if errors.is_finite() { format!("{errors:.1} standard errors") } else { "none had a spread".to_owned() };
        let [own, theirs] = [ours.mean, reported.mean].map(|x| quantity.words(x, None));
        format!("{} {own} for {theirs} ({far})", quantity.title())
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
        // Of a printed error that.
        near(standard_errors(&spread(5.0, 1.0), Reported::with_error(2.0, 1.0, 0.1), 4), 2.95 / 1.25_f64.sqrt());
        // Within what rounding hides there is no difference, whatever the spread.
        near(standard_errors(&spread(5.0, 0.0), Reported::bare(5.04, 0.1), 4), 0.0);
        assert!(standard_errors(&spread(5.0, 0.0), Reported::bare(5.2, 0.1), 4).is_infinite());
    }

    #[test]
    fn numbers_have_the_digits_that_say_something() {
        assert_eq!(Quantity::Covered.words(7.6, Some(0.4)), "7.6 +- 0.40");
        assert_eq!(Quantity::Valid.words(0.849, None), "84.9");
        assert_eq!(Quantity::ModeTv.words(0.2261, Some(0.0322)), "0.226 +- 0.032");
        assert_eq!(Quantity::ReverseKl.words(0.45, Some(0.09)), "0.45 +- 0.09");
    }
}
