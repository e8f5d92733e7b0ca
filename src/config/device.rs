//! What does the arithmetic.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Choice, TrainConfig};
use crate::objective::Constraint;

/// Who does the arithmetic of points; `engine` holds them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EngineKind {
    /// The fastest that can do what the config asks for; a checked config never says so.
    #[default]
    Auto,
    /// This project's own, for CPUs.
    Fused,
    /// libtorch.
    Torch,
    /// Plain loops in double precision.
    Plain,
}

impl EngineKind {
    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 4] = [
        Choice { name: Self::Auto.name(), help: "fused on a CPU if it supports all settings of the run, else torch" },
        Choice { name: Self::Fused.name(), help: "gan-lab's own engine, for CPUs only: the fastest on a CPU" },
        Choice { name: Self::Torch.name(), help: "libtorch" },
        Choice {
            name: Self::Plain.name(),
            help: "Plain loops in double precision: slow, a reference for the other engines",
        },
    ];

    /// Who has all there is on a CPU, in this build: libtorch, or the plain loops where it was built without.
    pub const COMPLETE: &'static str = if cfg!(feature = "torch") { "auto, torch or plain" } else { "auto or plain" };

    /// Who it is for a config: the fastest that can.
    #[must_use]
    pub fn resolved(self, config: &TrainConfig) -> Self {
        match (self, config.device) {
            (Self::Auto, Device::Cpu) if Self::Fused.lacks(config).is_none() => Self::Fused,
            (Self::Auto, Device::Cpu) if !cfg!(feature = "torch") => Self::Plain,
            (Self::Auto, _) => Self::Torch,
            (named, _) => named,
        }
    }

    /// What a config asks for that this one does not have; None where it can do all of it. The fused engine has networks
    /// that are made of lines, and a discriminator that scores each sample for itself.
    pub fn lacks(self, config: &TrainConfig) -> Option<String> {
        if self != Self::Fused {
            return None;
        }
        let [own, of_d] = config.activations();
        if own.slope().is_none() {
            return Some(format!("the activation {} in the generator", own.name()));
        }
        if of_d.slope().is_none() && of_d.pieces() == 1 {
            return Some(format!("the activation {} in the discriminator", of_d.name()));
        }
        if of_d.pieces() > 1 && config.game().constraint == Constraint::SpectralNorm {
            return Some(format!("the activation {} with a spectral norm", of_d.name()));
        }
        if config.unroll.is_some() {
            return Some("unrolled steps".to_owned());
        }
        config.discriminator.batch_norm.contains(&true).then(|| "BatchNorm in the discriminator".to_owned())
    }

    /// The name used in configs and flags.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Fused => "fused",
            Self::Torch => "torch",
            Self::Plain => "plain",
        }
    }
}

/// The numbers in which the layers of images' networks are computed while they are trained. Weights, their gradients and
/// the optimisers' state are in single precision always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// Bfloat16 on a CPU that multiplies it, float32 elsewhere; a checked config never says so.
    #[default]
    Auto,
    /// Single precision.
    Float32,
    /// Half as many bits: single precision's range with 8 bits of its 24 for the digits.
    Bfloat16,
}

impl Precision {
    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 3] = [
        Choice { name: "auto", help: "Bfloat16 on a CPU that multiplies it (AVX-512 BF16), else float32" },
        Choice { name: "float32", help: "Single precision" },
        Choice { name: "bfloat16", help: "Half as many bits in the layers; weights stay in single precision" },
    ];

    /// What it comes to on this machine.
    #[must_use]
    pub fn resolved(self, device: Device) -> Self {
        match (self, device) {
            (Self::Auto, Device::Cpu) if multiplies_bfloat16() => Self::Bfloat16,
            (Self::Auto, _) => Self::Float32,
            (named, _) => named,
        }
    }

    /// What runs had before there was a choice.
    pub(super) fn before() -> Self {
        Self::Float32
    }
}

fn multiplies_bfloat16() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx512bf16");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// A CPU, or one CUDA GPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Device {
    /// The CPU.
    #[default]
    Cpu,
    /// The CUDA GPU with this number.
    Cuda(usize),
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || format!("'{text}' is not a device; say cpu, cuda or cuda:N with N the GPU's number");
        match text {
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => {
                let index = text.strip_prefix("cuda:").ok_or_else(unknown)?;
                index.parse().map(Self::Cuda).map_err(|_| unknown())
            }
        }
    }
}

impl TryFrom<String> for Device {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Device> for String {
    fn from(device: Device) -> Self {
        device.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_and_written() {
        for (text, device) in [("cpu", Device::Cpu), ("cuda:0", Device::Cuda(0)), ("cuda:3", Device::Cuda(3))] {
            assert_eq!(text.parse(), Ok(device));
            assert_eq!(device.to_string(), text);
        }
        assert_eq!("cuda".parse(), Ok(Device::Cuda(0)));
        for wrong in ["gpu", "cuda:", "cuda:-1", "CPU", ""] {
            assert!(wrong.parse::<Device>().unwrap_err().contains("cuda:N"));
        }
    }
}
