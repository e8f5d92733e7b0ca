//! Sweeps on a cluster: a job array for Slurm, and plain commands for GNU parallel, HyperQueue and the like.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::SweepError;
use crate::made::ResultFolder;

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
    /// into the queue, as is one that was killed, a few times. What sbatch or the shell would take for something else
    /// than one word on one line is refused.
    pub fn script(&self) -> Result<String, SweepError> {
        let plan = sayable("the sweep's folder", &self.plan)?;
        let program = sayable("gan-lab's own path", &self.program)?;
        let folder = sayable("the current folder", &self.folder)?;
        if plan.contains('\\') {
            // It would switch off the %A and %a of --output.
            return Err(unsayable("the sweep's folder", plan, "and sbatch cannot log to a path with a backslash"));
        }
        let logs = plan.strip_suffix("plan.jsonl").unwrap_or(plan).to_owned() + "logs";
        let parallel = self.max_parallel.map_or_else(String::new, |most| format!("%{most}"));
        let mut options = vec![
            format!("--job-name={}", argument(&plain(&self.name))),
            format!("--array=0-{}{parallel}", self.tasks() - 1),
            "--ntasks=1".to_owned(),
            format!("--cpus-per-task={}", self.cpus),
            "--requeue".to_owned(),
            "--open-mode=append".to_owned(),
            format!("--signal=B:USR1@{}", self.warning),
            format!("--output={}", argument(&(logs.replace('%', "%%") + "/%A_%a.txt"))),
            format!("--chdir={}", argument(folder)),
        ];
        for (name, value) in [("--partition", &self.partition), ("--time", &self.time)] {
            if let Some(value) = value {
                options.push(format!("{name}={}", argument(one_line(name, value)?)));
            }
        }
        for option in &self.extra {
            options.push(one_line("--sbatch", option)?.to_owned());
        }
        let options = options.iter().fold(String::new(), |lines, option| lines + &format!("#SBATCH {option}\n"));
        let (per_task, last) = (self.per_task(), self.runs.saturating_sub(1));
        let (plan, program, crashes) = (quoted(plan), quoted(program), quoted(&logs));
        Ok(format!(
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
        ))
    }

    /// Writes the script, unless there is one that was changed, beside the plan, and makes the folder that the tasks' words go to.
    pub fn write(&self) -> Result<PathBuf, SweepError> {
        let script = self.script()?;
        fs_err::create_dir_all(self.plan.with_file_name("logs"))?;
        let folder = self.plan.parent().unwrap_or(Path::new(""));
        Ok(ResultFolder::open(folder, false)?.write("sweep.sbatch", script.as_bytes())?)
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
}

