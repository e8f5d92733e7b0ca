//! Exit codes, and what is said about an error.
//!
//! The rule: 2 is for the command line, 1 for the world. An argument that makes no sense, alone or beside the others,
//! ends with 2 whoever finds it: clap, a command, or the check of the config that the arguments were put into. Files
//! that are missing, damaged or in the way, what a config file or a plan says, a machine without a GPU: 1. So the same
//! mistake has the same code wherever it is found.

use std::process::ExitCode;

use serde_json::json;

use crate::made::MadeError;

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

    /// The same where something beside was left out that can be mended.
    pub(super) fn or_fixable(self) -> Self {
        if self == Self::Done { Self::Fixable } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// Arguments that make no sense together; clap finds the others.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct UsageError(pub(super) String);

/// An error with what can be done about it, which is said apart.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct Hinted {
    message: String,
    hint: String,
}

/// An error that says `message`, and that `hint` may help.
pub(super) fn hinted(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
    Hinted { message: message.into(), hint: hint.into() }.into()
}

/// What can be done about a file in the way.
pub(super) fn refused(error: MadeError) -> anyhow::Error {
    match error {
        MadeError::Foreign { .. } => hinted(error.to_string(), "choose another --out, or replace it with --force"),
        MadeError::Io(error) => error.into(),
    }
}

/// The exit code for an error: what libtorch refuses is our fault, for what a person gives is checked before.
pub(super) fn exit_of(error: &anyhow::Error) -> Exit {
    if error.is::<UsageError>() || error.chain().any(<dyn std::error::Error>::is::<UsageError>) {
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

/// What ended the program, ready to be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// An error with its causes.
    pub(super) fn of(error: &anyhow::Error) -> Self {
        let exit = exit_of(error);
        let known = error.downcast_ref::<Hinted>().or_else(|| error.chain().find_map(|cause| cause.downcast_ref()));
        let hint = known.map(|known| known.hint.clone());
        let hint = hint.or_else(|| (exit == Exit::Usage).then(|| "try '--help'".to_owned()));
        Self { exit, message: format!("{error:#}"), hint }
    }

    /// What clap says about arguments: a paragraph of what is wrong, and what it knows beside it.
    pub(super) fn of_arguments(error: &clap::Error) -> Self {
        let text = error.render().to_string();
        let text = text.trim().strip_prefix("error: ").unwrap_or(text.trim());
        let (message, rest) = text.split_once("\n\n").unwrap_or((text, ""));
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { exit: Exit::Usage, message: words(message), hint: Some(words(rest)).filter(|hint| !hint.is_empty()) }
    }

    /// A panic.
    pub(super) fn internal() -> Self {
        Self {
            exit: Exit::Internal,
            message: "this is a mistake in gan-lab, not in what you did".to_owned(),
            hint: Some("please report it with the lines above".to_owned()),
        }
    }

    /// For a person.
    pub(super) fn words(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{}; {hint}", self.message),
            None => self.message.clone(),
        }
    }

    /// For a program.
    pub(super) fn json(&self) -> serde_json::Value {
        json!({ "error": { "code": self.exit.code(), "message": self.message, "hint": self.hint } })
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{Context as _, anyhow};

    use super::*;

    #[test]
    fn usage_errors_keep_their_code_in_any_context() {
        let usage = || anyhow::Error::from(UsageError("x".into()));
        assert_eq!(exit_of(&usage()), Exit::Usage);
        assert_eq!(exit_of(&usage().context("this run cannot be trained")), Exit::Usage);
        assert_eq!(exit_of(&anyhow!("no such file").context("a")), Exit::Fixable);
        let contexts: anyhow::Result<()> = Err(anyhow!("inner"));
        assert_eq!(exit_of(&contexts.context(UsageError("outer".into())).unwrap_err()), Exit::Usage);
    }

    #[test]
    fn a_hint_is_said_apart() {
        let failure = Failure::of(&hinted("a.mat exists", "replace it with --force").context("cannot make points"));
        assert_eq!(failure.words(), "cannot make points: a.mat exists; replace it with --force");
        assert_eq!(
            failure.json()["error"],
            json!({ "code": 1, "message": "cannot make points: a.mat exists", "hint": "replace it with --force" })
        );
        assert_eq!(Failure::of(&anyhow!("x")).json()["error"]["hint"], serde_json::Value::Null);
    }

    #[cfg(feature = "torch")]
    #[test]
    fn errors_get_the_code_of_who_can_mend_them() {
        use crate::engine::EngineError;
        use crate::kinds::points::TrainError;
        use crate::kinds::sefa::SefaError;
        use crate::synthesis::SynthesisError;
        use crate::tensor::NoCuda;
        let no_cuda = || EngineError::NoCuda(NoCuda { asked: 0, found: 0 });
        let torch = || tch::TchError::Shape("x".into());
        assert_eq!(exit_of(&no_cuda().into()), Exit::Fixable);
        assert_eq!(exit_of(&TrainError::Engine(no_cuda()).into()), Exit::Fixable);
        assert_eq!(exit_of(&anyhow::Error::from(EngineError::Torch(torch())).context("training")), Exit::Internal);
        assert_eq!(exit_of(&TrainError::Engine(torch().into()).into()), Exit::Internal);
        assert_eq!(exit_of(&SefaError::Synthesis(SynthesisError::Torch(torch())).into()), Exit::Internal);
    }
}
