//! Exit codes.

use std::process::ExitCode;

use crate::engine::EngineError;
use crate::train::TrainError;

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

/// The exit code for an error.
pub(super) fn exit_of(error: &anyhow::Error) -> Exit {
    if error.is::<UsageError>() {
        return Exit::Usage;
    }
    let ours = |error: &EngineError| !matches!(error, EngineError::NoCuda(_));
    let internal = error.chain().any(|cause| match cause.downcast_ref::<TrainError>() {
        Some(TrainError::Engine(engine)) => ours(engine),
        _ => cause.downcast_ref::<EngineError>().is_some_and(ours),
    });
    if internal { Exit::Internal } else { Exit::Fixable }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::NoCuda;

    #[test]
    fn errors_get_the_code_of_who_can_mend_them() {
        let no_cuda = || EngineError::NoCuda(NoCuda { asked: 0, found: 0 });
        let torch = || EngineError::Torch(tch::TchError::Shape("x".into()));
        assert_eq!(exit_of(&UsageError("x".into()).into()), Exit::Usage);
        assert_eq!(exit_of(&anyhow::anyhow!("no such file")), Exit::Fixable);
        assert_eq!(exit_of(&no_cuda().into()), Exit::Fixable);
        assert_eq!(exit_of(&TrainError::Engine(no_cuda()).into()), Exit::Fixable);
        assert_eq!(exit_of(&anyhow::Error::from(torch()).context("training")), Exit::Internal);
        assert_eq!(exit_of(&TrainError::Engine(torch()).into()), Exit::Internal);
    }
}