/// A command for each line of the plan, one a line, for whatever runs commands.
pub fn commands(program: &Path, plan: &Path, runs: usize) -> Result<String, SweepError> {
    let program = quoted(sayable("gan-lab's own path", program)?);
    let plan = quoted(sayable("the sweep's folder", plan)?);
    Ok((0..runs)
        .fold(String::new(), |lines, index| lines + &format!("{program} run --plan {plan} --index {index} --quiet\n")))
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

/// Text as one word of a shell's.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Text as one argument of an #SBATCH line, where `#` would begin a comment and quotes and backslashes mean something.
fn argument(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}

/// A path as text on one line.
fn sayable<'a>(what: &'static str, path: &'a Path) -> Result<&'a str, SweepError> {
    let text = path.to_str();
    let text = text.ok_or_else(|| {
        unsayable(what, &path.to_string_lossy(), "which is no UTF-8, so that a script cannot name it; choose another")
    })?;
    one_line(what, text)
}

fn one_line<'a>(what: &'static str, text: &'a str) -> Result<&'a str, SweepError> {
    if text.chars().any(char::is_control) {
        return Err(unsayable(what, text, "with a control character such as a line's end, which no script can hold"));
    }
    Ok(text)
}

fn unsayable(what: &'static str, value: &str, reason: &'static str) -> SweepError {
    SweepError::Unsayable { what, value: value.to_owned(), reason }
}

/// A job's name: of letters, digits and the like, so that the queue and its tools show it as it is.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files;

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
        let script = job(20).script().unwrap();
        for line in [
            "#SBATCH --array=0-19%8",
            "#SBATCH --partition=\"short\"",
            "#SBATCH --time=\"00:30:00\"",
            "#SBATCH --signal=B:USR1@60",
            "#SBATCH --account=lab",
            "#SBATCH --output=\"/data/my sweep/logs/%A_%a.txt\"",
            "#SBATCH --chdir=\"/data\"",
            "#SBATCH --job-name=\"lab\"",
        ] {
            assert!(script.lines().any(|l| l == line), "{line} is missing:\n{script}");
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("script");
        files::write(&path, script.as_bytes()).unwrap();
        assert!(Command::new("bash").arg("-n").arg(&path).status().unwrap().success());
    }

    /// The words of an #SBATCH line as sbatch reads them: quotes group, a backslash takes the next character as it is, and
    /// `#` begins a comment.
    fn words_of(line: &str) -> Vec<String> {
        let (mut words, mut word, mut quote, mut begun) = (Vec::new(), String::new(), None, false);
        let mut characters = line.chars();
        while let Some(c) = characters.next() {
            match (c, quote) {
                ('\\', _) => word.extend(characters.next()),
                (c, Some(q)) if c == q => quote = None,
                ('"' | '\'', None) => quote = Some(c),
                ('#', None) => break,
                (c, None) if c.is_whitespace() => {
                    words.extend(begun.then(|| std::mem::take(&mut word)));
                    begun = false;
                    continue;
                }
                (c, _) => word.push(c),
            }
            begun = true;
        }
        assert!(quote.is_none(), "an open quote: {line}");
        words.extend(begun.then_some(word));
        words
    }

    #[test]
    fn every_folder_is_one_word_to_sbatch_and_to_the_shell() {
        for name in ["my sweep", "it's", "a#b", "a%b", "a%A", "say \"hi\"", "$HOME `x` !", "ü", " a ", "-x"] {
            let folder = format!("/data/{name}");
            let plan = PathBuf::from(format!("{folder}/plan.jsonl"));
            let job = ArrayJob { plan, folder: (folder.clone() + "\\d").into(), name: name.into(), ..job(3) };
            let script = job.script().unwrap();
            let said: Vec<_> = script
                .lines()
                .filter_map(|line| line.strip_prefix("#SBATCH "))
                .map(|line| {
                    let words = words_of(line);
                    assert_eq!(words.len(), 1, "{line}");
                    words.into_iter().next().unwrap()
                })
                .collect();
            let output = format!("--output={}/logs/%A_%a.txt", folder.replace('%', "%%"));
            assert!(said.contains(&output), "{said:?}");
            assert!(said.contains(&format!("--chdir={folder}\\d")), "{said:?}");
            let shown = format!("set -- {}; printf %s \"$1\"", quoted(&folder));
            let echoed = Command::new("bash").arg("-c").arg(shown).output().unwrap();
            assert_eq!(String::from_utf8(echoed.stdout).unwrap(), folder);
        }
    }

    #[test]
    fn what_no_script_can_hold_is_refused_with_its_name() {
        let line = "s\ntouch PWNED";
        let path = || PathBuf::from(format!("/{line}/plan.jsonl"));
        for (job, needle) in [
            (ArrayJob { plan: path(), ..job(1) }, "sweep's folder"),
            (ArrayJob { plan: "/a\\b/plan.jsonl".into(), ..job(1) }, "backslash"),
            (ArrayJob { folder: path(), ..job(1) }, "current folder"),
            (ArrayJob { program: path(), ..job(1) }, "gan-lab's own path"),
            (ArrayJob { partition: Some(line.into()), ..job(1) }, "--partition"),
            (ArrayJob { time: Some("1\r2".into()), ..job(1) }, "--time"),
            (ArrayJob { extra: vec!["--account=a".into(), line.into()], ..job(1) }, "--sbatch"),
        ] {
            let message = job.script().unwrap_err().to_string();
            assert!(message.contains(needle) && message.lines().count() == 1, "{message}");
        }
        assert!(commands(Path::new("gan-lab"), &path(), 1).unwrap_err().to_string().contains("sweep's folder"));
        let named = ArrayJob { name: line.into(), ..job(1) }.script().unwrap();
        assert!(named.contains("--job-name=\"s_touch_PWNED\""), "{named}");
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_is_no_utf8_is_refused() {
        use std::os::unix::ffi::OsStrExt as _;
        let folder = Path::new(std::ffi::OsStr::from_bytes(b"/n\xff"));
        let job = ArrayJob { plan: folder.join("plan.jsonl"), ..job(1) };
        assert!(job.script().unwrap_err().to_string().contains("no UTF-8"));
    }

    #[test]
    fn paths_are_one_word_to_a_shell() {
        let text = commands(Path::new("it's"), Path::new("a b/plan.jsonl"), 1).unwrap();
        let echoed = Command::new("bash").arg("-c").arg(format!("printf '%s|' {text}")).output().unwrap();
        let words = String::from_utf8(echoed.stdout).unwrap();
        assert_eq!(words, "it's|run|--plan|a b/plan.jsonl|--index|0|--quiet|");
    }
}
