//! `gan-lab protocol`

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use serde_json::{Value, json};

use super::args::{Seeds, whole};
use super::exit::{Exit, UsageError, hinted};
use super::printer::{Printer, duration, shown_path};
use super::signals::Signals;
use super::table::{Align, table};
use crate::config::EngineKind;
use crate::made::MadeError;
use crate::protocol::{
    ALL, Job, Method, Plan, Protocol, ProtocolError, Quantity, Reported, Results, Row, Summary, Unknown, in_words,
    markdown, seconds,
};
use crate::run::count;

const PROTOCOLS: &str = "work_dirs/protocols";

/// Repeat a published comparison of GANs exactly, and show the results beside the published ones
#[derive(Debug, Args)]
#[command(after_help = "Trains each method with each seed on points of the protocol's distribution, and measures it \
                        after the published numbers of iterations. Each measurement is written to results.jsonl at once, \
                        so the same command continues an interrupted protocol and repeats nothing; a training \
                        that was interrupted continues from its last state, in the folder unfinished. Each training has a \
                        picture in the folder pictures, and after-<ITERATIONS>.png shows them all. The last row is this \
                        project's preset 'best' on the same networks. docs/PROTOCOLS.md has results.")]
pub(super) struct ProtocolArgs {
    /// Which comparison; without it they are listed
    #[arg(value_parser = protocol)]
    name: Option<&'static Protocol>,
    /// Which seeds [default: as many as were published; 0-4 for ring8]
    #[arg(long, value_name = "LIST")]
    seeds: Option<Seeds>,
    /// Fraction of the published iterations to train; the table notes it if it is below 1
    #[arg(long, value_name = "F", default_value_t = 1.0, value_parser = fraction)]
    fraction: f64,
    /// Which methods: vanilla,paired [default: all]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    methods: Vec<String>,
    /// Trainings at a time, each on one core [default: one per CPU]
    #[arg(long, value_name = "N", value_parser = whole::<u16>(1..=1024))]
    jobs: Option<u16>,
    /// Folder of results.jsonl, which is read and added to, and of pictures [default:
    /// work_dirs/protocols/<NAME>]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the results as a section of a Markdown page
    #[arg(long)]
    markdown: bool,
    /// Train nothing: print the results so far
    #[arg(long)]
    report: bool,
}

fn protocol(name: &str) -> Result<&'static Protocol, Unknown> {
    Protocol::named(name.trim())
}

fn fraction(text: &str) -> Result<f64, String> {
    let number = text.trim().parse().ok().filter(|x| *x > 0.0 && *x <= 1.0);
    number.ok_or_else(|| "it must be a number above 0, 1 at most".to_owned())
}

pub(super) fn run(args: &ProtocolArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let Some(protocol) = args.name else { return list(args, printer) };
    let plan = plan(args, protocol)?;
    let out = args.out.clone().unwrap_or_else(|| Path::new(PROTOCOLS).join(protocol.name));
    let jobs = plan.jobs()?;
    let mut results = Results::open(&out)?;
    let signals = Signals::listen()?;
    let is_whole = if args.report {
        jobs.iter().all(|job| job.is_done(protocol, &results))
    } else {
        carry_out(&plan, &jobs, &mut results, args, &signals, printer).map_err(in_the_way)?
    };
    if !args.report {
        plan.write_sheets(&jobs, &results).map_err(in_the_way)?;
    }
    report(&plan, &results, is_whole, args, printer)?;
    Ok(if signals.received().is_some() && !is_whole { signals.exit() } else { Exit::Done })
}

fn plan(args: &ProtocolArgs, protocol: &'static Protocol) -> anyhow::Result<Plan> {
    let mut plan = Plan { fraction: args.fraction, ..Plan::whole(protocol) };
    if let Some(Seeds(seeds)) = &args.seeds {
        plan.seeds.clone_from(seeds);
    }
    if !args.methods.is_empty() {
        let named =
            |name: &String| protocol.method(name.trim()).map_err(|error| UsageError(format!("--methods: {error}")));
        let wanted = args.methods.iter().map(named).collect::<Result<Vec<_>, _>>()?;
        // In the table's order, each once.
        plan.methods.retain(|method| wanted.iter().any(|other| other.name == method.name));
    }
    Ok(plan)
}

