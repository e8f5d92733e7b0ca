//! `panel.png` and `panel.gif`: the points of runs side by side, epoch by epoch; each data set has axes of its own.

use std::sync::Arc;

use super::super::{Comparison, DataSet, Group, RunSummary, names_of_runs};
use super::OutputError;
use super::curve::unmeasured;
use crate::data::Point;
use crate::kinds::points::{Frames, PointsRun, SceneError, Scenes, View};
use crate::media::{Animation, encode_gif, encode_png};
use crate::metric::Metric;
use crate::render::{
    Axes, AxesChoice, Cell, Grid, Layer, Picture, Real, RenderError, Row, Size, Theme, columns, wrapped,
};
use crate::run::{RunDir, RunError, count};

/// With more runs than this each group shows its median run.
const MOST_RUNS: usize = 18;
/// There is room for so many cells.
const MOST_CELLS: usize = 36;
const CELL: Size = Size { width: 320, height: 240 };
const FRAMES_A_SECOND: f64 = 4.0;

pub(super) fn last(comparison: &Comparison, views: &[View]) -> Result<Vec<u8>, OutputError> {
    let panel = Panel::open(comparison, views)?;
    Ok(encode_png(&panel.last().map_err(PanelError::from)?)?)
}

pub(super) fn film(comparison: &Comparison, views: &[View]) -> Result<Vec<u8>, OutputError> {
    Ok(encode_gif(&Panel::open(comparison, views)?, FRAMES_A_SECOND)?)
}

/// What is not on the panel, a sentence for each reason.
pub(super) fn left_out(comparison: &Comparison, views: &[View]) -> Vec<String> {
    let plan = Plan::of(comparison);
    let lacking = plan.sets.iter().flatten().filter_map(|(run, _)| {
        let run = PointsRun::open(&RunDir::new(&run.dir)).ok()?;
        Some(views.iter().filter_map(move |view| view.missing_in(&run)).collect::<Vec<_>>())
    });
    plan.left_out(comparison).into_iter().chain(lacking.flatten()).collect()
}

/// Runs on one sheet; a frame for each epoch that any of them recorded.
#[derive(Debug)]
pub struct Panel {
    facets: Vec<Facet>,
    epochs: Vec<u64>,
    footnotes: Vec<String>,
}

/// A data set's cells.
#[derive(Debug)]
struct Facet {
    /// What stands above them, where there are several.
    name: String,
    axes: Axes,
    cells: Vec<Recorded>,
}

/// A run that is drawn.
#[derive(Debug)]
struct Recorded {
    title: String,
    /// Which of its group's runs it is, where only one is drawn.
    choice: Option<String>,
    /// The epoch in which it diverged, if it did.
    diverged: Option<u64>,
    real: Arc<Real>,
    frames: Frames,
    /// What is shown of it beside its points, if anything.
    scenes: Option<Scenes>,
}

