//! Who logs belong to.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

/// Longest tenant id, in bytes; Loki's limit, and short enough for a folder name.
const TENANT_ID_BYTES_MAX: usize = 150;

/// A tenant's id, safe as a folder name.
///
/// # Source
/// Loki, "Multi-tenancy": at most 150 of `[a-zA-Z0-9!\-_.*'()]`, not `.` or `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(Arc<str>);

/// Why a text is no tenant id; the texts are Loki's.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TenantError {
    /// Longer than 150 bytes.
    #[error("tenant ID is too long: max {TENANT_ID_BYTES_MAX} characters")]
    TooLong,
    /// A character that is not allowed.
    #[error("tenant ID '{id}' contains unsupported character '{character}'")]
    Character {
        /// The text.
        id: String,
        /// Its first bad character.
        character: char,
    },
    /// `.` or `..`, which are no names.
    #[error("tenant ID is '.' or '..'")]
    Dots,
}

impl TenantId {
    /// Checks a tenant id.
    pub fn new(id: &str) -> Result<Self, TenantError> {
        if id.len() > TENANT_ID_BYTES_MAX {
            return Err(TenantError::TooLong);
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "!-_.*'()".contains(c);
        if let Some(character) = id.chars().find(|&c| !allowed(c)) {
            return Err(TenantError::Character {
                id: id.to_owned(),
                character,
            });
        }
        if id == "." || id == ".." {
            return Err(TenantError::Dots);
        }
        Ok(Self(id.into()))
    }

    /// The tenant of a store without authentication: `fake`, as in Loki.
    pub fn single() -> Self {
        Self("fake".into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
