//! What a stranger runs into first: busy ports, folders in use, folders that cannot be written.

use std::net::TcpListener;

use super::*;
use crate::failure::render;

fn arguments(data: &Path, listen: &str) -> UpArgs {
    UpArgs {
        data: data.to_owned(),
        listen: listen.to_owned(),
        demo: true,
    }
}

/// Starts with these arguments, which must fail; gives what the user sees.
async fn refused(data: &Path, listen: &str) -> String {
    let (_stop, shutdown) = Shutdown::manual();
    let error = up(&arguments(data, listen), shutdown)
        .await
        .expect_err("it must not start");
    anstream::adapter::strip_str(&render(&error)).to_string()
}

#[test]
fn addresses_may_be_short() {
    for (text, address) in [
        ("3100", "127.0.0.1:3100"),
        (":3100", "127.0.0.1:3100"),
        ("0.0.0.0:1", "0.0.0.0:1"),
        ("[::1]:3100", "[::1]:3100"),
        ("localhost:3100", "localhost:3100"),
    ] {
        assert_eq!(listen_address(text).as_deref(), Ok(address), "{text}");
    }
    for bad in ["", "localhost", "127.0.0.1:", "127.0.0.1:99999"] {
        assert!(listen_address(bad).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn a_busy_port_is_named_with_another() {
    let folder = tempfile::tempdir().unwrap();
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap();
    let said = refused(folder.path(), &address.to_string()).await;
    assert_eq!(
        said,
        format!(
            "error: something else listens on {address} already\n\
             hint: stop it, or take another port: --listen 127.0.0.1:{}\n",
            address.port() + 1
        )
    );
}

#[tokio::test]
async fn a_second_instance_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let settings = longshore_store::Settings::new(folder.path().canonicalize().unwrap().join("store"));
    let server = ServerSettings {
        listen: "127.0.0.1:0".to_owned(),
        ..ServerSettings::default()
    };
    let first = BoundStore::open(settings, server, ConfiguredBy::Flags).await.unwrap();
    let said = refused(folder.path(), "127.0.0.1:0").await;
    assert!(said.starts_with("error: the data folder "), "{said}");
    assert!(
        said.contains("is in use by another") && said.contains("\nhint: "),
        "{said}"
    );
    first.close().await.unwrap();
}

#[tokio::test]
async fn a_folder_that_is_a_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let said = refused(&file, "127.0.0.1:0").await;
    assert!(
        said.starts_with(&format!("error: cannot make the data folder {}: ", file.display())),
        "{said}"
    );
    assert!(
        said.contains("\nhint: choose a folder that this user may write to, with --data\n"),
        "{said}"
    );
}

#[tokio::test]
async fn it_starts_shows_the_demo_and_stops() {
    let folder = tempfile::tempdir().unwrap();
    let (stop, shutdown) = Shutdown::manual();
    stop.send_replace(true);
    up(&arguments(folder.path(), "127.0.0.1:0"), shutdown).await.unwrap();
    assert!(folder.path().join("demo/containers").is_dir());
    assert!(folder.path().join("store").is_dir());
}
