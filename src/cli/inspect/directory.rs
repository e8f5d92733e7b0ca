//! What is shown of a run.

use std::path::Path;

use serde_json::{Value, json};

use super::super::folder::no_run;
use super::super::points::{gamma_in_data_units, gamma_words, idle_words};
use super::super::printer::shown_path;
use super::{Report, map, weights_file};
use crate::checkpoint::Source;
use crate::config::{ImageLoss, Objective, Optim, ProganConfig, RunConfig, SefaConfig, shown};
use crate::figures::measure;
use crate::json;
use crate::kinds::points::{BestRecord, PointsRun};
use crate::nets::Slot;
use crate::nets::describe::{self, PointsNet, pytorch};
use crate::nets::pggan::{Pggan, slots};
use crate::objective::Constraint;
use crate::run::{Input, Kind, RunDir, Status, count};

pub(super) fn of_directory(path: &Path) -> anyhow::Result<Report> {
    let dir = RunDir::new(path);
    match dir.kind() {
        Some(Kind::Points) => of_points(&dir),
        Some(Kind::Progan) => of_progan(&dir),
        Some(Kind::Sefa) => of_sefa(&dir),
        None => Err(no_run(&dir, None, "name a run's directory or a file of weights")?),
    }
}

/// What every kind of run says first.
fn begun(dir: &RunDir, kind: Kind, settings: Value) -> Report {
    let mut report = Report::new(dir.path(), kind.name().to_owned());
    report.field("run", json::path(dir.path()));
    report.field("kind", kind.name());
    let unit = kind.unit();
    let mut ended_by = None;
    let (words, done, total) = match dir.status() {
        // SeFa jobs once kept no record of their images.
        _ if !kind.has_state() && !dir.file(kind.records_file()).is_file() => {
            ("how far it is was not recorded".to_owned(), None, None)
        }
        Ok(Status::Finished { done }) => (format!("finished, {}", count(done, unit)), Some(done), Some(done)),
        Ok(Status::Ended { done, total }) => {
            let condition = dir.ended().ok().flatten().unwrap_or_default();
            let words = format!("ended by its own condition after {done} of {}: {condition}", count(total, unit));
            ended_by = Some(condition);
            (words, Some(done), Some(total))
        }
        // States of old ProGAN runs do not say how far they are to go.
        Ok(Status::Unfinished { done, total: u64::MAX }) => (format!("{} done", count(done, unit)), Some(done), None),
        Ok(Status::Unfinished { done, total }) => {
            (format!("{done} of {} done", count(total, unit)), Some(done), Some(total))
        }
        Ok(Status::Absent) => ("not begun".to_owned(), None, None),
        Err(error) => {
            report.problems.push(error.to_string());
            ("unknown".to_owned(), None, None)
        }
    };
    let at_work = if dir.is_locked() { "; a process is at work on it" } else { "" };
    report.fact("run", format!("{}: {words}{at_work}", kind.title()));
    report.field("done", done);
    report.field("total", total);
    report.field("ended_by", ended_by);
    report.field("settings", settings);
    report
}

fn of_points(dir: &RunDir) -> anyhow::Result<Report> {
    let run = PointsRun::open(dir)?;
    let config = run.config().clone();
    let mut report = begun(dir, Kind::Points, serde_json::to_value(&*config)?);
    report.fact("objective", objective(&config));
    report.fact("optimiser", optimiser(&config.optim, config.lr));
    if config.optim_d.is_some() || config.lr_d.is_some() {
        let [_, own] = config.optims();
        report.fact("the discriminator's", optimiser(&own, config.lr_d.unwrap_or(config.lr)));
    }
    if let Some(lookahead) = config.lookahead {
        report.fact("lookahead", format!("every {} iterations, {} of the way", lookahead.every, lookahead.step));
    }
    for (name, words) in around(&config) {
        report.fact(name, words);
    }
    report.fact("training", training(&config));
    let best = run.best()?;
    if let Some(BestRecord { metric, epoch, value }) = best {
        report.fact("best", format!("{} {} at epoch {epoch}", metric.watched().name(), measure(value)));
    }
    report.field("best", serde_json::to_value(best)?);
    let idle: Vec<String> = run.idle()?.into_iter().map(idle_words).collect();
    for words in &idle {
        report.fact("notice", words.clone());
    }
    report.field("notices", idle);
    if let Some(words) = gamma_words(&config, &run.units()?) {
        report.fact("gamma", words);
    }
    report.field("gamma_in_data_units", gamma_in_data_units(&config, &run.units()?).map(|gamma| json!(gamma)));
    let nets = PointsNet::of_config(&config, map(&run)?);
    let widths: Vec<String> = nets.iter().map(|net| format!("{} {}", net.role().name(), net.widths())).collect();
    report.quiet = widths.join(", ");
    let files = nets.each_ref().map(weights_file);
    for (net, (_, file)) in nets.iter().zip(&files) {
        compare(&mut report, dir, file, &net.mlp().tensors());
    }
    report.loading = pytorch::loading(&files, true);
    report.networks = nets.iter().map(PointsNet::network).collect();
    report.points = nets.to_vec();
    Ok(report)
}