/// Trains what is not there, and says whether all is there then.
fn carry_out(
    plan: &Plan,
    jobs: &[Job],
    results: &mut Results,
    args: &ProtocolArgs,
    signals: &Signals,
    printer: &Printer,
) -> Result<bool, ProtocolError> {
    let cores = crate::threads::available();
    let left: Vec<&Job> = jobs.iter().filter(|job| !job.is_done(plan.protocol, results)).collect();
    let total: u64 = left.iter().map(|job| job.iterations()).sum();
    let at_once = args.jobs.map_or(cores, usize::from).min(left.len().max(1));
    let path = results.path().to_owned();
    if left.len() < jobs.len() {
        let done = jobs.len() - left.len();
        printer.note(&format!("{} of {} in {}", done, count(jobs.len() as u64, "training"), path.display()));
    }
    if left.is_empty() {
        return Ok(true);
    }
    let trainings = count(left.len() as u64, "training");
    printer.note(&format!("{trainings} of {} into {}, {at_once} at a time", plan.protocol.name, path.display()));
    match plan.unfinished(jobs, results) {
        0 => {}
        unfinished => printer.note(&format!("{unfinished} of them from where it was stopped")),
    }
    forecast(&left, at_once, printer);
    let bar = printer.progress("iteration", total, 0);
    let start = Instant::now();
    let stop = || signals.received().is_some();
    let is_whole = plan.carry_out(jobs, results, at_once, &stop, &mut |progress| {
        let done = progress.restored + progress.iterations;
        let rate = progress.iterations as f64 / start.elapsed().as_secs_f64().max(1e-9);
        let time = duration(total.saturating_sub(done) as f64 / rate.max(1e-9));
        let ended = format!("{} of {trainings} ended", progress.ended);
        let (rate, time) = (format!("{rate:.0} iterations/s"), format!("{time} left"));
        bar.show(done.min(total), &[(1, &ended), (4, &rate), (3, &time)]);
    })?;
    bar.finish();
    Ok(is_whole)
}

/// What can be done about a picture's place that is taken.
fn in_the_way(error: ProtocolError) -> anyhow::Error {
    match error {
        ProtocolError::Made(error @ MadeError::Foreign { .. }) => {
            hinted(error.to_string(), "move the file away, or choose another --out")
        }
        other => other.into(),
    }
}

/// Says before it begins what it takes, and who does it where that is not the fastest engine there is.
fn forecast(left: &[&Job], at_once: usize, printer: &Printer) {
    let all: f64 = left.iter().map(|job| seconds(job.config(), job.iterations())).sum();
    let longest = left.iter().map(|job| seconds(job.config(), job.iterations())).fold(0.0, f64::max);
    printer.note(&format!(
        "about {} of one core in all, the longest training {}; with {at_once} at a time about {}",
        in_words(all),
        in_words(longest),
        in_words(longest.max(all / at_once as f64))
    ));
    let plain = left.iter().find(|job| job.config().engine == EngineKind::Plain);
    if let Some(lacks) = plain.and_then(|job| EngineKind::Fused.lacks(job.config())) {
        printer.note(&format!(
            "{lacks} is not in the fused engine, and this gan-lab was built without libtorch, so it uses the engine \
             plain: about ten times slower. To build with libtorch: ./scripts/setup-libtorch.sh && cargo build \
             --release. Or take a small --fraction"
        ));
    }
}

/// Says which protocols there are.
fn list(args: &ProtocolArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let others = args.seeds.is_some() || !args.methods.is_empty() || args.out.is_some() || args.markdown || args.report;
    if others || args.jobs.is_some() || args.fraction < 1.0 {
        let known = ALL.map(|protocol| protocol.name).join(", ");
        return Err(UsageError(format!("name a protocol; there are {known}")).into());
    }
    let row = |protocol: &&'static Protocol| -> anyhow::Result<Vec<String>> {
        let marks: Vec<String> = protocol.marks.iter().map(u64::to_string).collect();
        let costs = costs(protocol)?;
        let least = costs.iter().map(|(_, cost)| *cost).fold(f64::INFINITY, f64::min);
        let most = costs.iter().map(|(_, cost)| *cost).fold(0.0, f64::max);
        Ok(vec![
            protocol.name.to_owned(),
            protocol.law.words(),
            format!("{} iterations", marks.join(" and ")),
            format!("{} to {}", in_words(least), in_words(most)),
            protocol.recipe.source.to_owned(),
        ])
    };
    let rows = ALL.iter().map(row).collect::<anyhow::Result<Vec<_>>>()?;
    let mut words =
        format!("{}\n\nThe times are rough ones of one training on one core.", table(&[Align::Left; 5], &rows));
    for (names, methods) in families() {
        let methods: Vec<Vec<String>> = methods.iter().map(|m| vec![m.name.into(), m.about.into()]).collect();
        words += &format!("\n\nmethods of {}:\n{}", names.join(", "), table(&[Align::Left; 2], &methods));
    }
    words += &format!("\n\nnext: gan-lab protocol {} --jobs 2", ALL[0].name);
    let names = ALL.map(|protocol| protocol.name).join("\n");
    let costs = ALL.iter().map(|protocol| costs(protocol)).collect::<anyhow::Result<Vec<_>>>()?;
    printer.result(&words, names, || {
        let protocol = |(protocol, costs): (&&Protocol, &Vec<(&'static str, f64)>)| {
            json!({
                "name": protocol.name, "law": protocol.law.words(), "source": protocol.recipe.source,
                "marks": protocol.marks, "seeds": protocol.recipe.seeds,
                "methods": costs.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
                "seconds": costs.iter().map(|(_, cost)| cost.round()).collect::<Vec<_>>(),
            })
        };
        json!({ "protocols": ALL.iter().zip(&costs).map(protocol).collect::<Vec<_>>() })
    })?;
    Ok(Exit::Done)
}