/// Why a panel cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PanelError {
    /// A run cannot be read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// What is to be shown of it cannot be.
    #[error(transparent)]
    Scene(#[from] SceneError),
    /// It cannot be drawn.
    #[error(transparent)]
    Render(#[from] RenderError),
}

/// Which runs are drawn.
struct Plan<'a> {
    /// Whether each group shows one run only.
    medians: bool,
    /// For each data set the runs that have a cell, with the number of their group's runs.
    sets: Vec<Vec<(&'a RunSummary, usize)>>,
    /// For each data set the groups that have none.
    left_out: Vec<Vec<&'a Group>>,
}

impl<'a> Plan<'a> {
    /// All runs, or the median run of each group where they are many; where those are more than there is room for, every data
    /// set has its first groups.
    fn of(comparison: &'a Comparison) -> Self {
        let sets = &comparison.data_sets;
        if comparison.runs().len() <= MOST_RUNS {
            let all = sets.iter().map(|set| {
                let mut runs: Vec<(&RunSummary, usize)> = set.runs().map(|run| (run, 1)).collect();
                runs.sort_by_key(|(run, _)| run.place);
                runs
            });
            return Self { medians: false, sets: all.collect(), left_out: vec![Vec::new(); sets.len()] };
        }
        let mut room = vec![0; sets.len()];
        let longest = sets.iter().map(|set| set.groups.len()).max().unwrap_or(0);
        let in_turn = (0..longest).flat_map(|k| (0..sets.len()).map(move |set| (set, k)));
        for (set, k) in in_turn.filter(|&(set, k)| k < sets[set].groups.len()).take(MOST_CELLS) {
            room[set] = k + 1;
        }
        let shown = |(set, &room): (&'a DataSet, &usize)| {
            set.groups[..room]
                .iter()
                .filter_map(|group| Some((median(group, set.headline)?, group.runs.len())))
                .collect()
        };
        Self {
            medians: true,
            sets: sets.iter().zip(&room).map(shown).collect(),
            left_out: sets.iter().zip(&room).map(|(set, &room)| set.groups[room..].iter().collect()).collect(),
        }
    }

    fn left_out(&self, comparison: &Comparison) -> Vec<String> {
        let sets = &comparison.data_sets;
        let several = sets.len() > 1;
        let mut notes = Vec::new();
        let others: usize = self.sets.iter().flatten().map(|(_, runs)| runs - 1).sum();
        if others > 0 {
            let headlines = sets.iter().map(|set| set.headline.name()).collect::<std::collections::BTreeSet<_>>();
            let by = headlines.into_iter().collect::<Vec<_>>().join(" or ");
            notes.push(format!(
                "each group shows its median run by {by}; {} of the same groups {} not drawn",
                count(others as u64, "other run"),
                if others == 1 { "is" } else { "are" }
            ));
        }
        let named = |(set, groups): (&DataSet, &Vec<&Group>)| {
            let labels: Vec<&str> = groups.iter().map(|group| group.label.as_str()).collect();
            let name = if several { format!("{}: ", set.name) } else { String::new() };
            (!labels.is_empty()).then(|| name + &labels.join("; "))
        };
        let groups: Vec<String> = sets.iter().zip(&self.left_out).filter_map(named).collect();
        if !groups.is_empty() {
            notes.push(format!("left out, because there is room for {MOST_CELLS} groups: {}", groups.join("; ")));
        }
        notes
    }
}

/// The run of a group that is in the middle by the headline metric or what is there in its place; else its first.
fn median(group: &Group, headline: Metric) -> Option<&RunSummary> {
    let distance = |run: &RunSummary| {
        let last = || run.values(headline).last().map(|&(_, value)| value);
        run.mean(headline).or_else(|| run.mean(Metric::W1)).or_else(last)
    };
    group.median_by(distance).or(group.runs.first())
}

impl Panel {
    /// The recorded frames of a comparison's runs, as these views; of none of them, as points. What is not drawn is said on the
    /// sheet.
    pub fn open(comparison: &Comparison, views: &[View]) -> Result<Self, PanelError> {
        let plan = Plan::of(comparison);
        let several = comparison.data_sets.len() > 1;
        let drawn = comparison.data_sets.iter().zip(&plan.sets).filter(|(_, runs)| !runs.is_empty());
        let facets = drawn
            .map(|(set, runs)| Facet::open(if several { &set.name } else { "" }, runs, plan.medians, views))
            .collect::<Result<Vec<_>, _>>()?;
        let cells = facets.iter().flat_map(|facet| &facet.cells);
        let mut epochs: Vec<u64> = cells.flat_map(|cell| cell.frames.epochs.iter().copied()).collect();
        epochs.sort_unstable();
        epochs.dedup();
        let mut footnotes = left_out(comparison, views);
        footnotes.extend(unmeasured(comparison));
        Ok(Self { facets, epochs, footnotes })
    }

    /// Every run's last frame.
    pub fn last(&self) -> Result<Picture, RenderError> {
        self.at(u64::MAX)
    }

    fn at(&self, epoch: u64) -> Result<Picture, RenderError> {
        let row = |facet: &Facet| Row {
            label: facet.name.clone(),
            axes: facet.axes,
            cells: facet.cells.iter().map(|cell| cell.at(epoch)).collect(),
        };
        let lengths: Vec<usize> = self.facets.iter().map(|facet| facet.cells.len()).collect();
        let rows = wrapped(self.facets.iter().map(row).collect(), columns(&lengths));
        let footnotes = self.footnotes.clone();
        Grid { title: String::new(), rows, cell: CELL, theme: Theme::default(), footnotes }.draw()
    }
}

impl Facet {
    fn open(name: &str, runs: &[(&RunSummary, usize)], medians: bool, views: &[View]) -> Result<Self, PanelError> {
        let of_runs: Vec<_> =
            runs.iter().map(|(run, _)| (run.label.as_str(), run.config.seed, run.dir.as_path())).collect();
        // A group's one run needs no seed in its name.
        let titles =
            if medians { runs.iter().map(|(run, _)| run.label.clone()).collect() } else { names_of_runs(&of_runs) };
        let cell = |(&(run, of), title)| Recorded::open(run, title, of);
        let mut cells = runs.iter().zip(titles).map(cell).collect::<Result<Vec<_>, PanelError>>()?;
        let all: Vec<Point> = cells.iter().flat_map(|cell| cell.real.points.iter().copied()).collect();
        let is_lab = runs.first().is_some_and(|(run, _)| run.config.data.is_the_labs());
        let axes = Axes::chosen(AxesChoice::Auto, &all, is_lab, f64::from(CELL.width) / f64::from(CELL.height));
        if !matches!(views, [] | [View::Points]) {
            for (cell, (run, _)) in cells.iter_mut().zip(runs) {
                let run = PointsRun::open(&RunDir::new(&run.dir))?;
                let there: Vec<View> = views.iter().copied().filter(|view| view.missing_in(&run).is_none()).collect();
                cell.scenes = Some(Scenes::of(&run, &there, axes)?);
            }
        }
        Ok(Self { name: name.to_owned(), axes, cells })
    }
}

impl Recorded {
    /// A run that is one `of` so many.
    fn open(run: &RunSummary, title: String, of: usize) -> Result<Self, PanelError> {
        let points = PointsRun::open(&RunDir::new(&run.dir))?;
        Ok(Self {
            title,
            choice: (of > 1).then(|| format!("seed {}, the median of {of}", run.config.seed)),
            diverged: run.state.is_diverged().then_some(run.epochs + 1),
            real: Arc::new(real_of(&points)?),
            frames: points.frames()?,
            scenes: None,
        })
    }

    /// The latest frame up to an epoch.
    fn at(&self, epoch: u64) -> Cell {
        let epochs = &self.frames.epochs;
        let found = epochs.iter().rposition(|&e| e <= epoch);
        let diverged = self.diverged.filter(|&diverged| diverged <= epoch);
        let words = diverged.map(|epoch| format!("diverged in epoch {epoch}"));
        let frame = found.map(|i| format!("epoch {}", epochs[i]));
        let in_cell = if found.is_some() { None } else { Some(words.clone().unwrap_or_else(|| "no frame yet".into())) };
        let beside = words.filter(|_| found.is_some());
        let scene = self.scenes.as_ref().zip(found).map(|(scenes, i)| scenes.at(epochs[i])).unwrap_or_default();
        // Each run has a scale of its own.
        let scales: Vec<String> = scene.layers.iter().filter_map(Layer::said).collect();
        let scales = if scales.is_empty() { String::new() } else { format!(" ({})", scales.join("; ")) };
        let note: Vec<String> = frame.into_iter().chain(beside).chain(self.choice.clone()).collect();
        Cell {
            title: format!("{}{scales}", self.title),
            note: note.join("; "),
            real: Arc::clone(&self.real),
            generated: found.map(|i| self.frames.samples[i].clone()),
            words: in_cell.unwrap_or_default(),
            layers: scene.layers,
            without_points: scene.without_points,
        }
    }
}

impl Animation for Panel {
    fn len(&self) -> usize {
        self.epochs.len()
    }

    fn frame(&self, index: usize) -> Result<Picture, RenderError> {
        self.at(self.epochs[index])
    }
}

/// A run's held-out points, as pictures have them.
pub fn real_of(run: &PointsRun) -> Result<Real, RunError> {
    Ok(Real { points: run.real()?, names: run.axis_names()?, classes: None })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::super::tests::{compared, run};
    use super::*;
    use crate::compare::Selection;

    /// So many groups of two seeds on each of these data sets.
    fn comparison(groups: &[(&str, usize)]) -> Comparison {
        let runs = groups.iter().flat_map(|&(data, groups)| {
            (0..groups).flat_map(move |group| {
                [0, 1].map(|seed| {
                    run(data, |config| (config.seed, config.lr) = (seed, 1e-4 * (group + 1) as f64), 1.0 + seed as f64)
                })
            })
        });
        compared(runs.collect(), &Selection::default())
    }

    #[test]
    fn few_runs_have_a_cell_each_and_of_many_each_group_has_one() {
        let few = comparison(&[("one", 2), ("other", 1)]);
        let plan = Plan::of(&few);
        assert_eq!(plan.sets.iter().map(Vec::len).collect::<Vec<_>>(), [4, 2]);
        assert!(!plan.medians && left_out(&few, &[]).is_empty());
        let many = comparison(&[("one", 9), ("other", 2)]);
        let plan = Plan::of(&many);
        assert_eq!(plan.sets.iter().map(Vec::len).collect::<Vec<_>>(), [9, 2]);
        // The lower of two by what was measured.
        assert!(plan.medians && plan.sets.iter().flatten().all(|(run, of)| run.config.seed == 0 && *of == 2));
        let said = left_out(&many, &[]);
        assert_eq!(
            said,
            ["each group shows its median run by sliced-w2; 11 other runs of the same groups are not drawn"]
        );
    }

    #[test]
    fn where_there_is_no_room_every_data_set_keeps_its_first_groups_and_the_others_are_named() {
        let all = comparison(&[("one", 40), ("other", 3)]);
        let plan = Plan::of(&all);
        assert_eq!(plan.sets.iter().map(Vec::len).collect::<Vec<_>>(), [33, 3]);
        let said = left_out(&all, &[]);
        let [_, groups] = &said[..] else { panic!("{said:?}") };
        assert!(
            groups.starts_with("left out, because there is room for 36 groups: one: GAN, RMSProp, lr "),
            "{groups}"
        );
        for group in &all.data_sets[0].groups[33..] {
            assert!(groups.contains(&group.label), "{}: {groups}", group.label);
        }
        assert!(!groups.contains("other"), "{groups}");
    }

    #[test]
    fn names_of_runs_hold_what_tells_them_apart() {
        let [a, b] = ["a", "b"].map(Path::new);
        let names = names_of_runs(&[("GAN", 0, a), ("GAN", 1, a), ("WGAN", 0, a), ("SGD", 2, a), ("SGD", 2, b)]);
        assert_eq!(names, ["GAN, seed 0", "GAN, seed 1", "WGAN", "SGD, seed 2, a", "SGD, seed 2, b"]);
    }

    #[test]
    fn a_cell_says_how_far_its_run_is() {
        let recorded = |epochs: &[u64], diverged| Recorded {
            title: "GAN".into(),
            choice: None,
            diverged,
            real: Arc::default(),
            frames: Frames { epochs: epochs.to_vec(), samples: vec![vec![[0.0; 2]]; epochs.len()] },
            scenes: None,
        };
        let said = |recorded: Recorded, epoch| {
            let cell = recorded.at(epoch);
            (cell.note, cell.words, cell.generated.is_some())
        };
        let words = |note: &str, words: &str, shown| (note.to_owned(), words.to_owned(), shown);
        assert_eq!(said(recorded(&[2, 4], None), 3), words("epoch 2", "", true));
        assert_eq!(said(recorded(&[2, 4], None), 1), words("", "no frame yet", false));
        assert_eq!(said(recorded(&[2, 4], Some(6)), 5), words("epoch 4", "", true));
        assert_eq!(said(recorded(&[2, 4], Some(6)), 9), words("epoch 4; diverged in epoch 6", "", true));
        assert_eq!(said(recorded(&[], Some(1)), 9), words("", "diverged in epoch 1", false));
    }
}
