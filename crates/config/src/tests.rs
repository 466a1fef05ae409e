//! Cases as files: `testdata/<dialect>/{good,bad}/*.yaml`, each ending in what is found in it, as comments `#!`.
//!
//! `UPDATE_CASES=1 cargo test -p longshore-config` writes the findings into the files; read the difference.

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use crate::{ConfigErrors, Loaded, loki, otel};

const MARK: &str = "#!";

/// Variables of all cases.
fn env(name: &str) -> Option<String> {
    let value = match name {
        "PORT" => "4317",
        "HOST" => "loki",
        "LIST" => "[/a/*.log, /b/*.log]",
        "EMPTY" => "",
        "NODE" => "node-1",
        "DOLLAR" => "a$$b",
        "LOOP" => "${env:LOOP}",
        "LINES" => "a\nb",
        _ => return None,
    };
    Some(value.to_owned())
}

fn cases(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(folder);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no cases in {}", folder.display());
    files
}

/// Findings as they stand in a case.
fn render<T>(result: &Result<Loaded<T>, ConfigErrors>) -> String {
    let (errors, warnings) = match result {
        Ok(loaded) => (&[][..], &loaded.warnings),
        Err(errors) => (&errors.errors[..], &errors.warnings),
    };
    let errors = errors.iter().map(|finding| format!("error {finding}"));
    let warnings = warnings.iter().map(|finding| format!("warning {finding}"));
    let text: Vec<String> = errors.chain(warnings).collect();
    text.join("\n").lines().map(|line| format!("{MARK} {line}\n")).collect()
}

/// Settings as text, without the lines they were read from; secrets are hidden in both.
fn without_lines<T: Debug>(settings: &T) -> Vec<String> {
    let is_line = |line: &&str| line.trim_start().starts_with("line: ") || line.trim_start().starts_with("expr_line: ");
    let text = format!("{settings:#?}");
    text.lines().filter(|line| !is_line(line)).map(str::to_owned).collect()
}

/// Runs the cases of a folder; gives names of those that do not say what they should.
fn check<T: Debug>(folder: &str, is_good: bool, load: impl Fn(&str) -> Result<Loaded<T>, ConfigErrors>) {
    let mut wrong = Vec::new();
    for file in cases(folder) {
        let content = std::fs::read_to_string(&file).unwrap();
        let (text, expected): (Vec<&str>, Vec<&str>) =
            content.split_inclusive('\n').partition(|line| !line.starts_with(MARK));
        let (text, expected) = (text.concat(), expected.concat());
        let result = load(&text);
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(result.is_ok(), is_good, "{folder}/{name}: {}", render(&result));
        if let Ok(first) = &result {
            let again = load(&first.effective_yaml)
                .unwrap_or_else(|errors| panic!("{folder}/{name}: the effective configuration is refused: {errors}"));
            let (first_lines, again_lines) = (without_lines(&first.settings), without_lines(&again.settings));
            let difference = first_lines
                .iter()
                .zip(&again_lines)
                .find(|(first, again)| first != again);
            assert_eq!(
                difference, None,
                "{folder}/{name}: settings change when they are loaded again"
            );
            assert_eq!(first.effective_yaml, again.effective_yaml, "{folder}/{name}");
        }
        let actual = render(&result);
        if actual == expected {
            continue;
        }
        if std::env::var_os("UPDATE_CASES").is_some() {
            std::fs::write(&file, format!("{text}{actual}")).unwrap();
        }
        wrong.push(format!("{folder}/{name}\nexpected:\n{expected}actual:\n{actual}"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn collector_cases() {
    let load = |text: &str| otel::load(text, "case.yaml", &env);
    check("otel/good", true, load);
    check("otel/bad", false, load);
}

#[test]
fn store_cases() {
    let load = |text: &str| loki::load(text, "case.yaml", &env);
    check("loki/good", true, load);
    check("loki/bad", false, load);
}

/// The files that are shipped load without a warning but for keys that only upstream needs.
#[test]
fn shipped_files() {
    let read = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../deploy/configs")
            .join(name);
        std::fs::read_to_string(path).unwrap()
    };
    let nothing = |_: &str| None;
    let collector = otel::load(
        &read("otel-collector-config.yaml"),
        "otel-collector-config.yaml",
        &nothing,
    )
    .unwrap();
    let store = loki::load(&read("loki-config.yaml"), "loki-config.yaml", &nothing).unwrap();
    for warning in collector.warnings.iter().chain(&store.warnings) {
        assert!(warning.message.starts_with("without effect here: "), "{warning}");
    }
    assert_eq!((collector.warnings.len(), store.warnings.len()), (1, 1));
    assert_eq!(store.settings.ingester.chunk_target_size.0, 2 << 20);
    assert!(store.settings.compactor.retention_enabled);
}

/// Every key that Loki takes is taken here, whether it acts or not.
#[test]
fn every_key_of_loki() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/loki/keys.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let mut sections: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix("  ") {
            Some(more) => sections.last_mut().unwrap().1.extend(more.split(' ')),
            None => {
                let (section, keys) = line.split_once(": ").unwrap();
                sections.push((section, keys.split(' ').collect()));
            }
        }
    }
    assert_eq!(sections.iter().map(|(_, keys)| keys.len()).sum::<usize>(), 399);
    for (section, keys) in sections {
        let parents: Vec<&str> = section.split('.').filter(|parent| !parent.is_empty()).collect();
        let mut yaml: String = (0..)
            .zip(&parents)
            .map(|(depth, parent)| format!("{}{parent}:\n", "  ".repeat(depth)))
            .collect();
        for key in keys {
            yaml.push_str(&format!("{}{key}: null\n", "  ".repeat(parents.len())));
        }
        if let Err(errors) = loki::load(&yaml, "case.yaml", &env) {
            panic!("{section}: {errors}");
        }
    }
}

/// The two texts of the design, word for word: what they mean, and each departure from upstream once.
#[test]
fn design() {
    let read = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name);
        std::fs::read_to_string(path).unwrap()
    };
    let show =
        |warnings: &[crate::Finding]| -> String { warnings.iter().map(|warning| format!("{warning}\n")).collect() };
    let collector = otel::load(&read("otel/design.yaml"), "design.yaml", &env).unwrap();
    insta::assert_snapshot!("design_collector_effective", collector.effective_yaml);
    insta::assert_snapshot!("design_collector_warnings", show(&collector.warnings));
    let store = loki::load(&read("loki/design.yaml"), "design.yaml", &env).unwrap();
    insta::assert_snapshot!("design_store_effective", store.effective_yaml);
    insta::assert_snapshot!("design_store_warnings", show(&store.warnings));
}
