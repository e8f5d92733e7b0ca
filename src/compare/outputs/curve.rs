//! `curve.png`: for each data set a chart of its headline metric over the epochs, over the band of its floor.

use super::super::{Comparison, DataSet, Group, NEAR, RunSummary};
use super::OutputError;
use crate::media::encode_png;
use crate::metric::Metric;
use crate::render::{Band, Curve, CurveChart, Picture, RenderError, Size, sheet};

const SIZE: Size = Size { width: 960, height: 540 };
/// More letters than this leave no room for the curves.
const LONGEST: usize = 44;

pub(super) fn bytes(comparison: &Comparison) -> Result<Vec<u8>, OutputError> {
    let several = comparison.data_sets.len() > 1;
    let charts = comparison.data_sets.iter().map(|set| chart(set, several)).collect::<Result<Vec<_>, _>>()?;
    Ok(encode_png(&sheet(&charts))?)
}

fn chart(set: &DataSet, named: bool) -> Result<Picture, RenderError> {
    let metric = set.headline;
    let points = |values: &[(u64, f64)]| values.iter().map(|&(epoch, value)| (epoch as f64, value)).collect::<Vec<_>>();
    let curve = |group: &Group| {
        let all = group.runs.iter().map(|run: &RunSummary| points(run.values(metric)));
        let behind = if group.runs.len() > 1 { all.collect() } else { Vec::new() };
        let line = points(&group.mean_curve(metric));
        Curve { name: cut(&group.label, LONGEST), colour: group.colour, line, behind }
    };
    let curves: Vec<Curve> = set.groups.iter().map(curve).collect();
    let floor = set.series_floors.iter().find(|(known, _)| *known == metric).map(|(_, floor)| floor);
    let band = floor.map(|floor| {
        let deviation = floor.deviation.unwrap_or(0.0);
        Band {
            name: "floor: real against real, mean and deviation of a draw".to_owned(),
            low: floor.mean - deviation,
            middle: floor.mean,
            high: floor.mean + deviation,
        }
    });
    let levels: Vec<(String, f64)> = floor
        .iter()
        .filter(|floor| floor.mean > 0.0)
        .map(|floor| (format!("{NEAR} floors"), NEAR * floor.mean))
        .collect();
    let what = match metric {
        Metric::ModeTv => "mode-tv: total variation between the modes' shares and equal ones".to_owned(),
        _ => format!("{}: distance from the held-out points", metric.name()),
    };
    let title = if named { format!("{}: {what}", cut(&set.name, LONGEST)) } else { what };
    CurveChart { title: &title, curves: &curves, levels: &levels, band: band.as_ref() }.draw(SIZE)
}

/// Text, cut where it is long.
pub(super) fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest - 1).chain(['…']).collect()
}
