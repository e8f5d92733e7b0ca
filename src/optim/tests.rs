use super::*;

/// Every optimiser, plain and with every option on.
fn all() -> Vec<Optim> {
    let mut all = Optim::ALL_DEFAULTS.to_vec();
    all.push(Optim::Sgd(SgdOptions { momentum: 0.9, dampening: 0.0, weight_decay: 0.01, nesterov: true }));
    all.push(Optim::Sgd(SgdOptions { momentum: 0.9, dampening: 0.3, weight_decay: 0.0, nesterov: false }));
    all.push(Optim::Rmsprop(RmspropOptions {
        momentum: 0.9,
        weight_decay: 0.01,
        centered: true,
        ..RmspropOptions::DEFAULT
    }));
    let adam = AdamOptions { weight_decay: 0.01, amsgrad: true, ..AdamOptions::DEFAULT };
    all.push(Optim::Adam(adam));
    all.push(Optim::Adamw(AdamwOptions { weight_decay: 0.02, amsgrad: true, ..AdamwOptions::DEFAULT }));
    all.push(Optim::OptimisticAdam(adam));
    all.push(Optim::ExtraAdam(adam));
    all
}

/// `n` numbers and their buffers.
struct Numbers {
    values: Vec<f64>,
    buffers: [Vec<f64>; BUFFERS],
}

impl Numbers {
    fn new(optim: &Optim, values: Vec<f64>) -> Self {
        let buffers = optim.buffer_names().map(|name| vec![0.0; if name.is_some() { values.len() } else { 0 }]);
        Self { values, buffers }
    }

    /// A step along the gradient of |p - 3|^2 / 2.
    fn step(&mut self, optim: &Optim, lr: f64, taken: u64) {
        let gradient: Vec<f64> = self.values.iter().map(|p| p - 3.0).collect();
        let buffers = self.buffers.each_mut().map(|buffer| &mut buffer[..]);
        Update::new(optim, lr, taken).apply(&mut self.values, &gradient, buffers);
    }
}

