//! What the threads share, and the phases of an iteration.

use std::sync::RwLock;

use super::critic::Critic;
use super::descend::Descent;
use super::generator::{Generator, Mode, Scratch};
use super::matrix::{Kept, Rows};
use super::pool::Crew;
use super::slab::{self, Differentiated, SLAB, Shape, Slab};
use super::subsets::{ROWS, tables_of};
use super::tiles::{read, write};
use crate::config::RunConfig;
use crate::engine::{Draws, Sample};
use crate::objective::penalties::{Law, Penalised, Points};
use crate::objective::{Constraint, Game, Meets, Network, mixed};
use crate::optim::Update;
use crate::real::Real;
use crate::simd::{Cpu, Lanes};

/// What the threads are to do together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// The generator's step and the critic's on one generated batch, as the lab does.
    Both,
    /// A critic step.
    Critic,
    /// A generator step.
    Generator,
    /// Points from codes.
    Generate,
    /// Codes through the generator's hidden layers, which moves BatchNorm's statistics.
    Observe,
    /// Scores of points.
    Score,
}

/// A program with what it takes out of the inputs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) program: Program,
    /// Which batch of codes.
    pub(super) noise: usize,
    /// Which critic step's real points and mixing weights.
    pub(super) step: usize,
}

/// Tasks that may run at once.
#[derive(Clone, Copy, Debug)]
enum Tasks {
    /// Real points through the critic, forward and back.
    Real,
    /// Real points for the generator's step through the critic, forward.
    MoreReal,
    /// Real points through the critic, forward.
    Scores,
    /// A hidden layer of the generator.
    Forward(usize, Mode),
    /// The generator's last layer, and through the critic and back.
    Fake,
    /// What scores that have to wait for the whole batch come to.
    Meet,
    /// The generator's last layer alone.
    Points,
    /// A hidden layer of the generator backwards.
    Backward(usize),
    /// The steps of the Linear that leads to a layer of the generator, the last one to the points.
    Descend(usize),
    /// The step of the generator's last bias.
    OutputBias,
    /// The critic's step.
    Update,
    /// The step of a Linear with a spectral norm, whose whole gradient has to be there.
    Settle,
    /// The step of a whole network, whose gradient's norm is bounded.
    StepGenerator,
    StepCritic,
}

/// An iteration's arrays and constants.
#[derive(Debug)]
pub(super) struct Inputs<T> {
    pub(super) draws: Draws,
    /// The generator's step and the critic's.
    pub(super) descents: [Descent<T>; 2],
    /// The penalty's weight in the critic's step, if that has one.
    pub(super) penalty: Option<f64>,
}

#[derive(Debug)]
pub(super) struct Core<T> {
    game: Game,
    /// Points in a batch, and scores.
    batch: usize,
    packs: usize,
    clip_grad: Option<f64>,
    latent: usize,
    pub(super) generator: Generator<T>,
    pub(super) critic: Critic<T>,
    pub(super) inputs: RwLock<Inputs<T>>,
    pub(super) real: Vec<RwLock<Slab<T>>>,
    pub(super) fake: Vec<RwLock<Slab<T>>>,
    /// Where the penalty is taken at points of its own: for each of their kinds.
    pub(super) penalised: Vec<(Points, Vec<RwLock<Slab<T>>>)>,
    /// The scores of each slab of real and of generated points, for a rule that needs all of them at once.
    scores: [Vec<RwLock<Vec<f64>>>; 2],
    /// For each thread.
    scratch: Vec<RwLock<Scratch<T>>>,
    tables: Vec<RwLock<Rows<T>>>,
    programs: [(Program, Vec<Vec<Tasks>>); 6],
}

