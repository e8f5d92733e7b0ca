//! The gradient through a step: from a loss's derivatives by what a step gives to those by what it takes.

use super::{BUFFERS, Optim, Update};
use crate::real::{Dual, Real as _};

/// All that a step takes, or a loss's derivatives by that.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// The parameters.
    pub parameters: Vec<f64>,
    /// Their gradient.
    pub gradient: Vec<f64>,
    /// The optimiser's buffers; those that it does not keep are empty.
    pub buffers: [Vec<f64>; BUFFERS],
}

/// The step of these numbers after `taken` others: what becomes of parameters and buffers.
pub fn step(optim: &Optim, [lr, taken]: [f64; 2], from: &Taken) -> Taken {
    let mut to = from.clone();
    let update = Update::new(optim, lr, taken as u64);
    update.apply(&mut to.parameters, &from.gradient, to.buffers.each_mut().map(|buffer| &mut buffer[..]));
    to
}

/// A loss's derivatives by all that the step after `taken` others takes, given those by the parameters and the buffers that
/// it gives (the gradient's place in `by` is not looked at). A step treats each number for itself; so its derivatives by one
/// of the arrays are those of a step in which all numbers of that array move.
pub fn adjoint(optim: &Optim, [lr, taken]: [f64; 2], from: &Taken, by: &Taken) -> Taken {
    let update = Update::<Dual>::new(optim, lr, taken as u64);
    let moved = |values: &[f64], moves: bool| -> Vec<Dual> {
        values.iter().map(|&value| if moves { Dual::new(value, 1.0) } else { Dual::from_f64(value) }).collect()
    };
    // Which array moves: 0 for the parameters, 1 for the gradient, then the buffers.
    let along = |which: usize| -> Vec<f64> {
        let (mut parameters, gradient) = (moved(&from.parameters, which == 0), moved(&from.gradient, which == 1));
        let mut buffers: [Vec<Dual>; BUFFERS] = std::array::from_fn(|i| moved(&from.buffers[i], which == 2 + i));
        update.apply(&mut parameters, &gradient, buffers.each_mut().map(|buffer| &mut buffer[..]));
        let mut sums: Vec<f64> = parameters.iter().zip(&by.parameters).map(|(x, by)| x.slope * by).collect();
        for (buffer, by) in buffers.iter().zip(&by.buffers) {
            for ((sum, x), by) in sums.iter_mut().zip(buffer).zip(by) {
                *sum += x.slope * by;
            }
        }
        sums
    };
    Taken {
        parameters: along(0),
        gradient: along(1),
        buffers: std::array::from_fn(|i| if from.buffers[i].is_empty() { Vec::new() } else { along(2 + i) }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{AdamOptions, RmspropOptions, SgdOptions};
    use super::*;

    /// Every optimiser, and options that add a buffer or a term.
    fn optims() -> Vec<Optim> {
        let momentum = SgdOptions { momentum: 0.9, weight_decay: 0.1, ..SgdOptions::DEFAULT };
        let more = [
            Optim::Sgd(SgdOptions { nesterov: true, ..momentum }),
            Optim::Sgd(SgdOptions { dampening: 0.3, ..momentum }),
            Optim::Rmsprop(RmspropOptions { centered: true, momentum: 0.5, ..RmspropOptions::DEFAULT }),
            Optim::Adam(AdamOptions { amsgrad: true, weight_decay: 0.1, ..AdamOptions::DEFAULT }),
        ];
        Optim::ALL_DEFAULTS.into_iter().chain(more).collect()
    }

    #[test]
    fn the_derivatives_are_those_of_finite_differences() {
        for optim in optims() {
            let kept = optim.buffer_names().map(|name| name.is_some());
            let from = Taken {
                parameters: vec![0.7, -0.2],
                gradient: vec![0.3, -1.1],
                buffers: std::array::from_fn(|i| if kept[i] { vec![0.11 + 0.05 * i as f64; 2] } else { vec![] }),
            };
            let weights = Taken {
                parameters: vec![1.3, -0.4],
                gradient: vec![],
                buffers: std::array::from_fn(|i| if kept[i] { vec![0.9, 0.2 * i as f64 - 0.3] } else { vec![] }),
            };
            let at = [0.05, 2.0];
            let loss = |from: &Taken| {
                let to = step(&optim, at, from);
                let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
                let buffers = to.buffers.iter().zip(&weights.buffers).map(|(a, b)| dot(a, b));
                dot(&to.parameters, &weights.parameters) + buffers.sum::<f64>()
            };
            let found = adjoint(&optim, at, &from, &weights);
            let place = |taken: &mut Taken, array: usize, i: usize, by: f64| match array {
                0 => taken.parameters[i] += by,
                1 => taken.gradient[i] += by,
                _ => taken.buffers[array - 2][i] += by,
            };
            for array in (0..2 + BUFFERS).filter(|&array| array < 2 || kept[array - 2]) {
                for i in 0..2 {
                    let moved = |by: f64| {
                        let mut moved = from.clone();
                        place(&mut moved, array, i, by);
                        loss(&moved)
                    };
                    let numeric = (moved(1e-6) - moved(-1e-6)) / 2e-6;
                    let exact = match array {
                        0 => found.parameters[i],
                        1 => found.gradient[i],
                        _ => found.buffers[array - 2][i],
                    };
                    assert!(
                        (exact - numeric).abs() < 1e-7 * (1.0 + exact.abs()),
                        "{optim:?} {array} {i}: {exact} {numeric}"
                    );
                }
            }
        }
    }
}
