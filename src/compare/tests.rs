//! Comparisons of runs that are made up.

use std::collections::BTreeMap;

use serde_json::Value;

use super::*;
use crate::config::{Config as _, Model, Objective, Optim, POINTS, TrainConfig};
use crate::metric::{CannotTell, Spread};

fn spread(mean: f64, deviation: f64) -> Spread {
    Spread { mean, deviation: Some(deviation), error: Some(deviation / 2.0) }
}

/// A run on a data set with its W1, which cannot tell coverage.
pub(super) fn run(data: &str, change: impl Fn(&mut TrainConfig), w1: f64) -> RunSummary {
    let mut config = TrainConfig::lab(Model::Gan);
    config.data.path = format!("{data}.mat").into();
    change(&mut config);
    let config = config.check().unwrap();
    let metrics = vec![
        Measured {
            metric: Metric::W1,
            generated: Some(Spread::of(&[w1, w1 + 0.5, w1 - 0.5])),
            floor: Some(spread(0.1 + config.seed as f64 / 100.0, 0.02)),
            unknown: None,
        },
        Measured {
            metric: Metric::Coverage,
            generated: None,
            floor: None,
            unknown: Some(CannotTell::TooFew { points: 5, least: 6 }),
        },
    ];
    let values = vec![(1, 2.0 * w1), (2, w1)];
    RunSummary {
        dir: format!("runs/{}-{data}-{}", config.title(), config.seed).into(),
        label: config.title(),
        place: 0,
        data: DataSetId { sha256: format!("{:0>64}", data.len()), train_size: config.data.train_size },
        data_path: config.data.path.clone(),
        held_out: 5,
        modes: None,
        coarse: false,
        headline: Metric::SlicedW2,
        metrics,
        epochs: config.epochs,
        state: RunState::Finished,
        ended: None,
        near_from: None,
        unrest: None,
        seconds: 1.0,
        series: vec![Series { metric: Metric::SlicedW2, values, floor: Some(spread(0.2, 0.01)) }],
        floor: None,
        config,
    }
}

pub(super) fn compared(runs: Vec<RunSummary>, selection: &Selection) -> Comparison {
    Comparison::of(runs, &[Metric::W1, Metric::Coverage], selection, Vec::new()).unwrap()
}

fn adam(config: &mut TrainConfig, seed: u64) {
    (config.seed, config.optim) = (seed, Optim::ALL_DEFAULTS[2]);
}

/// Two data sets, in each two groups; in the second the other group comes first, and both have one seed.
fn four_groups() -> Vec<RunSummary> {
    let mut runs: Vec<RunSummary> = (0..3).map(|seed| run("one", |c| c.seed = seed, 1.0 + seed as f64)).collect();
    // Always 0.5 more than the same seed of the first group, and a seed that the first group lacks.
    runs.extend([2, 0, 1].map(|seed| run("one", |c| adam(c, seed), 1.5 + seed as f64)));
    runs.push(run("one", |c| adam(c, 9), 100.0));
    runs.push(run("other", |c| adam(c, 0), 7.0));
    runs.push(run("other", |_| (), 10.0));
    runs
}

#[test]
fn labels_say_what_differs_and_nothing_else() {
    let runs = vec![
        run("one", |c| c.seed = 4, 1.0),
        run("one", |c| c.optim = Optim::ALL_DEFAULTS[0], 1.0),
        run("one", |c| (c.lr, c.threads) = (1e-4, 1), 1.0),
        run("one", |c| c.objective = Objective::Wgan { clip: 0.1 }, 1.0),
        run("one", |c| c.objective = Objective::Wgan { clip: 0.01 }, 1.0),
    ];
    let comparison = compared(runs, &Selection::default());
    let labels: Vec<_> = comparison.runs().iter().map(|(_, run)| run.label.as_str()).collect();
    assert_eq!(
        labels,
        [
            "GAN, RMSProp, lr 5e-5",
            "GAN, SGD, lr 5e-5",
            "GAN, RMSProp, lr 1e-4",
            "WGAN, RMSProp, lr 5e-5, clip 0.1",
            "WGAN, RMSProp, lr 5e-5, clip 0.01",
        ]
    );
}

