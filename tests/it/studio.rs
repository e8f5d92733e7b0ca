//! Directions in use: `gan-lab sefa sheet`, `edit`, `explore`, `directions`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};

use gan_lab::checkpoint::{NamedTensor, Numbers, Source, TensorFile, load, save};
use gan_lab::data::npy::{self, Precision};
use gan_lab::kinds::sefa::Codes;
use gan_lab::media::MAKES_MP4;
use gan_lab::media::decode_png;
use gan_lab::render::Picture;

use crate::world::World;

/// A ProGAN and a StyleGAN2 of side 16.
fn checkpoints() -> [String; 2] {
    ["genforce-zip.pth", "layouts/stylegan2-nvidia.pkl"].map(|name| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/checkpoints").join(name);
        path.to_str().unwrap().to_owned()
    })
}

fn picture(path: &Path) -> Picture {
    decode_png(&std::fs::read(path).unwrap()).unwrap()
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn directions_alone_are_those_of_a_job_in_every_form() {
    let world = World::new();
    let [progan, stylegan2] = checkpoints();
    for (checkpoint, more) in
        [(&progan, &[][..]), (&stylegan2, &[]), (&stylegan2, &["--layers", "1,3"]), (&progan, &["--raw"])]
    {
        let of = |command: &'static [&'static str]| [&["sefa"], command, &["--checkpoint", checkpoint], more].concat();
        let job = ["--n", "1", "--k", "2", "--steps", "2", "--viz-size", "16", "--out", "job", "--force"];
        world.done(&[of(&[]), job.to_vec()].concat());
        for (alone, of_job) in [("d.npy", "job/directions.npy"), ("d.pt", "job/factor.pt")] {
            world.done(&[of(&["directions"]), vec!["--force", "--out", alone]].concat());
            let [alone, of_job] = [alone, of_job].map(|file| std::fs::read(world.path(file)).unwrap());
            assert!(alone == of_job, "{checkpoint} {more:?}");
        }
        world.done(&[of(&["directions"]), vec!["--k", "3", "--force", "--out", "d.safetensors"]].concat());
        let [alone, of_job] =
            ["d", "job/directions"].map(|file| load(&world.path(&format!("{file}.safetensors"))).unwrap());
        let numbers = |file: &TensorFile, name: &str| match &NamedTensor::find(&file.tensors, name).unwrap().numbers {
            Numbers::F64(values) => values.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(numbers(&alone, "eigenvalues"), numbers(&of_job, "eigenvalues")[..3]);
        assert!(numbers(&of_job, "directions").starts_with(&numbers(&alone, "directions")));
        let [ours, jobs] = [alone, of_job].map(|file| json(&file.note.unwrap()));
        for key in ["checkpoint_sha256", "space", "layers", "normalised_units"] {
            assert_eq!(ours[key], jobs[key], "{key}");
        }
    }
}

/// A StyleGAN3 in NVIDIA's names with the style layers of a StyleGAN2: the same matrix, and so the same directions.
fn stylegan3(stylegan2: &str, path: &Path) {
    let source = Source::open(Path::new(stylegan2)).unwrap();
    let taken = |layer: &str, name: &str| {
        let of = format!("G_ema.synthesis.{layer}.affine.weight");
        let shape = source.tensor(&of).unwrap().shape.clone();
        NamedTensor::f32(format!("synthesis.{name}.affine.weight"), shape, source.read(&of).unwrap().unwrap())
    };
    let layers = ["b8.conv0", "b8.conv1", "b16.conv0", "b16.conv1", "b16.torgb"];
    let mut tensors =
        vec![NamedTensor::f32("synthesis.input.freqs", vec![2, 2], vec![0.0; 4]), taken("b4.conv1", "input")];
    tensors.extend(layers.iter().enumerate().map(|(i, layer)| taken(layer, &format!("L{i}_36_6"))));
    save(path, &tensors, None).unwrap();
}

#[test]
fn a_stylegan3_has_directions_and_no_pictures() {
    let world = World::new();
    let [progan, stylegan2] = checkpoints();
    stylegan3(&stylegan2, &world.path("s3.safetensors"));
    world.done(&["sefa", "directions", "--checkpoint", &stylegan2, "--out", "s2.npy"]);
    let said = world.done(&["sefa", "directions", "--checkpoint", "s3.safetensors", "--out", "s3.npy"]);
    let [s2, s3] = ["s2.npy", "s3.npy"].map(|file| npy::floats(&std::fs::read(world.path(file)).unwrap()).unwrap());
    assert_eq!(s2.shape, s3.shape);
    assert!(s2.values.iter().zip(&s3.values).all(|(a, b)| (a - b).abs() < 1e-4), "{said}");
    let output = world.run(&["sefa", "directions", "--checkpoint", "s3.safetensors"]);
    let notes = String::from_utf8(output.stderr).unwrap();
    for words in [
        "no pictures can be drawn of it: s3.safetensors cannot be used: it holds a StyleGAN3",
        "6 style layers under 'top', input to L4_36_6",
    ] {
        assert!(notes.contains(words), "{notes}");
    }
    for command in [&["sefa"][..], &["sefa", "sheet", "--out", "a.png"], &["sefa", "edit", "--out", "a.png"]] {
        let message = world.fails(1, &[command, &["--checkpoint", "s3.safetensors"]].concat());
        assert!(message.contains("gan-lab sefa directions --checkpoint s3.safetensors"), "{command:?}: {message}");
    }
    assert!(world.done(&["inspect", "s3.safetensors"]).contains("6 style layers"));
    let of_stylegan3 = ["--checkpoint", "s3.safetensors", "--layers", "6"];
    for (code, args, words) in [
        (2, &of_stylegan3[..], "--layers: there is no layer 6; this generator has the layers 0 to 5"),
        (2, &["--checkpoint", &progan, "--layers", "0"], "--layers: layers is for StyleGAN and StyleGAN2"),
        (2, &["--out", "d.csv"], "directions are a .npy, .safetensors or .pt file"),
        (1, &["--model", "nobodys"], "there is no model 'nobodys'"),
    ] {
        let message = world.fails(code, &[&["sefa", "directions"], args].concat());
        assert!(message.contains(words), "{args:?}: {message}");
    }
}

#[test]
fn an_edit_is_the_picture_of_a_job() {
    let world = World::new();
    let [progan, stylegan2] = checkpoints();
    let late = ["--layers", "1,2", "--truncation", "0.5", "--truncation-layers", "6", "--noise", "random"];
    for (name, checkpoint, more) in
        [("a", &progan, &[][..]), ("b", &stylegan2, &[]), ("c", &stylegan2, &late), ("d", &progan, &["--raw"])]
    {
        let of = |command: &'static [&'static str]| {
            [&["sefa"], command, &["--checkpoint", checkpoint, "--seed", "7"], more].concat()
        };
        let job = ["--n", "1", "--k", "3", "--steps", "5", "--viz-size", "16", "--out", name];
        world.done(&[of(&[]), job.to_vec()].concat());
        for (moves, image) in [
            (&[][..], "sample0.png"),
            (&["--move", "1=1"], "sample0_semantic1_step3.png"),
            (&["--move", "2=-2"], "sample0_semantic2_step0.png"),
        ] {
            world.done(&[of(&["edit"]), moves.to_vec(), vec!["--out", "edit.png"]].concat());
            let [ours, jobs] = ["edit.png".to_owned(), format!("{name}/images/{image}")].map(|file| world.path(&file));
            assert!(std::fs::read(ours).unwrap() == std::fs::read(jobs).unwrap(), "{name}, {moves:?}");
        }
        // Steps add up, and it does not matter how they are said.
        world.done(&[of(&["edit"]), vec!["--move", "0=1.5,2=-1", "--out", "both.png"]].concat());
        world.done(&[of(&["edit"]), vec!["--move", "2=-1", "--move", "0=1.5", "--out", "apart.png"]].concat());
        let [both, apart, single] = ["both.png", "apart.png", "edit.png"].map(|file| picture(&world.path(file)));
        assert!(both == apart && both != single, "{name}");
    }
}

