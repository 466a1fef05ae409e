//! Decimal fractions: `addf` and its kin count with them, so that 0.1 and 0.2 are 0.3.
//!
//! Invariant: exact within 38 digits; what does not fit is counted in binary floating point.

/// Digits after the point that a division gives.
const DIVISION_DIGITS: i32 = 16;

/// `digits * 10^exponent`
#[derive(Debug, Clone, Copy, PartialEq)]
struct Decimal {
    digits: i128,
    exponent: i32,
}

impl Decimal {
    /// The shortest decimal fraction that means this number.
    fn new(value: f64) -> Option<Self> {
        let text = format!("{value:e}");
        let (mantissa, exponent) = text.split_once('e')?;
        let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        Some(Self {
            digits: mantissa.replace('.', "").parse().ok()?,
            exponent: exponent.parse::<i32>().ok()? - decimals as i32,
        })
    }

    fn scaled_to(self, exponent: i32) -> Option<i128> {
        let factor = 10_i128.checked_pow(u32::try_from(self.exponent - exponent).ok()?)?;
        self.digits.checked_mul(factor)
    }

    fn value(self) -> f64 {
        format!("{}e{}", self.digits, self.exponent).parse().unwrap_or(f64::NAN)
    }
}

/// What is done with two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// Does it; `None` for a division by zero.
pub(super) fn apply(operation: Operation, left: f64, right: f64) -> Option<f64> {
    if operation == Operation::Divide && right == 0.0 {
        return None;
    }
    let exact = Decimal::new(left)
        .zip(Decimal::new(right))
        .and_then(|(left, right)| exactly(operation, left, right));
    Some(exact.map(Decimal::value).unwrap_or(match operation {
        Operation::Add => left + right,
        Operation::Subtract => left - right,
        Operation::Multiply => left * right,
        Operation::Divide => left / right,
    }))
}

fn exactly(operation: Operation, left: Decimal, right: Decimal) -> Option<Decimal> {
    let exponent = left.exponent.min(right.exponent);
    let (digits, exponent) = match operation {
        Operation::Add => (
            left.scaled_to(exponent)?.checked_add(right.scaled_to(exponent)?)?,
            exponent,
        ),
        Operation::Subtract => (
            left.scaled_to(exponent)?.checked_sub(right.scaled_to(exponent)?)?,
            exponent,
        ),
        Operation::Multiply => (left.digits.checked_mul(right.digits)?, left.exponent + right.exponent),
        Operation::Divide => {
            let scaled = left.scaled_to(right.exponent - DIVISION_DIGITS)?;
            let quotient = scaled / right.digits;
            // Half away from zero.
            let rest = (scaled % right.digits).abs();
            let sign = if (scaled < 0) == (right.digits < 0) { 1 } else { -1 };
            let up = if rest.checked_mul(2)? >= right.digits.abs() {
                sign
            } else {
                0
            };
            (quotient + up, -DIVISION_DIGITS)
        }
    };
    Some(Decimal { digits, exponent })
}
