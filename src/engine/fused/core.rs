//! What the threads share, and the phases of an iteration.

use std::sync::RwLock;

use super::critic::Critic;
use super::descend::Descent;
use super::generator::{Generator, Mode, Scratch};
use super::matrix::Rows;
use super::pool::Crew;
use super::simd::{Cpu, Lanes};
use super::slab::{SLAB, Slab};
use super::subsets::{ROWS, tables_of};
use super::tiles::{read, write};
use crate::config::{Objective, RunConfig};
use crate::engine::{Draws, Sample};
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
    /// A hidden layer of the generator backwards.
    Backward(usize),
    /// The steps of the Linear that leads to a layer of the generator, the last one to the points.
    Descend(usize),
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
    batch: usize,
    latent: usize,
    pub(super) generator: Generator<T>,
    pub(super) critic: Critic<T>,
    pub(super) inputs: RwLock<Inputs<T>>,
    pub(super) real: Vec<RwLock<Slab<T>>>,
    pub(super) fake: Vec<RwLock<Slab<T>>>,
    pub(super) mixed: Vec<RwLock<Slab<T>>>,
    /// For each thread.
    scratch: Vec<RwLock<Scratch<T>>>,
    tables: Vec<RwLock<Rows<T>>>,
    programs: [(Program, Vec<Vec<Tasks>>); 5],
}

impl<T: Real> Core<T> {
    pub(super) fn new(config: &RunConfig, kept: [bool; BUFFERS], draws: Draws) -> Self {
        let (cpu, batch) = (Cpu::detect(), config.batch_size);
        let generator = Generator::new(&config.generator, batch, kept, cpu);
        let critic = Critic::new(&config.discriminator, kept, cpu);
        let slabs = |mixed| Slab::of_batch(&config.discriminator, batch, mixed);
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
            scratch: (0..config.threads).map(|_| RwLock::new(Scratch::new(&config.generator, batch))).collect(),
            tables: (0..config.threads).map(|_| RwLock::new(Rows::zeros(tables_of(ROWS.max(SLAB))))).collect(),
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
            Tasks::Real | Tasks::Scores => self.real.len(),
            Tasks::Fake | Tasks::Points => self.fake.len(),
            Tasks::Forward(level, _) | Tasks::Backward(level) | Tasks::Descend(level) => self.generator.tiles(level),
            Tasks::OutputBias => 1,
            Tasks::Update => self.critic.tiles(),
        }
    }

    fn do_one(&self, tasks: Tasks, job: Job, task: usize, thread: usize) {
        let inputs = read(&self.inputs);
        let inputs = &*inputs;
        let tables = &mut *write(&self.tables[thread]);
        match tasks {
            Tasks::Real => self.real_points(task, tables, self.of_step(&inputs.draws.real, job)),
            Tasks::Scores => {
                let slab = &mut *write(&self.real[task]);
                load_points(slab, &inputs.draws.real);
                self.critic.score(slab);
            }
            Tasks::Forward(level, mode) => self.generator.forward(level, task, mode),
            Tasks::Points => self.generated_points(&mut write(&self.fake[task])),
            Tasks::Fake => self.fake_points(task, tables, inputs, job),
            Tasks::Backward(level) => {
                self.generator.backward(level, task, &mut write(&self.scratch[thread]), &inputs.descents[0]);
            }
            Tasks::Descend(level) => self.generator.descend(level, task, &inputs.descents[0]),
            Tasks::OutputBias => self.generator.descend_output_bias(&inputs.descents[0]),
            Tasks::Update => {
                self.critic.update(task, &[&self.real, &self.fake, &self.mixed], tables, &inputs.descents[1]);
            }
        }
    }

    /// Gives the generator the job's codes.
    pub(super) fn load_codes(&self, job: Job) {
        let inputs = read(&self.inputs);
        let codes = inputs.draws.noise.chunks(self.batch * self.latent).nth(job.noise).unwrap_or_default();
        self.generator.load_codes(codes, self.latent);
    }

    /// The part of an array with one entry a sample that belongs to the job's critic step.
    fn of_step<'a, X>(&self, values: &'a [X], job: Job) -> &'a [X] {
        values.chunks(self.batch).nth(job.step).unwrap_or_default()
    }

    fn real_points(&self, task: usize, tables: &mut [Lanes<T>], points: &[Sample]) {
        let slab = &mut *write(&self.real[task]);
        load_points(slab, points);
        self.critic.differentiate(slab, tables);
        self.weigh(slab, Objective::on_real);
    }

    /// Takes the discriminator's terms of a slab's scores, and what the samples count in its gradient.
    fn weigh(&self, slab: &mut Slab<T>, side: fn(Objective, f64) -> crate::loss::Term) {
        let mut sum = 0.0;
        for sample in 0..slab.size {
            let term = side(self.objective, slab.score(sample).to_f64());
            sum += term.value;
            slab.set_weight(sample, T::from_f64(term.slope / self.batch as f64));
        }
        slab.values[0] = sum;
        self.critic.weigh(slab);
    }

    fn generated_points(&self, slab: &mut Slab<T>) {
        let first = slab.first;
        self.generator.points(first, slab.point_room());
    }

    fn fake_points(&self, task: usize, tables: &mut [Lanes<T>], inputs: &Inputs<T>, job: Job) {
        let slab = &mut *write(&self.fake[task]);
        self.generated_points(slab);
        self.critic.differentiate(slab, tables);
        if job.program != Program::Critic {
            self.give_gradient(slab, tables);
        }
        if job.program != Program::Generator {
            self.weigh(slab, Objective::on_fake);
            if let Objective::WganGp { gp_weight } = self.objective {
                let draws = &inputs.draws;
                self.mix(slab, task, self.of_step(&draws.real, job), self.of_step(&draws.mix, job));
                let mixed = &mut *write(&self.mixed[task]);
                self.critic.differentiate(mixed, tables);
                self.critic.slopes(mixed, tables);
                self.critic.penalise(mixed, gp_weight / self.batch as f64);
            }
        }
    }

    /// The generator's terms, and their gradient by the points.
    fn give_gradient(&self, slab: &mut Slab<T>, tables: &mut [Lanes<T>]) {
        self.critic.slopes(slab, tables);
        let mut weights = [T::ZERO; SLAB];
        let mut sum = 0.0;
        for (sample, weight) in weights[..slab.size].iter_mut().enumerate() {
            let term = self.objective.for_generator(slab.score(sample).to_f64());
            sum += term.value;
            *weight = T::from_f64(term.slope / self.batch as f64);
        }
        slab.values[1] = sum;
        let first = slab.first;
        self.generator.take_gradient(first, slab.slopes_times(|sample| weights[sample]));
    }

    fn mix(&self, fake: &Slab<T>, task: usize, real: &[Sample], mix: &[f32]) {
        let mixed = &mut *write(&self.mixed[task]);
        for sample in 0..fake.size {
            let (real, fake) = (real[fake.first + sample].map(T::from_f32), fake.point(sample));
            let mix = T::from_f32(mix[mixed.first + sample]);
            mixed.set_point(sample, std::array::from_fn(|i| wgan_gp::mixed(real[i], fake[i], mix)));
        }
    }
}

