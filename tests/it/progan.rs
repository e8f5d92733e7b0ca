//! Training a small ProGAN.

use std::path::Path;

use gan_lab::checkpoint::layouts::{self, Options};
use gan_lab::checkpoint::{GeneratorWeights, Source};

use crate::world::{World, contents_of};

/// 40 images of a bright square somewhere on black, as an IDX file.
fn squares() -> Vec<u8> {
    let mut file = vec![0, 0, 8, 3, 0, 0, 0, 40, 0, 0, 0, 8, 0, 0, 0, 8];
    for i in 0..40_usize {
        let (x0, y0) = (i % 5, i / 5 % 5);
        for y in 0..8 {
            file.extend((0..8).map(|x| if (x0..x0 + 3).contains(&x) && (y0..y0 + 3).contains(&y) { 230 } else { 10 }));
        }
    }
    file
}

fn args<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let common = "train progan --data squares.idx --resolution 8 --latent-dim 4 --fmaps-base 32 --fmaps-max 6 \
                  --batch-size 8 --kimg-per-phase 0.08 --final-kimg 0.16 --record-kimg 0.04 --threads 1 --quiet --out";
    [&common.split_whitespace().collect::<Vec<_>>()[..], &[out], more].concat()
}

fn world() -> World {
    let world = World::new();
    std::fs::write(world.path("squares.idx"), squares()).unwrap();
    world
}

#[test]
fn a_run_grows_records_and_leaves_a_generator_that_sefa_takes() {
    let world = world();
    for loss in ["logistic-r1", "wgan-gp"] {
        world.done(&args(loss, &["--loss", loss]));
        let metrics = std::fs::read_to_string(world.path(loss).join("metrics.jsonl")).unwrap();
        let records: Vec<serde_json::Value> = metrics.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let sides: Vec<u64> = records.iter().map(|record| record["side"].as_u64().unwrap()).collect();
        assert!(sides.is_sorted() && sides[0] == 4 && sides[sides.len() - 1] == 8, "{sides:?}");
        assert_eq!(records.last().unwrap()["images"], 320);
        assert_eq!(std::fs::read_dir(world.path(loss).join("samples")).unwrap().count(), records.len());
        let film = std::fs::File::open(world.path(loss).join("training.gif")).unwrap();
        let mut film = gif::DecodeOptions::new().read_info(film).unwrap();
        let mut shown = 0;
        while film.read_next_frame().unwrap().is_some() {
            shown += 1;
        }
        assert_eq!(shown, records.len());
        let path = world.path(loss).join("generator.safetensors");
        let source = Source::open(&path).unwrap();
        let layout = layouts::detect(&source).unwrap();
        let (weights, notes) = GeneratorWeights::read_noted(&source, &layout, &Options::default()).unwrap();
        assert_eq!((weights.resolution(), weights.image_channels(), weights.latent_dim()), (8, 1, 4));
        assert!(notes.is_empty(), "{notes:?}");
        let job = [
            "sefa",
            "--checkpoint",
            path.to_str().unwrap(),
            "--n",
            "1",
            "--k",
            "2",
            "--viz-size",
            "16",
            "--out",
            &format!("job-{loss}"),
        ];
        world.done(&job);
    }
}

