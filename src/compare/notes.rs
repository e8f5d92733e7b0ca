//! What has to be said of a data set beside its numbers.

use std::path::PathBuf;

use super::{DataSet, Group, Repeat, RunSummary};
use crate::kinds::points;

impl DataSet {
    /// What cannot be told, what does not count, and why, in words.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = points::notes(self.runs().flat_map(|run| &run.metrics));
        notes.extend(self.groups.iter().flat_map(of_group));
        notes.extend(self.without_the_reference());
        notes.extend(self.without_a_pair());
        notes.extend(repeats(&self.repeats));
        notes.extend(self.without_the_law());
        notes.extend(self.coarse());
        notes
    }

    /// That the group to compare with is none of these.
    fn without_the_reference(&self) -> Option<String> {
        let asked = self.absent.as_ref()?;
        Some(format!("no group here, or more than one, is '{asked}', so there are no differences"))
    }

    /// Groups that cannot be compared with the reference.
    fn without_a_pair(&self) -> Option<String> {
        let reference = self.groups.get(self.reference?)?;
        let lonely = self.groups.iter().filter(|group| group.label != reference.label);
        // Of one that did not finish it is said already.
        let lonely = lonely.filter(|group| group.finished().next().is_some());
        let lonely = lonely.filter(|group| self.differences.iter().all(|found| found.label != group.label));
        let labels: Vec<&str> = lonely.map(|group| group.label.as_str()).collect();
        let none = format!("no finished run in common with {}, seed by seed, so no difference", reference.label);
        (!labels.is_empty() && !self.metrics.is_empty()).then(|| format!("{}: {none}", labels.join("; ")))
    }

    /// Runs that do not know the law that others on the same points do.
    fn without_the_law(&self) -> Option<String> {
        let unaware: Vec<PathBuf> =
            self.runs().filter(|run| self.modes.is_some() && run.modes.is_none()).map(|run| run.dir.clone()).collect();
        let which = listed(&unaware)?;
        Some(format!("{which}: the data's file does not say the law that others know; --law says it"))
    }

    /// Runs whose records have a floor of their own.
    fn coarse(&self) -> Option<String> {
        let coarse: Vec<PathBuf> = self.runs().filter(|run| run.coarse).map(|run| run.dir.clone()).collect();
        let which = listed(&coarse).filter(|_| self.runs().any(|run| !run.coarse))?;
        Some(format!(
            "{which}: an older program kept these points in single precision, which is too coarse for them; what was recorded \
             by epoch, near from and unrest have another floor than other runs', and are not comparable with theirs"
        ))
    }
}

/// The runs of a group that did not come to their last epoch.
fn of_group(group: &Group) -> Vec<String> {
    let all = group.runs.len();
    let rest = if group.finished().next().is_some() {
        "means, errors and differences are of the finished runs alone"
    } else {
        "there is no mean"
    };
    let said = |runs: Vec<&RunSummary>, what: &str, of_run: &dyn Fn(&RunSummary) -> String| {
        let each = runs.iter().map(|run| of_run(run)).collect::<Vec<_>>().join(", ");
        (!runs.is_empty()).then(|| format!("{}: {} of {all} {what} ({each}); {rest}", group.label, runs.len()))
    };
    let diverged = said(group.diverged().collect(), "diverged", &|run| {
        format!("seed {} at epoch {}", run.config.seed, run.epochs + 1)
    });
    let unfinished = said(group.unfinished().collect(), "unfinished", &|run| {
        format!("seed {} at epoch {}", run.config.seed, run.position())
    });
    let each = group.ended().map(|run| {
        let (seed, condition) = (run.config.seed, run.ended.as_deref().unwrap_or("unknown"));
        format!("seed {seed} at epoch {} of {}: {condition}", run.epochs, run.planned())
    });
    let each = each.collect::<Vec<_>>();
    let ended = (!each.is_empty()).then(|| {
        let what = "ended by a condition of their own and count as finished";
        format!("{}: {} of {all} {what} ({})", group.label, each.len(), each.join("; "))
    });
    diverged.into_iter().chain(unfinished).chain(ended).collect()
}

/// A line for each run that is there several times.
fn repeats(repeats: &[Repeat]) -> Vec<String> {
    let mut firsts: Vec<&PathBuf> = Vec::new();
    for repeat in repeats {
        if !firsts.contains(&&repeat.of) {
            firsts.push(&repeat.of);
        }
    }
    let line = |of: &PathBuf| {
        let others: Vec<&Repeat> = repeats.iter().filter(|repeat| repeat.of == *of).collect();
        let verb = if others.len() == 1 { "repeats" } else { "repeat" };
        let named = others.iter().map(|repeat| in_words(repeat)).collect::<Vec<_>>().join(", ");
        format!("{named} {verb} {}: same settings, seed and data, so that all count as one run", of.display())
    };
    firsts.into_iter().map(line).collect()
}

fn in_words(repeat: &Repeat) -> String {
    let mut what: Vec<String> = repeat.otherwise.iter().map(|key| format!("other {key}")).collect();
    if !repeat.same_numbers {
        what.push("other numbers".to_owned());
    }
    let what = if what.is_empty() { String::new() } else { format!(" ({})", what.join(", ")) };
    format!("{}{what}", repeat.run.display())
}

/// The runs by name; None of none.
fn listed(runs: &[PathBuf]) -> Option<String> {
    let names: Vec<String> = runs.iter().map(|run| run.display().to_string()).collect();
    (!names.is_empty()).then(|| names.join(", "))
}