fn load_points<T: Real>(slab: &mut Slab<T>, points: &[Sample]) {
    for sample in 0..slab.size {
        if let Some(point) = points.get(slab.first + sample) {
            slab.set_point(sample, point.map(T::from_f32));
        }
    }
}

/// The phases of each program, for a generator with so many hidden layers.
fn programs(hidden: usize) -> [(Program, Vec<Vec<Tasks>>); 5] {
    let forward = |mode| (1..=hidden).map(move |level| vec![Tasks::Forward(level, mode)]);
    // The first phase has room for `more`.
    let passes = |more: &[Tasks]| {
        let mut phases: Vec<_> = forward(Mode::Train).chain([vec![Tasks::Fake]]).collect();
        phases[0].splice(0..0, more.iter().copied());
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
    let mut critic = passes(&[Tasks::Real]);
    critic.push(vec![Tasks::Update]);
    let mut both = passes(&[Tasks::Real]);
    both.extend(back(&[Tasks::Update]));
    let mut generator = passes(&[]);
    generator.extend(back(&[]));
    let generate = forward(Mode::Evaluate).chain([vec![Tasks::Points]]).collect();
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

    /// The number of the only phase that has such a task.
    fn phase_of(phases: &[Vec<Tasks>], wanted: impl Fn(Tasks) -> bool) -> usize {
        let with: Vec<usize> = (0..phases.len()).filter(|&i| phases[i].iter().any(|&tasks| wanted(tasks))).collect();
        assert_eq!(with.len(), 1, "{phases:?}");
        with[0]
    }

    #[test]
    fn nothing_is_stepped_before_all_gradients_went_through_it() {
        for hidden in 0..6 {
            for (program, phases) in programs(hidden) {
                if !matches!(program, Program::Both | Program::Generator) {
                    continue;
                }
                let backward = |level| phase_of(&phases, |tasks| matches!(tasks, Tasks::Backward(l) if l == level));
                let descend = |level| phase_of(&phases, |tasks| matches!(tasks, Tasks::Descend(l) if l == level));
                let fake = phase_of(&phases, |tasks| matches!(tasks, Tasks::Fake));
                for level in 1..=hidden + 1 {
                    // Its gradient is there, and it has carried that of the level before.
                    let gradient = if level > hidden { fake } else { backward(level) };
                    assert!(descend(level) > gradient, "{phases:?}");
                    assert!(level == 1 || descend(level) > backward(level - 1), "{phases:?}");
                }
                assert!(phase_of(&phases, |tasks| matches!(tasks, Tasks::OutputBias)) > fake);
                if program == Program::Both {
                    let real = phase_of(&phases, |tasks| matches!(tasks, Tasks::Real));
                    assert!(phase_of(&phases, |tasks| matches!(tasks, Tasks::Update)) > fake.max(real));
                }
            }
        }
    }
}
