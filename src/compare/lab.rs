//! The lab's own comparison: three models with RMSProp, and the GAN with three optimisers.

use std::path::Path;

use super::groups::without_the_machine as what;
use crate::config::{Difference, Model, Optim, RunConfig, TrainConfig, differences};
use crate::kinds::points::PointsRun;
use crate::run::{RunDir, RunError, Status};
use crate::sweep::Sweep;

/// Why the lab's comparison cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A run cannot be read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A run of that name is another.
    #[error(
        "{path} holds a run with other settings than the lab's:\n  {lines}\nmove it away, or compare in another --runs"
    )]
    Other {
        /// The run's directory.
        path: String,
        /// How it differs.
        lines: String,
    },
}

/// The five configs for every seed, from a base that says the data, the epochs and the like.
pub fn lab_configs(base: &TrainConfig, seeds: &[u64]) -> Vec<TrainConfig> {
    let [sgd, rmsprop, adam, ..] = Optim::ALL_DEFAULTS;
    let rows = [
        (Model::Gan, rmsprop),
        (Model::Wgan, rmsprop),
        (Model::WganGp, rmsprop),
        (Model::Gan, sgd),
        (Model::Gan, adam),
    ];
    rows.iter()
        .flat_map(|&(model, optim)| {
            let objective = TrainConfig::lab(model).objective;
            seeds.iter().map(move |&seed| TrainConfig { objective, optim, seed, ..base.clone() })
        })
        .collect()
}

/// The runs as a sweep into `dir`, each where `gan-lab train` puts it, in `runs`. One that is there already goes on as
/// it was begun.
pub fn lab_sweep(dir: &Path, runs: &Path, configs: Vec<RunConfig>) -> Result<Sweep, LabError> {
    let mut sweep = Sweep::with_runs_in(dir, runs);
    for config in configs {
        let run = RunDir::new(runs.join(config.default_name()));
        let config = if run.status()? == Status::Absent { config } else { as_begun(&run, &config)? };
        sweep.push(run.path().to_owned(), config);
    }
    Ok(sweep)
}

fn as_begun(run: &RunDir, wanted: &RunConfig) -> Result<RunConfig, LabError> {
    let saved = PointsRun::open(run)?.config().clone();
    let differing = differences(&what(&saved), &what(wanted));
    if differing.is_empty() {
        return Ok(saved);
    }
    let lines = differing.iter().map(Difference::to_string).collect::<Vec<_>>().join("\n  ");
    Err(LabError::Other { path: run.path().display().to_string(), lines })
}