#[test]
fn the_listed_options_and_defaults_are_what_serde_reads() {
    for (optim, options) in Optim::ALL_DEFAULTS.iter().zip(Optim::OPTIONS) {
        let text = format!(r#"{{"name": "{}"}}"#, optim.name());
        assert_eq!(serde_json::from_str::<Optim>(&text).unwrap(), *optim);
        let serde_json::Value::Object(written) = serde_json::to_value(optim).unwrap() else { panic!("{optim:?}") };
        let written: Vec<&str> = written.keys().map(String::as_str).filter(|key| *key != "name").collect();
        let mut listed = options.to_vec();
        listed.sort_unstable_by_key(|option| written.iter().position(|key| key == option));
        assert_eq!(written, listed, "{optim:?}");
        optim.check().unwrap();
    }
    assert_eq!(Optim::names_with::<{ Optim::count_with("momentum") }>("momentum"), ["sgd", "rmsprop"]);
}

#[test]
fn every_optimiser_finds_a_minimum() {
    for optim in all() {
        let mut numbers = Numbers::new(&optim, vec![0.0, 5.0]);
        for taken in 0..3000 {
            numbers.step(&optim, 0.01, taken);
        }
        let worst = numbers.values.iter().fold(0.0_f64, |m, p| m.max((p - 3.0).abs()));
        assert!(worst < 0.1, "{optim:?} ends {worst} away");
    }
}

#[test]
fn a_part_is_updated_as_it_is_within_the_whole() {
    for optim in all() {
        let start: Vec<f64> = (0..37).map(|i| f64::from(i) * 0.3).collect();
        let mut whole = Numbers::new(&optim, start.clone());
        let mut parts: Vec<Numbers> = start.chunks(5).map(|part| Numbers::new(&optim, part.to_vec())).collect();
        for taken in 0..4 {
            whole.step(&optim, 0.01, taken);
            for part in &mut parts {
                part.step(&optim, 0.01, taken);
            }
        }
        let together: Vec<f64> = parts.into_iter().flat_map(|part| part.values).collect();
        assert_eq!(whole.values, together, "{optim:?}");
    }
}

/// Adam's direction after each of these gradients, by its formulas (Kingma and Ba 2015, algorithm 1; Reddi et al. 2018 for
/// AMSGrad, in PyTorch's form): `[m / (1 - beta1^t)] / [sqrt(v) / sqrt(1 - beta2^t) + eps]`.
fn directions(options: &AdamOptions, gradients: &[f64]) -> Vec<f64> {
    let [beta1, beta2] = options.betas;
    let mean = |t: usize, beta: f64, of: fn(f64) -> f64| -> f64 {
        (0..=t).map(|i| (1.0 - beta) * beta.powi((t - i) as i32) * of(gradients[i])).sum()
    };
    let square = |t: usize| mean(t, beta2, |g| g * g);
    let direction = |t: usize| {
        let largest = (0..=t).map(square).fold(0.0, f64::max);
        let v = if options.amsgrad { largest } else { square(t) };
        let corrected = |beta: f64| 1.0 - beta.powi(t as i32 + 1);
        mean(t, beta1, |g| g) / corrected(beta1) / ((v / corrected(beta2)).sqrt() + options.eps)
    };
    (0..gradients.len()).map(direction).collect()
}

#[test]
fn adams_kin_take_the_steps_of_the_papers() {
    let (lr, start) = (0.1, 2.0);
    // Large, then small: so that the largest mean square is not the last one.
    let gradients = [1.5, -0.5, 3.0, 0.01, 0.02, -0.01, 0.3];
    for (amsgrad, weight_decay) in [(false, 0.0), (true, 0.0), (false, 0.3), (true, 0.3)] {
        let options = AdamOptions { betas: [0.6, 0.7], weight_decay, amsgrad, ..AdamOptions::DEFAULT };
        let adamw = AdamwOptions { betas: [0.6, 0.7], weight_decay, amsgrad, ..AdamwOptions::DEFAULT };
        for optim in [Optim::Adam(options), Optim::Adamw(adamw), Optim::OptimisticAdam(options)] {
            let mut numbers = Numbers::new(&optim, vec![start]);
            let mut expected = start;
            // What the weights add is a part of the gradient in all but AdamW.
            let mut felt = Vec::new();
            for (t, &g) in gradients.iter().enumerate() {
                let is_adamw = matches!(optim, Optim::Adamw(_));
                felt.push(if is_adamw { g } else { g + weight_decay * expected });
                let along = directions(&options, &felt);
                if is_adamw {
                    expected *= 1.0 - lr * weight_decay;
                }
                expected -= match optim {
                    // Daskalakis et al. 2018, algorithm 1.
                    Optim::OptimisticAdam(_) if t > 0 => lr * (2.0 * along[t] - along[t - 1]),
                    Optim::OptimisticAdam(_) => 2.0 * lr * along[0],
                    _ => lr * along[t],
                };
                let buffers = numbers.buffers.each_mut().map(|buffer| &mut buffer[..]);
                Update::new(&optim, lr, t as u64).apply(&mut numbers.values, &[g], buffers);
                let apart = (numbers.values[0] - expected).abs();
                assert!(apart < 1e-12, "{optim:?}, step {t}: {} for {expected}", numbers.values[0]);
            }
        }
    }
}

#[test]
fn a_mean_square_that_is_not_a_number_shows() {
    let mut largest = 1.0;
    adam::grow(&mut largest, f64::NAN);
    assert!(largest.is_nan());
}

#[test]
fn options_out_of_range_are_refused_by_every_optimiser_that_has_them() {
    let mut tried = 0;
    for optim in Optim::ALL_DEFAULTS {
        let serde_json::Value::Object(defaults) = serde_json::to_value(optim).unwrap() else { panic!("{optim:?}") };
        for (option, wrong) in [
            ("betas", serde_json::json!([1.0, 0.999])),
            ("betas", serde_json::json!([0.9, -0.1])),
            ("eps", serde_json::json!(-1e-8)),
            ("weight_decay", serde_json::json!(-0.1)),
            ("momentum", serde_json::json!(-0.1)),
            ("alpha", serde_json::json!(1.0)),
        ] {
            if !defaults.contains_key(option) {
                continue;
            }
            let mut options = defaults.clone();
            options.insert(option.to_owned(), wrong);
            let optim: Optim = serde_json::from_value(options.into()).unwrap();
            assert!(optim.check().is_err(), "{optim:?}");
            tried += 1;
        }
    }
    assert!(tried >= 4 * 4, "only {tried} options were tried");
}

#[test]
fn an_extragradient_moves_from_where_it_was() {
    let optim = Optim::ExtraAdam(AdamOptions::DEFAULT);
    let mut numbers = Numbers::new(&optim, vec![0.0]);
    numbers.step(&optim, 0.5, 0);
    assert!((numbers.values[0] - 0.5).abs() < 1e-6 && numbers.buffers[3] == [0.0]);
    numbers.step(&optim, 0.5, 1);
    // Adam's second step would begin at 0.5.
    assert!(numbers.values[0] < 0.6, "{}", numbers.values[0]);
}

#[cfg(feature = "torch")]
mod tensors {
    use tch::Tensor;

    use super::super::torch::Optimizer;
    use super::*;

    /// The gradient of |p - 3|^2 / 2.
    fn gradient(parameters: &Tensor) -> Tensor {
        parameters - 3.0
    }

    #[test]
    fn plain_numbers_and_tensors_step_alike() {
        for optim in all() {
            let mut plain = Numbers::new(&optim, vec![0.0, 5.0, -2.0]);
            let mut tensor = Tensor::from_slice(&plain.values);
            let mut optimizer = Optimizer::new(optim, 0.01, &tensor).unwrap();
            for taken in 0..20 {
                plain.step(&optim, 0.01, taken);
                let gradient = gradient(&tensor);
                optimizer.step(&mut tensor, &gradient).unwrap();
            }
            let theirs = Vec::<f64>::try_from(&tensor).unwrap();
            let apart = plain.values.iter().zip(&theirs).fold(0.0_f64, |m, (a, b)| m.max((a - b).abs()));
            assert!(apart < 1e-14, "{optim:?}: {apart}");
            let kept: Vec<&str> = optimizer.buffers().iter().map(|(name, _)| *name).collect();
            assert_eq!(optim.buffer_names().into_iter().flatten().collect::<Vec<_>>(), kept);
            assert_eq!(optimizer.steps(), 20);
        }
    }

    #[test]
    fn a_saved_state_goes_on_exactly() {
        for optim in all() {
            let mut parameters = Tensor::from_slice(&[0.0, 5.0]);
            let mut first = Optimizer::new(optim, 0.01, &parameters).unwrap();
            for _ in 0..3 {
                let gradient = gradient(&parameters);
                first.step(&mut parameters, &gradient).unwrap();
            }
            let mut again = Optimizer::new(optim, 0.01, &parameters).unwrap();
            again.set_steps(first.steps());
            for ((name, to), (from_name, from)) in again.buffers().into_iter().zip(first.buffers()) {
                assert_eq!(name, from_name);
                to.copy_(from);
            }
            let mut copy = parameters.copy();
            let gradient = gradient(&parameters);
            first.step(&mut parameters, &gradient).unwrap();
            again.step(&mut copy, &gradient).unwrap();
            assert!(parameters.equal(&copy), "{optim:?}");
        }
    }
}