/// Says in what a run's file of weights differs from what its config says.
fn compare(report: &mut Report, dir: &RunDir, file: &str, expected: &[Slot]) {
    let problem = match Source::open(&dir.file(file)) {
        Err(_) if !dir.file(file).exists() => Some("it is missing".to_owned()),
        Err(error) => Some(error.to_string()),
        Ok(source) => some_of(&describe::differences(expected, source.tensors())),
    };
    if let Some(problem) = problem {
        report.problems.push(format!("{file} does not fit this run's config: {problem}"));
    }
}

/// The first of many.
fn some_of(all: &[String]) -> Option<String> {
    const SHOWN: usize = 3;
    let more = all.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    (!all.is_empty()).then(|| all.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("; ") + &more)
}

fn objective(config: &RunConfig) -> String {
    let (title, game) = (config.game_title(), config.game());
    let words = match config.objective {
        Objective::Gan { generator_loss } if config.model().is_some() => {
            let choice = serde_json::to_value(generator_loss).map(|value| shown(&value)).unwrap_or_default();
            Some(format!("{choice} generator loss"))
        }
        _ => None,
    };
    let label = (game.real_label < 1.0).then(|| format!("real points labelled {}", game.real_label));
    let penalty = game.penalty.map(|penalised| {
        let every = if penalised.every > 1 { format!(" every {} steps", penalised.every) } else { String::new() };
        let falls = if (penalised.end - 1.0).abs() > 0.0 {
            format!(", {} of it at the end", penalised.end)
        } else {
            String::new()
        };
        let what = if config.model().is_some() { "gradient penalty" } else { penalised.penalty.title };
        format!("{what} with weight {}{every}{falls}", penalised.weight)
    });
    let unrolled =
        config.unroll.map(|steps| format!("the generator's gradient through {steps} steps of the discriminator"));
    let drift = (game.drift > 0.0).then(|| format!("a drift term with weight {}", game.drift));
    let clip = match game.constraint {
        Constraint::Clip(clip) => Some(format!("the critic's parameters clipped to +-{clip}")),
        Constraint::SpectralNorm => Some("spectral norm on each of the discriminator's Linears".to_owned()),
        Constraint::None => None,
    };
    [Some(title), words, label, penalty, drift, clip, unrolled].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn optimiser(optim: &Optim, lr: f64) -> String {
    let options = serde_json::to_value(optim).unwrap_or_default();
    let options = options.as_object().cloned().unwrap_or_default();
    let mut words = format!("{}, lr {}", optim.title(), shown(&json!(lr)));
    for (name, value) in options.iter().filter(|(name, _)| *name != "name") {
        let value = match value {
            Value::Array(_) => format!("({})", shown(value).replace(',', ", ")),
            value => shown(value),
        };
        words += &format!(", {name} {value}");
    }
    words
}

/// What stands around the objective and the optimiser, where there is such.
fn around(config: &RunConfig) -> Vec<(&'static str, String)> {
    let word = |value: serde_json::Result<Value>| value.map(|value| shown(&value)).unwrap_or_default();
    let schedule = config.schedule.map(|schedule| {
        let (shape, warm_up) = (word(serde_json::to_value(schedule.name)), schedule.warm_up);
        let rise = if warm_up > 0.0 { format!(", rising over {warm_up} of the run first") } else { String::new() };
        ("rates", format!("{shape}{rise}; {} of them is left at the end", schedule.end))
    });
    let average = config.ema.map(|ema| {
        let most = if ema.ramp > 0.0 { format!(", {} of those so far at most", ema.ramp) } else { String::new() };
        ("average", format!("of the generator; half is forgotten in {} points{most}", ema.half_life))
    });
    let clip = config.clip_grad.map(|norm| ("gradients", format!("of each network, no longer than {norm}")));
    let noise = config.instance_noise.map(|noise| {
        let words = format!("of deviation {} on all points, {} of it at the end", noise.deviation, noise.end);
        ("noise", words)
    });
    let init = config.init.map(|init| ("first weights", word(serde_json::to_value(init))));
    [schedule, average, clip, noise, init].into_iter().flatten().collect()
}

fn training(config: &RunConfig) -> String {
    let order = serde_json::to_value(config.update_order).map(|value| shown(&value)).unwrap_or_default();
    format!(
        "batches of {}, {} an iteration, {order}, seed {}",
        config.batch_size,
        count(config.critic_steps as u64, "critic step"),
        config.seed
    )
}

fn of_progan(dir: &RunDir) -> anyhow::Result<Report> {
    let config = dir.config(Kind::Progan, ProganConfig::check)?;
    let mut report = begun(dir, Kind::Progan, serde_json::to_value(&config)?);
    let sizes = |image_channels| Pggan {
        resolution: config.resolution,
        latent_dim: config.latent_dim,
        image_channels,
        fmaps_base: config.fmaps_base,
        fmaps_max: config.fmaps_max,
    };
    let size = |net: &Pggan| slots(&net.generator()).iter().map(Slot::size).sum::<usize>();
    // The config does not say whether the images are grey; the state does.
    let state = Source::open(&dir.file("state.safetensors"))?;
    let numbers = state.tensor("generator").map(|tensor| tensor.shape.clone());
    let net = [1, 3].map(sizes).into_iter().find(|net| numbers == Some(vec![size(net)]));
    let net = net.ok_or_else(|| dir.malformed("state.safetensors", "its generator is not the one of config.json"))?;
    let records = dir.records::<Value>(&|_| {}).unwrap_or_default();
    if let Some(last) = records.last() {
        let alpha =
            if last["alpha"] == 1.0 { String::new() } else { format!(", faded in to {}", shown(&last["alpha"])) };
        report.fact("side at work", format!("{}{alpha}", shown(&last["side"])));
    }
    report.fact("images", format!("{0} x {0}, {1}", net.resolution, count(net.image_channels as u64, "channel")));
    report.fact("objective", image_loss(&config.loss));
    let betas = config.betas;
    report.fact("optimiser", format!("Adam, lr {}, betas ({}, {})", shown(&json!(config.lr)), betas[0], betas[1]));
    let reals = if dir.file("reals.png").is_file() { ", reals.png beside them" } else { "" };
    report.fact("pictures", format!("training.gif and samples/{reals}"));
    let lod = Slot { name: "lod".to_owned(), shape: Vec::new() };
    let expected: Vec<Slot> = slots(&net.generator()).into_iter().chain([lod]).collect();
    compare(&mut report, dir, "generator.safetensors", &expected);
    report.quiet = format!("ProGAN, {0} x {0}", net.resolution);
    report.networks = describe::progan(&net, config.downscale).to_vec();
    Ok(report)
}

fn image_loss(loss: &ImageLoss) -> String {
    match loss {
        ImageLoss::LogisticR1 { gamma, every } => {
            format!("non-saturating GAN loss, R1 with weight {gamma} every {}", count(*every, "step"))
        }
        ImageLoss::WganGp { gp_weight, drift } => {
            format!("WGAN-GP, gradient penalty with weight {gp_weight}, drift {drift}")
        }
    }
}

fn of_sefa(dir: &RunDir) -> anyhow::Result<Report> {
    let config: SefaConfig = dir.config(Kind::Sefa, Ok)?;
    let mut report = begun(dir, Kind::Sefa, serde_json::to_value(&config)?);
    let manifest = dir.manifest()?;
    let checkpoint = manifest.input("checkpoint");
    if let Some(path) = checkpoint.map(Input::place).or(config.checkpoint) {
        report.fact("generator", path.display().to_string());
        report.field("checkpoint", json::path(&path));
    }
    let directions = config.directions.clone().unwrap_or_else(|| (0..config.k).collect());
    let words = directions.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    report.fact("directions", if words.is_empty() { "no pictures".to_owned() } else { words });
    let found = Source::open(&dir.file("directions.safetensors"))?;
    if let Some(&[directions, latent]) = found.tensor("directions").map(|tensor| &tensor.shape[..]) {
        report.fact("found", format!("{directions} directions in a latent space of {latent}; eigenvalues.csv"));
    }
    report.fact("samples", format!("{}, seed {}", config.samples, config.seed));
    report.fact("distances", format!("{} from {} to {}", config.steps, config.start, config.end));
    let page = dir.file("index.html");
    let has_page = page.is_file();
    report.fact("page", if has_page { shown_path(&page) } else { "not made yet".to_owned() });
    report.field("page", if has_page { json::path(&page) } else { Value::Null });
    Ok(report)
}
