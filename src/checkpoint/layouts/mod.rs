//! Which network a file of tensors holds, under which names: a file for each layout, and the list of them.
//!
//! A layout is known by a tensor that it alone has. What stands before that tensor's name is the prefix, whatever it is, so that a
//! generator is found in a training checkpoint, a Lightning module or an encoder's file without being told. Averaged generators
//! come first; where there are several, `--weights-key` chooses. docs/adding.md has the steps to a layout.

mod foreign;
mod genforce_progan;
mod genforce_stylegan;
mod genforce_stylegan2;
mod nvidia;
mod pgan_zoo;
mod pro_gan_pth;
mod reader;
mod rosinality;
mod style1;
mod style2;
mod styles;
mod tensorflow_progan;
mod tensorflow_stylegan;
mod tensorflow_stylegan2;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod variants;

use std::collections::BTreeSet;

pub use reader::{Fused, Options};
use reader::{Reader, View};
pub use styles::StyleLayers;

use super::source::Source;
use super::weights::GeneratorWeights;
use super::{CheckpointError, TensorInfo};

/// A family of generators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Karras et al. 2018.
    ProGan,
    /// Karras et al. 2019.
    StyleGan,
    /// Karras et al. 2020, and 2020b (ADA).
    StyleGan2,
}

impl Family {
    /// Its name.
    pub const fn title(self) -> &'static str {
        match self {
            Self::ProGan => "ProGAN",
            Self::StyleGan => "StyleGAN",
            Self::StyleGan2 => "StyleGAN2",
        }
    }
}

