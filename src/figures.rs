//! Numbers as people read them: with the digits that say something.

/// A measured number, such as a distance or a loss: four decimals where it is of the size of 1, an exponent where they
/// would say nothing.
pub fn measure(x: f64) -> String {
    let size = x.abs();
    if x == 0.0 || (0.001..1e5).contains(&size) || !x.is_finite() { format!("{x:.4}") } else { short(x, 1) }
}

/// A number of which nothing else is known: all digits that say something, where they are not many.
pub fn digits(x: f64) -> String {
    let (plain, exact) = (format!("{x:.4}"), x.to_string());
    match x.abs() {
        size if size == 0.0 || (0.1..1e5).contains(&size) => plain,
        size if (1e-3..1e15).contains(&size) && exact.len() <= 14 => exact,
        size if (0.1..1e15).contains(&size) => format!("{x:.3}"),
        _ => format!("{x:.4e}"),
    }
}

/// A coordinate of points that lie so far apart along their axis: three digits of that, whatever lies before them.
pub fn place(x: f64, spread: f64) -> String {
    let spread = if spread > 0.0 { spread } else { x.abs() };
    if !(x.is_finite() && spread.is_finite()) || spread == 0.0 {
        return format!("{x:.4}");
    }
    let decimals = 3 - spread.log10().floor() as i32;
    match usize::try_from(decimals) {
        Ok(decimals @ 0..=6) => fixed(x, decimals),
        // So small, or so large, that an exponent is shorter.
        Ok(_) => short(x, 3),
        Err(_) if x.abs() < 1e7 => fixed(x, 0),
        Err(_) => short(x, (x.abs().log10().floor() as i32 + decimals).clamp(3, 15) as usize),
    }
}

/// With so many decimals, and no minus before nothing.
pub fn fixed(x: f64, decimals: usize) -> String {
    not_minus_zero(format!("{x:.decimals$}"))
}

/// With an exponent and so many decimals.
pub fn short(x: f64, decimals: usize) -> String {
    not_minus_zero(format!("{x:.decimals$e}"))
}

fn not_minus_zero(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) if !rest.bytes().take_while(|&b| b != b'e').any(|b| (b'1'..=b'9').contains(&b)) => rest.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_keep_digits_that_say_something() {
        for (x, text) in [
            (0.0, "0.0000"),
            (0.0203, "0.0203"),
            (12.34567, "12.3457"),
            (0.00098, "9.8e-4"),
            (-1.2e-5, "-1.2e-5"),
            (7.3e6, "7.3e6"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(measure(x), text);
        }
    }

    #[test]
    fn numbers_alone_keep_their_digits() {
        for (x, text) in [
            (0.0, "0.0000"),
            (1.5, "1.5000"),
            (3_948_995.517, "3948995.517"),
            (0.00125, "0.00125"),
            (123_456.123_456_789, "123456.123"),
            (-4.712e-5, "-4.7120e-5"),
            (1e300, "1.0000e300"),
        ] {
            assert_eq!(digits(x), text);
        }
    }

    #[test]
    fn places_are_told_apart_wherever_they_lie() {
        for (x, spread, text) in [
            (0.5, 1.4, "0.500"),
            (388_095.135, 1.8, "388095.135"),
            (3_948_995.517, 1.2, "3948995.517"),
            (-4.712e-5, 1e-4, "-4.712e-5"),
            (62.51512, 0.17, "62.5151"),
            (123_456.0, 5e5, "123456"),
            (1_763_996_400.0, 3e6, "1.763996e9"),
            (-0.00004, 1.0, "0.000"),
            (5.0, 0.0, "5.000"),
            (0.0, 0.0, "0.0000"),
        ] {
            assert_eq!(place(x, spread), text);
        }
    }
}
