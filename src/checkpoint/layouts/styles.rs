//! The style layers of generators whose pictures are not built in: SeFa needs nothing else of them.
//!
//! StyleGAN3, StyleGAN-XL, EG3D and other descendants of NVIDIA's code keep a layer from w to the styles of each of their layers
//! as `synthesis.<layer>.affine.weight`, `[styles, w]`. As all units are brought to unit length, the gains that those networks
//! apply to them change no direction.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::super::source::Source;
use super::super::weights::{Factors, NoRow};
use super::super::{CheckpointError, TensorError};
use super::reader::missing;
use super::{is_averaged, key_of, one_of};

/// The style layers of one generator, in the order in which the generator applies them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StyleLayers {
    /// What stands before `synthesis.`.
    prefix: String,
    /// What stands between `synthesis.` and `.affine.weight`.
    layers: Vec<String>,
}

const WEIGHT: &str = ".affine.weight";
const SYNTHESIS: &str = "synthesis.";
/// No published generator has more; a hostile file may.
const MOST_LAYERS: usize = 256;

impl StyleLayers {
    /// The style layers of the generator that `key` means, or of the one that is usually taken, with a sentence where there are
    /// several; None where there are none.
    ///
    /// # Errors
    /// A key of which there are no style layers, where there are others.
    pub fn choose(source: &Source, key: Option<&str>) -> Result<Option<(Self, Option<String>)>, CheckpointError> {
        let mut under = BTreeMap::<String, Vec<String>>::new();
        for tensor in source.tensors().iter().filter(|tensor| tensor.shape.len() == 2) {
            let Some(before) = tensor.name.strip_suffix(WEIGHT) else { continue };
            let Some(at) = before.rfind(SYNTHESIS) else { continue };
            let (prefix, layer) = (&before[..at], &before[at + SYNTHESIS.len()..]);
            if prefix.is_empty() || prefix.ends_with('.') {
                under.entry(prefix.to_owned()).or_default().push(layer.to_owned());
            }
        }
        let mut found: Vec<Self> = under.into_iter().map(|(prefix, layers)| Self::new(prefix, layers)).collect();
        found.retain(|styles| styles.layers.len() <= MOST_LAYERS);
        found.sort_by_key(|styles| (!is_averaged(&styles.prefix), styles.prefix.len()));
        if found.is_empty() {
            return Ok(None);
        }
        let keys: Vec<&str> = found.iter().map(Self::key).collect();
        let (at, said) = one_of(source, &keys, key)?;
        Ok(Some((found.swap_remove(at), said)))
    }

    /// The same, where there are any.
    pub fn find(source: &Source, key: Option<&str>) -> Option<Self> {
        Self::choose(source, key).ok().flatten().map(|(styles, _)| styles)
    }

    fn new(prefix: String, mut layers: Vec<String>) -> Self {
        layers.sort_by(|a, b| in_order(a, b));
        // An image's layers share their row with the next convolution, as in StyleGAN2; only the last has a row of its own.
        let last = layers.len().saturating_sub(1);
        let mut place = 0..;
        layers.retain(|layer| place.next() == Some(last) || !is_to_image(layer));
        Self { prefix, layers }
    }

    /// The prefix, as `--weights-key` takes it.
    pub fn key(&self) -> &str {
        key_of(&self.prefix)
    }

    /// The layers' names; layer i takes row i of w.
    pub fn layers(&self) -> &[String] {
        &self.layers
    }