#[test]
fn killed_and_resumed_it_ends_byte_for_byte_the_same_in_every_precision() {
    let world = world();
    for precision in ["float32", "bfloat16"] {
        let name = |what: &str| format!("{what}-{precision}");
        let run = |what: &str, more: &[&str]| {
            let (out, more) = (name(what), [&["--precision", precision], more].concat());
            args(&out, &more).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let done = |args: Vec<String>| world.done(&args.iter().map(String::as_str).collect::<Vec<_>>());
        done(run("straight", &[]));
        done(run("again", &[]));
        // Back to an earlier record, as a kill would leave it: its state, with later records and samples beside it.
        let resumed = run("resumed", &[]);
        let mut child = world.command(&resumed.iter().map(String::as_str).collect::<Vec<_>>()).spawn().unwrap();
        let state = world.path(&name("resumed")).join("state.safetensors");
        while !state.is_file() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        done(run("resumed", &["--resume"]));
        for what in ["again", "resumed"] {
            let [straight, other] = ["straight", what].map(|what| contents_of(&world.path(&name(what))));
            assert_eq!(straight, other, "{what} in {precision}");
        }
    }
    // What the layers were computed in is part of what a run is.
    let other = args("straight-float32", &["--precision", "bfloat16", "--resume"]);
    let said = world.fails(1, &other);
    assert!(said.contains("precision"), "{said}");
}

#[test]
fn a_sample_that_is_not_what_was_recorded_is_named_even_where_little_is_said() {
    let world = world();
    world.done(&args("run", &[]));
    let folder = world.path("run/samples");
    let sample = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let name = sample.file_name().unwrap().to_str().unwrap();
    for damage in [Some(&b"not a picture"[..]), None] {
        match damage {
            Some(bytes) => std::fs::write(&sample, bytes).unwrap(),
            None => std::fs::remove_file(&sample).unwrap(),
        }
        let output = world.run(&args("run", &["--resume"]));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && said.contains(name) && said.contains("leaves it out"), "{said}");
    }
}

#[test]
fn weights_that_are_not_what_the_run_saved_make_no_pictures() {
    let world = world();
    world.done(&args("run", &[]));
    let path = world.path("run/generator.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.len() - 3;
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let sefa = [
        "sefa",
        "--checkpoint",
        "run/generator.safetensors",
        "--n",
        "1",
        "--k",
        "1",
        "--viz-size",
        "16",
        "--out",
        "job",
    ];
    let said = world.fails(1, &sefa);
    assert!(said.contains("generator.safetensors") && said.contains("runs --check run"), "{said}");
    world.run(&["runs", "--check", "run"]);
    world.done(&sefa);
}

#[test]
fn divergence_is_named_and_the_last_record_stays() {
    let world = world();
    world.done(&args("run", &[]));
    // The second's losses are finite, and far from anything that learns.
    for (out, lr) in [("wild", "1e30"), ("wilder", "1000")] {
        let message = world.fails(1, &args(out, &["--lr", lr]));
        assert!(message.contains("diverged after") && message.contains("--lr"), "{message}");
    }
    let state = world.path("wild/state.safetensors");
    if state.exists() {
        assert!(gan_lab::checkpoint::load(&state).is_ok());
    }
}

#[test]
fn drawing_points_passes_over_a_progans_run() {
    let world = world();
    world.done(&args("work_dirs/train/progan-squares-seed0", &[]));
    assert!(world.fails(1, &["draw"]).contains("there is no run of points"));
    world.train("work_dirs/train/gan-rmsprop-seed0", &["gan", "--epochs", "2"]);
    assert_eq!(world.done(&["draw", "--quiet"]), "gif/gan-rmsprop-seed0.gif\n");
    let message = world.fails(1, &["draw", "work_dirs/train/progan-squares-seed0"]);
    assert!(message.contains("a ProGAN run") && message.contains("training.gif"), "{message}");
}

#[test]
fn other_settings_and_wrong_data_are_refused() {
    let world = world();
    world.done(&args("run", &[]));
    assert!(world.fails(1, &args("run", &[])).contains("--force"));
    assert!(world.fails(1, &args("run", &["--resume", "--lr", "0.1"])).contains("other settings"));
    std::fs::write(world.path("squares.idx"), "no images").unwrap();
    assert!(world.fails(1, &args("fresh", &[])).contains("squares.idx"));
    assert!(!Path::new(&world.path("fresh")).exists());
    for (option, value, needle) in
        [("--resolution", "12", "power of two"), ("--fmaps-base", "4", "fmaps_base"), ("--lr", "0", "lr is 0")]
    {
        assert!(world.fails(2, &["train", "progan", option, value]).contains(needle));
    }
}