impl<T: Real> Core<T> {
    pub(super) fn new(config: &RunConfig, kept: [Kept; 2], draws: Draws) -> Self {
        let (cpu, batch) = (Cpu::detect(), config.batch_size);
        // A checked config has another engine where this one has no such activation.
        let [of_generator, of_critic] = config.activations();
        let below = of_generator.slope().unwrap_or_default();
        let generator = Generator::new(&config.generator, (batch, below), kept[0], cpu);
        let game = config.game();
        let has_norms = game.constraint == Constraint::SpectralNorm;
        let critic = Critic::new(&config.discriminator, (config.members(), of_critic), has_norms, kept[1], cpu);
        let beside = game.rule.has_sides();
        let members = if beside { 1 } else { config.members() };
        let pieces = of_critic.pieces();
        let shape = Shape { samples: config.packs(), members, beside, pieces };
        // Real points that stand beside generated ones have slabs for scoring only.
        let lone = Shape { samples: batch / config.members(), members: config.members(), beside: false, pieces };
        let slabs = |shape, penalised| Slab::of_batch(&config.discriminator, shape, penalised);
        let with_loss = |points| {
            if game.penalty_points().contains(&points) { slab::Penalised::WithLoss } else { slab::Penalised::No }
        };
        let alone = game.penalty_points().iter().filter(|points| matches!(points, Points::Mixed | Points::Moved));
        let descent = Descent { update: Update::new(&config.optim, config.lr, 0), clip: None, average: T::ZERO };
        let real: Vec<_> = slabs(lone, with_loss(Points::Real));
        let scores = || real.iter().map(|slab| RwLock::new(vec![0.0; read(slab).size])).collect();
        Self {
            game,
            scores: [scores(), scores()],
            batch,
            packs: config.packs(),
            clip_grad: config.clip_grad,
            latent: config.generator.latent_dim,
            fake: slabs(shape, with_loss(Points::Fake)),
            real,
            penalised: alone.map(|&points| (points, slabs(shape, slab::Penalised::Alone))).collect(),
            inputs: RwLock::new(Inputs { draws, descents: [descent; 2], penalty: None }),
            scratch: (0..config.threads).map(|_| RwLock::new(Scratch::new(&config.generator, batch))).collect(),
            tables: (0..config.threads).map(|_| RwLock::new(Rows::zeros(tables_of(ROWS.max(SLAB))))).collect(),
            programs: programs(generator.hidden(), game, config.clip_grad.is_some()),
            generator,
            critic,
        }
    }

    fn tasks_of(&self, job: Job, phase: usize) -> &[Tasks] {
        let program = self.programs.iter().find(|(program, _)| *program == job.program);
        program.map_or(&[], |(_, phases)| &phases[phase])
    }

    fn count(&self, tasks: Tasks) -> usize {
        match tasks {
            Tasks::Real | Tasks::MoreReal | Tasks::Scores => self.real.len(),
            Tasks::Fake | Tasks::Meet | Tasks::Points => self.fake.len(),
            Tasks::Forward(level, _) | Tasks::Backward(level) | Tasks::Descend(level) => self.generator.tiles(level),
            Tasks::Update => self.critic.tiles(),
            Tasks::Settle => self.critic.norms(),
            Tasks::OutputBias | Tasks::StepGenerator | Tasks::StepCritic => 1,
        }
    }

    fn do_one(&self, tasks: Tasks, job: Job, task: usize, thread: usize) {
        let inputs = read(&self.inputs);
        let inputs = &*inputs;
        let tables = &mut *write(&self.tables[thread]);
        match tasks {
            Tasks::Real => self.real_points(task, tables, self.of_step(&inputs.draws.real, job), inputs.penalty),
            Tasks::MoreReal => self.score_points(task, &inputs.draws.more_real),
            Tasks::Scores => self.score_points(task, &inputs.draws.real),
            Tasks::Forward(level, mode) => self.generator.forward(level, task, mode),
            Tasks::Points => self.generated_points(&mut write(&self.fake[task])),
            Tasks::Fake => self.fake_points(task, tables, inputs, job),
            Tasks::Meet => self.meet(task, tables, inputs, job),
            Tasks::Backward(level) => {
                self.generator.backward(level, task, &mut write(&self.scratch[thread]), &inputs.descents[0]);
            }
            Tasks::Descend(level) => self.generator.descend(level, task, &inputs.descents[0]),
            Tasks::OutputBias => self.generator.descend_output_bias(&inputs.descents[0]),
            Tasks::Update => {
                let penalised = if inputs.penalty.is_some() { &self.penalised[..] } else { &[] };
                let of = |kind: usize| penalised.get(kind).map_or(&[][..], |(_, slabs)| slabs);
                let real = if self.game.rule.has_sides() { &[] } else { &self.real[..] };
                self.critic.update(task, &[real, &self.fake, of(0), of(1)], tables, &inputs.descents[1]);
            }
            Tasks::Settle => self.critic.settle(task, &inputs.descents[1]),
            Tasks::StepGenerator => self.generator.step_together(self.most(), &inputs.descents[0]),
            Tasks::StepCritic => self.critic.step_together(self.most(), &inputs.descents[1]),
        }
    }