#[test]
fn runs_that_differ_in_much_are_called_by_their_presets() {
    let best = POINTS.presets.iter().find(|preset| preset.name == "best").unwrap().config().unwrap();
    let best = |c: &mut TrainConfig| {
        let path = std::mem::take(&mut c.data.path);
        *c = TrainConfig::from_value(best.clone()).unwrap();
        c.data.path = path;
    };
    let runs = vec![
        run("one", |_| (), 1.0),
        run("one", best, 1.0),
        run("one", |c| (best(c), c.seed = 1).0, 1.0),
        run("one", |c| (best(c), c.lr = 0.1).0, 1.0),
        run("one", |c| (c.lr, c.batch_size, c.critic_steps, c.discriminator.hidden) = (0.1, 7, 3, vec![8]), 1.0),
    ];
    let comparison = compared(runs, &Selection::default());
    let labels: Vec<_> = comparison.runs().iter().map(|(_, run)| run.label.as_str()).collect();
    assert_eq!(labels[..4], ["lab-gan", "best", "best", "best, lr 0.1"]);
    assert!(labels[4].starts_with("GAN, RMSProp, "), "{}", labels[4]);
}

#[test]
fn what_only_tells_data_sets_apart_is_said_of_them_and_not_in_labels() {
    let wgan = |clip: f64| Objective::Wgan { clip };
    let runs = vec![
        run("one", |c| (c.lr, c.epochs) = (1e-3, 10), 1.0),
        run("one", |c| (c.lr, c.epochs) = (1e-4, 10), 1.0),
        run("one", |c| (c.lr, c.epochs, c.objective) = (1e-3, 10, wgan(0.1)), 1.0),
        run("other", |c| (c.lr, c.epochs) = (1e-3, 20), 1.0),
        run("other", |c| (c.lr, c.epochs, c.objective) = (1e-3, 20, wgan(0.01)), 1.0),
    ];
    let comparison = compared(runs, &Selection::default());
    let said: Vec<_> = comparison.data_sets.iter().map(|set| set.own.as_str()).collect();
    assert_eq!(said, ["epochs 10, clip 0.1", "lr 0.001, epochs 20, clip 0.01"]);
    let labels: Vec<_> = comparison.runs().iter().map(|(_, run)| run.label.clone()).collect();
    assert_eq!(
        labels,
        ["GAN, RMSProp, lr 0.001", "GAN, RMSProp, lr 1e-4", "WGAN, RMSProp, lr 0.001", "GAN, RMSProp", "WGAN, RMSProp"]
    );
}

#[test]
fn two_data_sets_are_never_subtracted() {
    let comparison = compared(four_groups(), &Selection::default());
    let [one, other] = &comparison.data_sets[..] else { panic!("two data sets") };
    assert_eq!((one.name.as_str(), other.name.as_str()), ("one", "other"));
    let found: Vec<_> = one.differences.iter().collect();
    assert_eq!((found.len(), found[0].seeds, found[0].metric), (1, 3, Metric::W1));
    assert!((found[0].paired.mean - 0.5).abs() < 1e-12 && found[0].paired.error.unwrap() < 1e-12);
    // Without a name each data set has its own first group as the reference; one seed has no error.
    assert_eq!((found[0].against.as_str(), other.differences[0].against.as_str()), ("GAN, RMSProp", "GAN, Adam"));
    assert_eq!(other.differences[0].paired, Spread { mean: 3.0, deviation: None, error: None });
    let named = Selection { against: Some("rmsprop".into()), ..Selection::default() };
    let comparison = compared(four_groups(), &named);
    for set in &comparison.data_sets {
        assert!(set.differences.iter().all(|found| found.against == "GAN, RMSProp"));
    }
    assert!((comparison.data_sets[1].differences[0].paired.mean + 3.0).abs() < 1e-12);
    // What has one name has one colour.
    let colours = comparison.data_sets.iter().map(|set| set.groups.iter().map(|g| g.colour).collect::<Vec<_>>());
    assert_eq!(colours.collect::<Vec<_>>(), [[0, 1], [1, 0]]);
    // The floor of runs of one seed counts once.
    let floors: Vec<f64> = [0.1, 0.11, 0.12, 0.19].to_vec();
    let mean = floors.iter().sum::<f64>() / 4.0;
    assert!((one.floor(Metric::W1).unwrap().mean - mean).abs() < 1e-12);
}

