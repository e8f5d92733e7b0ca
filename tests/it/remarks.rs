//! What is said of data before anything is learnt from them: what is odd, what does not fit, and what to type instead.

use gan_lab::data::{self, Reading};

use crate::world::World;

const SHORT: [&str; 9] = ["train", "gan", "--batch-size", "20", "--epochs", "1", "--threads", "1", "--quiet"];

/// A text with a line for each of `n` points.
fn table(n: usize, line: impl Fn(f64) -> [f64; 2]) -> String {
    (0..n).map(|i| line(i as f64)).fold(String::new(), |text, [x, y]| text + &format!("{x},{y}\n"))
}

/// Metres far from their origin, as surveyors have them; `shift` moves the last point.
fn metres(shift: f64) -> String {
    table(200, |i| {
        let last = if i > 198.5 { shift } else { 0.0 };
        [388_095.0 + (i * 0.7).sin(), 3_948_995.5 + (i * 1.3).cos() / 2.0 + last]
    })
}

fn write(world: &World, name: &str, text: &str) {
    std::fs::write(world.path(name), text).unwrap();
}

/// Standard error of training that succeeds.
fn said(world: &World, args: &[&str]) -> String {
    let plain: Vec<&str> = SHORT.iter().copied().filter(|arg| *arg != "--quiet").collect();
    noted(world, &[&plain[..], args].concat())
}

/// Standard error of a command that succeeds.
fn noted(world: &World, args: &[&str]) -> String {
    let output = world.run(args);
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{words}");
    words
}

#[test]
fn a_file_that_cannot_be_read_is_complained_of_before_numbers_that_do_not_fit() {
    let world = World::new();
    write(&world, "few.csv", &table(30, |i| [i * 0.5, i * i]));
    write(&world, "words.csv", "x,y\na,b\nc,d\n");
    std::fs::create_dir(world.path("folder")).unwrap();
    for (file, words) in [("none.csv", "is not there"), ("words.csv", "holds no numbers"), ("folder", "folder")] {
        for size in ["4", "100"] {
            let said = world.fails(1, &[&SHORT[..], &["--data", file, "--train-size", size, "--out", "r"]].concat());
            assert!(said.contains(words) && said.contains(file) && !said.contains("train-size 4"), "{said}");
            assert!(!said.contains("os error 21"), "{said}");
        }
    }
    let said = world.fails(2, &[&SHORT[..], &["--data", "few.csv", "--train-size", "4", "--out", "r"]].concat());
    assert!(said.contains("--train-size") && said.contains("the largest that fits is --train-size 28"), "{said}");
    let said = world.fails(1, &[&SHORT[..], &["--data", "few.csv", "--train-size", "40", "--out", "r"]].concat());
    assert!(said.contains("the largest that fits is --train-size 28, the least 20"), "{said}");
    let large = ["--data", "few.csv", "--batch-size", "64", "--out", "r"];
    let said = world.fails(1, &[&["train", "gan", "--epochs", "1"][..], &large].concat());
    assert!(said.contains("--train-size 28 with --batch-size 28"), "{said}");
    // What is proposed works.
    world.done(&[&SHORT[..], &["--data", "few.csv", "--train-size", "28", "--out", "r"]].concat());
}

#[test]
fn a_file_of_few_points_trains_with_a_number_that_fits_unless_one_was_said() {
    let world = World::new();
    write(&world, "few.csv", &table(70, |i| [i * 0.5, (i * i).sin()]));
    let sizes = |dir: &str| {
        let text = std::fs::read_to_string(world.path(dir).join("config.json")).unwrap();
        let config: serde_json::Value = serde_json::from_str(&text).unwrap();
        [&config["data"]["train_size"], &config["batch_size"]].map(|size| size.as_u64().unwrap())
    };
    let said = noted(&world, &["train", "gan", "--epochs", "1", "--data", "few.csv", "--out", "own"]);
    let note = "few.csv has 70 points: 60 of them train (--train-size), in batches of 60 (--batch-size), the others are held out";
    assert!(said.contains(note), "{said}");
    assert_eq!(sizes("own"), [60, 60]);
    // A smaller batch that was said stays, and one that is too large is told.
    let said =
        noted(&world, &["train", "gan", "--epochs", "1", "--data", "few.csv", "--batch-size", "20", "--out", "small"]);
    assert!(said.contains("60 of them train (--train-size), the others are held out"), "{said}");
    assert_eq!(sizes("small"), [60, 20]);
    let said = world.fails(1, &["train", "gan", "--data", "few.csv", "--batch-size", "100", "--out", "large"]);
    assert!(said.contains("the largest that fits is --train-size 68 with --batch-size 68"), "{said}");
    // Several batches of the critic in an iteration come out of the same points.
    noted(&world, &["train", "wgan", "--critic-steps", "5", "--epochs", "1", "--data", "few.csv", "--out", "critic"]);
    assert_eq!(sizes("critic"), [60, 12]);
    // What a config says is not changed, and neither is a run that is gone on with.
    std::fs::write(
        world.path("mine.json"),
        r#"{ "objective": { "model": "gan" }, "optim": { "name": "rmsprop" }, "data": { "path": "few.csv" } }"#,
    )
    .unwrap();
    let said = world.fails(1, &["train", "--config", "mine.json", "--data", "few.csv", "--out", "config"]);
    assert!(said.contains("too few for --train-size 7000"), "{said}");
    let more = ["train", "--resume", "--out", "own", "--data", "few.csv", "--epochs", "2"];
    assert!(!noted(&world, &more).contains("of them train (--train-size)"));
    // Two points cannot train.
    write(&world, "two.csv", &table(3, |i| [i, i]));
    world.fails(1, &["train", "gan", "--data", "two.csv", "--out", "two"]);
}