    /// The name of a style layer's weight that is missing in the file, as other tensors show.
    fn missing(&self, source: &Source) -> Option<String> {
        let under = format!("{}{SYNTHESIS}", self.prefix);
        let of_layer = |name: &str, end: &str| Some(name.strip_prefix(&under)?.strip_suffix(end)?.to_owned());
        let names = || source.tensors().iter().map(|tensor| tensor.name.as_str());
        let there: BTreeSet<String> = names().filter_map(|name| of_layer(name, WEIGHT)).collect();
        let kinds: BTreeSet<String> = there.iter().map(|layer| kind(layer)).collect();
        let skipped = source.skipped().iter().filter_map(|words| {
            let at = words.find(WEIGHT)?;
            of_layer(&words[..at + WEIGHT.len()], WEIGHT)
        });
        // Layers whose other tensors are there, and whose kind has styles.
        let beside = names().filter_map(|name| {
            let bias = of_layer(name, ".affine.bias");
            bias.or_else(|| {
                [".weight", ".bias"]
                    .iter()
                    .find_map(|end| of_layer(name, end))
                    .filter(|layer| kinds.contains(&kind(layer)))
            })
        });
        let absent = |layer: &String| !there.contains(layer);
        let shown = skipped.chain(beside).find(absent);
        let moves = names().any(|name| name.starts_with(&format!("{under}input.")))
            && kinds.iter().any(|kind| kind.starts_with('L'));
        let input = moves.then(|| "input".to_owned());
        let layer = shown.or_else(|| input.filter(absent)).or_else(|| gap(&there));
        layer.map(|layer| format!("{under}{layer}{WEIGHT}"))
    }

    /// The weights from w to the styles of these layers, of all where none is named.
    ///
    /// # Errors
    /// A file that cannot be read, one of several shards, a layer that is missing between others, layers that take different
    /// codes, tensors that unpack to more bytes than the file holds; inside, a layer that there is not.
    pub fn factors(&self, source: &Source, rows: &[usize]) -> Result<Result<Factors, NoRow>, CheckpointError> {
        if let Some((number, of)) = source.shard() {
            let reason = format!(
                "it is shard {number} of {of}, and all of them are needed; name the list of shards beside it (….index.json) \
                 instead"
            );
            return Err(CheckpointError::Unreadable { path: source.path().to_owned(), reason });
        }
        if let Some(name) = self.missing(source) {
            return Err(missing(source, &name));
        }
        if let Some(&asked) = rows.iter().find(|&&row| row >= self.layers.len()) {
            return Ok(Err(NoRow { asked, rows: self.layers.len() }));
        }
        let all: Vec<usize> = (0..self.layers.len()).collect();
        let rows = if rows.is_empty() { &all[..] } else { rows };
        let mut factors = Factors { code_dim: 0, units: 0, weight: Vec::new() };
        let mut bytes = 0_u64;
        for &row in rows {
            let name = format!("{}{SYNTHESIS}{}{WEIGHT}", self.prefix, self.layers[row]);
            let wrong = |problem| CheckpointError::Tensor { path: source.path().to_owned(), problem };
            let info = source.tensor(&name).ok_or_else(|| wrong(TensorError::Missing { name: name.clone() }))?;
            let fits = |&[units, dim]: &[usize; 2]| units > 0 && dim > 0 && [0, dim].contains(&factors.code_dim);
            let shape = <[usize; 2]>::try_from(&info.shape[..]).ok().filter(fits);
            let Some([units, code_dim]) = shape else {
                let dim = if factors.code_dim == 0 { "any".to_owned() } else { factors.code_dim.to_string() };
                let (found, expected) = (format!("{:?}", info.shape), format!("[any, {dim}]"));
                return Err(wrong(TensorError::Unexpected { name, found, expected }));
            };
            bytes = bytes.saturating_add(info.bytes);
            if bytes > source.size() {
                let reason = format!("its tensors, up to '{name}', unpack to more bytes than the file holds");
                return Err(CheckpointError::Unreadable { path: source.path().to_owned(), reason });
            }
            let values = source.read(&name)?.ok_or_else(|| wrong(TensorError::Missing { name }))?;
            factors.weight.extend(values);
            factors = Factors { code_dim, units: factors.units + units, ..factors };
        }
        Ok(Ok(factors))
    }
}

/// The order in which a generator applies its layers: what moves the input first, then by the numbers in their names.
fn in_order(a: &str, b: &str) -> Ordering {
    let place = |name: &str| {
        let numbers = numbers(name);
        // A block's layer to an image comes after its convolutions.
        (name != "input", numbers.first().copied(), is_to_image(name), numbers, name.to_owned())
    };
    place(a).cmp(&place(b))
}

