//! Every lesson's runs, links and text; and that what a text says of its runs is so with five seeds.

use std::collections::BTreeSet;

use super::*;
use crate::data::Point;
use crate::kinds::points::{self, EpochRecord, Recorded};
use crate::metric::mode_scores;
use crate::page::MOST_SIDE_BY_SIDE;
use crate::run::{Outcome, Start};

const SEEDS: std::ops::Range<u64> = 0..5;
/// Parts of the page that a link may scroll to, beside the charts.
const PARTS: [&str; 2] = ["left", "histograms"];

fn configs(lesson: &Lesson) -> Vec<RunConfig> {
    lesson.configs(Path::new("data.mat"), 0).unwrap()
}

/// The values of an attribute in a text.
fn values<'a>(text: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!("{attribute}=\"");
    text.split(start.as_str()).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0)).collect()
}

#[test]
fn every_lessons_runs_are_sound_and_differ() {
    let mut used = BTreeSet::new();
    for lesson in LESSONS {
        assert!((1..=MOST_SIDE_BY_SIDE).contains(&lesson.runs.len()), "{}", lesson.name);
        assert!(lesson.arrows.is_empty() || lesson.arrows.len() == lesson.runs.len());
        assert!(lesson.arrows.iter().all(|&run| run < lesson.runs.len()));
        let configs = configs(lesson);
        for (i, config) in configs.iter().enumerate() {
            assert!(configs[..i].iter().all(|other| other != config), "{}: two runs are one", lesson.name);
            // One critic has no bound on purpose.
            let id = lesson.runs[i].id;
            assert_eq!(config.doubts().is_empty(), id != "free", "{id}: {:?}", config.doubts());
        }
        let sweep = lesson.sweep(Path::new("lessons"), 3).unwrap();
        let folders: BTreeSet<PathBuf> = sweep.runs.iter().map(crate::sweep::PlannedRun::dir).collect();
        assert_eq!(folders.len(), lesson.runs.len());
        assert!(sweep.runs.iter().all(|run| run.seed() == 3));
        used.extend(lesson.runs.iter().map(|variant| variant.preset));
        assert!(lesson.seconds > 0 && lesson.seconds <= 60);
        assert!(Lesson::named(lesson.name).is_ok_and(|found| found.title == lesson.title));
    }
    let teaching: BTreeSet<&str> =
        POINTS.presets.iter().map(|preset| preset.name).filter(|name| name.starts_with("teach-")).collect();
    assert_eq!(used, teaching, "presets of lessons, and those that lessons use");
    // As titles and texts number them.
    for (i, lesson) in LESSONS.iter().enumerate() {
        assert!(lesson.title.starts_with(&format!("{}.", i + 1)), "{}", lesson.title);
        assert_eq!(Lesson::named(&(i + 1).to_string()).unwrap().name, lesson.name);
    }
    for name in ["0", "7", "-1", "1.0"] {
        assert!(Lesson::named(name).is_err(), "{name}");
    }
    assert!(Lesson::named("lessons").unwrap_err().to_string().contains("field, strong"));
}

