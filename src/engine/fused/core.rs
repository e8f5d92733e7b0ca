//! What the threads share, and the phases of an iteration.

use std::sync::RwLock;

use super::critic::{Critic, SLAB, Slab};
use super::descend::Descent;
use super::generator::{Generator, Mode, read, write};
use super::norm::Batch;
use super::pool::Crew;
use super::simd::{Cpu, LANES};
use crate::config::{Objective, RunConfig};
use crate::data::Point;
use crate::engine::Draws;
use crate::loss::wgan_gp;
use crate::optim::{BUFFERS, Update};
use crate::real::Real;

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
    /// Codes into the generator's tiles.
    Codes,
    /// Real points through the critic, forward and back.
    Real,
    /// Real points through the critic, forward.
    Scores,
    /// A hidden layer of the generator.
    Forward(usize, Mode),
    /// The generator's last layer, and through the critic and back.
    Fake,
    /// The generator's last layer alone.
    Points,
    /// A level of the generator backwards, with its steps.
    Backward(usize),
    /// The step of the generator's last bias.
    OutputBias,
    /// The critic's step.
    Update,
}

/// An iteration's arrays and constants.
#[derive(Debug)]
pub(super) struct Inputs<T> {
    pub(super) draws: Draws,
    /// The generator's step and the critic's.
    pub(super) descents: [Descent<T>; 2],
}

#[derive(Debug)]
pub(super) struct Core<T> {
    objective: Objective,
    batch: Batch,
    latent: usize,
    pub(super) generator: Generator<T>,
    pub(super) critic: Critic<T>,
    pub(super) inputs: RwLock<Inputs<T>>,
    pub(super) real: Vec<RwLock<Slab<T>>>,
    pub(super) fake: Vec<RwLock<Slab<T>>>,
    pub(super) mixed: Vec<RwLock<Slab<T>>>,
    programs: [(Program, Vec<Vec<Tasks>>); 5],
}

impl<T: Real> Core<T> {
    pub(super) fn new(config: &RunConfig, kept: [bool; BUFFERS], draws: Draws) -> Self {
        let (cpu, batch) = (Cpu::detect(), Batch { size: config.batch_size });
        let generator = Generator::new(&config.generator, batch, kept, cpu);
        let critic = Critic::new(&config.discriminator, kept, cpu);
        let slabs = |mixed| Critic::slabs(&config.discriminator, batch.size, mixed);
        let descent = Descent { update: Update::new(&config.optim, config.lr, 0), clip: None };
        let penalised = matches!(config.objective, Objective::WganGp { .. });
        Self {
            objective: config.objective,
            batch,
            latent: config.generator.latent_dim,
            real: slabs(false),
            fake: slabs(false),
            mixed: if penalised { slabs(true) } else { Vec::new() },
            inputs: RwLock::new(Inputs { draws, descents: [descent; 2] }),
            programs: programs(generator.hidden()),
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
            Tasks::Codes => self.generator.tiles(0),
            Tasks::Real | Tasks::Scores => self.real.len(),
            Tasks::Fake | Tasks::Points => self.fake.len(),
            Tasks::Forward(level, _) | Tasks::Backward(level) => self.generator.tiles(level),
            Tasks::OutputBias => 1,
            Tasks::Update => self.critic.tiles(),
        }
    }

    fn do_one(&self, tasks: Tasks, job: Job, task: usize) {
        let inputs = read(&self.inputs);
        let inputs = &*inputs;
        match tasks {
            Tasks::Codes => {
                let size = self.batch.size * self.latent;
                let codes = inputs.draws.noise.chunks(size).nth(job.noise).unwrap_or_default();
                self.generator.load_codes(task, codes, self.latent);
            }
            Tasks::Real => self.real_points(task, self.of_step(&inputs.draws.real, job)),
            Tasks::Scores => {
                let slab = &mut *write(&self.real[task]);
                load_points(slab, &inputs.draws.real);
                self.critic.score(slab);
            }
            Tasks::Forward(level, mode) => self.generator.forward(level, task, mode),
            Tasks::Points => self.generated_points(task, &mut write(&self.fake[task])),
            Tasks::Fake => self.fake_points(task, inputs, job),
            Tasks::Backward(level) => self.generator.backward(level, task, &inputs.descents[0]),
            Tasks::OutputBias => self.generator.step_output_bias(&inputs.descents[0]),
            Tasks::Update => {
                self.critic.update(task, &[&self.real, &self.fake, &self.mixed], &inputs.descents[1]);
            }
        }
    }