#[test]
fn what_is_odd_about_points_is_said_by_inspect_and_before_training() {
    let world = World::new();
    write(&world, "flat.csv", &table(150, |i| [i * 0.25, 2.5]));
    write(&world, "twice.csv", &table(150, |i| [(i % 50.0).sqrt(), i % 50.0]));
    write(&world, "few.csv", &table(40, |i| [i.sqrt(), (i * 0.7).sin()]));
    write(&world, "plain.csv", &table(150, |i| [i.sqrt(), (i * 0.7).sin()]));
    for (file, words) in [
        ("flat.csv", "every point has the y 2.5"),
        ("twice.csv", "50 of the 150 points differ"),
        ("few.csv", "there are 40 points"),
    ] {
        let inspected = world.done(&["data", "inspect", file]);
        assert!(inspected.contains(words), "{inspected}");
        let json: serde_json::Value = serde_json::from_str(&world.done(&["data", "inspect", file, "--json"])).unwrap();
        assert!(json["remarks"][0].as_str().unwrap().contains(words), "{json}");
        let said = said(&world, &["--data", file, "--train-size", "30", "--out", &format!("run-{file}")]);
        assert!(said.contains(&format!("{file}: {words}")), "{said}");
    }
    assert!(!world.done(&["data", "inspect", "plain.csv"]).contains("remark"));
    let said = said(&world, &["--data", "plain.csv", "--train-size", "30", "--out", "plain"]);
    assert!(!said.contains("plain.csv:"), "{said}");
}

#[test]
fn points_that_single_precision_merges_are_said_where_it_was_asked_for() {
    let world = World::new();
    write(&world, "metres.csv", &metres(0.0));
    let size = ["--data", "metres.csv", "--train-size", "100"];
    let words = said(&world, &[&size[..], &["--scale", "none", "--out", "none"]].concat());
    assert!(words.contains("x in steps of 0.0312") && words.contains("y in steps of 0.2500"), "{words}");
    assert!(words.contains("without --scale none they keep their digits"), "{words}");
    assert!(!said(&world, &[&size[..], &["--out", "auto"]].concat()).contains("in steps of"));
    write(&world, "near.csv", &table(200, |i| [(i * 0.7).sin(), (i * 1.3).cos()]));
    let words = said(&world, &["--data", "near.csv", "--train-size", "100", "--scale", "none", "--out", "near"]);
    assert!(!words.contains("in steps of"), "{words}");
}

#[test]
fn points_that_differ_less_than_single_precision_tells_are_other_data() {
    let world = World::new();
    write(&world, "metres.csv", &metres(0.0));
    write(&world, "others.csv", &metres(0.001));
    world.done(
        &[&SHORT[..], &["--data", "metres.csv", "--train-size", "100", "--scale", "none", "--out", "run"]].concat(),
    );
    world.done(&["eval", "run", "--repeats", "1", "--metrics", "sliced-w2"]);
    let refused = world.fails(1, &["eval", "run", "--repeats", "1", "--data", "others.csv"]);
    assert!(refused.contains("others.csv"), "{refused}");
    // A run of before knows its data by the digest that all had then, and keeps it.
    let digest = data::load(&world.path("metres.csv"), &Reading::default()).unwrap().single_digest();
    // All was kept in single precision then.
    for file in ["real.npy", "samples.npy"] {
        let path = world.path(&format!("run/{file}"));
        let bytes = std::fs::read(&path).unwrap();
        let head = bytes.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        let header = String::from_utf8_lossy(&bytes[10..head]).replace("<f8", "<f4");
        let numbers = bytes[head..].as_chunks::<8>().0.iter().map(|x| f64::from_le_bytes(*x) as f32);
        let single: Vec<u8> = numbers.flat_map(f32::to_le_bytes).collect();
        std::fs::write(&path, [&bytes[..10], header.as_bytes(), &single].concat()).unwrap();
    }
    std::fs::remove_file(world.path("run/data.json")).unwrap();
    let state = world.path("run/state.safetensors");
    let tensors = gan_lab::checkpoint::load(&state).unwrap().tensors;
    let note = serde_json::json!({ "format": "gan-lab state 1", "data": digest });
    gan_lab::checkpoint::save(&state, &tensors, Some(note.to_string())).unwrap();
    std::fs::remove_file(world.path("run/run.json")).unwrap();
    world.done(&["eval", "run", "--repeats", "1", "--metrics", "sliced-w2"]);
    world.done(&["train", "--resume", "--out", "run", "--epochs", "2", "--quiet"]);
    world.done(&["train", "--resume", "--out", "run", "--epochs", "3", "--quiet"]);
    let manifest = std::fs::read_to_string(world.path("run/run.json")).unwrap();
    assert!(manifest.contains(&digest), "{manifest}");
    world.done(&["eval", "run", "--repeats", "1", "--metrics", "sliced-w2"]);
}