#[test]
fn a_data_set_is_its_content_and_its_split() {
    // Two files of one content, by their digests; and one of them split in another way.
    let runs = vec![
        run("abc", |_| (), 1.0),
        run("xyz", |c| c.seed = 1, 1.0),
        run("abc", |c| c.data.train_size = 6000, 1.0),
        run("longer", |_| (), 1.0),
    ];
    let comparison = compared(runs, &Selection::default());
    let names: Vec<_> = comparison.data_sets.iter().map(|set| (set.name.as_str(), set.runs().count())).collect();
    assert_eq!(names, [("abc, 7000 train", 2), ("abc, 6000 train", 1), ("longer", 1)]);
    // None of that is in a group's name, for it is the data set's.
    assert!(comparison.runs().iter().all(|(_, run)| run.label == "GAN, RMSProp"), "{comparison:?}");
}

#[test]
fn groups_are_chosen_ordered_and_taken_together_by_settings() {
    let only = Selection { only: vec!["adam".into(), "GAN, RMSProp".into()], ..Selection::default() };
    let comparison = compared(four_groups(), &only);
    for set in &comparison.data_sets {
        let labels: Vec<_> = set.groups.iter().map(|group| group.label.as_str()).collect();
        assert_eq!(labels, ["GAN, Adam", "GAN, RMSProp"]);
    }
    let adam_alone = Selection { only: vec!["adam".into()], ..Selection::default() };
    assert_eq!(compared(four_groups(), &adam_alone).runs().len(), 5);
    let wrong = Selection { only: vec!["sgd".into()], ..Selection::default() };
    let error = Comparison::of(four_groups(), &[Metric::W1], &wrong, Vec::new()).unwrap_err().to_string();
    assert!(error.contains("'sgd'") && error.contains("GAN, Adam"), "{error}");
    let two = Selection { against: Some("gan".into()), ..Selection::default() };
    assert!(Comparison::of(four_groups(), &[Metric::W1], &two, Vec::new()).is_err());
    // By the rate alone: pairs are those that share seed and optimiser.
    let mut runs = vec![run("one", |c| c.seed = 1, 1.0), run("one", |c| adam(c, 1), 3.0)];
    runs.push(run("one", |c| (c.seed, c.lr) = (1, 1e-3), 1.5));
    runs.push(run("one", |c| (adam(c, 1), c.lr = 1e-3).1, 4.5));
    let by = Selection { group_by: Some(Selection::keys(&["lr".into()]).unwrap()), ..Selection::default() };
    let comparison = compared(runs, &by);
    let set = &comparison.data_sets[0];
    assert_eq!(set.groups.iter().map(|group| group.label.as_str()).collect::<Vec<_>>(), ["lr 5e-5", "lr 0.001"]);
    assert_eq!((set.differences[0].seeds, set.differences[0].paired.mean), (2, 1.0));
    for wrong in ["seed", "threads", "data", "nothing"] {
        assert!(Selection::keys(&[wrong.to_owned()]).is_err(), "{wrong}");
    }
}

#[test]
fn the_best_and_what_is_within_its_error_are_marked() {
    let mut runs: Vec<RunSummary> = (0..3).map(|seed| run("one", |c| c.seed = seed, 1.0 + seed as f64)).collect();
    // The best has mean 2 and error 1/sqrt(3) = 0.577.
    for (lr, w1) in [(1e-3, 2.5), (1e-2, 2.6)] {
        runs.extend((0..3).map(|seed| run("one", |c| (c.seed, c.lr) = (seed, lr), w1)));
    }
    let comparison = compared(runs, &Selection::default());
    let set = &comparison.data_sets[0];
    assert_eq!(set.best(Metric::W1), [true, true, false]);
    assert_eq!(set.best(Metric::Coverage), [false; 3]);
    let alone = compared(vec![run("one", |_| (), 1.0)], &Selection::default());
    assert_eq!(alone.data_sets[0].best(Metric::W1), [false]);
    // 1-NN is best at a half, however good less looks.
    assert!(Metric::NearestNeighbour.badness(0.45, None) > Metric::NearestNeighbour.badness(0.52, None));
    assert!(Metric::HighQuality.badness(1.0, Some(0.98)) > Metric::HighQuality.badness(0.975, Some(0.98)));
}

