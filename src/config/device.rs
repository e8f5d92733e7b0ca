//! What does the arithmetic.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Choice;

/// Who does the arithmetic of points; `engine` holds them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EngineKind {
    /// Fused on a CPU, libtorch on a GPU; a checked config never says so.
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
        Choice { name: Self::Auto.name(), help: "Fused on a CPU, torch on a GPU" },
        Choice { name: Self::Fused.name(), help: "This project's own arithmetic, for CPUs: the fastest there" },
        Choice { name: Self::Torch.name(), help: "libtorch" },
        Choice { name: Self::Plain.name(), help: "Plain loops in double precision: slow, to hold the others against" },
    ];

    /// Who it is on this device.
    #[must_use]
    pub fn resolved(self, device: Device) -> Self {
        match (self, device) {
            (Self::Auto, Device::Cpu) => Self::Fused,
            (Self::Auto, Device::Cuda(_)) => Self::Torch,
            (named, _) => named,
        }
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