#[test]
fn every_link_leads_to_a_frame_a_layer_and_a_part_of_the_page() {
    let layers = include_str!("../page/run/layers.js");
    let charts = include_str!("../page/run/charts.js");
    for lesson in LESSONS {
        let name = lesson.name;
        let configs = configs(lesson);
        let links = values(lesson.text, "href");
        assert!(links.len() >= 5, "{name}");
        for link in links {
            let parts = link.strip_prefix("#epoch=").and_then(|rest| rest.split_once("&amp;layers="));
            let (epoch, shown) = parts.unwrap_or_else(|| panic!("{name}: {link}"));
            let epoch: u64 = epoch.parse().unwrap();
            for config in &configs {
                let is_recorded = epoch.is_multiple_of(config.frame_every) || epoch == config.epochs;
                assert!(is_recorded && (1..=config.epochs).contains(&epoch), "{name}: {link}");
            }
            for layer in shown.split('+') {
                assert!(layers.contains(&format!("id: \"{layer}\", key:")), "{name}: {link}");
            }
        }
        for part in values(lesson.text, "data-show") {
            let is_chart = |id: &str| {
                [format!("id: \"{id}\""), format!("distance(\"{id}\"")].iter().any(|words| charts.contains(words))
            };
            assert!(PARTS.contains(&part) || part.strip_prefix("chart-").is_some_and(is_chart), "{name}: {part}");
            // Several runs have a chart for each of the two losses, one run has both in one.
            let one = lesson.runs.len() == 1;
            assert!(part != "chart-losses" || one, "{name}: {part}");
            assert!(!part.ends_with("_loss") || !one, "{name}: {part}");
        }
        let named: BTreeSet<&str> = values(lesson.text, "data-run").into_iter().collect();
        let ids: BTreeSet<&str> = lesson.runs.iter().map(|variant| variant.id).collect();
        assert!(named.is_subset(&ids), "{name}: {named:?}");
        assert!(ids.len() == 1 || named == ids, "{name}: a run that the text does not speak of: {named:?}");
    }
}

#[test]
fn every_text_is_whole_and_asks_for_nothing() {
    for lesson in LESSONS {
        let text = lesson.text;
        assert!(text.contains("<math display=\"block\">") && text.contains("class=\"try\""), "{}", lesson.name);
        for wrong in ["http", "src=", "<script", "<style", "<img", "onclick", "<!--"] {
            assert!(!text.contains(wrong), "{}: {wrong}", lesson.name);
        }
        // Every element is closed, in the order in which they were opened.
        let mut open = Vec::new();
        for tag in text.split('<').skip(1).map(|rest| rest.split_once('>').unwrap().0) {
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name), "{}: </{name}>", lesson.name),
                None => open.push(tag.split_whitespace().next().unwrap()),
            }
        }
        assert!(open.is_empty(), "{}: {open:?}", lesson.name);
    }
}

/// What came of a run.
struct Ended {
    frames: Vec<Vec<Point>>,
    epochs: Vec<u64>,
    records: Vec<EpochRecord>,
    recorded: Recorded,
}

impl Ended {
    fn last(&self) -> &[Point] {
        self.frames.last().unwrap()
    }

    /// The place of the frame of an epoch.
    fn at(&self, epoch: u64) -> usize {
        self.epochs.iter().position(|&known| known == epoch).unwrap()
    }

    fn record(&self, epoch: u64) -> &EpochRecord {
        self.records.iter().find(|record| record.epoch == epoch).unwrap()
    }
}

/// Trains a lesson's run with a seed. Of frames is recorded what a test looks at; no run depends on that.
fn trained(lesson: &Lesson, id: &str, seed: u64, record: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join(lesson.data_name());
    crate::files::write(&data, &lesson.data().unwrap()).unwrap();
    let variant = lesson.runs.iter().find(|variant| variant.id == id).unwrap();
    let mut config = (*variant.config(&data, seed).unwrap()).clone();
    config.record = Some(record.iter().map(|&name| name.to_owned()).collect());
    let dir = RunDir::new(folder.path().join("run"));
    let mut session =
        points::open(config.check().unwrap(), dir.clone(), Start::New { force: false }, None, None).unwrap();
    assert_eq!(session.train(&|| false, &mut |_, _| {}).unwrap(), Outcome::Finished);
    let run = PointsRun::open(&dir).unwrap();
    let frames = run.frames().unwrap();
    Ended {
        recorded: run.recorded(frames.epochs.len()).unwrap(),
        records: run.metrics().unwrap(),
        epochs: frames.epochs,
        frames: frames.samples,
    }
}

/// The modes of the ring that a frame's points are in.
fn modes(points: &[Point]) -> f64 {
    mode_scores(&Law::Ring8.modes().unwrap(), points).captured
}