    /// The largest norm that a network's gradient may have.
    fn most(&self) -> f64 {
        self.clip_grad.unwrap_or(f64::INFINITY)
    }

    /// Gives the generator the job's codes.
    pub(super) fn load_codes(&self, job: Job) {
        let inputs = read(&self.inputs);
        let codes = inputs.draws.noise.chunks(self.batch * self.latent).nth(job.noise).unwrap_or_default();
        self.generator.load_codes(codes, self.latent);
    }

    /// The part of an array with one entry a point that belongs to the job's critic step.
    fn of_step<'a, X>(&self, values: &'a [X], job: Job) -> &'a [X] {
        values.chunks(self.batch).nth(job.step).unwrap_or_default()
    }

    fn real_points(&self, task: usize, tables: &mut [Lanes<T>], points: &[Sample], penalty: Option<f64>) {
        let slab = &mut *write(&self.real[task]);
        load_points(slab, points);
        let mut slab = self.critic.differentiate(slab, tables);
        if let Some((law, weight)) = self.penalty_at(Points::Real, penalty) {
            self.critic.slopes(&mut slab, tables);
            self.critic.penalise(&mut slab, law, weight);
        }
        match self.game.rule.meets {
            Meets::Alone(_) => {
                let (n, mut slopes) = (slab.size, [0.0; SLAB]);
                let sum = self.game.critic(&scores_of(&slab)[..n], &[], [&mut slopes[..n], &mut []]);
                self.weigh(slab, sum, &slopes);
            }
            // The others are not there yet.
            Meets::Pairs(_) | Meets::Means(_) => self.keep_scores(0, task, &slab),
            // They stand beside generated ones.
            Meets::Sides(_) => {}
        }
    }

    /// Real points through the critic, forward.
    fn score_points(&self, task: usize, points: &[Sample]) {
        let slab = &mut *write(&self.real[task]);
        load_points(slab, points);
        self.critic.score(slab);
        self.keep_scores(0, task, slab);
    }

    /// Keeps a slab's scores for a rule that needs all of them at once.
    fn keep_scores(&self, kind: usize, task: usize, slab: &Slab<T>) {
        if !matches!(self.game.rule.meets, Meets::Means(_)) {
            return;
        }
        for (kept, score) in write(&self.scores[kind][task]).iter_mut().zip(&slab.scores) {
            *kept = score.to_f64();
        }
    }

    /// Makes the samples of a slab count in the discriminator's gradient, by the slopes of its loss times the batch's
    /// size; `sum` is what they are in that.
    fn weigh(&self, mut slab: Differentiated<'_, T>, sum: f64, slopes: &[f64; SLAB]) {
        slab.values[0] = sum;
        for (sample, slope) in slopes[..slab.size].iter().enumerate() {
            slab.set_weight(sample, T::from_f64(slope / self.packs as f64));
        }
        self.critic.weigh(slab);
    }

    fn generated_points(&self, slab: &mut Slab<T>) {
        let (_, first) = slab.points();
        self.generator.points(first, slab.point_room());
        slab.pack();
    }

    fn fake_points(&self, task: usize, tables: &mut [Lanes<T>], inputs: &Inputs<T>, job: Job) {
        {
            let slab = &mut *write(&self.fake[task]);
            if self.game.rule.has_sides() {
                self.place_beside(slab, &inputs.draws, job);
            }
            self.generated_points(slab);
            if !inputs.draws.fake_noise.is_empty() {
                self.add_noise(slab, &inputs.draws, job);
            }
            let slab = self.critic.differentiate(slab, tables);
            self.keep_scores(1, task, &slab);
        }
        if !matches!(self.game.rule.meets, Meets::Means(_)) {
            self.meet(task, tables, inputs, job);
        }
    }

    /// Adds the job's noise to generated points.
    fn add_noise(&self, slab: &mut Slab<T>, draws: &Draws, job: Job) {
        let noise = draws.fake_noise.chunks(self.batch).nth(job.noise).unwrap_or_default();
        let (points, first) = slab.points();
        for point in 0..points {
            let (at, by) = (slab.point(point), noise[first + point].map(T::from_f32));
            slab.set_point(point, [at[0] + by[0], at[1] + by[1]]);
        }
    }

    /// Puts the job's real points beside the generated ones that are to come.
    fn place_beside(&self, slab: &mut Slab<T>, draws: &Draws, job: Job) {
        let real = if job.program == Program::Generator { &draws.more_real } else { self.of_step(&draws.real, job) };
        let order = self.order(draws, job);
        for sample in 0..slab.size {
            let at = slab.first + sample;
            slab.set_beside(sample, order[at] > 0.5, real[at].map(T::from_f32));
        }
    }

    /// Where the job's real points stand first.
    fn order<'a>(&self, draws: &'a Draws, job: Job) -> &'a [f32] {
        draws.real_first.chunks(self.batch).nth(job.noise).unwrap_or_default()
    }

    /// What the losses make of a slab's scores: the generator's gradient, what samples count in the discriminator's, and
    /// the penalty's.
    fn meet(&self, task: usize, tables: &mut [Lanes<T>], inputs: &Inputs<T>, job: Job) {
        let fake = &mut *write(&self.fake[task]);
        let Some(mut slab) = fake.differentiated() else { return };
        let (moves_generator, moves_critic) = (job.program != Program::Critic, job.program != Program::Generator);
        let penalty = self.penalty_at(Points::Fake, inputs.penalty).filter(|_| moves_critic);
        if moves_generator || penalty.is_some() {
            self.critic.slopes(&mut slab, tables);
        }
        if let Some((law, weight)) = penalty {
            self.critic.penalise(&mut slab, law, weight);
        }
        if moves_generator {
            self.give_gradient(task, &mut slab, self.order(&inputs.draws, job));
        }
        if !moves_critic {
            return;
        }
        self.weigh_both(task, slab, self.order(&inputs.draws, job));
        for (points, slabs) in &self.penalised {
            if let Some((law, weight)) = self.penalty_at(*points, inputs.penalty) {
                let penalised = &mut *write(&slabs[task]);
                self.place(penalised, *points, fake, &inputs.draws, job);
                let mut penalised = self.critic.differentiate(penalised, tables);
                self.critic.slopes(&mut penalised, tables);
                self.critic.penalise(&mut penalised, law, weight);
            }
        }
    }

    /// The penalty at points of this kind, with the weight of one sample, where the step has it.
    fn penalty_at(&self, points: Points, weight: Option<f64>) -> Option<(Law, f64)> {
        let Penalised { penalty, .. } = self.game.penalty?;
        penalty.points.contains(&points).then_some((penalty.law, weight? / self.packs as f64))
    }

    /// The discriminator's terms of generated points and, where they did not stand for themselves, of real ones.
    fn weigh_both(&self, task: usize, fake: Differentiated<'_, T>, order: &[f32]) {
        let (mut by_real, mut by_fake) = ([0.0; SLAB], [0.0; SLAB]);
        let n = fake.size;
        let sum = match self.game.rule.meets {
            Meets::Alone(_) => self.game.critic(&[], &scores_of(&fake)[..n], [&mut [], &mut by_fake[..n]]),
            Meets::Pairs(_) => {
                let real = scores_of(&read(&self.real[task]));
                self.game.critic(&real[..n], &scores_of(&fake)[..n], [&mut by_real[..n], &mut by_fake[..n]])
            }
            Meets::Means(_) => {
                let [real, all] = [0, 1].map(|kind| self.all_scores(kind));
                let (mut of_real, mut of_fake) = (vec![0.0; self.packs], vec![0.0; self.packs]);
                let sum = self.game.critic(&real, &all, [&mut of_real, &mut of_fake]);
                by_real[..n].copy_from_slice(&of_real[fake.first..][..n]);
                by_fake[..n].copy_from_slice(&of_fake[fake.first..][..n]);
                // The whole batch's, once.
                if task == 0 { sum } else { 0.0 }
            }
            Meets::Sides(_) => {
                let order = &order[fake.first..][..n];
                self.game.beside(Network::Discriminator, &scores_of(&fake)[..n], order, &mut by_fake[..n])
            }
        };
        self.weigh(fake, sum, &by_fake);
        if matches!(self.game.rule.meets, Meets::Pairs(_) | Meets::Means(_))
            && let Some(real) = write(&self.real[task]).differentiated()
        {
            self.weigh(real, 0.0, &by_real);
        }
    }

    fn all_scores(&self, kind: usize) -> Vec<f64> {
        self.scores[kind].iter().flat_map(|slab| read(slab).clone()).collect()
    }

    /// After the slopes: the generator's terms, and their gradient by the points.
    fn give_gradient(&self, task: usize, slab: &mut Differentiated<'_, T>, order: &[f32]) {
        let n = slab.size;
        let mut slopes = [0.0; SLAB];
        let scores = scores_of(slab);
        slab.values[1] = match self.game.rule.meets {
            Meets::Alone(_) => self.game.generator(&[], &scores[..n], &mut slopes[..n]),
            Meets::Pairs(_) => {
                let real = scores_of(&read(&self.real[task]));
                self.game.generator(&real[..n], &scores[..n], &mut slopes[..n])
            }
            Meets::Means(_) => {
                let [real, all] = [0, 1].map(|kind| self.all_scores(kind));
                let mut of_fake = vec![0.0; self.packs];
                let sum = self.game.generator(&real, &all, &mut of_fake);
                slopes[..n].copy_from_slice(&of_fake[slab.first..][..n]);
                if task == 0 { sum } else { 0.0 }
            }
            Meets::Sides(_) => {
                let order = &order[slab.first..][..n];
                self.game.beside(Network::Generator, &scores[..n], order, &mut slopes[..n])
            }
        };
        let (_, first) = slab.points();
        let packs = self.packs as f64;
        self.generator.take_gradient(first, slab.slopes_times(|sample| T::from_f64(slopes[sample] / packs)));
    }

    /// Puts a slab's points where the penalty is taken.
    fn place(&self, slab: &mut Slab<T>, points: Points, fake: &Slab<T>, draws: &Draws, job: Job) {
        let (real, moves) = (self.of_step(&draws.real, job), self.of_step(&draws.moves, job));
        let mix = draws.mix.chunks(self.packs).nth(job.step).unwrap_or_default();
        let (points_here, first) = fake.points();
        for point in 0..points_here {
            let (at, real) = (first + point, |at: usize| real[at].map(T::from_f32));
            let placed = match points {
                Points::Real => real(at),
                Points::Fake => fake.point(point),
                Points::Mixed => {
                    let mix = T::from_f32(mix[at / fake.members]);
                    let (real, fake) = (real(at), fake.point(point));
                    std::array::from_fn(|i| mixed(real[i], fake[i], mix))
                }
                Points::Moved => {
                    let (real, by) = (real(at), moves[at].map(T::from_f32));
                    std::array::from_fn(|i| real[i] + by[i])
                }
            };
            slab.set_point(point, placed);
        }
    }
}

