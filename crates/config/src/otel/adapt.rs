//! Configurations that upstream refuses or misunderstands, put right before they are read.
//!
//! Invariant: every change here is reported once, with the text that upstream takes.

use super::components::{EXPORTERS, Family, PROCESSORS, RECEIVERS, parse_id};
use crate::decode::{Report, join_path};
use crate::yaml::{Kind, Node, Pair};

/// Puts right what can be put right without guessing.
pub(super) fn adapt(tree: &mut Node, report: &Report) {
    if tree.pairs().is_none() {
        return; // An error when it is read.
    }
    synthesise_service(tree, report);
    let Some(receivers) = section_mut(tree, RECEIVERS.section) else {
        return;
    };
    for pair in receivers {
        let is_file_log = parse_id(&pair.key, &RECEIVERS).is_ok_and(|id| id.kind == "file_log");
        if is_file_log {
            let path = join_path(RECEIVERS.section, &pair.key);
            imply_container_operator(&mut pair.value, &path, report);
        }
    }
}

fn section_mut<'a>(tree: &'a mut Node, key: &str) -> Option<&'a mut Vec<Pair>> {
    let pair = tree.pairs_mut()?.iter_mut().find(|pair| pair.key == key)?;
    pair.value.pairs_mut()
}

/// Joins the components where there is only one way to join them: one receiver, one exporter.
fn synthesise_service(tree: &mut Node, report: &Report) {
    let service = tree.get("service");
    if service.is_some_and(|service| service.get("pipelines").is_some_and(|pipelines| !pipelines.is_null())) {
        return;
    }
    let keys = |section: &str| -> Vec<String> {
        let pairs = tree.get(section).and_then(Node::pairs).unwrap_or_default();
        pairs.iter().map(|pair| pair.key.clone()).collect()
    };
    let (receivers, processors, exporters) = (keys("receivers"), keys("processors"), keys("exporters"));
    let line = service.map_or(0, |service| service.line);
    let pipeline = format!(
        "service:\n  pipelines:\n    logs:\n      receivers: {}\n      processors: {}\n      exporters: {}",
        present_names(&receivers, &RECEIVERS),
        present_names(&processors, &PROCESSORS),
        present_names(&exporters, &EXPORTERS)
    );
    if receivers.len() != 1 || exporters.len() != 1 {
        let message = format!(
            "there is no pipeline, and none can be guessed: {} receivers, {} exporters",
            receivers.len(),
            exporters.len()
        );
        report.error(
            line,
            "service.pipelines",
            message,
            format!("say how they are joined:\n{pipeline}"),
        );
        return;
    }
    let message = "there is no pipeline, upstream refuses that; receiver, processors and exporter are joined in the order \
                   of the file";
    report.warn(line, "service.pipelines", message, format!("write it out:\n{pipeline}"));
    let nodes = |names: &[String]| Node::list(names.iter().map(Node::text).collect());
    let mut parts = vec![("receivers".to_owned(), nodes(&receivers))];
    if !processors.is_empty() {
        parts.push(("processors".to_owned(), nodes(&processors)));
    }
    parts.push(("exporters".to_owned(), nodes(&exporters)));
    let pipelines = Node::map(vec![("logs".to_owned(), Node::map(parts))]);
    let extensions = nodes(&keys("extensions"));
    let has_service = tree.get("service").is_some();
    let Some(pairs) = tree.pairs_mut() else { return };
    if !has_service {
        pairs.push(Pair {
            key: "service".to_owned(),
            line: 0,
            value: Node::map(vec![("extensions".to_owned(), extensions)]),
        });
    }
    if let Some(service) = section_mut(tree, "service") {
        service.retain(|pair| pair.key != "pipelines");
        service.push(Pair {
            key: "pipelines".to_owned(),
            line: 0,
            value: pipelines,
        });
    }
}

/// A list of ids as upstream takes them now.
fn present_names(written: &[String], family: &Family) -> String {
    let names = written.iter().map(|name| match parse_id(name, family) {
        Ok(id) if id.kind == "loki" => "otlp_http".to_owned(),
        Ok(id) => id.to_string(),
        Err(_) => name.clone(),
    });
    format!("[{}]", names.collect::<Vec<_>>().join(", "))
}

/// Files in a `containers` folder are written by a container runtime; without the operator each line would keep the
/// runtime's prefix.
fn imply_container_operator(receiver: &mut Node, path: &str, report: &Report) {
    let Some(include) = receiver.get("include") else { return };
    let line = include.line;
    let patterns = texts(include);
    let in_folder = |folder: &str| patterns.iter().any(|pattern| reads_folder(pattern, folder));
    let operators = receiver.get("operators");
    let has_container = operators.is_some_and(has_container_operator);
    let includes_path = receiver
        .get("include_file_path")
        .is_some_and(|node| texts(node) == ["true"]);
    let pods = "include: [/var/log/pods/*/*/*.log]";
    if in_folder("containers") {
        let (message, fix) = if has_container {
            (
                "upstream finds no pod in such paths; here the link is followed",
                format!("write {pods}"),
            )
        } else {
            (
                "upstream takes these lines as they are, with the container runtime's prefix, and finds no pod in such \
                 paths; here the container operator is added",
                format!("write\n{pods}\ninclude_file_path: true\noperators: [{{type: container}}]"),
            )
        };
        report.warn(line, &join_path(path, "include"), message, fix);
    } else if has_container && !includes_path {
        let message = "upstream finds no pod without the file's path; here it is known anyway";
        report.warn(
            line,
            &join_path(path, "include_file_path"),
            message,
            "add include_file_path: true",
        );
    }
    let pods_without_operator = !has_container && operators.is_none_or(Node::is_null) && in_folder("pods");
    if pods_without_operator && !in_folder("containers") {
        let message =
            "files under pods/ hold the container runtime's prefix before each line, and nothing takes it off";
        report.warn(
            line,
            &join_path(path, "include"),
            message,
            "add operators: [{type: container}]",
        );
    }
    if !has_container && in_folder("containers") {
        add_container_operator(receiver);
    }
}

fn add_container_operator(receiver: &mut Node) {
    let Some(pairs) = receiver.pairs_mut() else { return };
    let operator = Node::map(vec![("type".to_owned(), Node::text("container"))]);
    match pairs.iter_mut().find(|pair| pair.key == "operators") {
        Some(Pair {
            value: Node {
                kind: Kind::List(items),
                ..
            },
            ..
        }) => items.insert(0, operator),
        Some(pair) if pair.value.is_null() => pair.value = Node::list(vec![operator]),
        Some(_) => {} // Not a list: an error when it is read.
        None => pairs.push(Pair {
            key: "operators".to_owned(),
            line: 0,
            value: Node::list(vec![operator]),
        }),
    }
}

fn has_container_operator(operators: &Node) -> bool {
    let Kind::List(items) = &operators.kind else {
        return false;
    };
    items
        .iter()
        .any(|item| item.get("type").is_some_and(|kind| texts(kind) == ["container"]))
}

/// Whether a glob names files below a folder of the layout of `/var/log`: `.../containers/*.log`, `.../pods/*/*/*.log`.
fn reads_folder(pattern: &str, folder: &str) -> bool {
    let depth = if folder == "pods" { 3 } else { 1 };
    pattern.rsplit('/').nth(depth) == Some(folder)
}

fn texts(node: &Node) -> Vec<&str> {
    match &node.kind {
        Kind::Scalar(scalar) => vec![scalar.text.as_str()],
        Kind::List(items) => items.iter().flat_map(texts).collect(),
        Kind::Map(_) => Vec::new(),
    }
}