#[test]
fn several_seeds_go_into_a_folder_and_files_of_others_stay() {
    let world = World::new();
    let [progan, _] = checkpoints();
    let edit = |more: &[&'static str]| {
        [&["sefa", "edit", "--checkpoint", &progan, "--json"][..], more]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .collect()
    };
    let run = |more: &[&'static str]| {
        let words: Vec<String> = edit(more);
        json(&world.done(&words.iter().map(String::as_str).collect::<Vec<_>>()))
    };
    let made = run(&["--seeds", "3,7-8", "--move", "0=1", "--out", "folder"]);
    assert_eq!(made["files"], serde_json::json!(["folder/seed0003.png", "folder/seed0007.png", "folder/seed0008.png"]));
    assert_eq!((&made["numbers"], &made["side"]), (&serde_json::json!([3, 7, 8]), &16.into()));
    assert_eq!(made["moves"], serde_json::json!([{ "direction": 0, "distance": 1.0 }]));
    run(&["--seed", "7", "--move", "0=1", "--out", "alone.png"]);
    assert_eq!(picture(&world.path("folder/seed0007.png")), picture(&world.path("alone.png")));
    run(&["--seed", "7", "--move", "0=2", "--out", "alone.png"]);
    run(&["--seed", "7", "--out", "small.jpg"]);
    assert_eq!(std::fs::read(world.path("small.jpg")).unwrap()[..2], [0xff, 0xd8]);
    // Somebody drew into it.
    std::fs::write(world.path("alone.png"), "mine").unwrap();
    let words: Vec<String> = edit(&["--seed", "7", "--out", "alone.png"]);
    let message = world.fails(1, &words.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(message.contains("alone.png") && message.contains("--force"), "{message}");
    assert_eq!(std::fs::read(world.path("alone.png")).unwrap(), b"mine");
    run(&["--seed", "7", "--out", "alone.png", "--force"]);
    assert_eq!(picture(&world.path("alone.png")).width, 16);
}

#[test]
fn what_was_typed_wrong_is_named_and_nothing_is_written() {
    let world = World::new();
    let [progan, stylegan2] = checkpoints();
    std::fs::write(world.path("codes.npy"), npy::encode(Precision::Single, &[2, 3], &[0.0; 6])).unwrap();
    for (code, checkpoint, args, needle) in [
        (
            2,
            &progan,
            &["edit", "--move", "99=1", "--out", "a.png"][..],
            "--move: there is no direction 99; there are 6",
        ),
        (2, &progan, &["edit", "--move", "0=1,0=2", "--out", "a.png"], "direction 0 is moved twice"),
        (2, &progan, &["edit", "--move", "0=1", "--move", "0=2", "--out", "a.png"], "direction 0 is moved twice"),
        (2, &progan, &["edit", "--move", "0=NaN", "--out", "a.png"], "the distance along 0 is NaN"),
        (2, &progan, &["edit", "--move", "first", "--out", "a.png"], "'first' is no move; say DIRECTION=DISTANCE"),
        (2, &progan, &["edit", "--layers", "0", "--out", "a.png"], "--layers: layers is for StyleGAN and StyleGAN2"),
        (2, &progan, &["edit", "--class", "0", "--out", "a.png"], "--class: class 0 was asked for"),
        (1, &stylegan2, &["edit", "--layers", "0,9", "--out", "a.png"], "there is no layer 9"),
        (2, &stylegan2, &["edit", "--truncation", "NaN", "--out", "a.png"], "truncation"),
        (2, &progan, &["edit", "--seeds", "1-2", "--out", "a.png"], "one file cannot hold 2 pictures; name a folder"),
        (2, &progan, &["edit", "--seed", "1", "--seeds", "2", "--out", "a.png"], "cannot be used with"),
        (2, &progan, &["edit", "--out", "a.bmp"], "pictures are .png or .jpg files, films .gif or .mp4"),
        (2, &progan, &["edit", "--move", "0=1", "--out", "a.mp4"], "that is a film; --path writes one"),
        (2, &progan, &["edit", "--move", "0=1", "--path", "--out", "a.png"], "a film is an .mp4 or .gif file"),
        (2, &progan, &["edit", "--path", "--out", "a.mp4"], "nothing would move"),
        (2, &progan, &["edit", "--move", "0=1", "--steps", "3", "--out", "a.png"], "--path"),
        (2, &progan, &["edit", "--set", "samples=3", "--out", "a.png"], "samples is a setting of a job"),
        (2, &progan, &["edit", "--n", "3", "--out", "a.png"], "--n"),
        (2, &progan, &["edit", "--rng", "numpy", "--seed", "4294967296", "--out", "a.png"], "--rng numpy"),
        (2, &progan, &["edit", "--rows", "0", "--out", "a.png"], "--codes"),
        (1, &progan, &["edit", "--codes", "none.npy", "--out", "a.png"], "none.npy"),
        (1, &progan, &["edit", "--codes", "codes.npy", "--out", "a.png"], "codes.npy: its shape is [2, 3]"),
        (2, &progan, &["sheet", "--out", "a.gif"], "a sheet is a .png or .jpg file"),
        (2, &progan, &["sheet", "--seeds", "x", "--out", "a.png"], "'x' is not a list of seeds"),
        (2, &progan, &["sheet", "--tile", "3", "--out", "a.png"], "4 to 2048"),
        (2, &progan, &["explore", "--seed", "9007199254740992"], "it must be a whole number"),
        (1, &stylegan2, &["explore", "--layers", "77"], "there is no layer 77"),
        (1, &progan, &["explore", "--labels", "none.json"], "none.json"),
    ] {
        let message = world.fails(code, &[&["sefa"], args, &["--checkpoint", checkpoint]].concat());
        assert!(message.contains(needle), "{args:?}: {message}");
        assert!(!world.path("a.png").exists() && !world.path("a.mp4").exists(), "{args:?}");
    }
    // A job's options do not stand before a command.
    let message = world.fails(2, &["sefa", "--n", "3", "edit", "--out", "a.png"]);
    assert!(message.contains("cannot be used with"), "{message}");
}

#[test]
fn codes_come_from_seeds_of_either_numbering_or_a_file() {
    let world = World::new();
    let [progan, _] = checkpoints();
    let edit = |more: &[&str], out: &str| {
        world.done(&[&["sefa", "edit", "--checkpoint", &progan, "--move", "0=1", "--out", out][..], more].concat());
    };
    edit(&["--seed", "5"], "torch.png");
    edit(&["--seed", "5", "--rng", "numpy"], "numpy.png");
    // What the same numbers draw as rows of a file.
    let dim = 6;
    let codes = |rng| Codes::of_seed(rng, 5, 1, dim).unwrap().rows;
    let [torch, numpy] = [gan_lab::config::SefaRng::Torch, gan_lab::config::SefaRng::Numpy].map(codes);
    let rows: Vec<f64> = torch.iter().chain(&numpy).map(|&x| f64::from(x)).collect();
    std::fs::write(world.path("codes.npy"), npy::encode(Precision::Single, &[2, dim as u64], &rows)).unwrap();
    edit(&["--codes", "codes.npy"], "rows");
    let [torch, numpy] = ["torch.png", "numpy.png"].map(|file| picture(&world.path(file)));
    let [first, second] = ["rows/row0000.png", "rows/row0001.png"].map(|file| picture(&world.path(file)));
    assert!(torch == first && numpy == second && torch != numpy);
    edit(&["--codes", "codes.npy", "--rows", "1"], "one.png");
    assert_eq!(picture(&world.path("one.png")), second);
    let message = world
        .fails(2, &["sefa", "edit", "--checkpoint", &progan, "--codes", "codes.npy", "--rows", "2", "--out", "no.png"]);
    assert!(message.contains("--rows: there is no row 2; the file of codes has 2"), "{message}");
}

#[test]
fn a_sheet_has_a_tile_for_each_seed() {
    let world = World::new();
    let [progan, _] = checkpoints();
    let sheet =
        |more: &[&str]| json(&world.done(&[&["sefa", "sheet", "--checkpoint", &progan, "--json"][..], more].concat()));
    let made = sheet(&["--out", "all.png"]);
    assert_eq!(made["numbers"].as_array().unwrap().len(), 64);
    assert_eq!((&made["columns"], &made["tile"]), (&8.into(), &128.into()));
    let all = picture(&world.path("all.png"));
    assert_eq!((made["width"].as_u64(), made["height"].as_u64()), (Some(all.width as u64), Some(all.height as u64)));
    sheet(&["--seeds", "4-6", "--columns", "2", "--tile", "40", "--move", "0=1", "--out", "some.png"]);
    world.done(&["sefa", "edit", "--checkpoint", &progan, "--seed", "6", "--move", "0=1", "--out", "six.png"]);
    let (some, six) = (picture(&world.path("some.png")), picture(&world.path("six.png")).enlarged(2));
    // The third one, alone in the second row, pixel for pixel.
    let is_at = |x: usize, y: usize| {
        six.pixels()
            .chunks_exact(32)
            .enumerate()
            .all(|(row, line)| some.pixels()[(y + row) * some.width + x..][..32] == *line)
    };
    let places: Vec<_> = (0..some.width - 31)
        .flat_map(|x| (0..some.height - 31).map(move |y| (x, y)))
        .filter(|&(x, y)| is_at(x, y))
        .collect();
    assert!(places.len() == 1 && places[0].1 > some.height / 2, "{places:?}");
}

#[test]
fn a_film_goes_to_the_edited_picture_and_back() {
    let world = World::new();
    let [progan, _] = checkpoints();
    let edit = |out: &str, more: &[&str]| {
        world.done(&[&["sefa", "edit", "--checkpoint", &progan, "--move", "0=2", "--out", out][..], more].concat());
    };
    edit("way.gif", &["--path", "--steps", "4", "--fps", "10"]);
    edit("films", &["--path", "--seeds", "1-2", "--steps", "2"]);
    let usual = if MAKES_MP4 { "mp4" } else { "gif" };
    assert!(["1", "2"].iter().all(|seed| world.path("films").join(format!("seed000{seed}.{usual}")).is_file()));
    if MAKES_MP4 {
        edit("way.mp4", &["--path"]);
        assert!(world.path("way.mp4").is_file());
    } else {
        let args = ["sefa", "edit", "--checkpoint", &progan, "--move", "0=2", "--out", "way.mp4", "--path"];
        let message = world.fails(1, &args);
        assert!(message.contains("without libtorch") && message.contains("name a .gif file"), "{message}");
        assert!(!world.path("way.mp4").exists());
    }
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut decoder = options.read_info(std::fs::File::open(world.path("way.gif")).unwrap()).unwrap();
    assert_eq!((decoder.width(), decoder.height()), (256, 256));
    let mut delays = Vec::new();
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        delays.push(frame.delay);
    }
    assert_eq!(delays.len(), 7);
    assert_eq!(delays[0], 10);
}