fn scores_of<T: Real>(slab: &Slab<T>) -> [f64; SLAB] {
    let mut scores = [0.0; SLAB];
    for (to, score) in scores.iter_mut().zip(&slab.scores) {
        *to = score.to_f64();
    }
    scores
}

fn load_points<T: Real>(slab: &mut Slab<T>, points: &[Sample]) {
    let (points_here, first) = slab.points();
    for point in 0..points_here {
        if let Some(loaded) = points.get(first + point) {
            slab.set_point(point, loaded.map(T::from_f32));
        }
    }
}

/// The phases of each program, for a generator with so many hidden layers.
fn programs(hidden: usize, game: Game, together: bool) -> [(Program, Vec<Vec<Tasks>>); 6] {
    let forward = |mode| (1..=hidden).map(move |level| vec![Tasks::Forward(level, mode)]);
    // The first phase has room for `more`.
    let passes = |more: &[Tasks]| {
        let mut phases: Vec<_> = forward(Mode::Train).chain([vec![Tasks::Fake]]).collect();
        if hidden == 0 && !more.is_empty() {
            // Generated points may be judged by the real ones' scores, which have to be there.
            phases.insert(0, Vec::new());
        }
        phases[0].splice(0..0, more.iter().copied());
        if matches!(game.rule.meets, Meets::Means(_)) {
            phases.push(vec![Tasks::Meet]);
        }
        phases
    };
    let back = |more: &[Tasks]| {
        let mut phases = vec![Vec::new(); hidden + 1];
        for level in (1..=hidden + 1).rev() {
            // A Linear is stepped when no gradient has to go through it any more.
            phases[hidden.min(hidden + 2 - level)].push(Tasks::Descend(level));
        }
        for level in 1..=hidden {
            phases[hidden - level].push(Tasks::Backward(level));
        }
        phases[0].extend(more);
        phases[hidden].push(Tasks::OutputBias);
        phases
    };
    let (real, more): (&[Tasks], &[Tasks]) = match game.rule.meets {
        Meets::Alone(_) => (&[Tasks::Real], &[]),
        Meets::Pairs(_) | Meets::Means(_) => (&[Tasks::Real], &[Tasks::MoreReal]),
        Meets::Sides(_) => (&[], &[]),
    };
    let mut critic = passes(real);
    critic.push(vec![Tasks::Update]);
    let mut both = passes(real);
    let update = both.len();
    both.extend(back(&[Tasks::Update]));
    let after_update = match game.constraint {
        _ if together => Some(Tasks::StepCritic),
        Constraint::SpectralNorm => Some(Tasks::Settle),
        Constraint::None | Constraint::Clip(_) => None,
    };
    if let Some(tasks) = after_update {
        critic.push(vec![tasks]);
        both.resize(both.len().max(update + 2), Vec::new());
        both[update + 1].insert(0, tasks);
    }
    let mut generator = passes(more);
    generator.extend(back(&[]));
    if together {
        both.push(vec![Tasks::StepGenerator]);
        generator.push(vec![Tasks::StepGenerator]);
    }
    let generate = forward(Mode::Evaluate).chain([vec![Tasks::Points]]).collect();
    [
        (Program::Both, both),
        (Program::Critic, critic),
        (Program::Generator, generator),
        (Program::Generate, generate),
        (Program::Observe, forward(Mode::Train).collect()),
        (Program::Score, vec![vec![Tasks::Scores]]),
    ]
}

