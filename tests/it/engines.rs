//! The fused engine against finite differences, against itself with other threads, and against libtorch.

use gan_lab::config::{
    Activation, AdamOptions, ConstraintConfig, DiscriminatorConfig, EmaConfig, EngineKind, GeneratorConfig,
    LookaheadConfig, Model, NoiseConfig, Objective, Optim, PenaltyConfig, RunConfig, ScheduleConfig, SgdOptions,
    TrainConfig, UpdateOrder,
};
use gan_lab::engine::{self, Draws, Engine, FusedEngine, Losses, PlainEngine};
use gan_lab::objective::penalties::{self, Penalised};
use gan_lab::objective::{Meets, rules};
use gan_lab::rng::{Stream, Use};

/// A small run of odd sizes: latent, generator, BatchNorm, discriminator, batch.
fn config(model: Model, optim: Optim, shape: &Shape) -> RunConfig {
    let config = TrainConfig {
        optim,
        lr: 1e-3,
        batch_size: shape.batch,
        generator: GeneratorConfig {
            latent_dim: shape.latent,
            hidden: shape.generator.to_vec(),
            batch_norm: shape.norm.to_vec(),
            ..GeneratorConfig::default()
        },
        discriminator: DiscriminatorConfig { hidden: shape.discriminator.to_vec(), ..DiscriminatorConfig::default() },
        threads: 1,
        ..TrainConfig::lab(model)
    };
    config.check().unwrap()
}

/// Every rule, every penalty, and what is done in every second step: as changes of a config.
fn games() -> Vec<TrainConfig> {
    let of = |objective| TrainConfig { objective, ..TrainConfig::lab(Model::Gan) };
    let rule = |rule| Objective::Rule { rule, real_label: 1.0 };
    let penalised = |(i, penalty): (usize, &'static penalties::Penalty)| TrainConfig {
        penalty: Some(PenaltyConfig(Some(Penalised {
            penalty,
            weight: 0.5,
            every: 1 + i as u64 % 2,
            end: 1.0 - 0.5 * (i % 3) as f64,
        }))),
        ..of(rule(rules::ALL[i]))
    };
    let mut games: Vec<TrainConfig> = Model::ALL.map(TrainConfig::lab).into();
    games.push(of(Objective::Rule { rule: rules::SATURATING, real_label: 0.8 }));
    let packed = |(i, penalty)| TrainConfig { pack: Some(2), ..penalised((i, penalty)) };
    games.extend([TrainConfig { pack: Some(2), ..TrainConfig::lab(Model::Gan) }, packed((0, penalties::ALL[0]))]);
    games.push(packed((5, penalties::ALL[5])));
    let instance_noise = Some(NoiseConfig { deviation: 0.1, end: 0.0 });
    games.push(TrainConfig { instance_noise, ..penalised((5, penalties::ALL[5])) });
    games.push(TrainConfig { instance_noise, pack: Some(2), ..TrainConfig::lab(Model::Gan) });
    let spectral = Some(ConstraintConfig::SpectralNorm {});
    games.push(TrainConfig { constraint: spectral, ..of(rule(rules::ALL[3])) });
    games.push(TrainConfig { clip_grad: Some(0.05), ..penalised((2, penalties::ALL[3])) });
    games.push(TrainConfig { clip_grad: Some(0.1), constraint: spectral, ..of(rule(rules::ALL[1])) });
    games.push(TrainConfig { drift: Some(0.2), ..penalised((4, penalties::ALL[0])) });
    games.push(TrainConfig { drift: Some(0.1), ..penalised((5, penalties::ALL[1])) });
    let maxout = |pieces| Some(Activation::Maxout { pieces });
    games.push(TrainConfig { activation_d: maxout(3), ..penalised((5, penalties::ALL[5])) });
    games.push(TrainConfig { activation_d: maxout(2), pack: Some(2), ..penalised((4, penalties::ALL[0])) });
    games.push(TrainConfig { activation_d: maxout(5), clip_grad: Some(0.1), ..of(rule(rules::ALL[6])) });
    games.push(TrainConfig { activation_d: maxout(3), ..of(rule(rules::ALL[7])) });
    let slope = Activation::LeakyRelu { slope: 0.03 };
    let relu = Some(Activation::Relu {});
    games.push(TrainConfig { activation: Some(slope), ..penalised((3, penalties::ALL[5])) });
    games.push(TrainConfig { activation: relu, activation_d: Some(slope), ..penalised((4, penalties::ALL[0])) });
    let lookahead = Some(LookaheadConfig { every: 2, step: 0.5 });
    games.push(TrainConfig { constraint: spectral, lookahead, ..penalised((1, penalties::ALL[0])) });
    games.extend(rules::ALL.map(rule).map(of));
    games.extend(penalties::ALL.into_iter().enumerate().map(penalised));
    let last = TrainConfig {
        ema: Some(EmaConfig { half_life: 100.0, ramp: 0.5 }),
        lr_d: Some(2e-3),
        schedule: Some(ScheduleConfig { name: gan_lab::config::Shape::Cosine, warm_up: 0.1, end: 0.1 }),
        ..penalised((5, penalties::R1))
    };
    games.push(last);
    let adam = AdamOptions { betas: [0.5, 0.9], amsgrad: true, ..AdamOptions::DEFAULT };
    games.push(TrainConfig {
        optim_d: Some(Optim::Adam(adam)),
        lookahead: Some(LookaheadConfig { every: 2, step: 0.4 }),
        ema: Some(EmaConfig { half_life: 100.0, ramp: 0.5 }),
        constraint: Some(ConstraintConfig::Clip { bound: 0.3 }),
        ..penalised((2, penalties::R1))
    });
    games
}