/// Every form that is a text, written and looked at: each file of the list has one.
#[test]
fn every_output_holds_both_data_sets_and_says_what_cannot_be_told() {
    let comparison = compared(four_groups(), &Selection::default());
    for (i, output) in OUTPUTS.iter().enumerate() {
        assert!(OUTPUTS[..i].iter().all(|other| other.file != output.file));
        assert!(Format::ALL.contains(&output.format) && !output.content.is_empty());
        // Panels are drawn from runs on disk, as the tests of the command do.
        if output.file.starts_with("panel") {
            continue;
        }
        let bytes = (output.bytes)(&comparison, &[]).unwrap();
        if output.format == Format::Png {
            assert!(bytes.starts_with(b"\x89PNG"), "{}", output.file);
            continue;
        }
        let text = String::from_utf8(bytes).unwrap();
        for needed in ["other", "GAN, Adam"] {
            assert!(text.contains(needed), "{}: {text}", output.file);
        }
        let tells = ["table.csv", "curves.csv"].contains(&output.file) || text.contains("too few to tell");
        assert!(tells, "{}: {text}", output.file);
    }
    insta::assert_snapshot!("table_md", text_of(&comparison, "table.md"));
    insta::assert_snapshot!("table_tex", text_of(&comparison, "table.tex"));
    insta::assert_snapshot!("runs_csv", text_of(&comparison, "runs.csv"));
}

fn text_of(comparison: &Comparison, file: &str) -> String {
    let output = OUTPUTS.iter().find(|output| output.file == file).unwrap();
    String::from_utf8((output.bytes)(comparison, &[]).unwrap()).unwrap()
}

