//! Logs in Docker's folders, with and without what Docker writes beside them.

use super::*;

fn facts(name: &str, described: Option<&str>) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let id = "0123456789abcdef".repeat(4);
    let container = folder.path().join("containers").join(&id);
    std::fs::create_dir_all(&container).expect("made");
    if let Some(text) = described {
        std::fs::write(container.join("config.v2.json"), text).expect("written");
    }
    let mut resource = Attributes::new();
    add_facts(&mut resource, &container.join(name.replace("ID", &id)));
    let shown = resource
        .iter()
        .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or("?")));
    shown.collect::<Vec<_>>().join(" ").replace(&id, "ID")
}

#[test]
fn a_container_is_what_docker_says_it_is() {
    let check = |described: &str, expected: &str| assert_eq!(facts("ID-json.log", Some(described)), expected);
    check(
        r#"{"State":{"Running":true},"ID":"x","Name":"/shop-cart-1","Config":{"Image":"registry:5000/shop/cart:1.2@sha256:00",
            "Labels":{"com.docker.compose.project":"shop","com.docker.compose.service":"cart",
                      "com.docker.compose.container-number":"1","org.opencontainers.image.title":"Cart"}}}"#,
        "container.id=ID container.name=shop-cart-1 container.runtime=docker \
         container.image.name=registry:5000/shop/cart container.image.tag=1.2 \
         container.label.com.docker.compose.project=shop container.label.com.docker.compose.service=cart \
         container.label.com.docker.compose.container-number=1 service.namespace=shop service.name=cart",
    );
    check(
        r#"{"Name":"/brave_hopper","Config":{"Image":"registry:5000/nginx","Labels":null}}"#,
        "container.id=ID container.name=brave_hopper container.runtime=docker \
         container.image.name=registry:5000/nginx service.name=brave_hopper",
    );
}

#[test]
fn without_a_description_the_id_is_left() {
    let bare = "container.id=ID container.runtime=docker service.name=0123456789ab";
    assert_eq!(facts("ID-json.log", None), bare);
    assert_eq!(facts("ID-json.log", Some("{")), bare);
}

#[test]
fn other_files_are_not_dockers() {
    for name in ["app.log", "ID.log", "0.log", "abc-json.log", "-json.log"] {
        assert_eq!(facts(name, Some(r#"{"Name":"/x"}"#)), "", "{name}");
    }
}
