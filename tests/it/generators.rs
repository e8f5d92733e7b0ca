//! StyleGANs of the effective weights that scripts/stylegan.py writes; the benchmark reads them so too.

use std::path::Path;

use gan_lab::checkpoint::{
    self, Classes, Conv, Dense, Enlarging, GeneratorWeights, Mapping, NamedTensor, Noise, StyleGan2Conv,
    StyleGan2ToImage, StyleGan2Weights, StyleGanLayer, StyleGanWeights,
};

pub(crate) struct Numbers(Vec<NamedTensor>);

impl Numbers {
    pub(crate) fn read(path: &Path) -> Self {
        Self(checkpoint::load(path).unwrap().tensors)
    }

    fn get(&self, name: &str) -> Option<&NamedTensor> {
        self.0.iter().find(|tensor| tensor.name == name)
    }

    pub(crate) fn of(&self, name: &str) -> Vec<f32> {
        self.get(name).unwrap_or_else(|| panic!("no {name}")).as_f32_any().unwrap().to_vec()
    }

    pub(crate) fn one(&self, name: &str) -> Option<f32> {
        Some(self.get(name)?.as_f32_any().unwrap()[0])
    }

    fn dense(&self, name: &str) -> Dense {
        let shape = &self.get(&format!("{name}.weight")).unwrap().shape;
        let (outputs, inputs) = (shape[0], shape[1]);
        Dense { weight: self.of(&format!("{name}.weight")), bias: self.of(&format!("{name}.bias")), inputs, outputs }
    }

    fn conv(&self, name: &str) -> Option<Conv> {
        let shape = &self.get(&format!("{name}.weight"))?.shape;
        let (outputs, inputs) = (shape[0], shape[1]);
        Some(Conv {
            weight: self.of(&format!("{name}.weight")),
            bias: self.of(&format!("{name}.bias")),
            inputs,
            outputs,
        })
    }

    fn noise(&self, name: &str) -> Option<Noise> {
        let map = self.get(&format!("{name}.noise"))?.as_f32_any().unwrap().to_vec();
        Some(Noise { strength: self.of(&format!("{name}.strength")), map: Some(map) })
    }

    fn count(&self, name: impl Fn(usize) -> String) -> usize {
        (0..64).take_while(|&i| self.get(&name(i)).is_some()).count()
    }

    fn mapping(&self) -> Mapping {
        let layers = self.count(|i| format!("mapping.{i}.weight"));
        Mapping {
            latent_dim: self.one("mapping.latent").unwrap() as usize,
            classes: self.get("embedding.weight").is_some().then(|| Classes {
                embedding: self.dense("embedding"),
                each_normalised: self.one("embedding.each").unwrap() > 0.0,
            }),
            layers: (0..layers).map(|i| self.dense(&format!("mapping.{i}"))).collect(),
            mean: self.get("mapping.mean").map(|_| self.of("mapping.mean")),
        }
    }

    pub(crate) fn weights(&self) -> GeneratorWeights {
        let levels = self.count(|b| format!("image.{b}.weight"));
        if self.get("lod").is_none() {
            let conv = |i: usize| {
                let name = format!("conv.{i}");
                let Conv { weight, bias, inputs, outputs } = self.conv(&name).unwrap();
                let (style, noise) = (self.dense(&format!("{name}.style")), self.noise(&name));
                let clamp = self.one(&format!("{name}.clamp"));
                StyleGan2Conv { weight, inputs, outputs, style, bias, noise, clamp }
            };
            let to_image = |b: usize| {
                let name = format!("image.{b}");
                let Conv { weight, bias, inputs, .. } = self.conv(&name).unwrap();
                let (style, clamp) = (self.dense(&format!("{name}.style")), self.one(&format!("{name}.clamp")));
                StyleGan2ToImage { weight, inputs, style, bias, clamp }
            };
            return GeneratorWeights::StyleGan2(StyleGan2Weights {
                mapping: self.mapping(),
                constant: self.of("const"),
                convs: (0..2 * levels - 1).map(conv).collect(),
                to_images: (0..levels).map(to_image).collect(),
                skips: self.one("skips").unwrap() > 0.0,
                filter: self.of("filter"),
            });
        }
        let layer = |i: usize| {
            let name = format!("layer.{i}");
            let conv = self.conv(&name);
            let doubles = i > 0 && i.is_multiple_of(2);
            let enlarging = if 4 << (i / 2) >= 128 { Enlarging::Fused } else { Enlarging::Nearest };
            StyleGanLayer {
                bias: if conv.is_some() { Vec::new() } else { self.of(&format!("{name}.bias")) },
                conv,
                enlarging: doubles.then_some(enlarging),
                noise: self.noise(&name),
                style: self.dense(&format!("{name}.style")),
            }
        };
        GeneratorWeights::StyleGan(StyleGanWeights {
            mapping: self.mapping(),
            constant: self.of("const"),
            layers: (0..2 * levels).map(layer).collect(),
            to_images: (0..levels).map(|b| self.conv(&format!("image.{b}")).unwrap()).collect(),
            lod: f64::from(self.one("lod").unwrap()),
        })
    }
}
