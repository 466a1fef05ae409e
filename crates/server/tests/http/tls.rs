//! TLS towards clients.

use std::path::Path;

use longshore_config::loki::{self, Pem};
use longshore_server::{BindError, Server, ServerSettings};
use longshore_store::{Settings, Store};
use tempfile::TempDir;

use crate::api::Api;

fn file(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/tls")
        .join(name)
        .display()
        .to_string()
}

fn settings(more: &str) -> ServerSettings {
    let (certificate, key) = (file("server.pem"), file("server.key"));
    let config = format!(
        "auth_enabled: false\nserver:\n  http_tls_config:\n    cert_file: {certificate}\n    key_file: {key}\n{more}"
    );
    ServerSettings::from(&loki::load(&config, "store.yaml", &|_| None).unwrap().settings)
}

/// Asks whether the server is ready, with a certificate of its own if `certified`; `None` when there is no answer.
async fn ready(api: &Api, certified: bool) -> Option<u16> {
    let read = |name: &str| std::fs::read(file(name)).unwrap();
    let root = reqwest::Certificate::from_pem(&read("ca.pem")).unwrap();
    let mut client = reqwest::Client::builder().tls_certs_only([root]);
    if certified {
        let pem = [read("server.pem"), read("server.key")].concat();
        client = client.identity(reqwest::Identity::from_pem(&pem).unwrap());
    }
    let port = api.address.rsplit(':').next().unwrap();
    let request = client.build().unwrap().get(format!("https://localhost:{port}/ready"));
    request.send().await.ok().map(|answer| answer.status().as_u16())
}

#[tokio::test]
async fn clients_are_answered_by_tls_only() {
    let api = Api::start_with(settings(""), None).await;
    // One that does not begin its handshake keeps nobody waiting.
    let _silent = tokio::net::TcpStream::connect(&api.address).await.unwrap();
    assert_eq!(ready(&api, false).await, Some(200));
    assert!(reqwest::get(format!("http://{}/ready", api.address)).await.is_err());
    api.stop().await;
}

#[tokio::test]
async fn clients_may_have_to_show_a_certificate() {
    let ca = file("ca.pem");
    for (kind, without) in [
        ("RequireAndVerifyClientCert", None),
        ("VerifyClientCertIfGiven", Some(200)),
    ] {
        let more = format!("    client_ca_file: {ca}\n    client_auth_type: {kind}\n");
        let api = Api::start_with(settings(&more), None).await;
        assert_eq!(ready(&api, true).await, Some(200), "{kind}");
        assert_eq!(ready(&api, false).await, without, "{kind}");
    }
}

/// As Go does with these types: a certificate is asked for, and nobody looks who has signed it.
#[tokio::test]
async fn certificates_of_clients_may_be_of_anybody() {
    for (kind, without) in [("RequireAnyClientCert", None), ("RequestClientCert", Some(200))] {
        let api = Api::start_with(settings(&format!("    client_auth_type: {kind}\n")), None).await;
        assert_eq!(ready(&api, true).await, Some(200), "{kind}");
        assert_eq!(ready(&api, false).await, without, "{kind}");
    }
}

#[tokio::test]
async fn certificates_may_stand_in_the_configuration() {
    let indented = |name: &str| {
        let pem = std::fs::read_to_string(file(name)).unwrap();
        pem.lines().map(|line| format!("      {line}\n")).collect::<String>()
    };
    let config = format!(
        "auth_enabled: false\nserver:\n  http_tls_config:\n    cert: |\n{}    key: |\n{}    client_ca: |\n{}    \
         client_auth_type: RequireAndVerifyClientCert\n",
        indented("server.pem"),
        indented("server.key"),
        indented("ca.pem")
    );
    let loaded = loki::load(&config, "store.yaml", &|_| None).unwrap();
    assert!(
        !loaded.effective_yaml.contains("PRIVATE KEY"),
        "{}",
        loaded.effective_yaml
    );
    let settings = ServerSettings::from(&loaded.settings);
    let api = Api::start_with(settings.clone(), None).await;
    assert_eq!(ready(&api, true).await, Some(200));
    assert_eq!(ready(&api, false).await, None);
    let mut broken = settings;
    broken.tls.as_mut().unwrap().key = Pem::Text(longshore_config::Secret::new("no key"));
    let store = Store::open(Settings::new(TempDir::new().unwrap().path())).unwrap();
    let error = Server::bind(broken, store, None).await.err().unwrap();
    assert_eq!(
        error.to_string(),
        "cannot read a private key from server.http_tls_config.key"
    );
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named() {
    let refusal = async |certificate: &str, key: &str| {
        let mut settings = settings("");
        settings.listen = "127.0.0.1:0".to_owned();
        let tls = settings.tls.as_mut().unwrap();
        (tls.certificate, tls.key) = (Pem::File(file(certificate)), Pem::File(file(key)));
        let folder = TempDir::new().unwrap();
        let store = Store::open(Settings::new(folder.path())).unwrap();
        match Server::bind(settings, store, None).await {
            Err(error @ BindError::Tls(_)) => error.to_string(),
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("it listens"),
        }
    };
    assert_eq!(
        refusal("nothing.pem", "server.key").await,
        format!("cannot read certificates from {}", file("nothing.pem"))
    );
    assert_eq!(
        refusal("server.pem", "ca.pem").await,
        format!("cannot read a private key from {}", file("ca.pem"))
    );
    assert_eq!(
        refusal("ca.pem", "server.key").await,
        format!("the certificate in {} cannot be used", file("ca.pem"))
    );
}