#[test]
fn a_law_that_the_data_do_not_follow_is_refused() {
    let world = World::new();
    for law in ["ring8", "moons"] {
        let file = format!("{law}.csv");
        world.done(&["data", "make", law, "--points", "400", "--out", &file]);
        world.done(&[&SHORT[..], &["--data", &file, "--train-size", "200", "--out", law]].concat());
    }
    let refused = world.fails(2, &["eval", "moons", "--law", "ring8", "--repeats", "1"]);
    assert!(refused.contains("--law") && refused.contains("not of the law ring8"), "{refused}");
    let refused = world.fails(2, &["eval", "ring8", "--law", "grid25", "--repeats", "1"]);
    assert!(refused.contains("not of the law grid25"), "{refused}");
    let measured = world.done(&["eval", "ring8", "--law", "ring8", "--repeats", "1"]);
    assert!(measured.contains("mode-tv"), "{measured}");
}

#[test]
fn what_is_inspected_or_measured_by_a_wrong_name_says_what_to_type() {
    let world = World::new();
    write(&world, "words.csv", "x,y\na,b\nc,d\n");
    write(&world, "points.csv", &table(30, |i| [i * 0.5, i * i]));
    write(&world, "four.csv", "a,b,c,d\n0.5,1.5,2.5,3.5\n1,2,3,4.25\n");
    std::fs::create_dir(world.path("folder")).unwrap();
    assert!(world.fails(1, &["data", "inspect", "folder"]).contains("it is a folder; name a file in it"));
    // A file that cannot be drawn is listed, and the exit code says that something is to be mended.
    let output = world.run(&["data", "inspect", "four.csv"]);
    let listed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{listed}");
    assert!(listed.contains("not drawn") && listed.contains("--columns a,b") && listed.contains("2.5"), "{listed}");
    let output = world.run(&["data", "inspect", "four.csv", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(json["problem"].as_str().unwrap().contains("--columns a,b") && json["picture"].is_null(), "{json}");
    let said = world.fails(1, &["inspect", "points.csv"]);
    assert!(said.contains("gan-lab data inspect points.csv"), "{said}");
    let size = ["--data", "points.csv", "--train-size", "25"];
    for out in ["runs/one", "runs/two"] {
        world.done(&[&SHORT[..], &size, &["--out", out]].concat());
    }
    let said = world.fails(1, &["eval", "runs"]);
    assert!(said.contains("holds 2: runs/one, runs/two") && said.contains("gan-lab eval runs/one"), "{said}");
    assert!(world.fails(1, &["eval", "folder"]).contains("folder holds no run"));
}

#[test]
fn a_column_of_classes_is_the_law_by_which_a_run_is_measured() {
    let world = World::new();
    let row = |i: i32| {
        let t = f64::from(i);
        let [x, y] = [(t * 0.7).sin() / 5.0, (t * 1.3).cos() / 5.0];
        if i % 3 == 0 { format!("{},{y},far\n", x + 4.0) } else { format!("{x},{y},near\n") }
    };
    let rows = (0..300).map(row).collect::<Vec<_>>().concat();
    write(&world, "classes.csv", &format!("a,b,class\n{rows}"));
    let words = said(&world, &["--data", "classes.csv", "--train-size", "200", "--out", "run"]);
    assert!(words.contains("its 2 classes are taken as the modes of its law"), "{words}");
    let prepared: serde_json::Value =
        serde_json::from_slice(&std::fs::read(world.path("run/data.json")).unwrap()).unwrap();
    let shares: Vec<f64> =
        prepared["modes"].as_array().unwrap().iter().map(|mode| mode["share"].as_f64().unwrap()).collect();
    assert_eq!(shares, [1.0 / 3.0, 2.0 / 3.0]);
    let measured = world.done(&["eval", "run", "--repeats", "2"]);
    assert!(measured.contains("mode-tv") && measured.contains("reverse-kl"), "{measured}");
    let few = rows
        .lines()
        .enumerate()
        .map(|(i, row)| if i == 5 { row.replace("near", "odd") } else { row.to_owned() } + "\n");
    write(&world, "few.csv", &format!("a,b,class\n{}", few.collect::<String>()));
    let words = said(&world, &["--data", "few.csv", "--train-size", "200", "--out", "few"]);
    assert!(words.contains("are not taken as modes of a law, because 'odd' has 1 point"), "{words}");
}
