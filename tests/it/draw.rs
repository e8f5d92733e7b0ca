//! Pictures of recorded runs.

use std::path::Path;

use gan_lab::data::Point;
use gan_lab::kinds::points::{PointsRun, View};
use gan_lab::run::RunDir;

use crate::world::{World, make_old};

/// A GIF's frames as 8-bit RGB, each laid over the ones before.
fn play(path: &Path) -> (usize, Vec<Vec<[u8; 3]>>) {
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut decoder = options.read_info(std::fs::File::open(path).unwrap()).unwrap();
    let width = usize::from(decoder.width());
    let mut screen = vec![[255; 3]; width * usize::from(decoder.height())];
    let mut frames = Vec::new();
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        for (i, pixel) in frame.buffer.as_chunks::<4>().0.iter().enumerate().filter(|(_, pixel)| pixel[3] != 0) {
            let (x, y) = (i % usize::from(frame.width), i / usize::from(frame.width));
            screen[(usize::from(frame.top) + y) * width + usize::from(frame.left) + x] = [pixel[0], pixel[1], pixel[2]];
        }
        frames.push(screen.clone());
    }
    (width, frames)
}

fn png_size(path: &Path) -> (u32, u32) {
    let reader = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(path).unwrap())).read_info().unwrap();
    (reader.info().width, reader.info().height)
}