fn is_to_image(name: &str) -> bool {
    name.rsplit('.').next() == Some("torgb")
}

/// A layer's name without its numbers: `b#.conv#`.
fn kind(name: &str) -> String {
    let mut kind = String::new();
    for c in name.chars() {
        match c.is_ascii_digit() {
            false => kind.push(c),
            true if !kind.ends_with('#') => kind.push('#'),
            true => {}
        }
    }
    kind
}

/// A layer that the numbers of others show to be missing: `L2_…` between `L1_…` and `L3_…`, `b8.conv0` beside `b16.conv0`.
fn gap(layers: &BTreeSet<String>) -> Option<String> {
    let first = |layer: &String| numbers(layer).first().copied();
    let counted: BTreeSet<u64> = layers.iter().filter(|layer| layer.starts_with('L')).filter_map(first).collect();
    let last = counted.last().copied().unwrap_or(0).min(MOST_LAYERS as u64);
    if let Some(n) = (0..last).find(|n| !counted.contains(n)) {
        return Some(format!("L{n}"));
    }
    let blocks: BTreeSet<u64> = layers.iter().filter(|layer| kind(layer) == "b#.conv#").filter_map(first).collect();
    let (&smallest, &largest) = (blocks.first()?, blocks.last()?);
    let sides = std::iter::successors(Some(smallest), |side| side.checked_mul(2)).take_while(|&side| side <= largest);
    let expected = sides.flat_map(|side| {
        let first = (side > smallest).then(|| format!("b{side}.conv0"));
        first.into_iter().chain([format!("b{side}.conv1")])
    });
    expected.filter(|_| smallest > 0).find(|layer| !layers.contains(layer))
}