/// Each method with what a whole training of it takes of one core, in seconds.
fn costs(protocol: &'static Protocol) -> anyhow::Result<Vec<(&'static str, f64)>> {
    let last = protocol.marks.last().copied().unwrap_or(1);
    let methods = protocol.recipe.methods.iter();
    let costs = methods.map(|method| Ok((method.name, seconds(&method.config(protocol, last, 0)?, last))));
    costs.collect()
}

/// Protocols of one recipe, and its methods.
fn families() -> Vec<(Vec<&'static str>, &'static [Method])> {
    let mut families: Vec<(Vec<&'static str>, &'static [Method])> = Vec::new();
    for protocol in ALL {
        let methods = protocol.recipe.methods;
        match families.iter_mut().find(|(_, others)| std::ptr::eq(*others, methods)) {
            Some((names, _)) => names.push(protocol.name),
            None => families.push((vec![protocol.name], methods)),
        }
    }
    families
}

fn report(
    plan: &Plan,
    results: &Results,
    is_whole: bool,
    args: &ProtocolArgs,
    printer: &Printer,
) -> anyhow::Result<()> {
    let summary = Summary::of(plan, results)?;
    let fields = || fields(plan, &summary, results, is_whole);
    if args.markdown {
        return printer.raw(&markdown(&summary), fields);
    }
    let path = shown_path(results.path());
    let mut words = words(&summary);
    let sheets = sheets(plan, results);
    if !sheets.is_empty() {
        let paths: Vec<String> = sheets.iter().map(|path| shown_path(path)).collect();
        words += &format!("\n\npictures: {}", paths.join(", "));
    }
    if !is_whole {
        words += &format!("\n\nnot all of it is done; the same command goes on ({path})");
    }
    printer.result(&words, results.path(), fields)
}

/// The sheets of pictures that are there, mark by mark.
fn sheets(plan: &Plan, results: &Results) -> Vec<PathBuf> {
    let sheets = plan.protocol.marks.iter().map(|&mark| plan.sheet(results, mark));
    sheets.filter(|path| path.exists()).collect()
}

fn words(summary: &Summary) -> String {
    let protocol = summary.protocol;
    let mut parts = vec![format!("{}: {}; {}", protocol.name, protocol.law.words(), protocol.recipe.source)];
    let mut align = vec![Align::Right; summary.head().len()];
    align[0] = Align::Left;
    for &mark in protocol.marks {
        let iterations = summary.at(mark).next().map_or(mark, |row| row.iterations);
        let part = if iterations == mark { String::new() } else { format!(", of {mark}") };
        let rows = [vec![summary.head()], summary.cells(mark)].concat();
        let sentences: Vec<String> =
            summary.at(mark).map(|row| format!("  {}: {}", row.method.title, row.sentence)).collect();
        parts.push(format!(
            "after {iterations} iterations{part}\n{}\n\n{}",
            table(&align, &rows),
            sentences.join("\n")
        ));
    }
    parts.extend(summary.notes());
    parts.join("\n\n")
}

fn fields(plan: &Plan, summary: &Summary, results: &Results, is_whole: bool) -> Value {
    let protocol = summary.protocol;
    let method = |method: &&'static Method| {
        let last = protocol.marks.last().map_or(1, |&mark| plan.iterations(mark));
        let config = method.config(protocol, last, 0).ok();
        json!({ "name": method.name, "title": method.title, "about": method.about, "config": config })
    };
    json!({
        "protocol": protocol.name, "law": protocol.law.words(), "source": protocol.recipe.source,
        "status": if is_whole { "finished" } else { "stopped" },
        "results": crate::json::path(results.path()), "fraction": summary.fraction, "seeds": summary.seeds,
        "methods": plan.methods.iter().map(method).collect::<Vec<_>>(),
        "rows": summary.rows.iter().map(|of| row(protocol, of)).collect::<Vec<_>>(),
        "floor": summary.floor.as_ref().map(|floor| numbers(protocol, |i, _| Some(json!(floor[i])))),
        "notes": summary.notes(),
        "pictures": sheets(plan, results).iter().map(|path| crate::json::path(path)).collect::<Vec<_>>(),
    })
}

fn row(protocol: &Protocol, row: &Row) -> Value {
    let reported = |reported: Reported| {
        let error = reported.error(protocol.recipe.seeds);
        json!({ "mean": reported.mean, "deviation": reported.deviation, "error": error })
    };
    json!({
        "method": row.method.name, "mark": row.mark, "iterations": row.iterations, "seeds": row.seeds,
        "diverged": row.diverged,
        "ours": row.ours.as_ref().map(|ours| numbers(protocol, |i, _| Some(json!(ours[i])))),
        "published": row.published.map(|published| numbers(protocol, |_, of| published.get(of).map(reported))),
        "stands": row.stands.name(), "sentence": row.sentence,
    })
}

/// The measured numbers that there are, by their names.
fn numbers(protocol: &Protocol, of: impl Fn(usize, Quantity) -> Option<Value>) -> Value {
    let quantities = protocol.measure.quantities.iter().enumerate();
    quantities
        .filter_map(|(i, &quantity)| Some((quantity.name().to_owned(), of(i, quantity)?)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
