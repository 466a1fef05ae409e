//! A message that can be recognised anywhere: its number, whose it is, and a checksum over all of it.
//!
//! ```text
//! n=17 pod=cart-1 out=stdout <text> crc=1a2b3c4d
//! ```
//!
//! Invariant: the text holds runs of blanks, tabs and multi-byte characters, but no line feed, and never ` crc=`.

use crate::random::Random;

/// Words of the text. The blanks, the tab and the characters of two to four bytes are there for the cuts.
const WORDS: &[&str] = &[
    "GET /cart/items",
    "POST /orders",
    "level=info",
    "level=warn",
    "level=error",
    "  ",
    "\t",
    "took",
    "250ms",
    "user",
    "größer",
    "naïve",
    "注文",
    "🚢",
    "connection reset by peer",
    "retry in 2s",
    "{\"status\":200}",
    "\"quoted text\"",
    "cache miss",
    "worker started",
    "   deeply indented",
    "queue depth 17",
];

/// Which of its two outputs a program wrote to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Output {
    /// Standard output.
    Stdout = 0,
    /// Standard error.
    Stderr = 1,
}

impl Output {
    /// The name in a container log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// What a message says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// Its number among the messages of its pod and output, from 0.
    pub number: u64,
    /// The pod that wrote it.
    pub pod: &'a str,
    /// The output it was written to.
    pub output: Output,
}

impl<'a> Message<'a> {
    /// The text of message `number`, `length` bytes long or a little more.
    pub fn write(&self, length: usize, random: &mut Random) -> Vec<u8> {
        let mut text = format!("n={} pod={} out={}", self.number, self.pod, self.output.name());
        while text.len() + " crc=12345678".len() < length {
            text.push(' ');
            text.push_str(random.pick(WORDS));
        }
        // Cut back to the length asked for, at a border between characters.
        let keep = text.floor_char_boundary(
            length
                .saturating_sub(" crc=12345678".len())
                .max(text.find("out=").unwrap_or(0) + 10),
        );
        text.truncate(keep);
        let crc = crc32fast::hash(text.as_bytes());
        text.push_str(&format!(" crc={crc:08x}"));
        text.into_bytes()
    }

    /// Reads a message; `None` when a byte of it is not as it was written, or when it never was one.
    pub fn read(line: &'a str) -> Option<Self> {
        let (body, crc) = line.rsplit_once(" crc=")?;
        if crc.len() != 8 || u32::from_str_radix(crc, 16) != Ok(crc32fast::hash(body.as_bytes())) {
            return None;
        }
        let mut words = body.splitn(4, ' ');
        let number = words.next()?.strip_prefix("n=")?.parse().ok()?;
        let pod = words.next()?.strip_prefix("pod=")?;
        let output = match words.next()?.strip_prefix("out=")? {
            "stdout" => Output::Stdout,
            "stderr" => Output::Stderr,
            _ => return None,
        };
        Some(Self { number, pod, output })
    }
}