fn norms(vectors: &[Point]) -> Vec<f64> {
    vectors.iter().map(|[x, y]| x.hypot(*y)).collect()
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn mean(values: &[f32]) -> f64 {
    values.iter().map(|&x| f64::from(x)).sum::<f64>() / values.len() as f64
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// How far points moved, on average, from one frame to another.
fn moved(from: &[Point], to: &[Point]) -> f64 {
    from.iter().zip(to).map(|(a, b)| (a[0] - b[0]).hypot(a[1] - b[1])).sum::<f64>() / from.len() as f64
}

/// Fails where forces are not the slopes of scores times a factor that follows from the score.
fn assert_forces(ended: &Ended, frame: usize, factor: impl Fn(f64) -> f64) {
    let forces = norms(&ended.recorded.forces.as_ref().unwrap()[frame]);
    let scores = &ended.recorded.scores.as_ref().unwrap()[frame][2];
    let slopes = &ended.recorded.slopes.as_ref().unwrap()[frame][2];
    for ((force, &score), &slope) in forces.iter().zip(scores).zip(slopes) {
        let wanted = factor(f64::from(score)) * f64::from(slope);
        assert!((force - wanted).abs() <= 1e-4 * wanted + 1e-7, "frame {frame}: {force}, not {wanted}");
    }
}

/// Lesson 1: the force is the slope times sigmoid(-D); the modes are found; at the end the discriminator can hardly tell.
#[test]
fn forces_are_slopes_times_how_sure_the_discriminator_is() {
    for seed in SEEDS {
        let run = trained(&field::LESSON, "gan", seed, &["forces", "scores", "slopes"]);
        for frame in [0, 4, run.frames.len() - 1] {
            assert_forces(&run, frame, |score| sigmoid(-score));
        }
        let found = modes(run.last());
        let (first, last) = (run.records[1].sliced_w2.unwrap(), run.records.last().unwrap().sliced_w2.unwrap());
        let loss = run.records.last().unwrap().d_loss;
        let figures = format!("seed {seed}: {found} modes, sliced W2 {first:.3} to {last:.3}, D's loss {loss:.3}");
        assert!(found >= 7.0 && last < first / 3.0 && (loss - 2.0 * 2f64.ln()).abs() < 0.05, "{figures}");
    }
}

/// Lesson 2: against a discriminator that is sure, the saturating generator has no force, the other has.
#[test]
fn only_the_saturating_generator_loses_its_force() {
    let every = ["forces", "scores", "slopes"];
    for seed in SEEDS {
        let of = |id: &str| {
            let run = trained(&strong::LESSON, id, seed, &every);
            let frame = run.at(36);
            assert_forces(&run, frame, |score| sigmoid(if id.starts_with("non") { -score } else { score }));
            median(&norms(&run.recorded.forces.as_ref().unwrap()[frame]))
        };
        let [strong, strong_ns, even, even_ns] =
            ["saturating", "non-saturating", "saturating-even", "non-saturating-even"].map(of);
        let figures = format!("seed {seed}: forces {strong:.5} and {strong_ns:.3}; even {even:.4} and {even_ns:.4}");
        assert!(strong < 0.1 && strong_ns > 1.0 && strong_ns > 200.0 * strong, "{figures}");
        assert!((0.5..2.0).contains(&(even / even_ns)), "{figures}");
    }
}

/// Lesson 3: at most three modes without a cure, at least seven with each.
#[test]
fn the_collapse_happens_and_each_cure_mends_it() {
    for seed in SEEDS {
        let found: Vec<f64> = collapse::LESSON
            .runs
            .iter()
            .map(|variant| modes(trained(&collapse::LESSON, variant.id, seed, &[]).last()))
            .collect();
        let figures = format!("seed {seed}: modes {found:?}");
        assert!(found[0] <= 1.0, "{figures}");
        assert!(found[1..].iter().all(|&modes| modes >= 7.0), "{figures}");
    }
}

/// Lesson 4: without a bound slopes grow without end, clipping heaps the weights at the clip, the penalty makes slopes of 1.
#[test]
fn nothing_holds_a_critic_without_a_bound() {
    for seed in SEEDS {
        let of = |id: &str| {
            let run = trained(&critic::LESSON, id, seed, &["slopes"]);
            let slopes: Vec<f64> =
                run.recorded.slopes.as_ref().unwrap().iter().map(|[_, held, _]| mean(held)).collect();
            let clipped: Vec<f64> = run.records.iter().filter_map(|record| record.clip_share).collect();
            (slopes, clipped.iter().copied().fold(0.0, f64::max), run)
        };
        let [free, one, tenth, hundredth, penalty] = ["free", "clip1", "clip01", "clip001", "penalty"].map(of);
        let steepest = |slopes: &[f64]| slopes.iter().copied().fold(0.0, f64::max);
        let at_15 = |(slopes, _, run): &(Vec<f64>, f64, Ended)| slopes[run.at(15)];
        let last = *penalty.0.last().unwrap();
        let figures = format!(
            "seed {seed}: steepest {:.0} and {:.0}; at epoch 15 {:.2}, {:.5}; penalty {last:.2}; clipped {:.2}, {:.2}, {:.2}",
            steepest(&free.0),
            steepest(&one.0),
            at_15(&tenth),
            at_15(&hundredth),
            one.1,
            tenth.1,
            hundredth.1,
        );
        assert!(steepest(&free.0) > 100.0 && steepest(&one.0) > 100.0, "{figures}");
        assert!((0.3..3.0).contains(&at_15(&tenth)) && at_15(&hundredth) < 0.01, "{figures}");
        assert!((0.7..1.4).contains(&last), "{figures}");
        assert!(one.1 < 0.2 && tenth.1 > 0.6 && hundredth.1 > 0.6, "{figures}");
    }
}

/// Lesson 5: SGD hardly moves where RMSProp arrives, and at its own rate arrives too; Adam's points swing in the second half.
#[test]
fn sgd_stands_still_at_the_rate_of_the_others() {
    for seed in SEEDS {
        let of = |id: &str| {
            let run = trained(&optimisers::LESSON, id, seed, &[]);
            let distance = |epoch: u64| run.record(epoch).sliced_w2.unwrap();
            let late: Vec<f64> = run.frames[15..].windows(2).map(|pair| moved(&pair[0], &pair[1])).collect();
            let swing = late.iter().sum::<f64>() / late.len() as f64;
            (moved(&run.frames[0], run.last()), distance(10), distance(300), swing)
        };
        let [sgd, fast, rmsprop, adam] = ["sgd", "sgd-fast", "rmsprop", "adam"].map(of);
        let figures = format!(
            "seed {seed}: moved, sliced W2 at 10 and 300, swing: {sgd:.3?}, {fast:.3?}, {rmsprop:.3?}, {adam:.3?}"
        );
        assert!(sgd.0 < 0.2 && sgd.2 > 0.8 * sgd.1, "{figures}");
        assert!(sgd.2 > 5.0 * rmsprop.2 && sgd.2 > 3.0 * fast.2 && adam.3 > 1.2 * rmsprop.3, "{figures}");
    }
}

/// Lesson 6: the same loss with good and with useless points; a critic's loss that falls with the distance.
#[test]
fn the_same_loss_has_two_ends() {
    let blind_loss = 2.0 * 2f64.ln();
    for seed in SEEDS {
        let of = |id: &str| trained(&losses::LESSON, id, seed, &[]);
        let [good, blind, wasserstein] = ["good", "blind", "wasserstein"].map(of);
        let end = |run: &Ended| (run.record(300).d_loss, run.record(300).sliced_w2.unwrap());
        let estimate = |epoch: u64| -wasserstein.record(epoch).d_loss;
        let figures = format!(
            "seed {seed}: loss and sliced W2 {:.3?}, {:.3?}; the critic's {:.2} to {:.2}",
            end(&good),
            end(&blind),
            estimate(10),
            estimate(300)
        );
        assert!([&good, &blind].iter().all(|run| (end(run).0 - blind_loss).abs() < 0.05), "{figures}");
        assert!(end(&blind).1 > 3.0 * end(&good).1, "{figures}");
        assert!(estimate(300) < 0.6 * estimate(10), "{figures}");
        assert!(end(&wasserstein).1 < 0.6 * wasserstein.record(10).sliced_w2.unwrap(), "{figures}");
    }
}
