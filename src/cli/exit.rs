//! Exit codes.

use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// All done.
    Done,
    /// Something that the user can mend.
    Fixable,
    /// Arguments that make no sense.
    Usage,
    /// Our fault.
    Internal,
    /// A task that was asked to stop, after saving, or that another process is at work on: do it again.
    TryAgain,
    /// SIGINT, after saving.
    Interrupted,
    /// SIGTERM, after saving.
    Terminated,
}

impl Exit {
    const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Fixable => 1,
            Self::Usage => 2,
            Self::Internal => 70,
            Self::TryAgain => 75,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// Arguments that make no sense together; clap finds the others.
#[derive(Debug, thiserror::Error)]
#[error("{0}\n\nFor more information, try '--help'.")]
pub(super) struct UsageError(pub(super) String);

/// The exit code for an error: what libtorch refuses is our fault, for what a person gives is checked before.
pub(super) fn exit_of(error: &anyhow::Error) -> Exit {
    if error.is::<UsageError>() {
        return Exit::Usage;
    }
    if is_torchs(error) { Exit::Internal } else { Exit::Fixable }
}

#[cfg(feature = "torch")]
fn is_torchs(error: &anyhow::Error) -> bool {
    error.chain().any(<dyn std::error::Error>::is::<tch::TchError>)
}

#[cfg(not(feature = "torch"))]
fn is_torchs(_: &anyhow::Error) -> bool {
    false
}

#[cfg(all(test, feature = "torch"))]
mod tests {
    use super::*;
    use crate::engine::EngineError;
    use crate::kinds::sefa::SefaError;
    use crate::tensor::NoCuda;
    use crate::kinds::points::TrainError;

    #[test]
    fn errors_get_the_code_of_who_can_mend_them() {
        let no_cuda = || EngineError::NoCuda(NoCuda { asked: 0, found: 0 });
        let torch = || tch::TchError::Shape("x".into());
        assert_eq!(exit_of(&UsageError("x".into()).into()), Exit::Usage);
        assert_eq!(exit_of(&anyhow::anyhow!("no such file")), Exit::Fixable);
        assert_eq!(exit_of(&no_cuda().into()), Exit::Fixable);
        assert_eq!(exit_of(&TrainError::Engine(no_cuda()).into()), Exit::Fixable);
        assert_eq!(exit_of(&anyhow::Error::from(EngineError::Torch(torch())).context("training")), Exit::Internal);
        assert_eq!(exit_of(&TrainError::Engine(torch().into()).into()), Exit::Internal);
        assert_eq!(exit_of(&SefaError::Torch(torch()).into()), Exit::Internal);
    }
}
