//! TLS towards clients: certificates from files, handshakes beside each other.
//!
//! Invariant: a client that is slow with its handshake keeps nobody waiting, and gives up its place after a while.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::serve::Listener;
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

use crate::limits::{HANDSHAKE_TIMEOUT, HANDSHAKES_AT_ONCE};

/// Files in PEM form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those between it and its root.
    pub certificate: String,
    /// Its key.
    pub key: String,
    /// Who may sign certificates of clients; `None` asks for none.
    pub client_ca: Option<String>,
    /// Clients without a certificate are turned away.
    pub client_certificate_required: bool,
}

/// Why the files cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read, or has not in it what it should.
    #[error("cannot read {what} from {file}")]
    File {
        /// What should be in it.
        what: &'static str,
        /// The file.
        file: String,
        /// The cause.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// They do not fit each other.
    #[error("the certificate {certificate} cannot be used")]
    Unusable {
        /// The file of the certificate.
        certificate: String,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Reads the files.
pub(crate) fn configuration(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let certificates = read_certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(Path::new(&files.key)).map_err(|source| TlsError::File {
        what: "a private key",
        file: files.key.clone(),
        source,
    })?;
    let unusable = |source: Box<dyn std::error::Error + Send + Sync>| TlsError::Unusable {
        certificate: files.certificate.clone(),
        source,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(error.into()))?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(file) => {
            let mut roots = RootCertStore::empty();
            for certificate in read_certificates(file)? {
                roots.add(certificate).map_err(|error| unusable(error.into()))?;
            }
            let mut verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            if !files.client_certificate_required {
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

fn read_certificates(file: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |source| TlsError::File {
        what: "certificates",
        file: file.to_owned(),
        source,
    };
    let certificates = CertificateDer::pem_file_iter(Path::new(file)).map_err(wrong)?;
    let certificates: Vec<_> = certificates.collect::<Result<_, _>>().map_err(wrong)?;
    if certificates.is_empty() {
        return Err(wrong(rustls::pki_types::pem::Error::NoItemsFound));
    }
    Ok(certificates)
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
