//! `server.http_tls_config`.

use crate::Secret;
use crate::decode::Section;

/// How it listens by TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// The certificate, and those between it and its root.
    pub certificate: Pem,
    /// Its key.
    pub key: Pem,
    /// Who may sign certificates of clients; there when they are verified.
    pub client_ca: Option<Pem>,
    /// Default: not asked for.
    pub client_certificates: ClientCertificates,
}

/// Something in PEM form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pem {
    /// A file with it.
    File(String),
    /// It stands in the configuration.
    Text(Secret),
}

/// What is asked of clients, with the names of Go's `tls.ClientAuthType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientCertificates {
    /// `NoClientCert`.
    NotAsked,
    /// `RequestClientCert`: asked for, not needed and not verified.
    Asked,
    /// `RequireAnyClientCert`: needed and not verified.
    Needed,
    /// `VerifyClientCertIfGiven`.
    VerifiedIfGiven,
    /// `RequireAndVerifyClientCert`.
    Verified,
}

/// Reads the section; nothing in it is no TLS.
pub(super) fn decode(section: &mut Section<'_>) -> Option<TlsSettings> {
    // Loki prints it empty.
    let client_certificates = match section.peek("client_auth_type") {
        Some(node) if !node.is_empty_text() => {
            section.choice("client_auth_type", ClientCertificates::NotAsked, &CLIENT_AUTH_TYPES)
        }
        _ => {
            section.node("client_auth_type");
            ClientCertificates::NotAsked
        }
    };
    let certificate = pem(section, "cert", "cert_file");
    let key = pem(section, "key", "key_file");
    let client_ca = pem(section, "client_ca", "client_ca_file");
    let is_verified = matches!(
        client_certificates,
        ClientCertificates::VerifiedIfGiven | ClientCertificates::Verified
    );
    if is_verified && client_ca.is_none() {
        let message = "certificates of clients cannot be verified without knowing who signs them";
        section.wrong("client_auth_type", message, "give client_ca_file");
    }
    if client_ca.is_some() && client_certificates == ClientCertificates::NotAsked {
        let message = "client_ca_file acts with client_auth_type only";
        section.wrong(
            "client_ca_file",
            message,
            "write client_auth_type: RequireAndVerifyClientCert",
        );
    }
    let is_unverified = matches!(
        client_certificates,
        ClientCertificates::Asked | ClientCertificates::Needed
    );
    if client_ca.is_some() && is_unverified {
        let message = "with it nobody looks who has signed a client's certificate; client_ca_file has no effect";
        section.warn(
            "client_auth_type",
            message,
            "write client_auth_type: RequireAndVerifyClientCert",
        );
    }
    match (certificate, key) {
        (Some(certificate), Some(key)) => Some(TlsSettings {
            certificate,
            key,
            client_ca,
            client_certificates,
        }),
        (None, None) => None,
        _ => {
            // An error and not a warning: who configures TLS must not be served without it.
            let message = "a certificate and its key come together";
            section.wrong("cert_file", message, "give cert_file and key_file");
            None
        }
    }
}

fn pem(section: &mut Section<'_>, text_key: &str, file_key: &str) -> Option<Pem> {
    let text = match section.peek(text_key) {
        Some(node) if !node.is_empty_text() => section.secret(text_key),
        _ => {
            section.node(text_key);
            None
        }
    };
    let file = section.text(file_key).filter(|file| !file.is_empty());
    match (text, file) {
        (Some(_), Some(_)) => {
            let message = format!("{text_key} and {file_key} say the same thing");
            section.wrong(text_key, message, "keep one of them");
            None
        }
        (Some(text), None) => Some(Pem::Text(text)),
        (None, file) => file.map(Pem::File),
    }
}

const CLIENT_AUTH_TYPES: [(&str, ClientCertificates); 5] = [
    ("NoClientCert", ClientCertificates::NotAsked),
    ("RequestClientCert", ClientCertificates::Asked),
    ("RequireAnyClientCert", ClientCertificates::Needed),
    ("VerifyClientCertIfGiven", ClientCertificates::VerifiedIfGiven),
    ("RequireAndVerifyClientCert", ClientCertificates::Verified),
];
