//! Byte sizes as Loki's and OpenTelemetry's configurations write them.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ByteSize(pub u64);

/// The text is no size.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("'{0}' is not a size; write a number of bytes or a number with a unit, as in 64MiB, 4MB, 512KB")]
pub struct SizeError(pub String);

/// Units with what they multiply by. `KB` and `MB` are powers of 1024 as in Loki's flags (`flagext.ByteSize`
/// reads them by `datasize`-like rules), `KiB` and `MiB` the same, said plainly.
const UNITS: [(&str, u64); 17] = [
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("ki", 1 << 10),
    ("mi", 1 << 20),
    ("gi", 1 << 30),
    ("ti", 1 << 40),
    ("kb", 1 << 10),
    ("mb", 1 << 20),
    ("gb", 1 << 30),
    ("tb", 1 << 40),
    ("k", 1 << 10),
    ("m", 1 << 20),
    ("g", 1 << 30),
    ("b", 1),
    ("", 1),
];

impl FromStr for ByteSize {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        let error = || SizeError(text.to_owned());
        let trimmed = text.trim();
        let split = trimmed
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(split);
        let unit = unit.trim().to_ascii_lowercase();
        let number: f64 = number.parse().map_err(|_| error())?;
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(error)?;
        let bytes = number * *factor as f64;
        if !(0.0..9e18).contains(&bytes) {
            return Err(error());
        }
        Ok(Self(bytes as u64))
    }
}

/// The largest unit that divides it: `64MiB`, `1500B`.
impl fmt::Display for ByteSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, shift) in [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)] {
            if self.0 != 0 && self.0.is_multiple_of(1 << shift) {
                return write!(formatter, "{}{unit}", self.0 >> shift);
            }
        }
        write!(formatter, "{}B", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes() {
        let check = |text: &str, bytes: u64, printed: &str| {
            let size: ByteSize = text.parse().unwrap();
            assert_eq!((size.0, size.to_string().as_str()), (bytes, printed), "{text}");
        };
        check("2MB", 2 << 20, "2MiB");
        check("64MiB", 64 << 20, "64MiB");
        check("1.5KB", 1536, "1536B");
        check("2097152", 2 << 20, "2MiB");
        check("100", 100, "100B");
        for bad in ["", "MB", "-1", "4 parsecs", "1e3"] {
            assert_eq!(bad.parse::<ByteSize>(), Err(SizeError(bad.to_owned())));
        }
    }
}
