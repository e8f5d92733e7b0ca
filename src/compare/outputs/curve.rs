//! `curve.png`: for each data set a chart of its headline metric over the epochs, over the band of its floor.

use super::super::{Comparison, DataSet, Group, NEAR, RunState, RunSummary};
use super::OutputError;
use crate::media::encode_png;
use crate::metric::{Metric, Spread};
use crate::render::{Band, Curve, CurveChart, Picture, RenderError};
use crate::run::count;

pub(super) fn bytes(comparison: &Comparison) -> Result<Vec<u8>, OutputError> {
    let several = comparison.data_sets.len() > 1;
    let last = comparison.data_sets.len().saturating_sub(1);
    let charts = comparison.data_sets.iter().enumerate().map(|(i, set)| {
        let mut footnotes = left_out_of(set);
        // Runs that are in no data set are named once.
        footnotes.extend((i == last).then(|| unmeasured(comparison)).flatten());
        chart(set, several, &footnotes)
    });
    Ok(encode_png(&Picture::stacked(&charts.collect::<Result<Vec<_>, _>>()?))?)
}

/// What is not on the charts, a sentence for each reason.
pub(super) fn left_out(comparison: &Comparison) -> Vec<String> {
    let several = comparison.data_sets.len() > 1;
    let named = |set: &DataSet, note: String| if several { format!("{}: {note}", set.name) } else { note };
    let of = |set| left_out_of(set).into_iter().map(move |note| named(set, note));
    comparison.data_sets.iter().flat_map(of).collect()
}

/// The runs that could not be measured, as a picture has them; the terminal says why.
pub(super) fn unmeasured(comparison: &Comparison) -> Option<String> {
    let runs: Vec<String> = comparison.left_out.iter().map(|left_out| left_out.run.display().to_string()).collect();
    (!runs.is_empty()).then(|| format!("left out, because they cannot be measured: {}", runs.join("; ")))
}

/// The groups of a data set on its chart: those that have a value, as many as there are styles.
fn shown(set: &DataSet) -> Vec<(&Group, Course)> {
    let mut taken = Vec::new();
    let courses = set.groups.iter().map(|group| (group, Course::of(group, set.headline)));
    // What has one name in several charts has one style; another name of that style has to be left out.
    let fresh = |(group, course): &(&Group, Course)| {
        let style = group.colour % Curve::STYLES;
        let is_drawn = !course.is_empty() && !taken.contains(&style);
        taken.extend(is_drawn.then_some(style));
        is_drawn
    };
    courses.filter(fresh).collect()
}