impl<T: Real> Crew for Core<T> {
    type Job = Job;

    fn phases(&self, job: Job) -> usize {
        self.programs.iter().find(|(program, _)| *program == job.program).map_or(0, |(_, phases)| phases.len())
    }

    fn kinds(&self, job: Job, phase: usize) -> usize {
        self.tasks_of(job, phase).len()
    }

    fn tasks(&self, job: Job, phase: usize, kind: usize) -> usize {
        self.count(self.tasks_of(job, phase)[kind])
    }

    fn most_tasks(&self) -> usize {
        let phases = self.programs.iter().flat_map(|(_, phases)| phases);
        phases.map(|phase| phase.iter().map(|&tasks| self.count(tasks)).sum()).max().unwrap_or(0)
    }

    fn run(&self, thread: usize, job: Job, phase: usize, kind: usize, task: usize) {
        self.do_one(self.tasks_of(job, phase)[kind], job, task, thread);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::rules;

    /// The number of the only phase that has such a task.
    fn phase_of(phases: &[Vec<Tasks>], wanted: impl Fn(Tasks) -> bool) -> usize {
        let with: Vec<usize> = (0..phases.len()).filter(|&i| phases[i].iter().any(|&tasks| wanted(tasks))).collect();
        assert_eq!(with.len(), 1, "{phases:?}");
        with[0]
    }

    #[test]
    fn nothing_is_stepped_before_all_gradients_went_through_it() {
        for (hidden, rule) in (0..6).flat_map(|hidden| rules::ALL.map(|rule| (hidden, rule))) {
            for (program, phases) in programs(hidden, Game::of(rule), false) {
                if !matches!(program, Program::Both | Program::Generator) {
                    continue;
                }
                let backward = |level| phase_of(&phases, |tasks| matches!(tasks, Tasks::Backward(l) if l == level));
                let descend = |level| phase_of(&phases, |tasks| matches!(tasks, Tasks::Descend(l) if l == level));
                let fake = phase_of(&phases, |tasks| match rule.meets {
                    Meets::Means(_) => matches!(tasks, Tasks::Meet),
                    Meets::Alone(_) | Meets::Pairs(_) | Meets::Sides(_) => matches!(tasks, Tasks::Fake),
                });
                for level in 1..=hidden + 1 {
                    // Its gradient is there, and it has carried that of the level before.
                    let gradient = if level > hidden { fake } else { backward(level) };
                    assert!(descend(level) > gradient, "{phases:?}");
                    assert!(level == 1 || descend(level) > backward(level - 1), "{phases:?}");
                }
                assert!(phase_of(&phases, |tasks| matches!(tasks, Tasks::OutputBias)) > fake);
                // Scores that generated points' are compared with are those of the phase before, or an earlier one.
                if let Meets::Pairs(_) | Meets::Means(_) = rule.meets {
                    let real = phase_of(&phases, |tasks| matches!(tasks, Tasks::Real | Tasks::MoreReal));
                    assert!(fake > real, "{phases:?}");
                }
                if program == Program::Both && !rule.has_sides() {
                    let real = phase_of(&phases, |tasks| matches!(tasks, Tasks::Real));
                    assert!(phase_of(&phases, |tasks| matches!(tasks, Tasks::Update)) > fake.max(real));
                }
            }
        }
    }
}