/// Names under which people have a family's weights.
#[derive(Debug)]
pub struct Names {
    /// Its name for people.
    pub title: &'static str,
    /// What it is.
    pub family: Family,
    /// Ends of names that only this layout has; what stands before one is the prefix.
    marks: &'static [&'static str],
    /// Whether what stands under a prefix is of this layout, where the marks alone do not tell.
    is: fn(&View<'_>) -> bool,
    /// The images' side.
    side: fn(&View<'_>) -> usize,
    /// What else the shapes say.
    sizes: fn(&View<'_>) -> Sizes,
    /// The weights; what is missing or has another shape is an error that names it.
    read: fn(&Reader<'_>) -> Result<GeneratorWeights, CheckpointError>,
}

/// All layouts.
pub static LAYOUTS: [&Names; 11] = [
    &genforce_progan::NAMES,
    &pgan_zoo::NAMES,
    &pro_gan_pth::NAMES,
    &pro_gan_pth::OLDER,
    &tensorflow_progan::NAMES,
    &genforce_stylegan::NAMES,
    &tensorflow_stylegan::NAMES,
    &genforce_stylegan2::NAMES,
    &nvidia::NAMES,
    &rosinality::NAMES,
    &tensorflow_stylegan2::NAMES,
];

/// A generator's sizes as its tensors' shapes say them, before any number is read; 0 where one is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// The code that is drawn, labels not counted.
    pub latent: usize,
    /// The intermediate code w; None for a ProGAN.
    pub w: Option<usize>,
    /// Classes of a conditional model.
    pub classes: usize,
    /// The images' channels.
    pub channels: usize,
}

/// A generator that was found.
#[derive(Clone, Debug)]
pub struct Layout {
    /// What its names are.
    pub names: &'static Names,
    /// `generator_smooth.`, say; empty for a bare state dict.
    pub prefix: String,
    /// The side of the images.
    pub resolution: usize,
}

impl Layout {
    /// The family.
    pub fn family(&self) -> Family {
        self.names.family
    }

    /// What the shapes say.
    pub fn sizes(&self, source: &Source) -> Sizes {
        (self.names.sizes)(&View::new(source, &self.prefix))
    }

    /// The layout for people: `StyleGAN2 (NVIDIA's layout)`.
    pub fn title(&self) -> &'static str {
        self.names.title
    }

    /// The prefix for people, which is also what `--weights-key` takes.
    pub fn key(&self) -> &str {
        key_of(&self.prefix)
    }
}

/// The key of a generator that stands under no prefix.
const TOP: &str = "top";

fn key_of(prefix: &str) -> &str {
    let key = prefix.trim_end_matches('.');
    if key.is_empty() { TOP } else { key }
}

/// The place of the key that a person means: the same, the end of one or its beginning.
fn chosen(keys: &[&str], wanted: &str) -> Option<usize> {
    let wanted = wanted.trim_end_matches('.');
    let place = |is: &dyn Fn(&str) -> bool| keys.iter().position(|key| is(key));
    place(&|key| key == wanted)
        .or_else(|| place(&|key| key.ends_with(&format!(".{wanted}"))))
        .or_else(|| place(&|key| key.starts_with(&format!("{wanted}."))))
}

/// Every generator in a file: averaged ones first, then those with shorter prefixes.
pub fn all(source: &Source) -> Vec<Layout> {
    let mut found = Vec::new();
    for names in LAYOUTS {
        let ends =
            |tensor: &TensorInfo| names.marks.iter().find_map(|mark| tensor.name.strip_suffix(mark)).map(str::to_owned);
        let prefixes: BTreeSet<String> = source.tensors().iter().filter_map(ends).collect();
        for prefix in prefixes.into_iter().take(MOST) {
            let view = View::new(source, &prefix);
            if (prefix.is_empty() || prefix.ends_with('.')) && (names.is)(&view) {
                let resolution = (names.side)(&view);
                found.push(Layout { names, prefix, resolution });
            }
        }
    }
    found.sort_by_key(|layout| (!is_averaged(&layout.prefix), layout.prefix.len(), layout.prefix.clone()));
    found
}

/// A hostile file may have any number of prefixes.
const MOST: usize = 64;

/// The generator that is taken where nobody chooses; None where the file holds none of a known kind.
pub fn detect(source: &Source) -> Option<Layout> {
    all(source).into_iter().next()
}

/// The generator that `key` means, or the first; and a sentence where there are several.
pub fn choose(source: &Source, key: Option<&str>) -> Result<(Layout, Option<String>), CheckpointError> {
    let refused = |reason: String| CheckpointError::Unreadable { path: source.path().to_owned(), reason };
    let found = all(source);
    if found.is_empty() {
        return Err(refused(foreign::reason(source)));
    }
    let keys: Vec<&str> = found.iter().map(Layout::key).collect();
    let (at, said) = one_of(source, &keys, key)?;
    Ok((found[at].clone(), said))
}

/// The place of the generator that `key` means among those with these keys, or of the first; and a sentence where there are
/// several and nobody chose.
fn one_of(source: &Source, keys: &[&str], key: Option<&str>) -> Result<(usize, Option<String>), CheckpointError> {
    let listed = keys.join(", ");
    let Some(key) = key else {
        let words =
            || format!("it holds {} generators: {listed}; taking {} (--weights-key chooses)", keys.len(), keys[0]);
        return Ok((0, (keys.len() > 1).then(words)));
    };
    let wanted = key.trim_end_matches('.');
    let reason = format!("it holds no generator under '{wanted}', only under: {listed}");
    let unknown = || CheckpointError::Unreadable { path: source.path().to_owned(), reason };
    chosen(keys, key).map(|at| (at, None)).ok_or_else(unknown)
}

/// Why a file holds no generator that is known here.
pub fn why_none(source: &Source) -> String {
    foreign::reason(source)
}

/// The law of pictures that a checkpoint's note says it learned.
pub fn law(note: Option<&str>) -> Option<String> {
    let note: serde_json::Value = serde_json::from_str(note?).ok()?;
    Some(note.get("law")?.as_str()?.to_owned())
}

/// Whether a prefix is one of those under which people keep a generator's average.
fn is_averaged(prefix: &str) -> bool {
    const WORDS: [&str; 9] = ["ema", "smooth", "avg", "shadow", "averaged", "average", "gs", "avgg", "gema"];
    let words = prefix.split(['.', '_']).map(str::to_lowercase);
    words.into_iter().any(|word| WORDS.contains(&word.as_str()))
}

impl GeneratorWeights {
    /// Reads the generator that `layout` found; every tensor must be there in the shape that the others imply.
    pub fn read(source: &Source, layout: &Layout, options: &Options) -> Result<Self, CheckpointError> {
        Self::read_noted(source, layout, options).map(|(weights, _)| weights)
    }

    /// The same, with what the file does not say and may matter, each a sentence.
    pub fn read_noted(
        source: &Source,
        layout: &Layout,
        options: &Options,
    ) -> Result<(Self, Vec<String>), CheckpointError> {
        let reader = Reader::new(source, layout, *options);
        reader.refuse_side(layout.resolution)?;
        foreign::refuse_class(source, layout, &reader)?;
        let weights = (layout.names.read)(&reader).map_err(|error| foreign::of_shard(source, error))?;
        reader.refuse_weights(&weights)?;
        reader.refuse_others()?;
        reader.note_unasked();
        Ok((weights, reader.notes()))
    }
}