/// The groups that are not on a data set's chart, with the reason.
fn left_out_of(set: &DataSet) -> Vec<String> {
    let metric = set.headline.name();
    let drawn = shown(set);
    let others = || set.groups.iter().filter(|group| drawn.iter().all(|(shown, _)| shown.label != group.label));
    let named = |groups: Vec<&Group>, reason: String| {
        let labels: Vec<&str> = groups.iter().map(|group| group.label.as_str()).collect();
        (!labels.is_empty()).then(|| format!("left out, {reason}: {}", labels.join("; ")))
    };
    let (empty, many): (Vec<&Group>, Vec<&Group>) =
        others().partition(|group| Course::of(group, set.headline).is_empty());
    let early = |group: &&Group| group.runs.iter().all(|run| run.state.is_diverged());
    let (diverged, unmeasured): (Vec<&Group>, Vec<&Group>) = empty.into_iter().partition(early);
    [
        named(diverged, format!("because they diverged before {metric} was measured")),
        named(unmeasured, format!("because {metric} was not measured while they trained")),
        named(many, format!("because more than {} curves are not told apart", drawn.len())),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn chart(set: &DataSet, named: bool, footnotes: &[String]) -> Result<Picture, RenderError> {
    let metric = set.headline;
    let curves: Vec<Curve> = shown(set).into_iter().map(|(group, course)| curve(group, course)).collect();
    let floor = set.series_floors.iter().find(|(known, _)| *known == metric).map(|(_, floor)| floor);
    let levels: Vec<(String, f64)> = floor
        .iter()
        .filter(|floor| floor.mean > 0.0)
        .map(|floor| (format!("{NEAR} floors"), NEAR * floor.mean))
        .collect();
    let what = match metric {
        Metric::ModeTv => "mode-tv: total variation between the modes' shares and the law's".to_owned(),
        _ => format!("{}: distance from the held-out points", metric.name()),
    };
    let title = if named { format!("{}: {what}", set.name) } else { what };
    let notes: Vec<String> = notes(set, &curves).into_iter().collect();
    let band = floor.map(band);
    CurveChart { title: &title, notes: &notes, curves: &curves, levels: &levels, band: band.as_ref(), footnotes }.draw()
}

fn band(floor: &Spread) -> Band {
    let deviation = floor.deviation.unwrap_or(0.0);
    let name = match floor.deviation {
        Some(_) => "floor: real against real, mean and deviation of a draw",
        None => "floor: real against real, mean",
    };
    Band { name: name.to_owned(), low: floor.mean - deviation, middle: floor.mean, high: floor.mean + deviation }
}

/// What lines and bands are.
fn notes(set: &DataSet, curves: &[Curve]) -> Option<String> {
    let seeds: Vec<usize> = set.groups.iter().map(|group| group.runs.len()).collect();
    let (least, most) = (seeds.iter().min().copied()?, seeds.iter().max().copied()?);
    let many = if least == most { format!("{most}") } else { format!("{least} to {most}") };
    let spread =
        (most > 1).then(|| format!("line: mean over seeds ({many} each); band: from the lowest seed to the highest"));
    let cross = curves.iter().any(|curve| !curve.broken.is_empty()).then(|| "x: a run diverged after this".to_owned());
    let parts: Vec<String> = spread.into_iter().chain(cross).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn curve(group: &Group, course: Course) -> Curve {
    let diverged: Vec<&RunSummary> = group.runs.iter().filter(|run| run.state.is_diverged()).collect();
    let fate = match (diverged.as_slice(), group.runs.len()) {
        ([], _) => String::new(),
        ([run], 1) => format!(", diverged in epoch {}", run.epochs + 1),
        (some, all) => format!(", {} of {} diverged", some.len(), count(all as u64, "seed")),
    };
    let Course { line, band, broken } = course;
    Curve { name: format!("{}{fate}", group.label), style: group.colour % Curve::STYLES, line, band, broken }
}

/// How the runs of a group went.
struct Course {
    line: Vec<(f64, f64)>,
    band: Vec<(f64, f64, f64)>,
    broken: Vec<(f64, f64)>,
}

impl Course {
    /// The mean at every epoch that all runs have which were still at work then, and from the lowest to the highest.
    fn of(group: &Group, metric: Metric) -> Self {
        let finite = |run: &RunSummary| -> Vec<(u64, f64)> {
            run.values(metric).iter().copied().filter(|(_, value)| value.is_finite()).collect()
        };
        let runs: Vec<(RunState, Vec<(u64, f64)>)> = group.runs.iter().map(|run| (run.state, finite(run))).collect();
        let last = |values: &[(u64, f64)]| values.last().map_or(0, |&(epoch, _)| epoch);
        let mut epochs: Vec<u64> = runs.iter().flat_map(|(_, values)| values.iter().map(|&(epoch, _)| epoch)).collect();
        epochs.sort_unstable();
        epochs.dedup();
        let (mut line, mut band) = (Vec::new(), Vec::new());
        for epoch in epochs {
            let at_work = runs.iter().filter(|(state, values)| *state == RunState::Finished || last(values) >= epoch);
            let at = |(_, values): &(RunState, Vec<(u64, f64)>)| {
                values.iter().find(|&&(known, _)| known == epoch).map(|&(_, value)| value)
            };
            let Some(values) = at_work.map(at).collect::<Option<Vec<f64>>>() else { continue };
            let (low, high) =
                (values.iter().copied().fold(f64::INFINITY, f64::min), values.iter().copied().fold(0.0, f64::max));
            line.push((epoch as f64, values.iter().sum::<f64>() / values.len() as f64));
            band.extend((group.runs.len() > 1).then_some((epoch as f64, low, high)));
        }
        let ends = runs.iter().filter(|(state, _)| state.is_diverged()).filter_map(|(_, values)| values.last());
        Self { line, band, broken: ends.map(|&(epoch, value)| (epoch as f64, value)).collect() }
    }

    fn is_empty(&self) -> bool {
        self.line.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{compared, run};
    use super::*;
    use crate::compare::Selection;

    fn seeds(values: &[(bool, &[(u64, f64)])]) -> DataSet {
        let runs = values.iter().enumerate().map(|(seed, (diverged, values))| {
            let mut run = run("one", |config| config.seed = seed as u64, 1.0);
            run.state = if *diverged { RunState::Diverged { total: 320 } } else { RunState::Finished };
            run.series[0].values = values.to_vec();
            run
        });
        compared(runs.collect(), &Selection::default()).data_sets.remove(0)
    }

    #[test]
    fn a_groups_line_is_the_mean_of_the_runs_that_are_still_at_work() {
        let set = seeds(&[
            (false, &[(1, 1.0), (2, 2.0), (3, 3.0)]),
            (true, &[(1, 3.0), (2, 4.0)]),
            (false, &[(1, 5.0), (2, 3.0), (3, 1.0)]),
        ]);
        let Course { line, band, broken } = Course::of(&set.groups[0], set.headline);
        assert_eq!(line, [(1.0, 3.0), (2.0, 3.0), (3.0, 2.0)]);
        assert_eq!(band, [(1.0, 1.0, 5.0), (2.0, 2.0, 4.0), (3.0, 1.0, 3.0)]);
        assert_eq!(broken, [(2.0, 4.0)]);
        let curve = curve(&set.groups[0], Course { line, band, broken });
        assert_eq!(curve.name, "GAN, RMSProp, 1 of 3 seeds diverged");
        let words = notes(&set, &[curve]).unwrap();
        assert_eq!(
            words,
            "line: mean over seeds (3 each); band: from the lowest seed to the highest; x: a run diverged after this"
        );
    }

    #[test]
    fn a_single_run_has_no_band_and_an_epoch_that_one_seed_lacks_no_place() {
        let alone = seeds(&[(true, &[(1, 1.0), (2, f64::INFINITY)])]);
        let course = Course::of(&alone.groups[0], alone.headline);
        assert_eq!((course.line.as_slice(), course.broken.as_slice()), (&[(1.0, 1.0)][..], &[(1.0, 1.0)][..]));
        assert!(course.band.is_empty());
        assert_eq!(curve(&alone.groups[0], course).name, "GAN, RMSProp, diverged in epoch 321");
        assert_eq!(notes(&alone, &[]), None);
        let short = seeds(&[(false, &[(1, 1.0), (2, 1.0)]), (false, &[(1, 1.0), (3, 1.0)])]);
        assert_eq!(Course::of(&short.groups[0], short.headline).line, [(1.0, 1.0)]);
    }

    #[test]
    fn groups_without_a_curve_are_named_with_the_reason() {
        let all = Curve::STYLES + 3;
        let runs = (0..all).map(|i| {
            let mut run = run("one", |config| config.lr = 1e-4 * (i + 1) as f64, 1.0);
            if i < 2 {
                run.series[0].values.clear();
                run.state = if i == 0 { RunState::Diverged { total: 320 } } else { RunState::Finished };
            }
            run
        });
        let comparison = compared(runs.collect(), &Selection::default());
        let set = &comparison.data_sets[0];
        let drawn = shown(set);
        assert_eq!(drawn.len(), Curve::STYLES);
        let [diverged, unmeasured, many] = &left_out(&comparison)[..] else { panic!("three reasons") };
        assert!(diverged.contains("diverged before sliced-w2 was measured: GAN, RMSProp, lr 1e-4"), "{diverged}");
        assert!(unmeasured.ends_with("while they trained: GAN, RMSProp, lr 2e-4"), "{unmeasured}");
        let last = &set.groups[all - 1].label;
        assert!(many.contains("more than 42 curves") && many.ends_with(last.as_str()), "{many}");
        // Of each style there is one curve, and every group is on the chart or named.
        let mut styles: Vec<usize> = drawn.iter().map(|(group, _)| group.colour % Curve::STYLES).collect();
        styles.sort_unstable();
        styles.dedup();
        assert_eq!(styles.len(), drawn.len());
        bytes(&comparison).unwrap();
    }
}
