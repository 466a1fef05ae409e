//! The language host: Pulumi starts it, asks it what the program needs, and has it run the program.
//!
//! Contract, as observed with Pulumi v3.259.0: the only argument is the engine's host:port; the first thing on standard
//! output is the port of the host's own server and a newline; a command starts the host up to twice; it ends by
//! `Cancel`, then SIGINT to the process group, then SIGKILL after 5 s; standard input is a pipe that ends with the
//! command, also when that was killed.
//!
//! Invariants: nothing is printed before the port; whatever was started has ended, with its whole process group, before
//! the host ends.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use crate::limits::{ENDS_WITHIN, MESSAGE_BYTES_MAX};
use crate::program::chain;
use crate::proto::language_runtime_server::LanguageRuntimeServer;
use process::Processes;
use service::Host;

mod build;
mod options;
mod process;
mod service;

/// Why the host could not serve.
#[derive(Debug, thiserror::Error)]
enum HostError {
    #[error("cannot listen on this machine")]
    Listen(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("cannot tell Pulumi the port")]
    Port(#[source] std::io::Error),
    #[error("cannot hear of signals")]
    Signals(#[source] std::io::Error),
    #[error("serving Pulumi failed")]
    Serve(#[source] tonic::transport::Error),
}

/// Runs the host until Pulumi needs it no longer. The arguments are those after the program's name.
pub fn run(arguments: impl IntoIterator<Item = String>) -> ExitCode {
    // Flags and their values, such as `--tracing file`, come before the address.
    let engine = arguments.into_iter().last().filter(|last| !last.starts_with('-'));
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .map_err(|error| HostError::Listen(error.into()))
        .and_then(|runtime| runtime.block_on(serve(engine)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "pulumi-language-rust: {}", chain(&error));
            ExitCode::FAILURE
        }
    }
}

/// Threads of the host. It waits nearly always.
const WORKERS: usize = 2;

async fn serve(engine: Option<String>) -> Result<(), HostError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let incoming = TcpIncoming::bind(address).map_err(|error| HostError::Listen(error.into()))?;
    let port = incoming
        .local_addr()
        .map_err(|error| HostError::Listen(error.into()))?
        .port();
    let mut interrupt = signal(SignalKind::interrupt()).map_err(HostError::Signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(HostError::Signals)?;
    announce(port).map_err(HostError::Port)?;

    let processes = Arc::new(Processes::default());
    let started_by_pulumi = engine.is_some();
    let host = Host::new(engine, Arc::clone(&processes));
    let service = LanguageRuntimeServer::new(host)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    let serving = Server::builder().add_service(service).serve_with_incoming(incoming);
    let served = tokio::select! {
        served = serving => served.map_err(HostError::Serve),
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
        () = end_of_input(), if started_by_pulumi => Ok(()),
    };
    processes.end_all(ENDS_WITHIN).await;
    served
}

fn announce(port: u16) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{port}")?;
    output.flush()
}

/// Waits until whoever started the host is gone. Nothing is ever written to it.
async fn end_of_input() {
    let (sender, ended) = oneshot::channel();
    // A thread of its own, because reading cannot be interrupted: it ends with the process.
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = sender.send(());
    });
    let _ = ended.await;
}
