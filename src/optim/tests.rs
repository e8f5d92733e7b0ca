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