fn rows_of(comparison: &Comparison, file: &str) -> Vec<BTreeMap<String, String>> {
    let text = text_of(comparison, file);
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

#[test]
fn csv_read_back_equals_json() {
    let comparison = compared(four_groups(), &Selection::default());
    let json = comparison.json();
    let runs = json["runs"].as_array().unwrap();
    let find = |row: &BTreeMap<String, String>| {
        runs.iter()
            .find(|run| run["run"] == row["run"].as_str() && run["data_set"] == row["data_set"].as_str())
            .unwrap()
    };
    let same = |cell: &str, value: &Value| match value {
        Value::Null => cell.is_empty(),
        value => cell.parse::<f64>().ok() == value.as_f64(),
    };
    let rows = rows_of(&comparison, "runs.csv");
    assert_eq!(rows.len(), 2 * runs.len());
    for row in &rows {
        let measured = &find(row)["metrics"][&row["metric"]];
        assert!(same(&row["value"], &measured["generated"]["mean"]), "{row:?}");
        assert!(same(&row["error"], &measured["generated"]["error"]), "{row:?}");
        assert!(same(&row["floor_deviation"], &measured["floor"]["deviation"]), "{row:?}");
        assert_eq!(row["note"], measured["note"].as_str().unwrap_or_default());
        // Every setting that varies is a column, as the config has it.
        for key in comparison.varying.iter().filter(|key| key.path == "data.path") {
            assert_eq!(row[key.path], find(row)["config"]["data"]["path"]);
        }
    }
    let wide = rows_of(&comparison, "table.csv");
    assert_eq!(wide.len(), runs.len());
    for row in &wide {
        assert!(same(&row["w1"], &find(row)["metrics"]["w1"]["generated"]["mean"]) && row["coverage"].is_empty());
    }
    let curves = rows_of(&comparison, "curves.csv");
    assert_eq!(curves.len(), 2 * runs.len());
    for row in &curves {
        let by_epoch = find(row)["series"][&row["metric"]]["by_epoch"].as_array().unwrap();
        let pair = by_epoch.iter().find(|pair| same(&row["epoch"], &pair[0])).unwrap();
        assert!(same(&row["value"], &pair[1]));
    }
    // Names of metrics are the same everywhere, and those that --metrics takes.
    let known = |name: &str| Metric::ALL.iter().any(|metric| metric.name() == name);
    assert!(rows.iter().chain(&curves).all(|row| known(&row["metric"])));
    assert!(POINTS.keys.iter().all(|key| !known(key.path)));
}

/// Every number that a person reads is one of `comparison.json`'s, which are those of `runs.csv`.
#[test]
fn what_people_read_is_what_programs_read() {
    let mut runs = four_groups();
    // Of all sizes, some of them negative, and runs that stopped.
    for (i, run) in runs.iter_mut().enumerate() {
        for measured in &mut run.metrics {
            if let Some(generated) = &mut measured.generated {
                generated.mean *= [1e-7, -0.003, 1.0, 1234.567, 5e6, 0.0, -0.0][i % 7];
            }
        }
        run.unrest = Some(0.1 / (i + 1) as f64);
        run.near_from = (i % 2 == 0).then_some(i as u64);
    }
    (runs[1].state, runs[1].epochs) = (RunState::Diverged { total: 320 }, 12);
    (runs[4].state, runs[4].epochs) = (RunState::Unfinished { total: 320 }, 100);
    let comparison = compared(runs, &Selection::default());
    let json = comparison.json();
    // A text is a number's if it is that number rounded in its last digit.
    let says = |text: &str, value: &Value| {
        let Some(value) = value.as_f64() else { return text == "-" };
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let decimals = mantissa.split_once('.').map_or(0, |(_, rest)| rest.len()) as i32;
        let last = 10_f64.powi(exponent.parse::<i32>().unwrap() - decimals);
        !text.starts_with("-0.0000") && (text.parse::<f64>().unwrap() - value).abs() <= last * 0.500_001
    };
    let of = |list: &str, set: &str, label: &str| {
        let all = json[list].as_array().unwrap().iter();
        all.filter(|found| found["data_set"] == set && found["label"] == label).cloned().collect::<Vec<_>>()
    };
    for set in &comparison.data_sets {
        let floor =
            &json["data_sets"].as_array().unwrap().iter().find(|found| found["name"] == *set.name).unwrap()["floor"];
        for (rows, list) in
            [(group_rows(set), "groups"), (difference_rows(set), "differences"), (run_rows(set), "runs")]
        {
            let header: Vec<&str> = rows[0].iter().map(|cell| cell.text.as_str()).collect();
            for row in &rows[1..] {
                for (i, cell) in row.iter().enumerate().skip(1) {
                    let metric = |name: &str| Metric::ALL.iter().any(|metric| metric.name() == name);
                    if row[0].text.starts_with("floor") {
                        if metric(header[i]) && cell.text != "-" {
                            assert!(says(&cell.text, &floor[header[i]]["mean"]), "{cell:?}");
                            assert!(says(cell.error.as_ref().unwrap(), &floor[header[i]]["deviation"]), "{cell:?}");
                        }
                        continue;
                    }
                    let found = of(list, &set.name, &row[0].text);
                    let found = match list {
                        "groups" => found[0].clone(),
                        "differences" => {
                            found.iter().find(|d| d["metric"] == header[i]).unwrap_or(&Value::Null).clone()
                        }
                        _ => found
                            .iter()
                            .find(|run| run["config"]["seed"] == row[1].text.parse::<u64>().unwrap())
                            .unwrap()
                            .clone(),
                    };
                    let of_metric = |name: &str| match list {
                        "groups" => found["metrics"][name].clone(),
                        "differences" => found["paired"].clone(),
                        _ => found["metrics"][name]["generated"].clone(),
                    };
                    let is = |value: &Value| assert!(says(&cell.text, value), "{list} {} {cell:?} {value}", header[i]);
                    match (header[i], list) {
                        ("seeds", "groups") => {
                            let (all, finished) = (&found["runs"], found["seeds"].as_array().unwrap().len());
                            let whole = *all == finished;
                            assert_eq!(cell.text, if whole { all.to_string() } else { format!("{finished} of {all}") });
                        }
                        ("x floor", "groups") => is(&found["ratios"][header[i - 1]]),
                        ("x floor", _) => is(&found["metrics"][header[i - 1]]["ratio"]),
                        ("unrest", _) => is(&found["unrest"]),
                        ("seconds", _) => is(&found["seconds"]),
                        (name, _) if name.starts_with("near from") => {
                            assert!(
                                cell.text == "never" && found["near_from"].is_null()
                                    || cell.text == "-"
                                    || says(&cell.text, &found["near_from"])
                            );
                        }
                        (name, _) if metric(name) => {
                            is(&of_metric(name)["mean"]);
                            if list != "runs"
                                && let Some(error) = &cell.error
                            {
                                assert!(says(error, &of_metric(name)["error"]), "{cell:?}");
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
        // Markdown and LaTeX hold these cells and no others; see their own tests for what they make of one.
        for file in ["table.md", "table.tex"] {
            let text = text_of(&comparison, file).replace("$-$", "-").replace(" $\\pm$ ", " +- ");
            for cell in group_rows(set).iter().chain(&difference_rows(set)).flatten() {
                let said = Cell { best: false, ..cell.clone() }.plain();
                assert!(text.contains(&said), "{file}: {said}");
            }
        }
    }
}

#[test]
fn a_run_that_is_there_thrice_counts_once_and_the_others_are_named() {
    let mut runs: Vec<RunSummary> = (0..2).map(|seed| run("one", |c| c.seed = seed, 1.0 + seed as f64)).collect();
    runs.extend((0..2).map(|seed| run("one", |c| adam(c, seed), 3.0)));
    // The first over again: in other folders, by other threads, and once with other numbers.
    for (dir, more, w1) in [("copies/a", 0, 1.0), ("copies/b", 7, 1.0), ("copies/c", 0, 1.25)] {
        let mut copy = run("one", |c| c.threads += more, w1);
        copy.dir = dir.into();
        runs.push(copy);
    }
    let there = |order: &[usize]| {
        let runs = order.iter().map(|&i| runs[i].clone()).collect();
        compared(runs, &Selection::default())
    };
    let comparison = there(&[0, 1, 2, 3, 4, 5, 6]);
    let set = &comparison.data_sets[0];
    let alone = there(&[0, 1, 2, 3]);
    assert_eq!(
        set.groups[0].over_seeds(|run| run.mean(Metric::W1)),
        alone.data_sets[0].groups[0].over_seeds(|run| run.mean(Metric::W1))
    );
    assert_eq!(set.differences, alone.data_sets[0].differences);
    assert!(set.groups[0].over_seeds(|run| run.mean(Metric::W1)).unwrap().error.unwrap() > 0.1);
    let note = set.notes().into_iter().find(|note| note.contains("copies")).unwrap();
    for said in
        ["copies/a", "copies/b (other threads)", "copies/c (other numbers)", "runs/GAN, RMSProp-one-0", "one run"]
    {
        assert!(note.contains(said), "{note}");
    }
    let json = comparison.json();
    assert_eq!((json["runs"].as_array().unwrap().len(), json["repeats"].as_array().unwrap().len()), (4, 3));
    assert_eq!(json["repeats"][2]["same_numbers"], false);
    // Of two of which one is finished that one counts, wherever it stands.
    let mut half = runs[0].clone();
    (half.dir, half.epochs, half.state) = ("half".into(), 7, RunState::Unfinished { total: 320 });
    for order in [[0, 1], [1, 0]] {
        let both = [runs[0].clone(), half.clone()];
        let comparison = compared(order.map(|i| both[i].clone()).to_vec(), &Selection::default());
        assert_eq!(comparison.runs()[0].1.dir, runs[0].dir);
        assert_eq!(comparison.data_sets[0].repeats[0].run, half.dir);
    }
    // Grouped by a setting, runs that share a seed and differ in another setting are no repeats, and are no seeds either.
    let by = Selection { group_by: Some(Selection::keys(&["model".into()]).unwrap()), ..Selection::default() };
    let comparison = compared(runs[..4].to_vec(), &by);
    assert_eq!((comparison.data_sets[0].runs().count(), comparison.data_sets[0].over()), (4, "runs"));
}

#[test]
fn runs_that_did_not_finish_are_named_and_never_in_a_mean() {
    let mut runs: Vec<RunSummary> = (0..3).map(|seed| run("one", |c| c.seed = seed, 2.0 + seed as f64)).collect();
    runs.extend((0..3).map(|seed| run("one", |c| adam(c, seed), 0.5)));
    (runs[4].state, runs[4].epochs) = (RunState::Diverged { total: 320 }, 11);
    (runs[5].state, runs[5].epochs) = (RunState::Unfinished { total: 320 }, 100);
    runs[4].metrics[0].generated = Some(Spread::of(&[1e9]));
    runs.push(run("one", |c| (c.lr, c.seed) = (1e-3, 0), 9.0));
    (runs[6].state, runs[6].epochs) = (RunState::Diverged { total: 320 }, 0);
    let comparison = compared(runs, &Selection::default());
    let set = &comparison.data_sets[0];
    // They belong to those that they were to be like.
    let labels: Vec<_> = set.groups.iter().map(|group| group.label.as_str()).collect();
    assert_eq!(labels, ["GAN, RMSProp, lr 5e-5", "GAN, Adam, lr 5e-5", "GAN, RMSProp, lr 0.001"]);
    let rows = group_rows(set);
    assert_eq!([2, 3, 4].map(|i| rows[i][1].text.clone()), ["3", "1 of 3", "0 of 1"]);
    assert_eq!((rows[3][2].text.as_str(), rows[4][2].text.as_str()), ("0.5000", "-"));
    // What is left of a group of which runs diverged is not the best.
    assert_eq!(set.best(Metric::W1), [false; 3]);
    assert_eq!((set.differences.len(), set.differences[0].seeds), (1, 1));
    let notes = set.notes().join("\n");
    for said in [
        "GAN, Adam, lr 5e-5: 1 of 3 diverged (seed 1 at epoch 12); means, errors and differences are of the finished runs alone",
        "GAN, Adam, lr 5e-5: 1 of 3 unfinished (seed 2 at epoch 100 of 320)",
        "GAN, RMSProp, lr 0.001: 1 of 1 diverged (seed 0 at epoch 1); there is no mean",
    ] {
        assert!(notes.contains(said), "{notes}");
    }
    for file in ["table.md", "table.tex", "comparison.json"] {
        assert!(text_of(&comparison, file).contains("1 of 3 diverged (seed 1 at epoch 12)"), "{file}");
    }
    assert!(text_of(&comparison, "table.md").contains("| GAN, Adam, lr 5e-5 | 1 | diverged at epoch 12 |"));
    let rows = rows_of(&comparison, "runs.csv");
    let statuses: Vec<_> = rows.iter().filter(|row| row["metric"] == "w1").map(|row| row["status"].as_str()).collect();
    let whole = "finished";
    assert_eq!(statuses, [whole, whole, whole, whole, "diverged", "unfinished", "diverged"]);
    assert!(rows.iter().any(|row| row["note"].starts_with("diverged at epoch 12")));
    // Nothing is compared with what did not finish.
    let mut runs = vec![run("one", |_| (), 1.0), run("one", |c| c.lr = 1e-3, 2.0), run("one", |c| c.lr = 1e-2, 3.0)];
    (runs[0].state, runs[0].epochs) = (RunState::Diverged { total: 320 }, 3);
    let set = &compared(runs, &Selection::default()).data_sets[0];
    assert_eq!((set.reference, set.differences.len()), (Some(1), 1));
}

#[test]
fn the_floor_does_not_depend_on_the_order_of_the_runs() {
    let runs: Vec<RunSummary> = [(0, 5e-5, false), (0, 1e-3, true), (1, 5e-5, false), (1, 1e-3, true)]
        .map(|(seed, lr, coarse)| {
            let mut run = run("one", |c| (c.seed, c.lr) = (seed, lr), 1.0);
            run.dir = format!("runs/{seed}-{lr}").into();
            run.coarse = coarse;
            if coarse {
                run.series[0].floor = Some(spread(7.0, 1.0));
            }
            // As by rounding.
            run.metrics[0].floor = Some(spread(0.1 + seed as f64 + lr * 1e-9, 0.02));
            run
        })
        .to_vec();
    let floors = |order: [usize; 4]| {
        let comparison = compared(order.map(|i| runs[i].clone()).to_vec(), &Selection::default());
        let set = &comparison.data_sets[0];
        (
            set.floor(Metric::W1),
            set.series_floors.clone(),
            set.notes().iter().any(|note| note.contains("single precision")),
        )
    };
    let expected = floors([0, 1, 2, 3]);
    assert!(expected.2 && expected.1[0].1.mean < 1.0, "{expected:?}");
    for order in [[3, 2, 1, 0], [1, 0, 3, 2], [2, 1, 0, 3]] {
        assert_eq!(floors(order), expected);
    }
}

#[test]
fn near_is_for_good() {
    let curve = [(10, 5.0), (20, 1.0), (30, 3.0), (40, 1.5), (50, 0.5)];
    assert_eq!(near_from(&curve, 2.0), Some(40));
    assert_eq!(near_from(&curve, 6.0), Some(10));
    assert_eq!(near_from(&curve, 0.5), None);
    assert_eq!(near_from(&[], 1.0), None);
}

#[test]
fn unrest_looks_at_the_last_quarter_only() {
    let curve: Vec<(u64, f64)> = (1..=8).map(|i| (10 * i, if i < 7 { 100.0 } else { i as f64 })).collect();
    assert!((unrest(&curve).unwrap() - 0.5_f64.sqrt()).abs() < 1e-12);
    assert_eq!(unrest(&curve[..1]), None);
}
