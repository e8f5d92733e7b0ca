//! SeFa's codes and directions from files and seeds, and what a job makes of its images beside the plain pictures.

use std::path::{Path, PathBuf};
use std::process::Command;

use gan_lab::checkpoint::{self, NamedTensor, Numbers};
use gan_lab::data::npy::{self, Precision};
use gan_lab::media::MAKES_MP4;
use gan_lab::media::decode_png;
use gan_lab::render::Picture;
use gan_lab::rng::RandomState;

use crate::world::World;

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/checkpoints").join(name);
    path.into_os_string().into_string().unwrap()
}

/// A small job of a ProGAN of 6 numbers a code.
fn job<'a>(checkpoint: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["sefa", "--checkpoint", checkpoint, "--steps", "3", "--viz-size", "16"], more].concat()
}

fn bytes(path: PathBuf) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

fn picture(path: PathBuf) -> Picture {
    decode_png(&bytes(path)).unwrap()
}

fn folders(world: &World) -> Vec<String> {
    let jobs = std::fs::read_dir(world.path("work_dirs/synthesis")).unwrap();
    let mut names: Vec<String> = jobs.map(|job| job.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn codes_of_a_file_are_drawn_and_its_content_is_the_jobs_identity() {
    let (world, file) = (World::new(), fixture("bare.safetensors"));
    let codes = |seed: u32| -> Vec<f64> {
        (seed..seed + 3).flat_map(|seed| RandomState::new(seed).normals(6)).map(f64::from).collect()
    };
    std::fs::write(world.path("z.npy"), npy::encode(Precision::Double, &[3, 6], &codes(84))).unwrap();
    let rendered = |more: &[&str]| {
        let json = world.done(&job(&file, &[&["--k", "2", "--json"], more].concat()));
        serde_json::from_str::<serde_json::Value>(&json).unwrap()["rendered"].as_u64().unwrap()
    };
    // All three codes, which are those of NumPy's seeds 84 to 86.
    assert_eq!(rendered(&["--codes", "z.npy", "--out", "file"]), 3 * (1 + 2 * 2));
    rendered(&["--rng", "numpy", "--seed", "84", "--n", "3", "--out", "seeds"]);
    for image in ["sample0.png", "sample2_semantic1_step2.png"] {
        let of = |job: &str| bytes(world.path(job).join("images").join(image));
        assert_eq!(of("file"), of("seeds"), "{image}");
    }
    let page = |job: &str| std::fs::read_to_string(world.path(job).join("index.html")).unwrap();
    assert!(page("seeds").contains(r#""codes":"NumPy's seeds 84 to 86""#) && page("seeds").contains(r#""seed 86""#));
    assert!(page("file").contains(r#""codes":"codes of z.npy""#) && page("file").contains(r#""row 2""#));
    // Asked for again it is there; with other codes it is another job.
    assert_eq!(rendered(&["--codes", "z.npy", "--out", "file"]), 0);
    assert_eq!(rendered(&["--codes", "z.npy", "--n", "2"]), 10);
    std::fs::write(world.path("z.npy"), npy::encode(Precision::Single, &[3, 6], &codes(7))).unwrap();
    assert_eq!(rendered(&["--codes", "z.npy", "--n", "2"]), 10);
    let names = folders(&world);
    assert!(
        names.len() == 2 && names.iter().all(|name| name.contains("_N2_K2_seed0_") && name.contains("_codes-")),
        "{names:?}"
    );
    let other = world.fails(1, &job(&file, &["--k", "2", "--codes", "z.npy", "--out", "file", "--resume"]));
    assert!(other.contains("codes") && other.contains("--codes"), "{other}");
    let without = world.fails(1, &job(&file, &["--k", "2", "--n", "3", "--out", "file"]));
    assert!(without.contains("codes: z.npy there, none now"), "{without}");
    let with = world.fails(1, &job(&file, &["--k", "2", "--n", "3", "--codes", "z.npy", "--out", "seeds"]));
    assert!(with.contains("codes: none there, z.npy now"), "{with}");
    // A job that goes on by itself finds its codes.
    std::fs::write(world.path("z.npy"), npy::encode(Precision::Double, &[3, 6], &codes(84))).unwrap();
    std::fs::remove_file(world.path("file/images/sample1.png")).unwrap();
    world.done(&["runs", "file", "--check"]);
    assert!(world.path("file/images/sample1.png").is_file());
}

#[test]
fn codes_that_do_not_fit_are_refused_before_anything_is_written() {
    let (world, file) = (World::new(), fixture("bare.safetensors"));
    let write = |name: &str, shape: &[u64]| {
        let n = shape.iter().product::<u64>() as usize;
        std::fs::write(world.path(name), npy::encode(Precision::Single, shape, &vec![0.5; n])).unwrap();
    };
    write("z.npy", &[3, 6]);
    write("wide.npy", &[3, 7]);
    write("w.npy", &[1, 4, 6]);
    write("many.npy", &[1001, 6]);
    for (code, args, needle) in [
        (1, &["--codes", "wide.npy"][..], "wide.npy: its shape is [3, 7]; this model's codes z have the shape [n, 6]"),
        (1, &["--codes", "w.npy"], "rows of w"),
        (1, &["--codes", "none.npy"], "none.npy"),
        (1, &["--codes", "many.npy"], "1001 codes; say with --n how many"),
        (1, &["--codes", "z.npy", "--n", "4"], "holds 3 codes, and 4 samples"),
        (2, &["--codes", "z.npy", "--rng", "numpy"], "--rng cannot be used with --codes"),
        (2, &["--codes", "z.npy", "--seed", "1"], "--seed cannot be used with --codes"),
        (2, &["--rng", "numpy", "--seed", "4294967295", "--n", "2"], "NumPy"),
        (2, &["--threads", "2000"], "--threads"),
        (2, &["--directions-file", "z.npy", "--raw"], "--raw cannot be used with --directions-file"),
        (1, &["--directions-file", "wide.npy"], "directions have the shape [k, 6]"),
        (2, &["--directions-file", "z.npy", "--k", "4"], "k is 4; there are 3 directions"),
    ] {
        let message = world.fails(code, &job(&file, &[args, &["--out", "job"]].concat()));
        assert!(message.contains(needle), "{args:?}: {message}");
        assert!(!world.path("job").exists(), "{args:?}");
    }
}

#[test]
fn directions_come_from_a_jobs_own_files_and_from_other_peoples() {
    let (world, file) = (World::new(), fixture("bare.safetensors"));
    world.done(&job(&file, &["--n", "1", "--k", "2", "--out", "own"]));
    let image = |job: &str| bytes(world.path(job).join("images/sample0_semantic1_step2.png"));
    let from = |out: &str, directions: &str, more: &[&str]| {
        let args = [&["--n", "1", "--out", out, "--directions-file", directions], more].concat();
        world.done(&job(&file, &args))
    };
    from("again", "own/directions.safetensors", &["--k", "2"]);
    assert_eq!(image("again"), image("own"));
    // These two have single precision.
    for (out, name) in [("npy", "own/directions.npy"), ("factor", "own/factor.pt")] {
        from(out, name, &["--k", "2"]);
        let [a, b] = [out, "own"].map(|job| picture(world.path(job).join("images/sample0_semantic1_step2.png")));
        assert!(a.rgb.iter().zip(&b.rgb).all(|(a, b)| a.abs_diff(*b) <= 1), "{name}");
    }
    // One direction of somebody's, twice as long: fewer than the usual five, without eigenvalues.
    let one = [0.0, 0.0, 2.0, 0.0, 0.0, 0.0];
    std::fs::write(world.path("one.npy"), npy::encode(Precision::Double, &[1, 6], &one)).unwrap();
    let output = world.run(&job(&file, &["--n", "1", "--out", "one", "--directions-file", "one.npy"]));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("brought to length 1"), "{said}");
    let edit =
        ["sefa", "edit", "--checkpoint", &file, "--directions-file", "one.npy", "--move", "0=1", "--out", "e.png"];
    let said = String::from_utf8(world.run(&edit).stderr).unwrap();
    assert!(said.contains("brought to length 1"), "{said}");
    assert!(world.path("one/frames/frame0.png").is_file() && !world.path("one/frames/frame1.png").exists());
    let table = std::fs::read_to_string(world.path("one/eigenvalues.csv")).unwrap();
    assert_eq!(table, "index,eigenvalue,share,label\n0,,,\n");
    let kept = npy::decode(&bytes(world.path("one/directions.npy"))).unwrap();
    assert_eq!((kept.shape, kept.values), (vec![1, 6], vec![0.0, 0.0, 1.0, 0.0, 0.0, 0.0]));
    assert!(std::fs::read_to_string(world.path("one/index.html")).unwrap().contains(r#""eigenvalue":null"#));
    // The file's content is in the name.
    world.done(&job(&file, &["--n", "1", "--directions-file", "one.npy"]));
    let names = folders(&world);
    assert!(names[0].contains("_N1_K1_seed0_") && names[0].contains("_directions-"), "{names:?}");
    let message =
        world.fails(2, &job(&file, &["--n", "1", "--out", "own", "--k", "2", "--directions-file", "one.npy"]));
    assert!(message.contains("there is 1 direction"), "{message}");
}

#[test]
fn directions_for_elsewhere_say_what_they_are_of() {
    let world = World::new();
    let file = fixture("layouts/stylegan2-nvidia.pkl");
    world.done(&job(&file, &["--n", "1", "--k", "1", "--layers", "0-1", "--out", "job"]));
    let path = world.path("job/directions.safetensors");
    let note: serde_json::Value = serde_json::from_str(&checkpoint::load_note(&path).unwrap().unwrap()).unwrap();
    assert_eq!((&note["model"], &note["space"]), (&"stylegan2-nvidia".into(), &"w".into()));
    assert_eq!((&note["layers"], &note["seed"]), (&serde_json::json!([0, 1]), &0.into()));
    assert_eq!(note["checkpoint_sha256"].as_str().unwrap().len(), 64);
    let tensors = checkpoint::load(&path).unwrap().tensors;
    let directions = NamedTensor::find(&tensors, "directions").unwrap().as_f64(&[5, 5]).unwrap();
    let npy = npy::decode(&bytes(world.path("job/directions.npy"))).unwrap();
    assert_eq!((npy.precision, npy.shape), (Precision::Single, vec![5, 5]));
    assert!(npy.values.iter().zip(directions).all(|(a, b)| (a - b).abs() < 1e-7));
    for row in npy.values.chunks(5) {
        assert!((row.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-6);
    }
    let source = checkpoint::Source::open(&world.path("job/factor.pt")).unwrap();
    let columns = source.read("eigvec").unwrap().unwrap();
    let rows: Vec<f32> = npy.values.iter().map(|&x| x as f32).collect();
    assert!((0..5).all(|i| (0..5).all(|k| columns[i * 5 + k].to_bits() == rows[k * 5 + i].to_bits())));
}

#[test]
fn sheets_are_the_frames_with_headings_and_videos_go_there_and_back() {
    let (world, file) = (World::new(), fixture("bare.safetensors"));
    std::fs::write(world.path("labels.json"), r#"{"1": "sleeves"}"#).unwrap();
    let args = ["--n", "2", "--k", "2", "--steps", "5", "--labels", "labels.json", "--out", "job"];
    world.done(&[&["sefa", "--checkpoint", &file, "--viz-size", "32"], &args[..]].concat());
    for k in 0..2 {
        let [frame, sheet] =
            ["frames/frame", "sheets/sheet"].map(|of| picture(world.path(&format!("job/{of}{k}.png"))));
        assert_eq!((frame.width, frame.height), (5 * 32, 2 * 32));
        // The frame is in the sheet, pixel for pixel, with words above and beside it.
        let rows =
            |picture: &Picture, y: usize, x: usize| picture.pixels()[y * picture.width + x..][..frame.width].to_vec();
        let places =
            (0..=sheet.height - frame.height).flat_map(|y| (0..=sheet.width - frame.width).map(move |x| (x, y)));
        let place =
            places.into_iter().find(|&(x, y)| (0..frame.height).all(|i| rows(&sheet, y + i, x) == rows(&frame, i, 0)));
        let (x, y) = place.unwrap_or_else(|| panic!("frame {k} is not in its sheet"));
        assert!(x > 20 && y > 20, "{x}, {y}");
        let inked = |to: (usize, usize)| {
            (0..to.1)
                .flat_map(|y| (0..to.0).map(move |x| (x, y)))
                .filter(|&(x, y)| sheet.pixels()[y * sheet.width + x][0] < 90)
                .count()
        };
        assert!(inked((sheet.width, y)) > 100 && inked((x, sheet.height)) > 50);
    }
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::Indexed);
    let gif = bytes(world.path("job/job.gif"));
    let mut decoder = options.read_info(&gif[..]).unwrap();
    assert_eq!(decoder.repeat(), gif::Repeat::Infinite);
    let mut delays = Vec::new();
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        delays.push(frame.delay);
    }
    assert_eq!(delays, [10; 8], "five steps and three back");
}

#[test]
fn a_job_of_before_there_were_sheets_goes_on_to_the_same_bytes() {
    let world = World::new();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    std::fs::copy(fixtures.join("runs/generator.safetensors"), world.path("generator.safetensors")).unwrap();
    let files = [
        "directions.safetensors",
        "eigenvalues.csv",
        "images.jsonl",
        "job.json",
        "one-way.gif",
        "one-way.mp4",
        "run.json",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain((0..2).map(|k| format!("frames/frame{k}.png")))
    .chain(["sample0", "sample0_semantic0_step0", "sample0_semantic1_step2"].map(|name| format!("images/{name}.png")));
    let files: Vec<String> = files.collect();
    let here = world.path("one-way");
    for folder in ["frames", "images"] {
        std::fs::create_dir_all(here.join(folder)).unwrap();
        for entry in std::fs::read_dir(fixtures.join("one-way/job").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, here.join(folder).join(path.file_name().unwrap())).unwrap();
        }
    }
    for name in files.iter().filter(|name| !name.contains('/')) {
        std::fs::copy(fixtures.join("one-way/job").join(name), here.join(name)).unwrap();
    }
    // What a crash may take, and no side is asked for: the job's own is kept, which is not what suits the model today.
    for name in ["images/sample0_semantic1_step2.png", "one-way.gif", "frames/frame1.png"] {
        std::fs::remove_file(here.join(name)).unwrap();
    }
    if MAKES_MP4 {
        std::fs::remove_file(here.join("one-way.mp4")).unwrap();
    }
    let command = ["sefa", "--checkpoint", "generator.safetensors", "--n", "1", "--k", "2", "--steps", "3"];
    world.done(&[&command[..], &["--out", "one-way", "--resume"]].concat());
    // Two say which build wrote them. Two hold directions and eigenvalues, found anew: their last digits depend on the kind of
    // CPU, and then it was libtorch that found them.
    let then = fixtures.join("one-way/job");
    let others = ["run.json", "job.json", "directions.safetensors", "eigenvalues.csv"];
    for name in files.iter().filter(|name| !others.contains(&name.as_str())) {
        assert!(bytes(here.join(name)) == bytes(then.join(name)), "{name}");
    }
    let directions = |folder: &Path| {
        let tensors = checkpoint::load(&folder.join("directions.safetensors")).unwrap().tensors;
        let numbers = tensors.iter().flat_map(|tensor| match &tensor.numbers {
            Numbers::F64(numbers) => numbers.clone(),
            other => panic!("{other:?}"),
        });
        numbers.collect::<Vec<_>>()
    };
    let eigenvalues = |folder: &Path| {
        let text = String::from_utf8(bytes(folder.join("eigenvalues.csv"))).unwrap();
        text.split([',', '\n']).filter_map(|cell| cell.parse::<f64>().ok()).collect::<Vec<_>>()
    };
    for [now, then] in [[directions(&here), directions(&then)], [eigenvalues(&here), eigenvalues(&then)]] {
        assert_eq!(now.len(), then.len());
        assert!(!now.is_empty() && now.iter().zip(&then).all(|(x, y)| (x - y).abs() < 1e-12), "{now:?} for {then:?}");
    }
    assert!(!here.join("sheets").exists() && !here.join("directions.npy").exists());
}

#[test]
fn sides_are_the_models_own_or_multiples_and_what_cannot_be_is_said_at_once() {
    let (world, file) = (World::new(), fixture("bare.safetensors"));
    let width = |job: &str| picture(world.path(job).join("images/sample0.png")).width;
    world.done(&["sefa", "--checkpoint", &file, "--n", "1", "--k", "1", "--steps", "1", "--out", "usual"]);
    assert_eq!(width("usual"), 256, "a model of 16 pixels, 16 times");
    // The usual side, said, is the same job.
    let json = world.done(&[
        "sefa",
        "--checkpoint",
        &file,
        "--n",
        "1",
        "--k",
        "1",
        "--steps",
        "1",
        "--viz-size",
        "256",
        "--out",
        "usual",
        "--json",
    ]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["rendered"], 0);
    // A picture of the video has 8 pixels in a row: no video has, where there are any.
    let args = ["--n", "30", "--k", "1", "--steps", "2", "--viz-size", "4", "--out", "thin"];
    let output = world.run(&[&["sefa", "--checkpoint", &file], &args[..]].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let (no_video, rendering) = (said.find("no mp4: ").unwrap(), said.find("rendering").unwrap());
    assert!(output.status.success() && no_video < rendering, "{said}");
    assert!(said.contains(if MAKES_MP4 { "8x120" } else { "without libtorch and the encoder of videos" }), "{said}");
    assert!(world.path("thin/thin.gif").is_file() && !world.path("thin/thin.mp4").exists());
    // A thousand directions of a thousand samples at a thousand distances are refused, and nothing is written.
    let args = ["--n", "1000", "--k", "6", "--steps", "1000", "--viz-size", "2048", "--out", "huge"];
    let message = world.fails(1, &[&["sefa", "--checkpoint", &file], &args[..]].concat());
    assert!(message.contains("the pictures of this job") && !world.path("huge").exists(), "{message}");
}

#[test]
fn threads_change_nothing_that_can_be_seen_and_a_job_may_go_on_with_others() {
    let world = World::new();
    // A StyleGAN2's arithmetic is ours, with one sequence of roundings; a ProGAN's is libtorch's, which may take another algorithm
    // for another number of threads.
    for (name, file, most) in [("progan", "bare.safetensors", 1), ("stylegan2", "layouts/stylegan2-nvidia.pkl", 0)] {
        let file = fixture(file);
        let run = |threads: &str| {
            let out = format!("{name}-{threads}");
            world.done(&job(&file, &["--n", "2", "--k", "2", "--threads", threads, "--out", &out]));
            [0, 1].map(|k| picture(world.path(&out).join(format!("frames/frame{k}.png"))))
        };
        for (one, three) in run("1").iter().zip(run("3")) {
            let apart = one.rgb.iter().zip(&three.rgb).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
            assert!(apart <= most, "{name}: {apart} of 255");
        }
        let out = format!("{name}-1");
        std::fs::remove_file(world.path(&out).join("images/sample1.png")).unwrap();
        world.done(&job(&file, &["--n", "2", "--k", "2", "--threads", "2", "--out", &out, "--resume"]));
        assert!(world.path(&out).join("images/sample1.png").is_file());
    }
}

/// The lines of Python in README.md that use a direction.
fn readme_lines() -> String {
    let text = std::fs::read_to_string(crate::documents::path("README.md")).unwrap();
    let mut blocks = text.split("```python\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.find(|block| block.contains("directions.npy")).expect("README.md uses a direction elsewhere").to_owned()
}

#[test]
fn the_readmes_lines_use_a_direction_elsewhere() {
    let world = World::new();
    let file = fixture("layouts/stylegan2-nvidia.safetensors");
    let args = ["--n", "1", "--k", "1", "--steps", "3", "--viz-size", "16", "--out", "job"];
    world.done(&[&["sefa", "--checkpoint", &file], &args[..]].concat());
    let lines = readme_lines();
    assert!(lines.lines().count() <= 5, "{lines}");
    for name in lines.split('"').skip(1).step_by(2).filter(|word| word.contains('.')) {
        assert!(world.path("job").join(name).is_file(), "README.md names {name}");
    }
    // Where there is PyTorch, they make the job's picture of the last step, +2.
    let python = std::env::var("GAN_LAB_PYTHON").unwrap_or_else(|_| "python3".into());
    let has = Command::new(&python).args(["-c", "import torch, numpy, safetensors"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        return;
    }
    let script = crate::documents::path("scripts/use_direction.py");
    let (job, out) = (world.path("job"), world.path("elsewhere"));
    let output = Command::new(&python).args([&script, &job, &out]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (ours, theirs) = (picture(job.join("images/sample0_semantic0_step2.png")), bytes(out));
    assert_eq!((ours.width, ours.height, theirs.len()), (16, 16, ours.rgb.len()));
    let apart = ours.rgb.iter().zip(&theirs).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
    assert!(apart <= 1, "{apart} of 255 apart");
    let unedited = picture(job.join("images/sample0.png"));
    assert!(unedited.rgb.iter().zip(&theirs).any(|(a, b)| a.abs_diff(*b) > 8), "the step changes the picture");
}
