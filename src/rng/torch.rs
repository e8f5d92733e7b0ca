//! PyTorch's normal numbers on a CPU, `torch.manual_seed(seed)` and then `torch.randn`: people quote seeds which mean them.
//!
//! From MT19937 and the method of Box and Muller (1958). Sixteen or more numbers are made sixteen at a time in single
//! precision, from 24 bits each; fewer are made in double precision, from 53. PyTorch's own last digit depends on the CPU;
//! here it is the same on all.

use std::f32::consts::TAU;

use super::mersenne::Mersenne;

/// Numbers that are made together.
const TOGETHER: usize = 16;

/// `torch.manual_seed(seed)`, then `torch.randn(n)` in single precision.
///
/// A shape of several axes has the same numbers, one row after another. Of the seed PyTorch takes the lower 32 bits.
pub fn torch_normals(seed: u64, n: usize) -> Vec<f32> {
    let mut words = Mersenne::new(seed as u32);
    if n < TOGETHER { few(&mut words, n) } else { many(&mut words, n) }
}

fn many(words: &mut Mersenne, n: usize) -> Vec<f32> {
    let mut uniform = || (words.word() & 0x00ff_ffff) as f32 / (1 << 24) as f32;
    let mut numbers: Vec<f32> = (0..n).map(|_| uniform()).collect();
    let (groups, rest) = numbers.as_chunks_mut::<TOGETHER>();
    groups.iter_mut().for_each(turn);
    if !rest.is_empty() {
        // The last sixteen are drawn anew, those of the group before that lie among them too.
        let mut last: [f32; TOGETHER] = std::array::from_fn(|_| uniform());
        turn(&mut last);
        numbers[n - TOGETHER..].copy_from_slice(&last);
    }
    numbers
}

/// Uniform numbers to normal ones: each of the first eight is the radius of one of the last eight.
fn turn(group: &mut [f32; TOGETHER]) {
    let (radii, angles) = group.split_at_mut(TOGETHER / 2);
    for (x, y) in radii.iter_mut().zip(angles) {
        let radius = (-2.0 * libm::log(f64::from(1.0 - *x)) as f32).sqrt();
        let angle = f64::from(TAU * *y);
        (*x, *y) = (radius * libm::cos(angle) as f32, radius * libm::sin(angle) as f32);
    }
}

fn few(words: &mut Mersenne, n: usize) -> Vec<f32> {
    let mut uniform = || {
        let (high, low) = (u64::from(words.word()), u64::from(words.word()));
        ((high << 32 | low) & ((1 << 53) - 1)) as f64 / (1_u64 << 53) as f64
    };
    let pairs = (0..n.div_ceil(2)).flat_map(|_| {
        let angle = std::f64::consts::TAU * uniform();
        let radius = (-2.0 * libm::log1p(-uniform())).sqrt();
        [radius * libm::cos(angle), radius * libm::sin(angle)].map(|x| x as f32)
    });
    pairs.take(n).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `scripts/code_fixtures.py` had from PyTorch; its last digit is its CPU's.
    #[test]
    fn the_numbers_are_pytorchs() {
        let fixture: serde_json::Value = serde_json::from_str(include_str!("../../tests/fixtures/codes.json")).unwrap();
        let cases = fixture["torch"].as_array().unwrap();
        for case in cases {
            let [seed, n, dim] = ["seed", "n", "dim"].map(|key| case[key].as_u64().unwrap());
            let numbers = torch_normals(seed, (n * dim) as usize);
            assert_eq!(numbers.len() as u64, n * dim);
            for (row, first) in numbers.chunks_exact(dim as usize).zip(case["first"].as_array().unwrap()) {
                for (got, expected) in row.iter().zip(first.as_array().unwrap()) {
                    let apart = (f64::from(*got) - expected.as_f64().unwrap()).abs();
                    assert!(apart < 1e-6, "seed {seed}, {n} x {dim}: {got} for {expected}");
                }
            }
        }
        let sizes: Vec<u64> =
            cases.iter().map(|case| case["n"].as_u64().unwrap() * case["dim"].as_u64().unwrap()).collect();
        assert!(sizes.iter().any(|n| *n < 16) && sizes.iter().any(|n| *n > 16 && n % 16 > 0), "every way to make them");
    }

    #[test]
    fn no_draw_is_infinite() {
        // 1 - u is never 0, so that every logarithm is finite.
        assert!(torch_normals(11, 1 << 20).iter().all(|x| x.is_finite()));
    }
}
