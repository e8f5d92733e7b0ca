//! Numbers from POT, SciPy, scikit-learn and prdc (`scripts/metric_fixtures.py`).

use gan_lab::data::Point;
use gan_lab::metric::Metric;

use crate::world::World;

#[test]
fn every_metric_gives_the_independent_implementations_numbers() {
    let text = include_str!("../fixtures/metrics.json");
    let cases: Vec<serde_json::Value> = serde_json::from_str(text).unwrap();
    assert_eq!(cases.len(), 4);
    for (i, case) in cases.iter().enumerate() {
        let points = |name: &str| serde_json::from_value::<Vec<Point>>(case[name].clone()).unwrap();
        let (real, generated) = (points("real"), points("generated"));
        for metric in Metric::ALL {
            let expected = case[metric.name()].as_f64().unwrap();
            let got = metric.of(&real, &generated);
            let apart = (got - expected).abs();
            assert!(apart < 1e-9 + 1e-6 * expected.abs(), "case {i}, {}: {got} for {expected}", metric.name());
        }
    }
}

#[test]
fn a_run_is_measured_beside_its_floor() {
    let world = World::new();
    world.train("run", &["gan", "--epochs", "2"]);
    let before = crate::world::contents(&world.path("run"));
    let json: serde_json::Value = serde_json::from_str(&world.done(&["eval", "run", "--json"])).unwrap();
    assert_eq!((json["samples"].as_u64(), json["epoch"].as_u64()), (Some(100), Some(2)));
    for metric in Metric::ALL {
        for side in ["generated", "floor"] {
            assert!(json["metrics"][metric.name()][side]["mean"].is_number(), "{} {side}", metric.name());
        }
    }
    // Two epochs are not enough for moons, and real points are like real points.
    let mean = |metric: &str, side: &str| json["metrics"][metric][side]["mean"].as_f64().unwrap();
    assert!(mean("w1", "generated") > 2.0 * mean("w1", "floor"));
    assert!((mean("1-nn", "floor") - 0.5).abs() < 0.12);
    assert_eq!(world.done(&["eval", "run"]), world.done(&["eval", "run"]));
    assert_eq!(crate::world::contents(&world.path("run")), before);
    let text = world.done(&["eval", "run", "--metrics", "sliced-w2,coverage", "--samples", "50", "--repeats", "2"]);
    assert!(text.contains("sliced-w2") && !text.contains("mmd2"), "{text}");
    assert!(world.fails(1, &["eval", "run", "--samples", "101"]).contains("at most 100"));
    assert!(world.fails(2, &["eval", "run", "--metrics", "fid"]).contains("sliced-w2"));
    assert!(world.fails(1, &["eval", "nowhere"]).contains("holds no run"));
}
