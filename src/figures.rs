//! Numbers as people read them: with the digits that say something.

/// A measured number, such as a distance or a loss: four decimals where it is of the size of 1, an exponent where they
/// would say nothing.
pub fn measure(x: f64) -> String {
    let size = x.abs();
    if x == 0.0 || (0.001..1e5).contains(&size) || !x.is_finite() { fixed(x, 4) } else { short(x, 1) }
}

/// A number with so many digits that count: as it stands where it is of a size that people read, else with an exponent.
pub fn significant(x: f64, digits: usize) -> String {
    if x == 0.0 || !x.is_finite() {
        return fixed(x, 0);
    }
    if !(0.001..1e6).contains(&x.abs()) {
        return short(x, digits.saturating_sub(1));
    }
    let whole = x.abs().log10().floor() as i32 + 1;
    fixed(x, usize::try_from(digits as i32 - whole).unwrap_or(0))
}

/// A number and its error, each as text: the error with two digits, and the number as far as the error lets it say
/// something. Without an error, or where that is 0, the number has four digits.
pub fn with_error(x: f64, error: Option<f64>) -> (String, Option<String>) {
    let Some(error) = error.filter(|error| error.is_finite() && x.is_finite()) else {
        return (significant(x, 4), error.map(|error| error.to_string()));
    };
    // What rounding leaves of an error of 0 is none.
    if error <= x.abs() * 1e-13 {
        return (significant(x, 4), Some("0".to_owned()));
    }
    let place = |x: f64| if x == 0.0 { i32::MIN } else { x.abs().log10().floor() as i32 };
    let decimals = 1 - place(error);
    match usize::try_from(decimals) {
        Ok(decimals @ 0..=6) => (fixed(x, decimals), Some(fixed(error, decimals))),
        Err(_) if x.abs().max(error) < 1e6 => (fixed(x, 0), Some(fixed(error, 0))),
        // So small, so large, or so sure that all its digits would not be read.
        _ => {
            let digits = place(x).saturating_add(decimals).clamp(0, 5);
            (short(x, digits as usize), Some(short(error, 1)))
        }
    }
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
            (-0.0, "0.0000"),
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
    fn significant_digits_are_those_that_were_asked_for() {
        for (x, digits, text) in [
            (0.0, 3, "0"),
            (-0.0, 3, "0"),
            (1.0, 4, "1.000"),
            (17.7345, 3, "17.7"),
            (148.3, 3, "148"),
            (-0.020_31, 3, "-0.0203"),
            (13_951.4, 3, "13951"),
            (13_951_981.49, 3, "1.40e7"),
            (0.000_123_4, 3, "1.23e-4"),
            (f64::INFINITY, 3, "inf"),
        ] {
            assert_eq!(significant(x, digits), text);
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
    fn a_number_ends_where_its_error_begins() {
        let cases = [
            (26.875, 24.3784, "27", "24"),
            (2.0, 0.577_35, "2.00", "0.58"),
            (0.1301, 0.0443, "0.130", "0.044"),
            (-0.0003, 0.0123, "0.000", "0.012"),
            (-0.9308, 0.0158, "-0.931", "0.016"),
            (2688.4, 243.9, "2688", "244"),
            (4_123_456.781, 0.11, "4123456.78", "0.11"),
            (1.396_4e7, 6.04e5, "1.396e7", "6.0e5"),
            (1.234e-5, 3.3e-7, "1.234e-5", "3.3e-7"),
            (0.5, 0.0, "0.5000", "0"),
            (0.013_333, 2.1e-17, "0.01333", "0"),
            (0.5, 1e-9, "5.00000e-1", "1.0e-9"),
            (0.0, 0.02, "0.000", "0.020"),
        ];
        for (x, error, text, error_text) in cases {
            assert_eq!(with_error(x, Some(error)), (text.to_owned(), Some(error_text.to_owned())), "{x} {error}");
        }
        assert_eq!(with_error(1.234_56, None), ("1.235".to_owned(), None));
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
