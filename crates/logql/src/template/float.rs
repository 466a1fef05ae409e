//! Floating point numbers as Go prints them.

/// More digits than any number has; the formatter of the standard library does not take many more.
const DIGITS_MAX: usize = 1_100;

/// Zeros for the decimals that are beyond [`DIGITS_MAX`].
fn zeros(decimals: Option<usize>) -> String {
    "0".repeat(decimals.map_or(0, |decimals| decimals.saturating_sub(DIGITS_MAX)))
}

/// Go's `%e`: one digit, a point, `decimals` digits (as many as are exact without), an exponent of two digits.
pub(super) fn exponential(value: f64, decimals: Option<usize>) -> String {
    if let Some(text) = special(value) {
        return text;
    }
    let text = match decimals.map(|decimals| decimals.min(DIGITS_MAX)) {
        Some(decimals) => format!("{value:.decimals$e}"),
        None => format!("{value:e}"),
    };
    let zeros = zeros(decimals);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}{zeros}e{sign}{:02}", exponent.abs())
}

/// Go's `%f`.
pub(super) fn fixed(value: f64, decimals: Option<usize>) -> String {
    special(value).unwrap_or_else(|| match decimals.map(|decimals| decimals.min(DIGITS_MAX)) {
        Some(rounded) => format!("{value:.rounded$}{}", zeros(decimals)),
        None => format!("{value}"),
    })
}

/// Go's `%g`: the shorter of both, by the size of the exponent; `digits` are significant ones.
pub(super) fn general(value: f64, digits: Option<usize>) -> String {
    if let Some(text) = special(value) {
        return text;
    }
    if value == 0.0 {
        return if value.is_sign_negative() { "-0" } else { "0" }.to_owned();
    }
    let precision = digits.map(|digits| digits.clamp(1, DIGITS_MAX));
    let text = match precision {
        Some(digits) => format!("{:.*e}", digits - 1, value),
        None => format!("{value:e}"),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let mantissa = without_zeros(mantissa);
    let places = mantissa.bytes().filter(u8::is_ascii_digit).count() as i32;
    let bound = match precision {
        // A whole number that fits its digits needs no exponent.
        Some(digits) if digits as i32 > places && places > exponent => places,
        Some(digits) => digits as i32,
        None => SHORTEST_EXPONENT_MAX,
    };
    if exponent < -4 || exponent >= bound {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    let decimals = (places - 1 - exponent).max(0) as usize;
    format!("{value:.decimals$}")
}

/// From this exponent on the shortest form has one; Go's `strconv` decides by six digits.
const SHORTEST_EXPONENT_MAX: i32 = 6;

fn without_zeros(mantissa: &str) -> &str {
    if mantissa.contains('.') {
        mantissa.trim_end_matches('0').trim_end_matches('.')
    } else {
        mantissa
    }
}

fn special(value: f64) -> Option<String> {
    if value.is_nan() {
        Some("NaN".to_owned())
    } else if value.is_infinite() {
        Some(if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_decimals_than_there_are_are_zeros() {
        let zeros = "0".repeat(70_000);
        assert_eq!(fixed(5.0, Some(70_000)), format!("5.{zeros}"));
        assert_eq!(exponential(5.0, Some(70_000)), format!("5.{zeros}e+00"));
        assert_eq!(general(5.0, Some(70_000)), "5");
    }
}