    /// The part of an array with one entry a sample that belongs to the job's critic step.
    fn of_step<'a, X>(&self, values: &'a [X], job: Job) -> &'a [X] {
        values.chunks(self.batch.size).nth(job.step).unwrap_or_default()
    }

    fn real_points(&self, task: usize, points: &[Point]) {
        let slab = &mut *write(&self.real[task]);
        load_points(slab, points);
        self.critic.differentiate(slab);
        self.weigh(slab, Objective::on_real);
    }

    /// Takes the discriminator's terms of a slab's scores, and what the samples count in its gradient.
    fn weigh(&self, slab: &mut Slab<T>, side: fn(Objective, f64) -> crate::loss::Term) {
        let mut sum = 0.0;
        for sample in 0..slab.size {
            let term = side(self.objective, slab.score(sample).to_f64());
            sum += term.value;
            slab.set_weight(sample, T::from_f64(term.slope / self.batch.size as f64));
        }
        slab.values[0] = sum;
        self.critic.weigh(slab);
    }

    fn generated_points(&self, task: usize, slab: &mut Slab<T>) {
        self.generator.points(task * SLAB, slab.points_mut());
    }

    fn fake_points(&self, task: usize, inputs: &Inputs<T>, job: Job) {
        let slab = &mut *write(&self.fake[task]);
        self.generated_points(task, slab);
        self.critic.differentiate(slab);
        if job.program != Program::Critic {
            self.give_gradient(task, slab);
        }
        if job.program != Program::Generator {
            self.weigh(slab, Objective::on_fake);
            if let Objective::WganGp { gp_weight } = self.objective {
                let draws = &inputs.draws;
                self.mix(slab, task, self.of_step(&draws.real, job), self.of_step(&draws.mix, job));
                let mixed = &mut *write(&self.mixed[task]);
                self.critic.differentiate(mixed);
                self.critic.slopes(mixed);
                self.critic.penalise(mixed, gp_weight / self.batch.size as f64);
            }
        }
    }

    /// The generator's terms, and their gradient by the points.
    fn give_gradient(&self, task: usize, slab: &mut Slab<T>) {
        self.critic.slopes(slab);
        let mut weights = [T::ZERO; SLAB * LANES];
        let mut sum = 0.0;
        for (sample, weight) in weights[..slab.size].iter_mut().enumerate() {
            let term = self.objective.for_generator(slab.score(sample).to_f64());
            sum += term.value;
            *weight = T::from_f64(term.slope / self.batch.size as f64);
        }
        slab.values[1] = sum;
        self.generator.take_gradient(task * SLAB, slab.slopes_times(|sample| weights[sample]));
    }

    fn mix(&self, fake: &Slab<T>, task: usize, real: &[Point], mix: &[f32]) {
        let mixed = &mut *write(&self.mixed[task]);
        for sample in 0..fake.size {
            let (real, fake) = (real[fake.first + sample].map(T::from_f32), fake.point(sample));
            let mix = T::from_f32(mix[mixed.first + sample]);
            mixed.set_point(sample, std::array::from_fn(|i| wgan_gp::mixed(real[i], fake[i], mix)));
        }
    }
}

fn load_points<T: Real>(slab: &mut Slab<T>, points: &[Point]) {
    for sample in 0..slab.size {
        if let Some(point) = points.get(slab.first + sample) {
            slab.set_point(sample, point.map(T::from_f32));
        }
    }
}

fn programs(hidden: usize) -> [(Program, Vec<Vec<Tasks>>); 5] {
    let forward = |mode| (1..=hidden).map(move |level| vec![Tasks::Forward(level, mode)]);
    let passes = |first: Vec<Tasks>, then: Vec<Tasks>| {
        [first].into_iter().chain(forward(Mode::Train)).chain([then]).collect::<Vec<_>>()
    };
    let back = || (1..=hidden).rev().map(|level| vec![Tasks::Backward(level)]);
    let both_begin = passes(vec![Tasks::Real, Tasks::Codes], vec![Tasks::Fake]);
    let mut critic = both_begin.clone();
    critic.push(vec![Tasks::Update]);
    let mut both = both_begin;
    both.extend(back());
    both.push(vec![Tasks::Update, Tasks::Backward(0), Tasks::OutputBias]);
    let mut generator = passes(vec![Tasks::Codes], vec![Tasks::Fake]);
    generator.extend(back());
    generator.push(vec![Tasks::Backward(0), Tasks::OutputBias]);
    let mut generate = vec![vec![Tasks::Codes]];
    generate.extend(forward(Mode::Evaluate));
    generate.push(vec![Tasks::Points]);
    [
        (Program::Both, both),
        (Program::Critic, critic),
        (Program::Generator, generator),
        (Program::Generate, generate),
        (Program::Score, vec![vec![Tasks::Scores]]),
    ]
}

impl<T: Real> Crew for Core<T> {
    type Job = Job;

    fn phases(&self, job: Job) -> usize {
        self.programs.iter().find(|(program, _)| *program == job.program).map_or(0, |(_, phases)| phases.len())
    }

    fn tasks(&self, job: Job, phase: usize) -> usize {
        self.tasks_of(job, phase).iter().map(|&tasks| self.count(tasks)).sum()
    }

    fn most_tasks(&self) -> usize {
        let phases = self.programs.iter().flat_map(|(_, phases)| phases);
        phases.map(|phase| phase.iter().map(|&tasks| self.count(tasks)).sum()).max().unwrap_or(0)
    }

    fn run(&self, job: Job, phase: usize, task: usize) {
        let mut task = task;
        for &tasks in self.tasks_of(job, phase) {
            let count = self.count(tasks);
            if task < count {
                return self.do_one(tasks, job, task);
            }
            task -= count;
        }
    }
}
