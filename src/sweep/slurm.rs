//! Sweeps on a cluster: a job array for Slurm, and plain commands for GNU parallel, HyperQueue and the like.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::SweepError;
use crate::files;

/// Slurm's arrays have at most 1001 tasks unless an administrator says otherwise.
const MOST_TASKS: usize = 1000;
/// How often a task whose run was killed is tried again.
const RETRIES: u32 = 3;

/// A sweep as a job array. All paths are absolute, for tasks start elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrayJob {
    /// What the queue shows.
    pub name: String,
    /// The plan's lines.
    pub plan: PathBuf,
    /// How many they are.
    pub runs: usize,
    /// gan-lab.
    pub program: PathBuf,
    /// Where the runs' own paths, such as their data's, start from.
    pub folder: PathBuf,
    /// Lines of the plan that a task does, one after another; None for as many as keep the array within Slurm's limit.
    pub per_task: Option<usize>,
    /// CPUs of a task: the threads of a run.
    pub cpus: usize,
    /// Tasks at a time; None for as many as the cluster gives.
    pub max_parallel: Option<usize>,
    /// The partition; None for the cluster's default.
    pub partition: Option<String>,
    /// The time limit of a task, as sbatch takes it; None for the partition's.
    pub time: Option<String>,
    /// Seconds before the limit at which a task is told to save.
    pub warning: u32,
    /// More options of sbatch, such as `--account=lab`.
    pub extra: Vec<String>,
}

/// Where Slurm's queue is asked about a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// The job's number.
    pub job: String,
}

impl ArrayJob {
    /// Lines of the plan that a task does.
    pub fn per_task(&self) -> usize {
        self.per_task.unwrap_or_else(|| self.runs.div_ceil(MOST_TASKS)).max(1)
    }

    /// Tasks of the array.
    pub fn tasks(&self) -> usize {
        self.runs.div_ceil(self.per_task()).max(1)
    }

    /// The batch script. Signals reach the shell only, which hands them on; a task that saved and stopped is put back
    /// into the queue, as is one that was killed, a few times.
    pub fn script(&self) -> String {
        let logs = self.plan.with_file_name("logs").join("%A_%a.txt");
        let parallel = self.max_parallel.map_or_else(String::new, |most| format!("%{most}"));
        let mut options = vec![
            format!("--job-name={}", self.name),
            format!("--array=0-{}{parallel}", self.tasks() - 1),
            "--ntasks=1".to_owned(),
            format!("--cpus-per-task={}", self.cpus),
            "--requeue".to_owned(),
            "--open-mode=append".to_owned(),
            format!("--signal=B:USR1@{}", self.warning),
            format!("--output={}", logs.display()),
            format!("--chdir={}", self.folder.display()),
        ];
        options.extend(self.partition.iter().map(|partition| format!("--partition={partition}")));
        options.extend(self.time.iter().map(|time| format!("--time={time}")));
        options.extend(self.extra.iter().cloned());
        let options = options.iter().fold(String::new(), |lines, option| lines + &format!("#SBATCH {option}\n"));
        let (per_task, last) = (self.per_task(), self.runs.saturating_sub(1));
        let (plan, program) = (quoted(&self.plan), quoted(&self.program));
        format!(
            "#!/bin/bash
# A sweep of {runs} runs, {per_task} a task. Made by gan-lab sweep; submit it with: sbatch THIS_FILE
{options}
child= signalled=
trap '[ -z \"$child\" ] || kill -USR1 \"$child\" 2>/dev/null; signalled=1' USR1 TERM
crashes={crashes}/crashes-$SLURM_ARRAY_TASK_ID
requeue() {{ scontrol requeue \"${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}\"; }}
failed=0
first=$((SLURM_ARRAY_TASK_ID * {per_task}))
for ((index = first; index < first + {per_task} && index <= {last}; index++)); do
  {program} run --plan {plan} --index \"$index\" --quiet &
  child=$!
  # A signal ends wait before the child has ended; a second wait gives the child's own code.
  while signalled=; wait \"$child\"; code=$?; [ -n \"$signalled\" ]; do :; done
  child=
  case $code in
    0) ;;
    75) requeue; exit 75 ;;
    1[2-9]?)
      # Killed: another node may do better, but not for ever.
      echo \"index $index: $code\" >>\"$crashes\"
      if [ \"$(wc -l <\"$crashes\")\" -le {RETRIES} ]; then requeue; exit \"$code\"; fi
      failed=$code ;;
    *) failed=$code ;;
  esac
done
exit \"$failed\"
",
            runs = self.runs,
            crashes = quoted(&self.plan.with_file_name("logs")),
        )
    }

    /// Writes the script beside the plan, and makes the folder that the tasks' words go to.
    pub fn write(&self) -> Result<PathBuf, SweepError> {
        let path = self.plan.with_file_name("sweep.sbatch");
        fs_err::create_dir_all(self.plan.with_file_name("logs"))?;
        files::write(&path, self.script().as_bytes())?;
        Ok(path)
    }
}