/// Every optimiser with games: PyTorch's first ones with all of them, the others with some.
fn games_and_optims() -> Vec<(TrainConfig, Optim)> {
    let games = games();
    let (first, last) = (3, games.len() - 2);
    let of = |(i, game): (usize, &TrainConfig)| {
        let some = |j: usize| j < first || i >= last || (i + j).is_multiple_of(5);
        let optims = Optim::ALL_DEFAULTS.into_iter().enumerate().filter(|(j, _)| some(*j));
        optims.map(|(_, optim)| (game.clone(), optim)).collect::<Vec<_>>()
    };
    games.iter().enumerate().flat_map(of).collect()
}

/// Checks a config, which may be asked for more of an extragradient than that can do.
fn checked(config: TrainConfig) -> RunConfig {
    if config.halves() == 1 {
        return config.check().unwrap();
    }
    let update_order = UpdateOrder::GeneratorFirst;
    TrainConfig { optim_d: None, critic_steps: 1, update_order, ..config }.check().unwrap()
}

/// A small run of odd sizes that plays this game.
fn game_config(game: &TrainConfig, optim: Optim, shape: &Shape) -> RunConfig {
    let (objective, penalty, constraint) = (game.objective, game.penalty, game.constraint);
    let config = (*config(Model::Gan, optim, shape)).clone();
    let pack = game.pack.and_then(|_| (2..9).find(|pack| shape.batch.is_multiple_of(*pack)));
    // A batch of one has no balanced order.
    let batch_size = if game.game().rule.has_sides() { shape.batch.max(2) } else { shape.batch };
    // Where a game has BatchNorm in its discriminator, every second layer of these sizes has it.
    let batch_norm = if game.discriminator.batch_norm.is_empty() {
        Vec::new()
    } else {
        (0..shape.discriminator.len()).map(|i| i % 2 == 0).collect()
    };
    let discriminator = DiscriminatorConfig { batch_norm, ..config.discriminator.clone() };
    let batch_size = if discriminator.batch_norm.is_empty() { batch_size } else { batch_size.max(2) };
    let (ema, lr_d, schedule) = (game.ema, game.lr_d, game.schedule);
    let (optim_d, lookahead) = (game.optim_d, game.lookahead);
    let config = TrainConfig { objective, penalty, constraint, pack, batch_size, ema, ..config };
    checked(TrainConfig {
        lr_d,
        schedule,
        optim_d,
        lookahead,
        clip_grad: game.clip_grad,
        drift: game.drift,
        activation: game.activation,
        activation_d: game.activation_d,
        instance_noise: game.instance_noise,
        unroll: game.unroll,
        // Found anew, for another game.
        engine: EngineKind::Auto,
        discriminator,
        ..config
    })
}

struct Shape {
    latent: usize,
    generator: &'static [usize],
    norm: &'static [bool],
    discriminator: &'static [usize],
    batch: usize,
}

