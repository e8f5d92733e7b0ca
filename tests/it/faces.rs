//! Faces whose traits are known: the command, the files, the document.

use gan_lab::digest::digest;
use gan_lab::faces::{CARD, Face, PICTURES, TABLE, TRAITS, draw, face};

use crate::documents;
use crate::world::{World, contents_of};

const SHEETS: [&str; 2] = ["pictures/faces.png", "pictures/traits.png"];

#[test]
fn a_folder_has_the_pictures_their_traits_and_the_law() {
    let world = World::new();
    let said = world.done(&["data", "make", "faces", "--n", "30", "--resolution", "32", "--seed", "4"]);
    assert!(said.contains("data/faces/faces.npy (30 faces of side 32") && said.contains("next: gan-lab train progan"));
    let folder = world.path("data/faces");
    let pictures = std::fs::read(folder.join(PICTURES)).unwrap();
    let header = String::from_utf8_lossy(&pictures[10..128]).into_owned();
    assert!(header.contains("'descr': '|u1'") && header.contains("'shape': (30, 32, 32, 3, )"), "{header}");
    let size = 32 * 32 * 3;
    for (number, picture) in pictures[128..].chunks(size).enumerate() {
        let mut expected = vec![0; size];
        draw(&face(4, number as u64), 32, &mut expected);
        assert!(picture == expected, "face {number}");
    }
    let table = std::fs::read_to_string(folder.join(TABLE)).unwrap();
    let mut lines = table.lines();
    assert_eq!(lines.next().unwrap(), TRAITS.map(|about| about.name).join(","));
    for (number, line) in lines.clone().enumerate() {
        let Face(values) = face(4, number as u64);
        assert_eq!(line.split(',').map(|cell| cell.parse::<f64>().unwrap()).collect::<Vec<_>>(), values);
    }
    assert_eq!(lines.count(), 30);
    let card: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join(CARD)).unwrap()).unwrap();
    assert_eq!(card["sha256"][PICTURES], digest(&pictures).as_str());
    assert_eq!(card["traits"][0]["name"], "turn");
    for (name, columns, rows) in [(SHEETS[0], 12, 3), (SHEETS[1], 9, TRAITS.len() as u32)] {
        let file = std::io::BufReader::new(std::fs::File::open(folder.join(name)).unwrap());
        let info = png::Decoder::new(file).read_info().unwrap();
        assert_eq!((info.info().width, info.info().height), (96 * columns, 96 * rows), "{name}");
    }
}

#[test]
fn any_number_of_threads_makes_the_same_files_and_what_is_there_stays_unless_forced() {
    let world = World::new();
    let common = ["data", "make", "faces", "--n", "700", "--resolution", "16", "--out"];
    let make = |out: &'static str, more: &[&'static str]| [&common[..], &[out], more].concat();
    world.done(&make("one", &["--threads", "1"]));
    world.done(&make("three", &["--threads", "3"]));
    assert!(contents_of(&world.path("one")) == contents_of(&world.path("three")));
    std::fs::write(world.path("one/notes.txt"), "mine").unwrap();
    let before = contents_of(&world.path("one"));
    let refusal = world.fails(1, &make("one", &["--seed", "2"]));
    assert!(refusal.contains("faces.npy exists; write elsewhere with --out, or replace it with --force"), "{refusal}");
    assert!(contents_of(&world.path("one")) == before);
    // Any file of the set counts.
    std::fs::create_dir(world.path("partly")).unwrap();
    std::fs::write(world.path("partly/law.json"), "{}").unwrap();
    assert!(world.fails(1, &make("partly", &[])).contains("law.json exists"));
    world.done(&make("one", &["--seed", "2", "--force"]));
    let after = contents_of(&world.path("one"));
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    assert!(after.iter().zip(&before).filter(|(new, old)| new.1 != old.1).count() >= 4, "another seed, other files");
    assert_eq!(std::fs::read(world.path("one/notes.txt")).unwrap(), b"mine");
}

#[test]
fn what_cannot_be_made_is_refused_with_its_reason() {
    let world = World::new();
    std::fs::write(world.path("file"), "mine").unwrap();
    for (code, args, words) in [
        (2, &["faces", "--n", "0"][..], "1 to 10000000"),
        (2, &["faces", "--n", "-3"], "1 to 10000000"),
        (2, &["faces", "--n", "99999999999999999999"], "1 to 10000000"),
        (2, &["faces", "--resolution", "15"], "16 to 256"),
        (2, &["faces", "--resolution", "257"], "16 to 256"),
        (2, &["faces", "--threads", "257"], "0 to 256"),
        (2, &["faces", "--seed", "-1"], "0 or more"),
        (2, &["faces", "--points", "9"], "--points"),
        (2, &["ring8", "--n", "9"], "--n"),
        (2, &["ring8", "faces"], "faces"),
        (2, &[], "<LAW>"),
        (2, &["--points", "9"], "<LAW>"),
        (1, &["faces", "--n", "2", "--out", "file"], "file"),
    ] {
        let message = world.fails(code, &[&["data", "make"], args].concat());
        assert!(message.contains(words), "{args:?}: {message}");
    }
    assert!(!world.path("data").exists());
    assert_eq!(std::fs::read(world.path("file")).unwrap(), b"mine");
}

#[cfg(feature = "torch")]
#[test]
fn a_progan_trains_on_the_folder() {
    let world = World::new();
    world.done(&["data", "make", "faces", "--n", "16", "--resolution", "16", "--out", "faces"]);
    let options = "train progan --data faces --resolution 16 --latent-dim 4 --fmaps-base 32 --fmaps-max 4 --batch-size 8 \
                   --kimg-per-phase 0.008 --final-kimg 0.008 --record-kimg 0.008 --threads 1 --out run";
    let output = world.run(&options.split_whitespace().collect::<Vec<_>>());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("16 images of side 16"), "{said}");
    assert!(said.contains("taking faces.npy; 2 pictures in folders beside it were passed over"), "{said}");
    // Its weights say which law they learned, also converted: so their directions are measured.
    world.done(&["convert", "run/generator.safetensors", "half.safetensors", "--half"]);
    for file in ["run/generator.safetensors", "half.safetensors"] {
        let note = gan_lab::checkpoint::load_note(&world.path(file)).unwrap().unwrap();
        assert!(note.contains(r#""law":"faces""#), "{file}: {note}");
    }
}

#[test]
fn the_document_lists_every_trait() {
    let mut table = "| trait | range | law | from, to |\n|---|---|---|---|\n".to_owned();
    for about in TRAITS {
        let [low, high] = about.range;
        table += &format!("| `{}` | {low} to {high} | {} | {} |\n", about.name, about.draw.words(), about.meaning);
    }
    documents::hold("docs/FACES.md", "traits", &table);
}
