//! Extensions.

use crate::Secret;

/// An extension of any type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExtensionSettings {
    /// Where read offsets are kept.
    FileStorage(FileStorageSettings),
    /// Answers whether the collector runs.
    HealthCheck(HealthCheckSettings),
    /// Signs requests with a name and a password.
    BasicAuth(BasicAuthSettings),
    /// Signs requests with a token.
    BearerTokenAuth(BearerTokenSettings),
    /// `pprof` or `zpages`: known, does nothing here (a warning said so).
    WithoutEffect,
}

/// Settings of `file_storage`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStorageSettings {
    /// The folder. Default: `/var/lib/otelcol/file_storage`.
    pub directory: String,
    /// Makes the folder when it is not there. Default: false, then it is an error.
    pub create_directory: bool,
}

/// Settings of `health_check`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheckSettings {
    /// Where it listens. Default: `localhost:13133`.
    pub endpoint: String,
    /// Default: `/`.
    pub path: String,
}

/// Settings of `basicauth`, client side; name and password stand in the file or in files of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasicAuthSettings {
    /// The name.
    pub username: String,
    /// A file that holds the name; wins over `username`.
    pub username_file: Option<String>,
    /// The password.
    pub password: Secret,
    /// A file that holds the password; wins over `password`.
    pub password_file: Option<String>,
}

/// Settings of `bearertokenauth`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BearerTokenSettings {
    /// Default: `Authorization`.
    pub header: String,
    /// Default: `Bearer`; may be empty.
    pub scheme: String,
    /// The token.
    pub token: Secret,
    /// A file that holds the token; wins over `token`.
    pub filename: Option<String>,
}
