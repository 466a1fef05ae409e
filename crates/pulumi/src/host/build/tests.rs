//! What of cargo's output is used.

use super::*;

#[tokio::test]
async fn only_the_packages_own_binaries_count() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("Cargo.toml");
    std::fs::write(&manifest, "").unwrap();
    let message = |manifest: &Path, kind: &str, name: &str| {
        serde_json::json!({
            "reason": "compiler-artifact", "manifest_path": manifest, "executable": format!("/t/{name}"),
            "target": { "name": name, "kind": [kind] },
        })
        .to_string()
    };
    let output = [
        message(&manifest, "bin", "deploy"),
        message(&manifest, "example", "demo"),
        message(Path::new("/elsewhere/Cargo.toml"), "bin", "other"),
        r#"{"reason":"compiler-artifact","executable":null,"target":{"name":"lib","kind":["lib"]}}"#.to_owned(),
        r#"{"reason":"build-finished","success":true}"#.to_owned(),
        "no JSON".to_owned(),
    ]
    .join("\n");
    let found = binaries(Some(output.as_bytes()), folder.path()).await.unwrap();
    assert_eq!(found, [("deploy".to_owned(), PathBuf::from("/t/deploy"))]);
}

#[test]
fn several_binaries_are_named() {
    let binary = |name: &str| (name.to_owned(), PathBuf::from(name));
    let error = choose(vec![binary("b"), binary("a")], "/p".into()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the package in /p has 2 binaries (a, b): name one in runtime.options.bin of Pulumi.yaml"
    );
    assert!(matches!(
        choose(Vec::new(), "/p".into()),
        Err(BuildError::Ambiguous { found: 0, .. })
    ));
}

#[tokio::test]
async fn the_end_of_long_output_is_kept() {
    let (sender, mut receiver) = mpsc::channel(1);
    let listener = tokio::spawn(async move {
        let mut count = 0;
        while receiver.recv().await.is_some() {
            count += 1;
        }
        count
    });
    let lines = 3_000;
    let text: String = (0..lines).map(|number| format!("{number:099}\n")).collect();
    let kept = follow(Some(text.as_bytes()), sender).await.unwrap();
    assert_eq!(listener.await.unwrap(), lines);
    assert!(kept.ends_with("2999"));
    assert!(kept.len() <= BUILD_OUTPUT_BYTES_MAX + lines, "{}", kept.len());
}
