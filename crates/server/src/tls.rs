//! TLS towards clients: certificates, and handshakes beside each other.
//!
//! Invariant: a client that is slow with its handshake keeps nobody waiting, and gives up its place after a while.

mod any_certificate;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::serve::Listener;
use longshore_config::loki::{ClientCertificates, Pem, TlsSettings};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::debug;

use self::any_certificate::AnyCertificate;
use crate::ServerSettings;
use crate::limits::{HANDSHAKE_TIMEOUT, HANDSHAKES_AT_ONCE};

/// Why the certificates cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// One cannot be read, or has not in it what it should.
    #[error("cannot read {what} from {place}")]
    Read {
        /// What should be in it.
        what: &'static str,
        /// The file or the key of the configuration.
        place: String,
        /// The cause.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// They do not fit each other.
    #[error("the certificate in {certificate} cannot be used")]
    Unusable {
        /// Where the certificate is.
        certificate: String,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Something in PEM form, and what it is in the configuration.
struct Source<'a> {
    pem: &'a Pem,
    key: &'static str,
}

impl Source<'_> {
    fn place(&self) -> String {
        match self.pem {
            Pem::File(file) => file.clone(),
            Pem::Text(_) => format!("server.http_tls_config.{}", self.key),
        }
    }

    fn error(&self, what: &'static str, source: rustls::pki_types::pem::Error) -> TlsError {
        let place = self.place();
        TlsError::Read { what, place, source }
    }

    fn private_key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        let key = match self.pem {
            Pem::File(file) => PrivateKeyDer::from_pem_file(Path::new(file)),
            Pem::Text(text) => PrivateKeyDer::from_pem_slice(text.reveal().as_bytes()),
        };
        key.map_err(|source| self.error("a private key", source))
    }

    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let certificates = match self.pem {
            Pem::File(file) => CertificateDer::pem_file_iter(Path::new(file)).and_then(Iterator::collect),
            Pem::Text(text) => CertificateDer::pem_slice_iter(text.reveal().as_bytes()).collect(),
        };
        let certificates: Vec<_> = certificates.map_err(|source| self.error("certificates", source))?;
        if certificates.is_empty() {
            return Err(self.error("certificates", rustls::pki_types::pem::Error::NoItemsFound));
        }
        Ok(certificates)
    }
}

impl ServerSettings {
    /// Reads certificates and keys as a start does, and forgets them.
    ///
    /// # Errors
    /// As a start would have.
    pub fn check_tls(&self) -> Result<(), TlsError> {
        self.tls.as_ref().map(configuration).transpose().map(drop)
    }
}

/// Reads what is configured.
pub(crate) fn configuration(settings: &TlsSettings) -> Result<Arc<ServerConfig>, TlsError> {
    let certificate = Source {
        pem: &settings.certificate,
        key: "cert",
    };
    let certificates = certificate.certificates()?;
    let key = Source {
        pem: &settings.key,
        key: "key",
    };
    let key = key.private_key()?;
    let unusable = |source: Box<dyn std::error::Error + Send + Sync>| TlsError::Unusable {
        certificate: certificate.place(),
        source,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(error.into()))?;
    let builder = match settings.client_certificates {
        ClientCertificates::NotAsked => builder.with_no_client_auth(),
        kind @ (ClientCertificates::Asked | ClientCertificates::Needed) => {
            builder.with_client_cert_verifier(Arc::new(AnyCertificate {
                is_needed: kind == ClientCertificates::Needed,
                algorithms: provider.signature_verification_algorithms,
            }))
        }
        kind @ (ClientCertificates::VerifiedIfGiven | ClientCertificates::Verified) => {
            let mut roots = RootCertStore::empty();
            if let Some(pem) = &settings.client_ca {
                let source = Source { pem, key: "client_ca" };
                for certificate in source.certificates()? {
                    roots.add(certificate).map_err(|error| unusable(error.into()))?;
                }
            }
            let mut verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            if kind == ClientCertificates::VerifiedIfGiven {
                verifier = verifier.allow_unauthenticated();
            }
            builder.with_client_cert_verifier(verifier.build().map_err(|error| unusable(error.into()))?)
        }
    };
    let mut config = builder
        .with_single_cert(certificates, key)
        .map_err(|error| unusable(error.into()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

type Connection = (TlsStream<TcpStream>, SocketAddr);

/// Gives connections whose handshake is done.
pub(crate) struct TlsListener {
    address: SocketAddr,
    connections: mpsc::Receiver<Connection>,
    accepting: JoinHandle<()>,
}

impl TlsListener {
    pub(crate) fn new(listener: TcpListener, address: SocketAddr, config: Arc<ServerConfig>) -> Self {
        let (sender, connections) = mpsc::channel(1);
        Self {
            address,
            connections,
            accepting: tokio::spawn(accept(listener, TlsAcceptor::from(config), sender)),
        }
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Connection {
        match self.connections.recv().await {
            Some(connection) => connection,
            // The task that accepts ends with this only.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.address)
    }
}

async fn accept(mut listener: TcpListener, acceptor: TlsAcceptor, connections: mpsc::Sender<Connection>) {
    let places = Arc::new(Semaphore::new(HANDSHAKES_AT_ONCE));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        // Waits by itself when the process has no more files.
        let (stream, address) = Listener::accept(&mut listener).await;
        crate::server::without_delay(&stream);
        let (acceptor, connections) = (acceptor.clone(), connections.clone());
        tokio::spawn(async move {
            let _place = place;
            match timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => {
                    // Nobody waits for it any more only when the server stops.
                    drop(connections.send((stream, address)).await);
                }
                Ok(Err(error)) => debug!(%address, %error, "a handshake failed"),
                Err(_) => debug!(%address, "a handshake took too long"),
            }
        });
    }
}
