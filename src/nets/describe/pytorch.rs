//! The networks of a run of points as a Python module, whose classes load gan-lab's weights with `strict=True`.

use super::points::Affine;
use super::{PointsNet, Role};
use crate::config::Activation;
use crate::nets::mlp::Layer;

/// The module: `heading` says what it is, a comment line each; `loading` tells how the weights are loaded.
pub fn module(heading: &[String], nets: &[PointsNet], loading: &[String]) -> String {
    let mut text: String = heading.iter().chain(loading).map(|line| comment(line)).collect();
    text += "\nfrom torch import nn\n";
    let is_maxout = |layer: &Layer| matches!(layer, Layer::Activation { function: Activation::Maxout { .. }, .. });
    if nets.iter().any(|net| net.mlp().layers().iter().any(is_maxout)) {
        text += MAXOUT;
    }
    if nets.iter().any(PointsNet::lacks_norm) {
        text += "\n# The file does not say BatchNorm's eps and momentum. These are the lab's; a run's config.json has its own.\n";
        if let Some((eps, momentum)) = nets.iter().find_map(norm) {
            text += &format!("EPS, MOMENTUM = {eps:?}, {momentum:?}\n");
        }
    }
    if let Some(Affine { centre, matrix }) = nets.iter().find_map(PointsNet::map) {
        text += "\n# The networks have units of their own: points p of theirs are p @ MATRIX.T + CENTRE in the data's, in float64.\n";
        text += &format!("CENTRE = {centre:?}\nMATRIX = {matrix:?}\n");
    }
    for net in nets {
        text += &class(net);
    }
    let prints = nets.iter().fold(String::new(), |text, net| {
        text + &format!(
            "    print({}())
",
            net.role().title()
        )
    });
    text + "\n\nif __name__ == \"__main__\":\n" + &prints
}

/// The lines on loading weights from these files, which are safetensors or PyTorch's.
pub fn loading(files: &[(Role, String)], are_safetensors: bool) -> Vec<String> {
    let (import, read, rest) = if are_safetensors {
        ("from safetensors.torch import load_file", "load_file", "")
    } else {
        ("import torch", "torch.load", ", weights_only=True")
    };
    let load = |(role, file): &(Role, String)| {
        let (name, class, file) = (role.name(), role.title(), quoted(file));
        format!("  {name} = {class}(); {name}.load_state_dict({read}({file}{rest}), strict=True); {name}.eval()")
    };
    let lines = ["To load the weights:".to_owned(), format!("  {import}")];
    lines.into_iter().chain(files.iter().map(load)).collect()
}

/// PyTorch has no such module.
const MAXOUT: &str = "

class Maxout(nn.Module):
    \"\"\"The largest of every so many numbers that follow each other.\"\"\"

    def __init__(self, pieces):
        super().__init__()
        self.pieces = pieces

    def forward(self, x):
        return x.unflatten(1, (-1, self.pieces)).amax(2)
";

fn class(net: &PointsNet) -> String {
    let argument = match net.role() {
        Role::Generator => "z",
        Role::Discriminator => "x",
    };
    let doc = net.output();
    let lacks = net.lacks_norm();
    let module = |layer: &Layer| format!("            {},\n", constructor(layer, lacks));
    let modules = net.mlp().layers().iter().fold(String::new(), |text, layer| text + &module(layer));
    format!(
        "\n\nclass {}(nn.Module):\n    \"\"\"{doc}\"\"\"\n\n    def __init__(self):\n        super().__init__()\n        \
         self.net = nn.Sequential(\n{modules}        )\n\n    def forward(self, {argument}):\n        return \
         self.net({argument})\n",
        net.role().title()
    )
}

fn constructor(layer: &Layer, lacks_norm: bool) -> String {
    match *layer {
        Layer::Linear { inputs, outputs, spectral: false } => format!("nn.Linear({inputs}, {outputs})"),
        Layer::Linear { inputs, outputs, spectral: true } => {
            format!("nn.utils.parametrizations.spectral_norm(nn.Linear({inputs}, {outputs}))")
        }
        Layer::BatchNorm { features, .. } if lacks_norm => {
            format!("nn.BatchNorm1d({features}, eps=EPS, momentum=MOMENTUM)")
        }
        Layer::BatchNorm { features, eps, momentum } => {
            format!("nn.BatchNorm1d({features}, eps={eps:?}, momentum={momentum:?})")
        }
        Layer::Activation { function: Activation::Maxout { pieces }, .. } => format!("Maxout({pieces})"),
        Layer::Activation { function, .. } => format!("nn.{function}"),
    }
}

fn norm(net: &PointsNet) -> Option<(f64, f64)> {
    net.mlp().layers().iter().find_map(|layer| match *layer {
        Layer::BatchNorm { eps, momentum, .. } => Some((eps, momentum)),
        _ => None,
    })
}

/// A line of comment, whatever is in the text.
fn comment(text: &str) -> String {
    let mut line = "# ".to_owned();
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line + "\n"
}

/// A Python string.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Model, TrainConfig};

    #[test]
    fn the_labs_networks_as_a_student_would_write_them() {
        let nets = PointsNet::of_config(&TrainConfig::lab(Model::Gan), None);
        let text = module(&["a\nb".to_owned()], &nets, &loading(&[(Role::Generator, "g\".pt".to_owned())], false));
        for line in [
            "# a\\nb\n",
            "torch.load(\"g\\\".pt\", weights_only=True)",
            "class Generator(nn.Module):\n",
            "            nn.Linear(2, 64),\n            nn.LeakyReLU(0.2),\n            nn.Linear(64, 256),\n            \
             nn.BatchNorm1d(256, eps=0.8, momentum=0.1),\n            nn.LeakyReLU(0.2),\n",
            "            nn.Linear(256, 1),\n        )\n",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}
