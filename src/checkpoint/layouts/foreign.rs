//! Networks that are known by name and not read, and why a file holds none that is.

use super::super::source::Source;
use super::super::{CheckpointError, TensorError};
use super::Layout;
use super::reader::Reader;

/// What ends or begins a tensor's name, after any prefix, and what it says.
const BY_NAME: [(&str, &str); 12] = [
    ("backbone.synthesis.b4.const", "an EG3D (three-dimensional) generator"),
    ("synthesis.input.freqs", "a StyleGAN3, whose pictures are not built in"),
    ("synthesis.input.transform", "a StyleGAN3, whose pictures are not built in"),
    (
        "initial_block.conv_1.deconv.weight",
        "a generator of pro-gan-pth 1, which does not keep the scales of its layers",
    ),
    ("blocks.0.to_style1.weight", "a generator of lucidrains' stylegan2-pytorch"),
    ("style_convs.0.modulated_conv.weight", "a StyleGAN2 in BasicSR's names"),
    ("convs.0.conv.style_modulation.weight_orig", "a StyleGAN2 in MMGeneration's names"),
    ("to_rgb.conv.weight_orig", "a generator in MMGeneration's names"),
    ("progression.0.conv.1.style1.linear.weight_orig", "a StyleGAN in rosinality's style-based-gan-pytorch names"),
    (
        "generator.progression.0.conv1.style.linear.weight_orig",
        "a StyleGAN in rosinality's style-based-gan-pytorch names",
    ),
    ("progression_4.conv.0.conv.weight_orig", "a ProGAN in rosinality's progressive-gan-pytorch names"),
    ("GBlock.0.bn1.embed.weight", "a BigGAN generator"),
];

/// Classes of NVIDIA-like pickles whose networks have tensors of the same names, and are others.
const BY_CLASS: [(&str, &str); 6] = [
    ("TriPlaneGenerator", "EG3D's (three-dimensional) generator"),
    ("SuperresGenerator", "StyleGAN-XL's generator"),
    ("SynthesisNetworkFull", "StyleNeRF's generator"),
    ("FastganSynthesis", "Projected GAN's FastGAN generator"),
    ("StyleGANXLGenerator", "StyleGAN-XL's generator"),
    ("Stylegan3Generator", "StyleGAN3's generator"),
];

/// Why a file holds no generator that is known here.
pub(super) fn reason(source: &Source) -> String {
    for (_, class) in source.classes() {
        let name = class.rsplit('.').next().unwrap_or(class);
        if let Some((_, words)) = BY_CLASS.iter().find(|(known, _)| *known == name) {
            return format!("it holds {words} ({class}), which is not built in");
        }
    }
    for tensor in source.tensors() {
        if tensor.name.contains("synthesis.se_64.") {
            return format!("it holds a Projected GAN with FastGAN's generator (by its tensor '{}')", tensor.name);
        }
        if let Some((_, words)) = BY_NAME.iter().find(|(end, _)| tensor.name.ends_with(end)) {
            return format!("it holds {words} (by its tensor '{}')", tensor.name);
        }
    }
    if let Some((number, of)) = source.shard() {
        return format!(
            "it holds no generator that is known here: it is shard {number} of {of}, and all of them are needed; \
             name the list of shards beside it (….index.json) instead"
        );
    }
    let first = source.tensors().first().map_or_else(String::new, |tensor| format!(", the first '{}'", tensor.name));
    let count = source.tensors().len();
    let mut classes: Vec<(&str, &str)> = source.classes().collect();
    classes.sort_by_key(|(name, _)| name.len());
    let classes: Vec<String> = classes.iter().take(3).map(|(name, class)| format!("'{name}' of {class}")).collect();
    let classes =
        if classes.is_empty() { String::new() } else { format!(", and objects such as {}", classes.join(", ")) };
    format!(
        "it holds no generator that is known here (it has {count} tensors{first}{classes}); gan-lab inspect lists what it has, and \
         docs/CHECKPOINTS.md what is read"
    )
}

/// What is missing in a shard is in another.
pub(super) fn of_shard(source: &Source, error: CheckpointError) -> CheckpointError {
    match (source.shard(), &error) {
        (Some((number, of)), CheckpointError::Tensor { path, problem: TensorError::Missing { name } }) => {
            let reason = format!(
                "it is shard {number} of {of}, and '{name}' is in another; open the list of shards beside it (….index.json)"
            );
            CheckpointError::Unreadable { path: path.clone(), reason }
        }
        _ => error,
    }
}

/// Refuses networks whose tensors are named as a known one's, and which do something else with them.
pub(super) fn refuse_class(source: &Source, layout: &Layout, reader: &Reader<'_>) -> Result<(), CheckpointError> {
    let around = |name: &str| layout.prefix.starts_with(name) || name.starts_with(layout.prefix.as_str());
    for (name, class) in source.classes().filter(|(name, _)| around(name)) {
        let last = class.rsplit('.').next().unwrap_or(class);
        if let Some((_, words)) = BY_CLASS.iter().find(|(known, _)| *known == last) {
            return Err(reader.refuse(format!("'{name}' is {words} ({class}), which is not built in")));
        }
    }
    if layout.prefix.ends_with("backbone.") {
        return Err(reader.refuse("it holds an EG3D (three-dimensional) generator, which is not built in"));
    }
    Ok(())
}
