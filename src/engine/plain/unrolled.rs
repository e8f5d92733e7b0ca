//! The generator's gradient through steps of the critic (Metz et al. 2017, equations 7 to 9).
//!
//! From the critic D_0 as it is, K steps of its own optimiser on the generator's batch lead to D_K. The generator's loss is that
//! at D_K, as a function of its points x: they move the score at D_K, and through all of the steps D_K itself, and with it the
//! scores of real points, which count where the game is of sum zero. With U the
//! optimiser's step, L the critic's loss and g_k = dL/dD (D_k, x):
//!
//! ```text
//! forward    D_(k+1), buffers_(k+1) = U(D_k, g_k, buffers_k)
//! at D_K     a = dL_G/dD_K,  t = dL_G/dx
//! back       (a, b, buffers') = the adjoint of U in step k, by (a, buffers')
//!            a += H_k b,  t += dg_k/dx b        H_k = d^2L/dD^2
//! ```
//!
//! H_k b and dg_k/dx b are by how much the two gradients of L move as the critic goes along b: a pass in dual numbers. The
//! critic is then D_0 again, for its own step.

use super::network::{Batch, Mode, Pass, add};
use super::{PlainEngine, Trained, doubles};
use crate::engine::Sample;
use crate::objective::Curvature;
use crate::optim::adjoint::{Taken, adjoint, step};
use crate::real::{Dual, Real as _};

impl PlainEngine {
    /// The generator's gradient through `steps` steps of the critic, and its loss after them.
    pub(super) fn unrolled_gradient(&mut self, pass: &Pass, real: &[Sample], steps: usize) -> (Vec<f64>, f64) {
        let lr = self.rates()[1];
        let [real, fake] = [doubles(real), pass.output.clone()].map(|points| self.packs(&points));
        let mut critic = self.critic.clone();
        let mut path = Vec::new();
        for k in 0..steps {
            let from = Taken {
                parameters: critic.network.parameters.clone(),
                gradient: critic.gradient(&self.game, [&real, &fake]).1,
                buffers: critic.buffers.clone(),
            };
            let to = step(&critic.optim, self.at(lr, k), &from);
            critic.take(&to);
            path.push(from);
        }
        let (mut by, mut by_packs, loss) = self.generator_at(&mut critic, [&real, &fake]);
        for (k, from) in path.iter().enumerate().rev() {
            by = adjoint(&critic.optim, self.at(lr, k), from, &by);
            critic.take(from);
            let (by_critic, by_fake) = self.turn(&mut critic, [&real, &fake], &by.gradient);
            add(&mut by.parameters, &by_critic);
            by_packs.iter_mut().zip(&by_fake).for_each(|(to, by)| add(to, by));
        }
        let by_points = by_packs.iter().flat_map(|pack| pack.chunks(2).map(<[_]>::to_vec)).collect();
        (self.generator.network.backward(pass, by_points).0, loss)
    }

    /// The rate, and the number of steps before the k-th that is unrolled.
    fn at(&self, lr: f64, k: usize) -> [f64; 2] {
        [lr, (self.critic.steps + k as u64) as f64]
    }

    /// The generator's loss at a critic, and its derivatives by that's parameters and by the generated packs.
    fn generator_at(&self, critic: &mut Trained, batches: [&Batch; 2]) -> (Taken, Batch, f64) {
        let passes = batches.map(|batch| critic.network.forward(batch.clone(), Mode::Train));
        let [real, fake] = passes.each_ref().map(Pass::scores);
        let (n, mut by_real, mut by_fake) = (fake.len() as f64, vec![0.0; real.len()], vec![0.0; fake.len()]);
        let loss = self.game.unrolled_generator(&real, &fake, [&mut by_real, &mut by_fake]) / n;
        let by = |slopes: &[f64]| -> Batch { slopes.iter().map(|slope| vec![slope / n]).collect() };
        let (mut parameters, by_packs) = critic.network.backward(&passes[1], by(&by_fake));
        add(&mut parameters, &critic.network.backward(&passes[0], by(&by_real)).0);
        let buffers = critic.buffers.each_ref().map(|buffer| vec![0.0; buffer.len()]);
        (Taken { parameters, gradient: Vec::new(), buffers }, by_packs, loss)
    }

    /// By how much the gradients of a critic's loss, by its parameters and by the generated packs, move as it goes along
    /// `direction`.
    fn turn(&self, critic: &mut Trained, batches: [&Batch; 2], direction: &[f64]) -> (Vec<f64>, Batch) {
        let moving: Vec<Dual> =
            critic.network.parameters.iter().zip(direction).map(|(&value, &slope)| Dual::new(value, slope)).collect();
        let still = |batch: &Batch| batch.iter().map(|x| x.iter().map(|&x| Dual::from_f64(x)).collect()).collect();
        let passes = batches.map(|batch| critic.network.pass(&moving, still(batch), Mode::Train));
        let slopes = self.moving_slopes(passes.each_ref().map(Pass::scores));
        let mut by_critic = vec![0.0; direction.len()];
        let mut by_fake = Batch::new();
        for (pass, slopes) in passes.iter().zip(slopes) {
            let by_scores = slopes.into_iter().map(|slope| vec![slope]).collect();
            let (gradient, by_packs) = critic.network.back(&moving, pass, by_scores);
            by_critic.iter_mut().zip(gradient).for_each(|(to, by)| *to += by.slope);
            by_fake = by_packs.into_iter().map(|pack| pack.into_iter().map(|by| by.slope).collect()).collect();
        }
        (by_critic, by_fake)
    }

    /// The slopes of the critic's mean loss by scores that move.
    fn moving_slopes(&self, [real, fake]: [Vec<Dual>; 2]) -> [Vec<Dual>; 2] {
        let values = |scores: &[Dual]| scores.iter().map(|score| score.value).collect::<Vec<_>>();
        let (r, f) = (values(&real), values(&fake));
        let (mut by_real, mut by_fake) = (vec![0.0; r.len()], vec![0.0; f.len()]);
        self.game.critic(&r, &f, [&mut by_real, &mut by_fake]);
        let n = r.len() as f64;
        let moves = |slopes: &[f64], turns: &dyn Fn(usize) -> f64| {
            let both = slopes.iter().enumerate().map(|(i, slope)| Dual::new(slope / n, turns(i) / n));
            both.collect::<Vec<_>>()
        };
        // A checked config has a rule whose second derivatives are known.
        let Some(Curvature { alone: [of_real, of_fake], gaps }) = self.game.critic_curvature(&r, &f) else {
            return [moves(&by_real, &|_| 0.0), moves(&by_fake, &|_| 0.0)];
        };
        let gap = |i: usize| gaps[i] * (real[i].slope - fake[i].slope);
        [
            moves(&by_real, &|i| of_real[i] * real[i].slope + gap(i)),
            moves(&by_fake, &|i| of_fake[i] * fake[i].slope - gap(i)),
        ]
    }
}

impl Trained {
    /// Puts parameters and buffers in the place of its own.
    fn take(&mut self, from: &Taken) {
        self.network.parameters.clone_from(&from.parameters);
        self.buffers.clone_from(&from.buffers);
        self.network.settle();
    }
}
