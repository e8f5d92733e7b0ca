//! A ProGAN's weights as gan-lab writes them: in genforce's layout, and in a note what that layout has no place for.

use serde_json::{Map, Value};

use super::NamedTensor;
use super::weights::ProGanWeights;

impl ProGanWeights {
    /// The weights in genforce's layout, with our scales taken out again. The 4x4 bias of pytorch_GAN_zoo's first layer
    /// does not fit there unless it is the same everywhere; it is then kept as [outputs, 4, 4].
    pub fn to_tensors(&self) -> Vec<NamedTensor> {
        let mut tensors = vec![NamedTensor::f32("lod", vec![], vec![self.lod as f32])];
        let outputs = self.levels[0].second.inputs;
        let scale = 2_f64.sqrt() / ((self.latent_dim * 16) as f64).sqrt();
        let shape = vec![outputs, self.latent_dim, 4, 4];
        tensors.push(NamedTensor::f32("layer0.weight", shape, divided(&self.first_weight, scale)));
        let flat = self.first_bias.chunks(16).all(|places| places.iter().all(|x| x.to_bits() == places[0].to_bits()));
        tensors.push(if flat {
            NamedTensor::f32("layer0.bias", vec![outputs], self.first_bias.iter().step_by(16).copied().collect())
        } else {
            NamedTensor::f32("layer0.bias", vec![outputs, 4, 4], self.first_bias.clone())
        });
        for (b, level) in self.levels.iter().enumerate() {
            let convs = level.enlarging.iter().map(|conv| (format!("layer{}", 2 * b), conv, 3, 2_f64.sqrt()));
            let rest = [
                (format!("layer{}", 2 * b + 1), &level.second, 3, 2_f64.sqrt()),
                (format!("output{b}"), &level.to_image, 1, 1.0),
            ];
            for (name, conv, k, gain) in convs.chain(rest) {
                let scale = gain / ((conv.inputs * k * k) as f64).sqrt();
                let shape = vec![conv.outputs, conv.inputs, k, k];
                tensors.push(NamedTensor::f32(format!("{name}.weight"), shape, divided(&conv.weight, scale)));
                tensors.push(NamedTensor::f32(format!("{name}.bias"), vec![conv.outputs], conv.bias.clone()));
            }
        }
        tensors
    }
}

fn divided(values: &[f32], by: f64) -> Vec<f32> {
    values.iter().map(|&x| (f64::from(x) / by) as f32).collect()
}

impl ProGanWeights {
    /// What genforce's layout has no place for, for the note of a file; and the law of pictures that they learned, if it is known.
    pub fn to_note(&self, law: Option<&str>) -> String {
        let usual = Self::usual();
        let mut unusual = Map::from_iter([("fused_scale".to_owned(), false.into())]);
        let mut say = |is: bool, name: &str, value: Value| {
            if is {
                unusual.insert(name.to_owned(), value);
            }
        };
        say((self.negative_slope - usual.negative_slope).abs() > 0.0, "negative_slope", self.negative_slope.into());
        say(self.normalises_first != usual.normalises_first, "normalises_first", self.normalises_first.into());
        say(self.tanh != usual.tanh, "tanh", self.tanh.into());
        say(self.classes != usual.classes, "classes", self.classes.into());
        let mut note = serde_json::json!({ "generator": unusual });
        if let Some(law) = law {
            note["law"] = law.into();
        }
        note.to_string()
    }
}
