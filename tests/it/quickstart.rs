//! `gan-lab quickstart`: what a newcomer types first.

use serde_json::Value;

use crate::world::World;

const SHORT: [&str; 3] = ["quickstart", "--epochs", "10"];

#[test]
fn it_leaves_three_gifs_and_a_page_and_goes_on_where_it_stopped() {
    let world = World::new();
    let output = world.run(&SHORT);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    for line in
        ["$ gan-lab train wgan-gp --epochs 10", "$ gan-lab draw", "$ gan-lab report", "next: open quickstart.html"]
    {
        assert!(said.contains(line), "{line} is missing in {said}");
    }
    for file in ["gan.gif", "wgan.gif", "wgan-gp.gif"] {
        assert!(std::fs::read(world.path(file)).unwrap().starts_with(b"GIF89a"), "{file}");
    }
    let page = std::fs::read(world.path("quickstart.html")).unwrap();
    // Again: nothing is trained anew, the same files stand there.
    let state =
        || std::fs::metadata(world.path("work_dirs/train/gan-rmsprop-seed0/state.safetensors")).unwrap().modified();
    let before = state().unwrap();
    let quiet = world.done(&[&SHORT[..], &["--quiet"]].concat());
    assert_eq!(quiet.trim().lines().collect::<Vec<_>>(), ["gan.gif", "wgan.gif", "wgan-gp.gif", "quickstart.html"]);
    assert_eq!(state().unwrap(), before);
    assert_eq!(std::fs::read(world.path("quickstart.html")).unwrap(), page);
    let json: Value = serde_json::from_str(&world.done(&[&SHORT[..], &["--json"]].concat())).unwrap();
    assert_eq!(json["files"].as_array().unwrap().len(), 4);
    assert_eq!(json["commands"].as_array().unwrap().len(), 7);
    assert!(json["commands"][0].as_str().unwrap().starts_with("gan-lab train gan "), "{json}");
}

/// Sixty points, as a table.
fn rows() -> String {
    let row = |i: i32| format!("{},{}", f64::from(i).sin(), f64::from(i * i).cos());
    (1..61).map(row).collect::<Vec<_>>().join("\n")
}

#[test]
fn other_points_get_names_of_their_own_and_other_peoples_files_stay() {
    let world = World::new();
    std::fs::write(world.path("my points.csv"), rows()).unwrap();
    std::fs::write(world.path("my points-wgan.gif"), "mine").unwrap();
    let own = ["quickstart", "my points.csv", "--epochs", "10"];
    let said = world.fails(1, &own);
    assert!(said.contains("my points-wgan.gif") && said.contains("--force"), "{said}");
    assert!(!world.path("work_dirs").exists(), "something was trained before it was refused");
    let listed = world.done(&[&own[..], &["--force", "--quiet"]].concat());
    assert_eq!(listed.lines().last().unwrap(), "my points-quickstart.html");
    let config =
        std::fs::read_to_string(world.path("work_dirs/train/my points-wgan-rmsprop-seed0/config.json")).unwrap();
    let config: Value = serde_json::from_str(&config).unwrap();
    assert_eq!((&config["data"]["train_size"], &config["batch_size"]), (&51.into(), &51.into()));
    assert!(std::fs::read(world.path("my points-wgan.gif")).unwrap().starts_with(b"GIF89a"));
    // What is wrong with the data is said by the command that reads them.
    let said = world.fails(1, &["quickstart", "none.csv"]);
    assert!(said.contains("none.csv"), "{said}");
}

#[test]
fn advice_fits_the_points_and_the_options_that_there_are() {
    let world = World::new();
    std::fs::write(world.path("own.csv"), rows()).unwrap();
    let own = ["quickstart", "own.csv", "--epochs", "2"];
    assert!(world.done(&own).contains("gan-lab train --preset best --data own.csv"));
    let said = world.fails(1, &["quickstart", "own.csv", "--epochs", "2", "--train-size", "5"]);
    assert!(said.contains("remove work_dirs/train/own-gan-rmsprop-seed0") && !said.contains("another --out"), "{said}");
}
