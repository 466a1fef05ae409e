//! Log files of containers: the lines that container runtimes write, and what the files' paths tell.
//!
//! Invariants:
//! * Scanners are hand-written, borrow from the line and never panic; a line they do not know is `None`, and the
//!   caller keeps it as it is.
//! * Content is the bytes the program wrote, nothing trimmed. Pieces of a line may end inside a UTF-8 character, so
//!   content is bytes and becomes text only after it was joined.
//!
//! Source: Kubernetes CRI, "Log format" of `kuberuntime`; Docker, "JSON File logging driver".

mod cri;
mod docker;
mod path;

use std::borrow::Cow;

use longshore_model::TimestampNs;

pub use cri::scan_cri;
pub use docker::scan_docker;
pub use path::{PodFacts, Rotation, facts_from_path, rotation_of_name};

/// Which of its two outputs a program wrote to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl OutputStream {
    /// `stdout` or `stderr`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// One line of a container's log file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerLine<'a> {
    /// When the runtime saw it.
    pub timestamp: TimestampNs,
    /// Where the program wrote it.
    pub stream: OutputStream,
    /// Whether the program's line goes on in the next line of this stream.
    pub is_partial: bool,
    /// What the program wrote, without the line feed that ended it.
    pub content: Cow<'a, [u8]>,
}

/// How a container runtime writes lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerDialect {
    /// Found out for each line: JSON begins with a brace.
    Auto,
    /// `TIME STREAM TAG CONTENT`.
    Cri,
    /// A JSON object.
    Docker,
}

/// Reads one line, without its line feed; `None` when it is no line of that dialect.
pub fn scan(line: &[u8], dialect: ContainerDialect) -> Option<ContainerLine<'_>> {
    match dialect {
        ContainerDialect::Cri => scan_cri(line),
        ContainerDialect::Docker => scan_docker(line),
        ContainerDialect::Auto if line.first() == Some(&b'{') => scan_docker(line),
        ContainerDialect::Auto => scan_cri(line),
    }
}

#[cfg(test)]
mod tests;