impl Queue {
    /// Submits a script.
    pub fn submit(script: &Path) -> Result<Self, SweepError> {
        let words = said("sbatch", Command::new("sbatch").arg("--parsable").arg(script))?;
        // The job's number, and after a semicolon the cluster's name.
        let job = words.trim().split(';').next().unwrap_or_default().to_owned();
        if job.is_empty() || !job.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(SweepError::Slurm { program: "sbatch", reason: format!("it printed '{}'", words.trim()) });
        }
        Ok(Self { job })
    }

    /// The states of the tasks that have not ended; none when all have.
    pub fn states(&self) -> Result<Vec<String>, SweepError> {
        let mut command = Command::new("squeue");
        command.args(["--noheader", "--array", "--format=%T", "--jobs", &self.job]);
        match said("squeue", &mut command) {
            Ok(words) => Ok(words.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()),
            // Jobs that ended some minutes ago are unknown to the queue.
            Err(SweepError::Slurm { reason, .. }) if reason.contains("Invalid job id") => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Takes all tasks out of the queue; those at work save first.
    pub fn cancel(&self) -> Result<(), SweepError> {
        said("scancel", Command::new("scancel").arg(&self.job)).map(drop)
    }
}

/// A command for each line of the plan, for whatever runs commands.
pub fn commands(program: &Path, plan: &Path, runs: usize) -> String {
    let (program, plan) = (quoted(program), quoted(plan));
    (0..runs)
        .fold(String::new(), |lines, index| lines + &format!("{program} run --plan {plan} --index {index} --quiet\n"))
}

fn said(program: &'static str, command: &mut Command) -> Result<String, SweepError> {
    let failed = |reason: String| SweepError::Slurm { program, reason };
    let output = command.output().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => failed("it is not installed; submit from a machine of the cluster".into()),
        _ => failed(error.to_string()),
    })?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(failed(if words.is_empty() { output.status.to_string() } else { words }));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A path as one word of a shell's.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(runs: usize) -> ArrayJob {
        ArrayJob {
            name: "lab".into(),
            plan: "/data/my sweep/plan.jsonl".into(),
            runs,
            program: "/opt/gan-lab".into(),
            folder: "/data".into(),
            per_task: None,
            cpus: 1,
            max_parallel: Some(8),
            partition: Some("short".into()),
            time: Some("00:30:00".into()),
            warning: 60,
            extra: vec!["--account=lab".into()],
        }
    }

    #[test]
    fn every_line_is_done_by_one_task_and_arrays_stay_within_slurms_limit() {
        for (runs, per_task, tasks) in [(1, 1, 1), (8, 1, 8), (1000, 1, 1000), (1001, 2, 501), (10_000, 10, 1000)] {
            let job = job(runs);
            assert_eq!((job.per_task(), job.tasks()), (per_task, tasks), "{runs}");
            assert!(job.tasks() * job.per_task() >= runs && (job.tasks() - 1) * job.per_task() < runs);
        }
    }

    #[test]
    fn the_script_is_sound_bash_with_every_option() {
        let script = job(20).script();
        for line in [
            "#SBATCH --array=0-19%8",
            "#SBATCH --partition=short",
            "#SBATCH --time=00:30:00",
            "#SBATCH --signal=B:USR1@60",
            "#SBATCH --account=lab",
            "#SBATCH --output=/data/my sweep/logs/%A_%a.txt",
        ] {
            assert!(script.lines().any(|l| l == line), "{line} is missing:\n{script}");
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("script");
        files::write(&path, script.as_bytes()).unwrap();
        assert!(Command::new("bash").arg("-n").arg(&path).status().unwrap().success());
    }

    #[test]
    fn paths_are_one_word_to_a_shell() {
        let text = commands(Path::new("it's"), Path::new("a b/plan.jsonl"), 1);
        let echoed = Command::new("bash").arg("-c").arg(format!("printf '%s|' {text}")).output().unwrap();
        let words = String::from_utf8(echoed.stdout).unwrap();
        assert_eq!(words, "it's|run|--plan|a b/plan.jsonl|--index|0|--quiet|");
    }
}