/// The whole numbers in a name: 8 and 1 of `b8.conv1`.
fn numbers(name: &str) -> Vec<u64> {
    let digits = name.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    digits.map(|part| part.parse().unwrap_or(u64::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::{NamedTensor, save};
    use super::*;

    fn weight(layer: &str, units: usize, dim: usize, first: f32) -> NamedTensor {
        let values = (0..units * dim).map(|i| first + i as f32).collect();
        NamedTensor::f32(format!("{layer}.affine.weight"), vec![units, dim], values)
    }

    fn source(tensors: &[NamedTensor]) -> (tempfile::TempDir, Source) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("styles.safetensors");
        save(&path, tensors, None).unwrap();
        let source = Source::open(&path).unwrap();
        (dir, source)
    }

    #[test]
    fn a_stylegan3s_layers_are_those_of_its_rows_in_order() {
        let layers: Vec<String> = (0..=10).rev().map(|i| format!("L{i}_20_6")).chain(["input".to_owned()]).collect();
        let all: Vec<NamedTensor> =
            layers.iter().map(|layer| weight(&format!("G_ema.synthesis.{layer}"), 2, 3, 0.0)).collect();
        let (_dir, source) = source(&all);
        let styles = StyleLayers::find(&source, None).unwrap();
        assert_eq!(styles.key(), "G_ema");
        assert!(styles.layers().iter().eq(layers.iter().rev()), "{:?}", styles.layers());
        let factors = styles.factors(&source, &[]).unwrap().unwrap();
        assert_eq!((factors.code_dim, factors.units, factors.weight.len()), (3, 24, 72));
        assert_eq!(styles.factors(&source, &[12]).unwrap().unwrap_err(), NoRow { asked: 12, rows: 12 });
        assert_eq!(StyleLayers::find(&source, Some("G_ema")), Some(styles));
        assert_eq!(StyleLayers::find(&source, Some("D")), None);
    }

    #[test]
    fn layers_to_an_image_have_no_row_of_their_own_but_the_last() {
        let layers =
            ["b4.torgb", "b4.conv1", "b8.conv0", "b16.torgb", "b8.torgb", "b16.conv1", "b16.conv0", "b8.conv1"];
        let name = |layer: &&str| weight(&format!("backbone.synthesis.{layer}"), 1, 2, 0.0);
        let (_dir, source) = source(&layers.iter().map(name).collect::<Vec<_>>());
        let styles = StyleLayers::find(&source, None).unwrap();
        let order = ["b4.conv1", "b8.conv0", "b8.conv1", "b16.conv0", "b16.conv1", "b16.torgb"];
        assert_eq!(styles.layers(), order);
    }

    #[test]
    fn an_average_comes_first_and_chosen_layers_are_read_in_the_order_asked() {
        let both = [
            weight("G.synthesis.L0", 1, 2, 10.0),
            weight("G_ema.synthesis.L0", 1, 2, 20.0),
            weight("G_ema.synthesis.L1", 2, 2, 30.0),
        ];
        let (_dir, source) = source(&both);
        let styles = StyleLayers::find(&source, None).unwrap();
        assert_eq!(styles.key(), "G_ema");
        let factors = styles.factors(&source, &[1, 0]).unwrap().unwrap();
        assert_eq!(factors, Factors { code_dim: 2, units: 3, weight: vec![30.0, 31.0, 32.0, 33.0, 20.0, 21.0] });
        assert_eq!(StyleLayers::find(&source, Some("G")).unwrap().layers(), ["L0"]);
        let (_, said) = StyleLayers::choose(&source, None).unwrap().unwrap();
        assert_eq!(said.unwrap(), "it holds 2 generators: G_ema, G; taking G_ema (--weights-key chooses)");
        let said = StyleLayers::choose(&source, Some("D")).unwrap_err().to_string();
        assert!(said.contains("no generator under 'D', only under: G_ema, G"), "{said}");
    }

    #[test]
    fn layers_that_are_missing_between_others_are_named() {
        let sound = ["b4.conv1", "b8.conv0", "b8.conv1", "b16.conv0", "b16.conv1", "b16.torgb"];
        let factors = |layers: &[&str], others: &[&str]| {
            let other = |name: &&str| NamedTensor::f32(format!("synthesis.{name}"), vec![1], vec![0.5]);
            let weights = layers.iter().map(|layer| weight(&format!("synthesis.{layer}"), 1, 2, 0.0));
            let (_dir, source) = source(&weights.chain(others.iter().map(other)).collect::<Vec<_>>());
            StyleLayers::find(&source, None)
                .unwrap()
                .factors(&source, &[])
                .map(|_| ())
                .map_err(|error| error.to_string())
        };
        let without = |gone: &str| sound.iter().copied().filter(|layer| *layer != gone).collect::<Vec<_>>();
        assert_eq!(factors(&sound, &["b16.conv1.weight", "b4.const", "b8.skip.weight"]), Ok(()));
        for (layers, others, name) in [
            (without("b8.conv0"), &[][..], "b8.conv0"),
            (without("b16.conv1"), &["b16.conv1.bias"][..], "b16.conv1"),
            (without("b16.torgb"), &["b16.torgb.affine.bias"][..], "b16.torgb"),
            (vec!["input", "L0_8_4", "L1_8_4", "L3_8_4"], &[][..], "L2"),
            (vec!["L0_8_4", "L1_8_4"], &["input.freqs"][..], "input"),
        ] {
            let said = factors(&layers, others).unwrap_err();
            assert!(said.contains(&format!("no tensor 'synthesis.{name}.affine.weight'")), "{said}");
        }
        assert_eq!(factors(&["input", "L0_8_4", "L1_8_4"], &["input.freqs", "L1_8_4.bias"]), Ok(()));
    }

    #[test]
    fn layers_of_different_codes_are_refused_by_name() {
        let (_dir, source) = source(&[weight("synthesis.L0", 1, 2, 0.0), weight("synthesis.L1", 1, 3, 0.0)]);
        let styles = StyleLayers::find(&source, None).unwrap();
        let said = styles.factors(&source, &[]).unwrap_err().to_string();
        assert!(said.contains("'synthesis.L1.affine.weight' is [1, 3]; expected [any, 2]"), "{said}");
        let (_dir, other) = self::source(&[weight("decoder.L0", 1, 2, 0.0)]);
        assert_eq!(StyleLayers::find(&other, None), None);
    }
}