/// A page that is served.
struct Served {
    process: Child,
    address: String,
    token: String,
}

impl Served {
    fn new(world: &World, args: &[&str]) -> Self {
        let mut process =
            world.command(args).stdout(Stdio::piped()).stderr(Stdio::null()).stdin(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("live: http://").unwrap_or_else(|| panic!("it says {line}"));
        let (address, token) = url.split_once("/?token=").unwrap();
        Self { process, address: address.to_owned(), token: token.to_owned() }
    }

    /// Asks for something with the token; the code, the content.
    fn ask(&self, path: &str, query: &str) -> (u16, Vec<u8>) {
        self.raw(&format!("{path}?token={}&{query}", self.token))
    }

    fn raw(&self, target: &str) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {target} HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        assert!(!head.contains("Transfer-Encoding"), "{head}");
        (head[9..12].parse().unwrap(), answer[end + 4..].to_vec())
    }

    fn words(&self, path: &str, query: &str) -> String {
        String::from_utf8(self.ask(path, query).1).unwrap()
    }

    fn end(mut self) {
        let id = self.process.id().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        assert_eq!(self.process.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_explored_picture_is_the_one_that_its_command_draws() {
    let world = World::new();
    let [progan, stylegan2] = checkpoints();
    // A path without what a shell would take apart.
    for (name, checkpoint) in [("progan.pth", &progan), ("style.pkl", &stylegan2)] {
        std::fs::copy(checkpoint, world.path(name)).unwrap();
    }
    for (args, query) in [
        (&["--checkpoint", "progan.pth"][..], "number=7&move=0%3D1.4%2C3%3D-1"),
        (&["--checkpoint", "progan.pth", "--raw", "--rng", "numpy"], "number=3&move=2=0.25"),
        (&["--checkpoint", "progan.pth", "--set", "codes=unit-mean-square"], "number=3&move="),
        (
            &["--checkpoint", "style.pkl", "--truncation", "0.9"],
            "number=5&move=1=-2.5&layers=1-3&truncation=0.45&truncation_layers=3&noise=random&class=",
        ),
        (&["--checkpoint", "style.pkl", "--layers", "0,4"], "number=5&move=0=3"),
    ] {
        let served = Served::new(&world, &[&["sefa", "explore"], args].concat());
        let (code, explored) = served.ask("/picture", &format!("{query}&reader=a&turn=1&place=0"));
        assert_eq!(code, 200, "{}", String::from_utf8_lossy(&explored));
        // Small models have no coarse picture.
        assert_eq!(served.ask("/picture", &format!("{query}&reader=b&turn=1&coarse=1")).0, 200, "it is known by now");
        let line = served.words("/command", &format!("{query}&name=again"));
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[0], "gan-lab");
        world.done(&[&words[1..], &["--force"]].concat());
        assert!(std::fs::read(world.path("again.png")).unwrap() == explored, "{line}");
        served.end();
    }
}

#[test]
fn the_explorer_answers_whatever_it_is_asked() {
    let world = World::new();
    let [_, stylegan2] = checkpoints();
    std::fs::write(world.path("labels.json"), r#"{"1": "</script><b>"}"#).unwrap();
    let served = Served::new(&world, &["sefa", "explore", "--checkpoint", &stylegan2, "--labels", "labels.json"]);
    let page = served.words("/", "");
    assert!(page.contains("StyleGAN2") && page.contains("\"layers\":6"), "{page}");
    assert!(!page.contains("<b>"), "a label is text");
    let found = json(&served.words("/directions", "layers=all"));
    assert_eq!((found["count"].as_u64(), &found["given"]["1"]), (Some(5), &"</script><b>".into()));
    let shares: f64 = found["shares"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).sum();
    assert!((shares - 1.0).abs() < 1e-9);
    let other = json(&served.words("/directions", "layers=0-1"));
    assert!(other["key"] != found["key"] && other["given"] == serde_json::json!({}), "{other}");
    for (path, query, code, words) in [
        ("/picture", "number=1&move=99=1", 400, "there is no direction 99; there are 5"),
        ("/picture", "number=1&move=0=1,0=1", 400, "direction 0 is moved twice"),
        ("/picture", "number=1&move=0=nan", 400, "the distance along 0 is NaN"),
        ("/picture", "number=x", 400, "it must be a whole number"),
        ("/picture", "number=1&layers=99", 400, "there is no layer 99"),
        ("/picture", "number=1&class=3", 400, "no classes"),
        ("/picture", "number=1&truncation=1e999", 400, "truncation"),
        ("/picture", "number=1&noise=loud", 400, "noise"),
        ("/picture", "number=1&what=1", 400, "'what' is nothing that this page asks for"),
        ("/picture", "%%%", 400, "'%%%' is not NAME=VALUE"),
        ("/directions", "layers=0-99", 400, "there is no layer"),
        ("/command", "number=1&name=%2E%2E%2Fx", 400, "'name' is nothing"),
        ("/elsewhere", "", 404, "nothing here"),
    ] {
        let (got, body) = served.ask(path, query);
        let body = String::from_utf8_lossy(&body).into_owned();
        assert!(got == code && body.contains(words), "{path}?{query}: {got} {body}");
    }
    // An earlier state of a page is not drawn any more.
    assert_eq!(served.ask("/picture", "number=1&reader=a&turn=5").0, 200);
    assert_eq!(served.ask("/picture", "number=2&reader=a&turn=4").0, 204);
    assert_eq!(served.ask("/picture", "number=2&reader=b&turn=4").0, 200);
    for wrong in ["/", "/picture?number=1", "/?token=00"] {
        assert_eq!(served.raw(wrong).0, 403, "{wrong}");
    }
    served.end();
}

#[test]
fn rows_of_a_file_are_explored_too() {
    let world = World::new();
    let [progan, _] = checkpoints();
    std::fs::copy(&progan, world.path("progan.pth")).unwrap();
    let values: Vec<f64> = (0..18).map(|i| f64::from(i).sin()).collect();
    std::fs::write(world.path("codes.npy"), npy::encode(Precision::Single, &[3, 6], &values)).unwrap();
    let served = Served::new(&world, &["sefa", "explore", "--checkpoint", "progan.pth", "--codes", "codes.npy"]);
    assert!(served.words("/", "").contains("\"rows\":3"));
    let (code, explored) = served.ask("/picture", "number=2&move=0=1");
    assert_eq!(code, 200);
    let line = served.words("/command", "number=2&move=0=1&name=row");
    assert!(line.contains("--codes codes.npy --rows 2"), "{line}");
    world.done(&line.split_whitespace().skip(1).collect::<Vec<_>>());
    assert!(std::fs::read(world.path("row.png")).unwrap() == explored);
    let (code, body) = served.ask("/picture", "number=3");
    assert!(code == 400 && String::from_utf8_lossy(&body).contains("there is no row 3"));
    served.end();
}
