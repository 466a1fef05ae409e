//! What has to be known of a program before it may go into an empty image: for which machine it is, and that it needs
//! no file beside itself.
//!
//! Source: System V ABI, "ELF header" and "program header"; 64-bit little-endian only, as are our targets.

use crate::loki::Failure;

/// Program header type of the path of a dynamic loader.
const PT_INTERP: u32 = 3;
/// Most program headers looked at; linkers write about ten.
const HEADERS_MAX: usize = 128;

/// What an executable file says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elf {
    /// The machine as images spell it: `amd64`, `arm64`.
    pub architecture: &'static str,
    /// The loader it asks for; a static program asks for none.
    pub loader: Option<String>,
}

/// Reads the headers of an executable.
///
/// # Errors
/// It is no 64-bit little-endian ELF file, breaks off, or is for a machine that we have no name for.
pub fn inspect(bytes: &[u8]) -> Result<Elf, Failure> {
    let broken = || Failure("the program is no whole 64-bit ELF file".to_owned());
    if bytes.get(..6) != Some(b"\x7fELF\x02\x01".as_slice()) {
        return Err(broken());
    }
    let number = |at: usize, length: usize| -> Option<u64> {
        let bytes = bytes.get(at..at.checked_add(length)?)?;
        Some(bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    };
    let place = |at: usize, length: usize| usize::try_from(number(at, length)?).ok();
    let architecture = match number(18, 2).ok_or_else(broken)? {
        62 => "amd64",
        183 => "arm64",
        243 => "riscv64",
        other => {
            return Err(Failure(format!(
                "the program is for machine number {other}, which has no name here"
            )));
        }
    };
    let (table, size, count) = (place(32, 8), place(54, 2), place(56, 2));
    let (Some(table), Some(size), Some(count)) = (table, size, count) else {
        return Err(broken());
    };
    let loader = (0..count.min(HEADERS_MAX)).find_map(|index| {
        let header = table.checked_add(index.checked_mul(size)?)?;
        (number(header, 4)? == u64::from(PT_INTERP)).then_some(())?;
        let (from, length) = (place(header.checked_add(8)?, 8)?, place(header.checked_add(32)?, 8)?);
        let text = bytes.get(from..from.checked_add(length)?)?;
        Some(String::from_utf8_lossy(text).trim_end_matches('\0').to_owned())
    });
    Ok(Elf { architecture, loader })
}