const SHAPES: [Shape; 5] = [
    Shape { latent: 2, generator: &[8, 65], norm: &[false, true], discriminator: &[65, 3], batch: 40 },
    Shape { latent: 1, generator: &[3], norm: &[true], discriminator: &[1], batch: 7 },
    Shape { latent: 64, generator: &[], norm: &[], discriminator: &[], batch: 7 },
    Shape { latent: 3, generator: &[3, 1, 20], norm: &[false; 3], discriminator: &[17], batch: 1 },
    Shape {
        latent: 5,
        generator: &[20, 17, 16, 9, 3],
        norm: &[true, false, true, false, true],
        discriminator: &[5, 4, 33, 2, 6],
        batch: 33,
    },
];

fn draws(config: &RunConfig, seed: u64) -> Draws {
    let (mut rng, real) = (Stream::new(seed, Use::Data, 0), config.batch_size * config.real_batches());
    Draws {
        real: rng.uniform(2 * real).as_chunks().0.to_vec(),
        noise: rng.normal(engine::noise_batches(config) * config.batch_size * config.generator.latent_dim),
        mix: rng.uniform(if engine::takes_mix(config) { real / config.members() } else { 0 }),
        moves: rng.uniform(if engine::takes_moves(config) { 2 * real } else { 0 }).as_chunks().0.to_vec(),
        more_real: more_real(config, &mut rng),
        real_first: real_first(config, &mut rng),
        fake_noise: fake_noise(config, &mut rng),
    }
}

fn more_real(config: &RunConfig, rng: &mut Stream) -> Vec<[f32; 2]> {
    rng.uniform(if engine::takes_more_real(config) { 2 * config.batch_size } else { 0 }).as_chunks().0.to_vec()
}

fn fake_noise(config: &RunConfig, rng: &mut Stream) -> Vec<[f32; 2]> {
    let batches = if config.instance_noise.is_some() { engine::noise_batches(config) } else { 0 };
    rng.normal(2 * batches * config.batch_size).as_chunks().0.to_vec()
}

fn real_first(config: &RunConfig, rng: &mut Stream) -> Vec<f32> {
    let n = if engine::takes_sides(config) { engine::noise_batches(config) * config.batch_size } else { 0 };
    (0..n).map(|_| rng.below(2) as f32).collect()
}

fn fused<T: gan_lab::real::Real>(config: &RunConfig) -> FusedEngine<T> {
    let mut engine = FusedEngine::new(config).unwrap();
    engine.load_weights(&engine::initial_weights(config)).unwrap();
    engine
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).fold(0.0, |m, (a, b)| m.max((a - b).abs()))
}

/// The gradients that an engine follows, read off a step of plain descent with rate 1: weights before minus after.
fn gradients(config: &RunConfig, weights: &[gan_lab::nets::mlp::Weights; 2], draws: &Draws) -> [Vec<f64>; 2] {
    let mut engine = FusedEngine::<f64>::new(config).unwrap();
    engine.load_weights(weights).unwrap();
    let before = engine.parameters();
    engine.step(draws).unwrap();
    let after = engine.parameters();
    std::array::from_fn(|i| before[i].iter().zip(&after[i]).map(|(b, a)| b - a).collect())
}

