//! Extensions.

use crate::Secret;
use crate::decode::Section;

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

pub(super) fn decode(kind: &str, section: &mut Section<'_>) -> ExtensionSettings {
    match kind {
        "file_storage" => ExtensionSettings::FileStorage(file_storage(section)),
        "health_check" => ExtensionSettings::HealthCheck(health_check(section)),
        "basicauth" => ExtensionSettings::BasicAuth(basic_auth(section)),
        "bearertokenauth" => ExtensionSettings::BearerTokenAuth(bearer_token(section)),
        other => {
            for pair in section.all() {
                section.show(&pair.key, pair.value.clone());
            }
            let message = format!("'{other}' is accepted, but there is nothing behind it here");
            section.report.warn(
                section.line,
                &section.path,
                message,
                "nothing to do; /metrics and logs tell what happens",
            );
            ExtensionSettings::WithoutEffect
        }
    }
}

fn file_storage(section: &mut Section<'_>) -> FileStorageSettings {
    section.without_effect(&[
        "timeout",
        "fsync",
        "max_size",
        "compaction",
        "recreate",
        "directory_permissions",
    ]);
    FileStorageSettings {
        directory: section.text_or("directory", "/var/lib/otelcol/file_storage"),
        create_directory: section.boolean("create_directory", false),
    }
}

fn health_check(section: &mut Section<'_>) -> HealthCheckSettings {
    let endpoint = section.text_or("endpoint", "localhost:13133");
    let port = endpoint.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
    if !matches!(port, Some(Ok(_))) {
        section.wrong(
            "endpoint",
            format!("'{endpoint}' is no address with a port"),
            "write endpoint: localhost:13133",
        );
    }
    section.not_supported(&["tls", "auth", "cors"]);
    section.without_effect(&[
        "check_collector_pipeline",
        "response_body",
        "response_headers",
        "transport",
        "middlewares",
    ]);
    HealthCheckSettings {
        endpoint,
        path: section.text_or("path", "/"),
    }
}

fn basic_auth(section: &mut Section<'_>) -> BasicAuthSettings {
    section.not_supported(&["htpasswd"]);
    let settings = section.child("client_auth", |client| BasicAuthSettings {
        username: client.text("username").unwrap_or_default(),
        username_file: client.text("username_file"),
        password: client.secret("password").unwrap_or_default(),
        password_file: client.text("password_file"),
    });
    if settings.username.is_empty() && settings.username_file.is_none() {
        section.wrong(
            "client_auth",
            "a name is missing",
            "write client_auth: {username: ..., password: ...}",
        );
    }
    settings
}

fn bearer_token(section: &mut Section<'_>) -> BearerTokenSettings {
    section.not_supported(&["tokens"]);
    let settings = BearerTokenSettings {
        header: section.text_or("header", "Authorization"),
        scheme: section.text_or("scheme", "Bearer"),
        token: section.secret("token").unwrap_or_default(),
        filename: section.text("filename"),
    };
    if settings.token.reveal().is_empty() && settings.filename.is_none() {
        section.wrong(
            "token",
            "a token is missing",
            "write token: ${env:TOKEN}, or filename: with a file that holds it",
        );
    }
    settings
}
