//! The values on a logarithmic axis that have labels, and what stands there.

/// The values that have labels, as many as leave room between each other: the axis is as long as `room` labels. Over a decade
/// and more they are round in the way of a logarithmic scale, else evenly spaced round numbers.
pub(super) fn ticks((low, high): (f64, f64), room: f64) -> Vec<f64> {
    let exponents = low.log10().floor() as i32..=high.log10().ceil() as i32;
    // Written and read again, so that 3 x 10^-1 is 0.3.
    let value = |digits: i64, exponent: i32| format!("{digits}e{exponent}").parse::<f64>().unwrap_or(f64::NAN);
    let within = |values: &mut dyn Iterator<Item = f64>| -> Vec<f64> {
        values.filter(|value| (low..=high).contains(value)).collect()
    };
    let fits = |values: &[f64]| {
        let closest = values.windows(2).map(|pair| (pair[1] / pair[0]).ln()).fold(f64::INFINITY, f64::min);
        closest * room >= (high / low).ln()
    };
    let logarithmic = [&[1, 2, 3, 4, 5, 6, 7, 8, 9][..], &[1, 2, 3, 5, 7], &[1, 2, 5], &[1, 3], &[1]].map(|digits| {
        within(&mut exponents.clone().flat_map(|exponent| digits.iter().map(move |&digit| value(digit, exponent))))
    });
    let sparse = (2..=exponents.clone().count().max(2))
        .map(|every| within(&mut exponents.clone().step_by(every).map(|exponent| value(1, exponent))));
    let step = (high - low).log10().floor() as i32;
    let even =
        (step - 2..=step).flat_map(|exponent| [1, 2, 5].map(|digit| (digit, exponent))).map(|(digit, exponent)| {
            let first = (low / value(digit, exponent)).ceil() as i64;
            within(&mut (first..first + 1000).map(|i| value(i * digit, exponent)))
        });
    // Nearly a decade is too uneven for many even steps.
    let even: Vec<Vec<f64>> = if high / low < 10.0 { even.collect() } else { Vec::new() };
    let mut in_order = even.into_iter().chain(logarithmic).chain(sparse);
    in_order.find(|values| values.len() > 1 && fits(values)).unwrap_or_default()
}

/// What stands at each of them: all digits that they are told apart by, in the way that is shorter.
pub(super) fn labels(ticks: &[f64]) -> Vec<String> {
    let is_even = ticks.last().zip(ticks.first()).is_some_and(|(last, first)| last / first < 10.0);
    let needed = |value: &f64| value.to_string().split_once('.').map_or(0, |(_, decimals)| decimals.len());
    // Numbers that stand evenly have as many decimals each.
    let most = ticks.iter().map(needed).max().unwrap_or(0);
    let plain = |value: &f64| if is_even { format!("{value:.most$}") } else { value.to_string() };
    let (plain, short): (Vec<String>, Vec<String>) = ticks.iter().map(|x| (plain(x), format!("{x:e}"))).unzip();
    let longest = |labels: &[String]| labels.iter().map(String::len).max().unwrap_or(0);
    // 0.0001 and 100000 are read at a glance; what is longer is not.
    if longest(&plain) > 6.max(longest(&short)) { short } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_round_and_leave_room_on_every_range() {
        assert_eq!(ticks((0.012, 0.9), 22.0), [0.02, 0.03, 0.05, 0.07, 0.1, 0.2, 0.3, 0.5, 0.7]);
        assert_eq!(ticks((0.5, 0.61), 6.0), [0.5, 0.52, 0.54, 0.56, 0.58, 0.6]);
        assert_eq!(ticks((1e-5, 1e5), 6.0), [1e-5, 1e-3, 1e-1, 1e1, 1e3, 1e5]);
        for low in [1e-9, 0.003, 0.7, 42.0, 1e6] {
            for ratio in [1.001, 1.05, 1.5, 2.0, 5.0, 9.0, 11.0, 50.0, 1e3, 1e9] {
                for room in [5.0, 20.0] {
                    let ticks = ticks((low, low * ratio), room);
                    assert!((2..=room as usize + 1).contains(&ticks.len()), "{low} {ratio} {room}: {ticks:?}");
                    let close = ticks.windows(2).any(|pair| (pair[1] / pair[0]).ln() * room < ratio.ln());
                    assert!(!close, "{low} {ratio}: {ticks:?}");
                }
            }
        }
    }

    #[test]
    fn numbers_on_an_axis_are_told_apart_and_short() {
        assert_eq!(labels(&[0.02, 0.1, 1.0, 10.0]), ["0.02", "0.1", "1", "10"]);
        assert_eq!(labels(&[0.5, 0.52, 0.6]), ["0.50", "0.52", "0.60"]);
        assert_eq!(labels(&[1e-5, 1e-3, 1e5]), ["1e-5", "1e-3", "1e5"]);
        assert_eq!(labels(&[1e6, 1e8]), ["1e6", "1e8"]);
    }
}