#[test]
fn every_gradient_is_that_of_finite_differences() {
    let plain = Optim::Sgd(SgdOptions::default());
    for game in games() {
        for shape in &SHAPES {
            let mut train = (*game_config(&game, plain, shape)).clone();
            (train.lr, train.lr_d, train.schedule, train.optim_d, train.lookahead) = (1.0, None, None, None, None);
            train.clip_grad = None;
            if let Some(ConstraintConfig::Clip { bound }) = &mut train.constraint {
                *bound = 1e6;
            }
            match &mut train.objective {
                // Nothing is clipped, and the penalty counts as much as the rest.
                Objective::Wgan { clip } => *clip = 1e6,
                Objective::WganGp { gp_weight } => *gp_weight = 1.0,
                Objective::Gan { .. } | Objective::Rule { .. } => {}
            }
            let config = train.check().unwrap();
            let title = config.game_title();
            let (weights, draws) = (engine::initial_weights(&config), draws(&config, 4));
            let analytic = gradients(&config, &weights, &draws);
            let losses = |side: usize, i: usize, shift: f32| -> (f64, f32) {
                let mut moved = weights.clone();
                moved[side].parameters[i] += shift;
                let mut engine = FusedEngine::<f64>::new(&config).unwrap();
                engine.load_weights(&moved).unwrap();
                let Losses { discriminator, generator } = engine.step(&draws).unwrap();
                (if side == 0 { generator } else { discriminator }, moved[side].parameters[i])
            };
            let (mut kinks, mut checked) = (0, 0);
            for (side, gradient) in analytic.iter().enumerate() {
                for i in (0..gradient.len()).step_by(1 + gradient.len() / 25) {
                    let [(above, x1), (below, x0)] = [losses(side, i, 1e-5), losses(side, i, -1e-5)];
                    let numeric = (above - below) / f64::from(x1 - x0);
                    // A unit that changes sign in between has no derivative there.
                    let apart = (gradient[i] - numeric).abs();
                    kinks += u32::from(apart > 1e-5 * (1.0 + numeric.abs()));
                    checked += 1;
                }
            }
            assert!(kinks * 25 <= checked, "{title}, batch {}: {kinks} of {checked} gradients differ", shape.batch);
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let games = games().into_iter().map(|game| (game, Optim::default()));
    let last = games_and_optims().into_iter().rev().take(Optim::ALL_DEFAULTS.len());
    for (game, optim) in games.chain(last) {
        for shape in &SHAPES {
            let title = format!("{} {}", game.game_title(), optim.name());
            let run = |threads: usize| {
                let one = game_config(&game, optim, shape);
                let config = checked(TrainConfig { threads, critic_steps: 2, ..(*one).clone() });
                let mut engine = fused::<f32>(&config);
                let losses: Vec<Losses> = (0..3).map(|i| engine.step(&draws(&config, i)).unwrap()).collect();
                let codes = Stream::new(9, Use::Noise, 0).normal(50 * shape.latent);
                (engine.state().unwrap(), losses, engine.generate(&codes).unwrap())
            };
            let one = run(1);
            for threads in [2, 3, 16] {
                let many = run(threads);
                let same = [many.0 == one.0, many.1 == one.1, many.2 == one.2];
                let what = format!("{title}, batch {}, {threads} threads", shape.batch);
                assert_eq!(same, [true; 3], "{what}: state, losses, points: {:?} for {:?}", many.1, one.1);
            }
        }
    }
}

#[test]
fn a_loaded_state_goes_on_exactly() {
    for (game, optim) in games_and_optims() {
        for order in [UpdateOrder::GeneratorFirst, UpdateOrder::CriticFirst] {
            let one = game_config(&game, optim, &SHAPES[0]);
            let config = checked(TrainConfig { critic_steps: 3, update_order: order, ..(*one).clone() });
            let mut first = fused::<f32>(&config);
            for i in 0..3 {
                first.step(&draws(&config, i)).unwrap();
            }
            let mut second = FusedEngine::<f32>::new(&config).unwrap();
            second.load(&first.state().unwrap()).unwrap();
            let draws = draws(&config, 3);
            assert_eq!(first.step(&draws).unwrap(), second.step(&draws).unwrap());
            assert_eq!(first.state().unwrap(), second.state().unwrap());
        }
    }
}

/// The same of the engines that runs have, with what the fused one leaves to them.
#[test]
fn a_state_of_any_engine_goes_on_exactly() {
    let kinds =
        if cfg!(feature = "torch") { &[EngineKind::Torch, EngineKind::Plain][..] } else { &[EngineKind::Plain] };
    for (game, optim) in games_and_optims().into_iter().step_by(7).chain(games_of_others().into_iter().step_by(3)) {
        let one = game_config(&game, optim, &SHAPES[0]);
        for &kind in kinds {
            let config = checked(TrainConfig { engine: kind, ..(*one).clone() });
            let mut first = engine::create(&config).unwrap();
            for i in 0..3 {
                first.step(&draws(&config, i)).unwrap();
            }
            let mut second = engine::create(&config).unwrap();
            second.load(&first.state().unwrap()).unwrap();
            let (draws, title) = (draws(&config, 3), config.game_title());
            assert_eq!(first.step(&draws).unwrap(), second.step(&draws).unwrap(), "{kind:?} {title}");
            assert_eq!(first.state().unwrap(), second.state().unwrap(), "{kind:?} {title}");
        }
    }
}

#[test]
fn points_and_scores_do_not_depend_on_their_neighbours() {
    let config = config(Model::Gan, Optim::default(), &SHAPES[0]);
    let mut engine = fused::<f32>(&config);
    engine.step(&draws(&config, 0)).unwrap();
    let codes = Stream::new(1, Use::Noise, 0).normal(2 * 100);
    let points = engine.generate(&codes).unwrap();
    let scores = engine.score(&points).unwrap();
    for i in [0, 39, 40, 99] {
        assert_eq!(engine.generate(&codes[2 * i..][..2]).unwrap(), points[i..=i]);
        assert_eq!(engine.score(&points[i..=i]).unwrap(), scores[i..=i]);
    }
}

/// Counted on this thread, which does all the work here.
#[test]
fn a_step_takes_no_memory() {
    // A rule that needs the whole batch gathers its scores.
    for game in games().into_iter().filter(|game| !matches!(game.game().rule.meets, Meets::Means(_))) {
        let title = game.game_title();
        for optim in Optim::ALL_DEFAULTS {
            for shape in &SHAPES {
                let config = game_config(&game, optim, shape);
                let (mut engine, draws) = (fused::<f32>(&config), draws(&config, 0));
                let taken = allocation_counter::measure(|| {
                    for _ in 0..3 {
                        engine.step(&draws).unwrap();
                    }
                });
                assert_eq!(taken.count_total, 0, "{title}, {}, batch {}", optim.name(), shape.batch);
                let counted = allocation_counter::measure(|| drop(engine.generate(&draws.noise).unwrap()));
                assert!(counted.count_total > 0);
            }
        }
    }
}

#[test]
fn wrong_sizes_are_named() {
    let config = config(Model::Gan, Optim::default(), &SHAPES[0]);
    let mut engine = fused::<f32>(&config);
    let mut state = engine.state().unwrap();
    state.discriminator.parameters.pop();
    assert!(engine.load(&state).unwrap_err().to_string().contains("the discriminator's weights"));
    let mut few = draws(&config, 0);
    few.noise.pop();
    assert!(engine.step(&few).unwrap_err().to_string().contains("the noise"));
    let mut state = engine.state().unwrap();
    state.generator_optim.buffers.clear();
    assert!(engine.load(&state).unwrap_err().to_string().contains("square_avg"));
}

/// As many iterations from the same inputs in double precision: what is left between two sound engines is the order of
/// sums, and what the optimisers make of it.
fn takes_the_fused_engines_way(of: &str, theirs: impl Fn(&RunConfig) -> Box<dyn Engine>, iterations: u64) {
    let ours = |config: &RunConfig| Box::new(fused::<f64>(config)) as Box<dyn Engine>;
    take_the_same_way(of, [&ours, &theirs], &configs(&games_and_optims()), iterations);
}

type Numbered<'a, X> = (usize, &'a X);

/// What makes an engine for a config.
type Maker<'a> = &'a dyn Fn(&RunConfig) -> Box<dyn Engine>;

/// Cases in both orders, with one to three critic steps, in all sizes.
fn configs(cases: &[(TrainConfig, Optim)]) -> Vec<RunConfig> {
    let orders = [UpdateOrder::GeneratorFirst, UpdateOrder::CriticFirst];
    let all = cases.iter().enumerate().flat_map(|case| SHAPES.iter().enumerate().map(move |shape| (case, shape)));
    let config = |((i, (game, optim)), (j, shape)): (Numbered<'_, (TrainConfig, Optim)>, Numbered<'_, Shape>)| {
        let mut train = (*game_config(game, *optim, shape)).clone();
        (train.update_order, train.critic_steps) = (orders[(i + j) % 2], 1 + (i + j) % 3);
        checked(train)
    };
    all.map(config).collect()
}

/// As many iterations of two engines.
fn take_the_same_way(of: &str, [ours, theirs]: [Maker<'_>; 2], configs: &[RunConfig], iterations: u64) {
    for config in configs {
        let (optim, batch, latent) = (config.optim, config.batch_size, config.generator.latent_dim);
        let which = format!("{of}: {} {}, batch {batch}", config.game_title(), optim.name());
        let (mut ours, mut theirs) = (ours(config), theirs(config));
        for i in 0..iterations {
            let draws = draws(config, i);
            let (a, b) = (ours.step(&draws).unwrap(), theirs.step(&draws).unwrap());
            assert!((a.discriminator - b.discriminator).abs() < 1e-6, "{which}: {a:?} {b:?}");
            assert!((a.generator - b.generator).abs() < 1e-6, "{which}: {a:?} {b:?}");
        }
        let codes = Stream::new(2, Use::Noise, 0).normal(30 * latent);
        let flat = |points: Vec<[f32; 2]>| points.into_iter().flatten().map(f64::from).collect::<Vec<_>>();
        let (a, b) = (flat(ours.generate(&codes).unwrap()), flat(theirs.generate(&codes).unwrap()));
        let apart = largest_difference(&a, &b);
        assert!(apart < 1e-5, "{which}: points {apart} apart");
        // Differences, because rules that compare scores leave their level to chance.
        let gap = |scores: Vec<f32>| f64::from(scores[0]) - f64::from(scores[1]);
        let points: Vec<[f32; 2]> =
            (0..2 * config.members()).map(|i| [[0.1, 0.2], [0.9, 0.3 - i as f32]][i % 2]).collect();
        let (c, d) = (gap(ours.score(&points).unwrap()), gap(theirs.score(&points).unwrap()));
        assert!((c - d).abs() < 1e-4, "{which}: scores {c} and {d} apart");
        if config.ema.is_none() {
            continue;
        }
        let averaged = |engine: &mut dyn Engine| {
            let average = engine.state().unwrap().average.unwrap();
            let settled = engine.settled(&average).unwrap();
            flat(engine.generate_with(&settled, &codes).unwrap())
        };
        let (c, d) = (averaged(ours.as_mut()), averaged(theirs.as_mut()));
        let apart = largest_difference(&c, &d);
        assert!(apart < 1e-5, "{which}: averages {apart} apart");
        assert!(a != c, "{which}: the average is the generator itself");
        assert!(flat(ours.generate(&codes).unwrap()) == a, "{which}: the generator is not what it was");
    }
}

fn plain(config: &RunConfig) -> Box<dyn Engine> {
    let mut engine = PlainEngine::new(config);
    engine.load_weights(&engine::initial_weights(config)).unwrap();
    Box::new(engine)
}

#[test]
fn plain_loops_take_the_same_way() {
    takes_the_fused_engines_way("plain", plain, 10);
}

#[cfg(feature = "torch")]
#[test]
fn libtorch_takes_the_same_way() {
    takes_the_fused_engines_way("torch", torch, 50);
}

#[cfg(feature = "torch")]
fn torch(config: &RunConfig) -> Box<dyn Engine> {
    use gan_lab::engine::{Precision, TorchEngine};

    let mut engine = TorchEngine::new(config, Precision::Double).unwrap();
    engine.load_weights(&engine::initial_weights(config)).unwrap();
    Box::new(engine)
}

/// What the fused engine leaves to the others, as changes of a config.
fn games_of_others() -> Vec<(TrainConfig, Optim)> {
    let sgd = Optim::Sgd(SgdOptions { momentum: 0.5, ..SgdOptions::default() });
    let adam = Optim::Adam(AdamOptions { betas: [0.5, 0.9], ..AdamOptions::DEFAULT });
    let of = |rule, penalty: Option<&'static penalties::Penalty>| TrainConfig {
        objective: Objective::Rule { rule, real_label: 1.0 },
        penalty: penalty.map(|penalty| PenaltyConfig(Some(Penalised { penalty, weight: 0.5, every: 1, end: 1.0 }))),
        ..TrainConfig::lab(Model::Gan)
    };
    let mut cases = Vec::new();
    for (i, function) in [Activation::Tanh {}, Activation::Maxout { pieces: 3 }].into_iter().enumerate() {
        for (j, penalty) in penalties::ALL.into_iter().enumerate() {
            let optim = if j % 2 == 0 { sgd } else { Optim::default() };
            let rule = rules::ALL[(3 * i + j) % 7];
            cases.push((TrainConfig { activation: Some(function), ..of(rule, Some(penalty)) }, optim));
        }
        let pack = Some(2);
        cases.push((TrainConfig { activation_d: Some(function), pack, ..of(rules::ALL[i], None) }, adam));
        let constraint = Some(ConstraintConfig::SpectralNorm {});
        cases.push((TrainConfig { activation_d: Some(function), constraint, ..of(rules::ALL[3], None) }, sgd));
    }
    for (i, rule) in rules::ALL.into_iter().enumerate() {
        let discriminator = DiscriminatorConfig { batch_norm: vec![true], ..DiscriminatorConfig::default() };
        let constraint = (i % 2 == 1).then_some(ConstraintConfig::SpectralNorm {});
        cases.push((TrainConfig { discriminator, constraint, ..of(rule, None) }, sgd));
        if matches!(rule.meets, Meets::Alone(_) | Meets::Pairs(_)) {
            for optim in Optim::ALL_DEFAULTS.into_iter().filter(|optim| optim.steps_in_one() == 1) {
                let unrolled = TrainConfig { unroll: Some(1 + i % 3), ..of(rule, None) };
                cases.push((TrainConfig { optim_d: Some(optim), lr_d: Some(3e-3), ..unrolled }, sgd));
            }
            let tanh = Some(Activation::Tanh {});
            let drift = Some(0.1);
            cases
                .push((TrainConfig { unroll: Some(4), activation: tanh, pack: Some(2), drift, ..of(rule, None) }, sgd));
        }
    }
    cases
}

#[cfg(feature = "torch")]
#[test]
fn libtorch_and_plain_loops_agree_on_what_the_fused_engine_leaves_to_them() {
    let configs = configs(&games_of_others());
    take_the_same_way("torch and plain", [&plain, &torch], &configs, 5);
    let left = configs.iter().filter(|config| config.engine == EngineKind::Torch).count();
    // Networks without a hidden layer have no activation and no BatchNorm.
    assert!(left * 2 > configs.len(), "{left} of {}", configs.len());
}

/// The gradients that plain loops follow, held against the losses that they give.
#[test]
fn every_gradient_of_plain_loops_is_that_of_finite_differences() {
    let descent = Optim::Sgd(SgdOptions::default());
    for (game, _) in games_of_others() {
        for shape in &SHAPES[..2] {
            let mut train = (*game_config(&game, descent, shape)).clone();
            train.lr = 1.0;
            // The discriminator's own optimiser makes the steps that are unrolled, and no other.
            (train.optim_d, train.lr_d) = match train.unroll {
                Some(_) => (train.optim_d, Some(0.01)),
                None => (None, None),
            };
            let config = train.check().unwrap();
            let (weights, draws) = (engine::initial_weights(&config), draws(&config, 4));
            let step = |weights: &[gan_lab::nets::mlp::Weights; 2]| {
                let mut engine = PlainEngine::new(&config);
                engine.load_weights(weights).unwrap();
                let before = engine.parameters();
                let losses = engine.step(&draws).unwrap();
                let after = engine.parameters();
                let way = |i: usize| before[i].iter().zip(&after[i]).map(|(b, a)| b - a).collect::<Vec<f64>>();
                ([losses.generator, losses.discriminator], [way(0), way(1)])
            };
            let (_, gradients) = step(&weights);
            let (mut kinks, mut checked) = (0, 0);
            for (side, gradient) in gradients.iter().enumerate() {
                if side == 1 && config.unroll.is_some() {
                    continue;
                }
                for i in (0..gradient.len()).step_by(1 + gradient.len() / 12) {
                    let at = |shift: f32| {
                        let mut moved = weights.clone();
                        moved[side].parameters[i] += shift;
                        (step(&moved).0[side], f64::from(moved[side].parameters[i]))
                    };
                    let [(above, x1), (below, x0)] = [at(2e-5), at(-2e-5)];
                    let numeric = (above - below) / (x1 - x0);
                    kinks += u32::from((gradient[i] - numeric).abs() > 1e-4 * (1.0 + numeric.abs()));
                    checked += 1;
                }
            }
            let title = config.game_title();
            let optim = config.optims()[1].name();
            let unroll = config.unroll;
            assert!(
                kinks * 12 <= checked,
                "{title}, {optim}, unroll {unroll:?}, batch {}: {kinks} of {checked} differ",
                shape.batch
            );
        }
    }
}
