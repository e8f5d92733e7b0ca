//! A set of faces in a folder.
//!
//! | file | content |
//! |---|---|
//! | `faces.npy` | the pictures: uint8 [n, side, side, 3], red, green, blue |
//! | `traits.csv` | a line for each picture in the same order, a column for each trait |
//! | `law.json` | the card: number, side, seed, version, every trait's law and meaning, digests of the other two |

use std::cell::Cell;
use std::io::{self, Write};
use std::path::Path;

use fs_err as fs;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::traits::{About, Face, TRAITS};
use super::{draw, face};
use crate::data::npy;
use crate::digest::hex;
use crate::files;

/// The pictures.
pub const PICTURES: &str = "faces.npy";
/// The traits.
pub const TABLE: &str = "traits.csv";
/// The card.
pub const CARD: &str = "law.json";

/// The number of the law and the drawing: pictures or traits of a seed that change raise it.
pub const VERSION: u32 = 1;

/// Bytes of pictures that a thread draws before they are written.
const AT_ONCE: usize = 1 << 20;

/// How many faces of which size from which seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaceSet {
    /// How many.
    pub n: u64,
    /// The pictures' side in pixels.
    pub side: usize,
    /// The seed.
    pub seed: u64,
}

#[derive(Serialize)]
struct Column {
    name: &'static str,
    range: [f64; 2],
    law: String,
    meaning: &'static str,
}

impl FaceSet {
    /// Bytes of the file of pictures, but for its header.
    pub fn bytes(&self) -> u64 {
        self.n * (self.side * self.side * 3) as u64
    }

    /// Draws the set on `threads` threads and writes its three files into `folder`, the card last. The bytes depend on the set
    /// alone.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(&self, folder: &Path, threads: usize) -> io::Result<()> {
        let pictures = digest_of(&folder.join(PICTURES), |to| self.write_pictures(to, threads))?;
        let table = digest_of(&folder.join(TABLE), |to| self.write_table(to))?;
        let card = self.card(&pictures, &table);
        files::write(&folder.join(CARD), format!("{card:#}\n").as_bytes())
    }

    /// The traits of every face.
    pub fn faces(&self) -> impl Iterator<Item = Face> {
        let seed = self.seed;
        (0..self.n).map(move |number| face(seed, number))
    }

    fn write_pictures(&self, to: &mut dyn Write, threads: usize) -> io::Result<()> {
        to.write_all(&npy::header_of("|u1", &[self.n, self.side as u64, self.side as u64, 3]))?;
        let size = self.side * self.side * 3;
        let threads = threads.max(1);
        let each = (AT_ONCE / size).max(1);
        let mut bytes = vec![0; size * each * threads];
        let mut first = 0;
        while first < self.n {
            let now = ((each * threads) as u64).min(self.n - first);
            let part = &mut bytes[..now as usize * size];
            std::thread::scope(|scope| {
                for (thread, mine) in part.chunks_mut(each * size).enumerate() {
                    let from = first + (thread * each) as u64;
                    scope.spawn(move || self.draw_from(from, mine));
                }
            });
            to.write_all(part)?;
            first += now;
        }
        Ok(())
    }

    /// Draws the pictures from number `from` on that fit into `bytes`.
    fn draw_from(&self, from: u64, bytes: &mut [u8]) {
        for (number, picture) in (from..).zip(bytes.chunks_exact_mut(self.side * self.side * 3)) {
            draw(&face(self.seed, number), self.side, picture);
        }
    }

    fn write_table(&self, to: &mut dyn Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(to);
        writer.write_record(TRAITS.map(|about| about.name))?;
        for Face(values) in self.faces() {
            writer.write_record(values.map(|value| value.to_string()))?;
        }
        writer.flush()
    }

    fn card(&self, pictures: &str, table: &str) -> Value {
        let column = |about: &About| Column {
            name: about.name,
            range: about.range,
            law: about.draw.words(),
            meaning: about.meaning,
        };
        let columns: Vec<Column> = TRAITS.iter().map(column).collect();
        json!({
            "law": "faces",
            "version": VERSION,
            "n": self.n,
            "resolution": self.side,
            "seed": self.seed,
            "sha256": { PICTURES: pictures, TABLE: table },
            "traits": columns,
        })
    }
}

/// The law that drew the pictures in a folder, or in a file of one, as the folder's card says; None without a card.
pub fn law_of(pictures: &Path) -> Option<String> {
    let folder = if pictures.is_dir() { pictures } else { pictures.parent()? };
    let card: Value = serde_json::from_slice(&fs::read(folder.join(CARD)).ok()?).ok()?;
    Some(card.get("law")?.as_str()?.to_owned())
}

/// Writes a file; gives its SHA-256.
fn digest_of(path: &Path, content: impl Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<String> {
    let digest = Cell::new(String::new());
    files::write_with(path, |file| {
        let mut hashing = Hashing { to: file, hash: Sha256::new() };
        content(&mut hashing)?;
        digest.set(hex(&hashing.hash.finalize()));
        Ok(())
    })?;
    Ok(digest.into_inner())
}

/// Passes bytes on and takes their digest.
struct Hashing<'a> {
    to: &'a mut dyn Write,
    hash: Sha256,
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