/// Puts every point of a run's every frame at one place; only in a run of before frames had digests is that believed.
fn move_samples(run: &Path, point: Point) {
    make_old(run);
    let path = run.join("samples.npy");
    let mut bytes = std::fs::read(&path).unwrap();
    let start = bytes.len() - PointsRun::open(&RunDir::new(run)).unwrap().frames().unwrap().samples.concat().len() * 8;
    for (i, chunk) in bytes[start..].chunks_exact_mut(4).enumerate() {
        chunk.copy_from_slice(&(point[i % 2] as f32).to_le_bytes());
    }
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn each_gif_shows_its_own_runs_samples() {
    let world = World::new();
    let places: [(&str, Point); 3] = [("gan", [-0.5, 0.0]), ("wgan", [0.5, 0.9]), ("wgan-gp", [1.5, -0.3])];
    for (model, place) in places {
        let out = format!("work_dirs/train/{model}-rmsprop-seed0");
        world.train(&out, &[model, "--epochs", "3", "--frame-every", "1"]);
        move_samples(&world.path(&out), place);
    }
    let listed = world.done(&["draw", "--quiet", "--theme", "lab"]);
    assert_eq!(
        listed.lines().collect::<Vec<_>>(),
        ["gan", "wgan-gp", "wgan"].map(|model| format!("gif/{model}-rmsprop-seed0.gif"))
    );
    let mut centres = Vec::new();
    for (model, _) in places {
        let (width, frames) = play(&world.path(&format!("gif/{model}-rmsprop-seed0.gif")));
        assert_eq!(frames.len(), 3);
        let dots = frames[2].iter().enumerate().skip(width * 50).filter(|&(_, &pixel)| pixel == [0xF1, 0x7C, 0x67]);
        let at: Vec<(usize, usize)> = dots.map(|(i, _)| (i % width, i / width)).collect();
        assert!(!at.is_empty() && at.len() < 60, "{model}: {} pixels for points in one place", at.len());
        let n = at.len() as f64;
        centres
            .push((at.iter().map(|p| p.0).sum::<usize>() as f64 / n, at.iter().map(|p| p.1).sum::<usize>() as f64 / n));
    }
    // Left to right, and higher points higher up.
    assert!(centres[0].0 + 50.0 < centres[1].0 && centres[1].0 + 50.0 < centres[2].0, "{centres:?}");
    assert!(centres[1].1 + 50.0 < centres[0].1 && centres[0].1 + 20.0 < centres[2].1, "{centres:?}");
}

#[test]
fn frames_sheets_and_the_last_picture_are_written() {
    let world = World::new();
    world.train("run", &["gan", "--optim", "adam", "--epochs", "5", "--frame-every", "1"]);
    world.done(&["draw", "run", "--png", "--size", "320x240"]);
    assert!(world.path("gif/run.gif").exists());
    for epoch in 1..=5 {
        assert_eq!(png_size(&world.path(&format!("gif/run/epoch-{epoch}.png"))), (320, 240));
    }
    world.done(&["draw", "run", "--sheet", "1,3,5", "--size", "320x240", "--out", "sheets"]);
    // Three cells of half a frame's width beside each other, with the axes' labels at the left.
    let (width, height) = png_size(&world.path("sheets/run-sheet.png"));
    assert!((480..640).contains(&width) && (96..240).contains(&height), "{width} x {height}");
    world.done(&["draw", "run", "--last"]);
    assert_eq!(png_size(&world.path("gif/run-last.png")), (640, 480));
    world.done(&["draw", "run", "--every", "2", "--out", "thin"]);
    // Epochs 2 and 4, and the last.
    assert_eq!(play(&world.path("thin/run.gif")).1.len(), 3);
    world.done(&["draw", "run", "--format", "png", "--every", "5", "--out", "only"]);
    assert!(world.path("only/run/epoch-5.png").exists() && !world.path("only/run.gif").exists());
}

#[test]
fn pictures_have_many_looks_axes_and_forms() {
    let world = World::new();
    for model in ["gan", "wgan"] {
        world.train(&format!("runs/{model}"), &[model, "--epochs", "2", "--frame-every", "1"]);
    }
    let svg = |name: &str| std::fs::read_to_string(world.path(name)).unwrap();
    world.done(&["draw", "runs/gan", "--last", "--format", "svg", "--out", "last"]);
    let last = svg("last/gan-last.svg");
    assert!(
        last.contains("GAN, RMSProp, epoch 2") && last.contains("floors") && last.contains("100 generated"),
        "{last}"
    );
    // What does not fit is counted and marked, not left out.
    world.done(&["draw", "runs/gan", "--last", "--format", "svg", "--axes", "-9,-8,-9,-8", "--out", "far"]);
    let far = svg("far/gan-last.svg");
    assert!(far.contains("100 outside at the border") && far.contains("100 of 100 real outside"), "{far}");
    assert_eq!(far.matches("<polygon").count(), 200);
    for theme in ["light", "lab", "dark", "paper"] {
        for axes in ["lab", "fit", "equal"] {
            world.done(&[
                "draw",
                "runs/gan",
                "--last",
                "--theme",
                theme,
                "--axes",
                axes,
                "--out",
                &format!("{theme}-{axes}"),
            ]);
        }
    }
    let picture = |folder: &str| std::fs::read(world.path(folder).join("gan-last.png")).unwrap();
    assert_ne!(picture("light-fit"), picture("dark-fit"));
    assert_ne!(picture("light-fit"), picture("light-equal"));
    let grid = ["draw", "runs/gan", "runs/wgan", "--sheet", "1,2", "--grid", "--out", "grid"];
    let made = world.done(&[&grid[..], &["--format", "svg", "--quiet"]].concat());
    assert_eq!(made, "grid/grid.svg\n");
    let sheet = svg("grid/grid.svg");
    assert_eq!((sheet.matches("\nepoch 1\n").count(), sheet.matches(">\ngenerated\n<").count()), (2, 1), "{sheet}");
    assert!(sheet.contains("\nGAN, RMSProp\n") && sheet.contains("\nWGAN, RMSProp\n"), "{sheet}");
    world.done(&grid);
    assert!(world.path("grid/grid.png").exists());
    world.done(&["draw", "runs/gan", "--format", "svg", "--out", "all"]);
    assert!(world.path("all/gan/epoch-1.svg").exists() && !world.path("all/gan.gif").exists());
    for (wrong, word) in
        [(["--axes", "round"], "lab, fit, equal"), (["--theme", "neon"], "paper"), (["--axes", "1,0,0,1"], "ascending")]
    {
        let said = world.fails(2, &[&["draw", "runs/gan"], &wrong[..]].concat());
        assert!(said.contains(word), "{said}");
    }
    world.done(&[&grid[..], &["--format", "pdf"]].concat());
    world.done(&["draw", "runs/gan", "--last", "--format", "pdf", "--out", "grid"]);
    for name in ["grid/grid.pdf", "grid/gan-last.pdf"] {
        assert!(std::fs::read(world.path(name)).unwrap().starts_with(b"%PDF-"), "{name}");
    }
    assert!(world.fails(2, &["draw", "runs/gan", "--last", "--format", "gif"]).contains("one picture"));
    assert!(world.fails(2, &["draw", "runs/gan", "--grid"]).contains("--sheet"));
}

#[test]
fn drawing_twice_gives_the_same_bytes_and_leaves_the_run_alone() {
    let world = World::new();
    world.train("run", &["gan", "--epochs", "2"]);
    let before = crate::world::contents(&world.path("run"));
    world.done(&["draw", "run", "--out", "one"]);
    world.done(&["draw", "run", "--out", "two"]);
    assert_eq!(std::fs::read(world.path("one/run.gif")).unwrap(), std::fs::read(world.path("two/run.gif")).unwrap());
    assert_eq!(crate::world::contents(&world.path("run")), before);
}

#[test]
fn what_cannot_be_drawn_says_why() {
    let world = World::new();
    assert!(world.fails(1, &["draw"]).contains("gan-lab train gan"));
    assert!(world.fails(1, &["draw", "nowhere"]).contains("nowhere holds no run"));
    world.train("run", &["gan", "--epochs", "2"]);
    let message = world.fails(2, &["draw", "run", "--sheet", "1,2"]);
    assert!(message.contains("no frame of epoch 1; it has: 2"), "{message}");
}

#[test]
fn only_pictures_that_were_drawn_here_are_replaced() {
    let world = World::new();
    world.train("run", &["gan", "--epochs", "2", "--frame-every", "1"]);
    std::fs::create_dir(world.path("mine")).unwrap();
    for name in ["mine/run.gif", "mine/run-last.png"] {
        std::fs::write(world.path(name), "years of work").unwrap();
    }
    for options in [&[][..], &["--last"]] {
        let message = world.fails(1, &[&["draw", "run", "--out", "mine"], options].concat());
        assert!(message.contains("mine/run") && message.contains("--force"), "{message}");
    }
    for name in ["mine/run.gif", "mine/run-last.png"] {
        assert_eq!(std::fs::read(world.path(name)).unwrap(), b"years of work");
    }
    world.done(&["draw", "run", "--out", "mine", "--force"]);
    // From then on it is ours; also when the run has become longer.
    world.done(&["draw", "run", "--out", "mine"]);
    world.train("run", &["gan", "--epochs", "3", "--resume"]);
    world.done(&["draw", "run", "--out", "mine", "--png"]);
    assert_eq!(play(&world.path("mine/run.gif")).1.len(), 3);
    // One that somebody changed is theirs.
    std::fs::write(world.path("mine/run/epoch-2.png"), "retouched").unwrap();
    assert!(world.fails(1, &["draw", "run", "--out", "mine", "--png"]).contains("epoch-2.png"));
    assert_eq!(std::fs::read(world.path("mine/run/epoch-2.png")).unwrap(), b"retouched");
}

#[test]
fn a_frame_of_an_epoch_that_recorded_none_is_named() {
    let world = World::new();
    world.train("run", &["gan", "--epochs", "4", "--frame-every", "4"]);
    let labels = world.path("run/frames.json");
    for wrong in ["[0]\n", "[3]\n", "[8]\n"] {
        std::fs::write(&labels, wrong).unwrap();
        let said = world.fails(1, &["draw", "run", "--last"]);
        assert!(said.contains("frames.json"), "{wrong}: {said}");
    }
    std::fs::write(&labels, "[4]\n").unwrap();
    world.done(&["draw", "run", "--last"]);
}

#[test]
fn a_file_that_is_named_is_the_file_that_is_written() {
    let world = World::new();
    for run in ["a", "b"] {
        world.train(run, &["gan", "--epochs", "2"]);
    }
    assert_eq!(world.done(&["draw", "a", "--out", "x.gif", "--quiet"]), "x.gif\n");
    assert!(world.path("x.gif").is_file());
    world.done(&["draw", "a", "--last", "--out", "deep/last.PNG"]);
    assert_eq!(png_size(&world.path("deep/last.PNG")), (640, 480));
    for (args, words) in [
        (&["draw", "a", "b", "--out", "y.gif"][..], "one file cannot hold 2 pictures; name a folder"),
        (&["draw", "a", "--last", "--out", "y.gif"], "one picture"),
        (&["draw", "a", "--out", "y.mp4"], "draw writes .gif, .apng, .png, .svg and .pdf files"),
        (&["draw", "a", "--out", "y.png"], "say which with --last or --sheet"),
        (&["draw", "a", "--last", "--format", "pdf", "--out", "y.svg"], "is a PDF file"),
        (&["draw", "a", "--png", "--out", "y.gif"], "name a folder"),
    ] {
        let message = world.fails(2, args);
        assert!(message.contains(words), "{args:?}: {message}");
    }
    // The ending says the form.
    for (name, start) in [("y.svg", "<svg"), ("y.pdf", "%PDF-"), ("y.png", "\u{FFFD}PNG")] {
        world.done(&["draw", "a", "--last", "--out", name]);
        world.done(&["draw", "a", "--sheet", "2", "--out", &format!("sheet-{name}")]);
        for file in [name.to_owned(), format!("sheet-{name}")] {
            let bytes = std::fs::read(world.path(&file)).unwrap();
            assert!(String::from_utf8_lossy(&bytes).starts_with(start), "{file}");
        }
    }
    std::fs::create_dir(world.path("folder.gif")).unwrap();
    assert_eq!(world.done(&["draw", "a", "--out", "folder.gif", "--quiet"]), "folder.gif/a.gif\n");
}

#[test]
fn a_sweeps_folder_is_its_runs() {
    let world = World::new();
    let plan = serde_json::json!({
        "base": { "epochs": 2, "frame_every": 1, "batch_size": 40, "data": { "path": "data.npy", "train_size": 200 } },
        "grid": { "model": ["gan", "wgan"], "seed": "0-1" },
    });
    std::fs::write(world.path("plan.json"), plan.to_string()).unwrap();
    world.done(&["sweep", "plan.json", "--out", "sweep", "--quiet"]);
    let drawn = world.done(&["draw", "sweep", "--last", "--quiet"]);
    assert_eq!(drawn.lines().count(), 4, "{drawn}");
    assert!(drawn.contains("wgan-rmsprop") && drawn.lines().all(|line| world.path(line).is_file()), "{drawn}");
    // A run that is not there yet costs itself only.
    let said = world.fails(1, &["draw", "sweep", "nowhere", "--last", "--quiet"]);
    assert!(said.contains("nowhere holds no run"), "{said}");
}

/// A run that diverges in its second epoch, after a frame; and one that does before its first.
fn diverged(world: &World) {
    world.done(&["data", "make", "ring8", "--points", "1000", "--out", "ring8.mat"]);
    let small = ["--data", "ring8.mat", "--train-size", "700", "--batch-size", "64", "--threads", "1"];
    for (out, model, lr) in [("runs/late", "gan", "1"), ("runs/early", "wgan-gp", "3")] {
        let run = ["train", model, "--optim", "sgd", "--lr", lr, "--epochs", "6", "--frame-every", "1", "--out", out];
        assert!(world.fails(1, &[&run[..], &small].concat()).contains("diverged"));
    }
    let sound = ["train", "wgan", "--epochs", "6", "--frame-every", "1", "--quiet", "--out", "runs/sound"];
    world.done(&[&sound[..], &small].concat());
}

#[test]
fn a_run_that_diverged_is_drawn_as_far_as_it_came_and_says_so() {
    let world = World::new();
    diverged(&world);
    let said = world.fails(1, &["draw", "runs/early"]);
    assert!(said.contains("runs/early has no frames, because it diverged in epoch 1"), "{said}");
    world.done(&["draw", "runs/late", "--last", "--out", "late.svg"]);
    let svg = |name: &str| std::fs::read_to_string(world.path(name)).unwrap();
    assert!(svg("late.svg").contains("GAN, SGD, epoch 1, diverged in epoch 2"), "{}", svg("late.svg"));
    let sheet = ["draw", "runs/late", "runs/sound", "--grid", "--out", "grid.svg"];
    world.done(&[&sheet[..], &["--sheet", "1,4"]].concat());
    assert_eq!(svg("grid.svg").matches("diverged in epoch 2").count(), 1);
    // An epoch that no run was to come to is still refused.
    let said = world.fails(2, &[&sheet[..], &["--sheet", "1,9", "--force"]].concat());
    assert!(said.contains("runs/late has no frame of epoch 9; it has: 1; it diverged in epoch 2"), "{said}");
    // Side by side: each has a cell, and what has no curve is named.
    let out = world.run(&["compare", "runs", "--out", "out", "--samples", "20", "--repeats", "1", "--no-gif"]);
    let said = String::from_utf8(out.stderr).unwrap();
    assert!(out.status.success(), "{said}");
    let wanted = "curve.png: left out, because they diverged before mode-tv was measured: WGAN-GP, SGD";
    assert!(said.contains(wanted), "{said}");
}

#[test]
fn axes_have_the_names_that_the_data_have() {
    let world = World::new();
    let row = |i| format!("{},{}\n", 62.0 + f64::from(i) / 1e3, 4.1e6 + f64::from(i * i % 97));
    let rows: Vec<String> = (0..300).map(row).collect();
    std::fs::write(world.path("map.csv"), format!("longitude,northing\n{}", rows.concat())).unwrap();
    let small = ["--train-size", "200", "--batch-size", "40", "--epochs", "2", "--quiet"];
    world.done(&[&["train", "gan", "--data", "map.csv", "--out", "run"], &small[..]].concat());
    let data = std::fs::read_to_string(world.path("run/data.json")).unwrap();
    assert!(data.contains("longitude") && data.contains("northing"), "{data}");
    world.done(&["draw", "run", "--last", "--out", "map.svg"]);
    let svg = std::fs::read_to_string(world.path("map.svg")).unwrap();
    for words in ["longitude", "northing", "+4.1e6"] {
        assert_eq!(svg.matches(&format!("\n{words}\n")).count(), 1, "{words}: {svg}");
    }
    // What is lost of the run is made again as it was.
    std::fs::remove_file(world.path("run/data.json")).unwrap();
    let more = ["train", "gan", "--data", "map.csv", "--out", "run", "--resume"];
    world.done(&[&more[..], &small].concat());
    assert_eq!(std::fs::read_to_string(world.path("run/data.json")).unwrap(), data);
    // Points without names have none.
    world.train("plain", &["gan", "--epochs", "1"]);
    assert!(!std::fs::read_to_string(world.path("plain/data.json")).unwrap().contains("names"));
}

#[test]
fn points_of_classes_are_told_apart_in_the_picture_of_a_file() {
    let world = World::new();
    let rows = |classes: usize| -> Vec<String> {
        (0..60).map(|i| format!("{},{},kind {}\n", i % 7, i % 11, i % classes)).collect()
    };
    let picture = |classes: usize| {
        std::fs::write(world.path("data.csv"), format!("a,b,kind\n{}", rows(classes).concat())).unwrap();
        world.done(&["data", "inspect", "data.csv", "--out", "data.png", "--force"]);
        std::fs::read(world.path("data.png")).unwrap()
    };
    let [one, two, ten, eleven] = [1, 2, 10, 11].map(picture);
    assert!(one != two && two != ten && ten != one);
    // As many as nobody tells apart are drawn as one.
    assert_eq!(one, eleven);
}

#[test]
fn every_view_is_drawn_in_every_form_and_shows_something_of_its_own() {
    let world = World::new();
    world.train("run", &["wgan-gp", "--epochs", "2", "--frame-every", "1"]);
    let draw = |out: &str, layers: &str| {
        world.done(&["draw", "run", "--last", "--size", "320x240", "--layers", layers, "--out", out]);
        std::fs::read(world.path(out)).unwrap()
    };
    let plain = draw("plain.png", "points");
    world.done(&["draw", "run", "--last", "--size", "320x240", "--out", "none.png"]);
    assert!(plain == std::fs::read(world.path("none.png")).unwrap(), "points alone are what is drawn anyway");
    let mut seen = vec![plain];
    for view in View::ALL.into_iter().filter(|view| *view != View::Points) {
        let name = view.name();
        let both = draw(&format!("{name}.png"), &format!("points,{name}"));
        assert!(!seen.contains(&both), "{name} shows nothing");
        seen.push(both);
        let below = matches!(view, View::Scores | View::Distance | View::Losses);
        let (width, height) = png_size(&world.path(&format!("{name}.png")));
        assert_eq!((width, height > 280), (320, below), "{name}: {height}");
        let svg = String::from_utf8(draw(&format!("{name}.svg"), name)).unwrap();
        assert!(svg.starts_with("<svg") && !svg.contains("NaN"), "{name}");
        assert!(draw(&format!("{name}.pdf"), name).starts_with(b"%PDF"));
    }
    let all = View::ALL.map(View::name).join(",");
    world.done(&["draw", "run", "--size", "320x240", "--layers", &all, "--theme", "dark", "--out", "all.gif"]);
    world.done(&["draw", "run", "--sheet", "1,2", "--layers", &all, "--out", "sheet.png"]);
    // Whatever the order in which they are said.
    let turned: Vec<&str> = View::ALL.iter().rev().map(|view| view.name()).collect();
    assert!(draw("a.png", &all) == draw("b.png", &turned.join(",")));
}

#[test]
fn a_view_of_what_was_not_recorded_says_why_it_is_not_there() {
    let world = World::new();
    world.train("none", &["gan", "--epochs", "1", "--record", "weights"]);
    world.train("wide", &["gan", "--epochs", "1", "--latent-dim", "5"]);
    for (run, layer, words) in [("none", "field", "--record weights"), ("wide", "lattice", "5 numbers")] {
        let error = world.fails(1, &["draw", run, "--last", "--layers", layer, "--out", "x.png"]);
        assert!(error.contains(words) && error.contains(layer), "{error}");
        assert!(!world.path("x.png").exists());
    }
    let error = world.fails(2, &["draw", "none", "--layers", "heat"]);
    assert!(error.contains("contours"), "{error}");
    let error = world.fails(2, &["draw", "none", "--from", "generator", "--layers", "density"]);
    assert!(error.contains("--from"), "{error}");
}

#[test]
fn curves_are_drawn_without_points_and_animations_in_every_colour() {
    let world = World::new();
    world.train("run", &["wgan", "--epochs", "3", "--frame-every", "1"]);
    for (option, ending) in [("--losses", "png"), ("--curves", "svg"), ("--curves", "pdf")] {
        world.done(&["draw", "run", option, "--size", "400x300", "--out", &format!("x.{ending}"), "--force"]);
    }
    assert_eq!(png_size(&world.path("x.png")), (400, 300));
    let svg = std::fs::read_to_string(world.path("x.svg")).unwrap();
    assert!(svg.contains("losses") && svg.contains("coverage") && !svg.contains("NaN"));
    world.done(&["draw", "run", "--losses", "--quiet"]);
    assert!(world.path("gif/run-losses.png").is_file());
    world.done(&["draw", "run", "--size", "200x160", "--layers", "field,points", "--out", "x.apng"]);
    let bytes = std::fs::read(world.path("x.apng")).unwrap();
    let reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
    assert_eq!(reader.info().animation_control().unwrap().num_frames, 3);
    let error = world.fails(2, &["draw", "run", "--losses", "--out", "x.gif"]);
    assert!(error.contains("one picture"), "{error}");
    world.fails(2, &["draw", "run", "--losses", "--curves"]);
}
